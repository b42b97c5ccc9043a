//! `Vm`, the state of one thread that runs Python code, and `Interp`, what all threads share.
//!
//! Nearly every function takes `vm: &Vm` first: having one means holding the interpreter lock.
//! CPython's counterpart: `PyThreadState` and `PyInterpreterState`, `Python/pystate.c`.

#![expect(unsafe_code, reason = "process-wide state behind the interpreter lock")]

use crate::object::{Guarded, Ref, ValueCell};
use crate::objects::dict::Dict;
use crate::objects::exceptions::Exceptions;
use crate::objects::module::{Module, ModuleDef};
use crate::objects::str_::{Str, intern};
use crate::runtime::config::Config;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::{Frame, Stack};
use crate::runtime::gil;
use crate::runtime::memory;
use crate::runtime::names::Names;
use crate::value::Value;
use std::cell::{Cell, OnceCell};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all threads share.
pub struct Interp {
    pub(crate) names: Names,
    pub(crate) exceptions: Exceptions,
    pub(crate) builtins: Ref<Dict>,
    pub(crate) builtins_module: OnceCell<Ref<Module>>,
    pub(crate) modules: Ref<Dict>,
    /// `sys.__dict__`
    pub(crate) sys: OnceCell<Ref<Module>>,
    pub(crate) native_modules: Guarded<Vec<&'static ModuleDef>>,
    pub config: Config,
    pub(crate) recursion_limit: Cell<usize>,
    pub(crate) int_max_str_digits: Cell<usize>,
    /// What `Lib` inside the binary offers: `runtime/frozen.rs`.
    pub(crate) frozen: OnceCell<crate::runtime::frozen::FrozenLibrary>,
    /// How `compile()` gives and takes trees.
    pub(crate) trees: OnceCell<crate::runtime::compile::TreeBridge>,
    /// Room for the next tree.
    pub(crate) arena: Cell<adder_syntax::Arena>,
    /// ... and of the compiler.
    pub(crate) workspace: Cell<adder_compiler::Workspace>,
    pub(crate) started: Cell<bool>,
    /// `importlib._bootstrap`, from when it runs.
    pub(crate) importlib: OnceCell<Ref<Module>>,
    pub(crate) codecs: crate::builtin_modules::codecs::Registry,
    pub(crate) next_thread: Cell<u64>,
    /// The states of the threads that run, of which each takes itself out.
    pub(crate) threads: Guarded<Vec<*const Vm>>,
    pub(crate) dlopen_flags: Cell<i32>,
}

struct Shared(Interp);

// SAFETY: only the holder of the interpreter lock reaches the content, through a `Vm`.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

static INTERP: OnceLock<Shared> = OnceLock::new();

thread_local! {
    static CURRENT: Cell<*const Vm> = const { Cell::new(std::ptr::null()) };
}

/// The exception that a `try` statement is handling: one cell for each thread and each generator,
/// linked from the innermost outwards.
#[derive(Default)]
pub struct ExcState {
    pub handled: Guarded<Option<Exc>>,
    pub(crate) outer: Cell<*const ExcState>,
    /// The next cell outwards that holds an exception. It stays the same while this one is linked:
    /// only the innermost cell changes.
    pub(crate) holder: Cell<*const ExcState>,
}

