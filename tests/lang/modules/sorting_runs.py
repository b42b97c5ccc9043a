# Lists in order, in runs, in no order: sorted with and without a key, stable, both ways.
import random

random.seed(1)
for n in list(range(0,40))+[100,500,1000,5000]:
    for kind in range(8):
        l=list(range(n))
        if kind==1: l.reverse()
        elif kind==2: random.shuffle(l)
        elif kind==3:
            for _ in range(3):
                if n: i,j=random.randrange(n),random.randrange(n); l[i],l[j]=l[j],l[i]
        elif kind==4: l=[x//3 for x in l]+l
        elif kind==5: l=[x%7 for x in l]
        elif kind==6: l=l+l+l
        elif kind==7: l=[1<<50]*(n>3)+l
        for r in (False,True):
            s=sorted(l,reverse=r)
            assert all((a<=b) if not r else a>=b for a,b in zip(s,s[1:])) and len(s)==len(l)
            p=[(x,i) for i,x in enumerate(l)]
            q=sorted(p,key=lambda t:t[0],reverse=r)
            assert [x for x,_ in q]==s
            assert all(a[0]!=b[0] or a[1]<b[1] for a,b in zip(q,q[1:]))
            f=sorted([(float(x),i) for x,i in p],key=lambda t:t[0],reverse=r); assert [(int(x),i) for x,i in f]==q
            st=sorted([(str(x).zfill(20),i) for x,i in p],key=lambda t:t[0],reverse=r); assert [(int(x),i) for x,i in st]==q
            fl=[float(x) for x in l]; fl.sort(reverse=r); assert fl==[float(x) for x in s]
print([True,False,2,0],sorted([True,False,2,0]),sorted([0.0,-0.0,0]),sorted([-0.0,0.0]))
print("ok")
