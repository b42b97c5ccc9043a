"""Functions and methods of the native modules, called with arguments that they do not expect.

Two bytes choose what is called, the others its arguments, out of a fixed list of values. What waits,
ends the process, or reaches outside it is left out; so is what may take an unbounded time in CPython
too.
"""
import sys

MODULES = """_abc _ast _bisect _codecs _collections _contextvars _csv _datetime _functools _heapq _io
_json _locale _md5 _operator _opcode _pickle _random _sha1 _sha2 _sha3 _blake2 _sre _statistics
_string _struct _suggestions _symtable _tokenize _types _typing _weakref array atexit binascii builtins
cmath collections copy functools gc heapq itertools json marshal math operator re string struct
textwrap time types unicodedata zlib""".split()

# They wait, end the process, reach outside it, change the machine for the cases that follow, or
# compute without end.
LEFT_OUT = set("""breakpoint exec eval input open open_code print help quit exit __import__ FileIO
sleep pow __pow__ __rpow__ __ipow__ ipow set_debug set_threshold freeze unfreeze disable callbacks
_clear unregister register _run_exitfuncs _ncallbacks factorial perm comb clock_settime
clock_settime_ns tzset run debugger setlocale text_encoding _test_flush_stdstreams
__reduce__ __reduce_ex__ copyreg get_referrers get_objects garbage collect __subclasses__
register_error _unregister_error set_int_max_str_digits set_blocking _set_task unraisablehook
excepthook displayhook __loader__ __spec__ _flush_errors setstate _reset_cache _abc_init
_abc_register reset intern cache_clear _forget_codec unregister_error register purge
__init_subclass__ mro _get_dump __breakpointhook__ count cycle repeat""".split())


def generator():
    yield 1
    yield 2


class Hostile:
    """Answers, but not what is wanted."""

    def __index__(self):
        return 3

    def __len__(self):
        return 2

    def __getitem__(self, index):
        if index > 3:
            raise IndexError
        return index

    def __eq__(self, other):
        return NotImplemented

    def __hash__(self):
        return 5

    def __lt__(self, other):
        raise ZeroDivisionError

    def __buffer__(self, flags):
        return memoryview(b"hostile")

    def __call__(self, *args):
        return args

    def read(self, size=-1):
        return "text"

    def write(self, data):
        return None

    def readline(self, size=-1):
        return b""


def modules():
    found = []
    for name in MODULES:
        try:
            found.append(__import__(name))
        except ImportError:
            continue
        if "." in name:
            found[-1] = sys.modules[name]
    return found


