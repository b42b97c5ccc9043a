//! Changes to a seed: bytes changed, pieces dropped, doubled, exchanged, taken from another seed or
//! from the target's words.

use crate::random::Random;

/// Seeds, and words that mean something in the format.
pub struct Corpus {
    pub seeds: Vec<Vec<u8>>,
    pub words: Vec<Vec<u8>>,
    /// Inputs do not grow beyond this.
    pub longest: usize,
}

impl Corpus {
    /// One seed a line; words separated by blanks.
    pub fn of_lines(seeds: &str, words: &str, longest: usize) -> Corpus {
        let seeds = seeds.lines().filter(|line| !line.is_empty());
        Corpus {
            seeds: seeds.map(|line| line.as_bytes().to_vec()).collect(),
            words: words.split_whitespace().map(|word| word.as_bytes().to_vec()).collect(),
            longest,
        }
    }

    /// A seed with some changes.
    pub fn mutated(&self, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.seed(random).to_vec();
        let changes = 1 + random.below(4) * random.below(3);
        for _ in 0..changes {
            self.change(random, &mut bytes);
        }
        bytes.truncate(self.longest);
        bytes
    }

    fn seed(&self, random: &mut Random) -> &[u8] {
        &self.seeds[random.below(self.seeds.len())]
    }

    fn change(&self, random: &mut Random, bytes: &mut Vec<u8>) {
        let at = random.below(bytes.len() + 1);
        let span = |random: &mut Random, from: usize, end: usize, most: usize| {
            (from + 1 + random.below(most)).min(end)
        };
        match random.below(10) {
            0 | 1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.byte();
                }
            }
            2 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            3 => {
                let end = span(random, at, bytes.len(), 12).max(at);
                bytes.drain(at..end);
            }
            4 | 5 if !self.words.is_empty() => {
                let word = &self.words[random.below(self.words.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            6 => {
                let from = random.below(bytes.len());
                let end = span(random, from, bytes.len(), 40).max(from);
                let copy = bytes[from..end].to_vec();
                bytes.splice(at..at, copy);
            }
            7 => {
                let other = self.seed(random);
                let from = random.below(other.len());
                let end = span(random, from, other.len(), 60).max(from);
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            8 => {
                // A byte many times over: deep nesting, long numbers.
                if let Some(&byte) = bytes.get(at) {
                    let many = 1 + random.below(40);
                    bytes.splice(at..at, std::iter::repeat_n(byte, many));
                }
            }
            _ => bytes.insert(at, random.byte()),
        }
    }
}

/// Cuts runs of digits, so that a width, a count or an exponent does not ask for gigabytes; one that
/// is long enough for any machine integer to overflow may stay.
pub fn short_numbers(bytes: &mut Vec<u8>, most: usize) {
    let mut run = 0;
    let long = bytes.split(|byte| !byte.is_ascii_digit()).any(|digits| {
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        digits.len() > most && digits.len() - zeros < 20
    });
    if !long {
        return;
    }
    bytes.retain(|byte| {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        run <= most
    });
}

/// Splits an input into a leading number and the rest.
pub fn selector(input: &[u8]) -> (usize, &[u8]) {
    match input.split_first() {
        Some((&first, rest)) => (first as usize, rest),
        None => (0, input),
    }
}

/// Any bytes as text; half the time, by their first bit, undecodable bytes become astral characters
/// or surrogates, so that every width of a str occurs.
pub fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes
            .iter()
            .map(|&byte| match byte {
                0..0x80 => byte as char,
                0x80..0xc0 => char::from_u32(u32::from(byte) * 3).unwrap_or('x'),
                0xc0..0xe0 => char::from_u32(0x4e00 + u32::from(byte)).unwrap_or('x'),
                _ => char::from_u32(0x1d400 + u32::from(byte & 31)).unwrap_or('x'),
            })
            .collect(),
    }
}
