//! Full case mappings: up to three characters for one.

use std::ops::Deref;

use crate::ctype::{is_case_ignorable, is_cased, is_extended};
use crate::layout::{EXTENDED_CODES, EXTENDED_MAPPINGS};
use crate::{simple_lower, simple_title, simple_upper};

/// What a character maps to: one to three code points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mapped {
    codes: [u32; 3],
    len: u8,
}

impl Mapped {
    fn one(code: u32) -> Mapped {
        Mapped { codes: [code, 0, 0], len: 1 }
    }
}

impl Deref for Mapped {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.codes[..usize::from(self.len)]
    }
}

/// The exceptional mapping in `column`: lower, upper, title, fold.
#[cold]
fn extended(code: u32, column: usize) -> Option<Mapped> {
    let row = EXTENDED_CODES.binary_search(&code).ok()?;
    let start = (row * 4 + column) * 3;
    let codes: [u32; 3] = EXTENDED_MAPPINGS.get(start..start + 3)?.try_into().ok()?;
    let len = 1 + u8::from(codes[1] != 0) + u8::from(codes[2] != 0);
    Some(Mapped { codes, len })
}

fn mapped(code: u32, column: usize, simple: fn(u32) -> u32) -> Mapped {
    if is_extended(code)
        && let Some(mapped) = extended(code, column)
    {
        return mapped;
    }
    Mapped::one(simple(code))
}

/// The lower case. A capital sigma's depends on its place: see [`is_final_sigma`].
pub fn lower(c: impl Into<u32>) -> Mapped {
    mapped(c.into(), 0, simple_lower)
}

/// The upper case.
pub fn upper(c: impl Into<u32>) -> Mapped {
    mapped(c.into(), 1, simple_upper)
}

/// The title case.
pub fn title(c: impl Into<u32>) -> Mapped {
    mapped(c.into(), 2, simple_title)
}

/// The form for caseless comparison (`str.casefold`).
pub fn casefold(c: impl Into<u32>) -> Mapped {
    mapped(c.into(), 3, simple_lower)
}

/// Whether the capital sigma (U+03A3) at `index` of a text of `len` code points ends a word, so
/// that its lower case is U+03C2 and not U+03C3 (the Unicode Standard, table 3-17).
pub fn is_final_sigma(at: impl Fn(usize) -> u32, len: usize, index: usize) -> bool {
    cased_after_ignorable((0..index).rev().map(&at))
        && !cased_after_ignorable((index + 1..len).map(&at))
}

/// Whether the first code point that is not ignorable is cased.
fn cased_after_ignorable(mut codes: impl Iterator<Item = u32>) -> bool {
    codes.find(|&code| !is_case_ignorable(code)).is_some_and(is_cased)
}
