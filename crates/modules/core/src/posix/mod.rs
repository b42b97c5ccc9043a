//! `posix`: what `os` is made of. CPython's counterpart: `Modules/posixmodule.c`.

mod conf;
mod conf_names;
mod dir_fd;
mod fds;
mod ids;
pub mod path;
pub(crate) mod process;
mod stat;

pub use process::fork;

use crate::system::at;
use crate::system::{self, Place};
use adder_derive::pymodule;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::{int, struct_sequence};
use adder_vm::protocol::{buffer, iter};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use dir_fd::DirFd;
use path::{PathArg, PathOrFd};
use std::ffi::CString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// A call that may be interrupted by a signal is made again after the handlers ran (PEP 475).
pub fn retry<T>(
    vm: &Vm,
    mut f: impl FnMut() -> std::io::Result<T>,
) -> PyResult<std::io::Result<T>> {
    loop {
        match vm.without_lock(&mut f) {
            Err(e) if e.raw_os_error() == Some(libc::EINTR) => vm.check_signals()?,
            other => return Ok(other),
        }
    }
}

fn plain<T>(vm: &Vm, result: std::io::Result<T>) -> PyResult<T> {
    result.map_err(|e| vm.os_error(&e, None))
}

/// The arguments of `exec`, each as C has it.
fn c_strings(vm: &Vm, values: &Value) -> PyResult<Vec<CString>> {
    let mut all = Vec::new();
    for value in iter::collect(vm, values)? {
        all.push(PathArg::new(vm, &value)?.c());
    }
    Ok(all)
}

/// The process's environment, bytes to bytes.
fn environment(vm: &Vm) -> PyResult<Ref<Dict>> {
    let all = Dict::new_ref();
    for (name, value) in std::env::vars_os() {
        let name: Value = Bytes::from_slice(name.as_bytes()).into();
        all.insert(vm, &name, Bytes::from_slice(value.as_bytes()).into())?;
    }
    Ok(all)
}

/// Two paths of a call: an error names both.
fn two_paths(vm: &Vm, src: &PathArg, dst: &PathArg, result: std::io::Result<()>) -> PyResult<()> {
    result.map_err(|e| {
        let exc = vm.os_error(&e, Some(src.value.clone()));
        exc.0.set_field(vm, "filename2", dst.value.clone());
        exc
    })
}

/// A call on one path.
fn done(vm: &Vm, path: &PathArg, result: std::io::Result<i32>) -> PyResult<()> {
    result.map(drop).map_err(|e| path.error(vm, &e))
}

fn no_follow(follow_symlinks: Option<bool>) -> i32 {
    if follow_symlinks == Some(false) { libc::AT_SYMLINK_NOFOLLOW } else { 0 }
}

/// A descriptor goes neither with a directory nor with links.
fn check_place(
    vm: &Vm,
    function: &str,
    path: &PathOrFd,
    dir_fd: DirFd,
    no_follow: bool,
) -> PyResult<()> {
    if matches!(path, PathOrFd::Fd(_)) {
        if dir_fd.is_given() {
            return Err(
                vm.value_error(format!("{function}: can't specify dir_fd without matching path"))
            );
        }
        if no_follow {
            return Err(
                vm.value_error(format!("{function}: cannot use fd and follow_symlinks together"))
            );
        }
    }
    Ok(())
}

/// Root and rest of a path: none, one or exactly two leading slashes.
fn split_root(bytes: &[u8]) -> usize {
    match bytes {
        [b'/', b'/', b'/', ..] => 1,
        [b'/', b'/', ..] => 2,
        [b'/', ..] => 1,
        _ => 0,
    }
}

