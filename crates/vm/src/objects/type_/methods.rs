//! The slots, methods and attributes of `type` itself.

use super::{Type, TypeFlags, build};
use crate::object::{Obj, Payload, Ref};
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::mapping_proxy::MappingProxy;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::{call, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymethods;

/// `module.qualname`, without `builtins.`
pub fn full_name(vm: &Vm, ty: &Obj<Type>) -> String {
    let qualname = ty.qualname.get();
    match module_of(vm, ty) {
        Some(module) if module != "builtins" => format!("{module}.{qualname}"),
        _ => qualname.into(),
    }
}

fn module_of(vm: &Vm, ty: &Obj<Type>) -> Option<String> {
    match ty.dict().get_str(&vm.names().__module__) {
        Some(module) => module.downcast::<Str>().map(|m| m.to_string()),
        None if ty.has_flag(TypeFlags::HEAP) => None,
        None => Some("builtins".into()),
    }
}

/// Calls a class: makes an instance, and initialises it if it is one.
pub fn type_call(vm: &Vm, class: &Value, args: CallArgs<'_>) -> PyResult {
    let Some(ty) = class.downcast::<Type>() else {
        return Err(vm.type_error("type.__call__ needs a type"));
    };
    if ty.same(Type::type_object())
        && args.keyword_count() == 0
        && let [one] = args.args()
    {
        return Ok(one.ty().to_value());
    }
    let Some(new) = ty.slots.new.get() else {
        return Err(vm.type_error(format!("cannot create '{}' instances", full_name(vm, ty))));
    };
    let made = new(vm, ty, args)?;
    let made_type = made.ty();
    if !made_type.is_subtype(ty) {
        return Ok(made);
    }
    // `object.__init__` has nothing to say about arguments that an own `__new__` took.
    if let Some(init) = made_type.slots.init.get()
        && (!crate::objects::object::is_object_init(init) || ty.has_object_new())
    {
        init(vm, &made, args)?;
    }
    Ok(made)
}

/// Adds the names that a class and its bases define.
pub fn collect_names(vm: &Vm, ty: &Obj<Type>, names: &Dict) -> PyResult<()> {
    for class in ty.mro().iter().rev() {
        for key in class.dict().keys_vec() {
            names.insert(vm, &key, Value::NONE)?;
        }
    }
    Ok(())
}

/// `a | b` of types: `typing.Union[a, b]`.
pub fn union_of(vm: &Vm, a: &Value, b: &Value) -> PyResult {
    crate::objects::union_::make(vm, a, b)
}

fn immutable(vm: &Vm, ty: &Obj<Type>, name: &Str) -> crate::runtime::errors::Exc {
    vm.type_error(format!(
        "cannot set '{name}' attribute of immutable type '{}'",
        full_name(vm, ty)
    ))
}

/// `type.__getattribute__`: data descriptors of the metatype, then the type's own MRO, then the
/// rest of the metatype.
pub fn type_getattro(vm: &Vm, zelf: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
    let Some(ty) = zelf.downcast::<Type>() else { return Ok(None) };
    let meta = ty.ty();
    let found = meta.lookup(name);
    if let Some(descr) = &found
        && descr.ty().slots.descr_set.get().is_some()
        && let Some(get) = descr.ty().slots.descr_get.get()
    {
        return get(vm, descr, Some(zelf), Some(&meta.to_value())).map(Some);
    }
    if let Some(value) = ty.lookup(name) {
        return match value.ty().slots.descr_get.get() {
            Some(get) => get(vm, &value, None, Some(zelf)).map(Some),
            None => Ok(Some(value)),
        };
    }
    match found {
        Some(descr) => match descr.ty().slots.descr_get.get() {
            Some(get) => get(vm, &descr, Some(zelf), Some(&meta.to_value())).map(Some),
            None => Ok(Some(descr)),
        },
        None => Ok(None),
    }
}

/// Is this an attribute that lookups give as it is: no descriptor?
fn is_plain(value: &Value) -> bool {
    let slots = &value.ty().slots;
    slots.descr_get.get().is_none() && slots.descr_set.get().is_none()
}

/// A name that may stand for a slot, or that the type itself looks at.
fn is_special(name: &Str) -> bool {
    name.as_ascii().is_some_and(|name| name.starts_with("__"))
}

impl Type {
    /// Is instances' `__new__` one written in Python?
    pub(crate) fn has_own_new(&self, vm: &Vm) -> bool {
        let new = self.lookup(&vm.names().__new__);
        new.is_some_and(|new| !crate::objects::slot_wrapper::is_native_new(&new))
    }
    /// Is instances' `__init__` one written in Python?
    pub(crate) fn has_own_init(&self, vm: &Vm) -> bool {
        let owner = self.lookup_owner(&vm.names().__init__);
        owner.is_some_and(|(owner, _)| owner.has_flag(TypeFlags::HEAP))
    }
}

#[pymethods]
impl Type {
    #[slot]
    fn new(vm: &Vm, meta: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let [name, bases, namespace] = args.args() else {
            if args.args().len() == 1 && meta.same(Type::type_object()) {
                return Ok(args.args()[0].ty().to_value());
            }
            return Err(vm.type_error(format!(
                "{}() takes {} arguments",
                if meta.same(Type::type_object()) { "type" } else { "type.__new__" },
                if meta.same(Type::type_object()) { "1 or 3" } else { "exactly 3" }
            )));
        };
        let wrong = |at: usize, want: &str, v: &Value| {
            vm.type_error(format!(
                "type.__new__() argument {at} must be {want}, not {}",
                object::type_name_or_none(v)
            ))
        };
        let name = name.downcast::<Str>().ok_or_else(|| wrong(1, "str", name))?;
        let bases = bases.downcast::<Tuple>().ok_or_else(|| wrong(2, "tuple", bases))?;
        let namespace = namespace.downcast::<Dict>().ok_or_else(|| wrong(3, "dict", namespace))?;
        for base in bases.items() {
            if base.downcast::<Type>().is_none()
                && object::lookup_attr(vm, base, &vm.names().__mro_entries__)?.is_some()
            {
                return Err(vm.type_error(
                    "type() doesn't support MRO entry resolution; use types.new_class()",
                ));
            }
        }
        let winner = build::metaclass_of(vm, meta, bases.items())?;
        if !winner.same(meta)
            && let Some(new) = winner.slots.new.get()
        {
            let own: super::slots::New = Type::slot_new;
            if !std::ptr::fn_addr_eq(new, own) {
                return new(vm, &winner, args);
            }
        }
        // Keyword arguments go to `__init_subclass__`.
        let start = args.args().len();
        let keywords = CallArgs::new(&args.all()[start..], args.names());
        build::make_class(vm, &winner, name, bases.items(), namespace, keywords).map(Value::from)
    }

    #[slot]
    fn init(_zelf: &Value, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        match args.args().len() {
            1 | 3 => Ok(()),
            _ => Err(vm.type_error("type.__init__() takes 1 or 3 arguments")),
        }
    }

    #[slot]
    fn call(zelf: &Value, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        type_call(vm, zelf, args)
    }

    #[slot]
    fn getattro(zelf: &Value, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        type_getattro(vm, zelf, name)
    }

    #[slot]
    fn setattro(zelf: &Value, vm: &Vm, name: &Ref<Str>, value: Option<Value>) -> PyResult<()> {
        let Some(ty) = zelf.downcast::<Type>() else { return Ok(()) };
        if ty.has_flag(TypeFlags::IMMUTABLE) {
            return Err(immutable(vm, ty, name));
        }
        if let Some(descr) = ty.ty().lookup(name)
            && let Some(set) = descr.ty().slots.descr_set.get()
        {
            return set(vm, &descr, zelf, value);
        }
        let plain = value.as_ref().is_some_and(is_plain);
        let old = match value {
            Some(value) => ty.dict().insert_str(name, value),
            None => match ty.dict().remove_str(name) {
                Some(old) => Some(old),
                None => return Err(vm.no_attribute(zelf, name)),
            },
        };
        if plain && old.as_ref().is_some_and(is_plain) && !is_special(name) {
            ty.value_replaced();
        } else {
            ty.modified();
            build::slot_changed(vm, ty, name);
        }
        drop(old);
        Ok(())
    }

    #[slot]
    fn repr(zelf: &Obj<Type>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!("<class '{}'>", full_name(vm, zelf))))
    }

    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        union_of(vm, a, b)
    }

    /// Check if an object is an instance.
    #[pymethod]
    fn __instancecheck__(zelf: &Value, vm: &Vm, instance: &Value) -> PyResult<bool> {
        object::real_is_instance(vm, instance, zelf)
    }
    /// Check if a class is a subclass.
    #[pymethod]
    fn __subclasscheck__(zelf: &Value, vm: &Vm, subclass: &Value) -> PyResult<bool> {
        object::real_is_subclass(vm, subclass, zelf)
    }
    /// Used to create the namespace for the class statement
    #[classmethod(sig = "($type, /, *args, **kwds)")]
    fn __prepare__(
        _cls: &Value,
        _vm: &Vm,
        _args: crate::runtime::args::VarArgs,
        _kwds: crate::runtime::args::KwArgs,
    ) -> Ref<Dict> {
        Dict::new_ref()
    }
    /// Return a type's method resolution order.
    #[pymethod(name = "mro")]
    fn py_mro(zelf: &Obj<Type>, vm: &Vm) -> PyResult<Vec<Value>> {
        let order = super::mro::compute(vm, &zelf.to_ref(), &zelf.bases.get())?;
        Ok(order.into_iter().map(Value::from).collect())
    }
    /// Return a list of immediate subclasses.
    #[pymethod]
    fn __subclasses__(zelf: &Obj<Type>, _vm: &Vm) -> Vec<Value> {
        zelf.subclass_refs().into_iter().map(Value::from).collect()
    }
    /// Specialized __dir__ implementation for types.
    #[pymethod]
    fn __dir__(zelf: &Obj<Type>, vm: &Vm) -> PyResult<Ref<List>> {
        let names = Dict::new_ref();
        collect_names(vm, zelf, &names)?;
        Ok(List::from_vec(names.keys_vec()))
    }
    /// Return memory consumption of the type object.
    #[pymethod]
    fn __sizeof__(zelf: &Obj<Type>, _vm: &Vm) -> usize {
        size_of::<Obj<Type>>() + zelf.slot_offsets.len() * 4
    }

    #[getter(name = "__name__")]
    fn get_name(zelf: &Obj<Type>, vm: &Vm) -> Ref<Str> {
        // The same object each time, as `inspect` wants it.
        vm.intern(&zelf.short_name())
    }
    #[setter(name = "__name__")]
    fn set_name(zelf: &Obj<Type>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let text = heap_text(vm, zelf, value, "__name__")?;
        if text.contains('\0') {
            return Err(vm.value_error("type name must not contain null characters"));
        }
        zelf.name.replace(text.into());
        Ok(())
    }
    #[getter(name = "__qualname__")]
    fn get_qualname(zelf: &Obj<Type>, vm: &Vm) -> Ref<Str> {
        vm.intern(&zelf.qualname.get())
    }
    #[setter(name = "__qualname__")]
    fn set_qualname(zelf: &Obj<Type>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let text = heap_text(vm, zelf, value, "__qualname__")?;
        zelf.qualname.replace(text.into());
        Ok(())
    }
    #[getter(name = "__module__")]
    fn get_module(zelf: &Obj<Type>, vm: &Vm) -> PyResult {
        // In a native type's dict this may be the attribute of its instances.
        let native = !zelf.has_flag(TypeFlags::HEAP);
        match zelf.dict().get_str(&vm.names().__module__) {
            Some(module) if !native || module.downcast::<Str>().is_some() => Ok(module),
            _ if !native => Err(vm.attribute_error("__module__")),
            _ => {
                let name = zelf.payload.name();
                Ok(vm.intern(name.rsplit_once('.').map_or("builtins", |(m, _)| m)).into())
            }
        }
    }
    #[setter(name = "__module__")]
    fn set_module(zelf: &Obj<Type>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        if let Some(value) = value {
            drop(zelf.dict().insert_str(&vm.names().__module__, value));
            // It was a line of another file.
            drop(zelf.dict().remove_str(&vm.intern("__firstlineno__")));
            zelf.modified();
        }
        Ok(())
    }
    #[getter(name = "__doc__")]
    fn get_doc(zelf: &Obj<Type>, vm: &Vm) -> PyResult {
        if !zelf.doc.get().is_empty() {
            return Ok(vm.str(zelf.doc.get()));
        }
        let Some(doc) = zelf.dict().get_str(&vm.names().__doc__) else { return Ok(Value::NONE) };
        match doc.ty().slots.descr_get.get() {
            Some(get) => get(vm, &doc, None, Some(&zelf.to_value())),
            None => Ok(doc),
        }
    }
    #[setter(name = "__doc__")]
    fn set_doc(zelf: &Obj<Type>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(vm.type_error(format!(
                "cannot delete '__doc__' attribute of immutable type '{}'",
                zelf.payload.name()
            )));
        };
        if zelf.has_flag(TypeFlags::IMMUTABLE) {
            return Err(vm.type_error(format!(
                "cannot set '__doc__' attribute of immutable type '{}'",
                zelf.payload.name()
            )));
        }
        drop(zelf.dict().insert_str(&vm.names().__doc__, value));
        zelf.modified();
        Ok(())
    }
    #[getter(name = "__dict__")]
    fn get_dict(zelf: &Obj<Type>, _vm: &Vm) -> Value {
        MappingProxy::new_value(zelf.dict().to_value())
    }
    #[getter(name = "__mro__")]
    fn get_mro(zelf: &Obj<Type>, _vm: &Vm) -> Option<Ref<Tuple>> {
        // A class whose order is being asked for has none yet.
        let order = zelf.payload.mro();
        let types = || order.into_iter().map(Value::from).collect();
        if zelf.mro.with(Vec::is_empty) { None } else { Some(Tuple::from_vec(types())) }
    }
    #[getter(name = "__base__", member)]
    fn get_base(zelf: &Obj<Type>, _vm: &Vm) -> Option<Ref<Type>> {
        zelf.payload.base()
    }
    #[getter(name = "__bases__")]
    fn get_bases(zelf: &Obj<Type>, _vm: &Vm) -> Ref<Tuple> {
        Tuple::from_vec(zelf.bases.get().into_iter().map(Value::from).collect())
    }
    #[setter(name = "__bases__")]
    fn set_bases(zelf: &Obj<Type>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        build::set_bases(vm, zelf, value)
    }
    #[getter(name = "__basicsize__", member)]
    fn basicsize(zelf: &Obj<Type>, _vm: &Vm) -> usize {
        zelf.basic_size
    }
    #[getter(name = "__itemsize__", member)]
    fn itemsize(zelf: &Obj<Type>, _vm: &Vm) -> usize {
        if std::ptr::eq(zelf.layout(), Tuple::cell()) { 8 } else { 0 }
    }
    #[getter(name = "__dictoffset__", member)]
    fn dictoffset(zelf: &Obj<Type>, _vm: &Vm) -> usize {
        zelf.attrs_offset
    }
    #[getter(name = "__weakrefoffset__", member)]
    fn weakrefoffset(zelf: &Obj<Type>, _vm: &Vm) -> usize {
        // They lie in a table, not in the instance: it only matters whether there are any.
        if crate::objects::weakref::has_weak_references(zelf) { zelf.basic_size } else { 0 }
    }
    #[getter(name = "__flags__", member)]
    fn flags(zelf: &Obj<Type>, _vm: &Vm) -> u32 {
        super::flags::shown(zelf)
    }
    #[getter(name = "__abstractmethods__")]
    fn get_abstract(zelf: &Obj<Type>, vm: &Vm) -> PyResult {
        match zelf.abstract_methods.get() {
            Some(methods) => Ok(methods),
            None => Err(vm.no_attribute(&zelf.to_value(), &vm.names().__abstractmethods__)),
        }
    }
    #[setter(name = "__abstractmethods__")]
    fn set_abstract(zelf: &Obj<Type>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let on = match &value {
            Some(value) => object::is_true(vm, value)?,
            None if !zelf.abstract_methods.is_some() => {
                return Err(vm.no_attribute(&zelf.to_value(), &vm.names().__abstractmethods__));
            }
            None => false,
        };
        zelf.abstract_methods.set(value);
        zelf.set_flag(TypeFlags::ABSTRACT, on);
        Ok(())
    }
    #[getter(name = "__annotations__")]
    fn get_annotations(zelf: &Obj<Type>, vm: &Vm) -> PyResult {
        if !zelf.has_flag(TypeFlags::HEAP) {
            return Err(vm.no_attribute(&zelf.to_value(), &vm.names().__annotations__));
        }
        let cache = vm.intern("__annotations_cache__");
        for name in [&vm.names().__annotations__, &cache] {
            if let Some(found) = zelf.dict().get_str(name) {
                return match found.ty().slots.descr_get.get() {
                    Some(get) => get(vm, &found, None, Some(&zelf.to_value())),
                    None => Ok(found),
                };
            }
        }
        let annotate = object::get_attr(vm, &zelf.to_value(), &vm.names().__annotate__)?;
        let made = if annotate.is_none() {
            Dict::new_ref().into()
        } else {
            call::call(vm, &annotate, &[Value::int_unchecked(1)])?
        };
        drop(zelf.dict().insert_str(&cache, made.clone()));
        Ok(made)
    }
    #[setter(name = "__annotations__")]
    fn set_annotations(zelf: &Obj<Type>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        if zelf.has_flag(TypeFlags::IMMUTABLE) {
            return Err(immutable(vm, zelf, &vm.names().__annotations__));
        }
        drop(zelf.dict().remove_str(&vm.intern("__annotations_cache__")));
        match value {
            Some(value) => drop(zelf.dict().insert_str(&vm.names().__annotations__, value)),
            None => {
                if zelf.dict().remove_str(&vm.names().__annotations__).is_none() {
                    return Err(vm.attribute_error("__annotations__"));
                }
            }
        }
        zelf.modified();
        Ok(())
    }
    #[getter(name = "__annotate__")]
    fn get_annotate(zelf: &Obj<Type>, vm: &Vm) -> PyResult {
        if !zelf.has_flag(TypeFlags::HEAP) {
            return Err(vm.no_attribute(&zelf.to_value(), &vm.names().__annotate__));
        }
        for name in ["__annotate_func__", "__annotate__"] {
            if let Some(found) = zelf.dict().get_str(&vm.intern(name)) {
                return match found.ty().slots.descr_get.get() {
                    Some(get) => get(vm, &found, None, Some(&zelf.to_value())),
                    None => Ok(found),
                };
            }
        }
        Ok(Value::NONE)
    }
    #[setter(name = "__annotate__")]
    fn set_annotate(zelf: &Obj<Type>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(vm.type_error("cannot delete __annotate__ attribute"));
        };
        if !value.is_none() && !call::is_callable(&value) {
            return Err(vm.type_error("__annotate__ must be callable or None"));
        }
        drop(zelf.dict().insert_str(&vm.intern("__annotate_func__"), value));
        drop(zelf.dict().remove_str(&vm.intern("__annotations_cache__")));
        Ok(())
    }
    #[getter(name = "__type_params__")]
    fn get_type_params(zelf: &Obj<Type>, vm: &Vm) -> Value {
        // In the dict of `type` itself lies this very attribute.
        let own = zelf.has_flag(TypeFlags::HEAP);
        let found = own.then(|| zelf.dict().get_str(&vm.names().__type_params__)).flatten();
        found.unwrap_or_else(|| Tuple::empty().into())
    }
    #[setter(name = "__type_params__")]
    fn set_type_params(zelf: &Obj<Type>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(vm.type_error(format!(
                "cannot delete '__type_params__' attribute of type '{}'",
                zelf.payload.name()
            )));
        };
        drop(zelf.dict().insert_str(&vm.names().__type_params__, value));
        zelf.modified();
        Ok(())
    }
    #[getter(name = "__text_signature__")]
    fn text_signature(zelf: &Obj<Type>, vm: &Vm) -> Option<Value> {
        if let Some(signature) = zelf.signature.get() {
            return Some(vm.str(signature));
        }
        // A class's docstring may begin with its call: "C(x)\n--\n\n".
        let doc = zelf.dict().get_str(&vm.names().__doc__)?;
        let doc = doc.downcast::<Str>()?.to_string();
        let call = doc.strip_prefix(&*zelf.short_name())?;
        let (signature, _) = call.split_once("\n--\n\n")?;
        (signature.starts_with('(') && signature.ends_with(')')).then(|| vm.str(signature))
    }
}

/// The new value of a name attribute of a class made at run time.
fn heap_text(vm: &Vm, ty: &Obj<Type>, value: Option<Value>, what: &str) -> PyResult<String> {
    if !ty.has_flag(TypeFlags::HEAP) {
        return Err(immutable(vm, ty, &vm.intern(what)));
    }
    let Some(value) = value else {
        return Err(
            vm.type_error(format!("cannot delete '{what}' attribute of type '{}'", ty.name()))
        );
    };
    match value.downcast::<Str>() {
        Some(text) => text.to_utf8().ok_or_else(|| vm.surrogate_error(text)),
        None => Err(vm.type_error(format!(
            "can only assign string to {}.{what}, not '{}'",
            ty.name(),
            value.ty().name()
        ))),
    }
}
