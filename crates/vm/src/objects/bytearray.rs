//! `bytearray`: mutable sequences of bytes.
//!
//! While its bytes are lent out (`memoryview`), the size is fixed: `BufferError`. Bytes taken away
//! at the front only move an offset, so that reading a buffer piece by piece is linear. The methods
//! shared with `bytes` are in `bytes_methods.rs`. CPython's counterpart: `Objects/bytearrayobject.c`.

use crate::object::{Guarded, Obj, Ref};
use crate::objects::bytes::{Source, byte_methods, byte_of, from_items, lend, ops, zeros};
use crate::objects::int;
use crate::objects::iterators;
use crate::objects::str_::Str;
use crate::objects::str_::StrBuilder;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::buffer::{self, Buffer};
use crate::protocol::index::{Indices, Subscript, subscript, wrap};
use crate::protocol::{iter, number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::memory;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// Bytes with an unused part in front.
#[derive(Default)]
struct Store {
    all: Vec<u8>,
    start: usize,
}

impl Store {
    fn bytes(&self) -> &[u8] {
        &self.all[self.start..]
    }
    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.all[self.start..]
    }
    /// Takes `n` bytes away at the front. The memory moves when half of it is unused.
    fn drop_front(&mut self, n: usize) {
        self.start += n;
        if self.start > self.all.len() / 2 {
            self.all.drain(..self.start);
            self.start = 0;
        }
    }
    /// Replaces a range by other bytes.
    fn splice(&mut self, range: std::ops::Range<usize>, new: &[u8]) {
        if range.start == 0 && new.is_empty() {
            self.drop_front(range.end);
            return;
        }
        let (start, end) = (self.start + range.start, self.start + range.end);
        self.all.splice(start..end, new.iter().copied());
    }
}

/// bytearray(iterable_of_ints) -> bytearray
/// bytearray(string, encoding[, errors]) -> bytearray
/// bytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer
/// bytearray(int) -> bytes array of size given by the parameter initialized with null bytes
/// bytearray() -> empty bytes array
///
/// Construct a mutable bytearray object from:
///   - an iterable yielding integers in range(256)
///   - a text string encoded using the specified encoding
///   - a bytes or a buffer object
///   - any object implementing the buffer API.
///   - an integer
#[pyclass(name = "bytearray", base_type, no_gc)]
pub struct ByteArray {
    store: Guarded<Store>,
    exports: Cell<usize>,
}

impl ByteArray {
    pub fn from_vec(bytes: Vec<u8>) -> Ref<ByteArray> {
        Ref::new(ByteArray {
            store: Guarded::new(Store { all: bytes, start: 0 }),
            exports: Cell::new(0),
        })
    }
    pub fn len(&self) -> usize {
        self.with_bytes(<[u8]>::len)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn to_vec(&self) -> Vec<u8> {
        self.with_bytes(<[u8]>::to_vec)
    }
    /// Looks at the bytes; `f` runs no Python code.
    pub fn with_bytes<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        self.store.with(|store| f(store.bytes()))
    }
    /// Changes the bytes, not their number; `f` runs no Python code.
    pub fn with_bytes_mut<R>(&self, f: impl FnOnce(&mut [u8]) -> R) -> R {
        self.store.with_mut(|store| f(store.bytes_mut()))
    }
    pub(crate) fn make(bytes: Vec<u8>) -> Ref<ByteArray> {
        ByteArray::from_vec(bytes)
    }
    pub(crate) fn unchanged(object: &Obj<ByteArray>) -> Ref<ByteArray> {
        ByteArray::from_vec(object.to_vec())
    }

    /// Is the size free to change?
    fn check_exports(&self, vm: &Vm) -> PyResult<()> {
        if self.exports.get() > 0 {
            return Err(vm.buffer_error("Existing exports of data: object cannot be re-sized"));
        }
        Ok(())
    }

    /// Changes the bytes and their number.
    fn resize_with<R>(&self, vm: &Vm, f: impl FnOnce(&mut Store) -> R) -> PyResult<R> {
        self.check_exports(vm)?;
        Ok(self.store.with_mut(f))
    }

    fn push_all(&self, vm: &Vm, bytes: &[u8]) -> PyResult<()> {
        let room = self.resize_with(vm, |store| {
            // One more than there are, so that the next one has room.
            let room = memory::try_grow(&mut store.all, bytes.len().saturating_add(1));
            if room {
                store.all.extend_from_slice(bytes);
            }
            room
        })?;
        if room { Ok(()) } else { Err(int::no_memory(vm)) }
    }

