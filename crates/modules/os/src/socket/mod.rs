//! `_socket`: sockets and names of the network. CPython's counterpart: `Modules/socketmodule.c`.
//!
//! Families: IPv4, IPv6, Unix, netlink, packet, vsock. Constants of others are there as numbers.

mod address;
mod constants;
mod message;
mod object;
mod resolve;
mod system;

use adder_derive::pymodule;
use adder_modules_core::support::{add_ints, extend};
use adder_vm::object::GilCell;
use adder_vm::objects::module::Module;
use adder_vm::objects::type_::{Type, declare};
use adder_vm::runtime::args::FromArg;
use adder_vm::{Exc, Obj, PyResult, Ref, Value, Vm};
use object::{DEFAULT_TIMEOUT, Socket, timeout_argument, timeout_shown};

static ERRORS: GilCell<Option<[Value; 2]>> = GilCell::new(None);

/// `herror` and `gaierror`.
fn error_types(vm: &Vm) -> [Value; 2] {
    if let Some(known) = ERRORS.with(|e| e.clone()) {
        return known;
    }
    let bases = [vm.exception_type("OSError")];
    let made =
        ["herror", "gaierror"].map(|name| declare::exception_subclass(vm, name, "socket", &bases));
    ERRORS.with(|e| e.get_or_insert(made).clone())
}

/// One of the two, with number and text.
fn name_error(vm: &Vm, ty: &Value, number: i32, text: &[u8]) -> Exc {
    let text = vm.str(&String::from_utf8_lossy(text));
    let ty = ty.downcast::<Type>().unwrap_or_else(|| vm.exception_type("OSError"));
    vm.exception_with_args(ty, vec![Value::int_unchecked(number.into()), text])
}

/// Implementation module for socket operations.
///
/// See the socket module for documentation.
#[pymodule(name = "_socket")]
pub mod socket {
    use super::*;

    /// socketpair([family[, type [, proto]]]) -> (socket object, socket object)
    ///
    /// Create a pair of socket objects from the sockets returned by the platform
    /// socketpair() function.
    /// The arguments are the same as for socket() except the default family is
    /// AF_UNIX if defined on the platform; otherwise, the default is AF_INET.
    #[pyfunction(sig = "(family=AF_UNIX, type=SOCK_STREAM, proto=0, /)")]
    fn socketpair(
        vm: &Vm,
        family: Option<i32>,
        kind: Option<i32>,
        proto: Option<i32>,
    ) -> PyResult<(Ref<Socket>, Ref<Socket>)> {
        let traits = [
            family.unwrap_or(libc::AF_UNIX),
            kind.unwrap_or(libc::SOCK_STREAM),
            proto.unwrap_or(0),
        ];
        let [family, kind, protocol] = traits;
        let [a, b] = vm
            .without_lock(|| system::socketpair(family, kind, protocol))
            .map_err(|e| vm.os_error(&e, None))?;
        match Socket::wrap(vm, a, traits) {
            Ok(first) => Ok((first, Socket::wrap(vm, b, traits)?)),
            Err(e) => {
                let _ = crate::system::close(b);
                Err(e)
            }
        }
    }

    /// dup(integer) -> integer
    ///
    /// Duplicate an integer socket file descriptor.  This is like os.dup(), but for
    /// sockets; on some platforms os.dup() won't work for socket file descriptors.
    #[pyfunction(sig = "(object, /)")]
    fn dup(vm: &Vm, fd: i32) -> PyResult<i32> {
        object::duplicate(vm, fd)
    }

    /// close(integer) -> None
    ///
    /// Close an integer socket file descriptor.  This is like os.close(), but for
    /// sockets; on some platforms os.close() won't work for socket file descriptors.
    #[pyfunction(sig = "(object, /)")]
    fn close(vm: &Vm, fd: i32) -> PyResult<()> {
        match vm.without_lock(|| crate::system::close(fd)) {
            Err(e) if e.raw_os_error() != Some(libc::ECONNRESET) => Err(vm.os_error(&e, None)),
            _ => Ok(()),
        }
    }

    /// getdefaulttimeout() -> timeout
    ///
    /// Returns the default timeout in seconds (float) for new socket objects.
    /// A value of None indicates that new socket objects have no timeout.
    /// When the socket module is first imported, the default is None.
    #[pyfunction]
    fn getdefaulttimeout(_vm: &Vm) -> Value {
        timeout_shown(DEFAULT_TIMEOUT.with(|t| *t))
    }

    /// setdefaulttimeout(timeout)
    ///
    /// Set the default timeout in seconds (float) for new socket objects.
    /// A value of None indicates that new socket objects have no timeout.
    /// When the socket module is first imported, the default is None.
    #[pyfunction(sig = "(object, /)")]
    fn setdefaulttimeout(vm: &Vm, timeout: &Value) -> PyResult<()> {
        let timeout = timeout_argument(vm, timeout)?;
        DEFAULT_TIMEOUT.with(|t| *t = timeout);
        Ok(())
    }

    /// CMSG_LEN(length) -> control message length
    ///
    /// Return the total length, without trailing padding, of an ancillary
    /// data item with associated data of the given length.  This value can
    /// often be used as the buffer size for recvmsg() to receive a single
    /// item of ancillary data, but RFC 3542 requires portable applications to
    /// use CMSG_SPACE() and thus include space for padding, even when the
    /// item will be the last in the buffer.  Raises OverflowError if length
    /// is outside the permissible range of values.
    #[pyfunction(name = "CMSG_LEN", sig = "(length, /)")]
    fn cmsg_len(vm: &Vm, length: &Value) -> PyResult<usize> {
        usize::try_from(isize::from_value(vm, length)?)
            .ok()
            .and_then(message::item_len)
            .ok_or_else(|| vm.overflow_error("CMSG_LEN() argument out of range"))
    }

    /// CMSG_SPACE(length) -> buffer size
    ///
    /// Return the buffer size needed for recvmsg() to receive an ancillary
    /// data item with associated data of the given length, along with any
    /// trailing padding.  The buffer space needed to receive multiple items
    /// is the sum of the CMSG_SPACE() values for their associated data
    /// lengths.  Raises OverflowError if length is outside the permissible
    /// range of values.
    #[pyfunction(name = "CMSG_SPACE", sig = "(length, /)")]
    fn cmsg_space(vm: &Vm, length: &Value) -> PyResult<usize> {
        usize::try_from(isize::from_value(vm, length)?)
            .ok()
            .and_then(message::item_room)
            .ok_or_else(|| vm.overflow_error("CMSG_SPACE() argument out of range"))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        extend(vm, module, &resolve::names::MODULE)?;
        let ty = vm.type_object::<Socket>();
        module.add_type(vm, ty);
        module.set(vm, "SocketType", ty.to_value());
        let [herror, gaierror] = error_types(vm);
        module.set(vm, "error", vm.exception_type("OSError").to_value());
        module.set(vm, "herror", herror);
        module.set(vm, "gaierror", gaierror);
        module.set(vm, "timeout", vm.exception_type("TimeoutError").to_value());
        module.set(vm, "has_ipv6", Value::TRUE);
        add_ints(vm, module, constants::CONSTANTS);
        Ok(())
    }
}
