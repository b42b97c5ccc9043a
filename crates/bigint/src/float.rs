//! Between integers and `f64`: conversion, true division and comparison, each exact or rounded
//! once, half to even.

use std::cmp::Ordering;
use std::fmt;

use crate::{Int, Sign};

/// Why `a / b` has no value; the text is CPython's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DivError {
    /// `ZeroDivisionError`
    Zero,
    /// `OverflowError`
    Overflow,
}

impl fmt::Display for DivError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DivError::Zero => "division by zero",
            DivError::Overflow => "integer division result too large for a float",
        })
    }
}

impl std::error::Error for DivError {}

/// `mantissa * 2**exp`, rounded once, half to even; infinite where it is too large.
///
/// `sticky` says that the exact value lies strictly between `mantissa` and `mantissa + 1`; it
/// needs a mantissa of at least 55 bits to be of use. Unlike a multiplication by a power of two,
/// this does not round twice on the way to a subnormal number.
pub fn ldexp_round(mantissa: u64, sticky: bool, exp: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let zeros = mantissa.leading_zeros();
    let normal = mantissa << zeros;
    // The value is normal * 2**exp, with its highest bit worth 2**top.
    let exp = exp.saturating_sub(i64::from(zeros));
    let top = exp.saturating_add(63);
    if top > 1023 {
        return f64::INFINITY;
    }
    // Bits to drop: 11 leave the 53 of a normal number, more of them a subnormal one.
    let drop = if top >= -1022 { 11 } else { 11 + (-1022 - top) };
    if drop > 64 {
        return 0.0;
    }
    let drop = drop as u32;
    let kept = normal.checked_shr(drop).unwrap_or(0);
    let rest = if drop == 64 { normal } else { normal & ((1 << drop) - 1) };
    let half = 1u64 << (drop - 1);
    let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
    let kept = kept + u64::from(up);
    // A carry out of the mantissa lands in the exponent field, which is the right number then.
    let bits = if drop == 11 { ((top + 1022) as u64) << 52 } else { 0 };
    f64::from_bits(bits + kept)
}

impl Int {
    /// The top 64 bits of the magnitude, whether any lower bit is set, and the shift between.
    fn top_bits(&self) -> (u64, bool, u64) {
        let words = self.words();
        let [.., second, first] = words else {
            return (words.first().copied().unwrap_or(0), false, 0);
        };
        let zeros = first.leading_zeros();
        let lower = &words[..words.len() - 2];
        let shift = 64 * (words.len() - 1) as u64 - u64::from(zeros);
        if zeros == 0 {
            return (*first, *second != 0 || lower.iter().any(|&word| word != 0), shift);
        }
        let top = first << zeros | second >> (64 - zeros);
        let sticky = second << zeros != 0 || lower.iter().any(|&word| word != 0);
        (top, sticky, shift)
    }

    /// The nearest float, ties to even, or `None` where that would be infinite.
    pub fn to_f64(&self) -> Option<f64> {
        let (top, sticky, shift) = self.top_bits();
        let magnitude = ldexp_round(top, sticky, i64::try_from(shift).unwrap_or(i64::MAX));
        if magnitude.is_infinite() {
            return None;
        }
        Some(if self.is_negative() { -magnitude } else { magnitude })
    }

    /// `(m, e)` with `self == m * 2**e`, `0.5 <= |m| < 1` and `m` rounded half to even: what
    /// `math.log` needs for numbers beyond `f64`. Zero is `(0.0, 0)`.
    pub fn frexp(&self) -> (f64, u64) {
        if self.is_zero() {
            return (0.0, 0);
        }
        let (top, sticky, shift) = self.top_bits();
        let bits = 64 - i64::from(top.leading_zeros());
        let mantissa = ldexp_round(top, sticky, -bits);
        let exp = shift + bits as u64;
        let (mantissa, exp) = if mantissa == 1.0 { (0.5, exp + 1) } else { (mantissa, exp) };
        (if self.is_negative() { -mantissa } else { mantissa }, exp)
    }

    /// `int(value)`: truncated towards zero, `None` for infinities and NaN.
    pub fn from_f64(value: f64) -> Option<Int> {
        if !value.is_finite() {
            return None;
        }
        if value.abs() < 9.0e18 {
            return Some(Int::from(value as i64));
        }
        // Beyond 2**53 a float is whole: the mantissa moved left.
        let bits = value.to_bits();
        let exp = (bits >> 52 & 0x7ff) - 1075;
        let mantissa = Int::from(bits & ((1 << 52) - 1) | 1 << 52);
        let magnitude = mantissa.shl(exp).ok()?;
        Some(if value < 0.0 { magnitude.neg() } else { magnitude })
    }

    /// `a / b` as Python defines it for integers: the exact quotient, rounded once.
    pub fn true_div(a: &Int, b: &Int) -> Result<f64, DivError> {
        if b.is_zero() {
            return Err(DivError::Zero);
        }
        if a.is_zero() {
            return Ok(0.0);
        }
        let negative = a.is_negative() != b.is_negative();
        let difference = a.bit_length() as i64 - b.bit_length() as i64;
        if difference > 1025 {
            return Err(DivError::Overflow);
        }
        if difference < -1080 {
            return Ok(if negative { -0.0 } else { 0.0 });
        }
        // Move the numerator so that the quotient has 63 or 64 bits.
        let shift = 63 - difference;
        let (numerator, dropped) = if shift >= 0 {
            (a.abs().shl(shift as u64).map_err(|_| DivError::Overflow)?, false)
        } else {
            let lost = a.trailing_zeros().is_some_and(|zeros| zeros < shift.unsigned_abs());
            (a.abs().shr(shift.unsigned_abs()), lost)
        };
        let (quotient, remainder) = numerator.divmod(&b.abs()).ok_or(DivError::Zero)?;
        let quotient = quotient.to_u64().ok_or(DivError::Overflow)?;
        let magnitude = ldexp_round(quotient, dropped || !remainder.is_zero(), -shift);
        if magnitude.is_infinite() {
            return Err(DivError::Overflow);
        }
        Ok(if negative { -magnitude } else { magnitude })
    }

    /// The exact order of an integer and a float; `None` for NaN.
    pub fn partial_cmp_f64(&self, other: f64) -> Option<Ordering> {
        if other.is_nan() {
            return None;
        }
        if other == f64::INFINITY {
            return Some(Ordering::Less);
        }
        if other == f64::NEG_INFINITY {
            return Some(Ordering::Greater);
        }
        let sign = match other {
            value if value < 0.0 => Sign::Negative,
            value if value > 0.0 => Sign::Positive,
            _ => Sign::Zero,
        };
        if self.sign() != sign {
            return Some(self.sign().cmp(&sign));
        }
        if self.bit_length() > 1024 {
            let order = if self.is_negative() { Ordering::Less } else { Ordering::Greater };
            return Some(order);
        }
        let whole = Int::from_f64(other)?;
        // With equal whole parts the fraction decides, and it points away from zero.
        let fraction = other.fract();
        Some(self.cmp(&whole).then_with(|| 0.0f64.total_cmp(&(fraction + 0.0))))
    }

    /// Whether the integer and the float are the same number.
    pub fn eq_f64(&self, other: f64) -> bool {
        self.partial_cmp_f64(other) == Some(Ordering::Equal)
    }
}