/// `os.path.normpath` without its empty result.
fn normal(bytes: &[u8]) -> Vec<u8> {
    let root = split_root(bytes);
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in bytes[root..].split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match parts.last() {
                Some(last) if *last != b".." => {
                    parts.pop();
                }
                None if root > 0 => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    let mut out = bytes[..root].to_vec();
    out.extend_from_slice(&parts.join(&b'/'));
    if out.is_empty() {
        out.push(b'.');
    }
    out
}

/// This module provides access to operating system functionality that is
/// standardized by the C Standard and the POSIX standard (a thinly
/// disguised Unix interface).  Refer to the library manual and
/// corresponding Unix manual entries for more information on calls.
#[pymodule(name = "posix")]
pub mod posix {
    use super::*;

    // ---- paths ----

    /// Return the file system path representation of the object.
    #[pyfunction(sig = "(path)")]
    fn fspath(vm: &Vm, path: &Value) -> PyResult {
        path::fspath(vm, path)
    }
    /// Normalize path, eliminating double slashes, etc.
    #[pyfunction(sig = "(path)")]
    fn _path_normpath(vm: &Vm, path: &Value) -> PyResult {
        let bytes = path::encode(vm, &path::fspath(vm, path)?)?;
        let made = normal(&bytes);
        if path.downcast::<Bytes>().is_some() {
            return Ok(Bytes::copied(vm, &made)?.into());
        }
        path::decode(vm, &made)
    }
    /// Split a pathname into drive, root and tail.
    #[pyfunction(sig = "(path)")]
    fn _path_splitroot_ex(vm: &Vm, path: &Value) -> PyResult<(Value, Value, Value)> {
        let path = path::fspath(vm, path)?;
        let bytes = path::encode(vm, &path)?;
        let root = split_root(&bytes);
        let piece = |b: &[u8]| match path.downcast::<Bytes>() {
            Some(_) => Ok(Bytes::from_slice(b).into()),
            None => path::decode(vm, b),
        };
        Ok((piece(b"")?, piece(&bytes[..root])?, piece(&bytes[root..])?))
    }

    // ---- facts about files ----

    /// Perform a stat system call on the given path.
    #[pyfunction(name = "stat", sig = "(path, *, dir_fd=None, follow_symlinks=True)")]
    fn stat_(vm: &Vm, path: PathOrFd, dir_fd: DirFd, follow_symlinks: Option<bool>) -> PyResult {
        stat::stat(vm, &path, dir_fd, follow_symlinks.unwrap_or(true))
    }
    /// Perform a stat system call on the given path, without following symbolic links.
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn lstat(vm: &Vm, path: PathArg, dir_fd: DirFd) -> PyResult {
        stat::stat(vm, &PathOrFd::Path(path), dir_fd, false)
    }
    /// Perform a stat system call on the given file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn fstat(vm: &Vm, fd: i32) -> PyResult {
        let facts = plain(vm, system::stat(&Place::Descriptor(fd)))?;
        Ok(stat::record(vm, &facts))
    }
    /// Use the real uid/gid to test for access to a path.
    #[pyfunction(sig = "(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)")]
    fn access(
        vm: &Vm,
        path: PathArg,
        mode: i32,
        dir_fd: DirFd,
        effective_ids: Option<bool>,
        follow_symlinks: Option<bool>,
    ) -> PyResult<bool> {
        let mut flags = 0;
        if effective_ids == Some(true) {
            flags |= libc::AT_EACCESS;
        }
        if follow_symlinks == Some(false) {
            flags |= libc::AT_SYMLINK_NOFOLLOW;
        }
        let c = path.c();
        Ok(vm.without_lock(|| at::access(dir_fd.0, &c, mode, flags)).is_ok())
    }
    /// Return a list containing the names of the files in the directory.
    #[pyfunction(sig = "(path=None)")]
    fn listdir(vm: &Vm, path: Option<&Value>) -> PyResult<Vec<Value>> {
        let folder = stat::Folder::new(vm, path)?;
        let mut names = Vec::new();
        for entry in folder.open(vm)? {
            let entry = entry.map_err(|e| folder.error(vm, &e))?;
            names.push(folder.name(vm, entry.file_name().as_bytes())?);
        }
        Ok(names)
    }
    /// Return an iterator of DirEntry objects for given path.
    #[pyfunction(sig = "(path=None)")]
    fn scandir(vm: &Vm, path: Option<&Value>) -> PyResult {
        stat::scandir(vm, stat::Folder::new(vm, path)?)
    }
    /// Return a string representing the path to which the symbolic link points.
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn readlink(vm: &Vm, path: PathArg, dir_fd: DirFd) -> PyResult {
        let c = path.c();
        let target = vm.without_lock(|| at::readlink(dir_fd.0, &c));
        path.name(vm, &target.map_err(|e| path.error(vm, &e))?)
    }

    // ---- changes to the file system ----

    /// Create a directory.
    #[pyfunction(sig = "(path, mode=511, *, dir_fd=None)")]
    fn mkdir(vm: &Vm, path: PathArg, mode: Option<i32>, dir_fd: DirFd) -> PyResult<()> {
        let (c, mode) = (path.c(), mode.unwrap_or(0o777) as u32);
        done(vm, &path, vm.without_lock(|| at::mkdir(dir_fd.0, &c, mode)))
    }
    /// Create a "fifo" (a POSIX named pipe).
    #[pyfunction(sig = "(path, mode=438, *, dir_fd=None)")]
    fn mkfifo(vm: &Vm, path: PathArg, mode: Option<i32>, dir_fd: DirFd) -> PyResult<()> {
        let (c, mode) = (path.c(), mode.unwrap_or(0o666) as u32);
        done(vm, &path, retry(vm, || at::mkfifo(dir_fd.0, &c, mode))?)
    }
    /// Create a node in the file system.
    ///
    /// Create a node in the file system (file, device special file or named pipe)
    /// at path.  mode specifies both the permissions to use and the
    /// type of node to be created, being combined (bitwise OR) with one of
    /// S_IFREG, S_IFCHR, S_IFBLK, and S_IFIFO.  If S_IFCHR or S_IFBLK is set on mode,
    /// device defines the newly created device special file (probably using
    /// os.makedev()).  Otherwise device is ignored.
    #[pyfunction(sig = "(path, mode=384, device=0, *, dir_fd=None)")]
    fn mknod(
        vm: &Vm,
        path: PathArg,
        mode: Option<i32>,
        device: Option<u64>,
        dir_fd: DirFd,
    ) -> PyResult<()> {
        let (c, mode) = (path.c(), mode.unwrap_or(0o600) as u32);
        let device = device.unwrap_or(0);
        done(vm, &path, retry(vm, || at::mknod(dir_fd.0, &c, mode, device))?)
    }
    /// Remove a directory.
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn rmdir(vm: &Vm, path: PathArg, dir_fd: DirFd) -> PyResult<()> {
        let c = path.c();
        done(vm, &path, vm.without_lock(|| at::unlink(dir_fd.0, &c, libc::AT_REMOVEDIR)))
    }
    /// Remove a file (same as remove()).
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn unlink(vm: &Vm, path: PathArg, dir_fd: DirFd) -> PyResult<()> {
        let c = path.c();
        done(vm, &path, vm.without_lock(|| at::unlink(dir_fd.0, &c, 0)))
    }
    /// Remove a file (same as unlink()).
    #[pyfunction(sig = "(path, *, dir_fd=None)")]
    fn remove(vm: &Vm, path: PathArg, dir_fd: DirFd) -> PyResult<()> {
        unlink(vm, path, dir_fd)
    }
    /// Rename a file or directory.
    #[pyfunction(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn rename(
        vm: &Vm,
        src: PathArg,
        dst: PathArg,
        src_dir_fd: DirFd,
        dst_dir_fd: DirFd,
    ) -> PyResult<()> {
        let (from, to) = (src.c(), dst.c());
        let result = vm.without_lock(|| at::rename(src_dir_fd.0, &from, dst_dir_fd.0, &to));
        two_paths(vm, &src, &dst, result.map(drop))
    }
    /// Rename a file or directory, overwriting the destination.
    #[pyfunction(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn replace(
        vm: &Vm,
        src: PathArg,
        dst: PathArg,
        src_dir_fd: DirFd,
        dst_dir_fd: DirFd,
    ) -> PyResult<()> {
        rename(vm, src, dst, src_dir_fd, dst_dir_fd)
    }
    /// Create a hard link to a file.
    #[pyfunction(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)")]
    fn link(
        vm: &Vm,
        src: PathArg,
        dst: PathArg,
        src_dir_fd: DirFd,
        dst_dir_fd: DirFd,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        // By itself, `link` of Linux does not follow; only who asks for it gets it.
        let flags = if follow_symlinks == Some(true) { libc::AT_SYMLINK_FOLLOW } else { 0 };
        let (from, to) = (src.c(), dst.c());
        let result = vm.without_lock(|| at::link(src_dir_fd.0, &from, dst_dir_fd.0, &to, flags));
        two_paths(vm, &src, &dst, result.map(drop))
    }
    /// Create a symbolic link pointing to src named dst.
    #[pyfunction(sig = "(src, dst, target_is_directory=False, *, dir_fd=None)")]
    fn symlink(
        vm: &Vm,
        src: PathArg,
        dst: PathArg,
        _target_is_directory: Option<bool>,
        dir_fd: DirFd,
    ) -> PyResult<()> {
        let (target, path) = (src.c(), dst.c());
        let result = vm.without_lock(|| at::symlink(&target, dir_fd.0, &path));
        two_paths(vm, &src, &dst, result.map(drop))
    }
    /// Change the access permissions of a file.
    #[pyfunction(sig = "(path, mode, *, dir_fd=None, follow_symlinks=True)")]
    fn chmod(
        vm: &Vm,
        path: PathOrFd,
        mode: i32,
        dir_fd: DirFd,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let mode = mode as u32;
        let flags = no_follow(follow_symlinks);
        check_place(vm, "chmod", &path, dir_fd, flags != 0)?;
        let result = match &path {
            PathOrFd::Path(p) => {
                let c = p.c();
                vm.without_lock(|| at::chmod(dir_fd.0, &c, mode, flags))
            }
            PathOrFd::Fd(fd) => vm.without_lock(|| system::fchmod(*fd, mode)),
        };
        match result {
            // Links have no permissions of their own on Linux.
            Err(e) if flags != 0 && e.raw_os_error() == Some(libc::EOPNOTSUPP) => {
                let name = if dir_fd.is_given() { "dir_fd and " } else { "" };
                let message = format!("chmod: {name}follow_symlinks unavailable on this platform");
                Err(vm.not_implemented_error(message))
            }
            other => other.map(drop).map_err(|e| path.error(vm, &e)),
        }
    }
    /// Change the owner and group id of path to the numeric uid and gid.
    #[pyfunction(sig = "(path, uid, gid, *, dir_fd=None, follow_symlinks=True)")]
    fn chown(
        vm: &Vm,
        path: PathOrFd,
        uid: &Value,
        gid: &Value,
        dir_fd: DirFd,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        let uid = crate::support::id_argument(vm, uid, "uid")?;
        let gid = crate::support::id_argument(vm, gid, "gid")?;
        let flags = no_follow(follow_symlinks);
        check_place(vm, "chown", &path, dir_fd, flags != 0)?;
        let result = match &path {
            PathOrFd::Path(p) => {
                let c = p.c();
                vm.without_lock(|| at::chown(dir_fd.0, &c, uid, gid, flags))
            }
            PathOrFd::Fd(fd) => vm.without_lock(|| super::system::fd::fchown(*fd, uid, gid)),
        };
        result.map(drop).map_err(|e| path.error(vm, &e))
    }
    /// Change the owner and group id of path to the numeric uid and gid.
    ///
    /// This function will not follow symbolic links.
    /// Equivalent to os.chown(path, uid, gid, follow_symlinks=False).
    #[pyfunction(sig = "(path, uid, gid)")]
    fn lchown(vm: &Vm, path: PathArg, uid: &Value, gid: &Value) -> PyResult<()> {
        let uid = crate::support::id_argument(vm, uid, "uid")?;
        let gid = crate::support::id_argument(vm, gid, "gid")?;
        let c = path.c();
        let flags = libc::AT_SYMLINK_NOFOLLOW;
        done(vm, &path, vm.without_lock(|| at::chown(libc::AT_FDCWD, &c, uid, gid, flags)))
    }
    /// Change root directory to path.
    #[pyfunction(sig = "(path)")]
    fn chroot(vm: &Vm, path: PathArg) -> PyResult<()> {
        let c = path.c();
        done(vm, &path, vm.without_lock(|| at::chroot(&c)))
    }
    /// Set the access and modified time of path.
    #[pyfunction(sig = "(path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True)")]
    fn utime(
        vm: &Vm,
        path: PathOrFd,
        times: Option<&Value>,
        ns: Option<&Value>,
        dir_fd: DirFd,
        follow_symlinks: Option<bool>,
    ) -> PyResult<()> {
        stat::utime(vm, &path, times, ns, dir_fd, follow_symlinks.unwrap_or(true))
    }
    /// Truncate a file, specified by path, to a specific length.
    #[pyfunction(sig = "(path, length)")]
    fn truncate(vm: &Vm, path: PathOrFd, length: i64) -> PyResult<()> {
        let result = match &path {
            PathOrFd::Path(p) => {
                let c = p.c();
                vm.without_lock(|| at::truncate(&c, length))
            }
            PathOrFd::Fd(fd) => vm.without_lock(|| system::ftruncate(*fd, length)),
        };
        result.map(drop).map_err(|e| path.error(vm, &e))
    }

    // ---- descriptors ----

    /// Open a file for low level IO.  Returns a file descriptor (integer).
    #[pyfunction(sig = "(path, flags, mode=511, *, dir_fd=None)")]
    fn open(vm: &Vm, path: PathArg, flags: i32, mode: Option<i32>, dir_fd: DirFd) -> PyResult<i32> {
        let c = path.c();
        let mode = mode.unwrap_or(0o777) as u32;
        retry(vm, || at::open(dir_fd.0, &c, flags | libc::O_CLOEXEC, mode))?
            .map_err(|e| path.error(vm, &e))
    }
    /// Close a file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn close(vm: &Vm, fd: i32) -> PyResult<()> {
        plain(vm, system::close(fd)).map(drop)
    }
    /// Closes all file descriptors in [fd_low, fd_high), ignoring errors.
    #[pyfunction]
    fn closerange(_vm: &Vm, fd_low: i32, fd_high: i32) {
        for fd in fd_low.max(0)..fd_high {
            let _ = system::close(fd);
        }
    }
    /// Read from a file descriptor.  Returns a bytes object.
    #[pyfunction]
    fn read(vm: &Vm, fd: i32, length: isize) -> PyResult<Ref<Bytes>> {
        let Ok(length) = usize::try_from(length) else {
            return Err(vm.os_error(&std::io::Error::from_raw_os_error(libc::EINVAL), None));
        };
        let mut buffer = Vec::new();
        if buffer.try_reserve_exact(length).is_err() {
            return Err(vm.memory_error(""));
        }
        buffer.resize(length, 0);
        let n = plain(vm, retry(vm, || system::read(fd, &mut buffer))?)?;
        Bytes::copied(vm, &buffer[..n])
    }
    /// Write a bytes object to a file descriptor.
    #[pyfunction]
    fn write(vm: &Vm, fd: i32, data: &Value) -> PyResult<usize> {
        let bytes = buffer::to_vec(vm, data)?;
        plain(vm, retry(vm, || system::write(fd, &bytes))?)
    }
    /// Set the position of a file descriptor.  Return the new position.
    #[pyfunction]
    fn lseek(vm: &Vm, fd: i32, position: i64, whence: i32) -> PyResult<i64> {
        plain(vm, system::lseek(fd, position, whence))
    }
    /// Return True if the fd is connected to a terminal.
    #[pyfunction]
    fn isatty(_vm: &Vm, fd: i32) -> bool {
        system::isatty(fd)
    }
    /// Force write of fd to disk.
    #[pyfunction(sig = "(fd)")]
    fn fsync(vm: &Vm, fd: i32) -> PyResult<()> {
        plain(vm, retry(vm, || system::fsync(fd))?).map(drop)
    }
    /// Force write of fd to disk without forcing update of metadata.
    #[pyfunction(sig = "(fd)")]
    fn fdatasync(vm: &Vm, fd: i32) -> PyResult<()> {
        plain(vm, retry(vm, || system::fdatasync(fd))?).map(drop)
    }
    /// Truncate a file, specified by file descriptor, to a specific length.
    #[pyfunction]
    fn ftruncate(vm: &Vm, fd: i32, length: i64) -> PyResult<()> {
        plain(vm, retry(vm, || system::ftruncate(fd, length))?).map(drop)
    }
    /// Change the access permissions of the file given by file descriptor fd.
    #[pyfunction(sig = "(fd, mode)")]
    fn fchmod(vm: &Vm, fd: i32, mode: u32) -> PyResult<()> {
        plain(vm, system::fchmod(fd, mode)).map(drop)
    }
    /// Create a pipe.  Returns a tuple of two file descriptors: (read_fd, write_fd)
    #[pyfunction]
    fn pipe(vm: &Vm) -> PyResult<(i32, i32)> {
        plain(vm, system::pipe(libc::O_CLOEXEC))
    }
    /// Create a pipe with flags set atomically.
    #[pyfunction]
    fn pipe2(vm: &Vm, flags: i32) -> PyResult<(i32, i32)> {
        plain(vm, system::pipe(flags))
    }
    /// Return a duplicate of a file descriptor.
    #[pyfunction]
    fn dup(vm: &Vm, fd: i32) -> PyResult<i32> {
        plain(vm, system::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0))
    }
    /// Duplicate file descriptor.
    #[pyfunction(sig = "(fd, fd2, inheritable=True)")]
    fn dup2(vm: &Vm, fd: i32, fd2: i32, inheritable: Option<bool>) -> PyResult<i32> {
        let made = plain(vm, system::dup2(fd, fd2))?;
        if inheritable == Some(false) {
            plain(vm, system::fcntl(made, libc::F_SETFD, libc::FD_CLOEXEC))?;
        }
        Ok(made)
    }
    /// Get the close-on-exe flag of the specified file descriptor.
    #[pyfunction]
    fn get_inheritable(vm: &Vm, fd: i32) -> PyResult<bool> {
        let flags = plain(vm, system::fcntl(fd, libc::F_GETFD, 0))?;
        Ok(flags & libc::FD_CLOEXEC == 0)
    }
    /// Set the inheritable flag of the specified file descriptor.
    #[pyfunction]
    fn set_inheritable(vm: &Vm, fd: i32, inheritable: bool) -> PyResult<()> {
        let flags = if inheritable { 0 } else { libc::FD_CLOEXEC };
        plain(vm, system::fcntl(fd, libc::F_SETFD, flags)).map(drop)
    }
    /// Get the blocking mode of the file descriptor.
    #[pyfunction]
    fn get_blocking(vm: &Vm, fd: i32) -> PyResult<bool> {
        Ok(plain(vm, system::fcntl(fd, libc::F_GETFL, 0))? & libc::O_NONBLOCK == 0)
    }
    /// Set the blocking mode of the specified file descriptor.
    #[pyfunction]
    fn set_blocking(vm: &Vm, fd: i32, blocking: bool) -> PyResult<()> {
        let flags = plain(vm, system::fcntl(fd, libc::F_GETFL, 0))?;
        let flags = if blocking { flags & !libc::O_NONBLOCK } else { flags | libc::O_NONBLOCK };
        plain(vm, system::fcntl(fd, libc::F_SETFL, flags)).map(drop)
    }
    /// Return a string describing the encoding of a terminal's file descriptor.
    #[pyfunction(sig = "(fd)")]
    fn device_encoding(_vm: &Vm, fd: i32) -> Option<&'static str> {
        system::isatty(fd).then_some("utf-8")
    }
    /// Return the size of the terminal window as (columns, lines).
    #[pyfunction(sig = "(fd=<unrepresentable>, /)")]
    fn get_terminal_size(vm: &Vm, fd: Option<i32>) -> PyResult {
        let (columns, lines) = plain(vm, system::terminal_size(fd.unwrap_or(1)))?;
        Ok(struct_sequence::make(
            vm,
            "os.terminal_size",
            &[
                ("columns", Value::int_unchecked(columns.into())),
                ("lines", Value::int_unchecked(lines.into())),
            ],
        ))
    }

    // ---- the process ----

    /// Return a unicode string representing the current working directory.
    #[pyfunction]
    fn getcwd(vm: &Vm) -> PyResult {
        let cwd = plain(vm, std::env::current_dir())?;
        path::decode(vm, cwd.as_os_str().as_bytes())
    }
    /// Return a bytes string representing the current working directory.
    #[pyfunction]
    fn getcwdb(vm: &Vm) -> PyResult<Ref<Bytes>> {
        let cwd = plain(vm, std::env::current_dir())?;
        Bytes::copied(vm, &cwd.into_os_string().into_vec())
    }
    /// Change the current working directory to the specified path.
    #[pyfunction(sig = "(path)")]
    fn chdir(vm: &Vm, path: PathOrFd) -> PyResult<()> {
        let result = match &path {
            PathOrFd::Path(p) => std::env::set_current_dir(p.as_path()),
            PathOrFd::Fd(fd) => system::fchdir(*fd).map(drop),
        };
        result.map_err(|e| path.error(vm, &e))
    }
    /// Return the current process id.
    #[pyfunction]
    fn getpid(vm: &Vm) -> PyResult<i32> {
        plain(vm, system::getpid())
    }
    /// Return the parent's process id.
    #[pyfunction]
    fn getppid(vm: &Vm) -> PyResult<i32> {
        plain(vm, system::getppid())
    }
    /// Return the current process group id.
    #[pyfunction]
    fn getpgrp(vm: &Vm) -> PyResult<i32> {
        plain(vm, system::getpgrp())
    }
    /// Call the system call setsid().
    #[pyfunction]
    fn setsid(vm: &Vm) -> PyResult<()> {
        plain(vm, system::setsid()).map(drop)
    }
    /// Return the current process's user id.
    #[pyfunction]
    fn getuid(_vm: &Vm) -> u32 {
        system::getuid()
    }
    /// Return the current process's effective user id.
    #[pyfunction]
    fn geteuid(_vm: &Vm) -> u32 {
        system::geteuid()
    }
    /// Return the current process's group id.
    #[pyfunction]
    fn getgid(_vm: &Vm) -> u32 {
        system::getgid()
    }
    /// Return the current process's effective group id.
    #[pyfunction]
    fn getegid(_vm: &Vm) -> u32 {
        system::getegid()
    }
    /// Set the current numeric umask and return the previous umask.
    #[pyfunction]
    fn umask(_vm: &Vm, mask: u32) -> u32 {
        system::umask(mask)
    }
    /// Voluntarily relinquish the CPU.
    #[pyfunction]
    fn sched_yield(vm: &Vm) -> PyResult<()> {
        plain(vm, vm.without_lock(system::sched_yield)).map(drop)
    }
    /// Return the number of logical CPUs in the system.
    #[pyfunction]
    fn cpu_count(_vm: &Vm) -> Option<usize> {
        system::sysconf(libc::_SC_NPROCESSORS_ONLN).ok().map(|n| n as usize)
    }
    /// Return a bytes object containing random bytes suitable for cryptographic use.
    #[pyfunction]
    fn urandom(vm: &Vm, size: isize) -> PyResult<Ref<Bytes>> {
        let Ok(size) = usize::try_from(size) else {
            return Err(vm.value_error("negative argument not allowed"));
        };
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(size).is_err() {
            return Err(vm.memory_error(""));
        }
        bytes.resize(size, 0);
        adder_vm::runtime::random::fill(&mut bytes);
        Bytes::copied(vm, &bytes)
    }
    /// Obtain a series of random bytes.
    #[pyfunction(sig = "(size, flags=0)")]
    fn getrandom(vm: &Vm, size: isize, flags: Option<i32>) -> PyResult<Ref<Bytes>> {
        let Ok(size) = usize::try_from(size) else {
            return Err(vm.os_error(&std::io::Error::from_raw_os_error(libc::EINVAL), None));
        };
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(size).is_err() {
            return Err(int::no_memory(vm));
        }
        let flags = flags.unwrap_or(0) as u32;
        plain(vm, retry(vm, || super::system::process::getrandom(&mut bytes, size, flags))?)?;
        Bytes::copied(vm, &bytes)
    }
    /// Translate an error code to a message string.
    #[pyfunction]
    fn strerror(vm: &Vm, code: i32) -> Value {
        vm.errno_text(code)
    }
    /// Change or add an environment variable.
    #[pyfunction]
    fn putenv(vm: &Vm, name: PathArg, value: PathArg) -> PyResult<()> {
        if name.bytes.contains(&b'=') {
            return Err(vm.value_error("illegal environment variable name"));
        }
        plain(vm, system::set_variable(&name.c(), Some(&value.c()))).map(drop)
    }
    /// Delete an environment variable.
    #[pyfunction]
    fn unsetenv(vm: &Vm, name: PathArg) -> PyResult<()> {
        plain(vm, system::set_variable(&name.c(), None)).map(drop)
    }
    /// Create the environment dictionary.
    #[pyfunction]
    fn _create_environ(vm: &Vm) -> PyResult<Ref<Dict>> {
        environment(vm)
    }
    /// Execute the command in a subshell.
    #[pyfunction(sig = "(command)")]
    fn system(vm: &Vm, command: PathArg) -> i32 {
        let command = command.c();
        vm.without_lock(|| super::system::system(&command))
    }
    /// Exit to the system with specified status, without normal exit processing.
    #[pyfunction(sig = "(status)")]
    fn _exit(_vm: &Vm, status: i32) {
        super::system::exit_now(status)
    }
    /// Abort the interpreter immediately.
    #[pyfunction]
    fn abort(_vm: &Vm) {
        std::process::abort()
    }
    /// Kill a process with a signal.
    #[pyfunction]
    fn kill(vm: &Vm, pid: i32, signal: i32) -> PyResult<()> {
        plain(vm, super::system::kill(pid, signal))?;
        vm.check_signals()
    }
    /// Kill a process group with a signal.
    #[pyfunction]
    fn killpg(vm: &Vm, pgid: i32, signal: i32) -> PyResult<()> {
        plain(vm, super::system::killpg(pgid, signal))?;
        vm.check_signals()
    }
    /// Execute an executable path with arguments, replacing current process.
    #[pyfunction]
    fn execv(vm: &Vm, path: PathArg, argv: &Value) -> PyResult<()> {
        let args = c_strings(vm, argv)?;
        if args.is_empty() {
            return Err(vm.value_error("execv() arg 2 must not be empty"));
        }
        Err(path.error(vm, &super::system::execve(&path.c(), &args, None)))
    }
    /// Execute an executable path with arguments, replacing current process.
    #[pyfunction(sig = "(path, argv, env)")]
    fn execve(vm: &Vm, path: PathOrFd, argv: &Value, env: &Value) -> PyResult<()> {
        let args = c_strings(vm, argv)?;
        if args.is_empty() {
            return Err(vm.value_error("execve: argv must not be empty"));
        }
        let variables = process::environment_lines(vm, env)?;
        let error = match &path {
            PathOrFd::Path(p) => super::system::execve(&p.c(), &args, Some(&variables)),
            PathOrFd::Fd(fd) => super::system::fexecve(*fd, &args, &variables),
        };
        Err(path.error(vm, &error))
    }
    /// Wait for completion of a given child process.
    #[pyfunction]
    fn waitpid(vm: &Vm, pid: i32, options: i32) -> PyResult<(i32, i32)> {
        plain(vm, retry(vm, || super::system::waitpid(pid, options))?)
    }
    /// Wait for completion of a child process.
    #[pyfunction]
    fn wait(vm: &Vm) -> PyResult<(i32, i32)> {
        plain(vm, retry(vm, || super::system::waitpid(-1, 0))?)
    }
    /// Convert a wait status to an exit code.
    #[pyfunction(sig = "(status)")]
    fn waitstatus_to_exitcode(vm: &Vm, status: i32) -> PyResult<i32> {
        if libc::WIFEXITED(status) {
            Ok(libc::WEXITSTATUS(status))
        } else if libc::WIFSIGNALED(status) {
            Ok(-libc::WTERMSIG(status))
        } else if libc::WIFSTOPPED(status) {
            let signal = libc::WSTOPSIG(status);
            Err(vm.value_error(format!("process stopped by delivery of signal {signal}")))
        } else {
            Err(vm.value_error(format!("invalid wait status: {status}")))
        }
    }
    /// Return True if the process returning status exited via the exit() system call.
    #[pyfunction(name = "WIFEXITED", sig = "(status)")]
    fn wifexited(_vm: &Vm, status: i32) -> bool {
        libc::WIFEXITED(status)
    }
    /// Return the process return code from status.
    #[pyfunction(name = "WEXITSTATUS", sig = "(status)")]
    fn wexitstatus(_vm: &Vm, status: i32) -> i32 {
        libc::WEXITSTATUS(status)
    }
    /// Return True if the process returning status was terminated by a signal.
    #[pyfunction(name = "WIFSIGNALED", sig = "(status)")]
    fn wifsignaled(_vm: &Vm, status: i32) -> bool {
        libc::WIFSIGNALED(status)
    }
    /// Return the signal that terminated the process that provided the status value.
    #[pyfunction(name = "WTERMSIG", sig = "(status)")]
    fn wtermsig(_vm: &Vm, status: i32) -> i32 {
        libc::WTERMSIG(status)
    }
    /// Return True if the process returning status was stopped.
    #[pyfunction(name = "WIFSTOPPED", sig = "(status)")]
    fn wifstopped(_vm: &Vm, status: i32) -> bool {
        libc::WIFSTOPPED(status)
    }
    /// Return the signal that stopped the process that provided the status value.
    #[pyfunction(name = "WSTOPSIG", sig = "(status)")]
    fn wstopsig(_vm: &Vm, status: i32) -> i32 {
        libc::WSTOPSIG(status)
    }
    /// Return an object identifying the current operating system.
    #[pyfunction]
    fn uname(vm: &Vm) -> PyResult {
        let names = plain(vm, super::system::uname())?;
        let mut fields = Vec::new();
        for (field, name) in
            ["sysname", "nodename", "release", "version", "machine"].into_iter().zip(&names)
        {
            fields.push((field, path::decode(vm, name.as_bytes())?));
        }
        Ok(struct_sequence::make(vm, "posix.uname_result", &fields))
    }
    /// Return a collection containing process timing information.
    #[pyfunction]
    fn times(vm: &Vm) -> Value {
        let fields = ["user", "system", "children_user", "children_system", "elapsed"];
        let fields: Vec<_> =
            fields.into_iter().zip(super::system::times().map(Value::float)).collect();
        struct_sequence::make(vm, "posix.times_result", &fields)
    }
    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        crate::support::add_ints(vm, module, CONSTANTS);
        module.set(vm, "environ", environment(vm)?.into());
        module.set(vm, "error", vm.exceptions().os_error.to_value());
        module.set(vm, "stat_result", stat::stat_type(vm));
        module.add_type(vm, vm.type_object::<stat::DirEntry>());
        vm.type_object::<stat::Scan>();
        for (name, fields) in [
            ("os.terminal_size", &["columns", "lines"][..]),
            ("posix.uname_result", &["sysname", "nodename", "release", "version", "machine"]),
            (
                "posix.times_result",
                &["user", "system", "children_user", "children_system", "elapsed"],
            ),
        ] {
            module.add_type(vm, &struct_sequence::record_type(vm, name, fields));
        }
        let have = [
            "HAVE_FACCESSAT",
            "HAVE_FCHDIR",
            "HAVE_FCHMOD",
            "HAVE_FCHMODAT",
            "HAVE_FCHOWN",
            "HAVE_FCHOWNAT",
            "HAVE_FDOPENDIR",
            "HAVE_FEXECVE",
            "HAVE_FPATHCONF",
            "HAVE_FSTATAT",
            "HAVE_FSTATVFS",
            "HAVE_FTRUNCATE",
            "HAVE_FUTIMENS",
            "HAVE_LINKAT",
            "HAVE_LCHOWN",
            "HAVE_LSTAT",
            "HAVE_LUTIMES",
            "HAVE_MEMFD_CREATE",
            "HAVE_MKDIRAT",
            "HAVE_MKFIFOAT",
            "HAVE_MKNODAT",
            "HAVE_OPENAT",
            "HAVE_READLINKAT",
            "HAVE_RENAMEAT",
            "HAVE_SYMLINKAT",
            "HAVE_UNLINKAT",
            "HAVE_UTIMENSAT",
        ];
        let have = have.into_iter().map(|name| vm.str(name)).collect();
        module.set(vm, "_have_functions", List::from_vec(have).into());
        for part in
            [&conf::conf::MODULE, &fds::fds::MODULE, &ids::ids::MODULE, &process::process::MODULE]
        {
            crate::support::extend(vm, module, part)?;
        }
        Ok(())
    }
}

