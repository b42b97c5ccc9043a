//! Socket addresses: tuples, strings and bytes of Python, and the system's structures.
//!
//! The structures are written and read field by field as bytes, which needs no pointers.

use super::resolve;
use super::system::Address;
use adder_modules_core::posix::path;
use adder_vm::objects::bytearray::ByteArray;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::{buffer, number, object};
use adder_vm::runtime::args::FromArg;
use adder_vm::{Obj, PyResult, Value, Vm};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Room for a path in an address.
const PATH_MAX: usize = 108;

/// A host's name as the system's resolver takes it.
pub fn host_name(vm: &Vm, host: &Value) -> PyResult<Vec<u8>> {
    let bytes = if let Some(text) = host.downcast::<Str>() {
        match text.as_ascii() {
            Some(ascii) => ascii.as_bytes().to_vec(),
            None => idna(vm, text)?,
        }
    } else if let Some(bytes) = host.downcast::<Bytes>() {
        bytes.as_slice().to_vec()
    } else if host.downcast::<ByteArray>().is_some() {
        buffer::to_vec(vm, host)?
    } else {
        return Err(vm.type_error(format!(
            "str, bytes or bytearray expected, not {}",
            object::type_name_or_none(host)
        )));
    };
    if bytes.contains(&0) {
        return Err(vm.type_error("host name must not contain null character"));
    }
    Ok(bytes)
}

/// A name in the encoding of international domain names.
pub fn idna(vm: &Vm, text: &Obj<Str>) -> PyResult<Vec<u8>> {
    let encoded = adder_vm::objects::str_::codec::encode(vm, text, "idna", "strict")?;
    match encoded.downcast::<Bytes>() {
        Some(bytes) => Ok(bytes.as_slice().to_vec()),
        None => Err(vm.type_error("encoding of hostname failed")),
    }
}

fn tuple<'a>(vm: &Vm, function: &str, family: &str, address: &'a Value) -> PyResult<&'a [Value]> {
    match address.downcast::<Tuple>() {
        Some(tuple) => Ok(tuple.items()),
        None => Err(vm.type_error(format!(
            "{function}(): {family} address must be tuple, not {}",
            address.ty().name()
        ))),
    }
}

fn port(vm: &Vm, function: &str, value: &Value) -> PyResult<u16> {
    number::to_i128(vm, value)?
        .and_then(|port| u16::try_from(port).ok())
        .ok_or_else(|| vm.overflow_error(format!("{function}(): port must be 0-65535.")))
}

/// The flow of an IPv6 address has 20 bits.
pub fn flow(vm: &Vm, function: &str, value: Option<&Value>) -> PyResult<u32> {
    let flow = value.map_or(Ok(0), |v| u32::from_value(vm, v))?;
    if flow > 0xf_ffff {
        return Err(vm.overflow_error(format!("{function}(): flowinfo must be 0-1048575.")));
    }
    Ok(flow)
}

/// The address that a socket of `family` is given by `function`.
pub fn from_python(vm: &Vm, function: &str, family: i32, address: &Value) -> PyResult<Address> {
    match family {
        libc::AF_INET => {
            let [host, number] = tuple(vm, function, "AF_INET", address)? else {
                return Err(vm.type_error("AF_INET address must be a pair (host, port)"));
            };
            let name = host_name(vm, host)?;
            let port = port(vm, function, number)?;
            let mut found = resolve::host(vm, &name, family)?;
            found.put(2, &port.to_be_bytes());
            Ok(found)
        }
        libc::AF_INET6 => {
            let items = tuple(vm, function, "AF_INET6", address)?;
            let (host, number, rest) = match items {
                [host, number, rest @ ..] if rest.len() <= 2 => (host, number, rest),
                _ => {
                    return Err(vm.type_error(
                        "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])",
                    ));
                }
            };
            let name = host_name(vm, host)?;
            let port = port(vm, function, number)?;
            let flow = flow(vm, function, rest.first())?;
            let scope = rest.get(1).map_or(Ok(0), |v| u32::from_value(vm, v))?;
            let mut found = resolve::host(vm, &name, family)?;
            found.put(2, &port.to_be_bytes());
            found.put(4, &flow.to_be_bytes());
            found.put(24, &scope.to_ne_bytes());
            Ok(found)
        }
        libc::AF_UNIX => unix(vm, address),
        libc::AF_NETLINK => {
            let [pid, groups] = tuple(vm, function, "AF_NETLINK", address)? else {
                return Err(vm.type_error("AF_NETLINK address must be a pair (pid, groups)"));
            };
            let (pid, groups) = (low_bits(vm, pid)?, low_bits(vm, groups)?);
            let mut made = Address::new(family, 12);
            made.put(4, &pid.to_ne_bytes());
            made.put(8, &groups.to_ne_bytes());
            Ok(made)
        }
        libc::AF_VSOCK => {
            let [cid, port] = tuple(vm, "getsockaddrarg", "AF_VSOCK", address)? else {
                return Err(vm.type_error("AF_VSOCK address must be a pair (CID, port)"));
            };
            let (cid, port) = (low_bits(vm, cid)?, low_bits(vm, port)?);
            let mut made = Address::new(family, 16);
            made.put(4, &port.to_ne_bytes());
            made.put(8, &cid.to_ne_bytes());
            Ok(made)
        }
        libc::AF_PACKET => packet(vm, function, address),
        _ => Err(vm.exception(vm.exception_type("OSError"), format!("{function}(): bad family"))),
    }
}

