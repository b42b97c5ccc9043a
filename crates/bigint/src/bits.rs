//! Shifts, logic on the infinite two's complement form, bit counts, and bytes.

use std::fmt;

use dashu_int::{IBig, UBig};

use crate::{Int, TooLarge, check_bits};

/// Why an integer has no form in the bytes asked for; the text is CPython's (`OverflowError`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BytesError {
    TooBig,
    NegativeToUnsigned,
}

impl fmt::Display for BytesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BytesError::TooBig => "int too big to convert",
            BytesError::NegativeToUnsigned => "can't convert negative int to unsigned",
        })
    }
}

impl std::error::Error for BytesError {}

impl Int {
    /// `self << count`.
    pub fn shl(&self, count: u64) -> Result<Int, TooLarge> {
        if self.is_zero() || count == 0 {
            return Ok(self.clone());
        }
        check_bits(self.bit_length().checked_add(count).ok_or(TooLarge)?)?;
        Ok(Int(&self.0 << count as usize))
    }

    /// `self >> count`, rounding towards minus infinity.
    pub fn shr(&self, count: u64) -> Int {
        if count >= self.bit_length() {
            return if self.is_negative() { Int::NEG_ONE } else { Int::ZERO };
        }
        Int(&self.0 >> count as usize)
    }

    pub fn and(&self, other: &Int) -> Int {
        Int(&self.0 & &other.0)
    }

    pub fn or(&self, other: &Int) -> Int {
        Int(&self.0 | &other.0)
    }

    pub fn xor(&self, other: &Int) -> Int {
        Int(&self.0 ^ &other.0)
    }

    /// `~self`, which is `-self - 1`.
    pub fn invert(&self) -> Int {
        Int(!&self.0)
    }

    /// The bits of the magnitude up to its highest one; 0 for 0.
    pub fn bit_length(&self) -> u64 {
        match self.words() {
            [] => 0,
            [rest @ .., top] => 64 * rest.len() as u64 + u64::from(64 - top.leading_zeros()),
        }
    }

    /// The ones in the magnitude.
    pub fn bit_count(&self) -> u64 {
        self.words().iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The zeros below the lowest one, or `None` for 0.
    pub fn trailing_zeros(&self) -> Option<u64> {
        let index = self.words().iter().position(|&word| word != 0)?;
        Some(64 * index as u64 + u64::from(self.words()[index].trailing_zeros()))
    }

    /// `int.to_bytes(length, 'little', signed=signed)`.
    pub fn to_le_bytes(&self, length: usize, signed: bool) -> Result<Vec<u8>, BytesError> {
        if self.is_negative() && !signed {
            return Err(BytesError::NegativeToUnsigned);
        }
        // dashu writes the shortest two's complement form, in which a top bit that would be read
        // as the sign costs one byte more; unsigned output has no such byte.
        let mut bytes = if signed {
            Vec::from(self.0.to_le_bytes())
        } else {
            Vec::from(self.magnitude().to_le_bytes())
        };
        if bytes.len() > length {
            return Err(BytesError::TooBig);
        }
        bytes.resize(length, if self.is_negative() { 0xff } else { 0 });
        Ok(bytes)
    }

    /// `int.to_bytes(length, 'big', signed=signed)`.
    pub fn to_be_bytes(&self, length: usize, signed: bool) -> Result<Vec<u8>, BytesError> {
        let mut bytes = self.to_le_bytes(length, signed)?;
        bytes.reverse();
        Ok(bytes)
    }

    /// `int.from_bytes(bytes, 'little', signed=signed)`.
    pub fn from_le_bytes(bytes: &[u8], signed: bool) -> Int {
        if signed {
            Int(IBig::from_le_bytes(bytes))
        } else {
            Int(UBig::from_le_bytes(bytes).into())
        }
    }

    /// `int.from_bytes(bytes, 'big', signed=signed)`.
    pub fn from_be_bytes(bytes: &[u8], signed: bool) -> Int {
        if signed {
            Int(IBig::from_be_bytes(bytes))
        } else {
            Int(UBig::from_be_bytes(bytes).into())
        }
    }
}
