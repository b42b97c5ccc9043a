//! `BufferedRWPair`: a reader and a writer as one file. CPython's counterpart: `bufferedrwpair` in
//! `Modules/_io/bufferedio.c`.

use super::bufferedio::{BufferedIoBase, BufferedReader, BufferedWriter};
use super::iobase::check_able;
use super::{attribute, both, method};
use crate::support::Signature;
use adder_derive::{pyclass, pymethods};
use adder_vm::object::{Obj, Ref, ValueCell};
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{number, object};
use adder_vm::runtime::args::{CallArgs, VarArgs};
use adder_vm::{PyResult, Value, Vm};

/// A buffered reader and writer object together.
///
/// A buffered reader object and buffered writer object put together to
/// form a sequential IO object that can read and write. This is typically
/// used with a socket or two-way pipe.
///
/// reader and writer are RawIOBase objects that are readable and
/// writeable respectively. If the buffer_size is omitted it defaults to
/// DEFAULT_BUFFER_SIZE.
#[pyclass(
    name = "_io.BufferedRWPair",
    base = BufferedIoBase,
    base_type,
    has_dict,
    sig = "(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)"
)]
#[derive(Default)]
pub struct BufferedRwPair {
    reader: ValueCell,
    writer: ValueCell,
}

impl BufferedRwPair {
    fn half(&self, vm: &Vm, reader: bool) -> PyResult<Value> {
        let half = if reader { &self.reader } else { &self.writer };
        half.get().ok_or_else(|| vm.value_error("I/O operation on uninitialized object"))
    }
    fn forward(&self, vm: &Vm, reader: bool, name: &str, args: &[Value]) -> PyResult {
        method(vm, &self.half(vm, reader)?, name, args)
    }
}

#[pymethods]
impl BufferedRwPair {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(BufferedRwPair::default(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<BufferedRwPair>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        const SIGNATURE: Signature<3> =
            Signature { function: "BufferedRWPair", names: [""; 3], required: 2, positional: 3 };
        let [reader, writer, size] = SIGNATURE.bind(vm, args)?;
        let size = match size {
            Some(size) => number::to_ssize(vm, &size)?,
            None => super::DEFAULT_BUFFER_SIZE as isize,
        };
        let (reader, writer) = (reader.unwrap_or(Value::NONE), writer.unwrap_or(Value::NONE));
        check_able(vm, &reader, "readable", "File or stream is not readable.")?;
        check_able(vm, &writer, "writable", "File or stream is not writable.")?;
        let reader = BufferedReader::over(vm, reader, size)?;
        let writer = BufferedWriter::over(vm, writer, size)?;
        zelf.reader.set(Some(reader));
        zelf.writer.set(Some(writer));
        Ok(())
    }
    #[pymethod(sig = "($self, *args)")]
    fn read(zelf: &Obj<BufferedRwPair>, vm: &Vm, args: VarArgs) -> PyResult {
        zelf.forward(vm, true, "read", args.0.items())
    }
    #[pymethod(sig = "($self, *args)")]
    fn peek(zelf: &Obj<BufferedRwPair>, vm: &Vm, args: VarArgs) -> PyResult {
        zelf.forward(vm, true, "peek", args.0.items())
    }
    #[pymethod(sig = "($self, *args)")]
    fn read1(zelf: &Obj<BufferedRwPair>, vm: &Vm, args: VarArgs) -> PyResult {
        zelf.forward(vm, true, "read1", args.0.items())
    }
    #[pymethod(sig = "($self, *args)")]
    fn readinto(zelf: &Obj<BufferedRwPair>, vm: &Vm, args: VarArgs) -> PyResult {
        zelf.forward(vm, true, "readinto", args.0.items())
    }
    #[pymethod(sig = "($self, *args)")]
    fn readinto1(zelf: &Obj<BufferedRwPair>, vm: &Vm, args: VarArgs) -> PyResult {
        zelf.forward(vm, true, "readinto1", args.0.items())
    }
    #[pymethod(sig = "($self, *args)")]
    fn write(zelf: &Obj<BufferedRwPair>, vm: &Vm, args: VarArgs) -> PyResult {
        zelf.forward(vm, false, "write", args.0.items())
    }
    #[pymethod]
    fn flush(zelf: &Obj<BufferedRwPair>, vm: &Vm) -> PyResult {
        zelf.forward(vm, false, "flush", &[])
    }
    #[pymethod]
    fn readable(zelf: &Obj<BufferedRwPair>, vm: &Vm) -> PyResult {
        zelf.forward(vm, true, "readable", &[])
    }
    #[pymethod]
    fn writable(zelf: &Obj<BufferedRwPair>, vm: &Vm) -> PyResult {
        zelf.forward(vm, false, "writable", &[])
    }
    #[pymethod]
    fn close(zelf: &Obj<BufferedRwPair>, vm: &Vm) -> PyResult<()> {
        let writer = zelf.forward(vm, false, "close", &[]).map(drop);
        let reader = zelf.forward(vm, true, "close", &[]).map(drop);
        both(writer, reader)
    }
    #[pymethod]
    fn isatty(zelf: &Obj<BufferedRwPair>, vm: &Vm) -> PyResult {
        let answer = zelf.forward(vm, false, "isatty", &[])?;
        if object::is_true(vm, &answer)? {
            return Ok(answer);
        }
        zelf.forward(vm, true, "isatty", &[])
    }
    #[getter]
    fn closed(zelf: &Obj<BufferedRwPair>, vm: &Vm) -> PyResult {
        match zelf.writer.get() {
            Some(writer) => attribute(vm, &writer, "closed"),
            None => Err(vm.runtime_error("the BufferedRWPair object is being garbage-collected")),
        }
    }
}
