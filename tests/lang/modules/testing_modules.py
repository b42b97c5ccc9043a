# The modules for CPython's own tests do what CPython's do.
import _testinternalcapi as internal
import _testlimitedcapi as limited
import _testsinglephase as single
import sys


def show(function, *args):
    try:
        print(function.__name__, args, "->", ascii(function(*args)))
    except Exception as e:
        print(function.__name__, args, "!!", type(e).__name__, e)


class Counts:
    def __len__(self):
        return 3

    def __getitem__(self, i):
        return i


for i in (0, 1, -1, -2, 2, -3):
    show(limited.sequence_getitem, [1, 2], i)
print(limited.sequence_getitem(Counts(), -1), limited.sequence_getitem(Counts(), -5))
show(limited.sequence_getitem, 5, 0)
show(limited.sequence_getitem, {0: 1}, 0)
array = bytearray(b"abc")
show(limited.sequence_setitem, array, -1, 300)
show(limited.sequence_setitem, array, 1, 120)
show(limited.sequence_delitem, array, 0)
print(array)
for function in (limited.sequence_size, limited.sequence_list, limited.sequence_tuple, limited.mapping_size):
    for argument in ([1, 2], "ab", {1: 2}, 5):
        show(function, argument)
show(limited.sequence_concat, [1], [2])
show(limited.sequence_concat, 1, 2)
show(limited.sequence_repeat, "ab", 2)
show(limited.sequence_count, [1, 2, 1], 1)
show(limited.sequence_index, [1, 2, 1], 2)
show(limited.sequence_index, [1, 2, 1], 5)
show(limited.sequence_contains, "abc", "b")
show(limited.object_hasattrstring, array, b"append")
show(limited.object_hasattrstring, array, b"nothing")
show(limited.object_getattrstring, "abc", b"nothing")
show(limited.mapping_keys, {1: 2})
show(limited.mapping_getitemstring, {"a": 2}, b"a")
show(limited.mapping_haskeywitherror, {"a": 2}, "b")
show(internal.dict_getitem_knownhash, {1: 2}, 1, hash(1))
show(internal.dict_getitem_knownhash, {}, 1, hash(1))
show(internal.compiler_cleandoc, "  a\n    b\n      c")
show(internal.EncodeLocaleEx, "\udc80", 0, "surrogateescape")
show(internal.EncodeLocaleEx, "\udc80", 0, "strict")
show(internal.DecodeLocaleEx, b"\xff", 0, "surrogateescape")
show(internal.DecodeLocaleEx, b"a\xff", 0, "strict")
show(internal.EncodeLocaleEx, "", 0, "replace")
print(internal.get_config()["code_debug_ranges"])


def depth(n):
    return internal.get_recursion_depth() if n == 0 else depth(n - 1)


print(depth(5) - depth(0))

# A module that is initialised once: what was added later is not in the next one.
print(single.sum(1, 2), single.int_const, single.str_const, single.look_up_self() is single)
single.added = 1
del sys.modules["_testsinglephase"]
import _testsinglephase as again
print(again is single, hasattr(again, "added"), again.error is single.error, again.look_up_self() is again)
