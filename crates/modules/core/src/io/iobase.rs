//! `_IOBase` and `_RawIOBase`: what every file inherits. CPython's counterpart:
//! `Modules/_io/iobase.c`.

use super::{is_closed, method, offset, optional_size, unsupported};
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Obj, ObjHead, Ref};
use adder_vm::objects::bytearray::ByteArray;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{buffer, iter, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::{Exc, PyResult, Value, Vm};

/// The mark of a file closed by `_IOBase.close`; the name is CPython's.
const CLOSED: &str = "__IOBase_closed";

/// Has `_IOBase.close` run?
fn marked_closed(vm: &Vm, file: &Value) -> PyResult<bool> {
    Ok(object::lookup_attr(vm, file, &vm.intern(CLOSED))?.is_some())
}

/// Raises `ValueError` if `file.closed`.
pub fn check_closed(vm: &Vm, file: &Value) -> PyResult<()> {
    if is_closed(vm, file)? {
        return Err(vm.value_error("I/O operation on closed file."));
    }
    Ok(())
}

/// Calls `file.name()` and raises `UnsupportedOperation` unless the answer is `True`.
pub fn check_able(vm: &Vm, file: &Value, name: &str, message: &str) -> PyResult<()> {
    let answer = method(vm, file, name, &[])?;
    if answer.is_true() { Ok(()) } else { Err(unsupported(vm, message)) }
}

/// `_IOBase.close(file)`: flushes, and marks the file as closed.
pub fn close(vm: &Vm, file: &Value) -> PyResult<()> {
    if marked_closed(vm, file)? {
        return Ok(());
    }
    let flushed = method(vm, file, "flush", &[]);
    let marked = object::set_attr(vm, file, &vm.intern(CLOSED), Value::TRUE);
    super::both(flushed.map(drop), marked)
}

/// Closes a file that nobody refers to any more; a failure is shown, not raised.
pub fn finalize(head: &ObjHead) {
    Vm::with_current(|vm| {
        let file = head.to_value();
        // Without an answer the object is not in a state to be closed.
        if !matches!(is_closed(vm, &file), Ok(false)) {
            return;
        }
        let name = vm.intern("_finalizing");
        // Classes written in Python need not have the attribute.
        let _ = object::set_attr(vm, &file, &name, Value::TRUE);
        if let Err(e) = method(vm, &file, "close", &[]) {
            vm.unraisable(e, "Exception ignored while finalizing file", Some(&file));
        }
    });
}

/// The abstract base class for all I/O classes.
///
/// This class provides dummy implementations for many methods that
/// derived classes can override selectively; the default implementations
/// represent a file that cannot be read, written or seeked.
///
/// Even though IOBase does not declare read, readinto, or write because
/// their signatures will vary, implementations and clients should
/// consider those methods part of the interface. Also, implementations
/// may raise UnsupportedOperation when operations they do not support are
/// called.
#[pyclass(name = "_io._IOBase", base_type, has_dict)]
pub struct IoBase;

#[pymethods]
impl IoBase {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(IoBase, ty).into())
    }
    /// Change the stream position to the given byte offset.
    #[pymethod(sig = "($self, offset, whence=os.SEEK_SET, /)")]
    fn seek(_zelf: &Value, vm: &Vm, _offset: &Value, _whence: Option<&Value>) -> PyResult {
        Err(unsupported(vm, "seek"))
    }
    /// Return current stream position.
    #[pymethod]
    fn tell(zelf: &Value, vm: &Vm) -> PyResult {
        method(vm, zelf, "seek", &[Value::int_unchecked(0), Value::int_unchecked(1)])
    }
    /// Truncate file to size bytes.
    #[pymethod(sig = "($self, size=None, /)")]
    fn truncate(_zelf: &Value, vm: &Vm, _size: Option<&Value>) -> PyResult {
        Err(unsupported(vm, "truncate"))
    }
    /// Flush write buffers, if applicable.
    ///
    /// This is not implemented for read-only and non-blocking streams.
    #[pymethod]
    fn flush(zelf: &Value, vm: &Vm) -> PyResult<()> {
        if marked_closed(vm, zelf)? {
            return Err(vm.value_error("I/O operation on closed file."));
        }
        Ok(())
    }
    /// Flush and close the IO object.
    ///
    /// This method has no effect if the file is already closed.
    #[pymethod]
    fn close(zelf: &Value, vm: &Vm) -> PyResult<()> {
        close(vm, zelf)
    }
    /// Return whether object supports random access.
    ///
    /// If False, seek(), tell() and truncate() will raise OSError.
    /// This method may need to do a test seek().
    #[pymethod]
    fn seekable(_zelf: &Value, _vm: &Vm) -> bool {
        false
    }
    /// Return whether object was opened for reading.
    ///
    /// If False, read() will raise OSError.
    #[pymethod]
    fn readable(_zelf: &Value, _vm: &Vm) -> bool {
        false
    }
    /// Return whether object was opened for writing.
    ///
    /// If False, write() will raise OSError.
    #[pymethod]
    fn writable(_zelf: &Value, _vm: &Vm) -> bool {
        false
    }
    #[pymethod(name = "_checkClosed")]
    fn check_closed(zelf: &Value, vm: &Vm) -> PyResult<()> {
        self::check_closed(vm, zelf)
    }
    #[pymethod(name = "_checkSeekable")]
    fn check_seekable(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        check_able(vm, zelf, "seekable", "File or stream is not seekable.").map(|()| true)
    }
    #[pymethod(name = "_checkReadable")]
    fn check_readable(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        check_able(vm, zelf, "readable", "File or stream is not readable.").map(|()| true)
    }
    #[pymethod(name = "_checkWritable")]
    fn check_writable(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        check_able(vm, zelf, "writable", "File or stream is not writable.").map(|()| true)
    }
    /// Return underlying file descriptor if one exists.
    ///
    /// Raise OSError if the IO object does not use a file descriptor.
    #[pymethod]
    fn fileno(_zelf: &Value, vm: &Vm) -> PyResult {
        Err(unsupported(vm, "fileno"))
    }
    /// Return whether this is an 'interactive' stream.
    ///
    /// Return False if it can't be determined.
    #[pymethod]
    fn isatty(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        self::check_closed(vm, zelf)?;
        Ok(false)
    }
    #[pymethod]
    fn __enter__(zelf: &Value, vm: &Vm) -> PyResult {
        self::check_closed(vm, zelf)?;
        Ok(zelf.clone())
    }
    #[pymethod(sig = "($self, *args)")]
    fn __exit__(zelf: &Value, vm: &Vm, _args: adder_vm::runtime::args::VarArgs) -> PyResult {
        method(vm, zelf, "close", &[])
    }
    /// Read and return a line from the stream.
    ///
    /// If size is specified, at most size bytes will be read.
    ///
    /// The line terminator is always b'\n' for binary files; for text
    /// files, the newlines argument to open can be used to select the line
    /// terminator(s) recognized.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(zelf: &Value, vm: &Vm, size: Option<&Value>) -> PyResult {
        let limit = usize::try_from(optional_size(vm, size)?).ok();
        let peek = object::lookup_attr(vm, zelf, &vm.intern("peek"))?;
        let mut line = Vec::new();
        while limit.is_none_or(|limit| line.len() < limit) {
            let mut want = 1;
            if let Some(peek) = &peek {
                let ahead = super::retry_python(vm, || {
                    adder_vm::protocol::call::call(vm, peek, &[Value::int_unchecked(1)])
                })?;
                let Some(ahead) = ahead.downcast::<Bytes>() else {
                    return Err(super::os_error_text(
                        vm,
                        format!(
                            "peek() should have returned a bytes object, not '{}'",
                            ahead.ty().name()
                        ),
                    ));
                };
                let ahead = ahead.as_slice();
                if !ahead.is_empty() {
                    let end = memchr::memchr(b'\n', ahead).map_or(ahead.len(), |at| at + 1);
                    want = limit.map_or(end, |limit| end.min(limit - line.len()));
                }
            }
            let size = Value::int_unchecked(want as i64);
            let part =
                super::retry_python(vm, || method(vm, zelf, "read", std::slice::from_ref(&size)))?;
            let Some(part) = part.downcast::<Bytes>() else {
                return Err(super::os_error_text(
                    vm,
                    format!(
                        "read() should have returned a bytes object, not '{}'",
                        part.ty().name()
                    ),
                ));
            };
            line.extend_from_slice(part.as_slice());
            if part.is_empty() || line.last() == Some(&b'\n') {
                break;
            }
        }
        Ok(Bytes::copied(vm, &line)?.into())
    }
    /// Return a list of lines from the stream.
    ///
    /// hint can be specified to control the number of lines read: no more
    /// lines will be read if the total size (in bytes/characters) of all
    /// lines so far exceeds hint.
    #[pymethod(sig = "($self, hint=-1, /)")]
    fn readlines(zelf: &Value, vm: &Vm, hint: Option<&Value>) -> PyResult<Vec<Value>> {
        let hint = optional_size(vm, hint)?;
        let mut lines = Vec::new();
        let mut total = 0;
        iter::for_each(vm, zelf, |line| {
            if hint > 0 {
                total += object::len(vm, &line)?;
            }
            lines.push(line);
            Ok(hint <= 0 || total <= hint as usize)
        })?;
        Ok(lines)
    }
    /// Write a list of lines to stream.
    ///
    /// Line separators are not added, so it is usual for each of the
    /// lines provided to have a line separator at the end.
    #[pymethod]
    fn writelines(zelf: &Value, vm: &Vm, lines: &Value) -> PyResult<()> {
        self::check_closed(vm, zelf)?;
        let lines = iter::iter(vm, lines)?;
        while let Some(line) = iter::next(vm, &lines)? {
            super::retry_python(vm, || method(vm, zelf, "write", std::slice::from_ref(&line)))?;
        }
        Ok(())
    }
    #[getter]
    fn closed(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        marked_closed(vm, zelf)
    }
    #[slot]
    fn iter(zelf: &Value, vm: &Vm) -> PyResult {
        self::check_closed(vm, zelf)?;
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Value, vm: &Vm) -> PyResult<Option<Value>> {
        let line = method(vm, zelf, "readline", &[])?;
        Ok(if object::len(vm, &line)? == 0 { None } else { Some(line) })
    }
    #[slot]
    fn finalize(head: &ObjHead) {
        self::finalize(head);
    }
}

