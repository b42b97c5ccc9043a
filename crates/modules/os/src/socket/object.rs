//! The type `_socket.socket`: a descriptor with a time limit for what is done with it.

use super::address;
use super::message;
use super::system::{self, Address};
use crate::wait::Wait;
use adder_derive::{pyclass, pymethods};
use adder_modules_core::posix::retry;
use adder_modules_core::support::{Signature, bytes_of};
use adder_vm::builtin_modules::sys::audit;
use adder_vm::builtin_modules::warnings;
use adder_vm::object::{GilCell, ObjHead};
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::float;
use adder_vm::objects::int;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::buffer::{self, Buffer};
use adder_vm::protocol::{iter, number, object};
use adder_vm::runtime::args::{CallArgs, FromArg, VarArgs};
use adder_vm::{Exc, Obj, PyResult, Ref, Value, Vm};
use std::cell::Cell;
use std::io;
use std::time::Duration;

/// What new sockets have as their timeout.
pub static DEFAULT_TIMEOUT: GilCell<Option<Duration>> = GilCell::new(None);

/// socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object
/// socket(family=-1, type=-1, proto=-1, fileno=None) -> socket object
///
/// Open a socket of the given type.  The family argument specifies the
/// address family; it defaults to AF_INET.  The type argument specifies
/// whether this is a stream (SOCK_STREAM, this is the default)
/// or datagram (SOCK_DGRAM) socket.  The protocol argument defaults to 0,
/// specifying the default protocol.  Keyword arguments are accepted.
/// The socket is created as non-inheritable.
///
/// When a fileno is passed in, family, type and proto are auto-detected,
/// unless they are explicitly set.
///
/// A socket object represents one endpoint of a network connection.
///
/// Methods of socket objects (keyword arguments not allowed):
///
/// _accept() -- accept connection, returning new socket fd and client address
/// bind(addr) -- bind the socket to a local address
/// close() -- close the socket
/// connect(addr) -- connect the socket to a remote address
/// connect_ex(addr) -- connect, return an error code instead of an exception
/// dup() -- return a new socket fd duplicated from fileno()
/// fileno() -- return underlying file descriptor
/// getpeername() -- return remote address [*]
/// getsockname() -- return local address
/// getsockopt(level, optname[, buflen]) -- get socket options
/// gettimeout() -- return timeout or None
/// listen([n]) -- start listening for incoming connections
/// recv(buflen[, flags]) -- receive data
/// recv_into(buffer[, nbytes[, flags]]) -- receive data (into a buffer)
/// recvfrom(buflen[, flags]) -- receive data and sender's address
/// recvfrom_into(buffer[, nbytes, [, flags])
///   -- receive data and sender's address (into a buffer)
/// sendall(data[, flags]) -- send all data
/// send(data[, flags]) -- send data, may not send all of it
/// sendto(data[, flags], addr) -- send data to a given address
/// setblocking(bool) -- set or clear the blocking I/O flag
/// getblocking() -- return True if socket is blocking, False if non-blocking
/// setsockopt(level, optname, value[, optlen]) -- set socket options
/// settimeout(None | float) -- set or clear the timeout
/// shutdown(how) -- shut down traffic in one or both directions
///
///  [*] not available on all platforms!
#[pyclass(name = "_socket.socket", base_type, no_gc)]
pub struct Socket {
    /// -1 when closed.
    #[notrace]
    fd: Cell<i32>,
    #[notrace]
    family: Cell<i32>,
    #[notrace]
    kind: Cell<i32>,
    #[notrace]
    protocol: Cell<i32>,
    /// `None` waits for ever, zero not at all.
    #[notrace]
    timeout: Cell<Option<Duration>>,
}

