//! One record for each kind of character: flags, digit values, simple case mappings.
//!
//! ASCII takes the same two loads as everything else: a branch before them costs as much as it
//! saves, and callers with ASCII text have faster ways than a character at a time.

use crate::layout::{TYPE_DECIMAL, TYPE_DIGIT, TYPE_FLAGS, TYPE_LOWER, TYPE_TITLE, TYPE_UPPER};
use crate::load::two_stage;

// Bits of TYPE_FLAGS, in the order of tools/generate.py.
const ALPHA: u16 = 1;
const DECIMAL: u16 = 1 << 1;
const DIGIT: u16 = 1 << 2;
const NUMERIC: u16 = 1 << 3;
const SPACE: u16 = 1 << 4;
const UPPER: u16 = 1 << 5;
const LOWER: u16 = 1 << 6;
const TITLE: u16 = 1 << 7;
const PRINTABLE: u16 = 1 << 8;
const CASED: u16 = 1 << 9;
const IGNORABLE: u16 = 1 << 10;
const XID_START: u16 = 1 << 11;
const XID_CONTINUE: u16 = 1 << 12;
const LINEBREAK: u16 = 1 << 13;
const EXTENDED: u16 = 1 << 14;
const SRE_CASED: u16 = 1 << 15;

fn record(code: u32) -> usize {
    two_stage!(TYPE_INDEX, TYPE_BLOCKS, TYPE_SHIFT, code)
}

fn has(code: u32, flags: u16) -> bool {
    TYPE_FLAGS[record(code)] & flags != 0
}

macro_rules! predicates {
    ($($(#[$doc:meta])* $name:ident: $flags:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(c: impl Into<u32>) -> bool {
            has(c.into(), $flags)
        }
    )*};
}

predicates! {
    /// A letter: category L (`str.isalpha`).
    is_alpha: ALPHA;
    /// A letter or anything numeric (`str.isalnum`).
    is_alnum: ALPHA | DECIMAL | DIGIT | NUMERIC;
    /// A digit that makes decimal numbers (`str.isdecimal`).
    is_decimal: DECIMAL;
    /// Any digit, superscripts included (`str.isdigit`).
    is_digit: DIGIT;
    /// Anything with a numeric value (`str.isnumeric`).
    is_numeric: NUMERIC;
    /// White space (`str.isspace`).
    is_space: SPACE;
    /// Has the property Uppercase.
    is_upper: UPPER;
    /// Has the property Lowercase.
    is_lower: LOWER;
    /// A title case letter: category Lt.
    is_title: TITLE;
    /// Shown by `repr` as it is (`str.isprintable`).
    is_printable: PRINTABLE;
    /// Upper, lower or title case.
    is_cased: CASED;
    /// Looked through when a final sigma is told from the others. Knows only what is not cased.
    is_case_ignorable: IGNORABLE;
    /// May begin an identifier. The underscore, which Python allows too, is not among them.
    is_xid_start: XID_START;
    /// May continue an identifier.
    is_xid_continue: XID_CONTINUE;
    /// Ends a line for `str.splitlines`.
    is_linebreak: LINEBREAK;
    /// `_sre.unicode_iscased`: has another simple upper or lower case.
    sre_is_cased: SRE_CASED;
}

/// Whether the full mappings are in the table of exceptions.
pub(crate) fn is_extended(code: u32) -> bool {
    has(code, EXTENDED)
}

fn value(value: u8) -> Option<u32> {
    (value != 255).then_some(u32::from(value))
}

/// The value of a decimal digit (`unicodedata.decimal`).
pub fn decimal(c: impl Into<u32>) -> Option<u32> {
    value(TYPE_DECIMAL[record(c.into())])
}

/// The value of any digit (`unicodedata.digit`).
pub fn digit(c: impl Into<u32>) -> Option<u32> {
    value(TYPE_DIGIT[record(c.into())])
}

/// One character's lower case; `_sre.unicode_tolower`.
pub fn simple_lower(c: impl Into<u32>) -> u32 {
    let code = c.into();
    code.wrapping_add_signed(TYPE_LOWER[record(code)])
}

/// One character's upper case.
pub fn simple_upper(c: impl Into<u32>) -> u32 {
    let code = c.into();
    code.wrapping_add_signed(TYPE_UPPER[record(code)])
}

/// One character's title case.
pub fn simple_title(c: impl Into<u32>) -> u32 {
    let code = c.into();
    code.wrapping_add_signed(TYPE_TITLE[record(code)])
}
