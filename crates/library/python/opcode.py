"""The instructions of this machine, as 3.6's opcode module lists them, with those beyond 3.6."""

from _dis import (EXTENDED_ARG, HAVE_ARGUMENT, cmp_op, hascompare, hasconst, hasfree, hasjabs,
                  hasjrel, haslocal, hasname, hasnargs, opmap, opname, stack_effect)

__all__ = ["cmp_op", "hasconst", "hasname", "hasjrel", "hasjabs", "haslocal", "hascompare",
           "hasfree", "opname", "opmap", "HAVE_ARGUMENT", "EXTENDED_ARG", "hasnargs",
           "stack_effect", "hasarg", "hasjump", "hasexc"]

# What later versions list as well.
hasarg = [number for number in opmap.values() if number >= HAVE_ARGUMENT]
hasjump = hasjrel + hasjabs
hasexc = [opmap[name] for name in opmap if name.startswith('SETUP_')]
