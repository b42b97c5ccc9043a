//! `typing.Union`: `int | str` (PEP 604). CPython's counterpart: `Objects/unionobject.c`.

use crate::object::{Obj, Ref};
use crate::objects::generic_alias::GenericAlias;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Represent a union type
///
/// E.g. for int | str
#[pyclass(name = "typing.Union", no_new)]
pub struct Union {
    args: Ref<Tuple>,
}

/// What may stand in a union.
fn is_unionable(vm: &Vm, value: &Value) -> PyResult<bool> {
    if value.is_none()
        || value.downcast::<Type>().is_some()
        || value.downcast::<GenericAlias>().is_some()
        || value.downcast::<Union>().is_some()
        || value.downcast::<Str>().is_some()
    {
        return Ok(true);
    }
    let hook = vm.intern("__typing_subst__");
    Ok(object::special_method(vm, value, &hook)?.is_some()
        || object::lookup_attr(vm, value, &vm.names().__origin__)?.is_some())
}

/// `a | b`
pub fn make(vm: &Vm, a: &Value, b: &Value) -> PyResult {
    if !is_unionable(vm, a)? || !is_unionable(vm, b)? {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let strings = [a, b].iter().filter(|v| v.downcast::<Str>().is_some()).count();
    if strings > 0 {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    from_members(vm, &[a.clone(), b.clone()])
}

/// A union of members: nested unions are flattened, doubles dropped, one alone is itself.
pub fn from_members(vm: &Vm, members: &[Value]) -> PyResult {
    let mut flat: Vec<Value> = Vec::new();
    for member in members {
        let parts = match member.downcast::<Union>() {
            Some(union) => union.args.items().to_vec(),
            None if member.is_none() => vec![member.ty().to_value()],
            None => vec![member.clone()],
        };
        for part in parts {
            let mut known = false;
            for f in &flat {
                known |= compare::equal(vm, f, &part)?;
            }
            if !known {
                flat.push(part);
            }
        }
    }
    if let [only] = flat.as_slice() {
        return Ok(only.clone());
    }
    Ok(Ref::new(Union { args: Tuple::from_vec(flat) }).into())
}

#[pymethods]
impl Union {
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        make(vm, a, b)
    }
    #[slot]
    fn repr(zelf: &Obj<Union>, vm: &Vm) -> PyResult {
        let mut parts = Vec::new();
        for arg in zelf.args.items() {
            parts.push(match arg.downcast::<Type>() {
                Some(ty) if &*ty.name() == "NoneType" => "None".to_string(),
                Some(ty) => super::type_::methods::full_name(vm, ty),
                None => object::repr(vm, arg)?.to_string_lossy(),
            });
        }
        Ok(vm.str(&parts.join(" | ")))
    }
    #[slot]
    fn hash(zelf: &Obj<Union>, vm: &Vm) -> PyResult<i64> {
        let mut hash = 0;
        for arg in zelf.args.items() {
            hash ^= object::hash(vm, arg)?;
        }
        Ok(if hash == -1 { -2 } else { hash })
    }
    #[slot]
    fn richcompare(zelf: &Obj<Union>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Union>() else { return Ok(Value::NOT_IMPLEMENTED) };
        let mut same = zelf.args.len() == other.args.len();
        for a in zelf.args.items() {
            let mut found = false;
            for b in other.args.items() {
                found |= compare::equal(vm, a, b)?;
            }
            same &= found;
        }
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }
    #[slot]
    fn getitem(zelf: &Obj<Union>, vm: &Vm, item: &Value) -> PyResult {
        let mut members = Vec::new();
        for arg in zelf.args.items() {
            let parameters = object::lookup_attr(vm, arg, &vm.names().__parameters__)?;
            let generic = parameters
                .as_ref()
                .and_then(|p| p.downcast::<Tuple>())
                .is_some_and(|p| !p.is_empty());
            members.push(if generic { object::get_item(vm, arg, item)? } else { arg.clone() });
        }
        from_members(vm, &members)
    }
    #[pymethod]
    fn __instancecheck__(zelf: &Obj<Union>, vm: &Vm, instance: &Value) -> PyResult<bool> {
        for arg in zelf.args.items() {
            if object::is_instance(vm, instance, arg)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
    #[pymethod]
    fn __subclasscheck__(zelf: &Obj<Union>, vm: &Vm, class: &Value) -> PyResult<bool> {
        for arg in zelf.args.items() {
            if object::is_subclass(vm, class, arg)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
    #[getter(name = "__args__")]
    fn args(zelf: &Obj<Union>, _vm: &Vm) -> Ref<Tuple> {
        zelf.args.clone()
    }
    #[getter(name = "__parameters__")]
    fn parameters(zelf: &Obj<Union>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        let mut all: Vec<Value> = Vec::new();
        for arg in zelf.args.items() {
            if arg.downcast::<Type>().is_some() {
                continue;
            }
            if object::special_method(vm, arg, &vm.intern("__typing_subst__"))?.is_some() {
                all.push(arg.clone());
            } else if let Some(inner) = object::lookup_attr(vm, arg, &vm.names().__parameters__)? {
                all.extend(crate::protocol::iter::collect(vm, &inner)?);
            }
        }
        let mut unique: Vec<Value> = Vec::new();
        for v in all {
            if !unique.iter().any(|u| u.is(&v)) {
                unique.push(v);
            }
        }
        Ok(Tuple::from_vec(unique))
    }
    #[getter(name = "__origin__")]
    fn origin(zelf: &Obj<Union>, _vm: &Vm) -> Value {
        zelf.ty().to_value()
    }
    #[classmethod]
    fn __class_getitem__(_cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        match item.downcast::<Tuple>() {
            Some(items) => from_members(vm, items.items()),
            None => from_members(vm, std::slice::from_ref(item)),
        }
    }
}
