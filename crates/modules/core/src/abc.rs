//! `_abc`: what `abc.ABCMeta` does on every `isinstance` and `issubclass`.
//!
//! Each abstract class carries an `_abc_data` with its registry and two caches of answers. Classes are
//! remembered by address together with a weak reference, which tells whether the address still
//! means the same class. CPython's counterpart: `Modules/_abc.c`.

use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::object::{GilCell, Guarded};
use adder_vm::objects::int;
use adder_vm::objects::list::List;
use adder_vm::objects::set::Set;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::{Type, TypeFlags};
use adder_vm::objects::weakref::WeakRef;
use adder_vm::protocol::{iter, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// Classes, held weakly.
#[derive(Default)]
struct Classes {
    known: hashbrown::HashMap<usize, Ref<WeakRef>, rapidhash::fast::RandomState>,
    /// At this size the dead are thrown out.
    clean_at: usize,
}

impl Classes {
    fn contains(&self, class: &Value) -> bool {
        let found = self.known.get(&(class.bits() as usize));
        found.is_some_and(|weak| weak.get().is_some_and(|target| target.is(class)))
    }
    fn alive(&self) -> Vec<Value> {
        self.known.values().filter(|w| w.get().is_some()).map(|w| w.to_value()).collect()
    }
}

/// Adds a class to a set; weak references that die are dropped outside the borrow.
fn add(vm: &Vm, set: &Guarded<Classes>, class: &Value) -> PyResult<()> {
    const FIRST_CLEANING: usize = 32;
    let weak = WeakRef::make(vm, vm.type_object::<WeakRef>(), class, None)?;
    let dead: Vec<Ref<WeakRef>> = set.with_mut(|set| {
        let old = set.known.insert(class.bits() as usize, weak);
        if set.known.len() < set.clean_at.max(FIRST_CLEANING) {
            return old.into_iter().collect();
        }
        let dead = set.known.extract_if(|_, weak| weak.get().is_none()).map(|(_, w)| w);
        let dead = dead.chain(old).collect();
        set.clean_at = set.known.len() * 2;
        dead
    });
    drop(dead);
    Ok(())
}

/// Internal state held by ABC machinery.
#[pyclass(name = "_abc._abc_data", no_gc)]
pub struct AbcData {
    registry: Guarded<Classes>,
    cache: Guarded<Classes>,
    negative: Guarded<Classes>,
    /// The registration count for which `negative` holds.
    negative_version: Cell<u64>,
}

#[pymethods]
impl AbcData {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(AbcData::make(ty).into())
    }
}

impl AbcData {
    fn make(ty: &Obj<Type>) -> Ref<AbcData> {
        let payload = AbcData {
            registry: Guarded::default(),
            cache: Guarded::default(),
            negative: Guarded::default(),
            negative_version: Cell::new(REGISTRATIONS.get()),
        };
        Ref::with_type(payload, ty)
    }
    /// Negative answers end with the next registration anywhere.
    fn forget_stale(&self) {
        if self.negative_version.get() < REGISTRATIONS.get() {
            drop(self.negative.replace(Classes::default()));
            self.negative_version.set(REGISTRATIONS.get());
        }
    }
}

/// How many classes have been registered anywhere.
static REGISTRATIONS: GilCell<u64> = GilCell::new(0);

const COLLECTION: TypeFlags = TypeFlags::SEQUENCE.union(TypeFlags::MAPPING);

fn data_of(vm: &Vm, class: &Value) -> PyResult<Ref<AbcData>> {
    let found = object::get_attr_str(vm, class, "_abc_impl")?;
    found.into_ref().map_err(|_| vm.type_error("_abc_impl is set to a wrong type"))
}

fn is_abstract(vm: &Vm, value: &Value) -> PyResult<bool> {
    match object::lookup_attr(vm, value, &vm.names().__isabstractmethod__)? {
        Some(answer) => object::is_true(vm, &answer),
        None => Ok(false),
    }
}

/// What a class's `__dict__` holds.
fn namespace(vm: &Vm, class: &Value) -> PyResult<Vec<(Value, Value)>> {
    let names = vm.names();
    let descriptor = |ty: &Obj<Type>| ty.lookup(&names.__dict__);
    if let Some(ty) = class.downcast::<Type>()
        && let (Some(its), Some(plain)) = (descriptor(class.ty()), descriptor(Type::type_object()))
        && its.is(&plain)
    {
        return Ok(ty.dict().items_vec());
    }
    let namespace = object::get_attr(vm, class, &names.__dict__)?;
    let items = object::call_method(vm, &namespace, &names.items, &[])?;
    let pair = |item: Value| {
        let [key, value] = item.downcast::<Tuple>()?.items() else { return None };
        Some((key.clone(), value.clone()))
    };
    Ok(iter::collect(vm, &items)?.into_iter().filter_map(pair).collect())
}

