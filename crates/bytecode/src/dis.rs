//! The disassembler: code objects as data and as text, in the words and columns of CPython 3.6's
//! `Lib/dis.py`.
//!
//! Constants are shown by a function of the caller's, since the running machine has more to show
//! (the address of a code object) than there is in a code object.

use std::collections::HashSet;
use std::fmt::Write;

use crate::code::{CodeObject, Const, Instructions, PyStrBuf, flags};
use crate::lnotab::line_starts;
use crate::opcode::{CMP_OP, EXTENDED_ARG, HAVE_ARGUMENT, Op};
use crate::repr::{const_repr, printable};
use crate::table::ArgKind;

/// Shows a constant.
pub type ShowConst<'a> = &'a dyn Fn(&Const) -> String;

/// Python's `repr`, code objects without an address.
pub fn show_const(value: &Const) -> String {
    const_repr(value, printable)
}

/// What the argument of an instruction stands for.
#[derive(Clone, Debug)]
pub enum ArgValue {
    /// There is no argument.
    None,
    /// The argument itself.
    Number(u32),
    /// The offset where a jump goes.
    Target(u32),
    /// A constant.
    Const(Const),
    /// A name, or a comparison operator.
    Name(PyStrBuf),
    /// Of FORMAT_VALUE: the conversion (0 none, 1 str, 2 repr, 3 ascii), and whether there is a
    /// format spec.
    Format(u8, bool),
}

/// One instruction (`dis.Instruction`).
#[derive(Clone, Debug)]
pub struct Instruction {
    /// Its name; `<n>` for a number that is no instruction.
    pub opname: String,
    pub opcode: u8,
    pub arg: Option<u32>,
    pub argval: ArgValue,
    /// What stands in brackets behind the argument.
    pub argrepr: String,
    pub offset: u32,
    /// The line that begins here.
    pub starts_line: Option<u32>,
    pub is_jump_target: bool,
}

impl Instruction {
    /// The line of text, with room for the line number if `line_width` is not 0.
    pub fn line(&self, line_width: usize, current: bool) -> String {
        let mut out = String::new();
        if line_width > 0 {
            out = match self.starts_line {
                Some(line) => format!("{line:line_width$} "),
                None => " ".repeat(line_width + 1),
            };
        }
        out.push_str(if current { "--> " } else { "    " });
        out.push_str(if self.is_jump_target { ">> " } else { "   " });
        // Writing to a String cannot fail.
        let _ = write!(out, "{:4} {:20}", self.offset, self.opname);
        if let Some(arg) = self.arg {
            let _ = write!(out, " {arg:5}");
            if !self.argrepr.is_empty() {
                let _ = write!(out, " ({})", self.argrepr);
            }
        }
        out.truncate(out.trim_end().len());
        out
    }
}

/// The name of an instruction by number.
pub fn opname(opcode: u8) -> String {
    Op::from_u8(opcode).map_or_else(|| format!("<{opcode}>"), |op| op.name().to_owned())
}

/// `(offset, opcode, argument)`, each `EXTENDED_ARG` on its own, with what it adds up to so far
/// (`dis._unpack_opargs`).
fn unpack(code: &[u8]) -> impl Iterator<Item = (u32, u8, Option<u32>)> {
    let mut extended = 0u32;
    code.chunks_exact(2).enumerate().map(move |(i, unit)| {
        let (op, low) = (unit[0], unit[1]);
        let arg = (op >= HAVE_ARGUMENT).then(|| {
            let arg = u32::from(low) | extended;
            extended = if op == EXTENDED_ARG { arg << 8 } else { 0 };
            arg
        });
        (i as u32 * 2, op, arg)
    })
}

fn target(op: Op, offset: u32, arg: u32) -> Option<u32> {
    match op.arg_kind() {
        ArgKind::JRel => offset.checked_add(2)?.checked_add(arg),
        ArgKind::JAbs => Some(arg),
        _ => None,
    }
}

