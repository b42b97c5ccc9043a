//! The machine's registers, and what the handlers do with the value stack.
//!
//! `Machine` is four words that travel from handler to handler in the processor's registers. They can
//! as long as nobody takes their address, so everything that gets `&mut Machine` in a handler is inlined
//! into it, and anything out of line goes through [`Machine::outline`], by way of the frame.

#![expect(unsafe_code, reason = "reads and writes words of the value stack")]

use crate::object::{Obj, ObjHead, Ref, header};
use crate::objects::code::Code;
use crate::objects::str_::Str;
use crate::runtime::frame::{Frame, Slot};
use crate::runtime::handlers::Done;
use crate::runtime::prepared::cache::Cache;
use crate::runtime::prepared::{Instr, Prepared};
use crate::runtime::vm::Vm;
use crate::value::Value;
use smallvec::SmallVec;
use std::ptr::NonNull;

/// The registers of the running frame.
#[derive(Clone, Copy)]
pub struct Machine {
    pub ip: *const Instr,
    pub sp: *mut Slot,
    pub locals: *mut Slot,
    pub frame: *mut Frame,
    /// Nothing between two instructions.
    pub due: Due,
}

/// What a handler leaves to be done behind it, out of line. So nothing has to be called in it, and it saves no
/// registers for that.
#[derive(Clone, Copy)]
pub struct Due {
    /// Objects whose last references were given up, in this order.
    pub first: Option<NonNull<ObjHead>>,
    pub second: Option<NonNull<ObjHead>>,
    pub third: Option<NonNull<ObjHead>>,
    /// The jump back that is running: requests are to be handled before it.
    pub jump: bool,
}

impl Due {
    pub const NOTHING: Due = Due { first: None, second: None, third: None, jump: false };

    #[inline(always)]
    fn is_nothing(&self) -> bool {
        self.first.is_none() && !self.jump
    }

    /// Ends the objects' lives: the first one's last.
    ///
    /// # Safety
    /// The last references to them were given up.
    pub(crate) unsafe fn end_objects(self) {
        if self.second.is_some() {
            // What runs when one dies must not find the others.
            for object in [self.first, self.third].into_iter().flatten() {
                // SAFETY: its memory is there until its turn.
                header::forget_dying(unsafe { object.as_ref() });
            }
        }
        for object in [self.second, self.third, self.first].into_iter().flatten() {
            // SAFETY: as promised.
            unsafe { header::dealloc(object) }
        }
    }
}

/// The closure gets the registers that were saved, and they are saved again behind it, unless their frame
/// has ended.
#[inline(never)]
fn outlined<R>(vm: &Vm, f: impl FnOnce(&mut Machine) -> R) -> R {
    let mut m = Machine::load(vm.frame.get());
    let result = f(&mut m);
    if std::ptr::eq(m.frame, vm.frame.get()) {
        m.save();
    }
    m.drop_due();
    result
}

// The invariants behind every block below: the running code was verified, so the stack holds as
// many values as each instruction takes, never grows beyond the frame's room, and indices of
// locals, constants, names and caches are in range; `frame` is the innermost live frame.
impl Machine {
    /// The registers as a handler gets them.
    #[inline(always)]
    pub fn at(ip: *const Instr, sp: *mut Slot, locals: *mut Slot, frame: *mut Frame) -> Machine {
        Machine { ip, sp, locals, frame, due: Due::NOTHING }
    }

    /// Takes up a frame where it stopped.
    #[inline(always)]
    pub fn load(frame: *mut Frame) -> Machine {
        // SAFETY: the frame is alive.
        unsafe { Machine::at((*frame).ip, (*frame).sp, (*frame).locals, frame) }
    }

    /// Runs something out of line, which may leave the frame. The closure must own what it captures:
    /// borrowing would give a local of the handler an address.
    #[inline(always)]
    pub fn outline<R>(&mut self, vm: &Vm, f: impl FnOnce(&mut Machine) -> R) -> R {
        self.save();
        let result = outlined(vm, f);
        // There is none if the outermost one has ended.
        let frame = vm.frame.get();
        if !frame.is_null() {
            *self = Machine::load(frame);
        }
        result
    }

    /// Writes the registers back, so that others can see where the frame is.
    #[inline(always)]
    pub fn save(&self) {
        // SAFETY: the frame is alive.
        unsafe {
            (*self.frame).ip = self.ip;
            (*self.frame).sp = self.sp;
        }
    }

