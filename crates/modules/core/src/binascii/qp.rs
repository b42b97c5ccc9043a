//! Quoted-printable (RFC 1521), and the variant of headers (RFC 1522).

use adder_vm::Vm;
use adder_vm::runtime::errors::PyResult;

/// The longest line, without its end.
const MAX_LINE: usize = 76;

pub struct Options {
    pub quote_tabs: bool,
    /// Newlines are line ends; otherwise they are data.
    pub text: bool,
    pub header: bool,
}

pub fn decode(data: &[u8], header: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut at = 0;
    let digit = |at: usize| data.get(at).and_then(|b| char::from(*b).to_digit(16));
    while let Some(&byte) = data.get(at) {
        at += 1;
        match byte {
            b'=' => match data.get(at) {
                None => break,
                // A soft line break: the rest of the line is dropped with it.
                Some(b'\n' | b'\r') => {
                    while data.get(at).is_some_and(|b| *b != b'\n') {
                        at += 1;
                    }
                    at += 1;
                }
                Some(b'=') => {
                    out.push(b'=');
                    at += 1;
                }
                Some(_) => match (digit(at), digit(at + 1)) {
                    (Some(high), Some(low)) => {
                        out.push((high << 4 | low) as u8);
                        at += 2;
                    }
                    _ => out.push(b'='),
                },
            },
            b'_' if header => out.push(b' '),
            _ => out.push(byte),
        }
    }
    out
}

/// Must a byte be written as `=XX`?
fn is_quoted(data: &[u8], at: usize, line_len: usize, o: &Options) -> bool {
    let byte = data[at];
    let next = data.get(at + 1);
    match byte {
        b'=' => true,
        b'_' => o.header,
        // A lone dot would end a mail.
        b'.' => line_len == 0 && matches!(next, None | Some(b'\n' | b'\r' | 0)),
        b'\r' | b'\n' => !o.text,
        // White space at the end of the data would be lost; at the end of a line, see `encode`.
        b' ' | b'\t' => o.quote_tabs || next.is_none(),
        0x21..=0x7e => false,
        _ => true,
    }
}

pub fn encode(vm: &Vm, data: &[u8], o: &Options) -> PyResult<Vec<u8>> {
    // A soft line end, and a byte in hexadecimal.
    const LONGEST: usize = 6;
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    // Lines end as the first one of the data does.
    let crlf =
        data.iter().position(|b| *b == b'\n').is_some_and(|at| at > 0 && data[at - 1] == b'\r');
    let end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    let mut out: Vec<u8> = Vec::new();
    vm.room_for(&mut out, data.len())?;
    let mut line_len = 0;
    let mut at = 0;
    while at < data.len() {
        vm.room_for(&mut out, LONGEST)?;
        let byte = data[at];
        let pair = byte == b'\r' && data.get(at + 1) == Some(&b'\n');
        if is_quoted(data, at, line_len, o) {
            if line_len + 3 >= MAX_LINE {
                out.push(b'=');
                out.extend_from_slice(end);
                line_len = 0;
            }
            out.extend([b'=', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            line_len += 3;
            at += 1;
        } else if o.text && (byte == b'\n' || pair) {
            // White space before a line end must not be lost.
            if let Some(&last @ (b' ' | b'\t')) = out.last() {
                out.pop();
                out.extend([b'=', DIGITS[usize::from(last >> 4)], DIGITS[usize::from(last & 15)]]);
            }
            out.extend_from_slice(end);
            at += if pair { 2 } else { 1 };
            line_len = 0;
        } else {
            let more = data.get(at + 1).is_some_and(|b| *b != b'\n');
            if more && line_len + 1 >= MAX_LINE {
                out.push(b'=');
                out.extend_from_slice(end);
                line_len = 0;
            }
            line_len += 1;
            if o.header && byte == b' ' {
                out.push(b'_');
            } else {
                out.push(byte);
            }
            at += 1;
        }
    }
    Ok(out)
}
