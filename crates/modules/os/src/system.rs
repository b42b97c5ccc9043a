//! Calls to the operating system, made safe: numbers and slices in, `io::Result` out.
//!
//! The counterpart of the core crate's file of this name, for the modules of this crate. Nothing
//! here knows Python.

#![expect(unsafe_code, reason = "foreign functions of plain numbers and live buffers")]

use std::ffi::{CStr, CString};
use std::io::{Error, Result};

fn check(result: i64) -> Result<i64> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result) }
}

fn check_int(result: libc::c_int) -> Result<i32> {
    check(result.into()).map(|r| r as i32)
}

// ---- waiting for descriptors ----

/// `poll`; the timeout is in milliseconds, negative for ever.
pub fn poll(fds: &mut [libc::pollfd], timeout: i32) -> Result<usize> {
    // SAFETY: pointer and length are those of a live slice.
    let n = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout) };
    check(n.into()).map(|n| n as usize)
}

/// A set of descriptors for `select`.
pub struct FdSet(libc::fd_set);

impl FdSet {
    pub const LIMIT: i32 = libc::FD_SETSIZE as i32;

    pub fn new() -> FdSet {
        // SAFETY: the structure consists of numbers.
        FdSet(unsafe { std::mem::zeroed() })
    }
    /// Adds a descriptor below the limit.
    pub fn add(&mut self, fd: i32) {
        if (0..FdSet::LIMIT).contains(&fd) {
            // SAFETY: the number is within the set.
            unsafe { libc::FD_SET(fd, &mut self.0) }
        }
    }
    pub fn has(&self, fd: i32) -> bool {
        // SAFETY: the number is within the set.
        (0..FdSet::LIMIT).contains(&fd) && unsafe { libc::FD_ISSET(fd, &self.0) }
    }
}

/// `select` of the descriptors below `limit`; no timeout is for ever.
pub fn select(limit: i32, sets: &mut [FdSet; 3], timeout: Option<libc::timeval>) -> Result<i32> {
    let mut timeout = timeout;
    let timeout = timeout.as_mut().map_or(std::ptr::null_mut(), |t| t as *mut _);
    let [read, write, special] = sets;
    let limit = limit.min(FdSet::LIMIT);
    // SAFETY: sets and timeout are live; the system looks at no more than the sets have.
    check_int(unsafe { libc::select(limit, &mut read.0, &mut write.0, &mut special.0, timeout) })
}

pub fn epoll_create(flags: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::epoll_create1(flags) })
}

pub fn epoll_ctl(epoll: i32, operation: i32, fd: i32, events: u32) -> Result<i32> {
    let mut event = libc::epoll_event { events, u64: fd as u32 as u64 };
    // SAFETY: the event is live.
    check_int(unsafe { libc::epoll_ctl(epoll, operation, fd, &mut event) })
}

/// Descriptors that are ready, with what for.
pub fn epoll_wait(epoll: i32, most: usize, timeout: i32) -> Result<Vec<(i32, u32)>> {
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; most];
    // SAFETY: pointer and length are those of a live vector.
    let n = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), most as i32, timeout) };
    let n = check_int(n)? as usize;
    Ok(events[..n].iter().map(|e| (e.u64 as i32, e.events)).collect())
}

pub fn close(fd: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::close(fd) })
}

// ---- fcntl, ioctl ----

pub fn fcntl(fd: i32, command: i32, argument: i32) -> Result<i32> {
    // SAFETY: commands that take a pointer get one through `fcntl_buffer` only. The system refuses a number
    // in its place (EFAULT): nothing of ours lies within the first or last two gigabytes of addresses.
    check_int(unsafe { libc::fcntl(fd, command, i64::from(argument)) })
}

/// `fcntl` with a structure, which may be changed.
pub fn fcntl_buffer(fd: i32, command: i32, buffer: &mut [u8]) -> Result<i32> {
    // SAFETY: the buffer is live; callers give room for the largest structure a command fills.
    check_int(unsafe { libc::fcntl(fd, command, buffer.as_mut_ptr()) })
}

pub fn ioctl(fd: i32, request: u64, argument: i32) -> Result<i32> {
    // SAFETY: as for `fcntl`.
    check_int(unsafe { libc::ioctl(fd, request, i64::from(argument)) })
}

