//! Which attributes are fetched only to be called: such a LOAD_ATTR and its CALL_FUNCTION or CALL_FUNCTION_KW
//! become `LoadMethod` and `CallMethod` or `CallMethodKw`, which need no bound method. In return there is one word more on the
//! stack from the one to the other.
//!
//! So everything between the two must be theirs alone: control comes in through the load and goes on
//! through the call (or leaves by an exception), and no instruction in between looks at the callable
//! or below it. Conditional expressions and comprehensions among the arguments keep to that.

use crate::opcode::Op;
use crate::verify::{Analysis, BlockKind, Step};

/// The pairs of a code object.
pub struct Methods {
    /// For each step: it is a method load, or the call of one.
    pub is_method: Vec<bool>,
    /// The most words more at any time.
    pub most: u32,
    /// The pairs, by their steps, that there are jumps or blocks between.
    wide: Vec<(usize, usize)>,
}

impl Methods {
    /// Words more on the stack before a step to which control jumps than the verifier counts.
    pub fn extra_at(&self, step: usize) -> u32 {
        self.wide.iter().filter(|&&(load, call)| load < step && step <= call).count() as u32
    }

    fn add(&mut self, load: usize, call: usize, wide: bool, nests: &mut Vec<(usize, u32)>) {
        self.is_method[load] = true;
        self.is_method[call] = true;
        if wide {
            self.wide.push((load, call));
        }
        let mut nest = 1;
        while let Some((_, inner)) = nests.pop_if(|(inner, _)| *inner > load) {
            nest = nest.max(inner + 1);
        }
        nests.push((load, nest));
        self.most = self.most.max(nest);
    }
}

/// Finds the pairs.
pub fn pair(analysis: &Analysis) -> Methods {
    let steps = &analysis.steps;
    let mut methods = Methods { is_method: vec![false; steps.len()], most: 0, wide: Vec::new() };
    let mut arrivals = None;
    // The words on the stack that a LOAD_ATTR made, lowest first: where, and which step it was.
    let mut loads: Vec<(usize, usize)> = Vec::new();
    // The last step since then that jumps, or that something jumps to.
    let mut last_jump = 0;
    // Pairs that no other contains so far: the load, and how deep pairs nest there.
    let mut nests: Vec<(usize, u32)> = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let depth = step.depth as usize;
        if !loads.is_empty() {
            if step.is_target {
                last_jump = i;
            }
            cut(&mut loads, depth);
            if matches!(step.op, Op::CALL_FUNCTION | Op::CALL_FUNCTION_KW) {
                // The names of named arguments lie on top of these.
                let names = usize::from(step.op == Op::CALL_FUNCTION_KW);
                let callable = depth - 1 - names - step.arg as usize;
                cut(&mut loads, callable + 1);
                let load = loads.pop_if(|(place, _)| *place == callable);
                if let Some((_, load)) = load {
                    let wide = last_jump > load;
                    let mut alone =
                        || arrivals.get_or_insert_with(|| Arrivals::new(steps)).keep_to(load, i);
                    if !wide || alone() {
                        methods.add(load, i, wide, &mut nests);
                    }
                }
            } else if is_border(analysis, step) {
                loads.clear();
            } else {
                let row = step.op.row();
                let mut untouched = depth - (row.effect)(step.arg).0 as usize;
                if let Some(taken) = row.taken {
                    untouched = untouched.min(depth - taken(step.arg).0 as usize);
                    last_jump = i;
                }
                // These find a word by counting down, and no word may come in between.
                if matches!(step.op, Op::LIST_APPEND | Op::SET_ADD | Op::MAP_ADD) {
                    untouched = untouched.saturating_sub(step.arg as usize);
                }
                cut(&mut loads, untouched);
            }
        }
        if step.op == Op::LOAD_ATTR {
            loads.push((depth - 1, i));
        }
    }
    methods
}

/// Forgets words from this place up.
fn cut(loads: &mut Vec<(usize, usize)>, from: usize) {
    while loads.pop_if(|(place, _)| *place >= from).is_some() {}
}

/// Where jumps come from and go to, by step.
struct Arrivals {
    /// The step that a step jumps to, or leads to by an exception.
    to: Vec<Option<usize>>,
    /// The first and the last step that jumps to a step.
    from: Vec<Option<(usize, usize)>>,
}

impl Arrivals {
    fn new(steps: &[Step]) -> Arrivals {
        let mut to = vec![None; steps.len()];
        let mut from = vec![None; steps.len()];
        for (i, step) in steps.iter().enumerate() {
            if !step.op.is_jump() {
                continue;
            }
            let target = steps.partition_point(|other| other.start < step.target);
            to[i] = Some(target);
            if let Some(from) = from.get_mut(target) {
                let (first, _) = from.unwrap_or((i, i));
                *from = Some((first, i));
            }
        }
        Arrivals { to, from }
    }

    /// Do all jumps between two steps stay there, and come from there?
    fn keep_to(&self, load: usize, call: usize) -> bool {
        let inside = |at: usize| load < at && at < call;
        self.to[load + 1..call].iter().flatten().all(|&to| inside(to) || to == call)
            && (self.from[load + 1..=call].iter().flatten())
                .all(|&(first, last)| inside(first) && inside(last))
    }
}

/// Steps that may not stand between a load and its call.
fn is_border(analysis: &Analysis, step: &Step) -> bool {
    match step.op {
        Op::JUMP_FORWARD | Op::JUMP_ABSOLUTE => false,
        Op::END_FINALLY => {
            let block = analysis.blocks.get(step.block as usize);
            block.is_none_or(|block| block.kind != BlockKind::ExceptHandler)
        }
        Op::SETUP_LOOP
        | Op::SETUP_FINALLY
        | Op::SETUP_WITH
        | Op::SETUP_ASYNC_WITH
        | Op::POP_EXCEPT
        | Op::WITH_CLEANUP_START
        | Op::WITH_CLEANUP_FINISH
        | Op::YIELD_FROM
        | Op::YIELD_VALUE
        | Op::BUILD_TUPLE_UNPACK_WITH_CALL
        | Op::BUILD_MAP_UNPACK_WITH_CALL => true,
        op => op.row().ends,
    }
}
