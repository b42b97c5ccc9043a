//! Modules of one function each: `_suggestions` (the candidate nearest to a name, for `traceback`) and
//! `_sysconfig` (what this build is, for `sysconfig`). CPython's counterpart: `Modules/_suggestions.c`,
//! `Modules/_sysconfig.c`.

use adder_derive::pymodule;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::list::List;
use adder_vm::objects::str_::Str;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::suggest;
use adder_vm::{Obj, Ref, Value, Vm};

/// Python utilities for computing suggestions
#[pymodule(name = "_suggestions")]
pub mod suggestions {
    use super::*;

    /// Returns the candidate in candidates that's closest to item
    #[pyfunction]
    fn _generate_suggestions(
        vm: &Vm,
        candidates: &Value,
        item: &Obj<Str>,
    ) -> PyResult<Option<String>> {
        let Some(candidates) = candidates.downcast::<List>() else {
            return Err(vm.type_error("candidates must be a list"));
        };
        let text = |value: &Value| match value.downcast::<Str>() {
            Some(text) => Ok(text.to_string_lossy()),
            None => Err(vm.type_error("all elements in 'candidates' must be strings")),
        };
        let all = candidates.to_vec().iter().map(text).collect::<PyResult<Vec<_>>>()?;
        Ok(suggest::closest(&item.to_string_lossy(), &all))
    }
}

/// A helper for the sysconfig module.
#[pymodule(name = "_sysconfig")]
pub mod sysconfig {
    use super::*;

    /// Returns a dictionary containing build variables intended to be exposed by sysconfig.
    #[pyfunction]
    fn config_vars(vm: &Vm) -> Ref<Dict> {
        let vars = Dict::new_ref();
        for name in ["Py_GIL_DISABLED", "Py_DEBUG"] {
            drop(vars.insert_str(&vm.intern(name), Value::int_unchecked(0)));
        }
        vars
    }
}
