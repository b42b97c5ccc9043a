//! `open`, and the names of encodings. CPython's counterpart: `Modules/_io/_iomodule.c`.

use super::bufferedio::{BufferedRandom, BufferedReader, BufferedWriter};
use super::fileio::FileIo;
use super::textio::{Settings, TextIoWrapper};
use super::{both, method};
use adder_vm::object::{Obj, Ref};
use adder_vm::objects::str_::Str;
use adder_vm::protocol::{number, object};
use adder_vm::{PyResult, Value, Vm};

/// The arguments of `open`.
pub struct Request<'a> {
    pub file: &'a Value,
    pub mode: &'a str,
    pub buffering: i32,
    pub encoding: Option<&'a Obj<Str>>,
    pub errors: Option<&'a Obj<Str>>,
    pub newline: Option<&'a Obj<Str>>,
    pub closefd: bool,
    pub opener: Option<&'a Value>,
}

impl<'a> Request<'a> {
    pub fn new(file: &'a Value) -> Request<'a> {
        Request {
            file,
            mode: "r",
            buffering: -1,
            encoding: None,
            errors: None,
            newline: None,
            closefd: true,
            opener: None,
        }
    }
}

/// What a mode asks for.
#[derive(Default)]
struct Mode {
    creating: bool,
    reading: bool,
    writing: bool,
    appending: bool,
    updating: bool,
    text: bool,
    binary: bool,
}

impl Mode {
    fn parse(vm: &Vm, text: &str) -> PyResult<Mode> {
        let mut mode = Mode::default();
        for c in text.chars() {
            let place = match c {
                'x' => &mut mode.creating,
                'r' => &mut mode.reading,
                'w' => &mut mode.writing,
                'a' => &mut mode.appending,
                '+' => &mut mode.updating,
                't' => &mut mode.text,
                'b' => &mut mode.binary,
                _ => return Err(vm.value_error(format!("invalid mode: '{text}'"))),
            };
            if std::mem::replace(place, true) {
                return Err(vm.value_error(format!("invalid mode: '{text}'")));
            }
        }
        if mode.text && mode.binary {
            return Err(vm.value_error("can't have text and binary mode at once"));
        }
        let kinds = [mode.creating, mode.reading, mode.writing, mode.appending];
        if kinds.iter().filter(|k| **k).count() > 1 {
            return Err(vm.value_error("must have exactly one of create/read/write/append mode"));
        }
        Ok(mode)
    }

