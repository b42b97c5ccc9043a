# What native instances hold shows as members; exceptions have their fields beside their __dict__.
import datetime
import inspect
import operator
import os
import pickle
import types

for member in (complex.real, property.fget, slice.start, range.stop, datetime.timedelta.days,
               OSError.errno, StopIteration.value, BaseExceptionGroup.message, os.stat_result.st_mode,
               types.CodeType.co_name, types.FunctionType.__globals__, type.__dict__["__base__"]):
    print(member, type(member).__name__, inspect.ismemberdescriptor(member), member.__name__,
          member.__qualname__)
print(type(float.real).__name__, type(types.FunctionType.__code__).__name__)


def fails(f, *args):
    try:
        f(*args)
    except Exception as e:
        print(type(e).__name__, e)


fails(setattr, property(), "fget", len)
fails(setattr, 1j, "real", 2)
group = ExceptionGroup("g", [ValueError(1)])
fails(setattr, group, "message", "other")
fails(setattr, group, "exceptions", [])
fails(complex.real.__get__, "text")
print(group.message, group.exceptions)

for e in (OSError(2, "no", "file"), OSError(2, "no", "a", None, "b"), OSError(1), ImportError("m", name="n", path="p"),
          AttributeError("m", name="n", obj=[]), NameError("m", name="n"), StopIteration(3), SystemExit(3, 4),
          UnicodeDecodeError("utf-8", b"ab", 0, 1, "why"), SyntaxError("m", ("f", 1, 2, "t", 1, 3))):
    print(e.__reduce__()[1:], vars(e))
    e.extra = 1
    again = pickle.loads(pickle.dumps(e))
    print(type(again).__name__, str(again), vars(again), e.__reduce__()[2])
e = pickle.loads(pickle.dumps(AttributeError("m", name="n", obj=[])))
print(e.name, e.obj, pickle.loads(pickle.dumps(OSError(2, "no", "a", None, "b"))).filename2)


class Shadow(OSError):
    errno = 5


e = Shadow(2, "no")
print(e.errno, str(e), vars(e))
e = ImportError("m", name="n")
e.__init__("m")
print(e.name)
del e.msg
print(e.msg, str(e) == "m")
try:
    class Both(OSError, ImportError):
        pass
except TypeError as e:
    print(e)
print(hasattr(OSError(1), "characters_written"))
e = BlockingIOError(1, "b", 7)
print(e.characters_written, e.filename, vars(e))


# A method descriptor of another class is not passed over; an error of a property is, when comparing.
class Wrong(int):
    __eq__ = str.__eq__
    __add__ = str.__add__


class Failing:
    @property
    def __eq__(self):
        raise AttributeError("no")

    @property
    def __add__(self):
        raise AttributeError("no")


fails(lambda: Wrong() == Wrong())
fails(lambda: Wrong() + Wrong())
print(Failing() == Failing())
fails(lambda: Failing() + 1)

# Keys taken out and put back while a dict is walked over.
d = {0: 0}


def walk(view):
    for _ in view():
        del d[0]
        d[0] = 0


for view in d.keys, d.values, d.items:
    fails(walk, view)
for _ in range(10):
    d[1] = 1
    print(d.popitem(), end=" ")
print(d)


def scope():
    x, y = 1, 2
    import sys
    return reversed(sys._getframe().f_locals)


print(scope())


async def coroutine():
    pass


c = type(coroutine)
co = coroutine()
print("coroutine" in type(co).send.__doc__, "coroutine" in type(co).close.__doc__,
      type(co).__name__, co.__name__, co.__qualname__)
co.__name__ = "other"
print(co.__name__)
co.close()
