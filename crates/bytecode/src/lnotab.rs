//! `co_lnotab`, the line table: pairs of bytes, a step in the code and a signed step in lines
//! (CPython's `Objects/lnotab_notes.txt`). Large steps are several pairs, with zeros.

use crate::code::CodeObject;

/// `(offset, line)` wherever a line begins (`dis.findlinestarts`): steps that change nothing are
/// passed over, and so are lines without code.
pub fn line_starts(code: &CodeObject) -> Vec<(u32, u32)> {
    let mut starts = Vec::new();
    let mut last = None;
    let mut offset = 0u32;
    let mut line = i64::from(code.firstlineno);
    let mut begin = |offset: u32, line: i64| {
        if last != Some(line) {
            last = Some(line);
            starts.push((offset, u32::try_from(line).unwrap_or(0)));
        }
    };
    for (code_step, line_step) in steps(&code.lnotab) {
        if code_step > 0 {
            begin(offset, line);
            offset = offset.saturating_add(code_step.into());
        }
        line += i64::from(line_step);
    }
    begin(offset, line);
    starts
}

/// The line of the instruction at an offset (`PyCode_Addr2Line`).
pub fn line_at(code: &CodeObject, offset: u32) -> u32 {
    let mut at = 0u32;
    let mut line = i64::from(code.firstlineno);
    for (code_step, line_step) in steps(&code.lnotab) {
        at = at.saturating_add(code_step.into());
        if at > offset {
            break;
        }
        line += i64::from(line_step);
    }
    u32::try_from(line).unwrap_or(0)
}

fn steps(lnotab: &[u8]) -> impl Iterator<Item = (u8, i8)> {
    lnotab.chunks_exact(2).map(|pair| (pair[0], pair[1] as i8))
}
