def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


print(list(tree(4)))


def echo():
    received = []
    try:
        while True:
            received.append((yield len(received)))
    except GeneratorExit:
        print("closing", received)
    finally:
        print("done")


g = echo()
print(next(g), g.send("a"), g.send("b"))
g.close()


def catcher():
    while True:
        try:
            yield "ready"
        except ValueError as e:
            yield f"caught {e}"


c = catcher()
print(next(c), c.throw(ValueError("x")), next(c))


def result():
    got = yield from inner()
    print("inner gave", got)
    return got * 2


def inner():
    yield 1
    return 21


r = result()
print(next(r))
try:
    next(r)
except StopIteration as stop:
    print(stop.value)


def stops():
    yield 1
    raise StopIteration(2)


try:
    list(stops())
except RuntimeError as e:
    print(e, repr(e.__cause__))


def helper(x):
    return x * x


print(sum(helper(i) + helper(n) for i in range(20) for n in range(3)))


async def leaf(n):
    return n + 1


async def trunk():
    return [await leaf(i) for i in range(3)]


t = trunk()
try:
    t.send(None)
except StopIteration as stop:
    print(stop.value)
