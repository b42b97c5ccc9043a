//! Leaving frames: `return`, `yield`, exceptions; and resuming generators.

#![expect(unsafe_code, reason = "frames are taken off the value stack")]

use crate::object::Obj;
use crate::objects::generator::{Generator, GeneratorState, Resumed};
use crate::objects::traceback::Traceback;
use crate::protocol::{iter, object};
use crate::runtime::ceval;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::{Frame, Return, Slot};
use crate::runtime::handlers::call::init_result_error;
use crate::runtime::handlers::{arith, block};
use crate::runtime::machine::Machine;
use crate::runtime::observer::{self, Observer};
use crate::runtime::prepared::P;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// Drops what a frame owns and makes the frame before it the innermost one. Frame objects that
/// outlive the frame take its locals over.
///
/// # Safety
/// `frame` is the innermost frame; its stack holds nothing any more.
#[inline(always)]
unsafe fn retire(vm: &Vm, frame: *mut Frame) {
    // SAFETY: the frame is alive; afterwards nothing points to it.
    unsafe {
        let f = &mut *frame;
        let slots = f.code().local_slots();
        if f.object.is_some() || f.namespace.is_some() {
            retire_slow(vm, f, slots);
        }
        // The frame leaves first, so that a finaliser that runs below finds a consistent machine.
        let locals = f.locals;
        let prev = f.prev;
        vm.frame.set(prev);
        vm.depth.set(vm.depth.get() - 1);
        for i in 0..slots {
            drop((*locals.add(i)).take());
        }
    }
}

#[cold]
#[inline(never)]
fn retire_slow(vm: &Vm, f: &mut Frame, slots: usize) {
    if let Some(object) = f.object.take() {
        // Mostly that of a traceback that is gone: nobody looks at the frame any more.
        if object.head().refcount() > 1 {
            object.detach(vm, f, slots);
        } else {
            object.forget();
        }
    }
    drop(f.namespace.take());
}

/// A generator's frame stops being the innermost one.
///
/// # Safety
/// `frame` is the innermost frame and belongs to `generator`, which is running.
#[inline(always)]
unsafe fn unlink_generator(vm: &Vm, frame: *mut Frame, generator: &Obj<Generator>) {
    vm.exc.set(generator.exc.outer.get());
    // SAFETY: as promised.
    unsafe {
        vm.frame.set((*frame).prev);
        (*frame).prev = std::ptr::null_mut();
    }
    vm.depth.set(vm.depth.get() - 1);
}

/// Goes on in the frame that is the innermost one now.
#[inline(always)]
fn reload(vm: &Vm, m: &mut Machine) {
    *m = Machine::load(vm.frame.get());
    vm.stack.top.set(m.frame().limit);
}

/// What [`return_quickly`] led to.
pub enum Quickly {
    /// On in the calling frame.
    Returned,
    /// The result for Rust.
    ToRust(Value),
    /// The frame is still to be ended, though some of its locals may be empty now.
    Not,
}

/// Ends a frame that was entered by a plain call (also of a class) or from Rust, if nothing dies by that: in
/// Python the value takes the callable's place.
#[inline(always)]
pub fn return_quickly(vm: &Vm, m: &mut Machine, value: *mut Slot) -> Quickly {
    let frame = m.frame;
    // SAFETY: the frame is the innermost one; `value` is its last word on the stack or a local. Its
    // caller's registers were saved when it was entered, and the callable lies at the caller's top.
    unsafe {
        let ret = (*frame).ret;
        match ret {
            Return::ToCaller => {}
            Return::ToRust if (*frame).generator.is_null() && (*frame).namespace.is_none() => {}
            Return::FromInit if (*value).as_ref().is_some_and(Value::is_none) => {}
            _ => return Quickly::Not,
        }
        if (*frame).object.is_some() {
            return Quickly::Not;
        }
        let Some(result) = (*value).take() else { return Quickly::Not };
        let slots = (*frame).code().local_slots();
        let mut at = 0;
        while at < slots {
            let local = m.locals.add(at);
            if let Some(held) = &*local
                && let Some(head) = held.head()
            {
                if head.is_shared() {
                    head.decref_shared();
                    std::mem::forget(local.replace(None));
                } else {
                    value.write(Some(result));
                    return Quickly::Not;
                }
            }
            at += 1;
        }
        let caller = (*frame).prev;
        vm.frame.set(caller);
        vm.depth.set(vm.depth.get() - 1);
        if ret == Return::ToRust {
            vm.stack.top.set(m.locals);
            return Quickly::ToRust(result);
        }
        *m = Machine::load(caller);
        vm.stack.top.set((*caller).limit);
        // What `__init__` was called for lies below it.
        let callable = if ret == Return::FromInit {
            // It is None.
            std::mem::forget(result);
            m.pop_slot()
        } else {
            (*m.slot(1)).replace(result)
        };
        m.discard(callable);
        Quickly::Returned
    }
}

