//! `_signal`: handlers written in Python, masks, timers. CPython's counterpart:
//! `Modules/signalmodule.c`.
//!
//! What a signal does when it arrives is in the machine (`builtin_modules/signal.rs`).

use crate::system;
use adder_derive::pymodule;
use adder_modules_core::support::{add_ints, descriptor};
use adder_vm::builtin_modules::signal::{self as machine, Disposition};
use adder_vm::object::GilCell;
use adder_vm::objects::builtin_function::BuiltinFunction;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::set::Set;
use adder_vm::objects::struct_sequence;
use adder_vm::protocol::{call, iter, number};
use adder_vm::{Exc, Obj, PyResult, Value, Vm};
use std::time::{Duration, Instant};

/// Signal numbers end here.
const COUNT: i32 = 65;

const INFO: &str = "signal.struct_siginfo";
const INFO_FIELDS: [&str; 7] =
    ["si_signo", "si_code", "si_errno", "si_pid", "si_uid", "si_status", "si_band"];

/// The class `signal.itimer_error`.
static ITIMER_ERROR: GilCell<Option<Value>> = GilCell::new(None);

fn os_error(vm: &Vm, error: &std::io::Error) -> Exc {
    vm.os_error(error, None)
}

fn itimer_error(vm: &Vm, error: &std::io::Error) -> Exc {
    let number = error.raw_os_error().unwrap_or(libc::EINVAL);
    let args = [Value::int_unchecked(number.into()), vm.errno_text(number)];
    let class = ITIMER_ERROR.with(|e| e.clone());
    match class.map(|c| call::call(vm, &c, &args).map(Value::into_ref)) {
        Some(Ok(Ok(exc))) => Exc(exc),
        _ => os_error(vm, error),
    }
}

fn check_number(vm: &Vm, number: i32) -> PyResult<()> {
    if (1..COUNT).contains(&number) {
        return Ok(());
    }
    Err(vm.value_error("signal number out of range"))
}

/// A set of signals from any iterable of numbers.
fn signal_set(vm: &Vm, list: &Value) -> PyResult<Vec<i32>> {
    let mut all = Vec::new();
    for item in iter::collect(vm, list)? {
        match number::to_i128(vm, &item)? {
            Some(n) if (1..COUNT.into()).contains(&n) => all.push(n as i32),
            _ => {
                let shown = adder_vm::protocol::object::repr(vm, &item)?.to_string_lossy();
                let most = COUNT - 1;
                return Err(
                    vm.value_error(format!("signal number {shown} out of range [1; {most}]"))
                );
            }
        }
    }
    Ok(all)
}

fn to_set(vm: &Vm, signals: Vec<i32>) -> PyResult {
    let all = Set::new_ref();
    for signal in signals {
        all.add(vm, &Value::int_unchecked(signal.into()))?;
    }
    Ok(all.into())
}

fn info_record(vm: &Vm, info: [i64; 7]) -> Value {
    let fields: Vec<_> = INFO_FIELDS.into_iter().zip(info.map(int::from_i64)).collect();
    struct_sequence::make(vm, INFO, &fields)
}

/// A time of a timer: seconds and microseconds.
fn timeval(vm: &Vm, seconds: &Value) -> PyResult<libc::timeval> {
    let seconds = number::to_f64(vm, seconds)?;
    if seconds.is_nan() {
        return Err(vm.value_error("Invalid value NaN (not a number)"));
    }
    if seconds.abs() > 9.2e18 {
        return Err(vm.overflow_error("timestamp out of range for platform time_t"));
    }
    // Rounded up: a timer must not go off too early.
    let micros = (seconds * 1e6).ceil() as i128;
    Ok(libc::timeval {
        tv_sec: micros.div_euclid(1_000_000) as i64,
        tv_usec: micros.rem_euclid(1_000_000) as i64,
    })
}

fn seconds(times: [libc::timeval; 2]) -> (f64, f64) {
    let [value, interval] = times.map(|t| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6);
    (value, interval)
}

const DEFAULT_HANDLER: &str = "default_int_handler";

