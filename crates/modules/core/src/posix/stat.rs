//! `stat_result` and `scandir`.

use super::dir_fd::DirFd;
use super::path::{PathArg, PathOrFd};
use crate::system::{self, Place};
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Guarded, ValueCell};
use adder_vm::objects::{int, struct_sequence};
use adder_vm::runtime::args::FromArg;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Exc, Obj, Ref, Value, Vm};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;

const VISIBLE: [&str; 10] = [
    "st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime",
    "st_mtime", "st_ctime",
];
const HIDDEN: [&str; 9] = [
    "st_atime",
    "st_mtime",
    "st_ctime",
    "st_atime_ns",
    "st_mtime_ns",
    "st_ctime_ns",
    "st_blksize",
    "st_blocks",
    "st_rdev",
];
const NAME: &str = "os.stat_result";

pub fn stat_type(vm: &Vm) -> Value {
    struct_sequence::record_type_hiding(vm, NAME, &VISIBLE, &HIDDEN).to_value()
}

/// A `stat_result`.
pub fn record(vm: &Vm, s: &libc::stat) -> Value {
    let big = |n: u64| int::from_i128(n.into());
    let times = [
        (s.st_atime, s.st_atime_nsec),
        (s.st_mtime, s.st_mtime_nsec),
        (s.st_ctime, s.st_ctime_nsec),
    ];
    let visible = [
        big(s.st_mode.into()),
        big(s.st_ino),
        big(s.st_dev),
        big(s.st_nlink),
        big(s.st_uid.into()),
        big(s.st_gid.into()),
        int::from_i64(s.st_size),
        int::from_i64(times[0].0),
        int::from_i64(times[1].0),
        int::from_i64(times[2].0),
    ];
    let float = |(s, ns): (i64, i64)| Value::float(s as f64 + 1e-9 * ns as f64);
    let nanos = |(s, ns): (i64, i64)| int::from_i128(s as i128 * 1_000_000_000 + ns as i128);
    let hidden = [
        float(times[0]),
        float(times[1]),
        float(times[2]),
        nanos(times[0]),
        nanos(times[1]),
        nanos(times[2]),
        int::from_i64(s.st_blksize),
        int::from_i64(s.st_blocks),
        big(s.st_rdev),
    ];
    let visible: Vec<_> = VISIBLE.into_iter().zip(visible).collect();
    let hidden: Vec<_> = HIDDEN.into_iter().zip(hidden).collect();
    struct_sequence::make_hiding(vm, NAME, &visible, &hidden)
}

pub fn stat(vm: &Vm, path: &PathOrFd, dir_fd: DirFd, follow: bool) -> PyResult {
    super::check_place(vm, "stat", path, dir_fd, !follow)?;
    let result = match path {
        PathOrFd::Path(path) => {
            let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
            let c = path.c();
            vm.without_lock(|| system::at::stat(dir_fd.0, &c, flags))
        }
        PathOrFd::Fd(fd) => vm.without_lock(|| system::stat(&Place::Descriptor(*fd))),
    };
    result.map(|s| record(vm, &s)).map_err(|e| path.error(vm, &e))
}

/// An entry of a directory, with what the directory itself says about it.
#[pyclass(name = "posix.DirEntry", no_new)]
pub struct DirEntry {
    name: Value,
    path: Value,
    #[notrace]
    full: CString,
    #[notrace]
    kind: Option<std::fs::FileType>,
    #[notrace]
    inode: u64,
    /// Results of `stat`, links followed and not.
    followed: ValueCell,
    own: ValueCell,
}

