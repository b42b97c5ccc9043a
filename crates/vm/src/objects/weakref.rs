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
#[pyclass(
    name = "weakref.ReferenceType",
    base_type,
    vectorcall,
    sig = "(object, callback=None, /)"
)]
pub struct WeakRef {
    /// Address of the target, 0 once it is gone.
    target: Cell<usize>,
    callback: ValueCell,
    /// Address of the proxy that this reference is the inside of, or 0.
    proxy: Cell<usize>,
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
            Some(head) if head.gc().is_some() && has_weak_references(target.ty()) => head,
            _ => {
                return Err(vm.type_error(format!(
                    "cannot create weak reference to '{}' object",
                    target.ty().name()
                )));
            }
        };
        if callback.is_none() && std::ptr::eq(ty, WeakRef::cell().get()) {
            let plain = |known: &Ref<WeakRef>| {
                known.is_plain() && known.proxy.get() == 0 && std::ptr::eq(known.ty(), ty)
            };
            if let Some(known) = weak::references(head).into_iter().find(plain) {
                return Ok(known);
            }
        }
        Ok(WeakRef::register(ty, head, callback))
    }

    fn register(ty: &Obj<Type>, head: &ObjHead, callback: Option<Value>) -> Ref<WeakRef> {
        let made = Ref::with_type(
            WeakRef {
                target: Cell::new(head.address()),
                callback: callback.into(),
                proxy: Cell::new(0),
                hash: Cell::new(None),
            },
            ty,
        );
        weak::register(head, &made);
        made
    }

    /// A proxy, which `wrap` makes of the reference inside. One without callback is shared.
    pub fn make_proxy(
        vm: &Vm,
        target: &Value,
        callback: Option<Value>,
        wrap: impl FnOnce(Ref<WeakRef>) -> Value,
    ) -> PyResult {
        let class = WeakRef::cell().get();
        // Refuses what cannot be referred to.
        let reference = WeakRef::make(vm, class, target, callback.clone())?;
        let Some(head) = target.head() else { return Ok(reference.into()) };
        if callback.is_none() {
            let known = weak::references(head).into_iter().filter(|known| known.is_plain());
            if let Some(proxy) = known.filter_map(|known| known.proxy()).next() {
                return Ok(proxy);
            }
        }
        let inner = WeakRef::register(class, head, callback);
        drop(reference);
        let proxy = wrap(inner.clone());
        inner.proxy.set(proxy.head().map_or(0, ObjHead::address));
        Ok(proxy)
    }

    fn is_plain(&self) -> bool {
        !self.has_callback()
    }

    pub(crate) fn has_callback(&self) -> bool {
        self.callback.is_some()
    }

    /// The proxy around this reference, alive.
    fn proxy(&self) -> Option<Value> {
        // SAFETY: the proxy keeps this reference, and takes its address out when it goes.
        let proxy = unsafe { (self.proxy.get() as *const ObjHead).as_ref() }?;
        (proxy.refcount() > 0).then(|| proxy.to_value())
    }

    /// The proxy around this reference is going.
    pub fn forget_proxy(&self) {
        self.proxy.set(0);
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
            let shown = self.proxy().unwrap_or_else(|| self.to_value());
            if let Err(e) = call::call(vm, &callback, &[shown]) {
                vm.unraisable(
                    e,
                    "Exception ignored while calling weakref callback",
                    Some(&callback),
                );
            }
        });
    }
}

/// May instances of a type be referred to weakly? Types without a place for that in CPython have none
/// here either.
pub(crate) fn has_weak_references(ty: &Obj<Type>) -> bool {
    use crate::objects as o;
    use crate::objects::type_::TypeFlags;
    if ty.has_flag(TypeFlags::HEAP) || ty.has_flag(TypeFlags::WEAKREF) {
        return ty.has_flag(TypeFlags::WEAKREF);
    }
    let layout = ty.layout();
    let refused = [
        o::int::IntObj::cell(),
        o::float::FloatObj::cell(),
        o::str_::Str::cell(),
        o::bytes::Bytes::cell(),
        o::tuple::Tuple::cell(),
        o::list::List::cell(),
        o::dict::Dict::cell(),
        o::cell::CellObj::cell(),
        o::object::Object::cell(),
        o::frame::FrameObj::cell(),
        o::traceback::Traceback::cell(),
        o::exceptions::ExcObj::cell(),
        o::slice::Slice::cell(),
        WeakRef::cell(),
    ];
    !refused.iter().any(|r| std::ptr::eq(*r, layout))
}

/// All weak references to an object, and proxies: those that are shared first.
pub fn all_references(target: &Value) -> Vec<Value> {
    let mut all = target.head().map(weak::references).unwrap_or_default();
    let class = WeakRef::cell().get();
    let plain = |r: &Ref<WeakRef>| r.is_plain() && std::ptr::eq(r.ty(), class);
    all.sort_by_key(|r| (!plain(r), plain(r) && r.proxy.get() != 0));
    let shown = |r: Ref<WeakRef>| if r.proxy.get() == 0 { Some(r.into()) } else { r.proxy() };
    all.into_iter().filter_map(shown).collect()
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
        if args.keyword_count() > 0 && !ty.has_own_init(vm) {
            return Err(vm.type_error("ref() takes no keyword arguments"));
        }
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
    #[getter(name = "__callback__", member)]
    fn get_callback(zelf: &Obj<WeakRef>, _vm: &Vm) -> Option<Value> {
        if zelf.target.get() == 0 { None } else { zelf.callback.get() }
    }
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}