/// Ends the running frame with a value. `Some` is the result for Rust.
#[inline(always)]
pub fn return_value<O: Observer>(
    vm: &Vm,
    m: &mut Machine,
    value: Value,
) -> PyResult<Option<Value>> {
    if O::ACTIVE {
        m.save();
        O::returns(vm, m, &value)?;
    }
    let frame = m.frame;
    // SAFETY: the frame is the innermost one, its stack is empty (verified), and its caller's
    // registers were saved when it was entered.
    unsafe {
        if !(*frame).generator.is_null() {
            return m.outline(vm, move |m| generator_returns(vm, m, value));
        }
        let (ret, locals) = ((*frame).ret, (*frame).locals);
        match ret {
            Return::ToCaller => {
                retire(vm, frame);
                reload(vm, m);
                m.replace(1, value);
                Ok(None)
            }
            Return::ToRust => {
                let top = locals;
                retire(vm, frame);
                vm.stack.top.set(top);
                Ok(Some(value))
            }
            Return::FromOperator => {
                retire(vm, frame);
                reload(vm, m);
                m.replace(1, value);
                m.outline(vm, move |m| arith::operator_returned(vm, m))?;
                Ok(None)
            }
            _ => {
                retire(vm, frame);
                reload(vm, m);
                drop(m.pop());
                if !value.is_none() {
                    return Err(init_result_error(vm, &value));
                }
                Ok(None)
            }
        }
    }
}

/// `return` in a generator: the frame is finished for good.
#[inline(never)]
fn generator_returns(vm: &Vm, m: &mut Machine, value: Value) -> PyResult<Option<Value>> {
    let frame = m.frame;
    // SAFETY: the frame belongs to a generator that is running; a counted reference keeps that.
    unsafe {
        let generator = (*(*frame).generator).to_ref();
        let ret = (*frame).ret;
        // Nothing is left on the stack: what was saved at the last call is out of date.
        (*frame).sp = (*frame).base;
        unlink_generator(vm, frame, &generator);
        generator.finish(vm);
        if ret == Return::ToForLoop {
            reload(vm, m);
            drop(generator);
            end_loop(m);
            return Ok(None);
        }
        if ret == Return::ToYieldFrom {
            reload(vm, m);
            m.replace(1, value);
            return Ok(None);
        }
        let innermost = vm.frame.get();
        vm.stack.top.set(generator.return_top.get());
        debug_assert!(innermost.is_null() || !generator.return_top.get().is_null());
        Ok(Some(value))
    }
}

/// The iterator of the `for` loop that is running has ended.
fn end_loop(m: &mut Machine) {
    // SAFETY: the instruction before `ip` is the FOR_ITER that resumed the generator.
    let i = unsafe { *m.ip.sub(1) };
    drop(m.pop());
    m.jump_by(i.c);
}

/// Suspends a generator that a `for` loop in Python resumed, and goes on in the loop with the value on top.
/// `false` if somebody else resumed it; then nothing has happened.
#[inline(always)]
pub fn yield_to_loop(vm: &Vm, m: &mut Machine) -> bool {
    let frame = m.frame;
    // SAFETY: only a generator's frame has this `ret`; the value on top moves out.
    unsafe {
        if (*frame).ret != Return::ToForLoop {
            return false;
        }
        let value = m.pop();
        m.save();
        let generator = &*(*frame).generator;
        suspend(vm, frame, generator);
        reload(vm, m);
        put_item(m, value);
        true
    }
}

