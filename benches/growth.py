"""How the cost of one element grows with the number of elements.

    growth.py                        times this interpreter, prints JSON
    growth.py --compare A B          runs itself under two interpreters, prints a table
    growth.py --max 1000000 ...      stops at so many elements (digits stop at a tenth of it)
    growth.py ... NAME...            only rows whose name contains one of these

Each cell is nanoseconds for an element (for numbers: a digit). The last columns are the exponents of
the whole cost over the last two decades: 1.0 is linear. Runs under any Python 3.6 or later.
"""
import collections
import gc
import heapq
import json
import re
import subprocess
import sys
import time

ROWS = []


def row(name, least=1000, most=10**7):
    def add(function):
        ROWS.append((name, least, most, function))
        return function
    return add


@row("list append")
def _(n):
    x = []
    for i in range(n):
        x.append(i)


@row("list insert at 0", 1000, 10**5)
def _(n):
    x = []
    for i in range(n):
        x.insert(0, i)


@row("dict insert int")
def _(n):
    d = {}
    for i in range(n):
        d[i] = i


@row("dict insert str", most=10**6)
def _(n):
    d = {}
    for i in range(n):
        d[str(i)] = i


def _dict(n):
    return {i: i for i in range(n)}


@row("dict lookup")
def _(n, d=None):
    for i in range(n):
        d[i]
_.prepare = _dict


@row("dict delete")
def _(n, d=None):
    for i in range(n):
        del d[i]
_.prepare = _dict


@row("set insert")
def _(n):
    s = set()
    for i in range(n):
        s.add(i * 7)


@row("set lookup")
def _(n, s=None):
    for i in range(n):
        i in s
_.prepare = lambda n: set(range(0, 2 * n, 2))


@row("string join")
def _(n, parts=None):
    "".join(parts)
_.prepare = lambda n: [str(i) for i in range(n)]


@row("string += in a loop")
def _(n):
    s = ""
    for i in range(n):
        s += "x"


@row("bytearray +=")
def _(n):
    b = bytearray()
    for i in range(n):
        b += b"x"


