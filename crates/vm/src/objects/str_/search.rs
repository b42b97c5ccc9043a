//! Searching in strings: `find`, `count`, `replace`, and the bounds they share with `bytes`.
//!
//! One-byte text is searched by `memchr`'s linear-time algorithms. Wider text too, by its raw bytes:
//! a hit that does not lie on a character is no hit. CPython's counterpart:
//! `Objects/stringlib/fastsearch.h`, which likewise is never quadratic.

use super::{Chars, Str, StrBuilder};
use crate::object::{Obj, Ref};
use crate::objects::int;
use crate::protocol::number;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use memchr::memmem;
use std::borrow::Cow;
use std::ops::Range;

/// A stored character: 1, 2 or 4 bytes.
pub trait Unit: Copy + Eq {
    fn code(self) -> u32;
}
impl Unit for u8 {
    #[inline(always)]
    fn code(self) -> u32 {
        self as u32
    }
}
impl Unit for u16 {
    #[inline(always)]
    fn code(self) -> u32 {
        self as u32
    }
}
impl Unit for u32 {
    #[inline(always)]
    fn code(self) -> u32 {
        self
    }
}

/// Runs a generic function on a string's characters as a slice of their width.
macro_rules! by_width {
    ($text:expr, |$slice:ident| $body:expr) => {
        match $text.chars() {
            $crate::objects::str_::Chars::Ascii(s) => {
                let $slice = s.as_bytes();
                $body
            }
            $crate::objects::str_::Chars::One($slice) => $body,
            $crate::objects::str_::Chars::Two($slice) => $body,
            $crate::objects::str_::Chars::Four($slice) => $body,
        }
    };
}
pub(super) use by_width;

/// The optional `start` and `end` of a search, clipped to a length as a slice's are. `None` if the
/// start lies behind the end: then not even an empty text is found.
pub fn bounds(
    vm: &Vm,
    len: usize,
    start: Option<&Value>,
    end: Option<&Value>,
) -> PyResult<Option<Range<usize>>> {
    let part = |value: Option<&Value>, default: usize| -> PyResult<usize> {
        let Some(value) = value.filter(|v| !v.is_none()) else { return Ok(default) };
        if !number::has_index(value) {
            return Err(
                vm.type_error("slice indices must be integers or None or have an __index__ method")
            );
        }
        let index = number::index(vm, value)?;
        Ok(match int::to_i64_exact(&index) {
            Some(i) if i < 0 => len.saturating_sub(i.unsigned_abs() as usize),
            Some(i) => i as usize,
            None if int::is_negative(&index) => 0,
            None => usize::MAX,
        })
    };
    let (start, end) = (part(start, 0)?, part(end, len)?.min(len));
    Ok((start <= end).then_some(start..end))
}

/// Something to look for in a string, at the string's own width.
pub struct Pattern<'n> {
    bytes: Cow<'n, [u8]>,
    width: usize,
}

impl<'n> Pattern<'n> {
    /// `None` if the needle has a character too wide to occur in `hay`.
    pub fn new(hay: &Str, needle: &'n Str) -> Option<Pattern<'n>> {
        let width = hay.width();
        if needle.width() > width || (needle.width() == 1 && hay.is_ascii() && !needle.is_ascii()) {
            return None;
        }
        let bytes: Cow<'n, [u8]> = match width {
            _ if needle.width() == width => needle.raw_bytes().into(),
            2 => needle.code_points().flat_map(|c| (c as u16).to_ne_bytes()).collect(),
            _ => needle.code_points().flat_map(u32::to_ne_bytes).collect(),
        };
        Some(Pattern { bytes, width })
    }

    /// The first place at or after `range.start` (in characters) that ends by `range.end`.
    pub fn find(&self, hay: &Str, range: Range<usize>) -> Option<usize> {
        let w = self.width;
        let window = hay.raw_bytes().get(range.start * w..range.end * w)?;
        let at = match (w, &*self.bytes) {
            (1, &[byte]) => find_byte(window, byte),
            (1, bytes) if is_short(window) => find_shortly(window, bytes),
            (1, bytes) => memmem::find(window, bytes),
            _ => Hits::new(self, window).next(),
        };
        at.map(|at| range.start + at / w)
    }

    /// The last such place.
    pub fn rfind(&self, hay: &Str, range: Range<usize>) -> Option<usize> {
        let w = self.width;
        let window = hay.raw_bytes().get(range.start * w..range.end * w)?;
        if let (1, &[byte]) = (w, &*self.bytes) {
            let at = match is_short(window) {
                true => window.iter().rposition(|&b| b == byte),
                false => memchr::memrchr(byte, window),
            };
            return at.map(|at| range.start + at);
        }
        let finder = memmem::FinderRev::new(&*self.bytes);
        let mut end = window.len();
        loop {
            let at = finder.rfind(&window[..end])?;
            if at % w == 0 {
                return Some(range.start + at / w);
            }
            // A hit between two characters: go on with all but its last byte.
            end = (at + self.bytes.len()).checked_sub(1)?;
        }
    }