/// The `for` loop that is running gets its next item.
#[inline(always)]
fn put_item(m: &mut Machine, item: Value) {
    // SAFETY: the instruction before `ip` is the FOR_ITER that resumed the generator.
    let i = unsafe { *m.ip.sub(1) };
    if i.op.stores_item() {
        let old = m.local(i.b as usize).replace(item);
        m.discard(old);
    } else {
        m.push(item);
    }
}

/// Suspends a generator with a value. `Some` is the value for Rust.
#[inline(always)]
pub fn yield_value<O: Observer>(vm: &Vm, m: &mut Machine, value: Value) -> PyResult<Option<Value>> {
    let frame = m.frame;
    // SAFETY: the frame is the innermost one.
    unsafe {
        if !O::ACTIVE
            && (*frame).ret == Return::ToRust
            && let Some(generator) = (*frame).generator.as_ref()
        {
            m.save();
            suspend(vm, frame, generator);
            vm.stack.top.set(generator.return_top.get());
            return Ok(Some(value));
        }
    }
    m.outline(vm, move |m| yield_on::<O>(vm, m, value))
}

/// A generator's frame stops being the innermost one until it is resumed.
///
/// # Safety
/// `frame` is the innermost frame, saved, and belongs to `generator`, which is running.
#[inline(always)]
unsafe fn suspend(vm: &Vm, frame: *mut Frame, generator: &Obj<Generator>) {
    generator.state.set(GeneratorState::Suspended);
    // SAFETY: passed on.
    unsafe { unlink_generator(vm, frame, generator) }
}

/// The same whoever resumed it, through those that delegate to it.
fn yield_on<O: Observer>(vm: &Vm, m: &mut Machine, value: Value) -> PyResult<Option<Value>> {
    loop {
        m.save();
        if O::ACTIVE {
            O::returns(vm, m, &value)?;
        }
        let frame = m.frame;
        // SAFETY: YIELD_VALUE was verified to be in a generator's code.
        unsafe {
            let Some(generator) = (*frame).generator.as_ref() else {
                return Err(vm.system_error("yield outside a generator"));
            };
            let ret = (*frame).ret;
            suspend(vm, frame, generator);
            match ret {
                Return::ToForLoop => {
                    reload(vm, m);
                    put_item(m, value);
                    return Ok(None);
                }
                // The generator that delegates yields in turn; its instruction runs again when it
                // is resumed.
                Return::ToYieldFrom => {
                    reload(vm, m);
                    m.again();
                }
                _ => {
                    vm.stack.top.set(generator.return_top.get());
                    return Ok(Some(value));
                }
            }
        }
    }
}

/// Makes a generator's frame the innermost one.
///
/// # Safety
/// The generator can be resumed, and is kept alive until its frame stops.
unsafe fn link_generator(vm: &Vm, generator: &Obj<Generator>, ret: Return) -> PyResult<*mut Frame> {
    let depth = vm.depth.get();
    if depth >= vm.interp().recursion_limit.get() {
        return Err(vm.recursion_error("maximum recursion depth exceeded"));
    }
    let frame = generator.frame.get();
    let around = vm.exc_state();
    generator.exc.outer.set(around);
    let holds = around.handled.with(Option::is_some);
    generator.exc.holder.set(if holds { around } else { around.holder.get() });
    vm.exc.set(&generator.exc);
    // SAFETY: a suspended generator has a frame.
    unsafe {
        (*frame).prev = vm.frame.get();
        (*frame).ret = ret;
        (*frame).limit = vm.stack.top.get();
    }
    generator.return_top.set(vm.stack.top.get());
    vm.frame.set(frame);
    vm.depth.set(depth + 1);
    Ok(frame)
}

