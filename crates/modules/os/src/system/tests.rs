//! Calls with buffers and structures of all sizes, and with what the system refuses: a memory checker sees
//! what a call writes beyond them.

use super::*;

/// A descriptor that is not open: the largest there can be.
const CLOSED: i32 = i32::MAX;

fn number<T>(result: Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

fn pipe() -> [i32; 2] {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    assert_eq!(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
    ends
}

/// All that comes until the other end is closed.
fn read(fd: i32) -> Vec<u8> {
    let mut all = Vec::new();
    let mut bytes = [0u8; 4096];
    loop {
        // SAFETY: a live buffer and its length.
        let n = unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), bytes.len()) };
        match usize::try_from(n) {
            Ok(n) if n > 0 => all.extend(&bytes[..n]),
            _ => return all,
        }
    }
}

fn closed(fds: &[i32]) {
    fds.iter().for_each(|fd| assert_eq!(close(*fd).ok(), Some(0)));
}

fn strings(list: &[&str]) -> Vec<CString> {
    list.iter().map(|text| CString::new(*text).expect("no NUL")).collect()
}

#[test]
fn descriptors_are_waited_for_in_every_way() {
    let [out, into] = pipe();
    let mut watched = [(out, libc::POLLIN), (into, libc::POLLOUT), (CLOSED, libc::POLLIN)]
        .map(|(fd, events)| libc::pollfd { fd, events, revents: 0 });
    assert_eq!(poll(&mut watched, 0).ok(), Some(2));
    assert_eq!(watched.map(|w| w.revents), [0, libc::POLLOUT, libc::POLLNVAL]);
    assert_eq!(poll(&mut [], 0).ok(), Some(0));
    let epoll = epoll_create(libc::EPOLL_CLOEXEC).expect("made");
    assert!(epoll_ctl(epoll, libc::EPOLL_CTL_ADD, out, libc::EPOLLIN as u32).is_ok());
    assert_eq!(number(epoll_ctl(epoll, libc::EPOLL_CTL_ADD, out, 0)), Some(libc::EEXIST));
    assert_eq!(number(epoll_ctl(epoll, libc::EPOLL_CTL_DEL, into, 0)), Some(libc::ENOENT));
    assert_eq!(epoll_wait(epoll, 1, 0).ok(), Some(Vec::new()));
    assert_eq!(write(into, b"x").ok(), Some(1));
    for most in [1, 2, 1000] {
        assert_eq!(epoll_wait(epoll, most, 0).ok(), Some(vec![(out, libc::EPOLLIN as u32)]));
    }
    assert_eq!(number(epoll_wait(epoll, 0, 0)), Some(libc::EINVAL));
    closed(&[epoll, out, into]);
    for bad in [CLOSED, -1, epoll] {
        assert!(epoll_wait(bad, 4, 0).is_err() && epoll_ctl(bad, 1, 0, 0).is_err());
    }
    assert!(epoll_create(i32::MAX).is_err());
}

#[test]
fn sets_hold_what_is_below_their_limit() {
    let mut set = FdSet::new();
    for fd in [-1, i32::MIN, FdSet::LIMIT, FdSet::LIMIT + 1, i32::MAX] {
        set.add(fd);
        assert!(!set.has(fd));
    }
    assert!((0..FdSet::LIMIT).all(|fd| !set.has(fd)));
    for fd in [0, 63, 64, FdSet::LIMIT - 1] {
        set.add(fd);
        assert!(set.has(fd));
    }
    let [out, into] = pipe();
    let none = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let mut sets = [FdSet::new(), FdSet::new(), FdSet::new()];
    sets[0].add(out);
    sets[1].add(into);
    // A limit beyond the sets counts as theirs.
    for limit in [FdSet::LIMIT, i32::MAX] {
        let mut some = [FdSet(sets[0].0), FdSet(sets[1].0), FdSet(sets[2].0)];
        assert_eq!(select(limit, &mut some, Some(none)).ok(), Some(1));
        assert!(!some[0].has(out) && some[1].has(into));
    }
    assert_eq!(number(select(-1, &mut sets, Some(none))), Some(libc::EINVAL));
    let wrong = libc::timeval { tv_sec: -1, tv_usec: 0 };
    assert_eq!(number(select(0, &mut sets, Some(wrong))), Some(libc::EINVAL));
    closed(&[out, into]);
    let mut sets = [FdSet::new(), FdSet::new(), FdSet::new()];
    sets[0].add(out);
    assert_eq!(number(select(out + 1, &mut sets, Some(none))), Some(libc::EBADF));
}

