//! Hostile source: mutated programs and deep nesting end in a tree or an error, on a small stack
//! and in bounded time. The mutations come from a fixed generator, so a failure repeats.

use std::time::{Duration, Instant};

use adder_syntax::{Arena, ErrorKind, Level, Mode, Options, parse_module, parse_text};

/// Threads of programs have stacks this small.
const STACK: usize = 2 << 20;

fn on_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK).spawn(run).unwrap().join().unwrap();
}

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

const PROGRAM: &str = r#"
# a comment
import os.path as path, sys
from . import (a, b as c,)

@decorator(1, *args, **kwargs)
async def f[T: int, *Ts, **P](x, /, y: int = 3, *rest, z=None, **kw) -> "str":
    """Documentation
    of two lines."""
    global g
    async with open(x) as fd, lock:
        await fd.read()
    async for i in stream:
        yield i
    return [j async for j in x if j]

class C(Base, metaclass=Meta):
    field: list[int] = [1, 2.5e3, 3j, 0x_ff, 0b1, 0o7, 1_000]

    def method(self):
        if (n := len(self.x)) > 10 and not n % 2 or n is not None:
            self.x[1:2, ::3, ...] += -n ** 2
        elif n in (1, 2) <= 3 != 4:
            raise ValueError(f"{n!r:>{width}} {self.name=} {{}} {'nested' + f'{1}'}") from None
        else:
            del self.x, (self.y, self.z)
        while True:
            try:
                break
            except (A, B) as e:
                continue
            finally:
                pass
        try:
            assert x, "message"
        except* OSError:
            nonlocal q
        lambda a, *b, c=1, **d: (yield)
        return {**a, 'k': v}, {*s, 1}, {k: v for k, v in z}, (u for u in w), x if y else z

match command.split():
    case [1, "two", *others] if others:
        print(t"{others!s}")
    case {"key": Point(x=0, y=-1 + 2j), **rest} | None:
        type Alias[T] = dict[str, T]
    case str() | mod.NAME | (1, 2) as s:
        a = b, *c = d = yield
    case _:
        x = "\N{BULLET}\x41\u00e9" '''long
        string''' \
            if a else b'\0' rb"\d"
