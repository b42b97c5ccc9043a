//! `_thread`: threads, locks, thread-local data. CPython's counterpart: `Modules/_threadmodule.c`.
//!
//! A thread that waits does so without the interpreter lock, in slices, so that the main thread
//! sees signals.

use crate::support::Signature;
use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::object::{GilCell, Guarded};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::module::Module;
use adder_vm::objects::object as attributes;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::objects::weakref::WeakRef;
use adder_vm::protocol::{call, iter, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// The longest wait that can be asked for, in seconds (CPython's on 64 bits).
const TIMEOUT_MAX: f64 = 9223372036.0;
/// How long a thread waits before it looks for signals.
const SLICE: Duration = Duration::from_millis(50);

/// A lock that any thread may release.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    held: bool,
    waiting: u32,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn try_take(&self) -> bool {
        !std::mem::replace(&mut self.state().held, true)
    }
    /// Waits for at most a slice; has it been taken?
    fn take_within(&self, time: Duration) -> bool {
        let mut state = self.state();
        if state.held {
            state.waiting += 1;
            state =
                self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
        }
        !std::mem::replace(&mut state.held, true)
    }
    fn is_held(&self) -> bool {
        self.state().held
    }
    /// Opens the gate; was it held?
    fn open(&self) -> bool {
        let (was, waiting) = {
            let mut state = self.state();
            (std::mem::replace(&mut state.held, false), state.waiting)
        };
        // To wake nobody is a call of the system, too.
        if waiting > 0 {
            self.changed.notify_one();
        }
        was
    }
    /// Takes the gate, waiting until a deadline (or for ever).
    fn take(&self, vm: &Vm, wait: Wait) -> PyResult<bool> {
        if self.try_take() {
            return Ok(true);
        }
        let deadline = match wait {
            Wait::Not => return Ok(false),
            Wait::For(time) => Instant::now().checked_add(time),
            Wait::Forever => None,
        };
        loop {
            let slice = match deadline {
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    Some(left) => left.min(SLICE),
                    None => return Ok(false),
                },
                None => SLICE,
            };
            if vm.without_lock(|| self.take_within(slice)) {
                return Ok(true);
            }
            vm.check_signals()?;
        }
    }
}

#[derive(Clone, Copy)]
enum Wait {
    Not,
    For(Duration),
    Forever,
}

/// A timeout in seconds: negative for ever.
fn wait_of(vm: &Vm, blocking: bool, timeout: Option<&Value>) -> PyResult<Wait> {
    let seconds = match timeout.filter(|t| !t.is_none()) {
        Some(timeout) => number::to_f64(vm, timeout)?,
        None => -1.0,
    };
    if seconds.is_nan() {
        return Err(vm.value_error("Invalid value NaN (not a number)"));
    }
    if !blocking {
        if seconds != -1.0 {
            return Err(vm.value_error("can't specify a timeout for a non-blocking call"));
        }
        return Ok(Wait::Not);
    }
    if seconds < 0.0 {
        if seconds != -1.0 {
            return Err(vm.value_error("timeout value must be a non-negative number"));
        }
        return Ok(Wait::Forever);
    }
    if seconds > TIMEOUT_MAX {
        return Err(vm.overflow_error("timeout value is too large"));
    }
    Ok(Wait::For(Duration::from_secs_f64(seconds)))
}

fn acquire_arguments(vm: &Vm, blocking: Option<&Value>, timeout: Option<&Value>) -> PyResult<Wait> {
    let blocking = blocking.map_or(Ok(true), |b| object::is_true(vm, b))?;
    wait_of(vm, blocking, timeout)
}

/// A lock object is a synchronization primitive.  To create a lock,
/// call threading.Lock().
///
/// A lock is not owned by the thread that locked it; another thread may unlock it. A thread
/// attempting to lock a lock that it has already locked will block until another thread unlocks
/// it. Deadlocks may ensue.
#[pyclass(name = "_thread.lock", sig = "()")]
pub struct Lock {
    #[notrace]
    gate: Gate,
}

fn lock_repr(vm: &Vm, held: bool, value: &Value, extra: &str) -> Value {
    let state = if held { "locked" } else { "unlocked" };
    let name = adder_vm::objects::type_::methods::full_name(vm, value.ty());
    vm.str(&format!("<{state} {name} object{extra} at {:#x}>", object::address(value)))
}

