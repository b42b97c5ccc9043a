//! `bytes`: immutable sequences of bytes. They lie behind the object.
//!
//! This file holds the storage, construction and iteration; what `bytes` and `bytearray` have in
//! common is in `bytes_methods.rs` (the methods) and `bytes_ops.rs` (on slices). CPython's
//! counterpart: `Objects/bytesobject.c`.

#![expect(unsafe_code, reason = "bytes lie behind the object")]

use crate::object::{GilCell, Guarded, Obj, Payload, Ref, alloc, census};
use crate::objects::int;
use crate::objects::iterators;
use crate::objects::list::List;
use crate::objects::str_::{Str, codec};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::{buffer, iter, number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::hash::hash_bytes;
use crate::runtime::memory;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

#[path = "bytes_methods.rs"]
pub(crate) mod methods;
#[path = "bytes_ops.rs"]
pub mod ops;
pub(crate) use methods::byte_methods;

use crate::protocol::buffer::Buffer;
pub use methods::{Lent, hex_separator, lend};

/// bytes(iterable_of_ints) -> bytes
/// bytes(string, encoding[, errors]) -> bytes
/// bytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer
/// bytes(int) -> bytes object of size given by the parameter initialized with null bytes
/// bytes() -> empty bytes object
///
/// Construct an immutable array of bytes from:
///   - an iterable yielding integers in range(256)
///   - a text string encoded using the specified encoding
///   - any object implementing the buffer API.
///   - an integer
#[pyclass(name = "bytes", base_type, no_gc, tail = len)]
pub struct Bytes {
    data: *const u8,
    len: usize,
    /// Zero until the hash is asked for.
    hash: Cell<i64>,
}

/// The empty object and those of one byte are made once.
struct Shared {
    empty: Option<Ref<Bytes>>,
    single: [Option<Ref<Bytes>>; 256],
}

static SHARED: GilCell<Shared> =
    GilCell::new(Shared { empty: None, single: [const { None }; 256] });

impl Bytes {
    #[inline(always)]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `data` points to `len` bytes behind the object, which never change.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    pub fn hash(&self) -> i64 {
        if self.hash.get() == 0 {
            self.hash.set(hash_bytes(self.as_slice()));
        }
        self.hash.get()
    }

    pub fn from_slice(bytes: &[u8]) -> Ref<Bytes> {
        let known = SHARED.with(|s| match bytes {
            [] => s.empty.clone(),
            [one] => s.single[*one as usize].clone(),
            _ => None,
        });
        if let Some(known) = known {
            return known;
        }
        let made = Bytes::with_type(bytes, Bytes::cell().get());
        if bytes.len() < 2 {
            census::keep(made.head());
        }
        SHARED.with(|s| match bytes {
            [] => s.empty = Some(made.clone()),
            [one] => s.single[*one as usize] = Some(made.clone()),
            _ => {}
        });
        made
    }

    /// A copy of bytes.
    ///
    /// # Errors
    /// `MemoryError` if there is no room for it.
    pub fn copied(vm: &Vm, bytes: &[u8]) -> PyResult<Ref<Bytes>> {
        vm.need(bytes.len())?;
        Ok(Bytes::from_slice(bytes))
    }

    /// Bytes of some subclass.
    pub fn with_type(bytes: &[u8], ty: &Obj<Type>) -> Ref<Bytes> {
        let bytes = if memory::has_room_at_last(bytes.len()) {
            bytes
        } else {
            memory::lost();
            &[]
        };
        let payload = Bytes { data: std::ptr::null(), len: bytes.len(), hash: Cell::new(0) };
        let mut start: *const u8 = std::ptr::null();
        // SAFETY: the tail is as long as `bytes` and filled from them; `data` is set before anybody
        // else sees the object.
        unsafe {
            let object = alloc::new_with_tail(payload, ty, bytes.len(), |tail| {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), tail, bytes.len());
                start = tail;
            });
            let raw = object.into_raw();
            (*raw.as_ptr()).payload.data = start;
            Ref::from_raw(raw)
        }
    }

    /// Gives the bytes to `f`, as [`super::bytearray::ByteArray`] does.
    pub(crate) fn with_bytes<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(self.as_slice())
    }
    /// A new object for the result of a method.
    pub(crate) fn make(bytes: Vec<u8>) -> Ref<Bytes> {
        Bytes::from_slice(&bytes)
    }
    /// What a method returns that changed nothing.
    pub(crate) fn unchanged(object: &Obj<Bytes>) -> Ref<Bytes> {
        if object.is_exact() { object.to_ref() } else { Bytes::from_slice(object.as_slice()) }
    }
}

fn access(owner: &Value, f: &mut dyn FnMut(&[u8])) {
    if let Some(bytes) = owner.downcast::<Bytes>() {
        f(bytes.as_slice());
    }
}

