//! `str`: immutable text, stored at 1, 2 or 4 bytes a character (PEP 393).
//!
//! A string's width is the least that holds its greatest code point, so equal strings have equal
//! bytes. Surrogates are code points like any other. `meta` packs the length and the flags:
//!
//! ```text
//!   bits 0..56 length in characters | 56..58 width (0: 1 byte, 1: 2, 2: 4) | 58 ascii
//!   59 interned | 60 grown by appending: there is room behind the characters (`append.rs`)
//! ```
//!
//! This file holds the storage; `methods.rs` has the Python methods, `builder.rs` makes strings,
//! `intern.rs` makes them unique. CPython's counterpart: `Objects/unicodeobject.c`.

#![expect(unsafe_code, reason = "characters lie behind the object, at a width known at run time")]

mod append;
pub mod builder;
mod case;
pub mod codec;
pub mod format;
pub mod intern;
pub mod iter;
pub mod methods;
pub mod percent;
pub mod repr;
pub mod search;
mod split;
mod translate;

use crate::object::{Obj, Payload, Ref, alloc};
use crate::runtime::errors::PyResult;
use crate::runtime::hash::hash_bytes;
use crate::runtime::memory;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pyclass;
use std::cell::Cell;

pub use builder::StrBuilder;

/// str(object='') -> str
/// str(bytes_or_buffer[, encoding[, errors]]) -> str
///
/// Create a new string object from the given object. If encoding or
/// errors is specified, then the object must expose a data buffer
/// that will be decoded using the given encoding and error handler.
/// Otherwise, returns the result of object.__str__() (if defined)
/// or repr(object).
#[pyclass(name = "str", base_type, no_gc, tail = tail_len)]
pub struct Str {
    data: *const u8,
    meta: Cell<u64>,
    /// Zero until the hash is asked for.
    hash: Cell<i64>,
}

const LEN_MASK: u64 = (1 << 56) - 1;
const WIDTH_SHIFT: u32 = 56;
const ASCII: u64 = 1 << 58;
const INTERNED: u64 = 1 << 59;
const GROWN: u64 = 1 << 60;

