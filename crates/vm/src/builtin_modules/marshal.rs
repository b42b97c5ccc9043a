//! `marshal`: values of the running machine to bytes and back, over `adder_bytecode::marshal`.
//!
//! Code objects keep all their fields (qualified names, positions): they are for Adder to read. Files
//! for CPython 3.6 are written by `adder compile`. CPython's counterpart: `Python/marshal.c`.

use crate::object::{Obj, Ref};
use crate::objects::bytes::Bytes;
use crate::objects::code::{Code, const_value, value_const};
use crate::objects::complex::ComplexObj;
use crate::objects::dict::Dict;
use crate::objects::int;
use crate::objects::list::List;
use crate::objects::module::Module;
use crate::objects::set::Set;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{buffer, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::Const;
use adder_bytecode::marshal::{Build, MarshalError, Reader, VERSION, Writer};
use adder_derive::pymodule;

/// What the current version is: 3.14's.
const CURRENT: i32 = 5;

fn error(vm: &Vm, error: MarshalError) -> Exc {
    match error {
        MarshalError::Eof => vm.eof_error("marshal data too short"),
        other => vm.value_error(other.to_string()),
    }
}

// ---- writing ----

/// Writes a value and what is in it.
fn write(vm: &Vm, writer: &mut Writer, value: &Value, allow_code: bool) -> PyResult<()> {
    let wrap = |result: Result<(), MarshalError>| result.map_err(|e| error(vm, e));
    wrap(writer.enter())?;
    if value.is_none() || value.is_ellipsis() || value.as_bool().is_some() {
        wrap(writer.constant(&value_const(vm, value)?))?;
        writer.leave();
        return Ok(());
    }
    if value.is(&vm.exceptions().stop_iteration.to_value()) {
        writer.stop_iteration();
        writer.leave();
        return Ok(());
    }
    // Only an object that others refer to as well can come again.
    let flag = match value.head() {
        Some(head) if head.refcount() > 1 => {
            match writer.reference(object::address(value) as usize) {
                Some(flag) => flag,
                None => {
                    writer.leave();
                    return Ok(());
                }
            }
        }
        _ => 0,
    };
    if let Some(f) = value.as_float_word() {
        writer.float(flag, f);
    } else if value.is_exact_int() {
        wrap(writer.int(flag, &int::to_int(value)))?;
    } else if let Some(c) = value.downcast_exact::<ComplexObj>() {
        writer.complex(flag, c.real, c.imag);
    } else if let Some(text) = value.downcast_exact::<Str>() {
        if let Const::Str(buf) = value_const(vm, value)? {
            wrap(writer.str(flag, &buf, text.is_interned()))?;
        }
    } else if let Some(items) = value.downcast_exact::<Tuple>() {
        wrap(writer.tuple(flag, items.len()))?;
        for item in items.items() {
            write(vm, writer, item, allow_code)?;
        }
    } else if let Some(list) = value.downcast_exact::<List>() {
        let items = list.to_vec();
        wrap(writer.sequence(b'[', flag, items.len()))?;
        for item in &items {
            write(vm, writer, item, allow_code)?;
        }
    } else if let Some(dict) = value.downcast_exact::<Dict>() {
        writer.dict(flag);
        for (key, item) in dict.items_vec() {
            write(vm, writer, &key, allow_code)?;
            write(vm, writer, &item, allow_code)?;
        }
        writer.null();
    } else if let Some(set) = value.downcast::<Set>() {
        write_set(vm, writer, flag, set, allow_code)?;
    } else if let Some(code) = value.downcast::<Code>() {
        if !allow_code {
            return Err(vm.value_error("marshalling code objects is disallowed"));
        }
        wrap(writer.code(flag, &code.source))?;
    } else if buffer::has_buffer(value) {
        wrap(writer.bytes(flag, &buffer::to_vec(vm, value)?))?;
    } else {
        return Err(vm.value_error("unmarshallable object"));
    }
    writer.leave();
    Ok(())
}

/// The elements of a set in the order of their own bytes, so that equal sets give equal files.
fn write_set(
    vm: &Vm,
    writer: &mut Writer,
    flag: u8,
    set: &Obj<Set>,
    allow_code: bool,
) -> PyResult<()> {
    let kind = if set.ty().is_subtype(crate::objects::set::frozenset_type()) { b'>' } else { b'<' };
    let mut items = Vec::new();
    for item in set.to_vec() {
        let mut own = Writer::new(VERSION).keep_all();
        write(vm, &mut own, &item, allow_code)?;
        items.push((own.finish(), item));
    }
    items.sort_by(|a, b| a.0.cmp(&b.0));
    writer.sequence(kind, flag, items.len()).map_err(|e| error(vm, e))?;
    for (_, item) in &items {
        write(vm, writer, item, allow_code)?;
    }
    Ok(())
}

fn dump(vm: &Vm, value: &Value, version: Option<i32>, allow_code: bool) -> PyResult<Vec<u8>> {
    let mut writer = Writer::new(version.unwrap_or(CURRENT)).keep_all();
    write(vm, &mut writer, value, allow_code)?;
    Ok(writer.finish())
}

// ---- reading ----

/// A failure while reading: of the bytes, or of Python code on the way.
enum Failure {
    Bytes(MarshalError),
    Python(Exc),
}

impl From<MarshalError> for Failure {
    fn from(error: MarshalError) -> Failure {
        Failure::Bytes(error)
    }
}

impl From<Exc> for Failure {
    fn from(exc: Exc) -> Failure {
        Failure::Python(exc)
    }
}

/// Makes values.
struct Maker<'a> {
    vm: &'a Vm,
    allow_code: bool,
}

