//! CPython 3.6's peephole optimiser (`Python/peephole.c`): folds constant expressions, takes
//! detours out of jumps, and drops code behind a return. At both levels it is the only optimiser
//! between the tree and the machine, which does its own on the prepared form.
//!
//! The work is done in place, on code units: what goes away is first overwritten with NOP, and at
//! the end everything moves together and jumps are adjusted. Two facts shape the details: an
//! instruction never gets longer, and a fold adds its result to the constants even where nothing
//! refers to its operands any more.

use adder_bytecode::code::Const;
use adder_bytecode::opcode::{EXTENDED_ARG, Op, arg_kind_of, cmp};
use adder_bytecode::table::ArgKind;

use crate::assemble::{Encoded, Room, width};
use crate::fold;
use crate::unit::Instr;

type Unit = [u8; 2];
/// What goes away. (The NOPs that stand for lines have the argument 0.)
const NOP: Unit = [Op::NOP as u8, 1];

/// Optimises wordcode. `None` if a jump would get longer than it is, which makes all the work
/// void; what was folded stays among the constants even then.
///
/// `lines` are the instructions, whose lines are to be kept; at level 3.6 they are not.
pub(crate) fn optimize(
    encoded: Encoded,
    consts: &mut Vec<Const>,
    lines: Option<&[Instr]>,
    room: &mut Room,
) -> Option<Encoded> {
    // A step of 255 in the line table means that a step was too large for one entry; CPython 3.6
    // leaves such code alone, and also code with a step of one line back, which looks the same.
    let large = match lines {
        Some(_) => room.lnotab.chunks_exact(2).any(|step| step[0] == 255),
        None => room.lnotab.contains(&255),
    };
    if large {
        return Some(encoded);
    }
    let Encoded { code, has_places, extended } = encoded;
    let places = has_places.then_some(&room.places[..]);
    let lines = lines.map(|instrs| Lines { instrs, places });
    let (arrivals, stack) = (&room.targets[..], &mut room.consts);
    stack.clear();
    let is_wide = has_places;
    let mut pass = Pass { code, arrivals, consts, stack, has_nops: false, is_wide, lines };
    pass.run();
    let Pass { mut code, has_nops, .. } = pass;
    if has_nops {
        new_offsets(&code, &mut room.moved);
        compact(&mut code, &room.moved, places, &mut room.kept)?;
        adjust_lines(&mut room.lnotab, &room.moved);
        std::mem::swap(&mut room.places, &mut room.kept);
    }
    Some(Encoded { code, has_places: has_places || has_nops, extended })
}

/// The instructions, and to which of them code units belong if that is not their own number.
struct Lines<'a> {
    instrs: &'a [Instr],
    places: Option<&'a [u32]>,
}

impl Lines<'_> {
    fn at(&self, unit: usize) -> Option<u32> {
        let instr = match self.places {
            Some(places) => *places.get(unit)? as usize,
            None => unit,
        };
        self.instrs.get(instr).map(|instr| instr.span.start.line)
    }
}

fn op_at(code: &[Unit], i: usize) -> u8 {
    code.get(i).map_or(0, |unit| unit[0])
}

fn is(code: &[Unit], i: usize, op: Op) -> bool {
    op_at(code, i) == op as u8
}

/// The argument of the instruction that lies in `start..=i`.
fn arg_of(code: &[Unit], start: usize, i: usize) -> u32 {
    code[start..=i].iter().fold(0, |arg, unit| arg << 8 | u32::from(unit[1]))
}

/// The argument of the instruction whose last code unit is at `i`.
fn arg_at(code: &[Unit], i: usize) -> u32 {
    let mut arg = u32::from(code[i][1]);
    let mut at = i;
    let mut shift = 8;
    while at > 0 && code[at - 1][0] == EXTENDED_ARG && shift < 32 {
        at -= 1;
        arg |= u32::from(code[at][1]) << shift;
        shift += 8;
    }
    arg
}

/// The last code unit of the instruction that starts at `i`.
fn find_op(code: &[Unit], mut i: usize) -> usize {
    while op_at(code, i) == EXTENDED_ARG {
        i += 1;
    }
    i
}