/// Offsets that are targets of jumps, in the order of the jumps (`dis.findlabels`).
pub fn find_labels(code: &[u8]) -> Vec<u32> {
    let mut labels = Vec::new();
    let mut seen = HashSet::new();
    for instruction in Instructions::new(code) {
        let label = Op::from_u8(instruction.opcode)
            .and_then(|op| target(op, instruction.offset, instruction.arg));
        if let Some(label) = label
            && seen.insert(label)
        {
            labels.push(label);
        }
    }
    labels
}

/// `dis.stack_effect`: `None` stands for `ValueError`, "invalid opcode or oparg".
pub fn stack_effect(opcode: u8, arg: Option<u32>) -> Option<i64> {
    let op = Op::from_u8(opcode).filter(|op| op.has_arg() == arg.is_some())?;
    // 3.6 has no effect for these two.
    if matches!(op, Op::NOP | Op::EXTENDED_ARG) {
        return None;
    }
    Some(op.stack_effect(arg.unwrap_or(0)))
}

/// The instructions of a code object (`dis.get_instructions`). With `first_line` lines are
/// counted from there.
pub fn instructions(
    code: &CodeObject,
    first_line: Option<u32>,
    show: ShowConst,
) -> Vec<Instruction> {
    let shift = first_line.map_or(0, |first| i64::from(first) - i64::from(code.firstlineno));
    let lines = line_starts(code);
    list(&code.code, Some(code), show, |offset| {
        let i = lines.binary_search_by_key(&offset, |&(at, _)| at).ok()?;
        u32::try_from(i64::from(lines[i].1) + shift).ok()
    })
}

fn list(
    bytes: &[u8],
    code: Option<&CodeObject>,
    show: ShowConst,
    line_at: impl Fn(u32) -> Option<u32>,
) -> Vec<Instruction> {
    let mut labels = find_labels(bytes);
    labels.sort_unstable();
    unpack(bytes)
        .map(|(offset, opcode, arg)| {
            let (argval, argrepr) = argument(code, offset, opcode, arg, show);
            Instruction {
                opname: opname(opcode),
                opcode,
                arg,
                argval,
                argrepr,
                offset,
                starts_line: line_at(offset),
                is_jump_target: labels.binary_search(&offset).is_ok(),
            }
        })
        .collect()
}

fn argument(
    code: Option<&CodeObject>,
    offset: u32,
    opcode: u8,
    arg: Option<u32>,
    show: ShowConst,
) -> (ArgValue, String) {
    let Some(arg) = arg else { return (ArgValue::None, String::new()) };
    let Some(op) = Op::from_u8(opcode) else { return (ArgValue::Number(arg), String::new()) };
    if let Some(to) = target(op, offset, arg) {
        // An absolute target is the argument itself, and is not repeated.
        let text = if op.arg_kind() == ArgKind::JRel { format!("to {to}") } else { String::new() };
        return (ArgValue::Target(to), text);
    }
    let index = arg as usize;
    let name = |name: Option<&PyStrBuf>| match (code, name) {
        (Some(_), Some(name)) => (ArgValue::Name(name.clone()), name.to_string()),
        _ => (ArgValue::Number(arg), arg.to_string()),
    };
    match op.arg_kind() {
        ArgKind::Const => match code.and_then(|code| code.consts.get(index)) {
            Some(value) => (ArgValue::Const(value.clone()), show(value)),
            None => (ArgValue::Number(arg), arg.to_string()),
        },
        ArgKind::Name => name(code.and_then(|code| code.names.get(index))),
        ArgKind::Local => name(code.and_then(|code| code.varnames.get(index))),
        ArgKind::Free => name(code.and_then(|code| code.free_name(arg))),
        ArgKind::Compare => match CMP_OP.get(index) {
            Some(&operator) => (ArgValue::Name(operator.into()), operator.to_owned()),
            None => (ArgValue::Number(arg), String::new()),
        },
        _ if op == Op::FORMAT_VALUE => {
            let conversion = (arg & 3) as usize;
            let spec = arg & 4 != 0;
            let mut text = ["", "str", "repr", "ascii"][conversion].to_owned();
            if spec {
                if !text.is_empty() {
                    text.push_str(", ");
                }
                text.push_str("with format");
            }
            (ArgValue::Format(conversion as u8, spec), text)
        }
        _ => (ArgValue::Number(arg), String::new()),
    }
}

