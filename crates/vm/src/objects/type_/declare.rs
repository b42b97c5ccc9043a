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

fn parts(
    d: &Declaration,
    layout: &'static TypeCell,
    size: usize,
    base: Option<Ref<Type>>,
) -> Parts {
    let mut flags = TypeFlags::IMMUTABLE | d.flags;
    flags.set(TypeFlags::BASE_TYPE, d.base_type);
    flags.set(TypeFlags::NO_NEW, d.no_new);
    let inherited = base.as_ref().is_some_and(|b| b.attrs_offset != 0);
    let attrs_offset = if d.has_dict || inherited { size } else { 0 };
    Parts {
        name: shown_name(d.module, d.name),
        qualname: d.name.into(),
        layout,
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
    fn early_parts<T: Declared>() -> Type {
        Type::from_parts(parts(&T::DECLARATION, T::cell(), size_of::<Obj<T>>(), None))
    }
    let type_ = alloc::bootstrap_type(early_parts::<Type>(), None);
    Type::cell().publish(type_);
    let metatype = Type::cell().get();
    fn early<T: Declared>(metatype: &Obj<Type>) {
        T::cell().publish(alloc::bootstrap_type(early_parts::<T>(), Some(metatype)));
    }
    early::<Object>(metatype);
    early::<Str>(metatype);
    early::<Dict>(metatype);
    early::<Tuple>(metatype);
    let object = Object::cell().get();
    for cell in [Type::cell(), Object::cell(), Str::cell(), Dict::cell(), Tuple::cell()] {
        let ty = cell.get();
        if !std::ptr::eq(ty, object) {
            ty.base.replace(Some(object.to_ref()));
            ty.bases.with_mut(|b| b.push(object.to_ref()));
        }
    }
}

/// Makes a type object and publishes it; its methods come with [`ready`].
pub(crate) fn create<T: Declared>() {
    create_of(T::cell(), &T::DECLARATION, size_of::<Obj<T>>());
}

fn create_of(cell: &'static TypeCell, d: &Declaration, size: usize) {
    if cell.is_ready() {
        return;
    }
    let base = match (d.base)() {
        Some(cell) => cell.get().to_ref(),
        None => crate::objects::object::Object::cell().get().to_ref(),
    };
    let parts = parts(d, cell, size, Some(base));
    cell.publish(Ref::with_type(Type::from_parts(parts), Type::cell().get()));
}

/// Gives a created type its MRO, slots and methods. Its bases are ready.
pub(crate) fn ready<T: Declared + Methods>() {
    ready_of(T::cell(), &T::OWN);
}

fn is_ready(cell: &TypeCell) -> bool {
    cell.is_ready() && !cell.get().mro.with(Vec::is_empty)
}

fn ready_of(cell: &'static TypeCell, own: &'static Own) {
    if !is_ready(cell) {
        finish(cell.get(), own);
    }
}

/// A built-in type, made on first use (types of modules).
pub fn type_object<T: Declared + Methods>() -> &'static Obj<Type> {
    type_object_of(T::cell(), &T::OWN, size_of::<Obj<T>>())
}

fn type_object_of(cell: &'static TypeCell, own: &'static Own, size: usize) -> &'static Obj<Type> {
    if !is_ready(cell) {
        (own.declaration.make_base)();
        create_of(cell, &own.declaration, size);
        ready_of(cell, own);
    }
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

/// What a native type brings along: its slots and the content of its dict.
struct Own {
    declaration: Declaration,
    methods: &'static [NativeDef],
    getset: &'static [GetSetDef],
    fill_slots: fn(&Slots),
    /// The last word on the slots.
    adjust: fn(&Slots),
    /// Which methods and attributes there are.
    keep: fn(&str) -> bool,
    more_methods: &'static [NativeDef],
    more_getset: &'static [&'static [GetSetDef]],
}

/// A type's own part, as it is declared.
trait HasOwn {
    const OWN: Own;
}

