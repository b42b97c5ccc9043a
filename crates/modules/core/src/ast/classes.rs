//! The node classes as Python types, made from the schema when `_ast` is first needed.

use super::node::Ast;
use super::schema::{self, Class, Count, Field};
use adder_vm::object::GilCell;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Ref, Value, Vm};
use std::collections::HashMap;

/// The classes by name, and one instance of each that has no fields and no place (`Load`, `Add`).
#[derive(Default)]
pub struct Classes {
    classes: HashMap<&'static str, Ref<Type>>,
    singletons: HashMap<&'static str, Value>,
}

static CLASSES: GilCell<Option<Classes>> = GilCell::new(None);

/// A node class.
pub fn class(vm: &Vm, name: &str) -> PyResult<Ref<Type>> {
    ensure(vm)?;
    let found = CLASSES.with(|c| c.as_ref().and_then(|c| c.classes.get(name).cloned()));
    found.ok_or_else(|| vm.system_error(format!("no node class {name}")))
}

/// The one instance that stands for an operator or context.
pub fn singleton(vm: &Vm, name: &str) -> PyResult {
    ensure(vm)?;
    let found = CLASSES.with(|c| c.as_ref().and_then(|c| c.singletons.get(name).cloned()));
    found.ok_or_else(|| vm.system_error(format!("no node {name}")))
}

fn ensure(vm: &Vm) -> PyResult<()> {
    if CLASSES.with(|c| c.is_none()) {
        let made = make(vm)?;
        CLASSES.with(|c| *c = Some(made));
    }
    Ok(())
}

fn names(vm: &Vm, names: impl Iterator<Item = &'static str>) -> Value {
    Tuple::from_vec(names.map(|name| vm.intern(name).into()).collect()).into()
}

fn make(vm: &Vm) -> PyResult<Classes> {
    let mut made = Classes::default();
    let root = vm.type_object::<Ast>();
    for class in schema::classes() {
        let base = class.base.and_then(|base| made.classes.get(base));
        let base = base.map_or_else(|| root.to_value(), |base| base.to_value());
        let ty = make_class(vm, class, base)?;
        made.classes.insert(class.name, ty);
    }
    for class in schema::classes() {
        let Some(ty) = made.classes.get(class.name) else { continue };
        if !class.is_sum {
            let types = Dict::new_ref();
            for field in &class.fields {
                let key = vm.intern(field.name);
                drop(types.insert_str(&key, field_type(vm, field, &made)?));
            }
            object::set_attr(vm, &ty.to_value(), &vm.intern("_field_types"), types.into())?;
        }
        if class.fields.is_empty() && class.base.is_some_and(base_is_plain) {
            made.singletons.insert(class.name, call::call(vm, &ty.to_value(), &[])?);
        }
    }
    Ok(made)
}

/// Nodes of this sum type have no place in the source.
fn base_is_plain(base: &str) -> bool {
    matches!(base, "expr_context" | "boolop" | "operator" | "unaryop" | "cmpop")
}

fn make_class(vm: &Vm, class: &Class, base: Value) -> PyResult<Ref<Type>> {
    let namespace = Dict::new_ref();
    let set = |name: &str, value: Value| drop(namespace.insert_str(&vm.intern(name), value));
    set("__module__", vm.str("ast"));
    set("__doc__", vm.str(&class.doc));
    let fields = || names(vm, class.fields.iter().map(|field| field.name));
    set("_fields", fields());
    set("__match_args__", fields());
    if class.base.is_none() {
        set("_attributes", names(vm, class.attributes.iter().map(|(name, _)| *name)));
    }
    for field in class.fields.iter().filter(|field| field.count == Count::Optional) {
        set(field.name, Value::NONE);
    }
    for (name, _) in class.attributes.iter().filter(|(_, optional)| *optional) {
        set(name, Value::NONE);
    }
    let metatype = Type::type_object().to_value();
    let bases = Tuple::from_vec(vec![base]).into();
    let made = call::call(vm, &metatype, &[vm.str(class.name), bases, namespace.into()])?;
    made.into_ref::<Type>().map_err(|_| vm.system_error("type() made no type"))
}

/// What `_field_types` says of a field: a type, `list[type]` or `type | None`.
fn field_type(vm: &Vm, field: &Field, made: &Classes) -> PyResult {
    let builtin = |name: &str| match vm.builtins().get_str(&vm.intern(name)) {
        Some(ty) => Ok(ty),
        None => Err(vm.system_error(format!("builtins has no {name}"))),
    };
    let one = match field.ty {
        "identifier" | "string" => builtin("str")?,
        "int" => builtin("int")?,
        "constant" => builtin("object")?,
        node => match made.classes.get(node) {
            Some(ty) => ty.to_value(),
            None => return Err(vm.system_error(format!("no node class {node}"))),
        },
    };
    match field.count {
        Count::One => Ok(one),
        Count::Many => object::get_item(vm, &builtin("list")?, &one),
        Count::Optional => adder_vm::objects::union_::make(vm, &one, &Value::NONE),
    }
}

/// All classes, for the module.
pub fn all(vm: &Vm) -> PyResult<Vec<Ref<Type>>> {
    schema::classes().iter().map(|found| class(vm, found.name)).collect()
}
