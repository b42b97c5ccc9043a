//! The texts of a tree: identifiers, interned, and the contents of literals.
//!
//! A tree refers to its texts by number ([`Symbol`], [`Text`]), so that nodes are small, comparing
//! names is comparing integers and no leaf owns memory. The pool travels with the tree in
//! [`Parsed`](crate::Parsed).

use std::borrow::Cow;

/// An identifier, in NFKC; equal symbols of one pool are equal names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(pub u32);

/// The contents of a string, bytes or long integer literal: a stretch of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    start: u32,
    len: u32,
}

impl Text {
    /// Length in bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// True for the empty text.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// Where the texts of one tree live.
///
/// The table is open addressing over symbol numbers with linear probing; a slot holds the
/// number plus one, 0 is free. Names are slices of `names`, so interning a known name allocates
/// nothing. The hash is a multiply-rotate over words: identifiers come from source the user chose
/// to compile, and the table is bounded by its length, so a keyed hash would buy nothing.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    /// In UTF-8.
    names: Vec<u8>,
    /// Start of each name in `names`, its length, its hash.
    entries: Vec<Entry>,
    slots: Vec<u32>,
    texts: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    len: u32,
    hash: u32,
    head: Head,
}

/// The first sixteen bytes of a text, with zeros behind it: all that most names are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Head([u64; 2]);

impl Head {
    const LEN: usize = 16;

    /// The head of a text that lies in a longer one. What is behind it there is read, too, and masked:
    /// how long names are no branch can foresee.
    #[inline]
    fn of(all: &[u8], lo: usize, hi: usize) -> Self {
        let Some(&chunk) = all.get(lo..).and_then(|rest| rest.first_chunk::<{ Self::LEN }>())
        else {
            return Self::of_alone(&all[lo..hi]);
        };
        let others = 8 * (Self::LEN - (hi - lo).min(Self::LEN)) as u32;
        let mask = u128::MAX.checked_shr(others).unwrap_or(0);
        let head = u128::from_le_bytes(chunk) & mask;
        Self([head as u64, (head >> 64) as u64])
    }

    fn of_alone(text: &[u8]) -> Self {
        let mut head = [0; Self::LEN];
        let len = text.len().min(Self::LEN);
        head[..len].copy_from_slice(&text[..len]);
        let head = u128::from_le_bytes(head);
        Self([head as u64, (head >> 64) as u64])
    }
}

/// Where a name that is new belongs.
struct Place {
    slot: usize,
    hash: u32,
    head: Head,
}

/// A text of less than eight bytes as a number: with the length it tells which it is.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(&first), Some(&last)) => {
            u64::from(u32::from_le_bytes(first)) << 32 | u64::from(u32::from_le_bytes(last))
        }
        _ => {
            let byte = |at: usize| bytes.get(at).map_or(0, |&byte| u64::from(byte));
            byte(0) << 16 | byte(1) << 8 | byte(2)
        }
    }
}

const K: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
fn mix(h: u64, word: u64) -> u64 {
    (h.rotate_left(23) ^ word).wrapping_mul(K)
}

/// A quick hash of bytes: multiply and rotate, a word at a time. The last word overlaps the one
/// before where the length asks for it.
#[inline]
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    let mut h = bytes.len() as u64;
    let last = match bytes.last_chunk::<8>() {
        Some(&last) => {
            for &chunk in bytes[..bytes.len() - 1].as_chunks::<8>().0 {
                h = mix(h, u64::from_le_bytes(chunk));
            }
            u64::from_le_bytes(last)
        }
        None => short(bytes),
    };
    h = mix(h, last);
    h ^ h >> 32
}

#[inline(never)]
fn long_hash(name: &[u8]) -> u64 {
    hash(name)
}

impl Pool {
    /// An empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty pool with room for the names and literals of so many bytes of common source.
    pub(crate) fn for_source(len: usize) -> Self {
        let mut pool = Self::default();
        pool.names.reserve(len / 8);
        pool.entries.reserve(len / 64);
        pool.texts.reserve(len / 4);
        pool.grow((len / 32).next_power_of_two());
        pool
    }

    /// The symbol of a name; `name` must be in NFKC already.
    pub fn intern(&mut self, name: &str) -> Symbol {
        self.intern_bytes(name.as_bytes())
    }

