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
