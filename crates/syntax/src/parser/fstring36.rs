//! Strings at level 3.6, where an f-string is one token whose fields are cut out by a scan for
//! brackets and quotes, and each field's expression is parsed as a source of its own.
//!
//! The expression's line numbers come out as they do in 3.6: the expression with braces around it
//! is searched for in the first string of the concatenation, and only where it is found are the
//! lines right; else they count from that string's last line.

use super::fstring::Joined;
use super::literal::{Origin, StringShape};
use super::{Mark, Parse, Parser};
use crate::Options;
use crate::ast::{Constant, Conversion, Expr, ExprKind, FormattedValue, Pos, Span};
use crate::lexer::Lexer;
use crate::lexer::token::{Tok, Token};

/// How deep fields nest in format specifications.
const MAX_NESTING: u32 = 2;

/// One f-string in its concatenation.
struct Field<'t> {
    mark: Mark,
    /// The first string of the concatenation.
    first: &'t [u8],
    /// The token, its text and what is to be known of it.
    token: Token,
    text: &'t [u8],
    raw: bool,
    /// Where the contents end in `text`.
    end: usize,
}

impl<'s, 'a> Parser<'s, 'a> {
    pub(super) fn strings36(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let first_token = self.tok;
        let first = self.lexer.slice(&first_token);
        let mut joined = Joined::new(self.exprs.len(), mark.lineno);
        let mut format = false;
        let mut bytes = None;
        while self.at(Tok::String) {
            let token = self.tok;
            let text = self.lexer.slice(&token);
            let shape = StringShape::of(text);
            if bytes.is_some_and(|bytes| bytes != shape.bytes) {
                return self.fail_here("cannot mix bytes and nonbytes literals");
            }
            bytes = Some(shape.bytes);
            if shape.format {
                format = true;
                let end = text.len() - shape.quotes;
                let field = Field { mark, first, token, text, raw: shape.raw, end };
                let at = self.parts36(&field, shape.open, 0, &mut joined)?;
                if at < end {
                    return self.fail_here("f-string: single '}' is not allowed");
                }
            } else {
                let span = Span { start: token.start, end: token.end };
                let mut out = std::mem::take(joined.text(span, shape.unicode));
                self.plain_string(&token, &mut out)?;
                *joined.text(span, shape.unicode) = std::mem::take(&mut out);
            }
            self.advance();
        }
        if format {
            let node = self.finish_joined(joined);
            return Ok(self.expr(mark, ExprKind::JoinedStr(node)));
        }
        let span = Span { start: mark.pos, end: self.prev_end };
        let value = self.pool.store(joined.text(span, false));
        let constant = if bytes == Some(true) {
            Constant::Bytes(value)
        } else {
            Constant::Str { value, u: StringShape::of(first).unicode }
        };
        Ok(self.expr(mark, ExprKind::Constant(constant)))
    }

    /// Texts and fields from offset `at` of the token; gives the offset where they end, which in
    /// a format specification is its closing brace.
    fn parts36(
        &mut self,
        field: &Field<'s>,
        mut at: usize,
        depth: u32,
        joined: &mut Joined,
    ) -> Parse<usize> {
        loop {
            let from = at;
            let (end, next, opens) = self.text36(field, at, depth)?;
            if end > from {
                let span = field.span(from, end);
                let origin = Origin {
                    span: Span { start: field.token.start, end: field.token.end },
                    start: span.start,
                };
                let mut out = std::mem::take(joined.text(span, false));
                self.decode_str(&field.text[from..end], field.raw, origin, &mut out)?;
                *joined.text(span, false) = out;
            }
            at = next;
            if opens {
                at = self.field36(field, at, depth, joined)?;
            } else if at >= field.end || (depth > 0 && field.text[at] == b'}' && end == next) {
                return Ok(at);
            }
        }
    }

    /// A literal text: its end, where to go on, and whether a field begins there.
    fn text36(&mut self, field: &Field, from: usize, depth: u32) -> Parse<(usize, usize, bool)> {
        let text = field.text;
        let mut at = from;
        while at < field.end {
            let byte = text[at];
            if byte == b'\\' && !field.raw {
                match text.get(at + 1) {
                    Some(b'N') if text.get(at + 2) == Some(&b'{') => {
                        // The braces of \N{name} are no field.
                        let rest = &text[at..field.end];
                        at += memchr::memchr(b'}', rest).unwrap_or(rest.len());
                    }
                    Some(b'{' | b'}') | None => {}
                    Some(_) => at += 1,
                }
            } else if byte == b'{' || byte == b'}' {
                if depth == 0 {
                    if at + 1 < field.end && text[at + 1] == byte {
                        return Ok((at + 1, at + 2, false));
                    }
                    if byte == b'}' {
                        return self.fail_here("f-string: single '}' is not allowed");
                    }
                }
                return Ok((at, at, byte == b'{'));
            }
            at += 1;
        }
        let at = at.min(field.end);
        Ok((at, at, false))
    }

