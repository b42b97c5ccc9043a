//! `Obj<T>`, a heap object whose payload is a `T`, and `Ref<T>`, an owned reference to one.
//!
//! | Rust | owns a count | knows the payload |
//! | --- | --- | --- |
//! | `Value` | yes (if a pointer) | no |
//! | `Ref<T>` | yes | yes |
//! | `&Obj<T>` | no (borrowed) | yes |
//! | `&ObjHead` | no (borrowed) | no |

#![expect(unsafe_code, reason = "owned pointers to counted objects")]

use super::{ObjHead, Payload, alloc, header};
use crate::objects::type_::Type;
use crate::value::Value;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

/// A heap object with its payload. Dereferences to the payload.
#[repr(C)]
pub struct Obj<T> {
    pub(super) head: ObjHead,
    pub(crate) payload: T,
}

impl<T> Deref for Obj<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.payload
    }
}

impl<T> Obj<T> {
    #[inline(always)]
    pub fn head(&self) -> &ObjHead {
        &self.head
    }
    #[inline(always)]
    pub fn ty(&self) -> &Obj<Type> {
        self.head.ty()
    }
}

impl<T: Payload> Obj<T> {
    /// A new owned reference.
    #[inline(always)]
    pub fn to_ref(&self) -> Ref<T> {
        self.head.incref();
        Ref(NonNull::from(self), PhantomData)
    }
    #[inline(always)]
    pub fn to_value(&self) -> Value {
        self.to_ref().into()
    }
    /// Is this the very object `value` refers to?
    pub fn is(&self, value: &Value) -> bool {
        value.bits() == self.head.address() as u64
    }
    /// Is the type exactly the built-in one, not a subclass?
    #[inline(always)]
    pub fn is_exact(&self) -> bool {
        std::ptr::eq(self.ty(), T::cell().get())
    }
}

impl ObjHead {
    /// A new owned reference to the object.
    #[inline(always)]
    pub fn to_value(&self) -> Value {
        self.incref();
        // SAFETY: the count just taken is handed to the value.
        unsafe { Value::from_bits(self.address() as u64) }
    }
}

/// An owned reference to an object whose payload is a `T`.
#[repr(transparent)]
pub struct Ref<T: Payload>(NonNull<Obj<T>>, PhantomData<Obj<T>>);

impl<T: Payload> Ref<T> {
    /// A new object of `T`'s own type.
    pub fn new(payload: T) -> Ref<T> {
        alloc::new_object(payload, T::cell().get())
    }

    /// A new object of a type whose layout is `T`'s.
    pub fn with_type(payload: T, ty: &Obj<Type>) -> Ref<T> {
        // A type that leaves less room than the payload wants must never get here.
        assert!(std::ptr::eq(ty.layout(), T::cell()), "a constructor was given another's type");
        alloc::new_object(payload, ty)
    }

    /// # Safety
    /// `ptr` is alive and the caller hands over one reference.
    #[inline(always)]
    pub unsafe fn from_raw(ptr: NonNull<Obj<T>>) -> Ref<T> {
        Ref(ptr, PhantomData)
    }
    #[inline(always)]
    pub fn into_raw(self) -> NonNull<Obj<T>> {
        let ptr = self.0;
        std::mem::forget(self);
        ptr
    }
    pub fn into_value(self) -> Value {
        self.into()
    }
}

impl<T: Payload> Deref for Ref<T> {
    type Target = Obj<T>;
    #[inline(always)]
    fn deref(&self) -> &Obj<T> {
        // SAFETY: the reference keeps the object alive.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Payload> Clone for Ref<T> {
    #[inline(always)]
    fn clone(&self) -> Ref<T> {
        self.to_ref()
    }
}

impl<T: Payload> Drop for Ref<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: this reference is owned and ends here.
        unsafe { header::decref(self.0.cast()) }
    }
}

/// Gives up a reference for good: the object is never freed.
pub fn leak<T: Payload>(object: Ref<T>) -> &'static Obj<T> {
    super::census::keep(object.head());
    // SAFETY: the count given up here keeps the object alive for ever.
    unsafe { object.into_raw().as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::list::List;
    use crate::objects::set::Set;
    use crate::testing::{Session, owners, with_vm};

    #[test]
    fn every_way_of_holding_an_object_counts_once() {
        with_vm(|_| {
            let list = List::from_vec(Vec::new());
            let count = |list: &Ref<List>| list.head().refcount();
            assert_eq!(count(&list), 1);
            let more = (list.clone(), list.to_ref(), list.to_value(), list.head().to_value());
            assert_eq!(count(&list), 5);
            assert!(list.is(&more.2) && list.is(&more.3) && list.is_exact());
            drop(more);
            assert_eq!(count(&list), 1);
            let raw = list.clone().into_raw();
            assert_eq!(count(&list), 2);
            // SAFETY: the reference that was given up is taken again.
            let again = unsafe { Ref::from_raw(raw) };
            assert!(std::ptr::eq::<_>(&*again, &*list));
            drop(again);
            let value = list.into_value();
            assert_eq!(owners(&value), 1);
            let back = value.into_ref::<List>();
            assert!(back.is_ok_and(|list| count(&list) == 1));
        });
    }

    #[test]
    fn another_kind_of_object_comes_back_untouched() {
        with_vm(|vm| {
            let value: Value = List::from_vec(Vec::new()).into();
            let back = value.into_ref::<Set>();
            assert!(back.is_err_and(|value| owners(&value) == 1));
            let session = Session::new(vm, "class L(list): pass");
            let value = session.eval("L()");
            let list = value.into_ref::<List>();
            assert!(list.is_ok_and(|list| !list.is_exact() && list.head().refcount() == 1));
        });
    }

    #[test]
    fn a_type_of_another_layout_is_never_used() {
        let made = std::thread::spawn(|| {
            with_vm(|_| drop(Ref::with_type(Set::default(), List::cell().get())))
        });
        assert!(made.join().is_err());
    }

    #[test]
    fn what_is_given_up_stays() {
        with_vm(|_| {
            let list = List::from_vec(Vec::new());
            let forever = leak(list.clone());
            drop(list);
            assert_eq!(forever.head().refcount(), 1);
        });
    }
}
