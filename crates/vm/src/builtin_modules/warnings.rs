//! `_warnings`: how warnings raised in Rust reach the program.
//!
//! Once the library's `warnings` module is imported its filters decide; before that the default
//! ones apply. CPython's counterpart: `Python/_warnings.c`.

use crate::object::Obj;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::{call, object};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymodule;

/// Issues a warning; `Err` if a filter makes it an exception.
pub fn warn(vm: &Vm, category: &Obj<Type>, message: &str, level: usize) -> PyResult<()> {
    if let Some(module) = library_module(vm) {
        let warn = object::get_attr_str(vm, &module, "warn")?;
        let args = [vm.str(message), category.to_value(), Value::int_unchecked(level as i64)];
        return call::call(vm, &warn, &args).map(drop);
    }
    let (file, line) = match crate::objects::frame::current(vm) {
        Some(frame) => (frame.code().filename(), frame.line()),
        None => ("sys".to_string(), 1),
    };
    show(vm, category, message, &file, line)
}

/// Issues a warning for a place in a file.
pub fn warn_explicit(
    vm: &Vm,
    category: &Obj<Type>,
    message: &str,
    filename: &str,
    line: u32,
) -> PyResult<()> {
    if let Some(module) = library_module(vm) {
        let warn = object::get_attr_str(vm, &module, "warn_explicit")?;
        let line = Value::int_unchecked(line.into());
        let args = [vm.str(message), category.to_value(), vm.str(filename), line];
        return call::call(vm, &warn, &args).map(drop);
    }
    show(vm, category, message, filename, line)
}

fn library_module(vm: &Vm) -> Option<Value> {
    vm.modules().get_str(&vm.intern("warnings"))
}

/// The default filters: deprecations only in `__main__`, `ImportWarning` and its like never.
fn show(vm: &Vm, category: &Obj<Type>, message: &str, filename: &str, line: u32) -> PyResult<()> {
    let e = vm.exceptions();
    let mut action = "default";
    for quiet in [
        &e.deprecation_warning,
        &e.pending_deprecation_warning,
        &e.import_warning,
        &e.resource_warning,
    ] {
        if category.is_subtype(quiet) {
            action = "ignore";
        }
    }
    for option in &vm.config().warn_options {
        let mut parts = option.split(':');
        let name = parts.next().unwrap_or_default();
        let wanted = parts.nth(1).unwrap_or_default();
        if wanted.is_empty() || category.mro().iter().any(|t| *t.name() == *wanted) {
            action = name;
        }
    }
    match action {
        "ignore" | "i" => Ok(()),
        "error" | "e" => Err(vm.exception(category, message.to_string())),
        _ => {
            let text = format!("{filename}:{line}: {}: {message}\n", category.name());
            super::sys::write_stderr(vm, &text);
            Ok(())
        }
    }
}

/// _warnings provides basic warning filtering support.
/// It is a helper module to speed up interpreter start-up.
#[pymodule(name = "_warnings")]
pub mod warnings {
    use super::*;

    /// Issue a warning, or maybe ignore it or raise an exception.
    #[pyfunction(
        sig = "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())"
    )]
    fn warn(
        vm: &Vm,
        message: &Value,
        category: Option<&Value>,
        stacklevel: Option<isize>,
        _source: Option<&Value>,
        _skip: Option<&Value>,
    ) -> PyResult<()> {
        let is_warning = message.ty().is_subtype(&vm.exceptions().warning);
        let class = match category.and_then(|c| c.downcast::<Type>()) {
            _ if is_warning => message.ty().to_ref(),
            Some(class) => class.to_ref(),
            None => vm.exceptions().user_warning.clone(),
        };
        let text = object::str(vm, message)?.to_string_lossy();
        let _ = stacklevel;
        let (file, line) = match crate::objects::frame::current(vm) {
            Some(frame) => (frame.code().filename(), frame.line()),
            None => ("sys".to_string(), 1),
        };
        super::show(vm, &class, &text, &file, line)
    }

    /// Issue a warning for a place in a file.
    #[pyfunction(
        sig = "(message, category, filename, lineno, module=None, registry=None, module_globals=None, source=None)"
    )]
    fn warn_explicit(
        vm: &Vm,
        message: &Value,
        category: &Obj<Type>,
        filename: &Obj<Str>,
        lineno: u32,
        _module: Option<&Value>,
        _registry: Option<&Value>,
        _globals: Option<&Value>,
        _source: Option<&Value>,
    ) -> PyResult<()> {
        let text = object::str(vm, message)?.to_string_lossy();
        super::show(vm, category, &text, &filename.to_string_lossy(), lineno)
    }
}
