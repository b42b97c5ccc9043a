//! Names of hosts, services, protocols and interfaces, and addresses in digits.

use super::address::{self, host_name};
use super::system::{self, Address, Asked, Failure, Host, Info};
use super::{error_types, name_error};
use adder_derive::pymodule;
use adder_modules_core::posix::path;
use adder_modules_core::support::bytes_of;
use adder_vm::builtin_modules::sys::audit;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::number;
use adder_vm::runtime::args::FromArg;
use adder_vm::{Exc, PyResult, Ref, Value, Vm};
use std::ffi::CString;
use std::net::{Ipv4Addr, Ipv6Addr};

fn failed(vm: &Vm, failure: Failure) -> Exc {
    match failure {
        Failure::System(e) => vm.os_error(&e, None),
        Failure::Resolver(number) => {
            let [_, gaierror] = error_types(vm);
            name_error(vm, &gaierror, number, &system::resolver_text(number))
        }
    }
}

fn os_error(vm: &Vm, message: &str) -> Exc {
    vm.exception(vm.exception_type("OSError"), message.to_string())
}

fn c_string(vm: &Vm, bytes: Vec<u8>) -> PyResult<CString> {
    CString::new(bytes).map_err(|_| vm.value_error("embedded null character"))
}

fn look_up(
    vm: &Vm,
    host: Option<&CString>,
    service: Option<&CString>,
    hints: [i32; 4],
) -> PyResult<Vec<Info>> {
    vm.without_lock(|| system::getaddrinfo(host, service, hints)).map_err(|e| failed(vm, e))
}

/// The address of a host (its port is 0), in digits or by name; an empty name is any address.
pub fn host(vm: &Vm, name: &[u8], family: i32) -> PyResult<Address> {
    let stream = |flags| [family, libc::SOCK_DGRAM, 0, flags];
    if name.is_empty() {
        let zero = c_string(vm, b"0".to_vec())?;
        let found = look_up(vm, None, Some(&zero), stream(libc::AI_PASSIVE))?;
        return match found.as_slice() {
            [one] => Ok(one.address),
            _ => Err(os_error(vm, "wildcard resolved to multiple address")),
        };
    }
    if name == b"<broadcast>" || name == b"255.255.255.255" {
        if family != libc::AF_INET && family != libc::AF_UNSPEC {
            return Err(os_error(vm, "address family mismatched"));
        }
        return Ok(ipv4(Ipv4Addr::BROADCAST));
    }
    // Digits need no resolver.
    if let Ok(text) = std::str::from_utf8(name) {
        if family != libc::AF_INET6
            && let Ok(found) = text.parse::<Ipv4Addr>()
        {
            return Ok(ipv4(found));
        }
        if family != libc::AF_INET
            && let Ok(found) = text.parse::<Ipv6Addr>()
        {
            let mut made = Address::new(libc::AF_INET6, 28);
            made.put(8, &found.octets());
            return Ok(made);
        }
    }
    let name = c_string(vm, name.to_vec())?;
    let found = look_up(vm, Some(&name), None, [family, 0, 0, 0])?;
    found.first().map(|one| one.address).ok_or_else(|| os_error(vm, "host not found"))
}

fn ipv4(address: Ipv4Addr) -> Address {
    let mut made = Address::new(libc::AF_INET, 16);
    made.put(4, &address.octets());
    made
}

/// Name, other names, addresses.
fn host_entry(vm: &Vm, host: &Host) -> PyResult<(Value, Ref<List>, Ref<List>)> {
    let mut aliases = Vec::new();
    for alias in &host.aliases {
        aliases.push(path::decode(vm, alias)?);
    }
    let mut addresses = Vec::new();
    for bytes in &host.addresses {
        let text = match (host.family, bytes.as_slice()) {
            (libc::AF_INET, [a, b, c, d]) => Ipv4Addr::new(*a, *b, *c, *d).to_string(),
            (libc::AF_INET6, bytes) => match bytes.try_into() {
                Ok(bytes) => address::ipv6_text(bytes),
                Err(_) => return Err(os_error(vm, "unsupported address family")),
            },
            _ => return Err(os_error(vm, "unsupported address family")),
        };
        addresses.push(vm.str(&text));
    }
    Ok((path::decode(vm, &host.name)?, List::from_vec(aliases), List::from_vec(addresses)))
}

