//! Built-ins that are not a dict: `exec(code, {"__builtins__": mapping})`.
//!
//! Frames hold their built-ins as a dict. One that is no exact dict is asked by `__getitem__`, and this
//! kind passes the question on. CPython's counterpart: the slow paths of `LOAD_GLOBAL` and its like.

use super::Dict;
use crate::object::{GilCell, Obj, Payload, Ref};
use crate::objects::type_::declare::{self, Declaration};
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymethods;

/// The attribute that holds the mapping.
const MAPPING: &str = "mapping";

struct Foreign;

static TYPE: GilCell<Option<&'static Obj<Type>>> = GilCell::new(None);

fn foreign() -> &'static Obj<Type> {
    if let Some(known) = TYPE.get() {
        return known;
    }
    let declaration = Declaration {
        name: "mapping",
        module: "builtins",
        doc: "",
        signature: None,
        base: || Some(Dict::cell()),
        make_base: || {},
        base_type: false,
        has_dict: false,
        no_new: true,
        flags: TypeFlags::MAPPING,
    };
    let ty = declare::extend_type::<Foreign>(declaration, Dict::cell().get(), &[MAPPING]);
    TYPE.set(Some(ty));
    ty
}

/// A dict that looks names up in a mapping.
pub fn dict_for(vm: &Vm, mapping: Value) -> Ref<Dict> {
    let dict = Ref::with_type(Dict::default(), foreign());
    // The attribute is this type's own, so that setting it cannot fail.
    let _ = object::set_attr(vm, &dict.to_value(), &vm.intern(MAPPING), mapping);
    dict
}

/// What was given as built-ins.
pub fn given(vm: &Vm, builtins: &Obj<Dict>) -> Value {
    let builtins = builtins.to_value();
    match TYPE.get() {
        Some(ty) if builtins.ty().same(ty) => {
            object::get_attr_str(vm, &builtins, MAPPING).unwrap_or(builtins)
        }
        _ => builtins,
    }
}

/// A name in built-ins, whatever they are.
pub fn get(vm: &Vm, builtins: &Obj<Dict>, name: &str) -> PyResult<Option<Value>> {
    let name = vm.intern(name);
    if builtins.is_exact() {
        return builtins.get_name(vm, &name);
    }
    match object::get_item(vm, &builtins.to_value(), &name.to_value()) {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.is(&vm.exceptions().key_error) => Ok(None),
        Err(e) => Err(e),
    }
}

#[pymethods]
impl Foreign {
    #[slot]
    fn getitem(zelf: &Value, vm: &Vm, key: &Value) -> PyResult {
        object::get_item(vm, &object::get_attr_str(vm, zelf, MAPPING)?, key)
    }
}
