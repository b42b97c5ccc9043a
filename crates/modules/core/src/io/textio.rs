//! `_TextIOBase` and `TextIOWrapper`: text over a buffered file. CPython's counterpart:
//! `Modules/_io/textio.c`.
//!
//! Reading decodes a chunk of bytes at a time; the program takes its text from there. Writing
//! gathers encoded bytes until there is a chunk of them. The start of the current chunk, with the
//! decoder's state there, is kept for `tell` (`texttell.rs`).

use super::bufferedio::buffered;
use super::iobase::{IoBase, position};
use super::newline::has;
use super::stringio::with_ends;
use super::textcodec::{Decoder, Encoder};
use super::texttell::{Cookie, locate};
use super::{
    attribute, both, is_closed, method, no_pickle, optional_size, retry_python, unsupported,
};
use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Guarded, Obj, Ref, ValueCell};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::str_::{Chars, Str, StrBuilder};
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{buffer, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::{PyResult, Value, Vm};
use std::cell::Cell;

/// Base class for text I/O.
///
/// This class provides a character and line based interface to stream
/// I/O. There is no readinto method because Python's character strings
/// are immutable.
#[pyclass(name = "_io._TextIOBase", base = IoBase, base_type, has_dict)]
pub struct TextIoBase;

#[pymethods]
impl TextIoBase {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(TextIoBase, ty).into())
    }
    /// Separate the underlying buffer from the TextIOBase and return it.
    ///
    /// After the underlying buffer has been detached, the TextIO is in an unusable state.
    #[pymethod]
    fn detach(_zelf: &Value, vm: &Vm) -> PyResult {
        Err(unsupported(vm, "detach"))
    }
    /// Read at most size characters from stream.
    ///
    /// Read from underlying buffer until we have size characters or we hit EOF.
    /// If size is negative or omitted, read until EOF.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(_zelf: &Value, vm: &Vm, _size: Option<&Value>) -> PyResult {
        Err(unsupported(vm, "read"))
    }
    /// Read until newline or EOF.
    ///
    /// Return an empty string if EOF is hit immediately.
    /// If size is specified, at most size characters will be read.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(_zelf: &Value, vm: &Vm, _size: Option<&Value>) -> PyResult {
        Err(unsupported(vm, "readline"))
    }
    /// Write string s to stream.
    ///
    /// Return the number of characters written
    /// (which is always equal to the length of the string).
    #[pymethod]
    fn write(_zelf: &Value, vm: &Vm, _s: &Value) -> PyResult {
        Err(unsupported(vm, "write"))
    }
    /// Encoding of the text stream.
    ///
    /// Subclasses should override.
    #[getter]
    fn encoding(_zelf: &Value, _vm: &Vm) -> Value {
        Value::NONE
    }
    /// Line endings translated so far.
    ///
    /// Only line endings translated during reading are considered.
    ///
    /// Subclasses should override.
    #[getter]
    fn newlines(_zelf: &Value, _vm: &Vm) -> Value {
        Value::NONE
    }
    /// The error setting of the decoder or encoder.
    ///
    /// Subclasses should override.
    #[getter]
    fn errors(_zelf: &Value, _vm: &Vm) -> Value {
        Value::NONE
    }
}

/// What the argument `newline` says.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Ending {
    /// `None`: every kind of line end is read as `\n`.
    #[default]
    Universal,
    /// `''`: every kind ends a line, and stays as it is.
    Any,
    LineFeed,
    Return,
    ReturnLineFeed,
}

impl Ending {
    pub fn parse(vm: &Vm, newline: Option<&Obj<Str>>) -> PyResult<Ending> {
        let Some(newline) = newline else { return Ok(Ending::Universal) };
        match newline.as_ascii() {
            Some("") => Ok(Ending::Any),
            Some("\n") => Ok(Ending::LineFeed),
            Some("\r") => Ok(Ending::Return),
            Some("\r\n") => Ok(Ending::ReturnLineFeed),
            _ => Err(vm.value_error(format!("illegal newline value: {newline}"))),
        }
    }
    pub fn argument(self) -> Option<&'static str> {
        match self {
            Ending::Universal => None,
            Ending::Any => Some(""),
            Ending::LineFeed => Some("\n"),
            Ending::Return => Some("\r"),
            Ending::ReturnLineFeed => Some("\r\n"),
        }
    }
    pub fn reads_universal(self) -> bool {
        matches!(self, Ending::Universal | Ending::Any)
    }
    /// What is written for `\n`, if it is something else.
    pub fn written(self) -> Option<&'static str> {
        match self {
            Ending::Return => Some("\r"),
            Ending::ReturnLineFeed => Some("\r\n"),
            _ => None,
        }
    }

    /// Where the line from `start` on ends in a text: behind its line end.
    fn find(self, text: &Str, start: usize) -> Option<usize> {
        let at = match self {
            Ending::Universal | Ending::LineFeed => find(text, start, b'\n'),
            Ending::Return => find(text, start, b'\r'),
            Ending::Any => find_either(text, start),
            Ending::ReturnLineFeed => {
                let mut from = start;
                loop {
                    let at = find(text, from, b'\r')?;
                    if at + 1 < text.len() && text.at(at + 1) == 0xa {
                        return Some(at + 2);
                    }
                    from = at + 1;
                }
            }
        }?;
        let pair = self == Ending::Any
            && text.at(at) == 0xd
            && at + 1 < text.len()
            && text.at(at + 1) == 0xa;
        Some(at + 1 + usize::from(pair))
    }
}

