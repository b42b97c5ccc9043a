//! The buffer protocol in Python (PEP 688): what a class's `__buffer__` gives out.
//!
//! CPython's counterpart: `slot_bf_getbuffer` and `_PyBufferWrapper` in `Objects/typeobject.c`.

use crate::object::Ref;
use crate::objects::memoryview::MemoryView;
use crate::protocol::buffer::{self, Buffer};
use crate::protocol::object;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// `PyBUF_FULL_RO`, and with `PyBUF_WRITABLE`.
const FULL_RO: i64 = 284;
const FULL: i64 = 285;

/// Keeps the view that `__buffer__` gave, and its object, until the buffer is given back.
#[pyclass(name = "_buffer_wrapper", no_new)]
pub struct BufferWrapper {
    view: Value,
    object: Value,
}

#[pymethods]
impl BufferWrapper {}

/// The buffer of an object whose class has a `__buffer__`.
pub fn get(vm: &Vm, object: &Value, writable: bool) -> PyResult<Buffer> {
    let flags = Value::int_unchecked(if writable { FULL } else { FULL_RO });
    let view = object::call_special(vm, object, &vm.intern("__buffer__"), &[flags])?;
    let view = view.unwrap_or(Value::NONE);
    if view.downcast::<MemoryView>().is_none() {
        return Err(vm.type_error("__buffer__ returned non-memoryview object"));
    }
    let mut inner = buffer::get(vm, &view, writable)?;
    vm.type_object::<BufferWrapper>();
    let owner: Value = Ref::new(BufferWrapper { view, object: object.clone() }).into();
    let lent = Buffer {
        owner,
        format: inner.format.clone(),
        item_size: inner.item_size,
        readonly: inner.readonly,
        shape: inner.shape.clone(),
        strides: inner.strides.clone(),
        offset: inner.offset,
        access,
        access_mut: inner.access_mut.map(|_| access_mut as fn(&Value, &mut dyn FnMut(&mut [u8]))),
        release: Some(release),
    };
    // The inner one is given back with the outer one.
    inner.release = None;
    Ok(lent)
}

fn access(owner: &Value, f: &mut dyn FnMut(&[u8])) {
    if let Some(wrapper) = owner.downcast::<BufferWrapper>() {
        super::memoryview::access(&wrapper.view, f);
    }
}

fn access_mut(owner: &Value, f: &mut dyn FnMut(&mut [u8])) {
    if let Some(wrapper) = owner.downcast::<BufferWrapper>() {
        super::memoryview::access_mut(&wrapper.view, f);
    }
}

fn release(owner: &Value) {
    let Some(wrapper) = owner.downcast::<BufferWrapper>() else { return };
    super::memoryview::give_back(&wrapper.view);
    Vm::with_current(|vm| {
        let name = vm.intern("__release_buffer__");
        if wrapper.object.ty().lookup(&name).is_none() {
            return;
        }
        let args = std::slice::from_ref(&wrapper.view);
        if let Err(e) = object::call_special(vm, &wrapper.object, &name, args) {
            vm.unraisable(e, "Exception ignored in __release_buffer__", Some(&wrapper.object));
        }
    });
}

/// `object.__buffer__(flags)` of a native type.
pub fn view(vm: &Vm, object: &Value, flags: &Value) -> PyResult {
    let flags = crate::protocol::number::to_ssize(vm, flags)?;
    if flags & 1 != 0 {
        drop(buffer::get(vm, object, true)?);
    }
    Ok(MemoryView::of_object(vm, object)?.into())
}
