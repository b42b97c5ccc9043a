//! `sys.stdin`, `sys.stdout` and `sys.stderr`. CPython's counterpart: `init_sys_streams` in
//! `Python/pylifecycle.c`.

use super::bufferedio::{BufferedReader, BufferedWriter};
use super::fileio::FileIo;
use super::textio::{Settings, TextIoWrapper};
use crate::system::{self, Place};
use adder_vm::builtin_modules::sys;
use adder_vm::object::Ref;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::object;
use adder_vm::{PyResult, Value, Vm};

/// Binds the three streams in `sys`; one whose descriptor is closed is `None`.
///
/// # Errors
/// What setting up a stream raised (an encoding that does not exist).
pub fn install(vm: &Vm) -> PyResult<()> {
    for (fd, name) in [(0, "stdin"), (1, "stdout"), (2, "stderr")] {
        let stream = match system::stat(&Place::Descriptor(fd)) {
            Ok(_) => stream(vm, fd, name)?,
            Err(_) => Value::NONE,
        };
        sys::set(vm, name, stream.clone());
        sys::set(vm, &format!("__{name}__"), stream);
    }
    Ok(())
}

fn stream(vm: &Vm, fd: i32, name: &str) -> PyResult {
    let config = vm.config();
    let raw = Ref::with_type(FileIo::empty(), vm.type_object::<FileIo>());
    let number = Value::int_unchecked(fd.into());
    FileIo::open(&raw, vm, &number, if fd == 0 { "r" } else { "w" }, false, None)?;
    let shown = vm.str(&format!("<{name}>"));
    let raw_value = raw.to_value();
    object::set_attr(vm, &raw_value, &vm.names().name, shown)?;
    let unbuffered = config.unbuffered && fd != 0;
    let size = super::DEFAULT_BUFFER_SIZE as isize;
    let below = if fd == 0 {
        BufferedReader::over(vm, raw_value, size)?
    } else if unbuffered {
        raw_value
    } else {
        BufferedWriter::over(vm, raw_value, size)?
    };
    let terminal = raw.is_terminal(vm)?;
    let (encoding, errors) = names(vm, fd);
    let encoding = encoding.map(|e| Ref::<Str>::from_str(&e));
    let errors = Ref::<Str>::from_str(&errors);
    let line_feed = Ref::<Str>::from_str("\n");
    let text = Ref::with_type(TextIoWrapper::empty(), vm.type_object::<TextIoWrapper>());
    let settings = Settings {
        encoding: encoding.as_deref(),
        errors: Some(&*errors),
        newline: if fd == 0 { None } else { Some(&*line_feed) },
        line_buffering: !unbuffered && (terminal || fd == 2),
        write_through: unbuffered,
    };
    TextIoWrapper::init(&text, vm, below, &settings)?;
    let text: Value = text.into();
    object::set_attr(vm, &text, &vm.intern("mode"), vm.str(if fd == 0 { "r" } else { "w" }))?;
    Ok(text)
}

/// Encoding and error handler of a stream: `PYTHONIOENCODING`, or the defaults.
fn names(vm: &Vm, fd: i32) -> (Option<String>, String) {
    let config = vm.config();
    let asked = config.io_encoding.clone().unwrap_or_default();
    let (encoding, errors) = asked.split_once(':').unwrap_or((&asked, ""));
    let encoding = Some(encoding.to_string()).filter(|e| !e.is_empty());
    let encoding = encoding.or_else(|| config.utf8_mode.then(|| "utf-8".to_string()));
    let errors = match (fd, errors) {
        (2, _) => "backslashreplace",
        (_, "") if config.utf8_mode && asked.is_empty() => "surrogateescape",
        (_, "") => "strict",
        (_, errors) => errors,
    };
    (encoding, errors.to_string())
}
