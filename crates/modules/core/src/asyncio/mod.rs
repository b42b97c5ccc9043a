//! `_asyncio`: futures and tasks, and which loop and task run.
//!
//! - `future.rs`: `Future`, and the state that it shares with `Task`; `links.rs`: its callbacks and who
//!   awaits it; `await_.rs`: what `await future` runs through
//! - `task.rs`: `Task`; `step.rs`: what a step of it does; `registry.rs`: which tasks there are
//! - `loops.rs`: the running loop and its task; `python.rs`: what is needed of asyncio's Python files
//!
//! A step resumes its coroutine directly, and a future that is awaited ends without a `StopIteration`
//! (the type slot `send`). What is asked of a loop goes through its Python methods, since loops may be
//! of any class. CPython's counterpart: `Modules/_asynciomodule.c`.

mod await_;
mod future;
mod links;
mod loops;
mod python;
mod registry;
mod step;
mod task;

use adder_derive::pymodule;
use adder_vm::object::GilCell;
use adder_vm::objects::module::Module;
use adder_vm::objects::set::Set;
use adder_vm::protocol::{call, iter, object};
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::names::StaticName;
use adder_vm::{Obj, Ref, Value, Vm};
use future::{Future, State, core_of};
use task::Task;

static OTHER_TASKS: GilCell<Option<Value>> = GilCell::new(None);
static OTHER_EAGER_TASKS: GilCell<Option<Ref<Set>>> = GilCell::new(None);

/// The registered tasks of other classes than ours, by weak references.
fn other_tasks(vm: &Vm) -> PyResult {
    if let Some(known) = OTHER_TASKS.with(|others| others.clone()) {
        return Ok(known);
    }
    let made = call::call(vm, &python::WEAK_SET.get(vm)?, &[])?;
    Ok(OTHER_TASKS.with(|others| others.get_or_insert(made).clone()))
}

/// Those of them that are in their first, eager step.
fn other_eager_tasks() -> Ref<Set> {
    if let Some(known) = OTHER_EAGER_TASKS.with(|others| others.clone()) {
        return known;
    }
    let made = Set::new_ref();
    OTHER_EAGER_TASKS.with(|others| others.get_or_insert(made).clone())
}

/// Gives up what programs registered here, and what is kept of asyncio's Python files.
pub fn forget() {
    drop((OTHER_TASKS.with(Option::take), OTHER_EAGER_TASKS.with(Option::take)));
    loops::forget();
    python::forget();
}

fn change_others(vm: &Vm, method: &'static StaticName, task: &Value) -> PyResult<()> {
    object::call_method(vm, &other_tasks(vm)?, &method.get(), std::slice::from_ref(task)).map(drop)
}

/// Accelerator module for asyncio
#[pymodule(name = "_asyncio")]
pub mod asyncio {
    use super::*;

    /// Return a currently executed task.
    #[pyfunction(sig = "($module, /, loop=None)")]
    fn current_task(vm: &Vm, event_loop: Option<Value>) -> PyResult<Option<Value>> {
        let event_loop = match event_loop.filter(|l| !l.is_none()) {
            Some(event_loop) => event_loop,
            None => loops::running_loop(vm)?,
        };
        Ok(loops::current_task(vm, &event_loop))
    }

    /// Return a set of all tasks for the loop.
    #[pyfunction(sig = "($module, /, loop=None)")]
    fn all_tasks(vm: &Vm, event_loop: Option<Value>) -> PyResult<Ref<Set>> {
        static DONE: StaticName = StaticName::new("done");
        let event_loop = match event_loop.filter(|l| !l.is_none()) {
            Some(event_loop) => event_loop,
            None => loops::running_loop(vm)?,
        };
        let found = Set::new_ref();
        // Eager ones first: one that goes over to the others meanwhile is not missed.
        let mut others = other_eager_tasks().to_vec();
        others.extend(iter::collect(vm, &other_tasks(vm)?)?);
        for task in registry::tasks() {
            if task.core.is_of_loop(&event_loop) && task.core.state.get() == State::Pending {
                found.add(vm, &task.to_value())?;
            }
        }
        for task in others {
            if step::loop_of(vm, &task)?.is(&event_loop) {
                let done = object::call_method(vm, &task, &DONE.get(), &[])?;
                if !object::is_true(vm, &done)? {
                    found.add(vm, &task)?;
                }
            }
        }
        Ok(found)
    }

    /// Register a new task in asyncio as executed by loop.
    ///
    /// Returns None.
    #[pyfunction(sig = "($module, /, task)")]
    fn _register_task(vm: &Vm, task: &Value) -> PyResult<()> {
        static ADD: StaticName = StaticName::new("add");
        match task.downcast::<Task>() {
            Some(task) => {
                registry::enter(task);
                Ok(())
            }
            None => change_others(vm, &ADD, task),
        }
    }

