//! Calls: finding the kind of callable, and going into Python functions without native recursion.

#![expect(unsafe_code, reason = "arguments become locals in place")]

use super::Done;
use crate::object::{Obj, Ref};
use crate::objects::builtin_function::BuiltinFunction;
use crate::objects::descr::MethodDescr;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::method::Method;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::methods::type_call;
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::call;
use crate::runtime::args::{CallArgs, NativeDef};
use crate::runtime::enter::{self, Entered};
use crate::runtime::errors::PyResult;
use crate::runtime::frame::Return;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::Instr;
use crate::runtime::signals;
use crate::runtime::vm::Vm;
use crate::value::Value;
use smallvec::SmallVec;
use std::sync::atomic::{Ordering, compiler_fence};

/// The Python function `n` words below the top, if that is what lies there. The stack keeps it alive
/// until its frame returns, so the reference may outlive the borrow of the registers.
#[inline(always)]
fn function_at<'a>(m: &Machine, n: usize) -> Option<&'a Obj<Function>> {
    let function = m.peek(n).downcast_exact::<Function>()?;
    // SAFETY: see above.
    Some(unsafe { &*(function as *const Obj<Function>) })
}

/// callable a ... z -- ; into a Python function that takes just these
#[inline(always)]
pub fn call_function(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
    let n = i.c as usize;
    function_at(m, n + 1).is_some_and(|f| enter_exactly(vm, m, f, n))
}

/// callable a ... z -- result of a native function that takes so many, or into another Python function
#[inline(always)]
pub fn call_function_native(vm: &Vm, m: &mut Machine, i: Instr) -> Option<Done> {
    let n = i.c as usize;
    if let Some(function) = function_at(m, n + 1) {
        m.save();
        return Some(m.outline(vm, move |m| enter_python(vm, m, function, n, Return::ToCaller)));
    }
    let Some(native) = m.peek(n + 1).downcast_exact::<BuiltinFunction>() else {
        return call_native_type(vm, m, n);
    };
    let def = native.unbound()?;
    if !def.takes(n) {
        return None;
    }
    let result = call_in_place(vm, m, def, n);
    let n = m.running().c as usize;
    Some(finish_call(m, n, result))
}

/// type a ... z -- instance of a type of Rust's, or anything else that such a type makes
#[inline(always)]
fn call_native_type(vm: &Vm, m: &mut Machine, n: usize) -> Option<Done> {
    if m.peek(n + 1).downcast_exact::<Type>()?.has_flag(TypeFlags::HEAP) {
        return None;
    }
    m.save();
    let result = make(vm, m.peek(n + 1), m.top_slice(n));
    *m = Machine::load(vm.frame.get());
    let n = m.running().c as usize;
    Some(finish_call(m, n, result))
}

#[inline(never)]
fn make(vm: &Vm, class: &Value, args: &[Value]) -> PyResult {
    vm.check_stack()?;
    type_call(vm, class, CallArgs::positional(args))
}

/// Calls a native function with the top `n` words, which it takes. The registers come back from the frame:
/// so none of them has to be kept across the call.
#[inline(always)]
pub fn call_in_place(vm: &Vm, m: &mut Machine, def: &NativeDef, n: usize) -> PyResult {
    m.save();
    let result = def.call_taking(vm, m.top_slice(n));
    *m = Machine::load(vm.frame.get());
    result
}

/// method owner a ... z -- ; into a Python method that takes just these
#[inline(always)]
pub fn call_method(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
    let n = i.c as usize;
    method_at(m, n + 2).is_some_and(|f| enter_exactly(vm, m, f, n + 1))
}

/// nothing function a ... z -- ; into a Python function that takes just these
#[inline(always)]
pub fn call_method_bound(vm: &Vm, m: &mut Machine, i: Instr) -> bool {
    let n = i.c as usize;
    // SAFETY: LoadMethod pushed two words below the arguments.
    if unsafe { (*m.slot(n + 2)).is_some() } || !m.peek(n + 1).is_exact::<Function>() {
        return false;
    }
    close_gap(m, n);
    if function_at(m, n + 1).is_some_and(|f| enter_exactly(vm, m, f, n)) {
        return true;
    }
    open_gap(m, n);
    false
}

