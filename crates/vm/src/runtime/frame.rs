//! Frames and the value stack.
//!
//! Each thread has one large reserved region in which frames lie one after the other; a generator's
//! frame has a block of its own with the same picture:
//!
//! ```text
//!   caller's stack ... callable | arg0 arg1 ... other locals, cells, free | Frame | stack ...
//!                                 ^ locals                                          ^ base   ^ sp
//! ```
//!
//! The arguments that the caller pushed are the callee's first locals: a call copies nothing. The
//! callable stays below them and keeps the code alive. The region is reserved, not committed, so it
//! never moves and costs only what is used.
//!
//! Python sees frames as `frame` objects (`objects/frame.rs`), made when somebody asks.
//! CPython's counterpart: `Include/internal/pycore_frame.h`, `Objects/frameobject.c`.

#![expect(unsafe_code, reason = "the value stack is raw memory")]

use crate::object::{Obj, Ref};
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::frame::FrameObj;
use crate::runtime::memory;
use crate::runtime::prepared::Instr;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// A word of the value stack: a value, or nothing (an unbound local).
pub type Slot = Option<Value>;

/// What happens when a frame returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Return {
    /// To Rust: the main loop ends.
    ToRust,
    /// To the calling frame: the result takes the callable's place.
    ToCaller,
    /// From `__init__` to the frame that called the class: the instance below is the result.
    FromInit,
    /// From the Python method of an operator to the frame that has it: the operands are below.
    FromOperator,
    /// A generator that a `for` loop resumed.
    ToForLoop,
    /// A generator that the `yield from` (or `await`) of another one resumed.
    ToYieldFrom,
}

/// One running (or suspended) code object.
pub struct Frame {
    pub prev: *mut Frame,
    pub code: *const Obj<Code>,
    /// The next instruction, while another frame runs.
    pub ip: *const Instr,
    pub locals: *mut Slot,
    pub base: *mut Slot,
    /// One past the top of the stack, while another frame runs.
    pub sp: *mut Slot,
    pub globals: *const Obj<Dict>,
    pub builtins: *const Obj<Dict>,
    /// The local namespace of a module or class body.
    pub namespace: Option<Value>,
    /// The frame object, if somebody asked for one.
    pub object: Option<Ref<FrameObj>>,
    pub ret: Return,
    /// The generator that owns the frame, or null.
    pub generator: *const Obj<crate::objects::generator::Generator>,
    /// The function that runs, or null; borrowed from the callable slot (or the generator).
    pub function: *const Obj<crate::objects::function::Function>,
    /// One past the last word this frame may use; frames entered from Rust start here.
    pub limit: *mut Slot,
}

/// Words a frame record takes on the stack.
pub const FRAME_WORDS: usize = size_of::<Frame>() / size_of::<Slot>();
const _: () = assert!(size_of::<Frame>().is_multiple_of(size_of::<Slot>()));

impl Frame {
    pub fn code(&self) -> &Obj<Code> {
        // SAFETY: the callable slot, or the generator, keeps the code alive while the frame is.
        unsafe { &*self.code }
    }
    pub fn globals(&self) -> &Obj<Dict> {
        // SAFETY: as for the code.
        unsafe { &*self.globals }
    }
    pub fn builtins(&self) -> &Obj<Dict> {
        // SAFETY: as for the code.
        unsafe { &*self.builtins }
    }
    /// The index of the instruction that runs or ran last.
    pub fn instruction(&self) -> usize {
        // SAFETY: both point into the code's prepared instructions.
        let at = unsafe { self.ip.offset_from(self.code().prepared_start()) };
        (at - 1).max(0) as usize
    }
    /// Byte offset of that instruction: `f_lasti`. A frame that has not begun stands at its head.
    pub fn lasti(&self) -> i64 {
        match self.lasti_begun() {
            Some(at) => at.into(),
            None if self.code().begins_at_head() => 0,
            None => -1,
        }
    }
    /// The same for a frame that has begun.
    pub fn lasti_begun(&self) -> Option<u32> {
        // SAFETY: as above.
        let at = unsafe { self.ip.offset_from(self.code().prepared_start()) };
        if at <= 0 { None } else { Some(self.code().offset_of(at as usize - 1)) }
    }
    /// A local variable, cell or free variable.
    pub fn local(&self, index: usize) -> Slot {
        // SAFETY: the caller passes an index below the number of locals.
        unsafe { (*self.locals.add(index)).clone() }
    }
    /// Takes the top of the stack, if there are more than `keep` words: its level and the word.
    pub(crate) fn pop_above(&mut self, keep: usize) -> Option<(usize, Slot)> {
        // SAFETY: the words between base and sp are the frame's.
        unsafe {
            if self.sp <= self.base.add(keep) {
                return None;
            }
            self.sp = self.sp.sub(1);
            Some((self.sp.offset_from(self.base) as usize, self.sp.read()))
        }
    }
    /// Pushes a word where the verified depth has room for it.
    pub(crate) fn push(&mut self, value: Value) {
        // SAFETY: the caller goes on at an instruction of that depth.
        unsafe {
            self.sp.write(Some(value));
            self.sp = self.sp.add(1);
        }
    }
    /// Goes on with the instruction at a byte offset, or the next that is left in the prepared form.
    pub(crate) fn go_to(&mut self, offset: u32) {
        if let Some(prepared) = self.code().prepared() {
            let index = prepared.offsets.lower_bound(offset);
            // SAFETY: code does not end behind a reachable instruction that leaves nothing behind.
            self.ip = unsafe { prepared.start().add(index.min(prepared.len() - 1)) };
        }
    }
    /// Stands where the instruction at a byte offset has run.
    pub(crate) fn stand_behind(&mut self, offset: u32) {
        self.go_to(offset);
        // SAFETY: behind an instruction.
        self.ip = unsafe { self.ip.add(1) };
    }
    pub fn set_local(&self, index: usize, value: Slot) {
        // SAFETY: as above; the old value is dropped after the new one is in place.
        let old = unsafe { std::mem::replace(&mut *self.locals.add(index), value) };
        drop(old);
    }
}

