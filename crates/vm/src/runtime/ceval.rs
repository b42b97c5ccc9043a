//! The main loop: from one instruction to the next.
//!
//! `run` executes frames until the one it was entered with returns. Each prepared instruction has a
//! handler function (`instructions.rs`), whose last act is a jump to the handler of the next
//! instruction. So the machine's registers stay in the processor's, and each handler is compiled for
//! itself.
//!
//! Rust does not promise that a call in tail position is a jump; optimised builds make it one. Nothing
//! rests on it but speed: where a jump back or a call finds that the native stack has grown, the
//! handlers return to the loop below, which starts afresh. Builds without optimisation, and those in
//! which somebody watches, return to it after every instruction.
//!
//! CPython's counterpart: `_PyEval_EvalFrameDefault` in `Python/ceval.c`, as 3.14's tail-calling
//! build has it.

#![expect(unsafe_code, reason = "fetches instructions and follows frame pointers")]

use crate::object::{ObjHead, Ref, header};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::{Frame, Slot};
use crate::runtime::instructions::Handlers;
use crate::runtime::leave;
use crate::runtime::machine::{Due, Machine};
use crate::runtime::observer::{NoObserver, Observer, Tracer};
use crate::runtime::prepared::{Instr, P, Word};
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::ptr::NonNull;

/// Why the handlers returned, and with what: one word, since only that leaves their last calls jumps.
///
/// A value's word as it is, an exception's address with the lowest bit set, or one of the two below. Objects
/// lie at multiples of eight, and the words of other values begin at 2^48 (`value.rs`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit(u64);

impl Exit {
    /// To start afresh, with the innermost frame as it was saved.
    pub(crate) const AGAIN: Exit = Exit(2);
    /// Somebody has begun to watch: the loop for that is to go on.
    const WATCHED: Exit = Exit(4);
    const EXCEPTION: u64 = 1;

    /// The frame that was entered from Rust has ended, or yields, with the value.
    #[inline(always)]
    pub(crate) fn returned(value: Value) -> Exit {
        Exit(value.into_bits())
    }
    /// The same with an exception.
    #[inline(always)]
    pub(crate) fn raised(exc: Exc) -> Exit {
        Exit(exc.0.into_raw().as_ptr() as u64 | Exit::EXCEPTION)
    }
    #[inline(always)]
    fn is_final(self) -> bool {
        self.0 > Exit::WATCHED.0
    }
    /// What a final exit brings, which has no other receiver.
    #[inline(always)]
    fn outcome(self) -> PyResult {
        debug_assert!(self.is_final());
        let is_exception = self.0 >> 48 == 0 && self.0 & Exit::EXCEPTION != 0;
        // SAFETY: `raised` made it of an exception, `returned` of a value.
        unsafe {
            if is_exception {
                let object = (self.0 & !Exit::EXCEPTION) as *mut _;
                return Err(Exc(Ref::from_raw(NonNull::new_unchecked(object))));
            }
            Ok(Value::from_bits(self.0))
        }
    }
}

/// An instruction's handler: the state, the instruction (or another word, for a function that goes on
/// behind one), and the registers, which travel in the processor's.
pub(crate) type Handler =
    unsafe fn(&Vm, u64, *const Instr, *mut Slot, *mut Slot, *mut Frame) -> Exit;

/// Does a handler jump to the next one?
const TAIL_CALLS: bool = cfg!(tail_calls);

/// How many bytes of native stack the handlers of one loop may leave behind.
const LEFT_BEHIND: usize = 32 << 10;

