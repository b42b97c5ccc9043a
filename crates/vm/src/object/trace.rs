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
