//! The text that is searched, and one matcher for whichever width it has.

use super::pattern::Pattern;
use adder_regex::{Captures, Interrupt, Matcher};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::str_::{Chars, Str};
use adder_vm::protocol::buffer::{self, Buffer};
use adder_vm::protocol::object;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Ref, Value, Vm};

/// A text to search. Its content does not change while it is searched: what is neither `str` nor
/// `bytes` is copied, and cannot be resized as long as this lasts.
pub struct Subject {
    pub value: Value,
    copy: Option<(Vec<u8>, Buffer)>,
}

/// The characters, by width.
pub enum Text<'a> {
    One(&'a [u8]),
    Two(&'a [u16]),
    Four(&'a [u32]),
}

impl Subject {
    /// Checks that a text is of the kind the pattern is for.
    pub fn new(vm: &Vm, pattern: &Pattern, value: &Value) -> PyResult<Subject> {
        let is_str = value.downcast::<Str>().is_some();
        if is_str && pattern.is_bytes == Some(true) {
            return Err(vm.type_error("cannot use a bytes pattern on a string-like object"));
        }
        if is_str || value.downcast::<Bytes>().is_some() {
            if !is_str && pattern.is_bytes == Some(false) {
                return Err(vm.type_error("cannot use a string pattern on a bytes-like object"));
            }
            return Ok(Subject { value: value.clone(), copy: None });
        }
        if !buffer::has_buffer(value) {
            return Err(vm.type_error(format!(
                "expected string or bytes-like object, got '{}'",
                value.ty().name()
            )));
        }
        if pattern.is_bytes == Some(false) {
            return Err(vm.type_error("cannot use a string pattern on a bytes-like object"));
        }
        let lent = buffer::get(vm, value, false)?;
        Ok(Subject { value: value.clone(), copy: Some((lent.to_vec(), lent)) })
    }

    pub fn text(&self) -> Text<'_> {
        if let Some(text) = self.value.downcast::<Str>() {
            return match text.chars() {
                Chars::Ascii(s) => Text::One(s.as_bytes()),
                Chars::One(s) => Text::One(s),
                Chars::Two(s) => Text::Two(s),
                Chars::Four(s) => Text::Four(s),
            };
        }
        match (&self.copy, self.value.downcast::<Bytes>()) {
            (Some((copy, _)), _) => Text::One(copy),
            (None, Some(bytes)) => Text::One(bytes.as_slice()),
            (None, None) => Text::One(&[]),
        }
    }

    pub fn len(&self) -> usize {
        match self.text() {
            Text::One(s) => s.len(),
            Text::Two(s) => s.len(),
            Text::Four(s) => s.len(),
        }
    }

    /// A piece of the text: `str`, or `bytes`.
    pub fn slice(&self, start: usize, end: usize) -> Value {
        if let Some(text) = self.value.downcast::<Str>() {
            return str_slice(text, start, end);
        }
        match self.text() {
            Text::One(s) => {
                if start == 0 && end == s.len() && self.value.is_exact::<Bytes>() {
                    return self.value.clone();
                }
                Bytes::from_slice(s.get(start..end).unwrap_or(&[])).into()
            }
            _ => Bytes::from_slice(&[]).into(),
        }
    }

    /// The empty text of the subject's kind.
    pub fn empty(&self) -> Value {
        self.slice(0, 0)
    }

    /// Joins pieces of the subject's kind.
    pub fn join(&self, vm: &Vm, pieces: Vec<Value>) -> PyResult {
        if let [only] = pieces.as_slice()
            && if self.value.downcast::<Str>().is_some() {
                only.is_exact::<Str>()
            } else {
                only.is_exact::<Bytes>()
            }
        {
            return Ok(only.clone());
        }
        let list = adder_vm::objects::list::List::from_vec(pieces).into();
        object::call_method(vm, &self.empty(), &vm.intern("join"), &[list])
    }
}

fn str_slice(text: &adder_vm::Obj<Str>, start: usize, end: usize) -> Value {
    let len = text.len();
    if start == 0 && end == len && text.is_exact() {
        return text.to_value();
    }
    let end = end.min(len);
    let piece: Ref<Str> = text.substring(start.min(end), end);
    piece.into()
}

/// A piece of a text that was searched earlier (a buffer may have become shorter since).
pub fn slice_of(vm: &Vm, value: &Value, start: usize, end: usize) -> PyResult {
    if let Some(text) = value.downcast::<Str>() {
        return Ok(str_slice(text, start, end));
    }
    let bytes = buffer::to_vec(vm, value)?;
    if start == 0 && end == bytes.len() && value.is_exact::<Bytes>() {
        return Ok(value.clone());
    }
    let end = end.min(bytes.len());
    Ok(Bytes::copied(vm, &bytes[start.min(end)..end])?.into())
}

/// How a match is tried.
#[derive(Clone, Copy)]
pub enum How {
    Match,
    FullMatch,
    Search,
    /// `match` right behind the last match.
    Next,
}

/// The engine's matcher over any width.
pub enum Session<'a> {
    One(Matcher<'a, u8>),
    Two(Matcher<'a, u16>),
    Four(Matcher<'a, u32>),
}

macro_rules! each {
    ($session:expr, $m:ident => $body:expr) => {
        match $session {
            Session::One($m) => $body,
            Session::Two($m) => $body,
            Session::Four($m) => $body,
        }
    };
}

impl<'a> Session<'a> {
    pub fn new(
        pattern: &'a Pattern,
        subject: &'a Subject,
        pos: usize,
        end: usize,
        after_empty: bool,
    ) -> Session<'a> {
        let engine = &pattern.engine;
        match subject.text() {
            Text::One(s) => Session::One(Matcher::new(engine, s, pos, end).resume(after_empty)),
            Text::Two(s) => Session::Two(Matcher::new(engine, s, pos, end).resume(after_empty)),
            Text::Four(s) => Session::Four(Matcher::new(engine, s, pos, end).resume(after_empty)),
        }
    }

    /// Tries a match. Signals are looked at now and then, since a match can take long.
    pub fn run(&mut self, vm: &Vm, how: How) -> PyResult<bool> {
        let mut pending: Option<Exc> = None;
        let mut poll = || match vm.check_signals() {
            Ok(()) => true,
            Err(e) => {
                pending = Some(e);
                false
            }
        };
        let result = each!(self, m => match how {
            How::Match => m.match_at(&mut poll),
            How::FullMatch => m.fullmatch(&mut poll),
            How::Search => m.search(&mut poll),
            How::Next => m.next_match(&mut poll),
        });
        match (result, pending) {
            (_, Some(e)) => Err(e),
            (Ok(found), None) => Ok(found),
            (Err(Interrupt::OutOfMemory | Interrupt::Stopped), None) => {
                Err(adder_vm::objects::int::no_memory(vm))
            }
        }
    }

    pub fn span(&self) -> (usize, usize) {
        each!(self, m => m.span()).unwrap_or((0, 0))
    }
    pub fn group(&self, index: usize) -> Option<(usize, usize)> {
        each!(self, m => m.group(index))
    }
    pub fn captures(&self) -> Option<Captures> {
        each!(self, m => m.captures())
    }
}
