//! Iteration: `for`, comprehensions, unpacking.

use super::Done;
use crate::object::Payload;
use crate::objects::dict::Dict;
use crate::objects::dict::views::DictIter;
use crate::objects::enumerate::{Enumerate, Zip};
use crate::objects::generator::{Generator, Resumed};
use crate::objects::iterators::{ListIter, TupleIter};
use crate::objects::list::List;
use crate::objects::range::RangeIter;
use crate::objects::set::Set;
use crate::objects::str_::iter::StrIter;
use crate::objects::tuple::Tuple;
use crate::protocol::iter;
use crate::runtime::errors::PyResult;
use crate::runtime::leave;
use crate::runtime::machine::Machine;
use crate::runtime::observer::{self, Observer};
use crate::runtime::prepared::{Instr, P};
use crate::runtime::vm::Vm;
use crate::value::Value;

/// iterable -- iterator
pub fn get_iter(vm: &Vm, m: &mut Machine) -> Done {
    let iterator = iter::iter(vm, m.peek(1))?;
    m.replace(1, iterator);
    Ok(())
}

/// The next item of the most frequent iterators, if there is one and no call is needed for it.
#[inline(always)]
fn quick_item(m: &Machine, i: Instr) -> Option<Value> {
    let iterator = m.peek(1);
    if let Some(range) = iterator.downcast_exact::<RangeIter>() {
        learn(m, i, P::ForRange, P::ForRangeStoreFast);
        return range.quick_value();
    }
    if let Some(list) = iterator.downcast_exact::<ListIter>() {
        learn(m, i, P::ForList, P::ForListStoreFast);
        return list.quick_value();
    }
    if let Some(tuple) = iterator.downcast_exact::<TupleIter>() {
        return tuple.quick_value();
    }
    iterator.downcast_exact::<StrIter>()?.quick_value()
}

/// The next item of any other iterator, into a local if there is one to store it in. A pair that is
/// unpacked at once never becomes a tuple.
#[inline(never)]
fn for_iter_other(vm: &Vm, m: &mut Machine, i: Instr, local: Option<u16>) -> Done {
    m.save();
    let iterator = m.peek(1);
    let item = if let Some(range) = iterator.downcast_exact::<RangeIter>() {
        Some(range.next_value())
    } else if let Some(list) = iterator.downcast_exact::<ListIter>() {
        Some(list.next_value())
    } else if let Some(tuple) = iterator.downcast_exact::<TupleIter>() {
        Some(tuple.next_value())
    } else {
        iterator.downcast_exact::<StrIter>().map(|text| text.next_value())
    };
    if let Some(item) = item {
        put_item(m, i, local, item);
        return Ok(());
    }
    if m.ahead(0).op.plain() == P::UnpackSequence
        && local.is_none()
        && let Some(done) = unpacked_item(vm, m, i)
    {
        return done;
    }
    let item = if vm.is_observed() {
        watched_item(vm, m)?
    } else {
        if !m.peek(1).is_exact::<Generator>() {
            learn(m, i, P::ForNext, P::ForNextStoreFast);
        }
        iter::next(vm, m.peek(1))?
    };
    put_item(m, i, local, item);
    Ok(())
}

/// The next item of the iterator on top; those who watch see the StopIteration that ends it, if there
/// is one.
#[cold]
fn watched_item(vm: &Vm, m: &mut Machine) -> PyResult<Option<Value>> {
    let iterator = m.peek(1).clone();
    let stop = if let Some(generator) = iterator.downcast::<Generator>() {
        match crate::objects::generator::send(vm, generator, Value::NONE) {
            Resumed::Yielded(value) => return Ok(Some(value)),
            Resumed::Raised(e) => return Err(e),
            Resumed::Returned(value) if value.is_none() => return Ok(None),
            Resumed::Returned(value) => vm.stop_iteration(Some(value)),
        }
    } else {
        match leave::iter_next(vm, &iterator) {
            Err(e) if e.is(&vm.exceptions().stop_iteration) => e,
            other => return other,
        }
    };
    let told = observer::raised(vm, m, stop.clone());
    if std::ptr::eq(&*told.0, &*stop.0) { Ok(None) } else { Err(told) }
}

/// The next pair of an iterator over pairs; `None` if it is another one.
fn next_pair(vm: &Vm, iterator: &Value) -> Option<PyResult<Option<(Value, Value)>>> {
    if let Some(items) = iterator.downcast::<DictIter>() {
        return items.next_pair(vm);
    }
    if let Some(enumerate) = iterator.downcast_exact::<Enumerate>() {
        return Some(enumerate.next_pair(vm));
    }
    iterator.downcast_exact::<Zip>()?.next_pair(vm)
}

