//! The memos: which objects a pickler has written, and which an unpickler has read; and the objects
//! by which Python sees them.

use super::pickler::Pickler;
use super::unpickler::Unpickler;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::Visitor;
use adder_vm::object::trace::{Empty, Trace};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::int;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::object;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::collections::HashMap;

/// Addresses are spread by one multiplication; the table takes its bits from both ends.
fn hash(object: &Value) -> u64 {
    // 2^64 over the golden ratio.
    let product = (object.bits() >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ product >> 32
}

/// Objects by identity, with their numbers; it keeps them alive, so that no other object can come
/// to lie where one of them lay.
#[derive(Default)]
pub struct Written(HashTable<(Value, usize)>);

impl Written {
    pub fn len(&self) -> usize {
        self.0.len()
    }
    #[inline]
    pub fn get(&self, object: &Value) -> Option<usize> {
        self.0.find(hash(object), |(known, _)| known.is(object)).map(|(_, number)| *number)
    }
    /// Returns what it replaced, to be dropped outside.
    pub fn set(&mut self, number: usize, object: Value) -> Option<Value> {
        let hash_of = |(known, _): &(Value, usize)| hash(known);
        match self.0.entry(hash(&object), |(known, _)| known.is(&object), hash_of) {
            Entry::Occupied(mut there) => {
                Some(std::mem::replace(there.get_mut(), (object, number)).0)
            }
            Entry::Vacant(place) => {
                place.insert((object, number));
                None
            }
        }
    }
    fn entries(&self) -> Vec<(usize, Value)> {
        let mut all: Vec<_> = self.0.iter().map(|(object, n)| (*n, object.clone())).collect();
        all.sort_by_key(|(number, _)| *number);
        all
    }
}

impl Trace for Written {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.0.iter().for_each(|(object, _)| visit(object));
    }
}

impl Empty for Written {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        bag.extend(self.0.drain().map(|(object, _)| object));
    }
}

/// Objects by the numbers that the pickle gives them: in a row, as far as the numbers are in one.
#[derive(Default)]
pub struct Read {
    row: Vec<Option<Value>>,
    /// Numbers far beyond the row, which only a hostile pickle has.
    others: HashMap<usize, Value>,
    len: usize,
}

impl Read {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn get(&self, number: usize) -> Option<Value> {
        match self.row.get(number) {
            Some(found) => found.clone(),
            None => self.others.get(&number).cloned(),
        }
    }
    /// Returns what it replaced, to be dropped outside.
    pub fn set(&mut self, number: usize, object: Value) -> Option<Value> {
        let old = if number == self.row.len() {
            self.row.push(Some(object));
            self.others.remove(&number).inspect(|_| self.len -= 1)
        } else if number < self.row.len() {
            self.row[number].replace(object)
        } else if number < 2 * self.row.len() + 64 && self.others.is_empty() {
            self.row.resize_with(number + 1, || None);
            self.row[number].replace(object)
        } else {
            self.others.insert(number, object)
        };
        self.len += usize::from(old.is_none());
        old
    }
    fn entries(&self) -> Vec<(usize, Value)> {
        let row = self.row.iter().enumerate();
        let row = row.filter_map(|(number, object)| Some((number, object.clone()?)));
        row.chain(self.others.iter().map(|(number, object)| (*number, object.clone()))).collect()
    }
}

impl Trace for Read {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.row.iter().flatten().chain(self.others.values()).for_each(visit);
    }
}

impl Empty for Read {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        bag.extend(self.row.drain(..).flatten());
        bag.extend(self.others.drain().map(|(_, object)| object));
        self.len = 0;
    }
}

// ---- as Python sees them ----

/// What `__reduce__` of both returns.
fn reduced(copy: Ref<Dict>) -> Ref<Tuple> {
    let dict = copy.ty().to_value();
    Tuple::pair(dict, Tuple::from_vec(vec![copy.into()]).into())
}

#[pyclass(name = "_pickle.PicklerMemoProxy", no_new)]
pub struct PicklerMemoProxy {
    pickler: Ref<Pickler>,
}

impl PicklerMemoProxy {
    pub fn make(vm: &Vm, pickler: Ref<Pickler>) -> Value {
        let proxy = PicklerMemoProxy { pickler };
        Ref::with_type(proxy, vm.type_object::<PicklerMemoProxy>()).into()
    }
}

