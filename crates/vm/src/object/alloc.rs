//! Making and unmaking heap objects: the memory picture of `header.rs` is laid out here only.
//!
//! Small objects lie in pools of our own, large ones in the global allocator's memory: `heap.rs`.

#![expect(unsafe_code, reason = "raw allocation of objects with parts sized at run time")]

use super::attrs::Attrs;
use super::{GcHead, Obj, ObjHead, Payload, Ref, census, heap, tracked};
use crate::objects::type_::{Type, TypeFlags};
use crate::value::Value;
use std::alloc::Layout as Memory;
use std::ptr::NonNull;

const HEAD: usize = size_of::<GcHead>();

/// Allocates and fills the fixed parts: collector head, object head, attributes, slots. The payload
/// (and its tail) is still to be written by the caller.
///
/// # Safety
/// The caller writes a payload of the type's layout, and its tail, before anything else sees the
/// object; `tail` equals what `Payload::tail_bytes` will answer.
#[inline(always)]
unsafe fn allocate(ty: &Obj<Type>, tail: usize) -> NonNull<ObjHead> {
    if !ty.plain {
        // SAFETY: passed on.
        return unsafe { allocate_with_parts(ty, tail) };
    }
    let before = if ty.collectable { HEAD } else { 0 };
    let start = heap::allocate(before + ty.basic_size + tail).as_ptr();
    // SAFETY: the writes stay within the block.
    unsafe {
        if ty.collectable {
            start.cast::<GcHead>().write(GcHead::new(0));
        }
        let object = start.add(before);
        object.cast::<ObjHead>().write(ObjHead::new(NonNull::from(ty)));
        let object = NonNull::new_unchecked(object.cast());
        census::born(start, object);
        object
    }
}

/// The same for a type with attributes or slots, or made at run time.
///
/// # Safety
/// As for [`allocate`].
unsafe fn allocate_with_parts(ty: &Obj<Type>, tail: usize) -> NonNull<ObjHead> {
    let inline = if ty.attrs_offset != 0 { ty.inline_hint.get() } else { 0 };
    let before = if ty.collectable { HEAD } else { 0 };
    let size = before + ty.basic_size + tail + inline as usize * 8;
    let start = heap::allocate(size).as_ptr();
    debug_assert!((start as u64) < 1 << 48);
    // SAFETY: all writes stay within `size` by the layout of header.rs: the parts do not overlap.
    unsafe {
        let object = start.add(before);
        if ty.collectable {
            start.cast::<GcHead>().write(GcHead::new(inline));
        }
        object.cast::<ObjHead>().write(ObjHead::new(NonNull::from(ty)));
        if ty.attrs_offset != 0 {
            let values = if inline > 0 { object.add(ty.basic_size) } else { std::ptr::null_mut() };
            object.add(ty.attrs_offset).cast::<Attrs>().write(Attrs::empty(values.cast()));
        }
        for &offset in ty.slot_offsets.iter() {
            object.add(offset as usize).cast::<Option<Value>>().write(None);
        }
        if ty.flags.get().contains(TypeFlags::HEAP) {
            ty.head().incref();
        }
        let object = NonNull::new_unchecked(object.cast());
        census::born(start, object);
        object
    }
}

/// A new object of fixed size. Collectable objects are tracked at once.
#[inline]
pub(crate) fn new_object<T: Payload>(payload: T, ty: &Obj<Type>) -> Ref<T> {
    if ty.plain {
        return new_plain(payload, ty);
    }
    debug_assert!(std::ptr::eq(ty.layout(), T::cell()));
    debug_assert!(payload.tail_bytes() == 0);
    // SAFETY: the payload is written at once; the type's layout is `T`'s.
    unsafe {
        let object = allocate(ty, 0);
        let typed = object.cast::<Obj<T>>();
        (&raw mut (*typed.as_ptr()).payload).write(payload);
        if ty.collectable {
            tracked::track_new(object.as_ref());
        }
        Ref::from_raw(typed)
    }
}

