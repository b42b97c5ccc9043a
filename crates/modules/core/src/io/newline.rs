//! Line ends: the translation of `\r\n` and `\r`, and `IncrementalNewlineDecoder`.
//!
//! CPython's counterpart: `nldecoder` in `Modules/_io/textio.c`.

use super::method;
use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Obj, Ref, ValueCell};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::str_::{Chars, Str, StrBuilder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::{PyResult, Value, Vm};
use std::cell::Cell;

const CR: u8 = 1;
const LF: u8 = 2;
const CRLF: u8 = 4;

/// What was seen of line ends so far.
#[derive(Default)]
pub struct Newlines {
    pub translate: Cell<bool>,
    /// A `\r` at the end of the last piece, held back until it is known what follows.
    pub pending: Cell<bool>,
    seen: Cell<u8>,
}

impl Newlines {
    /// A further piece of text with its line ends translated, if that is wanted. `last` says that
    /// nothing follows.
    pub fn apply(&self, text: Ref<Str>, last: bool) -> Ref<Str> {
        let mut text = text;
        if self.pending.get() && (last || !text.is_empty()) {
            let mut with = StrBuilder::with_capacity(text.len() + 1);
            with.push(u32::from(b'\r'));
            with.push_obj(&text);
            text = with.finish();
            self.pending.set(false);
        }
        if !last && !text.is_empty() && text.at(text.len() - 1) == u32::from(b'\r') {
            // Whether `\n` follows is not known yet.
            text = text.substring(0, text.len() - 1);
            self.pending.set(true);
        }
        if self.seen.get() & LF == LF && !has(&text, b'\r') {
            return text;
        }
        let returns = has(&text, b'\r');
        if !returns {
            if has(&text, b'\n') {
                self.seen.set(self.seen.get() | LF);
            }
            return text;
        }
        if !self.translate.get() {
            self.note(&text);
            return text;
        }
        self.translated(&text)
    }

    /// Remembers which line ends a text has.
    fn note(&self, text: &Str) {
        let mut seen = self.seen.get();
        let mut at = 0;
        while at < text.len() && seen != CR | LF | CRLF {
            match text.at(at) {
                0xa => seen |= LF,
                0xd if at + 1 < text.len() && text.at(at + 1) == 0xa => {
                    seen |= CRLF;
                    at += 1;
                }
                0xd => seen |= CR,
                _ => {}
            }
            at += 1;
        }
        self.seen.set(seen);
    }

    fn translated(&self, text: &Str) -> Ref<Str> {
        let mut seen = self.seen.get();
        let made = match text.chars() {
            Chars::Ascii(ascii) => {
                let mut out = Vec::with_capacity(ascii.len());
                let mut rest = ascii.as_bytes();
                while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
                    out.extend_from_slice(&rest[..at]);
                    out.push(b'\n');
                    let pair = rest[at] == b'\r' && rest.get(at + 1) == Some(&b'\n');
                    seen |= if pair {
                        CRLF
                    } else if rest[at] == b'\r' {
                        CR
                    } else {
                        LF
                    };
                    rest = &rest[at + 1 + usize::from(pair)..];
                }
                out.extend_from_slice(rest);
                Str::from_latin1(&out)
            }
            _ => {
                let mut out = StrBuilder::with_capacity(text.len());
                let mut at = 0;
                while at < text.len() {
                    let c = text.at(at);
                    at += 1;
                    match c {
                        0xd if at < text.len() && text.at(at) == 0xa => {
                            seen |= CRLF;
                            at += 1;
                            out.push(0xa);
                        }
                        0xd => {
                            seen |= CR;
                            out.push(0xa);
                        }
                        c => {
                            if c == 0xa {
                                seen |= LF;
                            }
                            out.push(c);
                        }
                    }
                }
                out.finish()
            }
        };
        self.seen.set(seen);
        made
    }

    pub fn reset(&self) {
        self.seen.set(0);
        self.pending.set(false);
    }

    /// `file.newlines`: none, one, or a tuple of those seen.
    pub fn seen(&self, vm: &Vm) -> Value {
        let kinds = [(CR, "\r"), (LF, "\n"), (CRLF, "\r\n")];
        let seen = self.seen.get();
        let mut all: Vec<Value> = kinds
            .iter()
            .filter(|(kind, _)| seen & kind != 0)
            .map(|(_, text)| vm.str(text))
            .collect();
        match all.len() {
            0 => Value::NONE,
            1 => all.swap_remove(0),
            _ => Tuple::from_vec(all).into(),
        }
    }
}

/// Is an ASCII character in a text?
pub fn has(text: &Str, c: u8) -> bool {
    match text.chars() {
        Chars::Ascii(s) => memchr::memchr(c, s.as_bytes()).is_some(),
        Chars::One(s) => memchr::memchr(c, s).is_some(),
        Chars::Two(s) => s.contains(&u16::from(c)),
        Chars::Four(s) => s.contains(&u32::from(c)),
    }
}

