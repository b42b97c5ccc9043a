//! The registry of encodings and error handlers. The encodings the machine needs itself are in
//! `objects/str_/codec.rs`; the module `_codecs` over both lives outside this crate, and registers
//! the built-in handlers when it is imported. CPython's counterpart: `Python/codecs.c`.

use crate::object::Guarded;
use crate::objects::int;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{call, object};
use crate::runtime::errors::PyResult;
use crate::runtime::import_::import_module;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::collections::HashMap;

/// Search functions, what they found, and error handlers by name.
#[derive(Default)]
pub struct Registry {
    pub search: Guarded<Vec<Value>>,
    pub found: Guarded<HashMap<String, Value>>,
    pub errors: Guarded<HashMap<String, Value>>,
}

/// An encoding's name as search functions get it: letters in lower case, and one underscore for
/// what is neither a letter, a digit nor a dot.
pub fn normalize(encoding: &str) -> String {
    let mut name = String::with_capacity(encoding.len());
    let mut gap = false;
    for c in encoding.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            if gap && !name.is_empty() {
                name.push('_');
            }
            gap = false;
            name.push(c.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    name
}

/// The codec's tuple (encoder, decoder, reader, writer) for an encoding.
pub fn lookup(vm: &Vm, encoding: &str) -> PyResult {
    let name = normalize(encoding);
    let registry = &vm.interp().codecs;
    if let Some(known) = registry.found.with(|f| f.get(&name).cloned()) {
        return Ok(known);
    }
    if registry.search.with(Vec::is_empty) {
        // The library registers its search function when `encodings` is imported.
        import_module(vm, "encodings")?;
    }
    for search in registry.search.get() {
        let result = call::call(vm, &search, &[vm.str(&name)])?;
        if result.is_none() {
            continue;
        }
        if result.downcast::<Tuple>().is_none_or(|t| t.len() != 4) {
            return Err(vm.type_error("codec search functions must return 4-tuples"));
        }
        let old = registry.found.with_mut(|f| f.insert(name, result.clone()));
        drop(old);
        return Ok(result);
    }
    Err(vm.exception(&vm.exceptions().lookup_error, format!("unknown encoding: {encoding}")))
}

/// The codec of an encoding that is between text and bytes; `instead` is the function for others.
pub fn lookup_text(vm: &Vm, encoding: &str, instead: &str) -> PyResult {
    let codec = lookup(vm, encoding)?;
    if !codec.is_exact::<Tuple>()
        && let Some(is_text) = object::lookup_attr(vm, &codec, &vm.intern("_is_text_encoding"))?
        && !object::is_true(vm, &is_text)?
    {
        return Err(vm.lookup_error(format!(
            "'{encoding}' is not a text encoding; use {instead} to handle arbitrary codecs"
        )));
    }
    Ok(codec)
}

/// Adds a search function.
pub fn register(vm: &Vm, search: Value) {
    vm.interp().codecs.search.with_mut(|s| s.push(search));
}

/// Takes a search function away, and forgets what was found.
pub fn unregister(vm: &Vm, search: &Value) {
    let registry = &vm.interp().codecs;
    let at = registry.search.with(|all| all.iter().position(|s| s.is(search)));
    if let Some(at) = at {
        let old = registry.search.with_mut(|all| all.remove(at));
        let found = registry.found.replace(HashMap::new());
        drop((old, found));
    }
}

/// Binds an error handler to a name.
pub fn register_error(vm: &Vm, name: String, handler: Value) {
    let old = vm.interp().codecs.errors.with_mut(|e| e.insert(name, handler));
    drop(old);
}

/// Takes an error handler away; was there one?
pub fn unregister_error(vm: &Vm, name: &str) -> bool {
    let old = vm.interp().codecs.errors.with_mut(|e| e.remove(name));
    old.is_some()
}

/// The handler registered under a name.
pub fn lookup_error(vm: &Vm, name: &str) -> PyResult {
    let known = || vm.interp().codecs.errors.with(|e| e.get(name).cloned());
    if let Some(found) = known() {
        return Ok(found);
    }
    import_module(vm, "_codecs")?;
    known().ok_or_else(|| {
        let message = format!("unknown error handler name '{name}'");
        vm.exception(&vm.exceptions().lookup_error, message)
    })
}

/// Item `at` (0 the encoder, 1 the decoder) of a codec, called: the result. An exception gets a note
/// that names the operation.
pub fn call_codec(
    vm: &Vm,
    codec: &Value,
    at: usize,
    input: &Value,
    encoding: &str,
    errors: Option<&str>,
) -> PyResult {
    let function = match codec.downcast::<Tuple>().and_then(|t| t.items().get(at)) {
        Some(function) => function.clone(),
        None => return Err(vm.type_error("codec is incomplete")),
    };
    let mut args = vec![input.clone()];
    args.extend(errors.map(|e| vm.str(e)));
    let result = match call::call(vm, &function, &args) {
        Ok(result) => result,
        Err(exc) => {
            let operation = if at == 0 { "encoding" } else { "decoding" };
            exc.0.add_note(vm, &format!("{operation} with '{encoding}' codec failed"))?;
            return Err(exc);
        }
    };
    match result.downcast::<Tuple>() {
        Some(pair) if pair.len() == 2 && int::is_int(&pair.items()[1]) => {
            Ok(pair.items()[0].clone())
        }
        _ => Err(vm.type_error(if at == 0 {
            "encoder must return a tuple (object, integer)"
        } else {
            "decoder must return a tuple (object,integer)"
        })),
    }
}

/// Encodes through the registry.
pub fn encode_text(vm: &Vm, text: &Value, encoding: &str, errors: &str) -> PyResult {
    let codec = lookup_text(vm, encoding, "codecs.encode()")?;
    call_codec(vm, &codec, 0, text, encoding, Some(errors))
}

/// Decodes through the registry.
pub fn decode_text(vm: &Vm, bytes: &Value, encoding: &str, errors: &str) -> PyResult {
    let codec = lookup_text(vm, encoding, "codecs.decode()")?;
    call_codec(vm, &codec, 1, bytes, encoding, Some(errors))
}

/// A name argument without a lone surrogate.
pub fn plain_name(vm: &Vm, name: &crate::object::Obj<Str>) -> PyResult<String> {
    name.to_utf8().ok_or_else(|| vm.surrogate_error(name))
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn names_are_normalized() {
        assert_eq!(normalize("UTF-8"), "utf_8");
        assert_eq!(normalize("latex+latin1"), "latex_latin1");
        assert_eq!(normalize(" a  b.c- "), "a_b.c");
    }
}
