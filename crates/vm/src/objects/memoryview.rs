//! `memoryview`: a look at another object's bytes, with shape, strides and item format (PEP 3118).
//!
//! Views made from a view share one `Buffer`, which is given back when the last of them is released
//! or dies. Items are copied out or in one at a time: nothing borrows the owner's bytes while Python
//! code runs. CPython's counterpart: `Objects/memoryobject.c`.

use crate::object::{Guarded, Obj, Ref, Visitor};
use crate::objects::bytes::{Bytes, ops};
use crate::objects::int;
use crate::objects::list::List;
use crate::objects::slice::Slice;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::buffer::{self, Buffer};
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::index::{adjust, wrap};
use crate::protocol::{number, object};
use crate::runtime::args::{CallArgs, VarArgs};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;
use std::ops::Deref;
use std::rc::Rc;

#[path = "memoryview_format.rs"]
pub mod item;

/// The most dimensions (`PyBUF_MAX_NDIM`).
const MAX_DIMENSIONS: usize = 64;

/// What a view sees: geometry over the bytes of a buffer.
#[derive(Clone)]
struct View {
    format: Box<str>,
    item_size: usize,
    readonly: bool,
    shape: Vec<usize>,
    strides: Vec<isize>,
    offset: isize,
}

impl View {
    fn of(buffer: &Buffer) -> View {
        View {
            format: buffer.format.clone(),
            item_size: buffer.item_size,
            readonly: buffer.readonly,
            shape: buffer.shape.clone(),
            strides: buffer.strides.clone(),
            offset: buffer.offset as isize,
        }
    }
    fn items(&self) -> usize {
        self.shape.iter().product()
    }
    fn len(&self) -> usize {
        self.items() * self.item_size
    }
    fn is_c_contiguous(&self) -> bool {
        contiguous(self.item_size, self.shape.iter().zip(&self.strides).rev())
    }
    fn is_f_contiguous(&self) -> bool {
        contiguous(self.item_size, self.shape.iter().zip(&self.strides))
    }
    fn native_code(&self) -> Option<u8> {
        item::native_code(&self.format)
    }
    /// The byte offsets of the items in C order, or with the first dimension running fastest.
    fn offsets(&self, fortran: bool) -> Vec<usize> {
        let mut offsets = vec![self.offset];
        let dimensions: Vec<(usize, isize)> =
            self.shape.iter().copied().zip(self.strides.iter().copied()).collect();
        let order: Box<dyn Iterator<Item = &(usize, isize)>> =
            if fortran { Box::new(dimensions.iter().rev()) } else { Box::new(dimensions.iter()) };
        for (n, stride) in order {
            offsets = offsets
                .iter()
                .flat_map(|at| (0..*n as isize).map(move |i| at + i * stride))
                .collect();
        }
        offsets.into_iter().map(|at| at as usize).collect()
    }
}

/// Do the items follow each other, dimensions given from the fastest to the slowest?
fn contiguous<'a>(
    item_size: usize,
    dimensions: impl Iterator<Item = (&'a usize, &'a isize)> + Clone,
) -> bool {
    if dimensions.clone().any(|(n, _)| *n == 0) {
        return true;
    }
    let mut expected = item_size as isize;
    for (n, stride) in dimensions {
        if *n > 1 && *stride != expected {
            return false;
        }
        expected *= *n as isize;
    }
    true
}

fn c_strides(shape: &[usize], item_size: usize) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut stride = item_size as isize;
    for (place, n) in strides.iter_mut().zip(shape).rev() {
        *place = stride;
        stride *= *n as isize;
    }
    strides
}

/// The buffer, which several views may share: the collector sees the owner only through the last.
struct Base(Guarded<Option<Rc<Buffer>>>);

impl Deref for Base {
    type Target = Guarded<Option<Rc<Buffer>>>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl crate::object::trace::Trace for Base {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.0.with(|base| match base {
            Some(base) if Rc::strong_count(base) == 1 => visit(&base.owner),
            _ => {}
        });
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        if let Some(base) = self.0.replace(None) {
            // It is given back here; the owner goes with the rest.
            bag.push(base.owner.clone());
        }
    }
}

