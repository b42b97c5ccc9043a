//! `_codecs`: the registry and the codecs that need no Python code, for `codecs` and `encodings`.
//!
//! The registry itself and the encodings the machine uses are in the machine
//! (`builtin_modules/codecs.rs`, `objects/str_/codec.rs`). CPython's counterpart:
//! `Modules/_codecsmodule.c`.

mod charmap;
mod escape;
mod handlers;
mod utf7;

use adder_derive::pymodule;
use adder_vm::builtin_modules::codecs as registry;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::objects::str_::codec::{self, Encoding, Errors, Order};
use adder_vm::protocol::{buffer, call, object};
use adder_vm::{Obj, PyResult, Ref, Value, Vm};

/// The handlers that no program can take away.
const BUILT_IN: [&str; 8] = [
    "strict",
    "ignore",
    "replace",
    "xmlcharrefreplace",
    "backslashreplace",
    "namereplace",
    "surrogatepass",
    "surrogateescape",
];

/// What an encoder returns: bytes, and the number of characters encoded.
type Encoded = PyResult<(Value, usize)>;
/// What a decoder returns: text, and the number of bytes decoded.
type Decoded = PyResult<(Value, usize)>;

/// An `errors` argument.
fn errors_name(errors: Option<&Value>, vm: &Vm, function: &str) -> PyResult<String> {
    match errors.filter(|e| !e.is_none()) {
        None => Ok("strict".to_string()),
        Some(errors) => match errors.downcast::<Str>() {
            Some(name) => registry::plain_name(vm, name),
            None => Err(vm.type_error(format!(
                "{function}() argument 2 must be str or None, not {}",
                errors.ty().name()
            ))),
        },
    }
}

/// The text that an encoder is given.
fn text<'a>(vm: &Vm, value: &'a Value, function: &str) -> PyResult<&'a Obj<Str>> {
    value.downcast::<Str>().ok_or_else(|| {
        vm.type_error(format!(
            "{function}() argument 1 must be str, not {}",
            object::type_name_or_none(value)
        ))
    })
}

/// The bytes that a decoder of escapes is given: also those of a text.
fn source(vm: &Vm, value: &Value) -> PyResult<Vec<u8>> {
    match value.downcast::<Str>() {
        Some(text) => match text.to_utf8() {
            Some(text) => Ok(text.into_bytes()),
            None => Err(vm.surrogate_error(text)),
        },
        None => buffer::contiguous(vm, value),
    }
}

fn encode(
    vm: &Vm,
    value: &Value,
    errors: Option<&Value>,
    encoding: Encoding,
    function: &str,
) -> Encoded {
    let text = text(vm, value, function)?;
    let errors = errors_name(errors, vm, function)?;
    let bytes = codec::encode_known(vm, text, encoding, &Errors::new(&errors))?;
    Ok((Bytes::copied(vm, &bytes)?.into(), text.len()))
}

fn decode(
    vm: &Vm,
    value: &Value,
    errors: Option<&Value>,
    encoding: Encoding,
    last: bool,
    function: &str,
) -> Decoded {
    let errors = errors_name(errors, vm, function)?;
    let errors = Errors::new(&errors);
    let (text, used) = match value.downcast::<Bytes>() {
        Some(bytes) => codec::decode_known(vm, bytes.as_slice(), encoding, &errors, last)?,
        None => {
            let bytes = buffer::contiguous(vm, value)?;
            codec::decode_known(vm, &bytes, encoding, &errors, last)?
        }
    };
    Ok((text.into(), used))
}

/// The byte order that a number names.
fn order(number: i32) -> Order {
    match number {
        0 => Order::Marked,
        n if n < 0 => Order::Little,
        _ => Order::Big,
    }
}

fn warn_escape(vm: &Vm, invalid: Option<Vec<u8>>) -> PyResult<()> {
    let Some(invalid) = invalid else { return Ok(()) };
    let what = if invalid.len() > 1 { "octal escape" } else { "escape" };
    let shown: String = invalid.iter().map(|b| *b as char).collect();
    let message = format!(
        "\"\\{shown}\" is an invalid {what} sequence. Such sequences will not work in the future. "
    );
    vm.warn(vm.exception_type("DeprecationWarning"), &message, 1)
}

#[pymodule(name = "_codecs")]
pub mod codecs {
    use super::*;

    // ---- the registry ----

