//! Which instructions a frame has passed through, for those who watch it.
//!
//! The prepared form leaves out what does nothing at run time (NOP, SETUP_*, POP_BLOCK), but a NOP is a
//! line that runs, and so is `try:`. Where control went in between is found from the instruction that
//! ran last: it fell through, or jumped, and then the jump says where to, or an exception or a `break`
//! took it to where a block says.

use crate::objects::code::Code;
use crate::runtime::prepared::{P, Prepared};
use adder_bytecode::code::flags;
use adder_bytecode::opcode::{EXTENDED_ARG, Op};
use adder_bytecode::prepared::plan::leaves_nothing;
use adder_bytecode::table::ArgKind;

/// How control came to an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passage {
    /// Byte offset of the first instruction since the one that ran last.
    pub entry: u32,
    /// The instruction that ran last jumped.
    pub jumped: bool,
    /// ... and that backwards.
    pub back: bool,
}

/// An instruction of `co_code`.
struct Instruction {
    op: Option<Op>,
    arg: u32,
    offset: u32,
}

impl Instruction {
    /// The one whose last code unit is at an offset.
    fn at(code: &[u8], offset: u32) -> Instruction {
        let unit = |at: u32| code.get(at as usize..).and_then(|rest| rest.first_chunk::<2>());
        let Some(&[op, low]) = unit(offset) else {
            return Instruction { op: None, arg: 0, offset };
        };
        let mut arg = u32::from(low);
        for (k, at) in (1..4).zip((0..offset).rev().skip(1).step_by(2)) {
            match unit(at) {
                Some(&[EXTENDED_ARG, high]) => arg |= u32::from(high) << (8 * k),
                _ => break,
            }
        }
        Instruction { op: Op::from_u8(op), arg, offset }
    }

    /// The one behind.
    fn next(&self, code: &[u8]) -> Instruction {
        let mut offset = self.offset + 2;
        while code.get(offset as usize) == Some(&EXTENDED_ARG) {
            offset += 2;
        }
        Instruction::at(code, offset)
    }

    fn target(&self) -> Option<u32> {
        let op = self.op?;
        match op.arg_kind() {
            ArgKind::JAbs => Some(self.arg),
            ArgKind::JRel if op.row().taken.is_some() || op == Op::JUMP_FORWARD => {
                Some(self.offset + 2 + self.arg)
            }
            _ => None,
        }
    }
}

/// Control never falls from such an instruction into the next.
fn leaves(op: P) -> bool {
    matches!(
        op,
        P::JumpForward
            | P::JumpBackward
            | P::ContinueLoop
            | P::BreakLoop
            | P::ReturnValue
            | P::ReturnUnwind
            | P::RaiseVarargs
            | P::Reraise
    )
}

/// How control came to the prepared instruction `index`, after `last` (-1 if that is not known).
pub fn passage(code: &Code, prepared: &Prepared, last: i64, index: usize) -> Passage {
    let offsets = &prepared.offsets;
    let own = offsets.get(index).unwrap_or(0);
    let plain = Passage { entry: own, jumped: false, back: false };
    let bytes = &code.source.code;
    let Ok(last) = usize::try_from(last) else {
        if index > 0 {
            return plain;
        }
        // A function's head is no line that runs.
        let head = code.has_flag(flags::OPTIMIZED) && own > 0 && code.begins_at_head();
        return Passage { entry: if head { 2 } else { 0 }, ..plain };
    };
    let first = Instruction::at(bytes, offsets.get(last).unwrap_or(0));
    let op = prepared.at(last).map_or(P::Nop, |i| i.op.plain());
    let (jump, end) = match op {
        P::CompareJump => {
            let second = first.next(bytes);
            (second.target(), second.offset + 2)
        }
        P::ForIterStoreFast => (first.target(), first.next(bytes).offset + 2),
        _ => (first.target(), first.offset + 2),
    };
    if index == last + 1 && !leaves(op) {
        // Other instructions in between are dead, and control came in behind them.
        let mut entry = end.min(own);
        for at in (entry..own).step_by(2) {
            let op = bytes.get(at as usize).and_then(|&op| Op::from_u8(op));
            if !op.is_some_and(leaves_nothing) {
                entry = at + 2;
            }
        }
        return Passage { entry, ..plain };
    }
    match jump {
        Some(target) if offsets.lower_bound(target) == index => {
            Passage { entry: target, jumped: true, back: target <= first.offset }
        }
        _ => {
            let blocks = prepared.blocks.iter().filter(|block| block.target as usize == index);
            Passage {
                entry: blocks.map(|block| block.offset).min().unwrap_or(own).min(own),
                ..plain
            }
        }
    }
}
