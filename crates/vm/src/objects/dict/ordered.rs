//! `collections.OrderedDict`: a dict whose order can be changed and counts when two are compared.
//!
//! A dict keeps its order anyway, in its entries; what comes on top is moving an entry to either end.
//! There is no list of links beside it. What `dict`'s own methods take out of an OrderedDict stays in
//! its order nevertheless, as in CPython: whoever walks over it meets a `KeyError`. CPython's
//! counterpart: `Objects/odictobject.c`.

use super::{Dict, methods};
use crate::object::{GilCell, Obj, Payload, Ref};
use crate::objects::descr::MemberDescr;
use crate::objects::list::List;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::declare::{self, Declaration};
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::{call, iter, object};
use crate::runtime::args::{CallArgs, KwArgs};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymethods;

/// The methods of `OrderedDict`; its instances are dicts.
struct OrderedDict;

static TYPE: GilCell<Option<&'static Obj<Type>>> = GilCell::new(None);

/// The place in instances for the keys that `dict`'s own methods took out: a list, once there are any.
static LOST: GilCell<Option<Value>> = GilCell::new(None);

/// The type, made on first use.
pub fn ordered_dict() -> &'static Obj<Type> {
    if let Some(known) = TYPE.get() {
        return known;
    }
    let declaration = Declaration {
        name: "OrderedDict",
        module: "collections",
        doc: "Dictionary that remembers insertion order",
        signature: None,
        base: || Some(Dict::cell()),
        make_base: || {},
        base_type: true,
        has_dict: true,
        no_new: false,
        flags: TypeFlags::MAPPING,
    };
    let (ty, lost) =
        declare::extend_type_hiding::<OrderedDict>(declaration, Dict::cell().get(), "lost keys");
    LOST.with(|place| *place = Some(lost));
    ty.flags.set(ty.flags.get() | TypeFlags::WEAKREF);
    TYPE.with(|known| *known = Some(ty));
    ty
}

/// Does a change of the order matter to those who iterate?
pub(super) fn is_ordered(dict: &Obj<Dict>) -> bool {
    !dict.is_exact() && TYPE.get().is_some_and(|ty| dict.ty().is_subtype(ty))
}

/// The keys that are in the order alone.
fn lost(dict: &Obj<Dict>) -> Option<Ref<List>> {
    let place: Ref<MemberDescr> = LOST.with(|place| place.clone())?.into_ref().ok()?;
    place.get_from(&dict.to_value())?.into_ref().ok()
}

/// A method of `dict` has taken a key out of what may be an OrderedDict.
pub(super) fn note_loss(dict: &Obj<Dict>, key: &Value) {
    if !is_ordered(dict) {
        return;
    }
    if let Some(keys) = lost(dict) {
        keys.push(key.clone());
        return;
    }
    let place = LOST.with(|place| place.clone()).and_then(|place| place.into_ref().ok());
    let place: Option<Ref<MemberDescr>> = place;
    if let Some(place) = place {
        place.set_in(&dict.to_value(), Some(List::from_vec(vec![key.clone()]).into()));
    }
}

/// Is every key of the order in the dict?
pub(super) fn check_losses(vm: &Vm, dict: &Obj<Dict>) -> PyResult<()> {
    let Some(keys) = lost(dict) else { return Ok(()) };
    for key in keys.to_vec() {
        if !dict.contains(vm, &key)? {
            return Err(vm.key_error(&key));
        }
    }
    Ok(())
}

/// Whoever walks over the order finds each key again: one whose hash has changed is not there.
pub(super) fn check_key(vm: &Vm, dict: &Obj<Dict>, key: &Value) -> PyResult<()> {
    let steady = key.is_exact::<Str>() || key.is_small_int();
    if steady || dict.contains(vm, key)? { Ok(()) } else { Err(vm.key_error(key)) }
}

fn check_all(vm: &Vm, dict: &Obj<Dict>) -> PyResult<()> {
    check_losses(vm, dict)?;
    dict.keys_vec().iter().try_for_each(|key| check_key(vm, dict, key))
}

pub(super) fn mutated(vm: &Vm) -> Exc {
    vm.runtime_error("OrderedDict mutated during iteration")
}

fn dict_of<'a>(vm: &Vm, zelf: &'a Value) -> PyResult<&'a Obj<Dict>> {
    zelf.downcast::<Dict>().ok_or_else(|| vm.type_error("an OrderedDict is needed"))
}

