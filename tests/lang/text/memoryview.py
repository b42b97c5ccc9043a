"""memoryview: shapes, formats, slices, release."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


b = bytearray(range(12))
m = memoryview(b)
print(m.format, m.itemsize, m.ndim, m.shape, m.strides, m.suboffsets, m.nbytes, m.readonly, len(m), m.c_contiguous, m.f_contiguous, m.contiguous, m.obj is b)
print(m[0], m[-1], m[2:5].tolist(), m[::-1].tolist(), m[::3].tobytes(), bytes(m[1:3]), m == b, m[1:] == b, 5 in m, 50 in m, list(m)[:3], m.hex(), m[::5].hex("-"), m.tobytes() == bytes(b))
m[0] = 255
m[1:4] = b"abc"
m[::4] = m[3::4]
print(b, m[4:2:-1].tolist(), m[10:20].tolist(), m[20:].tolist())
try:
    b.append(1)
except BufferError as e:
    print("BufferError:", e)
r = m.toreadonly()
print(r.readonly, hash(memoryview(b"ab")) == hash(b"ab"), r == m)
for code in "bBhHiIlLqQnNfd?c":
    data = bytes(range(1, 17))
    v = memoryview(data).cast(code)
    print(code, v.itemsize, v.shape, v.tolist()[:2], v[0], v.cast("B").tobytes() == data, v == memoryview(data).cast(code))
v = memoryview(b).cast("B", (3, 4))
print(v.ndim, v.shape, v.strides, v.tolist(), v[1, 2], v[-1, -1], len(v), v.cast("B").shape, v[1:].shape, v[::2].tolist(), v.tobytes("F"), v.nbytes)
v[0, 1] = 99
print(b[1])
z = memoryview(b"\x07").cast("B", [])
print(z.ndim, z.shape, z[()], z.tolist(), z.nbytes, z[...] == z)
w = memoryview(bytearray(16)).cast("i")
w[0], w[1] = -5, 2**31 - 1
w[2:] = memoryview(bytes(8)).cast("i")
print(w.tolist(), w.tobytes().hex(), w[::2].tolist(), w == [1])
d = memoryview(bytearray(16)).cast("d")
d[0] = 1.5
d[1] = 2
print(d.tolist(), d[0])
with memoryview(b) as inner:
    print(inner[0], memoryview(inner)[1])
print(repr(inner).startswith("<released memory at 0x"), repr(m).startswith("<memory at 0x"))
del v, r
m.release()
m.release()
inner.release()
b.append(1)
print(len(b))
x = memoryview(bytearray(b"abc"))
y = memoryview(x)
x.release()
print(y.tolist(), y.obj)
print(memoryview(b"abc") == memoryview(bytearray(b"abc")), memoryview(b"abcd").cast("i") == memoryview(b"abcd"), memoryview(b"a") != b"b", memoryview(b"\1\2")[::-1] == b"\2\1")
show(
    "memoryview(1)", "memoryview()", "memoryview(b'abc')['a']", "memoryview(b'abc')[5]", "memoryview(b'abc')[0, 0]", "memoryview(b'abc').__setitem__(0, 1)", "memoryview(bytearray(b'abc')).__setitem__(0, 300)", "memoryview(bytearray(b'abc')).__setitem__(0, 'a')", "memoryview(bytearray(b'abc')).__setitem__(slice(0, 2), b'a')", "memoryview(bytearray(b'abc')).__delitem__(0)",
    "memoryview(b'abc').cast('x')", "memoryview(b'abc').cast('i')", "memoryview(b'abcd').cast('i').cast('h')", "memoryview(b'abcd').cast('B', [2, 3])", "memoryview(b'abcd').cast('B', [2, 2])[0]", "memoryview(b'abcd').cast('B', [2, 2])[0, 1, 1]", "memoryview(b'abcd').cast('B', [2, 2])[2, 1]", "memoryview(b'abcd').cast('B', [-1, 2])", "memoryview(b'abcd').cast('B', 1)", "memoryview(b'abcd').cast('B', ['a'])", "memoryview(b'abcd')[::2].cast('h')", "memoryview(b'abcd').cast('')", "m[0]", "len(m)", "m.tolist()", "hash(memoryview(bytearray(b'abc')))", "hash(memoryview(b'abcd').cast('i'))", "memoryview(b'a') < memoryview(b'b')", "memoryview(b'a') == 'a'", "memoryview(b'abcd').tobytes('x')", "memoryview(bytearray(b'abcd')).cast('i').__setitem__(0, 1 << 40)", "memoryview(bytearray(b'abcd')).cast('c').__setitem__(0, 1)", "memoryview(bytearray(8)).cast('d').__setitem__(0, 'a')", "len(memoryview(b'a').cast('B', []))", "memoryview(b'a').cast('B', [])[0]", "iter(memoryview(b'abcd').cast('B', [2, 2]))", "memoryview(b'ab') + b'a'", "memoryview(b'abcd').cast('@i').format",
)
