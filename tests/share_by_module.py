#!/usr/bin/env python3
"""Prints the table of docs/compatibility.md: for each module of CPython's tests, how many of the tests
that pass in all bases pass here.

usage: share_by_module.py RUN.json BASE.json...

RUN.json is what `cpython_tests.py --json` wrote for Adder, the bases are its runs of CPython.
"""

import json
import sys


def passing(run, module):
    tests = run['modules'].get(module, {}).get('tests') or {}
    return set(tests.get('ok', ()))


def main():
    run, *bases = [json.load(open(path)) for path in sys.argv[1:]]
    rows, all_here, all_base = [], 0, 0
    for module in run['modules']:
        wanted = set.intersection(*(passing(base, module) for base in bases))
        here = len(wanted & passing(run, module))
        all_here, all_base = all_here + here, all_base + len(wanted)
        if wanted:
            rows.append((here / len(wanted), module, here, len(wanted)))
    print('| module | passing here | of |\n| --- | ---: | ---: |')
    print(f'| **all** | **{all_here}** | **{all_base}** ({all_here / all_base:.1%}) |')
    whole = [module for share, module, *_ in rows if share == 1]
    for share, module, here, wanted in sorted(rows):
        if share < 1:
            print(f'| {module} | {here} | {wanted} |')
    print('\nWhole: ' + ', '.join(whole) + '.')


main()
