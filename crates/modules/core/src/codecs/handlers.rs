//! The built-in error handlers as functions of an exception: `codecs.lookup_error("replace")`.
//!
//! The codecs themselves know these names and do not come by here; Python code does. CPython's
//! counterpart: the handlers in `Python/codecs.c`.

use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::exceptions::ExcObj;
use adder_vm::objects::int;
use adder_vm::objects::str_::codec::{Encoding, is_surrogate, push_surrogate, surrogate_at};
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::{Exc, Obj, PyResult, Value, Vm};

/// Which operation failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Encode,
    Decode,
    Translate,
}

/// What an exception says of the place where it happened.
struct Failure<'a> {
    exc: &'a Obj<ExcObj>,
    kind: Kind,
    object: Value,
    start: usize,
    end: usize,
}

impl<'a> Failure<'a> {
    fn of(vm: &Vm, exc: &'a Value) -> PyResult<Failure<'a>> {
        let Some(exc) = exc.downcast::<ExcObj>() else {
            return Err(vm.type_error(format!(
                "don't know how to handle {} in error callback",
                exc.ty().name()
            )));
        };
        let e = |name: &str| vm.exception_type(name);
        let kind = if exc.ty().is_subtype(e("UnicodeEncodeError")) {
            Kind::Encode
        } else if exc.ty().is_subtype(e("UnicodeDecodeError")) {
            Kind::Decode
        } else if exc.ty().is_subtype(e("UnicodeTranslateError")) {
            Kind::Translate
        } else {
            return Err(unhandled(vm, exc));
        };
        let object = exc.field(vm, "object").unwrap_or(Value::NONE);
        let len = match (kind, object.downcast::<Bytes>(), object.downcast::<Str>()) {
            (Kind::Decode, Some(bytes), _) => bytes.len(),
            (Kind::Decode, None, _) => {
                return Err(vm.type_error("object attribute must be bytes"));
            }
            (_, _, Some(text)) => text.len(),
            _ => return Err(vm.type_error("object attribute must be unicode")),
        };
        // The numbers may be anything; the range lies within the object.
        let number = |name: &str| {
            let value = exc.field(vm, name);
            value.and_then(|v| int::to_i64_exact(&v)).unwrap_or(0).max(0) as usize
        };
        let start = number("start").min(len.saturating_sub(1));
        let end = number("end").clamp(1.min(len), len).max(start);
        Ok(Failure { exc, kind, object, start, end })
    }

    fn encoding(&self, vm: &Vm) -> Option<Encoding> {
        let name = self.exc.field(vm, "encoding")?;
        Encoding::from_name(&name.downcast::<Str>()?.to_utf8()?)
    }
    fn text(&self) -> Option<&Obj<Str>> {
        self.object.downcast::<Str>()
    }
    /// The bytes that mean nothing.
    fn bytes(&self) -> &[u8] {
        let all = self.object.downcast::<Bytes>().map_or(&[][..], |b| b.as_slice());
        all.get(self.start..self.end).unwrap_or(&[])
    }
    fn rest(&self) -> &[u8] {
        let all = self.object.downcast::<Bytes>().map_or(&[][..], |b| b.as_slice());
        all.get(self.start..).unwrap_or(&[])
    }
    fn characters(&self) -> impl Iterator<Item = u32> + '_ {
        let text = self.text();
        (self.start..self.end).filter_map(move |i| text.map(|t| t.at(i)))
    }
    fn raise<T>(&self) -> PyResult<T> {
        Err(Exc(self.exc.to_ref()))
    }
}

fn unhandled(vm: &Vm, exc: &Obj<ExcObj>) -> Exc {
    vm.type_error(format!("don't know how to handle {} in error callback", exc.ty().name()))
}

/// What a handler answers: what takes the place, and where to go on.
type Answer = PyResult<(Value, usize)>;

pub fn strict(vm: &Vm, exc: &Value) -> Answer {
    match exc.downcast::<ExcObj>() {
        Some(exc) => Err(Exc(exc.to_ref())),
        None => Err(vm.type_error("codec must pass exception instance")),
    }
}

pub fn ignore(vm: &Vm, exc: &Value) -> Answer {
    let failure = Failure::of(vm, exc)?;
    Ok((vm.str(""), failure.end))
}