/// Runs a frame that was entered from Rust.
///
/// # Safety
/// `entry` is the innermost frame, just pushed (or a generator's, just resumed), with `ToRust`.
#[inline]
pub unsafe fn run(vm: &Vm, entry: *mut Frame) -> PyResult {
    debug_assert!(std::ptr::eq(entry, vm.frame.get()));
    let outer = vm.native_floor.replace(stack_pointer().saturating_sub(LEFT_BEHIND));
    let mut exit = if vm.is_observed() || signals::is_set() {
        attend(vm, true)
    } else {
        // SAFETY: passed on.
        unsafe { start::<NoObserver>(vm) }
    };
    if !exit.is_final() {
        exit = go_on(vm);
    }
    vm.native_floor.set(outer);
    exit.outcome()
}

/// The same for a frame that whoever watches knows to have been entered.
///
/// # Safety
/// As for `run`.
pub unsafe fn run_on(vm: &Vm, entry: *mut Frame) -> PyResult {
    debug_assert!(std::ptr::eq(entry, vm.frame.get()));
    let outer = vm.native_floor.replace(stack_pointer().saturating_sub(LEFT_BEHIND));
    let exit = go_on(vm);
    vm.native_floor.set(outer);
    exit.outcome()
}

/// Goes on with the innermost frame until the one that was entered from Rust has ended.
#[inline(never)]
fn go_on(vm: &Vm) -> Exit {
    loop {
        let exit = attend(vm, false);
        if exit.is_final() {
            return exit;
        }
    }
}

/// Runs frames in the loop that is the right one now, after what is to be done before: telling whoever
/// watches that a frame was entered (`fresh`), and handling requests.
#[inline(never)]
fn attend(vm: &Vm, fresh: bool) -> Exit {
    // SAFETY: the innermost frame is saved.
    unsafe {
        if vm.is_observed() {
            run_with::<Tracer>(vm, fresh)
        } else {
            run_with::<NoObserver>(vm, fresh)
        }
    }
}

/// Runs frames until the one that was entered from Rust has ended, or until the other loop has to go on
/// with the innermost frame.
///
/// # Safety
/// The innermost frame's registers are saved; its code is verified.
unsafe fn run_with<O: Observer>(vm: &Vm, fresh: bool) -> Exit {
    let m = Machine::load(vm.frame.get());
    if O::ACTIVE
        && fresh
        && let Err(e) = O::enter(vm, &m)
        && let Err(e) = find_handler(vm, e, false)
    {
        return Exit::raised(e);
    }
    // A generator that delegates leaves it to the innermost one, where a Ctrl-C belongs.
    if signals::is_set()
        && m.ahead(0).op != P::YieldFrom
        && let Err(e) = vm.handle_requests()
        && let Err(e) = find_handler(vm, e, false)
    {
        return Exit::raised(e);
    }
    loop {
        // SAFETY: passed on.
        let exit = unsafe { start::<O>(vm) };
        if exit != Exit::AGAIN {
            return exit;
        }
    }
}

/// Runs the innermost frame's next instruction, and those that follow if its handler goes on.
///
/// # Safety
/// The innermost frame's registers are saved; its code is verified.
#[inline(always)]
unsafe fn start<O: Observer>(vm: &Vm) -> Exit {
    let mut m = Machine::load(vm.frame.get());
    let i = m.fetch();
    if O::ACTIVE {
        match O::instruction(vm, &mut m) {
            Ok(true) => {}
            // Somebody has moved the frame on to another line.
            Ok(false) => {
                m.save();
                return Exit::AGAIN;
            }
            Err(e) => return raise_here::<O>(vm, m, e),
        }
    }
    // Whoever watches sees each instruction by itself.
    let op = if O::ACTIVE { i.op.plain() } else { i.op };
    // SAFETY: passed on.
    unsafe { Handlers::<O>::of(op)(vm, i.word(), m.ip, m.sp, m.locals, m.frame) }
}

