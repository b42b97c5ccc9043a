//! The attributes of one instance: a shape and its values, or a dict once somebody asked for it.
//!
//! States:
//! - *empty*: shape null, values null or the inline area: no attribute was set yet;
//! - *shaped*: shape not null, `values` has at least `shape.len()` words, either the inline area
//!   behind the object or a heap block of `heap_capacity(len)` words;
//! - *dict*: shape is the `DICT` mark and `values` owns a reference to a `Dict`.
//!
//! empty -> shaped -> dict; never back, except by `__dict__ = d` (dict to another dict).
//!
//! Dropping a value may run Python code, so replaced values are handed to the caller.

#![expect(unsafe_code, reason = "values lie in memory behind the object, sized by their shape")]

use super::header::GcHead;
use super::shape::Shape;
use super::{Ref, Visitor};
use crate::objects::dict::Dict;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::value::Value;
use std::alloc::Layout as Memory;
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// The two words in an instance.
#[repr(C)]
pub struct Attrs {
    shape: Cell<*const Shape>,
    values: Cell<*mut Option<Value>>,
}

const _: () = assert!(size_of::<Attrs>() == 16);

/// The shape word of the dict state: an address no shape has.
const DICT: *const Shape = std::ptr::without_provenance(1);

fn heap_capacity(len: usize) -> usize {
    len.next_power_of_two().max(4)
}

fn heap_block(capacity: usize) -> Memory {
    match Memory::array::<Option<Value>>(capacity) {
        Ok(memory) => memory,
        Err(_) => Memory::new::<Option<Value>>(),
    }
}

impl Attrs {
    pub(crate) fn empty(inline: *mut Option<Value>) -> Attrs {
        Attrs { shape: Cell::new(std::ptr::null()), values: Cell::new(inline) }
    }

    /// The word that inline caches compare.
    #[inline(always)]
    pub fn shape_word(&self) -> *const Shape {
        self.shape.get()
    }

    /// The value at an index that this shape has (as cached): borrowed until the next change.
    ///
    /// # Safety
    /// `shape_word()` is a shape with more than `index` names.
    #[inline(always)]
    pub unsafe fn value_unchecked(&self, index: usize) -> &Value {
        // SAFETY: the shaped state has a value for each name.
        unsafe { (*self.values.get().add(index)).as_ref().unwrap_unchecked() }
    }

    /// The place of an index that this shape has, until the next change of shape.
    ///
    /// # Safety
    /// As for [`Attrs::value_unchecked`].
    #[inline(always)]
    pub unsafe fn place_unchecked(&self, index: usize) -> *mut Option<Value> {
        // SAFETY: as promised.
        unsafe { self.values.get().add(index) }
    }

    /// Replaces the value at an index that this shape has, and returns the old one.
    ///
    /// # Safety
    /// As for [`Attrs::value_unchecked`].
    #[inline(always)]
    pub unsafe fn replace_unchecked(&self, index: usize, value: Value) -> Option<Value> {
        // SAFETY: as promised.
        unsafe { (*self.values.get().add(index)).replace(value) }
    }

    fn shaped(&self) -> Option<&Shape> {
        let shape = self.shape.get();
        // SAFETY: not null and not the mark: a shape of the object's type, which is alive.
        if shape.is_null() || shape == DICT { None } else { Some(unsafe { &*shape }) }
    }

    pub fn dict(&self) -> Option<&super::Obj<Dict>> {
        if self.shape.get() == DICT {
            // SAFETY: the dict state owns a reference to a dict.
            Some(unsafe { &*self.values.get().cast::<super::Obj<Dict>>() })
        } else {
            None
        }
    }

    /// Looks an interned name up; in the dict state the caller asks the dict.
    pub fn get(&self, name: &Ref<Str>) -> Option<Value> {
        if let Some(dict) = self.dict() {
            return dict.get_str(name);
        }
        let index = self.shaped()?.find(name)?;
        // SAFETY: the shape has this index.
        Some(unsafe { self.value_unchecked(index) }.clone())
    }

    /// The index of a name in the shaped state, for inline caches.
    pub fn index_of(&self, name: &Ref<Str>) -> Option<usize> {
        self.shaped()?.find(name)
    }

