//! `ParamSpec`, with `P.args` and `P.kwargs`.

use super::{Lazy, Variance, call_typing, check_bound, given_default, name_of, no_default};
use crate::object::{Obj, Payload, Ref};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::objects::union_;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Parameter specification variable.
///
/// The preferred way to construct a parameter specification is via the
/// dedicated syntax for generic functions, classes, and type aliases,
/// where the use of '**' creates a parameter specification::
///
///     type IntFunc[**P] = Callable[P, int]
///
/// The following syntax creates a parameter specification that defaults
/// to a callable accepting two positional-only arguments of types int
/// and str:
///
///     type IntFuncDefault[**P = (int, str)] = Callable[P, int]
///
/// For compatibility with Python 3.11 and earlier, ParamSpec objects
/// can also be created as follows::
///
///     P = ParamSpec('P')
///     DefaultP = ParamSpec('DefaultP', default=(int, str))
///
/// Parameter specification variables exist primarily for the benefit of
/// static type checkers.  They are used to forward the parameter types of
/// one callable to another callable, a pattern commonly found in
/// higher-order functions and decorators.  They are only valid when used
/// in ``Concatenate``, or as the first argument to ``Callable``, or as
/// parameters for user-defined Generics. See class Generic for more
/// information on generic types.
///
/// An example for annotating a decorator::
///
///     def add_logging[**P, T](f: Callable[P, T]) -> Callable[P, T]:
///         '''A type-safe decorator to add logging to a function.'''
///         def inner(*args: P.args, **kwargs: P.kwargs) -> T:
///             logging.info(f'{f.__name__} was called')
///             return f(*args, **kwargs)
///         return inner
///
///     @add_logging
///     def add_two(x: float, y: float) -> float:
///         '''Add two numbers together.'''
///         return x + y
///
/// Parameter specification variables can be introspected. e.g.::
///
///     >>> P = ParamSpec("P")
///     >>> P.__name__
///     'P'
///
/// Note that parameter specification variables defined in the global
/// scope can be pickled.
#[pyclass(name = "typing.ParamSpec", has_dict)]
pub struct ParamSpec {
    #[notrace]
    name: Ref<Str>,
    bound: Lazy,
    default: Lazy,
    #[notrace]
    variance: Variance,
}

/// A parameter specification of a class, function or alias.
pub(super) fn make(vm: &Vm, name: &Value) -> PyResult {
    let payload = ParamSpec {
        name: name_of(vm, name)?,
        bound: Lazy::default(),
        default: Lazy::default(),
        variance: Variance::INFERRED,
    };
    Ok(Ref::with_type(payload, vm.type_object::<ParamSpec>()).into())
}

impl ParamSpec {
    pub(super) fn default(&self) -> &Lazy {
        &self.default
    }
}