    /// A field whose brace is at offset `at`; gives the offset behind its closing brace.
    fn field36(
        &mut self,
        field: &Field<'s>,
        at: usize,
        depth: u32,
        joined: &mut Joined,
    ) -> Parse<usize> {
        if depth >= MAX_NESTING {
            return self.fail_here("f-string: expressions nested too deeply");
        }
        let from = at + 1;
        let mut at = self.field_end36(field, from)?;
        let value = self.field_value36(field, from, at)?;
        let mut conversion = Conversion::None;
        if field.text[at] == b'!' {
            conversion = match field.text.get(at + 1).filter(|_| at + 1 < field.end) {
                Some(b's') => Conversion::Str,
                Some(b'r') => Conversion::Repr,
                Some(b'a') => Conversion::Ascii,
                Some(_) => {
                    let message =
                        "f-string: invalid conversion character: expected 's', 'r', or 'a'";
                    return self.fail_here(message);
                }
                None => return self.fail_here("f-string: expecting '}'"),
            };
            at += 2;
        }
        let mut format_spec = None;
        if at < field.end && field.text[at] == b':' {
            let mut spec = Joined::new(self.exprs.len(), field.mark.lineno);
            let from = at + 1;
            at = self.parts36(field, from, depth + 1, &mut spec)?;
            let node = self.finish_joined(spec);
            format_spec = Some(Expr {
                span: field.span(from, at),
                lineno: field.mark.lineno,
                kind: ExprKind::JoinedStr(node),
            });
        }
        if at >= field.end || field.text[at] != b'}' {
            return self.fail_here("f-string: expecting '}'");
        }
        self.flush(joined);
        let node = FormattedValue { value, conversion, format_spec };
        self.exprs.push(Expr {
            span: field.span(from - 1, at + 1),
            lineno: field.mark.lineno,
            kind: ExprKind::FormattedValue(self.arena.node(node)),
        });
        Ok(at + 1)
    }

    /// Where the expression that begins at `from` ends: at `!`, `:` or `}` outside brackets and
    /// quotes.
    fn field_end36(&mut self, field: &Field, from: usize) -> Parse<usize> {
        let text = &field.text[..field.end];
        let mut depth = 0u32;
        let mut at = from;
        while at < text.len() {
            let byte = text[at];
            match byte {
                b'\\' => {
                    let message = "f-string expression part cannot include a backslash";
                    return self.fail_here(message);
                }
                b'\'' | b'"' => {
                    let triple = text[at..].starts_with(&[byte; 3]);
                    let quote = &[byte; 3][..if triple { 3 } else { 1 }];
                    at += quote.len();
                    while at < text.len() && !text[at..].starts_with(quote) {
                        if text[at] == b'\\' {
                            let message = "f-string expression part cannot include a backslash";
                            return self.fail_here(message);
                        }
                        at += 1;
                    }
                    if at >= text.len() {
                        return self.fail_here("f-string: unterminated string");
                    }
                    at += quote.len();
                    continue;
                }
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' if depth > 0 => depth -= 1,
                b'#' => {
                    return self.fail_here("f-string expression part cannot include '#'");
                }
                b'!' if depth == 0 && text.get(at + 1) == Some(&b'=') => {}
                b'!' | b':' | b'}' if depth == 0 => return Ok(at),
                _ => {}
            }
            at += 1;
        }
        if depth > 0 {
            return self.fail_here("f-string: mismatched '(', '{', or '['");
        }
        self.fail_here("f-string: expecting '}'")
    }

    /// Parses the expression in `from..to` of the token.
    fn field_value36(&mut self, field: &Field<'s>, from: usize, to: usize) -> Parse<Expr<'a>> {
        let source = &field.text[from..to];
        if source.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r')) {
            return self.fail_here("f-string: empty expression not allowed");
        }
        self.enter()?;
        let needle = [b"{", source, b"}"].concat();
        let mut line = field.mark.lineno as i32;
        if let Some(found) = memchr::memmem::find(field.first, &needle) {
            line -= memchr::memchr_iter(b'\n', &field.first[found..]).count() as i32;
        }
        let place = field.place(from);
        let shift = line - place.line as i32;
        let mut text = source.to_vec();
        text.extend_from_slice(&[0, 0, 0]);
        let options = Options { level: self.level, ..Options::default() };
        let lexer = Lexer::at(&text, self.level, place);
        let mut inner = Parser::new(self.arena, lexer, &options, std::mem::take(&mut self.pool));
        inner.line_shift = shift;
        inner.depth = self.depth;
        let value = inner.group_contents(Tok::EndMarker);
        let error = inner.error.take();
        let (pool, warnings) = inner.into_pool();
        self.pool = pool;
        self.lexer.warnings.extend(warnings);
        if let Some(error) = error {
            self.error.get_or_insert(error);
        }
        self.leave();
        value
    }
}

impl Field<'_> {
    /// Where offset `at` of the token stands.
    fn place(&self, at: usize) -> Pos {
        let before = &self.text[..at];
        let lines = memchr::memchr_iter(b'\n', before).count() as u32;
        let start = self.token.start;
        match memchr::memrchr(b'\n', before) {
            Some(newline) => Pos { line: start.line + lines, col: (at - newline - 1) as u32 },
            None => Pos { line: start.line, col: start.col + at as u32 },
        }
    }

    fn span(&self, from: usize, to: usize) -> Span {
        Span { start: self.place(from), end: self.place(to) }
    }
}