#[pymethods]
impl Lock {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if !args.is_empty() {
            return Err(vm.type_error("lock() takes no arguments"));
        }
        Ok(Ref::with_type(Lock { gate: Gate::default() }, ty).into())
    }
    #[slot]
    fn repr(zelf: &Obj<Lock>, vm: &Vm) -> PyResult {
        Ok(lock_repr(vm, zelf.gate.is_held(), &zelf.to_value(), ""))
    }
    /// Lock the lock.
    ///
    /// Without argument, this blocks if the lock is already locked (even by the same thread),
    /// waiting for another thread to release the lock, and return True once the lock is acquired.
    /// With an argument, this will only block if the argument is true, and the return value
    /// reflects whether the lock is acquired. The blocking operation is interruptible.
    #[pymethod(sig = "($self, /, blocking=True, timeout=-1)")]
    fn acquire(
        zelf: &Obj<Lock>,
        vm: &Vm,
        blocking: Option<&Value>,
        timeout: Option<&Value>,
    ) -> PyResult<bool> {
        zelf.gate.take(vm, acquire_arguments(vm, blocking, timeout)?)
    }
    /// An obsolete synonym of acquire().
    #[pymethod(sig = "($self, /, blocking=True, timeout=-1)")]
    fn acquire_lock(
        zelf: &Obj<Lock>,
        vm: &Vm,
        blocking: Option<&Value>,
        timeout: Option<&Value>,
    ) -> PyResult<bool> {
        Lock::acquire(zelf, vm, blocking, timeout)
    }
    /// Release the lock.
    ///
    /// This allows another thread that is blocked waiting for the lock to acquire it. The lock
    /// must be in the locked state, but it needn't be locked by the same thread that unlocks it.
    #[pymethod]
    fn release(zelf: &Obj<Lock>, vm: &Vm) -> PyResult<()> {
        if zelf.gate.open() { Ok(()) } else { Err(vm.runtime_error("release unlocked lock")) }
    }
    /// An obsolete synonym of release().
    #[pymethod]
    fn release_lock(zelf: &Obj<Lock>, vm: &Vm) -> PyResult<()> {
        Lock::release(zelf, vm)
    }
    /// Return whether the lock is in the locked state.
    #[pymethod]
    fn locked(zelf: &Obj<Lock>, _vm: &Vm) -> bool {
        zelf.gate.is_held()
    }
    /// An obsolete synonym of locked().
    #[pymethod]
    fn locked_lock(zelf: &Obj<Lock>, _vm: &Vm) -> bool {
        zelf.gate.is_held()
    }
    /// Lock the lock.
    #[pymethod]
    fn __enter__(zelf: &Obj<Lock>, vm: &Vm) -> PyResult<bool> {
        zelf.gate.take(vm, Wait::Forever)
    }
    /// Release the lock.
    #[pymethod(sig = "($self, /, *exc_info)")]
    fn __exit__(
        zelf: &Obj<Lock>,
        vm: &Vm,
        _exc_info: adder_vm::runtime::args::VarArgs,
    ) -> PyResult<()> {
        Lock::release(zelf, vm)
    }
    #[pymethod]
    fn _at_fork_reinit(zelf: &Obj<Lock>, _vm: &Vm) {
        zelf.gate.open();
    }
}

/// A lock that its owner may take again.
#[pyclass(name = "_thread.RLock", base_type)]
pub struct RLock {
    #[notrace]
    gate: Gate,
    /// The thread that holds it, and how often.
    #[notrace]
    owner: Cell<Option<u64>>,
    #[notrace]
    count: Cell<usize>,
}

impl RLock {
    fn take(&self, vm: &Vm, wait: Wait) -> PyResult<bool> {
        let me = ident(vm);
        if self.owner.get() == Some(me) {
            self.count.set(self.count.get() + 1);
            return Ok(true);
        }
        let taken = self.gate.take(vm, wait)?;
        if taken {
            self.owner.set(Some(me));
            self.count.set(1);
        }
        Ok(taken)
    }
}

