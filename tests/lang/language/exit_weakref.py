# A weak reference's callback is called when its referent is garbage at the end.
import weakref


class Plain:
    pass


plain = Plain()
plain.me = plain
watch = weakref.ref(plain, lambda _: print("referent gone"))
keep = [watch]
import sys
sys.keep = keep
del plain
print("end of the program")
