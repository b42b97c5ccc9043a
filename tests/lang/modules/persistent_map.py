# The trie under contextvars, with any keys: _testinternalcapi.hamt.
from _testinternalcapi import hamt
import contextvars
import random


class Key:
    def __init__(self, hash, name, fails=False):
        self.hash, self.name, self.fails = hash, name, fails

    def __hash__(self):
        return self.hash

    def __eq__(self, other):
        if self.fails or other.fails:
            raise ValueError("cannot compare")
        return (self.hash, self.name) == (other.hash, other.name)


keys = [Key(h, n) for h, n in [(5, "a"), (5, "b"), (5, "c"), (37, "d"), (2**40 + 5, "e"), (-1, "f")]]
h = hamt()
versions = [h]
for i, key in enumerate(keys):
    h = h.set(key, i)
    versions.append(h)
print([len(v) for v in versions], sorted(h.values()), h.get(Key(5, "b")), Key(5, "z") in h)
print(h.set(keys[0], 0) is h, h.set(keys[1], 9)[keys[1]], h[keys[1]], h.delete(Key(5, "z")) is h)
print(len(h.items()), sorted(k.name for k in h))
for key in (keys[1], keys[0], keys[2]):
    h = h.delete(key)
    print(len(h), sorted(k.name for k in h.keys()))
print(h == hamt().set(keys[3], 3).set(keys[5], 5).set(keys[4], 4), h != versions[2], h == 1)
for action in (lambda: versions[-1].get(Key(5, "a", True)), lambda: h[keys[0]].x,
               lambda: versions[-1].set(Key(5, "a", True), 1), lambda: hamt().set([], 1)):
    try:
        action()
    except Exception as e:
        print(type(e).__name__, str(e)[:15].split("<")[0])

random.seed(1)
model, h = {}, hamt()
for _ in range(5000):
    key = random.randrange(700) * random.choice((1, 2**32, 2**57))
    if random.random() < 0.4:
        model.pop(key, None)
        h = h.delete(key)
    else:
        model[key] = h_value = random.random()
        h = h.set(key, h_value)
print(len(h) == len(model), dict(h.items()) == model)

variables = [contextvars.ContextVar(f"v{i}") for i in range(300)]
context = contextvars.copy_context()
tokens = context.run(lambda: [v.set(i) for i, v in enumerate(variables)])
copy = context.copy()
context.run(lambda: [v.reset(t) for v, t in list(zip(variables, tokens))[::2]])
print(len(context), len(copy), sum(context.values()), sum(copy.values()), context == copy)
