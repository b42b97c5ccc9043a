//! The end of a run: exit handlers. CPython's counterpart: `Modules/atexitmodule.c`, the start of
//! `Py_FinalizeEx`.

use crate::object::Guarded;
use crate::object::{GilCell, Ref};
use crate::objects::dict::Dict;
use crate::objects::tuple::Tuple;
use crate::protocol::{call, object};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// Registered functions with their arguments, called last to first.
type Handler = (Value, Ref<Tuple>, Ref<Dict>);

static HANDLERS: GilCell<Guarded<Vec<Handler>>> = GilCell::new(Guarded::new(Vec::new()));

/// `atexit.register`
pub fn register(function: Value, args: Ref<Tuple>, kwargs: Ref<Dict>) {
    HANDLERS.with(|h| h.with_mut(|v| v.push((function, args, kwargs))));
}

/// `atexit._clear`
pub fn clear() {
    let old = HANDLERS.with(|h| h.replace(Vec::new()));
    drop(old);
}

/// How many functions are registered.
pub fn count() -> usize {
    HANDLERS.with(|h| h.with(Vec::len))
}

/// Waits for threads that are not daemons, then calls the handlers.
pub fn run_handlers(vm: &Vm) -> PyResult<()> {
    if let Some(threading) = vm.modules().get_str(&vm.intern("threading"))
        && let Some(shutdown) = object::lookup_attr(vm, &threading, &vm.intern("_shutdown"))?
    {
        call::call(vm, &shutdown, &[])?;
    }
    while let Some((function, args, kwargs)) = HANDLERS.with(|h| h.with_mut(Vec::pop)) {
        if let Err(e) = call::call_with_dict(vm, &function, args.items(), Some(&kwargs)) {
            vm.unraisable(e, "Exception ignored in atexit callback", Some(&function));
        }
    }
    Ok(())
}
