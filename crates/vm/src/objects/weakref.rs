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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::set::Set;
    use crate::runtime::gc;
    use crate::testing::{Session, owners, token, with_vm};

    fn target() -> Value {
        Ref::<Set>::new(Set::default()).into()
    }

    /// A proxy stands for a list here, which keeps the reference inside.
    fn proxy(vm: &Vm, target: &Value, callback: Option<Value>) -> Value {
        let wrap =
            |inner: Ref<WeakRef>| crate::objects::list::List::from_vec(vec![inner.into()]).into();
        WeakRef::make_proxy(vm, target, callback, wrap).expect("a proxy")
    }

    fn inside(proxy: &Value) -> Ref<WeakRef> {
        let list = proxy.downcast::<crate::objects::list::List>().expect("a list");
        list.get(0).and_then(|v| v.into_ref::<WeakRef>().ok()).expect("a reference")
    }

    #[test]
    fn the_target_is_there_until_it_dies() {
        with_vm(|vm| {
            let object = target();
            let weak = WeakRef::make(vm, WeakRef::cell().get(), &object, None).expect("made");
            let address = weak.head().address();
            assert!(weak.get().is_some_and(|value| value.is(&object)) && owners(&object) == 1);
            assert!(WeakRef::from_address(0).is_none());
            assert!(WeakRef::from_address(address).is_some_and(|r| r.head().refcount() == 2));
            drop(object);
            assert!(weak.get().is_none() && weak.get().is_none());
            WeakRef::clear_at(0);
            WeakRef::clear_at(address);
            assert!(weak.get().is_none());
        });
    }

    #[test]
    fn a_proxy_without_callback_is_shared_while_it_lives() {
        with_vm(|vm| {
            let object = target();
            let first = proxy(vm, &object, None);
            let second = proxy(vm, &object, None);
            assert!(first.is(&second) && owners(&first) == 2);
            assert_eq!(all_references(&object).len(), 1);
            inside(&first).forget_proxy();
            let third = proxy(vm, &object, None);
            assert!(!third.is(&first));
            assert!(inside(&third).get().is_some_and(|value| value.is(&object)));
            for known in [&first, &third] {
                inside(known).forget_proxy();
            }
            drop((first, second, third));
            assert!(all_references(&object).is_empty());
            let call = token();
            let with = proxy(vm, &object, Some(call.clone()));
            assert!(inside(&with).has_callback() && owners(&call) == 2);
            inside(&with).forget_proxy();
            drop(with);
            assert_eq!(owners(&call), 1);
        });
    }

    const CLASSES: &str = "
class A: pass
log = []
def note(r): log.append(r())
";

    #[test]
    fn a_callback_runs_once_when_its_reference_is_alive() {
        with_vm(|vm| {
            let session = Session::new(vm, CLASSES);
            session.set("ref", WeakRef::cell().get().to_value());
            session.exec("a = A()\nr = ref(a, note)\ndel a\nassert log == [None] and r() is None");
            session.exec("a = A()\nr = ref(a, note)\ndel r\ndel a\nassert log == [None]");
            // Target and reference in one cycle: no callback.
            session.exec("a = A()\na.r = ref(a, note)\na.a = a\ndel a");
            gc::collect(vm, 2);
            session.exec("assert log == [None]");
            // The reference outside of the cycle: one.
            session.exec("a = A()\nr = ref(a, note)\na.a = a\ndel a");
            gc::collect(vm, 2);
            session.exec("assert log == [None, None] and r() is None");
        });
    }

    #[test]
    fn what_a_callback_raises_or_makes_disturbs_nobody() {
        with_vm(|vm| {
            let session = Session::new(vm, CLASSES);
            session.set("ref", WeakRef::cell().get().to_value());
            session.exec(
                "
import sys
told = []
sys.unraisablehook = lambda u: told.append(u.exc_type)
def bad(r): raise KeyError
def busy(r):
    others.clear()
    others.extend(ref(b, note) for _ in range(50))
a, b, others = A(), A(), []
rs = [ref(a, note), ref(a, bad), ref(a, busy), ref(a, bad)]
del a
assert told == [KeyError, KeyError] and log == [None]
assert all(r() is b for r in others) and len(others) == 50
del b
assert log == [None] * 51
sys.unraisablehook = sys.__unraisablehook__
",
            );
        });
    }

    #[test]
    fn targets_that_wait_in_line_are_dead_already() {
        with_vm(|vm| {
            let session = Session::new(vm, CLASSES);
            session.set("ref", WeakRef::cell().get().to_value());
            session.exec(
                "
nest, rs = None, []
for i in range(3000):
    new = A()
    new.inner = nest
    nest = new
    rs.append(ref(nest, note))
del new
nest = None
assert all(r() is None for r in rs) and len(log) == 3000
",
            );
        });
    }
}
