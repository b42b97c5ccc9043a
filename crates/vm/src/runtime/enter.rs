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
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::compare;
use crate::runtime::args::CallArgs;
use crate::runtime::ceval;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::{FRAME_WORDS, Frame, Return, Slot};
use crate::runtime::prepared::Prepared;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::flags;
use smallvec::SmallVec;

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
    let slots = code.local_slots();
    // SAFETY: there is room.
    unsafe {
        for i in n..slots {
            locals.add(i).write(None);
        }
        function.fill_defaults(locals, n);
        if code.has_cells() {
            fill_cells(function, std::slice::from_raw_parts_mut(locals, slots));
        }
        let names = (function.globals(), function.builtins());
        push(vm, code, prepared, names, function, locals, ret)
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
    names: Option<&Obj<Tuple>>,
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
    names: Option<&Obj<Tuple>>,
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
        match enter_at(vm, &held, at, values.len(), args.names(), Return::ToRust)? {
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
        let first_free = slots - code.source.freevars.len();
        for slot in &mut locals[code.source.nlocals as usize..first_free] {
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

/// Binds a call's arguments to the parameters, in place: `n` values at `at`, those of `names` last,
/// become the function's local words, cells included. If that fails, nothing is left there.
///
/// # Safety
/// The values are the caller's to give; the stack is free behind them and has room for the locals.
#[inline(never)]
unsafe fn bind(
    vm: &Vm,
    function: &Obj<Function>,
    at: *mut Slot,
    n: usize,
    names: Option<&Obj<Tuple>>,
) -> PyResult<()> {
    let code = function.code();
    let slots = code.local_slots();
    let argcount = code.argcount();
    let given = n - names.map_or(0, |names| names.len());
    // Python code that runs meanwhile (a finaliser, a strange keyword) keeps off these words.
    let top = vm.stack.top.get();
    // SAFETY: there is room for the words; each is moved out, kept, or written anew.
    let locals = unsafe {
        vm.stack.top.set(top.max(at.add(n.max(slots))));
        let named: SmallVec<[Value; 8]> = (given..n).filter_map(|i| at.add(i).read()).collect();
        let mut surplus: SmallVec<[Value; 8]> = SmallVec::new();
        let mut rest = None;
        if code.has_flag(flags::VARARGS) {
            let extra = given.saturating_sub(argcount);
            rest = Some(Tuple::from_words(at.add(given - extra).cast(), extra));
        } else {
            surplus.extend((argcount..given).filter_map(|i| at.add(i).read()));
        }
        for i in given.min(argcount)..slots {
            at.add(i).write(None);
        }
        let locals = std::slice::from_raw_parts_mut(at, slots);
        let result = bind_locals(vm, function, locals, given, rest, names, named);
        drop(surplus);
        result.inspect_err(|_| locals.iter_mut().for_each(|slot| drop(slot.take())))
    };
    vm.stack.top.set(top);
    locals
}

/// The rest of `bind`: the positional arguments are in their places already.
fn bind_locals(
    vm: &Vm,
    function: &Obj<Function>,
    locals: &mut [Slot],
    given: usize,
    rest: Option<Ref<Tuple>>,
    names: Option<&Obj<Tuple>>,
    named: SmallVec<[Value; 8]>,
) -> PyResult<()> {
    let code = function.code();
    let (argcount, kwonly) = (code.argcount(), code.source.head().kwonlyargcount as usize);
    let mut next = argcount + kwonly;
    let too_many_given = rest.is_none() && given > argcount;
    if let Some(rest) = rest {
        locals[next] = Some(rest.into());
        next += 1;
    }
    let mut extra_names = None;
    if code.has_flag(flags::VARKEYWORDS) {
        let dict = Dict::new_ref();
        locals[next] = Some(dict.to_value());
        extra_names = Some(dict);
    }
    if let Some(names) = names {
        for (name, value) in names.items().iter().zip(named) {
            bind_keyword(vm, function, locals, extra_names.as_deref(), name, value, names)?;
        }
    }
    if too_many_given {
        return Err(too_many(vm, function, given, locals));
    }
    if given < argcount {
        function.with_defaults(|defaults| {
            let first_default = argcount.saturating_sub(defaults.len());
            let skip = defaults.len().saturating_sub(argcount);
            for i in first_default.max(given)..argcount {
                if locals[i].is_none() {
                    locals[i] = defaults.get(skip + i - first_default).cloned();
                }
            }
        });
        if locals[given..argcount].iter().any(Option::is_none) {
            return Err(missing_arguments(vm, function, locals, given..argcount, "positional"));
        }
    }
    if kwonly > 0 {
        let all = argcount..argcount + kwonly;
        for i in all.clone() {
            if locals[i].is_none() {
                locals[i] = function.kwdefault(&code.varnames()[i]);
            }
        }
        if locals[all.clone()].iter().any(Option::is_none) {
            return Err(missing_arguments(vm, function, locals, all, "keyword-only"));
        }
    }
    if code.has_cells() {
        fill_cells(function, locals);
    }
    Ok(())
}

/// Makes the cells of the function's cell variables (a parameter moves into its cell) and takes the
/// closure's cells over.
fn fill_cells(function: &Obj<Function>, locals: &mut [Slot]) {
    let code = function.code();
    let head = code.source.head();
    let nlocals = head.nlocals as usize;
    for (i, parameter) in code.cell_parameters().iter().enumerate() {
        let content = parameter.and_then(|p| locals[p as usize].take());
        locals[nlocals + i] = Some(CellObj::new_value(content));
    }
    let first_free = nlocals + head.cells as usize;
    function.with_closure(|cells| {
        for (slot, cell) in locals[first_free..].iter_mut().zip(cells) {
            *slot = Some(cell.clone());
        }
    });
}

fn bind_keyword(
    vm: &Vm,
    function: &Obj<Function>,
    locals: &mut [Slot],
    extra: Option<&Obj<Dict>>,
    name: &Value,
    value: Value,
    names: &Obj<Tuple>,
) -> PyResult<()> {
    let code = function.code();
    let source = &code.source;
    let Some(text) = name.downcast::<Str>() else {
        let qualname = function.qualname();
        return Err(vm.type_error(format!("{qualname}() keywords must be strings")));
    };
    let first = source.posonlyargcount as usize;
    let end = (source.argcount + source.kwonlyargcount) as usize;
    let parameters = &code.varnames()[first..end];
    let same = |p: &Ref<Str>| std::ptr::eq::<Obj<Str>>(&**p, text);
    let found = parameters
        .iter()
        .position(same)
        .or_else(|| parameters.iter().position(|p| p.equals(text)))
        .map(|i| first + i);
    if let Some(at) = found {
        if locals[at].is_some() {
            return Err(vm.type_error(format!(
                "{}() got multiple values for argument '{text}'",
                function.qualname()
            )));
        }
        locals[at] = Some(value);
        return Ok(());
    }
    if let Some(extra) = extra {
        return extra.insert(vm, name, value);
    }
    unexpected_keyword(vm, function, text, names)
}

/// No parameter has this name.
#[cold]
fn unexpected_keyword(
    vm: &Vm,
    function: &Obj<Function>,
    text: &Obj<Str>,
    names: &Obj<Tuple>,
) -> PyResult<()> {
    let (code, qualname) = (function.code(), function.qualname());
    let first = code.source.posonlyargcount as usize;
    let end = (code.source.argcount + code.source.kwonlyargcount) as usize;
    // A positional-only parameter passed by name has its own message.
    let mut by_name = Vec::new();
    for given in names.items() {
        for i in 0..first {
            if compare::equal(vm, given, &code.varname(i).to_value())? {
                by_name.push(code.varname(i).to_string());
            }
        }
    }
    if !by_name.is_empty() {
        return Err(vm.type_error(format!(
            "{qualname}() got some positional-only arguments passed as keyword arguments: '{}'",
            by_name.join(", ")
        )));
    }
    let candidates = (first..end).map(|i| code.varname(i).to_string()).collect::<Vec<_>>();
    let hint = crate::runtime::suggest::closest(&text.to_string(), &candidates)
        .map(|s| format!(". Did you mean '{s}'?"))
        .unwrap_or_default();
    Err(vm.type_error(format!("{qualname}() got an unexpected keyword argument '{text}'{hint}")))
}

#[cold]
fn too_many(vm: &Vm, function: &Obj<Function>, given: usize, locals: &[Slot]) -> Exc {
    let source = &function.code().source;
    let argcount = source.argcount as usize;
    let defaults = function.defaults().map_or(0, |d| d.len());
    let kwonly_given = (argcount..argcount + source.kwonlyargcount as usize)
        .filter(|&i| locals[i].is_some())
        .count();
    let (takes, plural) = if defaults > 0 {
        (format!("from {} to {argcount}", argcount - defaults.min(argcount)), true)
    } else {
        (argcount.to_string(), argcount != 1)
    };
    let mut kwonly_text = String::new();
    if kwonly_given > 0 {
        kwonly_text = format!(
            " positional argument{} (and {kwonly_given} keyword-only argument{})",
            if given != 1 { "s" } else { "" },
            if kwonly_given != 1 { "s" } else { "" }
        );
    }
    vm.type_error(format!(
        "{}() takes {takes} positional argument{} but {given}{kwonly_text} {} given",
        function.qualname(),
        if plural { "s" } else { "" },
        if given == 1 && kwonly_given == 0 { "was" } else { "were" }
    ))
}

#[cold]
fn missing_arguments(
    vm: &Vm,
    function: &Obj<Function>,
    locals: &[Slot],
    among: std::ops::Range<usize>,
    kind: &str,
) -> Exc {
    let missing = among.filter(|&i| locals[i].is_none());
    let names: Vec<String> = missing.map(|i| format!("'{}'", function.code().varname(i))).collect();
    let list = match names.as_slice() {
        [one] => one.clone(),
        [a, b] => format!("{a} and {b}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
        [] => String::new(),
    };
    vm.type_error(format!(
        "{}() missing {} required {kind} argument{}: {list}",
        function.qualname(),
        names.len(),
        if names.len() == 1 { "" } else { "s" }
    ))
}