/// Create a new memoryview object which references the given object.
#[pyclass(name = "memoryview", sequence, sig = "(object)")]
pub struct MemoryView {
    /// `None` when released.
    base: Base,
    #[notrace]
    view: View,
    /// Buffers that others got from this view.
    exports: Cell<usize>,
    #[notrace]
    hash: Cell<Option<i64>>,
}

impl MemoryView {
    fn make(base: Rc<Buffer>, view: View) -> Ref<MemoryView> {
        Ref::new(MemoryView {
            base: Base(Guarded::new(Some(base))),
            view,
            exports: Cell::new(0),
            hash: Cell::new(None),
        })
    }

    /// A view of any object that lends its bytes.
    pub fn of_object(vm: &Vm, object: &Value) -> PyResult<Ref<MemoryView>> {
        if let Some(other) = object.downcast::<MemoryView>() {
            return Ok(MemoryView::make(other.live(vm)?, other.view.clone()));
        }
        if !buffer::has_buffer(object) {
            return Err(vm.type_error(format!(
                "memoryview: a bytes-like object is required, not '{}'",
                object.ty().name()
            )));
        }
        let buffer = buffer::get(vm, object, false)?;
        let view = View::of(&buffer);
        Ok(MemoryView::make(Rc::new(buffer), view))
    }

    /// A view of a buffer whose items lie one after the other, as flat bytes.
    pub fn flat(mut buffer: Buffer) -> Ref<MemoryView> {
        (buffer.shape, buffer.strides) = (vec![buffer.len()], vec![1]);
        (buffer.format, buffer.item_size) = ("B".into(), 1);
        let view = View::of(&buffer);
        MemoryView::make(Rc::new(buffer), view)
    }

    /// The buffer, if it is not released.
    fn live(&self, vm: &Vm) -> PyResult<Rc<Buffer>> {
        self.base.get().ok_or_else(|| released(vm))
    }

    /// A further view of the same buffer.
    fn derived(&self, vm: &Vm, view: View) -> PyResult<Ref<MemoryView>> {
        Ok(MemoryView::make(self.live(vm)?, view))
    }

    /// The bytes of the item at an offset.
    fn item_bytes(&self, vm: &Vm, at: usize) -> PyResult<Vec<u8>> {
        let base = self.live(vm)?;
        let mut item = Vec::new();
        (base.access)(&base.owner, &mut |all| {
            item.extend_from_slice(all.get(at..at + self.view.item_size).unwrap_or(&[]));
        });
        if item.len() < self.view.item_size {
            return Err(released(vm));
        }
        Ok(item)
    }

    fn code(&self, vm: &Vm) -> PyResult<u8> {
        self.view.native_code().ok_or_else(|| {
            vm.not_implemented_error(format!("memoryview: unsupported format {}", self.view.format))
        })
    }

    fn item(&self, vm: &Vm, at: usize) -> PyResult {
        let code = self.code(vm)?;
        Ok(item::unpack(code, &self.item_bytes(vm, at)?))
    }

    fn set_item(&self, vm: &Vm, at: usize, value: &Value) -> PyResult<()> {
        let code = self.code(vm)?;
        let bytes = item::pack(vm, code, &self.view.format, value)?;
        // Packing may have released the view.
        let base = self.live(vm)?;
        write(&base, &[at], &bytes);
        Ok(())
    }

    /// All items as bytes.
    fn gather(&self, vm: &Vm, fortran: bool) -> PyResult<Vec<u8>> {
        let base = self.live(vm)?;
        let view = &self.view;
        let mut out = Vec::new();
        vm.room_for(&mut out, view.len())?;
        (base.access)(&base.owner, &mut |all| {
            let start = view.offset as usize;
            if view.is_c_contiguous() && (!fortran || view.shape.len() < 2) {
                out.extend_from_slice(all.get(start..start + view.len()).unwrap_or(&[]));
                return;
            }
            for at in view.offsets(fortran) {
                out.extend_from_slice(all.get(at..at + view.item_size).unwrap_or(&[]));
            }
        });
        Ok(out)
    }