@row("list slice")
def _(n, x=None):
    x[: n // 2] + x[n // 2:]
_.prepare = lambda n: list(range(n))


@row("list slice assign, delete")
def _(n, x=None):
    x[n // 4: n // 2] = []
    x[: n // 4] = x[n // 4: n // 2]
_.prepare = lambda n: list(range(n))


def _shuffled(n):
    x, seed = [], 12345
    for i in range(n):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        x.append(seed)
    return x


@row("sort ints")
def _(n, x=None):
    x.sort()
_.prepare = _shuffled


@row("sort sorted")
def _(n, x=None):
    x.sort()
_.prepare = lambda n: list(range(n))


@row("sort with key", most=10**6)
def _(n, x=None):
    x.sort(key=lambda item: -item)
_.prepare = _shuffled


@row("deque append, popleft")
def _(n):
    d = collections.deque()
    for i in range(n):
        d.append(i)
    for i in range(n):
        d.popleft()


@row("heapq push, pop", most=10**6)
def _(n, x=None):
    h = []
    for item in x:
        heapq.heappush(h, item)
    while h:
        heapq.heappop(h)
_.prepare = _shuffled


@row("gc.collect", most=10**6)
def _(n, x=None):
    gc.collect()
_.prepare = lambda n: [[i] for i in range(n)]


@row("gc of cycles", most=10**6)
def _(n):
    for i in range(n):
        x = []
        x.append(x)
    gc.collect()


@row("tuples kept (allocation, gc)")
def _(n):
    x = [(i, i) for i in range(n)]


@row("exception at depth n", 100, 10**4)
def _(n):
    def go(k):
        if k:
            go(k - 1)
        else:
            raise ValueError
    try:
        go(n)
    except ValueError:
        pass


@row("exception through n generators", 100, 10**4)
def _(n):
    def go(k):
        if k:
            yield from go(k - 1)
        else:
            raise ValueError
    try:
        next(go(n))
    except ValueError:
        pass


@row("freeing a nested list")
def _(n, x=None):
    x.clear()
def _nested(n):
    x = []
    for i in range(n):
        x = [x]
    return x
_.prepare = _nested


@row("regex search")
def _(n, x=None):
    re.search("b+c", x)
_.prepare = lambda n: "ab" * (n // 2)


@row("regex findall", most=10**6)
def _(n, x=None):
    re.findall(r"\w+", x)
_.prepare = lambda n: "word and " * (n // 9)


@row("regex sub", most=10**6)
def _(n, x=None):
    re.sub("b", "cc", x)
_.prepare = lambda n: "ab" * (n // 2)


@row("regex repeated group, no match", most=10**5)
def _(n, x=None):
    re.match("(?:a|b)*c", x)
_.prepare = lambda n: "ab" * (n // 2)


@row("json dumps", most=10**6)
def _(n, x=None):
    json.dumps(x)
_.prepare = lambda n: [{"k": i} for i in range(n)]


@row("json loads", most=10**6)
def _(n, x=None):
    json.loads(x)
_.prepare = lambda n: json.dumps([{"k": i} for i in range(n)])


@row("str.split")
def _(n, x=None):
    x.split()
_.prepare = lambda n: "ab " * (n // 3)


@row("str.find absent")
def _(n, x=None):
    x.find("ac")
_.prepare = lambda n: "ab" * (n // 2)


@row("str.replace")
def _(n, x=None):
    x.replace("b", "cc")
_.prepare = lambda n: "ab" * (n // 2)


@row("bytes.decode, encode")
def _(n, x=None):
    x.decode().encode()
_.prepare = lambda n: b"ab" * (n // 2)


def _number(n):
    return int("7" * 9) ** (n // 9 + 1)


@row("int * int", 100, 10**6)
def _(n, x=None):
    x * x
_.prepare = _number


@row("int // int", 100, 10**5)
def _(n, x=None):
    (x * x) // (x + 1)
_.prepare = _number


@row("str(int)", 100, 10**5)
def _(n, x=None):
    str(x)
_.prepare = _number


@row("int(str)", 100, 10**5)
def _(n, x=None):
    int(x)
_.prepare = lambda n: "7" * n


@row("int + int", 100, 10**6)
def _(n, x=None):
    x + x
_.prepare = _number


def measure(function, n):
    """Seconds: the best of some runs, more of them for short ones."""
    best, spent, runs = None, 0.0, 0
    while runs < 1 or (runs < 7 and spent < 0.3):
        prepare = getattr(function, "prepare", None)
        arguments = (n, prepare(n)) if prepare else (n,)
        start = time.perf_counter()
        function(*arguments)
        seconds = time.perf_counter() - start
        del arguments
        spent, runs = spent + seconds, runs + 1
        best = seconds if best is None else min(best, seconds)
    return best


def times(most, names):
    sys.setrecursionlimit(10**6)
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    found = {}
    for name, low, high, function in ROWS:
        if names and not any(part in name for part in names):
            continue
        cells, n = {}, low
        limit = min(high, most if low >= 1000 else max(most // 10, low))
        while n <= limit:
            cells[n] = measure(function, n)
            n *= 10
        found[name] = cells
    return found


def exponent(cells):
    import math
    sizes = sorted(int(n) for n in cells)
    if len(sizes) < 3:
        low, high = sizes[0], sizes[-1]
    else:
        low, high = sizes[-3], sizes[-1]
    if low == high:
        return float("nan")
    return math.log(cells[str(high)] / cells[str(low)]) / math.log(high / low)


def table(interpreters, most, names):
    results = []
    for interpreter in interpreters:
        command = [interpreter, __file__, "--max", str(most)] + names
        output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        results.append(json.loads(output.decode()))
    print("| what | elements | " + " | ".join(f"ns in {i}" for i in "AB") + " | exponent A | exponent B |")
    print("| --- | --- | --- | --- | ---: | ---: |")
    worse = []
    for name in results[0]:
        a, b = (result.get(name, {}) for result in results)
        sizes = sorted(int(n) for n in a)

        def shown(cells):
            return " ".join("%.3g" % (cells[str(n)] / n * 1e9) for n in sizes)
        ea, eb = exponent(a), exponent(b)
        mark = ""
        if eb > ea + 0.15:
            worse.append(name)
            mark = " (worse)"
        sizes_text = "%g to %g" % (sizes[0], sizes[-1])
        print(f"| {name} | {sizes_text} | {shown(a)} | {shown(b)} | {ea:.2f} | {eb:.2f}{mark} |")
    print("\nworse exponent in B:", ", ".join(worse) or "nowhere")


def main():
    words, most, compare = sys.argv[1:], 10**7, None
    names = []
    while words:
        word = words.pop(0)
        if word == "--max":
            most = int(words.pop(0))
        elif word == "--compare":
            compare = [words.pop(0), words.pop(0)]
        else:
            names.append(word)
    if compare:
        table(compare, most, names)
    else:
        print(json.dumps(times(most, names)))


main()
