//! `types.GenericAlias`: `list[int]` (PEP 585).

use crate::object::{Obj, Ref};
use crate::objects::str_::Str;
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
#[pyclass(name = "types.GenericAlias", base_type, sig = "(origin, args, /)")]
pub struct GenericAlias {
    origin: Value,
    args: Ref<Tuple>,
    #[notrace]
    starred: bool,
}

/// `origin[item]`
pub fn make(vm: &Vm, origin: &Value, item: &Value) -> PyResult {
    let _ = vm;
    let args = match item.downcast_exact::<Tuple>() {
        Some(tuple) => tuple.to_ref(),
        None => Tuple::from_vec(vec![item.clone()]),
    };
    Ok(Ref::new(GenericAlias { origin: origin.clone(), args, starred: false }).into())
}

/// The type variables among arguments.
fn parameters(vm: &Vm, args: &Tuple) -> PyResult<Vec<Value>> {
    let mut found: Vec<Value> = Vec::new();
    let mut add = |v: Value| {
        if !found.iter().any(|f| f.is(&v)) {
            found.push(v);
        }
    };
    for arg in args.items() {
        if arg.downcast::<Type>().is_some() {
            continue;
        }
        if object::special_method(vm, arg, &vm.intern("__typing_subst__"))?.is_some() {
            add(arg.clone());
        } else if let Some(inner) = object::lookup_attr(vm, arg, &vm.names().__parameters__)?
            && let Some(inner) = inner.downcast::<Tuple>()
        {
            inner.items().iter().cloned().for_each(&mut add);
        }
    }
    Ok(found)
}

/// How `repr` shows an argument: types by name.
fn shown(vm: &Vm, value: &Value) -> PyResult<String> {
    if value.is_ellipsis() {
        return Ok("...".into());
    }
    if let Some(list) = value.downcast::<super::list::List>() {
        let mut parts = Vec::new();
        for item in list.to_vec() {
            parts.push(shown(vm, &item)?);
        }
        return Ok(format!("[{}]", parts.join(", ")));
    }
    if value.downcast::<GenericAlias>().is_none()
        && let Some(ty) = value.downcast::<Type>()
    {
        return Ok(super::type_::methods::full_name(vm, ty));
    }
    Ok(object::repr(vm, value)?.to_string_lossy())
}

