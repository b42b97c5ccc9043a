//! `compile36 compile --lang 3.6 --out-dir OUT [--optimize N] FILES...`: writes each file's
//! `.pyc` at OUT/<absolute path of the file>c and goes on after a file with an error.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use adder_bytecode::pyc::{self, Stamp};
use adder_compiler::{Options, compile};
use adder_syntax::{Arena, ErrorKind, Level};

struct Arguments {
    level: Level,
    out: PathBuf,
    optimize: u8,
    files: Vec<PathBuf>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let mut parsed =
        Arguments { level: Level::Py314, out: PathBuf::from("."), optimize: 0, files: Vec::new() };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or("an option lacks its value");
        match arg.to_str() {
            Some("compile") if parsed.files.is_empty() => {}
            Some("--lang") => {
                parsed.level = if value()? == "3.6" { Level::Py36 } else { Level::Py314 };
            }
            Some("--out-dir") => parsed.out = value()?.into(),
            Some("--optimize") => parsed.optimize = value()?.to_string_lossy().parse()?,
            _ => parsed.files.push(arg.into()),
        }
    }
    Ok(parsed)
}

fn compile_file(file: &Path, arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let source = std::fs::read(file)?;
    let arena = Arena::new();
    let parsing = adder_syntax::Options::new(arguments.level);
    let parsed = adder_syntax::parse_module(&source, parsing, &arena).map_err(|error| {
        let kind = match error.kind {
            ErrorKind::Syntax => "SyntaxError",
            ErrorKind::Indentation => "IndentationError",
            ErrorKind::Tab => "TabError",
            ErrorKind::Memory => "MemoryError",
        };
        format!("{kind}: {}", error.message)
    })?;
    let options = Options {
        optimize: arguments.optimize,
        source: Some(&source),
        ..Options::new(arguments.level, &file.to_string_lossy())
    };
    let compiled = compile(parsed, &options).map_err(|error| {
        let kind = match error {
            adder_compiler::CompileError::Syntax(_) => "SyntaxError",
            adder_compiler::CompileError::Recursion => "RecursionError",
            adder_compiler::CompileError::Overflow(_) => "OverflowError",
        };
        format!("{kind}: {error}")
    })?;
    let metadata = std::fs::metadata(file)?;
    let mtime = metadata.modified()?.duration_since(UNIX_EPOCH)?.as_secs() as u32;
    let bytes = pyc::write(&compiled.code, Stamp { mtime, size: metadata.len() as u32 })?;
    let absolute = std::path::absolute(file)?;
    let mut target = arguments.out.join(absolute.strip_prefix("/").unwrap_or(&absolute));
    target.as_mut_os_string().push("c");
    if let Some(folder) = target.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(target, bytes)?;
    Ok(())
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("compile36: {error}");
            return ExitCode::from(2);
        }
    };
    let mut code = ExitCode::SUCCESS;
    for file in &arguments.files {
        if let Err(error) = compile_file(file, &arguments) {
            eprintln!("  File \"{}\"\n{error}", file.display());
            code = ExitCode::FAILURE;
        }
    }
    code
}
