//! `typing.Union`: `int | str` (PEP 604), `Union[int, str]`. CPython's counterpart:
//! `Objects/unionobject.c`.

use crate::object::{Obj, Payload, Ref, ValueCell};
use crate::objects::generic_alias::{self, GenericAlias};
use crate::objects::set::Set;
use crate::objects::str_::{Str, StrBuilder};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::typevar::TypeAliasType;
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
    /// The type parameters among the members, once somebody has asked.
    parameters: ValueCell,
}

/// What `type.__or__` and its like join.
fn is_unionable(value: &Value) -> bool {
    value.is_none()
        || value.downcast::<Type>().is_some()
        || value.downcast::<GenericAlias>().is_some()
        || value.downcast::<TypeAliasType>().is_some()
        || value.downcast::<Union>().is_some()
}

/// `a | b` of two types; `NotImplemented` for anything else.
pub fn make(vm: &Vm, a: &Value, b: &Value) -> PyResult {
    if !is_unionable(a) || !is_unionable(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    from_members(vm, &[a.clone(), b.clone()])
}

/// Collects members: nested unions are flattened, doubles dropped.
#[derive(Default)]
struct Builder {
    members: Vec<Value>,
    /// The hashable members, to find doubles fast.
    known: Option<Ref<Set>>,
    unhashable: Vec<Value>,
}

impl Builder {
    fn add(&mut self, vm: &Vm, member: &Value) -> PyResult<()> {
        if let Some(union) = member.downcast::<Union>() {
            for inner in union.args.items() {
                self.add_one(vm, inner)?;
            }
            return Ok(());
        }
        if member.is_none() {
            return self.add_one(vm, &member.ty().to_value());
        }
        if is_unionable(member) {
            return self.add_one(vm, member);
        }
        let message = vm.str("Union[arg, ...]: each arg must be a type.");
        let checked = super::typevar::call_typing(vm, "_type_check", &[member.clone(), message])?;
        match checked.is(member) {
            true => self.add_one(vm, member),
            false => self.add(vm, &checked),
        }
    }

    fn add_one(&mut self, vm: &Vm, member: &Value) -> PyResult<()> {
        let known = self.known.get_or_insert_with(Set::new_ref).clone();
        match known.contains(vm, member) {
            Ok(true) => return Ok(()),
            Ok(false) => known.add(vm, member)?,
            Err(e) if e.is(&vm.exceptions().type_error) => {
                for other in &self.unhashable {
                    if compare::equal(vm, other, member)? {
                        return Ok(());
                    }
                }
                self.unhashable.push(member.clone());
            }
            Err(e) => return Err(e),
        }
        self.members.push(member.clone());
        Ok(())
    }
}

/// A union of members; one alone is itself.
pub fn from_members(vm: &Vm, members: &[Value]) -> PyResult {
    vm.check_stack()?;
    let mut builder = Builder::default();
    for member in members {
        builder.add(vm, member)?;
    }
    if builder.members.len() == 1
        && let Some(only) = builder.members.pop()
    {
        return Ok(only);
    }
    if builder.members.is_empty() {
        return Err(vm.type_error("Cannot take a Union of no types."));
    }
    let args = Tuple::from_vec(builder.members);
    Ok(Ref::new(Union { args, parameters: ValueCell::default() }).into())
}

impl Union {
    fn parameters(&self, vm: &Vm) -> PyResult<Ref<Tuple>> {
        if let Some(known) = self.parameters.get()
            && let Ok(known) = known.into_ref()
        {
            return Ok(known);
        }
        let made = Tuple::from_vec(generic_alias::make_parameters(vm, self.args.items())?);
        self.parameters.set(Some(made.to_value()));
        Ok(made)
    }
}

/// Is every member of one list equal to some member of the other?
fn is_subset(vm: &Vm, a: &[Value], b: &[Value]) -> PyResult<bool> {
    for x in a {
        let mut found = false;
        for y in b {
            if compare::equal(vm, x, y)? {
                found = true;
                break;
            }
        }
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

#[pymethods]
impl Union {
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        from_members(vm, &[a.clone(), b.clone()])
    }
    #[slot]
    fn repr(zelf: &Obj<Union>, vm: &Vm) -> PyResult {
        let mut out = StrBuilder::new();
        for (i, arg) in zelf.args.items().iter().enumerate() {
            if i > 0 {
                out.push_str(" | ");
            }
            generic_alias::push_type_repr(vm, &mut out, arg)?;
        }
        Ok(out.finish_in(vm)?.into())
    }
    #[slot]
    fn hash(zelf: &Obj<Union>, vm: &Vm) -> PyResult<i64> {
        for arg in zelf.args.items() {
            object::hash(vm, arg)?;
        }
        object::hash(vm, &Set::frozen_from(vm, zelf.args.items()))
    }
    #[slot]
    fn richcompare(zelf: &Obj<Union>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Union>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let (a, b) = (zelf.args.items(), other.args.items());
        let same = a.len() == b.len() && is_subset(vm, a, b)? && is_subset(vm, b, a)?;
        Ok(Value::bool(same == (op == CmpOp::Eq)))
    }
    #[slot]
    fn getitem(zelf: &Obj<Union>, vm: &Vm, item: &Value) -> PyResult {
        let params = zelf.parameters(vm)?;
        let alias = zelf.to_value();
        let members =
            generic_alias::subscript(vm, &alias, zelf.args.items(), params.items(), item)?;
        from_members(vm, &members)
    }
    #[slot]
    fn getattro(zelf: &Value, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        if name.is_str("__module__") {
            return Ok(Some(vm.str("typing")));
        }
        super::object::generic_getattr(vm, zelf, name)
    }
    #[pymethod]
    fn __mro_entries__(zelf: &Obj<Union>, vm: &Vm, _bases: &Value) -> PyResult<()> {
        let shown = object::repr(vm, &zelf.to_value())?;
        Err(vm.type_error(format!("Cannot subclass {shown}")))
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
    /// Type variables in the types.UnionType.
    #[getter(name = "__parameters__")]
    fn params(zelf: &Obj<Union>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        zelf.parameters(vm)
    }
    #[getter(name = "__origin__")]
    fn origin(_zelf: &Obj<Union>, _vm: &Vm) -> Value {
        Union::cell().get().to_value()
    }
    #[getter(name = "__name__")]
    fn name(_zelf: &Obj<Union>, _vm: &Vm) -> &'static str {
        "Union"
    }
    #[getter(name = "__qualname__")]
    fn qualname(_zelf: &Obj<Union>, _vm: &Vm) -> &'static str {
        "Union"
    }
    #[classmethod]
    fn __class_getitem__(_cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        match item.downcast::<Tuple>() {
            Some(items) => from_members(vm, items.items()),
            None => from_members(vm, std::slice::from_ref(item)),
        }
    }
}
