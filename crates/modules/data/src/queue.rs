//! `_queue`: the simple queue. CPython's counterpart: `Modules/_queuemodule.c`.
//!
//! A thread that waits for an item does so without the interpreter lock, in slices, so that the main
//! thread sees signals.

use adder_derive::{pyclass, pymethods, pymodule};
use adder_modules_core::support::no_keywords;
use adder_vm::object::{GilCell, Guarded};
use adder_vm::objects::module::Module;
use adder_vm::objects::type_::{Type, declare};
use adder_vm::protocol::number;
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a thread waits before it looks for signals.
const SLICE: Duration = Duration::from_millis(50);
/// The longest wait that can be asked for, in seconds (CPython's on 64 bits).
const TIMEOUT_MAX: f64 = 9223372036.0;

static EMPTY: GilCell<Option<Value>> = GilCell::new(None);

fn empty_type(vm: &Vm) -> Value {
    if let Some(known) = EMPTY.with(|e| e.clone()) {
        return known;
    }
    let made = declare::exception_subclass(vm, "Empty", "_queue", &[&vm.exceptions().exception]);
    if let Some(ty) = made.downcast::<Type>() {
        let doc = vm.str("Exception raised by Queue.get(block=0)/get_nowait().");
        drop(ty.dict().insert_str(&vm.intern("__doc__"), doc));
    }
    EMPTY.with(|e| e.get_or_insert(made).clone())
}

#[cold]
fn empty(vm: &Vm) -> Exc {
    match empty_type(vm).downcast::<Type>() {
        Some(ty) => vm.exception_with_args(ty, Vec::new()),
        None => vm.value_error(""),
    }
}

/// Simple, unbounded, reentrant FIFO queue.
#[pyclass(name = "_queue.SimpleQueue", base_type, sig = "()")]
pub struct SimpleQueue {
    items: Guarded<VecDeque<Value>>,
    /// How many items were ever put, for those who wait.
    #[notrace]
    puts: Mutex<u64>,
    #[notrace]
    changed: Condvar,
}

impl SimpleQueue {
    fn add(&self, item: Value) {
        self.items.with_mut(|items| items.push_back(item));
        *self.puts.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_one();
    }

    fn take(&self) -> Option<Value> {
        self.items.with_mut(VecDeque::pop_front)
    }

    /// Waits for an item to come after the first `seen`, but not long.
    fn wait(&self, seen: u64, time: Duration) {
        let puts = self.puts.lock().unwrap_or_else(PoisonError::into_inner);
        if *puts == seen {
            drop(self.changed.wait_timeout(puts, time));
        }
    }

    fn take_within(&self, vm: &Vm, deadline: Option<Instant>) -> PyResult {
        loop {
            // While the interpreter lock is held nothing comes in between these two.
            let seen = *self.puts.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(item) = self.take() {
                return Ok(item);
            }
            let slice = match deadline {
                None => SLICE,
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => left.min(SLICE),
                    _ => return Err(empty(vm)),
                },
            };
            vm.without_lock(|| self.wait(seen, slice));
            vm.check_signals()?;
        }
    }
}

/// When a wait ends; `None` for never.
fn deadline_of(vm: &Vm, timeout: Option<&Value>) -> PyResult<Option<Instant>> {
    let Some(timeout) = timeout.filter(|t| !t.is_none()) else { return Ok(None) };
    let seconds = number::to_f64(vm, timeout)?;
    if seconds.is_nan() {
        return Err(vm.value_error("Invalid value NaN (not a number)"));
    }
    if seconds < 0.0 {
        return Err(vm.value_error("'timeout' must be a non-negative number"));
    }
    if seconds > TIMEOUT_MAX {
        return Err(vm.overflow_error("timeout value is too large"));
    }
    Ok(Instant::now().checked_add(Duration::from_secs_f64(seconds)))
}

#[pymethods]
impl SimpleQueue {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        no_keywords(vm, "SimpleQueue", args)?;
        if !args.is_empty() {
            let given = args.args().len();
            return Err(vm.type_error(format!("SimpleQueue() takes no arguments ({given} given)")));
        }
        let queue = SimpleQueue {
            items: Guarded::new(VecDeque::new()),
            puts: Mutex::new(0),
            changed: Condvar::new(),
        };
        Ok(Ref::with_type(queue, ty).into())
    }
    /// Put the item on the queue.
    ///
    /// The optional 'block' and 'timeout' arguments are ignored, as this method
    /// never blocks.  They are provided for compatibility with the Queue class.
    #[pymethod(sig = "($self, /, item, block=True, timeout=None)")]
    fn put(
        zelf: &Obj<SimpleQueue>,
        _vm: &Vm,
        item: Value,
        _block: Option<bool>,
        _timeout: Option<&Value>,
    ) {
        zelf.add(item);
    }
    /// Put an item into the queue without blocking.
    ///
    /// This is exactly equivalent to `put(item)` and is only provided
    /// for compatibility with the Queue class.
    #[pymethod(sig = "($self, /, item)")]
    fn put_nowait(zelf: &Obj<SimpleQueue>, _vm: &Vm, item: Value) {
        zelf.add(item);
    }
    /// Remove and return an item from the queue.
    ///
    /// If optional args 'block' is true and 'timeout' is None (the default),
    /// block if necessary until an item is available. If 'timeout' is
    /// a non-negative number, it blocks at most 'timeout' seconds and raises
    /// the Empty exception if no item was available within that time.
    /// Otherwise ('block' is false), return an item if one is immediately
    /// available, else raise the Empty exception ('timeout' is ignored
    /// in that case).
    #[pymethod(sig = "($self, /, block=True, timeout=None)")]
    fn get(
        zelf: &Obj<SimpleQueue>,
        vm: &Vm,
        block: Option<bool>,
        timeout: Option<&Value>,
    ) -> PyResult {
        if block == Some(false) {
            return zelf.take().ok_or_else(|| empty(vm));
        }
        let deadline = deadline_of(vm, timeout)?;
        zelf.take_within(vm, deadline)
    }
    /// Remove and return an item from the queue without blocking.
    ///
    /// Only get an item if one is immediately available. Otherwise
    /// raise the Empty exception.
    #[pymethod]
    fn get_nowait(zelf: &Obj<SimpleQueue>, vm: &Vm) -> PyResult {
        zelf.take().ok_or_else(|| empty(vm))
    }
    /// Return True if the queue is empty, False otherwise (not reliable!).
    #[pymethod]
    fn empty(zelf: &Obj<SimpleQueue>, _vm: &Vm) -> bool {
        zelf.items.with(VecDeque::is_empty)
    }
    /// Return the approximate size of the queue (not reliable!).
    #[pymethod]
    fn qsize(zelf: &Obj<SimpleQueue>, _vm: &Vm) -> usize {
        zelf.items.with(VecDeque::len)
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }
}

/// C implementation of the Python queue module.
/// This module is an implementation detail, please do not use it directly.
#[pymodule(name = "_queue")]
pub mod queue {
    use super::*;

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<SimpleQueue>());
        module.set(vm, "Empty", empty_type(vm));
        Ok(())
    }
}
