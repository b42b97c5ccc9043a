//! Text to bytes and back: UTF-8, UTF-16, UTF-32, Latin-1 and ASCII, with the error handlers.
//!
//! `encode` and `decode` are what `str.encode` and `bytes.decode` call; other encodings go through
//! the codec registry. The functions for single encodings also serve the module `_codecs`: those that
//! decode say how much they consumed, and leave an unfinished character alone if more may follow.
//!
//! CPython's counterpart: the codecs in `Objects/unicodeobject.c`, the handlers in
//! `Python/codecs.c`.

use super::{Chars, Str, StrBuilder};
use crate::builtin_modules::codecs as registry;
use crate::object::{Obj, Ref};
use crate::objects::bytearray::ByteArray;
use crate::objects::bytes::Bytes;
use crate::objects::int;
use crate::objects::tuple::Tuple;
use crate::protocol::call;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::memory;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::cell::OnceCell;

/// The encodings handled here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Utf8,
    Latin1,
    Ascii,
    Utf16(Order),
    Utf32(Order),
}

/// The byte order of UTF-16 and UTF-32. `Marked` writes a byte order mark and reads one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Marked,
    Little,
    Big,
}

impl Encoding {
    /// The encoding of a name, if it is one of these. Case and punctuation do not matter.
    pub fn from_name(name: &str) -> Option<Encoding> {
        use Encoding::*;
        let mut plain = String::with_capacity(name.len());
        for c in name.chars() {
            match c {
                'a'..='z' | '0'..='9' => plain.push(c),
                'A'..='Z' => plain.push(c.to_ascii_lowercase()),
                '-' | '_' | ' ' => plain.push('_'),
                _ => return None,
            }
        }
        Some(match plain.as_str() {
            "utf_8" | "utf8" | "u8" | "cp65001" => Utf8,
            "latin_1" | "latin1" | "iso_8859_1" | "iso8859_1" | "8859" | "l1" | "latin" => Latin1,
            "ascii" | "us_ascii" | "646" => Ascii,
            "utf_16" | "utf16" | "u16" => Utf16(Order::Marked),
            "utf_16_le" | "utf_16le" | "utf16_le" => Utf16(Order::Little),
            "utf_16_be" | "utf_16be" | "utf16_be" => Utf16(Order::Big),
            "utf_32" | "utf32" | "u32" => Utf32(Order::Marked),
            "utf_32_le" | "utf_32le" | "utf32_le" => Utf32(Order::Little),
            "utf_32_be" | "utf_32be" | "utf32_be" => Utf32(Order::Big),
            _ => return None,
        })
    }

    /// The name in error messages.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Latin1 => "latin-1",
            Encoding::Ascii => "ascii",
            Encoding::Utf16(Order::Marked) => "utf-16",
            Encoding::Utf16(Order::Little) => "utf-16-le",
            Encoding::Utf16(Order::Big) => "utf-16-be",
            Encoding::Utf32(Order::Marked) => "utf-32",
            Encoding::Utf32(Order::Little) => "utf-32-le",
            Encoding::Utf32(Order::Big) => "utf-32-be",
        }
    }
}

/// What to do with what cannot be converted. Looked up in the registry when it is first needed.
pub struct Errors<'a> {
    name: &'a str,
    known: Known,
    custom: OnceCell<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Strict,
    Ignore,
    Replace,
    BackslashReplace,
    XmlCharRefReplace,
    SurrogateEscape,
    SurrogatePass,
    Custom,
}

