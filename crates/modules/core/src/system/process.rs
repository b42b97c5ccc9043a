//! Calls on processes, users, groups and scheduling, made safe. A part of `system`, by subject.

#![expect(unsafe_code, reason = "foreign functions of plain numbers and live buffers")]

use super::{check, check_int};
use std::ffi::{CStr, CString};
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
    getpgid(pid: i32);
    setpgid(pid: i32, group: i32);
    getsid(pid: i32);
    setuid(uid: u32);
    seteuid(uid: u32);
    setgid(gid: u32);
    setegid(gid: u32);
    setreuid(real: u32, effective: u32);
    setregid(real: u32, effective: u32);
    setresuid(real: u32, effective: u32, saved: u32);
    setresgid(real: u32, effective: u32, saved: u32);
    sched_get_priority_max(policy: i32);
    sched_get_priority_min(policy: i32);
    sched_getscheduler(pid: i32);
}

pub fn getresuid() -> Result<[u32; 3]> {
    let [mut real, mut effective, mut saved] = [0; 3];
    // SAFETY: the numbers are live.
    check_int(unsafe { libc::getresuid(&mut real, &mut effective, &mut saved) })?;
    Ok([real, effective, saved])
}

pub fn getresgid() -> Result<[u32; 3]> {
    let [mut real, mut effective, mut saved] = [0; 3];
    // SAFETY: the numbers are live.
    check_int(unsafe { libc::getresgid(&mut real, &mut effective, &mut saved) })?;
    Ok([real, effective, saved])
}

pub fn getgroups() -> Result<Vec<u32>> {
    // SAFETY: asks for the number only.
    let n = check_int(unsafe { libc::getgroups(0, std::ptr::null_mut()) })?;
    let mut groups = vec![0; n as usize];
    // SAFETY: the vector has the room that is told.
    let n = check_int(unsafe { libc::getgroups(n, groups.as_mut_ptr()) })?;
    groups.truncate(n as usize);
    Ok(groups)
}

pub fn setgroups(groups: &[u32]) -> Result<i32> {
    // SAFETY: pointer and length are those of a live slice.
    check_int(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) })
}

pub fn initgroups(user: &CStr, group: u32) -> Result<i32> {
    // SAFETY: the name ends with NUL.
    check_int(unsafe { libc::initgroups(user.as_ptr(), group) })
}

pub fn getgrouplist(user: &CStr, group: u32) -> Result<Vec<u32>> {
    let mut room = 64;
    loop {
        let mut groups = vec![0; room as usize];
        let mut n = room;
        // SAFETY: the name ends with NUL; the vector has the room that is told.
        let found =
            unsafe { libc::getgrouplist(user.as_ptr(), group, groups.as_mut_ptr(), &mut n) };
        if found >= 0 {
            groups.truncate(n.max(0) as usize);
            return Ok(groups);
        }
        if room > 1 << 20 {
            return Err(Error::last_os_error());
        }
        room = (room * 2).max(n);
    }
}

unsafe extern "C" {
    fn getlogin_r(name: *mut libc::c_char, room: libc::size_t) -> libc::c_int;
}

pub fn getlogin() -> Result<Vec<u8>> {
    let mut buffer = [0 as libc::c_char; 256];
    // SAFETY: pointer and length are those of a live buffer.
    let number = unsafe { getlogin_r(buffer.as_mut_ptr(), buffer.len()) };
    if number != 0 {
        return Err(Error::from_raw_os_error(number));
    }
    // SAFETY: the call succeeded, so the buffer holds a string that ends with NUL.
    Ok(unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_bytes().to_vec())
}

/// Calls where -1 may be an answer.
fn perhaps(call: impl FnOnce() -> i32) -> Result<i32> {
    // SAFETY: the place of this thread's error number.
    unsafe { *libc::__errno_location() = 0 };
    let answer = call();
    let error = Error::last_os_error();
    if answer == -1 && error.raw_os_error() != Some(0) { Err(error) } else { Ok(answer) }
}

pub fn getpriority(which: i32, who: u32) -> Result<i32> {
    // SAFETY: plain numbers.
    perhaps(|| unsafe { libc::getpriority(which as libc::__priority_which_t, who) })
}

pub fn setpriority(which: i32, who: u32, priority: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    check_int(unsafe { libc::setpriority(which as libc::__priority_which_t, who, priority) })
}

pub fn nice(by: i32) -> Result<i32> {
    // SAFETY: plain numbers.
    perhaps(|| unsafe { libc::nice(by) })
}

