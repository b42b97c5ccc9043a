//! What the module needs of the library's Python files. It is imported when it is first needed: asyncio
//! imports this module while it is itself being imported.

use adder_vm::object::GilCell;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::object;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::import_::import_module;
use adder_vm::{Ref, Value, Vm};

/// A name of a module.
pub struct Imported {
    module: &'static str,
    name: &'static str,
    made: GilCell<Option<Value>>,
}

impl Imported {
    const fn new(module: &'static str, name: &'static str) -> Imported {
        Imported { module, name, made: GilCell::new(None) }
    }

    pub fn get(&self, vm: &Vm) -> PyResult {
        if let Some(known) = self.made.with(|made| made.clone()) {
            return Ok(known);
        }
        let module = import_module(vm, self.module)?;
        let found = object::get_attr_str(vm, &module, self.name)?;
        Ok(self.made.with(|made| made.get_or_insert(found).clone()))
    }

    pub fn class(&self, vm: &Vm) -> PyResult<Ref<Type>> {
        let not_one = |other: Value| {
            vm.type_error(format!(
                "{}.{} is no class: {}",
                self.module,
                self.name,
                other.ty().name()
            ))
        };
        self.get(vm)?.into_ref::<Type>().map_err(not_one)
    }
}

pub static CANCELLED_ERROR: Imported = Imported::new("asyncio.exceptions", "CancelledError");
pub static INVALID_STATE_ERROR: Imported = Imported::new("asyncio.exceptions", "InvalidStateError");
pub static FUTURE_REPR: Imported = Imported::new("asyncio.base_futures", "_future_repr");
pub static TASK_REPR: Imported = Imported::new("asyncio.base_tasks", "_task_repr");
pub static TASK_GET_STACK: Imported = Imported::new("asyncio.base_tasks", "_task_get_stack");
pub static TASK_PRINT_STACK: Imported = Imported::new("asyncio.base_tasks", "_task_print_stack");
pub static IS_COROUTINE: Imported = Imported::new("asyncio.coroutines", "iscoroutine");
pub static EVENT_LOOP_POLICY: Imported = Imported::new("asyncio.events", "_get_event_loop_policy");
pub static EXTRACT_STACK: Imported = Imported::new("traceback", "extract_stack");
pub static WEAK_SET: Imported = Imported::new("weakref", "WeakSet");
