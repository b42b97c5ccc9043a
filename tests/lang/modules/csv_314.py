# `_csv`: dialects, reading, writing, errors.
import csv,_csv,io
def t(f,*a,**k):
    try: print(repr(f(*a,**k)).split(' at 0x')[0])
    except BaseException as e: print(type(e).__name__, e)
def d(**k): t(_csv.Dialect, **k)
for bad in ('', 'ab', None, 1, b'x', '\n','\r',' ',':'):
    d(delimiter=bad); d(quotechar=bad); d(escapechar=bad); d(lineterminator=bad)
d(quoting=7); d(quoting='x'); d(quoting=None); d(quotechar=None, quoting=1); d(quotechar='', quoting=1); d(delimiter=',', quotechar=','); d(escapechar=',') ; d(lineterminator=','); d(skipinitialspace=True, delimiter=' '); d(skipinitialspace=True, quotechar=' ');d(skipinitialspace=True, escapechar=' ');d(foo=1)
x=_csv.Dialect(); print([getattr(x,n) for n in 'delimiter quotechar escapechar lineterminator quoting skipinitialspace doublequote strict'.split()])
t(lambda: delattr(x,'delimiter')); t(lambda: setattr(x,'delimiter',1));t(lambda: x.foo); t(x.__reduce__); t(x.__reduce_ex__,2)
def rd(*lines,**k): t(lambda: list(_csv.reader(lines,**k)))
rd(1); rd(b'a'); rd('a"b,c'); rd('"a"b,c'); rd('"a"b,c',strict=True); rd('"a'); rd('"a',strict=True); rd('a\nb'); rd('a\rb'); rd('a\r\nb'); rd('a\n\n'); rd(''); rd('\n'); rd('"a\n','b"'); rd('a\\',escapechar='\\'); rd('a\\',escapechar='\\',strict=True); rd('"a\\',escapechar='\\'); rd('a\\\n','b',escapechar='\\'); rd('1,"2",x',quoting=2); rd('1,"2",3.5, 4',quoting=2); rd(',"",3',quoting=2); rd(',"",3,a',quoting=4);rd(',"",3,a',quoting=5); rd('a, "b",c',skipinitialspace=True); rd('a, "b",c'); rd('a""b'); rd('"a""b"'); rd('"a""b"',doublequote=False); rd('"a""b"',quotechar=None); rd('a\0b'); rd('a,'); rd('a,""'); rd('"",'); rd('  a',skipinitialspace=True); rd('  ',skipinitialspace=True); rd('a b',delimiter=' '); rd("'a',b",quotechar="'"); rd('"a"\n"b"'); rd('a\\,b',quoting=3,escapechar='\\'); rd('"a",b',quoting=3); rd(',3,"5",7.3, 9',quoting=2); rd('"a\n', '', 'b"'); rd('.5e, 3',quoting=2)
csv.field_size_limit(3); rd('abcd'); rd('"abcd"'); rd('abc,"abc"'); csv.field_size_limit(131072)
r=_csv.reader(['a','"b\nc"','d']); print(next(r),r.line_num,next(r),r.line_num)
def wr(*rows,**k):
    f=io.StringIO()
    def g():
        w=_csv.writer(f,**k)
        return [w.writerow(r) for r in rows], f.getvalue()
    t(g)
wr(5); wr([1,2.5,None,'a',True]); wr(['a,b','a"b','a\nb','a\rb','\\','',' ']); wr(['']); wr([None]); wr([]); wr([''],quoting=3); wr([None],quoting=3); wr([None],quoting=4); wr([None],quoting=5); wr(['',None,1,'a',2.5],quoting=1); wr(['',None,1,'a',2.5],quoting=2); wr(['',None,1,'a',2.5],quoting=4); wr(['',None,1,'a',2.5],quoting=5); wr(['a"b'],doublequote=False); wr(['a"b'],doublequote=False,escapechar='\\'); wr(['a,b'],quoting=3); wr(['a,b'],quoting=3,escapechar='\\'); wr(['a"b\\c'],quoting=3,escapechar='\\'); wr(['a\nb'],quoting=3,escapechar='\\'); wr(['a"b'],quoting=3,quotechar=None); wr(['a\\b'],escapechar='\\'); wr(['a b',' a','a '],skipinitialspace=True); wr([' ','',''],delimiter=' '); wr(['',''],delimiter=' ',skipinitialspace=True); wr([''],delimiter=' ',skipinitialspace=True); wr(['a'],lineterminator='!'); wr(['a!'],lineterminator='!'); wr([b'x']); wr('abc'); wr(iter([1,2])); wr(['a\\"b'],escapechar='\\',quoting=1,doublequote=False); wr(['',1],delimiter=' ',quoting=3); wr(['']*2,quotechar=None,quoting=0); wr(['']*1,quotechar=None,quoting=3);wr(['x"'],quotechar=None,quoting=3,escapechar='"')
class Bad:
    def __str__(self): raise ZeroDivisionError('x')
wr([Bad()])
w=_csv.writer(io.StringIO()); t(w.writerows,5); t(w.writerows,[5]); t(w.writerows,[[1],[2]])
class D(csv.Dialect): delimiter=';'; quotechar="'"; lineterminator='\n'; quoting=csv.QUOTE_ALL
t(_csv.register_dialect,'d',D); t(_csv.list_dialects); g=_csv.get_dialect('d'); print(g.delimiter,g.quotechar); t(_csv.register_dialect,'e','d',quotechar='"'); print(_csv.get_dialect('e').quotechar, _csv.get_dialect('e').delimiter); print(_csv.Dialect(g) is g)
t(_csv.register_dialect,'x',delimiter='ab'); t(_csv.Dialect,None); t(_csv.Dialect,5); t(_csv.reader,[],5)
t(lambda: type(r)()); 
print(type(r).__name__, type(r).__module__, type(w), _csv.Error.__module__, r.__iter__() is r)
