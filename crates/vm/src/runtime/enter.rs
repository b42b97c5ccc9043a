//! Entering Python functions: binding arguments to parameters and pushing frames.
//!
//! CPython's counterpart: `initialize_locals` and `_PyEvalFramePushAndInit` in `Python/ceval.c`.

#![expect(unsafe_code, reason = "frames are written into the value stack")]

use crate::object::{Obj, Ref};
use crate::objects::cell::CellObj;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::compare;
use crate::runtime::args::CallArgs;
use crate::runtime::ceval;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::frame::{FRAME_WORDS, Frame, Return, Slot};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::flags;

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
    let depth = vm.depth.get();
    // SAFETY: the caller is the running frame.
    let in_generator = unsafe { !(*caller).generator.is_null() };
    let locals = if in_generator { vm.stack.top.get() } else { args };
    if depth >= vm.interp().recursion_limit.get()
        || !vm.stack.has_room(locals, slots + FRAME_WORDS + prepared.max_depth as usize)
    {
        return None;
    }
    // SAFETY: there is room; see the function's contract.
    unsafe {
        if in_generator {
            std::ptr::copy_nonoverlapping(args, locals, n);
        }
        (*caller).sp = args;
        for i in n..slots {
            locals.add(i).write(None);
        }
        function.fill_defaults(locals, n);
        function.fill_closure(locals);
        let frame: *mut Frame = locals.add(slots).cast();
        let base = locals.add(slots + FRAME_WORDS);
        frame.write(Frame {
            prev: vm.frame.get(),
            code,
            ip: prepared.start(),
            locals,
            base,
            sp: base,
            globals: function.globals(),
            builtins: function.builtins(),
            namespace: None,
            object: None,
            ret,
            generator: std::ptr::null(),
            function,
            limit: base.add(prepared.max_depth as usize),
            traced_line: -1,
        });
        vm.frame.set(frame);
        vm.depth.set(depth + 1);
        vm.stack.top.set((*frame).limit);
        Some(frame)
    }
}

/// Pushes a frame at `at` for bound locals.
///
/// # Safety
/// The stack is free from `at` on; `function` outlives the frame.
pub unsafe fn push_bound(
    vm: &Vm,
    function: &Obj<Function>,
    at: *mut Slot,
    locals: Vec<Slot>,
    ret: Return,
) -> PyResult<*mut Frame> {
    // SAFETY: passed on.
    unsafe {
        push_frame(vm, function.code(), function.globals(), function.builtins(), at, locals, ret)
            .map(|frame| {
                (*frame).function = function;
                frame
            })
    }
}

/// Pushes a frame for any code.
///
/// # Safety
/// The stack is free from `at` on; code, globals and builtins outlive the frame.
pub unsafe fn push_frame(
    vm: &Vm,
    code: &Obj<Code>,
    globals: &Obj<Dict>,
    builtins: &Obj<Dict>,
    at: *mut Slot,
    locals: Vec<Slot>,
    ret: Return,
) -> PyResult<*mut Frame> {
    let prepared = code.prepare(vm)?;
    let slots = locals.len();
    let depth = vm.depth.get();
    if depth >= vm.interp().recursion_limit.get()
        || !vm.stack.has_room(at, slots + FRAME_WORDS + prepared.max_depth as usize)
    {
        return Err(vm.recursion_error("maximum recursion depth exceeded"));
    }
    // SAFETY: there is room for locals, record and stack.
    unsafe {
        for (i, value) in locals.into_iter().enumerate() {
            at.add(i).write(value);
        }
        let frame: *mut Frame = at.add(slots).cast();
        let base = at.add(slots + FRAME_WORDS);
        frame.write(Frame {
            prev: vm.frame.get(),
            code,
            ip: prepared.start(),
            locals: at,
            base,
            sp: base,
            globals,
            builtins,
            namespace: None,
            object: None,
            ret,
            generator: std::ptr::null(),
            function: std::ptr::null(),
            limit: base.add(prepared.max_depth as usize),
            traced_line: -1,
        });
        vm.frame.set(frame);
        vm.depth.set(depth + 1);
        vm.stack.top.set((*frame).limit);
        Ok(frame)
    }
}