impl<'a> Errors<'a> {
    pub fn new(name: &'a str) -> Errors<'a> {
        let known = match name {
            "strict" => Known::Strict,
            "ignore" => Known::Ignore,
            "replace" => Known::Replace,
            "backslashreplace" => Known::BackslashReplace,
            "xmlcharrefreplace" => Known::XmlCharRefReplace,
            "surrogateescape" => Known::SurrogateEscape,
            "surrogatepass" => Known::SurrogatePass,
            _ => Known::Custom,
        };
        Errors { name, known, custom: OnceCell::new() }
    }

    /// Calls the registered handler: its answer, and where to go on. A handler for decoding may put
    /// other bytes in the place of those that `exc` holds.
    fn call(
        &self,
        vm: &Vm,
        exc: &Exc,
        len: impl FnOnce() -> PyResult<usize>,
    ) -> PyResult<(Value, usize)> {
        let handler = match self.custom.get() {
            Some(handler) => handler.clone(),
            None => {
                let found = registry::lookup_error(vm, self.name)?;
                let _ = self.custom.set(found.clone());
                found
            }
        };
        let decoding = exc.is(&vm.exceptions().unicode_decode_error);
        let answer = call::call(vm, &handler, &[exc.value()])?;
        let (kind, what) = if decoding { ("decoding", "str") } else { ("encoding", "str/bytes") };
        let wrong =
            || vm.type_error(format!("{kind} error handler must return ({what}, int) tuple"));
        let Some(pair) = answer.downcast::<Tuple>() else { return Err(wrong()) };
        let [replacement, position] = pair.items() else { return Err(wrong()) };
        let text = replacement.downcast::<Str>().is_some();
        if !text && (decoding || replacement.downcast::<Bytes>().is_none()) {
            return Err(wrong());
        }
        if !int::is_int(position) {
            return Err(wrong());
        }
        let len = len()?;
        let place = int::to_i64_exact(position).unwrap_or(i64::MAX);
        let at = if place < 0 { place + len as i64 } else { place };
        match usize::try_from(at) {
            Ok(at) if at <= len => Ok((replacement.clone(), at)),
            _ => Err(vm.index_error(format!("position {place} from error handler out of bounds"))),
        }
    }
}

// ---- encoding ----

/// `text.encode(encoding, errors)`: bytes, or what the codec of another encoding returns.
pub fn encode(vm: &Vm, text: &Obj<Str>, encoding: &str, errors: &str) -> PyResult {
    match Encoding::from_name(encoding) {
        Some(known) => {
            let bytes = encode_known(vm, text, known, &Errors::new(errors))?;
            Ok(Bytes::copied(vm, &bytes)?.into())
        }
        None => {
            let made = registry::encode_text(vm, &text.to_value(), encoding, errors)?;
            if made.downcast::<Bytes>().is_some() {
                return Ok(made);
            }
            if let Some(array) = made.downcast::<ByteArray>() {
                let message = format!(
                    "encoder {encoding} returned bytearray instead of bytes; use codecs.encode() to encode to arbitrary types"
                );
                vm.warn(&vm.exceptions().runtime_warning, &message, 1)?;
                return Ok(array.with_bytes(Bytes::from_slice).into());
            }
            Err(vm.type_error(format!(
                "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
                made.ty().name()
            )))
        }
    }
}

/// `text.encode()`
pub fn encode_default(vm: &Vm, text: &Obj<Str>) -> PyResult<Ref<Bytes>> {
    if let Some(ascii) = text.as_ascii() {
        vm.need(ascii.len())?;
        return Ok(Bytes::from_slice(ascii.as_bytes()));
    }
    Bytes::copied(vm, &encode_utf8(vm, text, &Errors::new("strict"))?)
}

/// `bytes.decode()`; runs no Python code.
pub fn decode_default(vm: &Vm, input: &[u8]) -> PyResult<Ref<Str>> {
    decode_utf8(vm, input, &Errors::new("strict"), true).map(|(text, _)| text)
}

/// The text in one of the encodings of this file.
pub fn encode_known(
    vm: &Vm,
    text: &Obj<Str>,
    encoding: Encoding,
    errors: &Errors<'_>,
) -> PyResult<Vec<u8>> {
    match encoding {
        Encoding::Utf8 => encode_utf8(vm, text, errors),
        Encoding::Latin1 | Encoding::Ascii => encode_bytes(vm, text, encoding, errors),
        Encoding::Utf16(order) => encode_wide(vm, text, encoding, order, 2, errors),
        Encoding::Utf32(order) => encode_wide(vm, text, encoding, order, 4, errors),
    }
}

pub fn is_surrogate(c: u32) -> bool {
    (0xd800..0xe000).contains(&c)
}

/// What a handler puts in the place of characters.
pub enum Replacement {
    Text(Vec<u32>),
    Bytes(Vec<u8>),
}

impl Replacement {
    fn len(&self) -> usize {
        match self {
            Replacement::Text(codes) => codes.len(),
            Replacement::Bytes(bytes) => bytes.len(),
        }
    }
}

/// Handles characters `start..end` that `encoding` does not have; returns what takes their place
/// and where to go on.
pub fn encode_error(
    vm: &Vm,
    text: &Obj<Str>,
    encoding: &str,
    errors: &Errors<'_>,
    (start, end): (usize, usize),
    reason: &str,
) -> PyResult<(Replacement, usize)> {
    let strict = || vm.unicode_encode_error(encoding, text, start, end, reason);
    let each = |f: &dyn Fn(u32) -> String| {
        // Nothing is longer than `&#1114111;`.
        vm.need((end - start).saturating_mul(10 * size_of::<u32>()))?;
        let codes = (start..end).flat_map(|i| f(text.at(i)).into_bytes()).map(u32::from);
        Ok((Replacement::Text(codes.collect()), end))
    };
    match errors.known {
        Known::Strict => Err(strict()),
        Known::Ignore => Ok((Replacement::Text(Vec::new()), end)),
        Known::Replace => Ok((Replacement::Text(vec![u32::from(b'?'); end - start]), end)),
        Known::BackslashReplace => each(&|c| match c {
            0..0x100 => format!("\\x{c:02x}"),
            0x100..0x1_0000 => format!("\\u{c:04x}"),
            _ => format!("\\U{c:08x}"),
        }),
        Known::XmlCharRefReplace => each(&|c| format!("&#{c};")),
        Known::SurrogateEscape => {
            let bytes = (start..end)
                .map(|i| text.at(i))
                .take_while(|c| (0xdc80..0xdd00).contains(c))
                .map(|c| (c - 0xdc00) as u8);
            let bytes: Vec<u8> = bytes.collect();
            if bytes.is_empty() || bytes.len() < end - start {
                return Err(strict());
            }
            Ok((Replacement::Bytes(bytes), end))
        }
        Known::SurrogatePass => {
            let codes: Vec<u32> = (start..end).map(|i| text.at(i)).collect();
            if !codes.iter().all(|c| is_surrogate(*c)) {
                return Err(strict());
            }
            let Some(known) = Encoding::from_name(encoding) else { return Err(strict()) };
            let mut bytes = Vec::new();
            for c in codes {
                if !push_surrogate(&mut bytes, c, known) {
                    return Err(strict());
                }
            }
            Ok((Replacement::Bytes(bytes), end))
        }
        Known::Custom => {
            let (answer, next) = errors.call(vm, &strict(), || Ok(text.len()))?;
            let replacement = match answer.downcast::<Str>() {
                Some(text) => Replacement::Text(text.code_points().collect()),
                None => Replacement::Bytes(
                    answer.downcast::<Bytes>().map(|b| b.as_slice().to_vec()).unwrap_or_default(),
                ),
            };
            Ok((replacement, next))
        }
    }
}

/// Adds a surrogate as UTF-8, UTF-16 or UTF-32 would have it; other encodings have no way.
pub fn push_surrogate(out: &mut Vec<u8>, c: u32, encoding: Encoding) -> bool {
    match encoding {
        Encoding::Utf8 => super::builder::push_wtf8(out, c),
        Encoding::Utf16(order) => push_wide(out, c, order, 2),
        Encoding::Utf32(order) => push_wide(out, c, order, 4),
        Encoding::Latin1 | Encoding::Ascii => return false,
    }
    true
}

/// The surrogate that the bytes are in UTF-8, UTF-16 or UTF-32, and how many bytes it takes.
pub fn surrogate_at(bytes: &[u8], encoding: Encoding) -> Option<(u32, usize)> {
    let (code, width) = match (encoding, bytes) {
        (Encoding::Utf8, [a, b, c, ..])
            if a >> 4 == 0xe && b & 0xc0 == 0x80 && c & 0xc0 == 0x80 =>
        {
            let (a, b, c) = (u32::from(*a), u32::from(*b), u32::from(*c));
            ((a & 0xf) << 12 | (b & 0x3f) << 6 | c & 0x3f, 3)
        }
        (Encoding::Utf16(Order::Big), [a, b, ..]) => (u32::from(u16::from_be_bytes([*a, *b])), 2),
        (Encoding::Utf16(_), [a, b, ..]) => (u32::from(u16::from_le_bytes([*a, *b])), 2),
        (Encoding::Utf32(Order::Big), [a, b, c, d, ..]) => {
            (u32::from_be_bytes([*a, *b, *c, *d]), 4)
        }
        (Encoding::Utf32(_), [a, b, c, d, ..]) => (u32::from_le_bytes([*a, *b, *c, *d]), 4),
        _ => return None,
    };
    is_surrogate(code).then_some((code, width))
}

fn encode_utf8(vm: &Vm, text: &Obj<Str>, errors: &Errors<'_>) -> PyResult<Vec<u8>> {
    const REASON: &str = "surrogates not allowed";
    let mut out = Vec::new();
    if let Some(ascii) = text.as_ascii() {
        vm.room_for(&mut out, ascii.len())?;
        out.extend_from_slice(ascii.as_bytes());
        return Ok(out);
    }
    vm.room_for(&mut out, utf8_room(text))?;
    let mut at = 0;
    loop {
        let stop = match text.chars() {
            Chars::Ascii(s) => push_units(&mut out, &s.as_bytes()[at..]),
            Chars::One(s) => push_units(&mut out, &s[at..]),
            Chars::Two(s) => push_units(&mut out, &s[at..]),
            Chars::Four(s) => push_units(&mut out, &s[at..]),
        };
        match stop {
            Some(n) => at += n,
            None => return Ok(out),
        }
        let mut end = at;
        while end < text.len() && is_surrogate(text.at(end)) {
            end += 1;
        }
        let (replacement, next) = encode_error(vm, text, "utf-8", errors, (at, end), REASON)?;
        vm.room_for(&mut out, replacement.len())?;
        match replacement {
            Replacement::Bytes(bytes) => out.extend(bytes),
            Replacement::Text(codes) => {
                // CPython takes nothing but ASCII from a handler here.
                if codes.iter().any(|c| *c >= 0x80) {
                    return Err(vm.unicode_encode_error("utf-8", text, at, end, REASON));
                }
                out.extend(codes.into_iter().map(|c| c as u8));
            }
        }
        at = next;
    }
}

/// How many bytes the text may take in UTF-8: the exact number, where it matters.
fn utf8_room(text: &Str) -> usize {
    if text.byte_len() >= memory::LARGE {
        return text.code_points().map(|c| char::from_u32(c).map_or(3, char::len_utf8)).sum();
    }
    text.len() * if text.width() == 1 { 2 } else { text.width().min(3) + 1 }
}

/// Adds characters as UTF-8, up to the first surrogate, whose place is answered.
fn push_units<T: Copy + Into<u32>>(out: &mut Vec<u8>, units: &[T]) -> Option<usize> {
    for (i, unit) in units.iter().enumerate() {
        let c: u32 = (*unit).into();
        if is_surrogate(c) {
            return Some(i);
        }
        super::builder::push_wtf8(out, c);
    }
    None
}

/// Latin-1 and ASCII.
fn encode_bytes(
    vm: &Vm,
    text: &Obj<Str>,
    encoding: Encoding,
    errors: &Errors<'_>,
) -> PyResult<Vec<u8>> {
    let limit = if encoding == Encoding::Ascii { 0x80 } else { 0x100 };
    match text.chars() {
        Chars::Ascii(s) => {
            vm.need(s.len())?;
            return Ok(s.as_bytes().to_vec());
        }
        Chars::One(s) if limit == 0x100 => {
            vm.need(s.len())?;
            return Ok(s.to_vec());
        }
        _ => {}
    }
    let reason =
        if limit == 0x80 { "ordinal not in range(128)" } else { "ordinal not in range(256)" };
    let mut out = Vec::new();
    let mut at = 0;
    vm.room_for(&mut out, text.len())?;
    while at < text.len() {
        let c = text.at(at);
        if c < limit {
            vm.room_for_one(&mut out)?;
            out.push(c as u8);
            at += 1;
            continue;
        }
        let mut end = at;
        while end < text.len() && text.at(end) >= limit {
            end += 1;
        }
        let (replacement, next) =
            encode_error(vm, text, encoding.name(), errors, (at, end), reason)?;
        vm.room_for(&mut out, replacement.len())?;
        match replacement {
            Replacement::Bytes(bytes) => out.extend(bytes),
            Replacement::Text(codes) => {
                if codes.iter().any(|c| *c >= limit) {
                    return Err(vm.unicode_encode_error(encoding.name(), text, at, end, reason));
                }
                out.extend(codes.into_iter().map(|c| c as u8));
            }
        }
        at = next;
    }
    Ok(out)
}

/// One unit (or, for UTF-16, two) in a byte order; `Marked` is the machine's own.
fn push_wide(out: &mut Vec<u8>, c: u32, order: Order, width: usize) {
    let big = order == Order::Big || (order == Order::Marked && cfg!(target_endian = "big"));
    if width == 4 {
        out.extend(if big { c.to_be_bytes() } else { c.to_le_bytes() });
        return;
    }
    let mut unit = |u: u16| out.extend(if big { u.to_be_bytes() } else { u.to_le_bytes() });
    if c < 0x1_0000 {
        unit(c as u16);
    } else {
        unit(0xd800 + ((c - 0x1_0000) >> 10) as u16);
        unit(0xdc00 + (c & 0x3ff) as u16);
    }
}

fn encode_wide(
    vm: &Vm,
    text: &Obj<Str>,
    encoding: Encoding,
    order: Order,
    width: usize,
    errors: &Errors<'_>,
) -> PyResult<Vec<u8>> {
    const REASON: &str = "surrogates not allowed";
    const WIDEST: usize = 4;
    let mut out = Vec::new();
    vm.room_for(&mut out, (text.len() + 1) * width)?;
    if order == Order::Marked {
        push_wide(&mut out, 0xfeff, order, width);
    }
    let mut at = 0;
    while at < text.len() {
        let c = text.at(at);
        if !is_surrogate(c) {
            vm.room_for(&mut out, WIDEST)?;
            push_wide(&mut out, c, order, width);
            at += 1;
            continue;
        }
        let strict = || vm.unicode_encode_error(encoding.name(), text, at, at + 1, REASON);
        let (replacement, next) =
            encode_error(vm, text, encoding.name(), errors, (at, at + 1), REASON)?;
        vm.room_for(&mut out, replacement.len() * WIDEST)?;
        match replacement {
            Replacement::Bytes(bytes) if bytes.len() % width == 0 => out.extend(bytes),
            Replacement::Text(codes) if codes.iter().all(|c| !is_surrogate(*c)) => {
                codes.into_iter().for_each(|c| push_wide(&mut out, c, order, width));
            }
            _ => return Err(strict()),
        }
        at = next;
    }
    Ok(out)
}

// ---- decoding ----

/// `bytes.decode(encoding, errors)`: a str.
pub fn decode(vm: &Vm, input: &[u8], encoding: &str, errors: &str) -> PyResult<Ref<Str>> {
    match Encoding::from_name(encoding) {
        Some(known) => {
            decode_known(vm, input, known, &Errors::new(errors), true).map(|(text, _)| text)
        }
        None => {
            let bytes: Value = Bytes::from_slice(input).into();
            let text = registry::decode_text(vm, &bytes, encoding, errors)?;
            text.into_ref::<Str>().map_err(|other| {
                vm.type_error(format!(
                    "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
                    other.ty().name()
                ))
            })
        }
    }
}

/// Text from one of the encodings of this file, and how many bytes were consumed: all, or, if more
/// may follow (`complete` is false), all but an unfinished character.
pub fn decode_known(
    vm: &Vm,
    input: &[u8],
    encoding: Encoding,
    errors: &Errors<'_>,
    complete: bool,
) -> PyResult<(Ref<Str>, usize)> {
    match encoding {
        Encoding::Latin1 => Ok((Str::from_latin1(input), input.len())),
        Encoding::Ascii => decode_ascii(vm, input, errors).map(|text| (text, input.len())),
        Encoding::Utf8 => decode_utf8(vm, input, errors, complete),
        Encoding::Utf16(order) => {
            decode_utf16(vm, input, order, errors, complete).map(|(t, n, _)| (t, n))
        }
        Encoding::Utf32(order) => {
            decode_utf32(vm, input, order, errors, complete).map(|(t, n, _)| (t, n))
        }
    }
}

/// What is decoded; an error handler may exchange it.
pub struct Input<'a>(std::borrow::Cow<'a, [u8]>);

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Input<'a> {
        Input(std::borrow::Cow::Borrowed(bytes))
    }
}

