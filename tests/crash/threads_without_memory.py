# Threads take address space. When there is none left for another one, that is a RuntimeError; and deep
# recursion in a thread with a small stack is a RecursionError.
import resource
import sys
import threading

with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20), used + (200 << 20)))
go = threading.Event()
threads = []
try:
    while len(threads) < 100_000:
        thread = threading.Thread(target=go.wait)
        thread.start()
        threads.append(thread)
except RuntimeError as error:
    assert str(error) == "can't start new thread", error
go.set()
for thread in threads:
    thread.join()
assert len(threads) > 5, len(threads)


def calls(n):
    return calls(n + 1)


def nested(n):
    data = []
    for _ in range(100_000):
        data = [data]
    return repr(data)


caught = []


def run(function):
    sys.setrecursionlimit(10**9)
    try:
        function(0)
    except RecursionError:
        caught.append(function)


for function in (calls, nested):
    thread = threading.Thread(target=run, args=(function,))
    thread.start()
    thread.join()
assert caught == [calls, nested], caught
print("done")
