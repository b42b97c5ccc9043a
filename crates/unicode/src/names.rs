//! A character's name, and the characters for a name.
//!
//! Names are stored as words: a byte below 192 is one of the most used words, any other begins a
//! two-byte number. They lie in the order of their code points, 16 to a block, each with its
//! length in front; a second table holds their order by name. Names that end in their own code
//! point, and Hangul syllables, follow rules instead.

use std::cmp::Ordering;
use std::ops::Deref;

use crate::layout::{
    DERIVED_FIRST, DERIVED_LAST, DERIVED_PREFIX, DERIVED_PREFIXES, EXTRA_NAMES, EXTRA_PLACES,
    NAME_BASE, NAME_BLOCK, NAME_COUNT, NAME_FIRST, NAME_ORDER, NAME_PLACES, NAMES, WORD_LENGTH,
    WORD_PLACE, WORD_START, WORDS,
};
use crate::normalize::{L_COUNT, T_COUNT, V_COUNT, hangul_parts, hangul_syllable};

const ONE_BYTE_WORDS: usize = 192;

/// What a name stands for: one character, or a sequence of up to eight that has a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Named {
    codes: [u32; 8],
    len: usize,
}

impl Deref for Named {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.codes[..self.len]
    }
}

impl Named {
    fn one(code: u32) -> Named {
        Named { codes: [code, 0, 0, 0, 0, 0, 0, 0], len: 1 }
    }

    /// The character, if it is only one.
    pub fn single(&self) -> Option<u32> {
        match **self {
            [code] => Some(code),
            _ => None,
        }
    }
}

/// The short names of the jamo (Jamo.txt), from which syllables take their names.
static LEADING: [&str; L_COUNT as usize] = [
    "G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P",
    "H",
];
static VOWEL: [&str; V_COUNT as usize] = [
    "A", "AE", "YA", "YAE", "EO", "E", "YEO", "YE", "O", "WA", "WAE", "OE", "YO", "U", "WEO", "WE",
    "WI", "YU", "EU", "YI", "I",
];
static TRAILING: [&str; T_COUNT as usize] = [
    "", "G", "GG", "GS", "N", "NJ", "NH", "D", "L", "LG", "LM", "LB", "LS", "LT", "LP", "LH", "M",
    "B", "BS", "S", "SS", "NG", "J", "C", "K", "T", "P", "H",
];

const HANGUL: &str = "HANGUL SYLLABLE ";

/// Prefixes whose rest CPython computes: case matters there, and a zero may stand in front.
const COMPUTED: [&str; 2] = ["CJK UNIFIED IDEOGRAPH-", "TANGUT IDEOGRAPH-"];

fn word(number: usize) -> &'static [u8] {
    let group = WORD_START.partition_point(|&start| usize::from(start) <= number) - 1;
    let len = usize::from(WORD_LENGTH[group]);
    let place = WORD_PLACE[group] as usize + (number - usize::from(WORD_START[group])) * len;
    &WORDS[place..place + len]
}

/// The bytes of a stored name, joined from its words.
fn spell(encoded: &'static [u8]) -> impl Iterator<Item = u8> {
    let mut rest = encoded;
    let mut first = true;
    std::iter::from_fn(move || {
        let (&byte, after) = rest.split_first()?;
        let lead = usize::from(byte);
        let number = if lead < ONE_BYTE_WORDS {
            rest = after;
            lead
        } else {
            let (&low, after) = after.split_first()?;
            rest = after;
            ONE_BYTE_WORDS + (lead - ONE_BYTE_WORDS) * 256 + usize::from(low)
        };
        let space = !std::mem::take(&mut first);
        Some(space.then_some(b' ').into_iter().chain(word(number).iter().copied()))
    })
    .flatten()
}

/// The stored name at `place` of `data`, and where the next thing begins.
fn stored(data: &'static [u8], place: usize) -> (&'static [u8], usize) {
    let len = usize::from(data[place]);
    (&data[place + 1..place + 1 + len], place + 1 + len)
}

fn name_at(index: usize) -> &'static [u8] {
    let mut place = NAME_PLACES[index / NAME_BLOCK] as usize;
    for _ in 0..index % NAME_BLOCK {
        (_, place) = stored(NAMES, place);
    }
    stored(NAMES, place).0
}

fn code_of(index: usize) -> u32 {
    let span = NAME_BASE.partition_point(|&base| usize::from(base) <= index) - 1;
    NAME_FIRST[span] + (index - usize::from(NAME_BASE[span])) as u32
}

