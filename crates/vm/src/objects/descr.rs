//! Descriptors: what a type's dict holds for methods written in Rust, members and computed attributes.
//! Slots as methods are in `slot_wrapper.rs`, `classmethod` and `staticmethod` in `classmethod.rs`.
//!
//! CPython's counterpart: `Objects/descrobject.c`.

#![expect(unsafe_code, reason = "members lie at offsets inside their objects")]

use crate::object::{Obj, ObjHead, Ref};
use crate::objects::builtin_function::BuiltinFunction;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::str_::Str;
use crate::objects::str_::intern::intern_str;
use crate::objects::type_::{Type, TypeFlags};
use crate::runtime::args::{CallArgs, Flavour, GetSetDef, NativeDef, call_native};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// The type's name by which a native method was found on a receiver.
pub(crate) fn owner_name(receiver: &Value, def: &NativeDef) -> String {
    for ty in receiver.ty().mro() {
        let found =
            ty.dict().items_vec().into_iter().any(|(_, v)| {
                v.downcast::<MethodDescr>().is_some_and(|d| std::ptr::eq(d.def, def))
            });
        if found {
            return ty.short_name().into();
        }
    }
    receiver.ty().short_name().into()
}

/// Refuses instances of other types: `descriptor 'x' for 'T' objects doesn't apply to ...`.
pub(crate) fn check_receiver(
    vm: &Vm,
    name: &str,
    owner: &Obj<Type>,
    object: &Value,
) -> PyResult<()> {
    if object.ty().is_subtype(owner) {
        return Ok(());
    }
    Err(vm.type_error(format!(
        "descriptor '{name}' for '{}' objects doesn't apply to a '{}' object",
        owner.name(),
        object.ty().name()
    )))
}

fn needs_argument(vm: &Vm, name: &str, owner: &Obj<Type>) -> crate::runtime::errors::Exc {
    vm.type_error(format!("unbound method {}.{name}() needs an argument", owner.short_name()))
}

// ---- methods written in Rust ----

/// A native method of a type.
#[pyclass(name = "method_descriptor", no_new, vectorcall, method_descriptor)]
pub struct MethodDescr {
    #[notrace]
    pub(crate) def: &'static NativeDef,
    #[notrace]
    owner: &'static Obj<Type>,
}

impl MethodDescr {
    pub(crate) fn new_value(def: &'static NativeDef, owner: &'static Obj<Type>) -> Value {
        if def.flavour == Flavour::Class {
            return Ref::new(ClassMethodDescr { def, owner }).into();
        }
        Ref::new(MethodDescr { def, owner }).into()
    }

    pub fn def(&self) -> &'static NativeDef {
        self.def
    }
    /// The type whose method it is.
    pub fn owner(&self) -> &'static Obj<Type> {
        self.owner
    }
    /// Is this a receiver for the method?
    #[inline(always)]
    pub fn applies_to(&self, receiver: &Value) -> bool {
        receiver.ty().is_subtype(self.owner)
    }

    /// Calls with the receiver as first argument.
    pub fn call(&self, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        match args.args().first() {
            Some(receiver) => check_receiver(vm, self.def.name, self.owner, receiver)?,
            None => return Err(needs_argument(vm, self.def.name, self.owner)),
        }
        call_native(vm, self.def, None, args)
    }
}

#[pymethods]
impl MethodDescr {
    #[slot]
    fn call(zelf: &Obj<MethodDescr>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        MethodDescr::call(zelf, vm, args)
    }

    #[slot]
    fn descr_get(
        zelf: &Obj<MethodDescr>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        match object {
            Some(object) => {
                check_receiver(vm, zelf.def.name, zelf.owner, object)?;
                Ok(BuiltinFunction::bound(zelf.def, object.clone()))
            }
            None => Ok(zelf.to_value()),
        }
    }

