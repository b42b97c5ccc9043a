//! `enumerate`, `reversed`, `zip`, `map`, `filter`.
//!
//! CPython's counterpart: `Objects/enumobject.c` and the iterators of `Python/bltinmodule.c`.

use crate::object::{Guarded, Obj, Ref, ValueCell};
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::number::BinOp;
use crate::protocol::{call, iter, number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use smallvec::SmallVec;
use std::cell::Cell;

/// Return an enumerate object.
///
///   iterable
///     an object supporting iteration
#[pyclass(name = "enumerate", base_type, sig = "(iterable, start=0)")]
pub struct Enumerate {
    iterator: Value,
    next: Guarded<Value>,
}

impl Enumerate {
    /// The next index and item, for those who need no tuple.
    pub fn next_pair(&self, vm: &Vm) -> PyResult<Option<(Value, Value)>> {
        let Some(item) = iter::next(vm, &self.iterator)? else { return Ok(None) };
        let index = self.next.get();
        let next = match index.as_small_int().and_then(|i| Value::small_int(i + 1)) {
            Some(next) => next,
            None => number::binary(vm, &index, &Value::int_unchecked(1), BinOp::Add)?,
        };
        drop(self.next.replace(next));
        Ok(Some((index, item)))
    }
}

#[pymethods]
impl Enumerate {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let mut given: [Option<Value>; 2] = [None, None];
        let positional = args.args();
        if positional.len() > 2 {
            return Err(vm.type_error(format!(
                "enumerate() takes at most 2 arguments ({} given)",
                positional.len()
            )));
        }
        for (place, value) in given.iter_mut().zip(positional) {
            *place = Some(value.clone());
        }
        for (name, value) in args.keywords() {
            match name.downcast::<Str>().and_then(|n| n.as_ascii()) {
                Some("iterable") => given[0] = Some(value.clone()),
                Some("start") => given[1] = Some(value.clone()),
                _ => {
                    return Err(vm.type_error(format!(
                        "'{}' is an invalid keyword argument for enumerate()",
                        object::str(vm, name)?
                    )));
                }
            }
        }
        let [Some(iterable), start] = given else {
            return Err(vm.type_error("enumerate() missing required argument 'iterable' (pos 1)"));
        };
        let start = match start {
            Some(start) => number::index(vm, &start)?,
            None => Value::int_unchecked(0),
        };
        let iterator = iter::iter(vm, &iterable)?;
        Ok(Ref::with_type(Enumerate { iterator, next: Guarded::new(start) }, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Enumerate>, vm: &Vm) -> PyResult<Option<Value>> {
        Ok(zelf.next_pair(vm)?.map(|(index, item)| Tuple::pair(index, item).into()))
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<Enumerate>, _vm: &Vm) -> (Value, (Value, Value)) {
        (zelf.ty().to_value(), (zelf.iterator.clone(), zelf.next.get()))
    }
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}

/// Return a reverse iterator over the values of the given sequence.
#[pyclass(name = "reversed", base_type, sig = "(sequence, /)")]
pub struct Reversed {
    sequence: ValueCell,
    #[notrace]
    at: Cell<i64>,
}

#[pymethods]
impl Reversed {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [sequence] = args.all() else {
            return Err(
                vm.type_error(format!("reversed expected 1 argument, got {}", args.all().len()))
            );
        };
        let name = &vm.names().__reversed__;
        if sequence.ty().lookup(name).is_some_and(|m| m.is_none()) {
            return Err(
                vm.type_error(format!("'{}' object is not reversible", sequence.ty().name()))
            );
        }
        if let Some(result) = object::call_special(vm, sequence, name, &[])? {
            return Ok(result);
        }
        if !object::is_sequence(sequence) {
            return Err(
                vm.type_error(format!("'{}' object is not reversible", sequence.ty().name()))
            );
        }
        let len = object::len(vm, sequence)? as i64;
        let payload = Reversed { sequence: sequence.clone().into(), at: Cell::new(len - 1) };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Reversed>, vm: &Vm) -> PyResult<Option<Value>> {
        let at = zelf.at.get();
        let Some(sequence) = zelf.sequence.get().filter(|_| at >= 0) else {
            zelf.sequence.set(None);
            return Ok(None);
        };
        match object::get_item(vm, &sequence, &Value::int_unchecked(at)) {
            Ok(item) => {
                zelf.at.set(at - 1);
                Ok(Some(item))
            }
            Err(e)
                if e.is(&vm.exceptions().index_error) || e.is(&vm.exceptions().stop_iteration) =>
            {
                zelf.sequence.set(None);
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
    #[pymethod]
    fn __length_hint__(zelf: &Obj<Reversed>, vm: &Vm) -> PyResult<i64> {
        let Some(sequence) = zelf.sequence.get() else { return Ok(0) };
        let len = object::len(vm, &sequence)? as i64;
        Ok(if len < zelf.at.get() + 1 { 0 } else { zelf.at.get() + 1 })
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<Reversed>, _vm: &Vm) -> Value {
        let class = zelf.ty().to_value();
        let one = |value: Value| -> Value { Tuple::from_vec(vec![value]).into() };
        match zelf.sequence.get() {
            Some(sequence) => {
                let at = Value::int_unchecked(zelf.at.get());
                Tuple::from_vec(vec![class, one(sequence), at]).into()
            }
            None => Tuple::from_vec(vec![class, one(Tuple::empty().into())]).into(),
        }
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<Reversed>, vm: &Vm, state: &Value) -> PyResult<()> {
        if !super::int::is_int(state) {
            return Err(vm.type_error("an integer is required"));
        }
        let at = number::to_ssize(vm, state)? as i64;
        if let Some(sequence) = zelf.sequence.get() {
            let last = object::len(vm, &sequence)? as i64 - 1;
            zelf.at.set(at.clamp(-1, last.max(-1)));
        }
        Ok(())
    }
}

/// `__reduce__` of what draws on other iterators: its class is called with them; `strict` is the state.
fn reduce_with(class: Value, arguments: Vec<Value>, strict: bool) -> Value {
    let mut parts = vec![class, Tuple::from_vec(arguments).into()];
    if strict {
        parts.push(Value::TRUE);
    }
    Tuple::from_vec(parts).into()
}

/// The zip object yields n-length tuples, where n is the number of iterables
/// passed as positional arguments to zip().
///
/// >>> list(zip('abc', range(3)))
/// [('a', 0), ('b', 1), ('c', 2)]
#[pyclass(name = "zip", base_type, sig = "(*iterables, strict=False)")]
pub struct Zip {
    iterators: Vec<Value>,
    #[notrace]
    strict: Cell<bool>,
}

/// `strict=...` among keyword arguments.
fn strict_argument(vm: &Vm, name: &str, args: CallArgs<'_>) -> PyResult<bool> {
    let mut strict = false;
    for (key, value) in args.keywords() {
        if key.downcast::<Str>().is_some_and(|k| k.is_str("strict")) {
            strict = object::is_true(vm, value)?;
        } else {
            return Err(vm.type_error(format!(
                "{name}() got an unexpected keyword argument '{}'",
                object::str(vm, key)?
            )));
        }
    }
    Ok(strict)
}

/// The next item of each iterator; `strict` demands that all end together.
fn next_of_all(
    vm: &Vm,
    iterators: &[Value],
    strict: bool,
    what: &str,
) -> PyResult<Option<SmallVec<[Value; 4]>>> {
    let mut items = SmallVec::with_capacity(iterators.len());
    for iterator in iterators {
        match iter::next(vm, iterator)? {
            Some(item) => items.push(item),
            None if strict => return unequal_ends(vm, iterators, items.len(), what).map(|()| None),
            None => return Ok(None),
        }
    }
    Ok(Some(items))
}

/// Iterator `i` has ended: it must be the first, and all others with it.
#[cold]
fn unequal_ends(vm: &Vm, iterators: &[Value], i: usize, what: &str) -> PyResult<()> {
    let error = |j: usize, how: &str| {
        let before = if j == 1 { " 1".to_string() } else { format!("s 1-{j}") };
        vm.value_error(format!("{what}() argument {} is {how} than argument{before}", j + 1))
    };
    if i > 0 {
        return Err(error(i, "shorter"));
    }
    for (j, other) in iterators.iter().enumerate().skip(1) {
        if iter::next(vm, other)?.is_some() {
            return Err(error(j, "longer"));
        }
    }
    Ok(())
}

impl Zip {
    /// The next items of two iterators, for those who need no tuple; `None` if there are not two.
    pub fn next_pair(&self, vm: &Vm) -> Option<PyResult<Option<(Value, Value)>>> {
        let [first, second] = self.iterators.as_slice() else { return None };
        if self.strict.get() {
            return None;
        }
        let pair = || {
            let Some(a) = iter::next(vm, first)? else { return Ok(None) };
            Ok(iter::next(vm, second)?.map(|b| (a, b)))
        };
        Some(pair())
    }

    /// The next items of `n` iterators, the same way.
    pub fn next_few(&self, vm: &Vm, n: usize) -> Option<PyResult<Option<SmallVec<[Value; 4]>>>> {
        if self.iterators.len() != n || n == 0 || self.strict.get() {
            return None;
        }
        Some(next_of_all(vm, &self.iterators, false, "zip"))
    }
}

#[pymethods]
impl Zip {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let strict = strict_argument(vm, "zip", args)?;
        let mut iterators = Vec::new();
        for (i, iterable) in args.args().iter().enumerate() {
            if !iter::is_iterable(iterable) {
                return Err(
                    vm.type_error(format!("zip argument #{} must support iteration", i + 1))
                );
            }
            iterators.push(iter::iter(vm, iterable)?);
        }
        Ok(Ref::with_type(Zip { iterators, strict: Cell::new(strict) }, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Zip>, vm: &Vm) -> PyResult<Option<Value>> {
        if let Some(pair) = zelf.next_pair(vm) {
            return Ok(pair?.map(|(a, b)| Tuple::pair(a, b).into()));
        }
        if zelf.iterators.is_empty() {
            return Ok(None);
        }
        let items = next_of_all(vm, &zelf.iterators, zelf.strict.get(), "zip")?;
        Ok(items.map(|items| Tuple::from_small(items).into()))
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<Zip>, _vm: &Vm) -> Value {
        reduce_with(zelf.ty().to_value(), zelf.iterators.clone(), zelf.strict.get())
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<Zip>, vm: &Vm, state: &Value) -> PyResult<()> {
        zelf.strict.set(object::is_true(vm, state)?);
        Ok(())
    }
}

/// Make an iterator that computes the function using arguments from
/// each of the iterables.
#[pyclass(name = "map", base_type, sig = "(function, iterable, /, *iterables, strict=False)")]
pub struct Map {
    function: Value,
    iterators: Vec<Value>,
    #[notrace]
    strict: Cell<bool>,
}

#[pymethods]
impl Map {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let strict = strict_argument(vm, "map", args)?;
        let [function, iterables @ ..] = args.args() else {
            return Err(vm.type_error("map() must have at least two arguments."));
        };
        if iterables.is_empty() {
            return Err(vm.type_error("map() must have at least two arguments."));
        }
        let mut iterators = Vec::new();
        for iterable in iterables {
            iterators.push(iter::iter(vm, iterable)?);
        }
        Ok(Ref::with_type(
            Map { function: function.clone(), iterators, strict: Cell::new(strict) },
            ty,
        )
        .into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Map>, vm: &Vm) -> PyResult<Option<Value>> {
        if let [only] = zelf.iterators.as_slice() {
            return match iter::next(vm, only)? {
                Some(item) => call::call(vm, &zelf.function, &[item]).map(Some),
                None => Ok(None),
            };
        }
        match next_of_all(vm, &zelf.iterators, zelf.strict.get(), "map")? {
            Some(items) => call::call(vm, &zelf.function, &items).map(Some),
            None => Ok(None),
        }
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<Map>, _vm: &Vm) -> Value {
        let function = std::iter::once(zelf.function.clone());
        let arguments = function.chain(zelf.iterators.iter().cloned()).collect();
        reduce_with(zelf.ty().to_value(), arguments, zelf.strict.get())
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<Map>, vm: &Vm, state: &Value) -> PyResult<()> {
        zelf.strict.set(object::is_true(vm, state)?);
        Ok(())
    }
}

/// Return an iterator yielding those items of iterable for which function(item)
/// is true. If function is None, return the items that are true.
#[pyclass(name = "filter", base_type, sig = "(function, iterable, /)")]
pub struct Filter {
    function: Value,
    iterator: Value,
}

#[pymethods]
impl Filter {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [function, iterable] = args.all() else {
            return Err(
                vm.type_error(format!("filter expected 2 arguments, got {}", args.all().len()))
            );
        };
        let iterator = iter::iter(vm, iterable)?;
        Ok(Ref::with_type(Filter { function: function.clone(), iterator }, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Filter>, vm: &Vm) -> PyResult<Option<Value>> {
        while let Some(item) = iter::next(vm, &zelf.iterator)? {
            let keep = if zelf.function.is_none() {
                object::is_true(vm, &item)?
            } else {
                let answer = call::call(vm, &zelf.function, std::slice::from_ref(&item))?;
                object::is_true(vm, &answer)?
            };
            if keep {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<Filter>, _vm: &Vm) -> Value {
        let arguments = vec![zelf.function.clone(), zelf.iterator.clone()];
        reduce_with(zelf.ty().to_value(), arguments, false)
    }
}
