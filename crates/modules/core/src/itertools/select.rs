//! Iterators that pick from, or walk along, one or several iterables.

use super::step;
use crate::support::{Signature, no_keywords};
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Guarded, ValueCell};
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::protocol::{call, iter, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// Return series of accumulated sums (or other binary function results).
#[pyclass(name = "itertools.accumulate", base_type, sig = "(iterable, func=None, *, initial=None)")]
pub struct Accumulate {
    iterator: Value,
    function: Option<Value>,
    total: ValueCell,
    initial: ValueCell,
}

#[pymethods]
impl Accumulate {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<3> = Signature {
            function: "accumulate",
            names: ["iterable", "func", "initial"],
            required: 1,
            positional: 2,
        };
        let [iterable, function, initial] = SIGNATURE.bind(vm, args)?;
        let payload = Accumulate {
            iterator: iter::iter(vm, &iterable.unwrap_or(Value::NONE))?,
            function: function.filter(|f| !f.is_none()),
            total: ValueCell::default(),
            initial: initial.filter(|i| !i.is_none()).into(),
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Accumulate>, vm: &Vm) -> PyResult<Option<Value>> {
        if let Some(initial) = zelf.initial.take() {
            zelf.total.set(Some(initial.clone()));
            return Ok(Some(initial));
        }
        let Some(item) = iter::next(vm, &zelf.iterator)? else { return Ok(None) };
        let total = match (zelf.total.get(), &zelf.function) {
            (None, _) => item,
            (Some(total), None) => number::binary(vm, &total, &item, BinOp::Add)?,
            (Some(total), Some(function)) => call::call(vm, function, &[total, item])?,
        };
        zelf.total.set(Some(total.clone()));
        Ok(Some(total))
    }
}

/// chain(*iterables)
///
/// Return a chain object whose .__next__() method returns elements from the
/// first iterable until it is exhausted, then elements from the next
/// iterable, until all of the iterables are exhausted.
#[pyclass(name = "itertools.chain", base_type, sig = "(*iterables)")]
pub struct Chain {
    source: ValueCell,
    active: ValueCell,
}

#[pymethods]
impl Chain {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        no_keywords(vm, "chain", args)?;
        let source = iter::iter(vm, &Tuple::from_slice(args.args()).into())?;
        Ok(Ref::with_type(Chain { source: source.into(), active: ValueCell::default() }, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Chain>, vm: &Vm) -> PyResult<Option<Value>> {
        loop {
            if let Some(item) = step(vm, &zelf.active)? {
                return Ok(Some(item));
            }
            let Some(source) = zelf.source.get() else { return Ok(None) };
            let next = match iter::next(vm, &source) {
                Ok(Some(iterable)) => iter::iter(vm, &iterable),
                Ok(None) => {
                    zelf.source.set(None);
                    return Ok(None);
                }
                Err(e) => Err(e),
            };
            match next {
                Ok(active) => zelf.active.set(Some(active)),
                Err(e) => {
                    zelf.source.set(None);
                    return Err(e);
                }
            }
        }
    }
    /// Alternative chain() constructor taking a single iterable argument that evaluates lazily.
    #[classmethod]
    fn from_iterable(cls: &Value, vm: &Vm, iterable: &Value) -> PyResult {
        let source = iter::iter(vm, iterable)?;
        let Some(ty) = cls.downcast::<Type>() else {
            return Err(vm.wrong_receiver::<Chain>(cls));
        };
        Ok(Ref::with_type(Chain { source: source.into(), active: ValueCell::default() }, ty).into())
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }
}

/// Return data elements corresponding to true selector elements.
///
/// Forms a shorter iterator from selected data elements using the selectors to
/// choose the data elements.
#[pyclass(name = "itertools.compress", base_type, sig = "(data, selectors)")]
pub struct Compress {
    data: Value,
    selectors: Value,
}

#[pymethods]
impl Compress {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<2> = Signature {
            function: "compress",
            names: ["data", "selectors"],
            required: 2,
            positional: 2,
        };
        let bound = SIGNATURE.bind(vm, args)?;
        let [data, selectors] = bound.map(|v| v.unwrap_or(Value::NONE));
        let payload =
            Compress { data: iter::iter(vm, &data)?, selectors: iter::iter(vm, &selectors)? };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Compress>, vm: &Vm) -> PyResult<Option<Value>> {
        loop {
            let Some(item) = iter::next(vm, &zelf.data)? else { return Ok(None) };
            let Some(selector) = iter::next(vm, &zelf.selectors)? else { return Ok(None) };
            if object::is_true(vm, &selector)? {
                return Ok(Some(item));
            }
        }
    }
}

/// Iterators made from a function and an iterable.
macro_rules! function_and_iterable {
    ($name:ident, $python:literal, $short:literal, $sig:literal, $doc:literal,
     $([$flag:ident: $flag_doc:literal],)? |$zelf:ident, $vm:ident| $next:expr) => {
        #[doc = $doc]
        #[pyclass(name = $python, base_type, sig = $sig)]
        pub struct $name {
            function: Value,
            iterator: Value,
            $(
                #[doc = $flag_doc]
                #[notrace]
                $flag: Cell<bool>,
            )?
        }

        #[pymethods]
        impl $name {
            #[slot]
            fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
                const SIGNATURE: Signature<2> =
                    Signature { function: $short, names: ["", ""], required: 2, positional: 2 };
                let bound = SIGNATURE.bind(vm, args)?;
                let [function, iterable] = bound.map(|v| v.unwrap_or(Value::NONE));
                let iterator = iter::iter(vm, &iterable)?;
                let payload = $name { function, iterator $(, $flag: Cell::new(false))? };
                Ok(Ref::with_type(payload, ty).into())
            }
            #[slot]
            fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
                Ok(zelf.clone())
            }
            #[slot]
            fn iternext($zelf: &Obj<$name>, $vm: &Vm) -> PyResult<Option<Value>> {
                $next
            }
        }
    };
}

