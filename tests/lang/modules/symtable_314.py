# What `_symtable` tells of scopes: annotations, type parameters, comprehensions (3.14).
import _symtable


def show(table, indent=0):
    names = {name: hex(bits) for name, bits in sorted(table.symbols.items())}
    print(" " * indent, table.name, table.type, table.lineno, table.nested, table.varnames, names)
    for child in table.children:
        show(child, indent + 2)


SOURCES = ['''
class A:
    if x:
        y: int
    z: str
    w.a: q
''','''
if x:
    y: int
def f():
    x: (lambda: r)
    y: [i for i in z]
    z: (i for i in u)
    (q): p
    a.b: (lambda z: z)
    c[d]: e = 3
''','''
(a): int
a.b: int
a[c]: int = 4
''','''
from __future__ import annotations
class A:
    x: (lambda: p)
    def f(self, a: (lambda: r), b: [i for i in u]): pass
''','''
@deco
def f(a=(lambda: 1), *, b=[x for x in y]): 
    pass
@deco
class B(metaclass=(lambda: M)): pass
@deco
async def h(): return [x async for x in y], {a async for a in b}
''','''
def f():
    return [[(lambda: i+j) for i in x] for j in y]
[k for k in [l for l in m]]
class Q:
    [__x for __x in __y]
    [(lambda: z+v) for z in t]
    v = 1
    __class__
    [__class__ for a in b]
''','''
def f():
    i = 1
    [i for i in x]
    [lambda: i for i in x]
    def g(): nonlocal i
''','''
def outer():
    x = 1
    class C:
        x = x
        def m(self): return x
        class D:
            def n(self): return x, C
    class E:
        nonlocal x
        x = 2
        def m(self): return x
    class F:
        global x
        x = 2
        def m(self): return x
''','''
class C:
    type X[T: (int, str) = int] = list[T]
    type Y = [i for i in C]
    def f[T](self, x: T = 1, *, y=2) -> T: yield 1
    class N[T, *Ts, **P](Base[T], k=(lambda: T)):
        a: T
        [T for _ in Ts]
''','''
def f[__T](a): pass
class X[__T]:
    def f(self, __a, *__b): self.__c = __T
''','''
x = [i := 1 for a in b]
def f():
    [(j := i) for i in b]
    [[(k := i) for i in b] for q in r]
def g():
    global gg
    [(gg := i) for i in b]
lambda: [(h := i) for i in b]
''','''
def f():
    import a.b.c as d, e.f
    from . import (q, r)
    try: pass
    except* E as e: pass
    with a as b, c as (d, *e): pass
    for f.x in g: pass
    for h, in g: pass
    del i, j.k
    match x:
        case A(b=c) | B(c): pass
        case [*_]: pass
    l += 1
    t'{x}{y!r:{z}}'
    f'{x:{zz}}'
    print(super)
def g(): super().x
def k(): 
    global __class__
''','''
def f(a, /, b, *c, d, **e): 
    def h(): return a, b, c, d, e
async def g():
    await x
    yield
''', '''
class A:
    def f(self):
        class B:
            def g(self): return super(), __class__
            z: __class__
    [super() for x in y]
    x: A
    def annotated(a: A): pass
''','''
def f(x: (yield)): pass
''','''
def f():
    for x in [lambda: x for y in (lambda: q)()]: pass
    return {a: (lambda: a+b) for a, b in c if (lambda: d)}
''','''
class A[T]:
    x: T
    if y: z: T
    def f(self, a: T, b: A) -> x: pass
    type Q = T | x
    type R[U: x] = T | x | U
    def g[V: x = T](self, a: V, b: x): pass
    @property
    def h(self): return T
''','''
def outer():
    y = 1
    class A:
        y = 2
        def g[V: y](self, a: y): return y
        type Z = y
        [y for _ in y]
        (y for _ in y)
        z: [y for _ in y]
''','''
def f():
    def g(a: x): pass
    x = 1
    y: x = 1
    class D:
        a: x
        b: D
''','''
x: int
x: [i for i in (j for j in k)]
y: (lambda: x)
''','''
class A:
    global z
    z = 1
    def f(self, a: z): z
    type B = z
    def g[T](self, q: z): return z
''','''
def f[T](x: T): 
    def g[U: T](y: U) -> [T for _ in U]: return T, U
    class H[V](T): v: U
''', '''
def f[T]():
    class N:
        [T for _ in x]
''','''
@deco(
)
def f(
   a:
     int,
   b = [
     i for i in x]): pass
@d
class A(
   B): pass
@d
class A[
   T:
     int
       ](
   B): pass
type \\
  X[
   T:
     int
    ] = (
    list
    )
x: (
   int)
y \\
 : int
z = (
   lambda:
      0)
w = (
   1 for
   i
     in x)
''', '''
[i for i in x]
[0 for i in y]
[[j for k in j] for j in x]
def f():
    i = 0
    [i for i in x]
    [i for j in x]
    [(lambda: i, j) for j in x]
''', '''
class A:
    def f(self): __class__
    __class__
    x = __class__
''', '''
def f[T](a, *, b): pass
def g[T](*, b=1): pass
def h[T](): pass
async def k[T](*, a, b): pass
''','''
x: (y := 1)
''','''
def f():
    x: (yield)
''','''
def f():
    global x
    x: int
''','''
def f():
    x: (lambda: x)
    (u): (lambda: v)
    v = 1
    if 1:
       w: v
class B:
    def f(self):
        x: __class__
        y: (lambda: __class__)
''','''
x: format
def f(a: format): 
    format
''','''
def f():
    return [lambda: format for format in x], {(yield) for y in z}
''','''
def f():
    return [(yield) for y in z]
''','''
class A:
    x = 1
    y = [x for x in x if (lambda: x)]
    global z
    [z for z in z]
''','''
def f(x):
    class A:
        nonlocal x
        [x for _ in x]
        [(lambda: x) for _ in x]
        def g(self): x
''']
for source in SOURCES:
    try:
        show(_symtable.symtable(source, "f", "exec"))
    except SyntaxError as e:
        print(e)


# A name that is a parameter of annotate functions can be a name in annotations.
x: format
def f(a: format): pass
class A:
    y: format
type B = format
print(__annotate__(1), f.__annotations__, A.__annotations__, B.__value__)
print(f.__annotate__.__code__.co_varnames)

# The scopes of annotations do not show in names.
def f(a: lambda: 1): pass
def g():
    class C:
        x: (lambda: 1)
        def m(self, a: lambda: 2, b: [lambda: 1 for i in (1,)]): pass
    return C
type X = lambda: 1
def h[T: lambda: 3](a: lambda: 4): pass
C = g()
for function in (f.__annotations__["a"], C.__annotations__["x"], C.m.__annotations__["a"],
                 C.m.__annotations__["b"][0], C.__annotate__, C.m.__annotate__, X.__value__,
                 X.evaluate_value, h.__type_params__[0].__bound__, h.__annotations__["a"]):
    print(function.__qualname__)
