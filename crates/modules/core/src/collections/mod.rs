//! `_collections`: `deque`, `defaultdict`, and helpers of `Lib/collections/__init__.py`
//! (`OrderedDict` is there, in Python). CPython's counterpart: `Modules/_collectionsmodule.c`.

mod deque;

use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::object::{GilCell, Payload};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::module::Module;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::declare::{self, Declaration};
use adder_vm::objects::type_::{Type, TypeFlags};
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::protocol::{call, iter, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// The methods of `defaultdict`; its instances are dicts with a member `default_factory`.
struct DefaultDict;

const FACTORY: &str = "default_factory";

fn factory(vm: &Vm, zelf: &Value) -> PyResult {
    let found = object::lookup_attr(vm, zelf, &vm.intern(FACTORY))?;
    Ok(found.unwrap_or(Value::NONE))
}

#[pymethods]
impl DefaultDict {
    #[slot]
    fn init(zelf: &Value, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let (first, rest) = match args.args() {
            [] => (Value::NONE, args),
            [first, ..] => (first.clone(), args.without_first()),
        };
        if !first.is_none() && !call::is_callable(&first) {
            return Err(vm.type_error("first argument must be callable or None"));
        }
        object::set_attr(vm, zelf, &vm.intern(FACTORY), first)?;
        match Dict::cell().get().slots.init.get() {
            Some(init) => init(vm, zelf, rest),
            None => Ok(()),
        }
    }
    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        let base = match Dict::cell().get().slots.repr.get() {
            Some(repr) => repr(vm, zelf)?,
            None => Value::NONE,
        };
        let factory = factory(vm, zelf)?;
        // The factory may be a method of the dict itself.
        let shown = object::guard_repr(vm, &factory, vm.str("..."), || {
            object::repr(vm, &factory).map(Value::from)
        })?;
        let (shown, base) = (object::str(vm, &shown)?, object::str(vm, &base)?);
        Ok(vm.str(&format!(
            "{}({}, {})",
            zelf.ty().short_name(),
            shown.to_string_lossy(),
            base.to_string_lossy()
        )))
    }
    #[slot]
    fn or(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (Some(left), Some(right)) = (zelf.downcast::<Dict>(), other.downcast::<Dict>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        // The operand that is a defaultdict gives its factory, the left one first.
        let own = if zelf.ty().lookup(&vm.intern(FACTORY)).is_some() { zelf } else { other };
        let made = call::call(vm, &own.ty().to_value(), &[factory(vm, own)?, left.to_value()])?;
        if let Some(dict) = made.downcast::<Dict>() {
            dict.merge(vm, right)?;
        }
        Ok(made)
    }

    /// __missing__(key) # Called by __getitem__ for missing key; pseudo-code:
    ///   if self.default_factory is None: raise KeyError((key,))
    ///   self[key] = value = self.default_factory()
    ///   return value
    #[pymethod]
    fn __missing__(zelf: &Value, vm: &Vm, key: &Value) -> PyResult {
        let factory = factory(vm, zelf)?;
        if factory.is_none() {
            return Err(vm.key_error(key));
        }
        let value = call::call(vm, &factory, &[])?;
        object::set_item(vm, zelf, key, value.clone())?;
        Ok(value)
    }
    /// D.copy() -> a shallow copy of D.
    #[pymethod]
    fn copy(zelf: &Value, vm: &Vm) -> PyResult {
        call::call(vm, &zelf.ty().to_value(), &[factory(vm, zelf)?, zelf.clone()])
    }
    /// D.copy() -> a shallow copy of D.
    #[pymethod]
    fn __copy__(zelf: &Value, vm: &Vm) -> PyResult {
        DefaultDict::copy(zelf, vm)
    }
    /// Return state information for pickling.
    #[pymethod]
    fn __reduce__(zelf: &Value, vm: &Vm) -> PyResult {
        let factory = factory(vm, zelf)?;
        let args = if factory.is_none() { Vec::new() } else { vec![factory] };
        let items = object::call_method(vm, zelf, &vm.names().items, &[])?;
        Ok(Tuple::from_vec(vec![
            zelf.ty().to_value(),
            Tuple::from_vec(args).into(),
            Value::NONE,
            Value::NONE,
            iter::iter(vm, &items)?,
        ])
        .into())
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }
}

static DEFAULT_DICT: GilCell<Option<&'static Obj<Type>>> = GilCell::new(None);

fn defaultdict() -> &'static Obj<Type> {
    if let Some(known) = DEFAULT_DICT.get() {
        return known;
    }
    let declaration = Declaration {
        name: "defaultdict",
        module: "collections",
        doc: "defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nThe default factory is called without arguments to produce\na new value when a key is not present, in __getitem__ only.\nA defaultdict compares equal to a dict with the same items.\nAll remaining arguments are treated the same as if they were\npassed to the dict constructor, including keyword arguments.",
        signature: None,
        base: || Some(Dict::cell()),
        make_base: || {},
        base_type: true,
        has_dict: false,
        no_new: false,
        flags: TypeFlags::MAPPING,
    };
    let ty = declare::extend_type::<DefaultDict>(declaration, Dict::cell().get(), &[FACTORY]);
    DEFAULT_DICT.set(Some(ty));
    ty
}

