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

#[cfg(test)]
mod tests {
    use super::*;

    fn int(n: i64) -> Value {
        Value::int_unchecked(n)
    }

    #[test]
    fn a_cell_gives_back_what_it_held() {
        let cell = ValueCell::default();
        assert!(!cell.is_some() && cell.get().is_none() && cell.take().is_none());
        assert!(cell.replace(Some(int(1))).is_none());
        assert_eq!(cell.replace(Some(int(2))).and_then(|v| v.as_small_int()), Some(1));
        assert_eq!(cell.with(|v| v.and_then(|v| v.as_small_int())), Some(2));
        cell.set(Some(int(3)));
        assert_eq!(cell.get().and_then(|v| v.as_small_int()), Some(3));
        assert_eq!(cell.take().and_then(|v| v.as_small_int()), Some(3));
        assert!(!cell.is_some());
    }

    #[test]
    fn what_is_replaced_is_dropped_after_the_borrow() {
        use std::rc::Rc;
        /// Looks into the place that it is dropped from.
        struct Nosy(Rc<Guarded<Option<Nosy>>>, Rc<std::cell::Cell<u32>>);
        impl Drop for Nosy {
            fn drop(&mut self) {
                let empty = self.0.with(Option::is_none);
                self.1.set(self.1.get() + if empty { 1 } else { 10 });
            }
        }
        let (place, seen) = (Rc::new(Guarded::new(None)), Rc::new(std::cell::Cell::new(0)));
        drop(place.replace(Some(Nosy(place.clone(), seen.clone()))));
        drop(place.replace(Some(Nosy(place.clone(), seen.clone()))));
        assert_eq!(seen.get(), 10);
        drop(place.replace(None));
        assert_eq!((seen.get(), Rc::strong_count(&place)), (11, 1));
    }

    #[test]
    fn the_old_value_dies_when_the_new_one_is_there() {
        use crate::testing::{Session, owners, token, with_vm};
        with_vm(|vm| {
            let (old, new) = (token(), token());
            let cell = ValueCell::from(old.clone());
            assert!(cell.get().is_some_and(|value| value.is(&old)) && owners(&old) == 2);
            cell.set(Some(new.clone()));
            assert_eq!((owners(&old), owners(&new)), (1, 2));
            drop(cell);
            assert_eq!(owners(&new), 1);
            // A closure's variable lies in such a cell; the finaliser reads and sets it.
            let session = Session::new(
                vm,
                "
seen = []
class Nosy:
    def __del__(self):
        seen.append(self.read())
        self.write(len(seen))
def f():
    x = Nosy()
    def read(): return x
    def write(value):
        nonlocal x
        x = value
    x.read, x.write = read, write
    x = 'new'
    return x
result = f()
",
            );
            assert_eq!(session.show("seen, result"), "(['new'], 1)");
        });
    }
}
