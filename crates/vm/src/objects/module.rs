//! `module`. CPython's counterpart: `Objects/moduleobject.c`.

use crate::object::{Obj, Ref, census};
use crate::objects::builtin_function::BuiltinFunction;
use crate::objects::dict::Dict;
use crate::objects::str_::Str;
use crate::objects::type_::Type;
use crate::protocol::{call, object};
use crate::runtime::args::{CallArgs, NativeDef};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// A native module's description, emitted by `#[pymodule]`.
pub struct ModuleDef {
    pub name: &'static str,
    pub doc: &'static str,
    pub functions: &'static [NativeDef],
    /// Adds constants and types; runs once, when the module is imported.
    pub init: Option<fn(&Vm, &Obj<Module>) -> PyResult<()>>,
}

/// Create a module object.
///
/// The name must be a string; the optional docstring can have any type.
#[pyclass(name = "module", base_type, sig = "(name, doc=None)")]
pub struct Module {
    dict: Ref<Dict>,
}

impl Module {
    pub fn new_ref(vm: &Vm, name: &str, doc: Option<&str>) -> Ref<Module> {
        Module::with_names(vm, name, doc, 0)
    }

    /// With room for that many names besides those that every module has.
    fn with_names(vm: &Vm, name: &str, doc: Option<&str>, names: usize) -> Ref<Module> {
        let module = Ref::new(Module { dict: Dict::with_capacity(names + 5) });
        module.fill(vm, vm.intern(name).into(), doc.map_or(Value::NONE, |d| vm.str(d)));
        module
    }

    fn fill(&self, vm: &Vm, name: Value, doc: Value) {
        let names = vm.names();
        drop(self.dict.insert_str(&names.__name__, name));
        drop(self.dict.insert_str(&names.__doc__, doc));
        for name in [&names.__package__, &names.__loader__, &names.__spec__] {
            drop(self.dict.insert_str(name, Value::NONE));
        }
    }

    /// A module around a dict that exists already.
    pub(crate) fn with_dict(dict: Ref<Dict>) -> Ref<Module> {
        Ref::new(Module { dict })
    }

    /// A native module with its functions; `init` has run.
    pub fn from_def(vm: &Vm, def: &'static ModuleDef) -> PyResult<Ref<Module>> {
        census::permanently(|| Module::make(vm, def))
    }

    fn make(vm: &Vm, def: &'static ModuleDef) -> PyResult<Ref<Module>> {
        let doc = Some(def.doc).filter(|d| !d.is_empty());
        let module = Module::with_names(vm, def.name, doc, def.functions.len());
        let name = vm.str(def.name);
        for function in def.functions {
            let function_object = BuiltinFunction::plain(function, Some(name.clone()));
            module.set(vm, function.name, function_object);
        }
        if let Some(init) = def.init {
            init(vm, &module)?;
        }
        Ok(module)
    }

    #[inline(always)]
    pub fn dict(&self) -> &Obj<Dict> {
        &self.dict
    }
    /// Binds a name.
    pub fn set(&self, vm: &Vm, name: &str, value: Value) {
        drop(self.dict.insert_str(&vm.intern(name), value));
    }
    /// Binds a type under its own name.
    pub fn add_type(&self, vm: &Vm, ty: &Obj<Type>) {
        self.set(vm, &ty.short_name(), ty.to_value());
    }

    fn name(&self) -> Option<String> {
        let name = self.dict.get_str(&crate::objects::str_::intern::intern_str("__name__"))?;
        name.downcast::<Str>().map(|n| n.to_string())
    }

    pub(crate) fn no_attribute_message(&self, name: &Str) -> String {
        match self.name() {
            Some(module) => format!("module '{module}' has no attribute '{name}'"),
            None => format!("module has no attribute '{name}'"),
        }
    }
}

