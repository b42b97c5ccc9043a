"""`continue` out of a handler to a loop that starts with a try statement."""


def again(values):
    seen = []
    for value in values:
        tries = 0
        while True:
            try:
                if tries < value:
                    raise IndexError
                seen.append((value, tries))
            except IndexError:
                tries += 1
                continue
            finally:
                seen.append('f')
            break
    return seen


print(again([0, 1, 2]))


def method_with_annotation_and_super():
    class A:
        x: int

        def f(self) -> int:
            return super().__sizeof__() > 0

    return A().f(), A.f.__annotations__, A.__annotations__


print(method_with_annotation_and_super())
