//! `_struct`: values to packed bytes and back. The format strings are read in `format.rs`.
//!
//! CPython's counterpart: `Modules/_struct.c`.

mod format;

use crate::support::{Held, bytes_of, flat_buffer};
use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::object::{GilCell, Guarded};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::{Type, declare};
use adder_vm::protocol::{number, object};
use adder_vm::runtime::args::{CallArgs, Rest};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};
use format::{Failure, Format};
use std::cell::Cell;
use std::rc::Rc;

static ERROR: GilCell<Option<Value>> = GilCell::new(None);

/// `struct.error`
fn error_type(vm: &Vm) -> Value {
    if let Some(known) = ERROR.with(|e| e.clone()) {
        return known;
    }
    let made = declare::exception_subclass(vm, "error", "struct", &[&vm.exceptions().exception]);
    ERROR.with(|e| e.get_or_insert(made).clone())
}

#[cold]
fn error(vm: &Vm, message: impl Into<String>) -> Exc {
    match error_type(vm).downcast::<Type>() {
        Some(ty) => vm.exception(ty, message.into()),
        None => vm.value_error(message),
    }
}

/// Formats that the functions have read already.
type Cache = hashbrown::HashMap<Box<[u8]>, Rc<Format>, rapidhash::fast::RandomState>;
static CACHE: GilCell<Option<Cache>> = GilCell::new(None);
const CACHE_SIZE: usize = 100;

fn parse(vm: &Vm, format: &Value) -> PyResult<Rc<Format>> {
    let text = if let Some(text) = format.downcast::<Str>() {
        match text.as_ascii() {
            Some(text) => text.as_bytes(),
            None => {
                let at = text.code_points().position(|c| c >= 0x80).unwrap_or(0);
                let reason = "ordinal not in range(128)";
                return Err(vm.unicode_encode_error("ascii", text, at, at + 1, reason));
            }
        }
    } else if let Some(bytes) = format.downcast::<Bytes>() {
        bytes.as_slice()
    } else {
        return Err(vm.type_error(format!(
            "Struct() argument 1 must be a str or bytes object, not {}",
            object::type_name_or_none(format)
        )));
    };
    if let Some(known) = CACHE.with(|c| c.as_ref().and_then(|c| c.get(text).cloned())) {
        return Ok(known);
    }
    let made = Rc::new(Format::parse(text).map_err(|message| error(vm, message))?);
    CACHE.with(|c| {
        let cache = c.get_or_insert_default();
        if cache.len() >= CACHE_SIZE {
            cache.clear();
        }
        cache.insert(text.into(), made.clone());
    });
    Ok(made)
}

/// The bytes of values; `function` and what comes before the values are for the error.
fn pack_values(vm: &Vm, format: &Format, values: &[Value], function: &str) -> PyResult<Vec<u8>> {
    if values.len() != format.items {
        return Err(error(
            vm,
            format!(
                "{function} expected {} items for packing (got {})",
                format.items,
                values.len()
            ),
        ));
    }
    let mut bytes = Vec::new();
    vm.room_for(&mut bytes, format.size)?;
    bytes.resize(format.size, 0);
    match format.pack(vm, values, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(Failure::Message(message)) => Err(error(vm, message)),
        Err(Failure::Raised(e)) => Err(e),
    }
}

fn unpack_all(vm: &Vm, format: &Format, bytes: &[u8]) -> PyResult<Ref<Tuple>> {
    let count = format.items.min(bytes.len());
    // They are copied once more, into the tuple.
    vm.need(count.saturating_mul(2 * size_of::<Value>()))?;
    let mut values = Vec::with_capacity(count);
    format.unpack(bytes, &mut values);
    vm.check_memory()?;
    Ok(Tuple::from_vec(values))
}

fn unpack_whole(vm: &Vm, format: &Format, buffer: &Value) -> PyResult<Ref<Tuple>> {
    let bytes = bytes_of(vm, buffer)?;
    if bytes.len() != format.size {
        return Err(error(vm, format!("unpack requires a buffer of {} bytes", format.size)));
    }
    unpack_all(vm, format, &bytes)
}

/// Words of the errors of `pack_into` and `unpack_from`.
struct Direction {
    function: &'static str,
    negative: &'static str,
    doing: &'static str,
}

const PACK: Direction =
    Direction { function: "pack_into", negative: "no space to pack", doing: "packing" };
