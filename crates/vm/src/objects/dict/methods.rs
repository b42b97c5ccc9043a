//! `dict`: the methods and slots that Python sees.

use super::{Dict, find, ordered};
use crate::object::{Obj, Ref};
use crate::objects::dict::views::{DictIter, DictView, ViewKind};
use crate::objects::set::Set;
use crate::objects::str_::StrBuilder;
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::{iter, object};
use crate::runtime::args::{CallArgs, KwArgs};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymethods;

/// Has the object `keys()`, as `dict(x)` and `**x` ask?
pub fn is_mapping(vm: &Vm, object: &Value) -> PyResult<bool> {
    if object.downcast::<Dict>().is_some() {
        return Ok(true);
    }
    Ok(object::lookup_attr(vm, object, &vm.names().keys)?.is_some())
}

/// Keys and values of any mapping.
pub fn mapping_items(vm: &Vm, mapping: &Value) -> PyResult<Vec<(Value, Value)>> {
    if let Some(dict) = mapping.downcast_exact::<Dict>() {
        return Ok(dict.items_vec());
    }
    let keys = object::call_method(vm, mapping, &vm.names().keys, &[])?;
    let mut items = Vec::new();
    for key in iter::collect(vm, &keys)? {
        let value = object::get_item(vm, mapping, &key)?;
        items.push((key, value));
    }
    Ok(items)
}

/// `dict.update(other)` for a mapping or an iterable of pairs.
pub fn update_from(vm: &Vm, dict: &Obj<Dict>, other: &Value) -> PyResult<()> {
    if let Some(source) = other.downcast::<Dict>()
        && (source.is_exact() || !overrides_iteration(vm, other))
    {
        return dict.merge(vm, source);
    }
    if is_mapping(vm, other)? {
        for (key, value) in mapping_items(vm, other)? {
            dict.insert(vm, &key, value)?;
        }
        return Ok(());
    }
    let mut at = 0;
    iter::for_each(vm, other, |pair| {
        if !iter::is_iterable(&pair) {
            return Err(vm.type_error(format!(
                "cannot convert dictionary update sequence element #{at} to a sequence"
            )));
        }
        let items = iter::collect(vm, &pair)?;
        let [key, value] = items.as_slice() else {
            return Err(vm.value_error(format!(
                "dictionary update sequence element #{at} has length {}; 2 is required",
                items.len()
            )));
        };
        dict.insert(vm, key, value.clone())?;
        at += 1;
        Ok(true)
    })
}

fn overrides_iteration(vm: &Vm, dict: &Value) -> bool {
    let names = vm.names();
    let base = vm.type_of::<Dict>();
    [&names.__iter__, &names.keys, &names.__getitem__].into_iter().any(|name| {
        match (dict.ty().lookup(name), base.lookup(name)) {
            (Some(a), Some(b)) => !a.is(&b),
            _ => false,
        }
    })
}

