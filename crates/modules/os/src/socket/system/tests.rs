//! Calls with addresses and buffers of all sizes, and with what the system refuses: a memory checker sees what
//! a call writes beyond them.

use super::*;

/// A descriptor that is not open: the largest there can be.
const CLOSED: i32 = i32::MAX;

fn number<T>(result: Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

fn close(fds: &[i32]) {
    fds.iter().for_each(|fd| assert!(crate::system::close(*fd).is_ok()));
}

/// An address of this machine, with a port in the order of the net.
fn local(port: [u8; 2]) -> Address {
    let mut address = Address::new(libc::AF_INET, size_of::<libc::sockaddr_in>());
    address.put(2, &port);
    address.put(4, &[127, 0, 0, 1]);
    address
}

#[test]
fn addresses_stay_within_their_room() {
    for len in [0, 1, 2, 16, 128, 129, usize::MAX] {
        let address = Address::new(libc::AF_INET6, len);
        assert!(address.len() == len.min(Address::ROOM) && address.bytes().len() == address.len());
        assert_eq!(address.family(), libc::AF_INET6);
    }
    let mut address = Address::from_bytes(&[7; 500]);
    assert!(address.len() == Address::ROOM && address.bytes().iter().all(|b| *b == 7));
    address.put(Address::ROOM - 1, &[1, 2, 3]);
    address.put(Address::ROOM, &[9]);
    address.put(usize::MAX, &[9]);
    assert_eq!(address.get::<4>(Address::ROOM - 2), [7, 1, 0, 0]);
    assert_eq!(address.get::<4>(usize::MAX), [0; 4]);
    assert!(Address::from_bytes(&[]).bytes().is_empty());
}

#[test]
fn what_the_system_would_have_told_is_cut_to_what_it_did() {
    let told = filled(|address, len| {
        // SAFETY: as much as there is room for.
        unsafe { address.cast::<u8>().write_bytes(5, *len as usize) };
        // SAFETY: the length is live.
        unsafe { *len = 5000 };
        Ok(())
    });
    let (_, address) = told.expect("told");
    assert!(address.bytes().len() == Address::ROOM && address.len as usize == Address::ROOM);
    assert!(filled(|_, _| Err::<(), _>(Error::from_raw_os_error(5))).is_err());
}

#[test]
fn data_travel_through_a_pair() {
    let [one, two] = socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0).expect("a pair");
    let data: Vec<u8> = (0..2000).map(|n| n as u8).collect();
    assert_eq!(send(one, &data, 0).ok(), Some(2000));
    let mut into = Vec::with_capacity(8);
    into.extend([1, 2, 3]);
    let room = into.capacity() - 3;
    assert_eq!(recv(two, &mut into, usize::MAX, 0).ok(), Some(room));
    assert_eq!((&into[..3], &into[3..]), (&[1, 2, 3][..], &data[..room]));
    assert_eq!(recv(two, &mut Vec::new(), usize::MAX, 0).ok(), Some(0));
    let mut into = Vec::with_capacity(100);
    let (n, from) = recvfrom(two, &mut into, 50, 0).expect("received");
    assert!(n == 50 && into == data[room..room + 50] && from.len() <= Address::ROOM);
    let mut parts = [vec![0; 3], Vec::new(), vec![0; 7]];
    let got = recvmsg(two, &mut parts, &mut [], 0).expect("received");
    assert_eq!(
        (got.len, got.control_len, parts.concat()),
        (10, 0, data[room + 50..room + 60].to_vec())
    );
    assert_eq!(recvmsg(two, &mut [], &mut [], 0).map(|got| got.len).ok(), Some(0));
    assert_eq!(sendmsg(two, &[b"ab", b"", b"c"], &[], 0, None).ok(), Some(3));
    assert_eq!(sendmsg(two, &[], &[], 0, None).ok(), Some(0));
    let mut into = Vec::with_capacity(16);
    assert_eq!(recv(one, &mut into, 16, 0).ok(), Some(3));
    assert_eq!(into, b"abc");
    // More parts than the system takes.
    let many: Vec<&[u8]> = vec![b"x"; 2000];
    assert_eq!(number(sendmsg(two, &many, &[], 0, None)), Some(libc::EMSGSIZE));
    assert_eq!(shutdown(one, libc::SHUT_WR).ok(), Some(0));
    close(&[one, two]);
}

