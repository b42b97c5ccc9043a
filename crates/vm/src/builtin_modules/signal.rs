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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, owners, token, with_vm};

    /// Signals that nothing else in these tests uses. Each test that touches them holds the lock.
    const ONE: i32 = libc::SIGUSR1;
    const TWO: i32 = libc::SIGUSR2;

    fn raise(number: i32) {
        // SAFETY: plain numbers; the signal is handled or ignored.
        assert_eq!(unsafe { libc::raise(number) }, 0);
    }

    #[test]
    fn the_system_does_what_it_was_told() {
        with_vm(|_| {
            for (disposition, shown) in [
                (Disposition::Ignore, Some(1)),
                (Disposition::Handle, None),
                (Disposition::Default, Some(0)),
            ] {
                assert!(install(ONE, disposition).is_ok());
                assert_eq!(current(ONE).as_small_int(), shown);
            }
            for number in [0, -1, 65, i32::MAX, libc::SIGKILL] {
                assert!(install(number, Disposition::Handle).is_err());
            }
            assert_eq!(current(libc::SIGKILL).as_small_int(), Some(0));
        });
    }

    #[test]
    fn handlers_are_kept_within_the_table() {
        with_vm(|_| {
            let value = token();
            assert!(set_handler(ONE, value.clone()).is_none() && owners(&value) == 2);
            assert!(handler(ONE).is_some_and(|handler| handler.is(&value)));
            for number in [-1, 65, 1000, i32::MIN] {
                assert!(set_handler(number, value.clone()).is_none() && handler(number).is_none());
            }
            assert_eq!(owners(&value), 2);
            forget();
            assert!(handler(ONE).is_none() && owners(&value) == 1);
        });
    }

    #[test]
    fn a_signal_runs_its_handler_at_the_next_check() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
log = []
def note(number, frame): log.append((number, frame and frame.f_code.co_name))
def fail(number, frame): raise KeyError(number)
def loop():
    while not log: pass
    return log
",
            );
            set_handler(ONE, session.get("note"));
            set_handler(TWO, session.get("fail"));
            assert!([ONE, TWO].iter().all(|n| install(*n, Disposition::Handle).is_ok()));
            raise(ONE);
            raise(ONE);
            assert!(signals::is_set() && session.show("log").contains("(10, "));
            session.exec("log.clear()");
            // One that fails leaves the others for later.
            raise(ONE);
            raise(TWO);
            assert_eq!(session.raises("loop()"), "KeyError(12)");
            assert_eq!(session.show("len(log)"), "1");
            assert!(vm.check_signals().is_ok());
            // A number is no handler.
            set_handler(ONE, Value::int_unchecked(1));
            raise(ONE);
            assert!(vm.check_signals().is_ok());
            assert!([ONE, TWO].iter().all(|n| install(*n, Disposition::Default).is_ok()));
            forget();
        });
    }

    #[test]
    fn the_wakeup_descriptor_gets_a_byte_and_errno_stays() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "import sys\ntold = []\nsys.unraisablehook = lambda u: told.append(u.exc_value.errno)",
            );
            let mut ends = [0; 2];
            // SAFETY: room for two descriptors.
            assert_eq!(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK) }, 0);
            let [out, into] = ends;
            assert!(install(ONE, Disposition::Handle).is_ok());
            let raised = |errno: i32| {
                // SAFETY: the place of this thread's error number; plain numbers.
                unsafe {
                    *libc::__errno_location() = errno;
                    libc::raise(ONE);
                    *libc::__errno_location()
                }
            };
            let read = |room: usize| {
                let mut bytes = vec![0u8; room];
                // SAFETY: a live buffer and its length.
                let n = unsafe { libc::read(out, bytes.as_mut_ptr().cast(), room) };
                bytes.truncate(n.max(0) as usize);
                bytes
            };
            assert_eq!(set_wakeup_fd(into, false), -1);
            assert_eq!(raised(libc::EDOM), libc::EDOM);
            assert_eq!(read(8), [ONE as u8]);
            // A full pipe is told of only if that was asked for.
            let full = vec![0u8; 1 << 16];
            // SAFETY: a live buffer and its length.
            while unsafe { libc::write(into, full.as_ptr().cast(), full.len()) } > 0 {}
            assert_eq!((raised(libc::EDOM), WAKEUP_ERROR.load(Ordering::Relaxed)), (libc::EDOM, 0));
            assert_eq!(set_wakeup_fd(into, true), into);
            assert_eq!(raised(0), 0);
            assert_eq!(WAKEUP_ERROR.swap(0, Ordering::Relaxed), libc::EAGAIN);
            // SAFETY: plain numbers.
            unsafe {
                libc::close(out);
                libc::close(into);
            }
            // A closed one is told of.
            assert_eq!(raised(libc::EDOM), libc::EDOM);
            report_wakeup_error(vm);
            report_wakeup_error(vm);
            session.exec("sys.unraisablehook = sys.__unraisablehook__");
            assert_eq!(session.show("told"), "[9]");
            assert_eq!(set_wakeup_fd(-1, true), into);
            assert!(install(ONE, Disposition::Default).is_ok() && vm.check_signals().is_ok());
        });
    }

    #[test]
    fn a_signal_elsewhere_reaches_the_main_thread() {
        with_vm(|vm| {
            let session = Session::new(vm, "log = []\ndef note(number, frame): log.append(number)");
            set_handler(ONE, session.get("note"));
            assert!(install(ONE, Disposition::Handle).is_ok());
            let other = std::thread::spawn(|| raise(ONE));
            assert!(other.join().is_ok());
            for _ in 0..1000 {
                assert!(vm.check_signals().is_ok());
                if session.show("log") != "[]" {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            assert_eq!(session.show("log[:1]"), "[10]");
            assert!(install(ONE, Disposition::Default).is_ok());
            forget();
        });
    }

    #[test]
    fn a_thread_may_refuse_all_signals() {
        let blocked = std::thread::spawn(|| {
            block_all();
            // SAFETY: the set is filled by the call.
            unsafe {
                let mut now: libc::sigset_t = std::mem::zeroed();
                libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &mut now);
                libc::sigismember(&now, ONE) == 1 && libc::sigismember(&now, libc::SIGINT) == 1
            }
        });
        assert!(blocked.join().is_ok_and(|blocked| blocked));
    }
}
