//! The verifier: walks every path through a code object once and proves that it stays inside its
//! stack, its tables and its blocks. Code that does not verify is never run.
//!
//! What the walk finds is kept, because the machine needs it: at each reachable instruction the
//! stack depth and the innermost block. 3.6 keeps a block stack at run time; since blocks nest
//! statically, it is a tree here, and a raise, `return`, `break` or `continue` finds its way out by
//! walking up the tree.
//!
//! Depths are those of Adder's machine, which differ from CPython's in what a handler finds:
//!
//! ```text
//!   except handler:   ... previous | traceback value type        (4 words above the block's level)
//!   finally clause:   ... token why                              (2 words above the block's level)
//! ```
//!
//! `previous` is the exception that was being handled before. `token why` is `None None` when the
//! clause is entered the ordinary way, `exception previous`, `value RETURN`, `None BREAK` or
//! `offset CONTINUE`. The compiler pushes the first `None` itself and falls into the clause; the
//! machine adds the second word on that path (`Step::enters_finally`).
//!
//! CPython's counterpart: none in 3.6, which trusts its bytecode; `Objects/frameobject.c`'s
//! `mark_stacks` does something alike later.

use crate::code::{CodeObject, flags};
use crate::opcode::Op;
use crate::table::{ArgKind, Effect, ROWS};
use std::fmt;
use std::sync::LazyLock;

/// What kind of region an instruction is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockKind {
    /// `SETUP_LOOP`: `target` is where `break` goes.
    Loop,
    /// `SETUP_EXCEPT`: `target` is the handler.
    Except,
    /// `SETUP_FINALLY`, `SETUP_WITH`, `SETUP_ASYNC_WITH`: `target` is the clause.
    Finally,
    /// Inside an except handler; the previous exception lies at `level`.
    ExceptHandler,
    /// Inside a finally clause; token and why lie at `level`.
    FinallyBody,
}

/// A node of the tree of blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    pub kind: BlockKind,
    /// The block around it: an index into [`Analysis::blocks`], [`NO_BLOCK`] at the outside.
    pub parent: u32,
    /// Stack depth to cut back to when the block is left in a hurry.
    pub level: u32,
    /// Byte offset, see [`BlockKind`].
    pub target: u32,
}

pub const NO_BLOCK: u32 = u32::MAX;

/// One reachable instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Byte offset of the instruction itself.
    pub offset: u32,
    /// Byte offset of its first `EXTENDED_ARG`, or of itself: where jumps land.
    pub start: u32,
    pub op: Op,
    pub arg: u32,
    /// Words on the stack before it runs.
    pub depth: u32,
    pub block: u32,
    /// Falls into the finally clause behind it the ordinary way.
    pub enters_finally: Option<Entry>,
    /// An END_FINALLY whose clause is entered from outside its handler: drops `previous` too.
    pub leaves_handler: bool,
    /// The absolute jump target, for jumps and block set-ups.
    pub target: u32,
    /// Something jumps here.
    pub is_target: bool,
    /// A finally clause starts here.
    starts_clause: bool,
}

/// How control gets into a finally clause the ordinary way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// From the block it belongs to.
    Inside,
    /// `except E as e` in 3.6's code: POP_EXCEPT comes before the clause that unbinds `e`, although
    /// the clause's block lies inside the handler. The machine puts `previous` back below.
    AfterHandler,
}

/// The result for one code object.
#[derive(Debug)]
pub struct Analysis {
    /// Reachable instructions in order of their offsets.
    pub steps: Vec<Step>,
    pub blocks: Vec<Block>,
    /// The deepest the stack gets.
    pub max_depth: u32,
}

/// Why code was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    pub offset: u32,
    pub reason: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad bytecode at offset {}: {}", self.offset, self.reason)
    }
}

impl std::error::Error for VerifyError {}

type Result<T> = std::result::Result<T, VerifyError>;