pub fn getloadavg() -> Option<[f64; 3]> {
    let mut loads = [0.0; 3];
    // SAFETY: the array has room for three numbers.
    (unsafe { libc::getloadavg(loads.as_mut_ptr(), 3) } == 3).then_some(loads)
}

// ---- scheduling ----

pub fn sched_setscheduler(pid: i32, policy: i32, priority: i32) -> Result<i32> {
    let param = libc::sched_param { sched_priority: priority };
    // SAFETY: the structure is live.
    check_int(unsafe { libc::sched_setscheduler(pid, policy, &param) })
}

pub fn sched_setparam(pid: i32, priority: i32) -> Result<i32> {
    let param = libc::sched_param { sched_priority: priority };
    // SAFETY: the structure is live.
    check_int(unsafe { libc::sched_setparam(pid, &param) })
}

pub fn sched_getparam(pid: i32) -> Result<i32> {
    let mut param = libc::sched_param { sched_priority: 0 };
    // SAFETY: the structure is live.
    check_int(unsafe { libc::sched_getparam(pid, &mut param) })?;
    Ok(param.sched_priority)
}

pub fn sched_rr_get_interval(pid: i32) -> Result<f64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is live.
    check_int(unsafe { libc::sched_rr_get_interval(pid, &mut time) })?;
    Ok(time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64)
}

/// A set of processors, as the system has it: 64 in a word.
pub fn sched_getaffinity(pid: i32) -> Result<Vec<usize>> {
    let mut words = 16;
    loop {
        let mut mask = vec![0u64; words];
        // SAFETY: the mask has the size that is told.
        let result =
            check_int(unsafe { libc::sched_getaffinity(pid, words * 8, mask.as_mut_ptr().cast()) });
        match result {
            Ok(_) => {
                let bit = |cpu: &usize| mask[cpu / 64] >> (cpu % 64) & 1 != 0;
                return Ok((0..words * 64).filter(bit).collect());
            }
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) && words < 1 << 14 => words *= 2,
            Err(e) => return Err(e),
        }
    }
}

pub fn sched_setaffinity(pid: i32, cpus: &[usize]) -> Result<i32> {
    let words = cpus.iter().max().map_or(1, |most| most / 64 + 1).max(16);
    let mut mask = vec![0u64; words];
    cpus.iter().for_each(|cpu| mask[cpu / 64] |= 1 << (cpu % 64));
    // SAFETY: the mask has the size that is told.
    check_int(unsafe { libc::sched_setaffinity(pid, words * 8, mask.as_ptr().cast()) })
}

// ---- children ----

/// `wait4`: pid, status, and what the child used.
pub fn wait4(pid: i32, options: i32) -> Result<(i32, i32, libc::rusage)> {
    // SAFETY: the structure consists of numbers; the call fills it.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let mut status = 0;
        let pid = check_int(libc::wait4(pid, &mut status, options, &mut usage))?;
        Ok((pid, status, usage))
    }
}

/// `waitid`: pid, uid, signal, status, code; `None` if there is nothing to tell.
pub fn waitid(kind: u32, id: u32, options: i32) -> Result<Option<[i32; 5]>> {
    // SAFETY: the structure consists of numbers; the call fills it.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        check_int(libc::waitid(kind, id, &mut info, options))?;
        if info.si_pid() == 0 {
            return Ok(None);
        }
        Ok(Some([
            info.si_pid(),
            info.si_uid() as i32,
            info.si_signo,
            info.si_status(),
            info.si_code,
        ]))
    }
}

/// Something a spawned child does before its program runs.
pub enum FileAction {
    Open(i32, CString, i32, u32),
    Close(i32),
    Dup2(i32, i32),
}

/// How a child is spawned.
#[derive(Default)]
pub struct SpawnSettings {
    pub actions: Vec<FileAction>,
    pub group: Option<i32>,
    pub reset_ids: bool,
    pub new_session: bool,
    pub mask: Option<Vec<i32>>,
    pub defaults: Option<Vec<i32>>,
    /// Policy (if it changes) and priority.
    pub scheduler: Option<(Option<i32>, i32)>,
}

