"""Records what CPython's parser says of sources, as a table for tests/errors.rs.

    python3.13 record_errors.py CASES.json > TABLE.tsv

CASES.json is a list of [source, mode]. A row of the table is, separated by tabs: mode, source,
class, message, lineno, offset, end_lineno, end_offset, text. Strings are written as JSON, None as
`-`; class OK stands for a source that parses. Only the parser is asked (PyCF_ONLY_AST), so that
what CPython finds later, in symtable.c and compile.c, is left out.
"""
import ast
import json
import sys
import warnings

warnings.simplefilter('ignore')


def string(value):
    return '-' if value is None else json.dumps(value)


def number(value):
    return '-' if value is None else str(value)


def record(source, mode):
    try:
        compile(source, '<string>', mode, ast.PyCF_ONLY_AST, dont_inherit=True)
        row = ['OK']
    except SyntaxError as e:
        row = [type(e).__name__, string(e.msg), number(e.lineno), number(e.offset),
               number(e.end_lineno), number(e.end_offset), string(e.text)]
    except MemoryError:
        row = ['MemoryError']
    return '\t'.join([mode, string(source)] + row)


def main():
    with open(sys.argv[1]) as f:
        cases = json.load(f)
    sys.stdout.reconfigure(encoding='utf-8', errors='surrogatepass')
    for source, mode in cases:
        try:
            print(record(source, mode))
        except (ValueError, OverflowError, RecursionError) as e:
            print('skipped', repr(e), file=sys.stderr)


main()
