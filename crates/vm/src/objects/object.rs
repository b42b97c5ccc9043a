//! `object`: what every type inherits, and the generic attribute protocol.
//!
//! CPython's counterpart: `object_methods` in `Objects/typeobject.c`, `PyObject_GenericGetAttr`.

#![expect(unsafe_code, reason = "finds the attributes of an instance behind its payload")]

use crate::object::attrs::Attrs;
use crate::object::{GcHead, Obj, ObjHead, Payload, Ref};
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::module::Module;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeFlags, slots};
use crate::protocol::compare::CmpOp;
use crate::protocol::{call, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::hash::hash_pointer;
use crate::runtime::names::special_name;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// The base class of the class hierarchy.
///
/// When called, it accepts no arguments and returns a new featureless
/// instance that has no instance attributes and cannot be given any.
#[pyclass(name = "object", base_type, sig = "()")]
pub struct Object {}

/// The attributes of an instance whose type gives it some.
#[inline]
pub fn attrs_of(object: &Value) -> Option<(&Attrs, &GcHead, &ObjHead)> {
    let head = object.head()?;
    let offset = head.ty().attrs_offset;
    if offset == 0 {
        return None;
    }
    // SAFETY: the type says that its instances have `Attrs` at this offset.
    let attrs = unsafe { &*(head as *const ObjHead as *const u8).add(offset).cast::<Attrs>() };
    Some((attrs, head.gc_unchecked(), head))
}

/// A name's value in the instance itself.
#[inline]
pub fn instance_value(object: &Value, name: &Ref<Str>) -> Option<Value> {
    let own = attrs_of(object).and_then(|(attrs, ..)| attrs.get(name));
    // A module's names are attributes for `object.__getattribute__` too.
    own.or_else(|| object.downcast::<Module>()?.dict().get_str(name))
}

/// `obj.__dict__`, made if need be.
pub fn instance_dict(object: &Value) -> Option<Ref<Dict>> {
    let (attrs, gc, _) = attrs_of(object)?;
    Some(attrs.to_dict(gc).to_ref())
}

/// Is `__dict__` of the type's instances nothing but their attributes?
pub fn has_plain_dict(vm: &Vm, ty: &Obj<Type>) -> bool {
    let found = ty.lookup(&vm.names().__dict__);
    found.is_some_and(|descr| crate::objects::descr::is_instance_dict(&descr))
}

/// Does attribute lookup on this type follow the generic rules?
#[inline]
pub fn has_generic_getattr(ty: &Type) -> bool {
    let generic: slots::GetAttr = generic_getattr;
    ty.slots.getattro.get().is_some_and(|f| std::ptr::fn_addr_eq(f, generic))
}
pub fn has_generic_setattr(ty: &Type) -> bool {
    let generic: slots::SetAttr = generic_setattr;
    ty.slots.setattro.get().is_some_and(|f| std::ptr::fn_addr_eq(f, generic))
}

/// Data descriptors of the type, then the instance, then the rest of the type.
pub fn generic_getattr(vm: &Vm, object: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
    let ty = object.ty();
    let found = ty.lookup(name);
    let mut getter = None;
    if let Some(descr) = &found {
        getter = descr.ty().slots.descr_get.get();
        if let Some(get) = getter
            && descr.ty().slots.descr_set.get().is_some()
        {
            return get(vm, descr, Some(object), Some(&ty.to_value())).map(Some);
        }
    }
    let own = match attrs_of(object).and_then(|(attrs, ..)| attrs.dict()) {
        Some(dict) => dict.get_name(vm, name)?,
        None => instance_value(object, name),
    };
    if own.is_some() {
        return Ok(own);
    }
    match (found, getter) {
        (Some(descr), Some(get)) => get(vm, &descr, Some(object), Some(&ty.to_value())).map(Some),
        (found, _) => Ok(found),
    }
}

/// Data descriptors of the type, then the instance.
pub fn generic_setattr(
    vm: &Vm,
    object: &Value,
    name: &Ref<Str>,
    value: Option<Value>,
) -> PyResult<()> {
    let ty = object.ty();
    let found = ty.lookup(name);
    if let Some(descr) = &found
        && let Some(set) = descr.ty().slots.descr_set.get()
    {
        return set(vm, descr, object, value);
    }
    match (attrs_of(object), value) {
        (Some((attrs, gc, _)), Some(value)) => {
            drop(attrs.set(gc, ty, name, value));
            Ok(())
        }
        (Some((attrs, gc, _)), None) => match attrs.delete(gc, name) {
            Some(old) => {
                drop(old);
                Ok(())
            }
            None => Err(vm.no_attribute(object, name)),
        },
        (None, value) if object.downcast::<Module>().is_some() => {
            match Module::cell().get().slots.setattro.get() {
                Some(set) => set(vm, object, name, value),
                None => Err(no_setting(vm, object, name, found.is_some(), value.is_some())),
            }
        }
        (None, value) => Err(no_setting(vm, object, name, found.is_some(), value.is_some())),
    }
}

#[cold]
fn no_setting(
    vm: &Vm,
    object: &Value,
    name: &Str,
    found: bool,
    _setting: bool,
) -> crate::runtime::errors::Exc {
    let ty = object.ty().name();
    let exc = if found {
        vm.attribute_error(format!("'{ty}' object attribute '{name}' is read-only"))
    } else {
        vm.attribute_error(format!(
            "'{ty}' object has no attribute '{name}' and no __dict__ for setting new attributes"
        ))
    };
    exc.0.set_field(vm, "name", vm.str(&name.to_string()));
    exc.0.set_field(vm, "obj", object.clone());
    exc
}

/// A fresh instance of a class that adds nothing to `object` but attributes and slots.
pub fn allocate_instance(vm: &Vm, ty: &Obj<Type>) -> PyResult {
    if ty.has_flag(TypeFlags::ABSTRACT) {
        return Err(abstract_error(vm, ty)?);
    }
    Ok(Ref::with_type(Object {}, ty).into())
}

#[cold]
fn abstract_error(vm: &Vm, ty: &Obj<Type>) -> PyResult<crate::runtime::errors::Exc> {
    let methods = ty.abstract_methods.get().unwrap_or(Value::NONE);
    let mut names = Vec::new();
    for name in crate::protocol::iter::collect(vm, &methods)? {
        names.push(object::str(vm, &name)?.to_string());
    }
    names.sort();
    let list = names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ");
    Ok(vm.type_error(format!(
        "Can't instantiate abstract class {} without an implementation for abstract method{} {list}",
        ty.name(),
        if names.len() == 1 { "" } else { "s" }
    )))
}

/// Is this the slot of `object.__init__`?
pub fn is_object_init(init: slots::Init) -> bool {
    Object::cell().get().slots.init.get().is_some_and(|plain| std::ptr::fn_addr_eq(init, plain))
}

impl Obj<Type> {
    /// Are instances made by `object.__new__`?
    pub fn has_object_new(&self) -> bool {
        let plain: slots::New = Object::slot_new;
        self.slots.new.get().is_some_and(|f| std::ptr::fn_addr_eq(f, plain))
    }

    /// Are instances made by `object.__new__`, through `type.__call__`?
    pub fn has_plain_new(&self, vm: &Vm) -> bool {
        let plain_new: slots::New = Object::slot_new;
        let plain_call: slots::Call = super::type_::methods::type_call;
        let _ = vm;
        self.slots.new.get().is_some_and(|f| std::ptr::fn_addr_eq(f, plain_new))
            && self.ty().slots.call.get().is_some_and(|f| std::ptr::fn_addr_eq(f, plain_call))
    }
}

fn overrides_new(ty: &Type) -> bool {
    let plain: slots::New = Object::slot_new;
    ty.slots.new.get().is_none_or(|f| !std::ptr::fn_addr_eq(f, plain))
}

fn overrides_init(ty: &Type) -> bool {
    let Some(plain) = Object::cell().get().slots.init.get() else { return false };
    ty.slots.init.get().is_none_or(|f| !std::ptr::fn_addr_eq(f, plain))
}

/// `object.__init__`: takes nothing, unless exactly one of `__new__` and `__init__` is overridden.
pub fn object_init(vm: &Vm, zelf: &Value, args: CallArgs<'_>) -> PyResult<()> {
    if args.is_empty() {
        return Ok(());
    }
    let ty = zelf.ty();
    if overrides_init(ty) {
        return Err(vm.type_error(
            "object.__init__() takes exactly one argument (the instance to initialize)",
        ));
    }
    if !overrides_new(ty) {
        return Err(vm.type_error(format!(
            "{}.__init__() takes exactly one argument (the instance to initialize)",
            ty.name()
        )));
    }
    Ok(())
}

#[pymethods]
impl Object {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if !args.is_empty() {
            if overrides_new(ty) {
                return Err(vm.type_error(
                    "object.__new__() takes exactly one argument (the type to instantiate)",
                ));
            }
            if !overrides_init(ty) {
                return Err(vm.type_error(format!("{}() takes no arguments", ty.name())));
            }
        }
        if !std::ptr::eq(ty.layout(), Object::cell()) {
            return Err(vm.type_error(format!(
                "object.__new__({0}) is not safe, use {0}.__new__()",
                ty.name()
            )));
        }
        allocate_instance(vm, ty)
    }

    #[slot]
    fn init(zelf: &Value, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        object_init(vm, zelf, args)
    }

    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(vm.default_repr(zelf).into())
    }

    #[slot]
    fn str(zelf: &Value, vm: &Vm) -> PyResult {
        object::repr(vm, zelf).map(Value::from)
    }

    #[slot]
    fn hash(zelf: &Value, _vm: &Vm) -> PyResult<i64> {
        Ok(hash_pointer(zelf.bits() as usize))
    }

    #[slot]
    fn richcompare(zelf: &Value, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        match op {
            CmpOp::Eq if zelf.is(other) => Ok(Value::TRUE),
            CmpOp::Ne => {
                // The inverse of `==`, as far as that knows.
                let Some(compare) = zelf.ty().slots.richcompare.get() else {
                    return Ok(Value::NOT_IMPLEMENTED);
                };
                let equal = compare(vm, zelf, other, CmpOp::Eq)?;
                if equal.is_not_implemented() {
                    return Ok(equal);
                }
                Ok(Value::bool(!object::is_true(vm, &equal)?))
            }
            _ => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    #[slot]
    fn getattro(zelf: &Value, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        generic_getattr(vm, zelf, name)
    }

    #[slot]
    fn setattro(zelf: &Value, vm: &Vm, name: &Ref<Str>, value: Option<Value>) -> PyResult<()> {
        generic_setattr(vm, zelf, name, value)
    }

    /// the object's class
    #[getter(name = "__class__")]
    fn class(zelf: &Value, _vm: &Vm) -> Value {
        zelf.ty().to_value()
    }

    #[setter(name = "__class__")]
    fn set_class(zelf: &Value, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(vm.type_error("can't delete __class__ attribute"));
        };
        let Some(new) = value.downcast::<Type>() else {
            return Err(vm.type_error(format!(
                "__class__ must be set to a class, not '{}' object",
                value.ty().name()
            )));
        };
        let old = zelf.ty();
        let changeable = |t: &Type| {
            t.has_flag(TypeFlags::HEAP) || std::ptr::eq(t.layout(), super::module::Module::cell())
        };
        if !changeable(new) || !changeable(old) {
            return Err(vm.type_error(
                "__class__ assignment only supported for mutable types or ModuleType subclasses",
            ));
        }
        let same = std::ptr::eq(new.layout(), old.layout())
            && new.basic_size == old.basic_size
            && new.attrs_offset == old.attrs_offset
            && new.slot_offsets == old.slot_offsets
            && (new.slot_offsets.is_empty() || members(new) == members(old))
            && same_layout_base(new, old)
            && super::weakref::has_weak_references(new) == super::weakref::has_weak_references(old)
            && new.collectable == old.collectable;
        let Some(head) = zelf.head() else { return Ok(()) };
        if !same {
            return Err(vm.type_error(format!(
                "__class__ assignment: '{}' object layout differs from '{}'",
                new.name(),
                old.name()
            )));
        }
        // Shapes belong to a type: the instance continues with a dict.
        if let Some((attrs, gc, _)) = attrs_of(zelf) {
            attrs.to_dict(gc);
        }
        head.set_type(new);
        Ok(())
    }

    /// Default object formatter.
    ///
    /// Return str(self) if format_spec is empty. Raise TypeError otherwise.
    #[pymethod]
    fn __format__(zelf: &Value, vm: &Vm, format_spec: &Obj<Str>) -> PyResult<Ref<Str>> {
        if !format_spec.is_empty() {
            return Err(vm.type_error(format!(
                "unsupported format string passed to {}.__format__",
                zelf.ty().name()
            )));
        }
        object::str(vm, zelf)
    }

    /// Default dir() implementation.
    #[pymethod]
    fn __dir__(zelf: &Value, vm: &Vm) -> PyResult {
        let names = Dict::new_ref();
        if let Some(dict) = object::lookup_attr(vm, zelf, &vm.names().__dict__)?
            && let Some(dict) = dict.downcast::<Dict>()
        {
            names.merge(vm, dict)?;
        }
        let class = object::lookup_attr(vm, zelf, &vm.names().__class__)?;
        if let Some(class) = class.as_ref().and_then(|c| c.downcast::<Type>()) {
            super::type_::methods::collect_names(vm, class, &names)?;
        }
        Ok(List::from_vec(names.keys_vec()).into())
    }

    /// Size of object in memory, in bytes.
    #[pymethod]
    fn __sizeof__(zelf: &Value, _vm: &Vm) -> usize {
        match zelf.head() {
            Some(head) => head.ty().basic_size,
            None => 8,
        }
    }

    /// Helper for pickle.
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult {
        reduce(vm, zelf, 0)
    }

    /// Helper for pickle.
    #[pymethod]
    fn __reduce_ex__(zelf: &Value, vm: &Vm, protocol: isize) -> PyResult {
        let reduce_name = &vm.names().__reduce__;
        let plain = Object::cell().get().lookup(reduce_name);
        let own = zelf.ty().lookup(reduce_name);
        if let (Some(plain), Some(own)) = (plain, own)
            && !plain.is(&own)
        {
            return object::call_method(vm, zelf, reduce_name, &[]);
        }
        reduce(vm, zelf, protocol)
    }

    /// Helper for pickle.
    #[pymethod]
    fn __getstate__(zelf: &Value, vm: &Vm) -> PyResult {
        default_state(vm, zelf)
    }

    /// Abstract classes can override this to customize issubclass().
    #[classmethod]
    fn __subclasshook__(_cls: &Value, _vm: &Vm, _object: &Value) -> Value {
        Value::NOT_IMPLEMENTED
    }

    /// This method is called when a class is subclassed.
    #[classmethod]
    fn __init_subclass__(_cls: &Value, _vm: &Vm) {}
}