const UNPACK: Direction = Direction {
    function: "unpack_from",
    negative: "not enough data to unpack",
    doing: "unpacking",
};

/// Where in a buffer of `len` bytes a format of `size` bytes at `offset` starts.
fn place(vm: &Vm, size: usize, offset: isize, len: usize, d: &Direction) -> PyResult<usize> {
    let mut at = offset;
    if offset < 0 {
        if offset.saturating_add_unsigned(size) > 0 {
            let Direction { negative, .. } = d;
            return Err(error(vm, format!("{negative} {size} bytes at offset {offset}")));
        }
        at = offset.saturating_add_unsigned(len);
        if at < 0 {
            return Err(error(vm, format!("offset {offset} out of range for {len}-byte buffer")));
        }
    }
    let at = at as usize;
    if len.saturating_sub(at) < size || at > len {
        return Err(error(
            vm,
            format!(
                "{} requires a buffer of at least {} bytes for {} {size} bytes at offset {at} \
                 (actual buffer size is {len})",
                d.function,
                at.saturating_add(size),
                d.doing,
            ),
        ));
    }
    Ok(at)
}

fn unpack_at(vm: &Vm, format: &Format, buffer: &Value, offset: isize) -> PyResult<Ref<Tuple>> {
    let take = |bytes: &[u8]| {
        let at = place(vm, format.size, offset, bytes.len(), &UNPACK)?;
        unpack_all(vm, format, &bytes[at..at + format.size])
    };
    if let Some(bytes) = buffer.downcast::<Bytes>() {
        return take(bytes.as_slice());
    }
    let lent = flat_buffer(vm, buffer, false)?;
    lent.with(take).unwrap_or_else(|| Ok(Tuple::empty()))
}

fn pack_at(vm: &Vm, format: &Format, args: &[Value]) -> PyResult<()> {
    let [buffer, rest @ ..] = args else {
        return Err(error(vm, "pack_into expected buffer argument"));
    };
    let [offset, values @ ..] = rest else {
        return Err(error(vm, "pack_into expected offset argument"));
    };
    if values.len() != format.items {
        return pack_values(vm, format, values, "pack_into").map(drop);
    }
    let lent = flat_buffer(vm, buffer, true).map_err(|e| {
        if e.is(&vm.exceptions().buffer_error) || e.is(&vm.exceptions().type_error) {
            return vm.type_error(format!(
                "argument must be read-write bytes-like object, not {}",
                object::type_name_or_none(buffer)
            ));
        }
        e
    })?;
    let offset = number::to_index(vm, offset)?;
    let at = place(vm, format.size, offset, lent.len(), &PACK)?;
    let bytes = pack_values(vm, format, values, "pack_into")?;
    lent.with_mut(|memory| memory[at..at + bytes.len()].copy_from_slice(&bytes));
    Ok(())
}

fn iterate(vm: &Vm, format: Rc<Format>, buffer: &Value) -> PyResult {
    if format.size == 0 {
        return Err(error(vm, "cannot iteratively unpack with a struct of length 0"));
    }
    let lent = flat_buffer(vm, buffer, false)?;
    if lent.len() % format.size != 0 {
        let size = format.size;
        return Err(error(
            vm,
            format!("iterative unpacking requires a buffer of a multiple of {size} bytes"),
        ));
    }
    let ty = vm.type_object::<UnpackIterator>();
    let buffer = Guarded::new(Held(Some(lent)));
    Ok(Ref::with_type(UnpackIterator { format, buffer, next: Cell::new(0) }, ty).into())
}

/// Struct(fmt) --> compiled struct object
#[pyclass(name = "_struct.Struct", base_type)]
pub struct Struct {
    #[notrace]
    format: Guarded<Option<Rc<Format>>>,
}

impl Struct {
    fn format(&self, vm: &Vm) -> PyResult<Rc<Format>> {
        self.format.get().ok_or_else(|| vm.runtime_error("Struct object is not initialized"))
    }
}

