//! `ast.AST`, the base of all node classes. CPython's counterpart: the fixed part of
//! `Python/Python-ast.c`.

use super::classes;
use adder_derive::{pyclass, pymethods};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::generic_alias::GenericAlias;
use adder_vm::objects::list::List;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::objects::union_::Union;
use adder_vm::protocol::{call, iter, object};
use adder_vm::runtime::args::{CallArgs, KwArgs, VarArgs};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// The base of the nodes; their fields are plain attributes.
#[pyclass(name = "ast.AST", base_type, has_dict)]
pub struct Ast {}

/// How deep `repr` shows nodes within nodes.
const REPR_DEPTH: usize = 3;

/// What a class attribute that lists names says.
fn listed(vm: &Vm, node: &Value, name: &str) -> PyResult<Vec<Value>> {
    match object::lookup_attr(vm, &node.ty().to_value(), &vm.intern(name))? {
        Some(names) => iter::collect(vm, &names),
        None => Ok(Vec::new()),
    }
}

fn position(vm: &Vm, names: &[Value], name: &Value) -> PyResult<Option<usize>> {
    for (i, known) in names.iter().enumerate() {
        if adder_vm::protocol::compare::equal(vm, known, name)? {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

fn shown(vm: &Vm, value: &Value) -> PyResult<String> {
    Ok(object::repr(vm, value)?.to_string_lossy())
}

/// A class's name as C code knows it: with its module only if it was made in C.
fn class_name(node: &Value) -> String {
    let name = node.ty().name().to_string();
    if name == "AST" { "ast.AST".into() } else { name }
}

fn deprecated(vm: &Vm, message: &str) -> PyResult<()> {
    vm.warn(&vm.exceptions().deprecation_warning, message, 1)
}

/// Fields that were not given: lists are empty, contexts are loads, options keep the class's None.
fn fill_missing(vm: &Vm, node: &Value, missing: Vec<Value>) -> PyResult<()> {
    let class = node.ty().to_value();
    let Some(types) = object::lookup_attr(vm, &class, &vm.intern("_field_types"))? else {
        return Ok(());
    };
    let Some(types) = types.downcast::<Dict>() else { return Ok(()) };
    for field in missing {
        let name = object::attribute_name(vm, &field)?;
        let Some(ty) = types.get(vm, &field)? else {
            deprecated(
                vm,
                &format!(
                    "Field {} is missing from {}._field_types. This will become an error in Python 3.15.",
                    shown(vm, &field)?,
                    class_name(node)
                ),
            )?;
            continue;
        };
        if ty.downcast::<Union>().is_some() {
            continue;
        }
        if ty.downcast::<GenericAlias>().is_some() {
            object::set_attr(vm, node, &name, List::from_vec(Vec::new()).into())?;
        } else if ty.is(&classes::class(vm, "expr_context")?.to_value()) {
            object::set_attr(vm, node, &name, classes::singleton(vm, "Load")?)?;
        } else {
            deprecated(
                vm,
                &format!(
                    "{}.__init__ missing 1 required positional argument: {}. This will become an error in Python 3.15.",
                    class_name(node),
                    shown(vm, &field)?
                ),
            )?;
        }
    }
    Ok(())
}

fn repr_value(vm: &Vm, value: &Value, depth: usize) -> PyResult<String> {
    if value.downcast::<Ast>().is_some() {
        return repr_node(vm, value, depth);
    }
    let (items, open, close) = if let Some(list) = value.downcast_exact::<List>() {
        (list.to_vec(), "[", "]")
    } else if let Some(tuple) = value.downcast_exact::<Tuple>() {
        (tuple.items().to_vec(), "(", ")")
    } else {
        return shown(vm, value);
    };
    // Of a long list the first and the last are shown.
    let inner = match items.as_slice() {
        [] => String::new(),
        [only] => repr_value(vm, only, depth)?,
        [first, last] => {
            format!("{}, {}", repr_value(vm, first, depth)?, repr_value(vm, last, depth)?)
        }
        [first, .., last] => {
            format!("{}, ..., {}", repr_value(vm, first, depth)?, repr_value(vm, last, depth)?)
        }
    };
    Ok(format!("{open}{inner}{close}"))
}

fn repr_node(vm: &Vm, node: &Value, depth: usize) -> PyResult<String> {
    vm.check_stack()?;
    let class = node.ty().name();
    if depth == 0 {
        return Ok(format!("{class}(...)"));
    }
    let mut parts = Vec::new();
    for field in listed(vm, node, "_fields")? {
        let name = object::attribute_name(vm, &field)?;
        let value = object::get_attr(vm, node, &name)?;
        parts.push(format!("{}={}", name.to_string_lossy(), repr_value(vm, &value, depth - 1)?));
    }
    Ok(format!("{class}({})", parts.join(", ")))
}

#[pymethods]
impl Ast {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Ast {}, ty).into())
    }
    #[slot]
    fn init(zelf: &Value, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let mut missing = listed(vm, zelf, "_fields")?;
        let fields = missing.clone();
        let given = args.args();
        if given.len() > fields.len() {
            return Err(vm.type_error(format!(
                "{} constructor takes at most {} positional argument{}",
                zelf.ty().name(),
                fields.len(),
                if fields.len() == 1 { "" } else { "s" }
            )));
        }
        for (field, value) in fields.iter().zip(given) {
            object::set_attr(vm, zelf, &object::attribute_name(vm, field)?, value.clone())?;
        }
        missing.drain(..given.len());
        for (key, value) in args.keywords() {
            if position(vm, &fields, key)?.is_some() {
                let Some(at) = position(vm, &missing, key)? else {
                    return Err(vm.type_error(format!(
                        "{} got multiple values for argument {}",
                        zelf.ty().name(),
                        shown(vm, key)?
                    )));
                };
                missing.remove(at);
            } else if position(vm, &listed(vm, zelf, "_attributes")?, key)?.is_none() {
                deprecated(
                    vm,
                    &format!(
                        "{}.__init__ got an unexpected keyword argument {}. Support for arbitrary keyword arguments is deprecated and will be removed in Python 3.15.",
                        class_name(zelf),
                        shown(vm, key)?
                    ),
                )?;
            }
            object::set_attr(vm, zelf, &object::attribute_name(vm, key)?, value.clone())?;
        }
        if missing.is_empty() { Ok(()) } else { fill_missing(vm, zelf, missing) }
    }
    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(vm.str(&repr_node(vm, zelf, REPR_DEPTH)?))
    }
    /// For pickle and copy: the class, a None for each field that is set, and the attributes.
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult {
        let class = zelf.ty().to_value();
        let state = object::lookup_attr(vm, zelf, &vm.names().__dict__)?;
        let Some(state) = state.filter(|state| !state.is_none()) else {
            return Ok(Tuple::from_vec(vec![class, Tuple::from_vec(Vec::new()).into()]).into());
        };
        let mut nones = Vec::new();
        for field in listed(vm, zelf, "_fields")? {
            if !object::contains(vm, &state, &field)? {
                break;
            }
            nones.push(Value::NONE);
        }
        Ok(Tuple::from_vec(vec![class, Tuple::from_vec(nones).into(), state]).into())
    }
    /// Return a copy of the AST node with new values for the specified fields.
    #[pymethod]
    fn __replace__(zelf: &Value, vm: &Vm, args: VarArgs, kwargs: KwArgs) -> PyResult {
        if !args.0.items().is_empty() {
            return Err(vm.type_error("__replace__() takes no positional arguments"));
        }
        let fields = listed(vm, zelf, "_fields")?;
        let attributes = listed(vm, zelf, "_attributes")?;
        let values = Dict::new_ref();
        for name in fields.iter().chain(&attributes) {
            if let Some(value) = object::lookup_attr(vm, zelf, &object::attribute_name(vm, name)?)?
            {
                values.insert(vm, name, value)?;
            }
        }
        for (key, value) in kwargs.0.items_vec() {
            if position(vm, &fields, &key)?.is_none() && position(vm, &attributes, &key)?.is_none()
            {
                return Err(vm.type_error(format!(
                    "{}.__replace__ got an unexpected keyword argument {}.",
                    zelf.ty().name(),
                    shown(vm, &key)?
                )));
            }
            values.insert(vm, &key, value)?;
        }
        for field in &fields {
            if values.get(vm, field)?.is_none() {
                return Err(vm.type_error(format!(
                    "{}.__replace__ missing 1 keyword argument: {}.",
                    zelf.ty().name(),
                    object::repr(vm, field)?.to_string_lossy()
                )));
            }
        }
        call::call_with_dict(vm, &zelf.ty().to_value(), &[], Some(&values))
    }
}

/// A node of a class with these attributes, in order.
pub fn make(
    class: &Obj<Type>,
    vm: &Vm,
    attributes: &mut dyn Iterator<Item = (Ref<Str>, Value)>,
) -> PyResult {
    let node: Value = Ref::with_type(Ast {}, class).into();
    for (name, value) in attributes {
        object::set_attr(vm, &node, &name, value)?;
    }
    Ok(node)
}
