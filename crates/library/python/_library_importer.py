"""Imports modules of the library that lies inside the binary.

The library has a place on sys.path like a folder has, though there is no such folder: a finder for
that place, and for the packages below it, is made by the hook in sys.path_hooks. So a program's own
modules come before the library's or after it, as sys.path says.
"""

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external
import _library
import sys


class LibraryLoader(_external._LoaderBasics):
    """Loads one module of the library."""

    def __init__(self, name, path):
        self.name = name
        self._path = path
        self.path = _library.root + '/' + path

    def __eq__(self, other):
        return self.__class__ == other.__class__ and self.__dict__ == other.__dict__

    def __hash__(self):
        return hash(self.name) ^ hash(self.path)

    def __repr__(self):
        return f'{type(self).__name__}({self.name!r}, {self.path!r})'

    def get_filename(self, name=None):
        """Where the module's source would be, if the library were a folder."""
        return self.path

    def is_package(self, name=None):
        return self._path.endswith('/__init__.py')

    def get_code(self, name=None):
        if sys.flags.optimize:
            # The code in the binary keeps assertions and docstrings.
            return self.source_to_code(self.get_data(self.path), self.path)
        return _library.code(self._path)

    def source_to_code(self, data, path='<string>'):
        return compile(data, path, 'exec', dont_inherit=True)

    def get_source(self, name=None):
        return _external.decode_source(_library.data(self._path))

    def get_data(self, path):
        """The bytes of a file of the library."""
        data = None
        if path.startswith(_library.root + '/'):
            data = _library.data(path.removeprefix(_library.root + '/'))
        if data is None:
            raise OSError(2, 'No such file or directory', path)
        return data

    def get_resource_reader(self, name):
        from _library_resources import LibraryReader
        return LibraryReader(self._path.rpartition('/')[0]) if self.is_package() else None


class LibraryFinder:
    """Finds modules in one folder of the library."""

    def __init__(self, path):
        root = _library.root
        if path == root:
            self._prefix = ''
        else:
            folder = path.removeprefix(root + '/')
            if folder == path or _library.folder(folder) is None:
                raise ImportError(f'not in the library: {path!r}', path=path)
            self._prefix = folder + '/'
        self.path = path

    def __repr__(self):
        return f'{type(self).__name__}({self.path!r})'

    def find_spec(self, fullname, target=None):
        found = _library.find(self._prefix + fullname.rpartition('.')[2])
        if found is None:
            return None
        path, is_package = found
        loader = LibraryLoader(fullname, path)
        spec = _bootstrap.ModuleSpec(fullname, loader, origin=loader.path, is_package=is_package)
        spec._set_fileattr = True
        if is_package:
            spec.submodule_search_locations.append(loader.path.rpartition('/')[0])
        return spec

    def invalidate_caches(self):
        """The library does not change."""

    def iter_modules(self, prefix=''):
        """Names of the modules here, and whether they are packages, for pkgutil."""
        for name in _library.folder(self._prefix.removesuffix('/')):
            if name.endswith('.py'):
                if name != '__init__.py':
                    yield prefix + name.removesuffix('.py'), False
            elif _library.find(self._prefix + name) is not None:
                yield prefix + name, True


def _install():
    """Puts the finder among the path hooks, before the one for folders."""
    sys.path_hooks.insert(0, LibraryFinder)
    sys.path_importer_cache[_library.root] = LibraryFinder(_library.root)
