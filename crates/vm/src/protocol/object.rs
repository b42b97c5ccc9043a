//! Attributes, truth, hashes, text and subscripts of any object.

use crate::object::{Obj, Ref, layout};
use crate::objects::int;
use crate::objects::object as generic;
use crate::objects::str_::StrBuilder;
use crate::objects::str_::{Str, intern};
use crate::objects::tuple::Tuple;
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::{call, iter};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;

// ---- attributes ----

/// `getattr(object, name)`; `None` if there is no such attribute.
#[inline]
pub fn lookup_attr(vm: &Vm, object: &Value, name: &Ref<Str>) -> PyResult<Option<Value>> {
    vm.check_stack()?;
    match object.ty().slots.getattro.get() {
        Some(getattro) => vm.ignore_attribute_error(getattro(vm, object, name)),
        None => Ok(None),
    }
}

/// `getattr(object, name)`
#[inline]
pub fn get_attr(vm: &Vm, object: &Value, name: &Ref<Str>) -> PyResult {
    vm.check_stack()?;
    let found = match object.ty().slots.getattro.get() {
        Some(getattro) => getattro(vm, object, name)?,
        None => None,
    };
    found.ok_or_else(|| vm.no_attribute(object, name))
}

/// `getattr(object, name)` for a name that is not interned yet.
pub fn get_attr_str(vm: &Vm, object: &Value, name: &str) -> PyResult {
    get_attr(vm, object, &vm.intern(name))
}

/// `setattr(object, name, value)`
pub fn set_attr(vm: &Vm, object: &Value, name: &Ref<Str>, value: Value) -> PyResult<()> {
    set_or_delete_attr(vm, object, name, Some(value))
}

/// `delattr(object, name)`
pub fn del_attr(vm: &Vm, object: &Value, name: &Ref<Str>) -> PyResult<()> {
    set_or_delete_attr(vm, object, name, None)
}

fn set_or_delete_attr(
    vm: &Vm,
    object: &Value,
    name: &Ref<Str>,
    value: Option<Value>,
) -> PyResult<()> {
    match object.ty().slots.setattro.get() {
        Some(setattro) => setattro(vm, object, name, value),
        None => {
            let verb = if value.is_some() { "assign to" } else { "del" };
            Err(vm.type_error(format!(
                "'{}' object has no attributes ({verb} .{name})",
                object.ty().name()
            )))
        }
    }
}

/// A name argument of `getattr` and its like: an interned str.
pub fn attribute_name(vm: &Vm, name: &Value) -> PyResult<Ref<Str>> {
    match name.downcast::<Str>() {
        Some(text) => Ok(intern::intern(&text.to_ref())),
        None => {
            Err(vm.type_error(format!("attribute name must be string, not '{}'", name.ty().name())))
        }
    }
}

/// A method found on the type, for calling with the receiver in front: the function is not bound.
pub enum Method {
    /// Call with the receiver as first argument.
    Unbound(Value),
    /// Call as it is.
    Bound(Value),
}

/// Looks up a special method on the type (never on the instance), as the machine does for operators.
#[inline]
pub fn special_method(vm: &Vm, object: &Value, name: &Ref<Str>) -> PyResult<Option<Method>> {
    let Some(found) = object.ty().lookup(name) else { return Ok(None) };
    bind_method(vm, found, object).map(Some)
}

/// Binds what was found on a type: functions stay unbound, descriptors are asked.
#[inline]
pub fn bind_method(vm: &Vm, found: Value, object: &Value) -> PyResult<Method> {
    if crate::objects::function::is_method_like(&found)
        || found.ty().has_flag(TypeFlags::METHOD_DESCRIPTOR)
    {
        return Ok(Method::Unbound(found));
    }
    match found.ty().slots.descr_get.get() {
        Some(get) => {
            let ty = object.ty().to_value();
            Ok(Method::Bound(get(vm, &found, Some(object), Some(&ty))?))
        }
        None => Ok(Method::Bound(found)),
    }
}

