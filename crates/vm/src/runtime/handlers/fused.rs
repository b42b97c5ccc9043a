//! Fused instructions: see `prepared/fuse.rs` for what they are and when they stand back.
//!
//! Where the operands lie is in the names: `fast` a local, `const` a constant, otherwise the top of
//! the stack is the left operand.

#![expect(unsafe_code, reason = "moves words between locals and the stack")]

use super::Done;
use super::arith::{self, jump, jumps_for};
use super::stack::{dup_top, load_const, load_fast, store_fast};
use super::subscr::subscr_quick;
use super::{attr, names};
use crate::objects::list::List;
use crate::objects::tuple::Tuple;
use crate::protocol::index::wrap;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::{Instr, P};
use crate::runtime::vm::Vm;
use crate::value::{Value, word};

/// An operation on two numbers, in each place where its operands can lie.
macro_rules! arithmetic {
    ($($fast_fast:ident $fast_const:ident $fast:ident $const:ident: |$x:ident, $y:ident, $op:ident| $core:expr;)*) => {$(
        #[inline(always)]
        pub fn $fast_fast(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
            let (right, $op) = (m.ahead(0), m.ahead(1));
            let ($x, $y) = (m.local_bits(i.c), m.local_bits(right.c));
            let _ = $op;
            if let Some(result) = $core {
                m.skip(2);
                m.push(result);
                return Ok(());
            }
            load_fast(vm, m, i.c)
        }

        #[inline(always)]
        pub fn $fast_const(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
            let (right, $op) = (m.ahead(0), m.ahead(1));
            let ($x, $y) = (m.local_bits(i.c), m.constant(right.c).bits());
            let _ = $op;
            if let Some(result) = $core {
                m.skip(2);
                m.push(result);
                return Ok(());
            }
            load_fast(vm, m, i.c)
        }

        #[inline(always)]
        pub fn $fast(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
            let $op = m.ahead(0);
            let ($x, $y) = (m.peek(1).bits(), m.local_bits(i.c));
            let _ = $op;
            if let Some(result) = $core {
                m.skip(1);
                m.overwrite(1, result);
                return Ok(());
            }
            load_fast(vm, m, i.c)
        }

        #[inline(always)]
        pub fn $const(m: &mut Machine, i: Instr) {
            let $op = m.ahead(0);
            let ($x, $y) = (m.peek(1).bits(), m.constant(i.c).bits());
            let _ = $op;
            if let Some(result) = $core {
                m.skip(1);
                m.overwrite(1, result);
                return;
            }
            load_const(m, i);
        }
    )*};
}

arithmetic! {
    fast_fast_add fast_const_add fast_add const_add: |x, y, _op| word::add(x, y);
    fast_fast_subtract fast_const_subtract fast_subtract const_subtract:
        |x, y, _op| word::subtract(x, y);
    fast_fast_multiply fast_const_multiply fast_multiply const_multiply:
        |x, y, _op| word::multiply(x, y);
    fast_fast_arith fast_const_arith fast_arith const_arith: |x, y, op| arith::quick(op, x, y);
}

// ---- subscripts ----

#[inline(always)]
pub fn fast_fast_subscr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let (Some(container), Some(key)) = (m.local(i.c as usize), m.local(m.ahead(0).c as usize))
        && let Some(item) = subscr_quick(container, key)
    {
        m.skip(2);
        m.push(item);
        return Ok(());
    }
    load_fast(vm, m, i.c)
}

#[inline(always)]
pub fn fast_const_subscr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let Some(container) = m.local(i.c as usize)
        && let Some(item) = subscr_quick(container, m.constant(m.ahead(0).c))
    {
        m.skip(2);
        m.push(item);
        return Ok(());
    }
    load_fast(vm, m, i.c)
}

#[inline(always)]
pub fn fast_subscr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let Some(key) = m.local(i.c as usize)
        && let Some(item) = subscr_quick(m.peek(1), key)
    {
        m.skip(1);
        m.replace(1, item);
        return Ok(());
    }
    load_fast(vm, m, i.c)
}

#[inline(always)]
pub fn const_subscr(m: &mut Machine, i: Instr) {
    if let Some(item) = subscr_quick(m.peek(1), m.constant(i.c)) {
        m.skip(1);
        m.replace(1, item);
        return;
    }
    load_const(m, i);
}

