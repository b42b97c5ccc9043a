"""Records which sources CPython 3.6's parser accepts, as a table for tests/errors.rs.

    python3.6 record_accepted.py CASES.json > TABLE.tsv

The columns are mode, source (as JSON) and OK or the error. Only the parser is asked.
"""
import ast
import json
import sys
import warnings

warnings.simplefilter('ignore')


def main():
    with open(sys.argv[1]) as f:
        cases = json.load(f)
    for source, mode in cases:
        found = None
        try:
            compile(source, '<string>', mode, ast.PyCF_ONLY_AST, dont_inherit=True)
            found = 'OK'
            # Starred expressions out of place are compile.c's there and the parser's here.
            compile(source, '<string>', mode, dont_inherit=True)
        except SyntaxError as e:
            if found == 'OK':
                if 'starred expression' not in str(e.msg):
                    print('\t'.join([mode, json.dumps(source), found]))
                continue
            found = '%s: %s' % (type(e).__name__, str(e.msg).replace('\n', ' '))
        print('\t'.join([mode, json.dumps(source), found.encode('ascii', 'replace').decode()]))


main()
