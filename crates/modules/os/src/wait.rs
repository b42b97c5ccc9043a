//! How long a call waits, and how it goes on waiting after a signal (PEP 475).

use adder_vm::{PyResult, Vm};
use std::time::{Duration, Instant};

/// How long to wait.
#[derive(Clone, Copy)]
pub enum Wait {
    Not,
    Forever,
    Until(Instant),
}

impl Wait {
    /// A time too long for the clock is for ever.
    pub fn of(time: Duration) -> Wait {
        if time.is_zero() {
            return Wait::Not;
        }
        Instant::now().checked_add(time).map_or(Wait::Forever, Wait::Until)
    }
    pub fn for_seconds(vm: &Vm, seconds: f64) -> PyResult<Wait> {
        if seconds.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        if seconds > 9_223_372_036.0 {
            return Err(vm.overflow_error("timeout is too large"));
        }
        Ok(Wait::of(Duration::from_secs_f64(seconds.max(0.0))))
    }
    pub fn left(self) -> Option<Duration> {
        match self {
            Wait::Not => Some(Duration::ZERO),
            Wait::Forever => None,
            Wait::Until(end) => Some(end.saturating_duration_since(Instant::now())),
        }
    }
    /// Milliseconds, rounded up; -1 for ever.
    pub fn millis(self) -> i32 {
        match self.left() {
            None => -1,
            Some(Duration::ZERO) => 0,
            Some(left) => i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX),
        }
    }
}
