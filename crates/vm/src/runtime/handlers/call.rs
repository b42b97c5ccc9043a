//! Calls: finding the kind of callable, and going into Python functions without native recursion.

#![expect(unsafe_code, reason = "arguments become locals in place")]

use super::Done;
use crate::object::Obj;
use crate::objects::builtin_function::BuiltinFunction;
use crate::objects::descr::MethodDescr;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::method::Method;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::call;
use crate::runtime::args::CallArgs;
use crate::runtime::enter;
use crate::runtime::errors::PyResult;
use crate::runtime::frame::Return;
use crate::runtime::machine::Machine;
use crate::runtime::prepared::Instr;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// The Python function `n` words below the top, if that is what lies there. The stack keeps it alive
/// until its frame returns, so the reference may outlive the borrow of the registers.
#[inline(always)]
fn function_at<'a>(m: &Machine, n: usize) -> Option<&'a Obj<Function>> {
    let function = m.peek(n).downcast_exact::<Function>()?;
    // SAFETY: see above.
    Some(unsafe { &*(function as *const Obj<Function>) })
}

/// callable a ... z -- result
#[inline(always)]
pub fn call_function(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let n = i.c as usize;
    if let Some(function) = function_at(m, n + 1) {
        return enter_python(vm, m, function, n, Return::ToCaller);
    }
    let mut copy = *m;
    let done = call_other(vm, &mut copy, n);
    *m = copy;
    done
}

/// method owner a ... z -- result | nothing callable a ... z -- result
#[inline(always)]
pub fn call_method(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let n = i.c as usize;
    // SAFETY: LoadMethod pushed two words below the arguments.
    let method = unsafe { (*m.slot(n + 2)).as_ref() };
    if let Some(method) = method {
        if method.is_exact::<Function>()
            && let Some(function) = function_at(m, n + 2)
        {
            return enter_python(vm, m, function, n + 1, Return::ToCaller);
        }
        let mut copy = *m;
        let done = call_other(vm, &mut copy, n + 1);
        *m = copy;
        return done;
    }
    let mut copy = *m;
    let done = call_bound(vm, &mut copy, n);
    *m = copy;
    done
}

/// nothing callable a ... z -- result
#[inline(never)]
fn call_bound(vm: &Vm, m: &mut Machine, n: usize) -> Done {
    // Close the gap: the callable and its arguments sink by one word, over the nothing.
    // SAFETY: these words are on the stack; the lowest owns nothing.
    unsafe {
        let low = m.slot(n + 2);
        std::ptr::copy(low.add(1), low, n + 1);
    }
    m.shrink(1);
    if let Some(function) = function_at(m, n + 1) {
        return enter_python(vm, m, function, n, Return::ToCaller);
    }
    call_other(vm, m, n)
}

/// Goes into a Python function whose `n` arguments are on the stack above it.
#[inline(always)]
fn enter_python(vm: &Vm, m: &mut Machine, function: &Obj<Function>, n: usize, ret: Return) -> Done {
    m.save();
    if function.is_simple(n) {
        // SAFETY: `n` arguments lie at the top of the stack.
        let frame = unsafe { enter::push_simple(vm, function, m.frame, m.slot(n), n, ret) };
        if let Some(frame) = frame {
            *m = Machine::load(frame);
            return Ok(());
        }
    }
    let mut copy = *m;
    let done = enter_python_slow(vm, &mut copy, function, n, ret);
    *m = copy;
    done
}

#[inline(never)]
fn enter_python_slow(
    vm: &Vm,
    m: &mut Machine,
    function: &Obj<Function>,
    n: usize,
    ret: Return,
) -> Done {
    let args = m.pop_vec(n);
    m.save();
    enter_bound(vm, m, function, CallArgs::positional(&args), ret)
}