/// The Python method that `LoadMethod` put `n` words below the top, if it put one.
#[inline(always)]
fn method_at<'a>(m: &Machine, n: usize) -> Option<&'a Obj<Function>> {
    // SAFETY: LoadMethod pushed two words below the arguments.
    unsafe { (*m.slot(n)).as_ref() }?;
    function_at(m, n)
}

/// method owner a ... z -- result of a native method that takes so many
#[inline(always)]
pub fn call_method_native(vm: &Vm, m: &mut Machine, i: Instr) -> Option<Done> {
    let n = i.c as usize;
    if let Some(function) = method_at(m, n + 2) {
        m.save();
        return Some(
            m.outline(vm, move |m| enter_python(vm, m, function, n + 1, Return::ToCaller)),
        );
    }
    // SAFETY: as above.
    let Some(method) = (unsafe { (*m.slot(n + 2)).as_ref() }) else {
        let def = m.peek(n + 1).downcast_exact::<BuiltinFunction>()?.unbound()?;
        if !def.takes(n) {
            return None;
        }
        let result = call_in_place(vm, m, def, n);
        let n = m.running().c as usize;
        close_gap(m, n);
        return Some(finish_call(m, n, result));
    };
    let method = method.downcast_exact::<MethodDescr>()?;
    if !m.peek(n + 1).head()?.ty().is_subtype(method.owner()) {
        return None;
    }
    call_method_def(vm, m, method.def(), n)
}

/// The same for an owner that is no object.
#[inline(always)]
pub fn call_method_word(vm: &Vm, m: &mut Machine, i: Instr) -> Option<Done> {
    let n = i.c as usize;
    // SAFETY: as above.
    let method = unsafe { (*m.slot(n + 2)).as_ref() }?.downcast_exact::<MethodDescr>()?;
    if !method.applies_to(m.peek(n + 1)) {
        return None;
    }
    call_method_def(vm, m, method.def(), n)
}

#[inline(always)]
fn call_method_def(vm: &Vm, m: &mut Machine, def: &NativeDef, n: usize) -> Option<Done> {
    if !def.takes(n + 1) {
        return None;
    }
    let result = call_in_place(vm, m, def, n + 1);
    let n = m.running().c as usize;
    Some(finish_call(m, n + 1, result))
}

/// method owner a ... z -- result | nothing callable a ... z -- result
pub fn call_method_any(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let n = i.c as usize;
    // SAFETY: as above.
    if unsafe { (*m.slot(n + 2)).is_some() } {
        return call_any(vm, m, n + 1);
    }
    close_gap(m, n);
    call_any(vm, m, n)
}

/// nothing callable a ... z -- callable a ... z
#[inline(always)]
fn close_gap(m: &mut Machine, n: usize) {
    // SAFETY: these words are on the stack; the lowest owns nothing.
    unsafe {
        let low = m.slot(n + 2);
        for at in 0..=n {
            low.add(at).write(low.add(at + 1).read());
            compiler_fence(Ordering::SeqCst);
        }
    }
    m.shrink(1);
}

/// The way back.
#[inline(always)]
fn open_gap(m: &mut Machine, n: usize) {
    // SAFETY: as above; there was one more word before.
    unsafe {
        let low = m.slot(n + 1);
        for at in (0..=n).rev() {
            low.add(at + 1).write(low.add(at).read());
            compiler_fence(Ordering::SeqCst);
        }
        low.write(None);
        m.sp = m.sp.add(1);
    }
}

/// Any callable `n` words below its arguments.
pub fn call_any(vm: &Vm, m: &mut Machine, n: usize) -> Done {
    if let Some(function) = function_at(m, n + 1) {
        return enter_python(vm, m, function, n, Return::ToCaller);
    }
    if let Some(ty) = m.peek(n + 1).downcast::<Type>()
        && let Some(init) = python_init(vm, ty)
    {
        // SAFETY: the type is on the stack.
        let ty: &Obj<Type> = unsafe { &*(ty as *const _) };
        return instantiate(vm, m, ty, init, n);
    }
    call_other(vm, m, n)
}

