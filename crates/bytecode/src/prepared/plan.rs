//! From 3.6 wordcode to prepared instructions.
//!
//! Besides decoding, three things happen here: an attribute that is fetched only to be called
//! becomes `LoadMethod`/`CallMethod` (no bound method is made); frequent neighbours become one
//! instruction (or run as one: `fuse.rs`); and `EnterFinally` is put in front of finally clauses on the ordinary way in.

use super::methods::{self, Methods};
use super::operators::{CmpOp, binary};
use super::{Instr, Instructions, Numbers, P, Plan, PlannedBlock, fuse};
use crate::code::{CodeObject, Const};
use crate::opcode::{Op, cmp};
use crate::verify::{self, Analysis, BlockKind, Entry, NO_BLOCK, Step, VerifyError};

/// Verifies a code object and decodes it.
///
/// # Errors
/// If the code is refused.
pub fn plan(source: &CodeObject) -> Result<Plan, VerifyError> {
    let analysis = verify::analyze(source)?;
    let mut build = Build::new(&analysis, source);
    build.emit_all(&analysis, source);
    build.resolve();
    fuse::fuse(&mut build.out);
    let blocks = analysis
        .blocks
        .iter()
        .map(|b| PlannedBlock {
            kind: b.kind,
            parent: b.parent,
            level: b.level + build.extra_at(&analysis, b.target),
            target: build.index_of(b.target),
            offset: b.target,
        })
        .collect();
    let of_steps = |f: fn(&Step) -> u32| -> Numbers {
        build.step_of.iter().map(|&at| f(&analysis.steps[at as usize])).collect()
    };
    Ok(Plan {
        offsets: of_steps(|step| step.offset),
        block_of: if analysis.blocks.is_empty() {
            Numbers::default()
        } else {
            of_steps(|step| step.block)
        },
        depth_of: if build.continues { of_steps(|step| step.depth) } else { Numbers::default() },
        blocks,
        caches: build.caches as u32,
        // Each LoadMethod keeps one word more than LOAD_ATTR did.
        max_depth: analysis.max_depth + build.methods.most,
        instructions: Instructions::Made(build.out.into()),
    })
}

struct Build {
    out: Vec<Instr>,
    /// The step that each of them stands for.
    step_of: Vec<u32>,
    /// Index of the prepared instruction for each code unit where a step starts.
    index_at: Vec<u32>,
    methods: Methods,
    caches: usize,
    nlocals: u32,
    /// Is there a `ContinueLoop`?
    continues: bool,
    /// Instructions whose argument is a byte offset to resolve.
    jumps: Vec<usize>,
}

impl Build {
    fn new(analysis: &Analysis, source: &CodeObject) -> Build {
        let n = analysis.steps.len();
        Build {
            out: Vec::with_capacity(n),
            step_of: Vec::with_capacity(n),
            index_at: vec![0; source.code.len() / 2 + 1],
            methods: methods::pair(analysis),
            caches: 0,
            nlocals: source.nlocals,
            continues: false,
            jumps: Vec::new(),
        }
    }

    fn index_of(&self, offset: u32) -> u32 {
        self.index_at.get(offset as usize / 2).copied().unwrap_or(0)
    }

    /// How many words more than the verifier counts lie on the stack at a handler.
    fn extra_at(&self, analysis: &Analysis, handler: u32) -> u32 {
        self.methods.extra_at(analysis.steps.partition_point(|step| step.start < handler))
    }

    /// An instruction for step number `at`.
    fn emit(&mut self, at: usize, op: P, a: u8, b: u16, c: u32) {
        self.out.push(Instr { op, a, b, c });
        self.step_of.push(at as u32);
    }

    /// An instruction on a cell or free variable, whose word lies behind the local variables.
    fn cell(&mut self, at: usize, op: P, arg: u32) {
        self.emit(at, op, 0, 0, self.nlocals + arg);
    }

    /// A new cache; instructions beyond 65535 share the last one, which merely misses more often.
    fn cache(&mut self) -> u16 {
        let index = self.caches.min(u16::MAX as usize);
        self.caches = index + 1;
        index as u16
    }

