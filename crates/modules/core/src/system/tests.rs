//! Calls with buffers and structures of all sizes: a memory checker sees what a call writes beyond them.

use super::{Place, at, fd, process};
use std::ffi::{CStr, CString};

fn file() -> i32 {
    fd::memfd_create(c"adder test", 0).unwrap()
}

fn close(fd: i32) {
    // SAFETY: a plain number.
    assert_eq!(unsafe { libc::close(fd) }, 0);
}

#[test]
fn bytes_come_back_as_they_were_written() {
    let fd = file();
    let bytes: Vec<u8> = (0..5000u32).map(|n| n as u8).collect();
    assert_eq!(super::write(fd, &bytes).unwrap(), 5000);
    assert_eq!(super::lseek(fd, 10, libc::SEEK_SET).unwrap(), 10);
    let mut some = [0; 7];
    assert_eq!(super::read(fd, &mut some).unwrap(), 7);
    assert_eq!(some, bytes[10..17]);
    let mut into = vec![9; 3];
    into.reserve_exact(4);
    let room = into.capacity() - 3;
    assert_eq!(super::read_room(fd, &mut into, usize::MAX).unwrap(), room);
    assert_eq!((&into[..3], &into[3..]), (&[9; 3][..], &bytes[17..17 + room]));
    let mut into = Vec::with_capacity(100);
    assert_eq!(fd::pread(fd, &mut into, 50, 4990).unwrap(), 10);
    assert_eq!(into, bytes[4990..]);
    assert_eq!(fd::pread(fd, &mut into, 50, 6000).unwrap(), 0);
    assert_eq!(fd::pwrite(fd, b"abc", 1).unwrap(), 3);
    let mut parts = [vec![0; 2], Vec::new(), vec![0; 3]];
    assert_eq!(fd::readv(fd, &mut parts, Some((0, 0))).unwrap(), 5);
    assert_eq!(parts.concat(), [0, b'a', b'b', b'c', 4]);
    assert_eq!(fd::writev(fd, &parts, Some((4998, 0))).unwrap(), 5);
    assert_eq!(super::lseek(fd, 0, libc::SEEK_END).unwrap(), 5003);
    close(fd);
    assert_eq!(super::read(fd, &mut some).unwrap_err().raw_os_error(), Some(libc::EBADF));
    assert!(fd::readv(fd, &mut parts, None).is_err() && fd::pwrite(fd, b"x", 0).is_err());
}

#[test]
fn bytes_are_moved_between_descriptors() {
    let (from, to) = (file(), file());
    super::write(from, b"0123456789").unwrap();
    assert_eq!(fd::sendfile(to, from, Some(2), 5).unwrap(), 5);
    assert_eq!(fd::sendfile(to, from, None, 5).unwrap(), 0);
    let mut into = Vec::with_capacity(16);
    fd::pread(to, &mut into, 16, 0).unwrap();
    assert_eq!(into, b"23456");
    let (out, inn) = super::pipe(libc::O_CLOEXEC).unwrap();
    super::write(inn, b"piped").unwrap();
    let mut into = [0; 8];
    assert_eq!(super::read(out, &mut into).unwrap(), 5);
    [from, to, out, inn].into_iter().for_each(close);
}