impl DirEntry {
    fn facts(&self, vm: &Vm, follow: bool) -> PyResult<Option<libc::stat>> {
        match system::stat(&Place::Path(&self.full, follow)) {
            Ok(facts) => Ok(Some(facts)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(vm.os_error(&e, Some(self.path.clone()))),
        }
    }
    fn is_kind(
        &self,
        vm: &Vm,
        follow: bool,
        mode: u32,
        test: fn(&std::fs::FileType) -> bool,
    ) -> PyResult<bool> {
        match &self.kind {
            Some(kind) if !follow || !kind.is_symlink() => Ok(test(kind)),
            _ => Ok(self.facts(vm, follow)?.is_some_and(|s| s.st_mode & libc::S_IFMT == mode)),
        }
    }
}

#[pymethods]
impl DirEntry {
    /// The entry's base filename, relative to scandir() "path" argument.
    #[getter(member)]
    fn name(zelf: &Obj<DirEntry>, _vm: &Vm) -> Value {
        zelf.name.clone()
    }
    /// The entry's full path name; equivalent to os.path.join(scandir_path, entry.name).
    #[getter(member)]
    fn path(zelf: &Obj<DirEntry>, _vm: &Vm) -> Value {
        zelf.path.clone()
    }
    /// Return inode of the entry; cached per entry.
    #[pymethod]
    fn inode(zelf: &Obj<DirEntry>, _vm: &Vm) -> u64 {
        zelf.inode
    }
    /// Return True if the entry is a directory; cached per entry.
    #[pymethod(sig = "($self, /, *, follow_symlinks=True)")]
    fn is_dir(zelf: &Obj<DirEntry>, vm: &Vm, follow_symlinks: Option<bool>) -> PyResult<bool> {
        zelf.is_kind(vm, follow_symlinks.unwrap_or(true), libc::S_IFDIR, std::fs::FileType::is_dir)
    }
    /// Return True if the entry is a file; cached per entry.
    #[pymethod(sig = "($self, /, *, follow_symlinks=True)")]
    fn is_file(zelf: &Obj<DirEntry>, vm: &Vm, follow_symlinks: Option<bool>) -> PyResult<bool> {
        zelf.is_kind(vm, follow_symlinks.unwrap_or(true), libc::S_IFREG, std::fs::FileType::is_file)
    }
    /// Return True if the entry is a symbolic link; cached per entry.
    #[pymethod]
    fn is_symlink(zelf: &Obj<DirEntry>, vm: &Vm) -> PyResult<bool> {
        zelf.is_kind(vm, false, libc::S_IFLNK, std::fs::FileType::is_symlink)
    }
    /// Return True if the entry is a junction; cached per entry.
    #[pymethod]
    fn is_junction(_zelf: &Obj<DirEntry>, _vm: &Vm) -> bool {
        false
    }
    /// Return stat_result object for the entry; cached per entry.
    #[pymethod(sig = "($self, /, *, follow_symlinks=True)")]
    fn stat(zelf: &Obj<DirEntry>, vm: &Vm, follow_symlinks: Option<bool>) -> PyResult {
        let follow = follow_symlinks.unwrap_or(true);
        let cache = if follow { &zelf.followed } else { &zelf.own };
        if let Some(known) = cache.get() {
            return Ok(known);
        }
        let facts = system::stat(&Place::Path(&zelf.full, follow))
            .map_err(|e| vm.os_error(&e, Some(zelf.path.clone())))?;
        let made = record(vm, &facts);
        cache.set(Some(made.clone()));
        Ok(made)
    }
    /// Returns the path for the entry.
    #[pymethod]
    fn __fspath__(zelf: &Obj<DirEntry>, _vm: &Vm) -> Value {
        zelf.path.clone()
    }
    #[slot]
    fn repr(zelf: &Obj<DirEntry>, vm: &Vm) -> PyResult {
        let name = adder_vm::protocol::object::repr(vm, &zelf.name)?;
        Ok(vm.str(&format!("<DirEntry {}>", name.to_string_lossy())))
    }
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }
}

/// A folder whose entries are asked for, by path or by descriptor.
pub struct Folder {
    /// The path that was given; `None` for a descriptor, whose entries are shown without a path.
    given: Option<Value>,
    /// What the system is asked by: for a descriptor its place in `/proc`.
    path: Vec<u8>,
    /// Names are bytes, as the path was.
    is_bytes: bool,
}

impl Folder {
    pub fn new(vm: &Vm, path: Option<&Value>) -> PyResult<Folder> {
        let given = match path.filter(|p| !p.is_none()) {
            Some(path) => PathOrFd::from_value(vm, path)?,
            None => PathOrFd::Path(PathArg::new(vm, &vm.str("."))?),
        };
        match given {
            PathOrFd::Path(PathArg { value, bytes, is_bytes }) => {
                Ok(Folder { given: Some(value), path: bytes, is_bytes })
            }
            PathOrFd::Fd(fd) => {
                system::stat(&Place::Descriptor(fd)).map_err(|e| vm.os_error(&e, None))?;
                let path = format!("/proc/self/fd/{fd}").into_bytes();
                Ok(Folder { given: None, path, is_bytes: false })
            }
        }
    }
    pub fn open(&self, vm: &Vm) -> PyResult<std::fs::ReadDir> {
        vm.without_lock(|| std::fs::read_dir(OsStr::from_bytes(&self.path)))
            .map_err(|e| self.error(vm, &e))
    }
    pub fn error(&self, vm: &Vm, error: &std::io::Error) -> Exc {
        vm.os_error(error, self.given.clone())
    }
    /// A name in the kind in which the path was given.
    pub fn name(&self, vm: &Vm, bytes: &[u8]) -> PyResult {
        name_of(vm, bytes, self.is_bytes)
    }
}

fn name_of(vm: &Vm, bytes: &[u8], is_bytes: bool) -> PyResult {
    if is_bytes {
        return Ok(adder_vm::objects::bytes::Bytes::from_slice(bytes).into());
    }
    super::path::decode(vm, bytes)
}

/// The iterator of `scandir`.
#[pyclass(name = "posix.ScandirIterator", no_new)]
pub struct Scan {
    #[notrace]
    entries: Guarded<Option<std::fs::ReadDir>>,
    #[notrace]
    base: Vec<u8>,
    #[notrace]
    by_descriptor: bool,
    #[notrace]
    is_bytes: bool,
}