#[test]
fn commands_take_numbers_and_structures() {
    let [out, into] = pipe();
    assert!(fcntl(out, libc::F_GETFD, 0).is_ok_and(|flags| flags & libc::FD_CLOEXEC != 0));
    assert_eq!(number(fcntl(out, i32::MAX, 0)), Some(libc::EINVAL));
    // A number where a structure is wanted is no address of ours. (A memory checker's tables begin at the
    // largest one.)
    for argument in [1, -1, 1 << 30, i32::MIN] {
        assert_eq!(number(fcntl(out, libc::F_GETLK, argument)), Some(libc::EFAULT));
        assert_eq!(number(ioctl(out, libc::FIONREAD, argument)), Some(libc::EFAULT));
    }
    assert_eq!(write(into, b"abc").ok(), Some(3));
    let mut buffer = [0xffu8; 64];
    assert!(ioctl_buffer(out, libc::FIONREAD, &mut buffer).is_ok());
    assert_eq!((&buffer[..4], &buffer[4..]), (&3i32.to_ne_bytes()[..], &[0xff; 60][..]));
    assert!(
        lock(out, libc::F_SETLK, libc::F_RDLCK, 0, 0, 0).is_ok_and(|n| n == 0)
            || close(CLOSED).is_err()
    );
    assert!(lock(out, libc::F_SETLK, 99, 0, 0, 0).is_err());
    assert!(lock(out, libc::F_SETLK, libc::F_RDLCK, 0, i64::MIN, i64::MAX).is_err());
    assert!(flock(out, 0).is_err() && flock(out, i32::MIN).is_err());
    closed(&[out, into]);
    let ebadf = Some(libc::EBADF);
    assert_eq!(number(fcntl(CLOSED, libc::F_GETFD, 0)), ebadf);
    assert_eq!(number(fcntl_buffer(CLOSED, libc::F_GETLK, &mut buffer)), ebadf);
    assert_eq!(number(ioctl(CLOSED, libc::FIONREAD, 0)), ebadf);
    assert_eq!(number(ioctl_buffer(-1, libc::FIONREAD, &mut buffer)), ebadf);
    assert_eq!(number(flock(CLOSED, libc::LOCK_SH)), ebadf);
    assert_eq!(number(lock(CLOSED, libc::F_SETLK, 0, 0, 0, 0)), ebadf);
    assert_eq!(number(write(CLOSED, b"")), ebadf);
}

#[test]
fn users_and_groups_are_found_by_either_key() {
    let root = find_user(Some(c"root"), 5).ok().flatten().expect("there is one");
    assert!(root.uid == 0 && root.texts[0] == b"root");
    assert!(find_user(None, 0).is_ok_and(|user| user.is_some_and(|user| user.texts[0] == b"root")));
    assert!(all_users().iter().any(|user| user.uid == 0));
    let wheel = find_group(None, 0).ok().flatten().expect("there is one");
    let name = CString::new(wheel.name).expect("no NUL");
    assert!(
        find_group(Some(&name), 9).is_ok_and(|group| group.is_some_and(|group| group.gid == 0))
    );
    assert!(all_groups().iter().any(|group| group.gid == 0 && group.password.len() < 100));
    let long = CString::new("n".repeat(100_000)).expect("no NUL");
    for name in [c"", c"nobody is called this", &*long] {
        assert!(find_user(Some(name), 0).map_or(true, |user| user.is_none()));
        assert!(find_group(Some(name), 0).map_or(true, |group| group.is_none()));
    }
    assert!(find_user(None, u32::MAX - 1).is_ok_and(|user| user.is_none()));
    // A buffer that never suffices is given up.
    let mut sizes = Vec::new();
    let result = with_scratch(|_, size| {
        sizes.push(size);
        libc::ERANGE
    });
    assert!(number(result) == Some(libc::ERANGE) && sizes.len() < 20 && sizes.is_sorted());
}

