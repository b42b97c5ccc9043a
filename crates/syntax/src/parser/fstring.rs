//! Strings as atoms: implicit concatenation, f-strings (PEP 701) and t-strings (PEP 750).
//!
//! Parts are collected in a [`Joined`]: adjacent texts become one constant, and a text that
//! stays empty none.

use super::literal::Origin;
use super::{Mark, Parse, Parser};
use crate::ast::{
    Constant, Conversion, Expr, ExprKind, FormattedValue, Interpolation, JoinedStr, Pos, Span,
};
use crate::lexer::token::{Tok, Token};
use crate::lexer::{Part, Quote};

/// A string under construction; finished values are on the scratch stack above `base`.
pub(super) struct Joined {
    base: usize,
    text: Vec<u8>,
    /// Where the text under construction stands; `None` if there is none.
    span: Option<Span>,
    u: bool,
    pub(super) lineno: u32,
}

impl Joined {
    pub(super) fn new(base: usize, lineno: u32) -> Self {
        Self { base, text: Vec::new(), span: None, u: false, lineno }
    }

    /// The buffer for more text, which stands at `span`.
    pub(super) fn text(&mut self, span: Span, u: bool) -> &mut Vec<u8> {
        match &mut self.span {
            Some(all) => all.end = span.end,
            None => {
                self.span = Some(span);
                self.u = u;
            }
        }
        &mut self.text
    }
}

/// What kind of string a concatenation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Str,
    Bytes,
    Format,
    Template,
}

