//! `builtin_function_or_method`: a native function, alone or bound to a receiver.
//!
//! CPython's counterpart: `Objects/methodobject.c`.

use crate::object::{Obj, Ref};
use crate::objects::module::Module;
use crate::objects::type_::Type;
use crate::protocol::compare::CmpOp;
use crate::protocol::object;
use crate::runtime::args::{CallArgs, Flavour, NativeDef, call_native};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Built-in functions and bound native methods.
#[pyclass(name = "builtin_function_or_method", no_new, vectorcall)]
pub struct BuiltinFunction {
    #[notrace]
    pub(crate) def: &'static NativeDef,
    receiver: Option<Value>,
    /// The name of a function's module; of a static method, its type.
    module: Option<Value>,
}

impl BuiltinFunction {
    /// A module's function; `module` is its name.
    pub fn plain(def: &'static NativeDef, module: Option<Value>) -> Value {
        Ref::new(BuiltinFunction { def, receiver: None, module }).into()
    }
    pub fn bound(def: &'static NativeDef, receiver: Value) -> Value {
        Ref::new(BuiltinFunction { def, receiver: Some(receiver), module: None }).into()
    }
    /// The description, if nothing is bound.
    #[inline(always)]
    pub fn unbound(&self) -> Option<&'static NativeDef> {
        if self.receiver.is_none() { Some(self.def) } else { None }
    }
    pub fn name(&self) -> &'static str {
        self.def.name
    }
    /// What Python sees as bound: a receiver, or a static method's type.
    fn shown_receiver(&self) -> Option<&Value> {
        match &self.receiver {
            None if self.def.flavour == Flavour::Static => self.module.as_ref(),
            receiver => receiver.as_ref(),
        }
    }
    #[inline]
    pub fn call(&self, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        call_native(vm, self.def, self.receiver.as_ref(), args)
    }
}

#[pymethods]
impl BuiltinFunction {
    #[slot]
    fn call(zelf: &Obj<BuiltinFunction>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        BuiltinFunction::call(zelf, vm, args)
    }
    #[slot]
    fn repr(zelf: &Obj<BuiltinFunction>, vm: &Vm) -> PyResult {
        Ok(vm.str(&match zelf.shown_receiver() {
            Some(receiver) if receiver.downcast::<Module>().is_none() => format!(
                "<built-in method {} of {} object at {:#x}>",
                zelf.def.name,
                receiver.ty().name(),
                object::address(receiver)
            ),
            _ => format!("<built-in function {}>", zelf.def.name),
        }))
    }
    #[slot]
    fn richcompare(zelf: &Obj<BuiltinFunction>, _vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<BuiltinFunction>() else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        let receivers = match (&zelf.receiver, &other.receiver) {
            (Some(a), Some(b)) => a.is(b),
            (None, None) => true,
            _ => false,
        };
        let same = receivers && std::ptr::eq(zelf.def, other.def);
        Ok(match op {
            CmpOp::Eq => Value::bool(same),
            CmpOp::Ne => Value::bool(!same),
            _ => Value::NOT_IMPLEMENTED,
        })
    }
    #[slot]
    fn hash(zelf: &Obj<BuiltinFunction>, _vm: &Vm) -> PyResult<i64> {
        let def = std::ptr::from_ref(zelf.def) as u64;
        Ok((zelf.receiver.as_ref().map_or(0, Value::bits) ^ def) as i64 >> 4)
    }
    #[getter(name = "__name__")]
    fn get_name(zelf: &Obj<BuiltinFunction>, _vm: &Vm) -> &'static str {
        zelf.def.name
    }
    #[getter(name = "__qualname__")]
    fn qualname(zelf: &Obj<BuiltinFunction>, _vm: &Vm) -> String {
        match zelf.shown_receiver() {
            Some(receiver) if receiver.downcast::<Module>().is_none() => {
                let owner = match receiver.downcast::<Type>() {
                    Some(ty) if matches!(zelf.def.flavour, Flavour::Class | Flavour::Static) => {
                        ty.qualname.get()
                    }
                    _ => receiver.ty().qualname.get(),
                };
                format!("{owner}.{}", zelf.def.name)
            }
            _ => zelf.def.name.to_string(),
        }
    }
    #[getter(name = "__self__")]
    fn receiver(zelf: &Obj<BuiltinFunction>, vm: &Vm) -> Option<Value> {
        if let Some(receiver) = zelf.shown_receiver() {
            return Some(receiver.clone());
        }
        let module = zelf.module.as_ref()?.downcast()?;
        vm.modules().get_str(module)
    }
    #[getter(name = "__module__", member)]
    fn module(zelf: &Obj<BuiltinFunction>, _vm: &Vm) -> Option<Value> {
        zelf.module.clone().filter(|_| zelf.def.flavour != Flavour::Static)
    }
    #[getter(name = "__doc__")]
    fn doc(zelf: &Obj<BuiltinFunction>, _vm: &Vm) -> Option<&'static str> {
        Some(zelf.def.doc).filter(|d| !d.is_empty())
    }
    #[getter(name = "__text_signature__")]
    fn text_signature(zelf: &Obj<BuiltinFunction>, _vm: &Vm) -> String {
        zelf.def.shown_signature()
    }
    #[pymethod]
    fn __reduce__(zelf: &Obj<BuiltinFunction>, vm: &Vm) -> PyResult {
        match zelf.shown_receiver() {
            Some(receiver) => {
                let getattr = vm.builtins().get_str(&vm.intern("getattr"));
                let args = vec![receiver.clone(), vm.str(zelf.def.name)];
                let args = super::tuple::Tuple::from_vec(args).into();
                let parts = vec![getattr.unwrap_or(Value::NONE), args];
                Ok(super::tuple::Tuple::from_vec(parts).into())
            }
            None => Ok(vm.str(zelf.def.name)),
        }
    }
}
