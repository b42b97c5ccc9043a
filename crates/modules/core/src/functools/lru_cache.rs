//! `functools.lru_cache`: the wrapper around a function that remembers results.
//!
//! The bounded cache is a dict from keys to places in a slab, whose entries form a ring ordered by
//! use. Looking up, adding and removing keys may run Python code that uses the same cache, so the
//! dict and the ring are each consistent whenever that can happen.

use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::trace::{Empty, Trace};
use adder_vm::object::{GilCell, Guarded, Visitor};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::int;
use adder_vm::objects::method::Method;
use adder_vm::objects::object::allocate_instance;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{call, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// One remembered result, between its neighbours in the ring.
struct Entry {
    key: Value,
    hash: i64,
    result: Value,
    older: usize,
    newer: usize,
}

/// The ring of a bounded cache. Free places are `None`.
#[derive(Default)]
struct Ring {
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    /// The newest entry; its `newer` is the oldest.
    newest: Option<usize>,
}

impl Ring {
    fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// The result at a place, which becomes the newest.
    fn touch(&mut self, at: usize) -> Option<Value> {
        let result = self.entries.get(at)?.as_ref()?.result.clone();
        if self.newest != Some(at)
            && let Some(entry) = self.unlink(at)
        {
            self.link(at, entry);
        }
        Some(result)
    }

    /// Takes an entry out of the ring; its place stays reserved.
    fn unlink(&mut self, at: usize) -> Option<Entry> {
        let entry = self.entries.get_mut(at)?.take()?;
        if entry.older == at {
            self.newest = None;
            return Some(entry);
        }
        if self.newest == Some(at) {
            self.newest = Some(entry.older);
        }
        self.set_newer(entry.older, entry.newer);
        self.set_older(entry.newer, entry.older);
        Some(entry)
    }

    /// Puts an entry at a reserved place, as the newest.
    fn link(&mut self, at: usize, mut entry: Entry) {
        let older = self.newest.unwrap_or(at);
        let oldest = match self.entries.get(older) {
            Some(Some(newest)) => newest.newer,
            _ => at,
        };
        (entry.older, entry.newer) = (older, oldest);
        self.entries[at] = Some(entry);
        self.set_newer(older, at);
        self.set_older(oldest, at);
        self.newest = Some(at);
    }

    fn set_newer(&mut self, at: usize, newer: usize) {
        if let Some(Some(entry)) = self.entries.get_mut(at) {
            entry.newer = newer;
        }
    }
    fn set_older(&mut self, at: usize, older: usize) {
        if let Some(Some(entry)) = self.entries.get_mut(at) {
            entry.older = older;
        }
    }

    fn reserve(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        })
    }

    /// Gives a reserved place back.
    fn release(&mut self, at: usize) {
        if matches!(self.entries.get(at), Some(None)) && !self.free.contains(&at) {
            self.free.push(at);
        }
    }

    /// Fills a reserved place, unless the ring has been emptied since it was reserved.
    fn fill(&mut self, at: usize, entry: Entry) -> bool {
        let reserved = matches!(self.entries.get(at), Some(None));
        if reserved {
            self.link(at, entry);
        }
        reserved
    }

    /// Takes the oldest entry out, keeping its place reserved.
    fn take_oldest(&mut self) -> Option<(usize, Entry)> {
        let newest = self.newest?;
        let oldest = self.entries.get(newest)?.as_ref()?.newer;
        self.unlink(oldest).map(|entry| (oldest, entry))
    }
}

impl Trace for Ring {
    fn trace(&self, visit: &mut Visitor<'_>) {
        for entry in self.entries.iter().flatten() {
            visit(&entry.key);
            visit(&entry.result);
        }
    }
}