    #[slot]
    fn repr(zelf: &Obj<MethodDescr>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!("<method '{}' of '{}' objects>", zelf.def.name, zelf.owner.name())))
    }

    #[getter(name = "__name__", member)]
    fn name(zelf: &Obj<MethodDescr>, _vm: &Vm) -> &'static str {
        zelf.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<MethodDescr>, _vm: &Vm) -> String {
        format!("{}.{}", zelf.owner.short_name(), zelf.def.name)
    }
    #[getter(name = "__objclass__", member)]
    fn objclass(zelf: &Obj<MethodDescr>, _vm: &Vm) -> Value {
        zelf.owner.to_value()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<MethodDescr>, _vm: &Vm) -> &'static str {
        zelf.def.doc
    }
    #[getter(name = "__text_signature__")]
    fn text_signature(zelf: &Obj<MethodDescr>, _vm: &Vm) -> String {
        zelf.def.shown_signature()
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<MethodDescr>, vm: &Vm) -> PyResult<(Value, (Value, &'static str))> {
        Ok((builtin(vm, "getattr")?, (zelf.owner.to_value(), zelf.def.name)))
    }
}

/// A name in the built-ins of the code that runs. Finding it may run Python code.
pub fn builtin(vm: &Vm, name: &str) -> PyResult {
    let builtins = super::frame::current_builtins(vm).unwrap_or_else(|| vm.builtins().clone());
    let found = super::dict::foreign::get(vm, &builtins, name)?;
    found.ok_or_else(|| vm.attribute_error(name.to_string()))
}

/// A native class method of a type.
#[pyclass(name = "classmethod_descriptor", no_new)]
pub struct ClassMethodDescr {
    #[notrace]
    def: &'static NativeDef,
    #[notrace]
    owner: &'static Obj<Type>,
}

#[pymethods]
impl ClassMethodDescr {
    #[slot]
    fn call(zelf: &Obj<ClassMethodDescr>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        call_native(vm, zelf.def, None, args)
    }

    #[slot]
    fn descr_get(
        zelf: &Obj<ClassMethodDescr>,
        _vm: &Vm,
        object: Option<&Value>,
        ty: Option<&Value>,
    ) -> PyResult {
        let class = match (ty, object) {
            (Some(ty), _) if !ty.is_none() => ty.clone(),
            (_, Some(object)) => object.ty().to_value(),
            _ => zelf.owner.to_value(),
        };
        Ok(BuiltinFunction::bound(zelf.def, class))
    }

