//! A step of a task: its coroutine runs until it yields, and what it yields decides when the next step
//! comes.

use super::future::{State, core_of, plain_core_of};
use super::loops::{self, call_soon};
use super::python;
use super::registry;
use super::task::Task;
use crate::contextvars::{self, Context};
use adder_derive::{pyclass, pymethods};
use adder_vm::objects::builtin_function::BuiltinFunction;
use adder_vm::objects::exceptions::ExcObj;
use adder_vm::objects::generator::{self, Generator, Resumed};
use adder_vm::protocol::{call, object};
use adder_vm::runtime::args::{Arity, CallArgs, Flavour, NativeDef, Param, ParamKind};
use adder_vm::runtime::boot::generator_types;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::runtime::names::StaticName;
use adder_vm::{Obj, Ref, Value, Vm};

/// What the loop calls for a task's first step, and for those that nothing has to be waited for.
#[pyclass(name = "_asyncio.TaskStepMethWrapper", no_new)]
pub struct TaskStep {
    task: Ref<Task>,
    exception: Option<Ref<ExcObj>>,
}

impl TaskStep {
    /// The exception is thrown into the coroutine.
    pub fn make(vm: &Vm, task: &Obj<Task>, exception: Option<Exc>) -> Value {
        let payload = TaskStep { task: task.to_ref(), exception: exception.map(|e| e.0) };
        Ref::with_type(payload, vm.type_object::<TaskStep>()).into()
    }
}

#[pymethods]
impl TaskStep {
    #[slot]
    fn call(zelf: &Obj<TaskStep>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        if args.keyword_count() > 0 {
            return Err(vm.type_error("function takes no keyword arguments"));
        }
        if !args.is_empty() {
            return Err(vm.type_error("function takes no positional arguments"));
        }
        step(vm, &zelf.task, zelf.exception.clone().map(Exc))?;
        Ok(Value::NONE)
    }
    #[getter(name = "__self__")]
    fn get_self(zelf: &Obj<TaskStep>, _vm: &Vm) -> Value {
        zelf.task.to_value()
    }
}

/// What the loop calls when the future that a task waits for is done: a method bound to the task.
static WAKEUP: NativeDef = {
    const PARAMS: &[Param] =
        &[Param { name: "fut", kind: ParamKind::PositionalOnly, required: true }];
    NativeDef {
        name: "task_wakeup",
        doc: "",
        signature: None,
        params: PARAMS,
        arity: Arity::of(PARAMS, Flavour::Method),
        flavour: Flavour::Method,
        function: |vm, args| match args {
            [Some(task), Some(future)] => match task.downcast::<Task>() {
                Some(task) => wake(vm, task, future).map(|()| Value::NONE),
                None => Err(vm.wrong_receiver::<Task>(task)),
            },
            _ => Err(vm.system_error("task_wakeup() was called without its arguments")),
        },
    }
};

/// The future is done: the coroutine goes on, or gets the future's exception.
fn wake(vm: &Vm, task: &Obj<Task>, future: &Value) -> PyResult<()> {
    static RESULT: StaticName = StaticName::new("result");
    if let Some(core) = core_of(future) {
        core.awaited_by.discard(vm, &task.to_value())?;
    }
    let result = match plain_core_of(future) {
        Some(core) => core.result(vm),
        None => object::call_method(vm, future, &RESULT.get(), &[]),
    };
    step(vm, task, result.err())
}

fn is_cancelled_error(vm: &Vm, exc: &Exc) -> PyResult<bool> {
    Ok(exc.is(&*python::CANCELLED_ERROR.class(vm)?))
}

/// A step within the loop's turn.
fn step(vm: &Vm, task: &Obj<Task>, exc: Option<Exc>) -> PyResult<()> {
    let own = task.to_value();
    let event_loop = task.core.the_loop(vm)?;
    loops::enter_task(vm, &event_loop, &own)?;
    let result = run_pending(vm, task, exc, &event_loop);
    let left = loops::leave_task(vm, &event_loop, &own);
    result.and(left)
}

fn run_pending(vm: &Vm, task: &Obj<Task>, exc: Option<Exc>, event_loop: &Value) -> PyResult<()> {
    if task.core.state.get() != State::Pending {
        let shown = object::repr(vm, &task.to_value())?;
        let exc = object::repr(vm, &exc.map_or(Value::NONE, |e| e.value()))?;
        let class = python::INVALID_STATE_ERROR.class(vm)?;
        return Err(vm.exception(&class, format!("_step(): already done: {shown} {exc}")));
    }
    let mut exc = exc;
    if task.must_cancel.get() {
        let known = match &exc {
            Some(exc) => is_cancelled_error(vm, exc)?,
            None => false,
        };
        if !known {
            exc = Some(task.core.make_cancelled_error(vm));
        }
        task.must_cancel.set(false);
    }
    task.waiter.set(None);
    run(vm, task, exc, event_loop)
}

