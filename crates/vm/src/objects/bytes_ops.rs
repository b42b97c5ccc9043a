//! Operations on slices of bytes, as `bytes` and `bytearray` have them. ASCII rules throughout.

use crate::objects::str_::StrBuilder;
use crate::runtime::memory;
use memchr::memmem;
use std::ops::Range;

/// White space as `bytes.isspace` has it.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0d)
}

/// `repr(bytes)`
pub fn repr(bytes: &[u8]) -> StrBuilder {
    quoted(bytes, false)
}

/// The inner part of `repr(bytearray)`, which escapes a single quote between double ones too.
pub fn repr_array(bytes: &[u8]) -> StrBuilder {
    quoted(bytes, true)
}

fn quoted(bytes: &[u8], escape_single: bool) -> StrBuilder {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    let mut out = StrBuilder::with_capacity(bytes.len() + 3);
    out.push_ascii(&[b'b', quote]);
    for &byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            _ if byte == quote || (escape_single && byte == b'\'') => {
                out.push_ascii(&[b'\\', byte]);
            }
            b' '..=b'~' => out.push(byte.into()),
            _ => {
                let [high, low] = hex_digits(byte);
                out.push_ascii(&[b'\\', b'x', high, low]);
            }
        }
    }
    out.push(quote.into());
    out
}

fn hex_digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)])
}

/// `bytes.hex(separator, group)`: a positive group counts from the right, a negative from the left.
pub fn hex(bytes: &[u8], separator: Option<u8>, group: i64) -> StrBuilder {
    let size = group.unsigned_abs() as usize;
    let separators = if separator.is_some() && size > 0 { bytes.len() / size } else { 0 };
    let mut out = StrBuilder::with_capacity(bytes.len() * 2 + separators);
    write_hex(bytes, separator, group, |text| out.push_ascii(text));
    out
}

/// The same, piece after piece.
#[inline(always)]
fn write_hex(bytes: &[u8], separator: Option<u8>, group: i64, mut push: impl FnMut(&[u8])) {
    let size = group.unsigned_abs() as usize;
    for (i, &byte) in bytes.iter().enumerate() {
        if let Some(separator) = separator
            && i > 0
            && size > 0
        {
            let from_start = if group > 0 { bytes.len() - i } else { i };
            if from_start % size == 0 {
                push(&[separator]);
            }
        }
        push(&hex_digits(byte));
    }
}

/// Why `fromhex` fails.
pub enum HexError {
    At(usize),
    Odd,
}

/// `bytes.fromhex(text)`: pairs of digits, with white space between them.
pub fn from_hex(text: &[u8]) -> Result<Vec<u8>, HexError> {
    let digit = |at: usize| {
        let digit = text.get(at).and_then(|c| char::from(*c).to_digit(16));
        digit.map(|d| d as u8).ok_or(if at == text.len() {
            HexError::Odd
        } else {
            HexError::At(at)
        })
    };
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut at = 0;
    while at < text.len() {
        if is_space(text[at]) {
            at += 1;
            continue;
        }
        out.push(digit(at)? << 4 | digit(at + 1)?);
        at += 2;
    }
    Ok(out)
}

pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [one] => memchr::memchr(*one, hay),
        _ => memmem::find(hay, needle),
    }
}

pub fn rfind(hay: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [one] => memchr::memrchr(*one, hay),
        _ => memmem::rfind(hay, needle),
    }
}

pub fn count(hay: &[u8], needle: &[u8]) -> usize {
    match needle {
        [] => hay.len() + 1,
        [one] => memchr::memchr_iter(*one, hay).count(),
        _ => memmem::find_iter(hay, needle).count(),
    }
}

/// Where `old` stands, not overlapping; an empty one stands everywhere.
pub fn places(hay: &[u8], old: &[u8], limit: usize) -> Vec<usize> {
    let mut all = Vec::new();
    let mut note = |at| memory::push(&mut all, at);
    match old {
        [] => (0..=hay.len()).take(limit).for_each(&mut note),
        [one] => memchr::memchr_iter(*one, hay).take(limit).for_each(&mut note),
        _ => memmem::find_iter(hay, old).take(limit).for_each(&mut note),
    }
    all
}

/// Puts `new` at `places` in the place of `old_len` bytes.
pub fn replace_at(hay: &[u8], places: &[usize], old_len: usize, new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(hay.len() - places.len() * old_len + places.len() * new.len());
    let mut from = 0;
    for &at in places {
        out.extend_from_slice(&hay[from..at]);
        out.extend_from_slice(new);
        from = at + old_len;
    }
    out.extend_from_slice(&hay[from..]);
    out
}

fn cuts(max: isize) -> usize {
    usize::try_from(max).unwrap_or(usize::MAX)
}

/// `split(None, max)`
pub fn split_words(s: &[u8], max: isize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut at = 0;
    loop {
        at += s[at..].iter().take_while(|b| is_space(**b)).count();
        if at == s.len() {
            return parts;
        }
        if parts.len() == cuts(max) {
            memory::push(&mut parts, at..s.len());
            return parts;
        }
        let end = at + s[at..].iter().take_while(|b| !is_space(**b)).count();
        memory::push(&mut parts, at..end);
        at = end;
    }
}

/// `rsplit(None, max)`
pub fn rsplit_words(s: &[u8], max: isize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut end = s.len();
    loop {
        end -= s[..end].iter().rev().take_while(|b| is_space(**b)).count();
        if end == 0 {
            break;
        }
        if parts.len() == cuts(max) {
            memory::push(&mut parts, 0..end);
            break;
        }
        let start = end - s[..end].iter().rev().take_while(|b| !is_space(**b)).count();
        memory::push(&mut parts, start..end);
        end = start;
    }
    parts.reverse();
    parts
}