/// Codec used when reading a file in universal newlines mode.
///
/// It wraps another incremental decoder, translating \r\n and \r into \n.
/// It also records the types of newlines encountered.  When used with
/// translate=False, it ensures that the newline sequence is returned in
/// one piece. When used with decoder=None, it expects unicode strings as
/// decode input and translates newlines without first invoking an external
/// decoder.
#[pyclass(
    name = "_io.IncrementalNewlineDecoder",
    base_type,
    sig = "(decoder, translate, errors='strict')"
)]
#[derive(Default)]
pub struct IncrementalNewlineDecoder {
    decoder: ValueCell,
    #[notrace]
    newlines: Newlines,
}

impl IncrementalNewlineDecoder {
    fn inner(&self, vm: &Vm) -> PyResult<Value> {
        self.decoder
            .get()
            .ok_or_else(|| vm.value_error("IncrementalNewlineDecoder.__init__() not called"))
    }
}

#[pymethods]
impl IncrementalNewlineDecoder {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(IncrementalNewlineDecoder::default(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<IncrementalNewlineDecoder>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        const SIGNATURE: Signature<3> = Signature {
            function: "IncrementalNewlineDecoder",
            names: ["decoder", "translate", "errors"],
            required: 2,
            positional: 3,
        };
        let [decoder, translate, _errors] = SIGNATURE.bind(vm, args)?;
        let translate = translate.map_or(Ok(false), |t| object::is_true(vm, &t))?;
        zelf.decoder.set(decoder);
        zelf.newlines.reset();
        zelf.newlines.translate.set(translate);
        Ok(())
    }
    #[pymethod(sig = "($self, /, input, final=False)")]
    fn decode(
        zelf: &Obj<IncrementalNewlineDecoder>,
        vm: &Vm,
        input: &Value,
        last: Option<bool>,
    ) -> PyResult<Ref<Str>> {
        let last = last.unwrap_or(false);
        let decoder = zelf.inner(vm)?;
        let text = if decoder.is_none() {
            input.clone()
        } else {
            method(vm, &decoder, "decode", &[input.clone(), Value::bool(last)])?
        };
        let text = decoded_text(vm, text)?;
        Ok(zelf.newlines.apply(text, last))
    }
    #[pymethod]
    fn getstate(zelf: &Obj<IncrementalNewlineDecoder>, vm: &Vm) -> PyResult<(Value, Value)> {
        let decoder = zelf.inner(vm)?;
        let (bytes, flags) = if decoder.is_none() {
            (Bytes::from_slice(b"").into(), Value::int_unchecked(0))
        } else {
            decoder_state(vm, &decoder)?
        };
        let flags = number::to_int(vm, &flags)?.low_u64() << 1;
        let flags = flags | u64::from(zelf.newlines.pending.get());
        Ok((bytes, int::from_i128(flags.into())))
    }
    #[pymethod]
    fn setstate(zelf: &Obj<IncrementalNewlineDecoder>, vm: &Vm, state: &Value) -> PyResult {
        let decoder = zelf.inner(vm)?;
        let Some(pair) = state.downcast::<Tuple>() else {
            return Err(vm.type_error("state argument must be a tuple"));
        };
        let [bytes, flags] = pair.items() else {
            return Err(vm.type_error("illegal decoder state"));
        };
        if !int::is_int(flags) {
            return Err(vm.type_error("illegal decoder state"));
        }
        let flags = int::to_int(flags).low_u64();
        zelf.newlines.pending.set(flags & 1 != 0);
        if decoder.is_none() {
            return Ok(Value::NONE);
        }
        let inner = Tuple::from_vec(vec![bytes.clone(), int::from_i128((flags >> 1).into())]);
        method(vm, &decoder, "setstate", &[inner.into()])
    }
    #[pymethod]
    fn reset(zelf: &Obj<IncrementalNewlineDecoder>, vm: &Vm) -> PyResult {
        let decoder = zelf.inner(vm)?;
        zelf.newlines.reset();
        if decoder.is_none() { Ok(Value::NONE) } else { method(vm, &decoder, "reset", &[]) }
    }
    #[getter]
    fn newlines(zelf: &Obj<IncrementalNewlineDecoder>, vm: &Vm) -> PyResult {
        zelf.inner(vm)?;
        Ok(zelf.newlines.seen(vm))
    }
}

/// What a decoder's `decode` returned: text.
pub fn decoded_text(vm: &Vm, value: Value) -> PyResult<Ref<Str>> {
    value.into_ref::<Str>().map_err(|other| {
        vm.type_error(format!("decoder should return a string result, not '{}'", other.ty().name()))
    })
}

/// `decoder.getstate()`: bytes not decoded yet, and a number.
pub fn decoder_state(vm: &Vm, decoder: &Value) -> PyResult<(Value, Value)> {
    let state = method(vm, decoder, "getstate", &[])?;
    let Some(pair) = state.downcast::<Tuple>() else {
        return Err(vm.type_error("illegal decoder state"));
    };
    let [bytes, flags] = pair.items() else {
        return Err(vm.type_error("illegal decoder state"));
    };
    if bytes.downcast::<Bytes>().is_none() {
        return Err(vm.type_error(format!(
            "illegal decoder state: the first item should be a bytes object, not '{}'",
            bytes.ty().name()
        )));
    }
    Ok((bytes.clone(), flags.clone()))
}
