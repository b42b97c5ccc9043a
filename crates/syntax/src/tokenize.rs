//! Tokens for the outside: what `tokenize` shows, comments and line ends included.
//!
//! The lexer skips what the parser does not need; here the text between its tokens is looked at
//! again. f-strings are driven as the parser drives them. CPython's counterpart:
//! `Python/Python-tokenize.c`.

use std::collections::VecDeque;

use crate::ast::Pos;
use crate::error::{End, ErrorKind, Rank, RawError};
use crate::level::Level;
use crate::lexer::token::{Tok, Token};
use crate::lexer::{Lexer, Part};

/// CPython's numbers of the kinds of token (`Lib/token.py`).
pub mod kind {
    pub const END_MARKER: u8 = 0;
    pub const NAME: u8 = 1;
    pub const NUMBER: u8 = 2;
    pub const STRING: u8 = 3;
    pub const NEWLINE: u8 = 4;
    pub const INDENT: u8 = 5;
    pub const DEDENT: u8 = 6;
    pub const OP: u8 = 55;
    pub const FSTRING_START: u8 = 59;
    pub const FSTRING_MIDDLE: u8 = 60;
    pub const FSTRING_END: u8 = 61;
    /// The kinds of a t-string's parts are those of an f-string plus this.
    pub const TEMPLATE: u8 = 3;
    pub const COMMENT: u8 = 65;
    pub const NL: u8 = 66;
    /// The first and the last kind of operator.
    pub const OPERATORS: std::ops::RangeInclusive<u8> = 7..=54;
}

/// The kind of an operator by its text.
fn operator(text: &[u8]) -> u8 {
    const ALL: [&str; 48] = [
        "(", ")", "[", "]", ":", ",", ";", "+", "-", "*", "/", "|", "&", "<", ">", "=", ".", "%",
        "{", "}", "==", "!=", "<=", ">=", "~", "^", "<<", ">>", "**", "+=", "-=", "*=", "/=", "%=",
        "&=", "|=", "^=", "<<=", ">>=", "**=", "//", "//=", "@", "@=", "->", "...", ":=", "!",
    ];
    match ALL.iter().position(|op| op.as_bytes() == text) {
        Some(at) => *kind::OPERATORS.start() + at as u8,
        None if text == b"<>" => 28,
        None => kind::OP,
    }
}

/// One token. Columns count characters from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub kind: u8,
    pub text: String,
    /// Line (from 1) and column.
    pub start: (u32, i32),
    pub end: (u32, i32),
    /// The first and the last line it is on (0 at the end of the source); see
    /// [`Tokenizer::lines`].
    pub lines: (u32, u32),
}

/// Why there are no further tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: ErrorKind,
    pub message: String,
    pub lineno: u32,
    pub offset: i32,
    /// The source line; without it the exception has the message alone as its argument.
    pub text: Option<String>,
    pub end: Option<(u32, i32)>,
}

/// A line as it was given.
struct Line {
    raw: String,
    /// Where its normal form starts in the text.
    start: usize,
    /// What stood for its newline.
    ending: &'static str,
}

/// Splits source into tokens.
pub struct Tokenizer {
    text: Vec<u8>,
    lines: Vec<Line>,
    /// Over `text`, which it gets back for each step.
    lexer: Option<Lexer<'static>>,
    /// A byte's offset in the text and its place, to count columns from.
    known: (usize, (u32, i32)),
    ready: VecDeque<Item>,
    failure: Option<Failure>,
    /// Everything up to here has been shown.
    seen: usize,
    /// The literal text of an f-string is next; `true` inside a format specification.
    in_string: Option<bool>,
    finished: bool,
    extra: bool,
}

impl Tokenizer {
    /// For lines as `readline` gives them. With `extra`, comments and ends of lines without code are
    /// tokens too, and operators are of one kind.
    #[must_use]
    pub fn new(given: &[String], extra: bool) -> Self {
        let mut text = Vec::new();
        let mut lines = Vec::new();
        for piece in given.iter().flat_map(|l| l.split_inclusive('\n')) {
            let start = text.len();
            let (body, ending) = match piece.strip_suffix('\n') {
                Some(body) => match body.strip_suffix('\r') {
                    Some(body) => (body, "\r\n"),
                    None => (body, "\n"),
                },
                None => (piece, ""),
            };
            text.extend_from_slice(body.as_bytes());
            text.push(b'\n');
            lines.push(Line { raw: piece.to_string(), start, ending });
        }
        let nul = memchr::memchr(0, &text);
        let failure = nul.map(|at| {
            let line = lines.iter().rposition(|l| l.start <= at).unwrap_or(0);
            let start = lines.get(line).map_or(0, |l| l.start);
            let lineno = line as u32 + 1;
            Failure {
                kind: ErrorKind::Syntax,
                message: "source code cannot contain null bytes".into(),
                lineno,
                offset: 0,
                text: Some(String::from_utf8_lossy(&text[start..at]).into_owned()),
                end: Some((lineno, 0)),
            }
        });
        text.extend_from_slice(&[0, 0]);
        let mut lexer = Lexer::new(&[], Level::Py314);
        lexer.lenient = extra;
        Self {
            text,
            lines,
            lexer: Some(lexer),
            known: (0, (1, 0)),
            ready: VecDeque::new(),
            finished: failure.is_some(),
            failure,
            seen: 0,
            in_string: None,
            extra,
        }
    }

