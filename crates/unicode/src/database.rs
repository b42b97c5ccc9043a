//! The properties that `unicodedata` tells.

use crate::layout::{
    BIDI_CLASSES, CATEGORIES, DATABASE_BIDI, DATABASE_CATEGORY, DATABASE_COMBINING,
    DATABASE_MIRRORED, DATABASE_NUMERIC, DATABASE_QUICK_CHECK, DATABASE_WIDTH, DECOMPOSITION_DATA,
    DECOMPOSITION_TAGS, EAST_ASIAN_WIDTHS, NUMERIC_BITS,
};
use crate::load::two_stage;

fn record(code: u32) -> usize {
    two_stage!(DATABASE_INDEX, DATABASE_BLOCKS, DATABASE_SHIFT, code)
}

/// The general category, two letters.
pub fn category(c: impl Into<u32>) -> &'static str {
    CATEGORIES[usize::from(DATABASE_CATEGORY[record(c.into())])]
}

/// The bidirectional class; empty where none is defined.
pub fn bidirectional(c: impl Into<u32>) -> &'static str {
    BIDI_CLASSES[usize::from(DATABASE_BIDI[record(c.into())])]
}

/// The canonical combining class; 0 for characters that start a cluster.
pub fn combining(c: impl Into<u32>) -> u8 {
    DATABASE_COMBINING[record(c.into())]
}

/// Whether the character is mirrored in text that runs right to left.
pub fn mirrored(c: impl Into<u32>) -> bool {
    DATABASE_MIRRORED[record(c.into())] != 0
}

/// The East Asian width: A, F, H, N, Na or W.
pub fn east_asian_width(c: impl Into<u32>) -> &'static str {
    EAST_ASIAN_WIDTHS[usize::from(DATABASE_WIDTH[record(c.into())])]
}

/// The numeric value.
pub fn numeric(c: impl Into<u32>) -> Option<f64> {
    let place = usize::from(DATABASE_NUMERIC[record(c.into())]);
    NUMERIC_BITS.get(place).map(|&bits| f64::from_bits(bits))
}

/// Quick-check answers: two bits each for NFC, NFD, NFKC, NFKD.
pub(crate) fn quick_check_bits(code: u32) -> u8 {
    DATABASE_QUICK_CHECK[record(code)]
}

/// The tag's number (0 for a canonical decomposition) and the decomposition itself.
pub(crate) fn decomposition_parts(code: u32) -> Option<(usize, &'static [u32])> {
    let place = two_stage!(DECOMPOSITION_INDEX, DECOMPOSITION_BLOCKS, DECOMPOSITION_SHIFT, code);
    if place == 0 {
        return None;
    }
    let head = DECOMPOSITION_DATA[place];
    let len = (head >> 8) as usize;
    Some(((head & 0xff) as usize, &DECOMPOSITION_DATA[place + 1..place + 1 + len]))
}

/// The decomposition as `unicodedata` writes it: a tag and hexadecimal numbers, or nothing.
/// Hangul syllables, which decompose by rule, have none.
pub fn decomposition<C: Into<u32>>(c: C) -> String {
    let Some((tag, codes)) = decomposition_parts(c.into()) else { return String::new() };
    let mut parts: Vec<String> = Vec::with_capacity(codes.len() + 1);
    if let Some(tag) = tag.checked_sub(1) {
        parts.push(DECOMPOSITION_TAGS[tag].to_owned());
    }
    parts.extend(codes.iter().map(|code| format!("{code:04X}")));
    parts.join(" ")
}
