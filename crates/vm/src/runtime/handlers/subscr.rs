//! Subscripts and slices, with fast paths for the built-in containers.

use super::{Done, call};
use crate::objects::bytearray::ByteArray;
use crate::objects::bytes::Bytes;
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::slice::Slice;
use crate::objects::str_::{Str, intern};
use crate::objects::tuple::Tuple;
use crate::protocol::index::{Indices, clamp, wrap};
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::machine::Machine;
use crate::runtime::memory;
use crate::runtime::prepared::{Instr, P};
use crate::runtime::vm::Vm;
use crate::value::Value;

/// container key -- container[key]
#[inline(always)]
pub fn binary_subscr(m: &mut Machine) -> bool {
    if let Some(item) = list_item(m.peek(2), m.peek(1)) {
        m.shrink(1);
        m.exchange(1, item);
        return true;
    }
    false
}

/// The same for the other built-in containers.
#[inline(always)]
pub fn subscr_known(m: &mut Machine) -> bool {
    let container = m.peek(2);
    if !container.is_pointer() {
        return false;
    }
    let Some(item) = subscr_other(container, m.peek(1)) else { return false };
    let key = m.pop_slot();
    m.discard(key);
    m.exchange(1, item);
    true
}

#[inline(always)]
pub fn list_item(container: &Value, key: &Value) -> Option<Value> {
    container.downcast_exact::<List>()?.get_wrapped(key.as_small_int()? as isize)
}

/// `container[key]` for the built-in containers, as far as no Python code has to run and nothing has
/// to be raised.
fn subscr_quick(container: &Value, key: &Value) -> Option<Value> {
    if let Some(item) = list_item(container, key) {
        return Some(item);
    }
    if container.is_pointer() { subscr_other(container, key) } else { None }
}

#[inline(never)]
pub fn subscr_other(container: &Value, key: &Value) -> Option<Value> {
    if let Some(dict) = container.downcast_exact::<Dict>() {
        return dict.get_simply(key);
    }
    let index = key.as_small_int()? as isize;
    if let Some(text) = container.downcast_exact::<Str>() {
        let at = wrap(index, text.len())?;
        return Some(intern::character(text.at(at)).into());
    }
    if let Some(tuple) = container.downcast_exact::<Tuple>() {
        return Some(tuple.items()[wrap(index, tuple.len())?].clone());
    }
    if let Some(bytes) = container.downcast_exact::<ByteArray>() {
        return bytes.with_bytes(|bytes| byte_at(bytes, index));
    }
    byte_at(container.downcast_exact::<Bytes>()?.as_slice(), index)
}

fn byte_at(bytes: &[u8], index: isize) -> Option<Value> {
    let byte = bytes[wrap(index, bytes.len())?];
    Some(Value::int_unchecked(byte.into()))
}

pub fn subscr_slow(vm: &Vm, m: &mut Machine) -> Done {
    let (container, key) = (m.peek(2), m.peek(1));
    m.save();
    let result = match subscr_quick(container, key) {
        Some(item) => item,
        None => {
            if let Some(function) = call::python_special(container, &vm.names().__getitem__) {
                return call::call_special(vm, m, function, 2);
            }
            subscr_any(vm, container, key)?
        }
    };
    m.drop_top(1);
    m.replace(1, result);
    Ok(())
}

fn subscr_any(vm: &Vm, container: &Value, key: &Value) -> PyResult {
    if let Some(dict) = container.downcast_exact::<Dict>() {
        return match dict.get(vm, key)? {
            Some(value) => Ok(value),
            None => Err(vm.key_error(key)),
        };
    }
    object::get_item(vm, container, key)
}

/// value container key --
#[inline(always)]
pub fn store_subscr(m: &mut Machine) -> bool {
    let (container, key) = (m.peek(2), m.peek(1));
    if let Some(index) = key.as_small_int()
        && let Some(list) = container.downcast_exact::<List>()
        && let Some(at) = wrap(index as isize, list.len())
    {
        let (_, container, value) = (m.pop(), m.pop(), m.pop());
        // The list was checked above and is still held by `container`.
        if let Some(list) = container.downcast_exact::<List>() {
            m.discard(Some(list.replace(at, value)));
        }
        m.discard(Some(container));
        return true;
    }
    false
}