    /// `self[slice] = bytes`
    fn set_slice(&self, vm: &Vm, s: Indices, new: &[u8]) -> PyResult<()> {
        if s.step == 1 {
            let range = s.range();
            if range.len() == new.len() {
                self.with_bytes_mut(|bytes| bytes[range].copy_from_slice(new));
                return Ok(());
            }
            vm.need(self.len() + new.len())?;
            return self.resize_with(vm, |store| store.splice(range, new));
        }
        if new.is_empty() {
            return self.delete_slice(vm, s);
        }
        if new.len() != s.count {
            return Err(vm.value_error(format!(
                "attempt to assign bytes of size {} to extended slice of size {}",
                new.len(),
                s.count
            )));
        }
        self.with_bytes_mut(|bytes| {
            s.positions().zip(new).for_each(|(at, byte)| bytes[at] = *byte);
        });
        Ok(())
    }

    fn delete_slice(&self, vm: &Vm, s: Indices) -> PyResult<()> {
        if s.count == 0 {
            return Ok(());
        }
        self.resize_with(vm, |store| {
            if s.step == 1 {
                store.splice(s.range(), &[]);
                return;
            }
            let mut doomed: Vec<usize> = s.positions().collect();
            doomed.sort_unstable();
            let mut doomed = doomed.into_iter().peekable();
            let mut at = 0;
            let start = store.start;
            store.all.drain(..start);
            store.start = 0;
            store.all.retain(|_| {
                let keep = doomed.next_if_eq(&at).is_none();
                at += 1;
                keep
            });
        })
    }
}

fn access(owner: &Value, f: &mut dyn FnMut(&[u8])) {
    if let Some(array) = owner.downcast::<ByteArray>() {
        array.with_bytes(|bytes| f(bytes));
    }
}

fn access_mut(owner: &Value, f: &mut dyn FnMut(&mut [u8])) {
    if let Some(array) = owner.downcast::<ByteArray>() {
        array.with_bytes_mut(|bytes| f(bytes));
    }
}

fn release(owner: &Value) {
    if let Some(array) = owner.downcast::<ByteArray>() {
        array.exports.set(array.exports.get().saturating_sub(1));
    }
}

fn initial(vm: &Vm, source: Source<'_>) -> PyResult<Vec<u8>> {
    if let Some(bytes) = source.text(vm, "bytearray")? {
        return Ok(bytes);
    }
    let Some(x) = source.source else { return Ok(Vec::new()) };
    if x.downcast::<Str>().is_some() {
        return Err(vm.type_error("string argument without an encoding"));
    }
    match zeros(vm, x)? {
        Some(bytes) => Ok(bytes),
        None => from_items(vm, x, "bytearray"),
    }
}

/// What pickling needs: the type, its arguments, and the attributes of a subclass's instance.
fn reduced(zelf: &Obj<ByteArray>, vm: &Vm, protocol: i64) -> PyResult<Ref<Tuple>> {
    vm.need(zelf.len().saturating_mul(3))?;
    let bytes = zelf.to_vec();
    let args = if protocol < 3 {
        let text: Value = Str::from_latin1(&bytes).into();
        vec![text, vm.str("latin-1")]
    } else if bytes.is_empty() {
        Vec::new()
    } else {
        vec![crate::objects::bytes::Bytes::from_slice(&bytes).into()]
    };
    let state = object::call_method(vm, &zelf.to_value(), &vm.names().__getstate__, &[])?;
    Ok(Tuple::from_vec(vec![zelf.ty().to_value(), Tuple::from_vec(args).into(), state]))
}

