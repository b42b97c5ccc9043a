//! `_io`: files. One type serves text and binary files; reading and writing are buffered.
//!
//! CPython's counterpart: `Modules/_io/`. What is not here yet (`BytesIO`, `StringIO`, the raw and
//! buffered classes as types of their own) is absent, so that importing it says so.

use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::object::{Guarded, Obj, Ref};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::{Str, codec};
use adder_vm::protocol::{buffer, iter, number, object};
use adder_vm::{PyResult, Value, Vm};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;

/// A file's state while it is open.
struct Inner {
    file: File,
    /// Bytes read ahead, and how many of them were used.
    ahead: Vec<u8>,
    used: usize,
    /// Bytes to be written.
    pending: Vec<u8>,
}

/// An open file.
#[pyclass(name = "_io.File", no_new, has_dict)]
pub struct FileObj {
    #[notrace]
    inner: Guarded<Option<Inner>>,
    name: Value,
    #[notrace]
    mode: String,
    #[notrace]
    encoding: String,
    #[notrace]
    errors: String,
    #[notrace]
    binary: bool,
    /// Text: are `\r\n` and `\r` read as `\n`?
    #[notrace]
    translate: bool,
    #[notrace]
    readable: bool,
    #[notrace]
    writable: bool,
}

const CHUNK: usize = 64 * 1024;

impl Inner {
    fn flush(&mut self) -> std::io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.pending);
        self.file.write_all(&bytes)
    }

    /// Reads more; `false` at the end.
    fn fill(&mut self) -> std::io::Result<bool> {
        self.flush()?;
        if self.used > 0 {
            self.ahead.drain(..self.used);
            self.used = 0;
        }
        let start = self.ahead.len();
        self.ahead.resize(start + CHUNK, 0);
        let n = self.file.read(&mut self.ahead[start..])?;
        self.ahead.truncate(start + n);
        Ok(n > 0)
    }

    fn rest(&self) -> &[u8] {
        &self.ahead[self.used..]
    }

    fn take(&mut self, n: usize) -> Vec<u8> {
        let n = n.min(self.rest().len());
        let part = self.rest()[..n].to_vec();
        self.used += n;
        part
    }

    fn read_all(&mut self) -> std::io::Result<Vec<u8>> {
        while self.fill()? {}
        Ok(self.take(usize::MAX))
    }

    fn read_some(&mut self, n: usize) -> std::io::Result<Vec<u8>> {
        while self.rest().len() < n && self.fill()? {}
        Ok(self.take(n))
    }

    /// A line with its end; `universal` also ends lines at `\r`.
    fn read_line(&mut self, universal: bool) -> std::io::Result<Vec<u8>> {
        let mut seen = 0;
        loop {
            let rest = self.rest();
            let end = rest[seen..].iter().position(|b| *b == b'\n' || (universal && *b == b'\r'));
            if let Some(at) = end {
                let at = seen + at;
                if rest[at] == b'\r' {
                    if at + 1 == rest.len() && self.fill()? {
                        continue;
                    }
                    let crlf = self.rest().get(at + 1) == Some(&b'\n');
                    return Ok(self.take(at + 1 + usize::from(crlf)));
                }
                return Ok(self.take(at + 1));
            }
            seen = rest.len();
            if !self.fill()? {
                return Ok(self.take(usize::MAX));
            }
        }
    }
}

impl FileObj {
    /// Works on the open file, without the interpreter lock where it may block.
    fn with<R>(&self, vm: &Vm, f: impl FnOnce(&mut Inner) -> std::io::Result<R>) -> PyResult<R> {
        let Some(mut inner) = self.inner.replace(None) else {
            return Err(vm.value_error("I/O operation on closed file."));
        };
        let result = f(&mut inner);
        self.inner.replace(Some(inner));
        result.map_err(|e| vm.os_error(&e, None))
    }

    fn need(&self, vm: &Vm, able: bool, what: &str) -> PyResult<()> {
        if able {
            return Ok(());
        }
        let io = adder_vm::runtime::import_::import_module(vm, "_io")?;
        let class = object::get_attr_str(vm, &io, "UnsupportedOperation")?;
        let made = adder_vm::protocol::call::call(vm, &class, &[vm.str(what)])?;
        match made.into_ref() {
            Ok(exc) => Err(adder_vm::Exc(exc)),
            Err(_) => Err(vm.value_error(what)),
        }
    }