    /// Sets an interned name; returns the value it replaced, for the caller to drop.
    pub fn set(&self, gc: &GcHead, ty: &Type, name: &Ref<Str>, value: Value) -> Option<Value> {
        if let Some(dict) = self.dict() {
            return dict.insert_str(name, value);
        }
        let shape = match self.shaped() {
            Some(shape) => shape,
            None => ty.root_shape(),
        };
        if let Some(index) = shape.find(name) {
            // SAFETY: the shape has this index.
            return unsafe { self.replace_unchecked(index, value) };
        }
        let Some(next) = shape.with(name) else {
            return self.to_dict(gc).insert_str(name, value);
        };
        self.push(gc, ty, shape.len(), value);
        self.shape.set(next);
        None
    }

    /// Adds a value behind `len` others (an inline cache has seen the transition to `next`).
    ///
    /// # Safety
    /// `next` is the child of this object's shape (or of its type's root, for the empty state) with
    /// one name more than `len`.
    #[inline(always)]
    pub unsafe fn push_transition(
        &self,
        gc: &GcHead,
        ty: &Type,
        len: usize,
        next: *const Shape,
        value: Value,
    ) {
        self.push(gc, ty, len, value);
        self.shape.set(next);
    }

    #[inline(always)]
    fn push(&self, gc: &GcHead, ty: &Type, len: usize, value: Value) {
        let inline = gc.inline_capacity.get() as usize;
        if len >= inline {
            self.grow(inline, len, ty);
        }
        // SAFETY: there is room for more than `len` values.
        unsafe { self.values.get().add(len).write(Some(value)) }
    }

    #[inline(never)]
    fn grow(&self, inline: usize, len: usize, ty: &Type) {
        if len < 30 && ty.inline_hint.get() as usize <= len {
            ty.inline_hint.set(len as u8 + 1);
        }
        let on_heap = len > inline;
        let capacity = heap_capacity(len + 1);
        if on_heap && heap_capacity(len) == capacity {
            return;
        }
        let block = heap_block(capacity);
        // SAFETY: the block is fresh; `len` values are moved bit by bit, and their old place is
        // either the inline area (left alone) or a heap block of `heap_capacity(len)` words.
        unsafe {
            let new = std::alloc::alloc(block).cast::<Option<Value>>();
            if new.is_null() {
                std::alloc::handle_alloc_error(block);
            }
            if len > 0 {
                std::ptr::copy_nonoverlapping(self.values.get(), new, len);
            }
            if on_heap {
                std::alloc::dealloc(self.values.get().cast(), heap_block(heap_capacity(len)));
            }
            self.values.set(new);
        }
    }

    /// Takes the values out: the object is empty afterwards.
    fn take_values(&self, inline: u8) -> Vec<Value> {
        let Some(shape) = self.shaped() else { return Vec::new() };
        let len = shape.len();
        let mut taken = Vec::with_capacity(len);
        // SAFETY: `len` values are there and move out; then the heap block, if any, is freed.
        unsafe {
            let values = self.values.get();
            for i in 0..len {
                taken.extend((*values.add(i)).take());
            }
            self.shape.set(std::ptr::null());
            if len > inline as usize {
                std::alloc::dealloc(values.cast(), heap_block(heap_capacity(len)));
                self.values.set(std::ptr::null_mut());
            }
        }
        taken
    }

    /// The instance's `__dict__`, made on first sight.
    pub fn to_dict(&self, gc: &GcHead) -> &super::Obj<Dict> {
        if self.dict().is_none() {
            let dict = Dict::new_ref();
            if let Some(shape) = self.shaped() {
                let keys = shape.keys();
                for (key, value) in keys.iter().zip(self.take_values(gc.inline_capacity.get())) {
                    dict.insert_str(key, value);
                }
            }
            self.set_dict_word(dict);
        }
        // SAFETY: the dict state was just entered, or held before.
        unsafe { &*self.values.get().cast::<super::Obj<Dict>>() }
    }

    fn set_dict_word(&self, dict: Ref<Dict>) {
        self.shape.set(DICT);
        self.values.set(dict.into_raw().as_ptr().cast());
    }

    /// `obj.__dict__ = dict`; returns what was there, for the caller to drop.
    pub fn replace_dict(&self, gc: &GcHead, dict: Ref<Dict>) -> Vec<Value> {
        let old = match self.dict() {
            // SAFETY: the word owns a reference to a dict; another takes its place.
            Some(_) => vec![unsafe { Value::from_bits(self.values.get() as u64) }],
            None => self.take_values(gc.inline_capacity.get()),
        };
        self.set_dict_word(dict);
        old
    }

