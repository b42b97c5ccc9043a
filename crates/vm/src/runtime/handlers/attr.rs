//! Attributes, with inline caches.
//!
//! `LoadAttr` looks once the slow way and, if it may, becomes one of its specialised forms. A form
//! checks the type's version and, where values lie in the instance, its shape; if a check fails the
//! instruction goes back to `LoadAttr` and learns again.

#![expect(unsafe_code, reason = "reads attribute values at cached places")]

use super::Done;
use crate::object::attrs::Attrs;
use crate::object::{Obj, ObjHead, Ref};
use crate::objects::descr::MemberDescr;
use crate::objects::function;
use crate::objects::module::Module;
use crate::objects::object as generic;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::object::{self, Method};
use crate::runtime::errors::PyResult;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::cache::{Cache, MAX_MISSES};
use crate::runtime::prepared::{Instr, P};
use crate::runtime::vm::Vm;
use crate::value::Value;

/// The attributes of an instance whose type has them.
#[inline(always)]
fn attrs_of<'a>(head: &'a ObjHead, ty: &Type) -> &'a Attrs {
    // SAFETY: the offset is not 0 (checked when the cache was filled, for this version of the
    // type), so the object has `Attrs` there.
    unsafe { &*(head as *const ObjHead as *const u8).add(ty.attrs_offset).cast::<Attrs>() }
}

#[inline(always)]
fn member(head: &ObjHead, offset: u32) -> &mut Option<Value> {
    // SAFETY: the type's version says that its instances have a member at this offset; nothing else
    // refers to the word during the handler.
    unsafe { &mut *(head as *const ObjHead as *mut u8).add(offset as usize).cast() }
}

/// Goes back to the learning form, or to the generic one after too many failures.
#[inline(never)]
fn relearn(m: &mut Machine, i: Instr, learning: P, generic: P) {
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
    let owner = m.peek(1).clone();
    if let Some(op) = learn_load(vm, m, &owner, i) {
        m.specialize(Instr { op, ..i });
    } else {
        let cache = m.cache(i.b);
        cache.misses += 1;
        if cache.misses > MAX_MISSES {
            m.specialize(Instr { op: P::LoadAttrGeneric, ..i });
        }
    }
    load_attr_generic(vm, m, i)
}

#[inline(never)]
pub fn load_attr_generic(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c).clone();
    let value = object::get_attr(vm, m.peek(1), &name)?;
    m.replace(1, value);
    Ok(())
}

/// Chooses the specialised form and fills the cache.
fn learn_load(_vm: &Vm, m: &Machine, owner: &Value, i: Instr) -> Option<P> {
    let name = m.name(i.c);
    let cache = m.cache(i.b);
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
            let found_slots = &found.ty().slots;
            if found_slots.descr_get.get().is_some() || found_slots.descr_set.get().is_some() {
                return None;
            }
            if ty.attrs_offset != 0 {
                let attrs = attrs_of(head, ty);
                if attrs.dict().is_some() || attrs.index_of(name).is_some() {
                    return None;
                }
                cache.shape = attrs.shape_word();
            }
            cache.type_version = version;
            cache.word = found.bits();
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

/// The cached type, if the owner has it.
#[inline(always)]
fn checked<'a>(owner: &'a Value, cache: &Cache) -> Option<(&'a ObjHead, &'a Obj<Type>)> {
    let head = owner.head()?;
    let ty = head.ty();
    if ty.has_version(cache.type_version) { Some((head, ty)) } else { None }
}

#[inline(always)]
pub fn load_attr_slot(m: &mut Machine, i: Instr) {
    let cache = m.cache(i.b);
    if let Some((head, ty)) = checked(m.peek(1), cache) {
        let attrs = attrs_of(head, ty);
        if attrs.shape_word() == cache.shape {
            // SAFETY: this shape has this index.
            let value = unsafe { attrs.value_unchecked(cache.index as usize) }.clone();
            m.replace(1, value);
            return;
        }
    }
    m.outline(|m| relearn(m, i, P::LoadAttr, P::LoadAttrGeneric));
}