/// `ioctl` with a structure, which may be changed.
pub fn ioctl_buffer(fd: i32, request: u64, buffer: &mut [u8]) -> Result<i32> {
    // SAFETY: as for `fcntl_buffer`.
    check_int(unsafe { libc::ioctl(fd, request, buffer.as_mut_ptr()) })
}

pub fn flock(fd: i32, operation: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::flock(fd, operation) })
}

/// `fcntl` with a lock.
pub fn lock(fd: i32, command: i32, kind: i32, whence: i32, start: i64, len: i64) -> Result<i32> {
    let lock = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: whence as libc::c_short,
        l_start: start,
        l_len: len,
        l_pid: 0,
    };
    // SAFETY: the structure is live.
    check_int(unsafe { libc::fcntl(fd, command, &lock) })
}

// ---- users and groups ----

fn text(pointer: *const libc::c_char) -> Vec<u8> {
    if pointer.is_null() {
        return Vec::new();
    }
    // SAFETY: a field of a structure that the C library filled: a string that ends with NUL.
    unsafe { CStr::from_ptr(pointer) }.to_bytes().to_vec()
}

/// A user as the system's database has it: name, password, uid, gid, comment, folder, shell.
pub struct User {
    pub texts: [Vec<u8>; 5],
    pub uid: u32,
    pub gid: u32,
}

fn user(entry: &libc::passwd) -> User {
    User {
        texts: [entry.pw_name, entry.pw_passwd, entry.pw_gecos, entry.pw_dir, entry.pw_shell]
            .map(|p| text(p)),
        uid: entry.pw_uid,
        gid: entry.pw_gid,
    }
}

/// Calls a function that needs a scratch buffer of unknown size.
fn with_scratch(
    mut call: impl FnMut(*mut libc::c_char, usize) -> libc::c_int,
) -> Result<Vec<libc::c_char>> {
    let mut size = 1024;
    loop {
        let mut scratch: Vec<libc::c_char> = vec![0; size];
        match call(scratch.as_mut_ptr(), size) {
            0 => return Ok(scratch),
            libc::ERANGE if size < 1 << 24 => size *= 2,
            number => return Err(Error::from_raw_os_error(number)),
        }
    }
}

/// The user of a name or of a number.
pub fn find_user(name: Option<&CStr>, uid: u32) -> Result<Option<User>> {
    // SAFETY: the structure consists of numbers and pointers; zero is a valid value of each.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut found = std::ptr::null_mut();
    // SAFETY: entry, scratch and result are live; the strings live in the scratch buffer, which
    // outlives the copy.
    let scratch = with_scratch(|buffer, size| unsafe {
        match name {
            Some(name) => libc::getpwnam_r(name.as_ptr(), &mut entry, buffer, size, &mut found),
            None => libc::getpwuid_r(uid, &mut entry, buffer, size, &mut found),
        }
    })?;
    let result = (!found.is_null()).then(|| user(&entry));
    drop(scratch);
    Ok(result)
}

/// All users. The interpreter lock keeps others away from the C library's one cursor.
pub fn all_users() -> Vec<User> {
    let mut all = Vec::new();
    // SAFETY: the entry is valid until the next call.
    unsafe {
        libc::setpwent();
        while let Some(entry) = libc::getpwent().as_ref() {
            all.push(user(entry));
        }
        libc::endpwent();
    }
    all
}

/// A group: name, password, number, members.
pub struct Group {
    pub name: Vec<u8>,
    pub password: Vec<u8>,
    pub gid: u32,
    pub members: Vec<Vec<u8>>,
}

fn group(entry: &libc::group) -> Group {
    let mut members = Vec::new();
    let mut at = entry.gr_mem;
    // SAFETY: the list ends with a null pointer.
    unsafe {
        while !at.is_null() && !(*at).is_null() {
            members.push(text(*at));
            at = at.add(1);
        }
    }
    Group { name: text(entry.gr_name), password: text(entry.gr_passwd), gid: entry.gr_gid, members }
}

/// The group of a name or of a number.
pub fn find_group(name: Option<&CStr>, gid: u32) -> Result<Option<Group>> {
    // SAFETY: as in `find_user`.
    let mut entry: libc::group = unsafe { std::mem::zeroed() };
    let mut found = std::ptr::null_mut();
    // SAFETY: as in `find_user`.
    let scratch = with_scratch(|buffer, size| unsafe {
        match name {
            Some(name) => libc::getgrnam_r(name.as_ptr(), &mut entry, buffer, size, &mut found),
            None => libc::getgrgid_r(gid, &mut entry, buffer, size, &mut found),
        }
    })?;
    let result = (!found.is_null()).then(|| group(&entry));
    drop(scratch);
    Ok(result)
}

