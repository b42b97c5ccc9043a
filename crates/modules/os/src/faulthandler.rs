//! `faulthandler`: tracebacks when something goes wrong. CPython's counterpart:
//! `Modules/faulthandler.c`.
//!
//! A fatal signal (`enable`) is told of from the signal handler, the traceback as well as it can be
//! had there. The other tracebacks are made under the interpreter lock: a signal's (`register`) when
//! the main thread next looks, the watchdog's (`dump_traceback_later`) when it gets the lock.

use crate::system;
use adder_derive::pymodule;
use adder_modules_core::posix::retry;
use adder_vm::builtin_modules::signal::{self as machine, Disposition};
use adder_vm::object::GilCell;
use adder_vm::objects::builtin_function::BuiltinFunction;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::float;
use adder_vm::objects::int;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::{call, number, object};
use adder_vm::runtime::args::FromArg;
use adder_vm::runtime::config::Config;
use adder_vm::{PyResult, Value, Vm};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Frames of one thread that are shown.
const MOST_FRAMES: usize = 100;
/// Characters of one name that are shown.
const MOST_CHARACTERS: usize = 500;

const FATAL: [(i32, &str); 5] = [
    (libc::SIGBUS, "Bus error"),
    (libc::SIGILL, "Illegal instruction"),
    (libc::SIGFPE, "Floating-point exception"),
    (libc::SIGABRT, "Aborted"),
    (libc::SIGSEGV, "Segmentation fault"),
];

/// Where tracebacks are written to. The file is kept so that its descriptor stays open.
struct Target {
    fd: i32,
    _file: Value,
}

impl Target {
    /// A file, a descriptor, or `sys.stderr`.
    fn new(vm: &Vm, file: Option<&Value>) -> PyResult<Target> {
        let file = match file.filter(|f| !f.is_none()) {
            Some(file) => file.clone(),
            None => match vm.sys_get(&vm.intern("stderr")) {
                Some(stderr) if !stderr.is_none() => stderr,
                Some(_) => return Err(vm.runtime_error("sys.stderr is None")),
                None => return Err(vm.runtime_error("unable to get sys.stderr")),
            },
        };
        if int::is_int(&file) {
            if file.is_bool() {
                let message = "bool is used as a file descriptor";
                vm.warn(vm.exception_type("RuntimeWarning"), message, 1)?;
            }
            let fd = i32::from_value(vm, &file)?;
            if fd < 0 {
                return Err(vm.value_error("file is not a valid file descriptor"));
            }
            return Ok(Target { fd, _file: Value::NONE });
        }
        let fd = object::call_method(vm, &file, &vm.names().fileno, &[])?;
        let fd = Some(&fd).filter(|fd| int::is_int(fd)).and_then(int::to_i64_exact);
        let Some(fd) = fd.and_then(|fd| i32::try_from(fd).ok()).filter(|fd| *fd >= 0) else {
            return Err(vm.runtime_error("file.fileno() is not a valid file descriptor"));
        };
        // What was written before stands before; a file that cannot be flushed is used anyway.
        let _ = object::call_method(vm, &file, &vm.intern("flush"), &[]);
        Ok(Target { fd, _file: file })
    }
}

/// Writes all of it; nobody is to be told of an error.
fn write_all(fd: i32, mut text: &[u8]) {
    while !text.is_empty() {
        match system::write(fd, text) {
            Ok(n) if n > 0 => text = text.get(n..).unwrap_or(&[]),
            Err(e) if e.raw_os_error() == Some(libc::EINTR) => {}
            _ => return,
        }
    }
}

/// A name in ASCII, what is not as an escape.
fn add_name(into: &mut String, name: &Value) {
    let Some(text) = name.downcast::<Str>() else {
        into.push_str("???");
        return;
    };
    for (i, c) in text.code_points().enumerate() {
        if i == MOST_CHARACTERS {
            into.push_str("...");
            return;
        }
        // Writing to a string does not fail.
        let _ = match c {
            0x20..0x7f => write!(into, "{}", c as u8 as char),
            0..0x100 => write!(into, "\\x{c:02x}"),
            0x100..0x1_0000 => write!(into, "\\u{c:04x}"),
            _ => write!(into, "\\U{c:08x}"),
        };
    }
}