    #[slot]
    fn repr(zelf: &Obj<ClassMethodDescr>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!("<method '{}' of '{}' objects>", zelf.def.name, zelf.owner.name())))
    }
    #[getter(name = "__name__", member)]
    fn name(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> &'static str {
        zelf.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> String {
        format!("{}.{}", zelf.owner.short_name(), zelf.def.name)
    }
    #[getter(name = "__objclass__", member)]
    fn objclass(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> Value {
        zelf.owner.to_value()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> &'static str {
        zelf.def.doc
    }
    #[getter(name = "__text_signature__")]
    fn text_signature(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> String {
        zelf.def.shown_signature()
    }
}

/// A native static method, as the type's dict holds it.
pub(crate) fn static_native(def: &'static NativeDef, ty: &'static Obj<Type>) -> Value {
    super::classmethod::StaticMethod::new_value(BuiltinFunction::plain(def, Some(ty.to_value())))
}

// ---- computed attributes and members ----

/// An attribute computed by Rust code.
#[pyclass(name = "getset_descriptor", no_new)]
pub struct GetSetDescr {
    #[notrace]
    def: &'static GetSetDef,
    owner: Value,
}

impl GetSetDescr {
    pub(crate) fn new_value(def: &'static GetSetDef, owner: &Obj<Type>) -> Value {
        Ref::new(GetSetDescr { def, owner: owner.to_value() }).into()
    }
    fn owner(&self) -> Option<&Obj<Type>> {
        self.owner.downcast()
    }
    fn check(&self, vm: &Vm, object: &Value) -> PyResult<()> {
        match self.owner() {
            Some(owner) => check_receiver(vm, self.def.name, owner, object),
            None => Ok(()),
        }
    }
    fn owner_name(&self) -> String {
        self.owner().map(|o| o.short_name().into()).unwrap_or_default()
    }
}

#[pymethods]
impl GetSetDescr {
    #[slot]
    fn descr_get(
        zelf: &Obj<GetSetDescr>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        match object {
            Some(object) => {
                zelf.check(vm, object)?;
                (zelf.def.get)(vm, object)
            }
            None => Ok(zelf.to_value()),
        }
    }
    #[slot]
    fn descr_set(
        zelf: &Obj<GetSetDescr>,
        vm: &Vm,
        object: &Value,
        value: Option<Value>,
    ) -> PyResult<()> {
        zelf.check(vm, object)?;
        match zelf.def.set {
            Some(set) => set(vm, object, value),
            None => Err(vm.attribute_error(format!(
                "attribute '{}' of '{}' objects is not writable",
                zelf.def.name,
                zelf.owner().map(|o| o.name()).unwrap_or_default()
            ))),
        }
    }
    #[slot]
    fn repr(zelf: &Obj<GetSetDescr>, vm: &Vm) -> PyResult {
        let owner = zelf.owner().map(|o| o.name()).unwrap_or_default();
        let name = zelf.def.name;
        Ok(vm.str(&format!("<attribute '{name}' of '{owner}' objects>")))
    }
    #[getter(name = "__name__", member)]
    fn name(zelf: &Obj<GetSetDescr>, _vm: &Vm) -> &'static str {
        zelf.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<GetSetDescr>, _vm: &Vm) -> String {
        format!("{}.{}", zelf.owner_name(), zelf.def.name)
    }
    #[getter(name = "__objclass__", member)]
    fn objclass(zelf: &Obj<GetSetDescr>, _vm: &Vm) -> Value {
        zelf.owner.clone()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<GetSetDescr>, _vm: &Vm) -> Option<&'static str> {
        Some(zelf.def.doc).filter(|d| !d.is_empty())
    }
}

/// Where a member's value is.
enum Place {
    /// One of `__slots__`: nothing until it is set.
    Slot(u32),
    /// A native type's own: None until it is set.
    Field { offset: u32, readonly: bool },
    /// An item of a named record.
    Item(usize),
    /// Inside the payload.
    Payload(&'static GetSetDef),
}

/// An attribute that lies in the instance.
#[pyclass(name = "member_descriptor", no_new)]
pub struct MemberDescr {
    name: Ref<Str>,
    owner: Value,
    #[notrace]
    place: Place,
}

impl MemberDescr {
    fn make(name: &Ref<Str>, owner: &Obj<Type>, place: Place) -> Value {
        Ref::new(MemberDescr { name: name.clone(), owner: owner.to_value(), place }).into()
    }
    /// A member named by `__slots__`.
    pub(crate) fn slot(name: &Ref<Str>, owner: &Obj<Type>, offset: u32) -> Value {
        MemberDescr::make(name, owner, Place::Slot(offset))
    }
    /// A member of a native type beside its payload.
    pub(crate) fn field(name: &Ref<Str>, owner: &Obj<Type>, offset: u32, readonly: bool) -> Value {
        MemberDescr::make(name, owner, Place::Field { offset, readonly })
    }
    /// The attribute that gives one item of a tuple by name.
    pub(crate) fn item(name: &Ref<Str>, owner: &Obj<Type>, index: usize) -> Value {
        MemberDescr::make(name, owner, Place::Item(index))
    }
    /// A member inside a native type's payload.
    pub(crate) fn payload(def: &'static GetSetDef, owner: &Obj<Type>) -> Value {
        MemberDescr::make(&intern_str(def.name), owner, Place::Payload(def))
    }

    fn owner(&self) -> Option<&Obj<Type>> {
        self.owner.downcast()
    }
    /// Which item it gives, if that is what it does.
    pub(crate) fn item_index(&self) -> Option<usize> {
        if let Place::Item(index) = self.place { Some(index) } else { None }
    }

