//! Attributes, with inline caches.
//!
//! `LoadAttr` looks once the slow way and, if it may, becomes one of its specialised forms. A form
//! checks the type's version and, where values lie in the instance, its shape; if a check fails the
//! instruction goes back to `LoadAttr` and learns again.

#![expect(unsafe_code, reason = "reads attribute values at cached places")]

use super::Done;
use crate::object::attrs::Attrs;
use crate::object::shape::Shape;
use crate::object::{Obj, ObjHead, Ref};
use crate::objects::descr::MemberDescr;
use crate::objects::function::Function;
use crate::objects::module::Module;
use crate::objects::object as generic;
use crate::objects::property::Property;
use crate::objects::str_::Str;
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::object;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::cache::{Asked, Cache, MAX_MISSES, Way, known, remember};
use crate::runtime::prepared::{Instr, P};
use crate::runtime::vm::Vm;
use crate::value::Value;

/// The attributes of an instance whose type has them.
#[inline(always)]
pub(super) fn attrs_of<'a>(head: &'a ObjHead, ty: &Type) -> &'a Attrs {
    // SAFETY: the offset is not 0 (checked when the cache was filled, for this version of the
    // type), so the object has `Attrs` there.
    unsafe { &*(head as *const ObjHead as *const u8).add(ty.attrs_offset).cast::<Attrs>() }
}

/// The shape of an instance that hides nothing of its type by an attribute of this name (null if its type
/// has no room for any); `None` if it does, or may.
pub(super) fn shape_without(head: &ObjHead, ty: &Type, name: &Ref<Str>) -> Option<*const Shape> {
    if ty.attrs_offset == 0 {
        return Some(std::ptr::null());
    }
    let attrs = attrs_of(head, ty);
    let hides = attrs.dict().is_some() || attrs.index_of(name).is_some();
    if hides { None } else { Some(attrs.shape_word()) }
}

#[inline(always)]
fn member(head: &ObjHead, offset: u32) -> &mut Option<Value> {
    // SAFETY: the type's version says that its instances have a member at this offset; nothing else
    // refers to the word during the handler.
    unsafe { &mut *(head as *const ObjHead as *mut u8).add(offset as usize).cast() }
}

/// Goes back to the learning form, or to the generic one after too many failures.
pub fn relearn(m: &mut Machine, i: Instr, learning: P, generic: P) {
    let cache = m.cache(i.b);
    cache.misses += 1;
    let op = if cache.misses > MAX_MISSES { generic } else { learning };
    m.specialize(Instr { op, ..i });
    m.again();
}

// ---- LOAD_ATTR ----

/// owner -- owner.name
#[inline(never)]
pub fn load_attr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let mut cache = Cache { misses: m.cache(i.b).misses, ..Cache::EMPTY };
    let form = learn_load(m.name(i.c), m.peek(1), &mut cache);
    cache.misses += u32::from(form.is_none());
    if let Some(op) = form {
        m.specialize(Instr { op, ..i });
    } else if cache.misses > MAX_MISSES {
        m.specialize(Instr { op: P::LoadAttrGeneric, ..i });
    }
    *m.cache(i.b) = cache;
    load_attr_generic(vm, m, i)
}

/// The same for sites that meet many types: by the table that they share, or the slow way.
#[inline(never)]
pub fn load_attr_generic(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c);
    let owner = m.peek(1);
    let version = version_for_cache(owner);
    if version != 0 {
        if let Some(found) = known(version, name, Asked::Load, |way| read(owner, way)) {
            return put_found(vm, m, found);
        }
        let mut cache = Cache::EMPTY;
        if let Some(form) = learn_load(name, owner, &mut cache) {
            remember(name, Asked::Load, form, cache);
            if let Some(found) = read(owner, &Way { cache, form }) {
                return put_found(vm, m, found);
            }
        }
    }
    let name = name.clone();
    let value = object::get_attr(vm, m.peek(1), &name)?;
    m.replace(1, value);
    Ok(())
}

/// The same for what lies in an instance or its class, straight from the table.
#[inline(always)]
pub fn load_attr_shared(m: &mut Machine, i: Instr) -> bool {
    let owner = m.peek(1);
    let Some(head) = owner.head() else { return false };
    let found = known(head.ty().known_version(), m.name(i.c), Asked::Load, |way| match way.form {
        P::LoadAttrSlot => slot_value(owner, &way.cache).cloned(),
        P::LoadAttrMember => member_value(owner, &way.cache).cloned(),
        P::LoadAttrClass => class_value(owner, &way.cache),
        _ => None,
    });
    let Some(value) = found else { return false };
    m.exchange(1, value);
    true
}