/// This module provides mechanisms to use signal handlers in Python.
///
/// Functions:
///
/// alarm() -- cause SIGALRM after a specified time [Unix only]
/// setitimer() -- cause a signal (described below) after a specified
///                float time and the timer may restart then [Unix only]
/// getitimer() -- get current value of timer [Unix only]
/// signal() -- set the action for a given signal
/// getsignal() -- get the signal action for a given signal
/// pause() -- wait until a signal arrives [Unix only]
/// default_int_handler() -- default SIGINT handler
#[pymodule(name = "_signal")]
pub mod signal {
    use super::*;

    /// The default handler for SIGINT installed by Python.
    ///
    /// It raises KeyboardInterrupt.
    #[pyfunction]
    fn default_int_handler(vm: &Vm, _signalnum: i32, _frame: &Value) -> PyResult<()> {
        Err(vm.exception_with_args(vm.exception_type("KeyboardInterrupt"), Vec::new()))
    }

    /// Set the action for the given signal.
    ///
    /// The action can be SIG_DFL, SIG_IGN, or a callable Python object.
    /// The previous action is returned.  See getsignal() for possible return values.
    ///
    /// *** IMPORTANT NOTICE ***
    /// A signal handler function is called with two arguments:
    /// the first is the signal number, the second is the interrupted stack frame.
    #[pyfunction(name = "signal")]
    fn signal_(vm: &Vm, signalnum: i32, handler: Value) -> PyResult {
        if !vm.is_main_thread() {
            return Err(vm.value_error("signal only works in main thread of the main interpreter"));
        }
        check_number(vm, signalnum)?;
        let disposition = match int::to_i64_exact(&handler) {
            Some(0) => Disposition::Default,
            Some(1) => Disposition::Ignore,
            _ if call::is_callable(&handler) => Disposition::Handle,
            _ => {
                return Err(vm.type_error(
                    "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object",
                ));
            }
        };
        vm.check_signals()?;
        let before = machine::current(signalnum);
        machine::install(signalnum, disposition).map_err(|e| os_error(vm, &e))?;
        let old = machine::set_handler(signalnum, handler);
        Ok(old.unwrap_or(before))
    }

    /// Return the current action for the given signal.
    ///
    /// The return value can be:
    ///   SIG_IGN -- if the signal is being ignored
    ///   SIG_DFL -- if the default action for the signal is in effect
    ///   None    -- if an unknown handler is in effect
    ///   anything else -- the callable Python object used as a handler
    #[pyfunction]
    fn getsignal(vm: &Vm, signalnum: i32) -> PyResult {
        check_number(vm, signalnum)?;
        Ok(machine::handler(signalnum).unwrap_or_else(|| machine::current(signalnum)))
    }

    /// Send a signal to the executing process.
    #[pyfunction]
    fn raise_signal(vm: &Vm, signalnum: i32) -> PyResult<()> {
        system::raise(signalnum).map_err(|e| os_error(vm, &e))?;
        vm.check_signals()
    }

    /// Return the system description of the given signal.
    ///
    /// Returns the description of signal *signalnum*, or None if there is no
    /// description for this signal. Raises ValueError if signalnum is invalid.
    #[pyfunction]
    fn strsignal(vm: &Vm, signalnum: i32) -> PyResult<Option<String>> {
        check_number(vm, signalnum)?;
        Ok(system::strsignal(signalnum).filter(|text| !text.starts_with("Unknown signal")))
    }

    /// Change system call restart behaviour.
    ///
    /// If flag is False, system calls will be restarted when interrupted by
    /// signal sig, else system calls will be interrupted.
    #[pyfunction]
    fn siginterrupt(vm: &Vm, signalnum: i32, flag: i32) -> PyResult<()> {
        check_number(vm, signalnum)?;
        system::siginterrupt(signalnum, flag).map(drop).map_err(|e| os_error(vm, &e))
    }

    /// Sets the fd to be written to (with the signal number) when a signal comes in.
    ///
    /// A library can use this to wakeup select or poll.
    /// The previous fd or -1 is returned.
    ///
    /// The fd must be non-blocking.
    #[pyfunction(sig = "(fd, /, *, warn_on_full_buffer=True)")]
    fn set_wakeup_fd(vm: &Vm, fd: i32, warn_on_full_buffer: Option<bool>) -> PyResult<i32> {
        if !vm.is_main_thread() {
            return Err(
                vm.value_error("set_wakeup_fd only works in main thread of the main interpreter")
            );
        }
        if fd != -1 {
            let flags = system::fcntl(fd, libc::F_GETFL, 0).map_err(|e| {
                if e.raw_os_error() == Some(libc::EBADF) && fd < 0 {
                    vm.value_error("invalid fd")
                } else {
                    os_error(vm, &e)
                }
            })?;
            if flags & libc::O_NONBLOCK == 0 {
                return Err(vm.value_error(format!("the fd {fd} must be in non-blocking mode")));
            }
        }
        Ok(machine::set_wakeup_fd(fd, warn_on_full_buffer.unwrap_or(true)))
    }

