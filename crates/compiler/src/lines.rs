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
use smallvec::SmallVec;

use crate::assemble::Room;
use crate::unit::{Instr, Kind, Unit};

/// Gives the instructions of a unit their places.
pub(crate) fn settle(unit: &mut Unit, room: &mut Room) {
    shorten(unit);
    let exit = exit_of(unit).map(|exit| copy_exits(unit, exit, room));
    for &at in &unit.jumps {
        let instr = &mut unit.instrs[at as usize];
        if instr.op == Op::BREAK_LOOP {
            instr.arg = 0;
        }
    }
    spread(unit, exit, room);
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
fn shorten(unit: &mut Unit) {
    for n in 0..unit.jumps.len() {
        let i = unit.jumps[n] as usize;
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
fn copy_exits(unit: &mut Unit, exit: usize, room: &mut Room) -> usize {
    let way = |&at: &u32| Some((at, leads(unit, at as usize, exit)?));
    let ways: SmallVec<[(u32, usize); 8]> = unit.jumps.iter().filter_map(way).collect();
    if ways.is_empty() {
        return exit;
    }
    let falls = exit > 0 && !ends(unit.instrs[exit - 1].op);
    let many = ways.len() + usize::from(falls) > 1;
    let jumps = std::mem::take(&mut unit.jumps);
    let old = std::mem::replace(&mut unit.instrs, std::mem::take(&mut room.instrs));
    unit.depth.push_one();
    let new = &mut unit.instrs;
    new.clear();
    new.reserve(old.len() + ways.len() * LONGEST_EXIT);
    let copy = |new: &mut Vec<Instr>, span: Span| {
        new.extend(old[exit..].iter().map(|instr| Instr { span, ..*instr }));
    };
    let mut tests: SmallVec<[u32; 8]> = SmallVec::new();
    // From where on in the old list instructions have moved, and how far.
    let mut moves: SmallVec<[(u32, u32); 8]> = SmallVec::new();
    let (mut copied, mut by) = (0, 0);
    let mut ways = ways.into_iter().peekable();
    for at in jumps {
        let instr = old[at as usize];
        let is_test = matches!(instr.op, Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE);
        match ways.next_if(|way| way.0 == at) {
            Some((_, blocks)) if !is_test => {
                new.extend_from_slice(&old[copied..at as usize]);
                let end = Instr { op: Op::POP_BLOCK, arg: 0, ..instr };
                new.extend(std::iter::repeat_n(end, blocks));
                copy(new, instr.span);
                copied = at as usize + 1;
                by = (new.len() - copied) as u32;
                moves.push((at + 1, by));
                continue;
            }
            Some(_) if many => tests.push(at + by),
            _ => {}
        }
        unit.jumps.push(at + by);
    }
    new.extend_from_slice(&old[copied..]);
    for place in unit.labels.iter_mut().filter(|place| **place != u32::MAX) {
        let before = moves.partition_point(|&(from, _)| from <= *place);
        *place += before.checked_sub(1).map_or(0, |last| moves[last].1);
    }
    for at in tests {
        unit.labels.push(unit.instrs.len() as u32);
        let test = &mut unit.instrs[at as usize];
        test.arg = unit.labels.len() as u32 - 1;
        let span = test.span;
        copy(&mut unit.instrs, span);
    }
    room.instrs = old;
    exit + by as usize
}

/// What has no place gets that of the one instruction that leads to it, if it is one; NOPs that
/// share their line with a neighbour go.
fn spread(unit: &mut Unit, exit: Option<usize>, Room { arrivals, gone, .. }: &mut Room) {
    let len = unit.instrs.len();
    arrivals.clear();
    arrivals.resize(len + 1, (0, 0));
    // Everything behind what goes moves up.
    gone.clear();
    for &at in &unit.jumps {
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
    let instrs = &mut unit.instrs[..];
    let first = first_of_kind(unit.kind);
    for i in first..len {
        if instrs[i].op == Op::NOP || !is_placed(&instrs[i]) {
            // What was above still lies there, wherever it has moved to.
            let (falls, above) = match i.checked_sub(1).filter(|_| i > first) {
                Some(above) => (!ends(instrs[above].op), instrs[above].span),
                None => (false, Span::default()),
            };
            let (jumps, from) = arrivals[i];
            if !is_placed(&instrs[i]) {
                if falls && jumps == 0 {
                    instrs[i].span = above;
                } else if !falls && jumps == 1 && (from as usize) < i {
                    let moved = gone.partition_point(|&gone| gone < from);
                    instrs[i].span = instrs[from as usize - moved].span;
                }
            }
            if instrs[i].op == Op::NOP && i + 1 < len {
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
                if falls && jumps == 0 && above.start.line == span.start.line {
                    gone.push(i as u32);
                    continue;
                }
            }
        }
        if !gone.is_empty() {
            instrs[i - gone.len()] = instrs[i];
        }
    }
    if !gone.is_empty() {
        unit.instrs.truncate(len - gone.len());
        let labels = unit.labels.iter_mut().filter(|place| **place != u32::MAX);
        for place in labels.chain(&mut unit.jumps) {
            *place -= gone.partition_point(|gone| gone < place) as u32;
        }
    }
}