/// A new object of a type without attributes and slots, not made at run time: head and payload.
#[inline]
fn new_plain<T: Payload>(payload: T, ty: &Obj<Type>) -> Ref<T> {
    debug_assert!(std::ptr::eq(ty.layout(), T::cell()) && ty.collectable == T::GC);
    let before = if T::GC { HEAD } else { 0 };
    let start = heap::allocate(before + size_of::<Obj<T>>()).as_ptr();
    // SAFETY: the block is as large as the collector's head and the object, written here.
    unsafe {
        if T::GC {
            start.cast::<GcHead>().write(GcHead::new(0));
        }
        let object = start.add(before).cast::<Obj<T>>();
        object.write(Obj { head: ObjHead::new(NonNull::from(ty)), payload });
        census::born(start, NonNull::new_unchecked(object.cast()));
        if T::GC {
            tracked::track_new((*object).head());
        }
        Ref::from_raw(NonNull::new_unchecked(object))
    }
}

/// A new object with a tail, not tracked yet: `fill` receives the tail's first byte and must write
/// all of it.
///
/// # Safety
/// `payload.tail_bytes()` equals `tail`; `fill` initialises the whole tail and does not panic. The
/// type has no attributes, or tail 0 (attributes lie before the tail only for fixed-size objects).
#[inline]
pub(crate) unsafe fn new_with_tail<T: Payload>(
    payload: T,
    ty: &Obj<Type>,
    tail: usize,
    fill: impl FnOnce(*mut u8),
) -> Ref<T> {
    debug_assert!(std::ptr::eq(ty.layout(), T::cell()));
    debug_assert!(payload.tail_bytes() == tail);
    // SAFETY: payload and tail are written here; `tail_start` is where `allocate` left room.
    unsafe {
        let object = allocate(ty, tail);
        let typed = object.cast::<Obj<T>>();
        (&raw mut (*typed.as_ptr()).payload).write(payload);
        fill(tail_start(object.as_ref()));
        if ty.flags.get().contains(TypeFlags::HEAP) {
            tracked::track(object.as_ref());
        }
        Ref::from_raw(typed)
    }
}

/// The same for a type of Rust's own, without attributes and slots: `T`'s.
///
/// # Safety
/// As for [`new_with_tail`].
#[inline(always)]
pub(crate) unsafe fn new_plain_with_tail<T: Payload>(
    payload: T,
    tail: usize,
    fill: impl FnOnce(*mut u8),
) -> Ref<T> {
    let ty = T::cell().get();
    debug_assert!(ty.plain && ty.collectable == T::GC && payload.tail_bytes() == tail);
    let before = if T::GC { HEAD } else { 0 };
    let start = heap::allocate(before + size_of::<Obj<T>>() + tail).as_ptr();
    // SAFETY: the block is as large as the collector's head, the object and its tail, written here.
    unsafe {
        if T::GC {
            start.cast::<GcHead>().write(GcHead::new(0));
        }
        let object = start.add(before).cast::<Obj<T>>();
        object.write(Obj { head: ObjHead::new(NonNull::from(ty)), payload });
        census::born(start, NonNull::new_unchecked(object.cast()));
        fill(object.add(1).cast());
        Ref::from_raw(NonNull::new_unchecked(object))
    }
}

/// Where the tail (characters, items) of an object begins: behind the payload, the attributes and
/// the slots of its type, and behind the inline values if its type has room for them.
#[inline(always)]
pub(crate) fn tail_start(head: &ObjHead) -> *mut u8 {
    let ty = head.ty();
    let inline = if ty.attrs_offset != 0 { head.gc_unchecked().inline_capacity.get() } else { 0 };
    // SAFETY: inside the allocation of the object.
    unsafe { (head as *const ObjHead as *mut u8).add(ty.basic_size + inline as usize * 8) }
}