    /// Arrange for SIGALRM to arrive after the given number of seconds.
    #[pyfunction]
    fn alarm(_vm: &Vm, seconds: i32) -> u32 {
        system::alarm(seconds.max(0) as u32)
    }

    /// Wait until a signal arrives.
    #[pyfunction]
    fn pause(vm: &Vm) -> PyResult<()> {
        vm.without_lock(system::pause);
        vm.check_signals()
    }

    /// Sets given itimer (one of ITIMER_REAL, ITIMER_VIRTUAL or ITIMER_PROF).
    ///
    /// The timer will fire after value seconds and after that every interval seconds.
    /// The itimer can be cleared by setting seconds to zero.
    ///
    /// Returns old values as a tuple: (delay, interval).
    #[pyfunction(sig = "(which, seconds, interval=0.0, /)")]
    fn setitimer(
        vm: &Vm,
        which: i32,
        seconds: &Value,
        interval: Option<&Value>,
    ) -> PyResult<(f64, f64)> {
        let zero = Value::int_unchecked(0);
        let new = [timeval(vm, seconds)?, timeval(vm, interval.unwrap_or(&zero))?];
        system::itimer(which, Some(new)).map(super::seconds).map_err(|e| itimer_error(vm, &e))
    }

    /// Returns current value of given itimer.
    #[pyfunction]
    fn getitimer(vm: &Vm, which: i32) -> PyResult<(f64, f64)> {
        system::itimer(which, None).map(super::seconds).map_err(|e| itimer_error(vm, &e))
    }

    /// Fetch and/or change the signal mask of the calling thread.
    #[pyfunction]
    fn pthread_sigmask(vm: &Vm, how: i32, mask: &Value) -> PyResult {
        let mask = signal_set(vm, mask)?;
        let old = system::sigmask(how, &mask).map_err(|e| os_error(vm, &e))?;
        // What was blocked may have arrived.
        vm.check_signals()?;
        to_set(vm, old)
    }

    /// Examine pending signals.
    ///
    /// Returns a set of signal numbers pending for delivery to the calling thread.
    #[pyfunction]
    fn sigpending(vm: &Vm) -> PyResult {
        to_set(vm, system::sigpending().map_err(|e| os_error(vm, &e))?)
    }

    /// Wait for a signal.
    ///
    /// Suspend execution of the calling thread until the delivery of one of the
    /// signals specified in the signal set sigset.
    ///
    /// The function accepts the signal and returns the signal number.
    #[pyfunction]
    fn sigwait(vm: &Vm, sigset: &Value) -> PyResult<i32> {
        let set = signal_set(vm, sigset)?;
        vm.without_lock(|| system::sigwait(&set)).map_err(|e| os_error(vm, &e))
    }

    /// Wait synchronously until one of the signals in *sigset* is delivered.
    ///
    /// Returns a struct_siginfo containing information about the signal.
    #[pyfunction]
    fn sigwaitinfo(vm: &Vm, sigset: &Value) -> PyResult {
        let set = signal_set(vm, sigset)?;
        loop {
            match vm.without_lock(|| system::sigtimedwait(&set, None)) {
                Ok(info) => return Ok(info_record(vm, info)),
                Err(e) if e.raw_os_error() == Some(libc::EINTR) => vm.check_signals()?,
                Err(e) => return Err(os_error(vm, &e)),
            }
        }
    }