#[pymethods]
impl ParamSpec {
    #[slot(
        name = "paramspec",
        sig = "(name, *, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)"
    )]
    fn new(
        vm: &Vm,
        ty: &Obj<Type>,
        name: &Obj<Str>,
        bound: Option<Value>,
        default: Option<Value>,
        covariant: Option<bool>,
        contravariant: Option<bool>,
        infer_variance: Option<bool>,
    ) -> PyResult {
        let variance = Variance::checked(vm, covariant, contravariant, infer_variance)?;
        let payload = ParamSpec {
            name: name.to_ref(),
            bound: Lazy::given(check_bound(vm, bound)?),
            default: given_default(default),
            variance,
        };
        let made = Ref::with_type(payload, ty).into();
        super::set_module(vm, &made)?;
        Ok(made)
    }
    #[slot]
    fn repr(zelf: &Obj<ParamSpec>, vm: &Vm) -> PyResult {
        Ok(zelf.variance.shown(vm, &zelf.name))
    }
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        union_::from_members(vm, &[a.clone(), b.clone()])
    }
    #[getter(name = "__name__", member)]
    fn name(zelf: &Obj<ParamSpec>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
    #[getter(name = "__bound__", member)]
    fn bound(zelf: &Obj<ParamSpec>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.bound.get(vm)
    }
    #[getter(name = "__default__")]
    fn get_default(zelf: &Obj<ParamSpec>, vm: &Vm) -> PyResult {
        Ok(zelf.default.get(vm)?.unwrap_or_else(no_default))
    }
    #[getter]
    fn evaluate_default(zelf: &Obj<ParamSpec>, _vm: &Vm) -> Option<Value> {
        zelf.default.evaluator()
    }
    #[getter(name = "__covariant__", member)]
    fn covariant(zelf: &Obj<ParamSpec>, _vm: &Vm) -> bool {
        zelf.variance.covariant
    }
    #[getter(name = "__contravariant__", member)]
    fn contravariant(zelf: &Obj<ParamSpec>, _vm: &Vm) -> bool {
        zelf.variance.contravariant
    }
    #[getter(name = "__infer_variance__", member)]
    fn infer_variance(zelf: &Obj<ParamSpec>, _vm: &Vm) -> bool {
        zelf.variance.inferred
    }
    /// Represents positional arguments.
    #[getter]
    fn args(zelf: &Obj<ParamSpec>, vm: &Vm) -> Value {
        let ty = vm.type_object::<ParamSpecArgs>();
        Ref::with_type(ParamSpecArgs { origin: zelf.to_value() }, ty).into()
    }
    /// Represents keyword arguments.
    #[getter]
    fn kwargs(zelf: &Obj<ParamSpec>, vm: &Vm) -> Value {
        let ty = vm.type_object::<ParamSpecKwargs>();
        Ref::with_type(ParamSpecKwargs { origin: zelf.to_value() }, ty).into()
    }
    #[pymethod]
    fn has_default(zelf: &Obj<ParamSpec>, _vm: &Vm) -> bool {
        zelf.default.is_set()
    }
    #[pymethod]
    fn __typing_subst__(zelf: &Value, vm: &Vm, arg: Value) -> PyResult {
        call_typing(vm, "_paramspec_subst", &[zelf.clone(), arg])
    }
    #[pymethod]
    fn __typing_prepare_subst__(zelf: &Value, vm: &Vm, alias: Value, args: Value) -> PyResult {
        call_typing(vm, "_paramspec_prepare_subst", &[zelf.clone(), alias, args])
    }
    #[pymethod]
    fn __mro_entries__(_zelf: &Value, vm: &Vm, _bases: &Value) -> PyResult<()> {
        Err(super::no_subclassing(vm, &ParamSpec::cell().get().short_name()))
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<ParamSpec>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
}

/// `P.args` and `P.kwargs` differ by name alone.
macro_rules! part_of_spec {
    ($(#[doc = $doc:literal])* $name:ident, $python:literal, $function:literal, $suffix:literal) => {
        $(#[doc = $doc])*
        #[pyclass(name = $python)]
        pub struct $name {
            origin: Value,
        }

        #[pymethods]
        impl $name {
            #[slot(name = $function, sig = "(origin)")]
            fn new(_vm: &Vm, ty: &Obj<Type>, origin: Value) -> PyResult {
                Ok(Ref::with_type($name { origin }, ty).into())
            }
            #[slot]
            fn repr(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                let shown = match zelf.origin.downcast::<ParamSpec>() {
                    Some(spec) => spec.name.clone(),
                    None => object::repr(vm, &zelf.origin)?,
                };
                Ok(vm.str(&format!("{shown}{}", $suffix)))
            }
            #[slot]
            fn richcompare(zelf: &Obj<$name>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
                let Some(other) = other.downcast::<$name>() else {
                    return Ok(Value::NOT_IMPLEMENTED);
                };
                if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
                    return Ok(Value::NOT_IMPLEMENTED);
                }
                compare::rich_compare(vm, &zelf.origin, &other.origin, op)
            }
            #[getter(name = "__origin__")]
            fn origin(zelf: &Obj<$name>, _vm: &Vm) -> Value {
                zelf.origin.clone()
            }
            #[pymethod]
            fn __mro_entries__(_zelf: &Value, vm: &Vm, _bases: &Value) -> PyResult<()> {
                Err(super::no_subclassing(vm, &$name::cell().get().short_name()))
            }
        }
    };
}

part_of_spec! {
    /// The args for a ParamSpec object.
    ///
    /// Given a ParamSpec object P, P.args returns an instance of ParamSpecArgs.
    ///
    /// ParamSpecArgs objects have a reference back to their ParamSpec::
    ///
    ///     >>> P = ParamSpec("P")
    ///     >>> P.args.__origin__ is P
    ///     True
    ///
    /// This type is meant for runtime introspection and has no special meaning
    /// to static type checkers.
    ParamSpecArgs, "typing.ParamSpecArgs", "paramspecargs", ".args"
}

part_of_spec! {
    /// The kwargs for a ParamSpec object.
    ///
    /// Given a ParamSpec object P, P.kwargs returns an instance of ParamSpecKwargs.
    ///
    /// ParamSpecKwargs objects have a reference back to their ParamSpec::
    ///
    ///     >>> P = ParamSpec("P")
    ///     >>> P.kwargs.__origin__ is P
    ///     True
    ///
    /// This type is meant for runtime introspection and has no special meaning
    /// to static type checkers.
    ParamSpecKwargs, "typing.ParamSpecKwargs", "paramspeckwargs", ".kwargs"
}
