//! Indentation: the start of a line to INDENT and DEDENT tokens.

use super::{Lexer, Tok, Token};
use crate::ast::Pos;
use crate::error::{End, ErrorKind, Rank, RawError};

/// `MAXINDENT` of CPython's tokenizer.
const MAX_INDENTS: usize = 100;

/// Width of one indentation, with tabs to multiples of eight and with tabs as one column. Where
/// the two orders disagree the indentation depends on the tab width: a `TabError`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Indent {
    col: u32,
    alt: u32,
}

impl Lexer<'_> {
    /// Measures the line's indentation, skipping lines without code, and notes the INDENT or
    /// DEDENTs to hand out.
    pub(super) fn indentation(&mut self) -> Result<(), Token> {
        let indent = loop {
            let mut indent = Indent::default();
            // A backslash in the indentation joins lines; the first line's width counts.
            let mut joined = None;
            loop {
                match self.src[self.pos] {
                    b' ' => {
                        let rest = &self.src[self.pos..];
                        let blanks = rest.iter().take_while(|&&byte| byte == b' ').count();
                        indent.col += blanks as u32;
                        indent.alt += blanks as u32;
                        self.pos += blanks;
                        continue;
                    }
                    b'\t' => {
                        indent.col = (indent.col / 8 + 1) * 8;
                        indent.alt += 1;
                    }
                    b'\x0c' => indent = Indent::default(),
                    b'\\' if self.level.is_modern() => {
                        joined.get_or_insert(indent);
                        self.continuation(self.pos)?;
                        continue;
                    }
                    _ => break,
                }
                self.pos += 1;
            }
            match self.src[self.pos] {
                b'#' => {
                    let at = self.pos;
                    self.pos = self.line_end(at) + 1;
                    if self.type_ignores.is_some() {
                        // Of a line of its own CPython keeps the end of the line too.
                        self.note_type_ignore(at);
                    }
                    self.new_line();
                }
                b'\n' if self.is_unfinished_blank() => {
                    // CPython finds the end of the source here, and does not take it for a blank.
                    self.pos += 1;
                    break joined.unwrap_or(indent);
                }
                b'\n' => {
                    self.pos += 1;
                    self.new_line();
                }
                // The dedents of the end are handed out there.
                0 => return Ok(()),
                _ => break joined.unwrap_or(indent),
            }
        };
        if !self.brackets.is_empty() {
            return Ok(());
        }
        self.compare_indent(indent)?;
        if self.async_def.active
            && self.async_def.past_newline
            && self.async_def.depth >= self.indents.len()
        {
            self.async_def = super::AsyncDef::default();
        }
        Ok(())
    }

    /// True for a last line of blanks without a newline of its own.
    fn is_unfinished_blank(&self) -> bool {
        self.implicit_newline && self.pos > self.line_start && self.src[self.pos + 1] == 0
    }

    fn compare_indent(&mut self, indent: Indent) -> Result<(), Token> {
        let top = self.indents.last().copied().unwrap_or_default();
        if indent.col == top.col {
            return if indent.alt == top.alt { Ok(()) } else { Err(self.tab_error()) };
        }
        if indent.col > top.col {
            if self.indents.len() >= MAX_INDENTS {
                let message = "too many levels of indentation";
                return Err(self.indent_error(ErrorKind::Indentation, message));
            }
            if indent.alt <= top.alt {
                return Err(self.tab_error());
            }
            self.indents.push(indent);
            self.pending += 1;
            return Ok(());
        }
        while self.indents.len() > 1 && self.indents.last().is_some_and(|top| indent.col < top.col)
        {
            self.indents.pop();
            self.pending -= 1;
        }
        let top = self.indents.last().copied().unwrap_or_default();
        if indent.col != top.col {
            // CPython reports the end of the line, newline included.
            let end = self.line_end(self.pos);
            let error = RawError {
                kind: ErrorKind::Indentation,
                message: "unindent does not match any outer indentation level".into(),
                start: self.place(end),
                end: End::Unknown(-1),
                newline: true,
                incomplete: false,
                rank: Rank::Deferred,
            };
            return Err(self.raise(error));
        }
        if indent.alt == top.alt { Ok(()) } else { Err(self.tab_error()) }
    }

    fn tab_error(&mut self) -> Token {
        self.indent_error(ErrorKind::Tab, "inconsistent use of tabs and spaces in indentation")
    }

    fn indent_error(&mut self, kind: ErrorKind, message: &str) -> Token {
        self.pending = 0;
        self.raise(RawError {
            kind,
            message: message.into(),
            start: Pos { line: self.line, col: 0 },
            end: End::Unknown(0),
            newline: true,
            incomplete: false,
            rank: Rank::Deferred,
        })
    }

    /// Hands out one of the noted INDENTs and DEDENTs; they have no width.
    pub(super) fn pending_indent(&mut self) -> Token {
        let kind = if self.pending > 0 { Tok::Indent } else { Tok::Dedent };
        self.pending -= self.pending.signum();
        self.interrupted = self.pending != 0;
        self.token(kind, self.pos)
    }
}