/// The version under which attributes of an object are remembered: its type's, or its own if it is a
/// class of an ordinary metaclass.
#[inline(always)]
fn version_for_cache(owner: &Value) -> u32 {
    match owner.head() {
        Some(head) if std::ptr::eq(head.ty(), Type::type_object()) => {
            owner.downcast_exact::<Type>().map_or(0, |ty| ty.version())
        }
        Some(head) => head.ty().version(),
        None => 0,
    }
}

/// What a load found.
enum Found {
    Value(Value),
    /// The function behind a property.
    Getter(Value),
    /// A native descriptor that computes the value.
    Descr(Value),
}

/// owner -- value, where a getter has to be called first.
#[inline(always)]
fn put_found(vm: &Vm, m: &mut Machine, found: Found) -> Done {
    match found {
        Found::Value(value) => {
            m.replace(1, value);
            Ok(())
        }
        Found::Getter(getter) => {
            // SAFETY: the owner moves one word up; frames have words to spare.
            let owner = unsafe { (*m.slot(1)).replace(getter) };
            m.push_slot(owner);
            super::call::call_any(vm, m, 1)
        }
        Found::Descr(descr) => {
            let Some(get) = descr.ty().slots.descr_get.get() else {
                return Err(vm.system_error("a descriptor changed while it was asked"));
            };
            let owner = m.peek(1);
            let value = get(vm, &descr, Some(owner), Some(&owner.ty().to_value()))?;
            m.replace(1, value);
            Ok(())
        }
    }
}

/// Reads an attribute the way a specialised form does.
#[inline(always)]
fn read(owner: &Value, way: &Way) -> Option<Found> {
    let cache = &way.cache;
    let value = match way.form {
        P::LoadAttrSlot => slot_value(owner, cache)?.clone(),
        P::LoadAttrMember => member_value(owner, cache)?.clone(),
        P::LoadAttrClass => class_value(owner, cache)?,
        P::LoadAttrModule => module_value(owner, cache)?,
        P::LoadAttrOnType => type_value(owner, cache)?,
        P::LoadAttrProperty => return getter(owner, cache).map(Found::Getter),
        P::LoadAttrDescr => return native_descr(owner, cache).map(Found::Descr),
        _ => return None,
    };
    Some(Found::Value(value))
}

/// Chooses the specialised form and fills the cache.
fn learn_load(name: &Ref<Str>, owner: &Value, cache: &mut Cache) -> Option<P> {
    let head = owner.head()?;
    let ty = head.ty();
    if let Some(module) = owner.downcast_exact::<Module>() {
        let dict = module.dict();
        if ty.lookup(name).is_some() {
            return None;
        }
        let index = dict.index_of_str(name)?;
        cache.type_version = ty.version();
        cache.index = index as u32;
        cache.word = dict.keys_version();
        return Some(P::LoadAttrModule);
    }
    if let Some(class) = owner.downcast_exact::<Type>() {
        return learn_on_type(name, class, cache);
    }
    if !generic::has_generic_getattr(ty) {
        return None;
    }
    let version = ty.version();
    if version == 0 {
        return None;
    }
    match ty.lookup(name) {
        Some(found) => {
            if let Some(descr) = found.downcast_exact::<MemberDescr>() {
                cache.type_version = version;
                cache.index = descr.offset_for(ty)?;
                return Some(P::LoadAttrMember);
            }
            if let Some(property) = found.downcast_exact::<Property>() {
                property.function()?;
                cache.type_version = version;
                cache.word = found.bits();
                return Some(P::LoadAttrProperty);
            }
            let found_slots = &found.ty().slots;
            // It comes before the instance's own attributes, or there are none.
            let first = found_slots.descr_set.get().is_some() || ty.attrs_offset == 0;
            if first
                && found_slots.descr_get.get().is_some()
                && !found.ty().has_flag(TypeFlags::HEAP)
            {
                cache.type_version = version;
                cache.word = found.bits();
                return Some(P::LoadAttrDescr);
            }
            if found_slots.descr_get.get().is_some() || found_slots.descr_set.get().is_some() {
                return None;
            }
            cache.shape = shape_without(head, ty, name)?;
            cache.type_version = version;
            cache.word = found.bits();
            cache.extra = ty.values().into();
            Some(P::LoadAttrClass)
        }
        None => {
            if ty.attrs_offset == 0 {
                return None;
            }
            let attrs = attrs_of(head, ty);
            if attrs.dict().is_some() {
                return None;
            }
            cache.index = attrs.index_of(name)? as u32;
            cache.shape = attrs.shape_word();
            cache.type_version = version;
            Some(P::LoadAttrSlot)
        }
    }
}

