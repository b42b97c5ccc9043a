# Garbage in cycles goes when memory is short, too: the collector has to do with what there is.
import gc
import resource
import weakref

with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 27), used + (1 << 27)))


class Node:
    def __init__(self):
        self.me = self


class Finalised:
    count = 0

    def __init__(self):
        self.me = self

    def __del__(self):
        Finalised.count += getattr(self, "me", self) is self


def small():
    a = []
    a.append(a)


def large():
    a = [None] * 1000
    a.append({"a": a})


def fill(make):
    """Makes garbage until memory is used up, and lets the collector go."""
    gc.disable()
    made = 0
    try:
        while True:
            make()
            made += 1
    except MemoryError:
        pass
    gc.enable()
    return made


for make in (small, large, Node, Finalised):
    made = fill(make)
    gc.collect()
    left = len(gc.get_objects())
    assert left < 50_000 and (made > 50_000 or make is large), (make, made, left)

# A program whose live objects take most of what there is goes on making cycles.
kept = []
try:
    while True:
        kept.append([])
except MemoryError:
    pass
del kept[-len(kept) // 8:]
for make in (small, Node, Finalised):
    for _ in range(300000):
        make()
del kept

# Weak references end, and callbacks run.
ended = []
references = []
for _ in range(1000):
    node = Node()
    references.append(weakref.ref(node, ended.append))
del node
fill(small)
gc.collect()
gc.collect()
assert len(ended) == 1000 and not any(reference() for reference in references)
assert Finalised.count > 300000
print("done")