    /// Deletes a name; returns the value, for the caller to drop.
    pub fn delete(&self, gc: &GcHead, name: &Ref<Str>) -> Option<Value> {
        if self.dict().is_none() && self.index_of(name).is_none() {
            return None;
        }
        self.to_dict(gc).remove_str(name)
    }

    /// How many attributes there are.
    pub fn len(&self) -> usize {
        match self.dict() {
            Some(dict) => dict.len(),
            None => self.shaped().map_or(0, Shape::len),
        }
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names and values, in the order they were set.
    pub fn items(&self) -> Vec<(Value, Value)> {
        if let Some(dict) = self.dict() {
            return dict.items_vec();
        }
        let Some(shape) = self.shaped() else { return Vec::new() };
        // SAFETY: the shape has these indices.
        let value = |i| unsafe { self.value_unchecked(i) }.clone();
        shape.keys().iter().enumerate().map(|(i, k)| (k.to_value(), value(i))).collect()
    }

    pub(super) fn clear(&self, bag: &mut Vec<Value>) {
        if let Some(dict) = self.dict() {
            bag.push(dict.to_value());
            // A plain dict is cleared as a container of its own; one with attributes may be held by
            // them alone, even by its own (`self.__dict__ = self`).
            if !dict.is_exact() {
                // SAFETY: the word owns a reference, which the bag gets; another takes its place.
                bag.push(unsafe { Value::from_bits(self.values.get() as u64) });
                self.set_dict_word(Dict::new_ref());
            }
            return;
        }
        if let Some(shape) = self.shaped() {
            let len = shape.len();
            for i in 0..len {
                // SAFETY: the shape has this index; the shape is kept, so a value stays there.
                bag.extend(unsafe { self.replace_unchecked(i, Value::NONE) });
            }
        }
    }

    pub(super) fn drop_values(&self, inline: u8) {
        if self.shape.get() == DICT {
            // SAFETY: the dict state owns a reference, given up here.
            drop(unsafe {
                Ref::from_raw(NonNull::new_unchecked(self.values.get().cast::<super::Obj<Dict>>()))
            });
        } else if let Some(shape) = self.shaped() {
            let len = shape.len();
            let values = self.values.get();
            // SAFETY: `len` values are there; the object is going away, nothing can see it.
            unsafe {
                for i in 0..len {
                    std::ptr::drop_in_place(values.add(i));
                }
                if len > inline as usize {
                    std::alloc::dealloc(values.cast(), heap_block(heap_capacity(len)));
                }
            }
        }
    }

    pub(super) fn traverse(&self, visit: &mut Visitor<'_>) {
        if self.shape.get() == DICT {
            // SAFETY: the word owns a reference to the dict; it is only looked at.
            let word = ManuallyDrop::new(unsafe { Value::from_bits(self.values.get() as u64) });
            visit(&word);
        } else if let Some(shape) = self.shaped() {
            for i in 0..shape.len() {
                // SAFETY: the shape has this index.
                visit(unsafe { self.value_unchecked(i) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::MAX_ATTRIBUTES;
    use super::super::{Obj, alloc};
    use crate::object::Ref;
    use crate::objects::dict::Dict;
    use crate::objects::object::attrs_of;
    use crate::objects::str_::Str;
    use crate::runtime::vm::Vm;
    use crate::testing::{Session, owners, token, with_vm};
    use crate::value::Value;

    fn names(vm: &Vm, count: usize) -> Vec<Ref<Str>> {
        (0..count).map(|i| vm.intern(&format!("name_{i}"))).collect()
    }

    fn set(object: &Value, name: &Ref<Str>, value: Value) -> Option<Value> {
        let (attrs, gc, _) = attrs_of(object).expect("has attributes");
        attrs.set(gc, object.ty(), name, value)
    }

    fn get(object: &Value, name: &Ref<Str>) -> Option<u64> {
        attrs_of(object)?.0.get(name).map(|value| value.bits())
    }

    /// How often an object shows a value to the collector.
    fn seen(object: &Value, value: &Value) -> usize {
        let mut count = 0;
        alloc::traverse(object.head().expect("an object"), &mut |v| count += v.is(value) as usize);
        count
    }

    #[test]
    fn every_value_is_kept_while_the_room_grows() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass");
            let names = names(vm, MAX_ATTRIBUTES + 6);
            let tokens: Vec<Value> = names.iter().map(|_| token()).collect();
            // The first instance begins without room; later ones have some behind the object.
            for round in 0..3 {
                let object = session.eval("A()");
                let inline = attrs_of(&object).expect("has attributes").1.inline_capacity.get();
                assert_eq!(inline > 0, round > 0);
                for (n, (name, value)) in names.iter().zip(&tokens).enumerate() {
                    assert!(set(&object, name, value.clone()).is_none());
                    let (attrs, ..) = attrs_of(&object).expect("has attributes");
                    assert_eq!((attrs.len(), attrs.dict().is_some()), (n + 1, n >= MAX_ATTRIBUTES));
                    for (name, value) in names[..=n].iter().zip(&tokens) {
                        assert_eq!(get(&object, name), Some(value.bits()));
                    }
                    assert!(names[n + 1..].iter().all(|name| get(&object, name).is_none()));
                }
                assert!(tokens.iter().all(|value| owners(value) == 2));
                drop(object);
                assert!(tokens.iter().all(|value| owners(value) == 1));
            }
        });
    }

    #[test]
    fn any_number_of_values_is_given_back_at_the_end() {
        with_vm(|vm| {
            let names = names(vm, 24);
            let value = token();
            for first in 0..names.len() {
                // The second instance has as much room behind it as the first one wanted.
                let session = Session::new(vm, "class A: pass");
                for count in [first, first + 1, first.saturating_sub(1), 0] {
                    let object = session.eval("A()");
                    for name in names.iter().take(count) {
                        set(&object, name, value.clone());
                    }
                    assert_eq!(owners(&value), 1 + count.min(names.len()));
                    assert_eq!(seen(&object, &value), count.min(names.len()));
                    let (attrs, ..) = attrs_of(&object).expect("has attributes");
                    assert_eq!(attrs.items().len(), attrs.len());
                    drop(object);
                    assert_eq!(owners(&value), 1);
                }
            }
        });
    }

    #[test]
    fn a_value_that_is_replaced_is_handed_out() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass");
            let names = names(vm, 3);
            let (old, new) = (token(), token());
            let object = session.eval("A()");
            for as_dict in [false, true] {
                if as_dict {
                    let (attrs, gc, _) = attrs_of(&object).expect("has attributes");
                    let dict = attrs.to_dict(gc).to_ref();
                    assert!(dict.len() == 1 && std::ptr::eq(&*dict, attrs.to_dict(gc)));
                }
                set(&object, &names[0], old.clone());
                let replaced = set(&object, &names[0], new.clone());
                assert!(replaced.as_ref().is_some_and(|value| value.is(&old)));
                drop(replaced);
                assert_eq!((owners(&old), owners(&new)), (1, 2));
            }
            let (attrs, gc, _) = attrs_of(&object).expect("has attributes");
            assert!(attrs.delete(gc, &names[2]).is_none());
            assert!(attrs.delete(gc, &names[0]).is_some_and(|value| value.is(&new)));
            assert!(attrs.is_empty() && owners(&new) == 1);
        });
    }

