//! Descriptors: what a type's dict holds for methods, slots, members and computed attributes.
//!
//! CPython's counterpart: `Objects/descrobject.c`, and `classmethod`/`staticmethod` of
//! `Objects/funcobject.c`.

#![expect(unsafe_code, reason = "members lie at offsets inside their objects")]

use crate::object::{Obj, ObjHead, Payload, Ref, ValueCell};
use crate::objects::builtin_function::BuiltinFunction;
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::method::Method;
use crate::objects::str_::Str;
use crate::objects::type_::slots::{New, SlotDef, Slots, Wrapper};
use crate::objects::type_::{Type, TypeFlags};
use crate::protocol::{call, number, object};
use crate::runtime::args::{CallArgs, Flavour, GetSetDef, NativeDef, call_native};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// The type's name by which a native method was found on a receiver.
pub(crate) fn owner_name(receiver: &Value, def: &NativeDef) -> String {
    for ty in receiver.ty().mro() {
        let found =
            ty.dict().items_vec().into_iter().any(|(_, v)| {
                v.downcast::<MethodDescr>().is_some_and(|d| std::ptr::eq(d.def, def))
            });
        if found {
            return ty.short_name().into();
        }
    }
    receiver.ty().short_name().into()
}

/// Refuses instances of other types: `descriptor 'x' for 'T' objects doesn't apply to ...`.
fn check_receiver(vm: &Vm, name: &str, owner: &Obj<Type>, object: &Value) -> PyResult<()> {
    if object.ty().is_subtype(owner) {
        return Ok(());
    }
    Err(vm.type_error(format!(
        "descriptor '{name}' for '{}' objects doesn't apply to a '{}' object",
        owner.name(),
        object.ty().name()
    )))
}

fn needs_argument(vm: &Vm, name: &str, owner: &Obj<Type>) -> crate::runtime::errors::Exc {
    vm.type_error(format!("unbound method {}.{name}() needs an argument", owner.short_name()))
}

// ---- methods written in Rust ----

/// A native method of a type.
#[pyclass(name = "method_descriptor", no_new)]
pub struct MethodDescr {
    #[notrace]
    pub(crate) def: &'static NativeDef,
    #[notrace]
    owner: &'static Obj<Type>,
}

impl MethodDescr {
    pub(crate) fn new_value(def: &'static NativeDef, owner: &'static Obj<Type>) -> Value {
        if def.flavour == Flavour::Class {
            return Ref::new(ClassMethodDescr { def, owner }).into();
        }
        Ref::new(MethodDescr { def, owner }).into()
    }

    pub fn def(&self) -> &'static NativeDef {
        self.def
    }
    /// Is this a receiver for the method?
    #[inline(always)]
    pub fn applies_to(&self, receiver: &Value) -> bool {
        receiver.ty().is_subtype(self.owner)
    }

    /// Calls with the receiver as first argument.
    pub fn call(&self, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        match args.args().first() {
            Some(receiver) => check_receiver(vm, self.def.name, self.owner, receiver)?,
            None => return Err(needs_argument(vm, self.def.name, self.owner)),
        }
        call_native(vm, self.def, None, args)
    }
}

#[pymethods]
impl MethodDescr {
    #[slot]
    fn call(zelf: &Obj<MethodDescr>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        MethodDescr::call(zelf, vm, args)
    }

    #[slot]
    fn descr_get(
        zelf: &Obj<MethodDescr>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        match object {
            Some(object) => {
                check_receiver(vm, zelf.def.name, zelf.owner, object)?;
                Ok(BuiltinFunction::bound(zelf.def, object.clone()))
            }
            None => Ok(zelf.to_value()),
        }
    }

    #[slot]
    fn repr(zelf: &Obj<MethodDescr>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!("<method '{}' of '{}' objects>", zelf.def.name, zelf.owner.name())))
    }

    #[getter(name = "__name__")]
    fn name(zelf: &Obj<MethodDescr>, _vm: &Vm) -> &'static str {
        zelf.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<MethodDescr>, _vm: &Vm) -> String {
        format!("{}.{}", zelf.owner.short_name(), zelf.def.name)
    }
    #[getter(name = "__objclass__")]
    fn objclass(zelf: &Obj<MethodDescr>, _vm: &Vm) -> Value {
        zelf.owner.to_value()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<MethodDescr>, _vm: &Vm) -> &'static str {
        zelf.def.doc
    }
    #[getter(name = "__text_signature__")]
    fn text_signature(zelf: &Obj<MethodDescr>, _vm: &Vm) -> String {
        zelf.def.shown_signature()
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<MethodDescr>, vm: &Vm) -> PyResult<(Value, (Value, &'static str))> {
        Ok((builtin(vm, "getattr")?, (zelf.owner.to_value(), zelf.def.name)))
    }
}

fn builtin(vm: &Vm, name: &str) -> PyResult {
    let found = vm.builtins().get_str(&vm.intern(name));
    found.ok_or_else(|| vm.attribute_error(format!("module 'builtins' has no attribute '{name}'")))
}

/// A native class method of a type.
#[pyclass(name = "classmethod_descriptor", no_new)]
pub struct ClassMethodDescr {
    #[notrace]
    def: &'static NativeDef,
    #[notrace]
    owner: &'static Obj<Type>,
}

#[pymethods]
impl ClassMethodDescr {
    #[slot]
    fn call(zelf: &Obj<ClassMethodDescr>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        call_native(vm, zelf.def, None, args)
    }

    #[slot]
    fn descr_get(
        zelf: &Obj<ClassMethodDescr>,
        _vm: &Vm,
        object: Option<&Value>,
        ty: Option<&Value>,
    ) -> PyResult {
        let class = match (ty, object) {
            (Some(ty), _) if !ty.is_none() => ty.clone(),
            (_, Some(object)) => object.ty().to_value(),
            _ => zelf.owner.to_value(),
        };
        Ok(BuiltinFunction::bound(zelf.def, class))
    }

