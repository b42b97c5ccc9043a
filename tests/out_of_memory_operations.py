# Operations whose results do not fit: MemoryError (or the error of a size that cannot be), once, and the
# program goes on. Each works on input that fits well under the limit. With -v they are named; a further
# argument picks those that contain it.
import gc
import os
import resource
import sys

# From the start, so that the reserve is small, too.
if os.environ.get("LIMITED") != "yes":
    resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))
    os.execve(sys.executable, [sys.executable, __file__, *sys.argv[1:]], {**os.environ, "LIMITED": "yes"})
N = 1 << 22

SETUP = {
    "text": "x = 'a' * N",
    "spaced": "x = 'a ' * (N // 2)",
    "wide": "x = '\\u1234' * (N // 2)",
    "data": "x = b'a' * N",
    "array_of_bytes": "x = bytearray(N)",
    "items": "x = [None] * (N // 4)",
    "row": "x = (1.5,) * (N // 4)",
    "number": "x = 1 << (8 * N)",
    "floats": "x = [1.5] * (N // 8)",
    "texts": "x = ['\\xe9' * 1000] * (N // 500)",
    "table": "x = dict.fromkeys(range(N // 128))",
    "members": "x = set(range(N // 64))",
    "view": "x = memoryview(bytes(N))",
    "numbers": "import array; x = array.array('q', bytes(N))",
    "queue": "import collections; x = collections.deque([None] * (N // 8))",
}
OPERATIONS = {
    "text": """x + x + x; x * 10; x.replace('a', 'bcdefgh'); x.translate({97: 'bcdefgh'}); x.translate({97: 0x1F600})
        x.encode('utf-16'); x.encode('utf-32'); x.encode('utf-7'); x.center(10 * N); x.ljust(10 * N)
        x.zfill(10 * N); x.upper(); x.swapcase(); x.title(); list(x); tuple(x); x.join(x); '-'.join(x); x.split('a')
        x.partition('z'); repr(x); ascii(x + '\\xe9'); '%s%s%s%s%s' % (x, x, x, x, x); f'{x}{x}{x}{x}{x}'
        '{0}{0}{0}{0}{0}'.format(x); f'{x:>60000000}'; '%60000000s' % x; f'{x:>5000000000}'; x.expandtabs(); ('\\t' * N).expandtabs(100)
        x.casefold(); ('\\xdf' * N).upper(); ('\\xdf' * N).casefold(); x.splitlines(); ('\\n' * N).splitlines()
        x[::2] + x; x[::-1] * 9; sorted(x); bytes(x, 'utf-32')
        x.encode('unicode_escape') * 9; ('\\xe9' * N).encode('unicode_escape'); ('\\xe9' * N).encode('ascii', 'xmlcharrefreplace')
        ('\\xe9' * N).encode('ascii', 'backslashreplace'); ('\\xe9' * N).encode('ascii', 'namereplace')""",
    "spaced": "x.split(); x.rsplit(); x.title(); x.split(' ', N); x.replace(' ', '          '); [*x]",
    "wide": """x.encode(); x.encode('utf-7'); ascii(x); x * 10; x.replace('\\u1234', '\\U00012345' * 4)
        x.encode('unicode_escape'); x.translate({0x1234: 'x' * 100}); x.join('ab' * 10)""",
    "data": """x + x * 10; x.hex(); x.hex(':', 1); x.decode('utf-16'); x.decode('latin-1') * 9; list(x)
        x.replace(b'a', b'bcdefgh'); b'-'.join([x] * 9); x.center(10 * N); x.translate(None) * 9; repr(x); b'%b%b%b%b%b%b' % (x, x, x, x, x, x)
        b'%60000000b' % x; int.from_bytes(x, 'big'); bytes.fromhex('61' * (N // 2)) * 9; (b'\\0' * N).decode('utf-32'); repr(b'\\xff' * N)
        (b'\\xff' * N).decode('ascii', 'backslashreplace'); (b'\\t' * N).expandtabs(100); x.zfill(10 * N); bytearray(x) * 9; x.splitlines() * N
        binascii.hexlify(x + x + x); binascii.b2a_base64(x * 4); binascii.b2a_qp(b'\\xff' * N)
        zlib.compress(x, 0) * 9; zlib.decompress(zlib.compress(bytes(N * 8))); zlib.decompressobj().decompress(zlib.compress(bytes(N * 8)))
        struct.unpack(f'{N}b', x); struct.pack('1000000000x')
        marshal.dumps([x] * 9); marshal.loads(marshal.dumps(x)) * 9
        pickle.dumps([x + b'1', x + b'2', x + b'3', x + b'4', x + b'5']); pickle.loads(pickle.dumps(x)) * 9
        hashlib.shake_128(x).digest(1 << 28); hashlib.shake_128(x).hexdigest(1 << 28); hashlib.pbkdf2_hmac('sha1', b'', b'', 1, 1 << 30)
        hashlib.scrypt(b'', salt=b'', n=1 << 19, r=8, p=1, maxmem=(1 << 31) - 1)""",
    "array_of_bytes": """x + x + x + x + x; x * 10; x.extend(x * 4); x.join([x] * 9); x.hex(':', 1); x.__imul__(10); bytes(x) * 9; x[:] = x * 6
        x[N:N] = x * 6; x.resize(N * 20)""",
    "items": """x + x + x; x * 10; x * (2**62); x.extend(x * 4); x.__imul__(10); x[:] = x * 6; x.copy() * 9; repr(x); sorted(x + x + x); tuple(x) * 5
        [*x, *x, *x]; (*x, *x, *x); [*reversed(x)] * 4
        f(*x, *x, *x); str(x); list(x) + list(x) + list(x); x[::2] * 9; x[::-1] * 9
        list(itertools.chain(x, x, x, x))
        list(itertools.batched(x, N // 8)); itertools.tee(x)[0].__next__()
        json.dumps(x + x); json.dumps(x, indent=8); json.dumps({'a': x, 'b': x, 'c': x})
        heapq.nsmallest(10**6, x, key=id) * 4
        random.randbytes(10**9)
        copy.copy(x) * 9
        functools.reduce(lambda a, b: a + [b] * N, x, [])""",
    "row": """x + x + x; x * 10; x * (2**62); repr(x); sorted(x); list(x) * 9; hash(x); x[::2] * 9; [*x] * 9; f(*x, *x, *x); x.__getitem__(slice(None, None, -1)) * 9""",
    "number": """x * x * x * x * x * x; x << (1 << 33); -x * x; x + x; x | -x; ~x; x.to_bytes(4 * N, 'big'); x.to_bytes(40 * N, 'big'); hex(x); oct(x); bin(x); f'{x:x}'; '%x' % x; f'{x:_b}'; f'{x:_x}'; f'{x:060000000b}'
        x.bit_length(); divmod(x * x, x); x >> 1; 1 << x.bit_length() * 50; abs(-x) * x; x * x * x; int.from_bytes(bytes(N * 3), 'little')
        math.isqrt(x * x)
        random.getrandbits(1 << 33)""",
    "floats": """repr(x); [v + 1 for v in x] * 9; json.dumps(x * 3)
        struct.pack(f'{len(x)}d', *x) * 9; array.array('d', x) * 9; math.fsum(x)""",
    "texts": """''.join(x); ' '.join(x); repr(x); json.dumps(x); json.dumps(x, ensure_ascii=False); json.dumps(dict(enumerate(x[:8000]))); json.dumps(x, indent=1)
        json.loads('[' + '1.5,' * (N // 8) + '1]'); json.loads('"' + 'a' * N * 2 + '"'); json.loads('[' * 100000); json.loads('"' + '\\\\u1234' * (N // 6) + '"')
        json.dumps('\\x01' * N); json.dumps('\\xe9' * N); json.dumps('"' * N); json.dumps('\\U0001f600' * (N // 4))
        re.sub('\\xe9', 'abcdefgh', x[0] * 5000); re.split('\\xe9', x[0] * 4000); re.findall('\\xe9', x[0] * 4000)
        re.escape('.' * N * 2); re.match('(?:(a)|b)*', 'ab' * (N // 2)).groups() * 9; re.sub('', '-' * 20, 'a' * N); re.match('(.)*?z', 'a' * N)
        re.sub('a', lambda m: 'b' * 100, 'a' * (N // 4))
        io.StringIO(''.join(x[:4000])).getvalue() * 9; s = io.StringIO(); s.writelines(x); b = io.BytesIO(); b.write(bytes(N)); b.seek(1 << 31); b.write(b'1'); b.truncate(1 << 32)
        csv.reader([','.join(x[:4000])]).__next__(); csv.writer(__import__('io').StringIO()).writerow(x)
        unicodedata.normalize('NFD', ''.join(x[:4000])); unicodedata.normalize('NFKD', '\ufdfa' * (N // 4)); unicodedata.normalize('NFC', 'e\u0301' * (N // 2))
        zlib.compress(''.join(x[:4000]).encode()) * 99; gzip.compress(bytes(N)) * 9999; base64.b64encode(bytes(N)) * 9; struct.iter_unpack('q', b'\x7f' * N); list(struct.iter_unpack('q', b'\x7f' * N)); struct.unpack(f'{N // 8}q', b'\x7f' * N)""",
    "table": "{**x, **x}; x.copy(); x | x; dict(x); list(x.items()); repr(x); str(x); sorted(x) * 9; {k: [k] for k in x}; dict.fromkeys(x); set(x); json.dumps(x); dict(zip(x, x)); f(**{str(k): k for k in x})",
    "members": "x | x; x.copy(); frozenset(x); repr(x); x ^ set(range(N)); {*x, *range(N)}; sorted(x) * 9; x - {1}; x & set(x)",
    "view": "x.tolist(); bytes(x) * 9; x.hex(); x.tobytes() * 9; x.cast('d').tolist() * 9; list(x)",
    "numbers": "x * 10; x + x + x + x + x; x.tolist(); x.extend(x * 4); repr(x); x.tobytes() * 9; x.frombytes(bytes(N * 3)); x[:] * 9; x.__imul__(10)",
    "queue": "x * 10; x + x + x + x; repr(x); list(x) * 9; x.copy() * 9; x.__imul__(10)",
    "text ": """compile('x=' + '1+' * (N // 4) + '1', 'f', 'exec'); compile('[' + '1,' * (N // 2) + ']', 'f', 'eval'); eval('"' + 'a' * N + '"' + '*9'); compile('a\\n' * (N // 2), 'f', 'exec')
        compile('# ' + 'a' * N * 2, 'f', 'exec'); compile("'" + 'a' * N * 2 + "'", 'f', 'exec'); type('a' * N, (), {}); type('C', (), {'__slots__': [str(i) for i in range(10**6)]})
        print('a' * N * 8); input.__class__; range(10**18).__len__(); list(range(10**18)); bytes(10**18); bytes(10**10); bytearray(10**10); [0] * 10**10; 'a' * 10**10
        fractions.Fraction(10**1000000, 3)
        os.read(0, 1 << 31); os.urandom(1 << 30); os.getrandom(1 << 30); open('/dev/zero', 'rb').read(); open('/dev/zero', 'rb').read(1 << 33); open('/dev/zero', 'rb', 0).readall(); open('/dev/zero', 'rb').readline(); open('/dev/zero').read(); open('/dev/zero').readline(); open('/dev/zero', 'rb', 1 << 40)
        string.Template('$a' * (N // 2)).substitute(a='b' * 100); textwrap.indent('a\\n' * (N // 8), ' ' * 1000)""",
    "deep": """time.strftime('%c' * N); time.strftime('%Y' * (N // 2)); datetime.datetime(2020, 1, 1).strftime('%A' * (N // 2)); time.strftime('a' * N)
        compile('def f():\\n' + ' a=b.c\\n' * (N // 8), 'f', 'exec'); compile('a<b\\n' * (N // 16), 'f', 'exec'); compile('lambda:0\\n' * (N // 32), 'f', 'exec'); compile('def f():pass\\n' * (N // 32), 'f', 'exec')
        compile('x = {' + '1:2,' * (N // 8) + '}', 'f', 'exec'); ast.parse('a;' * (N // 16)); list(tokenize.generate_tokens(io.StringIO('a\\n' * (N // 64)).readline)); ast.literal_eval('[' + '1,' * (N // 4) + ']')
        g(10**5); h([], 10**5); [(n,) for n in range(N)]; [2**60 + n for n in range(N)]; [str(n) for n in range(N)]; {n: str(n) for n in range(N)}; set(map(str, range(N))); list(zip(range(N), range(N))); sorted(range(N), key=lambda n: (n, n)); list(map(float, range(N))); list(itertools.permutations(range(10))); list(itertools.product(range(100), repeat=4)); list(itertools.combinations(range(200), 3)); ''.join(map(str, range(N))); list(enumerate(range(N)))""",
}
HELPERS = """
import array, ast, base64, binascii, collections, copy, csv, datetime, fractions, functools, gzip, hashlib, heapq, io, itertools
import json, marshal, math, os, pickle, pprint, random, re, statistics, string, struct, sys, textwrap, time, tokenize
import unicodedata, zlib
s, b = io.StringIO(), io.BytesIO()
sys.setrecursionlimit(10**8)
def f(*args, **kwargs): return args, kwargs
def g(n): return n and g(n - 1)
def h(a, n):
    for _ in range(n): a = [a]
    return repr(a), a == a
"""


def run(kind, operation):
    scope = {"N": N}
    exec(HELPERS, scope)
    try:
        exec(SETUP.get(kind, ""), scope)
        exec(operation, scope)
    except (MemoryError, OverflowError, ValueError, RecursionError, TypeError, OSError) as error:
        error.__traceback__ = None
    scope.clear()


def total():
    return sum(len([i]) for i in range(1000))


def main():
    sys.set_int_max_str_digits(0)
    exec(HELPERS, {})
    verbose = sys.argv[1:2] == ["-v"]
    wanted = sys.argv[2] if sys.argv[2:] else ""
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    out, sys.stdout = sys.stdout, open("/dev/null", "w")
    every = [(kind, operation) for kind, operations in OPERATIONS.items()
             for line in operations.splitlines() for operation in line.strip().split("; ")]
    for step in (90, 48, 24):
        limit = min(used + (step << 20), 1 << 28)
        resource.setrlimit(resource.RLIMIT_AS, (limit, 1 << 28))
        for kind, operation in every:
            if wanted not in operation:
                continue
            if verbose:
                print(step, kind, operation, file=out, flush=True)
            run(kind, operation)
            # None comes late.
            assert total() == 1000
            gc.collect()
    sys.stdout = out
    print("done")


main()
