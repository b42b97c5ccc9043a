//! Pickling of what has no opcode of its own: classes and functions by their names, other objects by
//! what their `__reduce_ex__` says.

use super::fully_qualified;
use super::known;
use super::opcode::*;
use super::pickling_error;
use super::save::{Saver, noted};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::dict::methods::mapping_items;
use adder_vm::objects::int;
use adder_vm::objects::str_::{Str, codec};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{call, object};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::runtime::import_::import_module;
use adder_vm::{Obj, Ref, Value, Vm};

/// The parts of what `__reduce__` returned, with `None` for those that are not there.
struct Reduced {
    make: Value,
    args: Ref<Tuple>,
    state: Option<Value>,
    list_items: Option<Value>,
    dict_items: Option<Value>,
    state_setter: Option<Value>,
}

impl Reduced {
    fn read(vm: &Vm, reduced: &Value) -> PyResult<Reduced> {
        let Some(tuple) = reduced.downcast::<Tuple>() else {
            let name = fully_qualified(vm, reduced.ty());
            let message = format!("__reduce__ must return a string or tuple, not {name}");
            return Err(pickling_error(vm, message));
        };
        let items = tuple.items();
        if !(2..=6).contains(&items.len()) {
            let message = "tuple returned by __reduce__ must contain 2 through 6 elements";
            return Err(pickling_error(vm, message));
        }
        let wrong = |which: &str, expected: &str, item: &Value| {
            let name = fully_qualified(vm, item.ty());
            pickling_error(
                vm,
                format!(
                    "{which} item of the tuple returned by __reduce__ must be {expected}, not {name}"
                ),
            )
        };
        let part = |at: usize| items.get(at).filter(|item| !item.is_none()).cloned();
        if !call::is_callable(&items[0]) {
            return Err(wrong("first", "callable", &items[0]));
        }
        let Some(args) = items[1].downcast::<Tuple>() else {
            return Err(wrong("second", "a tuple", &items[1]));
        };
        let iterator = |at: usize, which: &str| match part(at) {
            Some(item) if item.ty().slots.iternext.get().is_none() => {
                Err(wrong(which, "an iterator", &item))
            }
            found => Ok(found),
        };
        let list_items = iterator(3, "fourth")?;
        let dict_items = iterator(4, "fifth")?;
        let state_setter = match part(5) {
            Some(setter) if !call::is_callable(&setter) => {
                return Err(wrong("sixth", "callable", &setter));
            }
            found => found,
        };
        Ok(Reduced {
            make: items[0].clone(),
            args: args.to_ref(),
            state: part(2),
            list_items,
            dict_items,
            state_setter,
        })
    }
}

/// An exception because of another.
fn because(vm: &Vm, message: String, reason: &Exc) -> Exc {
    let exc = pickling_error(vm, message);
    exc.0.set_context(Some(reason.0.clone()));
    exc
}

fn shown(vm: &Vm, object: &Value) -> PyResult<Ref<Str>> {
    object::repr(vm, object)
}

/// `object.a.b`
fn by_path(vm: &Vm, object: &Value, path: &[&str]) -> PyResult {
    path.iter().try_fold(object.clone(), |object, name| object::get_attr_str(vm, &object, name))
}

/// The module where an object is found by its name, and the name of it.
fn module_of(vm: &Vm, object: &Value, name: &str) -> PyResult<Value> {
    let path: Vec<&str> = name.split('.').collect();
    let declared = object::lookup_attr(vm, object, &vm.names().__module__)?;
    if path.contains(&"<locals>") {
        let shown = shown(vm, object)?;
        return Err(pickling_error(vm, format!("Can't pickle local object {shown}")));
    }
    let module = match declared.filter(|module| !module.is_none()) {
        Some(module) => module,
        None => search(vm, object, &path)?,
    };
    let Some(module_name) = module.downcast::<Str>().map(|m| m.to_string()) else {
        let shown = shown(vm, object)?;
        let ty = fully_qualified(vm, module.ty());
        let message = format!("Can't pickle {shown}: __module__ must be a string, not {ty}");
        return Err(pickling_error(vm, message));
    };
    let found = match import_module(vm, &module_name) {
        Ok(found) => found,
        Err(exc) => {
            let expected = exc.is(&vm.exceptions().import_error)
                || exc.is(&vm.exceptions().value_error)
                || exc.is(&vm.exceptions().key_error);
            if !expected {
                return Err(exc);
            }
            let reason = object::str(vm, &exc.value())?;
            let message = format!("Can't pickle {}: {reason}", shown(vm, object)?);
            return Err(because(vm, message, &exc));
        }
    };
    let place = format!("{module_name}.{name}");
    match by_path(vm, &found, &path) {
        Ok(there) if there.is(object) => Ok(module),
        Ok(_) => {
            let message =
                format!("Can't pickle {}: it's not the same object as {place}", shown(vm, object)?);
            Err(pickling_error(vm, message))
        }
        Err(exc) if exc.is(&vm.exceptions().attribute_error) => {
            let message = format!("Can't pickle {}: it's not found as {place}", shown(vm, object)?);
            Err(because(vm, message, &exc))
        }
        Err(exc) => Err(exc),
    }
}