    /// The next token; `None` after the last.
    ///
    /// # Errors
    /// The lexer's error; then there is nothing more.
    pub fn step(&mut self) -> Result<Option<Item>, Failure> {
        while self.ready.is_empty() && !self.finished {
            // The lexer borrows the text while it works.
            let text = std::mem::take(&mut self.text);
            let Some(lexer) = self.lexer.take() else { break };
            let mut lexer = lexer.rebase(&text);
            match self.in_string {
                Some(spec) => self.string_text(&mut lexer, &text, spec),
                None => self.token(&mut lexer, &text),
            }
            self.lexer = Some(lexer.rebase(&[]));
            self.text = text;
        }
        match self.ready.pop_front() {
            Some(item) => Ok(Some(item)),
            None => self.failure.take().map_or(Ok(None), Err),
        }
    }

    /// Line and column of a byte of the text.
    fn place(&mut self, text: &[u8], at: usize) -> (u32, i32) {
        let line = self.lines.partition_point(|l| l.start <= at).max(1);
        let start = self.lines.get(line - 1).map_or(0, |l| l.start);
        let (mut from, mut col) = (start, 0);
        if self.known.0 <= at && self.known.0 > start {
            (from, col) = (self.known.0, self.known.1.1);
        }
        let begun = text[from..at].iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        col += begun as i32;
        self.known = (at, (line as u32, col));
        (line as u32, col)
    }

    /// The lines from one to another, as they were given.
    #[must_use]
    pub fn lines(&self, (from, to): (u32, u32)) -> String {
        let to = (to as usize).min(self.lines.len());
        let lines = self.lines.get((from as usize).wrapping_sub(1)..to).unwrap_or(&[]);
        lines.iter().map(|l| l.raw.as_str()).collect()
    }

    fn push(&mut self, text: &[u8], kind: u8, lo: usize, hi: usize) {
        let (start, end) = (self.place(text, lo), self.place(text, hi));
        let kind = if self.extra && kind::OPERATORS.contains(&kind) { kind::OP } else { kind };
        self.ready.push_back(Item {
            kind,
            text: String::from_utf8_lossy(&text[lo..hi]).into_owned(),
            start,
            end,
            lines: (start.0, end.0),
        });
    }

    /// NEWLINE or NL for the newline at `at`.
    fn push_newline(&mut self, text: &[u8], kind: u8, at: usize) {
        let start = self.place(text, at);
        let ending = self.lines.get(start.0 as usize - 1).map_or("\n", |l| l.ending);
        let width = if ending.len() == 2 { 2 } else { 1 };
        let (shown, width) = if self.extra { (ending, width) } else { ("", 0) };
        self.ready.push_back(Item {
            kind,
            text: shown.into(),
            start,
            end: (start.0, start.1 + width),
            lines: (start.0, start.0),
        });
    }

    /// Shows the comments and bare newlines that lie before `to`.
    fn gap(&mut self, text: &[u8], to: usize) {
        let mut at = self.seen;
        while at < to && self.extra {
            match text[at] {
                b'#' => {
                    let end = memchr::memchr(b'\n', &text[at..]).map_or(to, |n| at + n).min(to);
                    self.push(text, kind::COMMENT, at, end);
                    at = end;
                }
                // A backslash joins the lines: no token.
                b'\\' => at += 2,
                b'\n' => {
                    self.push_newline(text, kind::NL, at);
                    at += 1;
                }
                _ => at += 1,
            }
        }
        self.seen = self.seen.max(to);
    }

    fn token(&mut self, lexer: &mut Lexer<'_>, text: &[u8]) {
        let token = lexer.next();
        let (lo, hi) = (token.lo as usize, token.hi as usize);
        match token.kind {
            Tok::Error => {
                let error = lexer.error.take();
                let at_end = text[hi..] == [0, 0];
                self.gap(text, if at_end { hi } else { self.seen });
                self.fail(text, lexer, error, at_end);
                return;
            }
            Tok::Newline => {
                self.gap(text, hi - 1);
                self.push_newline(text, kind::NEWLINE, hi - 1);
            }
            Tok::EndMarker | Tok::Dedent | Tok::Indent => self.structure(text, &token),
            _ => {
                self.gap(text, lo);
                let kind = match token.kind {
                    Tok::Name => kind::NAME,
                    Tok::Number => kind::NUMBER,
                    Tok::String => kind::STRING,
                    Tok::FStringStart => kind::FSTRING_START,
                    Tok::TStringStart => kind::FSTRING_START + kind::TEMPLATE,
                    Tok::Unknown => kind::OP,
                    _ if text[lo].is_ascii_alphabetic() => kind::NAME,
                    _ => operator(&text[lo..hi]),
                };
                self.push(text, kind, lo, hi);
            }
        }
        self.seen = self.seen.max(hi);
        match token.kind {
            Tok::FStringStart | Tok::TStringStart => {
                lexer.begin_quote(&token);
                self.in_string = Some(false);
            }
            Tok::Colon if lexer.in_field() => self.in_string = Some(true),
            _ => {
                if let Some(spec) = lexer.take_closed_field() {
                    self.in_string = Some(spec);
                }
            }
        }
    }

