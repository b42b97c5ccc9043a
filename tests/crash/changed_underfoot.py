# Containers that change while something looks at them: by comparison, hashing, indices, finalisers,
# repr, iterators, sort keys, weak references, collections, tracing, signals, threads, exports.
import array, collections, functools, gc, heapq, bisect, io, itertools, json, operator, re, signal
import struct, sys, threading, weakref

ACTIONS = []


class Evil:
    """Does something to `target` whenever it is asked anything."""

    def __init__(self, act, answer=True):
        self.act, self.answer = act, answer

    def go(self):
        try:
            self.act()
        except (RuntimeError, BufferError, IndexError, KeyError, ValueError, AttributeError):
            pass

    def __eq__(self, other):
        self.go()
        return self.answer
    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__

    def __hash__(self):
        self.go()
        return 1

    def __index__(self):
        self.go()
        return 1
    __int__ = __len__ = __length_hint__ = __index__

    def __repr__(self):
        self.go()
        return "evil"
    __str__ = __repr__

    def __format__(self, spec):
        self.go()
        return "evil"

    def __bool__(self):
        self.go()
        return self.answer

    def __float__(self):
        self.go()
        return 1.0

    def __iter__(self):
        for i in range(5):
            self.go()
            yield i

    def __call__(self, *args, **kwargs):
        self.go()
        return 1

    def __add__(self, other):
        self.go()
        return 1
    __radd__ = __mul__ = __rmul__ = __iadd__ = __add__

    def __del__(self):
        self.go()

    def keys(self):
        self.go()
        return ["a", "b"]

    def __getitem__(self, key):
        self.go()
        return (key, key)

    def __fspath__(self):
        self.go()
        return "/nowhere"

    def __buffer__(self, flags):
        self.go()
        return memoryview(b"evil")


def attempt(function, *args):
    try:
        function(*args)
    except Exception:
        pass


def every(container, change, uses):
    """Each use of a container that holds objects which change it."""
    for use in uses:
        for answer in (True, False):
            made = container()
            evil = Evil(lambda: change(made), answer)
            attempt(use, made, evil)


def emptied(x):
    x.clear()
    gc.collect()


def grown(x):
    if len(x) < 2000:
        x.extend([Evil(lambda: None) for _ in range(50)]) if hasattr(x, "extend") else None


def dict_grown(d):
    if len(d) < 2000:
        for i in range(50):
            d[i, len(d)] = i


def set_grown(s):
    if len(s) < 2000:
        s.update((i, len(s)) for i in range(50))


def filled(evil, n=6):
    return [evil if i % 2 else i for i in range(n)]


LIST = [
    lambda x, e: (x.extend(filled(e)), x.index(e)), lambda x, e: (x.extend(filled(e)), x.count(0)),
    lambda x, e: (x.extend(filled(e)), x.remove(5)), lambda x, e: (x.extend(filled(e)), 9 in x),
    lambda x, e: (x.extend(filled(e)), x == list(x)), lambda x, e: (x.extend(filled(e)), x < list(x)),
    lambda x, e: (x.extend(filled(e)), x.sort()), lambda x, e: (x.extend(filled(e)), x.sort(key=e)),
    lambda x, e: (x.extend(filled(e)), repr(x)), lambda x, e: (x.extend(filled(e)), sorted(x)),
    lambda x, e: (x.extend(range(9)), x[e]), lambda x, e: (x.extend(range(9)), x[e:e]),
    lambda x, e: (x.extend(range(9)), x.__setitem__(e, 1)), lambda x, e: (x.extend(range(9)), x.insert(e, 1)),
    lambda x, e: (x.extend(range(9)), x.__setitem__(slice(e, e), e)), lambda x, e: (x.extend(range(9)), x.pop(e)),
    lambda x, e: (x.extend(range(9)), x.__setitem__(slice(0, 9, 2), e)), lambda x, e: x.extend(e),
    lambda x, e: (x.extend(range(9)), x.__delitem__(slice(e, None, e))), lambda x, e: (x.extend(range(9)), x * e),
    lambda x, e: (x.extend(filled(e)), max(x)), lambda x, e: (x.extend(filled(e)), sum(x)),
    lambda x, e: (x.extend(filled(e)), all(x)), lambda x, e: (x.extend(filled(e)), any(x)),
    lambda x, e: (x.extend(filled(e)), set(x)), lambda x, e: (x.extend(filled(e)), dict.fromkeys(x)),
    lambda x, e: (x.extend(filled(e)), list(map(e, x))), lambda x, e: (x.extend(filled(e)), heapq.heapify(x)),
    lambda x, e: (x.extend(filled(e)), heapq.heappop(x)), lambda x, e: (x.extend(filled(e)), bisect.insort(x, e)),
    lambda x, e: (x.extend(filled(e)), functools.reduce(e, x)), lambda x, e: (x.extend(filled(e)), "".join(x)),
    lambda x, e: (x.extend(filled(e)), json.dumps(x, default=e)), lambda x, e: (x.extend(filled(e)), "%s %s" % tuple(x[:2])),
    lambda x, e: (x.extend(filled(e)), list(zip(x, e))), lambda x, e: (x.extend(filled(e)), list(filter(e, x))),
    lambda x, e: (x.extend(filled(e)), list(itertools.groupby(x, e))), lambda x, e: (x.extend(filled(e)), print(*x, file=io.StringIO())),
    lambda x, e: (x.extend(filled(e)), bytes(x)), lambda x, e: (x.extend(filled(e)), bytearray(x)),
    lambda x, e: (x.extend(filled(e)), array.array("i", x)), lambda x, e: (x.extend(filled(e)), struct.pack("3i", *x[:3])),
    lambda x, e: (x.extend(filled(e)), operator.itemgetter(e)(x)), lambda x, e: (x.extend(filled(e)), x.__init__(e)),
    lambda x, e: (x.extend(filled(e)), x.__iadd__(e)), lambda x, e: (x.extend([e] * 9), x.__setitem__(slice(None), [])),
    lambda x, e: (x.extend(filled(e)), [a for a in x if x.clear()]), lambda x, e: (x.extend(filled(e)), list(reversed(x))),
]
every(list, emptied, LIST)
every(list, grown, LIST)

