//! `.pyc` files in both directions: what `adder compile --lang 3.6` writes runs in CPython 3.6, and
//! what CPython 3.6 writes runs here, each with the output of CPython 3.6 on the source.
//!
//! The programs are `tests/pyc36/programs.txt` (a line of `%%` between them), and of `tests/lang` and
//! `examples` those that print the same in 3.6 as they do today. CPython 3.6 is `$PYTHON36` or
//! pyenv's; without one nothing is tested, and a line says so.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ADDER: &str = env!("CARGO_BIN_EXE_adder");

/// How many programs there must be at least.
const BAR: usize = 100;

fn python36() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("PYTHON36") {
        return Some(path.into());
    }
    let versions = PathBuf::from(std::env::var_os("HOME")?).join(".pyenv/versions");
    let mut found = std::fs::read_dir(versions).ok()?.flatten().filter_map(|entry| {
        let is_36 = entry.file_name().to_string_lossy().starts_with("3.6");
        let python = entry.path().join("bin/python3.6");
        (is_36 && python.exists()).then_some(python)
    });
    found.next()
}

/// Whole files that may serve as programs, with their recorded outputs.
fn recorded(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            recorded(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "py")
            && let Ok(output) = std::fs::read_to_string(path.with_extension("out"))
        {
            found.push((path, output));
        }
    }
}

fn run(program: &Path, argument: &Path) -> Output {
    let mut command = Command::new(program);
    command.arg(argument).env("PYTHONHASHSEED", "0");
    command.current_dir(argument.parent().unwrap_or(Path::new(".")));
    command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// Our file or CPython's, run by the other one.
fn check(python: &Path, source: &Path, expected: &Output, folder: &Path) -> Result<(), String> {
    let ours = folder.join("ours");
    let compiled = Command::new(ADDER)
        .args(["compile", "--lang", "3.6", "--out-dir"])
        .arg(&ours)
        .arg(source)
        .output()
        .map_err(|error| error.to_string())?;
    if !compiled.status.success() {
        return Err(String::from_utf8_lossy(&compiled.stderr).into_owned());
    }
    let inside = source.strip_prefix("/").unwrap_or(source).with_extension("pyc");
    let theirs = folder.join("theirs.pyc");
    let code = "import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], doraise=True)";
    let written = Command::new(python).args(["-c", code]).arg(source).arg(&theirs).status();
    if !written.is_ok_and(|status| status.success()) {
        return Err("CPython 3.6 does not compile it".into());
    }
    for (what, program, file) in [
        ("our file in CPython 3.6", python, ours.join(inside)),
        ("CPython 3.6's file in Adder", Path::new(ADDER), theirs),
    ] {
        let output = run(program, &file);
        if output.stdout != expected.stdout || output.status.code() != expected.status.code() {
            let (out, err) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            return Err(format!("{what}: {}\n{out}\n{err}", output.status));
        }
    }
    Ok(())
}

#[test]
fn compiled_files_go_both_ways() {
    let Some(python) = python36() else {
        println!("no CPython 3.6 here: .pyc files are not compared (set PYTHON36)");
        return;
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::temp_dir().join(format!("adder-pyc36-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let programs = std::fs::read_to_string(root.join("tests/pyc36/programs.txt"));
    let mut sources: Vec<(PathBuf, Option<String>)> = Vec::new();
    for (number, program) in programs.expect("the programs").split("%%\n").enumerate() {
        let path = folder.join(format!("program{number}.py"));
        std::fs::write(&path, program).expect("a written program");
        sources.push((path, None));
    }
    let mut files = Vec::new();
    recorded(&root.join("tests/lang"), &mut files);
    recorded(&root.join("examples"), &mut files);
    files.sort();
    for (path, output) in files {
        let path = std::fs::canonicalize(&path).unwrap_or(path);
        sources.push((path, Some(output)));
    }
    let (mut compared, mut failures) = (0, Vec::new());
    for (source, recorded) in &sources {
        let expected = run(&python, source);
        let same = recorded.as_ref().is_none_or(|output| {
            expected.status.success()
                && String::from_utf8_lossy(&expected.stdout).trim_end() == output.trim_end()
        });
        if !same {
            continue;
        }
        compared += 1;
        if let Err(reason) = check(&python, source, &expected, &folder) {
            failures.push(format!("{}: {reason}", source.display()));
        }
    }
    println!("{compared} programs, {} failures", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(compared >= BAR, "only {compared} programs");
    let _ = std::fs::remove_dir_all(&folder);
}
