# What happens when a program ends: finalisers find the module's names.
import sys
import threading


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print('gone', self.name, sys.is_finalizing())


def uses_globals():
    return kept


kept = Noisy('kept')
dropped = Noisy('dropped')
del dropped
threading.Thread(target=threading.Event().wait, daemon=True).start()
