"""range and its iterators."""

def show(*sources):
    """Prints what each expression gives: a value, or the exception and its text."""
    for source in sources:
        try:
            print(source, "->", repr(eval(source)))
        except Exception as error:
            print(source, "->", type(error).__name__ + ":", error)


for r in (range(0), range(5), range(2, 10), range(10, 2, -3), range(0, 10, 3), range(5, 5), range(2**70, 2**70 + 10, 4), range(2**63 - 2, 2**63 + 2), range(-(2**80), 2**80, 2**79), range(1, 0), range(2**62, -(2**62), -(2**61))):
    print(r, len(r), list(r), list(reversed(r)), bool(r), r.start, r.stop, r.step, hash(r) == hash(range(r.start, r.stop, r.step)))
    print(r[::2], r[::-1], r[1:], r[:-1], r[-2:], r[5:1:-1], r[100:], list(r[1:3]), tuple(r), sum(r), 3 in r, 2**70 in r, 3.0 in r, "a" in r, r.count(3), True in r)
print(range(5) == range(0, 5, 1), range(0) == range(3, 1), range(0, 3, 2) == range(0, 4, 2), range(1) == range(0, 1, 5), range(3) != range(4), range(3) == [0, 1, 2])
print(range(10).index(4), range(0, 20, 5).index(15), range(10).count(4.0), range(10).index(4.0), range(2**70, 2**71, 2**65).index(2**70 + 2**65))
print(range(10)[3], range(10)[-1], range(2**65)[2**64], range(2**65)[-1], range(True, 5, True), range(10)[True])
it = iter(range(10))
print(next(it), next(it), it.__length_hint__(), list(it), next(it, "end"), it.__length_hint__())
it = iter(range(5))
next(it)
f, args, *state = it.__reduce__()
print(f is iter, args, state)
it = iter(range(2**70, 2**70 + 3))
print(next(it) - 2**70, it.__length_hint__(), type(it).__name__, it.__reduce__()[1], [x - 2**70 for x in it])
it.__setstate__(1)
print([x - 2**70 for x in it])
a, *b = range(4)
print(a, b, [*range(3), *range(2)], {**{}}, dict(zip(range(3), range(3, 6))))
total = 0
for i in range(1000):
    for j in range(i, 0, -7):
        total += j
print(total, len(range(2**31 - 1)), range(-1, 2**63 - 1)[-1])


class Index:
    def __init__(self, n):
        self.n = n

    def __index__(self):
        return self.n


print(range(Index(2), Index(8), Index(3)), range(10)[Index(4)], range(10)[Index(2) : Index(6)], Index(3) in range(5))
show(
    "range()", "range(1, 2, 3, 4)", "range(1.0)", "range('a')", "range(1, 2, 0)", "range(3)[5]", "range(3)[-4]", "range(3)['a']", "range(3)[1.0]", "range(3)[::0]", "range(3)['a':]", "range(3).index('a')", "len(range(2**70))", "range(stop=3)", "range(2**70)[2**80]", "range(3) < range(4)", "range(3) + range(4)", "range(3).start", "hash(range(3)) == hash(range(3))", "range(3).__contains__(1)", "range(3).__reduce__()",
)
