//! Arithmetic, comparison, truth and jumps on them.
//!
//! Two small ints and two floats are handled in the loop itself, on the words, without counting;
//! everything else goes through the protocols.

use super::Done;
use crate::object::Ref;
use crate::objects::str_::Str;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::number::{self, BinOp};
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::{Instr, P};
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// a b -- result, where the operands own nothing.
#[inline(always)]
fn replace_immediates(m: &mut Machine, result: Value) {
    m.shrink(1);
    m.overwrite(1, result);
}

#[inline(always)]
fn both_floats(a: &Value, b: &Value) -> Option<(f64, f64)> {
    if a.is_float_word() && b.is_float_word() {
        Some((a.float_unchecked(), b.float_unchecked()))
    } else {
        None
    }
}

/// A float and a small int, in either order.
#[inline(always)]
fn mixed(a: &Value, b: &Value) -> Option<(f64, f64)> {
    let one = |v: &Value| v.as_float_word().or_else(|| v.as_small_int().map(|i| i as f64));
    Some((one(a)?, one(b)?))
}

/// Two floats, or a float and a small int: the operands as floats.
#[inline(always)]
fn floats(a: &Value, b: &Value) -> Option<(f64, f64)> {
    both_floats(a, b).or_else(|| mixed(a, b))
}

macro_rules! arithmetic {
    ($name:ident, $inplace:ident, $op:expr, $int:path, |$f:ident, $g:ident| $float:expr) => {
        #[inline(always)]
        pub fn $name(vm: &Vm, m: &mut Machine) -> Done {
            let (a, b) = (m.peek(2), m.peek(1));
            if Value::both_small_ints(a, b) {
                if let Some(result) = $int(a, b) {
                    replace_immediates(m, result);
                    return Ok(());
                }
            } else if let Some(($f, $g)) = floats(a, b) {
                replace_immediates(m, Value::float($float));
                return Ok(());
            }
            general(vm, m, $op)
        }

        #[inline(always)]
        pub fn $inplace(vm: &Vm, m: &mut Machine) -> Done {
            let (a, b) = (m.peek(2), m.peek(1));
            if Value::both_small_ints(a, b) {
                if let Some(result) = $int(a, b) {
                    replace_immediates(m, result);
                    return Ok(());
                }
            } else if let Some(($f, $g)) = floats(a, b) {
                replace_immediates(m, Value::float($float));
                return Ok(());
            }
            general_inplace(vm, m, $op)
        }
    };
}

arithmetic!(subtract, inplace_subtract, BinOp::Sub, Value::sub_small_ints, |f, g| f - g);
arithmetic!(multiply, inplace_multiply, BinOp::Mul, Value::mul_small_ints, |f, g| f * g);
arithmetic!(add_numbers, inplace_add_numbers, BinOp::Add, Value::add_small_ints, |f, g| f + g);

#[inline(always)]
pub fn add(vm: &Vm, m: &mut Machine) -> Done {
    add_numbers(vm, m)
}

#[inline(always)]
pub fn inplace_add(vm: &Vm, m: &mut Machine) -> Done {
    let (a, b) = (m.peek(2), m.peek(1));
    if a.is_pointer() && b.is_pointer() && a.is_exact::<Str>() && b.is_exact::<Str>() {
        m.outline(append_text);
        return Ok(());
    }
    inplace_add_numbers(vm, m)
}

/// `text += more`: if the next instruction stores the result where `text` came from, that variable
/// gives up its reference first, so that the text can grow in place.
#[inline(never)]
fn append_text(m: &mut Machine) {
    let (right, left) = (m.pop(), m.pop());
    // The instruction after this one is in `ip`; peeking is safe, code never ends here.
    let next = m.prepared().at(m.index() + 1);
    let local = match next {
        Some(Instr { op: P::StoreFast, c, .. }) => Some(c),
        Some(Instr { op: P::StoreFastLoadFast, b, .. }) => Some(b as u32),
        _ => None,
    };
    if let Some(local) = local
        && m.local(local as usize).as_ref().is_some_and(|v| v.is(&left))
    {
        drop(m.local(local as usize).take());
    }
    let result = match (left.into_ref::<Str>(), right.into_ref::<Str>()) {
        (Ok(left), Ok(right)) => Str::append(left, &right).into(),
        // Both were checked to be strings.
        (Ok(left), Err(_)) => left.into(),
        (Err(left), _) => left,
    };
    m.push(result);
}

