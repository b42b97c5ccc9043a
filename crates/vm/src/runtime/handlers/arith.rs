//! Arithmetic, comparison, truth and jumps on them.
//!
//! Two small ints and two floats are handled in the loop itself, on the words, without counting;
//! everything else goes through the protocols.

#![expect(unsafe_code, reason = "looks back at the running instruction")]

use super::{Done, call};
use crate::object::Obj;
use crate::objects::dict::table::Same;
use crate::objects::dict::{self, Dict};
use crate::objects::function::Function;
use crate::objects::int;
use crate::objects::list::List;
use crate::objects::set::Set;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::number::{self, BinOp};
use crate::protocol::object;
use crate::runtime::ceval;
use crate::runtime::errors::PyResult;
use crate::runtime::machine::Machine;
use crate::runtime::observer::Observer;
use crate::runtime::prepared::{Instr, P};
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use crate::value::{Value, word};
use adder_bytecode::prepared::operators::JUMP_IF_TRUE;

/// a b -- result, where the operands own nothing.
#[inline(always)]
fn replace_immediates(m: &mut Machine, result: Value) {
    m.shrink(1);
    m.overwrite(1, result);
}

/// Binary operators whose result the words may tell.
macro_rules! operators {
    ($($name:ident $core:path;)*) => {$(
        /// a b -- result, if both are numbers.
        #[inline(always)]
        pub fn $name(m: &mut Machine) -> bool {
            let Some(result) = $core(m.peek(2).bits(), m.peek(1).bits()) else { return false };
            replace_immediates(m, result);
            true
        }
    )*};
}

operators! {
    add word::add;
    subtract word::subtract;
    multiply word::multiply;
    true_divide word::true_divide;
    floor_divide word::floor_divide;
    modulo word::modulo;
    and word::and;
    or word::or;
    xor word::xor;
    lshift word::lshift;
    rshift word::rshift;
}

/// The result of an operator of the `...Arith` forms, if the words tell it.
#[inline(always)]
pub fn quick(i: Instr, x: u64, y: u64) -> Option<Value> {
    match i.op {
        P::BinaryModulo => word::modulo(x, y),
        P::BinaryFloorDivide => word::floor_divide(x, y),
        P::BinaryTrueDivide => word::true_divide(x, y),
        P::BinaryAnd => word::and(x, y),
        P::BinaryOr => word::or(x, y),
        P::BinaryXor => word::xor(x, y),
        P::BinaryLshift => word::lshift(x, y),
        P::BinaryRshift => word::rshift(x, y),
        _ => quick_inplace(i, x, y),
    }
}

#[inline(never)]
fn quick_inplace(i: Instr, x: u64, y: u64) -> Option<Value> {
    match OPS[i.a as usize] {
        BinOp::FloorDiv => word::floor_divide(x, y),
        BinOp::Rem => word::modulo(x, y),
        BinOp::TrueDiv => word::true_divide(x, y),
        BinOp::And => word::and(x, y),
        BinOp::Or => word::or(x, y),
        BinOp::Xor => word::xor(x, y),
        BinOp::RShift => word::rshift(x, y),
        BinOp::LShift => word::lshift(x, y),
        _ => None,
    }
}

pub fn inplace_add_any(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let (Some(left), Some(right)) =
        (m.peek(2).downcast_exact::<Str>(), m.peek(1).downcast_exact::<Str>())
    {
        vm.need(Str::growth(left, right))?;
        append_text(m);
        return Ok(());
    }
    inplace_any(vm, m, i)
}

