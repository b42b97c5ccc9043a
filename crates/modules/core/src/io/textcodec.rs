//! Decoding and encoding piece by piece, for `TextIOWrapper`: natively for the encodings of the
//! machine, otherwise through the incremental codecs of the registry.

use super::newline::{Newlines, decoded_text, decoder_state};
use super::{attribute, method};
use adder_vm::builtin_modules::codecs as registry;
use adder_vm::object::trace;
use adder_vm::object::{Guarded, Obj, Ref, ValueCell, Visitor};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::str_::Str;
use adder_vm::objects::str_::codec::{self, Encoding, Errors, Order};
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::call;
use adder_vm::{PyResult, Value, Vm};
use std::cell::Cell;

/// Who converts.
#[derive(Clone, Copy, Default, PartialEq)]
enum Who {
    #[default]
    Nobody,
    Native(Encoding),
    Python,
}

/// Finds the incremental decoder or encoder of an encoding that is not native.
fn python_codec(vm: &Vm, encoding: &str, errors: &str, what: &str) -> PyResult {
    let info = registry::lookup_text(vm, encoding, "codecs.open()")?;
    let make = attribute(vm, &info, what)?;
    call::call(vm, &make, &[vm.str(errors)])
}

/// A decoder with its state.
#[derive(Default)]
pub struct Decoder {
    who: Cell<Who>,
    python: ValueCell,
    /// Bytes of an unfinished character.
    pending: Guarded<Vec<u8>>,
    /// The byte order of UTF-16 and UTF-32, once it is known.
    order: Cell<Option<Order>>,
    /// Line ends are looked at.
    universal: Cell<bool>,
    pub newlines: Newlines,
}

impl trace::Trace for Decoder {
    fn trace(&self, visit: &mut Visitor<'_>) {
        trace::Trace::trace(&self.python, visit);
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        trace::Trace::clear(&self.python, bag);
    }
}

impl Decoder {
    pub fn exists(&self) -> bool {
        self.who.get() != Who::Nobody
    }

    pub fn remove(&self) {
        self.who.set(Who::Nobody);
        self.python.set(None);
    }

    /// Becomes the decoder of an encoding. `translate` says what happens to line ends, if anything.
    pub fn set(
        &self,
        vm: &Vm,
        encoding: &str,
        errors: &str,
        translate: Option<bool>,
    ) -> PyResult<()> {
        self.remove();
        match Encoding::from_name(encoding) {
            Some(native) => self.who.set(Who::Native(native)),
            None => {
                let made = python_codec(vm, encoding, errors, "incrementaldecoder")?;
                self.python.set(Some(made));
                self.who.set(Who::Python);
            }
        }
        self.pending.replace(Vec::new());
        self.order.set(None);
        self.universal.set(translate.is_some());
        self.newlines.reset();
        self.newlines.translate.set(translate == Some(true));
        Ok(())
    }

    /// The text of a further piece. `last` says that nothing follows.
    pub fn decode(&self, vm: &Vm, input: &[u8], errors: &str, last: bool) -> PyResult<Ref<Str>> {
        let text = match self.who.get() {
            Who::Native(encoding) => self.decode_native(vm, encoding, input, errors, last)?,
            _ => {
                let Some(decoder) = self.python.get() else {
                    return Err(super::unsupported(vm, "not readable"));
                };
                let args = [Bytes::from_slice(input).into(), Value::bool(last)];
                decoded_text(vm, method(vm, &decoder, "decode", &args)?)?
            }
        };
        Ok(if self.universal.get() { self.newlines.apply(text, last) } else { text })
    }