/// Drops an object's parts and frees its memory.
///
/// # Safety
/// No reference to it is left, weak ones and the collector's included.
pub(super) unsafe fn destroy(ptr: NonNull<ObjHead>) {
    // SAFETY: the object is whole until its parts are dropped below, in this order: attributes and
    // slots (which may run other objects' finalisers, but none can reach this one), payload, memory.
    unsafe {
        let head = ptr.as_ref();
        let ty = NonNull::from(head.ty());
        let layout = ty.as_ref().layout();
        let ty_ref = ty.as_ref();
        if ty_ref.plain {
            return (layout.free)(ptr);
        }
        let mut size = ty_ref.basic_size;
        if layout.tail {
            size += (layout.tail_bytes)(ptr.as_ptr());
        }
        let base = ptr.as_ptr().cast::<u8>();
        if ty_ref.attrs_offset != 0 {
            let inline = head.gc_unchecked().inline_capacity.get();
            size += inline as usize * 8;
            let attrs = &*base.add(ty_ref.attrs_offset).cast::<Attrs>();
            attrs.drop_values(inline);
        }
        for &offset in ty_ref.slot_offsets.iter() {
            std::ptr::drop_in_place(base.add(offset as usize).cast::<Option<Value>>());
        }
        if let Some(drop) = layout.drop {
            drop(ptr.as_ptr());
        }
        let before = if ty_ref.collectable { HEAD } else { 0 };
        let heap_type = ty_ref.flags.get().contains(TypeFlags::HEAP);
        heap::release(NonNull::new_unchecked(base.sub(before)), before + size);
        if heap_type {
            super::header::decref(ty.cast());
        }
    }
}

/// The same for an object of a type without attributes and slots, not made at run time.
///
/// # Safety
/// As for [`destroy`]; the object's payload is a `T`.
pub(super) unsafe fn free<T: Payload>(ptr: NonNull<ObjHead>) {
    // SAFETY: the object is whole until its payload is dropped; its memory is what `new_plain` or
    // `new_with_tail` asked for.
    unsafe {
        let object = ptr.cast::<Obj<T>>();
        debug_assert!(ptr.as_ref().ty().plain);
        let payload = &raw mut (*object.as_ptr()).payload;
        let tail = if T::TAIL { (*payload).tail_bytes() } else { 0 };
        std::ptr::drop_in_place(payload);
        let before = if T::GC { HEAD } else { 0 };
        let base = ptr.as_ptr().cast::<u8>().sub(before);
        heap::release(NonNull::new_unchecked(base), before + size_of::<Obj<T>>() + tail);
    }
}

/// An object that is known to be alive.
pub(crate) fn look_at<'a>(object: NonNull<ObjHead>) -> &'a ObjHead {
    // SAFETY: callers have it from a book that objects leave when their memory goes.
    unsafe { object.as_ref() }
}

/// Shows every value an object owns: type (if made at run time), attributes, slots, payload.
pub(crate) fn traverse(head: &ObjHead, visit: &mut Visitor<'_>) {
    let ty = head.ty();
    // SAFETY: offsets and layout describe this object.
    unsafe {
        let base = head as *const ObjHead as *const u8;
        if ty.attrs_offset != 0 {
            (*base.add(ty.attrs_offset).cast::<Attrs>()).traverse(visit);
        }
        for &offset in ty.slot_offsets.iter() {
            if let Some(value) = &*base.add(offset as usize).cast::<Option<Value>>() {
                visit(value);
            }
        }
        (ty.layout().traverse)(head, visit);
        if ty.flags.get().contains(TypeFlags::HEAP) {
            let word = std::mem::ManuallyDrop::new(Value::from_bits(ty.head().address() as u64));
            visit(&word);
        }
    }
}