#[test]
fn limits_and_uses_are_structures_that_are_filled() {
    let (now, most) = rlimit(0, libc::RLIMIT_NOFILE, None).expect("asked");
    assert!(now > 0 && now <= most);
    assert_eq!(rlimit(0, libc::RLIMIT_NOFILE, Some((now, most))).ok(), Some((now, most)));
    assert_eq!(number(rlimit(0, 999, None)), Some(libc::EINVAL));
    assert_eq!(number(rlimit(0, libc::RLIMIT_NOFILE, Some((5, 1)))), Some(libc::EINVAL));
    assert_eq!(number(rlimit(i32::MAX, 0, None)), Some(libc::ESRCH));
    assert!(rusage(libc::RUSAGE_SELF).is_ok_and(|usage| usage.ru_maxrss > 0));
    assert!(rusage(99).is_err() && page_size() >= 4096);
}

#[test]
fn terminals_are_asked_and_others_refused() {
    let (mut one, mut two) = (-1, -1);
    let (name, mode, size) = (std::ptr::null_mut(), std::ptr::null(), std::ptr::null());
    // SAFETY: both numbers are live; nothing else is asked for.
    let made = unsafe { libc::openpty(&mut one, &mut two, name, mode, size) };
    // Where nothing stands in /dev there are none.
    if made == 0 {
        let mut mode = tcgetattr(two).expect("a terminal");
        set_speeds(&mut mode, libc::B9600, libc::B9600).expect("known speeds");
        assert_eq!(speeds(&mode), (libc::B9600, libc::B9600));
        assert!(set_speeds(&mut mode, u32::MAX, 1).is_err());
        assert!(tcsetattr(two, libc::TCSANOW, &mode).is_ok());
        assert!(tcsetattr(two, 77, &mode).is_err() && tcflush(two, 77).is_err());
        assert!(tcflush(two, libc::TCIOFLUSH).is_ok() && tcflow(two, libc::TCOON).is_ok());
        closed(&[one, two]);
    }
    let [out, into] = pipe();
    for fd in [out, into, CLOSED, -1] {
        assert!(tcgetattr(fd).is_err() && tcdrain(fd).is_err() && tcsendbreak(fd, 0).is_err());
        assert!(tcflush(fd, 0).is_err() && tcflow(fd, 0).is_err());
    }
    closed(&[out, into]);
}

#[test]
fn the_locale_gives_texts_of_any_length() {
    // Nothing is changed: other tests ask, too.
    assert_eq!(setlocale(libc::LC_NUMERIC, None), Some(b"C".to_vec()));
    assert!(setlocale(libc::LC_ALL, Some(c"no such locale")).is_none());
    assert!(setlocale(999, None).is_none());
    assert_eq!(langinfo(libc::RADIXCHAR), b".");
    assert!(langinfo(i32::MAX).is_empty());
    let conventions = localeconv().expect("there are some");
    assert_eq!(conventions.texts[0], ("decimal_point", b".".to_vec()));
    assert!(conventions.numbers.len() == 8 && conventions.groupings.len() == 2);
    assert_eq!(
        (collate("", "").signum(), collate("a", "b").signum(), collate("b", "a").signum()),
        (0, -1, 1)
    );
    for len in [0, 1, 100, 5000] {
        let text = "\u{e9}".repeat(len);
        assert!(transform(&text).is_some_and(|key| key.len() >= len && !key.contains(&0)));
        assert_eq!(collate(&text, &text), 0);
    }
}

fn child<'a>(programs: &'a [CString], args: &'a [CString], error_pipe: i32) -> Child<'a> {
    Child {
        programs,
        args,
        environment: None,
        cwd: None,
        pipes: [(-1, -1); 3],
        error_pipe,
        keep: &[],
        close_fds: true,
        restore_signals: true,
        new_session: false,
        group: None,
        gid: None,
        groups: None,
        uid: None,
        umask: -1,
    }
}

