//! `types.SimpleNamespace`. CPython's counterpart: `Objects/namespaceobject.c`.

use crate::object::{Obj, Ref};
use crate::objects::dict::Dict;
use crate::objects::str_::StrBuilder;
use crate::objects::type_::Type;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::object;
use crate::runtime::args::{CallArgs, KwArgs};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// A simple attribute-based namespace.
#[pyclass(
    name = "types.SimpleNamespace",
    base_type,
    has_dict,
    sig = "(mapping_or_iterable=(), /, **kwargs)"
)]
pub struct Namespace {}

impl Namespace {
    /// A namespace with these attributes.
    pub fn with_items(vm: &Vm, items: Vec<(&str, Value)>) -> Value {
        let made: Value = Ref::new(Namespace {}).into();
        if let Some((attrs, gc, head)) = super::object::attrs_of(&made) {
            for (name, value) in items {
                drop(attrs.set(gc, head.ty(), &vm.intern(name), value));
            }
        }
        made
    }
}

fn dict_of(zelf: &Obj<Namespace>) -> Ref<Dict> {
    super::object::instance_dict(&zelf.to_value()).unwrap_or_else(Dict::new_ref)
}

#[pymethods]
impl Namespace {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Namespace {}, ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<Namespace>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let items = Dict::new_ref();
        match args.args() {
            [] => {}
            [source] => super::dict::methods::update_from(vm, &items, source)?,
            more => {
                return Err(vm.type_error(format!(
                    "{} expected at most 1 positional argument, got {}",
                    zelf.ty().name(),
                    more.len()
                )));
            }
        }
        for (name, value) in args.keywords() {
            items.insert(vm, name, value.clone())?;
        }
        for (name, value) in items.items_vec() {
            let name =
                name.clone().into_ref().map_err(|_| vm.type_error("keywords must be strings"))?;
            object::set_attr(vm, &zelf.to_value(), &super::str_::intern::intern(&name), value)?;
        }
        Ok(())
    }
    #[slot]
    fn repr(zelf: &Obj<Namespace>, vm: &Vm) -> PyResult {
        let plain = std::ptr::eq(zelf.ty(), vm.type_object::<Namespace>());
        let name = if plain { "namespace".into() } else { zelf.ty().short_name() };
        let text = object::guard_repr(vm, &zelf.to_value(), None, || {
            let mut out = StrBuilder::new();
            out.push_str(&format!("{name}("));
            for (i, (key, value)) in dict_of(zelf).items_vec().into_iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                out.push_obj(&*object::str(vm, &key)?);
                out.push_str("=");
                out.push_obj(&*object::repr(vm, &value)?);
            }
            out.push_str(")");
            out.finish_in(vm).map(Some)
        })?;
        Ok(text.map_or_else(|| vm.str(&format!("{name}(...)")), Value::from))
    }
    #[slot]
    fn richcompare(zelf: &Obj<Namespace>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Namespace>() else { return Ok(Value::NOT_IMPLEMENTED) };
        compare::rich_compare(vm, &dict_of(zelf).into(), &dict_of(other).into(), op)
    }
    #[getter(name = "__dict__")]
    fn dict(zelf: &Obj<Namespace>, _vm: &Vm) -> Ref<Dict> {
        dict_of(zelf)
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<Namespace>, _vm: &Vm) -> (Value, Value, Ref<Dict>) {
        (zelf.ty().to_value(), super::tuple::Tuple::empty().into(), dict_of(zelf))
    }
    #[pymethod(sig = "($self, /, **changes)")]
    fn __replace__(zelf: &Obj<Namespace>, vm: &Vm, changes: KwArgs) -> PyResult {
        let made = crate::protocol::call::call(vm, &zelf.ty().to_value(), &[])?;
        for source in [dict_of(zelf), changes.0] {
            for (name, value) in source.items_vec() {
                let name = object::attribute_name(vm, &name)?;
                object::set_attr(vm, &made, &name, value)?;
            }
        }
        Ok(made)
    }
}