/// The text of a code object (`dis.disassemble`): an empty line before each new source line, an
/// arrow at the instruction `lasti`.
pub fn disassemble(
    code: &CodeObject,
    lasti: Option<u32>,
    first_line: Option<u32>,
    show: ShowConst,
) -> String {
    text(instructions(code, first_line, show), lasti, 3)
}

/// The text of bare wordcode, without names, constants and lines.
pub fn disassemble_bytes(bytes: &[u8], lasti: Option<u32>) -> String {
    text(list(bytes, None, &show_const, |_| None), lasti, 0)
}

fn text(list: Vec<Instruction>, lasti: Option<u32>, line_width: usize) -> String {
    let mut out = String::new();
    for instruction in list {
        if instruction.starts_line.is_some() && instruction.offset > 0 {
            out.push('\n');
        }
        out.push_str(&instruction.line(line_width, lasti == Some(instruction.offset)));
        out.push('\n');
    }
    out
}

const FLAG_NAMES: [(u32, &str); 10] = [
    (flags::OPTIMIZED, "OPTIMIZED"),
    (flags::NEWLOCALS, "NEWLOCALS"),
    (flags::VARARGS, "VARARGS"),
    (flags::VARKEYWORDS, "VARKEYWORDS"),
    (flags::NESTED, "NESTED"),
    (flags::GENERATOR, "GENERATOR"),
    (flags::NOFREE, "NOFREE"),
    (flags::COROUTINE, "COROUTINE"),
    (flags::ITERABLE_COROUTINE, "ITERABLE_COROUTINE"),
    (flags::ASYNC_GENERATOR, "ASYNC_GENERATOR"),
];

/// The names of flags, and what has none as a number (`dis.pretty_flags`).
pub fn pretty_flags(flags: u32) -> String {
    let mut rest = flags;
    let mut names: Vec<String> = Vec::new();
    for (flag, name) in FLAG_NAMES {
        if rest & flag != 0 {
            names.push(name.to_owned());
            rest &= !flag;
        }
    }
    if rest != 0 || names.is_empty() {
        names.push(format!("{rest:#x}"));
    }
    names.join(", ")
}

/// What there is to say of a code object (`dis.code_info`), without a final newline.
pub fn code_info(code: &CodeObject, show: ShowConst) -> String {
    let mut lines = vec![
        format!("Name:              {}", code.name),
        format!("Filename:          {}", code.filename),
        format!("Argument count:    {}", code.argcount),
        format!("Kw-only arguments: {}", code.kwonlyargcount),
        format!("Number of locals:  {}", code.nlocals),
        format!("Stack size:        {}", code.stacksize),
        format!("Flags:             {}", pretty_flags(code.flags)),
    ];
    if !code.consts.is_empty() {
        lines.push("Constants:".to_owned());
        lines.extend(code.consts.iter().enumerate().map(|(i, c)| format!("{i:4}: {}", show(c))));
    }
    for (title, names) in [
        ("Names:", &code.names),
        ("Variable names:", &code.varnames),
        ("Free variables:", &code.freevars),
        ("Cell variables:", &code.cellvars),
    ] {
        if !names.is_empty() {
            lines.push(title.to_owned());
            lines.extend(names.iter().enumerate().map(|(i, name)| format!("{i:4}: {name}")));
        }
    }
    lines.join("\n")
}
