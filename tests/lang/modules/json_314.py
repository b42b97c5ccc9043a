# `json` and its native part: what is read, what is written, what is refused.
import json, _json
from json import JSONDecodeError
def t(f,*a,**k):
    try: print(repr(f(*a,**k)))
    except BaseException as e: print(type(e).__name__, e, getattr(e,'__notes__',''))
L=json.loads; D=json.dumps
for s in ['','[','[1','[1,','[1,]','[1 2]','{','{"a"','{"a":','{"a":1','{"a":1,','{"a":1,}','{"a" 1}','{1:2}','{"a":1 "b"}','nul','true','truex','-','-x','-Infinity','NaN','Infinity','01','1.','1.5','1e','1e5','1E+5','1e-','-0','-0.0','1.5e400','"a','"\\','"\\u12','"\\u12g4"','"\\ud800\\u12g4"','"\\ud800\\udc00"','"\\ud800"','"\\ud800\\u0041"','"\\q"','"\n"','"a\tb"','"\\"\\\\\\/\\b\\f\\n\\r\\t"',' [ 1 , 2 ] ','{"a":{"b":[]},"a":2}','"é€😀"','["é",1.25,"€",{"€":1}]','12345678901234567890','123456789012345678','-999999999999999999','[]x','"\\u1234','"\\u1234"','{"a":1}',' ','\ufeff1','[1,\n,]', '{"a":1\n,\n}', '"abc\\']:
    t(L,s)
t(L,'1'*5000); t(L,'[1.5]',parse_float=str); t(L,'[1,2]',parse_int=float); t(L,'NaN',parse_constant=str); t(L,'{"a":1}',object_hook=lambda d:list(d.items())); t(L,'{"a":1,"b":{}}',object_pairs_hook=tuple); t(L,'"a\nb"',strict=False)
t(_json.scanstring,'a"',5); t(_json.scanstring,'a"',-1); t(_json.scanstring,1,2); t(_json.scanstring,'abc"',0); t(_json.scanstring, 'abc"', 4)
s=_json.make_scanner(json.JSONDecoder()); t(s,'1',-1); t(s,1,1); t(s,'1',5); t(s,'[1]',0); t(s); t(_json.make_scanner); t(_json.make_scanner,1)
class F(float):
    def __repr__(self): return 'F'
class I(int):
    def __repr__(self): return 'I'
class S(str): pass
for o in [1,-5,2**70,1.5,1e100,float('nan'),float('inf'),-float('inf'),None,True,False,'a"\\\x00\n\x7f\x80é€😀\ud800',[],(),{},[1,[2,[3,{}]]],{'a':1,'b':[1,2]},{1:2,None:3,True:4,2.5:6,float('inf'):1},{(1,2):3},{b'a':1},object,[object()],{'k':[1,{2}]},F(1.5),I(5),S('x'),{S('k'):F(2)},{F(2):1,I(3):4},b'x',(1,(2,)),1j]:
    t(D,o); t(D,o,ensure_ascii=False); t(D,o,indent=2); t(D,o,indent='\t',separators=(',',':')); t(D,o,skipkeys=True,sort_keys=True); t(D,o,allow_nan=False)
l=[]; l.append(l); t(D,l); t(D,{'a':l}); t(D,[1,2,object()],default=lambda o:1); t(D,[1,{'x':object()}],default=lambda o:o); 
class K: pass
t(D,[K()],default=lambda o:1/0); t(D,{1:2,'a':3},sort_keys=True)
t(_json.encode_basestring,1); t(_json.encode_basestring_ascii,b''); t(_json.encode_basestring,'é"'); t(_json.encode_basestring_ascii,'é"\x7f')
t(D,{'a':1,'b':{'c':[]}},indent=0); t(D,[],indent=4); t(D,{(1,):1},skipkeys=True,indent=4); t(D,[{}],indent=4)
class DD(dict):
    def items(self): return [(1,2,3)]
t(D,DD(a=1))
class LL(list): pass
t(D,LL([1]))
from collections import OrderedDict
t(D,OrderedDict([('b',1),('a',2)]))
t(_json.make_encoder,None,2,3,None,5,6,7,8,9); t(_json.make_encoder)
e=_json.make_encoder(None,None,lambda s:5,None,': ',', ',False,False,True); t(e,'a',0); t(e,['a'],0); print(e.markers,e.indent,e.sort_keys,type(e),type(s))
e=_json.make_encoder(None,None,lambda s:'<'+s+'>',None,': ',', ',False,False,True); t(e,{'a':['b']},0); t(e)
def deep(n):
    return '['*n+']'*n
t(lambda: len(D(L(deep(500)))))
