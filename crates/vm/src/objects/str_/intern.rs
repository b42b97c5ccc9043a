//! Interned strings: one object for each text, so that names compare by address.
//!
//! The table does not own its strings: an interned string that nobody needs any more leaves it when
//! it dies. One-character Latin-1 strings and the empty string are kept for ever, as in CPython.

#![expect(unsafe_code, reason = "the table holds uncounted pointers")]

use super::{Str, StrBuilder};
use crate::object::{GilCell, Obj, Ref, census};
use crate::runtime::hash::hash_bytes;
use hashbrown::HashTable;

struct Table {
    strings: HashTable<*const Obj<Str>>,
    characters: [Option<Ref<Str>>; 256],
    empty: Option<Ref<Str>>,
}

static TABLE: GilCell<Table> = GilCell::new(Table {
    strings: HashTable::new(),
    characters: [const { None }; 256],
    empty: None,
});

/// The interned string equal to `text`, which becomes it if there was none. Instances of subclasses
/// are not interned: their text is.
pub fn intern(text: &Ref<Str>) -> Ref<Str> {
    if text.is_interned() {
        return text.clone();
    }
    let text = if text.is_exact() { text.clone() } else { text.substring_copy() };
    let hash = text.hash();
    let found = TABLE.with(|t| {
        // SAFETY: strings leave the table before they die.
        t.strings.find(hash as u64, |s| unsafe { &**s }.equals(&text)).copied()
    });
    if let Some(found) = found {
        // SAFETY: as above.
        return unsafe { &*found }.to_ref();
    }
    enter(text, hash)
}

/// The interned string for Rust text. One that is there already is found without making another.
pub fn intern_str(text: &str) -> Ref<Str> {
    match intern_ascii(text.as_bytes()) {
        Some(interned) => interned,
        None => intern(&Ref::from_str(text)),
    }
}

/// The interned string of these bytes, if they are ASCII.
pub fn intern_ascii(text: &[u8]) -> Option<Ref<Str>> {
    match text {
        [] => return Some(empty()),
        [one] if one.is_ascii() => return Some(character(u32::from(*one))),
        _ if !text.is_ascii() => return None,
        _ => {}
    }
    let hash = hash_bytes(text);
    let known = TABLE.with(|t| {
        let equals = |s: &*const Obj<Str>| {
            // SAFETY: strings leave the table before they die.
            let known = unsafe { &**s };
            known.hash.get() == hash && known.is_ascii() && known.raw_bytes() == text
        };
        // SAFETY: as above.
        t.strings.find(hash as u64, equals).map(|s| unsafe { &**s }.to_ref())
    });
    Some(known.unwrap_or_else(|| {
        let made = Str::from_raw_parts(text, 1, true);
        made.hash.set(hash);
        enter(made, hash)
    }))
}

/// Puts a string into the table, where no equal one is.
fn enter(text: Ref<Str>, hash: i64) -> Ref<Str> {
    text.set_interned();
    let raw: *const Obj<Str> = &*text;
    TABLE.with(|t| {
        // SAFETY: strings leave the table before they die.
        t.strings.insert_unique(hash as u64, raw, |s| unsafe { &**s }.hash() as u64);
    });
    text
}

/// Makes room for the names that every start brings.
pub(crate) fn begin() {
    TABLE.with(|t| t.strings.reserve(4 << 10, |_| 0));
}

/// How many strings are interned.
pub fn count() -> usize {
    TABLE.with(|t| t.strings.len())
}

/// Called when an interned string dies.
pub(super) fn forget(text: &Str) {
    let hash = text.hash.get() as u64;
    TABLE.with(|t| {
        // SAFETY: the dying string is still whole.
        if let Ok(entry) = t.strings.find_entry(hash, |s| unsafe { std::ptr::eq(&***s, text) }) {
            entry.remove();
        }
    });
}

/// The empty string.
pub fn empty() -> Ref<Str> {
    if let Some(empty) = TABLE.with(|t| t.empty.clone()) {
        return empty;
    }
    let empty = intern(&Str::from_raw_parts(b"", 1, true));
    census::keep(empty.head());
    TABLE.with(|t| t.empty = Some(empty.clone()));
    empty
}

/// The string of one character.
#[inline]
pub fn character(c: u32) -> Ref<Str> {
    let known = TABLE.with(|t| t.characters.get(c as usize).and_then(Clone::clone));
    known.unwrap_or_else(|| make_character(c))
}

/// The string of one character below 256, if it was made before.
#[inline(always)]
pub fn known_character(c: u8) -> Option<Ref<Str>> {
    TABLE.with(|t| t.characters[c as usize].clone())
}

#[inline(never)]
fn make_character(c: u32) -> Ref<Str> {
    let Ok(byte) = u8::try_from(c) else {
        let mut builder = StrBuilder::with_capacity(1);
        builder.push(c);
        return builder.finish();
    };
    let made = intern(&Str::from_raw_parts(&[byte], 1, byte < 0x80));
    census::keep(made.head());
    TABLE.with(|t| t.characters[byte as usize] = Some(made.clone()));
    made
}

impl Str {
    fn substring_copy(&self) -> Ref<Str> {
        Str::from_raw_parts(self.raw_bytes(), self.width(), self.is_ascii())
    }
}
