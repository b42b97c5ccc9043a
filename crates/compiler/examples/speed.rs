//! `speed [--lang 3.6] PATHS...`: lines a second through parser and compiler, for all `.py` files
//! under the paths; best of five rounds, one thread, files read beforehand.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use adder_compiler::{Options, Workspace, compile, compile_in};
use adder_syntax::{Arena, Level};

const ROUNDS: usize = 5;

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

fn main() -> std::io::Result<()> {
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
    let mut sources = Vec::new();
    for file in &files {
        let source = std::fs::read(file)?;
        let name = file.to_string_lossy().into_owned();
        // What does not compile is no measure.
        let fine =
            adder_syntax::parse_module(&source, adder_syntax::Options::new(level), &Arena::new())
                .is_ok_and(|parsed| compile(parsed, &Options::new(level, &name)).is_ok());
        if fine {
            sources.push((name, source));
        }
    }
    let lines: usize = sources
        .iter()
        .map(|(_, source)| source.iter().filter(|&&byte| byte == b'\n').count())
        .sum();
    let mut rounds = Vec::new();
    let mut workspace = Workspace::default();
    for _ in 0..ROUNDS {
        let (mut parsing, mut compiling) = (Duration::ZERO, Duration::ZERO);
        for (name, source) in &sources {
            let begin = Instant::now();
            let arena = Arena::new();
            let parsed =
                adder_syntax::parse_module(source, adder_syntax::Options::new(level), &arena);
            let middle = Instant::now();
            let Ok(parsed) = parsed else { continue };
            let compiled = compile_in(&mut workspace, parsed, &Options::new(level, name));
            drop((compiled, arena));
            parsing += middle - begin;
            compiling += middle.elapsed();
        }
        rounds.push((parsing + compiling, parsing, compiling));
    }
    let Some(&(whole, parsing, compiling)) = rounds.iter().min() else { return Ok(()) };
    let rate = |time: Duration| lines as f64 / time.as_secs_f64() / 1e6;
    println!("{} files, {lines} lines", sources.len());
    for (what, time) in [("parse", parsing), ("compile", compiling), ("whole", whole)] {
        println!("{what:8} {:8.1} ms  {:6.2} M lines/s", time.as_secs_f64() * 1e3, rate(time));
    }
    Ok(())
}
