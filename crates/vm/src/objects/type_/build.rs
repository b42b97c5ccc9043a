//! Classes made at run time: `type(name, bases, dict)`, `__build_class__`'s last step.
//!
//! CPython's counterpart: `type_new` in `Objects/typeobject.c`.

use super::slots::{SLOT_DEFS, SlotDef};
use super::{Parts, Type, TypeFlags, generic, mro};
use crate::object::attrs::Attrs;
use crate::object::{Obj, Payload, Ref};
use crate::objects::bytes::Bytes;
use crate::objects::cell::CellObj;
use crate::objects::classmethod;
use crate::objects::descr::{self, MemberDescr};
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::int::IntObj;
use crate::objects::module::Module;
use crate::objects::slot_wrapper;
use crate::objects::str_::{Str, intern};
use crate::objects::tuple::Tuple;
use crate::objects::weakref;
use crate::protocol::{call, iter, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use hashbrown::HashMap;
use rapidhash::fast::RandomState;
use std::sync::OnceLock;

/// The most derived metaclass of some bases.
pub fn metaclass_of(vm: &Vm, start: &Obj<Type>, bases: &[Value]) -> PyResult<Ref<Type>> {
    let mut winner = start.to_ref();
    for base in bases {
        let candidate = base.ty();
        if winner.is_subtype(candidate) {
            continue;
        }
        if candidate.is_subtype(&winner) {
            winner = candidate.to_ref();
            continue;
        }
        return Err(vm.type_error(
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases",
        ));
    }
    Ok(winner)
}

/// How a base extends what it inherits: the solid base decides the layout. A payload that adds
/// nothing to its base's (`_io._RawIOBase`) is in nobody's way.
fn solid_base(ty: &Obj<Type>) -> Ref<Type> {
    let mut at = ty.to_ref();
    while let Some(base) = at.base() {
        let extends = at.layout().size != base.layout().size
            || at.slot_offsets.len() != base.slot_offsets.len();
        if extends {
            return at;
        }
        at = base;
    }
    at
}

fn best_base(vm: &Vm, bases: &[Ref<Type>]) -> PyResult<Ref<Type>> {
    let mut winner: Option<(Ref<Type>, Ref<Type>)> = None;
    for base in bases {
        if !base.has_flag(TypeFlags::BASE_TYPE) {
            return Err(
                vm.type_error(format!("type '{}' is not an acceptable base type", base.name()))
            );
        }
        let solid = solid_base(base);
        winner = match winner {
            None => Some((base.clone(), solid)),
            Some((b, s)) if s.is_subtype(&solid) => Some((b, s)),
            Some((_, s)) if solid.is_subtype(&s) => Some((base.clone(), solid)),
            Some(_) => {
                return Err(vm.type_error("multiple bases have instance lay-out conflict"));
            }
        };
    }
    match winner {
        Some((base, _)) => Ok(base),
        None => Err(vm.type_error("a class needs a base")),
    }
}

/// Makes a class. `metatype` is final; `namespace` is copied.
pub fn make_class(
    vm: &Vm,
    metatype: &Obj<Type>,
    name: &Obj<Str>,
    bases: &[Value],
    namespace: &Obj<Dict>,
    kwargs: CallArgs<'_>,
) -> PyResult<Ref<Type>> {
    let names = vm.names();
    let object_type = vm.type_of::<crate::objects::object::Object>();
    let bases: Vec<Ref<Type>> = if bases.is_empty() {
        vec![object_type.to_ref()]
    } else {
        bases
            .iter()
            .map(|b| b.clone().into_ref().map_err(|_| vm.type_error("bases must be types")))
            .collect::<PyResult<_>>()?
    };
    let base = best_base(vm, &bases)?;
    // One with an order of its own gives its items in that.
    let dict = if namespace.is_exact() {
        namespace.copy()
    } else {
        let copy = Dict::new_ref();
        crate::objects::dict::methods::update_from(vm, &copy, &namespace.to_value())?;
        copy
    };
    if let Some(doc) = dict.get_str(&names.__doc__).as_ref().and_then(|d| d.downcast::<Str>())
        && doc.to_utf8().is_none()
    {
        return Err(vm.surrogate_error(doc));
    }
    let Some(text) = name.to_utf8() else { return Err(vm.surrogate_error(name)) };
    if text.contains('\0') {
        return Err(vm.value_error("type name must not contain null characters"));
    }
    if dict.keys_vec().iter().any(|key| key.downcast::<Str>().is_none()) {
        let message = format!("non-string key in the __dict__ of class {text}");
        vm.warn(&vm.exceptions().runtime_warning, &message, 1)?;
    }
    let qualname = match dict.remove_str(&names.__qualname__) {
        Some(value) => match value.downcast::<Str>() {
            Some(q) => q.to_string(),
            None => {
                return Err(vm.type_error(format!(
                    "type __qualname__ must be a str, not {}",
                    value.ty().name()
                )));
            }
        },
        None => text.clone(),
    };
    // Layout: the base's, then a dict if none is inherited, then the new slots.
    let slots = dict.get_str(&names.__slots__);
    let has_attrs = base.attrs_offset != 0;
    // Types and modules have a dict of their own.
    let own_dict =
        base.is_subtype(Type::type_object()) || std::ptr::eq(base.layout(), Module::cell());
    let may_attrs = !has_attrs && !own_dict;
    let mut members: Vec<Ref<Str>> = Vec::new();
    let mut wants_dict = slots.is_none();
    let has_weak = weakref::has_weak_references(&base);
    // Of native types it is not known whether they have it in CPython.
    let may_weak = !base.has_flag(TypeFlags::WEAKREF) && !is_variable_sized(&base);
    let mut wants_weak = slots.is_none();
    if let Some(slots) = &slots {
        let listed = if slots.downcast::<Str>().is_some() {
            vec![slots.clone()]
        } else {
            iter::collect(vm, slots)?
        };
        for slot in listed {
            let slot_name = slot_name(vm, &slot, &text)?;
            if slot_name.is_str("__dict__") {
                if has_attrs || wants_dict {
                    return Err(vm.type_error("__dict__ slot disallowed: we already got one"));
                }
                wants_dict = true;
            } else if slot_name.is_str("__weakref__") {
                if !may_weak || wants_weak {
                    return Err(vm.type_error("__weakref__ slot disallowed: we already got one"));
                }
                wants_weak = true;
            } else {
                if dict.get_str(&slot_name).is_some()
                    && !matches!(
                        slot_name.as_ascii(),
                        Some("__qualname__" | "__classcell__" | "__classdictcell__")
                    )
                {
                    return Err(vm.value_error(format!(
                        "{} in __slots__ conflicts with class variable",
                        object::repr(vm, &slot_name.to_value())?
                    )));
                }
                members.push(slot_name);
            }
        }
        // In one order, so that classes with the same members have the same layout.
        members = members.iter().map(|name| mangle(name, &text)).collect();
        members.sort_by_cached_key(ToString::to_string);
        if !members.is_empty() && is_variable_sized(&base) {
            return Err(vm.type_error(format!(
                "nonempty __slots__ not supported for subtype of '{}'",
                base.name()
            )));
        }
    }
    let inherits_attrs_elsewhere = bases.iter().any(|b| b.attrs_offset != 0);
    let add_attrs = may_attrs && (wants_dict || inherits_attrs_elsewhere);
    let weak_elsewhere = bases.iter().any(|b| weakref::has_weak_references(b));
    let add_weak = may_weak && (wants_weak || weak_elsewhere);
    let mut size = base.basic_size;
    let mut attrs_offset = base.attrs_offset;
    if add_attrs {
        attrs_offset = size;
        size += size_of::<Attrs>();
    }
    let mut slot_offsets = base.slot_offsets.to_vec();
    let first_member = size;
    for i in 0..members.len() {
        slot_offsets.push((first_member + 8 * i) as u32);
    }
    size += 8 * members.len();
    let mut flags = TypeFlags::HEAP | TypeFlags::BASE_TYPE;
    if has_weak || add_weak {
        flags |= TypeFlags::WEAKREF;
    }
    let cell = dict.remove_str(&names.__classcell__);
    let class_dict_cell = dict.remove_str(&names.__classdictcell__);
    let ty = Ref::with_type(
        Type::from_parts(Parts {
            name: text.into(),
            qualname: qualname.into(),
            layout: base.layout(),
            base: Some(base.clone()),
            bases: bases.clone(),
            basic_size: size,
            attrs_offset,
            slot_offsets: slot_offsets.into(),
            flags,
        }),
        metatype,
    );
    ty.set_dict(dict.clone());
    // A metaclass's `mro()` may call methods that ask for it. The class has no order until then.
    if let Some(cell) = &cell {
        match cell.downcast::<CellObj>() {
            Some(cell) => cell.set(Some(ty.to_value())),
            None => {
                return Err(vm.type_error(format!(
                    "__classcell__ must be a nonlocal cell, not {}",
                    object::repr(vm, &cell.ty().to_value())?
                )));
            }
        }
    }
    let order = custom_mro(vm, metatype, &ty, &bases)?;
    ty.mro.replace(order);
    // A sequence or a mapping, whichever comes first.
    let kinds = |base: &Ref<Type>| base.flags.get() & (TypeFlags::SEQUENCE | TypeFlags::MAPPING);
    if let Some(kind) = ty.mro().iter().skip(1).map(kinds).find(|kind| !kind.is_empty()) {
        ty.flags.set(ty.flags.get() | kind);
    }
    for base in &bases {
        base.add_subclass(&ty);
    }
    for (i, name) in members.iter().enumerate() {
        let offset = (first_member + 8 * i) as u32;
        drop(dict.insert_str(name, MemberDescr::slot(name, &ty, offset)));
    }
    set_module(vm, &dict);
    if dict.get_str(&names.__doc__).is_none() {
        drop(dict.insert_str(&names.__doc__, Value::NONE));
    }
    // Methods that are class or static methods without being told so.
    if let Some(f) = dict.get_str(&names.__new__)
        && f.is_exact::<Function>()
    {
        drop(dict.insert_str(&names.__new__, classmethod::StaticMethod::new_value(f)));
    }
    for name in [&names.__init_subclass__, &names.__class_getitem__] {
        if let Some(f) = dict.get_str(name)
            && f.is_exact::<Function>()
        {
            drop(dict.insert_str(name, classmethod::ClassMethod::new_value(f)));
        }
    }
    if dict.get_str(&names.__eq__).is_some() && dict.get_str(&names.__hash__).is_none() {
        drop(dict.insert_str(&names.__hash__, Value::NONE));
    }
    if add_attrs || add_weak {
        for def in descr::instance_dict_defs() {
            let name = vm.intern(def.name);
            let wanted = if def.name == "__dict__" { add_attrs } else { add_weak };
            if wanted && dict.get_str(&name).is_none() {
                drop(dict.insert_str(&name, descr::GetSetDescr::new_value(def, &ty)));
            }
        }
    }
    update_slots(vm, &ty);
    if let Some(cell) = class_dict_cell.as_ref().and_then(|c| c.downcast::<CellObj>()) {
        cell.set(Some(dict.to_value()));
    }
    ty.modified();
    call_set_name(vm, &ty)?;
    call_init_subclass(vm, &ty, kwargs)?;
    Ok(ty)
}

/// Objects with items behind them have no room for further members.
fn is_variable_sized(base: &Obj<Type>) -> bool {
    let layout = base.layout();
    [Tuple::cell(), IntObj::cell(), Bytes::cell()].iter().any(|cell| std::ptr::eq(layout, *cell))
}

fn slot_name(vm: &Vm, slot: &Value, _class: &str) -> PyResult<Ref<Str>> {
    let Some(text) = slot.downcast::<Str>() else {
        return Err(
            vm.type_error(format!("__slots__ items must be strings, not '{}'", slot.ty().name()))
        );
    };
    let mut points = text.code_points();
    let good = points.next().is_some_and(|c| c == 0x5f || adder_unicode::is_xid_start(c))
        && points.all(adder_unicode::is_xid_continue);
    if !good {
        return Err(vm.type_error("__slots__ must be identifiers"));
    }
    Ok(intern::intern(&text.to_ref()))
}

/// `__name` in class `C` is `_C__name`.
fn mangle(name: &Ref<Str>, class: &str) -> Ref<Str> {
    let text = name.to_string();
    let class = class.trim_start_matches('_');
    if !text.starts_with("__") || text.ends_with("__") || text.contains('.') || class.is_empty() {
        return name.clone();
    }
    intern::intern_str(&format!("_{class}{text}"))
}

fn custom_mro(
    vm: &Vm,
    metatype: &Obj<Type>,
    ty: &Ref<Type>,
    bases: &[Ref<Type>],
) -> PyResult<super::Mro> {
    let order = mro::compute(vm, ty, bases);
    let plain = Type::type_object().lookup(&vm.names().mro);
    match (metatype.lookup(&vm.names().mro), plain) {
        (Some(own), Some(plain)) if !own.is(&plain) => {
            let result = call::call(vm, &own, &[ty.to_value()])?;
            iter::collect(vm, &result)?
                .into_iter()
                .map(|t| {
                    t.into_ref().map_err(|t| {
                        vm.type_error(format!("mro() returned a non-class ('{}')", t.ty().name()))
                    })
                })
                .collect()
        }
        _ => order,
    }
}

fn set_module(vm: &Vm, dict: &Obj<Dict>) {
    let names = vm.names();
    if dict.get_str(&names.__module__).is_some() {
        return;
    }
    let globals = crate::objects::frame::current_globals(vm);
    if let Some(module) = globals.and_then(|g| g.get_str(&names.__name__)) {
        drop(dict.insert_str(&names.__module__, module));
    }
}

/// The slots that a name stands for: `__add__` is a number's and a sequence's.
fn slots_named(name: &str) -> &'static [&'static SlotDef] {
    type Table = HashMap<&'static str, Vec<&'static SlotDef>, RandomState>;
    static BY_NAME: OnceLock<Table> = OnceLock::new();
    let table = BY_NAME.get_or_init(|| {
        let mut table = Table::with_capacity_and_hasher(SLOT_DEFS.len(), RandomState::default());
        for def in SLOT_DEFS {
            table.entry(def.name).or_default().push(def);
        }
        table
    });
    table.get(name).map_or(&[], Vec::as_slice)
}

