//! `collections.deque` and its iterators.

use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::Guarded;
use adder_vm::objects::str_::StrBuilder;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::compare::{self, CmpOp};
use adder_vm::protocol::index::{clamp, slice_index, wrap};
use adder_vm::protocol::{call, iter, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::runtime::memory::{asking, lost};
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;
use std::collections::VecDeque;

/// A list-like sequence optimized for data accesses near its endpoints.
#[pyclass(name = "collections.deque", base_type, sequence, sig = "([iterable[, maxlen]])")]
pub struct Deque {
    items: Guarded<VecDeque<Value>>,
    #[notrace]
    maxlen: Cell<Option<usize>>,
    /// Counts changes: an iterator notices that its deque is not the one it began with.
    #[notrace]
    changes: Cell<u64>,
}

impl Deque {
    fn make(items: VecDeque<Value>, maxlen: Option<usize>, ty: &Obj<Type>) -> Ref<Deque> {
        let payload =
            Deque { items: Guarded::new(items), maxlen: Cell::new(maxlen), changes: Cell::new(0) };
        Ref::with_type(payload, ty)
    }
    fn len(&self) -> usize {
        self.items.with(VecDeque::len)
    }
    fn get(&self, at: usize) -> Option<Value> {
        self.items.with(|d| d.get(at).cloned())
    }
    fn changed(&self) {
        self.changes.set(self.changes.get() + 1);
    }
    fn push_back(&self, item: Value) {
        self.changed();
        let over = self.items.with_mut(|d| {
            if d.len() == d.capacity() && asking(|| d.try_reserve(1)).is_err() {
                lost();
                return Some(item);
            }
            d.push_back(item);
            if self.maxlen.get().is_some_and(|max| d.len() > max) { d.pop_front() } else { None }
        });
        drop(over);
    }
    fn push_front(&self, item: Value) {
        self.changed();
        let over = self.items.with_mut(|d| {
            if d.len() == d.capacity() && asking(|| d.try_reserve(1)).is_err() {
                lost();
                return Some(item);
            }
            d.push_front(item);
            if self.maxlen.get().is_some_and(|max| d.len() > max) { d.pop_back() } else { None }
        });
        drop(over);
    }
    fn take(&self) -> VecDeque<Value> {
        self.changed();
        self.items.replace(VecDeque::new())
    }
    /// Puts all items of an iterable at one end; the deque itself gives a copy.
    fn extend(&self, vm: &Vm, iterable: &Value, front: bool) -> PyResult<()> {
        let source = match iterable.downcast::<Deque>() {
            Some(other) if std::ptr::eq(&**other, self) => {
                vm.need(self.len().saturating_mul(size_of::<Value>()))?;
                let items = self.items.with(|d| d.iter().cloned().collect());
                adder_vm::objects::list::List::from_vec(items).into()
            }
            _ => iterable.clone(),
        };
        iter::for_each(vm, &source, |item| {
            vm.check_memory()?;
            if front {
                self.push_front(item)
            } else {
                self.push_back(item)
            }
            Ok(true)
        })
    }
    fn mutated(vm: &Vm) -> Exc {
        vm.runtime_error("deque mutated during iteration")
    }
    /// The first position in a range that holds an equal item.
    fn find(
        &self,
        vm: &Vm,
        value: &Value,
        range: std::ops::Range<usize>,
    ) -> PyResult<Option<usize>> {
        let start = self.changes.get();
        for at in range {
            let Some(item) = self.get(at) else { break };
            let same = compare::equal(vm, &item, value)?;
            if self.changes.get() != start {
                return Err(Deque::mutated(vm));
            }
            if same {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
    /// Repeated, and cut to the greatest length.
    fn repeated(&self, vm: &Vm, count: isize) -> PyResult<VecDeque<Value>> {
        let count = count.max(0) as usize;
        vm.need(self.len().saturating_mul(size_of::<Value>()))?;
        let items: Vec<Value> = self.items.with(|d| d.iter().cloned().collect());
        let mut total = items.len().checked_mul(count).ok_or_else(|| vm.memory_error(""))?;
        let mut skip = 0;
        if let Some(max) = self.maxlen.get()
            && total > max
        {
            skip = total - max;
            total = max;
        }
        let mut all = VecDeque::new();
        if asking(|| all.try_reserve_exact(total)).is_err() {
            return Err(vm.memory_error(""));
        }
        all.extend((0..total).map(|i| items[(skip + i) % items.len()].clone()));
        Ok(all)
    }
    fn index_of(&self, vm: &Vm, key: &Value) -> PyResult<usize> {
        if !number::has_index(key) {
            return Err(
                vm.type_error(format!("sequence index must be integer, not '{}'", key.ty().name()))
            );
        }
        let index = number::to_index(vm, key)?;
        wrap(index, self.len()).ok_or_else(|| vm.index_error("deque index out of range"))
    }
}

#[pymethods]
impl Deque {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Deque::make(VecDeque::new(), None, ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<Deque>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        const SIGNATURE: Signature<2> = Signature {
            function: "deque",
            names: ["iterable", "maxlen"],
            required: 0,
            positional: 2,
        };
        let [iterable, maxlen] = SIGNATURE.bind(vm, args)?;
        let maxlen = match maxlen.filter(|m| !m.is_none()) {
            Some(n) => {
                let n = number::to_ssize(vm, &n)?;
                let Ok(n) = usize::try_from(n) else {
                    return Err(vm.value_error("maxlen must be non-negative"));
                };
                Some(n)
            }
            None => None,
        };
        zelf.maxlen.set(maxlen);
        drop(zelf.take());
        match iterable {
            Some(iterable) => zelf.extend(vm, &iterable, false),
            None => Ok(()),
        }
    }
    #[slot]
    fn repr(zelf: &Obj<Deque>, vm: &Vm) -> PyResult {
        let text = object::guard_repr(vm, &zelf.to_value(), None, || {
            let mut out = StrBuilder::new();
            out.push_str(&format!("{}([", zelf.ty().short_name()));
            let start = zelf.changes.get();
            let mut at = 0;
            while let Some(item) = zelf.get(at) {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_obj(&*object::repr(vm, &item)?);
                if zelf.changes.get() != start {
                    return Err(Deque::mutated(vm));
                }
                at += 1;
            }
            out.push_str("]");
            if let Some(max) = zelf.maxlen.get() {
                out.push_str(&format!(", maxlen={max}"));
            }
            out.push_str(")");
            out.finish_in(vm).map(Some)
        })?;
        Ok(text.map_or_else(|| vm.str("[...]"), Value::from))
    }
    #[slot]
    fn richcompare(zelf: &Obj<Deque>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Deque>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if matches!(op, CmpOp::Eq | CmpOp::Ne) && Deque::len(zelf) != Deque::len(other) {
            return Ok(Value::bool(op == CmpOp::Ne));
        }
        compare::compare_sequences(vm, |i| zelf.get(i), |i| other.get(i), op)
    }
    #[slot]
    fn iter(zelf: &Obj<Deque>, _vm: &Vm) -> PyResult {
        Ok(Ref::new(DequeIter {
            deque: zelf.to_ref(),
            changes: zelf.changes.get(),
            left: Cell::new(Deque::len(zelf)),
        })
        .into())
    }
    #[slot]
    fn len(zelf: &Obj<Deque>, _vm: &Vm) -> PyResult<usize> {
        Ok(Deque::len(zelf))
    }
    #[slot]
    fn getitem(zelf: &Obj<Deque>, vm: &Vm, key: &Value) -> PyResult {
        let at = zelf.index_of(vm, key)?;
        zelf.get(at).ok_or_else(|| vm.index_error("deque index out of range"))
    }
    #[slot]
    fn setitem(zelf: &Obj<Deque>, vm: &Vm, key: &Value, value: Option<Value>) -> PyResult<()> {
        let at = zelf.index_of(vm, key)?;
        let old = zelf.items.with_mut(|d| match value {
            Some(value) => d.get_mut(at).map(|place| std::mem::replace(place, value)),
            None => {
                zelf.changed();
                d.remove(at)
            }
        });
        drop(old);
        Ok(())
    }
    #[slot]
    fn contains(zelf: &Obj<Deque>, vm: &Vm, item: &Value) -> PyResult<bool> {
        Ok(zelf.find(vm, item, 0..Deque::len(zelf))?.is_some())
    }
    #[slot]
    fn concat(zelf: &Obj<Deque>, vm: &Vm, other: &Value) -> PyResult {
        if other.downcast::<Deque>().is_none() {
            return Err(vm.type_error(format!(
                "can only concatenate deque (not \"{}\") to deque",
                other.ty().name()
            )));
        }
        let made = Deque::copy(zelf, vm)?;
        if let Some(deque) = made.downcast::<Deque>() {
            deque.extend(vm, other, false)?;
        }
        Ok(made)
    }
    #[slot]
    fn repeat(zelf: &Obj<Deque>, vm: &Vm, count: isize) -> PyResult {
        let items = zelf.repeated(vm, count)?;
        let made = Deque::copy(zelf, vm)?;
        if let Some(deque) = made.downcast::<Deque>() {
            drop(deque.items.replace(items));
        }
        Ok(made)
    }
    #[slot]
    fn inplace_concat(zelf: &Obj<Deque>, vm: &Vm, other: &Value) -> PyResult {
        zelf.extend(vm, other, false)?;
        Ok(zelf.to_value())
    }
    #[slot]
    fn inplace_repeat(zelf: &Obj<Deque>, vm: &Vm, count: isize) -> PyResult {
        let items = zelf.repeated(vm, count)?;
        zelf.changed();
        drop(zelf.items.replace(items));
        Ok(zelf.to_value())
    }

    /// Add an element to the right side of the deque.
    #[pymethod]
    fn append(zelf: &Obj<Deque>, _vm: &Vm, item: Value) {
        zelf.push_back(item);
    }
    /// Add an element to the left side of the deque.
    #[pymethod]
    fn appendleft(zelf: &Obj<Deque>, _vm: &Vm, item: Value) {
        zelf.push_front(item);
    }
    /// Remove all elements from the deque.
    #[pymethod]
    fn clear(zelf: &Obj<Deque>, _vm: &Vm) {
        drop(zelf.take());
    }
    /// Return a shallow copy of a deque.
    #[pymethod]
    fn copy(zelf: &Obj<Deque>, vm: &Vm) -> PyResult {
        let max = zelf.maxlen.get();
        if zelf.is_exact() {
            vm.need(zelf.len().saturating_mul(size_of::<Value>()))?;
            let items = zelf.items.with(VecDeque::clone);
            return Ok(Deque::make(items, max, zelf.ty()).into());
        }
        let mut args = vec![zelf.to_value()];
        args.extend(max.map(|max| adder_vm::objects::int::from_i64(max as i64)));
        let made = call::call(vm, &zelf.ty().to_value(), &args)?;
        if made.downcast::<Deque>().is_none() {
            return Err(vm.type_error(format!(
                "{}() must return a deque, not {}",
                zelf.ty().name(),
                made.ty().name()
            )));
        }
        Ok(made)
    }
    /// Return a shallow copy of a deque.
    #[pymethod]
    fn __copy__(zelf: &Obj<Deque>, vm: &Vm) -> PyResult {
        Deque::copy(zelf, vm)
    }
    /// Return number of occurrences of value.
    #[pymethod]
    fn count(zelf: &Obj<Deque>, vm: &Vm, value: &Value) -> PyResult<usize> {
        let start = zelf.changes.get();
        let mut count = 0;
        for at in 0..Deque::len(zelf) {
            let Some(item) = zelf.get(at) else { break };
            count += compare::equal(vm, &item, value)? as usize;
            if zelf.changes.get() != start {
                return Err(Deque::mutated(vm));
            }
        }
        Ok(count)
    }
    /// Extend the right side of the deque with elements from the iterable.
    #[pymethod(name = "extend")]
    fn extend_right(zelf: &Obj<Deque>, vm: &Vm, iterable: &Value) -> PyResult<()> {
        zelf.extend(vm, iterable, false)
    }
    /// Extend the left side of the deque with elements from the iterable.
    #[pymethod]
    fn extendleft(zelf: &Obj<Deque>, vm: &Vm, iterable: &Value) -> PyResult<()> {
        zelf.extend(vm, iterable, true)
    }
    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(
        zelf: &Obj<Deque>,
        vm: &Vm,
        value: &Value,
        start: Option<&Value>,
        stop: Option<&Value>,
    ) -> PyResult<usize> {
        let start = start.map(|v| slice_index(vm, v)).transpose()?;
        let stop = stop.map(|v| slice_index(vm, v)).transpose()?;
        let s = clamp(start, stop, 1, Deque::len(zelf));
        match zelf.find(vm, value, s.start as usize..s.start as usize + s.count)? {
            Some(at) => Ok(at),
            None => {
                let shown = object::repr(vm, value)?;
                Err(vm.value_error(format!("{} is not in deque", shown.to_string_lossy())))
            }
        }
    }
    /// Insert value before index.
    #[pymethod]
    fn insert(zelf: &Obj<Deque>, vm: &Vm, index: isize, value: Value) -> PyResult<()> {
        let len = Deque::len(zelf);
        if zelf.maxlen.get() == Some(len) {
            return Err(vm.index_error("deque already at its maximum size"));
        }
        let at = if index < 0 { index.saturating_add(len as isize).max(0) } else { index };
        zelf.changed();
        zelf.items.with_mut(|d| d.insert((at as usize).min(d.len()), value));
        Ok(())
    }
    /// Remove and return the rightmost element.
    #[pymethod]
    fn pop(zelf: &Obj<Deque>, vm: &Vm) -> PyResult {
        zelf.changed();
        let item = zelf.items.with_mut(VecDeque::pop_back);
        item.ok_or_else(|| vm.index_error("pop from an empty deque"))
    }
    /// Remove and return the leftmost element.
    #[pymethod]
    fn popleft(zelf: &Obj<Deque>, vm: &Vm) -> PyResult {
        zelf.changed();
        let item = zelf.items.with_mut(VecDeque::pop_front);
        item.ok_or_else(|| vm.index_error("pop from an empty deque"))
    }
    /// Remove first occurrence of value.
    #[pymethod]
    fn remove(zelf: &Obj<Deque>, vm: &Vm, value: &Value) -> PyResult<()> {
        let start = zelf.changes.get();
        for at in 0..Deque::len(zelf) {
            let Some(item) = zelf.get(at) else { break };
            let same = compare::equal(vm, &item, value)?;
            if zelf.changes.get() != start {
                return Err(vm.index_error("deque mutated during remove()."));
            }
            if same {
                zelf.changed();
                drop(zelf.items.with_mut(|d| d.remove(at)));
                return Ok(());
            }
        }
        Err(vm.value_error("deque.remove(x): x not in deque"))
    }
    /// Reverse *IN PLACE*.
    #[pymethod]
    fn reverse(zelf: &Obj<Deque>, _vm: &Vm) {
        zelf.items.with_mut(|d| d.make_contiguous().reverse());
    }
    /// Rotate the deque n steps to the right.  If n is negative, rotates left.
    #[pymethod(sig = "($self, n=1, /)")]
    fn rotate(zelf: &Obj<Deque>, _vm: &Vm, n: Option<isize>) {
        zelf.changed();
        zelf.items.with_mut(|d| {
            if !d.is_empty() {
                let n = n.unwrap_or(1).rem_euclid(d.len() as isize);
                d.rotate_right(n as usize);
            }
        });
    }
    /// maximum size of a deque or None if unbounded
    #[getter]
    fn maxlen(zelf: &Obj<Deque>, _vm: &Vm) -> Option<usize> {
        zelf.maxlen.get()
    }
    /// Return a reverse iterator over the deque.
    #[pymethod]
    fn __reversed__(zelf: &Obj<Deque>, _vm: &Vm) -> Value {
        Ref::new(DequeReverseIter {
            deque: zelf.to_ref(),
            changes: zelf.changes.get(),
            left: Cell::new(Deque::len(zelf)),
        })
        .into()
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<Deque>, vm: &Vm) -> PyResult {
        let this = zelf.to_value();
        let state = object::call_method(vm, &this, &vm.names().__getstate__, &[])?;
        let mut args = Vec::new();
        if let Some(max) = zelf.maxlen.get() {
            args = vec![Tuple::empty().into(), adder_vm::objects::int::from_i64(max as i64)];
        }
        let items = iter::iter(vm, &this)?;
        let args: Value = Tuple::from_vec(args).into();
        Ok(Tuple::from_vec(vec![zelf.ty().to_value(), args, state, items]).into())
    }
    /// Return the size of the deque in memory, in bytes.
    #[pymethod]
    fn __sizeof__(zelf: &Obj<Deque>, _vm: &Vm) -> usize {
        size_of::<Obj<Deque>>() + zelf.items.with(VecDeque::capacity) * 8
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }
}

/// The two directions of iteration differ only in the place of the next item.
macro_rules! deque_iterator {
    ($name:ident, $python:literal, |$len:ident, $left:ident| $at:expr) => {
        #[pyclass(name = $python)]
        pub struct $name {
            deque: Ref<Deque>,
            #[notrace]
            changes: u64,
            #[notrace]
            left: Cell<usize>,
        }

        #[pymethods]
        impl $name {
            #[slot]
            fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
                let index = args.args().get(1);
                let Some(deque) = args.args().first().and_then(|d| d.downcast::<Deque>()) else {
                    return Err(vm.type_error(format!(
                        "{}() argument 1 must be collections.deque",
                        ty.name()
                    )));
                };
                let skip = index.map_or(Ok(0), |i| number::to_ssize(vm, i))?.max(0) as usize;
                let payload = $name {
                    deque: deque.to_ref(),
                    changes: deque.changes.get(),
                    left: Cell::new(Deque::len(deque).saturating_sub(skip)),
                };
                Ok(Ref::with_type(payload, ty).into())
            }
            #[slot]
            fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
                Ok(zelf.clone())
            }
            #[slot]
            fn iternext(zelf: &Obj<$name>, vm: &Vm) -> PyResult<Option<Value>> {
                if zelf.deque.changes.get() != zelf.changes {
                    zelf.left.set(0);
                    return Err(Deque::mutated(vm));
                }
                let $left = zelf.left.get();
                if $left == 0 {
                    return Ok(None);
                }
                let $len = Deque::len(&zelf.deque);
                zelf.left.set($left - 1);
                Ok(zelf.deque.get($at))
            }
            /// Private method returning an estimate of len(list(it)).
            #[pymethod]
            fn __length_hint__(zelf: &Obj<$name>, _vm: &Vm) -> usize {
                zelf.left.get()
            }
            /// Return state information for pickling.
            #[pymethod]
            fn __reduce__(zelf: &Obj<$name>, _vm: &Vm) -> (Value, (Ref<Deque>, usize)) {
                let done = Deque::len(&zelf.deque) - zelf.left.get();
                (zelf.ty().to_value(), (zelf.deque.clone(), done))
            }
        }
    };
}

deque_iterator!(DequeIter, "_collections._deque_iterator", |len, left| len - left);
deque_iterator!(DequeReverseIter, "_collections._deque_reverse_iterator", |_len, left| left - 1);