/// The lines of a frame and its callers.
fn add_stack(vm: &Vm, into: &mut String, frame: &Value) -> PyResult<()> {
    let mut at = frame.clone();
    let mut shown = 0;
    while !at.is_none() {
        if shown == MOST_FRAMES {
            into.push_str("  ...\n");
            return Ok(());
        }
        shown += 1;
        let code = object::get_attr_str(vm, &at, "f_code")?;
        into.push_str("  File \"");
        add_name(into, &object::get_attr_str(vm, &code, "co_filename")?);
        let line = object::get_attr_str(vm, &at, "f_lineno")?;
        let line = int::to_i64_exact(&line).map_or_else(|| "???".to_string(), |n| n.to_string());
        let _ = write!(into, "\", line {line} in ");
        add_name(into, &object::get_attr_str(vm, &code, "co_name")?);
        into.push('\n');
        at = object::get_attr_str(vm, &at, "f_back")?;
    }
    Ok(())
}

/// The stacks of all threads, the newest first; `current` is told apart.
fn add_threads(vm: &Vm, into: &mut String, current: Option<u64>) -> PyResult<()> {
    let Some(sys) = vm.modules().get_str(&vm.intern("sys")) else { return Ok(()) };
    let frames = object::call_method(vm, &sys, &vm.intern("_current_frames"), &[])?;
    let mut threads = BTreeMap::new();
    if let Some(frames) = frames.downcast::<Dict>() {
        for (thread, frame) in frames.items_vec() {
            threads.insert(int::to_i64_exact(&thread).unwrap_or(0) as u64, frame);
        }
    }
    for (n, (thread, frame)) in threads.iter().rev().enumerate() {
        if n > 0 {
            into.push('\n');
        }
        let who = if current == Some(*thread) { "Current thread" } else { "Thread" };
        let _ = writeln!(into, "{who} 0x{thread:016x} (most recent call first):");
        add_stack(vm, into, frame)?;
    }
    Ok(())
}

/// The traceback of this thread or of all.
fn traceback(vm: &Vm, all_threads: bool) -> PyResult<String> {
    let mut text = String::new();
    if all_threads {
        add_threads(vm, &mut text, Some(vm.thread_ident() + 1))?;
    } else {
        text.push_str("Stack (most recent call first):\n");
        if let Some(frame) = adder_vm::objects::frame::current(vm) {
            add_stack(vm, &mut text, &frame.into())?;
        }
    }
    Ok(text)
}

// ---- fatal signals ----

/// What `enable` was told.
struct Enabled {
    target: Target,
    all_threads: bool,
}

static ENABLED: GilCell<Option<Enabled>> = GilCell::new(None);

/// Runs in the signal handler; the signal's disposition is the default one by now, so that another
/// fault ends the process.
fn fatal(number: i32) {
    let fd = ENABLED.with(|e| e.as_ref().map(|e| (e.target.fd, e.all_threads)));
    let Some((fd, all_threads)) = fd else { return };
    let name = FATAL.iter().find(|(known, _)| *known == number).map_or("", |(_, name)| name);
    for part in ["Fatal Python error: ", name, "\n\n"] {
        write_all(fd, part.as_bytes());
    }
    if let Some(Ok(text)) = Vm::with_current(|vm| traceback(vm, all_threads)) {
        write_all(fd, text.as_bytes());
    }
}

// ---- signals of the program's choice ----

/// What `register` was told of a signal, and what was done with it before.
struct Registered {
    target: Target,
    all_threads: bool,
    chain: bool,
    handler: Option<Value>,
    disposition: Value,
}

static REGISTERED: GilCell<BTreeMap<i32, Registered>> = GilCell::new(BTreeMap::new());

fn disposition(handler: &Value) -> Disposition {
    match int::to_i64_exact(handler) {
        Some(0) => Disposition::Default,
        Some(1) => Disposition::Ignore,
        _ => Disposition::Handle,
    }
}

fn check_number(vm: &Vm, number: i32) -> PyResult<()> {
    if FATAL.iter().any(|(fatal, _)| *fatal == number) {
        let message = format!("signal {number} cannot be registered, use enable() instead");
        return Err(vm.runtime_error(message));
    }
    if !(1..=64).contains(&number) {
        return Err(vm.value_error("signal number out of range"));
    }
    Ok(())
}

// ---- the watchdog ----

/// Dropping it ends the watchdog.
static WATCHDOG: GilCell<Option<(Sender<()>, Target)>> = GilCell::new(None);

/// What `dump_traceback_later` was told.
struct Later {
    fd: i32,
    timeout: Duration,
    repeat: bool,
    exit: bool,
    header: String,
}

/// How long the watchdog waits for the interpreter lock before it ends the process without a
/// traceback.
const PATIENCE: Duration = Duration::from_secs(5);

