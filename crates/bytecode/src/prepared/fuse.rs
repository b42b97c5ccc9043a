//! Frequent neighbours run as one: the fused forms of instructions.
//!
//! A fused instruction looks ahead. Where its operands are of the kinds that it expects, it does the
//! work of the instructions behind it as well and goes on behind those; otherwise it does its own and
//! the others follow, as if nothing had been fused. So it never raises what another instruction
//! would, positions and jump targets stay as they are, and the operands of the others are read where
//! they stand.

use super::{Instr, P};

/// Fuses what can be, last to first.
pub fn fuse(code: &mut [Instr]) {
    for at in (0..code.len()).rev() {
        // Those that `fused` has an arm for.
        if let P::LoadFast | P::LoadConst | P::StoreFast | P::DupTop | P::UnpackSequence =
            code[at].op
            && let Some(op) = fused(code, at)
        {
            code[at].op = op;
        }
    }
}

/// How the instruction at `at` runs together with those behind it, if it does.
fn fused(code: &[Instr], at: usize) -> Option<P> {
    let op = |n: usize| code.get(at + n).map_or(P::PopTop, |i| i.op.plain());
    match op(0) {
        P::LoadFast => match op(1) {
            P::LoadFast => match op(2) {
                P::BinaryAdd | P::InplaceAdd => Some(P::FastFastAdd),
                P::BinarySubtract | P::InplaceSubtract => Some(P::FastFastSubtract),
                P::BinaryMultiply | P::InplaceMultiply => Some(P::FastFastMultiply),
                P::BinarySubscr => Some(P::FastFastSubscr),
                P::StoreSubscr => Some(P::FastFastStoreSubscr),
                P::CompareJump => Some(P::FastFastCompareJump),
                other if is_arithmetic(other) => Some(P::FastFastArith),
                _ if is_fused(code, at + 1) => None,
                _ => Some(P::LoadFastFast),
            },
            P::LoadConst => match op(2) {
                P::BinaryAdd | P::InplaceAdd => Some(P::FastConstAdd),
                P::BinarySubtract | P::InplaceSubtract => Some(P::FastConstSubtract),
                P::BinaryMultiply | P::InplaceMultiply => Some(P::FastConstMultiply),
                P::BinarySubscr => Some(P::FastConstSubscr),
                P::CompareJump => Some(P::FastConstCompareJump),
                P::Is | P::IsNot if matches!(op(3), P::PopJumpIfFalse | P::PopJumpIfTrue) => {
                    Some(P::FastIsJump)
                }
                other if is_arithmetic(other) => Some(P::FastConstArith),
                _ if is_fused(code, at + 1) => None,
                _ => Some(P::LoadFastConst),
            },
            P::BinaryAdd | P::InplaceAdd => Some(P::FastAdd),
            P::BinarySubtract | P::InplaceSubtract => Some(P::FastSubtract),
            P::BinaryMultiply | P::InplaceMultiply => Some(P::FastMultiply),
            P::BinarySubscr => Some(P::FastSubscr),
            P::CompareJump => Some(P::FastCompareJump),
            P::LoadAttr => Some(P::FastAttr),
            P::StoreAttr => Some(P::FastStoreAttr),
            P::PopJumpIfFalse | P::PopJumpIfTrue => Some(P::FastPopJump),
            P::ReturnValue => Some(P::FastReturn),
            other if is_arithmetic(other) => Some(P::FastArith),
            _ => None,
        },
        P::LoadConst => match op(1) {
            P::BinaryAdd | P::InplaceAdd => Some(P::ConstAdd),
            P::BinarySubtract | P::InplaceSubtract => Some(P::ConstSubtract),
            P::BinaryMultiply | P::InplaceMultiply => Some(P::ConstMultiply),
            P::BinarySubscr => Some(P::ConstSubscr),
            P::CompareJump => Some(P::ConstCompareJump),
            other if is_arithmetic(other) => Some(P::ConstArith),
            _ => None,
        },
        P::StoreFast => match op(1) {
            P::LoadFast if !is_fused(code, at + 1) => Some(P::StoreFastLoadFast),
            P::JumpBackward => Some(P::StoreFastJump),
            _ => None,
        },
        P::DupTop if (op(1), op(2), op(3)) == (P::RotThree, P::CompareOp, P::JumpIfFalseOrPop) => {
            Some(P::ChainedCompare)
        }
        P::UnpackSequence if op(1) == P::StoreFast && op(2) == P::StoreFast => {
            Some(P::UnpackStoreFast)
        }
        _ => None,
    }
}

