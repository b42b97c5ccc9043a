//! `Task`: a future that runs a coroutine. What a step of it does is in `step.rs`.
//!
//! CPython's counterpart: the second half of `Modules/_asynciomodule.c`.

use super::future::{Core, Future, State, given};
use super::loops::call_soon;
use super::python;
use super::registry::{self, Place};
use super::step::{self, TaskStep};
use crate::contextvars::copy_current;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{GilCell, ObjHead, ValueCell};
use adder_vm::objects::str_::Str;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::boot::generator_types;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::names::StaticName;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// How many tasks were named after their number.
static NUMBERED: GilCell<i64> = GilCell::new(0);

/// A coroutine wrapped in a Future.
#[pyclass(
    name = "_asyncio.Task",
    base = Future,
    base_type,
    has_dict,
    sig = "(coro, *, loop=None, name=None, context=None, eager_start=False)"
)]
pub struct Task {
    pub core: Core,
    pub coroutine: ValueCell,
    pub context: ValueCell,
    /// A str, or the number that the name will be made of.
    name: ValueCell,
    /// What the coroutine waits for.
    pub waiter: ValueCell,
    pub must_cancel: Cell<bool>,
    log_destroy_pending: Cell<bool>,
    cancels_requested: Cell<i64>,
    #[notrace]
    pub place: Place,
}

/// Is it a coroutine, or of a class that says so?
fn is_coroutine(vm: &Vm, value: &Value) -> PyResult<bool> {
    if std::ptr::eq(value.ty(), generator_types().coroutine) {
        return Ok(true);
    }
    let answer = call::call(vm, &python::IS_COROUTINE.get(vm)?, std::slice::from_ref(value))?;
    object::is_true(vm, &answer)
}

fn as_name(vm: &Vm, name: &Value) -> PyResult {
    if name.is_exact::<Str>() { Ok(name.clone()) } else { object::str(vm, name).map(Value::from) }
}

impl Task {
    /// At once, if that is asked for and the loop runs, else with the loop's next turn.
    fn start(zelf: &Obj<Task>, vm: &Vm, eager: bool) -> PyResult<()> {
        static IS_RUNNING: StaticName = StaticName::new("is_running");
        let event_loop = zelf.core.the_loop(vm)?;
        if eager {
            let running = object::call_method(vm, &event_loop, &IS_RUNNING.get(), &[])?;
            if object::is_true(vm, &running)? {
                return step::start_eagerly(vm, zelf, &event_loop);
            }
        }
        let context = zelf.context.get().unwrap_or(Value::NONE);
        call_soon(vm, &event_loop, TaskStep::make(vm, zelf, None), None, &context)?;
        registry::enter(zelf);
        Ok(())
    }

    /// Asks what the coroutine waits for to be cancelled, or else the coroutine itself.
    pub fn request_cancel(task: &Obj<Task>, vm: &Vm, message: Option<Value>) -> PyResult<bool> {
        task.core.log_traceback.set(false);
        if task.core.state.get() != State::Pending {
            return Ok(false);
        }
        task.cancels_requested.set(task.cancels_requested.get().saturating_add(1));
        if let Some(waiter) = task.waiter.get()
            && step::cancel(vm, &waiter, message.clone())?
        {
            // The waiter stays: it may be a task that ignores the request.
            return Ok(true);
        }
        task.must_cancel.set(true);
        task.core.cancel_message.set(message);
        Ok(true)
    }
}

