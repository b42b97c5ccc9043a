"""Records CPython's own answers for the tests of this crate.

usage: python record.py OUTPUT_DIR        (CPython 3.14; the committed files are 3.14.2's)

Each file holds one case a line, fields split by tabs, strings by
`unicode_escape`; the last field is the result, or `!Type: message`.
"""

import itertools
import os
import random
import struct
import sys


def quote(text):
    return text.encode("unicode_escape").decode()


def outcome(function, *args):
    try:
        return quote(function(*args))
    except Exception as error:
        return f"!{type(error).__name__}: {quote(str(error))}"


def write(name, rows):
    with open(os.path.join(sys.argv[1], name), "w", newline="\n") as out:
        for row in rows:
            assert all("\t" not in field and "\n" not in field for field in row), row
            out.write("\t".join(row) + "\n")


dice = random.Random(20)

INTS = [0, 1, -1, 7, 65, -255, 1234, 1234567, -1234567890123, 2**63, -10**25, 0x10FFFF, 0x110000,
        10**400, -2**64]
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 2.5, 0.5, 1e16, 9999999999999998.0, 1e15, 123456789.125,
          1e-4, 0.00001234, -1e-5, 1e22, 1e23, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308,
          float("inf"), float("-inf"), float("nan"), 999999.5, 0.00009999995, -0.0004, 12345.678901234,
          1e100, 0.015, 1.005, 2.675]
COMPLEXES = [0j, 1 + 2j, -0.0 - 0.0j, 1234567.891 - 1e20j, complex("nan+infj"), 3j, -3j, 1.5 + 0j]
STRINGS = ["", "a", "hello", "snow \u2603", "\U0001f600\ud800"]


def kind(value):
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float):
        return "float", value.hex()
    if isinstance(value, complex):
        return "complex", f"{value.real.hex()} {value.imag.hex()}"
    return "str", quote(value)


def random_spec():
    pick = dice.choice
    spec = pick(["", "", "", "<", ">", "^", "=", "*<", "0=", "\u2603^", "0>", "x="])
    spec += pick(["", "", "", "+", "-", " "])
    spec += pick(["", "", "", "", "z"])
    spec += pick(["", "", "", "#"])
    spec += pick(["", "", "", "0"])
    spec += pick(["", "", "5", "12", "20", "1", "31"])
    spec += pick(["", "", "", "", ",", "_"])
    spec += pick(["", "", "", ".0", ".1", ".3", ".6", ".17", ".30", ".,", "._", ".4,", ".5_"])
    spec += pick(["", "", "d", "e", "f", "g", "n", "s", "b", "o", "x", "X", "c", "E", "F", "G", "%"])
    return spec


ODD_SPECS = ["", ".", "..", "5.", ",,", ",_", "_,", "__", "10,_f", ".3,_f", ".3_,f", ".3,,f", "dd", "y",
             "\u2603", "\u2603\u2603", "<<", "<<<", "<<5", "{}", "}", "99999999999999999999", ".99999999999999999999",
             "\u0663", "0\u0663.\u0662f", "zz", "z+", "+z.1f", "##", "+-", "005", "00005d", "=5", "=5s", "05s",
             " s", "-s", "#s", "zs", ",s", "_s", ",n", "_n", ",b", "_b", ",c", "_x", ".3d", ".,d", "+c", "#c",
             "5c", "<5c", "=5c", "05c", "zd", "zc", "\x00", "a\x00", "\x00<5", "08_b", "#010_x", "#_b", "020,.3f",
             "020,.6e", "1_000", "-010", "+012,d", "0=+12,d", "*=+12,d", ".0f", "#.0f", "#.0e", "#g", "#.3g", ".0g",
             "#.0g", "#", ".0", "#.0", "z.0f", "z.1f", "z.0e", "z.0g", "z", ".50f", ".400e", "%", ".0%", "#.0%",
             "012.,f", "020.,f", "020,.,f", ".12,f", ".12_e", ".4_g", ".,", "._", ".2,%", "s\u2603", "\ud800<5"]


