//! `_contextvars`: variables whose values follow the flow of control (PEP 567).
//!
//! A context's variables are a persistent map (`hamt.rs`), so that copying a context costs nothing.
//! The current context belongs to the thread (`Vm::context`). CPython's counterpart:
//! `Python/context.c`.

pub mod hamt;

use crate::support::Signature;
use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::object::{GilCell, Guarded, ValueCell};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::compare::{self, CmpOp};
use adder_vm::protocol::{call, iter, object};
use adder_vm::runtime::args::{CallArgs, Keywords, Rest};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use hamt::{Identity, Map};
use std::cell::Cell;

/// Context
#[pyclass(name = "_contextvars.Context")]
pub struct Context {
    vars: Guarded<Map>,
    entered: Cell<bool>,
}

impl Context {
    fn make(vm: &Vm, vars: Map) -> Ref<Context> {
        let payload = Context { vars: Guarded::new(vars), entered: Cell::new(false) };
        Ref::with_type(payload, vm.type_object::<Context>())
    }
    fn lookup(&self, vm: &Vm, key: &Value) -> PyResult<Option<Value>> {
        if key.downcast::<ContextVar>().is_none() {
            let shown = object::repr(vm, key)?;
            return Err(vm.type_error(format!("a ContextVar key was expected, got {shown}")));
        }
        Ok(self.get_known(key))
    }
    fn get_known(&self, key: &Value) -> Option<Value> {
        let Ok(found) = self.vars.with(|m| m.get(&Identity, key.bits(), key));
        found
    }
    /// Sets a variable, or takes its value away.
    fn set(&self, key: &Value, value: Option<Value>) {
        let Ok(changed) = self.vars.with(|m| match value {
            Some(value) => m.with(&Identity, key.bits(), key.clone(), value),
            None => m.without(&Identity, key.bits(), key),
        });
        drop(changed.map(|changed| self.vars.replace(changed)));
    }
    fn entries(&self) -> Vec<(Value, Value)> {
        self.vars.with(Map::entries)
    }
}

/// Runs `f` in a context.
pub fn run_in<R>(vm: &Vm, context: &Obj<Context>, f: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    if context.entered.replace(true) {
        let shown = object::repr(vm, &context.to_value())?;
        return Err(vm.runtime_error(format!("cannot enter context: {shown} is already entered")));
    }
    let outer = vm.context.replace(Some(context.to_value()));
    let result = f();
    context.entered.set(false);
    vm.context.set(outer);
    result
}

/// A copy of the calling thread's context.
pub fn copy_current(vm: &Vm) -> Ref<Context> {
    Context::make(vm, current(vm).vars.get())
}

/// The calling thread's context.
fn current(vm: &Vm) -> Ref<Context> {
    if let Some(known) = vm.context.get()
        && let Ok(known) = known.into_ref()
    {
        return known;
    }
    let made = Context::make(vm, Map::default());
    vm.context.set(Some(made.to_value()));
    made
}

