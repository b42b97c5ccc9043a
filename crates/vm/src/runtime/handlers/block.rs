//! Leaving blocks: exceptions, `return`, `break` and `continue` on their way through handlers and
//! finally clauses; and the context manager instructions.
//!
//! The blocks are a tree known from the verifier (`bytecode/src/verify.rs`, which also draws what a
//! handler finds on the stack); nothing is pushed or popped at run time when control enters or
//! leaves a block the ordinary way.

use super::Done;
use crate::object::Payload;
use crate::object::Ref;
use crate::objects::exceptions::ExcObj;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::{call, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::machine::Machine;
use crate::runtime::prepared::{Instr, PlannedBlock};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::verify::BlockKind;

/// The "why" words below which a finally clause runs.
const WHY_RETURN: i64 = 1;
const WHY_BREAK: i64 = 2;
const WHY_CONTINUE: i64 = 3;

/// How control leaves a block.
pub enum Way {
    Return(Value),
    Break,
    /// To the instruction with this index.
    Continue(u32),
}

/// Where unwinding ended.
pub enum Landed {
    /// At a handler, a finally clause, or a loop's end: the registers are set.
    Here,
    /// Outside all blocks: the frame returns this.
    Return(Value),
}

fn block_of(m: &Machine) -> u32 {
    m.prepared().block_of.get(m.index()).unwrap_or(u32::MAX)
}

fn block(m: &Machine, index: u32) -> Option<PlannedBlock> {
    m.prepared().blocks.get(index as usize).copied()
}

/// Makes an earlier exception the one being handled again.
fn restore(vm: &Vm, previous: Option<Value>) {
    let exc = previous.and_then(|v| v.into_ref::<ExcObj>().ok()).map(Exc);
    let old = vm.exc_state().handled.replace(exc);
    drop(old);
}

/// Does what leaving a handler's or clause's words behind means.
fn leave_words(vm: &Vm, m: &Machine, b: &PlannedBlock) {
    match b.kind {
        BlockKind::ExceptHandler => restore(vm, m.at_level(b.level as usize)),
        BlockKind::FinallyBody => {
            let level = b.level as usize;
            let pending = m.at_level(level).is_some_and(|t| t.downcast::<ExcObj>().is_some());
            if pending && m.at_level(level + 1).is_some_and(|w| !w.is_small_int()) {
                restore(vm, m.at_level(level + 1));
            }
        }
        BlockKind::Loop | BlockKind::Except | BlockKind::Finally => {}
    }
}

/// Finds the handler of an exception in this frame and goes there; `Err` if there is none.
pub fn unwind_exception(vm: &Vm, m: &mut Machine, exc: Exc) -> Result<(), Exc> {
    let mut at = block_of(m);
    while let Some(b) = block(m, at) {
        match b.kind {
            BlockKind::Except => {
                m.cut(b.level as usize);
                let previous = vm.exc_state().handled.replace(Some(exc.clone()));
                m.push(previous.map_or(Value::NONE, |p| p.value()));
                m.push(exc.0.traceback().unwrap_or(Value::NONE));
                m.push(exc.value());
                m.push(exc.ty().to_value());
                m.jump(b.target);
                return Ok(());
            }
            BlockKind::Finally => {
                m.cut(b.level as usize);
                let previous = vm.exc_state().handled.replace(Some(exc.clone()));
                m.push(exc.value());
                m.push(previous.map_or(Value::NONE, |p| p.value()));
                m.jump(b.target);
                return Ok(());
            }
            _ => leave_words(vm, m, &b),
        }
        at = b.parent;
    }
    Err(exc)
}

/// Leaves blocks from `from` outwards in some way.
fn unwind(vm: &Vm, m: &mut Machine, from: u32, way: Way) -> PyResult<Landed> {
    let mut at = from;
    while let Some(b) = block(m, at) {
        match b.kind {
            // `continue` stays in the innermost loop. (The loop's start may lie in blocks of its own,
            // entered without an instruction.)
            BlockKind::Loop if let Way::Continue(target) = way => {
                let depth = m.prepared().depth_of.get(target as usize).unwrap_or(0);
                // A clause on the way may have taken a word more than its block's level tells.
                if m.depth() < depth as usize {
                    return Err(vm.system_error("continue to a deeper stack"));
                }
                m.cut(depth as usize);
                m.jump(target);
                return Ok(Landed::Here);
            }
            BlockKind::Loop if matches!(way, Way::Break) => {
                m.cut(b.level as usize);
                m.jump(b.target);
                return Ok(Landed::Here);
            }
            BlockKind::Finally => {
                m.cut(b.level as usize);
                let (token, why) = match way {
                    Way::Return(value) => (value, WHY_RETURN),
                    Way::Break => (Value::NONE, WHY_BREAK),
                    Way::Continue(target) => (Value::int_unchecked(target.into()), WHY_CONTINUE),
                };
                m.push(token);
                m.push(Value::int_unchecked(why));
                m.jump(b.target);
                return Ok(Landed::Here);
            }
            _ => leave_words(vm, m, &b),
        }
        at = b.parent;
    }
    match way {
        Way::Return(value) => {
            // What loops left on the stack goes with the frame.
            m.cut(0);
            Ok(Landed::Return(value))
        }
        Way::Break | Way::Continue(_) => Err(vm.system_error("no loop to leave")),
    }
}

/// `RETURN_VALUE`, `BREAK_LOOP`, `CONTINUE_LOOP` inside blocks.
pub fn leave(vm: &Vm, m: &mut Machine, way: Way) -> PyResult<Landed> {
    let from = block_of(m);
    unwind(vm, m, from, way)
}

/// token why -- ; goes on with whatever brought control into the finally clause.
pub fn end_finally(vm: &Vm, m: &mut Machine, i: Instr) -> PyResult<Landed> {
    let body = block(m, block_of(m));
    let (why, token) = (m.pop(), m.pop());
    let parent = body.map_or(u32::MAX, |b| b.parent);
    if let Some(code) = why.as_small_int() {
        let way = match code {
            WHY_RETURN => Way::Return(token),
            WHY_BREAK => Way::Break,
            _ => Way::Continue(token.as_small_int().unwrap_or(0) as u32),
        };
        return unwind(vm, m, parent, way);
    }
    match token.into_ref::<ExcObj>() {
        Ok(exc) => {
            restore(vm, Some(why).filter(|w| !w.is_none()));
            // The words are gone: raising now must not look for them at this block.
            Err(Exc(exc))
        }
        Err(_) => {
            if i.c == 1 {
                drop(m.pop());
            }
            Ok(Landed::Here)
        }
    }
}

/// The words of an ended clause are gone, so an exception that goes on starts at the block around.
pub fn unwind_from_parent(vm: &Vm, m: &mut Machine, exc: Exc) -> Result<(), Exc> {
    let parent = block(m, block_of(m)).map_or(u32::MAX, |b| b.parent);
    let mut at = parent;
    while let Some(b) = block(m, at) {
        match b.kind {
            BlockKind::Except | BlockKind::Finally => break,
            _ => leave_words(vm, m, &b),
        }
        at = b.parent;
    }
    match block(m, at) {
        Some(b) => {
            m.cut(b.level as usize);
            let previous = vm.exc_state().handled.replace(Some(exc.clone()));
            let previous = previous.map_or(Value::NONE, |p| p.value());
            if b.kind == BlockKind::Except {
                m.push(previous);
                m.push(exc.0.traceback().unwrap_or(Value::NONE));
                m.push(exc.value());
                m.push(exc.ty().to_value());
            } else {
                m.push(exc.value());
                m.push(previous);
            }
            m.jump(b.target);
            Ok(())
        }
        None => Err(exc),
    }
}

/// previous | traceback value type -- ; no handler wanted the exception.
pub fn end_except(vm: &Vm, m: &mut Machine) -> Exc {
    let value = m.peek(2).clone();
    match value.into_ref::<ExcObj>() {
        Ok(exc) => Exc(exc),
        Err(_) => vm.system_error("'finally' pops bad exception"),
    }
}

/// None -- [previous] None None
pub fn enter_finally(vm: &Vm, m: &mut Machine, i: Instr) {
    if i.c == 1 {
        // The handler has been left: what it would restore is what is current now.
        let current = vm.exc_state().handled.get();
        m.replace(1, current.map_or(Value::NONE, |e| e.value()));
        m.push(Value::NONE);
    }
    m.push(Value::NONE);
}

/// previous --
#[inline(always)]
pub fn pop_except(vm: &Vm, m: &mut Machine) {
    let previous = m.pop();
    restore(vm, Some(previous).filter(|p| !p.is_none()));
}

// ---- with ----

fn special(vm: &Vm, manager: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
    let Some(method) = object::special_method(vm, manager, name)? else { return Ok(None) };
    Ok(Some(match method {
        object::Method::Bound(method) => method,
        object::Method::Unbound(function) => {
            crate::objects::method::Method::bind(function, manager.clone())
        }
    }))
}

fn no_protocol(vm: &Vm, manager: &Value, missing: &str, is_async: bool) -> Exc {
    let (kind, other, hint) = if is_async {
        ("asynchronous ", "__enter__", "with")
    } else {
        ("", "__aenter__", "async with")
    };
    let name = manager.ty().name();
    let suggests = manager.ty().lookup(&vm.intern(other)).is_some();
    let hint = if suggests {
        format!(
            " but it supports the {}context manager protocol. Did you mean to use '{hint}'?",
            if is_async { "" } else { "asynchronous " }
        )
    } else {
        format!(" (missed {missing} method)")
    };
    vm.type_error(format!(
        "'{name}' object does not support the {kind}context manager protocol{hint}"
    ))
}

/// manager -- exit value
pub fn setup_with(vm: &Vm, m: &mut Machine) -> Done {
    let manager = m.peek(1).clone();
    let names = vm.names();
    let Some(enter) = object::special_method(vm, &manager, &names.__enter__)? else {
        return Err(no_protocol(vm, &manager, "__enter__", false));
    };
    let Some(exit) = special(vm, &manager, &names.__exit__)? else {
        return Err(no_protocol(vm, &manager, "__exit__", false));
    };
    let value = enter.call(vm, &manager, &[])?;
    m.replace(1, exit);
    m.push(value);
    Ok(())
}

/// manager -- aexit awaitable
pub fn before_async_with(vm: &Vm, m: &mut Machine) -> Done {
    let manager = m.peek(1).clone();
    let names = vm.names();
    let Some(enter) = special(vm, &manager, &names.__aenter__)? else {
        return Err(no_protocol(vm, &manager, "__aenter__", true));
    };
    let Some(exit) = special(vm, &manager, &names.__aexit__)? else {
        return Err(no_protocol(vm, &manager, "__aexit__", true));
    };
    let value = call::call(vm, &enter, &[])?;
    m.replace(1, exit);
    m.push(value);
    Ok(())
}

/// exit token why -- token why exception result
pub fn with_cleanup_start(vm: &Vm, m: &mut Machine) -> Done {
    let exit = m.peek(3).clone();
    let pending = if m.peek(1).is_small_int() {
        None
    } else {
        m.peek(2).downcast::<ExcObj>().map(|e| e.to_ref())
    };
    let args = match &pending {
        Some(exc) => [exc.ty().to_value(), exc.to_value(), exc.traceback().unwrap_or(Value::NONE)],
        None => [Value::NONE, Value::NONE, Value::NONE],
    };
    let result = call::call(vm, &exit, &args)?;
    let (why, token) = (m.pop(), m.pop());
    m.drop_top(1);
    m.push(token);
    m.push(why);
    m.push(pending.map_or(Value::NONE, Value::from));
    m.push(result);
    Ok(())
}

/// token why exception result -- token why
pub fn with_cleanup_finish(vm: &Vm, m: &mut Machine) -> Done {
    let swallow = !m.peek(2).is_none() && object::is_true(vm, m.peek(1))?;
    m.drop_top(2);
    if swallow {
        let previous = m.pop();
        restore(vm, Some(previous).filter(|p| !p.is_none()));
        m.replace(1, Value::NONE);
        m.push(Value::NONE);
    }
    Ok(())
}

// ---- raise ----

/// [exception [cause]] --
pub fn raise_varargs(vm: &Vm, m: &mut Machine, i: Instr) -> Exc {
    let cause = if i.c == 2 { Some(m.pop()) } else { None };
    let raised = if i.c >= 1 { Some(m.pop()) } else { None };
    match raise(vm, raised, cause) {
        Ok(exc) | Err(exc) => exc,
    }
}

/// What `raise` raises: `Ok` as asked, `Err` if something was wrong with that.
fn raise(vm: &Vm, raised: Option<Value>, cause: Option<Value>) -> Result<Exc, Exc> {
    let Some(raised) = raised else {
        return match vm.handled_exception() {
            Some(exc) => Ok(exc),
            None => Err(vm.runtime_error("No active exception to reraise")),
        };
    };
    let exc = instance(vm, raised, "exceptions must derive from BaseException")?;
    if let Some(cause) = cause {
        let cause = if cause.is_none() {
            None
        } else {
            Some(instance(vm, cause, "exception causes must derive from BaseException")?)
        };
        exc.0.set_cause(cause.map(|c| c.0));
    }
    vm.set_context(&exc, true);
    Ok(exc)
}

fn instance(vm: &Vm, value: Value, message: &str) -> Result<Exc, Exc> {
    let value = match value.downcast::<Type>() {
        Some(ty) if ty.is_subtype(&vm.exceptions().base_exception) => {
            let made = call::call(vm, &value, &[])?;
            if made.downcast::<ExcObj>().is_none() {
                return Err(vm.type_error(format!(
                    "calling {} should have returned an instance of BaseException, not {}",
                    object::repr(vm, &value)?,
                    object::repr(vm, &made.ty().to_value())?
                )));
            }
            made
        }
        _ => value,
    };
    value.into_ref::<ExcObj>().map(Exc).map_err(|_| vm.type_error(message))
}

/// exception --
pub fn reraise(vm: &Vm, m: &mut Machine) -> Exc {
    match m.pop().into_ref::<ExcObj>() {
        Ok(exc) => Exc(exc),
        Err(_) => vm.system_error("RERAISE of something else"),
    }
}

impl Vm {
    /// Sets `__context__` to the exception being handled, unless that would close a loop. Implicit
    /// raises keep a context that is there; `raise` sets it anew.
    pub(crate) fn set_context(&self, exc: &Exc, anew: bool) {
        if !anew && exc.0.context().is_some() {
            return;
        }
        let Some(handled) = self.handled_exception() else { return };
        if std::ptr::eq::<crate::object::Obj<ExcObj>>(&*handled.0, &*exc.0) {
            return;
        }
        // Break the chain where it would come back to `exc`.
        let mut at = handled.0.clone();
        let mut slow = at.clone();
        let mut step = false;
        while let Some(next) = at.context() {
            if std::ptr::eq::<crate::object::Obj<ExcObj>>(&*next, &*exc.0) {
                at.set_context(None);
                break;
            }
            at = next;
            if step && let Some(next) = slow.context() {
                slow = next;
                if std::ptr::eq::<crate::object::Obj<ExcObj>>(&*slow, &*at) {
                    break;
                }
            }
            step = !step;
        }
        exc.0.set_context(Some(handled.0));
    }

    /// An exception type by its cell, for code that has only the payload type.
    pub(crate) fn type_of<T: Payload>(&self) -> &'static crate::object::Obj<Type> {
        T::cell().get()
    }
}
