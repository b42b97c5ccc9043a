//! `PickleBuffer`: an object whose bytes may travel beside the pickle (PEP 574).

use adder_derive::{pyclass, pymethods};
use adder_vm::object::ValueCell;
use adder_vm::objects::memoryview::MemoryView;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::buffer::{self, Buffer};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};

/// Wrapper for potentially out-of-band buffers
#[pyclass(name = "_pickle.PickleBuffer")]
pub struct PickleBuffer {
    /// None after `release()`.
    object: ValueCell,
    /// A view of the object, which keeps it from being resized.
    view: ValueCell,
}

#[cold]
fn released(vm: &Vm) -> Exc {
    vm.value_error("operation forbidden on released PickleBuffer object")
}

impl PickleBuffer {
    /// The bytes of the object it wraps.
    pub fn get(&self, vm: &Vm, writable: bool) -> PyResult<Buffer> {
        let object = self.object.get().ok_or_else(|| released(vm))?;
        buffer::get(vm, &object, writable)
    }
}

/// Do the items lie one after the other, with the first or the last dimension running fastest?
pub fn is_contiguous(buffer: &Buffer) -> bool {
    let mut expected = buffer.item_size as isize;
    let fortran = buffer.shape.iter().zip(&buffer.strides).all(|(&n, &stride)| {
        let fits = n <= 1 || stride == expected;
        expected *= n as isize;
        fits
    });
    fortran || buffer.is_contiguous()
}

#[pymethods]
impl PickleBuffer {
    #[slot(name = "PickleBuffer", sig = "(object, /)")]
    fn new(vm: &Vm, ty: &Obj<Type>, object: &Value) -> PyResult {
        if !buffer::has_buffer(object) {
            return Err(vm.type_error(format!(
                "a bytes-like object is required, not '{}'",
                object.ty().name()
            )));
        }
        let view = Value::from(MemoryView::of_object(vm, object)?);
        let made = PickleBuffer { object: object.clone().into(), view: view.into() };
        Ok(Ref::with_type(made, ty).into())
    }
    #[slot]
    fn buffer(zelf: &Obj<PickleBuffer>, vm: &Vm, writable: bool) -> PyResult<Buffer> {
        zelf.get(vm, writable)
    }
    /// Return a memoryview of the raw memory underlying this buffer.
    /// Will raise BufferError is the buffer isn't contiguous.
    #[pymethod]
    fn raw(zelf: &Obj<PickleBuffer>, vm: &Vm) -> PyResult {
        let buffer = zelf.get(vm, false)?;
        if !is_contiguous(&buffer) {
            return Err(vm.buffer_error("cannot extract raw buffer from non-contiguous buffer"));
        }
        Ok(MemoryView::flat(buffer).into())
    }
    /// Release the underlying buffer exposed by the PickleBuffer object.
    #[pymethod]
    fn release(zelf: &Obj<PickleBuffer>, _vm: &Vm) {
        zelf.object.set(None);
        zelf.view.set(None);
    }
}