/// The end of a handler: on to the next instruction, or to what is due before.
///
/// # Safety
/// These are the registers of the innermost frame, whose code is verified: it ends every path with a
/// jump, a return or a raise.
#[inline(always)]
pub(crate) unsafe fn next<O: Observer>(vm: &Vm, m: Machine) -> Exit {
    let mut m = m;
    // SAFETY: passed on.
    unsafe {
        let due = m.due;
        match (due.first, due.second) {
            (Some(first), Some(second)) => {
                // The registers are saved, and make room for what is to be told.
                m.save();
                let third = due.third.map_or(std::ptr::null_mut(), |third| third.as_ptr().cast());
                let jump = std::ptr::without_provenance_mut(due.jump.into());
                let first = first.as_ptr() as u64;
                return finish_all::<O>(vm, first, second.as_ptr().cast(), third, jump, m.frame);
            }
            (Some(first), None) => {
                let word = first.as_ptr() as u64;
                let finish = if due.jump { finish_drop_jump::<O> } else { finish_drop::<O> };
                return finish(vm, word, m.ip, m.sp, m.locals, m.frame);
            }
            (None, _) if due.jump => {
                return finish_jump::<O>(vm, m.running().word(), m.ip, m.sp, m.locals, m.frame);
            }
            (None, _) => {}
        }
        if O::ACTIVE || !TAIL_CALLS {
            m.save();
            return Exit::AGAIN;
        }
        let i = m.fetch();
        Handlers::<O>::of(i.op)(vm, i.word(), m.ip, m.sp, m.locals, m.frame)
    }
}

/// Behind a handler: ends the life of an object.
///
/// # Safety
/// As for [`next`]; the word is the address of an object whose last reference was given up.
#[inline(never)]
unsafe fn finish_drop<O: Observer>(
    vm: &Vm,
    word: u64,
    ip: *const Instr,
    sp: *mut Slot,
    locals: *mut Slot,
    frame: *mut Frame,
) -> Exit {
    let m = Machine::at(ip, sp, locals, frame);
    m.save();
    // SAFETY: passed on.
    unsafe {
        header::dealloc(NonNull::new_unchecked(word as *mut ObjHead));
        next_saved::<O>(vm)
    }
}

/// The same before a jump back.
///
/// # Safety
/// As for `finish_drop`, the running instruction being a jump.
#[cold]
#[inline(never)]
unsafe fn finish_drop_jump<O: Observer>(
    vm: &Vm,
    word: u64,
    ip: *const Instr,
    sp: *mut Slot,
    locals: *mut Slot,
    frame: *mut Frame,
) -> Exit {
    let m = Machine::at(ip, sp, locals, frame);
    m.save();
    // SAFETY: passed on.
    unsafe {
        header::dealloc(NonNull::new_unchecked(word as *mut ObjHead));
        finish_jump::<O>(vm, m.running().word(), m.ip, m.sp, m.locals, m.frame)
    }
}

/// Behind a handler in which several objects died: `second` and `third` are addresses of objects, too, and
/// `jump` tells whether the running instruction is a jump back.
///
/// # Safety
/// As for [`next`], the registers being saved; the last references to the objects were given up.
#[inline(never)]
unsafe fn finish_all<O: Observer>(
    vm: &Vm,
    first: u64,
    second: *const Instr,
    third: *mut Slot,
    jump: *mut Slot,
    frame: *mut Frame,
) -> Exit {
    let jump = !jump.is_null();
    let due = Due {
        first: NonNull::new(first as *mut ObjHead),
        second: NonNull::new(second as *mut ObjHead),
        third: NonNull::new(third.cast()),
        jump,
    };
    // SAFETY: passed on.
    unsafe {
        due.end_objects();
        let m = Machine::load(frame);
        if jump {
            return finish_jump::<O>(vm, m.running().word(), m.ip, m.sp, m.locals, m.frame);
        }
        next::<O>(vm, m)
    }
}

