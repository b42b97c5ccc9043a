//! Names: globals, built-ins, namespaces and cells.

use super::Done;
use crate::object::{Obj, Ref};
use crate::objects::builtin_function::BuiltinFunction;
use crate::objects::cell::CellObj;
use crate::objects::dict::Dict;
use crate::objects::str_::Str;
use crate::protocol::object;
use crate::runtime::args::NativeDef;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::machine::Machine;
use crate::runtime::prepared::{Instr, P};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::flags;

/// A name in a mapping that may be a dict or anything else.
fn mapping_get(vm: &Vm, mapping: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
    if let Some(dict) = mapping.downcast_exact::<Dict>() {
        return Ok(dict.get_str(name));
    }
    match object::get_item(vm, mapping, &name.to_value()) {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.is(&vm.exceptions().key_error) => Ok(None),
        Err(e) => Err(e),
    }
}

fn global_or_builtin(vm: &Vm, m: &Machine, name: &Ref<Str>) -> PyResult {
    if let Some(value) = dict_get(vm, m.frame().globals(), name)? {
        return Ok(value);
    }
    match dict_get(vm, m.frame().builtins(), name)? {
        Some(value) => Ok(value),
        None => Err(vm.name_error(name)),
    }
}

/// Globals may be a dict subclass with its own `__getitem__`.
pub(super) fn dict_get(vm: &Vm, dict: &Obj<Dict>, name: &Ref<Str>) -> PyResult<Option<Value>> {
    if dict.is_exact() { dict.get_name(vm, name) } else { mapping_get(vm, &dict.to_value(), name) }
}

/// -- value
#[inline(never)]
pub fn load_global(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c).clone();
    match learn(m, i) {
        Some(Home::Globals) => m.specialize(Instr { op: P::LoadGlobalModule, ..i }),
        Some(Home::Builtins) => {
            let calls = super::fused::is_call_with_local(m, P::CallFunction)
                && cached_builtin(m, i).is_some_and(|f| f.is_exact::<BuiltinFunction>());
            let op = if calls { P::GlobalCallFast } else { P::LoadGlobalBuiltin };
            m.specialize(Instr { op, ..i });
        }
        None => {}
    }
    let value = global_or_builtin(vm, m, &name)?;
    m.push(value);
    Ok(())
}

/// The value of a global at the cached entry.
#[inline(always)]
fn cached_global(m: &Machine, i: Instr) -> Option<Value> {
    let cache = m.cache(i.b);
    let globals = m.frame().globals();
    if !globals.has_keys_version(cache.word) {
        return None;
    }
    globals.value_at(cache.index as usize)
}

/// The value of a built-in at the cached entry, hidden by no global.
#[inline(always)]
fn cached_builtin(m: &Machine, i: Instr) -> Option<Value> {
    let cache = m.cache(i.b);
    let (globals, builtins) = (m.frame().globals(), m.frame().builtins());
    if !globals.has_keys_version(cache.word) || !builtins.has_keys_version(cache.extra) {
        return None;
    }
    builtins.value_at(cache.index as usize)
}

/// Binds the global at the cached entry, if that still is where it lies.
#[inline(always)]
fn store_cached(m: &mut Machine, i: Instr) -> bool {
    let cache = m.cache(i.b);
    let (globals, index) = (m.frame().globals(), cache.index as usize);
    if !globals.has_keys_version(cache.word) {
        return false;
    }
    let globals = globals.to_ref();
    let value = m.pop();
    globals.replace_at(index, value);
    true
}

#[inline(always)]
pub fn load_global_module(m: &mut Machine, i: Instr) -> bool {
    match cached_global(m, i) {
        Some(value) => {
            m.push(value);
            true
        }
        None => false,
    }
}

/// The name is not where it was: it is looked for again.
pub fn relearn(m: &mut Machine, i: Instr, op: P) {
    m.specialize(Instr { op, ..i });
    m.again();
}

/// The native function that the cache knows among the built-ins, if one argument is all it needs.
#[inline(always)]
pub fn cached_native(m: &Machine, i: Instr) -> Option<&'static NativeDef> {
    let cache = m.cache(i.b);
    let (globals, builtins) = (m.frame().globals(), m.frame().builtins());
    if !globals.has_keys_version(cache.word) || !builtins.has_keys_version(cache.extra) {
        return None;
    }
    builtins.look_at(cache.index as usize, |value| {
        let def = value.downcast_exact::<BuiltinFunction>()?.unbound()?;
        def.takes(1).then_some(def)
    })
}

#[inline(always)]
pub fn load_global_builtin(m: &mut Machine, i: Instr) -> bool {
    match cached_builtin(m, i) {
        Some(value) => {
            m.push(value);
            true
        }
        None => false,
    }
}

/// Is the namespace the globals, as in a module's own code?
#[inline(always)]
fn is_module_level(m: &Machine) -> bool {
    let globals = m.frame().globals();
    match &m.frame().namespace {
        Some(namespace) => {
            namespace.downcast_exact::<Dict>().is_some_and(|dict| std::ptr::eq(dict, globals))
        }
        None => false,
    }
}

