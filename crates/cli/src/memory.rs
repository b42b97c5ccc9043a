//! The allocator of the process: the system's, and the reserve behind it (`adder-vm`,
//! `runtime/memory.rs`).
//!
//! Objects lie in pools of the machine's own (`adder-vm`, `object/heap.rs`); what comes from here are
//! the insides of lists, dicts and the like. The C library is there anyway, starts without asking the
//! system for anything, and packs blocks of all sizes side by side: allocators that give each size pages of
//! its own are quicker with many threads, of which one runs at a time here, and take half a megabyte more
//! in a program that does little.

#![expect(unsafe_code, reason = "an allocator, and an option of the one below it")]

use crate::kept;
use adder_vm::runtime::{memory, tracemalloc};
use std::alloc::{GlobalAlloc, Layout, System};

#[global_allocator]
static ALLOCATOR: WithReserve = WithReserve;

struct WithReserve;

// SAFETY: the system's answers are passed on, or blocks of it that were kept; each small one is as large as its
// class. A failed reallocation leaves the block as it was.
unsafe impl GlobalAlloc for WithReserve {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some((class, _)) = kept::class_of(layout.size(), layout.align())
            && let Some(block) = kept::take(class)
        {
            return block;
        }
        if tracemalloc::is_tracing() {
            // SAFETY: passed on.
            return unsafe { traced::alloc(layout) };
        }
        // SAFETY: passed on.
        unsafe { alloc(layout) }
    }
    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if tracemalloc::is_tracing() {
            // SAFETY: passed on.
            return unsafe { traced::alloc_zeroed(layout) };
        }
        // SAFETY: passed on.
        unsafe { alloc_zeroed(layout) }
    }
    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some((class, _)) = kept::class_of(layout.size(), layout.align())
            // SAFETY: the block has the size of its class, and is given up.
            && unsafe { kept::keep(block, class) }
        {
            return;
        }
        if tracemalloc::is_tracing() {
            tracemalloc::returned(block);
        }
        // SAFETY: passed on; it was asked for with that size.
        unsafe { System.dealloc(block, whole(layout)) }
    }
    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if tracemalloc::is_tracing() {
            // SAFETY: passed on.
            return unsafe { traced::realloc(block, layout, size) };
        }
        let (old, new) =
            (kept::class_of(layout.size(), layout.align()), kept::class_of(size, layout.align()));
        if let (Some((old, _)), Some((new, _))) = (old, new)
            && old != new
            && let Some(moved) = kept::take(new)
        {
            // What grows step by step, as lists do, passes through the same classes again and again.
            // SAFETY: both blocks are as large as is copied; the old one is given up.
            unsafe {
                std::ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.dealloc(block, layout);
            }
            return moved;
        }
        // SAFETY: passed on.
        unsafe { realloc(block, layout, size) }
    }
}

/// # Safety
/// As for `GlobalAlloc::alloc`.
#[inline(always)]
unsafe fn alloc(layout: Layout) -> *mut u8 {
    let layout = whole(layout);
    // SAFETY: passed on.
    let get = || unsafe { System.alloc(layout) };
    let block = get();
    if block.is_null() { memory::rescue(layout.size(), get) } else { block }
}

/// # Safety
/// As for `GlobalAlloc::alloc_zeroed`.
#[inline(always)]
unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    let layout = whole(layout);
    // SAFETY: passed on.
    let get = || unsafe { System.alloc_zeroed(layout) };
    let block = get();
    if block.is_null() { memory::rescue(layout.size(), get) } else { block }
}

/// # Safety
/// As for `GlobalAlloc::realloc`.
#[inline(always)]
unsafe fn realloc(block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    let align = layout.align();
    let (mut layout, mut size) = (layout, size);
    match (kept::class_of(layout.size(), align), kept::class_of(size, align)) {
        (Some((old, _)), Some((new, _))) if old == new => return block,
        (old, new) => {
            if let Some((_, room)) = old {
                layout = sized(layout, room);
            }
            if let Some((_, room)) = new {
                size = room;
            }
        }
    }
    // SAFETY: passed on.
    let get = || unsafe { System.realloc(block, layout, size) };
    let moved = get();
    if moved.is_null() { memory::rescue(size, get) } else { moved }
}

