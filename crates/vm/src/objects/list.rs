//! `list`: growable sequences.
//!
//! The items are a guarded vector: whatever runs Python code takes an item out first. Items that
//! are replaced or removed are dropped when the list is consistent again.
//!
//! CPython's counterpart: `Objects/listobject.c`; sorting is in `list_sort.rs`.

use crate::object::{Guarded, Obj, Ref};
use crate::objects::iterators::{ListIter, ListReverseIter};
use crate::objects::str_::StrBuilder;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::type_::declare::Methods;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::index::{Indices, Subscript, clamp, subscript, wrap};
use crate::protocol::{iter, number, object};
use crate::runtime::args::{CallArgs, NativeDef, NativeFn, native_function};
use crate::runtime::errors::PyResult;
use crate::runtime::memory;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::ops::Range;

#[path = "plain_sort.rs"]
mod plain_sort;
#[path = "run_sort.rs"]
mod run_sort;
#[path = "list_sort.rs"]
mod sort;
pub use sort::sort_values;

/// Built-in mutable sequence.
///
/// If no argument is given, the constructor creates a new empty list.
/// The argument must be an iterable if specified.
#[pyclass(name = "list", base_type, sequence, sig = "(iterable=(), /)")]
#[derive(Default)]
pub struct List {
    items: Guarded<Vec<Value>>,
}

/// A sequence repeated, or `MemoryError`.
pub(super) fn repeat_items(vm: &Vm, items: &[Value], count: isize) -> PyResult<Vec<Value>> {
    let count = count.max(0) as usize;
    let total = items.len().checked_mul(count).filter(|n| *n <= isize::MAX as usize / 8);
    let mut all = Vec::new();
    match total {
        Some(total) if all.try_reserve_exact(total).is_ok() => {}
        _ => return Err(vm.memory_error("")),
    }
    if let [one] = items {
        all.resize(count, one.clone());
    } else {
        (0..count).for_each(|_| all.extend_from_slice(items));
    }
    Ok(all)
}

/// The range of `index(value, start, stop)`.
pub(super) fn search_range(
    vm: &Vm,
    len: usize,
    start: Option<&Value>,
    stop: Option<&Value>,
) -> PyResult<Range<usize>> {
    let part = |v: Option<&Value>| match v {
        None => Ok(None),
        Some(v) if number::has_index(v) => {
            let index = number::index(vm, v)?;
            Ok(Some(match super::int::to_i64_exact(&index) {
                Some(i) => i as isize,
                None if super::int::is_negative(&index) => isize::MIN,
                None => isize::MAX,
            }))
        }
        Some(_) => Err(vm.type_error("slice indices must be integers or have an __index__ method")),
    };
    let s = clamp(part(start)?, part(stop)?, 1, len);
    Ok(s.start as usize..(s.start as usize + s.count))
}