    /// Bytes from the file as the program sees them.
    fn shown(&self, vm: &Vm, bytes: Vec<u8>) -> PyResult {
        if self.binary {
            return Ok(Bytes::from_slice(&bytes).into());
        }
        let bytes = if self.translate && bytes.contains(&b'\r') {
            let text = bytes;
            let mut out = Vec::with_capacity(text.len());
            let mut i = 0;
            while i < text.len() {
                if text[i] == b'\r' {
                    out.push(b'\n');
                    i += usize::from(text.get(i + 1) == Some(&b'\n'));
                } else {
                    out.push(text[i]);
                }
                i += 1;
            }
            out
        } else {
            bytes
        };
        codec::decode(vm, &bytes, &self.encoding, &self.errors).map(Value::from)
    }
}

#[pymethods]
impl FileObj {
    /// Read and return up to size characters or bytes, all by default.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(zelf: &Obj<FileObj>, vm: &Vm, size: Option<&Value>) -> PyResult {
        zelf.need(vm, zelf.readable, "not readable")?;
        let size = match size.filter(|s| !s.is_none()) {
            Some(size) => number::to_ssize(vm, size)?,
            None => -1,
        };
        let Ok(want) = usize::try_from(size) else {
            let bytes = zelf.with(vm, Inner::read_all)?;
            return zelf.shown(vm, bytes);
        };
        if zelf.binary {
            let bytes = zelf.with(vm, |f| f.read_some(want))?;
            return zelf.shown(vm, bytes);
        }
        // Characters: whole encoded ones, so bytes are added until there are enough.
        let mut bytes = Vec::new();
        loop {
            let missing = match std::str::from_utf8(&bytes) {
                Ok(text) => want.saturating_sub(text.chars().count()),
                Err(e) if e.error_len().is_none() => 1,
                Err(_) => want.saturating_sub(bytes.len()),
            };
            if missing == 0 {
                break;
            }
            let more = zelf.with(vm, |f| f.read_some(missing))?;
            if more.is_empty() {
                break;
            }
            bytes.extend(more);
        }
        zelf.shown(vm, bytes)
    }

    /// Read and return one line.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(zelf: &Obj<FileObj>, vm: &Vm, _size: Option<&Value>) -> PyResult {
        zelf.need(vm, zelf.readable, "not readable")?;
        let universal = !zelf.binary && zelf.translate;
        let bytes = zelf.with(vm, |f| f.read_line(universal))?;
        zelf.shown(vm, bytes)
    }

    /// Return a list of lines.
    #[pymethod(sig = "($self, hint=-1, /)")]
    fn readlines(zelf: &Obj<FileObj>, vm: &Vm, _hint: Option<&Value>) -> PyResult<Vec<Value>> {
        iter::collect(vm, &zelf.to_value())
    }

    /// Write text or bytes; returns how much was written.
    #[pymethod]
    fn write(zelf: &Obj<FileObj>, vm: &Vm, data: &Value) -> PyResult<usize> {
        zelf.need(vm, zelf.writable, "not writable")?;
        let (bytes, count) = if zelf.binary {
            if data.downcast::<Str>().is_some() {
                return Err(vm.type_error("a bytes-like object is required, not 'str'"));
            }
            let bytes = buffer::to_vec(vm, data)?;
            let count = bytes.len();
            (bytes, count)
        } else {
            let Some(text) = data.downcast::<Str>() else {
                return Err(vm.type_error(format!(
                    "write() argument must be str, not {}",
                    object::type_name_or_none(data)
                )));
            };
            let encoded = codec::encode(vm, text, &zelf.encoding, &zelf.errors)?;
            (buffer::to_vec(vm, &encoded)?, text.len())
        };
        zelf.with(vm, |f| {
            let rest = f.rest().len() as i64;
            if rest > 0 {
                f.ahead.clear();
                f.used = 0;
                f.file.seek(SeekFrom::Current(-rest))?;
            }
            f.pending.extend_from_slice(&bytes);
            if f.pending.len() > CHUNK { f.flush() } else { Ok(()) }
        })?;
        Ok(count)
    }

    /// Write a list of lines to stream.
    #[pymethod]
    fn writelines(zelf: &Obj<FileObj>, vm: &Vm, lines: &Value) -> PyResult<()> {
        iter::for_each(vm, lines, |line| FileObj::write(zelf, vm, &line).map(|_| true))
    }

    /// Flush write buffers, if applicable.
    #[pymethod]
    fn flush(zelf: &Obj<FileObj>, vm: &Vm) -> PyResult<()> {
        zelf.with(vm, Inner::flush)
    }

    /// Flush and close the file.
    #[pymethod]
    fn close(zelf: &Obj<FileObj>, vm: &Vm) -> PyResult<()> {
        match zelf.inner.replace(None) {
            Some(mut inner) => inner.flush().map_err(|e| vm.os_error(&e, None)),
            None => Ok(()),
        }
    }

    /// Change the stream position.
    #[pymethod(sig = "($self, offset, whence=0, /)")]
    fn seek(zelf: &Obj<FileObj>, vm: &Vm, offset: i64, whence: Option<i64>) -> PyResult<u64> {
        let to = match whence.unwrap_or(0) {
            0 => SeekFrom::Start(offset.max(0) as u64),
            1 => SeekFrom::Current(offset),
            2 => SeekFrom::End(offset),
            n => return Err(vm.value_error(format!("invalid whence ({n}, should be 0, 1 or 2)"))),
        };
        zelf.with(vm, |f| {
            f.flush()?;
            let ahead = f.rest().len() as i64;
            f.ahead.clear();
            f.used = 0;
            match to {
                SeekFrom::Current(n) => f.file.seek(SeekFrom::Current(n - ahead)),
                other => f.file.seek(other),
            }
        })
    }

    /// Return the current stream position.
    #[pymethod]
    fn tell(zelf: &Obj<FileObj>, vm: &Vm) -> PyResult<u64> {
        zelf.with(vm, |f| {
            f.flush()?;
            let ahead = f.rest().len() as u64;
            f.file.stream_position().map(|p| p.saturating_sub(ahead))
        })
    }

    /// Return the underlying file descriptor.
    #[pymethod]
    fn fileno(zelf: &Obj<FileObj>, vm: &Vm) -> PyResult<i32> {
        zelf.with(vm, |f| Ok(f.file.as_raw_fd()))
    }

    /// Return whether this is an interactive stream.
    #[pymethod]
    fn isatty(zelf: &Obj<FileObj>, vm: &Vm) -> PyResult<bool> {
        zelf.with(vm, |f| Ok(std::io::IsTerminal::is_terminal(&f.file)))
    }

    #[pymethod(name = "readable")]
    fn py_readable(zelf: &Obj<FileObj>, _vm: &Vm) -> bool {
        zelf.readable
    }
    #[pymethod(name = "writable")]
    fn py_writable(zelf: &Obj<FileObj>, _vm: &Vm) -> bool {
        zelf.writable
    }
    #[pymethod]
    fn seekable(_zelf: &Obj<FileObj>, _vm: &Vm) -> bool {
        true
    }
    #[pymethod]
    fn __enter__(zelf: &Obj<FileObj>, vm: &Vm) -> PyResult {
        zelf.with(vm, |_| Ok(()))?;
        Ok(zelf.to_value())
    }
    #[pymethod]
    fn __exit__(
        zelf: &Obj<FileObj>,
        vm: &Vm,
        _ty: Option<&Value>,
        _value: Option<&Value>,
        _tb: Option<&Value>,
    ) -> PyResult<()> {
        FileObj::close(zelf, vm)
    }
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<FileObj>, vm: &Vm) -> PyResult<Option<Value>> {
        let line = FileObj::readline(zelf, vm, None)?;
        Ok(if object::len(vm, &line)? == 0 { None } else { Some(line) })
    }
    #[slot]
    fn repr(zelf: &Obj<FileObj>, vm: &Vm) -> PyResult {
        let name = object::repr(vm, &zelf.name)?;
        Ok(vm.str(&if zelf.binary {
            format!("<_io.BufferedReader name={name}>")
        } else {
            format!(
                "<_io.TextIOWrapper name={name} mode='{}' encoding='{}'>",
                zelf.mode, zelf.encoding
            )
        }))
    }
    #[getter]
    fn closed(zelf: &Obj<FileObj>, _vm: &Vm) -> bool {
        zelf.inner.with(Option::is_none)
    }
    #[getter]
    fn name(zelf: &Obj<FileObj>, _vm: &Vm) -> Value {
        zelf.name.clone()
    }
    #[getter]
    fn mode(zelf: &Obj<FileObj>, _vm: &Vm) -> String {
        zelf.mode.clone()
    }
    #[getter]
    fn encoding(zelf: &Obj<FileObj>, vm: &Vm) -> PyResult<String> {
        if zelf.binary {
            return Err(vm.attribute_error("'File' object has no attribute 'encoding'"));
        }
        Ok(zelf.encoding.clone())
    }
}

