//! What happens when a signal arrives: C's handler notes it, and the main thread runs the Python
//! function at its next check. The module `_signal` over this lives outside this crate.
//!
//! CPython's counterpart: the inner half of `Modules/signalmodule.c`.

#![expect(unsafe_code, reason = "installs C signal handlers")]

use crate::object::GilCell;
use crate::protocol::call;
use crate::runtime::errors::PyResult;
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

const COUNT: usize = 65;

static HANDLERS: GilCell<[Option<Value>; COUNT]> = GilCell::new([const { None }; COUNT]);

/// Gives up the handlers.
pub(super) fn forget() {
    for at in 0..COUNT {
        drop(HANDLERS.with(|all| all[at].take()));
    }
}

/// A descriptor that gets the number of each signal as a byte, or -1.
static WAKEUP_FD: AtomicI32 = AtomicI32::new(-1);
/// Is a full pipe behind that descriptor worth a warning?
static WARN_FULL: AtomicBool = AtomicBool::new(true);
/// The error number of a failed write to it, to be told later.
static WAKEUP_ERROR: AtomicI32 = AtomicI32::new(0);
/// The system's name of the thread that runs handlers.
static MAIN: AtomicU64 = AtomicU64::new(0);

/// What the system does with a signal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    Default,
    Ignore,
    /// Notes it for the Python function.
    Handle,
}

extern "C" fn note(number: libc::c_int) {
    // SAFETY: only async-signal-safe calls; the error number of the interrupted code is kept.
    unsafe {
        let errno = libc::__errno_location();
        let saved = *errno;
        signals::note_signal(number);
        let fd = WAKEUP_FD.load(Ordering::Relaxed);
        if fd >= 0 {
            let byte = number as u8;
            if libc::write(fd, (&raw const byte).cast(), 1) < 0 {
                let full = *errno == libc::EAGAIN || *errno == libc::EWOULDBLOCK;
                if !full || WARN_FULL.load(Ordering::Relaxed) {
                    WAKEUP_ERROR.store(*errno, Ordering::Relaxed);
                }
            }
        }
        // A call of the main thread that waits is interrupted wherever the signal arrived.
        let main = MAIN.load(Ordering::Relaxed);
        if main != 0 && libc::pthread_self() as u64 != main {
            libc::pthread_kill(main as libc::pthread_t, number);
        }
        *errno = saved;
    }
}

/// Runs the Python handler of a signal that arrived.
pub(crate) fn run_handler(vm: &Vm, number: i32) -> PyResult<()> {
    let handler = handler(number);
    let Some(handler) = handler.filter(|h| !h.is_small_int()) else { return Ok(()) };
    let frame = crate::objects::frame::current(vm).map_or(Value::NONE, Value::from);
    call::call(vm, &handler, &[Value::int_unchecked(number.into()), frame]).map(drop)
}

/// Tells of a wakeup descriptor that could not be written to.
pub(crate) fn report_wakeup_error(vm: &Vm) {
    let number = WAKEUP_ERROR.swap(0, Ordering::Relaxed);
    if number != 0 {
        let exc = vm.os_error(&std::io::Error::from_raw_os_error(number), None);
        vm.unraisable(exc, "Exception ignored when trying to write to the signal wakeup fd", None);
    }
}

/// The Python handler of a signal; `None` if the program has set none.
pub fn handler(number: i32) -> Option<Value> {
    HANDLERS.with(|h| h.get(number as usize).and_then(Clone::clone))
}

/// Sets the Python handler of a signal; the answer is the one before.
pub fn set_handler(number: i32, handler: Value) -> Option<Value> {
    HANDLERS.with(|h| h.get_mut(number as usize).and_then(|place| place.replace(handler)))
}

/// What the system does with a signal now, as `signal.getsignal` says it.
pub fn current(number: i32) -> Value {
    // SAFETY: asks only; the structure is filled by the call.
    let action = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(number, std::ptr::null(), &mut action);
        action.sa_sigaction
    };
    match action {
        libc::SIG_DFL => Value::int_unchecked(0),
        libc::SIG_IGN => Value::int_unchecked(1),
        _ => Value::NONE,
    }
}

/// Tells the system what to do with a signal.
///
/// # Errors
/// What the system says: some signals cannot be handled.
pub fn install(number: i32, disposition: Disposition) -> std::io::Result<()> {
    let handler = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignore => libc::SIG_IGN,
        Disposition::Handle => note as extern "C" fn(libc::c_int) as libc::sighandler_t,
    };
    // SAFETY: the handler calls only what is async-signal-safe; the structure is zeroed and filled.
    let result = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(number, &action, std::ptr::null_mut())
    };
    if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// `signal.set_wakeup_fd`: the answer is the descriptor before.
pub fn set_wakeup_fd(fd: i32, warn_full: bool) -> i32 {
    WARN_FULL.store(warn_full, Ordering::Relaxed);
    WAKEUP_FD.swap(fd, Ordering::Relaxed)
}

/// The calling thread is the one that runs handlers.
pub(crate) fn become_main() {
    // SAFETY: takes nothing and cannot fail.
    MAIN.store(unsafe { libc::pthread_self() } as u64, Ordering::Relaxed);
}

/// Keeps signals away from a thread that runs no Python code.
pub fn block_all() {
    // SAFETY: the set is filled by the call.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, std::ptr::null_mut());
    }
}

/// Ends the process with the signal of Ctrl-C; returns only if the signal is blocked.
pub fn die_of_interrupt() {
    // SAFETY: plain numbers.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::raise(libc::SIGINT);
    }
}

/// The dispositions that Python programs expect: Ctrl-C raises, a broken pipe and a file that grows
/// too large are error numbers.
pub fn install_defaults(vm: &Vm) {
    become_main();
    let interrupt = vm
        .interp()
        .native_modules
        .with(|all| all.iter().find(|d| d.name == "_signal").copied())
        .and_then(|def| def.functions.iter().find(|f| f.name == "default_int_handler"));
    if let Some(def) = interrupt
        && current(libc::SIGINT).as_small_int() == Some(0)
    {
        let handler = crate::objects::builtin_function::BuiltinFunction::plain(
            def,
            Some(vm.intern("_signal").into()),
        );
        set_handler(libc::SIGINT, handler);
        // These exist, and can be set.
        let _ = install(libc::SIGINT, Disposition::Handle);
    }
    let _ = install(libc::SIGPIPE, Disposition::Ignore);
    let _ = install(libc::SIGXFSZ, Disposition::Ignore);
}
