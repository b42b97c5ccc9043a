//! `FileIO`: a file descriptor as a raw file. CPython's counterpart: `Modules/_io/fileio.c`.

use super::iobase::RawIoBase;
use super::{Given, method, no_pickle, offset, optional_size, unsupported, with_room};
use crate::posix::{path, retry};
use crate::support::Signature;
use crate::system::{self, Place};
use adder_derive::{pyclass, pymethods};
use adder_vm::builtin_modules::warnings;
use adder_vm::object::{Obj, Ref};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::str_::Str;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{buffer, call, number, object};
use adder_vm::runtime::args::{CallArgs, FromArg};
use adder_vm::{PyResult, Value, Vm};
use std::cell::Cell;

/// Open a file.
///
/// The mode can be 'r' (default), 'w', 'x' or 'a' for reading,
/// writing, exclusive creation or appending.  The file will be created if it
/// doesn't exist when opened for writing or appending; it will be truncated
/// when opened for writing.  A FileExistsError will be raised if it already
/// exists when opened for creating. Opening a file for creating implies
/// writing so this mode behaves in a similar way to 'w'.Add a '+' to the mode
/// to allow simultaneous reading and writing. A custom opener can be used by
/// passing a callable as *opener*. The underlying file descriptor for the file
/// object is then obtained by calling opener with (*name*, *flags*).
/// *opener* must return an open file descriptor (passing os.open as *opener*
/// results in functionality similar to passing None).
#[pyclass(
    name = "_io.FileIO",
    base = RawIoBase,
    base_type,
    has_dict,
    sig = "(file, mode='r', closefd=True, opener=None)"
)]
pub struct FileIo {
    /// -1 when closed.
    #[notrace]
    fd: Cell<i32>,
    #[notrace]
    access: Cell<Access>,
    /// Asked once.
    #[notrace]
    seekable: Cell<Option<bool>>,
    #[notrace]
    closefd: Cell<bool>,
    #[notrace]
    finalizing: Cell<bool>,
    #[notrace]
    block_size: Cell<usize>,
    /// Size when it was opened, as a first guess for reading all of it.
    #[notrace]
    size: Cell<u64>,
    /// Certainly no terminal: it was a regular file when it was opened.
    #[notrace]
    regular: Cell<bool>,
}

/// What the mode allows.
#[derive(Clone, Copy, Default)]
struct Access {
    created: bool,
    readable: bool,
    writable: bool,
    appending: bool,
}

impl Access {
    /// Reads a mode: the access and the flags of `open(2)`.
    fn parse(vm: &Vm, mode: &str) -> PyResult<(Access, i32)> {
        let mut access = Access::default();
        let mut flags = 0;
        let (mut kinds, mut plus) = (0, 0);
        for c in mode.chars() {
            kinds += i32::from("rwax".contains(c));
            match c {
                'r' => access.readable = true,
                'w' => {
                    access.writable = true;
                    flags |= libc::O_CREAT | libc::O_TRUNC;
                }
                'a' => {
                    access.writable = true;
                    access.appending = true;
                    flags |= libc::O_APPEND | libc::O_CREAT;
                }
                'x' => {
                    access.created = true;
                    access.writable = true;
                    flags |= libc::O_EXCL | libc::O_CREAT;
                }
                '+' => plus += 1,
                'b' => {}
                _ => return Err(vm.value_error(format!("invalid mode: {mode}"))),
            }
        }
        if kinds != 1 || plus > 1 {
            return Err(vm.value_error(
                "Must have exactly one of create/read/write/append mode and at most one plus",
            ));
        }
        if plus > 0 {
            access.readable = true;
            access.writable = true;
        }
        flags |= match (access.readable, access.writable) {
            (true, true) => libc::O_RDWR,
            (true, false) => libc::O_RDONLY,
            _ => libc::O_WRONLY,
        };
        Ok((access, flags | libc::O_CLOEXEC))
    }

