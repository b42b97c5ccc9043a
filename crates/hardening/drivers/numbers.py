"""`int`, `float`, `complex` and their like on mutated text; what they print reads back."""


def attempt(function, *args):
    try:
        return function(*args)
    except SystemError:
        raise
    except Exception:
        return None


def run(how, raw, text):
    for source in (text, raw, bytearray(raw)):
        number = attempt(int, source)
        if number is not None and int(str(number)) != number:
            raise SystemError("an int does not read back")
        attempt(int, source, how % 40 - 1)
        attempt(int, source, 0)
        number = attempt(float, source)
        if number is not None and number == number and float(repr(number)) != number:
            raise SystemError("a float does not read back")
    number = attempt(complex, text)
    if number is not None and number == number and complex(repr(number)) != number:
        raise SystemError("a complex does not read back")
    number = attempt(float.fromhex, text)
    if number is not None and number == number and float.fromhex(number.hex()) != number:
        raise SystemError("a hexadecimal float does not read back")
    attempt(bytes.fromhex, text)
    number = attempt(int.from_bytes, raw, "little" if how & 1 else "big")
    if number is not None:
        attempt(number.to_bytes, how % 20, "big")
        attempt(float, number)
        attempt(hash, number)
    attempt(eval, text, {"__builtins__": {}}) if text.isdigit() else None
