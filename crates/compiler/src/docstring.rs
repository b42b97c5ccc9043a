//! Docstrings without the indentation they are written with (since 3.13; `inspect.cleandoc`,
//! but that blank lines at the ends stay).

use std::borrow::Cow;

const TAB: usize = 8;

/// Removes from all lines but the first what indentation they have in common, from the first
/// line all of it; tabs count to the next multiple of eight.
pub fn clean(text: &[u8]) -> Vec<u8> {
    let text = if text.contains(&b'\t') { expand_tabs(text).into() } else { Cow::Borrowed(text) };
    let (first, rest) = match memchr::memchr(b'\n', &text) {
        Some(end) => (&text[..end], &text[end..]),
        None => (&text[..], &text[..0]),
    };
    let lines = Lines { rest };
    let margin = lines
        .clone()
        .filter_map(|line| line.iter().position(|&byte| byte != b' '))
        .min()
        .unwrap_or(0);
    let indent = first.iter().take_while(|&&byte| byte == b' ').count();
    let mut out = Vec::with_capacity(text.len());
    out.extend_from_slice(&first[indent..]);
    for line in lines {
        out.push(b'\n');
        // A line that is shorter than the margin is blank.
        out.extend_from_slice(line.get(margin..).unwrap_or_default());
    }
    out
}

/// The lines of a text that begins with a newline, without their newlines.
#[derive(Clone)]
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (_, behind) = self.rest.split_first()?;
        let end = memchr::memchr(b'\n', behind).unwrap_or(behind.len());
        let (line, rest) = behind.split_at(end);
        self.rest = rest;
        Some(line)
    }
}

fn expand_tabs(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut column = 0;
    for &byte in text {
        match byte {
            b'\t' => {
                let blanks = TAB - column % TAB;
                out.resize(out.len() + blanks, b' ');
                column += blanks;
                continue;
            }
            b'\n' | b'\r' => column = 0,
            // Later bytes of a character take no column.
            0x80..=0xbf => {}
            _ => column += 1,
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_indentation_goes() {
        for (text, expected) in [
            ("  a\n    b\n      c\n    ", "a\nb\n  c\n"),
            ("a", "a"),
            ("\n  a\n b", "\n a\nb"),
            ("a\n\n\tb", "a\n\nb"),
        ] {
            assert_eq!(clean(text.as_bytes()), expected.as_bytes());
        }
    }
}