#[pymethods]
impl GenericAlias {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [origin, item] = args.all() else {
            return Err(vm.type_error(format!(
                "GenericAlias expected 2 arguments, got {}",
                args.all().len()
            )));
        };
        let args = match item.downcast::<Tuple>() {
            Some(tuple) => tuple.to_ref(),
            None => Tuple::from_vec(vec![item.clone()]),
        };
        Ok(Ref::with_type(GenericAlias { origin: origin.clone(), args, starred: false }, ty).into())
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
        let params = parameters(vm, &zelf.args)?;
        let alias = object::repr(vm, &zelf.to_value())?;
        if params.is_empty() {
            return Err(
                vm.type_error(format!("{} is not a generic class", alias.to_string_lossy()))
            );
        }
        let mut given = match item.downcast_exact::<Tuple>() {
            Some(tuple) => tuple.items().to_vec(),
            None => vec![item.clone()],
        };
        for param in &params {
            if let Some(hook) =
                object::lookup_attr(vm, param, &vm.intern("__typing_prepare_subst__"))?
            {
                let args: Value = Tuple::from_vec(given).into();
                let prepared = call::call(vm, &hook, &[zelf.to_value(), args])?;
                given = iter::collect(vm, &prepared)?;
            }
        }
        if given.len() != params.len() {
            let many = given.len() > params.len();
            return Err(vm.type_error(format!(
                "Too {} arguments for {}; actual {}, expected {}",
                if many { "many" } else { "few" },
                alias.to_string_lossy(),
                given.len(),
                params.len()
            )));
        }
        let mut args = Vec::new();
        for arg in zelf.args.items() {
            if arg.downcast::<Type>().is_some() {
                args.push(arg.clone());
                continue;
            }
            if let Some(at) = params.iter().position(|p| p.is(arg)) {
                let hook = object::get_attr_str(vm, arg, "__typing_subst__")?;
                args.push(call::call(vm, &hook, std::slice::from_ref(&given[at]))?);
                continue;
            }
            let inner = object::lookup_attr(vm, arg, &vm.names().__parameters__)?;
            match inner.as_ref().and_then(|i| i.downcast::<Tuple>()).filter(|t| !t.is_empty()) {
                Some(inner) => {
                    let mut sub = Vec::new();
                    for p in inner.items() {
                        let at = params.iter().position(|q| q.is(p)).unwrap_or(0);
                        sub.push(given[at].clone());
                    }
                    args.push(object::get_item(vm, arg, &Tuple::from_vec(sub).into())?);
                }
                None => args.push(arg.clone()),
            }
        }
        make(vm, &zelf.origin, &Tuple::from_vec(args).into())
    }
    #[slot]
    fn getattro(zelf: &Value, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        let own = matches!(
            name.as_ascii(),
            Some(
                "__origin__"
                    | "__args__"
                    | "__parameters__"
                    | "__mro_entries__"
                    | "__reduce_ex__"
                    | "__reduce__"
                    | "__copy__"
                    | "__deepcopy__"
                    | "__unpacked__"
                    | "__typing_unpacked_tuple_args__"
                    | "__class__"
            )
        );
        let dunder = matches!(name.as_ascii(), Some(n) if n.starts_with("__") && n.ends_with("__"));
        let forwarded = !dunder
            || matches!(
                name.as_ascii(),
                Some(
                    "__name__" | "__qualname__" | "__module__" | "__doc__" | "__init__" | "__new__"
                )
            );
        if !own
            && forwarded
            && let Some(alias) = zelf.downcast::<GenericAlias>()
        {
            return object::lookup_attr(vm, &alias.origin, name);
        }
        super::object::generic_getattr(vm, zelf, name)
    }
    #[slot]
    fn iter(zelf: &Obj<GenericAlias>, vm: &Vm) -> PyResult {
        let starred =
            GenericAlias { origin: zelf.origin.clone(), args: zelf.args.clone(), starred: true };
        let one = Tuple::from_vec(vec![Ref::new(starred).into()]);
        iter::iter(vm, &one.into())
    }
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        super::type_::methods::union_of(vm, a, b)
    }
    #[slot]
    fn repr(zelf: &Obj<GenericAlias>, vm: &Vm) -> PyResult {
        let mut parts = Vec::new();
        for arg in zelf.args.items() {
            parts.push(shown(vm, arg)?);
        }
        if parts.is_empty() {
            parts.push("()".into());
        }
        let star = if zelf.starred { "*" } else { "" };
        Ok(vm.str(&format!("{star}{}[{}]", shown(vm, &zelf.origin)?, parts.join(", "))))
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
        let same = zelf.starred == other.starred
            && compare::equal(vm, &zelf.origin, &other.origin)?
            && compare::equal(vm, &zelf.args.to_value(), &other.args.to_value())?;
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }
    #[getter(name = "__origin__")]
    fn origin(zelf: &Obj<GenericAlias>, _vm: &Vm) -> Value {
        zelf.origin.clone()
    }
    #[getter(name = "__args__")]
    fn args(zelf: &Obj<GenericAlias>, _vm: &Vm) -> Ref<Tuple> {
        zelf.args.clone()
    }
    #[getter(name = "__parameters__")]
    fn params(zelf: &Obj<GenericAlias>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        Ok(Tuple::from_vec(parameters(vm, &zelf.args)?))
    }
    #[getter(name = "__unpacked__")]
    fn unpacked(zelf: &Obj<GenericAlias>, _vm: &Vm) -> bool {
        zelf.starred
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
    fn __reduce__(zelf: &Obj<GenericAlias>, _vm: &Vm) -> (Value, (Value, Ref<Tuple>)) {
        (zelf.ty().to_value(), (zelf.origin.clone(), zelf.args.clone()))
    }
}
