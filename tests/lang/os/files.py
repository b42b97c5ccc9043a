"""Files in all their layers: raw, buffered, text; positions, line ends, encodings."""
import io
import os
import tempfile

folder = tempfile.mkdtemp()
path = os.path.join(folder, "file")


def error(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except BlockingIOError as exc:
        return f"BlockingIOError: {exc.strerror}, {exc.characters_written} written"
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}".replace(folder, "FOLDER")


# ---- text: line ends and positions ----
with open(path, "w", encoding="utf-8") as f:
    print(f.write("one\ntwö\r\nthree\rend"))
for newline in None, "", "\n", "\r", "\r\n":
    with open(path, encoding="utf-8", newline=newline) as f:
        print(repr(newline), f.readlines(), repr(f.newlines))
for newline in None, "", "\n", "\r", "\r\n":
    with open(path + "w", "w", encoding="utf-8", newline=newline) as f:
        f.write("a\nb\r\n")
    with open(path + "w", "rb") as f:
        print(repr(newline), f.read())
for encoding in "utf-8", "utf-16", "utf-32", "latin-1", "utf-8-sig", "cp1252", "utf-16-be":
    with open(path, "w", encoding=encoding) as f:
        f.write("héllo\n")
        f.write("wörld\n")
    with open(path, "a", encoding=encoding) as f:
        f.write("ünd\n")
    with open(path, "rb") as f:
        print(encoding, f.read())
    with open(path, encoding=encoding) as f:
        places = []
        while True:
            places.append(f.tell())
            line = f.readline()
            if not line:
                break
        again = []
        for place in reversed(places):
            f.seek(place)
            again.append(f.readline())
        print(again)
with open(path, "w+", encoding="utf-8", newline="") as f:
    f.write("aé😀\r\nb" * 3)
    f.seek(0)
    print(repr(f.read(2)), f.tell(), repr(f.read(3)), f.tell())
    print(repr(f.read()), f.seek(0, 2), error(f.seek, 1, 1), error(f.seek, -1), error(f.seek, 0, 9))
    f.seek(0)
    next(f)
    print(error(f.tell))

# ---- text: errors, reconfiguring, detaching ----
raw = io.BytesIO()
text = io.TextIOWrapper(raw, encoding="ascii", newline="\n")
print(error(text.write, "é"), error(text.write, 3), error(text.read))
text.reconfigure(errors="backslashreplace", line_buffering=True)
text.write("é\n")
print(raw.getvalue(), text.errors, text.line_buffering, text.encoding)
print(text.detach() is raw, error(text.read), error(repr, text))
text = io.TextIOWrapper(io.BytesIO(b"ab\xff"), encoding="utf-8", errors="surrogateescape")
print(ascii(text.read()), error(io.TextIOWrapper, io.BytesIO(), newline="x"))
print(error(io.TextIOWrapper, io.BytesIO(), encoding="no such"))
print(error(io.TextIOWrapper, io.BytesIO(), encoding="rot13"))

# ---- buffered ----
with open(path, "wb") as f:
    f.write(b"0123456789" * 5)
with open(path, "r+b", buffering=8) as f:
    print(f.read(3), f.tell(), f.peek()[:1], f.write(b"XY"), f.tell(), f.read(4))
    f.seek(-5, 2)
    print(f.read(), f.seek(0), f.readline(7), f.read1(4), f.truncate(20))
    f.seek(18)
    f.write(b"a longer text than the buffer")
    f.seek(0)
    print(f.read())
with open(path, "rb", buffering=0) as f:
    print(type(f).__name__, f.read(4), f.readall()[-4:], f.read(1), f.seekable())
    buffer = bytearray(3)
    f.seek(0)
    print(f.readinto(buffer), buffer, error(f.write, b"x"))


class Raw(io.RawIOBase):
    """Gives what it was told to give."""

    def __init__(self, *parts):
        self.parts = list(parts)
        self.written = []

    def readable(self):
        return True

    def writable(self):
        return True

    def readinto(self, buffer):
        if not self.parts:
            return 0
        part = self.parts.pop(0)
        if not isinstance(part, bytes):
            return part
        buffer[: len(part)] = part
        return len(part)

    def write(self, data):
        self.written.append(bytes(data))
        return None if len(self.written) in (3, 4) else len(data)


reader = io.BufferedReader(Raw(b"abc", b"d", b"ef\ng"), 4)
print(reader.read(2), reader.peek(), reader.readline(), reader.read(), reader.read())
print(io.BufferedReader(Raw(None, b"a")).read(4), io.BufferedReader(Raw(b"a", None)).read(4))
print(error(io.BufferedReader(Raw(77), 4).read, 2), error(io.BufferedReader, Raw(), 0))
writer = io.BufferedWriter(Raw(), 4)
print(writer.write(b"ab"), writer.write(b"cdefgh"), writer.raw.written)
print(error(writer.write, b"x" * 20), writer.raw.written)
writer.raw.written = [b""] * 9
pair = io.BufferedRWPair(Raw(b"xy"), Raw())
print(pair.read(1), pair.write(b"q"), pair.flush(), pair.readable(), pair.closed)

# ---- memory ----
memory = io.BytesIO(b"abc\ndef")
print(memory.readlines(), memory.seek(1), memory.write(b"ZZ"), memory.getvalue())
view = memory.getbuffer()
view[0] = 33
print(memory.getvalue(), error(memory.write, b"x" * 9), error(memory.close))
view.release()
print(memory.truncate(2), memory.seek(4), memory.write(b"!"), memory.getvalue())
memory.close()
print(error(memory.read), error(memory.getvalue))
string = io.StringIO("a\r\nb\nc\r", newline=None)
print(string.readlines(), string.newlines, string.write("é€😀"), repr(string.getvalue()))
string.seek(1)
string.truncate()
print(repr(string.getvalue()), error(string.seek, -1), error(string.seek, 1, 1), error(string.write, b""))
string = io.StringIO(newline="\r\n")
print(string.write("a\nb\n"), repr(string.getvalue()), string.seek(0), repr(string.readline()))

# ---- decoders of line ends ----
decoder = io.IncrementalNewlineDecoder(None, translate=True)
print([decoder.decode(part) for part in ("a\r", "\nb\rc", "\r")], repr(decoder.decode("", True)))
print(decoder.newlines, decoder.getstate())

# ---- closing, opening ----
f = open(path)
f.close()
print(f.closed, error(f.read), error(f.__enter__), f.close())
for mode in "q", "rw", "rt+b", "r+r", "":
    print(mode, error(open, path, mode))
print(error(open, path, "rb", encoding="utf-8"), error(open, path, "r", 0), error(open, -1))
print(error(open, path + "?"), error(open, folder), error(open, 3.5), error(open, path + "\0"))
print(error(open, path, closefd=False), error(open, path, opener=lambda *a: -2))
print(error(io.IOBase().read) if hasattr(io.IOBase, "read") else "no read", error(io.IOBase().seek, 0))
print(issubclass(io.UnsupportedOperation, (OSError,)), io.UnsupportedOperation.__mro__[1:3])
print(io.FileIO(path).mode, io.FileIO(path, "ab+").mode, error(io.FileIO, path, "rx"))


class Lines(io.TextIOBase):
    def __init__(self):
        self.left = ["a\n", "b\n", ""]

    def readline(self, size=-1):
        return self.left.pop(0)


print(list(Lines()), isinstance(Lines(), io.IOBase))
