//! `classmethod` and `staticmethod`: functions that a class binds otherwise than to its instances.
//!
//! CPython's counterpart: the second half of `Objects/funcobject.c`.

use crate::object::{Obj, Ref, ValueCell};
use crate::objects::dict::Dict;
use crate::objects::method::Method;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::{call, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// An attribute of what is wrapped, kept from its first use on.
fn wrapped_attribute(
    vm: &Vm,
    wrapper: &Value,
    function: Option<Value>,
    name: &Ref<Str>,
) -> PyResult {
    let own = super::object::instance_dict(wrapper);
    if let Some(found) = own.as_ref().and_then(|dict| dict.get_str(name)) {
        return Ok(found);
    }
    let Some(function) = function else { return Err(vm.no_attribute(wrapper, name)) };
    let found = object::get_attr(vm, &function, name)?;
    if let Some(dict) = own {
        drop(dict.insert_str(name, found.clone()));
    }
    Ok(found)
}

fn set_own_attribute(
    vm: &Vm,
    wrapper: &Value,
    name: &Ref<Str>,
    value: Option<Value>,
) -> PyResult<()> {
    let Some(dict) = super::object::instance_dict(wrapper) else {
        return Err(vm.no_attribute(wrapper, name));
    };
    match value {
        Some(value) => drop(dict.insert_str(name, value)),
        None => match dict.remove_str(name) {
            Some(old) => drop(old),
            None => return Err(vm.no_attribute(wrapper, name)),
        },
    }
    Ok(())
}

/// Convert a function to be a class method.
///
/// A class method receives the class as implicit first argument,
/// just like an instance method receives the instance.
#[pyclass(name = "classmethod", base_type, has_dict, sig = "(function, /)")]
#[derive(Default)]
pub struct ClassMethod {
    function: ValueCell,
}

/// Convert a function to be a static method.
///
/// A static method does not receive an implicit first argument.
#[pyclass(name = "staticmethod", base_type, has_dict, sig = "(function, /)")]
#[derive(Default)]
pub struct StaticMethod {
    function: ValueCell,
}

/// What a wrapper around a function takes over from it: name, docstring, annotations.
fn copy_function_attributes(vm: &Vm, wrapper: &Value, function: &Value) -> PyResult<()> {
    let names = vm.names();
    for name in [&names.__module__, &names.__name__, &names.__qualname__, &names.__doc__] {
        if let Some(value) = object::lookup_attr(vm, function, name)? {
            object::set_attr(vm, wrapper, name, value)?;
        }
    }
    Ok(())
}

fn one_argument(vm: &Vm, name: &str, args: CallArgs<'_>) -> PyResult {
    match (args.args(), args.keyword_count()) {
        ([one], 0) => Ok(one.clone()),
        (all, 0) => Err(vm.type_error(format!("{name} expected 1 argument, got {}", all.len()))),
        _ => Err(vm.type_error(format!("{name}() takes no keyword arguments"))),
    }
}

impl StaticMethod {
    #[inline(always)]
    pub fn function(&self) -> Option<Value> {
        self.function.get()
    }
}

impl ClassMethod {
    #[inline(always)]
    pub fn function(&self) -> Option<Value> {
        self.function.get()
    }
    pub fn new_value(function: Value) -> Value {
        Ref::new(ClassMethod { function: function.into() }).into()
    }
}

#[pymethods]
impl ClassMethod {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(ClassMethod::default(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<ClassMethod>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let function = one_argument(vm, "classmethod", args)?;
        copy_function_attributes(vm, &zelf.to_value(), &function)?;
        zelf.function.set(Some(function));
        Ok(())
    }
    #[slot]
    fn descr_get(
        zelf: &Obj<ClassMethod>,
        vm: &Vm,
        object: Option<&Value>,
        ty: Option<&Value>,
    ) -> PyResult {
        let Some(function) = zelf.function.get() else {
            return Err(vm.runtime_error("uninitialized classmethod object"));
        };
        let class = match (ty, object) {
            (Some(ty), _) => ty.clone(),
            (None, Some(object)) => object.ty().to_value(),
            (None, None) => Value::NONE,
        };
        Ok(Method::bind(function, class))
    }
    #[slot]
    fn repr(zelf: &Obj<ClassMethod>, vm: &Vm) -> PyResult {
        let inner = object::repr(vm, &zelf.function.get().unwrap_or(Value::NONE))?;
        Ok(vm.str(&format!("<classmethod({})>", inner.to_string_lossy())))
    }
    #[getter(name = "__func__", member)]
    fn func(zelf: &Obj<ClassMethod>, _vm: &Vm) -> Option<Value> {
        zelf.function.get()
    }
    #[getter(name = "__wrapped__", member)]
    fn wrapped(zelf: &Obj<ClassMethod>, _vm: &Vm) -> Option<Value> {
        zelf.function.get()
    }
    #[getter(name = "__isabstractmethod__")]
    fn isabstract(zelf: &Obj<ClassMethod>, vm: &Vm) -> PyResult<bool> {
        is_abstract(vm, zelf.function.get())
    }
    #[getter(name = "__annotations__")]
    fn annotations(zelf: &Obj<ClassMethod>, vm: &Vm) -> PyResult {
        wrapped_attribute(vm, &zelf.to_value(), zelf.function.get(), &vm.names().__annotations__)
    }
    #[setter(name = "__annotations__")]
    fn set_annotations(zelf: &Obj<ClassMethod>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_own_attribute(vm, &zelf.to_value(), &vm.names().__annotations__, value)
    }
    #[getter(name = "__annotate__")]
    fn annotate(zelf: &Obj<ClassMethod>, vm: &Vm) -> PyResult {
        wrapped_attribute(vm, &zelf.to_value(), zelf.function.get(), &vm.names().__annotate__)
    }
    #[setter(name = "__annotate__")]
    fn set_annotate(zelf: &Obj<ClassMethod>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_own_attribute(vm, &zelf.to_value(), &vm.names().__annotate__, value)
    }
    #[getter(name = "__dict__")]
    fn dict(zelf: &Obj<ClassMethod>, _vm: &Vm) -> Option<Ref<Dict>> {
        super::object::instance_dict(&zelf.to_value())
    }
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}

/// Is `function.__isabstractmethod__` true?
pub(crate) fn is_abstract(vm: &Vm, function: Option<Value>) -> PyResult<bool> {
    let Some(function) = function else { return Ok(false) };
    match object::lookup_attr(vm, &function, &vm.names().__isabstractmethod__)? {
        Some(flag) => object::is_true(vm, &flag),
        None => Ok(false),
    }
}

impl StaticMethod {
    pub fn new_value(function: Value) -> Value {
        Ref::new(StaticMethod { function: function.into() }).into()
    }
}

#[pymethods]
impl StaticMethod {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(StaticMethod::default(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<StaticMethod>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let function = one_argument(vm, "staticmethod", args)?;
        copy_function_attributes(vm, &zelf.to_value(), &function)?;
        zelf.function.set(Some(function));
        Ok(())
    }
    #[slot]
    fn call(zelf: &Obj<StaticMethod>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let function = zelf.function.get().unwrap_or(Value::NONE);
        call::call_args(vm, &function, args)
    }
    #[slot]
    fn descr_get(
        zelf: &Obj<StaticMethod>,
        vm: &Vm,
        _object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        zelf.function.get().ok_or_else(|| vm.runtime_error("uninitialized staticmethod object"))
    }
    #[slot]
    fn repr(zelf: &Obj<StaticMethod>, vm: &Vm) -> PyResult {
        let inner = object::repr(vm, &zelf.function.get().unwrap_or(Value::NONE))?;
        Ok(vm.str(&format!("<staticmethod({})>", inner.to_string_lossy())))
    }
    #[getter(name = "__func__", member)]
    fn func(zelf: &Obj<StaticMethod>, _vm: &Vm) -> Option<Value> {
        zelf.function.get()
    }
    #[getter(name = "__wrapped__", member)]
    fn wrapped(zelf: &Obj<StaticMethod>, _vm: &Vm) -> Option<Value> {
        zelf.function.get()
    }
    #[getter(name = "__isabstractmethod__")]
    fn isabstract(zelf: &Obj<StaticMethod>, vm: &Vm) -> PyResult<bool> {
        is_abstract(vm, zelf.function.get())
    }
    #[getter(name = "__annotations__")]
    fn annotations(zelf: &Obj<StaticMethod>, vm: &Vm) -> PyResult {
        wrapped_attribute(vm, &zelf.to_value(), zelf.function.get(), &vm.names().__annotations__)
    }
    #[setter(name = "__annotations__")]
    fn set_annotations(zelf: &Obj<StaticMethod>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_own_attribute(vm, &zelf.to_value(), &vm.names().__annotations__, value)
    }
    #[getter(name = "__annotate__")]
    fn annotate(zelf: &Obj<StaticMethod>, vm: &Vm) -> PyResult {
        wrapped_attribute(vm, &zelf.to_value(), zelf.function.get(), &vm.names().__annotate__)
    }
    #[setter(name = "__annotate__")]
    fn set_annotate(zelf: &Obj<StaticMethod>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_own_attribute(vm, &zelf.to_value(), &vm.names().__annotate__, value)
    }
    #[getter(name = "__dict__")]
    fn dict(zelf: &Obj<StaticMethod>, _vm: &Vm) -> Option<Ref<Dict>> {
        super::object::instance_dict(&zelf.to_value())
    }
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}
