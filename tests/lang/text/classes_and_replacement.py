"""Character classes, case and replacement; tuples as sort keys; small numbers as text."""
for s in ['', 'a', 'abc', 'A1 b', '12', 'é', 'É1', '١', 'x\u20acy', 'ß', 'ABC', 'a\u0301', '²', 'Ⅷ', '\U0001F600', '___', ' ', '\x85']:
    print(ascii(s), s.isalpha(), s.isdigit(), s.isdecimal(), s.isnumeric(), s.isalnum(), s.isspace(), s.isupper(), s.islower(), ascii(s.upper()), ascii(s.lower()), ascii(s.casefold()), ascii(s.swapcase()), ascii(s.title()), s.upper().isascii())
for h in ['', 'a', 'aXbXc', 'XXXX', 'éXéX', 'x\u20acXyX', 'abc']:
    for o, n in [('X', 'Y'), ('X', 'é'), ('X', ''), ('', '-'), ('a', 'bb'), ('é', 'e'), ('X', 'X'), ('abc', 'q'), ('X', '\U0001F600')]:
        for c in (-1, 0, 1, 2, 100): print(ascii(h.replace(o, n, c)), end=' ')
    print()
print(sorted([(1, ('b', 2)), (1, ('a', 9)), (0, ('z',)), (1, ('a',)), (1, ())]), sorted([((1, 2), 'x'), ((1, 1), 'y')]))
try: print(sorted([(1, ('a', None)), (1, ('a', 1))]))
except TypeError as e: print(e)
print((1, (2, 3)) < (1, (2, 4)), (1, (2, 3)) == (1, (2, 3.0)), (1, (2, 3)) != (1, (2, 3)), (1, ('a', 2)) >= (1, ('a', 2)), ((((1,),),),) < ((((2,),),),), (1, (2, 'a')) == (1, (2, 1)))
class X:
    def __init__(s, v): s.v = v
    def __eq__(s, o): print('eq', s.v, o.v); return s.v == o.v
    def __lt__(s, o): print('lt', s.v, o.v); return s.v < o.v
print((1, (X(1), 2)) < (1, (X(1), 3)), (1, (X(1),)) < (1, (X(2),)))
print(list(range(5)), list(range(10, 0, -3)), list(range(0)), tuple(range(3)), sum(range(1000)), list(range(2**62, 2**62 + 2)))
print(str(0), str(-5), str(7), str(12345678901234), str(-(2**47)), str(2**47), repr(10), '%d %s' % (5, -6), f'{3}{-4}')