fn find_host(vm: &Vm, asked: &Asked<'_>) -> PyResult<Host> {
    vm.without_lock(|| system::host(asked)).map_err(|number| {
        let [herror, _] = error_types(vm);
        name_error(vm, &herror, number, &system::host_error_text(number))
    })
}

/// The text of a `str` argument.
fn text_argument(vm: &Vm, value: &Value, function: &str, place: &str) -> PyResult<CString> {
    match value.downcast::<Str>() {
        Some(_) => c_string(vm, path::encode(vm, value)?),
        None => Err(vm.type_error(format!(
            "{function}() argument{place} must be str, not {}",
            adder_vm::protocol::object::type_name_or_none(value)
        ))),
    }
}

fn port_16(vm: &Vm, function: &str, value: &Value) -> PyResult<u16> {
    let port = i32::from_value(vm, value)?;
    u16::try_from(port).map_err(|_| vm.overflow_error(format!("{function}: port must be 0-65535.")))
}

/// The argument of `htons`, `ntohs`.
fn short(vm: &Vm, function: &str, value: &Value) -> PyResult<u16> {
    let number = i32::from_value(vm, value)?;
    u16::try_from(number).map_err(|_| {
        vm.overflow_error(if number < 0 {
            format!("{function}: can't convert negative Python int to C 16-bit unsigned integer")
        } else {
            format!("{function}: Python int too large to convert to C 16-bit unsigned integer")
        })
    })
}

/// The argument of `htonl`, `ntohl`.
fn long(vm: &Vm, value: &Value) -> PyResult<u32> {
    if !int::is_int(value) {
        return Err(vm.type_error(format!("expected int, {} found", value.ty().name())));
    }
    match number::to_i128(vm, value)? {
        Some(n) if n < 0 => Err(vm.overflow_error("can't convert negative value to unsigned int")),
        Some(n) if n <= u64::MAX.into() => {
            u32::try_from(n).map_err(|_| vm.overflow_error("int larger than 32 bits"))
        }
        _ => Err(vm.overflow_error("Python int too large to convert to C unsigned long")),
    }
}

#[pymodule(name = "_socket")]
pub mod names {
    use super::*;

    /// getaddrinfo(host, port [, family, type, proto, flags])
    ///     -> list of (family, type, proto, canonname, sockaddr)
    ///
    /// Resolve host and port into addrinfo struct.
    #[pyfunction(sig = "(host, port, family=0, type=0, proto=0, flags=0)")]
    fn getaddrinfo(
        vm: &Vm,
        host: &Value,
        port: &Value,
        family: Option<i32>,
        kind: Option<i32>,
        proto: Option<i32>,
        flags: Option<i32>,
    ) -> PyResult<Vec<Value>> {
        let name = if host.is_none() {
            None
        } else if let Some(text) = host.downcast::<Str>() {
            // Plain labels are in that encoding what they are.
            let plain = text.as_ascii().filter(|name| {
                name.strip_suffix('.')
                    .unwrap_or(name)
                    .split('.')
                    .all(|l| (1..64).contains(&l.len()))
            });
            Some(match plain {
                Some(ascii) => ascii.as_bytes().to_vec(),
                None => address::idna(vm, text)?,
            })
        } else if let Some(bytes) = host.downcast::<Bytes>() {
            Some(bytes.as_slice().to_vec())
        } else {
            return Err(vm.type_error("getaddrinfo() argument 1 must be string or None"));
        };
        let service = if port.is_none() {
            None
        } else if int::is_int(port) {
            let number = int::to_i64_exact(port)
                .ok_or_else(|| vm.overflow_error("Python int too large to convert to C long"));
            Some(match number {
                Ok(number) => number.to_string().into_bytes(),
                // Too large for any port: the resolver says so.
                Err(_) => object_text(vm, port)?,
            })
        } else if port.downcast::<Str>().is_some() {
            Some(path::encode(vm, port)?)
        } else if let Some(bytes) = port.downcast::<Bytes>() {
            Some(bytes.as_slice().to_vec())
        } else {
            return Err(os_error(vm, "Int or String expected"));
        };
        let number = |n: Option<i32>| n.unwrap_or(0);
        let hints = [number(family), number(kind), number(proto), number(flags)];
        let shown = hints.map(|n| int::from_i64(n.into()));
        let [family, kind, proto, flags] = shown;
        audit(vm, "socket.getaddrinfo", &[host.clone(), port.clone(), family, kind, proto, flags])?;
        // C reads names up to the first NUL.
        let c = |bytes: Option<Vec<u8>>| {
            bytes.map(|mut b| {
                b.truncate(b.iter().position(|b| *b == 0).unwrap_or(b.len()));
                CString::new(b).unwrap_or_default()
            })
        };
        let found = look_up(vm, c(name).as_ref(), c(service).as_ref(), hints)?;
        let mut all = Vec::with_capacity(found.len());
        for info in &found {
            all.push(
                Tuple::from_vec(vec![
                    int::from_i64(info.family.into()),
                    int::from_i64(info.kind.into()),
                    int::from_i64(info.protocol.into()),
                    path::decode(vm, &info.canonical)?,
                    address::to_python(vm, &info.address)?,
                ])
                .into(),
            );
        }
        Ok(all)
    }

