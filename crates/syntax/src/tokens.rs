//! Source as tokens, for programs that want them rather than a tree: the `tokenize` module.
//!
//! The lexer gives what the parser needs; here the comments and line ends between its tokens are added
//! if wanted, and f-strings are taken apart without a parser. CPython's counterpart:
//! `Python/Python-tokenize.c` over `Parser/lexer`.

use crate::ast::Pos;
use crate::error::SyntaxError;
use crate::level::Level;
use crate::lexer::token::{Tok, Token};
use crate::lexer::{Lexer, Part, Quote, prepare};
use std::ops::Range;

/// The numbers of tokens in 3.14's `token` module.
pub mod number {
    pub const ENDMARKER: u8 = 0;
    pub const NAME: u8 = 1;
    pub const NUMBER: u8 = 2;
    pub const STRING: u8 = 3;
    pub const NEWLINE: u8 = 4;
    pub const INDENT: u8 = 5;
    pub const DEDENT: u8 = 6;
    pub const RBRACE: u8 = 26;
    pub const LBRACE: u8 = 25;
    pub const OP: u8 = 55;
    pub const FSTRING_START: u8 = 59;
    pub const FSTRING_MIDDLE: u8 = 60;
    pub const FSTRING_END: u8 = 61;
    /// What is added to these three for template strings.
    pub const TEMPLATE: u8 = 3;
    pub const COMMENT: u8 = 65;
    pub const NL: u8 = 66;
}

/// A token. Places count columns in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceToken {
    /// As in [`number`]; operators have their own.
    pub number: u8,
    pub start: Pos,
    pub end: Pos,
    /// Where its text is in [`Tokens::text`].
    pub text: Range<usize>,
}

/// The tokens of a source, up to an error if there is one.
#[derive(Debug)]
pub struct Tokens {
    /// The source with `\n` line ends and, at its end, a newline and two NULs.
    pub text: Vec<u8>,
    pub tokens: Vec<SourceToken>,
    pub error: Option<Box<SyntaxError>>,
}

/// Reads a whole source. With `extra`, comments and line ends without meaning are tokens too.
#[must_use]
pub fn tokenize(source: &[u8], extra: bool) -> Tokens {
    let text = prepare(source);
    let mut reader = Reader {
        lexer: Lexer::new(&text, Level::Py314),
        implicit: !source.is_empty() && !matches!(source.last(), Some(b'\n' | b'\r')),
        extra,
        tokens: Vec::new(),
        at: 0,
        place: Pos { line: 1, col: 0 },
    };
    if memchr::memchr(0, source).is_some() {
        let error = Some(crate::error::null_bytes());
        return Tokens { text, tokens: Vec::new(), error };
    }
    reader.run();
    let Reader { mut lexer, tokens, implicit, .. } = reader;
    let error = lexer.error.take().map(|error| error.finish(&text, implicit));
    Tokens { tokens, error, text }
}

struct Reader<'s> {
    lexer: Lexer<'s>,
    /// The last newline is not the source's.
    implicit: bool,
    extra: bool,
    tokens: Vec<SourceToken>,
    /// Up to where the text has been given out, and that place.
    at: usize,
    place: Pos,
}