/// One thread's state.
pub struct Vm {
    interp: &'static Interp,
    pub(crate) stack: Stack,
    pub(crate) frame: Cell<*mut Frame>,
    pub(crate) depth: Cell<usize>,
    pub(crate) native_limit: usize,
    /// Below this address the handlers return to the main loop: see `runtime/ceval.rs`.
    pub(crate) native_floor: Cell<usize>,
    base_exc: ExcState,
    pub(crate) exc: Cell<*const ExcState>,
    pub(crate) trace: Guarded<Option<Value>>,
    pub(crate) profile: Guarded<Option<Value>>,
    /// Is there a tracing or profiling function, or a monitoring tool?
    pub(crate) watched: Cell<bool>,
    pub(crate) tracing: Cell<bool>,
    /// The frame that a tracing function is being told about, and what.
    pub(crate) traced: Cell<Option<(*mut Frame, crate::runtime::observer::Event)>>,
    /// How many frames a new coroutine notes of where it came from.
    pub(crate) origin_depth: Cell<usize>,
    pub(crate) repr_stack: Guarded<std::collections::HashSet<usize>>,
    pub(crate) thread_id: u64,
    /// The system's name of the thread (`pthread_self`).
    native: u64,
    /// The thread's `contextvars.Context`; none until something asks for it.
    pub context: ValueCell,
    /// The event loop that runs in this thread.
    pub running_loop: ValueCell,
    /// The task that this loop is running a step of.
    pub running_task: ValueCell,
}

/// A thread's state while the thread has one: it is taken out of the books even if the thread panics.
struct Entered<'a>(&'a Vm);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.interp.threads.with_mut(|all| all.retain(|thread| !std::ptr::eq(*thread, self.0)));
        CURRENT.set(std::ptr::null());
    }
}

impl Vm {
    /// Starts the runtime, or gives the calling thread its state if it runs already, and runs `f`
    /// under the interpreter lock.
    pub fn enter<R>(config: Config, f: impl FnOnce(&Vm) -> R) -> R {
        let _held = gil::hold();
        let first = INTERP.get().is_none();
        if first {
            let interp = crate::runtime::boot::make_interp(config);
            let _ = INTERP.set(Shared(interp));
        }
        let stack = || if first { Stack::first() } else { Stack::of_thread(0) };
        Vm::run_thread(stack, |vm| {
            if first {
                crate::runtime::boot::finish(vm);
            }
            f(vm)
        })
    }

    /// Runs `f` with a state for the calling thread; the lock is held. A thread that has a state
    /// already needs no stack.
    pub(crate) fn run_thread<R>(
        stack: impl FnOnce() -> Option<Stack>,
        f: impl FnOnce(&Vm) -> R,
    ) -> R {
        let Some(shared) = INTERP.get() else {
            unreachable!("threads start after the runtime");
        };
        let previous = CURRENT.get();
        // SAFETY: the pointer was stored by an enclosing `run_thread` of this thread, still running.
        if let Some(vm) = unsafe { previous.as_ref() } {
            return f(vm);
        }
        let Some(stack) = stack() else {
            std::alloc::handle_alloc_error(std::alloc::Layout::new::<Stack>());
        };
        let interp = &shared.0;
        let id = interp.next_thread.get();
        interp.next_thread.set(id + 1);
        let vm = Vm {
            interp,
            stack,
            frame: Cell::new(std::ptr::null_mut()),
            depth: Cell::new(0),
            native_limit: native_stack_limit(),
            native_floor: Cell::new(0),
            base_exc: ExcState::default(),
            exc: Cell::new(std::ptr::null()),
            trace: Guarded::new(None),
            profile: Guarded::new(None),
            watched: Cell::new(crate::runtime::observer::all_are_watched()),
            tracing: Cell::new(false),
            traced: Cell::new(None),
            origin_depth: Cell::new(0),
            repr_stack: Guarded::default(),
            thread_id: id,
            // SAFETY: takes nothing and cannot fail.
            native: unsafe { libc::pthread_self() } as u64,
            context: ValueCell::default(),
            running_loop: ValueCell::default(),
            running_task: ValueCell::default(),
        };
        vm.exc.set(&vm.base_exc);
        vm.become_current();
        interp.threads.with_mut(|threads| threads.push(&vm));
        let _entered = Entered(&vm);
        f(&vm)
    }

    /// Runs `f` with the state of each thread, the calling one among them.
    pub fn each_thread(&self, f: &mut dyn FnMut(&Vm)) {
        for thread in self.interp.threads.get() {
            // SAFETY: a thread takes its state out of the list before the state goes away, under the
            // interpreter lock, which the caller holds.
            f(unsafe { &*thread });
        }
    }

