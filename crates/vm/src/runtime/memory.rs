//! Running out of memory: `MemoryError`, not the end of the process.
//!
//! What can raise asks before it takes a large block ([`Vm::need`], [`Vm::room_for`]), or takes the allocator's
//! no for an answer ([`asking`]). The rest cannot fail in Rust: for it a reserve is set aside at start-up, of
//! which the allocator gives up parts when the system has no more memory. When the main loop next looks at
//! requests it sets them aside again. If it cannot it raises `MemoryError`, once for every second part that is
//! gone, so that a program may handle the error with the rest before it frees memory; when all is gone it raises
//! the error at each look, until a part could be set aside.

#![expect(unsafe_code, reason = "takes memory that nobody uses")]

use crate::object::tracked;
use crate::objects::int::no_memory;
use crate::runtime::errors::PyResult;
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use std::alloc::Layout;
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

/// From this many bytes on a request is large.
pub const LARGE: usize = 1 << 20;

/// The limit on the address space of the process (`ulimit -v`), if there is one.
pub fn address_space() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is ours to write.
    let found = unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) } == 0;
    (found && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur as usize)
}

/// How much address space to take for something: `usual`, or that part of the process's limit, if it has one;
/// `least` in any case.
pub fn share(usual: usize, least: usize, part: usize) -> usize {
    const PAGE: usize = 4096;
    let size = address_space().map_or(usual, |limit| usual.min(limit / part));
    size.max(least).next_multiple_of(PAGE)
}

const PARTS: usize = 4;

/// The parts: their addresses, 0 for one that has been given up. They are never touched.
static KEPT: [AtomicUsize; PARTS] = [const { AtomicUsize::new(0) }; PARTS];

/// Marks the address of a part that the allocator has lent: the system had none, but some that was given back
/// to the allocator may have stayed there.
const LENT: usize = 1;

/// The size of a part: all of them are an eighth of the address space, where that is little.
fn part_size() -> usize {
    const MOST: usize = 32 << 20;
    const LEAST: usize = 2 << 20;
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    let known = SIZE.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    let size = share(MOST, LEAST, 8 * PARTS);
    // What has been taken is given back by this size, so it stays what it is.
    match SIZE.compare_exchange(0, size, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => size,
        Err(known) => known,
    }
}

/// Maps memory without touching it.
fn map(bytes: usize) -> Option<usize> {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, of which nobody knows yet.
    let mapping = unsafe { libc::mmap(null_mut(), bytes, access, kind, -1, 0) };
    (mapping != libc::MAP_FAILED).then_some(mapping as usize)
}

/// A block of the allocator, if it has one without the reserve.
fn borrow(bytes: usize) -> Option<usize> {
    let layout = Layout::from_size_align(bytes, 16).ok().filter(|layout| layout.size() > 0)?;
    // SAFETY: the size is not zero.
    let block = asking(|| unsafe { std::alloc::alloc(layout) });
    (!block.is_null()).then_some(block as usize | LENT)
}

/// Gives back what `map` or `borrow` gave for so many bytes.
///
/// # Safety
/// Nobody uses it any more.
unsafe fn release(place: usize, bytes: usize) {
    // SAFETY: mapped, or lent by the allocator, with this size.
    unsafe {
        if place & LENT == 0 {
            libc::munmap(place as *mut libc::c_void, bytes);
        } else if let Ok(layout) = Layout::from_size_align(bytes, 16) {
            std::alloc::dealloc((place & !LENT) as *mut u8, layout);
        }
    }
}

/// Sets the reserve aside for the first time, before other threads run.
pub fn keep_reserve() {
    let size = part_size();
    let Some(start) = map(PARTS * size) else { return };
    for (i, part) in KEPT.iter().enumerate() {
        part.store(start + i * size, Ordering::Release);
    }
}

/// Sets the reserve aside anew, as far as it is not and there is memory for it.
fn restore_reserve() {
    if !restore_parts() {
        tracked::shrink();
        trim();
        restore_parts();
    }
}

/// The same with what there is; `false` if that is not enough.
fn restore_parts() -> bool {
    let size = part_size();
    for part in &KEPT {
        if part.load(Ordering::Relaxed) != 0 {
            continue;
        }
        let Some(place) = map(size).or_else(|| borrow(size)) else { return false };
        let other = part.swap(place, Ordering::AcqRel);
        if other != 0 {
            // SAFETY: what another thread has put there; it was taken out of its place just now.
            unsafe { release(other, size) };
        }
    }
    true
}