/// What the method `__bytes__` of an object returns.
fn object_by_method(vm: &Vm, x: &Value) -> PyResult<Option<Ref<Bytes>>> {
    if !x.is_pointer() || x.is_exact::<Bytes>() {
        return Ok(None);
    }
    let Some(result) = object::call_special(vm, x, &vm.names().__bytes__, &[])? else {
        return Ok(None);
    };
    result.into_ref().map(Some).map_err(|other| {
        vm.type_error(format!("__bytes__ returned non-bytes (type {})", other.ty().name()))
    })
}

/// The bytes that the method `__bytes__` of an object returns.
pub fn by_method(vm: &Vm, x: &Value) -> PyResult<Option<Vec<u8>>> {
    let Some(bytes) = object_by_method(vm, x)? else { return Ok(None) };
    vm.need(bytes.len())?;
    Ok(Some(bytes.as_slice().to_vec()))
}

/// The bytes of a bytes-like object, of one with `__bytes__`, or of an iterable of ints (CPython's
/// `PyObject_Bytes`).
pub fn from_object(vm: &Vm, x: &Value) -> PyResult<Vec<u8>> {
    if let Some(bytes) = x.downcast_exact::<Bytes>() {
        vm.need(bytes.len())?;
        return Ok(bytes.as_slice().to_vec());
    }
    match by_method(vm, x)? {
        Some(bytes) => Ok(bytes),
        None => from_items(vm, x, "bytes"),
    }
}

/// The bytes of a bytes-like object or of an iterable of ints, for a type called `what`.
pub(crate) fn from_items(vm: &Vm, x: &Value, what: &str) -> PyResult<Vec<u8>> {
    if buffer::has_buffer(x) {
        return buffer::to_vec(vm, x);
    }
    if x.downcast::<Str>().is_some() || !iter::is_iterable(x) {
        return Err(vm.type_error(format!("cannot convert '{}' object to {what}", x.ty().name())));
    }
    let mut bytes = Vec::new();
    iter::for_each(vm, x, |item| {
        bytes.push(byte_of(vm, &item, if what == "bytes" { "bytes" } else { "byte" })?);
        Ok(true)
    })?;
    Ok(bytes)
}

/// An int as a byte; `what` begins the text of the `ValueError`.
pub(crate) fn byte_of(vm: &Vm, item: &Value, what: &str) -> PyResult<u8> {
    let index = number::index(vm, item)?;
    match int::to_i64_exact(&index).and_then(|i| u8::try_from(i).ok()) {
        Some(byte) => Ok(byte),
        None => Err(out_of_range(vm, what)),
    }
}

#[cold]
fn out_of_range(vm: &Vm, what: &str) -> Exc {
    vm.value_error(format!("{what} must be in range(0, 256)"))
}

/// The arguments `source`, `encoding`, `errors` of `bytes` and `bytearray`.
pub(crate) struct Source<'a> {
    pub source: Option<&'a Value>,
    encoding: Option<&'a Value>,
    errors: Option<&'a Value>,
}

impl<'a> Source<'a> {
    pub fn read(vm: &Vm, args: CallArgs<'a>, what: &str) -> PyResult<Source<'a>> {
        let positional = args.args();
        let total = positional.len() + args.keyword_count();
        if positional.len() > 3 || total > 3 {
            return Err(
                vm.type_error(format!("{what}() takes at most 3 arguments ({total} given)"))
            );
        }
        let mut places = [positional.first(), positional.get(1), positional.get(2)];
        for (name, value) in args.keywords() {
            let text = object::str(vm, name)?;
            let at = ["source", "encoding", "errors"].iter().position(|n| text.is_str(n));
            let Some(at) = at else {
                return Err(
                    vm.type_error(format!("{what}() got an unexpected keyword argument '{text}'"))
                );
            };
            if places[at].is_some() {
                return Err(vm.type_error(format!(
                    "argument for {what}() given by name ('{text}') and position ({})",
                    at + 1
                )));
            }
            places[at] = Some(value);
        }
        let [source, encoding, errors] = places;
        Ok(Source { source, encoding, errors })
    }

    /// The source, if it is something that gives ints one by one.
    pub fn items(&self) -> Option<&'a Value> {
        let source = self.source.filter(|_| self.encoding.is_none() && self.errors.is_none())?;
        let at_once = buffer::has_buffer(source)
            || number::has_index(source)
            || source.downcast::<Str>().is_some()
            || source.is_exact::<List>()
            || source.is_exact::<Tuple>();
        if at_once || !iter::is_iterable(source) { None } else { Some(source) }
    }