/// The same for a key that a dict has already.
#[inline(always)]
pub fn store_dict(m: &mut Machine) -> bool {
    let (container, key) = (m.peek(2), m.peek(1));
    let Some(dict) = container.downcast_exact::<Dict>() else { return false };
    let Some(entry) = dict.position_simply(key) else { return false };
    let (key, container, value) = (m.pop_slot(), m.pop_slot(), m.pop());
    if let Some(dict) = container.as_ref().and_then(|c| c.downcast_exact::<Dict>()) {
        m.discard(dict.exchange_at(entry, value));
    }
    m.discard(key);
    m.discard(container);
    true
}

pub fn store_slow(vm: &Vm, m: &mut Machine) -> Done {
    let (key, container, value) = (m.pop(), m.pop(), m.pop());
    m.save();
    store_any(vm, &container, &key, value)
}

fn store_any(vm: &Vm, container: &Value, key: &Value, value: Value) -> PyResult<()> {
    if let Some(dict) = container.downcast_exact::<Dict>() {
        return dict.insert(vm, key, value);
    }
    object::set_item(vm, container, key, value)
}

/// container key --
pub fn delete_subscr(vm: &Vm, m: &mut Machine) -> Done {
    let (key, container) = (m.pop(), m.pop());
    object::del_item(vm, &container, &key)
}

/// start stop [step] -- slice ; or, if a subscript of a built-in sequence comes next, its result.
pub fn build_slice(m: &mut Machine, i: Instr, look_ahead: bool) {
    if look_ahead && slice_at_once(m, i) {
        return;
    }
    let step = if i.c == 3 { m.pop() } else { Value::NONE };
    let (stop, start) = (m.pop(), m.pop());
    m.push(Slice::new_value(start, stop, step));
}

/// container start stop [step] -- part | value container start stop [step] --
///
/// Where the numbers are plain and the container is built in, no slice object is made.
fn slice_at_once(m: &mut Machine, i: Instr) -> bool {
    let n = i.c as usize;
    let part = |at: usize| {
        let value = m.peek(at);
        if value.is_none() { Some(None) } else { value.as_small_int().map(|i| Some(i as isize)) }
    };
    let (Some(start), Some(stop)) = (part(n), part(n - 1)) else { return false };
    let step = if n == 3 {
        match part(1) {
            Some(None) => 1,
            Some(Some(step)) if step != 0 => step,
            _ => return false,
        }
    } else {
        1
    };
    match m.ahead(0).op {
        P::BinarySubscr => {
            let Some(result) = slice_of(m.peek(n + 1), start, stop, step) else { return false };
            m.shrink(n);
            m.skip(1);
            m.replace(1, result);
            true
        }
        P::StoreSubscr if step == 1 => {
            let (Some(list), Some(items)) =
                (m.peek(n + 1).downcast_exact::<List>(), m.peek(n + 2).downcast_exact::<List>())
            else {
                return false;
            };
            // If there is none, the general way says so.
            if !memory::has_room((list.len() + items.len()) * size_of::<Value>()) {
                return false;
            }
            let items = items.to_vec();
            let s = clamp(start, stop, step, list.len());
            let removed = list.replace_range(s.start as usize, s.start as usize + s.count, items);
            m.shrink(n);
            m.skip(1);
            m.drop_top(2);
            drop(removed);
            true
        }
        _ => false,
    }
}

fn slice_of(
    container: &Value,
    start: Option<isize>,
    stop: Option<isize>,
    step: isize,
) -> Option<Value> {
    if let Some(list) = container.downcast_exact::<List>() {
        let s = clamp(start, stop, step, list.len());
        return Some(List::from_vec(list.with(|items| items_of(items, s))).into());
    }
    if let Some(text) = container.downcast_exact::<Str>() {
        let s = clamp(start, stop, step, text.len());
        if s.step == 1 {
            let whole = s.count == text.len();
            let part =
                if whole { text.to_ref() } else { text.substring(s.range().start, s.range().end) };
            return Some(part.into());
        }
        let bytes = text.as_ascii()?.as_bytes();
        let part: Vec<u8> = s.positions().map(|i| bytes[i]).collect();
        return Some(Str::from_latin1(&part).into());
    }
    let tuple = container.downcast_exact::<Tuple>()?;
    let s = clamp(start, stop, step, tuple.len());
    if s.step == 1 && s.count == tuple.len() {
        return Some(container.clone());
    }
    Some(Tuple::from_vec(items_of(tuple.items(), s)).into())
}

fn items_of(items: &[Value], s: Indices) -> Vec<Value> {
    match s.step {
        1 => items[s.range()].to_vec(),
        -1 if s.count > 0 => {
            let last = (s.start - (s.count as isize - 1)) as usize;
            items[last..=s.start as usize].iter().rev().cloned().collect()
        }
        _ => s.positions().map(|i| items[i].clone()).collect(),
    }
}