    fn mode(self) -> &'static str {
        match self {
            Access { created: true, readable: true, .. } => "xb+",
            Access { created: true, .. } => "xb",
            Access { appending: true, readable: true, .. } => "ab+",
            Access { appending: true, .. } => "ab",
            Access { readable: true, writable: true, .. } => "rb+",
            Access { readable: true, .. } => "rb",
            _ => "wb",
        }
    }
}

/// A descriptor given in the place of a name.
pub fn descriptor(vm: &Vm, file: &Value) -> PyResult<Option<i32>> {
    if file.is_bool() {
        let message = "bool is used as a file descriptor";
        vm.warn(vm.exception_type("RuntimeWarning"), message, 1)?;
    }
    if !number::has_index(file) || file.downcast::<Str>().is_some() {
        return Ok(None);
    }
    let fd = i32::from_value(vm, file)?;
    if fd < 0 {
        return Err(vm.value_error("negative file descriptor"));
    }
    Ok(Some(fd))
}

impl FileIo {
    pub fn empty() -> FileIo {
        FileIo {
            fd: Cell::new(-1),
            access: Cell::default(),
            seekable: Cell::new(None),
            closefd: Cell::new(true),
            finalizing: Cell::new(false),
            block_size: Cell::new(super::DEFAULT_BUFFER_SIZE),
            size: Cell::new(0),
            regular: Cell::new(false),
        }
    }

    pub fn is_open(&self) -> bool {
        self.fd.get() >= 0
    }
    pub fn block_size(&self) -> usize {
        self.block_size.get()
    }

    fn open_fd(&self, vm: &Vm) -> PyResult<i32> {
        match self.fd.get() {
            fd if fd >= 0 => Ok(fd),
            _ => Err(vm.value_error("I/O operation on closed file")),
        }
    }
    fn readable_fd(&self, vm: &Vm) -> PyResult<i32> {
        let fd = self.open_fd(vm)?;
        if self.access.get().readable {
            return Ok(fd);
        }
        Err(unsupported(vm, "File not open for reading"))
    }
    fn writable_fd(&self, vm: &Vm) -> PyResult<i32> {
        let fd = self.open_fd(vm)?;
        if self.access.get().writable {
            return Ok(fd);
        }
        Err(unsupported(vm, "File not open for writing"))
    }

    /// Closes the descriptor, if it is this object's to close.
    fn release(&self, vm: &Vm) -> PyResult<()> {
        let fd = self.fd.replace(-1);
        if fd < 0 || !self.closefd.get() {
            return Ok(());
        }
        // EINTR leaves the descriptor closed on Linux: it is not tried again.
        vm.without_lock(|| system::close(fd)).map(drop).map_err(|e| vm.os_error(&e, None))
    }

    /// Opens a file: what `__init__` does.
    pub fn open(
        zelf: &Obj<FileIo>,
        vm: &Vm,
        file: &Value,
        mode: &str,
        closefd: bool,
        opener: Option<&Value>,
    ) -> PyResult<()> {
        if zelf.is_open() {
            zelf.release(vm)?;
        }
        let given = descriptor(vm, file)?;
        let (access, flags) = Access::parse(vm, mode)?;
        zelf.access.set(access);
        zelf.seekable.set(None);
        zelf.closefd.set(closefd);
        if given.is_none() && !closefd {
            return Err(vm.value_error("Cannot use closefd=False with file name"));
        }
        let fd = match (given, opener) {
            (Some(fd), _) => fd,
            (None, Some(opener)) => {
                let flags = Value::int_unchecked(flags.into());
                let answer = call::call(vm, opener, &[file.clone(), flags])?;
                if !int::is_int(&answer) {
                    return Err(vm.type_error("expected integer from opener"));
                }
                let fd = i32::from_value(vm, &answer)?;
                if fd < 0 {
                    return Err(vm.value_error(format!("opener returned {fd}")));
                }
                system::set_inheritable(fd, false).map_err(|e| vm.os_error(&e, None))?;
                fd
            }
            (None, None) => {
                let name = path::PathArg::new(vm, file)?;
                let c = name.c();
                retry(vm, || system::open(&c, flags, 0o666))?.map_err(|e| name.error(vm, &e))?
            }
        };
        zelf.fd.set(fd);
        let ready = zelf.look(vm, file, access);
        if ready.is_err() {
            // A descriptor that was given stays the caller's.
            if given.is_some() {
                zelf.fd.set(-1);
            } else {
                let _ = zelf.release(vm);
            }
        }
        ready
    }

