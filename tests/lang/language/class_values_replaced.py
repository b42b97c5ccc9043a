class A:
    n = 0
    k = 5
    def f(self): return self.n, self.k
class B(A): pass
class C(B):
    k = 7
a,b,c=A(),B(),C()
def probe():
    return [a.f(), b.f(), c.f(), A.n, B.n, C.k, a.n]
for i in range(50):
    A.n += 1
    r=probe()
    assert r==[(i+1,5),(i+1,5),(i+1,7),i+1,i+1,7,i+1], r
for i in range(50):
    A.n = object(); o=A.n; x=probe(); assert x[0][0] is o and x[1][0] is o and x[3] is o
    del o
A.n = property(lambda self: 'p')
assert a.n=='p' and b.f()==('p',5)
A.n = 3
assert b.f()==(3,5)
B.n = 4
assert b.f()==(4,5) and a.f()==(3,5) and c.f()==(4,7)
A.n = 9
assert b.f()==(4,5) and a.f()==(9,5)
del B.n
assert b.f()==(9,5)
a.n=1
assert a.f()==(1,5)
A.n=10
assert a.f()==(1,5) and b.f()==(10,5)
class D:
    v=1
    def __get__(self,o,t): return 'got'
class P: pass
class H:
    x=P()
h=H()
def g(): return h.x
for i in range(20): assert type(g()) is P
P.__get__=lambda s,o,t: 'later'
H.x=H.__dict__['x']
assert g()=='later', g()
H.x=5
for i in range(20):
    assert g()==5
print('ok')