impl Reader<'_> {
    fn run(&mut self) {
        loop {
            let token = self.lexer.next();
            match token.kind {
                Tok::Error => return,
                Tok::Newline => self.newline(&token),
                Tok::Indent => self.indent(&token),
                Tok::Dedent => {
                    self.gap(token.hi as usize);
                    let place = self.place;
                    self.push(number::DEDENT, place, place, self.at..self.at);
                }
                Tok::EndMarker => {
                    self.gap(token.lo as usize);
                    let place = self.place;
                    self.push(number::ENDMARKER, place, place, self.at..self.at);
                    return;
                }
                _ => self.plain(&token),
            }
            let spec = match token.kind {
                Tok::FStringStart | Tok::TStringStart => {
                    self.lexer.begin_quote(&token);
                    Some(false)
                }
                Tok::Colon if self.lexer.in_field() => Some(true),
                _ => self.lexer.take_closed_field(),
            };
            if let Some(spec) = spec
                && !self.string_text(spec)
            {
                return;
            }
        }
    }

    fn push(&mut self, number: u8, start: Pos, end: Pos, text: Range<usize>) {
        self.tokens.push(SourceToken { number, start, end, text });
    }

    /// A token with its own text; what is before it goes first.
    fn plain(&mut self, token: &Token) {
        self.gap(token.lo as usize);
        let number = number_of(token.kind, self.lexer.slice(token));
        self.push(number, token.start, token.end, token.lo as usize..token.hi as usize);
        self.at = token.hi as usize;
        self.place = token.end;
    }

    /// Comments and line ends in the text up to `to`.
    fn gap(&mut self, to: usize) {
        let text = self.lexer.text();
        while self.at < to {
            match text[self.at] {
                b'#' => {
                    let len = memchr::memchr(b'\n', &text[self.at..to]).unwrap_or(to - self.at);
                    let end = Pos { col: self.place.col + len as u32, ..self.place };
                    if self.extra {
                        self.push(number::COMMENT, self.place, end, self.at..self.at + len);
                    }
                    self.at += len;
                    self.place = end;
                }
                b'\n' => {
                    // The newline that a backslash joins is no token.
                    let joined = self.at > 0 && text[self.at - 1] == b'\\';
                    if self.extra && !joined {
                        let end = Pos { col: self.place.col + 1, ..self.place };
                        let len = usize::from(!self.is_implicit(self.at));
                        self.push(number::NL, self.place, end, self.at..self.at + len);
                    }
                    self.at += 1;
                    self.place = Pos { line: self.place.line + 1, col: 0 };
                }
                _ => {
                    self.at += 1;
                    self.place.col += 1;
                }
            }
        }
    }

    /// Is it the newline that was put behind the source?
    fn is_implicit(&self, at: usize) -> bool {
        self.implicit && at + 3 == self.lexer.text().len()
    }

    /// A NEWLINE token begins, for the lexer, where a comment before it does.
    fn newline(&mut self, token: &Token) {
        let at = token.hi as usize - 1;
        self.gap(at);
        let end = Pos { col: self.place.col + 1, ..self.place };
        let len = usize::from(!self.is_implicit(at));
        self.push(number::NEWLINE, self.place, end, at..at + len);
        self.at = at + 1;
        self.place = Pos { line: self.place.line + 1, col: 0 };
    }

    /// An INDENT's text is the blank at the start of its line.
    fn indent(&mut self, token: &Token) {
        let to = token.hi as usize;
        let text = self.lexer.text();
        let line = memchr::memrchr(b'\n', &text[..to]).map_or(0, |at| at + 1);
        self.gap(line);
        let start = self.place;
        self.gap(to);
        self.push(number::INDENT, start, self.place, line..to);
    }

    /// The text of an f-string up to a field or the end; false after an error.
    fn string_text(&mut self, spec: bool) -> bool {
        loop {
            let Some(quote) = self.lexer.open_quote() else { return true };
            let quote = Quote { spec, ..quote };
            let kind = if quote.template { number::TEMPLATE } else { 0 };
            let start = self.lexer.here();
            let (lo, hi, part) = self.lexer.string_part(&quote);
            if part == Part::Error {
                return false;
            }
            let end = self.lexer.place_of(hi);
            if hi > lo {
                self.push(number::FSTRING_MIDDLE + kind, start, end, lo..hi);
            }
            (self.at, self.place) = (self.lexer.offset(), self.lexer.here());
            match part {
                Part::Brace => {}
                Part::Field => {
                    self.push(number::LBRACE, end, self.place, hi..self.at);
                    return true;
                }
                Part::End => {
                    self.push(number::FSTRING_END + kind, end, self.place, hi..self.at);
                    return true;
                }
                Part::Close | Part::Error => return true,
            }
        }
    }
}

