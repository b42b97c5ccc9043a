//! Building strings code point by code point; the width grows when a character asks for it.

use super::{Chars, Str};
use crate::object::Ref;
use crate::runtime::errors::PyResult;
use crate::runtime::memory;
use crate::runtime::vm::Vm;

/// Collects characters for a new string. What there is no memory for is left out, and is a `MemoryError` in
/// the end: [`StrBuilder::finish_in`] gives it, the main loop raises it after [`StrBuilder::finish`].
pub struct StrBuilder {
    units: Units,
    ascii: bool,
    /// Was something left out? Then all that follows is, too.
    lost: bool,
}

/// Is there room for more units, or can it be made?
#[inline(always)]
fn room<T>(units: &mut Vec<T>, more: usize, lost: &mut bool) -> bool {
    more <= units.capacity() - units.len() || grow(units, more, lost)
}

#[cold]
#[inline(never)]
fn grow<T>(units: &mut Vec<T>, more: usize, lost: &mut bool) -> bool {
    *lost = *lost || !memory::try_grow(units, more);
    !*lost
}

enum Units {
    /// Most strings that are built are short: those need no buffer of their own.
    Few(Few),
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

/// Characters of one byte each, as many as there is room for.
struct Few {
    bytes: [u8; FEW],
    len: usize,
}

const FEW: usize = 96;

impl Few {
    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
    /// Room for `n` more, if there is so much.
    #[inline]
    fn extend(&mut self, n: usize) -> Option<&mut [u8]> {
        let room = self.bytes.get_mut(self.len..)?.get_mut(..n)?;
        self.len += n;
        Some(room)
    }
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
        let units = if len <= FEW {
            Units::Few(Few { bytes: [0; FEW], len: 0 })
        } else {
            let mut units = Vec::new();
            // If there is no room now, there may be when it is wanted.
            let _ = memory::asking(|| units.try_reserve_exact(len));
            Units::One(units)
        };
        StrBuilder { units, ascii: true, lost: false }
    }

    pub fn len(&self) -> usize {
        match &self.units {
            Units::Few(v) => v.len,
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
            Units::Few(v) if c < 0x100 && v.len < FEW => {
                self.ascii &= c < 0x80;
                v.bytes[v.len] = c as u8;
                v.len += 1;
            }
            Units::One(v) if c < 0x100 => {
                self.ascii &= c < 0x80;
                if room(v, 1, &mut self.lost) {
                    v.push(c as u8);
                }
            }
            Units::Two(v) if c < 0x1_0000 => {
                if room(v, 1, &mut self.lost) {
                    v.push(c as u16);
                }
            }
            Units::Four(v) => {
                if room(v, 1, &mut self.lost) {
                    v.push(c);
                }
            }
            _ => self.widen(c),
        }
    }

    /// Adds a code point for which there is no room, or not in this width.
    #[cold]
    fn widen(&mut self, c: u32) {
        const WIDEST: usize = 4;
        self.lost = self.lost || !memory::has_room(self.len().saturating_mul(WIDEST));
        if self.lost {
            return;
        }
        let narrow = match &self.units {
            Units::Few(v) => v.as_slice(),
            Units::One(v) => v,
            Units::Two(v) => {
                self.units = Units::Four(v.iter().map(|&u| u.into()).collect());
                return self.push(c);
            }
            Units::Four(_) => &[],
        };
        if c < 0x100 {
            self.units = Units::One(narrow.to_vec());
            return self.push(c);
        }
        self.ascii = false;
        self.units = if c < 0x1_0000 {
            Units::Two(narrow.iter().map(|&u| u.into()).collect())
        } else {
            Units::Four(narrow.iter().map(|&u| u.into()).collect())
        };
        self.push(c);
    }

    /// Adds characters of one byte each; `false` if the units are wider.
    #[inline]
    fn push_bytes(&mut self, text: &[u8]) -> bool {
        match &mut self.units {
            Units::Few(v) => match v.extend(text.len()) {
                Some(room) => room.copy_from_slice(text),
                None => self.outgrow(text),
            },
            Units::One(v) => {
                if room(v, text.len(), &mut self.lost) {
                    v.extend_from_slice(text);
                }
            }
            _ => return false,
        }
        true
    }

    /// Adds bytes for which there is no room in the builder itself.
    #[cold]
    fn outgrow(&mut self, text: &[u8]) {
        if let Units::Few(v) = &self.units {
            let mut all = Vec::with_capacity((v.len + text.len().min(memory::LARGE)).max(2 * FEW));
            all.extend_from_slice(v.as_slice());
            if room(&mut all, text.len(), &mut self.lost) {
                all.extend_from_slice(text);
            }
            self.units = Units::One(all);
        }
    }

    /// Adds bytes that are known to be ASCII.
    #[inline]
    pub fn push_ascii(&mut self, text: &[u8]) {
        if !self.push_bytes(text) {
            text.iter().for_each(|c| self.push(u32::from(*c)));
        }
    }

    pub fn push_str(&mut self, text: &str) {
        if !text.is_ascii() || !self.push_bytes(text.as_bytes()) {
            text.chars().for_each(|c| self.push(c as u32));
        }
    }