/// Resumes the generator on top of the stack inside a `for` loop: no native recursion.
#[inline(always)]
pub fn resume_in_loop(vm: &Vm, m: &mut Machine) -> Result<(), Exc> {
    m.save();
    let Some(generator) = m.peek(1).downcast_exact::<Generator>() else {
        return Err(vm.system_error("no generator to resume"));
    };
    let fresh = generator.state.get() == GeneratorState::Created;
    generator.state.set(GeneratorState::Running);
    // SAFETY: the generator is on the stack of the loop's frame and stays there.
    let frame = match unsafe { link_generator(vm, generator, Return::ToForLoop) } {
        Ok(frame) => frame,
        Err(e) => {
            generator.state.set(if fresh {
                GeneratorState::Created
            } else {
                GeneratorState::Suspended
            });
            return Err(e);
        }
    };
    *m = Machine::load(frame);
    if !fresh {
        m.push(Value::NONE);
    }
    Ok(())
}

/// The next item of a generator that can be resumed, for Rust code; a value that it ends with, other than
/// None, is in the `StopIteration`.
pub fn resume_for_next(vm: &Vm, generator: &Obj<Generator>) -> PyResult<Option<Value>> {
    let held = generator.to_ref();
    // SAFETY: `held` keeps the generator alive.
    let frame = unsafe { link_generator(vm, &held, Return::ToRust)? };
    let before = held.state.replace(GeneratorState::Running);
    // SAFETY: the frame was just linked; one that is suspended has room for what is sent.
    let value = unsafe {
        if before != GeneratorState::Created {
            (*frame).push(Value::NONE);
        }
        ceval::run(vm, frame)?
    };
    if held.state.get() == GeneratorState::Suspended {
        Ok(Some(value))
    } else if value.is_none() {
        Ok(None)
    } else {
        Err(vm.stop_iteration(Some(value)))
    }
}

/// Resumes a generator from Rust, with a value or an exception.
pub fn resume(vm: &Vm, generator: &Obj<Generator>, sent: Result<Value, Exc>) -> Resumed {
    if let Err(e) = vm.check_stack() {
        return Resumed::Raised(e);
    }
    let held = generator.to_ref();
    let before = held.state.get();
    // SAFETY: `held` keeps the generator alive.
    let frame = match unsafe { link_generator(vm, &held, Return::ToRust) } {
        Ok(frame) => frame,
        Err(e) => return Resumed::Raised(e),
    };
    held.state.set(GeneratorState::Running);
    let mut m = Machine::load(frame);
    let result = match sent {
        Ok(value) => {
            if before != GeneratorState::Created {
                m.push(value);
            }
            m.save();
            // SAFETY: the frame was just linked.
            unsafe { ceval::run(vm, frame) }
        }
        Err(exc) => match throw_into(vm, &mut m, exc) {
            Ok(()) => {
                m.save();
                // SAFETY: the exception was caught inside the generator's own frame.
                unsafe { ceval::run_on(vm, frame) }
            }
            Err(e) => Err(e),
        },
    };
    match result {
        Ok(value) if held.state.get() == GeneratorState::Suspended => Resumed::Yielded(value),
        Ok(value) => Resumed::Returned(value),
        Err(e) => Resumed::Raised(e),
    }
}

/// Raises an exception in a generator's frame, which goes on only if it has a handler.
fn throw_into(vm: &Vm, m: &mut Machine, exc: Exc) -> Result<(), Exc> {
    let exc = match vm.is_observed() {
        true => observer::thrown(vm, m, &exc).err().unwrap_or(exc),
        false => exc,
    };
    vm.set_context(&exc, false);
    raise_in(vm, m, exc, false)
}

/// iter sent -- : resumes a generator in this loop, if the iterator is one that can be.
#[inline(always)]
pub fn delegates(m: &Machine) -> bool {
    m.peek(2).downcast::<Generator>().is_some_and(|g| match g.state.get() {
        GeneratorState::Suspended => true,
        GeneratorState::Created => m.peek(1).is_none(),
        _ => false,
    })
}

/// See `delegates`.
pub fn resume_delegate(vm: &Vm, m: &mut Machine) -> Result<(), Exc> {
    let sent = m.pop();
    m.save();
    let Some(generator) = m.peek(1).downcast::<Generator>() else {
        return Err(vm.system_error("no generator to resume"));
    };
    let before = generator.state.replace(GeneratorState::Running);
    // SAFETY: the generator is on the stack of the delegating frame and stays there.
    match unsafe { link_generator(vm, generator, Return::ToYieldFrom) } {
        Ok(frame) => {
            *m = Machine::load(frame);
            if before != GeneratorState::Created {
                m.push(sent);
            }
            Ok(())
        }
        Err(e) => {
            generator.state.set(before);
            Err(e)
        }
    }
}