/// iterator -- iterator item | at the end: drops it and jumps
#[inline(always)]
fn put_item(m: &mut Machine, i: Instr, local: Option<u16>, item: Option<Value>) {
    match (item, local) {
        (Some(item), None) => m.push(item),
        (Some(item), Some(local)) => {
            let old = m.local(local as usize).replace(item);
            m.discard(old);
        }
        (None, _) => end_of_loop(m, i),
    }
}

#[inline(always)]
fn end_of_loop(m: &mut Machine, i: Instr) {
    let iterator = m.pop_slot();
    m.discard(iterator);
    m.jump_by(i.c);
}

/// Is the iterator on top a generator that can be resumed inside this loop?
#[inline(always)]
fn generator_on_top(m: &Machine) -> bool {
    m.peek(1).downcast_exact::<Generator>().is_some_and(|g| g.can_resume())
}

/// iterator -- iterator item
#[inline(always)]
pub fn for_iter(m: &mut Machine, i: Instr) -> bool {
    let Some(item) = quick_item(m, i) else { return false };
    put_item(m, i, None, Some(item));
    true
}

/// The same, the item going straight into a local.
#[inline(always)]
pub fn for_iter_store_fast(m: &mut Machine, i: Instr) -> bool {
    let Some(item) = quick_item(m, i) else { return false };
    put_item(m, i, Some(i.b), Some(item));
    true
}

/// iterator -- iterator item ; of a range
#[inline(always)]
pub fn for_range(m: &mut Machine, i: Instr, local: Option<u16>) -> bool {
    let Some(range) = m.peek(1).downcast_exact::<RangeIter>() else { return false };
    match range.quick_value() {
        Some(item) => put_item(m, i, local, Some(item)),
        None if range.has_ended() && !range.head().is_shared() => end_of_loop(m, i),
        None => return false,
    }
    true
}

/// iterator -- iterator item ; of a list
#[inline(always)]
pub fn for_list(m: &mut Machine, i: Instr, local: Option<u16>) -> bool {
    let Some(list) = m.peek(1).downcast_exact::<ListIter>() else { return false };
    match list.quick_value() {
        Some(item) => put_item(m, i, local, Some(item)),
        // Here the iterator is all that dies with the loop.
        None if list.is_guest() && !list.head().is_shared() => end_of_loop(m, i),
        None => return false,
    }
    true
}

/// generator -- generator ; into it
#[inline(always)]
pub fn for_generator(vm: &Vm, m: &mut Machine) -> Option<Done> {
    if generator_on_top(m) { Some(leave::resume_in_loop(vm, m)) } else { None }
}

/// iterator -- iterator item ; of any other iterator, which is asked itself. The registers come back from
/// the frame, so that none has to be kept.
#[inline(always)]
pub fn for_next(vm: &Vm, m: &mut Machine, storing: bool) -> Option<Done> {
    let ty = m.peek(1).head()?.ty();
    if std::ptr::eq(ty, Generator::cell().get()) || vm.is_observed() {
        return None;
    }
    let next = ty.slots.iternext.get()?;
    m.save();
    let item = next(vm, m.peek(1));
    *m = Machine::load(vm.frame.get());
    let i = m.running();
    let item = match item {
        Ok(item) => item,
        Err(e) if e.is(&vm.exceptions().stop_iteration) => None,
        Err(e) => return Some(Err(e)),
    };
    put_item(m, i, storing.then_some(i.b), item);
    Some(Ok(()))
}

/// iterator -- iterator item[n-1] ... item[0] ; the UNPACK_SEQUENCE behind it is done with
pub fn for_unpack(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    unpacked_item(vm, m, i).unwrap_or_else(|| for_iter_other(vm, m, i, None))
}

/// The same if the iterator is one whose items need no tuple.
#[inline(always)]
fn unpacked_item(vm: &Vm, m: &mut Machine, i: Instr) -> Option<Done> {
    let n = m.ahead(0).c;
    if n != 2 {
        return unpacked_few(vm, m, i, n as usize);
    }
    match next_pair(vm, m.peek(1))? {
        Ok(Some((first, second))) => {
            learn(m, i, P::ForUnpack, i.op);
            m.skip(1);
            m.push(second);
            m.push(first);
        }
        Ok(None) => end_of_loop(m, i),
        Err(e) => return Some(Err(e)),
    }
    Some(Ok(()))
}

#[inline(never)]
fn unpacked_few(vm: &Vm, m: &mut Machine, i: Instr, n: usize) -> Option<Done> {
    match m.peek(1).downcast_exact::<Zip>()?.next_few(vm, n)? {
        Ok(Some(items)) => {
            learn(m, i, P::ForUnpack, i.op);
            m.skip(1);
            items.into_iter().rev().for_each(|item| m.push(item));
        }
        Ok(None) => end_of_loop(m, i),
        Err(e) => return Some(Err(e)),
    }
    Some(Ok(()))
}