#[pymethods]
impl Context {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if !args.is_empty() {
            return Err(vm.type_error("Context() does not accept any arguments"));
        }
        Ok(Context::make(vm, Map::default()).into())
    }
    #[slot]
    fn len(zelf: &Obj<Context>, _vm: &Vm) -> PyResult<usize> {
        Ok(zelf.vars.with(Map::len))
    }
    #[slot]
    fn iter(zelf: &Obj<Context>, vm: &Vm) -> PyResult {
        Context::keys(zelf, vm)
    }
    #[slot]
    fn contains(zelf: &Obj<Context>, vm: &Vm, key: &Value) -> PyResult<bool> {
        Ok(zelf.lookup(vm, key)?.is_some())
    }
    #[slot]
    fn getitem(zelf: &Obj<Context>, vm: &Vm, key: &Value) -> PyResult {
        zelf.lookup(vm, key)?.ok_or_else(|| vm.key_error(key))
    }
    #[slot]
    fn richcompare(zelf: &Obj<Context>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<Context>() else { return Ok(Value::NOT_IMPLEMENTED) };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let entries = zelf.entries();
        let mut same = entries.len() == other.vars.with(Map::len);
        for (key, value) in entries {
            same = same
                && match other.get_known(&key) {
                    Some(theirs) => compare::equal(vm, &value, &theirs)?,
                    None => false,
                };
        }
        Ok(Value::bool(same == (op == CmpOp::Eq)))
    }
    /// Return the value for `key` if `key` has the value in the context object.
    ///
    /// If `key` does not exist, return `default`. If `default` is not given,
    /// return None.
    #[pymethod(sig = "($self, key, default=None, /)")]
    fn get(zelf: &Obj<Context>, vm: &Vm, key: &Value, default: Option<Value>) -> PyResult {
        Ok(zelf.lookup(vm, key)?.or(default).unwrap_or(Value::NONE))
    }
    /// Return a list of all variables in the context object.
    #[pymethod]
    fn keys(zelf: &Obj<Context>, vm: &Vm) -> PyResult {
        let keys = zelf.entries().into_iter().map(|(key, _)| key).collect();
        iter::iter(vm, &List::from_vec(keys).into())
    }
    /// Return a list of all variables' values in the context object.
    #[pymethod]
    fn values(zelf: &Obj<Context>, vm: &Vm) -> PyResult {
        let values = zelf.entries().into_iter().map(|(_, value)| value).collect();
        iter::iter(vm, &List::from_vec(values).into())
    }
    /// Return all variables and their values in the context object.
    ///
    /// The result is returned as a list of 2-tuples (variable, value).
    #[pymethod]
    fn items(zelf: &Obj<Context>, vm: &Vm) -> PyResult {
        let pair = |(key, value)| Tuple::from_vec(vec![key, value]).into();
        let items = zelf.entries().into_iter().map(pair).collect();
        iter::iter(vm, &List::from_vec(items).into())
    }
    /// Return a shallow copy of the context object.
    #[pymethod]
    fn copy(zelf: &Obj<Context>, vm: &Vm) -> Ref<Context> {
        Context::make(vm, zelf.vars.get())
    }
    #[pymethod(sig = "($self, /, *args, **kwargs)")]
    fn run(zelf: &Obj<Context>, vm: &Vm, args: Rest<'_>, kwargs: Keywords) -> PyResult {
        let Some((callable, args)) = args.0.split_first() else {
            return Err(vm.type_error("run() missing 1 required positional argument"));
        };
        run_in(vm, zelf, || {
            call::call_with_dict(vm, callable, args, kwargs.0.as_deref().map(|d| &**d))
        })
    }
}

/// ContextVar
#[pyclass(name = "_contextvars.ContextVar")]
pub struct ContextVar {
    #[notrace]
    name: Ref<Str>,
    default: Option<Value>,
}

#[pymethods]
impl ContextVar {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<2> = Signature {
            function: "ContextVar",
            names: ["", "default"],
            required: 1,
            positional: 1,
        };
        let [name, default] = SIGNATURE.bind(vm, args)?;
        let name = name.unwrap_or(Value::NONE);
        let Some(name) = name.downcast::<Str>() else {
            return Err(vm.type_error("context variable name must be a str"));
        };
        Ok(Ref::with_type(ContextVar { name: name.to_ref(), default }, ty).into())
    }
    #[slot]
    fn repr(zelf: &Obj<ContextVar>, vm: &Vm) -> PyResult {
        let name = object::repr(vm, &zelf.name.to_value())?;
        let default = match &zelf.default {
            Some(default) => format!(" default={}", object::repr(vm, default)?),
            None => String::new(),
        };
        let at = zelf.head().address();
        Ok(vm.str(&format!("<ContextVar name={name}{default} at {at:#x}>")))
    }
    #[getter(member)]
    fn name(zelf: &Obj<ContextVar>, _vm: &Vm) -> Ref<Str> {
        zelf.name.clone()
    }
    /// Return a value for the context variable for the current context.
    ///
    /// If there is no value for the variable in the current context, the method will:
    ///  * return the value of the default argument of the method, if provided; or
    ///  * return the default value for the context variable, if it was created
    ///    with one; or
    ///  * raise a LookupError.
    #[pymethod(sig = "($self, default=<unrepresentable>, /)")]
    fn get(zelf: &Obj<ContextVar>, vm: &Vm, default: Option<Value>) -> PyResult {
        let own = zelf.to_value();
        let found = vm.context.with(|context| context?.downcast::<Context>()?.get_known(&own));
        match found.or(default).or_else(|| zelf.default.clone()) {
            Some(value) => Ok(value),
            None => Err(vm.exception_with_args(&vm.exceptions().lookup_error, vec![own])),
        }
    }
    /// Call to set a new value for the context variable in the current context.
    ///
    /// The required *value* argument is the new value for the context variable.
    ///
    /// Returns a Token object that can be used to restore the variable to its previous
    /// value via the `ContextVar.reset()` method.
    #[pymethod]
    fn set(zelf: &Obj<ContextVar>, vm: &Vm, value: Value) -> Ref<Token> {
        let (own, context) = (zelf.to_value(), current(vm));
        let old = context.get_known(&own);
        context.set(&own, Some(value));
        let payload =
            Token { context, var: zelf.to_ref(), old: old.into(), used: Cell::new(false) };
        Ref::with_type(payload, vm.type_object::<Token>())
    }
    /// Reset the context variable.
    ///
    /// The variable is reset to the value it had before the `ContextVar.set()` that
    /// created the token was used.
    #[pymethod]
    fn reset(zelf: &Obj<ContextVar>, vm: &Vm, token: &Value) -> PyResult<()> {
        let Some(known) = token.downcast::<Token>() else {
            let shown = object::repr(vm, token)?;
            return Err(vm.type_error(format!("expected an instance of Token, got {shown}")));
        };
        if known.used.get() {
            let shown = object::repr(vm, token)?;
            return Err(vm.runtime_error(format!("{shown} has already been used once")));
        }
        if !zelf.is(&known.var.to_value()) {
            let shown = object::repr(vm, token)?;
            return Err(vm.value_error(format!("{shown} was created by a different ContextVar")));
        }
        let context = current(vm);
        if !context.is(&known.context.to_value()) {
            let shown = object::repr(vm, token)?;
            return Err(vm.value_error(format!("{shown} was created in a different Context")));
        }
        known.used.set(true);
        let own = zelf.to_value();
        context.set(&own, known.old.get());
        Ok(())
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }
}

