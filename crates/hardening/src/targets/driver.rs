//! Targets that a Python function drives: `drivers/NAME.py`, over the lines of `corpus/NAME.txt`.

use crate::Target;
use crate::mutate::{Corpus, selector, short_numbers, text_of};
use crate::random::Random;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::dict::Dict;
use adder_vm::protocol::call;
use adder_vm::runtime::compile::Request;
use adder_vm::runtime::enter;
use adder_vm::{PyResult, Value, Vm};

/// Steps of a driver: enough for its own loops.
const STEPS: u64 = 20_000;

pub struct Driver {
    corpus: Corpus,
    drive: Value,
    /// The longest run of digits that is a number to work with.
    digits: usize,
}

impl Driver {
    pub fn new(vm: &Vm, name: &str) -> Driver {
        let (seeds, words, driver, digits) = match name {
            "format" => (
                include_str!("../../corpus/format.txt"),
                "% %s %d %r %a %c %x %X %o %e %E %f %F %g %G %i %u %% %(a)s %(b) %* %.* %ld # 0 - + \
                 { } {} {0} {a} {0.real} {0[1]} {a[k]} {!r} {!s:} {0:{1}} {: {{ }} < > = ^ , _ . z n c s \
                 b d f e g 0>9 .3 .0f *^20 +, _b ,d 1e5 \u{e9} \u{2007} \u{1d400} %Y %m %j %U %Z %f",
                include_str!("../../drivers/format.py"),
                4,
            ),
            "struct" => (
                include_str!("../../corpus/struct.txt"),
                "@ = < > ! x c b B ? h H i I l L q Q n N e f d s p P F D 0 1 9 16 0i 3s 2p",
                include_str!("../../drivers/struct.py"),
                4,
            ),
            "json" => (
                include_str!("../../corpus/json.txt"),
                "{ } [ ] , : \" \"a\": null true false NaN Infinity -Infinity \\u \\ud800 \\udc00 \\n \
                 \\\\ 0 -0 1 12 1.5 1e5 1E+5 1e999 -1 . e [[ {{ \"\" \u{e9} \u{1d400} 1e \\ud834\\udd1e",
                include_str!("../../drivers/json.py"),
                5000,
            ),
            "numbers" => (
                include_str!("../../corpus/numbers.txt"),
                "0x 0b 0o 0X 1 0 9 _ + - . e E e+ e- e400 p p+ p-1074 inf nan infinity j J ( ) \u{660} \
                 \u{967} \u{1d7d0} \u{3000} \u{2212} 00 123456789 .5 1_0",
                include_str!("../../drivers/numbers.py"),
                5000,
            ),
            "memoryview" => (
                include_str!("../../corpus/memoryview.txt"),
                "",
                include_str!("../../drivers/memoryview.py"),
                5000,
            ),
            _ => (
                include_str!("../../corpus/calls.txt"),
                "",
                include_str!("../../drivers/calls.py"),
                5000,
            ),
        };
        match function(vm, driver) {
            Ok(drive) => Driver { corpus: Corpus::of_lines(seeds, words, 600), drive, digits },
            Err(error) => panic!("the driver for {name} does not run: {error:?}"),
        }
    }
}

/// The `run` of a driver.
pub fn function(vm: &Vm, source: &str) -> PyResult {
    let globals = Dict::new_ref();
    drop(globals.insert_str(&vm.intern("__name__"), vm.str("driver")));
    let request = Request { is_text: true, ..Request::file(vm, "<driver>") };
    let code = vm.compile(source.as_bytes(), &request)?;
    enter::run_code(vm, &code, &globals, globals.to_value(), None)?;
    let run = globals.get_str(&vm.intern("run"));
    run.ok_or_else(|| vm.runtime_error("a driver has no run"))
}

/// Calls a driver with a number, bytes, and the same as text.
pub fn drive(vm: &Vm, drive: &Value, how: usize, bytes: &[u8], text: &str) {
    let arguments =
        [Value::int_unchecked(how as i64), Bytes::from_slice(bytes).into(), vm.str(text)];
    vm.limit_steps(Some(STEPS));
    let result = call::call(vm, drive, &arguments);
    vm.limit_steps(None);
    if let Err(error) = result
        && !error.is(vm.exception_type("MemoryError"))
        && !error.is(vm.exception_type("RuntimeError"))
    {
        panic!("the driver fails: {error:?}");
    }
}

impl Target for Driver {
    fn make(&self, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.corpus.mutated(random);
        short_numbers(&mut bytes, self.digits);
        bytes.insert(0, random.byte());
        bytes
    }

    fn run(&self, vm: &Vm, input: &[u8]) {
        let (how, rest) = selector(input);
        drive(vm, &self.drive, how, rest, &text_of(rest));
    }
}
