//! Runs every input of `tests/crash/` that a campaign found: `TARGET-NAME`. And what a process leaves that ends in
//! a case.

use adder_hardening::watch::{self, Limits};
use adder_hardening::{targets, with_machine};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

/// One test for both, since a step limit holds for the whole process: every target runs the found
/// inputs, and the same cases as the first of a campaign.
#[test]
fn targets_run_and_found_inputs_fail_no_more() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/crash");
    let mut inputs: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter_map(|(name, path)| Some((name, std::fs::read(path).ok()?)))
        .collect();
    inputs.sort();
    with_machine(|vm| {
        for name in targets::NAMES {
            let target = targets::by_name(vm, name);
            for (file, input) in &inputs {
                if file.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')) {
                    target.run(vm, input);
                }
            }
            for case in 0..300 {
                let input = target.make(&mut adder_hardening::random::Random::new(1, case));
                target.run(vm, &input);
            }
        }
    });
}

/// Where a child process is to leave its input.
const FILE: &str = "ADDER_CRASH_FILE";

/// Runs one of the tests below in a child process; gives how that ended, and what it left.
fn child(test: &str) -> (Output, Vec<u8>) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let program = std::env::current_exe().expect("the test's program");
    let arguments = ["--exact", test, "--nocapture"];
    let ended = Command::new(program).args(arguments).env(FILE, &file).output();
    (ended.expect("a child process"), std::fs::read(file).unwrap_or_default())
}

#[test]
fn a_crash_leaves_its_input() {
    if let Ok(file) = std::env::var(FILE) {
        watch::start(&file, Limits { time: Duration::from_secs(60), memory: usize::MAX });
        watch::begin(0, b"a case that ended well");
        watch::begin(1, b"a case that crashes");
        std::process::abort();
    }
    let (ended, left) = child("a_crash_leaves_its_input");
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT));
    assert_eq!(left, b"a case that crashes");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("a case crashed"));
}

#[test]
fn a_case_that_hangs_ends_the_process() {
    if let Ok(file) = std::env::var(FILE) {
        watch::start(&file, Limits { time: Duration::from_millis(300), memory: usize::MAX });
        // Between cases, and while they change, there is time.
        std::thread::sleep(Duration::from_millis(500));
        for case in 0..5 {
            watch::begin(case, b"a short case");
            std::thread::sleep(Duration::from_millis(150));
        }
        watch::begin(5, b"a case that hangs");
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let (ended, left) = child("a_case_that_hangs_ends_the_process");
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT));
    assert_eq!(left, b"a case that hangs");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("case 5 hangs"));
}

#[test]
fn a_case_that_takes_too_much_memory_ends_the_process() {
    if let Ok(file) = std::env::var(FILE) {
        watch::start(
            &file,
            Limits { time: Duration::from_secs(60), memory: 64 + watch::resident() },
        );
        watch::begin(1, b"a case that takes memory");
        let block = std::hint::black_box(vec![1u8; 256 << 20]);
        std::thread::sleep(Duration::from_secs(60));
        drop(block);
        return;
    }
    let (ended, left) = child("a_case_that_takes_too_much_memory_ends_the_process");
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT));
    assert_eq!(left, b"a case that takes memory");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("takes too much memory"));
}
