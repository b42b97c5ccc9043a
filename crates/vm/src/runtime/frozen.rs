//! The library inside the binary: what the machine asks it for.
//!
//! `crates/library` makes the image and answers; the machine only knows how to ask. A library is needed
//! to import anything but native modules. CPython's counterpart: `Include/internal/pycore_import.h`.

use adder_bytecode::stored::StoredModule;

/// A module that can be imported before `sys.path` is looked at.
pub struct FrozenModule {
    pub is_package: bool,
    pub code: StoredModule<'static>,
    /// `co_filename` of its code.
    pub file: String,
    /// The module whose code it is, if its source is in the library: `__origname__`.
    pub origin: Option<String>,
}

/// The answers. `root` is the folder where the library is shown to be (`Config::library_root`).
pub struct FrozenLibrary {
    /// A module by its full name.
    pub find: fn(root: &str, name: &str) -> Option<FrozenModule>,
    /// The source of a file, by what its code calls it.
    pub source: fn(root: &str, file: &str) -> Option<Vec<u8>>,
    pub names: fn() -> Vec<&'static str>,
}
