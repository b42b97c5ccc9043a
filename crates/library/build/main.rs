//! Makes the image of the library: compiles every module of `rustpython-pylib`'s Lib (CPython
//! 3.14's), after the edits in `edits.rs`, and ours in `python/`, and packs code and source into one
//! file. `src/image.rs` reads it; the layout is described there.

mod edits;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

type Failure = Box<dyn std::error::Error>;

/// Folders that hold no part of the library: tests, and programs with windows for a toolkit that is
/// not here.
const LEFT_OUT: [&str; 5] = ["idlelib", "turtledemo", "tkinter", "test", "__pycache__"];

fn main() -> Result<(), Failure> {
    let own = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("python");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={}", own.display());
    let mut files = BTreeMap::new();
    gather(Path::new(rustpython_pylib::LIB_PATH), "", &mut files)?;
    for (name, edit) in edits::EDITS {
        let bytes = files.get_mut(*name).ok_or_else(|| format!("no {name} to edit"))?;
        let text = String::from_utf8(std::mem::take(bytes))?;
        *bytes = edit.apply(&text).ok_or_else(|| format!("the edit of {name} finds nothing"))?;
    }
    for name in edits::NOT_PYTHONS {
        files.remove(*name).ok_or_else(|| format!("no {name} to leave out"))?;
    }
    gather(&own, "", &mut files)?;
    let image = pack(&files)?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("library.bin"), image)?;
    Ok(())
}

/// All files under a folder, by their path in the library.
fn gather(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            if !LEFT_OUT.contains(&name.as_str()) {
                gather(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if !name.ends_with(".pyc") {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// What every start reads. Their code lies together, so that few pages of the binary need to be there.
const AT_START: [&str; 14] = [
    "importlib/_bootstrap.py",
    "importlib/_bootstrap_external.py",
    "_library_importer.py",
    "zipimport.py",
    "abc.py",
    "codecs.py",
    "io.py",
    "stat.py",
    "_collections_abc.py",
    "genericpath.py",
    "posixpath.py",
    "os.py",
    "_sitebuiltins.py",
    "site.py",
];

/// What many programs read besides, in the order in which imports get there.
const OFTEN: [&str; 33] = [
    "types.py",
    "enum.py",
    "re/__init__.py",
    "re/_constants.py",
    "re/_parser.py",
    "re/_casefix.py",
    "re/_compiler.py",
    "collections/__init__.py",
    "keyword.py",
    "operator.py",
    "reprlib.py",
    "functools.py",
    "copyreg.py",
    "contextlib.py",
    "typing.py",
    "warnings.py",
    "json/__init__.py",
    "json/scanner.py",
    "json/decoder.py",
    "json/encoder.py",
    "weakref.py",
    "_weakrefset.py",
    "copy.py",
    "bisect.py",
    "heapq.py",
    "random.py",
    "datetime.py",
    "string/__init__.py",
    "threading.py",
    "traceback.py",
    "linecache.py",
    "tokenize.py",
    "token.py",
];

/// The image: see `src/image.rs`.
fn pack(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Failure> {
    let mut data = Vec::new();
    let mut place = |bytes: &[u8]| -> Result<[u32; 2], Failure> {
        let at = u32::try_from(data.len())?;
        data.extend_from_slice(bytes);
        Ok([at, u32::try_from(bytes.len())?])
    };
    let mut paths = BTreeMap::new();
    for path in files.keys() {
        paths.insert(path, place(path.as_bytes())?);
    }
    let (mut codes, mut tables) = (BTreeMap::new(), BTreeMap::new());
    let first = || AT_START.into_iter().chain(OFTEN);
    let others = files.keys().map(String::as_str).filter(|path| !first().any(|p| p == *path));
    for path in first().chain(others) {
        let content = files.get(path).ok_or_else(|| format!("no {path}, which is read often"))?;
        let (code, its_tables) = match path.strip_suffix(".py") {
            Some(_) => compile(path, content)?,
            None => Default::default(),
        };
        codes.insert(path, place(&code)?);
        tables.insert(path, its_tables);
    }
    let mut table_places = BTreeMap::new();
    for (path, bytes) in &tables {
        table_places.insert(*path, place(bytes)?);
    }
    let mut index = Vec::new();
    for (path, content) in files {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content)?;
        let packed = encoder.finish()?;
        let (code, tables) = (codes[path.as_str()], table_places[path.as_str()]);
        for part in [paths[path], code, tables, place(&packed)?] {
            index.extend(part.iter().flat_map(|number| number.to_le_bytes()));
        }
        index.extend(u32::try_from(content.len())?.to_le_bytes());
    }
    let mut image = u32::try_from(files.len())?.to_le_bytes().to_vec();
    image.extend(index);
    image.extend(data);
    Ok(image)
}

/// A module's code and its tables, as `adder_bytecode::stored` keeps them. Its file name is the path in
/// the library; the reader puts the real place in front.
fn compile(path: &str, source: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let level = adder_syntax::Level::Py314;
    let arena = adder_syntax::Arena::new();
    let parsed = adder_syntax::parse_module(source, adder_syntax::Options::new(level), &arena)
        .map_err(|e| format!("{path}:{}: {}", e.lineno, e.message))?;
    let options = adder_compiler::Options {
        source: Some(source),
        ..adder_compiler::Options::new(level, path)
    };
    let compiled =
        adder_compiler::compile(parsed, &options).map_err(|e| format!("{path}: {e:?}"))?;
    Ok(adder_bytecode::stored::write(&compiled.code.into())?)
}
