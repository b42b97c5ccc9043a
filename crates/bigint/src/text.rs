//! Digits to integers and back.
//!
//! Decimal text of common lengths is ours: dashu is several times slower than CPython around
//! 100 digits. Long numbers go to dashu, which divides and conquers.

use std::fmt::Write;

use dashu_int::UBig;

use crate::{Int, room};

/// 10**19, the largest power of ten in a word. Its top bit is set, which the division relies on.
const CHUNK: u64 = 10_000_000_000_000_000_000;
const CHUNK_DIGITS: usize = 19;
/// `(2**128 - 1) / CHUNK - 2**64`: the reciprocal that turns a division into multiplications.
const CHUNK_RECIPROCAL: u64 = (u128::MAX / CHUNK as u128 - (1 << 64)) as u64;

/// Up to here (in words) quadratic division beats divide and conquer; measured.
const SHORT_WORDS: usize = 90;
/// Up to here (in digits) the same for parsing.
const SHORT_DIGITS: usize = 1000;

/// `(high * 2**64 + low)` divided by [`CHUNK`], for `high < CHUNK`: quotient and remainder.
///
/// Möller and Granlund, "Improved division by invariant integers" (2011), algorithm 4.
fn div_chunk(high: u64, low: u64) -> (u64, u64) {
    let product = u128::from(CHUNK_RECIPROCAL) * u128::from(high)
        + (u128::from(high) << 64 | u128::from(low));
    let mut quotient = ((product >> 64) as u64).wrapping_add(1);
    let mut remainder = low.wrapping_sub(quotient.wrapping_mul(CHUNK));
    if remainder > product as u64 {
        quotient = quotient.wrapping_sub(1);
        remainder = remainder.wrapping_add(CHUNK);
    }
    if remainder >= CHUNK {
        quotient = quotient.wrapping_add(1);
        remainder -= CHUNK;
    }
    (quotient, remainder)
}

/// `00` to `99`, the digits written two at a time.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut value = 0;
    while value < 100 {
        pairs[value] = [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
        value += 1;
    }
    pairs
};

/// Writes `value` right-aligned into `out`, which it must fill with leading zeros.
fn put_digits(out: &mut [u8; CHUNK_DIGITS], mut value: u64) {
    let (first, pairs) = out.split_at_mut(1);
    for pair in pairs.rchunks_exact_mut(2) {
        pair.copy_from_slice(&PAIRS[(value % 100) as usize]);
        value /= 100;
    }
    first[0] = b'0' + (value % 10) as u8;
}

impl Int {
    /// The number written in `digits` (0-9, then a-z or A-Z) of `radix` (2 to 36).
    ///
    /// `None` for an empty string, any other character (a sign, an underscore, space), or a bad
    /// radix: those are the business of `numtext`.
    pub fn from_digits(digits: &[u8], radix: u32) -> Option<Int> {
        if digits.is_empty() || !(2..=36).contains(&radix) {
            return None;
        }
        if !digits.iter().all(|&byte| char::from(byte).is_digit(radix)) {
            return None;
        }
        if radix == 10 && digits.len() <= SHORT_DIGITS {
            return Some(short_from_decimal(digits));
        }
        let text = std::str::from_utf8(digits).ok()?;
        let magnitude = UBig::from_str_radix(text, radix).ok()?;
        Some(Int::from_magnitude(false, magnitude))
    }

    /// As [`Int::from_digits`], with an optional sign in front.
    pub fn from_str_radix(text: &str, radix: u32) -> Option<Int> {
        let bytes = text.as_bytes();
        match bytes.first()? {
            b'-' => Int::from_digits(&bytes[1..], radix).map(|value| value.neg()),
            b'+' => Int::from_digits(&bytes[1..], radix),
            _ => Int::from_digits(bytes, radix),
        }
    }

    /// The digits in `radix`, lower case, with a minus sign for negative numbers and no prefix.
    /// A radix outside 2 to 36 is taken as 10.
    pub fn to_string_radix(&self, radix: u32) -> String {
        match radix {
            10 => self.to_decimal(),
            2..=36 => self.long_text(radix),
            _ => self.to_decimal(),
        }
    }

    /// The digits, in a string that is as long from the start.
    fn long_text(&self, radix: u32) -> String {
        let mut text = String::with_capacity(room::digits(self, radix) + 1);
        // Writing to a string does not fail.
        let _ = write!(text, "{}", self.0.in_radix(radix as u8));
        text
    }

    /// The decimal digits, with a minus sign for negative numbers.
    pub fn to_decimal(&self) -> String {
        let words = self.words();
        if words.len() > SHORT_WORDS {
            return self.long_text(10);
        }
        if let Some(small) = self.to_i64() {
            return small.to_string();
        }
        let mut text = Vec::with_capacity(words.len() * 20 + 1);
        if self.is_negative() {
            text.push(b'-');
        }
        let mut words = words.to_vec();
        let mut chunks = Vec::with_capacity(words.len() * 64 / 63 + 1);
        while !words.is_empty() {
            let mut remainder = 0;
            // The top word may be above the divisor, which the division does not allow.
            if let Some(top) = words.last_mut()
                && *top >= CHUNK
            {
                remainder = *top - CHUNK;
                *top = 1;
                let below = words.len() - 1;
                remainder = divide(&mut words[..below], remainder);
            } else {
                remainder = divide(&mut words, remainder);
                if words.last() == Some(&0) {
                    words.pop();
                }
            }
            chunks.push(remainder);
        }
        let mut digits = [0; CHUNK_DIGITS];
        put_digits(&mut digits, chunks.pop().unwrap_or(0));
        let zeros =
            digits.iter().take(CHUNK_DIGITS - 1).take_while(|&&digit| digit == b'0').count();
        text.extend_from_slice(&digits[zeros..]);
        for &chunk in chunks.iter().rev() {
            put_digits(&mut digits, chunk);
            text.extend_from_slice(&digits);
        }
        // Only ASCII digits and a sign were written.
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Divides `words` (low first), continued upwards by `remainder`, by [`CHUNK`] in place.
fn divide(words: &mut [u64], mut remainder: u64) -> u64 {
    for word in words.iter_mut().rev() {
        (*word, remainder) = div_chunk(remainder, *word);
    }
    remainder
}

fn short_from_decimal(digits: &[u8]) -> Int {
    let mut words: Vec<u64> = Vec::with_capacity(digits.len() / CHUNK_DIGITS + 1);
    let first = digits.len() % CHUNK_DIGITS;
    let (head, tail) = digits.split_at(first);
    let value = |chunk: &[u8]| chunk.iter().fold(0, |sum, &byte| sum * 10 + u64::from(byte - b'0'));
    if !head.is_empty() {
        words.push(value(head));
    }
    for chunk in tail.chunks(CHUNK_DIGITS) {
        let mut carry = value(chunk);
        for word in words.iter_mut() {
            let wide = u128::from(*word) * u128::from(CHUNK) + u128::from(carry);
            *word = wide as u64;
            carry = (wide >> 64) as u64;
        }
        if carry != 0 {
            words.push(carry);
        }
    }
    Int::from_sign_words(false, &words)
}
