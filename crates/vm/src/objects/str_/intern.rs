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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, with_vm};
    use crate::value::Value;

    fn same(a: &Ref<Str>, b: &Ref<Str>) -> bool {
        std::ptr::eq::<Obj<Str>>(&**a, &**b)
    }

    #[test]
    fn equal_texts_become_one_object() {
        with_vm(|_| {
            let before = count();
            for text in [
                "interned here",
                "g\u{e4}nse und h\u{fc}hner",
                "\u{1f600} smile",
                "\u{4e2d}\u{6587}",
            ] {
                let first = intern_str(text);
                let fresh = Ref::<Str>::from_str(text);
                assert!(first.is_interned() && !fresh.is_interned() && !same(&first, &fresh));
                assert!(same(&first, &intern(&fresh)) && same(&first, &intern_str(text)));
                assert!(same(&first, &intern(&first)) && count() == before + 1);
                // The table has no count.
                assert_eq!(first.head().refcount(), 1);
                drop(first);
                assert_eq!(count(), before);
                // The copy may be the next one.
                assert!(same(&intern(&fresh), &fresh) && fresh.is_interned());
                drop(fresh);
                assert_eq!(count(), before);
            }
        });
    }

    #[test]
    fn many_come_and_go_in_any_order() {
        with_vm(|_| {
            let before = count();
            let text = |i: usize| format!("one of the many {i}");
            let mut all: Vec<Ref<Str>> = (0..20_000).map(|i| intern_str(&text(i))).collect();
            assert_eq!(count(), before + all.len());
            for (i, one) in all.iter().enumerate().step_by(97) {
                assert!(same(one, &intern_ascii(text(i).as_bytes()).expect("ASCII")));
            }
            // Every third one leaves; the others are still found.
            let mut at = 0;
            all.retain(|_| {
                at += 1;
                at % 3 != 0
            });
            assert_eq!(count(), before + all.len());
            assert!(all.iter().all(|one| same(one, &intern(&Ref::from_str(&one.to_string())))));
            drop(all);
            assert_eq!(count(), before);
        });
    }

    #[test]
    fn short_texts_stay_for_ever() {
        with_vm(|_| {
            assert!(same(&empty(), &intern_str("")) && same(&empty(), &intern(&empty())));
            assert_eq!(intern_ascii(b"").map(|e| e.len()), Some(0));
            for c in [0, 65, 0x7f, 0x80, 0xff] {
                let one = character(c);
                assert!(one.is_interned() && one.at(0) == c && same(&one, &character(c)));
                assert!(known_character(c as u8).is_some_and(|known| same(&known, &one)));
                assert_eq!(one.is_ascii(), c < 0x80);
                assert!(one.head().refcount() > 1);
            }
            for c in [0x100, 0xd800, 0xffff, 0x10000, 0x10ffff] {
                let one = character(c);
                assert!(!one.is_interned() && one.len() == 1 && one.at(0) == c);
            }
            assert!(intern_ascii("\u{e9}".as_bytes()).is_none());
        });
    }

    #[test]
    fn of_a_subclass_only_the_text_is_interned() {
        with_vm(|vm| {
            let session = Session::new(vm, "class S(str): pass\ns = S('text of a subclass')");
            let text = session.get("s").into_ref::<Str>().expect("a str");
            let before = text.head().refcount();
            let interned = intern(&text);
            assert!(interned.is_exact() && interned.is_interned() && !text.is_interned());
            assert!(interned.equals(&text) && text.head().refcount() == before);
            // Nothing keeps it behind a name that is gone.
            session.set("name", Value::from(interned));
            session.exec("o = type('C', (), {})()\nsetattr(o, s, 1)\nassert vars(o) == {name: 1}");
        });
    }
}