/// All groups; see [`all_users`].
pub fn all_groups() -> Vec<Group> {
    let mut all = Vec::new();
    // SAFETY: the entry is valid until the next call.
    unsafe {
        libc::setgrent();
        while let Some(entry) = libc::getgrent().as_ref() {
            all.push(group(entry));
        }
        libc::endgrent();
    }
    all
}

// ---- resources ----

pub fn rlimit(pid: i32, resource: u32, new: Option<(u64, u64)>) -> Result<(u64, u64)> {
    let mut old = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    let new = new.map(|(cur, max)| libc::rlimit64 { rlim_cur: cur, rlim_max: max });
    let new = new.as_ref().map_or(std::ptr::null(), |n| n as *const _);
    // SAFETY: both structures are live.
    check_int(unsafe { libc::prlimit64(pid, resource, new, &mut old) })?;
    Ok((old.rlim_cur, old.rlim_max))
}

pub fn rusage(who: i32) -> Result<libc::rusage> {
    // SAFETY: the structure consists of numbers; the call fills it.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        check_int(libc::getrusage(who, &mut usage)).map(|_| usage)
    }
}

pub fn page_size() -> i64 {
    // SAFETY: plain numbers.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

// ---- terminals ----

pub fn tcgetattr(fd: i32) -> Result<libc::termios> {
    // SAFETY: the structure consists of numbers; the call fills it.
    unsafe {
        let mut mode: libc::termios = std::mem::zeroed();
        check_int(libc::tcgetattr(fd, &mut mode)).map(|_| mode)
    }
}

pub fn tcsetattr(fd: i32, when: i32, mode: &libc::termios) -> Result<i32> {
    // SAFETY: the structure is live.
    check_int(unsafe { libc::tcsetattr(fd, when, mode) })
}

/// Input and output speed.
pub fn speeds(mode: &libc::termios) -> (u32, u32) {
    // SAFETY: the structure is live.
    unsafe { (libc::cfgetispeed(mode), libc::cfgetospeed(mode)) }
}

pub fn set_speeds(mode: &mut libc::termios, input: u32, output: u32) -> Result<()> {
    // SAFETY: the structure is live.
    unsafe {
        check_int(libc::cfsetispeed(mode, input))?;
        check_int(libc::cfsetospeed(mode, output)).map(drop)
    }
}

pub fn tcsendbreak(fd: i32, duration: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::tcsendbreak(fd, duration) })
}
pub fn tcdrain(fd: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::tcdrain(fd) })
}
pub fn tcflush(fd: i32, queue: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::tcflush(fd, queue) })
}
pub fn tcflow(fd: i32, action: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::tcflow(fd, action) })
}

// ---- the locale ----

pub fn setlocale(category: i32, locale: Option<&CStr>) -> Option<Vec<u8>> {
    let name = locale.map_or(std::ptr::null(), |l| l.as_ptr());
    // SAFETY: the name ends with NUL; the answer is valid until the next call.
    unsafe {
        let answer = libc::setlocale(category, name);
        if answer.is_null() { None } else { Some(text(answer)) }
    }
}

pub fn langinfo(item: i32) -> Vec<u8> {
    // SAFETY: the answer is a string that ends with NUL, or null.
    text(unsafe { libc::nl_langinfo(item) })
}

