//! How much memory operations take at most, in bytes: what they give, their copies of the operands, and room
//! to work in.
//!
//! The digits' library panics where the allocator has none, so whoever is to raise an error instead asks
//! first. The bounds follow from how that library multiplies, on which all that is not linear rests;
//! `tests/room.rs` holds them against what the allocator is really asked for.

use crate::Int;

const WORD: usize = size_of::<u64>();

/// From so many words in the shorter factor on, numbers are multiplied by transforms; with fewer the room to
/// work in is a few times the factor.
const TRANSFORMED: usize = 4000;

/// Room to work in while a product of `total` words is made of two factors.
fn multiplying(total: usize, shorter: usize) -> usize {
    if shorter <= TRANSFORMED {
        return shorter.saturating_mul(6 * WORD);
    }
    // Transforms over three primes, of the product in pieces of 16 bits, with three more vectors of that length.
    let pieces = total.saturating_mul(4).saturating_add(1);
    let length = pieces.checked_next_power_of_two().unwrap_or(usize::MAX);
    length.saturating_mul(6 * WORD).saturating_add(words(total))
}

fn words(count: usize) -> usize {
    count.saturating_mul(WORD)
}

fn lengths(a: &Int, b: &Int) -> (usize, usize) {
    (a.words().len(), b.words().len())
}

/// For sums, shifts, logic, signs, and numbers from and to bytes: so many words come out, or go in.
pub fn linear(count: usize) -> usize {
    words(count).saturating_mul(3)
}

/// For `a * b`.
pub fn product(a: &Int, b: &Int) -> usize {
    let (a, b) = lengths(a, b);
    let total = a.saturating_add(b);
    multiplying(total, a.min(b)).saturating_add(linear(total))
}

/// For floor division and its remainder.
pub fn quotient(a: &Int, b: &Int) -> usize {
    let (a, b) = lengths(a, b);
    let linear = words(a.saturating_add(b)).saturating_mul(3);
    multiplying(b, (b / 2).min(a.saturating_sub(b))).saturating_add(linear)
}

/// For the greatest common divisor.
pub fn divisor(a: &Int, b: &Int) -> usize {
    let (a, b) = lengths(a, b);
    let shorter = a.min(b);
    multiplying(shorter, shorter / 2).saturating_add(words(a.saturating_add(b)).saturating_mul(3))
}

/// For the square root.
pub fn root(n: &Int) -> usize {
    let n = n.words().len() + 2;
    multiplying(n, n / 2).saturating_add(words(n).saturating_mul(4))
}

/// For `base ** exp`.
pub fn power(base: &Int, exp: u64) -> usize {
    let length = |bits: u64| {
        usize::try_from(u128::from(bits) * u128::from(exp) / 64 + 2).unwrap_or(usize::MAX)
    };
    // Powers of two are shifted.
    let odd = base.bit_length() - base.trailing_zeros().unwrap_or(0);
    let multiplied = if odd > 1 { length(odd) } else { 0 };
    multiplying(multiplied, multiplied / 2)
        .saturating_add(words(length(base.bit_length())).saturating_mul(4))
}

/// For `pow(base, exp, modulus)`.
pub fn modular_power(base: &Int, exp: &Int, modulus: &Int) -> usize {
    let n = modulus.words().len() + 1;
    // Odd powers of the base are kept, twice as many while that saves more products than it costs.
    let (bits, mut kept) = (exp.bit_length() as usize, 1usize);
    while kept < bits / (kept.ilog2() as usize + 2).pow(2) {
        kept *= 2;
    }
    let ring =
        multiplying(2 * n, n).saturating_add(words(n).saturating_mul(kept.saturating_add(12)));
    ring.max(quotient(base, modulus))
}

/// How many digits a number has in a radix, or one or two more.
pub fn digits(n: &Int, radix: u32) -> usize {
    (n.bit_length() as f64 / f64::from(radix.max(2)).log2()) as usize + 2
}

/// For the digits of a number in a radix: those, and making them.
pub fn text(n: &Int, radix: u32) -> usize {
    let (digits, n) = (digits(n, radix), n.words().len() + 2);
    let making = if radix.is_power_of_two() { 0 } else { multiplying(n, n / 2) };
    making.saturating_add(linear(2 * n)).saturating_add(digits)
}

/// For a number that is given by so many digits.
pub fn parsed(digits: usize, radix: u32) -> usize {
    let n = (digits as f64 * f64::from(radix.max(2)).log2() / 64.0) as usize + 2;
    let making = if radix.is_power_of_two() { 0 } else { multiplying(n, n / 2) };
    making.saturating_add(linear(2 * n))
}
