//! Calls to the operating system, made safe: numbers and slices in, `io::Result` out.
//!
//! Only what `std` offers no safe way for. Nothing here knows Python.

#![expect(unsafe_code, reason = "foreign functions of plain numbers and live buffers")]

pub mod at;
pub mod fd;
pub mod process;

use std::ffi::{CStr, CString, OsString};
use std::io::{Error, Result};
use std::os::unix::ffi::OsStringExt;

/// -1 is an error, by `errno`.
fn check(result: i64) -> Result<i64> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result) }
}

fn check_int(result: libc::c_int) -> Result<i32> {
    check(result.into()).map(|r| r as i32)
}

/// The kernel's number of the calling thread.
pub fn thread_id() -> i64 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }.into()
}

/// Names the calling thread; the system keeps the first 15 bytes, up to a NUL.
pub fn set_thread_name(name: &[u8]) -> Result<()> {
    let mut text = [0u8; 16];
    for (place, byte) in text[..15].iter_mut().zip(name) {
        *place = *byte;
    }
    // SAFETY: the text ends with NUL; the thread is this one.
    match unsafe { libc::pthread_setname_np(libc::pthread_self(), text.as_ptr().cast()) } {
        0 => Ok(()),
        number => Err(Error::from_raw_os_error(number)),
    }
}

/// Plain calls: numbers in, a number out.
macro_rules! plain {
    ($($name:ident($($arg:ident: $t:ty),*);)*) => {$(
        pub fn $name($($arg: $t),*) -> Result<i32> {
            // SAFETY: the call takes plain numbers.
            check_int(unsafe { libc::$name($($arg),*) } as libc::c_int)
        }
    )*};
}

plain! {
    close(fd: i32);
    dup2(fd: i32, to: i32);
    fchdir(fd: i32);
    fchmod(fd: i32, mode: u32);
    fsync(fd: i32);
    fdatasync(fd: i32);
    ftruncate(fd: i32, length: i64);
    kill(pid: i32, signal: i32);
    killpg(group: i32, signal: i32);
    getpid();
    getppid();
    getpgrp();
    setsid();
    sched_yield();
    fork();
}

/// Is it a terminal?
pub fn isatty(fd: i32) -> bool {
    // SAFETY: plain numbers.
    unsafe { libc::isatty(fd) == 1 }
}

/// Numbers that calls without failure return.
macro_rules! numbers {
    ($($name:ident;)*) => {$(
        pub fn $name() -> u32 {
            // SAFETY: takes nothing and cannot fail.
            unsafe { libc::$name() }
        }
    )*};
}

numbers! { getuid; geteuid; getgid; getegid; }

pub fn umask(mask: u32) -> u32 {
    // SAFETY: plain numbers; cannot fail.
    unsafe { libc::umask(mask) }
}

pub fn open(path: &CStr, flags: i32, mode: u32) -> Result<i32> {
    // SAFETY: the path ends with NUL.
    check_int(unsafe { libc::open(path.as_ptr(), flags, mode) })
}

pub fn read(fd: i32, buffer: &mut [u8]) -> Result<usize> {
    // SAFETY: pointer and length are those of a live buffer.
    let n = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
    check(n as i64).map(|n| n as usize)
}

pub fn write(fd: i32, bytes: &[u8]) -> Result<usize> {
    // SAFETY: pointer and length are those of a live buffer.
    let n = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
    check(n as i64).map(|n| n as usize)
}

pub fn lseek(fd: i32, offset: i64, whence: i32) -> Result<i64> {
    // SAFETY: plain numbers.
    check(unsafe { libc::lseek(fd, offset, whence) })
}

/// Facts about a file: by path (links followed or not) or by descriptor.
pub enum Place<'a> {
    Path(&'a CStr, bool),
    Descriptor(i32),
}

pub fn stat(place: &Place<'_>) -> Result<libc::stat> {
    // SAFETY: the structure consists of numbers; the calls fill it.
    unsafe {
        let mut facts: libc::stat = std::mem::zeroed();
        let result = match place {
            Place::Path(path, true) => libc::stat(path.as_ptr(), &mut facts),
            Place::Path(path, false) => libc::lstat(path.as_ptr(), &mut facts),
            Place::Descriptor(fd) => libc::fstat(*fd, &mut facts),
        };
        check_int(result).map(|_| facts)
    }
}

/// Sets the times of access and change; `None` is now.
pub fn set_times(place: &Place<'_>, times: Option<[libc::timespec; 2]>) -> Result<i32> {
    let times = times.as_ref().map_or(std::ptr::null(), |t| t.as_ptr());
    // SAFETY: the array is alive; the path ends with NUL.
    check_int(unsafe {
        match place {
            Place::Path(path, follow) => {
                let flags = if *follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
                libc::utimensat(libc::AT_FDCWD, path.as_ptr(), times, flags)
            }
            Place::Descriptor(fd) => libc::futimens(*fd, times),
        }
    })
}

pub fn pipe(flags: i32) -> Result<(i32, i32)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for two descriptors.
    check_int(unsafe { libc::pipe2(ends.as_mut_ptr(), flags) })?;
    Ok((ends[0], ends[1]))
}

