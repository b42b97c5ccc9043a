# What a tracing function is told: every line that runs, whatever its instructions, each exception, and
# where a debugger moves a frame by assigning to f_lineno.
import sys
import warnings


def watched(function, *args):
    events = []
    first = function.__code__.co_firstlineno

    def trace(frame, event, arg):
        if frame.f_code is function.__code__:
            events.append(f"{frame.f_lineno - first}{event[0]}")
        return trace

    sys.settrace(trace)
    try:
        function(*args)
    except Exception as error:
        events.append(type(error).__name__)
    finally:
        sys.settrace(None)
    print(function.__name__, *events)


def passes(a):
    pass
    try:
        if a:
            pass
        while 1:
            break
    except ValueError as e:
        pass
    finally:
        x = 1


def handles(n):
    try:
        try:
            1 / n
        except TypeError:
            pass
    except ZeroDivisionError as e:
        for i in range(2):
            if i:
                continue
            str(i)
    else:
        "nothing"
    return n


def chooses(a):
    match a:
        case 1:
            y = 1
        case [x, y] if x:
            y = 2
        case _:
            if 0:
                y = 3


def repeats():
    n = 2
    while n:
        n -= 1
    with open("/dev/null") as f:
        if not n:
            return f


def raises():
    [][
        0
    ]


def yields():
    for x in (i for i in (1, 2)):
        x


def gives():
    yield 1
    yield 2


def iterates():
    for x in gives():
        pass


for a in 0, 1:
    watched(passes, a)
    watched(handles, a)
for a in 1, [1, 2], None:
    watched(chooses, a)
for function in repeats, raises, yields, iterates:
    watched(function)


warnings.simplefilter("ignore")


def jumps(function, start, to):
    out = []
    first = function.__code__.co_firstlineno

    def trace(frame, event, arg):
        if frame.f_code is not function.__code__:
            return None
        if event == "line" and frame.f_lineno == first + start:
            frame.f_lineno = first + to
            sys.settrace(None)
            return None
        return trace

    sys.settrace(trace)
    try:
        function(out)
    except Exception as error:
        out.append(str(error))
    finally:
        sys.settrace(None)
    print(function.__name__, start, to, out)


def blocks(out):
    out.append(1)
    for i in 1, 2:
        out.append(3)
    try:
        out.append(5)
    except ValueError:
        out.append(7)
    finally:
        out.append(9)
    with open("/dev/null") as f:
        out.append(11)
    while len(out) < 20:
        out.append(13)
        break
    out.append(15)


for start, to in [(1, 15), (1, 3), (3, 5), (1, 5), (1, 7), (5, 9), (9, 15), (1, 11), (11, 15), (1, 13), (1, 16)]:
    jumps(blocks, start, to)
try:
    sys._getframe().f_lineno = 1
except ValueError as error:
    print(error)
