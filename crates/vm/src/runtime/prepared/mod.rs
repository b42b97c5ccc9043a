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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::function::Function;
    use crate::testing::{Session, with_vm};

    #[test]
    fn an_instruction_is_its_word() {
        for op in P::ALL {
            for (b, c) in [(0, 0), (1, 2), (u16::MAX, u32::MAX), (0x1234, 0x5678_9abc)] {
                let instruction = Instr { op: *op, a: 7, b, c };
                // SAFETY: the word was made of an instruction.
                let back = unsafe { Instr::from_word(instruction.word()) };
                assert_eq!(back, instruction);
            }
        }
    }

    #[test]
    fn prepared_code_is_asked_within_its_bounds() {
        with_vm(|vm| {
            let session =
                Session::new(vm, "def f(a):\n    for x in a: x\n    return 1\ndef g(): pass");
            let function = session.get("f");
            let code = function.downcast::<Function>().expect("a function").code();
            assert!(code.prepared_start().is_null() && code.offset_of(0) == 0);
            session.exec("f([1, 2])");
            let prepared = code.prepared().expect("it has run");
            assert!(!prepared.is_empty() && prepared.start() == code.prepared_start());
            for index in [prepared.len(), prepared.len() + 1, usize::MAX] {
                assert!(prepared.at(index).is_none());
                prepared.replace(index, Instr { op: P::Nop, a: 0, b: 0, c: 0 });
                assert_eq!(code.offset_of(index), 0);
            }
            let last = prepared.at(prepared.len() - 1).expect("there is one");
            prepared.replace(prepared.len() - 1, last);
            assert_eq!(session.show("f([3])"), "1");
        });
    }
}
