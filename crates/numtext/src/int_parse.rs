//! `int(text, base)`: signs, prefixes and underscores, and the limit on decimal digits.

use adder_bigint::Int;

use crate::float_parse::trim;

/// `sys.int_info.default_max_str_digits`
pub const DEFAULT_MAX_STR_DIGITS: usize = 4300;
/// `sys.int_info.str_digits_check_threshold`: below it no limit may be set.
pub const STR_DIGITS_CHECK_THRESHOLD: usize = 640;

/// A parsed integer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parsed {
    Small(i64),
    Big(Int),
}

impl Parsed {
    pub fn into_int(self) -> Int {
        match self {
            Parsed::Small(value) => Int::from(value),
            Parsed::Big(value) => value,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntParseError {
    /// `ValueError: invalid literal for int() with base B: TEXT`, composed by the caller.
    Invalid,
    /// More digits than the limit; see [`parse_limit_text`].
    TooManyDigits(usize),
}

/// `ValueError`'s text for [`IntParseError::TooManyDigits`].
pub fn parse_limit_text(limit: usize, digits: usize) -> String {
    format!(
        "Exceeds the limit ({limit} digits) for integer string conversion: value has {digits} \
         digits; use sys.set_int_max_str_digits() to increase the limit"
    )
}

/// `ValueError`'s text for an integer whose decimal text would be too long.
pub fn print_limit_text(limit: usize) -> String {
    format!(
        "Exceeds the limit ({limit} digits) for integer string conversion; \
         use sys.set_int_max_str_digits() to increase the limit"
    )
}

/// Whether the decimal text of `value` has more than `limit` digits (0: no limit), as far as can
/// be told without computing it: a `Some` is certain.
pub fn exceeds_limit(value: &Int, limit: usize) -> Option<bool> {
    if limit == 0 {
        return Some(false);
    }
    // floor(log10(2) * 2**32): from below for the digits that are there at least.
    const LOG10_2: u128 = 1_292_913_986;
    let bits = u128::from(value.bit_length());
    let at_least = (bits.saturating_sub(1) * LOG10_2) >> 32;
    let at_most = ((bits * (LOG10_2 + 1)) >> 32) + 1;
    if at_least >= limit as u128 {
        return Some(true);
    }
    (at_most <= limit as u128).then_some(false)
}

/// `int(text, base)` for base 0 or 2 to 36. `text` is ASCII bytes (see [`crate::float_parse`]).
/// `limit` is the most digits allowed where the base is no power of two, 0 for no limit.
pub fn parse_int(text: &[u8], base: u32, limit: usize) -> Result<Parsed, IntParseError> {
    let text = trim(text);
    let (negative, body) = match text {
        [b'-', body @ ..] => (true, body),
        [b'+', body @ ..] => (false, body),
        body => (false, body),
    };
    let prefixed = match body {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 0,
    };
    let (radix, body) = match base {
        0 if prefixed != 0 => (prefixed, after_prefix(body)),
        0 => {
            // As in source code, a decimal number has no leading zero, unless it is zero.
            let zeros_only = body.iter().all(|byte| matches!(byte, b'0' | b'_'));
            if body.first() == Some(&b'0') && !zeros_only {
                return Err(IntParseError::Invalid);
            }
            (10, body)
        }
        _ if base == prefixed => (base, after_prefix(body)),
        _ => (base, body),
    };
    let digits = plain_digits(body, radix).ok_or(IntParseError::Invalid)?;
    if let Some(small) = parse_small(&digits, radix, negative) {
        return Ok(Parsed::Small(small));
    }
    if !radix.is_power_of_two() && limit > 0 && digits.len() > limit {
        return Err(IntParseError::TooManyDigits(digits.len()));
    }
    let value = Int::from_digits(&digits, radix).ok_or(IntParseError::Invalid)?;
    let value = if negative { value.neg() } else { value };
    Ok(value.to_i64().map_or(Parsed::Big(value), Parsed::Small))
}

/// One underscore may separate the prefix from the digits.
fn after_prefix(body: &[u8]) -> &[u8] {
    let body = &body[2..];
    body.strip_prefix(b"_").unwrap_or(body)
}

/// The digits without single underscores between them; `None` if anything else is there.
fn plain_digits(body: &[u8], radix: u32) -> Option<std::borrow::Cow<'_, [u8]>> {
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
    if !(2..=36).contains(&radix) {
        return None;
    }
    if !body.is_empty() && body.iter().all(is_digit) {
        return Some(body.into());
    }
    let mut digits = Vec::with_capacity(body.len());
    for group in body.split(|&byte| byte == b'_') {
        if group.is_empty() || !group.iter().all(is_digit) {
            return None;
        }
        digits.extend_from_slice(group);
    }
    Some(digits.into())
}

fn parse_small(digits: &[u8], radix: u32, negative: bool) -> Option<i64> {
    // 12 digits of base 36, the worst case, fit 63 bits; longer text goes the long way.
    if digits.len() > if radix <= 10 { 18 } else { 12 } {
        return None;
    }
    let mut value = 0i64;
    for &digit in digits {
        value = value * i64::from(radix) + i64::from(char::from(digit).to_digit(radix)?);
    }
    Some(if negative { -value } else { value })
}
