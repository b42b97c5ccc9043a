//! `method`: a function bound to its receiver. CPython's counterpart: `Objects/classobject.c`.

use crate::object::{Obj, Ref};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::compare::CmpOp;
use crate::protocol::{call, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Create a bound instance method object.
#[pyclass(name = "method", vectorcall, sig = "(function, instance, /)")]
pub struct Method {
    pub function: Value,
    pub receiver: Value,
}

impl Method {
    pub fn bind(function: Value, receiver: Value) -> Value {
        Ref::new(Method { function, receiver }).into()
    }
}

#[pymethods]
impl Method {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [function, receiver] = args.args() else {
            return Err(
                vm.type_error(format!("method expected 2 arguments, got {}", args.args().len()))
            );
        };
        if !call::is_callable(function) {
            return Err(vm.type_error("first argument must be callable"));
        }
        if receiver.is_none() {
            return Err(vm.type_error("instance must not be None"));
        }
        Ok(Method::bind(function.clone(), receiver.clone()))
    }
    #[slot]
    fn call(zelf: &Obj<Method>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let Some(mut inner) = zelf.function.downcast_exact::<Method>() else {
            return args
                .with_receiver(&zelf.receiver, |args| call::call_args(vm, &zelf.function, args));
        };
        // A method of a method of a method: all receivers at once, instead of copying the arguments
        // as often as there are methods.
        let mut receivers = vec![zelf.receiver.clone(), inner.receiver.clone()];
        while let Some(next) = inner.function.downcast_exact::<Method>() {
            receivers.push(next.receiver.clone());
            inner = next;
        }
        receivers.reverse();
        receivers.extend(args.all().iter().cloned());
        call::call_args(vm, &inner.function, CallArgs::new(&receivers, args.names()))
    }
    #[slot]
    fn descr_get(
        zelf: &Obj<Method>,
        _vm: &Vm,
        _object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        Ok(zelf.to_value())
    }
    #[slot]
    fn getattro(zelf: &Value, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        if let Some(found) = super::object::generic_getattr(vm, zelf, name)? {
            return Ok(Some(found));
        }
        match zelf.downcast::<Method>() {
            Some(method) => object::lookup_attr(vm, &method.function, name),
            None => Ok(None),
        }
    }
    #[slot]
    fn repr(zelf: &Obj<Method>, vm: &Vm) -> PyResult {
        let names = vm.names();
        let mut shown = None;
        for name in [&names.__qualname__, &names.__name__] {
            if let Some(text) = object::lookup_attr(vm, &zelf.function, name)?
                && let Some(text) = text.downcast::<Str>()
            {
                shown = Some(text.to_string());
                break;
            }
        }
        let receiver = object::repr(vm, &zelf.receiver)?;
        let name = shown.unwrap_or_else(|| "?".into());
        Ok(vm.str(&format!("<bound method {name} of {}>", receiver.to_string_lossy())))
    }
    #[slot]
    fn richcompare(zelf: &Obj<Method>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Method>() else { return Ok(Value::NOT_IMPLEMENTED) };
        let same = zelf.receiver.is(&other.receiver)
            && crate::protocol::compare::equal(vm, &zelf.function, &other.function)?;
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }
    #[slot]
    fn hash(zelf: &Obj<Method>, vm: &Vm) -> PyResult<i64> {
        let receiver = crate::runtime::hash::hash_pointer(zelf.receiver.bits() as usize);
        let hash = receiver ^ object::hash(vm, &zelf.function)?;
        Ok(if hash == -1 { -2 } else { hash })
    }
    #[getter(name = "__func__", member)]
    fn func(zelf: &Obj<Method>, _vm: &Vm) -> Value {
        zelf.function.clone()
    }
    #[getter(name = "__self__", member)]
    fn receiver(zelf: &Obj<Method>, _vm: &Vm) -> Value {
        zelf.receiver.clone()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<Method>, vm: &Vm) -> PyResult<Option<Value>> {
        object::lookup_attr(vm, &zelf.function, &vm.names().__doc__)
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<Method>, vm: &Vm) -> PyResult<(Value, (Value, Value))> {
        let getattr = vm.builtins().get_str(&vm.intern("getattr")).unwrap_or(Value::NONE);
        let name = object::get_attr(vm, &zelf.function, &vm.names().__name__)?;
        Ok((getattr, (zelf.receiver.clone(), name)))
    }
}