impl Method {
    /// Calls the method with further arguments.
    pub fn call(&self, vm: &Vm, receiver: &Value, args: &[Value]) -> PyResult {
        match self {
            Method::Bound(function) => call::call(vm, function, args),
            Method::Unbound(function) => {
                layout::with_first(receiver, args, |all| call::call(vm, function, all))
            }
        }
    }
}

/// Calls a special method if the type has it.
pub fn call_special(
    vm: &Vm,
    object: &Value,
    name: &Ref<Str>,
    args: &[Value],
) -> PyResult<Option<Value>> {
    match special_method(vm, object, name)? {
        Some(method) => method.call(vm, object, args).map(Some),
        None => Ok(None),
    }
}

/// `object.name(*args)`
pub fn call_method(vm: &Vm, object: &Value, name: &Ref<Str>, args: &[Value]) -> PyResult {
    call_method_args(vm, object, name, CallArgs::positional(args))
}

/// `object.name(...)` with any arguments; a function found on the type is called without binding it.
pub fn call_method_args(vm: &Vm, object: &Value, name: &Ref<Str>, args: CallArgs<'_>) -> PyResult {
    let ty = object.ty();
    if generic::has_generic_getattr(ty)
        && let Some(found) = ty.lookup(name)
        && crate::objects::function::is_method_like(&found)
        && generic::instance_value(object, name).is_none()
    {
        return args.with_receiver(object, |args| call::call_args(vm, &found, args));
    }
    let method = get_attr(vm, object, name)?;
    call::call_args(vm, &method, args)
}

/// The same, the receiver being the first argument.
pub fn call_method_of_first(vm: &Vm, name: &Ref<Str>, args: CallArgs<'_>) -> PyResult {
    let Some(object) = args.args().first() else {
        return Err(vm.system_error("a method was called without its receiver"));
    };
    let ty = object.ty();
    if generic::has_generic_getattr(ty)
        && let Some(found) = ty.lookup(name)
        && crate::objects::function::is_method_like(&found)
        && generic::instance_value(object, name).is_none()
    {
        return call::call_args(vm, &found, args);
    }
    let method = get_attr(vm, object, name)?;
    call::call_args(vm, &method, args.without_first())
}

// ---- truth, hash ----

/// `bool(object)`
#[inline]
pub fn is_true(vm: &Vm, object: &Value) -> PyResult<bool> {
    if let Some(b) = object.as_bool() {
        return Ok(b);
    }
    if let Some(i) = object.as_small_int() {
        return Ok(i != 0);
    }
    if object.is_none() {
        return Ok(false);
    }
    is_true_slow(vm, object)
}

#[inline(never)]
fn is_true_slow(vm: &Vm, object: &Value) -> PyResult<bool> {
    vm.check_stack()?;
    let slots = &object.ty().slots;
    if let Some(bool_) = slots.bool.get() {
        return bool_(vm, object);
    }
    if let Some(len) = slots.len.get() {
        return Ok(len(vm, object)? != 0);
    }
    Ok(true)
}

/// The hash of a str or small int, which needs no slot.
#[inline(always)]
pub fn simple_hash(object: &Value) -> Option<i64> {
    if let Some(i) = object.as_small_int() {
        return Some(if i == -1 { -2 } else { i });
    }
    object.downcast_exact::<Str>().map(|text| text.hash())
}

/// `hash(object)`
#[inline]
pub fn hash(vm: &Vm, object: &Value) -> PyResult<i64> {
    if let Some(hash) = simple_hash(object) {
        return Ok(hash);
    }
    vm.check_stack()?;
    match object.ty().slots.hash.get() {
        Some(hash) => hash(vm, object),
        None => Err(unhashable(vm, object)),
    }
}

/// `TypeError: unhashable type: 'T'`
#[cold]
pub fn unhashable(vm: &Vm, object: &Value) -> crate::runtime::errors::Exc {
    vm.type_error(format!("unhashable type: '{}'", object.ty().name()))
}

// ---- text ----

/// `repr(object)`
pub fn repr(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
    vm.check_stack()?;
    let Some(repr) = object.ty().slots.repr.get() else {
        return Ok(vm.default_repr(object));
    };
    let text = repr(vm, object)?;
    text.into_ref::<Str>().map_err(|other| {
        vm.type_error(format!("__repr__ returned non-string (type {})", other.ty().name()))
    })
}

