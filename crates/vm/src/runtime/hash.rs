//! Hashing text and bytes: SipHash-1-3 with the process's secret, as CPython 3.11 and later.

use crate::object::GilCell;

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
    match siphash13(KEYS.get(), bytes) as i64 {
        -1 => -2,
        hash => hash,
    }
}

/// SipHash with one round for each word and three at the end, over all bytes at once.
pub(crate) fn siphash13((k0, k1): (u64, u64), bytes: &[u8]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        v[3] ^= word;
        sip_round(&mut v);
        v[0] ^= word;
    }
    // The bytes behind the last word: they end the last eight of the text, if it has as many.
    let rest = match (rest.len(), bytes.last_chunk()) {
        (0, _) => 0,
        (n, Some(last)) => u64::from_le_bytes(*last) >> (64 - 8 * n),
        (_, None) => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    let last = rest | (bytes.len() as u64) << 56;
    v[3] ^= last;
    sip_round(&mut v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for _ in 0..3 {
        sip_round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

#[inline(always)]
fn sip_round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32).wrapping_add(v[3]);
    v[2] = v[2].wrapping_add(v[1]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siphash_is_what_others_compute() {
        use std::hash::Hasher;
        let text: Vec<u8> = (0..100u8).map(|n| n.wrapping_mul(167)).collect();
        for (keys, length) in (0..text.len()).flat_map(|n| [((0, 0), n), ((1 << 63 | 5, 77), n)]) {
            let mut known = siphasher::sip::SipHasher13::new_with_keys(keys.0, keys.1);
            known.write(&text[..length]);
            assert_eq!(siphash13(keys, &text[..length]), known.finish(), "{length}");
        }
    }
}
