"""`%`, `str.format`, `format()` and `strftime` with a mutated format."""
import time


class Plain:
    real = "attribute"

    def __repr__(self):
        return "Plain\u20ac"

    def __index__(self):
        return 65


VALUES = (0, 1, -7, 255, 2**70, -3**50, True, 0.0, -0.0, 1.5, 1e300, -1e-300, float("nan"),
          float("inf"), 1 - 2j, complex("nan"), "", "text", "caf\xe9", "\u20ac\U0001d400", b"bytes",
          bytearray(b"array"), None, [1, "a"], {"k": 2}, (1, 2), Plain(), ..., range(3), Plain)
NAMED = {"a": VALUES[20], "b": 2, "n": [1, 2], "": "empty", "width": 9, "k": {"k": 1}}
MOMENT = (2024, 2, 29, 23, 59, 60, 3, 60, 0)


def run(how, raw, text):
    value = VALUES[how % len(VALUES)]
    few = VALUES[how % 20:][:3]
    forms = (lambda: text % few,
             lambda: text % value,
             lambda: text % NAMED,
             lambda: raw % few,
             lambda: raw % value,
             lambda: text.format(*few, **NAMED),
             lambda: text.format(value, value, value),
             lambda: text.format_map(NAMED),
             lambda: format(value, text),
             lambda: time.strftime(text, MOMENT),
             lambda: "{:{}}".format(value, text),
             lambda: f"{value!r:{text}}")
    for form in (forms if how & 1 else forms[how % 12:][:2]):
        try:
            form()
        except SystemError:
            raise
        except Exception:
            pass