/// Binds arguments that have been taken off the stack, then enters the function on top of it (or
/// makes its generator).
fn enter_bound(
    vm: &Vm,
    m: &mut Machine,
    function: &Obj<Function>,
    args: CallArgs<'_>,
    ret: Return,
) -> Done {
    let locals = enter::bind_arguments(vm, function, args)?;
    if function.code().makes_generator() {
        let generator = crate::objects::generator::make(vm, function, locals)?;
        m.replace(1, generator);
        if ret == Return::FromInit {
            return finish_init(vm, m);
        }
        return Ok(());
    }
    // A generator's own stack is no place for another frame.
    let at = if m.frame().generator.is_null() { m.sp } else { vm.stack.top.get() };
    // SAFETY: the stack is free above `at`.
    let frame = unsafe { enter::push_bound(vm, function, at, locals, ret)? };
    *m = Machine::load(frame);
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
    let result = if let Some(f) = callable.downcast_exact::<BuiltinFunction>() {
        f.call(vm, CallArgs::positional(m.top_slice(n)))
    } else if let Some(f) = callable.downcast_exact::<MethodDescr>() {
        f.call(vm, CallArgs::positional(m.top_slice(n)))
    } else if let Some(method) = callable.downcast_exact::<Method>() {
        return call_method_object(vm, m, method.function.clone(), method.receiver.clone(), n);
    } else if let Some(ty) = callable.downcast::<Type>() {
        match python_init(vm, ty) {
            // SAFETY: the type is on the stack.
            Some(init) => return instantiate(vm, m, unsafe { &*(ty as *const _) }, init, n),
            None => call::call_args(vm, callable, CallArgs::positional(m.top_slice(n))),
        }
    } else {
        call::call_args(vm, callable, CallArgs::positional(m.top_slice(n)))
    }?;
    m.drop_top(n);
    m.replace(1, result);
    Ok(())
}

/// A bound method object: its function goes below, its receiver in front of the arguments.
fn call_method_object(
    vm: &Vm,
    m: &mut Machine,
    function: Value,
    receiver: Value,
    n: usize,
) -> Done {
    let args = m.pop_vec(n);
    m.replace(1, function);
    m.push(receiver);
    for arg in args {
        m.push(arg);
    }
    if let Some(function) = function_at(m, n + 2) {
        return enter_python(vm, m, function, n + 1, Return::ToCaller);
    }
    call_other(vm, m, n + 1)
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
    let args = m.pop_vec(n);
    m.replace(1, instance.clone());
    m.push(init);
    m.push(instance);
    for arg in args {
        m.push(arg);
    }
    // One word more than the caller's verified depth: frames reserve room for it.
    match function_at(m, n + 2) {
        Some(function) => enter_python(vm, m, function, n + 1, Return::FromInit),
        None => Err(vm.system_error("__init__ changed while it was called")),
    }
}

/// callable a ... z names -- result
#[inline(never)]
pub fn call_function_kw(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let n = i.c as usize;
    let Ok(names) = m.pop().into_ref::<Tuple>() else {
        return Err(vm.system_error("CALL_FUNCTION_KW without names"));
    };
    m.save();
    if let Some(function) = function_at(m, n + 1) {
        let args = m.pop_vec(n);
        return enter_bound(vm, m, function, CallArgs::new(&args, Some(&names)), Return::ToCaller);
    }
    let result = call::call_args(vm, m.peek(n + 1), CallArgs::new(m.top_slice(n), Some(&names)))?;
    m.drop_top(n);
    m.replace(1, result);
    Ok(())
}

/// callable args [kwargs] -- result
#[inline(never)]
pub fn call_function_ex(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let kwargs = if i.c & 1 != 0 { Some(m.pop()) } else { None };
    let args = m.pop();
    m.save();
    let callable = m.peek(1).clone();
    let mut values = super::build::argument_sequence(vm, &callable, &args)?;
    let mut names = Vec::new();
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
        for (name, value) in dict.items_vec() {
            if name.downcast::<crate::objects::str_::Str>().is_none() {
                return Err(vm.type_error("keywords must be strings"));
            }
            names.push(name);
            values.push(value);
        }
    }
    let names = if names.is_empty() { None } else { Some(Tuple::from_vec(names)) };
    let call_args = CallArgs::new(&values, names.as_deref());
    if let Some(function) = callable.downcast_exact::<Function>() {
        return enter_bound(vm, m, function, call_args, Return::ToCaller);
    }
    let result: Value = call_any(vm, &callable, call_args)?;
    m.replace(1, result);
    Ok(())
}

fn call_any(vm: &Vm, callable: &Value, args: CallArgs<'_>) -> PyResult {
    call::call_args(vm, callable, args)
}
