//! How the collector walks through the fields of a payload.
//!
//! `#[pyclass]` calls `trace` on each field, so that traversal is derived and cannot be forgotten.
//! `clear` empties the fields that can be emptied through a shared reference; it is enough that each
//! cycle has one of those. CPython's counterpart: `Py_VISIT` and `Py_CLEAR`.

#![expect(unsafe_code, reason = "a typed reference is shown as the word it is")]

use super::{Guarded, Payload, Ref, ValueCell, Visitor};
use crate::value::Value;
use std::cell::{Cell, OnceCell};
use std::mem::ManuallyDrop;

/// A field's owned values, shown to the collector.
pub trait Trace {
    fn trace(&self, visit: &mut Visitor<'_>);
    /// Moves what can be moved into `bag`.
    fn clear(&self, _bag: &mut Vec<Value>) {}
}

impl Trace for Value {
    fn trace(&self, visit: &mut Visitor<'_>) {
        visit(self);
    }
}

impl<T: Payload> Trace for Ref<T> {
    fn trace(&self, visit: &mut Visitor<'_>) {
        // SAFETY: the word is only looked at and not dropped.
        let word = ManuallyDrop::new(unsafe { Value::from_bits(self.head().address() as u64) });
        visit(&word);
    }
}

impl<T: Trace> Trace for Option<T> {
    fn trace(&self, visit: &mut Visitor<'_>) {
        if let Some(inner) = self {
            inner.trace(visit);
        }
    }
}

impl<T: Trace> Trace for Vec<T> {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.iter().for_each(|v| v.trace(visit));
    }
}

impl<T: Trace> Trace for std::collections::VecDeque<T> {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.iter().for_each(|v| v.trace(visit));
    }
}

impl<T: Trace> Trace for Box<[T]> {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.iter().for_each(|v| v.trace(visit));
    }
}

impl<A: Trace, B: Trace> Trace for (A, B) {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.0.trace(visit);
        self.1.trace(visit);
    }
}

/// What a `Guarded` field gives up when a cycle is broken.
pub trait Empty {
    fn empty_into(&mut self, bag: &mut Vec<Value>);
}
impl Empty for Vec<Value> {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        // The larger one stays where it is: memory may be what is wanting.
        if bag.len() < self.len() {
            std::mem::swap(bag, self);
        }
        bag.append(self);
    }
}
impl Empty for std::collections::VecDeque<Value> {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        Vec::from(std::mem::take(self)).empty_into(bag);
    }
}
impl Empty for Option<Value> {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        bag.extend(self.take());
    }
}
impl<T: Payload> Empty for Option<Ref<T>> {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        bag.extend(self.take().map(Value::from));
    }
}
impl Empty for Value {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        bag.push(std::mem::replace(self, Value::NONE));
    }
}
impl<T: Payload> Empty for Ref<T> {
    fn empty_into(&mut self, _bag: &mut Vec<Value>) {}
}

impl<T: Trace + Empty> Trace for Guarded<T> {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.with(|inner| inner.trace(visit));
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        self.with_mut(|inner| inner.empty_into(bag));
    }
}

impl Trace for ValueCell {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.with(|inner| {
            if let Some(value) = inner {
                visit(value);
            }
        });
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        bag.extend(self.take());
    }
}

/// Plain data owns no Python value.
macro_rules! no_values {
    ($($t:ty),*) => { $(impl Trace for $t { fn trace(&self, _visit: &mut Visitor<'_>) {} })* };
}
no_values!(bool, u8, u32, u64, i32, i64, usize, isize, f64, String, &'static str);

impl<T: Copy> Trace for Cell<T> {
    fn trace(&self, _visit: &mut Visitor<'_>) {}
}
impl<T> Trace for OnceCell<T> {
    fn trace(&self, _visit: &mut Visitor<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::list::List;
    use crate::testing::{owners, token, with_vm};
    use std::collections::VecDeque;

    fn shown(place: &impl Trace) -> Vec<u64> {
        let mut all = Vec::new();
        place.trace(&mut |value| all.push(value.bits()));
        all
    }

    #[test]
    fn each_place_shows_what_it_owns_and_counts_nothing() {
        with_vm(|_| {
            let value = token();
            let list = List::from_vec(Vec::new());
            let (word, other) = (value.bits(), list.to_value().bits());
            assert_eq!(shown(&list), [other]);
            assert_eq!(shown(&(value.clone(), Some(list.clone()))), [word, other]);
            assert!(shown(&None::<Value>).is_empty() && shown(&Vec::<Value>::new()).is_empty());
            let many = vec![value.clone(), Value::TRUE, value.clone()];
            assert_eq!(shown(&many), [word, Value::TRUE.bits(), word]);
            assert_eq!(shown(&VecDeque::from(many.clone())).len(), 3);
            assert_eq!(shown(&many.into_boxed_slice()).len(), 3);
            assert_eq!(shown(&ValueCell::from(value.clone())), [word]);
            assert!(shown(&ValueCell::default()).is_empty() && shown(&7u32).is_empty());
            assert_eq!(shown(&Guarded::new(Some(list.clone()))), [other]);
            assert_eq!((owners(&value), list.head().refcount()), (1, 1));
        });
    }

    #[test]
    fn clearing_moves_everything_into_the_bag() {
        with_vm(|_| {
            let value = token();
            let list = List::from_vec(Vec::new());
            let mut bag = vec![value.clone()];
            Guarded::new(vec![value.clone(); 3]).clear(&mut bag);
            Guarded::new(Vec::<Value>::new()).clear(&mut bag);
            Guarded::new(VecDeque::from(vec![value.clone(); 2])).clear(&mut bag);
            Guarded::new(Some(value.clone())).clear(&mut bag);
            Guarded::new(None::<Value>).clear(&mut bag);
            Guarded::new(value.clone()).clear(&mut bag);
            Guarded::new(Some(list.clone())).clear(&mut bag);
            let cell = ValueCell::from(value.clone());
            cell.clear(&mut bag);
            cell.clear(&mut bag);
            assert_eq!((bag.len(), owners(&value), list.head().refcount()), (10, 10, 2));
            // What cannot be empty stays as it is.
            Guarded::new(list.clone()).clear(&mut bag);
            list.clear(&mut bag);
            assert_eq!(bag.len(), 10);
            drop(bag);
            assert_eq!((owners(&value), list.head().refcount()), (1, 1));
        });
    }
}