/// Behind a handler: handles what was requested, then jumps back.
///
/// # Safety
/// As for [`next`]; the word is an instruction that jumps.
#[cold]
#[inline(never)]
unsafe fn finish_jump<O: Observer>(
    vm: &Vm,
    word: u64,
    ip: *const Instr,
    sp: *mut Slot,
    locals: *mut Slot,
    frame: *mut Frame,
) -> Exit {
    let mut m = Machine::at(ip, sp, locals, frame);
    m.save();
    if signals::is_set()
        && let Err(e) = vm.handle_requests()
    {
        return raise::<O>(vm, e, false);
    }
    // SAFETY: passed on.
    unsafe {
        m.jump_by(Instr::from_word(word).c);
        if has_grown(vm) {
            m.save();
            return stop(vm);
        }
        next::<O>(vm, m)
    }
}

/// Returns from the handlers, the registers being saved.
#[cold]
#[inline(never)]
pub(crate) fn stop(vm: &Vm) -> Exit {
    if vm.is_observed() { Exit::WATCHED } else { Exit::AGAIN }
}

/// Returns from the handlers before the running instruction, which runs again when they go on.
#[inline(always)]
pub(crate) fn stop_before(vm: &Vm, mut m: Machine) -> Exit {
    m.again();
    m.save();
    stop(vm)
}

/// `next` for registers that were saved.
///
/// # Safety
/// As for [`start`].
#[inline(always)]
pub(crate) unsafe fn next_saved<O: Observer>(vm: &Vm) -> Exit {
    if O::ACTIVE || !TAIL_CALLS {
        return Exit::AGAIN;
    }
    // SAFETY: passed on.
    unsafe { next::<O>(vm, Machine::load(vm.frame.get())) }
}

/// Has the native stack grown, since some handler did not jump but call?
#[inline(always)]
pub(crate) fn has_grown(vm: &Vm) -> bool {
    TAIL_CALLS && stack_pointer() < vm.native_floor.get()
}

/// Goes on in the handler of an exception, in this frame or another one; `again` if it was handled
/// before, and goes on without a new traceback entry. The registers are saved.
#[cold]
#[inline(never)]
pub(crate) fn raise<O: Observer>(vm: &Vm, exc: Exc, again: bool) -> Exit {
    match find_handler(vm, exc, again) {
        // SAFETY: the frame that handles it is the innermost one, and saved.
        Ok(()) => unsafe { next_saved::<O>(vm) },
        Err(e) => Exit::raised(e),
    }
}

/// The same for an exception of the running instruction, whose registers are not saved yet.
#[inline(always)]
pub(crate) fn raise_here<O: Observer>(vm: &Vm, m: Machine, exc: Exc) -> Exit {
    m.save();
    raise::<O>(vm, exc, false)
}

#[inline(never)]
fn find_handler(vm: &Vm, exc: Exc, again: bool) -> PyResult<()> {
    let mut m = Machine::load(vm.frame.get());
    leave::raise_in(vm, &mut m, exc, again)?;
    m.save();
    Ok(())
}

