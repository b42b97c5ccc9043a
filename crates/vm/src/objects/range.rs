//! `range` and its iterators.
//!
//! A range holds four ints of any size. Whatever fits 64 bits is computed in machine words; the
//! main loop knows `RangeIter`, the iterator over those. CPython's counterpart:
//! `Objects/rangeobject.c`.

use crate::object::{Obj, Ref};
use crate::objects::descr::builtin;
use crate::objects::int::{self, from_i64, from_int};
use crate::objects::slice::Slice;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::{iter, number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::hash::hash_sequence;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bigint::Int;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// range(stop) -> range object
/// range(start, stop[, step]) -> range object
///
/// Return an object that produces a sequence of integers from start (inclusive)
/// to stop (exclusive) by step.  range(i, j) produces i, i+1, i+2, ..., j-1.
/// start defaults to 0, and stop is omitted!  range(4) produces 0, 1, 2, 3.
/// These are exactly the valid indices for a list of 4 elements.
/// When step is given, it specifies the increment (or decrement).
#[pyclass(name = "range", no_gc, sequence)]
pub struct Range {
    start: Value,
    stop: Value,
    step: Value,
    length: Value,
    /// The same in machine words, if all of it fits.
    words: Option<Words>,
}

/// A range whose numbers fit 64 bits.
#[derive(Clone, Copy)]
struct Words {
    start: i64,
    step: i64,
    length: i64,
}

impl Words {
    /// The item at an index below the length, or just before or behind the range (which may wrap,
    /// and then is never shown).
    fn at(self, index: i64) -> i64 {
        self.start.wrapping_add(index.wrapping_mul(self.step))
    }
}

/// How many items there are; `step` is not zero.
fn length(start: &Int, stop: &Int, step: &Int) -> Int {
    let (low, high, stride) =
        if step.is_negative() { (stop, start, step.neg()) } else { (start, stop, step.clone()) };
    if low >= high {
        return Int::ZERO;
    }
    let gap = high.sub(low).sub(&Int::ONE);
    gap.floor_div(&stride).unwrap_or_default().add(&Int::ONE)
}

fn length_words(start: i64, stop: i64, step: i64) -> Option<i64> {
    let (low, high, stride) =
        if step < 0 { (stop, start, -(step as i128)) } else { (start, stop, step as i128) };
    if low >= high {
        return Some(0);
    }
    i64::try_from((high as i128 - low as i128 - 1) / stride + 1).ok()
}

impl Range {
    /// A range of three exact ints; the step is not zero.
    fn make(start: Value, stop: Value, step: Value) -> Ref<Range> {
        let small = (int::to_i64_exact(&start), int::to_i64_exact(&stop), int::to_i64_exact(&step));
        if let (Some(a), Some(b), Some(s)) = small
            && let Some(n) = length_words(a, b, s)
            // Where an iterator stands when it has ended must fit too.
            && s.checked_mul(n).and_then(|way| a.checked_add(way)).is_some()
        {
            let words = Some(Words { start: a, step: s, length: n });
            return Ref::new(Range { start, stop, step, length: from_i64(n), words });
        }
        let n = length(&int::to_int(&start), &int::to_int(&stop), &int::to_int(&step));
        Ref::new(Range { start, stop, step, length: from_int(n), words: None })
    }

    /// The item at any position, also outside.
    fn item(&self, index: &Int) -> Value {
        let offset = index.mul(&int::to_int(&self.step)).unwrap_or_default();
        from_int(int::to_int(&self.start).add(&offset))
    }

    /// Where an int is in the range.
    fn position(&self, value: &Value) -> Option<Value> {
        if let (Some(w), Some(v)) = (self.words, int::to_i64_exact(value)) {
            let gap = v as i128 - w.start as i128;
            let at = gap / w.step as i128;
            let inside = gap % w.step as i128 == 0 && at >= 0 && at < w.length as i128;
            return inside.then(|| from_i64(at as i64));
        }
        let gap = int::to_int(value).sub(&int::to_int(&self.start));
        let (at, rest) = gap.divmod(&int::to_int(&self.step))?;
        let inside = rest.is_zero() && !at.is_negative() && at < int::to_int(&self.length);
        inside.then(|| from_int(at))
    }

    fn parts(&self) -> [Value; 3] {
        [self.start.clone(), self.stop.clone(), self.step.clone()]
    }

    fn subscript_slice(&self, vm: &Vm, slice: &Slice) -> PyResult {
        let (start, stop, step) = slice_indices(vm, slice, &int::to_int(&self.length))?;
        let stride = int::to_int(&self.step).mul(&step).unwrap_or_default();
        let range = Range::make(self.item(&start), self.item(&stop), from_int(stride));
        Ok(range.into())
    }
}

/// `slice.indices(length)` for a length of any size (CPython's `_PySlice_GetLongIndices`).
pub(super) fn slice_indices(vm: &Vm, slice: &Slice, length: &Int) -> PyResult<(Int, Int, Int)> {
    let part = |value: &Value| -> PyResult<Option<Int>> {
        if value.is_none() {
            return Ok(None);
        }
        if !number::has_index(value) {
            return Err(
                vm.type_error("slice indices must be integers or None or have an __index__ method")
            );
        }
        number::to_int(vm, value).map(Some)
    };
    let step = part(&slice.step)?.unwrap_or(Int::ONE);
    if step.is_zero() {
        return Err(vm.value_error("slice step cannot be zero"));
    }
    let backward = step.is_negative();
    let (low, high) = if backward {
        (Int::NEG_ONE, length.add(&Int::NEG_ONE))
    } else {
        (Int::ZERO, length.clone())
    };
    let fit = |i: Int| {
        let i = if i.is_negative() { i.add(length) } else { i };
        i.max(low.clone()).min(high.clone())
    };
    let start = part(&slice.start)?.map(fit);
    let stop = part(&slice.stop)?.map(fit);
    let (first, last) = if backward { (&high, &low) } else { (&low, &high) };
    Ok((start.unwrap_or(first.clone()), stop.unwrap_or(last.clone()), step))
}

fn range_iter(words: Words) -> Value {
    Ref::new(RangeIter {
        next: Cell::new(words.start),
        step: words.step,
        left: Cell::new(words.length),
    })
    .into()
}

#[pymethods]
impl Range {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if args.keyword_count() > 0 {
            return Err(vm.type_error("range() takes no keyword arguments"));
        }
        let exact = |v: &Value| number::index(vm, v).map(|v| int::to_exact(&v));
        let one = || Value::int_unchecked(1);
        let range = match args.args() {
            [stop] => Range::make(Value::int_unchecked(0), exact(stop)?, one()),
            [start, stop] => Range::make(exact(start)?, exact(stop)?, one()),
            [start, stop, step] => {
                let (start, stop, step) = (exact(start)?, exact(stop)?, exact(step)?);
                if int::to_i64_exact(&step) == Some(0) {
                    return Err(vm.value_error("range() arg 3 must not be zero"));
                }
                Range::make(start, stop, step)
            }
            [] => return Err(vm.type_error("range expected at least 1 argument, got 0")),
            more => {
                return Err(vm.type_error(format!(
                    "range expected at most 3 arguments, got {}",
                    more.len()
                )));
            }
        };
        Ok(range.into())
    }

    #[slot]
    fn repr(zelf: &Obj<Range>, vm: &Vm) -> PyResult {
        let start = int::to_text(vm, &zelf.start)?;
        let stop = int::to_text(vm, &zelf.stop)?;
        if int::to_i64_exact(&zelf.step) == Some(1) {
            return Ok(vm.str(&format!("range({start}, {stop})")));
        }
        let step = int::to_text(vm, &zelf.step)?;
        Ok(vm.str(&format!("range({start}, {stop}, {step})")))
    }

    #[slot]
    fn richcompare(zelf: &Obj<Range>, _vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Range>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let same = |a: &Value, b: &Value| int::to_int(a) == int::to_int(b);
        let len = int::to_i64_exact(&zelf.length);
        // Equal as sequences: what lies beyond the items does not matter.
        let equal = same(&zelf.length, &other.length)
            && (len == Some(0)
                || same(&zelf.start, &other.start)
                    && (len == Some(1) || same(&zelf.step, &other.step)));
        Ok(Value::bool(equal == (op == CmpOp::Eq)))
    }

    #[slot]
    fn hash(zelf: &Obj<Range>, vm: &Vm) -> PyResult<i64> {
        let len = int::to_i64_exact(&zelf.length);
        let start = if len == Some(0) { Value::NONE } else { zelf.start.clone() };
        let step = if matches!(len, Some(0 | 1)) { Value::NONE } else { zelf.step.clone() };
        let hashes =
            [object::hash(vm, &zelf.length)?, object::hash(vm, &start)?, object::hash(vm, &step)?];
        Ok(hash_sequence(hashes.into_iter()))
    }

    #[slot]
    fn bool(zelf: &Obj<Range>, _vm: &Vm) -> PyResult<bool> {
        Ok(int::to_i64_exact(&zelf.length) != Some(0))
    }

    #[slot]
    fn len(zelf: &Obj<Range>, vm: &Vm) -> PyResult<usize> {
        match int::to_i64_exact(&zelf.length) {
            Some(n) => Ok(n as usize),
            None => Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
        }
    }

    #[slot]
    fn getitem(zelf: &Obj<Range>, vm: &Vm, key: &Value) -> PyResult {
        if let Some(slice) = key.downcast::<Slice>() {
            return zelf.subscript_slice(vm, slice);
        }
        if !number::has_index(key) {
            return Err(vm.type_error(format!(
                "range indices must be integers or slices, not {}",
                key.ty().name()
            )));
        }
        let outside = || vm.index_error("range object index out of range");
        let index = number::index(vm, key)?;
        if let (Some(w), Some(i)) = (zelf.words, int::to_i64_exact(&index)) {
            let i = if i < 0 { i.wrapping_add(w.length) } else { i };
            return if (0..w.length).contains(&i) { Ok(from_i64(w.at(i))) } else { Err(outside()) };
        }
        let length = int::to_int(&zelf.length);
        let mut at = int::to_int(&index);
        if at.is_negative() {
            at = at.add(&length);
        }
        if at.is_negative() || at >= length { Err(outside()) } else { Ok(zelf.item(&at)) }
    }

    #[slot]
    fn contains(zelf: &Obj<Range>, vm: &Vm, item: &Value) -> PyResult<bool> {
        if item.is_bool() || item.is_exact_int() {
            return Ok(zelf.position(item).is_some());
        }
        let mut found = false;
        iter::for_each(vm, &zelf.to_value(), |candidate| {
            found = compare::equal(vm, &candidate, item)?;
            Ok(!found)
        })?;
        Ok(found)
    }

    #[slot]
    fn iter(zelf: &Obj<Range>, _vm: &Vm) -> PyResult {
        if let Some(words) = zelf.words {
            return Ok(range_iter(words));
        }
        Ok(LongRangeIter::new_value(int::to_int(&zelf.start), zelf))
    }

    /// Return a reverse iterator.
    #[pymethod(sig = "($self, /)")]
    fn __reversed__(zelf: &Obj<Range>, _vm: &Vm) -> Value {
        if let Some(w) = zelf.words
            && let Some(step) = w.step.checked_neg()
        {
            return range_iter(Words { start: w.at(w.length - 1), step, length: w.length });
        }
        let last = int::to_int(&zelf.length).sub(&Int::ONE);
        Ref::new(LongRangeIter {
            start: int::to_int(&zelf.item(&last)),
            step: int::to_int(&zelf.step).neg(),
            length: int::to_int(&zelf.length),
            index: crate::object::Guarded::new(Int::ZERO),
        })
        .into()
    }

    /// rangeobject.count(value) -> integer -- return number of occurrences of value
    #[pymethod]
    fn count(zelf: &Obj<Range>, vm: &Vm, value: &Value) -> PyResult<usize> {
        if value.is_bool() || value.is_exact_int() {
            return Ok(zelf.position(value).is_some() as usize);
        }
        let mut n = 0;
        iter::for_each(vm, &zelf.to_value(), |candidate| {
            n += compare::equal(vm, &candidate, value)? as usize;
            Ok(true)
        })?;
        Ok(n)
    }

    /// rangeobject.index(value) -> integer -- return index of value.
    /// Raise ValueError if the value is not present.
    #[pymethod]
    fn index(zelf: &Obj<Range>, vm: &Vm, value: &Value) -> PyResult {
        if value.is_bool() || value.is_exact_int() {
            return zelf
                .position(value)
                .ok_or_else(|| vm.value_error("range.index(x): x not in range"));
        }
        let (mut at, mut found) = (0, false);
        iter::for_each(vm, &zelf.to_value(), |candidate| {
            found = compare::equal(vm, &candidate, value)?;
            at += !found as i64;
            Ok(!found)
        })?;
        if found {
            Ok(from_i64(at))
        } else {
            Err(vm.value_error("sequence.index(x): x not in sequence"))
        }
    }

    #[getter(member)]
    fn start(zelf: &Obj<Range>, _vm: &Vm) -> Value {
        zelf.start.clone()
    }
    #[getter(member)]
    fn stop(zelf: &Obj<Range>, _vm: &Vm) -> Value {
        zelf.stop.clone()
    }
    #[getter(member)]
    fn step(zelf: &Obj<Range>, _vm: &Vm) -> Value {
        zelf.step.clone()
    }

    #[pymethod(sig = "($self, /)")]
    fn __reduce__(zelf: &Obj<Range>, _vm: &Vm) -> (Value, Ref<Tuple>) {
        (zelf.ty().to_value(), Tuple::from_slice(&zelf.parts()))
    }
}

