#!/usr/bin/env python3
"""Writes `startup.ld`: the functions that run when Adder starts, and those that programs need, for the linker
to put side by side.

    cargo build --release && crates/cli/link/record.py target/release/adder

Needs valgrind. The order only saves memory and page faults: a name that is missing or gone does no
harm. Record anew when `adder -c pass` has come to need more memory.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]

# What starts every program, and programs for what is done besides: by a fifth of them, then by any.
STARTS = [["-I", "-S", "-c", "pass"], ["-c", "pass"]]
PROGRAMS = [[str(path)] for path in sorted([*ROOT.glob("examples/*.py"), *ROOT.glob("tests/lang/*/*.py")])]
MANY = 5

# A module is named as a whole if this share of its code is wanted.
SHARE = 0.8

HEAD = """\
/* The functions that run when Adder starts, side by side, then those that many programs need, then those
   that some do: the kernel maps sixteen pages around each that is touched, so that a program whose code is
   scattered has nearly all of itself in memory. Written by record.py. The linker puts this into its default script. */
SECTIONS
{
  .text.startup :
  {
"""
TAIL = """\
  }
}
INSERT BEFORE .text;
"""


def functions(adder, arguments, stdin="/dev/null"):
    """The names of the functions that a run goes through, as the linker knows them."""
    with tempfile.TemporaryDirectory() as folder, open(stdin) as file:
        out = f"{folder}/out"
        command = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={out}"]
        command += [adder, *arguments]
        subprocess.run(command, capture_output=True, cwd=ROOT, stdin=file, timeout=300)
        text = pathlib.Path(out).read_text()
    # `fn=(number) name`, `cfn=` for what is called, with a number behind the name within itself.
    return set(re.findall(r"^c?fn=\(\d+\) (\w[\w.$]*)", text, re.MULTILINE))


def parts(name):
    """The name without what depends on the compiler's version and the folder it runs in, in pieces that
    can be cut off at the end: modules, type and function of a Rust name; all of any other."""
    if not name.startswith("_ZN"):
        return [re.sub(r"(?<=Cs)[0-9A-Za-z]+_", "*_", name)]
    found, at = [], 3
    while match := re.match(r"\d+", name[at:]):
        end = at + match.end() + int(match[0])
        found.append(name[at:end])
        at = end
    if re.fullmatch("17h[0-9a-f]{16}", found[-1]):
        found[-1] = "17h"
    return ["_ZN" + found[0], *found[1:]]


def patterns(wanted, sizes):
    """Patterns that match the wanted functions, and not much besides."""
    total, hit = {}, {}
    for name, size in sizes.items():
        pieces = parts(name)
        for n in range(1, len(pieces) + 1):
            key = "".join(pieces[:n])
            total[key] = total.get(key, 0) + size
            hit[key] = hit.get(key, 0) + (size if name in wanted else 0)
    chosen = set()
    for name in wanted:
        pieces = parts(name)
        # Not a crate as a whole.
        first = 2 if len(pieces) > 1 and "$LT$" not in pieces[0] else 1
        keys = ["".join(pieces[:n]) for n in range(first, len(pieces) + 1)]
        key = next((key for key in keys if hit[key] >= SHARE * total[key]), keys[-1])
        chosen.add(key if len(pieces) == 1 else key + "*")
    return chosen


def main():
    adder = sys.argv[1]
    listed = subprocess.run(["nm", "-S", "--defined-only", adder], check=True, capture_output=True, text=True)
    sizes = {}
    for line in listed.stdout.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[2] in "tTwW":
            sizes[fields[3]] = int(fields[1], 16)
    starts, programs = set(), collections.Counter()
    for arguments in STARTS:
        starts |= functions(adder, arguments) | functions(adder, arguments, __file__)
    for arguments in PROGRAMS:
        programs.update(functions(adder, arguments))
    many = {name for name, times in programs.items() if times * MANY >= len(PROGRAMS)}
    out, before = HEAD, set()
    for wanted in [starts, starts | many, starts | programs.keys()]:
        chosen = patterns((wanted & sizes.keys()) - {"main", "_start", "_init", "_fini"}, sizes) - before
        before |= chosen
        out += "".join(f"    *(.text.{p} .text.unlikely.{p})\n" for p in sorted(chosen))
    (HERE / "startup.ld").write_text(out + TAIL)
    print(f"{len(before)} patterns")


main()