/// iter sent -- result ; `Some` is what is to be yielded on.
pub fn yield_from(vm: &Vm, m: &mut Machine) -> PyResult<Option<Value>> {
    let sent = m.pop();
    let receiver = m.peek(1).clone();
    let mut visibly = vm.is_observed() && observer::stops_visibly(&receiver);
    let stepped = if let Some(generator) = receiver.downcast::<Generator>() {
        crate::objects::generator::send(vm, generator, sent)
    } else if let Some(send) = receiver.ty().slots.send.get() {
        send(vm, &receiver, sent)
    } else if sent.is_none() {
        match iter_next(vm, &receiver) {
            Ok(Some(value)) => Resumed::Yielded(value),
            Ok(None) => Resumed::Returned(Value::NONE),
            Err(e) => {
                visibly = vm.is_observed();
                stopped(vm, e)
            }
        }
    } else {
        match object::call_method(vm, &receiver, &vm.names().send, &[sent]) {
            Ok(value) => Resumed::Yielded(value),
            Err(e) => stopped(vm, e),
        }
    };
    match stepped {
        Resumed::Yielded(value) => {
            // The instruction runs again when the frame is resumed: what is sent is pushed then.
            m.again();
            Ok(Some(value))
        }
        Resumed::Returned(value) => {
            if visibly {
                observer::stopped(vm, m, &value)?;
            }
            m.replace(1, value);
            Ok(None)
        }
        Resumed::Raised(e) => Err(e),
    }
}

/// `next(receiver)` where `StopIteration`'s value must not be lost: Python iterators raise it.
pub fn iter_next(vm: &Vm, receiver: &Value) -> PyResult<Option<Value>> {
    if crate::objects::type_::generic::has_python_next(receiver) {
        return object::call_method(vm, receiver, &vm.names().__next__, &[]).map(Some);
    }
    iter::step(vm, receiver)
}

fn stopped(vm: &Vm, exc: Exc) -> Resumed {
    if exc.is(&vm.exceptions().stop_iteration) {
        Resumed::Returned(exc.0.field(vm, "value").unwrap_or(Value::NONE))
    } else {
        Resumed::Raised(exc)
    }
}

/// Raises an exception in the running frame: goes to its handler, or leaves frames until one has a
/// handler. `Err` means that it goes on to Rust.
#[inline(never)]
pub fn raise_in(vm: &Vm, m: &mut Machine, exc: Exc, again: bool) -> Result<(), Exc> {
    let (mut exc, mut again) = (exc, again);
    // Its context is set where it is raised, not once more in each frame that it leaves: looking for
    // one takes as long as the chain of running generators. (One with a traceback comes out of
    // frames that Rust code entered.)
    if !again && exc.0.traceback().is_none() {
        vm.set_context(&exc, false);
    }
    loop {
        m.save();
        if !again {
            exc = crate::objects::traceback::add_entry(vm, exc, m);
            if vm.is_observed() {
                exc = observer::raised(vm, m, exc);
            }
        } else if vm.is_observed() {
            exc = observer::raised_again(vm, m, exc);
        }
        let watched = vm.is_observed().then(|| exc.clone());
        exc = match block::unwind_exception(vm, m, exc) {
            Ok(()) => {
                let Some(caught) = watched else { return Ok(()) };
                let Err(other) = observer::handled(vm, m, &caught) else { return Ok(()) };
                exc = other;
                again = false;
                continue;
            }
            Err(exc) => exc,
        };
        exc = drop_frame(vm, m, exc)?;
        again = false;
    }
}

