//! Calls with buffers and structures of all sizes: a memory checker sees what a call writes beyond them.

use super::{at, fd, process};
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
