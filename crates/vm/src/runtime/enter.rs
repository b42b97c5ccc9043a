//! Entering Python functions: binding arguments to parameters and pushing frames.
//!
//! CPython's counterpart: `initialize_locals` and `_PyEvalFramePushAndInit` in `Python/ceval.c`.

#![expect(unsafe_code, reason = "frames are written into the value stack")]

use crate::object::{Obj, Ref};
use crate::objects::cell::CellObj;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::dict::foreign;
use crate::objects::function::Function;
use crate::objects::tuple::Tuple;
use crate::runtime::args::CallArgs;
use crate::runtime::bind::{bind, fill_cells};
use crate::runtime::ceval;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::{FRAME_WORDS, Frame, Return, Slot};
use crate::runtime::machine::Machine;
use crate::runtime::prepared::Prepared;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::sync::atomic::{Ordering, compiler_fence};

/// Writes a frame record behind bound locals and makes it the innermost frame.
///
/// # Safety
/// `locals` has the code's local words, behind which the stack is free and has room; code, globals,
/// builtins and function outlive the frame.
#[inline(always)]
unsafe fn push(
    vm: &Vm,
    code: &Obj<Code>,
    prepared: &Prepared,
    (globals, builtins): (&Obj<Dict>, &Obj<Dict>),
    function: *const Obj<Function>,
    locals: *mut Slot,
    ret: Return,
) -> *mut Frame {
    // SAFETY: see above.
    unsafe {
        let frame: *mut Frame = locals.add(code.local_slots()).cast();
        let base: *mut Slot = frame.add(1).cast();
        frame.write(Frame {
            prev: vm.frame.get(),
            code,
            ip: prepared.start(),
            locals,
            base,
            sp: base,
            globals,
            builtins,
            namespace: None,
            object: None,
            ret,
            generator: std::ptr::null(),
            function,
            limit: base.add(prepared.max_depth as usize),
        });
        vm.frame.set(frame);
        vm.depth.set(vm.depth.get() + 1);
        vm.stack.top.set((*frame).limit);
        frame
    }
}

/// May one more frame be pushed, with `words` words from `at` on?
#[inline(always)]
fn may_push(vm: &Vm, at: *mut Slot, words: usize) -> bool {
    vm.depth.get() < vm.interp().recursion_limit.get() && vm.stack.has_room(at, words)
}

#[cold]
fn too_deep(vm: &Vm) -> Exc {
    vm.recursion_error("maximum recursion depth exceeded")
}

/// Drops `n` argument words.
///
/// # Safety
/// The words are values of the caller's, and are not used again.
unsafe fn drop_words(at: *mut Slot, n: usize) {
    for i in 0..n {
        // SAFETY: as promised.
        drop(unsafe { at.add(i).read() });
    }
}

/// Pushes the frame of a function that takes exactly the `n` arguments that lie at `args`, where they
/// stay. Returns `None` if another way must be taken; then nothing has changed.
///
/// # Safety
/// The arguments lie at `args`, at the top of the stack of `caller`, the running frame, whose other
/// registers are saved; the function lies below and stays there until the frame returns.
#[inline(always)]
pub unsafe fn push_exact(
    vm: &Vm,
    function: &Obj<Function>,
    caller: *mut Frame,
    args: *mut Slot,
    n: usize,
) -> Option<Machine> {
    let code = function.code();
    let prepared = code.exactly(n)?;
    // SAFETY: the caller is the running frame; there is room for what is written.
    unsafe {
        if !(*caller).generator.is_null() || !may_push(vm, args, prepared.frame_words as usize) {
            return None;
        }
        (*caller).sp = args;
        let slots = code.local_slots();
        for at in n..slots {
            args.add(at).write(None);
            // They are few: no call of `memset`.
            compiler_fence(Ordering::SeqCst);
        }
        if code.has_cells() {
            function.with_closure(|cells| {
                let first = args.add(slots - cells.len());
                for (at, cell) in cells.iter().enumerate() {
                    first.add(at).write(Some(cell.clone()));
                }
            });
        }
        let names = (function.globals(), function.builtins());
        let frame = push(vm, code, prepared, names, function, args, Return::ToCaller);
        let base = frame.add(1).cast();
        Some(Machine::at(prepared.start(), base, args, frame))
    }
}

