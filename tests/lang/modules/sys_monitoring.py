# Events that tools ask for, everywhere and in one code object, and switching them off where they come up.
import sys

monitoring = sys.monitoring
events = monitoring.events
TOOL = 3


def work(n):
    total = 0
    for i in range(n):
        total += len([i])
    try:
        1 / 0
    except ZeroDivisionError:
        pass
    return total


def gives():
    yield 1


def catches():
    try:
        yield 1
    except ValueError:
        yield 2


def fails():
    raise KeyError(1)


watched = {f.__code__ for f in (work, gives, catches, fails)}
log = []


def register(name):
    def callback(code, *rest):
        if code in watched:
            if name != "LINE":
                rest = rest[1:]
            shown = [x if isinstance(x, int) else type(x).__name__ for x in rest]
            log.append((name, code.co_name, *shown))

    monitoring.register_callback(TOOL, getattr(events, name), callback)


NAMES = """PY_START PY_RESUME PY_RETURN PY_YIELD PY_UNWIND PY_THROW CALL LINE RAISE RERAISE
           EXCEPTION_HANDLED C_RETURN C_RAISE""".split()
monitoring.use_tool_id(TOOL, "test")
print(monitoring.get_tool(TOOL), monitoring.get_events(TOOL))
for name in NAMES:
    register(name)
monitoring.set_events(TOOL, sum(getattr(events, name) for name in NAMES))
work(2)
list(gives())
try:
    fails()
except KeyError:
    pass
g = catches()
next(g)
g.throw(ValueError)
monitoring.set_events(TOOL, 0)
for entry in log:
    print(*entry)

count = 0


def once(code, line):
    global count
    count += 1
    return monitoring.DISABLE


monitoring.register_callback(TOOL, events.LINE, once)
monitoring.set_local_events(TOOL, work.__code__, events.LINE)
work(3)
work(3)
print(count, monitoring.get_local_events(TOOL, work.__code__) == events.LINE)
monitoring.restart_events()
work(1)
print(count)


def bad(*args):
    return monitoring.DISABLE


monitoring.register_callback(TOOL, events.RAISE, bad)
monitoring.set_events(TOOL, events.RAISE)
try:
    fails()
except ValueError as error:
    print(error)
monitoring.free_tool_id(TOOL)
for wrong in (
    lambda: monitoring.set_events(TOOL, 1),
    lambda: monitoring.use_tool_id(6, "x"),
    lambda: monitoring.register_callback(TOOL, 3, None),
):
    try:
        wrong()
    except ValueError as error:
        print(error)
