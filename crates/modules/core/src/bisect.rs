//! `_bisect`: binary search in sorted sequences. CPython's counterpart: `Modules/_bisectmodule.c`.

use adder_derive::pymodule;
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::compare::{CmpOp, compare_bool};
use adder_vm::protocol::{call, number, object};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Value, Vm};

/// On which side of equal items the place is.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

/// What the functions take besides the sequence and the item.
struct Options<'a> {
    lo: Option<isize>,
    hi: Option<&'a Value>,
    key: Option<&'a Value>,
}

fn item_at(vm: &Vm, sequence: &Value, at: usize) -> PyResult {
    let found = if let Some(list) = sequence.downcast_exact::<List>() {
        list.get(at)
    } else if let Some(tuple) = sequence.downcast_exact::<Tuple>() {
        tuple.items().get(at).cloned()
    } else {
        return object::get_item(vm, sequence, &int::from_i64(at as i64));
    };
    found.ok_or_else(|| vm.index_error("list index out of range"))
}

/// The place for `x`, which is compared with `key(item)`.
fn search(vm: &Vm, sequence: &Value, x: &Value, o: &Options<'_>, side: Side) -> PyResult<usize> {
    let Ok(mut lo) = usize::try_from(o.lo.unwrap_or(0)) else {
        return Err(vm.value_error("lo must be non-negative"));
    };
    let mut hi = match o.hi.filter(|h| !h.is_none()) {
        Some(hi) => number::to_ssize(vm, hi)?.max(0) as usize,
        None => object::len(vm, sequence)?,
    };
    let key = o.key.filter(|k| !k.is_none());
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        let mut item = item_at(vm, sequence, middle)?;
        if let Some(key) = key {
            item = call::call(vm, key, &[item])?;
        }
        let behind = match side {
            Side::Left => compare_bool(vm, &item, x, CmpOp::Lt)?,
            Side::Right => !compare_bool(vm, x, &item, CmpOp::Lt)?,
        };
        if behind {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    Ok(lo)
}

fn insort(vm: &Vm, sequence: &Value, x: Value, o: &Options<'_>, side: Side) -> PyResult<()> {
    let at = match o.key.filter(|k| !k.is_none()) {
        Some(key) => {
            let own = call::call(vm, key, std::slice::from_ref(&x))?;
            search(vm, sequence, &own, o, side)?
        }
        None => search(vm, sequence, &x, o, side)?,
    };
    if let Some(list) = sequence.downcast_exact::<List>() {
        list.insert_at(at, x);
        return Ok(());
    }
    let args = [int::from_i64(at as i64), x];
    object::call_method(vm, sequence, &vm.intern("insert"), &args).map(drop)
}

/// Bisection algorithms.
///
/// This module provides support for maintaining a list in sorted order without
/// having to sort the list after each insertion. For long lists of items with
/// expensive comparison operations, this can be an improvement over the more
/// common approach.
#[pymodule(name = "_bisect")]
pub mod bisect {
    use super::*;

    /// Return the index where to insert item x in list a, assuming a is sorted.
    ///
    /// The return value i is such that all e in a[:i] have e <= x, and all e in
    /// a[i:] have e > x.  So if x already appears in the list, a.insert(i, x) will
    /// insert just after the rightmost x already there.
    ///
    /// Optional args lo (default 0) and hi (default len(a)) bound the
    /// slice of a to be searched.
    ///
    /// A custom key function can be supplied to customize the sort order.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn bisect_right(
        vm: &Vm,
        a: &Value,
        x: &Value,
        lo: Option<isize>,
        hi: Option<&Value>,
        key: Option<&Value>,
    ) -> PyResult<usize> {
        search(vm, a, x, &Options { lo, hi, key }, Side::Right)
    }
    /// Return the index where to insert item x in list a, assuming a is sorted.
    ///
    /// The return value i is such that all e in a[:i] have e < x, and all e in
    /// a[i:] have e >= x.  So if x already appears in the list, a.insert(i, x) will
    /// insert just before the leftmost x already there.
    ///
    /// Optional args lo (default 0) and hi (default len(a)) bound the
    /// slice of a to be searched.
    ///
    /// A custom key function can be supplied to customize the sort order.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn bisect_left(
        vm: &Vm,
        a: &Value,
        x: &Value,
        lo: Option<isize>,
        hi: Option<&Value>,
        key: Option<&Value>,
    ) -> PyResult<usize> {
        search(vm, a, x, &Options { lo, hi, key }, Side::Left)
    }
    /// Insert item x in list a, and keep it sorted assuming a is sorted.
    ///
    /// If x is already in a, insert it to the right of the rightmost x.
    ///
    /// Optional args lo (default 0) and hi (default len(a)) bound the
    /// slice of a to be searched.
    ///
    /// A custom key function can be supplied to customize the sort order.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn insort_right(
        vm: &Vm,
        a: &Value,
        x: Value,
        lo: Option<isize>,
        hi: Option<&Value>,
        key: Option<&Value>,
    ) -> PyResult<()> {
        insort(vm, a, x, &Options { lo, hi, key }, Side::Right)
    }
    /// Insert item x in list a, and keep it sorted assuming a is sorted.
    ///
    /// If x is already in a, insert it to the left of the leftmost x.
    ///
    /// Optional args lo (default 0) and hi (default len(a)) bound the
    /// slice of a to be searched.
    ///
    /// A custom key function can be supplied to customize the sort order.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn insort_left(
        vm: &Vm,
        a: &Value,
        x: Value,
        lo: Option<isize>,
        hi: Option<&Value>,
        key: Option<&Value>,
    ) -> PyResult<()> {
        insort(vm, a, x, &Options { lo, hi, key }, Side::Left)
    }
}
