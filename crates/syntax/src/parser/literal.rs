//! Values of number and string literals.

use super::{Failed, Parse, Parser};
use crate::ast::{Constant, Pos, Span};
use crate::bytes;
use crate::lexer::token::Token;
use crate::unicode;

/// The prefix of a string literal and where its contents are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StringShape {
    pub(super) raw: bool,
    pub(super) bytes: bool,
    pub(super) format: bool,
    pub(super) unicode: bool,
    /// Length of prefix and opening quotes.
    pub(super) open: usize,
    /// Length of the closing quotes.
    pub(super) quotes: usize,
}

impl StringShape {
    /// Of the text of a whole string token.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut shape = Self::default();
        let mut at = 0;
        loop {
            match text[at] | 0x20 {
                b'r' => shape.raw = true,
                b'b' => shape.bytes = true,
                b'f' => shape.format = true,
                b'u' => shape.unicode = text[at] == b'u',
                _ => break,
            }
            at += 1;
        }
        let quote = text[at];
        let triple = text.len() >= at + 6 && text[at + 1] == quote && text[at + 2] == quote;
        shape.quotes = if triple { 3 } else { 1 };
        shape.open = at + shape.quotes;
        shape
    }
}

/// Where the contents of a literal stand, for errors and warnings about them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Of the token CPython blames.
    pub(super) span: Span,
    /// Of the first byte of the contents.
    pub(super) start: Pos,
}