impl Build for Maker<'_> {
    type Value = Value;
    type Error = Failure;

    fn constant(&mut self, value: &Const) -> Result<Value, Failure> {
        if let Const::Code(code) = value {
            if !self.allow_code {
                return Err(self.vm.value_error("unmarshalling code objects is disallowed").into());
            }
            if let Err(error) = adder_bytecode::verify::analyze(code) {
                return Err(self.vm.value_error(format!("bad marshal data ({error})")).into());
            }
        }
        Ok(const_value(self.vm, value))
    }
    fn stop_iteration(&mut self) -> Result<Value, Failure> {
        Ok(self.vm.exceptions().stop_iteration.to_value())
    }
    fn tuple(&mut self, items: Vec<Value>) -> Result<Value, Failure> {
        Ok(Tuple::from_vec(items).into())
    }
    fn frozenset(&mut self, items: Vec<Value>) -> Result<Value, Failure> {
        let set = Set::new_ref();
        for item in &items {
            set.add(self.vm, item)?;
        }
        Ok(Set::frozen_from(self.vm, &set.to_vec()))
    }
    fn list(&mut self) -> Result<Value, Failure> {
        Ok(List::from_vec(Vec::new()).into())
    }
    fn list_push(&mut self, list: &Value, item: Value) -> Result<(), Failure> {
        if let Some(list) = list.downcast::<List>() {
            list.push(item);
        }
        Ok(())
    }
    fn set(&mut self) -> Result<Value, Failure> {
        Ok(Set::new_ref().into())
    }
    fn set_add(&mut self, set: &Value, item: Value) -> Result<(), Failure> {
        match set.downcast::<Set>() {
            Some(set) => Ok(set.add(self.vm, &item)?),
            None => Ok(()),
        }
    }
    fn dict(&mut self) -> Result<Value, Failure> {
        Ok(Dict::new_ref().into())
    }
    fn dict_insert(&mut self, dict: &Value, key: Value, value: Value) -> Result<(), Failure> {
        match dict.downcast::<Dict>() {
            Some(dict) => Ok(dict.insert(self.vm, &key, value)?),
            None => Ok(()),
        }
    }
}

/// A value from bytes, and how many of them it took.
fn read(vm: &Vm, bytes: &[u8], allow_code: bool) -> PyResult<(Value, usize)> {
    let mut reader = Reader::new(bytes);
    match reader.read(&mut Maker { vm, allow_code }) {
        Ok(value) => Ok((value, reader.position())),
        Err(Failure::Bytes(e)) => Err(error(vm, e)),
        Err(Failure::Python(exc)) => Err(exc),
    }
}

/// A value from bytes.
pub fn loads(vm: &Vm, bytes: &[u8]) -> PyResult {
    read(vm, bytes, true).map(|(value, _)| value)
}

/// This module contains functions that can read and write Python values in
/// a binary format. The format is specific to Python, but independent of
/// machine architecture issues.
#[pymodule(name = "marshal")]
pub mod marshal {
    use super::*;

    /// Write the value on the open file.
    #[pyfunction(sig = "(value, file, version=5, /, *, allow_code=True)")]
    fn dump(
        vm: &Vm,
        value: &Value,
        file: &Value,
        version: Option<i32>,
        allow_code: Option<bool>,
    ) -> PyResult {
        let bytes = super::dump(vm, value, version, allow_code.unwrap_or(true))?;
        object::call_method(vm, file, &vm.names().write, &[Bytes::from_slice(&bytes).into()])
    }

    /// Return the bytes object that would be written to a file by dump(value, file).
    #[pyfunction(sig = "(value, version=5, /, *, allow_code=True)")]
    fn dumps(
        vm: &Vm,
        value: &Value,
        version: Option<i32>,
        allow_code: Option<bool>,
    ) -> PyResult<Ref<Bytes>> {
        super::dump(vm, value, version, allow_code.unwrap_or(true))
            .map(|bytes| Bytes::from_slice(&bytes))
    }

    /// Read one value from the open file and return it.
    #[pyfunction(sig = "(file, /, *, allow_code=True)")]
    fn load(vm: &Vm, file: &Value, allow_code: Option<bool>) -> PyResult {
        // The file may go on after the value: read all, and go back to where the value ended.
        let read_name = vm.intern("read");
        let whole = object::call_method(vm, file, &read_name, &[])?;
        if !buffer::has_buffer(&whole) {
            return Err(
                vm.type_error(format!("file.read() returned not bytes but {}", whole.ty().name()))
            );
        }
        let bytes = buffer::to_vec(vm, &whole)?;
        let (value, used) = super::read(vm, &bytes, allow_code.unwrap_or(true))?;
        if used < bytes.len() {
            let back = int::from_i64(used as i64 - bytes.len() as i64);
            object::call_method(vm, file, &vm.intern("seek"), &[back, Value::int_unchecked(1)])?;
        }
        Ok(value)
    }

    /// Convert the bytes-like object to a value.
    #[pyfunction(sig = "(bytes, /, *, allow_code=True)")]
    fn loads(vm: &Vm, bytes: &Value, allow_code: Option<bool>) -> PyResult {
        let bytes = buffer::to_vec(vm, bytes)?;
        super::read(vm, &bytes, allow_code.unwrap_or(true)).map(|(value, _)| value)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.set(vm, "version", Value::int_unchecked(CURRENT.into()));
        Ok(())
    }
}
