//! Calls relative to a directory's descriptor: the arguments `dir_fd`.

use adder_vm::objects::int;
use adder_vm::protocol::number;
use adder_vm::runtime::args::FromArg;
use adder_vm::{PyResult, Value, Vm};

/// A directory's descriptor, or the current directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DirFd(pub i32);

impl DirFd {
    pub const CURRENT: DirFd = DirFd(libc::AT_FDCWD);

    pub fn is_given(self) -> bool {
        self != DirFd::CURRENT
    }
}

impl<'a> FromArg<'a> for DirFd {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<DirFd> {
        if value.is_none() {
            return Ok(DirFd::CURRENT);
        }
        if !number::has_index(value) {
            return Err(vm.type_error(format!(
                "argument should be integer or None, not {}",
                value.ty().name()
            )));
        }
        if value.is_bool() {
            let message = "bool is used as a file descriptor";
            vm.warn(vm.exception_type("RuntimeWarning"), message, 1)?;
        }
        let number = number::index(vm, value)?;
        match int::to_i64_exact(&number) {
            Some(n) if n > i64::from(i32::MAX) => {
                Err(vm.overflow_error("fd is greater than maximum"))
            }
            Some(n) if n < i64::from(i32::MIN) => Err(vm.overflow_error("fd is less than minimum")),
            Some(n) => Ok(DirFd(n as i32)),
            None if int::is_negative(&number) => Err(vm.overflow_error("fd is less than minimum")),
            None => Err(vm.overflow_error("fd is greater than maximum")),
        }
    }
    fn missing(_vm: &Vm) -> PyResult<DirFd> {
        Ok(DirFd::CURRENT)
    }
}
