//! `float.hex` and `float.fromhex`.

use adder_bigint::ldexp_round;

use crate::Error;
use crate::float_parse::trim;

/// `value.hex()`.
pub fn float_hex(value: f64) -> String {
    if !value.is_finite() {
        return crate::float_repr(value);
    }
    let bits = value.to_bits();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let fraction = bits & ((1 << 52) - 1);
    let (lead, exponent) = match (bits >> 52 & 0x7ff) as i32 {
        0 if fraction == 0 => return format!("{sign}0x0.0p+0"),
        0 => (0, -1022),
        field => (1, field - 1023),
    };
    format!("{sign}0x{lead}.{fraction:013x}p{exponent:+}")
}

fn invalid() -> Error {
    Error::value("invalid hexadecimal floating-point string")
}

fn too_large() -> Error {
    Error::overflow("hexadecimal value too large to represent as a float")
}

/// `float.fromhex(text)`, rounded half to even. The text is ASCII bytes (others cannot occur in a
/// valid one; hand over anything, say `?`, in their place).
pub fn float_from_hex(text: &[u8]) -> Result<f64, Error> {
    let text = trim(text);
    let (negative, body) = match text {
        [b'-', body @ ..] => (true, body),
        [b'+', body @ ..] => (false, body),
        body => (false, body),
    };
    let magnitude = if body.eq_ignore_ascii_case(b"nan") {
        f64::NAN
    } else if body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity") {
        f64::INFINITY
    } else {
        finite(body)?
    };
    Ok(if negative { -magnitude } else { magnitude })
}

fn finite(body: &[u8]) -> Result<f64, Error> {
    let body = body.strip_prefix(b"0x").or_else(|| body.strip_prefix(b"0X")).unwrap_or(body);
    // The first 60 to 64 significant bits, whether anything follows, and 2's exponent.
    let (mut mantissa, mut sticky, mut exponent) = (0u64, false, 0i64);
    let (mut digits, mut pos) = (0usize, 0usize);
    let mut seen_point = false;
    while let Some(&byte) = body.get(pos) {
        if byte == b'.' && !seen_point {
            seen_point = true;
        } else if let Some(digit) = char::from(byte).to_digit(16) {
            digits += 1;
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                exponent -= if seen_point { 4 } else { 0 };
            } else {
                sticky |= digit != 0;
                exponent += if seen_point { 0 } else { 4 };
            }
        } else {
            break;
        }
        pos += 1;
    }
    if digits == 0 {
        return Err(invalid());
    }
    if let Some(b'p' | b'P') = body.get(pos) {
        let (negative, from) = match body.get(pos + 1) {
            Some(b'-') => (true, pos + 2),
            Some(b'+') => (false, pos + 2),
            _ => (false, pos + 1),
        };
        let end =
            from + body[from.min(body.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
        if end == from {
            return Err(invalid());
        }
        // Saturation is harmless: either way the result is 0 or too large.
        let written = body[from..end].iter().fold(0i64, |value, &byte| {
            value.saturating_mul(10).saturating_add(i64::from(byte - b'0')).min(i64::MAX / 4)
        });
        exponent += if negative { -written } else { written };
        pos = end;
    }
    if pos != body.len() {
        return Err(invalid());
    }
    let value = ldexp_round(mantissa, sticky, exponent);
    if value.is_infinite() { Err(too_large()) } else { Ok(value) }
}
