"""Arguments bound to parameters in every way, and what goes wrong with them."""
def show(f, *a, **k):
    try:
        print(f.__name__, a, k, '->', f(*a, **k))
    except TypeError as e:
        print(f.__name__, a, k, 'TypeError', e)
def f0(): return 'f0'
def f2(a, b=2): return (a, b)
def f3(a, b=2, *c, d, e=5, **k): return (a, b, c, d, e, k)
def f4(a, /, b, *, c=3): return (a, b, c)
def f5(*a, **k): return (a, k)
def f6(a, b, c=3, d=4): return (a,b,c,d)
def f7(*, x): return x
def f8(a, **k): return (a, k)
def g(*a): 
    yield a
def cells(a, b=2, *c, d=3):
    def inner():
        return (a, b, c, d)
    return inner
class S(str):
    def __hash__(self): 
        big(20)
        return str.__hash__(self)
    def __eq__(self, o):
        big(20)
        return str.__eq__(self, o)
def big(n):
    return n if n == 0 else big(n-1) + len([1,2,3])
for f in (f0, f2, f3, f4, f5, f6, f7, f8):
    for a in [(), (1,), (1,2), (1,2,3), (1,2,3,4,5,6,7,8,9,10,11,12)]:
        for k in [{}, {'a':9}, {'b':8}, {'d':7}, {'x':1}, {'c':1,'e':2}, {'zz':1,'d':4}, {'d':1,'e':2,'b':3,'q':4,'r':5}]:
            show(f, *a, **k)
print(f5(*[1,2], 3, **{S('xx'): 1}, y=2))
try: print(f2(**{S('a'): 1}))
except TypeError as e: print(e)
print(cells(1)(), cells(1,2,3,4)(), cells(b=1,a=3,d=9)())
print(list(g(1,2,3)))
class C:
    def __init__(self, a, b=1, *c, **k):
        self.v = (a,b,c,k)
    def m(self, *a, **k): return (self.v, a, k)
    def __call__(self, *a, **k): return ('call', a, k)
    @classmethod
    def cm(cls, *a, **k): return (cls.__name__, a, k)
    @staticmethod
    def sm(*a, **k): return (a, k)
c = C(1, 2, 3, x=4)
print(c.m(1, y=2), c.m(*[1,2], **{'z':3}), c(1, k=2), C.cm(1,z=2), c.sm(3,y=4))
b = c.m
print(b(1), b(1, x=2), b(*(1,2)), b(**{'k':1}))
for bad in (lambda: C(), lambda: C(1, a=2), lambda: c.m.__func__(), lambda: f2(1,2,3), lambda: f7(1), lambda: f2(**{1:2})):
    try: print(bad())
    except TypeError as e: print('TypeError', e)
class D:
    def __init__(self): return 5
try: D()
except TypeError as e: print(e)
class E:
    def __init__(self): yield 1
try: E()
except TypeError as e: print(e)
def gen():
    x = f3(1, 2, 3, 4, d=5, q=6)
    y = yield x
    z = f5(*range(20), **{'a%d' % i: i for i in range(10)})
    yield (y, z, cells(*range(15))(), C(1, *range(9)).v, c.m(*range(9)))
it = gen()
print(next(it)); print(it.send(4))
def rec(n, *a, **k):
    return rec(n+1, *a, **k)
import sys
try: rec(0, 1, 2, x=3)
except RecursionError as e: print('RecursionError', str(e)[:40])
class Loud:
    def __init__(self, n): self.n = n
    def __del__(self): print('del', self.n)
def one(a): pass
try: one(Loud(1), Loud(2), Loud(3))
except TypeError as e: print(e)
try: one(b=Loud(4))
except TypeError as e: print(e)
one(Loud(5))
print('end')
print(f5.__defaults__, f3.__kwdefaults__, f6.__defaults__)
f6.__defaults__ = (1,2,3,4)
print(f6()); f6.__defaults__ = None
try: f6(1)
except TypeError as e: print(e)
f3.__kwdefaults__ = {'d': 'dd'}
try: print(f3(1))
except TypeError as e: print(e)
f3.__kwdefaults__ = {'d': 'dd', 'e': 'ee'}
print(f3(1))
l = [1,2,3]
print((lambda *a, **k: (a, k))(*l, *l, x=1, **{'y': 2}))
def deco(fn):
    def w(*args, **kwargs):
        return fn(*args, **kwargs)
    return w
@deco
def add(a, b=3, *, c=4): return a+b+c
print(add(1), add(1, 2), add(1, c=5), add(a=3))
