//! What parsing can end in: `SyntaxError` with CPython's fields, and warnings.
//!
//! The parts find errors as a [`RawError`], whose columns are byte offsets; the entry points make
//! a [`SyntaxError`] of it, with columns in characters and the source line.

use crate::ast::{Pos, Span};

/// The exception class an error becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `SyntaxError`
    Syntax,
    /// `IndentationError`
    Indentation,
    /// `TabError`
    Tab,
    /// `MemoryError`: nested deeper than the parser goes. CPython raises it without a place.
    Memory,
}

/// A `SyntaxError` and its kin, with the attributes CPython gives the exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub kind: ErrorKind,
    /// `msg`
    pub message: String,
    /// `lineno`, counted from 1; 0 stands for `None`, and so do then the other places.
    pub lineno: u32,
    /// `offset`, in characters, counted from 1.
    pub offset: i32,
    /// `end_lineno`
    pub end_lineno: u32,
    /// `end_offset`, in characters, counted from 1. As in CPython, 0 or -1 says "unknown".
    pub end_offset: i32,
    /// `text`: the source line, with its newline where CPython gives one.
    pub text: Option<String>,
    /// The source ended where it could have gone on (an open bracket, triple-quoted string or
    /// block): with more lines it might be valid. This is what `codeop` asks for
    /// (`_IncompleteInputError`).
    pub incomplete: bool,
}

/// Why a warning was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningKind {
    /// `SyntaxWarning`
    Syntax,
    /// `DeprecationWarning`
    Deprecation,
}

/// A warning about valid source, such as an invalid escape sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub kind: WarningKind,
    pub message: String,
    /// Where; the warning is reported for `span.start.line`. If the warnings filter turns it into
    /// an error, the error is a `SyntaxError` at `span` with the same message.
    pub span: Span,
}

/// Where an error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    At(Pos),
    /// On the line it starts on; the number is what `end_offset` reports.
    Unknown(i32),
    /// Unknown, and the start is given by its column counted from 1 less.
    Behind,
    /// The error is at the end of the source, where `offset` and `end_offset` are 0.
    OfSource,
}

/// Which part of the parser an error is from; CPython ranks them so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// The lexer's: it ends parsing at once.
    Lexer,
    /// The lexer's too, but found only when the token is asked for, not by reading ahead.
    Deferred,
    /// Of one construct, with a message of its own.
    Specific,
    /// "invalid syntax": a token that fits nowhere.
    Generic,
}

/// An error as the lexer and parser find it.
#[derive(Clone, Debug)]
pub(crate) struct RawError {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) start: Pos,
    pub(crate) end: End,
    /// CPython's tokenizer reports the line without its newline, its parser with it.
    pub(crate) newline: bool,
    pub(crate) incomplete: bool,
    pub(crate) rank: Rank,
}

impl RawError {
    /// A `SyntaxError` of the parser, covering `start..end`.
    pub(crate) fn syntax(message: impl Into<String>, start: Pos, end: Pos) -> Box<Self> {
        Box::new(Self {
            kind: ErrorKind::Syntax,
            message: message.into(),
            start,
            end: End::At(end),
            newline: true,
            incomplete: false,
            rank: Rank::Specific,
        })
    }

    /// The error for the outside. `text` is the whole source with `\n` line ends; `implicit`
    /// tells that its last newline is not the source's.
    pub(crate) fn finish(self, text: &[u8], implicit: bool) -> Box<SyntaxError> {
        if self.start.line == 0 {
            return Box::new(SyntaxError {
                kind: self.kind,
                message: self.message,
                lineno: 0,
                offset: 0,
                end_lineno: 0,
                end_offset: 0,
                text: None,
                incomplete: self.incomplete,
            });
        }
        let text = text.strip_suffix(b"\0\0").unwrap_or(text);
        let (line, last) = line_of(text, self.start.line);
        let offset = match self.end {
            End::OfSource => 0,
            End::Behind => characters(line, self.start.col),
            _ => characters(line, self.start.col) + 1,
        };
        let (end_lineno, end_offset) = match self.end {
            End::Unknown(offset) => (self.start.line, offset),
            End::OfSource => (self.start.line, 0),
            End::Behind => (self.start.line, -1),
            End::At(end) => (end.line, characters(line_of(text, end.line).0, end.col) + 1),
        };
        let mut shown = String::from_utf8_lossy(line).into_owned();
        if self.newline && !(last && implicit) {
            shown.push('\n');
        }
        Box::new(SyntaxError {
            kind: self.kind,
            message: self.message,
            lineno: self.start.line,
            offset,
            end_lineno,
            end_offset,
            text: Some(shown),
            incomplete: self.incomplete,
        })
    }
}

/// The error for source with a NUL, which has no place.
pub(crate) fn null_bytes() -> Box<SyntaxError> {
    let message = "source code string cannot contain null bytes";
    let mut error = RawError::syntax(message, Pos::default(), Pos::default());
    error.rank = Rank::Lexer;
    error.finish(b"", false)
}

/// The line with this number, without its newline, and whether it is the last; empty beyond the
/// end.
fn line_of(text: &[u8], line: u32) -> (&[u8], bool) {
    let mut rest = text;
    for _ in 1..line {
        match memchr::memchr(b'\n', rest) {
            Some(at) => rest = &rest[at + 1..],
            None => return (b"", true),
        }
    }
    let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    (&rest[..len], len + 1 >= rest.len())
}

/// How many characters begin before byte `col`; bytes past the line's end count one each.
fn characters(line: &[u8], col: u32) -> i32 {
    let col = col as usize;
    let inside = &line[..col.min(line.len())];
    let begun = inside.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
    (begun + (col - inside.len())) as i32
}