    /// Saves the registers, and ends objects' lives if that is due.
    #[inline(always)]
    pub fn settle(&mut self) {
        self.save();
        self.drop_due();
    }

    /// Ends objects' lives if that is due.
    #[inline(always)]
    fn drop_due(&mut self) {
        if self.due.first.is_some() {
            let due = std::mem::replace(&mut self.due, Due::NOTHING);
            // SAFETY: their last references were given up.
            unsafe { due.end_objects() }
            self.due.jump = due.jump;
        }
    }

    /// Does what is due behind something that ran out of line, and saves the registers.
    #[inline(always)]
    pub fn finish(&mut self, vm: &Vm, done: Done) -> Done {
        self.save();
        if self.due.is_nothing() { done } else { self.finish_due(vm, done) }
    }

    #[inline(never)]
    fn finish_due(&mut self, vm: &Vm, done: Done) -> Done {
        self.drop_due();
        if std::mem::take(&mut self.due.jump) {
            vm.handle_requests()?;
            self.jump_by(self.running().c);
            self.save();
        }
        done
    }

    /// Drops a value: at once if others refer to it, else behind the handler.
    #[inline(always)]
    pub fn discard(&mut self, value: Slot) {
        let Some(value) = value else { return };
        if !value.is_pointer() {
            return;
        }
        let object = value.into_head();
        // SAFETY: the reference was the value's.
        if unsafe { header::decref_to_zero(object) } {
            let due = &mut self.due;
            for place in [&mut due.first, &mut due.second, &mut due.third] {
                if place.is_none() {
                    *place = Some(object);
                    return;
                }
            }
            // SAFETY: that was the last reference.
            unsafe { header::dealloc(object) }
        }
    }
    /// Replaces the word `n` below the top; the old value is discarded.
    #[inline(always)]
    pub fn exchange(&mut self, n: usize, value: Value) {
        // SAFETY: verified depth.
        let old = unsafe { (*self.sp.sub(n)).replace(value) };
        self.discard(old);
    }

    #[inline(always)]
    pub fn frame(&self) -> &Frame {
        // SAFETY: the frame is alive.
        unsafe { &*self.frame }
    }
    #[inline(always)]
    pub fn code(&self) -> &Obj<Code> {
        // SAFETY: kept alive by the callable below the frame.
        unsafe { &*(*self.frame).code }
    }
    #[inline(always)]
    pub fn prepared(&self) -> &Prepared {
        // SAFETY: running code is prepared.
        unsafe { self.code().prepared().unwrap_unchecked() }
    }

