//! `repr` of strings: quotes and escapes.

use super::search::{Unit, by_width};
use super::{Str, StrBuilder};
use crate::object::Ref;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;

/// `repr(text)`: in single quotes, unless it has one and no double quote.
pub fn repr(vm: &Vm, text: &Str) -> PyResult<Ref<Str>> {
    let (mut single, mut double) = (false, false);
    for c in text.code_points() {
        single |= c == u32::from(b'\'');
        double |= c == u32::from(b'"');
    }
    let quote = u32::from(if single && !double { b'"' } else { b'\'' });
    let mut out = StrBuilder::with_capacity(text.len() + 2);
    out.push(quote);
    by_width!(text, |s| s.iter().for_each(|c| push_escaped(&mut out, c.code(), quote)));
    out.push(quote);
    out.finish_in(vm)
}

fn push_escaped(out: &mut StrBuilder, c: u32, quote: u32) {
    match c {
        0x5c => out.push_str("\\\\"),
        0x09 => out.push_str("\\t"),
        0x0a => out.push_str("\\n"),
        0x0d => out.push_str("\\r"),
        _ if c == quote => {
            out.push(u32::from(b'\\'));
            out.push(c);
        }
        0x20..0x7f => out.push(c),
        0..0x20 | 0x7f..0xa0 => out.push_str(&format!("\\x{c:02x}")),
        _ if adder_unicode::is_printable(c) => out.push(c),
        0xa0..0x100 => out.push_str(&format!("\\x{c:02x}")),
        0x100..0x1_0000 => out.push_str(&format!("\\u{c:04x}")),
        _ => out.push_str(&format!("\\U{c:08x}")),
    }
}