/// a b -- a b function a b, and into the function: what it returns may decline the operation, which
/// then still needs its operands.
pub fn call_operator(vm: &Vm, m: &mut Machine, function: Value) -> Done {
    let (a, b) = (m.peek(2).clone(), m.peek(1).clone());
    m.push(function);
    m.push(a);
    m.push(b);
    match function_at(m, 3) {
        Some(function) => enter_python(vm, m, function, 2, Return::FromOperator),
        None => Err(vm.system_error("a method changed while it was called")),
    }
}

/// object a ... z -- function object a ... z, and into the function: a special method.
pub fn call_special(vm: &Vm, m: &mut Machine, function: Value, n: usize) -> Done {
    // SAFETY: the arguments move up by one word.
    unsafe { insert_below(m, n, [function]) };
    call_any(vm, m, n)
}

/// The Python method of a class made at run time that a special method name stands for.
pub fn python_special(object: &Value, name: &Ref<Str>) -> Option<Value> {
    let ty = object.head()?.ty();
    if !ty.has_flag(TypeFlags::HEAP) {
        return None;
    }
    ty.lookup(name).filter(|f| f.is_exact::<Function>())
}

/// Goes into a Python function that takes just the `n` arguments on the stack above it.
#[inline(always)]
fn enter_exactly(vm: &Vm, m: &mut Machine, function: &Obj<Function>, n: usize) -> bool {
    if signals::is_set() {
        return false;
    }
    m.save();
    // SAFETY: `n` arguments lie at the top of the stack.
    match unsafe { enter::push_exact(vm, function, m.frame, m.slot(n), n) } {
        Some(registers) => {
            *m = registers;
            true
        }
        None => false,
    }
}

/// Goes into a simple Python function whose `n` arguments are on the stack above it, if nothing has
/// to be done before.
#[inline(always)]
fn enter_simple(vm: &Vm, m: &mut Machine, function: &Obj<Function>, n: usize, ret: Return) -> bool {
    if !function.is_simple(n) || signals::is_set() {
        return false;
    }
    m.save();
    // SAFETY: `n` arguments lie at the top of the stack.
    match unsafe { enter::push_simple(vm, function, m.frame, m.slot(n), n, ret) } {
        Some(frame) => {
            *m = Machine::load(frame);
            true
        }
        None => false,
    }
}

/// Goes into a Python function whose `n` arguments are on the stack above it.
fn enter_python(vm: &Vm, m: &mut Machine, function: &Obj<Function>, n: usize, ret: Return) -> Done {
    if enter_simple(vm, m, function, n, ret) {
        return Ok(());
    }
    enter_binding(vm, m, function, n, None, ret)
}

/// The same for any function and arguments, those of `names` last.
#[inline(never)]
fn enter_binding(
    vm: &Vm,
    m: &mut Machine,
    function: &Obj<Function>,
    n: usize,
    names: Option<&[Value]>,
    ret: Return,
) -> Done {
    if signals::is_set() {
        m.save();
        vm.handle_requests()?;
    }
    let args = m.slot(n);
    m.shrink(n);
    m.save();
    // SAFETY: the arguments lie where the caller's stack ends now, above the function.
    match unsafe { enter::enter(vm, function, m.frame, args, n, names, ret) }? {
        Entered::Frame(frame) => *m = Machine::load(frame),
        Entered::Generator(generator) => {
            m.replace(1, generator);
            if ret == Return::FromInit {
                return finish_init(vm, m);
            }
        }
    }
    Ok(())
}

/// `__init__` that is a generator function: its "result" is not None.
#[cold]
fn finish_init(vm: &Vm, m: &mut Machine) -> Done {
    let result = m.pop();
    Err(init_result_error(vm, &result))
}

#[cold]
pub fn init_result_error(vm: &Vm, result: &Value) -> crate::runtime::errors::Exc {
    vm.type_error(format!("__init__() should return None, not '{}'", result.ty().name()))
}

