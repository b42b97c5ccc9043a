//! The allocator of the process: mimalloc, told to give memory back at once.
//!
//! Objects lie in pools of the machine's own (`adder-vm`, `object/heap.rs`); what comes from here are
//! the insides of lists, dicts and the like. Their large blocks are few, so returning them to the
//! system when they are freed costs nothing that can be measured, and keeps the peak down.

#![expect(unsafe_code, reason = "sets an option of the allocator")]

use std::ffi::{c_int, c_long};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

unsafe extern "C" {
    fn mi_option_set(option: c_int, value: c_long);
}

/// `mi_option_purge_delay` of mimalloc 3 (`include/mimalloc.h`): milliseconds that freed memory is
/// kept.
const PURGE_DELAY: c_int = 15;

/// To be called before other threads start.
pub fn tune() {
    // SAFETY: an option of the allocator that is linked in; no other thread runs yet.
    unsafe { mi_option_set(PURGE_DELAY, 0) }
}
