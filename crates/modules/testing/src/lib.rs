//! The modules with which CPython's own tests look at the runtime from inside: `_testcapi`,
//! `_testinternalcapi`, `_testlimitedcapi`, `_testsinglephase`.
//!
//! They are here so that those tests can be run, and are of no use to programs. A function is here
//! if something in this machine truly does what CPython's does; what has no counterpart is absent.

mod capi;
mod hamt;
mod internal;
mod limited;
mod singlephase;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;

/// Registers every module of this crate for import.
pub fn register(vm: &Vm) {
    for def in [
        &capi::capi::MODULE,
        &internal::internal::MODULE,
        &limited::limited::MODULE,
        &singlephase::singlephase::MODULE,
    ] {
        add_native(vm, def);
    }
}
