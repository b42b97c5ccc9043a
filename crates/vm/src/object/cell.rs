//! Interior mutability for payloads: `ValueCell` for one value, `Guarded` for anything else.
//!
//! Both rest on one rule: while the inside is borrowed, no Python code runs and no value is dropped,
//! since a finaliser could come back to the same object. So accessors take closures that see only
//! the inside, and whatever is replaced is returned, or dropped after the borrow has ended.

#![expect(unsafe_code, reason = "payloads are changed through shared references under one lock")]

use crate::value::Value;
use std::cell::UnsafeCell;

/// A place for one value, or none.
pub struct ValueCell(UnsafeCell<Option<Value>>);

impl Default for ValueCell {
    fn default() -> Self {
        ValueCell(UnsafeCell::new(None))
    }
}

impl From<Value> for ValueCell {
    fn from(value: Value) -> Self {
        ValueCell(UnsafeCell::new(Some(value)))
    }
}
impl From<Option<Value>> for ValueCell {
    fn from(value: Option<Value>) -> Self {
        ValueCell(UnsafeCell::new(value))
    }
}

impl ValueCell {
    /// A new reference to the content.
    #[inline(always)]
    pub fn get(&self) -> Option<Value> {
        // SAFETY: cloning only counts; nothing can change the cell meanwhile.
        unsafe { (*self.0.get()).clone() }
    }
    /// Replaces the content; the old one is dropped when the cell already holds the new one.
    #[inline(always)]
    pub fn set(&self, value: Option<Value>) {
        drop(self.replace(value));
    }
    #[inline(always)]
    pub fn replace(&self, value: Option<Value>) -> Option<Value> {
        // SAFETY: the write is a move; the old value leaves without being dropped.
        unsafe { std::mem::replace(&mut *self.0.get(), value) }
    }
    #[inline(always)]
    pub fn take(&self) -> Option<Value> {
        self.replace(None)
    }
    #[inline(always)]
    pub fn is_some(&self) -> bool {
        self.with(|v| v.is_some())
    }
    /// Looks at the content; `f` runs no Python code and drops no value.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(Option<&Value>) -> R) -> R {
        // SAFETY: by the rule at the head of the file nothing changes the cell during `f`.
        f(unsafe { (*self.0.get()).as_ref() })
    }
}

/// A place for anything.
pub struct Guarded<T>(UnsafeCell<T>);

impl<T> Guarded<T> {
    pub const fn new(inner: T) -> Self {
        Guarded(UnsafeCell::new(inner))
    }
    /// Looks at the inside; `f` runs no Python code and drops no value.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        // SAFETY: see the head of the file.
        f(unsafe { &*self.0.get() })
    }
    /// Changes the inside; `f` runs no Python code and drops no value.
    #[inline(always)]
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: see the head of the file.
        f(unsafe { &mut *self.0.get() })
    }
    /// Puts a new inside there and returns the old one.
    pub fn replace(&self, inner: T) -> T {
        self.with_mut(|t| std::mem::replace(t, inner))
    }
}

impl<T: Clone> Guarded<T> {
    /// A copy of the inside.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }
}

impl<T: Default> Default for Guarded<T> {
    fn default() -> Self {
        Guarded::new(T::default())
    }
}