/// The class that last added something to what lies in instances.
fn layout_owner(ty: &Obj<Type>) -> Ref<Type> {
    let mut at = ty.to_ref();
    while let Some(base) = at.base() {
        let adds = at.basic_size != base.basic_size
            || super::weakref::has_weak_references(&at)
                != super::weakref::has_weak_references(&base);
        if adds {
            break;
        }
        at = base;
    }
    at
}

/// Do two classes have their layout from one class, or add the same to one?
fn same_layout_base(a: &Obj<Type>, b: &Obj<Type>) -> bool {
    let (a, b) = (layout_owner(a), layout_owner(b));
    a.same(&b)
        || match (a.base(), b.base()) {
            (Some(a), Some(b)) => a.same(&b),
            _ => false,
        }
}

/// The members that `__slots__` on the MRO give instances, by place.
fn members(ty: &Obj<Type>) -> std::collections::BTreeMap<u32, String> {
    let mut all = std::collections::BTreeMap::new();
    for class in ty.mro() {
        for (name, value) in class.dict().items_vec() {
            if let Some(member) = value.downcast::<super::descr::MemberDescr>()
                && let Some(offset) = member.offset_for(ty)
                && let Some(name) = name.downcast::<Str>()
            {
                all.insert(offset, name.to_string());
            }
        }
    }
    all
}

