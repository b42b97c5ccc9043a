//! What a compilation can end in.

use std::fmt;

use adder_syntax::SyntaxError;
use adder_syntax::ast::Span;

/// Why there is no code object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// The source is not what the language allows; the exception is `SyntaxError`. The place is
    /// given; `text` and columns in characters only if the source was in the options.
    Syntax(Box<SyntaxError>),
    /// The tree is nested deeper than the compiler goes; the exception is `RecursionError`.
    Recursion,
    /// A table or jump is larger than the format of code objects can say; the exception is
    /// `OverflowError`.
    Overflow(&'static str),
}

impl CompileError {
    /// The exception's message.
    pub fn message(&self) -> &str {
        match self {
            CompileError::Syntax(error) => &error.message,
            CompileError::Recursion => "maximum recursion depth exceeded during compilation",
            CompileError::Overflow(message) => message,
        }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for CompileError {}

/// A syntax error as the passes raise it: the message and where.
#[derive(Debug)]
pub(crate) enum Failure {
    At { message: String, span: Span },
    Recursion,
    Overflow(&'static str),
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A syntax error at a place.
pub(crate) fn error<T>(message: impl Into<String>, span: Span) -> Result<T> {
    Err(Failure::At { message: message.into(), span })
}
