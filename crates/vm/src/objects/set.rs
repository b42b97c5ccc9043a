//! `set` and `frozenset`. CPython's counterpart: `Objects/setobject.c`.

#![expect(unsafe_code, reason = "the traversal of a payload that two types share")]

use crate::object::trace::Trace;
use crate::object::{GilCell, Guarded, Obj, Payload, Ref, TypeCell, Visitor};
use crate::objects::descr::builtin;
use crate::objects::dict::table::Table;
use crate::objects::dict::{self, Dict};
use crate::objects::str_::StrBuilder;
use crate::objects::tuple::Tuple;
use crate::objects::type_::declare::{Declaration, Declared, Twin};
use crate::objects::type_::slots::Slots;
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::compare::CmpOp;
use crate::protocol::{iter, object};
use crate::runtime::args::{CallArgs, VarArgs};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// The payload of both types; frozen sets cache their hash.
#[derive(Default)]
pub struct Set {
    table: Guarded<Table<()>>,
    hash: Cell<i64>,
}

// SAFETY: the cell is this type's own; each key is visited once.
unsafe impl Payload for Set {
    const GC: bool = true;
    fn cell() -> &'static TypeCell {
        static CELL: TypeCell = TypeCell::of::<Set>();
        &CELL
    }
    fn traverse(&self, visit: &mut Visitor<'_>) {
        self.table.with(|t| t.live().for_each(|(k, _, _)| k.trace(visit)));
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        let old = self.table.with_mut(Table::take);
        bag.extend(old.live().map(|(k, _, _)| k.clone()));
    }
}

impl Declared for Set {
    const DECLARATION: Declaration = Declaration {
        name: "set",
        module: "builtins",
        doc: "Build an unordered collection of unique elements.",
        signature: Some("(iterable=(), /)"),
        base: || None,
        make_base: || {},
        base_type: true,
        has_dict: false,
        no_new: false,
        flags: TypeFlags::empty(),
    };
}

/// The type object of `frozenset`: the same payload, other methods.
pub fn frozenset_type() -> &'static Obj<Type> {
    crate::runtime::boot::data_types().frozenset
}

fn is_frozen(object: &Value) -> bool {
    object.ty().is_subtype(frozenset_type())
}

