//! The buffer protocol: bytes that an object lends out (PEP 3118).
//!
//! A `Buffer` keeps its owner alive and, for resizable owners, its size fixed while it exists.
//! `memoryview` adds shapes and formats (`objects/memoryview.rs`).

use crate::objects::type_::slots::GetBuffer;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// Called with the owner when the buffer is given back.
pub type Release = fn(&Value);

/// Bytes lent by an object.
pub struct Buffer {
    pub owner: Value,
    pub format: Box<str>,
    pub item_size: usize,
    pub readonly: bool,
    /// Items in each dimension; empty for a scalar.
    pub shape: Vec<usize>,
    /// Bytes from one item to the next in each dimension.
    pub strides: Vec<isize>,
    /// Where the first item starts in the owner's bytes.
    pub offset: usize,
    /// Gives the owner's bytes to `f`; the slice is the whole memory, `offset` not applied.
    pub access: fn(&Value, &mut dyn FnMut(&[u8])),
    /// The same for writing.
    pub access_mut: Option<fn(&Value, &mut dyn FnMut(&mut [u8]))>,
    pub release: Option<Release>,
}

impl Buffer {
    /// A flat buffer of bytes.
    pub fn bytes(
        owner: Value,
        len: usize,
        access: fn(&Value, &mut dyn FnMut(&[u8])),
        access_mut: Option<fn(&Value, &mut dyn FnMut(&mut [u8]))>,
        release: Option<Release>,
    ) -> Buffer {
        Buffer {
            owner,
            format: "B".into(),
            item_size: 1,
            readonly: access_mut.is_none(),
            shape: vec![len],
            strides: vec![1],
            offset: 0,
            access,
            access_mut,
            release,
        }
    }

    /// How many bytes the items are, all together.
    pub fn len(&self) -> usize {
        self.shape.iter().product::<usize>() * self.item_size
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Are the items one after the other, the last dimension running fastest?
    pub fn is_contiguous(&self) -> bool {
        let mut expected = self.item_size as isize;
        for (n, stride) in self.shape.iter().zip(&self.strides).rev() {
            if *n > 1 && *stride != expected {
                return false;
            }
            expected *= *n as isize;
        }
        true
    }

    /// Gives the bytes of a contiguous buffer to `f`, which runs no Python code.
    pub fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let (start, end) = (self.offset, self.offset + self.len());
        let mut f = Some(f);
        let mut result = None;
        (self.access)(&self.owner, &mut |all| {
            if let (Some(part), Some(f)) = (all.get(start..end), f.take()) {
                result = Some(f(part));
            }
        });
        result
    }

    /// Gives the bytes of a contiguous buffer to `f` for writing.
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut [u8]) -> R) -> Option<R> {
        let access = self.access_mut?;
        let (start, end) = (self.offset, self.offset + self.len());
        let mut f = Some(f);
        let mut result = None;
        access(&self.owner, &mut |all| {
            if let (Some(part), Some(f)) = (all.get_mut(start..end), f.take()) {
                result = Some(f(part));
            }
        });
        result
    }

    /// A copy of all items, in C order.
    pub fn to_vec(&self) -> Vec<u8> {
        if self.is_contiguous() {
            return self.with(<[u8]>::to_vec).unwrap_or_default();
        }
        let mut out = Vec::with_capacity(self.len());
        (self.access)(&self.owner, &mut |all| {
            self.each_offset(&mut |at| {
                out.extend_from_slice(all.get(at..at + self.item_size).unwrap_or(&[]));
            });
        });
        out
    }

    /// The byte offset of each item, in C order.
    pub fn each_offset(&self, f: &mut dyn FnMut(usize)) {
        fn walk(b: &Buffer, dimension: usize, at: isize, f: &mut dyn FnMut(usize)) {
            if dimension == b.shape.len() {
                f(at as usize);
                return;
            }
            for i in 0..b.shape[dimension] as isize {
                walk(b, dimension + 1, at + i * b.strides[dimension], f);
            }
        }
        walk(self, 0, self.offset as isize, f);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            release(&self.owner);
        }
    }
}

fn slot(object: &Value) -> Option<GetBuffer> {
    object.ty().slots.buffer.get()
}

/// Does the object lend bytes?
pub fn has_buffer(object: &Value) -> bool {
    slot(object).is_some()
}

/// Borrows an object's bytes.
pub fn get(vm: &Vm, object: &Value, writable: bool) -> PyResult<Buffer> {
    match slot(object) {
        Some(f) => f(vm, object, writable),
        None => Err(
            vm.type_error(format!("a bytes-like object is required, not '{}'", object.ty().name()))
        ),
    }
}

/// A copy of a bytes-like object's bytes.
pub fn to_vec(vm: &Vm, object: &Value) -> PyResult<Vec<u8>> {
    if let Some(bytes) = object.downcast::<crate::objects::bytes::Bytes>() {
        vm.need(bytes.len())?;
        return Ok(bytes.as_slice().to_vec());
    }
    let buffer = get(vm, object, false)?;
    vm.need(buffer.len())?;
    Ok(buffer.to_vec())
}

/// A copy of the bytes of an argument that must be contiguous (`y*` of CPython's argument formats).
pub fn contiguous(vm: &Vm, object: &Value) -> PyResult<Vec<u8>> {
    let buffer = get(vm, object, false)?;
    if !buffer.is_contiguous() {
        return Err(vm.buffer_error("memoryview: underlying buffer is not C-contiguous"));
    }
    vm.need(buffer.len())?;
    Ok(buffer.to_vec())
}

/// Borrows an argument's bytes for writing (`w*` of CPython's argument formats).
pub fn writable(vm: &Vm, object: &Value, function: &str) -> PyResult<Buffer> {
    let wrong = || {
        vm.type_error(format!(
            "{function}() argument must be read-write bytes-like object, not {}",
            super::object::type_name_or_none(object)
        ))
    };
    if !has_buffer(object) {
        return Err(wrong());
    }
    let buffer = get(vm, object, false)?;
    if buffer.readonly {
        return Err(wrong());
    }
    if !buffer.is_contiguous() {
        return Err(vm.buffer_error("memoryview: underlying buffer is not C-contiguous"));
    }
    Ok(buffer)
}