    /// The offset, if this is one of `__slots__` and instances of `ty` have it.
    pub fn offset_for(&self, ty: &Obj<Type>) -> Option<u32> {
        match self.place {
            Place::Slot(offset) if ty.is_subtype(self.owner()?) => Some(offset),
            _ => None,
        }
    }

    /// The value beside the payload of an instance of the owner.
    fn word<'a>(&self, object: &'a Value) -> Option<&'a mut Option<Value>> {
        let (Place::Slot(offset) | Place::Field { offset, .. }) = self.place else { return None };
        let head = object.head()?;
        if !head.ty().is_subtype(self.owner()?) {
            return None;
        }
        // SAFETY: instances of the owner have an optional value at this offset; the borrow ends
        // before anything else can look.
        Some(unsafe {
            &mut *(head as *const ObjHead as *mut u8).add(offset as usize).cast::<Option<Value>>()
        })
    }

    /// The value beside the payload of an instance.
    pub fn get_from(&self, object: &Value) -> Option<Value> {
        self.word(object).and_then(|word| word.clone())
    }
    /// Sets that value, whoever may do so from Python.
    pub(crate) fn set_in(&self, object: &Value, value: Option<Value>) {
        if let Some(word) = self.word(object) {
            drop(std::mem::replace(word, value));
        }
    }

    fn check(&self, vm: &Vm, object: &Value) -> PyResult<()> {
        match self.owner() {
            Some(owner) => check_receiver(vm, &self.name.to_string(), owner, object),
            None => Ok(()),
        }
    }
}

#[pymethods]
impl MemberDescr {
    #[slot]
    fn descr_get(
        zelf: &Obj<MemberDescr>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        let Some(object) = object else { return Ok(zelf.to_value()) };
        zelf.check(vm, object)?;
        let found = match &zelf.place {
            Place::Payload(def) => return (def.get)(vm, object),
            Place::Field { .. } => zelf.get_from(object).or(Some(Value::NONE)),
            Place::Slot(_) => zelf.get_from(object),
            Place::Item(index) => {
                let tuple = object.downcast::<crate::objects::tuple::Tuple>();
                tuple.and_then(|t| t.all_items().get(*index)).cloned()
            }
        };
        found.ok_or_else(|| {
            let name = crate::objects::type_::methods::full_name(vm, object.ty());
            let name = name.strip_prefix("__main__.").unwrap_or(&name);
            vm.attribute_error(format!("'{name}' object has no attribute '{}'", zelf.name))
        })
    }
    #[slot]
    fn descr_set(
        zelf: &Obj<MemberDescr>,
        vm: &Vm,
        object: &Value,
        value: Option<Value>,
    ) -> PyResult<()> {
        zelf.check(vm, object)?;
        match &zelf.place {
            Place::Payload(GetSetDef { set: Some(set), .. }) => set(vm, object, value),
            Place::Slot(_) if value.is_none() && zelf.get_from(object).is_none() => {
                Err(vm.no_attribute(object, &zelf.name))
            }
            Place::Slot(_) | Place::Field { readonly: false, .. } => {
                zelf.set_in(object, value);
                Ok(())
            }
            _ => Err(vm.attribute_error("readonly attribute")),
        }
    }
    #[slot]
    fn repr(zelf: &Obj<MemberDescr>, vm: &Vm) -> PyResult {
        let owner = zelf.owner().map(|t| t.name()).unwrap_or_default();
        Ok(vm.str(&format!("<member '{}' of '{owner}' objects>", zelf.name)))
    }
    #[getter(name = "__name__", member)]
    fn name(zelf: &Obj<MemberDescr>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<MemberDescr>, _vm: &Vm) -> String {
        let owner = zelf.owner().map(|t| t.qualname.get()).unwrap_or_default();
        format!("{owner}.{}", zelf.name)
    }
    #[getter(name = "__objclass__", member)]
    fn objclass(zelf: &Obj<MemberDescr>, _vm: &Vm) -> Value {
        zelf.owner.clone()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<MemberDescr>, _vm: &Vm) -> Option<&'static str> {
        match &zelf.place {
            Place::Payload(def) => Some(def.doc).filter(|doc| !doc.is_empty()),
            _ => None,
        }
    }
}