fn refuse<T>(offset: u32, reason: impl Into<String>) -> Result<T> {
    Err(VerifyError { offset, reason: reason.into() })
}

/// The greatest stack a frame may ask for.
const MAX_STACK: u32 = 1 << 20;
/// CPython's limit for nested blocks is 20; handlers count here too.
const MAX_BLOCK_DEPTH: u32 = 64;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct State {
    depth: u32,
    block: u32,
}

/// The depth of a step that no way leads to (yet).
const UNREACHED: u32 = u32::MAX;

impl Step {
    fn state(&self) -> Option<State> {
        (self.depth != UNREACHED).then_some(State { depth: self.depth, block: self.block })
    }
}

struct Walk<'a> {
    code: &'a CodeObject,
    steps: Vec<Step>,
    /// Index into `steps` for each code unit at which an instruction starts.
    at_unit: Vec<u32>,
    blocks: Vec<Block>,
    /// The instructions at which finally clauses start, with their blocks.
    clauses: Vec<(usize, u32)>,
    /// What arguments must be less than, by their kind.
    limits: [u64; ArgKind::COUNT],
    /// How many instructions were reached.
    reached: usize,
    /// For each clause (by the byte offset of its start), how it is entered the ordinary way, once
    /// that is known; only then does its END_FINALLY go on to the next instruction.
    ordinary: Vec<(u32, Entry)>,
    /// Each END_FINALLY that was walked over, with its clause.
    ends: Vec<(usize, u32)>,
    waiting: Vec<usize>,
    max_depth: u32,
}

const NOWHERE: u32 = u32::MAX;

/// Verifies a code object (not the ones among its constants: each is verified before it runs).
pub fn analyze(code: &CodeObject) -> Result<Analysis> {
    check_fields(code)?;
    let infos = &*INFOS;
    let mut walk = decode(code, infos)?;
    walk.enter(0, State { depth: 0, block: NO_BLOCK }, true, 0)?;
    while let Some(at) = walk.waiting.pop() {
        walk.straight_on(at, infos)?;
    }
    let Walk { mut steps, blocks, max_depth, reached, .. } = walk;
    if reached < steps.len() {
        steps.retain(|step| step.depth != UNREACHED);
    }
    Ok(Analysis { steps, blocks, max_depth })
}

fn check_fields(code: &CodeObject) -> Result<()> {
    let parameters = u64::from(code.argcount)
        + u64::from(code.kwonlyargcount)
        + u64::from(code.flags & flags::VARARGS != 0)
        + u64::from(code.flags & flags::VARKEYWORDS != 0);
    if parameters > code.varnames.len() as u64 {
        return refuse(0, "more parameters than variable names");
    }
    if code.posonlyargcount > code.argcount {
        return refuse(0, "more positional-only parameters than parameters");
    }
    if code.nlocals as usize != code.varnames.len() {
        return refuse(0, "co_nlocals is not the number of variable names");
    }
    if code.code.is_empty() || !code.code.len().is_multiple_of(2) {
        return refuse(0, "the code is empty or ends within an instruction");
    }
    if code.code.len() > i32::MAX as usize {
        return refuse(0, "the code is too long");
    }
    Ok(())
}

/// What decoding and the walk need to know of an instruction, at one place: they look at each
/// instruction of each code object.
#[derive(Clone, Copy)]
struct Info {
    op: Op,
    kind: ArgKind,
    /// Control only goes on to the next instruction, with no condition but on the range of the argument
    /// and the height of the stack: most are of this kind.
    plain: bool,
    pops: u8,
    pushes: u8,
    /// The effect where it depends on the argument.
    effect: Option<Effect>,
}

type Infos = [Option<Info>; 256];

