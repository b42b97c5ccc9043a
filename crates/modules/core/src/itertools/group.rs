//! `groupby`, `batched`, `pairwise`, `tee`.

use super::step;
use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Guarded, ValueCell};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{call, compare, iter, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// make an iterator that returns consecutive keys and groups from the iterable
///
///   iterable
///     Elements to divide into groups according to the key function.
///   key
///     A function for computing the group category for each element.
///     If the key function is not specified or is None, the element itself
///     is used for grouping.
#[pyclass(name = "itertools.groupby", base_type, sig = "(iterable, key=None)")]
pub struct GroupBy {
    iterator: Value,
    key_function: Option<Value>,
    /// The key of the group that was given last.
    target: ValueCell,
    key: ValueCell,
    value: ValueCell,
    /// Counts the groups given: a grouper with an older number is stale.
    #[notrace]
    turn: Cell<u64>,
}

impl GroupBy {
    /// Takes the next item; `false` at the end.
    fn advance(&self, vm: &Vm) -> PyResult<bool> {
        let Some(value) = iter::next(vm, &self.iterator)? else { return Ok(false) };
        let key = match &self.key_function {
            Some(f) => call::call(vm, f, std::slice::from_ref(&value))?,
            None => value.clone(),
        };
        self.value.set(Some(value));
        self.key.set(Some(key));
        Ok(true)
    }

    fn key_is(&self, vm: &Vm, wanted: &Value) -> PyResult<bool> {
        match self.key.get() {
            Some(key) => compare::equal(vm, wanted, &key),
            None => Ok(false),
        }
    }
}

#[pymethods]
impl GroupBy {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<2> = Signature {
            function: "groupby",
            names: ["iterable", "key"],
            required: 1,
            positional: 2,
        };
        let [iterable, key] = SIGNATURE.bind(vm, args)?;
        let payload = GroupBy {
            iterator: iter::iter(vm, &iterable.unwrap_or(Value::NONE))?,
            key_function: key.filter(|k| !k.is_none()),
            target: ValueCell::default(),
            key: ValueCell::default(),
            value: ValueCell::default(),
            turn: Cell::new(0),
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<GroupBy>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.turn.set(zelf.turn.get() + 1);
        // Skip the rest of the group that was given last.
        loop {
            match (zelf.key.get(), zelf.target.get()) {
                (None, _) => {}
                (Some(_), None) => break,
                (Some(_), Some(target)) => {
                    if !zelf.key_is(vm, &target)? {
                        break;
                    }
                }
            }
            if !zelf.advance(vm)? {
                return Ok(None);
            }
        }
        let key = zelf.key.get().unwrap_or(Value::NONE);
        zelf.target.set(Some(key.clone()));
        let group =
            Ref::new(Grouper { parent: zelf.to_ref(), target: key.clone(), turn: zelf.turn.get() });
        Ok(Some(Tuple::from_vec(vec![key, group.into()]).into()))
    }
}

/// The items of one group.
#[pyclass(name = "itertools._grouper", no_new)]
pub struct Grouper {
    parent: Ref<GroupBy>,
    target: Value,
    #[notrace]
    turn: u64,
}

#[pymethods]
impl Grouper {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Grouper>, vm: &Vm) -> PyResult<Option<Value>> {
        let parent = &zelf.parent;
        if parent.turn.get() != zelf.turn {
            return Ok(None);
        }
        if !parent.value.is_some() && !parent.advance(vm)? {
            return Ok(None);
        }
        if !parent.key_is(vm, &zelf.target)? {
            return Ok(None);
        }
        Ok(parent.value.take())
    }
}

/// Batch data into tuples of length n. The last batch may be shorter than n.
///
/// Loops over the input iterable and accumulates data into tuples
/// up to size n.  The input is consumed lazily, just enough to
/// fill a batch.  The result is yielded as soon as a batch is full
/// or when the input iterable is exhausted.
///
/// If "strict" is True, raises a ValueError if the final batch is shorter
/// than n.
#[pyclass(name = "itertools.batched", base_type, sig = "(iterable, n, *, strict=False)")]
pub struct Batched {
    iterator: ValueCell,
    #[notrace]
    size: usize,
    #[notrace]
    strict: bool,
}

#[pymethods]
impl Batched {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<3> = Signature {
            function: "batched",
            names: ["iterable", "n", "strict"],
            required: 2,
            positional: 2,
        };
        let [iterable, n, strict] = SIGNATURE.bind(vm, args)?;
        let n = number::to_ssize(vm, &n.unwrap_or(Value::NONE))?;
        let strict = strict.map_or(Ok(false), |s| object::is_true(vm, &s))?;
        if n < 1 {
            return Err(vm.value_error("n must be at least one"));
        }
        let iterator = iter::iter(vm, &iterable.unwrap_or(Value::NONE))?;
        let payload = Batched { iterator: iterator.into(), size: n as usize, strict };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Batched>, vm: &Vm) -> PyResult<Option<Value>> {
        let mut items = Vec::new();
        while items.len() < zelf.size {
            match step(vm, &zelf.iterator)? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        if items.is_empty() {
            return Ok(None);
        }
        if items.len() < zelf.size && zelf.strict {
            zelf.iterator.set(None);
            return Err(vm.value_error("batched(): incomplete batch"));
        }
        Ok(Some(Tuple::from_vec(items).into()))
    }
}

