//! `slice`. CPython's counterpart: `Objects/sliceobject.c`.

use crate::object::{Obj, Ref};
use crate::objects::int;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::{number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::hash::hash_sequence;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// slice(stop)
/// slice(start, stop[, step])
///
/// Create a slice object.  This is used for extended slicing (e.g. a[0:10:2]).
#[pyclass(name = "slice")]
pub struct Slice {
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}

impl Slice {
    pub fn new_value(start: Value, stop: Value, step: Value) -> Value {
        Ref::new(Slice { start, stop, step }).into()
    }
    fn parts(&self) -> [Value; 3] {
        [self.start.clone(), self.stop.clone(), self.step.clone()]
    }
}

#[pymethods]
impl Slice {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let none = || Value::NONE;
        match (args.args(), args.keyword_count()) {
            ([stop], 0) => Ok(Slice::new_value(none(), stop.clone(), none())),
            ([start, stop], 0) => Ok(Slice::new_value(start.clone(), stop.clone(), none())),
            ([start, stop, step], 0) => {
                Ok(Slice::new_value(start.clone(), stop.clone(), step.clone()))
            }
            ([], 0) => Err(vm.type_error("slice expected at least 1 argument, got 0")),
            (more, 0) => {
                Err(vm
                    .type_error(format!("slice expected at most 3 arguments, got {}", more.len())))
            }
            _ => Err(vm.type_error("slice() takes no keyword arguments")),
        }
    }
    #[slot]
    fn repr(zelf: &Obj<Slice>, vm: &Vm) -> PyResult {
        let mut texts = Vec::new();
        for part in zelf.parts() {
            texts.push(object::repr(vm, &part)?.to_string_lossy());
        }
        Ok(vm.str(&format!("slice({})", texts.join(", "))))
    }
    #[slot]
    fn richcompare(zelf: &Obj<Slice>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Slice>() else { return Ok(Value::NOT_IMPLEMENTED) };
        let (a, b) = (zelf.parts(), other.parts());
        compare::compare_sequences(vm, |i| a.get(i).cloned(), |i| b.get(i).cloned(), op)
    }
    #[slot]
    fn hash(zelf: &Obj<Slice>, vm: &Vm) -> PyResult<i64> {
        let mut hashes = Vec::new();
        for part in zelf.parts() {
            hashes.push(object::hash(vm, &part)?);
        }
        Ok(hash_sequence(hashes.into_iter()))
    }
    #[getter(member)]
    fn start(zelf: &Obj<Slice>, _vm: &Vm) -> Value {
        zelf.start.clone()
    }
    #[getter(member)]
    fn stop(zelf: &Obj<Slice>, _vm: &Vm) -> Value {
        zelf.stop.clone()
    }
    #[getter(member)]
    fn step(zelf: &Obj<Slice>, _vm: &Vm) -> Value {
        zelf.step.clone()
    }
    /// S.indices(len) -> (start, stop, stride)
    ///
    /// Assuming a sequence of length len, calculate the start and stop
    /// indices, and the stride length of the extended slice described by
    /// S. Out of bounds indices are clipped in a manner consistent with the
    /// handling of normal slices.
    #[pymethod]
    fn indices(zelf: &Obj<Slice>, vm: &Vm, len: &Value) -> PyResult<(Value, Value, Value)> {
        let len = number::to_int(vm, len)?;
        if len.is_negative() {
            return Err(vm.value_error("length should not be negative"));
        }
        let (start, stop, step) = super::range::slice_indices(vm, zelf, &len)?;
        Ok((int::from_int(start), int::from_int(stop), int::from_int(step)))
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<Slice>, _vm: &Vm) -> (Value, Ref<Tuple>) {
        (zelf.ty().to_value(), Tuple::from_vec(zelf.parts().to_vec()))
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}
