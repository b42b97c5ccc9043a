//! `array`: sequences of numbers or characters, stored as C does. What an item is stands in
//! `item.rs`. CPython's counterpart: `Modules/arraymodule.c`.

mod item;

use crate::support::bytes_of;
use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::object::{Guarded, Payload, ValueCell};
use adder_vm::objects::bytearray::ByteArray;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::iterators;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::object::instance_dict;
use adder_vm::objects::str_::codec::{self, Errors, Order};
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::buffer::{self, Buffer};
use adder_vm::protocol::compare::{CmpOp, compare_bool};
use adder_vm::protocol::index::{Indices, adjust, clamp, wrap};
use adder_vm::protocol::{iter, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::runtime::import_::import_module;
use adder_vm::{Obj, Ref, Value, Vm};
use item::{Code, Kind, MachineFormat};
use std::cell::Cell;

/// array(typecode [, initializer]) -> array
///
/// Return a new array whose items are restricted by typecode, and
/// initialized from the optional initializer value, which must be a list,
/// string or iterable over elements of the appropriate type.
///
/// Arrays represent basic values and behave very much like lists, except
/// the type of objects stored in them is constrained. The type is specified
/// at object creation time by using a type code, which is a single character.
/// The following type codes are defined:
///
///     Type code   C Type             Minimum size in bytes
///     'b'         signed integer     1
///     'B'         unsigned integer   1
///     'u'         Unicode character  2 (see note)
///     'h'         signed integer     2
///     'H'         unsigned integer   2
///     'i'         signed integer     2
///     'I'         unsigned integer   2
///     'l'         signed integer     4
///     'L'         unsigned integer   4
///     'q'         signed integer     8 (see note)
///     'Q'         unsigned integer   8 (see note)
///     'f'         floating-point     4
///     'd'         floating-point     8
///
/// NOTE: The 'u' typecode corresponds to Python's unicode character. On
/// narrow builds this is 2-bytes on wide builds this is 4-bytes.
///
/// NOTE: The 'q' and 'Q' type codes are only available if the platform
/// C compiler used to build Python supports 'long long', or, on Windows,
/// '__int64'.
#[pyclass(name = "array.array", base_type, sequence)]
pub struct Array {
    #[notrace]
    code: Code,
    #[notrace]
    bytes: Guarded<Vec<u8>>,
    /// Buffers that are out: while there are any, the size stays.
    exports: Cell<usize>,
}

impl Array {
    fn make(code: Code, bytes: Vec<u8>, ty: &Obj<Type>) -> Ref<Array> {
        Ref::with_type(Array { code, bytes: Guarded::new(bytes), exports: Cell::new(0) }, ty)
    }
    fn plain(code: Code, bytes: Vec<u8>) -> Value {
        Array::make(code, bytes, Array::cell().get()).into()
    }
    fn len(&self) -> usize {
        self.bytes.with(Vec::len) / self.code.size()
    }
    #[inline]
    fn get(&self, at: usize) -> Option<Value> {
        let size = self.code.size();
        self.bytes.with(|b| b.get(at * size..(at + 1) * size).and_then(|part| self.code.read(part)))
    }
    /// The item at an index below the length.
    fn item(&self, vm: &Vm, at: usize) -> PyResult {
        self.get(at).ok_or_else(|| {
            if at < self.len() {
                return vm.value_error("character is not in range [U+0000; U+10ffff]");
            }
            vm.index_error("array index out of range")
        })
    }
    fn put(&self, vm: &Vm, at: usize, value: &Value) -> PyResult<()> {
        let item = self.code.write(vm, value)?;
        let size = self.code.size();
        // Converting may have shortened the array.
        self.bytes.with_mut(|b| match b.get_mut(at * size..(at + 1) * size) {
            Some(place) => {
                place.copy_from_slice(&item[..size]);
                Ok(())
            }
            None => Err(vm.index_error("array assignment index out of range")),
        })
    }
    fn check_exports(&self, vm: &Vm) -> PyResult<()> {
        if self.exports.get() > 0 {
            return Err(vm.buffer_error("cannot resize an array that is exporting buffers"));
        }
        Ok(())
    }
    fn push(&self, vm: &Vm, value: &Value) -> PyResult<()> {
        let item = self.code.write(vm, value)?;
        self.check_exports(vm)?;
        let size = self.code.size();
        self.bytes.with_mut(|b| {
            vm.room_for(b, size)?;
            b.extend_from_slice(&item[..size]);
            Ok(())
        })
    }
    fn push_bytes(&self, vm: &Vm, more: &[u8]) -> PyResult<()> {
        if more.is_empty() {
            return Ok(());
        }
        self.check_exports(vm)?;
        self.bytes.with_mut(|b| {
            vm.room_for(b, more.len())?;
            b.extend_from_slice(more);
            Ok(())
        })
    }
    fn extend_array(&self, vm: &Vm, other: &Array) -> PyResult<()> {
        if self.code != other.code {
            return Err(vm.type_error("can only extend with array of same kind"));
        }
        self.push_bytes(vm, &other.copied(vm)?)
    }
    fn extend_from(&self, vm: &Vm, iterable: &Value) -> PyResult<()> {
        match iterable.downcast::<Array>() {
            Some(other) => self.extend_array(vm, other),
            None => iter::for_each(vm, iterable, |item| self.push(vm, &item).map(|()| true)),
        }
    }
    /// A copy of the bytes.
    fn copied(&self, vm: &Vm) -> PyResult<Vec<u8>> {
        vm.need(self.bytes.with(Vec::len))?;
        Ok(self.bytes.get())
    }
    fn push_text(&self, vm: &Vm, text: &Str) -> PyResult<()> {
        let more: Vec<u8> = text.code_points().flat_map(u32::to_ne_bytes).collect();
        self.push_bytes(vm, &more)
    }
    fn text(&self, vm: &Vm) -> PyResult<Ref<Str>> {
        let bytes = self.copied(vm)?;
        let order = if cfg!(target_endian = "big") { Order::Big } else { Order::Little };
        let errors = Errors::new("surrogatepass");
        codec::decode_utf32(vm, &bytes, order, &errors, true).map(|decoded| decoded.0)
    }
    /// Removes the items of a slice, or puts others in their place.
    fn splice(&self, s: Indices, new: &[u8]) {
        let size = self.code.size();
        let range = s.range();
        self.bytes.with_mut(|b| {
            let start = (range.start * size).min(b.len());
            let end = (range.end * size).min(b.len()).max(start);
            b.splice(start..end, new.iter().copied());
        });
    }
    fn repeated(&self, vm: &Vm, count: isize) -> PyResult<Vec<u8>> {
        let count = count.max(0) as usize;
        self.bytes.with(|b| {
            let total = b.len().checked_mul(count).filter(|n| *n <= isize::MAX as usize);
            let mut all = Vec::new();
            match total {
                Some(total) => vm.room_for(&mut all, total)?,
                None => return Err(int::no_memory(vm)),
            }
            // Nothing, however often, is nothing.
            if !b.is_empty() {
                (0..count).for_each(|_| all.extend_from_slice(b));
            }
            Ok(all)
        })
    }
    /// The first item equal to a value, from a range.
    fn find(
        &self,
        vm: &Vm,
        value: &Value,
        range: std::ops::Range<usize>,
    ) -> PyResult<Option<usize>> {
        for at in range {
            let Some(item) = self.get(at) else { break };
            if compare_bool(vm, &item, value, CmpOp::Eq)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

fn bad_typecode(vm: &Vm) -> Exc {
    vm.value_error("bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)")
}

/// What a subscript of an array is.
enum Key {
    Index(isize),
    Slice(Indices),
}

fn read_key(vm: &Vm, key: &Value, len: impl Fn() -> usize) -> PyResult<Key> {
    if number::has_index(key) {
        return Ok(Key::Index(number::to_index(vm, key)?));
    }
    match key.downcast::<adder_vm::objects::slice::Slice>() {
        Some(slice) => {
            // The slice's parts may run code that changes the array: its length counts afterwards.
            adjust(vm, slice, len())?;
            Ok(Key::Slice(adjust(vm, slice, len())?))
        }
        None => Err(vm.type_error("array indices must be integers")),
    }
}

fn access(owner: &Value, f: &mut dyn FnMut(&[u8])) {
    if let Some(array) = owner.downcast::<Array>() {
        array.bytes.with(|b| f(b));
    }
}
fn access_mut(owner: &Value, f: &mut dyn FnMut(&mut [u8])) {
    if let Some(array) = owner.downcast::<Array>() {
        array.bytes.with_mut(|b| f(b));
    }
}
fn release(owner: &Value) {
    if let Some(array) = owner.downcast::<Array>() {
        array.exports.set(array.exports.get().saturating_sub(1));
    }
}

/// Items compared one by one; equal objects need not be equal items (NaN).
fn compare_items(vm: &Vm, a: &Array, b: &Array, op: CmpOp) -> PyResult<bool> {
    let mut at = 0;
    loop {
        let (Some(x), Some(y)) = (a.get(at), b.get(at)) else {
            return Ok(op.holds(a.len().cmp(&b.len())));
        };
        if !compare_bool(vm, &x, &y, CmpOp::Eq)? {
            return match op {
                CmpOp::Eq => Ok(false),
                CmpOp::Ne => Ok(true),
                _ => compare_bool(vm, &x, &y, op),
            };
        }
        at += 1;
    }
}

#[pymethods]
impl Array {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if args.keyword_count() > 0 && ty.same(Array::cell().get()) {
            return Err(vm.type_error("array.array() takes no keyword arguments"));
        }
        let (typecode, initial) = match args.args() {
            [code] => (code, None),
            [code, initial] => (code, Some(initial)),
            [] => return Err(vm.type_error("array() takes at least 1 argument (0 given)")),
            more => {
                let n = more.len();
                return Err(vm.type_error(format!("array() takes at most 2 arguments ({n} given)")));
            }
        };
        let c = match typecode.downcast::<Str>() {
            Some(text) if text.len() == 1 => text.at(0),
            Some(text) => {
                let n = text.len();
                return Err(vm.type_error(format!(
                    "array() argument 1 must be a unicode character, not a string of length {n}"
                )));
            }
            None => {
                return Err(vm.type_error(format!(
                    "array() argument 1 must be a unicode character, not {}",
                    object::type_name_or_none(typecode)
                )));
            }
        };
        if Code::from_char(c).is_some_and(Code::is_deprecated) {
            let text = "The 'u' type code is deprecated and will be removed in Python 3.16";
            vm.warn(&vm.exceptions().deprecation_warning, text, 1)?;
        }
        let shown = char::from_u32(c).unwrap_or('?');
        let is_text = matches!(shown, 'u' | 'w');
        if let Some(initial) = initial.filter(|_| !is_text) {
            if initial.downcast::<Str>().is_some() {
                return Err(vm.type_error(format!(
                    "cannot use a str to initialize an array with typecode '{shown}'"
                )));
            }
            if initial.downcast::<Array>().is_some_and(|a| a.code.is_text()) {
                return Err(vm.type_error(format!(
                    "cannot use a unicode array to initialize an array with typecode '{shown}'"
                )));
            }
        }
        let code = Code::from_char(c).ok_or_else(|| bad_typecode(vm))?;
        let array = Array::make(code, Vec::new(), ty);
        match initial {
            None => {}
            Some(text) if text.downcast::<Str>().is_some() => {
                if let Some(text) = text.downcast::<Str>() {
                    array.push_text(vm, text)?;
                }
            }
            Some(bytes)
                if bytes.downcast::<Bytes>().is_some()
                    || bytes.downcast::<ByteArray>().is_some() =>
            {
                Array::frombytes(&array, vm, bytes)?;
            }
            Some(other) if other.downcast::<Array>().is_some_and(|a| a.code == code) => {
                array.extend_from(vm, other)?;
            }
            Some(other) => {
                iter::for_each(vm, other, |item| array.push(vm, &item).map(|()| true))?;
            }
        }
        Ok(array.into())
    }
    #[slot]
    fn repr(zelf: &Obj<Array>, vm: &Vm) -> PyResult {
        let mut out = StrBuilder::new();
        out.push_str(&format!("{}('{}'", zelf.ty().short_name(), zelf.code.as_char()));
        if Array::len(zelf) > 0 {
            out.push_str(", ");
            let items = match zelf.code.is_text() {
                true => zelf.text(vm)?.into(),
                false => Array::tolist(zelf, vm)?.into(),
            };
            out.push_obj(&*object::repr(vm, &items)?);
        }
        out.push_str(")");
        Ok(out.finish_in(vm)?.into())
    }
    #[slot]
    fn richcompare(zelf: &Obj<Array>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Array>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if matches!(op, CmpOp::Eq | CmpOp::Ne) {
            if Array::len(zelf) != Array::len(other) {
                return Ok(Value::bool(op == CmpOp::Ne));
            }
            if zelf.code == other.code && !zelf.code.is_float() {
                let same = zelf.bytes.with(|a| other.bytes.with(|b| a == b));
                return Ok(Value::bool(same == (op == CmpOp::Eq)));
            }
        }
        compare_items(vm, zelf, other, op).map(Value::bool)
    }
    #[slot]
    fn iter(zelf: &Obj<Array>, vm: &Vm) -> PyResult {
        let ty = vm.type_object::<ArrayIter>();
        let array = Some(zelf.to_value()).into();
        Ok(Ref::with_type(ArrayIter { array, next: Cell::new(0) }, ty).into())
    }
    #[slot]
    fn len(zelf: &Obj<Array>, _vm: &Vm) -> PyResult<usize> {
        Ok(Array::len(zelf))
    }
    #[slot]
    fn contains(zelf: &Obj<Array>, vm: &Vm, value: &Value) -> PyResult<bool> {
        Ok(zelf.find(vm, value, 0..usize::MAX)?.is_some())
    }
    #[slot]
    fn buffer(zelf: &Obj<Array>, _vm: &Vm, _writable: bool) -> PyResult<Buffer> {
        zelf.exports.set(zelf.exports.get() + 1);
        let size = zelf.code.size();
        let owner = zelf.to_value();
        let mut lent = Buffer::bytes(owner, 0, access, Some(access_mut), Some(release));
        lent.format = zelf.code.buffer_format().into();
        lent.item_size = size;
        lent.shape = vec![Array::len(zelf)];
        lent.strides = vec![size as isize];
        Ok(lent)
    }
    #[slot]
    fn getitem(zelf: &Obj<Array>, vm: &Vm, key: &Value) -> PyResult {
        match read_key(vm, key, || Array::len(zelf))? {
            Key::Index(i) => match wrap(i, Array::len(zelf)) {
                Some(at) => zelf.item(vm, at),
                None => Err(vm.index_error("array index out of range")),
            },
            Key::Slice(s) => {
                let size = zelf.code.size();
                let bytes = zelf.bytes.with(|b| {
                    if s.step == 1 {
                        let range = s.range();
                        return b.get(range.start * size..range.end * size).unwrap_or(&[]).to_vec();
                    }
                    let parts = s.positions().filter_map(|i| b.get(i * size..(i + 1) * size));
                    parts.flatten().copied().collect()
                });
                Ok(Array::plain(zelf.code, bytes))
            }
        }
    }
    #[slot]
    fn setitem(zelf: &Obj<Array>, vm: &Vm, key: &Value, value: Option<Value>) -> PyResult<()> {
        let s = match read_key(vm, key, || Array::len(zelf))? {
            Key::Index(i) => {
                let Some(at) = wrap(i, Array::len(zelf)) else {
                    return Err(vm.index_error("array assignment index out of range"));
                };
                return match value {
                    Some(value) => zelf.put(vm, at, &value),
                    None => {
                        zelf.check_exports(vm)?;
                        zelf.splice(
                            clamp(Some(at as isize), Some(at as isize + 1), 1, at + 1),
                            &[],
                        );
                        Ok(())
                    }
                };
            }
            Key::Slice(s) => s,
        };
        let new = match &value {
            None => None,
            Some(value) => match value.downcast::<Array>() {
                Some(other) if other.code == zelf.code => Some(other.copied(vm)?),
                Some(_) => return Err(vm.type_error("bad argument type for built-in operation")),
                None => {
                    return Err(vm.type_error(format!(
                        "can only assign array (not \"{}\") to array slice",
                        value.ty().name()
                    )));
                }
            },
        };
        let size = zelf.code.size();
        let given = new.as_ref().map_or(0, |n| n.len() / size);
        if s.step == 1 {
            if given != s.count {
                zelf.check_exports(vm)?;
            }
            zelf.splice(s, new.as_deref().unwrap_or(&[]));
            return Ok(());
        }
        let Some(new) = new else {
            if s.count > 0 {
                zelf.check_exports(vm)?;
            }
            zelf.delete_positions(s);
            return Ok(());
        };
        if given != s.count {
            return Err(vm.value_error(format!(
                "attempt to assign array of size {given} to extended slice of size {}",
                s.count
            )));
        }
        zelf.bytes.with_mut(|b| {
            for (at, item) in s.positions().zip(new.chunks_exact(size)) {
                if let Some(place) = b.get_mut(at * size..(at + 1) * size) {
                    place.copy_from_slice(item);
                }
            }
        });
        Ok(())
    }
    #[slot]
    fn concat(zelf: &Obj<Array>, vm: &Vm, other: &Value) -> PyResult {
        let Some(other) = other.downcast::<Array>() else {
            return Err(vm.type_error(format!(
                "can only append array (not \"{}\") to array",
                other.ty().name()
            )));
        };
        if zelf.code != other.code {
            return Err(vm.type_error("bad argument type for built-in operation"));
        }
        let mut bytes = Vec::new();
        vm.room_for(&mut bytes, zelf.bytes.with(Vec::len) + other.bytes.with(Vec::len))?;
        zelf.bytes.with(|own| bytes.extend_from_slice(own));
        other.bytes.with(|more| bytes.extend_from_slice(more));
        Ok(Array::plain(zelf.code, bytes))
    }
    #[slot]
    fn inplace_concat(zelf: &Obj<Array>, vm: &Vm, other: &Value) -> PyResult {
        let Some(other) = other.downcast::<Array>() else {
            return Err(vm.type_error(format!(
                "can only extend array with array (not \"{}\")",
                other.ty().name()
            )));
        };
        zelf.extend_array(vm, other)?;
        Ok(zelf.to_value())
    }
    #[slot]
    fn repeat(zelf: &Obj<Array>, vm: &Vm, count: isize) -> PyResult {
        Ok(Array::plain(zelf.code, zelf.repeated(vm, count)?))
    }
    #[slot]
    fn inplace_repeat(zelf: &Obj<Array>, vm: &Vm, count: isize) -> PyResult {
        if Array::len(zelf) > 0 && count != 1 {
            zelf.check_exports(vm)?;
            zelf.bytes.replace(zelf.repeated(vm, count)?);
        }
        Ok(zelf.to_value())
    }

    /// Append new value v to the end of the array.
    #[pymethod]
    fn append(zelf: &Obj<Array>, vm: &Vm, v: &Value) -> PyResult<()> {
        zelf.push(vm, v)
    }
    /// Return a tuple (address, length) giving the current memory address and the length in items
    /// of the buffer used to hold array's contents.
    ///
    /// The length should be multiplied by the itemsize attribute to calculate
    /// the buffer length in bytes.
    #[pymethod]
    fn buffer_info(zelf: &Obj<Array>, _vm: &Vm) -> (usize, usize) {
        (zelf.bytes.with(|b| b.as_ptr() as usize), Array::len(zelf))
    }
    /// Byteswap all items of the array.
    ///
    /// If the items in the array are not 1, 2, 4, or 8 bytes in size, RuntimeError is
    /// raised.
    #[pymethod]
    fn byteswap(zelf: &Obj<Array>, _vm: &Vm) {
        let size = zelf.code.size();
        zelf.bytes.with_mut(|b| b.chunks_exact_mut(size).for_each(<[u8]>::reverse));
    }
    /// Remove all items from the array.
    #[pymethod]
    fn clear(zelf: &Obj<Array>, vm: &Vm) -> PyResult<()> {
        if Array::len(zelf) > 0 {
            zelf.check_exports(vm)?;
        }
        zelf.bytes.replace(Vec::new());
        Ok(())
    }
    /// Return number of occurrences of v in the array.
    #[pymethod]
    fn count(zelf: &Obj<Array>, vm: &Vm, v: &Value) -> PyResult<usize> {
        let (mut count, mut at) = (0, 0);
        while let Some(item) = zelf.get(at) {
            count += usize::from(compare_bool(vm, &item, v, CmpOp::Eq)?);
            at += 1;
        }
        Ok(count)
    }
    /// Append items to the end of the array.
    #[pymethod]
    fn extend(zelf: &Obj<Array>, vm: &Vm, bb: &Value) -> PyResult<()> {
        zelf.extend_from(vm, bb)
    }
    /// Read n objects from the file object f and append them to the end of the array.
    #[pymethod]
    fn fromfile(zelf: &Obj<Array>, vm: &Vm, f: &Value, n: isize) -> PyResult<()> {
        if n < 0 {
            return Err(vm.value_error("negative count"));
        }
        let Some(wanted) = n.checked_mul(zelf.code.size() as isize) else {
            return Err(int::no_memory(vm));
        };
        let wanted_value = int::from_i64(wanted as i64);
        let read = object::call_method(vm, f, &vm.names().read, &[wanted_value])?;
        let Some(bytes) = read.downcast::<Bytes>() else {
            return Err(vm.type_error("read() didn't return bytes"));
        };
        Array::frombytes(zelf, vm, &read)?;
        if bytes.len() != wanted as usize {
            return Err(vm.eof_error("read() didn't return enough bytes"));
        }
        Ok(())
    }
    /// Append items to array from list.
    #[pymethod]
    fn fromlist(zelf: &Obj<Array>, vm: &Vm, list: &Value) -> PyResult<()> {
        let Some(list) = list.downcast::<List>() else {
            return Err(vm.type_error("arg must be list"));
        };
        let (len, before) = (list.len(), zelf.bytes.with(Vec::len));
        let size = zelf.code.size();
        if len > 0 {
            zelf.check_exports(vm)?;
        }
        let mut more = Vec::with_capacity(len * size);
        for at in 0..len {
            let Some(value) = list.get(at) else { break };
            more.extend_from_slice(&zelf.code.write(vm, &value)?[..size]);
            if list.len() != len {
                return Err(vm.runtime_error("list changed size during iteration"));
            }
        }
        if zelf.bytes.with(Vec::len) != before {
            return Err(vm.runtime_error("array changed size during iteration"));
        }
        zelf.push_bytes(vm, &more)
    }
    /// Appends items from the string, interpreting it as an array of machine values, as if it had
    /// been read from a file using the fromfile() method.
    #[pymethod]
    fn frombytes(zelf: &Obj<Array>, vm: &Vm, buffer: &Value) -> PyResult<()> {
        if buffer.downcast::<Bytes>().is_none() {
            let lent = buffer::get(vm, buffer, false)?;
            if lent.item_size != 1 {
                return Err(vm.type_error("a bytes-like object is required"));
            }
        }
        let bytes = bytes_of(vm, buffer)?;
        if bytes.len() % zelf.code.size() != 0 {
            return Err(vm.value_error("bytes length not a multiple of item size"));
        }
        zelf.push_bytes(vm, &bytes)
    }
    /// Extends this array with data from the unicode string ustr.
    ///
    /// The array must be a unicode type array; otherwise a ValueError is raised.
    /// Use array.frombytes(ustr.encode(...)) to append Unicode data to an array of
    /// some other type.
    #[pymethod]
    fn fromunicode(zelf: &Obj<Array>, vm: &Vm, ustr: &Obj<Str>) -> PyResult<()> {
        if !zelf.code.is_text() {
            return Err(vm.value_error(
                "fromunicode() may only be called on unicode type arrays ('u' or 'w')",
            ));
        }
        zelf.push_text(vm, ustr)
    }
    /// Return index of first occurrence of v in the array.
    ///
    /// Raise ValueError if the value is not present.
    #[pymethod(sig = "($self, v, start=0, stop=sys.maxsize, /)")]
    fn index(
        zelf: &Obj<Array>,
        vm: &Vm,
        v: &Value,
        start: Option<&Value>,
        stop: Option<&Value>,
    ) -> PyResult<usize> {
        let part = |bound: Option<&Value>| match bound {
            None => Ok(None),
            Some(bound) => number::index(vm, bound).map(|index| {
                let far = if int::is_negative(&index) { isize::MIN } else { isize::MAX };
                Some(int::to_i64_exact(&index).map_or(far, |i| i as isize))
            }),
        };
        let s = clamp(part(start)?, part(stop)?, 1, Array::len(zelf));
        match zelf.find(vm, v, s.range())? {
            Some(at) => Ok(at),
            None => Err(vm.value_error("array.index(x): x not in array")),
        }
    }
    /// Insert a new item v into the array before position i.
    #[pymethod]
    fn insert(zelf: &Obj<Array>, vm: &Vm, i: isize, v: &Value) -> PyResult<()> {
        let item = zelf.code.write(vm, v)?;
        zelf.check_exports(vm)?;
        let s = clamp(Some(i), Some(i), 1, Array::len(zelf));
        zelf.splice(Indices { count: 0, ..s }, &item[..zelf.code.size()]);
        Ok(())
    }
    /// Return the i-th element and delete it from the array.
    ///
    /// i defaults to -1.
    #[pymethod(sig = "($self, i=-1, /)")]
    fn pop(zelf: &Obj<Array>, vm: &Vm, i: Option<isize>) -> PyResult {
        let len = Array::len(zelf);
        if len == 0 {
            return Err(vm.index_error("pop from empty array"));
        }
        let Some(at) = wrap(i.unwrap_or(-1), len) else {
            return Err(vm.index_error("pop index out of range"));
        };
        let item = zelf.item(vm, at)?;
        zelf.check_exports(vm)?;
        zelf.splice(clamp(Some(at as isize), Some(at as isize + 1), 1, len), &[]);
        Ok(item)
    }
    /// Remove the first occurrence of v in the array.
    #[pymethod]
    fn remove(zelf: &Obj<Array>, vm: &Vm, v: &Value) -> PyResult<()> {
        let Some(at) = zelf.find(vm, v, 0..usize::MAX)? else {
            return Err(vm.value_error("array.remove(x): x not in array"));
        };
        zelf.check_exports(vm)?;
        let at = at as isize;
        zelf.splice(clamp(Some(at), Some(at + 1), 1, Array::len(zelf)), &[]);
        Ok(())
    }
    /// Reverse the order of the items in the array.
    #[pymethod]
    fn reverse(zelf: &Obj<Array>, _vm: &Vm) {
        let size = zelf.code.size();
        zelf.bytes.with_mut(|b| {
            // All bytes the other way round, then each item's back again.
            b.reverse();
            b.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        });
    }
    /// Convert the array to an array of machine values and return the bytes representation.
    #[pymethod]
    fn tobytes(zelf: &Obj<Array>, _vm: &Vm) -> Ref<Bytes> {
        zelf.bytes.with(|b| Bytes::from_slice(b))
    }
    /// Write all items (as machine values) to the file object f.
    #[pymethod]
    fn tofile(zelf: &Obj<Array>, vm: &Vm, f: &Value) -> PyResult<()> {
        const BLOCK: usize = 64 * 1024;
        let mut at = 0;
        loop {
            let block =
                zelf.bytes.with(|b| b.get(at..).map(|rest| rest[..rest.len().min(BLOCK)].to_vec()));
            let Some(block) = block.filter(|b| !b.is_empty()) else { return Ok(()) };
            at += block.len();
            let bytes = Bytes::from_slice(&block).into();
            object::call_method(vm, f, &vm.names().write, &[bytes])?;
        }
    }
    /// Convert array to an ordinary list with the same items.
    #[pymethod]
    fn tolist(zelf: &Obj<Array>, vm: &Vm) -> PyResult<Ref<List>> {
        let mut items = Vec::new();
        vm.room_for(&mut items, Array::len(zelf))?;
        for at in 0..Array::len(zelf) {
            vm.check_memory()?;
            items.push(zelf.item(vm, at)?);
        }
        Ok(List::from_vec(items))
    }
    /// Extends this array with data from the unicode string ustr.
    ///
    /// Convert the array to a unicode string.  The array must be a unicode type array;
    /// otherwise a ValueError is raised.  Use array.tobytes().decode() to obtain a
    /// unicode string from an array of some other type.
    #[pymethod]
    fn tounicode(zelf: &Obj<Array>, vm: &Vm) -> PyResult<Ref<Str>> {
        if !zelf.code.is_text() {
            return Err(vm.value_error(
                "tounicode() may only be called on unicode type arrays ('u' or 'w')",
            ));
        }
        zelf.text(vm)
    }
    /// the size, in bytes, of one array item
    #[getter]
    fn itemsize(zelf: &Obj<Array>, _vm: &Vm) -> usize {
        zelf.code.size()
    }
    /// the typecode character used to create the array
    #[getter]
    fn typecode(zelf: &Obj<Array>, _vm: &Vm) -> String {
        zelf.code.as_char().to_string()
    }
    /// Return a copy of the array.
    #[pymethod]
    fn __copy__(zelf: &Obj<Array>, vm: &Vm) -> PyResult {
        Ok(Array::plain(zelf.code, zelf.copied(vm)?))
    }
    /// Return a copy of the array.
    #[pymethod]
    fn __deepcopy__(zelf: &Obj<Array>, vm: &Vm, _unused: &Value) -> PyResult {
        Ok(Array::plain(zelf.code, zelf.copied(vm)?))
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce_ex__(zelf: &Obj<Array>, vm: &Vm, value: isize) -> PyResult<(Value, Value, Value)> {
        let class = zelf.ty().to_value();
        let code = vm.str(&zelf.code.as_char().to_string());
        let attributes = instance_dict(&zelf.to_value()).map_or(Value::NONE, Value::from);
        if value < 3 {
            let items = Array::tolist(zelf, vm)?.into();
            return Ok((class, Tuple::from_vec(vec![code, items]).into(), attributes));
        }
        let module = import_module(vm, "array")?;
        let make = object::get_attr_str(vm, &module, "_array_reconstructor")?;
        let format = Value::int_unchecked(MachineFormat::number_of(zelf.code));
        let args = vec![class, code, format, Array::tobytes(zelf, vm).into()];
        Ok((make, Tuple::from_vec(args).into(), attributes))
    }
    /// Size of the array in memory, in bytes.
    #[pymethod]
    fn __sizeof__(zelf: &Obj<Array>, _vm: &Vm) -> usize {
        size_of::<Obj<Array>>() + zelf.bytes.with(Vec::capacity)
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }
}

impl Array {
    /// `del self[slice]` with a step.
    fn delete_positions(&self, s: Indices) {
        let size = self.code.size();
        let mut doomed: Vec<usize> = s.positions().collect();
        doomed.sort_unstable();
        let mut doomed = doomed.into_iter().peekable();
        self.bytes.with_mut(|b| {
            let mut kept = Vec::with_capacity(b.len());
            for (at, item) in b.chunks_exact(size).enumerate() {
                if doomed.next_if_eq(&at).is_none() {
                    kept.extend_from_slice(item);
                }
            }
            *b = kept;
        });
    }
}

/// What iterating over an array walks with.
#[pyclass(name = "array.arrayiterator", no_new)]
pub struct ArrayIter {
    /// Let go at the end.
    array: ValueCell,
    next: Cell<usize>,
}

#[pymethods]
impl ArrayIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<ArrayIter>, vm: &Vm) -> PyResult<Option<Value>> {
        let Some(array) = zelf.array.get() else { return Ok(None) };
        let Some(array) = array.downcast::<Array>() else { return Ok(None) };
        let at = zelf.next.get();
        if at >= Array::len(array) {
            zelf.array.set(None);
            return Ok(None);
        }
        zelf.next.set(at + 1);
        array.item(vm, at).map(Some)
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Obj<ArrayIter>, vm: &Vm) -> PyResult {
        let state = || Some((zelf.array.get()?, zelf.next.get() as i64));
        iterators::reduce(vm, state, iterators::nothing)
    }
    /// Set state information for unpickling.
    #[pymethod]
    fn __setstate__(zelf: &Obj<ArrayIter>, vm: &Vm, state: &Value) -> PyResult<()> {
        let index = number::to_ssize(vm, state)?.max(0) as usize;
        zelf.next.set(index);
        Ok(())
    }
}

/// Items of some machine format as this machine's.
fn convert(vm: &Vm, array: &Array, format: &MachineFormat, items: &[u8]) -> PyResult<()> {
    if format.kind == Kind::Text {
        let order = if format.big { Order::Big } else { Order::Little };
        let strict = Errors::new("strict");
        let (text, _, _) = match format.size {
            2 => codec::decode_utf16(vm, items, order, &strict, true)?,
            _ => codec::decode_utf32(vm, items, order, &strict, true)?,
        };
        return array.push_text(vm, &text);
    }
    if !items.len().is_multiple_of(format.size) {
        return Err(vm.value_error("string length not a multiple of item size"));
    }
    for item in items.chunks_exact(format.size) {
        let mut item = item.to_vec();
        if format.big {
            item.reverse();
        }
        let value = match (format.kind, item.as_slice()) {
            (Kind::Float, &[a, b, c, d]) => Value::float(f32::from_le_bytes([a, b, c, d]).into()),
            (Kind::Float, _) => {
                let mut word = [0; 8];
                word.copy_from_slice(&item);
                Value::float(f64::from_le_bytes(word))
            }
            _ => int::from_int(adder_bigint::Int::from_le_bytes(&item, format.signed)),
        };
        array.push(vm, &value)?;
    }
    Ok(())
}

/// This module defines an object type which can efficiently represent
/// an array of basic values: characters, integers, floating-point
/// numbers.  Arrays are sequence types and behave very much like lists,
/// except that the type of objects stored in them is constrained.
#[pymodule(name = "array")]
pub mod array {
    use super::*;

    /// Internal. Used for pickling support.
    #[pyfunction]
    fn _array_reconstructor(
        vm: &Vm,
        arraytype: &Value,
        typecode: &Obj<Str>,
        mformat_code: i32,
        items: &Value,
    ) -> PyResult {
        let base = vm.type_object::<Array>();
        let Some(ty) = arraytype.downcast::<Type>() else {
            return Err(vm.type_error(format!(
                "_array_reconstructor() argument 1 must be type, not {}",
                object::type_name_or_none(arraytype)
            )));
        };
        if !ty.is_subtype(base) {
            return Err(vm.type_error(format!(
                "{} is not a subtype of {}",
                ty.name(),
                base.name()
            )));
        }
        let code = if typecode.len() == 1 { Code::from_char(typecode.at(0)) } else { None };
        let Some(mut code) = code else {
            return Err(vm.value_error("second argument must be a valid type code"));
        };
        let Some(format) = MachineFormat::from_number(mformat_code.into()) else {
            return Err(vm.value_error("third argument must be a valid machine format code."));
        };
        let Some(bytes) = items.downcast::<Bytes>() else {
            return Err(vm.type_error(format!(
                "fourth argument should be bytes, not {}",
                object::type_name_or_none(items)
            )));
        };
        if MachineFormat::number_of(code) == i64::from(mformat_code) {
            let array = Array::make(code, Vec::new(), ty);
            if bytes.len() % code.size() != 0 {
                return Err(vm.value_error("bytes length not a multiple of item size"));
            }
            array.push_bytes(vm, bytes.as_slice())?;
            return Ok(array.into());
        }
        // Ints from elsewhere get the kind that is as wide here.
        if format.kind == Kind::Int {
            let fits = |c: &char| {
                Code::from_char(*c as u32).is_some_and(|c| {
                    !c.is_text()
                        && !c.is_float()
                        && c.size() == format.size
                        && c.is_signed() == format.signed
                })
            };
            let found = item::ALL.chars().rfind(fits);
            code = found.and_then(|c| Code::from_char(c as u32)).unwrap_or(code);
        }
        let array = Array::make(code, Vec::new(), ty);
        convert(vm, &array, &format, bytes.as_slice())?;
        Ok(array.into())
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let ty = vm.type_object::<Array>();
        module.add_type(vm, ty);
        module.set(vm, "ArrayType", ty.to_value());
        module.set(vm, "typecodes", vm.str(item::ALL));
        let library = import_module(vm, "collections.abc")?;
        let sequence = object::get_attr_str(vm, &library, "MutableSequence")?;
        object::call_method(vm, &sequence, &vm.intern("register"), &[ty.to_value()])?;
        Ok(())
    }
}
