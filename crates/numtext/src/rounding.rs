//! `round(x, n)`, `float.as_integer_ratio` and integers rounded to a power of ten.

use adder_bigint::Int;

use crate::Error;
use crate::float_text::{FloatText, Form};

/// From here on every float has fewer decimal places, or is a multiple of the power of ten.
const MAX_PLACES: i64 = 323;
const MIN_PLACES: i64 = -308;

/// `round(value, ndigits)`: the exact decimal value, rounded half to even, then the nearest float.
pub fn round_to(value: f64, ndigits: i64) -> Result<f64, Error> {
    if !value.is_finite() || ndigits > MAX_PLACES {
        return Ok(value);
    }
    if ndigits < MIN_PLACES || value == 0.0 {
        return Ok(0.0 * value);
    }
    let text = if ndigits >= 0 {
        FloatText::new(Form::Fixed { precision: ndigits as usize }).text(value.abs())?
    } else {
        round_whole(value.abs(), ndigits.unsigned_abs() as usize)?
    };
    let magnitude: f64 = text.parse().unwrap_or(value.abs());
    if magnitude.is_infinite() {
        return Err(Error::overflow("rounded value too large to represent"));
    }
    Ok(magnitude.copysign(value))
}

/// The text of `magnitude` rounded half to even to a multiple of `10**places`.
fn round_whole(magnitude: f64, places: usize) -> Result<String, Error> {
    let exact = FloatText::new(Form::Fixed { precision: 1074 }).text(magnitude)?;
    let (whole, fraction) = exact.split_once('.').unwrap_or((&exact, ""));
    let whole = format!("{whole:0>width$}", width = places + 1);
    let (kept, dropped) = whole.split_at(whole.len() - places);
    let odd = kept.bytes().last().is_some_and(|digit| digit % 2 == 1);
    let rest_zero = |text: &str| text.bytes().all(|digit| digit == b'0');
    let up = match dropped.as_bytes()[0] {
        b'0'..=b'4' => false,
        b'5' if rest_zero(&dropped[1..]) && rest_zero(fraction) => odd,
        _ => true,
    };
    // The digits kept, plus one where rounding up, with an exponent in place of the rest.
    let mut digits = kept.as_bytes().to_vec();
    if up {
        let carried = digits.iter_mut().rev().all(|digit| {
            let carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
            carry
        });
        if carried {
            digits.insert(0, b'1');
        }
    }
    let digits: String = digits.into_iter().map(char::from).collect();
    Ok(format!("{digits}e{places}"))
}

/// `round(value, -places)` for an integer, half to even; `None` if `10**places` is too large to
/// compute, which for any storable `value` means that the result is 0.
pub fn round_int(value: &Int, places: u64) -> Option<Int> {
    // 10**n has more bits than 3 n; anything under half of it rounds to 0.
    if places > value.bit_length() / 3 + 2 {
        return Some(Int::ZERO);
    }
    let unit = Int::from(10).pow(places).ok()?;
    let (quotient, remainder) = value.divmod(&unit)?;
    let twice = remainder.add(&remainder);
    let up = twice > unit || (twice == unit && quotient.is_odd());
    let quotient = if up { quotient.add(&Int::ONE) } else { quotient };
    quotient.mul(&unit).ok()
}

/// `value.as_integer_ratio()`: numerator and denominator in lowest terms.
pub fn as_integer_ratio(value: f64) -> Result<(Int, Int), Error> {
    if value.is_nan() {
        return Err(Error::value("cannot convert NaN to integer ratio"));
    }
    if value.is_infinite() {
        return Err(Error::overflow("cannot convert Infinity to integer ratio"));
    }
    if value == 0.0 {
        return Ok((Int::ZERO, Int::ONE));
    }
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = match (bits >> 52 & 0x7ff) as i32 {
        0 => (fraction, -1074),
        field => (fraction | 1 << 52, field - 1075),
    };
    let zeros = mantissa.trailing_zeros();
    let exponent = exponent + zeros as i32;
    let odd = Int::from(mantissa >> zeros);
    let odd = if value < 0.0 { odd.neg() } else { odd };
    // The exponent is within 11 bits, so neither shift can be too large.
    let shift = |base: &Int| base.shl(u64::from(exponent.unsigned_abs())).unwrap_or_default();
    Ok(if exponent >= 0 { (shift(&odd), Int::ONE) } else { (odd, shift(&Int::ONE)) })
}
