//! Runs every `tests/lang/**/NAME.py` and compares what it prints with `NAME.out`, recorded from
//! CPython by `tests/record.sh`. Adding a case is adding a file.

use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lang");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let trials = files
        .into_iter()
        .map(|file| {
            let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
            Trial::test(name, move || run(&file))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "py")
            && !name.to_string_lossy().starts_with('_')
        {
            files.push(path);
        }
    }
}

fn run(file: &Path) -> Result<(), Failed> {
    let expected = std::fs::read_to_string(file.with_extension("out"))
        .map_err(|e| format!("no recorded output (tests/record.sh makes it): {e}"))?;
    let output = Command::new(env!("CARGO_BIN_EXE_adder"))
        .arg(file.file_name().unwrap_or_default())
        .current_dir(file.parent().unwrap_or(Path::new(".")))
        .env("PYTHONHASHSEED", "0")
        .output()
        .map_err(|e| e.to_string())?;
    let mut got = String::from_utf8_lossy(&output.stdout).into_owned();
    got.push_str(&String::from_utf8_lossy(&output.stderr));
    if got.trim_end() == expected.trim_end() {
        return Ok(());
    }
    let first = got
        .lines()
        .zip(expected.lines())
        .enumerate()
        .find(|(_, (g, e))| g != e)
        .map(|(i, (g, e))| format!("line {}:\n  adder:   {g}\n  CPython: {e}", i + 1));
    let lines = (got.lines().count(), expected.lines().count());
    Err(first.unwrap_or_else(|| format!("{} lines instead of {}", lines.0, lines.1)).into())
}