/// By number.
static INFOS: LazyLock<Infos> = LazyLock::new(|| {
    let mut all = [None; 256];
    for row in ROWS {
        let has_arm = row.taken.is_some() || row.ends || is_block_op(row.op);
        let varies = matches!(row.arg, ArgKind::Count | ArgKind::Flags | ArgKind::Raw);
        let (pops, pushes) = if varies { (0, 0) } else { (row.effect)(0) };
        all[row.op as usize] = Some(Info {
            op: row.op,
            kind: row.arg,
            plain: !has_arm && !has_condition(row.op),
            pops: pops as u8,
            pushes: pushes as u8,
            effect: varies.then_some(row.effect),
        });
    }
    all
});

fn decode<'a>(code: &'a CodeObject, infos: &Infos) -> Result<Walk<'a>> {
    let mut steps = Vec::with_capacity(code.code.len() / 2);
    let mut at_unit = vec![NOWHERE; code.code.len() / 2];
    let (mut arg_so_far, mut start) = (0u32, None);
    for (unit, pair) in code.code.chunks_exact(2).enumerate() {
        let offset = unit as u32 * 2;
        let Some(Info { op, kind, .. }) = infos[pair[0] as usize] else {
            return refuse(offset, format!("unknown opcode {}", pair[0]));
        };
        let first = *start.get_or_insert(offset);
        if arg_so_far > u32::MAX >> 8 {
            return refuse(offset, "the argument is too large");
        }
        let arg = arg_so_far << 8 | u32::from(pair[1]);
        if op == Op::EXTENDED_ARG {
            arg_so_far = arg;
            continue;
        }
        // Jumps may land on the first EXTENDED_ARG, which starts the instruction.
        at_unit[first as usize / 2] = steps.len() as u32;
        let arg = if op.has_arg() { arg } else { 0 };
        steps.push(Step {
            offset,
            start: first,
            op,
            arg,
            depth: UNREACHED,
            block: NO_BLOCK,
            enters_finally: None,
            leaves_handler: false,
            target: jump_target(kind, arg, offset),
            is_target: false,
            starts_clause: false,
        });
        (arg_so_far, start) = (0, None);
    }
    if steps.is_empty() {
        return refuse(0, "there is no instruction");
    }
    let mut limits = [u64::MAX; ArgKind::COUNT];
    for (kind, limit) in [
        (ArgKind::Const, code.consts.len()),
        (ArgKind::Name, code.names.len()),
        (ArgKind::Local, code.varnames.len()),
        (ArgKind::Free, code.cellvars.len() + code.freevars.len()),
        (ArgKind::Compare, crate::opcode::CMP_OP.len() - 1),
    ] {
        limits[kind as usize] = limit as u64;
    }
    Ok(Walk {
        code,
        steps,
        at_unit,
        blocks: Vec::new(),
        clauses: Vec::new(),
        limits,
        reached: 0,
        ordinary: Vec::new(),
        ends: Vec::new(),
        waiting: Vec::new(),
        max_depth: 0,
    })
}

/// The instructions that `Walk::step` has an arm of its own for.
fn is_block_op(op: Op) -> bool {
    matches!(
        op,
        Op::SETUP_LOOP
            | Op::SETUP_EXCEPT
            | Op::SETUP_FINALLY
            | Op::SETUP_WITH
            | Op::SETUP_ASYNC_WITH
            | Op::POP_BLOCK
            | Op::POP_EXCEPT
            | Op::END_FINALLY
            | Op::WITH_CLEANUP_START
            | Op::WITH_CLEANUP_FINISH
            | Op::GET_ANEXT
            | Op::BREAK_LOOP
            | Op::CONTINUE_LOOP
    )
}

/// The instructions with a condition in `Walk::check_special`.
fn has_condition(op: Op) -> bool {
    matches!(
        op,
        Op::LIST_APPEND
            | Op::SET_ADD
            | Op::MAP_ADD
            | Op::BUILD_TUPLE_UNPACK_WITH_CALL
            | Op::BUILD_MAP_UNPACK_WITH_CALL
            | Op::RAISE_VARARGS
            | Op::BUILD_SLICE
            | Op::MAKE_FUNCTION
            | Op::ROT_N
            | Op::UNPACK_EX
            | Op::YIELD_VALUE
            | Op::YIELD_FROM
    )
}

