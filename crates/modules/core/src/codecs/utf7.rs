//! UTF-7 (RFC 2152). CPython's counterpart: the codec in `Objects/unicodeobject.c`.
//!
//! Text is ASCII; a `+` opens a run of base64 digits that hold UTF-16 units, most significant bit
//! first, and a `-` (or any other character) closes it. `+-` is a plus sign.

use adder_vm::objects::str_::codec::{Errors, Input, decode_error, is_surrogate};
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::{PyResult, Ref, Vm};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digit(b: u8) -> Option<u32> {
    Some(
        match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        }
        .into(),
    )
}

/// Characters that stand for themselves when written: the set D and the optional set O of the RFC,
/// and white space.
fn is_direct(c: u32) -> bool {
    matches!(c, 9 | 10 | 13 | 0x20..0x7f) && !matches!(c, 0x2b | 0x5c | 0x7e)
}

/// Would this byte be taken for a part of the run that it follows?
fn continues(c: u32) -> bool {
    c < 0x80 && (digit(c as u8).is_some() || c == u32::from(b'-'))
}

pub fn encode(vm: &Vm, text: &Str) -> PyResult<Vec<u8>> {
    // The end of a run, the sign that begins one, and two units.
    const LONGEST: usize = 10;
    let mut out = Vec::new();
    vm.room_for(&mut out, text.len())?;
    let (mut bits, mut buffer, mut inside) = (0u32, 0u64, false);
    for c in text.code_points() {
        vm.room_for(&mut out, LONGEST)?;
        if is_direct(c) {
            if inside {
                if bits > 0 {
                    out.push(DIGITS[(buffer << (6 - bits) & 0x3f) as usize]);
                    bits = 0;
                    buffer = 0;
                }
                inside = false;
                if continues(c) {
                    out.push(b'-');
                }
            }
            out.push(c as u8);
            continue;
        }
        if !inside {
            out.push(b'+');
            if c == u32::from(b'+') {
                out.push(b'-');
                continue;
            }
            inside = true;
        }
        let mut unit = |u: u32| {
            buffer = buffer << 16 | u64::from(u);
            bits += 16;
            while bits >= 6 {
                bits -= 6;
                out.push(DIGITS[(buffer >> bits & 0x3f) as usize]);
            }
            buffer &= (1 << bits) - 1;
        };
        if c >= 0x1_0000 {
            unit(0xd800 + ((c - 0x1_0000) >> 10));
            unit(0xdc00 + (c & 0x3ff));
        } else {
            unit(c);
        }
    }
    if bits > 0 {
        out.push(DIGITS[(buffer << (6 - bits) & 0x3f) as usize]);
    }
    if inside {
        out.push(b'-');
    }
    Ok(out)
}

/// The text, and how many bytes were consumed: up to an unfinished run, if more may follow.
pub fn decode(
    vm: &Vm,
    bytes: &[u8],
    errors: &Errors<'_>,
    last: bool,
) -> PyResult<(Ref<Str>, usize)> {
    const NAME: &str = "utf7";
    let mut input = Input::new(bytes);
    let mut out = StrBuilder::with_capacity(bytes.len());
    let mut at = 0;
    // A run: where it began, and the characters there were before it.
    let (mut inside, mut start, mut kept) = (false, 0, 0);
    let (mut bits, mut buffer, mut high) = (0u32, 0u64, 0u32);
    while let Some(&b) = input.get(at) {
        if !inside {
            match b {
                b'+' => {
                    start = at;
                    at += 1;
                    match input.get(at) {
                        Some(b'-') => {
                            out.push(u32::from(b'+'));
                            at += 1;
                        }
                        Some(next) if digit(*next).is_none() => {
                            let range = (start, at + 1);
                            let reason = "ill-formed sequence";
                            at = decode_error(
                                vm, &mut out, &mut input, NAME, errors, range, reason,
                            )?;
                        }
                        _ => {
                            inside = true;
                            kept = out.len();
                            (bits, buffer, high) = (0, 0, 0);
                        }
                    }
                }
                0..0x80 => {
                    out.push(b.into());
                    at += 1;
                }
                _ => {
                    let reason = "unexpected special character";
                    let range = (at, at + 1);
                    at = decode_error(vm, &mut out, &mut input, NAME, errors, range, reason)?;
                }
            }
            continue;
        }
        if let Some(value) = digit(b) {
            buffer = buffer << 6 | u64::from(value);
            bits += 6;
            at += 1;
            if bits >= 16 {
                let unit = (buffer >> (bits - 16)) as u32 & 0xffff;
                bits -= 16;
                buffer &= (1 << bits) - 1;
                if high != 0 {
                    if (0xdc00..0xe000).contains(&unit) {
                        out.push(0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
                        high = 0;
                        continue;
                    }
                    out.push(high);
                    high = 0;
                }
                if (0xd800..0xdc00).contains(&unit) {
                    high = unit;
                } else {
                    out.push(unit);
                }
            }
            continue;
        }
        // The run ends here.
        inside = false;
        let reason = if bits >= 6 {
            Some("partial character in shift sequence")
        } else if buffer != 0 {
            Some("non-zero padding bits in base64 sequence")
        } else {
            None
        };
        if let Some(reason) = reason {
            at += 1;
            let range = (start, at);
            at = decode_error(vm, &mut out, &mut input, NAME, errors, range, reason)?;
            continue;
        }
        if high != 0 && is_surrogate(high) && digit(b).is_none() {
            out.push(high);
            high = 0;
        }
        if b == b'-' {
            at += 1;
        } else if b >= 0x80 {
            let reason = "unexpected special character";
            let range = (at, at + 1);
            at = decode_error(vm, &mut out, &mut input, NAME, errors, range, reason)?;
        }
    }
    if inside {
        if !last {
            // The run is decoded when all of it is there.
            let text = out.finish_in(vm)?;
            return Ok((text.substring(0, kept), start));
        }
        if high != 0 || bits >= 6 || (bits > 0 && buffer != 0) {
            let range = (start, input.len());
            let reason = "unterminated shift sequence";
            decode_error(vm, &mut out, &mut input, NAME, errors, range, reason)?;
        }
    }
    Ok((out.finish_in(vm)?, bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_has_its_value() {
        for (value, b) in DIGITS.iter().enumerate() {
            assert_eq!(digit(*b), Some(value as u32));
        }
        assert_eq!(digit(b'-'), None);
        assert!(is_direct(u32::from(b'a')) && !is_direct(u32::from(b'~')));
    }
}
