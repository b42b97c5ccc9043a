//! What watches the cases: a thread that looks for hangs and memory, and a handler for fatal signals.
//! Both write the running input to a file before the process ends.

#![expect(unsafe_code, reason = "signal handlers and what they read")]

use std::ffi::CString;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

static INPUT: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
static LENGTH: AtomicUsize = AtomicUsize::new(0);
static CASE: AtomicU64 = AtomicU64::new(0);
static CRASH_FILE: OnceLock<CString> = OnceLock::new();

/// What a case may take.
pub struct Limits {
    pub time: Duration,
    /// Resident memory of the process, in MiB.
    pub memory: usize,
}

/// Tells the watch which case runs now. The input stays where it is until the next case begins.
pub fn begin(case: u64, input: &[u8]) {
    LENGTH.store(0, Ordering::SeqCst);
    INPUT.store(input.as_ptr().cast_mut(), Ordering::SeqCst);
    LENGTH.store(input.len(), Ordering::SeqCst);
    CASE.store(case, Ordering::SeqCst);
}

/// No case runs any more.
pub fn end() {
    LENGTH.store(0, Ordering::SeqCst);
}

extern "C" fn on_fatal(signal: libc::c_int) {
    // SAFETY: only calls that are allowed in a signal handler; the input is alive while its length
    // is set.
    unsafe {
        if let Some(path) = CRASH_FILE.get() {
            let fd =
                libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC, 0o644);
            if fd >= 0 {
                let (data, length) = (INPUT.load(Ordering::SeqCst), LENGTH.load(Ordering::SeqCst));
                libc::write(fd, data.cast(), length);
                libc::close(fd);
            }
            let message = b"a case crashed; its input is in the crash file\n";
            libc::write(2, message.as_ptr().cast(), message.len());
        }
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

/// Installs the handler and starts the watching thread. `file` is where the input of a crash goes.
pub fn start(file: &str, limits: Limits) {
    const FATAL: [libc::c_int; 5] =
        [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];
    let _ = CRASH_FILE.set(CString::new(file).unwrap_or_default());
    // SAFETY: the action is whole; Rust gives every thread an alternate stack.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_fatal as *const () as usize;
        action.sa_flags = libc::SA_ONSTACK | libc::SA_NODEFER;
        for signal in FATAL {
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
    std::thread::spawn(move || watch(&limits));
}

fn watch(limits: &Limits) {
    let (mut last, mut since) = (u64::MAX, Instant::now());
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let case = CASE.load(Ordering::SeqCst);
        if case != last || LENGTH.load(Ordering::SeqCst) == 0 {
            (last, since) = (case, Instant::now());
        }
        let memory = resident();
        let reason = if since.elapsed() > limits.time {
            "hangs"
        } else if memory > limits.memory {
            "takes too much memory"
        } else {
            continue;
        };
        eprintln!("case {case} {reason} ({memory} MiB)");
        std::process::abort();
    }
}

/// Resident memory in MiB.
pub fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(1).and_then(|field| field.parse::<usize>().ok());
    pages.unwrap_or(0) / 256
}