#[pymethods]
impl RLock {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        let payload = RLock { gate: Gate::default(), owner: Cell::new(None), count: Cell::new(0) };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn repr(zelf: &Obj<RLock>, vm: &Vm) -> PyResult {
        let extra = format!(" owner={} count={}", zelf.owner.get().unwrap_or(0), zelf.count.get());
        Ok(lock_repr(vm, zelf.count.get() > 0, &zelf.to_value(), &extra))
    }
    /// Lock the lock.  `blocking` indicates whether we should wait
    /// for the lock to be available or not.
    ///
    /// If the lock is held by this thread already, its count goes up and the call returns at once.
    #[pymethod(sig = "($self, /, blocking=True, timeout=-1)")]
    fn acquire(
        zelf: &Obj<RLock>,
        vm: &Vm,
        blocking: Option<&Value>,
        timeout: Option<&Value>,
    ) -> PyResult<bool> {
        zelf.take(vm, acquire_arguments(vm, blocking, timeout)?)
    }
    /// Release the lock, allowing another thread that is blocked waiting for
    /// the lock to acquire the lock.
    #[pymethod]
    fn release(zelf: &Obj<RLock>, vm: &Vm) -> PyResult<()> {
        if zelf.owner.get() != Some(ident(vm)) {
            return Err(vm.runtime_error("cannot release un-acquired lock"));
        }
        let left = zelf.count.get() - 1;
        zelf.count.set(left);
        if left == 0 {
            zelf.owner.set(None);
            zelf.gate.open();
        }
        Ok(())
    }
    /// Return a boolean indicating whether this object is locked right now.
    #[pymethod]
    fn locked(zelf: &Obj<RLock>, _vm: &Vm) -> bool {
        zelf.count.get() > 0
    }
    /// For internal use by `threading.Condition`.
    #[pymethod]
    fn _is_owned(zelf: &Obj<RLock>, vm: &Vm) -> bool {
        zelf.owner.get() == Some(ident(vm))
    }
    /// For internal use by reentrant lock users.
    #[pymethod]
    fn _recursion_count(zelf: &Obj<RLock>, vm: &Vm) -> usize {
        if zelf.owner.get() == Some(ident(vm)) { zelf.count.get() } else { 0 }
    }
    /// For internal use by `threading.Condition`.
    #[pymethod]
    fn _release_save(zelf: &Obj<RLock>, vm: &Vm) -> PyResult<(usize, u64)> {
        let Some(owner) = zelf.owner.replace(None) else {
            return Err(vm.runtime_error("cannot release un-acquired lock"));
        };
        let count = zelf.count.replace(0);
        zelf.gate.open();
        Ok((count, owner))
    }
    /// For internal use by `threading.Condition`.
    #[pymethod]
    fn _acquire_restore(zelf: &Obj<RLock>, vm: &Vm, state: &Obj<Tuple>) -> PyResult<()> {
        let [count, owner] = state.items() else {
            return Err(vm.type_error("_acquire_restore() expects (count, owner)"));
        };
        let count = number::to_ssize(vm, count)?.max(0) as usize;
        let owner = number::to_i128(vm, owner)?.and_then(|o| u64::try_from(o).ok());
        zelf.gate.take(vm, Wait::Forever)?;
        zelf.owner.set(owner);
        zelf.count.set(count);
        Ok(())
    }
    /// Lock the lock.
    #[pymethod]
    fn __enter__(zelf: &Obj<RLock>, vm: &Vm) -> PyResult<bool> {
        zelf.take(vm, Wait::Forever)
    }
    /// Release the lock.
    #[pymethod(sig = "($self, /, *exc_info)")]
    fn __exit__(
        zelf: &Obj<RLock>,
        vm: &Vm,
        _exc_info: adder_vm::runtime::args::VarArgs,
    ) -> PyResult<()> {
        RLock::release(zelf, vm)
    }
    #[pymethod]
    fn _at_fork_reinit(zelf: &Obj<RLock>, _vm: &Vm) {
        zelf.owner.set(None);
        zelf.count.set(0);
        zelf.gate.open();
    }
}

/// Identifiers start at 1: 0 means "none" to the library.
fn ident(vm: &Vm) -> u64 {
    vm.thread_ident() + 1
}

/// Thread-local data: the instance's dict is that of the thread that looks at it.
#[pyclass(name = "_thread._local", base_type, has_dict, sig = "()")]
pub struct Local {
    args: Ref<Tuple>,
    kwargs: Ref<Dict>,
    /// The dicts of threads other than the one that looked last.
    others: Guarded<Vec<Value>>,
    #[notrace]
    idents: Guarded<Vec<u64>>,
    /// Whose dict is in place.
    #[notrace]
    current: Cell<u64>,
}

