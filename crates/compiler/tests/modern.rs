//! Level 3.14: what it shares with 3.6, where it goes its own way, and that every instruction of
//! the table comes out of some source.

use std::collections::BTreeSet;

use adder_bytecode::code::{CodeObject, Const};
use adder_bytecode::opcode::Op;
use adder_bytecode::table::ROWS;
use adder_compiler::{CompileError, Compiled, Options, compile};
use adder_syntax::{Arena, Level, parse_module};

const FOUNDING: &str = "x = 1\ny = 2\nz = x + y\nprint(z)\n";
const FOUNDING_CODE: &[u8] =
    b"d\x00Z\x00d\x01Z\x01e\x00e\x01\x17\x00Z\x02e\x03e\x02\x83\x01\x01\x00d\x02S\x00";

fn try_compile(source: &str, level: Level) -> Result<Compiled, CompileError> {
    let arena = Arena::new();
    let parsed = parse_module(source.as_bytes(), adder_syntax::Options::new(level), &arena)
        .map_err(CompileError::Syntax)?;
    let options = Options { source: Some(source.as_bytes()), ..Options::new(level, "<modern>") };
    compile(parsed, &options)
}

fn compiled(source: &str) -> CodeObject {
    try_compile(source, Level::Py314).unwrap_or_else(|error| panic!("{source}: {error}")).code
}

/// The code object with this name, at any depth.
fn find<'c>(code: &'c CodeObject, name: &str) -> Option<&'c CodeObject> {
    if code.name == name {
        return Some(code);
    }
    code.consts.iter().find_map(|value| match value {
        Const::Code(code) => find(code, name),
        _ => None,
    })
}

fn ops(code: &CodeObject) -> Vec<&'static str> {
    code.instructions().filter_map(|i| Op::from_u8(i.opcode)).map(Op::name).collect()
}

fn all_ops(code: &CodeObject, into: &mut BTreeSet<&'static str>) {
    into.extend(ops(code));
    // `instructions` folds this one away.
    if code.code.chunks_exact(2).any(|unit| unit[0] == Op::EXTENDED_ARG as u8) {
        into.insert(Op::EXTENDED_ARG.name());
    }
    for value in &code.consts {
        if let Const::Code(code) = value {
            all_ops(code, into);
        }
    }
}

#[test]
fn the_founding_example_is_the_same_at_both_levels() {
    for level in [Level::Py36, Level::Py314] {
        let code = try_compile(FOUNDING, level).expect("valid").code;
        assert_eq!(&*code.code, FOUNDING_CODE, "{level:?}");
        assert!(!code.extended);
    }
}

