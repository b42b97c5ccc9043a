//! Adder's public API: run Python from a Rust program.
//!
//! ```
//! let status = adder::run(adder::Config::default(), |vm| {
//!     adder::exec(vm, "x = 6 * 7").is_ok()
//! });
//! assert!(status);
//! ```
//!
//! CPython's counterpart: embedding through `Include/Python.h`.

pub use adder_vm::runtime::config::Config;
pub use adder_vm::{Exc, PyResult, Value, Vm};

use adder_vm::objects::dict::Dict;
use adder_vm::runtime::compile::Request;
use adder_vm::runtime::enter;

/// Starts the runtime (once in a process) and runs `f` under the interpreter lock. Without a path of
/// its own it finds the library.
pub fn run<R>(mut config: Config, f: impl FnOnce(&Vm) -> R) -> R {
    if config.path.is_empty() {
        config.path.push(config.library_root());
    }
    Vm::enter(config, |vm| {
        if vm.starts() {
            adder_modules_core::register(vm);
            adder_modules_os::register(vm);
            adder_modules_text::register(vm);
            adder_modules_data::register(vm);
            adder_modules_crypto::register(vm);
            adder_modules_testing::register(vm);
            adder_library::register(vm);
            if let Err(exc) = adder_vm::runtime::import_::bootstrap(vm) {
                adder_vm::builtin_modules::sys::show_uncaught(vm, &exc);
            }
            adder_modules_core::start(vm);
            adder_vm::runtime::gc::settle();
        }
        f(vm)
    })
}

/// Executes source text in a fresh namespace.
///
/// # Errors
/// What the program raises, `SyntaxError` included.
pub fn exec(vm: &Vm, source: &str) -> PyResult<()> {
    let globals = Dict::new_ref();
    let request = Request { is_text: true, ..Request::file(vm, "<string>") };
    let code = vm.compile(source.as_bytes(), &request)?;
    enter::run_code(vm, &code, &globals, globals.to_value(), None).map(drop)
}
