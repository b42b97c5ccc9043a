//! JSON strings: from the text between quotes, and to it.

use super::decode_error;
use crate::unit::Unit;
use adder_vm::objects::str_::{Chars, Str, StrBuilder};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Vm};

const QUOTE: u32 = b'"' as u32;
const BACKSLASH: u32 = b'\\' as u32;

/// Where the characters that stand for themselves end.
#[inline]
pub fn plain_end<U: Unit>(units: &[U], start: usize) -> usize {
    let special = |u: &U| matches!(u.code(), QUOTE | BACKSLASH | 0..0x20);
    let rest = units.get(start..).unwrap_or(&[]);
    start + rest.iter().position(special).unwrap_or(rest.len())
}

/// The number that four hexadecimal digits at `at` are.
fn four_digits<U: Unit>(units: &[U], at: usize) -> Option<u32> {
    let digits = units.get(at..at + 4)?;
    digits.iter().try_fold(0, |code, u| {
        let digit = char::from_u32(u.code())?.to_digit(16)?;
        Some(code << 4 | digit)
    })
}

/// The escape's character, for those of one letter.
fn letter_escape(code: u32) -> Option<u32> {
    Some(u32::from(match u8::try_from(code).ok()? {
        same @ (b'"' | b'\\' | b'/') => same,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    }))
}

/// Reads a string whose opening quote is just before `start`; also gives where it ends. `units` are
/// the document's characters.
pub fn scan<U: Unit>(
    vm: &Vm,
    document: &Obj<Str>,
    units: &[U],
    start: usize,
    strict: bool,
) -> PyResult<(Ref<Str>, usize)> {
    let mut at = plain_end(units, start);
    if units.get(at).is_some_and(|u| u.code() == QUOTE) {
        return Ok((document.substring(start, at), at + 1));
    }
    let error = |message: &str, position: usize| decode_error(vm, message, document, position);
    let unterminated = || error("Unterminated string starting at", start.saturating_sub(1));
    let mut out = StrBuilder::with_capacity(at - start + 16);
    out.push_range(document, start, at);
    loop {
        let code = units.get(at).ok_or_else(unterminated)?.code();
        at += 1;
        match code {
            QUOTE => return Ok((out.finish_in(vm)?, at)),
            BACKSLASH => {
                let letter = units.get(at).ok_or_else(unterminated)?.code();
                at += 1;
                if letter != u32::from(b'u') {
                    let escape = letter_escape(letter);
                    out.push(escape.ok_or_else(|| error("Invalid \\escape", at - 2))?);
                } else {
                    // A string cannot end right behind the digits: its quote is still to come.
                    let code = four_digits(units, at).filter(|_| at + 4 < units.len());
                    let mut code = code.ok_or_else(|| error("Invalid \\uXXXX escape", at - 1))?;
                    at += 4;
                    if matches!(code, 0xd800..0xdc00)
                        && at + 6 < units.len()
                        && units[at].code() == BACKSLASH
                        && units[at + 1].code() == u32::from(b'u')
                    {
                        let low = four_digits(units, at + 2)
                            .ok_or_else(|| error("Invalid \\uXXXX escape", at + 1))?;
                        if matches!(low, 0xdc00..0xe000) {
                            code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                            at += 6;
                        }
                    }
                    out.push(code);
                }
            }
            _ if strict => return Err(error("Invalid control character at", at - 1)),
            control => out.push(control),
        }
        let end = plain_end(units, at);
        out.push_range(document, at, end);
        at = end;
    }
}

/// Which characters are written as escapes.
#[derive(Clone, Copy, PartialEq)]
pub enum Escape {
    /// Those that must be.
    Needed,
    /// And all that are not ASCII.
    NonAscii,
}

/// The ASCII characters that must be escaped.
static ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut c = 0;
    while c < 0x20 {
        table[c] = true;
        c += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

fn push_hex(out: &mut StrBuilder, unit: u32) {
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        let digit = char::from_digit(unit >> shift & 15, 16).unwrap_or('0');
        out.push(u32::from(digit));
    }
}

fn push_escaped(out: &mut StrBuilder, code: u32) {
    let letter = match code {
        QUOTE => "\\\"",
        BACKSLASH => "\\\\",
        8 => "\\b",
        12 => "\\f",
        10 => "\\n",
        13 => "\\r",
        9 => "\\t",
        0x1_0000.. => {
            let above = code - 0x1_0000;
            push_hex(out, 0xd800 + (above >> 10));
            return push_hex(out, 0xdc00 + (above & 0x3ff));
        }
        _ => return push_hex(out, code),
    };
    out.push_str(letter);
}

/// Adds a string with its quotes.
pub fn push_quoted(out: &mut StrBuilder, text: &Str, escape: Escape) {
    out.push(QUOTE);
    match text.chars() {
        Chars::Ascii(s) => {
            let bytes = s.as_bytes();
            let mut start = 0;
            while let Some(run) = bytes[start..].iter().position(|&b| ESCAPED[usize::from(b)]) {
                out.push_range(text, start, start + run);
                push_escaped(out, u32::from(bytes[start + run]));
                start += run + 1;
            }
            out.push_range(text, start, bytes.len());
        }
        _ => {
            for code in text.code_points() {
                let must = ESCAPED.get(code as usize).is_some_and(|&e| e);
                if must || escape == Escape::NonAscii && code > 0x7e {
                    push_escaped(out, code);
                } else {
                    out.push(code);
                }
            }
        }
    }
    out.push(QUOTE);
}