    #[slot]
    fn repr(zelf: &Obj<ClassMethodDescr>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!("<method '{}' of '{}' objects>", zelf.def.name, zelf.owner.name())))
    }
    #[getter(name = "__name__")]
    fn name(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> &'static str {
        zelf.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> String {
        format!("{}.{}", zelf.owner.short_name(), zelf.def.name)
    }
    #[getter(name = "__objclass__")]
    fn objclass(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> Value {
        zelf.owner.to_value()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> &'static str {
        zelf.def.doc
    }
    #[getter(name = "__text_signature__")]
    fn text_signature(zelf: &Obj<ClassMethodDescr>, _vm: &Vm) -> String {
        zelf.def.shown_signature()
    }
}

/// A native static method, as the type's dict holds it.
pub(crate) fn static_native(def: &'static NativeDef, ty: &'static Obj<Type>) -> Value {
    StaticMethod::new_value(BuiltinFunction::plain(def, Some(ty.to_value())))
}

// ---- slots as methods ----

/// A slot of a built-in type as a method.
#[pyclass(name = "wrapper_descriptor", no_new)]
pub struct WrapperDescr {
    #[notrace]
    def: &'static SlotDef,
    #[notrace]
    owner: &'static Obj<Type>,
}

impl WrapperDescr {
    pub(crate) fn new_value(def: &'static SlotDef, owner: &'static Obj<Type>) -> Value {
        Ref::new(WrapperDescr { def, owner }).into()
    }

    fn call_on(&self, vm: &Vm, receiver: &Value, args: CallArgs<'_>) -> PyResult {
        check_receiver(vm, self.def.name, self.owner, receiver)?;
        call_slot(vm, self.def, &self.owner.slots, receiver, args)
    }
}

/// Is this `object.__getattribute__` itself?
pub(crate) fn is_object_getattribute(found: &Value) -> bool {
    found.downcast::<WrapperDescr>().is_some_and(|w| {
        matches!(w.def.wrapper, Wrapper::GetAttribute)
            && w.owner.same(super::object::Object::cell().get())
    })
}

/// The type whose native slot a value found under a special name stands for.
pub(crate) fn wrapper_owner(found: &Value) -> Option<Ref<Type>> {
    found.downcast::<WrapperDescr>().map(|w| w.owner.to_ref())
}

/// Copies the slot behind a wrapper to another slot table.
pub(crate) fn copy_slot(found: &Value, to: &Slots) {
    let Some(w) = found.downcast::<WrapperDescr>() else { return };
    let from = &w.owner.slots;
    macro_rules! copy {
        ($($name:ident)*) => { match w.def.name { $(n if n == concat!("__", stringify!($name), "__") => to.$name.set(from.$name.get()),)* _ => {} } };
    }
    copy!(repr str hash call iter init len contains add sub mul matmul truediv floordiv divmod
        lshift rshift and or xor pow neg pos abs invert index int float bool
        iadd isub imul imatmul itruediv ifloordiv ilshift irshift iand ior ixor ipow
        getitem setitem aiter anext);
    match w.def.name {
        "__mod__" | "__rmod__" => to.rem.set(from.rem.get()),
        "__imod__" => to.irem.set(from.irem.get()),
        "__await__" => to.await_.set(from.await_.get()),
        "__next__" => to.iternext.set(from.iternext.get()),
        "__get__" => to.descr_get.set(from.descr_get.get()),
        "__set__" | "__delete__" => to.descr_set.set(from.descr_set.get()),
        "__getattribute__" => to.getattro.set(from.getattro.get()),
        "__setattr__" | "__delattr__" => to.setattro.set(from.setattro.get()),
        "__delitem__" => to.setitem.set(from.setitem.get()),
        "__del__" => to.finalize.set(from.finalize.get()),
        "__lt__" | "__le__" | "__eq__" | "__ne__" | "__gt__" | "__ge__" => {
            to.richcompare.set(from.richcompare.get());
        }
        "__radd__" => to.add.set(from.add.get()),
        "__rsub__" => to.sub.set(from.sub.get()),
        "__rmul__" => to.mul.set(from.mul.get()),
        "__rmatmul__" => to.matmul.set(from.matmul.get()),
        "__rtruediv__" => to.truediv.set(from.truediv.get()),
        "__rfloordiv__" => to.floordiv.set(from.floordiv.get()),
        "__rdivmod__" => to.divmod.set(from.divmod.get()),
        "__rlshift__" => to.lshift.set(from.lshift.get()),
        "__rrshift__" => to.rshift.set(from.rshift.get()),
        "__rand__" => to.and.set(from.and.get()),
        "__ror__" => to.or.set(from.or.get()),
        "__rxor__" => to.xor.set(from.xor.get()),
        "__rpow__" => to.pow.set(from.pow.get()),
        _ => {}
    }
    // Sequence slots share names with number slots.
    match w.def.name {
        "__add__" => to.concat.set(from.concat.get()),
        "__mul__" | "__rmul__" => to.repeat.set(from.repeat.get()),
        "__iadd__" => to.inplace_concat.set(from.inplace_concat.get()),
        "__imul__" => to.inplace_repeat.set(from.inplace_repeat.get()),
        _ => {}
    }
}

fn exactly(vm: &Vm, def: &SlotDef, args: &CallArgs<'_>, min: usize, max: usize) -> PyResult<()> {
    if args.keyword_count() > 0 {
        return Err(vm.type_error(format!("wrapper {}() takes no keyword arguments", def.name)));
    }
    let n = args.args().len();
    if (min..=max).contains(&n) {
        return Ok(());
    }
    let word = if min == max {
        ""
    } else if n < min {
        "at least "
    } else {
        "at most "
    };
    let want = if n < min { min } else { max };
    Err(vm.type_error(format!(
        "expected {word}{want} argument{}, got {n}",
        if want == 1 { "" } else { "s" }
    )))
}

/// Calls a slot the way its Python method is called.
fn call_slot(vm: &Vm, def: &SlotDef, slots: &Slots, zelf: &Value, call: CallArgs<'_>) -> PyResult {
    let missing = || vm.attribute_error(def.name);
    let counts = match def.wrapper {
        Wrapper::Unary(_)
        | Wrapper::Hash
        | Wrapper::Len
        | Wrapper::Bool
        | Wrapper::Next
        | Wrapper::Finalize => Some((0, 0)),
        Wrapper::Power(_) | Wrapper::ReflectedPower(_) => Some((1, 2)),
        Wrapper::SetAttr | Wrapper::SetItem | Wrapper::DescrSet => Some((2, 2)),
        Wrapper::DescrGet => Some((1, 2)),
        Wrapper::Call | Wrapper::Init => None,
        _ => Some((1, 1)),
    };
    if let Some((min, max)) = counts {
        exactly(vm, def, &call, min, max)?;
    }
    let args = call.args();
    let name = |v: &Value| object::attribute_name(vm, v);
    match def.wrapper {
        Wrapper::Unary(get) => get(slots).ok_or_else(missing)?(vm, zelf),
        Wrapper::Binary(get) => get(slots).ok_or_else(missing)?(vm, zelf, &args[0]),
        Wrapper::Reflected(get) => get(slots).ok_or_else(missing)?(vm, &args[0], zelf),
        Wrapper::Power(get) => get(slots).ok_or_else(missing)?(vm, zelf, &args[0], args.get(1)),
        Wrapper::ReflectedPower(get) => {
            get(slots).ok_or_else(missing)?(vm, &args[0], zelf, args.get(1))
        }
        Wrapper::Repeat(get) => {
            let count = number::to_ssize(vm, &args[0])?;
            get(slots).ok_or_else(missing)?(vm, zelf, count)
        }
        Wrapper::Hash => slots.hash.get().ok_or_else(missing)?(vm, zelf).map(super::int::from_i64),
        Wrapper::Len => {
            let len = slots.len.get().ok_or_else(missing)?(vm, zelf)?;
            Ok(super::int::from_i64(len as i64))
        }
        Wrapper::Bool => slots.bool.get().ok_or_else(missing)?(vm, zelf).map(Value::bool),
        Wrapper::Compare(op) => {
            slots.richcompare.get().ok_or_else(missing)?(vm, zelf, &args[0], op)
        }
        Wrapper::Call => slots.call.get().ok_or_else(missing)?(vm, zelf, call),
        Wrapper::Init => {
            slots.init.get().ok_or_else(missing)?(vm, zelf, call).map(|()| Value::NONE)
        }
        Wrapper::GetAttribute => {
            let name = name(&args[0])?;
            let found = slots.getattro.get().ok_or_else(missing)?(vm, zelf, &name)?;
            found.ok_or_else(|| vm.no_attribute(zelf, &name))
        }
        Wrapper::SetAttr | Wrapper::DelAttr
            if zelf.downcast::<Type>().is_some()
                && !std::ptr::eq(slots, &Type::type_object().slots) =>
        {
            // What a type refuses is not to be had by way of `object`.
            Err(vm.type_error(format!(
                "can't apply this {} to {} object",
                def.name,
                zelf.ty().name()
            )))
        }
        Wrapper::SetAttr => {
            let name = name(&args[0])?;
            let set = slots.setattro.get().ok_or_else(missing)?;
            set(vm, zelf, &name, Some(args[1].clone())).map(|()| Value::NONE)
        }
        Wrapper::DelAttr => {
            let name = name(&args[0])?;
            let set = slots.setattro.get().ok_or_else(missing)?;
            set(vm, zelf, &name, None).map(|()| Value::NONE)
        }
        Wrapper::Next => match slots.iternext.get().ok_or_else(missing)?(vm, zelf)? {
            Some(value) => Ok(value),
            None => Err(vm.stop_iteration(None)),
        },
        Wrapper::DescrGet => {
            let object = Some(&args[0]).filter(|o| !o.is_none());
            let ty = args.get(1).filter(|t| !t.is_none());
            if object.is_none() && ty.is_none() {
                return Err(vm.type_error("__get__(None, None) is invalid"));
            }
            slots.descr_get.get().ok_or_else(missing)?(vm, zelf, object, ty)
        }
        Wrapper::DescrSet => {
            let set = slots.descr_set.get().ok_or_else(missing)?;
            set(vm, zelf, &args[0], Some(args[1].clone())).map(|()| Value::NONE)
        }
        Wrapper::DescrDelete => {
            let set = slots.descr_set.get().ok_or_else(missing)?;
            set(vm, zelf, &args[0], None).map(|()| Value::NONE)
        }
        Wrapper::SetItem => {
            let set = slots.setitem.get().ok_or_else(missing)?;
            set(vm, zelf, &args[0], Some(args[1].clone())).map(|()| Value::NONE)
        }
        Wrapper::DelItem => {
            let set = slots.setitem.get().ok_or_else(missing)?;
            set(vm, zelf, &args[0], None).map(|()| Value::NONE)
        }
        Wrapper::Contains => {
            slots.contains.get().ok_or_else(missing)?(vm, zelf, &args[0]).map(Value::bool)
        }
        Wrapper::Finalize => {
            if let (Some(f), Some(head)) = (slots.finalize.get(), zelf.head()) {
                f(head);
            }
            Ok(Value::NONE)
        }
    }
}

#[pymethods]
impl WrapperDescr {
    #[slot]
    fn call(zelf: &Obj<WrapperDescr>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        match args.args().first() {
            Some(receiver) => zelf.call_on(vm, receiver, args.without_first()),
            None => Err(vm.type_error(format!(
                "descriptor '{}' of '{}' object needs an argument",
                zelf.def.name,
                zelf.owner.name()
            ))),
        }
    }

    #[slot]
    fn descr_get(
        zelf: &Obj<WrapperDescr>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        match object {
            Some(object) => {
                check_receiver(vm, zelf.def.name, zelf.owner, object)?;
                Ok(MethodWrapper::new_value(zelf.to_ref(), object.clone()))
            }
            None => Ok(zelf.to_value()),
        }
    }

    #[slot]
    fn repr(zelf: &Obj<WrapperDescr>, vm: &Vm) -> PyResult {
        let (name, owner) = (zelf.def.name, zelf.owner.name());
        Ok(vm.str(&format!("<slot wrapper '{name}' of '{owner}' objects>")))
    }
    #[getter(name = "__name__")]
    fn name(zelf: &Obj<WrapperDescr>, _vm: &Vm) -> &'static str {
        zelf.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<WrapperDescr>, _vm: &Vm) -> String {
        format!("{}.{}", zelf.owner.short_name(), zelf.def.name)
    }
    #[getter(name = "__objclass__")]
    fn objclass(zelf: &Obj<WrapperDescr>, _vm: &Vm) -> Value {
        zelf.owner.to_value()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<WrapperDescr>, _vm: &Vm) -> &'static str {
        zelf.def.doc
    }
    #[getter(name = "__text_signature__")]
    fn text_signature(zelf: &Obj<WrapperDescr>, _vm: &Vm) -> &'static str {
        zelf.def.signature
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<WrapperDescr>, vm: &Vm) -> PyResult<(Value, (Value, &'static str))> {
        Ok((builtin(vm, "getattr")?, (zelf.owner.to_value(), zelf.def.name)))
    }
}

