//! The collector's lists: which containers exist, by generation.
//!
//! Each list is a vector of pointers, and each object knows its index, so that tracking is a push
//! and untracking a swap with the last: no neighbour's memory is touched, as CPython's linked list
//! must, and a header needs one word instead of two. The collection itself is `runtime/gc.rs`.

#![expect(unsafe_code, reason = "the lists hold uncounted pointers")]

use super::header::gc_flag;
use super::{GilCell, ObjHead};
use std::ptr::NonNull;

/// Young objects, and those that survived a collection.
pub const GENERATIONS: usize = 3;

/// The list behind them, of objects that are not looked at (`gc.freeze`).
pub(crate) const FROZEN: usize = GENERATIONS;

pub(crate) struct Lists {
    pub generations: [Vec<NonNull<ObjHead>>; GENERATIONS + 1],
    /// Young objects at which a collection is due; `usize::MAX` while switched off.
    pub threshold: usize,
}

pub(crate) static LISTS: GilCell<Lists> =
    GilCell::new(Lists { generations: [const { Vec::new() }; GENERATIONS + 1], threshold: 2000 });

impl Lists {
    /// Puts an object that is in no list into one.
    pub(crate) fn put(&mut self, object: NonNull<ObjHead>, generation: usize) {
        let list = &mut self.generations[generation];
        // SAFETY: tracked objects are alive: `dealloc` untracks first.
        let gc = unsafe { object.as_ref() }.gc_unchecked();
        gc.generation.set(generation as u8);
        gc.index.set(list.len() as u32);
        list.push(object);
    }
}

/// Gives back the room that the lists do not need any more, where that is much.
pub(crate) fn shrink() {
    const MUCH: usize = 64 << 10;
    LISTS.with(|lists| {
        for list in &mut lists.generations {
            if list.capacity() > MUCH && list.len() < list.capacity() / 4 {
                list.shrink_to(list.len() * 2);
            }
        }
    });
}

/// Puts a container into the young list. Asks for a collection when the list is long; the main loop
/// runs it at the next safe point, never inside an allocation.
#[inline]
pub(crate) fn track(head: &ObjHead) {
    let gc = head.gc_unchecked();
    if !gc.has(gc_flag::TRACKED) {
        track_new(head);
    }
}

/// The same for an object that is in no list.
#[inline]
pub(crate) fn track_new(head: &ObjHead) {
    let gc = head.gc_unchecked();
    LISTS.with(|lists| {
        let young = &mut lists.generations[0];
        // Without memory for the list the object lives untracked.
        if young.len() == young.capacity() && !crate::runtime::memory::grow(young) {
            return;
        }
        gc.set(gc_flag::TRACKED);
        gc.generation.set(0);
        gc.index.set(young.len() as u32);
        young.push(NonNull::from(head));
        if young.len() > lists.threshold {
            crate::runtime::signals::request_collection();
        }
    });
}

/// Takes a container out of its list.
#[inline]
pub(crate) fn untrack(head: &ObjHead) {
    let gc = head.gc_unchecked();
    if !gc.has(gc_flag::TRACKED) {
        return;
    }
    gc.unset(gc_flag::TRACKED);
    LISTS.with(|lists| {
        let list = &mut lists.generations[gc.generation.get() as usize];
        let index = gc.index.get() as usize;
        if index < list.len() {
            list.swap_remove(index);
            if let Some(moved) = list.get(index) {
                // SAFETY: tracked objects are alive: `dealloc` untracks first.
                unsafe { moved.as_ref() }.gc_unchecked().index.set(index as u32);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Ref;
    use crate::objects::list::List;
    use crate::testing::with_vm;

    /// Does every object know where it stands?
    fn is_consistent() -> bool {
        LISTS.with(|lists| {
            lists.generations.iter().enumerate().all(|(number, list)| {
                list.iter().enumerate().all(|(index, object)| {
                    // SAFETY: tracked objects are alive.
                    let gc = unsafe { object.as_ref() }.gc_unchecked();
                    gc.has(gc_flag::TRACKED)
                        && gc.index.get() as usize == index
                        && usize::from(gc.generation.get()) == number
                })
            })
        })
    }

    fn young() -> usize {
        LISTS.with(|lists| lists.generations[0].len())
    }

    #[test]
    fn objects_know_their_places_in_any_order() {
        with_vm(|_| {
            let before = young();
            let mut lists: Vec<Ref<List>> = (0..100).map(|_| List::from_vec(Vec::new())).collect();
            assert!(young() == before + 100 && is_consistent());
            let mut seed = 7usize;
            for _ in 0..1000 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let at = (seed >> 33) % lists.len();
                match seed >> 60 & 3 {
                    0 => untrack(lists[at].head()),
                    1 => track(lists[at].head()),
                    2 => drop(lists.swap_remove(at)),
                    _ => lists.push(List::from_vec(Vec::new())),
                }
                if lists.is_empty() {
                    lists.push(List::from_vec(Vec::new()));
                }
                assert!(is_consistent());
            }
            drop(lists);
            assert!(young() == before && is_consistent());
        });
    }

    #[test]
    fn twice_is_as_good_as_once() {
        with_vm(|_| {
            let list = List::from_vec(Vec::new());
            let (before, gc) = (young(), list.head().gc_unchecked());
            track(list.head());
            assert_eq!(young(), before);
            untrack(list.head());
            untrack(list.head());
            assert!(young() == before - 1 && !gc.has(gc_flag::TRACKED));
            LISTS.with(|lists| {
                gc.set(gc_flag::TRACKED);
                lists.put(NonNull::from(list.head()), 2);
            });
            assert!(gc.generation.get() == 2 && is_consistent());
            untrack(list.head());
            assert!(young() == before - 1 && is_consistent());
        });
    }
}
