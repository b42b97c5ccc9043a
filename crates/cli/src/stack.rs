//! The stack of the thread that runs the program. Deep native recursion (a parser, `repr` of nested data)
//! needs more than a process is given, so the first thread moves to a larger one. A second thread would
//! have one, too; but to start it, and to have two of them from then on, takes a thirtieth of what an empty
//! program takes, and to the system the thread that waits would be the first: signals would go there, and
//! `threading.get_native_id()` would not be `os.getpid()`.
//!
//! CPython's counterpart: none; it keeps to the process's own stack.

#![cfg_attr(
    all(target_os = "linux", target_arch = "x86_64", not(feature = "system-alloc")),
    expect(unsafe_code, reason = "maps a stack and moves to it")
)]

/// It is reserved, not used; less where address space is scarce.
fn size() -> usize {
    const USUAL: usize = 64 << 20;
    const LEAST: usize = 2 << 20;
    adder_vm::runtime::memory::share(USUAL, LEAST, 8)
}

/// Runs `f` on a large stack; gives its answer, or 101 if it panics.
pub fn run_on_large(f: fn() -> u8) -> u8 {
    // Memory checkers know the stacks of threads, not this one.
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(feature = "system-alloc")))]
    if let Some(status) = own::run(f) {
        return status;
    }
    let runner = std::thread::Builder::new().name("main".into()).stack_size(size()).spawn(f);
    // Signals are for the thread that runs the program.
    adder_vm::builtin_modules::signal::block_all();
    runner.ok().and_then(|thread| thread.join().ok()).unwrap_or(PANICKED)
}

/// The status that Rust programs end with after a panic.
const PANICKED: u8 = 101;

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(feature = "system-alloc")))]
mod own {
    use super::PANICKED;
    use std::cell::Cell;
    use std::ffi::c_void;
    use std::ptr::null_mut;

    /// Below the stack: what runs over its end, unchecked, faults.
    const GUARD: usize = 64 << 10;

    /// The function to run, then its answer.
    struct Job {
        f: fn() -> u8,
        status: Cell<u8>,
    }

    /// Runs `f` on a stack that is mapped for it; `None` if there is no room for one.
    pub fn run(f: fn() -> u8) -> Option<u8> {
        let size = super::size();
        let job = Job { f, status: Cell::new(PANICKED) };
        // SAFETY: a new mapping, whose lowest part is closed again; then the stack pointer moves to its
        // end, which is a multiple of 16, and back. `r12` keeps its value across the call, `enter` does
        // not unwind, and all that a call may change is named. The mapping stays: whoever took an address
        // in it may still be there.
        unsafe {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let kind =
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK;
            let mapping = libc::mmap(null_mut(), GUARD + size, access, kind, -1, 0);
            if mapping == libc::MAP_FAILED || libc::mprotect(mapping, GUARD, libc::PROT_NONE) != 0 {
                return None;
            }
            let low = mapping.cast::<u8>().add(GUARD);
            adder_vm::runtime::vm::use_native_stack(low as usize, size);
            std::arch::asm!(
                "xchg rsp, r12",
                "call {enter}",
                "mov rsp, r12",
                enter = sym enter,
                inout("r12") low.add(size) => _,
                in("rdi") &raw const job,
                clobber_abi("C"),
            );
        }
        Some(job.status.get())
    }

    extern "C" fn enter(job: *const c_void) {
        // SAFETY: `run` passes its own, which lives until this returns.
        let job = unsafe { &*job.cast::<Job>() };
        if let Ok(status) = std::panic::catch_unwind(job.f) {
            job.status.set(status);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    /// Takes a kilobyte a level, aligned as no stack is by itself.
    fn deep(levels: u32) -> u64 {
        #[repr(align(64))]
        struct Wide([u64; 128]);
        let mut room = Wide([u64::from(levels); 128]);
        assert_eq!(&raw const room as usize % 64, 0);
        let below = if levels == 0 { 0 } else { deep(levels - 1) };
        black_box(&mut room).0[levels as usize % 128] + below
    }

    fn use_much() -> u8 {
        // More than a test's thread has.
        let sum = deep(20_000);
        u8::from(sum == 20_000 * 20_001 / 2)
    }

    #[test]
    fn the_answer_comes_back_from_a_larger_stack() {
        assert_eq!(run_on_large(use_much), 1);
        assert_eq!(run_on_large(|| 255), 255);
        // Once more from within: each has a stack of its own.
        assert_eq!(run_on_large(|| run_on_large(|| 7) + 1), 8);
    }

    #[test]
    fn a_panic_ends_there() {
        let quietly = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let status = run_on_large(|| panic!("on purpose"));
        std::panic::set_hook(quietly);
        assert_eq!(status, PANICKED);
    }
}