/// The same while somebody traces: apart, so that nobody else's registers are taken.
mod traced {
    use super::*;

    /// # Safety
    /// As for `GlobalAlloc::alloc`.
    #[cold]
    #[inline(never)]
    pub unsafe fn alloc(layout: Layout) -> *mut u8 {
        // SAFETY: passed on.
        given(unsafe { super::alloc(layout) }, layout.size())
    }

    /// # Safety
    /// As for `GlobalAlloc::alloc_zeroed`.
    #[cold]
    #[inline(never)]
    pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
        // SAFETY: passed on.
        given(unsafe { super::alloc_zeroed(layout) }, layout.size())
    }

    /// # Safety
    /// As for `GlobalAlloc::realloc`.
    #[cold]
    #[inline(never)]
    pub unsafe fn realloc(block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Before another thread gets it.
        tracemalloc::returned(block);
        // SAFETY: passed on.
        let moved = unsafe { super::realloc(block, layout, size) };
        if moved.is_null() {
            given(block, layout.size());
        }
        given(moved, size)
    }

    /// Tells of a block.
    fn given(block: *mut u8, size: usize) -> *mut u8 {
        if kept::is_open() {
            // Another thread has begun to trace.
            trace(true);
        }
        if !block.is_null() {
            tracemalloc::given(block, size);
        }
        block
    }
}

/// Nothing is kept while somebody traces.
fn trace(on: bool) {
    kept::close(on, |block, size| {
        if let Ok(layout) = Layout::from_size_align(size, 8) {
            // SAFETY: the block was kept, and has the size of its class.
            unsafe { System.dealloc(block, layout) }
        }
    });
}

/// The layout that the system is asked for: a small block has the size of its class.
#[inline(always)]
fn whole(layout: Layout) -> Layout {
    match kept::class_of(layout.size(), layout.align()) {
        Some((_, size)) => sized(layout, size),
        None => layout,
    }
}

/// The same layout for another size.
#[inline(always)]
fn sized(layout: Layout, size: usize) -> Layout {
    Layout::from_size_align(size, layout.align()).unwrap_or(layout)
}

