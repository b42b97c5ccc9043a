//! `Future`, and the state that it shares with `Task`.
//!
//! CPython's counterpart: the first half of `Modules/_asynciomodule.c`.

use super::await_::FutureIter;
use super::links::{AwaitedBy, Callbacks};
use super::loops::{self, call_soon};
use super::python;
use super::task::Task;
use crate::contextvars::copy_current;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::trace::Trace;
use adder_vm::object::{ObjHead, ValueCell, Visitor};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::exceptions::ExcObj;
use adder_vm::objects::list::List;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::compare;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::runtime::names::StaticName;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Pending,
    Cancelled,
    Finished,
}

/// What a future and a task have in common.
#[derive(Default)]
pub struct Core {
    /// The event loop; none before `__init__` has run.
    pub event_loop: ValueCell,
    pub state: Cell<State>,
    /// Was it yielded by `await`, and has no task taken it yet?
    pub blocking: Cell<bool>,
    /// Is there an exception that nobody has asked for?
    pub log_traceback: Cell<bool>,
    pub callbacks: Callbacks,
    pub awaited_by: AwaitedBy,
    result: ValueCell,
    exception: ValueCell,
    exception_traceback: ValueCell,
    source_traceback: ValueCell,
    pub cancel_message: ValueCell,
    /// The exception that ended a cancelled task, to be raised once.
    pub cancelled_exception: ValueCell,
}

impl Trace for Core {
    fn trace(&self, visit: &mut Visitor<'_>) {
        self.event_loop.trace(visit);
        self.callbacks.trace(visit);
        self.awaited_by.trace(visit);
        self.result.trace(visit);
        self.exception.trace(visit);
        self.exception_traceback.trace(visit);
        self.source_traceback.trace(visit);
        self.cancel_message.trace(visit);
        self.cancelled_exception.trace(visit);
    }
    fn clear(&self, bag: &mut Vec<Value>) {
        self.event_loop.clear(bag);
        self.callbacks.clear(bag);
        self.awaited_by.clear(bag);
        self.result.clear(bag);
        self.exception.clear(bag);
        self.exception_traceback.clear(bag);
        self.source_traceback.clear(bag);
        self.cancel_message.clear(bag);
        self.cancelled_exception.clear(bag);
    }
}

/// The state of a future or task, of a subclass too.
#[inline]
pub fn core_of(value: &Value) -> Option<&Core> {
    match value.downcast::<Future>() {
        Some(future) => Some(&future.core),
        None => value.downcast::<Task>().map(|task| &task.core),
    }
}

/// The same for exactly the two types, whose methods nobody has overridden.
#[inline]
pub fn plain_core_of(value: &Value) -> Option<&Core> {
    match value.downcast_exact::<Future>() {
        Some(future) => Some(&future.core),
        None => value.downcast_exact::<Task>().map(|task| &task.core),
    }
}

/// The state of a method's receiver.
#[inline]
fn receiver<'a>(vm: &Vm, value: &'a Value) -> PyResult<&'a Core> {
    core_of(value).ok_or_else(|| vm.wrong_receiver::<Future>(value))
}

const UNINITIALIZED: &str = "Future object is not initialized.";

#[cold]
fn uninitialized(vm: &Vm) -> Exc {
    vm.runtime_error(UNINITIALIZED)
}

/// The same, where the loop must be there.
#[inline]
fn initialized<'a>(vm: &Vm, value: &'a Value) -> PyResult<&'a Core> {
    let core = receiver(vm, value)?;
    core.the_loop(vm)?;
    Ok(core)
}

/// An exception of a Python class of the library, with one argument.
#[cold]
fn invalid_state(vm: &Vm, message: &str) -> Exc {
    match python::INVALID_STATE_ERROR.class(vm) {
        Ok(class) => vm.exception(&class, message.to_string()),
        Err(e) => e,
    }
}

impl Core {
    /// The loop of a future that was initialised.
    #[inline]
    pub fn the_loop(&self, vm: &Vm) -> PyResult {
        self.event_loop.get().ok_or_else(|| uninitialized(vm))
    }

