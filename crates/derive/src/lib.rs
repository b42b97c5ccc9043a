//! The attribute macros that declare Python types, methods and modules in Rust.
//!
//! They emit data and thin shims, nothing clever: for each method a constant `NativeDef` (name,
//! signature, docstring, parameters, function pointer) and a closure that takes the bound arguments
//! apart with `FromArg`. Binding itself (positional, keyword, defaults, error texts) is one ordinary
//! function in the machine, `runtime/args.rs`.
//!
//! - `#[pyclass(name = "list", ...)]` on a struct: its type cell, traversal, and type description.
//! - `#[pymethods]` on an `impl`: methods, class and static methods, getters, setters, slots.
//! - `#[pymodule(name = "math")]` on a `mod`: functions and an optional `init`.

mod class;
mod methods;
mod module;
mod signature;

use proc_macro::TokenStream;

/// Declares the Rust struct behind a Python type. See the crate's documentation.
#[proc_macro_attribute]
pub fn pyclass(attribute: TokenStream, item: TokenStream) -> TokenStream {
    class::expand(attribute.into(), item.into()).unwrap_or_else(|e| e.to_compile_error()).into()
}

/// Declares the methods and slots of a Python type. See the crate's documentation.
#[proc_macro_attribute]
pub fn pymethods(_attribute: TokenStream, item: TokenStream) -> TokenStream {
    methods::expand(item.into()).unwrap_or_else(|e| e.to_compile_error()).into()
}

/// Declares a native module. See the crate's documentation.
#[proc_macro_attribute]
pub fn pymodule(attribute: TokenStream, item: TokenStream) -> TokenStream {
    module::expand(attribute.into(), item.into()).unwrap_or_else(|e| e.to_compile_error()).into()
}