/// `copyreg`'s helpers do the work, as in CPython.
fn reduce(vm: &Vm, zelf: &Value, protocol: isize) -> PyResult {
    let copyreg = match vm.modules().get_str(&vm.names().copyreg) {
        Some(known) if !known.is_none() => known,
        _ => crate::runtime::import_::import_module(vm, "copyreg")?,
    };
    if protocol >= 2 {
        let class = zelf.ty().to_value();
        let names = vm.names();
        let args = match object::call_special(vm, zelf, &names.__getnewargs_ex__, &[])? {
            Some(pair) => {
                let Some(pair) = pair.downcast::<Tuple>() else {
                    return Err(vm.type_error(format!(
                        "__getnewargs_ex__ should return a tuple, not '{}'",
                        pair.ty().name()
                    )));
                };
                let [args, kwargs] = pair.items() else {
                    return Err(vm.value_error(format!(
                        "__getnewargs_ex__ should return a tuple of length 2, not {}",
                        pair.len()
                    )));
                };
                let of_wrong_type = |item: &str, must: &str, value: &Value| {
                    vm.type_error(format!(
                        "{item} item of the tuple returned by __getnewargs_ex__ must be a {must}, not '{}'",
                        value.ty().name()
                    ))
                };
                if args.downcast::<Tuple>().is_none() {
                    return Err(of_wrong_type("first", "tuple", args));
                }
                let Some(keywords) = kwargs.downcast::<Dict>() else {
                    return Err(of_wrong_type("second", "dict", kwargs));
                };
                if !keywords.is_empty() {
                    let function = object::get_attr_str(vm, &copyreg, "__newobj_ex__")?;
                    let call_args = vec![class, args.clone(), kwargs.clone()];
                    return finish_reduce(vm, zelf, function, call_args);
                }
                crate::protocol::iter::collect(vm, args)?
            }
            None => match object::call_special(vm, zelf, &names.__getnewargs__, &[])? {
                Some(args) => {
                    if args.downcast::<Tuple>().is_none() {
                        return Err(vm.type_error(format!(
                            "__getnewargs__ should return a tuple, not '{}'",
                            args.ty().name()
                        )));
                    }
                    crate::protocol::iter::collect(vm, &args)?
                }
                None => Vec::new(),
            },
        };
        let function = object::get_attr(vm, &copyreg, &special_name!("__newobj__"))?;
        let mut call_args = vec![class];
        call_args.extend(args);
        let remade = call_args.len() > 1;
        check_state(vm, zelf, remade)?;
        return finish_reduce(vm, zelf, function, call_args);
    }
    let function = object::get_attr_str(vm, &copyreg, "_reduce_ex")?;
    call::call(vm, &function, &[zelf.clone(), Value::int_unchecked(protocol as i64)])
}