impl std::ops::Deref for Input<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Handles bytes `start..end` that mean nothing: adds what takes their place, returns where to go
/// on.
pub fn decode_error(
    vm: &Vm,
    out: &mut StrBuilder,
    input: &mut Input<'_>,
    encoding: &str,
    errors: &Errors<'_>,
    (start, end): (usize, usize),
    reason: &str,
) -> PyResult<usize> {
    let strict = |input: &Input<'_>| {
        let bytes: Value = Bytes::from_slice(input).into();
        vm.unicode_decode_error(encoding, bytes, start, end, reason)
    };
    match errors.known {
        Known::Strict => Err(strict(input)),
        Known::Ignore => Ok(end),
        Known::Replace => {
            out.push(0xfffd);
            Ok(end)
        }
        Known::BackslashReplace => {
            for byte in &input[start..end] {
                out.push_str(&format!("\\x{byte:02x}"));
            }
            Ok(end)
        }
        Known::XmlCharRefReplace => {
            Err(vm.type_error("don't know how to handle UnicodeDecodeError in error callback"))
        }
        Known::SurrogateEscape => {
            let high = input[start..end].iter().take_while(|b| **b >= 0x80).count();
            if high == 0 {
                return Err(strict(input));
            }
            for byte in &input[start..start + high] {
                out.push(0xdc00 + u32::from(*byte));
            }
            Ok(start + high)
        }
        Known::SurrogatePass => {
            let known = Encoding::from_name(encoding);
            match known.and_then(|known| surrogate_at(&input[start..], known)) {
                Some((code, width)) => {
                    out.push(code);
                    Ok(start + width)
                }
                None => Err(strict(input)),
            }
        }
        Known::Custom => {
            let exc = strict(input);
            let mut exchanged = None;
            let (answer, next) = errors.call(vm, &exc, || {
                let object = exc.0.field(vm, "object").unwrap_or(Value::NONE);
                let Some(bytes) = object.downcast::<Bytes>() else {
                    return Err(vm.type_error("object attribute must be bytes"));
                };
                if bytes.as_slice() != &**input {
                    exchanged = Some(bytes.as_slice().to_vec());
                }
                Ok(bytes.len())
            })?;
            if let Some(bytes) = exchanged {
                input.0 = bytes.into();
            }
            if let Some(text) = answer.downcast::<Str>() {
                out.push_obj(text);
            }
            Ok(next)
        }
    }
}

