//! The lexer: text to tokens, one at a time.
//!
//! The counterpart of CPython's `Parser/lexer`. It works on bytes that end in a newline and a NUL
//! (see [`prepare`]), so the inner loops need no test for the end. Positions are kept as a
//! line number and the offset of the line's start; nothing is allocated for a token.
//!
//! f-strings of level 3.14 are read in parts, on the parser's request ([`Lexer::string_part`]),
//! because only the parser knows where a replacement field ends. At level 3.6 they are whole
//! `String` tokens, as they were there.

mod indent;
mod number;
mod string;
pub(crate) mod token;
mod word;

use std::borrow::Cow;

use crate::TypeIgnore;
use crate::arena::Arena;
use crate::ast::{Pos, Span};
use crate::bytes;
use crate::error::{End, ErrorKind, Rank, RawError, Warning, WarningKind};
use crate::level::Level;
use crate::unicode;
pub(crate) use string::{Part, Quote};
use token::{CLASS, NAME_BYTE, Tok, Token, class};

/// `MAXLEVEL` of CPython's tokenizer: how deep brackets nest.
const MAX_BRACKETS: usize = 200;

/// An open bracket.
#[derive(Clone, Copy, Debug)]
struct Bracket {
    byte: u8,
    /// It opens a replacement field of an f-string.
    field: bool,
    at: Pos,
}

/// Level 3.6's knowledge of being inside `async def`, where `async` and `await` are keywords.
#[derive(Clone, Copy, Debug, Default)]
struct AsyncDef {
    active: bool,
    /// The signature's NEWLINE has passed.
    past_newline: bool,
    /// Depth of indentation of the `async def`.
    depth: usize,
}

/// The lexer's state. Cloning it is a checkpoint.
#[derive(Clone)]
pub(crate) struct Lexer<'s> {
    src: &'s [u8],
    level: Level,
    pos: usize,
    line: u32,
    line_start: usize,
    /// Something goes before what stands in the text: the start of a line, indents or dedents, an
    /// error.
    interrupted: bool,
    at_line_start: bool,
    /// Dedents (negative) or indents (positive) still to hand out.
    pending: i32,
    indents: Vec<indent::Indent>,
    brackets: Vec<Bracket>,
    async_def: AsyncDef,
    /// The f-strings being read, and for each of their open fields whether it is one of a format
    /// specification.
    quotes: Vec<Quote>,
    fields: Vec<bool>,
    pub(crate) error: Option<Box<RawError>>,
    pub(crate) warnings: Vec<Warning>,
    /// The last token closed a replacement field; the flag is that of `fields`.
    closed_field: Option<bool>,
    /// The text's last newline is not the source's.
    pub(crate) implicit_newline: bool,
    /// `<>` is the only "not equal" (PEP 401).
    pub(crate) flufl: bool,
    /// For `tokenize`: a number may run into a name and begin with zeros, a name have any letters
    /// beyond ASCII, and brackets need not match.
    pub(crate) lenient: bool,
    /// The `# type: ignore` comments, if somebody wants them (PEP 484).
    pub(crate) type_ignores: Option<Vec<TypeIgnore>>,
}

/// The text as the lexer wants it: `\n` line ends, a newline after the last line, two NULs.
pub(crate) fn prepare<'a>(source: &[u8], arena: &'a Arena) -> &'a [u8] {
    // (For a short text, `memchr`'s first look at the processor would take longer than all the rest.)
    let has_returns = match source.len() {
        ..64 => source.contains(&b'\r'),
        _ => memchr::memchr(b'\r', source).is_some(),
    };
    let unified = if has_returns { unify_line_ends(source).into() } else { Cow::Borrowed(source) };
    let end: &[u8] = match unified.last() {
        Some(b'\n') | None => b"\0\0",
        Some(_) => b"\n\0\0",
    };
    arena.text(&[&unified, end])
}

fn unify_line_ends(source: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = memchr::memchr(b'\r', rest) {
        text.extend_from_slice(&rest[..at]);
        text.push(b'\n');
        rest = &rest[at + 1..];
        if rest.first() == Some(&b'\n') {
            rest = &rest[1..];
        }
    }
    text.extend_from_slice(rest);
    text
}

