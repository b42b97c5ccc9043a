# A child of a program with threads: what is left of them in it, and the warning in the parent.
import os
import sys
import threading
import warnings

main = threading.main_thread()


def wait_for(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def in_child(held):
    done = threading.Event()
    waiter = threading.Thread(target=lambda: (main.join(), done.set()))
    waiter.start()
    waiter.join()
    print("child", done.is_set(), main.is_alive(), held.is_alive(), threading.active_count())
    print(threading.main_thread() is threading.current_thread(), threading.current_thread().name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pid = os.fork()
        if pid == 0:
            os._exit(3)
    print("grandchild", wait_for(pid), len(caught))
    sys.stdout.flush()
    os._exit(0)


def worker(held):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pid = os.fork()
        if pid == 0:
            in_child(held)
    print("worker", wait_for(pid))
    for warning in caught:
        print(warning.category.__name__, str(warning.message).replace(str(os.getpid()), "PID"))


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    pid = os.fork()
    if pid == 0:
        os._exit(4)
print("alone", wait_for(pid), len(caught))
gate = threading.Event()
held = threading.Thread(target=gate.wait)
held.start()
thread = threading.Thread(target=worker, args=(held,), name="worker")
sys.stdout.flush()
thread.start()
thread.join()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    pid, fd = os.forkpty()
    if pid == 0:
        os._exit(5)
print("terminal", wait_for(pid), [str(w.message).replace(str(os.getpid()), "PID") for w in caught])
os.close(fd)
gate.set()
held.join()
print("alive", main.is_alive())