/// Calls anything that is not a plain Python function.
#[inline(never)]
fn call_other(vm: &Vm, m: &mut Machine, n: usize) -> Done {
    let callable = m.peek(n + 1);
    m.save();
    if let Some(f) = callable.downcast_exact::<MethodDescr>()
        && n > 0
        && f.applies_to(m.peek(n))
        && let Some(result) = f.def().call_positional(vm, m.top_slice(n))
    {
        return finish_call(m, n, result);
    }
    let result = if let Some(f) = callable.downcast_exact::<BuiltinFunction>() {
        f.call(vm, CallArgs::positional(m.top_slice(n)))
    } else if let Some(f) = callable.downcast_exact::<MethodDescr>() {
        f.call(vm, CallArgs::positional(m.top_slice(n)))
    } else if let Some(method) = callable.downcast_exact::<Method>()
        // The stack has room for the receiver of one, not of a method of a method and so on.
        && !method.function.is_exact::<Method>()
    {
        let (function, receiver) = (method.function.clone(), method.receiver.clone());
        // SAFETY: the arguments move up by one word.
        unsafe { insert_below(m, n, [receiver]) };
        m.replace(n + 2, function);
        return call_any(vm, m, n + 1);
    } else if callable.downcast::<Type>().is_some() {
        call::call_args(vm, callable, CallArgs::positional(m.top_slice(n)))
    } else if let Some(function) = python_special(callable, &vm.names().__call__) {
        return call_special(vm, m, function, n + 1);
    } else {
        call::call_args(vm, callable, CallArgs::positional(m.top_slice(n)))
    };
    finish_call(m, n, result)
}

/// callable a ... z -- result
#[inline(always)]
fn finish_call(m: &mut Machine, n: usize, result: PyResult) -> Done {
    let result = result?;
    m.drop_top(n);
    m.exchange(1, result);
    Ok(())
}

/// Puts values below the top `n` words.
///
/// # Safety
/// The stack has room: frames reserve some words beyond the verified depth.
unsafe fn insert_below<const N: usize>(m: &mut Machine, n: usize, values: [Value; N]) {
    // SAFETY: the top words move up, the values take their places.
    unsafe {
        let at = m.slot(n);
        std::ptr::copy(at, at.add(N), n);
        at.cast::<[Value; N]>().write(values);
        m.sp = m.sp.add(N);
    }
}

/// The Python `__init__` of a class whose instances are made by `object.__new__`, through an
/// ordinary metaclass: then the machine makes the instance itself.
fn python_init(vm: &Vm, ty: &Obj<Type>) -> Option<Value> {
    if !ty.has_plain_new(vm) {
        return None;
    }
    let init = ty.lookup(&vm.names().__init__)?;
    init.downcast_exact::<Function>()?;
    Some(init)
}

/// class a ... z -- instance
fn instantiate(vm: &Vm, m: &mut Machine, ty: &Obj<Type>, init: Value, n: usize) -> Done {
    let instance = crate::objects::object::allocate_instance(vm, ty)?;
    // SAFETY: the arguments move up by two words.
    unsafe { insert_below(m, n, [init, instance.clone()]) };
    m.replace(n + 3, instance);
    match function_at(m, n + 2) {
        Some(function) => enter_python(vm, m, function, n + 1, Return::FromInit),
        None => Err(vm.system_error("__init__ changed while it was called")),
    }
}

/// ... names -- ... ; the names of some of `n` arguments.
#[inline(always)]
fn pop_names(vm: &Vm, m: &mut Machine, n: usize) -> PyResult<Ref<Tuple>> {
    match m.pop().into_ref::<Tuple>() {
        Ok(names) if names.len() <= n && names.items().iter().all(Value::is_exact::<Str>) => {
            Ok(names)
        }
        _ => Err(vm.system_error("CALL_FUNCTION_KW without names")),
    }
}

/// method owner a ... z names -- result | nothing callable a ... z names -- result
#[inline(never)]
pub fn call_method_kw(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let n = i.c as usize;
    // SAFETY: LoadMethod pushed two words below the arguments and their names.
    if unsafe { (*m.slot(n + 3)).is_none() } {
        close_gap(m, n + 1);
        return call_function_kw(vm, m, i);
    }
    let names = pop_names(vm, m, n)?;
    m.save();
    let method = m.peek(n + 2);
    if method.is_exact::<Function>() {
        return enter_named(vm, m, n + 1, &names);
    }
    let args = CallArgs::new(m.top_slice(n + 1), Some(&names));
    let result = call::call_args(vm, method, args)?;
    m.drop_top(n + 1);
    m.replace(1, result);
    Ok(())
}