impl Drop for FileObj {
    fn drop(&mut self) {
        if let Some(mut inner) = self.inner.replace(None) {
            // Nobody is left to be told of an error.
            let _ = inner.flush();
        }
    }
}

/// Files and streams.
#[pymodule(name = "_io")]
pub mod io {
    use super::*;

    fn text_of(v: Option<&Value>, default: &str) -> String {
        v.and_then(|v| v.downcast::<Str>().map(|s| s.to_string_lossy()))
            .unwrap_or_else(|| default.to_string())
    }

    /// Open file and return a stream.  Raise OSError upon failure.
    #[pyfunction(
        sig = "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)"
    )]
    fn open(
        vm: &Vm,
        file: &Value,
        mode: Option<&Value>,
        _buffering: Option<&Value>,
        encoding: Option<&Value>,
        errors: Option<&Value>,
        newline: Option<&Value>,
        _closefd: Option<&Value>,
        _opener: Option<&Value>,
    ) -> PyResult {
        let mode = text_of(mode, "r");
        let has = |c: char| mode.contains(c);
        let kinds = ['r', 'w', 'a', 'x'].iter().filter(|c| has(**c)).count();
        if mode.chars().any(|c| !"rwaxbt+".contains(c)) {
            return Err(vm.value_error(format!("invalid mode: '{mode}'")));
        }
        if has('b') && has('t') {
            return Err(vm.value_error("can't have text and binary mode at once"));
        }
        if kinds != 1 {
            return Err(vm.value_error("must have exactly one of create/read/write/append mode"));
        }
        let path = match object::call_special(vm, file, &vm.intern("__fspath__"), &[])? {
            Some(path) => path,
            None => file.clone(),
        };
        let Some(text) = path.downcast::<Str>().map(|p| p.to_string_lossy()) else {
            return Err(vm.type_error(format!(
                "expected str, bytes or os.PathLike object, not {}",
                path.ty().name()
            )));
        };
        let plus = has('+');
        let mut options = OpenOptions::new();
        options.read(has('r') || plus).write(has('w') || has('x') || (has('r') && plus));
        options.append(has('a')).truncate(has('w')).create(has('w') || has('a'));
        options.create_new(has('x'));
        let opened = options.open(&text).and_then(|f| match f.metadata()?.is_dir() {
            true => Err(std::io::Error::from_raw_os_error(21)),
            false => Ok(f),
        });
        let opened = opened.map_err(|e| vm.os_error(&e, Some(path.clone())))?;
        let newline = newline.filter(|n| !n.is_none());
        let ty = vm.type_object::<FileObj>();
        let made = FileObj {
            inner: Guarded::new(Some(Inner {
                file: opened,
                ahead: Vec::new(),
                used: 0,
                pending: Vec::new(),
            })),
            name: path,
            encoding: text_of(encoding, "utf-8"),
            errors: text_of(errors, "strict"),
            binary: has('b'),
            translate: newline.is_none(),
            readable: has('r') || plus,
            writable: !has('r') || plus,
            mode,
        };
        Ok(Ref::with_type(made, ty).into())
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "DEFAULT_BUFFER_SIZE", Value::int_unchecked(CHUNK as i64));
        let bases = [vm.exception_type("OSError"), vm.exception_type("ValueError")];
        let ty = adder_vm::objects::type_::declare::exception_subclass(
            vm,
            "UnsupportedOperation",
            "io",
            &bases,
        );
        module.set(vm, "UnsupportedOperation", ty);
        module.set(vm, "BlockingIOError", vm.exception_type("BlockingIOError").to_value());
        Ok(())
    }
}