    #[test]
    fn deleting_a_name_that_is_not_there_changes_nothing() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass");
            let names = names(vm, 2);
            let object = session.eval("A()");
            let (attrs, gc, _) = attrs_of(&object).expect("has attributes");
            assert!(attrs.delete(gc, &names[0]).is_none() && attrs.shape_word().is_null());
            set(&object, &names[0], Value::TRUE);
            let shape = attrs.shape_word();
            assert!(attrs.delete(gc, &names[1]).is_none() && attrs.shape_word() == shape);
            assert!(attrs.dict().is_none());
            assert!(attrs.delete(gc, &names[0]).is_some_and(|value| value.is_true()));
            assert!(attrs.dict().is_some_and(|dict| dict.is_empty()));
        });
    }

    #[test]
    fn another_dict_takes_the_place_of_any_state() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass");
            let names = names(vm, 6);
            let value = token();
            for count in [0, 1, 6] {
                let object = session.eval("A()");
                for name in &names[..count] {
                    set(&object, name, value.clone());
                }
                let (attrs, gc, _) = attrs_of(&object).expect("has attributes");
                for round in 0..2 {
                    let dict = Dict::new_ref();
                    let old = attrs.replace_dict(gc, dict.clone());
                    // The dict before is one value.
                    assert_eq!(old.len(), if round == 0 { count } else { 1 });
                    assert!(attrs.dict().is_some_and(|now| std::ptr::eq(now, &*dict)));
                    drop(old);
                    assert_eq!((owners(&value), dict.head().refcount()), (1, 2));
                }
            }
        });
    }

    #[test]
    fn a_cycle_is_broken_in_every_state() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass\nclass D(dict): pass");
            let names = names(vm, 5);
            let value = token();
            let object = session.eval("A()");
            let mut bag = Vec::new();
            let (attrs, ..) = attrs_of(&object).expect("has attributes");
            attrs.clear(&mut bag);
            assert!(bag.is_empty());
            for name in &names {
                set(&object, name, value.clone());
            }
            attrs.clear(&mut bag);
            assert!(bag.len() == 5 && bag.iter().all(|v| v.is(&value)));
            assert!(get(&object, &names[4]) == Some(Value::NONE.bits()) && attrs.len() == 5);
            bag.clear();
            assert_eq!(owners(&value), 1);
            // A dict that is its own `__dict__` is held by that alone.
            let object = session.eval("D()");
            let (attrs, gc, head) = attrs_of(&object).expect("has attributes");
            let own = object.clone().into_ref::<Dict>().expect("a dict");
            assert!(attrs.replace_dict(gc, own).is_empty());
            assert_eq!((owners(&object), seen(&object, &object)), (2, 1));
            alloc::clear(head, &mut bag);
            assert!(attrs.dict().is_some_and(Obj::is_exact));
            bag.clear();
            assert_eq!(owners(&object), 1);
        });
    }

    #[test]
    fn cached_ways_reach_the_same_places() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass\nclass B: pass");
            let names = names(vm, 20);
            let (first, second) = (session.eval("A()"), session.eval("A()"));
            let (value, other) = (token(), token());
            let mut shapes = vec![];
            for name in &names {
                set(&first, name, value.clone());
                shapes.push(attrs_of(&first).expect("has attributes").0.shape_word());
            }
            let (attrs, gc, _) = attrs_of(&second).expect("has attributes");
            for (len, shape) in shapes.iter().enumerate() {
                // SAFETY: the first instance of the type went the same way.
                unsafe { attrs.push_transition(gc, second.ty(), len, *shape, value.clone()) }
            }
            assert!(attrs.shape_word() == shapes[19] && attrs.len() == 20);
            for (at, name) in names.iter().enumerate() {
                assert_eq!(attrs.index_of(name), Some(at));
                // SAFETY: the shape has twenty names.
                unsafe {
                    assert!(attrs.value_unchecked(at).is(&value));
                    assert!((*attrs.place_unchecked(at)).as_ref().is_some_and(|v| v.is(&value)));
                    let old = attrs.replace_unchecked(at, other.clone());
                    assert!(old.is_some_and(|old| old.is(&value)));
                }
            }
            assert_eq!((owners(&value), owners(&other)), (21, 21));
            drop((first, second));
            assert_eq!((owners(&value), owners(&other)), (1, 1));
        });
    }

    #[test]
    fn finalisers_find_the_instance_whole() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "seen = []
class A: pass
class Nosy:
    def __init__(self, owner): self.owner = owner
    def __del__(self):
        owner = self.owner
        seen.append(sorted(vars(owner)) if owner.look else len(seen))
        owner.more = owner.other = owner.third = owner.fourth = owner.fifth = 1
        del owner.third
a = A()
a.look = False
a.x = Nosy(a)
a.x = 2
a.look = True
a.x = Nosy(a)
del a.x
a.x = Nosy(a)
a.__dict__ = {'look': True, 'only': 1}
",
            );
            assert_eq!(
                session.show("seen"),
                "[0, ['fifth', 'fourth', 'look', 'more', 'other'], ['look', 'only']]"
            );
            assert_eq!(
                session.show("sorted(vars(a))"),
                "['fifth', 'fourth', 'look', 'more', 'only', 'other']"
            );
        });
    }
}
