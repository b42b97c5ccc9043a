//! Iteration: `for`, comprehensions, unpacking.

use super::Done;
use crate::objects::dict::Dict;
use crate::objects::generator::Generator;
use crate::objects::iterators::{ListIter, TupleIter};
use crate::objects::list::List;
use crate::objects::range::RangeIter;
use crate::objects::set::Set;
use crate::objects::tuple::Tuple;
use crate::protocol::iter;
use crate::runtime::errors::PyResult;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::Instr;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// iterable -- iterator
#[inline(always)]
pub fn get_iter(vm: &Vm, m: &mut Machine) -> Done {
    let iterator = iter::iter(vm, m.peek(1))?;
    m.replace(1, iterator);
    Ok(())
}

/// The next item of the most frequent iterators, or of any other.
#[inline(always)]
fn next_item(vm: &Vm, iterator: &Value) -> PyResult<Option<Value>> {
    if let Some(range) = iterator.downcast_exact::<RangeIter>() {
        return Ok(range.next_value());
    }
    if let Some(list) = iterator.downcast_exact::<ListIter>() {
        return Ok(list.next_value());
    }
    next_slow(vm, iterator)
}

#[inline(never)]
fn next_slow(vm: &Vm, iterator: &Value) -> PyResult<Option<Value>> {
    if let Some(tuple) = iterator.downcast_exact::<TupleIter>() {
        return Ok(tuple.next_value());
    }
    iter::next(vm, iterator)
}

/// Is the iterator on top a generator that can be resumed inside this loop?
#[inline(always)]
pub fn generator_on_top(m: &Machine) -> bool {
    m.peek(1).downcast_exact::<Generator>().is_some_and(|g| g.can_resume())
}

/// iterator -- iterator item | at the end: drops it and jumps
#[inline(always)]
pub fn for_iter(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    match next_item(vm, m.peek(1))? {
        Some(item) => m.push(item),
        None => {
            drop(m.pop());
            m.jump_by(i.c);
        }
    }
    Ok(())
}

/// The same, the item going straight into a local.
#[inline(always)]
pub fn for_iter_store_fast(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    match next_item(vm, m.peek(1))? {
        Some(item) => {
            let old = m.local(i.b as usize).replace(item);
            drop(old);
        }
        None => {
            drop(m.pop());
            m.jump_by(i.c);
        }
    }
    Ok(())
}

/// sequence -- item[n-1] ... item[0]
#[inline(always)]
pub fn unpack_sequence(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let n = i.c as usize;
    let sequence = m.pop();
    if let Some(tuple) = sequence.downcast_exact::<Tuple>()
        && tuple.len() == n
    {
        for item in tuple.items().iter().rev() {
            m.push(item.clone());
        }
        return Ok(());
    }
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