/// The rules for numbers: texts, groupings, and small numbers, as `localeconv` names them.
pub struct Conventions {
    pub texts: Vec<(&'static str, Vec<u8>)>,
    pub groupings: Vec<(&'static str, Vec<u8>)>,
    pub numbers: Vec<(&'static str, i64)>,
}

pub fn localeconv() -> Option<Conventions> {
    // SAFETY: the structure is valid until the next call; the interpreter lock keeps others away.
    let l = unsafe { libc::localeconv().as_ref() }?;
    let number = |n: libc::c_char| i64::from(n);
    Some(Conventions {
        texts: vec![
            ("decimal_point", text(l.decimal_point)),
            ("thousands_sep", text(l.thousands_sep)),
            ("int_curr_symbol", text(l.int_curr_symbol)),
            ("currency_symbol", text(l.currency_symbol)),
            ("mon_decimal_point", text(l.mon_decimal_point)),
            ("mon_thousands_sep", text(l.mon_thousands_sep)),
            ("positive_sign", text(l.positive_sign)),
            ("negative_sign", text(l.negative_sign)),
        ],
        groupings: vec![("grouping", text(l.grouping)), ("mon_grouping", text(l.mon_grouping))],
        numbers: vec![
            ("int_frac_digits", number(l.int_frac_digits)),
            ("frac_digits", number(l.frac_digits)),
            ("p_cs_precedes", number(l.p_cs_precedes)),
            ("p_sep_by_space", number(l.p_sep_by_space)),
            ("n_cs_precedes", number(l.n_cs_precedes)),
            ("n_sep_by_space", number(l.n_sep_by_space)),
            ("p_sign_posn", number(l.p_sign_posn)),
            ("n_sign_posn", number(l.n_sign_posn)),
        ],
    })
}

fn wide(text: &str) -> Vec<libc::wchar_t> {
    text.chars().map(|c| c as libc::wchar_t).chain([0]).collect()
}

unsafe extern "C" {
    fn wcscoll(a: *const libc::wchar_t, b: *const libc::wchar_t) -> libc::c_int;
    fn wcsxfrm(
        to: *mut libc::wchar_t,
        from: *const libc::wchar_t,
        room: libc::size_t,
    ) -> libc::size_t;
}

pub fn collate(a: &str, b: &str) -> i32 {
    let (a, b) = (wide(a), wide(b));
    // SAFETY: both end with NUL.
    unsafe { wcscoll(a.as_ptr(), b.as_ptr()) }
}

/// A text that compares by its characters as the original does by the locale.
pub fn transform(text: &str) -> Option<Vec<u32>> {
    let from = wide(text);
    let mut room = from.len() * 4 + 1;
    loop {
        let mut to: Vec<libc::wchar_t> = vec![0; room];
        // SAFETY: the source ends with NUL; the target has the room that is told.
        let needed = unsafe { wcsxfrm(to.as_mut_ptr(), from.as_ptr(), room) };
        if needed == usize::MAX {
            return None;
        }
        if needed < room {
            to.truncate(needed);
            return Some(to.into_iter().map(|c| c as u32).collect());
        }
        room = needed + 1;
    }
}

// ---- starting programs ----

/// What a child process does between `fork` and `exec`.
pub struct Child<'a> {
    pub programs: &'a [CString],
    pub args: &'a [CString],
    pub environment: Option<&'a [CString]>,
    pub cwd: Option<&'a CStr>,
    /// Parent's end and child's end for input, output, errors.
    pub pipes: [(i32, i32); 3],
    pub error_pipe: i32,
    pub keep: &'a [i32],
    pub close_fds: bool,
    pub restore_signals: bool,
    pub new_session: bool,
    pub group: Option<i32>,
    pub gid: Option<u32>,
    pub groups: Option<&'a [u32]>,
    pub uid: Option<u32>,
    pub umask: i32,
}

/// Pointers to strings, with a null pointer at the end.
fn pointers(list: &[CString]) -> Vec<*const libc::c_char> {
    list.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
}

/// The descriptors that stay open in a child, sorted.
fn kept(child: &Child<'_>) -> Vec<i32> {
    let mut keep: Vec<i32> = child.keep.to_vec();
    keep.push(child.error_pipe);
    keep.sort_unstable();
    keep.dedup();
    keep
}

/// Forks, and runs the first of the programs that can be run. The parent gets the child's number. A
/// child that fails writes `OSError:ERRNO:WHERE` (in hexadecimal) to its error pipe.
pub fn fork_exec(child: &Child<'_>) -> Result<i32> {
    // All memory is made before the fork: afterwards only async-signal-safe calls are allowed,
    // because other threads' locks stay as they were.
    let args = pointers(child.args);
    let environment = child.environment.map(pointers);
    let keep = kept(child);
    // SAFETY: the child calls only what is async-signal-safe, on memory that is ready.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        // No handler of ours may run in the child.
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut old);
        let pid = libc::fork();
        if pid == 0 {
            libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
            let error = run_child(child, &args, environment.as_deref(), &keep);
            report_failure(child.error_pipe, error);
            libc::_exit(255);
        }
        let error = Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
        if pid < 0 { Err(error) } else { Ok(pid) }
    }
}