pub fn scandir(vm: &Vm, folder: Folder) -> PyResult {
    let entries = folder.open(vm)?;
    Ok(Ref::new(Scan {
        entries: Guarded::new(Some(entries)),
        by_descriptor: folder.given.is_none(),
        is_bytes: folder.is_bytes,
        base: folder.path,
    })
    .into())
}

#[pymethods]
impl Scan {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Scan>, vm: &Vm) -> PyResult<Option<Value>> {
        use std::os::unix::fs::DirEntryExt;
        let next = zelf.entries.with_mut(|e| e.as_mut().and_then(Iterator::next));
        let entry = match next {
            None => {
                drop(zelf.entries.replace(None));
                return Ok(None);
            }
            Some(Err(e)) => return Err(vm.os_error(&e, None)),
            Some(Ok(entry)) => entry,
        };
        let name = entry.file_name();
        let name: &OsStr = &name;
        let mut full = zelf.base.clone();
        if full.last().is_some_and(|b| *b != b'/') {
            full.push(b'/');
        }
        full.extend_from_slice(name.as_bytes());
        let path = if zelf.by_descriptor { name.as_bytes() } else { &full };
        Ok(Some(
            Ref::new(DirEntry {
                name: name_of(vm, name.as_bytes(), zelf.is_bytes)?,
                path: name_of(vm, path, zelf.is_bytes)?,
                full: CString::new(full).unwrap_or_default(),
                kind: entry.file_type().ok(),
                inode: entry.ino(),
                followed: ValueCell::default(),
                own: ValueCell::default(),
            })
            .into(),
        ))
    }
    /// Close the iterator and free acquired resources.
    #[pymethod]
    fn close(zelf: &Obj<Scan>, _vm: &Vm) {
        drop(zelf.entries.replace(None));
    }
    #[pymethod]
    fn __enter__(zelf: &Obj<Scan>, _vm: &Vm) -> Ref<Scan> {
        zelf.to_ref()
    }
    #[pymethod(sig = "($self, /, *exc_info)")]
    fn __exit__(zelf: &Obj<Scan>, _vm: &Vm, _exc_info: adder_vm::runtime::args::VarArgs) {
        drop(zelf.entries.replace(None));
    }
}

/// `os.utime`'s two ways of giving times.
pub fn utime(
    vm: &Vm,
    path: &PathOrFd,
    times: Option<&Value>,
    nanos: Option<&Value>,
    dir_fd: DirFd,
    follow: bool,
) -> PyResult<()> {
    super::check_place(vm, "utime", path, dir_fd, !follow)?;
    let given = times.filter(|t| !t.is_none());
    if given.is_some() && nanos.is_some() {
        return Err(vm.value_error("utime: you may specify either 'times' or 'ns' but not both"));
    }
    let pair = |value: &Value, what: &str| {
        let tuple = value.downcast::<adder_vm::objects::tuple::Tuple>();
        match tuple.map(|t| t.items()) {
            Some([a, b]) => Ok([a.clone(), b.clone()]),
            _ => Err(vm.type_error(format!("utime: {what}"))),
        }
    };
    let spec = |nanos: i128| libc::timespec {
        tv_sec: nanos.div_euclid(1_000_000_000) as i64,
        tv_nsec: nanos.rem_euclid(1_000_000_000) as i64,
    };
    let times = match (given, nanos) {
        (Some(times), _) => {
            let [a, b] = pair(times, "'times' must be either a tuple of two ints or None")?;
            let nanos = |v: &Value| -> PyResult<i128> {
                match adder_vm::objects::float::as_f64(v) {
                    Some(x) if v.as_small_int().is_none() => {
                        let whole = x.floor();
                        Ok(whole as i128 * 1_000_000_000 + ((x - whole) * 1e9).floor() as i128)
                    }
                    _ => {
                        Ok(adder_vm::protocol::number::to_i128(vm, v)?.unwrap_or(0) * 1_000_000_000)
                    }
                }
            };
            Some([spec(nanos(&a)?), spec(nanos(&b)?)])
        }
        (None, Some(ns)) => {
            let [a, b] = pair(ns, "'ns' must be a tuple of two ints")?;
            let number = |v: &Value| {
                adder_vm::protocol::number::to_i128(vm, v).map(|n| spec(n.unwrap_or(0)))
            };
            Some([number(&a)?, number(&b)?])
        }
        (None, None) => None,
    };
    let result = match path {
        PathOrFd::Path(p) => {
            let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
            system::at::set_times(dir_fd.0, &p.c(), times, flags)
        }
        PathOrFd::Fd(fd) => system::set_times(&Place::Descriptor(*fd), times),
    };
    result.map(drop).map_err(|e| path.error(vm, &e))
}
