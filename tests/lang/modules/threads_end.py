# What a thread leaves behind when it ends, and what a fork leaves of the other threads.
import os
import sys
import threading
import warnings

warnings.simplefilter("ignore")
data = threading.local()
gone = []


class Noted:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        gone.append(self.name)


def work(name):
    data.x = Noted(name)


for i in range(3):
    thread = threading.Thread(target=work, args=(i,))
    thread.start()
    thread.join()
print("gone with their threads:", gone)
work("main")
work("main again")
print(gone[-1])

stop = threading.Event()
thread = threading.Thread(target=stop.wait)
thread.start()
pid = os.fork()
if pid == 0:
    alone = threading.active_count() == 1 and len(sys._current_frames()) == 1
    os._exit(0 if alone and not thread.is_alive() else 1)
print("child:", os.waitpid(pid, 0)[1])
print(thread.is_alive())
stop.set()
thread.join()
