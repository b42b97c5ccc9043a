//! `dict`: the storage with its lookups. The Python methods are in `methods.rs`, the views and
//! iterators in `views.rs`.
//!
//! Lookups with any key need the machine (`__hash__`, `__eq__`); those with a `str` key, as for
//! namespaces and attributes, do not. `keys_version` serves the inline caches of globals: while it
//! keeps its number, every key keeps its entry's position.
//!
//! CPython's counterpart: `Objects/dictobject.c`.

pub mod foreign;
pub mod methods;
pub mod ordered;
pub mod table;
pub mod views;

use crate::object::trace::Trace;
use crate::object::{GilCell, Guarded, Obj, Ref, Visitor};
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{compare, object};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pyclass;
use std::cell::Cell;
use table::{Probe, Same, Table};

/// dict() -> new empty dictionary
/// dict(mapping) -> new dictionary initialized from a mapping object's
///     (key, value) pairs
/// dict(iterable) -> new dictionary initialized as if via:
///     d = {}
///     for k, v in iterable:
///         d[k] = v
/// dict(**kwargs) -> new dictionary initialized with the name=value pairs
///     in the keyword argument list.  For example:  dict(one=1, two=2)
#[pyclass(name = "dict", base_type, mapping)]
#[derive(Default)]
pub struct Dict {
    pub(crate) table: DictTable,
    keys_version: Cell<u64>,
}

/// The table as a traversable field.
#[derive(Default)]
pub struct DictTable(Guarded<Table<Value>>);

impl Trace for DictTable {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.0.with(|t| {
            for (key, value, _) in t.live() {
                visit(key);
                visit(value);
            }
        });
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        let old = self.0.with_mut(Table::take);
        for (key, value, _) in old.live() {
            bag.push(key.clone());
            bag.push(value.clone());
        }
    }
}

impl std::ops::Deref for DictTable {
    type Target = Guarded<Table<Value>>;
    fn deref(&self) -> &Guarded<Table<Value>> {
        &self.0
    }
}

static NEXT_KEYS_VERSION: GilCell<u64> = GilCell::new(1);

/// Equality of keys as far as it can be told without Python code: identity, two exact strings, two
/// small ints.
#[inline(always)]
pub fn same_key(a: &Value, b: &Value) -> Same {
    if a.is(b) {
        return Same::Yes;
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<Str>(), b.downcast_exact::<Str>()) {
        return if a.equals(b) { Same::Yes } else { Same::No };
    }
    if Value::both_small_ints(a, b) {
        return Same::No;
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<Tuple>(), b.downcast_exact::<Tuple>()) {
        return same_items(a.items(), b.items());
    }
    Same::Unknown
}

/// Tuples as keys: one level deep, beyond which the protocol goes.
fn same_items(a: &[Value], b: &[Value]) -> Same {
    if a.len() != b.len() {
        return Same::No;
    }
    let mut all = Same::Yes;
    for (x, y) in a.iter().zip(b) {
        if x.is(y) {
            continue;
        }
        match compare::simple_order(x, y) {
            Some(order) if order.is_eq() => {}
            // A later item may have to be asked only if all before it are equal.
            Some(_) if matches!(all, Same::Yes) => return Same::No,
            _ => all = Same::Unknown,
        }
    }
    all
}

/// Finds a key in a guarded table, leaving it for every `__eq__` that must run. `RuntimeError`-free:
/// if the key asked went away meanwhile, the search starts again.
pub fn find<V>(
    table: &Guarded<Table<V>>,
    vm: &Vm,
    key: &Value,
    hash: i64,
) -> PyResult<Option<(usize, usize)>> {
    match table.with(|t| t.find(hash, |k| same_key(k, key))) {
        Probe::Absent => Ok(None),
        Probe::Found { entry, slot } => Ok(Some((entry, slot))),
        Probe::Ask { .. } => find_asking(table, vm, key, hash),
    }
}

