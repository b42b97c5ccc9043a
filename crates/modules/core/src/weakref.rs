//! `_weakref`: proxies, and questions about weak references. References themselves are the
//! machine's (`objects/weakref.rs`). CPython's counterpart: `Modules/_weakref.c` and the proxies of
//! `Objects/weakrefobject.c`.

use adder_derive::{pyclass, pymethods, pymodule};
use adder_vm::objects::dict::Dict;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::objects::weakref::{self, WeakRef};
use adder_vm::protocol::compare::{self, CmpOp};
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::protocol::{call, iter, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// The object behind a proxy, alive; other values are themselves.
fn behind(vm: &Vm, value: &Value) -> PyResult {
    let reference = match (value.downcast::<Proxy>(), value.downcast::<CallableProxy>()) {
        (Some(proxy), _) => &proxy.reference,
        (None, Some(proxy)) => &proxy.reference,
        _ => return Ok(value.clone()),
    };
    reference.get().ok_or_else(|| vm.reference_error("weakly-referenced object no longer exists"))
}

/// A proxy type: everything is passed on to the object behind it.
macro_rules! proxy {
    ($name:ident, $python:literal, { $($extra:item)* },
     binary: $($binary:ident $op:ident)*; inplace: $($inplace:ident $iop:ident)*;
     unary: $($unary:ident $f:path;)*) => {
        #[pyclass(name = $python, no_new)]
        pub struct $name {
            reference: Ref<WeakRef>,
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.reference.forget_proxy();
            }
        }

        #[pymethods]
        impl $name {
            $($extra)*
            $(
                #[slot]
                fn $binary(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
                    number::binary(vm, &behind(vm, zelf)?, &behind(vm, other)?, BinOp::$op)
                }
            )*
            $(
                #[slot]
                fn $inplace(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
                    number::inplace(vm, &behind(vm, zelf)?, &behind(vm, other)?, BinOp::$iop)
                }
            )*
            $(
                #[slot]
                fn $unary(zelf: &Value, vm: &Vm) -> PyResult {
                    $f(vm, &behind(vm, zelf)?)
                }
            )*
            #[slot]
            fn repr(zelf: &Obj<$name>, vm: &Vm) -> PyResult {
                let at = zelf.head().address();
                Ok(vm.str(&match zelf.reference.get() {
                    Some(target) => format!(
                        "<weakproxy at {at:#x}; to '{}' at {:#x}>",
                        target.ty().name(),
                        object::address(&target)
                    ),
                    None => format!("<weakproxy at {at:#x}; dead>"),
                }))
            }
            #[slot]
            fn str(zelf: &Value, vm: &Vm) -> PyResult {
                object::str(vm, &behind(vm, zelf)?).map(Value::from)
            }
            #[slot]
            fn hash(zelf: &Value, vm: &Vm) -> PyResult<i64> {
                Err(object::unhashable(vm, zelf))
            }
            #[slot]
            fn getattro(zelf: &Value, vm: &Vm, name: &Ref<Str>) -> PyResult<Option<Value>> {
                object::get_attr(vm, &behind(vm, zelf)?, name).map(Some)
            }
            #[slot]
            fn setattro(zelf: &Value, vm: &Vm, name: &Ref<Str>, value: Option<Value>) -> PyResult<()> {
                let target = behind(vm, zelf)?;
                match value {
                    Some(value) => object::set_attr(vm, &target, name, value),
                    None => object::del_attr(vm, &target, name),
                }
            }
            #[slot]
            fn richcompare(zelf: &Value, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
                compare::rich_compare(vm, &behind(vm, zelf)?, &behind(vm, other)?, op)
            }
            #[slot]
            fn bool(zelf: &Value, vm: &Vm) -> PyResult<bool> {
                object::is_true(vm, &behind(vm, zelf)?)
            }
            #[slot]
            fn len(zelf: &Value, vm: &Vm) -> PyResult<usize> {
                object::len(vm, &behind(vm, zelf)?)
            }
            #[slot]
            fn getitem(zelf: &Value, vm: &Vm, key: &Value) -> PyResult {
                object::get_item(vm, &behind(vm, zelf)?, key)
            }
            #[slot]
            fn setitem(zelf: &Value, vm: &Vm, key: &Value, value: Option<Value>) -> PyResult<()> {
                let target = behind(vm, zelf)?;
                match value {
                    Some(value) => object::set_item(vm, &target, key, value),
                    None => object::del_item(vm, &target, key),
                }
            }
            #[slot]
            fn contains(zelf: &Value, vm: &Vm, item: &Value) -> PyResult<bool> {
                object::contains(vm, &behind(vm, zelf)?, item)
            }
            #[slot]
            fn iternext(zelf: &Value, vm: &Vm) -> PyResult<Option<Value>> {
                let target = behind(vm, zelf)?;
                if target.ty().slots.iternext.get().is_none() {
                    return Err(vm.type_error(format!(
                        "Weakref proxy referenced a non-iterator '{}' object",
                        target.ty().name()
                    )));
                }
                iter::next(vm, &target)
            }
            #[slot]
            fn pow(zelf: &Value, vm: &Vm, other: &Value, modulus: Option<&Value>) -> PyResult {
                number::power(vm, &behind(vm, zelf)?, &behind(vm, other)?, modulus)
            }
            #[pymethod]
            fn __bytes__(zelf: &Value, vm: &Vm) -> PyResult {
                object::call_method(vm, &behind(vm, zelf)?, &vm.names().__bytes__, &[])
            }
            #[pymethod]
            fn __reversed__(zelf: &Value, vm: &Vm) -> PyResult {
                object::call_method(vm, &behind(vm, zelf)?, &vm.names().__reversed__, &[])
            }
        }
    };
}