#[inline(always)]
pub fn load_attr_member(m: &mut Machine, i: Instr) {
    let cache = m.cache(i.b);
    if let Some((head, _)) = checked(m.peek(1), cache)
        && let Some(value) = member(head, cache.index)
    {
        let value = value.clone();
        m.replace(1, value);
        return;
    }
    m.outline(|m| relearn(m, i, P::LoadAttr, P::LoadAttrGeneric));
}

#[inline(always)]
pub fn load_attr_class(m: &mut Machine, i: Instr) {
    let cache = m.cache(i.b);
    if let Some((head, ty)) = checked(m.peek(1), cache)
        && (ty.attrs_offset == 0 || attrs_of(head, ty).shape_word() == cache.shape)
        && let Some(value) = crate::object::weak::borrowed_word(cache.word)
    {
        m.replace(1, value);
        return;
    }
    m.outline(|m| relearn(m, i, P::LoadAttr, P::LoadAttrGeneric));
}

#[inline(always)]
pub fn load_attr_module(m: &mut Machine, i: Instr) {
    let cache = m.cache(i.b);
    if let Some(module) = m.peek(1).downcast_exact::<Module>()
        && module.dict().has_keys_version(cache.word)
        && let Some(value) = module.dict().value_at(cache.index as usize)
    {
        m.replace(1, value);
        return;
    }
    m.outline(|m| relearn(m, i, P::LoadAttr, P::LoadAttrGeneric));
}

// ---- STORE_ATTR ----

/// value owner --
#[inline(never)]
pub fn store_attr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let owner = m.peek(1).clone();
    let before = shape_before(&owner);
    store_attr_generic(vm, m, i)?;
    match learn_store(m, &owner, i, before) {
        Some(op) => m.specialize(Instr { op, ..i }),
        None => {
            let cache = m.cache(i.b);
            cache.misses += 1;
            if cache.misses > MAX_MISSES {
                m.specialize(Instr { op: P::StoreAttrGeneric, ..i });
            }
        }
    }
    Ok(())
}

#[inline(never)]
pub fn store_attr_generic(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c).clone();
    let (owner, value) = (m.pop(), m.pop());
    object::set_attr(vm, &owner, &name, value)
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
    m: &Machine,
    owner: &Value,
    i: Instr,
    before: Option<(*const crate::object::shape::Shape, usize)>,
) -> Option<P> {
    let name: &Ref<Str> = m.name(i.c);
    let cache = m.cache(i.b);
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

#[inline(always)]
pub fn store_attr_slot(m: &mut Machine, i: Instr) {
    let cache = m.cache(i.b);
    if let Some((head, ty)) = checked(m.peek(1), cache) {
        let attrs = attrs_of(head, ty);
        if attrs.shape_word() == cache.shape {
            // SAFETY: this shape has this index; the value moves from the stack to the instance.
            let old = unsafe {
                let value = (*m.slot(2)).take().unwrap_unchecked();
                attrs.replace_unchecked(cache.index as usize, value)
            };
            let owner = m.pop();
            m.shrink(1);
            drop(old);
            drop(owner);
            return;
        }
    }
    m.outline(|m| relearn(m, i, P::StoreAttr, P::StoreAttrGeneric));
}

#[inline(always)]
pub fn store_attr_add(m: &mut Machine, i: Instr) {
    let cache = m.cache(i.b);
    if let Some((head, ty)) = checked(m.peek(1), cache) {
        let attrs = attrs_of(head, ty);
        if attrs.shape_word() == cache.shape {
            // SAFETY: `extra` is the shape that follows `shape` by this name (both live as long as
            // the type, whose version holds), and `index` is the number of names before.
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
            let owner = m.pop();
            m.shrink(1);
            drop(owner);
            return;
        }
    }
    m.outline(|m| relearn(m, i, P::StoreAttr, P::StoreAttrGeneric));
}

#[inline(always)]
pub fn store_attr_member(m: &mut Machine, i: Instr) {
    let cache = m.cache(i.b);
    if let Some((head, _)) = checked(m.peek(1), cache) {
        // SAFETY: the word below the owner is the value, which moves to the instance.
        let value = unsafe { (*m.slot(2)).take() };
        let old = std::mem::replace(member(head, cache.index), value);
        let owner = m.pop();
        m.shrink(1);
        drop(old);
        drop(owner);
        return;
    }
    m.outline(|m| relearn(m, i, P::StoreAttr, P::StoreAttrGeneric));
}

/// owner --
pub fn delete_attr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c).clone();
    let owner = m.pop();
    object::del_attr(vm, &owner, &name)
}