impl<'s> Lexer<'s> {
    /// A lexer over a text made by [`prepare`], which contains no other NUL.
    pub(crate) fn new(src: &'s [u8], level: Level) -> Self {
        Self {
            src,
            level,
            pos: 0,
            line: 1,
            line_start: 0,
            interrupted: true,
            at_line_start: true,
            pending: 0,
            indents: vec![indent::Indent::default()],
            brackets: Vec::new(),
            async_def: AsyncDef::default(),
            quotes: Vec::new(),
            fields: Vec::new(),
            error: None,
            warnings: Vec::new(),
            closed_field: None,
            implicit_newline: false,
            flufl: false,
            lenient: false,
            type_ignores: None,
        }
    }

    /// The same lexer over the same text at another place in memory.
    pub(crate) fn rebase(self, src: &[u8]) -> Lexer<'_> {
        Lexer { src, ..self }
    }

    /// The innermost f-string that is being read.
    pub(crate) fn innermost_quote(&self) -> Option<Quote> {
        self.quotes.last().copied()
    }

    /// Takes the news that the last token closed a replacement field (`true`: inside a format).
    pub(crate) fn take_closed_field(&mut self) -> Option<bool> {
        self.closed_field.take()
    }

    /// A lexer over a stretch of text that stands at a known place: the expression of a level 3.6
    /// replacement field, which is read as if in brackets.
    pub(crate) fn at(src: &'s [u8], level: Level, place: Pos) -> Self {
        let mut lexer = Self::new(src, level);
        (lexer.at_line_start, lexer.interrupted) = (false, false);
        lexer.line = place.line;
        // Columns are differences to this, modulo the word.
        lexer.line_start = 0usize.wrapping_sub(place.col as usize);
        lexer.brackets.push(Bracket { byte: 0, field: false, at: place });
        lexer
    }

    /// The text of a token.
    pub(crate) fn slice(&self, token: &Token) -> &'s [u8] {
        &self.src[token.lo as usize..token.hi as usize]
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &'s [u8] {
        self.src
    }

    /// How many brackets are open.
    pub(crate) fn bracket_depth(&self) -> usize {
        self.brackets.len()
    }

    /// Where the lexer stands, just behind the last token.
    pub(crate) fn here(&self) -> Pos {
        self.place(self.pos)
    }

    /// Offset in the text of the lexer's place.
    pub(crate) fn offset(&self) -> usize {
        self.pos
    }

    #[inline]
    fn place(&self, at: usize) -> Pos {
        Pos { line: self.line, col: at.wrapping_sub(self.line_start) as u32 }
    }

    /// Finishes a token that begins at `lo` on this line and ends where the lexer stands.
    #[inline]
    fn token(&self, kind: Tok, lo: usize) -> Token {
        Token {
            kind,
            start: self.place(lo),
            end: self.place(self.pos),
            lo: lo as u32,
            hi: self.pos as u32,
        }
    }

    /// The next token. After an error or the end it is the same again and again.
    pub(crate) fn next(&mut self) -> Token {
        if self.interrupted
            && let Some(token) = self.interruption()
        {
            return token;
        }
        self.closed_field = None;
        // A NEWLINE begins where the comment before it does.
        let mut comment = None;
        loop {
            // Nearly always no blank or one: that is no question for a branch.
            let mut at = self.pos;
            at += usize::from(self.src[at] == b' ');
            self.pos = at;
            let byte = self.src[at];
            match CLASS[byte as usize] {
                class::NAME => return self.name(at),
                class::OPERATOR => return self.operator(at, byte),
                class::OPEN => return self.open(at, byte),
                class::CLOSE => return self.close(at, byte),
                class::COMMA => {
                    self.pos = at + 1;
                    return self.token(Tok::Comma, at);
                }
                class::BLANK => self.pos = at + 1,
                class::NEWLINE => {
                    self.pos = at + 1;
                    if !self.brackets.is_empty() {
                        self.new_line();
                        continue;
                    }
                    let token = self.token(Tok::Newline, comment.unwrap_or(at));
                    self.new_line();
                    (self.at_line_start, self.interrupted) = (true, true);
                    if self.async_def.active {
                        self.async_def.past_newline = true;
                    }
                    return token;
                }
                class::DIGIT => return self.number(at),
                class::QUOTE => return self.string(at, at),
                class::DOT => {
                    if self.src[at + 1].is_ascii_digit() {
                        return self.number(at);
                    }
                    if self.src[at + 1] == b'.' && self.src[at + 2] == b'.' {
                        self.pos = at + 3;
                        return self.token(Tok::Ellipsis, at);
                    }
                    self.pos = at + 1;
                    return self.token(Tok::Dot, at);
                }
                class::COMMENT => {
                    comment = Some(at);
                    self.pos = self.line_end(at);
                    if self.type_ignores.is_some() {
                        self.note_type_ignore(at);
                    }
                }
                class::BACKSLASH => {
                    if let Err(token) = self.continuation(at) {
                        return token;
                    }
                }
                class::NUL => return self.end_of_text(at),
                class::NON_ASCII => return self.wide_name(at, at),
                _ => return self.unknown(at, byte),
            }
        }
    }

    /// What goes before the next token in the text, if anything does.
    fn interruption(&mut self) -> Option<Token> {
        if self.error.is_some() {
            return Some(self.token(Tok::Error, self.pos));
        }
        if self.at_line_start {
            self.at_line_start = false;
            if let Err(token) = self.indentation() {
                return Some(token);
            }
        }
        if self.pending != 0 {
            return Some(self.pending_indent());
        }
        self.interrupted = false;
        None
    }

    /// Offset of the newline that ends the line of `at`.
    fn line_end(&self, at: usize) -> usize {
        bytes::find(b'\n', &self.src[at..]).map_or(self.src.len() - 2, |n| at + n)
    }

    /// Keeps a comment `# type: ignore`, which anything but a letter or digit may follow. The lexer
    /// stands behind it.
    #[cold]
    fn note_type_ignore(&mut self, at: usize) {
        let blanks = |text: &'s [u8]| {
            let n = text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            &text[n..]
        };
        let text = self.src.get(at + 1..self.pos).unwrap_or(&[]);
        let Some(kind) = blanks(text).strip_prefix(b"type: ") else { return };
        let Some(tag) = blanks(kind).strip_prefix(b"ignore") else { return };
        if tag.first().is_some_and(u8::is_ascii_alphanumeric) {
            return;
        }
        let line = self.line;
        if let Some(all) = &mut self.type_ignores
            && all.last().is_none_or(|last| last.line < line)
        {
            all.push(TypeIgnore { line, tag: tag.into() });
        }
    }

    /// Counts a line; the lexer stands on its first byte.
    #[inline]
    fn new_line(&mut self) {
        self.line += 1;
        self.line_start = self.pos;
    }

    /// A backslash outside a literal: joins the next line to this one.
    fn continuation(&mut self, at: usize) -> Result<(), Token> {
        let end = self.implicit_newline && self.src[at + 2] == 0;
        if self.src[at + 1] != b'\n' || end {
            // CPython counts this column from the start of its buffer, which for source held in
            // memory is the start of the text.
            self.pos = at + 1;
            let col = at + usize::from(!end);
            let error = RawError {
                kind: ErrorKind::Syntax,
                message: "unexpected character after line continuation character".into(),
                start: Pos { line: self.line, col: col.wrapping_sub(self.line_start) as u32 },
                end: End::Unknown(0),
                newline: true,
                incomplete: false,
                rank: Rank::Deferred,
            };
            return Err(self.raise(error));
        }
        if self.src[at + 2] == 0 && !self.level.is_modern() {
            // 3.6 takes the end of the text for the rest of the line.
            self.pos = at + 1;
            return Ok(());
        }
        if self.src[at + 2] == 0 {
            self.pos = at + 1;
            let error = RawError {
                kind: ErrorKind::Syntax,
                message: "unexpected EOF while parsing".into(),
                start: self.place(at + 1),
                end: End::Unknown(-1),
                newline: true,
                incomplete: true,
                rank: Rank::Deferred,
            };
            let token = self.unclosed().unwrap_or_else(|| self.raise(error));
            return Err(token);
        }
        self.pos = at + 2;
        self.new_line();
        Ok(())
    }

    fn end_of_text(&mut self, at: usize) -> Token {
        self.pos = at;
        if let Some(token) = self.unclosed() {
            return token;
        }
        if self.indents.len() > 1 {
            self.pending = -(self.indents.len() as i32 - 1);
            self.indents.truncate(1);
            return self.pending_indent();
        }
        self.token(Tok::EndMarker, at)
    }

    /// The error for a bracket that is open at the end of the text.
    fn unclosed(&mut self) -> Option<Token> {
        let bracket = *self.brackets.last()?;
        if bracket.byte == 0 {
            return None;
        }
        Some(self.raise(RawError {
            kind: ErrorKind::Syntax,
            message: format!("'{}' was never closed", bracket.byte as char),
            start: bracket.at,
            end: End::Unknown(0),
            newline: bracket.at.line + 1 >= self.line,
            incomplete: true,
            rank: Rank::Deferred,
        }))
    }

    /// Stores an error (the first one counts) and gives the token that tells of it.
    fn raise(&mut self, error: RawError) -> Token {
        let token = self.token(Tok::Error, self.pos);
        self.error.get_or_insert_with(|| Box::new(error));
        self.interrupted = true;
        token
    }

    /// An error of CPython's tokenizer at the character before `cur`.
    fn error_at(&mut self, cur: usize, message: impl Into<String>) -> Token {
        let mut at = cur.saturating_sub(1);
        while at > 0 && self.src[at] & 0xc0 == 0x80 {
            at -= 1;
        }
        let start = self.place(at);
        self.error_range(start, start, message)
    }

    fn error_range(&mut self, start: Pos, end: Pos, message: impl Into<String>) -> Token {
        self.raise(RawError {
            kind: ErrorKind::Syntax,
            message: message.into(),
            start,
            end: End::At(end),
            newline: false,
            incomplete: false,
            rank: Rank::Lexer,
        })
    }

    pub(crate) fn warn(&mut self, message: String, span: Span) {
        let modern = self.level.is_modern();
        let kind = if modern { WarningKind::Syntax } else { WarningKind::Deprecation };
        self.warnings.push(Warning { kind, message, span });
    }

    fn unknown(&mut self, at: usize, byte: u8) -> Token {
        self.pos = at + 1;
        if byte.is_ascii_control() {
            return self
                .error_at(at + 1, format!("invalid non-printable character U+{:04X}", byte));
        }
        self.token(Tok::Unknown, at)
    }

    #[inline(always)]
    fn name(&mut self, at: usize) -> Token {
        let (end, mut kind) = word::read(self.src, at);
        let byte = self.src[end];
        if byte >= 0x80 {
            return self.wide_name(at, end);
        }
        self.pos = end;
        let len = end - at;
        if (byte == b'"' || byte == b'\'') && len <= 5 {
            if len <= 2 && string::is_prefix(self, at, end) {
                return self.string(at, end);
            }
            if let Some((a, b)) = string::incompatible_prefixes(self, at, end) {
                let message = format!("'{a}' and '{b}' prefixes are incompatible");
                return self.error_range(self.place(at), self.place(end), message);
            }
        }
        if matches!(kind, Tok::Async | Tok::Await) && !self.level.is_modern() {
            kind = self.async_word_36(kind);
        }
        self.token(kind, at)
    }

    /// A name with letters beyond ASCII.
    #[cold]
    fn wide_name(&mut self, at: usize, mut end: usize) -> Token {
        while NAME_BYTE[self.src[end] as usize] || self.src[end] >= 0x80 {
            end += 1;
        }
        let text = String::from_utf8_lossy(&self.src[at..end]);
        let mut cur = at;
        for (n, c) in text.chars().enumerate() {
            cur += c.len_utf8();
            let fits = if n == 0 { unicode::is_xid_start(c) } else { unicode::is_xid_continue(c) };
            if !fits && !self.lenient {
                let point = u32::from(c);
                let message = if unicode::is_printable(c) {
                    format!("invalid character '{c}' (U+{point:04X})")
                } else {
                    format!("invalid non-printable character U+{point:04X}")
                };
                self.pos = cur.min(end);
                return self.error_at(cur.min(end), message);
            }
        }
        self.pos = end;
        self.token(Tok::Name, at)
    }

    /// Level 3.6: `async` and `await` are keywords inside `async def`, and the `async` before
    /// `def` is one everywhere (PEP 492's transition).
    #[cold]
    fn async_word_36(&mut self, kind: Tok) -> Tok {
        if self.async_def.active {
            return kind;
        }
        if kind == Tok::Async {
            let mut at = self.pos;
            while matches!(self.src[at], b' ' | b'\t' | b'\x0c') {
                at += 1;
            }
            if self.src[at..].starts_with(b"def") && !NAME_BYTE[self.src[at + 3] as usize] {
                self.async_def =
                    AsyncDef { active: true, past_newline: false, depth: self.indents.len() };
                return Tok::Async;
            }
        }
        Tok::Name
    }

    #[inline]
    fn operator(&mut self, at: usize, byte: u8) -> Token {
        let next = self.src[at + 1];
        let (kind, len) = match byte {
            b':' if next == b'=' && self.level.is_modern() && !self.in_field() => {
                (Tok::ColonEqual, 2)
            }
            b':' => (Tok::Colon, 1),
            b'=' if next == b'=' => (Tok::EqEqual, 2),
            b'=' => (Tok::Equal, 1),
            b'*' if next == b'*' && self.src[at + 2] == b'=' => (Tok::DoubleStarEqual, 3),
            b'*' if next == b'*' => (Tok::DoubleStar, 2),
            b'*' if next == b'=' => (Tok::StarEqual, 2),
            b'*' => (Tok::Star, 1),
            b'+' if next == b'=' => (Tok::PlusEqual, 2),
            b'+' => (Tok::Plus, 1),
            b'-' if next == b'=' => (Tok::MinusEqual, 2),
            b'-' if next == b'>' => (Tok::Arrow, 2),
            b'-' => (Tok::Minus, 1),
            b'%' if next == b'=' => (Tok::PercentEqual, 2),
            b'%' => (Tok::Percent, 1),
            b'/' if next == b'/' && self.src[at + 2] == b'=' => (Tok::DoubleSlashEqual, 3),
            b'/' if next == b'/' => (Tok::DoubleSlash, 2),
            b'/' if next == b'=' => (Tok::SlashEqual, 2),
            b'/' => (Tok::Slash, 1),
            b'@' if next == b'=' => (Tok::AtEqual, 2),
            b'@' => (Tok::At, 1),
            b'<' if next == b'<' && self.src[at + 2] == b'=' => (Tok::LeftShiftEqual, 3),
            b'<' if next == b'<' => (Tok::LeftShift, 2),
            b'<' if next == b'=' => (Tok::LessEqual, 2),
            b'<' if next == b'>' => (Tok::NotEqual, 2),
            b'<' => (Tok::Less, 1),
            b'>' if next == b'>' && self.src[at + 2] == b'=' => (Tok::RightShiftEqual, 3),
            b'>' if next == b'>' => (Tok::RightShift, 2),
            b'>' if next == b'=' => (Tok::GreaterEqual, 2),
            b'>' => (Tok::Greater, 1),
            b'!' if next == b'=' => (Tok::NotEqual, 2),
            b'!' => (Tok::Exclamation, 1),
            b'|' if next == b'=' => (Tok::VbarEqual, 2),
            b'|' => (Tok::Vbar, 1),
            b'&' if next == b'=' => (Tok::AmperEqual, 2),
            b'&' => (Tok::Amper, 1),
            b'^' if next == b'=' => (Tok::CircumflexEqual, 2),
            b'^' => (Tok::Circumflex, 1),
            b'~' => (Tok::Tilde, 1),
            b';' => (Tok::Semi, 1),
            _ => (Tok::Unknown, 1),
        };
        self.pos = at + len;
        self.token(kind, at)
    }

    /// A copy to go back to. Warnings stay with the original.
    pub(crate) fn fork(&mut self) -> Self {
        let warnings = std::mem::take(&mut self.warnings);
        let copy = self.clone();
        self.warnings = warnings;
        copy
    }

    /// True at the top of an f-string's replacement field, where `:` begins the format.
    pub(crate) fn in_field(&self) -> bool {
        self.brackets.last().is_some_and(|bracket| bracket.field)
    }

    fn open(&mut self, at: usize, byte: u8) -> Token {
        self.pos = at + 1;
        if self.brackets.len() >= MAX_BRACKETS {
            return self.error_at(at + 1, "too many nested parentheses");
        }
        self.brackets.push(Bracket { byte, field: false, at: self.place(at) });
        let kind = match byte {
            b'(' => Tok::LParen,
            b'[' => Tok::LBracket,
            _ => Tok::LBrace,
        };
        self.token(kind, at)
    }

    fn close(&mut self, at: usize, byte: u8) -> Token {
        self.pos = at + 1;
        let (kind, opener) = match byte {
            b')' => (Tok::RParen, b'('),
            b']' => (Tok::RBracket, b'['),
            _ => (Tok::RBrace, b'{'),
        };
        match self.brackets.pop() {
            Some(bracket) if bracket.byte == opener => {
                if bracket.field {
                    self.closed_field = self.fields.pop();
                }
                self.token(kind, at)
            }
            bracket => self.unmatched(at, kind, bracket),
        }
    }

    /// A closing bracket for which there is no opening one, or another.
    #[cold]
    fn unmatched(&mut self, at: usize, kind: Tok, bracket: Option<Bracket>) -> Token {
        let byte = self.src[at];
        match bracket {
            None if self.lenient => self.token(kind, at),
            Some(bracket) if self.lenient && !bracket.field => self.token(kind, at),
            None => self.error_at(at + 1, format!("unmatched '{}'", byte as char)),
            Some(bracket) if bracket.field => {
                let what = self.kind_of_quote();
                self.error_at(at + 1, format!("{what}: unmatched '{}'", byte as char))
            }
            Some(bracket) => {
                let (closer, opener) = (byte as char, bracket.byte as char);
                let mut message = format!(
                    "closing parenthesis '{closer}' does not match opening parenthesis '{opener}'"
                );
                if bracket.at.line != self.line {
                    message += &format!(" on line {}", bracket.at.line);
                }
                self.error_at(at + 1, message)
            }
        }
    }

    /// Reads on to the end of the text from after the token `last`, and gives an error found there
    /// that CPython prefers to one of its parser: a bad token, or a bracket never closed.
    ///
    /// `line` is the last line the parser has read.
    pub(crate) fn error_in_rest(mut self, last: &Token, line: u32) -> Option<Box<RawError>> {
        self.error = None;
        let mut token = *last;
        loop {
            match token.kind {
                Tok::EndMarker => return None,
                Tok::Error => {
                    let error = self.error.take()?;
                    if !self.quotes.is_empty() {
                        return None;
                    }
                    if error.rank == Rank::Lexer {
                        return Some(error);
                    }
                    let bracket = self.brackets.last()?;
                    if bracket.at.line < line {
                        self.unclosed();
                    }
                    return self.error;
                }
                Tok::FStringStart | Tok::TStringStart => {
                    let quote = self.quote_of(&token);
                    self.quotes.push(quote);
                    self.skip_text(false);
                }
                Tok::Colon if self.in_field() => self.skip_text(true),
                _ => {}
            }
            if let Some(spec) = self.closed_field.take() {
                self.skip_text(spec);
            }
            token = self.next();
        }
    }

    /// Passes the text of an f-string up to a field's expression or the end.
    fn skip_text(&mut self, spec: bool) {
        let Some(mut quote) = self.quotes.last().copied() else { return };
        quote.spec = spec;
        loop {
            match self.string_part(&quote).2 {
                Part::Brace => {}
                Part::End | Part::Field | Part::Close | Part::Error => return,
            }
        }
    }

    /// The text of a name token in NFKC.
    pub(crate) fn name_text(&self, token: &Token) -> Cow<'s, str> {
        let bytes = self.slice(token);
        match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => Cow::Borrowed(text),
            Ok(text) => unicode::nfkc(text),
            Err(_) => String::from_utf8_lossy(bytes),
        }
    }
}
