//! Mutated code objects: the verifier refuses them, or they run, with a limit on their steps, to a
//! result or an exception.

use super::marshal::look_at;
use crate::Target;
use crate::random::Random;
use adder_bytecode::code::{CodeObject, Const, PyStrBuf, flags};
use adder_bytecode::opcode::Op;
use adder_bytecode::{marshal, verify};
use adder_syntax::{Arena, Level, parse_module};
use adder_vm::objects::code::Code;
use adder_vm::objects::dict::Dict;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::enter;
use adder_vm::runtime::import_::import_module;
use adder_vm::{PyResult, Ref, Value, Vm};

/// Programs that use every instruction, small enough to be run ten million times.
const PROGRAMS: &str = include_str!("../../corpus/code.txt");

/// The built-ins that mutated code may reach: nothing that waits, and nothing outside this process.
const BUILTINS: [&str; 62] = [
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "BaseExceptionGroup",
    "Exception",
    "ExceptionGroup",
    "GeneratorExit",
    "IndexError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "NameError",
    "OSError",
    "RecursionError",
    "RuntimeError",
    "StopIteration",
    "StopAsyncIteration",
    "TypeError",
    "ValueError",
    "ZeroDivisionError",
    "__build_class__",
    "abs",
    "all",
    "any",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "complex",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "hasattr",
    "hash",
    "int",
    "isinstance",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "ord",
    "property",
    "range",
    "repr",
    "set",
    "slice",
    "sorted",
    "staticmethod",
    "str",
];
const MORE_BUILTINS: [&str; 9] =
    ["sum", "super", "tuple", "type", "vars", "zip", "locals", "globals", "reversed"];

/// Steps that a case may take. Few, so that squaring in a loop stays small.
const STEPS: u64 = 24;

pub struct Mutated {
    seeds: Vec<CodeObject>,
    builtins: Ref<Dict>,
    describe: Value,
}

impl Mutated {
    pub fn new(vm: &Vm) -> Mutated {
        let mut seeds = Vec::new();
        for level in [Level::Py314, Level::Py36] {
            for program in PROGRAMS.split("%%\n") {
                let options = adder_syntax::Options::new(level);
                let arena = Arena::new();
                let Ok(parsed) = parse_module(program.as_bytes(), options, &arena) else {
                    continue;
                };
                let options = adder_compiler::Options::new(level, "<seed>");
                if let Ok(compiled) = adder_compiler::compile(parsed, &options) {
                    seeds.push(compiled.code);
                }
            }
        }
        match Mutated::environment(vm) {
            Ok((builtins, describe)) => Mutated { seeds, builtins, describe },
            Err(error) => panic!("no built-ins: {error:?}"),
        }
    }

    fn environment(vm: &Vm) -> PyResult<(Ref<Dict>, Value)> {
        let builtins = Dict::new_ref();
        let module = import_module(vm, "builtins")?;
        for name in BUILTINS.iter().chain(&MORE_BUILTINS) {
            let value = object::get_attr_str(vm, &module, name)?;
            drop(builtins.insert_str(&vm.intern(name), value));
        }
        let traceback = import_module(vm, "traceback")?;
        Ok((builtins, object::get_attr_str(vm, &traceback, "format_exception")?))
    }
}

impl Target for Mutated {
    fn make(&self, random: &mut Random) -> Vec<u8> {
        let mut code = self.seeds[random.below(self.seeds.len())].clone();
        for _ in 0..1 + random.below(3) {
            mutate_within(random, &mut code);
        }
        marshal::write_all(&code).unwrap_or_default()
    }

    fn run(&self, vm: &Vm, input: &[u8]) {
        let Ok(Const::Code(code)) = marshal::read_constant(input) else { return };
        if input.len().is_multiple_of(16) {
            look_at(&code);
        }
        if verify::analyze(&code).is_err() {
            return;
        }
        let globals = Dict::new_ref();
        let builtins = Dict::new_ref();
        for (name, value) in self.builtins.items_vec() {
            let _ = builtins.insert(vm, &name, value);
        }
        drop(globals.insert_str(&vm.intern("__builtins__"), builtins.into()));
        drop(globals.insert_str(&vm.intern("__name__"), vm.str("mutated")));
        let code = Code::new_ref(code);
        vm.limit_steps(Some(STEPS));
        let result = enter::run_code(vm, &code, &globals, globals.to_value(), None);
        vm.limit_steps(None);
        if let Err(error) = result
            && input.len() % 64 == 1
        {
            let _ = call::call(vm, &self.describe, &[error.value()]);
        }
        vm.limit_steps(Some(STEPS));
        drop(globals);
        vm.limit_steps(None);
    }
}

