//! Containers, functions and classes from what is on the stack.

#![expect(unsafe_code, reason = "words move from the stack into a tuple")]

use super::Done;
use crate::object::Ref;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::list::List;
use crate::objects::set::Set;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{iter, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::machine::Machine;
use crate::runtime::prepared::Instr;
use crate::runtime::vm::Vm;
use crate::value::Value;
use smallvec::SmallVec;

#[inline(always)]
pub fn build_tuple(vm: &Vm, m: &mut Machine, i: Instr) {
    let n = i.c as usize;
    let items = m.slot(n).cast::<Value>();
    m.shrink(n);
    // The registers come back from the frame: so none has to be kept.
    m.save();
    // SAFETY: the top `n` words are values, which move into the tuple.
    let tuple = unsafe { Tuple::from_words(items, n) };
    *m = Machine::load(vm.frame.get());
    m.push(tuple.into());
}

#[inline(always)]
pub fn build_list(m: &mut Machine, i: Instr) {
    let items = m.pop_vec(i.c as usize);
    m.push(List::from_vec(items).into());
}

pub fn build_set(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let items = m.pop_vec(i.c as usize);
    let set = Set::new_ref();
    for item in &items {
        set.add(vm, item)?;
    }
    m.push(set.into());
    Ok(())
}

pub fn build_map(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let items = m.pop_vec(2 * i.c as usize);
    let dict = Dict::with_capacity(i.c as usize);
    for pair in items.chunks_exact(2) {
        dict.insert(vm, &pair[0], pair[1].clone())?;
    }
    m.push(dict.into());
    Ok(())
}

pub fn build_const_key_map(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let keys = m.pop();
    let values = m.pop_few(i.c as usize);
    let dict = Dict::with_capacity(values.len());
    match keys.downcast::<Tuple>() {
        Some(keys) if keys.len() == values.len() => {
            for (key, value) in keys.items().iter().zip(values) {
                match key.downcast_exact::<Str>() {
                    Some(name) => drop(dict.insert_str(&name.to_ref(), value)),
                    None => dict.insert(vm, key, value)?,
                }
            }
        }
        _ => return Err(vm.system_error("bad BUILD_CONST_KEY_MAP keys argument")),
    }
    m.push(dict.into());
    Ok(())
}

/// What is called, for error texts: `f()`, `C()`.
fn callable_name(vm: &Vm, callable: &Value) -> String {
    let attribute = |name: &Ref<Str>| {
        let found = object::lookup_attr(vm, callable, name).ok().flatten()?;
        found.downcast::<Str>().map(|text| text.to_string_lossy())
    };
    match (attribute(&vm.names().__qualname__), attribute(&vm.names().__module__)) {
        (Some(name), Some(module)) if module != "builtins" => format!("{module}.{name}()"),
        (Some(name), _) => format!("{name}()"),
        (None, _) => object::str(vm, callable).map(|t| t.to_string_lossy()).unwrap_or_default(),
    }
}

/// iterables -- one sequence
fn join_iterables(vm: &Vm, parts: &[Value]) -> PyResult<SmallVec<[Value; 8]>> {
    let mut all: SmallVec<[Value; 8]> = SmallVec::new();
    for part in parts {
        if let Some(tuple) = part.downcast_exact::<Tuple>() {
            vm.need((all.len() + tuple.items().len()) * 2 * size_of::<Value>())?;
            for item in tuple.items() {
                all.push(item.clone());
            }
            continue;
        }
        if !iter::is_iterable(part) {
            return Err(vm.type_error(format!(
                "Value after * must be an iterable, not {}",
                object::type_name_or_none_type(part)
            )));
        }
        let items = iter::collect(vm, part)?;
        // They are copied once more, into what is built.
        vm.need((all.len() + items.len()) * 2 * size_of::<Value>())?;
        all.extend(items);
    }
    Ok(all)
}

#[cold]
fn not_iterable_argument(vm: &Vm, callable: &Value, part: &Value) -> Exc {
    vm.type_error(format!(
        "{} argument after * must be an iterable, not {}",
        callable_name(vm, callable),
        part.ty().name()
    ))
}

pub fn build_list_unpack(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let parts = m.pop_few(i.c as usize);
    let items = join_iterables(vm, &parts)?;
    m.push(List::from_vec(items.into_vec()).into());
    Ok(())
}

pub fn build_tuple_unpack(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let parts = m.pop_few(i.c as usize);
    let items = join_iterables(vm, &parts)?;
    m.push(Tuple::from_small(items).into());
    Ok(())
}

pub fn build_set_unpack(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let parts = m.pop_vec(i.c as usize);
    let set = Set::new_ref();
    for part in &parts {
        set.update(vm, part)?;
    }
    m.push(set.into());
    Ok(())
}

pub fn build_map_unpack(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let parts = m.pop_vec(i.c as usize);
    let dict = Dict::new_ref();
    for part in &parts {
        if !crate::objects::dict::methods::is_mapping(vm, part)? {
            return Err(vm.type_error(format!("'{}' object is not a mapping", part.ty().name())));
        }
        crate::objects::dict::methods::update_from(vm, &dict, part)?;
    }
    m.push(dict.into());
    Ok(())
}

/// As above for a call: names must be new. callable args maps... -- callable args dict
pub fn build_map_unpack_with_call(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let parts = m.pop_vec(i.c as usize);
    let callable = m.peek(2).clone();
    let dict = Dict::new_ref();
    for part in &parts {
        add_keywords(vm, &dict, part, &callable)?;
    }
    m.push(dict.into());
    Ok(())
}

/// Adds a mapping of keyword arguments; that they are strings is for the call to see.
pub fn add_keywords(vm: &Vm, dict: &Dict, part: &Value, callable: &Value) -> PyResult<()> {
    if !crate::objects::dict::methods::is_mapping(vm, part)? {
        return Err(vm.type_error(format!(
            "{} argument after ** must be a mapping, not {}",
            callable_name(vm, callable),
            part.ty().name()
        )));
    }
    for (key, value) in crate::objects::dict::methods::mapping_items(vm, part)? {
        if dict.contains(vm, &key)? {
            return Err(vm.type_error(format!(
                "{} got multiple values for keyword argument '{}'",
                callable_name(vm, callable),
                object::str(vm, &key)?
            )));
        }
        dict.insert(vm, &key, value)?;
    }
    Ok(())
}

/// The argument sequence of `CALL_FUNCTION_EX`.
pub fn argument_sequence(vm: &Vm, callable: &Value, args: &Value) -> PyResult<Vec<Value>> {
    if !iter::is_iterable(args) {
        return Err(not_iterable_argument(vm, callable, args));
    }
    iter::collect(vm, args)
}

/// [defaults] [kwdefaults] [annotations or annotate] [closure] code qualname -- function
pub fn make_function(vm: &Vm, m: &mut Machine, i: Instr) -> Done {
    let (qualname, code) = (m.pop(), m.pop());
    let (Ok(code), Ok(qualname)) = (code.into_ref::<Code>(), qualname.into_ref::<Str>()) else {
        return Err(vm.system_error("MAKE_FUNCTION without code and name"));
    };
    let mut part = |flag: u32| if i.c & flag != 0 { Some(m.pop()) } else { None };
    let closure = part(8);
    let annotate = part(16);
    let annotations = part(4);
    let kwdefaults = part(2);
    let defaults = part(1);
    let (globals, builtins) = (m.frame().globals().to_ref(), m.frame().builtins().to_ref());
    let function = Function::with_builtins(vm, code, globals, builtins, qualname);
    if let Some(closure) = closure {
        function.set_closure(vm, &closure)?;
    }
    function.set_defaults(defaults);
    function.set_kwdefaults(kwdefaults);
    function.set_annotations(annotations);
    function.set_annotate(annotate);
    m.push(function.into());
    Ok(())
}

/// -- __build_class__
pub fn load_build_class(vm: &Vm, m: &mut Machine) -> Done {
    let builtins = m.frame().builtins().to_ref();
    match super::names::dict_get(vm, &builtins, &vm.names().__build_class__)? {
        Some(value) => {
            m.push(value);
            Ok(())
        }
        None => Err(vm.exception(&vm.exceptions().name_error, "__build_class__ not found".into())),
    }
}

/// value --
pub fn print_expr(vm: &Vm, m: &mut Machine) -> Done {
    let value = m.pop();
    match vm.sys_get(&vm.names().displayhook) {
        Some(hook) => crate::protocol::call::call(vm, &hook, &[value]).map(drop),
        None => Err(vm.runtime_error("lost sys.displayhook")),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, owners, token, with_vm};

    #[test]
    fn what_is_built_owns_what_was_on_the_stack() {
        with_vm(|vm| {
            let session = Session::new(vm, "");
            let value = token();
            session.set("t", value.clone());
            for source in [
                "()",
                "(t,)",
                "(t, t, t)",
                "[]",
                "[t, t]",
                "{1: t, 2: t}",
                "{1, 2}",
                "slice(t, t)",
                "x[t:t, t::t]",
                "(*[t, t], t)",
                "[*(t,), *[t]]",
                "{**{1: t}, 2: t}",
                "{*'ab'}",
                "f'{t}{t!r:>5}'",
                "(t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t)",
                "lambda a=t, *, b=t: (a, b, t)",
                "(lambda: [t for _ in (t, t)])()",
                "print(t, file=n) if n else t",
            ] {
                session
                    .exec("class X:\n    def __getitem__(self, key): return key\nx, n = X(), None");
                session.exec(&format!("def run():\n    for _ in range(20): r = {source}\nrun()"));
                assert_eq!(owners(&value), 2, "{source}");
            }
            // Those that fail half way.
            for source in [
                "(*[t, t], *1)",
                "[t, *1]",
                "{1: t, **1}",
                "{t}",
                "{1: 2, t: 3}",
                "f'{t:x}'",
                "(t, t, 1 / 0)",
            ] {
                for _ in 0..10 {
                    session.raises(source);
                    assert_eq!(owners(&value), 2, "{source}");
                }
            }
            let long = format!("({}t)", "t, ".repeat(5000));
            session.exec(&format!("assert len({long}) == 5001"));
            assert_eq!(owners(&value), 2);
        });
    }
}
