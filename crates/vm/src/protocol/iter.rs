//! Iteration: `iter`, `next`, and collecting.

use crate::objects::dict::Dict;
use crate::objects::iterators::SequenceIter;
use crate::objects::list::List;
use crate::objects::range::RangeIter;
use crate::objects::tuple::Tuple;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;

/// Does `iter(object)` have a chance?
pub fn is_iterable(object: &Value) -> bool {
    let slots = &object.ty().slots;
    slots.iter.get().is_some()
        || (slots.getitem.get().is_some() && object.downcast::<Dict>().is_none())
}

/// `iter(object)`
pub fn iter(vm: &Vm, object: &Value) -> PyResult {
    vm.check_stack()?;
    if let Some(iter) = object.ty().slots.iter.get() {
        let iterator = iter(vm, object)?;
        if iterator.ty().slots.iternext.get().is_none() {
            return Err(vm.type_error(format!(
                "iter() returned non-iterator of type '{}'",
                iterator.ty().name()
            )));
        }
        return Ok(iterator);
    }
    if is_iterable(object) {
        return Ok(SequenceIter::new_value(object.clone()));
    }
    Err(vm.type_error(format!("'{}' object is not iterable", object.ty().name())))
}

/// The next item of an iterator, or `None` at its end.
#[inline(always)]
pub fn next(vm: &Vm, iterator: &Value) -> PyResult<Option<Value>> {
    match step(vm, iterator) {
        Err(e) => end(vm, e),
        item => item,
    }
}

#[cold]
fn end(vm: &Vm, e: Exc) -> PyResult<Option<Value>> {
    if e.is(&vm.exceptions().stop_iteration) { Ok(None) } else { Err(e) }
}

/// The same for those who want to know with which value it ended: `StopIteration` stays an error.
#[inline(always)]
pub fn step(vm: &Vm, iterator: &Value) -> PyResult<Option<Value>> {
    // Iterators lie within iterators, as deep as a program likes.
    vm.check_stack()?;
    match iterator.head().and_then(|head| head.ty().slots.iternext.get()) {
        Some(next) => next(vm, iterator),
        None => Err(no_iterator(vm, iterator)),
    }
}

#[cold]
fn no_iterator(vm: &Vm, object: &Value) -> Exc {
    vm.type_error(format!("'{}' object is not an iterator", object.ty().name()))
}

/// Calls `f` for each item until it answers `false`.
pub fn for_each(
    vm: &Vm,
    iterable: &Value,
    mut f: impl FnMut(Value) -> PyResult<bool>,
) -> PyResult<()> {
    if let Some(list) = iterable.downcast_exact::<List>() {
        let mut at = 0;
        while let Some(item) = list.get(at) {
            if !f(item)? {
                return Ok(());
            }
            at += 1;
        }
        return Ok(());
    }
    if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        for item in tuple.items() {
            if !f(item.clone())? {
                return Ok(());
            }
        }
        return Ok(());
    }
    let iterator = iter(vm, iterable)?;
    while let Some(item) = next(vm, &iterator)? {
        if !f(item)? {
            return Ok(());
        }
    }
    Ok(())
}

/// What an iterable that gives no hint may have.
const UNKNOWN: usize = 8;

/// All items: `list(iterable)` as a vector.
pub fn collect(vm: &Vm, iterable: &Value) -> PyResult<Vec<Value>> {
    if let Some(list) = iterable.downcast_exact::<List>() {
        vm.need(list.len().saturating_mul(size_of::<Value>()))?;
        return Ok(list.to_vec());
    }
    if let Some(tuple) = iterable.downcast_exact::<Tuple>() {
        vm.need(tuple.items().len().saturating_mul(size_of::<Value>()))?;
        return Ok(tuple.items().to_vec());
    }
    let iterator = iter(vm, iterable)?;
    if let Some(range) = iterator.downcast_exact::<RangeIter>() {
        vm.need(range.len().saturating_mul(size_of::<Value>()))?;
        let mut items = Vec::with_capacity(range.len());
        items.extend(std::iter::from_fn(|| range.next_value()));
        return Ok(items);
    }
    // A hint may be wrong or a lie: it only sizes the first allocation, within reason.
    let hint = super::object::length_hint(vm, iterable, UNKNOWN)?;
    let mut items = Vec::with_capacity(hint.min(1 << 16));
    while let Some(item) = next(vm, &iterator)? {
        vm.check_memory()?;
        vm.room_for_one(&mut items)?;
        items.push(item);
    }
    Ok(items)
}