impl<'a> Parser<'_, 'a> {
    /// The value of the current number token.
    pub(super) fn number(&mut self) -> Parse<Constant> {
        let text = self.lexer.slice(&self.tok);
        if text.len() <= 19 && text.iter().all(u8::is_ascii_digit) {
            let value = text.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
            return Ok(Constant::Int(value));
        }
        let clean: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'_').collect();
        let radix = match clean.get(1).map(|byte| byte | 0x20) {
            Some(b'x') if clean[0] == b'0' => 16,
            Some(b'o') if clean[0] == b'0' => 8,
            Some(b'b') if clean[0] == b'0' => 2,
            _ => 10,
        };
        if radix == 10 {
            let (body, imaginary) = match clean.split_last() {
                Some((b'j' | b'J', body)) => (body, true),
                _ => (&clean[..], false),
            };
            if imaginary || !body.iter().all(u8::is_ascii_digit) {
                let value = std::str::from_utf8(body).ok().and_then(|text| text.parse().ok());
                let Some(value) = value else { return self.unexpected() };
                return Ok(if imaginary {
                    Constant::Imaginary(value)
                } else {
                    Constant::Float(value)
                });
            }
        }
        let digits = if radix == 10 { &clean[..] } else { &clean[2..] };
        let zeros = digits.iter().take_while(|&&byte| byte == b'0').count();
        let digits = &digits[zeros..];
        let text = std::str::from_utf8(digits).unwrap_or_default();
        let limited = self.level.is_modern() && self.max_int_digits > 0;
        if radix == 10 && limited && digits.len() > self.max_int_digits {
            let message = format!(
                "Exceeds the limit ({} digits) for integer string conversion: value has {} digits; \
                 use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for \
                 huge integer literals to avoid decimal conversion limits.",
                self.max_int_digits,
                digits.len()
            );
            return self.fail_here(message);
        }
        if digits.is_empty() {
            return Ok(Constant::Int(0));
        }
        Ok(match u64::from_str_radix(text, u32::from(radix)) {
            Ok(value) => Constant::Int(value),
            Err(_) => Constant::BigInt { radix, digits: self.pool.store(digits) },
        })
    }

    /// Appends the value of a string's contents to `out`.
    pub(super) fn decode_str(
        &mut self,
        contents: &[u8],
        raw: bool,
        origin: Origin,
        out: &mut Vec<u8>,
    ) -> Parse<()> {
        if raw || bytes::find(b'\\', contents).is_none() {
            out.extend_from_slice(contents);
            return Ok(());
        }
        let mut rest = contents;
        // CPython decodes a copy in which a character beyond ASCII is written as ten; the
        // positions in its messages are the copy's.
        let mut shift = 0;
        while let Some(at) = bytes::find(b'\\', rest) {
            shift += widened(&rest[..at]);
            out.extend_from_slice(&rest[..at]);
            let offset = contents.len() - rest.len() + at;
            rest = &rest[at + 1..];
            let Some((&letter, after)) = rest.split_first() else {
                out.push(b'\\');
                return Ok(());
            };
            let simple = match letter {
                b'\n' => {
                    rest = after;
                    continue;
                }
                b'\\' | b'\'' | b'"' => letter,
                b'a' => 7,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 11,
                b'0'..=b'7' => {
                    let (value, len) = octal(rest);
                    if value > 0o377 {
                        self.warn_octal(&rest[..len], origin, contents, offset);
                    }
                    push_point(out, value);
                    rest = &rest[len..];
                    continue;
                }
                b'x' | b'u' | b'U' | b'N' => {
                    let (point, len) = self.unicode_escape(rest, offset + shift, origin)?;
                    push_point(out, point);
                    rest = &rest[len..];
                    continue;
                }
                _ => {
                    self.warn_escape(rest, origin, contents, offset);
                    if letter >= 0x80 {
                        shift += 5;
                    }
                    out.push(b'\\');
                    continue;
                }
            };
            out.push(simple);
            rest = after;
        }
        out.extend_from_slice(rest);
        Ok(())
    }

    /// `\x`, `\u`, `\U` and `\N`; `rest` begins with the letter. Gives the code point and the
    /// length after the backslash.
    fn unicode_escape(&mut self, rest: &[u8], at: usize, origin: Origin) -> Parse<(u32, usize)> {
        let digits = match rest[0] {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => return self.named_escape(rest, at, origin),
        };
        let hex = &rest[1..rest.len().min(1 + digits)];
        let count = hex.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if count < digits {
            let shape = match digits {
                2 => "\\xXX",
                4 => "\\uXXXX",
                _ => "\\UXXXXXXXX",
            };
            return self.unicode_error(at, count + 2, &format!("truncated {shape} escape"), origin);
        }
        let text = std::str::from_utf8(hex).unwrap_or_default();
        match u32::from_str_radix(text, 16) {
            Ok(point) if point <= 0x10_ffff => Ok((point, digits + 1)),
            _ => self.unicode_error(at, digits + 2, "illegal Unicode character", origin),
        }
    }

    fn named_escape(&mut self, rest: &[u8], at: usize, origin: Origin) -> Parse<(u32, usize)> {
        let malformed = "malformed \\N character escape";
        if rest.get(1) != Some(&b'{') {
            return self.unicode_error(at, 2, malformed, origin);
        }
        let name = &rest[2..];
        let Some(len) = memchr::memchr(b'}', name).filter(|&len| len > 0) else {
            let len = if name.first() == Some(&b'}') { 0 } else { name.len() };
            return self.unicode_error(at, 3 + len, malformed, origin);
        };
        let found = std::str::from_utf8(&name[..len]).ok().and_then(unicode::lookup);
        match found {
            Some(point) => Ok((point, len + 3)),
            None => self.unicode_error(at, len + 4, "unknown Unicode character name", origin),
        }
    }

    #[cold]
    fn unicode_error<T>(
        &mut self,
        at: usize,
        len: usize,
        reason: &str,
        origin: Origin,
    ) -> Parse<T> {
        let place = if len == 1 { format!("{at}") } else { format!("{at}-{}", at + len - 1) };
        let bytes = if len == 1 { "byte 0x5c" } else { "bytes" };
        let message = format!(
            "(unicode error) 'unicodeescape' codec can't decode {bytes} in position {place}: \
             {reason}"
        );
        self.fail_at(message, origin.span.start, origin.span.end)
    }

    /// Appends the value of a bytes literal's contents to `out`.
    pub(super) fn decode_bytes(
        &mut self,
        contents: &[u8],
        raw: bool,
        origin: Origin,
        out: &mut Vec<u8>,
    ) -> Parse<()> {
        if !contents.is_ascii() {
            let message = if self.level.is_modern() {
                "bytes can only contain ASCII literal characters"
            } else {
                "bytes can only contain ASCII literal characters."
            };
            return self.fail_at(message, origin.span.start, origin.span.end);
        }
        if raw {
            out.extend_from_slice(contents);
            return Ok(());
        }
        let mut rest = contents;
        while let Some(at) = bytes::find(b'\\', rest) {
            out.extend_from_slice(&rest[..at]);
            let offset = contents.len() - rest.len() + at;
            rest = &rest[at + 1..];
            let Some((&letter, after)) = rest.split_first() else {
                out.push(b'\\');
                return Ok(());
            };
            let value = match letter {
                b'\n' => {
                    rest = after;
                    continue;
                }
                b'\\' | b'\'' | b'"' => letter,
                b'a' => 7,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 11,
                b'0'..=b'7' => {
                    let (value, len) = octal(rest);
                    if value > 0o377 {
                        self.warn_octal(&rest[..len], origin, contents, offset);
                    }
                    out.push(value as u8);
                    rest = &rest[len..];
                    continue;
                }
                b'x' => {
                    let hex = &rest[1..rest.len().min(3)];
                    let text = std::str::from_utf8(hex).unwrap_or_default();
                    match u8::from_str_radix(text, 16) {
                        Ok(value) if hex.len() == 2 && hex[0] != b'+' => {
                            out.push(value);
                            rest = &rest[3..];
                            continue;
                        }
                        _ => {
                            let message =
                                format!("(value error) invalid \\x escape at position {offset}");
                            return self.fail_at(message, origin.span.start, origin.span.end);
                        }
                    }
                }
                _ => {
                    self.warn_escape(rest, origin, contents, offset);
                    out.push(b'\\');
                    continue;
                }
            };
            out.push(value);
            rest = after;
        }
        out.extend_from_slice(rest);
        Ok(())
    }

    #[cold]
    pub(super) fn warn_escape(
        &mut self,
        rest: &[u8],
        origin: Origin,
        contents: &[u8],
        offset: usize,
    ) {
        let text = String::from_utf8_lossy(&rest[..rest.len().min(4)]);
        let Some(c) = text.chars().next() else { return };
        let message = if self.level.is_modern() {
            format!(
                "\"\\{c}\" is an invalid escape sequence. Such sequences will not work in the \
                 future. Did you mean \"\\\\{c}\"? A raw string is also an option."
            )
        } else {
            format!("invalid escape sequence \\{c}")
        };
        let span = escape_span(origin, contents, offset, c.len_utf8());
        self.lexer.warn(message, span);
    }

    #[cold]
    fn warn_octal(&mut self, digits: &[u8], origin: Origin, contents: &[u8], offset: usize) {
        if !self.level.is_modern() {
            return;
        }
        let digits = String::from_utf8_lossy(digits);
        let message = format!(
            "\"\\{digits}\" is an invalid octal escape sequence. Such sequences will not work in \
             the future. Did you mean \"\\\\{digits}\"? A raw string is also an option."
        );
        self.lexer.warn(message, escape_span(origin, contents, offset, digits.len()));
    }

    /// The value of a string token without an `f`.
    pub(super) fn plain_string(&mut self, token: &Token, out: &mut Vec<u8>) -> Parse<StringShape> {
        let text = self.lexer.slice(token);
        let shape = StringShape::of(text);
        let Some(contents) = text.get(shape.open..text.len() - shape.quotes) else {
            return Err(Failed);
        };
        let start = Pos { line: token.start.line, col: token.start.col + shape.open as u32 };
        let origin = Origin { span: Span { start: token.start, end: token.end }, start };
        if shape.bytes {
            self.decode_bytes(contents, shape.raw, origin, out)?;
        } else {
            self.decode_str(contents, shape.raw, origin, out)?;
        }
        Ok(shape)
    }
}