fn watch(later: &Later, cancelled: &Receiver<()>) {
    while let Err(RecvTimeoutError::Timeout) = cancelled.recv_timeout(later.timeout) {
        write_all(later.fd, later.header.as_bytes());
        let (done, finished) = channel();
        let fd = later.fd;
        std::thread::spawn(move || {
            Vm::enter(Config::default(), |vm| {
                let mut text = String::new();
                if add_threads(vm, &mut text, None).is_ok() {
                    write_all(fd, text.as_bytes());
                }
            });
            // The watchdog may have lost its patience.
            let _ = done.send(());
        });
        let _ = finished.recv_timeout(PATIENCE);
        if later.exit {
            system::exit_now(1);
        }
        if !later.repeat {
            return;
        }
    }
}

/// Seconds, above zero.
fn timeout_argument(vm: &Vm, timeout: &Value) -> PyResult<Duration> {
    let seconds = match float::as_f64(timeout) {
        Some(seconds) => seconds,
        None => number::to_f64(vm, &number::index(vm, timeout)?)?,
    };
    if seconds.is_nan() {
        return Err(vm.value_error("Invalid value NaN (not a number)"));
    }
    if seconds > 9_223_372_036.0 {
        return Err(vm.overflow_error("timestamp out of range for platform time_t"));
    }
    let micros = (seconds * 1e6).ceil();
    if micros <= 0.0 {
        return Err(vm.value_error("timeout must be greater than 0"));
    }
    Ok(Duration::from_micros(micros as u64))
}

/// "0:01:02.500000"
fn duration_text(time: Duration) -> String {
    let (seconds, micros) = (time.as_secs(), time.subsec_micros());
    let text = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if micros == 0 { text } else { format!("{text}.{micros:06}") }
}

/// faulthandler module.
#[pymodule(name = "faulthandler")]
pub mod faulthandler {
    use super::*;

    /// Dump the traceback of the current thread, or of all threads if all_threads is True, into file.
    #[pyfunction(sig = "($module, /, file=sys.stderr, all_threads=True)")]
    fn dump_traceback(vm: &Vm, file: Option<&Value>, all_threads: Option<bool>) -> PyResult<()> {
        let target = Target::new(vm, file)?;
        let text = traceback(vm, all_threads.unwrap_or(true))?;
        vm.without_lock(|| write_all(target.fd, text.as_bytes()));
        Ok(())
    }

    /// Enable the fault handler.
    #[pyfunction(sig = "($module, /, file=sys.stderr, all_threads=True)")]
    fn enable(vm: &Vm, file: Option<&Value>, all_threads: Option<bool>) -> PyResult<()> {
        let target = Target::new(vm, file)?;
        let new = Enabled { target, all_threads: all_threads.unwrap_or(true) };
        let old = ENABLED.with(|e| e.replace(new));
        if old.is_none() {
            for (number, _) in FATAL {
                system::on_fatal_signal(number, fatal).map_err(|e| vm.os_error(&e, None))?;
            }
        }
        Ok(())
    }

    /// Disable the fault handler.
    #[pyfunction]
    fn disable(_vm: &Vm) -> bool {
        let old = ENABLED.with(Option::take);
        if old.is_some() {
            for (number, _) in FATAL {
                system::forget_fatal_signal(number);
            }
        }
        old.is_some()
    }

    /// Check if the handler is enabled.
    #[pyfunction]
    fn is_enabled(_vm: &Vm) -> bool {
        ENABLED.with(|e| e.is_some())
    }

    /// Dump the traceback of all threads in timeout seconds,
    /// or each timeout seconds if repeat is True. If exit is True, call _exit(1) which is not safe.
    #[pyfunction(sig = "($module, /, timeout, repeat=False, file=sys.stderr, exit=False)")]
    fn dump_traceback_later(
        vm: &Vm,
        timeout: &Value,
        repeat: Option<bool>,
        file: Option<&Value>,
        exit: Option<bool>,
    ) -> PyResult<()> {
        let timeout = timeout_argument(vm, timeout)?;
        let target = Target::new(vm, file)?;
        let later = Later {
            fd: target.fd,
            timeout,
            repeat: repeat.unwrap_or(false),
            exit: exit.unwrap_or(false),
            header: format!("Timeout ({})!\n", duration_text(timeout)),
        };
        let (cancel, cancelled) = channel();
        let thread = std::thread::Builder::new().name("faulthandler".into());
        if thread.spawn(move || watch(&later, &cancelled)).is_err() {
            return Err(vm.runtime_error("unable to start watchdog thread"));
        }
        drop(WATCHDOG.with(|w| w.replace((cancel, target))));
        Ok(())
    }

