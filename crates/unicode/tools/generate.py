"""Makes this crate's tables from CPython's own Unicode data, and checksums that test them.

usage: python generate.py CRATE_DIR        (CPython 3.14: Unicode 16.0.0)

Writes data/tables.bin, data/names.bin, src/layout.rs (where in the files each table lies) and
tests/data/*.txt. Everything is asked of the interpreter that runs this: `unicodedata`, `str`
methods and `_sre`. Aliases and named sequences, which cannot be enumerated, are asked of the
C interface that the compiler uses for \\N{...}.
"""

import ctypes
import os
import random
import struct
import sys
import unicodedata
import zlib
from collections import Counter

import _sre

assert sys.version_info[:2] == (3, 14) and unicodedata.unidata_version == "16.0.0"
OLD = unicodedata.ucd_3_2_0
ALL = range(0x110000)
CHARS = [chr(code) for code in ALL]

layout = []


class File:
    """A binary file of little-endian arrays; `layout` tells their places."""

    def __init__(self, name):
        self.name = name
        self.data = bytearray()

    def put(self, label, form, values):
        values = list(values)
        while len(self.data) % struct.calcsize(form):
            self.data.append(0)
        rust = {"B": "u8", "H": "u16", "I": "u32", "i": "i32", "d": "u64"}[form]
        layout.append((label, rust, self.name, len(self.data), len(values)))
        self.data += struct.pack(f"<{len(values)}{form}", *values)

    def put_two_stage(self, label, values):
        """index[code >> shift] chooses a block of blocks[]; the split is the smallest."""
        best = None
        for shift in range(4, 10):
            blocks, index = {}, []
            for start in range(0, len(values), 1 << shift):
                block = tuple(values[start:start + (1 << shift)])
                index.append(blocks.setdefault(block, len(blocks)))
            form = "B" if max(values) < 256 else "H"
            index_form = "B" if len(blocks) <= 256 else "H"
            size = len(index) * struct.calcsize(index_form) + (len(blocks) << shift) * struct.calcsize(form)
            if best is None or size < best[0]:
                best = size, shift, index, blocks, form, index_form
        _, shift, index, blocks, form, index_form = best
        layout.append((f"{label}_SHIFT", "const u32", None, shift, 0))
        self.put(f"{label}_INDEX", index_form, index)
        self.put(f"{label}_BLOCKS", form, (value for block in blocks for value in block))


tables = File("tables.bin")

# --- classification and simple case (str methods) ------------------------------------------------

ALPHA, DECIMAL, DIGIT, NUMERIC, SPACE, UPPER, LOWER, TITLE, PRINTABLE, CASED, IGNORABLE, XID_START, XID_CONTINUE, \
    LINEBREAK, EXTENDED, SRE_CASED = (1 << bit for bit in range(16))


def type_record(code):
    char = CHARS[code]
    flags = 0
    tests = [(ALPHA, char.isalpha()), (DECIMAL, char.isdecimal()), (DIGIT, char.isdigit()), (NUMERIC, char.isnumeric()),
             (SPACE, char.isspace()), (UPPER, char.isupper()), (LOWER, char.islower()),
             (TITLE, char.istitle() and not char.isupper()), (PRINTABLE, char.isprintable()),
             (XID_START, char.isidentifier() and char != "_"), (XID_CONTINUE, ("a" + char).isidentifier()),
             (LINEBREAK, len(f"a{char}b".splitlines()) == 2), (SRE_CASED, _sre.unicode_iscased(code))]
    for flag, answer in tests:
        flags |= flag if answer else 0
    # How a final sigma is told shows both properties: a capital sigma becomes the other small one
    # before a cased letter, and looks through what is case-ignorable.
    followed = ("A\u03a3" + char).lower()[1] == "\u03c3"
    through = ("A\u03a3" + char + "A").lower()[1] == "\u03c3"
    if through and not followed:
        flags |= IGNORABLE
    if flags & (UPPER | LOWER | TITLE):
        flags |= CASED
    assert followed == bool(flags & CASED and not flags & IGNORABLE), hex(code)
    lower, upper, title, fold = char.lower(), char.upper(), char.title(), char.casefold()
    simple_lower = _sre.unicode_tolower(code)
    # CPython's simple mappings are the first characters of the full ones.
    simple_upper, simple_title = ord(upper[0]), ord(title[0])
    assert simple_lower == ord(lower[0])
    assert bool(flags & SRE_CASED) == (simple_lower != code or simple_upper != code), hex(code)
    if (lower, upper, title, fold) != (chr(simple_lower), chr(simple_upper), chr(simple_title), chr(simple_lower)):
        flags |= EXTENDED
    return (flags, unicodedata.decimal(char, 255), unicodedata.digit(char, 255),
            simple_lower - code, simple_upper - code, simple_title - code)