/// An attribute of a class that is found as it is: no descriptor takes part.
fn learn_on_type(name: &Ref<Str>, class: &Obj<Type>, cache: &mut Cache) -> Option<P> {
    if Type::type_object().lookup(name).is_some() {
        return None;
    }
    let found = class.lookup(name)?;
    if found.ty().slots.descr_get.get().is_some() && !found.is_exact::<Function>() {
        return None;
    }
    let version = class.version();
    if version == 0 {
        return None;
    }
    cache.type_version = version;
    cache.word = found.bits();
    cache.extra = class.values().into();
    Some(P::LoadAttrOnType)
}

/// The cached type, if the owner has it.
#[inline(always)]
fn checked<'a>(owner: &'a Value, cache: &Cache) -> Option<(&'a ObjHead, &'a Obj<Type>)> {
    let head = owner.head()?;
    let ty = head.ty();
    if ty.has_version(cache.type_version) { Some((head, ty)) } else { None }
}

#[inline(always)]
pub fn slot_value<'a>(owner: &'a Value, cache: &Cache) -> Option<&'a Value> {
    let (head, ty) = checked(owner, cache)?;
    let attrs = attrs_of(head, ty);
    if attrs.shape_word() != cache.shape {
        return None;
    }
    // SAFETY: this shape has this index.
    Some(unsafe { attrs.value_unchecked(cache.index as usize) })
}

#[inline(always)]
pub fn member_value<'a>(owner: &'a Value, cache: &Cache) -> Option<&'a Value> {
    let (head, _) = checked(owner, cache)?;
    member(head, cache.index).as_ref()
}

#[inline(always)]
fn class_value(owner: &Value, cache: &Cache) -> Option<Value> {
    let (head, ty) = checked(owner, cache)?;
    if ty.attrs_offset != 0 && attrs_of(head, ty).shape_word() != cache.shape {
        return None;
    }
    if u64::from(ty.values()) != cache.extra {
        return None;
    }
    crate::object::weak::borrowed_word(cache.word)
}

#[inline(always)]
fn module_value(owner: &Value, cache: &Cache) -> Option<Value> {
    let module = owner.downcast_exact::<Module>()?;
    if !module.dict().has_keys_version(cache.word) {
        return None;
    }
    module.dict().value_at(cache.index as usize)
}

#[inline(always)]
fn type_value(owner: &Value, cache: &Cache) -> Option<Value> {
    let class = owner.downcast_exact::<Type>()?;
    if !class.has_version(cache.type_version) || u64::from(class.values()) != cache.extra {
        return None;
    }
    crate::object::weak::borrowed_word(cache.word)
}

/// The Python function behind a property. The type's version keeps the property, not the function.
#[inline(always)]
fn getter(owner: &Value, cache: &Cache) -> Option<Value> {
    checked(owner, cache)?;
    crate::object::weak::borrowed_word(cache.word)?.downcast_exact::<Property>()?.function()
}

/// The native descriptor on the type. The type's version keeps it.
#[inline(always)]
fn native_descr(owner: &Value, cache: &Cache) -> Option<Value> {
    checked(owner, cache)?;
    crate::object::weak::borrowed_word(cache.word)
}

/// owner -- owner.name, as a native descriptor computes it
pub fn load_attr_descr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    match native_descr(m.peek(1), m.cache(i.b)) {
        Some(descr) => put_found(vm, m, Found::Descr(descr)),
        None => {
            relearn(m, i, P::LoadAttr, P::LoadAttrGeneric);
            Ok(())
        }
    }
}

#[inline(always)]
pub fn load_attr_slot(m: &mut Machine, i: Instr) -> bool {
    if let Some(value) = slot_value(m.peek(1), m.cache(i.b)) {
        let value = value.clone();
        m.exchange(1, value);
        return true;
    }
    false
}

#[inline(always)]
pub fn load_attr_member(m: &mut Machine, i: Instr) -> bool {
    if let Some(value) = member_value(m.peek(1), m.cache(i.b)) {
        let value = value.clone();
        m.exchange(1, value);
        return true;
    }
    false
}

