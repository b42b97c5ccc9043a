"""str: methods on ASCII, Latin-1, wide and astral text, and their errors."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


texts = ("", "a", "Hello World", "hello, world\n", "ÀÉÎ straße ŉ", "ΑΣΣΟΣ ΣΑΣ", "日本 語\u3000x", "😀a😀b", "ǅ ǆ Ǆ ﬁ", "\ud800x", "tab\tx\r\ny\x0bz\x1c w", "12²½", "_x1", "İı")
for s in texts:
    print(ascii(s), len(s), ascii(s.lower()), ascii(s.upper()), ascii(s.title()), ascii(s.capitalize()), ascii(s.swapcase()), ascii(s.casefold()))
    print([getattr(s, name)() for name in ("isascii", "islower", "isupper", "istitle", "isspace", "isdecimal", "isdigit", "isnumeric", "isalpha", "isalnum", "isidentifier", "isprintable")])
    print(ascii(s.split()), ascii(s.rsplit(None, 1)), ascii(s.split(None, 1)), ascii(s.splitlines()), ascii(s.splitlines(True)), ascii(s.split("a")), ascii(s.rsplit("a", 1)), ascii(s.partition("a")), ascii(s.rpartition("x")))
    print(ascii(s.strip()), ascii(s.lstrip("Hh ")), ascii(s.rstrip("x\n")), ascii(s.center(15, "é")), ascii(s.ljust(8, "*")), ascii(s.rjust(9)), ascii(s.zfill(6)), ascii(s.expandtabs(4)))
    print(ascii(s[::-1]), ascii(s[1:]), ascii(s[::2]), ascii(s[-3:]), ascii(s * 2), ascii(s + "é"), ascii(s + "😀"), ascii(s.replace("a", "日")), ascii(s.replace("", "-", 3)), ascii(repr(s)), ascii(list(s)), hash(s) == hash("".join(list(s))))
    print([s.find(t) for t in ("", "a", "😀", "本", "zz", "ß", "ss")], [s.rfind(t) for t in ("", "a", "x")], [s.count(t) for t in ("", "a", "😀")], "a" in s, "😀" in s, s.startswith(("Hel", "日")), s.endswith("x"), s.find("", 3), s.find("", 100), s.index("", 0), s.count("", 2))
print("abcabc".find("c", 3), "abcabc".rfind("a", 0, 3), "abcabc".find("a", -3), "abcabc".index("bc", -5, -1), "aaaa".count("aa"), "aaaa".replace("aa", "b", 1), "abc".find("", 3), "abc".find("", 4), "abc".rfind("", 0, 2), "abc".count("", 4))
print("a,b,,c".split(","), "a,b,,c".split(",", 1), "a,b,,c".rsplit(",", 2), ",".split(","), "".split(","), "".split(), " a  b ".split(" "), "a\x1cb\x85c\u2028d".splitlines(), "aXXbXXc".split("XX"), "aXXXb".rsplit("XX"))
print("xxabcxx".strip("x"), "ßaß".strip("ß"), "abc".removeprefix("ab"), "abc".removesuffix("bc"), "abc".removeprefix("x"), "abc".removeprefix(""), "abc".removesuffix(""), "-5".zfill(4), "+x".zfill(5), "日".zfill(3), "a".center(4), "ab".center(5), "a\tb\n\tc".expandtabs(), "a\tb".expandtabs(0))
print(",".join(["a", "b", "c"]), "".join(map(str, range(12))), "é".join("ab"), "😀".join(("x", "y")), ascii("x".join(["é", "日"])), "-".join([]), ",".join({"k": 1}), "-".join("q"))
print("hello".translate({104: "J", 101: None, 108: 0x4C}), "héllo".translate(str.maketrans("él", "eL", "o")), str.maketrans({"a": "b", 99: None}), "abc".translate(str.maketrans("abc", "日é😀")), "abc".translate({97: "xyz"}.__class__({97: "xyz"})))
print("a" < "b", "a" < "B", "abc" < "abcd", "é" > "z", "日" > "é", "😀" > "\uffff", "a" == "a", "a" != "b", "a" >= "a", "abc" == "ab" + "c", "é" == "e\u0301", max("a", "😀", "z"))


class Name(str):
    def __str__(self):
        return "shown"


n = Name("inner")
print(n, repr(n), str(n), len(n), n + "!", type(n + "!"), type(n.lower()), type(n.strip()), type(n[:]), f"{n}", "%s" % n, "{}".format(n), n == "inner", {n: 1}["inner"], type(Name("x", *())).__name__, Name(b"ab", "ascii"), ",".join([n, n]))
print(str(), str(5), str(b"ab", "ascii"), str(b"\xc3\xa9", "utf-8"), str(object="x"), str(bytearray(b"q"), encoding="latin-1"), str(memoryview(b"mv"), "ascii"), str(None), str(b"ab"))
s = "abcdef"
print(s[2], s[-1], s[1:4], s[::-2], s[10:], s[-100:2], s[True], s[4:1:-1], [s[i] for i in range(-6, 6)])
grown = ""
for i in range(3000):
    grown += chr(97 + i % 26)
    if i % 1000 == 0:
        keep = grown
print(len(grown), grown[:30], grown[-5:], len(keep), hash(grown) == hash("".join(grown)), grown.count("abc"))
wide = "é"
for c in "xy日z😀" * 50:
    wide += c
print(len(wide), ascii(wide[:8]), wide.count("日"), wide == "é" + "xy日z😀" * 50, wide.find("😀x"), wide.rfind("日z"))
it = iter("a日b")
print(next(it), it.__length_hint__(), it.__reduce__()[1:], list(it), list(it), it.__reduce__()[1:])
show(
    "'abc'.find()", "'abc'.find(1)", "'abc'.find('a', 'b')", "'abc'.index('x')", "'abc'.rindex('x')", "'abc'.count(1)", "'abc'.startswith(1)", "'abc'.startswith((1,))", "'abc'.endswith(())", "'abc'.strip(1)", "'abc'.split('')", "'abc'.split('a', 'b')", "'abc'.split(x=1)", "'abc'.partition('')", "'abc'.partition(1)", "'abc'.removeprefix(1)",
    "'abc'.center('a')", "'abc'.center(5, '')", "'abc'.center(5, 1)", "'abc'.join(1)", "'a'.join([1])", "'a'.join(['a', b'a'])", "'a'.replace(1, 2)", "'a'.replace('a', 2)", "'a'.replace('a', 'b', 'c')", "'aaa'.replace('a', 'b', count=2)", "'a'.translate(1)", "'a'.translate({97: -1})", "'a'.translate({97: 1.0})", "'a'.translate([1])",
    "str.maketrans(1)", "str.maketrans('ab', 'c')", "str.maketrans({'ab': 1})", "str.maketrans({1.0: 1})", "str.maketrans(1, 'a')", "str(1, 'a')", "str('a', 'b')", "str(b'a', 1)", "str(1, 2, 3, 4)", "str(x=1)", "str([], 'utf8')", "'a' + 1", "'a' * 1.0", "'abc'[5]", "'abc'['a':]", "'abc'[::0]", "1 in 'a'", "'a' < 1", "'a'.zfill('a')", "'a'.isascii(1)", "-'a'", "'a' - 'b'", "''.join(['a', 1, 'b'])",
)
