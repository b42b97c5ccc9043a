# Memory that runs out is MemoryError, and the program goes on. (A limit on address space stands for
# a full machine.)
import resource

SOURCES = [
    "x = []\nwhile 1: x.append(None)",
    "x = [1]\nwhile 1: x.extend(x)",
    "x = [1]\nwhile 1: x = x + x",
    "x = (1,)\nwhile 1: x = x * 2",
    "x = 'a'\nwhile 1: x = x + x",
    "x = 'a' * 1000000\nwhile 1: x += 'b' * 1000000",
    "x = b'a'\nwhile 1: x = x + x",
    "bytearray(2**40)",
    "x = {}\ni = 0\nwhile 1:\n x[i] = i; i += 1",
    "x = set()\ni = 0\nwhile 1:\n x.add(i); i += 1",
    "class C: pass\nx = []\nwhile 1: x.append(C())",
    "import collections\nx = collections.deque()\nwhile 1: x.append(None)",
    "list(range(10**10))",
    "[i for i in range(10**10)]",
    "sorted(range(10**9))",
    "1 << 2**40",
]
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 27), used + (1 << 27)))
for source in SOURCES:
    try:
        exec(source, {})
    except MemoryError as error:
        error.__traceback__ = None
    else:
        print("no error:", source)
x = {i: [i] for i in range(10000)}
print("done")