    /// Looks at the frames that run in this thread, the innermost first; `f` runs no Python code.
    pub(crate) fn for_each_frame(&self, mut f: impl FnMut(&Frame)) {
        let mut at = self.frame.get();
        // SAFETY: a frame that runs is alive, and so are those that wait for it.
        while let Some(frame) = unsafe { at.as_ref() } {
            f(frame);
            at = frame.prev;
        }
    }

    /// Each thread's identity, innermost frame and handled exception.
    pub(crate) fn threads(
        &self,
    ) -> Vec<(u64, Option<Ref<crate::objects::frame::FrameObj>>, Option<Exc>)> {
        let mut all = Vec::new();
        self.each_thread(&mut |thread| {
            let frame = crate::objects::frame::current(thread);
            all.push((thread.thread_id, frame, thread.handled_exception()));
        });
        all
    }

    pub(crate) fn become_current(&self) {
        CURRENT.set(self);
    }

    /// The state of this thread, for code that cannot be handed it (destructors).
    pub fn with_current<R>(f: impl FnOnce(&Vm) -> R) -> Option<R> {
        // SAFETY: as in `run_thread`.
        unsafe { CURRENT.get().as_ref() }.map(f)
    }

    #[inline(always)]
    pub fn interp(&self) -> &'static Interp {
        self.interp
    }
    #[inline(always)]
    pub fn names(&self) -> &'static Names {
        &self.interp.names
    }
    #[inline(always)]
    pub fn exceptions(&self) -> &'static Exceptions {
        &self.interp.exceptions
    }
    pub fn builtins(&self) -> &'static Ref<Dict> {
        &self.interp.builtins
    }
    /// `sys.modules`
    pub fn modules(&self) -> &'static Ref<Dict> {
        &self.interp.modules
    }
    pub fn config(&self) -> &'static Config {
        &self.interp.config
    }
    /// Is the import system still to be started? True once.
    pub fn starts(&self) -> bool {
        !self.interp.started.replace(true)
    }
    /// Gives the machine the way between trees and Python's nodes; only the first call does.
    pub fn set_tree_bridge(&self, bridge: crate::runtime::compile::TreeBridge) {
        let _ = self.interp.trees.set(bridge);
    }
    /// Gives the machine its library; only the first call does.
    pub fn set_library(&self, library: crate::runtime::frozen::FrozenLibrary) {
        let _ = self.interp.frozen.set(library);
    }
    /// A module of the library that comes before `sys.path`.
    pub fn frozen(&self, name: &str) -> Option<crate::runtime::frozen::FrozenModule> {
        let library = self.interp.frozen.get()?;
        (library.find)(&self.config().library_root(), name)
    }
    pub fn is_main_thread(&self) -> bool {
        self.thread_id == gil::main_thread()
    }
    /// The system's name of a thread that runs Python code, by its number.
    pub fn native_thread(&self, ident: u64) -> Option<u64> {
        let mut found = None;
        self.each_thread(&mut |thread| {
            if thread.thread_id == ident {
                found = Some(thread.native);
            }
        });
        found
    }
    pub fn thread_ident(&self) -> u64 {
        self.thread_id
    }

    /// A name as the attribute functions want it.
    pub fn intern(&self, text: &str) -> Ref<Str> {
        intern::intern_str(text)
    }
    pub fn str(&self, text: &str) -> Value {
        Ref::<Str>::from_str(text).into()
    }

    /// `sys.name`, if it is there.
    pub fn sys_get(&self, name: &Ref<Str>) -> Option<Value> {
        self.interp.sys.get().and_then(|sys| sys.dict().get_str(name))
    }

    // ---- depth ----

    /// How many Python functions are running in this thread.
    pub fn recursion_depth(&self) -> usize {
        self.depth.get()
    }

    /// Refuses to go deeper when the native stack is nearly used up. Every native function that can
    /// recurse through user data calls this.
    #[inline(always)]
    pub fn check_stack(&self) -> PyResult<()> {
        let here = 0u8;
        if (&raw const here as usize) < self.native_limit {
            return Err(self.stack_overflow());
        }
        Ok(())
    }

    #[cold]
    fn stack_overflow(&self) -> Exc {
        self.recursion_error("maximum recursion depth exceeded")
    }

    // ---- the exception being handled ----

    #[inline(always)]
    pub(crate) fn exc_state(&self) -> &ExcState {
        // SAFETY: points to the base cell, or to the cell of a generator that is running.
        unsafe { &*self.exc.get() }
    }

    /// The innermost exception being handled: `sys.exc_info()`.
    pub fn handled_exception(&self) -> Option<Exc> {
        let mut state = self.exc.get();
        // SAFETY: the chain consists of cells of running generators and the base cell.
        while let Some(cell) = unsafe { state.as_ref() } {
            if let Some(exc) = cell.handled.get() {
                return Some(exc);
            }
            state = cell.holder.get();
        }
        None
    }
}

