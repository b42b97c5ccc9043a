//! `mappingproxy`: a read-only view of a mapping (a class's `__dict__`).

use crate::object::{Obj, Ref};
use crate::objects::dict::Dict;
use crate::objects::type_::Type;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::{iter, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Read-only proxy of a mapping.
#[pyclass(name = "mappingproxy", mapping, sig = "(mapping)")]
pub struct MappingProxy {
    mapping: Value,
}

impl MappingProxy {
    pub fn new_value(mapping: Value) -> Value {
        Ref::new(MappingProxy { mapping }).into()
    }
}

/// The mapping behind a proxy, or the value itself.
fn behind(value: &Value) -> Value {
    match value.downcast::<MappingProxy>() {
        Some(proxy) => proxy.mapping.clone(),
        None => value.clone(),
    }
}

#[pymethods]
impl MappingProxy {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [mapping] = args.all() else {
            return Err(vm.type_error("mappingproxy() missing required argument 'mapping' (pos 1)"));
        };
        let bad = mapping.ty().slots.getitem.get().is_none()
            || mapping.downcast::<super::list::List>().is_some()
            || mapping.downcast::<super::tuple::Tuple>().is_some();
        if bad {
            return Err(vm.type_error(format!(
                "mappingproxy() argument must be a mapping, not {}",
                mapping.ty().name()
            )));
        }
        Ok(MappingProxy::new_value(mapping.clone()))
    }
    #[slot]
    fn getitem(zelf: &Obj<MappingProxy>, vm: &Vm, key: &Value) -> PyResult {
        object::get_item(vm, &zelf.mapping, key)
    }
    #[slot]
    fn len(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult<usize> {
        object::len(vm, &zelf.mapping)
    }
    #[slot]
    fn contains(zelf: &Obj<MappingProxy>, vm: &Vm, key: &Value) -> PyResult<bool> {
        object::contains(vm, &zelf.mapping, key)
    }
    #[slot]
    fn iter(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult {
        iter::iter(vm, &zelf.mapping)
    }
    #[slot]
    fn hash(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult<i64> {
        object::hash(vm, &zelf.mapping)
    }
    #[slot]
    fn richcompare(zelf: &Obj<MappingProxy>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        compare::rich_compare(vm, &zelf.mapping, &behind(other), op)
    }
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        use crate::protocol::number::{BinOp, binary};
        binary(vm, &behind(a), &behind(b), BinOp::Or)
    }
    #[slot]
    fn ior(_zelf: &Obj<MappingProxy>, vm: &Vm, _other: &Value) -> PyResult {
        Err(vm.type_error("'|=' is not supported by mappingproxy; use '|' instead"))
    }
    #[slot]
    fn repr(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult {
        let inner = object::repr(vm, &zelf.mapping)?;
        Ok(vm.str(&format!("mappingproxy({})", inner.to_string_lossy())))
    }
    #[slot]
    fn str(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult {
        object::str(vm, &zelf.mapping).map(Value::from)
    }
    /// Return the value for key if key is in the mapping, else default.
    #[pymethod(sig = "($self, key, default=None, /)")]
    fn get(zelf: &Obj<MappingProxy>, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        if let Some(dict) = zelf.mapping.downcast_exact::<Dict>() {
            return Ok(dict.get(vm, key)?.or(default).unwrap_or(Value::NONE));
        }
        let args = [key.clone(), default.unwrap_or(Value::NONE)];
        object::call_method(vm, &zelf.mapping, &vm.names().get, &args)
    }
    /// a set-like object providing a view on the underlying mapping's keys
    #[pymethod]
    fn keys(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult {
        object::call_method(vm, &zelf.mapping, &vm.names().keys, &[])
    }
    /// an object providing a view on the underlying mapping's values
    #[pymethod]
    fn values(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult {
        object::call_method(vm, &zelf.mapping, &vm.names().values, &[])
    }
    /// a set-like object providing a view on the underlying mapping's items
    #[pymethod]
    fn items(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult {
        object::call_method(vm, &zelf.mapping, &vm.names().items, &[])
    }
    /// a shallow copy of the underlying mapping
    #[pymethod]
    fn copy(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult {
        object::call_method(vm, &zelf.mapping, &vm.names().copy, &[])
    }
    #[pymethod]
    fn __reversed__(zelf: &Obj<MappingProxy>, vm: &Vm) -> PyResult {
        object::call_method(vm, &zelf.mapping, &vm.names().__reversed__, &[])
    }
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}
