//! Built-in types from their declarations: what `#[pyclass]` and `#[pymethods]` emit becomes a type
//! object.

use super::slots::{SLOT_DEFS, Slots};
use super::{Parts, Type, TypeFlags};
use crate::object::attrs::Attrs;
use crate::object::{Obj, Payload, Ref, TypeCell, alloc};
use crate::objects::descr::{GetSetDescr, MemberDescr, MethodDescr};
use crate::objects::dict::Dict;
use crate::objects::slot_wrapper::WrapperDescr;
use crate::objects::str_::Str;
use crate::objects::str_::intern::intern_str;
use crate::runtime::args::{Flavour, GetSetDef, NativeDef};
use crate::runtime::vm::Vm;
use crate::value::Value;

/// What `#[pyclass]` says of a type.
pub struct Declaration {
    pub name: &'static str,
    pub module: &'static str,
    pub doc: &'static str,
    pub signature: Option<&'static str>,
    pub base: fn() -> Option<&'static TypeCell>,
    /// Makes the base's type object, if need be.
    pub make_base: fn(),
    pub base_type: bool,
    pub has_dict: bool,
    pub no_new: bool,
    /// What else is special about it.
    pub flags: TypeFlags,
}

/// Emitted by `#[pyclass]`.
pub trait Declared: Payload {
    const DECLARATION: Declaration;
}

/// Emitted by `#[pymethods]`.
pub trait Methods {
    const METHODS: &'static [NativeDef];
    const GETSET: &'static [GetSetDef];
    fn fill_slots(slots: &Slots);
}

/// What error texts call a type: `collections.deque`, `list`.
fn shown_name(module: &str, name: &str) -> Box<str> {
    if module == "builtins" { name.into() } else { format!("{module}.{name}").into() }
}

fn parts<T: Declared>(base: Option<Ref<Type>>) -> Parts {
    let d = T::DECLARATION;
    let mut flags = TypeFlags::IMMUTABLE | d.flags;
    flags.set(TypeFlags::BASE_TYPE, d.base_type);
    flags.set(TypeFlags::NO_NEW, d.no_new);
    let size = size_of::<Obj<T>>();
    let inherited = base.as_ref().is_some_and(|b| b.attrs_offset != 0);
    let attrs_offset = if d.has_dict || inherited { size } else { 0 };
    Parts {
        name: shown_name(d.module, d.name),
        qualname: d.name.into(),
        layout: T::cell(),
        bases: base.clone().into_iter().collect(),
        base,
        basic_size: size + if attrs_offset != 0 { size_of::<Attrs>() } else { 0 },
        attrs_offset,
        slot_offsets: Box::new([]),
        flags,
    }
}

/// Makes the types that everything else needs before the first ordinary object can exist: `type`,
/// `object`, `str`, `dict`, `tuple`.
pub(crate) fn bootstrap() {
    use crate::objects::{object::Object, tuple::Tuple};
    if Type::cell().is_ready() {
        return;
    }
    let type_ = alloc::bootstrap_type(Type::from_parts(parts::<Type>(None)), None);
    Type::cell().publish(type_);
    let metatype = Type::cell().get();
    fn early<T: Declared>(metatype: &Obj<Type>) {
        T::cell()
            .publish(alloc::bootstrap_type(Type::from_parts(parts::<T>(None)), Some(metatype)));
    }
    early::<Object>(metatype);
    early::<Str>(metatype);
    early::<Dict>(metatype);
    early::<Tuple>(metatype);
    let object = Object::cell().get();
    for cell in [Type::cell(), Object::cell(), Str::cell(), Dict::cell(), Tuple::cell()] {
        let ty = cell.get();
        ty.set_dict(Dict::new_ref());
        if !std::ptr::eq(ty, object) {
            ty.base.replace(Some(object.to_ref()));
            ty.bases.with_mut(|b| b.push(object.to_ref()));
        }
    }
}

/// Makes a type object and publishes it; its methods come with [`ready`].
pub(crate) fn create<T: Declared>() {
    if T::cell().is_ready() {
        return;
    }
    let base = match (T::DECLARATION.base)() {
        Some(cell) => cell.get().to_ref(),
        None => crate::objects::object::Object::cell().get().to_ref(),
    };
    let ty = Ref::with_type(Type::from_parts(parts::<T>(Some(base))), Type::cell().get());
    ty.set_dict(Dict::new_ref());
    T::cell().publish(ty);
}

/// Gives a created type its MRO, slots and methods. Its bases are ready.
pub(crate) fn ready<T: Declared + Methods>() {
    let ty = T::cell().get();
    if !ty.mro.with(Vec::is_empty) {
        return;
    }
    T::fill_slots(&ty.slots);
    finish(ty, T::DECLARATION, T::METHODS, T::GETSET);
}

/// A built-in type, made on first use (types of modules).
pub fn type_object<T: Declared + Methods>() -> &'static Obj<Type> {
    let cell = T::cell();
    if cell.is_ready() && !cell.get().mro.with(Vec::is_empty) {
        return cell.get();
    }
    (T::DECLARATION.make_base)();
    create::<T>();
    ready::<T>();
    cell.get()
}

