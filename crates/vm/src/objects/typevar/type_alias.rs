//! `TypeAliasType`: what a `type` statement makes.

use super::{Lazy, TypeVarTuple, default_of, name_of};
use crate::object::{Obj, Ref};
use crate::objects::generic_alias;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::union_;
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Type alias.
///
/// Type aliases are created through the type statement::
///
///     type Alias = int
///
/// In this example, Alias and int will be treated equivalently by static
/// type checkers.
///
/// At runtime, Alias is an instance of TypeAliasType. The __name__
/// attribute holds the name of the type alias. The value of the type alias
/// is stored in the __value__ attribute. It is evaluated lazily, so the
/// value is computed only if the attribute is accessed.
///
/// Type aliases can also be generic::
///
///     type ListOrSet[T] = list[T] | set[T]
///
/// In this case, the type parameters of the alias are stored in the
/// __type_params__ attribute.
///
/// See PEP 695 for more information.
#[pyclass(name = "typing.TypeAliasType")]
pub struct TypeAliasType {
    #[notrace]
    name: Ref<Str>,
    params: Option<Ref<Tuple>>,
    value: Lazy,
    /// The module, for an alias made by hand.
    module: Option<Value>,
}

/// The alias of a `type` statement: `(name, type parameters or None, evaluator)`.
pub(super) fn make(vm: &Vm, parts: &Value) -> PyResult {
    let Some([name, params, evaluator]) = parts.downcast::<Tuple>().map(|t| t.items()) else {
        return Err(vm.system_error("a type alias is made of three parts"));
    };
    let payload = TypeAliasType {
        name: name_of(vm, name)?,
        params: params.downcast::<Tuple>().map(Obj::to_ref),
        value: Lazy::by(evaluator.clone()),
        module: None,
    };
    Ok(Ref::with_type(payload, vm.type_object::<TypeAliasType>()).into())
}

/// Refuses what are no type parameters, and those without default behind one with.
fn check_params(vm: &Vm, params: &Tuple) -> PyResult<()> {
    let mut defaults = false;
    for param in params.items() {
        let Some(default) = default_of(param) else {
            let shown = object::repr(vm, param)?;
            return Err(vm.type_error(format!("Expected a type param, got {shown}")));
        };
        if default.is_set() {
            defaults = true;
        } else if defaults {
            let shown = object::repr(vm, param)?;
            return Err(vm.type_error(format!(
                "non-default type parameter '{shown}' follows default type parameter"
            )));
        }
    }
    Ok(())
}

#[pymethods]
impl TypeAliasType {
    #[slot(name = "typealias", sig = "(name, value, *, type_params=())")]
    fn new(
        vm: &Vm,
        ty: &Obj<Type>,
        name: &Obj<Str>,
        value: Value,
        type_params: Option<&Value>,
    ) -> PyResult {
        let params = match type_params {
            None => None,
            Some(params) => match params.downcast::<Tuple>() {
                Some(params) => {
                    check_params(vm, params)?;
                    Some(params.to_ref()).filter(|p| !p.is_empty())
                }
                None => return Err(vm.type_error("type_params must be a tuple")),
            },
        };
        let payload = TypeAliasType {
            name: name.to_ref(),
            params,
            value: Lazy::given(Some(value)),
            module: super::caller(vm),
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn repr(zelf: &Obj<TypeAliasType>, _vm: &Vm) -> PyResult {
        Ok(zelf.name.to_value())
    }
    #[slot]
    fn iter(zelf: &Value, vm: &Vm) -> PyResult {
        super::unpack_iter(vm, zelf)
    }
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        union_::from_members(vm, &[a.clone(), b.clone()])
    }
    #[slot]
    fn getitem(zelf: &Obj<TypeAliasType>, vm: &Vm, item: &Value) -> PyResult {
        if zelf.params.is_none() {
            return Err(vm.type_error("Only generic type aliases are subscriptable"));
        }
        generic_alias::make(vm, &zelf.to_value(), item)
    }
    #[getter(name = "__name__", member)]
    fn name(zelf: &Obj<TypeAliasType>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
    #[getter(name = "__value__")]
    fn value(zelf: &Obj<TypeAliasType>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.value.get(vm)
    }
    #[getter]
    fn evaluate_value(zelf: &Obj<TypeAliasType>, _vm: &Vm) -> Option<Value> {
        zelf.value.evaluator()
    }
    #[getter(name = "__type_params__")]
    fn type_params(zelf: &Obj<TypeAliasType>, _vm: &Vm) -> Ref<Tuple> {
        zelf.params.clone().unwrap_or_else(Tuple::empty)
    }
    #[getter(name = "__parameters__")]
    fn parameters(zelf: &Obj<TypeAliasType>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        let Some(params) = &zelf.params else { return Ok(Tuple::empty()) };
        let mut all = Vec::with_capacity(params.len());
        for param in params.items() {
            all.push(match param.downcast::<TypeVarTuple>() {
                Some(_) => super::unpack(vm, param)?,
                None => param.clone(),
            });
        }
        Ok(Tuple::from_vec(all))
    }
    #[getter(name = "__module__")]
    fn module(zelf: &Obj<TypeAliasType>, vm: &Vm) -> PyResult<Option<Value>> {
        if let Some(module) = &zelf.module {
            return Ok(Some(module.clone()));
        }
        match zelf.value.evaluator() {
            Some(evaluator) => object::lookup_attr(vm, &evaluator, &vm.names().__module__),
            None => Ok(None),
        }
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<TypeAliasType>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
}