/// The thread-local data that threads other than the first have, by thread.
static LOCALS: GilCell<Vec<(u64, Ref<WeakRef>)>> = GilCell::new(Vec::new());

/// A thread ends: its thread-local data goes.
fn forget_locals(vm: &Vm) {
    let me = ident(vm);
    // What goes may look at thread-local data again.
    for _ in 0..4 {
        let mine = LOCALS.with(|all| {
            let (mine, others) =
                std::mem::take(all).into_iter().partition(|(thread, _)| *thread == me);
            *all = others;
            let mine: Vec<_> = mine;
            mine
        });
        if mine.is_empty() {
            return;
        }
        for (_, local) in mine {
            if let Some(local) = local.get()
                && let Some(local) = local.downcast::<Local>()
            {
                drop(Local::take_own(local, me));
            }
        }
    }
}

impl Local {
    /// Takes a thread's dict out, for the caller to drop.
    fn take_own(zelf: &Obj<Local>, me: u64) -> Option<Vec<Value>> {
        if zelf.current.get() == me {
            let this = zelf.to_value();
            let (attrs, gc, _) = attributes::attrs_of(&this)?;
            // Nobody's: identifiers start at 1.
            zelf.current.set(0);
            return Some(attrs.replace_dict(gc, Dict::new_ref()));
        }
        let at = zelf.idents.with(|all| all.iter().position(|i| *i == me))?;
        zelf.idents.with_mut(|all| all.swap_remove(at));
        Some(vec![zelf.others.with_mut(|all| all.swap_remove(at))])
    }
    /// Has a thread's data dropped when it ends.
    fn register(zelf: &Value, vm: &Vm) {
        let me = ident(vm);
        if me != vm.main_thread_ident() + 1
            && let Ok(weak) = WeakRef::make(vm, vm.type_object::<WeakRef>(), zelf, None)
        {
            LOCALS.with(|all| all.push((me, weak)));
        }
    }
    /// Puts the calling thread's dict in place; a thread that comes first gets a new one, and
    /// `__init__` runs for it.
    fn switch(zelf: &Obj<Local>, vm: &Vm) -> PyResult<()> {
        let (me, before) = (ident(vm), zelf.current.get());
        if me == before {
            return Ok(());
        }
        let this = zelf.to_value();
        let Some((attrs, gc, _)) = attributes::attrs_of(&this) else { return Ok(()) };
        let old = attrs.to_dict(gc).to_value();
        let at = zelf.idents.with(|all| all.iter().position(|i| *i == me));
        let own = match at {
            Some(at) => {
                zelf.idents.with_mut(|all| all.swap_remove(at));
                Some(zelf.others.with_mut(|all| all.swap_remove(at)))
            }
            None => None,
        };
        if before != 0 {
            zelf.idents.with_mut(|all| all.push(before));
            zelf.others.with_mut(|all| all.push(old));
        }
        zelf.current.set(me);
        let first_time = own.is_none();
        if first_time {
            Local::register(&this, vm);
        }
        let dict = match own.and_then(|own| own.into_ref::<Dict>().ok()) {
            Some(dict) => dict,
            None => Dict::new_ref(),
        };
        drop(attrs.replace_dict(gc, dict));
        if first_time && let Some(init) = zelf.ty().slots.init.get() {
            let plain = attributes::object_init;
            if !std::ptr::fn_addr_eq(init, plain as adder_vm::objects::type_::slots::Init) {
                let init = vm.intern("__init__");
                let init = object::get_attr(vm, &this, &init)?;
                call::call_with_dict(vm, &init, zelf.args.items(), Some(&zelf.kwargs))?;
            }
        }
        Ok(())
    }
}

