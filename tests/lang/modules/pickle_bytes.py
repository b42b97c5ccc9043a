# Pickles are equal byte for byte, in all protocols, and come back as what they were.
import collections
import fractions
import io
import pickle


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)


class Slots:
    __slots__ = ("a",)


class Keyword:
    def __new__(cls, *, k):
        self = object.__new__(cls)
        self.k = k
        return self

    def __getnewargs_ex__(self):
        return (), {"k": self.k}


slots = Slots()
slots.a = 1
cycle = []
cycle.append((cycle, {"self": cycle}))
shared = ["x"] * 2
values = [
    None, True, 0, 255, 256, -1, 65536, 2**31, -(2**31) - 1, -(256**5), 10**50, 1.5, float("inf"),
    "", "é", "\U0001f600\ud800\n\\", "n" * 300, b"", b"\x00\xff", b"b" * 300, bytearray(b"abc"),
    (), (1,), (1, 2, 3, 4), [], [1], [1, [2, [3]]], {}, {"a": 1}, {1: 2, 3: 4}, {7}, frozenset({7}),
    shared, [shared, shared], Point, Point(1, [2]), slots, Keyword(k=5), len, collections.OrderedDict(a=1),
    fractions.Fraction(1, 3), range(3), complex(1, 2), ..., type(None), iter([1, 2]), ValueError("v"),
]
for value in values:
    for protocol in range(2 if value is slots else 0, 6):
        data = pickle.dumps(value, protocol)
        print(protocol, data if len(data) < 200 else (len(data), data[:20]))
        back = pickle.loads(data)
        assert type(back) is type(value)
        if isinstance(value, (int, str, bytes, tuple, list, dict, set, Point)):
            assert back == value
for protocol in range(6):
    back = pickle.loads(pickle.dumps(cycle, protocol))
    print(back[0][0] is back, back[0][1]["self"] is back)

# Frames, and batches of a thousand.
for n in (999, 1000, 1001, 2001):
    for value in (list(range(n)), dict.fromkeys(range(n))):
        print([len(pickle.dumps(value, protocol)) for protocol in range(6)])


class Writes(io.BytesIO):
    def write(self, data):
        print("write", type(data).__name__, len(data))
        return super().write(data)


pickle.dump([b"x" * 70000, "y" * 70000, list(range(40000))], Writes())