/// A slot wrapper bound to an instance.
#[pyclass(name = "method-wrapper", no_new)]
pub struct MethodWrapper {
    descr: Ref<WrapperDescr>,
    receiver: Value,
}

impl MethodWrapper {
    fn new_value(descr: Ref<WrapperDescr>, receiver: Value) -> Value {
        Ref::new(MethodWrapper { descr, receiver }).into()
    }
}

#[pymethods]
impl MethodWrapper {
    #[slot]
    fn call(zelf: &Obj<MethodWrapper>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        zelf.descr.call_on(vm, &zelf.receiver, args)
    }
    #[slot]
    fn repr(zelf: &Obj<MethodWrapper>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!(
            "<method-wrapper '{}' of {} object at {:#x}>",
            zelf.descr.def.name,
            zelf.receiver.ty().name(),
            object::address(&zelf.receiver)
        )))
    }
    #[slot]
    fn richcompare(
        zelf: &Obj<MethodWrapper>,
        _vm: &Vm,
        other: &Value,
        op: crate::protocol::compare::CmpOp,
    ) -> PyResult {
        use crate::protocol::compare::CmpOp;
        let Some(other) = other.downcast::<MethodWrapper>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let same = zelf.receiver.is(&other.receiver)
            && std::ptr::eq::<Obj<WrapperDescr>>(&*zelf.descr, &*other.descr);
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }
    #[slot]
    fn hash(zelf: &Obj<MethodWrapper>, _vm: &Vm) -> PyResult<i64> {
        Ok((zelf.receiver.bits() ^ zelf.descr.head().address() as u64) as i64 >> 4)
    }
    #[getter(name = "__self__")]
    fn receiver(zelf: &Obj<MethodWrapper>, _vm: &Vm) -> Value {
        zelf.receiver.clone()
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<MethodWrapper>, vm: &Vm) -> PyResult<(Value, (Value, &'static str))> {
        let getattr = vm.builtins().get_str(&vm.intern("getattr"));
        Ok((getattr.unwrap_or(Value::NONE), (zelf.receiver.clone(), zelf.descr.def.name)))
    }
    #[getter(name = "__name__")]
    fn name(zelf: &Obj<MethodWrapper>, _vm: &Vm) -> &'static str {
        zelf.descr.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<MethodWrapper>, _vm: &Vm) -> String {
        format!("{}.{}", zelf.descr.owner.short_name(), zelf.descr.def.name)
    }
    #[getter(name = "__objclass__")]
    fn objclass(zelf: &Obj<MethodWrapper>, _vm: &Vm) -> Value {
        zelf.descr.owner.to_value()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<MethodWrapper>, _vm: &Vm) -> &'static str {
        zelf.descr.def.doc
    }
    #[getter(name = "__text_signature__")]
    fn text_signature(zelf: &Obj<MethodWrapper>, _vm: &Vm) -> &'static str {
        zelf.descr.def.signature
    }
}

