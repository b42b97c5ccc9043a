//! The head of every heap object, and what happens when its last reference goes.
//!
//! ```text
//!   [GcHead 8 bytes]   only for types that can be part of a cycle
//!   refcount  8        <- object pointers point here: CPython's own PyObject head
//!   type      8
//!   payload ...        the Rust type behind the Python type
//!   [Attrs 16]         shape and attribute values, for types whose instances have a __dict__
//!   [slots 8 each]     members named by __slots__
//!   [inline values]    room for the attributes that instances of this type usually get
//! ```
//!
//! Invariants: an object's address, type layout and size never change while it lives. The count is
//! the number of owned words that point to it; at zero the object is finalised, its weak references
//! die, and it is freed, in that order (CPython's `subtype_dealloc`). Counts do not wrap: an object
//! cannot have 2^64 owners in a 48-bit address space.

#![expect(unsafe_code, reason = "reference counts and the end of an object's life")]

use super::tracked;
use super::{Obj, alloc, weak};
use crate::object::GilCell;
use crate::objects::type_::{Type, TypeFlags};
use std::cell::Cell;
use std::ptr::NonNull;

/// The first two words of every heap object.
#[repr(C)]
pub struct ObjHead {
    refcount: Cell<usize>,
    ty: Cell<NonNull<Obj<Type>>>,
}

const _: () = assert!(size_of::<ObjHead>() == 16);

/// The collector's word, in front of the head of objects that can be part of a cycle.
#[repr(C)]
pub struct GcHead {
    /// Position in the collector's list of this object's generation; while a collection looks for garbage, a
    /// count of references.
    pub(crate) index: Cell<u32>,
    pub(crate) flags: Cell<u8>,
    pub(crate) generation: Cell<u8>,
    /// How many attribute values fit behind the object itself.
    pub(crate) inline_capacity: Cell<u8>,
    _reserved: u8,
}

const _: () = assert!(size_of::<GcHead>() == 8);

pub(crate) mod gc_flag {
    /// In one of the collector's lists.
    pub const TRACKED: u8 = 1;
    /// `__del__` has run; it runs once (PEP 442).
    pub const FINALIZED: u8 = 2;
    /// Weak references to this object are in the side table.
    pub const WEAKLY_REFERENCED: u8 = 4;
    /// Found unreachable by the collection that is running.
    pub const UNREACHABLE: u8 = 8;
    /// Made before the program began.
    pub const FROM_START: u8 = 16;
    /// Found to be reachable by the collection that is running, but not looked into yet.
    pub const MISSED: u8 = 32;
}

impl GcHead {
    pub(crate) fn new(inline_capacity: u8) -> GcHead {
        GcHead {
            index: Cell::new(0),
            flags: Cell::new(0),
            generation: Cell::new(0),
            inline_capacity: Cell::new(inline_capacity),
            _reserved: 0,
        }
    }
    #[inline(always)]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags.get() & flag != 0
    }
    #[inline(always)]
    pub(crate) fn set(&self, flag: u8) {
        self.flags.set(self.flags.get() | flag);
    }
    #[inline(always)]
    pub(crate) fn unset(&self, flag: u8) {
        self.flags.set(self.flags.get() & !flag);
    }
}

impl ObjHead {
    pub(crate) fn new(ty: NonNull<Obj<Type>>) -> ObjHead {
        ObjHead { refcount: Cell::new(1), ty: Cell::new(ty) }
    }

    #[inline(always)]
    pub fn refcount(&self) -> usize {
        self.refcount.get()
    }

    #[inline(always)]
    pub(crate) fn incref(&self) {
        self.refcount.set(self.refcount.get() + 1);
    }

    /// Is there more than one reference?
    #[inline(always)]
    pub(crate) fn is_shared(&self) -> bool {
        self.refcount.get() > 1
    }
    /// Gives up a reference that is not the last one.
    #[inline(always)]
    pub(crate) fn decref_shared(&self) {
        debug_assert!(self.is_shared());
        self.refcount.set(self.refcount.get() - 1);
    }

    /// The object's type.
    #[inline(always)]
    pub fn ty(&self) -> &Obj<Type> {
        // SAFETY: an object keeps its type alive.
        unsafe { self.ty.get().as_ref() }
    }