function_and_iterable!(
    DropWhile,
    "itertools.dropwhile",
    "dropwhile",
    "(predicate, iterable, /)",
    "Drop items from the iterable while predicate(item) is true.\n\nAfterwards, return every element until the iterable is exhausted.",
    [giving: "The predicate has failed once."],
    |zelf, vm| {
        loop {
            let Some(item) = iter::next(vm, &zelf.iterator)? else { return Ok(None) };
            if zelf.giving.get() {
                return Ok(Some(item));
            }
            let verdict = call::call(vm, &zelf.function, std::slice::from_ref(&item))?;
            if !object::is_true(vm, &verdict)? {
                zelf.giving.set(true);
                return Ok(Some(item));
            }
        }
    }
);

function_and_iterable!(
    TakeWhile,
    "itertools.takewhile",
    "takewhile",
    "(predicate, iterable, /)",
    "Return successive entries from an iterable as long as the predicate evaluates to true for each entry.",
    [over: "The predicate has failed."],
    |zelf, vm| {
        if zelf.over.get() {
            return Ok(None);
        }
        let Some(item) = iter::next(vm, &zelf.iterator)? else { return Ok(None) };
        let verdict = call::call(vm, &zelf.function, std::slice::from_ref(&item))?;
        if object::is_true(vm, &verdict)? {
            return Ok(Some(item));
        }
        zelf.over.set(true);
        Ok(None)
    }
);

function_and_iterable!(
    FilterFalse,
    "itertools.filterfalse",
    "filterfalse",
    "(function, iterable, /)",
    "Return those items of iterable for which function(item) is false.\n\nIf function is None, return the items that are false.",
    |zelf, vm| {
        let plain = zelf.function.is_none()
            || zelf.function.is(&vm.type_object::<adder_vm::objects::bool_::BoolObj>().to_value());
        loop {
            let Some(item) = iter::next(vm, &zelf.iterator)? else { return Ok(None) };
            let verdict = if plain {
                item.clone()
            } else {
                call::call(vm, &zelf.function, std::slice::from_ref(&item))?
            };
            if !object::is_true(vm, &verdict)? {
                return Ok(Some(item));
            }
        }
    }
);

function_and_iterable!(
    StarMap,
    "itertools.starmap",
    "starmap",
    "(function, iterable, /)",
    "Return an iterator whose values are returned from the function evaluated with an argument tuple taken from the given sequence.",
    |zelf, vm| {
        let Some(args) = iter::next(vm, &zelf.iterator)? else { return Ok(None) };
        let args = iter::collect(vm, &args)?;
        call::call(vm, &zelf.function, &args).map(Some)
    }
);

/// islice(iterable, stop) --> islice object
/// islice(iterable, start, stop[, step]) --> islice object
///
/// Return an iterator whose next() method returns selected values from an
/// iterable.  If start is specified, will skip all preceding elements;
/// otherwise, start defaults to zero.  Step defaults to one.  If
/// specified as another value, step determines how many values are
/// skipped between successive calls.  Works like a slice() on a list
/// but returns an iterator.
#[pyclass(name = "itertools.islice", base_type)]
pub struct ISlice {
    iterator: ValueCell,
    #[notrace]
    next: Cell<usize>,
    #[notrace]
    stop: Option<usize>,
    #[notrace]
    step: usize,
    /// Items taken so far.
    #[notrace]
    taken: Cell<usize>,
}

/// An index, or `None` if it is no whole number from 0 to `sys.maxsize`.
fn position(vm: &Vm, value: &Value) -> Option<usize> {
    number::to_ssize(vm, value).ok().and_then(|i| usize::try_from(i).ok())
}