fn put(dict: &Dict, name: &str, value: Value) {
    drop(dict.insert_str(&intern_str(name), value));
}

fn attribute(def: &'static GetSetDef, ty: &Obj<Type>) -> Value {
    match def.member {
        true => MemberDescr::payload(def, ty),
        false => GetSetDescr::new_value(def, ty),
    }
}

fn finish(
    ty: &'static Obj<Type>,
    d: Declaration,
    methods: &'static [NativeDef],
    getset: &'static [GetSetDef],
) {
    finish_filtered(ty, d, methods, getset, |_| true);
}

fn finish_filtered(
    ty: &'static Obj<Type>,
    d: Declaration,
    methods: &'static [NativeDef],
    getset: &'static [GetSetDef],
    keep: impl Fn(&str) -> bool,
) {
    let mut mro = vec![ty.to_ref()];
    if let Some(base) = ty.base() {
        mro.extend(base.mro());
        base.add_subclass(ty);
    }
    ty.mro.replace(mro);
    let dict = ty.dict();
    add_slot_wrappers(ty);
    for def in methods.iter().filter(|m| keep(m.name)) {
        let descr: Value = match def.flavour {
            Flavour::Static => crate::objects::descr::static_native(def, ty),
            _ => MethodDescr::new_value(def, ty),
        };
        put(dict, def.name, descr);
    }
    for def in getset.iter().filter(|g| keep(g.name)) {
        put(dict, def.name, attribute(def, ty));
    }
    if d.has_dict && !getset.iter().any(|g| g.name == "__dict__") {
        let all = crate::objects::descr::instance_dict_defs();
        for def in all.iter().filter(|def| def.name == "__dict__") {
            put(dict, def.name, GetSetDescr::new_value(def, ty));
        }
    }
    if ty.slots.new.get().is_some() && !d.no_new {
        put(dict, "__new__", crate::objects::slot_wrapper::new_wrapper(ty));
    }
    if ty.slots.hash.get().is_none() && ty.slots.richcompare.get().is_some() {
        put(dict, "__hash__", Value::NONE);
        ty.slots.hash.set(Some(super::generic::not_hashable));
    }
    let doc = if d.doc.is_empty() { Value::NONE } else { Ref::<Str>::from_str(d.doc).into() };
    ty.doc.set(d.doc);
    ty.signature.set(d.signature);
    if !getset.iter().any(|g| g.name == "__doc__") {
        put(dict, "__doc__", doc);
    }
    if d.module != "builtins" && !getset.iter().any(|g| g.name == "__module__") {
        put(dict, "__module__", intern_str(d.module).into());
    }
    if let Some(base) = ty.base() {
        let mut inherited = TypeFlags::SEQUENCE | TypeFlags::MAPPING;
        inherited.set(TypeFlags::METHOD_DESCRIPTOR, ty.slots.descr_get.get().is_none());
        ty.flags.set(ty.flags.get() | (base.flags.get() & inherited));
        ty.slots.inherit(&base.slots);
    }
    if d.no_new {
        ty.slots.new.set(None);
    }
}

/// Enters a slot wrapper for each slot that the type itself fills.
pub(crate) fn add_slot_wrappers(ty: &'static Obj<Type>) {
    let dict = ty.dict();
    for def in SLOT_DEFS {
        if def.is_filled(&ty.slots) {
            let name = intern_str(def.name);
            if dict.get_str(&name).is_none() {
                drop(dict.insert_str(&name, WrapperDescr::new_value(def, ty)));
            }
        }
    }
}

/// Where a value of its own lies in the instances of a type, and whether Python code may set it.
pub(crate) type Field = (&'static str, Access);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Open,
    ReadOnly,
    /// Absent, and not None, until it is set.
    Absent,
}

/// Exception types and others that are data, not Rust types: a type with another type's layout, with
/// places of its own for values behind that.
pub(crate) fn derive_type(
    name: &str,
    module: &str,
    doc: &str,
    base: &Obj<Type>,
    bases: Vec<Ref<Type>>,
    fields: &[Field],
) -> Ref<Type> {
    let offset_of = |i: usize| (base.basic_size + 8 * i) as u32;
    let mut slot_offsets = base.slot_offsets.to_vec();
    slot_offsets.extend((0..fields.len()).map(offset_of));
    let mut flags = TypeFlags::IMMUTABLE | TypeFlags::BASE_TYPE;
    flags.set(TypeFlags::HEAP, false);
    let ty = Ref::with_type(
        Type::from_parts(Parts {
            name: shown_name(module, name),
            qualname: name.into(),
            layout: base.layout(),
            base: Some(base.to_ref()),
            bases: bases.clone(),
            basic_size: base.basic_size + 8 * fields.len(),
            attrs_offset: base.attrs_offset,
            slot_offsets: slot_offsets.into(),
            flags,
        }),
        Type::cell().get(),
    );
    ty.set_dict(Dict::new_ref());
    let mut mro = vec![ty.clone()];
    if let [only] = bases.as_slice() {
        mro.extend(only.mro());
    } else {
        mro.extend(super::mro::merge_simple(&bases));
    }
    ty.mro.replace(mro);
    for base in &bases {
        base.add_subclass(&ty);
    }
    for (i, (name, access)) in fields.iter().enumerate() {
        let name = intern_str(name);
        let member = match access {
            Access::Absent => MemberDescr::slot(&name, &ty, offset_of(i)),
            _ => MemberDescr::field(&name, &ty, offset_of(i), *access == Access::ReadOnly),
        };
        drop(ty.dict().insert_str(&name, member));
    }
    put(
        ty.dict(),
        "__doc__",
        if doc.is_empty() { Value::NONE } else { Ref::<Str>::from_str(doc).into() },
    );
    if module != "builtins" {
        put(ty.dict(), "__module__", intern_str(module).into());
    }
    ty.slots.inherit(&base.slots);
    ty
}

