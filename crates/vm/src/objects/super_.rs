//! `super`. CPython's counterpart: `superobject` in `Objects/typeobject.c`.

use crate::object::{Guarded, Obj, Ref, ValueCell};
use crate::objects::cell::CellObj;
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
    let Some(code) = vm.running_code() else {
        return Err(vm.runtime_error("super(): no current frame"));
    };
    let source = &code.source;
    if source.argcount == 0 {
        return Err(vm.runtime_error("super(): no arguments"));
    }
    let content = |cell: Option<Value>| cell?.downcast::<CellObj>()?.get();
    let object = match code.cell_parameters().iter().position(|p| *p == Some(0)) {
        Some(i) => content(vm.running_local(source.nlocals as usize + i)),
        None => vm.running_local(0),
    };
    let Some(object) = object else {
        return Err(vm.runtime_error("super(): arg[0] deleted"));
    };
    let Some(at) = source.freevars.iter().position(|n| *n == "__class__") else {
        return Err(vm.runtime_error("super(): __class__ cell not found"));
    };
    match content(vm.running_local(source.nlocals as usize + source.cellvars.len() + at)) {
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

impl Super {
    /// What the MRO holds behind the class; `None` without an object, or for `__class__`.
    fn find(&self, name: &Str) -> Option<Value> {
        if name.is_str("__class__") {
            return None;
        }
        self.class.with(|class| {
            let class = class.as_ref()?;
            self.object_type.with(|start| {
                start.as_ref()?.with_mro(|mro| {
                    let at = mro.iter().position(|t| std::ptr::eq::<Obj<Type>>(&**t, &**class))?;
                    mro[at + 1..].iter().find_map(|ty| ty.dict().get_str(name))
                })
            })
        })
    }

    /// A function to be called with the object in front, and the object: no bound method is made.
    pub fn method(&self, name: &Str) -> Option<(Value, Value)> {
        let found = self.find(name).filter(super::function::is_method_like)?;
        let object = self.object.get()?;
        let is_class = self.object_type.with(|t| t.as_ref().is_some_and(|t| t.is(&object)));
        if is_class { None } else { Some((found, object)) }
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
        if args.keyword_count() > 0 {
            return Err(vm.type_error("super() takes no keyword arguments"));
        }
        if args.args().len() > 2 {
            return Err(vm.type_error(format!(
                "super() expected at most 2 arguments, got {}",
                args.args().len()
            )));
        }
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
        if let Some(found) = this.find(name) {
            let Some(get) = found.ty().slots.descr_get.get() else { return Ok(Some(found)) };
            let start = this.object_type.get().map(Value::from);
            let object = this.object.get().filter(|o| !start.as_ref().is_some_and(|s| o.is(s)));
            return get(vm, &found, object.as_ref(), start.as_ref()).map(Some);
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
    #[getter(name = "__thisclass__", member)]
    fn thisclass(zelf: &Obj<Super>, _vm: &Vm) -> Option<Ref<Type>> {
        zelf.class.get()
    }
    #[getter(name = "__self__", member)]
    fn receiver(zelf: &Obj<Super>, _vm: &Vm) -> Option<Value> {
        zelf.object.get()
    }
    #[getter(name = "__self_class__", member)]
    fn self_class(zelf: &Obj<Super>, _vm: &Vm) -> Option<Ref<Type>> {
        zelf.object_type.get()
    }
}