/// callable a ... z names -- result
#[inline(never)]
pub fn call_function_kw(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let n = i.c as usize;
    let names = pop_names(vm, m, n)?;
    m.save();
    let callable = m.peek(n + 1);
    if callable.is_exact::<Method>()
        && let Some(method) = callable.downcast_exact::<Method>()
        && method.function.is_exact::<Function>()
    {
        let (function, receiver) = (method.function.clone(), method.receiver.clone());
        // SAFETY: the arguments move up by one word, in place of the names.
        unsafe { insert_below(m, n, [receiver]) };
        m.replace(n + 2, function);
        return enter_named(vm, m, n + 1, &names);
    }
    if callable.is_exact::<Function>() {
        return enter_named(vm, m, n, &names);
    }
    if let Some(ty) = callable.downcast::<Type>()
        && let Some(init) = python_init(vm, ty)
    {
        // SAFETY: the type is on the stack until it is replaced, and then kept by its instance.
        let ty: &Obj<Type> = unsafe { &*(ty as *const _) };
        let instance = crate::objects::object::allocate_instance(vm, ty)?;
        // SAFETY: the arguments move up by two words.
        unsafe { insert_below(m, n, [init, instance.clone()]) };
        m.replace(n + 3, instance);
        return match function_at(m, n + 2) {
            Some(init) => enter_binding(vm, m, init, n + 1, Some(names.items()), Return::FromInit),
            None => Err(vm.system_error("__init__ changed while it was called")),
        };
    }
    let result = call::call_args(vm, callable, CallArgs::new(m.top_slice(n), Some(&names)))?;
    m.drop_top(n);
    m.replace(1, result);
    Ok(())
}

/// function a ... z -- result, the last arguments being named.
fn enter_named(vm: &Vm, m: &mut Machine, n: usize, names: &Obj<Tuple>) -> Done {
    match function_at(m, n + 1) {
        Some(function) => enter_binding(vm, m, function, n, Some(names.items()), Return::ToCaller),
        None => Err(vm.system_error("a function changed while it was called")),
    }
}

/// callable args [kwargs] -- ; into a Python function or method, if the arguments are a tuple and the named ones
/// a dict that has nothing but strings
#[inline(always)]
fn call_spread(vm: &Vm, m: &mut Machine, i: Instr) -> Option<Done> {
    let words = 1 + (i.c & 1) as usize;
    let callable = m.peek(words + 1);
    let method = callable.downcast_exact::<Method>();
    let function = method.map_or(callable, |method| &method.function);
    let function = function.downcast_exact::<Function>()?;
    let args = m.peek(words).downcast_exact::<Tuple>()?;
    let mut names: SmallVec<[Value; 8]> = SmallVec::new();
    let mut n = args.len() + usize::from(method.is_some());
    if words == 2 {
        let dict = m.peek(1).downcast_exact::<Dict>()?;
        if !dict.is_empty() {
            dict.for_each(|name, _| names.push(name.clone()));
            if !names.iter().all(Value::is_exact::<Str>) {
                return None;
            }
            n += names.len();
        }
    }
    let at = if m.frame().generator.is_null() { m.slot(words) } else { vm.stack.top.get() };
    if signals::is_set() || !vm.stack.has_room(at, n) {
        return None;
    }
    // SAFETY: the stack keeps it alive until its frame returns, by itself or in its method's place.
    let function: &Obj<Function> = unsafe { &*(function as *const _) };
    let receiver = method.map(|method| method.receiver.clone());
    let kwargs = if words == 2 { Some(m.pop()) } else { None };
    let args = m.pop();
    let mut method = None;
    if receiver.is_some() {
        // SAFETY: the callable lies there.
        method = unsafe { (*m.slot(1)).replace(function.to_value()) };
    }
    m.save();
    // SAFETY: there is room for the values behind the caller's stack, which ends at the function.
    let entered = unsafe {
        let mut place = at;
        if receiver.is_some() {
            place.write(receiver);
            place = place.add(1);
        }
        if let Some(args) = args.downcast_exact::<Tuple>() {
            for value in args.items() {
                place.write(Some(value.clone()));
                place = place.add(1);
            }
        }
        if !names.is_empty()
            && let Some(dict) = kwargs.as_ref().and_then(Value::downcast_exact::<Dict>)
        {
            dict.for_each(|_, value| {
                place.write(Some(value.clone()));
                place = place.add(1);
            });
        }
        let names = if names.is_empty() { None } else { Some(&names[..]) };
        enter::enter_at(vm, function, at, n, names, Return::ToCaller)
    };
    match entered {
        Ok(Entered::Frame(frame)) => {
            *m = Machine::load(frame);
            m.discard(kwargs);
            m.discard(Some(args));
            m.discard(method);
            Some(Ok(()))
        }
        Ok(Entered::Generator(generator)) => {
            m.replace(1, generator);
            Some(Ok(()))
        }
        Err(e) => Some(Err(e)),
    }
}