#[test]
fn a_datagram_that_is_cut_off_fills_only_its_room() {
    let [one, two] = socketpair(libc::AF_UNIX, libc::SOCK_DGRAM, 0).expect("a pair");
    for _ in 0..3 {
        assert_eq!(send(one, &[7; 500], 0).ok(), Some(500));
    }
    let mut into = Vec::with_capacity(64);
    assert_eq!(recv(two, &mut into, 10, libc::MSG_TRUNC).ok(), Some(500));
    assert_eq!(into, [7; 10]);
    let (n, _) = recvfrom(two, &mut into, 5, libc::MSG_TRUNC).expect("received");
    assert!(n == 500 && into == [7; 15]);
    let mut parts = [vec![0; 4]];
    let got = recvmsg(two, &mut parts, &mut [], libc::MSG_TRUNC).expect("received");
    assert!(got.len == 500 && got.flags & libc::MSG_TRUNC != 0 && parts[0] == [7; 4]);
    close(&[one, two]);
}

#[test]
fn descriptors_travel_as_control_data() {
    let [one, two] = socketpair(libc::AF_UNIX, libc::SOCK_DGRAM, 0).expect("a pair");
    // Length (a word), level and type, then the descriptor.
    let mut control = 20usize.to_ne_bytes().to_vec();
    control.extend(libc::SOL_SOCKET.to_ne_bytes());
    control.extend(libc::SCM_RIGHTS.to_ne_bytes());
    control.extend(one.to_ne_bytes());
    control.extend([0; 4]);
    for room in [24, 64, 1024, 8, 1] {
        assert_eq!(sendmsg(one, &[b"fd"], &control, 0, None).ok(), Some(2));
        let mut told = vec![0xeeu8; room];
        let got =
            recvmsg(two, &mut [vec![0; 2]], &mut told, libc::MSG_CMSG_CLOEXEC).expect("received");
        assert!(got.len == 2 && got.control_len <= room);
        if room >= 24 {
            let fd = i32::from_ne_bytes(told[16..20].try_into().expect("four bytes"));
            assert!(fd != one && duplicate(fd).map(|copy| close(&[copy, fd])).is_ok());
        } else {
            assert!(got.flags & libc::MSG_CTRUNC != 0);
        }
    }
    // What is no control data is refused.
    assert!(sendmsg(one, &[b"fd"], &[1; 16], 0, None).is_err());
    close(&[one, two]);
}

#[test]
fn connections_know_both_their_ends() {
    let server = socket(libc::AF_INET, libc::SOCK_STREAM, 0).expect("a socket");
    assert!(bind(server, &local([0, 0])).is_ok() && listen(server, 5).is_ok());
    let address = getsockname(server).expect("bound");
    assert!(address.family() == libc::AF_INET && address.len() == 16);
    let client = socket(libc::AF_INET, libc::SOCK_STREAM, 0).expect("a socket");
    assert!(connect(client, &address).is_ok());
    let (accepted, from) = accept(server).expect("connected");
    assert_eq!(from.bytes(), getsockname(client).expect("bound").bytes());
    assert_eq!(getpeername(client).expect("connected").bytes(), address.bytes());
    assert_eq!(send(client, b"net", 0).ok(), Some(3));
    let mut into = Vec::with_capacity(8);
    assert_eq!(recv(accepted, &mut into, 8, 0).ok(), Some(3));
    assert!(number(getpeername(server)) == Some(libc::ENOTCONN));
    let (host, service) =
        getnameinfo(&address, libc::NI_NUMERICHOST | libc::NI_NUMERICSERV).ok().expect("named");
    let port = u16::from_be_bytes(address.get(2)).to_string();
    assert_eq!((&*host, &*service), (&b"127.0.0.1"[..], port.as_bytes()));
    close(&[server, client, accepted]);
    let datagrams = socket(libc::AF_INET, libc::SOCK_DGRAM, 0).expect("a socket");
    assert!(bind(datagrams, &local([0, 0])).is_ok());
    let own = getsockname(datagrams).expect("bound");
    assert_eq!(sendto(datagrams, b"self", 0, &own).ok(), Some(4));
    assert_eq!(sendmsg(datagrams, &[b"a", b"b"], &[], 0, Some(&own)).ok(), Some(2));
    let mut into = Vec::with_capacity(8);
    assert!(
        recvfrom(datagrams, &mut into, 8, 0)
            .is_ok_and(|(n, from)| n == 4 && from.bytes() == own.bytes())
    );
    let got = recvmsg(datagrams, &mut [vec![0; 8]], &mut [0; 64], 0).expect("received");
    assert!(got.len == 2 && got.address.bytes() == own.bytes());
    close(&[datagrams]);
}