    /// INDENT, DEDENT, ENDMARKER. Their places are odd without `extra`, as CPython's are.
    fn structure(&mut self, text: &[u8], token: &Token) {
        let (hi, line) = (token.hi as usize, token.end.line);
        self.gap(text, hi);
        let at_end = text[hi..] == [0, 0];
        let last = self.lines.len() as u32;
        let kind = match token.kind {
            Tok::Indent => kind::INDENT,
            Tok::Dedent => kind::DEDENT,
            _ => {
                self.finished = true;
                kind::END_MARKER
            }
        };
        if !self.extra {
            let line = if at_end { last.max(1) } else { line };
            let place = (line, -1);
            let (text, lines) = (String::new(), (line, line));
            self.ready.push_back(Item { kind, text, start: place, end: place, lines });
        } else if at_end {
            let place = (last + 1, 0);
            let (text, lines) = (String::new(), (0, 0));
            self.ready.push_back(Item { kind, text, start: place, end: place, lines });
        } else {
            let start = self.lines.get(line as usize - 1).map_or(hi, |l| l.start);
            self.push(text, kind, if kind == kind::INDENT { start } else { hi }, hi);
        }
    }

    /// A part of an f-string's text and what ends it.
    fn string_text(&mut self, lexer: &mut Lexer<'_>, text: &[u8], spec: bool) {
        self.in_string = None;
        let Some(mut quote) = lexer.innermost_quote() else { return };
        quote.spec = spec;
        let template = if quote.template { kind::TEMPLATE } else { 0 };
        let middle = kind::FSTRING_MIDDLE + template;
        let (lo, hi, part) = lexer.string_part(&quote);
        let end = lexer.offset();
        match part {
            Part::Brace => {
                self.push(text, middle, lo, hi);
                self.in_string = Some(spec);
            }
            Part::Field => {
                if hi > lo {
                    self.push(text, middle, lo, hi);
                }
                self.push(text, operator(b"{"), hi, end);
            }
            Part::End => {
                if hi > lo {
                    self.push(text, middle, lo, hi);
                }
                self.push(text, kind::FSTRING_END + template, hi, end);
                // Behind a nested f-string its field goes on.
            }
            Part::Close => self.push(text, middle, lo, hi),
            Part::Error => {
                if text[hi] == b'}' {
                    self.push(text, middle, lo, hi);
                }
                let error = lexer.error.take();
                self.fail(text, lexer, error, false);
                return;
            }
        }
        self.seen = end;
    }

    fn fail(&mut self, text: &[u8], lexer: &Lexer<'_>, error: Option<Box<RawError>>, at_end: bool) {
        self.finished = true;
        let Some(error) = error else { return };
        let ended = at_end && error.rank == Rank::Deferred && error.kind == ErrorKind::Syntax;
        if ended || error.message.starts_with("unexpected EOF") {
            let joined = text.len() > 3 && text[text.len() - 4] == b'\\';
            let last =
                self.lines.last().map_or(0, |l| l.raw.len() + usize::from(l.ending.is_empty()));
            let inside = joined || lexer.innermost_quote().is_some();
            self.failure = Some(Failure {
                kind: ErrorKind::Syntax,
                message: "unexpected EOF in multi-line statement".into(),
                lineno: self.lines.len() as u32,
                offset: if inside { last as i32 } else { 0 },
                text: None,
                end: None,
            });
            return;
        }
        // What the lexer finds only when asked for the token is reported at the end of the line.
        let late = error.rank == Rank::Deferred;
        let known_end = matches!(error.end, End::At(_) | End::Behind | End::OfSource);
        let Pos { line, .. } = error.start;
        let kind = error.kind;
        let finished = error.finish(text, false);
        let shown = finished.text.unwrap_or_default().trim_end_matches('\n').to_string();
        let offset = if late { shown.chars().count() as i32 + 1 } else { finished.offset };
        self.failure = Some(Failure {
            kind,
            message: finished.message,
            lineno: line,
            offset,
            text: Some(shown),
            end: (known_end && !late).then_some((finished.end_lineno, finished.end_offset)),
        });
    }
}
