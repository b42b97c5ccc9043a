//! Floats as decimal text: `repr`, and the `e`, `f`, `g` forms at any precision, always exact.
//!
//! Shortest digits come from `zmij`. Digits to a given precision come from Rust's formatter, which
//! rounds the exact value half to even; how they are laid out is Python's
//! (`PyOS_double_to_string`).

use std::fmt::Write;

use crate::{Error, push_zeros};

/// No `f64` has more significant digits (767) or decimal places (1074); beyond, zeros follow.
const MAX_DIGITS: usize = 1100;

/// `repr` switches to an exponent from 1e16 upwards and below 1e-4.
const REPR_MAX_POINT: i32 = 16;

/// The form of a float's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The shortest text that reads back as the same float.
    Repr,
    /// `precision` digits after the point, with an exponent.
    Exponent { precision: usize },
    /// `precision` digits after the point.
    Fixed { precision: usize },
    /// `precision` significant digits (0 counts as 1), with an exponent where that is shorter.
    General { precision: usize },
}

/// A form with its flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FloatText {
    pub form: Form,
    /// `E` and `INF` instead of `e` and `inf`.
    pub upper: bool,
    /// Keep the point and, for `General`, the trailing zeros (`#`).
    pub alternate: bool,
    /// Something that looks whole gets `.0`.
    pub dot_zero: bool,
    /// What rounds to zero has no minus sign (`z`).
    pub no_negative_zero: bool,
}

impl FloatText {
    pub fn new(form: Form) -> FloatText {
        FloatText { form, upper: false, alternate: false, dot_zero: false, no_negative_zero: false }
    }

    /// The text of `value`, with `-` in front where it is negative (never for NaN).
    pub fn text(&self, value: f64) -> Result<String, Error> {
        let mut out = String::with_capacity(32);
        if value.is_nan() {
            out.push_str("nan");
        } else if value.is_infinite() {
            out.push_str(if value < 0.0 { "-inf" } else { "inf" });
        } else {
            self.finite(value, &mut out)?;
        }
        if self.upper {
            out.make_ascii_uppercase();
        }
        Ok(out)
    }

    fn finite(&self, value: f64, out: &mut String) -> Result<(), Error> {
        let magnitude = value.abs();
        if value.is_sign_negative() {
            out.push('-');
        }
        let start = out.len();
        match self.form {
            Form::Fixed { precision } => {
                match scaled(magnitude, precision) {
                    Some(digits) => push_scaled(out, digits, precision),
                    None => {
                        // Writing to a `String` cannot fail.
                        let _ = write!(out, "{magnitude:.*}", precision.min(MAX_DIGITS));
                    }
                }
                push_zeros(out, precision.saturating_sub(MAX_DIGITS))?;
                if precision == 0 && self.alternate {
                    out.push('.');
                }
            }
            Form::Exponent { precision } => {
                let digits = Digits::rounded(magnitude, precision.min(MAX_DIGITS));
                out.push_str(&digits.text[..1]);
                if precision > 0 || self.alternate {
                    out.push('.');
                }
                out.push_str(&digits.text[1..]);
                push_zeros(out, precision.saturating_sub(MAX_DIGITS))?;
                push_exponent(out, digits.point - 1);
            }
            Form::General { precision } => {
                let precision = precision.max(1);
                let mut digits = Digits::rounded(magnitude, (precision - 1).min(MAX_DIGITS));
                digits.strip_zeros();
                let max_point = i64::try_from(precision).unwrap_or(i64::MAX);
                let max_point = if self.dot_zero { max_point - 1 } else { max_point };
                let width = if self.alternate { precision } else { 0 };
                self.lay_out(&digits, max_point, width, out)?;
            }
            Form::Repr => {
                let digits = Digits::shortest(magnitude);
                self.lay_out(&digits, i64::from(REPR_MAX_POINT), 0, out)?;
            }
        }
        if self.no_negative_zero && start > 0 && !has_nonzero_digit(&out[start..]) {
            out.remove(0);
        }
        Ok(())
    }

