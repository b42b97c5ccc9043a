"""Instances with ever new attribute names, in ever new orders: their class must not remember all of them."""
import random


class Bag:
    pass


for i in range(100_000):
    bag = Bag()
    setattr(bag, 'name%d' % i, i)
    assert vars(bag) == {'name%d' % i: i}

random.seed(1)
names = ['a%d' % i for i in range(40)]


class Record:
    kind = 'class'


for i in range(5_000):
    record = Record()
    random.shuffle(names)
    for name in names[:12]:
        setattr(record, name, i)
    assert vars(record) == dict.fromkeys(names[:12], i)
    assert list(vars(record)) == names[:12]
    assert record.kind == 'class' and getattr(record, names[3]) == i
    delattr(record, names[5])
    record.kind = 'instance'
    assert not hasattr(record, names[5]) and record.kind == 'instance'
print('ok')
