"""Keys of equal hash that are not equal: every search ends, wherever the hash leads it."""


class Key:
    def __init__(self, name, hash):
        self.name, self.hash = name, hash

    def __hash__(self):
        return self.hash

    def __eq__(self, other):
        return isinstance(other, Key) and self.name == other.name


found = 0
for seed in range(3000):
    number = (seed * 0x9E3779B97F4A7C15 + 7) % (1 << 61)
    keys = [Key(n, number) for n in 'abcde'] + [Key(n, number // 3) for n in 'fgh']
    table = dict.fromkeys(keys)
    group = set(keys)
    found += len(table) + len(group) + (Key('e', number) in table) + (Key('z', number) in group)
print(found)