/// Where the escape at `offset` of a literal's contents stands.
fn escape_span(origin: Origin, contents: &[u8], offset: usize, len: usize) -> Span {
    let before = &contents[..offset];
    let lines = memchr::memchr_iter(b'\n', before).count() as u32;
    let col = match memchr::memrchr(b'\n', before) {
        Some(at) => (offset - at - 1) as u32,
        None => origin.start.col + offset as u32,
    };
    let start = Pos { line: origin.start.line + lines, col };
    Span { start, end: Pos { col: col + 1 + len as u32, ..start } }
}

/// How many bytes longer CPython's copy of this text is.
fn widened(text: &[u8]) -> usize {
    let wide = text.iter().filter(|&&byte| byte >= 0x80).count();
    let begun = text.iter().filter(|&&byte| byte >= 0xc0).count();
    begun * 10 - wide.min(begun * 10)
}

/// One to three octal digits: their value and how many.
fn octal(text: &[u8]) -> (u32, usize) {
    let len = text.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    (text[..len].iter().fold(0, |value, digit| value * 8 + u32::from(digit - b'0')), len)
}

/// Appends a code point in generalised UTF-8, in which surrogates are characters like others.
fn push_point(out: &mut Vec<u8>, point: u32) {
    match char::from_u32(point) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[
            0xe0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3f) as u8,
            0x80 | (point & 0x3f) as u8,
        ]),
    }
}
