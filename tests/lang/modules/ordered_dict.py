# OrderedDict: moving keys to either end, comparing by order, changing while somebody iterates.
from collections import OrderedDict
import copy
import pickle

d = OrderedDict.fromkeys("abcde")
d.move_to_end("b")
d.move_to_end("d", last=False)
print("".join(d), d.popitem(last=False), d.popitem(), list(reversed(d)))
try:
    d.move_to_end("x")
except KeyError as error:
    print(repr(error))
try:
    OrderedDict().popitem()
except KeyError as error:
    print(repr(error))

# Both ends at once, past what a table holds, with holes in between.
d = OrderedDict()
for i in range(200):
    d[i] = i
    d.move_to_end(i, last=i % 3 == 0)
    if i % 7 == 0:
        del d[i // 2]
print(len(d), list(d)[:10], list(d)[-10:], sum(d.values()))
while len(d) > 3:
    d.popitem(last=len(d) % 2 == 0)
print(d, d == dict(d), d == OrderedDict(reversed(d.items())))


class Sub(OrderedDict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)


s = Sub(a=1)
s.update(b=2)
s.tag = "kept"
print(s, s.copy(), s.fromkeys("x", 3), s | {"c": 1}, {"c": 1} | s)
for made in (pickle.loads(pickle.dumps(OrderedDict(x=1, y=[2]))), copy.deepcopy(OrderedDict(x=[1]))):
    print(made)
for change in (
    lambda d, k: d.move_to_end(k),
    lambda d, k: d.__setitem__("new", 1),
    lambda d, k: d.__delitem__("c"),
):
    d = OrderedDict.fromkeys("abc")
    try:
        for k in d:
            change(d, k)
    except RuntimeError as error:
        print(error)
d = OrderedDict.fromkeys("ab")
for k in d:
    d[k] = 1
d.me = d
d["self"] = d
print(d, d.pop("zz", None), d.setdefault("q", 5), d.get("q"), vars(d).keys())
try:
    OrderedDict(1, 2)
except TypeError as error:
    print(error)

# What dict's own methods take out stays in the order; values are found by their keys.
import random


def attempt(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, e)


for take in (lambda od: dict.__delitem__(od, "a"), lambda od: dict.pop(od, "a"), dict.popitem):
    od = OrderedDict(a=1, b=2)
    take(od)
    attempt(repr, od)
    attempt(len, od)
od = OrderedDict(a=1, b=2)
del od["a"]
od.pop("b")
print(od)


class Unsteady:
    def __hash__(self):
        return random.randrange(100000)

    def __repr__(self):
        return "unsteady"


od = OrderedDict((Unsteady(), i) for i in range(10))
for walk in lambda od: list(od.values()), lambda od: list(od.items()), repr, OrderedDict.copy, list:
    attempt(walk, od)
