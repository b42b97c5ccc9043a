"""Results and error texts that changed in CPython 3.14."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


show(
    "complex([])",
    "complex('1', 2)",
    "complex(1, '2')",
    "complex(b'1')",
    "(1e308 + 1e308j) ** 2",
    "range(3).index(7)",
)
for a in (0j, 3 + 0j, complex(-0.0, 0.0)):
    for b in (3, 2.5):
        print(b - a, a / b, b / (a + 1j))
