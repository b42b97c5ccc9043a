//! Watching a program run: `sys.settrace`, `sys.setprofile`, `sys.monitoring`, the explorer.
//!
//! The main loop takes the observer as a type parameter: with `NoObserver` nothing of this is left
//! in its code. What happens to exceptions is told where they are handled (`leave.rs`), which asks
//! first whether anybody watches. CPython's counterpart: `Python/legacy_tracing.c`.

use crate::objects::builtin_function::BuiltinFunction;
use crate::objects::descr::MethodDescr;
use crate::objects::frame::{self, FrameObj};
use crate::objects::function::Function;
use crate::objects::generator::{Generator, Kind};
use crate::objects::method::Method;
use crate::objects::tuple::Tuple;
use crate::protocol::call;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::machine::Machine;
use crate::runtime::monitoring::{self, event};
use crate::runtime::passage::passage;
use crate::runtime::prepared::P;
use crate::runtime::tracemalloc;
use crate::runtime::vm::Vm;
use crate::value::Value;
use smallvec::SmallVec;

/// What an observer is told.
pub trait Observer {
    /// Is anybody watching?
    const ACTIVE: bool;
    fn enter(vm: &Vm, m: &Machine) -> PyResult<()>;
    /// Before an instruction; `false` if the frame goes on elsewhere.
    fn instruction(vm: &Vm, m: &mut Machine) -> PyResult<bool>;
    fn returns(vm: &Vm, m: &Machine, value: &Value) -> PyResult<()>;
    /// Runs a call instruction; if it entered another frame, tells so.
    fn after_call(
        vm: &Vm,
        m: &mut Machine,
        call: impl FnOnce(&mut Machine) -> PyResult<()>,
    ) -> PyResult<()>;
}

/// Nobody watches.
pub struct NoObserver;

impl Observer for NoObserver {
    const ACTIVE: bool = false;
    #[inline(always)]
    fn enter(_vm: &Vm, _m: &Machine) -> PyResult<()> {
        Ok(())
    }
    #[inline(always)]
    fn instruction(_vm: &Vm, _m: &mut Machine) -> PyResult<bool> {
        Ok(true)
    }
    #[inline(always)]
    fn returns(_vm: &Vm, _m: &Machine, _value: &Value) -> PyResult<()> {
        Ok(())
    }
    #[inline(always)]
    fn after_call(
        _vm: &Vm,
        m: &mut Machine,
        call: impl FnOnce(&mut Machine) -> PyResult<()>,
    ) -> PyResult<()> {
        call(m)
    }
}

/// `sys.settrace`, `sys.setprofile` and `sys.monitoring`.
pub struct Tracer;

/// What a tracing function is told about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A frame begins.
    Start,
    /// A generator's frame goes on.
    Resume,
    Line,
    Opcode,
    Return,
    Exception,
    /// A native function is called, returns, or raises.
    Native(&'static str),
}

impl Event {
    /// CPython's name.
    fn name(self) -> &'static str {
        match self {
            Event::Start | Event::Resume => "call",
            Event::Line => "line",
            Event::Opcode => "opcode",
            Event::Return => "return",
            Event::Exception => "exception",
            Event::Native(name) => name,
        }
    }
}

impl Vm {
    /// Is a tracing or profiling function set, or does a monitoring tool want to know something?
    #[inline(always)]
    pub fn is_observed(&self) -> bool {
        self.watched.get()
    }

    /// After the functions, or what tools ask for, have changed.
    pub fn watch_again(&self) {
        let functions = self.trace.with(Option::is_some) || self.profile.with(Option::is_some);
        self.watched.set(functions || all_are_watched());
    }
}

/// Is every thread watched: by a tool, or because frames are to know their lines?
pub(crate) fn all_are_watched() -> bool {
    monitoring::is_active() || tracemalloc::is_tracing()
}

/// Calls a tracing function with an event; its answer is the next local tracing function.
fn tell(vm: &Vm, function: &Value, m: &Machine, event: Event, argument: Value) -> PyResult {
    let frame = frame::object_of(vm, m.frame);
    vm.tracing.set(true);
    let outer = vm.traced.replace(Some((m.frame, event)));
    let args = [frame.to_value(), vm.intern(event.name()).into(), argument];
    let result = call::call(vm, function, &args);
    vm.traced.set(outer);
    vm.tracing.set(false);
    if result.is_err() {
        drop(vm.trace.replace(None));
        drop(vm.profile.replace(None));
        frame.trace.set(None);
        vm.watch_again();
    }
    result
}

