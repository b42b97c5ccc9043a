//! `atexit`: functions to call at the end. The list is the machine's (`runtime/exit.rs`).
//! CPython's counterpart: `Modules/atexitmodule.c`.

use adder_derive::pymodule;
use adder_vm::protocol::call;
use adder_vm::runtime::args::{KwArgs, VarArgs};
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::exit;
use adder_vm::{Value, Vm};

/// allow programmer to define multiple exit functions to be executed
/// upon normal program termination.
///
/// Two public functions, register and unregister, are defined.
#[pymodule(name = "atexit")]
pub mod atexit {
    use super::*;

    /// Register a function to be executed upon normal program termination
    ///
    ///     func - function to be called at exit
    ///     args - optional arguments to pass to func
    ///     kwargs - optional keyword arguments to pass to func
    ///
    ///     func is returned to facilitate usage as a decorator.
    #[pyfunction(sig = "(func, /, *args, **kwargs)")]
    fn register(vm: &Vm, func: Value, args: VarArgs, kwargs: KwArgs) -> PyResult {
        if !call::is_callable(&func) {
            return Err(vm.type_error("the first argument must be callable"));
        }
        exit::register(func.clone(), args.0, kwargs.0);
        Ok(func)
    }
    /// Unregister an exit function which was previously registered using
    /// atexit.register
    ///
    ///     func - function to be unregistered
    #[pyfunction]
    fn unregister(vm: &Vm, func: &Value) -> PyResult<()> {
        exit::unregister(vm, func)
    }
    /// Clear the list of previously registered exit functions.
    #[pyfunction]
    fn _clear(_vm: &Vm) {
        exit::clear();
    }
    /// Run all registered exit functions.
    ///
    /// If a callback raises an exception, it is logged with sys.unraisablehook.
    #[pyfunction]
    fn _run_exitfuncs(vm: &Vm) {
        exit::call_handlers(vm);
    }
    /// Return the number of registered exit functions.
    #[pyfunction]
    fn _ncallbacks(_vm: &Vm) -> usize {
        exit::count()
    }
}
