"""Formats of numbers and strings, exceptions' arguments, slices, joins."""
vals = [0, 1, -1, 12345, 10**20, -10**20, True, 0.0, -0.0, 1.5, 2.5, -2.675, 1e-7, 1e22, 123456.789, 0.5, float('inf'), float('nan'), 'abc', 'é', '', 1/3, 5e-324, 1.7976931348623157e308, 0.125, 0.375]
specs = ['', '5', '<8', '>8', '^8', '=8', '05', '+', ' ', '-', 'd', 'x', 'X', 'o', 'b', '#x', 'c', ',', '_', '.0f', '.1f', '.2f', '8.3f', '.15f', '.20f', 'e', '.3e', 'g', '.3g', '%', '.1%', 's', '.2', '*^9', '010.2f', '+.1f', 'n', 'z.1f', 'é>6', '10s', '.1s']
for v in vals:
    for s in specs:
        try: r = repr(format(v, s))
        except Exception as e: r = type(e).__name__ + ': ' + str(e)
        print(repr(v), s, r)
for v in vals: print(str(v), repr(v), '%s' % (v,), '%r' % (v,), f'{v}', f'{v!r:>12}')
for v in (0.5, 1.5, 2.5, 0.125, 1e15, 123.456, -7.0): print('%.0f %.1f %.2f %5.1f %e %g' % (v,)*1 if False else '%.0f|%.1f|%.2f|%8.3f' % (v, v, v, v))
class S(str):
    def __format__(self, s): return 'S' + s
class F(float): pass
class I(int):
    def __str__(self): return 'I!'
print(f'{S("x"):abc}', f'{F(1.5):.2f}', f'{I(5)}', f'{I(5):d}', str(I(7)), format(I(3), '04'))
print(isinstance(1, (int, float)), isinstance('a', (int, (float, str))), isinstance(1.5, int), issubclass(bool, (float, int)))
class P:
    @property
    def __class__(self): return int
print(isinstance(P(), int), isinstance(P(), str))
class Q: pass
print(isinstance(Q(), (int, str)), isinstance(Q(), Q), isinstance(Q, type))
d = {}
d[(1, 'a')] = 1; d[(1.0, 'a')] = 2; d[(True, 'a')] = 3; d[(1, ('x', 2))] = 4; d[(1, ('x', 2.0))] = 5
print(d, (1, 'b') in d, (1,) in d, d.get((1, 'a')))
class H:
    def __init__(self, v): self.v = v
    def __hash__(self): return 1
    def __eq__(self, o): print('eq', self.v, getattr(o, 'v', o)); return isinstance(o, H) and self.v == o.v
d = {(H(1), 2): 'x'}
print((H(1), 2) in d, (H(2), 2) in d, (H(1), 3) in d)
for E in (ValueError, KeyError, OSError, StopIteration, AttributeError, NameError, ImportError, UnicodeDecodeError, SystemExit, RuntimeError):
    for a in ((), (1,), (2, 'two'), (2, 'two', 'f'), ('utf-8', b'x', 0, 1, 'bad')):
        try:
            e = E(*a); print(E.__name__, a, repr(e), str(e), e.args, getattr(e, 'value', '-'), getattr(e, 'errno', '-'), getattr(e, 'name', '-'), getattr(e, 'code', '-'))
        except Exception as x: print(E.__name__, a, type(x).__name__, x)
class MyE(ValueError):
    def __init__(self, x): super().__init__('wrapped', x); self.x = x
class MyN(ValueError):
    def __new__(cls, *a): 
        return super().__new__(cls, 'new')
print(repr(MyE(1)), MyE(2).args, repr(MyN(1, 2)), MyN(3).args)
try: ValueError(a=1)
except TypeError as e: print(e)
print(repr(AttributeError('a', name='n', obj=3)), AttributeError('a', name='n').name)
print([1] + [2], [] + [1], [1,2][::-1], 'abc'[::2], 'abc'[5:], (1,2,3)[1:], (1,2,3)[::-1], [1,2,3][-2:], 'héllo'[1:3], 'héllo'[::-1])
l = [1,2,3,4]; l[1:3] = [9]; print(l); l[:0] = [7, 8]; print(l); l[2:] = l; print(l); l[::2] = [0]*len(l[::2]); print(l); l[5:2] = [5]; print(l)
try: [1][::0]
except ValueError as e: print(e)
print(''.join(['a']), ','.join(['a', 'b', 'c']), ''.join(['é', 'a']), 'é'.join(['a', 'b']), '-'.join(('x', 'y')), ''.join(c for c in 'abc'), ''.join([]), '\u20ac'.join(['a', 'é', '\U0001F600']), ''.join(['', 'a', '']), 'é'.join(['a']).isascii(), ','.join(['', '']))
try: ','.join(['a', 1])
except TypeError as e: print(e)
print('a' in 'abc', 'é' in 'abc', '' in 'abc', 'bc' in 'abc', 'a' not in 'abc')