    /// Register a new task in asyncio as executed by loop.
    ///
    /// Returns None.
    #[pyfunction(sig = "($module, /, task)")]
    fn _register_eager_task(vm: &Vm, task: &Value) -> PyResult<()> {
        match task.downcast::<Task>() {
            Some(task) => {
                registry::enter(task);
                Ok(())
            }
            None => other_eager_tasks().add(vm, task),
        }
    }

    /// Unregister a task.
    ///
    /// Returns None.
    #[pyfunction(sig = "($module, /, task)")]
    fn _unregister_task(vm: &Vm, task: &Value) -> PyResult<()> {
        static DISCARD: StaticName = StaticName::new("discard");
        match task.downcast::<Task>() {
            Some(task) => {
                task.place.leave();
                Ok(())
            }
            None => change_others(vm, &DISCARD, task),
        }
    }

    /// Unregister a task.
    ///
    /// Returns None.
    #[pyfunction(sig = "($module, /, task)")]
    fn _unregister_eager_task(vm: &Vm, task: &Value) -> PyResult<()> {
        match task.downcast::<Task>() {
            Some(task) => {
                task.place.leave();
                Ok(())
            }
            None => Set::discard(&other_eager_tasks(), vm, task),
        }
    }

    /// Enter into task execution or resume suspended task.
    ///
    /// Task belongs to loop.
    ///
    /// Returns None.
    #[pyfunction(sig = "($module, /, loop, task)")]
    fn _enter_task(vm: &Vm, event_loop: &Value, task: &Value) -> PyResult<()> {
        loops::enter_task(vm, event_loop, task)
    }

    /// Leave task execution or suspend a task.
    ///
    /// Task belongs to loop.
    ///
    /// Returns None.
    #[pyfunction(sig = "($module, /, loop, task)")]
    fn _leave_task(vm: &Vm, event_loop: &Value, task: &Value) -> PyResult<()> {
        loops::leave_task(vm, event_loop, task)
    }

    /// Temporarily swap in the supplied task and return the original one (or None).
    ///
    /// This is intended for use during eager coroutine execution.
    #[pyfunction(sig = "($module, /, loop, task)")]
    fn _swap_current_task(vm: &Vm, event_loop: &Value, task: Value) -> PyResult<Option<Value>> {
        loops::swap_task(vm, event_loop, Some(task).filter(|task| !task.is_none()))
    }

    /// Return the running event loop or None.
    ///
    /// This is a low-level function intended to be used by event loops.
    /// This function is thread-specific.
    #[pyfunction(sig = "($module, /)")]
    fn _get_running_loop(vm: &Vm) -> Option<Value> {
        vm.running_loop.get()
    }

    /// Set the running event loop.
    ///
    /// This is a low-level function intended to be used by event loops.
    /// This function is thread-specific.
    #[pyfunction(sig = "($module, loop, /)")]
    fn _set_running_loop(vm: &Vm, event_loop: Value) {
        vm.running_loop.set(Some(event_loop).filter(|event_loop| !event_loop.is_none()));
    }

    /// Return an asyncio event loop.
    ///
    /// When called from a coroutine or a callback (e.g. scheduled with
    /// call_soon or similar API), this function will always return the
    /// running event loop.
    ///
    /// If there is no running event loop set, the function will return
    /// the result of `get_event_loop_policy().get_event_loop()` call.
    #[pyfunction(sig = "($module, /)")]
    fn get_event_loop(vm: &Vm) -> PyResult {
        loops::event_loop(vm)
    }

    /// Return the running event loop.  Raise a RuntimeError if there is none.
    ///
    /// This function is thread-specific.
    #[pyfunction(sig = "($module, /)")]
    fn get_running_loop(vm: &Vm) -> PyResult {
        loops::running_loop(vm)
    }

    /// Record that `fut` is awaited on by `waiter`.
    #[pyfunction(sig = "($module, fut, waiter, /)")]
    fn future_add_to_awaited_by(vm: &Vm, future: &Value, waiter: &Value) -> PyResult<()> {
        match (core_of(future), core_of(waiter)) {
            (Some(core), Some(_)) => core.awaited_by.add(vm, waiter),
            _ => Ok(()),
        }
    }

    #[pyfunction(sig = "($module, fut, waiter, /)")]
    fn future_discard_from_awaited_by(vm: &Vm, future: &Value, waiter: &Value) -> PyResult<()> {
        match (core_of(future), core_of(waiter)) {
            (Some(core), Some(_)) => core.awaited_by.discard(vm, waiter),
            _ => Ok(()),
        }
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<Future>());
        module.add_type(vm, vm.type_object::<Task>());
        Ok(())
    }
}