/// Does a subclass store items in a way of its own?
fn stores_itself(vm: &Vm, zelf: &Value) -> bool {
    let name = &vm.names().__setitem__;
    match (zelf.ty().lookup(name), ordered_dict().lookup(name)) {
        (Some(own), Some(plain)) => !own.is(&plain),
        _ => false,
    }
}

fn update(
    vm: &Vm,
    zelf: &Value,
    other: Option<&Value>,
    kwargs: Option<&Obj<Dict>>,
) -> PyResult<()> {
    let dict = dict_of(vm, zelf)?;
    if !stores_itself(vm, zelf) {
        if let Some(other) = other {
            methods::update_from(vm, dict, other)?;
        }
        return kwargs.map_or(Ok(()), |kwargs| dict.merge(vm, kwargs));
    }
    let items = Dict::new_ref();
    if let Some(other) = other {
        methods::update_from(vm, &items, other)?;
    }
    if let Some(kwargs) = kwargs {
        items.merge(vm, kwargs)?;
    }
    for (key, value) in items.items_vec() {
        object::set_item(vm, zelf, &key, value)?;
    }
    Ok(())
}

/// The same keys in the same order? What compares them may change the dicts, and must not.
fn same_order(vm: &Vm, a: &Obj<Dict>, b: &Obj<Dict>) -> PyResult<bool> {
    let stamps = || (a.stamp(), b.stamp());
    let before = stamps();
    let (mut i, mut j) = (0, 0);
    loop {
        let ((at, x, _), (other, y, _)) = match (a.entry_from(i), b.entry_from(j)) {
            (Some(mine), Some(theirs)) => (mine, theirs),
            (mine, theirs) => return Ok(mine.is_none() && theirs.is_none()),
        };
        let equal = compare::equal(vm, &x, &y)?;
        if stamps() != before {
            return Err(mutated(vm));
        }
        if !equal {
            return Ok(false);
        }
        (i, j) = (at + 1, other + 1);
    }
}