impl<T: Declared + Methods> HasOwn for T {
    const OWN: Own = Own::of::<T>(T::DECLARATION);
}

impl Own {
    const fn of<M: Methods>(declaration: Declaration) -> Own {
        Own {
            declaration,
            methods: M::METHODS,
            getset: M::GETSET,
            fill_slots: M::fill_slots,
            adjust: |_| (),
            keep: |_| true,
            more_methods: &[],
            more_getset: &[],
        }
    }

    fn fill(&self, slots: &Slots) {
        (self.fill_slots)(slots);
        (self.adjust)(slots);
    }
}

/// What a type's dict will hold. It is filled when somebody first looks into it ([`Type::dict`]): a
/// program uses few of the native types, and fewer of them by name.
#[derive(Clone, Copy)]
pub(crate) struct Pending {
    own: Option<(&'static Obj<Type>, &'static Own)>,
    doc: &'static str,
    module: &'static str,
}

impl Pending {
    /// About how many names there will be.
    pub(crate) fn size(&self) -> usize {
        self.own.map_or(2, |(_, own)| own.methods.len() + own.getset.len() + 8)
    }

    pub(crate) fn fill(&self, dict: &Dict) {
        let mut getset: &'static [GetSetDef] = &[];
        if let Some((ty, own)) = self.own {
            getset = own.getset;
            Pending::put_own(ty, own, dict);
        }
        let has = |name| getset.iter().any(|g| g.name == name);
        if !has("__doc__") {
            let doc = match self.doc {
                "" => Value::NONE,
                doc => Ref::<Str>::from_str(doc).into(),
            };
            put(dict, "__doc__", doc);
        }
        if self.module != "builtins" && !has("__module__") {
            put(dict, "__module__", intern_str(self.module).into());
        }
        if let Some((ty, own)) = self.own {
            for def in own.more_getset.iter().copied().flatten() {
                put(dict, def.name, attribute(def, ty));
            }
            for def in own.more_methods {
                put(dict, def.name, MethodDescr::new_value(def, ty));
            }
        }
    }

    fn put_own(ty: &'static Obj<Type>, own: &Own, dict: &Dict) {
        // The type's own slots hold inherited ones as well.
        let slots = Slots::default();
        own.fill(&slots);
        for def in SLOT_DEFS.iter().filter(|def| def.is_filled(&slots)) {
            let name = intern_str(def.name);
            if dict.get_str(&name).is_none() {
                drop(dict.insert_str(&name, WrapperDescr::new_value(def, ty)));
            }
        }
        for def in own.methods.iter().filter(|m| (own.keep)(m.name)) {
            let descr: Value = match def.flavour {
                Flavour::Static => crate::objects::descr::static_native(def, ty),
                _ => MethodDescr::new_value(def, ty),
            };
            put(dict, def.name, descr);
        }
        for def in own.getset.iter().filter(|g| (own.keep)(g.name)) {
            put(dict, def.name, attribute(def, ty));
        }
        if own.declaration.has_dict && !own.getset.iter().any(|g| g.name == "__dict__") {
            let all = crate::objects::descr::instance_dict_defs();
            for def in all.iter().filter(|def| def.name == "__dict__") {
                put(dict, def.name, attribute(def, ty));
            }
        }
        if slots.new.get().is_some() && !own.declaration.no_new {
            put(dict, "__new__", crate::objects::slot_wrapper::new_wrapper(ty));
        }
        if slots.hash.get().is_none() && slots.richcompare.get().is_some() {
            put(dict, "__hash__", Value::NONE);
        }
    }
}