    fn decode_native(
        &self,
        vm: &Vm,
        encoding: Encoding,
        input: &[u8],
        errors: &str,
        last: bool,
    ) -> PyResult<Ref<Str>> {
        let mut all = self.pending.replace(Vec::new());
        let input = if all.is_empty() {
            input
        } else {
            all.extend_from_slice(input);
            &all
        };
        let errors = Errors::new(errors);
        let decoded = match (encoding, self.order.get()) {
            (Encoding::Utf16(Order::Marked), None) => {
                let (text, used, known) =
                    codec::decode_utf16(vm, input, Order::Marked, &errors, last)?;
                self.learn(vm, known, used >= 2, "UTF-16")?;
                Ok((text, used))
            }
            (Encoding::Utf32(Order::Marked), None) => {
                let (text, used, known) =
                    codec::decode_utf32(vm, input, Order::Marked, &errors, last)?;
                self.learn(vm, known, used >= 4, "UTF-32")?;
                Ok((text, used))
            }
            (Encoding::Utf16(_), Some(order)) => {
                codec::decode_known(vm, input, Encoding::Utf16(order), &errors, last)
            }
            (Encoding::Utf32(_), Some(order)) => {
                codec::decode_known(vm, input, Encoding::Utf32(order), &errors, last)
            }
            (encoding, _) => codec::decode_known(vm, input, encoding, &errors, last),
        };
        let (text, used) = decoded?;
        if used < input.len() {
            self.pending.replace(input[used..].to_vec());
        }
        Ok(text)
    }

    /// Takes up the byte order that a mark told.
    fn learn(&self, vm: &Vm, known: i32, enough: bool, name: &str) -> PyResult<()> {
        match known {
            -1 => self.order.set(Some(Order::Little)),
            1 => self.order.set(Some(Order::Big)),
            _ if enough => {
                let message = format!("{name} stream does not start with BOM");
                return Err(vm.exception(vm.exception_type("UnicodeError"), message));
            }
            _ => {}
        }
        Ok(())
    }

    /// Bytes not decoded yet, and the rest of the state as a number.
    pub fn state(&self, vm: &Vm) -> PyResult<(Vec<u8>, u64)> {
        let (bytes, flags) = match self.who.get() {
            Who::Native(encoding) => {
                let marked = matches!(
                    encoding,
                    Encoding::Utf16(Order::Marked) | Encoding::Utf32(Order::Marked)
                );
                let flags = match self.order.get() {
                    _ if !marked => 0,
                    None => 2,
                    Some(Order::Big) => u64::from(cfg!(target_endian = "little")),
                    Some(_) => u64::from(cfg!(target_endian = "big")),
                };
                (self.pending.get(), flags)
            }
            _ => {
                let Some(decoder) = self.python.get() else { return Ok((Vec::new(), 0)) };
                let (bytes, flags) = decoder_state(vm, &decoder)?;
                let flags = adder_vm::protocol::number::to_int(vm, &flags)?.low_u64();
                let bytes = bytes.downcast::<Bytes>().map(|b| b.as_slice().to_vec());
                (bytes.unwrap_or_default(), flags)
            }
        };
        if !self.universal.get() {
            return Ok((bytes, flags));
        }
        Ok((bytes, flags << 1 | u64::from(self.newlines.pending.get())))
    }

    /// Goes back to a state with nothing undecoded but `bytes`.
    pub fn set_state(&self, vm: &Vm, bytes: &[u8], flags: u64) -> PyResult<()> {
        let mut flags = flags;
        if self.universal.get() {
            self.newlines.pending.set(flags & 1 != 0);
            flags >>= 1;
        }
        match self.who.get() {
            Who::Native(_) => {
                self.pending.replace(bytes.to_vec());
                let (own, other) = if cfg!(target_endian = "little") {
                    (Order::Little, Order::Big)
                } else {
                    (Order::Big, Order::Little)
                };
                self.order.set(match flags {
                    0 => Some(own),
                    1 => Some(other),
                    _ => None,
                });
                if !matches!(self.who.get(), Who::Native(Encoding::Utf16(Order::Marked)))
                    && !matches!(self.who.get(), Who::Native(Encoding::Utf32(Order::Marked)))
                {
                    self.order.set(None);
                }
                Ok(())
            }
            _ => {
                let Some(decoder) = self.python.get() else { return Ok(()) };
                let bytes = Bytes::from_slice(bytes).into();
                let state = Tuple::from_vec(vec![bytes, int::from_i128(flags.into())]);
                method(vm, &decoder, "setstate", &[state.into()]).map(drop)
            }
        }
    }