/// `str(object)`
pub fn str(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
    if let Some(text) = object.downcast_exact::<Str>() {
        return Ok(text.to_ref());
    }
    if let Some(i) = object.as_small_int() {
        return Ok(int::small_to_text(i));
    }
    vm.check_stack()?;
    let Some(str_) = object.ty().slots.str.get() else { return repr(vm, object) };
    let text = str_(vm, object)?;
    text.into_ref::<Str>().map_err(|other| {
        vm.type_error(format!("__str__ returned non-string (type {})", other.ty().name()))
    })
}

/// `ascii(object)`
pub fn ascii(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
    let text = repr(vm, object)?;
    if text.is_ascii() {
        return Ok(text);
    }
    let mut out = StrBuilder::with_capacity(text.len() + 8);
    for c in text.code_points() {
        match c {
            0..0x80 => out.push(c),
            0x80..0x100 => out.push_str(&format!("\\x{c:02x}")),
            0x100..0x1_0000 => out.push_str(&format!("\\u{c:04x}")),
            _ => out.push_str(&format!("\\U{c:08x}")),
        }
    }
    out.finish_in(vm)
}

/// `format(object, spec)`
pub fn format(vm: &Vm, object: &Value, spec: &Ref<Str>) -> PyResult<Ref<Str>> {
    if spec.is_empty() {
        if let Some(text) = object.downcast_exact::<Str>() {
            return Ok(text.to_ref());
        }
        if object.is_small_int() {
            return str(vm, object);
        }
    }
    // The types of these words cannot be changed.
    if object.is_small_int() {
        return int::format(vm, object, spec);
    }
    if let Some(f) = object.as_float_word() {
        return crate::objects::float::format(vm, f, spec, "float");
    }
    if let Some(text) = object.downcast_exact::<Str>() {
        return crate::objects::str_::format::format_text(vm, text, spec);
    }
    let text = match call_special(vm, object, &vm.names().__format__, &[spec.to_value()])? {
        Some(text) => text,
        None => {
            return Err(
                vm.type_error(format!("Type {} doesn't define __format__", object.ty().name()))
            );
        }
    };
    text.into_ref::<Str>().map_err(|other| {
        vm.type_error(format!("__format__ must return a str, not {}", other.ty().name()))
    })
}

impl Vm {
    /// `<module.T object at 0x...>`
    pub fn default_repr(&self, object: &Value) -> Ref<Str> {
        let ty = object.ty();
        let full = crate::objects::type_::methods::full_name(self, ty);
        Ref::from_str(&format!("<{full} object at {:#x}>", address(object)))
    }
}

/// What `id(object)` answers.
pub fn address(object: &Value) -> u64 {
    object.bits()
}

/// The type's name, or `None` for the value `None`: as error texts of arguments say it.
pub fn type_name_or_none(object: &Value) -> String {
    if object.is_none() { "None".to_string() } else { object.ty().name().into() }
}

// ---- types ----

