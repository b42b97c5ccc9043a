//! Subscripts and slices, with fast paths for the built-in containers.

use super::Done;
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::slice::Slice;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::index::wrap;
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::Instr;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// container key -- container[key]
#[inline(always)]
pub fn binary_subscr(vm: &Vm, m: &mut Machine) -> Done {
    let (container, key) = (m.peek(2), m.peek(1));
    if let Some(index) = key.as_small_int()
        && let Some(list) = container.downcast_exact::<List>()
        && let Some(item) = list.get_wrapped(index as isize)
    {
        m.shrink(1);
        m.replace(1, item);
        return Ok(());
    }
    let result = subscr_slow(vm, container, key)?;
    m.drop_top(1);
    m.replace(1, result);
    Ok(())
}

#[inline(never)]
fn subscr_slow(vm: &Vm, container: &Value, key: &Value) -> PyResult {
    if let Some(dict) = container.downcast_exact::<Dict>() {
        if let Some(value) = dict.get(vm, key)? {
            return Ok(value);
        }
        return Err(vm.key_error(key));
    }
    if let Some(index) = key.as_small_int() {
        if let Some(tuple) = container.downcast_exact::<Tuple>()
            && let Some(at) = wrap(index as isize, tuple.len())
        {
            return Ok(tuple.items()[at].clone());
        }
        if let Some(text) = container.downcast_exact::<Str>()
            && let Some(at) = wrap(index as isize, text.len())
        {
            return Ok(crate::objects::str_::intern::character(text.at(at)).into());
        }
    }
    object::get_item(vm, container, key)
}

/// value container key --
#[inline(always)]
pub fn store_subscr(vm: &Vm, m: &mut Machine) -> Done {
    let (container, key) = (m.peek(2), m.peek(1));
    if let Some(index) = key.as_small_int()
        && let Some(list) = container.downcast_exact::<List>()
        && let Some(at) = wrap(index as isize, list.len())
    {
        let (_, container, value) = (m.pop(), m.pop(), m.pop());
        // The list was checked above and is still held by `container`.
        if let Some(list) = container.downcast_exact::<List>() {
            drop(list.replace(at, value));
        }
        return Ok(());
    }
    let (key, container, value) = (m.pop(), m.pop(), m.pop());
    store_slow(vm, &container, &key, value)
}

#[inline(never)]
fn store_slow(vm: &Vm, container: &Value, key: &Value, value: Value) -> PyResult<()> {
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

/// start stop [step] -- slice
pub fn build_slice(m: &mut Machine, i: Instr) {
    let step = if i.c == 3 { m.pop() } else { Value::NONE };
    let (stop, start) = (m.pop(), m.pop());
    m.push(Slice::new_value(start, stop, step));
}
