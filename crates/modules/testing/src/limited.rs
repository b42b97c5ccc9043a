//! `_testlimitedcapi`: what can be done with any object, one function for each operation of the
//! object, sequence and mapping protocols. CPython's counterpart: `Modules/_testlimitedcapi/object.c`
//! and `abstract.c` there.
//!
//! A name argument called "string" is bytes in UTF-8, as the functions of C take it.

use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::objects::bytes::{self, Bytes};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::slice::Slice;
use adder_vm::objects::str_::{Str, codec};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::{Type, generic, slots};
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::protocol::{call, compare, iter, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};

fn text_of(vm: &Vm, string: &Obj<Bytes>) -> PyResult<Ref<Str>> {
    codec::decode(vm, string.as_slice(), "utf-8", "strict")
}

fn name_of(vm: &Vm, string: &Obj<Bytes>) -> PyResult<Ref<Str>> {
    object::attribute_name(vm, &text_of(vm, string)?.into())
}

/// For functions that answer no where an error comes up, and report it.
fn present(vm: &Vm, found: PyResult<bool>, context: &str) -> bool {
    found.unwrap_or_else(|exc| {
        vm.unraisable(exc, context, None);
        false
    })
}

fn not_a(vm: &Vm, object: &Value, what: &str) -> Exc {
    vm.type_error(format!("'{}' object {what}", object.ty().name()))
}

fn sequence(vm: &Vm, object: &Value, lacks: &str) -> PyResult<()> {
    if object::is_sequence(object) {
        return Ok(());
    }
    Err(match object.downcast::<Dict>() {
        Some(_) => vm.type_error(format!("{} is not a sequence", object.ty().name())),
        None => not_a(vm, object, lacks),
    })
}

/// An index as the item functions hand it on: counted from the end, if it is negative and the class
/// is written in Python. The built-in types count themselves.
fn index(vm: &Vm, object: &Value, i: isize) -> PyResult<Value> {
    let counts: slots::Binary = generic::getitem;
    let slots = &object.ty().slots;
    let python = slots.getitem.get().is_some_and(|f| std::ptr::fn_addr_eq(f, counts));
    if i < 0 && python && slots.len.get().is_some() {
        let len = object::len(vm, object)? as isize;
        return Ok(int::from_i64(i.saturating_add(len) as i64));
    }
    Ok(int::from_i64(i as i64))
}

fn slice(i1: isize, i2: isize) -> Value {
    let end = |i: isize| int::from_i64(i as i64);
    Slice::new_value(end(i1), end(i2), Value::NONE)
}

/// `object.keys()` and its like, as a list.
fn listed(vm: &Vm, object: &Value, method: &str) -> PyResult<Ref<List>> {
    let all = object::call_method(vm, object, &vm.intern(method), &[])?;
    if !iter::is_iterable(&all) {
        return Err(vm.type_error(format!(
            "{}.{method}() returned a non-iterable (type {})",
            object.ty().name(),
            all.ty().name()
        )));
    }
    Ok(List::from_vec(iter::collect(vm, &all)?))
}

fn mapping_has(vm: &Vm, object: &Value, key: &Value) -> PyResult<bool> {
    match object::get_item(vm, object, key) {
        Ok(_) => Ok(true),
        Err(exc) if exc.is(&vm.exceptions().key_error) => Ok(false),
        Err(exc) => Err(exc),
    }
}

fn is_mapping(object: &Value) -> bool {
    object.ty().slots.getitem.get().is_some()
}

fn codec_part(vm: &Vm, encoding: &Obj<Str>, errors: Option<&Value>, part: &str) -> PyResult {
    let info = adder_vm::builtin_modules::codecs::lookup(vm, &encoding.to_string())?;
    let make = object::get_attr_str(vm, &info, part)?;
    if make.is_none() {
        return Err(vm.lookup_error(format!("no {part} for {encoding}")));
    }
    let args: Vec<Value> = errors.into_iter().cloned().collect();
    call::call(vm, &make, &args)
}

/// Callable with arguments as they lie.
#[pyclass(name = "_testlimitedcapi.LimitedVectorCallClass", vectorcall, no_gc)]
pub struct LimitedVectorCallClass {}