def objects(found):
    """Makers of fresh objects."""
    import array, collections, contextvars, csv, functools, io, itertools, operator, random, re
    import struct, types, weakref, zlib, hashlib
    makers = [lambda value=value: value for value in (
        None, True, False, ..., NotImplemented, 0, 1, -1, 3, 64, 255, 256, 2**62, -2**62, 2**63 - 1,
        2**63, -2**63, 2**64, 10**40, -10**40, 0.0, -0.0, 1.5, -1e300, float("nan"), float("inf"), 1j,
        complex("nan"), "", "a", "text", "caf\xe9", "\u20ac", "\U0001d400", "\ud800", "strict",
        "utf-8", "ignore", "i", "B", "%d", "0", "a\0b", "__class__", b"", b"x", b"bytes", b"\xff\0",
        (), (1,), (1, 2, 3), ("a", b"b"), frozenset(), frozenset({1, 2}), int, str, list, type, object,
        Exception, Hostile, len, abs, range(0), range(5), range(2**62, 2**62 + 3), slice(None),
        slice(1, 2**70, -1), sys.implementation, types.MappingProxyType({}))]
    makers += [
        list, lambda: [1, 2, 3], lambda: ["b", "a"], dict, lambda: {"a": 1}, lambda: {1: {}}, set,
        lambda: {1, "a"}, bytearray, lambda: bytearray(b"array"), lambda: memoryview(b"view"),
        lambda: memoryview(bytearray(8)).cast("i"), Hostile, object, generator, lambda: iter([1, 2]),
        lambda: iter("ab"), lambda: iter({1: 2}), lambda: zip([1], [2]), lambda: map(str, [1]),
        lambda: enumerate("ab"), lambda: reversed([1, 2]), lambda: lambda *a: a, lambda: Exception(1),
        lambda: OSError(1, "a", "b"), lambda: UnicodeDecodeError("a", b"b", 0, 1, "c"),
        lambda: ExceptionGroup("a", [ValueError()]), lambda: collections.deque([1, 2], 3),
        collections.OrderedDict, lambda: collections.defaultdict(list),
        lambda: array.array("i", [1, 2]), lambda: array.array("d"), lambda: array.array("w", "ab"),
        lambda: io.StringIO("a\nb"), lambda: io.BytesIO(b"a\nb"),
        lambda: io.TextIOWrapper(io.BytesIO(b"a\nb")), lambda: io.BufferedReader(io.BytesIO(b"abc")),
        lambda: io.BufferedWriter(io.BytesIO()), lambda: io.IncrementalNewlineDecoder(None, True),
        lambda: functools.partial(len, "a"), lambda: functools.lru_cache(len),
        lambda: operator.itemgetter(1, 2), lambda: operator.attrgetter("a.b"),
        lambda: operator.methodcaller("a"), lambda: itertools.chain([1], [2]),
        lambda: itertools.groupby([1, 1, 2]), lambda: itertools.tee([1])[0],
        lambda: itertools.product([1], [2]), lambda: itertools.islice([1, 2], 1),
        lambda: random.Random(1), lambda: re.compile("a(b)?"), lambda: re.match("a", "a"),
        lambda: re.compile("a").scanner("aa"), lambda: struct.Struct("<ih"),
        lambda: types.SimpleNamespace(a=1), lambda: types.ModuleType("m"), lambda: weakref.ref(Hostile),
        lambda: weakref.proxy(Hostile), lambda: zlib.compressobj(), lambda: zlib.decompressobj(),
        lambda: hashlib.md5(b""), lambda: hashlib.sha3_256(b""), lambda: hashlib.blake2b(b""),
        lambda: hashlib.shake_128(b""), lambda: contextvars.ContextVar("v"), contextvars.Context,
        lambda: csv.reader(["a,b"]), lambda: csv.writer(io.StringIO()), lambda: property(len),
        lambda: classmethod(len), lambda: staticmethod(len), lambda: super(Hostile, Hostile()),
        lambda: generator.__code__, lambda: sys._getframe(), lambda: list[int], lambda: int | str,
        lambda: Hostile().__len__, lambda: [].append, lambda: str.join, lambda: types.CellType(1),
        lambda: (lambda: 1).__get__(1)]
    return makers


def callables(found, makers):
    for module in found:
        for name, value in sorted(vars(module).items()):
            if name not in LEFT_OUT and callable(value):
                yield lambda value=value: value
    for maker in makers:
        sample = maker()
        for name in sorted(dir(sample)):
            if name not in LEFT_OUT:
                yield lambda maker=maker, name=name: getattr(maker(), name)


FOUND = modules()
MAKERS = objects(FOUND)
CALLABLES = list(callables(FOUND, MAKERS))


def run(how, raw, text):
    if len(raw) < 2:
        return
    try:
        function = CALLABLES[(how << 16 | raw[0] << 8 | raw[1]) % len(CALLABLES)]()
        if not callable(function):
            return
        values = [MAKERS[byte % len(MAKERS)]() for byte in raw[2:8]]
        result = function(*values)
        if isinstance(result, (range, memoryview)) or not hasattr(result, "__len__"):
            return
        if len(result) < 1000:
            repr(result)
    except SystemError:
        raise
    except BaseException:
        pass