#[inline(always)]
pub fn load_attr_class(m: &mut Machine, i: Instr) -> bool {
    if let Some(value) = class_value(m.peek(1), m.cache(i.b)) {
        m.exchange(1, value);
        return true;
    }
    false
}

#[inline(always)]
pub fn load_attr_module(m: &mut Machine, i: Instr) -> bool {
    if let Some(value) = module_value(m.peek(1), m.cache(i.b)) {
        m.exchange(1, value);
        return true;
    }
    false
}

#[inline(always)]
pub fn load_attr_on_type(m: &mut Machine, i: Instr) -> bool {
    if let Some(value) = type_value(m.peek(1), m.cache(i.b)) {
        m.exchange(1, value);
        return true;
    }
    false
}

/// The getter runs in a frame of its own: no native recursion.
#[inline(never)]
pub fn load_attr_property(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    match getter(m.peek(1), m.cache(i.b)) {
        Some(getter) => put_found(vm, m, Found::Getter(getter)),
        None => {
            relearn(m, i, P::LoadAttr, P::LoadAttrGeneric);
            Ok(())
        }
    }
}

// ---- STORE_ATTR ----

/// value owner --
#[inline(never)]
pub fn store_attr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let owner = m.peek(1).clone();
    let before = shape_before(&owner);
    let name = m.name(i.c).clone();
    let mut cache = Cache { misses: m.cache(i.b).misses, ..Cache::EMPTY };
    set_slowly(vm, m, &name)?;
    match learn_store(&name, &owner, &mut cache, before) {
        Some(op) => m.specialize(Instr { op, ..i }),
        None => {
            cache.misses += 1;
            if cache.misses > MAX_MISSES {
                m.specialize(Instr { op: P::StoreAttrGeneric, ..i });
            }
        }
    }
    *m.cache(i.b) = cache;
    Ok(())
}

/// value owner -- ; by the protocol.
fn set_slowly(vm: &Vm, m: &mut Machine, name: &Ref<Str>) -> Done {
    let (owner, value) = (m.pop(), m.pop());
    object::set_attr(vm, &owner, name, value)
}

/// The same for sites that meet many types: by the table that they share, or the slow way.
#[inline(never)]
pub fn store_attr_generic(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let version = match m.peek(1).head() {
        Some(head) => head.ty().version(),
        None => 0,
    };
    if version != 0 {
        // Storing may drop the old value, so it works on a copy.
        if let Some(Way { cache, form }) =
            known(version, m.name(i.c), Asked::Store, |way| Some(*way))
        {
            let stored = match form {
                P::StoreAttrSlot => store_slot(m, &cache),
                P::StoreAttrAdd => store_add(m, &cache),
                P::StoreAttrMember => store_member(m, &cache),
                _ => false,
            };
            if stored {
                return Ok(());
            }
        }
        let name = m.name(i.c).clone();
        let owner = m.peek(1).clone();
        let before = shape_before(&owner);
        set_slowly(vm, m, &name)?;
        let mut cache = Cache::EMPTY;
        if let Some(form) = learn_store(&name, &owner, &mut cache, before) {
            remember(&name, Asked::Store, form, cache);
        }
        return Ok(());
    }
    let name = m.name(i.c).clone();
    set_slowly(vm, m, &name)
}

/// The same for an attribute that is there already, straight from the table.
#[inline(always)]
pub fn store_attr_shared(m: &mut Machine, i: Instr) -> bool {
    let Some(head) = m.peek(1).head() else { return false };
    let version = head.ty().known_version();
    // SAFETY: the running code keeps its names.
    let name = unsafe { &*std::ptr::from_ref(m.name(i.c)) };
    // What is replaced is dropped behind the handler.
    let stored = known(version, name, Asked::Store, |way| {
        let stored = match way.form {
            P::StoreAttrSlot => store_slot(m, &way.cache),
            P::StoreAttrMember => store_member(m, &way.cache),
            _ => false,
        };
        Some(stored)
    });
    stored == Some(true)
}

/// The shape an instance has, with the number of its names; null and 0 while it has none.
fn shape_before(owner: &Value) -> Option<(*const crate::object::shape::Shape, usize)> {
    let head = owner.head()?;
    let ty = head.ty();
    if ty.attrs_offset == 0 {
        return None;
    }
    let attrs = attrs_of(head, ty);
    if attrs.dict().is_some() { None } else { Some((attrs.shape_word(), attrs.len())) }
}

