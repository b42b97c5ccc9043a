//! `errno`: the system's error numbers by name. CPython's counterpart: `Modules/errnomodule.c`.

use adder_derive::pymodule;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::module::Module;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Value, Vm};

/// Names and numbers; where two names share a number, the later one is in `errorcode`.
macro_rules! numbers {
    ($($name:ident)*) => { const NUMBERS: &[(&str, i32)] = &[$((stringify!($name), libc::$name)),*]; };
}
numbers! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT
    ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG
    ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP
    ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL
    ENOANO EBADRQC EBADSLT EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV
    ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD
    ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE
    EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP ENOTSUP EPFNOSUPPORT
    EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET
    ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH
    EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM
    EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE
    ERFKILL EHWPOISON
}

/// Names of the same numbers.
const ALIASES: &[(&str, i32)] = &[("EWOULDBLOCK", libc::EWOULDBLOCK), ("EDEADLOCK", libc::EDEADLK)];

/// This module makes available standard errno system symbols.
///
/// The value of each symbol is the corresponding integer value. The dictionary errno.errorcode
/// maps numeric codes to symbol names. To map error codes to error messages, use os.strerror().
#[pymodule(name = "errno")]
pub mod errno {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let codes = Dict::new_ref();
        for (name, number) in NUMBERS.iter().chain(ALIASES) {
            let number = Value::int_unchecked((*number).into());
            module.set(vm, name, number.clone());
            if *name != "EWOULDBLOCK" && *name != "ENOTSUP" {
                codes.insert(vm, &number, vm.str(name))?;
            }
        }
        module.set(vm, "errorcode", codes.into());
        Ok(())
    }
}
