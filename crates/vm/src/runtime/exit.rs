//! The end of a run: exit handlers, and the end of what the program's main module holds. CPython's
//! counterpart: `Modules/atexitmodule.c`, `Py_FinalizeEx`.

use crate::object::Guarded;
use crate::object::{GilCell, Ref};
use crate::objects::dict::Dict;
use crate::objects::module::Module;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{call, compare, object};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

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
        && let Err(e) = call::call(vm, &shutdown, &[])
    {
        vm.unraisable(e, "Exception ignored on threading shutdown", Some(&threading));
    }
    call_handlers(vm);
    Ok(())
}

static FINALIZING: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// This thread ends the run.
    static ENDS_RUN: Cell<bool> = const { Cell::new(false) };
}

/// `sys.is_finalizing`
pub fn is_finalizing() -> bool {
    FINALIZING.load(Ordering::Relaxed)
}

/// Has the run ended for the calling thread? Then it must not run Python code any more.
pub(crate) fn is_over_here() -> bool {
    is_finalizing() && !ENDS_RUN.get()
}

/// Ends the run in the calling thread, after the exit handlers: other threads stop where they next
/// want the interpreter lock; the main module's objects go, and what is garbage then, if anybody could
/// notice that.
pub fn finalize(vm: &Vm) {
    ENDS_RUN.set(true);
    FINALIZING.store(true, Ordering::Relaxed);
    if !crate::runtime::gc::end_is_observable(vm) {
        return;
    }
    let main = vm.modules().remove_str(&vm.intern("__main__"));
    // A main module that nobody else has goes here, and its names with it, as garbage: finalisers
    // find them all.
    let kept = main.filter(|main| main.head().is_some_and(|head| head.refcount() > 1));
    crate::runtime::gc::collect(vm, 2);
    if let Some(main) = kept.as_ref().and_then(|main| main.downcast::<Module>()) {
        clear_names(main.dict());
        crate::runtime::gc::collect(vm, 2);
    }
}

/// Sets the names of a module to `None`: private ones first, so that what is public may still be
/// used by the finalisers of what is not; `__builtins__` stays for all of them.
pub(crate) fn clear_names(names: &Dict) {
    let all: Vec<Ref<Str>> = names
        .items_vec()
        .into_iter()
        .filter_map(|(name, _)| name.downcast::<Str>().map(|name| name.to_ref()))
        .collect();
    for private in [true, false] {
        for name in &all {
            let text = name.to_string_lossy();
            let is_private = text.starts_with('_') && !text.starts_with("__");
            if text != "__builtins__" && (is_private || !private) {
                drop(names.insert_str(name, Value::NONE));
            }
        }
    }
}