/// Refuses instances of built-in types whose inside neither constructor arguments nor a state of
/// their own bring back.
fn check_state(vm: &Vm, zelf: &Value, remade: bool) -> PyResult<()> {
    let ty = zelf.ty();
    let plain = ty.layout().size <= size_of::<Obj<Object>>();
    if plain || remade || zelf.downcast::<List>().is_some() || zelf.downcast::<Dict>().is_some() {
        return Ok(());
    }
    let name = &vm.names().__getstate__;
    match (ty.lookup(name), Object::cell().get().lookup(name)) {
        (Some(own), Some(default)) if own.is(&default) => {
            Err(vm.type_error(format!("cannot pickle '{}' object", ty.name())))
        }
        _ => Ok(()),
    }
}

fn finish_reduce(vm: &Vm, zelf: &Value, function: Value, args: Vec<Value>) -> PyResult {
    let state = object::call_method(vm, zelf, &vm.names().__getstate__, &[])?;
    let list_items = if zelf.downcast::<List>().is_some() {
        crate::protocol::iter::iter(vm, zelf)?
    } else {
        Value::NONE
    };
    let dict_items = if zelf.downcast::<Dict>().is_some() {
        let items = object::call_method(vm, zelf, &vm.names().items, &[])?;
        crate::protocol::iter::iter(vm, &items)?
    } else {
        Value::NONE
    };
    let parts = vec![function, Tuple::from_vec(args).into(), state, list_items, dict_items];
    Ok(Tuple::from_vec(parts).into())
}

