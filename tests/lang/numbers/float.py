"""float: arithmetic, conversion, text, errors."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


inf, nan = float("inf"), float("nan")
values = (0.0, -0.0, 1.0, -1.5, 2.5, 1e16, 1e-5, 123456789.125, 1e300, 5e-324, inf, -inf, nan)
for a in values:
    print(repr(a), bool(a), -a, abs(a), a.is_integer(), a.hex(), a == a, a < 1, a > 2**60, hash(a) if a == a else None)
    for b in (1.0, -2.0, 0.3, 7, -(10**20), inf):
        print(a + b, a - b, a * b, a / b, a // b, a % b, divmod(a, b), a < b, a == b, a >= b)
print(2.0**0.5, (-8.0) ** (1 / 3), 0.0**0, 2.0**-1074, (-2.0) ** 3, inf**0, 1.0**nan, nan**0, (-inf) ** 3, 4.0**0.5, 2**0.5)
print(0.1 + 0.2, 1e22, 1e23, 1.7976931348623157e308, 2.2250738585072014e-308, 1 / 3, 100.0, 1e15, 1e16, 123456.789e3, 0.0001, 0.00001)
print(float("1.5"), float(" -inf "), float("1_0.5e1_0"), float("nan"), float(b"2.5"), float("１.５"), float("1e400"), float(".5"), float("5."), float("Infinity"))
print(float.fromhex("0x1.8p1"), float.fromhex("-inf"), float.fromhex("1p-1074"), float.fromhex(" 0x.1 "), float.fromhex("0x1.fffffffffffff8p0"), (0.1).hex(), (-0.0).hex())
print((0.5).as_integer_ratio(), (-2.75).as_integer_ratio(), (1e20).as_integer_ratio(), (0.1).as_integer_ratio(), (0.0).as_integer_ratio())
print(round(2.5), round(3.5), round(-2.5), round(2.675, 2), round(1e300, -299), round(12345.678, -2), round(0.5), round(1.5), round(5.015, 2), round(1e16), round(2.5, 0), round(-0.4), round(1.25, 1), round(1e22, 400))
print((3.7).__trunc__(), (-3.7).__floor__(), (-3.7).__ceil__(), int(1e20), (1.0).real, (1.0).imag, (1.5).conjugate())
print(1 == 1.0, 2**53 == float(2**53), 2**53 + 1 == float(2**53), 10**400 > 1e308, -(10**400) < -1e308, 10**400 > inf, 1 < nan, 2**53 + 1 > float(2**53), hash(2**70) == hash(float(2**70)), hash(0.5), hash(-1.0), hash(inf), hash(-inf))
print(float.__getformat__("double"), max(1, 2.5), min(1, 0.5), sorted([2.5, 1, -inf, inf, 0.0]), {1: "a"}[1.0], sum([0.1] * 10), 1.0.__eq__(1), 1.0.__eq__("a"))


class Celsius(float):
    pass


c = Celsius(36.6)
print(type(c), c, c + 1, type(c + 1), c == 36.6, type(Celsius.fromhex("0x1p1")), type(-c), Celsius("1e3"))


class Real:
    def __float__(self):
        return 2.25


class Index:
    def __index__(self):
        return 4


print(float(Real()), float(Index()), 1.0 * True)
show(
    "float()", "float('x')", "float('')", "float('1 2')", "float([])", "float(None)", "float('1__0')", "float(b'x')", "float(10**400)", "float.fromhex('z')", "float.fromhex('0x1p1024')", "float.fromhex('1' * 400)",
    "nan.as_integer_ratio()", "inf.as_integer_ratio()", "round(inf)", "round(nan)", "round(1.7976931348623157e308, -308)", "round(1.5, 'a')", "1e300 * 1e300", "1e200 ** 2", "1.0 + 'a'", "1.0 < 'a'", "1.0 & 1", "~1.0", "1.0 << 1", "pow(1.0, 2, 3)", "int(inf)", "float.__getformat__('x')",
    "format(3.14159, '.2f')", "format(3.14159, '10.3e')", "format(1234567.891, ',.1f')", "format(0.25, '%')", "format(0.25, '.0%')", "format(1e10, 'g')", "format(1e-7, 'g')", "format(2.5, '.0f')", "format(-0.0, 'z.1f')", "format(1.5, '+08.2f')", "format(nan, '5')", "format(inf, '05')", "format(1.0, '#.0f')", "format(1.0, '.3')", "format(100.0, '.2')", "format(1.5, 'q')", "format(1.5, 'd')", "format(1e100, 'f')", "format(1.5, '_.3f')", "format(123456789.0, '_')", "f'{1.5:>8}|{1.5:<8}|{1.5:^8}|{-1.5:=8}'", "format(1.1, '.50f')", "format(5e-324, '.3g')", "format(1.5, '.1000f')[-3:]", "format(12.0, 'n')",
)
