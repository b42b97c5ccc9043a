//! `_BufferedIOBase`, `BufferedReader`, `BufferedWriter`, `BufferedRandom`: the classes over
//! `buffered.rs`. CPython's counterpart: `Modules/_io/bufferedio.c`.

use super::buffered::{Buffered, Kind, shown_name};
use super::iobase::{IoBase, check_able};
use super::{Given, attribute, method, no_pickle, optional_size, unsupported};
use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Obj, Ref};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{buffer, number};
use adder_vm::runtime::args::CallArgs;
use adder_vm::{PyResult, Value, Vm};

/// Base class for buffered IO objects.
///
/// The main difference with RawIOBase is that the read() method
/// supports omitting the size argument, and does not have a default
/// implementation that defers to readinto().
///
/// In addition, read(), readinto() and write() may raise
/// BlockingIOError if the underlying raw stream is in non-blocking
/// mode and not ready; unlike their raw counterparts, they will never
/// return None.
///
/// A typical implementation should not inherit from a RawIOBase
/// implementation, but wrap one.
#[pyclass(name = "_io._BufferedIOBase", base = IoBase, base_type, has_dict)]
pub struct BufferedIoBase;

/// `readinto` by way of a method that returns bytes.
fn read_into(vm: &Vm, zelf: &Value, target: &Value, function: &str, read: &str) -> PyResult<usize> {
    let target = buffer::writable(vm, target, function)?;
    let size = Value::int_unchecked(target.len() as i64);
    let bytes = method(vm, zelf, read, std::slice::from_ref(&size))?;
    let Some(bytes) = bytes.downcast::<Bytes>() else {
        return Err(vm.type_error("read() should return bytes"));
    };
    let n = bytes.len();
    if n > target.len() {
        return Err(vm.value_error(format!(
            "read() returned too much data: {} bytes requested, {n} returned",
            target.len()
        )));
    }
    target.with_mut(|into| into[..n].copy_from_slice(bytes.as_slice()));
    Ok(n)
}

#[pymethods]
impl BufferedIoBase {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(BufferedIoBase, ty).into())
    }
    /// Disconnect this buffer from its underlying raw stream and return it.
    ///
    /// After the raw stream has been detached, the buffer is in an unusable
    /// state.
    #[pymethod]
    fn detach(_zelf: &Value, vm: &Vm) -> PyResult {
        Err(unsupported(vm, "detach"))
    }
    /// Read and return up to n bytes.
    ///
    /// If the size argument is omitted, None, or negative, read and
    /// return all data until EOF.
    ///
    /// If the size argument is positive, and the underlying raw stream is
    /// not 'interactive', multiple raw reads may be issued to satisfy
    /// the byte count (unless EOF is reached first).
    /// However, for interactive raw streams (as well as sockets and pipes),
    /// at most one raw read will be issued, and a short result does not
    /// imply that EOF is imminent.
    ///
    /// Return an empty bytes object on EOF.
    ///
    /// Return None if the underlying raw stream was open in non-blocking
    /// mode and no data is available at the moment.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(_zelf: &Value, vm: &Vm, _size: Option<&Value>) -> PyResult {
        Err(unsupported(vm, "read"))
    }
    /// Read and return up to size bytes, with at most one read() call to the underlying raw stream.
    ///
    /// Return an empty bytes object on EOF.
    /// A short result does not imply that EOF is imminent.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read1(_zelf: &Value, vm: &Vm, _size: Option<&Value>) -> PyResult {
        Err(unsupported(vm, "read1"))
    }
    #[pymethod]
    fn readinto(zelf: &Value, vm: &Vm, buffer: &Value) -> PyResult<usize> {
        read_into(vm, zelf, buffer, "readinto", "read")
    }
    #[pymethod]
    fn readinto1(zelf: &Value, vm: &Vm, buffer: &Value) -> PyResult<usize> {
        read_into(vm, zelf, buffer, "readinto1", "read1")
    }
    /// Write buffer b to the IO stream.
    ///
    /// Return the number of bytes written, which is always
    /// the length of b in bytes.
    ///
    /// Raise BlockingIOError if the buffer is full and the
    /// underlying raw stream cannot accept more data at the moment.
    #[pymethod]
    fn write(_zelf: &Value, vm: &Vm, _b: &Value) -> PyResult {
        Err(unsupported(vm, "write"))
    }
}