    /// The symbol of the name that stands at a place in the source: what it is in NFKC is asked only if
    /// it is not known. (What is known is in NFKC.)
    #[inline]
    pub(crate) fn intern_source<'a>(
        &mut self,
        source: &'a [u8],
        (lo, hi): (u32, u32),
        nfkc: impl FnOnce() -> Cow<'a, str>,
    ) -> Symbol {
        let (lo, hi) = (lo as usize, hi as usize);
        let name = &source[lo..hi];
        match self.find(name, Head::of(source, lo, hi)) {
            Ok(symbol) => symbol,
            Err(place) if name.is_ascii() => self.add(name, place),
            Err(_) => self.intern(&nfkc()),
        }
    }

    /// The symbol of a name in UTF-8. Only a name that is new is checked to be that.
    fn intern_bytes(&mut self, name: &[u8]) -> Symbol {
        match self.find(name, Head::of_alone(name)) {
            Ok(symbol) => symbol,
            Err(place) => self.add(name, place),
        }
    }

    /// The symbol of a name, or else where it is to be.
    #[inline(always)]
    fn find(&mut self, name: &[u8], head: Head) -> Result<Symbol, Place> {
        let is_long = name.len() > Head::LEN;
        let [first, second] = head.0;
        let hash =
            if is_long { long_hash(name) } else { mix(mix(name.len() as u64, first), second) };
        let hash = (hash >> 32) as u32;
        if self.entries.len() * 2 >= self.slots.len() {
            self.grow(self.slots.len() * 2);
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let number = self.slots[slot];
            if number == 0 {
                return Err(Place { slot, hash, head });
            }
            let entry = &self.entries[number as usize - 1];
            let is_it = entry.head == head
                && entry.len as usize == name.len()
                && (!is_long || self.entry_name(*entry) == name);
            if is_it {
                return Ok(Symbol(number - 1));
            }
            slot = (slot + 1) & mask;
        }
    }

    #[inline(never)]
    fn add(&mut self, name: &[u8], Place { slot, hash, head }: Place) -> Symbol {
        let start = self.names.len() as u32;
        if name.is_ascii() {
            self.names.extend_from_slice(name);
        } else {
            self.names.extend_from_slice(String::from_utf8_lossy(name).as_bytes());
        }
        let len = self.names.len() as u32 - start;
        self.entries.push(Entry { start, len, hash, head });
        self.slots[slot] = self.entries.len() as u32;
        Symbol(self.entries.len() as u32 - 1)
    }

    /// The name of a symbol of this pool.
    #[must_use]
    pub fn name(&self, symbol: Symbol) -> &str {
        std::str::from_utf8(self.name_bytes(symbol)).unwrap_or_default()
    }

    /// The bytes of that.
    #[inline]
    #[must_use]
    pub fn name_bytes(&self, symbol: Symbol) -> &[u8] {
        self.entries.get(symbol.0 as usize).map_or(b"", |&entry| self.entry_name(entry))
    }

    /// How many symbols there are; their numbers are below this.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if no name was interned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Stores the contents of a literal.
    pub fn store(&mut self, bytes: &[u8]) -> Text {
        let start = self.texts.len() as u32;
        self.texts.extend_from_slice(bytes);
        Text { start, len: bytes.len() as u32 }
    }

    /// The contents of a literal of this pool: generalised UTF-8 for a string, any bytes for
    /// bytes, ASCII digits for a long integer.
    #[must_use]
    pub fn text(&self, text: Text) -> &[u8] {
        let start = text.start as usize;
        self.texts.get(start..start + text.len as usize).unwrap_or_default()
    }

    fn entry_name(&self, entry: Entry) -> &[u8] {
        &self.names[entry.start as usize..(entry.start + entry.len) as usize]
    }

    /// Makes the table so large, a power of two.
    #[cold]
    fn grow(&mut self, size: usize) {
        let size = size.max(256);
        let mask = size - 1;
        let mut slots = vec![0; size];
        for (number, entry) in self.entries.iter().enumerate() {
            let mut at = entry.hash as usize & mask;
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = number as u32 + 1;
        }
        self.slots = slots;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_have_equal_symbols() {
        let mut pool = Pool::new();
        let symbols: Vec<_> = (0..5000).map(|n| pool.intern(&format!("name{n}"))).collect();
        for (n, &symbol) in symbols.iter().enumerate() {
            assert_eq!(pool.name(symbol), format!("name{n}"));
            assert_eq!(pool.intern(&format!("name{n}")), symbol);
        }
        assert_eq!(pool.len(), 5000);
    }

    #[test]
    fn texts_keep_their_bytes() {
        let mut pool = Pool::new();
        let (a, b) = (pool.store(b"\xed\xa0\x80"), pool.store(b""));
        assert_eq!(pool.text(a), b"\xed\xa0\x80");
        assert!(b.is_empty() && pool.text(b).is_empty());
    }
}