/// Everything about a native type but its layout.
fn finish(ty: &'static Obj<Type>, own: &'static Own) {
    own.fill(&ty.slots);
    let d = &own.declaration;
    let mut mro = vec![ty.to_ref()];
    if let Some(base) = ty.base() {
        mro.extend(base.mro());
        base.add_subclass(ty);
    }
    ty.mro.replace(mro);
    if ty.slots.hash.get().is_none() && ty.slots.richcompare.get().is_some() {
        ty.slots.hash.set(Some(super::generic::not_hashable));
    }
    ty.doc.set(d.doc);
    ty.signature.set(d.signature);
    if let Some(base) = ty.base() {
        let mut inherited = TypeFlags::SEQUENCE | TypeFlags::MAPPING;
        inherited.set(TypeFlags::METHOD_DESCRIPTOR, ty.slots.descr_get.get().is_none());
        ty.flags.set(ty.flags.get() | (base.flags.get() & inherited));
        ty.slots.inherit(&base.slots);
    }
    if d.no_new {
        ty.slots.new.set(None);
    }
    ty.fill_later(Pending { own: Some((ty, own)), doc: d.doc, module: d.module });
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
    module: &'static str,
    doc: &'static str,
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
    ty.fill_later(Pending { own: None, doc, module });
    for (i, (name, access)) in fields.iter().enumerate() {
        let name = intern_str(name);
        let member = match access {
            Access::Absent => MemberDescr::slot(&name, &ty, offset_of(i)),
            _ => MemberDescr::field(&name, &ty, offset_of(i), *access == Access::ReadOnly),
        };
        drop(ty.dict().insert_str(&name, member));
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
    keep: fn(&str) -> bool,
) -> &'static Obj<Type> {
    twin_type_with::<T>(name, Twin { keep, ..Twin::default() })
}

/// How a twin differs from its original.
pub(crate) struct Twin {
    /// Which of the original's methods and attributes it has.
    pub keep: fn(&str) -> bool,
    /// The last word on the slots.
    pub adjust: fn(&Slots),
    /// Methods and attributes of its own.
    pub methods: &'static [NativeDef],
    pub getset: &'static [&'static [GetSetDef]],
}

impl Default for Twin {
    fn default() -> Twin {
        Twin { keep: |_| true, adjust: |_| (), methods: &[], getset: &[] }
    }
}

/// A twin with differences.
pub(crate) fn twin_type_with<T: Declared + Methods>(
    name: &'static str,
    twin: Twin,
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
    let ty = crate::object::reference::leak(ty);
    let own = Own {
        adjust: twin.adjust,
        keep: twin.keep,
        more_methods: twin.methods,
        more_getset: twin.getset,
        ..Own::of::<T>(Declaration { name, ..T::DECLARATION })
    };
    finish(ty, Box::leak(Box::new(own)));
    ty
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
    let (ty, places) = extended(&d, base, members);
    for (name, place) in members.iter().zip(places) {
        drop(ty.dict().insert_str(&intern_str(name), place));
    }
    finish(ty, Box::leak(Box::new(Own::of::<M>(d))));
    ty
}

/// The same with one place that does not show: its member is returned.
pub(crate) fn extend_type_hiding<M: Methods>(
    d: Declaration,
    base: &'static Obj<Type>,
    name: &str,
) -> (&'static Obj<Type>, Value) {
    let (ty, mut places) = extended(&d, base, &[name]);
    finish(ty, Box::leak(Box::new(Own::of::<M>(d))));
    (ty, places.pop().unwrap_or(Value::NONE))
}

fn extended(
    d: &Declaration,
    base: &'static Obj<Type>,
    members: &[&str],
) -> (&'static Obj<Type>, Vec<Value>) {
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
    let ty = crate::object::reference::leak(ty);
    let place = |(i, name): (usize, &&str)| {
        MemberDescr::field(&intern_str(name), ty, (first + 8 * i) as u32, false)
    };
    (ty, members.iter().enumerate().map(place).collect())
}

/// A built-in exception class of a module, with several bases.
pub fn exception_subclass(
    vm: &Vm,
    name: &str,
    module: &'static str,
    bases: &[&Obj<Type>],
) -> Value {
    let all = bases.iter().map(|b| b.to_ref()).collect();
    let first = bases.first().copied().unwrap_or(&vm.exceptions().exception);
    derive_type(name, module, "", first, all, &[]).into()
}
