"""Records what CPython's own engine makes of patterns and texts.

usage: python record.py OUTPUT [CASES [SEED]]      (CPython 3.14; the committed file is 3.14.2's)

A line begins a pattern: `P code groups flags pattern`, or one of its texts: `T text results`.
Fields are split by tabs, strings are in `unicode_escape`; a code is in hexadecimal, text of a
bytes pattern as latin-1 (flag `b`). Results are `search|match|fullmatch|finditer|all matches of a
scanner|search from 1 to the last character`, each match as its spans and `lastindex`.
"""

import random
import re
import sys
from re import _compiler, _parser

import _sre

dice = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 7)
CASES = int(sys.argv[2]) if len(sys.argv) > 2 else 300

LIST = r"""abc
a*b
a+?b
(a)(b)?c
(a|ab)(c|bcd)(d*)
^abc$
\bfoo\b
\Bo\B
[a-z]+@[a-z]+\.com
(\w+)\s+\1
(?i)stra\xdfe
(?i)\u017f
(?i)[k-s]
(?i)\u0130
(?:a|b)*c
(a|b)*?c
(?:ab?)*?b
((a)|b)*
(?:(a)|(b))+
(a*)*
(a*)+
(a*?)*?x
(?:a?){3}b
(?<=ab)c
(?<!ab)c
(?=a)\w
(?!a)\w
(?<=(a))b
(?!(a)b)a
(?=(a+))a*b\1
(?>a+)ab
(?>a+|b)c
a++b
a*+a
(?:ab)++c
(?:a?)*+b
(?:(a)|)*+b
(?:|a)*+b
(a)?(?(1)b|c)
(a)?(?(1)b)c
(?:(a)|b)(?(1)c|d)
(x)?(?(1)\x0f|y)
(x)?(?(1)[^\x0f])
(?:(x)|a)(?(1)[b\x0f]|[c\x0f])
\d+
\D+
\s\S
[^\W\d_]+
.
(?s:.)
.*\n.
(?m)^a.*$
(?m)^$
\Z
^\A
a{2,4}
a{2,4}?
(?:ab){2,3}
(?:ab){1,2}?c
x{0}
(?:x{0})*
(?:)*
()
()*
(?:(?:a{0,2}){0,2}){2}
\u0101+
[\u0100-\u0200]+
[^\u0100]
[a\u1234\U00010400]
(?i)\U00010400
(?i)[\U00010400-\U00010410]
(?i)ABC
(?i)[^abc]
(?ia)K
(?a)\w+
(?a)\d
(?a)\s+
(?i)(.)\1
(?ia)(.)\1
foo(?:bar|baz)
foo|bar
foo|bar|baz|qux|quux
(f)oo
x*
x*?
(?:x|y)*z
(?:.*?,){2}
"(?:[^"\\]|\\.)*"
<([^>]+)>.*?</\1>
(?:a|ab|abc)$
(?:a|(?:b|c))d
((?:a|b)|c)*d
(?:a(?=b)|b)+
(?:(?<=a)b|a)+
(?:a(?!c)b?)*
([ab])*?([bc])+
(?:([ab])|c)*\1
(?:(a)(?=(b))|b)*
\b
\B
(?m:^)
(?<=^a)b
(?<=\b)a
(?:a*)*b
(?:a*?)*?b
(?:a|a?)+b
(?:a+)+$
(?:(?:a)?b?)*c
(a?)*?b
(?:a??)+?b
(a??)*
(?:(a??)b)*
(?>(a)|b)+
(?>a(?>b)?)c
(?:a|b)++c
((?:a|b)*+)c
(?:(a)|(b)){2}+
(?:(a)b?){1,2}+b
[a-c]++[a-z]
(?<![a-c])[^a-c]
\w+\d
\w*?\d
\s*\S+
[\w.]+@[\w.]+
(?P<x>a)(?P<y>b)?(?P=x)
(?i:a)b
(?i)(?-i:a)B
[]]
[^]]
\.
\\
a$\n
(?m)a$\n
\n$
$
(?m)$
a*c|b*c
(?:b|a*)c
a*b|a*c
(a+)(b+)?\Z
(?s)a.*c
(?s)a.*?c
a.*?c
.*?c
[^a]*?c
[^\n]*b
(?m)^.*b""".split("\n")

