//! `_functools`: `partial`, `lru_cache`, `reduce`, `cmp_to_key`.
//!
//! CPython's counterpart: `Modules/_functoolsmodule.c`.

mod cmp_key;
mod lru_cache;
mod partial;

use adder_derive::pymodule;
use adder_vm::objects::module::Module;
use adder_vm::protocol::{call, iter};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// Tools that operate on functions.
#[pymodule(name = "_functools")]
pub mod functools {
    use super::*;

    /// Apply a function of two arguments cumulatively to the items of an iterable, from left to right.
    ///
    /// This effectively reduces the iterable to a single value.  If initial is present,
    /// it is placed before the items of the iterable in the calculation, and serves as
    /// a default when the iterable is empty.
    ///
    /// For example, reduce(lambda x, y: x+y, [1, 2, 3, 4, 5])
    /// calculates ((((1 + 2) + 3) + 4) + 5).
    #[pyfunction(sig = "(function, iterable, /, initial=<unrepresentable>)")]
    fn reduce(vm: &Vm, function: &Value, iterable: &Value, initial: Option<Value>) -> PyResult {
        let iterator = iter::iter(vm, iterable).map_err(|e| {
            if e.is(&vm.exceptions().type_error) {
                return vm.type_error("reduce() arg 2 must support iteration");
            }
            e
        })?;
        let start = match initial {
            Some(value) => Some(value),
            None => iter::next(vm, &iterator)?,
        };
        let Some(mut result) = start else {
            return Err(vm.type_error("reduce() of empty iterable with no initial value"));
        };
        while let Some(item) = iter::next(vm, &iterator)? {
            result = call::call(vm, function, &[result, item])?;
        }
        Ok(result)
    }

    /// Convert a cmp= function into a key= function.
    ///
    ///   mycmp
    ///     Function that compares two objects.
    #[pyfunction(sig = "(mycmp)")]
    fn cmp_to_key(vm: &Vm, mycmp: Value) -> Value {
        vm.type_object::<cmp_key::KeyWrapper>();
        Ref::new(cmp_key::KeyWrapper::new(mycmp)).into()
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<partial::Partial>());
        module.add_type(vm, vm.type_object::<partial::PlaceholderType>());
        module.add_type(vm, vm.type_object::<lru_cache::LruCache>());
        module.set(vm, "Placeholder", partial::placeholder(vm));
        Ok(())
    }
}