/// The state of a buffered file of one of the classes below.
pub fn buffered(file: &Value) -> Option<&Buffered> {
    if let Some(file) = file.downcast_exact::<BufferedReader>() {
        return Some(&file.inner);
    }
    if let Some(file) = file.downcast_exact::<BufferedWriter>() {
        return Some(&file.inner);
    }
    file.downcast_exact::<BufferedRandom>().map(|file| &file.inner)
}

/// `close()`: flushes, and closes the raw file whatever happens.
fn close(vm: &Vm, inner: &Buffered, zelf: &Value) -> PyResult<()> {
    let raw = inner.raw(vm)?;
    {
        let _lock = inner.lock(vm, zelf)?;
        if inner.is_closed(vm)? {
            return Ok(());
        }
    }
    if inner.finalizing.get() {
        dealloc_warn(vm, inner, zelf);
    }
    let flushed = method(vm, zelf, "flush", &[]);
    // Others wait until the file is closed, and find it so.
    let _lock = inner.lock(vm, zelf)?;
    let closed = match raw.downcast_exact::<super::fileio::FileIo>() {
        Some(file) => super::fileio::close(file, vm),
        None => method(vm, &raw, "close", &[]).map(drop),
    };
    super::both(flushed.map(drop), closed)
}

fn dealloc_warn(vm: &Vm, inner: &Buffered, source: &Value) {
    if let Some(raw) = inner.raw.get() {
        // Only a raw file over a descriptor has something to say.
        let _ = method(vm, &raw, "_dealloc_warn", std::slice::from_ref(source));
    }
}

fn whence_argument(vm: &Vm, whence: Option<i32>) -> PyResult<i32> {
    match whence.unwrap_or(0) {
        w @ (libc::SEEK_SET
        | libc::SEEK_CUR
        | libc::SEEK_END
        | libc::SEEK_DATA
        | libc::SEEK_HOLE) => Ok(w),
        w => Err(vm.value_error(format!("whence value {w} unsupported"))),
    }
}

/// A size for `read`: `None` is everything.
fn read_size(vm: &Vm, size: Option<&Value>) -> PyResult<Option<usize>> {
    match optional_size(vm, size)? {
        -1 => Ok(None),
        n => usize::try_from(n)
            .map(Some)
            .map_err(|_| vm.value_error("read length must be non-negative or -1")),
    }
}

