//! `_testinternalcapi.hamt`: the persistent map under `contextvars`, with any objects as keys.
//! CPython's counterpart: the types of `Python/hamt.c`.

use adder_derive::{pyclass, pymethods};
use adder_modules_core::contextvars::hamt::{Equality, Map};
use adder_vm::object::Guarded;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::compare::{self, CmpOp};
use adder_vm::protocol::object;
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// A map that never changes: setting a key makes another one.
#[pyclass(name = "hamt", mapping)]
pub struct Hamt {
    map: Guarded<Map>,
}

impl Hamt {
    fn make(vm: &Vm, map: Map) -> Value {
        Ref::with_type(Hamt { map: Guarded::new(map) }, vm.type_object::<Hamt>()).into()
    }
    /// Comparing keys runs Python code, so that it goes on with a reference of its own.
    fn map(&self) -> Map {
        self.map.get()
    }
    fn lookup(&self, vm: &Vm, key: &Value) -> PyResult<Option<Value>> {
        let hash = object::hash(vm, key)? as u64;
        self.map().get(&Equality(vm), hash, key)
    }
    fn same(&self, vm: &Vm, other: &Hamt) -> PyResult<bool> {
        let (mine, theirs) = (self.map(), other.map());
        if mine.len() != theirs.len() {
            return Ok(false);
        }
        for (key, value) in mine.entries() {
            let hash = object::hash(vm, &key)? as u64;
            match theirs.get(&Equality(vm), hash, &key)? {
                Some(other) if compare::equal(vm, &value, &other)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
    fn iterate(&self, vm: &Vm, part: fn(Value, Value) -> Value) -> Value {
        let all = self.map().entries().into_iter().map(|(key, value)| part(key, value)).collect();
        let iterator = HamtIter { all: Guarded::new(all), next: Cell::new(0) };
        Ref::with_type(iterator, vm.type_object::<HamtIter>()).into()
    }
}

#[pymethods]
impl Hamt {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if !args.is_empty() {
            return Err(vm.type_error("hamt() takes no arguments"));
        }
        Ok(Hamt::make(vm, Map::default()))
    }
    #[slot]
    fn len(zelf: &Obj<Hamt>, _vm: &Vm) -> PyResult<usize> {
        Ok(zelf.map.with(Map::len))
    }
    #[slot]
    fn getitem(zelf: &Obj<Hamt>, vm: &Vm, key: &Value) -> PyResult {
        zelf.lookup(vm, key)?.ok_or_else(|| vm.key_error(key))
    }
    #[slot]
    fn contains(zelf: &Obj<Hamt>, vm: &Vm, key: &Value) -> PyResult<bool> {
        Ok(zelf.lookup(vm, key)?.is_some())
    }
    #[slot]
    fn iter(zelf: &Obj<Hamt>, vm: &Vm) -> PyResult {
        Ok(zelf.iterate(vm, |key, _| key))
    }
    #[slot]
    fn richcompare(zelf: &Obj<Hamt>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        match (other.downcast::<Hamt>(), op) {
            (Some(other), CmpOp::Eq) => Ok(Value::bool(zelf.same(vm, other)?)),
            (Some(other), CmpOp::Ne) => Ok(Value::bool(!zelf.same(vm, other)?)),
            _ => Ok(Value::NOT_IMPLEMENTED),
        }
    }
    /// The map with a key set.
    #[pymethod]
    fn set(zelf: &Obj<Hamt>, vm: &Vm, key: Value, value: Value) -> PyResult {
        let hash = object::hash(vm, &key)? as u64;
        let changed = zelf.map().with(&Equality(vm), hash, key, value)?;
        Ok(changed.map_or_else(|| zelf.to_value(), |map| Hamt::make(vm, map)))
    }
    /// The map without a key.
    #[pymethod]
    fn delete(zelf: &Obj<Hamt>, vm: &Vm, key: &Value) -> PyResult {
        let hash = object::hash(vm, key)? as u64;
        let changed = zelf.map().without(&Equality(vm), hash, key)?;
        Ok(changed.map_or_else(|| zelf.to_value(), |map| Hamt::make(vm, map)))
    }
    #[pymethod(sig = "($self, key, default=None, /)")]
    fn get(zelf: &Obj<Hamt>, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        Ok(zelf.lookup(vm, key)?.or(default).unwrap_or(Value::NONE))
    }
    #[pymethod]
    fn keys(zelf: &Obj<Hamt>, vm: &Vm) -> Value {
        zelf.iterate(vm, |key, _| key)
    }
    #[pymethod]
    fn values(zelf: &Obj<Hamt>, vm: &Vm) -> Value {
        zelf.iterate(vm, |_, value| value)
    }
    #[pymethod]
    fn items(zelf: &Obj<Hamt>, vm: &Vm) -> Value {
        zelf.iterate(vm, |key, value| Tuple::from_vec(vec![key, value]).into())
    }
}

/// Walks over what a map held when it was made; its length is that of the map.
#[pyclass(name = "hamt_iterator", no_new)]
pub struct HamtIter {
    all: Guarded<Vec<Value>>,
    next: Cell<usize>,
}

#[pymethods]
impl HamtIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<HamtIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        let item = zelf.all.with(|all| all.get(zelf.next.get()).cloned());
        zelf.next.set(zelf.next.get() + usize::from(item.is_some()));
        Ok(item)
    }
    #[slot]
    fn len(zelf: &Obj<HamtIter>, _vm: &Vm) -> PyResult<usize> {
        Ok(zelf.all.with(Vec::len))
    }
}