/// A timeout in seconds; `None` for ever.
pub fn timeout_argument(vm: &Vm, value: &Value) -> PyResult<Option<Duration>> {
    if value.is_none() {
        return Ok(None);
    }
    let negative = || vm.value_error("Timeout value out of range");
    let nanos = match float::as_f64(value) {
        Some(seconds) if seconds.is_nan() => {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        Some(seconds) if seconds < 0.0 => return Err(negative()),
        Some(seconds) => match (seconds * 1e9).ceil() {
            nanos if nanos < i64::MAX as f64 => nanos as u64,
            _ => return Err(vm.overflow_error("timestamp out of range for platform time_t")),
        },
        None => match number::to_i128(vm, value)?.map(|n| n.checked_mul(1_000_000_000)) {
            Some(Some(n)) if n < 0 => return Err(negative()),
            Some(Some(n)) if n <= i64::MAX.into() => n as u64,
            _ => {
                return Err(vm.overflow_error("timestamp too large to convert to C PyTime_t"));
            }
        },
    };
    Ok(Some(Duration::from_nanos(nanos)))
}

pub fn timeout_shown(timeout: Option<Duration>) -> Value {
    timeout.map_or(Value::NONE, |t| Value::float(t.as_secs_f64()))
}

/// The exception of a failed call; one without a number is that the time was over.
fn failed(vm: &Vm, error: &io::Error) -> Exc {
    if error.raw_os_error().is_none() {
        return vm.exception(vm.exception_type("TimeoutError"), "timed out".to_string());
    }
    vm.os_error(error, None)
}

impl Socket {
    fn empty() -> Socket {
        Socket {
            fd: Cell::new(-1),
            family: Cell::new(0),
            kind: Cell::new(0),
            protocol: Cell::new(0),
            timeout: Cell::new(None),
        }
    }

    /// Takes an open descriptor.
    fn set_up(&self, fd: i32, [family, kind, protocol]: [i32; 3]) -> io::Result<()> {
        self.fd.set(fd);
        self.family.set(family);
        self.kind.set(kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC));
        self.protocol.set(protocol);
        let timeout = DEFAULT_TIMEOUT.with(|t| *t);
        if kind & libc::SOCK_NONBLOCK != 0 {
            self.timeout.set(Some(Duration::ZERO));
            return Ok(());
        }
        self.timeout.set(timeout);
        match timeout {
            Some(_) => system::set_nonblocking(fd, true),
            None => Ok(()),
        }
    }

    /// A socket of the built-in type with an open descriptor.
    pub fn wrap(vm: &Vm, fd: i32, traits: [i32; 3]) -> PyResult<Ref<Socket>> {
        let made = Socket::empty();
        if let Err(e) = made.set_up(fd, traits) {
            let _ = crate::system::close(fd);
            return Err(vm.os_error(&e, None));
        }
        Ok(Ref::with_type(made, vm.type_object::<Socket>()))
    }

    fn limit(&self) -> Wait {
        self.timeout.get().map_or(Wait::Forever, Wait::of)
    }

    /// Makes a call when the socket is ready for it (`events` of `poll`), within the time limit,
    /// and again after signals. `waits`: it has to become ready, whatever the timeout.
    fn when_ready<T>(
        &self,
        vm: &Vm,
        events: i16,
        limit: Wait,
        waits: bool,
        mut call: impl FnMut(i32) -> io::Result<T>,
    ) -> PyResult<io::Result<T>> {
        let timed = self.timeout.get().is_some_and(|t| !t.is_zero());
        loop {
            let fd = self.fd.get();
            let result = vm.without_lock(|| {
                if (timed || waits) && fd >= 0 {
                    let mut watched = [libc::pollfd { fd, events, revents: 0 }];
                    if crate::system::poll(&mut watched, limit.millis())? == 0 {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                call(fd)
            });
            match result {
                Err(e) if e.raw_os_error() == Some(libc::EINTR) => vm.check_signals()?,
                // Somebody else was faster.
                Err(e) if timed && e.raw_os_error() == Some(libc::EAGAIN) => {}
                other => return Ok(other),
            }
        }
    }

    fn call<T>(&self, vm: &Vm, events: i16, call: impl FnMut(i32) -> io::Result<T>) -> PyResult<T> {
        self.when_ready(vm, events, self.limit(), false, call)?.map_err(|e| failed(vm, &e))
    }

    fn connect_to(&self, vm: &Vm, address: &Address) -> PyResult<io::Result<()>> {
        let fd = self.fd.get();
        let Err(error) = vm.without_lock(|| system::connect(fd, address)) else {
            return Ok(Ok(()));
        };
        let timeout = self.timeout.get();
        let waits = match error.raw_os_error() {
            // The system goes on connecting.
            Some(libc::EINTR) => {
                vm.check_signals()?;
                timeout.is_none_or(|t| !t.is_zero())
            }
            Some(libc::EINPROGRESS) => timeout.is_some_and(|t| !t.is_zero()),
            _ => false,
        };
        if !waits {
            return Ok(Err(error));
        }
        self.when_ready(vm, libc::POLLOUT, self.limit(), true, |fd| {
            match system::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
                0 | libc::EISCONN => Ok(()),
                number => Err(io::Error::from_raw_os_error(number)),
            }
        })
    }

    /// Receives at most `room` bytes; beside them what the system says was their number.
    fn receive(&self, vm: &Vm, room: usize, flags: i32) -> PyResult<(Vec<u8>, usize)> {
        let mut bytes = with_room(vm, room)?;
        let n = self.call(vm, libc::POLLIN, |fd| system::recv(fd, &mut bytes, room, flags))?;
        Ok((bytes, n))
    }

    fn receive_from(
        &self,
        vm: &Vm,
        room: usize,
        flags: i32,
    ) -> PyResult<(Vec<u8>, usize, Address)> {
        let mut bytes = with_room(vm, room)?;
        let (n, from) =
            self.call(vm, libc::POLLIN, |fd| system::recvfrom(fd, &mut bytes, room, flags))?;
        Ok((bytes, n, from))
    }

    fn set_timeout(&self, vm: &Vm, timeout: Option<Duration>) -> PyResult<()> {
        self.timeout.set(timeout);
        let fd = self.fd.get();
        system::set_nonblocking(fd, timeout.is_some()).map_err(|e| vm.os_error(&e, None))
    }

    fn audited(zelf: &Obj<Socket>, vm: &Vm, event: &str, address: &Value) -> PyResult<()> {
        audit(vm, event, &[zelf.to_value(), address.clone()])
    }
}

fn with_room(vm: &Vm, len: usize) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(len) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(int::no_memory(vm)),
    }
}