/// How many parts there are.
fn parts_left() -> usize {
    KEPT.iter().filter(|part| part.load(Ordering::Relaxed) != 0).count()
}

/// The same at each later look: more and more seldom, since trying takes long.
fn restore_reserve_sometimes() {
    const AT_LEAST_EVERY: usize = 4096;
    let looks = LOOKS.fetch_add(1, Ordering::Relaxed) + 1;
    if looks.is_power_of_two() || looks.is_multiple_of(AT_LEAST_EVERY) {
        restore_reserve();
    }
}

/// How often the main loop has looked since some of the reserve was given up.
static LOOKS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Allocations that may fail, by a caller who raises an error then: they leave the reserve alone.
pub fn asking<R>(allocate: impl FnOnce() -> R) -> R {
    let before = ASKING.replace(true);
    let result = allocate();
    ASKING.set(before);
    result
}

/// How many parts are to be given up for a request, if it may have so many. The last one is for small requests
/// only: to handle an error takes some.
fn parts_for(bytes: usize) -> Option<usize> {
    let wanted = bytes / part_size() + 1;
    let left = parts_left();
    // An arena of objects is small in that sense.
    let least = if bytes < 2 * LARGE { wanted } else { wanted.saturating_add(1) };
    (least <= left).then_some(wanted)
}

/// Makes the allocator give the system back what it keeps for later.
fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: takes nothing, and changes no block in use.
    unsafe {
        libc::malloc_trim(0)
    };
}

/// For the allocator, which has found no memory for `bytes` bytes: tries again with what was kept for later,
/// then as long as more of the reserve can be given up; the main loop will look after the rest. Null if it was
/// asked whether there is memory, or if there is none.
#[cold]
#[inline(never)]
pub fn rescue(bytes: usize, get: impl Fn() -> *mut u8) -> *mut u8 {
    if ASKING.get() {
        return null_mut();
    }
    trim();
    let mut block = get();
    while block.is_null() && give_up_reserve(bytes) {
        block = get();
    }
    block
}

/// Gives up what is wanted of the reserve.
fn give_up_reserve(bytes: usize) -> bool {
    let Some(wanted) = parts_for(bytes) else { return false };
    let mut given = 0;
    for part in &KEPT {
        let place = if given < wanted { part.swap(0, Ordering::AcqRel) } else { 0 };
        if place != 0 {
            // SAFETY: taken out of its place, so nobody else gives it back.
            unsafe { release(place, part_size()) };
            given += 1;
        }
    }
    signals::request(signals::SHORT);
    given > 0
}

/// Makes room for more items, without the reserve: twice as many as there are, or fewer if so many do not fit.
pub fn try_grow<T>(items: &mut Vec<T>, more: usize) -> bool {
    // Small ones need no asking.
    if items.len().saturating_add(more).saturating_mul(2 * size_of::<T>()) < LARGE {
        items.reserve(more);
        return true;
    }
    let little = more.saturating_add(items.len() / 16);
    asking(|| items.try_reserve(more).is_ok() || items.try_reserve_exact(little).is_ok())
}

/// Makes room in a full vector, where no error can be raised, at last with the reserve. If there is none the
/// caller does without the item, and the main loop raises `MemoryError` at its next look at requests.
#[cold]
#[inline(never)]
pub fn grow<T>(items: &mut Vec<T>) -> bool {
    let room = try_grow(items, 1) || items.try_reserve_exact(items.len() / 16 + 1).is_ok();
    if !room {
        lost();
    }
    room
}

/// Is there memory for so many bytes?
#[inline(always)]
pub fn has_room(bytes: usize) -> bool {
    bytes < LARGE || has_much_room(bytes)
}

#[cold]
#[inline(never)]
fn has_much_room(bytes: usize) -> bool {
    // What is asked for may be taken in several blocks.
    let bytes = bytes.saturating_add(bytes / 8);
    let place = map(bytes).or_else(|| borrow(bytes)).or_else(|| {
        trim();
        map(bytes)
    });
    match place {
        // SAFETY: made here.
        Some(place) => unsafe { release(place, bytes) },
        None => return false,
    }
    true
}

/// Is there memory for so many bytes, the reserve included? For what cannot raise an error; it is raised
/// afterwards.
#[inline(always)]
pub(crate) fn has_room_at_last(bytes: usize) -> bool {
    has_room(bytes) || parts_for(bytes).is_some()
}

/// Puts one more item into a vector where no error can be raised: see [`grow`].
#[inline(always)]
pub fn push<T>(items: &mut Vec<T>, item: T) {
    // After the first one that is lost the others are, too, without asking again.
    if items.len() < items.capacity() || (!signals::is_requested(signals::LOST) && grow(items)) {
        items.push(item);
    }
}