    pub fn reset(&self, vm: &Vm) -> PyResult<()> {
        self.newlines.reset();
        self.pending.replace(Vec::new());
        self.order.set(None);
        match self.python.get() {
            Some(decoder) => method(vm, &decoder, "reset", &[]).map(drop),
            None => Ok(()),
        }
    }

    /// Does `newlines` tell anything?
    pub fn is_universal(&self) -> bool {
        self.universal.get()
    }
}

/// An encoder with its state.
#[derive(Default)]
pub struct Encoder {
    who: Cell<Who>,
    python: ValueCell,
    /// Is the next character the first of the file? A byte order mark goes before it.
    start: Cell<bool>,
}

impl trace::Trace for Encoder {
    fn trace(&self, visit: &mut Visitor<'_>) {
        trace::Trace::trace(&self.python, visit);
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        trace::Trace::clear(&self.python, bag);
    }
}

impl Encoder {
    pub fn exists(&self) -> bool {
        self.who.get() != Who::Nobody
    }

    pub fn remove(&self) {
        self.who.set(Who::Nobody);
        self.python.set(None);
    }

    pub fn set(&self, vm: &Vm, encoding: &str, errors: &str) -> PyResult<()> {
        self.remove();
        match Encoding::from_name(encoding) {
            Some(native) => self.who.set(Who::Native(native)),
            None => {
                let made = python_codec(vm, encoding, errors, "incrementalencoder")?;
                self.python.set(Some(made));
                self.who.set(Who::Python);
            }
        }
        self.start.set(true);
        Ok(())
    }

    /// The file's position changed: at its start a mark is written again.
    pub fn set_start(&self, vm: &Vm, start: bool) -> PyResult<()> {
        self.start.set(start);
        match self.python.get() {
            None => Ok(()),
            Some(encoder) if start => method(vm, &encoder, "reset", &[]).map(drop),
            Some(encoder) => method(vm, &encoder, "setstate", &[Value::int_unchecked(0)]).map(drop),
        }
    }

    /// Is this text stored as its own bytes?
    fn as_is(&self, text: &Str) -> bool {
        matches!(self.who.get(), Who::Native(Encoding::Utf8 | Encoding::Ascii | Encoding::Latin1))
            && text.is_ascii()
    }

    /// Gives the bytes of a text to `f`, which runs no Python code.
    pub fn encode<R>(
        &self,
        vm: &Vm,
        text: &Obj<Str>,
        errors: &str,
        f: impl FnOnce(&[u8]) -> R,
    ) -> PyResult<R> {
        if self.as_is(text) {
            self.start.set(false);
            return Ok(f(text.raw_bytes()));
        }
        match self.who.get() {
            Who::Native(encoding) => {
                let little = if cfg!(target_endian = "big") { Order::Big } else { Order::Little };
                // Only the first text carries the mark.
                let encoding = match encoding {
                    Encoding::Utf16(Order::Marked) if !self.start.get() => Encoding::Utf16(little),
                    Encoding::Utf32(Order::Marked) if !self.start.get() => Encoding::Utf32(little),
                    other => other,
                };
                let bytes = codec::encode_known(vm, text, encoding, &Errors::new(errors))?;
                self.start.set(false);
                Ok(f(&bytes))
            }
            _ => {
                let Some(encoder) = self.python.get() else {
                    return Err(super::unsupported(vm, "not writable"));
                };
                let made = method(vm, &encoder, "encode", &[text.to_value()])?;
                self.start.set(false);
                match made.downcast::<Bytes>() {
                    Some(bytes) => Ok(f(bytes.as_slice())),
                    None => Err(vm.type_error(format!(
                        "encoder should return a bytes object, not '{}'",
                        made.ty().name()
                    ))),
                }
            }
        }
    }
}