    /// `obj.__class__ = ty`; the caller has checked that the layouts agree.
    pub(crate) fn set_type(&self, ty: &Obj<Type>) {
        let old = self.ty();
        ty.head().incref();
        let old: NonNull<ObjHead> = NonNull::from(old.head());
        self.ty.set(NonNull::from(ty));
        // SAFETY: the object owned a reference to its old type.
        unsafe { decref(old) }
    }

    /// The collector's word.
    #[inline(always)]
    pub(crate) fn gc(&self) -> Option<&GcHead> {
        if self.ty().collectable { Some(self.gc_unchecked()) } else { None }
    }

    #[inline(always)]
    pub(crate) fn gc_unchecked(&self) -> &GcHead {
        debug_assert!(self.ty().collectable);
        // SAFETY: objects of collectable types are allocated with a `GcHead` in front.
        unsafe { &*(self as *const ObjHead as *const GcHead).sub(1) }
    }

    pub fn address(&self) -> usize {
        self as *const ObjHead as usize
    }
}

/// Gives up one reference.
///
/// # Safety
/// The caller owns a reference to the live object `ptr`, and does not use it again.
#[inline(always)]
pub(crate) unsafe fn decref(ptr: NonNull<ObjHead>) {
    // SAFETY: passed on; then that was the last reference.
    unsafe {
        if decref_to_zero(ptr) {
            dealloc(ptr)
        }
    }
}

/// Gives up one reference; if it was the last one, the caller has to `dealloc` the object.
///
/// # Safety
/// As for [`decref`].
#[inline(always)]
pub(crate) unsafe fn decref_to_zero(ptr: NonNull<ObjHead>) -> bool {
    // SAFETY: alive until the count is zero.
    let head = unsafe { ptr.as_ref() };
    let count = head.refcount.get() - 1;
    head.refcount.set(count);
    count == 0
}

/// How deep `dealloc` nests in itself before objects wait in line (CPython's "trashcan"): freeing a
/// million nested lists must not need a million native frames.
const MAX_DEALLOC_DEPTH: u32 = 64;

struct Trashcan {
    depth: u32,
    waiting: Vec<NonNull<ObjHead>>,
}

static TRASHCAN: GilCell<Trashcan> = GilCell::new(Trashcan { depth: 0, waiting: Vec::new() });

/// Hides an object whose count is zero from the collector, since its turn to be ended comes later.
pub(crate) fn forget_dying(head: &ObjHead) {
    if head.ty().collectable {
        tracked::untrack(head);
    }
}

/// Ends the life of an object whose count is zero.
///
/// # Safety
/// No reference to `ptr` is left.
#[inline(never)]
pub(crate) unsafe fn dealloc(ptr: NonNull<ObjHead>) {
    // SAFETY: the memory is still there.
    let ty = unsafe { ptr.as_ref() }.ty();
    if !ty.collectable {
        // SAFETY: as promised; leaf objects drop no other object but their own parts.
        return unsafe { if ty.plain { (ty.layout().free)(ptr) } else { alloc::destroy(ptr) } };
    }
    let nested = TRASHCAN.with(|t| {
        let nested = t.depth >= MAX_DEALLOC_DEPTH;
        t.depth += u32::from(!nested);
        nested
    });
    // SAFETY: as promised.
    unsafe {
        if nested {
            return wait(ptr);
        }
        dealloc_container(ptr);
    }
    let done = TRASHCAN.with(|t| {
        // Only the outermost call empties the line; at depth 1 every nested one has returned.
        let done = t.depth > 1 || t.waiting.is_empty();
        t.depth -= u32::from(done);
        done
    });
    if !done {
        empty_trashcan();
    }
}

/// Puts an object in line.
///
/// # Safety
/// As for [`dealloc`]; the object has a `GcHead`.
#[cold]
#[inline(never)]
unsafe fn wait(ptr: NonNull<ObjHead>) {
    // SAFETY: the memory is there until its turn.
    let head = unsafe { ptr.as_ref() };
    // Python code may run before its turn comes: the collector must not find it.
    tracked::untrack(head);
    // A `__del__` does not wait: one that makes another object of its class has to end in
    // RecursionError, not in a line that never gets shorter.
    if !head.ty().has_flag(TypeFlags::HEAP) || !finalized_alive(head) {
        TRASHCAN.with(|t| t.waiting.push(ptr));
    }
}

