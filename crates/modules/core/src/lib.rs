//! Native modules without heavy dependencies.
//!
//! Each module of CPython's `Modules/` has a file (or folder) of its name here.

mod abc;
mod array;
mod atexit;
mod bisect;
mod collections;
mod contextvars;
mod errno;
mod functools;
mod gc;
mod heapq;
mod io;
mod itertools;
mod libm;
mod math;
mod operator;
mod posix;
mod random;
mod sre;
mod string;
mod struct_;
mod support;
mod system;
mod thread;
mod time;
mod types;
mod typing;
mod weakref;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;

/// Registers every module of this crate for import.
pub fn register(vm: &Vm) {
    for def in [
        &abc::abc::MODULE,
        &array::array::MODULE,
        &atexit::atexit::MODULE,
        &bisect::bisect::MODULE,
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
        &sre::sre::MODULE,
        &string::string::MODULE,
        &struct_::struct_::MODULE,
        &thread::thread::MODULE,
        &time::time::MODULE,
        &types::types::MODULE,
        &typing::typing::MODULE,
        &weakref::weakref_::MODULE,
    ] {
        add_native(vm, def);
    }
}
