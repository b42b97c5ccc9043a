//! The side table of weak references: which weak reference objects point to which object.
//!
//! Only objects with a collector header can be referred to weakly; a flag in that header says that
//! the table has an entry, so that objects without weak references pay nothing. The Python types
//! are in `objects/weakref.rs`. CPython's counterpart: `Objects/weakrefobject.c`.

#![expect(unsafe_code, reason = "addresses of objects that leave their table when they die")]

use super::header::gc_flag;
use super::{GilCell, Obj, ObjHead, Ref};
use crate::objects::weakref::WeakRef;
use crate::value::Value;
use std::collections::HashMap;

static TABLE: GilCell<Option<HashMap<usize, Vec<usize>>>> = GilCell::new(None);

/// Enters a weak reference (by address, uncounted: it leaves the table when it dies).
pub(crate) fn register(target: &ObjHead, weak: &Obj<WeakRef>) {
    if let Some(gc) = target.gc() {
        gc.set(gc_flag::WEAKLY_REFERENCED);
    }
    let (target, weak) = (target.address(), weak.head().address());
    TABLE.with(|t| t.get_or_insert_default().entry(target).or_default().push(weak));
}

/// Takes a dying weak reference out of the table.
pub(crate) fn unregister(target: usize, weak: usize) {
    TABLE.with(|t| {
        if let Some(table) = t
            && let Some(list) = table.get_mut(&target)
        {
            list.retain(|w| *w != weak);
            if list.is_empty() {
                table.remove(&target);
            }
        }
    });
}

/// The weak references to an object, oldest first.
pub(crate) fn references(target: &ObjHead) -> Vec<Ref<WeakRef>> {
    let addresses = TABLE
        .with(|t| t.as_ref().and_then(|t| t.get(&target.address()).cloned()).unwrap_or_default());
    addresses.into_iter().filter_map(WeakRef::from_address).collect()
}

/// Ends all weak references to a dying object. The result are those whose callbacks are to be run,
/// newest last.
pub(crate) fn end(target: &ObjHead) -> Vec<Ref<WeakRef>> {
    let weak = references(target);
    let all = TABLE.with(|t| t.as_mut().and_then(|t| t.remove(&target.address())));
    if let Some(gc) = target.gc() {
        gc.unset(gc_flag::WEAKLY_REFERENCED);
    }
    // Those too that are without references themselves and wait in line to be freed.
    for address in all.unwrap_or_default() {
        WeakRef::clear_at(address);
    }
    weak
}

/// Ends all weak references to a dying object, then runs their callbacks, newest first.
pub(crate) fn clear_all(target: &ObjHead) {
    for reference in end(target).iter().rev() {
        reference.run_callback();
    }
}

/// The type object at an address from a list that dead types leave.
pub(crate) fn live_type(address: usize) -> Option<Ref<crate::objects::type_::Type>> {
    // SAFETY: types take their address out of their bases' lists when their memory goes.
    let ty = unsafe { (address as *const Obj<crate::objects::type_::Type>).as_ref() };
    // One without references is about to go.
    ty.filter(|ty| ty.head().refcount() > 0).map(Obj::to_ref)
}

/// Looks at a word that somebody else keeps alive, without counting; 0 is `None`. `f` runs no Python code.
#[inline(always)]
pub(crate) fn look_at_word<R>(word: u64, f: impl FnOnce(&Value) -> Option<R>) -> Option<R> {
    if word == 0 {
        return None;
    }
    // SAFETY: as below; the copy is forgotten.
    let value = std::mem::ManuallyDrop::new(unsafe { Value::from_bits(word) });
    f(&value)
}

/// A counted copy of a word that somebody else keeps alive; 0 is `None`.
#[inline(always)]
pub(crate) fn borrowed_word(word: u64) -> Option<Value> {
    if word == 0 {
        return None;
    }
    // SAFETY: the caller's invariant (a valid type version) says that the owner is alive.
    let value = std::mem::ManuallyDrop::new(unsafe { Value::from_bits(word) });
    Some((*value).clone())
}
