//! `property`. CPython's counterpart: `property_*` in `Objects/descrobject.c`.

use crate::object::{Obj, Ref, ValueCell};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::{call, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Property attribute.
///
///   fget
///     function to be used for getting an attribute value
///   fset
///     function to be used for setting an attribute value
///   fdel
///     function to be used for del'ing an attribute
///   doc
///     docstring
#[pyclass(
    name = "property",
    base_type,
    has_dict,
    sig = "(fget=None, fset=None, fdel=None, doc=None)"
)]
#[derive(Default)]
pub struct Property {
    get: ValueCell,
    set: ValueCell,
    delete: ValueCell,
    doc: ValueCell,
    name: ValueCell,
}

impl Property {
    /// The getter, if it is a Python function.
    #[inline(always)]
    pub fn function(&self) -> Option<Value> {
        self.get.get().filter(|f| f.is_exact::<super::function::Function>())
    }

    fn copy_with(zelf: &Obj<Property>, vm: &Vm, at: usize, function: Value) -> PyResult {
        let mut parts =
            [&zelf.get, &zelf.set, &zelf.delete].map(|c| c.get().unwrap_or(Value::NONE));
        parts[at] = function;
        let made = call::call(vm, &zelf.ty().to_value(), &parts)?;
        if let Some(new) = made.downcast::<Property>() {
            new.name.set(zelf.name.get());
            if new.doc.get().is_none() {
                new.doc.set(zelf.doc.get());
            }
        }
        Ok(made)
    }

    fn missing(zelf: &Obj<Property>, vm: &Vm, object: &Value, what: &str) -> Exc {
        let owner = object.ty().qualname.get();
        let name = zelf
            .name
            .get()
            .filter(|n| !n.is_none())
            .and_then(|n| object::repr(vm, &n).ok().map(|r| r.to_string()));
        vm.attribute_error(match name {
            Some(name) => format!("property {name} of '{owner}' object has no {what}"),
            None => format!("property of '{owner}' object has no {what}"),
        })
    }
}

#[pymethods]
impl Property {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Property::default(), ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<Property>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let mut parts: [Option<Value>; 4] = [const { None }; 4];
        if args.args().len() > 4 {
            return Err(vm.type_error(format!(
                "property expected at most 4 arguments, got {}",
                args.args().len()
            )));
        }
        for (part, value) in parts.iter_mut().zip(args.args()) {
            *part = Some(value.clone());
        }
        for (key, value) in args.keywords() {
            let at = ["fget", "fset", "fdel", "doc"]
                .iter()
                .position(|n| key.downcast::<Str>().is_some_and(|k| k.is_str(n)));
            match at {
                Some(at) => parts[at] = Some(value.clone()),
                None => {
                    return Err(vm.type_error(format!(
                        "property() got an unexpected keyword argument '{}'",
                        object::str(vm, key)?
                    )));
                }
            }
        }
        let [get, set, delete, doc] = parts.map(|p| p.filter(|v| !v.is_none()));
        let doc = match (doc, &get) {
            (Some(doc), _) => Some(doc),
            (None, Some(get)) => object::lookup_attr(vm, get, &vm.names().__doc__)?,
            _ => None,
        };
        zelf.get.set(get);
        zelf.set.set(set);
        zelf.delete.set(delete);
        zelf.doc.set(doc.filter(|d| !d.is_none()));
        Ok(())
    }
    #[slot]
    fn descr_get(
        zelf: &Obj<Property>,
        vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        let Some(object) = object.filter(|o| !o.is_none()) else { return Ok(zelf.to_value()) };
        match zelf.get.get() {
            Some(get) => call::call(vm, &get, std::slice::from_ref(object)),
            None => Err(Property::missing(zelf, vm, object, "getter")),
        }
    }
    #[slot]
    fn descr_set(
        zelf: &Obj<Property>,
        vm: &Vm,
        object: &Value,
        value: Option<Value>,
    ) -> PyResult<()> {
        match value {
            Some(value) => match zelf.set.get() {
                Some(set) => call::call(vm, &set, &[object.clone(), value]).map(drop),
                None => Err(Property::missing(zelf, vm, object, "setter")),
            },
            None => match zelf.delete.get() {
                Some(delete) => call::call(vm, &delete, std::slice::from_ref(object)).map(drop),
                None => Err(Property::missing(zelf, vm, object, "deleter")),
            },
        }
    }
    /// Descriptor to obtain a copy of the property with a different getter.
    #[pymethod]
    fn getter(zelf: &Obj<Property>, vm: &Vm, function: Value) -> PyResult {
        Property::copy_with(zelf, vm, 0, function)
    }
    /// Descriptor to obtain a copy of the property with a different setter.
    #[pymethod]
    fn setter(zelf: &Obj<Property>, vm: &Vm, function: Value) -> PyResult {
        Property::copy_with(zelf, vm, 1, function)
    }
    /// Descriptor to obtain a copy of the property with a different deleter.
    #[pymethod]
    fn deleter(zelf: &Obj<Property>, vm: &Vm, function: Value) -> PyResult {
        Property::copy_with(zelf, vm, 2, function)
    }
    #[pymethod]
    fn __set_name__(zelf: &Obj<Property>, _vm: &Vm, _owner: &Value, name: Value) {
        zelf.name.set(Some(name));
    }
    #[getter]
    fn fget(zelf: &Obj<Property>, _vm: &Vm) -> Option<Value> {
        zelf.get.get()
    }
    #[getter]
    fn fset(zelf: &Obj<Property>, _vm: &Vm) -> Option<Value> {
        zelf.set.get()
    }
    #[getter]
    fn fdel(zelf: &Obj<Property>, _vm: &Vm) -> Option<Value> {
        zelf.delete.get()
    }
    #[getter(name = "__doc__")]
    fn get_doc(zelf: &Obj<Property>, _vm: &Vm) -> Option<Value> {
        zelf.doc.get()
    }
    #[setter(name = "__doc__")]
    fn set_doc(zelf: &Obj<Property>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.doc.set(value);
        Ok(())
    }
    #[getter(name = "__name__")]
    fn get_name(zelf: &Obj<Property>, vm: &Vm) -> PyResult {
        if let Some(name) = zelf.name.get() {
            return Ok(name);
        }
        let inner = match zelf.get.get() {
            Some(get) => object::lookup_attr(vm, &get, &vm.names().__name__)?,
            None => None,
        };
        inner.ok_or_else(|| vm.attribute_error("'property' object has no attribute '__name__'"))
    }
    #[setter(name = "__name__")]
    fn set_name(zelf: &Obj<Property>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.name.set(value);
        Ok(())
    }
    #[getter(name = "__isabstractmethod__")]
    fn isabstract(zelf: &Obj<Property>, vm: &Vm) -> PyResult<bool> {
        for part in [&zelf.get, &zelf.set, &zelf.delete] {
            if super::descr::is_abstract(vm, part.get())? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