#[inline(always)]
pub fn true_divide(vm: &Vm, m: &mut Machine) -> Done {
    let (a, b) = (m.peek(2), m.peek(1));
    if let Some((x, y)) = mixed(a, b)
        && y != 0.0
    {
        replace_immediates(m, Value::float(x / y));
        return Ok(());
    }
    general(vm, m, BinOp::TrueDiv)
}

#[inline(always)]
pub fn floor_divide(vm: &Vm, m: &mut Machine) -> Done {
    let (a, b) = (m.peek(2), m.peek(1));
    if Value::both_small_ints(a, b) {
        let (x, y) = (a.small_int_unchecked(), b.small_int_unchecked());
        if y > 0 {
            replace_immediates(m, Value::int_unchecked(x.div_euclid(y)));
            return Ok(());
        }
    }
    general(vm, m, BinOp::FloorDiv)
}

#[inline(always)]
pub fn modulo(vm: &Vm, m: &mut Machine) -> Done {
    let (a, b) = (m.peek(2), m.peek(1));
    if Value::both_small_ints(a, b) {
        let (x, y) = (a.small_int_unchecked(), b.small_int_unchecked());
        if y > 0 {
            replace_immediates(m, Value::int_unchecked(x.rem_euclid(y)));
            return Ok(());
        }
    }
    general(vm, m, BinOp::Rem)
}

macro_rules! bitwise {
    ($($name:ident $op:expr, |$x:ident, $y:ident| $int:expr;)*) => {$(
        #[inline(always)]
        pub fn $name(vm: &Vm, m: &mut Machine) -> Done {
            let (a, b) = (m.peek(2), m.peek(1));
            if Value::both_small_ints(a, b) {
                let ($x, $y) = (a.small_int_unchecked(), b.small_int_unchecked());
                if let Some(result) = $int {
                    replace_immediates(m, result);
                    return Ok(());
                }
            }
            general(vm, m, $op)
        }
    )*};
}

bitwise! {
    and BinOp::And, |x, y| Value::small_int(x & y);
    or BinOp::Or, |x, y| Value::small_int(x | y);
    xor BinOp::Xor, |x, y| Value::small_int(x ^ y);
    lshift BinOp::LShift, |x, y|
        if (0..16).contains(&y) { Value::small_int(x << y) } else { None };
    rshift BinOp::RShift, |x, y|
        if y >= 0 { Value::small_int(x >> y.min(63)) } else { None };
}

/// a b -- a op b, whatever they are.
#[inline(always)]
fn general(vm: &Vm, m: &mut Machine, op: BinOp) -> Done {
    let result = number_slow(vm, m.peek(2), m.peek(1), op)?;
    m.replace(1, result);
    m_drop_second(m);
    Ok(())
}

/// a result -- result
#[inline(always)]
fn m_drop_second(m: &mut Machine) {
    let result = m.pop();
    m.replace(1, result);
}

#[inline(never)]
fn number_slow(vm: &Vm, a: &Value, b: &Value, op: BinOp) -> PyResult {
    number::binary(vm, a, b, op)
}

#[inline(always)]
fn general_inplace(vm: &Vm, m: &mut Machine, op: BinOp) -> Done {
    let result = number::inplace(vm, m.peek(2), m.peek(1), op)?;
    m.replace(1, result);
    m_drop_second(m);
    Ok(())
}