fn signal_set(signals: &[i32]) -> libc::sigset_t {
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

fn numbered(result: libc::c_int) -> Result<()> {
    if result == 0 { Ok(()) } else { Err(Error::from_raw_os_error(result)) }
}

/// `posix_spawn`; `search` looks for the program along `PATH`.
pub fn spawn(
    path: &CStr,
    args: &[CString],
    environment: Option<&[CString]>,
    settings: &SpawnSettings,
    search: bool,
) -> Result<i32> {
    let pointers = |list: &[CString]| -> Vec<*mut libc::c_char> {
        list.iter().map(|s| s.as_ptr().cast_mut()).chain([std::ptr::null_mut()]).collect()
    };
    let args = pointers(args);
    let environment = environment.map(pointers);
    unsafe extern "C" {
        static environ: *const *mut libc::c_char;
    }
    // SAFETY: both structures are initialised before use and destroyed once; lists end with null
    // pointers; strings live until the call returns.
    unsafe {
        let mut actions: libc::posix_spawn_file_actions_t = std::mem::zeroed();
        numbered(libc::posix_spawn_file_actions_init(&mut actions))?;
        let mut attributes: libc::posix_spawnattr_t = std::mem::zeroed();
        if let Err(e) = numbered(libc::posix_spawnattr_init(&mut attributes)) {
            libc::posix_spawn_file_actions_destroy(&mut actions);
            return Err(e);
        }
        let prepared = prepare_spawn(&mut actions, &mut attributes, settings);
        let mut pid = 0;
        let result = prepared.and_then(|()| {
            let environment = environment.as_ref().map_or(environ, |e| e.as_ptr());
            let call = if search { libc::posix_spawnp } else { libc::posix_spawn };
            numbered(call(
                &mut pid,
                path.as_ptr(),
                &actions,
                &attributes,
                args.as_ptr(),
                environment,
            ))
        });
        libc::posix_spawn_file_actions_destroy(&mut actions);
        libc::posix_spawnattr_destroy(&mut attributes);
        result.map(|()| pid)
    }
}

/// Fills in actions and attributes.
///
/// # Safety
/// Both structures are initialised.
unsafe fn prepare_spawn(
    actions: &mut libc::posix_spawn_file_actions_t,
    attributes: &mut libc::posix_spawnattr_t,
    settings: &SpawnSettings,
) -> Result<()> {
    // SAFETY: the structures are initialised; strings live as long as the settings.
    unsafe {
        for action in &settings.actions {
            numbered(match action {
                FileAction::Open(fd, path, flags, mode) => libc::posix_spawn_file_actions_addopen(
                    actions,
                    *fd,
                    path.as_ptr(),
                    *flags,
                    *mode,
                ),
                FileAction::Close(fd) => libc::posix_spawn_file_actions_addclose(actions, *fd),
                FileAction::Dup2(fd, to) => {
                    libc::posix_spawn_file_actions_adddup2(actions, *fd, *to)
                }
            })?;
        }
        let mut flags = 0;
        if let Some(group) = settings.group {
            flags |= libc::POSIX_SPAWN_SETPGROUP;
            numbered(libc::posix_spawnattr_setpgroup(attributes, group))?;
        }
        if settings.reset_ids {
            flags |= libc::POSIX_SPAWN_RESETIDS;
        }
        if settings.new_session {
            flags |= libc::POSIX_SPAWN_SETSID as i32;
        }
        if let Some(signals) = &settings.mask {
            flags |= libc::POSIX_SPAWN_SETSIGMASK;
            numbered(libc::posix_spawnattr_setsigmask(attributes, &signal_set(signals)))?;
        }
        if let Some(signals) = &settings.defaults {
            flags |= libc::POSIX_SPAWN_SETSIGDEF;
            numbered(libc::posix_spawnattr_setsigdefault(attributes, &signal_set(signals)))?;
        }
        if let Some((policy, priority)) = settings.scheduler {
            if let Some(policy) = policy {
                flags |= libc::POSIX_SPAWN_SETSCHEDULER;
                numbered(libc::posix_spawnattr_setschedpolicy(attributes, policy))?;
            }
            flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
            let param = libc::sched_param { sched_priority: priority };
            numbered(libc::posix_spawnattr_setschedparam(attributes, &param))?;
        }
        numbered(libc::posix_spawnattr_setflags(attributes, flags as libc::c_short))
    }
}

pub fn getrandom(into: &mut Vec<u8>, most: usize, flags: u32) -> Result<usize> {
    let room = into.spare_capacity_mut();
    let most = most.min(room.len());
    // SAFETY: the call writes at most `most` bytes into room of that size.
    let n = check(unsafe { libc::getrandom(room.as_mut_ptr().cast(), most, flags) } as i64)?;
    // SAFETY: the first `n` bytes of the room were written.
    unsafe { into.set_len(into.len() + n as usize) }
    Ok(n as usize)
}
