//! Import instructions. The import system itself is `runtime/import_.rs`.

use super::Done;
use crate::objects::dict::Dict;
use crate::objects::module::Module;
use crate::objects::str_::Str;
use crate::protocol::{call, iter, object};
use crate::runtime::machine::Machine;
use crate::runtime::prepared::Instr;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// level fromlist -- module
pub fn import_name(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (fromlist, level) = (m.pop(), m.pop());
    let name = m.name(i.c).clone();
    let builtins = m.frame().builtins().to_ref();
    let Some(import) = super::names::dict_get(vm, &builtins, &vm.names().__import__)? else {
        return Err(vm.import_error("__import__ not found"));
    };
    let globals = m.frame().globals().to_value();
    let locals = m.frame().namespace.clone().unwrap_or(Value::NONE);
    let module = call::call(vm, &import, &[name.to_value(), globals, locals, fromlist, level])?;
    m.push(module);
    Ok(())
}

/// module -- module value
pub fn import_from(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c).clone();
    let module = m.peek(1).clone();
    if let Some(value) = object::lookup_attr(vm, &module, &name)? {
        m.push(value);
        return Ok(());
    }
    // A submodule whose package is still being imported is only in sys.modules.
    let package = object::lookup_attr(vm, &module, &vm.names().__name__)?;
    if let Some(package) = package.as_ref().and_then(|p| p.downcast::<Str>()) {
        let full = vm.intern(&format!("{package}.{name}"));
        if let Some(value) = vm.modules().get_str(&full) {
            m.push(value);
            return Ok(());
        }
    }
    Err(crate::runtime::import_::cannot_import_name(vm, &module, &name))
}

/// module --
pub fn import_star(vm: &Vm, m: &mut Machine) -> Done {
    let module = m.pop();
    let Some(namespace) = super::names::namespace_of(m) else {
        return Err(vm.system_error("no locals found during 'import *'"));
    };
    let (names, skip_private) = match object::lookup_attr(vm, &module, &vm.names().__all__)? {
        Some(all) => (iter::collect(vm, &all)?, false),
        None => {
            let dict = match module.downcast::<Module>() {
                Some(module) => module.dict().to_value(),
                None => match object::lookup_attr(vm, &module, &vm.names().__dict__)? {
                    Some(dict) => dict,
                    None => {
                        return Err(
                            vm.import_error("from-import-* object has no __dict__ and no __all__")
                        );
                    }
                },
            };
            match dict.downcast::<Dict>() {
                Some(dict) => (dict.keys_vec(), true),
                None => (iter::collect(vm, &dict)?, true),
            }
        }
    };
    for name in names {
        let Some(text) = name.downcast::<Str>() else {
            return Err(
                vm.type_error(format!("Item in __all__ must be str, not {}", name.ty().name()))
            );
        };
        if skip_private && !text.is_empty() && text.at(0) == u32::from(b'_') {
            continue;
        }
        let text = object::attribute_name(vm, &name)?;
        let value = object::get_attr(vm, &module, &text)?;
        object::set_item(vm, &namespace, &text.to_value(), value)?;
    }
    Ok(())
}
