# What `symtable` says of scopes without annotation scopes, on which 3.13 and 3.14 agree.
import symtable

SOURCE = '''
import os.path, sys as system
from a.b import c as d

def outer(a, b=1, /, *args, key, **kw):
    global g
    g = a
    def inner():
        nonlocal b
        b = a
        return lambda: b + key
    return [i + a for i in args if (last := i)], (k for k in kw), [lambda: j for j in b]

class C(outer):
    x = 1
    def method(self):
        return __class__, super().method, x, self.__private
    ys = [x for _ in range(3)]
    zs = [[lambda: z + x for z in y] for y in ys]
    class x(C):
        global shown
        shown = C

def passing(x):
    class D:
        x = x
        def get(self): return x
        class E:
            nonlocal x
            x = 2
    return D

try:
    pass
except OSError as error:
    [error for error in (error,)]
match x:
    case {"k": value, **rest}: pass
    case [first, *others]: pass
f"{x!r:{width}}"
'''


def show(table, indent=""):
    kinds = [k for k in ("nested", "optimized") if getattr(table, f"is_{k}")()]
    print(f"{indent}{table.get_type()} {table.get_name()} line {table.get_lineno()}", *kinds)
    for symbol in sorted(table.get_symbols(), key=lambda s: s.get_name()):
        facts = [n[3:] for n in sorted(dir(symbol)) if n.startswith("is_") and not n.endswith(
            ("comp_iter", "comp_cell", "type_parameter", "free_class")) and getattr(symbol, n)()]
        print(f"{indent}  {symbol.get_name()}: {', '.join(facts)}")
    for child in table.get_children():
        if child.get_type() != "annotation":
            show(child, indent + "    ")


show(symtable.symtable(SOURCE, "<source>", "exec"))
show(symtable.symtable("lambda x: x + y", "<source>", "eval"))
show(symtable.symtable("x = 1", "<source>", "single"))

import _symtable
top = _symtable.symtable("def f(x): return x", "f", "exec")
print([name for name in dir(top) if not name.startswith("_")], repr(top).startswith("<symtable entry top("))
print(top.name, top.type, top.lineno, top.nested, top.varnames, top.symbols is top.symbols, len({top.id, top.children[-1].id}))
print(top.children[-1].varnames, top.children[-1].symbols == {"x": _symtable.LOCAL << _symtable.SCOPE_OFF | _symtable.USE | _symtable.DEF_PARAM})


def attempt(function, *args):
    try:
        print(function(*args))
    except Exception as e:
        print(type(e).__name__, e)


attempt(setattr, top, "name", "x")
attempt(delattr, top, "symbols")
attempt(type(top))
for args in ((), ("x", "f"), (1, "f", "exec"), ("x", 1, "exec"), ("x", "f", 1), ("x", "f", "run"),
             ("x\0", "f", "exec"), ("x", "f\0", "exec"), ("x", "f", "exec\0"), ("x = (", "f", "exec"),
             ("nonlocal x", "f", "exec"), ("def f(a, a): pass", "f", "exec"),
             ("def f():\n x\n global x", "f", "exec")):
    attempt(_symtable.symtable, *args)
for source in (b"# coding: latin-1\n\xe9 = 1", bytearray(b"a = 1"), memoryview(b"b = 1")):
    print(_symtable.symtable(source, b"f", "exec").symbols)
