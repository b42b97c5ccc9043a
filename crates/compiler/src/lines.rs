//! Where in the source each instruction of today's language belongs.
//!
//! Every line that runs has an instruction of its own (PEP 626): statements that do nothing leave a
//! NOP behind, and whatever the compiler adds for itself (jumps, the end of a handler, the `return`
//! at the end) has no line, or that of the statement before it. NOPs that nobody needs go, and the
//! `return` at the end is copied to each place that leads there, so that it can have its line.
//! Functions begin with a NOP on the line of their `def`: that is where they are called.
//!
//! CPython's counterpart: `resolve_line_numbers` and `remove_redundant_nops` in
//! `Python/flowgraph.c`. Level 3.6 knows nothing of this.

use adder_bytecode::opcode::Op;
use adder_syntax::ast::{Pos, Span};

use crate::unit::{Instr, Kind, Unit};

/// Gives the instructions of a unit their places.
pub(crate) fn settle(unit: &mut Unit) {
    shorten(unit);
    let exit = copy_exits(unit);
    spread(unit, exit);
}

fn is_placed(instr: &Instr) -> bool {
    instr.span.start.line > 0
}

/// Control never goes on behind such an instruction.
fn ends(op: Op) -> bool {
    matches!(
        op,
        Op::JUMP_FORWARD
            | Op::JUMP_ABSOLUTE
            | Op::RETURN_VALUE
            | Op::RAISE_VARARGS
            | Op::RERAISE
            | Op::BREAK_LOOP
            | Op::CONTINUE_LOOP
    )
}

/// Where a jump goes to: an index.
fn target(unit: &Unit, instr: &Instr) -> Option<usize> {
    instr.op.is_jump().then(|| unit.labels[instr.arg as usize] as usize)
}

/// Jumps do not go by way of jumps that nothing in the source stands for, so that those have few ways
/// that lead to them.
fn shorten(unit: &mut Unit) {
    for i in 0..unit.instrs.len() {
        let mut instr = unit.instrs[i];
        match instr.op {
            Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::JUMP_FORWARD | Op::JUMP_ABSOLUTE => {
            }
            _ => continue,
        }
        // A loop of jumps comes to no end.
        for _ in 0..8 {
            let Some(to) = target(unit, &instr) else { break };
            match unit.instrs.get(to) {
                Some(next)
                    if matches!(next.op, Op::JUMP_FORWARD | Op::JUMP_ABSOLUTE)
                        && !is_placed(next) =>
                {
                    instr.arg = next.arg;
                }
                _ => break,
            }
        }
        if instr.op == Op::JUMP_FORWARD && target(unit, &instr).is_some_and(|to| to <= i) {
            instr.op = Op::JUMP_ABSOLUTE;
        }
        unit.instrs[i] = instr;
    }
}

/// The end that nobody wrote: at most so many instructions.
const LONGEST_EXIT: usize = 4;

/// Where the `return` that nobody wrote begins, if there is one.
fn exit_of(unit: &Unit) -> Option<usize> {
    let instrs = &unit.instrs;
    let is_last = instrs.last().is_some_and(|last| last.op == Op::RETURN_VALUE);
    let free = |instr: &Instr| !is_placed(instr) && !instr.op.is_jump();
    let mut at = instrs.len();
    while is_last && at > 0 && free(&instrs[at - 1]) {
        at -= 1;
        if instrs.len() - at > LONGEST_EXIT {
            return None;
        }
        if unit.labels.contains(&(at as u32)) && instrs[at].op == Op::LOAD_CONST {
            return Some(at);
        }
    }
    None
}

/// How an instruction leads to the exit, if it does: how many blocks end on the way, which starts at
/// `at`. An exit is reached by the compiler's own instructions only.
fn way_out(unit: &Unit, at: usize, exit: usize) -> Option<usize> {
    let (mut at, mut blocks) = (at, 0);
    for _ in 0..8 {
        if at == exit {
            return Some(blocks);
        }
        let instr = unit.instrs.get(at).filter(|instr| !is_placed(instr))?;
        match instr.op {
            Op::POP_BLOCK => (at, blocks) = (at + 1, blocks + 1),
            Op::JUMP_FORWARD | Op::JUMP_ABSOLUTE => at = target(unit, instr)?,
            _ => return None,
        }
    }
    None
}

