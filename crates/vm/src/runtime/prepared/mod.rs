//! The prepared form of a code object: verified, decoded to fixed width, jumps resolved, blocks
//! turned into a table (`adder_bytecode::prepared`), inline caches attached.
//!
//! It is made when the code first runs (`prepare.rs`) and changes as it runs: an instruction may
//! replace itself by a specialised one (`specialize.rs`). `co_code` itself never changes.

#![expect(unsafe_code, reason = "an instruction is also a word")]

pub mod cache;
pub mod prepare;

use crate::object::Ref;
use crate::objects::code::Code;
use crate::objects::str_::Str;
use crate::value::Value;
use adder_bytecode::prepared::Numbers;
pub use adder_bytecode::prepared::{Instr, P, PlannedBlock};
use cache::Cache;
use std::cell::{Cell, UnsafeCell};

/// An instruction as one word, as it travels to its handler.
pub(crate) trait Word {
    fn word(self) -> u64;
    /// # Safety
    /// The word is an instruction's.
    unsafe fn from_word(word: u64) -> Self;
}

impl Word for Instr {
    #[inline(always)]
    fn word(self) -> u64 {
        // SAFETY: eight bytes without padding.
        unsafe { std::mem::transmute(self) }
    }
    #[inline(always)]
    unsafe fn from_word(word: u64) -> Instr {
        // SAFETY: see above.
        unsafe { std::mem::transmute(word) }
    }
}

/// See the file's head.
pub struct Prepared {
    instructions: Box<[Cell<Instr>]>,
    /// Byte offset in `co_code` of each instruction.
    pub offsets: Numbers,
    /// Innermost block of each instruction, or `NO_BLOCK`; empty where there are no blocks.
    pub block_of: Numbers,
    pub blocks: Box<[PlannedBlock]>,
    pub caches: Box<[UnsafeCell<Cache>]>,
    /// Stack depth before each instruction; empty where no `ContinueLoop` asks for it.
    pub depth_of: Numbers,
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
        self.prepared().and_then(|p| p.offsets.get(index)).unwrap_or(0)
    }
}
