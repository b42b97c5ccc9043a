//! The parser and the compiler at both levels: any bytes give a code object that verifies, or an
//! error.

use crate::Target;
use crate::mutate::{Corpus, selector};
use crate::random::Random;
use adder_bytecode::code::{CodeObject, Const};
use adder_bytecode::verify;
use adder_syntax::{Arena, Level, Mode, Options, parse_module};

/// Small programs, one after the other, with a line of `%%` between them.
pub const PROGRAMS: &str = include_str!("../../corpus/source.txt");

const WORDS: &str = "( ) [ ] { } ' \" ''' \"\"\" f' f\" t' rb' u' , : := = == -> . ... * ** @ ; \
    lambda yield await async def class if else elif for in not is and or while with as try except \
    finally except* raise from import return pass break continue global nonlocal del assert match \
    case type None True False __debug__ 0x 0b1 1_ 1e400 9e 1j 0777 \\N{DASH} \\x4 \\u1234 \\ # \
    #coding:latin-1 print exec \u{e9} \u{3b1} \u{1d400} \u{2028} 1if !r !s: }} {{ {x!r:>{y}} _ __x \
    @= **= //= >>= <> != ~ -";

pub struct Source {
    corpus: Corpus,
}

impl Source {
    pub fn new() -> Source {
        let mut corpus = Corpus::of_lines("", WORDS, 4000);
        corpus
            .words
            .extend(["\n", "\n    ", "\n\t", "\\\n", "\r", "\u{c}", "\0", " "].map(Vec::from));
        corpus.seeds = PROGRAMS.split("%%\n").map(|program| program.as_bytes().to_vec()).collect();
        Source { corpus }
    }
}

impl Target for Source {
    fn make(&self, random: &mut Random) -> Vec<u8> {
        let mut input = vec![random.byte()];
        input.extend(self.corpus.mutated(random));
        input
    }

    fn run(&self, _: &adder_vm::Vm, input: &[u8]) {
        let (how, source) = selector(input);
        let level = if how & 1 == 0 { Level::Py314 } else { Level::Py36 };
        let mode = match how >> 1 & 7 {
            0 => Mode::Eval,
            1 => Mode::Single,
            2 => Mode::FuncType,
            _ => Mode::Exec,
        };
        let options = Options {
            mode,
            dont_imply_dedent: how & 0x10 != 0,
            barry_as_flufl: how & 0xe0 == 0xe0,
            ..Options::new(level)
        };
        let arena = Arena::new();
        let Ok(parsed) = parse_module(source, options, &arena) else { return };
        let options = adder_compiler::Options {
            optimize: (how >> 5 & 3).min(2) as u8,
            top_level_await: how & 0x80 != 0,
            source: Some(source),
            ..adder_compiler::Options::new(level, "<mutated>")
        };
        if mode != Mode::FuncType
            && let Ok(compiled) = adder_compiler::compile(parsed, &options)
        {
            check(&compiled.code);
        }
    }
}

/// What the compiler makes is code that verifies, and survives marshalling.
fn check(code: &CodeObject) {
    if let Err(error) = verify::analyze(code) {
        panic!("the compiler's own code does not verify: {error}");
    }
    for constant in &code.consts {
        if let Const::Code(inner) = constant {
            check(inner);
        }
    }
}