    pub fn is_of_loop(&self, event_loop: &Value) -> bool {
        self.event_loop.with(|own| own.is_some_and(|own| own.is(event_loop)))
    }

    /// What `Future.__init__` does.
    pub fn init(&self, vm: &Vm, event_loop: Option<&Value>) -> PyResult<()> {
        static GET_DEBUG: StaticName = StaticName::new("get_debug");
        let event_loop = match event_loop.filter(|l| !l.is_none()) {
            Some(event_loop) => event_loop.clone(),
            None => loops::event_loop(vm)?,
        };
        self.state.set(State::Pending);
        self.blocking.set(false);
        self.log_traceback.set(false);
        if let Some(old) = self.event_loop.replace(Some(event_loop.clone())) {
            // It was initialised before.
            let mut bag = vec![old];
            Trace::clear(self, &mut bag);
            self.event_loop.set(Some(event_loop.clone()));
        }
        let debug = object::call_method(vm, &event_loop, &GET_DEBUG.get(), &[])?;
        if object::is_true(vm, &debug)? {
            let stack = call::call(vm, &python::EXTRACT_STACK.get(vm)?, &[])?;
            self.source_traceback.set(Some(stack));
        }
        Ok(())
    }

    /// Gives every callback to the loop.
    fn schedule_callbacks(&self, vm: &Vm, own: &Value) -> PyResult<()> {
        if self.callbacks.is_empty() {
            return Ok(());
        }
        let event_loop = self.the_loop(vm)?;
        for (function, context) in self.callbacks.take() {
            call_soon(vm, &event_loop, function, Some(own), &context)?;
        }
        Ok(())
    }

    pub fn set_result(&self, vm: &Vm, own: &Value, result: Value) -> PyResult<()> {
        if self.state.get() != State::Pending {
            return Err(invalid_state(vm, "invalid state"));
        }
        self.result.set(Some(result));
        self.state.set(State::Finished);
        self.schedule_callbacks(vm, own)
    }

    pub fn set_exception(&self, vm: &Vm, own: &Value, exception: &Value) -> PyResult<()> {
        if self.state.get() != State::Pending {
            return Err(invalid_state(vm, "invalid state"));
        }
        let made = match exception.downcast::<Type>() {
            Some(class) if class.is_subtype(&vm.exceptions().base_exception) => {
                call::call(vm, exception, &[])?
            }
            _ => exception.clone(),
        };
        let Ok(exc) = made.into_ref::<ExcObj>() else {
            return Err(vm.type_error("invalid exception object"));
        };
        let exc = if exc.ty().is_subtype(&vm.exceptions().stop_iteration) {
            let wrapper = vm.runtime_error(
                "StopIteration interacts badly with generators and cannot be raised into a Future",
            );
            wrapper.0.set_context(Some(exc.clone()));
            wrapper.0.set_cause(Some(exc));
            wrapper.0
        } else {
            exc
        };
        self.exception_traceback.set(exc.traceback());
        self.exception.set(Some(exc.into()));
        self.state.set(State::Finished);
        self.schedule_callbacks(vm, own)?;
        self.log_traceback.set(true);
        Ok(())
    }

    pub fn cancel(&self, vm: &Vm, own: &Value, message: Option<Value>) -> PyResult<bool> {
        self.log_traceback.set(false);
        if self.state.get() != State::Pending {
            return Ok(false);
        }
        self.state.set(State::Cancelled);
        self.cancel_message.set(message);
        self.schedule_callbacks(vm, own)?;
        Ok(true)
    }

    /// The exception of a cancelled future: the one that ended it, once, then new ones.
    pub fn make_cancelled_error(&self, vm: &Vm) -> Exc {
        if let Some(Ok(exc)) = self.cancelled_exception.take().map(Value::into_ref::<ExcObj>) {
            return Exc(exc);
        }
        match python::CANCELLED_ERROR.class(vm) {
            Ok(class) => {
                let message = self.cancel_message.get().filter(|m| !m.is_none());
                vm.exception_with_args(&class, message.into_iter().collect())
            }
            Err(e) => e,
        }
    }

