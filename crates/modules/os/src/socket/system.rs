//! Calls to the operating system about sockets and names, made safe. Nothing here knows Python.

#![expect(unsafe_code, reason = "foreign functions of plain numbers and live buffers")]

use std::ffi::{CStr, CString};
use std::io::{Error, Result};

fn check(result: isize) -> Result<usize> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result as usize) }
}

fn check_int(result: libc::c_int) -> Result<i32> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result) }
}

/// A socket address: any of the system's structures, as bytes.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Address {
    bytes: [u8; Address::ROOM],
    len: libc::socklen_t,
}

impl Address {
    const ROOM: usize = size_of::<libc::sockaddr_storage>();

    fn empty() -> Address {
        Address { bytes: [0; Address::ROOM], len: Address::ROOM as libc::socklen_t }
    }
    /// Zeros but for the family.
    pub fn new(family: i32, len: usize) -> Address {
        let mut made = Address::empty();
        made.len = len.min(Address::ROOM) as libc::socklen_t;
        made.put(0, &(family as u16).to_ne_bytes());
        made
    }
    /// Bytes of a structure; what has no room is left out.
    fn from_bytes(bytes: &[u8]) -> Address {
        let mut made = Address::empty();
        made.len = bytes.len().min(Address::ROOM) as libc::socklen_t;
        made.put(0, bytes);
        made
    }
    /// Writes a field; callers stay within the room of a structure.
    pub fn put(&mut self, at: usize, field: &[u8]) {
        for (place, byte) in self.bytes.iter_mut().skip(at).zip(field) {
            *place = *byte;
        }
    }
    /// Reads a field; zeros beyond the end.
    pub fn get<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        for (place, byte) in field.iter_mut().zip(self.bytes.iter().skip(at)) {
            *place = *byte;
        }
        field
    }
    pub fn family(&self) -> i32 {
        u16::from_ne_bytes(self.get(0)).into()
    }
    pub fn len(&self) -> usize {
        (self.len as usize).min(Address::ROOM)
    }
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }
    fn pointer(&self) -> *const libc::sockaddr {
        self.bytes.as_ptr().cast()
    }
    fn pointer_mut(&mut self) -> *mut libc::sockaddr {
        self.bytes.as_mut_ptr().cast()
    }
}

/// An address that a call fills.
fn filled<T>(
    call: impl FnOnce(*mut libc::sockaddr, *mut libc::socklen_t) -> Result<T>,
) -> Result<(T, Address)> {
    let mut address = Address::empty();
    let mut len = address.len;
    let result = call(address.pointer_mut(), &mut len)?;
    // The system tells how long it would have been.
    address.len = len.min(Address::ROOM as libc::socklen_t);
    Ok((result, address))
}

// ---- sockets ----

pub fn socket(family: i32, kind: i32, protocol: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) })
}

pub fn socketpair(family: i32, kind: i32, protocol: i32) -> Result<[i32; 2]> {
    let mut pair = [-1; 2];
    let kind = kind | libc::SOCK_CLOEXEC;
    // SAFETY: the pair is live.
    check_int(unsafe { libc::socketpair(family, kind, protocol, pair.as_mut_ptr()) })?;
    Ok(pair)
}

pub fn bind(fd: i32, address: &Address) -> Result<i32> {
    // SAFETY: pointer and length are those of a live structure.
    check_int(unsafe { libc::bind(fd, address.pointer(), address.len) })
}

pub fn connect(fd: i32, address: &Address) -> Result<i32> {
    // SAFETY: pointer and length are those of a live structure.
    check_int(unsafe { libc::connect(fd, address.pointer(), address.len) })
}

pub fn listen(fd: i32, backlog: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::listen(fd, backlog) })
}

pub fn accept(fd: i32) -> Result<(i32, Address)> {
    // SAFETY: the structure is live, and its length is told.
    filled(|address, len| check_int(unsafe { libc::accept4(fd, address, len, libc::SOCK_CLOEXEC) }))
}

pub fn shutdown(fd: i32, how: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::shutdown(fd, how) })
}

