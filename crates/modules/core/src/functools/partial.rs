//! `functools.partial`, with `Placeholder` for positions that stay open.

use adder_derive::{pyclass, pymethods};
use adder_vm::object::{GilCell, Guarded};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::method::Method;
use adder_vm::objects::object::instance_dict;
use adder_vm::objects::str_::StrBuilder;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::{Type, methods::full_name};
use adder_vm::protocol::{call, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use smallvec::SmallVec;
use std::cell::Cell;

/// The type of the Placeholder singleton.
///
/// Used as a placeholder for partial arguments.
#[pyclass(name = "functools._PlaceholderType", no_gc)]
pub struct PlaceholderType {}

static PLACEHOLDER: GilCell<Option<Value>> = GilCell::new(None);

/// The one instance.
pub fn placeholder(vm: &Vm) -> Value {
    if let Some(known) = PLACEHOLDER.with(|p| p.clone()) {
        return known;
    }
    vm.type_object::<PlaceholderType>();
    let made = Value::from(Ref::new(PlaceholderType {}));
    PLACEHOLDER.with(|p| p.get_or_insert(made).clone())
}

fn is_placeholder(value: &Value) -> bool {
    value.is_exact::<PlaceholderType>()
}

#[pymethods]
impl PlaceholderType {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if !args.is_empty() {
            return Err(vm.type_error("_PlaceholderType takes no arguments"));
        }
        Ok(placeholder(vm))
    }
    #[slot]
    fn repr(_zelf: &Value, vm: &Vm) -> PyResult {
        Ok(vm.str("Placeholder"))
    }
    #[pymethod]
    fn __reduce__(_zelf: &Value, _vm: &Vm) -> &'static str {
        "Placeholder"
    }
}

/// Create a new function with partial application of the given arguments and keywords.
#[pyclass(
    name = "functools.partial",
    base_type,
    has_dict,
    vectorcall,
    sig = "(func, /, *args, **keywords)"
)]
pub struct Partial {
    func: Guarded<Value>,
    args: Guarded<Ref<Tuple>>,
    keywords: Guarded<Ref<Dict>>,
    /// How many of `args` are placeholders.
    open: Cell<usize>,
}

/// The arguments of a call, with room on the stack for the usual number.
type Values = SmallVec<[Value; 8]>;

fn count_open(args: &[Value]) -> usize {
    args.iter().filter(|a| is_placeholder(a)).count()
}

fn check_trailing(vm: &Vm, args: &[Value]) -> PyResult<()> {
    match args.last() {
        Some(last) if is_placeholder(last) => {
            Err(vm.type_error("trailing Placeholders are not allowed"))
        }
        _ => Ok(()),
    }
}

/// `stored` with its placeholders filled from the front of `given`, which may be too short, and the
/// rest of `given` behind.
fn fill<'a>(stored: &[Value], given: &'a [Value], out: &mut Values) -> &'a [Value] {
    let mut given = given;
    for value in stored {
        match given.split_first() {
            Some((first, rest)) if is_placeholder(value) => {
                out.push(first.clone());
                given = rest;
            }
            _ => out.push(value.clone()),
        }
    }
    given
}

