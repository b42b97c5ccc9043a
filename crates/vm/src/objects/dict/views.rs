//! `dict_keys`, `dict_values`, `dict_items`, and the dict iterators.
//!
//! One payload serves the three views, another the six iterators; their types differ only in name
//! and are data.

use super::{Dict, methods, ordered};
use crate::object::{Guarded, Obj, Ref};
use crate::objects::set::Set;
use crate::objects::str_::StrBuilder;
use crate::objects::tuple::Tuple;
use crate::protocol::compare::CmpOp;
use crate::protocol::{iter, object};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewKind {
    Keys,
    Values,
    Items,
}

fn shown(kind: ViewKind, key: Value, value: Value) -> Value {
    match kind {
        ViewKind::Keys => key,
        ViewKind::Values => value,
        ViewKind::Items => Tuple::pair(key, value).into(),
    }
}

/// A view on a dict.
#[pyclass(name = "dict_keys", no_new)]
pub struct DictView {
    dict: Ref<Dict>,
    #[notrace]
    kind: ViewKind,
}

impl DictView {
    pub(super) fn new_value(dict: Ref<Dict>, kind: ViewKind) -> Value {
        let types = crate::runtime::boot::data_types();
        let ty = match kind {
            ViewKind::Keys => <DictView as crate::object::Payload>::cell().get(),
            ViewKind::Values => types.dict_values,
            ViewKind::Items => types.dict_items,
        };
        Ref::with_type(DictView { dict, kind }, ty).into()
    }

    fn to_set(&self, vm: &Vm) -> PyResult<Ref<Set>> {
        let set = Set::new_ref();
        for (key, value) in self.dict.items_vec() {
            set.add(vm, &shown(self.kind, key, value))?;
        }
        Ok(set)
    }
}

/// Is everything that `a` shows in `b`? Values are compared, not hashed.
fn all_in(vm: &Vm, a: &Value, b: &Value) -> PyResult<bool> {
    let mut all = true;
    iter::for_each(vm, a, |item| {
        all = object::contains(vm, b, &item)?;
        Ok(all)
    })?;
    Ok(all)
}

