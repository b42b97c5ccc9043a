//! Callable types that take arguments as they lie (PEP 590), that are bound as methods are, and that
//! lose the one or the other to what a subclass defines.

use adder_derive::{pyclass, pymethods};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::method::Method;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::{Type, build};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// What is bound to an instance, as functions are; looked up on a class, it is itself.
fn bind(descr: &Value, object: Option<&Value>) -> Value {
    match object {
        Some(object) if !object.is_none() => Method::bind(descr.clone(), object.clone()),
        _ => descr.clone(),
    }
}

/// A method descriptor; it says whether its own way of being called was taken.
#[pyclass(name = "_testcapi.MethodDescriptorBase", base_type, vectorcall, method_descriptor, no_gc)]
pub struct MethodDescriptorBase {}

#[pymethods]
impl MethodDescriptorBase {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(MethodDescriptorBase {}, ty).into())
    }
    #[slot]
    fn call(_zelf: &Value, _vm: &Vm, _args: CallArgs<'_>) -> PyResult {
        Ok(Value::bool(true))
    }
    #[slot]
    fn descr_get(zelf: &Value, _vm: &Vm, object: Option<&Value>, _ty: Option<&Value>) -> PyResult {
        Ok(bind(zelf, object))
    }
}

/// A method descriptor that inherits everything.
#[pyclass(name = "_testcapi.MethodDescriptorDerived", base = MethodDescriptorBase, no_gc)]
pub struct MethodDescriptorDerived {}

#[pymethods]
impl MethodDescriptorDerived {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(MethodDescriptorDerived {}, ty).into())
    }
}

/// A method descriptor no more: it is not bound, and is called in a way of its own.
#[pyclass(name = "_testcapi.MethodDescriptorNopGet", base = MethodDescriptorBase, no_gc)]
pub struct MethodDescriptorNopGet {}

#[pymethods]
impl MethodDescriptorNopGet {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(MethodDescriptorNopGet {}, ty).into())
    }
    #[slot]
    fn call(_zelf: &Value, _vm: &Vm, args: CallArgs<'_>) -> PyResult {
        Ok(Tuple::from_slice(args.args()).into())
    }
    #[slot]
    fn descr_get(zelf: &Value, _vm: &Vm, _object: Option<&Value>, _ty: Option<&Value>) -> PyResult {
        Ok(zelf.clone())
    }
}

/// A method descriptor with a call of its own beside its base's.
#[pyclass(name = "_testcapi.MethodDescriptor2", base = MethodDescriptorBase, vectorcall, no_gc)]
pub struct MethodDescriptor2 {}

#[pymethods]
impl MethodDescriptor2 {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(MethodDescriptor2 {}, ty).into())
    }
    #[slot]
    fn call(_zelf: &Value, _vm: &Vm, _args: CallArgs<'_>) -> PyResult {
        Ok(Value::bool(false))
    }
}

/// Instances say which of their two functions was called.
#[pyclass(name = "_testcapi.VectorCallClass", base_type, vectorcall, no_gc)]
pub struct VectorCallClass {
    /// Has the instance a function for arguments as they lie?
    own: Cell<bool>,
}

#[pymethods]
impl VectorCallClass {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(VectorCallClass { own: Cell::new(false) }, ty).into())
    }
    #[slot]
    fn call(zelf: &Obj<VectorCallClass>, vm: &Vm, _args: CallArgs<'_>) -> PyResult {
        Ok(vm.str(if zelf.own.get() { "vectorcall" } else { "tp_call" }))
    }
    /// Set the vectorcall function of an instance of the type.
    #[pymethod]
    fn set_vectorcall(zelf: &Obj<VectorCallClass>, vm: &Vm, ty: &Obj<Type>) -> PyResult<()> {
        if !zelf.to_value().ty().is_subtype(ty) {
            return Err(vm.type_error("expected instance of the type"));
        }
        zelf.own.set(true);
        Ok(())
    }
}

/// A class derived from `base`, with a native `__call__` of its own.
pub fn make_class(vm: &Vm, base: Option<&Obj<Type>>) -> PyResult {
    let native = vm.type_object::<VectorCallClass>();
    let mut bases: Vec<Value> = base.map(Obj::to_value).into_iter().collect();
    if !base.is_some_and(|base| base.is_subtype(native)) {
        bases.retain(|base| base.downcast::<Type>().is_some_and(|ty| ty.base().is_some()));
        bases.push(native.to_value());
    }
    let namespace = Dict::new_ref();
    for name in ["__call__", "__module__"] {
        let name = vm.intern(name);
        if let Some(value) = native.dict().get_str(&name) {
            drop(namespace.insert_str(&name, value));
        }
    }
    let name = vm.intern("VectorCallClass");
    let metatype = build::metaclass_of(vm, native.ty(), &bases)?;
    build::make_class(vm, &metatype, &name, &bases, &namespace, CallArgs::NONE).map(Value::from)
}
