//! What the machine must know of the Rust type behind a Python type: size, drop, traversal.
//!
//! Each built-in type declares one `TypeCell` through `#[pyclass]`; its address is the identity of
//! the layout, so that a downcast is one comparison, subclasses included. CPython's counterpart:
//! `tp_basicsize`, `tp_dealloc`, `tp_traverse`, `tp_clear`.

#![expect(unsafe_code, reason = "type-erased drop and traversal of a payload")]

use super::{Obj, ObjHead};
use crate::objects::type_::Type;
use crate::value::Value;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Receives each value that an object owns.
pub type Visitor<'a> = dyn FnMut(&Value) + 'a;

/// The Rust side of a Python type.
///
/// # Safety
/// `cell` is this type's own static, made with `TypeCell::of::<Self>`; `traverse` visits every value
/// that the payload owns and that could close a cycle, exactly once for each owned reference, and
/// runs no Python code.
pub unsafe trait Payload: Sized + 'static {
    /// Can an instance be part of a reference cycle? Then it carries a collector header.
    const GC: bool;
    /// May there be bytes behind the payload that belong to it?
    const TAIL: bool = false;
    /// How many (characters, items).
    fn tail_bytes(&self) -> usize {
        0
    }
    fn cell() -> &'static TypeCell;
    /// Shows every owned value to the collector.
    fn traverse(&self, _visit: &mut Visitor<'_>) {}
    /// Moves owned values into `bag` to break a cycle; the collector drops the bag.
    fn clear(&self, _bag: &mut Vec<Value>) {}
}

/// The type-erased description of a payload.
pub struct Layout {
    pub size: usize,
    pub align: usize,
    pub gc: bool,
    pub(crate) tail: bool,
    pub(crate) drop: Option<unsafe fn(*mut ObjHead)>,
    /// Drops the payload and frees the memory of an object that has no other parts.
    pub(crate) free: unsafe fn(NonNull<ObjHead>),
    pub(crate) tail_bytes: unsafe fn(*const ObjHead) -> usize,
    pub(crate) traverse: unsafe fn(*const ObjHead, &mut Visitor<'_>),
    pub(crate) clear: unsafe fn(*const ObjHead, &mut Vec<Value>),
}

/// One built-in type's place: its layout, and its type object once the runtime has made it.
pub struct TypeCell {
    layout: Layout,
    object: AtomicPtr<Obj<Type>>,
}

impl std::ops::Deref for TypeCell {
    type Target = Layout;
    fn deref(&self) -> &Layout {
        &self.layout
    }
}

impl TypeCell {
    pub const fn of<T: Payload>() -> TypeCell {
        unsafe fn drop_payload<T: Payload>(object: *mut ObjHead) {
            // SAFETY: called once by `alloc::destroy` on an object of this layout.
            unsafe { std::ptr::drop_in_place(&raw mut (*object.cast::<Obj<T>>()).payload) }
        }
        unsafe fn tail<T: Payload>(object: *const ObjHead) -> usize {
            // SAFETY: the layout says that this is an `Obj<T>`.
            unsafe { (*object.cast::<Obj<T>>()).payload.tail_bytes() }
        }
        unsafe fn traverse<T: Payload>(object: *const ObjHead, visit: &mut Visitor<'_>) {
            // SAFETY: the layout says that this is an `Obj<T>`.
            unsafe { (*object.cast::<Obj<T>>()).payload.traverse(visit) }
        }
        unsafe fn clear<T: Payload>(object: *const ObjHead, bag: &mut Vec<Value>) {
            // SAFETY: the layout says that this is an `Obj<T>`.
            unsafe { (*object.cast::<Obj<T>>()).payload.clear(bag) }
        }
        const {
            // Objects lie at multiples of eight; a payload that needs more must be boxed.
            assert!(align_of::<Obj<T>>() <= 8);
        }
        TypeCell {
            layout: Layout {
                size: size_of::<Obj<T>>(),
                align: align_of::<Obj<T>>(),
                gc: T::GC,
                tail: T::TAIL,
                drop: if std::mem::needs_drop::<T>() { Some(drop_payload::<T>) } else { None },
                free: super::alloc::free::<T>,
                tail_bytes: tail::<T>,
                traverse: traverse::<T>,
                clear: clear::<T>,
            },
            object: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// The type object. The runtime makes all built-in types before anything can ask.
    #[inline(always)]
    pub fn get(&self) -> &'static Obj<Type> {
        let object = self.object.load(Ordering::Relaxed);
        debug_assert!(!object.is_null(), "a built-in type was used before the runtime started");
        // SAFETY: set once at start-up to a type object that is never freed.
        unsafe { &*object }
    }

    pub(crate) fn is_ready(&self) -> bool {
        !self.object.load(Ordering::Acquire).is_null()
    }

    /// Publishes the type object; its reference is never given back.
    pub(crate) fn publish(&self, ty: super::Ref<Type>) {
        super::census::keep(ty.head());
        self.object.store(ty.into_raw().as_ptr(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::list::List;
    use crate::objects::object::Object;
    use crate::objects::set::Set;
    use crate::objects::str_::Str;
    use crate::objects::tuple::Tuple;
    use crate::testing::{Session, owners, token, with_vm};

    #[test]
    fn a_layout_tells_what_its_payload_is() {
        fn check<T: Payload>() {
            let cell = T::cell();
            assert!(cell.is_ready() && std::ptr::eq(cell.get().layout(), cell));
            assert_eq!((cell.size, cell.gc, cell.tail), (size_of::<Obj<T>>(), T::GC, T::TAIL));
            assert_eq!(cell.drop.is_some(), std::mem::needs_drop::<T>());
            assert!(cell.align <= 8 && cell.size.is_multiple_of(8));
        }
        with_vm(|_| {
            check::<Object>();
            check::<List>();
            check::<Tuple>();
            check::<Str>();
            check::<Set>();
            check::<Type>();
        });
    }

    #[test]
    fn the_erased_functions_reach_the_payload() {
        with_vm(|vm| {
            let value = token();
            let list: Value = List::from_vec(vec![value.clone(), value.clone()]).into();
            let tuple: Value = Tuple::from_slice(std::slice::from_ref(&value)).into();
            let text = vm.str("five!");
            assert_eq!(owners(&value), 4);
            for (object, count, tail) in [(&list, 2, 0), (&tuple, 1, 8), (&text, 0, 5)] {
                let (head, layout) = (object.head().expect("an object"), object.ty().layout());
                let mut seen = 0;
                // SAFETY: the layout is the object's.
                unsafe {
                    (layout.traverse)(head, &mut |v| seen += usize::from(v.is(&value)));
                    assert_eq!((seen, (layout.tail_bytes)(head)), (count, tail));
                    let mut bag = Vec::new();
                    (layout.clear)(head, &mut bag);
                    // Only a list can be emptied.
                    assert_eq!(bag.len(), if object.is(&list) { 2 } else { 0 });
                }
            }
            assert_eq!(owners(&value), 2);
        });
    }

    #[test]
    fn subclasses_have_the_layout_of_what_they_extend() {
        with_vm(|vm| {
            let session = Session::new(vm, "class T(tuple): pass\nclass U(T): __slots__ = ()");
            for name in ["T", "U", "tuple"] {
                let ty = session.eval(name);
                let ty = ty.downcast::<Type>().expect("a type");
                assert!(std::ptr::eq(ty.layout(), Tuple::cell()));
                assert!(!std::ptr::eq(ty.layout(), List::cell()));
            }
        });
    }
}