pub fn getsockname(fd: i32) -> Result<Address> {
    // SAFETY: the structure is live, and its length is told.
    filled(|address, len| check_int(unsafe { libc::getsockname(fd, address, len) }))
        .map(|(_, address)| address)
}

pub fn getpeername(fd: i32) -> Result<Address> {
    // SAFETY: the structure is live, and its length is told.
    filled(|address, len| check_int(unsafe { libc::getpeername(fd, address, len) }))
        .map(|(_, address)| address)
}

/// An option into a buffer; the answer is how much of it was filled.
pub fn getsockopt(fd: i32, level: i32, option: i32, into: &mut [u8]) -> Result<usize> {
    let mut len = into.len() as libc::socklen_t;
    // SAFETY: the buffer is live, and its length is told.
    check_int(unsafe { libc::getsockopt(fd, level, option, into.as_mut_ptr().cast(), &mut len) })?;
    Ok((len as usize).min(into.len()))
}

pub fn getsockopt_int(fd: i32, level: i32, option: i32) -> Result<i32> {
    let mut number = [0; 4];
    getsockopt(fd, level, option, &mut number)?;
    Ok(i32::from_ne_bytes(number))
}

pub fn setsockopt(fd: i32, level: i32, option: i32, value: &[u8]) -> Result<i32> {
    let len = value.len() as libc::socklen_t;
    // SAFETY: the buffer is live, and its length is told.
    check_int(unsafe { libc::setsockopt(fd, level, option, value.as_ptr().cast(), len) })
}

/// An option that has a length and no value.
pub fn setsockopt_length(fd: i32, level: i32, option: i32, len: u32) -> Result<i32> {
    // SAFETY: a null pointer is refused, or means that there is no value.
    check_int(unsafe { libc::setsockopt(fd, level, option, std::ptr::null(), len) })
}

pub fn set_nonblocking(fd: i32, on: bool) -> Result<()> {
    let mut flag = libc::c_int::from(on);
    // SAFETY: the number is live.
    check_int(unsafe { libc::ioctl(fd, libc::FIONBIO, &mut flag) }).map(drop)
}

pub fn duplicate(fd: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) })
}

// ---- data ----

/// Receives into the spare room of a vector, at most `room` bytes; the answer is the system's,
/// which is more than that for a datagram that was cut off.
pub fn recv(fd: i32, into: &mut Vec<u8>, room: usize, flags: i32) -> Result<usize> {
    let spare = into.spare_capacity_mut();
    let room = room.min(spare.len());
    // SAFETY: the room is within the vector's capacity.
    let n = check(unsafe { libc::recv(fd, spare.as_mut_ptr().cast(), room, flags) })?;
    // SAFETY: the call filled that much.
    unsafe { into.set_len(into.len() + n.min(room)) };
    Ok(n)
}

/// The same, with the sender's address.
pub fn recvfrom(fd: i32, into: &mut Vec<u8>, room: usize, flags: i32) -> Result<(usize, Address)> {
    let spare = into.spare_capacity_mut();
    let room = room.min(spare.len());
    let (n, address) = filled(|address, len| {
        let buffer = spare.as_mut_ptr().cast();
        // SAFETY: the room is within the vector's capacity; the address is live.
        check(unsafe { libc::recvfrom(fd, buffer, room, flags, address, len) })
    })?;
    // SAFETY: the call filled that much.
    unsafe { into.set_len(into.len() + n.min(room)) };
    Ok((n, address))
}

pub fn send(fd: i32, bytes: &[u8], flags: i32) -> Result<usize> {
    // SAFETY: pointer and length are those of a live slice.
    check(unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) })
}

pub fn sendto(fd: i32, bytes: &[u8], flags: i32, address: &Address) -> Result<usize> {
    let (data, len) = (bytes.as_ptr().cast(), bytes.len());
    // SAFETY: slice and address are live, and their lengths are told.
    check(unsafe { libc::sendto(fd, data, len, flags, address.pointer(), address.len) })
}