/// Room at the end of a stack for what runs without checking.
const RESERVE: usize = 256 * 1024;

/// Where a stack that is no thread's by birth begins, and its size.
static OWN_STACK: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// Code will run on a stack of the embedder's, which lasts as long as the process: its lowest address and
/// its size. There can be one.
pub fn use_native_stack(low: usize, size: usize) {
    OWN_STACK[0].store(low, Ordering::Relaxed);
    OWN_STACK[1].store(size, Ordering::Relaxed);
}

/// The address below which native code must not recurse further: the end of the stack plus the
/// reserve.
fn native_stack_limit() -> usize {
    let [low, size] = [0, 1].map(|at| OWN_STACK[at].load(Ordering::Relaxed));
    let here = 0u8;
    if (&raw const here as usize).wrapping_sub(low) < size {
        return low + RESERVE.min(size / 2);
    }
    // SAFETY: the attribute object is initialised by the first call and destroyed by the last.
    unsafe {
        let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) != 0 {
            return (&raw const here as usize).saturating_sub(512 * 1024);
        }
        let mut start: *mut libc::c_void = std::ptr::null_mut();
        let mut size = 0;
        libc::pthread_attr_getstack(&attributes, &mut start, &mut size);
        libc::pthread_attr_destroy(&mut attributes);
        start as usize + RESERVE.min(size / 2)
    }
}

/// What a new thread takes along: made under the interpreter lock and used under it.
struct HandedOver<F>(F);

// SAFETY: the closure is built by a thread that holds the interpreter lock, and is run and dropped
// by one that holds it; the lock orders their memory.
unsafe impl<F> Send for HandedOver<F> {}

impl<F> HandedOver<F> {
    fn into_inner(self) -> F {
        self.0
    }
}

impl Vm {
    /// Starts a thread with a state of its own that runs `f` under the interpreter lock. A stack
    /// size of 0 is the usual one; a small one is made large enough for the parser, whose limits
    /// count levels, not bytes.
    ///
    /// # Errors
    /// What the system says when it cannot make a thread.
    pub fn spawn(&self, stack: usize, f: impl FnOnce(&Vm) + 'static) -> std::io::Result<()> {
        const STACK: usize = 8 << 20;
        const LEAST: usize = 2 << 20;
        /// What else a thread takes when it starts, and cannot do without.
        const BESIDES: usize = 1 << 20;
        let native = match stack {
            0 => memory::share(STACK, LEAST, 512),
            _ => stack.max(LEAST).saturating_add(RESERVE),
        };
        let frames = Stack::of_thread(stack);
        let Some(frames) = frames.filter(|_| memory::has_room(native.saturating_add(BESIDES)))
        else {
            return Err(std::io::ErrorKind::OutOfMemory.into());
        };
        let handed = HandedOver((frames, f));
        std::thread::Builder::new()
            .stack_size(native)
            .spawn(move || {
                let _held = gil::hold();
                let (frames, f) = handed.into_inner();
                Vm::run_thread(|| Some(frames), f);
            })
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, owners, token, with_vm};