    /// Register a codec search function.
    ///
    /// Search functions are expected to take one argument, the encoding name in
    /// all lower case letters, and either return None, or a tuple of functions
    /// (encoder, decoder, stream_reader, stream_writer) (or a CodecInfo object).
    #[pyfunction]
    fn register(vm: &Vm, search_function: Value) -> PyResult<()> {
        if !call::is_callable(&search_function) {
            return Err(vm.type_error("argument must be callable"));
        }
        registry::register(vm, search_function);
        Ok(())
    }

    /// Unregister a codec search function and clear the registry's cache.
    ///
    /// If the search function is not registered, do nothing.
    #[pyfunction]
    fn unregister(vm: &Vm, search_function: &Value) {
        registry::unregister(vm, search_function);
    }

    /// Looks up a codec tuple in the Python codec registry and returns a CodecInfo object.
    #[pyfunction]
    fn lookup(vm: &Vm, encoding: &Obj<Str>) -> PyResult {
        registry::lookup(vm, &registry::plain_name(vm, encoding)?)
    }

    /// Encodes obj using the codec registered for encoding.
    ///
    /// The default encoding is 'utf-8'.  errors may be given to set a
    /// different error handling scheme.  Default is 'strict' meaning that encoding
    /// errors raise a ValueError.  Other possible values are 'ignore', 'replace'
    /// and 'backslashreplace' as well as any other name registered with
    /// codecs.register_error that can handle ValueErrors.
    #[pyfunction(name = "encode", sig = "(obj, encoding='utf-8', errors='strict')")]
    fn encode_(vm: &Vm, obj: &Value, encoding: Option<String>, errors: Option<String>) -> PyResult {
        let encoding = encoding.unwrap_or_else(|| "utf-8".to_string());
        let codec = registry::lookup(vm, &encoding)?;
        registry::call_codec(vm, &codec, 0, obj, &encoding, errors.as_deref())
    }

    /// Decodes obj using the codec registered for encoding.
    ///
    /// Default encoding is 'utf-8'.  errors may be given to set a
    /// different error handling scheme.  Default is 'strict' meaning that encoding
    /// errors raise a ValueError.  Other possible values are 'ignore', 'replace'
    /// and 'backslashreplace' as well as any other name registered with
    /// codecs.register_error that can handle ValueErrors.
    #[pyfunction(name = "decode", sig = "(obj, encoding='utf-8', errors='strict')")]
    fn decode_(vm: &Vm, obj: &Value, encoding: Option<String>, errors: Option<String>) -> PyResult {
        let encoding = encoding.unwrap_or_else(|| "utf-8".to_string());
        let codec = registry::lookup(vm, &encoding)?;
        registry::call_codec(vm, &codec, 1, obj, &encoding, errors.as_deref())
    }

    /// Register the specified error handler under the name errors.
    ///
    /// handler must be a callable object, that
    /// will be called with an exception instance containing
    /// information about the location of the encoding/decoding
    /// error and must return a (replacement, new position) tuple.
    #[pyfunction]
    fn register_error(vm: &Vm, errors: String, handler: Value) -> PyResult<()> {
        if !call::is_callable(&handler) {
            return Err(vm.type_error("handler must be callable"));
        }
        registry::register_error(vm, errors, handler);
        Ok(())
    }

    /// Un-register the specified error handler for the error handling `errors'.
    ///
    /// Only custom error handlers can be un-registered. An exception is raised
    /// if the error handling is a built-in one (e.g., 'strict'), or if an error
    /// occurs.
    ///
    /// Otherwise, this returns True if a custom handler has been successfully
    /// un-registered, and False if no custom handler for the specified error
    /// handling exists.
    #[pyfunction]
    fn _unregister_error(vm: &Vm, errors: String) -> PyResult<bool> {
        if BUILT_IN.contains(&errors.as_str()) {
            return Err(
                vm.value_error(format!("cannot un-register built-in error handler '{errors}'"))
            );
        }
        Ok(registry::unregister_error(vm, &errors))
    }

    /// lookup_error(errors) -> handler
    ///
    /// Return the error handler for the specified error handling name or raise a
    /// LookupError, if no handler exists under this name.
    #[pyfunction]
    fn lookup_error(vm: &Vm, name: &Obj<Str>) -> PyResult {
        registry::lookup_error(vm, &registry::plain_name(vm, name)?)
    }

    // ---- the built-in error handlers ----

