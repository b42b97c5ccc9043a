//! Native modules without heavy dependencies.
//!
//! Each module of CPython's `Modules/` has a file (or folder) of its name here.

mod ast;
mod codecs;
mod collections;
mod errno;
mod gc;
mod io;
mod itertools;
mod libm;
mod math;
pub mod posix;
mod sre;
mod string;
pub mod support;
pub mod system;
mod thread;
mod time;
mod weakref;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;

/// Registers every module of this crate for import.
pub fn register(vm: &Vm) {
    vm.set_tree_bridge(ast::BRIDGE);
    for def in [
        &ast::ast_module::MODULE,
        &codecs::codecs::MODULE,
        &collections::collections::MODULE,
        &errno::errno::MODULE,
        &gc::gc::MODULE,
        &io::io::MODULE,
        &itertools::itertools::MODULE,
        &math::math::MODULE,
        &posix::posix::MODULE,
        &sre::sre::MODULE,
        &string::string::MODULE,
        &thread::thread::MODULE,
        &time::time::MODULE,
        &weakref::weakref_::MODULE,
    ] {
        add_native(vm, def);
    }
}

/// Sets up what a program finds when it starts: the standard streams. One that cannot be made is
/// left out.
pub fn start(vm: &Vm) {
    if let Err(exc) = io::install_standard_streams(vm) {
        vm.unraisable(exc, "Exception ignored while setting up the standard streams", None);
    }
}
