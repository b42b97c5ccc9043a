//! Bytes of a source file to text: byte order mark, encoding declaration (PEP 263), decoding.

use std::borrow::Cow;

use crate::ast::Pos;
use crate::error::{End, ErrorKind, Rank, RawError};
use crate::{Options, charmap};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// An error about the encoding; CPython gives it no place.
fn encoding_error(message: String) -> Box<RawError> {
    Box::new(RawError {
        kind: ErrorKind::Syntax,
        message,
        start: Pos::default(),
        end: End::Unknown(0),
        newline: false,
        incomplete: false,
        rank: Rank::Lexer,
    })
}

/// Decodes a source file to generalised UTF-8.
pub(crate) fn decode<'s>(
    source: &'s [u8],
    options: &Options,
) -> Result<Cow<'s, [u8]>, Box<RawError>> {
    let (bom, body) = match source.strip_prefix(BOM) {
        Some(body) => (true, body),
        None => (false, source),
    };
    let declared = declaration(body);
    let Some(name) = declared else { return utf8(body) };
    let normal = normal_name(&name);
    if bom && normal != "utf-8" {
        return Err(encoding_error(format!("encoding problem: {normal} with BOM")));
    }
    match normal.as_str() {
        "utf-8" | "utf8" => utf8(body),
        "iso-8859-1" | "latin1" => Ok(latin_1(body)),
        "ascii" | "us-ascii" => match body.iter().position(|&byte| byte >= 0x80) {
            None => Ok(Cow::Borrowed(body)),
            Some(at) => Err(encoding_error(format!(
                "'ascii' codec can't decode byte 0x{:02x} in position {at}: \
                     ordinal not in range(128)",
                body[at]
            ))),
        },
        _ => match options.decoder {
            None if charmap::upper_half(&normal).is_some() => {
                charmap_decode(body, charmap::upper_half(&normal).unwrap_or_default())
            }
            Some(decoder) => match decoder(&name, body) {
                Ok(text) => Ok(Cow::Owned(text.into_bytes())),
                Err(message) => Err(encoding_error(message)),
            },
            None => Err(encoding_error(format!("unknown encoding: {name}"))),
        },
    }
}

/// UTF-8 is taken as it is; a byte that is none is an error at its place.
fn utf8(body: &[u8]) -> Result<Cow<'_, [u8]>, Box<RawError>> {
    let Err(error) = std::str::from_utf8(body) else { return Ok(Cow::Borrowed(body)) };
    let at = error.valid_up_to();
    let line = memchr::memchr_iter(b'\n', &body[..at]).count() as u32 + 1;
    let line_start = memchr::memrchr(b'\n', &body[..at]).map_or(0, |newline| newline + 1);
    let message = format!(
        "Non-UTF-8 code starting with '\\x{:02x}' on line {line}, but no encoding declared; see \
         https://peps.python.org/pep-0263/ for details",
        body[at]
    );
    let start = Pos { line, col: (at - line_start) as u32 };
    let mut error = encoding_error(message);
    error.start = start;
    error.end = End::At(start);
    Err(error)
}

fn charmap_decode<'s>(body: &'s [u8], upper: &str) -> Result<Cow<'s, [u8]>, Box<RawError>> {
    if body.is_ascii() {
        return Ok(Cow::Borrowed(body));
    }
    let upper: Vec<char> = upper.chars().collect();
    let mut text = String::with_capacity(body.len() * 2);
    for (at, &byte) in body.iter().enumerate() {
        let c = match byte {
            0..0x80 => char::from(byte),
            _ => upper.get(usize::from(byte) - 128).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
        };
        if c == char::REPLACEMENT_CHARACTER {
            return Err(encoding_error(format!(
                "'charmap' codec can't decode byte 0x{byte:02x} in position {at}: character maps to <undefined>"
            )));
        }
        text.push(c);
    }
    Ok(Cow::Owned(text.into_bytes()))
}

fn latin_1(body: &[u8]) -> Cow<'_, [u8]> {
    if body.is_ascii() {
        return Cow::Borrowed(body);
    }
    let text: String = body.iter().map(|&byte| char::from(byte)).collect();
    Cow::Owned(text.into_bytes())
}

/// The encoding that a comment in the first two lines declares. The second line counts only if
/// the first holds nothing but a comment.
fn declaration(body: &[u8]) -> Option<String> {
    for line in body.split(|&byte| byte == b'\n').take(2) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let blank = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c')).count();
        let code = &line[blank..];
        if code.first() == Some(&b'#') {
            if let Some(name) = cookie(code) {
                return Some(name);
            }
        } else if !code.is_empty() {
            return None;
        }
    }
    None
}

/// The name after `coding:` or `coding=` in a comment.
fn cookie(comment: &[u8]) -> Option<String> {
    let mut rest = comment;
    while let Some(at) = memchr::memmem::find(rest, b"coding") {
        rest = &rest[at + 6..];
        let Some(b':' | b'=') = rest.first() else { continue };
        let after = &rest[1..];
        let blank = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let name: Vec<u8> = after[blank..]
            .iter()
            .copied()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            .collect();
        if !name.is_empty() {
            return String::from_utf8(name).ok();
        }
    }
    None
}

/// `utf-8` and `iso-8859-1` for their common spellings, others in lower case (PEP 263's
/// normalisation as CPython's tokenizer does it).
fn normal_name(name: &str) -> String {
    let lower: String = name
        .chars()
        .take(12)
        .map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() })
        .collect();
    let is = |base: &str| {
        lower == base || lower.strip_prefix(base).is_some_and(|rest| rest.starts_with('-'))
    };
    if is("utf-8") {
        return "utf-8".into();
    }
    if is("latin-1") || is("iso-8859-1") || is("iso-latin-1") {
        return "iso-8859-1".into();
    }
    name.to_ascii_lowercase().replace('_', "-")
}