/// Resumes a coroutine: one of `async def` directly, others by their methods.
fn resume(vm: &Vm, coroutine: &Value, exc: Option<Exc>) -> Resumed {
    let own = coroutine.downcast::<Generator>();
    if let Some(own) = own.filter(|own| std::ptr::eq(own.ty(), generator_types().coroutine)) {
        return match exc {
            None => generator::send(vm, own, Value::NONE),
            Some(exc) => generator::throw(vm, own, exc),
        };
    }
    static SEND: StaticName = StaticName::new("send");
    static THROW: StaticName = StaticName::new("throw");
    let (name, argument) = match exc {
        None => (&SEND, Value::NONE),
        Some(exc) => (&THROW, exc.value()),
    };
    match object::call_method(vm, coroutine, &name.get(), &[argument]) {
        Ok(value) => Resumed::Yielded(value),
        Err(e) if e.is(&vm.exceptions().stop_iteration) => {
            Resumed::Returned(e.0.field(vm, "value").unwrap_or(Value::NONE))
        }
        Err(e) => Resumed::Raised(e),
    }
}

/// Runs the coroutine and does with what comes out of it what is to be done.
fn run(vm: &Vm, task: &Obj<Task>, exc: Option<Exc>, event_loop: &Value) -> PyResult<()> {
    let Some(coroutine) = task.coroutine.get() else {
        return Err(vm.runtime_error("uninitialized Task object"));
    };
    let own = task.to_value();
    let raised = match resume(vm, &coroutine, exc) {
        Resumed::Yielded(value) => return wait_for(vm, task, value, event_loop),
        Resumed::Returned(value) => {
            task.place.leave();
            return if task.must_cancel.replace(false) {
                // It was cancelled right before it ended.
                task.core.cancel(vm, &own, task.core.cancel_message.get()).map(drop)
            } else {
                task.core.set_result(vm, &own, value)
            };
        }
        Resumed::Raised(e) => e,
    };
    task.place.leave();
    if is_cancelled_error(vm, &raised)? {
        task.core.cancelled_exception.set(Some(raised.value()));
        return task.core.cancel(vm, &own, None).map(drop);
    }
    task.core.set_exception(vm, &own, &raised.value())?;
    let known = vm.exceptions();
    if raised.is(&known.keyboard_interrupt) || raised.is(&known.system_exit) {
        return Err(raised);
    }
    Ok(())
}

/// Lets the next step come with the loop's next turn; the exception goes into the coroutine then.
fn step_soon(vm: &Vm, task: &Obj<Task>, event_loop: &Value, exc: Option<Exc>) -> PyResult<()> {
    let context = task.context.get().unwrap_or(Value::NONE);
    call_soon(vm, event_loop, TaskStep::make(vm, task, exc), None, &context)
}

/// The same with a `RuntimeError` for a coroutine that yielded something wrong.
#[cold]
fn refuse(vm: &Vm, task: &Obj<Task>, event_loop: &Value, message: String) -> PyResult<()> {
    let error = vm.runtime_error(message);
    step_soon(vm, task, event_loop, Some(error))
}

fn shown(vm: &Vm, value: &Value) -> PyResult<String> {
    object::repr(vm, value).map(|shown| shown.to_string_lossy())
}

/// The coroutine has yielded: a future that it waits for, or nothing.
fn wait_for(vm: &Vm, task: &Obj<Task>, value: Value, event_loop: &Value) -> PyResult<()> {
    if value.is_none() {
        // A bare yield gives the loop's other callbacks a turn.
        return step_soon(vm, task, event_loop, None);
    }
    let Some(core) = plain_core_of(&value) else {
        return wait_for_other(vm, task, value, event_loop);
    };
    if task.is(&value) || !core.is_of_loop(event_loop) || !core.blocking.replace(false) {
        let ours = core.is_of_loop(event_loop);
        return refuse_future(vm, task, &value, event_loop, ours);
    }
    let context = task.context.get().unwrap_or(Value::NONE);
    core.add_done_callback(vm, &value, wakeup(task), context)?;
    core.awaited_by.add(vm, &task.to_value())?;
    waits(vm, task, value)
}

fn wakeup(task: &Obj<Task>) -> Value {
    BuiltinFunction::bound(&WAKEUP, task.to_value())
}