/// Calls a Python function from Rust.
pub fn call_function(vm: &Vm, function: &Obj<Function>, args: CallArgs<'_>) -> PyResult {
    vm.check_stack()?;
    let locals = bind_arguments(vm, function, args)?;
    if function.code().makes_generator() {
        return crate::objects::generator::make(vm, function, locals);
    }
    let held = function.to_ref();
    // SAFETY: the stack is free above the innermost frame's limit; `held` keeps the function.
    unsafe {
        let frame = push_bound(vm, &held, vm.stack.top.get(), locals, Return::ToRust)?;
        ceval::run(vm, frame)
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
    let mut locals: Vec<Slot> = vec![None; code.local_slots()];
    let first_free = locals.len() - code.source.freevars.len();
    for i in 0..code.source.cellvars.len() {
        locals[code.source.nlocals as usize + i] = Some(CellObj::new_value(None));
    }
    if let Some(closure) = closure {
        for (slot, cell) in locals[first_free..].iter_mut().zip(closure.items()) {
            *slot = Some(cell.clone());
        }
    }
    let builtins = builtins_of(vm, globals);
    let (code, globals) = (code.to_ref(), globals.to_ref());
    // SAFETY: the references above keep everything alive while the frame runs.
    unsafe {
        let frame =
            push_frame(vm, &code, &globals, &builtins, vm.stack.top.get(), locals, Return::ToRust)?;
        (*frame).namespace = Some(namespace);
        ceval::run(vm, frame)
    }
}

/// The built-ins that code with these globals sees.
pub fn builtins_of(vm: &Vm, globals: &Dict) -> Ref<Dict> {
    let Some(found) = globals.get_str(&vm.names().__builtins__) else {
        return vm.builtins().clone();
    };
    if let Some(module) = found.downcast::<crate::objects::module::Module>() {
        return module.dict().to_ref();
    }
    found.into_ref().unwrap_or_else(|_| vm.builtins().clone())
}

/// Binds a call's arguments to the parameters: the function's local words, cells included.
#[inline(never)]
pub fn bind_arguments(
    vm: &Vm,
    function: &Obj<Function>,
    call: CallArgs<'_>,
) -> PyResult<Vec<Slot>> {
    let code = function.code();
    let source = &code.source;
    let (argcount, kwonly) = (source.argcount as usize, source.kwonlyargcount as usize);
    let mut locals: Vec<Slot> = vec![None; code.local_slots()];
    let args = call.args();
    let given = args.len();
    for (slot, value) in locals.iter_mut().zip(args.iter().take(argcount)) {
        *slot = Some(value.clone());
    }
    let mut next = argcount + kwonly;
    if source.flags & flags::VARARGS != 0 {
        let rest = args.get(argcount..).unwrap_or(&[]);
        locals[next] = Some(Tuple::from_slice(rest).into());
        next += 1;
    }
    let extra_names = if source.flags & flags::VARKEYWORDS != 0 {
        let dict = Dict::new_ref();
        locals[next] = Some(dict.to_value());
        Some(dict)
    } else {
        None
    };
    for (name, value) in call.keywords() {
        bind_keyword(vm, function, &mut locals, extra_names.as_deref(), name, value, &call)?;
    }
    if given > argcount && source.flags & flags::VARARGS == 0 {
        return Err(too_many(vm, function, given, &locals));
    }
    let defaults = function.defaults();
    let default_items: &[Value] = defaults.as_deref().map_or(&[], |d| d.items());
    if given < argcount {
        let first_default = argcount.saturating_sub(default_items.len());
        let missing: Vec<usize> =
            (given..first_default.min(argcount)).filter(|&i| locals[i].is_none()).collect();
        if !missing.is_empty() {
            return Err(missing_arguments(vm, function, &missing, "positional"));
        }
        let skip = default_items.len().saturating_sub(argcount);
        for i in first_default.max(given)..argcount {
            if locals[i].is_none() {
                locals[i] = default_items.get(skip + i - first_default).cloned();
            }
        }
    }
    if kwonly > 0 {
        let kwdefaults = function.kwdefaults();
        let mut missing = Vec::new();
        for i in argcount..argcount + kwonly {
            if locals[i].is_some() {
                continue;
            }
            let found = kwdefaults.as_ref().and_then(|d| d.get_str(&code.varname(i)));
            match found {
                Some(value) => locals[i] = Some(value),
                None => missing.push(i),
            }
        }
        if !missing.is_empty() {
            return Err(missing_arguments(vm, function, &missing, "keyword-only"));
        }
    }
    fill_cells(function, &mut locals);
    Ok(locals)
}

/// Makes the cells of the function's cell variables (a parameter moves into its cell) and takes the
/// closure's cells over.
fn fill_cells(function: &Obj<Function>, locals: &mut [Slot]) {
    let code = function.code();
    let nlocals = code.source.nlocals as usize;
    for (i, parameter) in code.cell_parameters().iter().enumerate() {
        let content = parameter.and_then(|p| locals[p as usize].take());
        locals[nlocals + i] = Some(CellObj::new_value(content));
    }
    let first_free = nlocals + code.source.cellvars.len();
    if let Some(closure) = function.closure() {
        for (slot, cell) in locals[first_free..].iter_mut().zip(closure.items()) {
            *slot = Some(cell.clone());
        }
    }
}

fn bind_keyword(
    vm: &Vm,
    function: &Obj<Function>,
    locals: &mut [Slot],
    extra: Option<&Obj<Dict>>,
    name: &Value,
    value: &Value,
    call: &CallArgs<'_>,
) -> PyResult<()> {
    let code = function.code();
    let source = &code.source;
    let qualname = function.qualname();
    let Some(text) = name.downcast::<Str>() else {
        return Err(vm.type_error(format!("{qualname}() keywords must be strings")));
    };
    let first = source.posonlyargcount as usize;
    let end = (source.argcount + source.kwonlyargcount) as usize;
    let mut found = None;
    for i in first..end {
        let parameter = code.varname(i);
        if std::ptr::eq::<Obj<Str>>(&*parameter, text) || parameter.equals(text) {
            found = Some(i);
            break;
        }
    }
    if let Some(at) = found {
        if locals[at].is_some() {
            return Err(
                vm.type_error(format!("{qualname}() got multiple values for argument '{text}'"))
            );
        }
        locals[at] = Some(value.clone());
        return Ok(());
    }
    if let Some(extra) = extra {
        return extra.insert(vm, name, value.clone());
    }
    // A positional-only parameter passed by name has its own message.
    let mut by_name = Vec::new();
    for (given, _) in call.keywords() {
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
fn missing_arguments(vm: &Vm, function: &Obj<Function>, missing: &[usize], kind: &str) -> Exc {
    let code = function.code();
    let names: Vec<String> = missing.iter().map(|&i| format!("'{}'", code.varname(i))).collect();
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
