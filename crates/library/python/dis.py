"""Shows the bytecode of this machine: the interface and the text of CPython 3.6's dis module, with the
entry points that later versions added.
"""

import collections
import io
import sys
import types

import _dis
from opcode import *
from opcode import __all__ as _opcode_names
from _dis import findlabels, pretty_flags

__all__ = ["code_info", "dis", "disassemble", "distb", "disco", "findlinestarts", "findlabels",
           "show_code", "get_instructions", "Instruction", "Bytecode", "Positions"] + _opcode_names
del _opcode_names

# Flag bits of code objects, by number.
COMPILER_FLAG_NAMES = {
    0x1: "OPTIMIZED",
    0x2: "NEWLOCALS",
    0x4: "VARARGS",
    0x8: "VARKEYWORDS",
    0x10: "NESTED",
    0x20: "GENERATOR",
    0x40: "NOFREE",
    0x80: "COROUTINE",
    0x100: "ITERABLE_COROUTINE",
    0x200: "ASYNC_GENERATOR",
    0x4000000: "HAS_DOCSTRING",
    0x8000000: "METHOD",
}

Positions = collections.namedtuple(
    'Positions', ['lineno', 'end_lineno', 'col_offset', 'end_col_offset'], defaults=[None] * 4)


class Instruction(collections.namedtuple('_Instruction', [
        'opname', 'opcode', 'arg', 'argval', 'argrepr', 'offset', 'starts_line',
        'is_jump_target'])):
    """One instruction of a code object.

    opname          its name
    opcode          its number
    arg             its argument, None if it has none
    argval          what the argument stands for, or the argument itself
    argrepr         that, as people read it
    offset          where it is in the code
    starts_line     the line that begins with it, None if none does
    is_jump_target  whether other instructions jump to it
    positions       where in the source it comes from, as far as that is known
    """

    positions = Positions()

    @property
    def oparg(self):
        return self.arg

    @property
    def line_number(self):
        return self.starts_line

    @property
    def jump_target(self):
        """Where it jumps to, None if it does not jump."""
        return self.argval if self.opcode in hasjump else None

    def _disassemble(self, lineno_width=3, mark_as_current=False):
        return _dis.line(tuple(self), lineno_width, mark_as_current)


def _code_behind(x):
    """The code object of a function, method, generator, coroutine or source text; None if x has none."""
    for attribute in ('__func__', '__code__', 'gi_code', 'ag_code', 'cr_code'):
        x = getattr(x, attribute, x)
    if isinstance(x, str):
        return _compile(x, '<disassembly>')
    return x if hasattr(x, 'co_code') else None


def _code_of(x):
    code = _code_behind(x)
    if code is None:
        raise TypeError(f"don't know how to disassemble {type(x).__name__} objects")
    return code


def _compile(source, name):
    """Source text as an expression if it is one, else as a program."""
    try:
        return compile(source, name, 'eval')
    except SyntaxError:
        return compile(source, name, 'exec')


def get_instructions(x, *, first_line=None, show_caches=None, adaptive=False):
    """The instructions in a function, method, generator, source text or code object, one by one.

    first_line, if given, is the line that the first one is said to be in.
    """
    code = _code_of(x)
    positions = list(code.co_positions())
    for fields in _dis.instructions(code, first_line):
        instruction = Instruction(*fields)
        instruction.positions = Positions(*positions[instruction.offset // 2])
        yield instruction


def findlinestarts(code):
    """Pairs of offset and line, where lines of the source start."""
    yield from _dis.findlinestarts(code)


def code_info(x):
    """What there is to say of a function, method, source text or code object."""
    return _dis.info(_code_of(x))


def show_code(co, *, file=None):
    """Prints code_info(co)."""
    print(code_info(co), file=file)


def disassemble(co, lasti=-1, *, file=None, **unused):
    """Prints the instructions of a code object, with an arrow at the offset lasti."""
    _print_instructions(get_instructions(co), lasti, file)


disco = disassemble                     # for programs of old


def _print_instructions(instructions, lasti, file):
    for instruction in instructions:
        if instruction.starts_line is not None and instruction.offset > 0:
            print(file=file)
        print(instruction._disassemble(3, instruction.offset == lasti), file=file)


def dis(x=None, *, file=None, depth=None, **unused):
    """Prints the instructions of a module, class, function, method, generator, source text or raw code;
    without an argument, those of the last traceback.
    """
    if x is None:
        distb(file=file)
        return
    for attribute in ('__func__', '__code__', 'gi_code', 'ag_code', 'cr_code'):
        x = getattr(x, attribute, x)
    if hasattr(x, 'co_code'):
        disassemble(x, file=file)
    elif hasattr(x, '__dict__'):
        for name, member in sorted(x.__dict__.items()):
            if isinstance(member, _HAVE_CODE):
                print(f"Disassembly of {name}:", file=file)
                try:
                    dis(member, file=file)
                except TypeError as error:
                    print("Sorry:", error, file=file)
                print(file=file)
    elif isinstance(x, (bytes, bytearray)):
        print(_dis.bytes_text(x, -1), end='', file=file)
    elif isinstance(x, str):
        disassemble(_compile(x, '<dis>'), file=file)
    else:
        raise TypeError(f"don't know how to disassemble {type(x).__name__} objects")


_HAVE_CODE = (types.MethodType, types.FunctionType, types.CodeType, classmethod, staticmethod, type)


def distb(tb=None, *, file=None, **unused):
    """Prints the instructions where a traceback, or the last one, ends."""
    if tb is None:
        try:
            tb = sys.last_exc.__traceback__ if hasattr(sys, 'last_exc') else sys.last_traceback
        except AttributeError:
            raise RuntimeError("no last traceback to disassemble") from None
        while tb.tb_next:
            tb = tb.tb_next
    disassemble(tb.tb_frame.f_code, tb.tb_lasti, file=file)


class Bytecode:
    """The bytecode of a function, method, generator, source text or code object: iterating gives its
    instructions.
    """

    def __init__(self, x, *, first_line=None, current_offset=None, **unused):
        self.codeobj = _code_of(x)
        self.first_line = self.codeobj.co_firstlineno if first_line is None else first_line
        self.current_offset = current_offset
        self._original_object = x
        self._first_line_given = first_line

    def __iter__(self):
        return get_instructions(self.codeobj, first_line=self._first_line_given)

    def __repr__(self):
        return f"{type(self).__name__}({self._original_object!r})"

    @classmethod
    def from_traceback(cls, tb, **unused):
        """The bytecode where a traceback ends."""
        while tb.tb_next:
            tb = tb.tb_next
        return cls(tb.tb_frame.f_code, current_offset=tb.tb_lasti)

    def info(self):
        """What there is to say of the code object."""
        return _dis.info(self.codeobj)

    def dis(self):
        """The instructions as text."""
        lasti = -1 if self.current_offset is None else self.current_offset
        with io.StringIO() as output:
            _print_instructions(self, lasti, output)
            return output.getvalue()


def _unpack_opargs(code):
    """Offset, number and argument (None without one) of each instruction in raw code."""
    extended = 0
    for offset in range(0, len(code), 2):
        number = code[offset]
        argument = None
        if number >= HAVE_ARGUMENT:
            argument = code[offset + 1] | extended
            extended = argument << 8 if number == EXTENDED_ARG else 0
        yield offset, number, argument


def _test():
    """Disassembles the file that the command line names, or standard input."""
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument('infile', type=argparse.FileType('rb'), nargs='?', default='-')
    with parser.parse_args().infile as infile:
        source = infile.read()
    dis(compile(source, infile.name, 'exec'))


if __name__ == "__main__":
    _test()
