//! Building strings code point by code point; the width grows when a character asks for it.

use super::{Chars, Str};
use crate::object::Ref;
use smallvec::SmallVec;

/// Collects characters for a new string.
pub struct StrBuilder {
    units: Units,
    ascii: bool,
}

enum Units {
    /// Most strings that are built are short: those need no buffer of their own.
    One(SmallVec<[u8; 96]>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl Default for StrBuilder {
    fn default() -> Self {
        StrBuilder::with_capacity(0)
    }
}

impl StrBuilder {
    pub fn new() -> StrBuilder {
        StrBuilder::default()
    }
    pub fn with_capacity(len: usize) -> StrBuilder {
        StrBuilder { units: Units::One(SmallVec::with_capacity(len)), ascii: true }
    }

    pub fn len(&self) -> usize {
        match &self.units {
            Units::One(v) => v.len(),
            Units::Two(v) => v.len(),
            Units::Four(v) => v.len(),
        }
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a code point (also a surrogate).
    #[inline]
    pub fn push(&mut self, c: u32) {
        match &mut self.units {
            Units::One(v) if c < 0x100 => {
                self.ascii &= c < 0x80;
                v.push(c as u8);
            }
            Units::Two(v) if c < 0x1_0000 => v.push(c as u16),
            Units::Four(v) => v.push(c),
            _ => self.widen(c),
        }
    }

    #[cold]
    fn widen(&mut self, c: u32) {
        self.ascii = false;
        let old = std::mem::replace(&mut self.units, Units::One(SmallVec::new()));
        self.units = match old {
            Units::One(v) if c < 0x1_0000 => Units::Two(v.into_iter().map(u16::from).collect()),
            Units::One(v) => Units::Four(v.into_iter().map(u32::from).collect()),
            Units::Two(v) => Units::Four(v.into_iter().map(u32::from).collect()),
            four => four,
        };
        self.push(c);
    }

    /// Adds bytes that are known to be ASCII.
    pub fn push_ascii(&mut self, text: &[u8]) {
        match &mut self.units {
            Units::One(v) => v.extend_from_slice(text),
            _ => text.iter().for_each(|c| self.push(u32::from(*c))),
        }
    }

    pub fn push_str(&mut self, text: &str) {
        if let Units::One(v) = &mut self.units
            && text.is_ascii()
        {
            v.extend_from_slice(text.as_bytes());
            return;
        }
        text.chars().for_each(|c| self.push(c as u32));
    }

    /// Adds a whole string.
    pub fn push_obj(&mut self, text: &Str) {
        match (&mut self.units, text.chars()) {
            (Units::One(v), Chars::Ascii(s)) => v.extend_from_slice(s.as_bytes()),
            (Units::One(v), Chars::One(s)) => {
                self.ascii = false;
                v.extend_from_slice(s);
            }
            (Units::Two(v), Chars::Two(s)) => v.extend_from_slice(s),
            (Units::Four(v), Chars::Four(s)) => v.extend_from_slice(s),
            _ => text.code_points().for_each(|c| self.push(c)),
        }
    }

    /// Adds characters `start..end` of a string.
    pub fn push_range(&mut self, text: &Str, start: usize, end: usize) {
        match (&mut self.units, text.chars()) {
            (Units::One(v), Chars::Ascii(s)) => v.extend_from_slice(&s.as_bytes()[start..end]),
            (Units::One(v), Chars::One(s)) => {
                self.ascii = false;
                v.extend_from_slice(&s[start..end]);
            }
            (Units::Two(v), Chars::Two(s)) => v.extend_from_slice(&s[start..end]),
            (Units::Four(v), Chars::Four(s)) => v.extend_from_slice(&s[start..end]),
            _ => (start..end).for_each(|i| self.push(text.at(i))),
        }
    }

    /// Adds a character `n` times.
    pub fn push_repeat(&mut self, c: u32, n: usize) {
        if let Units::One(v) = &mut self.units
            && c < 0x80
        {
            v.resize(v.len() + n, c as u8);
            return;
        }
        (0..n).for_each(|_| self.push(c));
    }

    /// The string. Units are narrowed if the widest character turned out to need less.
    pub fn finish(self) -> Ref<Str> {
        match self.units {
            Units::One(v) => {
                // One non-ASCII push may have been followed by none at all: look again.
                let ascii = self.ascii || v.is_ascii();
                if v.len() == 1 {
                    return super::intern::character(v[0] as u32);
                }
                Str::from_raw_parts(&v, 1, ascii)
            }
            Units::Two(v) => {
                if v.iter().all(|&c| c < 0x100) {
                    let narrow: Vec<u8> = v.into_iter().map(|c| c as u8).collect();
                    let ascii = narrow.is_ascii();
                    return Str::from_raw_parts(&narrow, 1, ascii);
                }
                let bytes: Vec<u8> = v.iter().flat_map(|c| c.to_ne_bytes()).collect();
                Str::from_raw_parts(&bytes, 2, false)
            }
            Units::Four(v) => {
                if v.iter().all(|&c| c < 0x1_0000) {
                    let mut narrow = StrBuilder { units: Units::Two(Vec::new()), ascii: false };
                    v.into_iter().for_each(|c| narrow.push(c));
                    return narrow.finish();
                }
                let bytes: Vec<u8> = v.iter().flat_map(|c| c.to_ne_bytes()).collect();
                Str::from_raw_parts(&bytes, 4, false)
            }
        }
    }
}

impl std::fmt::Write for StrBuilder {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

/// Appends a code point in generalised UTF-8.
pub(super) fn push_wtf8(out: &mut Vec<u8>, c: u32) {
    match c {
        0..0x80 => out.push(c as u8),
        0x80..0x800 => out.extend([0xc0 | (c >> 6) as u8, 0x80 | (c & 0x3f) as u8]),
        0x800..0x1_0000 => {
            out.extend([
                0xe0 | (c >> 12) as u8,
                0x80 | (c >> 6 & 0x3f) as u8,
                0x80 | (c & 0x3f) as u8,
            ]);
        }
        _ => out.extend([
            0xf0 | (c >> 18) as u8,
            0x80 | (c >> 12 & 0x3f) as u8,
            0x80 | (c >> 6 & 0x3f) as u8,
            0x80 | (c & 0x3f) as u8,
        ]),
    }
}

/// A new string from generalised UTF-8 (as the compiler's constants carry it); bytes that are not
/// well-formed become U+FFFD.
pub fn from_wtf8(bytes: &[u8]) -> Ref<Str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ref::from_str(text);
    }
    let mut builder = StrBuilder::with_capacity(bytes.len());
    let mut i = 0;
    let tail = |j: usize| bytes.get(j).filter(|b| **b & 0xc0 == 0x80).map(|b| u32::from(*b & 0x3f));
    while let Some(&b) = bytes.get(i) {
        let b = u32::from(b);
        let (c, n) = match b {
            0..0x80 => (Some(b), 1),
            0xc0..0xe0 => (tail(i + 1).map(|x| (b & 0x1f) << 6 | x), 2),
            0xe0..0xf0 => {
                (tail(i + 1).zip(tail(i + 2)).map(|(x, y)| (b & 0xf) << 12 | x << 6 | y), 3)
            }
            0xf0..0xf8 => (
                tail(i + 1)
                    .zip(tail(i + 2))
                    .zip(tail(i + 3))
                    .map(|((x, y), z)| (b & 7) << 18 | x << 12 | y << 6 | z),
                4,
            ),
            _ => (None, 1),
        };
        match c {
            Some(c) if c <= 0x10_ffff => {
                builder.push(c);
                i += n;
            }
            _ => {
                builder.push(0xfffd);
                i += 1;
            }
        }
    }
    builder.finish()
}
