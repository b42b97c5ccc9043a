//! The compiler at level 3.6 and the disassembler against what CPython 3.6.15 makes of the same
//! snippets; `record36.py` recorded it and says how.

use std::fmt::Write;

use adder_bytecode::code::{CodeObject, Const, PyStrBuf};
use adder_bytecode::dis;
use adder_bytecode::opcode::Op;
use adder_compiler::{Options, compile};
use adder_syntax::{Arena, Level, parse_module};

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
    let arena = Arena::new();
    let parsed = parse_module(source.as_bytes(), adder_syntax::Options::new(Level::Py36), &arena)
        .unwrap_or_else(|error| panic!("{source}: {}", error.message));
    let options = Options { optimize, ..Options::new(Level::Py36, "<snippet>") };
    compile(parsed, &options).unwrap_or_else(|error| panic!("{source}: {error}")).code
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

#[test]
fn code_info_is_cpythons() {
    let source =
        "def f(a, b=1, *c, d, **e):\n    def g(): return a\n    return [x for x in b if g(1.5)]\n";
    let code = compiled(source, 0);
    let Some(Const::Code(f)) = code.consts.iter().find(|value| matches!(value, Const::Code(_)))
    else {
        panic!("no function");
    };
    // Recorded from `dis.code_info` of CPython 3.6.15, without addresses.
    let expected = "\
Name:              f
Filename:          <snippet>
Argument count:    2
Kw-only arguments: 1
Number of locals:  5
Stack size:        3
Flags:             OPTIMIZED, NEWLOCALS, VARARGS, VARKEYWORDS
Constants:
   0: None
   1: <code object g, file \"<snippet>\", line 2>
   2: 'f.<locals>.g'
   3: <code object <listcomp>, file \"<snippet>\", line 3>
   4: 'f.<locals>.<listcomp>'
Variable names:
   0: a
   1: b
   2: d
   3: c
   4: e
Cell variables:
   0: a
   1: g";
    assert_eq!(dis::code_info(f, &dis::show_const), expected);
}

#[test]
fn disassembly_marks_the_current_instruction_and_shifts_lines() {
    let code = compiled("x = 1\ny = 2\n", 0);
    let expected = "\
\u{20}11           0 LOAD_CONST               0 (1)
              2 STORE_NAME               0 (x)

 12 -->       4 LOAD_CONST               1 (2)
              6 STORE_NAME               1 (y)
              8 LOAD_CONST               2 (None)
             10 RETURN_VALUE
";
    assert_eq!(dis::disassemble(&code, Some(4), Some(11), &dis::show_const), expected);
    assert_eq!(
        dis::disassemble_bytes(&code.code[..4], None),
        "          0 LOAD_CONST               0 (0)\n          2 STORE_NAME               0 (0)\n"
    );
    assert_eq!(dis::stack_effect(Op::BUILD_MAP as u8, Some(2)), Some(-3));
    assert_eq!(dis::stack_effect(Op::BUILD_MAP as u8, None), None);
    assert_eq!(dis::stack_effect(Op::NOP as u8, None), None);
    assert_eq!(dis::find_labels(&[93, 2, 113, 0, 110, 0]), [4, 0, 6]);
}
