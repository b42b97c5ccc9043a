//! Type parameters and what belongs to them: `TypeVar`, `ParamSpec`, `TypeVarTuple`,
//! `TypeAliasType`, `Generic`, `NoDefault` (PEP 484, 612, 646, 695, 696).
//!
//! Bounds, constraints, defaults and values are given at once, or by a function that the compiler
//! makes and that runs when somebody asks ([`Lazy`]). What is hard about substitution is written in
//! Python, in `typing`. CPython's counterpart: `Objects/typevarobject.c`.

mod param_spec;
mod type_alias;
mod type_var;
mod type_var_tuple;

pub use param_spec::{ParamSpec, ParamSpecArgs, ParamSpecKwargs};
pub use type_alias::TypeAliasType;
pub use type_var::TypeVar;
pub use type_var_tuple::TypeVarTuple;

use crate::object::trace::Trace;
use crate::object::{GilCell, Obj, Payload, Ref, ValueCell, Visitor};
use crate::objects::frame;
use crate::objects::generic_alias::push_type_repr;
use crate::objects::object::Object;
use crate::objects::str_::{Str, StrBuilder};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::type_::declare::{self, Methods};
use crate::protocol::{call, iter, object};
use crate::runtime::args::{CallArgs, KwArgs, VarArgs};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::import_::import_module;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::opcode::{Intrinsic1, Intrinsic2};
use adder_derive::{pyclass, pymethods};

/// Calls a function of `typing`.
pub fn call_typing(vm: &Vm, name: &str, args: &[Value]) -> PyResult {
    let typing = import_module(vm, "typing")?;
    let function = object::get_attr_str(vm, &typing, name)?;
    call::call(vm, &function, args)
}

/// `typing.Unpack[value]`
fn unpack(vm: &Vm, value: &Value) -> PyResult {
    let typing = import_module(vm, "typing")?;
    let unpack = object::get_attr_str(vm, &typing, "Unpack")?;
    object::get_item(vm, &unpack, value)
}

/// An iterator over `*value`.
fn unpack_iter(vm: &Vm, value: &Value) -> PyResult {
    let one = Tuple::from_vec(vec![unpack(vm, value)?]);
    iter::iter(vm, &one.into())
}

/// A bound as `TypeVar(...)` checks it.
fn check_bound(vm: &Vm, bound: Option<Value>) -> PyResult<Option<Value>> {
    match bound.filter(|b| !b.is_none()) {
        Some(bound) => {
            let message = vm.str("Bound must be a type.");
            call_typing(vm, "_type_check", &[bound, message]).map(Some)
        }
        None => Ok(None),
    }
}

/// Notes in which module a parameter was made by hand.
fn set_module(vm: &Vm, made: &Value) -> PyResult<()> {
    match caller(vm) {
        Some(module) => object::set_attr(vm, made, &vm.names().__module__, module),
        None => Ok(()),
    }
}

/// The name of the module that is running.
fn caller(vm: &Vm) -> Option<Value> {
    frame::current_globals(vm)?.get_str(&vm.names().__name__)
}

fn no_subclassing(vm: &Vm, what: &str) -> Exc {
    vm.type_error(format!("Cannot subclass an instance of {what}"))
}

/// How a type parameter may vary.
#[derive(Clone, Copy)]
struct Variance {
    covariant: bool,
    contravariant: bool,
    inferred: bool,
}

impl Variance {
    const INFERRED: Variance = Variance { covariant: false, contravariant: false, inferred: true };

    fn checked(
        vm: &Vm,
        covariant: Option<bool>,
        contravariant: Option<bool>,
        inferred: Option<bool>,
    ) -> PyResult<Variance> {
        let [covariant, contravariant, inferred] =
            [covariant, contravariant, inferred].map(|flag| flag.unwrap_or(false));
        if covariant && contravariant {
            return Err(vm.value_error("Bivariant types are not supported."));
        }
        if inferred && (covariant || contravariant) {
            return Err(vm.value_error("Variance cannot be specified with infer_variance."));
        }
        Ok(Variance { covariant, contravariant, inferred })
    }

    fn shown(self, vm: &Vm, name: &Str) -> Value {
        let sign = match self {
            Variance { inferred: true, .. } => "",
            Variance { covariant: true, .. } => "+",
            Variance { contravariant: true, .. } => "-",
            _ => "~",
        };
        let mut out = StrBuilder::new();
        out.push_str(sign);
        out.push_obj(name);
        let _ = vm;
        out.finish().into()
    }
}

/// A value given at once, or by a function that runs when somebody asks.
#[derive(Default)]
pub(super) struct Lazy {
    value: ValueCell,
    evaluator: ValueCell,
}

