"""`struct` with a mutated format: sizes, unpacking, packing again."""
import struct

FILLERS = (0, -1, 2**40, 1.5, b"bytes", b"x", True, None, "text", 1e300, 2j)


def attempt(function, *args):
    try:
        return function(*args)
    except SystemError:
        raise
    except Exception:
        return None


def run(how, raw, text):
    size = attempt(struct.calcsize, text)
    if size is None or size > 100_000:
        return
    data = bytes((how + i * 7) & 255 for i in range(min(size, 64))) + bytes(max(0, size - 64))
    values = attempt(struct.unpack, text, data)
    attempt(struct.unpack_from, text, data + data, how - 100)
    if values is not None:
        again = struct.pack(text, *values)
        if len(again) != size:
            raise SystemError("packing what was unpacked gives another size")
        into = bytearray(size + 3)
        attempt(struct.pack_into, text, into, how % 9 - 4, *values)
        attempt(struct.pack, text, *(FILLERS[(how + i) % len(FILLERS)] for i in range(len(values))))
    made = struct.Struct(text)
    attempt(lambda: list(made.iter_unpack(data * 3)))
    attempt(made.pack, how)
    attempt(repr, made)
