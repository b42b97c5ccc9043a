//! `_io`: files, raw, buffered and text. CPython's counterpart: `Modules/_io/`.
//!
//! One class a file. The chain that `open` builds is `TextIOWrapper` over a buffered object over
//! `FileIO`; each link talks to an exact native neighbour directly and to anything else through
//! its Python methods. No inside of a file is borrowed while Python code or the system runs: what
//! is needed is copied out or taken out, and put back.

mod buffered;
mod bufferedio;
mod bytesio;
mod fileio;
mod iobase;
mod newline;
mod open;
mod rwpair;
mod standard;
mod stringio;
mod text_buffer;
mod textcodec;
mod textio;
mod texttell;

pub use standard::install as install_standard_streams;

use adder_derive::pymodule;
use adder_vm::object::{GilCell, Obj, Ref};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{number, object};
use adder_vm::{Exc, PyResult, Value, Vm};

/// `io.DEFAULT_BUFFER_SIZE`
pub const DEFAULT_BUFFER_SIZE: usize = 128 * 1024;

static UNSUPPORTED: GilCell<Option<Ref<Type>>> = GilCell::new(None);

/// The class `io.UnsupportedOperation`.
fn unsupported_operation(vm: &Vm) -> Ref<Type> {
    if let Some(known) = UNSUPPORTED.with(|u| u.clone()) {
        return known;
    }
    let bases = [vm.exception_type("OSError"), vm.exception_type("ValueError")];
    let made = adder_vm::objects::type_::declare::exception_subclass(
        vm,
        "UnsupportedOperation",
        "io",
        &bases,
    );
    match made.into_ref::<Type>() {
        Ok(ty) => {
            UNSUPPORTED.with(|u| *u = Some(ty.clone()));
            ty
        }
        Err(_) => vm.exception_type("OSError").to_ref(),
    }
}

/// `io.UnsupportedOperation(message)`
fn unsupported(vm: &Vm, message: &str) -> Exc {
    vm.exception(&unsupported_operation(vm), message.to_string())
}

/// An exception without arguments.
fn no_args(vm: &Vm, class: &str) -> Exc {
    vm.exception_with_args(vm.exception_type(class), Vec::new())
}

/// `OSError(message)`
fn os_error_text(vm: &Vm, message: String) -> Exc {
    vm.exception(vm.exception_type("OSError"), message)
}

/// `object.name(*args)`
fn method(vm: &Vm, object: &Value, name: &str, args: &[Value]) -> PyResult {
    object::call_method(vm, object, &vm.intern(name), args)
}

/// `object.name`
fn attribute(vm: &Vm, object: &Value, name: &str) -> PyResult {
    object::get_attr(vm, object, &vm.intern(name))
}

/// `bool(file.closed)`
fn is_closed(vm: &Vm, file: &Value) -> PyResult<bool> {
    let closed = attribute(vm, file, "closed")?;
    object::is_true(vm, &closed)
}

/// The first error of two steps that both were done; the second one remembers the first.
fn both(first: PyResult<()>, second: PyResult<()>) -> PyResult<()> {
    match (first, second) {
        (Err(first), Err(second)) => {
            if !std::ptr::eq(&*first.0, &*second.0) {
                second.0.set_context(Some(first.0));
            }
            Err(second)
        }
        (first, second) => first.and(second),
    }
}

/// A size argument: -1 for `None` and for none at all.
fn optional_size(vm: &Vm, size: Option<&Value>) -> PyResult<isize> {
    match size.filter(|s| !s.is_none()) {
        None => Ok(-1),
        Some(size) if number::has_index(size) => number::to_ssize(vm, size),
        Some(size) => Err(vm
            .type_error(format!("argument should be integer or None, not '{}'", size.ty().name()))),
    }
}

/// A position in a file.
fn offset(vm: &Vm, value: &Value) -> PyResult<i64> {
    let wide = number::to_i128(vm, value)?;
    wide.and_then(|i| i64::try_from(i).ok())
        .ok_or_else(|| vm.overflow_error("Python int too large to convert to C long"))
}

/// Calls Python code again while it ends in `InterruptedError`, after the handlers ran (PEP 475).
fn retry_python<T>(vm: &Vm, mut f: impl FnMut() -> PyResult<T>) -> PyResult<T> {
    loop {
        match f() {
            Err(e) if e.is(vm.exception_type("InterruptedError")) => vm.check_signals()?,
            other => return other,
        }
    }
}

/// Zeros, or `MemoryError`.
fn zeroed(vm: &Vm, len: usize) -> PyResult<Vec<u8>> {
    let mut bytes = with_room(vm, len)?;
    bytes.resize(len, 0);
    Ok(bytes)
}

/// An empty vector with room, or `MemoryError`.
fn with_room(vm: &Vm, len: usize) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(len) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(adder_vm::objects::int::no_memory(vm)),
    }
}

/// Bytes of a bytes-like argument that stay put while the lock is given up: those of `bytes` as
/// they are, others as a copy.
enum Given<'a> {
    Bytes(&'a [u8]),
    Copied(Vec<u8>),
}

