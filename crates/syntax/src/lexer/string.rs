//! String literals: their extent. Their contents are `parser::literal`'s.

use super::{Bracket, End, ErrorKind, Lexer, MAX_BRACKETS, Pos, Rank, RawError, Tok, Token};
use crate::bytes;

/// `MAXFSTRINGLEVEL` and `MAX_EXPR_NESTING` of CPython's tokenizer: how deep f-strings nest in
/// each other, and fields in format specifications.
const MAX_QUOTES: usize = 150;
const MAX_FIELDS: usize = 3;

/// How an f-string or t-string is quoted; what is needed to go on reading it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quote {
    /// `'` or `"`
    pub(crate) byte: u8,
    pub(crate) triple: bool,
    pub(crate) raw: bool,
    /// A t-string.
    pub(crate) template: bool,
    /// Where the string starts, prefix included.
    pub(crate) start: Pos,
    /// What is read is a format specification, in which `{{` and `}}` are not escapes.
    pub(crate) spec: bool,
}

/// What ends a literal part of an f-string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A replacement field begins; its brace is behind the lexer.
    Field,
    /// The closing quotes, behind the lexer.
    End,
    /// The `}` that ends a format specification, still before the lexer.
    Close,
    /// A doubled brace: the text includes the first, and the second is behind the lexer.
    Brace,
    /// The lexer has an error to tell.
    Error,
}

/// True if the one or two letters before a quote are a string prefix.
pub(super) fn is_prefix(lexer: &Lexer, at: usize, end: usize) -> bool {
    let modern = lexer.level.is_modern();
    match &lexer.src[at..end] {
        [a] => match a | 0x20 {
            b'r' | b'b' | b'u' | b'f' => true,
            b't' => modern,
            _ => false,
        },
        [a, b] => match [a | 0x20, b | 0x20] {
            [b'r', b'b' | b'f'] | [b'b' | b'f', b'r'] => true,
            [b'r', b't'] | [b't', b'r'] => modern,
            _ => false,
        },
        _ => false,
    }
}

/// The first two letters before a quote that are prefixes but do not go together (level 3.14).
pub(super) fn incompatible_prefixes(lexer: &Lexer, at: usize, end: usize) -> Option<(char, char)> {
    const PAIRS: [(u8, u8); 7] = [
        (b'u', b'b'),
        (b'u', b'r'),
        (b'u', b'f'),
        (b'u', b't'),
        (b'b', b'f'),
        (b'b', b't'),
        (b'f', b't'),
    ];
    let letters = &lexer.src[at..end];
    let has = |letter: u8| letters.iter().any(|byte| byte | 0x20 == letter);
    let each_once = letters.iter().enumerate().all(|(n, byte)| {
        matches!(byte | 0x20, b'b' | b'u' | b'r' | b'f' | b't')
            && !letters[..n].iter().any(|before| before | 0x20 == byte | 0x20)
    });
    if !each_once || !lexer.level.is_modern() {
        return None;
    }
    let pair = PAIRS.into_iter().find(|&(a, b)| has(a) && has(b))?;
    Some((char::from(pair.0), char::from(pair.1)))
}