/// The native stack pointer, without giving a local an address.
#[inline(always)]
fn stack_pointer() -> usize {
    let here: usize;
    // SAFETY: reads a register.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov {}, rsp", out(reg) here, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("mov {}, sp", out(reg) here, options(nomem, nostack, preserves_flags));
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        {
            here = usize::MAX;
        }
    }
    here
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, owners, token, with_vm};

    #[test]
    fn an_exit_brings_values_and_exceptions_whole() {
        with_vm(|vm| {
            let value = token();
            let words = [
                Value::NONE,
                Value::FALSE,
                Value::NOT_IMPLEMENTED,
                Value::int_unchecked(0),
                Value::int_unchecked(-1),
                Value::float(0.0),
                Value::float(f64::NAN),
                Value::float(-f64::INFINITY),
                value.clone(),
            ];
            for word in words {
                let bits = word.bits();
                let exit = Exit::returned(word);
                assert!(exit.is_final());
                assert!(exit.outcome().is_ok_and(|value| value.bits() == bits));
            }
            assert_eq!(owners(&value), 1);
            let exc = vm.value_error("told");
            let object = exc.value();
            let exit = Exit::raised(exc);
            assert!(exit.is_final() && owners(&object) == 2);
            assert!(exit.outcome().is_err_and(|e| e.value().is(&object)));
            assert_eq!(owners(&object), 1);
            assert!(!Exit::AGAIN.is_final() && !Exit::WATCHED.is_final());
        });
    }

    #[test]
    fn objects_that_die_in_an_instruction_end_before_the_next() {
        with_vm(|vm| {
            // One, two and three at a time; in straight code, in loops and before a jump back.
            let session = Session::new(
                vm,
                "
log = []
class D:
    def __init__(self, n): self.n = n
    def __del__(self):
        log.append(self.n)
        [len([n]) for n in range(3)]
    def __add__(self, other): return 1
    def __eq__(self, other): return False
    def __getitem__(self, key): return 2
    def __call__(self, *args): return 3
    def method(self, other): return 4
def run(n):
    for i in range(n):
        D(1); D(2) + D(3); D(4)[D(5)]; D(6)(D(7), D(8)); D(9).method(D(10))
        D(11) == D(12)
        log.append(0)
        if D(13) == D(14): continue
        a = D(15)
        a = D(16)
    while n:
        n -= 1
        a = D(17)
run(30)
",
            );
            assert_eq!(
                session.show("len(log), log.count(0), [log.count(n) for n in (1, 8, 12, 15, 17)]"),
                "(540, 30, [30, 30, 30, 30, 30])"
            );
            // What an instruction drops is gone when the next one runs.
            assert_eq!(session.show("log[:13]"), "[1, 3, 2, 4, 5, 6, 7, 8, 9, 10, 12, 11, 0]");
        });
    }

    #[test]
    fn requests_are_handled_between_instructions() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
def spin():
    n = 0
    while True: n += 1
def call():
    while True: identity(1)
def identity(x): return x
def each():
    for x in iter(int, 1): pass
def lazily():
    for x in forever(): pass
def forever():
    while True: yield 1
",
            );
            for source in ["spin()", "call()", "each()", "lazily()", "[x for x in forever()]"] {
                vm.limit_steps(Some(5000));
                let raised = session.raises(source);
                vm.limit_steps(None);
                assert_eq!(raised, "RuntimeError('step limit exceeded')", "{source}");
                assert!(vm.frame.get().is_null() && vm.recursion_depth() == 0);
            }
        });
    }

    #[test]
    fn somebody_may_begin_and_cease_to_watch_anywhere() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
import sys
def tell(frame, event, arg): return tell
def f(n, t):
    a = [t, t]
    for i in range(n):
        if i % 3 == 0: sys.settrace(tell)
        a[0], a[1] = a[1], g(t)
        if i % 3 == 1: sys.settrace(None)
        for x in gen(t): y = x
        if i % 5 == 0: sys.setprofile(tell)
        if i % 5 == 3: sys.setprofile(None)
    sys.settrace(None)
    sys.setprofile(None)
    return a
def g(t): return t
def gen(t):
    sys.settrace(tell)
    yield t
    sys.settrace(None)
    yield t
",
            );
            let value = token();
            session.set("t", value.clone());
            session.exec("assert f(100, t) == [t, t]");
            assert_eq!(owners(&value), 2);
        });
    }

    #[test]
    fn deep_native_stacks_begin_afresh() {
        with_vm(|vm| {
            // Each level goes through native code, which grows the stack under the handlers.
            let session = Session::new(
                vm,
                "
def down(n):
    if n: return list(map(down, [n - 1]))
    return [sum(range(1000)) for _ in range(100)][0]
def depth(x):
    n = 0
    while type(x) is list: x, n = x[0], n + 1
    return n, x
",
            );
            assert_eq!(session.show("depth(down(150))"), "(150, 499500)");
            assert!(stack_pointer() > vm.native_limit && !has_grown(vm));
        });
    }
}