fn decode_ascii(vm: &Vm, input: &[u8], errors: &Errors<'_>) -> PyResult<Ref<Str>> {
    if input.is_ascii() {
        return Ok(Str::from_latin1(input));
    }
    let mut input = Input::new(input);
    let mut out = StrBuilder::with_capacity(input.len());
    let mut at = 0;
    while let Some(&byte) = input.get(at) {
        if byte < 0x80 {
            out.push(u32::from(byte));
            at += 1;
        } else {
            let range = (at, at + 1);
            let reason = "ordinal not in range(128)";
            at = decode_error(vm, &mut out, &mut input, "ascii", errors, range, reason)?;
        }
    }
    out.finish_in(vm)
}

fn decode_utf8(
    vm: &Vm,
    input: &[u8],
    errors: &Errors<'_>,
    complete: bool,
) -> PyResult<(Ref<Str>, usize)> {
    if input.is_ascii() {
        return Ok((Str::from_latin1(input), input.len()));
    }
    let mut input = Input::new(input);
    let mut out = StrBuilder::with_capacity(input.len());
    let mut at = 0;
    while at < input.len() {
        let error = match std::str::from_utf8(&input[at..]) {
            Ok(text) => {
                if at == 0 {
                    return Ok((Ref::from_str(text), input.len()));
                }
                out.push_str(text);
                break;
            }
            Err(error) => error,
        };
        let start = at + error.valid_up_to();
        if let Ok(text) = std::str::from_utf8(&input[at..start]) {
            out.push_str(text);
        }
        let (end, reason) = match error.error_len() {
            None if !complete => return Ok((out.finish_in(vm)?, start)),
            None => (input.len(), "unexpected end of data"),
            Some(n) => {
                let starts = matches!(input[start], 0xc2..=0xf4);
                (start + n, if starts { "invalid continuation byte" } else { "invalid start byte" })
            }
        };
        at = decode_error(vm, &mut out, &mut input, "utf-8", errors, (start, end), reason)?;
    }
    Ok((out.finish_in(vm)?, input.len()))
}