/// A size that was given, not below zero.
fn size_argument(vm: &Vm, size: isize, message: &str) -> PyResult<usize> {
    usize::try_from(size).map_err(|_| vm.value_error(message))
}

fn flags_argument(flags: Option<i32>) -> i32 {
    flags.unwrap_or(0)
}

/// Puts received bytes to where they were wanted.
fn fill(target: &Buffer, bytes: &[u8]) {
    target.with_mut(|into| {
        for (place, byte) in into.iter_mut().zip(bytes) {
            *place = *byte;
        }
    });
}

#[pymethods]
impl Socket {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Socket::empty(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<Socket>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        const SIGNATURE: Signature<4> = Signature {
            function: "socket",
            names: ["family", "type", "proto", "fileno"],
            required: 0,
            positional: 4,
        };
        let [family, kind, protocol, fileno] = SIGNATURE.bind(vm, args)?;
        let number = |v: Option<Value>| v.map_or(Ok(-1), |v| i32::from_value(vm, &v));
        let (family, kind, protocol) = (number(family)?, number(kind)?, number(protocol)?);
        let shown = [family, kind, protocol].map(|n| int::from_i64(n.into()));
        let [a, b, c] = shown;
        audit(vm, "socket.__new__", &[zelf.to_value(), a, b, c])?;
        let os_error = |e: io::Error| vm.os_error(&e, None);
        let Some(fileno) = fileno.filter(|f| !f.is_none()) else {
            let or = |n: i32, default: i32| if n == -1 { default } else { n };
            let family = or(family, libc::AF_INET);
            let (kind, protocol) = (or(kind, libc::SOCK_STREAM), or(protocol, 0));
            let fd =
                vm.without_lock(|| system::socket(family, kind, protocol)).map_err(os_error)?;
            return zelf.set_up(fd, [family, kind, protocol]).map_err(|e| {
                zelf.fd.set(-1);
                let _ = crate::system::close(fd);
                os_error(e)
            });
        };
        let fd = i32::from_value(vm, &fileno)?;
        if fd < 0 {
            return Err(vm.value_error("negative file descriptor"));
        }
        // Whatever was told is believed; the descriptor must be a socket in any case.
        let local = system::getsockname(fd).map_err(os_error)?;
        let family = if family == -1 { local.family() } else { family };
        let option = |given: i32, option: i32| match given {
            -1 => system::getsockopt_int(fd, libc::SOL_SOCKET, option),
            given => Ok(given),
        };
        let kind = option(kind, libc::SO_TYPE).map_err(os_error)?;
        let protocol = option(protocol, libc::SO_PROTOCOL).map_err(os_error)?;
        zelf.set_up(fd, [family, kind, protocol]).map_err(os_error)
    }
    #[slot]
    fn finalize(head: &ObjHead) {
        Vm::with_current(|vm| {
            let value = head.to_value();
            let Some(socket) = value.downcast::<Socket>().filter(|s| s.fd.get() >= 0) else {
                return;
            };
            let shown = object::repr(vm, &value).map(|r| r.to_string_lossy());
            let text = format!("unclosed {}", shown.unwrap_or_default());
            if let Err(e) = warnings::warn_of_resource(vm, &value, &text)
                && e.is(vm.exception_type("Warning"))
            {
                vm.unraisable(e, "Exception ignored while finalizing socket", Some(&value));
            }
            let fd = socket.fd.replace(-1);
            if fd >= 0 {
                // Nobody is left to be told of an error.
                let _ = vm.without_lock(|| crate::system::close(fd));
            }
        });
    }
    #[slot]
    fn repr(zelf: &Obj<Socket>, vm: &Vm) -> PyResult {
        let Socket { fd, family, kind, protocol, .. } = &**zelf;
        Ok(vm.str(&format!(
            "<socket object, fd={}, family={}, type={}, proto={}>",
            fd.get(),
            family.get(),
            kind.get(),
            protocol.get()
        )))
    }

    /// the socket family
    #[getter(member)]
    fn family(zelf: &Obj<Socket>, _vm: &Vm) -> i32 {
        zelf.family.get()
    }
    /// the socket type
    #[getter(name = "type", member)]
    fn kind(zelf: &Obj<Socket>, _vm: &Vm) -> i32 {
        zelf.kind.get()
    }
    /// the socket protocol
    #[getter(member)]
    fn proto(zelf: &Obj<Socket>, _vm: &Vm) -> i32 {
        zelf.protocol.get()
    }
    /// the socket timeout
    #[getter]
    fn timeout(zelf: &Obj<Socket>, _vm: &Vm) -> Value {
        timeout_shown(zelf.timeout.get())
    }