fn learn_store(
    name: &Ref<Str>,
    owner: &Value,
    cache: &mut Cache,
    before: Option<(*const crate::object::shape::Shape, usize)>,
) -> Option<P> {
    let ty = owner.head()?.ty();
    if !generic::has_generic_setattr(ty) {
        return None;
    }
    let version = ty.version();
    if version == 0 {
        return None;
    }
    if let Some(found) = ty.lookup(name) {
        if let Some(descr) = found.downcast_exact::<MemberDescr>() {
            cache.type_version = version;
            cache.index = descr.offset_for(ty)?;
            return Some(P::StoreAttrMember);
        }
        if found.ty().slots.descr_set.get().is_some() {
            return None;
        }
    }
    let (shape, len) = before?;
    let attrs = attrs_of(owner.head()?, ty);
    if attrs.dict().is_some() {
        return None;
    }
    cache.type_version = version;
    cache.shape = shape;
    cache.index = attrs.index_of(name)? as u32;
    if attrs.shape_word() == shape {
        return Some(P::StoreAttrSlot);
    }
    if cache.index as usize == len {
        cache.extra = attrs.shape_word() as u64;
        return Some(P::StoreAttrAdd);
    }
    None
}

/// Where an instance of the cached shape keeps the attribute.
#[inline(always)]
pub fn slot_place(owner: &Value, cache: &Cache) -> Option<*mut Option<Value>> {
    let (head, ty) = checked(owner, cache)?;
    let attrs = attrs_of(head, ty);
    if attrs.shape_word() != cache.shape {
        return None;
    }
    // SAFETY: this shape has this index.
    Some(unsafe { attrs.place_unchecked(cache.index as usize) })
}

/// Where an instance of the cached type keeps the member.
#[inline(always)]
pub fn member_place(owner: &Value, cache: &Cache) -> Option<*mut Option<Value>> {
    let (head, _) = checked(owner, cache)?;
    Some(member(head, cache.index))
}

/// value owner -- ; whether it could be done this way.
#[inline(always)]
fn store_slot(m: &mut Machine, cache: &Cache) -> bool {
    let Some((head, ty)) = checked(m.peek(1), cache) else { return false };
    let attrs = attrs_of(head, ty);
    if attrs.shape_word() != cache.shape {
        return false;
    }
    // SAFETY: this shape has this index; the value moves from the stack to the instance.
    let old = unsafe {
        let value = (*m.slot(2)).take().unwrap_unchecked();
        attrs.replace_unchecked(cache.index as usize, value)
    };
    let owner = m.pop_slot();
    m.shrink(1);
    m.discard(old);
    m.discard(owner);
    true
}

#[inline(always)]
fn store_add(m: &mut Machine, cache: &Cache) -> bool {
    let Some((head, ty)) = checked(m.peek(1), cache) else { return false };
    let attrs = attrs_of(head, ty);
    if attrs.shape_word() != cache.shape {
        return false;
    }
    // SAFETY: `extra` is the shape that follows `shape` by this name (both live as long as the type,
    // whose version holds), and `index` is the number of names before.
    unsafe {
        let value = (*m.slot(2)).take().unwrap_unchecked();
        attrs.push_transition(
            head.gc_unchecked(),
            ty,
            cache.index as usize,
            cache.extra as *const _,
            value,
        );
    }
    let owner = m.pop_slot();
    m.shrink(1);
    m.discard(owner);
    true
}

#[inline(always)]
fn store_member(m: &mut Machine, cache: &Cache) -> bool {
    let Some((head, _)) = checked(m.peek(1), cache) else { return false };
    // SAFETY: the word below the owner is the value, which moves to the instance.
    let value = unsafe { (*m.slot(2)).take() };
    let old = std::mem::replace(member(head, cache.index), value);
    let owner = m.pop_slot();
    m.shrink(1);
    m.discard(old);
    m.discard(owner);
    true
}

#[inline(always)]
pub fn store_attr_slot(m: &mut Machine, i: Instr) -> bool {
    let cache = *m.cache(i.b);
    store_slot(m, &cache)
}

#[inline(always)]
pub fn store_attr_add(m: &mut Machine, i: Instr) -> bool {
    let cache = *m.cache(i.b);
    store_add(m, &cache)
}

#[inline(always)]
pub fn store_attr_member(m: &mut Machine, i: Instr) -> bool {
    let cache = *m.cache(i.b);
    store_member(m, &cache)
}

