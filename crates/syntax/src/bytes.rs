//! Looking for bytes in short texts. `memchr` is made for long ones: for a line or a string its first
//! look at the processor takes longer than all the rest.

pub(crate) const ONES: u64 = 0x0101_0101_0101_0101;
pub(crate) const HIGH: u64 = 0x80 * ONES;

/// Marks with the high bit the bytes of a word that are this one. Only up to the first is that exact.
#[inline]
fn marks(word: u64, byte: u8) -> u64 {
    let differ = word ^ (u64::from(byte) * ONES);
    differ.wrapping_sub(ONES) & !differ & HIGH
}

/// Where a byte is for the first time.
#[inline]
#[must_use]
pub fn find(byte: u8, text: &[u8]) -> Option<usize> {
    find_any([byte], text)
}

/// Where one of these bytes is for the first time.
#[inline]
#[must_use]
pub fn find_any<const N: usize>(bytes: [u8; N], text: &[u8]) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = bytes.iter().fold(0, |all, &byte| all | marks(word, byte));
        if found != 0 {
            return Some(n * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let Some(last) = text.last_chunk::<8>() else {
        return rest.iter().position(|byte| bytes.contains(byte));
    };
    // The last eight bytes at once; those looked at before are none of them.
    let word = u64::from_le_bytes(*last);
    let found = bytes.iter().fold(0, |all, &byte| all | marks(word, byte));
    (found != 0).then(|| text.len() - 8 + found.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_one_is_found() {
        for len in 0..40 {
            for at in 0..len {
                for byte in [0, 1, b'\n', 0x7f, 0x80, 0xff] {
                    // One more or one less is told apart, also behind and before it.
                    let mut text = vec![byte ^ 1; len];
                    assert_eq!(find(byte, &text), None);
                    text[at] = byte;
                    text[len - 1] = byte;
                    assert_eq!(find(byte, &text), Some(at));
                    assert_eq!(find_any([byte ^ 0x40, byte], &text), Some(at));
                }
            }
        }
    }
}