/// value -- ; container and key are locals.
#[inline(always)]
pub fn fast_fast_store_subscr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let (Some(container), Some(key)) = (m.local(i.c as usize), m.local(m.ahead(0).c as usize))
        && let Some(list) = container.downcast_exact::<List>()
        && let Some(index) = key.as_small_int()
        && let Some(at) = wrap(index as isize, list.len())
    {
        // SAFETY: the top of the stack is the value, which moves into the list.
        let value = unsafe { (*m.slot(1)).take().unwrap_unchecked() };
        let old = list.replace(at, value);
        m.shrink(1);
        m.skip(2);
        drop(old);
        return Ok(());
    }
    load_fast(vm, m, i.c)
}

// ---- comparisons with a jump, and other conditions ----

#[inline(always)]
pub fn fast_fast_compare_jump(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (right, op) = (m.ahead(0), m.ahead(1));
    if let (Some(x), Some(y)) = (m.local(i.c as usize), m.local(right.c as usize))
        && let Some(jumps) = jumps_for(x, y, op)
    {
        m.skip(2);
        return if jumps { jump(vm, m, op) } else { Ok(()) };
    }
    load_fast(vm, m, i.c)
}

#[inline(always)]
pub fn fast_const_compare_jump(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (right, op) = (m.ahead(0), m.ahead(1));
    if let Some(x) = m.local(i.c as usize)
        && let Some(jumps) = jumps_for(x, m.constant(right.c), op)
    {
        m.skip(2);
        return if jumps { jump(vm, m, op) } else { Ok(()) };
    }
    load_fast(vm, m, i.c)
}

#[inline(always)]
pub fn fast_compare_jump(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let op = m.ahead(0);
    if let Some(y) = m.local(i.c as usize)
        && let Some(jumps) = jumps_for(m.peek(1), y, op)
    {
        m.skip(1);
        drop(m.pop());
        return if jumps { jump(vm, m, op) } else { Ok(()) };
    }
    load_fast(vm, m, i.c)
}

#[inline(always)]
pub fn const_compare_jump(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let op = m.ahead(0);
    if let Some(jumps) = jumps_for(m.peek(1), m.constant(i.c), op) {
        m.skip(1);
        drop(m.pop());
        return if jumps { jump(vm, m, op) } else { Ok(()) };
    }
    load_const(m, i);
    Ok(())
}

/// a b -- b | b False, and a jump: `a < b` in `a < b < c`.
#[inline(always)]
pub fn chained_compare(vm: &Vm, m: &mut Machine) -> Done {
    let (op, branch) = (m.ahead(1), m.ahead(2));
    let Some(outcome) = word::outcome(m.peek(2).bits(), m.peek(1).bits()) else {
        dup_top(m);
        return Ok(());
    };
    m.skip(3);
    let right = m.pop();
    m.overwrite(1, right);
    if (op.b >> outcome) & 1 != 0 {
        return Ok(());
    }
    m.push(Value::FALSE);
    jump(vm, m, branch)
}

/// `if local is constant`
#[inline(always)]
pub fn fast_is_jump(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let bits = m.local_bits(i.c);
    if bits == 0 {
        return load_fast(vm, m, i.c);
    }
    let (constant, is, branch) = (m.ahead(0), m.ahead(1), m.ahead(2));
    let same = bits == m.constant(constant.c).bits();
    m.skip(3);
    let truth = same == (is.op == P::Is);
    if truth == (branch.op == P::PopJumpIfTrue) { jump(vm, m, branch) } else { Ok(()) }
}

/// `if local`
#[inline(always)]
pub fn fast_pop_jump(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let truth = match m.local(i.c as usize) {
        Some(value) if value.is_bool() => value.is_true(),
        Some(value) if value.is_small_int() => value.small_int_unchecked() != 0,
        Some(value) if value.is_none() => false,
        Some(value) => match value.downcast_exact::<List>() {
            Some(list) => !list.is_empty(),
            None => return load_fast(vm, m, i.c),
        },
        None => return load_fast(vm, m, i.c),
    };
    let branch = m.ahead(0);
    m.skip(1);
    if truth == (branch.op == P::PopJumpIfTrue) { jump(vm, m, branch) } else { Ok(()) }
}

// ---- attributes ----

/// `local.name`, where that is a value in the instance.
#[inline(always)]
pub fn fast_attr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let load = m.ahead(0);
    if let Some(owner) = m.local(i.c as usize) {
        let cache = m.cache(load.b);
        let value = match load.op {
            P::LoadAttrSlot => attr::slot_value(owner, cache),
            P::LoadAttrMember => attr::member_value(owner, cache),
            _ => None,
        };
        if let Some(value) = value {
            let value = value.clone();
            m.skip(1);
            m.push(value);
            return Ok(());
        }
    }
    load_fast(vm, m, i.c)
}

