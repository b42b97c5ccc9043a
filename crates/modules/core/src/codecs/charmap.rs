//! Encodings by a table: `charmap_encode`, `charmap_decode`, `charmap_build`.
//!
//! CPython's counterpart: the charmap codec in `Objects/unicodeobject.c`.

use adder_derive::{pyclass, pymethods};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::int;
use adder_vm::objects::str_::codec::{Errors, Input, Replacement, decode_error, encode_error};
use adder_vm::objects::str_::{Str, StrBuilder};
use adder_vm::protocol::object;
use adder_vm::{Obj, PyResult, Ref, Value, Vm};
use std::collections::HashMap;

const NAME: &str = "charmap";

/// A table from characters to bytes.
#[pyclass(name = "EncodingMap", no_new, no_gc)]
pub struct EncodingMap {
    /// The byte of each character below 256, plus one; 0 is none.
    low: Box<[u16; 256]>,
    high: HashMap<u32, u8>,
}

#[pymethods]
impl EncodingMap {
    /// Return the size (in bytes) of this object.
    #[pymethod]
    fn size(zelf: &Obj<EncodingMap>, _vm: &Vm) -> usize {
        size_of::<Obj<EncodingMap>>() + 512 + zelf.high.len() * 8
    }
}

impl EncodingMap {
    fn get(&self, c: u32) -> Option<u8> {
        match self.low.get(c as usize) {
            Some(0) => None,
            Some(byte) => Some((byte - 1) as u8),
            None => self.high.get(&c).copied(),
        }
    }
}

/// The table of a text whose character at place `b` is that of byte `b`. What does not fit such a
/// table (the characters 0 and U+FFFE apart) becomes a dict.
pub fn build(vm: &Vm, text: &Obj<Str>) -> PyResult {
    let len = text.len().min(256);
    let plain = len > 0 && text.at(0) == 0 && (1..len).all(|i| text.at(i) != 0);
    if !plain || (0..len).any(|i| text.at(i) > 0xffff) {
        let dict = Dict::new_ref();
        for i in 0..len {
            let key = Value::int_unchecked(text.at(i).into());
            dict.insert(vm, &key, Value::int_unchecked(i as i64))?;
        }
        return Ok(dict.into());
    }
    let mut map = EncodingMap { low: Box::new([0; 256]), high: HashMap::new() };
    for i in 0..len {
        match text.at(i) {
            0xfffe => {}
            c @ 0..256 => map.low[c as usize] = i as u16 + 1,
            c => {
                map.high.insert(c, i as u8);
            }
        }
    }
    Ok(Ref::with_type(map, vm.type_object::<EncodingMap>()).into())
}

/// What a mapping has for a key; `None` if it has nothing.
fn look_up(vm: &Vm, mapping: &Value, key: u32) -> PyResult<Option<Value>> {
    match object::get_item(vm, mapping, &Value::int_unchecked(key.into())) {
        Ok(found) if found.is_none() => Ok(None),
        Ok(found) => Ok(Some(found)),
        Err(e) if e.is(vm.exception_type("LookupError")) => Ok(None),
        Err(e) => Err(e),
    }
}

pub fn decode(
    vm: &Vm,
    bytes: &[u8],
    errors: &Errors<'_>,
    mapping: Option<&Value>,
) -> PyResult<Ref<Str>> {
    const REASON: &str = "character maps to <undefined>";
    let Some(mapping) = mapping else { return Ok(Str::from_latin1(bytes)) };
    let table = mapping.downcast_exact::<Str>();
    let mut input = Input::new(bytes);
    let mut out = StrBuilder::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = input.get(at) {
        let known = match table {
            Some(table) => {
                let c = (usize::from(b) < table.len()).then(|| table.at(b.into()));
                match c.filter(|c| *c != 0xfffe) {
                    Some(c) => {
                        out.push(c);
                        true
                    }
                    None => false,
                }
            }
            None => match look_up(vm, mapping, b.into())? {
                None => false,
                Some(found) => decoded(vm, &mut out, &found)?,
            },
        };
        at = if known {
            at + 1
        } else {
            decode_error(vm, &mut out, &mut input, NAME, errors, (at, at + 1), REASON)?
        };
    }
    out.finish_in(vm)
}

/// Adds what a mapping has for a byte; `false` if that is U+FFFE, which means nothing.
fn decoded(vm: &Vm, out: &mut StrBuilder, found: &Value) -> PyResult<bool> {
    if let Some(text) = found.downcast::<Str>() {
        if text.len() == 1 && text.at(0) == 0xfffe {
            return Ok(false);
        }
        out.push_obj(text);
        return Ok(true);
    }
    if !int::is_int(found) {
        return Err(vm.type_error("character mapping must return integer, None or str"));
    }
    match int::to_i64_exact(found) {
        Some(0xfffe) => Ok(false),
        Some(c @ 0..=0x10_ffff) => {
            out.push(c as u32);
            Ok(true)
        }
        _ => Err(vm.type_error("character mapping must be in range(0x110000)")),
    }
}

/// Adds the bytes of a character; `false` if the mapping has none.
fn put(vm: &Vm, out: &mut Vec<u8>, c: u32, mapping: &Value) -> PyResult<bool> {
    if let Some(map) = mapping.downcast::<EncodingMap>() {
        out.extend(map.get(c));
        return Ok(map.get(c).is_some());
    }
    let Some(found) = look_up(vm, mapping, c)? else { return Ok(false) };
    if let Some(bytes) = found.downcast::<Bytes>() {
        out.extend_from_slice(bytes.as_slice());
        return Ok(true);
    }
    if !int::is_int(&found) {
        return Err(vm.type_error(format!(
            "character mapping must return integer, bytes or None, not {}",
            found.ty().name()
        )));
    }
    match int::to_i64_exact(&found).and_then(|i| u8::try_from(i).ok()) {
        Some(byte) => {
            out.push(byte);
            Ok(true)
        }
        None => Err(vm.type_error("character mapping must be in range(256)")),
    }
}

pub fn encode(vm: &Vm, text: &Obj<Str>, errors: &Errors<'_>, mapping: &Value) -> PyResult<Vec<u8>> {
    const REASON: &str = "character maps to <undefined>";
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if put(vm, &mut out, text.at(at), mapping)? {
            at += 1;
            continue;
        }
        // All that cannot be encoded in a row is handled at once.
        let mut end = at + 1;
        while end < text.len() {
            let before = out.len();
            if put(vm, &mut out, text.at(end), mapping)? {
                out.truncate(before);
                break;
            }
            end += 1;
        }
        let (replacement, next) = encode_error(vm, text, NAME, errors, (at, end), REASON)?;
        match replacement {
            Replacement::Bytes(bytes) => out.extend(bytes),
            Replacement::Text(codes) => {
                for c in codes {
                    if !put(vm, &mut out, c, mapping)? {
                        return Err(vm.unicode_encode_error(NAME, text, at, end, REASON));
                    }
                }
            }
        }
        at = next;
    }
    Ok(out)
}
