"""Resources of packages that lie in the library inside the binary, for importlib.resources."""

import io
import _library
from importlib.resources.abc import Traversable, TraversableResources


class LibraryPath(Traversable):
    """A file or folder of the library."""

    def __init__(self, path):
        self._path = path

    def __repr__(self):
        return f'{type(self).__name__}({self._path!r})'

    @property
    def name(self):
        return self._path.rpartition('/')[2]

    def iterdir(self):
        for name in _library.folder(self._path) or ():
            yield LibraryPath(f'{self._path}/{name}')

    def joinpath(self, *parts):
        return LibraryPath('/'.join((self._path, *map(str, parts))))

    def is_dir(self):
        return _library.folder(self._path) is not None

    def is_file(self):
        return _library.data(self._path) is not None

    def read_bytes(self):
        data = _library.data(self._path)
        if data is None:
            raise FileNotFoundError(2, 'No such file or directory', self._path)
        return data

    def open(self, mode='r', *args, **kwargs):
        stream = io.BytesIO(self.read_bytes())
        return stream if 'b' in mode else io.TextIOWrapper(stream, *args, **kwargs)


class LibraryReader(TraversableResources):
    """The resources of one package."""

    def __init__(self, folder):
        self._folder = folder

    def files(self):
        return LibraryPath(self._folder)
