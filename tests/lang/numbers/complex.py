"""complex: arithmetic, parsing, text, errors."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


inf, nan = float("inf"), float("nan")
values = (0j, 1 + 2j, -1.5 - 0.5j, 3 + 0j, complex(-0.0, 0.0), complex(1e200, -1e200))
for a in values:
    print(repr(a), str(a), bool(a), -a, +a, a.conjugate(), a.real, a.imag, hash(a), a == a.real, a != a)
    for b in (1j, 2 - 1j):
        print(a + b, b + a, a - b, b - a, a * b, a / b, a == b, a != b)
    for b in (3, 2.5):
        print(a + b, b + a, a - b, a * b, a == b, a != b)
print(abs(3 + 4j), (1 + 1j) ** 2, (1 + 2j) ** 0, 0j**0, (2 + 0j) ** -2, (1 + 2j) ** 3, 2 ** (1 + 0j), (1j) ** 101)
print(complex(), complex(1), complex(1, 2), complex("1+2j"), complex(" ( -1.5e2-nanj ) "), complex("j"), complex("-j"), complex("1e3"), complex("infj"), complex(True), complex(1.5, -0.0), complex(real=1, imag=2), complex(imag=3))
print(complex(-0.0, -0.0), complex(0.0, -0.0), complex(inf, nan), 1e16j, 1e-5j, 0.1 + 0.2j, complex(-inf, 1), complex(1, inf))
print({1 + 0j: "x"}[1], hash(1 + 0j) == hash(1), hash(2.5 + 0j) == hash(2.5), 1 + 0j == True, 2**80 + 0j == 2**80)


class Both:
    def __complex__(self):
        return 4 - 2j


class Sub(complex):
    pass


print(complex(Both()), type(Sub(1, 2)), Sub(1, 2) + 1, type(Sub(1, 2) + 1), Sub("1j"), (1 + 2j).__complex__(), (1 + 2j).__getnewargs__())
show(
    "complex('x')", "complex('')", "complex('1+')", "complex('1+2')", "complex('1 + 2j')", "complex(foo=1)", "1j < 2", "1j > 1j", "1j // 1", "1j % 1", "divmod(1j, 1)", "int(1j)", "float(1j)", "pow(1j, 1, 1)", "1j + 'a'", "abs(complex(1e308, 1e308) * 1e10)",
    "round(1j)", "format(1 + 2j)", "format(1 + 2j, '.2f')", "format(1 + 2j, '>20')", "format(1 + 2j, 'e')", "format(1.5 - 2j, '+.1f')", "format(1j, 'd')", "format(1j, '020')", "format(1234.5 + 1000j, ',')", "format(-2j)", "format(1 + 2j, 'g')",
)
