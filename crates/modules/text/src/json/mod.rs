//! `_json`: what makes `json` fast. Reading is in `scan.rs`, writing in `encode.rs`, strings with
//! their escapes in `text.rs`. CPython's counterpart: `Modules/_json.c`.

mod encode;
mod scan;
mod text;

use adder_derive::pymodule;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::{Chars, Str, StrBuilder};
use adder_vm::protocol::object::type_name_or_none;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::runtime::import_::import_module;
use adder_vm::{Obj, Ref, Value, Vm};

/// How deep containers nest at most; CPython's bound follows from the size of the stack and is near.
const DEPTH_MAX: usize = 50_000;

/// `json.JSONDecodeError(message, document, position)`
#[cold]
fn decode_error(vm: &Vm, message: &str, document: &Obj<Str>, position: usize) -> Exc {
    let position = Value::int_unchecked(position as i64);
    let made = import_module(vm, "json.decoder")
        .and_then(|decoder| object::get_attr_str(vm, &decoder, "JSONDecodeError"))
        .and_then(|class| {
            call::call(vm, &class, &[vm.str(message), document.to_value(), position])
        });
    match made {
        Ok(exc) => match exc.into_ref() {
            Ok(exc) => Exc(exc),
            Err(_) => vm.type_error("exceptions must derive from BaseException"),
        },
        Err(failure) => failure,
    }
}

fn string_argument<'a>(vm: &Vm, value: &'a Value) -> PyResult<&'a Obj<Str>> {
    value.downcast::<Str>().ok_or_else(|| {
        let given = value.ty().name();
        vm.type_error(format!("first argument must be a string, not {given}"))
    })
}

fn quoted(vm: &Vm, value: &Value, escape: text::Escape) -> PyResult<Ref<Str>> {
    let text = value.downcast::<Str>().ok_or_else(|| {
        let given = type_name_or_none(value);
        vm.type_error(format!("first argument must be a string, not {given}"))
    })?;
    let mut out = StrBuilder::with_capacity(text.len() + 2);
    text::push_quoted(&mut out, text, escape);
    out.finish_in(vm)
}

/// json speedups
///
#[pymodule(name = "_json")]
pub mod json {
    use super::*;

    /// encode_basestring_ascii(string) -> string
    ///
    /// Return an ASCII-only JSON representation of a Python string
    #[pyfunction(sig = "($self, object, /)")]
    fn encode_basestring_ascii(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
        quoted(vm, object, text::Escape::NonAscii)
    }
    /// encode_basestring(string) -> string
    ///
    /// Return a JSON representation of a Python string
    #[pyfunction(sig = "($self, object, /)")]
    fn encode_basestring(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
        quoted(vm, object, text::Escape::Needed)
    }
    /// scanstring(string, end, strict=True) -> (string, end)
    ///
    /// Scan the string s for a JSON string. End is the index of the
    /// character in s after the quote that started the JSON string.
    /// Unescapes all valid JSON string escape sequences and raises ValueError
    /// on attempt to decode an invalid string. If strict is False then literal
    /// control characters are allowed in the string.
    ///
    /// Returns a tuple of the decoded string and the index of the character in s
    /// after the end quote.
    #[pyfunction(sig = "($module, string, end, strict=True, /)")]
    fn scanstring(
        vm: &Vm,
        string: &Value,
        end: isize,
        strict: Option<bool>,
    ) -> PyResult<(Value, usize)> {
        let document = string_argument(vm, string)?;
        let strict = strict.unwrap_or(true);
        let Some(start) = usize::try_from(end).ok().filter(|&start| start <= document.len()) else {
            return Err(vm.value_error("end is out of bounds"));
        };
        let (text, end) = match document.chars() {
            Chars::Ascii(s) => text::scan(vm, document, s.as_bytes(), start, strict),
            Chars::One(s) => text::scan(vm, document, s, start, strict),
            Chars::Two(s) => text::scan(vm, document, s, start, strict),
            Chars::Four(s) => text::scan(vm, document, s, start, strict),
        }?;
        Ok((text.into(), end))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "make_scanner", vm.type_object::<scan::Scanner>().to_value());
        module.set(vm, "make_encoder", vm.type_object::<encode::Encoder>().to_value());
        Ok(())
    }
}
