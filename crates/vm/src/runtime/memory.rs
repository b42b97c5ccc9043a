//! Running out of memory: `MemoryError`, not the end of the process.
//!
//! What asks for a large block asks here first ([`Vm::need`]). Small requests cannot fail in Rust:
//! when the system has no more memory, a reserve that was set aside at start-up is given up, so that
//! they succeed, and the main loop raises `MemoryError` when it next looks at requests (and again,
//! until the reserve could be set aside anew).

#![expect(unsafe_code, reason = "maps memory")]

use crate::objects::int::no_memory;
use crate::runtime::errors::PyResult;
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// From this many bytes on a request is large.
pub const LARGE: usize = 1 << 20;

/// Address space only: it is never touched. In parts, since an allocator may take one for a small
/// block, and raising the error takes memory too.
const PART: usize = 32 << 20;
const PARTS: usize = 4;

static KEPT: [AtomicPtr<libc::c_void>; PARTS] = [const { AtomicPtr::new(null_mut()) }; PARTS];

/// Maps memory without touching it.
fn map(bytes: usize) -> Option<*mut libc::c_void> {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, of which nobody knows yet.
    let mapping = unsafe { libc::mmap(null_mut(), bytes, access, kind, -1, 0) };
    (mapping != libc::MAP_FAILED).then_some(mapping)
}

/// Sets the reserve aside, as far as it is not; false if there is no memory for it.
pub fn keep_reserve() -> bool {
    KEPT.iter().all(|part| {
        if !part.load(Ordering::Relaxed).is_null() {
            return true;
        }
        let Some(mapping) = map(PART) else { return false };
        release(part.swap(mapping, Ordering::AcqRel));
        true
    })
}

fn release(mapping: *mut libc::c_void) {
    if !mapping.is_null() {
        // SAFETY: a mapping of this size that `map` made, taken out of its place.
        unsafe { libc::munmap(mapping, PART) };
    }
}

/// For an allocator that has found no memory for `bytes` bytes: should it try again? Gives up a part
/// of the reserve, and asks the main loop for a `MemoryError`.
pub fn give_up_reserve(bytes: usize) -> bool {
    if bytes >= LARGE {
        return false;
    }
    for part in &KEPT {
        let mapping = part.swap(null_mut(), Ordering::AcqRel);
        if !mapping.is_null() {
            release(mapping);
            signals::request_memory_error();
            return true;
        }
    }
    false
}

/// Makes room in a full vector, where no error can be raised. If there is none the caller does without
/// the item, and the main loop raises `MemoryError` at its next look at requests.
#[cold]
#[inline(never)]
pub fn grow<T>(items: &mut Vec<T>) -> bool {
    let room =
        items.try_reserve(1).is_ok() || items.try_reserve_exact(items.len() / 16 + 1).is_ok();
    if !room {
        lost();
    }
    room
}

/// Is there memory for so many bytes?
pub(crate) fn has_room(bytes: usize) -> bool {
    // An allocator takes more than it is asked for.
    let bytes = bytes.saturating_add(bytes / 8);
    bytes < LARGE
        || map(bytes).is_some_and(|mapping| {
            // SAFETY: mapped here.
            unsafe { libc::munmap(mapping, bytes) };
            true
        })
}

/// Something was dropped for lack of memory, where no error can be raised: the main loop will.
pub fn lost() {
    signals::request_memory_error();
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
        if has_room(bytes) { Ok(()) } else { Err(no_memory(self)) }
    }

    /// Makes room for one more item in a vector that grows with a program's data.
    ///
    /// # Errors
    /// `MemoryError` if there is none.
    #[inline(always)]
    pub fn room_for_one<T>(&self, items: &mut Vec<T>) -> PyResult<()> {
        if items.len() < items.capacity() { Ok(()) } else { self.grow(items) }
    }

    #[inline(never)]
    fn grow<T>(&self, items: &mut Vec<T>) -> PyResult<()> {
        self.room_for(items, 1)
    }

    /// Makes room for more items.
    ///
    /// # Errors
    /// `MemoryError` if there is none.
    pub fn room_for<T>(&self, items: &mut Vec<T>, more: usize) -> PyResult<()> {
        items.try_reserve(more).map_err(|_| no_memory(self))
    }

    /// For loops that allocate without coming back to the main loop.
    ///
    /// # Errors
    /// `MemoryError` if the reserve has been given up.
    #[inline(always)]
    pub fn check_memory(&self) -> PyResult<()> {
        if signals::is_short_of_memory() { Err(no_memory(self)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_given_up_in_parts_and_set_aside_again() {
        assert!(keep_reserve());
        // A large request is refused instead.
        assert!(!give_up_reserve(LARGE));
        assert!((0..PARTS).all(|_| give_up_reserve(100)));
        assert!(!give_up_reserve(100) && signals::is_short_of_memory());
        assert!(keep_reserve() && keep_reserve());
        assert!(KEPT.iter().all(|part| !part.load(Ordering::Relaxed).is_null()));
        signals::BREAKER.store(0, Ordering::Relaxed);
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