/// `split(separator, max)`; the separator is not empty.
pub fn split(s: &[u8], separator: &[u8], max: isize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut from = 0;
    for at in places(s, separator, cuts(max)) {
        memory::push(&mut parts, from..at);
        from = at + separator.len();
    }
    memory::push(&mut parts, from..s.len());
    parts
}

/// `rsplit(separator, max)`
pub fn rsplit(s: &[u8], separator: &[u8], max: isize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut end = s.len();
    while parts.len() < cuts(max)
        && let Some(at) = rfind(&s[..end], separator)
    {
        memory::push(&mut parts, at + separator.len()..end);
        end = at;
    }
    memory::push(&mut parts, 0..end);
    parts.reverse();
    parts
}

/// `splitlines(keepends)`: at line feeds, carriage returns, and both.
pub fn splitlines(s: &[u8], keep: bool) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < s.len() {
        let start = at;
        let end = memchr::memchr2(b'\n', b'\r', &s[at..]).map_or(s.len(), |n| at + n);
        at = end;
        if at < s.len() {
            at += if s[at..].starts_with(b"\r\n") { 2 } else { 1 };
        }
        memory::push(&mut parts, start..if keep { at } else { end });
    }
    parts
}

/// What is left without the bytes that satisfy `test` at the ends.
pub fn strip(s: &[u8], left: bool, right: bool, test: impl Fn(u8) -> bool) -> Range<usize> {
    let (mut start, mut end) = (0, s.len());
    while left && start < end && test(s[start]) {
        start += 1;
    }
    while right && end > start && test(s[end - 1]) {
        end -= 1;
    }
    start..end
}

pub fn title(bytes: &mut [u8]) {
    let mut after_letter = false;
    for byte in bytes {
        if after_letter {
            byte.make_ascii_lowercase();
        } else {
            byte.make_ascii_uppercase();
        }
        after_letter = byte.is_ascii_alphabetic();
    }
}

pub fn capitalize(bytes: &mut [u8]) {
    if let [first, rest @ ..] = bytes {
        first.make_ascii_uppercase();
        rest.make_ascii_lowercase();
    }
}

pub fn swapcase(bytes: &mut [u8]) {
    for byte in bytes {
        if byte.is_ascii_alphabetic() {
            *byte ^= 0x20;
        }
    }
}

pub fn is_title(bytes: &[u8]) -> bool {
    let (mut cased, mut after_letter) = (false, false);
    for byte in bytes {
        let upper = byte.is_ascii_uppercase();
        if (upper && after_letter) || (byte.is_ascii_lowercase() && !after_letter) {
            return false;
        }
        after_letter = byte.is_ascii_alphabetic();
        cased |= after_letter;
    }
    cased
}

/// The length of the text with its tabs expanded; `None` if it overflows.
pub fn expanded_len(bytes: &[u8], size: usize) -> Option<usize> {
    let (mut total, mut column) = (0usize, 0usize);
    for byte in bytes {
        let step = match byte {
            b'\t' if size > 0 => size - column % size,
            b'\t' => 0,
            _ => 1,
        };
        total = total.checked_add(step).filter(|n| *n <= isize::MAX as usize)?;
        column = if matches!(byte, b'\n' | b'\r') { 0 } else { column + step };
    }
    Some(total)
}

pub fn expandtabs(bytes: &[u8], size: usize, total: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(total);
    let mut column = 0;
    for &byte in bytes {
        if byte == b'\t' {
            let step = if size > 0 { size - column % size } else { 0 };
            out.resize(out.len() + step, b' ');
            column += step;
            continue;
        }
        out.push(byte);
        column = if matches!(byte, b'\n' | b'\r') { 0 } else { column + 1 };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting() {
        let of = |parts: Vec<Range<usize>>, s: &str| {
            parts.into_iter().map(|r| s[r].to_string()).collect::<Vec<_>>()
        };
        let s = "  a bb\tc  ";
        assert_eq!(of(split_words(s.as_bytes(), -1), s), ["a", "bb", "c"]);
        assert_eq!(of(split_words(s.as_bytes(), 1), s), ["a", "bb\tc  "]);
        assert_eq!(of(rsplit_words(s.as_bytes(), 1), s), ["  a bb", "c"]);
        let s = "a,b,,c";
        assert_eq!(of(split(s.as_bytes(), b",", -1), s), ["a", "b", "", "c"]);
        assert_eq!(of(rsplit(s.as_bytes(), b",", 2), s), ["a,b", "", "c"]);
        let s = "a\r\nb\rc\n";
        assert_eq!(of(splitlines(s.as_bytes(), true), s), ["a\r\n", "b\r", "c\n"]);
        assert_eq!(of(splitlines(s.as_bytes(), false), s), ["a", "b", "c"]);
    }

    #[test]
    fn hexadecimal() {
        let hex = |group| {
            let mut out = Vec::new();
            write_hex(b"abcde", Some(b'-'), group, |text| out.extend_from_slice(text));
            out
        };
        assert_eq!(hex(2), b"61-6263-6465");
        assert_eq!(hex(-2), b"6162-6364-65");
        assert!(matches!(from_hex(b" 61 6A"), Ok(v) if v == b"aj"));
        assert!(matches!(from_hex(b"6"), Err(HexError::Odd)));
        assert!(matches!(from_hex(b"6z"), Err(HexError::At(1))));
    }
}