/// Waits for a child: its status.
fn wait(pid: i32) -> i32 {
    let mut status = 0;
    // SAFETY: the status is live.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    libc::WEXITSTATUS(status)
}

#[test]
fn a_child_runs_the_first_program_there_is() {
    let [out, into] = pipe();
    let [errors, tell] = pipe();
    let programs = strings(&["/nothing/sh", "/bin/sh"]);
    let args = strings(&["sh", "-c", "printf \"$A\"; pwd; ls /proc/self/fd | wc -l >&2; exit 5"]);
    let environment = strings(&["A=told ", "PATH=/bin:/usr/bin"]);
    let pid = fork_exec(&Child {
        environment: Some(&environment),
        cwd: Some(c"/"),
        pipes: [(-1, -1), (out, into), (-1, into)],
        new_session: true,
        umask: 0o77,
        ..child(&programs, &args, tell)
    });
    closed(&[into, tell]);
    assert_eq!(wait(pid.expect("forked")), 5);
    assert!(read(errors).is_empty());
    let told = String::from_utf8(read(out)).expect("text");
    // Standard streams, and the folder that is read.
    assert_eq!(told.replace(' ', "").split('\n').collect::<Vec<_>>(), ["told/", "4", ""]);
    closed(&[out, errors]);
}

#[test]
fn a_child_that_fails_says_where() {
    let sh = strings(&["/bin/sh"]);
    let nothing = strings(&["/nothing/sh", "/etc/passwd/sh"]);
    let folder = strings(&["/"]);
    let args = strings(&["sh", "-c", "exit 0"]);
    let groups: Vec<u32> = (0..70_000).collect();
    let cases: [(&dyn Fn(i32) -> Result<i32>, &str); 5] = [
        (&|tell| fork_exec(&child(&nothing, &args, tell)), "OSError:00000014:"),
        (&|tell| fork_exec(&child(&folder, &args, tell)), "OSError:0000000D:"),
        (
            &|tell| fork_exec(&Child { cwd: Some(c"/nothing"), ..child(&sh, &args, tell) }),
            "OSError:00000002:noexec:chdir",
        ),
        (
            &|tell| fork_exec(&Child { group: Some(-5), ..child(&sh, &args, tell) }),
            "OSError:00000016:noexec",
        ),
        (
            &|tell| fork_exec(&Child { groups: Some(&groups), ..child(&sh, &args, tell) }),
            "OSError:000000",
        ),
    ];
    for (start, expected) in cases {
        let [errors, tell] = pipe();
        let pid = start(tell).expect("forked");
        closed(&[tell]);
        let told = String::from_utf8(read(errors)).expect("text");
        assert!(told.starts_with(expected), "{told}");
        assert_eq!(wait(pid), 255);
        closed(&[errors]);
    }
}

#[test]
fn a_child_keeps_the_descriptors_it_was_given() {
    let [out, into] = pipe();
    let [errors, tell] = pipe();
    let programs = strings(&["/bin/sh"]);
    let script = format!("printf x >&{into}; exit 6");
    let args = strings(&["sh", "-c", &script]);
    let keep = [CLOSED, -1, into, into, 0];
    let pid = fork_exec(&Child { keep: &keep, ..child(&programs, &args, tell) });
    closed(&[into, tell]);
    assert_eq!(wait(pid.expect("forked")), 6);
    assert_eq!((read(out), read(errors)), (b"x".to_vec(), Vec::new()));
    closed(&[out, errors]);
}

