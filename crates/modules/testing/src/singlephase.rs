//! `_testsinglephase`: a native module of the old kind, which is initialised once in a process.
//! Imported again after it was taken out of `sys.modules`, it gets what the first one had after its
//! initialisation. CPython's counterpart: `Modules/_testsinglephase.c`, as a built-in module.

use adder_derive::pymodule;
use adder_vm::object::GilCell;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::type_::declare;
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::time::{SystemTime, UNIX_EPOCH};

/// What lives as long as the process.
struct Global {
    /// The namespace after the first initialisation.
    first: Option<Ref<Dict>>,
    /// The module made last.
    last: Option<Ref<Module>>,
    initialized: Option<f64>,
    count: i64,
}

static GLOBAL: GilCell<Global> =
    GilCell::new(Global { first: None, last: None, initialized: None, count: -1 });

/// Test module _testsinglephase
#[pymodule(name = "_testsinglephase")]
pub mod singlephase {
    use super::*;

    /// look_up_self()
    ///
    /// Return the module associated with this module's def.m_base.m_index.
    #[pyfunction]
    fn look_up_self(_vm: &Vm) -> Value {
        GLOBAL.with(|g| g.last.clone()).map_or(Value::NONE, Value::from)
    }
    /// sum(i,j)
    ///
    /// Return the sum of i and j.
    #[pyfunction]
    fn sum(vm: &Vm, i: i64, j: i64) -> PyResult {
        number::binary(vm, &int::from_i64(i), &int::from_i64(j), BinOp::Add)
    }
    /// state_initialized()
    ///
    /// Return the seconds-since-epoch when the module state was initialized.
    #[pyfunction]
    fn state_initialized(_vm: &Vm) -> Value {
        GLOBAL.with(|g| g.initialized).map_or(Value::NONE, Value::float)
    }
    /// initialized_count()
    ///
    /// Return how many times the module has been initialized.
    #[pyfunction]
    fn initialized_count(_vm: &Vm) -> i64 {
        GLOBAL.with(|g| g.count)
    }
    /// _clear_globals()
    ///
    /// Free all global state and set it to uninitialized.
    #[pyfunction]
    fn _clear_globals(_vm: &Vm) {
        GLOBAL.with(|g| (g.initialized, g.count) = (None, -1));
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        drop(GLOBAL.with(|g| g.last.replace(module.to_ref())));
        if let Some(first) = GLOBAL.with(|g| g.first.clone()) {
            return module.dict().merge(vm, &first);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        GLOBAL.with(|g| (g.initialized, g.count) = (Some(now), g.count.max(0) + 1));
        let exception = &vm.exceptions().exception;
        let error = declare::exception_subclass(vm, "error", "_testsinglephase", &[exception]);
        module.set(vm, "error", error);
        module.set(vm, "int_const", Value::int_unchecked(1969));
        module.set(vm, "str_const", vm.str("something different"));
        module.set(vm, "_module_initialized", Value::float(now));
        let first = module.dict().copy();
        drop(GLOBAL.with(|g| g.first.replace(first)));
        Ok(())
    }
}
