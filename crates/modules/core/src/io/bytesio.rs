//! `BytesIO`: bytes in memory as a file. CPython's counterpart: `Modules/_io/bytesio.c`.

use super::bufferedio::BufferedIoBase;
use super::{method, optional_size};
use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Guarded, Obj, Ref};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::memoryview::MemoryView;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::objects::{int, object as instance};
use adder_vm::protocol::buffer::{self, Buffer};
use adder_vm::protocol::{iter, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::{PyResult, Value, Vm};
use std::cell::Cell;

/// The content: shared with a `bytes` object until it is changed.
enum Content {
    Shared(Ref<Bytes>),
    Own(Vec<u8>),
}

impl Content {
    fn bytes(&self) -> &[u8] {
        match self {
            Content::Shared(bytes) => bytes.as_slice(),
            Content::Own(bytes) => bytes,
        }
    }
}

/// Buffered I/O implementation using an in-memory bytes buffer.
#[pyclass(name = "_io.BytesIO", base = BufferedIoBase, base_type, has_dict, sig = "(initial_bytes=b'')")]
pub struct BytesIo {
    /// `None` when closed.
    #[notrace]
    content: Guarded<Option<Content>>,
    #[notrace]
    pos: Cell<usize>,
    /// Views of the content that are alive: its size is fixed meanwhile.
    #[notrace]
    exports: Cell<usize>,
}

impl BytesIo {
    fn empty() -> BytesIo {
        BytesIo {
            content: Guarded::new(Some(Content::Own(Vec::new()))),
            pos: Cell::new(0),
            exports: Cell::new(0),
        }
    }

    fn is_open(&self) -> bool {
        self.content.with(Option::is_some)
    }
    fn check_open(&self, vm: &Vm) -> PyResult<()> {
        if self.is_open() {
            return Ok(());
        }
        Err(vm.value_error("I/O operation on closed file."))
    }
    fn check_exports(&self, vm: &Vm) -> PyResult<()> {
        if self.exports.get() > 0 {
            return Err(vm.buffer_error("Existing exports of data: object cannot be re-sized"));
        }
        Ok(())
    }
    /// Looks at the content; empty when closed.
    fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        self.content.with(|c| f(c.as_ref().map_or(&[], Content::bytes)))
    }

    /// Makes the content this object's own.
    fn unshare(&self) {
        let old = self.content.with_mut(|content| {
            let bytes = match content {
                Some(Content::Shared(bytes)) => bytes.as_slice().to_vec(),
                _ => return None,
            };
            content.replace(Content::Own(bytes))
        });
        drop(old);
    }

    /// Changes the content, which is unshared first.
    fn change<R>(&self, vm: &Vm, f: impl FnOnce(&mut Vec<u8>) -> R) -> PyResult<R> {
        self.check_open(vm)?;
        self.unshare();
        let changed = self.content.with_mut(|content| match content {
            Some(Content::Own(bytes)) => Some(f(bytes)),
            _ => None,
        });
        changed.ok_or_else(|| vm.value_error("I/O operation on closed file."))
    }

    /// Puts bytes at the position.
    fn put(&self, vm: &Vm, new: &[u8]) -> PyResult<usize> {
        if new.is_empty() {
            return Ok(0);
        }
        let at = self.pos.get();
        let Some(end) = at.checked_add(new.len()).filter(|end| *end <= isize::MAX as usize) else {
            return Err(vm.overflow_error("new buffer size too large"));
        };
        let done = self.change(vm, |bytes| {
            if bytes.len() < end {
                let more = end - bytes.len();
                if bytes.try_reserve(more).is_err() {
                    return false;
                }
                if at > bytes.len() {
                    bytes.resize(at, 0);
                }
                let within = bytes.len() - at;
                bytes[at..].copy_from_slice(&new[..within]);
                bytes.extend_from_slice(&new[within..]);
            } else {
                bytes[at..end].copy_from_slice(new);
            }
            true
        })?;
        if !done {
            return Err(int::no_memory(vm));
        }
        self.pos.set(end);
        Ok(new.len())
    }

    /// Takes up to `n` bytes from the position.
    fn take(&self, n: Option<usize>) -> Ref<Bytes> {
        // Reading all of a shared content gives the object itself.
        let whole = self.content.with(|c| match c {
            Some(Content::Shared(bytes))
                if self.pos.get() == 0 && n.is_none_or(|n| n >= bytes.len()) =>
            {
                Some(bytes.clone())
            }
            _ => None,
        });
        if let Some(whole) = whole {
            self.pos.set(whole.len());
            return whole;
        }
        self.with(|all| {
            let rest = all.get(self.pos.get()..).unwrap_or(&[]);
            let part = &rest[..n.unwrap_or(rest.len()).min(rest.len())];
            self.pos.set(self.pos.get() + part.len());
            Bytes::from_slice(part)
        })
    }

    fn take_line(&self, limit: Option<usize>) -> Ref<Bytes> {
        let n = self.with(|all| {
            let rest = all.get(self.pos.get()..).unwrap_or(&[]);
            let rest = &rest[..limit.unwrap_or(rest.len()).min(rest.len())];
            memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)
        });
        if n == 0 {
            return Bytes::from_slice(b"");
        }
        self.take(Some(n))
    }

    /// The whole content as `bytes`, shared until the next change.
    fn value(&self, vm: &Vm) -> PyResult<Ref<Bytes>> {
        self.check_open(vm)?;
        let shared = self.content.with(|c| match c {
            Some(Content::Shared(bytes)) => Some(bytes.clone()),
            _ => None,
        });
        if let Some(bytes) = shared {
            return Ok(bytes);
        }
        let bytes = self.with(Bytes::from_slice);
        // Views look into the object's own memory.
        if self.exports.get() == 0 {
            drop(self.content.replace(Some(Content::Shared(bytes.clone()))));
        }
        Ok(bytes)
    }
}