    /// _accept() -> (integer, address info)
    ///
    /// Wait for an incoming connection.  Return a new socket file descriptor
    /// representing the connection, and the address of the client.
    /// For IP sockets, the address info is a pair (hostaddr, port).
    #[pymethod(name = "_accept")]
    fn accept(zelf: &Obj<Socket>, vm: &Vm) -> PyResult<(i32, Value)> {
        let (fd, address) = zelf.call(vm, libc::POLLIN, system::accept)?;
        match address::to_python(vm, &address) {
            Ok(shown) => Ok((fd, shown)),
            Err(e) => {
                let _ = crate::system::close(fd);
                Err(e)
            }
        }
    }
    /// bind(address)
    ///
    /// Bind the socket to a local address.  For IP sockets, the address is a
    /// pair (host, port); the host must refer to the local host. For raw packet
    /// sockets the address is a tuple (ifname, proto [,pkttype [,hatype [,addr]]])
    #[pymethod]
    fn bind(zelf: &Obj<Socket>, vm: &Vm, address: &Value) -> PyResult<()> {
        let to = address::from_python(vm, "bind", zelf.family.get(), address)?;
        Socket::audited(zelf, vm, "socket.bind", address)?;
        let fd = zelf.fd.get();
        vm.without_lock(|| system::bind(fd, &to)).map(drop).map_err(|e| vm.os_error(&e, None))
    }
    /// connect(address)
    ///
    /// Connect the socket to a remote address.  For IP sockets, the address
    /// is a pair (host, port).
    #[pymethod]
    fn connect(zelf: &Obj<Socket>, vm: &Vm, address: &Value) -> PyResult<()> {
        let to = address::from_python(vm, "connect", zelf.family.get(), address)?;
        Socket::audited(zelf, vm, "socket.connect", address)?;
        zelf.connect_to(vm, &to)?.map_err(|e| failed(vm, &e))
    }
    /// connect_ex(address) -> errno
    ///
    /// This is like connect(address), but returns an error code (the errno value)
    /// instead of raising an exception when an error occurs.
    #[pymethod]
    fn connect_ex(zelf: &Obj<Socket>, vm: &Vm, address: &Value) -> PyResult<i32> {
        let to = address::from_python(vm, "connect_ex", zelf.family.get(), address)?;
        Socket::audited(zelf, vm, "socket.connect", address)?;
        Ok(match zelf.connect_to(vm, &to)? {
            Ok(()) => 0,
            Err(e) => e.raw_os_error().unwrap_or(libc::EWOULDBLOCK),
        })
    }
    /// listen([backlog])
    ///
    /// Enable a server to accept connections.  If backlog is specified, it must be
    /// at least 0 (if it is lower, it is set to 0); it specifies the number of
    /// unaccepted connections that the system will allow before refusing new
    /// connections. If not specified, a default reasonable value is chosen.
    #[pymethod(sig = "($self, backlog=128, /)")]
    fn listen(zelf: &Obj<Socket>, vm: &Vm, backlog: Option<i32>) -> PyResult<()> {
        let (fd, backlog) = (zelf.fd.get(), backlog.unwrap_or(128).max(0));
        vm.without_lock(|| system::listen(fd, backlog)).map(drop).map_err(|e| vm.os_error(&e, None))
    }
    /// close()
    ///
    /// Close the socket.  It cannot be used after this call.
    #[pymethod]
    fn close(zelf: &Obj<Socket>, vm: &Vm) -> PyResult<()> {
        let fd = zelf.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        match vm.without_lock(|| crate::system::close(fd)) {
            // That the other side has gone matters to nobody any more.
            Err(e) if e.raw_os_error() != Some(libc::ECONNRESET) => Err(vm.os_error(&e, None)),
            _ => Ok(()),
        }
    }
    /// detach()
    ///
    /// Close the socket object without closing the underlying file descriptor.
    /// The object cannot be used after this call, but the file descriptor
    /// can be reused for other purposes.  The file descriptor is returned.
    #[pymethod]
    fn detach(zelf: &Obj<Socket>, _vm: &Vm) -> i32 {
        zelf.fd.replace(-1)
    }
    /// fileno() -> integer
    ///
    /// Return the integer file descriptor of the socket.
    #[pymethod]
    fn fileno(zelf: &Obj<Socket>, _vm: &Vm) -> i32 {
        zelf.fd.get()
    }
    /// shutdown(flag)
    ///
    /// Shut down the reading side of the socket (flag == SHUT_RD), the writing side
    /// of the socket (flag == SHUT_WR), or both ends (flag == SHUT_RDWR).
    #[pymethod]
    fn shutdown(zelf: &Obj<Socket>, vm: &Vm, flag: i32) -> PyResult<()> {
        let fd = zelf.fd.get();
        vm.without_lock(|| system::shutdown(fd, flag)).map(drop).map_err(|e| vm.os_error(&e, None))
    }
    /// getsockname() -> address info
    ///
    /// Return the address of the local endpoint. The format depends on the
    /// address family. For IPv4 sockets, the address info is a pair
    /// (hostaddr, port). For IPv6 sockets, the address info is a 4-tuple
    /// (hostaddr, port, flowinfo, scope_id).
    #[pymethod]
    fn getsockname(zelf: &Obj<Socket>, vm: &Vm) -> PyResult {
        let fd = zelf.fd.get();
        let found = vm.without_lock(|| system::getsockname(fd));
        address::to_python(vm, &found.map_err(|e| vm.os_error(&e, None))?)
    }
    /// getpeername() -> address info
    ///
    /// Return the address of the remote endpoint.  For IP sockets, the address
    /// info is a pair (hostaddr, port).
    #[pymethod]
    fn getpeername(zelf: &Obj<Socket>, vm: &Vm) -> PyResult {
        let fd = zelf.fd.get();
        let found = vm.without_lock(|| system::getpeername(fd));
        address::to_python(vm, &found.map_err(|e| vm.os_error(&e, None))?)
    }