/// The `__dict__` that a native type gives its instances in a way of its own (types, modules), where a
/// class with an ordinary one comes first on the MRO.
fn native_dict(vm: &Vm, object: &Value) -> Option<Ref<GetSetDescr>> {
    let native = |ty: &Ref<Type>| !ty.has_flag(TypeFlags::HEAP) && ty.attrs_offset == 0;
    let bases = object.ty().mro();
    let found = bases.iter().filter(|ty| native(ty));
    found.filter_map(|ty| ty.dict().get_str(&vm.names().__dict__)?.into_ref().ok()).next()
}

/// Do instances have their attributes from a native type?
fn has_native_attrs(ty: &Obj<Type>) -> bool {
    ty.mro().iter().any(|base| !base.has_flag(TypeFlags::HEAP) && base.attrs_offset != 0)
}

/// `__dict__` and `__weakref__` of instances.
/// Is it the `__dict__` that classes give their instances?
pub(crate) fn is_instance_dict(descr: &Value) -> bool {
    let plain = instance_dict_defs().iter().find(|def| def.name == "__dict__");
    match (descr.downcast::<GetSetDescr>(), plain) {
        (Some(own), Some(plain)) => std::ptr::fn_addr_eq(own.def.get, plain.get),
        _ => false,
    }
}

pub(crate) fn instance_dict_defs() -> &'static [GetSetDef] {
    &[
        GetSetDef {
            name: "__dict__",
            doc: "dictionary for instance variables",
            member: false,
            get: |vm, object| {
                if let Some(dict) = super::object::instance_dict(object) {
                    return Ok(dict.into());
                }
                match native_dict(vm, object) {
                    Some(descr) => (descr.def.get)(vm, object),
                    None => Err(vm.no_attribute(object, &vm.names().__dict__)),
                }
            },
            set: Some(|vm, object, value| {
                let Some((attrs, gc, _)) = super::object::attrs_of(object) else {
                    return Err(match native_dict(vm, object) {
                        Some(_) => vm.attribute_error(format!(
                            "attribute '__dict__' of '{}' objects is not writable",
                            object.ty().name()
                        )),
                        None => vm.no_attribute(object, &vm.names().__dict__),
                    });
                };
                let dict = match value {
                    None if has_native_attrs(object.ty()) => {
                        return Err(vm.type_error("cannot delete __dict__"));
                    }
                    None => Dict::new_ref(),
                    Some(value) => value.into_ref::<Dict>().map_err(|v| {
                        vm.type_error(format!(
                            "__dict__ must be set to a dictionary, not a '{}'",
                            v.ty().name()
                        ))
                    })?,
                };
                drop(attrs.replace_dict(gc, dict));
                Ok(())
            }),
        },
        GetSetDef {
            name: "__weakref__",
            doc: "list of weak references to the object",
            member: false,
            get: |_vm, object| Ok(super::weakref::first_reference(object)),
            set: None,
        },
    ]
}

/// Functions and native methods: what a call may leave unbound.
#[inline]
pub(crate) fn is_unbound_method(found: &Value) -> bool {
    found.is_exact::<Function>() || found.is_exact::<MethodDescr>()
}

