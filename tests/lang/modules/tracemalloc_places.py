# Where memory was asked for, as tracemalloc tells it.
import _tracemalloc
import gc
import os
import subprocess
import sys
import tracemalloc
import warnings


def error(f, *args):
    try:
        return f(*args)
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def place(obj):
    """The lines of an object's traceback in this file, the outermost first."""
    found = tracemalloc.get_object_traceback(obj)
    return found and [frame.lineno for frame in found if frame.filename == __file__]


class Box:
    pass


def make():
    return Box()


def make_deep(n):
    if n:
        return make_deep(n - 1)
    return [Box(), set(),
            bytearray(b"x" * 100),
            lambda: n, (i for i in "abc")]


print(tracemalloc.is_tracing(), tracemalloc.get_traceback_limit(), tracemalloc.get_traced_memory())
print(_tracemalloc._get_traces(), tracemalloc.get_object_traceback(Box()), error(tracemalloc.take_snapshot))
for frames in (0, -1, 65536, 2 ** 40, "1", None, 1.5):
    print(error(tracemalloc.start, frames))

before = Box()


def first():
    tracemalloc.start()
    made = Box()
    print(place(made), place(before), tracemalloc.is_tracing(), tracemalloc.get_traceback_limit())
    tracemalloc.start(9)
    print(tracemalloc.get_traceback_limit())
    tracemalloc.stop()
    print(place(made), tracemalloc.get_traced_memory())


first()


def deep(limit):
    tracemalloc.start(limit)
    boxes = make_deep(3)
    for obj in boxes:
        print(type(obj).__name__, place(obj))
    alone = make()
    print(place(alone))
    total = {trace[3] for trace in _tracemalloc._get_traces() if trace[2][0] == (__file__, 29)}
    print(total, len(tracemalloc.get_object_traceback(alone)))
    tracemalloc.clear_traces()
    print(place(alone), tracemalloc.is_tracing())
    tracemalloc.stop()
    print(tracemalloc.get_traceback_limit())


deep(1)
deep(4)
deep(100)


def sizes():
    """Insides of containers count as well as objects."""
    tracemalloc.start()
    for build in (lambda: [None] * 10 ** 5, lambda: dict.fromkeys(range(10 ** 5)), lambda: set(range(10 ** 5)),
                  lambda: bytearray(10 ** 6), lambda: "x" * 10 ** 6, lambda: [Box() for _ in range(10 ** 4)],
                  lambda: (None,) * 10 ** 5):
        start = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        kept = build()
        now, peak = tracemalloc.get_traced_memory()
        grown = now - start
        lines = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, __file__)])
        most = lines.statistics("lineno")[0]
        print(grown > 3 * 10 ** 5, peak >= now, most.size > 3 * 10 ** 5)
        with_snapshot = tracemalloc.get_traced_memory()[0]
        del kept
        print(with_snapshot - tracemalloc.get_traced_memory()[0] > 3 * 10 ** 5)
    growing = []
    for i in range(1000):
        growing.append(i * 10 ** 20)
    before = tracemalloc.take_snapshot()
    more = [bytes(1000) for i in range(500)]
    changed = [d for d in tracemalloc.take_snapshot().compare_to(before, "lineno") if d.traceback[0].filename == __file__]
    print(changed[0].traceback[0].lineno - sizes.__code__.co_firstlineno, 490 <= changed[0].count_diff <= 510,
          500000 <= changed[0].size_diff <= 600000)
    tracemalloc.stop()


sizes()


def churn():
    """Blocks that were free before, or are given back after, are not mistaken."""
    kept = [Box() for _ in range(5000)]
    del kept[::2]
    tracemalloc.start()
    again = [Box() for _ in range(5000)]
    print({tuple(place(box)) for box in again} == {(churn.__code__.co_firstlineno + 5,)})
    print(any(place(box) for box in kept))
    del kept
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    del again
    print(before - tracemalloc.get_traced_memory()[0] > 5000 * 40)
    tracemalloc.stop()
    print(all(type(Box()) is Box for _ in range(20000)))


churn()


def in_thread():
    import threading
    tracemalloc.start(2)
    made = []
    thread = threading.Thread(target=lambda: made.append(make()))
    thread.start()
    thread.join()
    print(place(made[0]))
    pid = os.fork()
    if pid == 0:
        os._exit(3 if place(make()) and tracemalloc.is_tracing() else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    tracemalloc.stop()


in_thread()

warnings.simplefilter("always")
tracemalloc.start(3)
leaked = open(os.devnull)
with warnings.catch_warnings(record=True) as caught:
    del leaked
    gc.collect()
print([str(w.message).split()[0] for w in caught], [bool(place(w.source)) for w in caught])
tracemalloc.stop()
print(tracemalloc.get_tracemalloc_memory() >= 0, tracemalloc.reset_peak())


def child(*args, **env):
    code = "import tracemalloc as t, sys; print(t.is_tracing(), t.get_traceback_limit(), sys._xoptions)"
    done = subprocess.run([sys.executable, *args, "-c", code], env={**os.environ, **env}, capture_output=True, text=True)
    print(done.stdout.strip() or done.stderr.splitlines()[0], done.returncode)


child()
child("-X", "tracemalloc")
child("-X", "tracemalloc=5")
child("-X", "tracemalloc=0")
child("-X", "tracemalloc=70000")
child("-X", "tracemalloc=x")
child(PYTHONTRACEMALLOC="3")
child(PYTHONTRACEMALLOC="")
child("-E", PYTHONTRACEMALLOC="3")
child(PYTHONTRACEMALLOC="no")
child("-X", "tracemalloc=2", PYTHONTRACEMALLOC="3")
