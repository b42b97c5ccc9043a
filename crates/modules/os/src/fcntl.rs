//! `fcntl`: control of descriptors, and file locks. CPython's counterpart: `Modules/fcntlmodule.c`.

use crate::system;
use adder_derive::pymodule;
use adder_modules_core::posix::retry;
use adder_modules_core::support::{add_ints, descriptor};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::buffer;
use adder_vm::runtime::args::FromArg;
use adder_vm::{Obj, PyResult, Value, Vm};

/// A structure is copied into room of this size, so that a command that fills a longer one than it
/// was given stays within it.
const ROOM: usize = 1024;

/// What the third argument of `fcntl` and `ioctl` is.
enum Argument {
    Number(i32),
    Bytes(Vec<u8>),
}

impl Argument {
    fn new(vm: &Vm, value: Option<&Value>, function: &str) -> PyResult<Argument> {
        let Some(value) = value else { return Ok(Argument::Number(0)) };
        let bytes = match value.downcast::<Str>() {
            Some(text) => match text.to_utf8() {
                Some(text) => text.into_bytes(),
                None => return Err(vm.surrogate_error(text)),
            },
            None if buffer::has_buffer(value) => buffer::contiguous(vm, value)?,
            None => {
                let overflow = |message: &str| vm.overflow_error(message);
                let wide = adder_vm::protocol::number::to_i128(vm, value)?
                    .ok_or_else(|| overflow("Python int too large to convert to C long"))?;
                // Unsigned numbers are as good as signed ones; `fcntl` takes the lowest bits of any.
                let fits = i32::try_from(wide).is_ok() || u32::try_from(wide).is_ok();
                if !fits && function == "ioctl" {
                    return Err(overflow(match i64::try_from(wide) {
                        Ok(n) if n > 0 => "signed integer is greater than maximum",
                        Ok(_) => "signed integer is less than minimum",
                        Err(_) => "Python int too large to convert to C long",
                    }));
                }
                return Ok(Argument::Number(wide as i32));
            }
        };
        if bytes.len() > ROOM {
            return Err(vm.value_error(format!("{function} argument 3 is too long")));
        }
        Ok(Argument::Bytes(bytes))
    }
}

fn lock_kind(vm: &Vm, operation: i32) -> PyResult<i32> {
    if operation & libc::LOCK_UN != 0 {
        Ok(libc::F_UNLCK)
    } else if operation & libc::LOCK_SH != 0 {
        Ok(libc::F_RDLCK)
    } else if operation & libc::LOCK_EX != 0 {
        Ok(libc::F_WRLCK)
    } else {
        Err(vm.value_error("unrecognized lockf argument"))
    }
}

/// This module performs file control and I/O control on file
/// descriptors.  It is an interface to the fcntl() and ioctl() Unix
/// routines.  File descriptors can be obtained with the fileno() method of
/// a file or socket object.
#[pymodule(name = "fcntl")]
pub mod fcntl {
    use super::*;

    /// Perform the operation `cmd` on file descriptor fd.
    ///
    /// The values used for `cmd` are operating system dependent, and are available
    /// as constants in the fcntl module, using the same names as used in
    /// the relevant C header files.  The argument arg is optional, and
    /// defaults to 0; it may be an int or a string.  If arg is given as a string,
    /// the return value of fcntl is a string of that length, containing the
    /// resulting value put in the arg buffer by the operating system.  The length
    /// of the arg string is not allowed to exceed 1024 bytes.  If the arg given
    /// is an integer or if none is specified, the result value is an integer
    /// corresponding to the return value of the fcntl call in the C code.
    #[pyfunction(name = "fcntl", sig = "(fd, cmd, arg=0, /)")]
    fn fcntl_(vm: &Vm, fd: &Value, cmd: i32, arg: Option<&Value>) -> PyResult {
        let fd = descriptor(vm, fd)?;
        match Argument::new(vm, arg, "fcntl")? {
            Argument::Number(number) => {
                let n = retry(vm, || system::fcntl(fd, cmd, number))?
                    .map_err(|e| vm.os_error(&e, None))?;
                Ok(Value::int_unchecked(n.into()))
            }
            Argument::Bytes(bytes) => {
                let len = bytes.len();
                let mut room = bytes;
                room.resize(ROOM, 0);
                retry(vm, || system::fcntl_buffer(fd, cmd, &mut room))?
                    .map_err(|e| vm.os_error(&e, None))?;
                Ok(Bytes::copied(vm, &room[..len])?.into())
            }
        }
    }

    /// Perform the operation request on file descriptor fd.
    ///
    /// The values used for request are operating system dependent, and are available
    /// as constants in the fcntl or termios library modules, using the same names as
    /// used in the relevant C header files.
    #[pyfunction(sig = "(fd, request, arg=0, mutate_flag=True, /)")]
    fn ioctl(
        vm: &Vm,
        fd: &Value,
        request: &Value,
        arg: Option<&Value>,
        mutate_flag: Option<bool>,
    ) -> PyResult {
        let fd = descriptor(vm, fd)?;
        let request = adder_vm::protocol::number::to_i128(vm, request)?
            .and_then(|r| u64::try_from(r & 0xffff_ffff).ok())
            .ok_or_else(|| vm.overflow_error("Python int too large to convert to C long"))?;
        let failed = |e: std::io::Error| vm.os_error(&e, None);
        if let Some(value) = arg
            && buffer::has_buffer(value)
        {
            let lent = buffer::get(vm, value, false)?;
            if !lent.readonly && mutate_flag.unwrap_or(true) {
                let mut room = lent.to_vec();
                let len = room.len();
                room.resize(len.max(ROOM), 0);
                let n = retry(vm, || system::ioctl_buffer(fd, request, &mut room))?;
                lent.with_mut(|into| into.copy_from_slice(&room[..len]));
                return n.map(|n| Value::int_unchecked(n.into())).map_err(failed);
            }
        }
        match Argument::new(vm, arg, "ioctl")? {
            Argument::Number(number) => {
                let n = retry(vm, || system::ioctl(fd, request, number))?.map_err(failed)?;
                Ok(Value::int_unchecked(n.into()))
            }
            Argument::Bytes(bytes) => {
                let len = bytes.len();
                let mut room = bytes;
                room.resize(ROOM, 0);
                retry(vm, || system::ioctl_buffer(fd, request, &mut room))?.map_err(failed)?;
                Ok(Bytes::copied(vm, &room[..len])?.into())
            }
        }
    }

