//! The modules that are importable before `sys.path` is looked at: those that CPython freezes, under
//! the same names. The rest of the library is found at its place on `sys.path` (`library_module.rs`).
//!
//! CPython's counterpart: `Python/frozen.c`.

use crate::image;
use adder_vm::runtime::frozen::{FrozenLibrary, FrozenModule};

/// Module name and stem in the library.
const FROZEN: &[(&str, &str)] = &[
    ("__hello__", "__hello__"),
    ("__hello_alias__", "__hello__"),
    ("__hello_only__", "__hello__"),
    ("__phello__", "__phello__"),
    ("__phello__.__init__", "__phello__"),
    ("__phello__.ham", "__phello__/ham"),
    ("__phello__.ham.__init__", "__phello__/ham"),
    ("__phello__.ham.eggs", "__phello__/ham/eggs"),
    ("__phello__.spam", "__phello__/spam"),
    ("__phello_alias__", "__phello__"),
    ("__phello_alias__.spam", "__phello__/spam"),
    ("_collections_abc", "_collections_abc"),
    ("_frozen_importlib", "importlib/_bootstrap"),
    ("_frozen_importlib_external", "importlib/_bootstrap_external"),
    ("_library_importer", "_library_importer"),
    ("_sitebuiltins", "_sitebuiltins"),
    ("abc", "abc"),
    ("codecs", "codecs"),
    ("genericpath", "genericpath"),
    ("importlib._bootstrap", "importlib/_bootstrap"),
    ("importlib._bootstrap_external", "importlib/_bootstrap_external"),
    ("importlib.machinery", "importlib/machinery"),
    ("importlib.util", "importlib/util"),
    ("io", "io"),
    ("ntpath", "ntpath"),
    ("os", "os"),
    ("os.path", "posixpath"),
    ("posixpath", "posixpath"),
    ("runpy", "runpy"),
    ("site", "site"),
    ("stat", "stat"),
    ("zipimport", "zipimport"),
];

/// Those whose frames tracebacks leave out, or that speak of themselves as frozen.
const SHOWN_AS_FROZEN: [&str; 4] = [
    "importlib/_bootstrap.py",
    "importlib/_bootstrap_external.py",
    "zipimport.py",
    "_library_importer.py",
];

fn dotted(path: &str) -> String {
    path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".")
}

/// What stands in tracebacks for a file of the library: `<frozen importlib._bootstrap>`, or its place
/// below the library's root.
pub fn shown(root: &str, path: &str) -> String {
    if SHOWN_AS_FROZEN.contains(&path) {
        format!("<frozen {}>", dotted(path))
    } else {
        format!("{root}/{path}")
    }
}

fn find(root: &str, name: &str) -> Option<FrozenModule> {
    let at = FROZEN.binary_search_by_key(&name, |(name, _)| name).ok()?;
    let (_, stem) = FROZEN[at];
    let (file, is_package) = image::find_module(stem)?;
    Some(FrozenModule {
        is_package,
        code: file.code()?,
        file: shown(root, file.path()),
        origin: match name {
            "__hello_only__" => None,
            _ => Some(dotted(file.path())),
        },
    })
}

fn source(root: &str, file: &str) -> Option<Vec<u8>> {
    let path = match file.strip_prefix("<frozen ").and_then(|f| f.strip_suffix('>')) {
        Some(name) => image::find_module(&name.replace('.', "/"))?.0.path(),
        None => file.strip_prefix(root)?.strip_prefix('/')?,
    };
    image::find(path).map(image::File::content)
}

/// What the machine asks for.
pub const LIBRARY: FrozenLibrary =
    FrozenLibrary { find, source, names: || FROZEN.iter().map(|(name, _)| *name).collect() };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_ordered_and_all_of_it_is_there() {
        assert!(FROZEN.is_sorted_by_key(|(name, _)| name));
        for (name, _) in FROZEN {
            assert!(find("/lib", name).is_some(), "{name}");
        }
    }

    #[test]
    fn files_are_shown_below_the_root() {
        let os = find("/lib", "os").expect("os");
        assert_eq!(os.file, "/lib/os.py");
        assert_eq!(os.origin.as_deref(), Some("os"));
        let bootstrap = find("/lib", "_frozen_importlib").expect("importlib");
        assert_eq!(bootstrap.file, "<frozen importlib._bootstrap>");
        assert!(source("/lib", "/lib/json/decoder.py").is_some());
        assert!(source("/lib", "<frozen importlib._bootstrap>").is_some());
        assert!(source("/lib", "/elsewhere/os.py").is_none());
    }
}