#[pymethods]
impl Local {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let plain = std::ptr::eq(ty, vm.type_object::<Local>());
        if plain && !args.is_empty() {
            return Err(vm.type_error("Initialization arguments are not supported"));
        }
        let kwargs = Dict::new_ref();
        for (name, value) in args.keywords() {
            kwargs.insert(vm, name, value.clone())?;
        }
        let payload = Local {
            args: Tuple::from_slice(args.args()),
            kwargs,
            others: Guarded::new(Vec::new()),
            idents: Guarded::new(Vec::new()),
            current: Cell::new(ident(vm)),
        };
        let local = Ref::with_type(payload, ty).into();
        Local::register(&local, vm);
        Ok(local)
    }
    #[slot]
    fn init(_zelf: &Value, _vm: &Vm, _args: CallArgs<'_>) -> PyResult<()> {
        Ok(())
    }
    #[slot]
    fn getattro(zelf: &Obj<Local>, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        Local::switch(zelf, vm)?;
        attributes::generic_getattr(vm, &zelf.to_value(), name)
    }
    #[slot]
    fn setattro(zelf: &Obj<Local>, vm: &Vm, name: &Ref<Str>, value: Option<Value>) -> PyResult<()> {
        if name.is_str("__dict__") {
            return Err(vm.attribute_error(format!(
                "'{}' object attribute '__dict__' is read-only",
                zelf.ty().name()
            )));
        }
        Local::switch(zelf, vm)?;
        attributes::generic_setattr(vm, &zelf.to_value(), name, value)
    }
}

/// A thread that can be waited for.
#[pyclass(name = "_thread._ThreadHandle")]
pub struct Handle {
    #[notrace]
    ident: Arc<std::sync::atomic::AtomicU64>,
    #[notrace]
    state: Arc<Progress>,
}

/// Whether a thread has been started, and has ended.
#[derive(Default)]
struct Progress {
    state: Mutex<(bool, bool)>,
    ended: Condvar,
}

impl Progress {
    fn get(&self) -> (bool, bool) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn start(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = true;
    }
    fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.ended.notify_all();
    }
    /// The same for a thread that did not survive a fork: nobody here waits for it yet.
    fn end_of_lost(&self) {
        if let Ok(mut state) = self.state.try_lock() {
            state.1 = true;
        }
    }
    fn wait(&self, time: Duration) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.1 {
            return true;
        }
        self.ended.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0.1
    }
}

impl Handle {
    fn make() -> Ref<Handle> {
        Ref::new(Handle { ident: Arc::default(), state: Arc::default() })
    }
    fn wait(&self, vm: &Vm, timeout: Option<Duration>) -> PyResult<()> {
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        loop {
            let slice = match deadline {
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    Some(left) => left.min(SLICE),
                    None => return Ok(()),
                },
                None => SLICE,
            };
            if vm.without_lock(|| self.state.wait(slice)) {
                return Ok(());
            }
            vm.check_signals()?;
        }
    }
}

#[pymethods]
impl Handle {
    #[slot]
    fn new(_vm: &Vm, _ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Handle::make().into())
    }
    #[getter]
    fn ident(zelf: &Obj<Handle>, _vm: &Vm) -> u64 {
        zelf.ident.load(std::sync::atomic::Ordering::Relaxed)
    }
    #[pymethod]
    fn is_done(zelf: &Obj<Handle>, _vm: &Vm) -> bool {
        zelf.state.get().1
    }
    #[pymethod]
    fn _set_done(zelf: &Obj<Handle>, vm: &Vm) -> PyResult<()> {
        if !zelf.state.get().0 {
            return Err(vm.runtime_error("thread not started"));
        }
        zelf.state.end();
        Ok(())
    }
    #[pymethod(sig = "($self, timeout=None, /)")]
    fn join(zelf: &Obj<Handle>, vm: &Vm, timeout: Option<&Value>) -> PyResult<()> {
        let timeout = match timeout.filter(|t| !t.is_none()) {
            Some(timeout) => {
                let seconds = number::to_f64(vm, timeout)?;
                if seconds > TIMEOUT_MAX {
                    return Err(vm.overflow_error("timestamp too large to convert to C PyTime_t"));
                }
                (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds))
            }
            None => None,
        };
        if !zelf.state.get().0 {
            return Err(vm.runtime_error("thread not started"));
        }
        if zelf.ident.load(std::sync::atomic::Ordering::Relaxed) == ident(vm) && !zelf.state.get().1
        {
            return Err(vm.runtime_error("Cannot join current thread"));
        }
        zelf.wait(vm, timeout)
    }
    #[slot]
    fn repr(zelf: &Obj<Handle>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!("<_ThreadHandle object: ident={}>", Handle::ident(zelf, vm))))
    }
}

/// Threads that run now, the main one not counted.
static RUNNING: GilCell<usize> = GilCell::new(0);
/// How the threads that run now, and have been started here, get on.
static STARTED: GilCell<Vec<(u64, Arc<Progress>)>> = GilCell::new(Vec::new());