    /// Implements the 'strict' error handling, which raises a UnicodeError on coding errors.
    #[pyfunction]
    fn strict_errors(vm: &Vm, exception: &Value) -> PyResult<(Value, usize)> {
        handlers::strict(vm, exception)
    }
    /// Implements the 'ignore' error handling, which ignores malformed data and continues.
    #[pyfunction]
    fn ignore_errors(vm: &Vm, exception: &Value) -> PyResult<(Value, usize)> {
        handlers::ignore(vm, exception)
    }
    /// Implements the 'replace' error handling, which replaces malformed data with a replacement marker.
    #[pyfunction]
    fn replace_errors(vm: &Vm, exception: &Value) -> PyResult<(Value, usize)> {
        handlers::replace(vm, exception)
    }
    /// Implements the 'xmlcharrefreplace' error handling, which replaces an unencodable character with the appropriate XML character reference.
    #[pyfunction]
    fn xmlcharrefreplace_errors(vm: &Vm, exception: &Value) -> PyResult<(Value, usize)> {
        handlers::xmlcharrefreplace(vm, exception)
    }
    /// Implements the 'backslashreplace' error handling, which replaces malformed data with a backslashed escape sequence.
    #[pyfunction]
    fn backslashreplace_errors(vm: &Vm, exception: &Value) -> PyResult<(Value, usize)> {
        handlers::backslashreplace(vm, exception)
    }
    /// Implements the 'namereplace' error handling, which replaces an unencodable character with a \N{...} escape sequence.
    #[pyfunction]
    fn namereplace_errors(vm: &Vm, exception: &Value) -> PyResult<(Value, usize)> {
        handlers::namereplace(vm, exception)
    }
    #[pyfunction]
    fn surrogatepass(vm: &Vm, exception: &Value) -> PyResult<(Value, usize)> {
        handlers::surrogatepass(vm, exception)
    }
    #[pyfunction]
    fn surrogateescape(vm: &Vm, exception: &Value) -> PyResult<(Value, usize)> {
        handlers::surrogateescape(vm, exception)
    }

