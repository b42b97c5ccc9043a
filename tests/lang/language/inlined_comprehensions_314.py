# Comprehensions run in the function they stand in (PEP 709), and their variables are their own.
import sys
import traceback


def show(value):
    print(value)


# The variables of the function are untouched, also by a comprehension that fails.
def isolated(x):
    y = "y"
    first = [x for x in [1, 2]]
    second = {x: y for x in first for y in "ab"}
    try:
        [x / 0 for x in [3]]
    except ZeroDivisionError:
        pass
    nested = [[x * 10 for x in range(x)] for x in first]
    return x, y, first, second, nested


show(isolated("x"))


def unbound():
    [new for new in [1]]
    try:
        [1 / new for new in [0]]
    except ZeroDivisionError:
        pass
    show(sorted(locals()))
    try:
        [other for new in [1, 2] if other for other in [new]]
    except UnboundLocalError as error:
        show(error)


unbound()


# Objects die when the comprehension ends.
class Dies:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone:", self.name)


def lifetimes():
    [None for item in map(Dies, "ab")]
    print("after")
    try:
        [item.missing for item in [Dies("c")]]
    except AttributeError:
        print("handled")


lifetimes()


# Functions inside share a variable for each run of a comprehension, not with the function's own.
def closures(x):
    own = lambda: x
    both = [[lambda: x for x in (n, n + 1)] for n in (1, 10)]
    return own(), [f() for pair in both for f in pair], x


show(closures("x"))


def captured(a, x):
    inner = [lambda: (a, x, y) for y in [1]]
    a = "changed"
    return inner[0]()


show(captured("a", "x"))


def rebound(x):
    fs = [lambda: x for x in range(2)]
    gs = {lambda: x for _ in [1]}
    x += 1
    return [f() for f in fs], [g() for g in gs]


show(rebound(5))


# locals() shows the variables of a comprehension that runs.
def with_locals(x):
    before = sorted(locals())
    inside = [dict(locals()) for x in [1] for z in [2]]
    hidden = [(lambda: x, locals()["x"])[1] for x in [1]]
    return before, [sorted(d.items(), key=str) for d in inside], hidden, x


show(with_locals(0))


def through_the_frame(x):
    def caller(name, *value):
        variables = sys._getframe(1).f_locals
        if value:
            (variables[name],) = value
        return variables[name]

    return [(caller("x"), caller("x", x + 10), x) for x in [1, 2]], caller("x"), x


show(through_the_frame(0)[1:])


# Classes: only the outermost iterable sees the names of the class.
y = "global"


class Class:
    y = [1, 2]
    listed = [y for x in y]
    paired = {x: x for x in y}
    later = [lambda: x for x in y]
    deeper = [[(x, z) for x in [z]] for z in y]
    try:
        [missing for x in y]
    except NameError as error:
        show(error)

    def method(self):
        return [super(Class, self).__init__() for _ in "a"], [__class__ for _ in "a"]

    def implicit(self):
        return [super().__hash__ is not None for _ in "a"]


show((Class.listed, Class.paired, [f() for f in Class.later], Class.deeper))
show((Class().method(), Class().implicit()))
show([name for name in vars(Class) if len(name) == 1])

# A module's names are looked up as they are around the comprehension.
show(eval("[name for _ in [1]]", {}, {"name": "local"}))
globals_, locals_ = {}, {}
exec("[(bound := n) for n in range(3)]", globals_, locals_)
show((globals_["bound"], locals_))


def walrus(values):
    found = any([(last := v) > 2 for v in values])
    deep = [[(total := a + b) for a in [1]] for b in [2]]
    return found, last, total, deep


show(walrus([1, 2, 3, 4]))


# One frame in tracebacks and for those who trace.
def raises():
    return [1 / n for n in [1, 0]]


try:
    raises()
except ZeroDivisionError as error:
    show([(frame.name, frame.lineno, frame.colno) for frame in traceback.extract_tb(error.__traceback__)])

events = []


def trace(frame, event, arg):
    if frame.f_code is traced.__code__:
        events.append((event, frame.f_lineno - traced.__code__.co_firstlineno))
    else:
        events.append((event, frame.f_code.co_name))
    return trace


def traced():
    a = [
        n
        for n in (1, 2)
    ]
    return {k: v for k, v in zip(a, a)}


sys.settrace(trace)
traced()
sys.settrace(None)
show(events)


# Asynchronous ones, too.
async def items():
    for n in range(3):
        yield n


async def twice(n):
    return 2 * n


async def asynchronous(n):
    plain = [n async for n in items()]
    awaited = {n: await twice(n) for n in plain if await twice(n)}
    nested = [[m async for m in items() if m < n] for n in plain]
    generator = [g async for g in (n async for n in items())]
    return n, plain, awaited, nested, generator


def run(coroutine):
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value


show(run(asynchronous("n")))