#[test]
fn sets_of_signals_have_those_that_exist() {
    let all = valid_signals();
    assert!(all.contains(&libc::SIGINT) && all.is_sorted() && !all.contains(&0));
    let (low, high) = real_time_signals();
    assert!(low < high && high < 65 && all.contains(&low));
    assert_eq!(from_sigset(&to_sigset(&[])), []);
    let odd = [0, -1, 65, i32::MAX, i32::MIN, libc::SIGUSR1, libc::SIGUSR1];
    assert_eq!(from_sigset(&to_sigset(&odd)), [libc::SIGUSR1]);
    assert_eq!(strsignal(libc::SIGINT).as_deref(), Some("Interrupt"));
    for number in [0, -1, 65, i32::MAX] {
        assert!(strsignal(number).is_none_or(|text| text.contains(' ')));
        assert!(siginterrupt(number, 1).is_err());
    }
    assert!(raise(99).is_err() && raise(0).is_ok());
    assert_eq!(number(pidfd_send_signal(CLOSED, 0, 0)), Some(libc::EBADF));
}

#[test]
fn signals_wait_for_whoever_asks() {
    // In a thread of its own: the mask is the thread's, and so is what is raised there.
    let asked = std::thread::spawn(|| {
        let (one, two) = (libc::SIGUSR1, libc::SIGUSR2);
        assert_eq!(sigmask(libc::SIG_BLOCK, &[one, two]).ok(), Some(Vec::new()));
        assert_eq!(sigmask(libc::SIG_BLOCK, &[]).ok(), Some(vec![one, two]));
        assert_eq!(number(sigmask(99, &[one])), Some(libc::EINVAL));
        assert!(raise(one).is_ok() && sigpending().is_ok_and(|all| all == [one]));
        assert_eq!(sigwait(&[one, two]).ok(), Some(one));
        assert!(raise(two).is_ok());
        let told = sigtimedwait(&[one, two], Some(std::time::Duration::ZERO)).expect("it came");
        assert_eq!(told[0], i64::from(two));
        let nothing = sigtimedwait(&[one, two], Some(std::time::Duration::from_millis(1)));
        assert_eq!(number(nothing), Some(libc::EAGAIN));
        // SAFETY: takes nothing and cannot fail.
        let own = unsafe { libc::pthread_self() };
        assert!(pthread_kill(own, 0).is_ok() && pthread_kill(own, 99).is_err());
        assert!(pthread_kill(own, one).is_ok() && sigwait(&[one]).is_ok());
    });
    assert!(asked.join().is_ok());
}

#[test]
fn timers_give_back_what_they_were() {
    let time = |sec| libc::timeval { tv_sec: sec, tv_usec: 0 };
    let seconds = |both: Result<[libc::timeval; 2]>| both.ok().map(|both| both.map(|t| t.tv_sec));
    assert_eq!(seconds(itimer(libc::ITIMER_VIRTUAL, Some([time(900), time(7)]))), Some([0, 0]));
    let left = seconds(itimer(libc::ITIMER_VIRTUAL, None)).expect("asked");
    assert!((1..=900).contains(&left[0]) && left[1] == 7);
    assert!(seconds(itimer(libc::ITIMER_VIRTUAL, Some([time(0), time(0)]))).is_some());
    assert_eq!(number(itimer(99, None)), Some(libc::EINVAL));
    let wrong = libc::timeval { tv_sec: 0, tv_usec: i64::MAX };
    assert_eq!(number(itimer(libc::ITIMER_VIRTUAL, Some([wrong; 2]))), Some(libc::EINVAL));
    assert_eq!(alarm(0), 0);
}

#[test]
fn a_fatal_signal_is_told_before_the_end() {
    // In a child, which the signal ends.
    let [out, into] = pipe();
    static TELL: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(-1);
    TELL.store(into, std::sync::atomic::Ordering::Relaxed);
    fn tell(signal: i32) {
        let _ = write(TELL.load(std::sync::atomic::Ordering::Relaxed), &[signal as u8]);
    }
    // SAFETY: the child calls only what is async-signal-safe.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let _ = on_fatal_signal(libc::SIGUSR2, tell);
        let _ = raise(libc::SIGUSR2);
        exit_now(0);
    }
    closed(&[into]);
    assert_eq!(read(out), [libc::SIGUSR2 as u8]);
    let mut status = 0;
    // SAFETY: the status is live.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGUSR2);
    closed(&[out]);
    for signal in [0, 65, libc::SIGKILL] {
        assert!(on_fatal_signal(signal, tell).is_err());
        forget_fatal_signal(signal);
    }
}
