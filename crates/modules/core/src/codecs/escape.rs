//! Escapes: `unicode_escape`, `raw_unicode_escape`, and those of bytes literals.
//!
//! CPython's counterpart: these codecs in `Objects/unicodeobject.c` and `Objects/bytesobject.c`.

use super::handlers::escaped;
use adder_vm::objects::str_::codec::{Errors, Input, decode_error};
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::{Obj, PyResult, Ref, Vm};

/// Text, bytes consumed, and the first escape that is none (`\y`), if there was one.
pub struct Unescaped {
    pub text: Ref<Str>,
    pub used: usize,
    pub invalid: Option<Vec<u8>>,
}

/// The value of up to `most` hexadecimal digits, and how many there are.
fn hex(input: &[u8], most: usize) -> (u32, usize) {
    let mut value = 0u32;
    let mut n = 0;
    while n < most
        && let Some(digit) = input.get(n).and_then(|b| (*b as char).to_digit(16))
    {
        value = value << 4 | digit;
        n += 1;
    }
    (value, n)
}

/// The value of up to three octal digits, and how many there are.
fn octal(input: &[u8]) -> (u32, usize) {
    let digits = input.iter().take(3).take_while(|b| (b'0'..=b'7').contains(b));
    digits.fold((0, 0), |(value, n), b| (value * 8 + u32::from(b - b'0'), n + 1))
}

/// What a backslash and one letter stand for.
fn simple(letter: u8) -> Option<u32> {
    Some(match letter {
        b'\\' | b'\'' | b'"' => letter.into(),
        b'a' => 7,
        b'b' => 8,
        b't' => 9,
        b'n' => 10,
        b'v' => 11,
        b'f' => 12,
        b'r' => 13,
        _ => return None,
    })
}

/// `unicode_escape`: what is no escape is Latin-1.
pub fn unicode_unescape(
    vm: &Vm,
    bytes: &[u8],
    errors: &Errors<'_>,
    last: bool,
) -> PyResult<Unescaped> {
    const NAME: &str = "unicodeescape";
    let mut input = Input::new(bytes);
    let mut out = StrBuilder::with_capacity(bytes.len());
    let mut invalid = None;
    let mut at = 0;
    while at < input.len() {
        let plain = memchr::memchr(b'\\', &input[at..]).unwrap_or(input.len() - at);
        input[at..at + plain].iter().for_each(|b| out.push((*b).into()));
        at += plain;
        if at >= input.len() {
            break;
        }
        let start = at;
        let Some(&letter) = input.get(at + 1) else {
            if !last {
                break;
            }
            let range = (start, start + 1);
            at =
                decode_error(vm, &mut out, &mut input, NAME, errors, range, "\\ at end of string")?;
            continue;
        };
        let body = at + 2;
        if let Some(c) = simple(letter) {
            out.push(c);
            at = body;
            continue;
        }
        let (digits, message) = match letter {
            b'\n' => {
                at = body;
                continue;
            }
            b'0'..=b'7' => {
                let (value, n) = octal(&input[at + 1..]);
                if value > 0o377 && invalid.is_none() {
                    invalid = Some(input[at + 1..at + 1 + n].to_vec());
                }
                if !last && n < 3 && at + 1 + n == input.len() {
                    break;
                }
                out.push(value);
                at += 1 + n;
                continue;
            }
            b'x' => (2, "truncated \\xXX escape"),
            b'u' => (4, "truncated \\uXXXX escape"),
            b'U' => (8, "truncated \\UXXXXXXXX escape"),
            b'N' => {
                match named(&input[body..]) {
                    Name::Found(c, n) => {
                        out.push(c);
                        at = body + n;
                    }
                    Name::Unfinished if !last => break,
                    Name::Unfinished => {
                        let end = if input.get(body) == Some(&b'{') { input.len() } else { body };
                        let reason = "malformed \\N character escape";
                        at = decode_error(
                            vm,
                            &mut out,
                            &mut input,
                            NAME,
                            errors,
                            (start, end),
                            reason,
                        )?;
                    }
                    Name::Malformed(n) => {
                        let reason = "malformed \\N character escape";
                        let range = (start, body + n);
                        at = decode_error(vm, &mut out, &mut input, NAME, errors, range, reason)?;
                    }
                    Name::Unknown(n) => {
                        let reason = "unknown Unicode character name";
                        let range = (start, body + n);
                        at = decode_error(vm, &mut out, &mut input, NAME, errors, range, reason)?;
                    }
                }
                continue;
            }
            other => {
                if invalid.is_none() {
                    invalid = Some(vec![other]);
                }
                out.push(u32::from(b'\\'));
                out.push(other.into());
                at = body;
                continue;
            }
        };
        let (value, n) = hex(&input[body..], digits);
        if n < digits {
            if !last && body + n == input.len() {
                break;
            }
            let range = (start, body + n);
            at = decode_error(vm, &mut out, &mut input, NAME, errors, range, message)?;
        } else if value > 0x10_ffff {
            let range = (start, body + n);
            let reason = "illegal Unicode character";
            at = decode_error(vm, &mut out, &mut input, NAME, errors, range, reason)?;
        } else {
            out.push(value);
            at = body + n;
        }
    }
    Ok(Unescaped { text: out.finish_in(vm)?, used: at.min(bytes.len()), invalid })
}

/// What follows `\N`.
enum Name {
    Found(u32, usize),
    Unknown(usize),
    Malformed(usize),
    Unfinished,
}