    /// Places the point among `digits`, with an exponent unless `-4 < point <= max_point`, padded
    /// with zeros to `width` significant digits.
    fn lay_out(
        &self,
        digits: &Digits,
        max_point: i64,
        width: usize,
        out: &mut String,
    ) -> Result<(), Error> {
        let text = digits.text.as_str();
        let exponent = digits.point <= -4 || i64::from(digits.point) > max_point;
        let point = if exponent { 1 } else { digits.point };
        if point <= 0 {
            out.push_str("0.");
            push_zeros(out, point.unsigned_abs() as usize)?;
            out.push_str(text);
            push_zeros(out, width.saturating_sub(text.len()))?;
        } else {
            let point = point as usize;
            let whole = text.len().min(point);
            out.push_str(&text[..whole]);
            push_zeros(out, point - whole)?;
            let fraction = &text[whole..];
            let zeros = width.max(point).saturating_sub(text.len().max(point));
            if !fraction.is_empty() || zeros > 0 {
                out.push('.');
                out.push_str(fraction);
                push_zeros(out, zeros)?;
            } else if self.dot_zero && !exponent {
                out.push_str(".0");
            } else if self.alternate {
                out.push('.');
            }
        }
        if exponent {
            push_exponent(out, digits.point - 1);
        }
        Ok(())
    }
}

/// `magnitude * 10**precision` rounded to the nearest integer, ties to even: exact, since the product
/// of the mantissa and the power fits. `None` where it does not.
fn scaled(magnitude: f64, precision: usize) -> Option<u64> {
    const POWERS: [u64; 16] = {
        let mut powers = [1; 16];
        let mut i = 1;
        while i < 16 {
            powers[i] = powers[i - 1] * 10;
            i += 1;
        }
        powers
    };
    let power = *POWERS.get(precision)?;
    let bits = magnitude.to_bits();
    let exponent = (bits >> 52) as i32;
    if exponent == 0 {
        // Zero, or too small to show up.
        return Some(0);
    }
    let mantissa = (bits & ((1 << 52) - 1)) | 1 << 52;
    let product = u128::from(mantissa) * u128::from(power);
    let shift = 1075 - exponent;
    if shift <= 0 {
        return u64::try_from(product).ok()?.checked_mul(1u64.checked_shl(-shift as u32)?);
    }
    if shift > 120 {
        return Some(0);
    }
    let (whole, rest) = (product >> shift, product & ((1 << shift) - 1));
    let half = 1u128 << (shift - 1);
    let up = rest > half || (rest == half && whole & 1 == 1);
    u64::try_from(whole + u128::from(up)).ok()
}

/// Writes `digits / 10**precision`.
fn push_scaled(out: &mut String, digits: u64, precision: usize) {
    let mut buffer = [b'0'; 40];
    let (mut at, mut rest, mut written) = (buffer.len(), digits, 0);
    while rest > 0 || written <= precision {
        if written == precision && precision > 0 {
            at -= 1;
            buffer[at] = b'.';
        }
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        written += 1;
    }
    out.push_str(std::str::from_utf8(&buffer[at..]).unwrap_or_default());
}

/// `0.d1d2d3... * 10**point`, at least one digit.
struct Digits {
    text: String,
    point: i32,
}

impl Digits {
    /// `precision + 1` significant digits.
    fn rounded(magnitude: f64, precision: usize) -> Digits {
        let mut text = String::with_capacity(precision + 8);
        let _ = write!(text, "{magnitude:.precision$e}");
        let split = text.find('e').unwrap_or(text.len());
        let point = text[split..].trim_start_matches('e').parse::<i32>().unwrap_or(0) + 1;
        text.truncate(split);
        if text.len() > 1 {
            text.remove(1);
        }
        Digits { text, point }
    }

    /// The fewest digits that read back as the same float.
    fn shortest(magnitude: f64) -> Digits {
        let mut buffer = ReprBuffer::default();
        let point = buffer.shortest(magnitude);
        Digits { text: buffer.as_str().to_owned(), point }
    }

    fn strip_zeros(&mut self) {
        let kept = self.text.trim_end_matches('0').len().max(1);
        self.text.truncate(kept);
    }
}

fn has_nonzero_digit(text: &str) -> bool {
    text.bytes().take_while(|&byte| byte != b'e').any(|byte| (b'1'..=b'9').contains(&byte))
}

fn push_exponent(out: &mut String, exponent: i32) {
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
}