/// To be called before other threads start.
pub fn tune() {
    kept::begin();
    tracemalloc::listen(trace);
    memory::keep_reserve();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    gnu::tune();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod gnu {
    use std::hint::black_box;

    /// So much any program uses.
    const AT_START: usize = 928 << 10;
    const PAGE: usize = 4096;

    pub fn tune() {
        // SAFETY: plain numbers; blocks that are nobody's, of which whole pages are touched. No other
        // thread runs yet.
        unsafe {
            // One thread at a time runs Python code, and what it leaves free is the next one's.
            libc::mallopt(libc::M_ARENA_MAX, 1);
            // After a block of this size was given back, the next one comes from the heap, and stays there
            // when it is given back, too.
            libc::free(black_box(libc::malloc(AT_START + PAGE)));
            let block = black_box(libc::malloc(AT_START));
            // In one call, which takes a third of the time of a page fault for each page. Systems that do
            // not know the advice do without it.
            let start = (block as usize).next_multiple_of(PAGE);
            libc::madvise(start as *mut libc::c_void, AT_START - PAGE, libc::MADV_POPULATE_WRITE);
            libc::free(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::tests::first;
    use std::hint::black_box;

    const SIZES: [usize; 14] = [1, 7, 8, 9, 24, 25, 40, 41, 1000, 2039, 2040, 2041, 5000, 200_000];

    /// Does a block hold `mark` in its first `size` bytes?
    ///
    /// # Safety
    /// It is so large, and was written.
    unsafe fn holds(block: *mut u8, size: usize, mark: u8) -> bool {
        // SAFETY: as promised.
        unsafe { std::slice::from_raw_parts(block, size) }.iter().all(|byte| *byte == mark)
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    /// Blocks of all sizes, made, changed and given back in every order.
    fn drive() {
        for align in [1, 8, 16, 32, 4096] {
            let mut blocks = Vec::new();
            for round in 0..3 {
                for (mark, size) in SIZES.iter().enumerate() {
                    // SAFETY: the sizes are not zero; each block is written within its size.
                    unsafe {
                        let block = ALLOCATOR.alloc(layout(*size, align));
                        assert!(!block.is_null() && (block as usize).is_multiple_of(align));
                        block.write_bytes(mark as u8 + 1, *size);
                        blocks.push((block, *size, mark as u8 + 1));
                        let zeros = ALLOCATOR.alloc_zeroed(layout(*size, align));
                        assert!(holds(zeros, *size, 0) && (zeros as usize).is_multiple_of(align));
                        zeros.write_bytes(0xff, *size);
                        ALLOCATOR.dealloc(zeros, layout(*size, align));
                    }
                }
                // Every second one goes, so that the next round gets what was kept.
                let mut at = 0;
                blocks.retain(|(block, size, mark)| {
                    at += 1;
                    // SAFETY: the block is alive, and so large.
                    unsafe {
                        assert!(holds(*block, *size, *mark));
                        if at % 2 == round % 2 {
                            ALLOCATOR.dealloc(*block, layout(*size, align));
                            return false;
                        }
                    }
                    true
                });
            }
            for (block, size, mark) in blocks {
                let (mut block, mut old) = (block, size);
                for new in SIZES.iter().chain(SIZES.iter().rev()) {
                    // SAFETY: the block is alive, with this layout; it is written within its size.
                    unsafe {
                        block = ALLOCATOR.realloc(block, layout(old, align), *new);
                        assert!(!block.is_null() && (block as usize).is_multiple_of(align));
                        assert!(holds(block, old.min(*new), mark));
                        block.write_bytes(mark, *new);
                    }
                    old = *new;
                }
                // SAFETY: as above.
                unsafe { ALLOCATOR.dealloc(block, layout(old, align)) }
            }
        }
    }

    #[test]
    fn blocks_keep_their_content_in_the_first_thread() {
        let _first = first();
        drive();
    }

    #[test]
    fn blocks_keep_their_content_in_any_other_thread() {
        drive();
    }

    #[test]
    fn blocks_keep_their_content_while_somebody_traces() {
        let _first = first();
        drive();
        trace(true);
        drive();
        trace(false);
        drive();
    }

    #[test]
    fn what_is_too_large_is_refused_and_changes_nothing() {
        let huge = isize::MAX as usize - 4096;
        // SAFETY: the sizes are not zero; the small block is written within its size.
        unsafe {
            // A compiler that knows `malloc` takes it to succeed if nobody uses the block.
            assert!(black_box(alloc(layout(huge, 8))).is_null());
            assert!(black_box(alloc_zeroed(layout(huge, 8))).is_null());
            for size in [8, 2040, 100_000] {
                let block = ALLOCATOR.alloc(layout(size, 8));
                block.write_bytes(9, size);
                assert!(black_box(realloc(block, layout(size, 8), huge)).is_null());
                assert!(holds(block, size, 9));
                ALLOCATOR.dealloc(block, layout(size, 8));
            }
        }
    }

    #[test]
    #[cfg(not(feature = "system-alloc"))]
    fn a_size_within_the_class_stays_where_it_is() {
        // SAFETY: the sizes are not zero and the block's.
        unsafe {
            let block = ALLOCATOR.alloc(layout(25, 8));
            assert_eq!(ALLOCATOR.realloc(block, layout(25, 8), 40), block);
            assert_eq!(ALLOCATOR.realloc(block, layout(40, 8), 26), block);
            assert_eq!((whole(layout(26, 8)).size(), whole(layout(5000, 8)).size()), (40, 5000));
            ALLOCATOR.dealloc(block, layout(26, 8));
        }
    }
}