#[pymethods]
impl Struct {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Struct { format: Guarded::new(None) }, ty).into())
    }
    #[slot(name = "Struct", sig = "(format)")]
    fn init(zelf: &Obj<Struct>, vm: &Vm, format: &Value) -> PyResult<()> {
        drop(zelf.format.replace(Some(parse(vm, format)?)));
        Ok(())
    }
    #[slot]
    fn repr(zelf: &Obj<Struct>, vm: &Vm) -> PyResult {
        let shown = object::repr(vm, &Str::from_latin1(&zelf.format(vm)?.text).into())?;
        Ok(vm.str(&format!("{}({shown})", zelf.ty().short_name())))
    }
    /// Return a bytes object containing values packed according to the format string Struct.format.
    #[pymethod(sig = "($self, /, *values)")]
    fn pack(zelf: &Obj<Struct>, vm: &Vm, values: Rest<'_>) -> PyResult {
        let bytes = pack_values(vm, &*zelf.format(vm)?, values.0, "pack")?;
        Ok(Bytes::copied(vm, &bytes)?.into())
    }
    /// Pack values according to the format string Struct.format, and write the packed bytes into
    /// the writable buffer buf starting at offset.
    #[pymethod(sig = "($self, /, *values)")]
    fn pack_into(zelf: &Obj<Struct>, vm: &Vm, values: Rest<'_>) -> PyResult<()> {
        pack_at(vm, &*zelf.format(vm)?, values.0)
    }
    /// Return a tuple containing unpacked values.
    ///
    /// Unpack according to the format string Struct.format. The buffer's size
    /// in bytes must be Struct.size.
    #[pymethod]
    fn unpack(zelf: &Obj<Struct>, vm: &Vm, buffer: &Value) -> PyResult<Ref<Tuple>> {
        unpack_whole(vm, &*zelf.format(vm)?, buffer)
    }
    /// Return a tuple containing unpacked values.
    ///
    /// Values are unpacked according to the format string Struct.format.
    ///
    /// The buffer's size in bytes, starting at position offset, must be
    /// at least Struct.size.
    #[pymethod(sig = "($self, /, buffer, offset=0)")]
    fn unpack_from(
        zelf: &Obj<Struct>,
        vm: &Vm,
        buffer: &Value,
        offset: Option<isize>,
    ) -> PyResult<Ref<Tuple>> {
        unpack_at(vm, &*zelf.format(vm)?, buffer, offset.unwrap_or(0))
    }
    /// Return an iterator yielding tuples.
    ///
    /// Tuples are unpacked from the given bytes source, like a repeated
    /// invocation of unpack_from().
    ///
    /// Requires that the bytes length be a multiple of the struct size.
    #[pymethod]
    fn iter_unpack(zelf: &Obj<Struct>, vm: &Vm, buffer: &Value) -> PyResult {
        iterate(vm, zelf.format(vm)?, buffer)
    }
    /// struct format string
    #[getter(name = "format")]
    fn get_format(zelf: &Obj<Struct>, vm: &Vm) -> PyResult<Ref<Str>> {
        Ok(Str::from_latin1(&zelf.format(vm)?.text))
    }
    /// struct size in bytes
    #[getter]
    fn size(zelf: &Obj<Struct>, vm: &Vm) -> PyResult<usize> {
        Ok(zelf.format(vm)?.size)
    }
    /// S.__sizeof__() -> size of S in memory, in bytes
    #[pymethod]
    fn __sizeof__(zelf: &Obj<Struct>, _vm: &Vm) -> usize {
        let fields = zelf.format.with(|f| f.as_ref().map_or(0, |f| f.fields.len()));
        size_of::<Obj<Struct>>() + fields * size_of::<format::Field>()
    }
}

/// What `iter_unpack` returns.
#[pyclass(name = "_struct.unpack_iterator", no_new)]
pub struct UnpackIterator {
    #[notrace]
    format: Rc<Format>,
    /// Given back at the end.
    buffer: Guarded<Held>,
    next: Cell<usize>,
}

#[pymethods]
impl UnpackIterator {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<UnpackIterator>, vm: &Vm) -> PyResult<Option<Value>> {
        let (at, size) = (zelf.next.get(), zelf.format.size);
        let found = zelf.buffer.with(|held| {
            let buffer = held.0.as_ref()?;
            buffer
                .with(|all| all.get(at..at + size).map(|part| unpack_all(vm, &zelf.format, part)))?
        });
        match found {
            Some(values) => {
                zelf.next.set(at + size);
                Ok(Some(values?.into()))
            }
            None => {
                drop(zelf.buffer.replace(Held(None)));
                Ok(None)
            }
        }
    }
    #[pymethod]
    fn __length_hint__(zelf: &Obj<UnpackIterator>, _vm: &Vm) -> usize {
        let len = zelf.buffer.with(|held| held.0.as_ref().map_or(0, |b| b.len()));
        len.saturating_sub(zelf.next.get()) / zelf.format.size
    }
}