/// `text += more`: if the next instruction stores the result where `text` came from, that variable
/// gives up its reference first, so that the text can grow in place.
#[inline(never)]
fn append_text(m: &mut Machine) {
    let (right, left) = (m.pop(), m.pop());
    // The instruction after this one is in `ip`; peeking is safe, code never ends here.
    let next = m.prepared().at(m.index() + 1);
    let local = match next {
        Some(next) if next.op.plain() == P::StoreFast => Some(next.c),
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

/// a b -- a op b, whatever they are.
pub fn binary_any(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (op, _) = operator_of(i);
    m.save();
    if op == BinOp::Add
        && let (Some(a), Some(b)) =
            (m.peek(2).downcast_exact::<Str>(), m.peek(1).downcast_exact::<Str>())
    {
        vm.need(Str::growth(a, b))?;
        let result = Str::concat_obj(a, b);
        finish_binary(m, result.into());
        return Ok(());
    }
    if op == BinOp::Add
        && let (Some(a), Some(b)) =
            (m.peek(2).downcast_exact::<List>(), m.peek(1).downcast_exact::<List>())
    {
        vm.need((a.len() + b.len()) * size_of::<Value>())?;
        let result = List::joined(a, b);
        finish_binary(m, result.into());
        return Ok(());
    }
    if let Some(result) = int::binary_words(m.peek(2), m.peek(1), op) {
        finish_binary(m, result);
        return Ok(());
    }
    if let Some(function) = operator_method(m, op) {
        return call::call_operator(vm, m, function);
    }
    let result = number::binary(vm, m.peek(2), m.peek(1), op)?;
    finish_binary(m, result);
    Ok(())
}

pub fn inplace_any(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (op, _) = operator_of(i);
    m.save();
    if let Some(result) = int::binary_words(m.peek(2), m.peek(1), op) {
        finish_binary(m, result);
        return Ok(());
    }
    if !number::has_inplace(m.peek(2), op)
        && let Some(function) = operator_method(m, op)
    {
        return call::call_operator(vm, m, function);
    }
    let result = number::inplace(vm, m.peek(2), m.peek(1), op)?;
    finish_binary(m, result);
    Ok(())
}

/// a b -- result
#[inline(always)]
fn finish_binary(m: &mut Machine, result: Value) {
    drop(m.pop());
    m.replace(1, result);
}

/// The Python method that `a op b` calls first, if that is the left operand's: it can run in this
/// loop.
fn operator_method(m: &Machine, op: BinOp) -> Option<Value> {
    left_class(m)?.lookup(&op.method_names().0).filter(|f| f.is_exact::<Function>())
}

/// The left operand's type, if that is a class made at run time and the right operand does not come
/// first.
fn left_class(m: &Machine) -> Option<&Obj<Type>> {
    let (left, right) = (m.peek(2).head()?.ty(), m.peek(1).ty());
    let first = left.same(right) || !right.is_subtype(left);
    if first && left.has_flag(TypeFlags::HEAP) { Some(left) } else { None }
}

/// a b result -- result of the operator at `ip`: what its Python method returned may decline. A
/// comparing jump jumps.
pub fn operator_returned(vm: &Vm, m: &mut Machine) -> Done {
    // SAFETY: the operator is the instruction before `ip`.
    let i = unsafe { *m.ip.sub(1) };
    if let P::CompareOp | P::CompareJump = i.op {
        if m.peek(1).is_not_implemented() {
            let result = compare::declined(vm, m.peek(3), m.peek(2), op_of(i))?;
            m.replace(1, result);
        }
        if i.op == P::CompareJump {
            let truth = object::is_true(vm, m.peek(1))?;
            m.drop_top(3);
            if truth == (i.b & JUMP_IF_TRUE != 0) {
                // Nobody asks behind a return what is due.
                if (i.c as i32) < 0 && signals::is_set() {
                    m.save();
                    vm.handle_requests()?;
                }
                m.jump_by(i.c);
            }
            return Ok(());
        }
    } else if m.peek(1).is_not_implemented() {
        let (op, inplace) = operator_of(i);
        let result = number::declined(vm, m.peek(3), m.peek(2), op, inplace)?;
        m.replace(1, result);
    }
    let result = m.pop();
    finish_binary(m, result);
    Ok(())
}

/// The operator of an instruction, and whether it is an in-place one.
fn operator_of(i: Instr) -> (BinOp, bool) {
    match i.op {
        P::BinaryAdd => (BinOp::Add, false),
        P::BinarySubtract => (BinOp::Sub, false),
        P::BinaryMultiply => (BinOp::Mul, false),
        P::BinaryTrueDivide => (BinOp::TrueDiv, false),
        P::BinaryFloorDivide => (BinOp::FloorDiv, false),
        P::BinaryModulo => (BinOp::Rem, false),
        P::BinaryAnd => (BinOp::And, false),
        P::BinaryOr => (BinOp::Or, false),
        P::BinaryXor => (BinOp::Xor, false),
        P::BinaryLshift => (BinOp::LShift, false),
        P::BinaryRshift => (BinOp::RShift, false),
        P::InplaceAdd => (BinOp::Add, true),
        P::InplaceSubtract => (BinOp::Sub, true),
        P::InplaceMultiply => (BinOp::Mul, true),
        P::InplaceOther => (OPS[i.a as usize], true),
        _ => (OPS[i.a as usize], false),
    }
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

#[inline(always)]
pub fn inplace_other(m: &mut Machine, i: Instr) -> bool {
    let Some(result) = quick_inplace(i, m.peek(2).bits(), m.peek(1).bits()) else { return false };
    replace_immediates(m, result);
    true
}

pub fn power(vm: &Vm, m: &mut Machine) -> Done {
    let result = number::power(vm, m.peek(2), m.peek(1), None)?;
    finish_binary(m, result);
    Ok(())
}

pub fn inplace_power(vm: &Vm, m: &mut Machine) -> Done {
    let result = number::inplace_power(vm, m.peek(2), m.peek(1))?;
    finish_binary(m, result);
    Ok(())
}

/// a -- f(a)
pub fn unary(vm: &Vm, m: &mut Machine, f: fn(&Vm, &Value) -> PyResult) -> Done {
    let result = f(vm, m.peek(1))?;
    m.replace(1, result);
    Ok(())
}

#[inline(always)]
pub fn negative(m: &mut Machine) -> bool {
    let a = m.peek(1);
    let result = match a.as_float_word() {
        Some(f) => Value::float(-f),
        None => match a.as_small_int().and_then(|i| Value::small_int(-i)) {
            Some(result) => result,
            None => return false,
        },
    };
    m.overwrite(1, result);
    true
}

#[inline(always)]
pub fn not(m: &mut Machine) -> bool {
    let Some(truth) = quick_truth(m.peek(1)) else { return false };
    m.exchange(1, Value::bool(!truth));
    true
}

pub fn not_any(vm: &Vm, m: &mut Machine) -> Done {
    let truth = object::is_true(vm, m.peek(1))?;
    m.replace(1, Value::bool(!truth));
    Ok(())
}

#[inline(always)]
fn op_of(i: Instr) -> CmpOp {
    CmpOp::ALL[(i.a % 6) as usize]
}

/// The outcome of `==` and `!=` for strings that are one, or both interned.
#[inline(always)]
fn outcome_of_names(a: &Value, b: &Value, i: Instr) -> Option<u32> {
    if !matches!(op_of(i), CmpOp::Eq | CmpOp::Ne) {
        return None;
    }
    let (a, b) = (a.downcast_exact::<Str>()?, b.downcast_exact::<Str>()?);
    a.known_equal(b).map(u32::from)
}

#[inline(never)]
fn outcome_of_strings(a: &Value, b: &Value, i: Instr) -> Option<u32> {
    let (a, b) = (a.downcast_exact::<Str>()?, b.downcast_exact::<Str>()?);
    Some(match op_of(i) {
        // Whether unequal strings are less or greater does not matter then.
        CmpOp::Eq | CmpOp::Ne => u32::from(a.equals(b)),
        _ => (a.compare(b) as i32 + 1) as u32,
    })
}

#[inline(always)]
pub fn compare_op(m: &mut Machine, i: Instr) -> bool {
    if let Some(outcome) = word::outcome(m.peek(2).bits(), m.peek(1).bits()) {
        replace_immediates(m, Value::bool((i.b >> outcome) & 1 != 0));
        return true;
    }
    if let Some(outcome) = outcome_of_names(m.peek(2), m.peek(1), i) {
        let right = m.pop_slot();
        m.discard(right);
        m.exchange(1, Value::bool((i.b >> outcome) & 1 != 0));
        return true;
    }
    false
}

pub fn compare_slow(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    m.save();
    let result = match outcome_of_strings_or_none(m, i) {
        Some(outcome) => Value::bool((i.b >> outcome) & 1 != 0),
        None => {
            if let Some(function) = comparison_method(vm, m, i) {
                return call::call_operator(vm, m, function);
            }
            compare::rich_compare(vm, m.peek(2), m.peek(1), op_of(i))?
        }
    };
    finish_binary(m, result);
    Ok(())
}

fn outcome_of_strings_or_none(m: &Machine, i: Instr) -> Option<u32> {
    let (a, b) = (m.peek(2), m.peek(1));
    if a.is_pointer() && b.is_pointer() { outcome_of_strings(a, b, i) } else { None }
}

/// The Python method that a comparison calls first: see `operator_method`.
fn comparison_method(vm: &Vm, m: &Machine, i: Instr) -> Option<Value> {
    left_class(m)?.lookup(vm.names().comparison(op_of(i))).filter(|f| f.is_exact::<Function>())
}

/// Does a comparing jump jump for these ints? `None` if they are none.
#[inline(always)]
pub fn jumps_for_ints(a: &Value, b: &Value, i: Instr) -> Option<bool> {
    word::outcome_of_ints(a.bits(), b.bits()).map(|outcome| (i.b >> outcome) & 1 != 0)
}

/// The same for strings and other numbers; `None` if it takes more than a look at them.
#[inline(always)]
pub fn jumps_for_others(a: &Value, b: &Value, i: Instr) -> Option<bool> {
    let outcome = if a.is_pointer() && b.is_pointer() {
        // Only where less and greater are one, it is enough to know whether they are equal.
        if (i.b ^ i.b >> 2) & 1 != 0 {
            return None;
        }
        let (a, b) = (a.downcast_exact::<Str>()?, b.downcast_exact::<Str>()?);
        u32::from(a.known_equal(b)?)
    } else {
        word::outcome_of_floats(a.bits(), b.bits())?
    };
    Some((i.b >> outcome) & 1 != 0)
}

/// a b -- ; jumps for the outcomes in `b`.
#[inline(always)]
pub fn compare_jump(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
    let Some(outcome) = word::outcome(m.peek(2).bits(), m.peek(1).bits()) else { return false };
    m.shrink(2);
    if (i.b >> outcome) & 1 != 0 {
        jump(vm, m, i);
    }
    true
}

pub fn compare_jump_slow(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    m.save();
    let jumps = match outcome_of_strings_or_none(m, i) {
        Some(outcome) => (i.b >> outcome) & 1 != 0,
        None => {
            if let Some(function) = comparison_method(vm, m, i) {
                return call::call_operator(vm, m, function);
            }
            let result = compare::rich_compare(vm, m.peek(2), m.peek(1), op_of(i))?;
            object::is_true(vm, &result)? == (i.b & JUMP_IF_TRUE != 0)
        }
    };
    m.drop_top(2);
    if jumps {
        jump(vm, m, i);
    }
    Ok(())
}

/// Jumps; backwards it looks for requests before: an exception is raised at the jump, whose blocks
/// need not be those of the place where it lands.
#[inline(always)]
pub fn jump(vm: &Vm, m: &mut Machine, i: Instr) {
    if (i.c as i32) < 0 {
        jump_backward(vm, m, i);
    } else {
        m.jump_by(i.c);
    }
}

#[inline(always)]
pub fn jump_backward(vm: &Vm, m: &mut Machine, i: Instr) {
    if signals::is_set() || ceval::has_grown(vm) {
        m.due.jump = true;
    } else {
        m.jump_by(i.c);
    }
}

/// The truth of what is met most; `None` of anything else.
#[inline(always)]
pub fn quick_truth(value: &Value) -> Option<bool> {
    if value.is_bool() {
        return Some(value.is_true());
    }
    if value.is_small_int() {
        return Some(value.small_int_unchecked() != 0);
    }
    if value.is_none() {
        return Some(false);
    }
    if let Some(list) = value.downcast_exact::<List>() {
        return Some(!list.is_empty());
    }
    value.downcast_exact::<Str>().map(|text| !text.is_empty())
}

/// a -- ; jumps if its truth is `want`.
#[inline(always)]
pub fn pop_jump_if(vm: &Vm, m: &mut Machine, i: Instr, want: bool) -> bool {
    let Some(truth) = quick_truth(m.peek(1)) else { return false };
    let value = m.pop_slot();
    m.discard(value);
    if truth == want {
        jump(vm, m, i);
    }
    true
}

pub fn pop_jump_if_slow(vm: &Vm, m: &mut Machine, i: Instr, want: bool) -> Done {
    let truth = object::is_true(vm, m.peek(1))?;
    drop(m.pop());
    if truth == want {
        jump(vm, m, i);
    }
    Ok(())
}

/// a -- a, and a jump, if its truth is `want`; otherwise a -- .
#[inline(always)]
pub fn jump_if_or_pop(vm: &Vm, m: &mut Machine, i: Instr, want: bool) -> bool {
    let Some(truth) = quick_truth(m.peek(1)) else { return false };
    if truth == want {
        jump(vm, m, i);
    } else {
        let value = m.pop_slot();
        m.discard(value);
    }
    true
}

pub fn jump_if_or_pop_slow(vm: &Vm, m: &mut Machine, i: Instr, want: bool) -> Done {
    if object::is_true(vm, m.peek(1))? == want {
        jump(vm, m, i);
    } else {
        drop(m.pop());
    }
    Ok(())
}

/// -- truth ; or, if a jump on it comes next, that jump. (Whoever watches sees both.)
#[inline(always)]
fn push_truth<O: Observer>(vm: &Vm, m: &mut Machine, truth: bool) {
    let next = m.ahead(0);
    if !O::ACTIVE && matches!(next.op, P::PopJumpIfFalse | P::PopJumpIfTrue) {
        m.skip(1);
        if truth == (next.op == P::PopJumpIfTrue) {
            jump(vm, m, next);
        }
        return;
    }
    m.push(Value::bool(truth));
}

/// a b -- a is b
#[inline(always)]
pub fn is<O: Observer>(vm: &Vm, m: &mut Machine, want: bool) {
    let same = m.peek(2).is(m.peek(1));
    let (b, a) = (m.pop_slot(), m.pop_slot());
    m.discard(b);
    m.discard(a);
    push_truth::<O>(vm, m, same == want);
}

/// a b -- a in b ; as far as no Python code has to run
#[inline(always)]
pub fn is_in_known<O: Observer>(vm: &Vm, m: &mut Machine, want: bool) -> bool {
    let Some(found) = contains_known(m.peek(1), m.peek(2)) else { return false };
    let (container, item) = (m.pop_slot(), m.pop_slot());
    m.discard(container);
    m.discard(item);
    push_truth::<O>(vm, m, found == want);
    true
}

/// a b -- a in b
pub fn is_in<O: Observer>(vm: &Vm, m: &mut Machine, want: bool) -> Done {
    let found = object::contains(vm, m.peek(1), m.peek(2))?;
    m.drop_top(2);
    push_truth::<O>(vm, m, found == want);
    Ok(())
}

/// Is an item in a built-in container, as far as that can be told without asking any `__eq__`?
#[inline(never)]
fn contains_known(container: &Value, item: &Value) -> Option<bool> {
    if let Some(set) = container.downcast_exact::<Set>() {
        return set.contains_simply(item);
    }
    if let Some(dict) = container.downcast_exact::<Dict>() {
        return dict.contains_simply(item);
    }
    if let Some(tuple) = container.downcast_exact::<Tuple>() {
        return among(tuple.items(), item);
    }
    let (text, item) = (container.downcast_exact::<Str>()?, item.downcast_exact::<Str>()?);
    Some(text.holds(item))
}

/// Is a value among others, as far as that can be told without asking any of them?
fn among(items: &[Value], value: &Value) -> Option<bool> {
    for item in items {
        match dict::same_key(item, value) {
            Same::Yes => return Some(true),
            Same::No => {}
            Same::Unknown => return None,
        }
    }
    Some(false)
}

/// exception type -- does it match
pub fn exception_match(vm: &Vm, m: &mut Machine) -> Done {
    let matches = crate::objects::exceptions::matches(vm, m.peek(2), m.peek(1))?;
    m.drop_top(1);
    m.replace(1, Value::bool(matches));
    Ok(())
}

/// Joins the top strings.
pub fn build_string(vm: &Vm, m: &mut Machine, i: Instr) -> PyResult<()> {
    let mut builder = crate::objects::str_::StrBuilder::new();
    for part in m.top_slice(i.c as usize) {
        if let Some(text) = part.downcast::<Str>() {
            builder.push_obj(text);
        }
    }
    let text = builder.finish_in(vm)?;
    m.drop_top(i.c as usize);
    m.push(text.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, owners, token, with_vm};

    #[test]
    fn what_an_operator_returns_takes_the_place_of_its_operands() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
class A:
    def __init__(self, answer): self.answer = answer
    def __add__(self, other): return self.answer
    def __iadd__(self, other): return self.answer
    def __radd__(self, other): return self.answer
    def __lt__(self, other): return self.answer
    def __eq__(self, other): return self.answer
    def __contains__(self, other): return self.answer
    def __neg__(self): return self.answer
    def __bool__(self): return bool(self.answer)
class R(A):
    def __radd__(self, other): return t
    def __gt__(self, other): return t
    def __eq__(self, other): return t
N = NotImplemented
",
            );
            let value = token();
            session.set("t", value.clone());
            session.exec("t.append(0)");
            for source in [
                "A(t) + t",
                "A(N) + R(t)",
                "A(t) < t",
                "A(N) < R(t)",
                "A(N) == R(t)",
                "A(N) == t",
                "t in A(t)",
                "-A(t)",
                "not A(t)",
                "t + [t]",
                "A(t) + 1 if A(t) < 1 else t",
                "1 if A(0) < t else t",
                "[1 for _ in (1,) if A(t) == t]",
                "A(t) < A(t) < A(t)",
                "A(0) < A(t) < A(t)",
                "t == t",
                "t is t",
                "A(N) != t",
                "A(t) and A(t) or t",
            ] {
                session.exec(&format!("def run():\n    for _ in range(20): r = {source}\nrun()"));
                assert_eq!(owners(&value), 2, "{source}");
            }
            session.exec("def run():\n    a = A(t)\n    a += t\n    while A(0) == a: pass\n    assert a is t\nfor _ in range(20): run()");
            for source in ["A(N) + t", "A(N) < t", "t + 1", "t < 1", "-t", "A(N) + A(N)", "t in 1"]
            {
                for _ in 0..10 {
                    assert!(session.raises(source).starts_with("TypeError("), "{source}");
                    assert_eq!(owners(&value), 2, "{source}");
                }
            }
        });
    }
}
