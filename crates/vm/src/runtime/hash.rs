//! Hashing text and bytes: SipHash-1-3 with the process's secret, as CPython 3.11 and later.

use crate::object::GilCell;
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

static KEYS: GilCell<(u64, u64)> = GilCell::new((0, 0));

/// Sets the secret: from `PYTHONHASHSEED`, or random.
pub fn set_secret(keys: (u64, u64)) {
    KEYS.set(keys);
}

/// The secret that `PYTHONHASHSEED=seed` stands for (the generator of `Python/bootstrap_hash.c`).
pub fn secret_from_seed(seed: u32) -> (u64, u64) {
    if seed == 0 {
        return (0, 0);
    }
    let mut state = seed;
    let mut byte = || {
        state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
        (state >> 16) as u8
    };
    let mut word = || u64::from_le_bytes(std::array::from_fn(|_| byte()));
    (word(), word())
}

/// The hash of a string's or bytes object's stored bytes: 0 only for none, never -1.
#[inline]
pub fn hash_bytes(bytes: &[u8]) -> i64 {
    if bytes.is_empty() {
        return 0;
    }
    let (k0, k1) = KEYS.get();
    let mut hasher = SipHasher13::new_with_keys(k0, k1);
    hasher.write(bytes);
    match hasher.finish() as i64 {
        -1 => -2,
        hash => hash,
    }
}

/// The hash of an address: its low bits are always zero, so they are rotated away.
pub fn hash_pointer(address: usize) -> i64 {
    address.rotate_right(4) as i64
}

/// Folds hashes of a tuple's items (xxHash's mixing, as CPython's `tuplehash`).
pub struct SequenceHash(u64);

const P1: u64 = 11_400_714_785_074_694_791;
const P2: u64 = 14_029_467_366_897_019_727;
const P5: u64 = 2_870_177_450_012_600_261;

impl Default for SequenceHash {
    fn default() -> Self {
        SequenceHash(P5)
    }
}

impl SequenceHash {
    #[inline]
    pub fn add(&mut self, lane: i64) {
        let acc = self.0.wrapping_add((lane as u64).wrapping_mul(P2));
        self.0 = acc.rotate_left(31).wrapping_mul(P1);
    }
    pub fn finish(self, len: usize) -> i64 {
        let acc = self.0.wrapping_add(len as u64 ^ (P5 ^ 3_527_539));
        if acc == u64::MAX { 1_546_275_796 } else { acc as i64 }
    }
}

pub fn hash_sequence(hashes: impl ExactSizeIterator<Item = i64>) -> i64 {
    let len = hashes.len();
    let mut folded = SequenceHash::default();
    hashes.for_each(|lane| folded.add(lane));
    folded.finish(len)
}

/// A random secret from the operating system.
pub fn random_secret() -> (u64, u64) {
    let mut bytes = [0u8; 16];
    crate::runtime::random::fill(&mut bytes);
    let word = |i: usize| u64::from_le_bytes(std::array::from_fn(|j| bytes[i + j]));
    (word(0), word(8))
}