/// The same where some `__eq__` is to be asked.
#[inline(never)]
fn find_asking<V>(
    table: &Guarded<Table<V>>,
    vm: &Vm,
    key: &Value,
    hash: i64,
) -> PyResult<Option<(usize, usize)>> {
    let mut after = 0;
    loop {
        let (probe, stamp, size) = table
            .with(|t| (t.find_from(hash, after, |k| same_key(k, key)), t.stamp(), t.index_size()));
        match probe {
            Probe::Absent => return Ok(None),
            Probe::Found { entry, slot } => return Ok(Some((entry, slot))),
            Probe::Ask { entry, slot, steps } => {
                let Some(candidate) = table.with(|t| t.entries()[entry].key.clone()) else {
                    continue;
                };
                let equal = compare::equal(vm, &candidate, key)?;
                // A change elsewhere matters to nobody.
                let steady = |t: &Table<V>| {
                    t.stamp() == stamp
                        || (t.index_size() == size && t.points_to(slot, entry, &candidate))
                };
                if !table.with(steady) {
                    after = 0;
                } else if equal {
                    return Ok(Some((entry, slot)));
                } else {
                    after = steps;
                }
            }
        }
    }
}

/// Is a str or small int key in the table, if that is told without asking any `__eq__`?
pub fn contains_simply<V>(table: &Guarded<Table<V>>, key: &Value) -> Option<bool> {
    let hash = object::simple_hash(key)?;
    match table.with(|t| t.find(hash, |k| same_key(k, key))) {
        Probe::Found { .. } => Some(true),
        Probe::Absent => Some(false),
        Probe::Ask { .. } => None,
    }
}

impl Obj<Dict> {
    /// The value of a name, also where the key is no str but says that it equals the name.
    #[inline]
    pub fn get_name(&self, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        let probe = self.table.with(|t| {
            t.find(name.hash(), |k| match k.downcast::<Str>() {
                Some(k) if k.equals(name) => Same::Yes,
                Some(_) => Same::No,
                None => Same::Unknown,
            })
        });
        match probe {
            Probe::Found { entry, .. } => Ok(self.value_at(entry)),
            Probe::Absent => Ok(None),
            // The key may take the dict away from where it is.
            Probe::Ask { .. } => self.to_ref().get(vm, &name.to_value()),
        }
    }
}