    /// The encoded text, if the source is text; `None` if there is no encoding either.
    pub fn text(&self, vm: &Vm, what: &str) -> PyResult<Option<Vec<u8>>> {
        let encoding = codec::name_argument(vm, self.encoding, what, "encoding", "utf-8")?;
        let errors = codec::name_argument(vm, self.errors, what, "errors", "strict")?;
        let text = self.source.and_then(|s| s.downcast::<Str>());
        match (text, self.encoding, self.errors) {
            (None, Some(_), _) => Err(vm.type_error("encoding without a string argument")),
            (None, None, Some(_)) => Err(vm.type_error("errors without a string argument")),
            (None, None, None) => Ok(None),
            (Some(_), None, Some(_)) => Err(vm.type_error("string argument without an encoding")),
            // A subclass of `str` may have `__bytes__`: the caller decides.
            (Some(_), None, None) => Ok(None),
            (Some(text), Some(_), _) => {
                let encoded = codec::encode(vm, text, &encoding, &errors)?;
                buffer::to_vec(vm, &encoded).map(Some)
            }
        }
    }
}

/// The bytes that a count asks for, if `source` is one.
pub(crate) fn zeros(vm: &Vm, source: &Value) -> PyResult<Option<Vec<u8>>> {
    if !number::has_index(source) {
        return Ok(None);
    }
    let index = match number::index(vm, source) {
        Err(e) if e.is(&vm.exceptions().type_error) => return Ok(None),
        other => other?,
    };
    let Some(count) = int::to_i64_exact(&index) else {
        return Err(vm.overflow_error(format!(
            "cannot fit '{}' into an index-sized integer",
            source.ty().name()
        )));
    };
    let Ok(count) = usize::try_from(count) else {
        return Err(vm.value_error("negative count"));
    };
    let mut bytes: Vec<u8> = Vec::new();
    vm.room_for(&mut bytes, count)?;
    bytes.resize(count, 0);
    Ok(Some(bytes))
}

fn construct(vm: &Vm, args: CallArgs<'_>) -> PyResult<Vec<u8>> {
    let source = Source::read(vm, args, "bytes")?;
    if let Some(bytes) = source.text(vm, "bytes")? {
        return Ok(bytes);
    }
    let Some(x) = source.source else { return Ok(Vec::new()) };
    if let Some(bytes) = by_method(vm, x)? {
        return Ok(bytes);
    }
    if x.downcast::<Str>().is_some() {
        return Err(vm.type_error("string argument without an encoding"));
    }
    match zeros(vm, x)? {
        Some(bytes) => Ok(bytes),
        None => from_items(vm, x, "bytes"),
    }
}

byte_methods! {
    Bytes,
    {
        #[slot]
        fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
            let exact = ty.same(Bytes::cell().get());
            if let ([x], 0, true) = (args.args(), args.keyword_count(), exact) {
                if x.is_exact::<Bytes>() {
                    return Ok(x.clone());
                }
                if let Some(made) = object_by_method(vm, x)? {
                    return Ok(made.into());
                }
            }
            let bytes = construct(vm, args)?;
            vm.need(bytes.len())?;
            Ok(if exact {
                Bytes::from_slice(&bytes).into()
            } else {
                Bytes::with_type(&bytes, ty).into()
            })
        }
        #[slot]
        fn repr(zelf: &Obj<Bytes>, vm: &Vm) -> PyResult {
            Ok(ops::repr(zelf.as_slice()).finish_in(vm)?.into())
        }
        #[slot]
        fn hash_(zelf: &Obj<Bytes>, _vm: &Vm) -> PyResult<i64> {
            Ok(zelf.hash())
        }
        #[slot]
        fn iter(zelf: &Obj<Bytes>, _vm: &Vm) -> PyResult {
            Ok(BytesIter::new_value(zelf.to_ref()))
        }
        #[slot]
        fn buffer(zelf: &Obj<Bytes>, vm: &Vm, writable: bool) -> PyResult<Buffer> {
            if writable {
                return Err(vm.buffer_error("Object is not writable."));
            }
            Ok(Buffer::bytes(zelf.to_value(), zelf.len(), access, None, None))
        }
        #[slot]
        fn getitem(zelf: &Obj<Bytes>, vm: &Vm, key: &Value) -> PyResult {
            use crate::protocol::index::{Subscript, subscript, wrap};
            let bytes = zelf.as_slice();
            match subscript(vm, key, bytes.len(), "byte")? {
                Subscript::Index(i) => match wrap(i, bytes.len()) {
                    Some(at) => Ok(Value::int_unchecked(bytes[at].into())),
                    None => Err(vm.index_error("index out of range")),
                },
                Subscript::Slice(s) if s.step == 1 && s.count == bytes.len() => {
                    Ok(Bytes::unchanged(zelf).into())
                }
                Subscript::Slice(s) if s.step == 1 => {
                    Ok(Bytes::copied(vm, &bytes[s.range()])?.into())
                }
                Subscript::Slice(s) => {
                    let picked: Vec<u8> = s.positions().map(|i| bytes[i]).collect();
                    Ok(Bytes::copied(vm, &picked)?.into())
                }
            }
        }
        #[pymethod]
        fn __getnewargs__(zelf: &Obj<Bytes>, _vm: &Vm) -> Ref<Tuple> {
            Tuple::from_vec(vec![Bytes::from_slice(zelf.as_slice()).into()])
        }
        /// Convert this value to exact type bytes.
        #[pymethod(name = "__bytes__", sig = "($self, /)")]
        fn to_bytes(zelf: &Obj<Bytes>, _vm: &Vm) -> Ref<Bytes> {
            Bytes::unchanged(zelf)
        }
        /// Returns the size of the bytes object in memory, in bytes.
        #[pymethod]
        fn __sizeof__(zelf: &Obj<Bytes>, _vm: &Vm) -> usize {
            zelf.ty().basic_size + zelf.len()
        }
    }
}