/// owner --
pub fn delete_attr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c).clone();
    let owner = m.pop();
    object::del_attr(vm, &owner, &name)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, owners, token, with_vm};

    /// What loads and stores, on `o`; and what makes the cache wrong half way.
    const CASES: [(&str, &str, &str); 13] = [
        ("o = A(); o.x = t", "o.x", "o.x = o.y = t"),
        ("o = A(); o.x = t", "o.x", "del o.x; o.__dict__['x'] = t"),
        ("o = A(); o.x = t", "o.x", "A.x = property(lambda self: t)"),
        ("o = A(); o.x = t", "o.x", "o = A(); o.y = 1; o.x = t"),
        ("o = S(); o.a = t", "o.a", "del o.a; o.a = t"),
        ("o = S(); o.a = t", "o.a", "o = T(); o.a = t"),
        ("o = A(); A.c = t", "o.c", "o.c = t"),
        ("o = A(); A.c = t", "o.c", "A.c = property(lambda self: t)"),
        ("o = A(); A.p = property(lambda self: t)", "o.p", "A.p = t"),
        ("o = A(); A.p = property(lambda self: t)", "o.p", "A.p = D()"),
        ("o = A; A.c = t", "o.c", "del A.c; B.c = t"),
        ("o = A(); A.__getattr__ = lambda self, name: t", "o.missing", "o.missing = t"),
        ("o = A(); A.d = D()", "o.d", "D.__get__ = lambda *args: t"),
    ];

    const CLASSES: &str = "
class B: pass
class A(B): pass
class S: __slots__ = 'a', 'b'
class T: __slots__ = 'b', 'a'
class D:
    def __get__(self, *args): return t
";

    #[test]
    fn loads_follow_when_what_they_remember_is_wrong() {
        with_vm(|vm| {
            for (setup, load, change) in CASES {
                let session = Session::new(vm, CLASSES);
                let value = token();
                session.set("t", value.clone());
                session.exec(setup);
                session.exec(&format!("def run(o):\n    for _ in range(20):\n        x = {load}\n        assert x is t\n    return x\nrun(o)"));
                session.exec(change);
                session.exec("run(o); run(o)");
                session.exec("del o, run, A, B, S, T, D");
                crate::runtime::gc::collect(vm, 2);
                assert_eq!(owners(&value), 2, "{setup}; {load}; {change}");
            }
        });
    }

    #[test]
    fn stores_keep_their_counts_in_every_form() {
        with_vm(|vm| {
            for (setup, store, change) in [
                ("o = A(); o.x = 1", "o.x = t", "o.__dict__"),
                ("o = A()", "o = A(); o.x = t; o.y = t; o.z = t", "A.x = 1"),
                ("o = A()", "o = A(); o.x = t; o.x = t", "A.x = property()"),
                ("o = S()", "o.a = t", "o = T()"),
                ("o = S()", "o.a = o.b = t", "del o.a"),
                ("o = A()", "o.x = t; del o.x", "o.y = 1"),
                ("o = A()", "o.x = A(); o.x.x = t", "o.y = t"),
                ("o = A(); o.n = 0", "o.n += 1; o.x = t", "o.n = 1.5"),
            ] {
                let session = Session::new(vm, CLASSES);
                let value = token();
                session.set("t", value.clone());
                session.exec(setup);
                session.exec(&format!(
                    "def run(o):\n    for _ in range(20):\n        {store}\nrun(o)"
                ));
                session.exec(change);
                session.exec("try: run(o); run(o)\nexcept AttributeError: pass");
                session.exec("del o, run, A, B, S, T, D");
                crate::runtime::gc::collect(vm, 2);
                assert_eq!(owners(&value), 2, "{setup}; {store}; {change}");
            }
        });
    }

    #[test]
    fn what_a_store_drops_may_change_the_class() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
class A: pass
class N:
    def __del__(self):
        A.x = property(lambda self: 'class', lambda self, value: None)
        o.__dict__ = {}
        o.__class__ = type('B', (), {})
log = []
for _ in range(30):
    class A: pass
    o = A()
    for i in range(12):
        if i == 9: o.x = N()
        o.x = i
    log.append(vars(o))
assert log == [{'x': 11}] * 30, log
class S:
    __slots__ = 'a',
for _ in range(12):
    o = S()
    class N:
        def __del__(self):
            global o
            o = None
    o.a = N()
    o.a = 1
",
            );
            assert_eq!(session.show("o"), "None");
        });
    }
}