/// What [`fork_exec`]'s child does, in a child that exists already.
pub fn exec_in_child(child: &Child<'_>) -> ! {
    let args = pointers(child.args);
    let environment = child.environment.map(pointers);
    let keep = kept(child);
    // SAFETY: this is the child; both lists end with null pointers.
    unsafe {
        let error = run_child(child, &args, environment.as_deref(), &keep);
        report_failure(child.error_pipe, error);
        libc::_exit(255)
    }
}

/// Ends a child with a message for its parent.
pub fn fail_in_child(child: &Child<'_>, message: &[u8]) -> ! {
    // SAFETY: a live buffer; does not return.
    unsafe {
        let _ = libc::write(child.error_pipe, message.as_ptr().cast(), message.len());
        libc::_exit(255)
    }
}

fn errno() -> i32 {
    // SAFETY: the place of this thread's error number.
    unsafe { *libc::__errno_location() }
}

/// Where a child failed: before `exec`, or in it.
struct Failed {
    number: i32,
    before: &'static [u8],
}

/// Does all of it; returns only if something failed.
///
/// # Safety
/// Runs in a child after `fork`; `args` and `environment` end with null pointers.
unsafe fn run_child(
    child: &Child<'_>,
    args: &[*const libc::c_char],
    environment: Option<&[*const libc::c_char]>,
    keep: &[i32],
) -> Failed {
    const EARLY: &[u8] = b"noexec";
    let early = || Failed { number: errno(), before: EARLY };
    // SAFETY: plain numbers, and strings that end with NUL.
    unsafe {
        let [(parent_in, mut child_in), (parent_out, mut child_out), (parent_err, mut child_err)] =
            child.pipes;
        for fd in [parent_in, parent_out, parent_err] {
            if fd >= 0 {
                libc::close(fd);
            }
        }
        // A low descriptor must not be overwritten by another one's duplicate.
        if child_out == 0 {
            child_out = libc::dup(child_out);
            if child_out < 0 {
                return early();
            }
        }
        while child_err == 0 || child_err == 1 {
            child_err = libc::dup(child_err);
            if child_err < 0 {
                return early();
            }
        }
        if child_in == 1 || child_in == 2 {
            // Kept out of the way of the duplicates made below.
            child_in = libc::fcntl(child_in, libc::F_DUPFD, 3);
            if child_in < 0 {
                return early();
            }
        }
        for (fd, target) in [(child_in, 0), (child_out, 1), (child_err, 2)] {
            if fd == target {
                let flags = libc::fcntl(fd, libc::F_GETFD);
                if flags < 0 || libc::fcntl(fd, libc::F_SETFD, flags & !libc::FD_CLOEXEC) < 0 {
                    return early();
                }
            } else if fd >= 0 && libc::dup2(fd, target) < 0 {
                return early();
            }
        }
        for fd in child.keep {
            // What is passed on stays open; a descriptor that is not open is passed over.
            let flags = libc::fcntl(*fd, libc::F_GETFD);
            if flags >= 0 && *fd != child.error_pipe {
                libc::fcntl(*fd, libc::F_SETFD, flags & !libc::FD_CLOEXEC);
            }
        }
        if let Some(cwd) = child.cwd
            && libc::chdir(cwd.as_ptr()) < 0
        {
            return Failed { number: errno(), before: b"noexec:chdir" };
        }
        if child.umask >= 0 {
            libc::umask(child.umask as libc::mode_t);
        }
        if child.restore_signals {
            for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
        if child.new_session && libc::setsid() < 0 {
            return early();
        }
        if let Some(group) = child.group
            && libc::setpgid(0, group) < 0
        {
            return early();
        }
        if let Some(groups) = child.groups
            && libc::setgroups(groups.len(), groups.as_ptr()) < 0
        {
            return early();
        }
        if let Some(gid) = child.gid
            && libc::setregid(gid, gid) < 0
        {
            return early();
        }
        if let Some(uid) = child.uid
            && libc::setreuid(uid, uid) < 0
        {
            return early();
        }
        if child.close_fds {
            close_others(keep);
        }
        let mut saved = 0;
        for program in child.programs {
            match environment {
                Some(environment) => {
                    libc::execve(program.as_ptr(), args.as_ptr(), environment.as_ptr());
                }
                None => {
                    libc::execv(program.as_ptr(), args.as_ptr());
                }
            }
            // A folder without the program is no failure as long as another one has it.
            if errno() != libc::ENOENT && errno() != libc::ENOTDIR && saved == 0 {
                saved = errno();
            }
        }
        Failed { number: if saved != 0 { saved } else { errno() }, before: b"" }
    }
}

/// Closes all descriptors from 3 on but those to be kept (sorted).
///
/// # Safety
/// Runs in a child after `fork`.
unsafe fn close_others(keep: &[i32]) {
    let close_between = |first: i32, last: u32| {
        if first as u32 > last {
            return;
        }
        // SAFETY: plain numbers.
        unsafe {
            if libc::syscall(libc::SYS_close_range, first as u32, last, 0u32) == 0 {
                return;
            }
            let most = libc::sysconf(libc::_SC_OPEN_MAX).clamp(256, 1 << 20) as u32;
            for fd in first as u32..=last.min(most) {
                libc::close(fd as i32);
            }
        }
    };
    let mut first = 3;
    for fd in keep.iter().filter(|fd| **fd >= 3) {
        if *fd > first {
            close_between(first, *fd as u32 - 1);
        }
        first = fd.saturating_add(1);
    }
    close_between(first, u32::MAX);
}

/// Tells the parent why the program was not run.
fn report_failure(pipe: i32, failed: Failed) {
    let mut text = *b"OSError:00000000:";
    for (i, place) in text[8..16].iter_mut().enumerate() {
        *place = b"0123456789ABCDEF"[(failed.number >> (28 - 4 * i) & 0xf) as usize];
    }
    // SAFETY: live buffers; nobody is left to be told of an error.
    unsafe {
        let _ = libc::write(pipe, text.as_ptr().cast(), text.len());
        let _ = libc::write(pipe, failed.before.as_ptr().cast(), failed.before.len());
    }
}

// ---- signals ----

fn to_sigset(signals: &[i32]) -> libc::sigset_t {
    // SAFETY: the set is filled by the calls.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        for signal in signals {
            libc::sigaddset(&mut set, *signal);
        }
        set
    }
}

