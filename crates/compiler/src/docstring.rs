//! Docstrings without the indentation they are written with (since 3.13; `inspect.cleandoc`,
//! but that blank lines at the ends stay).

use std::borrow::Cow;

use adder_syntax::bytes;
use smallvec::SmallVec;

const TAB: usize = 8;

/// Removes from all lines but the first what indentation they have in common, from the first
/// line all of it; tabs count to the next multiple of eight.
pub fn clean(text: &[u8]) -> Vec<u8> {
    let text = match bytes::find(b'\t', text) {
        Some(_) => expand_tabs(text).into(),
        None => Cow::Borrowed(text),
    };
    // Where lines end, and the blanks that all of them but the first begin with.
    let mut ends: SmallVec<[usize; 32]> = SmallVec::new();
    let mut margin = usize::MAX;
    let mut at = 0;
    while let Some(len) = bytes::find(b'\n', &text[at..]) {
        ends.push(at + len);
        at += len + 1;
        // A line of blanks alone has no indentation.
        let blanks = indentation(&text[at..]);
        if text.get(at + blanks).is_some_and(|&byte| byte != b'\n') {
            margin = margin.min(blanks);
        }
    }
    ends.push(text.len());
    if margin == usize::MAX {
        margin = 0;
    }
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut cut) = (0, indentation(&text));
    for end in ends {
        // With its newline, unless it is the last. A line that is shorter than the margin is blank.
        let behind = text.len().min(end + 1);
        out.extend_from_slice(&text[end.min(at + cut)..behind]);
        (at, cut) = (end + 1, margin);
    }
    out
}

fn indentation(line: &[u8]) -> usize {
    line.iter().take_while(|&&byte| byte == b' ').count()
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
