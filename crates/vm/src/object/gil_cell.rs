//! State that belongs to the whole process and is guarded by the interpreter lock.
//!
//! Objects are counted without atomics because only the thread that holds the interpreter lock
//! (`runtime/gil.rs`) touches them; the same lock guards these cells.

#![expect(unsafe_code, reason = "shared state guarded by the interpreter lock, not by a type")]

use std::cell::UnsafeCell;

/// A process-wide value that only the holder of the interpreter lock may touch.
pub struct GilCell<T>(UnsafeCell<T>);

// SAFETY: every access goes through `with` or `get`, whose callers hold the interpreter lock, so no
// two threads are inside at the same time, and the lock orders their memory.
unsafe impl<T> Sync for GilCell<T> {}

impl<T> GilCell<T> {
    pub const fn new(value: T) -> Self {
        GilCell(UnsafeCell::new(value))
    }

    /// Runs `f` on the content. `f` must not run Python code or drop values (a finaliser may come
    /// back here): take things out, return them, and drop them outside.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the caller holds the interpreter lock, and `f` does not re-enter (see above).
        f(unsafe { &mut *self.0.get() })
    }
}

impl<T: Copy> GilCell<T> {
    #[inline(always)]
    pub fn get(&self) -> T {
        self.with(|v| *v)
    }
    #[inline(always)]
    pub fn set(&self, value: T) {
        self.with(|v| *v = value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn who_holds_a_lock_sees_what_the_last_one_left() {
        let (cell, lock) = (Arc::new(GilCell::new(0u64)), Arc::new(Mutex::new(())));
        let threads = [(); 4].map(|()| {
            let (cell, lock) = (cell.clone(), lock.clone());
            std::thread::spawn(move || {
                for _ in 0..10_000 {
                    let _held = lock.lock();
                    cell.with(|n| *n += 1);
                }
            })
        });
        assert!(threads.into_iter().all(|thread| thread.join().is_ok()));
        assert_eq!(cell.get(), 40_000);
        cell.set(7);
        assert_eq!(cell.get(), 7);
    }
}