    pub fn result(&self, vm: &Vm) -> PyResult {
        match self.state.get() {
            State::Cancelled => Err(self.make_cancelled_error(vm)),
            State::Pending => Err(invalid_state(vm, self.why_pending("Result is not set."))),
            State::Finished => {
                self.log_traceback.set(false);
                match self.exception.get().map(Value::into_ref::<ExcObj>) {
                    Some(Ok(exc)) => {
                        exc.set_traceback(self.exception_traceback.get());
                        Err(Exc(exc))
                    }
                    _ => Ok(self.result.get().unwrap_or(Value::NONE)),
                }
            }
        }
    }

    fn why_pending(&self, message: &'static str) -> &'static str {
        if self.event_loop.is_some() { message } else { UNINITIALIZED }
    }

    pub fn add_done_callback(
        &self,
        vm: &Vm,
        own: &Value,
        function: Value,
        context: Value,
    ) -> PyResult<()> {
        if self.state.get() == State::Pending {
            self.callbacks.push(function, context);
            return Ok(());
        }
        call_soon(vm, &self.the_loop(vm)?, function, Some(own), &context)
    }

    /// Tells the loop's exception handler of something that nobody could be told in time.
    pub fn report(&self, vm: &Vm, message: &str, entries: &[(&str, &Value)]) {
        static HANDLER: StaticName = StaticName::new("call_exception_handler");
        let Some(event_loop) = self.event_loop.get() else { return };
        let context = Dict::new_ref();
        let put = |name: &str, value: Value| drop(context.insert_str(&vm.intern(name), value));
        put("message", vm.str(message));
        for (name, value) in entries {
            put(name, (*value).clone());
        }
        if let Some(stack) = self.source_traceback.get() {
            put("source_traceback", stack);
        }
        match object::get_attr(vm, &event_loop, &HANDLER.get()) {
            Ok(handler) => {
                if let Err(e) = call::call(vm, &handler, &[context.into()]) {
                    let shown = object::repr(vm, &handler).map(|shown| shown.to_string_lossy());
                    let text = format!(
                        "Exception ignored while calling asyncio function {}",
                        shown.unwrap_or_default()
                    );
                    vm.unraisable(e, &text, None);
                }
            }
            Err(e) => {
                let text = "Exception ignored while finalizing asyncio future";
                vm.unraisable(e, text, None);
            }
        }
    }

    /// The last reference goes: was an exception never retrieved?
    pub fn finalize(&self, vm: &Vm, own: &Value) {
        if !self.log_traceback.replace(false) {
            return;
        }
        if let Some(exception) = self.exception.get() {
            let class = own.ty().short_name();
            let message = format!("{class} exception was never retrieved");
            self.report(vm, &message, &[("exception", &exception), ("future", own)]);
        }
    }
}

/// Refuses to delete an attribute.
pub fn given(vm: &Vm, value: Option<Value>) -> PyResult {
    value.ok_or_else(|| vm.attribute_error("cannot delete attribute"))
}

/// This class is *almost* compatible with concurrent.futures.Future.
///
///     Differences:
///
///     - result() and exception() do not take a timeout argument and
///       raise an exception when the future isn't done yet.
///
///     - Callbacks registered with add_done_callback() are always called
///       via the event loop's call_soon_threadsafe().
///
///     - This class is not compatible with the wait() and as_completed()
///       methods in the concurrent.futures package.
#[pyclass(name = "_asyncio.Future", base_type, has_dict, sig = "(*, loop=None)")]
pub struct Future {
    pub core: Core,
}

#[pymethods]
impl Future {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Future { core: Core::default() }, ty).into())
    }
    #[slot(sig = "(*, loop=None)")]
    fn init(zelf: &Value, vm: &Vm, event_loop: Option<&Value>) -> PyResult<()> {
        receiver(vm, zelf)?.init(vm, event_loop)
    }
    #[slot]
    fn finalize(head: &ObjHead) {
        Vm::with_current(|vm| {
            let own = head.to_value();
            if let Some(core) = core_of(&own) {
                core.finalize(vm, &own);
            }
        });
    }
    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        initialized(vm, zelf)?;
        call::call(vm, &python::FUTURE_REPR.get(vm)?, std::slice::from_ref(zelf))
    }
    #[slot]
    fn iter(zelf: &Value, vm: &Vm) -> PyResult {
        initialized(vm, zelf)?;
        Ok(FutureIter::make(vm, zelf))
    }
    #[slot]
    fn await_(zelf: &Value, vm: &Vm) -> PyResult {
        initialized(vm, zelf)?;
        Ok(FutureIter::make(vm, zelf))
    }
    /// Return the result this future represents.
    ///
    /// If the future has been cancelled, raises CancelledError.  If the
    /// future's result isn't yet available, raises InvalidStateError.  If
    /// the future is done and has an exception set, this exception is raised.
    #[pymethod]
    fn result(zelf: &Value, vm: &Vm) -> PyResult {
        receiver(vm, zelf)?.result(vm)
    }
    /// Return the exception that was set on this future.
    ///
    /// The exception (or None if no exception was set) is returned only if
    /// the future is done.  If the future has been cancelled, raises
    /// CancelledError.  If the future isn't done yet, raises
    /// InvalidStateError.
    #[pymethod]
    fn exception(zelf: &Value, vm: &Vm) -> PyResult<Option<Value>> {
        let core = receiver(vm, zelf)?;
        match core.state.get() {
            State::Cancelled => Err(core.make_cancelled_error(vm)),
            State::Pending => Err(invalid_state(vm, core.why_pending("Exception is not set."))),
            State::Finished => {
                core.log_traceback.set(false);
                Ok(core.exception.get())
            }
        }
    }
    /// Mark the future done and set its result.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[pymethod]
    fn set_result(zelf: &Value, vm: &Vm, result: Value) -> PyResult<()> {
        initialized(vm, zelf)?.set_result(vm, zelf, result)
    }
    /// Mark the future done and set an exception.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[pymethod]
    fn set_exception(zelf: &Value, vm: &Vm, exception: &Value) -> PyResult<()> {
        initialized(vm, zelf)?.set_exception(vm, zelf, exception)
    }
    /// Add a callback to be run when the future becomes done.
    ///
    /// The callback is called with a single argument - the future object. If
    /// the future is already done when this is called, the callback is
    /// scheduled with call_soon.
    #[pymethod(sig = "($self, fn, /, *, context=<unrepresentable>)")]
    fn add_done_callback(
        zelf: &Value,
        vm: &Vm,
        function: Value,
        context: Option<Value>,
    ) -> PyResult<()> {
        let core = initialized(vm, zelf)?;
        let context = context.unwrap_or_else(|| copy_current(vm).into());
        core.add_done_callback(vm, zelf, function, context)
    }
    /// Remove all instances of a callback from the "call when done" list.
    ///
    /// Returns the number of callbacks removed.
    #[pymethod(sig = "($self, fn, /)")]
    fn remove_done_callback(zelf: &Value, vm: &Vm, function: &Value) -> PyResult<usize> {
        let core = initialized(vm, zelf)?;
        let mut removed = Vec::new();
        // Comparing may run Python code, which may change the callbacks.
        for (known, _) in core.callbacks.get() {
            if compare::equal(vm, &known, function)? {
                removed.push(known);
            }
        }
        if !removed.is_empty() {
            core.callbacks.remove(&removed);
        }
        Ok(removed.len())
    }
    /// Cancel the future and schedule callbacks.
    ///
    /// If the future is already done or cancelled, return False.  Otherwise,
    /// change the future's state to cancelled, schedule the callbacks and
    /// return True.
    #[pymethod(sig = "($self, /, msg=None)")]
    fn cancel(zelf: &Value, vm: &Vm, msg: Option<Value>) -> PyResult<bool> {
        initialized(vm, zelf)?.cancel(vm, zelf, msg)
    }
    /// Return True if the future was cancelled.
    #[pymethod]
    fn cancelled(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        Ok(receiver(vm, zelf)?.state.get() == State::Cancelled)
    }
    /// Return True if the future is done.
    ///
    /// Done means either that a result / exception are available, or that the
    /// future was cancelled.
    #[pymethod]
    fn done(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        Ok(receiver(vm, zelf)?.state.get() != State::Pending)
    }
    /// Return the event loop the Future is bound to.
    #[pymethod]
    fn get_loop(zelf: &Value, vm: &Vm) -> PyResult {
        receiver(vm, zelf)?.the_loop(vm)
    }
    /// Create the CancelledError to raise if the Future is cancelled.
    ///
    /// This should only be called once when handling a cancellation since
    /// it erases the context exception value.
    #[pymethod]
    fn _make_cancelled_error(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(receiver(vm, zelf)?.make_cancelled_error(vm).value())
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }

    #[getter]
    fn _state(zelf: &Value, vm: &Vm) -> PyResult<&'static str> {
        Ok(match initialized(vm, zelf)?.state.get() {
            State::Pending => "PENDING",
            State::Cancelled => "CANCELLED",
            State::Finished => "FINISHED",
        })
    }
    #[getter]
    fn _asyncio_future_blocking(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        let core = receiver(vm, zelf)?;
        Ok(core.event_loop.is_some() && core.blocking.get())
    }
    #[setter(name = "_asyncio_future_blocking")]
    fn set_blocking(zelf: &Value, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let core = initialized(vm, zelf)?;
        core.blocking.set(object::is_true(vm, &given(vm, value)?)?);
        Ok(())
    }
    #[getter]
    fn _asyncio_awaited_by(zelf: &Value, vm: &Vm) -> PyResult<Option<Value>> {
        Ok(receiver(vm, zelf)?.awaited_by.shown(vm))
    }
    #[getter]
    fn _loop(zelf: &Value, vm: &Vm) -> PyResult<Option<Value>> {
        Ok(receiver(vm, zelf)?.event_loop.get())
    }
    #[getter]
    fn _callbacks(zelf: &Value, vm: &Vm) -> PyResult<Option<Ref<List>>> {
        let all = initialized(vm, zelf)?.callbacks.get();
        if all.is_empty() {
            return Ok(None);
        }
        let pair = |(function, context)| Tuple::pair(function, context).into();
        Ok(Some(List::from_vec(all.into_iter().map(pair).collect())))
    }
    #[getter]
    fn _result(zelf: &Value, vm: &Vm) -> PyResult<Option<Value>> {
        Ok(initialized(vm, zelf)?.result.get())
    }
    #[getter]
    fn _exception(zelf: &Value, vm: &Vm) -> PyResult<Option<Value>> {
        Ok(initialized(vm, zelf)?.exception.get())
    }
    #[getter]
    fn _log_traceback(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        Ok(initialized(vm, zelf)?.log_traceback.get())
    }
    #[setter(name = "_log_traceback")]
    fn set_log_traceback(zelf: &Value, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let core = receiver(vm, zelf)?;
        if object::is_true(vm, &given(vm, value)?)? {
            return Err(vm.value_error("_log_traceback can only be set to False"));
        }
        core.log_traceback.set(false);
        Ok(())
    }
    #[getter]
    fn _source_traceback(zelf: &Value, vm: &Vm) -> PyResult<Option<Value>> {
        Ok(receiver(vm, zelf)?.source_traceback.get())
    }
    #[getter]
    fn _cancel_message(zelf: &Value, vm: &Vm) -> PyResult<Option<Value>> {
        Ok(receiver(vm, zelf)?.cancel_message.get())
    }
    #[setter(name = "_cancel_message")]
    fn set_cancel_message(zelf: &Value, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let core = receiver(vm, zelf)?;
        core.cancel_message.set(Some(given(vm, value)?));
        Ok(())
    }
}
