//! `verify [--lang 3.6] PATHS...`: runs the verifier over all code objects of all `.py` files
//! under the paths, and shows what it refuses, or where the stack gets deeper than the compiler
//! reckoned. Nothing the compiler makes may come up here.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use adder_bytecode::code::{CodeObject, Const};
use adder_bytecode::verify::analyze;
use adder_compiler::{Options, compile};
use adder_syntax::{Arena, Level, parse_module};

#[derive(Default)]
struct Tally {
    seen: usize,
    wrong: usize,
}

impl Tally {
    fn verify(&mut self, code: &CodeObject) {
        self.seen += 1;
        let complaint = match analyze(code) {
            Err(error) => Some(error.to_string()),
            Ok(analysis) if analysis.max_depth > code.stacksize => {
                Some(format!("depth {} over co_stacksize {}", analysis.max_depth, code.stacksize))
            }
            Ok(_) => None,
        };
        if let Some(complaint) = complaint {
            self.wrong += 1;
            println!("{}:{}: {}: {complaint}", code.filename, code.firstlineno, code.name);
        }
        for value in &code.consts {
            if let Const::Code(code) = value {
                self.verify(code);
            }
        }
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "py") {
        files.push(path.to_owned());
    }
    Ok(())
}

fn main() -> std::io::Result<ExitCode> {
    let mut level = Level::Py314;
    let mut files = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--lang" {
            level = if args.next().as_deref() == Some("3.6") { Level::Py36 } else { level };
        } else {
            collect(Path::new(&arg), &mut files)?;
        }
    }
    let mut tally = Tally::default();
    for file in &files {
        let source = std::fs::read(file)?;
        let arena = Arena::new();
        let Ok(parsed) = parse_module(&source, adder_syntax::Options::new(level), &arena) else {
            continue;
        };
        if let Ok(compiled) = compile(parsed, &Options::new(level, &file.to_string_lossy())) {
            tally.verify(&compiled.code);
        }
    }
    println!("{} code objects, {} refused", tally.seen, tally.wrong);
    Ok(if tally.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
