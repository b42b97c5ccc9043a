# Where loops end, and who dies then; special methods that are None or answer wrongly.
import sys
# loop ends: who dies when
log=[]
class N:
    def __init__(s,n): s.n=n
    def __del__(s): log.append((s.n, sys._getframe(1).f_lineno-base))
base=sys._getframe().f_lineno
def f():
    for _ in range(3):
        for x in [N(1),N(2)]:
            pass
        x=None
        log.append("after")
    l=[N(3)]
    it=iter(l)
    for x in it: pass
    for x in it: log.append("no")
    l.append(4)
    for x in it: log.append("never")
    x=None
    del l[0]
    for _ in range(2):
        for y in l: l.append(5) if len(l)<4 else None
        log.append(list(l))
    r=iter(range(3))
    for i in r: pass
    for i in r: log.append("no")
    log.append(list(r))
f()
print(log)
class U:
    __iter__=None; __hash__=None; __contains__=None; __eq__=None; __len__=None; __str__=None; __bool__=None
for e in ("iter(U())","hash(U())","1 in U()","len(U())","str(U())","bool(U())","list(U())","{U()}","U()<1","for_(U())"):
    try: print(e,eval(e))
    except Exception as x: print(e,type(x).__name__,x)
class B:
    def __len__(s): return -1
    def __hash__(s): return "x"
    def __str__(s): return 5
    def __bool__(s): return 2
    def __contains__(s,x): return [1]
    def __iter__(s): return 5
    def __next__(s): raise StopIteration(5)
    def __eq__(s,o): raise KeyError(o)
    __lt__=property(lambda s: 1/0)
b=B()
for e in ("len(b)","hash(b)","str(b)","bool(b)","1 in b","iter(b)","b==2","b<1","b!=3"):
    try: print(e,eval(e))
    except Exception as x: print(e,type(x).__name__,x)