/// `T.__new__` of a built-in type: a built-in function to those who ask by `isinstance`.
#[pyclass(name = "builtin_function_or_method", base = super::builtin_function::BuiltinFunction, no_new)]
pub struct NewWrapper {
    #[notrace]
    owner: &'static Obj<Type>,
    #[notrace]
    function: New,
}

pub(crate) fn new_wrapper(owner: &'static Obj<Type>) -> Value {
    match owner.slots.new.get() {
        Some(function) => Ref::new(NewWrapper { owner, function }).into(),
        None => Value::NONE,
    }
}

/// The native constructor behind a `__new__` found on a class.
pub(crate) fn native_new(found: &Value) -> Option<New> {
    found.downcast::<NewWrapper>().map(|n| n.function)
}

#[pymethods]
impl NewWrapper {
    #[slot]
    fn call(zelf: &Obj<NewWrapper>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let owner = zelf.owner.name();
        let Some(class) = args.args().first() else {
            return Err(vm.type_error(format!("{owner}.__new__(): not enough arguments")));
        };
        let Some(ty) = class.downcast::<Type>() else {
            return Err(vm.type_error(format!(
                "{owner}.__new__(X): X is not a type object ({})",
                class.ty().name()
            )));
        };
        if !ty.is_subtype(zelf.owner) {
            return Err(vm.type_error(format!(
                "{owner}.__new__({0}): {0} is not a subtype of {owner}",
                ty.name()
            )));
        }
        // The constructor of the most derived built-in base must make the instance.
        let mut solid = ty.to_ref();
        while solid.has_flag(super::type_::TypeFlags::HEAP) {
            match solid.base() {
                Some(base) => solid = base,
                None => break,
            }
        }
        let own = solid.slots.new.get();
        if own.is_none_or(|own| !std::ptr::fn_addr_eq(own, zelf.function)) {
            return Err(vm.type_error(format!(
                "{owner}.__new__({}) is not safe, use {}.__new__()",
                ty.name(),
                solid.name()
            )));
        }
        (zelf.function)(vm, ty, args.without_first())
    }
    #[slot]
    fn repr(zelf: &Obj<NewWrapper>, vm: &Vm) -> PyResult {
        Ok(vm.str(&format!(
            "<built-in method __new__ of type object at {:#x}>",
            zelf.owner.head().address()
        )))
    }
    #[slot]
    fn richcompare(
        zelf: &Obj<NewWrapper>,
        _vm: &Vm,
        other: &Value,
        op: crate::protocol::compare::CmpOp,
    ) -> PyResult {
        use crate::protocol::compare::CmpOp;
        let Some(other) = other.downcast::<NewWrapper>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let same = zelf.owner.same(other.owner);
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }
    #[slot]
    fn hash(zelf: &Obj<NewWrapper>, _vm: &Vm) -> PyResult<i64> {
        Ok(zelf.owner.head().address() as i64 >> 4)
    }
    #[getter(name = "__name__")]
    fn name(_zelf: &Obj<NewWrapper>, _vm: &Vm) -> &'static str {
        "__new__"
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<NewWrapper>, _vm: &Vm) -> String {
        format!("{}.__new__", zelf.owner.short_name())
    }
    #[getter(name = "__self__")]
    fn receiver(zelf: &Obj<NewWrapper>, _vm: &Vm) -> Value {
        zelf.owner.to_value()
    }
    #[getter(name = "__doc__")]
    fn doc(_zelf: &Obj<NewWrapper>, _vm: &Vm) -> &'static str {
        "Create and return a new object.  See help(type) for accurate signature."
    }
    #[getter(name = "__text_signature__")]
    fn text_signature(_zelf: &Obj<NewWrapper>, _vm: &Vm) -> &'static str {
        "($type, *args, **kwargs)"
    }
    #[getter(name = "__module__")]
    fn module(_zelf: &Obj<NewWrapper>, _vm: &Vm) {}
    #[pymethod]
    fn __reduce__(zelf: &Obj<NewWrapper>, vm: &Vm) -> PyResult<(Value, (Value, &'static str))> {
        let getattr = vm.builtins().get_str(&vm.intern("getattr"));
        Ok((getattr.unwrap_or(Value::NONE), (zelf.owner.to_value(), "__new__")))
    }
}

