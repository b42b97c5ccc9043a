//! Watching a program run: `sys.settrace`, `sys.setprofile`, the explorer.
//!
//! The main loop takes the observer as a type parameter: with `NoObserver` nothing of this is left
//! in its code. CPython's counterpart: `Python/legacy_tracing.c`.

use crate::protocol::call;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::machine::Machine;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// What an observer is told.
pub trait Observer {
    /// Is anybody watching?
    const ACTIVE: bool;
    fn enter(vm: &Vm, m: &Machine) -> PyResult<()>;
    fn instruction(vm: &Vm, m: &mut Machine) -> PyResult<()>;
    fn returns(vm: &Vm, m: &Machine, value: &Value) -> PyResult<()>;
    fn raised(vm: &Vm, m: &Machine, exc: Exc) -> Exc;
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
    fn instruction(_vm: &Vm, _m: &mut Machine) -> PyResult<()> {
        Ok(())
    }
    #[inline(always)]
    fn returns(_vm: &Vm, _m: &Machine, _value: &Value) -> PyResult<()> {
        Ok(())
    }
    #[inline(always)]
    fn raised(_vm: &Vm, _m: &Machine, exc: Exc) -> Exc {
        exc
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

impl Vm {
    /// Is a tracing or profiling function set?
    #[inline(always)]
    pub fn is_observed(&self) -> bool {
        self.trace.with(Option::is_some) || self.profile.with(Option::is_some)
    }
}

/// Calls a tracing function with an event; its answer is the next local tracing function.
fn tell(vm: &Vm, function: &Value, m: &Machine, event: &str, argument: Value) -> PyResult {
    let frame = crate::objects::frame::object_of(vm, m.frame);
    vm.tracing.set(true);
    let result = call::call(vm, function, &[frame.to_value(), vm.intern(event).into(), argument]);
    vm.tracing.set(false);
    if result.is_err() {
        drop(vm.trace.replace(None));
        drop(vm.profile.replace(None));
    }
    result
}

/// Tells the frame's local tracing function, and keeps what it answers.
fn tell_local(vm: &Vm, m: &Machine, event: &str, argument: Value) -> PyResult<()> {
    if vm.tracing.get() || vm.trace.with(Option::is_none) {
        return Ok(());
    }
    let frame = crate::objects::frame::object_of(vm, m.frame);
    let Some(function) = frame.trace.get() else { return Ok(()) };
    let answer = tell(vm, &function, m, event, argument)?;
    if !answer.is_none() {
        frame.trace.set(Some(answer));
    }
    Ok(())
}

fn tell_profile(vm: &Vm, m: &Machine, event: &str, argument: Value) -> PyResult<()> {
    if vm.tracing.get() {
        return Ok(());
    }
    match vm.profile.get() {
        Some(function) => tell(vm, &function, m, event, argument).map(drop),
        None => Ok(()),
    }
}

impl Observer for Tracer {
    const ACTIVE: bool = true;

    fn enter(vm: &Vm, m: &Machine) -> PyResult<()> {
        m.save();
        tell_profile(vm, m, "call", Value::NONE)?;
        if vm.tracing.get() {
            return Ok(());
        }
        let Some(function) = vm.trace.get() else { return Ok(()) };
        let answer = tell(vm, &function, m, "call", Value::NONE)?;
        let frame = crate::objects::frame::object_of(vm, m.frame);
        frame.trace.set(Some(answer).filter(|a| !a.is_none()));
        Ok(())
    }

    fn instruction(vm: &Vm, m: &mut Machine) -> PyResult<()> {
        if vm.tracing.get() || vm.trace.with(Option::is_none) {
            return Ok(());
        }
        m.save();
        let frame = crate::objects::frame::object_of(vm, m.frame);
        if frame.trace.get().is_none() {
            return Ok(());
        }
        let code = m.code();
        let offset = code.offset_of(m.index());
        let line = i64::from(code.line_at(offset));
        let starts = code.starts_line(offset);
        let last = frame.last_traced();
        if line != last.0 || (starts && i64::from(offset) <= last.1) {
            frame.set_last_traced(line, i64::from(offset));
            if frame.wants_lines() {
                tell_local(vm, m, "line", Value::NONE)?;
            }
        } else {
            frame.set_last_traced(line, i64::from(offset));
        }
        if frame.wants_opcodes() {
            tell_local(vm, m, "opcode", Value::NONE)?;
        }
        Ok(())
    }

    fn returns(vm: &Vm, m: &Machine, value: &Value) -> PyResult<()> {
        tell_local(vm, m, "return", value.clone())?;
        tell_profile(vm, m, "return", value.clone())
    }

    fn raised(vm: &Vm, m: &Machine, exc: Exc) -> Exc {
        m.save();
        let parts =
            vec![exc.ty().to_value(), exc.value(), exc.0.traceback().unwrap_or(Value::NONE)];
        let argument = crate::objects::tuple::Tuple::from_vec(parts).into();
        match tell_local(vm, m, "exception", argument) {
            Ok(()) => exc,
            Err(other) => other,
        }
    }

    fn after_call(
        vm: &Vm,
        m: &mut Machine,
        call: impl FnOnce(&mut Machine) -> PyResult<()>,
    ) -> PyResult<()> {
        let before = m.frame;
        call(m)?;
        if m.frame != before {
            Self::enter(vm, m)?;
        }
        Ok(())
    }
}

/// A frame is left by an exception: "return" with no value.
pub fn frame_raised(vm: &Vm, m: &Machine, _exc: &Exc) {
    // An error of the tracing function itself cannot be raised here: the frame is gone already.
    let _ = tell_local(vm, m, "return", Value::NONE);
    let _ = tell_profile(vm, m, "return", Value::NONE);
}