/// Base class for raw binary I/O.
#[pyclass(name = "_io._RawIOBase", base = IoBase, base_type, has_dict)]
pub struct RawIoBase;

#[pymethods]
impl RawIoBase {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(RawIoBase, ty).into())
    }
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(zelf: &Value, vm: &Vm, size: Option<&Value>) -> PyResult {
        let size = size.map_or(Ok(-1), |s| number::to_ssize(vm, s))?;
        let Ok(size) = usize::try_from(size) else {
            return method(vm, zelf, "readall", &[]);
        };
        let bytes: Value = ByteArray::from_vec(super::zeroed(vm, size)?).into();
        let read = method(vm, zelf, "readinto", std::slice::from_ref(&bytes))?;
        if read.is_none() {
            return Ok(read);
        }
        let n = number::to_ssize(vm, &read)?;
        let held = bytes.downcast::<ByteArray>().map_or(0, |b| b.len());
        match usize::try_from(n) {
            Ok(n) if n <= held => {}
            _ => {
                return Err(
                    vm.value_error(format!("readinto() returned {n} outside buffer size {held}"))
                );
            }
        }
        let bytes = buffer::to_vec(vm, &bytes)?;
        Ok(Bytes::copied(vm, &bytes[..n as usize])?.into())
    }
    /// Read until EOF, using multiple read() call.
    #[pymethod]
    fn readall(zelf: &Value, vm: &Vm) -> PyResult {
        let size = Value::int_unchecked(super::DEFAULT_BUFFER_SIZE as i64);
        let mut all: Option<Vec<u8>> = None;
        loop {
            let part =
                super::retry_python(vm, || method(vm, zelf, "read", std::slice::from_ref(&size)))?;
            if part.is_none() {
                return Ok(all.map_or(Value::NONE, |all| Bytes::from_slice(&all).into()));
            }
            let Some(part) = part.downcast::<Bytes>() else {
                return Err(vm.type_error("read() should return bytes"));
            };
            let all = all.get_or_insert_default();
            if part.is_empty() {
                return Ok(Bytes::copied(vm, all)?.into());
            }
            all.extend_from_slice(part.as_slice());
        }
    }
    #[pymethod]
    fn readinto(_zelf: &Value, vm: &Vm, _buffer: &Value) -> PyResult {
        Err(super::no_args(vm, "NotImplementedError"))
    }
    #[pymethod]
    fn write(_zelf: &Value, vm: &Vm, _b: &Value) -> PyResult {
        Err(super::no_args(vm, "NotImplementedError"))
    }
}

/// What a file's `seek`, `tell` or `truncate` answered: a position.
pub fn position(vm: &Vm, value: &Value) -> Result<i64, Exc> {
    if !int::is_int(value) && !number::has_index(value) {
        return Err(vm.type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            value.ty().name()
        )));
    }
    offset(vm, value)
}
