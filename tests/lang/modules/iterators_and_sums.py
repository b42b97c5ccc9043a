# `reversed` pickles its place; `sumprod` rounds as CPython's does; the errors of contexts.
import contextvars, math
def t(f, *a, **k):
    try: print(repr(f(*a, **k)))
    except BaseException as e: print(type(e).__name__, e)
r = reversed((1, 2, 3))
print(r.__reduce__(), next(r), r.__reduce__())
r.__setstate__(9); print(r.__reduce__())
r.__setstate__(-5); print(list(r), r.__reduce__())
t(r.__setstate__, 'a')
t(math.sumprod, (-5, -5, 10), (1.5, 4611686018427387904, 2305843009213693952))
t(math.sumprod, (1, 2.5, True), (1 << 62, 4, 0.1))
t(math.sumprod, (2**70, 0.1), (3, 10))
t(math.sumprod, (1e308, 1e308, 1), (10, -10, 2))
t(math.sumprod, (1 << 62, 1 << 62, 1 << 62), (1, 1, 1))
t(math.sumprod, (0.1,) * 10, (10,) * 10)
t(math.sumprod, (1, 2), (1,))
t(contextvars.ContextVar); t(contextvars.ContextVar, 5)
t(contextvars.Context().run); t(contextvars.Context().run, max, 1, 2)
