//! Calls on descriptors, made safe. A part of `system`, by subject.

#![expect(unsafe_code, reason = "foreign functions of plain numbers and live buffers")]

use super::{check, check_int};
use std::ffi::CStr;
use std::io::{Error, Result};

/// Calls of plain numbers.
macro_rules! plain {
    ($($name:ident($($arg:ident: $t:ty),*);)*) => {$(
        pub fn $name($($arg: $t),*) -> Result<i32> {
            // SAFETY: the call takes plain numbers.
            check_int(unsafe { libc::$name($($arg),*) } as libc::c_int)
        }
    )*};
}

plain! {
    dup3(fd: i32, to: i32, flags: i32);
    fchown(fd: i32, uid: u32, gid: u32);
    lockf(fd: i32, command: i32, length: i64);
    eventfd(initial: u32, flags: i32);
    timerfd_create(clock: i32, flags: i32);
    tcgetpgrp(fd: i32);
    tcsetpgrp(fd: i32, group: i32);
    login_tty(fd: i32);
    posix_openpt(flags: i32);
    grantpt(fd: i32);
    unlockpt(fd: i32);
    setns(fd: i32, kind: i32);
    unshare(flags: i32);
}

/// Calls that return an error number.
fn numbered(result: libc::c_int) -> Result<()> {
    if result == 0 { Ok(()) } else { Err(Error::from_raw_os_error(result)) }
}

pub fn fadvise(fd: i32, offset: i64, length: i64, advice: i32) -> Result<()> {
    // SAFETY: plain numbers.
    numbered(unsafe { libc::posix_fadvise(fd, offset, length, advice) })
}

pub fn fallocate(fd: i32, offset: i64, length: i64) -> Result<()> {
    // SAFETY: plain numbers.
    numbered(unsafe { libc::posix_fallocate(fd, offset, length) })
}

pub fn sync() {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::sync() }
}

/// Reads at a position into a vector's unused room.
pub fn pread(fd: i32, into: &mut Vec<u8>, most: usize, offset: i64) -> Result<usize> {
    let room = into.spare_capacity_mut();
    let most = most.min(room.len());
    // SAFETY: the call writes at most `most` bytes into room of that size.
    let n = unsafe { libc::pread(fd, room.as_mut_ptr().cast(), most, offset) };
    let n = check(n as i64)? as usize;
    // SAFETY: the first `n` bytes of the room were written.
    unsafe { into.set_len(into.len() + n) }
    Ok(n)
}

pub fn pwrite(fd: i32, bytes: &[u8], offset: i64) -> Result<usize> {
    // SAFETY: pointer and length are those of a live buffer.
    let n = unsafe { libc::pwrite(fd, bytes.as_ptr().cast(), bytes.len(), offset) };
    check(n as i64).map(|n| n as usize)
}

/// Reads into several buffers, at a position if there is one.
pub fn readv(fd: i32, buffers: &mut [Vec<u8>], at: Option<(i64, i32)>) -> Result<usize> {
    let parts: Vec<libc::iovec> = buffers
        .iter_mut()
        .map(|b| libc::iovec { iov_base: b.as_mut_ptr().cast(), iov_len: b.len() })
        .collect();
    let count = parts.len() as libc::c_int;
    // SAFETY: the parts are those of live buffers.
    let n = unsafe {
        match at {
            None => libc::readv(fd, parts.as_ptr(), count),
            Some((offset, 0)) => libc::preadv(fd, parts.as_ptr(), count, offset),
            Some((offset, flags)) => libc::preadv2(fd, parts.as_ptr(), count, offset, flags),
        }
    };
    check(n as i64).map(|n| n as usize)
}

/// Writes from several buffers, at a position if there is one.
pub fn writev(fd: i32, buffers: &[Vec<u8>], at: Option<(i64, i32)>) -> Result<usize> {
    let parts: Vec<libc::iovec> = buffers
        .iter()
        .map(|b| libc::iovec { iov_base: b.as_ptr().cast_mut().cast(), iov_len: b.len() })
        .collect();
    let count = parts.len() as libc::c_int;
    // SAFETY: the parts are those of live buffers, which are only read.
    let n = unsafe {
        match at {
            None => libc::writev(fd, parts.as_ptr(), count),
            Some((offset, 0)) => libc::pwritev(fd, parts.as_ptr(), count, offset),
            Some((offset, flags)) => libc::pwritev2(fd, parts.as_ptr(), count, offset, flags),
        }
    };
    check(n as i64).map(|n| n as usize)
}

pub fn sendfile(to: i32, from: i32, offset: Option<i64>, count: usize) -> Result<usize> {
    let mut offset = offset;
    let place = offset.as_mut().map_or(std::ptr::null_mut(), |o| o as *mut i64);
    // SAFETY: the offset is live, or null.
    let n = unsafe { libc::sendfile(to, from, place, count) };
    check(n as i64).map(|n| n as usize)
}