    /// getnameinfo(sockaddr, flags) --> (host, port)
    ///
    /// Get host and port for a sockaddr.
    #[pyfunction]
    fn getnameinfo(vm: &Vm, sockaddr: &Value, flags: i32) -> PyResult<(Value, Value)> {
        let Some(tuple) = sockaddr.downcast::<Tuple>() else {
            return Err(vm.type_error("getnameinfo() argument 1 must be a tuple"));
        };
        let (host, port, rest) = match tuple.items() {
            [host, port, rest @ ..] if rest.len() <= 2 => (host, port, rest),
            _ => return Err(vm.type_error("getnameinfo(): illegal sockaddr argument")),
        };
        let host = text_argument(vm, host, "getnameinfo", " 1")?;
        let port = i32::from_value(vm, port)?;
        let flow = address::flow(vm, "getnameinfo", rest.first())?;
        let scope = rest.get(1).map_or(Ok(0), |v| u32::from_value(vm, v))?;
        audit(vm, "socket.getnameinfo", std::slice::from_ref(sockaddr))?;
        let service = c_string(vm, port.to_string().into_bytes())?;
        let hints = [libc::AF_UNSPEC, libc::SOCK_DGRAM, 0, libc::AI_NUMERICHOST];
        let found = look_up(vm, Some(&host), Some(&service), hints)?;
        let [one] = found.as_slice() else {
            return Err(os_error(vm, "sockaddr resolved to multiple addresses"));
        };
        let mut asked = one.address;
        if asked.family() == libc::AF_INET6 {
            asked.put(4, &flow.to_be_bytes());
            asked.put(24, &scope.to_ne_bytes());
        } else if !rest.is_empty() {
            return Err(os_error(vm, "IPv4 sockaddr must be 2 tuple"));
        }
        let (host, service) =
            vm.without_lock(|| system::getnameinfo(&asked, flags)).map_err(|e| failed(vm, e))?;
        Ok((path::decode(vm, &host)?, path::decode(vm, &service)?))
    }

    /// gethostbyname(host) -> address
    ///
    /// Return the IP address (a string of the form '255.255.255.255') for a host.
    #[pyfunction]
    fn gethostbyname(vm: &Vm, host: &Value) -> PyResult<String> {
        let name = host_name(vm, host)?;
        audit(vm, "socket.gethostbyname", std::slice::from_ref(host))?;
        Ok(address::host_text(&super::host(vm, &name, libc::AF_INET)?))
    }

    /// gethostbyname_ex(host) -> (name, aliaslist, addresslist)
    ///
    /// Return the true host name, a list of aliases, and a list of IP addresses,
    /// for a host.  The host argument is a string giving a host name or IP number.
    #[pyfunction]
    fn gethostbyname_ex(vm: &Vm, host: &Value) -> PyResult<(Value, Ref<List>, Ref<List>)> {
        let name = host_name(vm, host)?;
        audit(vm, "socket.gethostbyname", std::slice::from_ref(host))?;
        // Answers for unknown names are those of the other functions.
        super::host(vm, &name, libc::AF_INET)?;
        let name = c_string(vm, name)?;
        host_entry(vm, &find_host(vm, &Asked::Name(&name))?)
    }

    /// gethostbyaddr(host) -> (name, aliaslist, addresslist)
    ///
    /// Return the true host name, a list of aliases, and a list of IP addresses,
    /// for a host.  The host argument is a string giving a host name or IP number.
    #[pyfunction]
    fn gethostbyaddr(vm: &Vm, host: &Value) -> PyResult<(Value, Ref<List>, Ref<List>)> {
        let name = host_name(vm, host)?;
        audit(vm, "socket.gethostbyaddr", std::slice::from_ref(host))?;
        let found = super::host(vm, &name, libc::AF_UNSPEC)?;
        let family = found.family();
        let (four, sixteen) = (found.get::<4>(4), found.get::<16>(8));
        let bytes: &[u8] = match family {
            libc::AF_INET => &four,
            libc::AF_INET6 => &sixteen,
            _ => return Err(os_error(vm, "unsupported address family")),
        };
        host_entry(vm, &find_host(vm, &Asked::Address(bytes, family))?)
    }

