t"a{x}b{y!r:>{w}}c{z=}{ q + 1 :f}"
t"" t"x{a}"
x = t"{a}{b}" t"c" rt"\d{e}"
t'''
{a
 + b # comment
}
{{ }} {c!s}
'''
f"{a=!s:>10} {b = } {c= :x}"
f"{'a' 'b'}" "x" f"{y}" ""
f"" "" f"{x}"
"a" f"b{{c}}d" 'e'
f"{{" f"}}"
f"{{{x}}}"
f"{x:{{}}}" if 0 else f"{x:a{y}b}"
f"{x!r:a\x41{y:z}\n}"
f'''{
x
:>
10}'''
f"{x:{y}{z}}"
f"{lambda_}{(lambda: 1)}{ {1:2}[1] }"
f"{yield_, *a}"
rf"\{x}\n"
f"\N{BULLET}{x}\N{DIGIT ONE}"
try:
    pass
except A, B:
    pass
try:
    pass
except* A, B:
    pass
type X[T: int = str, *Ts = *tuple[int], **P = [int]] = T
def f[T](a: int, /, *args: *Ts, b: x = 1) -> y: ...
class A[T = int](B, c=d): ...
match x:
    case {"a": 1, **rest} | [1, *_] as y if y: pass
    case -1 - 2j | "a" "b" | None | a.b.c: pass
    case A(1, b=2, c=_), *z: pass
    case (a): pass
    case (a, ): pass
    case []: pass
with (a as b, c): pass
with (a, b) as c: pass
with (yield): pass
x[*a, b:c, ::d]
x[*a]
x[a:=1]
(a := b)
print(*a, b := c, **d)
@a := b
def f(): pass
lambda x, /, y, *, z=1: (yield)
async def f():
    async with a as b: await c
    return [x async for x in y]