    /// The mode of the raw file.
    fn raw(&self) -> String {
        let letters = [
            (self.creating, 'x'),
            (self.reading, 'r'),
            (self.writing, 'w'),
            (self.appending, 'a'),
            (self.updating, '+'),
        ];
        letters.iter().filter(|(set, _)| *set).map(|(_, c)| *c).collect()
    }
}

/// `open(file, mode, ...)`
pub fn open(vm: &Vm, request: &Request<'_>) -> PyResult {
    let file = if number::has_index(request.file) {
        request.file.clone()
    } else {
        crate::posix::path::fspath(vm, request.file)?
    };
    let mode = Mode::parse(vm, request.mode)?;
    if mode.binary {
        for (argument, name) in [
            (request.encoding, "an encoding"),
            (request.errors, "an errors"),
            (request.newline, "a newline"),
        ] {
            if argument.is_some() {
                let message = format!("binary mode doesn't take {name} argument");
                return Err(vm.value_error(message));
            }
        }
        if request.buffering == 1 {
            let message = "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used";
            vm.warn(vm.exception_type("RuntimeWarning"), message, 1)?;
        }
    }
    let raw = Ref::with_type(FileIo::empty(), vm.type_object::<FileIo>());
    FileIo::open(&raw, vm, &file, &mode.raw(), request.closefd, request.opener)?;
    let raw_value = raw.to_value();
    object::set_attr(vm, &raw_value, &vm.names().name, file)?;
    let mut opened = raw_value.clone();
    let result = layers(vm, request, &mode, &raw, &mut opened);
    match result {
        Ok(file) => Ok(file),
        Err(exc) => {
            // What was opened so far is closed; the error is the first one.
            let closed = method(vm, &opened, "close", &[]).map(drop);
            match both(Err(exc), closed) {
                Err(exc) => Err(exc),
                Ok(()) => Ok(Value::NONE),
            }
        }
    }
}

/// Puts buffer and text over a raw file; `opened` is the outermost layer so far.
fn layers(
    vm: &Vm,
    request: &Request<'_>,
    mode: &Mode,
    raw: &Ref<FileIo>,
    opened: &mut Value,
) -> PyResult {
    let mut buffering = request.buffering;
    let mut line_buffering = false;
    let terminal = if buffering < 0 || buffering == 1 { raw.is_terminal(vm)? } else { false };
    if buffering == 1 || (buffering < 0 && terminal) {
        buffering = -1;
        line_buffering = true;
    }
    let size = match buffering {
        0 if !mode.binary => return Err(vm.value_error("can't have unbuffered text I/O")),
        0 => return Ok(opened.clone()),
        n if n < 0 => raw.block_size().clamp(1, 8 << 20).max(super::DEFAULT_BUFFER_SIZE) as isize,
        n => n as isize,
    };
    let below = opened.clone();
    *opened = if mode.updating {
        if !raw.is_seekable(vm)? {
            return Err(super::unsupported(vm, "File or stream is not seekable."));
        }
        BufferedRandom::over(vm, below, size)?
    } else if mode.reading {
        BufferedReader::over(vm, below, size)?
    } else {
        BufferedWriter::over(vm, below, size)?
    };
    if mode.binary {
        return Ok(opened.clone());
    }
    let text = Ref::with_type(TextIoWrapper::empty(), vm.type_object::<TextIoWrapper>());
    let settings = Settings {
        encoding: request.encoding,
        errors: request.errors,
        newline: request.newline,
        line_buffering,
        write_through: false,
    };
    TextIoWrapper::init(&text, vm, opened.clone(), &settings)?;
    *opened = text.into();
    object::set_attr(vm, opened, &vm.intern("mode"), vm.str(request.mode))?;
    Ok(opened.clone())
}

/// The encoding of the locale.
fn locale_encoding() -> &'static str {
    "UTF-8"
}

/// `-X warn_default_encoding`
fn warns_default(vm: &Vm) -> bool {
    vm.config().x_options.iter().any(|(name, _)| name == "warn_default_encoding")
}

/// The encoding that an argument names, as `file.encoding` shows it.
pub fn encoding_name(vm: &Vm, encoding: Option<&Obj<Str>>) -> PyResult<Value> {
    let Some(encoding) = encoding else {
        if warns_default(vm) {
            let message = "'encoding' argument not specified";
            vm.warn(vm.exception_type("EncodingWarning"), message, 1)?;
        }
        return Ok(vm.str(if vm.config().utf8_mode { "utf-8" } else { locale_encoding() }));
    };
    if encoding.is_str("locale") {
        return Ok(vm.str(locale_encoding()));
    }
    let Some(name) = encoding.to_utf8() else { return Err(vm.surrogate_error(encoding)) };
    if name.contains('\0') {
        return Err(vm.value_error("embedded null character"));
    }
    Ok(encoding.to_value())
}

/// `io.text_encoding(encoding)`
pub fn text_encoding(vm: &Vm, encoding: &Value, stacklevel: i32) -> PyResult {
    if !encoding.is_none() {
        return Ok(encoding.clone());
    }
    if warns_default(vm) {
        let message = "'encoding' argument not specified";
        let level = stacklevel.max(1) as usize;
        vm.warn(vm.exception_type("EncodingWarning"), message, level)?;
    }
    Ok(vm.str(if vm.config().utf8_mode { "utf-8" } else { "locale" }))
}
