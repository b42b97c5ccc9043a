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
const MEMORY: u32 = 16;
const NO_RESERVE: u32 = 32;

/// Signals that arrived and were not handled yet: bit 0 for signal 1, and so on.
static PENDING_SIGNALS: AtomicU64 = AtomicU64::new(0);

/// What is left of a step limit.
static STEPS: AtomicU64 = AtomicU64::new(0);

/// The collector is due.
pub(crate) fn request_collection() {
    BREAKER.fetch_or(COLLECT, Ordering::Relaxed);
}

/// The system has no more memory: the reserve is being used.
pub(crate) fn request_memory_error() {
    BREAKER.fetch_or(MEMORY, Ordering::Relaxed);
}

#[inline(always)]
pub(crate) fn is_short_of_memory() -> bool {
    BREAKER.load(Ordering::Relaxed) & MEMORY != 0
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
        let requests = BREAKER.swap(0, Ordering::AcqRel);
        if requests & COLLECT != 0 {
            crate::runtime::gc::collect_young(self);
        }
        if requests & YIELD_LOCK != 0 {
            crate::runtime::gil::yield_lock(self);
        }
        if requests & SIGNAL != 0 {
            self.check_signals()?;
        }
        if requests & (MEMORY | NO_RESERVE) != 0 {
            let kept = crate::runtime::memory::keep_reserve();
            if !kept {
                BREAKER.fetch_or(NO_RESERVE, Ordering::Relaxed);
            }
            if !kept || requests & MEMORY != 0 {
                return Err(crate::objects::int::no_memory(self));
            }
        }
        if requests & LIMIT != 0 {
            BREAKER.fetch_or(LIMIT, Ordering::Relaxed);
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
