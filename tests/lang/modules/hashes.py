# `hashlib` over the native hashes: digests, sizes, copies, errors.
import hashlib, _blake2, _md5, _sha2, _sha3
def t(f, *a, **k):
    try: print(repr(f(*a, **k)).split(' at 0x')[0])
    except BaseException as e: print(type(e).__name__, e)
for n in sorted(hashlib.algorithms_guaranteed):
    for data in (b'', b'abc', bytes(range(256)) * 40):
        h = hashlib.new(n, data)
        args = (17,) if n.startswith('shake') else ()
        c = h.copy()
        h.update(memoryview(b'more'))
        print(n, h.name, h.block_size, h.digest_size, h.hexdigest(*args), c.digest(*args)[:4])
t(_md5.md5,'x'); t(_md5.md5,5); t(_md5.md5,b'',b''); t(_md5.md5,string=b''); t(_md5.md5,b'',usedforsecurity=False); h=_md5.md5(b'a'); t(h.update,'x'); print(h.name,h.block_size,h.digest_size); t(type(h)); t(_sha3.shake_128().digest); t(_sha3.shake_128().digest,-1); t(_sha3.shake_128().digest,1<<40); t(_sha3.shake_128().hexdigest,5); t(_sha3.sha3_224,'x'); t(_sha2.sha256,'x')
B=_blake2.blake2b
t(B,digest_size=0);t(B,digest_size=65);t(B,key=b'x'*65);t(B,salt=b'x'*17);t(B,person=b'x'*17);t(B,fanout=-1);t(B,fanout=256);t(B,depth=0);t(B,depth=256);t(B,leaf_size=-1);t(B,leaf_size=1<<32);t(B,node_offset=-1);t(B,node_offset=1<<64);t(B,node_depth=256);t(B,inner_size=65);t(B,'x'); t(_blake2.blake2s,node_offset=1<<48); t(B,b'',5); t(B,key='x')
t(_blake2.blake2s,salt=b'x'*9);t(_blake2.blake2s,digest_size=33);t(_blake2.blake2s,key=b'x'*33)
print(B(b'a',key=b'k',salt=b's',person=b'p',fanout=2,depth=3,leaf_size=4,node_offset=5,node_depth=1,inner_size=6,last_node=True,digest_size=20).hexdigest())
print(_blake2.blake2s(b'a',key=b'k',salt=b's',person=b'p',fanout=2,depth=3,leaf_size=4,node_offset=5,node_depth=1,inner_size=6,last_node=True,digest_size=20).hexdigest()); print(B().name, B().block_size, B().digest_size)