/// A native method for a type that is data, not a Rust type. Types are never freed once built in.
pub(crate) fn native_method(def: &'static NativeDef, owner: &Ref<Type>) -> Value {
    // SAFETY: the extra reference taken here is never given back, so the type lives for ever.
    let owner: &'static Obj<Type> = unsafe { &*owner.clone().into_raw().as_ptr() };
    MethodDescr::new_value(def, owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, owners, token, with_vm};

    const CLASSES: &str = "
class Base: __slots__ = 'a', 'b'
class Sub(Base): __slots__ = 'c',
class Wide(Sub): pass
class Other: __slots__ = 'a',
";

    fn member(session: &Session<'_>, source: &str) -> Ref<MemberDescr> {
        session.eval(source).into_ref::<MemberDescr>().expect("a member")
    }

    #[test]
    fn members_lie_at_their_own_places() {
        with_vm(|vm| {
            let session = Session::new(vm, CLASSES);
            let members = ["Base.a", "Base.b", "Sub.c"].map(|source| member(&session, source));
            for class in ["Base", "Sub", "Wide"] {
                let object = session.eval(&format!("{class}()"));
                let values = [token(), token(), token()];
                let own = if class == "Base" { 2 } else { 3 };
                for (member, value) in members.iter().zip(&values) {
                    assert!(member.get_from(&object).is_none());
                    member.set_in(&object, Some(value.clone()));
                }
                for (at, (member, value)) in members.iter().zip(&values).enumerate() {
                    let found = member.get_from(&object);
                    assert_eq!(found.is_some_and(|found| found.is(value)), at < own, "{class}");
                }
                members[0].set_in(&object, None);
                assert_eq!(owners(&values[0]), 1);
                drop(object);
                assert!(values.iter().all(|value| owners(value) == 1));
            }
        });
    }

    #[test]
    fn other_objects_have_no_such_place() {
        with_vm(|vm| {
            let session = Session::new(vm, CLASSES);
            let a = member(&session, "Base.a");
            let value = token();
            let others = ["Other()", "object()", "1", "None", "1.5", "Base", "[]", "''"];
            for other in others.map(|source| session.eval(source)) {
                a.set_in(&other, Some(value.clone()));
                assert!(a.get_from(&other).is_none() && owners(&value) == 1);
            }
            for source in
                ["Base.a.__get__(Other())", "Base.a.__set__(1, 2)", "Base.a.__delete__(Sub)"]
            {
                let raised = session.raises(source);
                assert!(
                    raised.starts_with("TypeError(\"descriptor 'a' for 'Base' objects"),
                    "{raised}"
                );
            }
            assert_eq!(
                session.raises("del Base().b"),
                "AttributeError(\"'Base' object has no attribute 'b'\")"
            );
        });
    }

    #[test]
    fn a_finaliser_finds_the_new_value_in_the_member() {
        with_vm(|vm| {
            let session = Session::new(vm, CLASSES);
            session.exec(
                "
seen = []
class Nosy:
    def __init__(self, owner): self.owner = owner
    def __del__(self):
        seen.append(getattr(self.owner, 'a', None))
        self.owner.a = len(seen)
o = Base()
o.a = Nosy(o)
o.a = 'new'
seen.append(o.a)
o.a = Nosy(o)
del o.a
seen.append(o.a)
Base.a.__set__(o, Nosy(o))
Base.a.__delete__(o)
",
            );
            assert_eq!(session.show("seen, o.a"), "(['new', 1, None, 3, None], 5)");
        });
    }

    #[test]
    fn an_owner_that_is_gone_has_no_instances() {
        with_vm(|vm| {
            let session =
                Session::new(vm, "class Gone: __slots__ = 'a',\nm = Gone.a\no = Gone()\no.a = 1");
            let gone = session.eval("o");
            session.exec("del Gone, o");
            let m = member(&session, "m");
            assert_eq!(m.get_from(&gone).and_then(|v| v.as_small_int()), Some(1));
            drop(gone);
            crate::runtime::gc::collect(vm, 2);
            assert!(m.get_from(&session.eval("object()")).is_none());
            assert!(session.raises("m.__get__(1)").starts_with("TypeError"));
        });
    }

    #[test]
    fn the_owner_of_a_native_method_lives_for_ever() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass");
            let ty = session.get("A").into_ref::<Type>().expect("a type");
            let before = ty.head().refcount();
            let def = session.eval("list.append");
            let def = def.downcast::<MethodDescr>().expect("a method").def();
            let method = native_method(def, &ty);
            assert_eq!(ty.head().refcount(), before + 1);
            assert!(is_unbound_method(&method) && !is_unbound_method(&Value::NONE));
            drop(method);
            assert_eq!(ty.head().refcount(), before + 1);
        });
    }
}