/// The byte order to read, and how many bytes its mark takes. An unmarked text is in the machine's
/// order.
fn byte_order(input: &[u8], order: Order, width: usize) -> (bool, usize) {
    let marks: [&[u8]; 2] = if width == 2 {
        [&[0xff, 0xfe], &[0xfe, 0xff]]
    } else {
        [&[0xff, 0xfe, 0, 0], &[0, 0, 0xfe, 0xff]]
    };
    match order {
        Order::Little => (false, 0),
        Order::Big => (true, 0),
        Order::Marked if input.starts_with(marks[0]) => (false, width),
        Order::Marked if input.starts_with(marks[1]) => (true, width),
        Order::Marked => (cfg!(target_endian = "big"), 0),
    }
}

/// UTF-16: the text, the bytes consumed, and the byte order once it is known (-1 little, 1 big, 0
/// not known yet).
pub fn decode_utf16(
    vm: &Vm,
    input: &[u8],
    order: Order,
    errors: &Errors<'_>,
    complete: bool,
) -> PyResult<(Ref<Str>, usize, i32)> {
    let (big, mark) = byte_order(input, order, 2);
    let mut input = Input::new(input);
    let name = if big { "utf-16-be" } else { "utf-16-le" };
    let unit = |input: &[u8], at: usize| {
        let pair = [*input.get(at)?, *input.get(at + 1)?];
        Some(u32::from(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }))
    };
    let mut out = StrBuilder::with_capacity(input.len() / 2);
    let mut at = mark;
    while at < input.len() {
        let (end, reason) = match unit(&input, at) {
            Some(c) if !is_surrogate(c) => {
                out.push(c);
                at += 2;
                continue;
            }
            Some(high) if high < 0xdc00 => match unit(&input, at + 2) {
                Some(low) if (0xdc00..0xe000).contains(&low) => {
                    out.push(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                    at += 4;
                    continue;
                }
                Some(_) => (at + 2, "illegal UTF-16 surrogate"),
                None if !complete => break,
                None => (input.len(), "unexpected end of data"),
            },
            Some(_) => (at + 2, "illegal encoding"),
            None if !complete => break,
            None => (input.len(), "truncated data"),
        };
        at = decode_error(vm, &mut out, &mut input, name, errors, (at, end), reason)?;
    }
    Ok((out.finish_in(vm)?, at.min(input.len()), known_order(order, mark, big)))
}