/// Pushes the frame of a simple function whose `n` arguments lie at `args`, where they stay and become
/// its first locals; only a generator's arguments move from its own block to the thread's stack. The
/// caller's saved stack pointer then excludes them.
///
/// Returns `None` if the general way must be taken (a limit, or code not prepared yet); then nothing
/// has changed.
///
/// # Safety
/// `function.is_simple(n)`; the arguments lie at `args`, at the top of the stack of `caller`, the
/// running frame, above the function, which stays there until the frame returns.
#[inline(always)]
pub unsafe fn push_simple(
    vm: &Vm,
    function: &Obj<Function>,
    caller: *mut Frame,
    args: *mut Slot,
    n: usize,
    ret: Return,
) -> Option<*mut Frame> {
    let code = function.code();
    let prepared = code.prepared()?;
    let slots = code.local_slots();
    // SAFETY: the caller is the running frame.
    let in_generator = unsafe { !(*caller).generator.is_null() };
    let locals = if in_generator { vm.stack.top.get() } else { args };
    if !may_push(vm, locals, slots + FRAME_WORDS + prepared.max_depth as usize) {
        return None;
    }
    // SAFETY: there is room; see the function's contract.
    unsafe {
        if in_generator {
            std::ptr::copy_nonoverlapping(args, locals, n);
        }
        (*caller).sp = args;
        Some(push_bound(vm, function, prepared, locals, n, ret))
    }
}

/// The rest of entering a simple function: its `n` arguments are its first locals.
///
/// # Safety
/// `function.is_simple(n)`; there is room for the frame.
#[inline(always)]
unsafe fn push_bound(
    vm: &Vm,
    function: &Obj<Function>,
    prepared: &Prepared,
    locals: *mut Slot,
    n: usize,
    ret: Return,
) -> *mut Frame {
    let code = function.code();
    // SAFETY: there is room.
    unsafe {
        fill_rest(function, locals, n);
        let names = (function.globals(), function.builtins());
        push(vm, code, prepared, names, function, locals, ret)
    }
}

/// Fills the locals behind `n` arguments.
///
/// # Safety
/// As for [`push_bound`].
#[inline(never)]
unsafe fn fill_rest(function: &Obj<Function>, locals: *mut Slot, n: usize) {
    let code = function.code();
    let slots = code.local_slots();
    // SAFETY: see above.
    unsafe {
        for i in n..slots {
            locals.add(i).write(None);
        }
        function.fill_defaults(locals, n);
        if code.has_cells() {
            fill_cells(function, std::slice::from_raw_parts_mut(locals, slots));
        }
    }
}

/// What entering a function led to.
pub enum Entered {
    Frame(*mut Frame),
    /// The function makes generators: here is one.
    Generator(Value),
}

/// Enters any function with arguments that have been taken off the caller's stack but still lie where
/// they were: `n` values, those of `names` last.
///
/// # Safety
/// `args` is where the saved stack of `caller`, the running frame, ends; the function lies below or
/// is kept alive otherwise until the frame returns. The argument words are used up, also on errors.
pub unsafe fn enter(
    vm: &Vm,
    function: &Obj<Function>,
    caller: *mut Frame,
    args: *mut Slot,
    n: usize,
    names: Option<&[Value]>,
    ret: Return,
) -> PyResult<Entered> {
    // SAFETY: see the contract; a generator's own stack is no place for another frame.
    unsafe {
        let at = if (*caller).generator.is_null() { args } else { vm.stack.top.get() };
        let words = function.code().local_slots().max(n);
        if at != args && vm.stack.has_room(at, words) {
            std::ptr::copy_nonoverlapping(args, at, n);
            return enter_at(vm, function, at, n, names, ret);
        }
        if at != args {
            drop_words(args, n);
            return Err(too_deep(vm));
        }
        enter_at(vm, function, at, n, names, ret)
    }
}

/// Binds the `n` values at `at` and pushes the frame there, or makes the generator.
///
/// # Safety
/// The values are the caller's to give; the stack is free behind them.
pub unsafe fn enter_at(
    vm: &Vm,
    function: &Obj<Function>,
    at: *mut Slot,
    n: usize,
    names: Option<&[Value]>,
    ret: Return,
) -> PyResult<Entered> {
    let code = function.code();
    // SAFETY: see the contract; the room is checked before anything is written.
    unsafe {
        let prepared = match code.prepare(vm) {
            Ok(prepared) => prepared,
            Err(e) => {
                drop_words(at, n);
                return Err(e);
            }
        };
        let slots = code.local_slots();
        if !may_push(vm, at, slots.max(n) + FRAME_WORDS + prepared.max_depth as usize) {
            drop_words(at, n);
            return Err(too_deep(vm));
        }
        if names.is_none() && code.is_positional() && n == code.argcount() {
            for i in n..slots {
                at.add(i).write(None);
            }
            if code.has_cells() {
                fill_cells(function, std::slice::from_raw_parts_mut(at, slots));
            }
        } else {
            bind(vm, function, at, n, names)?;
        }
        if code.makes_generator() {
            let made = crate::objects::generator::make(vm, function, prepared, at);
            return Ok(Entered::Generator(made));
        }
        let names = (function.globals(), function.builtins());
        Ok(Entered::Frame(push(vm, code, prepared, names, function, at, ret)))
    }
}