    /// Like sigwaitinfo(), but with a timeout.
    ///
    /// The timeout is specified in seconds, rounded up to nanoseconds.
    #[pyfunction]
    fn sigtimedwait(vm: &Vm, sigset: &Value, timeout: &Value) -> PyResult {
        let seconds = number::to_f64(vm, timeout)?;
        if seconds.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        if seconds < 0.0 {
            return Err(vm.value_error("timeout must be non-negative"));
        }
        if seconds > 9.2e9 {
            return Err(vm.overflow_error("timestamp too large to convert to C PyTime_t"));
        }
        let set = signal_set(vm, sigset)?;
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match vm.without_lock(|| system::sigtimedwait(&set, Some(left))) {
                Ok(info) => return Ok(info_record(vm, info)),
                Err(e) if e.raw_os_error() == Some(libc::EINTR) => vm.check_signals()?,
                Err(e) if e.raw_os_error() == Some(libc::EAGAIN) => return Ok(Value::NONE),
                Err(e) => return Err(os_error(vm, &e)),
            }
        }
    }

    /// Send a signal to a thread.
    #[pyfunction]
    fn pthread_kill(vm: &Vm, thread_id: u64, signalnum: i32) -> PyResult<()> {
        let Some(thread) = vm.native_thread(thread_id.wrapping_sub(1)) else {
            return Err(os_error(vm, &std::io::Error::from_raw_os_error(libc::ESRCH)));
        };
        system::pthread_kill(thread, signalnum).map_err(|e| os_error(vm, &e))?;
        vm.check_signals()
    }

    /// Send a signal to a process referred to by a pid file descriptor.
    #[pyfunction(sig = "(pidfd, signalnum, siginfo=None, flags=0, /)")]
    fn pidfd_send_signal(
        vm: &Vm,
        pidfd: &Value,
        signalnum: i32,
        siginfo: Option<&Value>,
        flags: Option<i32>,
    ) -> PyResult<()> {
        if siginfo.is_some_and(|s| !s.is_none()) {
            return Err(vm.type_error("siginfo must be None"));
        }
        let fd = descriptor(vm, pidfd)?;
        system::pidfd_send_signal(fd, signalnum, flags.unwrap_or(0))
            .map_err(|e| os_error(vm, &e))?;
        vm.check_signals()
    }

    /// Return a set of valid signal numbers on this platform.
    ///
    /// The signal numbers returned by this function can be safely passed to
    /// functions like `pthread_kill`.
    #[pyfunction]
    fn valid_signals(vm: &Vm) -> PyResult {
        to_set(vm, system::valid_signals())
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        add_ints(vm, module, CONSTANTS);
        // Programs ask whether the handler that the machine installed is this module's function.
        if let Some(handler) = machine::handler(libc::SIGINT)
            && handler.downcast::<BuiltinFunction>().is_some_and(|f| f.name() == DEFAULT_HANDLER)
        {
            module.set(vm, DEFAULT_HANDLER, handler);
        }
        let (first, last) = system::real_time_signals();
        module.set(vm, "SIGRTMIN", Value::int_unchecked(first.into()));
        module.set(vm, "SIGRTMAX", Value::int_unchecked(last.into()));
        module.add_type(vm, &struct_sequence::record_type(vm, INFO, &INFO_FIELDS));
        let bases = [vm.exception_type("OSError")];
        let class = adder_vm::objects::type_::declare::exception_subclass(
            vm,
            "itimer_error",
            "signal",
            &bases,
        );
        let old = ITIMER_ERROR.with(|e| e.replace(class.clone()));
        drop(old);
        module.set(vm, "ItimerError", class);
        Ok(())
    }
}

macro_rules! constants {
    ($($name:ident)*; $($own:literal = $value:expr,)*) => {
        const CONSTANTS: &[(&str, i64)] =
            &[$((stringify!($name), libc::$name as i64),)* $(($own, $value),)*];
    };
}

constants! {
    SIG_BLOCK SIG_UNBLOCK SIG_SETMASK ITIMER_REAL ITIMER_VIRTUAL ITIMER_PROF
    SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGIOT SIGABRT SIGFPE SIGKILL SIGBUS SIGSEGV SIGSYS SIGPIPE
    SIGALRM SIGTERM SIGUSR1 SIGUSR2 SIGCHLD SIGPWR SIGIO SIGURG SIGWINCH SIGPOLL SIGSTOP SIGTSTP
    SIGCONT SIGTTIN SIGTTOU SIGVTALRM SIGPROF SIGXCPU SIGXFSZ SIGSTKFLT;
    "SIGCLD" = libc::SIGCHLD as i64,
    "SIG_DFL" = 0,
    "SIG_IGN" = 1,
    "NSIG" = COUNT as i64,
}
