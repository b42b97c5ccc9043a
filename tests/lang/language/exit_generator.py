# A suspended generator in a cycle ends its `finally` at the end of the program; nothing else here has
# a finaliser.
def waits():
    try:
        yield
    finally:
        print("finally")


generator = waits()
next(generator)
cycle = [generator]
cycle.append(cycle)
del cycle, generator
print("end of the program")