/// Calls a Python function from Rust.
pub fn call_function(vm: &Vm, function: &Obj<Function>, args: CallArgs<'_>) -> PyResult {
    vm.check_stack()?;
    let held = function.to_ref();
    let at = vm.stack.top.get();
    let values = args.all();
    if !vm.stack.has_room(at, values.len()) {
        return Err(too_deep(vm));
    }
    let code = held.code();
    if args.names().is_none()
        && held.is_simple(values.len())
        && let Some(prepared) = code.prepared()
        && may_push(vm, at, code.local_slots() + FRAME_WORDS + prepared.max_depth as usize)
    {
        // SAFETY: as below; the arguments are the first locals.
        unsafe {
            for (i, value) in values.iter().enumerate() {
                at.add(i).write(Some(value.clone()));
            }
            let frame = push_bound(vm, &held, prepared, at, values.len(), Return::ToRust);
            return ceval::run(vm, frame);
        }
    }
    // SAFETY: the stack is free above the innermost frame's limit; `held` keeps the function.
    unsafe {
        for (i, value) in values.iter().enumerate() {
            at.add(i).write(Some(value.clone()));
        }
        let names = args.names().map(|names| names.items());
        match enter_at(vm, &held, at, values.len(), names, Return::ToRust)? {
            Entered::Frame(frame) => ceval::run(vm, frame),
            Entered::Generator(generator) => Ok(generator),
        }
    }
}

/// Runs a module's or class body's code in a namespace: `exec(code, globals, namespace)`.
pub fn run_code(
    vm: &Vm,
    code: &Obj<Code>,
    globals: &Obj<Dict>,
    namespace: Value,
    closure: Option<&Obj<Tuple>>,
) -> PyResult {
    vm.check_stack()?;
    let builtins = builtins_of(vm, globals);
    let (code, globals) = (code.to_ref(), globals.to_ref());
    let prepared = code.prepare(vm)?;
    let slots = code.local_slots();
    let at = vm.stack.top.get();
    if !may_push(vm, at, slots + FRAME_WORDS + prepared.max_depth as usize) {
        return Err(too_deep(vm));
    }
    // SAFETY: the stack is free above the innermost frame's limit and has room; the references above
    // keep everything alive while the frame runs.
    unsafe {
        for i in 0..slots {
            at.add(i).write(None);
        }
        let locals = std::slice::from_raw_parts_mut(at, slots);
        let head = code.source.head();
        let first_free = slots - head.frees as usize;
        for slot in &mut locals[head.nlocals as usize..first_free] {
            *slot = Some(CellObj::new_value(None));
        }
        if let Some(closure) = closure {
            for (slot, cell) in locals[first_free..].iter_mut().zip(closure.items()) {
                *slot = Some(cell.clone());
            }
        }
        let names = (&*globals, &*builtins);
        let frame = push(vm, &code, prepared, names, std::ptr::null(), at, Return::ToRust);
        (*frame).namespace = Some(namespace);
        ceval::run(vm, frame)
    }
}