/// The task waits for a future that will wake it up.
fn waits(vm: &Vm, task: &Obj<Task>, future: Value) -> PyResult<()> {
    task.waiter.set(Some(future.clone()));
    if task.must_cancel.get() && cancel(vm, &future, task.core.cancel_message.get())? {
        task.must_cancel.set(false);
    }
    Ok(())
}

/// `future.cancel(msg=message)`
pub fn cancel(vm: &Vm, future: &Value, message: Option<Value>) -> PyResult<bool> {
    static CANCEL: StaticName = StaticName::new("cancel");
    if let Some(task) = future.downcast_exact::<Task>() {
        return Task::request_cancel(task, vm, message);
    }
    if let Some(core) = plain_core_of(future) {
        return core.cancel(vm, future, message);
    }
    let method = object::get_attr(vm, future, &CANCEL.get())?;
    let message = message.unwrap_or(Value::NONE);
    let answer = call::call_named(vm, &method, &[], &[("msg", message)])?;
    object::is_true(vm, &answer)
}

#[cold]
fn refuse_future(
    vm: &Vm,
    task: &Obj<Task>,
    future: &Value,
    event_loop: &Value,
    of_loop: bool,
) -> PyResult<()> {
    let own = shown(vm, &task.to_value())?;
    let message = if task.is(future) {
        format!("Task cannot await on itself: {own}")
    } else if !of_loop {
        format!("Task {own} got Future {} attached to a different loop", shown(vm, future)?)
    } else {
        let future = shown(vm, future)?;
        format!("yield was used instead of yield from in task {own} with {future}")
    };
    refuse(vm, task, event_loop, message)
}

/// A future of another kind, or nothing that can be waited for.
fn wait_for_other(vm: &Vm, task: &Obj<Task>, value: Value, event_loop: &Value) -> PyResult<()> {
    static BLOCKING: StaticName = StaticName::new("_asyncio_future_blocking");
    static ADD_CALLBACK: StaticName = StaticName::new("add_done_callback");
    let name = BLOCKING.get();
    let blocking = object::lookup_attr(vm, &value, &name)?.filter(|b| !b.is_none());
    let Some(blocking) = blocking else {
        let value_shown = shown(vm, &value)?;
        let message = if value.downcast_exact::<Generator>().is_some() {
            let own = shown(vm, &task.to_value())?;
            format!(
                "yield was used instead of yield from for generator in task {own} with {value_shown}"
            )
        } else {
            format!("Task got bad yield: {value_shown}")
        };
        return refuse(vm, task, event_loop, message);
    };
    let of_loop = loop_of(vm, &value)?.is(event_loop);
    if task.is(&value) || !of_loop || !object::is_true(vm, &blocking)? {
        return refuse_future(vm, task, &value, event_loop, of_loop);
    }
    if let Some(core) = core_of(&value) {
        core.awaited_by.add(vm, &task.to_value())?;
    }
    object::set_attr(vm, &value, &name, Value::FALSE)?;
    let method = object::get_attr(vm, &value, &ADD_CALLBACK.get())?;
    let context = task.context.get().unwrap_or(Value::NONE);
    call::call_named(vm, &method, &[wakeup(task)], &[("context", context)])?;
    waits(vm, task, value)
}

/// The loop of any future: by its method or, as older ones have it, its attribute.
pub fn loop_of(vm: &Vm, future: &Value) -> PyResult {
    static GET_LOOP: StaticName = StaticName::new("get_loop");
    static LOOP: StaticName = StaticName::new("_loop");
    if let Some(core) = plain_core_of(future) {
        return core.the_loop(vm);
    }
    match object::lookup_attr(vm, future, &GET_LOOP.get())? {
        Some(method) => call::call(vm, &method, &[]),
        None => object::get_attr(vm, future, &LOOP.get()),
    }
}

/// The first step of a task that is not to wait for the loop: it runs within the caller's step.
pub fn start_eagerly(vm: &Vm, task: &Obj<Task>, event_loop: &Value) -> PyResult<()> {
    let context = task.context.get().unwrap_or(Value::NONE);
    let Some(context) = context.downcast::<Context>() else {
        return Err(vm.type_error("an instance of Context was expected"));
    };
    let outer = loops::swap_task(vm, event_loop, Some(task.to_value()))?;
    registry::enter(task);
    let result = contextvars::run_in(vm, context, || run(vm, task, None, event_loop));
    let swapped = loops::swap_task(vm, event_loop, outer);
    if task.core.state.get() != State::Pending {
        task.place.leave();
        task.coroutine.set(None);
    }
    result.and(swapped.map(drop))
}