TEXTS = ["", "a", "b", "abc", "aab", "ab", "abab", "aabb", "abcbc", "aaaa", "foo bar", "foobar", "xfoox", "abc abc", "a\nb", "ab\n", "\n", "\n\n", "aAbB", "x@y.com", "me@example.com or you@x.org",
         "<b>bold</b> <i>x</i>", '"a\\"b" "c"', "1 22 333", "k\u212aK\u017fsS", "stra\xdfe STRASSE STRA\u1e9eE", "I\u0130i\u0131", "\u0100\u0101\u0200", "\U00010400\U00010428a", "caab", "bca",
         "a,b,c,", "\u0663\u0968 9", "\xe9t\xe9 \xc9", "yz", "xyxz", "aaab", "ababc", "bab", "acd", "abcd", "x\x0fy", "bc", "bazquux", "  a b", "a" * 20, "ab" * 10 + "c", "\x85\u2028a\x1c"]


def random_pattern(depth=3):
    pick = dice.choice
    kind = dice.random()
    if depth == 0 or kind < .35:
        return pick(["a", "b", "c", "ab", ".", "[ab]", "[^a]", r"\w", r"\s", r"\d", "x", "(?:)", r"\b", "^", "$", r"\B", "[a-c]", "\u0101", "[b\u0101]", "(?i:A)", "(?i:[AB])"])
    if kind < .55:
        return random_pattern(depth - 1) + random_pattern(depth - 1)
    if kind < .7:
        return pick(["(?:%s)", "(%s)", "(%s)", "(?>%s)", "(?=%s)", "(?!%s)"]) % random_pattern(depth - 1)
    if kind < .8:
        return "(?:%s|%s)" % (random_pattern(depth - 1), random_pattern(depth - 1))
    if kind < .85:
        return pick([r"\1", "(?(1)%s|%s)" % (random_pattern(depth - 1), random_pattern(depth - 1)), "(?<=a)", "(?<!b)", "(?<=(?:ab|ba))"])
    return "(?:%s)%s" % (random_pattern(depth - 1), pick(["*", "+", "?", "*?", "+?", "??", "*+", "++", "{2}", "{1,2}", "{0,2}?", "{2,}", "{1,2}+"]))


def patterns():
    for pattern in LIST:
        pattern = re.sub(r"\\u....|\\U........", lambda match: match[0].encode().decode("unicode_escape"), pattern)
        yield pattern, 0
        if pattern.isascii() and not pattern.startswith("(?") and dice.random() < .3:
            yield pattern.encode(), 0
    for pattern in (rb"(\w)\1", rb"[\x80-\xff]+", rb"\W+", rb"caf\xe9", rb"[^a]", rb"."):
        yield pattern, 0
        yield pattern, re.I
        yield pattern, re.L
        yield pattern, re.I | re.L
    made = 0
    while made < CASES:
        pattern = random_pattern()
        flags = dice.choice([0, 0, 0, re.I, re.M, re.S, re.A, re.I | re.M])
        try:
            _parser.parse(pattern, flags)
            code = _compiler._code(_parser.parse(pattern, flags), flags)
        except re.PatternError:
            continue
        if len(code) < 150:
            made += 1
            yield pattern, flags


def show(match):
    if match is None:
        return "-"
    return ",".join(f"{start}:{end}" for start, end in match.regs) + f";{match.lastindex or 0}"


def scan(pattern, text):
    scanner = pattern.scanner(text)
    while (match := scanner.match()) is not None:
        yield match


def quote(text):
    return text.encode("unicode_escape").decode()


def choose(pattern, is_bytes):
    """A few texts, most of them with a match."""
    texts = [text.encode("latin-1", "ignore") if is_bytes else text for text in TEXTS]
    good = [text for text in texts if pattern.search(text)]
    bad = [text for text in texts if not pattern.search(text)]
    return dice.sample(good, min(len(good), 7)) + dice.sample(bad, min(len(bad), 2))


with open(sys.argv[1], "w", newline="\n") as out:
    for source, flags in patterns():
        parsed = _parser.parse(source, flags)
        code = _compiler._code(parsed, flags)
        try:
            pattern = re.compile(source, flags)
        except re.PatternError:
            continue
        # The recording machine's "any number" may be narrower than 32 bits.
        words = (0xFFFFFFFF if word == _sre.MAXREPEAT else word for word in code)
        is_bytes = isinstance(source, bytes)
        shown = source.decode("latin-1") if is_bytes else source
        out.write("\t".join(["P", " ".join(f"{word:x}" for word in words), str(pattern.groups), "b" if is_bytes else "s", quote(shown)]) + "\n")
        for text in choose(pattern, is_bytes):
            results = [show(pattern.search(text)), show(pattern.match(text)), show(pattern.fullmatch(text)),
                       " ".join(map(show, pattern.finditer(text))), " ".join(map(show, scan(pattern, text))),
                       show(pattern.search(text, 1, max(len(text) - 1, 0)))]
            out.write("\t".join(["T", quote(text.decode("latin-1") if is_bytes else text), "|".join(results)]) + "\n")