// ---- methods ----

/// owner -- method owner | nothing bound-method
///
/// The first form if the method is a function of the type (then no bound method is made), the
/// second for everything else.
#[inline(never)]
pub fn load_method(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let owner = m.peek(1).clone();
    if learn_method(m, &owner, i) {
        m.specialize(Instr { op: P::LoadMethodType, ..i });
    } else {
        let cache = m.cache(i.b);
        cache.misses += 1;
        if cache.misses > MAX_MISSES {
            m.specialize(Instr { op: P::LoadMethodGeneric, ..i });
        }
    }
    load_method_generic(vm, m, i)
}

fn learn_method(m: &Machine, owner: &Value, i: Instr) -> bool {
    let name = m.name(i.c);
    let cache = m.cache(i.b);
    let ty = owner.ty();
    if !generic::has_generic_getattr(ty) {
        return false;
    }
    let version = ty.version();
    let Some(found) = ty.lookup(name) else { return false };
    if version == 0 || !function::is_method_like(&found) {
        return false;
    }
    cache.shape = std::ptr::null();
    if let Some(head) = owner.head()
        && ty.attrs_offset != 0
    {
        let attrs = attrs_of(head, ty);
        if attrs.dict().is_some() || attrs.index_of(name).is_some() {
            return false;
        }
        cache.shape = attrs.shape_word();
    }
    cache.type_version = version;
    cache.word = found.bits();
    true
}

#[inline(always)]
pub fn load_method_type(m: &mut Machine, i: Instr) {
    let cache = m.cache(i.b);
    let owner = m.peek(1);
    let ty = owner.ty();
    if ty.has_version(cache.type_version) {
        let same = match owner.head() {
            Some(head) if ty.attrs_offset != 0 => attrs_of(head, ty).shape_word() == cache.shape,
            _ => true,
        };
        if same && let Some(method) = crate::object::weak::borrowed_word(cache.word) {
            // SAFETY: the owner moves one word up, the method takes its place.
            let owner = unsafe { (*m.slot(1)).replace(method) };
            m.push_slot(owner);
            return;
        }
    }
    m.outline(|m| relearn(m, i, P::LoadMethod, P::LoadMethodGeneric));
}

#[inline(never)]
pub fn load_method_generic(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let name = m.name(i.c).clone();
    match method_of(vm, m.peek(1), &name)? {
        Method::Unbound(method) => {
            // SAFETY: as in `load_method_type`.
            let owner = unsafe { (*m.slot(1)).replace(method) };
            m.push_slot(owner);
        }
        Method::Bound(method) => {
            // SAFETY: the owner's word becomes "nothing"; the owner is dropped.
            let owner = unsafe { (*m.slot(1)).take() };
            m.push(method);
            drop(owner);
        }
    }
    Ok(())
}

/// The method for a call: unbound if it is a function of the type that nothing on the instance
/// hides.
fn method_of(vm: &Vm, owner: &Value, name: &Ref<Str>) -> PyResult<Method> {
    let ty = owner.ty();
    if generic::has_generic_getattr(ty)
        && let Some(found) = ty.lookup(name)
        && function::is_method_like(&found)
        && generic::instance_value(owner, name).is_none()
    {
        return Ok(Method::Unbound(found));
    }
    object::get_attr(vm, owner, name).map(Method::Bound)
}
