# Built-ins that are any mapping, names that are no str, and what is looked up where.
from __future__ import annotations
import ast
import builtins
import functools
import gc
import types
import weakref


def run(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, e)


proxy = types.MappingProxyType
run(eval, "x + y", {"__builtins__": proxy({"x": 1, "y": 2})})
run(eval, "len", {"__builtins__": proxy({})})
run(exec, "print", {"__builtins__": 123})
run(exec, "import foo.bar", {"__builtins__": proxy({})})
namespace = {"__builtins__": proxy({"__import__": lambda *args: args[0]})}
exec("import foo.bar\ndef f(): return missing", namespace)
print(namespace["foo"], type(namespace["f"].__builtins__).__name__)
run(namespace["f"])
run(eval, "it.__reduce__()", {"__builtins__": proxy({}), "it": iter([1, 2])})
run(eval, "it.__reduce__()", {"__builtins__": proxy({"iter": "ITER"}), "it": iter([1, 2])})


class Name:
    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        return other == self.name


globals()[Name("odd")] = "by equality"
print(odd)


class Holder:
    pass


holder = Holder()
holder.__dict__[Name("attribute")] = 5
print(holder.attribute, hasattr(holder, "other"))

# An exhausted iterator, and one that ends while `iter` is looked up.
for it in iter([]), iter(()), iter(""), iter(b""), iter(bytearray()), reversed([]), iter(int, 0):
    list(it)
    print(it.__reduce__())


# Annotations as strings come from a function too.
def annotated(a: int, *b: list[str], c: "quoted" = 1) -> Holder:
    pass


print(annotated.__annotations__)


@functools.wraps(annotated)
def wrapper(x, y):
    pass


print(wrapper.__annotations__)


# Cycles through a dict with attributes; classes whose order is not known yet.
class Own(dict):
    def __init__(self):
        self.__dict__ = self


own = Own()
own.attribute = 1
reference = weakref.ref(own)
del own
gc.collect()
print(reference(), [o for o in gc.get_objects() if type(o) is Own])


class Meta(type):
    def mro(cls):
        if cls.__name__ == "Made" and cls.__mro__ is None:
            run(type, "Derived", (cls,), {})
        return type.mro(cls)


class Made(metaclass=Meta):
    pass


print(Made.__mro__[1:])


class A:
    __slots__ = "a", "b"


class B:
    __slots__ = "b", "a"


class C(A):
    __slots__ = "c",


class D(B):
    __slots__ = "c",


run(lambda: setattr(A(), "__class__", B))
run(lambda: setattr(C(), "__class__", D))

# What is lent cannot be resized.
import re
data = bytearray(b"abc")
matches = re.finditer(b".", data)
run(data.extend, b"x")
print(len(list(matches)))
del matches
run(data.extend, b"x")
separator = bytearray(b",")


def clearing():
    separator.clear()
    yield b"A"


run(separator.join, clearing())

# bytearray takes items one by one.
data = bytearray()


def seen():
    for i in range(3):
        yield i
        print(list(data), data.__alloc__() > len(data))


data.__init__(seen())

# Constants of trees that programs make.
for constant in frozenset(), frozenset({1, (2, -3.5), frozenset({1j, 2 - 1j})}):
    tree = ast.Expression(ast.Constant(constant))
    ast.fix_missing_locations(tree)
    print(eval(compile(tree, "", "eval")) == constant, ast.unparse(tree) == repr(constant))
for source in "'%s' % (a,)", "'x%%y%-5s %r|%.3a %07.2s' % (a, b, c, d)", "'%d' % (a,)", "'%s' % (*a,)":
    print(ast.dump(ast.parse(source, optimize=1).body[0].value))
source = """a = 1
# type: ignore[whole]
b = (1, # type: ignore
  2) #  type:   ignore@tag
c = 3 # type: ignored
d = f"{a # type: ignore[in]
}" # type: ignore [x] y
if a:
    # type: ignore
    pass # types: int
#type: ignore
"""
tree = ast.parse(source, type_comments=True)
print([(t.lineno, t.tag) for t in tree.type_ignores], ast.parse(source).type_ignores)