/// `isinstance(object, class)`, also with tuples and unions.
pub fn is_instance(vm: &Vm, object: &Value, class: &Value) -> PyResult<bool> {
    if std::ptr::eq(
        object.ty(),
        class.downcast::<Type>().map_or(std::ptr::null(), |t| t as *const _),
    ) {
        return Ok(true);
    }
    if class.is_exact::<Type>() {
        return real_is_instance(vm, object, class);
    }
    if let Some(classes) = class.downcast::<Tuple>() {
        vm.check_stack()?;
        for class in classes.items() {
            if is_instance(vm, object, class)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match call_special(vm, class, &vm.names().__instancecheck__, std::slice::from_ref(object))? {
        Some(answer) => is_true(vm, &answer),
        None => real_is_instance(vm, object, class),
    }
}

/// May instances of the type answer something of their own when asked for `__class__`?
fn claims_class(vm: &Vm, ty: &Obj<Type>) -> bool {
    use crate::object::Payload;
    let name = &vm.names().__class__;
    let plain = crate::objects::object::Object::cell().get().lookup(name);
    !crate::objects::object::has_generic_getattr(ty)
        || match (ty.lookup(name), plain) {
            (Some(own), Some(plain)) => !own.is(&plain),
            _ => true,
        }
}

/// `type.__instancecheck__`
pub fn real_is_instance(vm: &Vm, object: &Value, class: &Value) -> PyResult<bool> {
    if let Some(ty) = class.downcast::<Type>() {
        if object.ty().is_subtype(ty) {
            return Ok(true);
        }
        // A proxy may claim another class.
        if !object.is_pointer() || !claims_class(vm, object.ty()) {
            return Ok(false);
        }
        return Ok(match lookup_attr(vm, object, &vm.names().__class__)? {
            Some(claimed) if !claimed.is(&object.ty().to_value()) => {
                claimed.downcast::<Type>().is_some_and(|c| c.is_subtype(ty))
            }
            _ => false,
        });
    }
    check_class(vm, class, "isinstance() arg 2 must be a type, a tuple of types, or a union")?;
    match lookup_attr(vm, object, &vm.names().__class__)? {
        Some(own) => abstract_is_subclass(vm, &own, class),
        None => Ok(false),
    }
}

/// `issubclass(derived, class)`, also with tuples and unions.
pub fn is_subclass(vm: &Vm, derived: &Value, class: &Value) -> PyResult<bool> {
    if class.is_exact::<Type>() {
        if derived.is(class) {
            return Ok(true);
        }
        return real_is_subclass(vm, derived, class);
    }
    if let Some(classes) = class.downcast::<Tuple>() {
        vm.check_stack()?;
        for class in classes.items() {
            if is_subclass(vm, derived, class)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match call_special(vm, class, &vm.names().__subclasscheck__, std::slice::from_ref(derived))? {
        Some(answer) => is_true(vm, &answer),
        None => real_is_subclass(vm, derived, class),
    }
}

/// `type.__subclasscheck__`
pub fn real_is_subclass(vm: &Vm, derived: &Value, class: &Value) -> PyResult<bool> {
    if let (Some(derived), Some(class)) = (derived.downcast::<Type>(), class.downcast::<Type>()) {
        return Ok(derived.is_subtype(class));
    }
    check_class(vm, derived, "issubclass() arg 1 must be a class")?;
    check_class(vm, class, "issubclass() arg 2 must be a class, a tuple of classes, or a union")?;
    abstract_is_subclass(vm, derived, class)
}

fn check_class(vm: &Vm, class: &Value, message: &str) -> PyResult<()> {
    let bases = lookup_attr(vm, class, &vm.names().__bases__)?;
    if bases.is_some_and(|b| b.downcast::<Tuple>().is_some()) {
        return Ok(());
    }
    Err(vm.type_error(message))
}

fn abstract_is_subclass(vm: &Vm, derived: &Value, class: &Value) -> PyResult<bool> {
    vm.check_stack()?;
    if derived.is(class) {
        return Ok(true);
    }
    let Some(bases) = lookup_attr(vm, derived, &vm.names().__bases__)? else { return Ok(false) };
    let Some(bases) = bases.downcast::<Tuple>() else { return Ok(false) };
    for base in bases.items() {
        if abstract_is_subclass(vm, base, class)? {
            return Ok(true);
        }
    }
    Ok(false)
}

// ---- sizes and subscripts ----

/// `len(object)`
pub fn len(vm: &Vm, object: &Value) -> PyResult<usize> {
    vm.check_stack()?;
    match object.ty().slots.len.get() {
        Some(len) => len(vm, object),
        None => Err(vm.type_error(format!("object of type '{}' has no len()", object.ty().name()))),
    }
}

/// `operator.length_hint(object, default)`
pub fn length_hint(vm: &Vm, object: &Value, default: usize) -> PyResult<usize> {
    if object.ty().slots.len.get().is_some() {
        match len(vm, object) {
            Err(e) if e.is(&vm.exceptions().type_error) => {}
            other => return other,
        }
    }
    let hint = match call_special(vm, object, &vm.names().__length_hint__, &[]) {
        Ok(Some(hint)) => hint,
        Ok(None) => return Ok(default),
        Err(e) if e.is(&vm.exceptions().type_error) => return Ok(default),
        Err(e) => return Err(e),
    };
    if hint.is_not_implemented() {
        return Ok(default);
    }
    match int::to_i64_exact(&hint) {
        Some(n) if n >= 0 => Ok(n as usize),
        Some(_) => Err(vm.value_error("__length_hint__() should return >= 0")),
        None => Err(
            vm.type_error(format!("__length_hint__ must be an integer, not {}", hint.ty().name()))
        ),
    }
}

/// `object[key]`
pub fn get_item(vm: &Vm, object: &Value, key: &Value) -> PyResult {
    vm.check_stack()?;
    if let Some(getitem) = object.ty().slots.getitem.get() {
        return getitem(vm, object, key);
    }
    if let Some(ty) = object.downcast::<Type>() {
        if ty.is_exact() && ty.same(Type::type_object()) {
            return crate::objects::generic_alias::make(vm, object, key);
        }
        if let Some(hook) = lookup_attr(vm, object, &vm.names().__class_getitem__)? {
            return call::call(vm, &hook, std::slice::from_ref(key));
        }
        return Err(vm.type_error(format!("type '{}' is not subscriptable", ty.name())));
    }
    Err(vm.type_error(format!("'{}' object is not subscriptable", object.ty().name())))
}

/// `object[key] = value`
pub fn set_item(vm: &Vm, object: &Value, key: &Value, value: Value) -> PyResult<()> {
    vm.check_stack()?;
    match object.ty().slots.setitem.get() {
        Some(setitem) => setitem(vm, object, key, Some(value)),
        None => Err(vm.type_error(format!(
            "'{}' object does not support item assignment",
            object.ty().name()
        ))),
    }
}

/// `del object[key]`
pub fn del_item(vm: &Vm, object: &Value, key: &Value) -> PyResult<()> {
    match object.ty().slots.setitem.get() {
        Some(setitem) => setitem(vm, object, key, None),
        None => Err(vm
            .type_error(format!("'{}' object does not support item deletion", object.ty().name()))),
    }
}

/// `item in object`
pub fn contains(vm: &Vm, object: &Value, item: &Value) -> PyResult<bool> {
    vm.check_stack()?;
    if let Some(contains) = object.ty().slots.contains.get() {
        return contains(vm, object, item);
    }
    if !iter::is_iterable(object) {
        return Err(vm.type_error(format!(
            "argument of type '{}' is not a container or iterable",
            object.ty().name()
        )));
    }
    let iterator = iter::iter(vm, object)?;
    while let Some(candidate) = iter::next(vm, &iterator)? {
        if super::compare::equal(vm, &candidate, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Is this a sequence for C code's purposes: has `__getitem__` and is no dict?
pub fn is_sequence(object: &Value) -> bool {
    object.ty().slots.getitem.get().is_some()
        && object.downcast::<crate::objects::dict::Dict>().is_none()
}

impl Type {
    /// `type` itself.
    pub fn type_object() -> &'static Obj<Type> {
        use crate::object::Payload;
        Type::cell().get()
    }
}

/// Can instances of this type be made by calling it?
pub fn is_instantiable(ty: &Obj<Type>) -> bool {
    !ty.has_flag(TypeFlags::NO_NEW)
}

/// Runs `f` unless `object` is already being shown further out: then there is nothing to show but
/// dots. CPython's `Py_ReprEnter` and `Py_ReprLeave`.
pub fn guard_repr<R>(
    vm: &Vm,
    object: &Value,
    again: R,
    f: impl FnOnce() -> PyResult<R>,
) -> PyResult<R> {
    let address = object.bits() as usize;
    if !vm.repr_stack.with_mut(|s| s.insert(address)) {
        return Ok(again);
    }
    let result = f();
    vm.repr_stack.with_mut(|s| s.remove(&address));
    result
}

/// The type's name, `NoneType` included.
pub fn type_name_or_none_type(object: &Value) -> String {
    object.ty().name().into()
}