/// UTF-32, as [`decode_utf16`].
pub fn decode_utf32(
    vm: &Vm,
    input: &[u8],
    order: Order,
    errors: &Errors<'_>,
    complete: bool,
) -> PyResult<(Ref<Str>, usize, i32)> {
    let (big, mark) = byte_order(input, order, 4);
    let mut input = Input::new(input);
    let name = if big { "utf-32-be" } else { "utf-32-le" };
    let mut out = StrBuilder::with_capacity(input.len() / 4);
    let mut at = mark;
    while at < input.len() {
        let (end, reason) = match input.get(at..at + 4) {
            Some(unit) => {
                let unit = [unit[0], unit[1], unit[2], unit[3]];
                let c = if big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) };
                match c {
                    0xd800..0xe000 => {
                        (at + 4, "code point in surrogate code point range(0xd800, 0xe000)")
                    }
                    0..=0x10_ffff => {
                        out.push(c);
                        at += 4;
                        continue;
                    }
                    _ => (at + 4, "code point not in range(0x110000)"),
                }
            }
            None if !complete => break,
            None => (input.len(), "truncated data"),
        };
        at = decode_error(vm, &mut out, &mut input, name, errors, (at, end), reason)?;
    }
    Ok((out.finish_in(vm)?, at.min(input.len()), known_order(order, mark, big)))
}