/// What `pickle` needs of an iterator: `iter`, the range that is left, no state.
fn reduce_iterator(vm: &Vm, left: Ref<Range>) -> PyResult<(Value, Value, Value)> {
    Ok((builtin(vm, "iter")?, Tuple::from_vec(vec![left.into()]).into(), Value::NONE))
}

/// The iterator over a range of machine words.
#[pyclass(name = "range_iterator", no_gc, no_new)]
pub struct RangeIter {
    next: Cell<i64>,
    step: i64,
    left: Cell<i64>,
}

impl RangeIter {
    /// How many are left.
    pub fn len(&self) -> usize {
        self.left.get().max(0) as usize
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    #[inline(always)]
    pub fn next_value(&self) -> Option<Value> {
        let left = self.left.get();
        if left <= 0 {
            return None;
        }
        let value = self.next.get();
        self.left.set(left - 1);
        // Behind the last item the sum may wrap; it is not looked at then.
        self.next.set(value.wrapping_add(self.step));
        Some(from_i64(value))
    }
    #[inline(always)]
    pub fn has_ended(&self) -> bool {
        self.left.get() <= 0
    }
    /// The same as far as it is a small int; else nothing has happened.
    #[inline(always)]
    pub fn quick_value(&self) -> Option<Value> {
        let left = self.left.get();
        if left <= 0 {
            return None;
        }
        let next = self.next.get();
        let value = Value::small_int(next)?;
        self.left.set(left - 1);
        self.next.set(next.wrapping_add(self.step));
        Some(value)
    }
}

#[pymethods]
impl RangeIter {
    #[slot]
    fn iter(zelf: &Obj<RangeIter>, _vm: &Vm) -> PyResult {
        Ok(zelf.to_value())
    }
    #[slot]
    fn iternext(zelf: &Obj<RangeIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        Ok(zelf.next_value())
    }
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(zelf: &Obj<RangeIter>, _vm: &Vm) -> i64 {
        zelf.left.get()
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<RangeIter>, vm: &Vm) -> PyResult<(Value, Value, Value)> {
        let (start, step) = (Int::from(zelf.next.get()), Int::from(zelf.step));
        let stop = start.add(&step.mul(&Int::from(zelf.left.get())).unwrap_or_default());
        reduce_iterator(vm, Range::make(from_int(start), from_int(stop), from_int(step)))
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<RangeIter>, _vm: &Vm, state: i64) {
        let skip = state.clamp(0, zelf.left.get());
        zelf.next.set(zelf.next.get().wrapping_add(skip.wrapping_mul(zelf.step)));
        zelf.left.set(zelf.left.get() - skip);
    }
}

/// The iterator over a range with larger numbers.
#[pyclass(name = "longrange_iterator", no_gc, no_new)]
pub struct LongRangeIter {
    start: Int,
    step: Int,
    length: Int,
    index: crate::object::Guarded<Int>,
}

impl LongRangeIter {
    fn new_value(start: Int, range: &Range) -> Value {
        Ref::new(LongRangeIter {
            start,
            step: int::to_int(&range.step),
            length: int::to_int(&range.length),
            index: crate::object::Guarded::new(Int::ZERO),
        })
        .into()
    }
    fn item(&self, index: &Int) -> Int {
        self.start.add(&index.mul(&self.step).unwrap_or_default())
    }
}

#[pymethods]
impl LongRangeIter {
    #[slot]
    fn iter(zelf: &Obj<LongRangeIter>, _vm: &Vm) -> PyResult {
        Ok(zelf.to_value())
    }
    #[slot]
    fn iternext(zelf: &Obj<LongRangeIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        let index = zelf.index.get();
        if index >= zelf.length {
            return Ok(None);
        }
        let item = zelf.item(&index);
        zelf.index.replace(index.add(&Int::ONE));
        Ok(Some(from_int(item)))
    }
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(zelf: &Obj<LongRangeIter>, _vm: &Vm) -> Int {
        zelf.length.sub(&zelf.index.get())
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<LongRangeIter>, vm: &Vm) -> PyResult<(Value, Value, Value)> {
        let start = from_int(zelf.item(&zelf.index.get()));
        let stop = from_int(zelf.item(&zelf.length));
        reduce_iterator(vm, Range::make(start, stop, from_int(zelf.step.clone())))
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<LongRangeIter>, vm: &Vm, state: &Value) -> PyResult<()> {
        let state = number::to_int(vm, state)?;
        // A position counted from the present one.
        let index = zelf.index.get();
        let left = zelf.length.sub(&index);
        zelf.index.replace(index.add(&state.max(Int::ZERO).min(left)));
        Ok(())
    }
}