fn as_float(vm: &Vm, value: &Value) -> PyResult {
    number::to_f64(vm, value).map(Value::float)
}

macro_rules! proxies {
    ($($name:ident, $python:literal, { $($extra:item)* };)*) => {$(
        proxy!($name, $python, { $($extra)* },
            binary: add Add sub Sub mul Mul matmul MatMul truediv TrueDiv floordiv FloorDiv rem Rem
                divmod DivMod lshift LShift rshift RShift and And or Or xor Xor;
            inplace: iadd Add isub Sub imul Mul imatmul MatMul itruediv TrueDiv ifloordiv FloorDiv
                irem Rem ilshift LShift irshift RShift iand And ior Or ixor Xor;
            unary: neg number::negative; pos number::positive; abs number::absolute;
                invert number::invert; index number::index; float as_float;
                iter iter::iter;
        );
    )*};
}

proxies! {
    Proxy, "weakref.ProxyType", {};
    CallableProxy, "weakref.CallableProxyType", {
        #[slot]
        fn call(zelf: &Value, vm: &Vm, args: CallArgs<'_>) -> PyResult {
            call::call_args(vm, &behind(vm, zelf)?, args)
        }
    };
}

/// Weak-reference support module.
#[pymodule(name = "_weakref")]
pub mod weakref_ {
    use super::*;

    /// Return the number of weak references to 'object'.
    #[pyfunction]
    fn getweakrefcount(_vm: &Vm, object: &Value) -> usize {
        weakref::all_references(object).len()
    }
    /// Return a list of all weak reference objects pointing to 'object'.
    #[pyfunction]
    fn getweakrefs(_vm: &Vm, object: &Value) -> Vec<Value> {
        weakref::all_references(object)
    }
    /// Create a proxy object that weakly references 'object'.
    ///
    /// 'callback', if given, is called with a reference to the
    /// proxy when 'object' is about to be finalized.
    #[pyfunction(sig = "(object, callback=None, /)")]
    fn proxy(vm: &Vm, object: &Value, callback: Option<Value>) -> PyResult {
        let callback = callback.filter(|c| !c.is_none());
        WeakRef::make_proxy(vm, object, callback, |reference| {
            if call::is_callable(object) {
                vm.type_object::<CallableProxy>();
                Ref::new(CallableProxy { reference }).into()
            } else {
                Ref::new(Proxy { reference }).into()
            }
        })
    }
    /// Atomically remove key from dict if it points to a dead weakref.
    #[pyfunction]
    fn _remove_dead_weakref(vm: &Vm, dct: &Obj<Dict>, key: &Value) -> PyResult<()> {
        let dead = match dct.get(vm, key)? {
            Some(value) => match value.downcast::<WeakRef>() {
                Some(reference) => WeakRef::get(reference).is_none(),
                None => return Err(vm.type_error("not a weakref")),
            },
            None => false,
        };
        if dead {
            drop(dct.remove(vm, key)?);
        }
        Ok(())
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let reference = vm.type_object::<WeakRef>().to_value();
        module.set(vm, "ref", reference.clone());
        module.set(vm, "ReferenceType", reference);
        module.add_type(vm, vm.type_object::<Proxy>());
        module.add_type(vm, vm.type_object::<CallableProxy>());
        Ok(())
    }
}
