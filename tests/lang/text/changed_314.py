"""Results and error texts that changed in CPython 3.14."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


show(
    "b'abc'.center(5, b'')",
    "bytes.fromhex(1)",
    "b'%c' % 'a'",
    "b'%c' % b'ab'",
    "'%c' % 'ab'",
    "'%c' % 1.5",
)