#[pymethods]
impl Partial {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, call: CallArgs<'_>) -> PyResult {
        let Some((func, args)) = call.args().split_first() else {
            return Err(vm.type_error("type 'partial' takes at least one argument"));
        };
        if !call::is_callable(func) {
            return Err(vm.type_error("the first argument must be callable"));
        }
        check_trailing(vm, args)?;
        if call.keywords().any(|(_, value)| is_placeholder(value)) {
            return Err(vm.type_error("Placeholder cannot be passed as a keyword argument"));
        }
        // A partial of a partial is one partial, unless the inner one carries attributes.
        let inner = func
            .downcast::<Partial>()
            .filter(|_| instance_dict(func).is_none_or(|attributes| attributes.is_empty()));
        let (func, args, keywords) = match inner {
            None => (func.clone(), Tuple::from_slice(args), Dict::new_ref()),
            Some(inner) => {
                let stored = inner.args.get();
                let mut all = Values::new();
                let rest = if args.is_empty() {
                    all.extend(stored.items().iter().cloned());
                    args
                } else {
                    fill(stored.items(), args, &mut all)
                };
                all.extend(rest.iter().cloned());
                (inner.func.get(), Tuple::from_slice(&all), inner.keywords.get().copy())
            }
        };
        for (name, value) in call.keywords() {
            keywords.insert(vm, name, value.clone())?;
        }
        let open = Cell::new(count_open(args.items()));
        let payload = Partial {
            func: Guarded::new(func),
            args: Guarded::new(args),
            keywords: Guarded::new(keywords),
            open,
        };
        Ok(Ref::with_type(payload, ty).into())
    }

    #[slot]
    fn call(zelf: &Obj<Partial>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let (func, stored) = (zelf.func.get(), zelf.args.get());
        let given = args.args();
        let open = zelf.open.get();
        if given.len() < open {
            return Err(vm.type_error(format!(
                "missing positional arguments in 'partial' call; expected at least {open}, got {}",
                given.len()
            )));
        }
        let mut values = Values::with_capacity(stored.len() + args.all().len());
        if open == 0 {
            values.extend(stored.items().iter().cloned());
            values.extend(given.iter().cloned());
        } else {
            let rest = fill(stored.items(), given, &mut values);
            values.extend(rest.iter().cloned());
        }
        let keywords = zelf.keywords.get();
        if keywords.is_empty() {
            values.extend(args.all()[given.len()..].iter().cloned());
            return call::call_args(vm, &func, CallArgs::new(&values, args.names()));
        }
        // The call's keywords override the stored ones, in place.
        let merged = if args.keyword_count() == 0 { keywords } else { keywords.copy() };
        for (name, value) in args.keywords() {
            merged.insert(vm, name, value.clone())?;
        }
        call::call_with_dict(vm, &func, &values, Some(&merged))
    }

    #[slot]
    fn descr_get(
        zelf: &Obj<Partial>,
        _vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        Ok(match object.filter(|o| !o.is_none()) {
            Some(object) => Method::bind(zelf.to_value(), object.clone()),
            None => zelf.to_value(),
        })
    }

    #[slot]
    fn repr(zelf: &Obj<Partial>, vm: &Vm) -> PyResult {
        let text = object::guard_repr(vm, &zelf.to_value(), None, || {
            let mut out = StrBuilder::new();
            out.push_str(&full_name(vm, zelf.ty()));
            out.push_str("(");
            out.push_obj(&*object::repr(vm, &zelf.func.get())?);
            for value in zelf.args.get().items() {
                out.push_str(", ");
                out.push_obj(&*object::repr(vm, value)?);
            }
            for (name, value) in zelf.keywords.get().items_vec() {
                out.push_str(", ");
                out.push_obj(&*object::str(vm, &name)?);
                out.push_str("=");
                out.push_obj(&*object::repr(vm, &value)?);
            }
            out.push_str(")");
            out.finish_in(vm).map(Some)
        })?;
        Ok(text.map_or_else(|| vm.str("..."), Value::from))
    }

    /// function object to use in future partial calls
    #[getter(member)]
    fn func(zelf: &Obj<Partial>, _vm: &Vm) -> Value {
        zelf.func.get()
    }
    /// tuple of arguments to future partial calls
    #[getter(member)]
    fn args(zelf: &Obj<Partial>, _vm: &Vm) -> Ref<Tuple> {
        zelf.args.get()
    }
    /// dictionary of keyword arguments to future partial calls
    #[getter(member)]
    fn keywords(zelf: &Obj<Partial>, _vm: &Vm) -> Ref<Dict> {
        zelf.keywords.get()
    }

    #[pymethod]
    fn __reduce__(zelf: &Obj<Partial>, _vm: &Vm) -> (Value, Value, Value) {
        let attributes = instance_dict(&zelf.to_value()).filter(|d| !d.is_empty());
        let func = zelf.func.get();
        let state = vec![
            func.clone(),
            zelf.args.get().into(),
            zelf.keywords.get().into(),
            attributes.map_or(Value::NONE, Value::from),
        ];
        let ty = zelf.ty().to_value();
        (ty, Tuple::from_vec(vec![func]).into(), Tuple::from_vec(state).into())
    }

    #[pymethod]
    fn __setstate__(zelf: &Obj<Partial>, vm: &Vm, state: &Value) -> PyResult<()> {
        let invalid = || vm.type_error("invalid partial state");
        let state = state.downcast::<Tuple>().ok_or_else(invalid)?;
        let [func, args, keywords, attributes] = state.items() else { return Err(invalid()) };
        let args = args.downcast::<Tuple>().ok_or_else(invalid)?;
        let keywords = match keywords.downcast::<Dict>() {
            Some(dict) if dict.is_exact() => dict.to_ref(),
            Some(dict) => dict.copy(),
            None if keywords.is_none() => Dict::new_ref(),
            None => return Err(invalid()),
        };
        if !call::is_callable(func) {
            return Err(invalid());
        }
        check_trailing(vm, args.items())?;
        let args = if args.is_exact() { args.to_ref() } else { Tuple::from_slice(args.items()) };
        let attributes = match attributes.is_none() {
            true => Dict::new_ref().into(),
            false => attributes.clone(),
        };
        object::set_attr(vm, &zelf.to_value(), &vm.names().__dict__, attributes)?;
        zelf.open.set(count_open(args.items()));
        drop(zelf.func.replace(func.clone()));
        drop(zelf.args.replace(args));
        drop(zelf.keywords.replace(keywords));
        Ok(())
    }

    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }
}
