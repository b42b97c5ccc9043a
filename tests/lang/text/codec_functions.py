"""The functions of `_codecs`, the error handlers, and the registry."""
import codecs

HANDLERS = ["strict", "ignore", "replace", "backslashreplace", "xmlcharrefreplace", "namereplace", "surrogateescape", "surrogatepass"]


def shown(function, *args):
    try:
        result = function(*args)
    except Exception as exc:
        result = f"{type(exc).__name__}: {exc}"
    return ascii(result)


for name in "utf_7", "utf_8", "utf_16_le", "utf_32_be", "unicode_escape", "raw_unicode_escape", "ascii", "latin_1":
    encode = getattr(codecs, name + "_encode")
    print(name, *(shown(encode, text) for text in ("", "a+b~", "é€\0", "😀-", "\ud800x")))
    decode = getattr(codecs, name + "_decode")
    for data in b"", b"a+AOk-b", b"\xc3\xa9\xff", b"a\0\0\xd8", b"\\x41\\u20ac\\N{EURO SIGN}", b"\\U0011", b"+2D0":
        print(name, data, shown(decode, data), shown(decode, data, "replace"))
for handler in HANDLERS:
    print(handler, shown("aé\udc80€".encode, "ascii", handler), shown(b"a\xff\xed\xa0\x80".decode, "utf-8", handler))
    function = codecs.lookup_error(handler)
    for exc in (
        UnicodeEncodeError("utf-8", "aé\ud800", 2, 3, "reason"),
        UnicodeDecodeError("utf-8", b"a\xed\xa0\x80", 1, 2, "reason"),
        UnicodeTranslateError("aé", 1, 2, "reason"),
        ValueError("x"),
    ):
        try:
            print("   ", ascii(function(exc)))
        except Exception as got:
            print("   ", type(got).__name__, got is exc)
print(shown(codecs.charmap_encode, "abé", "replace", {97: b"AA", 98: 66, 63: 33}))
print(shown(codecs.charmap_decode, b"abc", "replace", {97: "foo", 98: 65, 99: None}))
print(shown(codecs.charmap_encode, "\0ab", "strict", codecs.charmap_build("\0ba")))
print(shown(codecs.escape_decode, rb"\x41\n\101"), shown(codecs.escape_encode, b"'\n\xff"), shown(codecs.escape_decode, rb"\x4"))
print(shown(codecs.utf_16_ex_decode, b"\xfe\xff\0a", "strict", 0, False), shown(codecs.readbuffer_encode, b"ab"))


def number(exc):
    return f"<{exc.start}-{exc.end}>", exc.end


codecs.register_error("test.number", number)
print("aé€b".encode("ascii", "test.number"), b"a\xff\xfe".decode("ascii", "test.number"), "é€".encode("cp1252", "test.number"), "€".encode("latin-1", "test.number"))
codecs.register_error("test.back", lambda exc: ("x", -1))
codecs.register_error("test.wrong", lambda exc: "x")
codecs.register_error("test.far", lambda exc: ("x", 99))
for name in "test.wrong", "test.far", "test.none":
    print(name, shown("é".encode, "ascii", name), shown(b"\xff".decode, "ascii", name))


def exchange(exc):
    exc.object = b"new"
    return "?", 0


codecs.register_error("test.exchange", exchange)
print(b"\xffold".decode("ascii", "test.exchange"))


def search(name):
    if name == "test_own":
        return codecs.CodecInfo(lambda text, errors="strict": (text.upper().encode(), len(text)), lambda data, errors="strict": (bytes(data).decode().lower(), len(data)), name=name)


codecs.register(search)
print("abc".encode("test-own"), b"ABC".decode("TEST OWN"), codecs.lookup("Test-Own").name)
codecs.unregister(search)
print(shown("abc".encode, "test-own"), shown("abc".encode, "rot13"), codecs.encode("abc", "rot13"))
print(shown(codecs.lookup, "none such"), shown(codecs.lookup_error, "none"), shown(codecs.register, 3))
for name in "utf-16", "utf-32", "utf-8-sig", "utf-7", "cp437", "mac-roman", "iso8859-15":
    encoder, decoder = codecs.getincrementalencoder(name)(), codecs.getincrementaldecoder(name)()
    data = b"".join(encoder.encode(c) for c in "aé") + encoder.encode("", True)
    text = "".join(decoder.decode(data[i : i + 1]) for i in range(len(data))) + decoder.decode(b"", True)
    print(name, data, text)
