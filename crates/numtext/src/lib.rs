//! Numbers to and from text, and the format mini-language.
//!
//! Answers to CPython's `Python/pystrtod.c`, `Python/dtoa.c` (what it computes, not how),
//! `Python/formatter_unicode.c`, the parsers in `Objects/stringlib/unicode_format.h`, and the
//! number halves of `Objects/unicodeobject.c`'s `%` formatting. Not here: looking up arguments,
//! calling `__format__`, building `str` objects. Results that need padding say how much
//! ([`Padded`], [`Slice`]), so that the caller fills its own string and a width of a billion costs
//! nothing here.
//!
//! - [`float_text`]: shortest and exact digits, layout as `repr`, `e`, `f`, `g`
//! - [`float_parse`], [`int_parse`]: text to numbers
//! - [`float_hex`], [`rounding`]: `float.hex`, `fromhex`, `round`, `as_integer_ratio`
//! - [`spec`], [`format`](mod@format): the mini-language, parsed and applied
//! - [`percent`], [`markup`]: the templates of `str % args` and `str.format`
#![forbid(unsafe_code)]

pub mod float_hex;
pub mod float_parse;
pub mod float_text;
pub mod format;
mod grouping;
pub mod int_parse;
pub mod markup;
pub mod percent;
pub mod rounding;
pub mod spec;
#[cfg(test)]
mod tests;
mod units;

use std::fmt;

use adder_bigint::Int;

pub use float_text::{ReprBuffer, complex_repr, float_repr};
pub use format::{Padded, Slice, format_complex, format_float, format_int, format_str};
pub use spec::{Align, FormatSpec, Locale};
pub use units::Units;

/// Which Python exception an error stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    Value,
    Overflow,
    Memory,
}

/// A failed conversion: the exception's kind and CPython's text for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    pub kind: ErrorKind,
    pub text: String,
}

impl Error {
    pub(crate) fn value(text: impl Into<String>) -> Error {
        Error { kind: ErrorKind::Value, text: text.into() }
    }

    pub(crate) fn overflow(text: impl Into<String>) -> Error {
        Error { kind: ErrorKind::Overflow, text: text.into() }
    }

    pub(crate) fn memory() -> Error {
        Error { kind: ErrorKind::Memory, text: String::new() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

/// An integer to format: a machine word or a long one.
#[derive(Clone, Copy, Debug)]
pub enum IntRef<'a> {
    Small(i64),
    Big(&'a Int),
}

impl IntRef<'_> {
    pub fn is_negative(self) -> bool {
        match self {
            IntRef::Small(value) => value < 0,
            IntRef::Big(value) => value.is_negative(),
        }
    }

    /// The digits of the magnitude in `radix`, lower case.
    pub fn magnitude_digits(self, radix: u32) -> String {
        match self {
            IntRef::Small(value) => {
                let value = value.unsigned_abs();
                match radix {
                    2 => format!("{value:b}"),
                    8 => format!("{value:o}"),
                    16 => format!("{value:x}"),
                    _ => itoa::Buffer::new().format(value).to_owned(),
                }
            }
            IntRef::Big(value) => {
                let mut text = value.to_string_radix(radix);
                if text.starts_with('-') {
                    text.remove(0);
                }
                text
            }
        }
    }

    /// The nearest float, or `None` where it would be infinite.
    pub fn to_f64(self) -> Option<f64> {
        match self {
            IntRef::Small(value) => Some(value as f64),
            IntRef::Big(value) => value.to_f64(),
        }
    }
}

/// Appends `count` zeros, which a hostile precision may make very many.
pub(crate) fn push_zeros(text: &mut String, count: usize) -> Result<(), Error> {
    text.try_reserve(count).map_err(|_| Error::memory())?;
    text.extend(std::iter::repeat_n('0', count));
    Ok(())
}