fn known_order(order: Order, mark: usize, big: bool) -> i32 {
    match order {
        Order::Marked if mark == 0 => 0,
        _ if big => 1,
        _ => -1,
    }
}

// ---- the arguments of `str()`, `bytes()`, `encode` and `decode` ----

/// An `encoding` or `errors` argument of a function.
pub fn name_argument(
    vm: &Vm,
    value: Option<&Value>,
    function: &str,
    parameter: &str,
    default: &str,
) -> PyResult<String> {
    let Some(value) = value else { return Ok(default.to_string()) };
    let Some(text) = value.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "{function}() argument '{parameter}' must be str, not {}",
            crate::protocol::object::type_name_or_none(value)
        )));
    };
    let Some(name) = text.to_utf8() else { return Err(vm.surrogate_error(text)) };
    if name.contains('\0') {
        return Err(vm.value_error("embedded null character"));
    }
    Ok(name)
}

/// `str(object, encoding, errors)`
pub fn decode_object(vm: &Vm, object: &Value, encoding: &str, errors: &str) -> PyResult<Ref<Str>> {
    if let Some(bytes) = object.downcast::<Bytes>() {
        return decode(vm, bytes.as_slice(), encoding, errors);
    }
    if let Some(bytes) = object.downcast::<ByteArray>() {
        return decode(vm, &bytes.to_vec(), encoding, errors);
    }
    if object.downcast::<Str>().is_some() {
        return Err(vm.type_error("decoding str is not supported"));
    }
    if !crate::protocol::buffer::has_buffer(object) {
        return Err(vm.type_error(format!(
            "decoding to str: need a bytes-like object, {} found",
            object.ty().name()
        )));
    }
    let bytes = crate::protocol::buffer::to_vec(vm, object)?;
    decode(vm, &bytes, encoding, errors)
}