/// A string's characters, by width.
#[derive(Clone, Copy)]
pub enum Chars<'a> {
    Ascii(&'a str),
    One(&'a [u8]),
    Two(&'a [u16]),
    Four(&'a [u32]),
}

impl Str {
    /// Length in characters (code points).
    #[inline(always)]
    pub fn len(&self) -> usize {
        (self.meta.get() & LEN_MASK) as usize
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes a character: 1, 2 or 4.
    #[inline(always)]
    pub fn width(&self) -> usize {
        1 << ((self.meta.get() >> WIDTH_SHIFT) & 3)
    }
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.meta.get() & ASCII != 0
    }
    pub(crate) fn is_interned(&self) -> bool {
        self.meta.get() & INTERNED != 0
    }
    pub(super) fn set_interned(&self) {
        self.meta.set(self.meta.get() | INTERNED);
    }
    fn byte_len(&self) -> usize {
        self.len() * self.width()
    }
    /// Bytes behind the object: the characters, and the room of a grown string.
    fn tail_len(&self) -> usize {
        let bytes = self.byte_len();
        if self.meta.get() & GROWN != 0 { append::room_for(bytes) } else { bytes }
    }

    /// The stored bytes: equal exactly for equal strings of equal width.
    #[inline(always)]
    pub fn raw_bytes(&self) -> &[u8] {
        // SAFETY: `data` points to `byte_len` bytes behind the object, never changed.
        unsafe { std::slice::from_raw_parts(self.data, self.byte_len()) }
    }

    #[inline]
    pub fn chars(&self) -> Chars<'_> {
        let len = self.len();
        // SAFETY: the tail holds `len` characters of this width; it is 8-byte aligned, since every
        // part in front of it is a multiple of 8. ASCII text is UTF-8.
        unsafe {
            match self.width() {
                1 if self.is_ascii() => {
                    Chars::Ascii(std::str::from_utf8_unchecked(self.raw_bytes()))
                }
                1 => Chars::One(self.raw_bytes()),
                2 => Chars::Two(std::slice::from_raw_parts(self.data.cast(), len)),
                _ => Chars::Four(std::slice::from_raw_parts(self.data.cast(), len)),
            }
        }
    }

    /// The text as Rust's `str`, if it is ASCII.
    #[inline(always)]
    pub fn as_ascii(&self) -> Option<&str> {
        match self.chars() {
            Chars::Ascii(text) => Some(text),
            _ => None,
        }
    }

    /// The code point at an index below the length.
    #[inline]
    pub fn at(&self, index: usize) -> u32 {
        match self.chars() {
            Chars::Ascii(s) => s.as_bytes()[index] as u32,
            Chars::One(s) => s[index] as u32,
            Chars::Two(s) => s[index] as u32,
            Chars::Four(s) => s[index],
        }
    }

    /// All code points.
    pub fn code_points(&self) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + '_ {
        (0..self.len()).map(|i| self.at(i))
    }

    /// Rust text, lone surrogates replaced by U+FFFD.
    pub fn to_string_lossy(&self) -> String {
        match self.chars() {
            Chars::Ascii(s) => s.to_string(),
            _ => self.code_points().map(|c| char::from_u32(c).unwrap_or('\u{fffd}')).collect(),
        }
    }

    /// Rust text, if there is no lone surrogate.
    pub fn to_utf8(&self) -> Option<String> {
        match self.chars() {
            Chars::Ascii(s) => Some(s.to_string()),
            _ => self.code_points().map(char::from_u32).collect(),
        }
    }

    /// Generalised UTF-8: surrogates as three bytes.
    pub fn to_wtf8(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.byte_len() + 8);
        match self.chars() {
            Chars::Ascii(text) => out.extend_from_slice(text.as_bytes()),
            Chars::One(units) => builder::push_all_wtf8(&mut out, units),
            Chars::Two(units) => builder::push_all_wtf8(&mut out, units),
            Chars::Four(units) => builder::push_all_wtf8(&mut out, units),
        }
        out
    }

    /// SipHash-1-3 of the stored bytes, as CPython's; never -1, and 0 only for the empty string.
    #[inline(always)]
    pub fn hash(&self) -> i64 {
        let hash = self.hash.get();
        if hash != 0 { hash } else { self.hash_slow() }
    }
    #[cold]
    fn hash_slow(&self) -> i64 {
        let hash = hash_bytes(self.raw_bytes());
        self.hash.set(hash);
        hash
    }

    /// Same characters?
    #[inline(always)]
    pub fn equals(&self, other: &Str) -> bool {
        if std::ptr::eq(self, other) {
            return true;
        }
        // Of equal interned strings there is only one.
        self.meta.get() & other.meta.get() & INTERNED == 0
            && ((self.meta.get() ^ other.meta.get()) & !(INTERNED | GROWN) == 0
                && self.raw_bytes() == other.raw_bytes())
    }

    /// Equal or not, as far as that shows without looking at the text.
    #[inline(always)]
    pub fn known_equal(&self, other: &Str) -> Option<bool> {
        if std::ptr::eq(self, other) {
            return Some(true);
        }
        if self.meta.get() & other.meta.get() & INTERNED != 0 { Some(false) } else { None }
    }

    /// Is this the given ASCII text?
    pub fn is_str(&self, text: &str) -> bool {
        self.as_ascii() == Some(text)
    }

    pub fn compare(&self, other: &Str) -> std::cmp::Ordering {
        match (self.width(), other.width()) {
            (1, 1) => self.raw_bytes().cmp(other.raw_bytes()),
            _ => self.code_points().cmp(other.code_points()),
        }
    }

    /// A new string from raw parts; `width` must be the least that fits and `ascii` be true.
    pub(super) fn from_raw_parts(bytes: &[u8], width: usize, ascii: bool) -> Ref<Str> {
        if !memory::has_room_at_last(bytes.len()) {
            memory::lost();
            return intern::empty();
        }
        let meta = (bytes.len() / width) as u64
            | (width.trailing_zeros() as u64) << WIDTH_SHIFT
            | if ascii { ASCII } else { 0 };
        Str::allocate(bytes, meta, Str::cell().get())
    }

    /// A new string from units of two or four bytes that are the least that fit.
    pub(super) fn from_units<T: Copy + Into<u32>>(units: &[T]) -> Ref<Str> {
        // SAFETY: they are integers: all of their bytes mean something.
        let bytes =
            unsafe { std::slice::from_raw_parts(units.as_ptr().cast(), size_of_val(units)) };
        Str::from_raw_parts(bytes, size_of::<T>(), false)
    }

    /// The concatenation of one-byte strings, `total` characters, `separator` between them.
    pub(super) fn join_one_byte(
        parts: &[Value],
        separator: &[u8],
        total: usize,
        ascii: bool,
    ) -> Ref<Str> {
        let meta = total as u64 | if ascii { ASCII } else { 0 };
        let payload = Str { data: std::ptr::null(), meta: Cell::new(meta), hash: Cell::new(0) };
        let mut start: *const u8 = std::ptr::null();
        // SAFETY: the caller added the parts' and separators' lengths to `total`, all of one byte a
        // character; what is missing is filled up. `data` is set before anybody sees the object.
        unsafe {
            let string = alloc::new_plain_with_tail(payload, total, |tail| {
                let mut at = 0;
                let mut put = |bytes: &[u8]| {
                    let n = bytes.len().min(total - at);
                    std::ptr::copy_nonoverlapping(bytes.as_ptr(), tail.add(at), n);
                    at += n;
                };
                for (i, part) in parts.iter().enumerate() {
                    if i > 0 {
                        put(separator);
                    }
                    if let Some(text) = part.downcast::<Str>() {
                        put(text.raw_bytes());
                    }
                }
                tail.add(at).write_bytes(b' ', total - at);
                start = tail;
            });
            let raw = string.into_raw();
            (*raw.as_ptr()).payload.data = start;
            Ref::from_raw(raw)
        }
    }

    /// A new string from bytes that are known to be ASCII.
    pub fn from_ascii(bytes: &[u8]) -> Ref<Str> {
        debug_assert!(bytes.is_ascii());
        match bytes {
            [] => intern::empty(),
            [one] => intern::character(u32::from(*one)),
            _ => Str::from_raw_parts(bytes, 1, true),
        }
    }

    /// The text with each of its ASCII characters mapped to another; `None` if it is not ASCII.
    pub(super) fn map_ascii(&self, map: impl Fn(u8) -> u8) -> Option<Ref<Str>> {
        let text = self.as_ascii()?.as_bytes();
        match text {
            [] => return Some(intern::empty()),
            [one] => return Some(intern::character(u32::from(map(*one)))),
            _ => {}
        }
        let meta = text.len() as u64 | ASCII;
        let payload = Str { data: std::ptr::null(), meta: Cell::new(meta), hash: Cell::new(0) };
        let mut start: *const u8 = std::ptr::null();
        // SAFETY: the tail is as long as the text and filled from it; `data` is set before anybody
        // sees the object.
        unsafe {
            let string = alloc::new_plain_with_tail(payload, text.len(), |tail| {
                for (i, c) in text.iter().enumerate() {
                    tail.add(i).write(map(*c));
                }
                start = tail;
            });
            let raw = string.into_raw();
            (*raw.as_ptr()).payload.data = start;
            Some(Ref::from_raw(raw))
        }
    }

    /// A new string from Latin-1 bytes.
    pub fn from_latin1(bytes: &[u8]) -> Ref<Str> {
        match bytes {
            [] => intern::empty(),
            [one] => intern::character(u32::from(*one)),
            _ => Str::from_raw_parts(bytes, 1, bytes.is_ascii()),
        }
    }

    /// A copy of the text as an instance of a subclass.
    pub fn with_subtype(&self, ty: &Obj<crate::objects::type_::Type>) -> Ref<Str> {
        Str::allocate(self.raw_bytes(), self.meta.get() & !(INTERNED | GROWN), ty)
    }

    fn allocate(bytes: &[u8], meta: u64, ty: &Obj<crate::objects::type_::Type>) -> Ref<Str> {
        let payload = Str { data: std::ptr::null(), meta: Cell::new(meta), hash: Cell::new(0) };
        let mut start: *const u8 = std::ptr::null();
        // SAFETY: the tail is as long as `bytes` and filled from them; `data` is set below, before
        // anybody else sees the object.
        unsafe {
            let fill = |tail: *mut u8| {
                copy_short(bytes, tail);
                start = tail;
            };
            let string = if std::ptr::eq(ty, Str::cell().get()) {
                alloc::new_plain_with_tail(payload, bytes.len(), fill)
            } else {
                alloc::new_with_tail(payload, ty, bytes.len(), fill)
            };
            let raw = string.into_raw();
            (*raw.as_ptr()).payload.data = start;
            Ref::from_raw(raw)
        }
    }

    /// Joins two exact strings; one that is empty leaves the other as it is.
    pub fn concat_obj(a: &Obj<Str>, b: &Obj<Str>) -> Ref<Str> {
        if b.is_empty() {
            a.to_ref()
        } else if a.is_empty() {
            b.to_ref()
        } else {
            a.concat(b)
        }
    }

    /// Joins two strings.
    pub fn concat(&self, other: &Str) -> Ref<Str> {
        if self.width() == other.width() {
            let (a, b) = (self.raw_bytes(), other.raw_bytes());
            let meta = (self.len() + other.len()) as u64
                | (self.width().trailing_zeros() as u64) << WIDTH_SHIFT
                | (self.meta.get() & other.meta.get() & ASCII);
            let payload = Str { data: std::ptr::null(), meta: Cell::new(meta), hash: Cell::new(0) };
            let mut start: *const u8 = std::ptr::null();
            // SAFETY: the tail has room for both halves; `data` is set before anybody sees it.
            unsafe {
                let size = a.len() + b.len();
                let string = alloc::new_plain_with_tail(payload, size, |tail| {
                    std::ptr::copy_nonoverlapping(a.as_ptr(), tail, a.len());
                    std::ptr::copy_nonoverlapping(b.as_ptr(), tail.add(a.len()), b.len());
                    start = tail;
                });
                let raw = string.into_raw();
                (*raw.as_ptr()).payload.data = start;
                return Ref::from_raw(raw);
            }
        }
        let mut builder = StrBuilder::with_capacity(self.len() + other.len());
        builder.push_obj(self);
        builder.push_obj(other);
        builder.finish()
    }

    /// Is `other` a part of it?
    pub fn holds(&self, other: &Str) -> bool {
        search::find(self, other, 0..self.len()).is_some()
    }

    /// The characters from `start` to `end` (both within the length).
    pub fn substring(&self, start: usize, end: usize) -> Ref<Str> {
        if end <= start {
            return intern::empty();
        }
        if end - start == 1 {
            return intern::character(self.at(start));
        }
        match self.chars() {
            Chars::Ascii(s) => Str::from_raw_parts(&s.as_bytes()[start..end], 1, true),
            Chars::One(s) => {
                let part = &s[start..end];
                Str::from_raw_parts(part, 1, part.is_ascii())
            }
            _ => {
                let mut builder = StrBuilder::with_capacity(end - start);
                for i in start..end {
                    builder.push(self.at(i));
                }
                builder.finish()
            }
        }
    }
}