#[test]
fn options_fill_no_more_than_their_buffer() {
    let fd = socket(libc::AF_INET, libc::SOCK_STREAM, 0).expect("a socket");
    let (level, linger) = (libc::SOL_SOCKET, libc::SO_LINGER);
    for room in 0..12 {
        let mut into = vec![0xeeu8; room];
        let n = getsockopt(fd, level, linger, &mut into).expect("asked");
        assert!(n == room.min(8) && into[n..].iter().all(|byte| *byte == 0xee));
    }
    assert_eq!(getsockopt_int(fd, level, libc::SO_TYPE).ok(), Some(libc::SOCK_STREAM));
    assert!(setsockopt(fd, level, libc::SO_REUSEADDR, &1i32.to_ne_bytes()).is_ok());
    assert!(setsockopt(fd, level, libc::SO_REUSEADDR, &[]).is_err());
    assert!(setsockopt(fd, level, linger, &[0; 3]).is_err());
    assert!(setsockopt_length(fd, level, libc::SO_REUSEADDR, 4).is_err());
    assert!(setsockopt_length(fd, level, i32::MAX, 4).is_err());
    assert!(set_nonblocking(fd, true).is_ok());
    assert_eq!(number(accept(fd)), Some(libc::EINVAL));
    close(&[fd]);
}

#[test]
fn what_is_no_socket_is_refused_by_every_call() {
    let mut into = Vec::with_capacity(8);
    for fd in [CLOSED, -1, i32::MIN] {
        let ebadf = Some(libc::EBADF);
        assert_eq!(number(bind(fd, &local([0, 0]))), ebadf);
        assert_eq!(number(connect(fd, &local([0, 9]))), ebadf);
        assert_eq!(number(listen(fd, 0)), ebadf);
        assert_eq!(number(accept(fd)), ebadf);
        assert_eq!(number(shutdown(fd, 0)), ebadf);
        assert_eq!(number(getsockname(fd)), ebadf);
        assert_eq!(number(getpeername(fd)), ebadf);
        assert_eq!(number(getsockopt(fd, 0, 0, &mut [])), ebadf);
        assert_eq!(number(setsockopt(fd, 0, 0, &[])), ebadf);
        assert_eq!(number(set_nonblocking(fd, true)), ebadf);
        assert_eq!(number(duplicate(fd)), ebadf);
        assert_eq!(number(recv(fd, &mut into, 8, 0)), ebadf);
        assert_eq!(number(recvfrom(fd, &mut into, 0, 0)), ebadf);
        assert_eq!(number(recvmsg(fd, &mut [vec![0; 3]], &mut [0; 8], 0)), ebadf);
        assert_eq!(number(send(fd, b"", 0)), ebadf);
        assert_eq!(number(sendto(fd, b"x", 0, &local([0, 9]))), ebadf);
        assert_eq!(number(sendmsg(fd, &[b"x"], &[0; 8], 0, Some(&local([0, 9])))), ebadf);
        assert!(into.is_empty());
    }
    assert!(socket(999, 0, 0).is_err() && socketpair(libc::AF_INET, libc::SOCK_STREAM, 0).is_err());
    let fd = socket(libc::AF_INET, libc::SOCK_STREAM, 0).expect("a socket");
    for len in [0, 1, 15] {
        assert!(bind(fd, &Address::new(libc::AF_INET, len)).is_err());
    }
    assert!(
        bind(fd, &Address::new(999, 128)).is_err() && connect(fd, &Address::new(999, 128)).is_err()
    );
    close(&[fd]);
}

