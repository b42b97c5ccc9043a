//! Event loops as this module sees them: which one runs in a thread, which task it runs a step of, and
//! how something is handed to it.

use super::python;
use adder_vm::object::GilCell;
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::names::StaticName;
use adder_vm::{Ref, Value, Vm};

static NAMES: GilCell<Option<Ref<Tuple>>> = GilCell::new(None);

/// The names of the keyword arguments of `call_soon(callback, *args, context=context)`.
fn context_keyword(vm: &Vm) -> Ref<Tuple> {
    if let Some(known) = NAMES.with(|names| names.clone()) {
        return known;
    }
    let made = Tuple::from_vec(vec![vm.intern("context").into()]);
    NAMES.with(|names| names.get_or_insert(made).clone())
}

pub(super) fn forget() {
    drop(NAMES.with(Option::take));
}

/// `event_loop.call_soon(callback, argument, context=context)`
pub fn call_soon(
    vm: &Vm,
    event_loop: &Value,
    callback: Value,
    argument: Option<&Value>,
    context: &Value,
) -> PyResult<()> {
    static CALL_SOON: StaticName = StaticName::new("call_soon");
    let event_loop = event_loop.clone();
    let (name, names) = (CALL_SOON.get(), context_keyword(vm));
    let call = |values: &[Value]| {
        object::call_method_of_first(vm, &name, CallArgs::new(values, Some(&names)))
    };
    match argument {
        Some(argument) => call(&[event_loop, callback, argument.clone(), context.clone()]),
        None => call(&[event_loop, callback, context.clone()]),
    }
    .map(drop)
}

/// The running loop, or else what the policy has.
pub fn event_loop(vm: &Vm) -> PyResult {
    static GET_EVENT_LOOP: StaticName = StaticName::new("get_event_loop");
    if let Some(running) = vm.running_loop.get() {
        return Ok(running);
    }
    let policy = call::call(vm, &python::EVENT_LOOP_POLICY.get(vm)?, &[])?;
    object::call_method(vm, &policy, &GET_EVENT_LOOP.get(), &[])
}

/// `asyncio.get_running_loop()`
pub fn running_loop(vm: &Vm) -> PyResult {
    vm.running_loop.get().ok_or_else(|| vm.runtime_error("no running event loop"))
}

fn is_running(vm: &Vm, event_loop: &Value) -> bool {
    vm.running_loop.with(|running| running.is_some_and(|running| running.is(event_loop)))
}

/// Only the loop that runs in this thread has a task here.
fn check_running(vm: &Vm, event_loop: &Value) -> PyResult<()> {
    if is_running(vm, event_loop) {
        return Ok(());
    }
    let shown = object::repr(vm, event_loop)?;
    Err(vm.runtime_error(format!("loop {shown} is not the running loop")))
}

fn shown_task(vm: &Vm, task: Option<Value>) -> PyResult<String> {
    object::repr(vm, &task.unwrap_or(Value::NONE)).map(|shown| shown.to_string_lossy())
}

/// A step of the task begins.
pub fn enter_task(vm: &Vm, event_loop: &Value, task: &Value) -> PyResult<()> {
    check_running(vm, event_loop)?;
    if !vm.running_task.is_some() {
        vm.running_task.set(Some(task.clone()));
        return Ok(());
    }
    let task = object::repr(vm, task)?;
    let other = shown_task(vm, vm.running_task.get())?;
    Err(vm.runtime_error(format!(
        "Cannot enter into task {task} while another task {other} is being executed."
    )))
}

/// The step ends.
pub fn leave_task(vm: &Vm, event_loop: &Value, task: &Value) -> PyResult<()> {
    check_running(vm, event_loop)?;
    if vm.running_task.with(|running| running.is_some_and(|running| running.is(task))) {
        vm.running_task.set(None);
        return Ok(());
    }
    let task = object::repr(vm, task)?;
    let other = shown_task(vm, vm.running_task.get())?;
    Err(vm.runtime_error(format!(
        "Invalid attempt to leave task {task} while task {other} is entered."
    )))
}

/// Puts another task, or none, in the running one's place, and returns that.
pub fn swap_task(vm: &Vm, event_loop: &Value, task: Option<Value>) -> PyResult<Option<Value>> {
    check_running(vm, event_loop)?;
    Ok(vm.running_task.replace(task))
}

/// The task that a loop, which may run in another thread, is running a step of.
pub fn current_task(vm: &Vm, event_loop: &Value) -> Option<Value> {
    if is_running(vm, event_loop) {
        return vm.running_task.get();
    }
    let mut found = None;
    vm.each_thread(&mut |thread| {
        if is_running(thread, event_loop) {
            found = thread.running_task.get();
        }
    });
    found
}