/// The slots are the base's but for the names in the class's own dict, and in those of the classes on
/// its MRO that the base does not have. False, and nothing done, if that is not so simple: the base's
/// MRO is not part of the class's, or a native method stands under one of these names.
fn update_own_slots(ty: &Obj<Type>) -> bool {
    let Some(base) = ty.base() else { return false };
    let (mro, of_base) = (ty.mro(), base.mro());
    let mut shared = of_base.iter().peekable();
    // The class itself is the first of them.
    let others: Vec<&Ref<Type>> =
        mro.iter().filter(|class| shared.next_if(|next| next.same(class)).is_none()).collect();
    if shared.next().is_some() {
        return false;
    }
    let mut own: Vec<&SlotDef> = Vec::new();
    for class in &others {
        for (name, value) in class.dict().items_vec() {
            let Some(name) = name.downcast::<Str>() else { continue };
            let Some(text) = name.as_ascii().filter(|text| text.starts_with("__")) else {
                continue;
            };
            let named = slots_named(text);
            if named.is_empty() {
                continue;
            }
            let is_native = |value: &Value| slot_wrapper::wrapper_owner(value).is_some();
            // The base may have the name, too, and come first.
            let found = if others.len() > 1 { ty.lookup_owner(name) } else { None };
            if is_native(&value) || found.is_some_and(|(_, found)| is_native(&found)) {
                return false;
            }
            own.extend(named);
        }
    }
    ty.slots.inherit(&base.slots);
    for class in others.iter().skip(1) {
        ty.slots.inherit(&class.slots);
    }
    for def in own {
        (def.generic)(&ty.slots);
    }
    true
}

