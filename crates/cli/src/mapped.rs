//! Pages of the program's own file that the kernel has mapped, given back when a stretch of work has ended.
//!
//! The kernel maps sixteen pages around each that is touched. Most of the code that a start, the compiler and
//! imports go through is not needed again, but counts as the process's memory to its end. What is needed
//! comes back from the page cache when it is touched.
//!
//! CPython's counterpart: none.

#![cfg_attr(
    all(target_os = "linux", target_pointer_width = "64"),
    expect(unsafe_code, reason = "walks the list of what is loaded, and gives back its pages")
)]

/// An import of fewer modules does not go through much.
const MANY: usize = 8;

/// From now on the pages are given back after each import of many modules.
pub fn watch_imports() {
    adder_vm::runtime::import_::listen(|modules| {
        if modules >= MANY {
            give_back();
        }
    });
}

/// Gives back the pages of the program and its libraries that cannot be written. It takes a tenth of a
/// millisecond until those are back that are needed.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    linux::give_back();
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod linux {
    use std::ffi::{CStr, c_int, c_void};

    const PAGE: usize = 4096;

    pub fn give_back() {
        if !is_traced() {
            // SAFETY: the function has the type that is asked for, and gets no data.
            unsafe { libc::dl_iterate_phdr(Some(give_back_object), std::ptr::null_mut()) };
        }
    }

    /// Does a debugger look on? The breakpoints that it has written into the code would be gone.
    fn is_traced() -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        !status
            .lines()
            .any(|line| line.strip_prefix("TracerPid:").is_some_and(|pid| pid.trim() == "0"))
    }

    /// For each object that is loaded: the program, libraries, and what the kernel lends.
    ///
    /// # Safety
    /// As `dl_iterate_phdr` calls it.
    unsafe extern "C" fn give_back_object(
        object: *mut libc::dl_phdr_info,
        _: usize,
        _: *mut c_void,
    ) -> c_int {
        // SAFETY: the object is described for as long as this runs: its name, empty for the program itself, and its parts.
        let (object, name, parts) = unsafe {
            let object = &*object;
            let parts =
                std::slice::from_raw_parts(object.dlpi_phdr, usize::from(object.dlpi_phnum));
            (object, CStr::from_ptr(object.dlpi_name).to_bytes(), parts)
        };
        // What the kernel lends is no file.
        if !name.is_empty() && !name.starts_with(b"/") {
            return 0;
        }
        let is_read_only = |part: &&libc::Elf64_Phdr| {
            part.p_type == libc::PT_LOAD && part.p_flags & libc::PF_W == 0
        };
        for part in parts.iter().filter(is_read_only) {
            let start = (object.dlpi_addr + part.p_vaddr) as usize;
            let (first, end) = (start & !(PAGE - 1), start + part.p_memsz as usize);
            // SAFETY: nobody can have written into these pages, so they come back from the file as they were.
            unsafe { libc::madvise(first as *mut c_void, end - first, libc::MADV_DONTNEED) };
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    /// Several pages of the program's file.
    static CONSTANT: [u8; 1 << 14] = [7; 1 << 14];

    #[test]
    fn what_is_given_back_comes_back() {
        // SAFETY: the text is the library's and ends with a zero.
        let library =
            || unsafe { CStr::from_ptr(libc::strerror(libc::ENOENT)) }.to_bytes().to_vec();
        let before = library();
        for _ in 0..3 {
            give_back();
            assert!(std::hint::black_box(&CONSTANT).iter().all(|&byte| byte == 7));
            assert_eq!(library(), before);
        }
    }

    #[test]
    fn threads_run_on_while_pages_are_given_back() {
        let run =
            || (0..100_000u64).fold(1u64, |sum, n| std::hint::black_box(sum.wrapping_mul(31) ^ n));
        let expected = run();
        std::thread::scope(|scope| {
            let others: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
            for _ in 0..20 {
                give_back();
            }
            for other in others {
                assert_eq!(other.join().unwrap(), expected);
            }
        });
    }
}