    fn emit_all(&mut self, analysis: &Analysis, code: &CodeObject) {
        let steps = &analysis.steps;
        let mut i = 0;
        while i < steps.len() {
            let step = &steps[i];
            self.index_at[step.start as usize / 2] = self.out.len() as u32;
            let next = steps.get(i + 1).filter(|n| !n.is_target && n.block == step.block);
            if step.op == Op::GET_AITER && awaits_nothing(&steps[i + 1..], code) {
                self.emit_one(analysis, step, i);
                i += 3;
                continue;
            }
            if let Some(next) = next
                && self.emit_pair(i, step, next)
            {
                i += 2;
                continue;
            }
            self.emit_one(analysis, step, i);
            if let Some(entry) = step.enters_finally {
                self.emit(i, P::EnterFinally, 0, 0, u32::from(entry == Entry::AfterHandler));
            }
            i += 1;
        }
    }

    /// Two instructions in one, where both fit the encoding.
    fn emit_pair(&mut self, at: usize, step: &Step, next: &Step) -> bool {
        if !matches!(step.op, Op::COMPARE_OP | Op::FOR_ITER) {
            return false;
        }
        if step.enters_finally.is_some() || next.enters_finally.is_some() {
            return false;
        }
        let small = |n: u32| u16::try_from(n).ok();
        match (step.op, next.op) {
            (Op::COMPARE_OP, Op::POP_JUMP_IF_FALSE) if step.arg <= cmp::GE => {
                self.compare_jump(at, step, next, false);
            }
            (Op::COMPARE_OP, Op::POP_JUMP_IF_TRUE) if step.arg <= cmp::GE => {
                self.compare_jump(at, step, next, true);
            }
            (Op::FOR_ITER, Op::STORE_FAST) => match small(next.arg) {
                Some(local) => {
                    self.jumps.push(self.out.len());
                    self.emit(at, P::ForIterStoreFast, 0, local, step.target);
                }
                None => return false,
            },
            _ => return false,
        }
        true
    }

    fn compare_jump(&mut self, at: usize, step: &Step, next: &Step, want: bool) {
        let outcomes = CmpOp::ALL[step.arg as usize % 6].jump_outcomes(want);
        self.jumps.push(self.out.len());
        self.emit(at, P::CompareJump, step.arg as u8, outcomes, next.target);
    }

    fn jump(&mut self, at: usize, step: &Step, op: P) {
        self.jumps.push(self.out.len());
        self.emit(at, op, 0, 0, step.target);
    }