byte_methods! {
    ByteArray,
    {
        #[slot]
        fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
            let payload =
                ByteArray { store: Guarded::new(Store::default()), exports: Cell::new(0) };
            Ok(Ref::with_type(payload, ty).into())
        }
        #[slot]
        fn init(zelf: &Obj<ByteArray>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
            if !zelf.is_empty() {
                zelf.resize_with(vm, |store| *store = Store::default())?;
            }
            let source = Source::read(vm, args, "bytearray")?;
            if let Some(items) = source.items() {
                // One after the other: who gives them may look on.
                return iter::for_each(vm, items, |item| {
                    zelf.push_all(vm, &[byte_of(vm, &item, "byte")?])?;
                    Ok(true)
                });
            }
            let bytes = initial(vm, source)?;
            zelf.resize_with(vm, |store| *store = Store { all: bytes, start: 0 })
        }
        #[slot]
        fn repr(zelf: &Obj<ByteArray>, vm: &Vm) -> PyResult {
            let bytes = zelf.with_bytes(ops::repr_array);
            let bytes = bytes.finish_in(vm)?;
            let mut out = StrBuilder::with_capacity(bytes.len() + 16);
            out.push_str(&zelf.ty().name());
            out.push_str("(");
            out.push_obj(&bytes);
            out.push_str(")");
            Ok(out.finish_in(vm)?.into())
        }
        #[slot]
        fn iter(zelf: &Obj<ByteArray>, _vm: &Vm) -> PyResult {
            let array = Guarded::new(Some(zelf.to_ref()));
            Ok(Ref::new(ByteArrayIter { array, next: Cell::new(0) }).into())
        }
        #[slot]
        fn buffer(zelf: &Obj<ByteArray>, _vm: &Vm, _writable: bool) -> PyResult<Buffer> {
            zelf.exports.set(zelf.exports.get() + 1);
            let len = zelf.len();
            Ok(Buffer::bytes(zelf.to_value(), len, access, Some(access_mut), Some(release)))
        }
        #[slot]
        fn getitem(zelf: &Obj<ByteArray>, vm: &Vm, key: &Value) -> PyResult {
            match subscript(vm, key, zelf.len(), "bytearray")? {
                Subscript::Index(i) => {
                    let byte =
                        zelf.with_bytes(|b| wrap(i, b.len()).map(|at| Value::int_unchecked(b[at].into())));
                    byte.ok_or_else(|| vm.index_error("bytearray index out of range"))
                }
                Subscript::Slice(s) => {
                    vm.need(s.count)?;
                    let picked = zelf.with_bytes(|bytes| {
                        if s.step == 1 {
                            return bytes.get(s.range()).unwrap_or(&[]).to_vec();
                        }
                        s.positions().filter_map(|i| bytes.get(i).copied()).collect()
                    });
                    Ok(ByteArray::from_vec(picked).into())
                }
            }
        }
        #[slot]
        fn setitem(
            zelf: &Obj<ByteArray>,
            vm: &Vm,
            key: &Value,
            value: Option<Value>,
        ) -> PyResult<()> {
            match (subscript(vm, key, zelf.len(), "bytearray")?, value) {
                (Subscript::Index(i), value) => {
                    let byte = value.map(|v| byte_of(vm, &v, "byte")).transpose()?;
                    // Reading the value may have changed the length.
                    let Some(at) = wrap(i, zelf.len()) else {
                        return Err(vm.index_error("bytearray index out of range"));
                    };
                    match byte {
                        Some(byte) => {
                            zelf.with_bytes_mut(|bytes| bytes[at] = byte);
                            Ok(())
                        }
                        None => zelf.resize_with(vm, |store| store.splice(at..at + 1, &[])),
                    }
                }
                (Subscript::Slice(s), None) => zelf.delete_slice(vm, s),
                (Subscript::Slice(_), Some(value)) => {
                    let new = if buffer::has_buffer(&value) {
                        lend(vm, &value)?.into_vec(vm)?
                    } else if int::is_int(&value) || value.downcast::<Str>().is_some() {
                        return Err(vm.type_error(
                            "can assign only bytes, buffers, or iterables of ints in range(0, 256)",
                        ));
                    } else {
                        {
                            let args = CallArgs::positional(std::slice::from_ref(&value));
                            initial(vm, Source::read(vm, args, "bytearray")?)?
                        }
                    };
                    match subscript(vm, key, zelf.len(), "bytearray")? {
                        Subscript::Slice(s) => zelf.set_slice(vm, s, &new),
                        Subscript::Index(_) => Ok(()),
                    }
                }
            }
        }
        #[slot]
        fn inplace_concat(zelf: &Obj<ByteArray>, vm: &Vm, other: &Value) -> PyResult {
            if !buffer::has_buffer(other) {
                return Err(vm.type_error(format!(
                    "can't concat {} to {}",
                    other.ty().name(),
                    zelf.ty().name()
                )));
            }
            let bytes = lend(vm, other)?;
            zelf.push_all(vm, &bytes)?;
            Ok(zelf.to_value())
        }
        #[slot]
        fn inplace_repeat(zelf: &Obj<ByteArray>, vm: &Vm, count: isize) -> PyResult {
            let bytes = zelf
                .with_bytes(|bytes| crate::objects::bytes::methods::repeat(vm, bytes, count))?;
            zelf.resize_with(vm, |store| *store = Store { all: bytes, start: 0 })?;
            Ok(zelf.to_value())
        }

        /// Append a single item to the end of the bytearray.
        ///
        ///   item
        ///     The item to be appended.
        #[pymethod(sig = "($self, item, /)")]
        fn append(zelf: &Obj<ByteArray>, vm: &Vm, item: &Value) -> PyResult<()> {
            let byte = byte_of(vm, item, "byte")?;
            zelf.resize_with(vm, |store| store.all.push(byte))
        }
        /// Append all the items from the iterator or sequence to the end of the bytearray.
        ///
        ///   iterable_of_ints
        ///     The iterable of items to append.
        #[pymethod(sig = "($self, iterable_of_ints, /)")]
        fn extend(zelf: &Obj<ByteArray>, vm: &Vm, iterable_of_ints: &Value) -> PyResult<()> {
            let items = iterable_of_ints;
            if buffer::has_buffer(items) {
                let bytes = lend(vm, items)?.into_vec(vm)?;
                return zelf.push_all(vm, &bytes);
            }
            if !iter::is_iterable(items) {
                return Err(vm.type_error(format!(
                    "can't extend bytearray with {}",
                    items.ty().name()
                )));
            }
            if items.downcast::<Str>().is_some() {
                return Err(vm.type_error("expected iterable of integers; got: 'str'"));
            }
            let mut bytes = Vec::new();
            iter::for_each(vm, items, |item| {
                bytes.push(byte_of(vm, &item, "byte")?);
                Ok(true)
            })?;
            zelf.push_all(vm, &bytes)
        }
        /// Insert a single item into the bytearray before the given index.
        ///
        ///   index
        ///     The index where the value is to be inserted.
        ///   item
        ///     The item to be inserted.
        #[pymethod(sig = "($self, index, item, /)")]
        fn insert(zelf: &Obj<ByteArray>, vm: &Vm, index: isize, item: &Value) -> PyResult<()> {
            let byte = byte_of(vm, item, "byte")?;
            let len = zelf.len() as isize;
            let at = if index < 0 { index.saturating_add(len).max(0) } else { index.min(len) };
            zelf.resize_with(vm, |store| store.splice(at as usize..at as usize, &[byte]))
        }
        /// Remove and return a single item from B.
        ///
        ///   index
        ///     The index from where to remove the item.
        ///     -1 (the default value) means remove the last item.
        ///
        /// If no index argument is given, will pop the last item.
        #[pymethod(sig = "($self, index=-1, /)")]
        fn pop(zelf: &Obj<ByteArray>, vm: &Vm, index: Option<isize>) -> PyResult<i64> {
            if zelf.is_empty() {
                return Err(vm.index_error("pop from empty bytearray"));
            }
            let Some(at) = wrap(index.unwrap_or(-1), zelf.len()) else {
                return Err(vm.index_error("pop index out of range"));
            };
            zelf.resize_with(vm, |store| {
                let byte = store.bytes()[at];
                store.splice(at..at + 1, &[]);
                byte.into()
            })
        }
        /// Remove the first occurrence of a value in the bytearray.
        ///
        ///   value
        ///     The value to remove.
        #[pymethod(sig = "($self, value, /)")]
        fn remove(zelf: &Obj<ByteArray>, vm: &Vm, value: &Value) -> PyResult<()> {
            let byte = byte_of(vm, value, "byte")?;
            match zelf.with_bytes(|bytes| memchr::memchr(byte, bytes)) {
                Some(at) => zelf.resize_with(vm, |store| store.splice(at..at + 1, &[])),
                None => Err(vm.value_error("value not found in bytearray")),
            }
        }
        /// Remove all items from the bytearray.
        #[pymethod(sig = "($self, /)")]
        fn clear(zelf: &Obj<ByteArray>, vm: &Vm) -> PyResult<()> {
            zelf.resize_with(vm, |store| *store = Store::default())
        }
        /// Return a copy of B.
        #[pymethod(sig = "($self, /)")]
        fn copy(zelf: &Obj<ByteArray>, _vm: &Vm) -> Ref<ByteArray> {
            ByteArray::unchanged(zelf)
        }
        /// Reverse the order of the values in B in place.
        #[pymethod(sig = "($self, /)")]
        fn reverse(zelf: &Obj<ByteArray>, _vm: &Vm) {
            zelf.with_bytes_mut(<[u8]>::reverse);
        }
        /// Resize the internal buffer of bytearray to len.
        ///
        ///   size
        ///     New size to resize to..
        #[pymethod(sig = "($self, size, /)")]
        fn resize(zelf: &Obj<ByteArray>, vm: &Vm, size: &Value) -> PyResult<()> {
            let size = number::to_ssize(vm, size)?;
            let Ok(wanted) = usize::try_from(size) else {
                return Err(vm.value_error(format!(
                    "Can only resize to positive sizes, got {size}"
                )));
            };
            let room = zelf.resize_with(vm, |store| {
                let more = wanted.saturating_sub(store.bytes().len());
                let room = memory::try_grow(&mut store.all, more);
                if room {
                    store.all.resize(store.start + wanted, 0);
                }
                room
            })?;
            if room { Ok(()) } else { Err(int::no_memory(vm)) }
        }
        /// B.__alloc__() -> int
        ///
        /// Return the number of bytes actually allocated.
        #[pymethod]
        fn __alloc__(zelf: &Obj<ByteArray>, _vm: &Vm) -> usize {
            zelf.store.with(|store| store.all.capacity())
        }
        /// Returns the size of the bytearray object in memory, in bytes.
        #[pymethod(sig = "($self, /)")]
        fn __sizeof__(zelf: &Obj<ByteArray>, _vm: &Vm) -> usize {
            zelf.ty().basic_size + zelf.store.with(|store| store.all.capacity())
        }
        /// Return state information for pickling.
        #[pymethod(sig = "($self, /)")]
        fn __reduce__(zelf: &Obj<ByteArray>, vm: &Vm) -> PyResult<Ref<Tuple>> {
            reduced(zelf, vm, 2)
        }
        /// Return state information for pickling.
        #[pymethod(sig = "($self, proto=0, /)")]
        fn __reduce_ex__(
            zelf: &Obj<ByteArray>,
            vm: &Vm,
            proto: Option<i64>,
        ) -> PyResult<Ref<Tuple>> {
            reduced(zelf, vm, proto.unwrap_or(0))
        }
    }
}