// ---- computed attributes and members ----

/// An attribute computed by Rust code.
#[pyclass(name = "getset_descriptor", no_new)]
pub struct GetSetDescr {
    #[notrace]
    def: &'static GetSetDef,
    owner: Value,
}

impl GetSetDescr {
    pub(crate) fn new_value(def: &'static GetSetDef, owner: &Obj<Type>) -> Value {
        Ref::new(GetSetDescr { def, owner: owner.to_value() }).into()
    }
    fn owner(&self) -> Option<&Obj<Type>> {
        self.owner.downcast()
    }
    fn check(&self, vm: &Vm, object: &Value) -> PyResult<()> {
        match self.owner() {
            Some(owner) => check_receiver(vm, self.def.name, owner, object),
            None => Ok(()),
        }
    }
    fn owner_name(&self) -> String {
        self.owner().map(|o| o.short_name().into()).unwrap_or_default()
    }
}

#[pymethods]
impl GetSetDescr {
    #[slot]
    fn descr_get(
        zelf: &Obj<GetSetDescr>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        match object {
            Some(object) => {
                zelf.check(vm, object)?;
                (zelf.def.get)(vm, object)
            }
            None => Ok(zelf.to_value()),
        }
    }
    #[slot]
    fn descr_set(
        zelf: &Obj<GetSetDescr>,
        vm: &Vm,
        object: &Value,
        value: Option<Value>,
    ) -> PyResult<()> {
        zelf.check(vm, object)?;
        match zelf.def.set {
            Some(set) => set(vm, object, value),
            None => Err(vm.attribute_error(format!(
                "attribute '{}' of '{}' objects is not writable",
                zelf.def.name,
                zelf.owner().map(|o| o.name()).unwrap_or_default()
            ))),
        }
    }
    #[slot]
    fn repr(zelf: &Obj<GetSetDescr>, vm: &Vm) -> PyResult {
        let owner = zelf.owner().map(|o| o.name()).unwrap_or_default();
        let name = zelf.def.name;
        Ok(vm.str(&format!("<attribute '{name}' of '{owner}' objects>")))
    }
    #[getter(name = "__name__")]
    fn name(zelf: &Obj<GetSetDescr>, _vm: &Vm) -> &'static str {
        zelf.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<GetSetDescr>, _vm: &Vm) -> String {
        format!("{}.{}", zelf.owner_name(), zelf.def.name)
    }
    #[getter(name = "__objclass__")]
    fn objclass(zelf: &Obj<GetSetDescr>, _vm: &Vm) -> Value {
        zelf.owner.clone()
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<GetSetDescr>, _vm: &Vm) -> Option<&'static str> {
        Some(zelf.def.doc).filter(|d| !d.is_empty())
    }
}

/// A member named by `__slots__`.
#[pyclass(name = "member_descriptor", no_new)]
pub struct MemberDescr {
    name: Ref<Str>,
    owner: Value,
    offset: u32,
}

impl MemberDescr {
    pub(crate) fn new_value(name: &Ref<Str>, owner: &Ref<Type>, offset: u32) -> Value {
        Ref::new(MemberDescr { name: name.clone(), owner: owner.to_value(), offset }).into()
    }

    /// The offset, if instances of `ty` have this member.
    pub fn offset_for(&self, ty: &Obj<Type>) -> Option<u32> {
        let owner = self.owner.downcast::<Type>()?;
        if ty.is_subtype(owner) { Some(self.offset) } else { None }
    }