    #[inline(always)]
    pub fn push(&mut self, value: Value) {
        // SAFETY: verified depth.
        unsafe {
            self.sp.write(Some(value));
            self.sp = self.sp.add(1);
        }
    }
    /// Pushes a word that may be nothing (below a method call).
    #[inline(always)]
    pub fn push_slot(&mut self, slot: Slot) {
        // SAFETY: verified depth.
        unsafe {
            self.sp.write(slot);
            self.sp = self.sp.add(1);
        }
    }
    #[inline(always)]
    pub fn pop(&mut self) -> Value {
        // SAFETY: verified depth; the word is a value.
        unsafe {
            self.sp = self.sp.sub(1);
            self.sp.read().unwrap_unchecked()
        }
    }
    #[inline(always)]
    pub fn pop_slot(&mut self) -> Slot {
        // SAFETY: verified depth.
        unsafe {
            self.sp = self.sp.sub(1);
            self.sp.read()
        }
    }
    /// Forgets words that own nothing, or whose content was moved out.
    #[inline(always)]
    pub fn shrink(&mut self, words: usize) {
        // SAFETY: verified depth.
        unsafe { self.sp = self.sp.sub(words) }
    }
    /// The word `n` below the top (1 is the top).
    #[inline(always)]
    pub fn peek(&self, n: usize) -> &Value {
        // SAFETY: verified depth; the word is a value.
        unsafe { (*self.sp.sub(n)).as_ref().unwrap_unchecked() }
    }
    #[inline(always)]
    pub fn slot(&self, n: usize) -> *mut Slot {
        // SAFETY: verified depth.
        unsafe { self.sp.sub(n) }
    }
    /// What lies `n` below the top, if anything does.
    pub fn slot_value(&self, n: usize) -> Slot {
        // SAFETY: verified depth.
        unsafe { (*self.sp.sub(n)).clone() }
    }
    /// Overwrites the word `n` below the top without dropping what was there.
    #[inline(always)]
    pub fn overwrite(&mut self, n: usize, value: Value) {
        // SAFETY: verified depth; the old content owns nothing or was moved out.
        unsafe { self.sp.sub(n).write(Some(value)) }
    }
    /// Replaces the word `n` below the top; the old value is dropped.
    #[inline(always)]
    pub fn replace(&mut self, n: usize, value: Value) {
        // SAFETY: verified depth.
        let old = unsafe { (*self.sp.sub(n)).replace(value) };
        drop(old);
    }
    /// The top `n` words as a slice.
    #[inline(always)]
    pub fn top_slice(&self, n: usize) -> &[Value] {
        // SAFETY: verified depth; these words are values, and `Option<Value>` has their layout.
        unsafe { std::slice::from_raw_parts(self.sp.sub(n).cast::<Value>(), n) }
    }
    /// Moves the top `n` words into a vector.
    #[inline(always)]
    pub fn pop_vec(&mut self, n: usize) -> Vec<Value> {
        let mut items = Vec::with_capacity(n);
        // SAFETY: the words are values and move out; the stack shrinks by them.
        unsafe {
            self.sp = self.sp.sub(n);
            std::ptr::copy_nonoverlapping(self.sp.cast::<Value>(), items.as_mut_ptr(), n);
            items.set_len(n);
        }
        items
    }
    /// The same where they are mostly few.
    #[inline(always)]
    pub fn pop_few(&mut self, n: usize) -> SmallVec<[Value; 8]> {
        let mut items = SmallVec::with_capacity(n);
        // SAFETY: as above.
        unsafe {
            self.sp = self.sp.sub(n);
            std::ptr::copy_nonoverlapping(self.sp.cast::<Value>(), items.as_mut_ptr(), n);
            items.set_len(n);
        }
        items
    }
    /// Drops the top `n` words.
    #[inline(always)]
    pub fn drop_top(&mut self, n: usize) {
        for _ in 0..n {
            drop(self.pop_slot());
        }
    }
    /// How many words the frame's stack holds.
    pub fn depth(&self) -> usize {
        // SAFETY: both lie in the frame's stack, the base below.
        unsafe { self.sp.offset_from((*self.frame).base) as usize }
    }
    /// Drops words until the stack is `level` deep.
    pub fn cut(&mut self, level: usize) {
        // SAFETY: the base is the frame's; every word above it is a slot.
        unsafe {
            let to = (*self.frame).base.add(level);
            while self.sp > to {
                drop(self.pop_slot());
            }
        }
    }
    /// The word at a depth, from the frame's base.
    pub fn at_level(&self, level: usize) -> Slot {
        // SAFETY: the level is below the present depth.
        unsafe { (*(*self.frame).base.add(level)).clone() }
    }

