//! Fused instructions: see `prepared/fuse.rs` for what they are and when they stand back.
//!
//! Where the operands lie is in the names: `fast` a local, `const` a constant, otherwise the top of
//! the stack is the left operand.

#![expect(unsafe_code, reason = "moves words between locals and the stack")]

use super::Done;
use super::arith::{self, jump};
use super::stack::{load_const, load_fast, store_fast};
use super::{attr, call, method, names, subscr};
use crate::objects::list::List;
use crate::objects::tuple::Tuple;
use crate::protocol::index::wrap;
use crate::runtime::frame::Slot;
use crate::runtime::leave::{self, Quickly};
use crate::runtime::machine::Machine;
use crate::runtime::prepared::{Instr, P};
use crate::runtime::vm::Vm;
use crate::value::{Value, word};

/// An operation on two numbers, in each place where its operands can lie.
macro_rules! arithmetic {
    ($($fast_fast:ident $fast_const:ident $fast:ident $const:ident: |$x:ident, $y:ident, $op:ident| $core:expr;)*) => {$(
        #[inline(always)]
        pub fn $fast_fast(m: &mut Machine, i: Instr) -> bool {
            let (right, $op) = (m.ahead(0), m.ahead(1));
            let ($x, $y) = (m.local_bits(i.c), m.local_bits(right.c));
            let _ = $op;
            if let Some(result) = $core {
                m.skip(2);
                m.push(result);
                return true;
            }
            false
        }

        #[inline(always)]
        pub fn $fast_const(m: &mut Machine, i: Instr) -> bool {
            let (right, $op) = (m.ahead(0), m.ahead(1));
            let ($x, $y) = (m.local_bits(i.c), m.constant(right.c).bits());
            let _ = $op;
            if let Some(result) = $core {
                m.skip(2);
                m.push(result);
                return true;
            }
            false
        }

        #[inline(always)]
        pub fn $fast(m: &mut Machine, i: Instr) -> bool {
            let $op = m.ahead(0);
            let ($x, $y) = (m.peek(1).bits(), m.local_bits(i.c));
            let _ = $op;
            if let Some(result) = $core {
                m.skip(1);
                m.overwrite(1, result);
                return true;
            }
            false
        }

        #[inline(always)]
        pub fn $const(m: &mut Machine, i: Instr) -> bool {
            let $op = m.ahead(0);
            let ($x, $y) = (m.peek(1).bits(), m.constant(i.c).bits());
            let _ = $op;
            if let Some(result) = $core {
                m.skip(1);
                m.overwrite(1, result);
                return true;
            }
            false
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

/// How often an instruction may meet operands of other kinds before it only loads.
const MAX_MISFITS: u8 = 50;

/// A fused instruction whose operands are of other kinds: it does its own work, and if that happens often, it
/// does not look again.
#[inline(always)]
pub fn misfit(m: &Machine, i: Instr) -> bool {
    m.specialize(if i.a < MAX_MISFITS {
        Instr { a: i.a + 1, ..i }
    } else {
        Instr { op: i.op.loading(), a: 0, ..i }
    });
    false
}

// ---- subscripts ----

/// A subscript that cannot fail, in each place where its operands can lie.
macro_rules! subscripts {
    ($($fast_fast:ident $fast_const:ident $fast:ident $const:ident: $core:path;)*) => {$(
        #[inline(always)]
        pub fn $fast_fast(m: &mut Machine, i: Instr) -> bool {
            let (container, key) = (m.local(i.c as usize), m.local(m.ahead(0).c as usize));
            if let (Some(container), Some(key)) = (container, key)
                && let Some(item) = $core(container, key)
            {
                m.skip(2);
                m.push(item);
                return true;
            }
            false
        }

        #[inline(always)]
        pub fn $fast_const(m: &mut Machine, i: Instr) -> bool {
            if let Some(container) = m.local(i.c as usize)
                && let Some(item) = $core(container, m.constant(m.ahead(0).c))
            {
                m.skip(2);
                m.push(item);
                return true;
            }
            false
        }

        #[inline(always)]
        pub fn $fast(m: &mut Machine, i: Instr) -> bool {
            if let Some(key) = m.local(i.c as usize)
                && let Some(item) = $core(m.peek(1), key)
            {
                m.skip(1);
                m.exchange(1, item);
                return true;
            }
            false
        }

        #[inline(always)]
        pub fn $const(m: &mut Machine, i: Instr) -> bool {
            if let Some(item) = $core(m.peek(1), m.constant(i.c)) {
                m.skip(1);
                m.exchange(1, item);
                return true;
            }
            false
        }
    )*};
}

subscripts! {
    fast_fast_subscr fast_const_subscr fast_subscr const_subscr: subscr::list_item;
    fast_fast_subscr_any fast_const_subscr_any fast_subscr_any const_subscr_any:
        subscr::subscr_other;
}

/// value -- ; container and key are locals.
#[inline(always)]
pub fn fast_fast_store_subscr(m: &mut Machine, i: Instr) -> bool {
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
        m.discard(Some(old));
        return true;
    }
    false
}

// ---- comparisons with a jump, and other conditions ----

/// The jump `op` behind a comparison is taken or not; so many instructions have had their turn.
#[inline(always)]
fn decide(vm: &Vm, m: &mut Machine, turns: usize, op: Instr, jumps: bool) -> bool {
    m.skip(turns);
    if jumps {
        jump(vm, m, op);
    }
    true
}

/// The same where the left operand lies on the stack.
#[inline(always)]
fn decide_and_pop(vm: &Vm, m: &mut Machine, op: Instr, jumps: bool) -> bool {
    m.skip(1);
    let left = m.pop_slot();
    m.discard(left);
    decide(vm, m, 0, op, jumps)
}

/// A comparison that cannot fail, in each place where its operands can lie.
macro_rules! comparisons {
    ($($fast_fast:ident $fast_const:ident $fast:ident $const:ident: $core:path;)*) => {$(
        #[inline(always)]
        pub fn $fast_fast(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
            let (right, op) = (m.ahead(0), m.ahead(1));
            if let (Some(x), Some(y)) = (m.local(i.c as usize), m.local(right.c as usize))
                && let Some(jumps) = $core(x, y, op)
            {
                return decide(vm, m, 2, op, jumps);
            }
            false
        }

        #[inline(always)]
        pub fn $fast_const(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
            let (right, op) = (m.ahead(0), m.ahead(1));
            if let Some(x) = m.local(i.c as usize)
                && let Some(jumps) = $core(x, m.constant(right.c), op)
            {
                return decide(vm, m, 2, op, jumps);
            }
            false
        }

        #[inline(always)]
        pub fn $fast(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
            let op = m.ahead(0);
            if let Some(y) = m.local(i.c as usize)
                && let Some(jumps) = $core(m.peek(1), y, op)
            {
                return decide_and_pop(vm, m, op, jumps);
            }
            false
        }

        #[inline(always)]
        pub fn $const(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
            let op = m.ahead(0);
            if let Some(jumps) = $core(m.peek(1), m.constant(i.c), op) {
                return decide_and_pop(vm, m, op, jumps);
            }
            false
        }
    )*};
}

comparisons! {
    fast_fast_compare_jump fast_const_compare_jump fast_compare_jump const_compare_jump:
        arith::jumps_for_ints;
    fast_fast_compare_jump_any fast_const_compare_jump_any fast_compare_jump_any const_compare_jump_any:
        arith::jumps_for_others;
}

/// a b -- b | b False, and a jump: `a < b` in `a < b < c`.
#[inline(always)]
pub fn chained_compare(vm: &Vm, m: &mut Machine) -> bool {
    let (op, branch) = (m.ahead(1), m.ahead(2));
    let Some(outcome) = word::outcome(m.peek(2).bits(), m.peek(1).bits()) else {
        return false;
    };
    m.skip(3);
    let right = m.pop();
    m.overwrite(1, right);
    if (op.b >> outcome) & 1 != 0 {
        return true;
    }
    m.push(Value::FALSE);
    jump(vm, m, branch);
    true
}

/// `if local is constant`
#[inline(always)]
pub fn fast_is_jump(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
    let bits = m.local_bits(i.c);
    if bits == 0 {
        return false;
    }
    let (constant, is, branch) = (m.ahead(0), m.ahead(1), m.ahead(2));
    let same = bits == m.constant(constant.c).bits();
    m.skip(3);
    let truth = same == (is.op == P::Is);
    if truth == (branch.op == P::PopJumpIfTrue) {
        jump(vm, m, branch);
    }
    true
}

/// `if local`
#[inline(always)]
pub fn fast_pop_jump(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
    let Some(truth) = m.local(i.c as usize).as_ref().and_then(arith::quick_truth) else {
        return false;
    };
    let branch = m.ahead(0);
    m.skip(1);
    if truth == (branch.op == P::PopJumpIfTrue) {
        jump(vm, m, branch);
    }
    true
}

// ---- attributes ----

/// `local.name`, where that is a value in the instance.
#[inline(always)]
pub fn fast_attr(m: &mut Machine, i: Instr) -> bool {
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
            return true;
        }
    }
    false
}

/// value -- ; `local.name = value`
#[inline(always)]
pub fn fast_store_attr(m: &mut Machine, i: Instr) -> bool {
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
            m.discard(old);
            return true;
        }
    }
    false
}

