//! Slots that call the Python methods of a class.
//!
//! When a class defines `__add__`, its `add` slot becomes `binary` with that name. The functions
//! look the method up on the type each time; the method cache makes that cheap.

use crate::object::{ObjHead, Ref};
use crate::objects::int;
use crate::objects::str_::Str;
use crate::objects::type_::slots::{Binary, Slots};
use crate::protocol::call;
use crate::protocol::compare::CmpOp;
use crate::protocol::object::{self, Method};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::names::special_name;
use crate::runtime::vm::Vm;
use crate::value::Value;

fn method(vm: &Vm, object: &Value, name: &Ref<Str>) -> PyResult<Option<Method>> {
    object::special_method(vm, object, name)
}

fn call_named(vm: &Vm, object: &Value, name: &Ref<Str>, args: &[Value]) -> PyResult {
    call_found(vm, object, object.ty().lookup(name), name, args)
}

/// The same for what was found on the type.
fn call_found(
    vm: &Vm,
    object: &Value,
    found: Option<Value>,
    name: &Ref<Str>,
    args: &[Value],
) -> PyResult {
    match found {
        Some(found) => object::bind_method(vm, found, object)?.call(vm, object, args),
        None => Err(vm.no_attribute(object, name)),
    }
}

/// Does the class say that it has no such method, though a base may?
fn is_none(found: &Option<Value>) -> bool {
    found.as_ref().is_some_and(Value::is_none)
}

pub fn unary(vm: &Vm, a: &Value, name: &Ref<Str>) -> PyResult {
    let found = a.ty().lookup(name);
    if is_none(&found) && name.is_str("__iter__") {
        return Err(vm.type_error(format!("'{}' object is not iterable", a.ty().name())));
    }
    call_found(vm, a, found, name, &[])
}