/// Iterates over a bytearray, which may change meanwhile; gives it back at the end.
#[pyclass(name = "bytearray_iterator", no_gc, no_new)]
pub struct ByteArrayIter {
    array: Guarded<Option<Ref<ByteArray>>>,
    next: Cell<usize>,
}

#[pymethods]
impl ByteArrayIter {
    #[slot]
    fn iter(zelf: &Obj<ByteArrayIter>, _vm: &Vm) -> PyResult {
        Ok(zelf.to_value())
    }
    #[slot]
    fn iternext(zelf: &Obj<ByteArrayIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        let at = zelf.next.get();
        let byte = zelf
            .array
            .with(|a| a.as_ref().and_then(|a| a.with_bytes(|bytes| bytes.get(at).copied())));
        match byte {
            Some(byte) => {
                zelf.next.set(at + 1);
                Ok(Some(Value::int_unchecked(byte.into())))
            }
            None => {
                drop(zelf.array.replace(None));
                Ok(None)
            }
        }
    }
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(zelf: &Obj<ByteArrayIter>, _vm: &Vm) -> usize {
        let len = zelf.array.with(|a| a.as_ref().map_or(0, |a| a.len()));
        len.saturating_sub(zelf.next.get())
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<ByteArrayIter>, vm: &Vm) -> PyResult {
        let state = || Some((zelf.array.get()?.into(), zelf.next.get() as i64));
        iterators::reduce(vm, state, iterators::nothing)
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<ByteArrayIter>, _vm: &Vm, state: isize) {
        let len = zelf.array.with(|a| a.as_ref().map_or(0, |a| a.len()));
        zelf.next.set(usize::try_from(state).unwrap_or(0).min(len));
    }
}