/// Copies bytes, few of them without a call.
///
/// # Safety
/// There is room for them at `to`.
#[inline(always)]
unsafe fn copy_short(bytes: &[u8], to: *mut u8) {
    let (from, n) = (bytes.as_ptr(), bytes.len());
    // SAFETY: each piece lies within the bytes; the second one may overlap the first.
    unsafe {
        match n {
            8..=16 => {
                let (first, last) = (from.cast::<[u8; 8]>().read(), from.add(n - 8));
                to.add(n - 8).cast::<[u8; 8]>().write(last.cast::<[u8; 8]>().read());
                to.cast::<[u8; 8]>().write(first);
            }
            4..8 => {
                let (first, last) = (from.cast::<[u8; 4]>().read(), from.add(n - 4));
                to.add(n - 4).cast::<[u8; 4]>().write(last.cast::<[u8; 4]>().read());
                to.cast::<[u8; 4]>().write(first);
            }
            _ => std::ptr::copy_nonoverlapping(from, to, n),
        }
    }
}

impl Drop for Str {
    fn drop(&mut self) {
        if self.is_interned() {
            intern::forget(self);
        }
    }
}

impl Ref<Str> {
    /// A new string from Rust text.
    pub fn from_str(text: &str) -> Ref<Str> {
        if text.is_ascii() {
            return Str::from_raw_parts(text.as_bytes(), 1, true);
        }
        let mut builder = StrBuilder::with_capacity(text.len());
        text.chars().for_each(|c| builder.push(c as u32));
        builder.finish()
    }
}

