//! Tree to wordcode: CPython's `Python/symtable.c`, `Python/compile.c`, `Python/peephole.c` and
//! `Python/future.c`. It takes a tree from `adder-syntax` and gives a code object of
//! `adder-bytecode`; it knows nothing of source text or of the machine that will run the code.
//!
//! The way of a module: [`compile`] reads the `__future__` imports, `symtable` decides what each
//! name means, `codegen` writes instructions into a `unit`, `assemble` makes bytes of them, with
//! `stack_depth` and `peephole` (which folds constants by `fold`).
#![forbid(unsafe_code)]

mod assemble;
mod codegen;
mod docstring;
mod error;
mod fold;
mod fold_complex;
mod future;
mod hash;
mod limits;
mod lines;
mod names;
mod peephole;
mod slots;
mod stack_depth;
mod symtable;
mod unit;

use adder_bytecode::code::{CodeObject, PyStrBuf, flags};
use adder_syntax::ast::{Mod, Span};
use adder_syntax::{ErrorKind, Level, Parsed, Pool, SyntaxError, Warning};

pub use codegen::Workspace;
pub use docstring::clean as clean_docstring;
pub use error::CompileError;
pub use symtable::listing::{ListedKind, ListedScope};

/// How to compile.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    pub level: Level,
    /// `co_filename`.
    pub filename: PyStrBuf,
    /// 0: nothing is left out; 1 (`-O`): no `assert`, `__debug__` is false; 2 (`-OO`): no
    /// docstrings either.
    pub optimize: u8,
    /// `CO_FUTURE_*` flags that apply from outside (`compile()`'s `flags`, and what is inherited
    /// from the calling code unless `dont_inherit`).
    pub flags: u32,
    /// `PyCF_ALLOW_TOP_LEVEL_AWAIT`.
    pub top_level_await: bool,
    /// The source, for the text and the columns of errors; without it errors have neither text
    /// nor columns in characters (but in bytes).
    pub source: Option<&'a [u8]>,
}

impl Options<'_> {
    /// A file, with nothing special.
    pub fn new(level: Level, filename: &str) -> Self {
        Options {
            level,
            filename: filename.into(),
            optimize: 0,
            flags: 0,
            top_level_await: false,
            source: None,
        }
    }
}

/// A code object, and what was doubtful about its source (the parser's warnings are not among
/// them).
#[derive(Clone, Debug)]
pub struct Compiled {
    pub code: CodeObject,
    pub warnings: Vec<Warning>,
}

/// Compiles a tree.
///
/// # Errors
/// What CPython finds after parsing: misplaced statements, names declared twice, and so on; and
/// trees too deep or too large.
pub fn compile(parsed: Parsed, options: &Options) -> Result<Compiled, CompileError> {
    compile_in(&mut Workspace::default(), parsed, options)
}

/// The same in the room of earlier compilations.
///
/// # Errors
/// As [`compile`].
pub fn compile_in(
    workspace: &mut Workspace,
    parsed: Parsed,
    options: &Options,
) -> Result<Compiled, CompileError> {
    run(parsed, options, workspace).map_err(|failure| in_words(failure, options))
}

/// The scopes of a tree and their names, as the module `symtable` shows them; the whole's is the first,
/// and others come after the one they lie in.
///
/// # Errors
/// As [`compile`], but for what only the code generator finds.
pub fn symbol_table(parsed: Parsed, options: &Options) -> Result<Vec<ListedScope>, CompileError> {
    let listed = scopes(&parsed.module, parsed.pool, options, true)
        .map(|Scopes { names, table, .. }| symtable::listing::list(table, &names));
    listed.map_err(|failure| in_words(failure, options))
}

fn in_words(failure: error::Failure, options: &Options) -> CompileError {
    match failure {
        error::Failure::At { message, span } => {
            CompileError::Syntax(Box::new(syntax_error(message, span, options)))
        }
        error::Failure::Recursion => CompileError::Recursion,
        error::Failure::Overflow(message) => CompileError::Overflow(message),
    }
}

/// What is known of a tree before code is made.
struct Scopes {
    names: names::Names,
    future: future::Future,
    table: symtable::SymbolTable,
}

fn scopes(module: &Mod, pool: Pool, options: &Options, listing: bool) -> error::Result<Scopes> {
    let modern = options.level == Level::Py314;
    let mut names = names::Names::new(pool);
    let mut future = future::future(module, &names, modern)?;
    let inherited = future::INHERITED | if modern { flags::FUTURE_ANNOTATIONS } else { 0 };
    future.flags |= options.flags & inherited;
    let lazy = modern && future.flags & flags::FUTURE_ANNOTATIONS == 0;
    let mut table = symtable::build(module, &mut names, options.level, lazy, listing)?;
    symtable::analyze(&mut table, &names, listing)?;
    Ok(Scopes { names, future, table })
}

fn run(parsed: Parsed, options: &Options, workspace: &mut Workspace) -> error::Result<Compiled> {
    let modern = options.level == Level::Py314;
    let Scopes { mut names, future, table } = scopes(&parsed.module, parsed.pool, options, false)?;
    let settings = codegen::Settings {
        modern,
        optimize: options.optimize,
        top_level_await: options.top_level_await,
        future,
        filename: options.filename.clone(),
    };
    let (code, warnings) =
        codegen::generate(&parsed.module, &mut names, &table, settings, workspace)?;
    Ok(Compiled { code, warnings })
}

fn syntax_error(message: String, span: Span, options: &Options) -> SyntaxError {
    let line = |number: u32| -> Option<&[u8]> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        options.source?.split_inclusive(|&byte| byte == b'\n').nth(index)
    };
    // Columns in characters.
    let column = |number: u32, bytes: u32| -> u32 {
        let chars = line(number)
            .and_then(|line| line.get(..bytes as usize))
            .map(|head| head.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() as u32);
        // At level 3.6 these errors count columns from 0.
        chars.unwrap_or(bytes) + u32::from(options.level == Level::Py314)
    };
    let Span { start, end } = span;
    SyntaxError {
        kind: ErrorKind::Syntax,
        message,
        lineno: start.line,
        offset: if start.line == 0 {
            0
        } else {
            i32::try_from(column(start.line, start.col)).unwrap_or(0)
        },
        end_lineno: end.line,
        end_offset: if end.line == 0 {
            0
        } else {
            i32::try_from(column(end.line, end.col)).unwrap_or(0)
        },
        text: line(start.line).map(|line| String::from_utf8_lossy(line).into_owned()),
        incomplete: false,
    }
}
