//! `types.GenericAlias`: `list[int]` (PEP 585), and what it shares with unions: finding and
//! replacing type parameters. CPython's counterpart: `Objects/genericaliasobject.c`.

use crate::object::{Obj, Ref, ValueCell};
use crate::objects::descr::builtin;
use crate::objects::list::List;
use crate::objects::str_::{Str, StrBuilder};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::{call, iter, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Represent a PEP 585 generic type
///
/// E.g. for t = list[int], t.__origin__ is list and t.__args__ is (int,).
#[pyclass(name = "types.GenericAlias", base_type, vectorcall, sig = "(origin, args, /)")]
pub struct GenericAlias {
    origin: Value,
    args: Ref<Tuple>,
    /// The type parameters among the arguments, once somebody has asked.
    parameters: ValueCell,
    #[notrace]
    starred: bool,
}

/// `origin[item]`
pub fn make(_vm: &Vm, origin: &Value, item: &Value) -> PyResult {
    Ok(Ref::new(GenericAlias::from_item(origin, item)).into())
}

/// The items of a tuple or list that stands for a list of types.
fn type_list(value: &Value) -> Option<Vec<Value>> {
    match value.downcast::<Tuple>() {
        Some(tuple) => Some(tuple.items().to_vec()),
        None => value.downcast::<List>().map(|list| list.to_vec()),
    }
}

/// An attribute of what is no plain type.
fn hook(vm: &Vm, value: &Value, name: &str) -> PyResult<Option<Value>> {
    if value.downcast::<Type>().is_some() {
        return Ok(None);
    }
    Ok(object::lookup_attr(vm, value, &vm.intern(name))?.filter(|v| !v.is_none()))
}

/// The type parameters among arguments, each once.
pub fn make_parameters(vm: &Vm, args: &[Value]) -> PyResult<Vec<Value>> {
    vm.check_stack()?;
    let mut found: Vec<Value> = Vec::new();
    for arg in args {
        let inner = if arg.downcast::<Type>().is_some() {
            continue;
        } else if hook(vm, arg, "__typing_subst__")?.is_some() {
            vec![arg.clone()]
        } else if let Some(items) = type_list(arg) {
            make_parameters(vm, &items)?
        } else {
            let known = object::lookup_attr(vm, arg, &vm.names().__parameters__)?;
            known
                .and_then(|p| p.downcast::<Tuple>().map(|t| t.items().to_vec()))
                .unwrap_or_default()
        };
        for parameter in inner {
            if !found.iter().any(|f| f.is(&parameter)) {
                found.push(parameter);
            }
        }
    }
    Ok(found)
}

/// The arguments of a subscript, unpacked tuple types (`*tuple[int, str]`) taken apart.
fn unpack_item(vm: &Vm, item: &Value) -> PyResult<Vec<Value>> {
    let Some(items) = item.downcast::<Tuple>() else { return Ok(vec![item.clone()]) };
    let mut all = Vec::with_capacity(items.len());
    for item in items.items() {
        let inner = hook(vm, item, "__typing_unpacked_tuple_args__")?;
        match inner.as_ref().and_then(|i| i.downcast::<Tuple>()) {
            Some(inner) if !inner.items().last().is_some_and(Value::is_ellipsis) => {
                all.extend_from_slice(inner.items());
            }
            _ => all.push(item.clone()),
        }
    }
    Ok(all)
}

/// One argument with its parameters replaced, if it has any.
fn substitute_in(vm: &Vm, arg: &Value, params: &[Value], given: &[Value]) -> PyResult {
    let inner = object::lookup_attr(vm, arg, &vm.names().__parameters__)?;
    let Some(inner) = inner.as_ref().and_then(|p| p.downcast::<Tuple>()).filter(|t| !t.is_empty())
    else {
        return Ok(arg.clone());
    };
    let mut chosen = Vec::new();
    for parameter in inner.items() {
        let Some(at) = params.iter().position(|p| p.is(parameter)) else {
            chosen.push(parameter.clone());
            continue;
        };
        // A parameter that can be iterated over stands for several types.
        match given[at].downcast::<Tuple>() {
            Some(types) if parameter.ty().slots.iter.get().is_some() => {
                chosen.extend_from_slice(types.items());
            }
            _ => chosen.push(given[at].clone()),
        }
    }
    object::get_item(vm, arg, &Tuple::from_vec(chosen).into())
}

/// `args` with `given` put to `params`.
fn substitute(vm: &Vm, args: &[Value], params: &[Value], given: &[Value]) -> PyResult<Vec<Value>> {
    vm.check_stack()?;
    let mut all = Vec::with_capacity(args.len());
    for arg in args {
        if arg.downcast::<Type>().is_some() {
            all.push(arg.clone());
            continue;
        }
        if let Some(items) = type_list(arg) {
            let inner = substitute(vm, &items, params, given)?;
            all.push(match arg.downcast::<List>() {
                Some(_) => List::from_vec(inner).into(),
                None => Tuple::from_vec(inner).into(),
            });
            continue;
        }
        let unpacked = match hook(vm, arg, "__typing_is_unpacked_typevartuple__")? {
            Some(answer) => object::is_true(vm, &answer)?,
            None => false,
        };
        let replaced = match hook(vm, arg, "__typing_subst__")? {
            Some(subst) => match params.iter().position(|p| p.is(arg)) {
                Some(at) => call::call(vm, &subst, std::slice::from_ref(&given[at]))?,
                None => arg.clone(),
            },
            None => substitute_in(vm, arg, params, given)?,
        };
        match replaced.downcast::<Tuple>() {
            Some(several) if unpacked => all.extend_from_slice(several.items()),
            None if unpacked => {
                let shown = object::repr(vm, arg)?;
                return Err(vm.type_error(format!(
                    "expected __typing_subst__ of {} objects to return a tuple, not {}",
                    shown,
                    replaced.ty().name()
                )));
            }
            _ => all.push(replaced),
        }
    }
    Ok(all)
}

/// The arguments of `alias[item]`.
pub fn subscript(
    vm: &Vm,
    alias: &Value,
    args: &[Value],
    params: &[Value],
    item: &Value,
) -> PyResult<Vec<Value>> {
    if params.is_empty() {
        let shown = object::repr(vm, alias)?;
        return Err(vm.type_error(format!("{shown} is not a generic class")));
    }
    let mut given = unpack_item(vm, item)?;
    for param in params {
        if let Some(prepare) = hook(vm, param, "__typing_prepare_subst__")? {
            let so_far: Value = Tuple::from_vec(given).into();
            let prepared = call::call(vm, &prepare, &[alias.clone(), so_far])?;
            given = match prepared.downcast::<Tuple>() {
                Some(tuple) => tuple.items().to_vec(),
                None => vec![prepared],
            };
        }
    }
    if given.len() != params.len() {
        let many = if given.len() > params.len() { "many" } else { "few" };
        let shown = object::repr(vm, alias)?;
        return Err(vm.type_error(format!(
            "Too {many} arguments for {shown}; actual {}, expected {}",
            given.len(),
            params.len()
        )));
    }
    substitute(vm, args, params, &given)
}

/// How types are shown inside other types: classes and functions by name.
pub fn push_type_repr(vm: &Vm, out: &mut StrBuilder, value: &Value) -> PyResult<()> {
    let names = vm.names();
    if value.is_ellipsis() {
        out.push_str("...");
        return Ok(());
    }
    if value.downcast::<Type>().is_some_and(|ty| ty.same(Value::NONE.ty())) {
        out.push_str("None");
        return Ok(());
    }
    let is_alias = object::lookup_attr(vm, value, &names.__origin__)?.is_some()
        && object::lookup_attr(vm, value, &names.__args__)?.is_some();
    if !is_alias
        && let Some(qualname) = object::lookup_attr(vm, value, &names.__qualname__)?
        && let Some(module) = object::lookup_attr(vm, value, &names.__module__)?
        && !module.is_none()
    {
        let (qualname, module) = (object::str(vm, &qualname)?, object::str(vm, &module)?);
        if !module.is_str("builtins") {
            out.push_obj(&module);
            out.push_str(".");
        }
        out.push_obj(&qualname);
        return Ok(());
    }
    out.push_obj(&*object::repr(vm, value)?);
    Ok(())
}

/// An argument in a `repr`: a list shows its items as types.
fn push_argument(vm: &Vm, out: &mut StrBuilder, value: &Value) -> PyResult<()> {
    let Some(list) = value.downcast::<List>() else { return push_type_repr(vm, out, value) };
    out.push_str("[");
    let mut at = 0;
    while let Some(item) = list.get(at) {
        if at > 0 {
            out.push_str(", ");
        }
        push_type_repr(vm, out, &item)?;
        at += 1;
    }
    out.push_str("]");
    Ok(())
}

impl GenericAlias {
    fn from_item(origin: &Value, item: &Value) -> GenericAlias {
        let args = match item.downcast::<Tuple>() {
            Some(tuple) => tuple.to_ref(),
            None => Tuple::from_vec(vec![item.clone()]),
        };
        GenericAlias {
            origin: origin.clone(),
            args,
            parameters: ValueCell::default(),
            starred: false,
        }
    }

    fn parameters(&self, vm: &Vm) -> PyResult<Ref<Tuple>> {
        if let Some(known) = self.parameters.get()
            && let Ok(known) = known.into_ref()
        {
            return Ok(known);
        }
        let made = Tuple::from_vec(make_parameters(vm, self.args.items())?);
        self.parameters.set(Some(made.to_value()));
        Ok(made)
    }
}

/// Attributes that are the alias's own; others are its origin's.
const OWN: [&str; 12] = [
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
    "__bases__",
    "__copy__",
    "__deepcopy__",
];

#[pymethods]
impl GenericAlias {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if args.keyword_count() > 0 {
            return Err(vm.type_error("GenericAlias() takes no keyword arguments"));
        }
        let [origin, item] = args.args() else {
            let n = args.args().len();
            return Err(vm.type_error(format!("GenericAlias expected 2 arguments, got {n}")));
        };
        Ok(Ref::with_type(GenericAlias::from_item(origin, item), ty).into())
    }
    #[slot]
    fn call(zelf: &Obj<GenericAlias>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let made = call::call_args(vm, &zelf.origin, args)?;
        match object::set_attr(vm, &made, &vm.names().__orig_class__, zelf.to_value()) {
            Err(e)
                if !e.is(&vm.exceptions().attribute_error)
                    && !e.is(&vm.exceptions().type_error) =>
            {
                Err(e)
            }
            _ => Ok(made),
        }
    }
    #[slot]
    fn getitem(zelf: &Obj<GenericAlias>, vm: &Vm, item: &Value) -> PyResult {
        let params = zelf.parameters(vm)?;
        let args = subscript(vm, &zelf.to_value(), zelf.args.items(), params.items(), item)?;
        let made = GenericAlias {
            origin: zelf.origin.clone(),
            args: Tuple::from_vec(args),
            parameters: ValueCell::default(),
            starred: zelf.starred,
        };
        Ok(Ref::new(made).into())
    }
    #[slot]
    fn getattro(zelf: &Value, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        match zelf.downcast::<GenericAlias>() {
            Some(alias) if !name.as_ascii().is_some_and(|n| OWN.contains(&n)) => {
                object::get_attr(vm, &alias.origin, name).map(Some)
            }
            _ => super::object::generic_getattr(vm, zelf, name),
        }
    }
    #[slot]
    fn iter(zelf: &Obj<GenericAlias>, vm: &Vm) -> PyResult {
        Ok(GenericAliasIter::over(vm, zelf.to_value()))
    }
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        super::type_::methods::union_of(vm, a, b)
    }
    #[slot]
    fn repr(zelf: &Obj<GenericAlias>, vm: &Vm) -> PyResult {
        let mut out = StrBuilder::new();
        if zelf.starred {
            out.push_str("*");
        }
        push_type_repr(vm, &mut out, &zelf.origin)?;
        out.push_str("[");
        for (i, arg) in zelf.args.items().iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            push_argument(vm, &mut out, arg)?;
        }
        if zelf.args.is_empty() {
            out.push_str("()");
        }
        out.push_str("]");
        Ok(out.finish_in(vm)?.into())
    }
    #[slot]
    fn hash(zelf: &Obj<GenericAlias>, vm: &Vm) -> PyResult<i64> {
        let hash = object::hash(vm, &zelf.origin)? ^ object::hash(vm, &zelf.args.to_value())?;
        Ok(if hash == -1 { -2 } else { hash })
    }
    #[slot]
    fn richcompare(zelf: &Obj<GenericAlias>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<GenericAlias>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let same = zelf.starred == other.starred
            && compare::equal(vm, &zelf.origin, &other.origin)?
            && compare::equal(vm, &zelf.args.to_value(), &other.args.to_value())?;
        Ok(Value::bool(same == (op == CmpOp::Eq)))
    }
    #[getter(name = "__origin__", member)]
    fn origin(zelf: &Obj<GenericAlias>, _vm: &Vm) -> Value {
        zelf.origin.clone()
    }
    #[getter(name = "__args__", member)]
    fn args(zelf: &Obj<GenericAlias>, _vm: &Vm) -> Ref<Tuple> {
        zelf.args.clone()
    }
    /// Type variables in the GenericAlias.
    #[getter(name = "__parameters__")]
    fn params(zelf: &Obj<GenericAlias>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        zelf.parameters(vm)
    }
    #[getter(name = "__unpacked__", member)]
    fn unpacked(zelf: &Obj<GenericAlias>, _vm: &Vm) -> bool {
        zelf.starred
    }
    #[getter(name = "__typing_unpacked_tuple_args__")]
    fn unpacked_args(zelf: &Obj<GenericAlias>, _vm: &Vm) -> Option<Ref<Tuple>> {
        let of_tuple = zelf.origin.downcast::<Type>().is_some_and(|ty| {
            use crate::object::Payload;
            ty.same(Tuple::cell().get())
        });
        if zelf.starred && of_tuple { Some(zelf.args.clone()) } else { None }
    }
    #[pymethod]
    fn __mro_entries__(zelf: &Obj<GenericAlias>, _vm: &Vm, _bases: &Value) -> Ref<Tuple> {
        Tuple::from_vec(vec![zelf.origin.clone()])
    }
    #[pymethod]
    fn __instancecheck__(_zelf: &Obj<GenericAlias>, vm: &Vm, _object: &Value) -> PyResult<()> {
        Err(vm.type_error("isinstance() argument 2 cannot be a parameterized generic"))
    }
    #[pymethod]
    fn __subclasscheck__(_zelf: &Obj<GenericAlias>, vm: &Vm, _object: &Value) -> PyResult<()> {
        Err(vm.type_error("issubclass() argument 2 cannot be a parameterized generic"))
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<GenericAlias>, vm: &Vm) -> (Value, Value) {
        if !zelf.starred {
            let args = vec![zelf.origin.clone(), zelf.args.to_value()];
            return (zelf.ty().to_value(), Tuple::from_vec(args).into());
        }
        // A starred alias is what iterating over the plain one gives.
        let plain = GenericAlias::from_item(&zelf.origin, &zelf.args.to_value());
        let plain: Value = Ref::new(plain).into();
        let iterator = GenericAliasIter::over(vm, plain);
        let next = vm.builtins().get_str(&vm.intern("next")).unwrap_or(Value::NONE);
        (next, Tuple::from_vec(vec![iterator]).into())
    }
    #[pymethod]
    fn __dir__(zelf: &Obj<GenericAlias>, vm: &Vm) -> PyResult<Vec<Value>> {
        let dir = vm.builtins().get_str(&vm.intern("dir")).unwrap_or(Value::NONE);
        let listed = call::call(vm, &dir, std::slice::from_ref(&zelf.origin))?;
        let mut all = iter::collect(vm, &listed)?;
        for name in OWN.iter().filter(|n| !matches!(**n, "__bases__" | "__copy__" | "__deepcopy__"))
        {
            let name: Value = vm.intern(name).into();
            let mut known = false;
            for other in &all {
                known |= compare::equal(vm, other, &name)?;
            }
            if !known {
                all.push(name);
            }
        }
        Ok(all)
    }
}

/// Iterating over `tuple[int]` gives `*tuple[int]`, once.
#[pyclass(name = "generic_alias_iterator", no_new)]
pub struct GenericAliasIter {
    alias: ValueCell,
}

impl GenericAliasIter {
    fn over(vm: &Vm, alias: Value) -> Value {
        let ty = vm.type_object::<GenericAliasIter>();
        Ref::with_type(GenericAliasIter { alias: Some(alias).into() }, ty).into()
    }
}

#[pymethods]
impl GenericAliasIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<GenericAliasIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        let Some(alias) = zelf.alias.take() else { return Ok(None) };
        Ok(alias.downcast::<GenericAlias>().map(|alias| {
            let starred = GenericAlias {
                origin: alias.origin.clone(),
                args: alias.args.clone(),
                parameters: ValueCell::default(),
                starred: true,
            };
            Ref::new(starred).into()
        }))
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<GenericAliasIter>, vm: &Vm) -> PyResult<(Value, Ref<Tuple>)> {
        let iter = builtin(vm, "iter")?;
        let rest = zelf.alias.get().unwrap_or_else(|| Tuple::empty().into());
        Ok((iter, Tuple::from_vec(vec![rest])))
    }
}