/// Any class: the bases' slots in MRO order, then the names on the MRO decide.
fn update_all_slots(ty: &Obj<Type>) {
    if let Some(base) = ty.base() {
        ty.slots.inherit(&base.slots);
    }
    for base in ty.mro().iter().skip(1) {
        ty.slots.inherit(&base.slots);
    }
    let mut waiting: Vec<&SlotDef> = Vec::new();
    for def in SLOT_DEFS {
        let name = intern::intern_str(def.name);
        let Some((owner, found)) = ty.lookup_owner(&name) else { continue };
        match slot_wrapper::wrapper_owner(&found) {
            // A native method: the slot of the type that declares it.
            Some(source) => {
                let own_slot_agrees =
                    std::ptr::eq::<Obj<Type>>(&*owner, &*source) || source.is_subtype(&owner);
                if own_slot_agrees {
                    slot_wrapper::copy_slot(&found, &ty.slots);
                } else {
                    waiting.push(def);
                }
            }
            None => waiting.push(def),
        }
    }
    // Python methods win over what was copied: a slot has several names (`__lt__`, `__eq__`).
    for def in waiting {
        (def.generic)(&ty.slots);
    }
}

/// Recomputes the slots of a class from its dict and its bases.
pub fn update_slots(vm: &Vm, ty: &Obj<Type>) {
    for def in SLOT_DEFS {
        (def.reset)(&ty.slots);
    }
    if !update_own_slots(ty) {
        update_all_slots(ty);
    }
    let names = vm.names();
    if ty.lookup(&names.__hash__).is_some_and(|h| h.is_none()) {
        ty.slots.hash.set(Some(generic::not_hashable));
    }
    if ty.lookup(&names.__getattr__).is_some() {
        ty.slots.getattro.set(Some(generic::getattro));
    }
    // A native `__new__`, wherever it was taken from, leaves the base's in place: only that knows what
    // lies in an instance.
    match ty.lookup(&names.__new__) {
        Some(new) if !slot_wrapper::is_native_new(&new) => {
            ty.slots.new.set(Some(generic::new));
        }
        _ => ty.slots.new.set(ty.base().and_then(|b| b.slots.new.get())),
    }
}