/// The names of all abstract methods that a class has, its own and inherited ones.
fn abstract_methods(vm: &Vm, class: &Value) -> PyResult {
    let names = vm.names();
    let mut found = Vec::new();
    for (key, value) in namespace(vm, class)? {
        if is_abstract(vm, &value)? {
            found.push(key);
        }
    }
    let bases = object::get_attr(vm, class, &names.__bases__)?;
    let Some(bases) = bases.downcast::<Tuple>() else {
        return Err(vm.type_error("__bases__ is not tuple"));
    };
    for base in bases.items() {
        let inherited = object::lookup_attr(vm, base, &names.__abstractmethods__)?;
        let Some(inherited) = inherited else { continue };
        for key in iter::collect(vm, &inherited)? {
            let name = object::attribute_name(vm, &key)?;
            if let Some(value) = object::lookup_attr(vm, class, &name)?
                && is_abstract(vm, &value)?
            {
                found.push(key);
            }
        }
    }
    Ok(Set::frozen_from(vm, &found))
}

/// A class body may say `__abc_tpflags__`, by which pattern matching knows sequences and mappings.
fn take_flags(vm: &Vm, class: &Value) -> PyResult<()> {
    let Some(ty) = class.downcast::<Type>() else { return Ok(()) };
    let Some(flags) = ty.dict().remove_str(&vm.intern("__abc_tpflags__")) else { return Ok(()) };
    let Some(bits) = int::to_i64_exact(&flags) else { return Ok(()) };
    let wanted = TypeFlags::from_bits_truncate(bits as u32) & COLLECTION;
    if wanted == COLLECTION {
        return Err(vm.type_error(
            "__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING",
        ));
    }
    if !wanted.is_empty() {
        ty.set_flag(COLLECTION, false);
        ty.set_flag(wanted, true);
    }
    Ok(())
}

/// Makes a registered class, and what derives from it, a sequence or mapping as its new base is.
fn spread_flag(ty: &Obj<Type>, flag: TypeFlags) {
    if ty.has_flag(TypeFlags::IMMUTABLE) || ty.has_flag(flag) {
        return;
    }
    ty.set_flag(COLLECTION, false);
    ty.set_flag(flag, true);
    for subclass in ty.subclass_refs() {
        spread_flag(&subclass, flag);
    }
}

/// `cls.__subclasscheck__(subclass)`
fn check(vm: &Vm, class: &Value, subclass: &Value) -> PyResult<bool> {
    let name = &vm.names().__subclasscheck__;
    let answer = object::call_method(vm, class, name, std::slice::from_ref(subclass))?;
    object::is_true(vm, &answer)
}

/// Module contains faster C implementation of abc.ABCMeta
#[pymodule(name = "_abc")]
pub mod abc {
    use super::*;

    /// Returns the current ABC cache token.
    ///
    /// The token is an opaque object (supporting equality testing) identifying the
    /// current version of the ABC cache for virtual subclasses. The token changes
    /// with every call to register() on any ABC.
    #[pyfunction]
    fn get_cache_token(_vm: &Vm) -> u64 {
        REGISTRATIONS.get()
    }

    /// Internal ABC helper for class set-up. Should be never used outside abc module.
    #[pyfunction]
    fn _abc_init(vm: &Vm, self_: &Value) -> PyResult<()> {
        let methods = abstract_methods(vm, self_)?;
        object::set_attr(vm, self_, &vm.names().__abstractmethods__, methods)?;
        let data = AbcData::make(vm.type_object::<AbcData>());
        object::set_attr(vm, self_, &vm.intern("_abc_impl"), data.into())?;
        take_flags(vm, self_)
    }

    /// Internal ABC helper for subclass registration. Should be never used outside abc module.
    #[pyfunction]
    fn _abc_register(vm: &Vm, self_: &Value, subclass: Value) -> PyResult {
        let Some(ty) = subclass.downcast::<Type>() else {
            return Err(vm.type_error("Can only register classes"));
        };
        if object::is_subclass(vm, &subclass, self_)? {
            return Ok(subclass);
        }
        // Registered the other way round already: this would never end.
        if object::is_subclass(vm, self_, &subclass)? {
            return Err(vm.runtime_error("Refusing to create an inheritance cycle"));
        }
        add(vm, &data_of(vm, self_)?.registry, &subclass)?;
        REGISTRATIONS.with(|n| *n += 1);
        if let Some(class) = self_.downcast::<Type>() {
            for flag in [TypeFlags::SEQUENCE, TypeFlags::MAPPING] {
                if class.has_flag(flag) {
                    spread_flag(ty, flag);
                }
            }
        }
        Ok(subclass)
    }

