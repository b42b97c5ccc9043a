//! Slots of built-in types as methods: `int.__add__`, `(1).__add__` and `T.__new__`.
//!
//! CPython's counterpart: the wrappers of `Objects/descrobject.c`, `tp_new_wrapper` of
//! `Objects/typeobject.c`.

use crate::object::{Obj, Payload, Ref};
use crate::objects::descr::{builtin, check_receiver};
use crate::objects::type_::Type;
use crate::objects::type_::slots::{New, SlotDef, Slots, Wrapper};
use crate::protocol::{number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// A slot of a built-in type as a method.
#[pyclass(name = "wrapper_descriptor", no_new, method_descriptor)]
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
        if !receiver.ty().is_subtype(self.owner) {
            return Err(vm.type_error(format!(
                "descriptor '{}' requires a '{}' object but received a '{}'",
                self.def.name,
                self.owner.name(),
                receiver.ty().name()
            )));
        }
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
    #[getter(name = "__name__", member)]
    fn name(zelf: &Obj<WrapperDescr>, _vm: &Vm) -> &'static str {
        zelf.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<WrapperDescr>, _vm: &Vm) -> String {
        format!("{}.{}", zelf.owner.short_name(), zelf.def.name)
    }
    #[getter(name = "__objclass__", member)]
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
    #[getter(name = "__self__", member)]
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
#[pyclass(name = "builtin_function_or_method", base = super::builtin_function::BuiltinFunction, no_new, vectorcall)]
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

/// Is a `__new__` found on a class a native type's?
pub(crate) fn is_native_new(found: &Value) -> bool {
    found.downcast::<NewWrapper>().is_some()
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
    #[getter(name = "__module__", member)]
    fn module(_zelf: &Obj<NewWrapper>, _vm: &Vm) {}
    #[pymethod]
    fn __reduce__(zelf: &Obj<NewWrapper>, vm: &Vm) -> PyResult<(Value, (Value, &'static str))> {
        let getattr = vm.builtins().get_str(&vm.intern("getattr"));
        Ok((getattr.unwrap_or(Value::NONE), (zelf.owner.to_value(), "__new__")))
    }
}
