//! The compiler at level 3.6 and the disassembler against what CPython 3.6.15 makes of the same
//! snippets; `record36.py` recorded it and says how.

use std::fmt::Write;

use adder_bytecode::code::{CodeObject, Const, PyStrBuf};
use adder_bytecode::dis;
use adder_compiler::{Options, compile};
use adder_syntax::{Level, parse_module};

fn snippets(text: &str) -> Vec<(&str, String)> {
    let mut all: Vec<(&str, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("#: ") {
            Some(name) => all.push((name.trim_end(), String::new())),
            None => all.last_mut().expect("a name first").1.push_str(line),
        }
    }
    all
}

fn type_name(value: &Const) -> &'static str {
    match value {
        Const::None => "NoneType",
        Const::True | Const::False => "bool",
        Const::Ellipsis => "ellipsis",
        Const::Int(_) => "int",
        Const::Float(_) => "float",
        Const::Complex(..) => "complex",
        Const::Str(_) => "str",
        Const::Bytes(_) => "bytes",
        Const::Tuple(_) => "tuple",
        Const::FrozenSet(_) => "frozenset",
        Const::Code(_) => "code",
    }
}

fn show(code: &CodeObject, out: &mut String) {
    let names = |list: &[PyStrBuf]| list.iter().map(|name| format!(" {name}")).collect::<String>();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut line = |text: String| writeln!(out, "{}", text.trim_end()).expect("a string");
    line(format!("code {}", code.name));
    for (field, value) in [
        ("argcount", code.argcount),
        ("kwonlyargcount", code.kwonlyargcount),
        ("nlocals", code.nlocals),
        ("stacksize", code.stacksize),
        ("flags", code.flags),
        ("firstlineno", code.firstlineno),
    ] {
        line(format!("  {field}: {value}"));
    }
    line(format!("  names:{}", names(&code.names)));
    line(format!("  varnames:{}", names(&code.varnames)));
    line(format!("  freevars:{}", names(&code.freevars)));
    line(format!("  cellvars:{}", names(&code.cellvars)));
    for value in &code.consts {
        line(format!("  const: {} {}", type_name(value), dis::show_const(value)));
    }
    line(format!("  lnotab: {}", hex(&code.lnotab)));
    line(format!("  code: {}", hex(&code.code)));
    for text in dis::disassemble(code, None, None, &dis::show_const).lines() {
        line(format!("  | {text}"));
    }
    for value in &code.consts {
        if let Const::Code(code) = value {
            show(code, out);
        }
    }
}

/// Compiles a snippet at level 3.6.
fn compiled(source: &str, optimize: u8) -> CodeObject {
    let parsed = parse_module(source.as_bytes(), adder_syntax::Options::new(Level::Py36))
        .unwrap_or_else(|error| panic!("{source}: {}", error.message));
    let options = Options { optimize, ..Options::new(Level::Py36, "<snippet>") };
    compile(&parsed, &options).unwrap_or_else(|error| panic!("{source}: {error}")).code
}

#[test]
fn code_objects_are_cpythons() {
    let expected = snippets(include_str!("golden36/expected.txt"));
    let sources = snippets(include_str!("golden36/snippets.txt"));
    let runs = [0, 2].into_iter().flat_map(|optimize| sources.iter().map(move |s| (optimize, s)));
    let mut seen = 0;
    for ((optimize, (name, source)), (title, expected)) in runs.zip(&expected) {
        assert_eq!(*title, format!("{name}, optimize {optimize}"));
        let mut got = String::new();
        show(&compiled(source, optimize), &mut got);
        if let Some((got, expected)) =
            got.lines().zip(expected.lines()).find(|(got, expected)| got != expected)
        {
            panic!("{title}:\n  expected {expected}\n  got      {got}");
        }
        assert_eq!(got.lines().count(), expected.lines().count(), "{title}");
        seen += 1;
    }
    assert_eq!(seen, 2 * sources.len());
}

#[test]
fn code_objects_survive_marshal() {
    for (name, source) in snippets(include_str!("golden36/snippets.txt")) {
        let code = compiled(&source, 0);
        let bytes = adder_bytecode::pyc::write(&code, Default::default()).expect("small");
        let (_, back) = adder_bytecode::pyc::read(&bytes).expect("what was written");
        let (mut before, mut after) = (String::new(), String::new());
        show(&code, &mut before);
        show(&back, &mut after);
        assert_eq!(before, after, "{name}");

        let bytes = adder_bytecode::marshal::write_all(&code).expect("small");
        match adder_bytecode::marshal::read_constant(&bytes).expect("what was written") {
            Const::Code(back) => assert_eq!(format!("{code:?}"), format!("{back:?}"), "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}
