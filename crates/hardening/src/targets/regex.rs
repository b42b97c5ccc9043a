//! Regular expressions: mutated patterns through `re`, and mutated codes into the engine itself.

use crate::Target;
use crate::mutate::{Corpus, selector, short_numbers, text_of};
use crate::random::Random;
use adder_regex::{LocaleTable, Matcher, Pattern, Unit};
use adder_vm::protocol::{call, iter, object};
use adder_vm::runtime::import_::import_module;
use adder_vm::{PyResult, Value, Vm};

const SEEDS: &str = include_str!("../../corpus/regex.txt");
const DRIVER: &str = include_str!("../../drivers/regex.py");
const WORDS: &str = "( ) (?: (?= (?! (?<= (?<! (?P<n> (?P=n) (?(1) (?i: (?-i: (?i) (?x) (?> (?# | * + \
    ? *? +? ?? *+ ++ ?+ {2} {1,3} {,2} {2,}? {0} {3,2} [ ] [^ ^ $ . \\b \\B \\A \\Z \\d \\D \\w \\W \\s \
    \\S \\1 \\2 \\99 \\x41 \\u0041 \\N{DASH} \\ - a b aa ab \u{e9} \u{3b1} \u{1d7d0} \u{130} \u{17f} \
    [a-z] [^a] [\\w-] (a) (b)";

/// How often a match may ask whether it may go on before it is told to stop.
const POLLS: u32 = 4;

pub struct Regex {
    patterns: Corpus,
    /// Codes of the seeds, each with its number of groups.
    codes: Vec<(u32, Vec<u32>)>,
    drive: Value,
}

impl Regex {
    pub fn new(vm: &Vm) -> Regex {
        match Regex::with_codes(vm) {
            Ok(target) => target,
            Err(error) => panic!("no codes: {error:?}"),
        }
    }

    fn with_codes(vm: &Vm) -> PyResult<Regex> {
        let drive = super::driver::function(vm, DRIVER)?;
        let parser = import_module(vm, "re._parser")?;
        let compiler = import_module(vm, "re._compiler")?;
        let parse = object::get_attr_str(vm, &parser, "parse")?;
        let compile = object::get_attr_str(vm, &compiler, "_code")?;
        let mut codes = Vec::new();
        for line in SEEDS.lines().filter(|line| !line.is_empty()) {
            for flags in [0, 2, 32] {
                let flags = Value::int_unchecked(flags);
                let Ok(tree) = call::call(vm, &parse, &[vm.str(line), flags.clone()]) else {
                    continue;
                };
                let code = call::call(vm, &compile, &[tree, flags])?;
                let words: Vec<u32> = iter::collect(vm, &code)?
                    .iter()
                    .filter_map(|word| word.as_small_int())
                    .map(|word| word as u32)
                    .collect();
                codes.push((line.bytes().filter(|&byte| byte == b'(').count() as u32, words));
            }
        }
        Ok(Regex { patterns: Corpus::of_lines(SEEDS, WORDS, 60), codes, drive })
    }
}

impl Target for Regex {
    /// `0 flags pattern`, or `1 groups length code subject`.
    fn make(&self, random: &mut Random) -> Vec<u8> {
        if random.one_in(4) {
            let mut input = vec![0, random.byte()];
            let mut pattern = self.patterns.mutated(random);
            short_numbers(&mut pattern, 2);
            input.extend(pattern);
            return input;
        }
        let (groups, code) = &self.codes[random.below(self.codes.len())];
        let mut code = code.clone();
        for _ in 0..1 + random.below(3) {
            let at = random.below(code.len());
            match random.below(6) {
                0..=2 => code[at] = random.below(48) as u32,
                3 => code[at] = random.next() as u32,
                4 => code[at] = code[random.below(code.len())],
                _ => {
                    let end = (at + 1 + random.below(4)).min(code.len());
                    let piece = code[at..end].to_vec();
                    code.splice(at..at, piece);
                }
            }
            code.truncate(250);
        }
        let mut input = vec![1, *groups as u8, code.len() as u8];
        input.extend(code.iter().flat_map(|word| word.to_le_bytes()));
        input.extend((0..random.below(16)).map(|_| b"aabbc1 _\n-"[random.below(10)]));
        input
    }

    fn run(&self, vm: &Vm, input: &[u8]) {
        let (mode, rest) = selector(input);
        let (number, rest) = selector(rest);
        if mode == 0 {
            super::driver::drive(vm, &self.drive, number, rest, &text_of(rest));
            return;
        }
        let (length, rest) = selector(rest);
        let Some((code, subject)) = rest.split_at_checked(length * 4) else { return };
        let words: Vec<u32> =
            code.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let Ok(pattern) = Pattern::new(&words, number, &LocaleTable::default()) else { return };
        match_all(&pattern, subject);
        let wide: Vec<u32> = subject.iter().map(|&unit| u32::from(unit) + 0x100).collect();
        match_all(&pattern, &wide);
    }
}

fn match_all<U: Unit>(pattern: &Pattern, subject: &[U]) {
    let mut polls = 0;
    let mut poll = || {
        polls += 1;
        polls < POLLS
    };
    let matcher = |from| Matcher::new(pattern, subject, from, subject.len());
    let _ = matcher(0).match_at(&mut poll);
    let _ = matcher(0).fullmatch(&mut poll);
    let mut search = matcher(1);
    for _ in 0..20 {
        match search.search(&mut poll) {
            Ok(true) => drop(search.captures()),
            _ => break,
        }
    }
}