/// Looks through all modules for an object that does not say where it is.
fn search(vm: &Vm, object: &Value, path: &[&str]) -> PyResult {
    for (name, module) in vm.modules().items_vec() {
        let skipped =
            name.downcast::<Str>().is_none_or(|n| n.is_str("__main__") || n.is_str("__mp_main__"));
        if skipped || module.is_none() {
            continue;
        }
        match by_path(vm, &module, path) {
            Ok(found) if found.is(object) => return Ok(name),
            Ok(_) => {}
            Err(exc) if exc.is(&vm.exceptions().attribute_error) => {}
            Err(exc) => return Err(exc),
        }
    }
    Ok(vm.names().__main__.to_value())
}

impl Saver<'_> {
    // ---- by name ----

    pub fn save_type(&mut self, object: &Value) -> PyResult<()> {
        // These three have no name that would find them; their one instance has.
        for only in [Value::NONE, Value::ELLIPSIS, Value::NOT_IMPLEMENTED] {
            if object.is(&only.ty().to_value()) {
                let args = Tuple::from_vec(vec![only]);
                return self.save_call(Some(object), &Type::type_object().to_value(), &args);
            }
        }
        self.save_global(object, None)
    }

    /// Writes by which name an object is found.
    pub fn save_global(&mut self, object: &Value, name: Option<&Value>) -> PyResult<()> {
        let vm = self.vm;
        let name = match name {
            Some(name) => name.clone(),
            None => match object::lookup_attr(vm, object, &vm.names().__qualname__)? {
                Some(name) => name,
                None => object::get_attr(vm, object, &vm.names().__name__)?,
            },
        };
        let Some(text) = name.downcast::<Str>().map(|name| name.to_string()) else {
            let shown = shown(vm, object)?;
            let ty = fully_qualified(vm, name.ty());
            let message = format!("Can't pickle {shown}: its name must be a string, not {ty}");
            return Err(pickling_error(vm, message));
        };
        let module = module_of(vm, object, &text)?;
        if self.proto >= 2 && self.save_extension(&module, &name)? {
            return Ok(());
        }
        if self.proto >= 4 {
            self.save(&module)?;
            self.save(&name)?;
            self.out.push(STACK_GLOBAL);
        } else if let Some((top, attributes)) = text.split_once('.') {
            // Older protocols know no paths: each step is a call of `getattr`.
            let attributes: Vec<&str> = attributes.split('.').collect();
            let getattr = self.known.getattr.clone();
            for _ in &attributes {
                self.save(&getattr)?;
                if self.proto < 2 {
                    self.out.push(MARK);
                }
            }
            self.save_top_level(&module, &vm.str(top))?;
            for attribute in attributes {
                self.save(&vm.str(attribute))?;
                let tuple = if self.proto < 2 { TUPLE } else { TUPLE2 };
                self.out.extend(&[tuple, REDUCE]);
            }
        } else {
            self.save_top_level(&module, &name)?;
        }
        self.memoize(object);
        Ok(())
    }

    /// Writes the number that `copyreg` has for a name, if it has one.
    fn save_extension(&mut self, module: &Value, name: &Value) -> PyResult<bool> {
        let vm = self.vm;
        let key = Tuple::pair(module.clone(), name.clone()).into();
        let Some(code) = known::get(vm, &self.known.extension_registry, &key)? else {
            return Ok(false);
        };
        let Some(code) = int::to_i64_exact(&code) else {
            return Err(vm.runtime_error("extension code is not an integer"));
        };
        if code <= 0 || code > i32::MAX.into() {
            return Err(vm.runtime_error(format!("extension code {code} is out of range")));
        }
        if let Ok(byte) = u8::try_from(code) {
            self.out.op(EXT1, [byte]);
        } else if let Ok(short) = u16::try_from(code) {
            self.out.op(EXT2, short.to_le_bytes());
        } else {
            self.out.op(EXT4, (code as i32).to_le_bytes());
        }
        Ok(true)
    }

    fn save_top_level(&mut self, module: &Value, name: &Value) -> PyResult<()> {
        let (vm, proto) = (self.vm, self.proto);
        let (mut module, mut name) = (module.clone(), name.clone());
        if self.pickler.fix_imports.get() && proto < 3 {
            let key = Tuple::pair(module.clone(), name.clone()).into();
            if let Some(old) = known::get(vm, &self.known.reverse_name_mapping, &key)? {
                let Some([m, n]) = old.downcast::<Tuple>().map(|pair| pair.items()) else {
                    return Err(vm.runtime_error(
                        "_compat_pickle.REVERSE_NAME_MAPPING values should be 2-tuples",
                    ));
                };
                (module, name) = (m.clone(), n.clone());
            } else if let Some(old) = known::get(vm, &self.known.reverse_import_mapping, &module)? {
                module = old;
            }
        }
        let encoding = if proto >= 3 { "utf-8" } else { "ascii" };
        let encode = |what: &str, text: &Value| {
            let Some(text) = text.downcast::<Str>() else {
                return Err(vm.type_error("a name must be a string"));
            };
            let bytes = codec::encode(vm, text, encoding, "strict").map_err(|exc| {
                if !exc.is(vm.exception_type("UnicodeEncodeError")) {
                    return exc;
                }
                match object::repr(vm, &text.to_value()) {
                    Ok(shown) => because(
                        vm,
                        format!(
                            "can't pickle {what} identifier {shown} using pickle protocol {proto}"
                        ),
                        &exc,
                    ),
                    Err(exc) => exc,
                }
            })?;
            adder_vm::protocol::buffer::to_vec(vm, &bytes)
        };
        let (module, name) = (encode("module", &module)?, encode("global", &name)?);
        self.out.push(GLOBAL);
        for part in [module, name] {
            self.out.extend(&part);
            self.out.push(b'\n');
        }
        Ok(())
    }

    // ---- by reduction ----

    /// Writes an object as its `__reduce_ex__` says.
    pub fn save_reduced(&mut self, object: &Value, reduced: &Value) -> PyResult<()> {
        if reduced.downcast::<Str>().is_some() {
            return self.save_global(object, Some(reduced));
        }
        let vm = self.vm;
        Reduced::read(vm, reduced)
            .and_then(|reduced| self.save_parts(object, &reduced))
            .map_err(|exc| noted(vm, exc, object, "object"))
    }

    fn save_parts(&mut self, object: &Value, reduced: &Reduced) -> PyResult<()> {
        let vm = self.vm;
        self.save_call(Some(object), &reduced.make, &reduced.args)?;
        if let Some(items) = &reduced.list_items {
            self.append_from(items, object)?;
        }
        if let Some(items) = &reduced.dict_items {
            self.set_from(items, object)?;
        }
        let Some(state) = &reduced.state else { return Ok(()) };
        if let Some(setter) = &reduced.state_setter {
            // The setter is called with the object and its state; what it returns is dropped.
            self.save(setter).map_err(|exc| noted(vm, exc, object, "state setter"))?;
            self.save(object)?;
            self.save(state).map_err(|exc| noted(vm, exc, object, "state"))?;
            self.out.extend(&[TUPLE2, REDUCE, POP]);
            return Ok(());
        }
        self.save(state).map_err(|exc| noted(vm, exc, object, "state"))?;
        self.out.push(BUILD);
        Ok(())
    }

    /// Writes a call that makes an object, which is noted as written if it is given.
    pub fn save_call(
        &mut self,
        object: Option<&Value>,
        make: &Value,
        args: &Ref<Tuple>,
    ) -> PyResult<()> {
        let vm = self.vm;
        let name = match self.proto >= 2 {
            true => object::lookup_attr(vm, make, &vm.names().__name__)?,
            false => None,
        };
        let name = name.as_ref().and_then(|name| name.downcast::<Str>());
        let of = object.unwrap_or(make);
        if name.is_some_and(|name| name.is_str("__newobj_ex__")) {
            self.save_newobj_ex(of, args)?;
        } else if name.is_some_and(|name| name.is_str("__newobj__")) {
            let Some((class, args)) = args.items().split_first() else {
                let message = "__newobj__ expected at least 1 argument, got 0";
                return Err(pickling_error(vm, message));
            };
            self.check_class("__newobj__", class, object)?;
            self.save(class).map_err(|exc| noted(vm, exc, of, "class"))?;
            let args = Tuple::from_slice(args).into();
            self.save(&args).map_err(|exc| noted(vm, exc, of, "__new__ arguments"))?;
            self.out.push(NEWOBJ);
        } else {
            self.save(make).map_err(|exc| noted(vm, exc, of, "reconstructor"))?;
            self.save(&args.to_value())
                .map_err(|exc| noted(vm, exc, of, "reconstructor arguments"))?;
            self.out.push(REDUCE);
        }
        let Some(object) = object else { return Ok(()) };
        match self.memoized(object) {
            Some(number) => self.get_instead(number, &[POP]),
            None => self.memoize(object),
        }
        Ok(())
    }

    /// The class that `__newobj__` is to make an instance of: the object's.
    fn check_class(&self, function: &str, class: &Value, object: Option<&Value>) -> PyResult<()> {
        let vm = self.vm;
        if class.downcast::<Type>().is_none() {
            let name = fully_qualified(vm, class.ty());
            let message = format!("first argument to {function}() must be a class, not {name}");
            return Err(pickling_error(vm, message));
        }
        let Some(object) = object else { return Ok(()) };
        let own = object::get_attr(vm, object, &vm.names().__class__)?;
        if !own.is(class) {
            let (own, class) = (shown(vm, &own)?, shown(vm, class)?);
            let message = format!("first argument to {function}() must be {own}, not {class}");
            return Err(pickling_error(vm, message));
        }
        Ok(())
    }

    fn save_newobj_ex(&mut self, object: &Value, args: &Obj<Tuple>) -> PyResult<()> {
        let vm = self.vm;
        let [class, args, kwargs] = args.items() else {
            let message = format!("__newobj_ex__ expected 3 arguments, got {}", args.len());
            return Err(pickling_error(vm, message));
        };
        self.check_class("__newobj_ex__", class, Some(object))?;
        let Some(positional) = args.downcast::<Tuple>() else {
            let name = fully_qualified(vm, args.ty());
            let message = format!("second argument to __newobj_ex__() must be a tuple, not {name}");
            return Err(pickling_error(vm, message));
        };
        if kwargs.downcast::<Dict>().is_none() {
            let name = fully_qualified(vm, kwargs.ty());
            let message = format!("third argument to __newobj_ex__() must be a dict, not {name}");
            return Err(pickling_error(vm, message));
        }
        if self.proto >= 4 {
            self.save(class).map_err(|exc| noted(vm, exc, object, "class"))?;
            self.save(args).map_err(|exc| noted(vm, exc, object, "__new__ arguments"))?;
            self.save(kwargs).map_err(|exc| noted(vm, exc, object, "__new__ arguments"))?;
            self.out.push(NEWOBJ_EX);
            return Ok(());
        }
        // Protocols 2 and 3 have no such opcode: a partial call is pickled, and called.
        let new = object::get_attr(vm, class, &vm.names().__new__)?;
        let mut all = vec![new, class.clone()];
        all.extend_from_slice(positional.items());
        let named = mapping_items(vm, kwargs)?;
        let kwargs = Dict::new_ref();
        for (name, value) in named {
            kwargs.insert(vm, &name, value)?;
        }
        let partial = call::call_with_dict(vm, &self.known.partial, &all, Some(&kwargs))?;
        self.save(&partial).map_err(|exc| noted(vm, exc, object, "reconstructor"))?;
        self.save(&Tuple::empty().into())?;
        self.out.push(REDUCE);
        Ok(())
    }
}