#[pymethods]
impl LimitedVectorCallClass {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(LimitedVectorCallClass {}, ty).into())
    }
    #[slot]
    fn call(_zelf: &Value, vm: &Vm, _args: CallArgs<'_>) -> PyResult {
        Ok(vm.str("vectorcall called"))
    }
}

#[pymodule(name = "_testlimitedcapi")]
pub mod limited {
    use super::*;

    // ---- objects ----

    #[pyfunction]
    fn object_repr(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
        object::repr(vm, object)
    }
    #[pyfunction]
    fn object_ascii(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
        object::ascii(vm, object)
    }
    #[pyfunction]
    fn object_str(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
        object::str(vm, object)
    }
    #[pyfunction]
    fn object_bytes(vm: &Vm, object: &Value) -> PyResult<Ref<Bytes>> {
        Bytes::copied(vm, &bytes::from_object(vm, object)?)
    }
    #[pyfunction]
    fn object_getattr(vm: &Vm, object: &Value, name: &Value) -> PyResult {
        object::get_attr(vm, object, &object::attribute_name(vm, name)?)
    }
    #[pyfunction]
    fn object_getattrstring(vm: &Vm, object: &Value, name: &Obj<Bytes>) -> PyResult {
        object::get_attr(vm, object, &name_of(vm, name)?)
    }
    #[pyfunction]
    fn object_hasattr(vm: &Vm, object: &Value, name: &Value) -> i64 {
        let found = object::attribute_name(vm, name)
            .and_then(|name| Ok(object::lookup_attr(vm, object, &name)?.is_some()));
        present(vm, found, "on testing an object attribute").into()
    }
    #[pyfunction]
    fn object_hasattrstring(vm: &Vm, object: &Value, name: &Obj<Bytes>) -> i64 {
        let found = name_of(vm, name)
            .and_then(|name| Ok(object::lookup_attr(vm, object, &name)?.is_some()));
        present(vm, found, "on testing an object attribute").into()
    }
    #[pyfunction]
    fn object_setattr(vm: &Vm, object: &Value, name: &Value, value: Value) -> PyResult<i64> {
        object::set_attr(vm, object, &object::attribute_name(vm, name)?, value).map(|()| 0)
    }
    #[pyfunction]
    fn object_setattrstring(
        vm: &Vm,
        object: &Value,
        name: &Obj<Bytes>,
        value: Value,
    ) -> PyResult<i64> {
        object::set_attr(vm, object, &name_of(vm, name)?, value).map(|()| 0)
    }
    #[pyfunction]
    fn object_delattr(vm: &Vm, object: &Value, name: &Value) -> PyResult<i64> {
        object::del_attr(vm, object, &object::attribute_name(vm, name)?).map(|()| 0)
    }
    #[pyfunction]
    fn object_delattrstring(vm: &Vm, object: &Value, name: &Obj<Bytes>) -> PyResult<i64> {
        object::del_attr(vm, object, &name_of(vm, name)?).map(|()| 0)
    }
    #[pyfunction]
    fn object_getitem(vm: &Vm, object: &Value, key: &Value) -> PyResult {
        object::get_item(vm, object, key)
    }
    #[pyfunction]
    fn object_setitem(vm: &Vm, object: &Value, key: &Value, value: Value) -> PyResult<i64> {
        object::set_item(vm, object, key, value).map(|()| 0)
    }
    #[pyfunction]
    fn object_delitem(vm: &Vm, object: &Value, key: &Value) -> PyResult<i64> {
        object::del_item(vm, object, key).map(|()| 0)
    }

    // ---- sequences ----

