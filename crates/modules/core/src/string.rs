//! `_string`: what `string.Formatter` shares with `str.format`. CPython's counterpart:
//! `Objects/stringlib/unicode_format.h`.

use adder_derive::pymodule;
use adder_numtext::markup::{Chunks, Key, Step, split_field_name};
use adder_vm::objects::list::List;
use adder_vm::objects::str_::{Str, format};
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::iter;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Value, Vm};
use std::ops::Range;

fn piece(text: &Str, range: &Range<usize>) -> Value {
    text.substring(range.start, range.end).into()
}

fn key_value(text: &Str, key: &Key) -> Value {
    match key {
        Key::Index(i) => adder_vm::objects::int::from_i64(*i as i64),
        Key::Name(range) => piece(text, range),
    }
}

/// string helper module
#[pymodule(name = "_string")]
pub mod string {
    use super::*;

    /// split the argument as a field name
    #[pyfunction]
    fn formatter_field_name_split(vm: &Vm, string: &Obj<Str>) -> PyResult<(Value, Value)> {
        let text: &Str = string;
        let wrap = |e| format::error(vm, e);
        let (first, steps) = split_field_name(text, 0..text.len()).map_err(wrap)?;
        let mut rest = Vec::new();
        for step in steps {
            let (is_attribute, value) = match step.map_err(wrap)? {
                Step::Attribute(range) => (true, piece(text, &range)),
                Step::Item(key) => (false, key_value(text, &key)),
            };
            rest.push(Tuple::from_vec(vec![Value::bool(is_attribute), value]).into());
        }
        let rest = iter::iter(vm, &List::from_vec(rest).into())?;
        Ok((key_value(text, &first), rest))
    }

    /// parse the argument as a format string
    #[pyfunction]
    fn formatter_parser(vm: &Vm, string: &Obj<Str>) -> PyResult {
        let text: &Str = string;
        let mut all = Vec::new();
        for chunk in Chunks::new(text) {
            let chunk = chunk.map_err(|e| format::error(vm, e))?;
            let mut row = vec![piece(text, &chunk.literal)];
            match chunk.field {
                Some(field) => {
                    row.push(piece(text, &field.name));
                    row.push(piece(text, &field.spec));
                    row.push(match field.conversion {
                        Some(c) => adder_vm::objects::str_::intern::character(c).into(),
                        None => Value::NONE,
                    });
                }
                None => row.extend([Value::NONE, Value::NONE, Value::NONE]),
            }
            all.push(Tuple::from_vec(row).into());
        }
        iter::iter(vm, &List::from_vec(all).into())
    }
}