    /// setblocking(flag)
    ///
    /// Set the socket to blocking (flag is true) or non-blocking (false).
    /// setblocking(True) is equivalent to settimeout(None);
    /// setblocking(False) is equivalent to settimeout(0.0).
    #[pymethod]
    fn setblocking(zelf: &Obj<Socket>, vm: &Vm, flag: &Value) -> PyResult<()> {
        let blocking = object::is_true(vm, flag)?;
        zelf.set_timeout(vm, if blocking { None } else { Some(Duration::ZERO) })
    }
    /// getblocking()
    ///
    /// Returns True if socket is in blocking mode, or False if it
    /// is in non-blocking mode.
    #[pymethod]
    fn getblocking(zelf: &Obj<Socket>, _vm: &Vm) -> bool {
        zelf.timeout.get() != Some(Duration::ZERO)
    }
    /// settimeout(timeout)
    ///
    /// Set a timeout on socket operations.  'timeout' can be a float,
    /// giving in seconds, or None.  Setting a timeout of None disables
    /// the timeout feature and is equivalent to setblocking(1).
    /// Setting a timeout of zero is the same as setblocking(0).
    #[pymethod]
    fn settimeout(zelf: &Obj<Socket>, vm: &Vm, timeout: &Value) -> PyResult<()> {
        let timeout = timeout_argument(vm, timeout)?;
        zelf.set_timeout(vm, timeout)
    }
    /// gettimeout() -> timeout
    ///
    /// Returns the timeout in seconds (float) associated with socket
    /// operations. A timeout of None indicates that timeouts on socket
    /// operations are disabled.
    #[pymethod]
    fn gettimeout(zelf: &Obj<Socket>, _vm: &Vm) -> Value {
        timeout_shown(zelf.timeout.get())
    }

    /// setsockopt(level, option, value: int)
    /// setsockopt(level, option, value: buffer)
    /// setsockopt(level, option, None, optlen: int)
    ///
    /// Set a socket option.  See the Unix manual for level and option.
    /// The value argument can either be an integer, a string buffer, or
    /// None, optlen.
    #[pymethod(sig = "($self, level, option, value, optlen=0, /)")]
    fn setsockopt(
        zelf: &Obj<Socket>,
        vm: &Vm,
        level: i32,
        option: i32,
        value: &Value,
        optlen: Option<u32>,
    ) -> PyResult<()> {
        let fd = zelf.fd.get();
        let result = match optlen {
            Some(len) if value.is_none() => system::setsockopt_length(fd, level, option, len),
            Some(_) => {
                return Err(vm.type_error("setsockopt() takes exactly 3 arguments (4 given)"));
            }
            None if int::is_int(value) => {
                let number = i32::from_value(vm, value)?;
                system::setsockopt(fd, level, option, &number.to_ne_bytes())
            }
            None => system::setsockopt(fd, level, option, &bytes_of(vm, value)?),
        };
        result.map(drop).map_err(|e| vm.os_error(&e, None))
    }
    /// getsockopt(level, option[, buffersize]) -> value
    ///
    /// Get a socket option.  See the Unix manual for level and option.
    /// If a nonzero buffersize argument is given, the return value is a
    /// string of that length; otherwise it is an integer.
    #[pymethod(sig = "($self, level, option, buffersize=0, /)")]
    fn getsockopt(
        zelf: &Obj<Socket>,
        vm: &Vm,
        level: i32,
        option: i32,
        buffersize: Option<i32>,
    ) -> PyResult {
        let fd = zelf.fd.get();
        let size = buffersize.unwrap_or(0);
        if size == 0 {
            return system::getsockopt_int(fd, level, option)
                .map(|n| int::from_i64(n.into()))
                .map_err(|e| vm.os_error(&e, None));
        }
        if !(1..=1024).contains(&size) {
            let text = "getsockopt buflen out of range".to_string();
            return Err(vm.exception(vm.exception_type("OSError"), text));
        }
        let mut room = [0; 1024];
        let room = &mut room[..size as usize];
        let n = system::getsockopt(fd, level, option, room).map_err(|e| vm.os_error(&e, None))?;
        Ok(Bytes::copied(vm, &room[..n])?.into())
    }

