//! `None`, `Ellipsis` and `NotImplemented`: the values live in the word, here are their types.

use crate::object::Obj;
use crate::objects::type_::Type;
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// The type of the None singleton.
#[pyclass(name = "NoneType", no_gc)]
pub struct NoneType {}

/// The type of the Ellipsis singleton.
#[pyclass(name = "ellipsis", no_gc)]
pub struct EllipsisType {}

/// The type of the NotImplemented singleton.
#[pyclass(name = "NotImplementedType", no_gc)]
pub struct NotImplementedType {}

fn no_arguments(vm: &Vm, name: &str, args: CallArgs<'_>) -> PyResult<()> {
    if args.is_empty() { Ok(()) } else { Err(vm.type_error(format!("{name} takes no arguments"))) }
}

#[pymethods]
impl NoneType {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        no_arguments(vm, "NoneType", args)?;
        Ok(Value::NONE)
    }
    #[slot]
    fn repr(_zelf: &Value, vm: &Vm) -> PyResult {
        Ok(vm.str("None"))
    }
    #[slot]
    fn bool(_zelf: &Value, _vm: &Vm) -> PyResult<bool> {
        Ok(false)
    }
    #[slot]
    fn hash(_zelf: &Value, _vm: &Vm) -> PyResult<i64> {
        // CPython's since 3.12, so that sets are ordered alike.
        Ok(0xfca8_6420)
    }
}

#[pymethods]
impl EllipsisType {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        no_arguments(vm, "EllipsisType", args)?;
        Ok(Value::ELLIPSIS)
    }
    #[slot]
    fn repr(_zelf: &Value, vm: &Vm) -> PyResult {
        Ok(vm.str("Ellipsis"))
    }
    #[pymethod]
    fn __reduce__(_zelf: &Value, _vm: &Vm) -> &'static str {
        "Ellipsis"
    }
}

#[pymethods]
impl NotImplementedType {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        no_arguments(vm, "NotImplementedType", args)?;
        Ok(Value::NOT_IMPLEMENTED)
    }
    #[slot]
    fn repr(_zelf: &Value, vm: &Vm) -> PyResult {
        Ok(vm.str("NotImplemented"))
    }
    #[slot]
    fn bool(_zelf: &Value, vm: &Vm) -> PyResult<bool> {
        Err(vm.type_error("NotImplemented should not be used in a boolean context"))
    }
    #[pymethod]
    fn __reduce__(_zelf: &Value, _vm: &Vm) -> &'static str {
        "NotImplemented"
    }
}