/// After `Class.name = value`: the slots of the class and of its subclasses.
pub fn slot_changed(vm: &Vm, ty: &Obj<Type>, name: &Str) {
    let relevant = matches!(name.as_ascii(), Some(n) if n.starts_with("__") && n.ends_with("__"));
    if !relevant {
        return;
    }
    update_slots(vm, ty);
    for subclass in ty.subclass_refs() {
        slot_changed(vm, &subclass, name);
    }
}

fn call_set_name(vm: &Vm, ty: &Ref<Type>) -> PyResult<()> {
    let hook = &vm.names().__set_name__;
    // A type that was met last and has no such method. It may get one when another one's is called.
    let mut without: Option<Ref<Type>> = None;
    for (name, value) in ty.dict().items_vec() {
        if without.as_ref().is_some_and(|without| without.same(value.ty())) {
            continue;
        }
        let Some(method) = object::special_method(vm, &value, hook)? else {
            without = Some(value.ty().to_ref());
            continue;
        };
        without = None;
        if let Err(e) = method.call(vm, &value, &[ty.to_value(), name.clone()]) {
            let note = format!(
                "Error calling __set_name__ on '{}' instance {} in '{}'",
                value.ty().name(),
                object::repr(vm, &name)?,
                ty.name()
            );
            e.0.add_note(vm, &note)?;
            return Err(e);
        }
    }
    Ok(())
}