    /// All places that do not overlap, from the left.
    pub fn each(&self, vm: &Vm, hay: &Str) -> PyResult<Vec<usize>> {
        let w = self.width;
        match (w, &*self.bytes) {
            (1, &[byte]) => listed(vm, Places { byte, window: hay.raw_bytes(), at: 0 }),
            _ => listed(vm, Hits::new(self, hay.raw_bytes()).map(|at| at / w)),
        }
    }

    fn count(&self, hay: &Str, range: Range<usize>) -> usize {
        let w = self.width;
        let Some(window) = hay.raw_bytes().get(range.start * w..range.end * w) else { return 0 };
        match (w, &*self.bytes) {
            (1, &[byte]) => memchr::memchr_iter(byte, window).count(),
            _ => Hits::new(self, window).count(),
        }
    }
}

fn listed(vm: &Vm, places: impl Iterator<Item = usize>) -> PyResult<Vec<usize>> {
    let mut all = Vec::new();
    for at in places {
        vm.room_for_one(&mut all)?;
        all.push(at);
    }
    Ok(all)
}

/// A plain loop is quickest then. Nor does it ask the processor what it can do, as `memchr` does when it
/// is first called: under a hypervisor that takes as long as two hundred thousand instructions.
#[inline]
fn is_short(window: &[u8]) -> bool {
    window.len() < SHORT
}

const SHORT: usize = 64;

/// The first place of a byte.
#[inline]
pub(super) fn find_byte(window: &[u8], byte: u8) -> Option<usize> {
    if is_short(window) { find_byte_shortly(window, byte) } else { memchr::memchr(byte, window) }
}

/// The same in a short text, eight bytes at a time.
#[inline]
fn find_byte_shortly(window: &[u8], byte: u8) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    let wanted = ONES * u64::from(byte);
    let (words, rest) = window.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        // The lowest byte that is zero now is the first one whose top bit is set here.
        let word = u64::from_le_bytes(*word) ^ wanted;
        let zeros = word.wrapping_sub(ONES) & !word & TOPS;
        if zeros != 0 {
            return Some(i * 8 + zeros.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|&b| b == byte).map(|at| words.len() * 8 + at)
}

/// The first place of some bytes in a short text: their first one is looked for.
fn find_shortly(window: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, rest) = needle.split_first()?;
    let ends = (window.len() + 1).checked_sub(needle.len())?;
    let mut at = 0;
    loop {
        at += find_byte_shortly(window.get(at..ends)?, first)?;
        if window.get(at + 1..)?.starts_with(rest) {
            return Some(at);
        }
        at += 1;
    }
}

/// The places of a byte.
pub(super) struct Places<'a> {
    pub byte: u8,
    pub window: &'a [u8],
    pub at: usize,
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let found = self.at + find_byte(self.window.get(self.at..)?, self.byte)?;
        self.at = found + 1;
        Some(found)
    }
}

/// Byte offsets of hits that lie on characters and do not overlap.
struct Hits<'a> {
    needle: &'a [u8],
    /// For all but short texts.
    finder: Option<memmem::Finder<'a>>,
    window: &'a [u8],
    width: usize,
    at: usize,
}

impl<'a> Hits<'a> {
    fn new(pattern: &'a Pattern<'_>, window: &'a [u8]) -> Hits<'a> {
        let needle: &'a [u8] = &pattern.bytes;
        let finder = (!is_short(window)).then(|| memmem::Finder::new(needle));
        Hits { needle, finder, window, width: pattern.width, at: 0 }
    }
}

impl Iterator for Hits<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            let rest = self.window.get(self.at..)?;
            let found = self.at
                + match &self.finder {
                    Some(finder) => finder.find(rest)?,
                    None => find_shortly(rest, self.needle)?,
                };
            if found.is_multiple_of(self.width) {
                self.at = found + self.needle.len();
                return Some(found);
            }
            self.at = found + 1;
        }
    }
}

/// `hay.find(needle)` within a range; an empty needle is found at its start.
pub fn find(hay: &Str, needle: &Str, range: Range<usize>) -> Option<usize> {
    if needle.is_empty() {
        return Some(range.start);
    }
    Pattern::new(hay, needle)?.find(hay, range)
}

pub fn rfind(hay: &Str, needle: &Str, range: Range<usize>) -> Option<usize> {
    if needle.is_empty() {
        return Some(range.end);
    }
    Pattern::new(hay, needle)?.rfind(hay, range)
}

pub fn count(hay: &Str, needle: &Str, range: Range<usize>) -> usize {
    if needle.is_empty() {
        return range.len() + 1;
    }
    Pattern::new(hay, needle).map_or(0, |p| p.count(hay, range))
}

