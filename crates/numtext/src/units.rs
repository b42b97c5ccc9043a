//! Text as the runtime stores it: code points at 1, 2 or 4 bytes each.

use std::ops::Range;

/// A sequence of code points (surrogates included) with constant-time access.
pub trait Units {
    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code point at `index`, which must be below [`Units::len`].
    fn at(&self, index: usize) -> u32;

    fn get(&self, index: usize) -> Option<u32> {
        (index < self.len()).then(|| self.at(index))
    }

    /// The first place in a range that holds one of two ASCII characters, or the range's end, which is not
    /// beyond the text's.
    fn find_either(&self, range: Range<usize>, a: char, b: char) -> usize {
        let (a, b) = (u32::from(a), u32::from(b));
        let found = |at: &usize| self.get(*at).is_some_and(|c| c == a || c == b);
        range.clone().find(found).unwrap_or(range.end)
    }
}

macro_rules! units {
    ($($t:ty)*) => {$(
        impl Units for [$t] {
            fn len(&self) -> usize {
                self.len()
            }

            fn at(&self, index: usize) -> u32 {
                u32::from(self[index])
            }
        }
    )*};
}
units!(u8 u16 u32 char);

/// The value of a decimal digit of any script, as `Py_UNICODE_TODECIMAL`.
pub(crate) fn digit_value(c: u32) -> Option<u32> {
    adder_unicode::decimal(c)
}

/// Reads a run of decimal digits from `pos` on: its value, if there is one, and where it ends.
/// `Err` when the value passes `limit`.
pub(crate) fn read_number<T: Units + ?Sized>(
    text: &T,
    pos: usize,
    limit: usize,
) -> Result<(Option<usize>, usize), ()> {
    let mut end = pos;
    let mut value = None;
    while let Some(digit) = text.get(end).and_then(digit_value) {
        let so_far = value.unwrap_or(0usize);
        let next = so_far.checked_mul(10).and_then(|v| v.checked_add(digit as usize));
        value = Some(next.filter(|&next| next <= limit).ok_or(())?);
        end += 1;
    }
    Ok((value, end))
}