/// Tells the frame's local tracing function, and keeps what it answers.
fn tell_local(vm: &Vm, m: &Machine, event: Event, argument: Value) -> PyResult<()> {
    if vm.tracing.get() || vm.trace.with(Option::is_none) {
        return Ok(());
    }
    let frame = frame::object_of(vm, m.frame);
    let Some(function) = frame.trace.get() else { return Ok(()) };
    let answer = tell(vm, &function, m, event, argument)?;
    if !answer.is_none() {
        frame.trace.set(Some(answer));
    }
    Ok(())
}

fn tell_profile(vm: &Vm, m: &Machine, event: Event, argument: Value) -> PyResult<()> {
    if vm.tracing.get() {
        return Ok(());
    }
    match vm.profile.get() {
        Some(function) => tell(vm, &function, m, event, argument).map(drop),
        None => Ok(()),
    }
}

/// Where control has gone since the last instruction: the lines that were passed, one after the other,
/// and the jump that led here. `false` if one of those who are told moved the frame on.
fn passed(vm: &Vm, m: &mut Machine, frame: &FrameObj, wanted: u32) -> PyResult<bool> {
    let index = m.index();
    let (own, way, last) = {
        let prepared = m.prepared();
        let last = frame.last_index();
        (prepared.offsets.get(index).unwrap_or(0), passage(m.code(), prepared, last, index), last)
    };
    let mut entry = way.entry;
    let mut back = way.back;
    if let Some(arrival) = frame.take_arrival() {
        (entry, back) = (arrival.min(own), false);
    }
    if let Ok(last) = usize::try_from(last)
        && wanted & JUMPS != 0
    {
        jumped(vm, m, last, entry, way.jumped, wanted)?;
    }
    frame.set_last_index(index as i64);
    for at in (entry..=own).step_by(2) {
        let line = m.code().lines().get(at as usize / 2).copied().unwrap_or(0);
        let told = line == 0 || (line == frame.last_line() && !back);
        back = false;
        if told {
            continue;
        }
        frame.set_last_line(line);
        if frame.wants_lines() {
            frame.stand_at(Some(at));
            let result = tell_local(vm, m, Event::Line, Value::NONE);
            frame.stand_at(None);
            result?;
            if frame.has_arrival() {
                *m = Machine::load(m.frame);
                return Ok(false);
            }
        }
        if wanted & 1 << event::LINE != 0 {
            frame.stand_at(Some(at));
            let line = [Value::int_unchecked(line.into())];
            let result = monitoring::fire(vm, m, event::LINE, at, &line);
            frame.stand_at(None);
            result?;
        }
    }
    if wanted & 1 << event::INSTRUCTION != 0 {
        monitoring::fire(vm, m, event::INSTRUCTION, own, &[offset_value(own)])?;
    }
    Ok(true)
}

const JUMPS: u32 = 1 << event::JUMP | 1 << event::BRANCH_LEFT | 1 << event::BRANCH_RIGHT;

fn offset_value(offset: u32) -> Value {
    Value::int_unchecked(offset.into())
}

/// Tells tools of the jump that the last instruction was, if it was one: a conditional one goes left if
/// it does not jump.
fn jumped(
    vm: &Vm,
    m: &Machine,
    last: usize,
    entry: u32,
    jumped: bool,
    wanted: u32,
) -> PyResult<()> {
    let Some(i) = m.prepared().at(last) else { return Ok(()) };
    let event = match i.op.plain() {
        P::JumpForward | P::JumpBackward | P::ContinueLoop => event::JUMP,
        P::PopJumpIfFalse
        | P::PopJumpIfTrue
        | P::JumpIfFalseOrPop
        | P::JumpIfTrueOrPop
        | P::CompareJump
        | P::ForIter
        | P::ForIterStoreFast => match jumped {
            true => event::BRANCH_RIGHT,
            false => event::BRANCH_LEFT,
        },
        _ => return Ok(()),
    };
    if wanted & 1 << event == 0 {
        return Ok(());
    }
    let from = m.code().offset_of(last);
    monitoring::fire(vm, m, event, from, &[offset_value(from), offset_value(entry)])
}

/// Tells tools of something at the instruction that runs.
fn notify(vm: &Vm, m: &Machine, event: usize, rest: Option<Value>) -> PyResult<()> {
    if !monitoring::is_active() || vm.tracing.get() {
        return Ok(());
    }
    let offset = u32::try_from(m.frame().lasti()).unwrap_or(0);
    let args: SmallVec<[Value; 2]> =
        [Some(offset_value(offset)), rest].into_iter().flatten().collect();
    monitoring::fire(vm, m, event, offset, &args)
}

