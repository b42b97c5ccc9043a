"""The sources whose errors tests/errors.tsv and tests/accepted36.tsv hold.

    python3 error_cases.py > CASES.json
    python3.14 record_errors.py CASES.json > errors.tsv
    python3.6 record_accepted.py CASES.json > accepted36.tsv

A case is one source; a line of the text below stands for one, with \\n for a new line.
"""
import json

EXEC = r'''
x = (1, 2
x = [1, 2\ny = 3
f(a, b
{1: 2
x = 1)
x = (1]
x = (\n1]
'abc
x = "it's
x = 'it\'
"""abc\n\n
f'abc
f"{a
f'{a' 
x = 'é
0777
0b12
0o78
0xg
1__0
1_
1e
1e+
12abc
1.5abc
1jx
0b
0_
00123
x = $
x = a ? b
a ! b
x = €
x = a·b
 x = 1
if x:\n  a\n b
if x:\n\ta\n        b
if x:\npass
while x:\npass
for x in y:\npass
def f():\npass
class A:\npass
with a:\npass
with a as b:\npass
with (a, b):\npass
try:\npass
try:\n  a\nexcept:\nb
try:\n  a\nexcept E:\nb
try:\n  a\nexcept E as e:\nb
try:\n  a\nexcept* E:\nb
try:\n  a\nfinally:\nb
if x: pass\nelse:\npass
if x: pass\nelif y:\npass
for x in y: pass\nelse:\npass
while x: pass\nelse:\npass
match x:\ncase 1: pass
match x:\n  case 1:\n  pass
async def f():\npass
async def f():\n  async for x in y:\n  pass
async def f():\n  async with x:\n  pass
if x\n  pass
while x\n  pass
for x in y\n  pass
for x in y z: pass
def f()\n  pass
def f: pass
class A\n  pass
class A(B\n  pass
class A B: pass
with a\n  pass
with (a, b)\n  pass
with (a as b)\n  pass
try\n  pass
try:\n  a\nexcept\n  b
try:\n  a\nexcept E\n  b
try:\n  a\nfinally\n  b
if x: a\nelse\n  b
if x: a\nelif y\n  b
lambda x 1
match x\n  case 1: pass
match x:\n  case 1\n    pass
try:\n  a
try:\n  a\nb
try:\n  a\nexcept E: b\nexcept* F: c
try:\n  a\nexcept* E: b\nexcept F: c
try:\n  a\nexcept*: b
try:\n  a\nexcept A, B as e: b
try:\n  a\nexcept A, B: b
try:\n  a\nexcept A as b.c: b
try:\n  a\nexcept A as f(): b
try:\n  a\nexcept (A, B) as e: b\nelse: c\nfinally: d
f() = 1
f(x) += 1
1 = x
'a' = x
None = 1
True = x
... = 1
f'{a}' = 1
a + b = c
-a = b
not a = b
a and b = c
a < b = c
(a, b, 1) = c
[a, f()] = c
{a, b} = c
{a: b} = c
[x for x in y] = 1
(x for x in y) = 1
{x for x in y} = 1
{x: y for x in y} = 1
lambda: x = 1
(lambda: x) = 1
a if b else c = 1
(yield) = 1
yield = 1
x = yield = 1
a = f() = b
f() = a = b
a, f() = b
await x = 1
(a := 1) = 2
a: int = b = c
f(): int
(a, b): int
a, b: int
[a]: int
1: int
"x": int
(a): int = 3
a.b: int
a = 1 = 2
x = = 2
x += = 2
a, b += 1
[a, b] += 1
None += 1
1 += a
del f()
del 1
del a + b
del (a, f())
del [a, 1]
del a, b c
del *a
del (a, b), [c, d]
del
del a and b
del (yield)
for f() in x: pass
for 1 in x: pass
for a, 1 in x: pass
for (a, b in x): pass
for x in: pass
for in x: pass
for x y in z: pass
for x: pass
[x for f() in y]
[x for 1 in y]
[x for x, y+1 in z]
[x for x]
[x for x if y]
[x for in y]
[x, y for x, y in z]
{x, y for x, y in z}
(x, y for x, y in z)
[x, for x in y]
{x, y: z for x in y}
{**a for a in b}
{*a for a in b}
[*a for a in b]
(*a for a in b)
f(*a for a in b)
f(**a for a in b)
with a as f(): pass
with a as 1: pass
with a as b + c: pass
with (a as f(), b): pass
with a, b as c, : pass
with : pass
if x = 1: pass
if x.y = 1: pass
if f() = 1: pass
if (x = 1): pass
while x = y: pass
x = (y = 1)
(a, b = 1)
[a = 1]
{a = 1}
{a: b = 1}
x[a = 1]
f(a.b = 1)
f(a[0] = 1)
f(1 = 2)
f(None=1)
f(True=1)
f((a)=1)
f(a + b = 1)
f(a=)
f(a, b=)
f(a=, b)
f(a=1, b)
f(**a, b)
f(**a, *b)
f(a=1, *b, c)
f(*a=1)
f(**a=1)
f(a=1 for a in b)
f(a for a in b, c)
f(c, a for a in b)
f(a for a in b, c for c in d)
f(a=1, b for b in c)
f(a for a in b,)
f(1 for c in I,
f(1 for c in I, 2
f(1 for c in I, 2, 3
f(1 for c in I, $
f(1 for c in I, "
f(a, 1 for c in I, $
f(1 for c in I, 2 for d in J
f(1 for c in I, 2)
f(1 for c in I, x=2
f(a := 1, b)
f(a := 1 = 2)
f(*)
f(**)
f(*, a)
f(a b)
f(a, b c)
f(a b, c)
f(a\nb)
(a b)
[a b]
[a, b c]
{a b}
{a: b c}
{a b: c}
x[a b]
(a.b c.d)
(a 1)
(1 2)
("a" b)
(a "b")
(a f"b")
(a not b)
(lambda x: y z)
(yield a b)
(*a b)
x = [a, b\nc, d]
x = (a\n b)
a b
a b c
1 2
"a" b
x = a b
return a b
x = a, b c
print x
print "a"
print "a", b
print a, b,
print
print a if b else c
print (a), b
print(a) b
exec "a"
exec a in b
x = print y
print >>f, x
print -1
import a from b
import a.b from c.d
import a, b from c
import a as b from c
import a as b.c
import a as f()
import a as 1
import a.
import .a
import
import a,
from a import
from a import b,
from a import (b, c
from a import (b, c),
from a import ()
from a import b as c.d
from a import b as 1
from a import *, b
from a import b c
from import b
from . import
from .a. import b
import a b
def f(a, a=1, b): pass
def f(a=1, b): pass
def f(a=, b): pass
def f(a=): pass
def f(*): pass
def f(*,): pass
def f(*, **k): pass
def f(a, *, b=1, c): pass
def f(*a, *b): pass
def f(*a, *): pass
def f(**k, a): pass
def f(**k, *a): pass
def f(**k, **l): pass
def f(*a=1): pass
def f(**k=1): pass
def f(/, a): pass
def f(a, /, b, /): pass
def f(*a, /): pass
def f(a, *, /, b): pass
def f(a, / *b): pass
def f((a, b)): pass
def f(a, (b, c)): pass
def f(a, (b)): pass
def f(1): pass
def f(a.b): pass
def f(a b): pass
def f(None): pass
def f(a: int b): pass
def 1(): pass
def f(a) -> : pass
def f(a) int: pass
def f[T(): pass
def f[](): pass
class A[]: pass
type A[] = int
def f[*T: int](): pass
def f[**T: (a, b)](): pass
def f[T: ](): pass
def f[T =](): pass
type A = 
type A int
type 1 = int
lambda *: x
lambda a=1, b: x
lambda (a, b): x
lambda a, (b): x
lambda **k, a: x
lambda a=: x
lambda /: x
lambda a, /, /: x
lambda x: (yield
class A(x for x in y): pass
class A(*a, **b): pass
class 1: pass
class A(a=): pass
a if b
(a if b)
x = a if b
a if b else
a if b else pass
x = pass if a else b
break if a else b
a else b
not
x = not
a not b
a is not
a in
a not in
3 + not a
- not a
a and not b
a ** not b
a = *
*
*a
* a, b
(*a)
(**a)
(*a, b)
a = **b
print(*a, sep='')
x[*a, 1:2]
x[*(1:2)]
x[a:b:c:d]
x[]
x[:
{1: *a}
{1: }
{1: 2, 3}
{1: 2, 3: }
{1: 2, **a, 3}
{1: 2, 3:4 5:6}
{1, 2: 3}
{**a, b}
{a: b, **c for c in d}
{*a: b}
{1:2}[
a.
a.1
a..b
.a
a.None
a.(b)
a[
a(
@
@a
@a b
@a\nx = 1
@a\n\ndef f(): pass\n
async x
async def
async def f(: pass
await
async for x in y: pass
async with x: pass
async\ndef f(): pass
return = 1
pass = 1
x = def
class = 1
if = 1
global x.y
global
global x,
nonlocal 1
nonlocal x y
assert
assert a b
assert a, 
raise a, b
raise a from
raise from a
return return
break 1
continue x
pass x
pass; ; pass
; x
x;; y
a := 1
(a := 1
(a.b := 1)
(a[0] := 1)
(f() := 1)
((a) := 1)
((a, b) := 1)
(1 := 1)
(a := )
(:= 1)
(a := b := c)
x = a := 1
lambda: a := 1
a.b := 1
f(a=b := 1)
match a:\n  case *b: pass
match a:\n  case (*b): pass
match a:\n  case b as _: pass
match a:\n  case b as c.d: pass
match a:\n  case b as f(): pass
match a:\n  case b as 1: pass
match a:\n  case {**_}: pass
match a:\n  case {**a, 'b': c}: pass
match a:\n  case {a: b}: pass
match a:\n  case {1 + 2: b}: pass
match a:\n  case 1 + 2: pass
match a:\n  case 1j + 2j: pass
match a:\n  case -a: pass
match a:\n  case a + 1j: pass
match a:\n  case A(b=c, d): pass
match a:\n  case A(b=c, d, e=f, g): pass
match a:\n  case A(b.c=d): pass
match a:\n  case a.b.c(): pass\n  case x if y: pass
match a:\n  case f'x': pass
match a:\n  case 1 |: pass
match a:\n  case: pass
match a:\n  x = 1
match a b:\n  case c: pass
match (a b):\n  case c: pass
match a:\n  case [b c]: pass
match(a)\nmatch[b]\nmatch * c
case = 1
match x:\n  case 1: pass\n\n  y
f"{}"
f"{ }"
f"{!r}"
f"{:x}"
f"{=}"
f"{a!}"
f"{a!x}"
f"{a!rr}"
f"{a! r}"
f"{a!r b}"
f"{a b}"
f"{a:{b c}}"
f"{a:{}}"
f"{a:{b:{c:{d}}}}"
f"}"
f"a}b"
f"{a}}"
f"{{}"
f"{a)}"
f"{(a}"
f"{a[}"
f"{lambda x: 1}"
f"{(lambda x: 1)}"
f"{*}"
f"{*a}"
f"{,}"
f"{a,}"
f"{a;}"
f"{a = 1}"
f"{a =
f"{a:
f"{a!r:
f"{a:x\n}"
f"{a +}"
f"{a.}"
f"{yield}"
f"{a"b"}"
f"{'a' 'b'}"
f"{a}" b"c"
f"{def}"
f"{\n}"
f"{#}"
f'{a["b"]}'
f'{a['b']}'
f"\N{DIGIT ONE}{a}"
f"\N{NO SUCH THING}"
t"{}"
t"{a!x}"
t"}"
t"a" "b"
t"a" f"b"
t"abc
t"{a
"a" b"b"
b"a" "b"
b"é"
"\x1"
"\u12"
"\U0011ffff"
"\N{NO SUCH NAME}"
"\N"
"\N{}"
"\N{abc"
b"\x1"
"abc \x"
"é\x1"
ub"a"
fb"a"
ur"a"
bu'a'
tf'a'
bt'a'
"a "b" c"
"a" b "c"
x = "He said "no" to me"
\\
x \\
x = \\
(x \\
x \\ y
if x: \\
x = 1 \\\n
\\ x
1 <> 2
a =< b
a => b
a === b
a ++
a --
++a
a && b
a || b
!a
a!
a -> b
a <- b
x++
x = y++
def f():\n    x = 1\n  y = 2
def f():\n\tif x:\n        y
class A:\n    def f(self):\n    pass
if True:\n    pass\n  else:\n    pass
x = 1\n  y = 2
    x
if a:\n    b\nelse if c:\n    d
if a:\n    b\nelif:\n    d
elif a: b
else: b
except: b
finally: b
case 1: b
except E as e: b
import a\n  b
if (a:\n  b
foo(a, b\nfor x in y:\n  pass
x = {\n 'a': 1,\n 'b' 2,\n}
x = [\n 1,\n 2\n 3\n]
x = (1,\n  2,\n  3
print(f"{a", b)
d = dict(a=1, b=2, 3)
assert x, "a" "b" c
return
yield
yield a, b
x = yield from
x = yield from a, b
global x; x = 1
def f(x): return x +
def f(x): return (x
lambda
lambda:
lambda x
lambda x,: x
lambda *a, b=1, **k: 0
x if y else lambda: z
[i for i in range(3) if i else j]
[i for i in lambda: x, y]
[i async for i in x]
{i: j async for i, j in x}
a = b, = c
a, = b
*a, = b
*a = b
*a, *b = c
(*a, b) = c
a[b, *c] = d
x: *a
x: a, b
x: int = *a, b
x: yield
def f(*a: *b): pass
def f(a: *b): pass
def f(**k: *b): pass
@x.y[0](1)\ndef f(): pass
@(yield)\ndef f(): pass
@x := y\ndef f(): pass
with (a, b) as c: pass
with (a, b), c: pass
with (yield): pass
with (a := b): pass
with (a for a in b): pass
with (a, b,): pass
with (a as b, c as d,): pass
with a as (b, c): pass
with a as [b, *c]: pass
with (a) as b, (c) as d: pass
0xfor x in y
1if 2else 3
1_000 + 0x_ff + 0b_1 + 0o_7 + 1_0.0_1e1_0j
0xdead or 1or 2and 3
[1for x in y]
1 if x else2
x = 0o17 if a else 0b1
'\d \8 \400'
b'\d \400'
'''

