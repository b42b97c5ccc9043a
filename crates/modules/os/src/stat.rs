//! `_stat`: kinds and permissions of files. CPython's counterpart: `Modules/_stat.c`.

use adder_derive::pymodule;
use adder_modules_core::support::add_ints;
use adder_vm::objects::module::Module;
use adder_vm::protocol::number;
use adder_vm::{Obj, PyResult, Value, Vm};

/// A mode as the system has it.
fn mode_argument(vm: &Vm, mode: &Value) -> PyResult<u32> {
    match number::to_i128(vm, mode)? {
        Some(n) if n < 0 => Err(vm.overflow_error("can't convert negative value to unsigned int")),
        Some(n) => u32::try_from(n).map_err(|_| vm.overflow_error("mode out of range")),
        None => Err(vm.overflow_error("Python int too large to convert to C unsigned long")),
    }
}

fn is_kind(vm: &Vm, mode: &Value, kind: u32) -> PyResult<bool> {
    Ok(mode_argument(vm, mode)? & libc::S_IFMT == kind)
}

/// The letter of a kind of file.
fn letter(mode: u32) -> char {
    match mode & libc::S_IFMT {
        libc::S_IFREG => '-',
        libc::S_IFDIR => 'd',
        libc::S_IFLNK => 'l',
        libc::S_IFBLK => 'b',
        libc::S_IFCHR => 'c',
        libc::S_IFIFO => 'p',
        libc::S_IFSOCK => 's',
        _ => '?',
    }
}

/// The letters of one class of users: `special` is set-user-ID, set-group-ID or sticky, shown as
/// `mark` in the place of the `x`.
fn permissions(bits: u32, special: bool, mark: char) -> [char; 3] {
    let execute = match (bits & 1 != 0, special) {
        (true, true) => mark,
        (false, true) => mark.to_ascii_uppercase(),
        (true, false) => 'x',
        (false, false) => '-',
    };
    [if bits & 4 != 0 { 'r' } else { '-' }, if bits & 2 != 0 { 'w' } else { '-' }, execute]
}

fn mode_text(mode: u32) -> String {
    let classes = [
        permissions(mode >> 6, mode & libc::S_ISUID != 0, 's'),
        permissions(mode >> 3, mode & libc::S_ISGID != 0, 's'),
        permissions(mode, mode & libc::S_ISVTX != 0, 't'),
    ];
    std::iter::once(letter(mode)).chain(classes.into_iter().flatten()).collect()
}

/// Constants/functions for interpreting results of os.stat() and os.lstat().
#[pymodule(name = "_stat")]
pub mod stat {
    use super::*;

    /// Return True if mode is from a directory.
    #[pyfunction(name = "S_ISDIR")]
    fn is_dir(vm: &Vm, mode: &Value) -> PyResult<bool> {
        is_kind(vm, mode, libc::S_IFDIR)
    }
    /// Return True if mode is from a character special device file.
    #[pyfunction(name = "S_ISCHR")]
    fn is_chr(vm: &Vm, mode: &Value) -> PyResult<bool> {
        is_kind(vm, mode, libc::S_IFCHR)
    }
    /// Return True if mode is from a block special device file.
    #[pyfunction(name = "S_ISBLK")]
    fn is_blk(vm: &Vm, mode: &Value) -> PyResult<bool> {
        is_kind(vm, mode, libc::S_IFBLK)
    }
    /// Return True if mode is from a regular file.
    #[pyfunction(name = "S_ISREG")]
    fn is_reg(vm: &Vm, mode: &Value) -> PyResult<bool> {
        is_kind(vm, mode, libc::S_IFREG)
    }
    /// Return True if mode is from a FIFO (named pipe).
    #[pyfunction(name = "S_ISFIFO")]
    fn is_fifo(vm: &Vm, mode: &Value) -> PyResult<bool> {
        is_kind(vm, mode, libc::S_IFIFO)
    }
    /// Return True if mode is from a symbolic link.
    #[pyfunction(name = "S_ISLNK")]
    fn is_lnk(vm: &Vm, mode: &Value) -> PyResult<bool> {
        is_kind(vm, mode, libc::S_IFLNK)
    }
    /// Return True if mode is from a socket.
    #[pyfunction(name = "S_ISSOCK")]
    fn is_sock(vm: &Vm, mode: &Value) -> PyResult<bool> {
        is_kind(vm, mode, libc::S_IFSOCK)
    }
    /// Return True if mode is from a door.
    #[pyfunction(name = "S_ISDOOR")]
    fn is_door(vm: &Vm, mode: &Value) -> PyResult<bool> {
        mode_argument(vm, mode).map(|_| false)
    }
    /// Return True if mode is from an event port.
    #[pyfunction(name = "S_ISPORT")]
    fn is_port(vm: &Vm, mode: &Value) -> PyResult<bool> {
        mode_argument(vm, mode).map(|_| false)
    }
    /// Return True if mode is from a whiteout.
    #[pyfunction(name = "S_ISWHT")]
    fn is_wht(vm: &Vm, mode: &Value) -> PyResult<bool> {
        mode_argument(vm, mode).map(|_| false)
    }
    /// Return the portion of the file's mode that can be set by os.chmod().
    #[pyfunction(name = "S_IMODE")]
    fn permission_bits(vm: &Vm, mode: &Value) -> PyResult<u32> {
        Ok(mode_argument(vm, mode)? & 0o7777)
    }
    /// Return the portion of the file's mode that describes the file type.
    #[pyfunction(name = "S_IFMT")]
    fn kind_bits(vm: &Vm, mode: &Value) -> PyResult<u32> {
        Ok(mode_argument(vm, mode)? & libc::S_IFMT)
    }
    /// Convert a file's mode to a string of the form '-rwxrwxrwx'
    #[pyfunction]
    fn filemode(vm: &Vm, mode: &Value) -> PyResult<String> {
        mode_argument(vm, mode).map(mode_text)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        add_ints(vm, module, CONSTANTS);
        Ok(())
    }
}

