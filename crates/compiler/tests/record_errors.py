"""Records the errors that a CPython finds after parsing.

    python3.6 record_errors.py 3.6 > errors.txt
    python3.14 record_errors.py 3.14 >> errors.txt
"""

import sys
import warnings

SOURCES = [
    "x: int\nglobal x", "def f(a,a): pass", "def f():\n x=1\n global x",
    "def f():\n print(x)\n nonlocal x", "nonlocal x", "def f():\n nonlocal x",
    "class A:\n return 1", "break", "continue",
    "for i in x:\n try: pass\n finally:\n  continue", "def f(x):\n global x",
    "def f(x):\n nonlocal x", "class C:\n def f():\n  nonlocal x", "*a = 1", "*a, *b = 1", "*a",
    "async def f():\n yield 1\n return 1", "async def f():\n yield from x", "yield 1",
    "def f(): await x", "from __future__ import foo", "from __future__ import braces",
    "x=1\nfrom __future__ import division", "def f():\n from a import *",
    "def f():\n import a\n global a", "try: pass\nexcept: pass\nexcept A: pass",
    "class A:\n yield x", "def f():\n a: int\n global a", "def f():\n global a\n a: int",
    "lambda a, a: 1", "x = (yield)", "def g():\n x=1\n def f(x):\n  nonlocal x", "return",
    "def f():\n global x\n nonlocal x", "class C:\n nonlocal x",
]
MODERN = [
    "await 1", "def f(): [x async for x in y]", "[i := 0 for i in x]",
    "[i for i in (j := x)]", "class C: [j := i for i in x]",
    "[i for i in x if (j := 0) for j in y]", "f(a=1, a=2)",
    "match x:\n case y: pass\n case 1: pass", "match x:\n case _: pass\n case 1: pass",
    "match x:\n case [a, a]: pass", "match x:\n case [a] | [b]: pass",
    "match x:\n case [*a, *b]: pass", "match x:\n case {1: a, 1: b}: pass",
    "match x:\n case C(a=1, a=2): pass",
    "for a in b:\n try: pass\n except* c: break", "def f():\n try: pass\n except* c: return",
    "def f[T, T](): pass", "def f[T = int, U](): pass", "type X = (yield)",
    "def f(a: (yield)): pass", "class C[T: (await x)]: pass", "x: (y := 1)",
    "def f[T]():\n nonlocal T", "async def f():\n def g():\n  async with a: pass",
    "def f():\n async for a in b: pass", "__debug__ = 1", "def f():\n del __debug__",
    "[(yield) for a in b]",
]

warnings.simplefilter("ignore")
level = sys.argv[1]
for source in SOURCES + (MODERN if level == "3.14" else []):
    try:
        compile(source, "<s>", "exec")
        message, place = "OK", ""
    except SyntaxError as e:
        message, place = e.msg, "%s:%s" % (e.lineno, e.offset)
    print("\t".join([level, source.replace("\n", "\\n"), message, place]))