/// Changes one code object of the tree.
fn mutate_within(random: &mut Random, code: &mut CodeObject) {
    let inner: Vec<usize> =
        (0..code.consts.len()).filter(|&at| matches!(code.consts[at], Const::Code(_))).collect();
    if !inner.is_empty() && !random.one_in(3) {
        let at = inner[random.below(inner.len())];
        if let Const::Code(found) = &code.consts[at] {
            let mut changed = (**found).clone();
            mutate_within(random, &mut changed);
            code.consts[at] = Const::Code(changed.into());
        }
        return;
    }
    mutate(random, code);
}

/// An instruction that is not raising to a power, which can compute for hours.
fn opcode(random: &mut Random) -> u8 {
    loop {
        if let Some(op) = Op::from_u8(random.byte())
            && !matches!(op, Op::BINARY_POWER | Op::INPLACE_POWER)
        {
            return op as u8;
        }
    }
}

fn mutate(random: &mut Random, code: &mut CodeObject) {
    let mut bytes = code.code.to_vec();
    let units = bytes.len() / 2;
    if units == 0 {
        return mutate_numbers(random, code);
    }
    let at = random.below(units) * 2;
    match random.below(16) {
        0..=2 => bytes[at + 1] = random.below(code.names.len() + code.consts.len() + 3) as u8,
        3 => bytes[at + 1] = random.byte(),
        4 | 5 => bytes[at] = opcode(random),
        6 => {
            let other = random.below(units) * 2;
            bytes.swap(at, other);
            bytes.swap(at + 1, other + 1);
        }
        7 | 8 => {
            let unit = [opcode(random), random.below(6) as u8];
            bytes.splice(at..at, unit);
        }
        9 => {
            bytes.drain(at..at + 2);
        }
        10 => {
            // A piece of the code once more.
            let from = random.below(units) * 2;
            let end = (from + 2 + random.below(6) * 2).min(bytes.len());
            let piece = bytes[from..end].to_vec();
            bytes.splice(at..at, piece);
        }
        11 => {
            let other = random.below(units) * 2;
            bytes[at + 1] = bytes[other + 1];
            bytes[at] = bytes[other];
        }
        12 => mutate_numbers(random, code),
        13 => mutate_tables(random, code),
        14 => {
            let mut table = code.lnotab.to_vec();
            if !table.is_empty() {
                let at = random.below(table.len());
                table[at] = random.byte();
            }
            code.lnotab = table.into();
        }
        _ => {
            // An instruction with a long argument.
            let unit = [Op::EXTENDED_ARG as u8, random.byte()];
            bytes.splice(at..at, unit);
        }
    }
    code.code = bytes.into();
}

fn mutate_numbers(random: &mut Random, code: &mut CodeObject) {
    let small = random.below(5) as u32;
    match random.below(7) {
        0 => code.argcount = small,
        1 => code.kwonlyargcount = small,
        2 => code.posonlyargcount = small,
        3 => code.stacksize = small,
        4 => code.flags ^= 1 << random.below(12),
        5 => {
            code.flags ^=
                *[flags::GENERATOR, flags::COROUTINE, flags::ASYNC_GENERATOR, flags::NEWLOCALS]
                    .get(random.below(4))
                    .unwrap_or(&flags::OPTIMIZED);
        }
        _ => code.nlocals = small,
    }
}

fn mutate_tables(random: &mut Random, code: &mut CodeObject) {
    let name = |random: &mut Random| -> PyStrBuf {
        random
            .pick(&[
                "__class__",
                "x",
                "self",
                "__init__",
                "__dict__",
                ".0",
                "__annotations__",
                "send",
            ])
            .into()
    };
    let change = |random: &mut Random, names: &mut Box<[PyStrBuf]>| {
        let mut all = names.to_vec();
        match random.below(3) {
            0 => {
                all.pop();
            }
            1 => all.push(name(random)),
            _ => {
                if !all.is_empty() {
                    let at = random.below(all.len());
                    all[at] = name(random);
                }
            }
        }
        *names = all.into();
    };
    match random.below(6) {
        0 => {
            change(random, &mut code.varnames);
            code.nlocals = code.varnames.len() as u32;
        }
        1 => change(random, &mut code.names),
        2 => change(random, &mut code.freevars),
        3 => change(random, &mut code.cellvars),
        _ => {
            let mut all = code.consts.to_vec();
            if !all.is_empty() {
                let (at, other) = (random.below(all.len()), random.below(all.len()));
                all[at] = match random.below(5) {
                    0 => Const::None,
                    1 => Const::str("x"),
                    2 => Const::Int(integer(random)),
                    3 => Const::Tuple([Const::str("x"), all[other].clone()].into()),
                    _ => all[other].clone(),
                };
            }
            code.consts = all.into();
        }
    }
}

fn integer(random: &mut Random) -> adder_bigint::Int {
    adder_bigint::Int::from([0i64, 1, -1, 2, 255, i64::MAX][random.below(6)])
}