    /// Cancel the previous call to dump_traceback_later().
    #[pyfunction]
    fn cancel_dump_traceback_later(_vm: &Vm) {
        drop(WATCHDOG.with(Option::take));
    }

    /// Register a handler for the signal 'signum': dump the traceback of the current thread, or of all threads if all_threads is True, into file.
    #[pyfunction(sig = "($module, /, signum, file=sys.stderr, all_threads=True, chain=False)")]
    fn register(
        vm: &Vm,
        signum: i32,
        file: Option<&Value>,
        all_threads: Option<bool>,
        chain: Option<bool>,
    ) -> PyResult<()> {
        check_number(vm, signum)?;
        let target = Target::new(vm, file)?;
        let known = REGISTERED.with(|r| r.remove(&signum));
        let before = machine::current(signum);
        machine::install(signum, Disposition::Handle).map_err(|e| vm.os_error(&e, None))?;
        let (handler, disposition) = match known {
            Some(known) => (known.handler, known.disposition),
            None => {
                let module = Some(vm.str("faulthandler"));
                let own = handlers::MODULE.functions.first();
                let own = own.map(|def| BuiltinFunction::plain(def, module));
                (own.and_then(|own| machine::set_handler(signum, own)), before)
            }
        };
        let (all_threads, chain) = (all_threads.unwrap_or(true), chain.unwrap_or(false));
        let new = Registered { target, all_threads, chain, handler, disposition };
        drop(REGISTERED.with(|r| r.insert(signum, new)));
        Ok(())
    }

    /// Raise a SIGSEGV signal.
    #[pyfunction(name = "_sigsegv", sig = "(release_gil=False, /)")]
    fn sigsegv(vm: &Vm, release_gil: Option<bool>) -> PyResult<()> {
        let raised = match release_gil {
            Some(true) => vm.without_lock(|| system::raise(libc::SIGSEGV)),
            _ => system::raise(libc::SIGSEGV),
        };
        raised.map(drop).map_err(|e| vm.os_error(&e, None))
    }
    /// Raise a SIGFPE signal.
    #[pyfunction(name = "_sigfpe")]
    fn sigfpe(vm: &Vm) -> PyResult<()> {
        system::raise(libc::SIGFPE).map(drop).map_err(|e| vm.os_error(&e, None))
    }
    /// Raise a SIGABRT signal.
    #[pyfunction(name = "_sigabrt")]
    fn sigabrt(vm: &Vm) -> PyResult<()> {
        system::raise(libc::SIGABRT).map(drop).map_err(|e| vm.os_error(&e, None))
    }

    /// Unregister the handler of the signal 'signum' registered by register().
    #[pyfunction]
    fn unregister(vm: &Vm, signum: i32) -> PyResult<bool> {
        check_number(vm, signum)?;
        let Some(old) = REGISTERED.with(|r| r.remove(&signum)) else { return Ok(false) };
        let before = old.handler.unwrap_or(old.disposition);
        machine::install(signum, disposition(&before)).map_err(|e| vm.os_error(&e, None))?;
        drop(machine::set_handler(signum, before));
        Ok(true)
    }
}

/// The handler that `register` installs; no module of the program's.
#[pymodule(name = "faulthandler")]
mod handlers {
    use super::*;

    #[pyfunction]
    fn handle(vm: &Vm, signum: i32, frame: &Value) -> PyResult<()> {
        let known = REGISTERED.with(|r| {
            r.get(&signum).map(|r| {
                let before = r.handler.clone().unwrap_or_else(|| r.disposition.clone());
                (r.target.fd, r.all_threads, r.chain, before)
            })
        });
        let Some((fd, all_threads, chain, before)) = known else { return Ok(()) };
        let text = traceback(vm, all_threads)?;
        vm.without_lock(|| write_all(fd, text.as_bytes()));
        if !chain {
            return Ok(());
        }
        if call::is_callable(&before) {
            return call::call(vm, &before, &[int::from_i64(signum.into()), frame.clone()])
                .map(drop);
        }
        // The system's own way: the signal once more.
        let failed = |e: std::io::Error| vm.os_error(&e, None);
        machine::install(signum, disposition(&before)).map_err(failed)?;
        let raised = retry(vm, || system::raise(signum))?;
        machine::install(signum, Disposition::Handle).map_err(failed)?;
        raised.map(drop).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_as_timedelta_does() {
        assert_eq!(duration_text(Duration::from_millis(500)), "0:00:00.500000");
        assert_eq!(duration_text(Duration::from_secs(3723)), "1:02:03");
    }
}
