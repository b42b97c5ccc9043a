//! The part of `posix` that works on open descriptors: positions, several buffers, copies inside
//! the system, terminals, and descriptors that are no files.

use super::path::{PathArg, PathOrFd};
use super::{plain, retry};
use crate::system::fd as system;
use adder_derive::pymodule;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::int;
use adder_vm::protocol::{buffer, iter, number};
use adder_vm::{PyResult, Ref, Value, Vm};

/// A length that must not be negative.
fn length(vm: &Vm, n: isize, message: &str) -> PyResult<usize> {
    usize::try_from(n).map_err(|_| vm.value_error(message))
}

/// The buffers of `readv`, lent for writing, and room of their sizes.
fn targets(
    vm: &Vm,
    buffers: &Value,
    function: &str,
) -> PyResult<(Vec<buffer::Buffer>, Vec<Vec<u8>>)> {
    if !adder_vm::protocol::object::is_sequence(buffers) {
        return Err(vm.type_error(format!("{function}() arg 2 must be a sequence")));
    }
    let mut lent = Vec::new();
    let mut room = Vec::new();
    for object in iter::collect(vm, buffers)? {
        let one = buffer::writable(vm, &object, function)?;
        room.push(vec![0; one.len()]);
        lent.push(one);
    }
    Ok((lent, room))
}

fn sources(vm: &Vm, buffers: &Value, function: &str) -> PyResult<Vec<Vec<u8>>> {
    if !adder_vm::protocol::object::is_sequence(buffers) {
        return Err(vm.type_error(format!("{function}() arg 2 must be a sequence")));
    }
    iter::collect(vm, buffers)?.iter().map(|object| buffer::contiguous(vm, object)).collect()
}

fn fill(lent: &[buffer::Buffer], room: &[Vec<u8>], n: usize) {
    let mut left = n;
    for (target, bytes) in lent.iter().zip(room) {
        let part = bytes.len().min(left);
        target.with_mut(|into| into[..part].copy_from_slice(&bytes[..part]));
        left -= part;
    }
}

/// An offset, or none.
fn offset(vm: &Vm, value: Option<&Value>) -> PyResult<Option<i64>> {
    let Some(value) = value.filter(|v| !v.is_none()) else { return Ok(None) };
    let wide = number::to_i128(vm, value)?;
    wide.and_then(|n| i64::try_from(n).ok())
        .map(Some)
        .ok_or_else(|| vm.overflow_error("Python int too large to convert to C long"))
}

/// Seconds as the system has them.
fn spec(vm: &Vm, seconds: f64) -> PyResult<libc::timespec> {
    if seconds.is_nan() {
        return Err(vm.value_error("Invalid value NaN (not a number)"));
    }
    if !(0.0..=9.2e9).contains(&seconds) {
        return Err(vm.value_error("invalid timer value"));
    }
    let whole = seconds.floor();
    let nanos = ((seconds - whole) * 1e9).round().min(999_999_999.0);
    Ok(libc::timespec { tv_sec: whole as i64, tv_nsec: nanos as i64 })
}