const OPS: [BinOp; 13] = [
    BinOp::Add,
    BinOp::Sub,
    BinOp::Mul,
    BinOp::MatMul,
    BinOp::TrueDiv,
    BinOp::FloorDiv,
    BinOp::Rem,
    BinOp::DivMod,
    BinOp::LShift,
    BinOp::RShift,
    BinOp::And,
    BinOp::Or,
    BinOp::Xor,
];

pub fn binary_other(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    general(vm, m, OPS[i.a as usize])
}

#[inline(always)]
pub fn inplace_other(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    match OPS[i.a as usize] {
        BinOp::FloorDiv if !m.peek(2).is_pointer() => floor_divide(vm, m),
        BinOp::Rem if !m.peek(2).is_pointer() => modulo(vm, m),
        BinOp::TrueDiv if !m.peek(2).is_pointer() => true_divide(vm, m),
        BinOp::And if !m.peek(2).is_pointer() => and(vm, m),
        BinOp::Or if !m.peek(2).is_pointer() => or(vm, m),
        BinOp::Xor if !m.peek(2).is_pointer() => xor(vm, m),
        BinOp::RShift if !m.peek(2).is_pointer() => rshift(vm, m),
        BinOp::LShift if !m.peek(2).is_pointer() => lshift(vm, m),
        op => general_inplace(vm, m, op),
    }
}

pub fn power(vm: &Vm, m: &mut Machine) -> Done {
    let result = number::power(vm, m.peek(2), m.peek(1), None)?;
    m.replace(1, result);
    m_drop_second(m);
    Ok(())
}

pub fn inplace_power(vm: &Vm, m: &mut Machine) -> Done {
    let result = number::inplace_power(vm, m.peek(2), m.peek(1))?;
    m.replace(1, result);
    m_drop_second(m);
    Ok(())
}

/// a -- f(a)
#[inline(always)]
pub fn unary(vm: &Vm, m: &mut Machine, f: fn(&Vm, &Value) -> PyResult) -> Done {
    let result = f(vm, m.peek(1))?;
    m.replace(1, result);
    Ok(())
}

#[inline(always)]
pub fn negative(vm: &Vm, m: &mut Machine) -> Done {
    let a = m.peek(1);
    if let Some(result) = a.as_small_int().and_then(|i| Value::small_int(-i)) {
        m.overwrite(1, result);
        return Ok(());
    }
    if let Some(f) = a.as_float_word() {
        m.overwrite(1, Value::float(-f));
        return Ok(());
    }
    unary(vm, m, number::negative)
}

#[inline(always)]
pub fn not(vm: &Vm, m: &mut Machine) -> Done {
    let truth = object::is_true(vm, m.peek(1))?;
    m.replace(1, Value::bool(!truth));
    Ok(())
}

#[inline(always)]
fn op_of(i: Instr) -> CmpOp {
    CmpOp::ALL[(i.a % 6) as usize]
}

/// How two numbers compare, as far as the words alone can tell: a bit number of `CmpOp::outcomes`.
#[inline(always)]
fn outcome(a: &Value, b: &Value) -> Option<u32> {
    if Value::both_small_ints(a, b) {
        return Some(Value::compare_small_ints(a, b));
    }
    // Every int of 48 bits is a float exactly.
    let (x, y) = floats(a, b)?;
    Some(3 - 3 * u32::from(x < y) - 2 * u32::from(x == y) - u32::from(x > y))
}

#[inline(always)]
pub fn compare_op(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let Some(outcome) = outcome(m.peek(2), m.peek(1)) {
        replace_immediates(m, Value::bool((i.b >> outcome) & 1 != 0));
        return Ok(());
    }
    let op = op_of(i);
    let result = compare_slow(vm, m.peek(2), m.peek(1), op)?;
    m.replace(1, result);
    m_drop_second(m);
    Ok(())
}

