//! Native modules without heavy dependencies.
//!
//! Each module of CPython's `Modules/` has a file (or folder) of its name here.

mod abc;
mod array;
mod ast;
mod asyncio;
mod atexit;
mod binascii;
mod bisect;
mod codecs;
mod collections;
pub mod contextvars;
mod errno;
mod functools;
mod gc;
mod heapq;
mod io;
mod itertools;
mod libm;
mod math;
mod operator;
pub mod posix;
mod random;
mod small;
mod sre;
mod string;
mod struct_;
pub mod support;
mod symtable;
pub mod system;
#[cfg(test)]
mod testing;
mod thread;
pub mod time;
mod tracemalloc;
mod types;
mod typing;
mod weakref;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;
use adder_vm::runtime::stress;

/// Registers every module of this crate for import.
pub fn register(vm: &Vm) {
    vm.set_tree_bridge(ast::BRIDGE);
    for def in [
        &abc::abc::MODULE,
        &array::array::MODULE,
        &ast::ast_module::MODULE,
        &asyncio::asyncio::MODULE,
        &atexit::atexit::MODULE,
        &binascii::binascii::MODULE,
        &bisect::bisect::MODULE,
        &codecs::codecs::MODULE,
        &collections::collections::MODULE,
        &contextvars::contextvars::MODULE,
        &errno::errno::MODULE,
        &functools::functools::MODULE,
        &gc::gc::MODULE,
        &heapq::heapq::MODULE,
        &io::io::MODULE,
        &itertools::itertools::MODULE,
        &math::math::MODULE,
        &operator::operator::MODULE,
        &posix::posix::MODULE,
        &random::random::MODULE,
        &small::suggestions::MODULE,
        &small::sysconfig::MODULE,
        &sre::sre::MODULE,
        &string::string::MODULE,
        &struct_::struct_::MODULE,
        &symtable::symtable::MODULE,
        &thread::thread::MODULE,
        &tracemalloc::tracemalloc::MODULE,
        &time::time::MODULE,
        &types::types::MODULE,
        &typing::typing::MODULE,
        &weakref::weakref_::MODULE,
    ] {
        add_native(vm, def);
    }
    stress::at_end(asyncio::forget);
    stress::at_end(posix::process::forget);
    stress::at_end(thread::forget);
}

/// Sets up what a program finds when it starts: the standard streams. One that cannot be made is
/// left out.
pub fn start(vm: &Vm) {
    if let Err(exc) = io::install_standard_streams(vm) {
        vm.unraisable(exc, "Exception ignored while setting up the standard streams", None);
    }
}