fn is_fused(code: &[Instr], at: usize) -> bool {
    code.get(at).is_some_and(|i| i.op != i.op.plain())
}

/// Operators on numbers that the `...Arith` forms tell apart themselves.
fn is_arithmetic(op: P) -> bool {
    matches!(
        op,
        P::BinaryModulo
            | P::BinaryFloorDivide
            | P::BinaryTrueDivide
            | P::BinaryAnd
            | P::BinaryOr
            | P::BinaryXor
            | P::BinaryLshift
            | P::BinaryRshift
            | P::InplaceOther
    )
}

impl P {
    /// The form of a fused instruction that does no more than to load its operands.
    pub fn loading(self) -> P {
        match self {
            P::FastFastAdd
            | P::FastFastSubtract
            | P::FastFastMultiply
            | P::FastFastArith
            | P::FastFastSubscr
            | P::FastFastStoreSubscr
            | P::FastFastCompareJump => P::LoadFastFast,
            P::FastConstAdd
            | P::FastConstSubtract
            | P::FastConstMultiply
            | P::FastConstArith
            | P::FastConstSubscr
            | P::FastConstCompareJump => P::LoadFastConst,
            other => other.plain(),
        }
    }

    /// Is it a FOR_ITER whose item goes into a local?
    #[inline(always)]
    pub fn stores_item(self) -> bool {
        matches!(
            self,
            P::ForIterStoreFast
                | P::ForRangeStoreFast
                | P::ForListStoreFast
                | P::ForGeneratorStoreFast
                | P::ForNextStoreFast
        )
    }

    /// The instruction without those that it does the work of.
    #[inline]
    pub fn plain(self) -> P {
        match self {
            P::LoadFastFast
            | P::LoadFastConst
            | P::FastFastAdd
            | P::FastFastSubtract
            | P::FastFastMultiply
            | P::FastFastArith
            | P::FastFastSubscr
            | P::FastFastStoreSubscr
            | P::FastFastCompareJump
            | P::FastConstAdd
            | P::FastConstSubtract
            | P::FastConstMultiply
            | P::FastConstArith
            | P::FastConstSubscr
            | P::FastConstCompareJump
            | P::FastIsJump
            | P::FastAdd
            | P::FastSubtract
            | P::FastMultiply
            | P::FastArith
            | P::FastSubscr
            | P::FastCompareJump
            | P::FastAttr
            | P::FastStoreAttr
            | P::FastPopJump
            | P::FastReturn => P::LoadFast,
            P::ConstAdd
            | P::ConstSubtract
            | P::ConstMultiply
            | P::ConstArith
            | P::ConstSubscr
            | P::ConstCompareJump => P::LoadConst,
            P::StoreFastLoadFast | P::StoreFastJump => P::StoreFast,
            P::UnpackStoreFast => P::UnpackSequence,
            P::ChainedCompare => P::DupTop,
            P::GlobalCallFast => P::LoadGlobalBuiltin,
            P::MethodCall | P::MethodCallFast => P::LoadMethodType,
            P::ForRange | P::ForList | P::ForGenerator | P::ForUnpack | P::ForNext => P::ForIter,
            P::ForRangeStoreFast
            | P::ForListStoreFast
            | P::ForGeneratorStoreFast
            | P::ForNextStoreFast => P::ForIterStoreFast,
            other => other,
        }
    }
}
