//! `repr()` of constants, as `dis` shows them.

use std::fmt::Write;

use adder_numtext::{complex_repr, float_repr};

use crate::code::{Const, PyStrBuf};

/// Tells whether a character beyond ASCII stands for itself in a `repr`. The tables are another
/// crate's; [`printable`] is a stand-in that knows the blocks of control and space characters.
pub type Printable = fn(u32) -> bool;

/// Printable but for controls, separators, surrogates and private use.
pub fn printable(point: u32) -> bool {
    !matches!(point,
        0x7f..=0xa0 | 0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x1680 | 0x180e
        | 0x2000..=0x200f | 0x2028..=0x202f | 0x205f..=0x206f | 0x3000 | 0xd800..=0xf8ff
        | 0xfeff | 0xfff0..=0xfffb | 0xfffe | 0xffff | 0xe0000..=0xe0fff | 0xf0000..)
}

/// Python's `repr` of a constant. Code objects show name, file and line, without an address.
pub fn const_repr(value: &Const, printable: Printable) -> String {
    let mut out = String::new();
    write_const(&mut out, value, printable, 0);
    out
}

/// Tuples are never nested as deep as this by a compiler; `marshal` could make them so.
const MAX_DEPTH: u32 = 200;

fn write_const(out: &mut String, value: &Const, printable: Printable, depth: u32) {
    if depth > MAX_DEPTH {
        return out.push_str("...");
    }
    let items = |out: &mut String, items: &[Const]| {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            write_const(out, item, printable, depth + 1);
        }
    };
    match value {
        Const::None => out.push_str("None"),
        Const::True => out.push_str("True"),
        Const::False => out.push_str("False"),
        Const::Ellipsis => out.push_str("Ellipsis"),
        Const::Int(value) => out.push_str(&value.to_string_radix(10)),
        Const::Float(value) => out.push_str(&float_repr(*value)),
        Const::Complex(real, imag) => out.push_str(&complex_repr(*real, *imag)),
        Const::Str(text) => out.push_str(&str_repr(text, printable)),
        Const::Bytes(bytes) => out.push_str(&bytes_repr(bytes)),
        Const::Tuple(members) => {
            out.push('(');
            items(out, members);
            out.push_str(if members.len() == 1 { ",)" } else { ")" });
        }
        Const::FrozenSet(members) if members.is_empty() => out.push_str("frozenset()"),
        Const::FrozenSet(members) => {
            out.push_str("frozenset({");
            items(out, members);
            out.push_str("})");
        }
        Const::Code(code) => {
            // Writing to a String cannot fail.
            let _ = write!(
                out,
                "<code object {}, file \"{}\", line {}>",
                code.name, code.filename, code.firstlineno
            );
        }
    }
}

/// `repr` of a string. Lone surrogates and other unprintable characters are escaped.
pub fn str_repr(text: &PyStrBuf, printable: Printable) -> String {
    let bytes = text.as_bytes();
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(quote);
    for point in text.code_points() {
        match char::from_u32(point) {
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c) if c == '\\' || c == quote => out.extend(['\\', c]),
            Some(c @ ' '..='~') => out.push(c),
            Some(c) if point > 0x7f && printable(point) => out.push(c),
            _ => {
                let _ = match point {
                    0..=0xff => write!(out, "\\x{point:02x}"),
                    0x100..=0xffff => write!(out, "\\u{point:04x}"),
                    _ => write!(out, "\\U{point:08x}"),
                };
            }
        }
    }
    out.push(quote);
    out
}

/// `repr` of bytes.
pub fn bytes_repr(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut out = String::with_capacity(bytes.len() + 3);
    out.push('b');
    out.push(quote);
    for &byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ if byte == b'\\' || char::from(byte) == quote => {
                out.extend(['\\', char::from(byte)]);
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use adder_bigint::Int;

    #[test]
    fn constants_look_as_in_python() {
        let one = || Const::Int(Int::from(1i64));
        for (value, text) in [
            (Const::Tuple([one()].into()), "(1,)"),
            (Const::Tuple([one(), Const::None].into()), "(1, None)"),
            (Const::FrozenSet([one()].into()), "frozenset({1})"),
            (Const::str("it's"), "\"it's\""),
            (Const::str("a\n\u{7f}\\é\u{2028}"), "'a\\n\\x7f\\\\é\\u2028'"),
            (Const::Bytes((*b"\0'\"\xff").into()), "b'\\x00\\'\"\\xff'"),
            (Const::Float(1e16), "1e+16"),
            (Const::Complex(0.0, 1.0), "1j"),
        ] {
            assert_eq!(const_repr(&value, printable), text);
        }
    }
}
