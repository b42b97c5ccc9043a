//! THE instruction table: one row for each instruction, and nothing about an instruction that is
//! written down anywhere else.
//!
//! A row says
//!
//! ```text
//! NAME = number, argument kind, effect [, taken effect] [, nominal effect] [, ends true],
//!     "one sentence", "stack before -- stack after";
//! ```
//!
//! - *effect* is a function from the argument to `(pops, pushes)` when control goes on to the next
//!   instruction; *taken* is the same for the way along the jump.
//! - *nominal* is the number CPython 3.6 uses for this instruction when it computes `co_stacksize`
//!   (and shows in `dis.stack_effect`), given only where it is not `pushes - pops`: the block
//!   instructions count what an exception will push later.
//! - *ends* marks an instruction after which control never goes on to the next one.
//! - In a stack picture the top is on the right. `exc6` stands for the six words an exception
//!   leaves for its handler: the old traceback, value and type, then the new ones, type on top.
//!
//! That is 3.6's machine; Adder's keeps the same in fewer words, with its blocks laid out
//! beforehand: `verify.rs` draws it.
//!
//! The first section are the 118 instructions of CPython 3.6 with its numbers (`Include/opcode.h`,
//! `Lib/opcode.py`, the effects from `Python/compile.c`). The second section are Adder's
//! extensions in numbers that 3.6 leaves free: what today's language needs and 3.6 cannot say.
//!
//! The enum and its lookups are made in `opcode.rs`; `dis`, the stack depth, the verifier and the
//! reference page read [`Row`]s.

use crate::opcode::Op;

/// What the argument of an instruction means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgKind {
    /// The instruction takes no argument (its second byte is 0 and ignored).
    None,
    /// Index into `co_consts`.
    Const,
    /// Index into `co_names`.
    Name,
    /// Index into `co_varnames`.
    Local,
    /// Index into `co_cellvars + co_freevars`.
    Free,
    /// Jump distance in bytes from the next instruction.
    JRel,
    /// Jump target in bytes from the start of the code.
    JAbs,
    /// Index into [`crate::opcode::CMP_OP`].
    Compare,
    /// A number of stack items.
    Count,
    /// A set of flag bits.
    Flags,
    /// A small number with a meaning of its own (an operation, a distance down the stack).
    Raw,
}

impl ArgKind {
    /// How many kinds there are.
    pub const COUNT: usize = ArgKind::Raw as usize + 1;
}

/// `(pops, pushes)` of an instruction with this argument.
pub type Effect = fn(u32) -> (u32, u32);

/// One instruction, as the table tells it.
#[derive(Debug)]
pub struct Row {
    /// The instruction.
    pub op: Op,
    /// CPython's name, in capitals.
    pub name: &'static str,
    /// What the argument means.
    pub arg: ArgKind,
    /// Stack effect when control goes on to the next instruction.
    pub effect: Effect,
    /// Stack effect along the jump, if the instruction can jump.
    pub taken: Option<Effect>,
    /// CPython 3.6's number for `co_stacksize`, where it is not `pushes - pops`.
    pub nominal: Option<i32>,
    /// Control never goes on to the next instruction.
    pub ends: bool,
    /// One sentence.
    pub summary: &'static str,
    /// The value stack before and after, top on the right.
    pub picture: &'static str,
}