/// iterator -- iterator item | at the end: drops it and jumps
#[inline(always)]
pub fn for_iter_any<O: Observer>(vm: &Vm, m: &mut Machine, i: Instr, local: Option<u16>) -> Done {
    if !O::ACTIVE && generator_on_top(m) {
        learn(m, i, P::ForGenerator, P::ForGeneratorStoreFast);
        return leave::resume_in_loop(vm, m);
    }
    m.outline(vm, move |m| for_iter_other(vm, m, i, local))
}

/// Turns a site that has learnt nothing yet into one of the forms, the second if the item goes into a local.
#[inline(always)]
fn learn(m: &Machine, i: Instr, form: P, storing: P) {
    match i.op {
        P::ForIter => m.specialize(Instr { op: form, ..i }),
        P::ForIterStoreFast => m.specialize(Instr { op: storing, ..i }),
        _ => {}
    }
}

/// sequence -- item[n-1] ... item[0]
#[inline(always)]
pub fn unpack_sequence(m: &mut Machine, i: Instr) -> bool {
    let n = i.c as usize;
    if m.peek(1).downcast_exact::<Tuple>().is_none_or(|tuple| tuple.len() != n) {
        return false;
    }
    let sequence = m.pop();
    if let Some(tuple) = sequence.downcast_exact::<Tuple>() {
        for item in tuple.items().iter().rev() {
            m.push(item.clone());
        }
    }
    m.discard(Some(sequence));
    true
}

pub fn unpack_any(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let n = i.c as usize;
    let sequence = m.pop();
    let items = unpack_slow(vm, &sequence, n)?;
    for item in items.into_iter().rev() {
        m.push(item);
    }
    Ok(())
}

#[inline(never)]
fn unpack_slow(vm: &Vm, sequence: &Value, n: usize) -> PyResult<Vec<Value>> {
    let known = sequence
        .downcast_exact::<List>()
        .map(|l| l.len())
        .or_else(|| sequence.downcast_exact::<Tuple>().map(|t| t.len()))
        .or_else(|| sequence.downcast_exact::<Dict>().map(|d| d.len()));
    let mut items = Vec::with_capacity(n);
    let iterator = match iter::iter(vm, sequence) {
        Ok(iterator) => iterator,
        Err(e) if e.is(&vm.exceptions().type_error) && !iter::is_iterable(sequence) => {
            return Err(vm.type_error(format!(
                "cannot unpack non-iterable {} object",
                sequence.ty().name()
            )));
        }
        Err(e) => return Err(e),
    };
    while items.len() < n {
        match iter::next(vm, &iterator)? {
            Some(item) => items.push(item),
            None => {
                return Err(vm.value_error(format!(
                    "not enough values to unpack (expected {n}, got {})",
                    items.len()
                )));
            }
        }
    }
    if iter::next(vm, &iterator)?.is_some() {
        return Err(vm.value_error(match known {
            Some(got) => format!("too many values to unpack (expected {n}, got {got})"),
            None => format!("too many values to unpack (expected {n})"),
        }));
    }
    Ok(items)
}

/// sequence -- after ... list before ...
pub fn unpack_ex(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (before, after) = ((i.c & 0xff) as usize, (i.c >> 8) as usize);
    let sequence = m.pop();
    if !iter::is_iterable(&sequence) {
        return Err(
            vm.type_error(format!("cannot unpack non-iterable {} object", sequence.ty().name()))
        );
    }
    let mut items = iter::collect(vm, &sequence)?;
    if items.len() < before + after {
        let what = if after > 0 { before + after } else { before };
        return Err(vm.value_error(format!(
            "not enough values to unpack (expected at least {what}, got {})",
            items.len()
        )));
    }
    let tail = items.split_off(items.len() - after);
    let middle = items.split_off(before);
    tail.into_iter().rev().for_each(|v| m.push(v));
    m.push(List::from_vec(middle).into());
    items.into_iter().rev().for_each(|v| m.push(v));
    Ok(())
}

/// list ... item -- list ...
#[inline(always)]
pub fn list_append(m: &mut Machine, i: Instr) {
    let item = m.pop();
    if let Some(list) = m.peek(i.c as usize).downcast::<List>() {
        list.push(item);
    }
}

/// set ... item -- set ...
#[inline(always)]
pub fn set_add(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let item = m.pop();
    match m.peek(i.c as usize).downcast::<Set>() {
        Some(set) => set.add(vm, &item),
        None => Err(vm.system_error("SET_ADD on something else")),
    }
}

/// dict ... value key -- dict ...    (3.6 pushes the key last)
#[inline(always)]
pub fn map_add(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (key, value) = (m.pop(), m.pop());
    match m.peek(i.c as usize).downcast::<Dict>() {
        Some(dict) => dict.insert(vm, &key, value),
        None => Err(vm.system_error("MAP_ADD on something else")),
    }
}