    #[inline(always)]
    pub fn local(&self, index: usize) -> &mut Slot {
        // SAFETY: the index was verified; nothing else refers to this word now.
        unsafe { &mut *self.locals.add(index) }
    }
    #[inline(always)]
    pub fn constant(&self, index: u32) -> &Value {
        // SAFETY: verified index.
        unsafe { self.prepared().consts.get_unchecked(index as usize) }
    }
    #[inline(always)]
    pub fn name(&self, index: u32) -> &Ref<Str> {
        // SAFETY: verified index.
        unsafe { self.prepared().names.get_unchecked(index as usize) }
    }
    /// The inline cache of an instruction.
    #[inline(always)]
    pub fn cache(&self, index: u16) -> &mut Cache {
        // SAFETY: emitted with the instruction; only the running handler looks at it.
        unsafe { &mut *self.prepared().caches.get_unchecked(index as usize).get() }
    }
    /// Goes as many instructions forwards (or back, if negative) as a jump's argument says.
    #[inline(always)]
    pub fn jump_by(&mut self, distance: u32) {
        // SAFETY: resolved from a verified jump.
        unsafe { self.ip = self.ip.offset(distance as i32 as isize) }
    }
    /// The next instruction, which the pointer passes.
    #[inline(always)]
    pub fn fetch(&mut self) -> Instr {
        // SAFETY: verified code ends every path with a jump, a return or a raise, so the pointer stays
        // inside the prepared instructions.
        unsafe {
            let instruction = *self.ip;
            self.ip = self.ip.add(1);
            instruction
        }
    }
    /// The instruction that runs: the one before the pointer.
    #[inline(always)]
    pub fn running(&self) -> Instr {
        // SAFETY: the pointer has passed it.
        unsafe { *self.ip.sub(1) }
    }
    /// The instruction `n` behind the next one, as a fused instruction looks at it.
    #[inline(always)]
    pub fn ahead(&self, n: usize) -> Instr {
        // SAFETY: instructions are fused only with those that follow them.
        unsafe { *self.ip.add(n) }
    }
    /// Passes over instructions whose work is done.
    #[inline(always)]
    pub fn skip(&mut self, n: usize) {
        // SAFETY: as for `ahead`; code does not end behind a fused instruction.
        unsafe { self.ip = self.ip.add(n) }
    }
    /// A local's word, 0 if it is unbound.
    #[inline(always)]
    pub fn local_bits(&self, index: u32) -> u64 {
        self.local(index as usize).as_ref().map_or(0, Value::bits)
    }
    /// Goes to an instruction.
    #[inline(always)]
    pub fn jump(&mut self, target: u32) {
        // SAFETY: resolved from a verified jump.
        unsafe { self.ip = self.prepared().start().add(target as usize) }
    }
    /// Index of the instruction that is running.
    #[inline(always)]
    pub fn index(&self) -> usize {
        // SAFETY: the instruction pointer is one past the running instruction (at the first one, if none
        // has run: then there is no index).
        unsafe { (self.ip.offset_from(self.prepared().start()) as usize).wrapping_sub(1) }
    }
    /// Replaces the running instruction by another form of itself.
    #[inline(always)]
    pub fn specialize(&self, instruction: Instr) {
        self.prepared().replace(self.index(), instruction);
    }
    /// Runs this instruction again (in its new form).
    #[inline(always)]
    pub fn again(&mut self) {
        // SAFETY: back to the running instruction.
        unsafe { self.ip = self.ip.sub(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::frame::Return;
    use crate::testing::{Session, owners, token, with_vm};

    /// Room for a frame of no code: four locals, and a stack behind them.
    struct Bench {
        words: Vec<Slot>,
        frame: Box<Frame>,
    }

    const LOCALS: usize = 4;

    impl Bench {
        fn new() -> Bench {
            let mut words: Vec<Slot> = (0..64).map(|_| None).collect();
            let locals = words.as_mut_ptr();
            let base = words[LOCALS..].as_mut_ptr();
            let frame = Box::new(Frame {
                prev: std::ptr::null_mut(),
                code: std::ptr::null(),
                ip: std::ptr::null(),
                locals,
                base,
                sp: base,
                globals: std::ptr::null(),
                builtins: std::ptr::null(),
                namespace: None,
                object: None,
                ret: Return::ToRust,
                generator: std::ptr::null(),
                function: std::ptr::null(),
                limit: base,
            });
            Bench { words, frame }
        }
        fn machine(&mut self) -> Machine {
            Machine::load(&raw mut *self.frame)
        }
    }

    impl Drop for Bench {
        fn drop(&mut self) {
            // Words above the stack pointer were moved out, though their bits are still there.
            let used = (self.frame.sp as usize - self.words.as_ptr() as usize) / size_of::<Slot>();
            // SAFETY: what is left out owns nothing.
            unsafe { self.words.set_len(used) }
        }
    }

    #[test]
    fn words_come_back_in_order_and_move() {
        with_vm(|_| {
            let (mut bench, value) = (Bench::new(), token());
            let mut m = bench.machine();
            assert_eq!(m.depth(), 0);
            for n in 0..6 {
                m.push(if n % 2 == 0 { value.clone() } else { Value::int_unchecked(n) });
            }
            m.push_slot(None);
            assert_eq!((m.depth(), owners(&value)), (7, 4));
            assert!(m.pop_slot().is_none() && m.slot_value(2).is_some_and(|v| v.is(&value)));
            assert!(m.peek(1).as_small_int() == Some(5) && m.peek(6).is(&value));
            assert!(m.top_slice(2)[0].is(&value) && m.top_slice(0).is_empty());
            assert!(m.at_level(0).is_some_and(|v| v.is(&value)));
            assert_eq!(m.pop().as_small_int(), Some(5));
            let few = m.pop_few(3);
            assert_eq!((few.len(), m.depth(), owners(&value)), (3, 2, 4));
            assert!(few[0].is(&value) && few[1].as_small_int() == Some(3));
            few.into_iter().for_each(|v| m.push(v));
            let all = m.pop_vec(5);
            assert_eq!((all.len(), m.depth(), owners(&value)), (5, 0, 4));
            assert!(m.pop_vec(0).is_empty() && m.pop_few(0).is_empty());
            drop(all);
            m.save();
            assert_eq!(owners(&value), 1);
        });
    }

    #[test]
    fn words_are_replaced_in_every_way() {
        with_vm(|_| {
            let (mut bench, old, new) = (Bench::new(), token(), token());
            let mut m = bench.machine();
            (0..3).for_each(|_| m.push(old.clone()));
            m.replace(3, new.clone());
            m.exchange(2, new.clone());
            assert_eq!((owners(&old), owners(&new)), (2, 3));
            // What was moved out is overwritten without being dropped.
            // SAFETY: the word is on the stack.
            let moved = unsafe { (*m.slot(1)).take() };
            m.overwrite(1, new.clone());
            assert_eq!((owners(&old), owners(&new)), (2, 4));
            drop(moved);
            m.push(Value::NONE);
            m.shrink(1);
            m.cut(2);
            assert_eq!((m.depth(), owners(&new)), (2, 3));
            m.cut(2);
            m.drop_top(2);
            m.cut(0);
            assert_eq!((m.depth(), owners(&old), owners(&new)), (0, 1, 1));
            let local = m.local(1);
            *local = Some(new.clone());
            assert_eq!((m.local_bits(1), m.local_bits(0)), (new.bits(), 0));
            *m.local(1) = None;
            assert_eq!(owners(&new), 1);
            m.save();
        });
    }

    #[test]
    fn objects_that_die_in_a_handler_end_behind_it() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "log = []\nclass D:\n    def __init__(self, n): self.n = n\n    def __del__(self): log.append(self.n)",
            );
            let mut bench = Bench::new();
            let mut m = bench.machine();
            let value = token();
            m.discard(None);
            m.discard(Some(Value::TRUE));
            m.discard(Some(value.clone()));
            assert!(owners(&value) == 1 && m.due.is_nothing());
            for n in 1..=4 {
                let dying = session.eval(&format!("D({n})"));
                m.discard(Some(dying));
                // Three wait, the fourth does not.
                assert_eq!(session.show("log"), if n < 4 { "[]" } else { "[4]" });
            }
            m.settle();
            assert!(m.due.is_nothing());
            assert_eq!(session.show("log"), "[4, 2, 3, 1]");
            m.settle();
            assert_eq!(session.show("log"), "[4, 2, 3, 1]");
            m.due.jump = true;
            m.discard(Some(session.eval("D(5)")));
            m.settle();
            assert!(session.show("log") == "[4, 2, 3, 1, 5]" && m.due.jump);
        });
    }

    #[test]
    fn those_that_die_together_do_not_find_each_other() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
log = []
class D:
    def __init__(self, n): self.n = n
    def __del__(self):
        log.append(self.n)
        # So many that the collector looks at the young ones.
        for _ in range(40): [[] for _ in range(1000)]
def f(a, b, c, d):
    return None
for _ in range(5):
    f(D(1), D(2), D(3), D(4))
",
            );
            assert_eq!(session.show("len(log), sorted(set(log))"), "(20, [1, 2, 3, 4])");
            session.exec("log.clear()");
            let due = {
                let [a, b, c] = [1, 2, 3].map(|n| session.eval(&format!("D({n})")).into_head());
                for object in [a, b, c] {
                    // SAFETY: the only references, given up here.
                    assert!(unsafe { header::decref_to_zero(object) });
                }
                Due { first: Some(a), second: Some(b), third: Some(c), jump: false }
            };
            // SAFETY: as above.
            unsafe { due.end_objects() };
            assert_eq!(session.show("log"), "[2, 3, 1]");
        });
    }
}