pub fn replace(vm: &Vm, exc: &Value) -> Answer {
    let failure = Failure::of(vm, exc)?;
    let mut out = StrBuilder::new();
    match failure.kind {
        Kind::Encode => out.push_repeat(u32::from(b'?'), failure.end - failure.start),
        Kind::Decode => out.push(0xfffd),
        Kind::Translate => (failure.start..failure.end).for_each(|_| out.push(0xfffd)),
    }
    Ok((out.finish_in(vm)?.into(), failure.end))
}

/// `\x..`, `\u....` or `\U........`
pub fn escaped(c: u32) -> String {
    match c {
        0..0x100 => format!("\\x{c:02x}"),
        0x100..0x1_0000 => format!("\\u{c:04x}"),
        _ => format!("\\U{c:08x}"),
    }
}

pub fn backslashreplace(vm: &Vm, exc: &Value) -> Answer {
    let failure = Failure::of(vm, exc)?;
    let mut text = StrBuilder::new();
    match failure.kind {
        Kind::Decode => {
            failure.bytes().iter().for_each(|b| text.push_str(&escaped((*b).into())));
        }
        _ => failure.characters().for_each(|c| text.push_str(&escaped(c))),
    }
    Ok((text.finish_in(vm)?.into(), failure.end))
}

pub fn xmlcharrefreplace(vm: &Vm, exc: &Value) -> Answer {
    let failure = Failure::of(vm, exc)?;
    if failure.kind != Kind::Encode {
        return Err(unhandled(vm, failure.exc));
    }
    let mut text = StrBuilder::new();
    failure.characters().for_each(|c| text.push_str(&format!("&#{c};")));
    Ok((text.finish_in(vm)?.into(), failure.end))
}

pub fn namereplace(vm: &Vm, exc: &Value) -> Answer {
    let failure = Failure::of(vm, exc)?;
    if failure.kind != Kind::Encode {
        return Err(unhandled(vm, failure.exc));
    }
    let named = |c: u32| match adder_unicode::name(c) {
        Some(name) => format!("\\N{{{name}}}"),
        None => escaped(c),
    };
    let mut text = StrBuilder::new();
    for c in failure.characters() {
        text.push_str(&named(c));
        text.check(vm)?;
    }
    Ok((text.finish_in(vm)?.into(), failure.end))
}

pub fn surrogatepass(vm: &Vm, exc: &Value) -> Answer {
    let failure = Failure::of(vm, exc)?;
    if failure.kind == Kind::Translate {
        return Err(unhandled(vm, failure.exc));
    }
    let Some(encoding) = failure.encoding(vm) else { return failure.raise() };
    if failure.kind == Kind::Encode {
        let mut bytes = Vec::new();
        for c in failure.characters() {
            if !is_surrogate(c) || !push_surrogate(&mut bytes, c, encoding) {
                return failure.raise();
            }
        }
        return Ok((Bytes::copied(vm, &bytes)?.into(), failure.end));
    }
    match surrogate_at(failure.rest(), encoding) {
        Some((c, width)) => {
            let mut out = StrBuilder::new();
            out.push(c);
            Ok((out.finish_in(vm)?.into(), failure.start + width))
        }
        None => failure.raise(),
    }
}

pub fn surrogateescape(vm: &Vm, exc: &Value) -> Answer {
    let failure = Failure::of(vm, exc)?;
    match failure.kind {
        Kind::Encode => {
            let codes: Vec<u32> = failure.characters().collect();
            if !codes.iter().all(|c| (0xdc80..0xdd00).contains(c)) {
                return failure.raise();
            }
            let bytes: Vec<u8> = codes.iter().map(|c| (c - 0xdc00) as u8).collect();
            Ok((Bytes::copied(vm, &bytes)?.into(), failure.end))
        }
        Kind::Decode => {
            let mut out = StrBuilder::new();
            let high = failure.bytes().iter().take(4).take_while(|b| **b >= 0x80);
            high.for_each(|b| out.push(0xdc00 + u32::from(*b)));
            if out.is_empty() {
                return failure.raise();
            }
            let end = failure.start + out.len();
            Ok((out.finish_in(vm)?.into(), end))
        }
        Kind::Translate => Err(unhandled(vm, failure.exc)),
    }
}