records = {}
types = [records.setdefault(type_record(code), len(records)) for code in ALL]
tables.put_two_stage("TYPE", types)
for column, (label, form) in enumerate([("TYPE_FLAGS", "H"), ("TYPE_DECIMAL", "B"), ("TYPE_DIGIT", "B"),
                                        ("TYPE_LOWER", "i"), ("TYPE_UPPER", "i"), ("TYPE_TITLE", "i")]):
    tables.put(label, form, (record[column] for record in records))

flags_of = [record[0] for record in records]
extended = [code for code in ALL if flags_of[types[code]] & EXTENDED]
tables.put("EXTENDED_CODES", "I", extended)
# Four mappings (lower, upper, title, fold) of three places each; 0 fills up.
tables.put("EXTENDED_MAPPINGS", "I",
           (ord(char) for code in extended
            for text in (CHARS[code].lower(), CHARS[code].upper(), CHARS[code].title(), CHARS[code].casefold())
            for char in text.ljust(3, "\0")))

# --- the database (unicodedata) ------------------------------------------------------------------

CATEGORIES = sorted({unicodedata.category(char) for char in CHARS})
BIDI = sorted({unicodedata.bidirectional(char) for char in CHARS} | {OLD.bidirectional(char) for char in CHARS})
WIDTHS = sorted({unicodedata.east_asian_width(char) for char in CHARS})

normal = {form: [unicodedata.normalize(form, char) for char in CHARS] for form in ("NFC", "NFD", "NFKC", "NFKD")}

S_BASE, S_COUNT = 0xAC00, 11172
is_hangul = lambda code: S_BASE <= code < S_BASE + S_COUNT
decompositions = [unicodedata.decomposition(char) for char in CHARS]
pairs = {}
for code in ALL:
    parts = decompositions[code].split()
    if len(parts) == 2 and not parts[0].startswith("<") and normal["NFC"][code] == CHARS[code]:
        pairs[int(parts[0], 16), int(parts[1], 16)] = code
seconds = {second for _, second in pairs} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))


def quick_check(code):
    """Two bits each for NFC, NFD, NFKC, NFKD: 0 yes, 1 maybe, 2 no."""
    bits = 0
    for place, form in enumerate(("NFC", "NFD", "NFKC", "NFKD")):
        if normal[form][code] != CHARS[code]:
            bits |= 2 << 2 * place
        elif form in ("NFC", "NFKC") and code in seconds:
            bits |= 1 << 2 * place
    return bits


numerics = sorted({unicodedata.numeric(char) for char in CHARS if char.isnumeric()})
number_of = {number: place for place, number in enumerate(numerics)}
assert len(numerics) < 255


def database_record(code):
    char = CHARS[code]
    return (CATEGORIES.index(unicodedata.category(char)), BIDI.index(unicodedata.bidirectional(char)),
            WIDTHS.index(unicodedata.east_asian_width(char)), unicodedata.combining(char),
            unicodedata.mirrored(char), quick_check(code),
            number_of[unicodedata.numeric(char)] if char.isnumeric() else 255)


records = {}
tables.put_two_stage("DATABASE", [records.setdefault(database_record(code), len(records)) for code in ALL])
for column, label in enumerate(["CATEGORY", "BIDI", "WIDTH", "COMBINING", "MIRRORED", "QUICK_CHECK", "NUMERIC"]):
    tables.put(f"DATABASE_{label}", "B", (record[column] for record in records))