/// Copies the `return` that nobody wrote, if there is one, to the places from which control comes
/// there. Where it is.
fn copy_exits(unit: &mut Unit) -> Option<usize> {
    let exit = exit_of(unit);
    let leads = |unit: &Unit, instr: &Instr| -> Option<usize> {
        let (exit, to) = match instr.op {
            Op::BREAK_LOOP => (exit?, unit.break_target(instr)?),
            Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::JUMP_FORWARD | Op::JUMP_ABSOLUTE => {
                (exit?, target(unit, instr)?)
            }
            _ => return None,
        };
        let blocks = way_out(unit, to, exit)?;
        let direct = matches!(instr.op, Op::JUMP_FORWARD | Op::JUMP_ABSOLUTE);
        (direct || blocks == 0).then_some(blocks)
    };
    let ways = unit.instrs.iter().filter(|instr| leads(unit, instr).is_some()).count()
        + usize::from(exit.is_some_and(|at| at > 0 && !ends(unit.instrs[at - 1].op)));
    let len = unit.instrs.len();
    let mut moved: Vec<u32> = Vec::with_capacity(len + 1);
    let mut new: Vec<Instr> = Vec::with_capacity(len);
    let mut tests = Vec::new();
    let copy = |unit: &Unit, new: &mut Vec<Instr>, span: Span| {
        let parts = unit.instrs[exit.unwrap_or(len)..].iter();
        new.extend(parts.map(|instr| Instr { span, ..*instr }));
    };
    for instr in &unit.instrs {
        moved.push(new.len() as u32);
        if let Some(blocks) = leads(unit, instr) {
            if !matches!(instr.op, Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE) {
                let end = Instr { op: Op::POP_BLOCK, arg: 0, ..*instr };
                new.extend(std::iter::repeat_n(end, blocks));
                copy(unit, &mut new, instr.span);
                continue;
            }
            if ways > 1 {
                tests.push(new.len());
            }
        }
        let arg = if instr.op == Op::BREAK_LOOP { 0 } else { instr.arg };
        new.push(Instr { arg, ..*instr });
    }
    moved.push(new.len() as u32);
    for &at in &tests {
        let label = unit.label();
        unit.labels[label.number() as usize] = u32::MAX;
        new[at].arg = label.number();
    }
    unit.move_labels(&moved);
    for at in tests {
        unit.labels[new[at].arg as usize] = new.len() as u32;
        let span = new[at].span;
        copy(unit, &mut new, span);
    }
    unit.instrs = new;
    exit.map(|at| moved[at] as usize)
}

/// What has no place gets that of the one instruction that leads to it, if it is one; NOPs that
/// share their line with a neighbour go.
fn spread(unit: &mut Unit, exit: Option<usize>) {
    let old = std::mem::take(&mut unit.instrs);
    let len = old.len();
    // How many jumps arrive at each instruction, and the last of them.
    let mut arrivals: Vec<(u32, usize)> = vec![(0, 0); len + 1];
    for (i, instr) in old.iter().enumerate() {
        let Some(to) = target(unit, instr) else { continue };
        let Some(place) = arrivals.get_mut(to) else { continue };
        match instr.op {
            // All that leave this loop in a hurry return already.
            Op::SETUP_LOOP if exit == Some(to) => {}
            Op::SETUP_LOOP
            | Op::SETUP_EXCEPT
            | Op::SETUP_FINALLY
            | Op::SETUP_WITH
            | Op::SETUP_ASYNC_WITH => place.0 += 2,
            _ => *place = (place.0 + 1, i),
        }
    }
    let mut spans: Vec<Span> = old.iter().map(|instr| instr.span).collect();
    let mut moved: Vec<u32> = Vec::with_capacity(len + 1);
    let mut new: Vec<Instr> = Vec::with_capacity(len + 1);
    if !matches!(unit.kind, Kind::Module | Kind::Class) {
        let head = Pos { line: unit.first_line, col: 0 };
        let span = Span { start: head, end: head };
        new.push(Instr { op: Op::NOP, arg: 0, line: 0, span });
    }
    for (i, instr) in old.iter().enumerate() {
        moved.push(new.len() as u32);
        let falls = i > 0 && !ends(old[i - 1].op);
        let (jumps, from) = arrivals[i];
        if spans[i].start.line == 0 {
            if falls && jumps == 0 {
                spans[i] = spans[i - 1];
            } else if !falls && jumps == 1 && from < i {
                spans[i] = spans[from];
            }
        }
        let span = spans[i];
        if instr.op == Op::NOP && i + 1 < len {
            let line = span.start.line;
            let (next, others) = (spans[i + 1].start.line, arrivals[i + 1].0);
            if others == 0 && (next == 0 || next == line) {
                if next == 0 {
                    spans[i + 1] = span;
                }
                // Whoever arrives here arrives there.
                arrivals[i + 1] = (jumps, from);
                continue;
            }
            if falls && jumps == 0 && spans[i - 1].start.line == line {
                continue;
            }
        }
        new.push(Instr { span, ..*instr });
    }
    moved.push(new.len() as u32);
    unit.move_labels(&moved);
    unit.instrs = new;
}