DICT = [
    lambda d, e: d.update({e: 1, 2: e}), lambda d, e: (d.update(a=e, b=e), d == dict(d)),
    lambda d, e: (d.update({1: 1, e: 2}), d[e]), lambda d, e: (d.update({e: 2}), d.pop(e)),
    lambda d, e: (d.update({1: e}), repr(d)), lambda d, e: d.update(e), lambda d, e: d.setdefault(e, e),
    lambda d, e: (d.update({1: e, 2: e}), e in d.values()), lambda d, e: (d.update({1: e}), (1, e) in d.items()),
    lambda d, e: (d.update({1: e, e: 1}), d.keys() & {e}), lambda d, e: (d.update({1: e}), d | {e: 1}),
    lambda d, e: (d.update({1: e}), [d.clear() for _ in d]), lambda d, e: (d.update(a=1), d.update([(e, e)] * 5)),
    lambda d, e: (d.update({i: e for i in range(20)}), d.clear()), lambda d, e: (d.update({1: e}), json.dumps(d)),
    lambda d, e: (d.update({1: e}), "%(a)s" % d), lambda d, e: (d.update({"a": e}), "{a}".format(**d)),
    lambda d, e: (d.update({e: e}), d.copy()), lambda d, e: (d.update({1: e}), d.popitem()),
    lambda d, e: (d.update({i: i for i in range(9)}), d.__delitem__(e)), lambda d, e: dict(e),
    lambda d, e: (d.update({1: e, e: 1}), collections.OrderedDict(d)), lambda d, e: (lambda **k: k)(**e),
    lambda d, e: (d.update({1: e}), max(d, key=d.get)), lambda d, e: (d.update({1: e}), sorted(d.items(), key=e)),
]
every(dict, dict.clear, DICT)
every(dict, dict_grown, DICT)
every(collections.OrderedDict, lambda d: d.clear(), DICT)
every(lambda: collections.defaultdict(list), dict_grown, DICT)

SET = [
    lambda s, e: (s.add(1), s.add(e)), lambda s, e: (s.add(e), e in s), lambda s, e: (s.add(e), s.remove(e)),
    lambda s, e: (s.update({1, e}), s == {1, e}), lambda s, e: (s.update({1, e}), s <= {1, e}),
    lambda s, e: s.update(e), lambda s, e: (s.update({1, e}), s & {1, e}), lambda s, e: (s.update({1, e}), s - {e}),
    lambda s, e: (s.update({1, e}), s.__ixor__({e})), lambda s, e: (s.update({1, e}), repr(s)),
    lambda s, e: (s.update({1, e}), s.intersection_update([e, 1])), lambda s, e: (s.update({1, e}), frozenset(s)),
    lambda s, e: (s.update({1, e}), [s.clear() for _ in s]), lambda s, e: (s.update({1, e}), s.pop()),
    lambda s, e: (s.update({1, e}), s.difference_update(s)), lambda s, e: (s.add(1), s.symmetric_difference_update(e)),
]
every(set, set.clear, SET)
every(set, set_grown, SET)