/// The same of threads that have not been started here, the main one above all.
static FOREIGN: GilCell<Vec<(u64, Weak<Progress>)>> = GilCell::new(Vec::new());

/// Do threads run besides this one?
pub fn are_others(vm: &Vm) -> bool {
    let me = ident(vm);
    !vm.is_main_thread() || STARTED.with(|all| all.iter().any(|(thread, _)| *thread != me))
}

/// In a forked child: the other threads are no more.
pub fn after_fork(vm: &Vm) {
    let me = ident(vm);
    FOREIGN.with(|all| {
        for (_, progress) in all.drain(..).filter(|(thread, _)| *thread != me) {
            progress.upgrade().inspect(|progress| progress.end_of_lost());
        }
    });
    STARTED.with(|all| {
        for (_, progress) in all.iter().filter(|(thread, _)| *thread != me) {
            progress.end_of_lost();
        }
        all.retain(|(thread, _)| *thread == me);
        let left = all.len();
        RUNNING.with(|n| *n = left);
    });
}

/// Gives up what is kept for threads.
pub(crate) fn forget() {
    drop(LOCALS.with(std::mem::take));
    drop(JOINED.with(std::mem::take));
}

/// The handles of threads that the end of the program waits for.
static JOINED: GilCell<Vec<Value>> = GilCell::new(Vec::new());

/// Starts a thread that calls a function; its handle, if given, is marked as it goes.
fn start(
    vm: &Vm,
    function: Value,
    args: Vec<Value>,
    kwargs: Option<Ref<Dict>>,
    handle: Option<Ref<Handle>>,
) -> PyResult<u64> {
    if adder_vm::runtime::exit::is_finalizing() {
        let ty = vm.exception_type("PythonFinalizationError");
        let message = "can't create new thread at interpreter shutdown".to_string();
        return Err(vm.exception(ty, message));
    }
    let stack = STACK_SIZE.get();
    let (ident_cell, state) = match &handle {
        Some(handle) => (handle.ident.clone(), handle.state.clone()),
        None => (Arc::default(), Arc::default()),
    };
    let shared = ident_cell.clone();
    let begun = Arc::new(Gate::default());
    begun.try_take();
    let signal = begun.clone();
    let progress = state.clone();
    state.start();
    let spawned = vm.spawn(stack, move |vm| {
        shared.store(ident(vm), std::sync::atomic::Ordering::Relaxed);
        RUNNING.with(|n| *n += 1);
        STARTED.with(|all| all.push((ident(vm), progress.clone())));
        signal.open();
        let result = call::call_with_dict(vm, &function, &args, kwargs.as_deref().map(|d| &**d));
        if let Err(e) = result
            && !e.is(&vm.exceptions().system_exit)
        {
            vm.unraisable(e, "Exception ignored in thread started by", Some(&function));
        }
        drop((function, args, kwargs));
        forget_locals(vm);
        STARTED.with(|all| all.retain(|(thread, _)| *thread != ident(vm)));
        RUNNING.with(|n| *n -= 1);
        progress.end();
    });
    if spawned.is_err() {
        state.end();
        return Err(vm.runtime_error("can't start new thread"));
    }
    begun.take(vm, Wait::Forever)?;
    Ok(ident_cell.load(std::sync::atomic::Ordering::Relaxed))
}

static STACK_SIZE: GilCell<usize> = GilCell::new(0);

/// This module provides primitive operations to write multi-threaded programs.
/// The 'threading' module provides a more convenient interface.
#[pymodule(name = "_thread")]
pub mod thread {
    use super::*;

