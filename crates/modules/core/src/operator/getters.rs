//! `itemgetter`, `attrgetter`, `methodcaller`: callables made from keys and names.

use super::only_argument;
use adder_derive::{pyclass, pymethods};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::{Type, methods::full_name};
use adder_vm::protocol::index::wrap;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::import_::import_module;
use adder_vm::{Obj, Ref, Value, Vm};

fn needs_argument(vm: &Vm, name: &str, args: CallArgs<'_>) -> PyResult<()> {
    if args.keyword_count() > 0 {
        return Err(vm.type_error(format!("{name}() takes no keyword arguments")));
    }
    if args.is_empty() {
        return Err(vm.type_error(format!("{name} expected at least 1 argument, got 0")));
    }
    Ok(())
}

/// `module.name(part, part)`
fn shown(
    vm: &Vm,
    zelf: &Value,
    parts: impl FnOnce() -> PyResult<Vec<Ref<Str>>>,
) -> PyResult<Value> {
    let name = full_name(vm, zelf.ty());
    let text = object::guard_repr(vm, zelf, None, || {
        let mut out = StrBuilder::new();
        out.push_str(&name);
        out.push_str("(");
        for (i, part) in parts()?.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            out.push_obj(part);
        }
        out.push_str(")");
        out.finish_in(vm).map(Some)
    })?;
    Ok(text.map_or_else(|| vm.str(&format!("{name}(...)")), Value::from))
}

/// Return a callable object that fetches the given item(s) from its operand.
///
/// After f = itemgetter(2), the call f(r) returns r[2].
/// After g = itemgetter(2, 5, 3), the call g(r) returns (r[2], r[5], r[3])
#[pyclass(name = "operator.itemgetter", vectorcall, sig = "(item, /, *items)")]
pub struct ItemGetter {
    items: Ref<Tuple>,
    /// The only item, if it is an index in a word: tuples and lists answer it at once.
    #[notrace]
    index: Option<isize>,
}

fn item(vm: &Vm, object: &Value, key: &Value) -> PyResult {
    object::get_item(vm, object, key)
}

#[pymethods]
impl ItemGetter {
    /// How an instance is called.
    #[getter(name = "__text_signature__")]
    fn text_signature(_zelf: &Obj<ItemGetter>, vm: &Vm) -> Value {
        vm.str("(obj, /)")
    }
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        needs_argument(vm, "itemgetter", args)?;
        let index = match args.args() {
            [one] => one.as_small_int().map(|i| i as isize),
            _ => None,
        };
        let items = Tuple::from_slice(args.args());
        Ok(Ref::with_type(ItemGetter { items, index }, ty).into())
    }
    #[slot]
    fn call(zelf: &Obj<ItemGetter>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let object = only_argument(vm, args, "itemgetter")?;
        if let Some(index) = zelf.index
            && let Some(tuple) = object.downcast_exact::<Tuple>()
            && let Some(at) = wrap(index, tuple.len())
        {
            return Ok(tuple.items()[at].clone());
        }
        if let [only] = zelf.items.items() {
            return item(vm, object, only);
        }
        let mut found = Vec::with_capacity(zelf.items.len());
        for key in zelf.items.items() {
            found.push(item(vm, object, key)?);
        }
        Ok(Tuple::from_vec(found).into())
    }
    #[slot]
    fn repr(zelf: &Obj<ItemGetter>, vm: &Vm) -> PyResult {
        shown(vm, &zelf.to_value(), || {
            zelf.items.items().iter().map(|i| object::repr(vm, i)).collect()
        })
    }
    /// Return state information for pickling
    #[pymethod]
    fn __reduce__(zelf: &Obj<ItemGetter>, _vm: &Vm) -> (Value, Ref<Tuple>) {
        (zelf.ty().to_value(), zelf.items.clone())
    }
}

/// Return a callable object that fetches the given attribute(s) from its operand.
///
/// After f = attrgetter('name'), the call f(r) returns r.name.
/// After g = attrgetter('name', 'date'), the call g(r) returns (r.name, r.date).
/// After h = attrgetter('name.first', 'name.last'), the call h(r) returns
/// (r.name.first, r.name.last).
#[pyclass(name = "operator.attrgetter", vectorcall, sig = "(attr, /, *attrs)")]
pub struct AttrGetter {
    /// The names as they were given.
    names: Ref<Tuple>,
    /// Each name cut at its dots, interned.
    #[notrace]
    paths: Vec<Vec<Ref<Str>>>,
}

fn walk(vm: &Vm, object: &Value, path: &[Ref<Str>]) -> PyResult {
    let mut at = object.clone();
    for name in path {
        at = object::get_attr(vm, &at, name)?;
    }
    Ok(at)
}