// ---- the rest ----

/// Both loads, if both locals are bound.
#[inline(always)]
pub fn load_fast_fast(m: &mut Machine, i: Instr) -> bool {
    if !load_fast(m, i.c) {
        return false;
    }
    let second = m.ahead(0);
    if let Some(value) = m.local(second.c as usize) {
        let value = value.clone();
        m.skip(1);
        m.push(value);
    }
    true
}

#[inline(always)]
pub fn load_fast_const(m: &mut Machine, i: Instr) -> bool {
    if !load_fast(m, i.c) {
        return false;
    }
    load_const(m, m.ahead(0));
    m.skip(1);
    true
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
pub fn store_fast_jump(vm: &Vm, m: &mut Machine, i: Instr) {
    store_fast(m, i.c);
    let back = m.ahead(0);
    m.skip(1);
    arith::jump_backward(vm, m, back);
}

/// `return local`
#[inline(always)]
pub fn fast_return(vm: &Vm, m: &mut Machine, i: Instr) -> Quickly {
    let local: *mut Slot = m.local(i.c as usize);
    leave::return_quickly(vm, m, local)
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
        m.discard(old);
        let old = m.local(b as usize).replace(second);
        m.discard(old);
    }
    m.discard(Some(sequence));
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
pub fn global_call_fast(vm: &Vm, m: &mut Machine, i: Instr) -> Option<Done> {
    if let Some(def) = names::cached_native(m, i)
        && let Some(argument) = m.local(m.ahead(0).c as usize).clone()
    {
        // Whatever is raised is raised by the call.
        m.skip(2);
        m.push(argument);
        let result = match call::call_in_place(vm, m, def, 1) {
            Ok(result) => result,
            Err(e) => return Some(Err(e)),
        };
        m.exchange(1, result);
        return Some(Ok(()));
    }
    None
}

/// `a.f()` of a native method.
#[inline(always)]
pub fn method_call(vm: &Vm, m: &mut Machine, i: Instr) -> Option<Done> {
    if let Some(def) = method::cached_native(m, i) {
        m.skip(1);
        let result = match call::call_in_place(vm, m, def, 1) {
            Ok(result) => result,
            Err(e) => return Some(Err(e)),
        };
        m.exchange(1, result);
        return Some(Ok(()));
    }
    None
}

/// `a.f(x)` of a native method.
#[inline(always)]
pub fn method_call_fast(vm: &Vm, m: &mut Machine, i: Instr) -> Option<Done> {
    if let Some(def) = method::cached_native(m, i)
        && let Some(argument) = m.local(m.ahead(0).c as usize).clone()
    {
        if List::is_append(def)
            && let Some(list) = m.peek(1).downcast::<List>()
            && list.has_room()
        {
            list.push(argument);
            m.skip(2);
            m.exchange(1, Value::NONE);
            return Some(Ok(()));
        }
        m.push(argument);
        m.skip(2);
        let result = match call::call_in_place(vm, m, def, 2) {
            Ok(result) => result,
            Err(e) => return Some(Err(e)),
        };
        let argument = m.pop_slot();
        m.discard(argument);
        m.exchange(1, result);
        return Some(Ok(()));
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, owners, token, with_vm};

    /// Loop bodies of fused instructions. `l` is a list, `i` an index, `o` an instance.
    const BODIES: [&str; 22] = [
        "l[i] = t",
        "l[i] = l[i]",
        "x = l[i]",
        "x = l[0]",
        "l[0], l[1] = l[1], l[0]",
        "o.a = t",
        "o.a = o.a",
        "o.n = o.n + 1",
        "x = o.a",
        "x, y = t, t",
        "x = i + 1; y = i - 1; z = i * 2",
        "x = i if i < 2 else t",
        "x = t if i == 1 else l",
        "x = len(l)",
        "x = o.m(t)",
        "x = f(t)",
        "d[i] = t",
        "x = d.get(i)",
        "for x in l: y = x",
        "for x, y in pairs: z = x",
        "x = [y for y in l if y is t]",
        "s = o; s.a = l[i]",
    ];

    const SETUP: &str = "
class A:
    def m(self, x): return x
class S:
    __slots__ = 'a', 'n'
    def m(self, x): return x
class L(list): pass
class D(dict): pass
def f(x): return x
";

    /// Arguments that fit, and some that do not.
    const ARGUMENTS: [&str; 7] = [
        "[t, t, t], A(), {}",
        "[t, t, t], S(), {}",
        "L([t, t, t]), A(), D()",
        "[t, t, t], A(), {}",
        "[], A(), {}",
        "(t, t), A(), {}",
        "[t], S(), 5",
    ];

    #[test]
    fn fused_instructions_stand_back_where_they_do_not_fit() {
        with_vm(|vm| {
            for body in BODIES {
                let session = Session::new(vm, SETUP);
                let value = token();
                session.set("t", value.clone());
                session.exec(&format!(
                    "
def run(l, o, d):
    t_ = t
    o.n = 0
    o.a = t
    pairs = [(t, 1), (1, t)]
    n = 0
    for i in [0, 1, 2, 0, 1, 2, -1, -3, 0, 1, 2, 99, 1.5, True, 'a', 0]:
        try:
            {body}
        except (IndexError, TypeError, AttributeError, KeyError): n += 1
    return n
def attempt(*args):
    for _ in range(3): run(*args)
"
                ));
                for arguments in ARGUMENTS {
                    session.exec(&format!("attempt({arguments})"));
                    assert_eq!(owners(&value), 2, "{body} {arguments}");
                }
                for arguments in ARGUMENTS.iter().rev() {
                    session.exec(&format!("attempt({arguments})"));
                    assert_eq!(owners(&value), 2, "{body} {arguments}");
                }
            }
        });
    }

    #[test]
    fn unbound_locals_are_found_by_fused_instructions() {
        with_vm(|vm| {
            let session = Session::new(vm, "class A: pass");
            for body in [
                "x = a + b",
                "a[b] = 1",
                "x = a[b]",
                "x = a.b",
                "a.b = b",
                "x = 1 if a < b else 2",
                "x = [a, b]",
            ] {
                for (a, b) in [("1", ""), ("", "1"), ("", "")] {
                    let bind = |name: &str, value: &str| {
                        if value.is_empty() {
                            String::new()
                        } else {
                            format!("    {name} = {value}\n")
                        }
                    };
                    session.exec(&format!(
                        "def run(n):\n    a = b = [0]\n    del a, b\n{}{}    {body}\n    return x",
                        bind("a", a),
                        bind("b", b)
                    ));
                    for _ in 0..10 {
                        let raised = session.raises("run(1)");
                        assert!(raised.contains("Error("), "{body}: {raised}");
                    }
                }
            }
        });
    }
}