impl<'a> Parser<'_, 'a> {
    /// `strings`: one or more string literals side by side.
    pub(super) fn strings(&mut self) -> Parse<Expr<'a>> {
        if !self.level.is_modern() {
            return self.strings36();
        }
        let mark = self.mark();
        if self.at(Tok::String) {
            // Nearly always there is just one.
            let token = self.tok;
            let mut text = std::mem::take(&mut self.buf);
            text.clear();
            let shape = self.plain_string(&token, &mut text)?;
            self.advance();
            let more = matches!(self.tok.kind, Tok::String | Tok::FStringStart | Tok::TStringStart);
            if !more {
                let value = self.pool.store(&text);
                self.buf = text;
                let constant = if shape.bytes {
                    Constant::Bytes(value)
                } else {
                    Constant::Str { value, u: shape.unicode }
                };
                return Ok(self.expr(mark, ExprKind::Constant(constant)));
            }
            let mut joined = Joined::new(self.exprs.len(), mark.lineno);
            let span = Span { start: token.start, end: token.end };
            joined.text(span, shape.unicode).extend_from_slice(&text);
            self.buf = text;
            let kind = if shape.bytes { Kind::Bytes } else { Kind::Str };
            return self.concatenation(mark, joined, kind);
        }
        let joined = Joined::new(self.exprs.len(), mark.lineno);
        self.concatenation(mark, joined, Kind::Str)
    }

    /// The strings from the current token on.
    fn concatenation(&mut self, mark: Mark, mut joined: Joined, first: Kind) -> Parse<Expr<'a>> {
        let mut kind = first;
        let mut mixed = false;
        let mut templates = 0;
        let mut others = usize::from(joined.span.is_some());
        loop {
            let token = self.tok;
            match token.kind {
                Tok::String => {
                    let span = Span { start: token.start, end: token.end };
                    let is_bytes = super::literal::StringShape::of(self.lexer.slice(&token)).bytes;
                    let mut text = std::mem::take(&mut joined.text);
                    let shape = self.plain_string(&token, &mut text)?;
                    joined.text = text;
                    joined.text(span, shape.unicode);
                    mixed |= others + templates > 0 && is_bytes != (kind == Kind::Bytes);
                    if is_bytes {
                        kind = Kind::Bytes;
                    }
                    others += 1;
                    self.advance();
                }
                Tok::FStringStart => {
                    mixed |= kind == Kind::Bytes;
                    self.format_string(&token, &mut joined)?;
                    if kind == Kind::Str {
                        kind = Kind::Format;
                    }
                    others += 1;
                }
                Tok::TStringStart => {
                    mixed |= kind == Kind::Bytes;
                    self.format_string(&token, &mut joined)?;
                    if kind != Kind::Bytes {
                        kind = Kind::Template;
                    }
                    templates += 1;
                }
                _ => break,
            }
        }
        if templates > 0 && others > 0 {
            let message = "cannot mix t-string literals with string or bytes literals";
            return self.fail_at(message, mark.pos, self.prev_end);
        }
        if mixed {
            return self.fail_here("cannot mix bytes and nonbytes literals");
        }
        match kind {
            Kind::Str => {
                let value = self.pool.store(&joined.text);
                let constant = Constant::Str { value, u: joined.u };
                Ok(self.expr(mark, ExprKind::Constant(constant)))
            }
            Kind::Bytes => {
                let value = self.pool.store(&joined.text);
                Ok(self.expr(mark, ExprKind::Constant(Constant::Bytes(value))))
            }
            Kind::Format => {
                let node = self.finish_joined(joined);
                Ok(self.expr(mark, ExprKind::JoinedStr(node)))
            }
            Kind::Template => {
                let node = self.finish_joined(joined);
                Ok(self.expr(mark, ExprKind::TemplateStr(node)))
            }
        }
    }

    pub(super) fn finish_joined(&mut self, mut joined: Joined) -> &'a JoinedStr<'a> {
        self.flush(&mut joined);
        self.arena.node(JoinedStr { values: self.take_exprs(joined.base) })
    }

    /// Makes a constant of the text so far.
    pub(super) fn flush(&mut self, joined: &mut Joined) {
        let span = joined.span.take();
        if let Some(span) = span
            && !joined.text.is_empty()
        {
            let value = self.pool.store(&joined.text);
            let kind = ExprKind::Constant(Constant::Str { value, u: joined.u });
            self.exprs.push(Expr { span, lineno: self.joined_line(joined, span), kind });
        }
        joined.text.clear();
        joined.u = false;
    }

    fn joined_line(&self, joined: &Joined, span: Span) -> u32 {
        if self.level.is_modern() { span.start.line } else { joined.lineno }
    }

    /// One f-string or t-string; its start is the current token.
    fn format_string(&mut self, start: &Token, joined: &mut Joined) -> Parse<()> {
        self.enter()?;
        let quote = self.lexer.begin_quote(start);
        // An error from here on is not at the opening quotes.
        self.tok.kind = Tok::String;
        self.parts(&quote, joined)?;
        self.prev_end = self.lexer.here();
        self.tok = self.lexer.next();
        self.leave();
        Ok(())
    }

    /// Texts and fields, up to the closing quotes or, in a format specification, the brace.
    fn parts(&mut self, quote: &Quote, joined: &mut Joined) -> Parse<Part> {
        loop {
            let start = self.lexer.here();
            let (lo, hi, part) = self.lexer.string_part(quote);
            let end = self.lexer.place_of(hi);
            if part == Part::Error {
                self.tok = self.lexer.next();
                return self.unexpected();
            }
            if hi > lo {
                // A doubled brace belongs to the text with both its bytes.
                let brace = u32::from(part == Part::Brace);
                let span = Span { start, end: Pos { col: end.col + brace, ..end } };
                let contents = &self.lexer.text()[lo..hi];
                // CPython blames the closing quotes, the last token it has read by then.
                let close = if part == Part::End { self.lexer.here() } else { end };
                let origin = Origin { span: Span { start: end, end: close }, start };
                let mut text = std::mem::take(&mut joined.text);
                self.decode_str(contents, quote.raw, origin, &mut text)?;
                joined.text = text;
                joined.text(span, false);
                self.warn_escaped_brace(quote, contents, origin, part);
            }
            match part {
                Part::End | Part::Close => return Ok(part),
                Part::Brace => {}
                Part::Field => self.field(quote, end, joined)?,
                Part::Error => return self.unexpected(),
            }
        }
    }

    /// `\{`: a brace cannot be escaped by a backslash.
    fn warn_escaped_brace(&mut self, quote: &Quote, contents: &[u8], origin: Origin, part: Part) {
        let count = contents.iter().rev().take_while(|&&byte| byte == b'\\').count();
        if count % 2 == 1 && !quote.raw && matches!(part, Part::Field | Part::Close) {
            let brace: &[u8] = if part == Part::Field { b"{" } else { b"}" };
            self.warn_escape(brace, origin, contents, contents.len() - 1);
        }
    }

    /// A replacement field; its opening brace, at `start`, is behind the lexer. Leaves the lexer
    /// behind the closing brace.
    fn field(&mut self, quote: &Quote, start: Pos, joined: &mut Joined) -> Parse<()> {
        self.enter()?;
        let expr_from = self.lexer.offset();
        let text_start = self.lexer.here();
        self.tok = self.lexer.next();
        let value = self.field_value(quote)?;
        let mut text_to = self.lexer.offset();
        if self.at(Tok::Equal) {
            self.advance();
            text_to = self.tok.lo as usize;
            let debug_end = self.tok.start;
            let span = Span { start: text_start, end: debug_end };
            let contents = &self.lexer.text()[expr_from..text_to];
            append_without_comments(contents, joined.text(span, false));
            let equal = contents.iter().rposition(|&byte| byte == b'=').unwrap_or(0);
            if self.asks() && !matches!(self.tok.kind, Tok::Exclamation | Tok::Colon | Tok::RBrace)
            {
                let what = kind_name(quote);
                return self.fail_here(format!("{what}: expecting '!', or ':', or '}}'"));
            }
            let conversion = self.conversion(quote)?;
            let has_spec = self.at(Tok::Colon);
            let conversion = match conversion {
                Conversion::None if !has_spec => Conversion::Repr,
                other => other,
            };
            return self.finish_field(
                quote,
                start,
                value,
                conversion,
                (expr_from, expr_from + equal),
                joined,
            );
        }
        text_to = text_to.min(self.tok.lo as usize);
        let conversion = self.conversion(quote)?;
        self.finish_field(quote, start, value, conversion, (expr_from, text_to), joined)
    }

    fn field_value(&mut self, quote: &Quote) -> Parse<Expr<'a>> {
        if !self.asks() {
            return self.yield_or(Self::star_expressions);
        }
        let what = kind_name(quote);
        let first = self.tok;
        if matches!(first.kind, Tok::Equal | Tok::Exclamation | Tok::Colon | Tok::RBrace) {
            let found = char::from(self.lexer.slice(&first)[0]);
            return self.fail_here(format!("{what}: valid expression required before '{found}'"));
        }
        let value = self.yield_or(Self::star_expressions);
        let message = format!("{what}: expecting a valid expression after '{{'");
        let value = self.explain_at(value, message, &first)?;
        if !matches!(self.tok.kind, Tok::Equal | Tok::Exclamation | Tok::Colon | Tok::RBrace) {
            return self.fail_here(format!("{what}: expecting '=', or '!', or ':', or '}}'"));
        }
        Ok(value)
    }

    fn finish_field(
        &mut self,
        quote: &Quote,
        start: Pos,
        value: Expr<'a>,
        conversion: Conversion,
        text: (usize, usize),
        joined: &mut Joined,
    ) -> Parse<()> {
        let format_spec = if self.at(Tok::Colon) { Some(self.format_spec(quote)?) } else { None };
        if !self.at(Tok::RBrace) {
            return self.field_end_error(quote);
        }
        // The next token is not read: what follows is text.
        self.prev_end = self.tok.end;
        self.flush(joined);
        // The fields of a format specification are formatted in t-strings too.
        let kind = if quote.template && !quote.spec {
            let mut source = Vec::new();
            append_without_comments(&self.lexer.text()[text.0..text.1], &mut source);
            let text = self.pool.store(source.trim_ascii_end());
            let node = Interpolation { value, text, conversion, format_spec };
            ExprKind::Interpolation(self.arena.node(node))
        } else {
            ExprKind::FormattedValue(self.arena.node(FormattedValue {
                value,
                conversion,
                format_spec,
            }))
        };
        let span = self.span(start);
        self.exprs.push(Expr { span, lineno: start.line, kind });
        self.leave();
        Ok(())
    }

    /// `!r` and its like.
    fn conversion(&mut self, quote: &Quote) -> Parse<Conversion> {
        if !self.at(Tok::Exclamation) {
            return Ok(Conversion::None);
        }
        let mark = self.tok;
        self.advance();
        let token = self.tok;
        if token.kind != Tok::Name || token.start != mark.end {
            return self.conversion_error(quote, mark);
        }
        let conversion = match self.lexer.slice(&token) {
            b"s" => Conversion::Str,
            b"r" => Conversion::Repr,
            b"a" => Conversion::Ascii,
            other => {
                let name = String::from_utf8_lossy(other);
                let what = kind_name(quote);
                let message = format!(
                    "{what}: invalid conversion character '{name}': expected 's', 'r', or 'a'"
                );
                return self.fail_here(message);
            }
        };
        self.advance();
        Ok(conversion)
    }

    /// The format specification; its colon is the current token. Leaves the closing brace
    /// current.
    fn format_spec(&mut self, quote: &Quote) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let mut spec = Joined::new(self.exprs.len(), mark.lineno);
        if self.parts(&Quote { spec: true, ..*quote }, &mut spec)? == Part::End {
            // The closing quotes come before the brace.
            let end = self.lexer.here();
            let len = if quote.triple { 3 } else { 1 };
            let start = Pos { col: end.col.saturating_sub(len), ..end };
            let message = format!("{}: expecting '}}', or format specs", kind_name(quote));
            return self.fail_at(message, start, end);
        }
        self.prev_end = self.lexer.here();
        let node = self.finish_joined(spec);
        let expr = self.expr(mark, ExprKind::JoinedStr(node));
        self.tok = self.lexer.next();
        Ok(expr)
    }

    #[cold]
    fn conversion_error(&mut self, quote: &Quote, mark: Token) -> Parse<Conversion> {
        let token = self.tok;
        let what = kind_name(quote);
        if token.kind == Tok::Name {
            let message =
                format!("{what}: conversion type must come right after the exclamation mark");
            return self.fail_at(message, mark.start, token.end);
        }
        if matches!(token.kind, Tok::RBrace | Tok::Colon) {
            return self.fail_here(format!("{what}: missing conversion character"));
        }
        self.fail_here(format!("{what}: invalid conversion character"))
    }

    #[cold]
    fn field_end_error(&mut self, quote: &Quote) -> Parse<()> {
        self.fail_here(format!("{}: expecting ':' or '}}'", kind_name(quote)))
    }
}

/// Appends the source text of a field's expression as `=` shows it: without comments.
fn append_without_comments(source: &[u8], out: &mut Vec<u8>) {
    if memchr::memchr(b'#', source).is_none() {
        out.extend_from_slice(source);
        return;
    }
    let mut quote = None;
    let mut comment = false;
    for &byte in source {
        match byte {
            b'\n' => comment = false,
            b'#' if quote.is_none() => comment = true,
            b'\'' | b'"' if !comment => match quote {
                None => quote = Some(byte),
                Some(open) if open == byte => quote = None,
                Some(_) => {}
            },
            _ => {}
        }
        if !comment {
            out.push(byte);
        }
    }
}

/// What messages call a string with fields.
fn kind_name(quote: &Quote) -> &'static str {
    if quote.template { "t-string" } else { "f-string" }
}
