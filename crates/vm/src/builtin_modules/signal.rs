//! `_signal`: handlers written in Python. CPython's counterpart: `Modules/signalmodule.c`.

#![expect(unsafe_code, reason = "installs C signal handlers")]

use crate::object::GilCell;
use crate::object::Obj;
use crate::objects::module::Module;
use crate::protocol::call;
use crate::runtime::errors::PyResult;
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymodule;

const COUNT: usize = 65;

static HANDLERS: GilCell<[Option<Value>; COUNT]> = GilCell::new([const { None }; COUNT]);

extern "C" fn note(number: libc::c_int) {
    signals::note_signal(number);
}

/// Runs the Python handler of a signal that arrived.
pub(crate) fn run_handler(vm: &Vm, number: i32) -> PyResult<()> {
    let handler = HANDLERS.with(|h| h.get(number as usize).and_then(Clone::clone));
    let Some(handler) = handler.filter(|h| !h.is_small_int()) else { return Ok(()) };
    let frame = crate::objects::frame::current(vm).map_or(Value::NONE, Value::from);
    call::call(vm, &handler, &[Value::int_unchecked(number.into()), frame]).map(drop)
}

fn install(number: i32, handler: libc::sighandler_t) -> bool {
    // SAFETY: the handler only sets atomic flags; the structure is zeroed and filled.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(number, &action, std::ptr::null_mut()) == 0
    }
}

/// The dispositions that Python programs expect: Ctrl-C raises, a broken pipe is an error number.
pub fn install_defaults(vm: &Vm) {
    let interrupt = vm
        .interp()
        .native_modules
        .with(|all| all.iter().find(|d| d.name == "_signal").copied())
        .and_then(|def| def.functions.iter().find(|f| f.name == "default_int_handler"));
    if let Some(def) = interrupt {
        let handler = crate::objects::builtin_function::BuiltinFunction::plain(def, None);
        HANDLERS.with(|h| h[libc::SIGINT as usize] = Some(handler));
        install(libc::SIGINT, note as extern "C" fn(libc::c_int) as libc::sighandler_t);
    }
    install(libc::SIGPIPE, libc::SIG_IGN);
}

/// This module provides mechanisms to use signal handlers in Python.
#[pymodule(name = "_signal")]
pub mod signal {
    use super::*;

    /// The default handler for SIGINT: raises KeyboardInterrupt.
    #[pyfunction]
    fn default_int_handler(vm: &Vm, _signum: &Value, _frame: &Value) -> PyResult<()> {
        Err(vm.exception_with_args(&vm.exceptions().keyboard_interrupt, Vec::new()))
    }

    /// Set the action for the given signal.
    #[pyfunction]
    fn signal(vm: &Vm, signalnum: i32, handler: Value) -> PyResult {
        if !vm.is_main_thread() {
            return Err(vm.value_error("signal only works in main thread of the main interpreter"));
        }
        if !(1..COUNT as i32).contains(&signalnum) {
            return Err(vm.value_error("signal number out of range"));
        }
        let c_handler = match handler.as_small_int() {
            Some(0) => libc::SIG_DFL,
            Some(1) => libc::SIG_IGN,
            _ if call::is_callable(&handler) => {
                note as extern "C" fn(libc::c_int) as libc::sighandler_t
            }
            _ => {
                return Err(vm.type_error(
                    "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object",
                ));
            }
        };
        if !install(signalnum, c_handler) {
            return Err(vm.os_error(&std::io::Error::last_os_error(), None));
        }
        let old = HANDLERS.with(|h| h[signalnum as usize].replace(handler));
        Ok(old.unwrap_or(Value::int_unchecked(0)))
    }

    /// Return the current action for the given signal.
    #[pyfunction]
    fn getsignal(vm: &Vm, signalnum: i32) -> PyResult {
        if !(1..COUNT as i32).contains(&signalnum) {
            return Err(vm.value_error("signal number out of range"));
        }
        let known = HANDLERS.with(|h| h[signalnum as usize].clone());
        Ok(known.unwrap_or(Value::int_unchecked(0)))
    }

    /// Send a signal to the executing process.
    #[pyfunction]
    fn raise_signal(vm: &Vm, signalnum: i32) -> PyResult<()> {
        // SAFETY: raise has no memory effects.
        if unsafe { libc::raise(signalnum) } != 0 {
            return Err(vm.os_error(&std::io::Error::last_os_error(), None));
        }
        vm.check_signals()
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        for (name, number) in [
            ("SIG_DFL", 0),
            ("SIG_IGN", 1),
            ("SIGHUP", libc::SIGHUP),
            ("SIGINT", libc::SIGINT),
            ("SIGQUIT", libc::SIGQUIT),
            ("SIGABRT", libc::SIGABRT),
            ("SIGKILL", libc::SIGKILL),
            ("SIGUSR1", libc::SIGUSR1),
            ("SIGUSR2", libc::SIGUSR2),
            ("SIGPIPE", libc::SIGPIPE),
            ("SIGALRM", libc::SIGALRM),
            ("SIGTERM", libc::SIGTERM),
            ("SIGCHLD", libc::SIGCHLD),
            ("SIGWINCH", libc::SIGWINCH),
            ("NSIG", COUNT as i32),
        ] {
            module.set(vm, name, Value::int_unchecked(number.into()));
        }
        Ok(())
    }
}