    #[pyfunction]
    fn sequence_check(_vm: &Vm, object: &Value) -> i64 {
        object::is_sequence(object).into()
    }
    #[pyfunction]
    fn sequence_size(vm: &Vm, object: &Value) -> PyResult<usize> {
        if object.downcast::<Dict>().is_some() {
            return Err(vm.type_error(format!("{} is not a sequence", object.ty().name())));
        }
        object::len(vm, object)
    }
    #[pyfunction]
    fn sequence_length(vm: &Vm, object: &Value) -> PyResult<usize> {
        sequence_size(vm, object)
    }
    #[pyfunction]
    fn sequence_concat(vm: &Vm, object: &Value, other: &Value) -> PyResult {
        sequence(vm, object, "can't be concatenated")?;
        number::binary(vm, object, other, BinOp::Add)
    }
    #[pyfunction]
    fn sequence_inplaceconcat(vm: &Vm, object: &Value, other: &Value) -> PyResult {
        sequence(vm, object, "can't be concatenated")?;
        number::inplace(vm, object, other, BinOp::Add)
    }
    #[pyfunction]
    fn sequence_repeat(vm: &Vm, object: &Value, count: isize) -> PyResult {
        sequence(vm, object, "can't be repeated")?;
        number::binary(vm, object, &int::from_i64(count as i64), BinOp::Mul)
    }
    #[pyfunction]
    fn sequence_inplacerepeat(vm: &Vm, object: &Value, count: isize) -> PyResult {
        sequence(vm, object, "can't be repeated")?;
        number::inplace(vm, object, &int::from_i64(count as i64), BinOp::Mul)
    }
    #[pyfunction]
    fn sequence_getitem(vm: &Vm, object: &Value, i: isize) -> PyResult {
        sequence(vm, object, "does not support indexing")?;
        object::get_item(vm, object, &index(vm, object, i)?)
    }
    #[pyfunction]
    fn sequence_setitem(vm: &Vm, object: &Value, i: isize, value: Value) -> PyResult<i64> {
        sequence(vm, object, "does not support item assignment")?;
        object::set_item(vm, object, &index(vm, object, i)?, value).map(|()| 0)
    }
    #[pyfunction]
    fn sequence_delitem(vm: &Vm, object: &Value, i: isize) -> PyResult<i64> {
        sequence(vm, object, "doesn't support item deletion")?;
        object::del_item(vm, object, &index(vm, object, i)?).map(|()| 0)
    }
    #[pyfunction]
    fn sequence_getslice(vm: &Vm, object: &Value, i1: isize, i2: isize) -> PyResult {
        sequence(vm, object, "is unsliceable")?;
        object::get_item(vm, object, &slice(i1, i2))
    }
    #[pyfunction]
    fn sequence_setslice(
        vm: &Vm,
        object: &Value,
        i1: isize,
        i2: isize,
        value: Value,
    ) -> PyResult<i64> {
        sequence(vm, object, "doesn't support slice assignment")?;
        object::set_item(vm, object, &slice(i1, i2), value).map(|()| 0)
    }
    #[pyfunction]
    fn sequence_delslice(vm: &Vm, object: &Value, i1: isize, i2: isize) -> PyResult<i64> {
        sequence(vm, object, "doesn't support slice deletion")?;
        object::del_item(vm, object, &slice(i1, i2)).map(|()| 0)
    }
    #[pyfunction]
    fn sequence_contains(vm: &Vm, object: &Value, value: &Value) -> PyResult<i64> {
        Ok(object::contains(vm, object, value)?.into())
    }
    #[pyfunction]
    fn sequence_count(vm: &Vm, object: &Value, value: &Value) -> PyResult<i64> {
        let mut n = 0;
        iter::for_each(vm, object, |item| {
            n += i64::from(compare::equal(vm, &item, value)?);
            Ok(true)
        })?;
        Ok(n)
    }
    #[pyfunction]
    fn sequence_index(vm: &Vm, object: &Value, value: &Value) -> PyResult<i64> {
        let (mut at, mut found) = (-1, false);
        iter::for_each(vm, object, |item| {
            at += 1;
            found = compare::equal(vm, &item, value)?;
            Ok(!found)
        })?;
        if found { Ok(at) } else { Err(vm.value_error("sequence.index(x): x not in sequence")) }
    }
    #[pyfunction]
    fn sequence_list(vm: &Vm, object: &Value) -> PyResult<Ref<List>> {
        Ok(List::from_vec(iter::collect(vm, object)?))
    }
    #[pyfunction]
    fn sequence_tuple(vm: &Vm, object: &Value) -> PyResult {
        if object.is_exact::<Tuple>() {
            return Ok(object.clone());
        }
        Ok(Tuple::from_vec(iter::collect(vm, object)?).into())
    }

