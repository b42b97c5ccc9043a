//! Source text to tree: lexer, parser, AST.
//!
//! The counterpart of CPython's `Grammar/`, `Parser/` and `Python/ast.c`. It knows nothing of
//! symbol tables or code: errors that CPython finds in `symtable.c` or `compile.c` (`'return'
//! outside function`) belong to `adder-compiler`.
//!
//! Start at [`parse_module`] and [`parse_text`]; the tree is in [`ast`].
#![forbid(unsafe_code)]

mod arena;
pub mod ast;
pub mod bytes;
mod charmap;
mod error;
mod level;
mod lexer;
mod parser;
mod pool;
mod source;
pub mod tokenize;
mod unicode;

pub use arena::Arena;
use error::Rank;
pub use error::{ErrorKind, SyntaxError, Warning, WarningKind};
pub use level::Level;
pub use pool::{Pool, Symbol, Text, hash as hash_bytes};

/// What the source is, as `compile()`'s third argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// A file.
    #[default]
    Exec,
    /// One expression.
    Eval,
    /// One interactive statement.
    Single,
    /// The signature of a type comment.
    FuncType,
}

/// Decodes source in an encoding this crate does not know (it knows UTF-8, ASCII, Latin-1 and a few
/// more single-byte encodings):
/// takes the encoding's name in normal form and the bytes; gives the text or the error's message
/// (`unknown encoding: x` is the usual one).
pub type Decoder<'a> = &'a dyn Fn(&str, &[u8]) -> Result<String, String>;

/// How to parse.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    pub level: Level,
    pub mode: Mode,
    /// Ask for an error where the source ends inside a block without its final empty line
    /// (`PyCF_DONT_IMPLY_DEDENT`, what `codeop` compiles with).
    pub dont_imply_dedent: bool,
    /// `<>` instead of `!=` from the start (PEP 401), as if the future import had been seen.
    pub barry_as_flufl: bool,
    /// What came to the language after this version (`3.n`) is refused, as far as CPython's parser does
    /// so; 0 means that nothing is.
    pub feature_version: u8,
    /// The most digits of a decimal integer literal (`sys.set_int_max_str_digits`); 0 is no limit.
    pub max_int_digits: usize,
    /// Keep the `# type: ignore` comments (`PyCF_TYPE_COMMENTS`).
    pub type_ignores: bool,
    /// For encodings beyond the built-in ones; without it they are unknown.
    pub decoder: Option<Decoder<'a>>,
}

impl Options<'_> {
    /// A file at a level.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self { level, ..Self::default() }
    }
}

/// A tree with its texts.
#[derive(Clone, Debug)]
pub struct Parsed<'a> {
    pub module: ast::Mod<'a>,
    pub pool: Pool,
    pub warnings: Vec<Warning>,
    /// If they were asked for.
    pub type_ignores: Vec<TypeIgnore>,
}

/// A comment `# type: ignore`, and what follows in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TypeIgnore {
    pub line: u32,
    pub tag: Box<[u8]>,
}

/// Parses source as it is in a file: finds the encoding (byte order mark, PEP 263 comment),
/// decodes and parses.
///
/// # Errors
/// The first syntax error, with CPython's message and place.
pub fn parse_module<'a>(
    source: &[u8],
    options: Options,
    arena: &'a Arena,
) -> Result<Parsed<'a>, Box<SyntaxError>> {
    match source::decode(source, &options) {
        Ok(text) => parse_text(&text, options, arena),
        Err(error) => Err(error.finish(source, false)),
    }
}

/// Parses decoded source, generalised UTF-8 (a Python `str`; an encoding comment is ignored).
///
/// # Errors
/// The first syntax error, with CPython's message and place.
pub fn parse_text<'a>(
    source: &[u8],
    options: Options,
    arena: &'a Arena,
) -> Result<Parsed<'a>, Box<SyntaxError>> {
    if memchr::memchr(0, source).is_some() {
        return Err(error::null_bytes());
    }
    let text = lexer::prepare(source, arena);
    let implicit = options.mode != Mode::Exec && source.last() != Some(&b'\n');
    let new_parser = || {
        let mut lexer = lexer::Lexer::new(text, options.level);
        lexer.flufl = options.barry_as_flufl;
        lexer.implicit_newline = implicit;
        lexer.type_ignores = options.type_ignores.then(Vec::new);
        parser::Parser::new(arena, lexer, &options, Pool::for_source(source.len()))
            .with_implicit_newline(implicit)
    };
    let mut first = new_parser();
    if let Ok(module) = first.parse(options.mode) {
        return Ok(first.into_parsed(module));
    }
    let mut error = first.take_error();
    let incomplete = first.is_incomplete();
    if options.level.is_modern() && matches!(error.rank, Rank::Specific | Rank::Generic) {
        // As in CPython: a second pass asks what is wrong, and what it finds goes before the
        // "invalid syntax" of the first; errors of the lexer further on go before both.
        let mut second = new_parser().diagnosing();
        let _ = second.parse(options.mode);
        let found = second.take_error();
        if error.rank == Rank::Generic {
            let at_end = matches!(error.end, error::End::OfSource);
            error.newline &= at_end || error.start.line >= second.furthest_line();
        }
        if found.rank != Rank::Generic {
            error = found;
        }
        let parsers = match error.rank {
            Rank::Generic => error.kind == ErrorKind::Syntax,
            rank => rank == Rank::Specific,
        };
        if parsers && let Some(later) = second.error_in_rest() {
            error = later;
        }
    }
    error.incomplete = incomplete;
    Err(error.finish(text, implicit))
}