fn merged(vm: &Vm, a: &Value, b: &Value) -> PyResult {
    let (Some(x), Some(y)) = (a.downcast::<Dict>(), b.downcast::<Dict>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let result = x.copied(vm)?;
    result.merge(vm, y)?;
    Ok(result.into())
}

#[pymethods]
impl Dict {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Dict::default(), ty).into())
    }

    #[slot]
    fn init(zelf: &Obj<Dict>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        match args.args() {
            [] => {}
            [source] => update_from(vm, zelf, source)?,
            more => {
                return Err(
                    vm.type_error(format!("dict expected at most 1 argument, got {}", more.len()))
                );
            }
        }
        for (name, value) in args.keywords() {
            zelf.payload.insert(vm, name, value.clone())?;
        }
        Ok(())
    }

    #[slot]
    fn repr(zelf: &Obj<Dict>, vm: &Vm) -> PyResult {
        if zelf.payload.is_empty() {
            return Ok(vm.str("{}"));
        }
        let text = object::guard_repr(vm, &zelf.to_value(), None, || {
            let mut out = StrBuilder::new();
            out.push_str("{");
            let mut at = 0;
            let mut first = true;
            while let Some((i, key, value)) = zelf.entry_from(at) {
                if !first {
                    out.push_str(", ");
                }
                first = false;
                out.push_obj(&*object::repr(vm, &key)?);
                out.push_str(": ");
                out.push_obj(&*object::repr(vm, &value)?);
                at = i + 1;
            }
            out.push_str("}");
            out.finish_in(vm).map(Some)
        })?;
        Ok(text.map_or_else(|| vm.str("{...}"), Value::from))
    }

    #[slot]
    fn richcompare(zelf: &Obj<Dict>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Dict>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let mut equal = zelf.payload.len() == other.payload.len();
        let mut at = 0;
        while equal && let Some((i, key, value)) = zelf.entry_from(at) {
            let hash = zelf.table.with(|t| t.entries().get(i).map_or(0, |e| e.hash));
            equal = match other.get_hashed(vm, &key, hash)? {
                Some(theirs) => compare::equal(vm, &value, &theirs)?,
                None => false,
            };
            at = i + 1;
        }
        Ok(Value::bool(equal == (op == CmpOp::Eq)))
    }

    #[slot]
    fn iter(zelf: &Obj<Dict>, _vm: &Vm) -> PyResult {
        Ok(DictIter::new_value(zelf.to_ref(), ViewKind::Keys, false))
    }

    #[slot]
    fn len(zelf: &Obj<Dict>, _vm: &Vm) -> PyResult<usize> {
        Ok(zelf.payload.len())
    }

    #[slot]
    fn getitem(zelf: &Obj<Dict>, vm: &Vm, key: &Value) -> PyResult {
        if let Some(value) = zelf.payload.get(vm, key)? {
            return Ok(value);
        }
        if !zelf.is_exact() {
            let missing = &vm.names().__missing__;
            if let Some(value) =
                object::call_special(vm, &zelf.to_value(), missing, std::slice::from_ref(key))?
            {
                return Ok(value);
            }
        }
        Err(vm.key_error(key))
    }

    #[slot]
    fn setitem(zelf: &Obj<Dict>, vm: &Vm, key: &Value, value: Option<Value>) -> PyResult<()> {
        match value {
            Some(value) => zelf.payload.insert(vm, key, value),
            None => match zelf.payload.remove(vm, key)? {
                Some(old) => {
                    ordered::note_loss(zelf, key);
                    drop(old);
                    Ok(())
                }
                None => Err(vm.key_error(key)),
            },
        }
    }

    #[slot]
    fn contains(zelf: &Obj<Dict>, vm: &Vm, key: &Value) -> PyResult<bool> {
        zelf.payload.contains(vm, key)
    }

    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        merged(vm, a, b)
    }

    #[slot]
    fn ior(zelf: &Obj<Dict>, vm: &Vm, other: &Value) -> PyResult {
        update_from(vm, zelf, other)?;
        Ok(zelf.to_value())
    }

    /// Return the value for key if key is in the dictionary, else default.
    #[pymethod(name = "get", sig = "($self, key, default=None, /)")]
    fn py_get(zelf: &Obj<Dict>, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        Ok(zelf.payload.get(vm, key)?.or(default).unwrap_or(Value::NONE))
    }

    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[pymethod(sig = "($self, key, default=None, /)")]
    fn setdefault(zelf: &Obj<Dict>, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        zelf.payload.set_default(vm, key, default.unwrap_or(Value::NONE))
    }

    /// D.pop(k[,d]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[pymethod]
    fn pop(zelf: &Obj<Dict>, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        if zelf.payload.is_empty() {
            object::hash(vm, key)?;
        }
        match zelf.payload.remove(vm, key)? {
            Some(value) => {
                ordered::note_loss(zelf, key);
                Ok(value)
            }
            None => default.ok_or_else(|| vm.key_error(key)),
        }
    }

    /// Remove and return a (key, value) pair as a 2-tuple.
    ///
    /// Pairs are returned in LIFO (last-in, first-out) order.
    /// Raises KeyError if the dict is empty.
    #[pymethod]
    fn popitem(zelf: &Obj<Dict>, vm: &Vm) -> PyResult<(Value, Value)> {
        match zelf.pop_last() {
            Some(pair) => {
                ordered::note_loss(zelf, &pair.0);
                Ok(pair)
            }
            None => Err(vm.key_error(&vm.str("popitem(): dictionary is empty"))),
        }
    }

    /// Return a set-like object providing a view on the dict's keys.
    #[pymethod]
    fn keys(zelf: &Obj<Dict>, _vm: &Vm) -> Value {
        DictView::new_value(zelf.to_ref(), ViewKind::Keys)
    }
    /// Return an object providing a view on the dict's values.
    #[pymethod]
    fn values(zelf: &Obj<Dict>, _vm: &Vm) -> Value {
        DictView::new_value(zelf.to_ref(), ViewKind::Values)
    }
    /// Return a set-like object providing a view on the dict's items.
    #[pymethod]
    fn items(zelf: &Obj<Dict>, _vm: &Vm) -> Value {
        DictView::new_value(zelf.to_ref(), ViewKind::Items)
    }

    /// D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.
    #[pymethod(sig = "($self, other=(), /, **kwargs)")]
    fn update(zelf: &Obj<Dict>, vm: &Vm, other: Option<&Value>, kwargs: KwArgs) -> PyResult<()> {
        if let Some(other) = other {
            update_from(vm, zelf, other)?;
        }
        zelf.merge(vm, &kwargs.0)
    }

    /// Remove all items from the dict.
    #[pymethod(name = "clear")]
    fn py_clear(zelf: &Obj<Dict>, _vm: &Vm) {
        zelf.payload.clear();
    }

    /// Return a shallow copy of the dict.
    #[pymethod(name = "copy")]
    fn py_copy(zelf: &Obj<Dict>, vm: &Vm) -> PyResult<Ref<Dict>> {
        zelf.payload.copied(vm)
    }

    /// Return a reverse iterator over the dict keys.
    #[pymethod]
    fn __reversed__(zelf: &Obj<Dict>, _vm: &Vm) -> Value {
        DictIter::new_value(zelf.to_ref(), ViewKind::Keys, true)
    }

    /// Return the size of the dict in memory.
    #[pymethod]
    fn __sizeof__(zelf: &Obj<Dict>, _vm: &Vm) -> usize {
        zelf.ty().basic_size + zelf.table.with(|t| t.memory())
    }

    /// Create a new dictionary with keys from iterable and values set to value.
    #[classmethod(sig = "($type, iterable, value=None, /)")]
    fn fromkeys(cls: &Value, vm: &Vm, iterable: &Value, value: Option<Value>) -> PyResult {
        let made = crate::protocol::call::call(vm, cls, &[])?;
        let value = value.unwrap_or(Value::NONE);
        let exact = made.downcast_exact::<Dict>().map(|d| d.to_ref());
        // Those that know the hashes of their keys are not asked for them again.
        let hashed = match (iterable.downcast_exact::<Dict>(), iterable.downcast::<Set>()) {
            (Some(dict), _) => Some(dict.keys_hashed()),
            (None, Some(set)) if !set.ty().has_flag(TypeFlags::HEAP) => Some(set.hashed()),
            _ => None,
        };
        if let (Some(dict), Some(hashed)) = (&exact, hashed) {
            for (key, hash) in hashed {
                dict.insert_hashed(vm, &key, hash, value.clone())?;
            }
            return Ok(made);
        }
        iter::for_each(vm, iterable, |key| {
            match &exact {
                Some(dict) => dict.insert(vm, &key, value.clone())?,
                None => object::set_item(vm, &made, &key, value.clone())?,
            }
            Ok(true)
        })?;
        Ok(made)
    }

    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        crate::objects::generic_alias::make(vm, cls, item)
    }
}

/// Does a dict hold this very pair? For the items view.
pub(super) fn has_pair(vm: &Vm, dict: &Dict, pair: &Value) -> PyResult<bool> {
    let Some(pair) = pair.downcast::<Tuple>().filter(|t| t.len() == 2) else { return Ok(false) };
    let [key, value] = [&pair.items()[0], &pair.items()[1]];
    let hash = object::hash(vm, key)?;
    match find(&dict.table, vm, key, hash)? {
        Some((entry, _)) => match dict.value_at(entry) {
            Some(ours) => compare::equal(vm, value, &ours),
            None => Ok(false),
        },
        None => Ok(false),
    }
}
