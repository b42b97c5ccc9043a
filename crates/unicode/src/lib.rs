//! Unicode 16.0.0 as Python 3.14 sees it: classification, case, normalisation, names.
//!
//! Answers to CPython's `Objects/unicodectype.c` and `Modules/unicodedata.c` with their generated
//! tables. Functions take a code point as `u32`, `char` or smaller, surrogates included, because a
//! `str` may hold any of them; a number past U+10FFFF has no properties.
//!
//! The tables in `data/` are made by `tools/generate.py` from CPython's own answers, so that even
//! its peculiarities (the simple mapping of a letter is the first character of its full one) are
//! kept. `layout.rs` says where each lies.
//!
//! - `ctype`: what the predicates of `str` ask, and simple case mappings
//! - `case`: full case mappings, the final sigma
//! - `database`: `unicodedata`'s properties
//! - `normalize`: NFC, NFD, NFKC, NFKD
//! - `names`: a character's name, and the character for a name
//! - [`ucd_3_2_0`]: the same for Unicode 3.2.0, which IDNA 2003 needs
#![forbid(unsafe_code)]

mod case;
mod ctype;
mod database;
#[rustfmt::skip]
mod layout;
mod load;
mod names;
mod normalize;
#[cfg(test)]
mod tests;
pub mod ucd_3_2_0;

pub use case::{Mapped, casefold, is_final_sigma, lower, title, upper};
pub use ctype::{
    decimal, digit, is_alnum, is_alpha, is_case_ignorable, is_cased, is_decimal, is_digit,
    is_linebreak, is_lower, is_numeric, is_printable, is_space, is_title, is_upper,
    is_xid_continue, is_xid_start, simple_lower, simple_title, simple_upper, sre_is_cased,
};
pub use database::{
    bidirectional, category, combining, decomposition, east_asian_width, mirrored, numeric,
};
pub use names::{Named, lookup, name};
pub use normalize::{Answer, Form, decomposed_len, is_normalized, normalize, quick_check};

/// The version of the data.
pub const UNIDATA_VERSION: &str = "16.0.0";