    // ---- encoders ----

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_8_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        encode(vm, str, errors, Encoding::Utf8, "utf_8_encode")
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn latin_1_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        encode(vm, str, errors, Encoding::Latin1, "latin_1_encode")
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn ascii_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        encode(vm, str, errors, Encoding::Ascii, "ascii_encode")
    }
    #[pyfunction(sig = "(str, errors=None, byteorder=0, /)")]
    fn utf_16_encode(
        vm: &Vm,
        str: &Value,
        errors: Option<&Value>,
        byteorder: Option<i32>,
    ) -> Encoded {
        let encoding = Encoding::Utf16(order(byteorder.unwrap_or(0)));
        encode(vm, str, errors, encoding, "utf_16_encode")
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_16_le_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        encode(vm, str, errors, Encoding::Utf16(Order::Little), "utf_16_le_encode")
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_16_be_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        encode(vm, str, errors, Encoding::Utf16(Order::Big), "utf_16_be_encode")
    }
    #[pyfunction(sig = "(str, errors=None, byteorder=0, /)")]
    fn utf_32_encode(
        vm: &Vm,
        str: &Value,
        errors: Option<&Value>,
        byteorder: Option<i32>,
    ) -> Encoded {
        let encoding = Encoding::Utf32(order(byteorder.unwrap_or(0)));
        encode(vm, str, errors, encoding, "utf_32_encode")
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_32_le_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        encode(vm, str, errors, Encoding::Utf32(Order::Little), "utf_32_le_encode")
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_32_be_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        encode(vm, str, errors, Encoding::Utf32(Order::Big), "utf_32_be_encode")
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_7_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        let text = text(vm, str, "utf_7_encode")?;
        errors_name(errors, vm, "utf_7_encode")?;
        Ok((Bytes::copied(vm, &utf7::encode(vm, text)?)?.into(), text.len()))
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn unicode_escape_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        let text = text(vm, str, "unicode_escape_encode")?;
        errors_name(errors, vm, "unicode_escape_encode")?;
        Ok((Bytes::copied(vm, &escape::unicode_escape(vm, text)?)?.into(), text.len()))
    }
    #[pyfunction(sig = "(str, errors=None, /)")]
    fn raw_unicode_escape_encode(vm: &Vm, str: &Value, errors: Option<&Value>) -> Encoded {
        let text = text(vm, str, "raw_unicode_escape_encode")?;
        errors_name(errors, vm, "raw_unicode_escape_encode")?;
        Ok((Bytes::copied(vm, &escape::raw_unicode_escape(vm, text)?)?.into(), text.len()))
    }
    #[pyfunction(sig = "(str, errors=None, mapping=None, /)")]
    fn charmap_encode(
        vm: &Vm,
        str: &Value,
        errors: Option<&Value>,
        mapping: Option<&Value>,
    ) -> Encoded {
        let text = text(vm, str, "charmap_encode")?;
        let errors = errors_name(errors, vm, "charmap_encode")?;
        let errors = Errors::new(&errors);
        let bytes = match mapping.filter(|m| !m.is_none()) {
            Some(mapping) => charmap::encode(vm, text, &errors, mapping)?,
            None => codec::encode_known(vm, text, Encoding::Latin1, &errors)?,
        };
        Ok((Bytes::copied(vm, &bytes)?.into(), text.len()))
    }
    #[pyfunction]
    fn charmap_build(vm: &Vm, map: &Obj<Str>) -> PyResult {
        charmap::build(vm, map)
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn escape_encode(vm: &Vm, data: &Value, _errors: Option<&Value>) -> Encoded {
        let Some(bytes) = data.downcast::<Bytes>() else {
            return Err(vm.type_error(format!(
                "escape_encode() argument 1 must be bytes, not {}",
                object::type_name_or_none(data)
            )));
        };
        vm.need(bytes.len().saturating_mul(4))?;
        let escaped = escape::bytes_escape(bytes.as_slice());
        Ok((Bytes::copied(vm, &escaped)?.into(), bytes.len()))
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn readbuffer_encode(vm: &Vm, data: &Value, _errors: Option<&Value>) -> Encoded {
        let bytes = source(vm, data)?;
        Ok((Bytes::copied(vm, &bytes)?.into(), bytes.len()))
    }

    // ---- decoders ----

    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_8_decode(vm: &Vm, data: &Value, errors: Option<&Value>, last: Option<bool>) -> Decoded {
        decode(vm, data, errors, Encoding::Utf8, last.unwrap_or(false), "utf_8_decode")
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn latin_1_decode(vm: &Vm, data: &Value, errors: Option<&Value>) -> Decoded {
        decode(vm, data, errors, Encoding::Latin1, true, "latin_1_decode")
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn ascii_decode(vm: &Vm, data: &Value, errors: Option<&Value>) -> Decoded {
        decode(vm, data, errors, Encoding::Ascii, true, "ascii_decode")
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_16_decode(vm: &Vm, data: &Value, errors: Option<&Value>, last: Option<bool>) -> Decoded {
        let encoding = Encoding::Utf16(Order::Marked);
        decode(vm, data, errors, encoding, last.unwrap_or(false), "utf_16_decode")
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_16_le_decode(
        vm: &Vm,
        data: &Value,
        errors: Option<&Value>,
        last: Option<bool>,
    ) -> Decoded {
        let encoding = Encoding::Utf16(Order::Little);
        decode(vm, data, errors, encoding, last.unwrap_or(false), "utf_16_le_decode")
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_16_be_decode(
        vm: &Vm,
        data: &Value,
        errors: Option<&Value>,
        last: Option<bool>,
    ) -> Decoded {
        let encoding = Encoding::Utf16(Order::Big);
        decode(vm, data, errors, encoding, last.unwrap_or(false), "utf_16_be_decode")
    }
    #[pyfunction(sig = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_16_ex_decode(
        vm: &Vm,
        data: &Value,
        errors: Option<&Value>,
        byteorder: Option<i32>,
        last: Option<bool>,
    ) -> PyResult<(Ref<Str>, usize, i32)> {
        let bytes = buffer::contiguous(vm, data)?;
        let errors = errors_name(errors, vm, "utf_16_ex_decode")?;
        let order = order(byteorder.unwrap_or(0));
        codec::decode_utf16(vm, &bytes, order, &Errors::new(&errors), last.unwrap_or(false))
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_32_decode(vm: &Vm, data: &Value, errors: Option<&Value>, last: Option<bool>) -> Decoded {
        let encoding = Encoding::Utf32(Order::Marked);
        decode(vm, data, errors, encoding, last.unwrap_or(false), "utf_32_decode")
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_32_le_decode(
        vm: &Vm,
        data: &Value,
        errors: Option<&Value>,
        last: Option<bool>,
    ) -> Decoded {
        let encoding = Encoding::Utf32(Order::Little);
        decode(vm, data, errors, encoding, last.unwrap_or(false), "utf_32_le_decode")
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_32_be_decode(
        vm: &Vm,
        data: &Value,
        errors: Option<&Value>,
        last: Option<bool>,
    ) -> Decoded {
        let encoding = Encoding::Utf32(Order::Big);
        decode(vm, data, errors, encoding, last.unwrap_or(false), "utf_32_be_decode")
    }
    #[pyfunction(sig = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_32_ex_decode(
        vm: &Vm,
        data: &Value,
        errors: Option<&Value>,
        byteorder: Option<i32>,
        last: Option<bool>,
    ) -> PyResult<(Ref<Str>, usize, i32)> {
        let bytes = buffer::contiguous(vm, data)?;
        let errors = errors_name(errors, vm, "utf_32_ex_decode")?;
        let order = order(byteorder.unwrap_or(0));
        codec::decode_utf32(vm, &bytes, order, &Errors::new(&errors), last.unwrap_or(false))
    }
    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_7_decode(vm: &Vm, data: &Value, errors: Option<&Value>, last: Option<bool>) -> Decoded {
        let bytes = buffer::contiguous(vm, data)?;
        let errors = errors_name(errors, vm, "utf_7_decode")?;
        let last = last.unwrap_or(false);
        let (text, used) = utf7::decode(vm, &bytes, &Errors::new(&errors), last)?;
        Ok((text.into(), used))
    }
    #[pyfunction(sig = "(data, errors=None, final=True, /)")]
    fn unicode_escape_decode(
        vm: &Vm,
        data: &Value,
        errors: Option<&Value>,
        last: Option<bool>,
    ) -> Decoded {
        let bytes = source(vm, data)?;
        let errors = errors_name(errors, vm, "unicode_escape_decode")?;
        let last = last.unwrap_or(true);
        let made = escape::unicode_unescape(vm, &bytes, &Errors::new(&errors), last)?;
        warn_escape(vm, made.invalid)?;
        Ok((made.text.into(), made.used))
    }
    #[pyfunction(sig = "(data, errors=None, final=True, /)")]
    fn raw_unicode_escape_decode(
        vm: &Vm,
        data: &Value,
        errors: Option<&Value>,
        last: Option<bool>,
    ) -> Decoded {
        let bytes = source(vm, data)?;
        let errors = errors_name(errors, vm, "raw_unicode_escape_decode")?;
        let last = last.unwrap_or(true);
        let (text, used) = escape::raw_unicode_unescape(vm, &bytes, &Errors::new(&errors), last)?;
        Ok((text.into(), used))
    }
    #[pyfunction(sig = "(data, errors=None, mapping=None, /)")]
    fn charmap_decode(
        vm: &Vm,
        data: &Value,
        errors: Option<&Value>,
        mapping: Option<&Value>,
    ) -> Decoded {
        let bytes = buffer::contiguous(vm, data)?;
        let errors = errors_name(errors, vm, "charmap_decode")?;
        let mapping = mapping.filter(|m| !m.is_none());
        let text = charmap::decode(vm, &bytes, &Errors::new(&errors), mapping)?;
        Ok((text.into(), bytes.len()))
    }
    #[pyfunction(sig = "(data, errors=None, /)")]
    fn escape_decode(vm: &Vm, data: &Value, errors: Option<&Value>) -> Decoded {
        let bytes = source(vm, data)?;
        let errors = errors_name(errors, vm, "escape_decode")?;
        let errors: Ref<Str> = Ref::from_str(&errors);
        let (plain, invalid) = escape::bytes_unescape(vm, &bytes, &errors)?;
        warn_escape(vm, invalid)?;
        Ok((Bytes::copied(vm, &plain)?.into(), bytes.len()))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        for name in BUILT_IN {
            let function = match name {
                "surrogatepass" | "surrogateescape" => name.to_string(),
                _ => format!("{name}_errors"),
            };
            // Handlers are reached by `lookup_error` alone.
            let name_of = vm.intern(&function);
            if let Some(handler) = module.dict().get_str(&name_of) {
                registry::register_error(vm, name.to_string(), handler);
            }
            drop(module.dict().remove_str(&name_of));
        }
        Ok(())
    }
}
