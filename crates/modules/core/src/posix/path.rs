//! Path arguments: `str`, `bytes`, `os.PathLike`, and descriptors where a call takes them.

use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::str_::{Str, codec};
use adder_vm::protocol::{number, object};
use adder_vm::runtime::args::FromArg;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Value, Vm};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A path, with the value it came from for error messages.
pub struct PathArg {
    pub value: Value,
    pub bytes: Vec<u8>,
    /// Given as `bytes`, so that names found by it are `bytes` too.
    pub is_bytes: bool,
}

/// `os.fspath(value)`
pub fn fspath(vm: &Vm, value: &Value) -> PyResult {
    let is_path = |v: &Value| v.downcast::<Str>().is_some() || v.downcast::<Bytes>().is_some();
    if is_path(value) {
        return Ok(value.clone());
    }
    let Some(found) = object::call_special(vm, value, &vm.names().__fspath__, &[])? else {
        return Err(vm.type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            value.ty().name()
        )));
    };
    if !is_path(&found) {
        return Err(vm.type_error(format!(
            "expected {}.__fspath__() to return str or bytes, not {}",
            value.ty().name(),
            found.ty().name()
        )));
    }
    Ok(found)
}

/// The bytes of a name as the system has it.
pub fn encode(vm: &Vm, value: &Value) -> PyResult<Vec<u8>> {
    if let Some(bytes) = value.downcast::<Bytes>() {
        return Ok(bytes.as_slice().to_vec());
    }
    match value.downcast::<Str>() {
        Some(text) => {
            let encoded = codec::encode(vm, text, "utf-8", "surrogateescape")?;
            Ok(encoded.downcast::<Bytes>().map(|b| b.as_slice().to_vec()).unwrap_or_default())
        }
        None => Err(vm.type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            value.ty().name()
        ))),
    }
}

/// A name as Python has it: bytes that are no UTF-8 become surrogates (PEP 383).
pub fn decode(vm: &Vm, bytes: &[u8]) -> PyResult {
    codec::decode(vm, bytes, "utf-8", "surrogateescape").map(Value::from)
}

impl PathArg {
    pub fn new(vm: &Vm, value: &Value) -> PyResult<PathArg> {
        let path = fspath(vm, value)?;
        let bytes = encode(vm, &path)?;
        if bytes.contains(&0) {
            return Err(vm.value_error("embedded null byte"));
        }
        Ok(PathArg { is_bytes: path.downcast::<Bytes>().is_some(), value: value.clone(), bytes })
    }
    pub fn c(&self) -> CString {
        CString::new(self.bytes.clone()).unwrap_or_default()
    }
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.bytes))
    }
    /// A name in the kind in which the path was given.
    pub fn name(&self, vm: &Vm, bytes: &[u8]) -> PyResult {
        if self.is_bytes { Ok(Bytes::from_slice(bytes).into()) } else { decode(vm, bytes) }
    }
    /// The `OSError` of a call with this path.
    pub fn error(&self, vm: &Vm, error: &std::io::Error) -> Exc {
        vm.os_error(error, Some(self.value.clone()))
    }
}

impl<'a> FromArg<'a> for PathArg {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        PathArg::new(vm, value)
    }
}

/// A path or an open descriptor.
pub enum PathOrFd {
    Path(PathArg),
    Fd(i32),
}

impl<'a> FromArg<'a> for PathOrFd {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Self> {
        let is_name = value.downcast::<Str>().is_some() || value.downcast::<Bytes>().is_some();
        if !is_name && number::has_index(value) {
            return i32::from_value(vm, value).map(PathOrFd::Fd);
        }
        PathArg::new(vm, value).map(PathOrFd::Path)
    }
}

impl PathOrFd {
    pub fn error(&self, vm: &Vm, error: &std::io::Error) -> Exc {
        match self {
            PathOrFd::Path(path) => path.error(vm, error),
            PathOrFd::Fd(fd) => vm.os_error(error, Some(Value::int_unchecked((*fd).into()))),
        }
    }
}
