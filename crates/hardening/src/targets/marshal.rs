//! `marshal.loads` and the loader of CPython 3.6's `.pyc` files, over mutated dumps.

use super::source::PROGRAMS;
use crate::Target;
use crate::mutate::{Corpus, selector};
use crate::random::Random;
use adder_bytecode::code::{CodeObject, Const};
use adder_bytecode::{dis, marshal, pyc, verify};
use adder_syntax::{Arena, Level, parse_module};
use adder_vm::protocol::{call, object};
use adder_vm::runtime::import_::import_module;
use adder_vm::{PyResult, Value, Vm};

/// Values of every kind that has a code of its own.
const VALUES: &str = "(None, True, False, ..., StopIteration, 0, -1, 2**31, -2**31, 2**70, -3**99, \
    0.5, -1e300, 1e999, 2j, '', 'ascii', 'a' * 300, 'caf\\xe9', '\\u20ac', '\\U0001d400', '\\ud800', \
    b'', b'bytes' * 9, (), (1,), ('x',) * 300, [1, [2, [3]]], {1: 2, 'k': {}, (1,): []}, {1, 'x'}, \
    frozenset({1, 2, frozenset()}), ('same', 'same'), (1.5, 1.5))";

pub struct Marshal {
    files: Corpus,
    values: Corpus,
    loads: Value,
    dumps: Value,
}

/// Compiles the seeds for sources, at a level.
pub fn compiled(level: Level) -> Vec<CodeObject> {
    let codes = PROGRAMS.split("%%\n").filter_map(|program| {
        let arena = Arena::new();
        let parsed =
            parse_module(program.as_bytes(), adder_syntax::Options::new(level), &arena).ok()?;
        let options = adder_compiler::Options::new(level, "<seed>");
        adder_compiler::compile(parsed, &options).ok().map(|compiled| compiled.code)
    });
    codes.collect()
}

impl Marshal {
    pub fn new(vm: &Vm) -> Marshal {
        match Marshal::with_seeds(vm) {
            Ok(target) => target,
            Err(error) => panic!("no seeds: {error:?}"),
        }
    }

    fn with_seeds(vm: &Vm) -> PyResult<Marshal> {
        let module = import_module(vm, "marshal")?;
        let (loads, dumps) = (
            object::get_attr_str(vm, &module, "loads")?,
            object::get_attr_str(vm, &module, "dumps")?,
        );
        let mut files = Corpus::of_lines("", "", 4000);
        let mut values = Corpus::of_lines("", "", 4000);
        files.words = (0..256u32).map(|length| length.to_le_bytes().to_vec()).collect();
        files.words.extend([[0xff; 4], [0, 0, 0, 0x80]].map(Vec::from));
        files.words.extend(b"0NFTSigfysu(){<>[lxyztaAzZr\xe3\xdb\xf3".map(|code| vec![code]));
        values.words.clone_from(&files.words);
        for code in compiled(Level::Py36) {
            files.seeds.extend(pyc::write(&code, pyc::Stamp::default()));
        }
        for code in compiled(Level::Py314) {
            values.seeds.extend(marshal::write_all(&code));
        }
        let builtins = import_module(vm, "builtins")?;
        let eval = object::get_attr_str(vm, &builtins, "eval")?;
        let tuple = call::call(
            vm,
            &eval,
            &[vm.str(VALUES), adder_vm::objects::dict::Dict::new_ref().into()],
        )?;
        for version in 0..=5 {
            let version = Value::int_unchecked(version);
            let mut one = |value: &Value| -> PyResult<()> {
                if let Ok(bytes) = call::call(vm, &dumps, &[value.clone(), version.clone()]) {
                    values.seeds.push(adder_vm::protocol::buffer::to_vec(vm, &bytes)?);
                }
                Ok(())
            };
            one(&tuple)?;
            for item in adder_vm::protocol::iter::collect(vm, &tuple)? {
                one(&item)?;
            }
        }
        files.seeds.retain(|seed| seed.len() <= files.longest);
        values.seeds.retain(|seed| seed.len() <= values.longest);
        Ok(Marshal { files, values, loads, dumps })
    }
}

impl Target for Marshal {
    fn make(&self, random: &mut Random) -> Vec<u8> {
        let file = random.one_in(3);
        let mut input = vec![u8::from(file)];
        input.extend(if file { &self.files } else { &self.values }.mutated(random));
        if file && !random.one_in(50) {
            input.splice(1..input.len().min(1 + pyc::HEADER), pyc::MAGIC.into_iter().chain([0; 8]));
        }
        input
    }

    fn run(&self, vm: &Vm, input: &[u8]) {
        let (file, bytes) = selector(input);
        if file != 0 {
            if let Ok((stamp, code)) = pyc::read(bytes) {
                look_at(&code);
                let _ = pyc::write(&code, stamp);
            }
            return;
        }
        let data = adder_vm::objects::bytes::Bytes::from_slice(bytes);
        if let Ok(value) = call::call(vm, &self.loads, &[data.into()]) {
            let _ = call::call(vm, &self.dumps, std::slice::from_ref(&value));
            let _ = object::repr(vm, &value);
            let _ = object::hash(vm, &value);
        }
    }
}

/// Everything that reads a code object without running it.
pub fn look_at(code: &CodeObject) {
    let _ = verify::analyze(code);
    let _ = dis::disassemble(code, None, None, &dis::show_const);
    for constant in &code.consts {
        if let Const::Code(inner) = constant {
            look_at(inner);
        }
    }
}
