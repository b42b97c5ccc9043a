//! `TypeVar`.

use super::{Lazy, Variance, call_typing, check_bound, given_default, name_of, no_default};
use crate::object::{Obj, Payload, Ref};
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::union_;
use crate::protocol::{compare, iter, object};
use crate::runtime::args::VarArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Type variable.
///
/// The preferred way to construct a type variable is via the dedicated
/// syntax for generic functions, classes, and type aliases::
///
///     class Sequence[T]:  # T is a TypeVar
///         ...
///
/// This syntax can also be used to create bound and constrained type
/// variables::
///
///     # S is a TypeVar bound to str
///     class StrSequence[S: str]:
///         ...
///
///     # A is a TypeVar constrained to str or bytes
///     class StrOrBytesSequence[A: (str, bytes)]:
///         ...
///
/// Type variables can also have defaults:
///
///     class IntDefault[T = int]:
///         ...
///
/// However, if desired, reusable type variables can also be constructed
/// manually, like so::
///
///    T = TypeVar('T')  # Can be anything
///    S = TypeVar('S', bound=str)  # Can be any subtype of str
///    A = TypeVar('A', str, bytes)  # Must be exactly str or bytes
///    D = TypeVar('D', default=int)  # Defaults to int
///
/// Type variables exist primarily for the benefit of static type
/// checkers.  They serve as the parameters for generic types as well
/// as for generic function and type alias definitions.
///
/// The variance of type variables is inferred by type checkers when they
/// are created through the type parameter syntax and when
/// ``infer_variance=True`` is passed. Manually created type variables may
/// be explicitly marked covariant or contravariant by passing
/// ``covariant=True`` or ``contravariant=True``. By default, manually
/// created type variables are invariant. See PEP 484 and PEP 695 for more
/// details.
#[pyclass(name = "typing.TypeVar", has_dict)]
pub struct TypeVar {
    #[notrace]
    name: Ref<Str>,
    bound: Lazy,
    constraints: Lazy,
    default: Lazy,
    #[notrace]
    variance: Variance,
}

/// A type variable of a class, function or alias.
pub(super) fn make(vm: &Vm, name: &Value, bound: Lazy, constraints: Lazy) -> PyResult {
    let variance = Variance::INFERRED;
    let name = name_of(vm, name)?;
    let payload = TypeVar { name, bound, constraints, default: Lazy::default(), variance };
    Ok(Ref::with_type(payload, vm.type_object::<TypeVar>()).into())
}

impl TypeVar {
    pub(super) fn default(&self) -> &Lazy {
        &self.default
    }
}

#[pymethods]
impl TypeVar {
    #[slot(
        name = "typevar",
        sig = "(name, *constraints, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)"
    )]
    fn new(
        vm: &Vm,
        ty: &Obj<Type>,
        name: &Obj<Str>,
        constraints: VarArgs,
        bound: Option<Value>,
        default: Option<Value>,
        covariant: Option<bool>,
        contravariant: Option<bool>,
        infer_variance: Option<bool>,
    ) -> PyResult {
        let variance = Variance::checked(vm, covariant, contravariant, infer_variance)?;
        let bound = check_bound(vm, bound)?;
        let constraints = constraints.0;
        if constraints.len() == 1 {
            return Err(vm.type_error("A single constraint is not allowed"));
        }
        if !constraints.is_empty() && bound.is_some() {
            return Err(vm.type_error("Constraints cannot be combined with bound=..."));
        }
        let constraints = Some(constraints).filter(|c| !c.is_empty()).map(Value::from);
        let payload = TypeVar {
            name: name.to_ref(),
            bound: Lazy::given(bound),
            constraints: Lazy::given(constraints),
            default: given_default(default),
            variance,
        };
        let made = Ref::with_type(payload, ty).into();
        super::set_module(vm, &made)?;
        Ok(made)
    }
    #[slot]
    fn repr(zelf: &Obj<TypeVar>, vm: &Vm) -> PyResult {
        Ok(zelf.variance.shown(vm, &zelf.name))
    }
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        union_::from_members(vm, &[a.clone(), b.clone()])
    }
    #[getter(name = "__name__", member)]
    fn name(zelf: &Obj<TypeVar>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
    #[getter(name = "__bound__")]
    fn bound(zelf: &Obj<TypeVar>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.bound.get(vm)
    }
    #[getter(name = "__constraints__")]
    fn constraints(zelf: &Obj<TypeVar>, vm: &Vm) -> PyResult {
        Ok(zelf.constraints.get(vm)?.unwrap_or_else(|| Tuple::empty().into()))
    }
    #[getter(name = "__default__")]
    fn get_default(zelf: &Obj<TypeVar>, vm: &Vm) -> PyResult {
        Ok(zelf.default.get(vm)?.unwrap_or_else(no_default))
    }
    #[getter]
    fn evaluate_bound(zelf: &Obj<TypeVar>, _vm: &Vm) -> Option<Value> {
        zelf.bound.evaluator()
    }
    #[getter]
    fn evaluate_constraints(zelf: &Obj<TypeVar>, _vm: &Vm) -> Option<Value> {
        zelf.constraints.evaluator()
    }
    #[getter]
    fn evaluate_default(zelf: &Obj<TypeVar>, _vm: &Vm) -> Option<Value> {
        zelf.default.evaluator()
    }
    #[getter(name = "__covariant__", member)]
    fn covariant(zelf: &Obj<TypeVar>, _vm: &Vm) -> bool {
        zelf.variance.covariant
    }
    #[getter(name = "__contravariant__", member)]
    fn contravariant(zelf: &Obj<TypeVar>, _vm: &Vm) -> bool {
        zelf.variance.contravariant
    }
    #[getter(name = "__infer_variance__", member)]
    fn infer_variance(zelf: &Obj<TypeVar>, _vm: &Vm) -> bool {
        zelf.variance.inferred
    }
    #[pymethod]
    fn has_default(zelf: &Obj<TypeVar>, _vm: &Vm) -> bool {
        zelf.default.is_set()
    }
    #[pymethod]
    fn __typing_subst__(zelf: &Value, vm: &Vm, arg: Value) -> PyResult {
        call_typing(vm, "_typevar_subst", &[zelf.clone(), arg])
    }
    #[pymethod]
    fn __typing_prepare_subst__(
        zelf: &Obj<TypeVar>,
        vm: &Vm,
        alias: &Value,
        args: &Value,
    ) -> PyResult {
        let params = object::get_attr(vm, alias, &vm.names().__parameters__)?;
        let mut index = 0;
        for param in iter::collect(vm, &params)? {
            if compare::equal(vm, &param, &zelf.to_value())? {
                break;
            }
            index += 1;
        }
        let given = object::len(vm, args)?;
        if index < given {
            return Ok(args.clone());
        }
        if index == given
            && let Some(default) = zelf.default.get(vm)?
        {
            let mut all = iter::collect(vm, args)?;
            all.push(default);
            return Ok(Tuple::from_vec(all).into());
        }
        let shown = object::str(vm, alias)?;
        Err(vm.type_error(format!(
            "Too few arguments for {shown}; actual {given}, expected at least {}",
            index + 1
        )))
    }
    #[pymethod]
    fn __mro_entries__(_zelf: &Value, vm: &Vm, _bases: &Value) -> PyResult<()> {
        Err(super::no_subclassing(vm, &TypeVar::cell().get().short_name()))
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<TypeVar>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
}
