src='''
x = 0
for i in range(5):
    x = x + i
    y = len(str(x))
    if i == 3:
        globals()['len'] = lambda s: 99
del x
'''
code=compile(src,'s','exec')
for k in range(3):
    g={}; exec(code,g); print(sorted(n for n in g if n[0]!='_'), g['y'])
    l={}; g={}; exec(code,g,l); print(sorted(l), l['y'], 'len' in g)
class M(dict):
    def __getitem__(self,k):
        try: return dict.__getitem__(self,k)
        except KeyError:
            if k=='len': return lambda s: 'M'
            raise
    def __setitem__(self,k,v):
        dict.__setitem__(self,k,(v if k!='y' else ('set',v)))
l=M(); g={}; exec(code,g,l); print(l['y'])
def f():
    global G
    for i in range(4): G = i
    del G
    try: G
    except NameError as e: print(e)
    for i in range(4): G = i
    return G
for k in range(3): print(f(), G)
class D:
    def __del__(self):
        global w
        globals().clear()
w = 1
for q in range(3):
    z = q
print(z)