/// `copy_file_range`, or `splice` if there are flags for it.
pub fn move_bytes(
    from: (i32, Option<i64>),
    to: (i32, Option<i64>),
    count: usize,
    splice_flags: Option<u32>,
) -> Result<usize> {
    let (mut at_from, mut at_to) = (from.1, to.1);
    let from_place = at_from.as_mut().map_or(std::ptr::null_mut(), |o| o as *mut i64);
    let to_place = at_to.as_mut().map_or(std::ptr::null_mut(), |o| o as *mut i64);
    // SAFETY: the offsets are live, or null.
    let n = unsafe {
        match splice_flags {
            Some(flags) => libc::splice(from.0, from_place, to.0, to_place, count, flags),
            None => libc::copy_file_range(from.0, from_place, to.0, to_place, count, 0),
        }
    };
    check(n as i64).map(|n| n as usize)
}

pub fn memfd_create(name: &CStr, flags: u32) -> Result<i32> {
    // SAFETY: the name ends with NUL.
    check_int(unsafe { libc::memfd_create(name.as_ptr(), flags) })
}

pub fn pidfd_open(pid: i32, flags: u32) -> Result<i32> {
    // SAFETY: plain numbers.
    check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) }).map(|fd| fd as i32)
}

pub fn eventfd_read(fd: i32) -> Result<u64> {
    let mut value = 0;
    // SAFETY: the value is live.
    check_int(unsafe { libc::eventfd_read(fd, &mut value) })?;
    Ok(value)
}

pub fn eventfd_write(fd: i32, value: u64) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::eventfd_write(fd, value) })
}

/// Sets a timer (first time, interval) or asks for it.
pub fn timerfd(
    fd: i32,
    flags: i32,
    new: Option<[libc::timespec; 2]>,
) -> Result<[libc::timespec; 2]> {
    // SAFETY: the structures consist of numbers; the calls fill them.
    unsafe {
        let mut old: libc::itimerspec = std::mem::zeroed();
        check_int(match new {
            Some([first, interval]) => {
                let new = libc::itimerspec { it_value: first, it_interval: interval };
                libc::timerfd_settime(fd, flags, &new, &mut old)
            }
            None => libc::timerfd_gettime(fd, &mut old),
        })?;
        Ok([old.it_value, old.it_interval])
    }
}

/// A name that a call writes into a buffer.
fn name(call: impl FnOnce(*mut libc::c_char, usize) -> libc::c_int) -> Result<Vec<u8>> {
    let mut buffer = [0 as libc::c_char; 4096];
    numbered(call(buffer.as_mut_ptr(), buffer.len()))?;
    // SAFETY: the call succeeded, so the buffer holds a string that ends with NUL.
    Ok(unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_bytes().to_vec())
}

pub fn ttyname(fd: i32) -> Result<Vec<u8>> {
    // SAFETY: pointer and length are those of a live buffer.
    name(|buffer, len| unsafe { libc::ttyname_r(fd, buffer, len) })
}

pub fn ptsname(fd: i32) -> Result<Vec<u8>> {
    // SAFETY: pointer and length are those of a live buffer.
    name(|buffer, len| unsafe { libc::ptsname_r(fd, buffer, len) })
}

/// Master and slave of a new pseudo-terminal.
pub fn openpty() -> Result<(i32, i32)> {
    let (mut master, mut slave) = (-1, -1);
    let null = std::ptr::null_mut();
    // SAFETY: both numbers are live; name and modes are not asked for.
    check_int(unsafe {
        libc::openpty(&mut master, &mut slave, null, std::ptr::null_mut(), std::ptr::null_mut())
    })?;
    Ok((master, slave))
}

/// Forks with a pseudo-terminal for the child: (pid, master).
pub fn forkpty() -> Result<(i32, i32)> {
    let mut master = -1;
    let null = std::ptr::null_mut();
    // SAFETY: the number is live; name and modes are not asked for.
    let pid = check_int(unsafe {
        libc::forkpty(&mut master, null, std::ptr::null_mut(), std::ptr::null_mut())
    })?;
    Ok((pid, master))
}

pub fn statvfs(path: std::result::Result<&CStr, i32>) -> Result<libc::statvfs> {
    // SAFETY: the structure consists of numbers; the call fills it.
    unsafe {
        let mut facts: libc::statvfs = std::mem::zeroed();
        check_int(match path {
            Ok(path) => libc::statvfs(path.as_ptr(), &mut facts),
            Err(fd) => libc::fstatvfs(fd, &mut facts),
        })?;
        Ok(facts)
    }
}

fn clear_errno() {
    // SAFETY: the place of this thread's error number.
    unsafe { *libc::__errno_location() = 0 }
}

