//! Today's instructions: pattern matching, exception groups, asynchronous iteration, intrinsics.

use super::Done;
use crate::objects::dict::Dict;
use crate::objects::exception_group;
use crate::objects::exceptions::ExcObj;
use crate::objects::generator::Generator;
use crate::objects::list::List;
use crate::objects::str_::Str;
use crate::objects::template;
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeFlags};
use crate::objects::typevar;
use crate::protocol::{call, iter, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::machine::Machine;
use crate::runtime::prepared::{Instr, P};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::flags;
use adder_bytecode::opcode::{CommonConstant, Intrinsic1, Intrinsic2};

/// subject -- subject len
pub fn get_len(vm: &Vm, m: &mut Machine) -> Done {
    let len = object::len(vm, m.peek(1))?;
    m.push(Value::int_unchecked(len as i64));
    Ok(())
}

pub fn match_mapping(m: &mut Machine) {
    let is = m.peek(1).ty().has_flag(TypeFlags::MAPPING);
    m.push(Value::bool(is));
}

pub fn match_sequence(m: &mut Machine) {
    let is = m.peek(1).ty().has_flag(TypeFlags::SEQUENCE);
    m.push(Value::bool(is));
}

/// subject keys -- subject keys values-or-None
pub fn match_keys(vm: &Vm, m: &mut Machine) -> Done {
    let (subject, keys) = (m.peek(2).clone(), m.peek(1).clone());
    let keys = iter::collect(vm, &keys)?;
    let get = object::get_attr(vm, &subject, &vm.names().get)?;
    // A value that no mapping can hold tells that the key is missing.
    let marker: Value = List::from_vec(Vec::new()).into();
    let mut values = Vec::with_capacity(keys.len());
    for (i, key) in keys.iter().enumerate() {
        for other in &keys[..i] {
            if crate::protocol::compare::equal(vm, key, other)? {
                return Err(vm.value_error(format!(
                    "mapping pattern checks duplicate key ({})",
                    object::repr(vm, key)?
                )));
            }
        }
        let value = call::call(vm, &get, &[key.clone(), marker.clone()])?;
        if value.is(&marker) {
            m.push(Value::NONE);
            return Ok(());
        }
        values.push(value);
    }
    m.push(Tuple::from_vec(values).into());
    Ok(())
}

/// subject class names -- attributes-or-None
pub fn match_class(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (names, class, subject) = (m.pop(), m.pop(), m.pop());
    let result = match_class_value(vm, &subject, &class, &names, i.c as usize)?;
    m.push(result.unwrap_or(Value::NONE));
    Ok(())
}

fn match_class_value(
    vm: &Vm,
    subject: &Value,
    class: &Value,
    names: &Value,
    positional: usize,
) -> PyResult<Option<Value>> {
    let Some(ty) = class.downcast::<Type>() else {
        return Err(vm.type_error("called match pattern must be a class"));
    };
    if !object::is_instance(vm, subject, class)? {
        return Ok(None);
    }
    let mut seen: Vec<String> = Vec::new();
    let mut values = Vec::new();
    if positional > 0 {
        let match_args = object::lookup_attr(vm, class, &vm.names().__match_args__)?;
        let allowed = match &match_args {
            Some(args) => match args.downcast::<Tuple>() {
                Some(args) => args.items().to_vec(),
                None => {
                    return Err(vm.type_error(format!(
                        "{}.__match_args__ must be a tuple (got {})",
                        ty.name(),
                        args.ty().name()
                    )));
                }
            },
            None => Vec::new(),
        };
        let self_match = match_args.is_none() && matches_itself(ty);
        let limit = if self_match { 1 } else { allowed.len() };
        if positional > limit {
            return Err(vm.type_error(format!(
                "{}() accepts {limit} positional sub-pattern{} ({positional} given)",
                ty.name(),
                if limit == 1 { "" } else { "s" }
            )));
        }
        if self_match {
            values.push(subject.clone());
        } else {
            for name in &allowed[..positional] {
                let Some(text) = name.downcast::<Str>() else {
                    return Err(vm.type_error(format!(
                        "__match_args__ elements must be strings (got {})",
                        name.ty().name()
                    )));
                };
                match match_attribute(vm, subject, ty, text, &mut seen)? {
                    Some(value) => values.push(value),
                    None => return Ok(None),
                }
            }
        }
    }
    for name in iter::collect(vm, names)? {
        let Some(text) = name.downcast::<Str>() else { continue };
        match match_attribute(vm, subject, ty, text, &mut seen)? {
            Some(value) => values.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(Tuple::from_vec(values).into()))
}

fn match_attribute(
    vm: &Vm,
    subject: &Value,
    ty: &Type,
    name: &Str,
    seen: &mut Vec<String>,
) -> PyResult<Option<Value>> {
    let text = name.to_string();
    if seen.contains(&text) {
        return Err(vm.type_error(format!(
            "{}() got multiple sub-patterns for attribute '{text}'",
            ty.name()
        )));
    }
    seen.push(text.clone());
    object::lookup_attr(vm, subject, &vm.intern(&text))
}

/// Built-in types whose single positional pattern is the subject itself (PEP 634).
fn matches_itself(ty: &Type) -> bool {
    const NAMES: [&str; 11] = [
        "bool",
        "bytearray",
        "bytes",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "set",
        "str",
        "tuple",
    ];
    ty.mro().iter().any(|t| !t.has_flag(TypeFlags::HEAP) && NAMES.contains(&&*t.name()))
}

/// exception types -- rest match
pub fn check_eg_match(vm: &Vm, m: &mut Machine) -> Done {
    let (types, exc) = (m.pop(), m.pop());
    if exc.is_none() {
        m.push(Value::NONE);
        m.push(Value::NONE);
        return Ok(());
    }
    check_star_types(vm, &types)?;
    let Some(raised) = exc.downcast::<ExcObj>() else {
        return Err(vm.system_error("CHECK_EG_MATCH on something else"));
    };
    let (matched, rest) = if exception_group::is_group(vm, raised) {
        exception_group::split(vm, &exc, &types)?
    } else if crate::objects::exceptions::matches(vm, &exc, &types)? {
        let group = vm.exceptions().exception_group_base.to_value();
        let list: Value = List::from_vec(vec![exc.clone()]).into();
        let wrapped = call::call(vm, &group, &[vm.str(""), list])?;
        if let Some(w) = wrapped.downcast::<ExcObj>() {
            w.set_traceback(raised.traceback());
        }
        (Some(wrapped), None)
    } else {
        (None, Some(exc.clone()))
    };
    if let Some(matched) = matched.as_ref().and_then(|v| v.downcast::<ExcObj>()) {
        let old = vm.exc_state().handled.replace(Some(Exc(matched.to_ref())));
        drop(old);
    }
    m.push(rest.unwrap_or(Value::NONE));
    m.push(matched.unwrap_or(Value::NONE));
    Ok(())
}

fn check_star_types(vm: &Vm, types: &Value) -> PyResult<()> {
    let all = match types.downcast::<Tuple>() {
        Some(tuple) => tuple.items().to_vec(),
        None => vec![types.clone()],
    };
    for ty in all {
        let Some(class) = ty.downcast::<Type>() else {
            return Err(vm.type_error(
                "catching classes that do not inherit from BaseException is not allowed",
            ));
        };
        if class.is_subtype(&vm.exceptions().exception_group_base) {
            return Err(vm.type_error(
                "catching ExceptionGroup with except* is not allowed. Use except instead.",
            ));
        }
    }
    Ok(())
}

// ---- asynchronous code ----

/// iterable -- iterator, a generator staying itself
pub fn get_yield_from_iter(vm: &Vm, m: &mut Machine) -> Done {
    let value = m.peek(1);
    if let Some(generator) = value.downcast::<Generator>() {
        let inside = flags::COROUTINE | flags::ITERABLE_COROUTINE;
        if generator.is_coroutine() && m.code().source.flags & inside == 0 {
            return Err(vm.type_error(
                "cannot 'yield from' a coroutine object in a non-coroutine generator",
            ));
        }
        return Ok(());
    }
    let iterator = iter::iter(vm, value)?;
    m.replace(1, iterator);
    Ok(())
}

/// awaitable -- iterator
pub fn get_awaitable(vm: &Vm, m: &mut Machine) -> Done {
    let value = m.peek(1);
    if value.ty().slots.await_.get().is_none() && value.downcast::<Generator>().is_none() {
        // What `async with` awaits has another name in the error.
        let before = m.index().checked_sub(1).and_then(|at| m.prepared().at(at));
        let method = match before.map(|i| i.op) {
            Some(P::BeforeAsyncWith) => "__aenter__",
            Some(P::WithCleanupStart) => "__aexit__",
            _ => "",
        };
        if !method.is_empty() {
            return Err(vm.type_error(format!(
                "'async with' received an object from {method} that does not implement __await__: {}",
                value.ty().name()
            )));
        }
    }
    let iterator = awaitable_iter(vm, value)?;
    if let Some(coroutine) = iterator.downcast::<Generator>()
        && coroutine.is_coroutine()
        && coroutine.delegate().is_some()
    {
        return Err(vm.runtime_error("coroutine is being awaited already"));
    }
    m.replace(1, iterator);
    Ok(())
}

/// The iterator that drives an awaitable.
pub fn awaitable_iter(vm: &Vm, value: &Value) -> PyResult {
    if let Some(generator) = value.downcast::<Generator>()
        && (generator.is_coroutine() || generator.is_iterable_coroutine())
    {
        return Ok(value.clone());
    }
    let Some(method) = value.ty().slots.await_.get() else {
        return Err(vm.type_error(format!("'{}' object can't be awaited", value.ty().name())));
    };
    let iterator = method(vm, value)?;
    if iterator.downcast::<Generator>().is_some_and(|g| g.is_coroutine()) {
        return Err(vm.type_error("__await__() returned a coroutine"));
    }
    if iterator.ty().slots.iternext.get().is_none() {
        return Err(vm.type_error(format!(
            "__await__() returned non-iterator of type '{}'",
            iterator.ty().name()
        )));
    }
    Ok(iterator)
}

/// iterable -- asynchronous iterator
pub fn get_aiter(vm: &Vm, m: &mut Machine) -> Done {
    let value = m.peek(1);
    let Some(method) = value.ty().slots.aiter.get() else {
        return Err(vm.type_error(format!(
            "'async for' requires an object with __aiter__ method, got {}",
            value.ty().name()
        )));
    };
    let iterator = method(vm, value)?;
    if iterator.ty().slots.anext.get().is_none() {
        return Err(vm.type_error(format!(
            "'async for' received an object from __aiter__ that does not implement __anext__: {}",
            iterator.ty().name()
        )));
    }
    m.replace(1, iterator);
    Ok(())
}

/// iterator -- iterator awaitable
pub fn get_anext(vm: &Vm, m: &mut Machine) -> Done {
    let value = m.peek(1);
    let Some(method) = value.ty().slots.anext.get() else {
        return Err(vm.type_error(format!(
            "'async for' requires an iterator with __anext__ method, got {}",
            value.ty().name()
        )));
    };
    let next = method(vm, value)?;
    let awaitable = awaitable_iter(vm, &next).map_err(|e| {
        let new = vm.type_error(format!(
            "'async for' received an invalid object from __anext__: {}",
            next.ty().name()
        ));
        new.0.set_cause(Some(e.0));
        new
    })?;
    m.push(awaitable);
    Ok(())
}

// ---- template strings, constants, intrinsics ----

/// strings interpolations -- template
pub fn build_template(vm: &Vm, m: &mut Machine) -> Done {
    let (interpolations, strings) = (m.pop(), m.pop());
    let template = template::template(vm, &strings, &interpolations)?;
    m.push(template);
    Ok(())
}

/// value source [spec] -- interpolation
pub fn build_interpolation(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let spec = if i.c & 1 != 0 { m.pop() } else { vm.str("") };
    let (source, value) = (m.pop(), m.pop());
    let conversion = match i.c >> 1 {
        1 => vm.str("s"),
        2 => vm.str("r"),
        3 => vm.str("a"),
        _ => Value::NONE,
    };
    m.push(template::interpolation(vm, value, source, conversion, spec));
    Ok(())
}

/// -- class
pub fn load_common_constant(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let e = vm.exceptions();
    let class = match CommonConstant::from_arg(i.c) {
        Some(CommonConstant::AssertionError) => &e.assertion_error,
        Some(CommonConstant::NotImplementedError) => &e.not_implemented_error,
        Some(CommonConstant::StopAsyncIteration) => &e.stop_async_iteration,
        None => return Err(vm.system_error("unknown common constant")),
    };
    m.push(class.to_value());
    Ok(())
}

/// a -- result
pub fn call_intrinsic_1(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let a = m.pop();
    let result = match Intrinsic1::from_arg(i.c) {
        Some(which) => typevar::intrinsic_1(vm, which, &a)?,
        None => return Err(vm.system_error("unknown intrinsic")),
    };
    m.push(result);
    Ok(())
}

/// a b -- result
pub fn call_intrinsic_2(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (b, a) = (m.pop(), m.pop());
    let result = match Intrinsic2::from_arg(i.c) {
        Some(Intrinsic2::PrepReraiseStar) => prep_reraise_star(vm, &a, &b)?,
        Some(Intrinsic2::SetFunctionTypeParams) => {
            object::set_attr(vm, &a, &vm.names().__type_params__, b)?;
            a
        }
        Some(Intrinsic2::MappingRest) => {
            let rest = Dict::new_ref();
            crate::objects::dict::methods::update_from(vm, &rest, &a)?;
            for key in iter::collect(vm, &b)? {
                drop(rest.remove(vm, &key)?);
            }
            rest.into()
        }
        Some(which) => typevar::intrinsic_2(vm, which, a, b)?,
        None => return Err(vm.system_error("unknown intrinsic")),
    };
    m.push(result);
    Ok(())
}

/// What an `except*` statement raises in the end: nothing, one exception as it is, or a group of
/// what was raised in the handlers and what no handler took.
fn prep_reraise_star(vm: &Vm, original: &Value, raised: &Value) -> PyResult {
    let all: Vec<Value> = iter::collect(vm, raised)?.into_iter().filter(|v| !v.is_none()).collect();
    if all.is_empty() {
        return Ok(Value::NONE);
    }
    let Some(group) = original.downcast::<ExcObj>() else { return Ok(Value::NONE) };
    if !exception_group::is_group(vm, group) {
        return Ok(all.into_iter().next().unwrap_or(Value::NONE));
    }
    // What is left of the original keeps the original's metadata; the rest was newly raised.
    let same_origin = |v: &Value| -> bool {
        let Some(e) = v.downcast::<ExcObj>() else { return false };
        exception_group::is_group(vm, e)
            && e.traceback().map(|t| t.bits()) == group.traceback().map(|t| t.bits())
            && e.cause().map(|c| c.head().address()) == group.cause().map(|c| c.head().address())
    };
    let (left, new): (Vec<Value>, Vec<Value>) = all.into_iter().partition(same_origin);
    let mut parts = new;
    match left.len() {
        0 => {}
        1 if parts.is_empty() => return Ok(left.into_iter().next().unwrap_or(Value::NONE)),
        1 => parts.extend(left),
        _ => {
            let merged = merge_groups(vm, group, &left)?;
            if parts.is_empty() {
                return Ok(merged.unwrap_or(Value::NONE));
            }
            parts.extend(merged);
        }
    }
    if let [only] = parts.as_slice() {
        return Ok(only.clone());
    }
    let class = vm.exceptions().exception_group_base.to_value();
    let list: Value = List::from_vec(parts).into();
    call::call(vm, &class, &[vm.str(""), list])
}

/// The parts of a group that are left, in the shape of the original.
fn merge_groups(
    vm: &Vm,
    group: &crate::object::Obj<ExcObj>,
    parts: &[Value],
) -> PyResult<Option<Value>> {
    vm.check_stack()?;
    let mut leaves: Vec<Value> = Vec::new();
    for part in parts {
        collect_leaves(vm, part, &mut leaves)?;
    }
    keep_leaves(vm, group, &leaves)
}

fn collect_leaves(vm: &Vm, exc: &Value, leaves: &mut Vec<Value>) -> PyResult<()> {
    vm.check_stack()?;
    match exc.downcast::<ExcObj>() {
        Some(e) if exception_group::is_group(vm, e) => {
            for member in exception_group::members(vm, e) {
                collect_leaves(vm, &member, leaves)?;
            }
        }
        _ => leaves.push(exc.clone()),
    }
    Ok(())
}

fn keep_leaves(
    vm: &Vm,
    group: &crate::object::Obj<ExcObj>,
    leaves: &[Value],
) -> PyResult<Option<Value>> {
    vm.check_stack()?;
    let mut kept = Vec::new();
    for member in exception_group::members(vm, group) {
        match member.downcast::<ExcObj>() {
            Some(e) if exception_group::is_group(vm, e) => {
                kept.extend(keep_leaves(vm, e, leaves)?);
            }
            _ if leaves.iter().any(|l| l.is(&member)) => kept.push(member),
            _ => {}
        }
    }
    exception_group::derive(vm, group, kept)
}
