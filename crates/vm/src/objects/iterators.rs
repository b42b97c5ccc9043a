//! Iterators over built-in sequences, and `callable_iterator`.
//!
//! Each keeps its sequence until it has ended; then it lets go, and stays ended.

use crate::object::{Guarded, Obj, Ref, ValueCell};
use crate::objects::descr::builtin;
use crate::objects::list::List;
use crate::objects::tuple::Tuple;
use crate::protocol::{call, compare, number, object};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// What `pickle` needs of an iterator: `iter`, what it walks over, and where it stands; or an iterator
/// over something empty. Where it stands is asked last: finding `iter` may run Python code.
pub fn reduce(
    vm: &Vm,
    state: impl FnOnce() -> Option<(Value, i64)>,
    empty: impl FnOnce() -> Value,
) -> PyResult {
    let iter = builtin(vm, "iter")?;
    let one = |value: Value| -> Value { Tuple::from_vec(vec![value]).into() };
    Ok(match state() {
        Some((walked, at)) => {
            Tuple::from_vec(vec![iter, one(walked), Value::int_unchecked(at)]).into()
        }
        None => Tuple::from_vec(vec![iter, one(empty())]).into(),
    })
}

/// What an iterator that has ended is over, for most.
pub fn nothing() -> Value {
    Tuple::empty().into()
}

macro_rules! sequence_iterator {
    ($name:ident, $python:literal, $sequence:ident, $empty:expr,
     |$s:ident, $at:ident| $get:expr, $len:expr) => {
        #[pyclass(name = $python, no_new)]
        pub struct $name {
            sequence: Guarded<Option<Ref<$sequence>>>,
            #[notrace]
            at: Cell<usize>,
        }

        impl $name {
            pub fn new_value(sequence: Ref<$sequence>) -> Value {
                Ref::new($name { sequence: Guarded::new(Some(sequence)), at: Cell::new(0) }).into()
            }
            #[inline(always)]
            pub fn next_value(&self) -> Option<Value> {
                let $at = self.at.get();
                let next = self.sequence.with(|s| match s {
                    Some($s) => $get,
                    None => None,
                });
                if next.is_some() {
                    self.at.set($at + 1);
                } else {
                    drop(self.sequence.replace(None));
                }
                next
            }
            /// Has somebody else what it walks over, so that only the iterator itself would go with it?
            #[inline(always)]
            pub fn is_guest(&self) -> bool {
                self.sequence.with(|s| s.as_ref().is_some_and(|s| s.head().is_shared()))
            }
            /// The same while there is one; else nothing has happened.
            #[inline(always)]
            pub fn quick_value(&self) -> Option<Value> {
                let $at = self.at.get();
                let next = self.sequence.with(|s| match s {
                    Some($s) => $get,
                    None => None,
                })?;
                self.at.set($at + 1);
                Some(next)
            }
        }

        #[pymethods]
        impl $name {
            #[slot]
            fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
                Ok(zelf.clone())
            }
            #[slot]
            fn iternext(zelf: &Obj<$name>, _vm: &Vm) -> PyResult<Option<Value>> {
                Ok(zelf.next_value())
            }
            #[pymethod]
            fn __length_hint__(zelf: &Obj<$name>, _vm: &Vm) -> usize {
                let len: fn(&$sequence) -> usize = $len;
                let total = zelf.sequence.with(|s| s.as_ref().map_or(0, |s| len(s)));
                total.saturating_sub(zelf.at.get())
            }
            #[pymethod]
            fn __reduce__(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                let state = || Some((zelf.sequence.get()?.into(), zelf.at.get() as i64));
                reduce(vm, state, $empty)
            }
            #[pymethod]
            fn __setstate__(zelf: &Obj<$name>, vm: &Vm, state: &Value) -> PyResult<()> {
                zelf.at.set(number::to_ssize(vm, state)?.max(0) as usize);
                Ok(())
            }
        }
    };
}

sequence_iterator!(
    ListIter,
    "list_iterator",
    List,
    || List::from_vec(Vec::new()).into(),
    |s, at| s.get(at),
    |s| s.len()
);
sequence_iterator!(
    TupleIter,
    "tuple_iterator",
    Tuple,
    nothing,
    |s, at| s.items().get(at).cloned(),
    |s| s.len()
);

/// `reversed(list)`
#[pyclass(name = "list_reverseiterator", no_new)]
pub struct ListReverseIter {
    list: Guarded<Option<Ref<List>>>,
    #[notrace]
    at: Cell<isize>,
}

impl ListReverseIter {
    pub fn new_value(list: Ref<List>) -> Value {
        let at = list.len() as isize - 1;
        Ref::new(ListReverseIter { list: Guarded::new(Some(list)), at: Cell::new(at) }).into()
    }
}

