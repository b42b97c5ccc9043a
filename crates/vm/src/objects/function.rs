//! `function`: code with its globals, defaults and closure.
//!
//! CPython's counterpart: `Objects/funcobject.c`.

#![expect(unsafe_code, reason = "fills the local words of a frame that is being entered")]

use crate::object::{Guarded, Obj, Ref, ValueCell};
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::method::Method;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::call;
use crate::runtime::args::CallArgs;
use crate::runtime::enter;
use crate::runtime::errors::PyResult;
use crate::runtime::frame::Slot;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bytecode::code::flags;
use adder_derive::{pyclass, pymethods};
use std::cell::Cell;

/// Create a function object.
#[pyclass(name = "function", has_dict, vectorcall, method_descriptor)]
pub struct Function {
    code: Guarded<Ref<Code>>,
    globals: Ref<Dict>,
    builtins: Ref<Dict>,
    name: Guarded<Ref<Str>>,
    qualname: Guarded<Ref<Str>>,
    closure: Guarded<Option<Ref<Tuple>>>,
    defaults: Guarded<Option<Ref<Tuple>>>,
    kwdefaults: Guarded<Option<Ref<Dict>>>,
    annotations: ValueCell,
    annotate: ValueCell,
    /// `__doc__`, if it was set; until then it is the docstring of the code the function began with.
    doc: ValueCell,
    doc_is_set: Cell<bool>,
    module: ValueCell,
    type_params: ValueCell,
    /// Replaced code, defaults and the like stay until the function dies: a frame may run them.
    retired: Guarded<Vec<Value>>,
}

/// May a call leave this unbound, the receiver going in front of the arguments?
#[inline]
pub fn is_method_like(found: &Value) -> bool {
    crate::objects::descr::is_unbound_method(found)
}

impl Function {
    pub fn make(vm: &Vm, code: Ref<Code>, globals: Ref<Dict>, qualname: Ref<Str>) -> Ref<Function> {
        let builtins = enter::builtins_of(vm, &globals);
        Function::with_builtins(vm, code, globals, builtins, qualname)
    }

    /// The same where the built-ins that belong to the globals are at hand.
    pub fn with_builtins(
        vm: &Vm,
        code: Ref<Code>,
        globals: Ref<Dict>,
        builtins: Ref<Dict>,
        qualname: Ref<Str>,
    ) -> Ref<Function> {
        let module = globals.get_str(&vm.names().__name__);
        let name = code.name();
        Ref::new(Function {
            code: Guarded::new(code),
            globals,
            builtins,
            name: Guarded::new(name),
            qualname: Guarded::new(qualname),
            closure: Guarded::new(None),
            defaults: Guarded::new(None),
            kwdefaults: Guarded::new(None),
            annotations: ValueCell::default(),
            annotate: ValueCell::default(),
            doc: ValueCell::default(),
            doc_is_set: Cell::new(false),
            module: module.into(),
            type_params: ValueCell::default(),
            retired: Guarded::new(Vec::new()),
        })
    }

    #[inline(always)]
    pub fn code(&self) -> &Obj<Code> {
        // SAFETY: replaced code is kept in `retired`, so the reference lives as long as `self`.
        self.code.with(|c| unsafe { &*(&**c as *const Obj<Code>) })
    }
    #[inline(always)]
    pub fn globals(&self) -> &Obj<Dict> {
        &self.globals
    }
    #[inline(always)]
    pub fn builtins(&self) -> &Obj<Dict> {
        &self.builtins
    }
    pub fn name(&self) -> Ref<Str> {
        self.name.get()
    }
    pub fn qualname(&self) -> Ref<Str> {
        self.qualname.get()
    }
    pub fn defaults(&self) -> Option<Ref<Tuple>> {
        self.defaults.get()
    }
    pub fn kwdefaults(&self) -> Option<Ref<Dict>> {
        self.kwdefaults.get()
    }
    pub fn closure(&self) -> Option<Ref<Tuple>> {
        self.closure.get()
    }

    /// Can `n` positional arguments become the first locals as they are?
    #[inline(always)]
    pub fn is_simple(&self, n: usize) -> bool {
        let code = self.code();
        code.is_simple() && {
            let argcount = code.argcount();
            n == argcount
                || (n < argcount
                    && self.defaults.with(|d| d.as_ref().is_some_and(|d| d.len() >= argcount - n)))
        }
    }

