//! Constants, locals, and moving words on the stack.

use super::Done;
use crate::protocol::object;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::Instr;
use crate::runtime::vm::Vm;
use crate::value::Value;

#[inline(always)]
pub fn nop() {}

#[inline(always)]
pub fn pop_top(m: &mut Machine) {
    let top = m.pop_slot();
    m.discard(top);
}

#[inline(always)]
pub fn rot_two(m: &mut Machine) {
    let (b, a) = (m.pop(), m.pop());
    m.push(b);
    m.push(a);
}

#[inline(always)]
pub fn rot_three(m: &mut Machine) {
    let (c, b, a) = (m.pop(), m.pop(), m.pop());
    m.push(c);
    m.push(a);
    m.push(b);
}

pub fn rot_n(m: &mut Machine, i: Instr) {
    let mut items = m.pop_vec(i.c as usize);
    items.rotate_right(1);
    items.into_iter().for_each(|v| m.push(v));
}

#[inline(always)]
pub fn dup_top(m: &mut Machine) {
    let a = m.peek(1).clone();
    m.push(a);
}

#[inline(always)]
pub fn dup_top_two(m: &mut Machine) {
    let (a, b) = (m.peek(2).clone(), m.peek(1).clone());
    m.push(a);
    m.push(b);
}

#[inline(always)]
pub fn load_const(m: &mut Machine, i: Instr) {
    let constant = m.constant(i.c).clone();
    m.push(constant);
}

/// Nothing happens if the local is unbound.
#[inline(always)]
pub fn load_fast(m: &mut Machine, index: u32) -> bool {
    let Some(value) = m.local(index as usize) else { return false };
    let value = value.clone();
    m.push(value);
    true
}

pub fn load_fast_any(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if load_fast(m, i.c) { Ok(()) } else { Err(unbound(vm, m, i.c)) }
}

#[inline(always)]
pub fn store_fast(m: &mut Machine, index: u32) {
    let value = m.pop();
    let old = m.local(index as usize).replace(value);
    m.discard(old);
}

pub fn delete_fast(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    match m.local(i.c as usize).take() {
        Some(old) => {
            drop(old);
            Ok(())
        }
        None => Err(unbound(vm, m, i.c)),
    }
}

#[inline(always)]
pub fn clear_fast(m: &mut Machine, index: u32) {
    let old = m.local(index as usize).take();
    m.discard(old);
}

#[cold]
#[inline(never)]
fn unbound(vm: &Vm, m: &Machine, index: u32) -> crate::runtime::errors::Exc {
    let name = m.code().source.varnames.get(index as usize).map(|n| n.to_string_lossy());
    vm.unbound_local_error(format!(
        "cannot access local variable '{}' where it is not associated with a value",
        name.unwrap_or_default()
    ))
}

/// `FORMAT_VALUE`: value [spec] -- str
pub fn format_value(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let spec = if i.c & 4 != 0 { Some(m.pop()) } else { None };
    let value = m.pop();
    let value: Value = match i.c & 3 {
        1 => object::str(vm, &value)?.into(),
        2 => object::repr(vm, &value)?.into(),
        3 => object::ascii(vm, &value)?.into(),
        _ => value,
    };
    let spec = match spec {
        Some(spec) => spec.into_ref().map_err(|_| vm.type_error("format spec must be a str"))?,
        None => crate::objects::str_::intern::empty(),
    };
    let text = object::format(vm, &value, &spec)?;
    m.push(text.into());
    Ok(())
}