#[pymethods]
impl OrderedDict {
    #[slot]
    fn init(zelf: &Value, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        if args.args().len() > 1 {
            return Err(
                vm.type_error(format!("expected at most 1 arguments, got {}", args.args().len()))
            );
        }
        let kwargs = Dict::new_ref();
        for (name, value) in args.keywords() {
            kwargs.insert(vm, name, value.clone())?;
        }
        update(vm, zelf, args.args().first(), Some(&kwargs))
    }
    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        let name = zelf.ty().short_name();
        let dict = dict_of(vm, zelf)?;
        if dict.is_empty() {
            return Ok(vm.str(&format!("{name}()")));
        }
        check_all(vm, dict)?;
        object::guard_repr(vm, zelf, vm.str("..."), || {
            let shown = object::repr(vm, &dict.copy().to_value())?;
            Ok(vm.str(&format!("{name}({})", shown.to_string_lossy())))
        })
    }
    #[slot]
    fn richcompare(zelf: &Value, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let (a, Some(b)) = (dict_of(vm, zelf)?, other.downcast::<Dict>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let Some(plain) = Dict::cell().get().slots.richcompare.get() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let mut equal = plain(vm, zelf, other, CmpOp::Eq)?.is_true();
        if equal && is_ordered(b) {
            equal = same_order(vm, a, b)?;
        }
        Ok(Value::bool(equal == (op == CmpOp::Eq)))
    }
    #[slot]
    fn setitem(zelf: &Value, vm: &Vm, key: &Value, value: Option<Value>) -> PyResult<()> {
        let dict = dict_of(vm, zelf)?;
        match value {
            Some(value) => dict.insert(vm, key, value),
            None => match dict.remove(vm, key)? {
                Some(old) => {
                    drop(old);
                    Ok(())
                }
                None => Err(vm.key_error(key)),
            },
        }
    }
    #[slot]
    fn or(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        if zelf.downcast::<Dict>().is_none() || other.downcast::<Dict>().is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let ordered = |value: &Value| value.downcast::<Dict>().is_some_and(is_ordered);
        let class = if ordered(zelf) { zelf.ty() } else { other.ty() };
        let made = call::call(vm, &class.to_value(), std::slice::from_ref(zelf))?;
        update(vm, &made, Some(other), None)?;
        Ok(made)
    }
    #[slot]
    fn ior(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        update(vm, zelf, Some(other), None)?;
        Ok(zelf.clone())
    }

    /// D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.
    #[pymethod(name = "update", sig = "($self, other=(), /, **kwargs)")]
    fn py_update(zelf: &Value, vm: &Vm, other: Option<&Value>, kwargs: KwArgs) -> PyResult<()> {
        update(vm, zelf, other, Some(&kwargs.0))
    }
    /// Create a new ordered dictionary with keys from iterable and values set to value.
    #[classmethod(sig = "($type, /, iterable, value=None)")]
    fn fromkeys(cls: &Value, vm: &Vm, iterable: &Value, value: Option<Value>) -> PyResult {
        let made = call::call(vm, cls, &[])?;
        let value = value.unwrap_or(Value::NONE);
        iter::for_each(vm, iterable, |key| {
            object::set_item(vm, &made, &key, value.clone())?;
            Ok(true)
        })?;
        Ok(made)
    }
    /// Insert key with a value of default if key is not in the dictionary.
    ///
    /// Return the value for key if key is in the dictionary, else default.
    #[pymethod(sig = "($self, /, key, default=None)")]
    fn setdefault(zelf: &Value, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        let default = default.unwrap_or(Value::NONE);
        if !stores_itself(vm, zelf) {
            return dict_of(vm, zelf)?.set_default(vm, key, default);
        }
        if object::contains(vm, zelf, key)? {
            return object::get_item(vm, zelf, key);
        }
        object::set_item(vm, zelf, key, default.clone())?;
        Ok(default)
    }
    /// od.pop(key[,default]) -> v, remove specified key and return the corresponding value.
    ///
    /// If the key is not found, return the default if given; otherwise,
    /// raise a KeyError.
    #[pymethod(sig = "($self, /, key, default=<unrepresentable>)")]
    fn pop(zelf: &Value, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        match dict_of(vm, zelf)?.remove(vm, key)?.or(default) {
            Some(value) => Ok(value),
            None => Err(vm.key_error(key)),
        }
    }
    /// Remove and return a (key, value) pair from the dictionary.
    ///
    /// Pairs are returned in LIFO order if last is true or FIFO order if false.
    #[pymethod(sig = "($self, /, last=True)")]
    fn popitem(zelf: &Value, vm: &Vm, last: Option<bool>) -> PyResult<(Value, Value)> {
        let dict = dict_of(vm, zelf)?;
        let pair = if last.unwrap_or(true) { dict.pop_last() } else { dict.pop_first() };
        pair.ok_or_else(|| vm.key_error(&vm.str("dictionary is empty")))
    }
    /// Move an existing element to the end (or beginning if last is false).
    ///
    /// Raise KeyError if the element does not exist.
    #[pymethod(sig = "($self, /, key, last=True)")]
    fn move_to_end(zelf: &Value, vm: &Vm, key: &Value, last: Option<bool>) -> PyResult<()> {
        match dict_of(vm, zelf)?.move_to_end(vm, key, last.unwrap_or(true))? {
            true => Ok(()),
            false => Err(vm.key_error(key)),
        }
    }
    /// od.copy() -> a shallow copy of od
    #[pymethod]
    fn copy(zelf: &Value, vm: &Vm) -> PyResult {
        check_all(vm, dict_of(vm, zelf)?)?;
        let made = call::call(vm, &zelf.ty().to_value(), &[])?;
        for (key, value) in dict_of(vm, zelf)?.items_vec() {
            object::set_item(vm, &made, &key, value)?;
        }
        Ok(made)
    }
    /// Return state information for pickling
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult {
        let state = object::call_method(vm, zelf, &vm.intern("__getstate__"), &[])?;
        let items = object::call_method(vm, zelf, &vm.names().items, &[])?;
        let parts = vec![
            zelf.ty().to_value(),
            Tuple::empty().into(),
            state,
            Value::NONE,
            iter::iter(vm, &items)?,
        ];
        Ok(Tuple::from_vec(parts).into())
    }
    /// od.__reversed__() <==> reversed(od)
    #[pymethod]
    fn __reversed__(zelf: &Value, vm: &Vm) -> PyResult {
        let dict: Ref<Dict> = dict_of(vm, zelf)?.to_ref();
        Ok(super::views::DictIter::new_value(dict, super::views::ViewKind::Keys, true))
    }
}