impl Lexer<'_> {
    /// A string whose prefix begins at `at` and whose quote is at `quote`.
    pub(super) fn string(&mut self, at: usize, quote: usize) -> Token {
        let byte = self.src[quote];
        let triple = self.src[quote + 1] == byte && self.src[quote + 2] == byte;
        if self.level.is_modern() {
            for prefix in &self.src[at..quote] {
                let kind = match prefix | 0x20 {
                    b'f' => Tok::FStringStart,
                    b't' => Tok::TStringStart,
                    _ => continue,
                };
                self.pos = quote + if triple { 3 } else { 1 };
                if self.quotes.len() + 1 >= MAX_QUOTES {
                    let message = "too many nested f-strings or t-strings";
                    return self.error_at(self.pos, message);
                }
                return self.token(kind, at);
            }
        }
        if triple {
            self.triple_quoted(at, quote, byte)
        } else {
            self.single_quoted(at, quote, byte)
        }
    }

    fn single_quoted(&mut self, lo: usize, quote: usize, byte: u8) -> Token {
        let mut at = quote + 1;
        let mut escaped_quote = false;
        let start = self.place(lo);
        loop {
            let next = self.src[at];
            if next == byte {
                break;
            }
            match next {
                b'\\' => {
                    at += 1;
                    match self.src[at] {
                        b'\n' if self.src[at + 1] != 0 => {
                            self.pos = at + 1;
                            self.new_line();
                        }
                        b'\n' | 0 => continue,
                        escaped => escaped_quote |= escaped == byte,
                    }
                    at += 1;
                }
                b'\n' | 0 => {
                    return self.unterminated(start, quote, false, escaped_quote, "string");
                }
                _ => at += 1,
            }
        }
        self.pos = at + 1;
        Token { start, ..self.token(Tok::String, lo) }
    }

    fn triple_quoted(&mut self, lo: usize, quote: usize, byte: u8) -> Token {
        let mut at = quote + 3;
        let start = self.place(lo);
        loop {
            match memchr::memchr3(byte, b'\\', 0, &self.src[at..]) {
                Some(n) => at += n,
                None => at = self.src.len() - 1,
            }
            match self.src[at] {
                b'\\' => at += if self.src[at + 1] == 0 { 1 } else { 2 },
                0 => {
                    self.count_lines(quote, at);
                    return self.unterminated(start, quote, true, false, "string");
                }
                _ if self.src[at + 1] == byte && self.src[at + 2] == byte => break,
                _ => at += 1,
            }
        }
        self.count_lines(quote, at);
        self.pos = at + 3;
        Token { start, ..self.token(Tok::String, lo) }
    }

    /// Counts the lines that end in `from..to`.
    fn count_lines(&mut self, from: usize, to: usize) {
        let mut at = from;
        while let Some(newline) = bytes::find(b'\n', &self.src[at..to]) {
            at += newline + 1;
            self.line += 1;
            self.line_start = at;
        }
    }

    /// The error for a string without its end. In CPython the place is the first line, of a
    /// triple-quoted string the text too.
    fn unterminated(
        &mut self,
        start: Pos,
        from: usize,
        triple: bool,
        escaped_quote: bool,
        what: &str,
    ) -> Token {
        if self
            .quotes
            .last()
            .is_some_and(|quote| quote.byte == self.src[from] && quote.triple == triple)
            && what == "string"
        {
            // It is rather the end of the f-string around it.
            let what = self.kind_of_quote();
            return self.error_at(from + 1, format!("{what}: expecting '}}'"));
        }
        let mut line = self.line;
        if triple {
            // The end of the text is on the line after the last newline.
            line = line.saturating_sub(1).max(1);
        }
        let kind = if triple { "triple-quoted " } else { "" };
        let mut message = format!("unterminated {kind}{what} literal (detected at line {line})");
        if escaped_quote {
            message += "; perhaps you escaped the end quote?";
        }
        self.raise(RawError {
            kind: ErrorKind::Syntax,
            message,
            start,
            end: End::At(start),
            newline: false,
            incomplete: triple || what == "string" && self.is_last_line(from),
            rank: Rank::Lexer,
        })
    }

    /// Begins an f-string, whose start token this is.
    pub(crate) fn begin_quote(&mut self, token: &Token) -> Quote {
        let quote = self.quote_of(token);
        self.quotes.push(quote);
        quote
    }

    /// How the f-string whose start token this is goes on.
    pub(super) fn quote_of(&self, token: &Token) -> Quote {
        let text = self.slice(token);
        let prefix = text.iter().take_while(|byte| byte.is_ascii_alphabetic());
        let mut quote = Quote {
            byte: text.last().copied().unwrap_or(b'"'),
            triple: text.ends_with(b"\"\"\"") || text.ends_with(b"'''"),
            raw: false,
            template: false,
            start: token.start,
            spec: false,
        };
        for letter in prefix {
            quote.raw |= letter | 0x20 == b'r';
            quote.template |= letter | 0x20 == b't';
        }
        quote
    }

    /// Reads a literal part of an f-string from where the lexer stands. Gives the offsets of its
    /// text and what ended it.
    pub(crate) fn string_part(&mut self, quote: &Quote) -> (usize, usize, Part) {
        let spec = quote.spec;
        let lo = self.pos;
        let mut at = lo;
        // Inside the braces of \N{name}, which are no field.
        let mut named = false;
        loop {
            let byte = self.src[at];
            match byte {
                b'}' if named => {
                    named = false;
                    at += 1;
                }
                b'{' => {
                    if self.src[at + 1] == b'{' && !spec {
                        self.pos = at + 2;
                        return (lo, at + 1, Part::Brace);
                    }
                    self.pos = at + 1;
                    return (lo, at, self.open_field(at, spec));
                }
                b'}' => {
                    if spec {
                        self.pos = at;
                        return (lo, at, Part::Close);
                    }
                    if self.src[at + 1] == b'}' {
                        self.pos = at + 2;
                        return (lo, at + 1, Part::Brace);
                    }
                    self.pos = at + 1;
                    let what = if quote.template { "t-string" } else { "f-string" };
                    self.error_at(at + 1, format!("{what}: single '}}' is not allowed"));
                    return (lo, at, Part::Error);
                }
                b'\\' => {
                    at += 1;
                    match self.src[at] {
                        b'\n' => continue,
                        // A backslash does not escape a brace.
                        b'{' | b'}' | 0 => {}
                        b'N' if !quote.raw && self.src[at + 1] == b'{' => {
                            named = true;
                            at += 2;
                        }
                        _ => at += 1,
                    }
                }
                b'\n' => {
                    let continued = at > lo && self.src[at - 1] == b'\\';
                    if !quote.triple && (!continued || self.src[at + 1] == 0) {
                        return (lo, at, self.unterminated_part(quote, at, spec));
                    }
                    self.pos = at + 1;
                    self.new_line();
                    at += 1;
                }
                0 => return (lo, at, self.unterminated_part(quote, at, spec)),
                _ if byte == quote.byte => {
                    if !quote.triple {
                        self.pos = at + 1;
                        self.quotes.pop();
                        return (lo, at, Part::End);
                    }
                    if self.src[at + 1] == byte && self.src[at + 2] == byte {
                        self.pos = at + 3;
                        self.quotes.pop();
                        return (lo, at, Part::End);
                    }
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// True if the line of `at` is the last and has no newline of its own.
    fn is_last_line(&self, at: usize) -> bool {
        self.implicit_newline && self.line_end(at) + 3 >= self.src.len()
    }

    /// What messages call the innermost string.
    pub(super) fn kind_of_quote(&self) -> &'static str {
        match self.quotes.last() {
            Some(quote) if quote.template => "t-string",
            _ => "f-string",
        }
    }

    fn open_field(&mut self, at: usize, spec: bool) -> Part {
        if self.brackets.len() >= MAX_BRACKETS {
            self.error_at(at + 1, "too many nested parentheses");
            return Part::Error;
        }
        let depth = self.fields.iter().rev().take_while(|spec| **spec).count();
        if spec && depth + 1 >= MAX_FIELDS {
            self.error_at(at, "f-string: expressions nested too deeply");
            return Part::Error;
        }
        self.brackets.push(Bracket { byte: b'{', field: true, at: self.place(at) });
        self.fields.push(spec);
        Part::Field
    }

    fn unterminated_part(&mut self, quote: &Quote, at: usize, spec: bool) -> Part {
        let what = if quote.template { "t-string" } else { "f-string" };
        if !spec {
            self.unterminated(quote.start, at, quote.triple, false, what);
        } else if self.src[at] == 0 {
            self.unclosed();
        } else {
            let message = format!(
                "{what}: newlines are not allowed in format specifiers for single quoted {what}s"
            );
            self.error_at(at + 1, message);
        }
        self.pos = at;
        Part::Error
    }

    /// Where an offset on the lexer's current line is.
    pub(crate) fn place_of(&self, at: usize) -> Pos {
        Pos { line: self.line, col: at.wrapping_sub(self.line_start) as u32 }
    }
}
