//! What parsing can end in: `SyntaxError` with CPython's fields, and warnings.

use crate::ast::Span;

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
    /// `ValueError`: source code with null bytes where CPython raises that (level 3.6).
    Value,
}

/// A `SyntaxError` and its kin, with the attributes CPython gives the exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    pub kind: ErrorKind,
    /// `msg`
    pub message: String,
    /// `lineno`, counted from 1; 0 stands for an unknown place.
    pub lineno: u32,
    /// `offset`, in characters, counted from 1.
    pub offset: u32,
    /// `end_lineno`, or 0 for none.
    pub end_lineno: u32,
    /// `end_offset`, in characters, counted from 1; 0 for none.
    pub end_offset: u32,
    /// `text`: the source line, with its newline if it has one.
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