    /// gethostname() -> string
    ///
    /// Return the current host name.
    #[pyfunction]
    fn gethostname(vm: &Vm) -> PyResult {
        audit(vm, "socket.gethostname", &[])?;
        let name = system::hostname().map_err(|e| vm.os_error(&e, None))?;
        path::decode(vm, &name)
    }

    /// sethostname(name)
    ///
    /// Sets the hostname to name.
    #[pyfunction]
    fn sethostname(vm: &Vm, name: &Value) -> PyResult<()> {
        let bytes = path::encode(vm, name)?;
        audit(vm, "socket.sethostname", std::slice::from_ref(name))?;
        system::set_hostname(&bytes).map(drop).map_err(|e| vm.os_error(&e, None))
    }

    /// getservbyname(servicename[, protocolname]) -> integer
    ///
    /// Return a port number from a service name and protocol name.
    /// The optional protocol name, if given, should be 'tcp' or 'udp',
    /// otherwise any protocol will match.
    #[pyfunction(sig = "(servicename, protocolname=None, /)")]
    fn getservbyname(vm: &Vm, servicename: &Value, protocolname: Option<&Value>) -> PyResult<u16> {
        let name = text_argument(vm, servicename, "getservbyname", " 1")?;
        let protocol =
            protocolname.map(|p| text_argument(vm, p, "getservbyname", " 2")).transpose()?;
        let given = protocolname.cloned().unwrap_or_else(|| vm.str(""));
        audit(vm, "socket.getservbyname", &[servicename.clone(), given])?;
        system::service_port(&name, protocol.as_ref())
            .ok_or_else(|| os_error(vm, "service/proto not found"))
    }

    /// getservbyport(port[, protocolname]) -> string
    ///
    /// Return the service name from a port number and protocol name.
    /// The optional protocol name, if given, should be 'tcp' or 'udp',
    /// otherwise any protocol will match.
    #[pyfunction(sig = "(port, protocolname=None, /)")]
    fn getservbyport(vm: &Vm, port: &Value, protocolname: Option<&Value>) -> PyResult {
        let number = port_16(vm, "getservbyport", port)?;
        let protocol =
            protocolname.map(|p| text_argument(vm, p, "getservbyport", " 2")).transpose()?;
        let given = protocolname.cloned().unwrap_or_else(|| vm.str(""));
        audit(vm, "socket.getservbyport", &[port.clone(), given])?;
        match system::service_name(number, protocol.as_ref()) {
            Some(name) => path::decode(vm, &name),
            None => Err(os_error(vm, "port/proto not found")),
        }
    }

    /// getprotobyname(name) -> integer
    ///
    /// Return the protocol number for the named protocol.  (Rarely used.)
    #[pyfunction]
    fn getprotobyname(vm: &Vm, name: &Value) -> PyResult<i32> {
        let name = text_argument(vm, name, "getprotobyname", "")?;
        system::protocol_number(&name).ok_or_else(|| os_error(vm, "protocol not found"))
    }

    /// Convert a 16-bit unsigned integer from network to host byte order.
    #[pyfunction]
    fn ntohs(vm: &Vm, x: &Value) -> PyResult<u16> {
        short(vm, "ntohs", x).map(u16::from_be)
    }
    /// Convert a 32-bit unsigned integer from network to host byte order.
    #[pyfunction]
    fn ntohl(vm: &Vm, x: &Value) -> PyResult<u32> {
        long(vm, x).map(u32::from_be)
    }
    /// Convert a 16-bit unsigned integer from host to network byte order.
    #[pyfunction]
    fn htons(vm: &Vm, x: &Value) -> PyResult<u16> {
        short(vm, "htons", x).map(u16::to_be)
    }
    /// Convert a 32-bit unsigned integer from host to network byte order.
    #[pyfunction]
    fn htonl(vm: &Vm, x: &Value) -> PyResult<u32> {
        long(vm, x).map(u32::to_be)
    }