/// A number of 32 bits without sign; greater ones lose what is above.
fn low_bits(vm: &Vm, value: &Value) -> PyResult<u32> {
    match number::to_i128(vm, value)? {
        Some(wide) => Ok(wide as u32),
        None => Err(vm.overflow_error("Python int too large to convert to C unsigned long")),
    }
}

/// A path, or (with a first byte of zero) an abstract name.
fn unix(vm: &Vm, address: &Value) -> PyResult<Address> {
    let name = match address.downcast::<Str>() {
        Some(_) => path::encode(vm, address)?,
        None => buffer::contiguous(vm, address)?,
    };
    let is_abstract = name.first().is_none_or(|first| *first == 0);
    // A path needs an end, an abstract name has a length.
    let len = if is_abstract { name.len() } else { name.len() + 1 };
    if len > PATH_MAX {
        let ty = vm.exception_type("OSError");
        return Err(vm.exception(ty, "AF_UNIX path too long".to_string()));
    }
    let mut made = Address::new(libc::AF_UNIX, 2 + len);
    made.put(2, &name);
    Ok(made)
}

fn packet(vm: &Vm, function: &str, address: &Value) -> PyResult<Address> {
    let items = tuple(vm, function, "AF_PACKET", address)?;
    let (name, protocol, rest) = match items {
        [name, protocol, rest @ ..] if rest.len() <= 3 => (name, protocol, rest),
        _ => {
            return Err(vm.type_error("AF_PACKET address must be a tuple of two to five elements"));
        }
    };
    let interface = path::PathArg::new(vm, name)?;
    let protocol = i32::from_value(vm, protocol)?;
    let small = |v: Option<&Value>| v.map_or(Ok(0), |v| i32::from_value(vm, v));
    let (kind, hardware_type) = (small(rest.first())?, small(rest.get(1))?);
    let hardware = rest.get(2).map_or(Ok(Vec::new()), |v| buffer::contiguous(vm, v))?;
    if hardware.len() > 8 {
        return Err(vm.value_error("Hardware address must be 8 bytes or less"));
    }
    let Ok(protocol) = u16::try_from(protocol) else {
        return Err(vm.overflow_error(format!("{function}(): proto must be 0-65535.")));
    };
    let index =
        super::system::interface_index(&interface.c()).map_err(|e| vm.os_error(&e, None))?;
    let mut made = Address::new(libc::AF_PACKET, 20);
    made.put(2, &protocol.to_be_bytes());
    made.put(4, &index.to_ne_bytes());
    made.put(8, &(hardware_type as u16).to_ne_bytes());
    made.put(10, &[kind as u8, hardware.len() as u8]);
    made.put(12, &hardware);
    Ok(made)
}

/// What Python is shown of an address; `None` if there is none.
pub fn to_python(vm: &Vm, address: &Address) -> PyResult {
    if address.len() == 0 {
        return Ok(Value::NONE);
    }
    let number = |n: u32| int::from_i64(n.into());
    let items = match address.family() {
        libc::AF_INET => {
            let port = u16::from_be_bytes(address.get(2));
            vec![vm.str(&host_text(address)), number(port.into())]
        }
        libc::AF_INET6 => {
            let port = u16::from_be_bytes(address.get(2));
            vec![
                vm.str(&host_text(address)),
                number(port.into()),
                number(u32::from_be_bytes(address.get(4))),
                number(u32::from_ne_bytes(address.get(24))),
            ]
        }
        libc::AF_UNIX => {
            let name = address.bytes().get(2..).unwrap_or(&[]);
            if name.first() == Some(&0) {
                return Ok(Bytes::copied(vm, name)?.into());
            }
            let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
            return path::decode(vm, &name[..end]);
        }
        libc::AF_NETLINK => vec![
            number(u32::from_ne_bytes(address.get(4))),
            number(u32::from_ne_bytes(address.get(8))),
        ],
        libc::AF_VSOCK => vec![
            number(u32::from_ne_bytes(address.get(8))),
            number(u32::from_ne_bytes(address.get(4))),
        ],
        libc::AF_PACKET => {
            let index = u32::from_ne_bytes(address.get(4));
            let name = match index {
                0 => Vec::new(),
                _ => super::system::interface_name(index).unwrap_or_default(),
            };
            let [kind, len] = address.get(10);
            let hardware: [u8; 8] = address.get(12);
            vec![
                path::decode(vm, &name)?,
                number(u16::from_be_bytes(address.get(2)).into()),
                number(kind.into()),
                number(u16::from_ne_bytes(address.get(8)).into()),
                Bytes::from_slice(hardware.get(..usize::from(len)).unwrap_or(&hardware)).into(),
            ]
        }
        family => {
            let rest = address.bytes().get(2..).unwrap_or(&[]);
            vec![int::from_i64(family.into()), Bytes::from_slice(rest).into()]
        }
    };
    Ok(Tuple::from_vec(items).into())
}

/// The host of an internet address in digits.
pub fn host_text(address: &Address) -> String {
    if address.family() == libc::AF_INET {
        return Ipv4Addr::from(address.get::<4>(4)).to_string();
    }
    ipv6_text(address.get(8))
}

/// An IPv6 address as C libraries write it.
pub fn ipv6_text(bytes: [u8; 16]) -> String {
    let address = Ipv6Addr::from(bytes);
    // Rust has given up the notation for addresses that hold one of version 4 at their end.
    match address.segments() {
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => {
            let [.., a, b, c, d] = bytes;
            format!("::{}", Ipv4Addr::new(a, b, c, d))
        }
        _ => address.to_string(),
    }
}