    /// The offset of an index in a dimension, negative ones counted from the end.
    fn step(&self, vm: &Vm, dimension: usize, index: isize) -> PyResult<isize> {
        match wrap(index, self.view.shape[dimension]) {
            Some(i) => Ok(i as isize * self.view.strides[dimension]),
            None => {
                Err(vm.index_error(format!("index out of bounds on dimension {}", dimension + 1)))
            }
        }
    }

    /// The offset of the item that a key names, if it names one.
    fn place(&self, vm: &Vm, key: &Value) -> PyResult<Option<usize>> {
        let view = &self.view;
        let dimensions = view.shape.len();
        if dimensions == 0 {
            return match key.downcast::<Tuple>() {
                Some(tuple) if tuple.is_empty() => Ok(Some(view.offset as usize)),
                _ if key.is_ellipsis() => Ok(None),
                _ => Err(vm.type_error("invalid indexing of 0-dim memory")),
            };
        }
        if number::has_index(key) {
            let index = number::to_index(vm, key)?;
            if dimensions > 1 {
                return Err(
                    vm.not_implemented_error("multi-dimensional sub-views are not implemented")
                );
            }
            return Ok(Some((view.offset + self.step(vm, 0, index)?) as usize));
        }
        let Some(tuple) = key.downcast::<Tuple>() else { return Ok(None) };
        let keys = tuple.items();
        if !keys.iter().all(number::has_index) {
            return Ok(None);
        }
        if keys.len() < dimensions {
            return Err(vm.not_implemented_error("sub-views are not implemented"));
        }
        if keys.len() > dimensions {
            return Err(vm.type_error(format!(
                "cannot index {dimensions}-dimension view with {}-element tuple",
                keys.len()
            )));
        }
        let mut at = view.offset;
        for (dimension, key) in keys.iter().enumerate() {
            at += self.step(vm, dimension, number::to_index(vm, key)?)?;
        }
        Ok(Some(at as usize))
    }

    /// The view that a slice of the first dimension gives.
    fn sliced(&self, vm: &Vm, slice: &Slice) -> PyResult<View> {
        let s = adjust(vm, slice, self.view.shape[0])?;
        let mut view = self.view.clone();
        view.offset += s.start * view.strides[0];
        view.shape[0] = s.count;
        view.strides[0] *= s.step;
        Ok(view)
    }

    /// Neither an item nor a slice.
    fn bad_key(vm: &Vm, key: &Value) -> Exc {
        let slices = key
            .downcast::<Tuple>()
            .is_some_and(|t| t.items().iter().all(|k| k.downcast::<Slice>().is_some()));
        if slices {
            return vm.not_implemented_error("multi-dimensional slicing is not implemented");
        }
        vm.type_error("memoryview: invalid slice key")
    }

    fn nested(&self, vm: &Vm, dimension: usize, at: isize) -> PyResult {
        if dimension == self.view.shape.len() {
            return self.item(vm, at as usize);
        }
        let mut items = Vec::new();
        vm.room_for(&mut items, self.view.shape[dimension])?;
        for i in 0..self.view.shape[dimension] as isize {
            vm.check_memory()?;
            items.push(self.nested(vm, dimension + 1, at + i * self.view.strides[dimension])?);
        }
        Ok(List::from_vec(items).into())
    }

