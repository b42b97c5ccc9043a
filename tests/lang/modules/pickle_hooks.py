# Hooks, memos and buffers beside the pickle; what is wrong ends in an exception.
import copyreg
import io
import pickle
import _pickle


class Persistent(_pickle.Pickler):
    def persistent_id(self, obj):
        return f"id {obj}" if isinstance(obj, int) else None


class Loads(_pickle.Unpickler):
    def persistent_load(self, pid):
        return int(pid[3:]) * 10

    def find_class(self, module, name):
        print("find", module, name)
        return super().find_class(module, name)


class Thing:
    def __reduce__(self):
        return Thing, (), None, iter([1, 2]), iter([("k", "v")])

    def append(self, item):
        print("append", item)

    def __setitem__(self, key, value):
        print("set", key, value)


file = io.BytesIO()
Persistent(file).dump([1, "a", Thing()])
file.seek(0)
print(Loads(file).load()[:2])

# A file with several pickles, read by one unpickler with one memo.
file = io.BytesIO()
pickler = _pickle.Pickler(file, 4)
text = "text that is shared"
pickler.dump([text])
pickler.dump([text])
print(sorted(number for number, _ in pickler.memo.copy().values()))
file.seek(0)
unpickler = _pickle.Unpickler(file)
print(unpickler.load(), unpickler.load(), unpickler.memo.copy())
pickler.clear_memo()
print(pickler.memo.copy())

# A table of the pickler's own, and a hook that may decline.
class Other:
    pass


file = io.BytesIO()
pickler = _pickle.Pickler(file)
pickler.dispatch_table = copyreg.dispatch_table.copy()
pickler.dispatch_table[Other] = lambda other: (int, (42,))
pickler.dump([Other()])
print(pickle.loads(file.getvalue()))


class Overrides(_pickle.Pickler):
    def reducer_override(self, obj):
        return (str, ("instead",)) if isinstance(obj, Other) else NotImplemented


file = io.BytesIO()
Overrides(file).dump((Other(), Other))
print(pickle.loads(file.getvalue()))

# Buffers beside the pickle.
buffers = []
data = bytearray(b"some bytes")
pickled = pickle.dumps([pickle.PickleBuffer(data)], 5, buffer_callback=buffers.append)
print(pickled, pickle.loads(pickled, buffers=buffers)[0] is buffers[0])
print(bytes(buffers[0].raw()))
buffers[0].release()
try:
    buffers[0].raw()
except ValueError as e:
    print(e)

# A hook that pickles with the same pickler, or empties the memo under it.
class Nested(_pickle.Pickler):
    def persistent_id(self, obj):
        if obj == "clear":
            self.clear_memo()
            self.memo = {}
        return None


file = io.BytesIO()
Nested(file, 2).dump([["a"], "clear", ["a"]])
print(len(file.getvalue()) > 0)

for broken in (
    b"", b".", b"(.", b"0.", b"1.", b"N", b"\xff.", b"a.", b"Na.", b"NNa.", b"s.", b"}(Nu.", b"R.",
    b"NNR.", b"h\x01.", b"q\x00.", b"Ix\n.", b"X\x05\x00\x00\x00a.", b"\x8a\x05a.", b"\x80\x06.",
    b"NN\x81.", b"NN\x93.", b"\x95\x05\x00\x00\x00\x00\x00\x00\x00N.", b"\x97.", b"NQ.", b"\x82\x00.",
    b"Sa\n.", b"Nj\xff\xff\xff\xff.",
):
    try:
        print(broken, pickle.loads(broken))
    except Exception as e:
        print(broken, type(e).__name__, e)

# Depth is an error, both ways.
deep = []
for _ in range(1_000_000):
    deep = [deep]
try:
    pickle.dumps(deep)
except RecursionError as e:
    print(type(e).__name__)
print(type(pickle.loads(b"]" * 100_000 + b"a" * 99_999 + b".")).__name__)
