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

# What starts every program, and programs for what is done besides.
STARTS = [["-I", "-S", "-c", "pass"], ["-c", "pass"]]
PROGRAMS = [[str(path)] for path in sorted([*ROOT.glob("examples/*.py"), *ROOT.glob("tests/lang/*/*.py")])]

# So many functions back are looked at for the one that comes next.
REACH = 3

# Of what a pattern matches this share is to be wanted.
CLEAR = 0.7

HEAD = """\
/* The functions that run when Adder starts, side by side, then those that programs need, by which programs
   do: the kernel maps sixteen pages around each that is touched, so that a program whose code is scattered
   has nearly all of itself in memory. Written by record.py. The linker puts this into its default script. */
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


def exactly(name):
    """Matches a function, also where there is another number of copies of it."""
    return re.sub(r"(E|\b)(\.\d+|\.llvm\..*)$", r"\1*", name)


def pattern(name):
    """Matches a function's name without what depends on the compiler's version and the packages' features."""
    if name.startswith("_ZN"):
        return re.sub(r"17h[0-9a-f]{16}E.*$", "17h*", name)
    return re.sub(r"(?<=Cs)[0-9A-Za-z]+_", "*_", exactly(name))


def side_by_side(uses):
    """An order in which those follow each other that the same programs use. `uses` has, for each pattern, the
    set of these as bits."""
    alike = collections.defaultdict(list)
    for wanted, programs in uses.items():
        alike[programs].append(wanted)
    left = sorted(alike, key=lambda programs: (-programs.bit_count(), programs))
    order = left[:1]
    del left[:1]
    while left:
        last = order[-REACH:]
        order.append(min(left, key=lambda programs: sum((programs ^ other).bit_count() for other in last)))
        left.remove(order[-1])
    return [wanted for programs in order for wanted in sorted(alike[programs])]


def main():
    adder = sys.argv[1]
    listed = subprocess.run(["nm", "-S", "--defined-only", adder], check=True, capture_output=True, text=True)
    sizes = {}
    for line in listed.stdout.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[2] in "tTwW":
            sizes[fields[3]] = int(fields[1], 16)
    for name in ["_start", "_init", "_fini"]:
        sizes.pop(name, None)
    at_start = set()
    for arguments in STARTS:
        for stdin in ["/dev/null", __file__]:
            at_start |= functions(adder, arguments, stdin) & sizes.keys()
    programs = [functions(adder, arguments) & sizes.keys() for arguments in PROGRAMS]
    # What a pattern matches besides is in the way, if it is much: then the linker looks for the very name first.
    # It is the same wherever the same compiler builds the same packages.
    hit, total = collections.Counter(), collections.Counter()
    for name, size in sizes.items():
        total[pattern(name)] += size
    for name in at_start.union(*programs):
        hit[pattern(name)] += sizes[name]
    vague = {wanted for wanted in hit if hit[wanted] < CLEAR * total[wanted]}
    key = lambda name: exactly(name) if pattern(name) in vague else pattern(name)
    starts, uses = {key(name) for name in at_start}, collections.Counter()
    for number, names in enumerate(programs):
        for wanted in {key(name) for name in names} - starts:
            uses[wanted] |= 1 << number
    near = {pattern(name) for name in at_start} & vague
    order = sorted(starts) + sorted(near) + side_by_side(uses) + sorted(vague - near)
    out = HEAD + "".join(f"    *(.text.{p} .text.unlikely.{p})\n" for p in order)
    (HERE / "startup.ld").write_text(out + TAIL)
    print(f"{len(order)} functions")


main()