def format_rows():
    values = INTS + FLOATS + COMPLEXES + STRINGS
    cases = list(itertools.product(INTS[:9] + FLOATS[:8] + FLOATS[19:22] + COMPLEXES[:4] + STRINGS[:4], ODD_SPECS))
    cases = dice.sample(cases, 1500)
    cases += [(value, random_spec()) for value in values for _ in range(30)]
    for value, spec in cases:
        result = outcome(format, value, spec)
        # The recording machine's C long may have 32 bits.
        if len(result) < 420 and not ("C long" in result and abs(value) < 2**63):
            yield *kind(value), quote(spec), result


def percent_rows():
    pick = dice.choice
    for _ in range(1300):
        flags = "".join(dice.sample("-+ #0", pick([0, 0, 1, 1, 2, 3])))
        template = f"%{flags}{pick(['', '', '3', '12', '25'])}{pick(['', '', '.', '.0', '.1', '.5', '.20'])}"
        if pick([0, 1]):
            value, template = pick(INTS[:11] + INTS[13:]), template + pick("diuoxX")
        else:
            value, template = pick(FLOATS), template + pick("eEfFgG")
        result = outcome(lambda: template % value)
        if len(result) < 420:
            yield *kind(value), template, result


def some_floats(count):
    yield from FLOATS
    for _ in range(count):
        value, = struct.unpack("<d", dice.randbytes(8))
        if value == value:
            yield value
        yield dice.randrange(10**dice.randrange(1, 18)) / 10**dice.randrange(0, 18)


def float_rows():
    for value in some_floats(300):
        digits = dice.randrange(-30, 40)
        yield (value.hex(), repr(value), outcome(lambda: repr(round(value, digits))), str(digits),
               outcome(lambda: "%d/%d" % value.as_integer_ratio()) if abs(value) < 1e40 else "-")


PARSES = """1 1.5 .5 5. . +1 -1 +-1 1e5 1e 1e+ 1e+5 1E-5 1e_5 1_0 1__0 _1 1_ 1_.5 1._5 1.5_5 1e1_0 inf -inf +Infinity
iNf infinit nan -NaN nan(1) 0x1p3 1e400 -1e400 1e-400 1,5 1.5.5 1ee5 1e5.5 1d5 infinity_ 1_e5 123456789012345678901234567890
0.1e1 00012 0_0 1e-0_5""".split() + ["", " ", " 1 ", "\t1\n", "1 2", "\x0b1\x0c", "\x1c1\x1f", "1\0", "\0"]
HEXES = """0x1p3 0x1.8p1 1.8 0x.8 0x8. . 0x 0x. p3 0x1p 0x1p+ 0x1p+1024 0x1p1023 0x1.fffffffffffffp1023
0x1.fffffffffffff7p1023 0x1.fffffffffffff8p1023 0x1p-1074 0x1p-1075 0x1.8p-1075 0x0.8p-1074 0x1.0000000000000000001p-1075 -0x0p0
-0 inf -Inf infinity nan -nan 0x1.00000000000008p0 0x1.000000000000080000001p0 0x1.00000000000018p0 0x1p99999999999999999999 0x0p99999999999999999999
0x1p-99999999999999999999 0X1P3 +0x1 0x1_0 1p1p1 0x1.2.3 0xg ffff.ffff 0x1p1.5 0x123456789abcdef123456789abcdef.1p-10""".split() + ["", " 0x1 ", "0x 1"]
INT_PARSES = [(text, base) for text in """0 00 000_0 01 1_000 1__0 _1 1_ 0x10 0X_ff 0x__f 0x 0b101 0b12 0o17 0o8 0B_1_0 -0x10 +0b1 - + --1 -_1
zz ZZ 10 7fffffffffffffff 9223372036854775807 9223372036854775808 -9223372036854775808 123456789012345678901234567890
-8000000000000000 1e5 1.0 0_x10 0b 0_ 00x1 0b0_0 1000000000000000000000000000000000000000000000000000000000000000000 0xf_ f""".split()
              + [" 12 ", "\t-7\n", "1 2", "", " ", "- 1", "1\0", "\x1c5"] for base in (0, 2, 8, 10, 16, 36, 3)]