    fn place<'a>(&self, object: &'a Value) -> Option<&'a mut Option<Value>> {
        let head = object.head()?;
        let offset = self.offset_for(head.ty())?;
        // SAFETY: instances of the owner have an optional value at this offset; the borrow ends
        // before anything else can look.
        Some(unsafe {
            &mut *(head as *const ObjHead as *mut u8).add(offset as usize).cast::<Option<Value>>()
        })
    }

    /// The member's value in an instance.
    pub fn get_from(&self, object: &Value) -> Option<Value> {
        self.place(object).and_then(|p| p.clone())
    }

    fn check(&self, vm: &Vm, object: &Value) -> PyResult<()> {
        match self.owner.downcast::<Type>() {
            Some(owner) if !object.ty().is_subtype(owner) => {
                check_receiver(vm, &self.name.to_string(), owner, object)
            }
            _ => Ok(()),
        }
    }
}

#[pymethods]
impl MemberDescr {
    #[slot]
    fn descr_get(
        zelf: &Obj<MemberDescr>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        let Some(object) = object else { return Ok(zelf.to_value()) };
        zelf.check(vm, object)?;
        match zelf.get_from(object) {
            Some(value) => Ok(value),
            None => {
                let name = crate::objects::type_::methods::full_name(vm, object.ty());
                let name = name.strip_prefix("__main__.").unwrap_or(&name);
                Err(vm.attribute_error(format!("'{name}' object has no attribute '{}'", zelf.name)))
            }
        }
    }
    #[slot]
    fn descr_set(
        zelf: &Obj<MemberDescr>,
        vm: &Vm,
        object: &Value,
        value: Option<Value>,
    ) -> PyResult<()> {
        zelf.check(vm, object)?;
        let deleting = value.is_none();
        let Some(place) = zelf.place(object) else { return Ok(()) };
        if deleting && place.is_none() {
            return Err(vm.no_attribute(object, &zelf.name));
        }
        let old = std::mem::replace(place, value);
        drop(old);
        Ok(())
    }
    #[slot]
    fn repr(zelf: &Obj<MemberDescr>, vm: &Vm) -> PyResult {
        let owner = zelf.owner.downcast::<Type>().map(|t| t.name()).unwrap_or_default();
        Ok(vm.str(&format!("<member '{}' of '{owner}' objects>", zelf.name)))
    }
    #[getter(name = "__name__")]
    fn name(zelf: &Obj<MemberDescr>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<MemberDescr>, _vm: &Vm) -> String {
        let owner = zelf.owner.downcast::<Type>().map(|t| t.qualname.get()).unwrap_or_default();
        format!("{owner}.{}", zelf.name)
    }
    #[getter(name = "__objclass__")]
    fn objclass(zelf: &Obj<MemberDescr>, _vm: &Vm) -> Value {
        zelf.owner.clone()
    }
    #[getter(name = "__doc__")]
    fn doc(_zelf: &Obj<MemberDescr>, _vm: &Vm) {}
}

/// The `__dict__` that a native type gives its instances in a way of its own (types, modules), where a
/// class with an ordinary one comes first on the MRO.
fn native_dict(vm: &Vm, object: &Value) -> Option<Ref<GetSetDescr>> {
    let native = |ty: &Ref<Type>| !ty.has_flag(TypeFlags::HEAP) && ty.attrs_offset == 0;
    let bases = object.ty().mro();
    let found = bases.iter().filter(|ty| native(ty));
    found.filter_map(|ty| ty.dict().get_str(&vm.names().__dict__)?.into_ref().ok()).next()
}

/// Do instances have their attributes from a native type?
fn has_native_attrs(ty: &Obj<Type>) -> bool {
    ty.mro().iter().any(|base| !base.has_flag(TypeFlags::HEAP) && base.attrs_offset != 0)
}

/// `__dict__` and `__weakref__` of instances.
/// Is it the `__dict__` that classes give their instances?
pub(crate) fn is_instance_dict(descr: &Value) -> bool {
    let plain = instance_dict_defs().iter().find(|def| def.name == "__dict__");
    match (descr.downcast::<GetSetDescr>(), plain) {
        (Some(own), Some(plain)) => std::ptr::fn_addr_eq(own.def.get, plain.get),
        _ => false,
    }
}

pub(crate) fn instance_dict_defs() -> &'static [GetSetDef] {
    &[
        GetSetDef {
            name: "__dict__",
            doc: "dictionary for instance variables",
            get: |vm, object| {
                if let Some(dict) = super::object::instance_dict(object) {
                    return Ok(dict.into());
                }
                match native_dict(vm, object) {
                    Some(descr) => (descr.def.get)(vm, object),
                    None => Err(vm.no_attribute(object, &vm.names().__dict__)),
                }
            },
            set: Some(|vm, object, value| {
                let Some((attrs, gc, _)) = super::object::attrs_of(object) else {
                    return Err(match native_dict(vm, object) {
                        Some(_) => vm.attribute_error(format!(
                            "attribute '__dict__' of '{}' objects is not writable",
                            object.ty().name()
                        )),
                        None => vm.no_attribute(object, &vm.names().__dict__),
                    });
                };
                let dict = match value {
                    None if has_native_attrs(object.ty()) => {
                        return Err(vm.type_error("cannot delete __dict__"));
                    }
                    None => Dict::new_ref(),
                    Some(value) => value.into_ref::<Dict>().map_err(|v| {
                        vm.type_error(format!(
                            "__dict__ must be set to a dictionary, not a '{}'",
                            v.ty().name()
                        ))
                    })?,
                };
                drop(attrs.replace_dict(gc, dict));
                Ok(())
            }),
        },
        GetSetDef {
            name: "__weakref__",
            doc: "list of weak references to the object",
            get: |_vm, object| Ok(super::weakref::first_reference(object)),
            set: None,
        },
    ]
}