/// Functions to convert between Python values and C structs.
/// Python bytes objects are used to hold the data representing the C struct
/// and also as format strings (explained below) to describe the layout of data
/// in the C struct.
///
/// The optional first format char indicates byte order, size and alignment:
///   @: native order, size & alignment (default)
///   =: native order, std. size & alignment
///   <: little-endian, std. size & alignment
///   >: big-endian, std. size & alignment
///   !: same as >
///
/// The remaining chars indicate types of args and must match exactly;
/// these can be preceded by a decimal repeat count:
///   x: pad byte (no data); c:char; b:signed byte; B:unsigned byte;
///   ?: _Bool (requires C99; if not available, char is used instead)
///   h:short; H:unsigned short; i:int; I:unsigned int;
///   l:long; L:unsigned long; f:float; d:double; e:half-float.
/// Special cases (preceding decimal count indicates length):
///   s:string (array of char); p: pascal string (with count byte).
/// Special cases (only available in native format):
///   n:ssize_t; N:size_t;
///   P:an integer type that is wide enough to hold a pointer.
/// Special case (not in native mode unless 'long long' in platform C):
///   q:long long; Q:unsigned long long
/// Whitespace between formats is ignored.
///
/// The variable struct.error is an exception raised on errors.
#[pymodule(name = "_struct")]
pub mod struct_ {
    use super::*;

    /// Clear the internal cache.
    #[pyfunction]
    fn _clearcache(_vm: &Vm) {
        drop(CACHE.with(Option::take));
    }
    /// Return size in bytes of the struct described by the format string.
    #[pyfunction]
    fn calcsize(vm: &Vm, format: &Value) -> PyResult<usize> {
        Ok(parse(vm, format)?.size)
    }
    /// Return a bytes object containing values packed according to the format string.
    #[pyfunction(sig = "(format=None, /, *values)")]
    fn pack(vm: &Vm, format: Option<&Value>, values: Rest<'_>) -> PyResult {
        let Some(format) = format else { return Err(vm.type_error("missing format argument")) };
        let bytes = pack_values(vm, &*parse(vm, format)?, values.0, "pack")?;
        Ok(Bytes::copied(vm, &bytes)?.into())
    }
    /// Pack values and write the packed bytes into the buffer.
    ///
    /// Pack the provided values according to the format string and write the
    /// packed bytes into a writable buffer starting at offset.  Note that the
    /// offset is a required argument.
    #[pyfunction(sig = "(format=None, /, *values)")]
    fn pack_into(vm: &Vm, format: Option<&Value>, values: Rest<'_>) -> PyResult<()> {
        let Some(format) = format else { return Err(vm.type_error("missing format argument")) };
        pack_at(vm, &*parse(vm, format)?, values.0)
    }
    /// Return a tuple containing values unpacked according to the format string.
    ///
    /// The buffer's size in bytes must be calcsize(format).
    #[pyfunction]
    fn unpack(vm: &Vm, format: &Value, buffer: &Value) -> PyResult<Ref<Tuple>> {
        unpack_whole(vm, &*parse(vm, format)?, buffer)
    }
    /// Return a tuple containing values unpacked according to the format string.
    ///
    /// The buffer's size, minus offset, must be at least calcsize(format).
    #[pyfunction(sig = "(format, /, buffer, offset=0)")]
    fn unpack_from(
        vm: &Vm,
        format: &Value,
        buffer: &Value,
        offset: Option<isize>,
    ) -> PyResult<Ref<Tuple>> {
        unpack_at(vm, &*parse(vm, format)?, buffer, offset.unwrap_or(0))
    }
    /// Return an iterator yielding tuples unpacked from the given bytes.
    ///
    /// The bytes are unpacked according to the format string, like
    /// a repeated invocation of unpack_from().
    ///
    /// Requires that the bytes length be a multiple of the format struct size.
    #[pyfunction]
    fn iter_unpack(vm: &Vm, format: &Value, buffer: &Value) -> PyResult {
        iterate(vm, parse(vm, format)?, buffer)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<Struct>());
        module.set(vm, "error", error_type(vm));
        Ok(())
    }
}