impl Set {
    pub fn new_ref() -> Ref<Set> {
        Ref::new(Set::default())
    }
    pub fn len(&self) -> usize {
        self.table.with(Table::len)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn to_vec(&self) -> Vec<Value> {
        self.table.with(|t| t.live().map(|(k, _, _)| k.clone()).collect())
    }
    pub(crate) fn hashed(&self) -> Vec<(Value, i64)> {
        self.table.with(|t| t.live().map(|(k, _, h)| (k.clone(), h)).collect())
    }
    /// The key at or behind a position.
    fn key_from(&self, at: usize) -> Option<(usize, Value)> {
        self.table.with(|t| {
            let at = t.next_live(at)?;
            t.entries()[at].key.clone().map(|k| (at, k))
        })
    }

    pub fn add(&self, vm: &Vm, key: &Value) -> PyResult<()> {
        let hash = object::hash(vm, key)?;
        self.add_hashed(vm, key, hash)
    }
    fn add_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> PyResult<()> {
        if dict::find(&self.table, vm, key, hash)?.is_none() {
            vm.need(self.table.with(|t| t.growth()))?;
            self.table.with_mut(|t| t.push_new(hash, key.clone(), ()));
        }
        Ok(())
    }
    fn has_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> PyResult<bool> {
        Ok(dict::find(&self.table, vm, key, hash)?.is_some())
    }
    /// Is a str or small int there, if that is told without asking any `__eq__`?
    pub fn contains_simply(&self, key: &Value) -> Option<bool> {
        dict::contains_simply(&self.table, key)
    }
    pub fn contains(&self, vm: &Vm, key: &Value) -> PyResult<bool> {
        match object::hash(vm, key) {
            Ok(hash) => self.has_hashed(vm, key, hash),
            Err(e) => {
                // An unhashable set is looked up as the frozen set of its elements.
                match key.downcast::<Set>() {
                    Some(set) if e.is(&vm.exceptions().type_error) => {
                        self.has_hashed(vm, key, hash_of(&set.hashed()))
                    }
                    _ => Err(e),
                }
            }
        }
    }
    fn remove(&self, vm: &Vm, key: &Value) -> PyResult<bool> {
        let hash = match (object::hash(vm, key), key.downcast::<Set>()) {
            (Ok(hash), _) => hash,
            (Err(_), Some(set)) => hash_of(&set.hashed()),
            (Err(e), None) => return Err(e),
        };
        self.remove_hashed(vm, key, hash)
    }
    fn remove_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> PyResult<bool> {
        let Some((entry, slot)) = dict::find(&self.table, vm, key, hash)? else {
            return Ok(false);
        };
        drop(self.table.with_mut(|t| t.remove(entry, slot, ())));
        Ok(true)
    }
    /// Adds all items of an iterable.
    pub fn update(&self, vm: &Vm, iterable: &Value) -> PyResult<()> {
        if let Some(other) = iterable.downcast::<Set>() {
            for (key, hash) in other.hashed() {
                self.add_hashed(vm, &key, hash)?;
            }
            return Ok(());
        }
        if let Some(other) = iterable.downcast_exact::<Dict>() {
            for (key, hash) in other.keys_hashed() {
                self.add_hashed(vm, &key, hash)?;
            }
            return Ok(());
        }
        iter::for_each(vm, iterable, |item| self.add(vm, &item).map(|()| true))
    }
    fn copy_table(&self, vm: &Vm) -> PyResult<Set> {
        vm.need(self.table.with(Table::room))?;
        Ok(Set { table: Guarded::new(self.table.with(Table::copy)), hash: Cell::new(0) })
    }
    /// A frozen set of constants (hashable by construction).
    pub fn frozen_from(vm: &Vm, items: &[Value]) -> Value {
        if items.is_empty() {
            return empty_frozen();
        }
        let set = Set::default();
        for item in items {
            // Constants are numbers, text and tuples of those: adding them cannot fail.
            if set.add(vm, item).is_err() {
                break;
            }
        }
        Ref::with_type(set, frozenset_type()).into()
    }
    fn from_iterable(vm: &Vm, iterable: &Value) -> PyResult<Set> {
        if let Some(other) = iterable.downcast::<Set>() {
            return other.copy_table(vm);
        }
        let set = Set::default();
        set.update(vm, iterable)?;
        Ok(set)
    }
}

/// A new set of the built-in type of `like` (set or frozenset).
fn same_kind(like: &Obj<Set>, set: Set) -> Value {
    let ty = if is_frozen(&like.to_value()) { frozenset_type() } else { Set::cell().get() };
    Ref::with_type(set, ty).into()
}

/// The hash of a frozen set: independent of the order (CPython's `frozenset_hash`).
fn hash_of(items: &[(Value, i64)]) -> i64 {
    let shuffle = |h: u64| (h ^ 89_869_747 ^ (h << 16)).wrapping_mul(3_644_798_167);
    let mut hash = items.iter().fold(0u64, |acc, (_, h)| acc ^ shuffle(*h as u64));
    hash ^= (items.len() as u64 + 1).wrapping_mul(1_927_868_237);
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
    if hash == u64::MAX { 590_923_713 } else { hash as i64 }
}

fn as_set(value: &Value) -> Option<&Obj<Set>> {
    value.downcast::<Set>()
}

/// The operands of a set operator, if both are sets.
fn both<'a>(a: &'a Value, b: &'a Value) -> Option<(&'a Obj<Set>, &'a Obj<Set>)> {
    Some((as_set(a)?, as_set(b)?))
}

