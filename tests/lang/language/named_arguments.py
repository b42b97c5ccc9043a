# Arguments bound by name, in every order and against many signatures; methods called with names.
import zlib
import itertools
def show(f,*a,**k):
    try: return f(*a,**k)
    except TypeError as e: return str(e)
fs={}
for sig in ("a,b=2,c=3","a,b=2,*args,c=3","a,b=2,*args,c=3,**kw","a,b=2,c=3,**kw","*args,**kw","a,/,b=5,**kw","*,a=1,b,**kw","a,*,b=1","a=1,b=2,c=3,d=4,e=5,**kw"):
    for cell in (0,1):
        ret="dict(locals())" if not cell else "(lambda: (%s))()"%",".join(x.split("=")[0].strip("*") for x in sig.split(",") if x.strip("*/"))
        src="def f(%s):\n return %s"%(sig, ret)
        ns={}; exec(src,ns); fs[sig,cell]=ns["f"]
names=["a","b","c","d","x","y"]
out=[]
for (sig,cell),f in fs.items():
    for npos in range(4):
        for r in range(0,4):
            for combo in itertools.permutations(names,r):
                kw={n:n.upper() for n in combo}
                call="f(%s)"%",".join([str(i) for i in range(npos)]+["%s=%r"%(n,n.upper()) for n in combo])
                g=eval("lambda f: "+call)
                res=[]
                for fn in (lambda: g(f), lambda: f(*range(npos),**kw), lambda: f(*tuple(range(npos)),**kw)):
                    try: v=fn()
                    except TypeError as e: v=str(e)
                    res.append(v)
                v=res[0]
                if isinstance(v,dict) and 'kw' in v: v=(v,list(v['kw']))
                assert str(res[0])==str(res[1])==str(res[2]) or "argument" in str(res[0]),(call,sig,res)
                out.append((sig,cell,call,v))
for o in out[::997]: print(o)
print(len(out), zlib.crc32('\n'.join(map(str, out)).encode()))
class C:
    def m(self,a,b=1,*c,d=2,**kw): return (a,b,c,d,kw)
    @classmethod
    def k(cls,**kw): return cls.__name__,kw
    @staticmethod
    def s(**kw): return kw
    def __getattr__(self,n): return lambda **kw:(n,kw)
    p=property(lambda self: lambda **kw: ("p",kw))
c=C(); c.inst=lambda **kw: ("inst",kw)
def t(o):
    r=[]
    for _ in range(20):
        r=[o.m(1,b=5), o.m(1,2,3,d=4,z=5), o.k(q=1), o.s(q=2), o.inst(w=1), o.nope(e=1), o.p(r=1), o.m(a=1), "a b c".split(maxsplit=1), "a,b".split(sep=","), [3,1].sort(reverse=True), {}.update(a=1), "{x}".format(x=5)]
        r.append(o.m(*[1],b=3)); r.append(o.m(1,b=[x for x in range(3) if x]) if _%2 else 0); r.append(o.m(1,b=5 if _ else 6))
    return r
print(t(c))
for e in ("c.m(b=1)","c.m(1,a=2)","'x'.split(foo=1)","'x'.split(' ',sep=1)","c.k(1,a=2)","[].sort(1)","(5).foo(a=1)","None.x(y=1)","c.m(1,**{1:2})"):
    try: print(e,eval(e))
    except Exception as x: print(e,type(x).__name__,x)
import sys
pe=[]
sys.setprofile(lambda f,e,a: pe.append((e,f.f_code.co_name,getattr(a,'__qualname__',None),type(getattr(a,'__self__',None)).__name__)))
c.m(1,b=2); "a b".split(maxsplit=1); c.inst(z=1); [1].sort(reverse=True)
sys.setprofile(None); print(pe)
ev=[]
def tr(f,e,a): ev.append((e,f.f_code.co_name)); return tr
sys.settrace(tr); c.m(1,b=2); c.k(a=1); sys.settrace(None); print(ev)
def gen(o):
    yield o.m(1,b=2)
    x=yield from sub(o,k=1)
    yield x
def sub(o,k): yield o.m(k,d=5); return o.m(a=k)
print(list(gen(c)))
async def co(o): return o.m(1,d=await co2(o))
async def co2(o): return o.m(1,b=2)
try: co(c).send(None)
except StopIteration as e: print(e.value)