#[inline(always)]
pub fn load_name_module(m: &mut Machine, i: Instr) -> bool {
    match if is_module_level(m) { cached_global(m, i) } else { None } {
        Some(value) => {
            m.push(value);
            true
        }
        None => false,
    }
}

#[inline(always)]
pub fn load_name_builtin(m: &mut Machine, i: Instr) -> bool {
    match if is_module_level(m) { cached_builtin(m, i) } else { None } {
        Some(value) => {
            m.push(value);
            true
        }
        None => false,
    }
}

#[inline(always)]
pub fn store_name_module(m: &mut Machine, i: Instr) -> bool {
    is_module_level(m) && store_cached(m, i)
}

#[inline(always)]
pub fn store_global_module(m: &mut Machine, i: Instr) -> bool {
    store_cached(m, i)
}

/// Fills the cache of a name that is looked up in globals and built-ins: where was it found? Code that
/// runs once, as most of a module's does, is left as it is.
fn learn(m: &Machine, i: Instr) -> Option<Home> {
    let cache = m.cache(i.b);
    cache.misses = cache.misses.saturating_add(1);
    if cache.misses == 1 {
        return None;
    }
    let (globals, builtins) = (m.frame().globals(), m.frame().builtins());
    if !globals.is_exact() || !builtins.is_exact() {
        return None;
    }
    let name = m.name(i.c);
    if let Some(index) = globals.index_of_str(name) {
        cache.index = index as u32;
        cache.word = globals.keys_version();
        return Some(Home::Globals);
    }
    let index = builtins.index_of_str(name)?;
    cache.index = index as u32;
    cache.word = globals.keys_version();
    cache.extra = builtins.keys_version();
    Some(Home::Builtins)
}

/// Where a name lies.
#[derive(PartialEq, Eq)]
enum Home {
    Globals,
    Builtins,
}

#[inline(always)]
pub fn load_name(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let value = load_name_value(vm, m, i)?;
    m.push(value);
    if is_module_level(m) {
        match learn(m, i) {
            Some(Home::Globals) => m.specialize(Instr { op: P::LoadNameModule, ..i }),
            Some(Home::Builtins) => m.specialize(Instr { op: P::LoadNameBuiltin, ..i }),
            None => {}
        }
    }
    Ok(())
}

fn load_name_value(vm: &Vm, m: &Machine, i: Instr) -> PyResult {
    let name = m.name(i.c);
    if let Some(namespace) = &m.frame().namespace {
        if let Some(dict) = namespace.downcast_exact::<Dict>() {
            if let Some(value) = dict.get_str(name) {
                return Ok(value);
            }
        } else {
            let namespace = namespace.clone();
            if let Some(value) = mapping_get(vm, &namespace, name)? {
                return Ok(value);
            }
        }
    }
    global_or_builtin(vm, m, name)
}

/// value --
#[inline(always)]
pub fn store_name(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let value = m.pop();
    let name = m.name(i.c).clone();
    match &m.frame().namespace {
        Some(namespace) => match namespace.downcast_exact::<Dict>() {
            Some(dict) => {
                drop(dict.insert_str(&name, value));
                if is_module_level(m) && learn(m, i) == Some(Home::Globals) {
                    m.specialize(Instr { op: P::StoreNameModule, ..i });
                }
                Ok(())
            }
            None => {
                let namespace = namespace.clone();
                object::set_item(vm, &namespace, &name.to_value(), value)
            }
        },
        None => m.outline(vm, move |m| match namespace_of(m) {
            Some(namespace) => object::set_item(vm, &namespace, &name.to_value(), value),
            None => Err(no_locals(vm, &name)),
        }),
    }
}

/// The namespace that names are stored in. A function made from a module's code has its globals.
#[cold]
pub fn namespace_of(m: &Machine) -> Option<Value> {
    let frame = m.frame();
    match &frame.namespace {
        Some(namespace) => Some(namespace.clone()),
        None if m.code().has_flag(flags::OPTIMIZED) => None,
        None => Some(frame.globals().to_value()),
    }
}

#[cold]
fn no_locals(vm: &Vm, name: &Str) -> Exc {
    vm.system_error(format!("no locals found when storing '{name}'"))
}

pub fn delete_name(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c).clone();
    let Some(namespace) = namespace_of(m) else { return Err(no_locals(vm, &name)) };
    match object::del_item(vm, &namespace, &name.to_value()) {
        Err(e) if e.is(&vm.exceptions().key_error) => Err(vm.name_error(&name)),
        other => other,
    }
}

pub fn store_global(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let value = m.pop();
    let name = m.name(i.c).clone();
    let globals = m.frame().globals();
    if globals.is_exact() {
        drop(globals.insert_str(&name, value));
        if learn(m, i) == Some(Home::Globals) {
            m.specialize(Instr { op: P::StoreGlobalModule, ..i });
        }
        return Ok(());
    }
    let globals = globals.to_value();
    object::set_item(vm, &globals, &name.to_value(), value)
}

