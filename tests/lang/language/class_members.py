# What instances of a class have: members by __slots__, a dict, weak references, and properties with
# docstrings of their own.
import gc
import weakref


class Plain:
    pass


class Bare:
    __slots__ = ()


class Weak:
    __slots__ = ("__weakref__", "b", "a")


class Same:
    __slots__ = ("a", "b", "__weakref__")


class Int(int):
    pass


for make in Plain, Bare, Weak, Int, dict, type("D", (dict,), {}):
    thing = make()
    try:
        print(make.__name__, weakref.ref(thing)() is thing, hasattr(thing, "__dict__"))
    except TypeError as error:
        print(error)
for slots, base in (
    ("__weakref__", Plain),
    (("__weakref__", "__weakref__"), object),
    ("x", int),
    ("1x", object),
):
    try:
        type("C", (base,), {"__slots__": slots})
    except TypeError as error:
        print(error)
try:
    Weak().a
except AttributeError as error:
    print(error)
w = Weak()
w.a = 1
try:
    w.__class__ = Same
    print(w.a)
except TypeError as error:
    print(error)

proxy = weakref.proxy(w)
print(proxy is weakref.proxy(w), weakref.getweakrefcount(w), proxy.a)
print([type(r).__name__ for r in weakref.getweakrefs(w)])


# Weak references that are garbage themselves keep quiet.
class Node:
    def heard(self, ref):
        print("never")


a, b = Node(), Node()
a.other, b.other = b, a
a.ref = weakref.ref(b, a.heard)
outside = weakref.ref(a, lambda ref: print("gone"))
del a, b
gc.collect()
print(outside())


class Doc(property):
    """A property of another kind."""


class Has:
    @Doc
    def one(self):
        "one's text"

    @property
    def two(self):
        pass

    two = two.getter(lambda self: 2)
    three = property(doc="given").getter(lambda self: 3)
    four = Doc(doc="given")


print(Has.one.__doc__, Has.two.__doc__, Has.three.__doc__, Has.four.__doc__, Doc.__doc__)
