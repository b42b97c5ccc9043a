"""bytes and bytearray: methods, slices, errors."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


for kind in (bytes, bytearray):
    for raw in (b"", b"a", b"Hello World", b"hello, world\n", b"  \tx\x0b y\x00z ", b"\xff\x00'\"", b"aXbXc", b"12ab"):
        b = kind(raw)
        print(repr(b), len(b), b.lower(), b.upper(), b.title(), b.capitalize(), b.swapcase(), b.hex(), b.hex(":"), b.hex("-", 2), b.hex("-", -3), list(b))
        print([getattr(b, name)() for name in ("isascii", "islower", "isupper", "istitle", "isspace", "isdigit", "isalpha", "isalnum")])
        print(b.split(), b.rsplit(None, 1), b.split(None, 1), b.splitlines(), b.splitlines(True), b.split(b"X"), b.rsplit(b"l", 1), b.partition(b"o"), b.rpartition(b"o"))
        print(b.strip(), b.lstrip(b"Hh "), b.rstrip(b"x\n "), b.center(15, b"*"), b.ljust(8), b.rjust(9, b"."), b.zfill(6), b.expandtabs(4))
        print(b[::-1], b[1:], b[::2], b[-3:], b * 2, b + b"!", b.replace(b"l", b"LL"), b.replace(b"", b"-", 3), b.translate(None, b"l"), b.translate(bytes.maketrans(b"abc", b"xyz")), b == raw, hash(raw) == hash(bytes(b)))
        print([b.find(t) for t in (b"", b"a", b"lo", 108)], [b.rfind(t) for t in (b"", b"l")], [b.count(t) for t in (b"", b"l", 108)], b"l" in b, 108 in b, b.startswith((b"He", b"a")), b.endswith(b"d"), b.startswith(b"", 3), b.find(b"", 100))
    print(kind(), kind(3), kind([1, 2, 255]), kind("é", "utf-8"), kind(b"x"), kind(bytearray(b"y")), kind(memoryview(b"z")), kind(range(3)), kind.fromhex(" 0aFF 10"), kind(i for i in (65, 66)), kind("ab", encoding="ascii", errors="strict"))
    print(kind(b",").join([b"a", bytearray(b"b"), memoryview(b"c")]), kind(b"abc").removeprefix(b"a"), kind(b"abc").removesuffix(b"bc"), kind(b"-7").zfill(5), kind(b"%s %d %x %c %r %5.1f %b %%") % (b"x", 5, 255, 65, "é", 1.25, b"q"), kind(b"%(a)s") % {b"a": b"v"}, kind(b"%-5d|%05d") % (4, 5))
    print(kind(b"abc") < b"abd", kind(b"abc") == bytearray(b"abc"), kind(b"abc") != "abc", kind(b"b") > b"abc", sorted([kind(b"b"), kind(b"a")]), kind(b"abc")[1], kind(b"abc")[-1], kind(b"a\nb\r\nc").splitlines())
a = bytearray(b"abc")
a.append(100)
a.extend([101, 102])
a.extend(b"gh")
a.insert(0, 48)
a.insert(100, 57)
print(a, a.pop(), a.pop(0), a.remove(99), a, a.copy(), a.reverse(), a)
a[0] = 65
a[1:3] = b"xyz"
a[::2] = b"1" * len(a[::2])
print(a, a[1:4])
del a[0]
del a[::3]
a += b"tail"
a *= 2
print(a, len(a))
del a[:5]
del a[2:]
a[5:] = [1, 2]
a[1:1] = bytearray(b"mid")
print(a)
a.clear()
a[:] = a
print(a, a.__alloc__() >= 0)
big = bytearray(b"x" * 100000)
total = 0
while big:
    total += len(big[:7])
    del big[:7]
print(total)


class Sub(bytes):
    pass


class Conv:
    def __bytes__(self):
        return b"conv"


s = Sub(b"ab")
print(type(s), s, s + b"c", type(s + b"c"), type(s.upper()), s == b"ab", type(Sub.fromhex("61")), bytes(Conv()), bytes(s), type(bytes(s)), {b"ab": 1}[s])
it = iter(b"abc")
print(next(it), it.__length_hint__(), it.__reduce__()[1:], list(it))
it = iter(bytearray(b"abc"))
print(next(it), it.__length_hint__(), list(it))
show(
    "b'abc'.find()", "b'abc'.find('a')", "b'abc'.find(300)", "b'abc'.find(1.0)", "b'abc'.index(b'x')", "b'abc'.startswith('a')", "b'abc'.startswith((1,))", "b'abc'.strip(1)", "b'abc'.split(b'')", "b'abc'.split('a')", "b'abc'.partition(b'')", "b'abc'.removeprefix('a')", "b'abc'.center(5, 1)", "b'a'.join(1)", "b'a'.join([1])", "b'a'.join([b'a', 'x'])", "b'a'.replace(1, 2)", "b'a'.translate(b'a')", "bytes.maketrans(b'a', b'bc')", "b'a' + 'a'", "b'a' + 1", "'a' in b'a'", "300 in b'a'", "bytes(b'a')['a']", "b'a'[5]", "b'a' * 'a'",
    "bytes('a')", "bytes(-1)", "bytes([300])", "bytes([1.0])", "bytes(1.0)", "bytes(1, 'a')", "bytes(encoding='a')", "bytes(x=1)", "bytes(b'a', errors='x')", "bytes(object)", "bytes(['a'])", "bytearray('a')", "bytearray(-1)", "bytearray([300])", "bytearray(1.0)", "bytes.fromhex('zz')", "bytes.fromhex('a b')", "b'abc'.hex('::')", "b'abc'.hex('é')", "b'abc'.hex(1)",
    "bytearray(b'abc').pop(5)", "bytearray().pop()", "bytearray(b'a').remove(98)", "bytearray(b'a').append(300)", "bytearray(b'a').append('a')", "bytearray(b'a').extend(1)", "bytearray(b'a').__setitem__(0, 300)", "bytearray(b'a').__setitem__(5, 30)", "bytearray(b'a').__setitem__(slice(0, 1), 1)", "bytearray(b'abcd').__setitem__(slice(0, 4, 2), b'a')", "bytearray(b'a').__delitem__(5)", "bytearray(b'a')['a']", "bytearray(b'a').__iadd__(1)", "hash(bytearray())", "bytearray(b'a') < 'a'", "b'a' < 'a'", "b'a' == 'a'", "bytearray(b'abc').__reduce_ex__(2)", "bytearray(b'abc').__reduce_ex__(3)",
    "b'%s' % 1", "b'%s' % 'a'", "b'%d' % 'a'", "b'%c' % 300", "b'%q' % 1", "b'a' % 1", "b'%s' % ()",
)
