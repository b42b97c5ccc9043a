//! `TypeVarTuple`.

use super::{Lazy, call_typing, given_default, name_of, no_default};
use crate::object::{Obj, Payload, Ref};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Type variable tuple. A specialized form of type variable that enables
/// variadic generics.
///
/// The preferred way to construct a type variable tuple is via the
/// dedicated syntax for generic functions, classes, and type aliases,
/// where a single '*' indicates a type variable tuple::
///
///     def move_first_element_to_last[T, *Ts](tup: tuple[T, *Ts]) -> tuple[*Ts, T]:
///         return (*tup[1:], tup[0])
///
/// Type variables tuples can have default values:
///
///     type AliasWithDefault[*Ts = (str, int)] = tuple[*Ts]
///
/// For compatibility with Python 3.11 and earlier, TypeVarTuple objects
/// can also be created as follows::
///
///     Ts = TypeVarTuple('Ts')  # Can be given any name
///     DefaultTs = TypeVarTuple('Ts', default=(str, int))
///
/// Just as a TypeVar (type variable) is a placeholder for a single type,
/// a TypeVarTuple is a placeholder for an *arbitrary* number of types. For
/// example, if we define a generic class using a TypeVarTuple::
///
///     class C[*Ts]: ...
///
/// Then we can parameterize that class with an arbitrary number of type
/// arguments::
///
///     C[int]       # Fine
///     C[int, str]  # Also fine
///     C[()]        # Even this is fine
///
/// For more details, see PEP 646.
///
/// Note that only TypeVarTuples defined in the global scope can be
/// pickled.
#[pyclass(name = "typing.TypeVarTuple", has_dict)]
pub struct TypeVarTuple {
    #[notrace]
    name: Ref<Str>,
    default: Lazy,
}

/// A type variable tuple of a class, function or alias.
pub(super) fn make(vm: &Vm, name: &Value) -> PyResult {
    let payload = TypeVarTuple { name: name_of(vm, name)?, default: Lazy::default() };
    Ok(Ref::with_type(payload, vm.type_object::<TypeVarTuple>()).into())
}

impl TypeVarTuple {
    pub(super) fn default(&self) -> &Lazy {
        &self.default
    }
}

#[pymethods]
impl TypeVarTuple {
    #[slot(name = "typevartuple", sig = "(name, *, default=typing.NoDefault)")]
    fn new(vm: &Vm, ty: &Obj<Type>, name: &Obj<Str>, default: Option<Value>) -> PyResult {
        let payload = TypeVarTuple { name: name.to_ref(), default: given_default(default) };
        let made = Ref::with_type(payload, ty).into();
        super::set_module(vm, &made)?;
        Ok(made)
    }
    #[slot]
    fn repr(zelf: &Obj<TypeVarTuple>, _vm: &Vm) -> PyResult {
        Ok(zelf.name.to_value())
    }
    #[slot]
    fn iter(zelf: &Value, vm: &Vm) -> PyResult {
        super::unpack_iter(vm, zelf)
    }
    #[getter(name = "__name__", member)]
    fn name(zelf: &Obj<TypeVarTuple>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
    #[getter(name = "__default__")]
    fn get_default(zelf: &Obj<TypeVarTuple>, vm: &Vm) -> PyResult {
        Ok(zelf.default.get(vm)?.unwrap_or_else(no_default))
    }
    #[getter]
    fn evaluate_default(zelf: &Obj<TypeVarTuple>, _vm: &Vm) -> Option<Value> {
        zelf.default.evaluator()
    }
    #[pymethod]
    fn has_default(zelf: &Obj<TypeVarTuple>, _vm: &Vm) -> bool {
        zelf.default.is_set()
    }
    #[pymethod]
    fn __typing_subst__(_zelf: &Value, vm: &Vm, _arg: &Value) -> PyResult<()> {
        Err(vm.type_error("Substitution of bare TypeVarTuple is not supported"))
    }
    #[pymethod]
    fn __typing_prepare_subst__(zelf: &Value, vm: &Vm, alias: Value, args: Value) -> PyResult {
        call_typing(vm, "_typevartuple_prepare_subst", &[zelf.clone(), alias, args])
    }
    #[pymethod]
    fn __mro_entries__(_zelf: &Value, vm: &Vm, _bases: &Value) -> PyResult<()> {
        Err(super::no_subclassing(vm, &TypeVarTuple::cell().get().short_name()))
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<TypeVarTuple>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
}
