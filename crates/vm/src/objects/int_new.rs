//! `int(x)` and `int(text, base)`: conversion by the methods of `x`, and parsing.
//!
//! CPython's counterpart: `long_new` in `Objects/longobject.c` and `PyNumber_Long` in
//! `Objects/abstract.c`.

use super::{from_i64, from_int, is_int, to_exact};
use crate::objects::bytearray::ByteArray;
use crate::objects::bytes::Bytes;
use crate::objects::str_::Str;
use crate::protocol::{buffer, number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_numtext::int_parse::{IntParseError, Parsed, parse_int, parse_limit_text};
use std::borrow::Cow;

/// The arguments of `int`, converted to an int of the exact type.
pub(super) fn construct(vm: &Vm, args: CallArgs<'_>) -> PyResult {
    let positional = args.args();
    let total = positional.len() + args.keyword_count();
    if positional.len() > 2 || total > 2 {
        return Err(vm.type_error(format!("int expected at most 2 arguments, got {total}")));
    }
    let mut base = positional.get(1);
    for (name, value) in args.keywords() {
        match name.downcast::<Str>() {
            Some(text) if text.is_str("base") && base.is_none() => base = Some(value),
            Some(text) if text.is_str("base") => {
                return Err(
                    vm.type_error("argument for int() given by name ('base') and position (2)")
                );
            }
            _ => {
                let name = object::str(vm, name)?;
                return Err(
                    vm.type_error(format!("int() got an unexpected keyword argument '{name}'"))
                );
            }
        }
    }
    match (positional.first(), base) {
        (None, None) => Ok(from_i64(0)),
        (None, Some(_)) => Err(vm.type_error("int() missing string argument")),
        (Some(x), None) => exact_int(vm, x),
        (Some(x), Some(base)) => {
            let base = number::index(vm, base)?;
            let base = super::to_i64_exact(&base).unwrap_or(-1);
            let base = match base {
                0 | 2..=36 => base as u32,
                _ => return Err(vm.value_error("int() base must be >= 2 and <= 36, or 0")),
            };
            match text_of(x) {
                Some(text) => parse(vm, &text, base, x),
                None => Err(vm.type_error("int() can't convert non-string with explicit base")),
            }
        }
    }
}

/// `int(x)`, of the exact type.
pub fn exact_int(vm: &Vm, x: &Value) -> PyResult {
    if x.is_exact_int() {
        return Ok(x.clone());
    }
    if let Some(convert) = x.ty().slots.int.get() {
        let result = convert(vm, x)?;
        if !is_int(&result) {
            return Err(
                vm.type_error(format!("__int__ returned non-int (type {})", result.ty().name()))
            );
        }
        if !result.is_exact_int() {
            crate::protocol::number::warn_subclass(vm, "__int__", &result)?;
        }
        return Ok(to_exact(&result));
    }
    if number::has_index(x) {
        return Ok(to_exact(&number::index(vm, x)?));
    }
    if let Some(text) = text_of(x) {
        return parse(vm, &text, 10, x);
    }
    if buffer::has_buffer(x) {
        let bytes = buffer::to_vec(vm, x)?;
        let shown = Bytes::from_slice(&bytes).into();
        return parse(vm, &bytes, 10, &shown);
    }
    Err(vm.type_error(format!(
        "int() argument must be a string, a bytes-like object or a real number, not '{}'",
        x.ty().name()
    )))
}

/// Text as the number parsers of `adder-numtext` want it: ASCII bytes.
fn text_of(x: &Value) -> Option<Cow<'_, [u8]>> {
    if let Some(text) = x.downcast::<Str>() {
        return Some(number_text(text));
    }
    if let Some(bytes) = x.downcast::<Bytes>() {
        return Some(bytes.as_slice().into());
    }
    x.downcast::<ByteArray>().map(|bytes| bytes.to_vec().into())
}

/// A string's characters with other scripts' digits and spaces turned into ASCII ones, and `?` for
/// whatever no number contains (CPython's `_PyUnicode_TransformDecimalAndSpaceToASCII`).
pub fn number_text(text: &Str) -> Cow<'_, [u8]> {
    if let Some(ascii) = text.as_ascii() {
        return ascii.as_bytes().into();
    }
    let convert = |c: u32| match c {
        0..0x80 => c as u8,
        _ if adder_unicode::is_space(c) => b' ',
        _ => adder_unicode::decimal(c).map_or(b'?', |digit| b'0' + digit as u8),
    };
    text.code_points().map(convert).collect::<Vec<u8>>().into()
}

fn parse(vm: &Vm, text: &[u8], base: u32, x: &Value) -> PyResult {
    let limit = vm.interp().int_max_str_digits.get();
    // Without their spaces and underscores, and the number.
    let radix = if base == 0 { 10 } else { base };
    vm.need(adder_bigint::room::parsed(text.len(), radix).saturating_add(text.len()))?;
    match parse_int(text, base, limit) {
        Ok(Parsed::Small(i)) => Ok(from_i64(i)),
        Ok(Parsed::Big(i)) => Ok(from_int(i)),
        Err(IntParseError::TooManyDigits(digits)) => {
            Err(vm.value_error(parse_limit_text(limit, digits)))
        }
        Err(IntParseError::Invalid) => {
            let shown = object::repr(vm, x)?;
            let shown = shown.substring(0, shown.len().min(200));
            Err(vm.value_error(format!(
                "invalid literal for int() with base {base}: {}",
                shown.to_string_lossy()
            )))
        }
    }
}