/// Room for any float's `repr`, so that printing one needs no allocation.
#[derive(Clone, Copy, Default)]
pub struct ReprBuffer {
    // The longest are 24 bytes, as -1.2345678901234567e-308.
    bytes: [u8; 32],
    len: usize,
}

impl ReprBuffer {
    pub fn new() -> ReprBuffer {
        ReprBuffer::default()
    }

    /// `repr(value)`.
    pub fn format(&mut self, value: f64) -> &str {
        self.len = 0;
        if value.is_nan() {
            self.push(b"nan");
            return self.as_str();
        }
        if value.is_sign_negative() {
            self.push(b"-");
        }
        if value.is_infinite() {
            self.push(b"inf");
            return self.as_str();
        }
        let mut digits = ReprBuffer::default();
        let point = digits.shortest(value.abs());
        let digits = digits.as_bytes();
        if -4 < point && point <= 0 {
            self.push(b"0.");
            self.push(&b"000"[..point.unsigned_abs() as usize]);
            self.push(digits);
        } else if 0 < point && point <= REPR_MAX_POINT {
            let point = point as usize;
            if digits.len() <= point {
                self.push(digits);
                self.push(&b"0000000000000000"[..point - digits.len()]);
                self.push(b".0");
            } else {
                self.push(&digits[..point]);
                self.push(b".");
                self.push(&digits[point..]);
            }
        } else {
            self.push(&digits[..1]);
            if digits.len() > 1 {
                self.push(b".");
                self.push(&digits[1..]);
            }
            let exponent = point - 1;
            self.push(if exponent < 0 { b"e-" } else { b"e+" });
            let exponent = exponent.unsigned_abs() as usize;
            if exponent >= 100 {
                self.push(&[b'0' + (exponent / 100) as u8]);
            }
            self.push(&[b'0' + (exponent / 10 % 10) as u8, b'0' + (exponent % 10) as u8]);
        }
        self.as_str()
    }

    /// Sets the buffer to the shortest digits of `magnitude` (finite, not negative), without
    /// trailing zeros, and tells where the point is.
    fn shortest(&mut self, magnitude: f64) -> i32 {
        self.len = 0;
        if magnitude == 0.0 {
            self.push(b"0");
            return 1;
        }
        // zmij writes some layout of its own; only digits, point and exponent count here.
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(magnitude).as_bytes();
        let mut exponent = 0i32;
        let mut point = None;
        let mut leading_zeros = 0;
        for (index, &byte) in text.iter().enumerate() {
            match byte {
                b'0' if self.len == 0 => leading_zeros += i32::from(point.is_some()),
                b'0'..=b'9' => self.push(&[byte]),
                b'.' => point = Some(self.len as i32),
                _ => {
                    exponent = std::str::from_utf8(&text[index + 1..])
                        .ok()
                        .and_then(|digits| digits.parse().ok())
                        .unwrap_or(0);
                    break;
                }
            }
        }
        let point = point.unwrap_or(self.len as i32) - leading_zeros + exponent;
        while self.len > 1 && self.bytes[self.len - 1] == b'0' {
            self.len -= 1;
        }
        point
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The text last formatted.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever pushed.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// `repr(value)`.
pub fn float_repr(value: f64) -> String {
    ReprBuffer::new().format(value).to_owned()
}

/// `repr(complex(real, imag))`.
pub fn complex_repr(real: f64, imag: f64) -> String {
    let part = |value| {
        let text = float_repr(value);
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    if real == 0.0 && real.is_sign_positive() {
        return format!("{}j", part(imag));
    }
    let imag = part(imag);
    let plus = if imag.starts_with('-') { "" } else { "+" };
    format!("({}{plus}{imag}j)", part(real))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_digits_are_the_exact_ones() {
        let mut seed = 7u64;
        for round in 0..200_000 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let value = match round % 4 {
                0 => f64::from_bits(seed & !(1 << 63)),
                1 => (seed >> 40) as f64 / 8.0,
                2 => (seed >> 30) as f64 / 1000.0,
                _ => (seed >> 50) as f64 + 0.5,
            };
            let precision = (seed % 17) as usize;
            if value.is_finite()
                && let Some(digits) = scaled(value, precision)
            {
                let mut out = String::new();
                push_scaled(&mut out, digits, precision);
                assert_eq!(out, format!("{value:.precision$}"), "{value} {precision}");
            }
        }
    }
}