    #[test]
    fn a_thread_has_one_state_while_it_runs() {
        assert!(Vm::with_current(|_| ()).is_none());
        with_vm(|vm| {
            assert!(Vm::with_current(|now| std::ptr::eq(now, vm)) == Some(true));
            let inner = Vm::run_thread(|| None, |now| std::ptr::eq(now, vm));
            assert!(inner);
            let mut all = Vec::new();
            vm.each_thread(&mut |thread| all.push(thread.thread_id));
            assert_eq!(all, [vm.thread_ident()]);
            assert!(vm.native_thread(vm.thread_ident()).is_some());
            assert!(vm.native_thread(u64::MAX).is_none());
            vm.for_each_frame(|_| panic!("nothing runs"));
        });
        assert!(Vm::with_current(|_| ()).is_none());
    }

    #[test]
    fn threads_take_their_states_out_when_they_end() {
        with_vm(|vm| {
            let value = token();
            let (tell, told) = std::sync::mpsc::channel();
            let mut spawned = 0;
            for stack in [0, 1, 3 << 20] {
                let (tell, value) = (tell.clone(), value.clone());
                let made = vm.spawn(stack, move |vm| {
                    let mut threads = 0;
                    vm.each_thread(&mut |_| threads += 1);
                    assert!(owners(&value) > 1 && vm.check_stack().is_ok());
                    drop(value);
                    let _ = tell.send((threads, vm.is_main_thread()));
                });
                spawned += usize::from(made.is_ok());
            }
            assert_eq!(spawned, 3);
            for _ in 0..spawned {
                let (threads, main) = vm.without_lock(|| told.recv()).expect("it ran");
                assert!(threads >= 2 && !main);
            }
            // The last one may still be on its way out.
            let mut threads = usize::MAX;
            for _ in 0..1000 {
                threads = vm.threads().len();
                if threads == 1 {
                    break;
                }
                vm.without_lock(|| std::thread::sleep(std::time::Duration::from_millis(1)));
            }
            assert_eq!((threads, owners(&value)), (1, 1));
            assert!(vm.spawn(usize::MAX, |_| ()).is_err());
        });
    }

    #[test]
    fn the_end_of_the_stack_lies_below_and_is_seen() {
        with_vm(|vm| {
            let here = 0u8;
            let limit = native_stack_limit();
            let address = &raw const here as usize;
            assert!(limit < address && address - limit < 1 << 30 && limit == vm.native_limit);
            let session = Session::new(vm, "x = []\nfor _ in range(200000): x = [x]");
            assert!(session.raises("repr(x)").starts_with("RecursionError("));
            assert!(vm.check_stack().is_ok());
        });
    }

    #[test]
    fn the_exception_handled_is_that_of_the_innermost_cell() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
import sys
def now(): return type(sys.exception()).__name__
def gen():
    yield now()
    try: raise KeyError
    except KeyError:
        yield now()
        yield now()
    yield now()
log = [now()]
try: raise ValueError
except ValueError:
    g = gen()
    log += [next(g), next(g)]
    try: raise TypeError
    except TypeError: log += [now(), next(g), now()]
    log += [next(g), now()]
log += [now()]
",
            );
            let none = "'NoneType'";
            assert_eq!(
                session.show("log"),
                format!(
                    "[{none}, 'ValueError', 'KeyError', 'TypeError', 'KeyError', 'TypeError', 'ValueError', 'ValueError', {none}]"
                )
            );
            assert!(vm.handled_exception().is_none());
            assert!(std::ptr::eq(vm.exc_state(), &vm.base_exc));
        });
    }
}
