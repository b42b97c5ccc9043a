# Code that would look below its stack, or name more arguments than there are, is refused.
import types


def made(code, consts=(None,), names=(), stack=8):
    def f(): pass
    base = f.__code__
    return base.replace(co_code=bytes(code), co_consts=consts, co_names=names, co_stacksize=stack)


TRIES = {
    "unpack with call, nothing below": ([158, 0, 83, 0], (None,)),
    "map unpack with call, one below": ([100, 0, 151, 0, 83, 0], (None,)),
    "keyword names that are no tuple": ([100, 0, 100, 1, 141, 0, 83, 0], (len, None)),
    "more keyword names than arguments": ([100, 0, 100, 1, 100, 2, 141, 1, 83, 0], (len, 1, ("a", "b"))),
}
for name, (code, consts) in TRIES.items():
    try:
        consts = tuple(c for c in consts if c is not len) if len in consts else consts
        function = types.FunctionType(made(code, (None,) + consts), {})
        function()
    except (ValueError, SystemError, TypeError, IndexError) as error:
        print(name, type(error).__name__)
print("done")
