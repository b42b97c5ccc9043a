# Every way through handlers and finally clauses.
def f(way):
    for i in range(3):
        try:
            try:
                if way == "return":
                    return ("returned", i)
                if way == "break":
                    break
                if way == "continue":
                    continue
                if way == "raise":
                    raise ValueError(i)
            finally:
                print("inner", way, i)
        except ValueError as e:
            print("caught", e)
            continue
        finally:
            print("outer", way, i)
    else:
        return "exhausted"
    return "after"


for way in ("return", "break", "continue", "raise", "nothing"):
    print(f(way))


class Manager:
    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        print("enter")
        return self

    def __exit__(self, kind, value, traceback):
        print("exit", kind and kind.__name__, value)
        return self.swallow


with Manager(True) as m:
    raise KeyError("gone")
try:
    with Manager(False):
        raise KeyError("kept")
except KeyError as e:
    print("out", e)


def in_with():
    for i in range(2):
        with Manager(False):
            if i:
                return i


print(in_with())

try:
    try:
        raise ValueError("first")
    except ValueError:
        raise TypeError("second")
except TypeError as e:
    print(repr(e), repr(e.__context__), e.__cause__)

try:
    raise ValueError("a") from KeyError("b")
except ValueError as e:
    print(repr(e.__cause__), e.__suppress_context__)

try:
    e
except NameError as error:
    print(error)