#[inline]
fn is_jump(op: u8) -> Option<Op> {
    match arg_kind_of(op) {
        ArgKind::JRel | ArgKind::JAbs => Op::from_u8(op),
        _ => None,
    }
}

/// Where the jump at `i` goes, in code units.
fn target(code: &[Unit], i: usize, op: Op) -> usize {
    let arg = arg_at(code, i) as usize / 2;
    if op.arg_kind() == ArgKind::JAbs { arg } else { arg + i + 1 }
}

/// What there may be to say about an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Nothing.
    No,
    /// Nothing yet: EXTENDED_ARG belongs to the instruction that follows.
    Behind,
    Const,
    Build(Op),
    Unary(Op),
    Binary(Op),
    Not,
    Compare,
    /// A jump that keeps the value it tests.
    Keeping(Op),
    /// Any other jump.
    Jump(Op),
    Return,
}

/// That by the number of the instruction.
const STOPS: [Stop; 256] = {
    let mut table = [Stop::No; 256];
    let mut number = 0;
    while number < 256 {
        if let Some(op) = Op::from_u8(number as u8) {
            table[number] = match op {
                Op::EXTENDED_ARG => Stop::Behind,
                Op::LOAD_CONST => Stop::Const,
                Op::BUILD_TUPLE | Op::BUILD_LIST | Op::BUILD_SET => Stop::Build(op),
                Op::UNARY_NEGATIVE | Op::UNARY_INVERT | Op::UNARY_POSITIVE => Stop::Unary(op),
                Op::UNARY_NOT => Stop::Not,
                Op::COMPARE_OP => Stop::Compare,
                Op::JUMP_IF_FALSE_OR_POP | Op::JUMP_IF_TRUE_OR_POP => Stop::Keeping(op),
                Op::RETURN_VALUE => Stop::Return,
                _ if fold::is_binary(op) => Stop::Binary(op),
                _ if op.is_jump() => Stop::Jump(op),
                _ => Stop::No,
            };
        }
        number += 1;
    }
    table
};

struct Pass<'a> {
    code: Vec<Unit>,
    /// Whether a jump arrives at a code unit, or did so at first.
    arrivals: &'a [bool],
    consts: &'a mut Vec<Const>,
    /// Indices of the constants loaded by the run of LOAD_CONST that ends here.
    stack: &'a mut Vec<u32>,
    has_nops: bool,
    /// Some instruction has an EXTENDED_ARG.
    is_wide: bool,
    /// `None` at level 3.6.
    lines: Option<Lines<'a>>,
}

