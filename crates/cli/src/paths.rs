//! Where things are: the prefixes and `sys.path`. CPython's counterpart: `Modules/getpath.py`.
//!
//! The library lies inside the binary and is shown at `<base_prefix>/lib/adder3.14`. The prefix is the
//! folder above the program's if that is called `bin`, else the program's own. A `pyvenv.cfg` beside the
//! program or one folder up makes a virtual environment of the folder it is in.

use adder_vm::runtime::config::Config;
use std::path::{Path, PathBuf};

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The installation that a program in this folder belongs to.
fn prefix_of(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if folder.file_name().is_some_and(|name| name == "bin") => {
            parent.to_path_buf()
        }
        _ => folder.to_path_buf(),
    }
}

/// The folder of `pyvenv.cfg`, and the `home` it names.
fn virtual_environment(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    for place in [Some(folder), folder.parent()].into_iter().flatten() {
        let Ok(settings) = std::fs::read_to_string(place.join("pyvenv.cfg")) else { continue };
        for line in settings.lines() {
            if let Some((key, value)) = line.split_once('=')
                && key.trim().eq_ignore_ascii_case("home")
            {
                return Some((place.to_path_buf(), PathBuf::from(value.trim())));
            }
        }
    }
    None
}

/// The program as it was called, with its folder: symbolic links are kept, since a virtual
/// environment's program is one.
fn program(name: &str) -> PathBuf {
    if name.contains('/') {
        return std::path::absolute(name).unwrap_or_else(|_| name.into());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .or_else(|| std::env::current_exe().ok())
        .unwrap_or_else(|| name.into())
}

/// Fills in executable and prefixes from the program's name.
pub fn locate(config: &mut Config, name: &str) {
    let program = program(name);
    config.executable = text(&program);
    let folder = program.parent().unwrap_or(Path::new("/"));
    let real = std::fs::canonicalize(&program).unwrap_or_else(|_| program.clone());
    match virtual_environment(folder) {
        Some((environment, home)) => {
            config.prefix = text(&environment);
            config.base_prefix = text(&prefix_of(&home));
        }
        None => {
            let prefix = text(&prefix_of(real.parent().unwrap_or(folder)));
            config.prefix.clone_from(&prefix);
            config.base_prefix = prefix;
        }
    }
}

/// `PYTHONHOME`: one prefix, or two with a colon between them. If it holds a library, that one is used.
pub fn home(config: &mut Config, home: &str) {
    let (prefix, _) = home.split_once(':').unwrap_or((home, home));
    config.prefix = prefix.to_string();
    config.base_prefix = prefix.to_string();
    let library = Path::new(prefix).join("lib/python3.14");
    if config.stdlib.is_none() && library.join("os.py").is_file() {
        config.stdlib = Some(text(&library));
    }
}