#[pymethods]
impl ISlice {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<4> =
            Signature { function: "islice", names: [""; 4], required: 2, positional: 4 };
        let given = args.args().len();
        let [iterable, a, b, c] = SIGNATURE.bind(vm, args)?.map(|v| v.unwrap_or(Value::NONE));
        let (start, stop) = if given == 2 { (Value::NONE, a) } else { (a, b) };
        let wrong = |what: &str| {
            vm.value_error(format!("{what} must be None or an integer: 0 <= x <= sys.maxsize."))
        };
        let which = if given == 2 { "Stop argument for islice()" } else { "Indices for islice()" };
        let start = match start.is_none() {
            true => 0,
            false => position(vm, &start).ok_or_else(|| wrong(which))?,
        };
        let stop = match stop.is_none() {
            true => None,
            false => {
                let what = if given == 2 { which } else { "Stop argument for islice()" };
                Some(position(vm, &stop).ok_or_else(|| wrong(what))?)
            }
        };
        let step = match c.is_none() {
            true => 1,
            false => match position(vm, &c) {
                Some(step) if step > 0 => step,
                _ => {
                    return Err(
                        vm.value_error("Step for islice() must be a positive integer or None.")
                    );
                }
            },
        };
        let payload = ISlice {
            iterator: iter::iter(vm, &iterable)?.into(),
            next: Cell::new(start),
            stop,
            step,
            taken: Cell::new(0),
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<ISlice>, vm: &Vm) -> PyResult<Option<Value>> {
        let Some(iterator) = zelf.iterator.get() else { return Ok(None) };
        let limit = zelf.stop.unwrap_or(usize::MAX);
        let target = zelf.next.get();
        let mut found = None;
        while zelf.taken.get() < target.min(limit) {
            match iter::next(vm, &iterator)? {
                Some(_) => zelf.taken.set(zelf.taken.get() + 1),
                None => {
                    zelf.iterator.set(None);
                    return Ok(None);
                }
            }
        }
        if target < limit {
            found = iter::next(vm, &iterator)?;
        }
        if found.is_none() {
            zelf.iterator.set(None);
            return Ok(None);
        }
        zelf.taken.set(zelf.taken.get() + 1);
        // Past the end the rest is still consumed up to `stop`, as by slicing.
        zelf.next.set(target.saturating_add(zelf.step).min(limit));
        Ok(found)
    }
}

/// Return a zip_longest object whose .__next__() method returns a tuple where
/// the i-th element comes from the i-th iterable argument.  The .__next__()
/// method continues until the longest iterable in the argument sequence
/// is exhausted and then it raises StopIteration.  When the shorter iterables
/// are exhausted, the fillvalue is substituted in their place.  The fillvalue
/// defaults to None or can be specified by a keyword argument.
#[pyclass(name = "itertools.zip_longest", base_type, sig = "(*iterables, fillvalue=None)")]
pub struct ZipLongest {
    iterators: Guarded<Vec<Value>>,
    /// Which iterators still give.
    #[notrace]
    alive: Guarded<Vec<bool>>,
    fill: Value,
}

#[pymethods]
impl ZipLongest {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let mut fill = Value::NONE;
        for (name, value) in args.keywords() {
            if !name.downcast::<Str>().is_some_and(|n| n.is_str("fillvalue")) {
                return Err(vm.type_error("zip_longest() got an unexpected keyword argument"));
            }
            fill = value.clone();
        }
        let iterators: PyResult<Vec<Value>> =
            args.args().iter().map(|a| iter::iter(vm, a)).collect();
        let iterators = iterators?;
        let payload = ZipLongest {
            alive: Guarded::new(vec![true; iterators.len()]),
            iterators: Guarded::new(iterators),
            fill,
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<ZipLongest>, vm: &Vm) -> PyResult<Option<Value>> {
        let iterators = zelf.iterators.get();
        let mut items = Vec::with_capacity(iterators.len());
        for (i, iterator) in iterators.iter().enumerate() {
            let item = if zelf.alive.with(|a| a.get(i) == Some(&true)) {
                match iter::next(vm, iterator) {
                    Ok(item) => item,
                    Err(e) => {
                        zelf.alive.with_mut(|a| a.fill(false));
                        return Err(e);
                    }
                }
            } else {
                None
            };
            if item.is_none() {
                let over = zelf.alive.with_mut(|a| {
                    if let Some(alive) = a.get_mut(i) {
                        *alive = false;
                    }
                    !a.contains(&true)
                });
                if over {
                    return Ok(None);
                }
            }
            items.push(item.unwrap_or_else(|| zelf.fill.clone()));
        }
        if items.is_empty() {
            return Ok(None);
        }
        Ok(Some(Tuple::from_vec(items).into()))
    }
}