/// Ends the lives of those in line, in the outermost `dealloc`.
#[cold]
#[inline(never)]
fn empty_trashcan() {
    loop {
        let next = TRASHCAN.with(|t| {
            let next = t.waiting.pop();
            if next.is_none() {
                t.depth -= 1;
            }
            next
        });
        match next {
            // SAFETY: waiting objects have no references.
            Some(next) => unsafe { dealloc_container(next) },
            None => return,
        }
    }
}

/// Runs the finaliser of an object without references, if it has one that did not run; is the object
/// alive again?
fn finalized_alive(head: &ObjHead) -> bool {
    let gc = head.gc_unchecked();
    let Some(finalize) = head.ty().slots.finalize.get() else { return false };
    if gc.has(gc_flag::FINALIZED) {
        return false;
    }
    gc.set(gc_flag::FINALIZED);
    head.refcount.set(1);
    finalize(head);
    let left = head.refcount.get() - 1;
    head.refcount.set(left);
    if left > 0 {
        // Resurrected, perhaps after it waited in line.
        tracked::track(head);
    }
    left > 0
}

/// # Safety
/// As for [`dealloc`]; the object has a `GcHead`.
#[inline(always)]
unsafe fn dealloc_container(ptr: NonNull<ObjHead>) {
    // SAFETY: the memory is there until it is freed.
    let head = unsafe { ptr.as_ref() };
    let (gc, ty) = (head.gc_unchecked(), head.ty());
    if ty.plain && ty.slots.finalize.get().is_none() && !gc.has(gc_flag::WEAKLY_REFERENCED) {
        if gc.has(gc_flag::TRACKED) {
            tracked::untrack(head);
        }
        // SAFETY: no reference is left, and the collector forgot it.
        return unsafe { (ty.layout().free)(ptr) };
    }
    // SAFETY: passed on.
    unsafe { dealloc_with_parts(ptr) }
}

/// The same for an object with parts of its own, a finaliser, or weak references to it.
///
/// # Safety
/// As for [`dealloc_container`].
#[inline(never)]
unsafe fn dealloc_with_parts(ptr: NonNull<ObjHead>) {
    // SAFETY: the memory is there until `destroy`.
    let head = unsafe { ptr.as_ref() };
    let gc = head.gc_unchecked();
    if finalized_alive(head) {
        return;
    }
    if gc.has(gc_flag::WEAKLY_REFERENCED) {
        head.refcount.set(1);
        weak::clear_all(head);
        let left = head.refcount.get() - 1;
        head.refcount.set(left);
        if left > 0 {
            return;
        }
    }
    if gc.has(gc_flag::TRACKED) {
        tracked::untrack(head);
    }
    // SAFETY: no reference is left, nothing refers to the object weakly, the collector forgot it.
    unsafe { alloc::destroy(ptr) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Payload, Ref};
    use crate::objects::list::List;
    use crate::objects::tuple::Tuple;
    use crate::objects::weakref::WeakRef;
    use crate::testing::{Session, owners, token, with_vm};

    #[test]
    fn counts_go_up_and_down_by_one() {
        with_vm(|_| {
            let value = token();
            let head = value.head().expect("an object");
            assert!(head.refcount() == 1 && !head.is_shared());
            head.incref();
            assert!(head.refcount() == 2 && head.is_shared());
            head.decref_shared();
            let copy = value.clone();
            // SAFETY: the copy's reference is given up, and the copy forgotten.
            assert!(!unsafe { decref_to_zero(NonNull::from(copy.head().expect("an object"))) });
            std::mem::forget(copy);
            assert_eq!(head.refcount(), 1);
            let object = value.into_head();
            // SAFETY: the last reference is given up, and the object ended as that demands.
            unsafe {
                assert!(decref_to_zero(object) && object.as_ref().refcount() == 0);
                dealloc(object);
            }
        });
    }

    #[test]
    fn deep_nests_end_without_deep_stacks() {
        with_vm(|_| {
            for depth in [1, 63, 64, 65, 200, 300_000] {
                let value = token();
                let mut nest = value.clone();
                for level in 0..depth {
                    nest = match level % 2 {
                        0 => List::from_vec(vec![nest]).into(),
                        _ => Tuple::pair(nest, value.clone()).into(),
                    };
                }
                assert_eq!(owners(&value), 2 + depth / 2);
                drop(nest);
                assert_eq!(owners(&value), 1, "{depth}");
                TRASHCAN.with(|t| assert!(t.depth == 0 && t.waiting.is_empty()));
            }
        });
    }

    #[test]
    fn finalisers_in_a_deep_nest_run_once_each_and_may_save_their_objects() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
saved = []
count = 0
class Link:
    def __init__(self, inner): self.inner = inner
    def __del__(self):
        global count
        count += 1
        if self.keep: saved.append(self)
        self.touched = [count]
    keep = False
nest = None
for i in range(2000):
    nest = Link([nest])
    if i in (10, 1000, 1990): nest.keep = True
del nest
",
            );
            // What is saved keeps what is inside of it, which therefore does not end.
            assert_eq!(session.show("len(saved), count"), "(1, 10)");
            session.exec("saved.pop()");
            assert_eq!(session.show("len(saved), count"), "(1, 1000)");
            session.exec("saved.pop()");
            session.exec("saved.pop()");
            assert_eq!(session.show("len(saved), count"), "(0, 2000)");
            TRASHCAN.with(|t| assert!(t.depth == 0 && t.waiting.is_empty()));
        });
    }

    #[test]
    fn an_object_that_saves_itself_ends_at_the_second_time() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
