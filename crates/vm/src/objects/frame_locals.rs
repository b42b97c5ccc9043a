//! `FrameLocalsProxy`: a function's variables as a mapping that writes through (PEP 667).
//!
//! CPython's counterpart: `Objects/frameobject.c`.

use crate::object::{Obj, Ref};
use crate::objects::dict::Dict;
use crate::objects::frame::FrameObj;
use crate::objects::list::List;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::{iter, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// The variables of a frame.
#[pyclass(name = "FrameLocalsProxy", mapping)]
pub struct FrameLocalsProxy {
    frame: Ref<FrameObj>,
}

/// Where a variable lives: a word of the frame, and whether a cell is in it.
type Place = (usize, bool);

impl FrameLocalsProxy {
    pub fn new_value(frame: Ref<FrameObj>) -> Value {
        Ref::new(FrameLocalsProxy { frame }).into()
    }

    /// The variable of this name; any object that equals the name will do.
    fn place(&self, vm: &Vm, key: &Value) -> PyResult<Option<Place>> {
        let text = key.downcast::<Str>();
        for (name, index, is_cell) in self.frame.variables() {
            let same = match text {
                Some(text) if text.is_exact() => name.equals(text),
                _ => compare::equal(vm, &name.to_value(), key)?,
            };
            if same {
                return Ok(Some((index, is_cell)));
            }
        }
        Ok(None)
    }

    fn find(&self, vm: &Vm, key: &Value) -> PyResult<Option<Value>> {
        if let Some((index, is_cell)) = self.place(vm, key)?
            && let Some(value) = self.frame.variable(index, is_cell)
        {
            return Ok(Some(value));
        }
        match self.frame.extra(false) {
            Some(extra) => extra.get(vm, key),
            None => {
                object::hash(vm, key)?;
                Ok(None)
            }
        }
    }

    fn store(&self, vm: &Vm, key: &Value, value: Value) -> PyResult<()> {
        if let Some((index, is_cell)) = self.place(vm, key)? {
            self.frame.set_variable(index, is_cell, Some(value));
            return Ok(());
        }
        match self.frame.extra(true) {
            Some(extra) => extra.insert(vm, key, value),
            None => Ok(()),
        }
    }

    /// Takes a key out of what is no variable of the function.
    fn take(&self, vm: &Vm, key: &Value) -> PyResult<Option<Value>> {
        if self.place(vm, key)?.is_some() {
            return Err(vm.value_error("cannot remove local variables from FrameLocalsProxy"));
        }
        match self.frame.extra(false) {
            Some(extra) => extra.remove(vm, key),
            None => Ok(None),
        }
    }

    fn items(&self) -> Vec<(Value, Value)> {
        let mut all = Vec::new();
        for (name, index, is_cell) in self.frame.variables() {
            if let Some(value) = self.frame.variable(index, is_cell) {
                all.push((name.to_value(), value));
            }
        }
        if let Some(extra) = self.frame.extra(false) {
            all.extend(extra.items_vec());
        }
        all
    }

    fn to_dict(&self, vm: &Vm) -> PyResult<Ref<Dict>> {
        let dict = Dict::new_ref();
        for (key, value) in self.items() {
            dict.insert(vm, &key, value)?;
        }
        Ok(dict)
    }
}

/// The items of a dict or of another proxy; `None` for anything else.
fn items_of(value: &Value) -> Option<Vec<(Value, Value)>> {
    match (value.downcast::<Dict>(), value.downcast::<FrameLocalsProxy>()) {
        (Some(dict), _) => Some(dict.items_vec()),
        (None, Some(proxy)) => Some(proxy.items()),
        _ => None,
    }
}

fn undefined(vm: &Vm, key: &Value) -> Exc {
    match object::repr(vm, key) {
        Ok(shown) => {
            let shown = shown.to_string_lossy();
            vm.key_error(&vm.str(&format!("local variable '{shown}' is not defined")))
        }
        Err(exc) => exc,
    }
}

#[pymethods]
impl FrameLocalsProxy {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [frame] = args.args() else {
            let given = args.args().len();
            return Err(vm.type_error(format!("FrameLocalsProxy expected 1 argument, got {given}")));
        };
        if args.keyword_count() > 0 {
            return Err(vm.type_error("FrameLocalsProxy takes no keyword arguments"));
        }
        match frame.downcast::<FrameObj>() {
            Some(frame) => Ok(FrameLocalsProxy::new_value(frame.to_ref())),
            None => Err(vm.type_error(format!("expect frame, not {}", frame.ty().name()))),
        }
    }
    #[slot]
    fn len(zelf: &Obj<FrameLocalsProxy>, _vm: &Vm) -> PyResult<usize> {
        Ok(FrameLocalsProxy::items(zelf).len())
    }
    #[slot]
    fn getitem(zelf: &Obj<FrameLocalsProxy>, vm: &Vm, key: &Value) -> PyResult {
        zelf.find(vm, key)?.ok_or_else(|| undefined(vm, key))
    }
    #[slot]
    fn setitem(
        zelf: &Obj<FrameLocalsProxy>,
        vm: &Vm,
        key: &Value,
        value: Option<Value>,
    ) -> PyResult<()> {
        match value {
            Some(value) => zelf.store(vm, key, value),
            None => match zelf.take(vm, key)? {
                Some(_) => Ok(()),
                None => Err(vm.key_error(key)),
            },
        }
    }
    #[slot]
    fn contains(zelf: &Obj<FrameLocalsProxy>, vm: &Vm, key: &Value) -> PyResult<bool> {
        Ok(zelf.find(vm, key)?.is_some())
    }
    #[slot]
    fn iter(zelf: &Obj<FrameLocalsProxy>, vm: &Vm) -> PyResult {
        iter::iter(vm, &List::from_vec(FrameLocalsProxy::keys(zelf, vm)).into())
    }
    #[slot]
    fn repr(zelf: &Obj<FrameLocalsProxy>, vm: &Vm) -> PyResult {
        let shown = object::guard_repr(vm, &zelf.to_value(), vm.str("{...}"), || {
            Ok(object::repr(vm, &zelf.to_dict(vm)?.into())?.into())
        })?;
        Ok(shown)
    }
    #[slot]
    fn richcompare(zelf: &Obj<FrameLocalsProxy>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        if let Some(other) = other.downcast::<FrameLocalsProxy>() {
            let same = std::ptr::eq(&*zelf.frame, &*other.frame);
            return Ok(Value::bool(same == (op == CmpOp::Eq)));
        }
        match other.downcast::<Dict>() {
            Some(_) => compare::rich_compare(vm, &zelf.to_dict(vm)?.into(), other, op),
            None => Ok(Value::NOT_IMPLEMENTED),
        }
    }
    #[slot]
    fn or(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (Some(a), Some(b)) = (items_of(zelf), items_of(other)) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let dict = Dict::new_ref();
        for (key, value) in a.into_iter().chain(b) {
            dict.insert(vm, &key, value)?;
        }
        Ok(dict.into())
    }
    #[slot]
    fn ior(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (Some(proxy), Some(items)) = (zelf.downcast::<FrameLocalsProxy>(), items_of(other))
        else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        for (key, value) in items {
            proxy.store(vm, &key, value)?;
        }
        Ok(zelf.clone())
    }
    #[pymethod]
    fn __reversed__(zelf: &Obj<FrameLocalsProxy>, vm: &Vm) -> Vec<Value> {
        let mut keys = FrameLocalsProxy::keys(zelf, vm);
        keys.reverse();
        keys
    }
    #[pymethod]
    fn keys(zelf: &Obj<FrameLocalsProxy>, _vm: &Vm) -> Vec<Value> {
        FrameLocalsProxy::items(zelf).into_iter().map(|(key, _)| key).collect()
    }
    #[pymethod]
    fn values(zelf: &Obj<FrameLocalsProxy>, _vm: &Vm) -> Vec<Value> {
        FrameLocalsProxy::items(zelf).into_iter().map(|(_, value)| value).collect()
    }
    #[pymethod(name = "items")]
    fn items_list(zelf: &Obj<FrameLocalsProxy>, _vm: &Vm) -> Vec<Value> {
        let pair = |(key, value)| Tuple::from_vec(vec![key, value]).into();
        FrameLocalsProxy::items(zelf).into_iter().map(pair).collect()
    }
    #[pymethod]
    fn copy(zelf: &Obj<FrameLocalsProxy>, vm: &Vm) -> PyResult<Ref<Dict>> {
        zelf.to_dict(vm)
    }
    #[pymethod]
    fn get(zelf: &Obj<FrameLocalsProxy>, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        Ok(zelf.find(vm, key)?.or(default).unwrap_or(Value::NONE))
    }
    #[pymethod]
    fn setdefault(
        zelf: &Obj<FrameLocalsProxy>,
        vm: &Vm,
        key: &Value,
        default: Option<Value>,
    ) -> PyResult {
        if let Some(found) = zelf.find(vm, key)? {
            return Ok(found);
        }
        let default = default.unwrap_or(Value::NONE);
        zelf.store(vm, key, default.clone())?;
        Ok(default)
    }
    #[pymethod]
    fn pop(zelf: &Obj<FrameLocalsProxy>, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        match zelf.take(vm, key)?.or(default) {
            Some(value) => Ok(value),
            None => Err(vm.key_error(key)),
        }
    }
    #[pymethod]
    fn update(zelf: &Obj<FrameLocalsProxy>, vm: &Vm, other: &Value) -> PyResult<()> {
        let Some(items) = items_of(other) else {
            return Err(vm.type_error("update() argument must be dict or another FrameLocalsProxy"));
        };
        for (key, value) in items {
            zelf.store(vm, &key, value)?;
        }
        Ok(())
    }
}
