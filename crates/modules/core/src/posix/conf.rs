//! The part of `posix` that asks for limits and settings of the system: `sysconf`, `pathconf`,
//! `confstr`, `statvfs`. The numbers of the names are glibc's.

use super::conf_names::{CONFSTR, PATHCONF, SYSCONF};
use super::path::PathOrFd;
use super::plain;
use crate::system::fd as system;
use adder_derive::pymodule;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::objects::struct_sequence;
use adder_vm::runtime::args::FromArg;
use adder_vm::{Obj, PyResult, Value, Vm};

const STATVFS: &str = "os.statvfs_result";
const VISIBLE: [&str; 10] = [
    "f_bsize",
    "f_frsize",
    "f_blocks",
    "f_bfree",
    "f_bavail",
    "f_files",
    "f_ffree",
    "f_favail",
    "f_flag",
    "f_namemax",
];
const HIDDEN: [&str; 1] = ["f_fsid"];

fn statvfs_record(vm: &Vm, s: &libc::statvfs) -> Value {
    let values = [
        s.f_bsize,
        s.f_frsize,
        s.f_blocks,
        s.f_bfree,
        s.f_bavail,
        s.f_files,
        s.f_ffree,
        s.f_favail,
        s.f_flag,
        s.f_namemax,
    ];
    let values = values.map(|n| int::from_i128(n.into()));
    let visible: Vec<_> = VISIBLE.into_iter().zip(values).collect();
    let hidden = [("f_fsid", int::from_i128(s.f_fsid.into()))];
    struct_sequence::make_hiding(vm, STATVFS, &visible, &hidden)
}

/// The number of a setting, given by number or by name.
fn setting(vm: &Vm, name: &Value, names: &[(&str, i32)]) -> PyResult<i32> {
    match name.downcast::<Str>() {
        Some(text) => match names.iter().find(|(known, _)| text.is_str(known)) {
            Some((_, number)) => Ok(*number),
            None => Err(vm.value_error("unrecognized configuration name")),
        },
        None if int::is_int(name) || adder_vm::protocol::number::has_index(name) => {
            i32::from_value(vm, name)
        }
        None => Err(vm.type_error("configuration names must be strings or integers")),
    }
}

#[pymodule(name = "posix")]
pub mod conf {
    use super::*;

    /// Return an integer-valued system configuration variable.
    #[pyfunction]
    fn sysconf(vm: &Vm, name: &Value) -> PyResult<i64> {
        let name = setting(vm, name, SYSCONF)?;
        plain(vm, system::sysconf(name))
    }
    /// Return a string-valued system configuration variable.
    #[pyfunction]
    fn confstr(vm: &Vm, name: &Value) -> PyResult {
        let name = setting(vm, name, CONFSTR)?;
        match plain(vm, system::confstr(name))? {
            Some(text) => super::super::path::decode(vm, &text),
            None => Ok(Value::NONE),
        }
    }
    /// Return the configuration limit name for the file or directory path.
    ///
    /// If there is no limit, return -1.
    /// On some platforms, path may also be specified as an open file descriptor.
    ///   If this functionality is unavailable, using it raises an exception.
    #[pyfunction(sig = "(path, name)")]
    fn pathconf(vm: &Vm, path: PathOrFd, name: &Value) -> PyResult<i64> {
        let name = setting(vm, name, PATHCONF)?;
        let result = match &path {
            PathOrFd::Path(p) => system::pathconf(Ok(&p.c()), name),
            PathOrFd::Fd(fd) => system::pathconf(Err(*fd), name),
        };
        result.map_err(|e| path.error(vm, &e))
    }
    /// Return the configuration limit name for the file descriptor fd.
    ///
    /// If there is no limit, return -1.
    #[pyfunction]
    fn fpathconf(vm: &Vm, fd: i32, name: &Value) -> PyResult<i64> {
        let name = setting(vm, name, PATHCONF)?;
        plain(vm, system::pathconf(Err(fd), name))
    }
    /// Perform a statvfs system call on the given path.
    ///
    /// path may always be specified as a string.
    /// On some platforms, path may also be specified as an open file descriptor.
    ///   If this functionality is unavailable, using it raises an exception.
    #[pyfunction(sig = "(path)")]
    fn statvfs(vm: &Vm, path: PathOrFd) -> PyResult {
        let result = match &path {
            PathOrFd::Path(p) => {
                let c = p.c();
                vm.without_lock(|| system::statvfs(Ok(&c)))
            }
            PathOrFd::Fd(fd) => vm.without_lock(|| system::statvfs(Err(*fd))),
        };
        result.map(|s| statvfs_record(vm, &s)).map_err(|e| path.error(vm, &e))
    }
    /// Perform an fstatvfs system call on the given fd.
    ///
    /// Equivalent to statvfs(fd).
    #[pyfunction]
    fn fstatvfs(vm: &Vm, fd: i32) -> PyResult {
        let facts = plain(vm, vm.without_lock(|| system::statvfs(Err(fd))))?;
        Ok(statvfs_record(vm, &facts))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let ty = struct_sequence::record_type_hiding(vm, STATVFS, &VISIBLE, &HIDDEN);
        module.add_type(vm, &ty);
        for (table, names) in
            [("sysconf_names", SYSCONF), ("pathconf_names", PATHCONF), ("confstr_names", CONFSTR)]
        {
            let all = Dict::new_ref();
            for (name, number) in names {
                all.insert(vm, &vm.str(name), Value::int_unchecked((*number).into()))?;
            }
            module.set(vm, table, all.into());
        }
        Ok(())
    }
}