impl List {
    pub fn from_vec(items: Vec<Value>) -> Ref<List> {
        Ref::new(List { items: Guarded::new(items) })
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.items.with(Vec::len)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    #[inline(always)]
    pub fn get(&self, at: usize) -> Option<Value> {
        self.items.with(|v| v.get(at).cloned())
    }
    /// With a negative index counted from the end.
    #[inline(always)]
    pub fn get_wrapped(&self, index: isize) -> Option<Value> {
        self.items.with(|v| wrap(index, v.len()).map(|at| v[at].clone()))
    }
    /// Is it the method `append`?
    #[inline(always)]
    pub fn is_append(def: &NativeDef) -> bool {
        const APPEND: NativeFn = native_function(<List as Methods>::METHODS, "append");
        std::ptr::fn_addr_eq(def.function, APPEND)
    }
    /// Is there room for one more item?
    #[inline(always)]
    pub fn has_room(&self) -> bool {
        self.items.with(|v| v.len() < v.capacity())
    }
    #[inline(always)]
    pub fn push(&self, item: Value) {
        let lost = self.items.with_mut(|v| {
            if v.len() == v.capacity() && !memory::grow(v) {
                return Some(item);
            }
            v.push(item);
            None
        });
        drop(lost);
    }
    /// Replaces an item; returns the old one (or the new one, if the list has become too short).
    #[inline(always)]
    pub fn replace(&self, at: usize, item: Value) -> Value {
        self.items.with_mut(|v| match v.get_mut(at) {
            Some(place) => std::mem::replace(place, item),
            None => item,
        })
    }
    pub fn pop_last(&self) -> Option<Value> {
        self.items.with_mut(Vec::pop)
    }
    pub fn remove_at(&self, at: usize) -> Option<Value> {
        self.items.with_mut(|v| if at < v.len() { Some(v.remove(at)) } else { None })
    }
    pub fn insert_at(&self, at: usize, item: Value) {
        self.items.with_mut(|v| {
            let at = at.min(v.len());
            v.insert(at, item);
        });
    }
    pub fn to_vec(&self) -> Vec<Value> {
        self.items.get()
    }
    /// Takes all items out.
    pub fn take(&self) -> Vec<Value> {
        self.items.replace(Vec::new())
    }
    /// Puts other items in; returns the old ones.
    pub fn replace_all(&self, items: Vec<Value>) -> Vec<Value> {
        self.items.replace(items)
    }
    /// Looks at the items; `f` runs no Python code.
    pub fn with<R>(&self, f: impl FnOnce(&[Value]) -> R) -> R {
        self.items.with(|v| f(v))
    }
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut Vec<Value>) -> R) -> R {
        self.items.with_mut(f)
    }
    pub fn capacity(&self) -> usize {
        self.items.with(Vec::capacity)
    }

    /// `a + b`
    pub fn joined(a: &List, b: &List) -> Ref<List> {
        let mut items = Vec::with_capacity(a.len() + b.len());
        a.items.with(|v| items.extend_from_slice(v));
        b.items.with(|v| items.extend_from_slice(v));
        List::from_vec(items)
    }

    /// Puts items in place of those from `start` to `end`; returns the old ones.
    pub fn replace_range(&self, start: usize, end: usize, items: Vec<Value>) -> Vec<Value> {
        let mut items = items;
        self.items.with_mut(|v| {
            let start = start.min(v.len());
            let end = end.clamp(start, v.len());
            if items.len() == end - start {
                v[start..end].swap_with_slice(&mut items);
                return items;
            }
            if start == 0 && end == v.len() {
                return std::mem::replace(v, items);
            }
            v.splice(start..end, items).collect()
        })
    }

    /// Appends all items of an iterable.
    pub fn extend_from(&self, vm: &Vm, iterable: &Value) -> PyResult<()> {
        if iterable.is_exact::<List>() || iterable.is_exact::<Tuple>() {
            let mut items = iter::collect(vm, iterable)?;
            self.items.with_mut(|v| vm.room_for(v, items.len()))?;
            self.items.with_mut(|v| v.append(&mut items));
            return Ok(());
        }
        let iterator = iter::iter(vm, iterable)?;
        while let Some(item) = iter::next(vm, &iterator)? {
            self.items.with_mut(|v| vm.room_for_one(v))?;
            self.push(item);
        }
        Ok(())
    }

    /// `del self[slice]`
    fn delete_slice(&self, s: Indices) {
        let removed: Vec<Value> = self.items.with_mut(|v| {
            if s.step == 1 {
                // The list may have become shorter since the indices were taken.
                let end = (s.start as usize + s.count).min(v.len());
                return v.drain((s.start as usize).min(end)..end).collect();
            }
            let mut doomed: Vec<usize> = s.positions().filter(|i| *i < v.len()).collect();
            doomed.sort_unstable();
            let mut removed = Vec::with_capacity(doomed.len());
            let mut next = doomed.iter().peekable();
            let old = std::mem::take(v);
            for (i, item) in old.into_iter().enumerate() {
                if next.next_if(|d| **d == i).is_some() {
                    removed.push(item);
                } else {
                    v.push(item);
                }
            }
            removed
        });
        drop(removed);
    }

    fn set_slice(&self, vm: &Vm, key: &Value, value: &Value) -> PyResult<()> {
        let items = if iter::is_iterable(value) {
            iter::collect(vm, value)?
        } else {
            return Err(vm.type_error(if is_step_one(key) {
                "can only assign an iterable"
            } else {
                "must assign iterable to extended slice"
            }));
        };
        // Collecting may have changed the list.
        let Subscript::Slice(s) = subscript(vm, key, self.len(), "list")? else { return Ok(()) };
        if s.step == 1 {
            let start = s.start as usize;
            vm.need((self.len() + items.len()) * size_of::<Value>())?;
            drop(self.replace_range(start, start + s.count, items));
            return Ok(());
        }
        if items.len() != s.count {
            return Err(vm.value_error(format!(
                "attempt to assign sequence of size {} to extended slice of size {}",
                items.len(),
                s.count
            )));
        }
        let old: Vec<Value> =
            s.positions().zip(items).map(|(i, item)| self.replace(i, item)).collect();
        drop(old);
        Ok(())
    }
}

fn is_step_one(key: &Value) -> bool {
    key.downcast::<super::slice::Slice>().is_some_and(|s| s.step.is_none())
}