#[pymethods]
impl ListReverseIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<ListReverseIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        let at = zelf.at.get();
        let next = zelf.list.with(|l| match l {
            Some(l) if at >= 0 => l.get(at as usize),
            _ => None,
        });
        if next.is_some() {
            zelf.at.set(at - 1);
        } else {
            drop(zelf.list.replace(None));
        }
        Ok(next)
    }
    #[pymethod]
    fn __length_hint__(zelf: &Obj<ListReverseIter>, _vm: &Vm) -> isize {
        let len = zelf.list.with(|l| l.as_ref().map_or(0, |l| l.len())) as isize;
        let at = zelf.at.get() + 1;
        if at > len { 0 } else { at }
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<ListReverseIter>, vm: &Vm) -> PyResult {
        let reversed = builtin(vm, "reversed")?;
        let one = |list: Ref<List>| -> Value { Tuple::from_vec(vec![list.into()]).into() };
        let parts = match zelf.list.get() {
            Some(list) => vec![reversed, one(list), Value::int_unchecked(zelf.at.get() as i64)],
            None => vec![reversed, one(List::from_vec(Vec::new()))],
        };
        Ok(Tuple::from_vec(parts).into())
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<ListReverseIter>, vm: &Vm, state: &Value) -> PyResult<()> {
        let at = number::to_ssize(vm, state)?;
        let last = zelf.list.with(|l| l.as_ref().map_or(0, |l| l.len())) as isize - 1;
        zelf.at.set(at.clamp(-1, last.max(-1)));
        Ok(())
    }
}

/// Iterates by `__getitem__` from 0 until `IndexError`.
#[pyclass(name = "iterator", no_new)]
pub struct SequenceIter {
    sequence: ValueCell,
    #[notrace]
    at: Cell<i64>,
}

impl SequenceIter {
    pub fn new_value(sequence: Value) -> Value {
        Ref::new(SequenceIter { sequence: sequence.into(), at: Cell::new(0) }).into()
    }
}

#[pymethods]
impl SequenceIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<SequenceIter>, vm: &Vm) -> PyResult<Option<Value>> {
        let Some(sequence) = zelf.sequence.get() else { return Ok(None) };
        let at = zelf.at.get();
        match object::get_item(vm, &sequence, &Value::int_unchecked(at)) {
            Ok(item) => {
                zelf.at.set(at + 1);
                Ok(Some(item))
            }
            Err(e)
                if e.is(&vm.exceptions().index_error) || e.is(&vm.exceptions().stop_iteration) =>
            {
                zelf.sequence.set(None);
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
    #[pymethod]
    fn __length_hint__(zelf: &Obj<SequenceIter>, vm: &Vm) -> PyResult {
        let Some(sequence) = zelf.sequence.get() else { return Ok(Value::int_unchecked(0)) };
        if sequence.ty().slots.len.get().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let len = object::len(vm, &sequence)? as i64;
        Ok(Value::int_unchecked((len - zelf.at.get()).max(0)))
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<SequenceIter>, vm: &Vm) -> PyResult {
        reduce(vm, || Some((zelf.sequence.get()?, zelf.at.get())), nothing)
    }
    #[pymethod]
    fn __setstate__(zelf: &Obj<SequenceIter>, vm: &Vm, state: &Value) -> PyResult<()> {
        zelf.at.set(number::to_ssize(vm, state)?.max(0) as i64);
        Ok(())
    }
}

/// `iter(callable, sentinel)`
#[pyclass(name = "callable_iterator", no_new)]
pub struct CallableIter {
    callable: ValueCell,
    sentinel: Value,
}

impl CallableIter {
    pub fn new_value(callable: Value, sentinel: Value) -> Value {
        Ref::new(CallableIter { callable: callable.into(), sentinel }).into()
    }
}

#[pymethods]
impl CallableIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<CallableIter>, vm: &Vm) -> PyResult<Option<Value>> {
        let Some(callable) = zelf.callable.get() else { return Ok(None) };
        let result = match call::call(vm, &callable, &[]) {
            Ok(result) => result,
            Err(e) if e.is(&vm.exceptions().stop_iteration) => {
                zelf.callable.set(None);
                return Ok(None);
            }
            Err(e) => return Err(e),
        };
        // It may have come to its end while the function ran.
        if !zelf.callable.is_some() {
            return Ok(None);
        }
        if compare::equal(vm, &zelf.sentinel, &result)? {
            zelf.callable.set(None);
            return Ok(None);
        }
        Ok(Some(result))
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<CallableIter>, vm: &Vm) -> PyResult {
        let iter = builtin(vm, "iter")?;
        let args = match zelf.callable.get() {
            Some(callable) => vec![callable, zelf.sentinel.clone()],
            None => vec![nothing()],
        };
        Ok(Tuple::from_vec(vec![iter, Tuple::from_vec(args).into()]).into())
    }
}
