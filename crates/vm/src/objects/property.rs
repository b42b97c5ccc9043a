//! `property`. CPython's counterpart: `property_*` in `Objects/descrobject.c`.

use crate::object::{Obj, Ref, ValueCell};
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::{call, object};
use crate::runtime::args::{CallArgs, VarArgs};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

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
#[pyclass(name = "property", base_type, sig = "(fget=None, fset=None, fdel=None, doc=None)")]
#[derive(Default)]
pub struct Property {
    get: ValueCell,
    set: ValueCell,
    delete: ValueCell,
    doc: ValueCell,
    /// The docstring is the getter's: another getter brings its own.
    doc_of_getter: Cell<bool>,
    name: ValueCell,
}

impl Property {
    /// The getter, if it is a Python function.
    #[inline(always)]
    pub fn function(&self) -> Option<Value> {
        self.get.get().filter(|f| f.is_exact::<super::function::Function>())
    }

    fn copy_with(zelf: &Obj<Property>, vm: &Vm, at: usize, function: Value) -> PyResult {
        let part = |cell: &ValueCell| cell.get().unwrap_or(Value::NONE);
        let mut parts = [&zelf.get, &zelf.set, &zelf.delete, &zelf.doc].map(part);
        if !function.is_none() {
            parts[at] = function;
        }
        if zelf.doc_of_getter.get() && !parts[0].is_none() {
            parts[3] = Value::NONE;
        }
        let made = call::call(vm, &zelf.ty().to_value(), &parts)?;
        if let Some(new) = made.downcast::<Property>() {
            new.name.set(zelf.name.get());
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
        zelf.get.set(get.clone());
        zelf.set.set(set);
        zelf.delete.set(delete);
        zelf.doc.set(None);
        zelf.name.set(None);
        zelf.doc_of_getter.set(false);
        let doc_name = &vm.names().__doc__;
        let doc = match (doc, get) {
            (Some(doc), _) => Some(doc),
            (None, Some(get)) => {
                let doc = object::lookup_attr(vm, &get, doc_name)?.filter(|d| !d.is_none());
                zelf.doc_of_getter.set(doc.is_some());
                doc
            }
            _ => None,
        };
        if zelf.is_exact() {
            zelf.doc.set(doc);
            return Ok(());
        }
        // The `__doc__` of a subclass would hide it: it belongs to the instance.
        let doc = doc.unwrap_or(Value::NONE);
        match object::set_attr(vm, &zelf.to_value(), doc_name, doc) {
            Err(e) if e.is(&vm.exceptions().attribute_error) && !zelf.doc_of_getter.get() => Ok(()),
            done => done,
        }
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
    fn __set_name__(zelf: &Obj<Property>, vm: &Vm, args: VarArgs) -> PyResult<()> {
        match args.0.items() {
            [_owner, name] => {
                zelf.name.set(Some(name.clone()));
                Ok(())
            }
            all => Err(vm.type_error(format!(
                "__set_name__() takes 2 positional arguments but {} were given",
                all.len()
            ))),
        }
    }
    #[getter(member)]
    fn fget(zelf: &Obj<Property>, _vm: &Vm) -> Option<Value> {
        zelf.get.get()
    }
    #[getter(member)]
    fn fset(zelf: &Obj<Property>, _vm: &Vm) -> Option<Value> {
        zelf.set.get()
    }
    #[getter(member)]
    fn fdel(zelf: &Obj<Property>, _vm: &Vm) -> Option<Value> {
        zelf.delete.get()
    }
    #[getter(name = "__doc__", member)]
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
            if super::classmethod::is_abstract(vm, part.get())? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