fn errno() -> i32 {
    // SAFETY: the place of this thread's error number.
    unsafe { *libc::__errno_location() }
}

/// -1 is an error only if there is an error number.
fn limit(result: libc::c_long) -> Result<i64> {
    if result == -1 && errno() != 0 { Err(Error::last_os_error()) } else { Ok(result) }
}

pub fn pathconf(path: std::result::Result<&CStr, i32>, name: i32) -> Result<i64> {
    clear_errno();
    // SAFETY: a path that ends with NUL, and plain numbers.
    limit(unsafe {
        match path {
            Ok(path) => libc::pathconf(path.as_ptr(), name),
            Err(fd) => libc::fpathconf(fd, name),
        }
    })
}

pub fn sysconf(name: i32) -> Result<i64> {
    clear_errno();
    // SAFETY: plain numbers.
    limit(unsafe { libc::sysconf(name) })
}

/// A text of the system's configuration; `None` if it has none.
pub fn confstr(name: i32) -> Result<Option<Vec<u8>>> {
    clear_errno();
    // SAFETY: asks for the length only.
    let len = unsafe { libc::confstr(name, std::ptr::null_mut(), 0) };
    if len == 0 {
        return if errno() == 0 { Ok(None) } else { Err(Error::last_os_error()) };
    }
    let mut buffer = vec![0u8; len];
    // SAFETY: pointer and length are those of a live buffer.
    unsafe { libc::confstr(name, buffer.as_mut_ptr().cast(), len) };
    buffer.pop();
    Ok(Some(buffer))
}

/// Where an extended attribute is looked for.
pub enum Subject<'a> {
    /// A path, links followed or not.
    Path(&'a CStr, bool),
    Descriptor(i32),
}

/// Calls with growing buffers until the answer fits.
fn growing(mut call: impl FnMut(*mut libc::c_void, usize) -> libc::ssize_t) -> Result<Vec<u8>> {
    let mut size = 256;
    loop {
        let mut buffer = vec![0u8; size];
        match check(call(buffer.as_mut_ptr().cast(), size) as i64) {
            Ok(n) => {
                buffer.truncate(n as usize);
                return Ok(buffer);
            }
            Err(e) if e.raw_os_error() == Some(libc::ERANGE) && size < 1 << 20 => size *= 16,
            Err(e) => return Err(e),
        }
    }
}

pub fn getxattr(subject: &Subject<'_>, name: &CStr) -> Result<Vec<u8>> {
    // SAFETY: strings that end with NUL; pointer and length are those of a live buffer.
    growing(|buffer, size| unsafe {
        match subject {
            Subject::Path(path, true) => libc::getxattr(path.as_ptr(), name.as_ptr(), buffer, size),
            Subject::Path(path, false) => {
                libc::lgetxattr(path.as_ptr(), name.as_ptr(), buffer, size)
            }
            Subject::Descriptor(fd) => libc::fgetxattr(*fd, name.as_ptr(), buffer, size),
        }
    })
}

/// The names, each with NUL behind it.
pub fn listxattr(subject: &Subject<'_>) -> Result<Vec<u8>> {
    // SAFETY: strings that end with NUL; pointer and length are those of a live buffer.
    growing(|buffer, size| unsafe {
        match subject {
            Subject::Path(path, true) => libc::listxattr(path.as_ptr(), buffer.cast(), size),
            Subject::Path(path, false) => libc::llistxattr(path.as_ptr(), buffer.cast(), size),
            Subject::Descriptor(fd) => libc::flistxattr(*fd, buffer.cast(), size),
        }
    })
}

pub fn setxattr(subject: &Subject<'_>, name: &CStr, value: &[u8], flags: i32) -> Result<i32> {
    let (data, len) = (value.as_ptr().cast(), value.len());
    // SAFETY: strings that end with NUL; pointer and length are those of a live buffer.
    check_int(unsafe {
        match subject {
            Subject::Path(path, true) => {
                libc::setxattr(path.as_ptr(), name.as_ptr(), data, len, flags)
            }
            Subject::Path(path, false) => {
                libc::lsetxattr(path.as_ptr(), name.as_ptr(), data, len, flags)
            }
            Subject::Descriptor(fd) => libc::fsetxattr(*fd, name.as_ptr(), data, len, flags),
        }
    })
}

pub fn removexattr(subject: &Subject<'_>, name: &CStr) -> Result<i32> {
    // SAFETY: strings that end with NUL.
    check_int(unsafe {
        match subject {
            Subject::Path(path, true) => libc::removexattr(path.as_ptr(), name.as_ptr()),
            Subject::Path(path, false) => libc::lremovexattr(path.as_ptr(), name.as_ptr()),
            Subject::Descriptor(fd) => libc::fremovexattr(*fd, name.as_ptr()),
        }
    })
}
