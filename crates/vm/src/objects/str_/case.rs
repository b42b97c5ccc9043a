//! Case and character classes: `lower`, `title`, `isalpha` and their like.
//!
//! The tables are `adder-unicode`'s; ASCII text, which is most text, takes a way without them.

use super::search::{Unit, by_width};
use super::{Str, StrBuilder, check_room};
use crate::object::Ref;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use adder_unicode as ucd;

/// The capital sigma, whose lower case depends on its place.
const SIGMA: u32 = 0x3a3;
const SMALL_SIGMA: u32 = 0x3c3;
const FINAL_SIGMA: u32 = 0x3c2;

fn push_lower(out: &mut StrBuilder, text: &Str, at: usize, c: u32) {
    if c == SIGMA {
        let last = ucd::is_final_sigma(|i| text.at(i), text.len(), at);
        out.push(if last { FINAL_SIGMA } else { SMALL_SIGMA });
    } else {
        ucd::lower(c).iter().for_each(|c| out.push(*c));
    }
}

pub fn lower(vm: &Vm, text: &Str) -> PyResult<Ref<Str>> {
    check_room(vm, text.len())?;
    if let Some(text) = text.map_ascii(|c| c.to_ascii_lowercase()) {
        return Ok(text);
    }
    let mut out = StrBuilder::with_capacity(text.len());
    for (at, c) in text.code_points().enumerate() {
        push_lower(&mut out, text, at, c);
    }
    out.finish_in(vm)
}

pub fn upper(vm: &Vm, text: &Str) -> PyResult<Ref<Str>> {
    check_room(vm, text.len())?;
    if let Some(text) = text.map_ascii(|c| c.to_ascii_uppercase()) {
        return Ok(text);
    }
    let mut out = StrBuilder::with_capacity(text.len());
    text.code_points().for_each(|c| ucd::upper(c).iter().for_each(|c| out.push(*c)));
    out.finish_in(vm)
}

pub fn casefold(vm: &Vm, text: &Str) -> PyResult<Ref<Str>> {
    check_room(vm, text.len())?;
    if let Some(text) = text.map_ascii(|c| c.to_ascii_lowercase()) {
        return Ok(text);
    }
    let mut out = StrBuilder::with_capacity(text.len());
    text.code_points().for_each(|c| ucd::casefold(c).iter().for_each(|c| out.push(*c)));
    out.finish_in(vm)
}

pub fn swapcase(vm: &Vm, text: &Str) -> PyResult<Ref<Str>> {
    check_room(vm, text.len())?;
    let mut out = StrBuilder::with_capacity(text.len());
    for (at, c) in text.code_points().enumerate() {
        if ucd::is_upper(c) {
            push_lower(&mut out, text, at, c);
        } else if ucd::is_lower(c) {
            ucd::upper(c).iter().for_each(|c| out.push(*c));
        } else {
            out.push(c);
        }
    }
    out.finish_in(vm)
}

pub fn capitalize(vm: &Vm, text: &Str) -> PyResult<Ref<Str>> {
    check_room(vm, text.len())?;
    let mut out = StrBuilder::with_capacity(text.len());
    for (at, c) in text.code_points().enumerate() {
        if at == 0 {
            ucd::title(c).iter().for_each(|c| out.push(*c));
        } else {
            push_lower(&mut out, text, at, c);
        }
    }
    out.finish_in(vm)
}

pub fn title(vm: &Vm, text: &Str) -> PyResult<Ref<Str>> {
    check_room(vm, text.len())?;
    let mut out = StrBuilder::with_capacity(text.len());
    let mut after_cased = false;
    for (at, c) in text.code_points().enumerate() {
        if after_cased {
            push_lower(&mut out, text, at, c);
        } else {
            ucd::title(c).iter().for_each(|c| out.push(*c));
        }
        after_cased = ucd::is_cased(c);
    }
    out.finish_in(vm)
}

/// Is the text not empty and does every character satisfy `test`?
pub fn all(text: &Str, test: impl Fn(u32) -> bool) -> bool {
    !text.is_empty() && by_width!(text, |s| s.iter().all(|c| test(c.code())))
}

/// The same, with a test for ASCII text that needs no table.
pub fn all_ascii_or(text: &Str, ascii: impl Fn(&u8) -> bool, test: impl Fn(u32) -> bool) -> bool {
    match text.as_ascii() {
        Some(bytes) => !bytes.is_empty() && bytes.as_bytes().iter().all(ascii),
        None => all(text, test),
    }
}

/// `islower` and `isupper`: a cased character, and none of the other cases.
fn one_case(text: &Str, wanted: impl Fn(u32) -> bool, other: impl Fn(u32) -> bool) -> bool {
    let mut cased = false;
    for c in text.code_points() {
        if other(c) || ucd::is_title(c) {
            return false;
        }
        cased |= wanted(c);
    }
    cased
}

pub fn is_lower(text: &Str) -> bool {
    one_case(text, ucd::is_lower, ucd::is_upper)
}

pub fn is_upper(text: &Str) -> bool {
    one_case(text, ucd::is_upper, ucd::is_lower)
}

pub fn is_title(text: &Str) -> bool {
    let (mut cased, mut after_cased) = (false, false);
    for c in text.code_points() {
        if ucd::is_upper(c) || ucd::is_title(c) {
            if after_cased {
                return false;
            }
            (cased, after_cased) = (true, true);
        } else if ucd::is_lower(c) {
            if !after_cased {
                return false;
            }
            (cased, after_cased) = (true, true);
        } else {
            after_cased = false;
        }
    }
    cased
}

pub fn is_identifier(text: &Str) -> bool {
    let mut codes = text.code_points();
    codes.next().is_some_and(|c| c == u32::from(b'_') || ucd::is_xid_start(c))
        && codes.all(ucd::is_xid_continue)
}
