//! `count`, `cycle`, `repeat`.

use super::step;
use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Guarded, ValueCell};
use adder_vm::objects::type_::Type;
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::protocol::{iter, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// Return a count object whose .__next__() method returns consecutive values.
///
/// Equivalent to:
///     def count(firstval=0, step=1):
///         x = firstval
///         while 1:
///             yield x
///             x += step
#[pyclass(name = "itertools.count", base_type, sig = "(start=0, step=1)")]
pub struct Count {
    next: Guarded<Value>,
    step: Value,
}

fn is_number(value: &Value) -> bool {
    let slots = &value.ty().slots;
    slots.index.get().is_some()
        || slots.int.get().is_some()
        || slots.float.get().is_some()
        || value.downcast::<adder_vm::objects::complex::ComplexObj>().is_some()
}

#[pymethods]
impl Count {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<2> =
            Signature { function: "count", names: ["start", "step"], required: 0, positional: 2 };
        let [start, step] = SIGNATURE.bind(vm, args)?;
        let start = start.unwrap_or(Value::int_unchecked(0));
        let step = step.unwrap_or(Value::int_unchecked(1));
        if !is_number(&start) || !is_number(&step) {
            return Err(vm.type_error("a number is required"));
        }
        Ok(Ref::with_type(Count { next: Guarded::new(start), step }, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Count>, vm: &Vm) -> PyResult<Option<Value>> {
        let now = zelf.next.get();
        let next = match (now.as_small_int(), zelf.step.as_small_int()) {
            (Some(a), Some(b)) => adder_vm::objects::int::from_i64(a + b),
            _ => number::binary(vm, &now, &zelf.step, BinOp::Add)?,
        };
        drop(zelf.next.replace(next));
        Ok(Some(now))
    }
    #[slot]
    fn repr(zelf: &Obj<Count>, vm: &Vm) -> PyResult {
        let name = zelf.ty().short_name();
        let next = object::repr(vm, &zelf.next.get())?;
        if zelf.step.as_small_int() == Some(1) {
            return Ok(vm.str(&format!("{name}({})", next.to_string_lossy())));
        }
        let step = object::repr(vm, &zelf.step)?;
        Ok(vm.str(&format!("{name}({}, {})", next.to_string_lossy(), step.to_string_lossy())))
    }
}

/// Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely.
#[pyclass(name = "itertools.cycle", base_type, sig = "(iterable, /)")]
pub struct Cycle {
    iterator: ValueCell,
    saved: Guarded<Vec<Value>>,
    #[notrace]
    at: Cell<usize>,
}

#[pymethods]
impl Cycle {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<1> =
            Signature { function: "cycle", names: [""], required: 1, positional: 1 };
        let [iterable] = SIGNATURE.bind(vm, args)?;
        let iterator = iter::iter(vm, &iterable.unwrap_or(Value::NONE))?;
        let payload =
            Cycle { iterator: iterator.into(), saved: Guarded::new(Vec::new()), at: Cell::new(0) };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Cycle>, vm: &Vm) -> PyResult<Option<Value>> {
        if let Some(item) = step(vm, &zelf.iterator)? {
            zelf.saved.with_mut(|s| s.push(item.clone()));
            return Ok(Some(item));
        }
        let at = zelf.at.get();
        Ok(zelf.saved.with(|s| {
            let item = s.get(at)?.clone();
            zelf.at.set(if at + 1 == s.len() { 0 } else { at + 1 });
            Some(item)
        }))
    }
}

/// repeat(object [,times]) -> create an iterator which returns the object
/// for the specified number of times.  If not specified, returns the object
/// endlessly.
#[pyclass(name = "itertools.repeat", base_type)]
pub struct Repeat {
    object: Value,
    /// How often more; `None` for ever.
    #[notrace]
    left: Cell<Option<usize>>,
}

#[pymethods]
impl Repeat {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<2> = Signature {
            function: "repeat",
            names: ["object", "times"],
            required: 1,
            positional: 2,
        };
        let [object, times] = SIGNATURE.bind(vm, args)?;
        let left = match times {
            Some(times) => Some(number::to_ssize(vm, &times)?.max(0) as usize),
            None => None,
        };
        let object = object.unwrap_or(Value::NONE);
        Ok(Ref::with_type(Repeat { object, left: Cell::new(left) }, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Repeat>, _vm: &Vm) -> PyResult<Option<Value>> {
        match zelf.left.get() {
            Some(0) => return Ok(None),
            Some(n) => zelf.left.set(Some(n - 1)),
            None => {}
        }
        Ok(Some(zelf.object.clone()))
    }
    #[slot]
    fn repr(zelf: &Obj<Repeat>, vm: &Vm) -> PyResult {
        let name = zelf.ty().short_name();
        let shown = object::repr(vm, &zelf.object)?.to_string_lossy();
        Ok(vm.str(&match zelf.left.get() {
            Some(n) => format!("{name}({shown}, {n})"),
            None => format!("{name}({shown})"),
        }))
    }
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(zelf: &Obj<Repeat>, vm: &Vm) -> PyResult<usize> {
        zelf.left.get().ok_or_else(|| vm.type_error("len() of unsized object"))
    }
}