/// Where a jump or a block set-up points to; 0 for other instructions.
fn jump_target(kind: ArgKind, arg: u32, offset: u32) -> u32 {
    match kind {
        ArgKind::JAbs => arg,
        ArgKind::JRel => offset.saturating_add(2).saturating_add(arg),
        _ => 0,
    }
}

impl Walk<'_> {
    /// The instruction a jump lands on.
    fn landing(&self, from: &Step) -> Result<usize> {
        let target = from.target;
        if target.is_multiple_of(2)
            && let Some(&index) = self.at_unit.get(target as usize / 2)
            && index != NOWHERE
        {
            return Ok(index as usize);
        }
        refuse(from.offset, format!("jump to {target}, where no instruction starts"))
    }

    fn add_block(&mut self, offset: u32, block: Block) -> Result<u32> {
        // The same block is met again when a path is walked twice.
        if let Some(at) = self.blocks.iter().rposition(|b| *b == block) {
            return Ok(at as u32);
        }
        let (mut deep, mut up) = (0, block.parent);
        while up != NO_BLOCK {
            deep += 1;
            up = self.blocks[up as usize].parent;
        }
        if deep >= MAX_BLOCK_DEPTH {
            return refuse(offset, "too many nested blocks");
        }
        self.blocks.push(block);
        Ok(self.blocks.len() as u32 - 1)
    }

    /// Control reaches an instruction with a state: from `from`, by a jump or by falling into it.
    fn enter(&mut self, at: usize, state: State, falls: bool, from: usize) -> Result<()> {
        let mut state = state;
        let offset = self.steps.get(at).map_or(u32::MAX, |d| d.offset);
        let clause = match self.steps.get(at) {
            Some(step) if step.starts_clause => self.clause_at(at),
            Some(_) => None,
            None => {
                return refuse(self.steps[from].offset, "control runs off the end of the code");
            }
        };
        if let Some(clause) = clause {
            // The ordinary way into a finally clause, with a single None pushed by the compiler.
            let block = self.blocks[clause as usize];
            let around = self.blocks.get(block.parent as usize).copied();
            let entry = if state.block == block.parent && state.depth == block.level + 1 {
                Some(Entry::Inside)
            } else {
                around
                    .filter(|h| {
                        h.kind == BlockKind::ExceptHandler
                            && block.level == h.level + 1
                            && state.block == h.parent
                            && state.depth == h.level + 1
                    })
                    .map(|_| Entry::AfterHandler)
            };
            if let Some(entry) = entry {
                if !falls {
                    return refuse(offset, "jump into a finally clause");
                }
                self.steps[from].enters_finally = Some(entry);
                self.note_ordinary(block.target, entry, offset)?;
                let level = block.level;
                let body = Block { kind: BlockKind::FinallyBody, level, ..block };
                state = State { depth: level + 2, block: self.add_block(offset, body)? };
            }
        }
        if state.depth > MAX_STACK {
            return refuse(offset, "the stack grows too deep");
        }
        self.max_depth = self.max_depth.max(state.depth);
        let step = &mut self.steps[at];
        step.is_target |= !falls;
        match step.state() {
            None => {
                (step.depth, step.block) = (state.depth, state.block);
                self.reached += 1;
                self.waiting.push(at);
                Ok(())
            }
            Some(known) if known == state => Ok(()),
            Some(known) if known.block == state.block => refuse(
                offset,
                format!("stack depth {} on one way here, {} on another", known.depth, state.depth),
            ),
            Some(_) => refuse(offset, "different blocks on different ways here"),
        }
    }

    /// A clause is entered the ordinary way: its END_FINALLY goes on from now on.
    fn note_ordinary(&mut self, clause: u32, entry: Entry, offset: u32) -> Result<()> {
        match self.ordinary.iter().find(|(c, _)| *c == clause) {
            Some((_, known)) if *known == entry => return Ok(()),
            Some(_) => return refuse(offset, "two ordinary ways into a finally clause"),
            None => self.ordinary.push((clause, entry)),
        }
        self.waiting.extend(self.ends.iter().filter(|(_, c)| *c == clause).map(|(at, _)| *at));
        Ok(())
    }

    fn block(&self, index: u32, offset: u32) -> Result<Block> {
        match self.blocks.get(index as usize) {
            Some(block) => Ok(*block),
            None => refuse(offset, "there is no block to leave"),
        }
    }

    fn check_arg(&self, d: &Step) -> Result<()> {
        if u64::from(d.arg) < self.limits[d.op.arg_kind() as usize] {
            return Ok(());
        }
        refuse(d.offset, "argument out of range")
    }

    /// The block of the finally clause that starts at an instruction.
    fn clause_at(&self, at: usize) -> Option<u32> {
        self.clauses.iter().find(|(start, _)| *start == at).map(|(_, block)| *block)
    }

    /// Special conditions on arguments: see [`has_condition`].
    fn check_special(&self, d: &Step, depth: u32) -> Result<()> {
        let inside = |n: u32| n >= 1 && n < depth;
        let good = match d.op {
            Op::LIST_APPEND | Op::SET_ADD => inside(d.arg),
            Op::MAP_ADD => d.arg >= 1 && d.arg.saturating_add(1) < depth,
            // The callable lies below, for error texts.
            Op::BUILD_TUPLE_UNPACK_WITH_CALL => d.arg < depth,
            Op::BUILD_MAP_UNPACK_WITH_CALL => d.arg.saturating_add(1) < depth,
            Op::RAISE_VARARGS => d.arg <= 2,
            Op::BUILD_SLICE => d.arg == 2 || d.arg == 3,
            Op::MAKE_FUNCTION => d.arg < 32,
            Op::ROT_N => d.arg >= 1,
            Op::UNPACK_EX => d.arg >> 8 < MAX_STACK,
            Op::YIELD_VALUE | Op::YIELD_FROM => {
                let generators = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
                self.code.flags & generators != 0
            }
            _ => true,
        };
        if good { Ok(()) } else { refuse(d.offset, format!("bad use of {}", d.op.name())) }
    }

    /// Walks over plain instructions as long as nothing is known of the next one, then over one by
    /// [`Walk::step`].
    fn straight_on(&mut self, from: usize, infos: &Infos) -> Result<()> {
        let Step { mut depth, block, .. } = self.steps[from];
        let floor = self.floor(block);
        let (mut at, mut deepest) = (from, self.max_depth);
        while let Some([step, next]) = self.steps.get_mut(at..at + 2)
            && let Some(Info { kind, plain: true, pops, pushes, effect, .. }) =
                infos[step.op as usize]
            && next.depth == UNREACHED
            && !next.starts_clause
        {
            if u64::from(step.arg) >= self.limits[kind as usize] {
                return refuse(step.offset, "argument out of range");
            }
            let (pops, pushes) = match effect {
                None => (u32::from(pops), u32::from(pushes)),
                Some(effect) => effect(step.arg),
            };
            if pops > depth || depth - pops < floor {
                return refuse(step.offset, "the stack runs empty");
            }
            depth = (depth - pops).saturating_add(pushes);
            if depth > MAX_STACK {
                return refuse(next.offset, "the stack grows too deep");
            }
            deepest = deepest.max(depth);
            (next.depth, next.block) = (depth, block);
            at += 1;
        }
        self.max_depth = deepest;
        self.reached += at - from;
        self.step(at)
    }

    /// A block's own words may not be taken by ordinary instructions inside it.
    fn floor(&self, block: u32) -> u32 {
        match self.blocks.get(block as usize) {
            None => 0,
            Some(b) => match b.kind {
                BlockKind::ExceptHandler => b.level + 1,
                BlockKind::FinallyBody => b.level + 2,
                BlockKind::Loop | BlockKind::Except | BlockKind::Finally => b.level,
            },
        }
    }

    fn step(&mut self, at: usize) -> Result<()> {
        let Step { offset, op, arg, depth, block, .. } = self.steps[at];
        self.check_arg(&self.steps[at])?;
        self.check_special(&self.steps[at], depth)?;
        let need =
            |n: u32| if depth >= n { Ok(()) } else { refuse(offset, "the stack runs empty") };
        let floor = self.floor(block);
        let setup = |kind, level| Block { kind, parent: block, level, target: 0 };
        match op {
            Op::SETUP_LOOP
            | Op::SETUP_EXCEPT
            | Op::SETUP_FINALLY
            | Op::SETUP_WITH
            | Op::SETUP_ASYNC_WITH => {
                let target = self.landing(&self.steps[at])?;
                let target_offset = self.steps[target].start;
                let (kind, level, after) = match op {
                    Op::SETUP_LOOP => (BlockKind::Loop, depth, depth),
                    Op::SETUP_EXCEPT => (BlockKind::Except, depth, depth),
                    Op::SETUP_FINALLY => (BlockKind::Finally, depth, depth),
                    Op::SETUP_WITH => {
                        need(1)?;
                        (BlockKind::Finally, depth, depth + 1)
                    }
                    _ => {
                        need(2)?;
                        (BlockKind::Finally, depth - 1, depth)
                    }
                };
                if level < floor {
                    return refuse(offset, "the block starts below the one around it");
                }
                let new = Block { target: target_offset, ..setup(kind, level) };
                let new = self.add_block(offset, new)?;
                match kind {
                    // Reached by a `break` only.
                    BlockKind::Loop => {}
                    BlockKind::Except => {
                        let handler = Block {
                            target: target_offset,
                            ..setup(BlockKind::ExceptHandler, level)
                        };
                        let handler = self.add_block(offset, handler)?;
                        let state = State { depth: level + 4, block: handler };
                        self.enter(target, state, false, at)?;
                    }
                    _ => {
                        match self.clause_at(target) {
                            Some(known) if known == new => {}
                            Some(_) => {
                                return refuse(offset, "two blocks share a finally clause");
                            }
                            None => self.clauses.push((target, new)),
                        }
                        self.steps[target].starts_clause = true;
                        let body =
                            Block { target: target_offset, ..setup(BlockKind::FinallyBody, level) };
                        let body = self.add_block(offset, body)?;
                        self.enter(target, State { depth: level + 2, block: body }, false, at)?;
                    }
                }
                self.enter(at + 1, State { depth: after, block: new }, true, at)
            }
            Op::POP_BLOCK => {
                let top = self.block(block, offset)?;
                if matches!(top.kind, BlockKind::ExceptHandler | BlockKind::FinallyBody) {
                    return refuse(offset, "POP_BLOCK inside a handler");
                }
                if depth < top.level {
                    return refuse(offset, "the stack runs empty");
                }
                self.enter(at + 1, State { depth, block: top.parent }, true, at)
            }
            Op::POP_EXCEPT => {
                let top = self.block(block, offset)?;
                if top.kind != BlockKind::ExceptHandler || depth != top.level + 1 {
                    return refuse(offset, "POP_EXCEPT outside an exception handler");
                }
                self.enter(at + 1, State { depth: top.level, block: top.parent }, true, at)
            }
            Op::END_FINALLY => {
                let top = self.block(block, offset)?;
                match top.kind {
                    BlockKind::ExceptHandler if depth == top.level + 4 => Ok(()),
                    BlockKind::FinallyBody if depth == top.level + 2 => {
                        if !self.ends.contains(&(at, top.target)) {
                            self.ends.push((at, top.target));
                        }
                        let entry = self.ordinary.iter().find(|(c, _)| *c == top.target);
                        let state = match entry.map(|(_, e)| *e) {
                            None => return Ok(()),
                            Some(Entry::Inside) => State { depth: top.level, block: top.parent },
                            Some(Entry::AfterHandler) => {
                                let handler = self.block(top.parent, offset)?;
                                self.steps[at].leaves_handler = true;
                                State { depth: handler.level, block: handler.parent }
                            }
                        };
                        self.enter(at + 1, state, true, at)
                    }
                    _ => refuse(offset, "END_FINALLY outside a handler"),
                }
            }
            Op::WITH_CLEANUP_START => {
                let top = self.block(block, offset)?;
                // Nor may it take a word of the blocks around.
                if top.kind != BlockKind::FinallyBody
                    || depth != top.level + 2
                    || top.level <= self.floor(top.parent)
                {
                    return refuse(offset, "WITH_CLEANUP_START outside a with statement's end");
                }
                // The __exit__ below token and why goes, so these two sink by one.
                let sunk = Block { level: top.level - 1, ..top };
                let sunk = self.add_block(offset, sunk)?;
                self.enter(at + 1, State { depth: depth + 1, block: sunk }, true, at)
            }
            Op::WITH_CLEANUP_FINISH => {
                let top = self.block(block, offset)?;
                if top.kind != BlockKind::FinallyBody || depth != top.level + 4 {
                    return refuse(offset, "WITH_CLEANUP_FINISH outside a with statement's end");
                }
                // A silenced exception goes on behind the statement.
                self.note_ordinary(top.target, Entry::Inside, offset)?;
                self.enter(at + 1, State { depth: depth - 2, block }, true, at)
            }
            // It only looks at the iterator, which an `async for`'s block may lie around.
            Op::GET_ANEXT => {
                need(1)?;
                self.enter(at + 1, State { depth: depth + 1, block }, true, at)
            }
            Op::BREAK_LOOP => {
                let found = self.find_loop(block, offset)?;
                let Block { target, level, parent, .. } = self.blocks[found as usize];
                let landing = self.at_unit[target as usize / 2] as usize;
                self.enter(landing, State { depth: level, block: parent }, false, at)
            }
            Op::CONTINUE_LOOP => {
                let found = self.find_loop(block, offset)?;
                let target = self.landing(&self.steps[at])?;
                // What is left of the stack when the blocks on the way have been left.
                let (mut left, mut inner) = (depth, block);
                while inner != found {
                    let around = self.block(inner, offset)?;
                    left = left.min(around.level);
                    inner = around.parent;
                }
                match self.steps[target].state() {
                    Some(s) if s.block == found && s.depth <= left => {
                        self.steps[target].is_target = true;
                        Ok(())
                    }
                    _ => refuse(offset, "CONTINUE_LOOP to a place outside its loop"),
                }
            }
            _ => {
                let row = op.row();
                let (pops, pushes) = (row.effect)(arg);
                if pops > depth || depth - pops < floor {
                    return refuse(offset, "the stack runs empty");
                }
                if let Some(taken) = row.taken {
                    let (pops, pushes) = taken(arg);
                    if pops > depth || depth - pops < floor {
                        return refuse(offset, "the stack runs empty");
                    }
                    let target = self.landing(&self.steps[at])?;
                    let depth = depth - pops + pushes;
                    self.enter(target, State { depth, block }, false, at)?;
                }
                if row.ends {
                    return Ok(());
                }
                let after = (depth - pops).saturating_add(pushes);
                self.enter(at + 1, State { depth: after, block }, true, at)
            }
        }
    }

    /// The loop that `break` and `continue` mean.
    fn find_loop(&self, block: u32, offset: u32) -> Result<u32> {
        let mut at = block;
        while let Some(b) = self.blocks.get(at as usize) {
            if b.kind == BlockKind::Loop {
                return Ok(at);
            }
            at = b.parent;
        }
        refuse(offset, "there is no loop around")
    }
}
