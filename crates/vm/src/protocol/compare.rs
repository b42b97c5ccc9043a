//! Comparison: `==` and the orders, with reflection. CPython's `PyObject_RichCompare`.

use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
pub use adder_bytecode::prepared::operators::CmpOp;
use std::cmp::Ordering;

/// `a op b`
pub fn rich_compare(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult {
    if Value::both_small_ints(a, b) {
        return Ok(Value::bool(op.holds(a.small_int_unchecked().cmp(&b.small_int_unchecked()))));
    }
    if let (Some(x), Some(y)) = (a.as_float_word(), b.as_float_word()) {
        return Ok(Value::bool(op.holds_f64(x, y)));
    }
    vm.check_stack()?;
    let (ta, tb) = (a.ty(), b.ty());
    let (fa, fb) = (ta.slots.richcompare.get(), tb.slots.richcompare.get());
    let mut asked_b = false;
    if !ta.same(tb)
        && tb.is_subtype(ta)
        && let Some(f) = fb
    {
        asked_b = true;
        let result = f(vm, b, a, op.swapped())?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    if let Some(f) = fa {
        let result = f(vm, a, b, op)?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    if !asked_b && let Some(f) = fb {
        let result = f(vm, b, a, op.swapped())?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    by_identity(vm, a, b, op)
}

/// `a op b` after the left operand's own method, which came first, has declined.
pub fn declined(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult {
    if let Some(reflected) = b.ty().slots.richcompare.get() {
        let result = reflected(vm, b, a, op.swapped())?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    by_identity(vm, a, b, op)
}

/// What is left when nobody knows: equality is identity, orders are errors.
fn by_identity(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult {
    match op {
        CmpOp::Eq => Ok(Value::bool(a.is(b))),
        CmpOp::Ne => Ok(Value::bool(!a.is(b))),
        _ => Err(vm.type_error(format!(
            "'{}' not supported between instances of '{}' and '{}'",
            op.symbol(),
            a.ty().name(),
            b.ty().name()
        ))),
    }
}

/// `bool(a op b)`
#[inline]
pub fn compare_bool(vm: &Vm, a: &Value, b: &Value, op: CmpOp) -> PyResult<bool> {
    if Value::both_small_ints(a, b) {
        return Ok(op.holds(a.small_int_unchecked().cmp(&b.small_int_unchecked())));
    }
    let result = rich_compare(vm, a, b, op)?;
    super::object::is_true(vm, &result)
}

/// How two small ints, two floats or two exact strings compare; `None` for anything else (and NaNs).
#[inline]
pub fn simple_order(a: &Value, b: &Value) -> Option<Ordering> {
    if Value::both_small_ints(a, b) {
        return Some(a.small_int_unchecked().cmp(&b.small_int_unchecked()));
    }
    if a.is_pointer() && b.is_pointer() {
        return Some(a.downcast_exact::<Str>()?.compare(b.downcast_exact::<Str>()?));
    }
    a.as_float_word()?.partial_cmp(&b.as_float_word()?)
}

/// How two tuples of plain values, or of such tuples, compare; `None` where anything has to be asked.
pub fn simple_tuple_order(a: &[Value], b: &[Value], depth: u32) -> Option<Ordering> {
    for (x, y) in a.iter().zip(b) {
        if x.is(y) {
            continue;
        }
        let order = match simple_order(x, y) {
            Some(order) => order,
            None if depth == 0 => return None,
            None => {
                let (x, y) = (x.downcast_exact::<Tuple>()?, y.downcast_exact::<Tuple>()?);
                simple_tuple_order(x.items(), y.items(), depth - 1)?
            }
        };
        if order.is_ne() {
            return Some(order);
        }
    }
    Some(a.len().cmp(&b.len()))
}

/// Compares two slices of values that nothing changes meanwhile.
pub fn compare_slices(vm: &Vm, a: &[Value], b: &[Value], op: CmpOp) -> PyResult {
    for (x, y) in a.iter().zip(b) {
        if x.is(y) {
            continue;
        }
        if let Some(order) = simple_order(x, y) {
            if order.is_eq() {
                continue;
            }
            return Ok(Value::bool(op.holds(order)));
        }
        // Two questions, so what can be told without asking is told first.
        if let (Some(x), Some(y)) = (x.downcast_exact::<Tuple>(), y.downcast_exact::<Tuple>())
            && let Some(order) = simple_tuple_order(x.items(), y.items(), 4)
        {
            if order.is_eq() {
                continue;
            }
            return Ok(Value::bool(op.holds(order)));
        }
        if !equal(vm, x, y)? {
            return match op {
                CmpOp::Eq => Ok(Value::FALSE),
                CmpOp::Ne => Ok(Value::TRUE),
                _ => rich_compare(vm, x, y, op),
            };
        }
    }
    Ok(Value::bool(op.holds(a.len().cmp(&b.len()))))
}

/// Are these the same or equal? What containers ask (`PyObject_RichCompareBool`): identity counts,
/// so a NaN is found where it was put.
#[inline]
pub fn equal(vm: &Vm, a: &Value, b: &Value) -> PyResult<bool> {
    if a.is(b) {
        return Ok(true);
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<Str>(), b.downcast_exact::<Str>()) {
        return Ok(a.equals(b));
    }
    compare_bool(vm, a, b, CmpOp::Eq)
}

/// Compares two sequences item by item: the first difference decides, then the lengths. The items
/// are fetched one by one, since `__eq__` may change a list.
pub fn compare_sequences(
    vm: &Vm,
    a: impl Fn(usize) -> Option<Value>,
    b: impl Fn(usize) -> Option<Value>,
    op: CmpOp,
) -> PyResult {
    let mut at = 0;
    loop {
        match (a(at), b(at)) {
            (Some(x), Some(y)) => {
                if !equal(vm, &x, &y)? {
                    // Who compared may have taken these items away: then the lengths decide.
                    if a(at).is_none() || b(at).is_none() {
                        continue;
                    }
                    return match op {
                        CmpOp::Eq => Ok(Value::FALSE),
                        CmpOp::Ne => Ok(Value::TRUE),
                        _ => rich_compare(vm, &x, &y, op),
                    };
                }
            }
            (x, y) => return Ok(Value::bool(op.holds(x.is_some().cmp(&y.is_some())))),
        }
        at += 1;
    }
}
