//! Small blocks that were given back lately, kept for whoever asks next.
//!
//! The insides of lists and dicts come and go all the time, and the C library takes forty instructions for
//! each way. Only the first thread keeps blocks: it runs nearly everything, ends with the process, and nobody
//! else has to be asked.
//!
//! Blocks of a class are interchangeable: each has room for the class's largest size.

#![expect(unsafe_code, reason = "lists of raw blocks")]

use std::cell::Cell;
use std::ptr::null_mut;

/// Blocks up to this many bytes are kept.
const LARGEST: usize = CLASSES * 16 - 8;
const CLASSES: usize = 128;
/// So many bytes of each class.
const PER_CLASS: usize = 32 << 10;

/// A block that is kept: the next one.
struct Block {
    next: *mut Block,
}

#[derive(Clone, Copy)]
struct Class {
    first: *mut Block,
    count: usize,
}

struct Kept {
    classes: [Cell<Class>; CLASSES + 1],
}

// SAFETY: only the first thread looks inside, as `is_first` tells.
unsafe impl Sync for Kept {}

static KEPT: Kept =
    Kept { classes: [const { Cell::new(Class { first: null_mut(), count: 0 }) }; CLASSES + 1] };

thread_local! {
    static IS_FIRST: Cell<bool> = const { Cell::new(false) };
}

/// The calling thread is the first one, and no other runs.
pub fn begin() {
    IS_FIRST.set(true);
}

#[inline(always)]
fn is_first() -> bool {
    IS_FIRST.get()
}

/// The class that blocks of a size belong to, and how large they are. The C library's blocks have room for a
/// multiple of 16 bytes less 8, so nothing is lost by that.
#[inline(always)]
pub fn class_of(size: usize, align: usize) -> Option<(usize, usize)> {
    // Memory checkers are to see each block's end.
    if size > LARGEST || align > 16 || cfg!(feature = "system-alloc") {
        return None;
    }
    let class = (size + 23) / 16;
    Some((class, class * 16 - 8))
}

/// So many blocks of a class there seem to be while none are to be kept.
const CLOSED: usize = PER_CLASS;

/// Keeps no blocks from now on, or begins anew; `give` gets those that were kept. In other threads nothing
/// happens. While nothing is kept, each request goes past here, as those must that somebody counts.
pub fn close(closed: bool, give: impl Fn(*mut u8, usize)) {
    if !is_first() {
        return;
    }
    for (class, place) in KEPT.classes.iter().enumerate() {
        let now =
            place.replace(Class { first: null_mut(), count: if closed { CLOSED } else { 0 } });
        let mut at = now.first;
        while !at.is_null() {
            let block = at;
            // SAFETY: what is in the list is nobody else's, and begins with the address of the next.
            at = unsafe { (*block).next };
            give(block.cast(), class * 16 - 8);
        }
    }
}

/// Is nothing kept for the calling thread, though it may be?
#[cold]
pub fn is_open() -> bool {
    is_first() && KEPT.classes.last().is_some_and(|class| class.get().count != CLOSED)
}

/// A block that is kept.
#[inline(always)]
pub fn take(class: usize) -> Option<*mut u8> {
    if !is_first() {
        return None;
    }
    let place = KEPT.classes.get(class)?;
    let Class { first, count } = place.get();
    if first.is_null() {
        return None;
    }
    // SAFETY: what is in the list is nobody else's, and begins with the address of the next.
    place.set(Class { first: unsafe { (*first).next }, count: count - 1 });
    Some(first.cast())
}

/// Keeps a block; `false` if there are enough.
///
/// # Safety
/// The block has the size of its class, and is given up.
#[inline(always)]
pub unsafe fn keep(block: *mut u8, class: usize) -> bool {
    let Some(place) = KEPT.classes.get(class) else { return false };
    if !is_first() {
        return false;
    }
    let Class { first, count } = place.get();
    if count * class * 16 >= PER_CLASS {
        return false;
    }
    let block: *mut Block = block.cast();
    // SAFETY: the smallest class has room for an address, and blocks are aligned to 16 bytes.
    unsafe { block.write(Block { next: first }) };
    place.set(Class { first: block, count: count + 1 });
    true
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// The test whose thread is the first one.
    pub struct First(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

    /// The calling thread is the first one until the answer goes: one at a time is.
    pub fn first() -> First {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        begin();
        First(turn)
    }

    impl Drop for First {
        fn drop(&mut self) {
            IS_FIRST.set(false);
        }
    }

    #[test]
    #[cfg(not(feature = "system-alloc"))]
    fn a_class_has_room_for_its_sizes() {
        for size in 1..=LARGEST {
            let (class, room) = class_of(size, 8).unwrap();
            assert!(class <= CLASSES && size <= room && room < size + 16);
        }
        assert!(class_of(LARGEST + 1, 8).is_none() && class_of(8, 32).is_none());
    }

    #[test]
    fn nothing_is_kept_while_closed() {
        let _first = first();
        let mut blocks = [[0u64; 8]; 2];
        let [first, second] = blocks.each_mut().map(|b| b.as_mut_ptr().cast::<u8>());
        // SAFETY: the blocks are ours, and large enough for class 4.
        assert!(unsafe { keep(first, 4) } && is_open());
        let given = Cell::new(None);
        close(true, |block, size| given.set(Some((block, size))));
        assert_eq!(given.get(), Some((first, 56)));
        // SAFETY: as above.
        assert!(!unsafe { keep(second, 4) } && take(4).is_none() && !is_open());
        close(false, |_, _| unreachable!());
        // SAFETY: as above.
        assert!(unsafe { keep(second, 4) } && take(4) == Some(second));
    }

    #[test]
    fn the_last_block_kept_is_the_first_taken() {
        let _first = first();
        let mut blocks = [[0u64; 4]; 3];
        let addresses = blocks.each_mut().map(|b| b.as_mut_ptr().cast::<u8>());
        // SAFETY: the blocks are ours, and large enough for class 2.
        assert!(addresses.iter().all(|b| unsafe { keep(*b, 2) }));
        assert!(addresses.iter().rev().all(|b| take(2) == Some(*b)));
        assert_eq!(take(2), None);
    }

    #[test]
    #[cfg(not(feature = "system-alloc"))]
    fn so_many_are_kept_and_only_by_the_first_thread() {
        let _first = first();
        let mut blocks = [[0u64; 128]; 64];
        let class = class_of(1000, 8).map_or(0, |(class, _)| class);
        let mut kept = 0;
        for block in &mut blocks {
            let block = block.as_mut_ptr().cast::<u8>();
            // SAFETY: the blocks are ours, and large enough for the class.
            kept += usize::from(unsafe { keep(block, class) });
        }
        // What was kept before counts, too.
        assert!(kept > 0 && kept * class * 16 <= PER_CLASS + class * 16);
        let elsewhere = std::thread::scope(|scope| {
            // SAFETY: nothing is written to a block that is refused.
            let refused = || take(class).is_none() && !unsafe { keep(null_mut(), class) };
            scope.spawn(refused).join().unwrap()
        });
        assert!(elsewhere && take(CLASSES + 1).is_none() && take(usize::MAX).is_none());
        // SAFETY: refused as well.
        assert!(!unsafe { keep(null_mut(), CLASSES + 1) });
        let ours = blocks.as_ptr_range();
        let mut taken = 0;
        while taken < kept {
            let block = take(class).unwrap();
            taken += usize::from(ours.contains(&block.cast_const().cast()));
        }
    }
}