    /// Perform the lock operation `operation` on file descriptor fd.
    ///
    /// See the Unix manual page for flock(2) for details (On some systems, this
    /// function is emulated using fcntl()).
    #[pyfunction]
    fn flock(vm: &Vm, fd: &Value, operation: i32) -> PyResult<()> {
        let fd = descriptor(vm, fd)?;
        retry(vm, || system::flock(fd, operation))?.map(drop).map_err(|e| vm.os_error(&e, None))
    }

    /// A wrapper around the fcntl() locking calls.
    ///
    /// fd is the file descriptor of the file to lock or unlock, and operation is one
    /// of the following values:
    ///
    ///     LOCK_UN - unlock
    ///     LOCK_SH - acquire a shared lock
    ///     LOCK_EX - acquire an exclusive lock
    ///
    /// When operation is LOCK_SH or LOCK_EX, it can also be bitwise ORed with
    /// LOCK_NB to avoid blocking on lock acquisition.
    #[pyfunction(sig = "(fd, cmd, len=0, start=0, whence=0, /)")]
    fn lockf(
        vm: &Vm,
        fd: &Value,
        cmd: i32,
        len: Option<&Value>,
        start: Option<&Value>,
        whence: Option<i32>,
    ) -> PyResult<()> {
        let fd = descriptor(vm, fd)?;
        let number = |v: Option<&Value>| v.map_or(Ok(0), |v| i64::from_value(vm, v));
        let (len, start) = (number(len)?, number(start)?);
        let kind = lock_kind(vm, cmd)?;
        let command = if cmd & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
        let whence = whence.unwrap_or(0);
        retry(vm, || system::lock(fd, command, kind, whence, start, len))?
            .map(drop)
            .map_err(|e| vm.os_error(&e, None))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        add_ints(vm, module, CONSTANTS);
        Ok(())
    }
}

macro_rules! constants {
    ($($name:ident)*; $($own:literal = $value:expr,)*) => {
        const CONSTANTS: &[(&str, i64)] =
            &[$((stringify!($name), libc::$name as i64),)* $(($own, $value),)*];
    };
}

constants! {
    LOCK_SH LOCK_EX LOCK_NB LOCK_UN
    F_DUPFD F_DUPFD_CLOEXEC F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_GETOWN
    F_SETOWN F_RDLCK F_WRLCK F_UNLCK F_SETLEASE F_GETLEASE F_NOTIFY F_SETPIPE_SZ F_GETPIPE_SZ
    F_ADD_SEALS F_GET_SEALS F_SEAL_SEAL F_SEAL_SHRINK F_SEAL_GROW F_SEAL_WRITE F_OFD_GETLK
    F_OFD_SETLK F_OFD_SETLKW
    FD_CLOEXEC;
    "F_GETOWN_EX" = 16,
    "F_SETOWN_EX" = 15,
    "F_OWNER_TID" = 0,
    "F_OWNER_PID" = 1,
    "F_OWNER_PGRP" = 2,
    "F_GET_RW_HINT" = 1035,
    "F_SET_RW_HINT" = 1036,
    "F_GET_FILE_RW_HINT" = 1037,
    "F_SET_FILE_RW_HINT" = 1038,
    "RWH_WRITE_LIFE_NOT_SET" = 0,
    "RWH_WRITE_LIFE_NONE" = 1,
    "RWH_WRITE_LIFE_SHORT" = 2,
    "RWH_WRITE_LIFE_MEDIUM" = 3,
    "RWH_WRITE_LIFE_LONG" = 4,
    "RWH_WRITE_LIFE_EXTREME" = 5,
    "F_SEAL_FUTURE_WRITE" = 16,
    "DN_ACCESS" = 1,
    "DN_MODIFY" = 2,
    "DN_CREATE" = 4,
    "DN_DELETE" = 8,
    "DN_RENAME" = 16,
    "DN_ATTRIB" = 32,
    "DN_MULTISHOT" = 0x8000_0000,
    "FASYNC" = libc::O_ASYNC as i64,
    "F_GETLK64" = libc::F_GETLK as i64,
    "F_SETLK64" = libc::F_SETLK as i64,
    "F_SETLKW64" = libc::F_SETLKW as i64,
    "F_EXLCK" = 4,
    "F_SHLCK" = 8,
    "F_GETSIG" = 11,
    "F_SETSIG" = 10,
    "LOCK_MAND" = 32,
    "LOCK_READ" = 64,
    "LOCK_WRITE" = 128,
    "LOCK_RW" = 192,
    "FICLONE" = 0x4004_9409,
    "FICLONERANGE" = 0x4020_940d,
}