#[pymethods]
impl Task {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        let payload = Task {
            core: Core::default(),
            coroutine: ValueCell::default(),
            context: ValueCell::default(),
            name: ValueCell::default(),
            waiter: ValueCell::default(),
            must_cancel: Cell::new(false),
            log_destroy_pending: Cell::new(false),
            cancels_requested: Cell::new(0),
            place: Place::default(),
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot(sig = "(coro, *, loop=None, name=None, context=None, eager_start=False)")]
    fn init(
        zelf: &Obj<Task>,
        vm: &Vm,
        coroutine: &Value,
        event_loop: Option<&Value>,
        name: Option<&Value>,
        context: Option<&Value>,
        eager_start: Option<bool>,
    ) -> PyResult<()> {
        zelf.core.init(vm, event_loop)?;
        // Nothing is to be said of a task that never was.
        zelf.log_destroy_pending.set(false);
        if !is_coroutine(vm, coroutine)? {
            let shown = object::repr(vm, coroutine)?;
            return Err(vm.type_error(format!("a coroutine was expected, got {shown}")));
        }
        let context = match context.filter(|c| !c.is_none()) {
            Some(context) => context.clone(),
            None => copy_current(vm).into(),
        };
        let name = match name.filter(|n| !n.is_none()) {
            Some(name) => as_name(vm, name)?,
            None => Value::int_unchecked(NUMBERED.with(|n| {
                *n += 1;
                *n
            })),
        };
        zelf.context.set(Some(context));
        zelf.name.set(Some(name));
        zelf.waiter.set(None);
        zelf.must_cancel.set(false);
        zelf.cancels_requested.set(0);
        zelf.coroutine.set(Some(coroutine.clone()));
        zelf.log_destroy_pending.set(true);
        Task::start(zelf, vm, eager_start.unwrap_or(false))
    }
    #[slot]
    fn finalize(head: &ObjHead) {
        Vm::with_current(|vm| {
            let own = head.to_value();
            let Some(task) = own.downcast::<Task>() else { return };
            if task.core.state.get() == State::Pending && task.log_destroy_pending.get() {
                let message = "Task was destroyed but it is pending!";
                task.core.report(vm, message, &[("task", &own)]);
            }
            task.core.finalize(vm, &own);
        });
    }
    #[slot]
    fn repr(zelf: &Obj<Task>, vm: &Vm) -> PyResult {
        zelf.core.the_loop(vm)?;
        call::call(vm, &python::TASK_REPR.get(vm)?, &[zelf.to_value()])
    }
    #[pymethod]
    fn set_result(_zelf: &Obj<Task>, vm: &Vm, _result: &Value) -> PyResult {
        Err(vm.runtime_error("Task does not support set_result operation"))
    }
    #[pymethod]
    fn set_exception(_zelf: &Obj<Task>, vm: &Vm, _exception: &Value) -> PyResult {
        Err(vm.runtime_error("Task does not support set_exception operation"))
    }
    /// Request that this task cancel itself.
    ///
    /// This arranges for a CancelledError to be thrown into the
    /// wrapped coroutine on the next cycle through the event loop.
    /// The coroutine then has a chance to clean up or even deny
    /// the request using try/except/finally.
    ///
    /// Unlike Future.cancel, this does not guarantee that the
    /// task will be cancelled: the exception might be caught and
    /// acted upon, delaying cancellation of the task or preventing
    /// cancellation completely.  The task may also return a value or
    /// raise a different exception.
    ///
    /// Immediately after this method is called, Task.cancelled() will
    /// not return True (unless the task was already cancelled).  A
    /// task will be marked as cancelled when the wrapped coroutine
    /// terminates with a CancelledError exception (even if cancel()
    /// was not called).
    ///
    /// This also increases the task's count of cancellation requests.
    #[pymethod(sig = "($self, /, msg=None)")]
    fn cancel(zelf: &Obj<Task>, vm: &Vm, msg: Option<Value>) -> PyResult<bool> {
        Task::request_cancel(zelf, vm, msg)
    }
    /// Return the count of the task's cancellation requests.
    ///
    /// This count is incremented when .cancel() is called
    /// and may be decremented using .uncancel().
    #[pymethod]
    fn cancelling(zelf: &Obj<Task>, _vm: &Vm) -> i64 {
        zelf.cancels_requested.get()
    }
    /// Decrement the task's count of cancellation requests.
    ///
    /// This should be used by tasks that catch CancelledError
    /// and wish to continue indefinitely until they are cancelled again.
    ///
    /// Returns the remaining number of cancellation requests.
    #[pymethod]
    fn uncancel(zelf: &Obj<Task>, _vm: &Vm) -> i64 {
        let requested = zelf.cancels_requested.get();
        if requested > 0 {
            zelf.cancels_requested.set(requested - 1);
            if requested == 1 {
                zelf.must_cancel.set(false);
            }
        }
        zelf.cancels_requested.get()
    }
    /// Return the list of stack frames for this task's coroutine.
    ///
    /// If the coroutine is not done, this returns the stack where it is
    /// suspended.  If the coroutine has completed successfully or was
    /// cancelled, this returns an empty list.  If the coroutine was
    /// terminated by an exception, this returns the list of traceback
    /// frames.
    ///
    /// The frames are always ordered from oldest to newest.
    ///
    /// The optional limit gives the maximum number of frames to
    /// return; by default all available frames are returned.  Its
    /// meaning differs depending on whether a stack or a traceback is
    /// returned: the newest frames of a stack are returned, but the
    /// oldest frames of a traceback are returned.  (This matches the
    /// behavior of the traceback module.)
    ///
    /// For reasons beyond our control, only one stack frame is
    /// returned for a suspended coroutine.
    #[pymethod(sig = "($self, /, *, limit=None)")]
    fn get_stack(zelf: &Obj<Task>, vm: &Vm, limit: Option<Value>) -> PyResult {
        let limit = limit.unwrap_or(Value::NONE);
        call::call(vm, &python::TASK_GET_STACK.get(vm)?, &[zelf.to_value(), limit])
    }
    /// Print the stack or traceback for this task's coroutine.
    ///
    /// This produces output similar to that of the traceback module,
    /// for the frames retrieved by get_stack().  The limit argument
    /// is passed to get_stack().  The file argument is an I/O stream
    /// to which the output is written; by default output is written
    /// to sys.stderr.
    #[pymethod(sig = "($self, /, *, limit=None, file=None)")]
    fn print_stack(
        zelf: &Obj<Task>,
        vm: &Vm,
        limit: Option<Value>,
        file: Option<Value>,
    ) -> PyResult {
        let (limit, file) = (limit.unwrap_or(Value::NONE), file.unwrap_or(Value::NONE));
        call::call(vm, &python::TASK_PRINT_STACK.get(vm)?, &[zelf.to_value(), limit, file])
    }
    #[pymethod]
    fn get_name(zelf: &Obj<Task>, vm: &Vm) -> Option<Value> {
        let name = zelf.name.get()?;
        let Some(number) = name.as_small_int() else { return Some(name) };
        let made = vm.str(&format!("Task-{number}"));
        zelf.name.set(Some(made.clone()));
        Some(made)
    }
    #[pymethod]
    fn set_name(zelf: &Obj<Task>, vm: &Vm, value: &Value) -> PyResult<()> {
        zelf.name.set(Some(as_name(vm, value)?));
        Ok(())
    }
    #[pymethod]
    fn get_coro(zelf: &Obj<Task>, _vm: &Vm) -> Option<Value> {
        zelf.coroutine.get()
    }
    #[pymethod]
    fn get_context(zelf: &Obj<Task>, _vm: &Vm) -> Option<Value> {
        zelf.context.get()
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }

    #[getter]
    fn _log_destroy_pending(zelf: &Obj<Task>, _vm: &Vm) -> bool {
        zelf.log_destroy_pending.get()
    }
    #[setter(name = "_log_destroy_pending")]
    fn set_log_destroy_pending(zelf: &Obj<Task>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.log_destroy_pending.set(object::is_true(vm, &given(vm, value)?)?);
        Ok(())
    }
    #[getter]
    fn _must_cancel(zelf: &Obj<Task>, _vm: &Vm) -> bool {
        zelf.must_cancel.get()
    }
    #[getter]
    fn _coro(zelf: &Obj<Task>, _vm: &Vm) -> Option<Value> {
        zelf.coroutine.get()
    }
    #[getter]
    fn _fut_waiter(zelf: &Obj<Task>, _vm: &Vm) -> Option<Value> {
        zelf.waiter.get()
    }
}
