"""`memoryview`: the bytes of an input are operations on a view."""
import array

FORMATS = ("B", "b", "c", "h", "H", "i", "I", "l", "L", "q", "Q", "n", "N", "f", "d", "e", "?", "P",
           "@B", "@i", "<i", "x", "", "BB", "3B", "O", "\u20ac", "B\0")


def views(how, raw):
    yield memoryview(bytearray(raw))
    yield memoryview(raw)
    yield memoryview(array.array("ihdBqH"[how % 6], [how % 100] * (how % 9)))
    yield memoryview(bytearray(64))


def run(how, raw, text):
    start = list(views(how, raw))[how % 4]
    kept, view = [start.obj], start
    step = iter(raw)

    def number():
        return next(step, 0)

    def index():
        value = number()
        return (None, value, value - 256, -value, 2**63, -2**64, value // 20)[value % 7]

    for code in step:
        code %= 20
        try:
            if code == 0:
                view = view.cast(FORMATS[number() % len(FORMATS)])
            elif code == 1:
                shape = [number() % 5 for _ in range(number() % 4)]
                view = view.cast(FORMATS[number() % 18], shape)
            elif code == 2:
                view = view.cast("B").cast(FORMATS[number() % 18], (number() % 9, number() % 9))
            elif code == 3:
                view = view[index():index():index()]
            elif code == 4:
                view[index() or 0]
            elif code == 5:
                view[index() or 0] = (number(), 1.5, b"x", True, -1, None)[number() % 6]
            elif code == 6:
                view[index():index()] = (view, b"abc", bytes(number()), array.array("i", [1]))[number() % 4]
            elif code == 7:
                view[index() or 0, index() or 0]
            elif code == 8:
                view[number() % 4, number() % 4] = number()
            elif code == 9:
                view.tolist(), view.tobytes("CFA"[number() % 3]), view.hex()
            elif code == 10:
                view == start, view == b"", view == memoryview(raw).cast("b"), hash(view)
            elif code == 11:
                view = view.toreadonly()
            elif code == 12:
                kept.append(view)
                view = memoryview(view)
            elif code == 13:
                kept.pop(number() % len(kept)).append(1)
            elif code == 14:
                view.release()
                view = start
            elif code == 15:
                repr(view), view.shape, view.strides, view.suboffsets, view.nbytes, view.format
                view.c_contiguous, view.f_contiguous, view.contiguous, view.obj, len(view)
            elif code == 16:
                list(view), list(reversed(view)), number() in view
            elif code == 17:
                bytes(view), bytearray(view), view.tobytes()
            elif code == 18:
                kept[0].clear()
            else:
                view = view[...] if number() & 1 else view[()]
        except SystemError:
            raise
        except Exception:
            pass
