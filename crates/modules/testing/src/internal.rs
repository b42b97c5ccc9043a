//! `_testinternalcapi`: the machine's depth, settings and layout. CPython's counterpart:
//! `Modules/_testinternalcapi.c`, of which this is a small part.

use adder_derive::pymodule;
use adder_vm::object::header::GcHead;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::builder::from_wtf8;
use adder_vm::objects::str_::{Str, codec};
use adder_vm::objects::{bytes, int, object as generic};
use adder_vm::runtime::config::Config;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};

/// The settings of this run under CPython's names.
fn settings(vm: &Vm, config: &Config) -> Ref<Dict> {
    let dict = Dict::new_ref();
    let put = |name: &str, value: Value| drop(dict.insert_str(&vm.intern(name), value));
    for (name, on) in [
        ("isolated", config.isolated),
        ("use_environment", !config.ignore_environment),
        ("dev_mode", config.dev_mode),
        ("use_hash_seed", config.hash_seed.is_some()),
        ("site_import", !config.no_site),
        (
            "warn_default_encoding",
            config.x_options.iter().any(|(n, _)| n == "warn_default_encoding"),
        ),
        ("inspect", config.inspect),
        ("interactive", config.interactive),
        ("write_bytecode", !config.dont_write_bytecode),
        ("quiet", config.quiet),
        ("user_site_directory", !config.no_user_site),
        ("buffered_stdio", !config.unbuffered),
        ("safe_path", config.safe_path),
        ("skip_source_first_line", config.skip_first_line),
        // Code objects always have their positions.
        ("code_debug_ranges", true),
    ] {
        put(name, Value::bool(on));
    }
    for (name, number) in [
        ("hash_seed", i64::from(config.hash_seed.unwrap_or(0))),
        ("bytes_warning", i64::from(config.bytes_warning)),
        ("optimization_level", i64::from(config.optimize)),
        ("verbose", i64::from(config.verbose)),
        ("int_max_str_digits", config.int_max_str_digits as i64),
    ] {
        put(name, int::from_i64(number));
    }
    for (name, text) in [
        ("executable", &config.executable),
        ("prefix", &config.prefix),
        ("base_prefix", &config.base_prefix),
    ] {
        put(name, vm.str(text));
    }
    dict
}

/// `strict` and `surrogateescape`, the ways in which names of the system are converted.
fn locale_errors<'a>(vm: &Vm, errors: Option<&'a Obj<Str>>) -> PyResult<&'a str> {
    match errors.map(|e| e.as_ascii()) {
        None | Some(Some("strict")) => Ok("strict"),
        Some(Some("surrogateescape")) => Ok("surrogateescape"),
        Some(_) => Err(vm.value_error("unsupported error handler")),
    }
}

/// A failed conversion as the functions below report it.
fn locale_failure(vm: &Vm, exc: Exc, what: &str, doing: &str) -> Exc {
    let start = exc.0.field(vm, "start").and_then(|start| int::to_i64_exact(&start));
    match start {
        Some(at) => vm.runtime_error(format!("{what} error: pos={at}, reason={doing} error")),
        None => exc,
    }
}

#[pymodule(name = "_testinternalcapi")]
pub mod internal {
    use super::*;

    /// How many Python functions are running.
    #[pyfunction]
    fn get_recursion_depth(vm: &Vm) -> usize {
        vm.recursion_depth()
    }
    /// The settings the runtime was started with.
    #[pyfunction]
    fn get_config(vm: &Vm) -> Ref<Dict> {
        settings(vm, vm.config())
    }
    /// The names of the allocators: what is no object comes from the C library.
    #[pyfunction]
    fn pymem_getallocatorsname(_vm: &Vm) -> &'static str {
        "malloc"
    }
    /// Nothing is made immortal for being shared by threads, so there is nothing to suppress.
    #[pyfunction]
    fn suppress_immortalization(_vm: &Vm, _suppress: &Value) {}
    #[pyfunction]
    fn get_immortalize_deferred(_vm: &Vm) -> bool {
        false
    }
    /// Do the attributes lie in the object, by its shape, and not in a dict?
    #[pyfunction]
    fn has_inline_values(_vm: &Vm, object: &Value) -> bool {
        generic::attrs_of(object).is_some_and(|(attrs, ..)| attrs.dict().is_none())
    }
    /// dict[key] for a key whose hash is known.
    #[pyfunction]
    fn dict_getitem_knownhash(vm: &Vm, mp: &Value, key: &Value, hash: i64) -> PyResult {
        let Some(dict) = mp.downcast::<Dict>() else {
            return Err(vm.system_error("bad argument to internal function"));
        };
        dict.get_hashed(vm, key, hash)?.ok_or_else(|| vm.key_error(key))
    }
    /// C implementation of inspect.cleandoc().
    #[pyfunction(sig = "($module, /, doc)")]
    fn compiler_cleandoc(_vm: &Vm, doc: &Obj<Str>) -> Ref<Str> {
        from_wtf8(&adder_compiler::clean_docstring(&doc.to_wtf8()))
    }
    /// Text in the encoding of the system's names.
    #[pyfunction(name = "EncodeLocaleEx")]
    fn encode_locale(
        vm: &Vm,
        text: &Obj<Str>,
        _current_locale: Option<&Value>,
        errors: Option<&Obj<Str>>,
    ) -> PyResult {
        let errors = locale_errors(vm, errors)?;
        codec::encode(vm, text, "utf-8", errors)
            .map_err(|e| locale_failure(vm, e, "encode", "encoding"))
    }
    /// Text from the encoding of the system's names.
    #[pyfunction(name = "DecodeLocaleEx")]
    fn decode_locale(
        vm: &Vm,
        bytes: &Obj<bytes::Bytes>,
        _current_locale: Option<&Value>,
        errors: Option<&Obj<Str>>,
    ) -> PyResult<Ref<Str>> {
        let errors = locale_errors(vm, errors)?;
        codec::decode(vm, bytes.as_slice(), "utf-8", errors)
            .map_err(|e| locale_failure(vm, e, "decode", "decoding"))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<crate::hamt::Hamt>());
        for (name, size) in [
            ("SIZEOF_PYGC_HEAD", size_of::<GcHead>()),
            ("SIZEOF_PYOBJECT", size_of::<adder_vm::object::ObjHead>()),
            ("SIZEOF_TIME_T", size_of::<std::ffi::c_long>()),
        ] {
            module.set(vm, name, int::from_i64(size as i64));
        }
        Ok(())
    }
}