tables.put("NUMERIC_BITS", "d", numerics)

# Decompositions: at its offset the tag's number and the length in one byte each, then the code points.
tags = sorted({text.split()[0] for text in decompositions if text.startswith("<")})
stored, offsets = [0], [0] * len(ALL)
seen = {}
for code in ALL:
    parts = decompositions[code].split()
    if not parts:
        continue
    tag = tags.index(parts.pop(0)) + 1 if parts[0].startswith("<") else 0
    entry = [tag | len(parts) << 8, *(int(part, 16) for part in parts)]
    if tuple(entry) not in seen:
        seen[tuple(entry)] = len(stored)
        stored += entry
    offsets[code] = seen[tuple(entry)]
tables.put_two_stage("DECOMPOSITION", offsets)
tables.put("DECOMPOSITION_DATA", "I", stored)
tables.put("COMPOSITION_FIRST", "I", (first for first, _ in sorted(pairs)))
tables.put("COMPOSITION_SECOND", "I", (second for _, second in sorted(pairs)))
tables.put("COMPOSITION_RESULT", "I", (pairs[pair] for pair in sorted(pairs)))

# --- Unicode 3.2.0, as differences ---------------------------------------------------------------


def old_record(code):
    """Category, direction, width, mirrored, decimal of 3.2; 255 for what is the same today."""
    char = CHARS[code]
    same = lambda old, new, names: 255 if old == new else names.index(old)
    return (same(OLD.category(char), unicodedata.category(char), CATEGORIES),
            same(OLD.bidirectional(char), unicodedata.bidirectional(char), BIDI),
            same(OLD.east_asian_width(char), unicodedata.east_asian_width(char), WIDTHS),
            same(OLD.mirrored(char), unicodedata.mirrored(char), [0, 1]),
            same(OLD.decimal(char, 254), unicodedata.decimal(char, 254), range(255)))


records = {}
tables.put_two_stage("OLD", [records.setdefault(old_record(code), len(records)) for code in ALL])
for column, label in enumerate(["CATEGORY", "BIDI", "WIDTH", "MIRRORED", "DECIMAL"]):
    tables.put(f"OLD_{label}", "B", (record[column] for record in records))
assert (255,) * 5 in records
corrected = [code for code in ALL if OLD.category(CHARS[code]) != "Cn"
             and OLD.normalize("NFD", CHARS[code]) != normal["NFD"][code]]
assert all(len(OLD.normalize("NFD", CHARS[code])) == 1 for code in corrected)
tables.put("OLD_CORRECTED", "I", corrected)
tables.put("OLD_CORRECTION", "I", (ord(OLD.normalize("NFD", CHARS[code])) for code in corrected))

# --- names ---------------------------------------------------------------------------------------

names_file = File("names.bin")
names, derived = {}, {}
for code in ALL:
    name = unicodedata.name(CHARS[code], None)
    if name is None or is_hangul(code):
        continue
    prefix, dash, suffix = name.rpartition("-")
    if dash and suffix == f"{code:04X}":
        derived[code] = prefix + dash
    else:
        names[code] = name

ctypes.pythonapi.PyCapsule_GetPointer.restype = ctypes.c_void_p
ctypes.pythonapi.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
capsule = ctypes.pythonapi.PyCapsule_GetPointer(unicodedata._ucnhash_CAPI, b"unicodedata._ucnhash_CAPI")
get_name = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)(
    ctypes.cast(capsule, ctypes.POINTER(ctypes.c_void_p))[0])
buffer = ctypes.create_string_buffer(256)
extra = {}
for code in range(0xF0000, 0xF1000):
    if get_name(code, buffer, 256, 1):
        name = buffer.value.decode()
        extra[name] = unicodedata.lookup(name)
assert len(extra) > 900

