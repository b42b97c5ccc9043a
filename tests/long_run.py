"""Runs the programs of tests/ over and over in one process, and watches what is left of each.

    adder tests/long_run.py [--seconds N] [FOLDER...]     (default: 60 seconds, tests/lang)

After each round over all programs it looks at the number of objects that the collector knows and at the
resident memory. From the third round on objects may grow by a hundredth. Memory takes some dozens of rounds to
settle, while the allocator's areas fill up; from the second quarter of the run to the last one it may grow by a
thirtieth. What a program leaves behind would show here. Programs that end the process or change it for good
are left out; so are two that register classes for ever, in CPython as well.
"""
import gc
import io
import os
import sys
import time
import types

LEFT_OUT = {"finalization.py", "sockets.py", "system.py", "files.py", "attribute_caches.py"}
LEFT_OUT |= {"asyncio_native.py", "datetime_values_314.py"}


def programs(folders):
    for folder in folders:
        for place, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                if name.endswith(".py") and not name.startswith("_") and name not in LEFT_OUT:
                    yield os.path.join(place, name)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4


def run(path, code):
    out, sys.stdout = sys.stdout, io.StringIO()
    err, sys.stderr = sys.stderr, io.StringIO()
    modules = set(sys.modules)
    main, sys.modules["__main__"] = sys.modules["__main__"], types.ModuleType("__main__")
    sys.modules["__main__"].__file__ = path
    try:
        exec(code, sys.modules["__main__"].__dict__)
    except SystemExit:
        pass
    finally:
        sys.stdout, sys.stderr, sys.modules["__main__"] = out, err, main
        for name in set(sys.modules) - modules:
            if getattr(sys.modules[name], "__file__", None) == path:
                del sys.modules[name]


def main():
    seconds, folders = 60, []
    words = sys.argv[1:]
    while words:
        word = words.pop(0)
        if word == "--seconds":
            seconds = int(words.pop(0))
        else:
            folders.append(word)
    here = os.path.dirname(os.path.abspath(__file__))
    files = list(programs(folders or [os.path.join(here, "lang")]))
    codes = {}
    for path in files:
        with open(path, encoding="utf-8") as file:
            codes[path] = compile(file.read(), path, "exec")
    start, rounds, lines = time.time(), 0, []
    # A line a second at most, so that the record itself does not show.
    due = start
    while time.time() - start < seconds or len(lines) < 4:
        for path, code in codes.items():
            run(path, code)
        gc.collect()
        rounds += 1
        now = time.time()
        if now >= due or rounds <= 4:
            lines.append((len(gc.get_objects()), resident()))
            due = now + 1
        if rounds & (rounds - 1) == 0:
            print("round %d: %d objects, %d KiB" % (rounds, len(gc.get_objects()), resident()), flush=True)
    print("round %d: %d objects, %d KiB" % (rounds, *lines[-1]))
    objects = lines[-1][0] / lines[2][0]
    quarter = len(lines) // 4
    memory = sum(line[1] for line in lines[-quarter:]) / sum(line[1] for line in lines[quarter : 2 * quarter])
    print("objects from the third round x %.4f, memory from the second quarter to the last x %.4f" % (objects, memory))
    if objects > 1.01 or memory > 1.033:
        sys.exit("something is left behind")


main()
