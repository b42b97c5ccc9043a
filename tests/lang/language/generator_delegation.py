"""Generators that delegate, raise, close and end inside each other; tuples in order."""
import sys
def leaf(n):
    for i in range(n):
        x = yield i
        if x is not None: print('leaf got', x)
    return ('ret', n)
def mid(n):
    try:
        r = yield from leaf(n)
        print('mid r', r)
        r2 = yield from [10, 20]
        print('r2', r2)
    except ValueError as e:
        print('mid caught', e)
        yield 'after'
    finally:
        print('mid fin')
    return 'mid done'
def top(n):
    r = yield from mid(n)
    print('top', r)
    return r
print(list(top(3)))
g = top(3)
print(next(g), g.send('hello'), next(g))
print(g.throw(ValueError('boo')))
try: next(g)
except StopIteration as e: print('stop', e.value)
g = top(5); next(g); next(g); g.close(); print('closed')
def bad():
    yield 1
    raise KeyError('k')
def outer_bad():
    try: yield from bad()
    except KeyError as e: print('caught', e, e.__traceback__.tb_next.tb_lineno - e.__traceback__.tb_lineno if e.__traceback__.tb_next else None); yield 2
print(list(outer_bad()))
def rec(n):
    if n: 
        yield n
        yield from rec(n - 1)
print(sum(rec(300)))
def rec2(n):
    yield from rec2(n + 1)
try: next(rec2(0))
except RecursionError as e: print('RecursionError')
def selfy():
    yield from me
me = selfy()
try: next(me)
except ValueError as e: print(e)
def stopper():
    raise StopIteration(5)
    yield
def callstop():
    yield from stopper()
try: list(callstop())
except RuntimeError as e: print(e, repr(e.__cause__))
def ex():
    try: raise ValueError('a')
    except ValueError:
        yield sys.exc_info()[0]
        yield from ex2()
        yield sys.exc_info()[0]
def ex2():
    yield sys.exc_info()[0]
    try: raise KeyError
    except KeyError: yield sys.exc_info()[0]
    yield sys.exc_info()[0]
print([e.__name__ if e else e for e in ex()])
for x in ex2(): print(x, sys.exc_info()[0])
def fin():
    try:
        yield 1
        yield 2
    finally: print('fin runs')
def dele(): yield from fin()
d = dele(); next(d); del d
print('gone')
it = leaf(2); 
def use(it): yield from it
u1, u2 = use(it), use(it)
print(next(u1), next(u2), list(u1), list(u2))
class It:
    def __init__(self): self.n = 0
    def __iter__(self): return self
    def __next__(self):
        self.n += 1
        if self.n > 3: raise StopIteration('itval')
        return self.n
    def send(self, v): return ('sent', v)
    def throw(self, t, v=None, tb=None): return ('thrown', str(t))
def useit():
    r = yield from It()
    return r
print(list(useit()))
g = useit(); next(g); print(g.send(4), g.throw(ValueError('v')))
def genexp(): return sum(x * y for x in range(10) for y in range(x) if (x + y) % 3)
print(genexp(), list(a for a in (b for b in (c for c in 'abc'))))
async def co(n):
    class A:
        def __await__(self):
            r = yield ('aw', n)
            return r
    v = await A()
    w = await A()
    return (v, w)
async def co2(): return await co(1), await co(2)
c = co2(); s = None; out = []
try:
    i = 0
    while True: out.append(c.send(s)); i += 1; s = i
except StopIteration as e: out.append(e.value)
print(out)
def t3(a):
    b, c = a
    return [ (b, c) for b, c in zip('ab', [1,2]) ], {k: v for k, v in {'x': 1}.items()}, [(i, j) for i, j in enumerate('xy')], b, c
print(t3((1,2)))
print(sorted([(2, 'b'), (1, 'z'), (2, 'a'), (1, 'a', 0)]), sorted([(1, None), (0, 2)]), sorted([[3], [1, 2], [1]]))
try: sorted([(1, None), (1, 2)])
except TypeError as e: print(e)
print(hash((1, 2, 3)), hash(()), hash((1, 'a') ) == hash((1.0, 'a')))
'a' + 'b'; x = ''; 
print('' + 'abc', 'abc' + '', 'é' + 'a', 'a' + '\u20ac')