    /// Asks what was opened, and remembers its name.
    fn look(&self, vm: &Vm, file: &Value, access: Access) -> PyResult<()> {
        let fd = self.fd.get();
        match system::stat(&Place::Descriptor(fd)) {
            Ok(facts) => {
                let kind = facts.st_mode & libc::S_IFMT;
                if kind == libc::S_IFDIR {
                    let error = std::io::Error::from_raw_os_error(libc::EISDIR);
                    return Err(vm.os_error(&error, Some(file.clone())));
                }
                if facts.st_blksize > 1 {
                    self.block_size.set(facts.st_blksize as usize);
                }
                self.size.set(facts.st_size.max(0) as u64);
                self.regular.set(kind == libc::S_IFREG);
            }
            // Some descriptors know nothing of themselves; a bad one is an error.
            Err(e) if e.raw_os_error() == Some(libc::EBADF) => {
                return Err(vm.os_error(&e, Some(file.clone())));
            }
            Err(_) => {}
        }
        if access.appending {
            // Where a file cannot be moved in, appending needs no move.
            let _ = system::lseek(fd, 0, libc::SEEK_END);
        }
        Ok(())
    }

    /// Reads into a vector's room without the lock: `None` if nothing is there yet.
    pub fn read_room(&self, vm: &Vm, into: &mut Vec<u8>, most: usize) -> PyResult<Option<usize>> {
        let fd = self.readable_fd(vm)?;
        match retry(vm, || system::read_room(fd, into, most))? {
            Ok(n) => Ok(Some(n)),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
            Err(e) => Err(vm.os_error(&e, None)),
        }
    }

    /// Writes without the lock: `None` if nothing can be taken now.
    pub fn write_some(&self, vm: &Vm, bytes: &[u8]) -> PyResult<Option<usize>> {
        let fd = self.writable_fd(vm)?;
        match retry(vm, || system::write(fd, bytes))? {
            // A signal may have cut it short.
            Ok(n) if n < bytes.len() => vm.check_signals().map(|()| Some(n)),
            Ok(n) => Ok(Some(n)),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
            Err(e) => Err(vm.os_error(&e, None)),
        }
    }

    /// Reads to the end: `None` if nothing is there yet.
    pub fn read_to_end(&self, vm: &Vm, all: &mut Vec<u8>) -> PyResult<Option<()>> {
        let fd = self.readable_fd(vm)?;
        let start = all.len();
        if self.regular.get() {
            let at = system::lseek(fd, 0, libc::SEEK_CUR).unwrap_or(0).max(0) as u64;
            let rest = self.size.get().saturating_sub(at) as usize;
            if all.try_reserve_exact(rest + 1).is_err() {
                return Err(int::no_memory(vm));
            }
        }
        loop {
            let room = all.capacity() - all.len();
            if room == 0 {
                let more = (all.len() / 4).clamp(super::DEFAULT_BUFFER_SIZE, 1 << 28);
                if all.try_reserve(more).is_err() {
                    return Err(int::no_memory(vm));
                }
            }
            let room = all.capacity() - all.len();
            match self.read_room(vm, all, room)? {
                Some(0) => return Ok(Some(())),
                Some(_) => {}
                None if all.len() == start => return Ok(None),
                None => return Ok(Some(())),
            }
        }
    }

