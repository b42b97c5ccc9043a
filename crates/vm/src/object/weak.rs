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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Payload;
    use crate::objects::set::Set;
    use crate::objects::type_::Type;
    use crate::runtime::vm::Vm;
    use crate::testing::{Session, owners, token, with_vm};

    fn target() -> Value {
        Ref::<Set>::new(Set::default()).into()
    }

    fn reference(vm: &Vm, target: &Value, callback: Option<Value>) -> Ref<WeakRef> {
        match WeakRef::make(vm, WeakRef::cell().get(), target, callback) {
            Ok(reference) => reference,
            Err(_) => panic!("refused"),
        }
    }

    fn entries(target: &Value) -> usize {
        let address = target.head().expect("an object").address();
        TABLE.with(|t| t.as_ref().and_then(|t| t.get(&address)).map_or(0, Vec::len))
    }

    #[test]
    fn an_entry_lasts_as_long_as_both_ends() {
        with_vm(|vm| {
            let object = target();
            let head = object.head().expect("an object");
            assert!(references(head).is_empty() && entries(&object) == 0);
            let call = token();
            let all: Vec<_> = (0..5).map(|_| reference(vm, &object, Some(call.clone()))).collect();
            assert_eq!((entries(&object), owners(&object), owners(&call)), (5, 1, 6));
            let found = references(head);
            assert!(found.iter().zip(&all).all(|(a, b)| std::ptr::eq::<_>(&**a, &**b)));
            drop(found);
            for (n, weak) in all.into_iter().enumerate() {
                assert!(weak.get().is_some_and(|value| value.is(&object)));
                drop(weak);
                assert_eq!(entries(&object), 4 - n);
            }
            assert_eq!((owners(&object), owners(&call)), (1, 1));
        });
    }

    #[test]
    fn a_dying_object_ends_its_references_and_no_others() {
        with_vm(|vm| {
            let (first, second) = (target(), target());
            let weak = [&first, &second, &first].map(|target| reference(vm, target, None));
            // One without callback is shared.
            assert!(std::ptr::eq::<_>(&*weak[0], &*weak[2]));
            drop(first);
            assert!(weak[0].get().is_none() && weak[1].get().is_some());
            assert!(end(second.head().expect("an object")).len() == 1);
            assert!(weak[1].get().is_none() && entries(&second) == 0);
            // There is nothing left to end.
            assert!(end(second.head().expect("an object")).is_empty());
        });
    }

    #[test]
    fn what_has_no_place_for_it_is_refused() {
        with_vm(|vm| {
            for value in [Value::NONE, Value::TRUE, vm.str("text"), token()] {
                assert!(WeakRef::make(vm, WeakRef::cell().get(), &value, None).is_err());
            }
        });
    }

    #[test]
    fn words_are_looked_at_without_counting_and_copied_with() {
        with_vm(|_| {
            let value = token();
            assert!(look_at_word(0, |_| Some(())).is_none() && borrowed_word(0).is_none());
            let word = value.bits();
            assert_eq!(look_at_word(word, |v| Some(owners(v))), Some(1));
            let copy = borrowed_word(word).expect("a value");
            assert!(copy.is(&value) && owners(&value) == 2);
            let number = borrowed_word(Value::int_unchecked(7).bits());
            assert_eq!(number.and_then(|n| n.as_small_int()), Some(7));
        });
    }

    #[test]
    fn types_are_found_by_address_while_they_live() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass\nclass B(A): pass\nclass C(A): pass");
            let ty = session.get("A");
            let address = ty.head().expect("an object").address();
            assert!(live_type(0).is_none());
            let found: Option<Ref<Type>> = live_type(address);
            assert!(found.is_some_and(|found| found.head().address() == address));
            session.exec("del B");
            crate::runtime::gc::collect(vm, 2);
            assert_eq!(session.show("A.__subclasses__()"), "[<class 'C'>]");
        });
    }
}
