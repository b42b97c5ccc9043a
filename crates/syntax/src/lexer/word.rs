//! Words, eight bytes at a time: where a name ends, and whether it is a keyword.
//!
//! Names are short and their lengths vary, so a loop over their bytes ends where no branch
//! predictor expects it. Here all eight bytes are judged at once, each in its own byte of a word.

use super::token::{NAME_BYTE, Tok};
use crate::bytes::{HIGH, ONES};

/// The bytes that a name goes on with: the high bit of each.
#[inline]
fn name_bytes(word: u64) -> u64 {
    // With the high bit out of the way no sum carries into the byte above.
    let low = word & !HIGH;
    let at_least = |word: u64, byte: u8| word + (0x80 - u64::from(byte)) * ONES;
    let letters = low | (0x20 * ONES);
    let letter = at_least(letters, b'a') & !at_least(letters, b'z' + 1);
    let digit = at_least(low, b'0') & !at_least(low, b'9' + 1);
    let underscore = HIGH - (low ^ (u64::from(b'_') * ONES));
    (letter | digit | underscore) & !word & HIGH
}

/// Where the name that goes on at `at` ends.
fn end(src: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = src.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let others = !name_bytes(u64::from_le_bytes(*chunk)) & HIGH;
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while NAME_BYTE[src[at] as usize] {
        at += 1;
    }
    at
}

/// All keywords. `async` and `await` are left to the lexer, which knows the level.
const KEYWORDS: [(&str, Tok); 35] = [
    ("as", Tok::As),
    ("if", Tok::If),
    ("in", Tok::In),
    ("is", Tok::Is),
    ("or", Tok::Or),
    ("and", Tok::And),
    ("def", Tok::Def),
    ("del", Tok::Del),
    ("for", Tok::For),
    ("not", Tok::Not),
    ("try", Tok::Try),
    ("elif", Tok::Elif),
    ("else", Tok::Else),
    ("from", Tok::From),
    ("None", Tok::None),
    ("pass", Tok::Pass),
    ("True", Tok::True),
    ("with", Tok::With),
    ("async", Tok::Async),
    ("await", Tok::Await),
    ("break", Tok::Break),
    ("class", Tok::Class),
    ("False", Tok::False),
    ("raise", Tok::Raise),
    ("while", Tok::While),
    ("yield", Tok::Yield),
    ("assert", Tok::Assert),
    ("except", Tok::Except),
    ("global", Tok::Global),
    ("import", Tok::Import),
    ("lambda", Tok::Lambda),
    ("return", Tok::Return),
    ("finally", Tok::Finally),
    ("continue", Tok::Continue),
    ("nonlocal", Tok::Nonlocal),
];

/// A word of up to eight bytes as a number.
const fn packed(word: &[u8]) -> u64 {
    let mut number = 0;
    let mut i = word.len();
    while i > 0 {
        i -= 1;
        number = number << 8 | word[i] as u64;
    }
    number
}

/// Each keyword has a place of its own by this (found by trying multipliers).
const fn place(packed: u64) -> usize {
    (packed.wrapping_mul(0xb57c_8e05_e3c9_b0e1) >> 58) as usize
}

const TABLE: [(u64, Tok); 64] = {
    let mut table = [(0, Tok::Name); 64];
    let mut i = 0;
    while i < KEYWORDS.len() {
        let (word, tok) = KEYWORDS[i];
        let number = packed(word.as_bytes());
        table[place(number)] = (number, tok);
        i += 1;
    }
    table
};

/// What a word of up to eight bytes is: a keyword, or a name.
#[inline]
fn kind(packed: u64) -> Tok {
    let (keyword, tok) = TABLE[place(packed)];
    if keyword == packed { tok } else { Tok::Name }
}

/// Where the word that begins at `at` ends, and what it is: a keyword, or a name.
#[inline]
pub(super) fn read(src: &[u8], at: usize) -> (usize, Tok) {
    if let Some(chunk) = src.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let others = !name_bytes(word) & HIGH;
        if others != 0 {
            let len = others.trailing_zeros() as usize / 8;
            return (at + len, kind(word & !(u64::MAX << (8 * len))));
        }
    }
    let end = end(src, at);
    let is_long = end - at > 8;
    (end, if is_long { Tok::Name } else { kind(packed(&src[at..end])) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_are_told_apart() {
        for byte in 0..=255u8 {
            for at in 0..8 {
                let mut text = [b'a'; 20];
                text[at] = byte;
                text[19] = 0;
                let expected = if NAME_BYTE[byte as usize] { 19 } else { at };
                assert_eq!(end(&text, 0), expected, "{byte} at {at}");
            }
        }
        for len in 0..20 {
            let mut text = vec![b'_'; len];
            text.push(b' ');
            assert_eq!(end(&text, 0), len);
        }
    }

    #[test]
    fn keywords_are_found() {
        for (word, tok) in KEYWORDS {
            for behind in ["\0", " ", " and all that"] {
                let text = format!("{word}{behind}");
                assert_eq!(read(text.as_bytes(), 0), (word.len(), tok));
            }
        }
        for word in ["a", "iff", "definitely", "nonlocals", "NONE", "continu"] {
            assert_eq!(read(format!("{word} ").as_bytes(), 0), (word.len(), Tok::Name));
        }
    }
}
