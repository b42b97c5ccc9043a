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

/// Gives the instructions of a unit their places. Which of them jump, by their numbers.
pub(crate) fn settle(unit: &mut Unit) -> Vec<u32> {
    let mut jumps = jumps_of(unit);
    shorten(unit, &jumps);
    let exit = exit_of(unit);
    let exit = match exit
        .filter(|&exit| jumps.iter().any(|&at| leads(unit, at as usize, exit).is_some()))
    {
        Some(exit) => {
            let moved = copy_exits(unit, exit);
            jumps = jumps_of(unit);
            Some(moved)
        }
        None => exit,
    };
    for &at in &jumps {
        let instr = &mut unit.instrs[at as usize];
        if instr.op == Op::BREAK_LOOP {
            instr.arg = 0;
        }
    }
    spread(unit, &mut jumps, exit);
    jumps
}

/// The instructions that jump, by their numbers.
pub(crate) fn jumps_of(unit: &Unit) -> Vec<u32> {
    let mut jumps = Vec::with_capacity(unit.labels.len() * 2);
    for (instr, at) in unit.instrs.iter().zip(0..) {
        if instr.op.is_jump() || instr.op == Op::BREAK_LOOP {
            jumps.push(at);
        }
    }
    jumps
}

/// The instruction on the line of its `def` that a function begins with.
pub(crate) fn begin(unit: &mut Unit) {
    if !matches!(unit.kind, Kind::Module | Kind::Class) {
        let head = Pos { line: unit.first_line, col: 0 };
        let span = Span { start: head, end: head };
        unit.instrs.push(Instr { op: Op::NOP, arg: 0, line: 0, span });
    }
}

/// The number of the first instruction behind that.
fn first_of_kind(kind: Kind) -> usize {
    usize::from(!matches!(kind, Kind::Module | Kind::Class))
}

fn is_placed(instr: &Instr) -> bool {
    instr.span.start.line > 0
}

/// Control never goes on behind such an instruction.
fn ends(op: Op) -> bool {
    ENDS[op as usize]
}

const ENDS: [bool; 256] = {
    let mut table = [false; 256];
    let ops = [
        Op::JUMP_FORWARD,
        Op::JUMP_ABSOLUTE,
        Op::RETURN_VALUE,
        Op::RAISE_VARARGS,
        Op::RERAISE,
        Op::BREAK_LOOP,
        Op::CONTINUE_LOOP,
    ];
    let mut i = 0;
    while i < ops.len() {
        table[ops[i] as usize] = true;
        i += 1;
    }
    table
};

/// Where a jump goes to: an index.
fn target(unit: &Unit, instr: &Instr) -> Option<usize> {
    instr.op.is_jump().then(|| unit.labels[instr.arg as usize] as usize)
}

/// Jumps do not go by way of jumps that nothing in the source stands for, so that those have few ways
/// that lead to them.
fn shorten(unit: &mut Unit, jumps: &[u32]) {
    for &i in jumps {
        let i = i as usize;
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

/// How many blocks end between a jump and the exit, if it leads there and can have its own.
fn leads(unit: &Unit, at: usize, exit: usize) -> Option<usize> {
    let instr = &unit.instrs[at];
    let to = match instr.op {
        Op::BREAK_LOOP => unit.break_target(instr)?,
        Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::JUMP_FORWARD | Op::JUMP_ABSOLUTE => {
            target(unit, instr)?
        }
        _ => return None,
    };
    let blocks = way_out(unit, to, exit)?;
    let direct = matches!(instr.op, Op::JUMP_FORWARD | Op::JUMP_ABSOLUTE);
    (direct || blocks == 0).then_some(blocks)
}

/// Copies the `return` that nobody wrote to the places from which control comes there. Where it is
/// then.
fn copy_exits(unit: &mut Unit, exit: usize) -> usize {
    let len = unit.instrs.len();
    let ways: Vec<Option<usize>> = (0..len).map(|at| leads(unit, at, exit)).collect();
    let falls = exit > 0 && !ends(unit.instrs[exit - 1].op);
    let many = ways.iter().flatten().count() + usize::from(falls) > 1;
    let mut moved: Vec<u32> = Vec::with_capacity(len + 1);
    let mut new: Vec<Instr> = Vec::with_capacity(len);
    let mut tests = Vec::new();
    let copy = |unit: &Unit, new: &mut Vec<Instr>, span: Span| {
        new.extend(unit.instrs[exit..].iter().map(|instr| Instr { span, ..*instr }));
    };
    for (instr, way) in unit.instrs.iter().zip(ways) {
        moved.push(new.len() as u32);
        if let Some(blocks) = way {
            if !matches!(instr.op, Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE) {
                let end = Instr { op: Op::POP_BLOCK, arg: 0, ..*instr };
                new.extend(std::iter::repeat_n(end, blocks));
                copy(unit, &mut new, instr.span);
                continue;
            }
            if many {
                tests.push(new.len());
            }
        }
        new.push(*instr);
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
    moved[exit] as usize
}

/// What stands above the first instruction.
const OUTSIDE: Instr = Instr {
    op: Op::RETURN_VALUE,
    arg: 0,
    line: 0,
    span: Span { start: Pos { line: 0, col: 0 }, end: Pos { line: 0, col: 0 } },
};

/// What has no place gets that of the one instruction that leads to it, if it is one; NOPs that
/// share their line with a neighbour go.
fn spread(unit: &mut Unit, jumps: &mut [u32], exit: Option<usize>) {
    let len = unit.instrs.len();
    // How many jumps arrive at each instruction, and the last of them.
    let mut arrivals: Vec<(u32, u32)> = vec![(0, 0); len + 1];
    for &mut at in &mut *jumps {
        let instr = &unit.instrs[at as usize];
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
            _ => *place = (place.0 + 1, at),
        }
    }
    let instrs = &mut unit.instrs;
    let first = first_of_kind(unit.kind);
    // What goes, by its number; everything behind moves up.
    let mut gone: Vec<u32> = Vec::new();
    for i in first..len {
        // What was above still lies there, wherever it has moved to.
        let above = if i > first { instrs[i - 1] } else { OUTSIDE };
        let falls = !ends(above.op);
        if !is_placed(&instrs[i]) {
            let (jumps, from) = arrivals[i];
            if falls && jumps == 0 {
                instrs[i].span = above.span;
            } else if !falls && jumps == 1 && (from as usize) < i {
                let moved = gone.partition_point(|&gone| gone < from);
                instrs[i].span = instrs[from as usize - moved].span;
            }
        }
        if instrs[i].op == Op::NOP && i + 1 < len {
            let (jumps, from) = arrivals[i];
            let span = instrs[i].span;
            let next = &mut instrs[i + 1];
            let next_line = next.span.start.line;
            if arrivals[i + 1].0 == 0 && (next_line == 0 || next_line == span.start.line) {
                if next_line == 0 {
                    next.span = span;
                }
                // Whoever arrives here arrives there.
                arrivals[i + 1] = (jumps, from);
                gone.push(i as u32);
                continue;
            }
            if falls && jumps == 0 && above.span.start.line == span.start.line {
                gone.push(i as u32);
                continue;
            }
        }
        if !gone.is_empty() {
            instrs[i - gone.len()] = instrs[i];
        }
    }
    if !gone.is_empty() {
        instrs.truncate(len - gone.len());
        let places = unit.labels.iter_mut().filter(|place| **place != u32::MAX);
        for place in places.chain(jumps) {
            *place -= gone.partition_point(|gone| gone < place) as u32;
        }
    }
}