impl Vm {
    /// The type object of a Rust type, made if need be.
    pub fn type_object<T: Declared + Methods>(&self) -> &'static Obj<Type> {
        type_object::<T>()
    }
}

/// A type with `T`'s payload under another name, with those of `T`'s methods and attributes that
/// `keep` wants, and all of its slots.
pub(crate) fn twin_type<T: Declared + Methods>(
    name: &'static str,
    keep: impl Fn(&str) -> bool,
) -> &'static Obj<Type> {
    twin_type_with::<T>(name, keep, |_| ())
}

/// The same, with a last word on the slots.
pub(crate) fn twin_type_with<T: Declared + Methods>(
    name: &'static str,
    keep: impl Fn(&str) -> bool,
    adjust: impl FnOnce(&Type),
) -> &'static Obj<Type> {
    let original = T::cell().get();
    let ty = Ref::with_type(
        Type::from_parts(Parts {
            name: name.into(),
            qualname: name.into(),
            layout: T::cell(),
            base: original.base(),
            bases: original.base().into_iter().collect(),
            basic_size: original.basic_size,
            attrs_offset: original.attrs_offset,
            slot_offsets: original.slot_offsets.clone(),
            flags: original.flags.get(),
        }),
        Type::cell().get(),
    );
    ty.set_dict(Dict::new_ref());
    let ty = crate::object::reference::leak(ty);
    T::fill_slots(&ty.slots);
    adjust(ty);
    finish_filtered(ty, Declaration { name, ..T::DECLARATION }, T::METHODS, T::GETSET, keep);
    ty
}

/// Adds computed attributes to a type that is data.
pub(crate) fn add_attributes(ty: &'static Obj<Type>, getset: &'static [GetSetDef]) {
    for def in getset {
        put(ty.dict(), def.name, attribute(def, ty));
    }
}

/// Adds native methods to a type that is data.
pub(crate) fn add_methods(ty: &'static Obj<Type>, methods: &'static [NativeDef]) {
    for def in methods {
        put(ty.dict(), def.name, MethodDescr::new_value(def, ty));
    }
}

/// A type with the layout of `base` and places of its own for values, with native methods: what a
/// module derives from a built-in type (`defaultdict` from `dict`). `members` names the places;
/// they show as members, and are None until set.
pub fn extend_type<M: Methods>(
    d: Declaration,
    base: &'static Obj<Type>,
    members: &[&str],
) -> &'static Obj<Type> {
    let mut slot_offsets = base.slot_offsets.to_vec();
    let first = base.basic_size;
    slot_offsets.extend((0..members.len()).map(|i| (first + 8 * i) as u32));
    let mut flags = TypeFlags::IMMUTABLE | d.flags;
    flags.set(TypeFlags::BASE_TYPE, d.base_type);
    let mut basic_size = first + 8 * members.len();
    let mut attrs_offset = base.attrs_offset;
    if d.has_dict && attrs_offset == 0 {
        attrs_offset = basic_size;
        basic_size += size_of::<Attrs>();
    }
    let ty = Ref::with_type(
        Type::from_parts(Parts {
            name: shown_name(d.module, d.name),
            qualname: d.name.into(),
            layout: base.layout(),
            base: Some(base.to_ref()),
            bases: vec![base.to_ref()],
            basic_size,
            attrs_offset,
            slot_offsets: slot_offsets.into(),
            flags,
        }),
        Type::cell().get(),
    );
    ty.set_dict(Dict::new_ref());
    let ty = crate::object::reference::leak(ty);
    for (i, name) in members.iter().enumerate() {
        let name = intern_str(name);
        let offset = (first + 8 * i) as u32;
        let member = MemberDescr::field(&name, ty, offset, false);
        drop(ty.dict().insert_str(&name, member));
    }
    M::fill_slots(&ty.slots);
    finish(ty, d, M::METHODS, M::GETSET);
    ty
}

/// A built-in exception class of a module, with several bases.
pub fn exception_subclass(vm: &Vm, name: &str, module: &str, bases: &[&Obj<Type>]) -> Value {
    let all = bases.iter().map(|b| b.to_ref()).collect();
    let first = bases.first().copied().unwrap_or(&vm.exceptions().exception);
    derive_type(name, module, "", first, all, &[]).into()
}