impl Pass<'_> {
    /// No jump arrives behind `from`, up to and including `to`.
    fn one_block(&self, from: usize, to: usize) -> bool {
        to < self.code.len() && !self.arrivals[from + 1..=to].contains(&true)
    }

    fn nops(&mut self, from: usize, to: usize) {
        self.has_nops |= from < to;
        self.code[from..to].fill(NOP);
    }

    /// Writes an instruction into the end of `from..to`, NOPs before it. False if it is too long.
    fn write(&mut self, from: usize, to: usize, op: u8, arg: u32) -> bool {
        let width = width(arg) as usize;
        if from + width > to {
            return false;
        }
        self.nops(from, to - width);
        self.write_arg(to - width, op, arg, width);
        true
    }

    fn write_arg(&mut self, start: usize, op: u8, arg: u32, width: usize) {
        for (k, unit) in self.code[start..start + width].iter_mut().enumerate() {
            let shift = 8 * (width - 1 - k);
            *unit = [if shift == 0 { op } else { EXTENDED_ARG }, (arg >> shift) as u8];
        }
    }

    /// Gives the instruction that ends at `i` another argument, if that is not longer. Where the
    /// instruction then ends.
    fn set_arg(&mut self, i: usize, arg: u32) -> Option<usize> {
        let old = arg_at(&self.code, i);
        if old == arg {
            return Some(i);
        }
        let (old, new) = (width(old) as usize, width(arg) as usize);
        if old < new {
            return None;
        }
        let start = i + 1 - old;
        let op = self.code[i][0];
        self.write_arg(start, op, arg, new);
        self.nops(start + new, i + 1);
        Some(start + new - 1)
    }

    /// Where the last `n` LOAD_CONSTs before `i` begin.
    fn consts_start(&self, mut i: usize, mut n: usize) -> usize {
        while i > 0 {
            i -= 1;
            if is(&self.code, i, Op::LOAD_CONST) {
                n -= 1;
                if n == 0 {
                    while i > 0 && self.code[i - 1][0] == EXTENDED_ARG {
                        i -= 1;
                    }
                    return i;
                }
            }
        }
        0
    }

    fn run(&mut self) {
        let mut i = 0;
        let mut in_consts = false;
        while let Some(unit) = self.code.get(i) {
            let stop = STOPS[unit[0] as usize];
            if stop == Stop::No {
                in_consts = false;
                i += 1;
                continue;
            }
            if stop == Stop::Behind {
                i += 1;
                continue;
            }
            if !in_consts {
                self.stack.clear();
            }
            let (mut start, mut next) = (i, i + 1);
            if self.is_wide {
                while start > 0 && self.code[start - 1][0] == EXTENDED_ARG {
                    start -= 1;
                }
                next = find_op(&self.code, next);
            }
            in_consts = false;
            match stop {
                Stop::Const => {
                    in_consts = true;
                    self.constant(start, i, next);
                }
                Stop::Build(op) => in_consts = self.build(op, start, i, next),
                Stop::Unary(op) => in_consts = self.fold(op, start, i, 1),
                Stop::Binary(op) => in_consts = self.fold(op, start, i, 2),
                Stop::Not => self.negated_jump(start, i, next),
                Stop::Compare => self.negated_compare(start, i, next),
                Stop::Keeping(op) => match self.implied_jump(op, i) {
                    Some(again) => next = again,
                    None => self.detour(op, start, i),
                },
                Stop::Jump(op) => self.detour(op, start, i),
                Stop::Return => {
                    let behind = &self.arrivals[i + 1..self.code.len()];
                    let dead = behind.iter().take_while(|&&arrival| !arrival).count();
                    if dead > 0 {
                        let end = i + 1 + dead;
                        self.nops(i + 1, end);
                        next = find_op(&self.code, end);
                    }
                }
                Stop::No | Stop::Behind => {}
            }
            i = next;
        }
    }

    /// A constant: a true one that is tested goes, with its test.
    fn constant(&mut self, start: usize, i: usize, next: usize) {
        let index = if self.is_wide { arg_at(&self.code, i) } else { self.code[i][1].into() };
        if is(&self.code, next, Op::POP_JUMP_IF_FALSE)
            && self.one_block(start, i + 1)
            && self.consts.get(index as usize).is_some_and(Const::is_true)
        {
            self.nops(start, next + 1);
        } else {
            self.stack.push(index);
        }
    }

    /// `not` before a jump if false is a jump if true.
    fn negated_jump(&mut self, start: usize, i: usize, next: usize) {
        if is(&self.code, next, Op::POP_JUMP_IF_FALSE) && self.one_block(start, i + 1) {
            self.nops(start, i + 1);
            self.code[next][0] = Op::POP_JUMP_IF_TRUE as u8;
        }
    }

    /// `not a in b` is `a not in b`, and so for `is`.
    fn negated_compare(&mut self, start: usize, i: usize, next: usize) {
        let operator = arg_at(&self.code, i);
        if (cmp::IN..=cmp::IS_NOT).contains(&operator)
            && is(&self.code, next, Op::UNARY_NOT)
            && self.one_block(start, i + 1)
        {
            self.code[i] = [Op::COMPARE_OP as u8, (operator ^ 1) as u8];
            self.nops(i + 1, next + 1);
        }
    }

    /// Displays of constants, and packing that is unpacked at once. True if a constant is left.
    fn build(&mut self, op: Op, start: usize, i: usize, next: usize) -> bool {
        let n = arg_at(&self.code, i) as usize;
        if n > 0 && self.stack.len() >= n {
            let first = self.consts_start(start, n);
            let folds = if op == Op::BUILD_TUPLE {
                self.one_block(first, start)
            } else {
                // A list or set that is only looked at, not kept.
                let looked_at = is(&self.code, next, Op::GET_ITER)
                    || (is(&self.code, next, Op::COMPARE_OP)
                        && matches!(u32::from(self.code[next][1]), cmp::IN | cmp::NOT_IN));
                looked_at && self.one_block(first, i + 1)
            };
            if folds {
                let items: Vec<Const> = (self.stack[self.stack.len() - n..].iter())
                    .map(|&index| self.consts[index as usize].clone())
                    .collect();
                let value = if op == Op::BUILD_SET {
                    Const::FrozenSet(fold::distinct(items).into())
                } else {
                    Const::Tuple(items.into())
                };
                return self.replace(first, i, value, n);
            }
        }
        if !is(&self.code, next, Op::UNPACK_SEQUENCE)
            || !self.one_block(start, i + 1)
            || n != arg_at(&self.code, next) as usize
            || op == Op::BUILD_SET
        {
            return false;
        }
        match n {
            0 | 1 => self.nops(start, next + 1),
            2 => {
                self.code[start] = [Op::ROT_TWO as u8, 0];
                self.nops(start + 1, next + 1);
                self.stack.clear();
            }
            3 => {
                self.code[start] = [Op::ROT_THREE as u8, 0];
                self.code[start + 1] = [Op::ROT_TWO as u8, 0];
                self.nops(start + 2, next + 1);
                self.stack.clear();
            }
            _ => {}
        }
        false
    }

    /// An operation on constants. True if it gave way to its result.
    fn fold(&mut self, op: Op, start: usize, i: usize, n: usize) -> bool {
        let len = self.stack.len();
        if len < n {
            return false;
        }
        let first = self.consts_start(start, n);
        if !self.one_block(first, start) {
            return false;
        }
        let operand = |k: usize| &self.consts[self.stack[len - n + k] as usize];
        let value = if n == 1 {
            // `~True` warns when it runs.
            let warns = op == Op::UNARY_INVERT && self.lines.is_some();
            if warns && matches!(operand(0), Const::True | Const::False) {
                return false;
            }
            fold::unary(op, operand(0))
        } else {
            fold::binary(op, operand(0), operand(1), self.lines.is_some())
        };
        value.is_some_and(|value| self.replace(first, i, value, n))
    }

    /// Puts LOAD_CONST of a new constant in the place of `first..=i`, which had `n` operands.
    fn replace(&mut self, first: usize, i: usize, value: Const, n: usize) -> bool {
        let index = self.consts.len() as u32;
        self.consts.push(value);
        if !self.write(first, i + 1, Op::LOAD_CONST as u8, index) {
            return false;
        }
        self.stack.truncate(self.stack.len() - n);
        self.stack.push(index);
        true
    }

    /// A conditional jump to another test of the same value, whose outcome is known. Where to go
    /// on if something was done: at the same jump again.
    fn implied_jump(&mut self, op: Op, i: usize) -> Option<usize> {
        let second = find_op(&self.code, arg_at(&self.code, i) as usize / 2);
        let on_true = match Op::from_u8(op_at(&self.code, second))? {
            Op::POP_JUMP_IF_FALSE | Op::JUMP_IF_FALSE_OR_POP => false,
            Op::POP_JUMP_IF_TRUE | Op::JUMP_IF_TRUE_OR_POP => true,
            _ => return None,
        };
        let (arg, op) = if on_true == (op == Op::JUMP_IF_TRUE_OR_POP) {
            // Both jump, to where the second goes, with what it does to the stack.
            (arg_at(&self.code, second), self.code[second][0])
        } else {
            // The second does not jump, and drops the value.
            let op = if op == Op::JUMP_IF_TRUE_OR_POP {
                Op::POP_JUMP_IF_TRUE
            } else {
                Op::POP_JUMP_IF_FALSE
            };
            ((second as u32 + 1) * 2, op as u8)
        };
        let at = self.set_arg(i, arg)?;
        self.code[at][0] = op;
        Some(at)
    }

    /// May the jump at `i` pass over what it arrives at? A line that runs is not lost (PEP 626).
    fn may_skip(&self, i: usize, second: usize) -> bool {
        let Some(lines) = &self.lines else { return true };
        let second = lines.at(second).unwrap_or(0);
        second == 0 || lines.at(i) == Some(second)
    }

    /// A jump to an unconditional jump, or to a return.
    fn detour(&mut self, op: Op, start: usize, i: usize) {
        let unconditional = |op: u8| op == Op::JUMP_ABSOLUTE as u8 || op == Op::JUMP_FORWARD as u8;
        let second = find_op(&self.code, target(&self.code, i, op));
        let second_op = op_at(&self.code, second);
        if unconditional(op as u8) && second_op == Op::RETURN_VALUE as u8 {
            self.code[start] = [Op::RETURN_VALUE as u8, 0];
            self.nops(start + 1, i + 1);
        } else if unconditional(second_op)
            && let Some(jump) = Op::from_u8(second_op)
            && self.may_skip(i, second)
        {
            let mut to = target(&self.code, second, jump);
            let mut op = op;
            if op == Op::JUMP_FORWARD {
                // An absolute jump can go backwards, too.
                op = Op::JUMP_ABSOLUTE;
            } else if op.arg_kind() == ArgKind::JRel {
                if to < i + 1 {
                    return;
                }
                to -= i + 1;
            }
            self.write(start, i + 1, op as u8, to as u32 * 2);
        }
    }
}