#[pymethods]
impl List {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        let _ = vm;
        Ok(Ref::with_type(List::default(), ty).into())
    }

    #[slot]
    fn init(zelf: &Obj<List>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        if args.keyword_count() > 0 && !zelf.ty().has_own_new(vm) {
            return Err(vm.type_error("list() takes no keyword arguments"));
        }
        drop(zelf.take());
        match args.args() {
            [] => Ok(()),
            [iterable] => {
                if iterable.is_exact::<List>() || iterable.is_exact::<Tuple>() {
                    return zelf.extend_from(vm, iterable);
                }
                let items = iter::collect(vm, iterable)?;
                drop(zelf.replace_all(items));
                Ok(())
            }
            more => {
                Err(vm.type_error(format!("list expected at most 1 argument, got {}", more.len())))
            }
        }
    }

    #[slot]
    fn repr(zelf: &Obj<List>, vm: &Vm) -> PyResult {
        let text = object::guard_repr(vm, &zelf.to_value(), None, || {
            let mut out = StrBuilder::new();
            out.push_str("[");
            let mut at = 0;
            while let Some(item) = zelf.get(at) {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_obj(&*object::repr(vm, &item)?);
                at += 1;
            }
            out.push_str("]");
            out.finish_in(vm).map(Some)
        })?;
        Ok(text.map_or_else(|| vm.str("[...]"), Value::from))
    }

    #[slot]
    fn richcompare(zelf: &Obj<List>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<List>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if matches!(op, CmpOp::Eq | CmpOp::Ne) && zelf.len() != other.len() {
            return Ok(Value::bool(op == CmpOp::Ne));
        }
        compare::compare_sequences(vm, |i| zelf.get(i), |i| other.get(i), op)
    }

    #[slot]
    fn iter(zelf: &Obj<List>, _vm: &Vm) -> PyResult {
        Ok(ListIter::new_value(zelf.to_ref()))
    }

    #[slot]
    fn len(zelf: &Obj<List>, _vm: &Vm) -> PyResult<usize> {
        Ok(List::len(zelf))
    }

    #[slot]
    fn getitem(zelf: &Obj<List>, vm: &Vm, key: &Value) -> PyResult {
        match subscript(vm, key, List::len(zelf), "list")? {
            Subscript::Index(i) => {
                zelf.get_wrapped(i).ok_or_else(|| vm.index_error("list index out of range"))
            }
            Subscript::Slice(s) => {
                vm.need(s.count * size_of::<Value>())?;
                Ok(List::from_vec(zelf.items.with(|v| {
                    if s.step == 1 {
                        return v.get(s.range()).unwrap_or(&[]).to_vec();
                    }
                    s.positions().filter_map(|i| v.get(i).cloned()).collect()
                }))
                .into())
            }
        }
    }

    #[slot]
    fn setitem(zelf: &Obj<List>, vm: &Vm, key: &Value, value: Option<Value>) -> PyResult<()> {
        match (subscript(vm, key, List::len(zelf), "list")?, value) {
            (Subscript::Index(i), value) => {
                let Some(at) = wrap(i, List::len(zelf)) else {
                    return Err(vm.index_error("list assignment index out of range"));
                };
                match value {
                    Some(value) => drop(zelf.replace(at, value)),
                    None => drop(zelf.remove_at(at)),
                }
                Ok(())
            }
            (Subscript::Slice(_), Some(value)) => zelf.set_slice(vm, key, &value),
            (Subscript::Slice(s), None) => {
                zelf.delete_slice(s);
                Ok(())
            }
        }
    }

    #[slot]
    fn contains(zelf: &Obj<List>, vm: &Vm, item: &Value) -> PyResult<bool> {
        let mut at = 0;
        while let Some(candidate) = zelf.get(at) {
            if compare::equal(vm, &candidate, item)? {
                return Ok(true);
            }
            at += 1;
        }
        Ok(false)
    }

    #[slot]
    fn concat(zelf: &Obj<List>, vm: &Vm, other: &Value) -> PyResult {
        let Some(other) = other.downcast::<List>() else {
            return Err(vm.type_error(format!(
                "can only concatenate list (not \"{}\") to list",
                other.ty().name()
            )));
        };
        vm.need((zelf.len() + other.len()) * size_of::<Value>())?;
        Ok(List::joined(zelf, other).into())
    }

    #[slot]
    fn repeat(zelf: &Obj<List>, vm: &Vm, count: isize) -> PyResult {
        let items = zelf.items.with(|v| repeat_items(vm, v, count))?;
        Ok(List::from_vec(items).into())
    }

    #[slot]
    fn inplace_concat(zelf: &Obj<List>, vm: &Vm, other: &Value) -> PyResult {
        zelf.extend_from(vm, other)?;
        Ok(zelf.to_value())
    }

    #[slot]
    fn inplace_repeat(zelf: &Obj<List>, vm: &Vm, count: isize) -> PyResult {
        let items = zelf.items.with(|v| repeat_items(vm, v, count))?;
        drop(zelf.replace_all(items));
        Ok(zelf.to_value())
    }

    /// Append object to the end of the list.
    #[pymethod]
    fn append(zelf: &Obj<List>, vm: &Vm, object: Value) -> PyResult<()> {
        zelf.items.with_mut(|v| vm.room_for_one(v))?;
        zelf.push(object);
        Ok(())
    }

    /// Extend list by appending elements from the iterable.
    #[pymethod]
    fn extend(zelf: &Obj<List>, vm: &Vm, iterable: &Value) -> PyResult<()> {
        zelf.extend_from(vm, iterable)
    }

    /// Insert object before index.
    #[pymethod]
    fn insert(zelf: &Obj<List>, _vm: &Vm, index: isize, object: Value) {
        let len = List::len(zelf) as isize;
        let at = if index < 0 { index.saturating_add(len).max(0) } else { index.min(len) };
        zelf.insert_at(at as usize, object);
    }

    /// Remove and return item at index (default last).
    ///
    /// Raises IndexError if list is empty or index is out of range.
    #[pymethod(sig = "($self, index=-1, /)")]
    fn pop(zelf: &Obj<List>, vm: &Vm, index: Option<&Value>) -> PyResult {
        if List::len(zelf) == 0 {
            return Err(vm.index_error("pop from empty list"));
        }
        let index = match index {
            None => return Ok(zelf.pop_last().unwrap_or(Value::NONE)),
            Some(index) => number::to_index(vm, index)?,
        };
        let at = wrap(index, List::len(zelf));
        match at.and_then(|at| zelf.remove_at(at)) {
            Some(item) => Ok(item),
            None => Err(vm.index_error("pop index out of range")),
        }
    }

    /// Remove first occurrence of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod]
    fn remove(zelf: &Obj<List>, vm: &Vm, value: &Value) -> PyResult<()> {
        let mut at = 0;
        while let Some(item) = zelf.get(at) {
            if compare::equal(vm, &item, value)? {
                drop(zelf.remove_at(at));
                return Ok(());
            }
            at += 1;
        }
        Err(vm.value_error("list.remove(x): x not in list"))
    }

    /// Remove all items from list.
    #[pymethod]
    fn clear(zelf: &Obj<List>, _vm: &Vm) {
        drop(zelf.take());
    }

    /// Return a shallow copy of the list.
    #[pymethod]
    fn copy(zelf: &Obj<List>, vm: &Vm) -> PyResult<Ref<List>> {
        vm.need(zelf.len() * size_of::<Value>())?;
        Ok(List::from_vec(zelf.to_vec()))
    }

    /// Return number of occurrences of value.
    #[pymethod]
    fn count(zelf: &Obj<List>, vm: &Vm, value: &Value) -> PyResult<usize> {
        let (mut n, mut at) = (0, 0);
        while let Some(item) = zelf.get(at) {
            n += compare::equal(vm, &item, value)? as usize;
            at += 1;
        }
        Ok(n)
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(
        zelf: &Obj<List>,
        vm: &Vm,
        value: &Value,
        start: Option<&Value>,
        stop: Option<&Value>,
    ) -> PyResult<usize> {
        for i in search_range(vm, List::len(zelf), start, stop)? {
            let Some(item) = zelf.get(i) else { break };
            if compare::equal(vm, &item, value)? {
                return Ok(i);
            }
        }
        Err(vm.value_error("list.index(x): x not in list"))
    }

    /// Reverse *IN PLACE*.
    #[pymethod]
    fn reverse(zelf: &Obj<List>, _vm: &Vm) {
        zelf.items.with_mut(|v| v.reverse());
    }

    /// Sort the list in ascending order and return None.
    ///
    /// The sort is in-place (i.e. the list itself is modified) and stable (i.e. the
    /// order of two equal elements is maintained).
    ///
    /// If a key function is given, apply it once to each list item and sort them,
    /// ascending or descending, according to their function values.
    ///
    /// The reverse flag can be set to sort in descending order.
    #[pymethod(sig = "($self, /, *, key=None, reverse=False)")]
    fn sort(zelf: &Obj<List>, vm: &Vm, key: Option<&Value>, reverse: Option<bool>) -> PyResult<()> {
        let items = zelf.take();
        let key = key.filter(|k| !k.is_none());
        let (sorted, result) = sort::sort_values(vm, items, key, reverse.unwrap_or(false));
        let meanwhile = zelf.replace_all(sorted);
        result?;
        if !meanwhile.is_empty() {
            return Err(vm.value_error("list modified during sort"));
        }
        Ok(())
    }

    /// Return a reverse iterator over the list.
    #[pymethod]
    fn __reversed__(zelf: &Obj<List>, _vm: &Vm) -> Value {
        ListReverseIter::new_value(zelf.to_ref())
    }

    /// Return the size of the list in memory, in bytes.
    #[pymethod]
    fn __sizeof__(zelf: &Obj<List>, _vm: &Vm) -> usize {
        zelf.ty().basic_size + zelf.capacity() * 8
    }

    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}
