//! The prepared form of a code object as far as it is known without a running machine: verified,
//! decoded to fixed width, jumps resolved, blocks turned into a table. The machine adds constants, names
//! and caches (`adder-vm`, `runtime/prepared`).
//!
//! The plans of the library's code are made when it is compiled, and lie in its image (`stored.rs`): to make
//! them took a fourth of all that happens at a start.

mod fuse;
mod methods;
pub mod operators;
pub mod plan;
pub(crate) mod stored;
mod table;

use crate::verify::BlockKind;
use std::cell::OnceCell;
pub use stored::Packed;
pub use table::P;

/// One prepared instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C, align(8))]
pub struct Instr {
    pub op: P,
    pub a: u8,
    /// Index of the inline cache, or a second small argument.
    pub b: u16,
    /// The argument: an index, a count, or the index of the instruction to jump to.
    pub c: u32,
}

const _: () = assert!(size_of::<Instr>() == 8);

/// A block, with its target as an instruction index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlannedBlock {
    pub kind: BlockKind,
    pub parent: u32,
    pub level: u32,
    pub target: u32,
    /// The target's byte offset, which may be that of an instruction that left nothing behind.
    pub offset: u32,
}

/// See the file's head.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub instructions: Instructions,
    /// Byte offset in `co_code` of each instruction.
    pub offsets: Numbers,
    /// Innermost block of each instruction, or `NO_BLOCK`; empty where there are no blocks.
    pub block_of: Numbers,
    /// Stack depth before each instruction; empty where no `ContinueLoop` asks for it.
    pub depth_of: Numbers,
    pub blocks: Box<[PlannedBlock]>,
    /// How many caches the instructions have.
    pub caches: u32,
    /// The deepest that the stack gets.
    pub max_depth: u32,
}

/// Instructions in memory, or where they lie in the binary.
#[derive(Clone, Debug)]
pub enum Instructions {
    Made(Box<[Instr]>),
    Stored(Packed),
}

impl Instructions {
    /// All of them, each as `f` wants it.
    pub fn to_vec<T>(&self, f: impl Fn(Instr) -> T) -> Vec<T> {
        match self {
            Instructions::Made(made) => made.iter().map(|&i| f(i)).collect(),
            Instructions::Stored(packed) => packed.instructions(f),
        }
    }
}

impl PartialEq for Instructions {
    fn eq(&self, other: &Self) -> bool {
        self.to_vec(|i| i) == other.to_vec(|i| i)
    }
}

impl Eq for Instructions {}

/// A number for each instruction, in memory, or in the binary until somebody asks.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    made: OnceCell<Box<[u32]>>,
    stored: Packed,
}

impl Numbers {
    fn stored(stored: Packed) -> Numbers {
        Numbers { made: OnceCell::new(), stored }
    }
    pub fn as_slice(&self) -> &[u32] {
        if let Some(made) = self.made.get() {
            return made;
        }
        // Not within `get_or_init`: who traces allocations asks where the code is that makes this one.
        let made = self.stored.numbers();
        self.made.get_or_init(|| made)
    }
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
    pub fn get(&self, at: usize) -> Option<u32> {
        self.as_slice().get(at).copied()
    }
    /// The index of the first number that is not less, in ascending numbers.
    pub fn lower_bound(&self, least: u32) -> usize {
        self.as_slice().partition_point(|&number| number < least)
    }
}

impl FromIterator<u32> for Numbers {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        Numbers {
            made: OnceCell::from(numbers.into_iter().collect::<Box<_>>()),
            ..Numbers::default()
        }
    }
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Numbers {}