fn text_of(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

#[test]
fn names_are_found_or_refused_without_the_net() {
    let numeric = libc::AI_NUMERICHOST | libc::AI_NUMERICSERV;
    let ask = |host: Option<&str>, service: Option<&str>, family, kind, flags| {
        let (host, service) = (host.map(text_of), service.map(text_of));
        getaddrinfo(host.as_ref(), service.as_ref(), [family, kind, 0, flags])
    };
    let all = ask(Some("127.0.0.1"), Some("80"), 0, 0, numeric | libc::AI_CANONNAME)
        .ok()
        .expect("numbers");
    assert!(!all.is_empty() && all.iter().all(|info| info.address.get(4) == [127, 0, 0, 1]));
    assert!(all[0].canonical == b"127.0.0.1" && all[0].address.len() == 16);
    let six =
        ask(Some("::1"), None, libc::AF_INET6, libc::SOCK_STREAM, numeric).ok().expect("numbers");
    assert!(six.len() == 1 && six[0].address.len() == 28 && six[0].canonical.is_empty());
    let long = "a".repeat(100_000);
    for (host, service, family, kind) in [
        (Some("no number"), None, 0, 0),
        (None, None, 0, 0),
        (Some(&*long), None, 0, 0),
        (Some(""), Some(""), 0, 0),
        (Some("127.0.0.1"), Some("no number"), 0, 0),
        (Some("127.0.0.1"), None, 12345, 0),
        (Some("127.0.0.1"), None, 0, 12345),
    ] {
        let error = ask(host, service, family, kind, numeric);
        assert!(error.is_err_and(
            |error| matches!(error, Failure::Resolver(n) if !resolver_text(n).is_empty())
        ));
    }
    assert!(matches!(Failure::new(libc::EAI_SYSTEM), Failure::System(_)));
    for len in [0, 1, 2, 15] {
        assert!(getnameinfo(&Address::new(libc::AF_INET, len), 0).is_err());
    }
    assert!(getnameinfo(&Address::new(999, 128), 0).is_err());
    assert!(!resolver_text(i32::MAX).is_empty() && !host_error_text(i32::MAX).is_empty());
}

#[test]
fn hosts_are_asked_for_in_the_old_way() {
    let found = host(&Asked::Name(&text_of("127.0.0.1"))).expect("a number");
    assert_eq!((found.family, found.addresses), (libc::AF_INET, vec![vec![127, 0, 0, 1]]));
    assert!(found.name == b"127.0.0.1" && found.aliases.is_empty());
    for (bytes, family) in [
        (&[][..], libc::AF_INET),
        (&[1, 2, 3], libc::AF_INET),
        (&[127, 0, 0, 1], 999),
        (&[0; 5], libc::AF_INET6),
    ] {
        assert!(host(&Asked::Address(bytes, family)).is_err());
    }
    for (text, expected) in [
        ("127.1", Some([127, 0, 0, 1])),
        ("0x7f.1", Some([127, 0, 0, 1])),
        ("4294967295", Some([255; 4])),
        ("", None),
        ("256.1.1.1", None),
        ("1.2.3.4.5", None),
    ] {
        assert_eq!(ipv4(&text_of(text)), expected, "{text}");
    }
    // SAFETY: no list, and an empty one.
    unsafe {
        assert!(each(std::ptr::null_mut(), |_| ()).is_empty());
        assert!(each([std::ptr::null_mut()].as_mut_ptr(), |_| ()).is_empty());
    }
    assert!(text(std::ptr::null()).is_empty());
}

#[test]
fn services_and_interfaces_have_names_and_numbers() {
    // Where there is no list of them, there are none.
    if let Some(port) = service_port(&text_of("http"), Some(&text_of("tcp"))) {
        assert_eq!((port, service_name(port, None)), (80, Some(b"http".to_vec())));
        assert_eq!(protocol_number(&text_of("tcp")), Some(libc::IPPROTO_TCP));
    }
    let nothing = text_of("no such thing");
    assert!(
        service_port(&nothing, None).is_none()
            && service_port(&text_of(""), Some(&nothing)).is_none()
    );
    assert!(service_name(1, Some(&nothing)).is_none() && protocol_number(&nothing).is_none());
    for (index, name) in interfaces().expect("there are some") {
        assert_eq!(interface_name(index).ok().as_ref(), Some(&name));
        assert_eq!(interface_index(&CString::new(name).expect("no NUL")).ok(), Some(index));
    }
    assert!(interface_name(u32::MAX).is_err() && interface_name(0).is_err());
    assert!(
        interface_index(&text_of(&"i".repeat(500))).is_err()
            && interface_index(&text_of("")).is_err()
    );
    assert!(hostname().is_ok_and(|name| name.len() < 1025));
    assert!(set_hostname(&[b'h'; 500]).is_err());
}
