//! `StringIO`: text in memory as a file. CPython's counterpart: `Modules/_io/stringio.c`.

use super::bytesio::{instance_dict, set_instance_dict};
use super::newline::Newlines;
use super::text_buffer::TextBuffer;
use super::textio::{Ending, TextIoBase};
use super::{method, optional_size};
use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Guarded, Obj, Ref};
use adder_vm::objects::int;
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::{PyResult, Value, Vm};
use std::cell::Cell;

/// Text I/O implementation using an in-memory buffer.
///
/// The initial_value argument sets the value of object.  The newline
/// argument is like the one of TextIOWrapper's constructor.
#[pyclass(
    name = "_io.StringIO",
    base = TextIoBase,
    base_type,
    has_dict,
    sig = "(initial_value='', newline='\\n')"
)]
pub struct StringIo {
    #[notrace]
    text: Guarded<TextBuffer>,
    #[notrace]
    pos: Cell<usize>,
    #[notrace]
    state: Cell<State>,
    #[notrace]
    ending: Cell<Ending>,
    #[notrace]
    newlines: Newlines,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Closed,
}

impl StringIo {
    fn check_open(&self, vm: &Vm) -> PyResult<()> {
        match self.state.get() {
            State::Open => Ok(()),
            State::Closed => Err(vm.value_error("I/O operation on closed file")),
            State::New => Err(vm.value_error("I/O operation on uninitialized object")),
        }
    }
    fn len(&self) -> usize {
        self.text.with(TextBuffer::len)
    }

    /// Puts text at the position, its line ends as the newline argument wants them.
    fn put(&self, vm: &Vm, text: &Obj<Str>) -> PyResult<()> {
        let ending = self.ending.get();
        let mut text = text.to_ref();
        if ending.reads_universal() {
            text = self.newlines.apply(text, true);
        }
        if let Some(end) = ending.written()
            && super::newline::has(&text, b'\n')
        {
            text = with_ends(&text, end);
        }
        if text.is_empty() {
            return Ok(());
        }
        let at = self.pos.get();
        let end = at.checked_add(text.len()).filter(|end| *end <= isize::MAX as usize / 4);
        let Some(end) = end else {
            return Err(vm.overflow_error("new position too large"));
        };
        let done = self.text.with_mut(|all| {
            if !all.reserve(end.saturating_sub(all.len())) {
                return false;
            }
            all.write(at, &text);
            true
        });
        if !done {
            return Err(int::no_memory(vm));
        }
        self.pos.set(end);
        Ok(())
    }

    fn take(&self, n: Option<usize>) -> Ref<Str> {
        let len = self.len();
        let start = self.pos.get().min(len);
        let end = n.map_or(len, |n| start.saturating_add(n).min(len));
        if end > start {
            self.pos.set(end);
        }
        self.text.with(|all| all.text(start, end))
    }

    fn take_line(&self, limit: Option<usize>) -> Ref<Str> {
        let len = self.len();
        let start = self.pos.get().min(len);
        let stop = limit.map_or(len, |n| start.saturating_add(n).min(len));
        let end = self.text.with(|all| self.ending.get().line_end(all, start, stop, len));
        self.take(Some(end - start))
    }
}

/// `\n` replaced by another line end.
pub fn with_ends(text: &Str, end: &str) -> Ref<Str> {
    let mut out = StrBuilder::with_capacity(text.len() + 16);
    for c in text.code_points() {
        if c == u32::from(b'\n') { out.push_str(end) } else { out.push(c) }
    }
    out.finish()
}

impl Ending {
    /// Where the line that starts at `start` ends: behind its line end, or at `stop`.
    fn line_end(self, all: &TextBuffer, start: usize, stop: usize, len: usize) -> usize {
        match self {
            Ending::Universal | Ending::LineFeed => {
                all.find(start, stop, b"\n").map_or(stop, |at| at + 1)
            }
            Ending::Return => all.find(start, stop, b"\r").map_or(stop, |at| at + 1),
            Ending::Any => match all.find(start, stop, b"\r\n") {
                None => stop,
                Some(at) => {
                    let pair =
                        all.at(at) == Some(0xd) && at + 1 < stop && all.at(at + 1) == Some(0xa);
                    at + 1 + usize::from(pair)
                }
            },
            Ending::ReturnLineFeed => {
                let mut from = start;
                while let Some(at) = all.find(from, stop, b"\r") {
                    if at + 1 < stop.min(len) && all.at(at + 1) == Some(0xa) {
                        return at + 2;
                    }
                    from = at + 1;
                }
                stop
            }
        }
    }
}

