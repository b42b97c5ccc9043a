//! Inline caches: what an instruction met last time, and where it was.
//!
//! A cache may hold borrowed words. Each is valid only under the version beside it: while a type
//! keeps its version, it keeps everything that a lookup on it found.

use crate::object::shape::Shape;

/// One instruction's cache. Which fields are used depends on the instruction's form.
#[derive(Clone, Copy)]
pub struct Cache {
    /// `LoadAttr*`, `StoreAttr*`, `LoadMethod*`: the type's version.
    pub type_version: u32,
    /// Index of the value, offset of the member, or entry in a dict.
    pub index: u32,
    /// The instance's shape (also null: no attributes yet), or the next shape for `StoreAttrAdd`.
    pub shape: *const Shape,
    /// A borrowed value word, or the globals' keys version.
    pub word: u64,
    /// The builtins' keys version, or the shape that follows.
    pub extra: u64,
    /// How often this instruction failed to specialise.
    pub misses: u32,
}

impl Default for Cache {
    fn default() -> Self {
        Cache { type_version: 0, index: 0, shape: std::ptr::null(), word: 0, extra: 0, misses: 0 }
    }
}

/// After this many failures an instruction stays generic.
pub const MAX_MISSES: u32 = 16;
