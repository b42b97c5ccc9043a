//! Assigning to `f_lineno`: a debugger moves a frame on to another line.
//!
//! Blocks are a static tree, so that nothing has to be entered or left. What has to fit is the value
//! stack: words that the new place does not have are dropped, and words that only it has cannot be
//! made up, except for those of a finally clause, which is entered as if its block had ended.
//!
//! CPython's counterpart: `frame_lineno_set_impl` and `mark_stacks` in `Objects/frameobject.c`.

use adder_bytecode::code::CodeObject;
use adder_bytecode::opcode::Op;
use adder_bytecode::verify::{Analysis, BlockKind, NO_BLOCK, Step};

/// What a word of the stack is, between statements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// A context manager's `__exit__`, or a part of an expression.
    Object,
    /// The iterator of a `for` loop.
    Iterator,
    /// What an exception handler lies on.
    Exception,
    /// The two words of a finally clause, told apart from others by its block.
    Clause(u32),
}

/// The words below an instruction, as far as the blocks around it say what they are; the flag tells
/// whether that is all.
fn words(analysis: &Analysis, step: &Step) -> (Vec<Word>, bool) {
    let mut words = vec![Word::Object; step.depth as usize];
    let mut known = 0;
    let mut put = |at: u32, word: Word| {
        if let Some(place) = words.get_mut(at as usize) {
            *place = word;
        }
        known = known.max(at + 1);
    };
    let mut at = step.block;
    while at != NO_BLOCK {
        let block = &analysis.blocks[at as usize];
        match block.kind {
            BlockKind::Loop if iterates(analysis, at) => put(block.level, Word::Iterator),
            BlockKind::Loop | BlockKind::Except => {}
            // For a `with` statement there is its `__exit__` below.
            BlockKind::Finally if block.level > 0 && is_with(analysis, at) => {
                put(block.level - 1, Word::Object);
            }
            BlockKind::Finally => {}
            BlockKind::ExceptHandler => {
                // Before the handler has looked at it, the exception itself lies there as well.
                let whole = at == step.block && step.depth == block.level + 4;
                for level in block.level..block.level + if whole { 4 } else { 1 } {
                    put(level, Word::Exception);
                }
            }
            BlockKind::FinallyBody => {
                put(block.level, Word::Clause(at));
                put(block.level + 1, Word::Clause(at));
            }
        }
        at = block.parent;
    }
    (words, known >= step.depth)
}

/// Is a loop's block that of a `for`?
fn iterates(analysis: &Analysis, block: u32) -> bool {
    let level = analysis.blocks[block as usize].level;
    analysis.steps.iter().any(|step| match step.op {
        Op::FOR_ITER => step.block == block && step.depth == level + 1,
        Op::GET_ANEXT => {
            let inner = analysis.blocks.get(step.block as usize);
            inner.is_some_and(|b| b.parent == block && b.level == level + 1)
        }
        _ => false,
    })
}

/// Is it the block of a `with` statement?
fn is_with(analysis: &Analysis, block: u32) -> bool {
    let target = analysis.blocks[block as usize].target;
    analysis.steps.iter().any(|step| {
        matches!(step.op, Op::SETUP_WITH | Op::SETUP_ASYNC_WITH) && step.target == target
    })
}

/// Where to go on, and what that means for the stack.
#[derive(Debug)]
pub struct Plan {
    /// Byte offset.
    pub offset: u32,
    /// The words that stay.
    pub keep: usize,
    /// What those above are, from the bottom.
    pub dropped: Vec<Word>,
    /// Empty finally clauses entered: pairs of words to add.
    pub clauses: usize,
}

/// How to move from the instruction at `from` to a line. `lines` are those of the code units. The
/// error is CPython's text.
pub fn plan(
    code: &CodeObject,
    analysis: &Analysis,
    lines: &[u32],
    from: u32,
    line: u32,
) -> Result<Plan, String> {
    let of = |step: &Step| lines.get(step.offset as usize / 2).copied().unwrap_or(0);
    // The first line at or behind it that can run.
    let Some(line) = analysis.steps.iter().map(of).filter(|&at| at >= line).min() else {
        return Err(format!("line {line} comes after the current code block"));
    };
    let here = match analysis.steps.binary_search_by_key(&from, |step| step.offset) {
        Ok(at) | Err(at) => analysis.steps.get(at),
    };
    let here = here.map_or_else(Vec::new, |step| words(analysis, step).0);
    let mut best: Option<Plan> = None;
    let mut reason = None;
    let mut before = 0;
    for step in &analysis.steps {
        let starts = of(step) == line && (step.is_target || before != line);
        before = of(step);
        if !starts || is_head(code, step) {
            continue;
        }
        let (there, complete) = words(analysis, step);
        let keep = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
        let missing = &there[keep..];
        let clauses = missing.iter().filter(|word| matches!(word, Word::Clause(_))).count();
        if !complete || clauses < missing.len() {
            reason.get_or_insert(if complete { there.last().copied() } else { Some(Word::Object) });
            continue;
        }
        if best.as_ref().is_none_or(|plan| keep > plan.keep) {
            let dropped = here[keep..].to_vec();
            best = Some(Plan { offset: step.start, keep, dropped, clauses: clauses / 2 });
        }
    }
    match (best, reason) {
        (Some(plan), _) => Ok(plan),
        (None, None) => {
            Err("can't jump into an exception handler, or code may be unreachable".into())
        }
        (None, Some(Some(Word::Exception))) => {
            Err("can't jump into an 'except' block as there's no exception".into())
        }
        (None, Some(Some(Word::Iterator))) => Err("can't jump into the body of a for loop".into()),
        (None, Some(_)) => Err("incompatible stacks".into()),
    }
}

/// Functions begin with an instruction for their head, which is not to be jumped to.
fn is_head(code: &CodeObject, step: &Step) -> bool {
    step.offset == 0 && step.op == Op::NOP && code.code.len() > 2
}