/// The text as a plain `str`: itself, or a copy if it is an instance of a subclass.
pub fn plain(text: &Obj<Str>) -> Ref<Str> {
    if text.is_exact() { text.to_ref() } else { text.with_subtype(Str::cell().get()) }
}

/// Asks whether there is memory for this many characters before they are made: `MemoryError`
/// rather than the end of the process.
pub(crate) fn check_room(vm: &Vm, len: usize) -> PyResult<()> {
    vm.need(len.saturating_mul(2))
}

impl adder_numtext::Units for Str {
    fn len(&self) -> usize {
        Str::len(self)
    }
    fn at(&self, index: usize) -> u32 {
        Str::at(self, index)
    }
}

impl From<&str> for Ref<Str> {
    fn from(text: &str) -> Self {
        Ref::from_str(text)
    }
}

impl std::fmt::Display for Str {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl std::fmt::Display for Obj<Str> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl std::fmt::Display for Ref<Str> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, owners, with_vm};

    const TEXTS: [&str; 9] = [
        "",
        "a",
        "ab",
        "\u{e9}",
        "gr\u{fc}n",
        "\u{3b1}\u{3b2}",
        "a\u{ffff}",
        "\u{1f600}",
        "mixed \u{e9} \u{3b1} \u{1f600} text that is longer than a cache line of sixty-four bytes, twice that",
    ];

    #[test]
    fn characters_lie_behind_the_object_at_the_least_width() {
        with_vm(|_| {
            for text in TEXTS {
                let made = Ref::<Str>::from_str(text);
                let most = text.chars().max().map_or(0, u32::from);
                let width = if most < 0x100 {
                    1
                } else if most < 0x10000 {
                    2
                } else {
                    4
                };
                assert_eq!((made.len(), made.width()), (text.chars().count(), width));
                assert_eq!(
                    (made.byte_len(), made.raw_bytes().len()),
                    (made.len() * width, made.len() * width)
                );
                assert_eq!(made.is_ascii(), text.is_ascii());
                assert!(made.code_points().eq(text.chars().map(u32::from)));
                let kind = match made.chars() {
                    Chars::Ascii(s) => s == text,
                    Chars::One(s) => s.iter().all(|c| text.contains(char::from(*c))),
                    Chars::Two(s) => {
                        (s.as_ptr() as usize).is_multiple_of(2) && s.len() == made.len()
                    }
                    Chars::Four(s) => {
                        (s.as_ptr() as usize).is_multiple_of(4) && s.len() == made.len()
                    }
                };
                assert!(kind, "{text}");
                assert_eq!(made.to_utf8().as_deref(), Some(text));
                assert_eq!(made.as_ascii(), Some(text).filter(|t| t.is_ascii()));
            }
        });
    }

    #[test]
    fn concatenation_has_the_width_of_the_wider_one() {
        with_vm(|_| {
            for a in TEXTS {
                for b in TEXTS {
                    let (left, right) = (Ref::<Str>::from_str(a), Ref::<Str>::from_str(b));
                    let sum = left.concat(&right);
                    assert_eq!(sum.to_string(), format!("{a}{b}"));
                    assert!(sum.equals(&Ref::<Str>::from_str(&format!("{a}{b}"))));
                    assert_eq!(left.compare(&right), a.cmp(b));
                    assert_eq!(left.equals(&right), a == b);
                }
            }
        });
    }

    #[test]
    fn one_byte_texts_are_joined_whole() {
        with_vm(|vm| {
            let parts = |texts: &[&str]| texts.iter().map(|t| vm.str(t)).collect::<Vec<_>>();
            let abc = parts(&["a", "", "bcd"]);
            assert!(Str::join_one_byte(&abc, b", ", 8, true).is_str("a, , bcd"));
            assert_eq!(abc.iter().map(owners).collect::<Vec<_>>()[2], 1);
            assert!(Str::join_one_byte(&[], b"x", 0, true).is_empty());
            // A wrong total is filled up, or cuts: never read or written beyond.
            assert!(Str::join_one_byte(&abc, b"", 7, true).is_str("abcd   "));
            assert!(Str::join_one_byte(&abc, b"--", 4, true).is_str("a---"));
            let latin = parts(&["\u{e9}", "\u{ff}"]);
            assert_eq!(Str::join_one_byte(&latin, b"-", 3, false).to_string(), "\u{e9}-\u{ff}");
        });
    }

    #[test]
    fn ascii_is_mapped_and_nothing_else() {
        with_vm(|_| {
            let upper = |c: u8| c.to_ascii_uppercase();
            for text in TEXTS {
                let mapped = Ref::<Str>::from_str(text).map_ascii(upper);
                let expected = text.is_ascii().then(|| text.to_ascii_uppercase());
                assert_eq!(mapped.map(|m| m.to_string()), expected);
            }
            let long = "x".repeat(5000);
            let mapped = Ref::<Str>::from_str(&long).map_ascii(upper);
            assert!(mapped.is_some_and(|m| m.raw_bytes().iter().all(|c| *c == b'X')));
        });
    }

    #[test]
    fn units_and_latin_bytes_are_copied() {
        with_vm(|_| {
            let two = Str::from_units::<u16>(&[0x3b1, 0xd800, 0xffff]);
            assert!((two.width(), two.at(1)) == (2, 0xd800) && two.to_utf8().is_none());
            assert_eq!(two.to_string_lossy(), "\u{3b1}\u{fffd}\u{ffff}");
            let four = Str::from_units::<u32>(&[0x1f600; 100]);
            assert_eq!((four.width(), four.len(), four.at(99)), (4, 100, 0x1f600));
            for len in [0, 1, 2, 300] {
                let latin = Str::from_latin1(&vec![0xe9; len]);
                assert!(latin.len() == len && latin.code_points().all(|c| c == 0xe9));
                let ascii = Str::from_ascii(&vec![b'z'; len]);
                assert!(ascii.len() == len && ascii.as_ascii().is_some());
            }
        });
    }

    #[test]
    fn instances_of_subclasses_have_parts_of_their_own() {
        with_vm(|vm| {
            let session = Session::new(vm, "class S(str): pass");
            for text in TEXTS {
                session.set("text", vm.str(text));
                session
                    .exec("s = S(text)\ns.a = s.b = s.c = text\nassert s == text and s.c == text");
                session.exec(
                    "assert hash(s) == hash(text) and s + s == text * 2 and len(s) == len(text)",
                );
                session
                    .exec("del s.b\nassert vars(s) == {'a': text, 'c': text} and s == text\ndel s");
            }
        });
    }
}