fn find(text: &Str, start: usize, c: u8) -> Option<usize> {
    let found = match text.chars() {
        Chars::Ascii(s) => memchr::memchr(c, &s.as_bytes()[start..]),
        Chars::One(s) => memchr::memchr(c, &s[start..]),
        Chars::Two(s) => s[start..].iter().position(|x| *x == u16::from(c)),
        Chars::Four(s) => s[start..].iter().position(|x| *x == u32::from(c)),
    };
    found.map(|at| start + at)
}

fn find_either(text: &Str, start: usize) -> Option<usize> {
    let found = match text.chars() {
        Chars::Ascii(s) => memchr::memchr2(b'\r', b'\n', &s.as_bytes()[start..]),
        Chars::One(s) => memchr::memchr2(b'\r', b'\n', &s[start..]),
        Chars::Two(s) => s[start..].iter().position(|x| matches!(*x, 0xa | 0xd)),
        Chars::Four(s) => s[start..].iter().position(|x| matches!(*x, 0xa | 0xd)),
    };
    found.map(|at| start + at)
}

/// Where the current chunk began.
struct Snapshot {
    flags: u64,
    /// The bytes that were decoded from there, those of the decoder included.
    bytes: Vec<u8>,
}

/// Character and line based layer over a BufferedIOBase object, buffer.
///
/// encoding gives the name of the encoding that the stream will be
/// decoded or encoded with. It defaults to locale.getencoding().
///
/// errors determines the strictness of encoding and decoding (see
/// help(codecs.Codec) or the documentation for codecs.register) and
/// defaults to "strict".
///
/// newline controls how line endings are handled. It can be None, '',
/// '\n', '\r', and '\r\n'.  It works as follows:
///
/// * On input, if newline is None, universal newlines mode is
///   enabled. Lines in the input can end in '\n', '\r', or '\r\n', and
///   these are translated into '\n' before being returned to the
///   caller. If it is '', universal newline mode is enabled, but line
///   endings are returned to the caller untranslated. If it has any of
///   the other legal values, input lines are only terminated by the given
///   string, and the line ending is returned to the caller untranslated.
///
/// * On output, if newline is None, any '\n' characters written are
///   translated to the system default line separator, os.linesep. If
///   newline is '' or '\n', no translation takes place. If newline is any
///   of the other legal values, any '\n' characters written are translated
///   to the given string.
///
/// If line_buffering is True, a call to flush is implied when a call to
/// write contains a newline character.
#[pyclass(
    name = "_io.TextIOWrapper",
    base = TextIoBase,
    base_type,
    has_dict,
    sig = "(buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)"
)]
pub struct TextIoWrapper {
    buffer: ValueCell,
    #[notrace]
    detached: Cell<bool>,
    encoding: ValueCell,
    errors: ValueCell,
    pub decoder: Decoder,
    pub encoder: Encoder,
    #[notrace]
    ending: Cell<Ending>,
    #[notrace]
    line_buffering: Cell<bool>,
    #[notrace]
    write_through: Cell<bool>,
    #[notrace]
    seekable: Cell<bool>,
    #[notrace]
    telling: Cell<bool>,
    #[notrace]
    has_read1: Cell<bool>,
    #[notrace]
    finalizing: Cell<bool>,
    #[notrace]
    chunk_size: Cell<usize>,
    /// Decoded text, and how much of it the program took.
    #[notrace]
    text: Guarded<Option<Ref<Str>>>,
    #[notrace]
    taken: Cell<usize>,
    #[notrace]
    snapshot: Guarded<Option<Snapshot>>,
    #[notrace]
    bytes_a_char: Cell<f64>,
    /// Encoded bytes to be written.
    #[notrace]
    pending: Guarded<Vec<u8>>,
}

/// The arguments of the constructor.
#[derive(Default)]
pub struct Settings<'a> {
    pub encoding: Option<&'a Obj<Str>>,
    pub errors: Option<&'a Obj<Str>>,
    pub newline: Option<&'a Obj<Str>>,
    pub line_buffering: bool,
    pub write_through: bool,
}

const CHUNK: usize = 8192;

impl TextIoWrapper {
    pub fn empty() -> TextIoWrapper {
        TextIoWrapper {
            buffer: ValueCell::default(),
            detached: Cell::new(false),
            encoding: ValueCell::default(),
            errors: ValueCell::default(),
            decoder: Decoder::default(),
            encoder: Encoder::default(),
            ending: Cell::default(),
            line_buffering: Cell::new(false),
            write_through: Cell::new(false),
            seekable: Cell::new(false),
            telling: Cell::new(false),
            has_read1: Cell::new(false),
            finalizing: Cell::new(false),
            chunk_size: Cell::new(CHUNK),
            text: Guarded::new(None),
            taken: Cell::new(0),
            snapshot: Guarded::new(None),
            bytes_a_char: Cell::new(0.0),
            pending: Guarded::new(Vec::new()),
        }
    }

