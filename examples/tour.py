"""A tour of the language: what runs here runs in CPython with the same output."""


class Account:
    """Properties, class attributes, comparison and text."""

    opened = 0

    def __init__(self, owner, balance=0):
        self.owner = owner
        self._balance = balance
        Account.opened += 1

    @property
    def balance(self):
        return self._balance

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError(f"cannot deposit {amount!r}")
        self._balance += amount
        return self

    def __lt__(self, other):
        return self.balance < other.balance

    def __repr__(self):
        return f"Account({self.owner!r}, {self.balance})"


def primes():
    """All primes, lazily."""
    known = []
    n = 2
    while True:
        if all(n % p for p in known if p * p <= n):
            known.append(n)
            yield n
        n += 1


def describe(shape):
    match shape:
        case {"kind": "circle", "radius": r}:
            return f"a circle of radius {r}"
        case [x, y, *rest]:
            return f"a point at {x}, {y}" + (f" and {len(rest)} more" if rest else "")
        case str() as name if name.isupper():
            return f"something called {name}"
        case _:
            return "something else"


def main():
    accounts = [Account("Ada", 30), Account("Grace", 10).deposit(5), Account("Alan")]
    print(sorted(accounts), Account.opened)
    try:
        accounts[0].deposit(-1)
    except ValueError as error:
        print("refused:", error)

    stream = primes()
    print([next(stream) for _ in range(12)])

    words = "the quick brown fox jumps over the lazy dog the end".split()
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    print({word: n for word, n in counts.items() if n > 1})

    for shape in ({"kind": "circle", "radius": 2}, [1, 2, 3, 4], "ADDER", 3.5):
        print(describe(shape))

    print(2 ** 200, 10 ** 40 // 7, (1 + 2j) * 3j)
    print(f"{3.14159:>10.3f}|{255:#x}|{1_000_000:,}|{'centre':^12}|")

    try:
        raise ExceptionGroup("two", [ValueError("a"), TypeError("b")])
    except* ValueError as group:
        print("values:", group.exceptions)
    except* TypeError as group:
        print("types:", group.exceptions)


if __name__ == "__main__":
    main()