    /// Internal ABC helper for instance checks. Should be never used outside abc module.
    #[pyfunction]
    fn _abc_instancecheck(vm: &Vm, self_: &Value, instance: &Value) -> PyResult<bool> {
        let data = data_of(vm, self_)?;
        let class = object::get_attr(vm, instance, &vm.names().__class__)?;
        if data.cache.with(|c| c.contains(&class)) {
            return Ok(true);
        }
        let real = instance.ty().to_value();
        if class.is(&real) {
            if data.negative_version.get() == REGISTRATIONS.get()
                && data.negative.with(|c| c.contains(&class))
            {
                return Ok(false);
            }
            return check(vm, self_, &class);
        }
        Ok(check(vm, self_, &class)? || check(vm, self_, &real)?)
    }

    /// Internal ABC helper for subclasss checks. Should be never used outside abc module.
    #[pyfunction]
    fn _abc_subclasscheck(vm: &Vm, self_: &Value, subclass: &Value) -> PyResult<bool> {
        let Some(ty) = subclass.downcast::<Type>() else {
            return Err(vm.type_error("issubclass() arg 1 must be a class"));
        };
        let data = data_of(vm, self_)?;
        if data.cache.with(|c| c.contains(subclass)) {
            return Ok(true);
        }
        data.forget_stale();
        if data.negative.with(|c| c.contains(subclass)) {
            return Ok(false);
        }
        let hook = &vm.names().__subclasshook__;
        let answer = object::call_method(vm, self_, hook, std::slice::from_ref(subclass))?;
        if let Some(answer) = answer.as_bool() {
            add(vm, if answer { &data.cache } else { &data.negative }, subclass)?;
            return Ok(answer);
        }
        if !answer.is_not_implemented() {
            return Err(vm.assertion_error(
                "__subclasshook__ must return either False, True, or NotImplemented",
            ));
        }
        if ty.mro().iter().any(|base| base.is(self_)) {
            add(vm, &data.cache, subclass)?;
            return Ok(true);
        }
        for registered in data.registry.with(Classes::alive) {
            let class = registered.downcast::<WeakRef>().and_then(|w| WeakRef::get(w));
            if let Some(class) = class
                && object::is_subclass(vm, subclass, &class)?
            {
                add(vm, &data.cache, subclass)?;
                return Ok(true);
            }
        }
        let subclasses = object::call_method(vm, self_, &vm.intern("__subclasses__"), &[])?;
        let Some(subclasses) = subclasses.downcast::<List>() else {
            return Err(vm.type_error("__subclasses__() must return a list"));
        };
        for class in subclasses.to_vec() {
            if object::is_subclass(vm, subclass, &class)? {
                add(vm, &data.cache, subclass)?;
                return Ok(true);
            }
        }
        add(vm, &data.negative, subclass)?;
        Ok(false)
    }

    /// Internal ABC helper to reset registry of a given class.
    ///
    /// Should be only used by refleak.py
    #[pyfunction]
    fn _reset_registry(vm: &Vm, self_: &Value) -> PyResult<()> {
        drop(data_of(vm, self_)?.registry.replace(Classes::default()));
        Ok(())
    }

    /// Internal ABC helper to reset both caches of a given class.
    ///
    /// Should be only used by refleak.py
    #[pyfunction]
    fn _reset_caches(vm: &Vm, self_: &Value) -> PyResult<()> {
        let data = data_of(vm, self_)?;
        drop(data.cache.replace(Classes::default()));
        drop(data.negative.replace(Classes::default()));
        Ok(())
    }

    /// Internal ABC helper for cache and registry debugging.
    ///
    /// Return shallow copies of registry, of both caches, and
    /// negative cache version. Don't call this function directly,
    /// instead use ABC._dump_registry() for a nice repr.
    #[pyfunction]
    fn _get_dump(vm: &Vm, self_: &Value) -> PyResult<Ref<Tuple>> {
        let data = data_of(vm, self_)?;
        let mut parts = Vec::with_capacity(4);
        for set in [&data.registry, &data.cache, &data.negative] {
            let copy = Set::new_ref();
            for weak in set.with(Classes::alive) {
                copy.add(vm, &weak)?;
            }
            parts.push(copy.into());
        }
        parts.push(int::from_i64(data.negative_version.get() as i64));
        Ok(Tuple::from_vec(parts))
    }
}