    /// Convert an IP address in string format (123.45.67.89) to the 32-bit packed binary format
    /// used in low-level network functions.
    #[pyfunction]
    fn inet_aton(vm: &Vm, ip_addr: &Value) -> PyResult<Ref<Bytes>> {
        let text = text_argument(vm, ip_addr, "inet_aton", "")?;
        match system::ipv4(&text) {
            Some(bytes) => Ok(Bytes::from_slice(&bytes)),
            None => Err(os_error(vm, "illegal IP address string passed to inet_aton")),
        }
    }

    /// Convert an IP address from 32-bit packed binary format to string format.
    #[pyfunction]
    fn inet_ntoa(vm: &Vm, packed_ip: &Value) -> PyResult<String> {
        match *bytes_of(vm, packed_ip)? {
            [a, b, c, d] => Ok(Ipv4Addr::new(a, b, c, d).to_string()),
            _ => Err(os_error(vm, "packed IP wrong length for inet_ntoa")),
        }
    }

    /// inet_pton(af, ip) -> packed IP address string
    ///
    /// Convert an IP address from string format to a packed string suitable
    /// for use with low-level network functions.
    #[pyfunction]
    fn inet_pton(vm: &Vm, af: i32, ip: &Value) -> PyResult<Ref<Bytes>> {
        let text = text_argument(vm, ip, "inet_pton", " 2")?;
        let text = text.to_str().unwrap_or_default();
        let illegal = |_| os_error(vm, "illegal IP address string passed to inet_pton");
        match af {
            libc::AF_INET => {
                let found: Ipv4Addr = text.parse().map_err(illegal)?;
                Bytes::copied(vm, &found.octets())
            }
            libc::AF_INET6 => {
                let found: Ipv6Addr = text.parse().map_err(illegal)?;
                Bytes::copied(vm, &found.octets())
            }
            _ => {
                let error = std::io::Error::from_raw_os_error(libc::EAFNOSUPPORT);
                Err(vm.os_error(&error, None))
            }
        }
    }

    /// inet_ntop(af, packed_ip) -> string formatted IP address
    ///
    /// Convert a packed IP address of the given family to string format.
    #[pyfunction]
    fn inet_ntop(vm: &Vm, af: i32, packed_ip: &Value) -> PyResult<String> {
        let packed = bytes_of(vm, packed_ip)?;
        let wrong = |_| vm.value_error("invalid length of packed IP address string");
        match af {
            libc::AF_INET => {
                let four: [u8; 4] = packed[..].try_into().map_err(wrong)?;
                Ok(Ipv4Addr::from(four).to_string())
            }
            libc::AF_INET6 => Ok(address::ipv6_text(packed[..].try_into().map_err(wrong)?)),
            _ => Err(vm.value_error(format!("unknown address family {af}"))),
        }
    }

    /// if_nameindex()
    ///
    /// Returns a list of network interface information (index, name) tuples.
    #[pyfunction]
    fn if_nameindex(vm: &Vm) -> PyResult<Vec<Value>> {
        let mut all = Vec::new();
        for (index, name) in system::interfaces().map_err(|e| vm.os_error(&e, None))? {
            let pair = vec![int::from_i64(index.into()), path::decode(vm, &name)?];
            all.push(Tuple::from_vec(pair).into());
        }
        Ok(all)
    }

    /// Returns the interface index corresponding to the interface name if_name.
    #[pyfunction]
    fn if_nametoindex(vm: &Vm, oname: &Value) -> PyResult<u32> {
        let name = path::PathArg::new(vm, oname)?;
        system::interface_index(&name.c()).map_err(|_| os_error(vm, "no interface with this name"))
    }

    /// if_indextoname(if_index)
    ///
    /// Returns the interface name corresponding to the interface index if_index.
    #[pyfunction]
    fn if_indextoname(vm: &Vm, if_index: &Value) -> PyResult {
        let index = match number::to_i128(vm, if_index)? {
            Some(n) if n < 0 => {
                return Err(vm.overflow_error("can't convert negative value to unsigned int"));
            }
            Some(n) => u32::try_from(n).map_err(|_| {
                vm.overflow_error("Python int too large to convert to C unsigned int")
            })?,
            None => {
                return Err(vm.overflow_error("Python int too large to convert to C unsigned long"));
            }
        };
        let name = system::interface_name(index).map_err(|e| vm.os_error(&e, None))?;
        path::decode(vm, &name)
    }
}

fn object_text(vm: &Vm, value: &Value) -> PyResult<Vec<u8>> {
    let text = adder_vm::protocol::object::str(vm, value)?;
    Ok(text.to_string_lossy().into_bytes())
}