/// `a op b` where at least one side is a class with the method: the left's method, or the right's
/// reflected one, the right first if it is a subclass that overrides it.
pub fn binary(
    vm: &Vm,
    a: &Value,
    b: &Value,
    name: &Ref<Str>,
    reflected: &Ref<Str>,
    slot: fn(&Slots) -> Option<Binary>,
) -> PyResult {
    let (ta, tb) = (a.ty(), b.ty());
    // A sequence has `__add__` too, but takes part only when all numbers have declined.
    let own = |v: &Value, n: &Ref<Str>| slot(&v.ty().slots).is_some() && is_python_slot(v, n);
    let right_first =
        !ta.same(tb) && tb.is_subtype(ta) && own(b, reflected) && overrides(a, b, reflected);
    if right_first {
        let result = try_call(vm, b, reflected, a)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    if own(a, name) {
        let result = try_call(vm, a, name, b)?;
        if !result.is_not_implemented() || ta.same(tb) {
            return Ok(result);
        }
    }
    if !right_first && !ta.same(tb) && own(b, reflected) {
        return try_call(vm, b, reflected, a);
    }
    Ok(Value::NOT_IMPLEMENTED)
}

/// Is the method there as something callable from a class (not `None`)?
fn is_python_slot(v: &Value, name: &Ref<Str>) -> bool {
    v.ty().lookup(name).is_some_and(|m| !m.is_none())
}

fn overrides(a: &Value, b: &Value, name: &Ref<Str>) -> bool {
    match (a.ty().lookup(name), b.ty().lookup(name)) {
        (Some(x), Some(y)) => !x.is(&y),
        (None, Some(_)) => true,
        _ => false,
    }
}

fn try_call(vm: &Vm, object: &Value, name: &Ref<Str>, other: &Value) -> PyResult {
    match method(vm, object, name)? {
        Some(method) => method.call(vm, object, std::slice::from_ref(other)),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

pub fn inplace(vm: &Vm, a: &Value, b: &Value, name: &Ref<Str>) -> PyResult {
    try_call(vm, a, name, b)
}

pub fn pow(vm: &Vm, a: &Value, b: &Value, c: Option<&Value>) -> PyResult {
    match c.filter(|c| !c.is_none()) {
        None => {
            let any: fn(&Slots) -> Option<Binary> = |_| Some(|_, _, _| Ok(Value::NOT_IMPLEMENTED));
            binary(vm, a, b, &vm.names().__pow__, &special_name!("__rpow__"), any)
        }
        Some(c) => {
            let name = &vm.names().__pow__;
            if is_python_slot(a, name) {
                return call_named(vm, a, name, &[b.clone(), c.clone()]);
            }
            Ok(Value::NOT_IMPLEMENTED)
        }
    }
}

pub fn ipow(vm: &Vm, a: &Value, b: &Value, _c: Option<&Value>) -> PyResult {
    inplace(vm, a, b, &special_name!("__ipow__"))
}

pub fn hash(vm: &Vm, a: &Value) -> PyResult<i64> {
    let name = &vm.names().__hash__;
    let found = a.ty().lookup(name);
    if is_none(&found) {
        return Err(object::unhashable(vm, a));
    }
    let result = call_found(vm, a, found, name, &[])?;
    if !int::is_int(&result) {
        return Err(vm.type_error("__hash__ method should return an integer"));
    }
    Ok(match int::to_i64_exact(&result) {
        Some(-1) => -2,
        Some(hash) => hash,
        None => int::to_int(&result).py_hash(),
    })
}

/// `__hash__ = None`
pub fn not_hashable(vm: &Vm, a: &Value) -> PyResult<i64> {
    Err(object::unhashable(vm, a))
}

pub fn bool_(vm: &Vm, a: &Value) -> PyResult<bool> {
    let result = call_named(vm, a, &vm.names().__bool__, &[])?;
    result.as_bool().ok_or_else(|| {
        vm.type_error(format!("__bool__ should return bool, returned {}", result.ty().name()))
    })
}

pub fn call(vm: &Vm, a: &Value, args: CallArgs<'_>) -> PyResult {
    vm.check_stack()?;
    match method(vm, a, &vm.names().__call__)? {
        Some(Method::Bound(f)) => call::call_args(vm, &f, args),
        Some(Method::Unbound(f)) => args.with_receiver(a, |args| call::call_args(vm, &f, args)),
        None => Err(vm.type_error(format!("'{}' object is not callable", a.ty().name()))),
    }
}

/// `__getattribute__`, then `__getattr__`.
pub fn getattro(vm: &Vm, a: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
    let names = vm.names();
    let own = a.ty().lookup(&names.__getattribute__);
    let generic = own.as_ref().is_none_or(crate::objects::slot_wrapper::is_object_getattribute);
    let found = if generic {
        crate::objects::object::generic_getattr(vm, a, name)
    } else {
        call_named(vm, a, &names.__getattribute__, &[name.to_value()]).map(Some)
    };
    let missing = match found {
        Ok(Some(value)) => return Ok(Some(value)),
        Ok(None) => None,
        Err(e) if e.is(&vm.exceptions().attribute_error) => Some(e),
        Err(e) => return Err(e),
    };
    match method(vm, a, &names.__getattr__)? {
        Some(hook) => hook.call(vm, a, &[name.to_value()]).map(Some),
        None => match missing {
            Some(e) => Err(e),
            None => Ok(None),
        },
    }
}

pub fn setattro(vm: &Vm, a: &Value, name: &Ref<Str>, value: Option<Value>) -> PyResult<()> {
    let names = vm.names();
    match value {
        Some(value) => {
            call_named(vm, a, &names.__setattr__, &[name.to_value(), value])?;
        }
        None => {
            call_named(vm, a, &names.__delattr__, &[name.to_value()])?;
        }
    }
    Ok(())
}

pub fn richcompare(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult {
    let name = vm.names().comparison(op);
    let Some(found) = a.ty().lookup(name).filter(|found| !found.is_none()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    // Of all operators only these pass over an error that the method's own `__get__` raises.
    match object::bind_method(vm, found, a) {
        Ok(method) => method.call(vm, a, std::slice::from_ref(b)),
        Err(_) => Ok(Value::NOT_IMPLEMENTED),
    }
}

pub fn iternext(vm: &Vm, a: &Value) -> PyResult<Option<Value>> {
    match call_named(vm, a, &vm.names().__next__, &[]) {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.is(&vm.exceptions().stop_iteration) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Is `__next__` a Python method, whose `StopIteration` may carry a value?
pub fn has_python_next(a: &Value) -> bool {
    let generic: crate::objects::type_::slots::IterNext = iternext;
    a.ty().slots.iternext.get().is_some_and(|f| std::ptr::fn_addr_eq(f, generic))
}

pub fn descr_get(vm: &Vm, d: &Value, object: Option<&Value>, ty: Option<&Value>) -> PyResult {
    // Unlike other methods, `__get__` is not bound: it would need a `__get__` for that.
    let Some(get) = d.ty().lookup(&vm.names().__get__) else { return Ok(d.clone()) };
    let none = Value::NONE;
    let args = [d.clone(), object.unwrap_or(&none).clone(), ty.unwrap_or(&none).clone()];
    call::call(vm, &get, &args)
}

pub fn descr_set(vm: &Vm, d: &Value, object: &Value, value: Option<Value>) -> PyResult<()> {
    let names = vm.names();
    match value {
        Some(value) => call_named(vm, d, &names.__set__, &[object.clone(), value])?,
        None => call_named(vm, d, &names.__delete__, std::slice::from_ref(object))?,
    };
    Ok(())
}

pub fn init(vm: &Vm, a: &Value, args: CallArgs<'_>) -> PyResult<()> {
    let result = match method(vm, a, &vm.names().__init__)? {
        Some(Method::Bound(f)) => call::call_args(vm, &f, args)?,
        Some(Method::Unbound(f)) => args.with_receiver(a, |args| call::call_args(vm, &f, args))?,
        None => return Ok(()),
    };
    if result.is_none() {
        return Ok(());
    }
    Err(vm.type_error(format!("__init__() should return None, not '{}'", result.ty().name())))
}

/// `__new__` of a class made at run time.
pub fn new(vm: &Vm, ty: &crate::object::Obj<super::Type>, args: CallArgs<'_>) -> PyResult {
    let class = ty.to_value();
    let Some(function) = ty.lookup(&vm.names().__new__) else {
        return Err(vm.type_error(format!("cannot create '{}' instances", ty.name())));
    };
    let function = match function.ty().slots.descr_get.get() {
        Some(get) => get(vm, &function, None, Some(&class))?,
        None => function,
    };
    args.with_receiver(&class, |args| call::call_args(vm, &function, args))
}

/// `__del__`; what it raises is reported and dropped.
pub fn finalize(head: &ObjHead) {
    Vm::with_current(|vm| {
        let object = head.to_value();
        let Ok(Some(method)) = method(vm, &object, &vm.names().__del__) else { return };
        let handled = vm.exc_state().handled.replace(None);
        if let Err(e) = method.call(vm, &object, &[]) {
            let function = match &method {
                Method::Bound(f) | Method::Unbound(f) => f.clone(),
            };
            vm.unraisable(e, "Exception ignored while calling deallocator", Some(&function));
        }
        drop(vm.exc_state().handled.replace(handled));
    });
}

pub fn len(vm: &Vm, a: &Value) -> PyResult<usize> {
    let result = call_named(vm, a, &vm.names().__len__, &[])?;
    let index = crate::protocol::number::index(vm, &result)?;
    match int::to_i64_exact(&index) {
        Some(n) if n >= 0 => Ok(n as usize),
        Some(_) => Err(negative_len(vm)),
        None if int::is_negative(&index) => Err(negative_len(vm)),
        None => Err(vm.overflow_error("cannot fit 'int' into an index-sized integer")),
    }
}

fn negative_len(vm: &Vm) -> Exc {
    vm.value_error("__len__() should return >= 0")
}

pub fn getitem(vm: &Vm, a: &Value, key: &Value) -> PyResult {
    call_named(vm, a, &vm.names().__getitem__, std::slice::from_ref(key))
}

pub fn setitem(vm: &Vm, a: &Value, key: &Value, value: Option<Value>) -> PyResult<()> {
    let names = vm.names();
    let (name, verb, args) = match value {
        Some(value) => (&names.__setitem__, "assignment", vec![key.clone(), value]),
        None => (&names.__delitem__, "deletion", vec![key.clone()]),
    };
    match method(vm, a, name)? {
        Some(method) => method.call(vm, a, &args).map(drop),
        None => {
            Err(vm.type_error(format!("'{}' object does not support item {verb}", a.ty().name())))
        }
    }
}

pub fn contains(vm: &Vm, a: &Value, item: &Value) -> PyResult<bool> {
    let name = &vm.names().__contains__;
    let found = a.ty().lookup(name);
    if is_none(&found) {
        return Err(vm.type_error(format!("'{}' object is not a container", a.ty().name())));
    }
    let result = call_found(vm, a, found, name, std::slice::from_ref(item))?;
    object::is_true(vm, &result)
}
