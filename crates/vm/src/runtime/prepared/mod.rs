//! The prepared form of a code object: verified, decoded to fixed width, jumps resolved, blocks
//! turned into a table, inline caches attached.
//!
//! It is made when the code first runs (`prepare.rs`) and changes as it runs: an instruction may
//! replace itself by a specialised one (`specialize.rs`). `co_code` itself never changes.

#![expect(unsafe_code, reason = "an instruction is also a word")]

pub mod cache;
pub mod fuse;
mod methods;
pub mod prepare;
pub mod table;

use crate::object::Ref;
use crate::objects::code::Code;
use crate::objects::str_::Str;
use crate::value::Value;
use adder_bytecode::verify::BlockKind;
use cache::Cache;
use std::cell::{Cell, UnsafeCell};
pub use table::P;

/// One prepared instruction.
#[derive(Clone, Copy, Debug)]
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

impl Instr {
    /// The instruction as one word, as it travels to its handler.
    #[inline(always)]
    pub(crate) fn word(self) -> u64 {
        // SAFETY: eight bytes without padding.
        unsafe { std::mem::transmute(self) }
    }
    /// # Safety
    /// The word is an instruction's.
    #[inline(always)]
    pub(crate) unsafe fn from_word(word: u64) -> Instr {
        // SAFETY: see above.
        unsafe { std::mem::transmute(word) }
    }
}

/// A block, with its target as an instruction index.
#[derive(Clone, Copy, Debug)]
pub struct PreparedBlock {
    pub kind: BlockKind,
    pub parent: u32,
    pub level: u32,
    pub target: u32,
    /// The target's byte offset, which may be that of an instruction that left nothing behind.
    pub offset: u32,
}

/// See the file's head.
pub struct Prepared {
    instructions: Box<[Cell<Instr>]>,
    /// Byte offset in `co_code` of each instruction.
    pub offsets: Box<[u32]>,
    /// Innermost block of each instruction, or `NO_BLOCK`; empty where there are no blocks.
    pub block_of: Box<[u32]>,
    pub blocks: Box<[PreparedBlock]>,
    pub caches: Box<[UnsafeCell<Cache>]>,
    /// Stack depth before each instruction; empty where no `ContinueLoop` asks for it.
    pub depth_of: Box<[u32]>,
    pub max_depth: u32,
    /// Words that a frame takes: locals, record and stack.
    pub frame_words: u32,
    /// Constants as values, code objects included.
    pub consts: Box<[Value]>,
    pub names: Box<[Ref<Str>]>,
}

impl Prepared {
    #[inline(always)]
    pub fn start(&self) -> *const Instr {
        self.instructions.as_ptr().cast()
    }
    pub fn len(&self) -> usize {
        self.instructions.len()
    }
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }
    /// The instruction at an index, as it is now.
    pub fn at(&self, index: usize) -> Option<Instr> {
        self.instructions.get(index).map(Cell::get)
    }
    /// Replaces an instruction (by a specialised one, or back).
    #[inline]
    pub fn replace(&self, index: usize, instruction: Instr) {
        if let Some(place) = self.instructions.get(index) {
            place.set(instruction);
        }
    }
}

impl Code {
    /// The first prepared instruction; null before the first run.
    pub fn prepared_start(&self) -> *const Instr {
        self.prepared().map_or(std::ptr::null(), Prepared::start)
    }
    pub fn offset_of(&self, index: usize) -> u32 {
        self.prepared().and_then(|p| p.offsets.get(index).copied()).unwrap_or(0)
    }
}