#[pymethods]
impl Module {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(Module { dict: Dict::new_ref() }, ty).into())
    }
    #[slot]
    fn init(zelf: &Obj<Module>, vm: &Vm, args: CallArgs<'_>) -> PyResult<()> {
        let mut parts: [Option<Value>; 2] = [None, None];
        for (part, value) in parts.iter_mut().zip(args.args()) {
            *part = Some(value.clone());
        }
        for (key, value) in args.keywords() {
            match key.downcast::<Str>().and_then(|k| k.as_ascii()) {
                Some("name") => parts[0] = Some(value.clone()),
                Some("doc") => parts[1] = Some(value.clone()),
                _ => return Err(vm.type_error("module() got an unexpected keyword argument")),
            }
        }
        let [name, doc] = parts;
        let Some(name) = name else {
            return Err(vm.type_error("module() missing required argument 'name' (pos 1)"));
        };
        if name.downcast::<Str>().is_none() {
            return Err(vm.type_error(format!(
                "module() argument 'name' must be str, not {}",
                object::type_name_or_none(&name)
            )));
        }
        zelf.fill(vm, name, doc.unwrap_or(Value::NONE));
        Ok(())
    }
    #[slot]
    fn getattro(zelf: &Value, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
        let Some(module) = zelf.downcast::<Module>() else { return Ok(None) };
        // Data descriptors of the type first (`__dict__`, `__class__`), then the module's names.
        let found = zelf.ty().lookup(name);
        if let Some(descr) = &found
            && descr.ty().slots.descr_set.get().is_some()
            && let Some(get) = descr.ty().slots.descr_get.get()
        {
            return get(vm, descr, Some(zelf), Some(&zelf.ty().to_value())).map(Some);
        }
        if let Some(value) = module.dict.get_str(name) {
            return Ok(Some(value));
        }
        if let Some(value) = super::object::generic_getattr(vm, zelf, name)? {
            return Ok(Some(value));
        }
        match module.dict.get_str(&vm.names().__getattr__) {
            Some(hook) => call::call(vm, &hook, &[name.to_value()]).map(Some),
            None => Ok(None),
        }
    }
    #[slot]
    fn setattro(zelf: &Value, vm: &Vm, name: &Ref<Str>, value: Option<Value>) -> PyResult<()> {
        let Some(module) = zelf.downcast::<Module>() else { return Ok(()) };
        if let Some(descr) = zelf.ty().lookup(name)
            && let Some(set) = descr.ty().slots.descr_set.get()
        {
            return set(vm, &descr, zelf, value);
        }
        match value {
            Some(value) => {
                drop(module.dict.insert_str(name, value));
                Ok(())
            }
            None => match module.dict.remove_str(name) {
                Some(old) => {
                    drop(old);
                    Ok(())
                }
                None => Err(vm.no_attribute(zelf, name)),
            },
        }
    }
    #[slot]
    fn repr(zelf: &Obj<Module>, vm: &Vm) -> PyResult {
        let name = zelf.payload.name().unwrap_or_else(|| "?".into());
        let file = zelf.dict.get_str(&vm.names().__file__);
        if let Some(file) = file.filter(|f| !f.is_none()) {
            let file = object::repr(vm, &file)?;
            return Ok(vm.str(&format!("<module '{name}' from {}>", file.to_string_lossy())));
        }
        let loader = zelf.dict.get_str(&vm.names().__spec__).filter(|l| !l.is_none());
        Ok(vm.str(&match loader {
            Some(_) => format!("<module '{name}' (built-in)>"),
            None => format!("<module '{name}'>"),
        }))
    }
    #[getter(name = "__dict__")]
    fn get_dict(zelf: &Obj<Module>, _vm: &Vm) -> Ref<Dict> {
        zelf.dict.clone()
    }
    #[getter(name = "__annotations__")]
    fn annotations(zelf: &Obj<Module>, vm: &Vm) -> PyResult {
        let name = &vm.names().__annotations__;
        if let Some(found) = zelf.dict.get_str(name) {
            return Ok(found);
        }
        let annotate = zelf.dict.get_str(&vm.names().__annotate__).filter(|a| !a.is_none());
        let made = match annotate {
            Some(f) => call::call(vm, &f, &[Value::int_unchecked(1)])?,
            None => Dict::new_ref().into(),
        };
        drop(zelf.dict.insert_str(name, made.clone()));
        Ok(made)
    }
    #[setter(name = "__annotations__")]
    fn set_annotations(zelf: &Obj<Module>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let name = &vm.names().__annotations__;
        match value {
            Some(value) => drop(zelf.dict.insert_str(name, value)),
            None => {
                if zelf.dict.remove_str(name).is_none() {
                    return Err(vm.no_attribute(&zelf.to_value(), name));
                }
            }
        }
        Ok(())
    }
    /// The names of the module.
    #[pymethod]
    fn __dir__(zelf: &Obj<Module>, vm: &Vm) -> PyResult {
        let dict = object::get_attr(vm, &zelf.to_value(), &vm.names().__dict__)?;
        let Some(dict) = dict.downcast::<Dict>() else {
            return Err(vm.type_error("<module>.__dict__ is not a dictionary"));
        };
        if let Some(hook) = dict.get_str(&vm.names().__dir__) {
            return call::call(vm, &hook, &[]);
        }
        Ok(super::list::List::from_vec(dict.keys_vec()).into())
    }
}