macro_rules! constants {
    ($($name:ident)*; $($own:literal = $value:expr,)*) => {
        const CONSTANTS: &[(&str, i64)] =
            &[$((stringify!($name), libc::$name as i64),)* $(($own, $value),)*];
    };
}

constants! {
    S_IFDIR S_IFCHR S_IFBLK S_IFREG S_IFIFO S_IFLNK S_IFSOCK S_ISUID S_ISGID S_ISVTX S_IRWXU S_IRUSR
    S_IWUSR S_IXUSR S_IRWXG S_IRGRP S_IWGRP S_IXGRP S_IRWXO S_IROTH S_IWOTH S_IXOTH;
    "S_IFDOOR" = 0,
    "S_IFPORT" = 0,
    "S_IFWHT" = 0,
    "S_ENFMT" = 0o2000,
    "S_IREAD" = 0o400,
    "S_IWRITE" = 0o200,
    "S_IEXEC" = 0o100,
    "ST_MODE" = 0,
    "ST_INO" = 1,
    "ST_DEV" = 2,
    "ST_NLINK" = 3,
    "ST_UID" = 4,
    "ST_GID" = 5,
    "ST_SIZE" = 6,
    "ST_ATIME" = 7,
    "ST_MTIME" = 8,
    "ST_CTIME" = 9,
    "UF_SETTABLE" = 0xffff,
    "UF_NODUMP" = 1,
    "UF_IMMUTABLE" = 2,
    "UF_APPEND" = 4,
    "UF_OPAQUE" = 8,
    "UF_NOUNLINK" = 16,
    "UF_COMPRESSED" = 32,
    "UF_TRACKED" = 64,
    "UF_DATAVAULT" = 128,
    "UF_HIDDEN" = 32768,
    "SF_SETTABLE" = 0xffff_0000,
    "SF_ARCHIVED" = 0x0001_0000,
    "SF_IMMUTABLE" = 0x0002_0000,
    "SF_APPEND" = 0x0004_0000,
    "SF_NOUNLINK" = 0x0010_0000,
    "SF_SNAPSHOT" = 0x0020_0000,
    "SF_FIRMLINK" = 0x0080_0000,
    "SF_DATALESS" = 0x4000_0000,
}

#[cfg(test)]
mod tests {
    use super::mode_text;

    #[test]
    fn modes_are_shown_as_ls_does() {
        assert_eq!(mode_text(0o100644), "-rw-r--r--");
        assert_eq!(mode_text(0o104755), "-rwsr-xr-x");
        assert_eq!(mode_text(0o041776), "drwxrwxrwT");
        assert_eq!(mode_text(0o012000), "p-----S---");
        assert_eq!(mode_text(0), "?---------");
    }
}
