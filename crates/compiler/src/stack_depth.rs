//! `co_stacksize`: how deep the value stack can get, by CPython 3.6's reckoning
//! (`stackdepth_walk` in `Python/compile.c`).
//!
//! It walks along every path with the instructions' nominal effects, taking a block up again only
//! if it is reached with a deeper stack, and not while it is on the path itself. What results is
//! an upper bound, and by the odd effects of the block instructions often not a tight one; but
//! the number is part of the code object, so the walk must go the same ways in the same order.
//!
//! That can take the square of the number of blocks. At level 3.14 each block is walked once: the
//! nominal effects never stay below the real ones on any path, so one path will do.

use adder_bytecode::opcode::{Op, StackEffects};

use crate::assemble::Room;
use crate::unit::Unit;

/// The most that lies on the stack of a unit.
pub(crate) fn stack_depth(unit: &Unit, modern: bool, room: &mut Room) -> u32 {
    let max = if modern { once(unit, room) } else { deepest(unit) };
    u32::try_from(max).unwrap_or(u32::MAX)
}

/// A jump's effect on the depth, as it is where it goes to and where it does not.
fn split(op: Op, depth: i64) -> (i64, i64) {
    match op {
        Op::FOR_ITER => (depth - 2, depth),
        Op::SETUP_FINALLY | Op::SETUP_EXCEPT => (depth + 3, depth),
        Op::JUMP_IF_TRUE_OR_POP | Op::JUMP_IF_FALSE_OR_POP => (depth, depth - 1),
        _ => (depth, depth),
    }
}

fn never_falls(op: Op) -> bool {
    matches!(op, Op::JUMP_ABSOLUTE | Op::JUMP_FORWARD)
}

/// Nothing is known of an instruction but that it is no jump's target.
const PLAIN: u8 = 0;
/// A jump arrives here.
const TARGET: u8 = 1;
/// And the walk has been here.
const WALKED: u8 = 2;

/// Walks each block once.
fn once(unit: &Unit, Room { marks, left, .. }: &mut Room) -> i64 {
    let instrs = &unit.instrs[..];
    let effects = StackEffects::new();
    marks.clear();
    marks.resize(instrs.len() + 1, PLAIN);
    for &at in &unit.jumps {
        let instr = &instrs[at as usize];
        if instr.op.is_jump()
            && let Some(mark) = marks.get_mut(unit.labels[instr.arg as usize] as usize)
        {
            *mark = TARGET;
        }
    }
    let mut max = 0i64;
    // Where to go on, and how deep the stack is there.
    left.clear();
    left.push((0, 0));
    while let Some((mut at, mut depth)) = left.pop() {
        'walk: loop {
            let rest = instrs.get(at..).unwrap_or_default();
            let marks = marks.get_mut(at..).unwrap_or_default();
            for (instr, mark) in rest.iter().zip(marks) {
                match *mark {
                    PLAIN => {}
                    WALKED => break 'walk,
                    _ => *mark = WALKED,
                }
                depth += effects.of(instr.op, instr.arg);
                max = max.max(depth);
                at += 1;
                if instr.op.is_jump() {
                    let (target, behind) = split(instr.op, depth);
                    max = max.max(target);
                    if !never_falls(instr.op) {
                        left.push((at, behind));
                    }
                    (at, depth) = (unit.labels[instr.arg as usize] as usize, target);
                    continue 'walk;
                }
            }
            break;
        }
    }
    max
}

/// A block, from one place that a label stands at to the next.
struct Block {
    start: u32,
    /// How deep the stack was when it was last taken up.
    depth: i64,
    on_path: bool,
}

/// A block of which the walk is not yet done.
struct Step {
    block: usize,
    /// Next instruction.
    at: usize,
    depth: i64,
}

const UNSEEN: i64 = i64::MIN;

/// Where a step goes on that is to go on nowhere.
const DEAD: usize = usize::MAX;

/// Walks a block again whenever it is reached with a deeper stack.
fn deepest(unit: &Unit) -> i64 {
    let len = unit.instrs.len();
    // Blocks start at the code's start and wherever a label stands.
    let mut starts = vec![0u32];
    starts.extend(unit.labels.iter().filter(|&&place| place as usize <= len));
    starts.sort_unstable();
    starts.dedup();
    let mut blocks: Vec<Block> =
        starts.iter().map(|&start| Block { start, depth: UNSEEN, on_path: false }).collect();
    let effects = StackEffects::new();
    let mut max = 0i64;
    let mut path: Vec<Step> = Vec::new();
    enter(&mut path, &mut blocks, 0, 0);
    'path: while let Some(step) = path.last_mut() {
        let end = blocks.get(step.block + 1).map_or(len, |next| next.start as usize);
        let mut depth = step.depth;
        let left = unit.instrs[..end].get(step.at..).unwrap_or_default();
        for (n, instr) in left.iter().enumerate() {
            depth += effects.of(instr.op, instr.arg);
            max = max.max(depth);
            if !instr.op.is_jump() {
                continue;
            }
            let (target, behind) = split(instr.op, depth);
            max = max.max(target);
            // What follows may be dead; the path ends once the target is done.
            step.at = if never_falls(instr.op) { DEAD } else { step.at + n + 1 };
            step.depth = behind;
            let place = unit.labels[instr.arg as usize];
            // A jump to a place that is no block cannot be: each is where a label stands.
            let block = starts.binary_search(&place).unwrap_or(0);
            enter(&mut path, &mut blocks, block, target);
            continue 'path;
        }
        let (block, falls_through) = (step.block, step.at != DEAD);
        if falls_through && block + 1 < blocks.len() {
            // Come back here once what follows is done, to leave the block.
            step.at = DEAD;
            enter(&mut path, &mut blocks, block + 1, depth);
            continue;
        }
        blocks[block].on_path = false;
        path.pop();
    }
    max
}

fn enter(path: &mut Vec<Step>, blocks: &mut [Block], block: usize, depth: i64) {
    let Some(Block { start, depth: known, on_path }) = blocks.get_mut(block) else { return };
    if !*on_path && *known < depth {
        *on_path = true;
        *known = depth;
        path.push(Step { block, at: *start as usize, depth });
    }
}