    // ---- mappings ----

    #[pyfunction]
    fn mapping_check(_vm: &Vm, object: &Value) -> i64 {
        is_mapping(object).into()
    }
    #[pyfunction]
    fn mapping_size(vm: &Vm, object: &Value) -> PyResult<usize> {
        object::len(vm, object)
    }
    #[pyfunction]
    fn mapping_length(vm: &Vm, object: &Value) -> PyResult<usize> {
        object::len(vm, object)
    }
    #[pyfunction]
    fn mapping_keys(vm: &Vm, object: &Value) -> PyResult<Ref<List>> {
        listed(vm, object, "keys")
    }
    #[pyfunction]
    fn mapping_values(vm: &Vm, object: &Value) -> PyResult<Ref<List>> {
        listed(vm, object, "values")
    }
    #[pyfunction]
    fn mapping_items(vm: &Vm, object: &Value) -> PyResult<Ref<List>> {
        listed(vm, object, "items")
    }
    #[pyfunction]
    fn mapping_getitemstring(vm: &Vm, object: &Value, key: &Obj<Bytes>) -> PyResult {
        object::get_item(vm, object, &text_of(vm, key)?.into())
    }
    #[pyfunction]
    fn mapping_setitemstring(
        vm: &Vm,
        object: &Value,
        key: &Obj<Bytes>,
        value: Value,
    ) -> PyResult<i64> {
        object::set_item(vm, object, &text_of(vm, key)?.into(), value).map(|()| 0)
    }
    #[pyfunction]
    fn mapping_delitem(vm: &Vm, object: &Value, key: &Value) -> PyResult<i64> {
        object::del_item(vm, object, key).map(|()| 0)
    }
    #[pyfunction]
    fn mapping_delitemstring(vm: &Vm, object: &Value, key: &Obj<Bytes>) -> PyResult<i64> {
        object::del_item(vm, object, &text_of(vm, key)?.into()).map(|()| 0)
    }
    #[pyfunction]
    fn mapping_haskey(vm: &Vm, object: &Value, key: &Value) -> i64 {
        present(vm, mapping_has(vm, object, key), "on testing a mapping key").into()
    }
    #[pyfunction]
    fn mapping_haskeystring(vm: &Vm, object: &Value, key: &Obj<Bytes>) -> i64 {
        let found = text_of(vm, key).and_then(|key| mapping_has(vm, object, &key.into()));
        present(vm, found, "on testing a mapping key").into()
    }
    #[pyfunction]
    fn mapping_haskeywitherror(vm: &Vm, object: &Value, key: &Value) -> PyResult<i64> {
        Ok(mapping_has(vm, object, key)?.into())
    }
    #[pyfunction]
    fn mapping_haskeystringwitherror(vm: &Vm, object: &Value, key: &Obj<Bytes>) -> PyResult<i64> {
        Ok(mapping_has(vm, object, &text_of(vm, key)?.into())?.into())
    }

    // ---- calls ----

    /// callable("foo", baz="bar"), with the arguments as they lie.
    #[pyfunction]
    fn call_vectorcall(vm: &Vm, callable: &Value) -> PyResult {
        call::call_named(vm, callable, &[vm.str("foo")], &[("baz", vm.str("bar"))])
    }
    /// receiver.f("foo", baz="bar")
    #[pyfunction]
    fn call_vectorcall_method(vm: &Vm, callable: &Value) -> PyResult {
        let method = object::get_attr_str(vm, callable, "f")?;
        call::call_named(vm, &method, &[vm.str("foo")], &[("baz", vm.str("bar"))])
    }

    // ---- codecs ----

    #[pyfunction]
    fn codec_incrementalencoder(vm: &Vm, encoding: &Obj<Str>, errors: Option<&Value>) -> PyResult {
        codec_part(vm, encoding, errors, "incrementalencoder")
    }
    #[pyfunction]
    fn codec_incrementaldecoder(vm: &Vm, encoding: &Obj<Str>, errors: Option<&Value>) -> PyResult {
        codec_part(vm, encoding, errors, "incrementaldecoder")
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<LimitedVectorCallClass>());
        Ok(())
    }
}