/// The instance's dict, or `(dict, slots)` if the class has `__slots__`.
fn default_state(vm: &Vm, zelf: &Value) -> PyResult {
    let dict = match attrs_of(zelf) {
        Some((attrs, _, _)) if !attrs.is_empty() => {
            let copy = Dict::new_ref();
            for (key, value) in attrs.items() {
                copy.insert(vm, &key, value)?;
            }
            copy.into()
        }
        _ => Value::NONE,
    };
    let slots = Dict::new_ref();
    // The names that `copyreg` found, or somebody else said there are.
    if let Some(names) = zelf.ty().dict().get_str(&vm.intern("__slotnames__"))
        && let Some(names) = names.downcast::<List>()
    {
        let mut i = 0;
        while let Some(name) = names.get(i) {
            let text = object::attribute_name(vm, &name)?;
            if let Some(value) = object::lookup_attr(vm, zelf, &text)? {
                slots.insert(vm, &name, value)?;
            }
            i += 1;
        }
        return Ok(match slots.is_empty() {
            true => dict,
            false => Tuple::from_vec(vec![dict, slots.into()]).into(),
        });
    }
    let mro = if zelf.ty().slot_offsets.is_empty() { Vec::new() } else { zelf.ty().mro() };
    for ty in mro {
        for (name, value) in ty.dict().items_vec() {
            if let Some(member) = value.downcast::<super::descr::MemberDescr>()
                && member.offset_for(zelf.ty()).is_some()
                && let Some(content) = member.get_from(zelf)
            {
                slots.insert(vm, &name, content)?;
            }
        }
    }
    if slots.is_empty() {
        return Ok(dict);
    }
    Ok(Tuple::from_vec(vec![dict, slots.into()]).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, with_vm};

    #[test]
    fn attributes_are_found_where_the_type_says() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
class Plain: pass
class Slots: __slots__ = 'a', 'b', 'c'
class Both(Slots): pass
class Text(str): pass
class Fixed(str): __slots__ = ()
class Error(Exception): pass
def f(): pass
",
            );
            let with = ["Plain()", "Both()", "Text('abc')", "Error()", "f", "Exception()"];
            for source in with {
                let object = session.eval(source);
                let (attrs, gc, head) = attrs_of(&object).expect(source);
                assert!(attrs.get(&vm.intern("not there")).is_none(), "{source}");
                assert!(std::ptr::eq(head, object.head().expect("an object")));
                assert!(std::ptr::eq(gc, head.gc_unchecked()));
                attrs.set(gc, object.ty(), &vm.intern("there"), Value::TRUE);
                assert!(instance_value(&object, &vm.intern("there")).is_some_and(|v| v.is_true()));
                assert!(instance_dict(&object).is_some_and(|dict| dict.len() == 1), "{source}");
            }
            let without =
                ["Slots()", "Fixed('a')", "object()", "1", "None", "1 << 99", "[]", "''", "()"];
            for source in without {
                let object = session.eval(source);
                assert!(
                    attrs_of(&object).is_none() && instance_dict(&object).is_none(),
                    "{source}"
                );
            }
        });
    }
}
