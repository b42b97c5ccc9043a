"""A documentation
of two lines."""
x = (1,
  f"""a
  {b
   + c}d {
   d}
   {x:>{y
   + z}}
{q}""" "d"
   f"{z!r}")
foo(1,
 """a
 b""", 3)
f'\\N{x}' rf'\N{x}' f'\N{BULLET}{{}}' f'' f'abc'


@decorator
@other.one(3)
def function(a,
        b=3, *c: int, d=4, **e) -> str: pass


@decorator
class C(x,
        y=z): pass


@decorator
async def coroutine():
    async with a as b: pass
    async for c in d: await e
    return [f async for g in h]
async = await = 1
print(async, await)
foo(
 a).b(
 c)(d)
x[
 1]
x[a:b,
 c]
(
 a)[1]
foo(a
 for b in
  c)
(a,
 b)
(
 a for b in c)
[
 a for c in d]
{
 a: b for c in d}
a + \
 b \
 + c \
 - d * e \
 * f
for (
 a), b in c: pass
if x: pass
elif \
 y: pass
elif """a
 """: pass
else: pass
lambda: (
 x)
[x for x in y if lambda: z]
f((a)=1)
f(x for x in y)
class D(x for x in y): pass
x: int = 3
(x): int
del (a), [b]
x = yield_ = *a, b
1if 2else 3
