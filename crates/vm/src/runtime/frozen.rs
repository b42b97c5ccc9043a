//! The library inside the binary: modules found by name without touching the disk.
//!
//! `crates/library` makes the image; the machine only knows how to ask it.

/// One module of the library.
pub struct FrozenModule {
    pub is_package: bool,
    /// The source, as shown in tracebacks.
    pub source: String,
    /// The name of its file, under `<frozen>`.
    pub path: String,
}

/// A lookup by full module name.
pub struct FrozenLibrary {
    pub find: fn(&str) -> Option<FrozenModule>,
}