    /// Start a new thread and return its identifier.
    ///
    /// The thread will call the function with positional arguments from the
    /// tuple args and keyword arguments taken from the optional dictionary
    /// kwargs.  The thread exits when the function returns; the return value
    /// is ignored.
    #[pyfunction(sig = "(function, args, kwargs={}, /)")]
    fn start_new_thread(
        vm: &Vm,
        function: Value,
        args: &Value,
        kwargs: Option<&Value>,
    ) -> PyResult<u64> {
        if !call::is_callable(&function) {
            return Err(vm.type_error("first arg must be callable"));
        }
        let Some(args) = args.downcast::<Tuple>() else {
            return Err(vm.type_error("2nd arg must be a tuple"));
        };
        let kwargs = match kwargs {
            Some(kwargs) => match kwargs.downcast::<Dict>() {
                Some(kwargs) => Some(kwargs.to_ref()),
                None => return Err(vm.type_error("optional 3rd arg must be a dictionary")),
            },
            None => None,
        };
        start(vm, function, args.items().to_vec(), kwargs, None)
    }
    /// An obsolete synonym of start_new_thread().
    #[pyfunction(sig = "(function, args, kwargs={}, /)")]
    fn start_new(vm: &Vm, function: Value, args: &Value, kwargs: Option<&Value>) -> PyResult<u64> {
        start_new_thread(vm, function, args, kwargs)
    }
    /// Start a new thread of control by executing the function, with a handle to wait for it.
    #[pyfunction(sig = "(function, handle=None, daemon=True)")]
    fn start_joinable_thread(
        vm: &Vm,
        function: Value,
        handle: Option<Value>,
        daemon: Option<bool>,
    ) -> PyResult<Ref<Handle>> {
        if !call::is_callable(&function) {
            return Err(vm.type_error("thread function must be callable"));
        }
        let handle = match handle.filter(|h| !h.is_none()) {
            Some(handle) => handle
                .into_ref::<Handle>()
                .map_err(|_| vm.type_error("'handle' must be a _ThreadHandle"))?,
            None => Handle::make(),
        };
        if handle.state.get().0 {
            return Err(vm.runtime_error("thread already started"));
        }
        start(vm, function, Vec::new(), None, Some(handle.clone()))?;
        if !daemon.unwrap_or(true) {
            let finished = JOINED.with(|all| {
                all.push(handle.to_value());
                let (done, left) = std::mem::take(all)
                    .into_iter()
                    .partition(|h: &Value| h.downcast::<Handle>().is_none_or(|h| h.state.get().1));
                *all = left;
                let done: Vec<Value> = done;
                done
            });
            drop(finished);
        }
        Ok(handle)
    }
    /// Makes a handle for a thread that runs already.
    #[pyfunction]
    fn _make_thread_handle(_vm: &Vm, ident: u64) -> Ref<Handle> {
        let handle = Handle::make();
        handle.ident.store(ident, std::sync::atomic::Ordering::Relaxed);
        handle.state.start();
        FOREIGN.with(|all| {
            all.retain(|(_, progress)| progress.strong_count() > 0);
            all.push((ident, Arc::downgrade(&handle.state)));
        });
        handle
    }
    /// Wait for all non-daemon threads (other than the calling thread) to stop.
    #[pyfunction]
    fn _shutdown(vm: &Vm) -> PyResult<()> {
        while let Some(handle) = JOINED.with(|all| all.pop()) {
            if let Some(handle) = handle.downcast::<Handle>() {
                handle.wait(vm, None)?;
            }
        }
        Ok(())
    }
    #[pyfunction]
    fn _get_main_thread_ident(vm: &Vm) -> u64 {
        vm.main_thread_ident() + 1
    }
    #[pyfunction]
    fn daemon_threads_allowed(_vm: &Vm) -> bool {
        true
    }
    #[pyfunction]
    fn _is_main_interpreter(_vm: &Vm) -> bool {
        true
    }
    /// Create a new lock object.
    #[pyfunction]
    fn allocate_lock(_vm: &Vm) -> Ref<Lock> {
        Ref::new(Lock { gate: Gate::default() })
    }
    /// An obsolete synonym of allocate_lock().
    #[pyfunction]
    fn allocate(_vm: &Vm) -> Ref<Lock> {
        Ref::new(Lock { gate: Gate::default() })
    }
    /// This is synonymous to ``raise SystemExit''.  It will cause the current
    /// thread to exit silently unless the exception is caught.
    #[pyfunction]
    fn exit(vm: &Vm) -> PyResult<()> {
        Err(vm.exception_with_args(&vm.exceptions().system_exit, Vec::new()))
    }
    /// An obsolete synonym of exit().
    #[pyfunction]
    fn exit_thread(vm: &Vm) -> PyResult<()> {
        exit(vm)
    }
    /// Simulate the arrival of the given signal in the main thread, where the corresponding signal
    /// handler will be executed.
    #[pyfunction(sig = "(signum=signal.SIGINT, /)")]
    fn interrupt_main(vm: &Vm, signum: Option<i32>) -> PyResult<()> {
        let number = signum.unwrap_or(libc::SIGINT);
        if !(1..65).contains(&number) {
            return Err(vm.value_error("signal number out of range"));
        }
        adder_vm::runtime::signals::note_signal(number);
        // In the main thread it is there at once.
        vm.check_signals()
    }
    /// Return a non-zero integer that uniquely identifies the current thread
    /// amongst other threads that exist simultaneously.
    #[pyfunction]
    fn get_ident(vm: &Vm) -> u64 {
        ident(vm)
    }
    /// Return a non-negative integer identifying the thread as reported
    /// by the OS (kernel).
    #[pyfunction]
    fn get_native_id(_vm: &Vm) -> i64 {
        crate::system::thread_id()
    }
    /// Set the name of the current thread.
    #[pyfunction]
    fn set_name(vm: &Vm, name: &Obj<Str>) -> PyResult<()> {
        let bytes = crate::posix::path::encode(vm, &name.to_value())?;
        crate::system::set_thread_name(&bytes).map_err(|e| vm.os_error(&e, None))
    }
    /// Return the number of currently running Python threads, excluding
    /// the main thread.
    #[pyfunction]
    fn _count(_vm: &Vm) -> usize {
        RUNNING.get()
    }
    /// Return the thread stack size used when creating new threads.  The
    /// optional size argument specifies the stack size (in bytes) to be used
    /// for subsequently created threads.
    #[pyfunction(sig = "(size=0, /)")]
    fn stack_size(vm: &Vm, size: Option<isize>) -> PyResult<usize> {
        let old = STACK_SIZE.get();
        if let Some(size) = size {
            let Ok(new) = usize::try_from(size) else {
                return Err(vm.value_error("size must be 0 or a positive value"));
            };
            if new != 0 && new < 32 * 1024 {
                return Err(vm.value_error(format!("size not valid: {new} bytes")));
            }
            STACK_SIZE.set(new);
        }
        Ok(old)
    }
    /// Handle uncaught Thread.run() exception.
    #[pyfunction]
    fn _excepthook(vm: &Vm, exc_info: &Value) -> PyResult<()> {
        let exception = object::get_item(vm, exc_info, &Value::int_unchecked(1))?;
        let thread = object::get_item(vm, exc_info, &Value::int_unchecked(3))?;
        let Ok(exc) = exception.into_ref::<adder_vm::objects::exceptions::ExcObj>() else {
            return Ok(());
        };
        let exc = adder_vm::Exc::from(exc);
        if exc.is(&vm.exceptions().system_exit) {
            return Ok(());
        }
        let name = match object::lookup_attr(vm, &thread, &vm.intern("_name"))? {
            Some(name) => object::str(vm, &name)?.to_string_lossy(),
            None => ident(vm).to_string(),
        };
        let mut text = format!("Exception in thread {name}:\n");
        text.push_str(&adder_vm::runtime::report::report(vm, &exc));
        adder_vm::builtin_modules::sys::write_stderr(vm, &text);
        Ok(())
    }
    /// The arguments of threading.excepthook, as a record.
    #[pyfunction(name = "_ExceptHookArgs")]
    fn except_hook_args(vm: &Vm, args: &Value) -> PyResult {
        const SIGNATURE: Signature<4> =
            Signature { function: "_ExceptHookArgs", names: [""; 4], required: 4, positional: 4 };
        let items = iter::collect(vm, args)?;
        let [a, b, c, d] = SIGNATURE.bind(vm, CallArgs::positional(&items))?;
        let value = |v: Option<Value>| v.unwrap_or(Value::NONE);
        Ok(adder_vm::objects::struct_sequence::make(
            vm,
            "_thread._ExceptHookArgs",
            &[
                ("exc_type", value(a)),
                ("exc_value", value(b)),
                ("exc_traceback", value(c)),
                ("thread", value(d)),
            ],
        ))
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let lock = vm.type_object::<Lock>();
        module.add_type(vm, lock);
        module.set(vm, "LockType", lock.to_value());
        module.add_type(vm, vm.type_object::<RLock>());
        module.add_type(vm, vm.type_object::<Local>());
        module.add_type(vm, vm.type_object::<Handle>());
        module.set(vm, "error", vm.exceptions().runtime_error.to_value());
        module.set(vm, "TIMEOUT_MAX", Value::float(TIMEOUT_MAX));
        Ok(())
    }
}