// ---- classmethod, staticmethod ----

/// An attribute of what is wrapped, kept from its first use on.
fn wrapped_attribute(
    vm: &Vm,
    wrapper: &Value,
    function: Option<Value>,
    name: &Ref<Str>,
) -> PyResult {
    let own = super::object::instance_dict(wrapper);
    if let Some(found) = own.as_ref().and_then(|dict| dict.get_str(name)) {
        return Ok(found);
    }
    let Some(function) = function else { return Err(vm.no_attribute(wrapper, name)) };
    let found = object::get_attr(vm, &function, name)?;
    if let Some(dict) = own {
        drop(dict.insert_str(name, found.clone()));
    }
    Ok(found)
}

fn set_own_attribute(
    vm: &Vm,
    wrapper: &Value,
    name: &Ref<Str>,
    value: Option<Value>,
) -> PyResult<()> {
    let Some(dict) = super::object::instance_dict(wrapper) else {
        return Err(vm.no_attribute(wrapper, name));
    };
    match value {
        Some(value) => drop(dict.insert_str(name, value)),
        None => match dict.remove_str(name) {
            Some(old) => drop(old),
            None => return Err(vm.no_attribute(wrapper, name)),
        },
    }
    Ok(())
}

/// Convert a function to be a class method.
///
/// A class method receives the class as implicit first argument,
/// just like an instance method receives the instance.
#[pyclass(name = "classmethod", base_type, has_dict, sig = "(function, /)")]
#[derive(Default)]
pub struct ClassMethod {
    function: ValueCell,
}

/// Convert a function to be a static method.
///
/// A static method does not receive an implicit first argument.
#[pyclass(name = "staticmethod", base_type, has_dict, sig = "(function, /)")]
#[derive(Default)]
pub struct StaticMethod {
    function: ValueCell,
}

/// What a wrapper around a function takes over from it: name, docstring, annotations.
fn copy_function_attributes(vm: &Vm, wrapper: &Value, function: &Value) -> PyResult<()> {
    let names = vm.names();
    for name in [&names.__module__, &names.__name__, &names.__qualname__, &names.__doc__] {
        if let Some(value) = object::lookup_attr(vm, function, name)? {
            object::set_attr(vm, wrapper, name, value)?;
        }
    }
    Ok(())
}

fn one_argument(vm: &Vm, name: &str, args: CallArgs<'_>) -> PyResult {
    match (args.args(), args.keyword_count()) {
        ([one], 0) => Ok(one.clone()),
        (all, 0) => Err(vm.type_error(format!("{name} expected 1 argument, got {}", all.len()))),
        _ => Err(vm.type_error(format!("{name}() takes no keyword arguments"))),
    }
}

impl ClassMethod {
    pub fn new_value(function: Value) -> Value {
        Ref::new(ClassMethod { function: function.into() }).into()
    }
}