pub fn delete_global(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c).clone();
    match m.frame().globals().remove_str(&name) {
        Some(old) => {
            drop(old);
            Ok(())
        }
        None => Err(vm.name_error(&name)),
    }
}

// ---- cells ----

#[inline(always)]
fn cell<'a>(m: &'a Machine, i: Instr) -> Option<&'a Obj<CellObj>> {
    let slot: &'a Option<Value> = m.local(i.c as usize);
    slot.as_ref().and_then(|v| v.downcast_exact::<CellObj>())
}

#[inline(always)]
pub fn load_closure(m: &mut Machine, i: Instr) -> bool {
    let Some(cell) = m.local(i.c as usize).clone() else { return false };
    m.push(cell);
    true
}

#[inline(always)]
pub fn load_deref(m: &mut Machine, i: Instr) -> bool {
    let Some(value) = cell(m, i).and_then(|c| c.get()) else { return false };
    m.push(value);
    true
}

pub fn load_deref_any(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if load_deref(m, i) { Ok(()) } else { Err(unbound_free(vm, m, i)) }
}

/// `LoadClosure` and `StoreDeref` where the word is no cell, as only refused code leaves it.
pub fn cell_any(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let done = if i.op == P::LoadClosure { load_closure(m, i) } else { store_deref(m, i) };
    if done { Ok(()) } else { Err(vm.system_error("a cell is missing")) }
}

#[cold]
#[inline(never)]
fn unbound_free(vm: &Vm, m: &Machine, i: Instr) -> Exc {
    let source = &m.code().source;
    let index = i.c - source.nlocals;
    let name = source.free_name(index).map(|n| n.to_string_lossy()).unwrap_or_default();
    if (index as usize) < source.cellvars.len() {
        return vm.unbound_local_error(format!(
            "cannot access local variable '{name}' where it is not associated with a value"
        ));
    }
    vm.exception(
        &vm.exceptions().name_error,
        format!(
            "cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
        ),
    )
}

#[inline(always)]
pub fn store_deref(m: &mut Machine, i: Instr) -> bool {
    if cell(m, i).is_none() {
        return false;
    }
    let value = m.pop_slot();
    let old = cell(m, i).and_then(|cell| cell.replace(value));
    m.discard(old);
    true
}

pub fn delete_deref(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    match cell(m, i) {
        Some(cell) if cell.get().is_some() => {
            cell.set(None);
            Ok(())
        }
        _ => Err(unbound_free(vm, m, i)),
    }
}

pub fn make_cell(m: &mut Machine, i: Instr) {
    let old = m.local(i.c as usize).replace(CellObj::new_value(None));
    drop(old);
}

fn free_name(m: &Machine, i: Instr) -> Ref<Str> {
    let source = &m.code().source;
    let name = source.free_name(i.c - source.nlocals);
    match name {
        Some(name) => crate::objects::str_::intern::intern(&crate::objects::code::text(name)),
        None => crate::objects::str_::intern::empty(),
    }
}

/// The class body's namespace first, then the cell.
pub fn load_classderef(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = free_name(m, i);
    if let Some(namespace) = m.frame().namespace.clone()
        && let Some(value) = mapping_get(vm, &namespace, &name)?
    {
        m.push(value);
        return Ok(());
    }
    load_deref_any(vm, m, i)
}

/// mapping -- value
pub fn load_from_dict_or_deref(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let mapping = m.pop();
    let name = free_name(m, i);
    match mapping_get(vm, &mapping, &name)? {
        Some(value) => {
            m.push(value);
            Ok(())
        }
        None => load_deref_any(vm, m, i),
    }
}

/// mapping -- value
pub fn load_from_dict_or_globals(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let mapping = m.pop();
    let name = m.name(i.c).clone();
    let value = match mapping_get(vm, &mapping, &name)? {
        Some(value) => value,
        None => global_or_builtin(vm, m, &name)?,
    };
    m.push(value);
    Ok(())
}

/// -- namespace
pub fn load_locals(vm: &Vm, m: &mut Machine) -> Done {
    match namespace_of(m) {
        Some(namespace) => {
            m.push(namespace);
            Ok(())
        }
        None => Err(vm.system_error("no locals found")),
    }
}

/// Makes `__annotations__` in the namespace if it is not there.
pub fn setup_annotations(vm: &Vm, m: &mut Machine) -> Done {
    let Some(namespace) = namespace_of(m) else {
        return Err(vm.system_error("no locals found when setting up annotations"));
    };
    let name = &vm.names().__annotations__;
    if mapping_get(vm, &namespace, name)?.is_none() {
        object::set_item(vm, &namespace, &name.to_value(), Dict::new_ref().into())?;
    }
    Ok(())
}

/// annotation --
pub fn store_annotation(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let annotation = m.pop();
    let name = m.name(i.c).clone();
    let Some(namespace) = namespace_of(m) else {
        return Err(vm.system_error("no locals found when storing annotation"));
    };
    match mapping_get(vm, &namespace, &vm.names().__annotations__)? {
        Some(dict) => object::set_item(vm, &dict, &name.to_value(), annotation),
        None => Err(vm.name_error(&vm.names().__annotations__)),
    }
}
