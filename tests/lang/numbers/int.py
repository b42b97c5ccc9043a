"""int: arithmetic, conversion, text, errors."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


big = 10**40 + 7
for a in (0, 1, -1, 7, -7, 2**47 - 1, -2**47, 2**47, 2**63 - 1, -2**63, big, -big, True):
    for b in (1, -1, 3, -3, 2**47, -2**64, big):
        print(a, b, a + b, a - b, a * b, a // b, a % b, divmod(a, b), a & b, a | b, a ^ b, a < b, a == b, a >= b)
    print(-a, +a, ~a if a is not True else None, abs(a), bool(a), hash(a), a.bit_length(), a.bit_count())
    print(a << 5, a >> 5, a << 60, a >> 200, a**2, a**3, str(a), repr(a), hex(a), oct(a), bin(a), float(a))
for a in range(-50, 51, 7):
    for b in (-9, -4, -1, 1, 2, 5):
        assert divmod(a, b) == (a // b, a % b) and (a // b) * b + a % b == a, (a, b)
print(1 / 3, 2**100 / 2**98, -7 / 2, (2**60 + 1) / 3, 10**400 / 10**399)
print(pow(3, 200, 1000), pow(3, -1, 7), pow(-3, 5, 7), pow(3, 5, -7), 2**-2, (-2) ** -3, 0**0, pow(2, 10**30, 7), 1 ** (2**70), (-1) ** (2**70 + 1))
print((5).as_integer_ratio(), True.real, (3).imag, (3).numerator, (3).denominator, (3).conjugate(), True.conjugate(), (3).is_integer())
print(round(1234, -2), round(1250, -2), round(1350, -2), round(-1250, -2), round(5, 3), round(5), round(10**30 + 5 * 10**28, -29), round(7, -5))
print(int("12"), int(" -1_000 "), int("0x1f", 16), int("1f", 16), int("0b101", 0), int("0o17", 0), int("z", 36), int(b"42"), int(bytearray(b"7")), int(3.99), int(-3.99), int("१२३"), int("  ４２\u2003"))
print(int.from_bytes(b"\x01\x02"), int.from_bytes(b"\x01\x02", "little"), int.from_bytes(b"\xff", signed=True), int.from_bytes([1, 2, 3], "big"), int.from_bytes(b""))
print((258).to_bytes(2), (258).to_bytes(4, "little"), (-2).to_bytes(2, "big", signed=True), (0).to_bytes(0), (255).to_bytes())
print(True + True, True & False, True | False, True ^ True, True & 1, ~5, True * 3, False == 0, hash(True), repr(True), str(False), int(True))
print(sorted([3, True, -2**70, 2**70, 0, 2**48]), max(2**50, 3), min(-2**50, 3), sum([2**47, 2**47]), sum(range(10**6)))


class Small(int):
    pass


s = Small(5)
print(type(s), s, s + 1, type(s + 1), s == 5, hash(s) == hash(5), {5: "x"}[s], type(+s), type(s.real), Small("ff", 16), type(Small.from_bytes(b"\x02")), Small(2**80))


class Index:
    def __index__(self):
        return 3


class Int:
    def __int__(self):
        return 9


print(int(Index()), int(Int()), [1, 2, 3, 4][Index()], range(10)[Index()], 2 << Small(3), "ab" * Index())
show(
    "int()", "int('x')", "int('')", "int('1__0')", "int('0x')", "int('12', 37)", "int('9', 8)", "int(1, 2)", "int(base=3)", "int([])", "int(None)", "int(b'z')", "int('007', 0)", "int('0_0', 0)",
    "int(float('inf'))", "int(float('nan'))", "int('1' * 4300) > 0", "int('1' * 4301)", "len(str(10**4299))", "str(10**4300)", "int('1' * 5000, 16) > 0",
    "1 << -1", "1 >> -1", "0 << 10**30", "1 >> 10**30", "-1 >> 10**30", "pow(2, 3, 0)", "pow(2, -1, 4)", "int.from_bytes('a')", "int.from_bytes(b'a', 'x')",
    "(-1).to_bytes()", "(300).to_bytes()", "(300).to_bytes(-1)", "round(1, 'a')", "1 + 'a'", "'a' * 2**70", "1 < 'a'", "-'a'", "float(10**400)", "10**400 / 3", "10**400 * 1.0",
    "(1).__add__(1.0)", "(1).__lt__('a')", "(5).__divmod__(3)", "(5).__rsub__(3)", "(2).__pow__(3, 5)", "(2).__rpow__(3)", "int.__new__(bool, 1)", "(3).real.imag",
    "format(1234567, ',')", "format(1234567, '_')", "format(255, '#x')", "format(255, '#X')", "format(255, '08b')", "format(-5, '05d')", "format(5, '+')", "format(5, ' ')", "format(65, 'c')", "format(5, 'e')", "format(5, '.2f')", "format(5, '%')", "format(5, '^7')", "format(5, '*<7')", "format(5, '=+7')",
    "format(1234567890, '_x')", "format(5, '.2d')", "format(5, 'q')", "format(5, 's')", "format(-1, 'c')", "format(True)", "format(True, 'd')", "format(5, ',c')", "f'{12:>5}|{-12:<6}|{7:03}'",
)
