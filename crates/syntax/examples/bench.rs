//! Measures the parser: `bench LEVEL ROUNDS FILES...` prints lines and megabytes a second, best of
//! the rounds, reading files not included.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use adder_syntax::{Arena, Level, Options, parse_module};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [level, rounds, paths @ ..] = &args[..] else {
        eprintln!("usage: bench LEVEL ROUNDS FILES...");
        return ExitCode::from(2);
    };
    let level = if level == "3.6" { Level::Py36 } else { Level::Py314 };
    let rounds: u32 = rounds.parse().unwrap_or(3);
    let sources: Vec<Vec<u8>> = paths
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .filter(|source| parse_module(source, Options::new(level), &Arena::new()).is_ok())
        .collect();
    let bytes: usize = sources.iter().map(Vec::len).sum();
    let newlines = |source: &Vec<u8>| source.iter().filter(|&&byte| byte == b'\n').count();
    let lines: usize = sources.iter().map(newlines).sum();
    let (mut best, mut best_kept) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        let (mut total, mut kept) = (Duration::ZERO, Duration::ZERO);
        for source in &sources {
            let start = Instant::now();
            let arena = Arena::new();
            let parsed = parse_module(source, Options::new(level), &arena);
            kept += start.elapsed();
            drop(black_box(parsed));
            total += start.elapsed();
        }
        best = best.min(total);
        best_kept = best_kept.min(kept);
    }
    for (what, time) in [("parse", best_kept), ("parse and drop", best)] {
        let seconds = time.as_secs_f64();
        println!(
            "{what}: {} files, {lines} lines, {:.1} MB in {seconds:.3} s: {:.0} lines/s, {:.1} MB/s",
            sources.len(),
            bytes as f64 / 1e6,
            lines as f64 / seconds,
            bytes as f64 / 1e6 / seconds,
        );
    }
    ExitCode::SUCCESS
}