    /// Are these the same items in the same shape?
    fn equals(&self, vm: &Vm, other: &MemoryView) -> PyResult<bool> {
        if self.view.shape != other.view.shape {
            return Ok(false);
        }
        let (a, b) = (self.gather(vm, false)?, other.gather(vm, false)?);
        let (Some(x), Some(y)) = (self.view.native_code(), other.view.native_code()) else {
            return Ok(self.view.format == other.view.format && a == b);
        };
        if x == y && !matches!(x, b'f' | b'd' | b'e' | b'?') {
            return Ok(a == b);
        }
        let items = a.chunks(self.view.item_size).zip(b.chunks(other.view.item_size));
        for (a, b) in items {
            let (a, b) = (item::unpack(x, a), item::unpack(y, b));
            if !compare::compare_bool(vm, &a, &b, CmpOp::Eq)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn dimension_tuple(numbers: impl Iterator<Item = i64>) -> Ref<Tuple> {
        Tuple::from_vec(numbers.map(int::from_i64).collect())
    }

    /// `cast(format)` to one dimension.
    fn cast_flat(&self, vm: &Vm, format: &str) -> PyResult<View> {
        let native = "must be a native single character format prefixed with an optional '@'";
        let Some(from) = self.view.native_code() else {
            return Err(vm.value_error(format!("memoryview: source format {native}")));
        };
        let Some(to) = item::native_code(format) else {
            return Err(vm.value_error(format!("memoryview: destination format {native}")));
        };
        let is_byte = |code| matches!(code, b'b' | b'B' | b'c');
        if !is_byte(from) && !is_byte(to) {
            return Err(vm.type_error("memoryview: cannot cast between two non-byte formats"));
        }
        let item_size = item::item_size(to).unwrap_or(1);
        let len = self.view.len();
        if !len.is_multiple_of(item_size) {
            return Err(vm.type_error("memoryview: length is not a multiple of itemsize"));
        }
        let mut view = self.view.clone();
        view.format = format.into();
        view.item_size = item_size;
        view.shape = vec![len / item_size];
        view.strides = vec![item_size as isize];
        Ok(view)
    }
}

#[cold]
fn released(vm: &Vm) -> Exc {
    vm.value_error("operation forbidden on released memoryview object")
}

/// Writes items one after the other to offsets.
fn write(base: &Buffer, offsets: &[usize], bytes: &[u8]) {
    let Some(access) = base.access_mut else { return };
    let size = bytes.len() / offsets.len().max(1);
    access(&base.owner, &mut |all| {
        for (at, item) in offsets.iter().zip(bytes.chunks(size.max(1))) {
            if let Some(place) = all.get_mut(*at..*at + item.len()) {
                place.copy_from_slice(item);
            }
        }
    });
}

// ---- the view as an owner of a buffer itself ----

pub(crate) fn access(owner: &Value, f: &mut dyn FnMut(&[u8])) {
    if let Some(base) = owner.downcast::<MemoryView>().and_then(|m| m.base.get()) {
        (base.access)(&base.owner, f);
    }
}

pub(crate) fn access_mut(owner: &Value, f: &mut dyn FnMut(&mut [u8])) {
    if let Some(base) = owner.downcast::<MemoryView>().and_then(|m| m.base.get())
        && let Some(access) = base.access_mut
    {
        access(&base.owner, f);
    }
}

pub(crate) fn give_back(owner: &Value) {
    if let Some(view) = owner.downcast::<MemoryView>() {
        view.exports.set(view.exports.get().saturating_sub(1));
    }
}

fn release(zelf: &MemoryView, vm: &Vm) -> PyResult<()> {
    let n = zelf.exports.get();
    if n > 0 {
        let s = if n == 1 { "" } else { "s" };
        return Err(vm.buffer_error(format!("memoryview has {n} exported buffer{s}")));
    }
    drop(zelf.base.replace(None));
    Ok(())
}

#[pymethods]
impl MemoryView {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let total = args.args().len() + args.keyword_count();
        if total > 1 {
            return Err(
                vm.type_error(format!("memoryview() takes at most 1 argument ({total} given)"))
            );
        }
        let named = args.keywords().find_map(|(name, value)| {
            name.downcast::<Str>().is_some_and(|n| n.is_str("object")).then_some(value)
        });
        match args.args().first().or(named) {
            Some(object) => Ok(MemoryView::of_object(vm, object)?.into()),
            None => match args.keywords().next() {
                Some((name, _)) => {
                    let name = object::str(vm, name)?;
                    Err(vm.type_error(format!(
                        "memoryview() got an unexpected keyword argument '{name}'"
                    )))
                }
                None => {
                    Err(vm.type_error("memoryview() missing required argument 'object' (pos 1)"))
                }
            },
        }
    }

    #[slot]
    fn repr(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult {
        let state = if zelf.base.with(Option::is_some) { "memory" } else { "released memory" };
        Ok(vm.str(&format!("<{state} at {:#x}>", zelf.head().address())))
    }

    #[slot]
    fn hash_(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<i64> {
        if let Some(hash) = zelf.hash.get() {
            return Ok(hash);
        }
        let base = zelf.live(vm)?;
        if !zelf.view.readonly {
            return Err(vm.value_error("cannot hash writable memoryview object"));
        }
        if !matches!(zelf.view.native_code(), Some(b'B' | b'b' | b'c')) {
            return Err(
                vm.value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'")
            );
        }
        // An owner that cannot be hashed might change.
        object::hash(vm, &base.owner)?;
        let hash = crate::runtime::hash::hash_bytes(&zelf.gather(vm, false)?);
        zelf.hash.set(Some(hash));
        Ok(hash)
    }

    #[slot]
    fn richcompare(zelf: &Obj<MemoryView>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let released = |m: &MemoryView| m.base.with(Option::is_none);
        let same = zelf.is(other);
        let equal = if released(zelf) || other.downcast::<MemoryView>().is_some_and(|m| released(m))
        {
            same
        } else if !buffer::has_buffer(other) {
            return Ok(Value::NOT_IMPLEMENTED);
        } else {
            match MemoryView::of_object(vm, other) {
                Ok(other) => zelf.equals(vm, &other)?,
                Err(_) => return Ok(Value::NOT_IMPLEMENTED),
            }
        };
        Ok(Value::bool(equal == (op == CmpOp::Eq)))
    }

    #[slot]
    fn len_(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<usize> {
        zelf.live(vm)?;
        match zelf.view.shape.first() {
            Some(n) => Ok(*n),
            None => Err(vm.type_error("0-dim memory has no length")),
        }
    }

    #[slot]
    fn iter(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult {
        zelf.live(vm)?;
        match zelf.view.shape.len() {
            0 => return Err(vm.type_error("invalid indexing of 0-dim memory")),
            1 => {}
            _ => {
                return Err(
                    vm.not_implemented_error("multi-dimensional sub-views are not implemented")
                );
            }
        }
        zelf.code(vm)?;
        let view = Guarded::new(Some(zelf.to_ref()));
        Ok(Ref::new(MemoryIter { view, next: Cell::new(0) }).into())
    }

    #[slot]
    fn getitem(zelf: &Obj<MemoryView>, vm: &Vm, key: &Value) -> PyResult {
        zelf.live(vm)?;
        if let Some(at) = zelf.place(vm, key)? {
            return zelf.item(vm, at);
        }
        if key.is_ellipsis() && zelf.view.shape.is_empty() {
            return Ok(zelf.to_value());
        }
        match key.downcast::<Slice>() {
            Some(slice) => {
                // Indices may release this view while they are asked for; the new one is made of what
                // there was.
                let base = zelf.live(vm)?;
                let view = zelf.sliced(vm, slice)?;
                Ok(MemoryView::make(base, view).into())
            }
            None => Err(MemoryView::bad_key(vm, key)),
        }
    }

    #[slot]
    fn setitem(zelf: &Obj<MemoryView>, vm: &Vm, key: &Value, value: Option<Value>) -> PyResult<()> {
        zelf.live(vm)?;
        if zelf.view.readonly {
            return Err(vm.type_error("cannot modify read-only memory"));
        }
        let Some(value) = value else { return Err(vm.type_error("cannot delete memory")) };
        if let Some(at) = zelf.place(vm, key)? {
            return zelf.set_item(vm, at, &value);
        }
        if zelf.view.shape.is_empty() {
            return zelf.set_item(vm, zelf.view.offset as usize, &value);
        }
        let Some(slice) = key.downcast::<Slice>() else {
            return Err(MemoryView::bad_key(vm, key));
        };
        if zelf.view.shape.len() > 1 {
            return Err(vm.not_implemented_error(
                "memoryview slice assignments are currently restricted to ndim = 1",
            ));
        }
        let source = match MemoryView::of_object(vm, &value) {
            Err(e) if e.is(&vm.exceptions().type_error) => {
                return Err(vm.type_error(format!(
                    "a bytes-like object is required, not '{}'",
                    value.ty().name()
                )));
            }
            other => other?,
        };
        let view = zelf.sliced(vm, slice)?;
        let code = |v: &View| v.format.trim_start_matches('@').to_string();
        if code(&source.view) != code(&view) || source.view.shape != view.shape {
            return Err(vm.value_error(
                "memoryview assignment: lvalue and rvalue have different structures",
            ));
        }
        // The parts may overlap: the source is copied first.
        let bytes = source.gather(vm, false)?;
        write(&*zelf.live(vm)?, &view.offsets(false), &bytes);
        Ok(())
    }

    #[slot]
    fn buffer(zelf: &Obj<MemoryView>, vm: &Vm, writable: bool) -> PyResult<Buffer> {
        zelf.live(vm)?;
        let view = &zelf.view;
        if writable && view.readonly {
            return Err(vm.buffer_error("memoryview: underlying buffer is not writable"));
        }
        zelf.exports.set(zelf.exports.get() + 1);
        Ok(Buffer {
            owner: zelf.to_value(),
            format: view.format.clone(),
            item_size: view.item_size,
            readonly: view.readonly,
            shape: view.shape.clone(),
            strides: view.strides.clone(),
            offset: view.offset as usize,
            access,
            access_mut: if view.readonly { None } else { Some(access_mut) },
            release: Some(give_back),
        })
    }

    /// Release the underlying buffer exposed by the memoryview object.
    #[pymethod(sig = "($self, /)")]
    fn release(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<()> {
        release(zelf, vm)
    }
    /// Return self
    #[pymethod(sig = "($self, /)")]
    fn __enter__(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult {
        zelf.live(vm)?;
        Ok(zelf.to_value())
    }
    /// Release the underlying buffer exposed by the memoryview object.
    #[pymethod(sig = "($self, /, *exc_info)")]
    fn __exit__(zelf: &Obj<MemoryView>, vm: &Vm, _exc_info: VarArgs) -> PyResult<()> {
        release(zelf, vm)
    }

    /// Return the data in the buffer as a byte string.
    ///
    /// Order can be {'C', 'F', 'A'}. When order is 'C' or 'F', the data of the
    /// original array is converted to C or Fortran order. For contiguous views,
    /// 'A' returns an exact copy of the physical memory. In particular, in-memory
    /// Fortran order is preserved. For non-contiguous views, the data is converted
    /// to C first. order=None is the same as order='C'.
    #[pymethod(sig = "($self, /, order='C')")]
    fn tobytes(zelf: &Obj<MemoryView>, vm: &Vm, order: Option<&Value>) -> PyResult<Ref<Bytes>> {
        zelf.live(vm)?;
        let fortran = match order.filter(|o| !o.is_none()) {
            None => false,
            Some(order) => match order.downcast::<Str>().and_then(|o| o.as_ascii()) {
                Some("C") => false,
                Some("F") => true,
                Some("A") => zelf.view.is_f_contiguous() && !zelf.view.is_c_contiguous(),
                _ => return Err(vm.value_error("order must be 'C', 'F' or 'A'")),
            },
        };
        Bytes::copied(vm, &zelf.gather(vm, fortran)?)
    }

    /// Return the data in the buffer as a str of hexadecimal numbers.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// Example:
    /// >>> value = memoryview(b'\xb9\x01\xef')
    /// >>> value.hex()
    /// 'b901ef'
    /// >>> value.hex(':')
    /// 'b9:01:ef'
    /// >>> value.hex(':', 2)
    /// 'b9:01ef'
    /// >>> value.hex(':', -2)
    /// 'b901:ef'
    #[pymethod(sig = "($self, /, sep=None, bytes_per_sep=1)")]
    fn hex(
        zelf: &Obj<MemoryView>,
        vm: &Vm,
        sep: Option<&Value>,
        bytes_per_sep: Option<i32>,
    ) -> PyResult<Ref<Str>> {
        let sep = crate::objects::bytes::methods::hex_separator(vm, sep)?;
        let group = i64::from(bytes_per_sep.unwrap_or(1));
        ops::hex(&zelf.gather(vm, false)?, sep, group).finish_in(vm)
    }

    /// Return the data in the buffer as a list of elements.
    #[pymethod(sig = "($self, /)")]
    fn tolist(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult {
        zelf.live(vm)?;
        zelf.nested(vm, 0, zelf.view.offset)
    }

    /// Cast a memoryview to a new format or shape.
    #[pymethod(sig = "($self, /, format, shape=None)")]
    fn cast(
        zelf: &Obj<MemoryView>,
        vm: &Vm,
        format: &Value,
        shape: Option<&Value>,
    ) -> PyResult<Ref<MemoryView>> {
        zelf.live(vm)?;
        let Some(format) = format.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "cast() argument 'format' must be str, not {}",
                object::type_name_or_none(format)
            )));
        };
        if !zelf.view.is_c_contiguous() {
            return Err(vm.type_error("memoryview: casts are restricted to C-contiguous views"));
        }
        let dimensions = zelf.view.shape.len();
        if (shape.is_some() || dimensions != 1) && zelf.view.shape.contains(&0) {
            return Err(
                vm.type_error("memoryview: cannot cast view with zeros in shape or strides")
            );
        }
        let sizes = match shape {
            None => None,
            Some(shape) => {
                let sizes = match (shape.downcast::<List>(), shape.downcast::<Tuple>()) {
                    (Some(list), _) => list.to_vec(),
                    (_, Some(tuple)) => tuple.items().to_vec(),
                    _ => return Err(vm.type_error("shape must be a list or a tuple")),
                };
                if sizes.len() > MAX_DIMENSIONS {
                    return Err(
                        vm.value_error("memoryview: number of dimensions must not exceed 64")
                    );
                }
                if dimensions != 1 && sizes.len() != 1 {
                    return Err(vm.type_error("memoryview: cast must be 1D -> ND or ND -> 1D"));
                }
                Some(sizes)
            }
        };
        let mut view = zelf.cast_flat(vm, &format.to_string_lossy())?;
        if let Some(sizes) = sizes {
            let mut product = 1usize;
            view.shape.clear();
            for size in &sizes {
                if !int::is_int(size) {
                    return Err(
                        vm.type_error("memoryview.cast(): elements of shape must be integers")
                    );
                }
                let n = int::to_i64_exact(size).and_then(|n| usize::try_from(n).ok());
                let Some(n) = n.filter(|n| *n > 0) else {
                    return Err(
                        vm.value_error("memoryview.cast(): elements of shape must be integers > 0")
                    );
                };
                product = match product.checked_mul(n) {
                    Some(product) => product,
                    None => {
                        return Err(vm.value_error("memoryview.cast(): product(shape) > SSIZE_MAX"));
                    }
                };
                view.shape.push(n);
            }
            if product.checked_mul(view.item_size) != Some(zelf.view.len()) {
                return Err(vm.type_error("memoryview: product(shape) * itemsize != buffer size"));
            }
            view.strides = c_strides(&view.shape, view.item_size);
        }
        zelf.derived(vm, view)
    }

    /// Return a readonly version of the memoryview.
    #[pymethod(sig = "($self, /)")]
    fn toreadonly(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<Ref<MemoryView>> {
        let mut view = zelf.view.clone();
        view.readonly = true;
        zelf.derived(vm, view)
    }

    #[classmethod(sig = "($type, /, object, flags)")]
    fn _from_flags(_cls: &Value, vm: &Vm, object: &Value, flags: i32) -> PyResult<Ref<MemoryView>> {
        /// `PyBUF_WRITABLE`
        const WRITABLE: i32 = 1;
        if flags & WRITABLE != 0 {
            drop(buffer::get(vm, object, true)?);
        }
        MemoryView::of_object(vm, object)
    }

    /// Count the number of occurrences of a value.
    #[pymethod(sig = "($self, value, /)")]
    fn count(zelf: &Obj<MemoryView>, vm: &Vm, value: &Value) -> PyResult<usize> {
        let mut n = 0;
        crate::protocol::iter::for_each(vm, &zelf.to_value(), |item| {
            n += compare::equal(vm, &item, value)? as usize;
            Ok(true)
        })?;
        Ok(n)
    }

    /// Return the index of the first occurrence of a value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(
        zelf: &Obj<MemoryView>,
        vm: &Vm,
        value: &Value,
        start: Option<&Value>,
        stop: Option<&Value>,
    ) -> PyResult<usize> {
        zelf.live(vm)?;
        if zelf.view.shape.len() != 1 {
            return Err(vm.not_implemented_error("multi-dimensional lookup is not implemented"));
        }
        let range = crate::objects::str_::search::bounds(vm, zelf.view.shape[0], start, stop)?;
        for i in range.unwrap_or(0..0) {
            let at = zelf.view.offset + i as isize * zelf.view.strides[0];
            let item = zelf.item(vm, at as usize)?;
            if compare::equal(vm, &item, value)? {
                return Ok(i);
            }
        }
        Err(vm.value_error("memoryview.index(x): x not found"))
    }

    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }

    /// The underlying object of the memoryview.
    #[getter]
    fn obj(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult {
        Ok(zelf.live(vm)?.owner.clone())
    }
    /// The amount of space in bytes that the array would use in
    ///  a contiguous representation.
    #[getter]
    fn nbytes(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<usize> {
        zelf.live(vm)?;
        Ok(zelf.view.len())
    }
    /// A bool indicating whether the memory is read only.
    #[getter]
    fn readonly(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<bool> {
        zelf.live(vm)?;
        Ok(zelf.view.readonly)
    }
    /// The size in bytes of each element of the memoryview.
    #[getter]
    fn itemsize(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<usize> {
        zelf.live(vm)?;
        Ok(zelf.view.item_size)
    }
    /// A string containing the format (in struct module style)
    ///  for each element in the view.
    #[getter]
    fn format(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<String> {
        zelf.live(vm)?;
        Ok(zelf.view.format.to_string())
    }
    /// An integer indicating how many dimensions of a multi-dimensional
    ///  array the memory represents.
    #[getter]
    fn ndim(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<usize> {
        zelf.live(vm)?;
        Ok(zelf.view.shape.len())
    }
    /// A tuple of ndim integers giving the shape of the memory
    ///  as an N-dimensional array.
    #[getter]
    fn shape(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        zelf.live(vm)?;
        Ok(MemoryView::dimension_tuple(zelf.view.shape.iter().map(|n| *n as i64)))
    }
    /// A tuple of ndim integers giving the size in bytes to access
    ///  each element for each dimension of the array.
    #[getter]
    fn strides(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        zelf.live(vm)?;
        Ok(MemoryView::dimension_tuple(zelf.view.strides.iter().map(|n| *n as i64)))
    }
    /// A tuple of integers used internally for PIL-style arrays.
    #[getter]
    fn suboffsets(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        zelf.live(vm)?;
        Ok(Tuple::empty())
    }
    /// A bool indicating whether the memory is C contiguous.
    #[getter]
    fn c_contiguous(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<bool> {
        zelf.live(vm)?;
        Ok(zelf.view.is_c_contiguous())
    }
    /// A bool indicating whether the memory is Fortran contiguous.
    #[getter]
    fn f_contiguous(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<bool> {
        zelf.live(vm)?;
        Ok(zelf.view.is_f_contiguous())
    }
    /// A bool indicating whether the memory is contiguous.
    #[getter]
    fn contiguous(zelf: &Obj<MemoryView>, vm: &Vm) -> PyResult<bool> {
        zelf.live(vm)?;
        Ok(zelf.view.is_c_contiguous() || zelf.view.is_f_contiguous())
    }
}

/// Iterates over the items of a one-dimensional view.
#[pyclass(name = "memory_iterator", no_new)]
pub struct MemoryIter {
    view: Guarded<Option<Ref<MemoryView>>>,
    next: Cell<usize>,
}

#[pymethods]
impl MemoryIter {
    #[slot]
    fn iter(zelf: &Obj<MemoryIter>, _vm: &Vm) -> PyResult {
        Ok(zelf.to_value())
    }
    #[slot]
    fn iternext(zelf: &Obj<MemoryIter>, vm: &Vm) -> PyResult<Option<Value>> {
        let Some(view) = zelf.view.get() else { return Ok(None) };
        let at = zelf.next.get();
        if at >= view.view.shape[0] {
            drop(zelf.view.replace(None));
            return Ok(None);
        }
        zelf.next.set(at + 1);
        let offset = view.view.offset + at as isize * view.view.strides[0];
        view.item(vm, offset as usize).map(Some)
    }
}
