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

/// The image: see `src/image.rs`.
fn pack(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Failure> {
    let mut index = Vec::new();
    let mut data = Vec::new();
    let mut place = |bytes: &[u8]| -> Result<[u32; 2], Failure> {
        let at = u32::try_from(data.len())?;
        data.extend_from_slice(bytes);
        Ok([at, u32::try_from(bytes.len())?])
    };
    for (path, content) in files {
        let code = match path.strip_suffix(".py") {
            Some(_) => compile(path, content)?,
            None => Vec::new(),
        };
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content)?;
        let packed = encoder.finish()?;
        let size = u32::try_from(content.len())?;
        for part in [place(path.as_bytes())?, place(&code)?, place(&packed)?] {
            index.extend(part.iter().flat_map(|number| number.to_le_bytes()));
        }
        index.extend(size.to_le_bytes());
    }
    let mut image = u32::try_from(files.len())?.to_le_bytes().to_vec();
    image.extend(index);
    image.extend(data);
    Ok(image)
}

/// A module's code in Adder's own marshal format. Its file name is the path in the library; the
/// reader puts the real place in front.
fn compile(path: &str, source: &[u8]) -> Result<Vec<u8>, Failure> {
    let level = adder_syntax::Level::Py314;
    let parsed = adder_syntax::parse_module(source, adder_syntax::Options::new(level))
        .map_err(|e| format!("{path}:{}: {}", e.lineno, e.message))?;
    let options = adder_compiler::Options {
        source: Some(source),
        ..adder_compiler::Options::new(level, path)
    };
    let compiled =
        adder_compiler::compile(&parsed, &options).map_err(|e| format!("{path}: {e:?}"))?;
    Ok(adder_bytecode::stored::write(&compiled.code.into())?)
}
