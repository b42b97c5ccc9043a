//! The instructions as an enum, and the lookups CPython keeps in `Lib/opcode.py`; all of it read
//! off the table in `table.rs`.

use std::sync::LazyLock;

use crate::table::{ArgKind, ROWS, Row, instructions};

macro_rules! enumerate {
    ($($name:ident = $number:literal, $arg:ident, $effect:expr
        $(, taken $taken:expr)? $(, nominal $nominal:literal)? $(, ends $ends:literal)?,
        $summary:literal, $picture:literal;)*) => {
        /// An instruction of the machine, by CPython's name and number.
        #[allow(non_camel_case_types, reason = "the names are CPython's")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Op {
            $(#[doc = $summary] $name = $number,)*
        }

        const ALL: &[Op] = &[$(Op::$name,)*];
        const ALL_KINDS: &[ArgKind] = &[$(ArgKind::$arg,)*];
    };
}

instructions!(enumerate);

/// Instructions with this number and above have an argument.
pub const HAVE_ARGUMENT: u8 = 90;

/// The number of [`Op::EXTENDED_ARG`].
pub const EXTENDED_ARG: u8 = Op::EXTENDED_ARG as u8;

/// The instructions of CPython 3.6 are the first so many rows of the table.
pub const CORE_COUNT: usize = 118;

/// The operators of `COMPARE_OP`, by argument. `BAD` is never emitted.
pub const CMP_OP: [&str; 12] =
    ["<", "<=", "==", "!=", ">", ">=", "in", "not in", "is", "is not", "exception match", "BAD"];

/// Numbers of [`CMP_OP`] that code generator and optimiser name.
pub mod cmp {
    pub const LT: u32 = 0;
    pub const LE: u32 = 1;
    pub const EQ: u32 = 2;
    pub const NE: u32 = 3;
    pub const GT: u32 = 4;
    pub const GE: u32 = 5;
    pub const IN: u32 = 6;
    pub const NOT_IN: u32 = 7;
    pub const IS: u32 = 8;
    pub const IS_NOT: u32 = 9;
    pub const EXC_MATCH: u32 = 10;
}

/// What `LOAD_COMMON_CONSTANT` pushes, by argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CommonConstant {
    AssertionError = 0,
    NotImplementedError = 1,
    StopAsyncIteration = 2,
}

/// The functions behind `CALL_INTRINSIC_1`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Intrinsic1 {
    /// `name -- TypeVar(name)`
    TypeVar = 1,
    /// `name -- ParamSpec(name)`
    ParamSpec = 2,
    /// `name -- TypeVarTuple(name)`
    TypeVarTuple = 3,
    /// `params -- Generic[params]`, the base that a class with type parameters gets
    SubscriptGeneric = 4,
    /// `(name, type params or None, evaluator) -- alias` of a `type` statement
    TypeAlias = 5,
}

/// The functions behind `CALL_INTRINSIC_2`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Intrinsic2 {
    /// `original raised -- exception or None`: what an `except*` statement raises in the end,
    /// from the original exception and the list of what was raised or left over
    PrepReraiseStar = 1,
    /// `name evaluator -- TypeVar` with a bound
    TypeVarWithBound = 2,
    /// `name evaluator -- TypeVar` with constraints
    TypeVarWithConstraints = 3,
    /// `function params -- function`, with `__type_params__` set
    SetFunctionTypeParams = 4,
    /// `param evaluator -- param`, with its default set
    SetTypeparamDefault = 5,
    /// `subject keys -- dict` of a mapping pattern's `**rest`
    MappingRest = 6,
}

macro_rules! numbered {
    ($type:ident: $($name:ident)*) => {
        impl $type {
            /// The member with this number, if there is one.
            pub fn from_arg(arg: u32) -> Option<Self> {
                $(if arg == $type::$name as u32 { return Some($type::$name); })*
                None
            }
        }
    };
}

numbered!(CommonConstant: AssertionError NotImplementedError StopAsyncIteration);
numbered!(Intrinsic1: TypeVar ParamSpec TypeVarTuple SubscriptGeneric TypeAlias);
numbered!(Intrinsic2: PrepReraiseStar TypeVarWithBound TypeVarWithConstraints
    SetFunctionTypeParams SetTypeparamDefault MappingRest);

const NO_ROW: u8 = u8::MAX;

/// The index in [`ROWS`] for each number.
const ROW_OF: [u8; 256] = {
    let mut index = [NO_ROW; 256];
    let mut i = 0;
    while i < ALL.len() {
        index[ALL[i] as usize] = i as u8;
        i += 1;
    }
    index
};

/// What the argument of each number means: asked for each instruction of each code object.
const KINDS: [ArgKind; 256] = {
    let mut kinds = [ArgKind::None; 256];
    let mut i = 0;
    while i < ALL.len() {
        kinds[ALL[i] as usize] = ALL_KINDS[i];
        i += 1;
    }
    kinds
};

/// What the argument of the instruction with this number means; [`ArgKind::None`] if there is no
/// such instruction.
#[inline]
pub const fn arg_kind_of(number: u8) -> ArgKind {
    KINDS[number as usize]
}

/// Arguments from this on count as large.
const LARGE: usize = 7;

/// Marks a stack effect that depends on how large a large argument is.
const VARIES: i8 = i8::MAX;

/// The stack effects by instruction and argument; the last is that of all large arguments.
type Effects = [[i8; LARGE + 1]; 256];

