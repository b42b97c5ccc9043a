class Meta(type):
    def __new__(meta, name, bases, namespace, **kwargs):
        namespace["made_by"] = meta.__name__
        return super().__new__(meta, name, bases, namespace)

    def __init__(cls, name, bases, namespace, **kwargs):
        super().__init__(name, bases, namespace)
        cls.options = sorted(kwargs)

    def __call__(cls, *args):
        instance = super().__call__(*args)
        instance.called = True
        return instance


class Base(metaclass=Meta, flag=1):
    def __init__(self, x):
        self.x = x

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__()
        cls.registered = kwargs


class Child(Base, note=2):
    __slots__ = ("y",)

    def who(self):
        return f"{type(self).__name__} {self.x}"


c = Child(5)
c.y = 7
print(c.who(), c.called, c.y, Child.made_by, Base.options, Child.registered)


class A:
    def hello(self):
        return ["A"]


class B(A):
    def hello(self):
        return ["B"] + super().hello()


class C(A):
    def hello(self):
        return ["C"] + super().hello()


class D(B, C):
    def hello(self):
        return ["D"] + super().hello()


print(D().hello(), [k.__name__ for k in D.__mro__])

try:
    class Bad(A, D):
        pass
except TypeError as e:
    print(e)


class Descriptor:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, obj, owner=None):
        return self if obj is None else obj.__dict__.get(self.name, "unset")

    def __set__(self, obj, value):
        obj.__dict__[self.name] = value * 2


class Holder:
    field = Descriptor()

    def __getattr__(self, name):
        return f"no {name}"


h = Holder()
print(h.field, h.missing)
h.field = 4
print(h.field, h.__dict__)


class Number:
    def __init__(self, n):
        self.n = n

    def __add__(self, other):
        return Number(self.n + getattr(other, "n", other))

    __radd__ = __add__

    def __eq__(self, other):
        return isinstance(other, Number) and self.n == other.n

    def __hash__(self):
        return hash(self.n)

    def __lt__(self, other):
        return self.n < other.n

    def __repr__(self):
        return f"N{self.n}"

    def __bool__(self):
        return self.n != 0

    def __len__(self):
        return 3

    def __getitem__(self, i):
        if i >= 3:
            raise IndexError
        return self.n * i

    def __contains__(self, x):
        return x == self.n

    def __call__(self, *args, **kwargs):
        return (self.n, args, kwargs)


print(Number(1) + 2, 3 + Number(4), Number(1) == Number(1), {Number(1), Number(1)})
print(sorted([Number(3), Number(1)]), list(Number(2)), 5 in Number(5), bool(Number(0)))
print(Number(9)(1, a=2), len(Number(1)), sum([Number(1), Number(2)], Number(0)))


class Temp:
    @property
    def celsius(self):
        return self._c

    @celsius.setter
    def celsius(self, value):
        self._c = value

    @staticmethod
    def make():
        return Temp()

    @classmethod
    def name(cls):
        return cls.__name__


t = Temp.make()
t.celsius = 3
print(t.celsius, t.name(), Temp.name())
try:
    del t.celsius
except AttributeError as e:
    print(e)


class Text(str):
    def shout(self):
        return self.upper() + "!"


s = Text("abc")
s.extra = 1
print(s.shout(), s + "d", s.extra, isinstance(s, str), {s: 1}["abc"])
print(type("Made", (A,), {"z": 1})().z, type(3), type(type))
try:
    object().x = 1
except AttributeError as e:
    print(e)