/// `fcntl` with a number.
pub fn fcntl(fd: i32, command: i32, argument: i32) -> Result<i32> {
    // SAFETY: the commands used take a number.
    check_int(unsafe { libc::fcntl(fd, command, argument) })
}

pub fn waitpid(pid: i32, options: i32) -> Result<(i32, i32)> {
    let mut status = 0;
    // SAFETY: the status is a live variable.
    let pid = check_int(unsafe { libc::waitpid(pid, &mut status, options) })?;
    Ok((pid, status))
}

/// Ends the process at once.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(status) }
}

/// Replaces the process; returns only when that fails.
pub fn execve(path: &CStr, args: &[CString], environment: Option<&[CString]>) -> Error {
    let pointers = |list: &[CString]| {
        let mut all: Vec<*const libc::c_char> = list.iter().map(|s| s.as_ptr()).collect();
        all.push(std::ptr::null());
        all
    };
    let args = pointers(args);
    // SAFETY: both lists end with a null pointer and their strings are alive.
    unsafe {
        match environment {
            Some(environment) => {
                let environment = pointers(environment);
                libc::execve(path.as_ptr(), args.as_ptr(), environment.as_ptr());
            }
            None => {
                libc::execv(path.as_ptr(), args.as_ptr());
            }
        }
    }
    Error::last_os_error()
}

/// Replaces the process by the program of a descriptor; returns only when that fails.
pub fn fexecve(fd: i32, args: &[CString], environment: &[CString]) -> Error {
    let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
        list.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (args, environment) = (pointers(args), pointers(environment));
    // SAFETY: both lists end with a null pointer and their strings are alive.
    unsafe { libc::fexecve(fd, args.as_ptr(), environment.as_ptr()) };
    Error::last_os_error()
}

pub fn system(command: &CStr) -> i32 {
    // SAFETY: the command ends with NUL.
    unsafe { libc::system(command.as_ptr()) }
}

/// Changes the process's environment, which is only done under the interpreter lock.
pub fn set_variable(name: &CStr, value: Option<&CStr>) -> Result<i32> {
    // SAFETY: both end with NUL.
    check_int(unsafe {
        match value {
            Some(value) => libc::setenv(name.as_ptr(), value.as_ptr(), 1),
            None => libc::unsetenv(name.as_ptr()),
        }
    })
}

/// Names of the system: sysname, nodename, release, version, machine.
pub fn uname() -> Result<[OsString; 5]> {
    // SAFETY: the structure is filled with strings that end with NUL.
    unsafe {
        let mut names: libc::utsname = std::mem::zeroed();
        check_int(libc::uname(&mut names))?;
        let text = |field: &[libc::c_char]| {
            OsString::from_vec(CStr::from_ptr(field.as_ptr()).to_bytes().to_vec())
        };
        Ok([
            text(&names.sysname),
            text(&names.nodename),
            text(&names.release),
            text(&names.version),
            text(&names.machine),
        ])
    }
}

/// Columns and lines of a terminal.
pub fn terminal_size(fd: i32) -> Result<(u16, u16)> {
    // SAFETY: the structure consists of numbers; the call fills it.
    unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        check_int(libc::ioctl(fd, libc::TIOCGWINSZ, &mut size))?;
        Ok((size.ws_col, size.ws_row))
    }
}

/// User and system time of the process and its children, and the time elapsed, in seconds.
pub fn times() -> [f64; 5] {
    // SAFETY: the structure consists of numbers; the call fills it.
    unsafe {
        let mut clock: libc::tms = std::mem::zeroed();
        let elapsed = libc::times(&mut clock);
        let per_second = libc::sysconf(libc::_SC_CLK_TCK) as f64;
        [clock.tms_utime, clock.tms_stime, clock.tms_cutime, clock.tms_cstime, elapsed]
            .map(|ticks| ticks as f64 / per_second)
    }
}

pub fn sysconf(name: i32) -> Result<i64> {
    // SAFETY: plain numbers.
    check(unsafe { libc::sysconf(name) })
}

/// Reads at most `most` bytes into a vector's unused room.
pub fn read_room(fd: i32, into: &mut Vec<u8>, most: usize) -> Result<usize> {
    let room = into.spare_capacity_mut();
    let most = most.min(room.len()).min(isize::MAX as usize);
    // SAFETY: the call writes at most `most` bytes into room of that size.
    let n = unsafe { libc::read(fd, room.as_mut_ptr().cast(), most) };
    let n = check(n as i64)? as usize;
    // SAFETY: the first `n` bytes of the room were written.
    unsafe { into.set_len(into.len() + n) }
    Ok(n)
}

/// Does a descriptor stay open in a program that is executed?
pub fn set_inheritable(fd: i32, inheritable: bool) -> Result<()> {
    let flags = fcntl(fd, libc::F_GETFD, 0)?;
    let wanted = if inheritable { flags & !libc::FD_CLOEXEC } else { flags | libc::FD_CLOEXEC };
    if wanted != flags {
        fcntl(fd, libc::F_SETFD, wanted)?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(unsafe_code, reason = "closes descriptors")]
mod tests;
