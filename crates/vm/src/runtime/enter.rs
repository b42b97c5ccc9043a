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
