//! `_typing`: what `typing` takes from the machine. The types are `objects/typevar` and
//! `objects/union_.rs`. CPython's counterpart: `Modules/_typingmodule.c`.

use adder_derive::pymodule;
use adder_vm::objects::module::Module;
use adder_vm::objects::typevar;
use adder_vm::objects::union_::Union;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Value, Vm};

/// Primitives and accelerators for the typing module.
#[pymodule(name = "_typing")]
pub mod typing {
    use super::*;

    #[pyfunction]
    fn _idfunc(_vm: &Vm, x: Value) -> Value {
        x
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        for ty in [
            vm.type_object::<typevar::TypeVar>(),
            vm.type_object::<typevar::ParamSpec>(),
            vm.type_object::<typevar::TypeVarTuple>(),
            vm.type_object::<typevar::ParamSpecArgs>(),
            vm.type_object::<typevar::ParamSpecKwargs>(),
            vm.type_object::<typevar::TypeAliasType>(),
            vm.type_object::<Union>(),
            typevar::generic_type(),
        ] {
            module.add_type(vm, ty);
        }
        module.set(vm, "NoDefault", typevar::no_default());
        Ok(())
    }
}
