//! Native modules without heavy dependencies.

use adder_vm::Vm;

/// Registers every module of this crate for import.
pub fn register(_vm: &Vm) {}