/// Where each code unit will be once the NOPs are gone.
fn new_offsets(code: &[Unit], moved: &mut Vec<u32>) {
    let mut at = 0;
    moved.clear();
    moved.extend(code.iter().map(|unit| {
        let here = at;
        at += u32::from(*unit != NOP);
        here
    }));
    moved.push(at);
}

/// Takes the NOPs out and adjusts jumps, in place. To which instructions the code units left belong is
/// `kept`; `None` if a jump would get longer than it is.
fn compact(
    code: &mut Vec<Unit>,
    moved: &[u32],
    places: Option<&[u32]>,
    kept: &mut Vec<u32>,
) -> Option<()> {
    kept.clear();
    let place = |at: usize| places.map_or(at as u32, |places| places[at]);
    let mut i = 0;
    while let Some(&unit) = code.get(i) {
        if unit == NOP {
            i += 1;
            continue;
        }
        if STAYS_AS_IT_IS[unit[0] as usize] {
            code[kept.len()] = unit;
            kept.push(place(i));
            i += 1;
            continue;
        }
        let start = i;
        i = find_op(code, i).min(code.len() - 1);
        let op = code[i][0];
        let mut arg = arg_of(code, start, i);
        if let Some(op) = is_jump(op) {
            let absolute = op.arg_kind() == ArgKind::JAbs;
            let (base, from) = if absolute { (0, 0) } else { (i + 1, moved[i] + 1) };
            let to = *moved.get(base + arg as usize / 2)?;
            arg = to.checked_sub(from)? * 2;
        }
        let have = (i - start + 1) as u32;
        if width(arg) > have {
            return None;
        }
        // An argument that got shorter keeps its prefixes, with zeros.
        for k in (0..have).rev() {
            let byte = arg.checked_shr(8 * k).unwrap_or(0) as u8;
            code[kept.len()] = [if k == 0 { op } else { EXTENDED_ARG }, byte];
            kept.push(place(i));
        }
        i += 1;
    }
    code.truncate(kept.len());
    Some(())
}

/// Instructions of one code unit whose argument does not depend on where they are.
const STAYS_AS_IT_IS: [bool; 256] = {
    let mut table = [true; 256];
    let mut number = 0;
    while number < 256 {
        table[number] = !matches!(arg_kind_of(number as u8), ArgKind::JRel | ArgKind::JAbs);
        number += 1;
    }
    table[EXTENDED_ARG as usize] = false;
    table
};

fn adjust_lines(lnotab: &mut [u8], moved: &[u32]) {
    let mut old = 0usize;
    let mut last = 0u32;
    for pair in lnotab.chunks_exact_mut(2) {
        old += usize::from(pair[0]);
        let new = moved.get(old / 2).copied().unwrap_or(last / 2) * 2;
        pair[0] = (new - last) as u8;
        last = new;
    }
}
