//! `weakref.ref` and the proxies. The table of who refers to whom is `object/weak.rs`.
//!
//! CPython's counterpart: `Objects/weakrefobject.c`.

#![expect(unsafe_code, reason = "the target is an uncounted address, cleared when it dies")]

use crate::object::{Obj, ObjHead, Payload, Ref, ValueCell, weak};
use crate::objects::type_::Type;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::{call, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// A weak reference: `ref(object[, callback])`.
#[pyclass(name = "weakref.ReferenceType", base_type, sig = "(object, callback=None, /)")]
pub struct WeakRef {
    /// Address of the target, 0 once it is gone.
    target: Cell<usize>,
    callback: ValueCell,
    hash: Cell<Option<i64>>,
}

impl WeakRef {
    /// A weak reference without callback is shared.
    pub fn make(
        vm: &Vm,
        ty: &Obj<Type>,
        target: &Value,
        callback: Option<Value>,
    ) -> PyResult<Ref<WeakRef>> {
        let head = match target.head() {
            Some(head) if head.gc().is_some() && is_weakly_referable(target) => head,
            _ => {
                return Err(vm.type_error(format!(
                    "cannot create weak reference to '{}' object",
                    target.ty().name()
                )));
            }
        };
        if callback.is_none() && std::ptr::eq(ty, WeakRef::cell().get()) {
            for known in weak::references(head) {
                if !known.callback.is_some() && std::ptr::eq(known.ty(), ty) {
                    return Ok(known);
                }
            }
        }
        let made = Ref::with_type(
            WeakRef {
                target: Cell::new(head.address()),
                callback: callback.into(),
                hash: Cell::new(None),
            },
            ty,
        );
        weak::register(head, &made);
        Ok(made)
    }

    /// The target, if it is alive.
    pub fn get(&self) -> Option<Value> {
        let address = self.target.get();
        if address == 0 {
            return None;
        }
        // SAFETY: a target that goes away clears the address first.
        let target = unsafe { &*(address as *const ObjHead) };
        // One without references is dead already, though it may wait in line to be freed.
        if target.refcount() == 0 { None } else { Some(target.to_value()) }
    }

    pub(crate) fn from_address(address: usize) -> Option<Ref<WeakRef>> {
        // SAFETY: weak references leave the table when their memory goes.
        let reference = unsafe { (address as *const Obj<WeakRef>).as_ref() };
        // One without references must not come back to life.
        reference.filter(|r| r.head().refcount() > 0).map(Obj::to_ref)
    }
    /// Ends the reference at an address from the table.
    pub(crate) fn clear_at(address: usize) {
        // SAFETY: weak references leave the table when their memory goes.
        if let Some(reference) = unsafe { (address as *const Obj<WeakRef>).as_ref() } {
            reference.target.set(0);
        }
    }
    pub fn callback(&self) -> Option<Value> {
        self.callback.get()
    }
}

impl Obj<WeakRef> {
    pub(crate) fn run_callback(&self) {
        let Some(callback) = self.callback.take() else { return };
        Vm::with_current(|vm| {
            if let Err(e) = call::call(vm, &callback, &[self.to_value()]) {
                vm.unraisable(
                    e,
                    "Exception ignored while calling weakref callback",
                    Some(&callback),
                );
            }
        });
    }
}

/// Types without a place for weak references in CPython have none here either.
fn is_weakly_referable(target: &Value) -> bool {
    use crate::objects as o;
    let ty = target.ty();
    if ty.has_flag(crate::objects::type_::TypeFlags::HEAP) {
        return true;
    }
    let layout = ty.layout();
    let refused = [
        o::tuple::Tuple::cell(),
        o::list::List::cell(),
        o::dict::Dict::cell(),
        o::cell::CellObj::cell(),
        o::object::Object::cell(),
        o::frame::FrameObj::cell(),
        o::traceback::Traceback::cell(),
        o::exceptions::ExcObj::cell(),
        o::slice::Slice::cell(),
    ];
    !refused.iter().any(|r| std::ptr::eq(*r, layout))
}

/// All weak references to an object.
pub fn all_references(target: &Value) -> Vec<Value> {
    target.head().map(weak::references).unwrap_or_default().into_iter().map(Value::from).collect()
}

pub(crate) fn first_reference(target: &Value) -> Value {
    all_references(target).into_iter().next().unwrap_or(Value::NONE)
}

impl Drop for WeakRef {
    fn drop(&mut self) {
        let target = self.target.get();
        if target != 0 {
            let own = self as *const WeakRef as usize - std::mem::offset_of!(Obj<WeakRef>, payload);
            weak::unregister(target, own);
        }
    }
}

#[pymethods]
impl WeakRef {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        match args.args() {
            [target] => WeakRef::make(vm, ty, target, None).map(Value::from),
            [target, callback, ..] => {
                let callback = Some(callback.clone()).filter(|c| !c.is_none());
                WeakRef::make(vm, ty, target, callback).map(Value::from)
            }
            [] => Err(vm.type_error("ref expected at least 1 argument, got 0")),
        }
    }
    #[slot]
    fn init(_zelf: &Obj<WeakRef>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        if args.args().len() > 2 {
            return Err(vm.type_error(format!(
                "ref expected at most 2 arguments, got {}",
                args.args().len()
            )));
        }
        Ok(())
    }
    #[slot]
    fn call(zelf: &Obj<WeakRef>, _vm: &Vm, _args: CallArgs<'_>) -> PyResult {
        Ok(WeakRef::get(zelf).unwrap_or(Value::NONE))
    }
    #[slot]
    fn hash(zelf: &Obj<WeakRef>, vm: &Vm) -> PyResult<i64> {
        if let Some(hash) = zelf.hash.get() {
            return Ok(hash);
        }
        let Some(target) = WeakRef::get(zelf) else {
            return Err(vm.type_error("weak object has gone away"));
        };
        let hash = object::hash(vm, &target)?;
        zelf.hash.set(Some(hash));
        Ok(hash)
    }
    #[slot]
    fn richcompare(zelf: &Obj<WeakRef>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<WeakRef>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        match (WeakRef::get(zelf), WeakRef::get(other)) {
            (Some(a), Some(b)) => compare::rich_compare(vm, &a, &b, op),
            _ => {
                let same = std::ptr::eq(zelf, other);
                Ok(Value::bool(same == (op == CmpOp::Eq)))
            }
        }
    }
    #[slot]
    fn repr(zelf: &Obj<WeakRef>, vm: &Vm) -> PyResult {
        let address = zelf.head().address();
        Ok(vm.str(&match WeakRef::get(zelf) {
            Some(target) => format!(
                "<weakref at {address:#x}; to '{}' at {:#x}>",
                target.ty().name(),
                object::address(&target)
            ),
            None => format!("<weakref at {address:#x}; dead>"),
        }))
    }
    #[getter(name = "__callback__")]
    fn get_callback(zelf: &Obj<WeakRef>, _vm: &Vm) -> Option<Value> {
        if zelf.target.get() == 0 { None } else { zelf.callback.get() }
    }
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}
