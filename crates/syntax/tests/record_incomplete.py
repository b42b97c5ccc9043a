"""Records which sources could go on, as a table for tests/errors.rs.

    python3.14 record_incomplete.py CASES.json > TABLE.tsv

The flags are codeop's: PyCF_ALLOW_INCOMPLETE_INPUT and PyCF_DONT_IMPLY_DEDENT. A row is `single`,
the source (as JSON), and OK, INC or ERR.
"""
import ast
import json
import sys
import warnings

warnings.simplefilter('ignore')
FLAGS = 0x4000 | 0x200 | ast.PyCF_ONLY_AST


def main():
    with open(sys.argv[1]) as f:
        cases = json.load(f)
    sources = {}
    for source, mode in cases:
        source = source.rstrip('\n')
        for part in (source, source + '\n', source[:len(source) * 2 // 3], source + '\n\n'):
            sources[part] = None
    for source in sources:
        try:
            compile(source, '<string>', 'single', FLAGS, dont_inherit=True)
            found = 'OK'
        except SyntaxError as e:
            found = 'INC' if 'Incomplete' in type(e).__name__ else 'ERR'
        if source:
            print('\t'.join(['single', json.dumps(source), found]))


main()