/// What `recvmsg` answers beside the data.
pub struct Received {
    pub len: usize,
    pub control_len: usize,
    pub flags: i32,
    pub address: Address,
}

/// Receives into several buffers, and control data into another.
pub fn recvmsg(fd: i32, parts: &mut [Vec<u8>], control: &mut [u8], flags: i32) -> Result<Received> {
    let mut list: Vec<libc::iovec> = parts
        .iter_mut()
        .map(|p| libc::iovec { iov_base: p.as_mut_ptr().cast(), iov_len: p.len() })
        .collect();
    let mut address = Address::empty();
    // SAFETY: the structure consists of numbers and pointers; zero is a valid value of each.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_name = address.pointer_mut().cast();
    header.msg_namelen = address.len;
    header.msg_iov = list.as_mut_ptr();
    header.msg_iovlen = list.len() as _;
    if !control.is_empty() {
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = control.len() as _;
    }
    // SAFETY: all pointers are of live buffers, with their lengths.
    let len = check(unsafe { libc::recvmsg(fd, &mut header, flags) })?;
    address.len = header.msg_namelen.min(Address::ROOM as libc::socklen_t);
    Ok(Received {
        len,
        control_len: (header.msg_controllen as usize).min(control.len()),
        flags: header.msg_flags,
        address,
    })
}

pub fn sendmsg(
    fd: i32,
    parts: &[&[u8]],
    control: &[u8],
    flags: i32,
    address: Option<&Address>,
) -> Result<usize> {
    let mut list: Vec<libc::iovec> = parts
        .iter()
        .map(|p| libc::iovec { iov_base: p.as_ptr().cast_mut().cast(), iov_len: p.len() })
        .collect();
    // SAFETY: as in `recvmsg`.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    if let Some(address) = address {
        header.msg_name = address.pointer().cast_mut().cast();
        header.msg_namelen = address.len;
    }
    header.msg_iov = list.as_mut_ptr();
    header.msg_iovlen = list.len() as _;
    if !control.is_empty() {
        header.msg_control = control.as_ptr().cast_mut().cast();
        header.msg_controllen = control.len() as _;
    }
    // SAFETY: all pointers are of live buffers, which the call only reads, with their lengths.
    check(unsafe { libc::sendmsg(fd, &header, flags) })
}

// ---- names ----

/// Why a name was not found.
pub enum Failure {
    /// A number of `getaddrinfo`.
    Resolver(i32),
    System(Error),
}

impl Failure {
    fn new(number: i32) -> Failure {
        match number {
            libc::EAI_SYSTEM => Failure::System(Error::last_os_error()),
            _ => Failure::Resolver(number),
        }
    }
}

/// One answer of `getaddrinfo`.
pub struct Info {
    pub family: i32,
    pub kind: i32,
    pub protocol: i32,
    pub canonical: Vec<u8>,
    pub address: Address,
}

fn text(pointer: *const libc::c_char) -> Vec<u8> {
    if pointer.is_null() {
        return Vec::new();
    }
    // SAFETY: a string of the C library's, which ends with NUL.
    unsafe { CStr::from_ptr(pointer) }.to_bytes().to_vec()
}

fn pointer(text: Option<&CString>) -> *const libc::c_char {
    text.map_or(std::ptr::null(), |t| t.as_ptr())
}

pub fn getaddrinfo(
    host: Option<&CString>,
    service: Option<&CString>,
    [family, kind, protocol, flags]: [i32; 4],
) -> std::result::Result<Vec<Info>, Failure> {
    // SAFETY: the structure consists of numbers and pointers; zero is a valid value of each.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = family;
    hints.ai_socktype = kind;
    hints.ai_protocol = protocol;
    hints.ai_flags = flags;
    let mut list = std::ptr::null_mut();
    // SAFETY: strings end with NUL or are null; hints and result are live.
    let error = unsafe { libc::getaddrinfo(pointer(host), pointer(service), &hints, &mut list) };
    if error != 0 {
        return Err(Failure::new(error));
    }
    let mut all = Vec::new();
    let mut at = list;
    // SAFETY: a list of live entries that ends with null; it is freed once, after the copy.
    unsafe {
        while let Some(entry) = at.as_ref() {
            let bytes = if entry.ai_addr.is_null() {
                &[]
            } else {
                std::slice::from_raw_parts(entry.ai_addr.cast(), entry.ai_addrlen as usize)
            };
            all.push(Info {
                family: entry.ai_family,
                kind: entry.ai_socktype,
                protocol: entry.ai_protocol,
                canonical: text(entry.ai_canonname),
                address: Address::from_bytes(bytes),
            });
            at = entry.ai_next;
        }
        libc::freeaddrinfo(list);
    }
    Ok(all)
}