#[inline(never)]
fn compare_slow(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult {
    if let (Some(a), Some(b)) = (a.downcast_exact::<Str>(), b.downcast_exact::<Str>()) {
        return Ok(Value::bool(match op {
            CmpOp::Eq => a.equals(b),
            CmpOp::Ne => !a.equals(b),
            _ => op.holds(a.compare(b)),
        }));
    }
    compare::rich_compare(vm, a, b, op)
}

/// a b -- ; jumps for the outcomes in `b`.
#[inline(always)]
pub fn compare_jump(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let jumps = match outcome(m.peek(2), m.peek(1)) {
        Some(outcome) => {
            m.shrink(2);
            (i.b >> outcome) & 1 != 0
        }
        None => {
            let truth = compare_truth(vm, m.peek(2), m.peek(1), op_of(i))?;
            m.drop_top(2);
            truth == (i.b & JUMP_IF_TRUE != 0)
        }
    };
    if jumps {
        jump(vm, m, i)?;
    }
    Ok(())
}

/// The bit of a comparing jump's `b` that says it jumps if the comparison holds.
pub const JUMP_IF_TRUE: u16 = 1 << 8;

/// The `b` of a comparing jump.
pub fn jump_outcomes(op: CmpOp, want: bool) -> u16 {
    let outcomes = u16::from(op.outcomes());
    if want { outcomes | JUMP_IF_TRUE } else { !outcomes & 0xf }
}

#[inline(never)]
fn compare_truth(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<bool> {
    let result = compare_slow(vm, a, b, op)?;
    object::is_true(vm, &result)
}

/// Jumps; backwards it looks for requests on the way.
#[inline(always)]
fn jump(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    m.jump_by(i.c);
    if (i.c as i32) < 0 && signals::is_set() {
        m.save();
        return vm.handle_requests();
    }
    Ok(())
}

#[inline(always)]
pub fn jump_backward(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    m.jump_by(i.c);
    if signals::is_set() {
        m.save();
        return vm.handle_requests();
    }
    Ok(())
}

/// a -- ; jumps if its truth is `want`.
#[inline(always)]
pub fn pop_jump_if(vm: &Vm, m: &mut Machine, i: Instr, want: bool) -> Done {
    let a = m.peek(1);
    let truth = match a.as_bool() {
        Some(truth) => {
            m.shrink(1);
            truth
        }
        None => {
            let truth = object::is_true(vm, a)?;
            drop(m.pop());
            truth
        }
    };
    if truth == want {
        jump(vm, m, i)?;
    }
    Ok(())
}

#[inline(always)]
pub fn jump_if_or_pop(vm: &Vm, m: &mut Machine, i: Instr, want: bool) -> Done {
    if object::is_true(vm, m.peek(1))? == want {
        return jump(vm, m, i);
    }
    drop(m.pop());
    Ok(())
}

/// a b -- a is b
#[inline(always)]
pub fn is(m: &mut Machine, want: bool) {
    let same = m.peek(2).is(m.peek(1));
    m.drop_top(1);
    m.replace(1, Value::bool(same == want));
}

/// a b -- a in b
#[inline(always)]
pub fn is_in(vm: &Vm, m: &mut Machine, want: bool) -> Done {
    let found = object::contains(vm, m.peek(1), m.peek(2))?;
    m.drop_top(1);
    m.replace(1, Value::bool(found == want));
    Ok(())
}

/// exception type -- does it match
pub fn exception_match(vm: &Vm, m: &mut Machine) -> Done {
    let matches = crate::objects::exceptions::matches(vm, m.peek(2), m.peek(1))?;
    m.drop_top(1);
    m.replace(1, Value::bool(matches));
    Ok(())
}

/// Joins the top strings.
pub fn build_string(m: &mut Machine, i: Instr) {
    let mut builder = crate::objects::str_::StrBuilder::new();
    for part in m.top_slice(i.c as usize) {
        if let Some(text) = part.downcast::<Str>() {
            builder.push_obj(text);
        }
    }
    let text: Ref<Str> = builder.finish();
    m.drop_top(i.c as usize);
    m.push(text.into());
}
