//! Calls to the operating system that are single lines of `libc`, made safe.

#![expect(unsafe_code, reason = "foreign functions of plain numbers")]

/// The kernel's number of the calling thread.
pub fn thread_id() -> i64 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }.into()
}