with (open(a) as b, open(c) as d): pass
for x, *y in z: pass
else: print(x @ y, ~x, x >> 1 << 2 & 3 | 4 ^ 5, x // y); x @= 1; x //= 2
"#;

const PIECES: [&str; 48] = [
    "(", ")", "[", "]", "{", "}", "'", "\"", "'''", "\"\"\"", "f'", "f\"{", "t'''", "{", "}", "!r",
    ":", ":=", "=", ",", "\n", "\n    ", "\t", "\\", "\\\n", "#", "0777", "1_", "lambda", "yield",
    "async", "await", "match", "case", "type", "if", "else", "for", "in", "not", "*", "**", "é",
    "\u{20ac}", "\0", "\r", "\\N{", ";",
];

fn mutate(random: &mut Random, source: &mut Vec<u8>) {
    let at = random.next(source.len());
    match random.next(4) {
        0 => {
            let end = (at + 1 + random.next(12)).min(source.len());
            source.drain(at..end);
        }
        1 | 2 => {
            let piece = PIECES[random.next(PIECES.len())];
            source.splice(at..at, piece.bytes());
        }
        _ => {
            let from = random.next(source.len());
            let end = (from + random.next(60)).min(source.len());
            let copy = source[from..end].to_vec();
            source.splice(at..at, copy);
        }
    }
}

#[test]
fn mutated_programs_end_in_a_tree_or_an_error() {
    on_small_stack(|| {
        let rounds = if cfg!(debug_assertions) { 1500 } else { 20_000 };
        let arena = Arena::new();
        let whole = parse_module(PROGRAM.as_bytes(), Options::new(Level::Py314), &arena);
        assert!(whole.is_ok(), "{:?}", whole.err());
        let mut random = Random(0x5eed);
        let mut trees = 0;
        for round in 0..rounds {
            let mut source = PROGRAM.as_bytes().to_vec();
            // Often only a part, so that an early error does not hide the rest.
            if random.next(2) == 0 {
                let from = random.next(source.len());
                let end = from + random.next(source.len() - from);
                source = source[from..end].to_vec();
            }
            for _ in 0..=random.next(4) {
                mutate(&mut random, &mut source);
                if source.is_empty() {
                    source.push(b'x');
                }
            }
            let level = if round % 3 == 0 { Level::Py36 } else { Level::Py314 };
            let mode = [Mode::Exec, Mode::Exec, Mode::Single, Mode::Eval, Mode::FuncType];
            let mode = mode[random.next(mode.len())];
            let options = Options { mode, ..Options::new(level) };
            let start = Instant::now();
            let arena = Arena::new();
            let parsed = parse_module(&source, options, &arena);
            let time = start.elapsed();
            let shown = String::from_utf8_lossy(&source);
            assert!(time < Duration::from_secs(5), "{time:?} for {shown}");
            match parsed {
                Ok(_) => trees += 1,
                Err(error) => assert!(!error.message.is_empty(), "{shown}"),
            }
        }
        assert!(trees > 10, "only {trees} mutations are programs");
    });
}

/// A source with something repeated, and whether it is valid.
fn deep(name: &str, source: String, valid: bool) {
    for level in [Level::Py36, Level::Py314] {
        let start = Instant::now();
        let arena = Arena::new();
        let parsed = parse_text(source.as_bytes(), Options::new(level), &arena);
        let time = start.elapsed();
        assert!(time < Duration::from_secs(10), "{name}: {time:?}");
        if level == Level::Py314 {
            assert_eq!(parsed.is_ok(), valid, "{name}: {:?}", parsed.err().map(|e| e.message));
        }
        drop(parsed);
    }
}

#[test]
fn long_chains_are_trees() {
    on_small_stack(|| {
        let many = 100_000;
        deep("sum", format!("x = 1{}\n", " + 1".repeat(many)), true);
        deep("attributes", format!("a{}\n", ".b".repeat(many)), true);
        deep("calls", format!("f{}\n", "()".repeat(many)), true);
        deep("subscripts", format!("f{}\n", "[0]".repeat(many)), true);
        deep("elif", format!("if a: b\n{}", "elif a: b\n".repeat(many)), true);
        deep("or", format!("a{}\n", " or a".repeat(many)), true);
        deep("compare", format!("a{}\n", " < a".repeat(many)), true);
        deep("statements", "x = 1\n".repeat(many), true);
        deep("list", format!("x = [{}]\n", "1, ".repeat(many)), true);
        deep("strings", format!("x = ({})\n", "'a' ".repeat(many)), true);
        deep("not", format!("{}a\n", "not ".repeat(1000)), true);
        deep("minus", format!("{}1\n", "-".repeat(1000)), true);
    });
}

#[test]
fn chains_with_an_error_at_the_end_are_errors() {
    on_small_stack(|| {
        let many = 20_000;
        deep("sum", format!("x = 1{} +\n", " + 1".repeat(many)), false);
        deep("attributes", format!("a{}.\n", ".b".repeat(many)), false);
        deep("calls", format!("f{}(\n", "()".repeat(many)), false);
        deep("elif", format!("if a: b\n{}elif\n", "elif a: b\n".repeat(many)), false);
        deep("statements", format!("{}x y\n", "x = (1, 2)\n".repeat(many)), false);
        deep("names", format!("({})\n", "a ".repeat(many)), false);
        deep("not", format!("{}\n", "not ".repeat(many)), false);
    });
}

#[test]
fn deep_nesting_is_an_error() {
    on_small_stack(|| {
        for count in [150, 1000, 1_000_000] {
            let ok = count < 200;
            let nest = |open: &str, mid: &str, close: &str| {
                format!("{}{mid}{}\n", open.repeat(count), close.repeat(count))
            };
            deep("brackets", nest("(", "x", ")"), ok);
            deep("lists", nest("[", "", "]"), ok);
            deep("dicts", nest("{1:", "2", "}"), ok);
            deep("open brackets", "(".repeat(count), false);
            deep("open calls", "f(".repeat(count), false);
            deep("calls", nest("f(a, b=", "x", ")"), ok);
            deep("lambdas", nest("lambda: ", "x", ""), ok);
            deep("conditionals", nest("a if b else ", "x", ""), ok);
            deep("conditions", nest("a if (b + ", "x", ") else c"), ok);
            deep("powers", nest("a ** ", "x", ""), ok);
            deep("negated powers", nest("a ** -", "x", ""), ok);
            deep("f-strings", nest("f'{", "x", "}'"), count < 150);
            deep("format specifications", nest("f'{a:{", "x", "}}'"), count < 150 && ok);
            deep("comprehensions", nest("[x for x in ", "y", "]"), ok);
            deep("targets", nest("[x for x[", "y", "] in z]"), count < 100);
            deep("unfinished targets", "[x for x[".repeat(count), false);
            deep("subscripts", nest("a[", "x", "]"), ok);
            deep("starred", nest("*", "x", ""), false);
            deep("awaits", nest("await ", "x", ""), false);
            deep("yields", nest("(yield ", "x", ")"), ok);
            deep("patterns", format!("match x:\n case {}", nest("[", "x", "]: pass")), false);
            deep("keywords", nest("f(a=b c", "x", ")"), false);
            deep("missing commas", nest("(a b ", "x", ")"), false);
            deep("decorators", format!("{}def f(): pass\n", "@a\n".repeat(count)), true);
            deep("prefixes", nest("-", "x", ""), count <= 1000);
            deep("arrows", nest("def f() -> ", "x", ""), false);
            let mut blocks = String::new();
            for depth in 0..count.min(2000) {
                blocks.extend([&" ".repeat(depth), "if x:\n"]);
            }
            blocks.extend([&" ".repeat(count.min(2000)), "y\n"]);
            deep("blocks", blocks, false);
        }
    });
}

#[test]
fn too_deep_is_a_memory_error() {
    let source = "lambda: ".repeat(100_000) + "x";
    let error =
        parse_text(source.as_bytes(), Options::new(Level::Py314), &Arena::new()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Memory);
}
