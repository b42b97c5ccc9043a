"""What `sysconfig` is told about this build.

CPython writes such a module when it is built, from its Makefile and pyconfig.h. Here are the
variables of it that say something true of Adder, which has neither: it is one binary, loads no
extension modules written in C, and brings no headers.
"""

import posix
import sys

_version = '%d.%d' % sys.version_info[:2]
_prefix = sys.base_prefix
_exec_prefix = sys.base_exec_prefix
_multiarch = posix.uname().machine + '-linux-gnu'
_library = f'{_prefix}/{sys.platlibdir}/adder{_version}'

build_time_vars = {
    # What the interpreter is.
    'ABIFLAGS': '',
    'ABI_THREAD': '',
    'EXE': '',
    'EXENAME': f'{_exec_prefix}/adder',
    'EXT_SUFFIX': f'.{sys.implementation.cache_tag}-{_multiarch}.so',
    'LDVERSION': _version,
    'MACHDEP': 'linux',
    'MULTIARCH': _multiarch,
    'PYTHONFRAMEWORK': '',
    'Py_DEBUG': 0,
    'Py_ENABLE_SHARED': 0,
    'Py_GIL_DISABLED': 0,
    'Py_HASH_ALGORITHM': 0,
    'SHLIB_SUFFIX': '.so',
    'SOABI': f'{sys.implementation.cache_tag}-{_multiarch}',
    'TEST_MODULES': 'no',
    'VERSION': _version,
    'WITH_DOC_STRINGS': 1,
    'WITH_DTRACE': 0,
    'WITH_PYMALLOC': 0,
    'WITH_VALGRIND': 0,

    # Where things are.
    'BINDIR': _exec_prefix,
    'BINLIBDEST': _library,
    'DESTDIRS': f'{_prefix} {_library}',
    'LIBDEST': _library,
    'LIBDIR': f'{_exec_prefix}/{sys.platlibdir}',
    'TZPATH': '/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo',
    'WHEEL_PKG_DIR': '',
    'exec_prefix': _exec_prefix,
    'host_exec_prefix': _exec_prefix,
    'host_prefix': _prefix,
    'prefix': _prefix,

    # With what C code would be built, by whoever wants to.
    'AR': 'ar',
    'ARFLAGS': 'rcs',
    'CC': 'cc',
    'CCSHARED': '-fPIC',
    'CFLAGS': '',
    'CONFIG_ARGS': '',
    'CPPFLAGS': '',
    'CXX': 'c++',
    'LDFLAGS': '',
    'LDSHARED': 'cc -shared',
    'OPT': '',
    'PY_CFLAGS': '',
    'PY_CFLAGS_NODIST': '',
    'PY_LDFLAGS_NODIST': '',

    # What the system has.
    'ALIGNOF_LONG': 8,
    'ALIGNOF_SIZE_T': 8,
    'HAVE_FORK': 1,
    'HAVE_FORKPTY': 1,
    'HAVE_GETENTROPY': 1,
    'HAVE_GETRANDOM': 1,
    'HAVE_GETRANDOM_SYSCALL': 1,
    'HAVE_OPENPTY': 1,
    'SIZEOF_DOUBLE': 8,
    'SIZEOF_FLOAT': 4,
    'SIZEOF_INT': 4,
    'SIZEOF_LONG': 8,
    'SIZEOF_LONG_LONG': 8,
    'SIZEOF_OFF_T': 8,
    'SIZEOF_PID_T': 4,
    'SIZEOF_SHORT': 2,
    'SIZEOF_SIZE_T': 8,
    'SIZEOF_TIME_T': 8,
    'SIZEOF_VOID_P': 8,
}
