"""Attributes at sites that meet many types, and types that change under their caches."""
import sys
class A:
    x = 1
    def __init__(self): self.a = 1
    def m(self): return ('A.m', self.a)
    @property
    def p(self): return ('A.p', self.a)
    @classmethod
    def cm(cls): return cls.__name__
    @staticmethod
    def sm(): return 'sm'
class B(A):
    x = 2
    def m(self): return ('B.m',) + super().m()
    @property
    def p(self): return ('B.p',) + super().p
    @classmethod
    def cm(cls): return 'B' + super().cm()
class C(B):
    __slots__ = ('s',)
    def __init__(self): 
        super().__init__()
        self.s = 's'
        self.c = 2
class S:
    __slots__ = ('a', 'b', '__dict__')
    def __init__(self, n): 
        self.a = n
        if n & 1: self.b = n
class G:
    def __getattr__(self, n):
        if n == 'nope': raise AttributeError(n)
        return 'G.' + n
classes = [type('K%d' % i, (B if i % 2 else A,), {'x': i, 'm': (lambda self, i=i: ('K', i, self.a))} if i % 3 else {}) for i in range(30)]
objs = [k() for k in classes] + [C(), A(), B()]
def probe(o):
    out = []
    for f in (lambda o: o.x, lambda o: o.a, lambda o: o.m(), lambda o: o.p, lambda o: o.cm(), lambda o: o.sm(), lambda o: o.zzz):
        try: out.append(f(o))
        except AttributeError as e: out.append(str(e))
    return out
def load(o):
    try: return (o.x, o.a, o.m(), o.p, o.cm(), o.sm())
    except AttributeError as e: return str(e)
def store(o, v):
    o.a = v
    o.new = v
    o.new2 = v
    return o.a, o.new, o.new2
for r in range(3):
    for o in objs: print(load(o))
    for o in objs: print(store(o, r))
    for o in objs[::2]:
        o.x = 'inst%d' % r
        o.m = lambda: 'shadow'
    for o in objs[1::3]: o.__dict__['a'] = 'viadict'
    if r == 1:
        A.x = 'changed'; B.m = lambda self: 'new B.m'; A.p = property(lambda self: ('new p',))
        classes[4].sm = staticmethod(lambda: 'sm4')
for o in objs: print(probe(o))
def getp(o): return o.p
for o in (A(), B(), C()) * 10: getp(o)
pr = A.__dict__['p']
pr.__init__(lambda self: ('re-inited',))
print(getp(A()), getp(B()))
pr.__init__(None)
try: getp(A())
except AttributeError as e: print(e)
def loads(o):
    try: return o.b
    except AttributeError as e: return str(e)
ss = [S(i) for i in range(20)]
print([loads(s) for s in ss])
for s in ss: s.b = 7; s.z = 8
print([loads(s) for s in ss])
for s in ss: del s.b
print([loads(s) for s in ss])
g = G()
print(g.foo, [getattr(g, n, 'dflt') for n in ('nope', 'yes')])
class Ev:
    serial = 0
    def __init__(self):
        Ev.serial += 1
        self.order = Ev.serial
for i in range(50): Ev()
print(Ev.serial, Ev().order)
class Meta(type):
    @property
    def mp(cls): return 'mp ' + cls.__name__
    def mm(cls): return 'mm'
    y = 'meta y'
class M1(metaclass=Meta): y = 'own y'; z = 3
class M2(M1): pass
for k in (M1, M2, A, B) * 10:
    try: r = (k.mp, k.y, k.z, k.mm())
    except AttributeError as e: r = str(e)
print([(k.mp, k.y, k.z, k.mm()) for k in (M1, M2)])
def classattr(k): return k.x
print([classattr(k) for k in classes])
for k in classes: k.x = 'new'
print([classattr(k) for k in classes])
class Desc:
    def __get__(self, o, t): return ('get', o is None, t.__name__)
class DD(Desc):
    def __set__(self, o, v): print('set', v)
class H: d = Desc(); dd = DD()
h = H(); 
for i in range(20): r = (h.d, h.dd, H.d, H.dd)
h.d = 5; h.dd = 6
print(h.d, h.dd, H.d, H.dd)
import math
def mod(): return math.pi
for i in range(20): mod()
math.pi2 = 1; print(mod()); del math.pi2
class Counter:
    def __init__(self): self.n = 0
    @property
    def val(self):
        self.n += 1
        if self.n == 5: raise ValueError('five')
        return self.n
    def gen(self):
        for i in range(3): yield self.val
c = Counter()
out = []
for i in range(8):
    try: out.append(c.val)
    except ValueError as e: out.append(str(e))
print(out, list(c.gen()), sum(c.val for _ in range(3)))
def deep(n):
    class X:
        @property
        def q(self): return deep(n-1) if n else 0
    return X().q + 1
print(deep(50))
class R:
    @property
    def r(self): return self.r
try: R().r
except RecursionError as e: print('RecursionError')
class Sup(A):
    def m(self):
        s = super()
        f = super().m
        return (s.m(), f(), super(Sup, self).m(), super(Sup, type(self)).cm(), super().x)
    def cellself(self):
        def inner(): return self
        return super().m()
    @classmethod
    def cm(cls): return [super().cm(), super().sm()]
    def bad(self):
        try: super().nothing()
        except AttributeError as e: return str(e)
    def cls(self): return super().__class__.__name__
o = Sup(); print(o.m(), o.cellself(), Sup.cm(), o.bad(), o.cls())
def nosuper(): super()
try: nosuper()
except RuntimeError as e: print(e)
def nosuper(x): super()
try: nosuper(1)
except RuntimeError as e: print(e)
try:
    def f():
        raise KeyError('k')
    try: f()
    except KeyError as e:
        tb = e.__traceback__
        while tb: print(tb.tb_lineno, tb.tb_frame.f_code.co_name, tb.tb_frame.f_lineno); tb = tb.tb_next
        raise ValueError('v') from e
except ValueError as e:
    print(e.__cause__.__traceback__.tb_lineno, e.__traceback__.tb_lineno)