DEQUE = [
    lambda d, e: (d.extend(filled(e)), d.index(9)), lambda d, e: (d.extend(filled(e)), d.count(9)),
    lambda d, e: (d.extend(filled(e)), d.remove(9)), lambda d, e: (d.extend(filled(e)), d == d.copy()),
    lambda d, e: (d.extend(filled(e)), repr(d)), lambda d, e: d.extend(e), lambda d, e: (d.extend(range(5)), d[e]),
    lambda d, e: (d.extend(range(5)), d.insert(e, e)), lambda d, e: (d.extend(range(5)), d.rotate(e)),
    lambda d, e: (d.extend(filled(e)), [d.clear() for _ in d]), lambda d, e: (d.extend(filled(e)), d * e),
    lambda d, e: (d.extend(filled(e)), d.__delitem__(e)), lambda d, e: (d.extend([e] * 5), d.clear()),
]
every(collections.deque, emptied, DEQUE)
every(lambda: collections.deque(maxlen=5), grown, DEQUE)

BYTES = [
    lambda b, e: (b.extend(b"abc" * 9), b[e]), lambda b, e: (b.extend(b"abc"), b.__setitem__(e, e)),
    lambda b, e: b.extend(e), lambda b, e: (b.extend(b"abc"), b.insert(e, e)), lambda b, e: (b.extend(b"abc"), b.pop(e)),
    lambda b, e: (b.extend(b"abc"), b.find(e)), lambda b, e: (b.extend(b"abc"), b.__setitem__(slice(e, e), e)),
    lambda b, e: (b.extend(b"abc"), b.join([b, e])), lambda b, e: (b.extend(b"abc"), b.find(b, e, e)),
    lambda b, e: (b.extend(b"abc"), b.replace(e, b)), lambda b, e: (b.extend(b"abc"), b % (e,)),
    lambda b, e: (b.extend(b"abc"), b * e), lambda b, e: (b.extend(b"abc" * 9), memoryview(b)[e]),
    lambda b, e: (b.extend(b"abc" * 9), memoryview(b).__setitem__(e, e)), lambda b, e: (b.extend(b"abcd"), struct.pack_into("i", b, e, e)),
    lambda b, e: (b.extend(b"abcd"), struct.unpack_from("i", b, e)), lambda b, e: (b.extend(b"abc"), io.BytesIO(b).readinto(b)),
    lambda b, e: (b.extend(b"abc"), re.sub(b"b", e, b)), lambda b, e: (b.extend(b"abc"), b.translate(e)),
    lambda b, e: (b.extend(b"abc"), b.startswith((b"x", e))), lambda b, e: (b.extend(b"a b"), b.split(e)),
    lambda b, e: (b.extend(b"abc"), e in b), lambda b, e: (b.extend(b"abc"), int.from_bytes(b, e)),
]
every(bytearray, lambda b: b.clear(), BYTES)
every(bytearray, lambda b: b.extend(b"x" * 5000) if len(b) < 50000 else None, BYTES)
ARRAY = [
    lambda a, e: (a.extend(range(9)), a[e]), lambda a, e: (a.extend(range(9)), a.__setitem__(e, e)),
    lambda a, e: a.extend(e), lambda a, e: (a.extend(range(9)), a.insert(e, e)), lambda a, e: (a.extend(range(9)), a.pop(e)),
    lambda a, e: (a.extend(range(9)), a.index(e)), lambda a, e: (a.extend(range(9)), a.count(e)),
    lambda a, e: (a.extend(range(9)), a.remove(e)), lambda a, e: a.fromlist([e, e]), lambda a, e: a.append(e),
    lambda a, e: (a.extend(range(9)), a * e), lambda a, e: (a.extend(range(9)), a == e),
]
every(lambda: array.array("l"), lambda a: a.__delitem__(slice(None)), ARRAY)

# Exports forbid a change of size.
data = bytearray(b"0123456789")
view = memoryview(data)
for change in (data.clear, lambda: data.extend(b"x"), data.pop, lambda: data.__delitem__(0)):
    try:
        change()
        print("changed!")
    except BufferError:
        pass
view.release()

# Types and attributes change under lookups.
class Meta(type):
    def mro(cls):
        gc.collect()
        return super().mro()


class Base(metaclass=Meta):
    pass


class Trap:
    def __get__(self, instance, owner):
        for name in [n for n in vars(owner) if not n.startswith("__")]:
            delattr(owner, name)
        owner.__bases__ = (Other,)
        return 1


class Other(metaclass=Meta):
    pass


class Derived(Base):
    trap = Trap()
    plain = 1


attempt(lambda: Derived().trap)
attempt(lambda: Derived().plain)


