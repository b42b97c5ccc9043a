//! `str.translate` and `str.maketrans`.

use super::{Str, StrBuilder};
use crate::object::{Obj, Ref};
use crate::objects::dict::Dict;
use crate::objects::int;
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// What a table says of a character.
#[derive(Clone)]
enum Answer {
    Keep,
    Delete,
    Code(u32),
    Text(Ref<Str>),
}

fn look_up(vm: &Vm, table: &Value, c: u32) -> PyResult<Answer> {
    let key = Value::int_unchecked(c.into());
    let found = match table.downcast_exact::<Dict>() {
        Some(dict) => match dict.get(vm, &key)? {
            Some(found) => found,
            None => return Ok(Answer::Keep),
        },
        None => match object::get_item(vm, table, &key) {
            Ok(found) => found,
            Err(e) if e.is(&vm.exceptions().lookup_error) => return Ok(Answer::Keep),
            Err(e) => return Err(e),
        },
    };
    if found.is_none() {
        return Ok(Answer::Delete);
    }
    if int::is_int(&found) {
        return match int::to_i64_exact(&found) {
            Some(c @ 0..=0x10_ffff) => Ok(Answer::Code(c as u32)),
            _ => Err(vm.value_error("character mapping must be in range(0x110000)")),
        };
    }
    found
        .into_ref::<Str>()
        .map(Answer::Text)
        .map_err(|_| vm.type_error("character mapping must return integer, None or str"))
}

/// `text.translate(table)`
pub fn translate(vm: &Vm, text: &Obj<Str>, table: &Value) -> PyResult<Ref<Str>> {
    // Each ASCII character is looked up once, as in CPython's fast path.
    let mut known: [Option<Answer>; 128] = [const { None }; 128];
    let mut out = StrBuilder::with_capacity(text.len());
    for c in text.code_points() {
        let answer = match known.get(c as usize) {
            Some(Some(answer)) => answer.clone(),
            Some(None) => {
                let answer = look_up(vm, table, c)?;
                known[c as usize] = Some(answer.clone());
                answer
            }
            None => look_up(vm, table, c)?,
        };
        match answer {
            Answer::Keep => out.push(c),
            Answer::Delete => {}
            Answer::Code(c) => out.push(c),
            Answer::Text(text) => out.push_obj(&text),
        }
    }
    out.finish_in(vm)
}

/// `str.maketrans(x[, y[, z]])`
pub fn maketrans(vm: &Vm, x: &Value, y: Option<&Value>, z: Option<&Value>) -> PyResult<Ref<Dict>> {
    let table = Dict::new_ref();
    let code = |c: u32| Value::int_unchecked(c.into());
    let Some(y) = y else {
        let Some(source) = x.downcast::<Dict>() else {
            return Err(
                vm.type_error("if you give only one argument to maketrans it must be a dict")
            );
        };
        for (key, value) in source.items_vec() {
            if let Some(text) = key.downcast::<Str>() {
                if text.len() != 1 {
                    return Err(
                        vm.value_error("string keys in translate table must be of length 1")
                    );
                }
                table.insert(vm, &code(text.at(0)), value)?;
            } else if int::is_int(&key) {
                table.insert(vm, &key, value)?;
            } else {
                return Err(vm.type_error("keys in translate table must be strings or integers"));
            }
        }
        return Ok(table);
    };
    let y = super::methods::text_argument(vm, y, "maketrans", 2)?;
    let z = z.map(|z| super::methods::text_argument(vm, z, "maketrans", 3)).transpose()?;
    let Some(x) = x.downcast::<Str>() else {
        return Err(vm.type_error(
            "first maketrans argument must be a string if there is a second argument",
        ));
    };
    if x.len() != y.len() {
        return Err(vm.value_error("the first two maketrans arguments must have equal length"));
    }
    for (from, to) in x.code_points().zip(y.code_points()) {
        table.insert(vm, &code(from), code(to))?;
    }
    for c in z.iter().flat_map(|z| z.code_points()) {
        table.insert(vm, &code(c), Value::NONE)?;
    }
    Ok(table)
}
