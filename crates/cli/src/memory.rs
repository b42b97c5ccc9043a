//! The allocator of the process: mimalloc, told to give memory back at once, and the reserve behind it
//! (`adder-vm`, `runtime/memory.rs`).
//!
//! Objects lie in pools of the machine's own (`adder-vm`, `object/heap.rs`); what comes from here are
//! the insides of lists, dicts and the like. Their large blocks are few, so returning them to the
//! system when they are freed costs nothing that can be measured, and keeps the peak down.

#![expect(unsafe_code, reason = "an allocator, and an option of the one below it")]

use adder_vm::runtime::memory;
use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::ffi::{c_int, c_long, c_void};

#[global_allocator]
static ALLOCATOR: WithReserve = WithReserve;

struct WithReserve;

/// Tries once more if the reserve could be given up.
#[cold]
fn again(bytes: usize, f: impl FnOnce() -> *mut u8) -> *mut u8 {
    if memory::give_up_reserve(bytes) { f() } else { std::ptr::null_mut() }
}

/// What every block is aligned to, however small it is.
const ALIGNED: usize = 8;

// SAFETY: mimalloc's answers are passed on. Blocks that ask for no more than `ALIGNED` take its ordinary
// entry points, which need a third of the instructions.
unsafe impl GlobalAlloc for WithReserve {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: passed on.
        let get = || unsafe {
            if layout.align() <= ALIGNED {
                mi_malloc(layout.size()).cast()
            } else {
                MiMalloc.alloc(layout)
            }
        };
        let block = get();
        if block.is_null() { again(layout.size(), get) } else { block }
    }
    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: passed on.
        let get = || unsafe {
            if layout.align() <= ALIGNED {
                mi_zalloc(layout.size()).cast()
            } else {
                MiMalloc.alloc_zeroed(layout)
            }
        };
        let block = get();
        if block.is_null() { again(layout.size(), get) } else { block }
    }
    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { MiMalloc.dealloc(block, layout) }
    }
    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: passed on; a failed reallocation leaves the block as it was.
        let get = || unsafe {
            if layout.align() <= ALIGNED {
                mi_realloc(block.cast(), size).cast()
            } else {
                MiMalloc.realloc(block, layout, size)
            }
        };
        let moved = get();
        if moved.is_null() { again(size, get) } else { moved }
    }
}

unsafe extern "C" {
    fn mi_malloc(size: usize) -> *mut c_void;
    fn mi_zalloc(size: usize) -> *mut c_void;
    fn mi_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn mi_option_set(option: c_int, value: c_long);
}

/// `mi_option_purge_delay` of mimalloc 3 (`include/mimalloc.h`): milliseconds that freed memory is
/// kept.
const PURGE_DELAY: c_int = 15;

/// To be called before other threads start.
pub fn tune() {
    memory::keep_reserve();
    // SAFETY: an option of the allocator that is linked in; no other thread runs yet.
    unsafe { mi_option_set(PURGE_DELAY, 0) }
}
