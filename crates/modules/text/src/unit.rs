//! Text of any width, character by character.

use std::hash::Hash;

/// A character as it is stored.
pub trait Unit: Copy + Eq + Hash {
    fn code(self) -> u32;
}
impl Unit for u8 {
    #[inline(always)]
    fn code(self) -> u32 {
        u32::from(self)
    }
}
impl Unit for u16 {
    #[inline(always)]
    fn code(self) -> u32 {
        u32::from(self)
    }
}
impl Unit for u32 {
    #[inline(always)]
    fn code(self) -> u32 {
        self
    }
}
