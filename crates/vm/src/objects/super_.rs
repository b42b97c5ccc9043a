//! `super`. CPython's counterpart: `superobject` in `Objects/typeobject.c`.

use crate::object::{Guarded, Obj, Ref, ValueCell};
use crate::objects::cell::CellObj;
use crate::objects::frame;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::object;
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// super() -> same as super(__class__, <first argument>)
/// super(type) -> unbound super object
/// super(type, obj) -> bound super object; requires isinstance(obj, type)
/// super(type, type2) -> bound super object; requires issubclass(type2, type)
#[pyclass(name = "super", base_type)]
#[derive(Default)]
pub struct Super {
    class: Guarded<Option<Ref<Type>>>,
    object: ValueCell,
    object_type: Guarded<Option<Ref<Type>>>,
}

/// The type whose MRO `super(class, object)` follows.
fn check(vm: &Vm, class: &Ref<Type>, object: &Value) -> PyResult<Ref<Type>> {
    if let Some(ty) = object.downcast::<Type>()
        && ty.is_subtype(class)
    {
        return Ok(ty.to_ref());
    }
    if object.ty().is_subtype(class) {
        return Ok(object.ty().to_ref());
    }
    if let Some(claimed) = object::lookup_attr(vm, object, &vm.names().__class__)?
        && let Some(claimed) = claimed.downcast::<Type>()
        && claimed.is_subtype(class)
    {
        return Ok(claimed.to_ref());
    }
    let what = match object.downcast::<Type>() {
        Some(ty) => format!("type {}", ty.name()),
        None => format!("instance of {}", object.ty().name()),
    };
    Err(vm.type_error(format!(
        "super(type, obj): obj ({what}) is not an instance or subtype of type ({}).",
        class.name()
    )))
}

/// `super()`: the class from the `__class__` cell, the object from the first argument.
fn implicit(vm: &Vm) -> PyResult<(Ref<Type>, Value)> {
    let Some(frame) = frame::current(vm) else {
        return Err(vm.runtime_error("super(): no current frame"));
    };
    if frame.code().source.argcount == 0 {
        return Err(vm.runtime_error("super(): no arguments"));
    }
    let source = &frame.code().source;
    let first_is_cell = frame.code().cell_parameters().iter().position(|p| *p == Some(0));
    let object = match first_is_cell {
        Some(i) => frame.variable(source.nlocals as usize + i, true),
        None => frame.variable(0, false),
    };
    let Some(object) = object else {
        return Err(vm.runtime_error("super(): arg[0] deleted"));
    };
    let at = source.freevars.iter().position(|n| *n == "__class__");
    let Some(at) = at else {
        return Err(vm.runtime_error("super(): __class__ cell not found"));
    };
    let index = source.nlocals as usize + source.cellvars.len() + at;
    let cell = frame.variable(index, false);
    match cell.as_ref().and_then(|c| c.downcast::<CellObj>()).and_then(|c| c.get()) {
        Some(class) => match class.into_ref::<Type>() {
            Ok(class) => Ok((class, object)),
            Err(other) => Err(vm.runtime_error(format!(
                "super(): __class__ is not a type ({})",
                other.ty().name()
            ))),
        },
        None => Err(vm.runtime_error("super(): empty __class__ cell")),
    }
}

#[pymethods]
impl Super {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Super::default(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<Super>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let (class, object) = match args.args() {
            [] => {
                let (class, object) = implicit(vm)?;
                (class, Some(object))
            }
            [class, rest @ ..] => {
                let Some(class) = class.downcast::<Type>() else {
                    return Err(vm.type_error(format!(
                        "super() argument 1 must be a type, not {}",
                        object::type_name_or_none(class)
                    )));
                };
                (class.to_ref(), rest.first().cloned().filter(|o| !o.is_none()))
            }
        };
        let object_type = match &object {
            Some(object) => Some(check(vm, &class, object)?),
            None => None,
        };
        drop(zelf.class.replace(Some(class)));
        zelf.object.set(object);
        drop(zelf.object_type.replace(object_type));
        Ok(())
    }
    #[slot]
    fn getattro(zelf: &Value, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        let Some(this) = zelf.downcast::<Super>() else { return Ok(None) };
        let (class, start) = (this.class.get(), this.object_type.get());
        if let (Some(class), Some(start)) = (class, start)
            && !name.is_str("__class__")
        {
            let mut passed = false;
            for ty in start.mro() {
                if passed && let Some(found) = ty.dict().get_str(name) {
                    let Some(get) = found.ty().slots.descr_get.get() else {
                        return Ok(Some(found));
                    };
                    let start = start.to_value();
                    let object = this.object.get().filter(|o| !o.is(&start));
                    return get(vm, &found, object.as_ref(), Some(&start)).map(Some);
                }
                passed |= std::ptr::eq::<Obj<Type>>(&*ty, &*class);
            }
        }
        super::object::generic_getattr(vm, zelf, name)
    }
    #[slot]
    fn descr_get(
        zelf: &Obj<Super>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        let Some(object) = object.filter(|o| !o.is_none()) else { return Ok(zelf.to_value()) };
        if zelf.object.is_some() {
            return Ok(zelf.to_value());
        }
        let Some(class) = zelf.class.get() else { return Ok(zelf.to_value()) };
        let object_type = check(vm, &class, object)?;
        let bound = Super {
            class: Guarded::new(Some(class)),
            object: object.clone().into(),
            object_type: Guarded::new(Some(object_type)),
        };
        Ok(Ref::with_type(bound, zelf.ty()).into())
    }
    #[slot]
    fn repr(zelf: &Obj<Super>, vm: &Vm) -> PyResult {
        let class = zelf.class.get().map_or("NULL".into(), |c| c.name());
        Ok(vm.str(&match zelf.object_type.get() {
            Some(ty) => format!("<super: <class '{class}'>, <{} object>>", ty.name()),
            None => format!("<super: <class '{class}'>, NULL>"),
        }))
    }
    #[getter(name = "__thisclass__")]
    fn thisclass(zelf: &Obj<Super>, _vm: &Vm) -> Option<Ref<Type>> {
        zelf.class.get()
    }
    #[getter(name = "__self__")]
    fn receiver(zelf: &Obj<Super>, _vm: &Vm) -> Option<Value> {
        zelf.object.get()
    }
    #[getter(name = "__self_class__")]
    fn self_class(zelf: &Obj<Super>, _vm: &Vm) -> Option<Ref<Type>> {
        zelf.object_type.get()
    }
}
