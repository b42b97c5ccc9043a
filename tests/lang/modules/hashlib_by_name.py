# `_hashlib`: algorithms by name, HMAC, key derivation, and what they say to wrong arguments.
import hashlib
import hmac
import _hashlib


def attempt(function, *args, **kwargs):
    try:
        result = function(*args, **kwargs)
    except Exception as e:
        print(type(e).__name__, e)
    else:
        print(result.hex() if isinstance(result, bytes) else result)


for name in sorted(_hashlib.openssl_md_meth_names):
    h = _hashlib.new(name, b"abc")
    length = (24,) if name.startswith("shake") else ()
    same = h.copy()
    same.update(b"def" * 100)
    print(h.name, h.digest_size, h.block_size, type(h).__name__, h.hexdigest(*length))
    print(same.digest(*length).hex(), repr(h).split("@")[0])
    if not length:
        for key in b"", b"key", b"k" * 200:
            m = hmac.new(key, b"message", name)
            print("  ", m.name, m.digest_size, m.block_size, m.hexdigest())
            assert m.digest() == hmac.digest(key, b"message", name) == m.copy().digest()
        print("  ", hashlib.pbkdf2_hmac(name, b"password", b"salt", 3, 50).hex())

for name in ("SHA256", "sha-256", "SHA2-256", "sha512-256", "sha3-256", "SHAKE128", "blake2b512",
             "BLAKE2s256", "ssl3-md5", "rmd160", "ripemd"):
    print(name, _hashlib.new(name).name)
attempt(_hashlib.new, "no such")
attempt(hashlib.new, "no such")
attempt(_hashlib.new, 1)
attempt(_hashlib.new, "sha256\0")
attempt(_hashlib.new, "sha256", "text")
attempt(_hashlib.new, "sha256", 5)
attempt(_hashlib.openssl_sha256, "text")
for kind in _hashlib.HASH, _hashlib.HASHXOF, _hashlib.HMAC:
    attempt(kind)
print(_hashlib.HASHXOF.__mro__)
print(hashlib.sha256, sorted(_hashlib._constructors.values()), _hashlib.get_fips_mode())

m = _hashlib.hmac_new(b"k", b"m", _hashlib.openssl_sha256)
print(repr(m).split("@")[0], m.hexdigest(), hmac.new(b"k", b"m", hashlib.sha256).hexdigest() == m.hexdigest())
attempt(_hashlib.hmac_new, b"k")
attempt(_hashlib.hmac_new, b"k", b"m", 5)
attempt(_hashlib.hmac_new, b"k", b"m", len)
attempt(_hashlib.hmac_new, b"k", b"m", "shake_128")
attempt(_hashlib.hmac_new, "k", b"m", "sha1")
attempt(_hashlib.hmac_new, b"k", "m", "sha1")
attempt(_hashlib.hmac_digest, b"k", "m", "sha1")
attempt(m.update, "text")

attempt(hashlib.pbkdf2_hmac, "sha256", b"p", b"s", 1000)
attempt(hashlib.pbkdf2_hmac, "sha1", bytearray(b"p"), memoryview(b"s"), iterations=2, dklen=7)
for arguments in (("no such", b"p", b"s", 1), ("sha256", "p", b"s", 1), ("sha256", b"p", "s", 1),
                  ("sha256", b"p", b"s", 0), ("sha256", b"p", b"s", -1), ("sha256", b"p", b"s", 2**31),
                  ("sha256", b"p", b"s", 2**64), ("sha256", b"p", b"s", 1, 0), ("sha256", b"p", b"s", 1, -1),
                  ("sha256", b"p", b"s", 1, 2**31), ("shake_128", b"p", b"s", 1, 10)):
    attempt(hashlib.pbkdf2_hmac, *arguments)

attempt(hashlib.scrypt, b"", salt=b"", n=16, r=1, p=1, dklen=64)
attempt(hashlib.scrypt, b"password", salt=b"NaCl", n=1024, r=8, p=16, maxmem=2**26)
for arguments in (dict(n=3), dict(n=1), dict(n=0), dict(n=-2), dict(salt="s"), dict(r=0), dict(p=0),
                  dict(n=2**20, r=8), dict(n=2**15, r=8), dict(dklen=0), dict(dklen=-1), dict(dklen=2**31),
                  dict(maxmem=-1), dict(maxmem=2**31), dict(maxmem=10), dict(n=2**64), dict(r=2**29, p=4),
                  dict(n=2**16, maxmem=2**30)):
    attempt(hashlib.scrypt, b"p", **dict(salt=b"s", n=2, r=1, p=1) | arguments)

for a, b in ((b"a", b"a"), ("a", "b"), ("a", b"a"), ("\xe9", "\xe9"), (1, 2), (bytearray(b"a"), b"a"), (b"a", b"ab")):
    attempt(hmac.compare_digest, a, b)