fn from_sigset(set: &libc::sigset_t) -> Vec<i32> {
    // SAFETY: the set is live; numbers out of range are answered with -1.
    (1..65).filter(|signal| unsafe { libc::sigismember(set, *signal) } == 1).collect()
}

/// Calls that return an error number instead of setting `errno`.
fn numbered(result: libc::c_int) -> Result<()> {
    if result == 0 { Ok(()) } else { Err(Error::from_raw_os_error(result)) }
}

static FATAL: std::sync::OnceLock<fn(i32)> = std::sync::OnceLock::new();

extern "C" fn fatal_signal(signal: libc::c_int) {
    // SAFETY: plain numbers; from here on a second fault ends the process.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    if let Some(tell) = FATAL.get() {
        tell(signal);
    }
    // SAFETY: plain numbers. The signal is blocked until the handler returns, and ends the process
    // then.
    unsafe { libc::raise(signal) };
}

/// Has a function called before a fatal signal ends the process, on a stack of its own.
pub fn on_fatal_signal(signal: i32, tell: fn(i32)) -> Result<i32> {
    let _ = FATAL.set(tell);
    // SAFETY: the structure is zeroed and filled; the handler only calls what was set.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = fatal_signal as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_ONSTACK;
        libc::sigemptyset(&mut action.sa_mask);
        check_int(libc::sigaction(signal, &action, std::ptr::null_mut()))
    }
}

/// The system's own way again.
pub fn forget_fatal_signal(signal: i32) {
    // SAFETY: plain numbers.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// Ends the process, and nothing else.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: plain numbers; does not return.
    unsafe { libc::_exit(status) }
}

pub fn write(fd: i32, bytes: &[u8]) -> Result<usize> {
    // SAFETY: pointer and length are those of a live slice.
    check(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) } as i64).map(|n| n as usize)
}

pub fn raise(signal: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    let result = unsafe { libc::raise(signal) };
    if result == 0 { Ok(0) } else { Err(Error::last_os_error()) }
}

unsafe extern "C" {
    #[link_name = "siginterrupt"]
    fn c_siginterrupt(signal: libc::c_int, flag: libc::c_int) -> libc::c_int;
}