/// Declares a class over `Buffered` with what all of them have.
macro_rules! buffered_class {
    ($(#[$doc:meta])* $class:literal $name:ident $function:literal, $kind:expr, $able:literal $message:literal, $($own:tt)*) => {
        $(#[$doc])*
        #[pyclass(
            name = $class,
            base = BufferedIoBase,
            base_type,
            has_dict,
            sig = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)"
        )]
        #[derive(Default)]
        pub struct $name {
            pub inner: Buffered,
        }

        impl $name {
            /// The object over a raw file.
            pub fn over(vm: &Vm, raw: Value, size: isize) -> PyResult {
                let made = Ref::with_type($name::default(), vm.type_object::<$name>());
                made.inner.init(vm, raw, size, $kind)?;
                Ok(made.into())
            }
        }

        #[pymethods]
        impl $name {
            #[slot]
            fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
                Ok(Ref::with_type($name::default(), ty).into())
            }
            #[slot]
            fn init(zelf: &Obj<$name>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
                const SIGNATURE: Signature<2> = Signature {
                    function: $function,
                    names: ["raw", "buffer_size"],
                    required: 1,
                    positional: 2,
                };
                let [raw, size] = SIGNATURE.bind(vm, args)?;
                let raw = raw.unwrap_or(Value::NONE);
                let size = match size {
                    Some(size) => number::to_ssize(vm, &size)?,
                    None => super::DEFAULT_BUFFER_SIZE as isize,
                };
                zelf.inner.raw.set(None);
                if raw.downcast_exact::<super::fileio::FileIo>().is_none() && $able == "seekable" {
                    check_able(vm, &raw, "seekable", "File or stream is not seekable.")?;
                    check_able(vm, &raw, "readable", "File or stream is not readable.")?;
                    check_able(vm, &raw, "writable", "File or stream is not writable.")?;
                } else {
                    check_able(vm, &raw, $able, $message)?;
                }
                zelf.inner.init(vm, raw, size, $kind)
            }
            $($own)*
            /// Disconnect this buffer from its underlying raw stream and return it.
            ///
            /// After the raw stream has been detached, the buffer is in an unusable
            /// state.
            #[pymethod]
            fn detach(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                zelf.inner.raw(vm)?;
                method(vm, &zelf.to_value(), "flush", &[])?;
                zelf.inner.detach(vm)
            }
            #[pymethod(name = "close")]
            fn py_close(zelf: &Obj<$name>, vm: &Vm) -> PyResult<()> {
                close(vm, &zelf.inner, &zelf.to_value())
            }
            #[pymethod]
            fn seekable(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                method(vm, &zelf.inner.raw(vm)?, "seekable", &[])
            }
            #[pymethod]
            fn fileno(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                method(vm, &zelf.inner.raw(vm)?, "fileno", &[])
            }
            #[pymethod]
            fn isatty(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                method(vm, &zelf.inner.raw(vm)?, "isatty", &[])
            }
            #[pymethod]
            fn tell(zelf: &Obj<$name>, vm: &Vm) -> PyResult<i64> {
                zelf.inner.tell(vm)
            }
            #[pymethod(sig = "($self, target, whence=0, /)")]
            fn seek(zelf: &Obj<$name>, vm: &Vm, target: &Value, whence: Option<i32>) -> PyResult<i64> {
                let whence = whence_argument(vm, whence)?;
                zelf.inner.check_open(vm, "seek of closed file")?;
                let raw = zelf.inner.raw(vm)?;
                match raw.downcast_exact::<super::fileio::FileIo>() {
                    Some(file) if file.is_seekable(vm)? => {}
                    _ => check_able(vm, &raw, "seekable", "File or stream is not seekable.")?,
                }
                let target = super::offset(vm, target)?;
                zelf.inner.seek(vm, &zelf.to_value(), target, whence)
            }
            #[pymethod(name = "_dealloc_warn")]
            fn py_dealloc_warn(zelf: &Obj<$name>, vm: &Vm, source: &Value) {
                dealloc_warn(vm, &zelf.inner, source);
            }
            #[pymethod]
            fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult {
                Err(no_pickle(vm, zelf))
            }
            #[pymethod]
            fn __reduce_ex__(zelf: &Value, vm: &Vm, _protocol: &Value) -> PyResult {
                Err(no_pickle(vm, zelf))
            }
            #[pymethod]
            fn __sizeof__(zelf: &Obj<$name>, _vm: &Vm) -> usize {
                size_of::<Obj<$name>>() + zelf.inner.buffer_size()
            }
            #[getter]
            fn raw(zelf: &Obj<$name>, _vm: &Vm) -> Option<Value> {
                zelf.inner.raw.get()
            }
            #[getter]
            fn closed(zelf: &Obj<$name>, vm: &Vm) -> PyResult<bool> {
                zelf.inner.is_closed(vm)
            }
            #[getter]
            fn name(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                attribute(vm, &zelf.inner.raw(vm)?, "name")
            }
            #[getter]
            fn mode(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                attribute(vm, &zelf.inner.raw(vm)?, "mode")
            }
            #[getter(name = "_finalizing")]
            fn finalizing(zelf: &Obj<$name>, _vm: &Vm) -> bool {
                zelf.inner.finalizing.get()
            }
            #[setter(name = "_finalizing")]
            fn set_finalizing(zelf: &Obj<$name>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
                zelf.inner.finalizing.set(super::flag(vm, value)?);
                Ok(())
            }
            #[slot]
            fn repr(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                let full = adder_vm::objects::type_::methods::full_name(vm, zelf.ty());
                Ok(vm.str(&match shown_name(vm, &zelf.to_value())? {
                    Some(name) => format!("<{full} name={name}>"),
                    None => format!("<{full}>"),
                }))
            }
        }
    };
}