/// Moves what an object owns into `bag`, to break the cycles it is part of.
pub(crate) fn clear(head: &ObjHead, bag: &mut Vec<Value>) {
    let ty = head.ty();
    // SAFETY: offsets and layout describe this object.
    unsafe {
        let base = head as *const ObjHead as *mut u8;
        if ty.attrs_offset != 0 {
            (*base.add(ty.attrs_offset).cast::<Attrs>()).clear(bag);
        }
        for &offset in ty.slot_offsets.iter() {
            bag.extend((*base.add(offset as usize).cast::<Option<Value>>()).take());
        }
        (ty.layout().clear)(head, bag);
    }
}

use super::Visitor;

/// The first type objects, made before `type` itself is ready: the head points to `ty`, or to the
/// new object (for `type`).
pub(crate) fn bootstrap_type(payload: Type, ty: Option<&Obj<Type>>) -> Ref<Type> {
    let memory = Memory::new::<(GcHead, Obj<Type>)>();
    // SAFETY: the block is large enough for a collector head and the object, both written here.
    unsafe {
        let start = std::alloc::alloc(memory);
        if start.is_null() {
            std::alloc::handle_alloc_error(memory);
        }
        start.cast::<GcHead>().write(GcHead::new(0));
        let object = start.add(HEAD).cast::<Obj<Type>>();
        let ty = ty.map_or(NonNull::new_unchecked(object), NonNull::from);
        object.cast::<ObjHead>().write(ObjHead::new(ty));
        (&raw mut (*object).payload).write(payload);
        Ref::from_raw(NonNull::new_unchecked(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::object::attrs_of;
    use crate::runtime::gc;
    use crate::testing::{Session, owners, token, with_vm};

    const CLASSES: &str = "
class Plain: pass
class Slots: __slots__ = 'a', 'b'
class Both(Slots): pass
class Text(str): pass
class Numbers(tuple): pass
class Raw(bytes): pass
class Whole(int): __slots__ = ()
class Real(float): pass
class Keys(dict): __slots__ = 'a',
class Line(list): pass
class Kind(type): pass
class Late(Exception): pass
";

    /// Expressions that make objects of every shape: parts inside, beside and behind.
    const MAKERS: [&str; 25] = [
        "Plain()",
        "Slots()",
        "Both()",
        "Text()",
        "Text('a')",
        "Text('\u{e9}' * 700)",
        "Text('\u{1f600}' * 3)",
        "Numbers()",
        "Numbers((t,))",
        "Numbers((t,) * 100)",
        "Raw()",
        "Raw(b'abc' * 300)",
        "Whole(1 << 200)",
        "Real(1.5)",
        "Keys({1: t})",
        "Line([t])",
        "Late(t)",
        "[t]",
        "(t,) * 9",
        "{t: t for t in (1, 2)}",
        "{1, 2, 3}",
        "slice(t, t, t)",
        "(lambda: t)",
        "(n for n in [t])",
        "object()",
    ];

    #[test]
    fn an_object_gives_up_all_that_it_owns() {
        with_vm(|vm| {
            let session = Session::new(vm, CLASSES);
            let value = token();
            session.set("t", value.clone());
            let before = owners(&value);
            for maker in MAKERS {
                let object = session.eval(maker);
                let ty = object.ty().to_value();
                let of_type = owners(&ty);
                let heap = object.ty().flags.get().contains(TypeFlags::HEAP);
                for part in ["a", "b", "c", "d", "e"] {
                    session.set("o", object.clone());
                    session.set("part", vm.str(part));
                    // Not every object has room for it.
                    session
                        .exec("try: object.__setattr__(o, part, t)\nexcept AttributeError: pass");
                }
                session.set("o", Value::NONE);
                assert_eq!(owners(&object), 1, "{maker}");
                drop(object);
                assert_eq!(owners(&value), before, "{maker}");
                // Types of Rust's own are not counted, and get their methods when they are wanted.
                assert!(!heap || owners(&ty) == of_type - 1, "{maker}");
            }
        });
    }

    #[test]
    fn the_collector_is_shown_each_reference_once() {
        with_vm(|vm| {
            let session = Session::new(vm, CLASSES);
            let value = token();
            session.set("t", value.clone());
            let shown = |object: &Value| {
                let (mut values, mut types) = (0, 0);
                traverse(object.head().expect("an object"), &mut |v| {
                    values += usize::from(v.is(&value));
                    types += usize::from(v.bits() == object.ty().head().address() as u64);
                });
                (values, types)
            };
            let cases = [
                ("Numbers((t,) * 3)", "o.a = o.b = t", (5, 1)),
                ("Both()", "o.a = o.b = o.c = t", (3, 1)),
                ("Both()", "o.a = o.b = t; o.__dict__", (2, 1)),
                ("Keys({1: t, 2: t})", "o.a = t", (3, 1)),
                ("Line([t, t])", "o.x = t; del o.x", (2, 1)),
                ("[t, t]", "", (2, 0)),
                ("(t, t)", "", (2, 0)),
                ("slice(t, t, t)", "", (3, 0)),
            ];
            for (maker, more, expected) in cases {
                let before = owners(&value);
                let object = session.eval(maker);
                session.set("o", object.clone());
                session.exec(more);
                assert_eq!(shown(&object), expected, "{maker}");
                assert_eq!(owners(&value), before + expected.0, "{maker}");
                let mut bag = Vec::new();
                clear(object.head().expect("an object"), &mut bag);
                session.set("o", Value::NONE);
                drop((bag, object));
                assert_eq!(owners(&value), before, "{maker}");
            }
        });
    }

    #[test]
    fn tails_of_any_length_begin_at_a_word() {
        with_vm(|vm| {
            let session = Session::new(vm, CLASSES);
            session.exec("for n in range(30):\n    t = Text('x')\n    setattr(t, 'a%d' % n, n)");
            for len in [0, 1, 7, 8, 9, 511, 512, 513, 5000] {
                session.set("n", Value::int_unchecked(len));
                for maker in ["Text('\u{e9}' * n)", "Raw(b'z' * n)", "Numbers((n,) * n)"] {
                    let object = session.eval(maker);
                    session.set("o", object.clone());
                    session.exec("for i in range(40): setattr(o, 'a%d' % i, i)");
                    assert_eq!(tail_start(object.head().expect("an object")) as usize % 8, 0);
                    session.exec("assert len(o) == n and len(set(o)) <= 1 and o.a39 == 39");
                }
            }
        });
    }

    #[test]
    fn values_behind_an_object_do_not_touch_its_tail() {
        with_vm(|vm| {
            let session = Session::new(vm, "class Text(str): pass");
            let warm = session.eval("Text('warm')");
            session.set("warm", warm);
            session.exec("warm.a = warm.b = warm.c = 1");
            let object = session.eval("Text('behind' * 3)");
            let (_, gc, head) = attrs_of(&object).expect("has attributes");
            assert_eq!(gc.inline_capacity.get(), 3);
            let distance = tail_start(head) as usize - head.address();
            assert_eq!(distance, object.ty().basic_size + 24);
            session.set("o", object.clone());
            session.exec("o.a = o.b = o.c = o\no.d = o\ndel o.c");
            assert_eq!(session.show("o"), "'behindbehindbehind'");
            session.set("o", Value::NONE);
            drop(object);
            assert!(gc::collect(vm, 2) >= 1);
        });
    }

    #[test]
    fn a_type_of_the_start_is_its_own_kind() {
        with_vm(|vm| {
            let session = Session::new(vm, "");
            for name in ["type", "object", "str", "tuple", "dict"] {
                let ty = session.eval(name);
                assert!(ty.head().is_some_and(|head| head.gc().is_some()));
                assert!(std::ptr::eq(ty.ty(), Type::cell().get()), "{name}");
            }
            assert!(std::ptr::eq(Type::cell().get().ty(), Type::cell().get()));
            assert!(look_at(NonNull::from(Type::cell().get().head())).refcount() >= 1);
        });
    }
}
