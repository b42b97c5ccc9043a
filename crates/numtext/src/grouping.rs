//! Digits in groups: thousands separators, and zero padding that is grouped too.

use crate::Error;

/// Separates `digits` into groups from the right and pads with zeros to `min_width`, separators
/// counted.
///
/// `sizes` are group lengths from the right, in the form of C's `lconv.grouping`: the last one
/// repeats, `i8::MAX` ends the grouping. The width may be exceeded by one, because a separator is
/// never the first character.
pub(crate) fn group_whole(
    digits: &str,
    separator: &str,
    sizes: &[u8],
    min_width: usize,
) -> Result<String, Error> {
    let no_room = |_| Error::memory();
    let separator_len = separator.chars().count();
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    let mut left = digits.len();
    let mut width = min_width as i128;
    let mut size_at = 0;
    loop {
        let size = match sizes.get(size_at).or(sizes.last()) {
            None | Some(0) => usize::MAX,
            Some(&size) if size == i8::MAX as u8 => usize::MAX,
            Some(&size) => size as usize,
        };
        size_at += 1;
        let wanted = (left as i128).max(width).max(1);
        let len = (size as i128).min(wanted) as usize;
        let taken = left.min(len);
        pieces.try_reserve(1).map_err(no_room)?;
        pieces.push((len - taken, taken));
        left -= taken;
        width -= len as i128;
        if left == 0 && width <= 0 {
            break;
        }
        width -= separator_len as i128;
    }
    let total: usize = pieces.iter().map(|(zeros, taken)| zeros + taken + separator.len()).sum();
    let mut out = String::new();
    out.try_reserve(total).map_err(no_room)?;
    let mut pos = 0;
    for (index, &(zeros, taken)) in pieces.iter().rev().enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        out.extend(std::iter::repeat_n('0', zeros));
        out.push_str(&digits[pos..pos + taken]);
        pos += taken;
    }
    Ok(out)
}

/// Separates the digits after the point into threes, from the left.
pub(crate) fn group_fraction(digits: &str, separator: &str) -> String {
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index % 3 == 0 {
            out.push_str(separator);
        }
        out.push(digit);
    }
    out
}