COMPLEX_PARSES = """1 1j j -j +j 1+2j 1-2j 1+j 1-j (1+2j) ((1)) (1 1) 1+2 1j+2 1j+2j 1+-2j 1e5+1e-5j nan+infj -nan-infj infj nanj 1_0+2_0j 1__0j
1+2J .5+.5j . +. 1+.j 1+2jj 1+2j3 () 1e+j 1e5j (1j 1_j _1j 1+_2j inf-nanj 1+2ij infinity+1j -infinityj""".split() + ["", " ( 1+2j ) ", "1 +2j", "( 1 )", "1+ 2j"]


def parse_rows():
    for text in PARSES:
        yield "float", quote(text), "", outcome(lambda: repr(float(text)))
    for text in HEXES:
        yield "fromhex", quote(text), "", outcome(lambda: float.fromhex(text).hex())
    for text, base in INT_PARSES:
        yield "int", quote(text), str(base), outcome(lambda: str(int(text, base)))
    for text in COMPLEX_PARSES:
        yield "complex", quote(text), "", outcome(lambda: repr(complex(text)))


TEMPLATES = ["", "a", "{}", "{{}}", "{", "}", "a{0}b{1}c", "{a.b[0]!r:>10}", "{!r}", "{:x}", "{0!r:}", "{!}", "{!r", "{!rx}", "{a!}", "{:{}}", "{:{{}}}",
             "{0[}]}", "{0[a]b}", "{0[a].b[c][1]}", "{0.}", "{0[]}", "{0[}", "{0.a.}", "{[x]}", "{.x}", "{a{b}}", "{0:{1}{2}}", "{0:{1", "{:}", "}}{", "{}}", "a}b", "a}}b{{c",
             "{00}", "{01.x[01]}", "{0x}", "{ 0 }", "{-1}", "{99999999999999999999}", "{a[99999999999999999999]}", "{\u0663}", "{a[\u0663]}", "{a:{b!r:x}}", "{a!r:{b}:{c}}", "{:!r}", "{a:}}",
             "{a[b:c]}", "{a[b!c]}", "{a.b:c!d}", "{\u2603.\u2603[\u2603]!s:\u2603}", "{!\u2603}", "{a[", "{a[b", "{a!r:", "{a:", "{a", "{a.b", "{{{0}}}", "{0[a]]}", "{0[[]}", "{0..a}", "{:{:{}}}"]


def template_rows():
    from _string import formatter_field_name_split, formatter_parser

    def parts(template):
        found = []
        for literal, name, spec, conversion in formatter_parser(template):
            found.append(f"<{literal}|{name}|{spec}|{conversion}>")
        return "".join(found)

    def names(template):
        found = []
        for _, name, _, _ in formatter_parser(template):
            if name is not None:
                first, rest = formatter_field_name_split(name)
                found.append(f"{first!r}" + "".join(f"{'.' if attr else '['}{key!r}" for attr, key in rest))
        return " ".join(found)

    for template in TEMPLATES:
        yield quote(template), outcome(parts, template), outcome(names, template)


def percent_template_rows():
    templates = ["", "%", "%%", "%y", "%(", "%(a", "%(a)", "%(a)y", "%(a(b)c)s", "%((a)s", "%l", "%ls", "%hd", "%Ld", "%5", "%5.", "%-", "%\u2603", "a%\u2603b", "%(a)5%",
                 "%99999999999999999999d", "%.99999999999999999999d", "%.2147483648d", "% s", "%#\x01", "%lls", "%lhd", "%5.3", "%.*", "%(a)", "%()s", "%\ud800"]
    for template in templates:
        values = {"a": 1, "a(b)c": 2, "": 3} if "%(" in template else (1,) if len(template) > 1 and template != "%%" else ()
        if "*" in template:
            values = (1, 2)
        yield quote(template), outcome(lambda: template % values)


write("format.txt", format_rows())
write("percent.txt", percent_rows())
write("floats.txt", float_rows())
write("parse.txt", parse_rows())
write("templates.txt", template_rows())
write("percent_templates.txt", percent_template_rows())
