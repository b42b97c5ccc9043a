//! `from __future__ import ...`: CPython's `Python/future.c`.

use adder_bytecode::code::flags;
use adder_syntax::ast::{Constant, ExprKind, Mod, Span, StmtKind};

use crate::error::{Result, error};
use crate::names::Names;

/// What the source asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Future {
    /// Flags for code objects (`CO_FUTURE_*`).
    pub(crate) flags: u32,
    /// The last line on which such imports may stand.
    pub(crate) line: u32,
}

/// The flags that code inherits from code that compiles it (`PyCF_MASK`).
pub(crate) const INHERITED: u32 = flags::FUTURE_DIVISION
    | flags::FUTURE_ABSOLUTE_IMPORT
    | flags::FUTURE_WITH_STATEMENT
    | flags::FUTURE_PRINT_FUNCTION
    | flags::FUTURE_UNICODE_LITERALS
    | flags::FUTURE_BARRY_AS_BDFL
    | flags::FUTURE_GENERATOR_STOP;

/// The error of one that comes later.
pub(crate) const LATE: &str = "from __future__ imports must occur at the beginning of the file";

/// Reads the future imports at the head of a module.
pub(crate) fn future(module: &Mod, names: &Names, modern: bool) -> Result<Future> {
    let mut future = Future::default();
    let (Mod::Module(body) | Mod::Interactive(body)) = module else { return Ok(future) };
    // Only a docstring may stand before them; what else shares a line with one does not end the
    // search, but makes the next one an error.
    let mut done = false;
    let mut line = 0;
    for (i, stmt) in body.iter().enumerate() {
        if done && stmt.lineno > line {
            break;
        }
        line = stmt.lineno;
        match &stmt.kind {
            StmtKind::ImportFrom(node)
                if node.level == 0 && node.module == Some(names.known.future) =>
            {
                if done {
                    return error(LATE, stmt.span);
                }
                for alias in node.names {
                    let span = if modern { alias.span } else { stmt.span };
                    future.flags |= feature(names.name(alias.name), modern, span)?;
                }
                future.line = stmt.lineno;
            }
            StmtKind::Expr(value)
                if i == 0 && matches!(value.kind, ExprKind::Constant(Constant::Str { .. })) => {}
            _ => done = true,
        }
    }
    Ok(future)
}

/// The flag of a feature; most are part of the language by now.
fn feature(name: &str, modern: bool, span: Span) -> Result<u32> {
    Ok(match name {
        "nested_scopes" | "generators" | "division" | "absolute_import" | "with_statement"
        | "print_function" | "unicode_literals" => 0,
        "barry_as_FLUFL" => flags::FUTURE_BARRY_AS_BDFL,
        // Since 3.7 all generators stop so.
        "generator_stop" if modern => 0,
        "generator_stop" => flags::FUTURE_GENERATOR_STOP,
        "annotations" if modern => flags::FUTURE_ANNOTATIONS,
        "braces" => return error("not a chance", span),
        _ => return error(format!("future feature {name} is not defined"), span),
    })
}
