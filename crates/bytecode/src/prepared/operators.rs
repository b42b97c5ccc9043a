//! The operators that an instruction's operands name; what they do is the machine's (`adder-vm`, `protocol/`).
//! CPython's counterpart: `cmp_op` in `Lib/opcode.py`, `Py_LT` to `Py_GE` in `Include/object.h`.

use std::cmp::Ordering;

/// The six rich comparisons, numbered as `COMPARE_OP`'s arguments 0 to 5.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CmpOp {
    Lt = 0,
    Le = 1,
    Eq = 2,
    Ne = 3,
    Gt = 4,
    Ge = 5,
}

impl CmpOp {
    pub const ALL: [CmpOp; 6] = [CmpOp::Lt, CmpOp::Le, CmpOp::Eq, CmpOp::Ne, CmpOp::Gt, CmpOp::Ge];

    pub fn from_arg(arg: u32) -> Option<CmpOp> {
        CmpOp::ALL.get(arg as usize).copied()
    }
    pub fn symbol(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }
    pub fn method(self) -> &'static str {
        ["__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__"][self as usize]
    }
    /// The operation with its operands exchanged.
    pub fn swapped(self) -> CmpOp {
        [CmpOp::Gt, CmpOp::Ge, CmpOp::Eq, CmpOp::Ne, CmpOp::Lt, CmpOp::Le][self as usize]
    }
    /// For which outcomes the comparison holds: bit 0 less, 1 equal, 2 greater, 3 unordered.
    pub const fn outcomes(self) -> u8 {
        [0b0001, 0b0011, 0b0010, 0b1101, 0b0100, 0b0110][self as usize]
    }
    #[inline(always)]
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            CmpOp::Lt => ordering.is_lt(),
            CmpOp::Le => ordering.is_le(),
            CmpOp::Eq => ordering.is_eq(),
            CmpOp::Ne => ordering.is_ne(),
            CmpOp::Gt => ordering.is_gt(),
            CmpOp::Ge => ordering.is_ge(),
        }
    }
    #[inline(always)]
    pub fn holds_f64(self, a: f64, b: f64) -> bool {
        match self {
            CmpOp::Lt => a < b,
            CmpOp::Le => a <= b,
            CmpOp::Eq => a == b,
            CmpOp::Ne => a != b,
            CmpOp::Gt => a > b,
            CmpOp::Ge => a >= b,
        }
    }
    /// For which outcomes a jump is taken if the comparison holds (`want`), or if it does not.
    pub fn jump_outcomes(self, want: bool) -> u16 {
        let outcomes = u16::from(self.outcomes());
        if want { outcomes | JUMP_IF_TRUE } else { !outcomes & 0xf }
    }
}

/// The bit of a comparing jump's `b` that says it jumps if the comparison holds.
pub const JUMP_IF_TRUE: u16 = 1 << 8;

/// The numbers of the binary operators that share an instruction: its `a`.
pub mod binary {
    pub const MAT_MUL: u8 = 3;
    pub const TRUE_DIV: u8 = 4;
    pub const FLOOR_DIV: u8 = 5;
    pub const REM: u8 = 6;
    pub const L_SHIFT: u8 = 8;
    pub const R_SHIFT: u8 = 9;
    pub const AND: u8 = 10;
    pub const OR: u8 = 11;
    pub const XOR: u8 = 12;
}
