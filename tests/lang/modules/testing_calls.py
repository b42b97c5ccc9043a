# _testcapi: native functions in each calling convention, and calls with arguments as they lie.
import _testcapi as capi
import _testlimitedcapi as limited
import signal
import sys


def show(f, *args, **kwargs):
    try:
        result = f(*args, **kwargs)
    except Exception as e:
        return print(type(e).__name__, e)
    print(result)


def shorten(result):
    if isinstance(result, tuple):
        return tuple(map(shorten, result))
    if result is capi or isinstance(result, type):
        return result.__name__
    return type(result).__name__ if type(result) is capi.MethInstance else result


for owner in capi, capi.MethInstance(), capi.MethClass, capi.MethClass(), capi.MethStatic:
    print(shorten(owner.meth_varargs(1, 2)), shorten(owner.meth_fastcall(*range(3))))
    print(shorten(owner.meth_o(1)), shorten(owner.meth_noargs()))
    print(shorten(owner.meth_varargs_keywords(1, a=2)), shorten(owner.meth_fastcall_keywords(**{"b": 1})))
for f in capi.meth_o, capi.meth_noargs:
    for args in (), (1, 2):
        try:
            f(*args)
        except TypeError as e:
            print(str(e).rpartition(".")[2])


def collect(*args, **kwargs):
    return args, kwargs


show(capi.pyobject_fastcalldict, collect, (1, 2), {"a": 3})
show(capi.pyobject_fastcalldict, collect, None, None)
show(capi.pyobject_fastcalldict, collect, 1, None)
show(capi.pyobject_vectorcall, collect, (1, 2), ("a",))
show(capi.pyobject_vectorcall, collect, None, ())
show(capi.pyobject_vectorcall, collect, (1,), ("a", "b"))
show(capi.pyobject_vectorcall, collect, (1,), 5)
show(capi.pyvectorcall_call, collect, (1,), {"b": 2})
show(capi.pyvectorcall_call, len, ("abc",))


class Called:
    def __call__(self):
        return "called"


show(capi.pyvectorcall_call, Called(), ())
show(capi.pycfunction_call, Called(), ())
show(limited.call_vectorcall, collect)


class Holder:
    base, derived, nop, two = (capi.MethodDescriptorBase(), capi.MethodDescriptorDerived(),
                               capi.MethodDescriptorNopGet(), capi.MethodDescriptor2())
    f = collect


for name in "base", "derived", "nop", "two":
    print(name, type(getattr(Holder(), name)).__name__, getattr(Holder(), name)(1))
print(limited.call_vectorcall_method(Holder)[1])
print(limited.LimitedVectorCallClass()())

Super = capi.make_vectorcall_class()


class Derived(Super):
    pass


Apart = capi.make_vectorcall_class(Derived)
it = Derived()
print(it(), [capi.has_vectorcall_flag(c) for c in (Super, Derived, Apart, Called, int)])
it.set_vectorcall(Super)
print(it(), Apart()())
Super.__call__ = lambda self: "custom"
print(it(), Apart()(), [capi.has_vectorcall_flag(c) for c in (Super, Derived, Apart)])


def frames():
    x = 1
    frame = sys._getframe()
    show(capi.frame_getvar, frame, "x")
    show(capi.frame_getvarstring, frame, b"x")
    show(capi.frame_getvar, frame, "y")
    print(capi.frame_getlocals(frame) == locals(), capi.frame_getglobals(frame) is globals())


def generator():
    yield sys._getframe()


frames()
g = generator()
print(capi.frame_getgenerator(next(g)) is g)
resting = capi.frame_new(frames.__code__, globals(), locals())
print(resting.f_back, resting.f_code is frames.__code__)


def inner():
    try:
        yield 1
    except KeyboardInterrupt:
        return "interrupted"


def outer():
    return (yield from inner())


# (It may be ignored from the start.)
signal.signal(signal.SIGINT, signal.default_int_handler)
g = outer()
next(g)
try:
    capi.raise_SIGINT_then_send_None(g)
except StopIteration as e:
    print(e.value)
print(capi.INT_MAX, capi.INT_MIN, capi.ULLONG_MAX, capi.PY_SSIZE_T_MIN, capi.FLT_MIN, capi.DBL_MAX)
