//! Functions in each way a native function can take its arguments, once for each receiver: a module,
//! an instance, a class, nothing. Each returns what it got, its receiver first.
//!
//! The machine binds arguments for all of them in one place (`runtime/args.rs`), so that `varargs` and
//! `fastcall` differ only in whether the function wants a tuple or looks at the arguments where they
//! lie.

use adder_derive::{pyclass, pymethods};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::runtime::args::{CallArgs, KwArgs, Rest, VarArgs};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

type Positional = (Value, Ref<Tuple>);
type WithKeywords = (Value, Ref<Tuple>, Option<Value>);

fn named(kwargs: KwArgs) -> Option<Value> {
    if kwargs.0.is_empty() { None } else { Some(kwargs.0.into()) }
}

macro_rules! with_receiver {
    ($ty:ident, $kind:ident { $($rest:tt)* }) => {
        #[pymethods]
        impl $ty {
            $($rest)*
            #[$kind]
            fn meth_varargs(zelf: &Value, _vm: &Vm, args: VarArgs) -> Positional {
                (zelf.clone(), args.0)
            }
            #[$kind]
            fn meth_varargs_keywords(
                zelf: &Value,
                _vm: &Vm,
                args: VarArgs,
                kwargs: KwArgs,
            ) -> WithKeywords {
                (zelf.clone(), args.0, named(kwargs))
            }
            #[$kind]
            fn meth_o(zelf: &Value, _vm: &Vm, object: Value) -> (Value, Value) {
                (zelf.clone(), object)
            }
            #[$kind]
            fn meth_noargs(zelf: &Value, _vm: &Vm) -> Value {
                zelf.clone()
            }
            #[$kind]
            fn meth_fastcall(zelf: &Value, _vm: &Vm, args: Rest<'_>) -> Positional {
                (zelf.clone(), Tuple::from_slice(args.0))
            }
            #[$kind]
            fn meth_fastcall_keywords(
                zelf: &Value,
                _vm: &Vm,
                args: VarArgs,
                kwargs: KwArgs,
            ) -> WithKeywords {
                (zelf.clone(), args.0, named(kwargs))
            }
        }
    };
}

/// The module's own functions; there are no instances.
#[pyclass(name = "_testcapi.ModuleFunctions", no_new, no_gc)]
pub struct ModuleFunctions {}
with_receiver!(ModuleFunctions, pymethod {});

/// Class with normal (instance) methods to test calling conventions
#[pyclass(name = "_testcapi.MethInstance", no_gc)]
pub struct MethInstance {}
with_receiver!(MethInstance, pymethod {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(MethInstance {}, ty).into())
    }
});

/// Class with class methods to test calling conventions
#[pyclass(name = "_testcapi.MethClass", no_gc)]
pub struct MethClass {}
with_receiver!(MethClass, classmethod {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(MethClass {}, ty).into())
    }
});

/// Class with static methods to test calling conventions
#[pyclass(name = "_testcapi.MethStatic", no_gc)]
pub struct MethStatic {}

#[pymethods]
impl MethStatic {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(MethStatic {}, ty).into())
    }
    #[staticmethod]
    fn meth_varargs(_vm: &Vm, args: VarArgs) -> Positional {
        (Value::NONE, args.0)
    }
    #[staticmethod]
    fn meth_varargs_keywords(_vm: &Vm, args: VarArgs, kwargs: KwArgs) -> WithKeywords {
        (Value::NONE, args.0, named(kwargs))
    }
    #[staticmethod]
    fn meth_o(_vm: &Vm, object: Value) -> (Value, Value) {
        (Value::NONE, object)
    }
    #[staticmethod]
    fn meth_noargs(_vm: &Vm) {}
    #[staticmethod]
    fn meth_fastcall(_vm: &Vm, args: Rest<'_>) -> Positional {
        (Value::NONE, Tuple::from_slice(args.0))
    }
    #[staticmethod]
    fn meth_fastcall_keywords(_vm: &Vm, args: VarArgs, kwargs: KwArgs) -> WithKeywords {
        (Value::NONE, args.0, named(kwargs))
    }
}
