//! Native modules about text: `_csv`, `_json`, `_tokenize`, `unicodedata`.
//!
//! Each module of CPython's `Modules/` has a file (or folder) of its name here.

mod csv;
mod json;
mod tokenize;
mod unicodedata;
mod unit;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;
use adder_vm::runtime::stress;

/// Registers every module of this crate for import.
pub fn register(vm: &Vm) {
    for def in [
        &csv::csv::MODULE,
        &json::json::MODULE,
        &tokenize::tokenize::MODULE,
        &unicodedata::unicodedata::MODULE,
    ] {
        add_native(vm, def);
    }
    stress::at_end(csv::forget);
}
