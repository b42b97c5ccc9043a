//! `_codecs`: the registry of encodings. The encodings the machine needs itself are in
//! `objects/str_/codec.rs`. CPython's counterpart: `Python/codecs.c`, `Modules/_codecsmodule.c`.

use crate::object::{Guarded, Obj};
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::call;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymodule;
use std::collections::HashMap;

/// Search functions, what they found, and error handlers by name.
#[derive(Default)]
pub struct Registry {
    pub search: Guarded<Vec<Value>>,
    pub found: Guarded<HashMap<String, Value>>,
    pub errors: Guarded<HashMap<String, Value>>,
}

/// The codec's tuple (encoder, decoder, reader, writer) for an encoding.
pub fn lookup(vm: &Vm, encoding: &str) -> PyResult {
    let name = encoding.to_ascii_lowercase().replace(' ', "_");
    let registry = &vm.interp().codecs;
    if let Some(known) = registry.found.with(|f| f.get(&name).cloned()) {
        return Ok(known);
    }
    if registry.search.with(Vec::is_empty) {
        // The library registers its search function when `encodings` is imported.
        let _ = crate::runtime::import_::import_module(vm, "encodings");
    }
    for search in registry.search.get() {
        let result = call::call(vm, &search, &[vm.str(&name)])?;
        if result.is_none() {
            continue;
        }
        if result.downcast::<Tuple>().is_none_or(|t| t.len() != 4) {
            return Err(vm.type_error("codec search functions must return 4-tuples"));
        }
        registry.found.with_mut(|f| f.insert(name.clone(), result.clone()));
        return Ok(result);
    }
    Err(vm.exception(&vm.exceptions().lookup_error, format!("unknown encoding: {encoding}")))
}

/// The handler registered under a name, for encodings written here.
pub fn lookup_error(vm: &Vm, name: &str) -> PyResult {
    let found = vm.interp().codecs.errors.with(|e| e.get(name).cloned());
    found.ok_or_else(|| {
        let message = format!("unknown error handler name '{name}'");
        vm.exception(&vm.exceptions().lookup_error, message)
    })
}

/// Item `at` (0 the encoder, 1 the decoder) of a codec, called: `(result, consumed)`.
fn call_codec(vm: &Vm, at: usize, input: &Value, encoding: &str, errors: &str) -> PyResult {
    let codec = lookup(vm, encoding)?;
    let items = crate::protocol::iter::collect(vm, &codec)?;
    let Some(function) = items.get(at) else {
        return Err(vm.type_error("codec is incomplete"));
    };
    let result = call::call(vm, function, &[input.clone(), vm.str(errors)])?;
    match result.downcast::<Tuple>() {
        Some(pair) if pair.len() == 2 => Ok(pair.items()[0].clone()),
        _ => Err(vm.type_error(if at == 0 {
            "encoder must return a tuple (object, integer)"
        } else {
            "decoder must return a tuple (object,integer)"
        })),
    }
}

/// Encodes through the registry.
pub fn encode_text(vm: &Vm, text: &Value, encoding: &str, errors: &str) -> PyResult {
    call_codec(vm, 0, text, encoding, errors)
}

/// Decodes through the registry.
pub fn decode_text(vm: &Vm, bytes: &Value, encoding: &str, errors: &str) -> PyResult {
    call_codec(vm, 1, bytes, encoding, errors)
}

#[pymodule(name = "_codecs")]
pub mod codecs {
    use super::*;

    /// Register a codec search function.
    #[pyfunction]
    fn register(vm: &Vm, search_function: Value) -> PyResult<()> {
        if !call::is_callable(&search_function) {
            return Err(vm.type_error("argument must be callable"));
        }
        vm.interp().codecs.search.with_mut(|s| s.push(search_function));
        Ok(())
    }

    /// Looks up a codec tuple in the Python codec registry and returns a CodecInfo object.
    #[pyfunction]
    fn lookup(vm: &Vm, encoding: &Obj<Str>) -> PyResult {
        super::lookup(vm, &encoding.to_string_lossy())
    }

    /// Register the specified error handler under the name errors.
    #[pyfunction]
    fn register_error(vm: &Vm, errors: String, handler: Value) -> PyResult<()> {
        if !call::is_callable(&handler) {
            return Err(vm.type_error("handler must be callable"));
        }
        let old = vm.interp().codecs.errors.with_mut(|e| e.insert(errors, handler));
        drop(old);
        Ok(())
    }

    /// Return the error handler for the specified error handling name.
    #[pyfunction]
    fn lookup_error(vm: &Vm, name: &Obj<Str>) -> PyResult {
        super::lookup_error(vm, &name.to_string_lossy())
    }
}