impl Obj<Set> {
    fn intersect(&self, vm: &Vm, other: &Value) -> PyResult<Set> {
        let result = Set::default();
        if let Some(other) = as_set(other) {
            let (small, large) =
                if other.len() > Set::len(self) { (self, other) } else { (other, self) };
            for (key, hash) in small.hashed() {
                if large.has_hashed(vm, &key, hash)? {
                    result.add_hashed(vm, &key, hash)?;
                }
            }
            return Ok(result);
        }
        iter::for_each(vm, other, |item| {
            if Set::contains(self, vm, &item)? {
                result.add(vm, &item)?;
            }
            Ok(true)
        })?;
        Ok(result)
    }

    fn subtract(&self, vm: &Vm, other: &Value) -> PyResult<Set> {
        let result = Set::default();
        let other = match as_set(other) {
            Some(other) => other.to_ref(),
            None => Ref::new(Set::from_iterable(vm, other)?),
        };
        for (key, hash) in self.hashed() {
            if !other.has_hashed(vm, &key, hash)? {
                result.add_hashed(vm, &key, hash)?;
            }
        }
        Ok(result)
    }

    fn symmetric(&self, vm: &Vm, other: &Value) -> PyResult<Set> {
        let other = Ref::new(Set::from_iterable(vm, other)?);
        let result = self.copy_table(vm)?;
        for (key, hash) in other.hashed() {
            if !result.remove_hashed(vm, &key, hash)? {
                result.add_hashed(vm, &key, hash)?;
            }
        }
        Ok(result)
    }

