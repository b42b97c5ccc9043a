//! The end of a run in the stress build (feature `stress`): all that the program made is taken down, and
//! what is there nevertheless is shown. A run ends without that otherwise, since to give memory back piece
//! by piece would be for nobody.
//!
//! What may stay is said in `object/census.rs`. CPython's counterpart: `finalize_modules` in
//! `Python/pylifecycle.c`, and `sys.gettotalrefcount` of its debug build.

use crate::object::census;
use crate::object::{GilCell, ObjHead, Ref, alloc};
use crate::objects::dict::Dict;
use crate::objects::module::Module;
use crate::objects::str_::Str;
use crate::objects::type_::{Type, forget_lookups};
use crate::runtime::vm::Vm;
use crate::runtime::{exit, gc};
use std::collections::BTreeMap;

/// Is this the stress build?
pub const ON: bool = census::ON;

/// The exit status of a program that left something over.
const LEFT_OVER: i32 = 70;

/// What empties the places where native modules keep objects.
static AT_END: GilCell<Vec<fn()>> = GilCell::new(Vec::new());

/// `forget` is to be called at the end: it gives up what a native module keeps for programs, outside of its
/// module object.
pub fn at_end(forget: fn()) {
    if ON {
        AT_END.with(|all| all.push(forget));
    }
}

/// Ends the run: the exit status is `status` if nothing is left over.
pub fn end(vm: &Vm, status: i32) -> i32 {
    // What other threads hold in their frames is theirs until the process ends.
    if vm.interp().threads.with(Vec::len) > 1 {
        return status;
    }
    take_down(vm);
    let (objects, frames) = census::left_over();
    if objects.is_empty() && frames == 0 {
        return status;
    }
    let mut by_type: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    for object in objects {
        let object = alloc::look_at(object);
        let entry = by_type.entry(object.ty().name().into_string()).or_default();
        entry.0 += 1;
        entry.1.push(describe(object));
    }
    if frames > 0 {
        by_type.insert("(frame of a generator)".into(), (frames, Vec::new()));
    }
    for (name, (count, mut examples)) in by_type {
        examples.sort();
        examples.truncate(8);
        eprintln!("left over: {count} {name} {}", examples.join(" "));
    }
    LEFT_OVER
}

/// Which one it is, without running Python code.
fn describe(object: &ObjHead) -> String {
    let value = object.to_value();
    let name = match (value.downcast::<Str>(), value.downcast::<Type>()) {
        (Some(text), _) => format!("{:?}", text.to_string_lossy()),
        (_, Some(ty)) => ty.name().into_string(),
        _ => String::new(),
    };
    format!("[{name} x{}]", object.refcount() - 1)
}

/// Takes down what the program made.
fn take_down(vm: &Vm) {
    exit::clear();
    vm.forget();
    let collect = || while gc::collect(vm, 2) > 0 {};
    // Names that something still refers to go by hand: those that the rest needs come last.
    let mut names: Vec<(bool, Ref<Dict>)> = Vec::new();
    for (name, module) in vm.modules().items_vec() {
        let needed = name.downcast::<Str>().and_then(|name| name.as_ascii());
        let needed = needed.is_some_and(|name| name == "sys" || name == "builtins");
        if let Some(module) = module.downcast::<Module>() {
            names.push((needed, module.dict().to_ref()));
        }
    }
    vm.modules().clear();
    collect();
    for last in [false, true] {
        names.iter().filter(|(needed, _)| *needed == last).for_each(|(_, names)| {
            exit::clear_names(names);
        });
        collect();
    }
    names.iter().for_each(|(_, names)| names.clear());
    drop(names);
    vm.forget();
    collect();
}

impl Vm {
    /// Empties what the machine keeps for programs: hooks, handlers, registries, caches.
    fn forget(&self) {
        drop((self.trace.replace(None), self.profile.replace(None)));
        drop((self.context.take(), self.running_loop.take()));
        let codecs = &self.interp().codecs;
        drop((codecs.search.replace(Vec::new()), codecs.found.replace(Default::default())));
        drop(codecs.errors.replace(Default::default()));
        forget_lookups();
        crate::objects::code::forget_names();
        crate::runtime::prepared::cache::forget();
        crate::builtin_modules::forget();
        for forget in AT_END.with(|all| all.clone()) {
            forget();
        }
    }
}
