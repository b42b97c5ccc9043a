//! What may interrupt the main loop: signals, requests for the interpreter lock, collections due.
//!
//! Requests set bits in one word; the loop looks at it at backward jumps and calls. CPython's
//! counterpart: the eval breaker of `Python/ceval_gil.c`, `Modules/signalmodule.c`.

use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub(crate) static BREAKER: AtomicU32 = AtomicU32::new(0);

const COLLECT: u32 = 1;
const SIGNAL: u32 = 2;
const YIELD_LOCK: u32 = 4;
const LIMIT: u32 = 8;
/// Something was dropped for lack of memory: a `MemoryError` is due.
pub(crate) const LOST: u32 = 16;
/// Some of the reserve was given up just now.
pub(crate) const SHORT: u32 = 32;
/// The reserve is not whole, and could not be made so.
pub(crate) const NO_RESERVE: u32 = 64;

/// Signals that arrived and were not handled yet: bit 0 for signal 1, and so on.
static PENDING_SIGNALS: AtomicU64 = AtomicU64::new(0);

/// What is left of a step limit.
static STEPS: AtomicU64 = AtomicU64::new(0);

/// The collector is due.
pub(crate) fn request_collection() {
    BREAKER.fetch_or(COLLECT, Ordering::Relaxed);
}

/// Asks the main loop to look after what the bits say.
pub(crate) fn request(bits: u32) {
    BREAKER.fetch_or(bits, Ordering::Relaxed);
}

/// Takes requests back; answers which of them there were.
pub(crate) fn take(bits: u32) -> u32 {
    BREAKER.fetch_and(!bits, Ordering::Relaxed) & bits
}

#[inline(always)]
pub(crate) fn is_requested(bits: u32) -> bool {
    BREAKER.load(Ordering::Relaxed) & bits != 0
}

/// Another thread waits for the interpreter lock.
pub(crate) fn request_lock() {
    BREAKER.fetch_or(YIELD_LOCK, Ordering::Relaxed);
}

/// Called in a signal handler: only remembers the number.
pub fn note_signal(number: i32) {
    if (1..=64).contains(&number) {
        PENDING_SIGNALS.fetch_or(1 << (number - 1), Ordering::SeqCst);
        BREAKER.fetch_or(SIGNAL, Ordering::SeqCst);
    }
}

/// Is there anything to do?
#[inline(always)]
pub(crate) fn is_set() -> bool {
    BREAKER.load(Ordering::Relaxed) != 0
}

impl Vm {
    /// Handles whatever was requested. Runs Python code (finalisers, signal handlers).
    #[cold]
    #[inline(never)]
    pub fn handle_requests(&self) -> PyResult<()> {
        // What concerns memory and limits stays until it is settled.
        let requests = BREAKER.fetch_and(LOST | SHORT | NO_RESERVE | LIMIT, Ordering::AcqRel);
        if requests & COLLECT != 0 {
            crate::runtime::gc::collect_young(self);
        }
        if requests & YIELD_LOCK != 0 {
            crate::runtime::gil::yield_lock(self);
        }
        if requests & SIGNAL != 0 {
            self.check_signals()?;
        }
        if requests & (LOST | SHORT | NO_RESERVE) != 0 {
            self.look_after_reserve()?;
        }
        if requests & LIMIT != 0 {
            self.take_step()?;
        }
        Ok(())
    }

    /// Lets Python code take so many more steps (backward jumps, calls of Python functions, polls of
    /// native code that computes for long); each step after the last raises `RuntimeError`, so that
    /// code which handles the error ends too. `None` lifts the limit.
    pub fn limit_steps(&self, steps: Option<u64>) {
        match steps {
            Some(steps) => {
                STEPS.store(steps, Ordering::Relaxed);
                BREAKER.fetch_or(LIMIT, Ordering::Relaxed);
            }
            None => {
                BREAKER.fetch_and(!LIMIT, Ordering::Relaxed);
            }
        }
    }

    fn take_step(&self) -> PyResult<()> {
        match STEPS.load(Ordering::Relaxed).checked_sub(1) {
            Some(left) => {
                STEPS.store(left, Ordering::Relaxed);
                Ok(())
            }
            None => Err(self.runtime_error("step limit exceeded")),
        }
    }

    /// Runs the Python handlers of signals that arrived (in the main thread only).
    pub fn check_signals(&self) -> PyResult<()> {
        if BREAKER.load(Ordering::Relaxed) & LIMIT != 0 {
            self.take_step()?;
        }
        if PENDING_SIGNALS.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        if !self.is_main_thread() {
            // The main thread will look; it must be told again.
            BREAKER.fetch_or(SIGNAL, Ordering::SeqCst);
            return Ok(());
        }
        let mut pending = PENDING_SIGNALS.swap(0, Ordering::AcqRel);
        crate::builtin_modules::signal::report_wakeup_error(self);
        while pending != 0 {
            let number = pending.trailing_zeros() as i32 + 1;
            pending &= pending - 1;
            if let Err(e) = crate::builtin_modules::signal::run_handler(self, number) {
                // The others are handled at the next check.
                if pending != 0 {
                    PENDING_SIGNALS.fetch_or(pending, Ordering::SeqCst);
                    BREAKER.fetch_or(SIGNAL, Ordering::SeqCst);
                }
                return Err(e);
            }
        }
        Ok(())
    }
}