/// An exception that a `with` statement, or the end of a handler that bound a name, passed on leaves the
/// frame where it came up; one that a `finally` clause passed on leaves it there.
#[cold]
fn stand_where_raised(m: &mut Machine, exc: &Exc) {
    let at = m.index();
    let before = at.checked_sub(1).and_then(|at| m.prepared().at(at));
    let of_with = before.is_some_and(|i| i.op == P::WithCleanupFinish);
    if !of_with && m.code().own_line_at(m.code().offset_of(at)).is_some() {
        return;
    }
    let Some(traceback) = exc.0.traceback() else { return };
    let Some(entry) = traceback.downcast::<Traceback>() else { return };
    // SAFETY: the frame is the innermost one.
    let frame = unsafe { &mut *m.frame };
    let object = frame.object.as_deref().map(|object| object as *const _);
    if object == Some(entry.frame() as *const _)
        && let Ok(at) = u32::try_from(entry.lasti())
    {
        frame.stand_behind(at);
    }
}

/// Leaves the running frame with an exception: `Ok` if the frame before it goes on, `Err` if that is
/// Rust code.
pub fn drop_frame(vm: &Vm, m: &mut Machine, exc: Exc) -> Result<Exc, Exc> {
    m.cut(0);
    m.save();
    let frame = m.frame;
    let exc = if vm.is_observed() { observer::unwound(vm, m, exc) } else { exc };
    if let Some(i) = m.prepared().at(m.index())
        && i.op == P::EndFinally
    {
        stand_where_raised(m, &exc);
    }
    // SAFETY: the frame is the innermost one and its stack is empty.
    unsafe {
        if let Some(generator) = (*frame).generator.as_ref() {
            let generator = generator.to_ref();
            let ret = (*frame).ret;
            let exc = generator.convert_stop(vm, exc);
            unlink_generator(vm, frame, &generator);
            generator.finish(vm);
            if matches!(ret, Return::ToForLoop | Return::ToYieldFrom) {
                reload(vm, m);
                return Ok(exc);
            }
            vm.stack.top.set(generator.return_top.get());
            return Err(exc);
        }
        let (ret, locals) = ((*frame).ret, (*frame).locals);
        retire(vm, frame);
        if ret == Return::ToRust {
            vm.stack.top.set(locals);
            return Err(exc);
        }
        reload(vm, m);
        Ok(exc)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, owners, token, with_vm};

    #[test]
    fn a_frame_gives_up_its_words_however_it_is_left() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
import sys
class Boom(Exception): pass
class M:
    def __enter__(self): return t
    def __exit__(self, *exc): return True
class C:
    def __init__(self, a): self.a = a
class Bad:
    def __init__(self, a): return a
class Op:
    def __add__(self, other): return NotImplemented if other is None else t
    def __lt__(self, other): return other
    def __eq__(self, other): raise Boom
def kept(a):
    return sys._getframe() if a is None else a
def plain(a, b=None): return a
def local(a):
    b = [a, a]
    return b
def raises(a):
    x, y = a, [a]
    raise Boom(a)
def through(a):
    x = a
    raises(x)
def handled(a):
    try: through(a)
    except Boom as e: return e.args[0]
def final(a):
    try: return a
    finally: a = None
def swallowed(a):
    for _ in [a]:
        try: raise Boom(a)
        except Boom: return a
def loop(a):
    for x in [a, a, a]:
        for y in (x, x):
            if y is a: return y
def managed(a):
    with M() as m, M() as n:
        raise Boom(m)
    return m
def group(a):
    try: raise ExceptionGroup('g', [Boom(a), ValueError(a)])
    except* Boom: pass
    except* ValueError: return_value = a
    return return_value
def gen(a):
    b = a
    try:
        yield a
        yield b
        if a is None: raise Boom
        return a
    finally: c = b
def delegate(a): return (yield from gen(a))
def half(a):
    for x in gen(a): return x
def full(a): return [x for x in gen(a)] + [x for x in delegate(a)]
def thrown(a):
    g = delegate(a)
    next(g)
    try: g.throw(Boom(a))
    except Boom as e: return e
def init(a): return C(a), C(a=a), C(*[a])
def operator(a): return Op() + a, Op() < a
def nested(a):
    def f(): return a
    return [f() for _ in range(3)]
def matched(a):
    match [a, [a, {'k': a}]]:
        case [x, [y, {'k': z}]] if z is None: return 1
        case [x, [_, {'k': z}]]: return z
def unpack(a):
    x, *y, z = a, a, a, a
    return y
",
            );
            let value = token();
            session.set("t", value.clone());
            let names = [
                "kept",
                "plain",
                "local",
                "handled",
                "final",
                "swallowed",
                "loop",
                "managed",
                "group",
                "half",
                "full",
                "thrown",
                "init",
                "operator",
                "nested",
                "matched",
                "unpack",
            ];
            for name in names {
                for _ in 0..30 {
                    drop(session.eval(&format!("{name}(t)")));
                    assert_eq!(owners(&value), 2, "{name}");
                }
                // In a loop within Python, where calls are specialised.
                session.exec(&format!("def run():\n    for _ in range(50): {name}(t)\nrun()"));
                assert_eq!(owners(&value), 2, "{name}");
            }
            for source in [
                "raises(t)",
                "through(t)",
                "Bad(t)",
                "Op() == t",
                "Op() + None + t",
                "list(gen(None))",
            ] {
                for _ in 0..10 {
                    session.raises(source);
                    assert_eq!(owners(&value), 2, "{source}");
                }
            }
            assert!(vm.frame.get().is_null() && vm.recursion_depth() == 0);
            assert!(vm.handled_exception().is_none());
        });
    }

    #[test]
    fn finalisers_of_locals_find_the_frame_gone() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