impl Empty for Ring {
    fn empty_into(&mut self, bag: &mut Vec<Value>) {
        for entry in std::mem::take(self).entries.into_iter().flatten() {
            bag.extend([entry.key, entry.result]);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Size {
    Uncached,
    Unbounded,
    Bounded(usize),
}

/// Create a cached callable that wraps another function.
///
/// user_function:      the function being cached
///
/// maxsize:  0         for no caching
///           None      for unlimited cache size
///           n         for a bounded cache
///
/// typed:    False     cache f(3) and f(3.0) as identical calls
///           True      cache f(3) and f(3.0) as distinct calls
///
/// cache_info_type:    namedtuple class with the fields:
///                         hits misses currsize maxsize
#[pyclass(name = "functools._lru_cache_wrapper", base_type, has_dict, method_descriptor)]
pub struct LruCache {
    function: Value,
    info_type: Value,
    #[notrace]
    size: Size,
    #[notrace]
    typed: bool,
    /// Key to result, or to a place in the ring.
    table: Ref<Dict>,
    ring: Guarded<Ring>,
    hits: Cell<usize>,
    misses: Cell<usize>,
}

static MARK: GilCell<Option<Value>> = GilCell::new(None);

/// What separates positional arguments from keywords in a key.
fn keyword_mark(vm: &Vm) -> PyResult {
    if let Some(known) = MARK.with(|m| m.clone()) {
        return Ok(known);
    }
    use adder_vm::object::Payload;
    let made = allocate_instance(vm, adder_vm::objects::object::Object::cell().get())?;
    Ok(MARK.with(|m| m.get_or_insert(made).clone()))
}

/// The cache's key for a call.
fn make_key(vm: &Vm, args: CallArgs<'_>, typed: bool) -> PyResult {
    let plain = args.keyword_count() == 0 && !typed;
    if plain {
        if let [only] = args.args()
            && (only.is_exact::<Str>() || only.is_exact_int())
        {
            return Ok(only.clone());
        }
        return Ok(Tuple::from_slice(args.args()).into());
    }
    let mut key = args.args().to_vec();
    if args.keyword_count() > 0 {
        key.push(keyword_mark(vm)?);
        for (name, value) in args.keywords() {
            key.extend([name.clone(), value.clone()]);
        }
    }
    if typed {
        key.extend(args.all().iter().map(|value| value.ty().to_value()));
    }
    Ok(Tuple::from_vec(key).into())
}

impl LruCache {
    fn compute(&self, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        self.misses.set(self.misses.get() + 1);
        call::call_args(vm, &self.function, args)
    }
    fn hit(&self) {
        self.hits.set(self.hits.get() + 1);
    }

    fn unbounded(&self, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let key = make_key(vm, args, self.typed)?;
        let hash = object::hash(vm, &key)?;
        if let Some(known) = self.table.get_hashed(vm, &key, hash)? {
            self.hit();
            return Ok(known);
        }
        let result = self.compute(vm, args)?;
        self.table.insert_hashed(vm, &key, hash, result.clone())?;
        Ok(result)
    }

    fn bounded(&self, vm: &Vm, args: CallArgs<'_>, max: usize) -> PyResult {
        let key = make_key(vm, args, self.typed)?;
        let hash = object::hash(vm, &key)?;
        if let Some(at) = self.table.get_hashed(vm, &key, hash)?.and_then(|p| p.as_small_int())
            && let Some(known) = self.ring.with_mut(|r| r.touch(at as usize))
        {
            self.hit();
            return Ok(known);
        }
        let result = self.compute(vm, args)?;
        // The function may have called itself with the same arguments.
        if self.table.get_hashed(vm, &key, hash)?.is_some() {
            return Ok(result);
        }
        let full = self.ring.with(Ring::len) >= max;
        let taken = if full { self.ring.with_mut(Ring::take_oldest) } else { None };
        let at = match taken {
            None => self.ring.with_mut(Ring::reserve),
            Some((at, oldest)) => {
                match self.table.remove_hashed(vm, &oldest.key, oldest.hash) {
                    Ok(Some(_)) => at,
                    // Somebody else has removed the key meanwhile: the place is free.
                    Ok(None) => {
                        self.ring.with_mut(|r| r.release(at));
                        return Ok(result);
                    }
                    Err(e) => {
                        self.ring.with_mut(|r| r.fill(at, oldest));
                        return Err(e);
                    }
                }
            }
        };
        let entry = Entry { key: key.clone(), hash, result: result.clone(), older: at, newer: at };
        // The cache may have been cleared while the oldest key was being removed.
        if self.ring.with_mut(|r| r.fill(at, entry)) {
            self.table.insert_hashed(vm, &key, hash, int::from_i64(at as i64))?;
        }
        Ok(result)
    }
}

#[pymethods]
impl LruCache {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<4> = Signature {
            function: "lru_cache",
            names: ["user_function", "maxsize", "typed", "cache_info_type"],
            required: 4,
            positional: 4,
        };
        let [function, maxsize, typed, info_type] =
            SIGNATURE.bind(vm, args)?.map(|a| a.unwrap_or(Value::NONE));
        if !call::is_callable(&function) {
            return Err(vm.type_error("the first argument must be callable"));
        }
        let size = if maxsize.is_none() {
            Size::Unbounded
        } else if number::has_index(&maxsize) {
            match number::to_ssize(vm, &maxsize)? {
                ..=0 => Size::Uncached,
                n => Size::Bounded(n as usize),
            }
        } else {
            return Err(vm.type_error("maxsize should be integer or None"));
        };
        let payload = LruCache {
            function,
            info_type,
            size,
            typed: object::is_true(vm, &typed)?,
            table: Dict::new_ref(),
            ring: Guarded::default(),
            hits: Cell::new(0),
            misses: Cell::new(0),
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn call(zelf: &Obj<LruCache>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        match zelf.size {
            Size::Uncached => zelf.compute(vm, args),
            Size::Unbounded => zelf.unbounded(vm, args),
            Size::Bounded(max) => zelf.bounded(vm, args, max),
        }
    }
    #[slot]
    fn descr_get(
        zelf: &Obj<LruCache>,
        _vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        Ok(match object.filter(|o| !o.is_none()) {
            Some(object) => Method::bind(zelf.to_value(), object.clone()),
            None => zelf.to_value(),
        })
    }
    /// Report cache statistics
    #[pymethod]
    fn cache_info(zelf: &Obj<LruCache>, vm: &Vm) -> PyResult {
        let count = |n: usize| int::from_i64(n as i64);
        let max = match zelf.size {
            Size::Uncached => count(0),
            Size::Unbounded => Value::NONE,
            Size::Bounded(max) => count(max),
        };
        let now = count(zelf.table.len());
        call::call(
            vm,
            &zelf.info_type,
            &[count(zelf.hits.get()), count(zelf.misses.get()), max, now],
        )
    }
    /// Clear the cache and cache statistics
    #[pymethod]
    fn cache_clear(zelf: &Obj<LruCache>, _vm: &Vm) {
        zelf.hits.set(0);
        zelf.misses.set(0);
        let ring = zelf.ring.replace(Ring::default());
        Dict::clear(&zelf.table);
        drop(ring);
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<LruCache>, vm: &Vm) -> PyResult {
        object::get_attr(vm, &zelf.to_value(), &vm.names().__qualname__)
    }
    #[pymethod]
    fn __copy__(zelf: &Obj<LruCache>, _vm: &Vm) -> Value {
        zelf.to_value()
    }
    #[pymethod]
    fn __deepcopy__(zelf: &Obj<LruCache>, _vm: &Vm, _memo: &Value) -> Value {
        zelf.to_value()
    }
}
