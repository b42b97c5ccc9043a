//! Where the process begins. Rust's own entry point is not used: it prepares to say that a stack has
//! overflowed, for which it reads the process's memory map and gives each thread a second stack, and it
//! opens `/dev/null` in place of standard streams that are closed, which Python programs see as `None`.
//! Of what it does, one thing is needed here: a closed pipe is an error number, not the end. And where
//! the process ends.

#![expect(unsafe_code, reason = "the C entry point, a signal's disposition, and the end")]

use std::io::Write;

#[cfg(not(test))]
use std::ffi::{c_char, c_int};

/// Ends the process at once: to give memory back piece by piece would be for nobody.
pub fn end(status: i32) -> ! {
    let _ = std::io::stdout().flush();
    // SAFETY: takes a number; no function that C would call at the end is anybody's here.
    unsafe { libc::_exit(status) }
}

#[cfg(not(test))]
// SAFETY: the program has no other `main`.
#[unsafe(no_mangle)]
extern "C" fn main(_count: c_int, _arguments: *const *const c_char) -> c_int {
    // SAFETY: plain numbers.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    crate::process().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_ends_with_the_status() {
        for status in [0, 1, 101, 255] {
            // SAFETY: the child ends at once; the status is live.
            let ended = unsafe {
                let pid = libc::fork();
                if pid == 0 {
                    libc::_exit(if std::panic::catch_unwind(|| end(status)).is_err() {
                        99
                    } else {
                        98
                    });
                }
                let mut ended = 0;
                assert_eq!(libc::waitpid(pid, &mut ended, 0), pid);
                ended
            };
            assert!(libc::WIFEXITED(ended) && libc::WEXITSTATUS(ended) == status);
        }
    }
}