/// Set operators need one view and anything iterable.
fn set_operator(vm: &Vm, a: &Value, b: &Value, method: &str) -> PyResult {
    let as_set = |v: &Value| -> PyResult<Option<Value>> {
        match v.downcast::<DictView>() {
            Some(view) if view.kind == ViewKind::Values => Ok(None),
            Some(view) => Ok(Some(view.to_set(vm)?.into())),
            None => {
                let set = Set::new_ref();
                if !iter::is_iterable(v) {
                    return Err(
                        vm.type_error(format!("'{}' object is not iterable", v.ty().name()))
                    );
                }
                set.update(vm, v)?;
                Ok(Some(set.into()))
            }
        }
    };
    match (as_set(a)?, as_set(b)?) {
        (Some(a), Some(b)) => object::call_method(vm, &a, &vm.intern(method), &[b]),
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

#[pymethods]
impl DictView {
    #[slot]
    fn iter(zelf: &Obj<DictView>, _vm: &Vm) -> PyResult {
        Ok(DictIter::new_value(zelf.dict.clone(), zelf.kind, false))
    }
    #[slot]
    fn len(zelf: &Obj<DictView>, _vm: &Vm) -> PyResult<usize> {
        Ok(zelf.dict.len())
    }
    #[slot]
    fn contains(zelf: &Obj<DictView>, vm: &Vm, item: &Value) -> PyResult<bool> {
        match zelf.kind {
            ViewKind::Keys => zelf.dict.contains(vm, item),
            ViewKind::Items => methods::has_pair(vm, &zelf.dict, item),
            ViewKind::Values => {
                let mut at = 0;
                while let Some((i, _, value)) = zelf.dict.entry_from(at) {
                    if crate::protocol::compare::equal(vm, &value, item)? {
                        return Ok(true);
                    }
                    at = i + 1;
                }
                Ok(false)
            }
        }
    }
    #[slot]
    fn repr(zelf: &Obj<DictView>, vm: &Vm) -> PyResult {
        let name = zelf.ty().name();
        let text = object::guard_repr(vm, &zelf.to_value(), None, || {
            let mut out = StrBuilder::new();
            out.push_str(&format!("{name}(["));
            for (i, (key, value)) in zelf.dict.items_vec().into_iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                out.push_obj(&*object::repr(vm, &shown(zelf.kind, key, value))?);
            }
            out.push_str("])");
            out.finish_in(vm).map(Some)
        })?;
        Ok(text.map_or_else(|| vm.str("..."), Value::from))
    }
    #[slot]
    fn richcompare(zelf: &Obj<DictView>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        if zelf.kind == ViewKind::Values {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let len = match (other.downcast::<DictView>(), other.downcast::<Set>()) {
            (Some(view), _) if view.kind != ViewKind::Values => view.dict.len(),
            (_, Some(set)) => Set::len(set),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        };
        let own = zelf.dict.len();
        let zelf = zelf.to_value();
        Ok(Value::bool(match op {
            CmpOp::Eq => own == len && all_in(vm, &zelf, other)?,
            CmpOp::Ne => own != len || !all_in(vm, &zelf, other)?,
            CmpOp::Lt => own < len && all_in(vm, &zelf, other)?,
            CmpOp::Le => own <= len && all_in(vm, &zelf, other)?,
            CmpOp::Gt => own > len && all_in(vm, other, &zelf)?,
            CmpOp::Ge => own >= len && all_in(vm, other, &zelf)?,
        }))
    }
    #[slot]
    fn and(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        set_operator(vm, a, b, "intersection")
    }
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        set_operator(vm, a, b, "union")
    }
    #[slot]
    fn sub(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        set_operator(vm, a, b, "difference")
    }
    #[slot]
    fn xor(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        set_operator(vm, a, b, "symmetric_difference")
    }
    /// Return True if the view and the given iterable have a null intersection.
    #[pymethod]
    fn isdisjoint(zelf: &Obj<DictView>, vm: &Vm, other: &Value) -> PyResult {
        let own: Value = zelf.to_set(vm)?.into();
        object::call_method(vm, &own, &vm.intern("isdisjoint"), std::slice::from_ref(other))
    }
    /// Return a reverse iterator over the dict.
    #[pymethod]
    fn __reversed__(zelf: &Obj<DictView>, _vm: &Vm) -> Value {
        DictIter::new_value(zelf.dict.clone(), zelf.kind, true)
    }
    /// dictionary that this view refers to
    #[getter]
    fn mapping(zelf: &Obj<DictView>, _vm: &Vm) -> Value {
        crate::objects::mapping_proxy::MappingProxy::new_value(zelf.dict.to_value())
    }
}

/// Iterates over a dict.
#[pyclass(name = "dict_keyiterator", no_new)]
pub struct DictIter {
    dict: Guarded<Option<Ref<Dict>>>,
    #[notrace]
    kind: ViewKind,
    #[notrace]
    reverse: bool,
    /// The next position; backwards, one more than it.
    #[notrace]
    at: Cell<usize>,
    #[notrace]
    len: usize,
    /// How many items there should still be.
    #[notrace]
    left: Cell<usize>,
    /// The dict's stamp, where the order counts.
    #[notrace]
    stamp: Option<u32>,
}

impl DictIter {
    pub(super) fn new_value(dict: Ref<Dict>, kind: ViewKind, reverse: bool) -> Value {
        let types = crate::runtime::boot::data_types();
        let ty = match (kind, reverse) {
            (ViewKind::Keys, false) => <DictIter as crate::object::Payload>::cell().get(),
            (ViewKind::Values, false) => types.dict_value_iterator,
            (ViewKind::Items, false) => types.dict_item_iterator,
            (ViewKind::Keys, true) => types.dict_reverse_key_iterator,
            (ViewKind::Values, true) => types.dict_reverse_value_iterator,
            (ViewKind::Items, true) => types.dict_reverse_item_iterator,
        };
        let len = dict.len();
        let stamp = ordered::is_ordered(&dict).then(|| dict.stamp());
        let at = if reverse { dict.table.with(|t| t.entries().len()) } else { 0 };
        Ref::with_type(
            DictIter {
                dict: Guarded::new(Some(dict)),
                kind,
                reverse,
                at: Cell::new(at),
                len,
                left: Cell::new(len),
                stamp,
            },
            ty,
        )
        .into()
    }

    /// The next key and value of an iterator over items, forwards, for those who need no tuple;
    /// `None` if it is another one.
    pub fn next_pair(&self, vm: &Vm) -> Option<PyResult<Option<(Value, Value)>>> {
        if !matches!(self.kind, ViewKind::Items) || self.reverse {
            return None;
        }
        let found = self.dict.with(|dict| {
            let dict = dict.as_ref()?;
            let steady = dict.len() == self.len && self.left.get() > 0 && self.stamp.is_none();
            if steady { Some(dict.entry_from(self.at.get())) } else { None }
        });
        match found {
            Some(Some((at, key, value))) => {
                self.left.set(self.left.get() - 1);
                self.at.set(at + 1);
                Some(Ok(Some((key, value))))
            }
            // The end, or an error: the general way knows.
            _ => match self.stamp {
                // One whose order counts goes the general way always.
                Some(_) => None,
                None => Some(self.advance(vm).map(|_| None)),
            },
        }
    }

    /// The next item if there is one and nothing stands against it, for most dicts.
    #[inline(always)]
    fn quick_value(&self) -> Option<Value> {
        if self.reverse || self.stamp.is_some() || self.left.get() == 0 {
            return None;
        }
        self.dict.with(|dict| {
            let dict = dict.as_ref().filter(|dict| dict.len() == self.len)?;
            dict.table.with(|table| {
                let at = table.next_live(self.at.get())?;
                let entry = &table.entries()[at];
                let value = match self.kind {
                    ViewKind::Keys => entry.key.clone()?,
                    ViewKind::Values => entry.value.clone(),
                    ViewKind::Items => return None,
                };
                self.left.set(self.left.get() - 1);
                self.at.set(at + 1);
                Some(value)
            })
        })
    }

    fn advance(&self, vm: &Vm) -> PyResult<Option<Value>> {
        let Some(dict) = self.dict.get() else { return Ok(None) };
        if self.stamp.is_some_and(|stamp| stamp != dict.stamp()) {
            return Err(ordered::mutated(vm));
        }
        if dict.len() != self.len {
            return Err(vm.runtime_error("dictionary changed size during iteration"));
        }
        if self.stamp.is_some() && self.left.get() == self.len {
            ordered::check_losses(vm, &dict)?;
        }
        let found = if self.reverse {
            let before = self.at.get();
            dict.table.with(|t| {
                let at = t.entries().iter().take(before).rposition(|e| e.key.is_some())?;
                let entry = &t.entries()[at];
                entry.key.clone().map(|k| (at, k, entry.value.clone()))
            })
        } else {
            dict.entry_from(self.at.get())
        };
        match found {
            // As many keys as there should be, but not the same.
            Some(_) if self.left.get() == 0 => {
                Err(vm.runtime_error("dictionary keys changed during iteration"))
            }
            Some((at, key, value)) => {
                if self.stamp.is_some() {
                    ordered::check_key(vm, &dict, &key)?;
                }
                self.left.set(self.left.get() - 1);
                self.at.set(if self.reverse { at } else { at + 1 });
                Ok(Some(shown(self.kind, key, value)))
            }
            None => {
                drop(self.dict.replace(None));
                Ok(None)
            }
        }
    }
}

#[pymethods]
impl DictIter {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<DictIter>, vm: &Vm) -> PyResult<Option<Value>> {
        match zelf.quick_value() {
            None => zelf.advance(vm),
            item => Ok(item),
        }
    }
    #[pymethod]
    fn __length_hint__(zelf: &Obj<DictIter>, _vm: &Vm) -> usize {
        let (at, reverse) = (zelf.at.get(), zelf.reverse);
        match zelf.dict.get() {
            Some(dict) if dict.len() == zelf.len => dict.table.with(|t| {
                let live = |e: &&super::table::Entry<Value>| e.key.is_some();
                if reverse {
                    t.entries().iter().take(at).filter(live).count()
                } else {
                    t.entries().iter().skip(at).filter(live).count()
                }
            }),
            _ => 0,
        }
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<DictIter>, vm: &Vm) -> PyResult {
        let mut rest = Vec::new();
        let copy = DictIter {
            dict: Guarded::new(zelf.dict.get()),
            kind: zelf.kind,
            reverse: zelf.reverse,
            at: Cell::new(zelf.at.get()),
            len: zelf.len,
            left: Cell::new(zelf.left.get()),
            stamp: zelf.stamp,
        };
        while let Some(item) = copy.advance(vm)? {
            rest.push(item);
        }
        let iter = crate::objects::descr::builtin(vm, "iter")?;
        let list: Value = crate::objects::list::List::from_vec(rest).into();
        Ok(Tuple::from_vec(vec![iter, Tuple::from_vec(vec![list]).into()]).into())
    }
}