/// How many parts there were when a `MemoryError` was raised last.
static RAISED_AT: AtomicUsize = AtomicUsize::new(PARTS);

/// A `MemoryError` is made: it stands for all that was asked for until now, and for what it takes itself.
pub(crate) fn raised() {
    let left = parts_left();
    if left > 0 {
        RAISED_AT.store(left, Ordering::Relaxed);
        signals::take(signals::LOST);
    }
}

/// Something was dropped for lack of memory, where no error can be raised: the main loop will.
#[cold]
pub fn lost() {
    signals::request(signals::LOST);
}

impl Vm {
    /// Is there memory for so many bytes?
    ///
    /// # Errors
    /// `MemoryError` if not.
    #[inline(always)]
    pub fn need(&self, bytes: usize) -> PyResult<()> {
        if bytes < LARGE { Ok(()) } else { self.need_large(bytes) }
    }

    #[cold]
    #[inline(never)]
    fn need_large(&self, bytes: usize) -> PyResult<()> {
        if has_much_room(bytes) { Ok(()) } else { Err(no_memory(self)) }
    }

    /// Makes room for one more item in a vector that grows with a program's data.
    ///
    /// # Errors
    /// `MemoryError` if there is none.
    #[inline(always)]
    pub fn room_for_one<T>(&self, items: &mut Vec<T>) -> PyResult<()> {
        if items.len() < items.capacity() { Ok(()) } else { self.grow(items, 1) }
    }

    #[cold]
    #[inline(never)]
    fn grow<T>(&self, items: &mut Vec<T>, more: usize) -> PyResult<()> {
        if try_grow(items, more) { Ok(()) } else { Err(no_memory(self)) }
    }

    /// Makes room for more items.
    ///
    /// # Errors
    /// `MemoryError` if there is none.
    #[inline]
    pub fn room_for<T>(&self, items: &mut Vec<T>, more: usize) -> PyResult<()> {
        if more <= items.capacity() - items.len() { Ok(()) } else { self.grow(items, more) }
    }

    /// For loops that allocate without coming back to the main loop.
    ///
    /// # Errors
    /// `MemoryError` if the reserve is being used up.
    #[inline(always)]
    pub fn check_memory(&self) -> PyResult<()> {
        let short = signals::is_requested(signals::SHORT | signals::LOST);
        if short { self.look_after_reserve() } else { Ok(()) }
    }

    /// Sets the reserve aside again, after some of it was given up, and raises the error that is due.
    #[cold]
    #[inline(never)]
    pub(crate) fn look_after_reserve(&self) -> PyResult<()> {
        let requests = signals::take(signals::SHORT | signals::LOST | signals::NO_RESERVE);
        if requests & (signals::SHORT | signals::LOST) != 0 {
            LOOKS.store(0, Ordering::Relaxed);
            restore_reserve();
        } else {
            restore_reserve_sometimes();
        }
        let left = parts_left();
        let before = RAISED_AT.fetch_max(left, Ordering::Relaxed).max(left);
        match left {
            PARTS => {}
            0 => signals::request(signals::NO_RESERVE | signals::SHORT),
            _ => signals::request(signals::NO_RESERVE),
        }
        let due = left == 0 || left + 2 <= before || requests & signals::LOST != 0;
        if due { Err(no_memory(self)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_given_up_in_parts_and_set_aside_again() {
        let _lock = crate::testing::lock();
        keep_reserve();
        assert_eq!(parts_left(), PARTS);
        // What is too large for all of it is refused, and the last part is for small requests.
        assert!(!give_up_reserve(PARTS * part_size()));
        for left in (0..PARTS).rev() {
            assert!(left > 0 || !give_up_reserve(2 * LARGE));
            assert!(give_up_reserve(100));
            assert_eq!(parts_left(), left);
        }
        assert!(!give_up_reserve(100) && signals::is_requested(signals::SHORT));
        restore_reserve();
        assert_eq!(parts_left(), PARTS);
        signals::take(signals::SHORT);
    }

    #[test]
    fn room_is_what_the_system_can_map() {
        assert!(has_room(0) && has_room(LARGE * 2) && !has_room(1 << 60) && !has_room(usize::MAX));
        let mut items: Vec<u64> = Vec::new();
        for n in 0..1000 {
            if items.len() == items.capacity() {
                assert!(grow(&mut items) && items.capacity() > n);
            }
            items.push(n as u64);
        }
        assert!(items.iter().enumerate().all(|(i, n)| i as u64 == *n));
    }
}
