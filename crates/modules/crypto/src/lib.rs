//! Hashes: `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`, `_hashlib`. The algorithms are RustCrypto's and
//! `blake2*_simd`'s. CPython's counterparts: `Modules/md5module.c` and its neighbours.

#[macro_use]
mod hash;
mod blake2;
mod hashlib;
mod md5;
mod sha1;
mod sha2;
mod sha3;

use adder_vm::Vm;
use adder_vm::runtime::import_::add_native;

/// Registers every module of this crate for import.
pub fn register(vm: &Vm) {
    for def in [
        &blake2::blake2::MODULE,
        &hashlib::hashlib::MODULE,
        &md5::md5::MODULE,
        &sha1::sha1::MODULE,
        &sha2::sha2::MODULE,
        &sha3::sha3::MODULE,
    ] {
        add_native(vm, def);
    }
}
