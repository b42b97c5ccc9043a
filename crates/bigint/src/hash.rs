//! The numeric hash: the value modulo 2**61 - 1, so that equal numbers of all types hash equal.
//!
//! The rules are those of "Hashing of numeric types" in the library reference (CPython's
//! `Python/pyhash.c`). -1 means an error in C, so a hash of -1 becomes -2.

use crate::Int;

/// `sys.hash_info.modulus` is `2**HASH_BITS - 1`.
pub const HASH_BITS: u32 = 61;
pub const HASH_MODULUS: u64 = (1 << HASH_BITS) - 1;
/// `hash(float('inf'))`
pub const HASH_INF: i64 = 314159;
/// The factor of the imaginary part in a complex number's hash.
pub const HASH_IMAG: u64 = 1000003;

fn signed(negative: bool, residue: u64) -> i64 {
    let hash = if negative { -(residue as i64) } else { residue as i64 };
    if hash == -1 { -2 } else { hash }
}

/// `hash(value)` of an integer in a machine word.
pub fn hash_i64(value: i64) -> i64 {
    signed(value < 0, value.unsigned_abs() % HASH_MODULUS)
}

/// `hash(value)` of a float, or `None` for NaN, whose hash depends on its identity.
pub fn hash_f64(value: f64) -> Option<i64> {
    if value.is_nan() {
        return None;
    }
    if value.is_infinite() {
        return Some(if value > 0.0 { HASH_INF } else { -HASH_INF });
    }
    if value.abs() < 1e15 && value == (value as i64) as f64 {
        return Some(hash_i64(value as i64));
    }
    let bits = value.to_bits();
    let field = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exp) =
        if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    // 2**61 is 1 in this ring, so a power of two is a rotation of 61 bits.
    let turn = exp.rem_euclid(HASH_BITS as i32) as u32;
    let rotated = (mantissa << turn & HASH_MODULUS) | mantissa >> (HASH_BITS - turn);
    Some(signed(value < 0.0, rotated % HASH_MODULUS))
}

impl Int {
    /// `hash(self)`.
    pub fn py_hash(&self) -> i64 {
        let residue = self.words().iter().rev().fold(0u64, |residue, &word| {
            // 2**64 is 8 in this ring, and residue * 8 fits 64 bits.
            let wide = (u128::from(residue) << 3) + u128::from(word);
            let folded = (wide as u64 & HASH_MODULUS) + (wide >> HASH_BITS) as u64;
            if folded >= HASH_MODULUS { folded - HASH_MODULUS } else { folded }
        });
        signed(self.is_negative(), residue)
    }
}
