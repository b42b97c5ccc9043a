//! Watching a program run: `sys.settrace`, `sys.setprofile`, the explorer.
//!
//! The main loop takes the observer as a type parameter: with `NoObserver` nothing of this is left
//! in its code. What happens to exceptions is told where they are handled (`leave.rs`), which asks
//! first whether anybody watches. CPython's counterpart: `Python/legacy_tracing.c`.

use crate::objects::builtin_function::BuiltinFunction;
use crate::objects::frame::{self, FrameObj};
use crate::objects::generator::{Generator, Kind};
use crate::objects::method::Method;
use crate::objects::tuple::Tuple;
use crate::protocol::call;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::machine::Machine;
use crate::runtime::passage::passage;
use crate::runtime::prepared::P;
use crate::runtime::vm::Vm;
use crate::value::Value;

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

/// `sys.settrace` and `sys.setprofile`.
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
    /// Is a tracing or profiling function set?
    #[inline(always)]
    pub fn is_observed(&self) -> bool {
        self.trace.with(Option::is_some) || self.profile.with(Option::is_some)
    }
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

/// The lines that were passed since the last instruction, one after the other. `false` if one of those
/// who are told moved the frame on.
fn lines(vm: &Vm, m: &mut Machine, frame: &FrameObj) -> PyResult<bool> {
    let index = m.index();
    let (own, way) = {
        let prepared = m.prepared();
        (prepared.offsets[index], passage(m.code(), prepared, frame.last_index(), index))
    };
    let mut entry = way.entry;
    let mut back = way.back;
    if let Some(arrival) = frame.take_arrival() {
        (entry, back) = (arrival.min(own), false);
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
        if !frame.wants_lines() {
            continue;
        }
        frame.stand_at(Some(at));
        let result = tell_local(vm, m, Event::Line, Value::NONE);
        frame.stand_at(None);
        result?;
        if frame.has_arrival() {
            *m = Machine::load(m.frame);
            return Ok(false);
        }
    }
    Ok(true)
}

impl Observer for Tracer {
    const ACTIVE: bool = true;

    fn enter(vm: &Vm, m: &Machine) -> PyResult<()> {
        m.save();
        let event = if m.frame().lasti_begun().is_some() { Event::Resume } else { Event::Start };
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

    fn instruction(vm: &Vm, m: &mut Machine) -> PyResult<bool> {
        if vm.tracing.get() || vm.trace.with(Option::is_none) {
            return Ok(true);
        }
        m.save();
        let frame = frame::object_of(vm, m.frame);
        if frame.trace.get().is_none() {
            return Ok(true);
        }
        if !lines(vm, m, &frame)? {
            return Ok(false);
        }
        if frame.wants_opcodes() {
            tell_local(vm, m, Event::Opcode, Value::NONE)?;
            if frame.has_arrival() {
                *m = Machine::load(m.frame);
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn returns(vm: &Vm, m: &Machine, value: &Value) -> PyResult<()> {
        tell_local(vm, m, Event::Return, value.clone())?;
        tell_profile(vm, m, Event::Return, value.clone())
    }

    fn after_call(
        vm: &Vm,
        m: &mut Machine,
        call: impl FnOnce(&mut Machine) -> PyResult<()>,
    ) -> PyResult<()> {
        let before = m.frame;
        let native = if vm.profile.with(Option::is_some) { native_callable(m) } else { None };
        if let Some(function) = &native {
            m.save();
            tell_profile(vm, m, Event::Native("c_call"), function.clone())?;
        }
        let result = call(m);
        if let Some(function) = native {
            m.save();
            let event = if result.is_ok() { "c_return" } else { "c_exception" };
            tell_profile(vm, m, Event::Native(event), function)?;
        }
        result?;
        if m.frame != before {
            Self::enter(vm, m)?;
        }
        Ok(())
    }
}

/// The native function that the running instruction is about to call.
fn native_callable(m: &Machine) -> Option<Value> {
    let i = m.prepared().at(m.index())?;
    let n = i.c as usize;
    let callable = match i.op {
        P::CallFunction => m.peek(n + 1).clone(),
        P::CallFunctionKw => m.peek(n + 2).clone(),
        P::CallFunctionEx => m.peek(2 + (n & 1)).clone(),
        P::CallMethod => match m.slot_value(n + 2) {
            Some(method) => {
                if method.downcast_exact::<crate::objects::descr::MethodDescr>().is_some() {
                    return Some(Method::bind(method, m.peek(n + 1).clone()));
                }
                method
            }
            None => m.peek(n + 1).clone(),
        },
        _ => return None,
    };
    let callable = match callable.downcast_exact::<Method>() {
        Some(method) => method.function.clone(),
        None => callable,
    };
    callable.downcast_exact::<BuiltinFunction>().is_some().then_some(callable)
}

/// An exception has come up in the running frame, or into it; the traceback knows.
#[cold]
pub fn raised(vm: &Vm, m: &Machine, exc: Exc) -> Exc {
    m.save();
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
    let parts = vec![exc.ty().to_value(), exc.value(), Value::NONE];
    tell_local(vm, m, Event::Exception, Tuple::from_vec(parts).into())
}

/// Does the end of this iterator count as an exception for those who watch?
pub fn stops_visibly(iterator: &Value) -> bool {
    iterator.downcast::<Generator>().is_some_and(|g| !matches!(g.kind(), Kind::AsyncGenerator))
}

/// An exception is thrown into a generator's frame.
#[cold]
pub fn thrown(vm: &Vm, m: &Machine) -> PyResult<()> {
    Tracer::enter(vm, m)
}

/// A frame is left by an exception: "return" with no value.
#[cold]
pub fn unwound(vm: &Vm, m: &Machine, _exc: &Exc) {
    // An error of the tracing function itself cannot be raised here: the frame is gone already.
    let _ = tell_local(vm, m, Event::Return, Value::NONE);
    let _ = tell_profile(vm, m, Event::Return, Value::NONE);
}
