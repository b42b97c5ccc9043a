//! The regular-expression engine under `_sre`.
//!
//! Answers to CPython's `Modules/_sre/`: it runs the very codes that `Lib/re/_compiler.py` makes
//! (`list[int]`, magic 20230612), with the same matches, groups and `lastindex`. Parsing and
//! compiling patterns, templates and match objects stay where CPython has them.
//!
//! A code is never trusted: [`Pattern::new`] checks it whole while it turns it into a program of
//! our own (`compile`), in which sets are tables, runs of literals strings, and each repetition
//! knows what may follow it (`analyze`). The machine (`exec`) backtracks on a stack of its own, so
//! no pattern and no subject overflows the native one, memory is bounded, and a caller is asked
//! now and then whether to go on. `search` finds where a match may begin.
//!
//! Text is code units of 1, 2 or 4 bytes, one for each character ([`Unit`]).
#![forbid(unsafe_code)]

mod analyze;
mod charset;
mod compile;
mod exec;
mod helpers;
mod opcode;
mod program;
mod search;
#[cfg(test)]
mod tests;
mod unit;

use std::fmt;

pub use charset::LocaleTable;
pub use helpers::{ascii_iscased, ascii_tolower, unicode_iscased, unicode_tolower};
pub use opcode::{CODESIZE, MAGIC, MAXGROUPS, MAXREPEAT};
pub use search::Matcher;
pub use unit::Unit;

/// The code is not one that CPython's compiler could have made (`RuntimeError: invalid SRE code`),
/// or it nests deeper than this engine follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeError;

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid SRE code")
    }
}

impl std::error::Error for CodeError {}

/// Why a match was given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interrupt {
    /// The caller's check said so: its own error is pending there.
    Stopped,
    /// Backtracking needs more memory than the limit or the system allows (`MemoryError`).
    OutOfMemory,
}

impl fmt::Display for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Interrupt::Stopped => "match interrupted",
            Interrupt::OutOfMemory => "out of memory while matching",
        })
    }
}

impl std::error::Error for Interrupt {}

/// A compiled pattern, ready to match any text.
#[derive(Debug)]
pub struct Pattern {
    program: program::Program,
}

impl Pattern {
    /// Checks `code` and prepares it. `groups` is the number of capturing groups, the whole match
    /// not counted. `locale` matters for patterns with the LOCALE flag only, which are to be made
    /// anew after a change of locale.
    pub fn new(code: &[u32], groups: usize, locale: &LocaleTable) -> Result<Pattern, CodeError> {
        let program = compile::compile(code, groups, locale)?;
        Ok(Pattern { program })
    }

    /// The number of capturing groups.
    pub fn groups(&self) -> usize {
        self.program.groups
    }
}

/// The spans of a match: the whole first, then each group that took part, in character positions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Captures {
    pub spans: Vec<Option<(usize, usize)>>,
    /// The group that was closed last, counted from 1.
    pub lastindex: Option<usize>,
}