fn call_init_subclass(vm: &Vm, ty: &Ref<Type>, kwargs: CallArgs<'_>) -> PyResult<()> {
    let hook = &vm.names().__init_subclass__;
    let mro = ty.mro();
    if !mro.iter().any(|class| std::ptr::eq::<Obj<Type>>(&**class, &**ty)) {
        let name = ty.name();
        return Err(vm.type_error(format!(
            "super(type, obj): obj (type {name}) is not an instance or subtype of type ({name})."
        )));
    }
    for class in mro.iter().skip(1) {
        if let Some(found) = class.dict().get_str(hook) {
            let bound = match found.ty().slots.descr_get.get() {
                Some(get) => get(vm, &found, None, Some(&ty.to_value()))?,
                None => found,
            };
            call::call_args(vm, &bound, kwargs)?;
            return Ok(());
        }
    }
    Ok(())
}

/// `Class.__bases__ = bases`
pub fn set_bases(vm: &Vm, ty: &Obj<Type>, value: Option<Value>) -> PyResult<()> {
    let name = ty.name();
    if ty.has_flag(TypeFlags::IMMUTABLE) {
        return Err(
            vm.type_error(format!("cannot set '__bases__' attribute of immutable type '{name}'"))
        );
    }
    let Some(value) = value else {
        return Err(vm.type_error(format!("cannot delete '__bases__' attribute of type '{name}'")));
    };
    let Some(tuple) = value.downcast::<Tuple>() else {
        return Err(vm.type_error(format!(
            "can only assign tuple to {name}.__bases__, not {}",
            value.ty().name()
        )));
    };
    if tuple.is_empty() {
        return Err(
            vm.type_error(format!("can only assign non-empty tuple to {name}.__bases__, not ()"))
        );
    }
    let mut bases: Vec<Ref<Type>> = Vec::new();
    for base in tuple.items() {
        match base.clone().into_ref::<Type>() {
            Ok(base) if base.is_subtype(ty) || extends(&base, ty) => {
                return Err(vm.type_error("a __bases__ item causes an inheritance cycle"));
            }
            Ok(base) => bases.push(base),
            Err(other) => {
                return Err(vm.type_error(format!(
                    "{name}.__bases__ must be tuple of classes, not '{}'",
                    other.ty().name()
                )));
            }
        }
    }
    let best = best_base(vm, &bases)?;
    let old_base = ty.base();
    let same_layout = |a: &Type, b: &Type| {
        std::ptr::eq(a.layout(), b.layout())
            && a.basic_size == b.basic_size
            && a.attrs_offset == b.attrs_offset
    };
    if !old_base.as_ref().is_some_and(|old| same_layout(old, &best)) {
        return Err(vm.type_error(format!(
            "__bases__ assignment: '{}' object layout differs from '{}'",
            best.name(),
            old_base.map(|b| b.name()).unwrap_or_default()
        )));
    }
    // A `mro()` of a metaclass may come back here, so that everything is in place before it is asked,
    // and goes back where it was if that fails.
    let old_bases = ty.bases.replace(bases.clone());
    let old_base = ty.base.replace(Some(best));
    let ours = |ty: &Obj<Type>| {
        let now = ty.bases.get();
        now.len() == bases.len()
            && now.iter().zip(&bases).all(|(a, b)| std::ptr::eq::<Obj<Type>>(&**a, &**b))
    };
    let mut old_orders = Vec::new();
    if let Err(e) = new_orders(vm, &ty.to_ref(), &mut old_orders) {
        if ours(ty) {
            for (class, order) in old_orders.into_iter().rev() {
                drop(class.mro.replace(order));
                class.modified();
            }
            drop((ty.bases.replace(old_bases), ty.base.replace(old_base)));
        }
        return Err(e);
    }
    if ours(ty) {
        for old in &old_bases {
            old.remove_subclass(ty.head().address());
        }
        for base in &bases {
            base.add_subclass(ty);
        }
        refresh_slots(vm, ty);
    }
    Ok(())
}

/// Does the chain of first bases lead to a class? The order of a class being changed may not tell yet.
fn extends(class: &Obj<Type>, ancestor: &Obj<Type>) -> bool {
    let mut at = class.base();
    while let Some(base) = at {
        if std::ptr::eq::<Obj<Type>>(&*base, ancestor) {
            return true;
        }
        at = base.base();
    }
    false
}

/// New orders for a class whose bases changed and all below it; the old ones are kept.
fn new_orders(vm: &Vm, ty: &Ref<Type>, old: &mut Vec<(Ref<Type>, super::Mro)>) -> PyResult<()> {
    let metatype = ty.ty().to_ref();
    old.push((ty.clone(), ty.mro()));
    let order = custom_mro(vm, &metatype, ty, &ty.bases.get())?;
    drop(ty.mro.replace(order));
    ty.modified();
    for subclass in ty.subclass_refs() {
        new_orders(vm, &subclass, old)?;
    }
    Ok(())
}

/// The slots of a class whose order changed, and of all below it.
fn refresh_slots(vm: &Vm, ty: &Obj<Type>) {
    update_slots(vm, ty);
    for subclass in ty.subclass_refs() {
        refresh_slots(vm, &subclass);
    }
}