/// The names of an address's host and service.
pub fn getnameinfo(
    address: &Address,
    flags: i32,
) -> std::result::Result<(Vec<u8>, Vec<u8>), Failure> {
    let (mut host, mut service) = ([0; libc::NI_MAXHOST as usize], [0; 32]);
    // SAFETY: all buffers are live, and their lengths are told.
    let error = unsafe {
        libc::getnameinfo(
            address.pointer(),
            address.len,
            host.as_mut_ptr(),
            host.len() as libc::socklen_t,
            service.as_mut_ptr(),
            service.len() as libc::socklen_t,
            flags,
        )
    };
    match error {
        0 => Ok((text(host.as_ptr()), text(service.as_ptr()))),
        number => Err(Failure::new(number)),
    }
}

pub fn resolver_text(number: i32) -> Vec<u8> {
    // SAFETY: the answer is a constant string.
    text(unsafe { libc::gai_strerror(number) })
}

pub fn host_error_text(number: i32) -> Vec<u8> {
    // SAFETY: the answer is a constant string.
    text(unsafe { libc::hstrerror(number) })
}

/// A host as the resolver of old knows it.
pub struct Host {
    pub name: Vec<u8>,
    pub aliases: Vec<Vec<u8>>,
    pub family: i32,
    pub addresses: Vec<Vec<u8>>,
}

unsafe extern "C" {
    fn gethostbyname_r(
        name: *const libc::c_char,
        entry: *mut libc::hostent,
        scratch: *mut libc::c_char,
        size: usize,
        found: *mut *mut libc::hostent,
        error: *mut libc::c_int,
    ) -> libc::c_int;
    fn gethostbyaddr_r(
        address: *const libc::c_void,
        len: libc::socklen_t,
        family: libc::c_int,
        entry: *mut libc::hostent,
        scratch: *mut libc::c_char,
        size: usize,
        found: *mut *mut libc::hostent,
        error: *mut libc::c_int,
    ) -> libc::c_int;
    fn inet_aton(text: *const libc::c_char, into: *mut libc::in_addr) -> libc::c_int;
}

