//! The interpreter lock: one thread at a time runs Python code.
//!
//! A waiting thread asks for the lock after five milliseconds (`sys.setswitchinterval`); the holder
//! hands it over at its next check. CPython's counterpart: `Python/ceval_gil.c`.

use crate::runtime::vm::Vm;
use crate::runtime::{exit, signals, tracemalloc};
use std::cell::Cell;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

struct State {
    held: bool,
    waiting: u32,
    /// Counts hand-overs, so that a thread that gave the lock up lets another one have it.
    turn: u64,
}

static STATE: Mutex<State> = Mutex::new(State { held: false, waiting: 0, turn: 0 });
static RELEASED: Condvar = Condvar::new();
static INTERVAL_MICROS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(5000);

pub fn switch_interval() -> Duration {
    Duration::from_micros(INTERVAL_MICROS.load(std::sync::atomic::Ordering::Relaxed))
}
pub fn set_switch_interval(interval: Duration) {
    let micros = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX).max(1);
    INTERVAL_MICROS.store(micros, std::sync::atomic::Ordering::Relaxed);
}

thread_local! {
    /// The calling thread has the lock.
    static HELD_HERE: Cell<bool> = const { Cell::new(false) };
}

/// Has the calling thread the lock?
pub(crate) fn is_held_here() -> bool {
    HELD_HERE.get()
}

/// Waits for the lock and takes it; when the run is over, only the thread that ends it gets it.
pub(crate) fn acquire() {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    state.waiting += 1;
    while state.held {
        let (next, timeout) =
            RELEASED.wait_timeout(state, switch_interval()).unwrap_or_else(PoisonError::into_inner);
        state = next;
        if timeout.timed_out() && state.held {
            signals::request_lock();
        }
    }
    state.waiting -= 1;
    if exit::is_over_here() {
        drop(state);
        // The next one waiting must be woken in this one's place.
        RELEASED.notify_one();
        loop {
            std::thread::park();
        }
    }
    state.held = true;
    state.turn += 1;
    HELD_HERE.set(true);
}

/// Gives the lock up.
pub(crate) fn release() {
    HELD_HERE.set(false);
    let waiting = {
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        state.held = false;
        state.waiting
    };
    // To wake nobody is a call of the system, too.
    if waiting > 0 {
        RELEASED.notify_one();
    }
}

/// The lock, held until this goes.
pub(crate) struct Held(());

/// Takes the lock for a while.
pub(crate) fn hold() -> Held {
    acquire();
    Held(())
}

impl Drop for Held {
    fn drop(&mut self) {
        release();
    }
}

/// Hands the lock to a waiting thread, if there is one, and takes it again afterwards.
pub(crate) fn yield_lock(vm: &Vm) {
    let turn = {
        let state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        if state.waiting == 0 {
            return;
        }
        state.turn
    };
    vm.without_lock(|| {
        let deadline = std::time::Instant::now() + switch_interval();
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        while state.turn == turn && state.waiting > 0 && std::time::Instant::now() < deadline {
            drop(state);
            std::thread::yield_now();
            state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        }
    });
}

/// The thread that handles signals: the first one, or in a forked child the one that forked.
static MAIN_THREAD: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

pub(crate) fn main_thread() -> u64 {
    MAIN_THREAD.load(std::sync::atomic::Ordering::Relaxed)
}

/// For a test, whose thread is not the one that started the machine.
#[cfg(test)]
pub(crate) fn become_main_thread(vm: &Vm) {
    MAIN_THREAD.store(vm.thread_id, std::sync::atomic::Ordering::Relaxed);
    crate::builtin_modules::signal::become_main();
}

impl Vm {
    /// Makes a child process by `f`; `in_child` tells from its answer on which side we are. The
    /// state of the lock is held meanwhile, so that the child, where only this thread exists, finds
    /// it whole.
    ///
    /// # Errors
    /// What `f` answers.
    pub fn fork<T>(
        &self,
        f: impl FnOnce() -> std::io::Result<T>,
        in_child: impl FnOnce(&std::io::Result<T>) -> bool,
    ) -> std::io::Result<(T, bool)> {
        let book = tracemalloc::hold();
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        let made = f();
        let child = in_child(&made);
        if child {
            state.waiting = 0;
            // The other threads' states went with them.
            self.interp().threads.with_mut(|all| all.retain(|thread| std::ptr::eq(*thread, self)));
            MAIN_THREAD.store(self.thread_id, std::sync::atomic::Ordering::Relaxed);
            crate::builtin_modules::signal::become_main();
        }
        drop((state, book));
        made.map(|made| (made, child))
    }

    /// The identifier of the thread that handles signals.
    pub fn main_thread_ident(&self) -> u64 {
        main_thread()
    }

    /// Runs something that may block, or compute for long, without the lock. `f` touches no object.
    pub fn without_lock<R>(&self, f: impl FnOnce() -> R) -> R {
        release();
        let result = f();
        acquire();
        self.become_current();
        result
    }
}