    /// recv(buffersize[, flags]) -> data
    ///
    /// Receive up to buffersize bytes from the socket.  For the optional flags
    /// argument, see the Unix manual.  When no data is available, block until
    /// at least one byte is available or until the remote end is closed.  When
    /// the remote end is closed and all data is read, return the empty string.
    #[pymethod(sig = "($self, buffersize, flags=0, /)")]
    fn recv(
        zelf: &Obj<Socket>,
        vm: &Vm,
        buffersize: isize,
        flags: Option<i32>,
    ) -> PyResult<Ref<Bytes>> {
        let room = size_argument(vm, buffersize, "negative buffersize in recv")?;
        let (bytes, _) = zelf.receive(vm, room, flags_argument(flags))?;
        Bytes::copied(vm, &bytes)
    }
    /// recv_into(buffer, [nbytes[, flags]]) -> nbytes_read
    ///
    /// A version of recv() that stores its data into a buffer rather than creating
    /// a new string.  Receive up to buffersize bytes from the socket.  If buffersize
    /// is not specified (or 0), receive up to the size available in the given buffer.
    ///
    /// See recv() for documentation about the flags.
    #[pymethod(sig = "($self, buffer, nbytes=0, flags=0)")]
    fn recv_into(
        zelf: &Obj<Socket>,
        vm: &Vm,
        buffer: &Value,
        nbytes: Option<isize>,
        flags: Option<i32>,
    ) -> PyResult<usize> {
        let target = buffer::writable(vm, buffer, "recv_into")?;
        let message = "negative buffersize in recv_into";
        let size = size_argument(vm, nbytes.unwrap_or(0), message)?;
        if size > target.len() {
            return Err(vm.value_error("buffer too small for requested bytes"));
        }
        let room = if size == 0 { target.len() } else { size };
        let (bytes, n) = zelf.receive(vm, room, flags_argument(flags))?;
        fill(&target, &bytes);
        Ok(n)
    }
    /// recvfrom(buffersize[, flags]) -> (data, address info)
    ///
    /// Like recv(buffersize, flags) but also return the sender's address info.
    #[pymethod(sig = "($self, buffersize, flags=0, /)")]
    fn recvfrom(
        zelf: &Obj<Socket>,
        vm: &Vm,
        buffersize: isize,
        flags: Option<i32>,
    ) -> PyResult<(Ref<Bytes>, Value)> {
        let room = size_argument(vm, buffersize, "negative buffersize in recvfrom")?;
        let (bytes, _, from) = zelf.receive_from(vm, room, flags_argument(flags))?;
        Ok((Bytes::from_slice(&bytes), address::to_python(vm, &from)?))
    }
    /// recvfrom_into(buffer[, nbytes[, flags]]) -> (nbytes, address info)
    ///
    /// Like recv_into(buffer[, nbytes[, flags]]) but also return the sender's address info.
    #[pymethod(sig = "($self, buffer, nbytes=0, flags=0)")]
    fn recvfrom_into(
        zelf: &Obj<Socket>,
        vm: &Vm,
        buffer: &Value,
        nbytes: Option<isize>,
        flags: Option<i32>,
    ) -> PyResult<(usize, Value)> {
        let target = buffer::writable(vm, buffer, "recvfrom_into")?;
        let message = "negative buffersize in recvfrom_into";
        let size = size_argument(vm, nbytes.unwrap_or(0), message)?;
        if size > target.len() {
            return Err(vm.value_error("nbytes is greater than the length of the buffer"));
        }
        let room = if size == 0 { target.len() } else { size };
        let (bytes, n, from) = zelf.receive_from(vm, room, flags_argument(flags))?;
        fill(&target, &bytes);
        Ok((n, address::to_python(vm, &from)?))
    }
    /// recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancdata, msg_flags, address)
    ///
    /// Receive normal data (up to bufsize bytes) and ancillary data from the
    /// socket.  The ancbufsize argument sets the size in bytes of the
    /// internal buffer used to receive the ancillary data; it defaults to 0,
    /// meaning that no ancillary data will be received.  Appropriate buffer
    /// sizes for ancillary data can be calculated using CMSG_SPACE() or
    /// CMSG_LEN(), and items which do not fit into the buffer might be
    /// truncated or discarded.  The flags argument defaults to 0 and has the
    /// same meaning as for recv().
    ///
    /// The return value is a 4-tuple: (data, ancdata, msg_flags, address).
    /// The data item is a bytes object holding the non-ancillary data
    /// received.  The ancdata item is a list of zero or more tuples
    /// (cmsg_level, cmsg_type, cmsg_data) representing the ancillary data
    /// (control messages) received: cmsg_level and cmsg_type are integers
    /// specifying the protocol level and protocol-specific type respectively,
    /// and cmsg_data is a bytes object holding the associated data.  The
    /// msg_flags item is the bitwise OR of various flags indicating
    /// conditions on the received message; see your system documentation for
    /// details.  If the receiving socket is unconnected, address is the
    /// address of the sending socket, if available; otherwise, its value is
    /// unspecified.
    #[pymethod(sig = "($self, bufsize, ancbufsize=0, flags=0, /)")]
    fn recvmsg(
        zelf: &Obj<Socket>,
        vm: &Vm,
        bufsize: isize,
        ancbufsize: Option<isize>,
        flags: Option<i32>,
    ) -> PyResult<Ref<Tuple>> {
        let room = size_argument(vm, bufsize, "negative buffer size in recvmsg()")?;
        let mut parts = [zeros(vm, room)?];
        let (n, rest) = receive_message(zelf, vm, &mut parts, ancbufsize, flags)?;
        let [data] = &parts;
        let data = Bytes::from_slice(data.get(..n).unwrap_or(data));
        Ok(message_shown(data.into(), rest))
    }
    /// recvmsg_into(buffers[, ancbufsize[, flags]]) -> (nbytes, ancdata, msg_flags, address)
    ///
    /// Receive normal data and ancillary data from the socket, scattering the
    /// non-ancillary data into a series of buffers.  The buffers argument
    /// must be an iterable of objects that export writable buffers
    /// (e.g. bytearray objects); these will be filled with successive chunks
    /// of the non-ancillary data until it has all been written or there are
    /// no more buffers.  The ancbufsize argument sets the size in bytes of
    /// the internal buffer used to receive the ancillary data; it defaults to
    /// 0, meaning that no ancillary data will be received.  Appropriate
    /// buffer sizes for ancillary data can be calculated using CMSG_SPACE()
    /// or CMSG_LEN(), and items which do not fit into the buffer might be
    /// truncated or discarded.  The flags argument defaults to 0 and has the
    /// same meaning as for recv().
    ///
    /// The return value is a 4-tuple: (nbytes, ancdata, msg_flags, address).
    /// The nbytes item is the total number of bytes of non-ancillary data
    /// written into the buffers; the others are those of recvmsg().
    #[pymethod(sig = "($self, buffers, ancbufsize=0, flags=0, /)")]
    fn recvmsg_into(
        zelf: &Obj<Socket>,
        vm: &Vm,
        buffers: &Value,
        ancbufsize: Option<isize>,
        flags: Option<i32>,
    ) -> PyResult<Ref<Tuple>> {
        const WHAT: &str = "recvmsg_into() argument 1 must be an iterable";
        if !iter::is_iterable(buffers) {
            return Err(vm.type_error(WHAT));
        }
        let mut targets = Vec::new();
        let mut parts = Vec::new();
        for item in iter::collect(vm, buffers)? {
            let target = buffer::get(vm, &item, true).ok().filter(Buffer::is_contiguous);
            let Some(target) = target else {
                let message = format!("{WHAT} of single-segment read-write buffers");
                return Err(vm.type_error(message));
            };
            parts.push(zeros(vm, target.len())?);
            targets.push(target);
        }
        let (n, rest) = receive_message(zelf, vm, &mut parts, ancbufsize, flags)?;
        let mut left = n;
        for (target, part) in targets.iter().zip(&parts) {
            fill(target, part.get(..left).unwrap_or(part));
            left = left.saturating_sub(part.len());
        }
        Ok(message_shown(int::from_i64(n as i64), rest))
    }

