//! The library written in Python, inside the binary: an image of compiled modules and their sources
//! (`image.rs`), the modules that come before `sys.path` (`frozen.rs`), and the native half of the
//! importer for the rest (`library_module.rs`; its Python half is `python/_library_importer.py`).
//!
//! The sources are those of CPython 3.14 in the package `rustpython-pylib`, edited as
//! `build/edits.rs` says, and ours in `python/`.
#![forbid(unsafe_code)]

mod frozen;
mod image;
mod library_module;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;

/// Gives the library to a machine that has just started.
pub fn register(vm: &Vm) {
    vm.set_library(frozen::LIBRARY);
    add_native(vm, &library_module::library::MODULE);
}
