//! What the pickle machinery keeps of other modules: `copyreg`'s registries, the tables of Python 2's
//! names, and a few functions.

use adder_vm::object::GilCell;
use adder_vm::objects::dict::Dict;
use adder_vm::protocol::object;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::import_::import_module;
use adder_vm::{Obj, Value, Vm};

/// Fetched when the module is imported.
#[derive(Clone)]
pub struct Known {
    /// Type -> reducing function.
    pub dispatch_table: Value,
    /// (module, name) -> extension code.
    pub extension_registry: Value,
    /// Extension code -> (module, name).
    pub inverted_registry: Value,
    /// Extension code -> object.
    pub extension_cache: Value,
    /// (module, name) of Python 2 -> of Python 3.
    pub name_mapping: Value,
    pub import_mapping: Value,
    /// The other way round.
    pub reverse_name_mapping: Value,
    pub reverse_import_mapping: Value,
    pub codecs_encode: Value,
    pub getattr: Value,
    pub partial: Value,
}

static KNOWN: GilCell<Option<Known>> = GilCell::new(None);

/// Gives it up.
pub(crate) fn forget() {
    drop(KNOWN.with(Option::take));
}

fn fetch(vm: &Vm, module: &str, name: &str) -> PyResult {
    object::get_attr_str(vm, &import_module(vm, module)?, name)
}

fn fetch_dict(vm: &Vm, module: &str, name: &str) -> PyResult {
    let found = fetch(vm, module, name)?;
    if found.downcast::<Dict>().is_none() {
        return Err(vm.runtime_error(format!(
            "{module}.{name} should be a dict, not {}",
            found.ty().name()
        )));
    }
    Ok(found)
}

pub fn known(vm: &Vm) -> PyResult<Known> {
    if let Some(known) = KNOWN.with(|known| known.clone()) {
        return Ok(known);
    }
    let made = Known {
        dispatch_table: fetch_dict(vm, "copyreg", "dispatch_table")?,
        extension_registry: fetch_dict(vm, "copyreg", "_extension_registry")?,
        inverted_registry: fetch_dict(vm, "copyreg", "_inverted_registry")?,
        extension_cache: fetch_dict(vm, "copyreg", "_extension_cache")?,
        name_mapping: fetch_dict(vm, "_compat_pickle", "NAME_MAPPING")?,
        import_mapping: fetch_dict(vm, "_compat_pickle", "IMPORT_MAPPING")?,
        reverse_name_mapping: fetch_dict(vm, "_compat_pickle", "REVERSE_NAME_MAPPING")?,
        reverse_import_mapping: fetch_dict(vm, "_compat_pickle", "REVERSE_IMPORT_MAPPING")?,
        codecs_encode: fetch(vm, "codecs", "encode")?,
        getattr: fetch(vm, "builtins", "getattr")?,
        partial: fetch(vm, "functools", "partial")?,
    };
    Ok(KNOWN.with(|known| known.get_or_insert(made).clone()))
}

/// `dict[key]` of one of the tables.
pub fn get(vm: &Vm, table: &Value, key: &Value) -> PyResult<Option<Value>> {
    let table: Option<&Obj<Dict>> = table.downcast();
    table.map_or(Ok(None), |table| table.get(vm, key))
}