/// Who is asked for.
pub enum Asked<'a> {
    Name(&'a CString),
    Address(&'a [u8], i32),
}

/// Asks for a host; the error is a number of `h_errno`.
pub fn host(asked: &Asked<'_>) -> std::result::Result<Host, i32> {
    let mut size = 8192;
    loop {
        // Pointers are put there: it must be aligned.
        let mut scratch = vec![0u64; size / 8];
        // SAFETY: the structure consists of numbers and pointers; zero is a valid value of each.
        let mut entry: libc::hostent = unsafe { std::mem::zeroed() };
        let (mut found, mut error) = (std::ptr::null_mut(), 0);
        let room = scratch.as_mut_ptr().cast();
        // SAFETY: all buffers are live, and their lengths are told.
        let result = unsafe {
            match asked {
                Asked::Name(name) => {
                    gethostbyname_r(name.as_ptr(), &mut entry, room, size, &mut found, &mut error)
                }
                Asked::Address(bytes, family) => gethostbyaddr_r(
                    bytes.as_ptr().cast(),
                    bytes.len() as libc::socklen_t,
                    *family,
                    &mut entry,
                    room,
                    size,
                    &mut found,
                    &mut error,
                ),
            }
        };
        if result == libc::ERANGE && size < 1 << 24 {
            size *= 2;
            continue;
        }
        if found.is_null() {
            return Err(error);
        }
        let len = entry.h_length.max(0) as usize;
        // SAFETY: both lists end with null; addresses have the length that is told.
        return Ok(unsafe {
            Host {
                name: text(entry.h_name),
                aliases: each(entry.h_aliases, text),
                family: entry.h_addrtype,
                addresses: each(entry.h_addr_list, |p| {
                    std::slice::from_raw_parts(p.cast(), len).to_vec()
                }),
            }
        });
    }
}

/// Reads a list of pointers.
///
/// # Safety
/// The list is null, or ends with a null pointer.
unsafe fn each<T>(
    mut list: *mut *mut libc::c_char,
    read: impl Fn(*const libc::c_char) -> T,
) -> Vec<T> {
    let mut all = Vec::new();
    // SAFETY: the list ends with null.
    unsafe {
        while !list.is_null() && !(*list).is_null() {
            all.push(read(*list));
            list = list.add(1);
        }
    }
    all
}

/// An IPv4 address in any of the notations of old (`127.1`, `0x7f.1`).
pub fn ipv4(text: &CString) -> Option<[u8; 4]> {
    let mut address = libc::in_addr { s_addr: 0 };
    // SAFETY: the text ends with NUL; the address is live.
    let good = unsafe { inet_aton(text.as_ptr(), &mut address) };
    (good != 0).then(|| address.s_addr.to_ne_bytes())
}

/// The port of a service. The interpreter lock keeps others from the C library's one answer.
pub fn service_port(name: &CString, protocol: Option<&CString>) -> Option<u16> {
    // SAFETY: strings end with NUL or are null; the answer is valid until the next call.
    unsafe {
        let entry = libc::getservbyname(name.as_ptr(), pointer(protocol)).as_ref()?;
        Some(u16::from_be(entry.s_port as u16))
    }
}

/// The service of a port; see [`service_port`].
pub fn service_name(port: u16, protocol: Option<&CString>) -> Option<Vec<u8>> {
    // SAFETY: as in `service_port`.
    unsafe {
        let port = i32::from(port.to_be());
        let entry = libc::getservbyport(port, pointer(protocol)).as_ref()?;
        Some(text(entry.s_name))
    }
}

/// The number of a protocol; see [`service_port`].
pub fn protocol_number(name: &CString) -> Option<i32> {
    // SAFETY: as in `service_port`.
    unsafe { libc::getprotobyname(name.as_ptr()).as_ref().map(|entry| entry.p_proto) }
}

pub fn hostname() -> Result<Vec<u8>> {
    let mut name = [0; 1025];
    // SAFETY: the buffer is live, and one less than its length is told: it ends with NUL.
    check_int(unsafe { libc::gethostname(name.as_mut_ptr(), name.len() - 1) })?;
    Ok(text(name.as_ptr()))
}

pub fn set_hostname(name: &[u8]) -> Result<i32> {
    // SAFETY: pointer and length are those of a live slice.
    check_int(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) })
}

// ---- interfaces ----

pub fn interface_index(name: &CString) -> Result<u32> {
    // SAFETY: the name ends with NUL.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(Error::last_os_error()),
        index => Ok(index),
    }
}

pub fn interface_name(index: u32) -> Result<Vec<u8>> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the size that the call wants.
    match unsafe { libc::if_indextoname(index, name.as_mut_ptr()) }.is_null() {
        true => Err(Error::last_os_error()),
        false => Ok(text(name.as_ptr())),
    }
}

pub fn interfaces() -> Result<Vec<(u32, Vec<u8>)>> {
    let mut all = Vec::new();
    // SAFETY: a list that ends with an entry of zeros; it is freed once, after the copy.
    unsafe {
        let list = libc::if_nameindex();
        if list.is_null() {
            return Err(Error::last_os_error());
        }
        let mut at = list;
        while (*at).if_index != 0 || !(*at).if_name.is_null() {
            all.push(((*at).if_index, text((*at).if_name)));
            at = at.add(1);
        }
        libc::if_freenameindex(list);
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
