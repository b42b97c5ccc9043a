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
use adder_vm::runtime::memory;
use std::alloc::{GlobalAlloc, Layout, System};

#[global_allocator]
static ALLOCATOR: WithReserve = WithReserve;

struct WithReserve;

// SAFETY: the system's answers are passed on, or blocks of it that were kept; each small one is as large as its
// class. A failed reallocation leaves the block as it was.
unsafe impl GlobalAlloc for WithReserve {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let layout = match kept::class_of(layout.size(), layout.align()) {
            Some((class, size)) => match kept::take(class) {
                Some(block) => return block,
                None => sized(layout, size),
            },
            None => layout,
        };
        // SAFETY: passed on.
        let get = || unsafe { System.alloc(layout) };
        let block = get();
        if block.is_null() { memory::rescue(layout.size(), get) } else { block }
    }
    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let layout = match kept::class_of(layout.size(), layout.align()) {
            Some((_, size)) => sized(layout, size),
            None => layout,
        };
        // SAFETY: passed on.
        let get = || unsafe { System.alloc_zeroed(layout) };
        let block = get();
        if block.is_null() { memory::rescue(layout.size(), get) } else { block }
    }
    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let mut layout = layout;
        // SAFETY: a small block is as large as its class, and was asked for with that size.
        unsafe {
            if let Some((class, size)) = kept::class_of(layout.size(), layout.align()) {
                if kept::keep(block, class) {
                    return;
                }
                layout = sized(layout, size);
            }
            System.dealloc(block, layout)
        }
    }
    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
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
}

/// The same layout for another size.
#[inline(always)]
fn sized(layout: Layout, size: usize) -> Layout {
    Layout::from_size_align(size, layout.align()).unwrap_or(layout)
}

/// To be called before other threads start.
pub fn tune() {
    kept::begin();
    memory::keep_reserve();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    gnu::tune();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod gnu {
    use std::hint::black_box;

    /// So much any program uses.
    const AT_START: usize = 704 << 10;
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