    /// send(data[, flags]) -> count
    ///
    /// Send a data string to the socket.  For the optional flags
    /// argument, see the Unix manual.  Return the number of bytes
    /// sent; this may be less than len(data) if the network is busy.
    #[pymethod(sig = "($self, data, flags=0, /)")]
    fn send(zelf: &Obj<Socket>, vm: &Vm, data: &Value, flags: Option<i32>) -> PyResult<usize> {
        let bytes = bytes_of(vm, data)?;
        let flags = flags_argument(flags);
        zelf.call(vm, libc::POLLOUT, |fd| system::send(fd, &bytes, flags))
    }
    /// sendall(data[, flags])
    ///
    /// Send a data string to the socket.  For the optional flags
    /// argument, see the Unix manual.  This calls send() repeatedly
    /// until all data is sent.  If an error occurs, it's impossible
    /// to tell how much data has been sent.
    #[pymethod(sig = "($self, data, flags=0, /)")]
    fn sendall(zelf: &Obj<Socket>, vm: &Vm, data: &Value, flags: Option<i32>) -> PyResult<()> {
        let bytes = bytes_of(vm, data)?;
        let flags = flags_argument(flags);
        // One limit for all of it.
        let limit = zelf.limit();
        let mut rest: &[u8] = &bytes;
        while !rest.is_empty() {
            let sent = zelf
                .when_ready(vm, libc::POLLOUT, limit, false, |fd| system::send(fd, rest, flags))?;
            rest = rest.get(sent.map_err(|e| failed(vm, &e))?..).unwrap_or(&[]);
            // A signal may have cut it short.
            vm.check_signals()?;
        }
        Ok(())
    }
    /// sendto(data[, flags], address) -> count
    ///
    /// Like send(data, flags) but allows specifying the destination address.
    /// For IP sockets, the address is a pair (hostaddr, port).
    #[pymethod(sig = "($self, /, *args)")]
    fn sendto(zelf: &Obj<Socket>, vm: &Vm, args: VarArgs) -> PyResult<usize> {
        let (data, flags, address) = match args.0.items() {
            [data, address] => (data, None, address),
            [data, flags, address] => (data, Some(flags), address),
            other => {
                let n = other.len();
                return Err(vm.type_error(format!("sendto() takes 2 or 3 arguments ({n} given)")));
            }
        };
        let bytes = bytes_of(vm, data)?;
        let flags = flags.map_or(Ok(0), |f| i32::from_value(vm, f))?;
        let to = address::from_python(vm, "sendto", zelf.family.get(), address)?;
        Socket::audited(zelf, vm, "socket.sendto", address)?;
        zelf.call(vm, libc::POLLOUT, |fd| system::sendto(fd, &bytes, flags, &to))
    }
    /// sendmsg(buffers[, ancdata[, flags[, address]]]) -> count
    ///
    /// Send normal and ancillary data to the socket, gathering the
    /// non-ancillary data from a series of buffers and concatenating it into
    /// a single message.  The buffers argument specifies the non-ancillary
    /// data as an iterable of bytes-like objects (e.g. bytes objects).
    /// The ancdata argument specifies the ancillary data (control messages)
    /// as an iterable of zero or more tuples (cmsg_level, cmsg_type,
    /// cmsg_data), where cmsg_level and cmsg_type are integers specifying the
    /// protocol level and protocol-specific type respectively, and cmsg_data
    /// is a bytes-like object holding the associated data.  The flags
    /// argument defaults to 0 and has the same meaning as for send().  If
    /// address is supplied and not None, it sets a destination address for
    /// the message.  The return value is the number of bytes of non-ancillary
    /// data sent.
    #[pymethod(sig = "($self, buffers, ancdata=(), flags=0, address=None, /)")]
    fn sendmsg(
        zelf: &Obj<Socket>,
        vm: &Vm,
        buffers: &Value,
        ancdata: Option<&Value>,
        flags: Option<i32>,
        address: Option<&Value>,
    ) -> PyResult<usize> {
        if !iter::is_iterable(buffers) {
            return Err(vm.type_error("sendmsg() argument 1 must be an iterable"));
        }
        let items = iter::collect(vm, buffers)?;
        let mut held = Vec::with_capacity(items.len());
        for item in &items {
            held.push(bytes_of(vm, item)?);
        }
        let parts: Vec<&[u8]> = held.iter().map(|part| &**part).collect();
        let control = ancdata.map_or(Ok(Vec::new()), |items| message::encode(vm, items))?;
        let to = match address.filter(|a| !a.is_none()) {
            Some(address) => {
                let to = address::from_python(vm, "sendmsg", zelf.family.get(), address)?;
                Socket::audited(zelf, vm, "socket.sendmsg", address)?;
                Some(to)
            }
            None => {
                Socket::audited(zelf, vm, "socket.sendmsg", &Value::NONE)?;
                None
            }
        };
        let flags = flags_argument(flags);
        zelf.call(vm, libc::POLLOUT, |fd| system::sendmsg(fd, &parts, &control, flags, to.as_ref()))
    }
}