#[pymethods]
impl PicklerMemoProxy {
    /// Remove all items from memo.
    #[pymethod]
    fn clear(zelf: &Obj<PicklerMemoProxy>, _vm: &Vm) {
        drop(zelf.pickler.memo.replace(Written::default()));
    }
    /// Copy the memo to a new object.
    #[pymethod]
    fn copy(zelf: &Obj<PicklerMemoProxy>, vm: &Vm) -> PyResult<Ref<Dict>> {
        let copy = Dict::new_ref();
        for (number, object) in zelf.pickler.memo.with(Written::entries) {
            let id = int::from_i128(object::address(&object).into());
            let entry = Tuple::pair(int::from_i64(number as i64), object);
            copy.insert(vm, &id, entry.into())?;
        }
        Ok(copy)
    }
    /// Implement pickle support.
    #[pymethod]
    fn __reduce__(zelf: &Obj<PicklerMemoProxy>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        Ok(reduced(PicklerMemoProxy::copy(zelf, vm)?))
    }
}

/// The memo that `pickler.memo = value` asks for.
pub fn written_from(vm: &Vm, value: &Value) -> PyResult<Written> {
    let mut memo = Written::default();
    if let Some(proxy) = value.downcast::<PicklerMemoProxy>() {
        for (number, object) in proxy.pickler.memo.with(Written::entries) {
            memo.set(number, object);
        }
        return Ok(memo);
    }
    let Some(dict) = value.downcast::<Dict>() else {
        return Err(vm.type_error(format!(
            "'memo' attribute must be a PicklerMemoProxy object or dict, not {}",
            value.ty().name()
        )));
    };
    for (_, entry) in dict.items_vec() {
        let pair = entry.downcast::<Tuple>().map(|entry| entry.items());
        let Some([number, object]) = pair else {
            return Err(vm.type_error("'memo' values must be 2-item tuples"));
        };
        if !int::is_int(number) {
            return Err(vm.type_error("an integer is required"));
        }
        let number = adder_vm::protocol::number::to_ssize(vm, number)?;
        memo.set(number.max(0) as usize, object.clone());
    }
    Ok(memo)
}

#[pyclass(name = "_pickle.UnpicklerMemoProxy", no_new)]
pub struct UnpicklerMemoProxy {
    unpickler: Ref<Unpickler>,
}

impl UnpicklerMemoProxy {
    pub fn make(vm: &Vm, unpickler: Ref<Unpickler>) -> Value {
        let proxy = UnpicklerMemoProxy { unpickler };
        Ref::with_type(proxy, vm.type_object::<UnpicklerMemoProxy>()).into()
    }
}

#[pymethods]
impl UnpicklerMemoProxy {
    /// Remove all items from memo.
    #[pymethod]
    fn clear(zelf: &Obj<UnpicklerMemoProxy>, _vm: &Vm) {
        drop(zelf.unpickler.memo.replace(Read::default()));
    }
    /// Copy the memo to a new object.
    #[pymethod]
    fn copy(zelf: &Obj<UnpicklerMemoProxy>, vm: &Vm) -> PyResult<Ref<Dict>> {
        let copy = Dict::new_ref();
        for (number, object) in zelf.unpickler.memo.with(Read::entries) {
            copy.insert(vm, &int::from_i64(number as i64), object)?;
        }
        Ok(copy)
    }
    /// Implement pickling support.
    #[pymethod]
    fn __reduce__(zelf: &Obj<UnpicklerMemoProxy>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        Ok(reduced(UnpicklerMemoProxy::copy(zelf, vm)?))
    }
}

/// The memo that `unpickler.memo = value` asks for.
pub fn read_from(vm: &Vm, value: &Value) -> PyResult<Read> {
    let mut memo = Read::default();
    if let Some(proxy) = value.downcast::<UnpicklerMemoProxy>() {
        for (number, object) in proxy.unpickler.memo.with(Read::entries) {
            memo.set(number, object);
        }
        return Ok(memo);
    }
    let Some(dict) = value.downcast::<Dict>() else {
        return Err(vm.type_error(format!(
            "'memo' attribute must be an UnpicklerMemoProxy object or dict, not {}",
            value.ty().name()
        )));
    };
    for (number, object) in dict.items_vec() {
        if !int::is_int(&number) {
            return Err(vm.type_error("memo key must be integers"));
        }
        match usize::try_from(adder_vm::protocol::number::to_ssize(vm, &number)?) {
            Ok(number) => drop(memo.set(number, object)),
            Err(_) => return Err(vm.value_error("memo key must be positive integers.")),
        }
    }
    Ok(memo)
}