impl Lazy {
    fn given(value: Option<Value>) -> Lazy {
        Lazy { value: value.into(), evaluator: ValueCell::default() }
    }
    fn by(evaluator: Value) -> Lazy {
        Lazy { value: ValueCell::default(), evaluator: evaluator.into() }
    }
    fn is_set(&self) -> bool {
        self.value.is_some() || self.evaluator.is_some()
    }
    fn set_evaluator(&self, evaluator: Value) {
        self.evaluator.set(Some(evaluator));
    }

    fn get(&self, vm: &Vm) -> PyResult<Option<Value>> {
        /// `annotationlib.Format.VALUE`
        const VALUE: i64 = 1;
        if let Some(known) = self.value.get() {
            return Ok(Some(known));
        }
        let Some(evaluator) = self.evaluator.get() else { return Ok(None) };
        let value = call::call(vm, &evaluator, &[Value::int_unchecked(VALUE)])?;
        self.value.set(Some(value.clone()));
        Ok(Some(value))
    }

    /// The function that gives the value in some format, if there is a value.
    fn evaluator(&self) -> Option<Value> {
        self.evaluator.get().or_else(|| {
            let value = self.value.get()?;
            let ty = declare::type_object::<ConstEvaluator>();
            Some(Ref::with_type(ConstEvaluator { value }, ty).into())
        })
    }
}

impl Trace for Lazy {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.value.trace(visit);
        self.evaluator.trace(visit);
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        self.value.clear(bag);
        self.evaluator.clear(bag);
    }
}

/// Gives a value that is known already, in any format.
#[pyclass(name = "_typing._ConstEvaluator", no_new)]
pub struct ConstEvaluator {
    value: Value,
}

#[pymethods]
impl ConstEvaluator {
    #[slot]
    fn call(zelf: &Obj<ConstEvaluator>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        /// `annotationlib.Format.STRING`
        const STRING: i64 = 4;
        let (0, [format]) = (args.keyword_count(), args.args()) else {
            return Err(vm.type_error(format!(
                "_ConstEvaluator.__call__() takes exactly one argument ({} given)",
                args.all().len()
            )));
        };
        if crate::protocol::number::to_ssize(vm, format)? != STRING as isize {
            return Ok(zelf.value.clone());
        }
        let mut out = StrBuilder::new();
        match zelf.value.downcast::<Tuple>() {
            None => push_type_repr(vm, &mut out, &zelf.value)?,
            Some(items) => {
                out.push_str("(");
                for (i, item) in items.items().iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    push_type_repr(vm, &mut out, item)?;
                }
                out.push_str(")");
            }
        }
        Ok(out.finish_in(vm)?.into())
    }
    #[slot]
    fn repr(zelf: &Obj<ConstEvaluator>, vm: &Vm) -> PyResult {
        let shown = object::repr(vm, &zelf.value)?;
        Ok(vm.str(&format!("<constevaluator {shown}>")))
    }
}

/// The type of the NoDefault singleton.
#[pyclass(name = "NoDefaultType", no_gc)]
pub struct NoDefaultType {}

static NO_DEFAULT: GilCell<Option<Value>> = GilCell::new(None);

/// `typing.NoDefault`
pub fn no_default() -> Value {
    if let Some(known) = NO_DEFAULT.with(|n| n.clone()) {
        return known;
    }
    let ty = declare::type_object::<NoDefaultType>();
    let made = Value::from(Ref::with_type(NoDefaultType {}, ty));
    NO_DEFAULT.with(|n| n.get_or_insert(made).clone())
}

/// A `default=` argument: `NoDefault` is none.
fn given_default(default: Option<Value>) -> Lazy {
    Lazy::given(default.filter(|d| !d.is(&no_default())))
}

#[pymethods]
impl NoDefaultType {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if !args.is_empty() {
            return Err(vm.type_error("NoDefaultType takes no arguments"));
        }
        Ok(no_default())
    }
    #[slot]
    fn repr(_zelf: &Value, vm: &Vm) -> PyResult {
        Ok(vm.str("typing.NoDefault"))
    }
    #[pymethod]
    fn __reduce__(_zelf: &Value, _vm: &Vm) -> &'static str {
        "NoDefault"
    }
}

/// The methods of `Generic`, whose instances are plain objects.
struct Generic;

fn call_generic(vm: &Vm, name: &str, cls: &Value, args: &VarArgs, kwargs: &KwArgs) -> PyResult {
    let typing = import_module(vm, "typing")?;
    let function = object::get_attr_str(vm, &typing, name)?;
    let mut all = vec![cls.clone()];
    all.extend_from_slice(args.0.items());
    call::call_with_dict(vm, &function, &all, Some(&kwargs.0))
}

