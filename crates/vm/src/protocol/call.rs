//! Calling any object. CPython's counterpart: `Objects/call.c`.

use crate::object::Ref;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::runtime::args::CallArgs;
use crate::runtime::enter;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// `callable(*args)`
pub fn call(vm: &Vm, callable: &Value, args: &[Value]) -> PyResult {
    let args = CallArgs::positional(args);
    match callable.downcast_exact::<Function>() {
        Some(function) => enter::call_function(vm, function, args),
        None => call_args(vm, callable, args),
    }
}

/// `callable()` with any arguments.
pub fn call_args(vm: &Vm, callable: &Value, args: CallArgs<'_>) -> PyResult {
    match callable.ty().slots.call.get() {
        Some(function) => {
            vm.check_stack()?;
            function(vm, callable, args)
        }
        None => Err(vm.type_error(format!("'{}' object is not callable", callable.ty().name()))),
    }
}

/// `callable(*args, **kwargs)`
pub fn call_with_dict(
    vm: &Vm,
    callable: &Value,
    args: &[Value],
    kwargs: Option<&Dict>,
) -> PyResult {
    let Some(kwargs) = kwargs.filter(|k| !k.is_empty()) else {
        return call(vm, callable, args);
    };
    let mut values = args.to_vec();
    let mut names = Vec::with_capacity(kwargs.len());
    for (name, value) in kwargs.items_vec() {
        if name.downcast::<Str>().is_none() {
            return Err(vm.type_error("keywords must be strings"));
        }
        names.push(name);
        values.push(value);
    }
    let names = Tuple::from_vec(names);
    call_args(vm, callable, CallArgs::new(&values, Some(&names)))
}

/// `callable(*args, name=value, ...)` from Rust.
pub fn call_named(vm: &Vm, callable: &Value, args: &[Value], named: &[(&str, Value)]) -> PyResult {
    let names = named.iter().map(|(n, _)| vm.intern(n).into()).collect();
    let names: Ref<Tuple> = Tuple::from_vec(names);
    let mut values = args.to_vec();
    values.extend(named.iter().map(|(_, v)| v.clone()));
    call_args(vm, callable, CallArgs::new(&values, Some(&names)))
}

/// `callable(object)`
pub fn is_callable(object: &Value) -> bool {
    object.ty().slots.call.get().is_some()
}