    fn is_subset(&self, vm: &Vm, other: &Obj<Set>) -> PyResult<bool> {
        if Set::len(self) > Set::len(other) {
            return Ok(false);
        }
        for (key, hash) in self.hashed() {
            if !other.has_hashed(vm, &key, hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn replace_table(&self, set: Set) {
        let new = set.table.with_mut(Table::take);
        drop(self.table.with_mut(|t| t.replace(new)));
    }

    fn set_of(vm: &Vm, other: &Value) -> PyResult<Ref<Set>> {
        match as_set(other) {
            Some(other) => Ok(other.to_ref()),
            None => Ok(Ref::new(Set::from_iterable(vm, other)?)),
        }
    }
}

/// What both types do, in the order of the methods below.
pub(crate) mod shared {
    use super::*;

    pub fn repr(zelf: &Obj<Set>, vm: &Vm) -> PyResult {
        let value = zelf.to_value();
        let name = zelf.ty().name();
        let plain = std::ptr::eq(zelf.ty(), Set::cell().get());
        if Set::is_empty(zelf) {
            return Ok(vm.str(&format!("{name}()")));
        }
        let text = object::guard_repr(vm, &value, None, || {
            let mut out = StrBuilder::new();
            if !plain {
                out.push_str(&format!("{name}("));
            }
            out.push_str("{");
            for (i, key) in zelf.to_vec().iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                out.push_obj(&*object::repr(vm, key)?);
            }
            out.push_str(if plain { "}" } else { "})" });
            out.finish_in(vm).map(Some)
        })?;
        Ok(text.map_or_else(|| vm.str(&format!("{name}(...)")), Value::from))
    }

    pub fn richcompare(zelf: &Obj<Set>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = as_set(other) else { return Ok(Value::NOT_IMPLEMENTED) };
        let (n, m) = (Set::len(zelf), Set::len(other));
        Ok(Value::bool(match op {
            CmpOp::Eq => n == m && zelf.is_subset(vm, other)?,
            CmpOp::Ne => n != m || !zelf.is_subset(vm, other)?,
            CmpOp::Le => zelf.is_subset(vm, other)?,
            CmpOp::Ge => other.is_subset(vm, zelf)?,
            CmpOp::Lt => n < m && zelf.is_subset(vm, other)?,
            CmpOp::Gt => n > m && other.is_subset(vm, zelf)?,
        }))
    }

    pub fn union(zelf: &Obj<Set>, vm: &Vm, others: &[Value]) -> PyResult {
        let result = zelf.copy_table(vm)?;
        for other in others {
            result.update(vm, other)?;
        }
        Ok(same_kind(zelf, result))
    }

    pub fn intersection(zelf: &Obj<Set>, vm: &Vm, others: &[Value]) -> PyResult {
        let mut result = Ref::new(zelf.copy_table(vm)?);
        for other in others {
            result = Ref::new(result.intersect(vm, other)?);
        }
        let table = result.copy_table(vm)?;
        Ok(same_kind(zelf, table))
    }

    pub fn difference(zelf: &Obj<Set>, vm: &Vm, others: &[Value]) -> PyResult {
        let mut result = Ref::new(zelf.copy_table(vm)?);
        for other in others {
            result = Ref::new(result.subtract(vm, other)?);
        }
        let table = result.copy_table(vm)?;
        Ok(same_kind(zelf, table))
    }

    pub fn isdisjoint(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult<bool> {
        Ok(zelf.intersect(vm, other)?.is_empty())
    }

    pub fn issubset(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult<bool> {
        let other = Obj::<Set>::set_of(vm, other)?;
        zelf.is_subset(vm, &other)
    }

    pub fn issuperset(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult<bool> {
        let other = Obj::<Set>::set_of(vm, other)?;
        other.is_subset(vm, zelf)
    }

    pub fn copy(zelf: &Obj<Set>, vm: &Vm) -> PyResult {
        if is_frozen(&zelf.to_value()) && std::ptr::eq(zelf.ty(), frozenset_type()) {
            return Ok(zelf.to_value());
        }
        Ok(same_kind(zelf, zelf.copy_table(vm)?))
    }

    pub fn binary(
        a: &Value,
        b: &Value,
        f: impl FnOnce(&Obj<Set>, &Obj<Set>) -> PyResult<Set>,
    ) -> PyResult {
        match both(a, b) {
            Some((a, b)) => Ok(same_kind(a, f(a, b)?)),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }

    pub fn reduce(zelf: &Obj<Set>, vm: &Vm) -> PyResult {
        let items: Value = super::super::list::List::from_vec(zelf.to_vec()).into();
        let state = object::call_method(vm, &zelf.to_value(), &vm.names().__getstate__, &[])?;
        let parts = vec![zelf.ty().to_value(), Tuple::from_vec(vec![items]).into(), state];
        Ok(Tuple::from_vec(parts).into())
    }
}

fn one_iterable(vm: &Vm, name: &str, args: CallArgs<'_>) -> PyResult<Option<Value>> {
    match args.args() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        more => {
            Err(vm.type_error(format!("{name} expected at most 1 argument, got {}", more.len())))
        }
    }
}

#[pymethods]
impl Set {
    #[slot]
    fn repr(zelf: &Obj<Set>, vm: &Vm) -> PyResult {
        shared::repr(zelf, vm)
    }
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Set::default(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<Set>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        if args.keyword_count() > 0 {
            return Err(vm.type_error("set() takes no keyword arguments"));
        }
        let iterable = one_iterable(vm, "set", args)?;
        drop(zelf.table.with_mut(Table::take));
        match iterable {
            Some(iterable) => Set::update(zelf, vm, &iterable),
            None => Ok(()),
        }
    }
    #[slot]
    fn richcompare(zelf: &Obj<Set>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        shared::richcompare(zelf, vm, other, op)
    }
    #[slot]
    fn iter(zelf: &Obj<Set>, _vm: &Vm) -> PyResult {
        Ok(SetIter::new_value(zelf.to_ref()))
    }
    #[slot]
    fn len(zelf: &Obj<Set>, _vm: &Vm) -> PyResult<usize> {
        Ok(zelf.table.with(Table::len))
    }
    #[slot]
    fn contains(zelf: &Obj<Set>, vm: &Vm, key: &Value) -> PyResult<bool> {
        zelf.payload.contains(vm, key)
    }
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        shared::binary(a, b, |a, b| {
            let result = a.copy_table(vm)?;
            result.update(vm, &b.to_value())?;
            Ok(result)
        })
    }
    #[slot]
    fn and(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        shared::binary(a, b, |a, b| a.intersect(vm, &b.to_value()))
    }
    #[slot]
    fn sub(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        shared::binary(a, b, |a, b| a.subtract(vm, &b.to_value()))
    }
    #[slot]
    fn xor(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        shared::binary(a, b, |a, b| a.symmetric(vm, &b.to_value()))
    }
    #[slot]
    fn ior(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult {
        if as_set(other).is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        zelf.payload.update(vm, other)?;
        Ok(zelf.to_value())
    }
    #[slot]
    fn iand(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult {
        if as_set(other).is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        zelf.replace_table(zelf.intersect(vm, other)?);
        Ok(zelf.to_value())
    }
    #[slot]
    fn isub(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult {
        if as_set(other).is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        zelf.replace_table(zelf.subtract(vm, other)?);
        Ok(zelf.to_value())
    }
    #[slot]
    fn ixor(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult {
        if as_set(other).is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        zelf.replace_table(zelf.symmetric(vm, other)?);
        Ok(zelf.to_value())
    }
    /// Add an element to a set.
    ///
    /// This has no effect if the element is already present.
    #[pymethod(name = "add")]
    fn py_add(zelf: &Obj<Set>, vm: &Vm, object: &Value) -> PyResult<()> {
        zelf.payload.add(vm, object)
    }
    /// Remove an element from a set; it must be a member.
    ///
    /// If the element is not a member, raise a KeyError.
    #[pymethod(name = "remove")]
    fn py_remove(zelf: &Obj<Set>, vm: &Vm, object: &Value) -> PyResult<()> {
        if zelf.payload.remove(vm, object)? { Ok(()) } else { Err(vm.key_error(object)) }
    }
    /// Remove an element from a set if it is a member.
    ///
    /// Unlike set.remove(), the discard() method does not raise
    /// an exception when an element is missing from the set.
    #[pymethod]
    pub fn discard(zelf: &Obj<Set>, vm: &Vm, object: &Value) -> PyResult<()> {
        zelf.payload.remove(vm, object).map(drop)
    }
    /// Remove and return an arbitrary set element.
    ///
    /// Raises KeyError if the set is empty.
    #[pymethod]
    fn pop(zelf: &Obj<Set>, vm: &Vm) -> PyResult {
        let popped = zelf.table.with_mut(|t| {
            let at = t.next_live(0)?;
            let slot = t.slot_of(at)?;
            t.remove(at, slot, ())
        });
        match popped {
            Some((key, ())) => Ok(key),
            None => Err(vm.key_error(&vm.str("pop from an empty set"))),
        }
    }
    /// Remove all elements from this set.
    #[pymethod(name = "clear")]
    fn py_clear(zelf: &Obj<Set>, _vm: &Vm) {
        drop(zelf.table.with_mut(Table::take));
    }
    /// Update the set, adding elements from all others.
    #[pymethod(name = "update", sig = "($self, /, *others)")]
    fn py_update(zelf: &Obj<Set>, vm: &Vm, others: VarArgs) -> PyResult<()> {
        for other in others.0.items() {
            zelf.payload.update(vm, other)?;
        }
        Ok(())
    }
    /// Update the set, keeping only elements found in it and all others.
    #[pymethod(sig = "($self, /, *others)")]
    fn intersection_update(zelf: &Obj<Set>, vm: &Vm, others: VarArgs) -> PyResult<()> {
        for other in others.0.items() {
            zelf.replace_table(zelf.intersect(vm, other)?);
        }
        Ok(())
    }
    /// Update the set, removing elements found in others.
    #[pymethod(sig = "($self, /, *others)")]
    fn difference_update(zelf: &Obj<Set>, vm: &Vm, others: VarArgs) -> PyResult<()> {
        for other in others.0.items() {
            zelf.replace_table(zelf.subtract(vm, other)?);
        }
        Ok(())
    }
    /// Update the set, keeping only elements found in either set, but not in both.
    #[pymethod]
    fn symmetric_difference_update(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult<()> {
        zelf.replace_table(zelf.symmetric(vm, other)?);
        Ok(())
    }
    /// Return a new set with elements from the set and all others.
    #[pymethod(sig = "($self, /, *others)")]
    fn union(zelf: &Obj<Set>, vm: &Vm, others: VarArgs) -> PyResult {
        shared::union(zelf, vm, others.0.items())
    }
    /// Return a new set with elements common to the set and all others.
    #[pymethod(sig = "($self, /, *others)")]
    fn intersection(zelf: &Obj<Set>, vm: &Vm, others: VarArgs) -> PyResult {
        shared::intersection(zelf, vm, others.0.items())
    }
    /// Return a new set with elements in the set that are not in the others.
    #[pymethod(sig = "($self, /, *others)")]
    fn difference(zelf: &Obj<Set>, vm: &Vm, others: VarArgs) -> PyResult {
        shared::difference(zelf, vm, others.0.items())
    }
    /// Return a new set with elements in either the set or other but not both.
    #[pymethod]
    fn symmetric_difference(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult {
        Ok(same_kind(zelf, zelf.symmetric(vm, other)?))
    }
    /// Return True if two sets have a null intersection.
    #[pymethod]
    fn isdisjoint(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult<bool> {
        shared::isdisjoint(zelf, vm, other)
    }
    /// Report whether another set contains this set.
    #[pymethod]
    fn issubset(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult<bool> {
        shared::issubset(zelf, vm, other)
    }
    /// Report whether this set contains another set.
    #[pymethod]
    fn issuperset(zelf: &Obj<Set>, vm: &Vm, other: &Value) -> PyResult<bool> {
        shared::issuperset(zelf, vm, other)
    }
    /// Return a shallow copy of a set.
    #[pymethod]
    fn copy(zelf: &Obj<Set>, vm: &Vm) -> PyResult {
        shared::copy(zelf, vm)
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<Set>, vm: &Vm) -> PyResult {
        shared::reduce(zelf, vm)
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}

/// The methods that `frozenset` shares with `set`, and its hash; its type object is made from
/// `set`'s definitions at start-up.
pub(crate) const FROZEN_METHODS: &[&str] = &[
    "union",
    "intersection",
    "difference",
    "symmetric_difference",
    "isdisjoint",
    "issubset",
    "issuperset",
    "copy",
    "__reduce__",
    "__class_getitem__",
];

/// `frozenset`: `set`'s reading half, hashable.
pub(crate) fn make_frozenset() -> &'static Obj<Type> {
    let twin = Twin {
        keep: |name| FROZEN_METHODS.contains(&name),
        adjust: fill_frozen_slots,
        ..Twin::default()
    };
    crate::objects::type_::declare::twin_type_with::<Set>("frozenset", twin)
}

fn fill_frozen_slots(slots: &Slots) {
    slots.ior.set(None);
    slots.iand.set(None);
    slots.isub.set(None);
    slots.ixor.set(None);
    slots.init.set(None);
    slots.set_hash(|_vm, zelf| {
        let Some(set) = zelf.downcast::<Set>() else { return Ok(0) };
        if set.hash.get() == 0 {
            set.hash.set(hash_of(&set.hashed()));
        }
        Ok(set.hash.get())
    });
    slots.set_new(|vm, ty, args| {
        if args.keyword_count() > 0 && !ty.has_own_init(vm) {
            return Err(vm.type_error("frozenset() takes no keyword arguments"));
        }
        match one_iterable(vm, "frozenset", args)? {
            Some(iterable) => {
                let frozen = std::ptr::eq(iterable.ty(), frozenset_type());
                if frozen && std::ptr::eq(ty, frozenset_type()) {
                    return Ok(iterable);
                }
                Ok(Ref::with_type(Set::from_iterable(vm, &iterable)?, ty).into())
            }
            None if std::ptr::eq(ty, frozenset_type()) => Ok(empty_frozen()),
            None => Ok(Ref::with_type(Set::default(), ty).into()),
        }
    });
}

static EMPTY_FROZEN: GilCell<Option<Value>> = GilCell::new(None);

/// `frozenset()`: there is only one.
fn empty_frozen() -> Value {
    if let Some(known) = EMPTY_FROZEN.with(|known| known.clone()) {
        return known;
    }
    let made: Value = Ref::with_type(Set::default(), frozenset_type()).into();
    EMPTY_FROZEN.with(|known| known.get_or_insert(made).clone())
}

/// Iterates over a set.
#[pyclass(name = "set_iterator", no_new)]
pub struct SetIter {
    set: Guarded<Option<Ref<Set>>>,
    #[notrace]
    at: Cell<usize>,
    #[notrace]
    len: usize,
}

impl SetIter {
    fn new_value(set: Ref<Set>) -> Value {
        let len = set.len();
        Ref::new(SetIter { set: Guarded::new(Some(set)), at: Cell::new(0), len }).into()
    }
}

#[pymethods]
impl SetIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<SetIter>, vm: &Vm) -> PyResult<Option<Value>> {
        let Some(set) = zelf.set.get() else { return Ok(None) };
        if set.len() != zelf.len {
            return Err(vm.runtime_error("Set changed size during iteration"));
        }
        match set.key_from(zelf.at.get()) {
            Some((at, key)) => {
                zelf.at.set(at + 1);
                Ok(Some(key))
            }
            None => {
                drop(zelf.set.replace(None));
                Ok(None)
            }
        }
    }
    #[pymethod]
    fn __length_hint__(zelf: &Obj<SetIter>, _vm: &Vm) -> usize {
        match zelf.set.get() {
            Some(set) => set.table.with(|t| {
                t.entries().iter().skip(zelf.at.get()).filter(|e| e.key.is_some()).count()
            }),
            None => 0,
        }
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<SetIter>, vm: &Vm) -> PyResult {
        let iter = builtin(vm, "iter")?;
        let mut rest = Vec::new();
        if let Some(set) = zelf.set.get() {
            let mut at = zelf.at.get();
            while let Some((i, key)) = set.key_from(at) {
                rest.push(key);
                at = i + 1;
            }
        }
        let list: Value = super::list::List::from_vec(rest).into();
        Ok(Tuple::from_vec(vec![iter, Tuple::from_vec(vec![list]).into()]).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::gc;
    use crate::testing::{Session, owners, with_vm};

    #[test]
    fn keys_are_shown_once_and_moved_out_whole() {
        with_vm(|vm| {
            let session =
                Session::new(vm, "class K: pass\nk = K()\ns = {k, 1, 'text', K()}\ns.discard(1)");
            let key = session.get("k");
            let set = session.get("s").into_ref::<Set>().expect("a set");
            let (mut seen, mut own) = (0, 0);
            Payload::traverse(&**set, &mut |value| {
                seen += 1;
                own += usize::from(value.is(&key));
            });
            assert_eq!((seen, own, owners(&key)), (3, 1, 3));
            let mut bag = Vec::new();
            Payload::clear(&**set, &mut bag);
            assert_eq!(
                (bag.len(), owners(&key), session.show("s, len(s)")),
                (3, 3, "(set(), 0)".into())
            );
            Payload::clear(&**set, &mut bag);
            drop(bag);
            assert_eq!(owners(&key), 2);
            session.exec("s.add(k)\nassert s == {k}");
        });
    }

    #[test]
    fn sets_and_frozen_sets_in_cycles_are_found() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
class K: pass
def cycle(kind, n):
    k = K()
    k.s = kind([k, t] + list(range(n)))
t = K()
",
            );
            let value = session.get("t");
            gc::collect(vm, 2);
            for kind in ["set", "frozenset"] {
                for n in [0, 3, 1000] {
                    session.exec(&format!("cycle({kind}, {n})"));
                    assert_eq!(owners(&value), 3);
                    assert!(gc::collect(vm, 2) >= 2);
                    assert_eq!(owners(&value), 2);
                }
            }
        });
    }

    #[test]
    fn a_comparison_that_changes_the_set_is_survived() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
class Sly:
    def __hash__(self): return 7
    def __eq__(self, other):
        s.clear()
        s.update(range(100))
        return False
s = {Sly()}
for _ in range(3):
    s.add(Sly())
    Sly() in s
    s.discard(Sly())
s -= {Sly()}
found = len(s) >= 100
",
            );
            assert_eq!(session.show("found"), "True");
        });
    }
}