# Words by how often they occur: the first 192 take one byte, the others two. Within each group they
# are sorted by length, so that a length's first word and its place give every word's place.
uses = Counter(word for name in [*names.values(), *extra] for word in name.split(" "))
ranked = sorted(uses, key=lambda word: (-uses[word], word))
ONE_BYTE = 192
groups = [sorted(ranked[:ONE_BYTE], key=lambda w: (len(w), w)), sorted(ranked[ONE_BYTE:], key=lambda w: (len(w), w))]
assert len(groups[1]) <= 64 * 256
number = {word: place for place, word in enumerate(groups[0] + groups[1])}
names_file.put("WORDS", "B", "".join(groups[0] + groups[1]).encode("ascii"))
lengths, starts, places = [], [], []
place = 0
for group, base in zip(groups, (0, ONE_BYTE)):
    for at, word in enumerate(group):
        if at == 0 or len(word) != len(group[at - 1]):
            lengths.append(len(word))
            starts.append(base + at)
            places.append(place)
        place += len(word)
names_file.put("WORD_LENGTH", "B", lengths)
names_file.put("WORD_START", "H", starts)
names_file.put("WORD_PLACE", "I", places)


def encode(name):
    out = bytearray()
    for word in name.split(" "):
        n = number[word]
        if n < ONE_BYTE:
            out.append(n)
        else:
            out += bytes((ONE_BYTE + (n - ONE_BYTE >> 8), n - ONE_BYTE & 0xFF))
    assert len(out) < 256
    return bytes([len(out)]) + bytes(out)


def runs(codes, key):
    """Consecutive code points with one key: (first, last, key)."""
    out = []
    for code in codes:
        if out and out[-1][1] == code - 1 and out[-1][2] == key(code):
            out[-1][1] = code
        else:
            out.append([code, code, key(code)])
    return out


ordered = sorted(names)
BLOCK = 16
layout.append(("NAME_BLOCK", "const usize", None, BLOCK, 0))
data, block_places = bytearray(), []
for at, code in enumerate(ordered):
    if at % BLOCK == 0:
        block_places.append(len(data))
    data += encode(names[code])
names_file.put("NAMES", "B", data)
names_file.put("NAME_PLACES", "I", block_places)
spans = runs(ordered, lambda code: 0)
names_file.put("NAME_FIRST", "I", (first for first, _, _ in spans))
bases, count = [], 0
for first, last, _ in spans:
    bases.append(count)
    count += last - first + 1
names_file.put("NAME_BASE", "H", bases)
layout.append(("NAME_COUNT", "const usize", None, count, 0))
names_file.put("NAME_ORDER", "H", sorted(range(count), key=lambda at: names[ordered[at]]))

# Aliases and sequences, sorted by name: [length][words][count][3 bytes a code point].
data, entry_places = bytearray(), []
for name in sorted(extra):
    entry_places.append(len(data))
    data += encode(name) + bytes([len(extra[name])])
    for char in extra[name]:
        data += ord(char).to_bytes(3, "little")
names_file.put("EXTRA_NAMES", "B", data)
names_file.put("EXTRA_PLACES", "I", entry_places)

prefixes = sorted(set(derived.values()))
spans = runs(sorted(derived), derived.get)
names_file.put("DERIVED_FIRST", "I", (first for first, _, _ in spans))
names_file.put("DERIVED_LAST", "I", (last for _, last, _ in spans))
names_file.put("DERIVED_PREFIX", "B", (prefixes.index(prefix) for _, _, prefix in spans))

# --- writing -------------------------------------------------------------------------------------

crate = sys.argv[1]
for file in (tables, names_file):
    with open(os.path.join(crate, "data", file.name), "wb") as out:
        out.write(file.data)


def strings(label, values):
    body = ", ".join(f'"{value}"' for value in values)
    return f"pub(crate) static {label}: [&str; {len(values)}] = [{body}];\n"


