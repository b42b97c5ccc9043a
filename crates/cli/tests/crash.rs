//! Runs every `tests/crash/NAME.py`: programs that once ended the process, or would end CPython's.
//! Each prints `done` last and exits with 0. (The other files there are inputs for
//! `adder-hardening`.)

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/crash");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    files.sort();
    let trials = files
        .into_iter()
        .map(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Trial::test(name, move || run(&file))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn run(file: &Path) -> Result<(), Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_adder")).arg(file).output();
    let output = output.map_err(|e| e.to_string())?;
    let (text, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() && text.trim_end().ends_with("done") {
        return Ok(());
    }
    let tail: String = errors.lines().rev().take(6).collect::<Vec<_>>().join("\n");
    Err(format!("{}: {text}\n{tail}", output.status).into())
}
