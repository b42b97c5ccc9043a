"""Encoding and decoding, and the error handlers."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


texts = ("", "abc", "é€", "日本😀", "a\udc80b", "\ud800\udc00", "x\xff\u0100\U0010ffff")
for s in texts:
    for encoding in ("utf-8", "ascii", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "UTF8", "L1", "us-ascii", "iso-8859-1"):
        for errors in ("strict", "ignore", "replace", "backslashreplace", "xmlcharrefreplace", "surrogateescape", "surrogatepass"):
            try:
                data = s.encode(encoding, errors)
            except UnicodeError as e:
                data = str(e)
            print(ascii(s), encoding, errors, data)
blobs = (b"", b"abc", b"\xc3\xa9", b"\xff", b"a\xc3", b"\xe2\x82", b"\xe2\x82\xac!", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xf5\x80", b"\xc0\x80", b"\xe0\x80\x80", b"a\x80\x80b", b"\xf0\x9fx", b"\x00\xd8", b"\x00\xdc\x00", b"\xff\xfea\x00", b"\xfe\xff\x00a", b"\xff\xfe\x00\x00a\x00\x00\x00", b"a\x00\x00\x00b", b"\x00\xd8\x00\xdc")
for data in blobs:
    for encoding in ("utf-8", "ascii", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"):
        for errors in ("strict", "ignore", "replace", "backslashreplace", "surrogateescape", "surrogatepass"):
            try:
                s = ascii(data.decode(encoding, errors))
            except UnicodeError as e:
                s = str(e)
            print(data, encoding, errors, s)
try:
    "a€€b".encode("ascii")
except UnicodeEncodeError as e:
    print(e.encoding, e.object, e.start, e.end, e.reason, e.args)
try:
    b"ab\xff".decode()
except UnicodeDecodeError as e:
    print(e.encoding, e.object, e.start, e.end, e.reason, e.args)
print(bytearray(b"\xc3\xa9").decode(), memoryview(b"ab").tobytes().decode("ascii"), str(b"\xe9", "latin-1"), "é".encode(errors="ignore"), b"\xe9".decode(errors="replace"), "é".encode(encoding="latin1"))
show("'a'.encode(1)", "'a'.encode('utf-8', 1)", "b'a'.decode(1)", "'a'.encode('utf-8\\0')", "b'\\xff'.decode('ascii', 'xmlcharrefreplace')")