    /// Writes the defaults of the parameters from `n` on.
    ///
    /// # Safety
    /// `is_simple(n)`; `locals` has the function's local words, those from `n` on empty.
    #[inline(always)]
    pub unsafe fn fill_defaults(&self, locals: *mut Slot, n: usize) {
        let argcount = self.code().argcount();
        if n < argcount {
            self.defaults.with(|d| {
                if let Some(d) = d {
                    let items = &d.items()[d.len() - (argcount - n)..];
                    for (i, item) in items.iter().enumerate() {
                        // SAFETY: below the number of local words.
                        unsafe { locals.add(n + i).write(Some(item.clone())) };
                    }
                }
            });
        }
    }

    /// Looks at the defaults of the last positional parameters; `f` runs no Python code.
    pub fn with_defaults<R>(&self, f: impl FnOnce(&[Value]) -> R) -> R {
        self.defaults.with(|d| f(d.as_ref().map_or(&[], |d| d.items())))
    }
    /// Looks at the closure's cells; `f` runs no Python code.
    pub fn with_closure(&self, f: impl FnOnce(&[Value])) {
        self.closure.with(|c| f(c.as_ref().map_or(&[], |c| c.items())));
    }
    /// Has a keyword-only parameter a default?
    pub fn has_kwdefault(&self, name: &Str) -> bool {
        self.kwdefaults.with(|d| d.as_ref().is_some_and(|d| d.index_of_str(name).is_some()))
    }
    /// The default of a keyword-only parameter.
    pub fn kwdefault(&self, name: &Str) -> Option<Value> {
        self.kwdefaults.with(|d| d.as_ref().and_then(|d| d.get_str(name)))
    }

    pub fn set_closure(&self, vm: &Vm, closure: &Value) -> PyResult<()> {
        match closure.downcast::<Tuple>() {
            Some(cells) if cells.len() == self.code().source.head().frees as usize => {
                drop(self.closure.replace(Some(cells.to_ref())));
                Ok(())
            }
            _ => Err(vm.system_error("the closure does not fit the code")),
        }
    }
    pub fn set_defaults(&self, defaults: Option<Value>) {
        let new = defaults.and_then(|d| d.into_ref().ok());
        drop(self.defaults.replace(new));
    }
    pub fn set_kwdefaults(&self, defaults: Option<Value>) {
        let new = defaults.and_then(|d| d.into_ref().ok());
        drop(self.kwdefaults.replace(new));
    }
    /// 3.6's annotations: a dict.
    pub fn set_annotations(&self, annotations: Option<Value>) {
        self.annotations.set(annotations);
    }
    pub fn set_annotate(&self, annotate: Option<Value>) {
        self.annotate.set(annotate);
    }
    pub fn set_type_params(&self, params: Value) {
        self.type_params.set(Some(params));
    }

    fn text_argument(vm: &Vm, value: Option<Value>, what: &str) -> PyResult<Ref<Str>> {
        match value.map(|v| v.into_ref::<Str>()) {
            Some(Ok(text)) => Ok(text),
            _ => Err(vm.type_error(format!("{what} must be set to a string object"))),
        }
    }
}