saved, runs = [], []
class Phoenix:
    def __del__(self):
        runs.append(1)
        saved.append(self)
x = Phoenix()
del x
",
            );
            let value = token();
            session.set("t", value.clone());
            session.exec("saved[0].t = t");
            let object = session.eval("saved[0]");
            assert_eq!((owners(&object), owners(&value)), (2, 3));
            let gc = object.head().and_then(ObjHead::gc).expect("a collector's word");
            assert!(gc.has(gc_flag::FINALIZED) && gc.has(gc_flag::TRACKED));
            drop(object);
            session.exec("saved.clear()");
            assert_eq!(session.show("len(saved), len(runs)"), "(0, 1)");
            assert_eq!(owners(&value), 2);
        });
    }

    #[test]
    fn a_callback_that_drops_the_rest_finds_no_half_dead_object() {
        with_vm(|vm| {
            let session = Session::new(vm, "seen = []\nclass A: pass");
            session.set("ref", WeakRef::cell().get().to_value());
            session.exec(
                "
def callback(r):
    seen.append((r(), len(rs)))
    rs.clear()
a = A()
a.other = A()
rs = [ref(a, callback), ref(a, callback), ref(a.other, callback), ref(a)]
one = ref(a)
del a
",
            );
            // The newest one's callback runs first, and frees the older ones, which were taken already.
            assert_eq!(session.show("seen, one()"), "([(None, 4), (None, 0)], None)");
        });
    }

    #[test]
    fn an_object_may_change_its_type() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass\nclass B: pass");
            let (a, b) = (session.get("A"), session.get("B"));
            let object = session.eval("A()");
            let (of_a, of_b) = (owners(&a), owners(&b));
            let head = object.head().expect("an object");
            head.set_type(b.downcast::<Type>().expect("a type"));
            assert_eq!((owners(&a), owners(&b)), (of_a - 1, of_b + 1));
            head.set_type(b.downcast::<Type>().expect("a type"));
            assert_eq!(owners(&b), of_b + 1);
            drop(object);
            assert_eq!(owners(&b), of_b);
            // The old type may end by that.
            session.exec("def make():\n    class C: pass\n    return C()\no = make()");
            session.exec("o.__class__ = B\no.x = 1\nassert type(o) is B");
        });
    }

    #[test]
    fn objects_that_cannot_be_in_a_cycle_have_no_word_in_front() {
        with_vm(|vm| {
            let session = Session::new(vm, "");
            for (source, collectable) in [
                ("'text'", false),
                ("1 << 100", false),
                ("[1]", true),
                ("(1,)", true),
                ("int", true),
            ] {
                let value = session.eval(source);
                let head = value.head().expect("an object");
                assert_eq!(head.gc().is_some(), collectable, "{source}");
            }
            let list: Ref<List> = List::from_vec(Vec::new());
            forget_dying(list.head());
            assert!(!list.head().gc_unchecked().has(gc_flag::TRACKED));
        });
    }
}