impl<'a> Given<'a> {
    fn new(vm: &Vm, value: &'a Value) -> PyResult<Given<'a>> {
        match value.downcast::<Bytes>() {
            Some(bytes) => Ok(Given::Bytes(bytes.as_slice())),
            None => adder_vm::protocol::buffer::contiguous(vm, value).map(Given::Copied),
        }
    }
}

impl std::ops::Deref for Given<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Given::Bytes(bytes) => bytes,
            Given::Copied(bytes) => bytes,
        }
    }
}

/// A `str` argument, or `TypeError` in the words of `function() argument must be str`.
fn text_argument<'a>(
    vm: &Vm,
    value: Option<&'a Value>,
    function: &str,
    name: &str,
    optional: bool,
) -> PyResult<Option<&'a Obj<Str>>> {
    let Some(value) = value.filter(|v| !(optional && v.is_none())) else { return Ok(None) };
    match value.downcast::<Str>() {
        Some(text) => Ok(Some(text)),
        None => Err(vm.type_error(format!(
            "{function}() argument '{name}' must be str{}, not {}",
            if optional { " or None" } else { "" },
            object::type_name_or_none(value)
        ))),
    }
}

/// What an attribute that holds a truth value is set to.
fn flag(vm: &Vm, value: Option<Value>) -> PyResult<bool> {
    match value {
        Some(value) if value.is_bool() => Ok(value.is_true()),
        Some(_) => Err(vm.type_error("attribute value type must be bool")),
        None => Err(vm.type_error("can't delete numeric/char attribute")),
    }
}

/// `TypeError: cannot pickle '_io.FileIO' object`
fn no_pickle(vm: &Vm, object: &Value) -> Exc {
    let full = adder_vm::objects::type_::methods::full_name(vm, object.ty());
    vm.type_error(format!("cannot pickle '{full}' object"))
}

/// The io module provides the Python interfaces to stream handling. The
/// builtin open function is defined in this module.
#[pymodule(name = "_io")]
pub mod io {
    use super::*;

    /// Open file and return a stream.  Raise OSError upon failure.
    #[pyfunction(
        sig = "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)"
    )]
    fn open(
        vm: &Vm,
        file: &Value,
        mode: Option<&Value>,
        buffering: Option<i32>,
        encoding: Option<&Value>,
        errors: Option<&Value>,
        newline: Option<&Value>,
        closefd: Option<bool>,
        opener: Option<&Value>,
    ) -> PyResult {
        let mode = text_argument(vm, mode, "open", "mode", false)?;
        let mode = mode.map_or_else(|| "r".to_string(), |m| m.to_string_lossy());
        super::open::open(
            vm,
            &super::open::Request {
                file,
                mode: &mode,
                buffering: buffering.unwrap_or(-1),
                encoding: text_argument(vm, encoding, "open", "encoding", true)?,
                errors: text_argument(vm, errors, "open", "errors", true)?,
                newline: text_argument(vm, newline, "open", "newline", true)?,
                closefd: closefd.unwrap_or(true),
                opener: opener.filter(|o| !o.is_none()),
            },
        )
    }

    /// A helper function to choose the text encoding.
    ///
    /// When encoding is not None, this function returns it.
    /// Otherwise, this function returns the default text encoding
    /// (i.e. "locale" or "utf-8" depends on UTF-8 mode).
    #[pyfunction(sig = "(encoding, stacklevel=2, /)")]
    fn text_encoding(vm: &Vm, encoding: &Value, stacklevel: Option<i32>) -> PyResult {
        super::open::text_encoding(vm, encoding, stacklevel.unwrap_or(2))
    }

    /// Opens the provided file with the intent to import the contents.
    ///
    /// This may perform extra validation beyond open(), but is otherwise interchangeable
    /// with calling open(path, 'rb').
    #[pyfunction(sig = "(path)")]
    fn open_code(vm: &Vm, path: &Value) -> PyResult {
        let Some(_) = path.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "open_code() argument 'path' must be str, not {}",
                object::type_name_or_none(path)
            )));
        };
        super::open::open(
            vm,
            &super::open::Request { mode: "rb", ..super::open::Request::new(path) },
        )
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "DEFAULT_BUFFER_SIZE", Value::int_unchecked(DEFAULT_BUFFER_SIZE as i64));
        module.set(vm, "UnsupportedOperation", unsupported_operation(vm).into());
        module.set(vm, "BlockingIOError", vm.exception_type("BlockingIOError").to_value());
        for ty in [
            vm.type_object::<iobase::IoBase>(),
            vm.type_object::<iobase::RawIoBase>(),
            vm.type_object::<bufferedio::BufferedIoBase>(),
            vm.type_object::<textio::TextIoBase>(),
            vm.type_object::<fileio::FileIo>(),
            vm.type_object::<bytesio::BytesIo>(),
            vm.type_object::<bytesio::BytesIoBuffer>(),
            vm.type_object::<bufferedio::BufferedReader>(),
            vm.type_object::<bufferedio::BufferedWriter>(),
            vm.type_object::<bufferedio::BufferedRandom>(),
            vm.type_object::<rwpair::BufferedRwPair>(),
            vm.type_object::<newline::IncrementalNewlineDecoder>(),
            vm.type_object::<textio::TextIoWrapper>(),
            vm.type_object::<stringio::StringIo>(),
        ] {
            module.add_type(vm, ty);
        }
        Ok(())
    }
}