impl Dict {
    /// A new empty dict.
    pub fn new_ref() -> Ref<Dict> {
        Ref::new(Dict::default())
    }
    pub fn with_capacity(entries: usize) -> Ref<Dict> {
        Ref::new(Dict {
            table: DictTable(Guarded::new(Table::with_capacity(entries))),
            keys_version: Cell::new(0),
        })
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.table.with(Table::len)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number that stands for the present keys and their positions, for inline caches.
    pub fn keys_version(&self) -> u64 {
        if self.keys_version.get() == 0 {
            self.keys_version.set(NEXT_KEYS_VERSION.with(|next| {
                *next += 1;
                *next
            }));
        }
        self.keys_version.get()
    }
    #[inline(always)]
    pub fn has_keys_version(&self, version: u64) -> bool {
        self.keys_version.get() == version
    }
    fn keys_changed(&self) {
        self.keys_version.set(0);
    }

    /// The value at an entry's position (of a cached `keys_version`).
    #[inline(always)]
    pub fn value_at(&self, entry: usize) -> Option<Value> {
        self.table.with(|t| t.entries().get(entry).map(|e| e.value.clone()))
    }
    /// Looks at the value at an entry's position, without counting. `f` runs no Python code.
    #[inline(always)]
    pub fn look_at<R>(&self, entry: usize, f: impl FnOnce(&Value) -> Option<R>) -> Option<R> {
        self.table.with(|t| t.entries().get(entry).and_then(|e| f(&e.value)))
    }
    /// Replaces the value at an entry's position (of a cached `keys_version`).
    pub fn replace_at(&self, entry: usize, value: Value) {
        drop(self.exchange_at(entry, value));
    }
    /// The same; the old value is the caller's to drop.
    #[inline(always)]
    pub fn exchange_at(&self, entry: usize, value: Value) -> Option<Value> {
        self.table.with_mut(|t| t.value_mut(entry).map(|v| std::mem::replace(v, value)))
    }

    // ---- str keys: no machine needed ----

    /// The position of a str key.
    #[inline]
    pub fn index_of_str(&self, name: &Str) -> Option<usize> {
        let probe = self.table.with(|t| {
            t.find(name.hash(), |k| match k.downcast::<Str>() {
                Some(k) if k.equals(name) => Same::Yes,
                _ => Same::No,
            })
        });
        match probe {
            Probe::Found { entry, .. } => Some(entry),
            _ => None,
        }
    }

    #[inline]
    pub fn get_str(&self, name: &Str) -> Option<Value> {
        self.value_at(self.index_of_str(name)?)
    }

    /// Sets a str key; returns the value it replaced, for the caller to drop.
    pub fn insert_str(&self, name: &Ref<Str>, value: Value) -> Option<Value> {
        if let Some(entry) = self.index_of_str(name) {
            return self
                .table
                .with_mut(|t| t.value_mut(entry).map(|v| std::mem::replace(v, value)));
        }
        self.keys_changed();
        self.table.with_mut(|t| t.push_new(name.hash(), name.to_value(), value));
        None
    }

    /// Removes a str key; returns its value.
    pub fn remove_str(&self, name: &Str) -> Option<Value> {
        let entry = self.index_of_str(name)?;
        let (key, value) = self.table.with_mut(|t| {
            let slot = t.slot_of(entry)?;
            t.remove(entry, slot, Value::NONE)
        })?;
        self.keys_changed();
        drop(key);
        Some(value)
    }

    // ---- any keys ----

    pub fn get(&self, vm: &Vm, key: &Value) -> PyResult<Option<Value>> {
        let hash = object::hash(vm, key)?;
        self.get_hashed(vm, key, hash)
    }

    pub fn get_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> PyResult<Option<Value>> {
        Ok(match find(&self.table, vm, key, hash)? {
            Some((entry, _)) => self.value_at(entry),
            None => None,
        })
    }

    /// The value of a str or small int key, if it is found without asking any `__eq__`.
    pub fn get_simply(&self, key: &Value) -> Option<Value> {
        self.value_at(self.position_simply(key)?)
    }

    /// The entry of a str or small int key, if it is found without asking any `__eq__`.
    #[inline(never)]
    pub fn position_simply(&self, key: &Value) -> Option<usize> {
        let hash = object::simple_hash(key)?;
        match self.table.with(|t| t.find(hash, |k| same_key(k, key))) {
            Probe::Found { entry, .. } => Some(entry),
            _ => None,
        }
    }

    /// Is a str or small int key there, if that is told without asking any `__eq__`?
    pub fn contains_simply(&self, key: &Value) -> Option<bool> {
        contains_simply(&self.table, key)
    }

    pub fn contains(&self, vm: &Vm, key: &Value) -> PyResult<bool> {
        let hash = object::hash(vm, key)?;
        Ok(find(&self.table, vm, key, hash)?.is_some())
    }

    /// `self[key] = value`
    pub fn insert(&self, vm: &Vm, key: &Value, value: Value) -> PyResult<()> {
        let hash = object::hash(vm, key)?;
        self.insert_hashed(vm, key, hash, value)
    }

    pub fn insert_hashed(&self, vm: &Vm, key: &Value, hash: i64, value: Value) -> PyResult<()> {
        match find(&self.table, vm, key, hash)? {
            Some((entry, _)) => self.replace_at(entry, value),
            None => {
                vm.need(self.table.with(|t| t.growth()))?;
                self.keys_changed();
                self.table.with_mut(|t| t.push_new(hash, key.clone(), value));
            }
        }
        Ok(())
    }

    /// Inserts if absent; returns the value that is there afterwards.
    pub fn set_default(&self, vm: &Vm, key: &Value, default: Value) -> PyResult<Value> {
        let hash = object::hash(vm, key)?;
        if let Some((entry, _)) = find(&self.table, vm, key, hash)?
            && let Some(value) = self.value_at(entry)
        {
            return Ok(value);
        }
        self.keys_changed();
        self.table.with_mut(|t| t.push_new(hash, key.clone(), default.clone()));
        Ok(default)
    }

    /// Takes a key out.
    pub fn remove(&self, vm: &Vm, key: &Value) -> PyResult<Option<Value>> {
        let hash = object::hash(vm, key)?;
        self.remove_hashed(vm, key, hash)
    }

    pub fn remove_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> PyResult<Option<Value>> {
        let Some((entry, slot)) = find(&self.table, vm, key, hash)? else { return Ok(None) };
        self.keys_changed();
        let removed = self.table.with_mut(|t| t.remove(entry, slot, Value::NONE));
        Ok(removed.map(|(_, value)| value))
    }

    /// Takes the last entry out.
    pub fn pop_last(&self) -> Option<(Value, Value)> {
        self.keys_changed();
        self.table.with_mut(|t| t.pop(Value::NONE))
    }

    pub fn clear(&self) {
        self.keys_changed();
        drop(self.table.with_mut(Table::take));
    }

    /// A copy with the same keys, values and order.
    /// A copy, if there is room for one.
    pub(crate) fn copied(&self, vm: &Vm) -> PyResult<Ref<Dict>> {
        vm.need(self.table.with(Table::room))?;
        Ok(self.copy())
    }
    pub fn copy(&self) -> Ref<Dict> {
        let table = self.table.with(Table::copy);
        Ref::new(Dict { table: DictTable(Guarded::new(table)), keys_version: Cell::new(0) })
    }

    // ---- walking ----

    /// The entry at or behind a position: `(position, key, value)`.
    #[inline]
    /// Changes with each key that comes, goes or moves.
    pub(crate) fn stamp(&self) -> u32 {
        self.table.with(|t| t.stamp())
    }
    /// Takes the first pair out.
    pub fn pop_first(&self) -> Option<(Value, Value)> {
        self.keys_changed();
        self.table.with_mut(|t| {
            let entry = t.next_live(0)?;
            let slot = t.slot_of(entry)?;
            t.remove(entry, slot, Value::NONE)
        })
    }
    /// Moves a key with its value to the end, or the start; `false` if there is no such key.
    pub fn move_to_end(&self, vm: &Vm, key: &Value, last: bool) -> PyResult<bool> {
        let hash = object::hash(vm, key)?;
        let Some((entry, slot)) = find(&self.table, vm, key, hash)? else { return Ok(false) };
        self.keys_changed();
        self.table.with_mut(|t| {
            let there =
                if last { entry + 1 == t.entries().len() } else { t.next_live(0) == Some(entry) };
            if there {
                return;
            }
            let Some((key, value)) = t.remove(entry, slot, Value::NONE) else { return };
            if last {
                t.push_new(hash, key, value);
            } else {
                t.push_front(hash, key, value);
            }
        });
        Ok(true)
    }
    pub fn entry_from(&self, at: usize) -> Option<(usize, Value, Value)> {
        self.table.with(|t| {
            let at = t.next_live(at)?;
            let entry = &t.entries()[at];
            entry.key.clone().map(|key| (at, key, entry.value.clone()))
        })
    }
    /// Every key with its value; `f` runs no Python code.
    pub fn for_each(&self, mut f: impl FnMut(&Value, &Value)) {
        self.table.with(|t| t.live().for_each(|(k, v, _)| f(k, v)));
    }
    pub fn items_vec(&self) -> Vec<(Value, Value)> {
        self.table.with(|t| t.live().map(|(k, v, _)| (k.clone(), v.clone())).collect())
    }
    pub fn keys_vec(&self) -> Vec<Value> {
        self.table.with(|t| t.live().map(|(k, _, _)| k.clone()).collect())
    }
    pub fn keys_hashed(&self) -> Vec<(Value, i64)> {
        self.table.with(|t| t.live().map(|(k, _, hash)| (k.clone(), hash)).collect())
    }
    pub fn values_vec(&self) -> Vec<Value> {
        self.table.with(|t| t.live().map(|(_, v, _)| v.clone()).collect())
    }
}

impl Obj<Dict> {
    /// `self.update(other)` for a dict.
    pub fn merge(&self, vm: &Vm, other: &Obj<Dict>) -> PyResult<()> {
        let mut at = 0;
        let len = other.len();
        while let Some((i, key, value)) = other.entry_from(at) {
            let hash = other.table.with(|t| t.entries()[i].hash);
            self.insert_hashed(vm, &key, hash, value)?;
            if other.len() != len {
                return Err(vm.runtime_error("dict mutated during update"));
            }
            at = i + 1;
        }
        Ok(())
    }
}