fn index_of(code: u32) -> Option<usize> {
    let span = NAME_FIRST.partition_point(|&first| first <= code).checked_sub(1)?;
    let base = usize::from(NAME_BASE[span]);
    let end = NAME_BASE.get(span + 1).map_or(NAME_COUNT, |&base| usize::from(base));
    let index = base + (code - NAME_FIRST[span]) as usize;
    (index < end).then_some(index)
}

/// The prefix of a name that ends in its own code point.
fn derived_prefix(code: u32) -> Option<&'static str> {
    let span = DERIVED_FIRST.partition_point(|&first| first <= code).checked_sub(1)?;
    (code <= DERIVED_LAST[span]).then(|| DERIVED_PREFIXES[usize::from(DERIVED_PREFIX[span])])
}

/// The character's name (`unicodedata.name`).
pub fn name(c: impl Into<u32>) -> Option<String> {
    let code = c.into();
    if let Some((l, v, t)) = hangul_parts(code) {
        let (l, v, t) = (LEADING[l as usize], VOWEL[v as usize], TRAILING[t as usize]);
        return Some(format!("{HANGUL}{l}{v}{t}"));
    }
    if let Some(prefix) = derived_prefix(code) {
        return Some(format!("{prefix}{code:04X}"));
    }
    Some(spell(name_at(index_of(code)?)).map(char::from).collect())
}

/// The longest of `parts` that `text` begins with, by its number, and what follows it.
fn longest_part<'a>(text: &'a str, parts: &[&str]) -> Option<(u32, &'a str)> {
    let matching = (0..parts.len()).filter(|&index| text.starts_with(parts[index]));
    let best = matching.max_by_key(|&index| parts[index].len())?;
    Some((best as u32, &text[parts[best].len()..]))
}

fn hangul_by_name(rest: &str) -> Option<u32> {
    let (l, rest) = longest_part(rest, &LEADING)?;
    let (v, rest) = longest_part(rest, &VOWEL)?;
    let (t, rest) = longest_part(rest, &TRAILING)?;
    rest.is_empty().then(|| hangul_syllable(l, v, t))
}

fn hexadecimal(digits: &str) -> Option<u32> {
    let upper = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    let fits = matches!(digits.len(), 4 | 5) && digits.bytes().all(upper);
    if fits { u32::from_str_radix(digits, 16).ok() } else { None }
}

/// The characters called `name`, by a character's name, an alias or a named sequence
/// (`unicodedata.lookup`); `\N{...}` takes only those that are [`Named::single`].
///
/// Case does not matter, but for the names that follow rules.
pub fn lookup(name: &str) -> Option<Named> {
    if let Some(rest) = name.strip_prefix(HANGUL) {
        return hangul_by_name(rest).map(Named::one);
    }
    for prefix in COMPUTED {
        if let Some(digits) = name.strip_prefix(prefix) {
            let code = hexadecimal(digits)?;
            return (derived_prefix(code) == Some(prefix)).then(|| Named::one(code));
        }
    }
    let name = name.to_ascii_uppercase();
    for prefix in DERIVED_PREFIXES {
        if let Some(code) = name.strip_prefix(prefix).and_then(hexadecimal)
            && derived_prefix(code) == Some(prefix)
            && !COMPUTED.contains(&prefix)
            && name.ends_with(&format!("-{code:04X}"))
        {
            return Some(Named::one(code));
        }
    }
    let order = |encoded: &'static [u8]| -> Ordering { spell(encoded).cmp(name.bytes()) };
    if let Ok(at) = NAME_ORDER.binary_search_by(|&index| order(name_at(usize::from(index)))) {
        return Some(Named::one(code_of(usize::from(NAME_ORDER[at]))));
    }
    let at = EXTRA_PLACES
        .binary_search_by(|&place| order(stored(&EXTRA_NAMES, place as usize).0))
        .ok()?;
    let (_, end) = stored(&EXTRA_NAMES, EXTRA_PLACES[at] as usize);
    let len = usize::from(EXTRA_NAMES[end]);
    let mut codes = [0; 8];
    for (code, bytes) in codes.iter_mut().zip(EXTRA_NAMES[end + 1..].chunks(3)).take(len) {
        *code = bytes.iter().rev().fold(0, |code, &byte| code << 8 | u32::from(byte));
    }
    Some(Named { codes, len: len.min(codes.len()) })
}