/// Token
#[pyclass(name = "_contextvars.Token")]
pub struct Token {
    context: Ref<Context>,
    var: Ref<ContextVar>,
    old: ValueCell,
    used: Cell<bool>,
}

#[pymethods]
impl Token {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Err(vm.runtime_error("Tokens can only be created by ContextVars"))
    }
    #[slot]
    fn repr(zelf: &Obj<Token>, vm: &Vm) -> PyResult {
        let used = if zelf.used.get() { " used" } else { "" };
        let var = object::repr(vm, &zelf.var.to_value())?;
        let at = zelf.head().address();
        Ok(vm.str(&format!("<Token{used} var={var} at {at:#x}>")))
    }
    #[getter]
    fn var(zelf: &Obj<Token>, _vm: &Vm) -> Value {
        zelf.var.to_value()
    }
    #[getter]
    fn old_value(zelf: &Obj<Token>, vm: &Vm) -> Value {
        zelf.old.get().unwrap_or_else(|| missing(vm))
    }
    /// Enter into Token context manager.
    #[pymethod]
    fn __enter__(zelf: &Obj<Token>, _vm: &Vm) -> Value {
        zelf.to_value()
    }
    /// Exit from Token context manager, restore the linked ContextVar.
    #[pymethod]
    fn __exit__(
        zelf: &Obj<Token>,
        vm: &Vm,
        _type: &Value,
        _val: &Value,
        _tb: &Value,
    ) -> PyResult<()> {
        ContextVar::reset(&zelf.var, vm, &zelf.to_value())
    }
    /// See PEP 585
    #[classmethod]
    fn __class_getitem__(cls: &Value, vm: &Vm, object: &Value) -> PyResult {
        adder_vm::objects::generic_alias::make(vm, cls, object)
    }
}

/// The type of `Token.MISSING`.
#[pyclass(name = "Token.MISSING", no_new, no_gc)]
pub struct Missing {}

#[pymethods]
impl Missing {
    #[slot]
    fn repr(_zelf: &Value, vm: &Vm) -> PyResult {
        Ok(vm.str("<Token.MISSING>"))
    }
}

static MISSING: GilCell<Option<Value>> = GilCell::new(None);

/// `Token.MISSING`
fn missing(vm: &Vm) -> Value {
    if let Some(known) = MISSING.with(|m| m.clone()) {
        return known;
    }
    let made = Value::from(Ref::with_type(Missing {}, vm.type_object::<Missing>()));
    MISSING.with(|m| m.get_or_insert(made).clone())
}

/// Context Variables
#[pymodule(name = "_contextvars")]
pub mod contextvars {
    use super::*;

    #[pyfunction]
    fn copy_context(vm: &Vm) -> Ref<Context> {
        super::copy_current(vm)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<Context>());
        module.add_type(vm, vm.type_object::<ContextVar>());
        let token = vm.type_object::<Token>();
        let names: &Obj<Dict> = token.dict();
        drop(names.insert_str(&vm.intern("MISSING"), missing(vm)));
        module.add_type(vm, token);
        Ok(())
    }
}
