//! `Int`: Python's `int` beyond a machine word, with Python's rules for signs, shifts and rounding.
//!
//! Answers to CPython's `Objects/longobject.c`. Not here: machine-word integers (the value word's
//! business), literals with prefixes and underscores (`numtext`), exceptions (errors are values).
//!
//! - `arith`: sums, products, floor division, powers, roots
//! - `bits`: shifts, two's complement logic, bytes
//! - `float`: to and from `f64`, true division, exact comparison
//! - `hash`: the numeric hash that makes `hash(2) == hash(2.0)`
//! - `text`: digits in any radix
//! - `room`: how much memory these take
//!
//! The digits are dashu-int's, behind a private field. What dashu leaves out or does otherwise
//! (floor division, rounding to `f64`, decimal text near 100 digits) is ours. Where memory may be short,
//! ask for `room` first: a failed allocation inside the digits would end the process.
#![forbid(unsafe_code)]

mod arith;
mod bits;
mod float;
mod hash;
pub mod room;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

use dashu_int::{IBig, Sign as DashuSign, UBig};

pub use arith::PowModError;
pub use bits::BytesError;
pub use float::{DivError, ldexp_round};
pub use hash::{HASH_BITS, HASH_IMAG, HASH_INF, HASH_MODULUS, hash_f64, hash_i64};

// The words handed out below are the digits' own; the whole runtime is 64-bit only.
const _: () = assert!(size_of::<dashu_int::Word>() == 8);

/// An integer of any size.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Int(IBig);

/// The result would be longer than [`MAX_BITS`].
///
/// Python calls this `MemoryError`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("integer too large")
    }
}

impl std::error::Error for TooLarge {}

/// No result is longer than this (4 GiB of digits).
pub const MAX_BITS: u64 = 1 << 35;

/// Whether a number of `bits` bits can be made.
pub fn check_bits(bits: u64) -> Result<(), TooLarge> {
    if bits > MAX_BITS { Err(TooLarge) } else { Ok(()) }
}

/// -1, 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sign {
    Negative,
    Zero,
    Positive,
}

macro_rules! from_primitive {
    ($($t:ty)*) => {$(
        impl From<$t> for Int {
            fn from(value: $t) -> Int {
                Int(IBig::from(value))
            }
        }
    )*};
}
from_primitive!(i32 u32 i64 u64 i128 u128 usize isize bool);

macro_rules! to_primitive {
    ($($name:ident $t:ty)*) => {$(
        #[doc = concat!("The value as `", stringify!($t), "`, if it fits.")]
        pub fn $name(&self) -> Option<$t> {
            <$t>::try_from(&self.0).ok()
        }
    )*};
}

impl Int {
    pub const ZERO: Int = Int(IBig::ZERO);
    pub const ONE: Int = Int(IBig::ONE);
    pub const NEG_ONE: Int = Int(IBig::NEG_ONE);

    to_primitive!(to_i32 i32 to_u32 u32 to_i64 i64 to_u64 u64 to_i128 i128 to_u128 u128 to_usize usize to_isize isize);

    /// The number with the given sign and magnitude, least significant word first.
    /// Leading zero words are allowed, and zero has no sign.
    pub fn from_sign_words(negative: bool, words: &[u64]) -> Int {
        Int::from_magnitude(negative, UBig::from_words(words))
    }

    /// The magnitude, least significant word first, without leading zero words (zero has none).
    pub fn words(&self) -> &[u64] {
        self.0.as_sign_words().1
    }

    /// The low 64 bits in two's complement (C's conversion to `unsigned long long`).
    pub fn low_u64(&self) -> u64 {
        let low = self.words().first().copied().unwrap_or(0);
        if self.is_negative() { low.wrapping_neg() } else { low }
    }

    pub fn sign(&self) -> Sign {
        if self.0.is_zero() {
            Sign::Zero
        } else if self.is_negative() {
            Sign::Negative
        } else {
            Sign::Positive
        }
    }

    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    pub fn is_negative(&self) -> bool {
        self.0.sign() == DashuSign::Negative
    }

    pub fn is_odd(&self) -> bool {
        self.words().first().is_some_and(|word| word & 1 == 1)
    }

    fn from_magnitude(negative: bool, magnitude: UBig) -> Int {
        let sign = if negative { DashuSign::Negative } else { DashuSign::Positive };
        Int(IBig::from_parts(sign, magnitude))
    }

    /// A copy of the absolute value.
    fn magnitude(&self) -> UBig {
        UBig::from_words(self.words())
    }
}

impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_decimal();
        f.pad_integral(!self.is_negative(), "", text.trim_start_matches('-'))
    }
}

impl fmt::Debug for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