with open(os.path.join(crate, "src", "layout.rs"), "w", newline="\n") as out:
    out.write("//! Where each table lies in `data/*.bin`. Made by `tools/generate.py`; do not edit.\n")
    out.write("\n")
    out.write("use crate::load::{i32s, u8s, u16s, u32s, u64s};\n\n")
    out.write('static TABLES: &[u8] = include_bytes!("../data/tables.bin");\n')
    out.write('static NAMES_FILE: &[u8] = include_bytes!("../data/names.bin");\n\n')
    for label, rust, file, place, length in layout:
        if rust.startswith("const"):
            out.write(f"pub(crate) const {label}: {rust[6:]} = {place};\n")
            continue
        source = "TABLES" if file == "tables.bin" else "NAMES_FILE"
        if rust == "u8" and length > 40000:
            out.write(f"pub(crate) static {label}: &[u8] = {source}.split_at({place}).1.split_at({length}).0;\n")
        else:
            out.write(f"pub(crate) static {label}: [{rust}; {length}] = {rust}s({source}, {place});\n")
    out.write("\n")
    out.write(strings("CATEGORIES", CATEGORIES))
    out.write(strings("BIDI_CLASSES", BIDI))
    out.write(strings("EAST_ASIAN_WIDTHS", WIDTHS))
    out.write(strings("DECOMPOSITION_TAGS", tags))
    out.write(strings("DERIVED_PREFIXES", prefixes))

# --- facts for the tests -------------------------------------------------------------------------


def checksums():
    """CRC-32 over one answer for each code point, in the encodings that the test repeats."""
    byte = lambda answers: zlib.crc32(bytes(answers))
    text = lambda answers: zlib.crc32("\n".join(answers).encode())
    wide = lambda answers: zlib.crc32("\n".join(answers).encode("utf-32-le", "surrogatepass"))
    for method in ("isalpha isdecimal isdigit isnumeric isspace isupper islower istitle isprintable isidentifier isalnum").split():
        yield method, byte(getattr(char, method)() for char in CHARS)
    yield "xid_continue", byte(("a" + char).isidentifier() for char in CHARS)
    yield "linebreak", byte(len(f"a{char}b".splitlines()) == 2 for char in CHARS)
    yield "sre_iscased", byte(_sre.unicode_iscased(code) for code in ALL)
    yield "sre_tolower", text(str(_sre.unicode_tolower(code)) for code in ALL)
    for method in ("lower", "upper", "title", "casefold"):
        yield method, wide(getattr(char, method)() for char in CHARS)
    for db, suffix in ((unicodedata, ""), (OLD, "_3_2")):
        for name in ("category", "bidirectional", "east_asian_width", "combining", "mirrored", "decomposition"):
            yield name + suffix, text(str(getattr(db, name)(char)) for char in CHARS)
        for name in ("decimal", "digit", "numeric", "name"):
            yield name + suffix, text(str(getattr(db, name)(char, "")) for char in CHARS)
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            yield form + suffix, wide(db.normalize(form, char) for char in CHARS)
            yield form + "_check" + suffix, byte(db.is_normalized(form, char) for char in CHARS)


dice = random.Random(16)
interesting = [code for code in ALL if unicodedata.combining(CHARS[code]) or decompositions[code] or code in seconds]
interesting += [*range(0x1100, 0x1200), *range(0xAC00, 0xAC60), *b"aeiouAEIOU"] * 3


def texts():
    for _ in range(400):
        text = "".join(chr(dice.choice(interesting)) for _ in range(dice.randrange(2, 9)))
        show = lambda text: " ".join(f"{ord(char):x}" for char in text)
        yield "\t".join([show(text), *(show(unicodedata.normalize(form, text)) for form in normal),
                         "".join(str(int(unicodedata.is_normalized(form, text))) for form in normal)])


with open(os.path.join(crate, "tests", "data", "checksums.txt"), "w", newline="\n") as out:
    for name, value in checksums():
        out.write(f"{name} {value:08x}\n")
with open(os.path.join(crate, "tests", "data", "normalization.txt"), "w", newline="\n") as out:
    for line in texts():
        out.write(line + "\n")
with open(os.path.join(crate, "tests", "data", "aliases.txt"), "w", newline="\n") as out:
    for name in sorted(extra):
        out.write(f"{name}\t{' '.join(f'{ord(char):x}' for char in extra[name])}\n")
