//! Indices and slices: from Python's to ranges inside a length.

use crate::objects::int;
use crate::objects::slice::Slice;
use crate::protocol::number;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// What a subscript asks for.
pub enum Subscript {
    /// An index, negative ones not yet adjusted.
    Index(isize),
    Slice(Indices),
}

/// A slice adjusted to a length: `count` items from `start`, `step` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indices {
    pub start: isize,
    pub stop: isize,
    pub step: isize,
    pub count: usize,
}

impl Indices {
    /// The positions, in the slice's order.
    pub fn positions(self) -> impl Iterator<Item = usize> {
        (0..self.count as isize).map(move |i| (self.start + i * self.step) as usize)
    }
    /// The range `start..end` of a slice with step 1.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.count
    }
}

/// Reads `object[key]`'s key for a sequence called `what` ("list") with `len` items.
pub fn subscript(vm: &Vm, key: &Value, len: usize, what: &str) -> PyResult<Subscript> {
    if let Some(i) = key.as_small_int() {
        return Ok(Subscript::Index(i as isize));
    }
    if let Some(slice) = key.downcast::<Slice>() {
        return Ok(Subscript::Slice(adjust(vm, slice, len)?));
    }
    if number::has_index(key) {
        return Ok(Subscript::Index(number::to_index(vm, key)?));
    }
    Err(vm
        .type_error(format!("{what} indices must be integers or slices, not {}", key.ty().name())))
}

/// An index counted from the start, or `None` if it is out of range.
#[inline(always)]
pub fn wrap(index: isize, len: usize) -> Option<usize> {
    let at = if index < 0 { index.wrapping_add(len as isize) } else { index };
    if (at as usize) < len { Some(at as usize) } else { None }
}

/// A slice's numbers for a length: `slice.indices`, with the count. The parts may run Python code
/// (`__index__`): the caller asks for the length again where that could change it.
pub fn adjust(vm: &Vm, slice: &Slice, len: usize) -> PyResult<Indices> {
    let step = match part(vm, &slice.step)? {
        None => 1,
        Some(0) => return Err(vm.value_error("slice step cannot be zero")),
        Some(step) => step.max(-isize::MAX),
    };
    let start = part(vm, &slice.start)?;
    let stop = part(vm, &slice.stop)?;
    Ok(clamp(start, stop, step, len))
}

/// Clamps a slice to a length (`PySlice_AdjustIndices`).
pub fn clamp(start: Option<isize>, stop: Option<isize>, step: isize, len: usize) -> Indices {
    let len = len as isize;
    let (low, high) = if step < 0 { (-1, len - 1) } else { (0, len) };
    let fit = |i: isize| {
        let i = if i < 0 { i.saturating_add(len) } else { i };
        i.clamp(low, high)
    };
    let start = start.map_or(if step < 0 { high } else { low }, fit);
    let stop = stop.map_or(if step < 0 { low } else { high }, fit);
    let count = if step < 0 {
        if stop < start { (start - stop - 1) / -step + 1 } else { 0 }
    } else if start < stop {
        (stop - start - 1) / step + 1
    } else {
        0
    };
    Indices { start, stop, step, count: count as usize }
}

fn part(vm: &Vm, value: &Value) -> PyResult<Option<isize>> {
    if value.is_none() { Ok(None) } else { slice_index(vm, value).map(Some) }
}

/// A limit of a slice or a search; out of range saturates, as in `_PyEval_SliceIndex`.
pub fn slice_index(vm: &Vm, value: &Value) -> PyResult<isize> {
    if let Some(i) = value.as_small_int() {
        return Ok(i as isize);
    }
    if !number::has_index(value) {
        return Err(
            vm.type_error("slice indices must be integers or None or have an __index__ method")
        );
    }
    let index = number::index(vm, value)?;
    Ok(match int::to_i64_exact(&index) {
        Some(i) => i as isize,
        None if int::is_negative(&index) => isize::MIN,
        None => isize::MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_clamped() {
        let of = |a, b, s, n| clamp(a, b, s, n).positions().collect::<Vec<_>>();
        assert_eq!(of(None, None, 1, 3), [0, 1, 2]);
        assert_eq!(of(None, None, -1, 3), [2, 1, 0]);
        assert_eq!(of(Some(-2), None, 1, 3), [1, 2]);
        assert_eq!(of(Some(5), Some(-9), -2, 4), [3, 1]);
        assert_eq!(of(Some(2), Some(1), 1, 4), [] as [usize; 0]);
        assert_eq!(of(Some(isize::MIN), Some(isize::MAX), isize::MAX, 4), [0]);
    }
}
