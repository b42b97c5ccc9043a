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

/// Declares what is needed, and what gives it up again.
macro_rules! imported {
    ($($static:ident = $module:literal . $name:literal;)*) => {
        $(pub static $static: Imported = Imported::new($module, $name);)*

        /// Gives up what has been imported; the next use imports it again.
        pub fn forget() {
            for imported in [$(&$static),*] {
                drop(imported.made.with(Option::take));
            }
        }
    };
}

imported! {
    CANCELLED_ERROR = "asyncio.exceptions"."CancelledError";
    INVALID_STATE_ERROR = "asyncio.exceptions"."InvalidStateError";
    FUTURE_REPR = "asyncio.base_futures"."_future_repr";
    TASK_REPR = "asyncio.base_tasks"."_task_repr";
    TASK_GET_STACK = "asyncio.base_tasks"."_task_get_stack";
    TASK_PRINT_STACK = "asyncio.base_tasks"."_task_print_stack";
    IS_COROUTINE = "asyncio.coroutines"."iscoroutine";
    EVENT_LOOP_POLICY = "asyncio.events"."_get_event_loop_policy";
    EXTRACT_STACK = "traceback"."extract_stack";
    WEAK_SET = "weakref"."WeakSet";
}