#[pymethods]
impl ClassMethod {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(ClassMethod::default(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<ClassMethod>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let function = one_argument(vm, "classmethod", args)?;
        copy_function_attributes(vm, &zelf.to_value(), &function)?;
        zelf.function.set(Some(function));
        Ok(())
    }
    #[slot]
    fn descr_get(
        zelf: &Obj<ClassMethod>,
        vm: &Vm,
        object: Option<&Value>,
        ty: Option<&Value>,
    ) -> PyResult {
        let Some(function) = zelf.function.get() else {
            return Err(vm.runtime_error("uninitialized classmethod object"));
        };
        let class = match (ty, object) {
            (Some(ty), _) => ty.clone(),
            (None, Some(object)) => object.ty().to_value(),
            (None, None) => Value::NONE,
        };
        Ok(Method::bind(function, class))
    }
    #[slot]
    fn repr(zelf: &Obj<ClassMethod>, vm: &Vm) -> PyResult {
        let inner = object::repr(vm, &zelf.function.get().unwrap_or(Value::NONE))?;
        Ok(vm.str(&format!("<classmethod({})>", inner.to_string_lossy())))
    }
    #[getter(name = "__func__")]
    fn func(zelf: &Obj<ClassMethod>, _vm: &Vm) -> Option<Value> {
        zelf.function.get()
    }
    #[getter(name = "__wrapped__")]
    fn wrapped(zelf: &Obj<ClassMethod>, _vm: &Vm) -> Option<Value> {
        zelf.function.get()
    }
    #[getter(name = "__isabstractmethod__")]
    fn isabstract(zelf: &Obj<ClassMethod>, vm: &Vm) -> PyResult<bool> {
        is_abstract(vm, zelf.function.get())
    }
    #[getter(name = "__annotations__")]
    fn annotations(zelf: &Obj<ClassMethod>, vm: &Vm) -> PyResult {
        wrapped_attribute(vm, &zelf.to_value(), zelf.function.get(), &vm.names().__annotations__)
    }
    #[setter(name = "__annotations__")]
    fn set_annotations(zelf: &Obj<ClassMethod>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_own_attribute(vm, &zelf.to_value(), &vm.names().__annotations__, value)
    }
    #[getter(name = "__annotate__")]
    fn annotate(zelf: &Obj<ClassMethod>, vm: &Vm) -> PyResult {
        wrapped_attribute(vm, &zelf.to_value(), zelf.function.get(), &vm.names().__annotate__)
    }
    #[setter(name = "__annotate__")]
    fn set_annotate(zelf: &Obj<ClassMethod>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_own_attribute(vm, &zelf.to_value(), &vm.names().__annotate__, value)
    }
    #[getter(name = "__dict__")]
    fn dict(zelf: &Obj<ClassMethod>, _vm: &Vm) -> Option<Ref<Dict>> {
        super::object::instance_dict(&zelf.to_value())
    }
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}

/// Is `function.__isabstractmethod__` true?
pub(crate) fn is_abstract(vm: &Vm, function: Option<Value>) -> PyResult<bool> {
    let Some(function) = function else { return Ok(false) };
    match object::lookup_attr(vm, &function, &vm.names().__isabstractmethod__)? {
        Some(flag) => object::is_true(vm, &flag),
        None => Ok(false),
    }
}

impl StaticMethod {
    pub fn new_value(function: Value) -> Value {
        Ref::new(StaticMethod { function: function.into() }).into()
    }
}

#[pymethods]
impl StaticMethod {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(StaticMethod::default(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<StaticMethod>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let function = one_argument(vm, "staticmethod", args)?;
        copy_function_attributes(vm, &zelf.to_value(), &function)?;
        zelf.function.set(Some(function));
        Ok(())
    }
    #[slot]
    fn call(zelf: &Obj<StaticMethod>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        let function = zelf.function.get().unwrap_or(Value::NONE);
        call::call_args(vm, &function, args)
    }
    #[slot]
    fn descr_get(
        zelf: &Obj<StaticMethod>,
        vm: &Vm,
        _object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        zelf.function.get().ok_or_else(|| vm.runtime_error("uninitialized staticmethod object"))
    }
    #[slot]
    fn repr(zelf: &Obj<StaticMethod>, vm: &Vm) -> PyResult {
        let inner = object::repr(vm, &zelf.function.get().unwrap_or(Value::NONE))?;
        Ok(vm.str(&format!("<staticmethod({})>", inner.to_string_lossy())))
    }
    #[getter(name = "__func__")]
    fn func(zelf: &Obj<StaticMethod>, _vm: &Vm) -> Option<Value> {
        zelf.function.get()
    }
    #[getter(name = "__wrapped__")]
    fn wrapped(zelf: &Obj<StaticMethod>, _vm: &Vm) -> Option<Value> {
        zelf.function.get()
    }
    #[getter(name = "__isabstractmethod__")]
    fn isabstract(zelf: &Obj<StaticMethod>, vm: &Vm) -> PyResult<bool> {
        is_abstract(vm, zelf.function.get())
    }
    #[getter(name = "__annotations__")]
    fn annotations(zelf: &Obj<StaticMethod>, vm: &Vm) -> PyResult {
        wrapped_attribute(vm, &zelf.to_value(), zelf.function.get(), &vm.names().__annotations__)
    }
    #[setter(name = "__annotations__")]
    fn set_annotations(zelf: &Obj<StaticMethod>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_own_attribute(vm, &zelf.to_value(), &vm.names().__annotations__, value)
    }
    #[getter(name = "__annotate__")]
    fn annotate(zelf: &Obj<StaticMethod>, vm: &Vm) -> PyResult {
        wrapped_attribute(vm, &zelf.to_value(), zelf.function.get(), &vm.names().__annotate__)
    }
    #[setter(name = "__annotate__")]
    fn set_annotate(zelf: &Obj<StaticMethod>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        set_own_attribute(vm, &zelf.to_value(), &vm.names().__annotate__, value)
    }
    #[getter(name = "__dict__")]
    fn dict(zelf: &Obj<StaticMethod>, _vm: &Vm) -> Option<Ref<Dict>> {
        super::object::instance_dict(&zelf.to_value())
    }
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, item: &Value) -> PyResult {
        super::generic_alias::make(vm, cls, item)
    }
}

impl NativeDef {
    /// `__text_signature__`: as declared, or made from the parameters.
    pub fn shown_signature(&self) -> String {
        if let Some(signature) = self.signature {
            return signature.to_string();
        }
        let mut parts: Vec<String> = Vec::new();
        match self.flavour {
            Flavour::Method => parts.push("$self".into()),
            Flavour::Class => parts.push("$type".into()),
            Flavour::Function => parts.push("$module".into()),
            Flavour::Static => {}
        }
        for param in self.params {
            use crate::runtime::args::ParamKind;
            parts.push(match param.kind {
                ParamKind::VarPositional | ParamKind::Rest => format!("*{}", param.name),
                ParamKind::VarKeyword => format!("**{}", param.name),
                _ if param.required => param.name.to_string(),
                _ => format!("{}=<unrepresentable>", param.name),
            });
        }
        if self.params.iter().all(|p| p.kind == crate::runtime::args::ParamKind::PositionalOnly) {
            parts.push("/".into());
        }
        format!("({})", parts.join(", "))
    }
}

/// Functions and native methods: what a call may leave unbound.
#[inline]
pub(crate) fn is_unbound_method(found: &Value) -> bool {
    found.is_exact::<Function>() || found.is_exact::<MethodDescr>()
}

/// A native method for a type that is data, not a Rust type. Types are never freed once built in.
pub(crate) fn native_method(def: &'static NativeDef, owner: &Ref<Type>) -> Value {
    // SAFETY: the extra reference taken here is never given back, so the type lives for ever.
    let owner: &'static Obj<Type> = unsafe { &*owner.clone().into_raw().as_ptr() };
    MethodDescr::new_value(def, owner)
}

/// Gives one item of a tuple by name: the attributes of named records.
#[pyclass(name = "member_descriptor", no_new)]
pub struct ItemGetter {
    #[notrace]
    index: usize,
}

impl ItemGetter {
    pub(crate) fn new_value(index: usize) -> Value {
        Ref::new(ItemGetter { index }).into()
    }
    pub(crate) fn index(&self) -> usize {
        self.index
    }
}

#[pymethods]
impl ItemGetter {
    #[slot]
    fn descr_get(
        zelf: &Obj<ItemGetter>,
        _vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        let tuple = object.and_then(|o| o.downcast::<crate::objects::tuple::Tuple>());
        Ok(match tuple.and_then(|t| t.all_items().get(zelf.index)) {
            Some(item) => item.clone(),
            None => zelf.to_value(),
        })
    }
    #[slot]
    fn descr_set(
        _zelf: &Obj<ItemGetter>,
        vm: &Vm,
        _object: &Value,
        _value: Option<Value>,
    ) -> PyResult<()> {
        Err(vm.attribute_error("readonly attribute"))
    }
}