/// Iterates over bytes; gives the object back at the end.
#[pyclass(name = "bytes_iterator", no_gc, no_new)]
pub struct BytesIter {
    bytes: Guarded<Option<Ref<Bytes>>>,
    next: Cell<usize>,
}

impl BytesIter {
    pub fn new_value(bytes: Ref<Bytes>) -> Value {
        Ref::new(BytesIter { bytes: Guarded::new(Some(bytes)), next: Cell::new(0) }).into()
    }
    fn len(&self) -> usize {
        self.bytes.with(|b| b.as_ref().map_or(0, |b| b.len()))
    }
}

#[pymethods]
impl BytesIter {
    #[slot]
    fn iter(zelf: &Obj<BytesIter>, _vm: &Vm) -> PyResult {
        Ok(zelf.to_value())
    }
    #[slot]
    fn iternext(zelf: &Obj<BytesIter>, _vm: &Vm) -> PyResult<Option<Value>> {
        let at = zelf.next.get();
        let byte = zelf.bytes.with(|b| b.as_ref().and_then(|b| b.as_slice().get(at).copied()));
        match byte {
            Some(byte) => {
                zelf.next.set(at + 1);
                Ok(Some(Value::int_unchecked(byte.into())))
            }
            None => {
                drop(zelf.bytes.replace(None));
                Ok(None)
            }
        }
    }
    /// Private method returning an estimate of len(list(it)).
    #[pymethod]
    fn __length_hint__(zelf: &Obj<BytesIter>, _vm: &Vm) -> usize {
        BytesIter::len(zelf).saturating_sub(zelf.next.get())
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<BytesIter>, vm: &Vm) -> PyResult {
        let state = || Some((zelf.bytes.get()?.into(), zelf.next.get() as i64));
        iterators::reduce(vm, state, iterators::nothing)
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<BytesIter>, _vm: &Vm, state: isize) {
        let len = BytesIter::len(zelf);
        zelf.next.set(usize::try_from(state).unwrap_or(0).min(len));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Payload;
    use crate::testing::{Session, with_vm};
    use crate::value::Value;

    #[test]
    fn bytes_lie_behind_the_object() {
        with_vm(|_| {
            for len in [0, 1, 2, 7, 8, 9, 479, 480, 481, 100_000] {
                let content: Vec<u8> = (0..len).map(|i| i as u8).collect();
                let made = Bytes::from_slice(&content);
                assert!(made.as_slice() == content && made.len() == len);
                assert_eq!((made.tail_bytes(), made.is_empty()), (len, len == 0));
                assert_eq!(made.hash(), hash_bytes(&content));
                // Those of at most one byte are shared.
                let again = Bytes::from_slice(&content);
                assert_eq!(std::ptr::eq::<Obj<Bytes>>(&*made, &*again), len < 2);
            }
        });
    }

    #[test]
    fn every_single_byte_is_kept() {
        with_vm(|_| {
            for byte in 0..=255 {
                let one = Bytes::from_slice(&[byte]);
                assert!(one.as_slice() == [byte] && one.head().refcount() > 1);
            }
        });
    }

    #[test]
    fn instances_of_subclasses_have_parts_of_their_own() {
        with_vm(|vm| {
            let session = Session::new(vm, "class B(bytes): pass");
            let ty = session.get("B");
            let ty = ty.downcast::<Type>().expect("a type");
            for len in [0, 1, 13, 600] {
                let made = Bytes::with_type(&vec![b'x'; len], ty);
                assert!(made.len() == len && !made.is_exact());
                session.set("b", made.to_value());
                session.exec("b.a = b.c = [b]\nassert b == b'x' * len(b) and b.c[0] is b");
                session.exec("b.a.clear()\ndel b.c, b.a");
                session.set("b", Value::NONE);
                assert_eq!(made.head().refcount(), 1);
            }
        });
    }
}