impl Vm {
    /// The code that runs.
    pub fn running_code(&self) -> Option<&Obj<Code>> {
        // SAFETY: the innermost frame is alive, and does not end while native code runs in it.
        unsafe { self.frame.get().as_ref() }.map(Frame::code)
    }
    /// A local word of the innermost frame, if it has so many.
    pub fn running_local(&self, index: usize) -> Slot {
        // SAFETY: as above.
        let frame = unsafe { self.frame.get().as_ref() }?;
        if index < frame.code().local_slots() { frame.local(index) } else { None }
    }
}

/// A thread's region for frames.
pub struct Stack {
    start: *mut Slot,
    end: *mut Slot,
    /// One past the last word in use while Rust code runs between frames.
    pub(crate) top: std::cell::Cell<*mut Slot>,
}

/// Address space for the frames of the first thread. Only what is touched becomes memory.
const FIRST_STACK: usize = 512 << 20;
/// The same for every other thread: there may be thousands.
const THREAD_STACK: usize = 64 << 20;
/// The same where address space is scarce: five thousand plain calls deep.
const LEAST_STACK: usize = 2 << 20;

impl Stack {
    /// For the thread that starts the runtime.
    pub(crate) fn first() -> Option<Stack> {
        Stack::new(memory::share(FIRST_STACK, LEAST_STACK, 16)).or_else(|| Stack::new(LEAST_STACK))
    }

    /// For another one, whose native stack is so large as the program has said (0: it has not).
    pub(crate) fn of_thread(native: usize) -> Option<Stack> {
        let usual = memory::share(THREAD_STACK, LEAST_STACK, 512);
        Stack::new(usual.max(native)).or_else(|| Stack::new(LEAST_STACK))
    }

    /// A region of so many bytes, if there is address space for it.
    fn new(bytes: usize) -> Option<Stack> {
        // SAFETY: a fresh anonymous mapping; checked for failure.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return None;
        }
        let start: *mut Slot = start.cast();
        // SAFETY: the end of the mapping.
        let end = unsafe { start.add(bytes / size_of::<Slot>()) };
        Some(Stack { start, end, top: std::cell::Cell::new(start) })
    }

    /// Are there `words` free words at `at`, and some to spare?
    #[inline(always)]
    pub(crate) fn has_room(&self, at: *mut Slot, words: usize) -> bool {
        at as usize + (words + 64) * size_of::<Slot>() < self.end as usize
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`; no frame is left when a thread ends.
        unsafe {
            libc::munmap(self.start.cast(), self.end as usize - self.start as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_the_room_it_says() {
        let bytes = 1 << 20;
        let words = bytes / size_of::<Slot>();
        let Some(stack) = Stack::new(bytes) else { panic!("no address space") };
        assert!(
            stack.has_room(stack.start, words - 65) && !stack.has_room(stack.start, words - 64)
        );
        // SAFETY: the first and the last word of the region, which begins with zeros.
        unsafe {
            assert!((*stack.start).is_none() && (*stack.end.sub(1)).is_none());
            stack.start.write(Some(Value::TRUE));
            stack.end.sub(1).write(Some(Value::FALSE));
            assert_eq!((*stack.start).as_ref().map(Value::bits), Some(Value::TRUE.bits()));
        }
        assert_eq!(stack.top.get(), stack.start);
        assert!(Stack::new(1 << 60).is_none());
    }

    #[test]
    fn frames_tell_where_they_are() {
        use crate::testing::{Session, owners, token, with_vm};
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
import sys
def f(a, b):
    c = a
    frame = sys._getframe()
    at = frame.f_lasti
    assert frame.f_lasti > at > 0 and frame.f_lineno == 7
    for _ in range(3): frame.f_locals['b'] = c
    assert b is a
    frame.f_locals['b'] = 1
    del frame
    return b
",
            );
            let value = token();
            session.set("t", value.clone());
            for _ in 0..3 {
                assert_eq!(session.show("f(t, 0)"), "1");
                assert_eq!(owners(&value), 2);
            }
            assert!(vm.frame.get().is_null() && vm.running_local(0).is_none());
        });
    }

    #[test]
    fn the_innermost_frame_is_asked_within_its_words() {
        use crate::testing::{Session, with_vm};
        with_vm(|vm| {
            // `super()` without arguments looks at the first local and at a free variable.
            let session = Session::new(
                vm,
                "
class A:
    def f(self): return super().__repr__()[:8]
    def g(): return super()
    def h(self):
        del self
        return super()
    def i(self):
        def inner(): return self
        return super().__hash__() == hash(inner())
",
            );
            assert_eq!(session.show("A().f(), A().i()"), "('<A objec', True)");
            assert_eq!(session.raises("A.g()"), "RuntimeError('super(): no arguments')");
            assert_eq!(session.raises("A().h()"), "RuntimeError('super(): arg[0] deleted')");
        });
    }
}
