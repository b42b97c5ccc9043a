//! What the machine asks `sys` to do at certain moments: show a value, an uncaught or an unraisable
//! exception, stop at a breakpoint, tell of an audit event, write out the streams at the end.
//!
//! CPython's counterpart: the hooks of `Python/sysmodule.c`, and `Python/errors.c` where they are
//! called.

use crate::object::{GilCell, Guarded};
use crate::objects::dict::Dict;
use crate::objects::exceptions::ExcObj;
use crate::objects::tuple::Tuple;
use crate::protocol::{call, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::import_;
use crate::runtime::report;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::io::Write;

/// Writes to `sys.stderr`, or to the process's own if that is gone.
pub fn write_stderr(vm: &Vm, text: &str) {
    let names = vm.names();
    if let Some(file) = vm.sys_get(&names.stderr).filter(|f| !f.is_none())
        && object::call_method(vm, &file, &names.write, &[vm.str(text)]).is_ok()
    {
        let _ = object::call_method(vm, &file, &names.flush, &[]);
        return;
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// An error that nobody can catch, for `sys.unraisablehook`. The context says what was going on; an
/// object, whose.
pub fn report_unraisable(vm: &Vm, exc: Exc, context: &str, object: Option<&Value>) {
    // One that Python code did not raise is shown where it happened.
    if exc.0.traceback().is_none() {
        exc.0.set_traceback(crate::objects::traceback::here(vm));
    }
    let fields = [
        ("exc_type", exc.ty().to_value()),
        ("exc_value", exc.value()),
        ("exc_traceback", exc.0.traceback().unwrap_or(Value::NONE)),
        ("err_msg", vm.str(context)),
        ("object", object.cloned().unwrap_or(Value::NONE)),
    ];
    let unraisable = super::record(vm, "sys.UnraisableHookArgs", &fields);
    let hook = vm.sys_get(&vm.intern("unraisablehook")).filter(|hook| !hook.is_none());
    let result = match hook {
        Some(hook) => call::call(vm, &hook, &[unraisable]).map(drop),
        None => show_unraisable(vm, &unraisable),
    };
    if let Err(second) = result {
        write_stderr(vm, "Exception ignored in sys.unraisablehook:\n");
        write_stderr(vm, &report::report(vm, &second));
    }
}

/// The usual `sys.unraisablehook`: context, object and traceback on standard error.
pub(super) fn show_unraisable(vm: &Vm, unraisable: &Value) -> PyResult<()> {
    let field = |name: &str| object::get_attr_str(vm, unraisable, name);
    let (context, subject) = (field("err_msg")?, field("object")?);
    let context = match context.is_none() {
        true if subject.is_none() => String::new(),
        true => "Exception ignored in".to_string(),
        false => object::str(vm, &context)?.to_string_lossy(),
    };
    let mut text = if subject.is_none() {
        if context.is_empty() { String::new() } else { format!("{context}:\n") }
    } else {
        let shown = match object::repr(vm, &subject) {
            Ok(shown) => shown.to_string_lossy(),
            Err(_) => "<object repr() failed>".to_string(),
        };
        format!("{context}: {shown}\n")
    };
    let value = field("exc_value")?;
    match value.into_ref::<ExcObj>() {
        Ok(exc) => {
            if exc.traceback().is_none()
                && let Some(tb) = Some(field("exc_traceback")?).filter(|tb| !tb.is_none())
            {
                exc.set_traceback(Some(tb));
            }
            text.push_str(&report::report(vm, &Exc(exc)));
        }
        Err(_) => {
            let ty = field("exc_type")?;
            if !ty.is_none() {
                text.push_str(&format!("{}\n", object::str(vm, &ty)?.to_string_lossy()));
            }
        }
    }
    write_stderr(vm, &text);
    Ok(())
}

/// Shows an uncaught exception through `sys.excepthook`.
pub fn show_uncaught(vm: &Vm, exc: &Exc) {
    let names = vm.names();
    if let Some(sys) = vm.interp().sys.get() {
        sys.set(vm, "last_exc", exc.value());
        sys.set(vm, "last_type", exc.ty().to_value());
        sys.set(vm, "last_value", exc.value());
        sys.set(vm, "last_traceback", exc.0.traceback().unwrap_or(Value::NONE));
    }
    if let Some(hook) = vm.sys_get(&names.excepthook) {
        let args = [exc.ty().to_value(), exc.value(), exc.0.traceback().unwrap_or(Value::NONE)];
        match call::call(vm, &hook, &args) {
            Ok(_) => return,
            Err(second) => {
                write_stderr(vm, "Error in sys.excepthook:\n");
                write_stderr(vm, &report::report(vm, &second));
                write_stderr(vm, "\nOriginal exception was:\n");
            }
        }
    }
    write_stderr(vm, &report::report(vm, exc));
}

/// The exit status that `SystemExit` asks for; its message, if it has one, is written.
pub fn exit_status(vm: &Vm, exc: &Exc) -> i32 {
    let code = exc.0.field(vm, "code").unwrap_or(Value::NONE);
    if code.is_none() {
        return 0;
    }
    if crate::objects::int::is_int(&code) {
        return crate::objects::int::to_i64_exact(&code).map_or(-1, |i| i as i32);
    }
    if let Ok(text) = object::str(vm, &code) {
        write_stderr(vm, &format!("{}\n", text.to_string_lossy()));
    }
    1
}

/// Writes out what the standard streams still hold. A failure of `sys.stdout` is shown and
/// answered with `false`.
pub fn flush_streams(vm: &Vm) -> bool {
    let names = vm.names();
    let mut fine = true;
    for (name, matters) in [(&names.stdout, true), (&names.stderr, false)] {
        let Some(file) = vm.sys_get(name).filter(|f| !f.is_none()) else { continue };
        let closed = object::lookup_attr(vm, &file, &vm.intern("closed"));
        if let Ok(Some(closed)) = closed
            && object::is_true(vm, &closed).unwrap_or(false)
        {
            continue;
        }
        if let Err(e) = object::call_method(vm, &file, &names.flush, &[])
            && matters
        {
            vm.unraisable(e, "Exception ignored while flushing sys.stdout", None);
            fine = false;
        }
    }
    fine
}

/// `sys.breakpointhook`: calls what `PYTHONBREAKPOINT` names, `pdb.set_trace` by default.
pub(super) fn breakpoint(vm: &Vm, args: &Tuple, kwargs: &Dict) -> PyResult {
    let named = match vm.config().ignore_environment {
        true => None,
        false => std::env::var("PYTHONBREAKPOINT").ok(),
    };
    let path = match named.as_deref() {
        None | Some("") => "pdb.set_trace",
        Some("0") => return Ok(Value::NONE),
        Some(path) => path,
    };
    let (module, name) = path.rsplit_once('.').unwrap_or(("builtins", path));
    let found = import_::import_module(vm, module)
        .and_then(|module| object::get_attr_str(vm, &module, name));
    match found {
        Ok(hook) => call::call_with_dict(vm, &hook, args.items(), Some(kwargs)),
        Err(exc)
            if exc.is(&vm.exceptions().import_error)
                || exc.is(&vm.exceptions().attribute_error) =>
        {
            let message = format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{path}\"");
            vm.warn(&vm.exceptions().runtime_warning, &message, 1)?;
            Ok(Value::NONE)
        }
        Err(exc) => Err(exc),
    }
}

// ---- audit hooks (PEP 578) ----

static AUDIT_HOOKS: GilCell<Guarded<Vec<Value>>> = GilCell::new(Guarded::new(Vec::new()));

/// Gives up the hooks.
pub(super) fn forget() {
    drop(AUDIT_HOOKS.with(|hooks| hooks.replace(Vec::new())));
}

/// `sys.audit`: tells every hook; one that raises stops the event.
pub fn audit(vm: &Vm, event: &str, args: &[Value]) -> PyResult<()> {
    let hooks = AUDIT_HOOKS.with(|hooks| hooks.get());
    if hooks.is_empty() {
        return Ok(());
    }
    let args: Value = Tuple::from_vec(args.to_vec()).into();
    for hook in hooks {
        call::call(vm, &hook, &[vm.str(event), args.clone()])?;
    }
    Ok(())
}

/// `sys.addaudithook`: hooks there are may refuse the new one by any exception; a `RuntimeError` of
/// theirs is not passed on.
pub(super) fn add_audit_hook(vm: &Vm, hook: Value) -> PyResult<()> {
    match audit(vm, "sys.addaudithook", &[]) {
        Ok(()) => {
            AUDIT_HOOKS.with(|hooks| hooks.with_mut(|hooks| hooks.push(hook)));
            Ok(())
        }
        Err(exc) if exc.is(&vm.exceptions().runtime_error) => Ok(()),
        Err(exc) => Err(exc),
    }
}