impl Observer for Tracer {
    const ACTIVE: bool = true;

    fn enter(vm: &Vm, m: &Machine) -> PyResult<()> {
        m.save();
        let event = if m.frame().lasti_begun().is_some() { Event::Resume } else { Event::Start };
        let number = match event {
            Event::Resume => event::PY_RESUME,
            _ => event::PY_START,
        };
        notify(vm, m, number, None)?;
        call_event(vm, m, event)
    }

    fn instruction(vm: &Vm, m: &mut Machine) -> PyResult<bool> {
        if tracemalloc::is_tracing() {
            m.save();
        }
        if vm.tracing.get() {
            return Ok(true);
        }
        let wanted = monitoring::wanted(m.code());
        let traced = vm.trace.with(Option::is_some);
        if !traced && wanted & (JUMPS | 1 << event::LINE | 1 << event::INSTRUCTION) == 0 {
            return Ok(true);
        }
        m.save();
        let frame = frame::object_of(vm, m.frame);
        let traced = traced && frame.trace.get().is_some();
        if !traced && wanted == 0 {
            return Ok(true);
        }
        if !passed(vm, m, &frame, wanted)? {
            return Ok(false);
        }
        if traced && frame.wants_opcodes() {
            tell_local(vm, m, Event::Opcode, Value::NONE)?;
            if frame.has_arrival() {
                *m = Machine::load(m.frame);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn returns(vm: &Vm, m: &Machine, value: &Value) -> PyResult<()> {
        let yields = m
            .prepared()
            .at(m.index())
            .is_some_and(|i| matches!(i.op, P::YieldValue | P::YieldFrom));
        let number = if yields { event::PY_YIELD } else { event::PY_RETURN };
        notify(vm, m, number, Some(value.clone()))?;
        tell_local(vm, m, Event::Return, value.clone())?;
        tell_profile(vm, m, Event::Return, value.clone())
    }

    fn after_call(
        vm: &Vm,
        m: &mut Machine,
        call: impl FnOnce(&mut Machine) -> PyResult<()>,
    ) -> PyResult<()> {
        let before = m.frame;
        let told = vm.profile.with(Option::is_some) || monitoring::is_active();
        let callee = if told && !vm.tracing.get() { callable(m) } else { None };
        let mut native = None;
        let mut calls: SmallVec<[Value; 3]> = SmallVec::new();
        if let Some((function, first)) = &callee {
            m.save();
            native = profiled(vm, function, first.as_ref())?;
            let offset = u32::try_from(m.frame().lasti()).unwrap_or(0);
            let first = first.clone().or_else(|| monitoring::tools().missing.get());
            calls.extend([offset_value(offset), function.clone()]);
            calls.extend(first);
            monitoring::fire(vm, m, event::CALL, offset, &calls)?;
            if let Some(native) = &native {
                tell_profile(vm, m, Event::Native("c_call"), native.clone())?;
            }
        }
        let result = call(m);
        if let Some((function, _)) = callee
            && m.frame == before
            && (native.is_some() || !calls.is_empty() && !is_python(&function))
        {
            m.save();
            let (number, name) = match result {
                Ok(()) => (event::C_RETURN, "c_return"),
                Err(_) => (event::C_RAISE, "c_exception"),
            };
            let offset = calls[0].as_small_int().unwrap_or(0) as u32;
            monitoring::fire(vm, m, number, offset, &calls)?;
            if let Some(native) = native {
                tell_profile(vm, m, Event::Native(name), native)?;
            }
        }
        result?;
        if m.frame != before {
            Self::enter(vm, m)?;
        }
        Ok(())
    }
}

/// Tells tracing and profiling functions that a frame begins or goes on.
fn call_event(vm: &Vm, m: &Machine, event: Event) -> PyResult<()> {
    tell_profile(vm, m, event, Value::NONE)?;
    if vm.tracing.get() {
        return Ok(());
    }
    let Some(function) = vm.trace.get() else { return Ok(()) };
    let answer = tell(vm, &function, m, event, Value::NONE)?;
    let frame = frame::object_of(vm, m.frame);
    if answer.is_none() {
        frame.trace.set(None);
    } else {
        frame.watch(answer);
    }
    Ok(())
}

fn is_python(callable: &Value) -> bool {
    callable.downcast_exact::<Function>().is_some()
}

/// What a profiling function is told of, if it is told of the call: a native function, or a native method
/// bound to its receiver.
fn profiled(vm: &Vm, function: &Value, first: Option<&Value>) -> PyResult<Option<Value>> {
    if function.is_exact::<BuiltinFunction>() {
        return Ok(Some(function.clone()));
    }
    let Some(receiver) = first.filter(|_| function.is_exact::<MethodDescr>()) else {
        return Ok(None);
    };
    match function.ty().slots.descr_get.get() {
        Some(get) => get(vm, function, Some(receiver), Some(&receiver.ty().to_value())).map(Some),
        None => Ok(None),
    }
}

/// What the running instruction is about to call, and the first argument.
fn callable(m: &Machine) -> Option<(Value, Option<Value>)> {
    let i = m.prepared().at(m.index())?;
    let n = i.c as usize;
    let first = |count: usize, skip: usize| (count > 0).then(|| m.peek(count + skip).clone());
    let (callee, argument) = match i.op {
        P::CallFunction => (m.peek(n + 1).clone(), first(n, 0)),
        P::CallFunctionKw => (m.peek(n + 2).clone(), first(n, 1)),
        P::CallFunctionEx => (m.peek(2 + (n & 1)).clone(), None),
        P::CallMethod | P::CallMethodKw => {
            // The names of named arguments lie on top.
            let names = usize::from(i.op == P::CallMethodKw);
            match m.slot_value(n + 2 + names) {
                Some(method) => (method, Some(m.peek(n + 1 + names).clone())),
                None => (m.peek(n + 1 + names).clone(), first(n, names)),
            }
        }
        _ => return None,
    };
    Some(match callee.downcast_exact::<Method>() {
        Some(method) => (method.function.clone(), Some(method.receiver.clone())),
        None => (callee, argument),
    })
}

/// An exception has come up in the running frame, or into it; the traceback knows.
#[cold]
pub fn raised(vm: &Vm, m: &Machine, exc: Exc) -> Exc {
    m.save();
    if let Err(other) = notify(vm, m, event::RAISE, Some(exc.value())) {
        return other;
    }
    let parts = vec![exc.ty().to_value(), exc.value(), exc.0.traceback().unwrap_or(Value::NONE)];
    match tell_local(vm, m, Event::Exception, Tuple::from_vec(parts).into()) {
        Ok(()) => exc,
        Err(other) => other,
    }
}

/// An iteration or an `await` is over: the StopIteration that nobody saw.
#[cold]
pub fn stopped(vm: &Vm, m: &Machine, value: &Value) -> PyResult<()> {
    let value = Some(value.clone()).filter(|v| !v.is_none());
    let exc = vm.stop_iteration(value);
    m.save();
    notify(vm, m, event::STOP_ITERATION, Some(exc.value()))?;
    let parts = vec![exc.ty().to_value(), exc.value(), Value::NONE];
    tell_local(vm, m, Event::Exception, Tuple::from_vec(parts).into())
}

/// Does the end of this iterator count as an exception for those who watch?
pub fn stops_visibly(iterator: &Value) -> bool {
    iterator.downcast::<Generator>().is_some_and(|g| !matches!(g.kind(), Kind::AsyncGenerator))
}

/// An exception is thrown into a generator's frame.
#[cold]
pub fn thrown(vm: &Vm, m: &Machine, exc: &Exc) -> PyResult<()> {
    m.save();
    notify(vm, m, event::PY_THROW, Some(exc.value()))?;
    call_event(vm, m, Event::Resume)
}

/// An exception goes on after a handler or a clause.
#[cold]
pub fn raised_again(vm: &Vm, m: &Machine, exc: Exc) -> Exc {
    m.save();
    notify(vm, m, event::RERAISE, Some(exc.value())).err().unwrap_or(exc)
}

/// An exception has found its handler, where the frame stands now.
#[cold]
pub fn handled(vm: &Vm, m: &Machine, exc: &Exc) -> PyResult<()> {
    let offset = m.code().offset_of(m.index() + 1);
    if !monitoring::is_active() {
        return Ok(());
    }
    let args = [offset_value(offset), exc.value()];
    monitoring::fire(vm, m, event::EXCEPTION_HANDLED, offset, &args)
}

/// A frame is left by an exception: "return" with no value.
#[cold]
pub fn unwound(vm: &Vm, m: &Machine, exc: Exc) -> Exc {
    // An error of those who watch goes on instead.
    notify(vm, m, event::PY_UNWIND, Some(exc.value()))
        .and_then(|()| tell_local(vm, m, Event::Return, Value::NONE))
        .and_then(|()| tell_profile(vm, m, Event::Return, Value::NONE))
        .err()
        .unwrap_or(exc)
}