#[test]
fn every_instruction_is_emitted_by_some_source() {
    let sources = include_str!("golden36/snippets.txt");
    let mut seen = BTreeSet::new();
    for snippet in sources.split("#: ").skip(1) {
        let source = snippet.split_once('\n').map_or("", |(_, source)| source);
        all_ops(&try_compile(source, Level::Py36).expect("valid").code, &mut seen);
    }
    let arena = Arena::new();
    let parsed = parse_module(
        b"a\n",
        adder_syntax::Options {
            mode: adder_syntax::Mode::Single,
            ..adder_syntax::Options::new(Level::Py36)
        },
        &arena,
    )
    .expect("valid");
    let single = compile(parsed, &Options::new(Level::Py36, "<stdin>")).expect("valid");
    all_ops(&single.code, &mut seen);
    let modern = include_str!("snippets314.txt").split("#: ").skip(1);
    for source in modern.filter_map(|snippet| Some(snippet.split_once('\n')?.1)) {
        all_ops(&compiled(source), &mut seen);
    }
    // What the peephole optimiser takes out again never stays in a code object.
    let missing: Vec<_> = ROWS
        .iter()
        .map(|row| row.name)
        .filter(|name| *name != "NOP" && !seen.contains(name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn extensions_are_marked() {
    assert!(!compiled("x = list(y for y in z)\nf'{x!r:>5}'\nwith (a as b, c): pass\n").extended);
    assert!(compiled("x = [y for y in z if y]\n").extended);
    let code = compiled("def f(a, /): pass\ndef g(a): pass\n");
    assert!(find(&code, "f").is_some_and(|f| f.extended && f.posonlyargcount == 1));
    assert!(find(&code, "g").is_some_and(|g| !g.extended));
}

#[test]
fn keys_come_before_values() {
    let code = compiled("{k(): v() for x in y}\n");
    assert_eq!(*code.names, ["y", "k", "v"]);
    let code = try_compile("{k(): v() for x in y}\n", Level::Py36).expect("valid").code;
    let names: Vec<_> = find(&code, "<dictcomp>").expect("there").names.to_vec();
    assert_eq!(names, ["v", "k"]);
}

#[test]
fn comprehensions_run_where_they_stand() {
    let code = compiled(
        "def f(x, y): return [x for x in y], {x for x in y}, [[x for x in x] for x in y]\n",
    );
    let f = find(&code, "f").expect("there");
    assert!(f.consts.iter().all(|value| !matches!(value, Const::Code(_))));
    // Another `x` beside the parameter, and one for the comprehension inside a comprehension.
    assert_eq!(*f.varnames, ["x", "y", "x", "x"]);

    // A cell only if a function inside asks for it, and not for the comprehension's sake.
    let code = compiled("def f(a, b): return [a + x + (lambda: b + y)() for x in a for y in b]\n");
    let f = find(&code, "f").expect("there");
    assert_eq!(*f.cellvars, ["b", "y"]);
    let code = compiled("def f(x): return [lambda: x for x in x]\n");
    assert_eq!(*find(&code, "f").expect("there").cellvars, ["x", "x"]);

    // Generator expressions stay functions, and so do comprehensions in annotations of classes.
    let code =
        compiled("def f(y): return (x for x in y)\nclass C:\n def g(a: [x for x in y]): pass\n");
    assert!(find(&code, "<genexpr>").is_some() && find(&code, "<listcomp>").is_some());
}

#[test]
fn annotations_wait_until_they_are_asked_for() {
    let code = compiled("def f(a: A, *b: B) -> C: pass\n");
    assert_eq!(*code.names, ["f"]);
    let annotate = find(&code, "__annotate__").expect("there");
    assert_eq!(annotate.names.iter().map(ToString::to_string).collect::<Vec<_>>(), ["A", "B", "C"]);
    assert_eq!((annotate.argcount, annotate.posonlyargcount), (1, 1));

    // PEP 563: strings, which such a function gives too.
    let code = compiled("from __future__ import annotations\ndef f(a: A+1): pass\n");
    let annotate = find(&code, "__annotate__").expect("there");
    assert!(annotate.names.is_empty());
    assert!(annotate.consts.iter().any(|value| value.is_same(&Const::str("A + 1"))));

    // Those of local variables are never evaluated, and capture nothing.
    let code = compiled("def f():\n x = 1\n y: (lambda: x) = 2\n");
    assert!(find(&code, "f").is_some_and(|f| f.cellvars.is_empty()));
}

#[test]
fn classes_tell_of_themselves() {
    let code = compiled("@d\nclass A:\n def f(self): self.x = self.y = 1\n def g(me): me.z = 1\n");
    let class = find(&code, "A").expect("there");
    assert_eq!(class.firstlineno, 1);
    let attributes = Const::Tuple([Const::str("x"), Const::str("y")].into());
    assert!(class.consts.iter().any(|value| value.is_same(&attributes)));
    for name in ["__module__", "__qualname__", "__firstlineno__", "__static_attributes__"] {
        assert!(class.names.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn instructions_know_their_place() {
    let code = compiled("a = (b +\n     c.d(e))\n");
    let at = |name: &str| {
        let found = code.instructions().find(|i| Op::from_u8(i.opcode).map(Op::name) == Some(name));
        let p = code.positions.at(found.expect("there").offset).expect("a place");
        (p.line, p.column, p.end_line, p.end_column)
    };
    assert_eq!(at("BINARY_ADD"), (1, 5, 2, 11));
    assert_eq!(at("LOAD_ATTR"), (2, 5, 2, 8));
    assert_eq!(at("CALL_FUNCTION"), (2, 5, 2, 11));
    assert_eq!(at("STORE_NAME"), (1, 0, 1, 1));
}

#[test]
fn doubtful_source_is_warned_about() {
    for (source, message) in [
        ("x is 1\n", "\"is\" with 'int' literal. Did you mean \"==\"?"),
        ("x is not 'a'\n", "\"is not\" with 'str' literal. Did you mean \"!=\"?"),
        ("assert (x, 'y')\n", "assertion is always true, perhaps remove parentheses?"),
        ("1()\n", "'int' object is not callable; perhaps you missed a comma?"),
        ("None[0]\n", "'NoneType' object is not subscriptable; perhaps you missed a comma?"),
        (
            "[1]['a']\n",
            "list indices must be integers or slices, not str; perhaps you missed a comma?",
        ),
        ("def f():\n try: pass\n finally: return\n", "'return' in a 'finally' block"),
        ("for a in b:\n try: pass\n finally: continue\n", "'continue' in a 'finally' block"),
    ] {
        let warnings = try_compile(source, Level::Py314).expect("valid").warnings;
        let messages: Vec<_> = warnings.iter().map(|warning| warning.message.as_str()).collect();
        assert_eq!(messages, [message], "{source}");
    }
    let quiet = "x is None\nx is ()\nfor a in b:\n try: pass\n finally:\n  for c in d: break\n";
    let warnings = try_compile(quiet, Level::Py314).expect("valid").warnings;
    assert!(warnings.len() <= 1, "{warnings:?}");
}

/// Message, line and column of the errors found after parsing, as the two CPythons have them:
/// each line of `errors.txt` was recorded by `record_errors.py`.
#[test]
fn errors_are_cpythons() {
    let mut wrong = Vec::new();
    for (number, line) in include_str!("errors.txt").lines().enumerate() {
        let mut fields = line.split('\t');
        let mut field = || fields.next().expect("four fields").replace("\\n", "\n");
        let (level, source, message, place) = (field(), field(), field(), field());
        let level = if level == "3.6" { Level::Py36 } else { Level::Py314 };
        let got = match try_compile(&source, level) {
            Ok(_) => ("OK".to_owned(), String::new()),
            Err(CompileError::Syntax(e)) => {
                (e.message.clone(), format!("{}:{}", e.lineno, e.offset))
            }
            Err(error) => (error.message().to_owned(), String::new()),
        };
        if got != (message.clone(), place.clone()) {
            wrong.push(format!("line {}: expected {message} {place}, got {got:?}", number + 1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each instruction with its line, 0 where there is none.
fn lines(code: &CodeObject) -> Vec<(&'static str, u32)> {
    let units = code.positions.runs().flat_map(|(units, position)| {
        std::iter::repeat_n(position.map_or(0, |p| p.line), units as usize)
    });
    code.code
        .chunks_exact(2)
        .zip(units)
        .filter_map(|(unit, line)| Some((Op::from_u8(unit[0])?.name(), line)))
        .collect()
}

#[test]
fn every_line_that_runs_has_an_instruction() {
    let source = "\
def f(a):
    pass
    try:
        if a:
            pass
        while 1:
            break
    except ValueError as e:
        a = 9
    finally:
        x = 11
    match a:
        case 1:
            if 0:
                y = 1
        case _:
            y = 2

def g(self):
    if self.a is None:
        return self.b
    else:
        for x in self:
            continue
";
    let code = compiled(source);
    let of = |name: &str| {
        let code = find(&code, name).expect("a function");
        adder_bytecode::verify::analyze(code).expect("good code");
        let mut lines: Vec<u32> = lines(code).into_iter().map(|(_, line)| line).collect();
        lines.dedup();
        lines
    };
    assert_eq!(
        of("f"),
        [1, 2, 3, 4, 5, 6, 7, 0, 8, 9, 0, 8, 0, 11, 12, 13, 14, 16, 17],
        "the end of the loop, of the name in the handler, and of the finally clause have none"
    );
    assert_eq!(of("g"), [19, 20, 21, 23, 24, 0, 23]);
}
