//! Number literals: their extent and their errors. Their values are `parser::literal`'s.

use super::{Lexer, NAME_BYTE, Tok, Token};
use crate::ast::Span;

impl Lexer<'_> {
    /// A number that begins at `at`.
    pub(super) fn number(&mut self, at: usize) -> Token {
        let mut end = at;
        // Small decimal integers are nearly all there is.
        while self.src[end].is_ascii_digit() {
            end += 1;
        }
        if self.src[at] != b'0'
            && !matches!(self.src[end], b'.' | b'_')
            && !NAME_BYTE[self.src[end] as usize]
            && end > at
            && self.src[end] < 0x80
        {
            self.pos = end;
            return self.token(Tok::Number, at);
        }
        match self.scan_number(at) {
            Ok(end) => {
                self.pos = end;
                self.token(Tok::Number, at)
            }
            Err(token) => token,
        }
    }

    fn scan_number(&mut self, at: usize) -> Result<usize, Token> {
        if self.src[at] == b'0' {
            match self.src[at + 1] {
                b'x' | b'X' => return self.radix(at, 16, "hexadecimal"),
                b'o' | b'O' => return self.radix(at, 8, "octal"),
                b'b' | b'B' => return self.radix(at, 2, "binary"),
                _ => {}
            }
        }
        let mut end = at;
        let mut float = false;
        if self.src[end] != b'.' {
            end = self.digits(end)?;
        }
        if self.src[end] == b'.' {
            float = true;
            end += 1;
            if self.src[end].is_ascii_digit() {
                end = self.digits(end)?;
            }
        }
        if matches!(self.src[end], b'e' | b'E') {
            let sign = usize::from(matches!(self.src[end + 1], b'+' | b'-'));
            if self.src[end + 1 + sign].is_ascii_digit() {
                float = true;
                end = self.digits(end + 1 + sign)?;
            } else if sign == 1 {
                return Err(self.error_at(end + 2, "invalid decimal literal"));
            }
        }
        if matches!(self.src[end], b'j' | b'J') {
            self.end_of_number(end + 1, "imaginary")?;
            return Ok(end + 1);
        }
        if !float && self.src[at] == b'0' && !self.lenient {
            let digits = &self.src[at..end];
            if let Some(zeros) = digits.iter().position(|byte| matches!(byte, b'1'..=b'9')) {
                let message = "leading zeros in decimal integer literals are not permitted; \
                               use an 0o prefix for octal integers";
                let (start, end) = (self.place(at), self.place(at + zeros));
                return Err(self.error_range(start, end, message));
            }
        }
        self.end_of_number(end, "decimal")?;
        Ok(end)
    }

    /// Decimal digits with single underscores between them; gives their end.
    fn digits(&mut self, mut at: usize) -> Result<usize, Token> {
        loop {
            while self.src[at].is_ascii_digit() {
                at += 1;
            }
            if self.src[at] != b'_' {
                return Ok(at);
            }
            at += 1;
            if !self.src[at].is_ascii_digit() {
                return Err(self.error_at(at, "invalid decimal literal"));
            }
        }
    }

    fn radix(&mut self, at: usize, radix: u32, name: &str) -> Result<usize, Token> {
        let mut end = at + 2;
        loop {
            if self.src[end] == b'_' {
                end += 1;
            }
            let from = end;
            while (self.src[end] as char).is_digit(radix) {
                end += 1;
            }
            let next = self.src[end];
            if end == from || (next.is_ascii_digit() && self.src[end] != b'_') {
                if next.is_ascii_digit() {
                    let message = format!("invalid digit '{}' in {name} literal", next as char);
                    return Err(self.error_at(end + 1, message));
                }
                return Err(self.error_at(end, format!("invalid {name} literal")));
            }
            if next != b'_' {
                break;
            }
        }
        self.end_of_number(end, name)?;
        Ok(end)
    }

    /// What may follow a number. Level 3.6 does not look; today a keyword directly after it is
    /// warned of, any other letter an error.
    fn end_of_number(&mut self, end: usize, name: &str) -> Result<(), Token> {
        let next = self.src[end];
        if !self.level.is_modern() || self.lenient || !NAME_BYTE[next as usize] {
            return Ok(());
        }
        let rest = &self.src[end..];
        let words: [&[u8]; 8] = [b"and", b"else", b"for", b"if", b"in", b"is", b"or", b"not"];
        if words.iter().any(|word| rest.starts_with(word)) {
            let (start, end) = (self.place(end), self.place(end + 1));
            self.warn(format!("invalid {name} literal"), Span { start, end });
            return Ok(());
        }
        Err(self.error_at(end, format!("invalid {name} literal")))
    }
}