EVAL = r'''
1 +
(1
1 2
x = 1
a b
(a b)
f(
'abc
lambda x: 
f"{a"
"\x1"
yield
*a
 1
\n\n1
1;
pass
1\\
a := 1
(a := 1)
[x, y for x, y in z]

#
'''

SINGLE = r'''
x
x\ny
x; y
x = 1\n\n
if x: y
if x: y\n
if x:\n  y
if x:\n  y\n
if x:\n  y\nz
def f():\n  pass\n\n
def f(): pass
class A:
x y
a\n\n\n#b
a\nb c
(a
'''


def lines(text):
    for line in text.strip('\n').split('\n'):
        yield line.replace('\\\\', '\0').replace('\\n', '\n').replace('\0', '\\')


def main():
    cases = [[line, 'exec'] for line in lines(EXEC)]
    cases += [[line + '\n', 'exec'] for line in lines(EXEC)]
    cases += [[line, 'eval'] for line in lines(EVAL)]
    cases += [[line, 'single'] for line in lines(SINGLE)]
    # A second statement, so that errors are not all on the last line.
    cases += [['a = 1\n' + line + '\nb = 2\n', 'exec'] for line in lines(EXEC)]
    seen = set()
    unique = []
    for source, mode in cases:
        if source and (source, mode) not in seen:
            seen.add((source, mode))
            unique.append([source, mode])
    print(json.dumps(unique))


main()