#[pymethods]
impl BytesIo {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(BytesIo::empty(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<BytesIo>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        const SIGNATURE: Signature<1> =
            Signature { function: "BytesIO", names: ["initial_bytes"], required: 0, positional: 1 };
        let [initial] = SIGNATURE.bind(vm, args)?;
        zelf.check_exports(vm)?;
        zelf.pos.set(0);
        let content = match initial.filter(|i| !i.is_none()) {
            None => Content::Own(Vec::new()),
            Some(initial) if initial.is_exact::<Bytes>() => match initial.into_ref::<Bytes>() {
                Ok(bytes) => Content::Shared(bytes),
                Err(_) => Content::Own(Vec::new()),
            },
            Some(initial) => Content::Own(buffer::to_vec(vm, &initial)?),
        };
        drop(zelf.content.replace(Some(content)));
        Ok(())
    }
    /// Returns True if the IO object can be read.
    #[pymethod]
    fn readable(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<bool> {
        zelf.check_open(vm).map(|()| true)
    }
    /// Returns True if the IO object can be written.
    #[pymethod]
    fn writable(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<bool> {
        zelf.check_open(vm).map(|()| true)
    }
    /// Returns True if the IO object can be seeked.
    #[pymethod]
    fn seekable(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<bool> {
        zelf.check_open(vm).map(|()| true)
    }
    /// Does nothing.
    #[pymethod]
    fn flush(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<()> {
        zelf.check_open(vm)
    }
    /// Get a read-write view over the contents of the BytesIO object.
    #[pymethod]
    fn getbuffer(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult {
        zelf.check_open(vm)?;
        zelf.unshare();
        let lender: Value = Ref::with_type(
            BytesIoBuffer { source: zelf.to_ref() },
            vm.type_object::<BytesIoBuffer>(),
        )
        .into();
        MemoryView::of_object(vm, &lender).map(Value::from)
    }
    /// Retrieve the entire contents of the BytesIO object.
    #[pymethod]
    fn getvalue(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<Ref<Bytes>> {
        zelf.value(vm)
    }
    /// Always returns False.
    ///
    /// BytesIO objects are not connected to a TTY-like device.
    #[pymethod]
    fn isatty(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<bool> {
        zelf.check_open(vm).map(|()| false)
    }
    /// Current file position, an integer.
    #[pymethod]
    fn tell(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<usize> {
        zelf.check_open(vm)?;
        Ok(zelf.pos.get())
    }
    /// Read at most size bytes, returned as a bytes object.
    ///
    /// If the size argument is negative, read until EOF is reached.
    /// Return an empty bytes object at EOF.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(zelf: &Obj<BytesIo>, vm: &Vm, size: Option<&Value>) -> PyResult<Ref<Bytes>> {
        let size = optional_size(vm, size)?;
        zelf.check_open(vm)?;
        Ok(zelf.take(usize::try_from(size).ok()))
    }
    /// Read at most size bytes, returned as a bytes object.
    ///
    /// If the size argument is negative or omitted, read until EOF is reached.
    /// Return an empty bytes object at EOF.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read1(zelf: &Obj<BytesIo>, vm: &Vm, size: Option<&Value>) -> PyResult<Ref<Bytes>> {
        BytesIo::read(zelf, vm, size)
    }
    /// Next line from the file, as a bytes object.
    ///
    /// Retain newline.  A non-negative size argument limits the maximum
    /// number of bytes to return (an incomplete line may be returned then).
    /// Return an empty bytes object at EOF.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(zelf: &Obj<BytesIo>, vm: &Vm, size: Option<&Value>) -> PyResult<Ref<Bytes>> {
        let size = optional_size(vm, size)?;
        zelf.check_open(vm)?;
        Ok(zelf.take_line(usize::try_from(size).ok()))
    }
    /// List of bytes objects, each a line from the file.
    ///
    /// Call readline() repeatedly and return a list of the lines so read.
    /// The optional size argument, if given, is an approximate bound on the
    /// total number of bytes in the lines returned.
    #[pymethod(sig = "($self, size=None, /)")]
    fn readlines(zelf: &Obj<BytesIo>, vm: &Vm, size: Option<&Value>) -> PyResult<Vec<Value>> {
        zelf.check_open(vm)?;
        let most = match size.filter(|s| !s.is_none()) {
            None => 0,
            Some(size) if number::has_index(size) => number::to_ssize(vm, size)?,
            Some(size) => {
                return Err(
                    vm.type_error(format!("integer argument expected, got '{}'", size.ty().name()))
                );
            }
        };
        let (mut lines, mut total) = (Vec::new(), 0);
        loop {
            let line = zelf.take_line(None);
            if line.is_empty() {
                return Ok(lines);
            }
            total += line.len() as isize;
            lines.push(line.into());
            if most > 0 && total >= most {
                return Ok(lines);
            }
        }
    }
    /// Read bytes into buffer.
    ///
    /// Returns number of bytes read (0 for EOF), or None if the object
    /// is set not to block and has no data to read.
    #[pymethod]
    fn readinto(zelf: &Obj<BytesIo>, vm: &Vm, buffer: &Value) -> PyResult<usize> {
        let target = buffer::writable(vm, buffer, "readinto")?;
        zelf.check_open(vm)?;
        let part = zelf.take(Some(target.len()));
        target.with_mut(|into| into[..part.len()].copy_from_slice(part.as_slice()));
        Ok(part.len())
    }
    /// Truncate the file to at most size bytes.
    ///
    /// Size defaults to the current file position, as returned by tell().
    /// The current file position is unchanged.  Returns the new size.
    #[pymethod(sig = "($self, size=None, /)")]
    fn truncate(zelf: &Obj<BytesIo>, vm: &Vm, size: Option<&Value>) -> PyResult<isize> {
        zelf.check_open(vm)?;
        zelf.check_exports(vm)?;
        let size = match size.filter(|s| !s.is_none()) {
            None => zelf.pos.get() as isize,
            Some(size) => optional_size(vm, Some(size))?,
        };
        let Ok(wanted) = usize::try_from(size) else {
            return Err(vm.value_error(format!("negative size value {size}")));
        };
        if zelf.with(<[u8]>::len) > wanted {
            zelf.change(vm, |bytes| {
                bytes.truncate(wanted);
                bytes.shrink_to(wanted.saturating_mul(2));
            })?;
        }
        Ok(size)
    }
    /// Change stream position.
    ///
    /// Seek to byte offset pos relative to position indicated by whence:
    ///      0  Start of stream (the default).  pos should be >= 0;
    ///      1  Current position - pos may be negative;
    ///      2  End of stream - pos usually negative.
    /// Returns the new absolute position.
    #[pymethod(sig = "($self, pos, whence=0, /)")]
    fn seek(zelf: &Obj<BytesIo>, vm: &Vm, pos: isize, whence: Option<i32>) -> PyResult<usize> {
        zelf.check_open(vm)?;
        let base = match whence.unwrap_or(0) {
            0 if pos < 0 => return Err(vm.value_error(format!("negative seek value {pos}"))),
            0 => 0,
            1 => zelf.pos.get(),
            2 => zelf.with(<[u8]>::len),
            w => {
                return Err(vm.value_error(format!("invalid whence ({w}, should be 0, 1 or 2)")));
            }
        };
        let Some(at) = (base as isize).checked_add(pos) else {
            return Err(vm.overflow_error("new position too large"));
        };
        zelf.pos.set(at.max(0) as usize);
        Ok(zelf.pos.get())
    }
    /// Write bytes to file.
    ///
    /// Return the number of bytes written.
    #[pymethod]
    fn write(zelf: &Obj<BytesIo>, vm: &Vm, b: &Value) -> PyResult<usize> {
        zelf.check_open(vm)?;
        zelf.check_exports(vm)?;
        let bytes = super::Given::new(vm, b)?;
        // Getting the bytes may have run Python code.
        zelf.check_open(vm)?;
        zelf.check_exports(vm)?;
        zelf.put(vm, &bytes)
    }
    /// Write lines to the file.
    ///
    /// Note that newlines are not added.  lines can be any iterable object
    /// producing bytes-like objects. This is equivalent to calling write() for
    /// each element.
    #[pymethod]
    fn writelines(zelf: &Obj<BytesIo>, vm: &Vm, lines: &Value) -> PyResult<()> {
        zelf.check_open(vm)?;
        let lines = iter::iter(vm, lines)?;
        while let Some(line) = iter::next(vm, &lines)? {
            BytesIo::write(zelf, vm, &line)?;
        }
        Ok(())
    }
    /// Disable all I/O operations.
    #[pymethod]
    fn close(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<()> {
        zelf.check_exports(vm)?;
        drop(zelf.content.replace(None));
        Ok(())
    }
    #[pymethod]
    fn __getstate__(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<(Value, usize, Value)> {
        let value = zelf.value(vm)?;
        let dict = instance_dict(&zelf.to_value());
        Ok((value.into(), zelf.pos.get(), dict))
    }
    #[pymethod]
    fn __setstate__(zelf: &Obj<BytesIo>, vm: &Vm, state: &Value) -> PyResult<()> {
        zelf.check_open(vm)?;
        let parts = state.downcast::<Tuple>().filter(|t| t.len() >= 3);
        let Some(parts) = parts else {
            return Err(vm.type_error(format!(
                "{}.__setstate__ argument should be 3-tuple, got {}",
                zelf.ty().name(),
                state.ty().name()
            )));
        };
        zelf.check_exports(vm)?;
        let [initial, position, dict] = [0, 1, 2].map(|i| parts.items()[i].clone());
        zelf.pos.set(0);
        drop(zelf.content.replace(Some(Content::Own(Vec::new()))));
        BytesIo::write(zelf, vm, &initial)?;
        if !int::is_int(&position) {
            return Err(vm.type_error(format!(
                "second item of state must be an integer, not {}",
                position.ty().name()
            )));
        }
        let Ok(at) = usize::try_from(number::to_ssize(vm, &position)?) else {
            return Err(vm.value_error("position value cannot be negative"));
        };
        zelf.pos.set(at);
        set_instance_dict(vm, &zelf.to_value(), &dict, "third")
    }
    #[pymethod]
    fn __sizeof__(zelf: &Obj<BytesIo>, _vm: &Vm) -> usize {
        let own = zelf.content.with(|c| match c {
            Some(Content::Own(bytes)) => bytes.capacity(),
            _ => 0,
        });
        size_of::<Obj<BytesIo>>() + own
    }
    /// True if the file is closed.
    #[getter]
    fn closed(zelf: &Obj<BytesIo>, _vm: &Vm) -> bool {
        !zelf.is_open()
    }
    #[slot]
    fn iter(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult {
        zelf.check_open(vm)?;
        Ok(zelf.to_value())
    }
    #[slot]
    fn iternext(zelf: &Obj<BytesIo>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.check_open(vm)?;
        if !zelf.is_exact() {
            let line = method(vm, &zelf.to_value(), "readline", &[])?;
            return Ok(if object::len(vm, &line)? == 0 { None } else { Some(line) });
        }
        let line = zelf.take_line(None);
        Ok(if line.is_empty() { None } else { Some(line.into()) })
    }
}

/// A copy of an object's attributes for its pickled state; `None` if it has none.
pub fn instance_dict(object: &Value) -> Value {
    match instance::instance_dict(object) {
        Some(dict) if !dict.is_empty() => dict.copy().into(),
        _ => Value::NONE,
    }
}

/// Puts the attributes of a pickled state back.
pub fn set_instance_dict(vm: &Vm, object: &Value, dict: &Value, which: &str) -> PyResult<()> {
    if dict.is_none() {
        return Ok(());
    }
    let Some(given) = dict.downcast::<Dict>() else {
        return Err(vm.type_error(format!(
            "{which} item of state should be a dict, got a {}",
            dict.ty().name()
        )));
    };
    for (name, value) in given.items_vec() {
        object::set_attr(vm, object, &object::attribute_name(vm, &name)?, value)?;
    }
    Ok(())
}

/// Lends a `BytesIO`'s content to a view.
#[pyclass(name = "_io._BytesIOBuffer", no_new)]
pub struct BytesIoBuffer {
    source: Ref<BytesIo>,
}

fn access(owner: &Value, f: &mut dyn FnMut(&[u8])) {
    if let Some(lender) = owner.downcast::<BytesIoBuffer>() {
        lender.source.with(f);
    }
}

fn access_mut(owner: &Value, f: &mut dyn FnMut(&mut [u8])) {
    if let Some(lender) = owner.downcast::<BytesIoBuffer>() {
        lender.source.content.with_mut(|content| {
            if let Some(Content::Own(bytes)) = content {
                f(bytes);
            }
        });
    }
}

fn release(owner: &Value) {
    if let Some(lender) = owner.downcast::<BytesIoBuffer>() {
        let exports = &lender.source.exports;
        exports.set(exports.get() - 1);
    }
}

#[pymethods]
impl BytesIoBuffer {
    #[slot]
    fn buffer(zelf: &Obj<BytesIoBuffer>, vm: &Vm, _writable: bool) -> PyResult<Buffer> {
        let source = &zelf.source;
        source.check_open(vm)?;
        source.unshare();
        source.exports.set(source.exports.get() + 1);
        let len = source.with(<[u8]>::len);
        Ok(Buffer::bytes(zelf.to_value(), len, access, Some(access_mut), Some(release)))
    }
}