#[pymethods]
impl StringIo {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        let made = StringIo {
            text: Guarded::default(),
            pos: Cell::new(0),
            state: Cell::new(State::New),
            ending: Cell::new(Ending::LineFeed),
            newlines: Newlines::default(),
        };
        Ok(Ref::with_type(made, ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<StringIo>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        const SIGNATURE: Signature<2> = Signature {
            function: "StringIO",
            names: ["initial_value", "newline"],
            required: 0,
            positional: 2,
        };
        let [initial, newline] = SIGNATURE.bind(vm, args)?;
        let ending = match &newline {
            None => Ending::LineFeed,
            Some(newline) if newline.is_none() => Ending::Universal,
            Some(newline) => match newline.downcast::<Str>() {
                Some(text) => Ending::parse(vm, Some(text)).or_else(|_| {
                    let shown = object::repr(vm, newline)?.to_string_lossy();
                    Err(vm.value_error(format!("illegal newline value: {shown}")))
                })?,
                None => {
                    return Err(vm.type_error(format!(
                        "newline must be str or None, not {}",
                        newline.ty().name()
                    )));
                }
            },
        };
        let initial = initial.filter(|i| !i.is_none());
        if let Some(initial) = &initial
            && initial.downcast::<Str>().is_none()
        {
            return Err(vm.type_error(format!(
                "initial_value must be str or None, not {}",
                initial.ty().name()
            )));
        }
        zelf.text.replace(TextBuffer::default());
        zelf.pos.set(0);
        zelf.ending.set(ending);
        zelf.newlines.reset();
        zelf.newlines.translate.set(ending == Ending::Universal);
        zelf.state.set(State::Open);
        if let Some(text) = initial.as_ref().and_then(|i| i.downcast::<Str>()) {
            zelf.put(vm, text)?;
            zelf.pos.set(0);
        }
        Ok(())
    }
    /// Retrieve the entire contents of the object.
    #[pymethod]
    fn getvalue(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult<Ref<Str>> {
        zelf.check_open(vm)?;
        Ok(zelf.text.with(|all| all.text(0, all.len())))
    }
    /// Tell the current file position.
    #[pymethod]
    fn tell(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult<usize> {
        zelf.check_open(vm)?;
        Ok(zelf.pos.get())
    }
    /// Read at most size characters, returned as a string.
    ///
    /// If the argument is negative or omitted, read until EOF
    /// is reached. Return an empty string at EOF.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(zelf: &Obj<StringIo>, vm: &Vm, size: Option<&Value>) -> PyResult<Ref<Str>> {
        let size = optional_size(vm, size)?;
        zelf.check_open(vm)?;
        Ok(zelf.take(usize::try_from(size).ok()))
    }
    /// Read until newline or EOF.
    ///
    /// Returns an empty string if EOF is hit immediately.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(zelf: &Obj<StringIo>, vm: &Vm, size: Option<&Value>) -> PyResult<Ref<Str>> {
        let size = optional_size(vm, size)?;
        zelf.check_open(vm)?;
        Ok(zelf.take_line(usize::try_from(size).ok()))
    }
    /// Truncate size to pos.
    ///
    /// The pos argument defaults to the current file position, as
    /// returned by tell().  The current file position is unchanged.
    /// Returns the new absolute position.
    #[pymethod(sig = "($self, pos=None, /)")]
    fn truncate(zelf: &Obj<StringIo>, vm: &Vm, pos: Option<&Value>) -> PyResult<isize> {
        zelf.check_open(vm)?;
        let size = match pos.filter(|s| !s.is_none()) {
            None => zelf.pos.get() as isize,
            Some(pos) => optional_size(vm, Some(pos))?,
        };
        let Ok(wanted) = usize::try_from(size) else {
            return Err(vm.value_error(format!("Negative size value {size}")));
        };
        zelf.text.with_mut(|all| all.truncate(wanted));
        Ok(size)
    }
    /// Change stream position.
    ///
    /// Seek to character offset pos relative to position indicated by whence:
    ///     0  Start of stream (the default).  pos should be >= 0;
    ///     1  Current position - pos must be 0;
    ///     2  End of stream - pos must be 0.
    /// Returns the new absolute position.
    #[pymethod(sig = "($self, pos, whence=0, /)")]
    fn seek(zelf: &Obj<StringIo>, vm: &Vm, pos: isize, whence: Option<i32>) -> PyResult<usize> {
        zelf.check_open(vm)?;
        let whence = whence.unwrap_or(0);
        if !(0..=2).contains(&whence) {
            return Err(vm.value_error(format!("Invalid whence ({whence}, should be 0, 1 or 2)")));
        }
        if whence == 0 && pos < 0 {
            return Err(vm.value_error(format!("Negative seek position {pos}")));
        }
        if whence != 0 && pos != 0 {
            return Err(super::os_error_text(
                vm,
                "Can't do nonzero cur-relative seeks".to_string(),
            ));
        }
        match whence {
            0 => zelf.pos.set(pos as usize),
            1 => {}
            _ => zelf.pos.set(zelf.len()),
        }
        Ok(zelf.pos.get())
    }
    /// Write string to file.
    ///
    /// Returns the number of characters written, which is always equal to
    /// the length of the string.
    #[pymethod]
    fn write(zelf: &Obj<StringIo>, vm: &Vm, s: &Value) -> PyResult<usize> {
        if zelf.state.get() == State::New {
            zelf.check_open(vm)?;
        }
        let Some(text) = s.downcast::<Str>() else {
            return Err(vm.type_error(format!("string argument expected, got '{}'", s.ty().name())));
        };
        zelf.check_open(vm)?;
        zelf.put(vm, text)?;
        Ok(text.len())
    }
    /// Close the IO object.
    ///
    /// Attempting any further operation after the object is closed
    /// will raise a ValueError.
    ///
    /// This method has no effect if the file is already closed.
    #[pymethod]
    fn close(zelf: &Obj<StringIo>, _vm: &Vm) {
        zelf.state.set(State::Closed);
        zelf.text.replace(TextBuffer::default());
    }
    /// Returns True if the IO object can be read.
    #[pymethod]
    fn readable(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult<bool> {
        zelf.check_open(vm).map(|()| true)
    }
    /// Returns True if the IO object can be written.
    #[pymethod]
    fn writable(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult<bool> {
        zelf.check_open(vm).map(|()| true)
    }
    /// Returns True if the IO object can be seeked.
    #[pymethod]
    fn seekable(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult<bool> {
        zelf.check_open(vm).map(|()| true)
    }
    #[pymethod]
    fn __getstate__(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult<Ref<Tuple>> {
        let value = StringIo::getvalue(zelf, vm)?;
        let newline = zelf.ending.get().argument();
        Ok(Tuple::from_vec(vec![
            value.into(),
            newline.map_or(Value::NONE, |n| vm.str(n)),
            Value::int_unchecked(zelf.pos.get() as i64),
            instance_dict(&zelf.to_value()),
        ]))
    }
    #[pymethod]
    fn __setstate__(zelf: &Obj<StringIo>, vm: &Vm, state: &Value) -> PyResult<()> {
        if zelf.state.get() == State::Closed {
            zelf.check_open(vm)?;
        }
        let parts = state.downcast::<Tuple>().filter(|t| t.len() >= 4);
        let Some(parts) = parts else {
            return Err(vm.type_error(format!(
                "{}.__setstate__ argument should be 4-tuple, got {}",
                zelf.ty().name(),
                state.ty().name()
            )));
        };
        let [value, newline, position, dict] = [0, 1, 2, 3].map(|i| parts.items()[i].clone());
        let args = [value.clone(), newline];
        StringIo::slot_init(zelf, vm, CallArgs::positional(&args))?;
        // The value is final: its line ends are not translated again.
        if let Some(text) = value.downcast::<Str>() {
            let mut all = TextBuffer::default();
            all.write(0, text);
            zelf.text.replace(all);
        }
        if !int::is_int(&position) {
            return Err(vm.type_error(format!(
                "third item of state must be an integer, got '{}'",
                position.ty().name()
            )));
        }
        let Ok(at) = usize::try_from(number::to_ssize(vm, &position)?) else {
            return Err(vm.value_error("position value cannot be negative"));
        };
        zelf.pos.set(at);
        set_instance_dict(vm, &zelf.to_value(), &dict, "fourth")
    }
    #[getter]
    fn closed(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult<bool> {
        if zelf.state.get() == State::New {
            zelf.check_open(vm)?;
        }
        Ok(zelf.state.get() == State::Closed)
    }
    #[getter]
    fn line_buffering(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult<bool> {
        zelf.check_open(vm).map(|()| false)
    }
    #[getter]
    fn newlines(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult {
        zelf.check_open(vm)?;
        if !zelf.ending.get().reads_universal() {
            return Ok(Value::NONE);
        }
        Ok(zelf.newlines.seen(vm))
    }
    #[slot]
    fn iternext(zelf: &Obj<StringIo>, vm: &Vm) -> PyResult<Option<Value>> {
        zelf.check_open(vm)?;
        if zelf.is_exact() {
            let line = zelf.take_line(None);
            return Ok(if line.is_empty() { None } else { Some(line.into()) });
        }
        let line = method(vm, &zelf.to_value(), "readline", &[])?;
        if line.downcast::<Str>().is_none() {
            return Err(super::os_error_text(
                vm,
                format!("readline() should have returned a str object, not '{}'", line.ty().name()),
            ));
        }
        Ok(if object::len(vm, &line)? == 0 { None } else { Some(line) })
    }
}
