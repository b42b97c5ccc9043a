# Garbage in cycles is finalised at the end, whatever holds it.
class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone:", self.name)


cycle = Noisy("in a cycle")
cycle.me = cycle
del cycle
kept = Noisy("a global")
print("end of the program")