/// Constants of the system's headers, under their own names.
macro_rules! constants {
    ($($name:ident)*; $($own:literal = $value:expr,)*) => {
        const CONSTANTS: &[(&str, i64)] =
            &[$((stringify!($name), libc::$name as i64),)* $(($own, $value),)*];
    };
}

constants! {
    F_OK R_OK W_OK X_OK
    O_RDONLY O_WRONLY O_RDWR O_CREAT O_EXCL O_TRUNC O_APPEND O_NONBLOCK O_NDELAY O_SYNC O_DSYNC
    O_RSYNC O_NOCTTY O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_DIRECT O_NOATIME O_PATH O_TMPFILE
    O_LARGEFILE O_ACCMODE O_ASYNC
    SEEK_DATA SEEK_HOLE
    WNOHANG WUNTRACED WCONTINUED WEXITED WSTOPPED WNOWAIT P_PID P_PGID P_ALL P_PIDFD
    PRIO_PROCESS PRIO_PGRP PRIO_USER SCHED_OTHER SCHED_FIFO SCHED_RR SCHED_BATCH SCHED_IDLE
    F_LOCK F_TLOCK F_ULOCK F_TEST GRND_NONBLOCK GRND_RANDOM
    RTLD_LAZY RTLD_NOW RTLD_GLOBAL RTLD_LOCAL RTLD_NODELETE RTLD_NOLOAD RTLD_DEEPBIND
    ST_RDONLY ST_NOSUID ST_APPEND ST_MANDLOCK ST_NOATIME ST_NODEV ST_NODIRATIME ST_NOEXEC
    ST_RELATIME ST_SYNCHRONOUS ST_WRITE
    CLD_CONTINUED CLD_DUMPED CLD_EXITED CLD_KILLED CLD_STOPPED CLD_TRAPPED
    CLONE_FILES CLONE_FS CLONE_NEWCGROUP CLONE_NEWIPC CLONE_NEWNET CLONE_NEWNS CLONE_NEWPID
    CLONE_NEWUSER CLONE_NEWUTS CLONE_SIGHAND CLONE_SYSVSEM CLONE_THREAD CLONE_VM
    EFD_CLOEXEC EFD_NONBLOCK EFD_SEMAPHORE
    MFD_ALLOW_SEALING MFD_CLOEXEC MFD_HUGETLB MFD_HUGE_16GB MFD_HUGE_16MB MFD_HUGE_1GB
    MFD_HUGE_1MB MFD_HUGE_256MB MFD_HUGE_2GB MFD_HUGE_2MB MFD_HUGE_32MB MFD_HUGE_512KB
    MFD_HUGE_512MB MFD_HUGE_64KB MFD_HUGE_8MB MFD_HUGE_MASK MFD_HUGE_SHIFT
    POSIX_FADV_DONTNEED POSIX_FADV_NOREUSE POSIX_FADV_NORMAL POSIX_FADV_RANDOM
    POSIX_FADV_SEQUENTIAL POSIX_FADV_WILLNEED
    RWF_APPEND RWF_DSYNC RWF_HIPRI RWF_NOWAIT RWF_SYNC SCHED_RESET_ON_FORK
    SPLICE_F_MORE SPLICE_F_MOVE SPLICE_F_NONBLOCK
    TFD_CLOEXEC TFD_NONBLOCK TFD_TIMER_ABSTIME TFD_TIMER_CANCEL_ON_SET
    XATTR_CREATE XATTR_REPLACE O_FSYNC;
    "CLONE_NEWTIME" = 128,
    "XATTR_SIZE_MAX" = 65536,
    "POSIX_SPAWN_OPEN" = 0,
    "POSIX_SPAWN_CLOSE" = 1,
    "POSIX_SPAWN_DUP2" = 2,
    "TMP_MAX" = 238328, "NGROUPS_MAX" = 65536,
    // <sysexits.h>
    "EX_OK" = 0,
    "EX_USAGE" = 64,
    "EX_DATAERR" = 65,
    "EX_NOINPUT" = 66,
    "EX_NOUSER" = 67,
    "EX_NOHOST" = 68,
    "EX_UNAVAILABLE" = 69,
    "EX_SOFTWARE" = 70,
    "EX_OSERR" = 71,
    "EX_OSFILE" = 72,
    "EX_CANTCREAT" = 73,
    "EX_IOERR" = 74,
    "EX_TEMPFAIL" = 75,
    "EX_PROTOCOL" = 76,
    "EX_NOPERM" = 77,
    "EX_CONFIG" = 78,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised() {
        for (path, expected) in [
            ("", "."),
            ("a/../b", "b"),
            ("/..//a/./b/", "/a/b"),
            ("//a", "//a"),
            ("///a", "/a"),
            ("../../x/..", "../.."),
            ("./a", "a"),
        ] {
            assert_eq!(normal(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }
}