fn named(rest: &[u8]) -> Name {
    match rest.first() {
        None => return Name::Unfinished,
        Some(b'{') => {}
        Some(_) => return Name::Malformed(0),
    }
    let Some(end) = memchr::memchr(b'}', rest) else { return Name::Unfinished };
    if end == 1 {
        return Name::Malformed(1);
    }
    let name = std::str::from_utf8(&rest[1..end]).ok();
    match name.and_then(adder_unicode::lookup).and_then(|named| named.single()) {
        Some(c) => Name::Found(c, end + 1),
        None => Name::Unknown(end + 1),
    }
}

/// The longest escape: `\\U0010ffff`.
const LONGEST: usize = 10;

/// The escapes of text for a literal.
pub fn unicode_escape(vm: &Vm, text: &Str) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    vm.room_for(&mut out, text.len())?;
    for c in text.code_points() {
        vm.room_for(&mut out, LONGEST)?;
        match c {
            0x5c => out.extend(b"\\\\"),
            9 => out.extend(b"\\t"),
            10 => out.extend(b"\\n"),
            13 => out.extend(b"\\r"),
            0x20..0x7f => out.push(c as u8),
            _ => out.extend(escaped(c).bytes()),
        }
    }
    Ok(out)
}

/// `raw_unicode_escape`: only `\u` and `\U` are escapes.
pub fn raw_unicode_unescape(
    vm: &Vm,
    bytes: &[u8],
    errors: &Errors<'_>,
    last: bool,
) -> PyResult<(Ref<Str>, usize)> {
    const NAME: &str = "rawunicodeescape";
    let mut input = Input::new(bytes);
    let mut out = StrBuilder::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = input.get(at) {
        if b != b'\\' {
            out.push(b.into());
            at += 1;
            continue;
        }
        let start = at;
        let (digits, message) = match input.get(at + 1) {
            None if !last => break,
            Some(b'u') => (4, "truncated \\uXXXX escape"),
            Some(b'U') => (8, "truncated \\UXXXXXXXX escape"),
            other => {
                out.push(u32::from(b'\\'));
                at += 1;
                if let Some(other) = other {
                    out.push((*other).into());
                    at += 1;
                }
                continue;
            }
        };
        let body = at + 2;
        let (value, n) = hex(&input[body..], digits);
        if n < digits {
            if !last && body + n == input.len() {
                break;
            }
            let range = (start, body + n);
            at = decode_error(vm, &mut out, &mut input, NAME, errors, range, message)?;
        } else if value > 0x10_ffff {
            let range = (start, body + n);
            let reason = "\\Uxxxxxxxx out of range";
            at = decode_error(vm, &mut out, &mut input, NAME, errors, range, reason)?;
        } else {
            out.push(value);
            at = body + n;
        }
    }
    Ok((out.finish_in(vm)?, at.min(bytes.len())))
}

pub fn raw_unicode_escape(vm: &Vm, text: &Str) -> PyResult<Vec<u8>> {
    let mut out = Vec::new();
    vm.room_for(&mut out, text.len())?;
    for c in text.code_points() {
        vm.room_for(&mut out, LONGEST)?;
        match c {
            0..0x100 => out.push(c as u8),
            _ => out.extend(escaped(c).bytes()),
        }
    }
    Ok(out)
}

/// The escapes of bytes for a literal.
pub fn bytes_escape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for b in bytes {
        match b {
            b'\\' | b'\'' => out.extend([b'\\', *b]),
            b'\t' => out.extend(b"\\t"),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            0x20..0x7f => out.push(*b),
            _ => out.extend(format!("\\x{b:02x}").bytes()),
        }
    }
    out
}

/// Bytes from the inside of a literal, and the first escape that is none.
pub fn bytes_unescape(
    vm: &Vm,
    bytes: &[u8],
    errors: &Obj<Str>,
) -> PyResult<(Vec<u8>, Option<Vec<u8>>)> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut invalid = None;
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        at += 1;
        if b != b'\\' {
            out.push(b);
            continue;
        }
        let Some(&letter) = bytes.get(at) else {
            return Err(vm.value_error("Trailing \\ in string"));
        };
        at += 1;
        if let Some(c) = simple(letter) {
            out.push(c as u8);
            continue;
        }
        match letter {
            b'\n' => {}
            b'0'..=b'7' => {
                let (value, n) = octal(&bytes[at - 1..]);
                if value > 0o377 && invalid.is_none() {
                    invalid = Some(bytes[at - 1..at - 1 + n].to_vec());
                }
                out.push(value as u8);
                at += n - 1;
            }
            b'x' => {
                let (value, n) = hex(&bytes[at..], 2);
                if n == 2 {
                    out.push(value as u8);
                    at += 2;
                    continue;
                }
                match errors.as_ascii() {
                    Some("strict") => {
                        return Err(
                            vm.value_error(format!("invalid \\x escape at position {}", at - 2))
                        );
                    }
                    Some("replace") => out.push(b'?'),
                    Some("ignore") => {}
                    _ => {
                        return Err(vm.value_error(format!(
                            "decoding error; unknown error handling code: {errors}"
                        )));
                    }
                }
                at += n;
            }
            other => {
                if invalid.is_none() {
                    invalid = Some(vec![other]);
                }
                out.extend([b'\\', other]);
            }
        }
    }
    Ok((out, invalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted() {
        assert_eq!(hex(b"41x", 4), (0x41, 2));
        assert_eq!(hex(b"", 2), (0, 0));
        assert_eq!(octal(b"7777"), (0o777, 3));
        assert_eq!(octal(b"18"), (1, 1));
    }

    #[test]
    fn bytes_are_escaped() {
        assert_eq!(bytes_escape(b"a'\\\n\xff"), b"a\\'\\\\\\n\\xff");
    }
}
