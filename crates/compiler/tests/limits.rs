//! Trees that are deep, long or large end in a code object or an error, on a thread with 2 MB of
//! stack, too.

use adder_compiler::{CompileError, Options, compile};
use adder_syntax::{Arena, Level, parse_module};

const STACK: usize = 2 << 20;

#[derive(Debug, PartialEq)]
enum Outcome {
    Compiled,
    Refused(String),
}

fn outcome(source: String, level: Level) -> Outcome {
    let run = move || {
        let arena = Arena::new();
        let parsed =
            match parse_module(source.as_bytes(), adder_syntax::Options::new(level), &arena) {
                Ok(parsed) => parsed,
                Err(error) => return Outcome::Refused(error.message.clone()),
            };
        match compile(parsed, &Options::new(level, "<limits>")) {
            Ok(_) => Outcome::Compiled,
            Err(error) => Outcome::Refused(error.message().to_owned()),
        }
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread");
    thread.join().expect("no panic, no overflow")
}

#[test]
fn long_chains_compile() {
    for level in [Level::Py36, Level::Py314] {
        for (head, link) in [
            ("1", "+1"),
            ("a", ".b"),
            ("a", "()"),
            ("a", "[0]"),
            ("a", "*b"),
            ("if a: b", "\nelif a: b"),
            ("a", "<b"),
            ("a", " and b"),
            ("a = b", " = b"),
            ("a", ";a"),
            ("{}", ",{}"),
        ] {
            let source = format!("{head}{}\n", link.repeat(10_000));
            assert_eq!(outcome(source, level), Outcome::Compiled, "{head}{link}... {level:?}");
        }
    }
}

#[test]
fn endless_chains_are_refused() {
    let recursion = Outcome::Refused(CompileError::Recursion.message().to_owned());
    for (head, link) in [("a", ".b"), ("1", "+1"), ("a", "()"), ("if a: b", "\nelif a: b")] {
        let source = format!("{head}{}\n", link.repeat(100_000));
        assert_eq!(outcome(source, Level::Py314), recursion, "{head}{link}...");
    }
}

#[test]
fn deep_nesting_does_not_fault() {
    for level in [Level::Py36, Level::Py314] {
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{1:", "}"),
            ("lambda: ", ""),
            ("a if b else ", ""),
            ("not ", ""),
            ("-", ""),
            ("await ", ""),
            ("f(", ")"),
            ("x[", "]"),
            ("[x for x in ", "]"),
            ("2**", ""),
            ("*", ""),
            ("yield ", ""),
            ("(a := ", ")"),
            ("f'{", "}'"),
        ] {
            for depth in [50, 190, 1000, 100_000] {
                let source = format!("{}1{}\n", open.repeat(depth), close.repeat(depth));
                let _ = outcome(source, level);
            }
        }
        for depth in [15, 90, 2000] {
            for head in ["if a:", "def f():", "class C:", "while a:", "with a:", "try:"] {
                let mut source = String::new();
                for i in 0..depth {
                    source.push_str(&format!("{}{head}\n", " ".repeat(i)));
                }
                source.push_str(&format!("{}pass\n", " ".repeat(depth)));
                let _ = outcome(source, level);
            }
        }
    }
}

#[test]
fn blocks_nest_at_most_twenty_deep() {
    let source = |depth: usize| -> String {
        let heads = (0..depth).map(|i| format!("{}while a:\n", " ".repeat(i)));
        heads.collect::<String>() + &" ".repeat(depth) + "pass\n"
    };
    for level in [Level::Py36, Level::Py314] {
        assert_eq!(outcome(source(20), level), Outcome::Compiled);
        let refused = Outcome::Refused("too many statically nested blocks".to_owned());
        assert_eq!(outcome(source(21), level), refused);
    }
}

#[test]
fn large_code_has_wide_jumps() {
    for level in [Level::Py36, Level::Py314] {
        let source =
            format!("while a:\n  if b: continue\n{}", "  c.d = e.f(g, 12)\n".repeat(20_000));
        assert_eq!(outcome(source, level), Outcome::Compiled);
        let names: String = (0..70_000).map(|i| format!("n{i} = {i}\n")).collect();
        assert_eq!(outcome(names, level), Outcome::Compiled);
    }
}