/// Punctuation and operators, with their numbers.
const OPERATORS: [(&[u8], u8); 48] = [
    (b"(", 7),
    (b")", 8),
    (b"[", 9),
    (b"]", 10),
    (b":", 11),
    (b",", 12),
    (b";", 13),
    (b"+", 14),
    (b"-", 15),
    (b"*", 16),
    (b"/", 17),
    (b"|", 18),
    (b"&", 19),
    (b"<", 20),
    (b">", 21),
    (b"=", 22),
    (b".", 23),
    (b"%", 24),
    (b"{", number::LBRACE),
    (b"}", number::RBRACE),
    (b"==", 27),
    (b"!=", 28),
    (b"<=", 29),
    (b">=", 30),
    (b"~", 31),
    (b"^", 32),
    (b"<<", 33),
    (b">>", 34),
    (b"**", 35),
    (b"+=", 36),
    (b"-=", 37),
    (b"*=", 38),
    (b"/=", 39),
    (b"%=", 40),
    (b"&=", 41),
    (b"|=", 42),
    (b"^=", 43),
    (b"<<=", 44),
    (b">>=", 45),
    (b"**=", 46),
    (b"//", 47),
    (b"//=", 48),
    (b"@", 49),
    (b"@=", 50),
    (b"->", 51),
    (b"...", 52),
    (b":=", 53),
    (b"!", 54),
];

fn number_of(kind: Tok, text: &[u8]) -> u8 {
    match kind {
        Tok::Number => number::NUMBER,
        Tok::String => number::STRING,
        Tok::FStringStart => number::FSTRING_START,
        Tok::TStringStart => number::FSTRING_START + number::TEMPLATE,
        Tok::Name => number::NAME,
        _ => match OPERATORS.iter().find(|(operator, _)| *operator == text) {
            Some((_, number)) => *number,
            // Keywords are names; so is `<>`, which only PEP 401 knows, an operator.
            None if text == b"<>" => 28,
            None if kind == Tok::Unknown => number::OP,
            None => number::NAME,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(source: &str, extra: bool) -> Vec<(u8, String)> {
        let all = tokenize(source.as_bytes(), extra);
        assert!(all.error.is_none());
        let text =
            |t: &SourceToken| String::from_utf8_lossy(&all.text[t.text.clone()]).into_owned();
        all.tokens.iter().map(|t| (t.number, text(t))).collect()
    }

    fn numbers(source: &str, extra: bool) -> Vec<u8> {
        listed(source, extra).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn comments_and_blank_lines_are_extra() {
        let source = "if x: # c\n\n    # d\n    y\nz\n";
        assert_eq!(numbers(source, false), [1, 1, 11, 4, 5, 1, 4, 6, 1, 4, 0]);
        assert_eq!(numbers(source, true), [1, 1, 11, 65, 4, 66, 65, 66, 5, 1, 4, 6, 1, 4, 0]);
    }

    #[test]
    fn f_strings_come_in_parts() {
        let parts = listed("f'a{x!r:>{w}}}}b'", true);
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            texts,
            ["f'", "a", "{", "x", "!", "r", ":", ">", "{", "w", "}", "}", "}", "b", "'", "", ""]
        );
    }

    #[test]
    fn a_missing_last_newline_has_no_text() {
        let parts = listed("x", true);
        assert_eq!(parts[1], (number::NEWLINE, String::new()));
        assert_eq!(listed("# c", true)[1], (number::NL, String::new()));
    }

    #[test]
    fn errors_end_the_tokens() {
        let all = tokenize(b"x = 'a\n", true);
        assert_eq!(all.tokens.len(), 2);
        assert!(all.error.is_some_and(|e| e.message.starts_with("unterminated string literal")));
    }
}