static EFFECTS: LazyLock<Effects> = LazyLock::new(|| {
    let mut effects = [[VARIES; LARGE + 1]; 256];
    for row in ROWS {
        let fixed = !matches!(row.arg, ArgKind::Count | ArgKind::Flags) || row.nominal.is_some();
        let known = if fixed { LARGE + 1 } else { LARGE };
        for (known, arg) in effects[row.op as usize][..known].iter_mut().zip(0..) {
            *known = effect(row, arg) as i8;
        }
    }
    effects
});

fn effect(row: &Row, arg: u32) -> i64 {
    if let Some(nominal) = row.nominal {
        return i64::from(nominal);
    }
    let (pops, pushes) = (row.effect)(arg);
    i64::from(pushes) - i64::from(pops)
}

impl Op {
    /// The instruction with this number, if there is one.
    #[inline]
    pub const fn from_u8(number: u8) -> Option<Op> {
        match ROW_OF[number as usize] {
            NO_ROW => None,
            row => Some(ALL[row as usize]),
        }
    }

    /// This instruction's row of the table.
    #[inline]
    pub fn row(self) -> &'static Row {
        &ROWS[ROW_OF[self as usize] as usize]
    }

    /// CPython's name for it.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What its argument means.
    #[inline]
    pub const fn arg_kind(self) -> ArgKind {
        KINDS[self as usize]
    }

    /// True if it takes an argument.
    pub const fn has_arg(self) -> bool {
        self as u8 >= HAVE_ARGUMENT
    }

    /// True for an instruction of Adder's own, which CPython 3.6 does not know.
    #[inline]
    pub const fn is_extension(self) -> bool {
        ROW_OF[self as usize] as usize >= CORE_COUNT
    }

    /// True if the argument is a jump distance or target.
    #[inline]
    pub const fn is_jump(self) -> bool {
        matches!(self.arg_kind(), ArgKind::JRel | ArgKind::JAbs)
    }

    /// The change of stack depth that CPython 3.6 reckons with for `co_stacksize`, and
    /// `dis.stack_effect` shows: not always what one execution does, see `table.rs`.
    pub fn stack_effect(self, arg: u32) -> i64 {
        StackEffects::new().of(self, arg)
    }
}

/// [`Op::stack_effect`] for who asks often.
#[derive(Clone, Copy)]
pub struct StackEffects(&'static Effects);

impl StackEffects {
    #[allow(clippy::new_without_default, reason = "there is nothing to choose")]
    #[inline]
    pub fn new() -> Self {
        StackEffects(&EFFECTS)
    }

    #[inline]
    pub fn of(self, op: Op, arg: u32) -> i64 {
        self.known(op, arg).map_or_else(|| effect(op.row(), arg), i64::from)
    }

    /// Unless it depends on how large a large argument is.
    #[inline]
    pub fn known(self, op: Op, arg: u32) -> Option<i32> {
        let known = self.0[op as usize][LARGE.min(arg as usize)];
        (known != VARIES).then_some(known.into())
    }
}

/// The numbers whose argument is of this kind, ascending: `hasconst`, `hasname`, `hasjrel`,
/// `hasjabs`, `haslocal`, `hascompare` and `hasfree` of `Lib/opcode.py`.
pub fn has_kind(kind: ArgKind) -> Vec<u8> {
    let mut numbers: Vec<u8> =
        ROWS.iter().filter(|row| row.arg == kind).map(|row| row.op as u8).collect();
    numbers.sort_unstable();
    numbers
}

/// The instruction with this name (in capitals), if there is one: `opmap` of `Lib/opcode.py`.
pub fn by_name(name: &str) -> Option<Op> {
    ROWS.iter().find(|row| row.name == name).map(|row| row.op)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(ROWS.iter().filter(|row| !row.op.is_extension()).count(), CORE_COUNT);
        for (i, row) in ROWS.iter().enumerate() {
            assert_eq!(Op::from_u8(row.op as u8), Some(row.op));
            assert_eq!(by_name(row.name), Some(row.op));
            assert_eq!(row.op.has_arg(), row.arg != ArgKind::None, "{}", row.name);
            assert_eq!(row.op.is_jump(), row.taken.is_some(), "{}", row.name);
            assert!(row.picture.contains("--") && row.summary.ends_with('.'), "{}", row.name);
            let sorted = i == 0 || i == CORE_COUNT || (ROWS[i - 1].op as u8) < row.op as u8;
            let second_half = row.op.is_extension() && row.op as u8 == 159;
            assert!(sorted || second_half, "{}", row.name);
        }
    }

    #[test]
    fn numbers_of_the_founding_text() {
        assert_eq!(HAVE_ARGUMENT, 90);
        assert_eq!(Op::LOAD_CONST as u8, 100);
        assert_eq!(by_name("BINARY_ADD").map(|op| op as u8), Some(23));
        assert_eq!(Op::from_u8(0), None);
    }

    #[test]
    fn effects_that_count_what_comes_later() {
        for (op, arg, effect) in [
            (Op::SETUP_EXCEPT, 0, 6),
            (Op::SETUP_WITH, 0, 7),
            (Op::FOR_ITER, 0, 1),
            (Op::JUMP_IF_FALSE_OR_POP, 0, 0),
            (Op::END_FINALLY, 0, -1),
            (Op::UNPACK_EX, 256, 1),
            (Op::BUILD_MAP, 256, -511),
            (Op::MAKE_FUNCTION, 15, -5),
            (Op::CALL_FUNCTION_EX, 1, -2),
            (Op::BUILD_SLICE, 3, -2),
            (Op::FORMAT_VALUE, 5, -1),
        ] {
            assert_eq!(op.stack_effect(arg), effect, "{}({arg})", op.name());
        }
    }
}
