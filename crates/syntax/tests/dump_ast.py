"""Writes the tree of each file as text, as examples/dump.rs does, from CPython's ast.

    python3.13 dump_ast.py OUT_DIR LIST_FILE      (positions: all four)
    python3.6  dump_ast.py OUT_DIR LIST_FILE      (positions: lineno)

then compare the folders with `diff -rq`.
"""
import ast
import struct
import sys

MODERN = sys.version_info >= (3, 8)
NEW_FIELDS = {  # what the tree of 3.6 does not have
    'arguments': ['posonlyargs', 'args', 'vararg', 'kwonlyargs', 'kw_defaults', 'kwarg', 'defaults'],
    'FunctionDef': ['name', 'args', 'body', 'decorator_list', 'returns', 'type_params'],
    'AsyncFunctionDef': ['name', 'args', 'body', 'decorator_list', 'returns', 'type_params'],
    'ClassDef': ['name', 'bases', 'keywords', 'body', 'decorator_list', 'type_params'],
    'Module': ['body'],
}
LISTS = {'posonlyargs', 'type_params'}
NO_TYPE_COMMENT = {'type_comment'}


def bits(x):
    return '%016x' % struct.unpack('<Q', struct.pack('<d', x))


def constant(v):
    if v is None or v is True or v is False:
        return str(v)
    if v is Ellipsis:
        return 'Ellipsis'
    if isinstance(v, str):
        return 's' + v.encode('utf-8', 'surrogatepass').hex()
    if isinstance(v, bytes):
        return 'b' + v.hex()
    if isinstance(v, int):
        return 'i%x' % v
    if isinstance(v, float):
        return 'f' + bits(v)
    return 'j' + bits(v.imag)


def where(n):
    if not MODERN:
        return ' %s' % getattr(n, 'lineno', '-')
    return ' %d:%d-%d:%d' % (n.lineno, n.col_offset, n.end_lineno, n.end_col_offset)


def dump(n, out):
    name = type(n).__name__
    if not MODERN:
        if name == 'Index':
            return dump(n.value, out)
        if name == 'ExtSlice':
            out.append('Tuple -')
            out.append('[%d' % len(n.dims))
            for d in n.dims:
                dump(d, out)
            out.append('Load')
            return
        if name in ('Num', 'Str', 'Bytes', 'NameConstant', 'Ellipsis'):
            out.append('Constant' + where(n))
            value = {'Num': 'n', 'Str': 's', 'Bytes': 's', 'NameConstant': 'value'}.get(name)
            out.append(constant(getattr(n, value)) if value else 'Ellipsis')
            out.append('None')
            return
        positioned = hasattr(n, 'lineno') or name in ('Slice', 'alias', 'keyword')
    else:
        positioned = 'lineno' in n._attributes
    out.append(name + (where(n) if positioned else ''))
    if name == 'Constant':
        out.append(constant(n.value))
        out.append('None' if n.kind is None else '=' + n.kind)
        return
    fields = NEW_FIELDS.get(name) if not MODERN else None
    for f in fields or n._fields:
        if f == 'type_comment' or f == 'type_ignores':
            continue
        v = getattr(n, f, [] if f in LISTS else None)
        if isinstance(v, ast.AST):
            dump(v, out)
        elif isinstance(v, list):
            out.append('[%d' % len(v))
            for x in v:
                if isinstance(x, ast.AST):
                    dump(x, out)
                elif x is None:
                    out.append('None')
                else:
                    out.append('=' + x)
        elif v is None or v is True or v is False:
            out.append(str(v))
        elif name == 'Interpolation' and f == 'str':
            out.append(constant(v))
        else:
            out.append('=%s' % v)


def main():
    out_dir, list_file = sys.argv[1:]
    sys.setrecursionlimit(20000)
    with open(list_file) as f:
        paths = f.read().splitlines()
    for i, path in enumerate(paths):
        out = []
        try:
            with open(path, 'rb') as f:
                tree = ast.parse(f.read())
            dump(tree, out)
        except (SyntaxError, ValueError) as e:
            out = ['error']
        with open('%s/%d' % (out_dir, i), 'w', encoding='utf-8', errors='surrogateescape') as f:
            f.write('\n'.join(out) + '\n')


main()