#[pymethods]
impl Function {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let _ = ty;
        let mut parts: [Option<Value>; 6] = [const { None }; 6];
        let names = ["code", "globals", "name", "argdefs", "closure", "kwdefaults"];
        for (part, value) in parts.iter_mut().zip(args.args()) {
            *part = Some(value.clone());
        }
        for (name, value) in args.keywords() {
            let at = name.downcast::<Str>().and_then(|n| names.iter().position(|x| n.is_str(x)));
            match at {
                Some(at) => parts[at] = Some(value.clone()),
                None => return Err(vm.type_error("function() got an unexpected keyword argument")),
            }
        }
        let [code, globals, name, defaults, closure, kwdefaults] = parts;
        let code = match code.map(|c| c.into_ref::<Code>()) {
            Some(Ok(code)) => code,
            _ => return Err(vm.type_error("function() argument 'code' must be code")),
        };
        let globals = match globals.map(|g| g.into_ref::<Dict>()) {
            Some(Ok(globals)) => globals,
            _ => return Err(vm.type_error("function() argument 'globals' must be dict")),
        };
        let name = name.filter(|n| !n.is_none());
        let closure = closure.filter(|c| !c.is_none());
        let want = code.source.head().frees as usize;
        let have = closure.as_ref().and_then(|c| c.downcast::<Tuple>()).map(|c| c.len());
        if want > 0 && have.is_none() {
            return Err(vm.type_error("arg 5 (closure) must be tuple"));
        }
        if have.unwrap_or(0) != want {
            return Err(vm.value_error(format!(
                "{} requires closure of length {want}, not {}",
                code.name(),
                have.unwrap_or(0)
            )));
        }
        let qualname = code.qualname();
        let function = Function::make(vm, code, globals, qualname);
        if let Some(name) = name {
            let name = Function::text_argument(vm, Some(name), "arg 3 (name)")?;
            drop(function.name.replace(name));
        }
        if let Some(closure) = closure {
            function.set_closure(vm, &closure)?;
        }
        function.set_defaults(defaults);
        function.set_kwdefaults(kwdefaults);
        Ok(function.into())
    }

    #[slot]
    fn call(zelf: &Obj<Function>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        enter::call_function(vm, zelf, args)
    }

    #[slot]
    fn descr_get(
        zelf: &Obj<Function>,
        _vm: &Vm,
        object: Option<&Value>,
        _ty: Option<&Value>,
    ) -> PyResult {
        match object {
            Some(object) => Ok(Method::bind(zelf.to_value(), object.clone())),
            None => Ok(zelf.to_value()),
        }
    }

    #[slot]
    fn repr(zelf: &Obj<Function>, vm: &Vm) -> PyResult {
        let name = zelf.qualname().to_string_lossy();
        Ok(vm.str(&format!("<function {name} at {:#x}>", zelf.head().address())))
    }

    #[getter(name = "__code__")]
    fn get_code(zelf: &Obj<Function>, _vm: &Vm) -> Value {
        Function::code(zelf).to_value()
    }
    #[setter(name = "__code__")]
    fn set_code(zelf: &Obj<Function>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let Some(Ok(code)) = value.map(|v| v.into_ref::<Code>()) else {
            return Err(vm.type_error("__code__ must be set to a code object"));
        };
        let (want, have) =
            (code.source.head().frees as usize, Function::closure(zelf).map_or(0, |c| c.len()));
        if want != have {
            return Err(vm.value_error(format!(
                "{}() requires a code object with {have} free vars, not {want}",
                zelf.name.get()
            )));
        }
        let kind = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
        if (code.source.head().flags ^ Function::code(zelf).source.head().flags) & kind != 0 {
            let text = "Assigning a code object of non-matching type is deprecated \
                        (e.g., from a generator to a plain function)";
            vm.warn(&vm.exceptions().deprecation_warning, text, 1)?;
        }
        let old = zelf.code.replace(code);
        zelf.retired.with_mut(|r| r.push(old.into()));
        Ok(())
    }
    #[getter(name = "__globals__", member)]
    fn get_globals(zelf: &Obj<Function>, _vm: &Vm) -> Ref<Dict> {
        zelf.globals.clone()
    }
    #[getter(name = "__builtins__", member)]
    fn get_builtins(zelf: &Obj<Function>, vm: &Vm) -> Value {
        crate::objects::dict::foreign::given(vm, &zelf.builtins)
    }
    #[getter(name = "__closure__", member)]
    fn get_closure(zelf: &Obj<Function>, _vm: &Vm) -> Option<Ref<Tuple>> {
        Function::closure(zelf)
    }
    #[getter(name = "__name__")]
    fn get_name(zelf: &Obj<Function>, _vm: &Vm) -> Ref<Str> {
        zelf.name.get()
    }
    #[setter(name = "__name__")]
    fn set_name(zelf: &Obj<Function>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        drop(zelf.name.replace(Function::text_argument(vm, value, "__name__")?));
        Ok(())
    }
    #[getter(name = "__qualname__")]
    fn get_qualname(zelf: &Obj<Function>, _vm: &Vm) -> Ref<Str> {
        Function::qualname(zelf)
    }
    #[setter(name = "__qualname__")]
    fn set_qualname(zelf: &Obj<Function>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        drop(zelf.qualname.replace(Function::text_argument(vm, value, "__qualname__")?));
        Ok(())
    }
    #[getter(name = "__doc__", member)]
    fn get_doc(zelf: &Obj<Function>, _vm: &Vm) -> Option<Value> {
        if zelf.doc_is_set.get() {
            return zelf.doc.get();
        }
        match zelf.retired.with(|r| r.first().cloned()).map(Value::into_ref::<Code>) {
            Some(Ok(first)) => first.docstring(),
            _ => zelf.code().docstring(),
        }
    }
    #[setter(name = "__doc__")]
    fn set_doc(zelf: &Obj<Function>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.doc.set(value);
        zelf.doc_is_set.set(true);
        Ok(())
    }
    #[getter(name = "__module__", member)]
    fn get_module(zelf: &Obj<Function>, _vm: &Vm) -> Option<Value> {
        zelf.module.get()
    }
    #[setter(name = "__module__")]
    fn set_module(zelf: &Obj<Function>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        zelf.module.set(value);
        Ok(())
    }
    #[getter(name = "__defaults__")]
    fn get_defaults(zelf: &Obj<Function>, _vm: &Vm) -> Option<Ref<Tuple>> {
        Function::defaults(zelf)
    }
    #[setter(name = "__defaults__")]
    fn put_defaults(zelf: &Obj<Function>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let value = value.filter(|v| !v.is_none());
        if value.as_ref().is_some_and(|v| v.downcast::<Tuple>().is_none()) {
            return Err(vm.type_error("__defaults__ must be set to a tuple object"));
        }
        Function::set_defaults(zelf, value);
        Ok(())
    }
    #[getter(name = "__kwdefaults__")]
    fn get_kwdefaults(zelf: &Obj<Function>, _vm: &Vm) -> Option<Ref<Dict>> {
        Function::kwdefaults(zelf)
    }
    #[setter(name = "__kwdefaults__")]
    fn put_kwdefaults(zelf: &Obj<Function>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let value = value.filter(|v| !v.is_none());
        if value.as_ref().is_some_and(|v| v.downcast::<Dict>().is_none()) {
            return Err(vm.type_error("__kwdefaults__ must be set to a dict object"));
        }
        Function::set_kwdefaults(zelf, value);
        Ok(())
    }
    #[getter(name = "__annotations__")]
    fn get_annotations(zelf: &Obj<Function>, vm: &Vm) -> PyResult {
        if let Some(annotations) = zelf.annotations.get() {
            return Ok(annotations);
        }
        let made = match zelf.annotate.get().filter(|a| !a.is_none()) {
            Some(annotate) => {
                let dict = call::call(vm, &annotate, &[Value::int_unchecked(1)])?;
                if dict.downcast::<Dict>().is_none() {
                    return Err(vm.type_error(format!(
                        "__annotate__() must return a dict, not {}",
                        dict.ty().name()
                    )));
                }
                dict
            }
            None => Dict::new_ref().into(),
        };
        zelf.annotations.set(Some(made.clone()));
        Ok(made)
    }
    #[setter(name = "__annotations__")]
    fn put_annotations(zelf: &Obj<Function>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let value = value.filter(|v| !v.is_none());
        if value.as_ref().is_some_and(|v| v.downcast::<Dict>().is_none()) {
            return Err(vm.type_error("__annotations__ must be set to a dict object"));
        }
        zelf.annotations.set(value);
        zelf.annotate.set(None);
        Ok(())
    }
    #[getter(name = "__annotate__")]
    fn get_annotate(zelf: &Obj<Function>, _vm: &Vm) -> Option<Value> {
        zelf.annotate.get()
    }
    #[setter(name = "__annotate__")]
    fn put_annotate(zelf: &Obj<Function>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(vm.type_error("__annotate__ cannot be deleted"));
        };
        if !value.is_none() && !call::is_callable(&value) {
            return Err(vm.type_error("__annotate__ must be callable or None"));
        }
        if !value.is_none() {
            zelf.annotations.set(None);
        }
        zelf.annotate.set(Some(value));
        Ok(())
    }
    #[getter(name = "__type_params__")]
    fn get_type_params(zelf: &Obj<Function>, _vm: &Vm) -> Value {
        zelf.type_params.get().unwrap_or_else(|| Tuple::empty().into())
    }
    #[setter(name = "__type_params__")]
    fn put_type_params(zelf: &Obj<Function>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        match value {
            Some(value) if value.downcast::<Tuple>().is_some() => {
                zelf.type_params.set(Some(value));
                Ok(())
            }
            _ => Err(vm.type_error("__type_params__ must be set to a tuple")),
        }
    }
    #[getter(name = "__dict__")]
    fn get_dict(zelf: &Obj<Function>, _vm: &Vm) -> Option<Ref<Dict>> {
        super::object::instance_dict(&zelf.to_value())
    }
    #[setter(name = "__dict__")]
    fn put_dict(zelf: &Obj<Function>, vm: &Vm, value: Option<Value>) -> PyResult<()> {
        let def = &super::descr::instance_dict_defs()[0];
        match def.set {
            Some(set) => set(vm, &zelf.to_value(), value),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, owners, token, with_vm};

    fn function(session: &Session<'_>, name: &str) -> Ref<Function> {
        session.get(name).into_ref::<Function>().expect("a function")
    }

    #[test]
    fn code_that_was_replaced_lives_while_it_may_run() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
def g(): return 'new'
def f():
    f.__code__ = g.__code__
    inner = [lambda: 1 for _ in range(3)]
    return f'old {len(inner)}'
",
            );
            let f = function(&session, "f");
            let old = f.code().to_value();
            let code = f.code();
            let before = owners(&old);
            assert_eq!(session.show("f(), f()"), "('old 3', 'new')");
            // The borrow from before is still good.
            assert!(code.name().is_str("f") && f.code().name().is_str("g"));
            assert_eq!(owners(&old), before);
            for _ in 0..100 {
                session.exec("f.__code__ = f.__code__.replace(co_name='again')");
            }
            assert!(code.name().is_str("f"));
            session.exec("del f");
            drop(f);
            assert!(owners(&old) < before);
        });
    }

    #[test]
    fn defaults_fill_the_words_behind_the_arguments() {
        with_vm(|vm| {
            let value = token();
            let session = Session::new(vm, "");
            session.set("t", value.clone());
            session.exec("def f(a, b=t, c=t): x = y = 1");
            let f = function(&session, "f");
            let before = owners(&value);
            for given in 1..=3 {
                assert!(f.is_simple(given));
                let mut locals: Vec<Slot> = vec![None; f.code().local_slots()];
                locals[..given].fill(Some(Value::TRUE));
                // SAFETY: these are the function's local words, empty from `given` on.
                unsafe { f.fill_defaults(locals.as_mut_ptr(), given) };
                assert_eq!(owners(&value), before + 3 - given);
                assert!(locals[..given].iter().flatten().all(Value::is_true));
                assert!(
                    locals[given..3].iter().all(Option::is_some)
                        && locals[3..].iter().all(Option::is_none)
                );
                drop(locals);
                assert_eq!(owners(&value), before);
            }
            assert!(!f.is_simple(0) && !f.is_simple(4));
            // More defaults than parameters: the last ones count.
            session.exec("f.__defaults__ = (0, 1, 2, 3, t)");
            assert!(f.is_simple(0));
            let mut locals: Vec<Slot> = vec![None; f.code().local_slots()];
            // SAFETY: as above.
            unsafe { f.fill_defaults(locals.as_mut_ptr(), 0) };
            assert!(locals[2].as_ref().is_some_and(|v| v.is(&value)));
            assert_eq!(locals[0].as_ref().and_then(|v| v.as_small_int()), Some(2));
            session.exec("f.__defaults__ = None");
            assert!(!f.is_simple(2) && f.is_simple(3));
        });
    }

    #[test]
    fn a_finaliser_may_replace_the_defaults_that_it_was_one_of() {
        with_vm(|vm| {
            let session = Session::new(
                vm,
                "
seen = []
class D:
    def __del__(self):
        seen.append(f())
        f.__defaults__ = ('last',)
def f(x=D()): return 'D' if isinstance(x, D) else x
f.__defaults__ = ('first',)
seen.append(f())
",
            );
            assert_eq!(session.show("seen"), "['first', 'last']");
        });
    }
}
