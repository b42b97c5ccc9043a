# A native __new__ that a class takes from somewhere else leaves its base's in place.

class Borrowed(object):
    __new__ = list.__new__


class Plain(list):
    __new__ = object.__new__


class Both(Plain, Borrowed):
    pass


for cls in Borrowed, Plain, Both:
    it = cls()
    print(type(it).__name__, isinstance(it, list))
for _ in range(100):
    keep = [Borrowed() for _ in range(100)]
    for it in keep:
        it.name = [1, 2, 3]
items = Plain()
items.append(1)
print(items)
Borrowed.__new__ = lambda cls: "python"
print(Borrowed())


# __get__ is not bound: whatever is called gets the descriptor itself.
class Counts:
    __get__ = staticmethod(lambda *args: len(args))


class Native:
    __get__ = max


class Holder:
    counts = Counts()


print(Holder.counts, Holder().counts)

# What types say of themselves.
VECTORCALL, METHOD_DESCRIPTOR = 1 << 11, 1 << 17
HEAP, GC, IMMUTABLE, ABSTRACT, BASE = 1 << 9, 1 << 14, 1 << 8, 1 << 20, 1 << 10


class Called:
    def __call__(self):
        pass


def bits(cls, *wanted):
    return [bool(cls.__flags__ & bit) for bit in wanted]


import functools
import operator
import types
for cls in (type(len), type(list.append), type(list.__add__), types.FunctionType, types.MethodType,
            type, functools.partial, type(functools.lru_cache(1)(len)), operator.itemgetter, list,
            Called, property):
    print(cls.__name__, bits(cls, VECTORCALL, METHOD_DESCRIPTOR))
for cls in int, bool, list, tuple, bytes, str, dict, type, KeyError, Called, Plain, object:
    print(cls.__name__, bits(cls, *(1 << n for n in range(24, 32))), bits(cls, BASE, 1 << 12))
for cls in Called, Plain, list, int:
    print(cls.__name__, bits(cls, IMMUTABLE, HEAP, 1 << 4))