/// A named tuple's field: the item at an index, with a docstring that can be set.
#[pyclass(name = "collections._tuplegetter")]
struct TupleGetter {
    #[notrace]
    index: usize,
    doc: adder_vm::object::ValueCell,
}

#[pymethods]
impl TupleGetter {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [index, doc] = args.all() else {
            return Err(vm.type_error(format!(
                "_tuplegetter expected 2 arguments, got {}",
                args.all().len()
            )));
        };
        let index = number::to_ssize(vm, index)?.max(0) as usize;
        Ok(Ref::with_type(TupleGetter { index, doc: doc.clone().into() }, ty).into())
    }
    #[slot]
    fn descr_get(
        zelf: &Obj<TupleGetter>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        let Some(object) = object.filter(|o| !o.is_none()) else { return Ok(zelf.to_value()) };
        let Some(tuple) = object.downcast::<Tuple>() else {
            return Err(vm.type_error(format!(
                "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                zelf.index,
                object.ty().name()
            )));
        };
        let item = tuple.items().get(zelf.index).cloned();
        item.ok_or_else(|| vm.index_error("tuple index out of range"))
    }
    #[slot]
    fn descr_set(
        _zelf: &Obj<TupleGetter>,
        vm: &Vm,
        _object: &Value,
        value: Option<Value>,
    ) -> PyResult<()> {
        let what = if value.is_some() { "can't set attribute" } else { "can't delete attribute" };
        Err(vm.attribute_error(what))
    }
    #[slot]
    fn repr(zelf: &Obj<TupleGetter>, vm: &Vm) -> PyResult {
        let doc = object::repr(vm, &zelf.doc.get().unwrap_or(Value::NONE))?;
        let name = adder_vm::objects::type_::methods::full_name(vm, zelf.ty());
        Ok(vm.str(&format!("{name}({}, {})", zelf.index, doc.to_string_lossy())))
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<TupleGetter>, _vm: &Vm) -> Option<Value> {
        zelf.doc.get()
    }
    #[setter(name = "__doc__")]
    fn set_doc(zelf: &Obj<TupleGetter>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.doc.set(value);
        Ok(())
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<TupleGetter>, _vm: &Vm) -> (Value, (usize, Option<Value>)) {
        (zelf.ty().to_value(), (zelf.index, zelf.doc.get()))
    }
}

/// High performance data structures.
/// - deque:        ordered collection accessible from endpoints only
/// - defaultdict:  dict subclass with a default value factory
/// - OrderedDict:  dict subclass whose order can be changed
#[pymodule(name = "_collections")]
pub mod collections {
    use super::*;

    /// Count elements in the iterable, updating the mapping
    #[pyfunction]
    fn _count_elements(vm: &Vm, mapping: &Value, iterable: &Value) -> PyResult<()> {
        let (one, zero) = (Value::int_unchecked(1), Value::int_unchecked(0));
        let get = vm.intern("get");
        // A dict whose methods are its own is counted in directly.
        let dict = mapping.downcast::<Dict>().filter(|d| {
            let (ty, plain) = (d.ty(), Dict::cell().get());
            [&get, &vm.names().__setitem__].into_iter().all(|name| {
                match (ty.lookup(name), plain.lookup(name)) {
                    (Some(own), Some(base)) => own.is(&base),
                    _ => false,
                }
            })
        });
        let getter = match dict {
            Some(_) => Value::NONE,
            None => object::get_attr(vm, mapping, &get)?,
        };
        iter::for_each(vm, iterable, |key| {
            match dict {
                Some(dict) => {
                    let hash = object::hash(vm, &key)?;
                    let count = match dict.get_hashed(vm, &key, hash)? {
                        Some(old) => number::binary(vm, &old, &one, BinOp::Add)?,
                        None => one.clone(),
                    };
                    dict.insert_hashed(vm, &key, hash, count)?;
                }
                None => {
                    let old = call::call(vm, &getter, &[key.clone(), zero.clone()])?;
                    let count = number::binary(vm, &old, &one, BinOp::Add)?;
                    object::set_item(vm, mapping, &key, count)?;
                }
            }
            Ok(true)
        })
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        for ty in [
            vm.type_object::<deque::Deque>(),
            vm.type_object::<deque::DequeIter>(),
            vm.type_object::<deque::DequeReverseIter>(),
            defaultdict(),
            adder_vm::objects::dict::ordered::ordered_dict(),
            vm.type_object::<TupleGetter>(),
        ] {
            module.add_type(vm, ty);
        }
        Ok(())
    }
}