#[pymethods]
impl AttrGetter {
    /// How an instance is called.
    #[getter(name = "__text_signature__")]
    fn text_signature(_zelf: &Obj<AttrGetter>, vm: &Vm) -> Value {
        vm.str("(obj, /)")
    }
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        needs_argument(vm, "attrgetter", args)?;
        let mut paths = Vec::with_capacity(args.args().len());
        let mut names = Vec::with_capacity(args.args().len());
        for name in args.args() {
            let Some(text) = name.downcast::<Str>() else {
                return Err(vm.type_error("attribute name must be a string"));
            };
            let (mut path, mut start) = (Vec::new(), 0);
            for (i, c) in text.code_points().enumerate() {
                if c == u32::from(b'.') {
                    path.push(text.substring(start, i));
                    start = i + 1;
                }
            }
            path.push(text.substring(start, text.len()));
            paths.push(path.iter().map(adder_vm::objects::str_::intern::intern).collect());
            names.push(object::attribute_name(vm, name)?.into());
        }
        Ok(Ref::with_type(AttrGetter { names: Tuple::from_vec(names), paths }, ty).into())
    }
    #[slot]
    fn call(zelf: &Obj<AttrGetter>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let object = only_argument(vm, args, "attrgetter")?;
        if let [only] = zelf.paths.as_slice() {
            return walk(vm, object, only);
        }
        let mut found = Vec::with_capacity(zelf.paths.len());
        for path in &zelf.paths {
            found.push(walk(vm, object, path)?);
        }
        Ok(Tuple::from_vec(found).into())
    }
    #[slot]
    fn repr(zelf: &Obj<AttrGetter>, vm: &Vm) -> PyResult {
        shown(vm, &zelf.to_value(), || {
            zelf.names.items().iter().map(|n| object::repr(vm, n)).collect()
        })
    }
    /// Return state information for pickling
    #[pymethod]
    fn __reduce__(zelf: &Obj<AttrGetter>, _vm: &Vm) -> (Value, Ref<Tuple>) {
        (zelf.ty().to_value(), zelf.names.clone())
    }
}

/// Return a callable object that calls the given method on its operand.
///
/// After f = methodcaller('name'), the call f(r) returns r.name().
/// After g = methodcaller('name', 'date', foo=1), the call g(r) returns
/// r.name('date', foo=1).
#[pyclass(name = "operator.methodcaller", vectorcall, sig = "(name, /, *args, **kwargs)")]
pub struct MethodCaller {
    #[notrace]
    name: Ref<Str>,
    /// The further positional arguments, then the values of the named ones.
    values: Ref<Tuple>,
    keywords: Option<Ref<Tuple>>,
}

impl MethodCaller {
    fn stored(&self) -> CallArgs<'_> {
        CallArgs::new(self.values.items(), self.keywords.as_deref())
    }
}

#[pymethods]
impl MethodCaller {
    /// How an instance is called.
    #[getter(name = "__text_signature__")]
    fn text_signature(_zelf: &Obj<MethodCaller>, vm: &Vm) -> Value {
        vm.str("(obj, /)")
    }
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let Some(name) = args.args().first() else {
            return Err(vm.type_error("methodcaller needs at least one argument, the method name"));
        };
        if name.downcast::<Str>().is_none() {
            return Err(vm.type_error("method name must be a string"));
        }
        let made = MethodCaller {
            name: object::attribute_name(vm, name)?,
            values: Tuple::from_slice(args.without_first().all()),
            keywords: args.names().map(Obj::to_ref),
        };
        Ok(Ref::with_type(made, ty).into())
    }
    #[slot]
    fn call(zelf: &Obj<MethodCaller>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let object = only_argument(vm, args, "methodcaller")?;
        object::call_method_args(vm, object, &zelf.name, zelf.stored())
    }
    #[slot]
    fn repr(zelf: &Obj<MethodCaller>, vm: &Vm) -> PyResult {
        shown(vm, &zelf.to_value(), || {
            let mut parts = vec![object::repr(vm, &zelf.name.to_value())?];
            for value in zelf.stored().args() {
                parts.push(object::repr(vm, value)?);
            }
            for (name, value) in zelf.stored().keywords() {
                let mut part = StrBuilder::new();
                part.push_obj(&*object::str(vm, name)?);
                part.push_str("=");
                part.push_obj(&*object::repr(vm, value)?);
                parts.push(part.finish_in(vm)?);
            }
            Ok(parts)
        })
    }
    /// Return state information for pickling
    #[pymethod]
    fn __reduce__(zelf: &Obj<MethodCaller>, vm: &Vm) -> PyResult<(Value, Value)> {
        let stored = zelf.stored();
        let class = zelf.ty().to_value();
        if stored.keyword_count() == 0 {
            let mut all = vec![zelf.name.to_value()];
            all.extend_from_slice(stored.args());
            return Ok((class, Tuple::from_vec(all).into()));
        }
        // Keywords travel in a `partial`.
        let functools = import_module(vm, "functools")?;
        let partial = object::get_attr_str(vm, &functools, "partial")?;
        let keywords = Dict::new_ref();
        for (name, value) in stored.keywords() {
            keywords.insert(vm, name, value.clone())?;
        }
        let bound = [class, zelf.name.to_value()];
        let bound = call::call_with_dict(vm, &partial, &bound, Some(&keywords))?;
        Ok((bound, Tuple::from_slice(stored.args()).into()))
    }
}