    pub fn seek_to(&self, vm: &Vm, position: i64, whence: i32) -> PyResult<i64> {
        let fd = self.open_fd(vm)?;
        let result = vm.without_lock(|| system::lseek(fd, position, whence));
        if self.seekable.get().is_none() {
            self.seekable.set(Some(result.is_ok()));
        }
        result.map_err(|e| vm.os_error(&e, None))
    }

    pub fn is_seekable(&self, vm: &Vm) -> PyResult<bool> {
        let fd = self.open_fd(vm)?;
        if let Some(known) = self.seekable.get() {
            return Ok(known);
        }
        let able = system::lseek(fd, 0, libc::SEEK_CUR).is_ok();
        self.seekable.set(Some(able));
        Ok(able)
    }

    /// A terminal? Regular files are not, which spares asking.
    pub fn is_terminal(&self, vm: &Vm) -> PyResult<bool> {
        let fd = self.open_fd(vm)?;
        Ok(!self.regular.get() && system::isatty(fd))
    }
}

/// Closes a file as `close()` does.
pub fn close(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult<()> {
    let file = zelf.to_value();
    let base = super::iobase::close(vm, &file);
    if !zelf.closefd.get() {
        zelf.fd.set(-1);
        return base;
    }
    if zelf.finalizing.get() {
        dealloc_warn(zelf, vm, &file);
    }
    let released = zelf.release(vm);
    super::both(base, released)
}

/// The warning about a file that nobody closed.
fn dealloc_warn(zelf: &Obj<FileIo>, vm: &Vm, source: &Value) {
    if !zelf.is_open() || !zelf.closefd.get() {
        return;
    }
    let shown = object::repr(vm, source).map(|r| r.to_string_lossy());
    let text = format!("unclosed file {}", shown.unwrap_or_default());
    if let Err(e) = warnings::warn_of_resource(vm, source, &text)
        && e.is(vm.exception_type("Warning"))
    {
        vm.unraisable(e, "Exception ignored while finalizing file", Some(source));
    }
}

#[pymethods]
impl FileIo {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(FileIo::empty(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<FileIo>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        const SIGNATURE: Signature<4> = Signature {
            function: "FileIO",
            names: ["file", "mode", "closefd", "opener"],
            required: 1,
            positional: 4,
        };
        let [file, mode, closefd, opener] = SIGNATURE.bind(vm, args)?;
        let file = file.unwrap_or(Value::NONE);
        let mode = super::text_argument(vm, mode.as_ref(), "FileIO", "mode", false)?;
        let mode = mode.map_or_else(|| "r".to_string(), |m| m.to_string_lossy());
        let closefd = closefd.map_or(Ok(true), |c| object::is_true(vm, &c))?;
        let opener = opener.filter(|o| !o.is_none());
        FileIo::open(zelf, vm, &file, &mode, closefd, opener.as_ref())?;
        let file_given = file.clone();
        let named = object::set_attr(vm, &zelf.to_value(), &vm.names().name, file);
        if named.is_err() {
            // A descriptor that was given stays the caller's.
            if number::has_index(&file_given) {
                zelf.fd.set(-1);
            } else {
                let _ = zelf.release(vm);
            }
        }
        named
    }
    /// Read at most size bytes, returned as bytes.
    ///
    /// If size is less than 0, read all bytes in the file making multiple read calls.
    /// See ``FileIO.readall``.
    ///
    /// Attempts to make only one system call, retrying only per PEP 475 (EINTR). This
    /// means less data may be returned than requested.
    ///
    /// In non-blocking mode, returns None if no data is available. Return an empty
    /// bytes object at EOF.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(zelf: &Obj<FileIo>, vm: &Vm, size: Option<&Value>) -> PyResult {
        zelf.readable_fd(vm)?;
        let Ok(size) = usize::try_from(optional_size(vm, size)?) else {
            return FileIo::readall(zelf, vm);
        };
        let mut bytes = with_room(vm, size)?;
        let read = zelf.read_room(vm, &mut bytes, size)?;
        Ok(read.map_or(Value::NONE, |_| Bytes::from_slice(&bytes).into()))
    }
    /// Read all data from the file, returned as bytes.
    ///
    /// Reads until either there is an error or read returns size 0 (EOF).
    #[pymethod]
    fn readall(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult {
        let mut all = Vec::new();
        let read = zelf.read_to_end(vm, &mut all)?;
        Ok(read.map_or(Value::NONE, |()| Bytes::from_slice(&all).into()))
    }
    /// Same as RawIOBase.readinto().
    #[pymethod]
    fn readinto(zelf: &Obj<FileIo>, vm: &Vm, buffer: &Value) -> PyResult<Option<usize>> {
        zelf.readable_fd(vm)?;
        let target = buffer::writable(vm, buffer, "readinto")?;
        let mut bytes = with_room(vm, target.len())?;
        let read = zelf.read_room(vm, &mut bytes, target.len())?;
        target.with_mut(|into| into[..bytes.len()].copy_from_slice(&bytes));
        Ok(read)
    }
    /// Write buffer b to file, return number of bytes written.
    ///
    /// Only makes one system call, so not all of the data may be written.
    /// The number of bytes actually written is returned.  In non-blocking mode,
    /// returns None if the write would block.
    #[pymethod]
    fn write(zelf: &Obj<FileIo>, vm: &Vm, b: &Value) -> PyResult<Option<usize>> {
        zelf.writable_fd(vm)?;
        let bytes = Given::new(vm, b)?;
        zelf.write_some(vm, &bytes)
    }
    /// Move to new file position and return the file position.
    ///
    /// Argument offset is a byte count.  Optional argument whence defaults to
    /// SEEK_SET or 0 (offset from start of file, offset should be >= 0); other values
    /// are SEEK_CUR or 1 (move relative to current position, positive or negative),
    /// and SEEK_END or 2 (move relative to end of file, usually negative, although
    /// many platforms allow seeking beyond the end of a file).
    ///
    /// Note that not all file objects are seekable.
    #[pymethod(sig = "($self, pos, whence=0, /)")]
    fn seek(zelf: &Obj<FileIo>, vm: &Vm, pos: &Value, whence: Option<i32>) -> PyResult<i64> {
        zelf.open_fd(vm)?;
        zelf.seek_to(vm, offset(vm, pos)?, whence.unwrap_or(0))
    }
    /// Current file position.
    ///
    /// Can raise OSError for non seekable files.
    #[pymethod]
    fn tell(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult<i64> {
        zelf.seek_to(vm, 0, libc::SEEK_CUR)
    }
    /// Truncate the file to at most size bytes and return the truncated size.
    ///
    /// Size defaults to the current file position, as returned by tell().
    /// The current file position is changed to the value of size.
    #[pymethod(sig = "($self, size=None, /)")]
    fn truncate(zelf: &Obj<FileIo>, vm: &Vm, size: Option<&Value>) -> PyResult {
        let fd = zelf.writable_fd(vm)?;
        let size = match size.filter(|s| !s.is_none()) {
            Some(size) => size.clone(),
            None => int::from_i64(zelf.seek_to(vm, 0, libc::SEEK_CUR)?),
        };
        let length = offset(vm, &size)?;
        retry(vm, || system::ftruncate(fd, length))?.map_err(|e| vm.os_error(&e, None))?;
        Ok(size)
    }
    /// Close the file.
    ///
    /// A closed file cannot be used for further I/O operations.  close() may be
    /// called more than once without error.
    #[pymethod(name = "close")]
    fn py_close(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult<()> {
        close(zelf, vm)
    }
    /// True if file supports random-access.
    #[pymethod]
    fn seekable(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult<bool> {
        zelf.is_seekable(vm)
    }
    /// True if file was opened in a read mode.
    #[pymethod]
    fn readable(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult<bool> {
        zelf.open_fd(vm)?;
        Ok(zelf.access.get().readable)
    }
    /// True if file was opened in a write mode.
    #[pymethod]
    fn writable(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult<bool> {
        zelf.open_fd(vm)?;
        Ok(zelf.access.get().writable)
    }
    /// Return the underlying file descriptor (an integer).
    #[pymethod]
    fn fileno(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult<i32> {
        zelf.open_fd(vm)
    }
    /// True if the file is connected to a TTY device.
    #[pymethod]
    fn isatty(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult<bool> {
        let fd = zelf.open_fd(vm)?;
        Ok(system::isatty(fd))
    }
    #[pymethod(name = "_isatty_open_only")]
    fn isatty_open_only(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult<bool> {
        zelf.is_terminal(vm)
    }
    #[pymethod(name = "_dealloc_warn")]
    fn py_dealloc_warn(zelf: &Obj<FileIo>, vm: &Vm, source: &Value) {
        dealloc_warn(zelf, vm, source);
    }
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult {
        Err(no_pickle(vm, zelf))
    }
    #[pymethod]
    fn __reduce_ex__(zelf: &Value, vm: &Vm, _protocol: &Value) -> PyResult {
        Err(no_pickle(vm, zelf))
    }
    /// True if the file is closed
    #[getter]
    fn closed(zelf: &Obj<FileIo>, _vm: &Vm) -> bool {
        !zelf.is_open()
    }
    /// True if the file descriptor will be closed by close().
    #[getter]
    fn closefd(zelf: &Obj<FileIo>, _vm: &Vm) -> bool {
        zelf.closefd.get()
    }
    /// String giving the file mode
    #[getter]
    fn mode(zelf: &Obj<FileIo>, _vm: &Vm) -> &'static str {
        zelf.access.get().mode()
    }
    #[getter(name = "_blksize", member)]
    fn blksize(zelf: &Obj<FileIo>, _vm: &Vm) -> usize {
        zelf.block_size.get()
    }
    #[setter(name = "_blksize")]
    fn set_blksize(zelf: &Obj<FileIo>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let value = value.ok_or_else(|| vm.type_error("can't delete numeric/char attribute"))?;
        zelf.block_size.set(usize::from_value(vm, &value)?);
        Ok(())
    }
    #[getter(name = "_finalizing", member)]
    fn finalizing(zelf: &Obj<FileIo>, _vm: &Vm) -> bool {
        zelf.finalizing.get()
    }
    #[setter(name = "_finalizing")]
    fn set_finalizing(zelf: &Obj<FileIo>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.finalizing.set(super::flag(vm, value)?);
        Ok(())
    }
    #[slot]
    fn repr(zelf: &Obj<FileIo>, vm: &Vm) -> PyResult {
        let full = adder_vm::objects::type_::methods::full_name(vm, zelf.ty());
        if !zelf.is_open() {
            return Ok(vm.str(&format!("<{full} [closed]>")));
        }
        let (mode, closefd) =
            (zelf.access.get().mode(), if zelf.closefd.get() { "True" } else { "False" });
        let value = zelf.to_value();
        let shown = match object::lookup_attr(vm, &value, &vm.names().name)? {
            None => format!("fd={}", zelf.fd.get()),
            Some(name) => {
                let message = format!("reentrant call inside {full}.__repr__");
                let shown =
                    object::guard_repr(vm, &value, None, || object::repr(vm, &name).map(Some))?;
                let shown: Ref<Str> = shown.ok_or_else(|| vm.runtime_error(message))?;
                format!("name={}", shown.to_string_lossy())
            }
        };
        Ok(vm.str(&format!("<{full} {shown} mode='{mode}' closefd={closefd}>")))
    }
}

/// Calls `file.name()` where the file may be a native one.
pub fn raw_answer(vm: &Vm, file: &Value, name: &str) -> PyResult<bool> {
    let answer = method(vm, file, name, &[])?;
    object::is_true(vm, &answer)
}
