//! Native modules about data and numbers: `cmath`, `_datetime`, `_pickle`, `_queue`, `_statistics`, `zlib`.
//!
//! Each module of CPython's `Modules/` has a file (or folder) of its name here.

mod cmath;
mod datetime;
mod pickle;
mod queue;
mod statistics;
mod zlib;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;
use adder_vm::runtime::stress;

/// Registers every module of this crate for import.
pub fn register(vm: &Vm) {
    for def in [
        &cmath::cmath::MODULE,
        &datetime::datetime::MODULE,
        &pickle::pickle::MODULE,
        &queue::queue::MODULE,
        &statistics::statistics::MODULE,
        &zlib::zlib::MODULE,
    ] {
        add_native(vm, def);
    }
    stress::at_end(pickle::known::forget);
}