/// Hands the whole table to the macro named by the caller.
macro_rules! instructions {
    ($apply:ident) => {
        $apply! {
            // The stack itself
            POP_TOP = 1, None, |_| (1, 0),
                "Drops the top item.", "a --";
            ROT_TWO = 2, None, |_| (2, 2),
                "Swaps the two top items.", "a b -- b a";
            ROT_THREE = 3, None, |_| (3, 3),
                "Lifts the second and third item one up, the top goes below them.",
                "a b c -- c a b";
            DUP_TOP = 4, None, |_| (1, 2),
                "Repeats the top item.", "a -- a a";
            DUP_TOP_TWO = 5, None, |_| (2, 4),
                "Repeats the two top items in their order.", "a b -- a b a b";
            NOP = 9, None, |_| (0, 0),
                "Does nothing; the peephole optimiser writes it over what it takes out.", "--";

            // Unary operations
            UNARY_POSITIVE = 10, None, |_| (1, 1), "Unary plus.", "a -- +a";
            UNARY_NEGATIVE = 11, None, |_| (1, 1), "Unary minus.", "a -- -a";
            UNARY_NOT = 12, None, |_| (1, 1), "Truth, negated.", "a -- not-a";
            UNARY_INVERT = 15, None, |_| (1, 1), "Bitwise inversion.", "a -- ~a";

            // Binary and in-place operations
            BINARY_MATRIX_MULTIPLY = 16, None, |_| (2, 1), "Matrix product.", "a b -- a@b";
            INPLACE_MATRIX_MULTIPLY = 17, None, |_| (2, 1),
                "Matrix product, in place where the left operand can.", "a b -- a@=b";
            BINARY_POWER = 19, None, |_| (2, 1), "Power.", "a b -- a**b";
            BINARY_MULTIPLY = 20, None, |_| (2, 1), "Product.", "a b -- a*b";
            BINARY_MODULO = 22, None, |_| (2, 1),
                "Remainder, or %-formatting.", "a b -- a%b";
            BINARY_ADD = 23, None, |_| (2, 1), "Sum, or concatenation.", "a b -- a+b";
            BINARY_SUBTRACT = 24, None, |_| (2, 1), "Difference.", "a b -- a-b";
            BINARY_SUBSCR = 25, None, |_| (2, 1), "Subscription.", "a b -- a[b]";
            BINARY_FLOOR_DIVIDE = 26, None, |_| (2, 1), "Floor division.", "a b -- a//b";
            BINARY_TRUE_DIVIDE = 27, None, |_| (2, 1), "True division.", "a b -- a/b";
            INPLACE_FLOOR_DIVIDE = 28, None, |_| (2, 1),
                "Floor division, in place where the left operand can.", "a b -- a//=b";
            INPLACE_TRUE_DIVIDE = 29, None, |_| (2, 1),
                "True division, in place where the left operand can.", "a b -- a/=b";

            // Asynchronous iteration and contexts
            GET_AITER = 50, None, |_| (1, 1),
                "Asks an object for its asynchronous iterator.", "a -- aiter(a)";
            GET_ANEXT = 51, None, |_| (1, 2),
                "Asks an asynchronous iterator for the awaitable of its next item.",
                "aiter -- aiter awaitable";
            BEFORE_ASYNC_WITH = 52, None, |_| (1, 2),
                "Calls __aenter__ of the context manager and keeps its __aexit__ below.",
                "manager -- aexit awaitable";

            INPLACE_ADD = 55, None, |_| (2, 1),
                "Sum, in place where the left operand can.", "a b -- a+=b";
            INPLACE_SUBTRACT = 56, None, |_| (2, 1),
                "Difference, in place where the left operand can.", "a b -- a-=b";
            INPLACE_MULTIPLY = 57, None, |_| (2, 1),
                "Product, in place where the left operand can.", "a b -- a*=b";
            INPLACE_MODULO = 59, None, |_| (2, 1),
                "Remainder, in place where the left operand can.", "a b -- a%=b";
            STORE_SUBSCR = 60, None, |_| (3, 0),
                "Sets an item: container[key] = value.", "value container key --";
            DELETE_SUBSCR = 61, None, |_| (2, 0),
                "Deletes an item: del container[key].", "container key --";
            BINARY_LSHIFT = 62, None, |_| (2, 1), "Shift to the left.", "a b -- a<<b";
            BINARY_RSHIFT = 63, None, |_| (2, 1), "Shift to the right.", "a b -- a>>b";
            BINARY_AND = 64, None, |_| (2, 1), "Bitwise and.", "a b -- a&b";
            BINARY_XOR = 65, None, |_| (2, 1), "Bitwise exclusive or.", "a b -- a^b";
            BINARY_OR = 66, None, |_| (2, 1), "Bitwise or.", "a b -- a|b";
            INPLACE_POWER = 67, None, |_| (2, 1),
                "Power, in place where the left operand can.", "a b -- a**=b";

            // Iteration and generators
            GET_ITER = 68, None, |_| (1, 1), "Asks an object for its iterator.", "a -- iter(a)";
            GET_YIELD_FROM_ITER = 69, None, |_| (1, 1),
                "Like GET_ITER, but a generator (or, in a coroutine, a coroutine) stays itself.",
                "a -- iter(a)";
            PRINT_EXPR = 70, None, |_| (1, 0),
                "Hands a value to sys.displayhook, as the REPL does.", "a --";
            LOAD_BUILD_CLASS = 71, None, |_| (0, 1),
                "Pushes builtins.__build_class__.", "-- __build_class__";
            YIELD_FROM = 72, None, |_| (2, 1),
                "Sends to the iterator below and passes on what it yields; its result at its end.",
                "iter sent -- result";
            GET_AWAITABLE = 73, None, |_| (1, 1),
                "Asks an awaitable for the iterator that runs it.", "a -- iterator";
            INPLACE_LSHIFT = 75, None, |_| (2, 1),
                "Shift to the left, in place where the left operand can.", "a b -- a<<=b";
            INPLACE_RSHIFT = 76, None, |_| (2, 1),
                "Shift to the right, in place where the left operand can.", "a b -- a>>=b";
            INPLACE_AND = 77, None, |_| (2, 1),
                "Bitwise and, in place where the left operand can.", "a b -- a&=b";
            INPLACE_XOR = 78, None, |_| (2, 1),
                "Bitwise exclusive or, in place where the left operand can.", "a b -- a^=b";
            INPLACE_OR = 79, None, |_| (2, 1),
                "Bitwise or, in place where the left operand can.", "a b -- a|=b";

            // Leaving blocks, loops and functions
            BREAK_LOOP = 80, None, |_| (0, 0), ends true,
                "Leaves the innermost loop, through the finally clauses on the way.", "--";
            WITH_CLEANUP_START = 81, None, |_| (2, 3), nominal 1,
                "Calls the __exit__ below what a finally clause finds, with the exception if there \
                 is one; the result lies above what it was called with.",
                "exit None -- None None result | exit exc6 -- exc6 exc result";
            WITH_CLEANUP_FINISH = 82, None, |_| (3, 1), nominal -1,
                "Drops the result of __exit__; where it is true and there was an exception, the \
                 exception is silenced: all of it gives way to None.",
                "None None result -- None | exc6 exc result -- exc6 or None";
            RETURN_VALUE = 83, None, |_| (1, 0), ends true,
                "Returns the top item, through the finally clauses on the way.", "a --";
            IMPORT_STAR = 84, None, |_| (1, 0),
                "Binds the public names of a module in the local namespace.", "module --";
            SETUP_ANNOTATIONS = 85, None, |_| (0, 0),
                "Makes __annotations__ in the local namespace if it is not there.", "--";
            YIELD_VALUE = 86, None, |_| (1, 1),
                "Yields the top item; what is sent in takes its place.", "a -- sent";
            POP_BLOCK = 87, None, |_| (0, 0), "Leaves a block the ordinary way; what lies on the stack stays.", "--";
            END_FINALLY = 88, None, |_| (1, 0), nominal -1,
                "Ends a finally clause: goes on, or takes up again the return, continue or \
                 exception that brought control here.",
                "None -- | retval why -- | exc6 --";
            POP_EXCEPT = 89, None, |_| (3, 0), nominal 0,
                "Leaves an exception handler: the exception handled before is current again.",
                "tb value type --";

            // From here on instructions have an argument
            STORE_NAME = 90, Name, |_| (1, 0), "Binds a name in the local namespace.", "a --";
            DELETE_NAME = 91, Name, |_| (0, 0), "Unbinds a name in the local namespace.", "--";
            UNPACK_SEQUENCE = 92, Count, |n| (1, n),
                "Unpacks an iterable of exactly this many items, the first on top.",
                "a -- item[n-1] ... item[0]";
            FOR_ITER = 93, JRel, |_| (1, 2), taken |_| (1, 0),
                "Pushes the next item; at the end of the iterator drops it and jumps.",
                "iter -- iter item | taken: iter --";
            UNPACK_EX = 94, Count, |n| (1, (n & 0xff) + (n >> 8) + 1),
                "Unpacks into (low byte) items, a list, and (the bytes above) items after it.",
                "a -- after ... list before ... first";
            STORE_ATTR = 95, Name, |_| (2, 0), "Sets an attribute.", "value owner --";
            DELETE_ATTR = 96, Name, |_| (1, 0), "Deletes an attribute.", "owner --";
            STORE_GLOBAL = 97, Name, |_| (1, 0), "Binds a global name.", "a --";
            DELETE_GLOBAL = 98, Name, |_| (0, 0), "Unbinds a global name.", "--";
            LOAD_CONST = 100, Const, |_| (0, 1), "Pushes a constant.", "-- constant";
            LOAD_NAME = 101, Name, |_| (0, 1),
                "Pushes what a name means: local, else global, else built in.", "-- value";
            BUILD_TUPLE = 102, Count, |n| (n, 1), "Makes a tuple.", "a ... z -- (a, ..., z)";
            BUILD_LIST = 103, Count, |n| (n, 1), "Makes a list.", "a ... z -- [a, ..., z]";
            BUILD_SET = 104, Count, |n| (n, 1), "Makes a set.", "a ... z -- {a, ..., z}";
            BUILD_MAP = 105, Count, |n| (n.saturating_mul(2), 1),
                "Makes a dict of this many pairs.", "k1 v1 ... kn vn -- {k1: v1, ...}";
            LOAD_ATTR = 106, Name, |_| (1, 1), "Fetches an attribute.", "owner -- owner.name";
            COMPARE_OP = 107, Compare, |_| (2, 1),
                "Compares two items by the operator with this index.", "a b -- result";
            IMPORT_NAME = 108, Name, |_| (2, 1),
                "Imports a module.", "level fromlist -- module";
            IMPORT_FROM = 109, Name, |_| (1, 2),
                "Fetches a name out of a module.", "module -- module value";
            JUMP_FORWARD = 110, JRel, |_| (0, 0), taken |_| (0, 0), ends true,
                "Jumps by a distance.", "--";
            JUMP_IF_FALSE_OR_POP = 111, JAbs, |_| (1, 0), taken |_| (1, 1), nominal 0,
                "If the top item is false, jumps and leaves it; else drops it.",
                "a -- | taken: a -- a";
            JUMP_IF_TRUE_OR_POP = 112, JAbs, |_| (1, 0), taken |_| (1, 1), nominal 0,
                "If the top item is true, jumps and leaves it; else drops it.",
                "a -- | taken: a -- a";
            JUMP_ABSOLUTE = 113, JAbs, |_| (0, 0), taken |_| (0, 0), ends true,
                "Jumps to a place.", "--";
            POP_JUMP_IF_FALSE = 114, JAbs, |_| (1, 0), taken |_| (1, 0),
                "Drops the top item and jumps if it is false.", "a --";
            POP_JUMP_IF_TRUE = 115, JAbs, |_| (1, 0), taken |_| (1, 0),
                "Drops the top item and jumps if it is true.", "a --";
            LOAD_GLOBAL = 116, Name, |_| (0, 1),
                "Pushes what a name means: global, else built in.", "-- value";
            CONTINUE_LOOP = 119, JAbs, |_| (0, 0), taken |_| (0, 0), ends true,
                "Goes on with the loop at its start, through the finally clauses on the way; the \
                 stack is cut to what the start expects.", "--";
            SETUP_LOOP = 120, JRel, |_| (0, 0), taken |_| (0, 0),
                "Enters a loop; a break goes to the end given by the distance.", "--";
            SETUP_EXCEPT = 121, JRel, |_| (0, 0), taken |_| (0, 6), nominal 6,
                "Enters a block whose exceptions go to a handler.", "-- | handler: -- exc6";
            SETUP_FINALLY = 122, JRel, |_| (0, 0), taken |_| (0, 6), nominal 6,
                "Enters a block that leaves, by whatever way, through a finally clause.",
                "-- | handler: -- exc6 (or -- None, or -- retval why)";
            LOAD_FAST = 124, Local, |_| (0, 1), "Pushes a local variable.", "-- value";
            STORE_FAST = 125, Local, |_| (1, 0), "Binds a local variable.", "a --";
            DELETE_FAST = 126, Local, |_| (0, 0), "Unbinds a local variable.", "--";
            STORE_ANNOTATION = 127, Name, |_| (1, 0),
                "Sets an item of __annotations__.", "annotation --";
            RAISE_VARARGS = 130, Count, |n| (n, 0), ends true,
                "Raises: again (0), an exception (1), an exception from a cause (2).",
                "[exception [cause]] --";
            CALL_FUNCTION = 131, Count, |n| (n.saturating_add(1), 1),
                "Calls with positional arguments.", "callable a ... z -- result";
            MAKE_FUNCTION = 132, Flags, |f| (2 + (f & 31).count_ones(), 1),
                "Makes a function; the flags say what lies below its code: defaults (1), keyword \
                 defaults (2), annotations (4), closure (8), at level 3.14 __annotate__ (16).",
                "[defaults] [kwdefaults] [annotations or annotate] [closure] code qualname -- function";
            BUILD_SLICE = 133, Count, |n| (if n == 3 { 3 } else { 2 }, 1),
                "Makes a slice of two or three items.", "start stop [step] -- slice";
            LOAD_CLOSURE = 135, Free, |_| (0, 1), "Pushes a cell.", "-- cell";
            LOAD_DEREF = 136, Free, |_| (0, 1), "Pushes what a cell holds.", "-- value";
            STORE_DEREF = 137, Free, |_| (1, 0), "Fills a cell.", "a --";
            DELETE_DEREF = 138, Free, |_| (0, 0), "Empties a cell.", "--";
            CALL_FUNCTION_KW = 141, Count, |n| (n.saturating_add(2), 1),
                "Calls; the tuple on top names the last arguments.",
                "callable a ... z names -- result";
            CALL_FUNCTION_EX = 142, Flags, |f| (2 + (f & 1), 1),
                "Calls with a sequence of arguments and, by flag 1, a mapping of named ones.",
                "callable args [kwargs] -- result";
            SETUP_WITH = 143, JRel, |_| (1, 2), taken |_| (1, 7), nominal 7,
                "Enters a context manager: keeps its __exit__, pushes what __enter__ gives, and \
                 opens a finally block between the two.",
                "manager -- exit value | handler: manager -- exit exc6 (or exit None, ...)";
            EXTENDED_ARG = 144, Raw, |_| (0, 0),
                "Holds the next eight higher bits of the argument of the instruction after it.", "--";
            LIST_APPEND = 145, Raw, |_| (1, 0),
                "Appends to the list this far down (1 is the top once the item is gone).",
                "list ... a -- list ...";
            SET_ADD = 146, Raw, |_| (1, 0),
                "Adds to the set this far down.", "set ... a -- set ...";
            MAP_ADD = 147, Raw, |_| (2, 0),
                "Sets an item of the dict this far down.", "dict ... value key -- dict ...";
            LOAD_CLASSDEREF = 148, Free, |_| (0, 1),
                "Like LOAD_DEREF, but the local namespace of the class body goes first.",
                "-- value";
            BUILD_LIST_UNPACK = 149, Count, |n| (n, 1),
                "Joins iterables into a list.", "a ... z -- [*a, ..., *z]";
            BUILD_MAP_UNPACK = 150, Count, |n| (n, 1),
                "Joins mappings into a dict.", "a ... z -- {**a, ..., **z}";
            BUILD_MAP_UNPACK_WITH_CALL = 151, Count, |n| (n, 1),
                "Joins mappings into a dict for a call; a key that comes twice is an error. The \
                 callable lies below the mappings, and the argument sequence between.",
                "a ... z -- {**a, ..., **z}";
            BUILD_TUPLE_UNPACK = 152, Count, |n| (n, 1),
                "Joins iterables into a tuple.", "a ... z -- (*a, ..., *z)";
            BUILD_SET_UNPACK = 153, Count, |n| (n, 1),
                "Joins iterables into a set.", "a ... z -- {*a, ..., *z}";
            SETUP_ASYNC_WITH = 154, JRel, |_| (1, 1), taken |_| (1, 6), nominal 6,
                "Opens a finally block below the value that __aenter__ gave.",
                "value -- value | handler: value -- exc6 (or None, ...)";
            FORMAT_VALUE = 155, Flags, |f| (1 + u32::from(f & 4 == 4), 1),
                "Formats a value: conversion in the low two bits (1 str, 2 repr, 3 ascii), by flag \
                 4 with a format spec.", "value [spec] -- str";
            BUILD_CONST_KEY_MAP = 156, Count, |n| (n.saturating_add(1), 1),
                "Makes a dict whose keys are the tuple on top.", "v1 ... vn keys -- dict";
            BUILD_STRING = 157, Count, |n| (n, 1),
                "Joins strings.", "a ... z -- str";
            BUILD_TUPLE_UNPACK_WITH_CALL = 158, Count, |n| (n, 1),
                "Joins iterables into a tuple for a call; the callable lies below them.",
                "a ... z -- (*a, ..., *z)";

            // Adder's extensions, without an argument

            // Structural pattern matching (PEP 634)
            GET_LEN = 30, None, |_| (1, 2),
                "Pushes the length of the top item.", "a -- a len(a)";
            MATCH_MAPPING = 31, None, |_| (1, 2),
                "Pushes whether the subject is a mapping.", "subject -- subject bool";
            MATCH_SEQUENCE = 32, None, |_| (1, 2),
                "Pushes whether the subject is a sequence, and not text or bytes.",
                "subject -- subject bool";
            MATCH_KEYS = 33, None, |_| (2, 3),
                "Pushes a tuple of the subject's values for a tuple of keys, or None if a key is \
                 missing.", "subject keys -- subject keys values-or-None";
            // Exception groups (PEP 654)
            CHECK_EG_MATCH = 34, None, |_| (2, 2),
                "Splits an exception (group; or None) by a type. What matches is the exception \
                 being handled from here on; None if nothing does. What is left, or None, stays \
                 below it.", "exception type -- rest match";
            RERAISE = 35, None, |_| (1, 0), ends true,
                "Raises an exception as it is: no new context, no new traceback entry.",
                "exception --";
            // Template strings (PEP 750)
            BUILD_TEMPLATE = 36, None, |_| (2, 1),
                "Makes a template from a tuple of strings and one of interpolations.",
                "strings interpolations -- template";
            // Annotation scopes inside classes (PEP 649, 695)
            LOAD_LOCALS = 37, None, |_| (0, 1),
                "Pushes the local namespace of the running class body or module.", "-- locals";

            // Adder's extensions, with an argument
            ROT_N = 159, Count, |n| (n, n),
                "Sinks the top item below the n-1 items under it.", "a ... y z -- z a ... y";
            MATCH_CLASS = 160, Count, |_| (3, 1),
                "Matches an instance: gives a tuple of this many positional attributes and the \
                 named ones, or None (PEP 634).",
                "subject class names -- attributes-or-None";
            BUILD_INTERPOLATION = 161, Flags, |f| (2 + (f & 1), 1),
                "Makes an interpolation of a template string: format spec on the stack by flag 1, \
                 conversion in the bits above (2 str, 4 repr, 6 ascii) (PEP 750).",
                "value source [spec] -- interpolation";
            LOAD_COMMON_CONSTANT = 162, Raw, |_| (0, 1),
                "Pushes an exception class that a program cannot rebind: AssertionError (0), \
                 NotImplementedError (1), StopAsyncIteration (2).", "-- class";
            LOAD_FROM_DICT_OR_DEREF = 163, Free, |_| (1, 1),
                "Looks a name up in a mapping, else in its cell (PEP 649, 695).",
                "mapping -- value";
            LOAD_FROM_DICT_OR_GLOBALS = 164, Name, |_| (1, 1),
                "Looks a name up in a mapping, else among the globals, else the built-ins \
                 (PEP 649, 695).", "mapping -- value";
            CALL_INTRINSIC_1 = 165, Raw, |_| (1, 1),
                "Calls a function of the machine with one operand (see `Intrinsic1`).",
                "a -- result";
            CALL_INTRINSIC_2 = 166, Raw, |_| (2, 1),
                "Calls a function of the machine with two operands (see `Intrinsic2`).",
                "a b -- result";
            // Comprehensions inside the function they stand in (PEP 709)
            CLEAR_FAST = 167, Local, |_| (0, 0),
                "Unbinds a local variable if it is bound.", "--";
            MAKE_CELL = 168, Free, |_| (0, 0),
                "Puts a new, empty cell into the place of one; whoever shares the old one keeps it.",
                "--";
        }
    };
}

pub(crate) use instructions;

macro_rules! rows {
    ($($name:ident = $number:literal, $arg:ident, $effect:expr
        $(, taken $taken:expr)? $(, nominal $nominal:literal)? $(, ends $ends:literal)?,
        $summary:literal, $picture:literal;)*) => {
        /// Every instruction, 3.6's first, each section by number.
        pub static ROWS: &[Row] = &[
            $(Row {
                op: Op::$name,
                name: stringify!($name),
                arg: ArgKind::$arg,
                effect: $effect,
                taken: rows!(@option $($taken)?),
                nominal: rows!(@option $($nominal)?),
                ends: rows!(@flag $($ends)?),
                summary: $summary,
                picture: $picture,
            },)*
        ];
    };
    (@option) => { None };
    (@option $value:expr) => { Some($value) };
    (@flag) => { false };
    (@flag $value:literal) => { $value };
}

instructions!(rows);