/// Methods of the classes that read.
macro_rules! buffered_class_reading {
    ($(#[$doc:meta])* $class:literal $name:ident $function:literal, $kind:expr, $able:literal $message:literal, $($own:tt)*) => {
        buffered_class! {
            $(#[$doc])*
            $class $name $function, $kind, $able $message,
            #[pymethod(sig = "($self, size=-1, /)")]
            fn read(zelf: &Obj<$name>, vm: &Vm, size: Option<&Value>) -> PyResult {
                let size = read_size(vm, size)?;
                zelf.inner.check_open(vm, "read of closed file")?;
                let file = zelf.to_value();
                Ok(match size {
                    Some(n) => zelf.inner.read(vm, &file, n)?.map_or(Value::NONE, Value::from),
                    None => zelf
                        .inner
                        .read_all(vm, &file)?
                        .map_or(Value::NONE, |all| Bytes::from_slice(&all).into()),
                })
            }
            #[pymethod(sig = "($self, size=-1, /)")]
            fn read1(zelf: &Obj<$name>, vm: &Vm, size: Option<isize>) -> PyResult {
                zelf.inner.check_open(vm, "read of closed file")?;
                let bytes = zelf.inner.read1(vm, &zelf.to_value(), size.unwrap_or(-1))?;
                Ok(Bytes::copied(vm, &bytes)?.into())
            }
            #[pymethod]
            fn readinto(zelf: &Obj<$name>, vm: &Vm, buffer: &Value) -> PyResult<Option<usize>> {
                let target = buffer::writable(vm, buffer, "readinto")?;
                zelf.inner.check_open(vm, "readinto of closed file")?;
                let bytes = zelf.inner.read_for(vm, &zelf.to_value(), target.len(), false)?;
                let Some(bytes) = bytes else { return Ok(None) };
                target.with_mut(|into| into[..bytes.len()].copy_from_slice(&bytes));
                Ok(Some(bytes.len()))
            }
            #[pymethod]
            fn readinto1(zelf: &Obj<$name>, vm: &Vm, buffer: &Value) -> PyResult<Option<usize>> {
                let target = buffer::writable(vm, buffer, "readinto1")?;
                zelf.inner.check_open(vm, "readinto of closed file")?;
                let bytes = zelf.inner.read_for(vm, &zelf.to_value(), target.len(), true)?;
                let Some(bytes) = bytes else { return Ok(None) };
                target.with_mut(|into| into[..bytes.len()].copy_from_slice(&bytes));
                Ok(Some(bytes.len()))
            }
            #[pymethod(sig = "($self, size=0, /)")]
            fn peek(zelf: &Obj<$name>, vm: &Vm, _size: Option<isize>) -> PyResult {
                zelf.inner.check_open(vm, "peek of closed file")?;
                let bytes = zelf.inner.peek(vm, &zelf.to_value())?;
                Ok(Bytes::copied(vm, &bytes)?.into())
            }
            #[pymethod(sig = "($self, size=-1, /)")]
            fn readline(zelf: &Obj<$name>, vm: &Vm, size: Option<&Value>) -> PyResult {
                let limit = usize::try_from(optional_size(vm, size)?).ok();
                zelf.inner.check_open(vm, "readline of closed file")?;
                zelf.inner.read_line(vm, &zelf.to_value(), limit).map(Value::from)
            }
            #[pymethod]
            fn readable(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                method(vm, &zelf.inner.raw(vm)?, "readable", &[])
            }
            #[slot]
            fn iternext(zelf: &Obj<$name>, vm: &Vm) -> PyResult<Option<Value>> {
                zelf.inner.check_open(vm, "readline of closed file")?;
                let file = zelf.to_value();
                let line = if zelf.is_exact() {
                    zelf.inner.read_line(vm, &file, None)?.into()
                } else {
                    method(vm, &file, "readline", &[])?
                };
                let Some(bytes) = line.downcast::<Bytes>() else {
                    return Err(super::os_error_text(
                        vm,
                        format!(
                            "readline() should have returned a bytes object, not '{}'",
                            line.ty().name()
                        ),
                    ));
                };
                Ok(if bytes.is_empty() { None } else { Some(line) })
            }
            $($own)*
        }
    };
}

buffered_class_reading! {
    /// Create a new buffered reader using the given readable raw IO object.
    "_io.BufferedReader" BufferedReader "BufferedReader",
    Kind { reads: true, writes: false },
    "readable" "File or stream is not readable.",
    #[pymethod]
    fn flush(zelf: &Obj<BufferedReader>, vm: &Vm) -> PyResult {
        method(vm, &zelf.inner.raw(vm)?, "flush", &[])
    }
    #[pymethod(sig = "($self, pos=None, /)")]
    fn truncate(zelf: &Obj<BufferedReader>, vm: &Vm, _pos: Option<&Value>) -> PyResult {
        zelf.inner.check_open(vm, "truncate of closed file")?;
        Err(unsupported(vm, "truncate"))
    }
}

buffered_class! {
    /// A buffer for a writeable sequential RawIO object.
    ///
    /// The constructor creates a BufferedWriter for the given writeable raw
    /// stream. If the buffer_size is not given, it defaults to
    /// DEFAULT_BUFFER_SIZE.
    "_io.BufferedWriter" BufferedWriter "BufferedWriter",
    Kind { reads: false, writes: true },
    "writable" "File or stream is not writable.",
    /// Write the given buffer to the IO stream.
    ///
    /// Return the number of bytes written, which is always the length of b
    /// in bytes.
    ///
    /// Raise BlockingIOError if the buffer is full and the
    /// underlying raw stream cannot accept more data at the moment.
    #[pymethod]
    fn write(zelf: &Obj<BufferedWriter>, vm: &Vm, buffer: &Value) -> PyResult<usize> {
        let bytes = Given::new(vm, buffer)?;
        zelf.inner.write(vm, &zelf.to_value(), &bytes)
    }
    #[pymethod]
    fn flush(zelf: &Obj<BufferedWriter>, vm: &Vm) -> PyResult<()> {
        zelf.inner.check_open(vm, "flush of closed file")?;
        zelf.inner.flush(vm, &zelf.to_value())
    }
    #[pymethod]
    fn writable(zelf: &Obj<BufferedWriter>, vm: &Vm) -> PyResult {
        method(vm, &zelf.inner.raw(vm)?, "writable", &[])
    }
    #[pymethod(sig = "($self, pos=None, /)")]
    fn truncate(zelf: &Obj<BufferedWriter>, vm: &Vm, pos: Option<&Value>) -> PyResult {
        zelf.inner.check_open(vm, "truncate of closed file")?;
        zelf.inner.truncate(vm, &zelf.to_value(), pos)
    }
}

buffered_class_reading! {
    /// A buffered interface to random access streams.
    ///
    /// The constructor creates a reader and writer for a seekable stream,
    /// raw, given in the first argument. If the buffer_size is omitted it
    /// defaults to DEFAULT_BUFFER_SIZE.
    "_io.BufferedRandom" BufferedRandom "BufferedRandom",
    Kind { reads: true, writes: true },
    "seekable" "File or stream is not seekable.",
    /// Write the given buffer to the IO stream.
    ///
    /// Return the number of bytes written, which is always the length of b
    /// in bytes.
    ///
    /// Raise BlockingIOError if the buffer is full and the
    /// underlying raw stream cannot accept more data at the moment.
    #[pymethod]
    fn write(zelf: &Obj<BufferedRandom>, vm: &Vm, buffer: &Value) -> PyResult<usize> {
        let bytes = Given::new(vm, buffer)?;
        zelf.inner.write(vm, &zelf.to_value(), &bytes)
    }
    #[pymethod]
    fn flush(zelf: &Obj<BufferedRandom>, vm: &Vm) -> PyResult<()> {
        zelf.inner.check_open(vm, "flush of closed file")?;
        zelf.inner.flush(vm, &zelf.to_value())
    }
    #[pymethod]
    fn writable(zelf: &Obj<BufferedRandom>, vm: &Vm) -> PyResult {
        method(vm, &zelf.inner.raw(vm)?, "writable", &[])
    }
    #[pymethod(sig = "($self, pos=None, /)")]
    fn truncate(zelf: &Obj<BufferedRandom>, vm: &Vm, pos: Option<&Value>) -> PyResult {
        zelf.inner.check_open(vm, "truncate of closed file")?;
        zelf.inner.truncate(vm, &zelf.to_value(), pos)
    }
}