/// callable args [kwargs] -- result
#[inline(never)]
pub fn call_function_ex(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    if let Some(done) = call_spread(vm, m, i) {
        return done;
    }
    let kwargs = if i.c & 1 != 0 { Some(m.pop()) } else { None };
    let args = m.pop();
    m.save();
    let callable = m.peek(1).clone();
    let mut names = None;
    let mut named: SmallVec<[Value; 8]> = SmallVec::new();
    if let Some(kwargs) = kwargs {
        let exact = kwargs.downcast_exact::<Dict>().map(|d| d.to_ref());
        let dict = match exact {
            Some(dict) => dict,
            None => {
                let dict = Dict::new_ref();
                super::build::add_keywords(vm, &dict, &kwargs, &callable)?;
                dict
            }
        };
        if !dict.is_empty() {
            let mut keys: SmallVec<[Value; 8]> = SmallVec::new();
            dict.for_each(|key, value| {
                keys.push(key.clone());
                named.push(value.clone());
            });
            if keys.iter().any(|name| name.downcast::<Str>().is_none()) {
                return Err(vm.type_error("keywords must be strings"));
            }
            names = Some(Tuple::from_small(keys));
        }
    }
    let spread;
    let positional = match args.downcast_exact::<Tuple>() {
        Some(tuple) => tuple.items(),
        None => {
            spread = super::build::argument_sequence(vm, &callable, &args)?;
            &spread[..]
        }
    };
    if let Some(function) = callable.downcast_exact::<Function>() {
        let names = names.as_ref().map(|names| names.items());
        return enter_spread(vm, m, function, positional, named, names);
    }
    let result = if named.is_empty() {
        call::call(vm, &callable, positional)?
    } else {
        let mut values: SmallVec<[Value; 8]> = positional.iter().cloned().collect();
        values.extend(named);
        call::call_args(vm, &callable, CallArgs::new(&values, names.as_deref()))?
    };
    m.replace(1, result);
    Ok(())
}