/// Does `needle` stand at `at`?
pub fn stands_at(hay: &Str, needle: &Str, at: usize) -> bool {
    let n = needle.len();
    if at + n > hay.len() {
        return false;
    }
    if hay.width() == needle.width() {
        let w = hay.width();
        return &hay.raw_bytes()[at * w..(at + n) * w] == needle.raw_bytes();
    }
    needle.code_points().enumerate().all(|(i, c)| hay.at(at + i) == c)
}

/// `hay.replace(old, new, count)`; a negative count replaces all. `None` if nothing changes.
pub fn replace(
    vm: &Vm,
    hay: &Obj<Str>,
    old: &Str,
    new: &Str,
    count: isize,
) -> PyResult<Option<Ref<Str>>> {
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    if limit == 0 || old.len() > hay.len() || old.equals(new) {
        return Ok(None);
    }
    if let (Some([a]), Some([b]), Some(text)) = (
        old.as_ascii().map(str::as_bytes),
        new.as_ascii().map(str::as_bytes),
        hay.as_ascii().filter(|_| limit >= hay.len()),
    ) {
        // One character for another, everywhere.
        let bytes = text.as_bytes();
        let found = find_byte(bytes, *a);
        return Ok(if found.is_some() {
            hay.map_ascii(|c| if c == *a { *b } else { c })
        } else {
            None
        });
    }
    if !old.is_empty()
        && hay.width() == 1
        && new.width() == 1
        && is_short(hay.raw_bytes())
        && is_short(new.raw_bytes())
    {
        return Ok(replace_shortly(hay, old, new, limit));
    }
    let places: Vec<usize> = if old.is_empty() {
        listed(vm, (0..=hay.len()).take(limit))?
    } else {
        let Some(pattern) = Pattern::new(hay, old) else { return Ok(None) };
        let mut places = pattern.each(vm, hay)?;
        places.truncate(limit);
        places
    };
    if places.is_empty() {
        return Ok(None);
    }
    let kept = hay.len() - places.len() * old.len();
    let total = new.len().checked_mul(places.len()).and_then(|n| n.checked_add(kept));
    let Some(total) = total.filter(|n| *n <= isize::MAX as usize / 4) else {
        return Err(vm.overflow_error("replace string is too long"));
    };
    super::check_room(vm, total)?;
    replaced(hay, old.len(), new, places.into_iter(), total).finish_in(vm).map(Some)
}

/// The text with `new` at each of the places, where so many characters go.
fn replaced(
    hay: &Str,
    old: usize,
    new: &Str,
    places: impl Iterator<Item = usize>,
    total: usize,
) -> StrBuilder {
    let mut out = StrBuilder::with_capacity(total);
    let mut from = 0;
    for at in places {
        out.push_range(hay, from, at);
        out.push_obj(new);
        from = at + old;
    }
    out.push_range(hay, from, hay.len());
    out
}

/// The same for short texts of one byte a character: the places can be noted, and little memory is needed.
fn replace_shortly(hay: &Str, old: &Str, new: &Str, limit: usize) -> Option<Ref<Str>> {
    let pattern = Pattern::new(hay, old)?;
    let mut noted = [0u8; SHORT];
    let mut count = 0;
    for (place, at) in noted.iter_mut().zip(Hits::new(&pattern, hay.raw_bytes()).take(limit)) {
        *place = at as u8;
        count += 1;
    }
    if count == 0 {
        return None;
    }
    let places = noted.iter().take(count).map(|at| usize::from(*at));
    let kept = hay.len() - count * old.len();
    Some(replaced(hay, old.len(), new, places, count * new.len() + kept).finish())
}

/// Is there a character that satisfies `test` at an end? Strips them from both ends or one.
pub fn strip(text: &Str, left: bool, right: bool, test: impl Fn(u32) -> bool) -> Range<usize> {
    by_width!(text, |s| {
        let mut end = s.len();
        let mut start = 0;
        while left && start < end && test(s[start].code()) {
            start += 1;
        }
        while right && end > start && test(s[end - 1].code()) {
            end -= 1;
        }
        start..end
    })
}

/// Is `c` one of the characters of `set`? Sets are short.
pub fn contains_code(set: &Str, c: u32) -> bool {
    match set.chars() {
        Chars::Ascii(s) => c < 0x80 && s.as_bytes().contains(&(c as u8)),
        Chars::One(s) => c < 0x100 && s.contains(&(c as u8)),
        Chars::Two(s) => c < 0x1_0000 && s.contains(&(c as u16)),
        Chars::Four(s) => s.contains(&c),
    }
}

/// White space of one-byte text, as `str.isspace` has it.
#[inline(always)]
pub fn is_space(c: u32) -> bool {
    if c < 0x80 {
        matches!(c, 0x20 | 0x09..=0x0d | 0x1c..=0x1f)
    } else {
        adder_unicode::is_space(c)
    }
}
