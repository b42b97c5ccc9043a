//! Unicode 3.2.0, told as differences from today's data (`unicodedata.ucd_3_2_0`).
//!
//! As in CPython, what had no category then has no other property either, and composition uses
//! today's pairs.

use crate::layout::{
    BIDI_CLASSES, CATEGORIES, EAST_ASIAN_WIDTHS, OLD_BIDI, OLD_CATEGORY, OLD_CORRECTED,
    OLD_CORRECTION, OLD_DECIMAL, OLD_MIRRORED, OLD_WIDTH,
};
use crate::load::two_stage;
use crate::normalize::{Form, Version, normalize_as};

pub const UNIDATA_VERSION: &str = "3.2.0";

/// Stands for a property that has not changed.
const SAME: u8 = 255;
/// Stands for the decimal value that a character did not have.
const NO_DECIMAL: u8 = 254;

fn record(code: u32) -> usize {
    two_stage!(OLD_INDEX, OLD_BLOCKS, OLD_SHIFT, code)
}

/// Whether the character existed, today's unassigned ones aside (they have no properties anyway).
pub(crate) fn is_assigned(code: u32) -> bool {
    let category = OLD_CATEGORY[record(code)];
    category == SAME || CATEGORIES[usize::from(category)] != "Cn"
}

/// The decomposition of the few characters for which it was a mistake (Corrigendum 4).
pub(crate) fn correction(code: u32) -> Option<u32> {
    let at = OLD_CORRECTED.iter().position(|&corrected| corrected == code)?;
    Some(OLD_CORRECTION[at])
}

fn changed(column: &[u8], code: u32) -> Option<u8> {
    Some(column[record(code)]).filter(|&value| value != SAME)
}

pub fn category(c: impl Into<u32>) -> &'static str {
    let code = c.into();
    changed(&OLD_CATEGORY, code)
        .map_or_else(|| crate::category(code), |value| CATEGORIES[usize::from(value)])
}

pub fn bidirectional(c: impl Into<u32>) -> &'static str {
    let code = c.into();
    changed(&OLD_BIDI, code)
        .map_or_else(|| crate::bidirectional(code), |value| BIDI_CLASSES[usize::from(value)])
}

pub fn east_asian_width(c: impl Into<u32>) -> &'static str {
    let code = c.into();
    changed(&OLD_WIDTH, code).map_or_else(
        || crate::east_asian_width(code),
        |value| EAST_ASIAN_WIDTHS[usize::from(value)],
    )
}

pub fn mirrored(c: impl Into<u32>) -> bool {
    let code = c.into();
    changed(&OLD_MIRRORED, code).map_or_else(|| crate::mirrored(code), |value| value != 0)
}

pub fn combining(c: impl Into<u32>) -> u8 {
    let code = c.into();
    if is_assigned(code) { crate::combining(code) } else { 0 }
}

pub fn decomposition<C: Into<u32>>(c: C) -> String {
    let code = c.into();
    if is_assigned(code) { crate::decomposition(code) } else { String::new() }
}

pub fn decimal(c: impl Into<u32>) -> Option<u32> {
    let code = c.into();
    match changed(&OLD_DECIMAL, code) {
        None => crate::decimal(code),
        Some(NO_DECIMAL) => None,
        Some(value) => Some(u32::from(value)),
    }
}

/// CPython asks today's data here.
pub fn digit(c: impl Into<u32>) -> Option<u32> {
    crate::digit(c)
}

pub fn numeric(c: impl Into<u32>) -> Option<f64> {
    let code = c.into();
    if is_assigned(code) { crate::numeric(code) } else { None }
}

pub fn name(c: impl Into<u32>) -> Option<String> {
    let code = c.into();
    if is_assigned(code) { crate::name(code) } else { None }
}

pub fn normalize(form: Form, text: impl IntoIterator<Item = u32>) -> Vec<u32> {
    normalize_as(form, Version::V3_2, text)
}

pub fn is_normalized(form: Form, text: &[u32]) -> bool {
    normalize(form, text.iter().copied()) == text
}
