//! Calls on paths relative to a directory's descriptor, made safe.
//!
//! `dir` is a descriptor, or `AT_FDCWD`. A part of `system.rs`, by subject.

#![expect(unsafe_code, reason = "foreign functions of plain numbers and strings that end with NUL")]

use super::check_int;
use std::ffi::CStr;
use std::io::{Error, Result};

pub fn stat(dir: i32, path: &CStr, flags: i32) -> Result<libc::stat> {
    // SAFETY: the structure consists of numbers; the call fills it.
    unsafe {
        let mut facts: libc::stat = std::mem::zeroed();
        check_int(libc::fstatat(dir, path.as_ptr(), &mut facts, flags)).map(|_| facts)
    }
}

/// Calls that take a directory, a path and numbers.
macro_rules! at {
    ($($name:ident = $call:ident($($arg:ident: $t:ty),*);)*) => {$(
        pub fn $name(dir: i32, path: &CStr $(, $arg: $t)*) -> Result<i32> {
            // SAFETY: the path ends with NUL.
            check_int(unsafe { libc::$call(dir, path.as_ptr() $(, $arg)*) })
        }
    )*};
}

at! {
    open = openat(flags: i32, mode: u32);
    mkdir = mkdirat(mode: u32);
    mkfifo = mkfifoat(mode: u32);
    mknod = mknodat(mode: u32, device: u64);
    unlink = unlinkat(flags: i32);
    chmod = fchmodat(mode: u32, flags: i32);
    chown = fchownat(uid: u32, gid: u32, flags: i32);
    access = faccessat(mode: i32, flags: i32);
}

pub fn rename(from_dir: i32, from: &CStr, to_dir: i32, to: &CStr) -> Result<i32> {
    // SAFETY: both paths end with NUL.
    check_int(unsafe { libc::renameat(from_dir, from.as_ptr(), to_dir, to.as_ptr()) })
}

pub fn link(from_dir: i32, from: &CStr, to_dir: i32, to: &CStr, flags: i32) -> Result<i32> {
    // SAFETY: both paths end with NUL.
    check_int(unsafe { libc::linkat(from_dir, from.as_ptr(), to_dir, to.as_ptr(), flags) })
}

pub fn symlink(target: &CStr, dir: i32, path: &CStr) -> Result<i32> {
    // SAFETY: both paths end with NUL.
    check_int(unsafe { libc::symlinkat(target.as_ptr(), dir, path.as_ptr()) })
}

pub fn readlink(dir: i32, path: &CStr) -> Result<Vec<u8>> {
    let mut size = 256;
    loop {
        let mut target = vec![0u8; size];
        // SAFETY: the path ends with NUL; pointer and length are those of a live buffer.
        let n = unsafe {
            libc::readlinkat(dir, path.as_ptr(), target.as_mut_ptr().cast(), target.len())
        };
        match usize::try_from(n) {
            Ok(n) if n < size => {
                target.truncate(n);
                return Ok(target);
            }
            Ok(_) => size *= 2,
            Err(_) => return Err(Error::last_os_error()),
        }
    }
}

/// Sets the times of access and change; `None` is now.
pub fn set_times(
    dir: i32,
    path: &CStr,
    times: Option<[libc::timespec; 2]>,
    flags: i32,
) -> Result<i32> {
    let times = times.as_ref().map_or(std::ptr::null(), |t| t.as_ptr());
    // SAFETY: the array is alive; the path ends with NUL.
    check_int(unsafe { libc::utimensat(dir, path.as_ptr(), times, flags) })
}

pub fn chroot(path: &CStr) -> Result<i32> {
    // SAFETY: the path ends with NUL.
    check_int(unsafe { libc::chroot(path.as_ptr()) })
}

pub fn truncate(path: &CStr, length: i64) -> Result<i32> {
    // SAFETY: the path ends with NUL.
    check_int(unsafe { libc::truncate(path.as_ptr(), length) })
}