class Slotted:
    __slots__ = ("a", "__dict__", "__weakref__")


for _ in range(3):
    s = Slotted()
    s.a = Evil(lambda: delattr(s, "a"))
    s.b = Evil(s.__dict__.clear)
    ref = weakref.ref(s, lambda r: gc.collect())
    attempt(setattr, s, "a", 1)
    attempt(s.__dict__.clear)
    s.__dict__ = {}
    s.__class__ = Slotted
    del s

# Weak references and collections with callbacks.
weak = weakref.WeakValueDictionary()
keys = weakref.WeakKeyDictionary()
for i in range(200):
    o = Evil(lambda: weak.clear())
    weak[i] = o
    attempt(keys.__setitem__, o, i)
    o.me = o
    del o
    if i % 20 == 0:
        gc.collect()
        attempt(list, weak.values())
gc.callbacks.append(lambda phase, info: weak.clear() or gc.get_objects()[:1])
for i in range(5):
    x = []
    x.append(x)
    del x
    gc.collect()
gc.callbacks.clear()

# Iterators whose containers change or that ask for themselves.
def self_next():
    yield next(it)


it = self_next()
attempt(next, it)
for make in (lambda x: iter(x), lambda x: reversed(x), lambda x: enumerate(x), lambda x: zip(x, x),
             lambda x: map(lambda v: x.clear(), x), lambda x: itertools.chain(x, x),
             lambda x: itertools.cycle(x), lambda x: itertools.tee(x)[0], lambda x: itertools.product(x, x),
             lambda x: itertools.permutations(x), lambda x: itertools.islice(x, 3)):
    x = [Evil(lambda: x.clear()) for _ in range(10)]
    iterator = make(x)
    attempt(next, iterator)
    x.clear()
    for _ in range(5):
        attempt(next, iterator)
    attempt(lambda: iterator.__setstate__(10**9))
    attempt(next, iterator)
    attempt(iterator.__length_hint__) if hasattr(iterator, "__length_hint__") else None
a, b = itertools.tee(iter(lambda: next(b), None))
attempt(next, a)

# Tracing functions and profilers that change what they watch.
def tracer(frame, event, arg):
    frame.f_locals.clear() if event == "line" and False else None
    if event == "line":
        frame.f_trace_opcodes = True
        attempt(lambda: frame.f_locals.update(x=1, y=[frame]))
        attempt(lambda: setattr(frame, "f_lineno", frame.f_lineno + 1))
    if event == "return":
        attempt(frame.clear)
        sys.settrace(None)
        sys.settrace(tracer)
    return tracer


def traced(n):
    x = [n]
    for y in x:
        try:
            1 / (y - n)
        except ZeroDivisionError as e:
            z = e
        finally:
            x = y
    return [i for i in range(3)]


sys.settrace(tracer)
for i in range(5):
    attempt(traced, i)
sys.settrace(None)
sys.setprofile(lambda frame, event, arg: attempt(frame.clear))
attempt(traced, 3)
sys.setprofile(None)

# Signal handlers.
victim = [1, 2, 3]


def alarmed(*args):
    victim.clear()
    gc.collect()
    victim.extend(range(50))
    # Only now the next one: where a collection takes longer than that, handlers would pile up.
    signal.setitimer(signal.ITIMER_REAL, 0.0005)


if hasattr(signal, "setitimer"):
    signal.signal(signal.SIGALRM, alarmed)
    signal.setitimer(signal.ITIMER_REAL, 0.0005)
    for i in range(3000):
        attempt(lambda: (sorted(victim, key=lambda v: -v), victim.index(49), [v for v in victim], repr(victim)))
    signal.signal(signal.SIGALRM, signal.SIG_IGN)

# Threads.
shared, stop = [{}, [], set(), collections.deque(), bytearray()], []
sys.setswitchinterval(1e-5)


def worker(seed):
    d, l, s, q, b = shared
    for i in range(1500):
        k = (i * seed) % 37
        attempt(lambda: (d.__setitem__(k, i), d.pop((k + 5) % 37, 0), list(d.items()), d == dict(d)))
        attempt(lambda: (l.append(i), l.sort(key=lambda v: -v), l.pop(), l.__delitem__(slice(0, len(l), 3))))
        attempt(lambda: (s.add(k), s.discard(k + 1), sorted(s), s & {1, 2, 3}))
        attempt(lambda: (q.append(i), q.rotate(3), q.popleft(), list(q)))
        attempt(lambda: (b.extend(b"xy"), memoryview(b)[0], b.pop(), b.find(b"yx")))


threads = [threading.Thread(target=worker, args=(n,)) for n in (3, 5, 7, 11)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("done")