    fn emit_one(&mut self, analysis: &Analysis, step: &Step, at: usize) {
        let arg = step.arg;
        let plain = match step.op {
            Op::NOP if jumped_over(&analysis.steps, at) => P::Nop,
            Op::NOP
            | Op::SETUP_LOOP
            | Op::SETUP_EXCEPT
            | Op::SETUP_FINALLY
            | Op::POP_BLOCK
            | Op::SETUP_ASYNC_WITH
            | Op::EXTENDED_ARG => return,
            Op::POP_TOP => P::PopTop,
            Op::ROT_TWO => P::RotTwo,
            Op::ROT_THREE => P::RotThree,
            Op::ROT_N => P::RotN,
            Op::DUP_TOP => P::DupTop,
            Op::DUP_TOP_TWO => P::DupTopTwo,
            Op::LOAD_CONST => P::LoadConst,
            Op::LOAD_FAST => P::LoadFast,
            Op::STORE_FAST => P::StoreFast,
            Op::DELETE_FAST => P::DeleteFast,
            Op::CLEAR_FAST => P::ClearFast,
            Op::LOAD_NAME => {
                let cache = self.cache();
                return self.emit(at, P::LoadName, 0, cache, arg);
            }
            Op::STORE_NAME => {
                let cache = self.cache();
                return self.emit(at, P::StoreName, 0, cache, arg);
            }
            Op::DELETE_NAME => P::DeleteName,
            Op::LOAD_GLOBAL => {
                let cache = self.cache();
                return self.emit(at, P::LoadGlobal, 0, cache, arg);
            }
            Op::STORE_GLOBAL => {
                let cache = self.cache();
                return self.emit(at, P::StoreGlobal, 0, cache, arg);
            }
            Op::DELETE_GLOBAL => P::DeleteGlobal,
            Op::LOAD_CLOSURE => return self.cell(at, P::LoadClosure, arg),
            Op::LOAD_DEREF => return self.cell(at, P::LoadDeref, arg),
            Op::LOAD_CLASSDEREF => return self.cell(at, P::LoadClassDeref, arg),
            Op::STORE_DEREF => return self.cell(at, P::StoreDeref, arg),
            Op::DELETE_DEREF => return self.cell(at, P::DeleteDeref, arg),
            Op::MAKE_CELL => return self.cell(at, P::MakeCell, arg),
            Op::LOAD_FROM_DICT_OR_DEREF => return self.cell(at, P::LoadFromDictOrDeref, arg),
            Op::LOAD_FROM_DICT_OR_GLOBALS => P::LoadFromDictOrGlobals,
            Op::LOAD_LOCALS => P::LoadLocals,
            Op::UNARY_POSITIVE => P::UnaryPositive,
            Op::UNARY_NEGATIVE => P::UnaryNegative,
            Op::UNARY_NOT => P::UnaryNot,
            Op::UNARY_INVERT => P::UnaryInvert,
            Op::BINARY_ADD => P::BinaryAdd,
            Op::BINARY_SUBTRACT => P::BinarySubtract,
            Op::BINARY_MULTIPLY => P::BinaryMultiply,
            Op::BINARY_TRUE_DIVIDE => P::BinaryTrueDivide,
            Op::BINARY_FLOOR_DIVIDE => P::BinaryFloorDivide,
            Op::BINARY_MODULO => P::BinaryModulo,
            Op::BINARY_POWER => P::BinaryPower,
            Op::BINARY_AND => P::BinaryAnd,
            Op::BINARY_OR => P::BinaryOr,
            Op::BINARY_XOR => P::BinaryXor,
            Op::BINARY_LSHIFT => P::BinaryLshift,
            Op::BINARY_RSHIFT => P::BinaryRshift,
            Op::BINARY_MATRIX_MULTIPLY => {
                return self.emit(at, P::BinaryOther, binary::MAT_MUL, 0, 0);
            }
            Op::INPLACE_ADD => P::InplaceAdd,
            Op::INPLACE_SUBTRACT => P::InplaceSubtract,
            Op::INPLACE_MULTIPLY => P::InplaceMultiply,
            Op::INPLACE_POWER => P::InplacePower,
            Op::INPLACE_MATRIX_MULTIPLY
            | Op::INPLACE_TRUE_DIVIDE
            | Op::INPLACE_FLOOR_DIVIDE
            | Op::INPLACE_MODULO
            | Op::INPLACE_LSHIFT
            | Op::INPLACE_RSHIFT
            | Op::INPLACE_AND
            | Op::INPLACE_OR
            | Op::INPLACE_XOR => {
                let op = match step.op {
                    Op::INPLACE_MATRIX_MULTIPLY => binary::MAT_MUL,
                    Op::INPLACE_TRUE_DIVIDE => binary::TRUE_DIV,
                    Op::INPLACE_FLOOR_DIVIDE => binary::FLOOR_DIV,
                    Op::INPLACE_MODULO => binary::REM,
                    Op::INPLACE_LSHIFT => binary::L_SHIFT,
                    Op::INPLACE_RSHIFT => binary::R_SHIFT,
                    Op::INPLACE_AND => binary::AND,
                    Op::INPLACE_OR => binary::OR,
                    _ => binary::XOR,
                };
                return self.emit(at, P::InplaceOther, op, 0, 0);
            }
            Op::BINARY_SUBSCR => P::BinarySubscr,
            Op::STORE_SUBSCR => P::StoreSubscr,
            Op::DELETE_SUBSCR => P::DeleteSubscr,
            Op::COMPARE_OP => match arg {
                cmp::IN => P::In,
                cmp::NOT_IN => P::NotIn,
                cmp::IS => P::Is,
                cmp::IS_NOT => P::IsNot,
                cmp::EXC_MATCH => P::ExceptionMatch,
                _ => {
                    let outcomes = CmpOp::ALL[arg as usize % 6].outcomes();
                    return self.emit(at, P::CompareOp, arg as u8, outcomes.into(), 0);
                }
            },
            Op::JUMP_FORWARD => return self.jump(at, step, P::JumpForward),
            Op::JUMP_ABSOLUTE => {
                let op = if step.target <= step.offset { P::JumpBackward } else { P::JumpForward };
                return self.jump(at, step, op);
            }
            Op::POP_JUMP_IF_FALSE => return self.jump(at, step, P::PopJumpIfFalse),
            Op::POP_JUMP_IF_TRUE => return self.jump(at, step, P::PopJumpIfTrue),
            Op::JUMP_IF_FALSE_OR_POP => return self.jump(at, step, P::JumpIfFalseOrPop),
            Op::JUMP_IF_TRUE_OR_POP => return self.jump(at, step, P::JumpIfTrueOrPop),
            Op::GET_ITER => P::GetIter,
            Op::GET_YIELD_FROM_ITER => P::GetYieldFromIter,
            Op::FOR_ITER => return self.jump(at, step, P::ForIter),
            Op::LOAD_ATTR => {
                let cache = self.cache();
                let op = if self.methods.is_method[at] { P::LoadMethod } else { P::LoadAttr };
                return self.emit(at, op, 0, cache, arg);
            }
            Op::STORE_ATTR => {
                let cache = self.cache();
                return self.emit(at, P::StoreAttr, 0, cache, arg);
            }
            Op::DELETE_ATTR => P::DeleteAttr,
            Op::CALL_FUNCTION if self.methods.is_method[at] => P::CallMethod,
            Op::CALL_FUNCTION => P::CallFunction,
            Op::CALL_FUNCTION_KW if self.methods.is_method[at] => P::CallMethodKw,
            Op::CALL_FUNCTION_KW => P::CallFunctionKw,
            Op::CALL_FUNCTION_EX => P::CallFunctionEx,
            Op::MAKE_FUNCTION => P::MakeFunction,
            Op::BUILD_TUPLE => P::BuildTuple,
            Op::BUILD_LIST => P::BuildList,
            Op::BUILD_SET => P::BuildSet,
            Op::BUILD_MAP => P::BuildMap,
            Op::BUILD_CONST_KEY_MAP => P::BuildConstKeyMap,
            Op::BUILD_STRING => P::BuildString,
            Op::BUILD_SLICE => P::BuildSlice,
            Op::BUILD_LIST_UNPACK => P::BuildListUnpack,
            Op::BUILD_TUPLE_UNPACK => P::BuildTupleUnpack,
            Op::BUILD_TUPLE_UNPACK_WITH_CALL => P::BuildTupleUnpackWithCall,
            Op::BUILD_SET_UNPACK => P::BuildSetUnpack,
            Op::BUILD_MAP_UNPACK => P::BuildMapUnpack,
            Op::BUILD_MAP_UNPACK_WITH_CALL => P::BuildMapUnpackWithCall,
            Op::UNPACK_SEQUENCE => P::UnpackSequence,
            Op::UNPACK_EX => P::UnpackEx,
            Op::LIST_APPEND => P::ListAppend,
            Op::SET_ADD => P::SetAdd,
            Op::MAP_ADD => P::MapAdd,
            Op::FORMAT_VALUE => P::FormatValue,
            // Words that only strange code leaves below the result are dropped by the general way.
            Op::RETURN_VALUE if step.block == NO_BLOCK && step.depth == 1 => P::ReturnValue,
            Op::RETURN_VALUE => P::ReturnUnwind,
            Op::YIELD_VALUE => P::YieldValue,
            Op::YIELD_FROM => P::YieldFrom,
            Op::BREAK_LOOP => P::BreakLoop,
            Op::CONTINUE_LOOP => {
                self.continues = true;
                return self.jump(at, step, P::ContinueLoop);
            }
            Op::END_FINALLY => match analysis.blocks.get(step.block as usize) {
                Some(b) if b.kind == BlockKind::ExceptHandler => P::EndExcept,
                _ => {
                    return self.emit(at, P::EndFinally, 0, 0, u32::from(step.leaves_handler));
                }
            },
            Op::POP_EXCEPT => P::PopExcept,
            Op::SETUP_WITH => P::SetupWith,
            Op::BEFORE_ASYNC_WITH => P::BeforeAsyncWith,
            Op::WITH_CLEANUP_START => P::WithCleanupStart,
            Op::WITH_CLEANUP_FINISH => P::WithCleanupFinish,
            Op::RAISE_VARARGS => P::RaiseVarargs,
            Op::RERAISE => P::Reraise,
            Op::IMPORT_NAME => P::ImportName,
            Op::IMPORT_FROM => P::ImportFrom,
            Op::IMPORT_STAR => P::ImportStar,
            Op::LOAD_BUILD_CLASS => P::LoadBuildClass,
            Op::SETUP_ANNOTATIONS => P::SetupAnnotations,
            Op::STORE_ANNOTATION => P::StoreAnnotation,
            Op::PRINT_EXPR => P::PrintExpr,
            Op::GET_AWAITABLE => P::GetAwaitable,
            Op::GET_AITER => P::GetAiter,
            Op::GET_ANEXT => P::GetAnext,
            Op::GET_LEN => P::GetLen,
            Op::MATCH_MAPPING => P::MatchMapping,
            Op::MATCH_SEQUENCE => P::MatchSequence,
            Op::MATCH_KEYS => P::MatchKeys,
            Op::MATCH_CLASS => P::MatchClass,
            Op::CHECK_EG_MATCH => P::CheckEgMatch,
            Op::BUILD_TEMPLATE => P::BuildTemplate,
            Op::BUILD_INTERPOLATION => P::BuildInterpolation,
            Op::LOAD_COMMON_CONSTANT => P::LoadCommonConstant,
            Op::CALL_INTRINSIC_1 => P::CallIntrinsic1,
            Op::CALL_INTRINSIC_2 => P::CallIntrinsic2,
        };
        self.emit(at, plain, 0, 0, arg);
    }

