//! What `cmp_to_key` returns: a wrapper that compares by an old-style comparison function.

use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::ValueCell;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::call;
use adder_vm::protocol::compare::{CmpOp, rich_compare};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// The function alone makes keys when called; a key also holds its object.
#[pyclass(name = "functools.KeyWrapper", no_new)]
pub struct KeyWrapper {
    cmp: Value,
    object: ValueCell,
}

impl KeyWrapper {
    pub fn new(cmp: Value) -> KeyWrapper {
        KeyWrapper { cmp, object: ValueCell::default() }
    }
}

#[pymethods]
impl KeyWrapper {
    /// How an instance is called.
    #[getter(name = "__text_signature__")]
    fn text_signature(_zelf: &Obj<KeyWrapper>, vm: &Vm) -> Value {
        vm.str("(obj)")
    }
    #[slot]
    fn call(zelf: &Obj<KeyWrapper>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<1> =
            Signature { function: "K", names: ["obj"], required: 1, positional: 1 };
        let [object] = SIGNATURE.bind(vm, args)?;
        let ty: &Obj<Type> = zelf.ty();
        Ok(Ref::with_type(KeyWrapper { cmp: zelf.cmp.clone(), object: object.into() }, ty).into())
    }
    #[slot]
    fn richcompare(zelf: &Obj<KeyWrapper>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast_exact::<KeyWrapper>() else {
            return Err(vm.type_error("other argument must be K instance"));
        };
        let (Some(x), Some(y)) = (zelf.object.get(), other.object.get()) else {
            return Err(vm.attribute_error("object"));
        };
        let order = call::call(vm, &zelf.cmp, &[x, y])?;
        rich_compare(vm, &order, &Value::int_unchecked(0), op)
    }
    /// Value wrapped by a key function.
    #[getter]
    fn obj(zelf: &Obj<KeyWrapper>, _vm: &Vm) -> Option<Value> {
        zelf.object.get()
    }
    #[setter]
    fn set_obj(zelf: &Obj<KeyWrapper>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.object.set(value);
        Ok(())
    }
}
