"""Records what CPython 3.6 makes of the snippets: run it with CPython 3.6.15.

    python3.6 record36.py golden36/snippets.txt > golden36/expected.txt

For each snippet and each code object in it, outermost first: the fields, then the text of dis.
The address of a code object is left out of its repr.
"""

import contextlib
import dis
import io
import re
import sys
import types

FIELDS = ("argcount", "kwonlyargcount", "nlocals", "stacksize", "flags", "firstlineno", "names",
          "varnames", "freevars", "cellvars")


def snippets(text):
    parts = re.split(r"^#: (.*)\n", text, flags=re.M)
    return zip(parts[1::2], parts[2::2])


def no_address(text):
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def show(code, out):
    out.append("code %s" % code.co_name)
    for field in FIELDS:
        value = getattr(code, "co_" + field)
        if type(value) is tuple:
            value = " ".join(value)
        out.append(("  %s: %s" % (field, value)).rstrip())
    for value in code.co_consts:
        out.append("  const: %s %s" % (type(value).__name__, no_address(repr(value))))
    out.append(("  lnotab: " + code.co_lnotab.hex()).rstrip())
    out.append("  code: " + code.co_code.hex())
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        dis.dis(code)
    out += [("  | " + line).rstrip() for line in no_address(text.getvalue()).splitlines()]
    for value in code.co_consts:
        if type(value) is types.CodeType:
            show(value, out)


with open(sys.argv[1]) as f:
    source = f.read()
for optimize in (0, 2):
    for name, snippet in snippets(source):
        out = ["#: %s, optimize %d" % (name, optimize)]
        show(compile(snippet, "<snippet>", "exec", optimize=optimize), out)
        print("\n".join(out))
