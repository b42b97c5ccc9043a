//! `co_stacksize`: how deep the value stack can get, by CPython 3.6's reckoning
//! (`stackdepth_walk` in `Python/compile.c`).
//!
//! It walks along every path with the instructions' nominal effects, taking a block up again only
//! if it is reached with a deeper stack, and not while it is on the path itself. What results is
//! an upper bound, and by the odd effects of the block instructions often not a tight one; but
//! the number is part of the code object, so the walk must go the same ways in the same order.
//!
//! That can take the square of the number of blocks. At level 3.14 the depth is counted while the
//! instructions are written: the nominal effects never stay below the real ones on any path, so one path to
//! each block will do. It is that of the first jump there, which like the walk's has passed the fewest of the
//! instructions whose effects are too large.

use adder_bytecode::opcode::{Op, StackEffects};

use crate::unit::Unit;

/// The depth of the stack, as instructions are written one after the other.
pub(crate) struct Depth {
    effects: StackEffects,
    now: i32,
    most: i32,
    /// How deep the stack is at each label by the first jump to it; `i32::MIN` before that.
    labels: Vec<i32>,
}

impl Depth {
    pub(crate) fn new() -> Self {
        Depth { effects: StackEffects::new(), now: 0, most: 0, labels: Vec::new() }
    }

    pub(crate) fn renew(&mut self) {
        self.labels.clear();
        (self.now, self.most) = (0, 0);
    }

    /// The most that lies on the stack.
    pub(crate) fn most(&self) -> u32 {
        self.most.unsigned_abs()
    }

    pub(crate) fn now(&self) -> i32 {
        self.now
    }

    /// Goes back to where the stack was so deep.
    pub(crate) fn reset(&mut self, now: i32) {
        self.now = now;
    }

    /// Something is pushed where the stack is as deep as it was at any time.
    pub(crate) fn push_one(&mut self) {
        self.most = self.most.saturating_add(1);
    }

    pub(crate) fn label(&mut self) {
        self.labels.push(i32::MIN);
    }

    /// What an instruction does to the depth, if that is known at once.
    #[inline]
    pub(crate) fn effect(&self, op: Op, arg: u32) -> Option<i32> {
        self.effects.known(op, arg)
    }

    /// An instruction with such an effect is written.
    #[inline]
    pub(crate) fn pass(&mut self, effect: i32) {
        self.now = self.now.saturating_add(effect);
        self.most = self.most.max(self.now);
    }

    /// The instruction that was passed jumps to a label.
    pub(crate) fn jump(&mut self, op: Op, label: usize) {
        let (target, behind) = split(op, self.now.into());
        let target = target as i32;
        if let Some(known) = self.labels.get_mut(label).filter(|known| **known == i32::MIN) {
            *known = target;
        }
        self.most = self.most.max(target);
        self.now = behind as i32;
    }

    /// A label is here.
    pub(crate) fn place(&mut self, label: usize) {
        let known = self.labels.get(label).copied().unwrap_or(i32::MIN);
        if known != i32::MIN {
            self.now = known;
        }
    }
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

/// The most that lies on the stack of a unit at level 3.6. Walks a block again whenever it is reached with a
/// deeper stack.
pub(crate) fn deepest(unit: &Unit) -> u32 {
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
    u32::try_from(max).unwrap_or(u32::MAX)
}

fn enter(path: &mut Vec<Step>, blocks: &mut [Block], block: usize, depth: i64) {
    let Some(Block { start, depth: known, on_path }) = blocks.get_mut(block) else { return };
    if !*on_path && *known < depth {
        *on_path = true;
        *known = depth;
        path.push(Step { block, at: *start as usize, depth });
    }
}
