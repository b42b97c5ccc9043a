"""importlib.resources over a package of the library."""

from importlib import resources

files = resources.files('json')
print((files / 'decoder.py').is_file(), files.is_dir(), (files / 'nope').is_file())
print('decoder.py' in {entry.name for entry in files.iterdir()})
print('class JSONDecoder' in files.joinpath('decoder.py').read_text(encoding='utf-8'))
print((files / 'decoder.py').read_bytes()[:3])