    /// Turns byte offsets into distances from the next instruction (for `ContinueLoop`, which goes
    /// through blocks: into an instruction index). An offset whose instruction left nothing behind
    /// (a NOP, a POP_BLOCK) means the next one that did.
    fn resolve(&mut self) {
        for at in std::mem::take(&mut self.jumps) {
            let target = self.index_of(self.out[at].c);
            self.out[at].c = match self.out[at].op {
                P::ContinueLoop => target,
                _ => target.wrapping_sub(at as u32 + 1),
            };
        }
    }
}

/// In 3.6 the asynchronous iterator itself was awaited, behind a wrapper that gave it at once: the
/// `LOAD_CONST None; YIELD_FROM` of its code have nothing to do here.
fn awaits_nothing(rest: &[Step], code: &CodeObject) -> bool {
    let [load, wait, ..] = rest else { return false };
    load.op == Op::LOAD_CONST
        && matches!(code.consts.get(load.arg as usize), Some(Const::None))
        && wait.op == Op::YIELD_FROM
        && !load.is_target
        && !wait.is_target
}

/// Instructions that the prepared form does without.
pub fn leaves_nothing(op: Op) -> bool {
    matches!(
        op,
        Op::NOP
            | Op::SETUP_LOOP
            | Op::SETUP_EXCEPT
            | Op::SETUP_FINALLY
            | Op::POP_BLOCK
            | Op::SETUP_ASYNC_WITH
            | Op::EXTENDED_ARG
    )
}

/// Is this all that a conditional jump may pass over? Then it stays, since nobody could tell
/// otherwise whether it ran (`if test: pass`).
fn jumped_over(steps: &[Step], at: usize) -> bool {
    let test = steps[..at].iter().rev().find(|step| !leaves_nothing(step.op));
    let target = match test {
        Some(test) if test.op.row().taken.is_some() && test.target > steps[at].offset => {
            test.target
        }
        _ => return false,
    };
    let behind = steps[at..].iter().find(|step| !leaves_nothing(step.op));
    behind.is_some_and(|step| step.start >= target)
}