fn zeros(vm: &Vm, len: usize) -> PyResult<Vec<u8>> {
    let mut bytes = with_room(vm, len)?;
    bytes.resize(len, 0);
    Ok(bytes)
}

/// Control data, flags and sender of a message.
type Rest = (Vec<Value>, i32, Value);

fn receive_message(
    socket: &Socket,
    vm: &Vm,
    parts: &mut [Vec<u8>],
    room: Option<isize>,
    flags: Option<i32>,
) -> PyResult<(usize, Rest)> {
    let room = room.unwrap_or(0);
    if i32::try_from(room).is_err() || room < 0 {
        return Err(vm.value_error("invalid ancillary data buffer length"));
    }
    let mut control = zeros(vm, room as usize)?;
    let flags = flags_argument(flags);
    let got =
        socket.call(vm, libc::POLLIN, |fd| system::recvmsg(fd, parts, &mut control, flags))?;
    control.truncate(got.control_len);
    let items = message::decode(vm, &control)?;
    Ok((got.len, (items, got.flags, address::to_python(vm, &got.address)?)))
}

fn message_shown(first: Value, (control, flags, address): Rest) -> Ref<Tuple> {
    let control = adder_vm::objects::list::List::from_vec(control);
    Tuple::from_vec(vec![first, control.into(), int::from_i64(flags.into()), address])
}

/// Duplicates a descriptor; the new one is not passed on to programs.
pub fn duplicate(vm: &Vm, fd: i32) -> PyResult<i32> {
    retry(vm, || system::duplicate(fd))?.map_err(|e| vm.os_error(&e, None))
}