pub fn siginterrupt(signal: i32, flag: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { c_siginterrupt(signal, flag) })
}

pub fn strsignal(signal: i32) -> Option<String> {
    // SAFETY: the answer is a string that ends with NUL, or null.
    let answer = text(unsafe { libc::strsignal(signal) });
    String::from_utf8(answer).ok().filter(|s| !s.is_empty())
}

pub fn alarm(seconds: u32) -> u32 {
    // SAFETY: plain numbers.
    unsafe { libc::alarm(seconds) }
}

pub fn pause() {
    // SAFETY: takes nothing; always returns with EINTR.
    unsafe { libc::pause() };
}

/// Sets a timer (value, interval) or asks for it; the answer is what it was.
pub fn itimer(which: i32, new: Option<[libc::timeval; 2]>) -> Result<[libc::timeval; 2]> {
    unsafe extern "C" {
        fn setitimer(
            which: libc::c_int,
            new: *const libc::itimerval,
            old: *mut libc::itimerval,
        ) -> libc::c_int;
        fn getitimer(which: libc::c_int, old: *mut libc::itimerval) -> libc::c_int;
    }
    // SAFETY: the structures consist of numbers; the calls fill them.
    unsafe {
        let mut old: libc::itimerval = std::mem::zeroed();
        check_int(match new {
            Some([value, interval]) => {
                let new = libc::itimerval { it_interval: interval, it_value: value };
                setitimer(which, &new, &mut old)
            }
            None => getitimer(which, &mut old),
        })?;
        Ok([old.it_value, old.it_interval])
    }
}

/// Changes the mask of the calling thread; the answer is what it was.
pub fn sigmask(how: i32, signals: &[i32]) -> Result<Vec<i32>> {
    let set = to_sigset(signals);
    let mut old = to_sigset(&[]);
    // SAFETY: both sets are live.
    numbered(unsafe { libc::pthread_sigmask(how, &set, &mut old) })?;
    Ok(from_sigset(&old))
}

pub fn sigpending() -> Result<Vec<i32>> {
    let mut set = to_sigset(&[]);
    // SAFETY: the set is live.
    check_int(unsafe { libc::sigpending(&mut set) })?;
    Ok(from_sigset(&set))
}

pub fn sigwait(signals: &[i32]) -> Result<i32> {
    let set = to_sigset(signals);
    let mut signal = 0;
    // SAFETY: set and number are live.
    numbered(unsafe { libc::sigwait(&set, &mut signal) })?;
    Ok(signal)
}

/// Waits for a signal; without a timeout for ever. The answer: signal, code, error number, pid, uid,
/// status, band.
pub fn sigtimedwait(signals: &[i32], timeout: Option<std::time::Duration>) -> Result<[i64; 7]> {
    let set = to_sigset(signals);
    let timeout = timeout
        .map(|t| libc::timespec { tv_sec: t.as_secs() as i64, tv_nsec: t.subsec_nanos().into() });
    // SAFETY: set, information and time are live; the fields asked for are numbers, whatever the
    // kind of signal.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        check_int(match &timeout {
            Some(timeout) => libc::sigtimedwait(&set, &mut info, timeout),
            None => libc::sigwaitinfo(&set, &mut info),
        })?;
        Ok([
            info.si_signo.into(),
            info.si_code.into(),
            info.si_errno.into(),
            info.si_pid().into(),
            info.si_uid().into(),
            info.si_status().into(),
            0,
        ])
    }
}

pub fn pthread_kill(thread: u64, signal: i32) -> Result<()> {
    // SAFETY: the thread is one of ours that runs: it holds, or waits for, the interpreter lock,
    // which the caller has.
    numbered(unsafe { libc::pthread_kill(thread as libc::pthread_t, signal) })
}

pub fn pidfd_send_signal(fd: i32, signal: i32, flags: i32) -> Result<i64> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: plain numbers; no further information is passed.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, none, flags) })
}

/// The signals that programs may use: not those of the C library's threads.
pub fn valid_signals() -> Vec<i32> {
    let mut set = to_sigset(&[]);
    // SAFETY: the set is live.
    unsafe { libc::sigfillset(&mut set) };
    from_sigset(&set)
}

pub fn real_time_signals() -> (i32, i32) {
    (libc::SIGRTMIN(), libc::SIGRTMAX())
}

#[cfg(test)]
mod tests;