/// Return an iterator of overlapping pairs taken from the input iterator.
///
///     s -> (s0,s1), (s1,s2), (s2, s3), ...
#[pyclass(name = "itertools.pairwise", base_type, sig = "(iterable, /)")]
pub struct Pairwise {
    iterator: ValueCell,
    old: ValueCell,
}

#[pymethods]
impl Pairwise {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<1> =
            Signature { function: "pairwise", names: [""], required: 1, positional: 1 };
        let [iterable] = SIGNATURE.bind(vm, args)?;
        let iterator = iter::iter(vm, &iterable.unwrap_or(Value::NONE))?;
        let payload = Pairwise { iterator: iterator.into(), old: ValueCell::default() };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Pairwise>, vm: &Vm) -> PyResult<Option<Value>> {
        let old = match zelf.old.get() {
            Some(old) => old,
            None => {
                let Some(first) = step(vm, &zelf.iterator)? else { return Ok(None) };
                zelf.old.set(Some(first.clone()));
                first
            }
        };
        let Some(new) = step(vm, &zelf.iterator)? else {
            zelf.old.set(None);
            return Ok(None);
        };
        zelf.old.set(Some(new.clone()));
        Ok(Some(Tuple::from_vec(vec![old, new]).into()))
    }
}

/// How many items one link of a tee's list holds.
const LINK: usize = 57;

/// A link of the list that the iterators of one tee share.
#[pyclass(name = "itertools._tee_dataobject", no_new)]
pub struct TeeData {
    iterator: Value,
    values: Guarded<Vec<Value>>,
    next: Guarded<Option<Ref<TeeData>>>,
    #[notrace]
    running: Cell<bool>,
}

impl TeeData {
    fn make(iterator: Value) -> Ref<TeeData> {
        Ref::new(TeeData {
            iterator,
            values: Guarded::new(Vec::new()),
            next: Guarded::new(None),
            running: Cell::new(false),
        })
    }

    fn item(&self, vm: &Vm, at: usize) -> PyResult<Option<Value>> {
        if let Some(known) = self.values.with(|v| v.get(at).cloned()) {
            return Ok(Some(known));
        }
        if self.running.replace(true) {
            return Err(vm.runtime_error("cannot re-enter the tee iterator"));
        }
        let item = iter::next(vm, &self.iterator);
        self.running.set(false);
        let item = item?;
        if let Some(item) = &item {
            self.values.with_mut(|v| v.push(item.clone()));
        }
        Ok(item)
    }

    fn link(&self) -> Ref<TeeData> {
        if let Some(next) = self.next.get() {
            return next;
        }
        let next = TeeData::make(self.iterator.clone());
        drop(self.next.replace(Some(next.clone())));
        next
    }
}

/// A long list of links is taken apart one by one: dropping recursively could exhaust the stack.
impl Drop for TeeData {
    fn drop(&mut self) {
        let mut next = self.next.replace(None);
        while let Some(link) = next {
            next = if link.head().refcount() == 1 { link.next.replace(None) } else { None };
        }
    }
}

#[pymethods]
impl TeeData {}

/// Iterator wrapped to make it copyable.
#[pyclass(name = "itertools._tee", base_type, sig = "(iterable, /)")]
pub struct Tee {
    data: Guarded<Ref<TeeData>>,
    #[notrace]
    at: Cell<usize>,
}

impl Tee {
    fn make(vm: &Vm, iterable: &Value, ty: &Obj<Type>) -> PyResult<Ref<Tee>> {
        if let Some(other) = iterable.downcast::<Tee>() {
            return Ok(other.copied(ty));
        }
        let iterator = iter::iter(vm, iterable)?;
        if let Some(other) = iterator.downcast::<Tee>() {
            return Ok(other.copied(ty));
        }
        Ok(Ref::with_type(
            Tee { data: Guarded::new(TeeData::make(iterator)), at: Cell::new(0) },
            ty,
        ))
    }
    fn copied(&self, ty: &Obj<Type>) -> Ref<Tee> {
        Ref::with_type(
            Tee { data: Guarded::new(self.data.get()), at: Cell::new(self.at.get()) },
            ty,
        )
    }
}

/// `tee(iterable, n)` for n > 0.
pub fn tee(vm: &Vm, iterable: &Value, n: usize) -> PyResult {
    let ty = vm.type_object::<Tee>();
    let first = Tee::make(vm, iterable, ty)?;
    let mut all = vec![Value::from(first.clone())];
    all.extend((1..n).map(|_| Value::from(first.copied(ty))));
    Ok(Tuple::from_vec(all).into())
}

#[pymethods]
impl Tee {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<1> =
            Signature { function: "_tee", names: [""], required: 1, positional: 1 };
        let [iterable] = SIGNATURE.bind(vm, args)?;
        Tee::make(vm, &iterable.unwrap_or(Value::NONE), ty).map(Value::from)
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Tee>, vm: &Vm) -> PyResult<Option<Value>> {
        if zelf.at.get() >= LINK {
            let link = zelf.data.get().link();
            drop(zelf.data.replace(link));
            zelf.at.set(0);
        }
        let at = zelf.at.get();
        let item = zelf.data.get().item(vm, at)?;
        if item.is_some() {
            zelf.at.set(at + 1);
        }
        Ok(item)
    }
    /// Returns an independent iterator.
    #[pymethod]
    fn __copy__(zelf: &Obj<Tee>, vm: &Vm) -> Ref<Tee> {
        zelf.copied(vm.type_object::<Tee>())
    }
}
