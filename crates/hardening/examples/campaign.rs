//! A campaign: `campaign TARGET [--cases N] [--seed S] [--first CASE]`, or one input again:
//! `campaign TARGET FILE`. `campaign --list` names the targets.

use adder_hardening::random::Random;
use adder_hardening::watch::{self, Limits};
use adder_hardening::{Target, targets, with_machine};
use adder_vm::Vm;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

struct Campaign {
    target: String,
    cases: u64,
    seed: u64,
    first: u64,
    file: Option<String>,
}

fn arguments() -> Result<Campaign, String> {
    let mut campaign =
        Campaign { target: String::new(), cases: 100_000, seed: 1, first: 0, file: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().and_then(|word| word.parse().ok());
            value.ok_or_else(|| format!("{word} wants a number"))
        };
        match word.as_str() {
            "--cases" => campaign.cases = number()?,
            "--seed" => campaign.seed = number()?,
            "--first" => campaign.first = number()?,
            _ if campaign.target.is_empty() => campaign.target = word,
            _ => campaign.file = Some(word),
        }
    }
    if targets::NAMES.contains(&campaign.target.as_str()) {
        return Ok(campaign);
    }
    Err(format!("targets: {}", targets::NAMES.join(" ")))
}

fn main() -> ExitCode {
    let campaign = match arguments() {
        Ok(campaign) => campaign,
        Err(message) => {
            println!("{message}");
            return ExitCode::from(2);
        }
    };
    let failures = with_machine(|vm| run(vm, &campaign));
    ExitCode::from(u8::from(failures > 0))
}

/// Where the last panic was.
static PANICKED_AT: Mutex<String> = Mutex::new(String::new());

fn run(vm: &Vm, campaign: &Campaign) -> usize {
    let target = targets::by_name(vm, &campaign.target);
    std::panic::set_hook(Box::new(|info| {
        if let Ok(mut at) = PANICKED_AT.lock() {
            *at = info.to_string();
        }
    }));
    let crash_file = format!("crash-{}-{}", campaign.target, campaign.seed);
    watch::start(&crash_file, Limits { time: Duration::from_secs(20), memory: 2500 });
    if let Some(file) = &campaign.file {
        let input = std::fs::read(file).unwrap_or_default();
        let failed = case(vm, &*target, 0, &input);
        if let Some(place) = &failed {
            println!("{place}");
        }
        return failed.iter().count();
    }
    campaign_of(vm, campaign, &*target)
}

fn campaign_of(vm: &Vm, campaign: &Campaign, target: &dyn Target) -> usize {
    let start = Instant::now();
    let mut failures: HashMap<String, usize> = HashMap::new();
    let before = watch::resident();
    let mut slowest = (Duration::ZERO, 0);
    for number in campaign.first..campaign.first + campaign.cases {
        let input = target.make(&mut Random::new(campaign.seed, number));
        let began = Instant::now();
        if let Some(place) = case(vm, target, number, &input) {
            let seen = failures.entry(place.clone()).or_default();
            *seen += 1;
            if *seen == 1 {
                let file = format!("crash-{}-{}-{number}", campaign.target, campaign.seed);
                let _ = std::fs::write(&file, &input);
                println!("case {number}: {place}\n  input in {file}");
            }
        }
        slowest = slowest.max((began.elapsed(), number));
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{}: {} cases, seed {}, {:.0} s, {:.0} cases a second, slowest {:.2} s (case {}), memory {} \
         to {} MiB, {} failures at {} places",
        campaign.target,
        campaign.cases,
        campaign.seed,
        seconds,
        campaign.cases as f64 / seconds,
        slowest.0.as_secs_f64(),
        slowest.1,
        before,
        watch::resident(),
        failures.values().sum::<usize>(),
        failures.len(),
    );
    failures.len()
}

/// Runs one case; tells the place of a panic.
fn case(vm: &Vm, target: &dyn Target, number: u64, input: &[u8]) -> Option<String> {
    watch::begin(number, input);
    let result = catch_unwind(AssertUnwindSafe(|| target.run(vm, input)));
    watch::end();
    match result {
        Ok(()) => None,
        Err(_) => Some(PANICKED_AT.lock().map(|at| at.clone()).unwrap_or_default()),
    }
}
