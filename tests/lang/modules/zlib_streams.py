# `zlib`: round trips, streams in pieces, dictionaries, copies, errors.
import zlib
def t(f,*a,**k):
    try: print(repr(f(*a,**k)))
    except BaseException as e: print(type(e).__name__, e)
t(zlib.compress,'x'); t(zlib.compress,b'x',10); t(zlib.compress,b'x',wbits=99); t(zlib.decompress,b'x'); t(zlib.decompress,b'xxxxxxxx'); t(zlib.decompress,zlib.compress(b'abc')[:-2]); t(zlib.decompress,zlib.compress(b'abc')+b'xx'); t(zlib.decompress,zlib.compress(b'abc'),bufsize=-1); t(zlib.decompress,zlib.compress(b'abc'),bufsize=0); t(zlib.decompress,zlib.compress(b'abc'),wbits=1); t(zlib.compressobj,level=99); t(zlib.compressobj,wbits=0); t(zlib.decompressobj,wbits=99); t(zlib.decompressobj,zdict=5); t(zlib.compressobj,zdict=5); d=zlib.decompressobj(); t(d.decompress,b'x',-1); t(d.flush,0); t(d.flush); t(d.flush,-1)
c=zlib.compressobj(); t(c.flush,99); c=zlib.compressobj(); t(c.compress,'x'); c.flush(); t(c.flush); t(c.compress,b'x'); t(c.copy)
d=zlib.decompressobj(); t(d.decompress,zlib.compress(b'a'*100)+b'tail',10); t(lambda:(d.unused_data,d.unconsumed_tail,d.eof)); t(d.decompress,d.unconsumed_tail); t(lambda:(d.unused_data,d.unconsumed_tail,d.eof)); t(d.flush); t(d.decompress,b'zz'); t(lambda:(d.unused_data,d.unconsumed_tail,d.eof)); t(d.copy)
d=zlib._ZlibDecompressor(); t(d.decompress,zlib.compress(b'a'*100)+b'tail',10); t(lambda:(d.unused_data,d.needs_input,d.eof)); t(d.decompress,b''); t(lambda:(d.unused_data,d.needs_input,d.eof)); t(d.decompress,b'')
d=zlib.decompressobj(zdict=b'hello'); c=zlib.compressobj(zdict=b'hello'); x=c.compress(b'hello hello')+c.flush(); t(d.decompress,x); t(zlib.decompressobj().decompress,x); t(zlib.decompressobj(zdict=b'no').decompress,x)
d=zlib.decompressobj(); t(d.decompress, zlib.compress(b'abc')[:5]); t(d.copy().flush); 
import copy; t(copy.copy, c); t(zlib.adler32,b'abc'); t(zlib.crc32,b'abc',1); t(zlib.adler32,b'abc',-1); t(zlib.adler32,'x'); t(zlib.crc32,b'a',1<<40)
for n in (0,1,100,70000):
    d=bytes(i*i*31%251 for i in range(n//2))+b'abc'*(n//6)
    for lvl in (0,1,6,9):
        for w in (15,-15,31,9):
            assert zlib.decompress(zlib.compress(d,lvl,wbits=w),wbits=w)==d
    c=zlib.compressobj(); x=b''.join(c.compress(d[i:i+1000]) for i in range(0,len(d),1000))+c.flush()
    o=zlib.decompressobj(); y=b''
    while x:
        y+=o.decompress(x,777); x=o.unconsumed_tail
    assert y+o.flush()==d