    /// Adds a whole string.
    pub fn push_obj(&mut self, text: &Str) {
        let done = match (text.chars(), &mut self.units) {
            (Chars::Ascii(s), _) => self.push_bytes(s.as_bytes()),
            (Chars::One(s), _) => {
                self.ascii = false;
                self.push_bytes(s)
            }
            (Chars::Two(s), Units::Two(v)) => {
                if room(v, s.len(), &mut self.lost) {
                    v.extend_from_slice(s);
                }
                true
            }
            (Chars::Four(s), Units::Four(v)) => {
                if room(v, s.len(), &mut self.lost) {
                    v.extend_from_slice(s);
                }
                true
            }
            _ => false,
        };
        if !done {
            text.code_points().for_each(|c| self.push(c));
        }
    }

    /// Adds characters `start..end` of a string.
    pub fn push_range(&mut self, text: &Str, start: usize, end: usize) {
        let done = match (text.chars(), &mut self.units) {
            (Chars::Ascii(s), _) => self.push_bytes(&s.as_bytes()[start..end]),
            (Chars::One(s), _) => {
                self.ascii = false;
                self.push_bytes(&s[start..end])
            }
            (Chars::Two(s), Units::Two(v)) => {
                if room(v, end - start, &mut self.lost) {
                    v.extend_from_slice(&s[start..end]);
                }
                true
            }
            (Chars::Four(s), Units::Four(v)) => {
                if room(v, end - start, &mut self.lost) {
                    v.extend_from_slice(&s[start..end]);
                }
                true
            }
            _ => false,
        };
        if !done {
            (start..end).for_each(|i| self.push(text.at(i)));
        }
    }

    /// Adds a character `n` times.
    pub fn push_repeat(&mut self, c: u32, n: usize) {
        if c < 0x80 {
            if let Units::Few(v) = &mut self.units {
                match v.extend(n) {
                    Some(room) => return room.fill(c as u8),
                    None => self.outgrow(&[]),
                }
            }
            if let Units::One(v) = &mut self.units {
                if room(v, n, &mut self.lost) {
                    v.resize(v.len() + n, c as u8);
                }
                return;
            }
        }
        for _ in 0..n {
            self.push(c);
            if self.lost {
                break;
            }
        }
    }

    /// For loops that may never end: has everything been taken in?
    ///
    /// # Errors
    /// `MemoryError` if not.
    pub fn check(&self, vm: &Vm) -> PyResult<()> {
        if self.lost { Err(crate::objects::int::no_memory(vm)) } else { Ok(()) }
    }

    /// The string.
    ///
    /// # Errors
    /// `MemoryError` if there was no memory for all of it.
    #[inline]
    pub fn finish_in(self, vm: &Vm) -> PyResult<Ref<Str>> {
        if let (Units::Few(v), false) = (&self.units, self.lost) {
            return Ok(narrow_string(v.as_slice(), self.ascii));
        }
        if self.lost || self.is_large() {
            self.check(vm)?;
            vm.need(self.len().saturating_mul(self.width()))?;
        }
        Ok(self.finish())
    }

    fn width(&self) -> usize {
        match &self.units {
            Units::Few(_) | Units::One(_) => 1,
            Units::Two(_) => 2,
            Units::Four(_) => 4,
        }
    }

    fn is_large(&self) -> bool {
        self.len() >= memory::LARGE / 4
    }

    /// The string. Units are narrowed if the widest character turned out to need less.
    pub fn finish(self) -> Ref<Str> {
        if self.lost {
            memory::lost();
        }
        match self.units {
            Units::Few(v) => narrow_string(v.as_slice(), self.ascii),
            Units::One(v) => narrow_string(&v, self.ascii),
            Units::Two(v) => {
                if v.iter().all(|&c| c < 0x100) {
                    let narrow: Vec<u8> = v.into_iter().map(|c| c as u8).collect();
                    let ascii = narrow.is_ascii();
                    return Str::from_raw_parts(&narrow, 1, ascii);
                }
                Str::from_units(&v)
            }
            Units::Four(v) => {
                if v.iter().all(|&c| c < 0x1_0000) {
                    let mut narrow =
                        StrBuilder { units: Units::Two(Vec::new()), ..StrBuilder::new() };
                    v.into_iter().for_each(|c| narrow.push(c));
                    return narrow.finish();
                }
                Str::from_units(&v)
            }
        }
    }
}

/// A string of characters of one byte each.
fn narrow_string(bytes: &[u8], ascii: bool) -> Ref<Str> {
    if let [c] = bytes {
        return super::intern::character(u32::from(*c));
    }
    // Something wider may have been added and have had no characters at all: look again.
    Str::from_raw_parts(bytes, 1, ascii || bytes.is_ascii())
}

impl std::fmt::Write for StrBuilder {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

/// Appends code points in generalised UTF-8; most text is ASCII for the most part.
pub(super) fn push_all_wtf8<T: Copy + Into<u32>>(out: &mut Vec<u8>, mut units: &[T]) {
    while !units.is_empty() {
        let ascii = units.iter().position(|&unit| unit.into() >= 0x80).unwrap_or(units.len());
        out.extend(units[..ascii].iter().map(|&unit| unit.into() as u8));
        units = &units[ascii..];
        if let Some((&unit, rest)) = units.split_first() {
            push_wtf8(out, unit.into());
            units = rest;
        }
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
