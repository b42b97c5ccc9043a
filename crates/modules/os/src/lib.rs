//! Native modules that face the operating system.
//!
//! Each module of CPython's `Modules/` has a file (or folder) of its name here; `system.rs` (and
//! one of that name in a folder) holds the foreign calls, made safe. `posix` itself is in the core
//! crate, since starting needs it.

mod faulthandler;
mod fcntl;
mod grp;
mod locale;
mod posixsubprocess;
mod pwd;
mod resource;
mod select;
mod signal;
mod socket;
mod stat;
mod system;
mod termios;
mod wait;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;

/// Registers every module of this crate for import.
pub fn register(vm: &Vm) {
    for def in [
        &faulthandler::faulthandler::MODULE,
        &fcntl::fcntl::MODULE,
        &grp::grp::MODULE,
        &locale::locale::MODULE,
        &posixsubprocess::posixsubprocess::MODULE,
        &pwd::pwd::MODULE,
        &resource::resource::MODULE,
        &select::select::MODULE,
        &signal::signal::MODULE,
        &socket::socket::MODULE,
        &stat::stat::MODULE,
        &termios::termios::MODULE,
    ] {
        add_native(vm, def);
    }
}
