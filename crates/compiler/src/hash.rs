//! A quick hash for small keys of our own making: symbols, addresses, constants' hashes. Not for
//! keys an adversary could choose in number and value at once: symbols are dense, addresses are
//! the allocator's.

use std::hash::{BuildHasherDefault, Hasher};

pub(crate) type Build = BuildHasherDefault<Multiply>;

#[derive(Default)]
pub(crate) struct Multiply(u64);

impl Hasher for Multiply {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word) ^ (chunk.len() as u64) << 56);
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        // The multiplier is 2**64 divided by the golden ratio, odd.
        self.0 = (self.0.rotate_left(25) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        // hashbrown takes the top seven bits and the low ones.
        self.0 ^ self.0 >> 32
    }
}