#[test]
fn answers_of_any_length_fit() {
    let folder = std::env::temp_dir().join(format!("adder-system-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| CString::new(folder.join(name).to_str().unwrap()).unwrap();
    for length in [1, 127, 128, 129, 255, 256, 257, 4000] {
        let target = CString::new("t".repeat(length)).unwrap();
        let link = path(&format!("link{length}"));
        at::symlink(&target, libc::AT_FDCWD, &link).unwrap();
        assert_eq!(at::readlink(libc::AT_FDCWD, &link).unwrap(), target.as_bytes());
        let found = at::stat(libc::AT_FDCWD, &link, libc::AT_SYMLINK_NOFOLLOW).unwrap();
        assert_eq!(found.st_size as usize, length);
    }
    assert!(at::readlink(libc::AT_FDCWD, &path("nothing")).is_err());
    at::rename(libc::AT_FDCWD, &path("link1"), libc::AT_FDCWD, &path("renamed")).unwrap();
    at::link(libc::AT_FDCWD, &path("renamed"), libc::AT_FDCWD, &path("second"), 0).unwrap();
    assert_eq!(at::readlink(libc::AT_FDCWD, &path("second")).unwrap(), b"t");
    std::fs::remove_dir_all(&folder).unwrap();
    let names = super::uname().unwrap();
    assert!(names.iter().all(|name| !name.is_empty()));
    let path = fd::confstr(libc::_CS_PATH).unwrap().unwrap();
    assert!(path.starts_with(b"/") && !path.contains(&0));
    let groups = process::getgroups().unwrap();
    assert!(process::getgrouplist(c"root", 0).unwrap().contains(&0) && groups.len() < 70_000);
}

#[test]
fn structures_are_filled() {
    let cpus = process::sched_getaffinity(0).unwrap();
    assert!(!cpus.is_empty() && cpus.is_sorted());
    assert!(
        process::sched_setaffinity(0, &cpus).is_ok() && process::sched_setaffinity(0, &[]).is_err()
    );
    let me = super::thread_id();
    assert!(me > 0 && process::getresuid().unwrap()[0] == super::getuid());
    for size in [0, 1, 300] {
        let mut into = vec![5; 2];
        into.reserve(size);
        assert_eq!(process::getrandom(&mut into, size, 0).unwrap(), size);
        assert_eq!((into.len(), &into[..2]), (size + 2, &[5; 2][..]));
    }
    let event = fd::eventfd(3, 0).unwrap();
    fd::eventfd_write(event, 4).unwrap();
    assert_eq!(fd::eventfd_read(event).unwrap(), 7);
    close(event);
    // Where nothing stands in /dev there are none.
    if let Ok((one, two)) = fd::openpty() {
        let (name, other) = (fd::ttyname(two).unwrap(), fd::ptsname(one).unwrap());
        assert!(name == other && name.starts_with(b"/dev/") && super::isatty(two));
        assert!(super::terminal_size(two).is_ok() && fd::ttyname(-1).is_err());
        [one, two].into_iter().for_each(close);
    }
    let name: &CStr = c"ADDER_SYSTEM_TEST";
    super::set_variable(name, Some(c"value")).unwrap();
    assert_eq!(std::env::var("ADDER_SYSTEM_TEST").unwrap(), "value");
    super::set_variable(name, None).unwrap();
    assert!(std::env::var("ADDER_SYSTEM_TEST").is_err());
}

/// A descriptor that is not open: the largest there can be.
const CLOSED: i32 = i32::MAX;

fn number<T>(result: std::io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

#[test]
fn closed_descriptors_are_refused_by_every_call() {
    for bad in [CLOSED, -1, i32::MIN] {
        let ebadf = Some(libc::EBADF);
        let (mut none, mut some) = (Vec::new(), Vec::with_capacity(8));
        assert_eq!(number(super::read(bad, &mut [0; 4])), ebadf);
        assert_eq!(number(super::read(bad, &mut [])), ebadf);
        assert_eq!(number(super::write(bad, b"x")), ebadf);
        assert_eq!(number(super::read_room(bad, &mut none, 5)), ebadf);
        assert_eq!(number(super::read_room(bad, &mut some, usize::MAX)), ebadf);
        assert_eq!(number(fd::pread(bad, &mut some, 5, 0)), ebadf);
        assert_eq!(number(fd::pwrite(bad, b"", 0)), ebadf);
        assert_eq!(number(fd::readv(bad, &mut [vec![0; 2]], Some((0, 0)))), ebadf);
        assert_eq!(number(fd::writev(bad, &[], None)), ebadf);
        assert_eq!(number(fd::sendfile(bad, bad, None, 1)), ebadf);
        assert_eq!(number(fd::move_bytes((bad, None), (bad, None), 1, None)), ebadf);
        assert_eq!(number(fd::move_bytes((bad, None), (bad, None), 1, Some(0))), ebadf);
        assert_eq!(number(super::lseek(bad, 0, 0)), ebadf);
        assert_eq!(number(super::fcntl(bad, libc::F_GETFD, 0)), ebadf);
        assert_eq!(number(super::set_inheritable(bad, true)), ebadf);
        assert_eq!(number(super::stat(&Place::Descriptor(bad))), ebadf);
        assert_eq!(number(super::set_times(&Place::Descriptor(bad), None)), ebadf);
        assert_eq!(number(super::terminal_size(bad)), ebadf);
        assert_eq!(number(super::ftruncate(bad, 0)), ebadf);
        assert_eq!(number(super::close(bad)), ebadf);
        assert_eq!(number(fd::statvfs(Err(bad))), ebadf);
        assert_eq!(number(fd::pathconf(Err(bad), libc::_PC_NAME_MAX)), ebadf);
        assert_eq!(number(fd::timerfd(bad, 0, None)), ebadf);
        assert_eq!(number(fd::eventfd_read(bad)), ebadf);
        assert_eq!(number(fd::eventfd_write(bad, 1)), ebadf);
        assert_eq!(number(fd::getxattr(&fd::Subject::Descriptor(bad), c"user.x")), ebadf);
        assert_eq!(number(fd::listxattr(&fd::Subject::Descriptor(bad))), ebadf);
        assert_eq!(number(fd::fadvise(bad, 0, 0, 0)), ebadf);
        assert_eq!(number(fd::fallocate(bad, 0, 1)), ebadf);
        assert!(fd::ttyname(bad).is_err() && fd::ptsname(bad).is_err() && !super::isatty(bad));
        // A bad directory matters only to a path that is relative to it.
        if bad >= 0 {
            assert_eq!(number(at::open(bad, c"x", 0, 0)), ebadf);
            assert_eq!(number(at::readlink(bad, c"x")), ebadf);
        }
        assert!(at::stat(bad, c"/", 0).is_ok());
        assert!(some.is_empty() && none.is_empty());
    }
}

#[test]
fn empty_buffers_and_huge_numbers_are_taken_as_they_are() {
    let fd = file();
    assert_eq!(super::write(fd, b"").unwrap(), 0);
    assert_eq!(super::read(fd, &mut []).unwrap(), 0);
    let mut none = Vec::new();
    assert_eq!(super::read_room(fd, &mut none, usize::MAX).unwrap(), 0);
    assert_eq!(fd::pread(fd, &mut none, usize::MAX, 0).unwrap(), 0);
    assert_eq!(fd::readv(fd, &mut [], None).unwrap(), 0);
    assert_eq!(fd::writev(fd, &[Vec::new(), Vec::new()], None).unwrap(), 0);
    // More parts than the system takes.
    let mut parts: Vec<Vec<u8>> = (0..2000).map(|_| vec![1]).collect();
    assert_eq!(number(fd::writev(fd, &parts, None)), Some(libc::EINVAL));
    assert_eq!(number(fd::readv(fd, &mut parts, None)), Some(libc::EINVAL));
    for offset in [-1, i64::MIN] {
        assert_eq!(
            number(fd::pread(fd, &mut Vec::with_capacity(4), 4, offset)),
            Some(libc::EINVAL)
        );
        assert_eq!(number(fd::pwrite(fd, b"x", offset)), Some(libc::EINVAL));
        assert_eq!(number(super::lseek(fd, offset, libc::SEEK_SET)), Some(libc::EINVAL));
        assert_eq!(number(super::ftruncate(fd, offset)), Some(libc::EINVAL));
    }
    assert!(fd::pwrite(fd, b"x", i64::MAX).is_err());
    assert_eq!(fd::pread(fd, &mut Vec::with_capacity(4), 4, i64::MAX - 4).unwrap_or(0), 0);
    assert_eq!(fd::sendfile(fd, fd, Some(0), 0).unwrap_or(0), 0);
    assert!(super::stat(&Place::Descriptor(fd)).unwrap().st_size == 0);
    close(fd);
    let mut into = vec![7];
    assert_eq!(process::getrandom(&mut into, usize::MAX, 0).unwrap(), into.len() - 1);
    assert!(process::getrandom(&mut into, 1, u32::MAX).is_err());
    assert!(super::sysconf(-1).is_err() && fd::sysconf(i32::MAX).is_err());
    assert!(fd::confstr(i32::MAX).is_err() && fd::confstr(-1).is_err());
    assert!(fd::pathconf(Ok(c"/"), i32::MAX).is_err());
    assert!(fd::memfd_create(&CString::new("n".repeat(300)).unwrap(), 0).is_err());
    assert!(super::pipe(i32::MAX).is_err() && fd::eventfd(0, i32::MAX).is_err());
}

#[test]
fn paths_that_lead_nowhere_are_refused() {
    let long = CString::new("x/".repeat(5000)).unwrap();
    let name = CString::new("y".repeat(300)).unwrap();
    for (path, expected) in
        [(c"", libc::ENOENT), (&*long, libc::ENAMETOOLONG), (&*name, libc::ENAMETOOLONG)]
    {
        let expected = Some(expected);
        assert_eq!(number(super::open(path, 0, 0)), expected);
        assert_eq!(number(super::stat(&Place::Path(path, true))), expected);
        assert_eq!(number(super::stat(&Place::Path(path, false))), expected);
        assert_eq!(number(super::set_times(&Place::Path(path, false), None)), expected);
        assert_eq!(number(at::stat(libc::AT_FDCWD, path, 0)), expected);
        assert_eq!(number(at::readlink(libc::AT_FDCWD, path)), expected);
        assert_eq!(number(at::rename(libc::AT_FDCWD, path, libc::AT_FDCWD, c"z")), expected);
        assert_eq!(number(at::link(libc::AT_FDCWD, path, libc::AT_FDCWD, c"z", 0)), expected);
        assert_eq!(number(at::symlink(c"z", libc::AT_FDCWD, path)), expected);
        assert_eq!(number(at::truncate(path, 0)), expected);
        assert_eq!(number(fd::statvfs(Ok(path))), expected);
        assert!(fd::listxattr(&fd::Subject::Path(path, true)).is_err());
        assert!(fd::setxattr(&fd::Subject::Path(path, false), c"user.x", b"", 0).is_err());
        assert!(fd::removexattr(&fd::Subject::Path(path, true), c"user.x").is_err());
    }
    let now = libc::timespec { tv_sec: 0, tv_nsec: i64::MAX };
    assert!(at::set_times(libc::AT_FDCWD, c"/", Some([now; 2]), 0).is_err());
}

#[test]
fn attributes_of_files_come_back_in_any_length() {
    let path = std::env::temp_dir().join(format!("adder-attributes-{}", std::process::id()));
    std::fs::write(&path, b"").unwrap();
    let name = CString::new(path.to_str().unwrap()).unwrap();
    let subject = fd::Subject::Path(&name, true);
    for len in [0, 1, 255, 256, 257, 2000] {
        let value = vec![b'v'; len];
        // Not every file system has them.
        if fd::setxattr(&subject, c"user.adder", &value, 0).is_err() {
            break;
        }
        assert_eq!(fd::getxattr(&subject, c"user.adder").unwrap(), value);
        assert!(fd::listxattr(&subject).unwrap().windows(11).any(|w| w == b"user.adder\0"));
        fd::removexattr(&subject, c"user.adder").unwrap();
        assert!(fd::getxattr(&subject, c"user.adder").is_err());
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn programs_are_spawned_or_refused_whole() {
    use process::{FileAction, SpawnSettings, spawn};
    let args = |list: &[&str]| list.iter().map(|s| CString::new(*s).unwrap()).collect::<Vec<_>>();
    let wait = |pid: i32| {
        let (found, status, _) = process::wait4(pid, 0).unwrap();
        assert_eq!(found, pid);
        libc::WEXITSTATUS(status)
    };
    let (out, into) = super::pipe(libc::O_CLOEXEC).unwrap();
    let settings = SpawnSettings {
        actions: vec![
            FileAction::Dup2(into, 1),
            FileAction::Open(5, c"/dev/null".into(), libc::O_RDONLY, 0),
            FileAction::Close(5),
        ],
        group: Some(0),
        reset_ids: true,
        mask: Some(vec![libc::SIGUSR1]),
        defaults: Some(vec![libc::SIGPIPE]),
        ..SpawnSettings::default()
    };
    let script = args(&["sh", "-c", "printf \"$A\"; exit 3"]);
    let environment = args(&["A=told"]);
    let pid = spawn(c"sh", &script, Some(&environment), &settings, true).unwrap();
    assert_eq!(wait(pid), 3);
    let mut told = [0; 8];
    assert_eq!((super::read(out, &mut told).unwrap(), &told[..4]), (4, &b"told"[..]));
    [out, into].into_iter().for_each(close);
    // Nothing is left of what fails, at whatever step.
    let none = SpawnSettings::default;
    assert_eq!(number(spawn(c"/nothing", &script, None, &none(), false)), Some(libc::ENOENT));
    assert_eq!(number(spawn(c"", &[], None, &none(), true)), Some(libc::ENOENT));
    for actions in [
        vec![FileAction::Close(-1)],
        vec![FileAction::Dup2(1, -1)],
        vec![FileAction::Open(-1, c"/".into(), 0, 0)],
        vec![FileAction::Open(7, c"/dev/null".into(), 0, 0), FileAction::Dup2(i32::MIN, 3)],
    ] {
        assert!(spawn(c"sh", &script, None, &SpawnSettings { actions, ..none() }, true).is_err());
    }
    let mask = Some(vec![0, -1, 65, i32::MAX, libc::SIGUSR1]);
    let pid =
        spawn(c"sh", &args(&["sh", "-c", "exit 4"]), None, &SpawnSettings { mask, ..none() }, true);
    assert_eq!(wait(pid.unwrap()), 4);
    assert!(process::waitid(libc::P_PID, u32::MAX, libc::WEXITED).is_err());
    assert!(super::waitpid(i32::MIN + 1, libc::WNOHANG).is_err());
    assert!(super::execve(c"/nothing", &[], None).raw_os_error() == Some(libc::ENOENT));
    assert!(super::execve(c"/nothing", &args(&["a"]), Some(&[])).raw_os_error().is_some());
    assert!(super::fexecve(CLOSED, &args(&["a"]), &[]).raw_os_error().is_some());
}

#[test]
fn names_of_any_length_are_taken() {
    let named = std::thread::spawn(|| {
        for name in
            [&b""[..], b"short", b"exactly fifteen", b"longer than the system keeps", b"with\0nul"]
        {
            super::set_thread_name(name).unwrap();
        }
    });
    assert!(named.join().is_ok());
    assert!(process::getgrouplist(c"nobody of this name", 77).unwrap().contains(&77));
    assert!(process::initgroups(c"", 0).is_err() || super::geteuid() == 0);
    assert!(process::getlogin().map_or(true, |name| !name.is_empty() && !name.contains(&0)));
    assert!(process::getloadavg().is_none_or(|loads| loads.iter().all(|load| *load >= 0.0)));
    assert!(process::getpriority(99, 0).is_err() && process::sched_getparam(i32::MAX).is_err());
    assert!(process::sched_getaffinity(i32::MAX).is_err());
    assert!(process::sched_setaffinity(0, &[1 << 19]).is_err());
    assert!(process::sched_rr_get_interval(-1).is_err());
    let times = super::times();
    assert!(times.iter().all(|seconds| *seconds >= 0.0));
}