#[pymethods]
impl Generic {
    /// Parameterizes a generic class.
    ///
    /// At least, parameterizing a generic class is the *main* thing this
    /// method does. For example, for some generic class `Foo`, this is called
    /// when we do `Foo[int]` - there, with `cls=Foo` and `args=int`.
    ///
    /// However, note that this method is also called when defining generic
    /// classes in the first place with `class Foo[T]: ...`.
    #[classmethod(sig = "($cls, /, *args, **kwargs)")]
    fn __class_getitem__(cls: &Value, vm: &Vm, args: VarArgs, kwargs: KwArgs) -> PyResult {
        call_generic(vm, "_generic_class_getitem", cls, &args, &kwargs)
    }
    /// Function to initialize subclasses.
    #[classmethod(sig = "($cls, /, *args, **kwargs)")]
    fn __init_subclass__(cls: &Value, vm: &Vm, args: VarArgs, kwargs: KwArgs) -> PyResult {
        call_generic(vm, "_generic_init_subclass", cls, &args, &kwargs)
    }
}

static GENERIC: GilCell<Option<&'static Obj<Type>>> = GilCell::new(None);

/// `typing.Generic`
pub fn generic_type() -> &'static Obj<Type> {
    const DOC: &str = "Abstract base class for generic types.\n\nOn Python 3.12 and newer, generic classes implicitly inherit from\nGeneric when they declare a parameter list after the class's name::\n\n    class Mapping[KT, VT]:\n        def __getitem__(self, key: KT) -> VT:\n            ...\n        # Etc.\n\nOn older versions of Python, however, generic classes have to\nexplicitly inherit from Generic.\n\nAfter a class has been declared to be generic, it can then be used as\nfollows::\n\n    def lookup_name[KT, VT](mapping: Mapping[KT, VT], key: KT, default: VT) -> VT:\n        try:\n            return mapping[key]\n        except KeyError:\n            return default\n";
    if let Some(known) = GENERIC.get() {
        return known;
    }
    let object = Object::cell().get();
    let made = declare::derive_type("Generic", "typing", DOC, object, vec![object.to_ref()], &[]);
    let made = crate::object::reference::leak(made);
    declare::add_methods(made, Generic::METHODS);
    GENERIC.set(Some(made));
    made
}

/// `Generic[params]`, for a class with type parameters.
pub fn subscript_generic(vm: &Vm, params: &Value) -> PyResult {
    let mut unpacked = Vec::new();
    for param in iter::collect(vm, params)? {
        unpacked.push(match param.downcast::<TypeVarTuple>() {
            Some(_) => unpack(vm, &param)?,
            None => param,
        });
    }
    let args = [generic_type().to_value(), Tuple::from_vec(unpacked).into()];
    call_typing(vm, "_GenericAlias", &args)
}

/// What the compiler's type parameters become.
pub fn intrinsic_1(vm: &Vm, which: Intrinsic1, operand: &Value) -> PyResult {
    match which {
        Intrinsic1::TypeVar => type_var::make(vm, operand, Lazy::default(), Lazy::default()),
        Intrinsic1::ParamSpec => param_spec::make(vm, operand),
        Intrinsic1::TypeVarTuple => type_var_tuple::make(vm, operand),
        Intrinsic1::SubscriptGeneric => subscript_generic(vm, operand),
        Intrinsic1::TypeAlias => type_alias::make(vm, operand),
    }
}

/// The same for those with a bound, constraints, or a default.
pub fn intrinsic_2(vm: &Vm, which: Intrinsic2, a: Value, b: Value) -> PyResult {
    match which {
        Intrinsic2::TypeVarWithBound => type_var::make(vm, &a, Lazy::by(b), Lazy::default()),
        Intrinsic2::TypeVarWithConstraints => type_var::make(vm, &a, Lazy::default(), Lazy::by(b)),
        Intrinsic2::SetTypeparamDefault => {
            if let Some(default) = default_of(&a) {
                default.set_evaluator(b);
            }
            Ok(a)
        }
        _ => Err(vm.system_error("not an intrinsic of type parameters")),
    }
}

/// The default of any type parameter.
fn default_of(param: &Value) -> Option<&Lazy> {
    if let Some(param) = param.downcast::<TypeVar>() {
        return Some(param.default());
    }
    if let Some(param) = param.downcast::<ParamSpec>() {
        return Some(param.default());
    }
    param.downcast::<TypeVarTuple>().map(|param| param.default())
}

/// The name operand of an intrinsic.
fn name_of(vm: &Vm, name: &Value) -> PyResult<Ref<Str>> {
    object::attribute_name(vm, name)
}
