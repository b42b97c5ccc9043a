//! Inline caches: what an instruction met last time, and where it was.
//!
//! A cache may hold borrowed words. Each is valid only under the version beside it: while a type
//! keeps its version, it keeps everything that a lookup on it found.

#![expect(unsafe_code, reason = "memory that is zero")]

use super::P;
use crate::object::shape::Shape;
use crate::object::{GilCell, Ref};
use crate::objects::str_::Str;
use std::cell::UnsafeCell;

/// One instruction's cache. Which fields are used depends on the instruction's form.
#[derive(Clone, Copy)]
pub struct Cache {
    /// `LoadAttr*`, `StoreAttr*`, `LoadMethod*`: the type's version.
    pub type_version: u32,
    /// Index of the value, offset of the member, or entry in a dict.
    pub index: u32,
    /// The instance's shape (also null: no attributes yet), or the next shape for `StoreAttrAdd`.
    pub shape: *const Shape,
    /// A borrowed value word, or the globals' keys version.
    pub word: u64,
    /// The builtins' keys version, or the shape that follows.
    pub extra: u64,
    /// How often this instruction failed to specialise.
    pub misses: u32,
}

impl Cache {
    pub const EMPTY: Cache =
        Cache { type_version: 0, index: 0, shape: std::ptr::null(), word: 0, extra: 0, misses: 0 };

    /// So many caches, whose memory is not touched yet: most code runs once.
    pub fn empty(count: usize) -> Box<[UnsafeCell<Cache>]> {
        // SAFETY: numbers and a pointer, for all of which zeroes stand for `EMPTY`.
        unsafe { Box::<[UnsafeCell<Cache>]>::new_zeroed_slice(count).assume_init() }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Cache::EMPTY
    }
}

/// After this many failures an instruction stays generic.
pub const MAX_MISSES: u32 = 8;

/// What an attribute instruction asks the shared table for.
#[derive(Clone, Copy)]
pub enum Asked {
    Load = 0,
    Store = 1,
    Method = 2,
}

/// An entry of the shared table: how the attribute `name` of instances of a type is reached.
struct Known {
    /// Owned, so that no other name comes to lie at its address.
    name: Option<Ref<Str>>,
    asked: Asked,
    way: Way,
}

/// A specialised form with its cache.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Way {
    pub cache: Cache,
    pub form: P,
}

const KNOWN_SIZE: usize = 1024;

/// Instructions that meet many types (and so stay generic) share one table, by type and name.
static KNOWN: GilCell<[Known; KNOWN_SIZE]> = GilCell::new([const { Known::NOTHING }; KNOWN_SIZE]);

impl Known {
    const NOTHING: Known = {
        let way = Way { cache: Cache::EMPTY, form: P::PopTop };
        Known { name: None, asked: Asked::Load, way }
    };
}

/// Empties the table.
pub(crate) fn forget() {
    for at in 0..KNOWN_SIZE {
        drop(KNOWN.with(|all| std::mem::replace(&mut all[at], Known::NOTHING)));
    }
}

#[inline(always)]
fn place(version: u32, name: &Ref<Str>, asked: Asked) -> usize {
    let address = name.head().address() >> 4;
    (address ^ (version as usize).wrapping_mul(0x9e5) ^ (asked as usize) << 8) & (KNOWN_SIZE - 1)
}

/// How to reach an attribute, if it is known for this version of a type (not 0). `f` looks at it where
/// it lies: it must neither run Python code nor drop the last reference to anything.
#[inline(always)]
pub fn known<R>(
    version: u32,
    name: &Ref<Str>,
    asked: Asked,
    f: impl FnOnce(&Way) -> Option<R>,
) -> Option<R> {
    KNOWN.with(|all| {
        let entry = &all[place(version, name, asked)];
        let same = entry.name.as_ref().is_some_and(|n| std::ptr::eq(n.head(), name.head()))
            && entry.way.cache.type_version == version
            && version != 0
            && entry.asked as u8 == asked as u8;
        if same { f(&entry.way) } else { None }
    })
}

/// Remembers how an attribute is reached, for `cache.type_version`.
pub fn remember(name: &Ref<Str>, asked: Asked, form: P, cache: Cache) {
    let entry = Known { name: Some(name.clone()), asked, way: Way { cache, form } };
    let at = place(cache.type_version, name, asked);
    drop(KNOWN.with(|all| std::mem::replace(&mut all[at], entry)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::with_vm;

    #[test]
    fn fresh_caches_are_empty_ones() {
        for count in [0, 1, 7, 10_000] {
            let caches = Cache::empty(count);
            assert_eq!(caches.len(), count);
            for cache in caches {
                let cache = cache.into_inner();
                assert!(cache.shape.is_null() && (cache.word, cache.extra) == (0, 0));
                assert_eq!((cache.type_version, cache.index, cache.misses), (0, 0, 0));
            }
        }
    }

    #[test]
    fn the_shared_table_answers_for_the_very_same_question() {
        with_vm(|vm| {
            let (name, other) = (vm.intern("known here"), vm.intern("unknown here"));
            let before = name.head().refcount();
            let version = u32::MAX - 7;
            let index = |asked| known(version, &name, asked, |way| Some(way.cache.index));
            assert_eq!(index(Asked::Load), None);
            let cache = Cache { type_version: version, index: 5, ..Cache::EMPTY };
            remember(&name, Asked::Load, P::PopTop, cache);
            remember(&name, Asked::Load, P::PopTop, Cache { index: 6, ..cache });
            assert_eq!((index(Asked::Load), index(Asked::Store)), (Some(6), None));
            assert!(known(version, &other, Asked::Load, |_| Some(())).is_none());
            assert!(known(version - 1, &name, Asked::Load, |_| Some(())).is_none());
            // The table owns the name.
            assert_eq!(name.head().refcount(), before + 1);
            forget();
            assert_eq!((index(Asked::Load), name.head().refcount()), (None, before));
        });
    }
}