/// value -- ; `local.name = value`
#[inline(always)]
pub fn fast_store_attr(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let store = m.ahead(0);
    if let Some(owner) = m.local(i.c as usize) {
        let cache = m.cache(store.b);
        let place = match store.op {
            P::StoreAttrSlot => attr::slot_place(owner, cache),
            P::StoreAttrMember => attr::member_place(owner, cache),
            _ => None,
        };
        if let Some(place) = place {
            m.skip(1);
            // SAFETY: the place is a word of the instance, which the local keeps alive; the value
            // moves there from the stack.
            let old = unsafe { std::mem::replace(&mut *place, m.pop_slot()) };
            drop(old);
            return Ok(());
        }
    }
    load_fast(vm, m, i.c)
}

// ---- the rest ----

/// Both loads, if both locals are bound.
#[inline(always)]
pub fn load_fast_fast(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    load_fast(vm, m, i.c)?;
    let second = m.ahead(0);
    if let Some(value) = m.local(second.c as usize) {
        let value = value.clone();
        m.skip(1);
        m.push(value);
    }
    Ok(())
}

#[inline(always)]
pub fn load_fast_const(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    load_fast(vm, m, i.c)?;
    load_const(m, m.ahead(0));
    m.skip(1);
    Ok(())
}

#[inline(always)]
pub fn store_fast_load_fast(m: &mut Machine, i: Instr) {
    store_fast(m, i.c);
    let load = m.ahead(0);
    if let Some(value) = m.local(load.c as usize) {
        let value = value.clone();
        m.skip(1);
        m.push(value);
    }
}

#[inline(always)]
pub fn store_fast_jump(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    store_fast(m, i.c);
    let back = m.ahead(0);
    m.skip(1);
    arith::jump_backward(vm, m, back)
}

/// The local that is returned: it moves out, since its frame ends here, unless somebody may still
/// look at the frame.
#[inline(always)]
pub fn returned_local(m: &mut Machine, i: Instr) -> Option<Value> {
    if m.frame().object.is_some() {
        return None;
    }
    m.local(i.c as usize).take()
}

/// `a, b = tuple`
#[inline(always)]
pub fn unpack_store_fast(m: &mut Machine, i: Instr) -> bool {
    if i.c != 2 || m.peek(1).downcast_exact::<Tuple>().is_none_or(|t| t.len() != 2) {
        return false;
    }
    let sequence = m.pop();
    if let Some(tuple) = sequence.downcast_exact::<Tuple>()
        && let [first, second] = tuple.items()
    {
        let (a, b) = (m.ahead(0).c, m.ahead(1).c);
        let (first, second) = (first.clone(), second.clone());
        m.skip(2);
        let old = m.local(a as usize).replace(first);
        drop(old);
        let old = m.local(b as usize).replace(second);
        drop(old);
    }
    drop(sequence);
    true
}

// ---- native calls ----

/// Are the next two a local and a call with it as the only argument?
pub fn is_call_with_local(m: &Machine, call: P) -> bool {
    // Code does not end with a name or an attribute, nor with a local.
    m.ahead(0).op == P::LoadFast && m.ahead(1).op == call && m.ahead(1).c == 1
}

/// `f(x)` of a native built-in: nothing is pushed but the result.
#[inline(always)]
pub fn global_call_fast(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let Some(def) = names::cached_native(m, i)
        && let Some(argument) = m.local(m.ahead(0).c as usize).clone()
    {
        // Whatever is raised is raised by the call.
        m.skip(2);
        m.save();
        let result = def.call_taking(vm, std::slice::from_ref(&argument))?;
        m.push(result);
        return Ok(());
    }
    names::load_global_builtin(m, i);
    Ok(())
}

/// `a.f()` of a native method.
#[inline(always)]
pub fn method_call(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let Some(def) = attr::cached_native(m, i) {
        m.skip(1);
        m.save();
        let result = def.call_taking(vm, m.top_slice(1))?;
        m.replace(1, result);
        return Ok(());
    }
    attr::load_method_type(m, i);
    Ok(())
}

/// `a.f(x)` of a native method.
#[inline(always)]
pub fn method_call_fast(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let Some(def) = attr::cached_native(m, i)
        && let Some(argument) = m.local(m.ahead(0).c as usize).clone()
    {
        m.push(argument);
        m.skip(2);
        m.save();
        let result = def.call_taking(vm, m.top_slice(2))?;
        m.drop_top(1);
        m.replace(1, result);
        return Ok(());
    }
    attr::load_method_type(m, i);
    Ok(())
}
