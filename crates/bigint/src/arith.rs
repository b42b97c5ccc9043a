//! Sums, products, floor division, powers, roots and divisors.
//!
//! Division floors as Python's does: the remainder has the divisor's sign.

use std::fmt;

use dashu_int::UBig;
use dashu_int::fast_div::ConstDivisor;
use dashu_int::ops::{Abs, DivRem, Gcd, SquareRoot};

use crate::{Int, TooLarge, check_bits};

/// Why `pow(base, exp, modulus)` has no value; the text is CPython's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PowModError {
    ZeroModulus,
    NotInvertible,
}

impl fmt::Display for PowModError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PowModError::ZeroModulus => "pow() 3rd argument cannot be 0",
            PowModError::NotInvertible => "base is not invertible for the given modulus",
        })
    }
}

impl std::error::Error for PowModError {}

impl Int {
    pub fn add(&self, other: &Int) -> Int {
        Int(&self.0 + &other.0)
    }

    pub fn sub(&self, other: &Int) -> Int {
        Int(&self.0 - &other.0)
    }

    /// The product, unless it is too long for memory.
    pub fn mul(&self, other: &Int) -> Result<Int, TooLarge> {
        check_bits(64 * (self.words().len() + other.words().len()) as u64)?;
        Ok(Int(&self.0 * &other.0))
    }

    pub fn neg(&self) -> Int {
        Int(-&self.0)
    }

    pub fn abs(&self) -> Int {
        Int((&self.0).abs())
    }

    /// `divmod(self, other)`, or `None` for a zero divisor.
    pub fn divmod(&self, other: &Int) -> Option<(Int, Int)> {
        if other.is_zero() {
            return None;
        }
        let (mut quotient, mut remainder) = (&self.0).div_rem(&other.0);
        // Truncation and floor differ where the exact quotient is negative and not whole.
        if !remainder.is_zero() && self.is_negative() != other.is_negative() {
            quotient -= 1;
            remainder += &other.0;
        }
        Some((Int(quotient), Int(remainder)))
    }

    /// `self // other`, or `None` for a zero divisor.
    pub fn floor_div(&self, other: &Int) -> Option<Int> {
        self.divmod(other).map(|(quotient, _)| quotient)
    }

    /// `self % other`, with the divisor's sign, or `None` for a zero divisor.
    pub fn modulo(&self, other: &Int) -> Option<Int> {
        if other.is_zero() {
            return None;
        }
        let mut remainder = &self.0 % &other.0;
        if !remainder.is_zero() && self.is_negative() != other.is_negative() {
            remainder += &other.0;
        }
        Some(Int(remainder))
    }

    /// `self ** exp` for a non-negative exponent.
    pub fn pow(&self, exp: u64) -> Result<Int, TooLarge> {
        if exp == 0 {
            return Ok(Int::ONE);
        }
        if let [] | [1] = self.words() {
            let negated = self.is_negative() && exp.is_multiple_of(2);
            return Ok(if negated { self.neg() } else { self.clone() });
        }
        let bits = u128::from(self.bit_length()) * u128::from(exp);
        check_bits(u64::try_from(bits).map_err(|_| TooLarge)?)?;
        Ok(Int(self.0.pow(exp as usize)))
    }

    /// `pow(self, exp, modulus)`: the result has the modulus's sign; a negative exponent means
    /// the modular inverse raised to its absolute value.
    pub fn pow_mod(&self, exp: &Int, modulus: &Int) -> Result<Int, PowModError> {
        if modulus.is_zero() {
            return Err(PowModError::ZeroModulus);
        }
        let ring_size = modulus.magnitude();
        if ring_size.is_one() {
            return Ok(Int::ZERO);
        }
        let base = self.modulo(&modulus.abs()).unwrap_or_default().magnitude();
        let ring = ConstDivisor::new(ring_size);
        let mut base = ring.reduce(base);
        if exp.is_negative() {
            base = base.inv().ok_or(PowModError::NotInvertible)?;
        }
        let result = Int::from_magnitude(false, base.pow(&exp.magnitude()).residue());
        if modulus.is_negative() && !result.is_zero() {
            return Ok(result.add(modulus));
        }
        Ok(result)
    }

    /// The floor of the square root, or `None` for a negative number.
    pub fn isqrt(&self) -> Option<Int> {
        if self.is_negative() {
            return None;
        }
        Some(Int::from_magnitude(false, self.magnitude().sqrt()))
    }

    /// The greatest common divisor, never negative; `gcd(0, 0)` is 0.
    pub fn gcd(&self, other: &Int) -> Int {
        if self.is_zero() {
            return other.abs();
        }
        if other.is_zero() {
            return self.abs();
        }
        let gcd: UBig = self.magnitude().gcd(other.magnitude());
        Int::from_magnitude(false, gcd)
    }
}