import sys
log = []
class D:
    def __del__(self):
        frame = sys._getframe()
        log.append(frame.f_back.f_code.co_name)
        helper(1, 2)
def helper(a, b):
    c = [a, b]
    return c
def f(n):
    a, b, c = D(), D(), [D()]
    if n == 1: return a
    if n == 2: 1 / 0
    if n == 3: return helper(a, b)
def caller(n):
    try: return f(n)
    except ZeroDivisionError: return None
for n in range(4):
    for _ in range(20): caller(n)
",
            );
            assert_eq!(session.show("len(log), 'f' in log, 'caller' in log"), "(240, False, True)");
        });
    }

    #[test]
    fn whoever_watches_sees_frames_begin_and_end() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
import sys
def gen(a):
    yield a
    raise KeyError
def f(a):
    x = [y for y in (a, a)]
    try: list(gen(a))
    except KeyError: pass
    return x
def watch(setter, frames):
    def tell(frame, event, arg):
        events.append(event)
        if frames is not None: frames.append(frame)
        return tell
    setter(tell)
    try: f(t)
    finally: setter(None)
",
            );
            let value = token();
            session.set("t", value.clone());
            for setter in ["sys.settrace", "sys.setprofile"] {
                session.exec(&format!("events = []\nwatch({setter}, None)"));
                assert_eq!(session.show("len(events) > 5"), "True");
                assert_eq!(owners(&value), 2);
                session.exec(&format!("events, frames = [], []\nwatch({setter}, frames)\nfor x in frames: x.f_locals\nassert len(frames) > 3"));
                session.exec("del frames, x");
                crate::runtime::gc::collect(vm, 2);
                assert_eq!(owners(&value), 2, "{setter}");
            }
        });
    }

    #[test]
    fn a_tracing_function_that_fails_at_any_moment_leaves_the_machine_whole() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
import sys
def gen(a):
    try:
        yield a
        yield a
    finally: b = a
def f(a):
    with_list = [a for _ in range(2)]
    for x in gen(a): pass
    return g(*[a], b=a)
def g(a, b): return a
def watch(setter, n):
    count = 0
    def tell(frame, event, arg):
        nonlocal count
        count += 1
        if count == n and frame.f_code is not watch.__code__: raise KeyError
        return tell
    setter(tell)
    try: f(t)
    except KeyError: return True
    finally: setter(None)
    return False
",
            );
            let value = token();
            session.set("t", value.clone());
            for setter in ["sys.settrace", "sys.setprofile"] {
                for n in 1..60 {
                    session.exec(&format!("raised = watch({setter}, {n})"));
                    crate::runtime::gc::collect(vm, 2);
                    assert_eq!(owners(&value), 2, "{setter} {n}");
                    assert!(vm.frame.get().is_null() && vm.recursion_depth() == 0);
                }
                assert_eq!(session.show("raised"), "False");
            }
        });
    }
}