fn nanos(time: libc::timespec) -> i128 {
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

fn spec_of_nanos(n: i128) -> libc::timespec {
    libc::timespec {
        tv_sec: n.div_euclid(1_000_000_000) as i64,
        tv_nsec: n.rem_euclid(1_000_000_000) as i64,
    }
}

fn seconds_pair(times: [libc::timespec; 2]) -> (f64, f64) {
    let [first, interval] = times.map(|t| t.tv_sec as f64 + 1e-9 * t.tv_nsec as f64);
    (first, interval)
}

fn nanos_pair(times: [libc::timespec; 2]) -> (Value, Value) {
    let [first, interval] = times.map(|t| int::from_i128(nanos(t)));
    (first, interval)
}

#[pymodule(name = "posix")]
pub mod fds {
    use super::*;

    /// Read into a buffer object from a file descriptor.
    ///
    /// The buffer should be mutable and bytes-like. On success, returns the number of
    /// bytes read. Less bytes may be read than the size of the buffer. The underlying
    /// system call will be retried when interrupted by a signal, unless the signal
    /// handler raises an exception. Other errors will not be retried and an error will
    /// be raised.
    ///
    /// Returns 0 if *fd* is at end of file or if the provided *buffer* has length 0
    /// (which can be used to check for errors without reading data).
    #[pyfunction]
    fn readinto(vm: &Vm, fd: i32, buffer: &Value) -> PyResult<usize> {
        let target = buffer::writable(vm, buffer, "readinto")?;
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(target.len()).is_err() {
            return Err(int::no_memory(vm));
        }
        let most = target.len();
        let n = plain(vm, retry(vm, || crate::system::read_room(fd, &mut bytes, most))?)?;
        target.with_mut(|into| into[..n].copy_from_slice(&bytes));
        Ok(n)
    }
    /// Read a number of bytes from a file descriptor starting at a particular offset.
    #[pyfunction]
    fn pread(vm: &Vm, fd: i32, length: isize, offset: i64) -> PyResult<Ref<Bytes>> {
        let Ok(length) = usize::try_from(length) else {
            return Err(vm.os_error(&std::io::Error::from_raw_os_error(libc::EINVAL), None));
        };
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(length).is_err() {
            return Err(int::no_memory(vm));
        }
        plain(vm, retry(vm, || system::pread(fd, &mut bytes, length, offset))?)?;
        Bytes::copied(vm, &bytes)
    }
    /// Write bytes to a file descriptor starting at a particular offset.
    #[pyfunction]
    fn pwrite(vm: &Vm, fd: i32, buffer: &Value, offset: i64) -> PyResult<usize> {
        let bytes = buffer::contiguous(vm, buffer)?;
        plain(vm, retry(vm, || system::pwrite(fd, &bytes, offset))?)
    }
    /// Read from a file descriptor fd into an iterable of buffers.
    #[pyfunction]
    fn readv(vm: &Vm, fd: i32, buffers: &Value) -> PyResult<usize> {
        let (lent, mut room) = targets(vm, buffers, "readv")?;
        let n = plain(vm, retry(vm, || system::readv(fd, &mut room, None))?)?;
        fill(&lent, &room, n);
        Ok(n)
    }
    /// Reads from a file descriptor into a number of mutable bytes-like objects.
    #[pyfunction(sig = "(fd, buffers, offset, flags=0, /)")]
    fn preadv(
        vm: &Vm,
        fd: i32,
        buffers: &Value,
        offset: i64,
        flags: Option<i32>,
    ) -> PyResult<usize> {
        let (lent, mut room) = targets(vm, buffers, "preadv")?;
        let at = Some((offset, flags.unwrap_or(0)));
        let n = plain(vm, retry(vm, || system::readv(fd, &mut room, at))?)?;
        fill(&lent, &room, n);
        Ok(n)
    }
    /// Iterate over buffers, and write the contents of each to a file descriptor.
    #[pyfunction]
    fn writev(vm: &Vm, fd: i32, buffers: &Value) -> PyResult<usize> {
        let parts = sources(vm, buffers, "writev")?;
        plain(vm, retry(vm, || system::writev(fd, &parts, None))?)
    }
    /// Writes the contents of bytes-like objects to a file descriptor at a given offset.
    #[pyfunction(sig = "(fd, buffers, offset, flags=0, /)")]
    fn pwritev(
        vm: &Vm,
        fd: i32,
        buffers: &Value,
        offset: i64,
        flags: Option<i32>,
    ) -> PyResult<usize> {
        let parts = sources(vm, buffers, "pwritev")?;
        let at = Some((offset, flags.unwrap_or(0)));
        plain(vm, retry(vm, || system::writev(fd, &parts, at))?)
    }
    /// Copy count bytes from file descriptor in_fd to file descriptor out_fd.
    #[pyfunction(sig = "(out_fd, in_fd, offset, count)")]
    fn sendfile(vm: &Vm, out_fd: i32, in_fd: i32, offset: &Value, count: isize) -> PyResult<usize> {
        let at = super::offset(vm, Some(offset))?;
        let count = length(vm, count, "count must not be negative")?;
        plain(vm, retry(vm, || system::sendfile(out_fd, in_fd, at, count))?)
    }
    /// Copy count bytes from one file descriptor to another.
    #[pyfunction(sig = "(src, dst, count, offset_src=None, offset_dst=None)")]
    fn copy_file_range(
        vm: &Vm,
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Option<&Value>,
        offset_dst: Option<&Value>,
    ) -> PyResult<usize> {
        let count = length(vm, count, "negative value for 'count' not allowed")?;
        let (from, to) = (offset(vm, offset_src)?, offset(vm, offset_dst)?);
        plain(vm, retry(vm, || system::move_bytes((src, from), (dst, to), count, None))?)
    }
    /// Transfer count bytes from one pipe to a descriptor or vice versa.
    #[pyfunction(sig = "(src, dst, count, offset_src=None, offset_dst=None, flags=0)")]
    fn splice(
        vm: &Vm,
        src: i32,
        dst: i32,
        count: isize,
        offset_src: Option<&Value>,
        offset_dst: Option<&Value>,
        flags: Option<u32>,
    ) -> PyResult<usize> {
        let count = length(vm, count, "negative value for 'count' not allowed")?;
        let (from, to) = (offset(vm, offset_src)?, offset(vm, offset_dst)?);
        let flags = Some(flags.unwrap_or(0));
        plain(vm, retry(vm, || system::move_bytes((src, from), (dst, to), count, flags))?)
    }
    /// Force write of everything to disk.
    #[pyfunction]
    fn sync(vm: &Vm) {
        vm.without_lock(system::sync);
    }
    /// Apply, test or remove a POSIX lock on an open file descriptor.
    #[pyfunction]
    fn lockf(vm: &Vm, fd: i32, command: i32, length: i64) -> PyResult<()> {
        plain(vm, retry(vm, || system::lockf(fd, command, length))?).map(drop)
    }
    /// Announce an intention to access data in a specific pattern.
    #[pyfunction]
    fn posix_fadvise(vm: &Vm, fd: i32, offset: i64, length: i64, advice: i32) -> PyResult<()> {
        plain(vm, retry(vm, || system::fadvise(fd, offset, length, advice))?)
    }
    /// Ensure a file has allocated at least a particular number of bytes on disk.
    #[pyfunction]
    fn posix_fallocate(vm: &Vm, fd: i32, offset: i64, length: i64) -> PyResult<()> {
        plain(vm, retry(vm, || system::fallocate(fd, offset, length))?)
    }
    /// Change the owner and group id of the file specified by file descriptor.
    #[pyfunction(sig = "(fd, uid, gid)")]
    fn fchown(vm: &Vm, fd: i32, uid: &Value, gid: &Value) -> PyResult<()> {
        let uid = crate::support::id_argument(vm, uid, "uid")?;
        let gid = crate::support::id_argument(vm, gid, "gid")?;
        plain(vm, retry(vm, || system::fchown(fd, uid, gid))?).map(drop)
    }
    /// Change to the directory of the given file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn fchdir(vm: &Vm, fd: &Value) -> PyResult<()> {
        let fd = crate::support::descriptor(vm, fd)?;
        plain(vm, crate::system::fchdir(fd)).map(drop)
    }

    /// Extracts a device major number from a raw device number.
    #[pyfunction]
    fn major(_vm: &Vm, device: u64) -> u32 {
        libc::major(device)
    }
    /// Extracts a device minor number from a raw device number.
    #[pyfunction]
    fn minor(_vm: &Vm, device: u64) -> u32 {
        libc::minor(device)
    }
    /// Composes a raw device number from the major and minor device numbers.
    #[pyfunction]
    fn makedev(_vm: &Vm, major: u32, minor: u32) -> u64 {
        libc::makedev(major, minor)
    }

    // ---- descriptors that are no files ----

    /// Creates and returns an event notification file descriptor.
    #[pyfunction(sig = "(initval, flags=EFD_CLOEXEC)")]
    fn eventfd(vm: &Vm, initval: u32, flags: Option<i32>) -> PyResult<i32> {
        plain(vm, system::eventfd(initval, flags.unwrap_or(libc::EFD_CLOEXEC)))
    }
    /// Read eventfd value
    #[pyfunction(sig = "(fd)")]
    fn eventfd_read(vm: &Vm, fd: i32) -> PyResult<u64> {
        plain(vm, retry(vm, || system::eventfd_read(fd))?)
    }
    /// Write eventfd value.
    #[pyfunction(sig = "(fd, value)")]
    fn eventfd_write(vm: &Vm, fd: i32, value: u64) -> PyResult<()> {
        plain(vm, retry(vm, || system::eventfd_write(fd, value))?).map(drop)
    }
    /// Create an anonymous file.
    #[pyfunction(sig = "(name, flags=MFD_CLOEXEC)")]
    fn memfd_create(vm: &Vm, name: PathArg, flags: Option<u32>) -> PyResult<i32> {
        let name = name.c();
        plain(vm, system::memfd_create(&name, flags.unwrap_or(libc::MFD_CLOEXEC)))
    }
    /// Return a file descriptor referring to the process *pid*.
    ///
    /// The descriptor can be used to perform process management without races and
    /// signals.
    #[pyfunction(sig = "(pid, flags=0)")]
    fn pidfd_open(vm: &Vm, pid: i32, flags: Option<u32>) -> PyResult<i32> {
        plain(vm, system::pidfd_open(pid, flags.unwrap_or(0)))
    }
    /// Create and return a timer file descriptor.
    #[pyfunction(sig = "(clockid, /, *, flags=0)")]
    fn timerfd_create(vm: &Vm, clockid: i32, flags: Option<i32>) -> PyResult<i32> {
        let flags = flags.unwrap_or(0) | libc::TFD_CLOEXEC;
        plain(vm, system::timerfd_create(clockid, flags))
    }
    /// Alter a timer file descriptor's internal timer in seconds.
    #[pyfunction(sig = "(fd, /, *, flags=0, initial=0.0, interval=0.0)")]
    fn timerfd_settime(
        vm: &Vm,
        fd: i32,
        flags: Option<i32>,
        initial: Option<f64>,
        interval: Option<f64>,
    ) -> PyResult<(f64, f64)> {
        let new = [spec(vm, initial.unwrap_or(0.0))?, spec(vm, interval.unwrap_or(0.0))?];
        plain(vm, system::timerfd(fd, flags.unwrap_or(0), Some(new))).map(seconds_pair)
    }
    /// Alter a timer file descriptor's internal timer in nanoseconds.
    #[pyfunction(sig = "(fd, /, *, flags=0, initial=0, interval=0)")]
    fn timerfd_settime_ns(
        vm: &Vm,
        fd: i32,
        flags: Option<i32>,
        initial: Option<i64>,
        interval: Option<i64>,
    ) -> PyResult<(Value, Value)> {
        let new = [initial, interval].map(|n| spec_of_nanos(n.unwrap_or(0).into()));
        plain(vm, system::timerfd(fd, flags.unwrap_or(0), Some(new))).map(nanos_pair)
    }
    /// Return a tuple of a timer file descriptor's (interval, next expiration) in float seconds.
    #[pyfunction]
    fn timerfd_gettime(vm: &Vm, fd: i32) -> PyResult<(f64, f64)> {
        plain(vm, system::timerfd(fd, 0, None)).map(seconds_pair)
    }
    /// Return a tuple of a timer file descriptor's (interval, next expiration) in nanoseconds.
    #[pyfunction]
    fn timerfd_gettime_ns(vm: &Vm, fd: i32) -> PyResult<(Value, Value)> {
        plain(vm, system::timerfd(fd, 0, None)).map(nanos_pair)
    }

    // ---- terminals ----

    /// Return the name of the terminal device connected to 'fd'.
    #[pyfunction]
    fn ttyname(vm: &Vm, fd: i32) -> PyResult {
        let name = plain(vm, system::ttyname(fd))?;
        super::super::path::decode(vm, &name)
    }
    /// Return the name of the slave pseudo-terminal device.
    #[pyfunction]
    fn ptsname(vm: &Vm, fd: i32) -> PyResult {
        let name = plain(vm, system::ptsname(fd))?;
        super::super::path::decode(vm, &name)
    }
    /// Return the name of the controlling terminal for this process.
    #[pyfunction]
    fn ctermid(_vm: &Vm) -> &'static str {
        "/dev/tty"
    }
    /// Open a pseudo-terminal.
    ///
    /// Return a tuple of (master_fd, slave_fd) containing open file descriptors
    /// for both the master and slave ends.
    #[pyfunction]
    fn openpty(vm: &Vm) -> PyResult<(i32, i32)> {
        let (master, slave) = plain(vm, system::openpty())?;
        for fd in [master, slave] {
            plain(vm, crate::system::set_inheritable(fd, false))?;
        }
        Ok((master, slave))
    }
    /// Prepare the tty of which fd is a file descriptor for a new login session.
    #[pyfunction]
    fn login_tty(vm: &Vm, fd: i32) -> PyResult<()> {
        plain(vm, system::login_tty(fd)).map(drop)
    }
    /// Open and return a file descriptor for a master pseudo-terminal device.
    #[pyfunction]
    fn posix_openpt(vm: &Vm, oflag: i32) -> PyResult<i32> {
        let fd = plain(vm, system::posix_openpt(oflag))?;
        plain(vm, crate::system::set_inheritable(fd, false))?;
        Ok(fd)
    }
    /// Grant access to the slave pseudo-terminal device.
    #[pyfunction]
    fn grantpt(vm: &Vm, fd: i32) -> PyResult<()> {
        plain(vm, system::grantpt(fd)).map(drop)
    }
    /// Unlock a pseudo-terminal master/slave pair.
    #[pyfunction]
    fn unlockpt(vm: &Vm, fd: i32) -> PyResult<()> {
        plain(vm, system::unlockpt(fd)).map(drop)
    }
    /// Return the process group associated with the terminal specified by fd.
    #[pyfunction]
    fn tcgetpgrp(vm: &Vm, fd: i32) -> PyResult<i32> {
        plain(vm, system::tcgetpgrp(fd))
    }
    /// Set the process group associated with the terminal specified by fd.
    #[pyfunction]
    fn tcsetpgrp(vm: &Vm, fd: i32, pgid: i32) -> PyResult<()> {
        plain(vm, system::tcsetpgrp(fd, pgid)).map(drop)
    }
    /// Move the calling thread into different namespaces.
    #[pyfunction(sig = "(fd, nstype=0)")]
    fn setns(vm: &Vm, fd: &Value, nstype: Option<i32>) -> PyResult<()> {
        let fd = crate::support::descriptor(vm, fd)?;
        plain(vm, retry(vm, || system::setns(fd, nstype.unwrap_or(0)))?).map(drop)
    }
    /// Disassociate parts of a process (or thread) execution context.
    #[pyfunction(sig = "(flags)")]
    fn unshare(vm: &Vm, flags: i32) -> PyResult<()> {
        plain(vm, system::unshare(flags)).map(drop)
    }

    // ---- extended attributes ----

    /// Return the value of extended attribute attribute on path.
    ///
    /// path may be either a string, a path-like object, or an open file descriptor.
    #[pyfunction(sig = "(path, attribute, *, follow_symlinks=True)")]
    fn getxattr(
        vm: &Vm,
        path: PathOrFd,
        attribute: PathArg,
        follow_symlinks: Option<bool>,
    ) -> PyResult<Ref<Bytes>> {
        let value = with_subject(vm, &path, follow_symlinks, "getxattr", |subject| {
            system::getxattr(subject, &attribute.c())
        })?;
        Bytes::copied(vm, &value)
    }
    /// Set extended attribute attribute on path to value.
    #[pyfunction(sig = "(path, attribute, value, flags=0, *, follow_symlinks=True)")]
    fn setxattr(
        vm: &Vm,
        path: PathOrFd,
        attribute: PathArg,
        value: &Value,
        flags: Option<i32>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let bytes = buffer::contiguous(vm, value)?;
        with_subject(vm, &path, follow_symlinks, "setxattr", |subject| {
            system::setxattr(subject, &attribute.c(), &bytes, flags.unwrap_or(0))
        })
        .map(drop)
    }
    /// Remove extended attribute attribute on path.
    #[pyfunction(sig = "(path, attribute, *, follow_symlinks=True)")]
    fn removexattr(
        vm: &Vm,
        path: PathOrFd,
        attribute: PathArg,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        with_subject(vm, &path, follow_symlinks, "removexattr", |subject| {
            system::removexattr(subject, &attribute.c())
        })
        .map(drop)
    }
    /// Return a list of extended attributes on path.
    ///
    /// path may be either None, a string, a path-like object, or an open file descriptor.
    /// if path is None, listxattr will examine the current directory.
    #[pyfunction(sig = "(path=None, *, follow_symlinks=True)")]
    fn listxattr(
        vm: &Vm,
        path: Option<&Value>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<Vec<Value>> {
        let path = match path.filter(|p| !p.is_none()) {
            Some(path) => adder_vm::runtime::args::FromArg::from_value(vm, path)?,
            None => PathOrFd::Path(PathArg::new(vm, &vm.str("."))?),
        };
        let names = with_subject(vm, &path, follow_symlinks, "listxattr", system::listxattr)?;
        let names = names.split(|b| *b == 0).filter(|name| !name.is_empty());
        names.map(|name| super::super::path::decode(vm, name)).collect()
    }

    /// Makes a call on a path or a descriptor.
    fn with_subject<T>(
        vm: &Vm,
        path: &PathOrFd,
        follow: Option<bool>,
        function: &str,
        call: impl Fn(&system::Subject<'_>) -> std::io::Result<T>,
    ) -> PyResult<T> {
        let follow = follow.unwrap_or(true);
        match path {
            PathOrFd::Path(p) => {
                let c = p.c();
                let subject = system::Subject::Path(&c, follow);
                vm.without_lock(|| call(&subject)).map_err(|e| path.error(vm, &e))
            }
            PathOrFd::Fd(_) if !follow => {
                Err(vm
                    .value_error(format!("{function}: cannot use fd and follow_symlinks together")))
            }
            PathOrFd::Fd(fd) => {
                let subject = system::Subject::Descriptor(*fd);
                vm.without_lock(|| call(&subject)).map_err(|e| path.error(vm, &e))
            }
        }
    }
}
