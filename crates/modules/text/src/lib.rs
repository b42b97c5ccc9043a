//! Native modules about text: `_tokenize`.
//!
//! Each module of CPython's `Modules/` has a file (or folder) of its name here.

mod tokenize;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;

/// Registers every module of this crate for import.
pub fn register(vm: &Vm) {
    for def in [&tokenize::tokenize::MODULE] {
        add_native(vm, def);
    }
}