/// The built-ins that code with these globals sees.
pub fn builtins_of(vm: &Vm, globals: &Dict) -> Ref<Dict> {
    let Some(found) = globals.get_str(&vm.names().__builtins__) else {
        // Those of the code that runs.
        return crate::objects::frame::current_builtins(vm)
            .unwrap_or_else(|| vm.builtins().clone());
    };
    if let Some(module) = found.downcast::<crate::objects::module::Module>() {
        return module.dict().to_ref();
    }
    found.into_ref().unwrap_or_else(|other| foreign::dict_for(vm, other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::call;
    use crate::testing::{Session, owners, shown, token, with_vm};

    const FUNCTIONS: &str = "
def exact(a, b): return b
def simple(a, b=1): return a
def cells(a):
    def inner(): return a
    return inner
def gen(a): yield a
def deep(n): return n if n == 0 else deep(n - 1)
def spread(*args): return len(args)
class C:
    def __init__(self, a): self.a = a
    def __add__(self, other): return deep(other)
    def __iter__(self): yield deep(1 << 20)
";

    #[test]
    fn calls_from_rust_give_back_what_they_took() {
        with_vm(|vm| {
            let session = Session::new(vm, FUNCTIONS);
            let value = token();
            let top = vm.stack.top.get();
            let args = |n: usize| vec![value.clone(); n];
            for name in ["exact", "simple", "cells", "gen", "spread"] {
                let function = session.get(name);
                for n in [0, 1, 2, 3, 1000] {
                    for _ in 0..3 {
                        drop(call::call(vm, &function, &args(n)));
                        assert_eq!(owners(&value), 1, "{name} {n}");
                        assert!(vm.stack.top.get() == top && vm.frame.get().is_null());
                    }
                }
            }
            let result = call::call(vm, &session.get("exact"), &args(2));
            assert!(result.is_ok_and(|result| result.is(&value)));
        });
    }

    #[test]
    fn more_arguments_than_the_stack_has_room_for_are_refused() {
        with_vm(|vm| {
            let session = Session::new(vm, FUNCTIONS);
            let function = session.get("spread");
            // The stack of a thread has eight million words, that of the first one more.
            let args = vec![Value::NONE; 9 << 20];
            let room = vm.stack.has_room(vm.stack.top.get(), args.len());
            let result = call::call(vm, &function, &args);
            match result {
                Ok(count) => assert!(room && count.as_small_int() == Some(args.len() as i64)),
                Err(e) => assert!(!room && e.is(&vm.exceptions().recursion_error)),
            }
            assert!(vm.frame.get().is_null() && vm.recursion_depth() == 0);
        });
    }

    #[test]
    fn every_way_in_ends_at_the_limit_and_leaves_nothing() {
        with_vm(|vm| {
            let session = Session::new(vm, FUNCTIONS);
            let value = token();
            session.set("t", value.clone());
            session.exec(
                "
def a1(t): return a1(t)
def a2(t, u=1): return a2(t)
def a3(t, *, k=1): return a3(t, k=t)
def a4(*args): return a4(*args)
def a5(t):
    def inner(): return t
    return a5(t)
def a6(t):
    for x in a6(t): yield x
def a7(t): return (yield from a7(t))
def a8(t):
    yield a8(t).__next__()
def a9(t):
    yield a1(t)
class A:
    def __init__(self, t): self.a = A(t)
    def m(self, t): return self.m(t)
class B:
    def __init__(self): pass
    def __add__(self, t): return self + t
    def __getattr__(self, name): return self.other
    def __getitem__(self, t): return self[t]
    def __call__(self, t): return self(t)
    def __eq__(self, t): return self == t
    def __enter__(self):
        with self: pass
    def __exit__(self, *args): pass
def mixed(t): return sorted([1, 2], key=lambda x: mixed(t))
",
            );
            for source in [
                "a1(t)",
                "a2(t)",
                "a3(t)",
                "a4(t, t)",
                "a5(t)",
                "list(a6(t))",
                "list(a7(t))",
                "list(a8(t))",
                "list(a9(t))",
                "A(t)",
                "A.m(A.__new__(A), t)",
                "B() + t",
                "B().x",
                "B()[t]",
                "B()(t)",
                "B() == t",
                "B().__enter__()",
                "mixed(t)",
            ] {
                for _ in 0..2 {
                    let raised = session.raises(source);
                    assert!(raised.starts_with("RecursionError("), "{source}: {raised}");
                    assert!(vm.frame.get().is_null() && vm.recursion_depth() == 0, "{source}");
                    assert_eq!(owners(&value), 2, "{source}");
                }
            }
        });
    }

    #[test]
    fn code_runs_in_a_namespace_with_its_closure() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "def outer(x):\n    def inner(): return x\n    return inner\nf = outer(5)",
            );
            let value = token();
            let function = session.get("f").into_ref::<Function>().expect("a function");
            let cell = crate::objects::cell::CellObj::new_value(Some(value.clone()));
            let closure = Tuple::from_vec(vec![cell]);
            for _ in 0..3 {
                let result =
                    run_code(vm, function.code(), &session.globals, Value::NONE, Some(&closure));
                assert!(result.is_ok_and(|result| result.is(&value)));
                assert_eq!(owners(&value), 2);
            }
            // Without its cells the code finds none, and says so.
            let result = run_code(vm, function.code(), &session.globals, Value::NONE, None);
            assert!(result.is_err_and(|e| !shown(vm, &e.value()).is_empty()));
            drop(closure);
            assert_eq!(owners(&value), 1);
        });
    }

    #[test]
    fn built_ins_are_what_the_globals_say() {
        with_vm(|vm| {
            let session = Session::new(vm, "");
            assert!(std::ptr::eq(&*builtins_of(vm, &session.globals), &**vm.builtins()));
            let own = Dict::new_ref();
            session.set("__builtins__", own.to_value());
            assert!(std::ptr::eq(&*builtins_of(vm, &session.globals), &*own));
            assert_eq!(session.raises("len"), "NameError(\"name 'len' is not defined\")");
            session.set("__builtins__", Value::int_unchecked(1));
            assert!(session.raises("len").contains("Error"));
        });
    }
}