/// function -- result, the arguments being elsewhere.
fn enter_spread(
    vm: &Vm,
    m: &mut Machine,
    function: &Obj<Function>,
    positional: &[Value],
    named: SmallVec<[Value; 8]>,
    names: Option<&[Value]>,
) -> Done {
    if signals::is_set() {
        vm.handle_requests()?;
    }
    let n = positional.len() + named.len();
    // The caller's verified stack need not have room for them, the thread's stack does.
    let at = if m.frame().generator.is_null() { m.sp } else { vm.stack.top.get() };
    if !vm.stack.has_room(at, n) {
        return Err(vm.recursion_error("maximum recursion depth exceeded"));
    }
    // SAFETY: there is room for the values behind the caller's stack, where nothing else lies.
    unsafe {
        for (i, value) in positional.iter().cloned().chain(named).enumerate() {
            at.add(i).write(Some(value));
        }
        match enter::enter_at(vm, function, at, n, names, Return::ToCaller)? {
            Entered::Frame(frame) => *m = Machine::load(frame),
            Entered::Generator(generator) => m.replace(1, generator),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, owners, token, with_vm};

    const CALLABLES: &str = "
def exact(a, b): return b
def default(a, b=1): return a
def rest(*args, **kws): return args, kws
class C:
    def __init__(self, a, b=1): self.a = a
    def method(self, a, b=1): return a
    def __call__(self, a, b=1): return a
    @staticmethod
    def static(a, b=1): return a
    @classmethod
    def of(cls, a, b=1): return a
class Made:
    def __new__(cls, a): return a
class Wrong:
    def __init__(self, a): return a
class Gen:
    def __init__(self, a): yield a
class Meta(type):
    def __call__(cls, a): return a
class Special(metaclass=Meta): pass
class Names(dict):
    def keys(self): return [1]
c = C(1)
bound = c.method
nested = type(bound)(bound, 5)
module = type(sys)('m')
module.f = exact
def gen(a): yield a
";

    /// Good calls, through each kind of callable.
    const GOOD: [&str; 26] = [
        "exact(t, t)",
        "exact(t, b=t)",
        "exact(*[t, t])",
        "exact(**{'a': t, 'b': t})",
        "default(t)",
        "rest(t, t, x=t)",
        "rest(*[t] * 200, **{'x': t})",
        "C(t)",
        "C(t, b=t)",
        "C(*[t])",
        "c.method(t)",
        "c.method(t, b=t)",
        "c.method(*[t])",
        "bound(t)",
        "bound(t, b=t)",
        "nested(t)",
        "c(t)",
        "c(t, b=t)",
        "C.static(t)",
        "c.of(t)",
        "Made(t)",
        "Special(t)",
        "module.f(t, t)",
        "list(gen(t))",
        "[].append(t)",
        "max(t, t, key=lambda x: 1)",
    ];

    /// Calls that fail before, while or after arguments are bound.
    const BAD: [&str; 18] = [
        "exact(t)",
        "exact(t, t, t)",
        "exact(t, c=t)",
        "C()",
        "C(t, t, t)",
        "c.method()",
        "c.method(t, a=t)",
        "bound()",
        "c(t, t, t)",
        "Made()",
        "Wrong(t)",
        "Gen(t)",
        "t(t, t)",
        "exact(*1)",
        "exact(t, **1)",
        "rest(**Names({1: t}))",
        "[].append(t, t)",
        "len(t, t)",
    ];

    #[test]
    fn calls_of_every_kind_leave_the_stack_as_it_was() {
        with_vm(|vm| {
            let session = Session::new(vm, "import sys");
            session.exec(CALLABLES);
            let value = token();
            session.set("t", value.clone());
            for source in GOOD {
                // In a function, deeper on the stack, and in a generator, which has a stack of its own.
                session.exec(&format!(
                    "
def run():
    for _ in range(30): r = {source}
    return [0, ({source}, {source}), 1][0]
def steps():
    for _ in range(5): yield len([1, {source}])
assert run() == 0 and list(steps()) == [2] * 5
"
                ));
                assert_eq!(owners(&value), 2, "{source}");
            }
            for source in BAD {
                session.exec(&format!(
                    "
def run():
    n = 0
    for _ in range(30):
        try: [1, (t, {source})]
        except TypeError: n += 1
    return n
def steps():
    for _ in range(5):
        try: yield [1, {source}]
        except TypeError: yield 1
assert run() == 30 and list(steps()) == [1] * 5
"
                ));
                assert_eq!(owners(&value), 2, "{source}");
            }
            assert!(vm.frame.get().is_null() && vm.recursion_depth() == 0);
        });
    }

    #[test]
    fn the_callable_may_go_while_it_runs() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
def build():
    class A:
        def __init__(self, t):
            del A.__init__
            self.t = [t]
        def m(self, t):
            global o
            o = None
            del A.m
            return [t, self][0]
    return A
def f(t):
    global f
    del f
    return [t for _ in range(3)][0]
kept = f
def run():
    global o, f
    for _ in range(20):
        o = build()(t)
        assert o.m(t) is t and o is None and f(t) is t
        f = kept
    del f
",
            );
            let value = token();
            session.set("t", value.clone());
            session.exec("run()\ndel kept");
            crate::runtime::gc::collect(vm, 2);
            assert_eq!(owners(&value), 2);
        });
    }
}
