//! The end of a run: exit handlers. CPython's counterpart: `Modules/atexitmodule.c`, the start of
//! `Py_FinalizeEx`.

use crate::object::Guarded;
use crate::object::{GilCell, Ref};
use crate::objects::dict::Dict;
use crate::objects::tuple::Tuple;
use crate::protocol::{call, compare, object};
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

/// `atexit.unregister`: drops every handler whose function is equal.
pub fn unregister(vm: &Vm, function: &Value) -> PyResult<()> {
    let mut at = count();
    while at > 0 {
        at -= 1;
        let Some(known) = HANDLERS.with(|h| h.with(|v| v.get(at).map(|h| h.0.clone()))) else {
            continue;
        };
        if compare::equal(vm, &known, function)? {
            // The comparison may have changed the list.
            let found = HANDLERS.with(|h| {
                h.with_mut(|v| {
                    let at = v.iter().rposition(|handler| handler.0.is(&known))?;
                    Some(v.remove(at))
                })
            });
            drop(found);
        }
    }
    Ok(())
}

/// Calls the handlers, last to first.
pub fn call_handlers(vm: &Vm) {
    while let Some((function, args, kwargs)) = HANDLERS.with(|h| h.with_mut(Vec::pop)) {
        if let Err(e) = call::call_with_dict(vm, &function, args.items(), Some(&kwargs)) {
            vm.unraisable(e, "Exception ignored in atexit callback", Some(&function));
        }
    }
}

/// Waits for threads that are not daemons, then calls the handlers.
pub fn run_handlers(vm: &Vm) -> PyResult<()> {
    if let Some(threading) = vm.modules().get_str(&vm.intern("threading"))
        && let Some(shutdown) = object::lookup_attr(vm, &threading, &vm.intern("_shutdown"))?
    {
        call::call(vm, &shutdown, &[])?;
    }
    call_handlers(vm);
    Ok(())
}