    /// The file below, while there is one.
    fn below(&self, vm: &Vm) -> PyResult<Value> {
        self.buffer.get().ok_or_else(|| {
            vm.value_error(if self.detached.get() {
                "underlying buffer has been detached"
            } else {
                "I/O operation on uninitialized object"
            })
        })
    }

    pub fn errors_name(&self) -> String {
        let errors = self.errors.get();
        errors
            .and_then(|e| e.downcast::<Str>().map(|s| s.to_string_lossy()))
            .unwrap_or_else(|| "strict".to_string())
    }

    pub fn bytes_a_char(&self) -> f64 {
        self.bytes_a_char.get()
    }

    /// Is the file closed? A native file below is asked without a detour.
    fn closed(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult<bool> {
        if !zelf.is_exact() {
            return is_closed(vm, &zelf.to_value());
        }
        let below = zelf.below(vm)?;
        match buffered(&below) {
            Some(inner) => inner.is_closed(vm),
            None => is_closed(vm, &below),
        }
    }

    fn check_open(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult<()> {
        if TextIoWrapper::closed(zelf, vm)? {
            return Err(vm.value_error("I/O operation on closed file."));
        }
        Ok(())
    }

    fn set_text(&self, text: Option<Ref<Str>>) {
        self.taken.set(0);
        drop(self.text.replace(text.filter(|t| !t.is_empty())));
    }

    fn set_snapshot(&self, snapshot: Option<Snapshot>) {
        self.snapshot.replace(snapshot);
    }

    /// Takes the decoded text that is left, up to `n` characters.
    fn take_text(&self, n: usize) -> Option<Ref<Str>> {
        let text = self.text.get()?;
        let start = self.taken.get();
        let end = start.saturating_add(n).min(text.len());
        self.taken.set(end);
        Some(if start == 0 && end == text.len() { text } else { text.substring(start, end) })
    }

    // ---- setting up ----

    pub fn init(
        zelf: &Obj<TextIoWrapper>,
        vm: &Vm,
        buffer: Value,
        settings: &Settings<'_>,
    ) -> PyResult<()> {
        zelf.buffer.set(None);
        zelf.detached.set(false);
        let ending = Ending::parse(vm, settings.newline)?;
        let encoding = super::open::encoding_name(vm, settings.encoding)?;
        let errors = match settings.errors {
            Some(errors) => errors.to_value(),
            None => vm.str("strict"),
        };
        zelf.ending.set(ending);
        zelf.encoding.set(Some(encoding));
        zelf.errors.set(Some(errors));
        zelf.chunk_size.set(CHUNK);
        zelf.line_buffering.set(settings.line_buffering);
        zelf.write_through.set(settings.write_through);
        zelf.set_text(None);
        zelf.set_snapshot(None);
        zelf.pending.replace(Vec::new());
        zelf.set_codecs(vm, &buffer)?;
        let seekable = method(vm, &buffer, "seekable", &[])?;
        let seekable = object::is_true(vm, &seekable)?;
        zelf.seekable.set(seekable);
        zelf.telling.set(seekable);
        let native = buffered(&buffer).is_some();
        zelf.has_read1
            .set(native || object::lookup_attr(vm, &buffer, &vm.intern("read1"))?.is_some());
        if seekable && zelf.encoder.exists() {
            let at = position(vm, &method(vm, &buffer, "tell", &[])?)?;
            if at != 0 {
                zelf.encoder.set_start(vm, false)?;
            }
        }
        zelf.buffer.set(Some(buffer));
        Ok(())
    }

    /// Makes decoder and encoder, as far as the file below reads and writes.
    fn set_codecs(&self, vm: &Vm, buffer: &Value) -> PyResult<()> {
        let name = self.encoding.get().unwrap_or(Value::NONE);
        let name = name.downcast::<Str>().map(|s| s.to_string_lossy()).unwrap_or_default();
        let errors = self.errors_name();
        self.decoder.remove();
        self.encoder.remove();
        let ending = self.ending.get();
        if super::fileio::raw_answer(vm, buffer, "readable")? {
            let translate = ending.reads_universal().then_some(ending == Ending::Universal);
            self.decoder.set(vm, &name, &errors, translate)?;
        }
        if super::fileio::raw_answer(vm, buffer, "writable")? {
            self.encoder.set(vm, &name, &errors)?;
        }
        Ok(())
    }

    // ---- writing ----

    /// Hands gathered bytes to the file below.
    fn write_out(&self, vm: &Vm) -> PyResult<()> {
        if self.pending.with(Vec::is_empty) {
            return Ok(());
        }
        let below = self.below(vm)?;
        let bytes = self.pending.replace(Vec::new());
        if let Some(inner) = buffered(&below) {
            inner.write(vm, &below, &bytes)?;
            return Ok(());
        }
        let bytes: Value = Bytes::from_slice(&bytes).into();
        retry_python(vm, || method(vm, &below, "write", std::slice::from_ref(&bytes))).map(drop)
    }

    fn flush_below(&self, vm: &Vm) -> PyResult<()> {
        let below = self.below(vm)?;
        match buffered(&below) {
            Some(inner) if inner.kind.get().writes => {
                inner.check_open(vm, "flush of closed file")?;
                inner.flush(vm, &below)
            }
            _ => method(vm, &below, "flush", &[]).map(drop),
        }
    }

    /// `write(text)`
    pub fn write_text(zelf: &Obj<TextIoWrapper>, vm: &Vm, text: &Obj<Str>) -> PyResult<()> {
        TextIoWrapper::check_open(zelf, vm)?;
        if !zelf.encoder.exists() {
            return Err(unsupported(vm, "not writable"));
        }
        let ending = zelf.ending.get();
        let line_buffering = zelf.line_buffering.get();
        let line_feed = (line_buffering || ending.written().is_some()) && has(text, b'\n');
        let ended;
        let shown = match ending.written() {
            Some(end) if line_feed => {
                ended = with_ends(text, end);
                &ended
            }
            _ => text,
        };
        let flush = line_buffering && (line_feed || has(text, b'\r'));
        let errors = zelf.errors_name_ref();
        let errors = errors.as_ref().and_then(|e| e.downcast::<Str>()).and_then(|s| s.as_ascii());
        let chunk = zelf.chunk_size.get();
        // Bytes that would make the chunk too long start a new one.
        let long = shown.len() > chunk;
        if long || zelf.pending.with(Vec::len) + shown.len() > chunk {
            zelf.write_out(vm)?;
        }
        let full = zelf.encoder.encode(vm, shown, errors.unwrap_or("strict"), |bytes| {
            zelf.pending.with_mut(|pending| {
                pending.extend_from_slice(bytes);
                pending.len() >= chunk
            })
        })?;
        if full || flush || zelf.write_through.get() {
            zelf.write_out(vm)?;
        }
        if flush {
            zelf.flush_below(vm)?;
        }
        if zelf.text.with(Option::is_some) {
            zelf.set_text(None);
        }
        if zelf.snapshot.with(Option::is_some) {
            zelf.set_snapshot(None);
        }
        if zelf.decoder.exists() {
            zelf.decoder.reset(vm)?;
        }
        Ok(())
    }

    fn errors_name_ref(&self) -> Option<Value> {
        self.errors.get()
    }

    // ---- reading ----

    /// Reads bytes from below: one piece, or everything.
    fn read_below(&self, vm: &Vm, size: Option<usize>) -> PyResult<Vec<u8>> {
        let below = self.below(vm)?;
        if let Some(inner) = buffered(&below)
            && inner.kind.get().reads
        {
            inner.check_open(vm, "read of closed file")?;
            return match size {
                Some(size) => inner.read1(vm, &below, size as isize),
                None => inner.read_all(vm, &below)?.ok_or_else(|| {
                    vm.exception(
                        vm.exception_type("BlockingIOError"),
                        "Read returned None.".to_string(),
                    )
                }),
            };
        }
        let name = if size.is_some() && self.has_read1.get() { "read1" } else { "read" };
        let size = size.map(|size| int::from_i64(size as i64));
        let args = size.as_slice();
        let bytes = retry_python(vm, || method(vm, &below, name, args))?;
        if bytes.is_none() && args.is_empty() {
            let message = "Read returned None.".to_string();
            return Err(vm.exception(vm.exception_type("BlockingIOError"), message));
        }
        if !buffer::has_buffer(&bytes) {
            return Err(vm.type_error(format!(
                "underlying {name}() should have returned a bytes-like object, not '{}'",
                bytes.ty().name()
            )));
        }
        buffer::to_vec(vm, &bytes)
    }

    /// Decodes a further chunk; `false` at the end of the file.
    fn read_chunk(&self, vm: &Vm, hint: usize) -> PyResult<bool> {
        if !self.decoder.exists() {
            return Err(unsupported(vm, "not readable"));
        }
        let before = if self.telling.get() { Some(self.decoder.state(vm)?) } else { None };
        let hint = (self.bytes_a_char.get().max(1.0) * hint as f64) as usize;
        let input = self.read_below(vm, Some(hint.max(self.chunk_size.get())))?;
        let end = input.is_empty();
        let errors = self.errors.get();
        let errors = errors.as_ref().and_then(|e| e.downcast::<Str>()).and_then(|s| s.as_ascii());
        let text = self.decoder.decode(vm, &input, errors.unwrap_or("strict"), end)?;
        let chars = text.len();
        self.set_text(Some(text));
        self.bytes_a_char.set(if chars > 0 { input.len() as f64 / chars as f64 } else { 0.0 });
        if let Some((mut bytes, flags)) = before {
            let bytes = if bytes.is_empty() {
                input
            } else {
                bytes.extend_from_slice(&input);
                bytes
            };
            self.set_snapshot(Some(Snapshot { flags, bytes }));
        }
        Ok(!end || chars > 0)
    }

    fn read_line(&self, vm: &Vm, limit: Option<usize>) -> PyResult<Ref<Str>> {
        self.write_out(vm)?;
        let ending = self.ending.get();
        let limit = limit.unwrap_or(usize::MAX);
        // Most lines lie in the chunk.
        let start = self.taken.get();
        if let Some(text) = self.text.get()
            && start < text.len()
            && let Some(end) = ending.find(&text, start)
            && end - start <= limit
        {
            self.taken.set(end);
            return Ok(text.substring(start, end));
        }
        let mut line = StrBuilder::new();
        let mut after_return = false;
        loop {
            line.check(vm)?;
            let start = self.taken.get();
            let text = self.text.get().filter(|t| start < t.len());
            let Some(text) = text else {
                if line.len() >= limit || !self.read_chunk(vm, 0)? {
                    break;
                }
                continue;
            };
            let room = limit - line.len();
            if room == 0 {
                break;
            }
            // A pair that two chunks share.
            let split = after_return && text.at(start) == 0xa;
            let found = if split { Some(start + 1) } else { ending.find(&text, start) };
            let end = found.unwrap_or(text.len()).min(start.saturating_add(room));
            line.push_range(&text, start, end);
            self.taken.set(end);
            if found == Some(end) {
                break;
            }
            after_return =
                ending == Ending::ReturnLineFeed && end > start && text.at(end - 1) == 0xd;
        }
        line.finish_in(vm)
    }

    fn read_all(&self, vm: &Vm) -> PyResult<Ref<Str>> {
        let input = self.read_below(vm, None)?;
        let rest = self.take_text(usize::MAX);
        let text = self.decoder.decode(vm, &input, &self.errors_name(), true)?;
        self.set_text(None);
        self.set_snapshot(None);
        Ok(match rest {
            Some(rest) if !rest.is_empty() => rest.concat(&text),
            _ => text,
        })
    }

    fn read_some(&self, vm: &Vm, n: usize) -> PyResult<Ref<Str>> {
        let first = self.take_text(n);
        if let Some(first) = &first
            && first.len() == n
        {
            return Ok(first.clone());
        }
        let mut out = StrBuilder::new();
        if let Some(first) = first {
            out.push_obj(&first);
        }
        while out.len() < n {
            let more = self.read_chunk(vm, n - out.len())?;
            if !more {
                break;
            }
            if let Some(part) = self.take_text(n - out.len()) {
                out.push_obj(&part);
            }
        }
        out.finish_in(vm)
    }
}

#[pymethods]
impl TextIoWrapper {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(TextIoWrapper::empty(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<TextIoWrapper>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        const SIGNATURE: Signature<6> = Signature {
            function: "TextIOWrapper",
            names: ["buffer", "encoding", "errors", "newline", "line_buffering", "write_through"],
            required: 1,
            positional: 6,
        };
        let [buffer, encoding, errors, newline, line_buffering, write_through] =
            SIGNATURE.bind(vm, args)?;
        let text = |value, name| super::text_argument(vm, value, "TextIOWrapper", name, true);
        let flag = |value: Option<Value>| value.map_or(Ok(false), |v| object::is_true(vm, &v));
        let settings = Settings {
            encoding: text(encoding.as_ref(), "encoding")?,
            errors: text(errors.as_ref(), "errors")?,
            newline: text(newline.as_ref(), "newline")?,
            line_buffering: flag(line_buffering)?,
            write_through: flag(write_through)?,
        };
        TextIoWrapper::init(zelf, vm, buffer.unwrap_or(Value::NONE), &settings)
    }
    /// Reconfigure the text stream with new parameters.
    ///
    /// This also does an implicit stream flush.
    #[pymethod(
        sig = "($self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)"
    )]
    fn reconfigure(
        zelf: &Obj<TextIoWrapper>,
        vm: &Vm,
        encoding: Option<&Value>,
        errors: Option<&Value>,
        newline: Option<&Value>,
        line_buffering: Option<&Value>,
        write_through: Option<&Value>,
    ) -> PyResult<()> {
        let below = zelf.below(vm)?;
        let text = |value, name| super::text_argument(vm, value, "reconfigure", name, true);
        let (encoding, errors) = (text(encoding, "encoding")?, text(errors, "errors")?);
        let changes = encoding.is_some() || errors.is_some() || newline.is_some();
        if zelf.decoder.exists() && changes && zelf.text.with(Option::is_some) {
            return Err(unsupported(
                vm,
                "It is not possible to set the encoding or newline of stream after the first read",
            ));
        }
        let ending = match newline {
            None => None,
            Some(newline) => Some(Ending::parse(vm, text(Some(newline), "newline")?)?),
        };
        let flag = |value: Option<&Value>, old: bool| match value.filter(|v| !v.is_none()) {
            Some(value) => object::is_true(vm, value),
            None => Ok(old),
        };
        let line_buffering = flag(line_buffering, zelf.line_buffering.get())?;
        let write_through = flag(write_through, zelf.write_through.get())?;
        method(vm, &zelf.to_value(), "flush", &[])?;
        if changes {
            if let Some(encoding) = encoding {
                let name = super::open::encoding_name(vm, Some(encoding))?;
                zelf.encoding.set(Some(name));
                if errors.is_none() {
                    zelf.errors.set(Some(vm.str("strict")));
                }
            }
            if let Some(errors) = errors {
                zelf.errors.set(Some(errors.to_value()));
            }
            if let Some(ending) = ending {
                zelf.ending.set(ending);
            }
            zelf.set_codecs(vm, &below)?;
            if zelf.seekable.get() && zelf.encoder.exists() {
                let at = position(vm, &method(vm, &below, "tell", &[])?)?;
                if at != 0 {
                    zelf.encoder.set_start(vm, false)?;
                }
            }
        }
        zelf.line_buffering.set(line_buffering);
        zelf.write_through.set(write_through);
        Ok(())
    }
    #[pymethod]
    fn detach(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        zelf.below(vm)?;
        method(vm, &zelf.to_value(), "flush", &[])?;
        let below = zelf.below(vm)?;
        zelf.buffer.set(None);
        zelf.detached.set(true);
        Ok(below)
    }
    #[pymethod]
    fn write(zelf: &Obj<TextIoWrapper>, vm: &Vm, text: &Value) -> PyResult<usize> {
        zelf.below(vm)?;
        let Some(text) = text.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "write() argument must be str, not {}",
                object::type_name_or_none(text)
            )));
        };
        TextIoWrapper::write_text(zelf, vm, text)?;
        Ok(text.len())
    }
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(zelf: &Obj<TextIoWrapper>, vm: &Vm, size: Option<&Value>) -> PyResult<Ref<Str>> {
        zelf.below(vm)?;
        let size = optional_size(vm, size)?;
        TextIoWrapper::check_open(zelf, vm)?;
        if !zelf.decoder.exists() {
            return Err(unsupported(vm, "not readable"));
        }
        zelf.write_out(vm)?;
        match usize::try_from(size) {
            Ok(n) => zelf.read_some(vm, n),
            Err(_) => zelf.read_all(vm),
        }
    }
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(zelf: &Obj<TextIoWrapper>, vm: &Vm, size: Option<&Value>) -> PyResult<Ref<Str>> {
        zelf.below(vm)?;
        let size = match size {
            Some(size) => number::to_ssize(vm, size)?,
            None => -1,
        };
        TextIoWrapper::check_open(zelf, vm)?;
        zelf.read_line(vm, usize::try_from(size).ok())
    }
    #[pymethod]
    fn flush(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult<()> {
        zelf.below(vm)?;
        TextIoWrapper::check_open(zelf, vm)?;
        zelf.telling.set(zelf.seekable.get());
        zelf.write_out(vm)?;
        zelf.flush_below(vm)
    }
    #[pymethod]
    fn close(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult<()> {
        let below = zelf.below(vm)?;
        let file = zelf.to_value();
        if is_closed(vm, &file)? {
            return Ok(());
        }
        if zelf.finalizing.get() {
            // Only a file over a descriptor has something to say.
            let _ = method(vm, &below, "_dealloc_warn", std::slice::from_ref(&file));
        }
        let flushed = method(vm, &file, "flush", &[]).map(drop);
        let closed = method(vm, &below, "close", &[]).map(drop);
        both(flushed, closed)
    }
    #[pymethod]
    fn fileno(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        method(vm, &zelf.below(vm)?, "fileno", &[])
    }
    #[pymethod]
    fn seekable(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        method(vm, &zelf.below(vm)?, "seekable", &[])
    }
    #[pymethod]
    fn readable(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        method(vm, &zelf.below(vm)?, "readable", &[])
    }
    #[pymethod]
    fn writable(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        method(vm, &zelf.below(vm)?, "writable", &[])
    }
    #[pymethod]
    fn isatty(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        method(vm, &zelf.below(vm)?, "isatty", &[])
    }
    #[pymethod(sig = "($self, pos=None, /)")]
    fn truncate(zelf: &Obj<TextIoWrapper>, vm: &Vm, pos: Option<&Value>) -> PyResult {
        let below = zelf.below(vm)?;
        method(vm, &zelf.to_value(), "flush", &[])?;
        method(vm, &below, "truncate", &[pos.cloned().unwrap_or(Value::NONE)])
    }
    /// Return the stream position as an opaque number.
    ///
    /// The return value of tell() can be given as input to seek(), to restore a
    /// previous stream position.
    #[pymethod]
    fn tell(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        let below = zelf.below(vm)?;
        TextIoWrapper::check_open(zelf, vm)?;
        if !zelf.seekable.get() {
            return Err(unsupported(vm, "underlying stream is not seekable"));
        }
        if !zelf.telling.get() {
            let message = "telling position disabled by next() call".to_string();
            return Err(super::os_error_text(vm, message));
        }
        zelf.write_out(vm)?;
        method(vm, &zelf.to_value(), "flush", &[])?;
        let at = method(vm, &below, "tell", &[])?;
        let snapshot = zelf.snapshot.with(|s| s.as_ref().map(|s| (s.flags, s.bytes.clone())));
        let Some((flags, chunk)) = snapshot.filter(|_| zelf.decoder.exists()) else {
            return Ok(at);
        };
        let start = (position(vm, &at)? as u64).saturating_sub(chunk.len() as u64);
        let skip = if zelf.text.with(Option::is_some) {
            zelf.taken.get()
        } else {
            // All that was decoded was taken, and forgotten as empty.
            0
        };
        if skip == 0 {
            return Ok(Cookie { start, flags: flags as u32, ..Cookie::default() }.to_value());
        }
        Ok(locate(zelf, vm, start, flags, &chunk, skip)?.to_value())
    }
    /// Set the stream position, and return the new stream position.
    ///
    ///   cookie
    ///     Zero or an opaque number returned by tell().
    ///   whence
    ///     The relative position to seek from.
    ///
    /// Four operations are supported, given by the following argument
    /// combinations:
    ///
    /// - seek(0, SEEK_SET): Rewind to the start of the stream.
    /// - seek(cookie, SEEK_SET): Restore a previous position.
    ///   'cookie' must be a number returned by tell().
    /// - seek(0, SEEK_END): Fast-forward to the end of the stream.
    /// - seek(0, SEEK_CUR): Leave the current stream position unchanged.
    ///
    /// Any other argument combinations are invalid,
    /// and may raise exceptions.
    #[pymethod(sig = "($self, cookie, whence=os.SEEK_SET, /)")]
    fn seek(zelf: &Obj<TextIoWrapper>, vm: &Vm, cookie: &Value, whence: Option<i32>) -> PyResult {
        let below = zelf.below(vm)?;
        TextIoWrapper::check_open(zelf, vm)?;
        if !zelf.seekable.get() {
            return Err(unsupported(vm, "underlying stream is not seekable"));
        }
        let file = zelf.to_value();
        let zero = Value::int_unchecked(0);
        let mut cookie = cookie.clone();
        match whence.unwrap_or(0) {
            0 => {}
            1 => {
                if !adder_vm::protocol::compare::equal(vm, &cookie, &zero)? {
                    return Err(unsupported(vm, "can't do nonzero cur-relative seeks"));
                }
                cookie = method(vm, &file, "tell", &[])?;
            }
            2 => {
                if !adder_vm::protocol::compare::equal(vm, &cookie, &zero)? {
                    return Err(unsupported(vm, "can't do nonzero end-relative seeks"));
                }
                method(vm, &file, "flush", &[])?;
                zelf.set_text(None);
                zelf.set_snapshot(None);
                if zelf.decoder.exists() {
                    zelf.decoder.reset(vm)?;
                }
                let at = method(vm, &below, "seek", &[zero, Value::int_unchecked(2)])?;
                if zelf.encoder.exists() {
                    zelf.encoder.set_start(vm, position(vm, &at)? == 0)?;
                }
                return Ok(at);
            }
            w => {
                return Err(vm.value_error(format!("invalid whence ({w}, should be 0, 1 or 2)")));
            }
        }
        let cookie_int = number::index(vm, &cookie)?;
        if int::is_negative(&cookie_int) {
            let shown = object::repr(vm, &cookie)?;
            return Err(
                vm.value_error(format!("negative seek position {}", shown.to_string_lossy()))
            );
        }
        method(vm, &file, "flush", &[])?;
        let to = Cookie::from_value(vm, &cookie_int)?;
        method(vm, &below, "seek", &[int::from_i128(to.start.into())])?;
        zelf.set_text(None);
        zelf.set_snapshot(None);
        if zelf.decoder.exists() {
            if to.start == 0 && to.flags == 0 {
                zelf.decoder.reset(vm)?;
            } else {
                zelf.decoder.set_state(vm, b"", to.flags.into())?;
            }
        }
        if to.skip > 0 {
            let size = [Value::int_unchecked(to.feed.into())];
            let input = retry_python(vm, || method(vm, &below, "read", &size))?;
            let Some(input) = input.downcast::<Bytes>() else {
                return Err(vm.type_error(format!(
                    "underlying read() should have returned a bytes object, not '{}'",
                    input.ty().name()
                )));
            };
            let bytes = input.as_slice().to_vec();
            let text = zelf.decoder.decode(vm, &bytes, &zelf.errors_name(), to.at_end)?;
            zelf.set_snapshot(Some(Snapshot { flags: to.flags.into(), bytes }));
            let len = text.len();
            zelf.set_text(Some(text));
            if len < to.skip as usize {
                let message = "can't restore logical file position".to_string();
                return Err(super::os_error_text(vm, message));
            }
            zelf.taken.set(to.skip as usize);
        } else if zelf.decoder.exists() {
            zelf.set_snapshot(Some(Snapshot { flags: to.flags.into(), bytes: Vec::new() }));
        }
        if zelf.encoder.exists() {
            zelf.encoder.set_start(vm, to.start == 0 && to.flags == 0)?;
        }
        Ok(cookie)
    }
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult {
        Err(no_pickle(vm, zelf))
    }
    #[pymethod]
    fn __reduce_ex__(zelf: &Value, vm: &Vm, _protocol: &Value) -> PyResult {
        Err(no_pickle(vm, zelf))
    }
    #[getter(member)]
    fn buffer(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        match zelf.buffer.get() {
            Some(buffer) => Ok(buffer),
            None if zelf.detached.get() => Ok(Value::NONE),
            None => Err(vm.no_attribute(&zelf.to_value(), &vm.intern("buffer"))),
        }
    }
    #[getter(member)]
    fn encoding(zelf: &Obj<TextIoWrapper>, _vm: &Vm) -> Option<Value> {
        zelf.encoding.get()
    }
    #[getter]
    fn errors(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult<Option<Value>> {
        if zelf.errors.get().is_none() {
            zelf.below(vm)?;
        }
        Ok(zelf.errors.get())
    }
    #[getter]
    fn newlines(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        zelf.below(vm)?;
        if !zelf.decoder.exists() || !zelf.decoder.is_universal() {
            return Ok(Value::NONE);
        }
        Ok(zelf.decoder.newlines.seen(vm))
    }
    #[getter(member)]
    fn line_buffering(zelf: &Obj<TextIoWrapper>, _vm: &Vm) -> bool {
        zelf.line_buffering.get()
    }
    #[getter(member)]
    fn write_through(zelf: &Obj<TextIoWrapper>, _vm: &Vm) -> bool {
        zelf.write_through.get()
    }
    #[getter]
    fn name(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        attribute(vm, &zelf.below(vm)?, "name")
    }
    #[getter(name = "closed")]
    fn py_closed(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        attribute(vm, &zelf.below(vm)?, "closed")
    }
    #[getter(name = "_CHUNK_SIZE")]
    fn get_chunk_size(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult<usize> {
        zelf.below(vm)?;
        Ok(zelf.chunk_size.get())
    }
    #[setter(name = "_CHUNK_SIZE")]
    fn set_chunk_size(zelf: &Obj<TextIoWrapper>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.below(vm)?;
        let Some(value) = value else {
            return Err(vm.attribute_error("cannot delete attribute"));
        };
        match usize::try_from(number::to_ssize(vm, &value)?) {
            Ok(n) if n > 0 => zelf.chunk_size.set(n),
            _ => return Err(vm.value_error("a strictly positive integer is required")),
        }
        Ok(())
    }
    #[getter(name = "_finalizing", member)]
    fn finalizing(zelf: &Obj<TextIoWrapper>, _vm: &Vm) -> bool {
        zelf.finalizing.get()
    }
    #[setter(name = "_finalizing")]
    fn set_finalizing(zelf: &Obj<TextIoWrapper>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.finalizing.set(super::flag(vm, value)?);
        Ok(())
    }
    #[slot]
    fn iternext(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.below(vm)?;
        zelf.telling.set(false);
        let line: Value = if zelf.is_exact() {
            TextIoWrapper::check_open(zelf, vm)?;
            zelf.read_line(vm, None)?.into()
        } else {
            let line = method(vm, &zelf.to_value(), "readline", &[])?;
            if line.downcast::<Str>().is_none() {
                return Err(super::os_error_text(
                    vm,
                    format!(
                        "readline() should have returned a str object, not '{}'",
                        line.ty().name()
                    ),
                ));
            }
            line
        };
        if line.downcast::<Str>().is_some_and(|l| l.is_empty()) {
            // At the end the file may be asked for its position again.
            zelf.set_snapshot(None);
            zelf.telling.set(zelf.seekable.get());
            return Ok(None);
        }
        Ok(Some(line))
    }
    #[slot]
    fn repr(zelf: &Obj<TextIoWrapper>, vm: &Vm) -> PyResult {
        let full = adder_vm::objects::type_::methods::full_name(vm, zelf.ty());
        if !zelf.detached.get() {
            zelf.below(vm)?;
        }
        let file = zelf.to_value();
        let again = format!("reentrant call inside {full}.__repr__");
        let shown = object::guard_repr(vm, &file, None, || {
            let mut out = format!("<{full}");
            for name in ["name", "mode"] {
                let found = match object::lookup_attr(vm, &file, &vm.intern(name)) {
                    Err(e) if e.is(vm.exception_type("ValueError")) => None,
                    other => other?,
                };
                if let Some(found) = found {
                    let found = object::repr(vm, &found)?;
                    out.push_str(&format!(" {name}={}", found.to_string_lossy()));
                }
            }
            let encoding = zelf.encoding.get().unwrap_or(Value::NONE);
            let encoding = object::repr(vm, &encoding)?;
            out.push_str(&format!(" encoding={}>", encoding.to_string_lossy()));
            Ok(Some(out))
        })?;
        match shown {
            Some(shown) => Ok(vm.str(&shown)),
            None => Err(vm.runtime_error(again)),
        }
    }
}
