//! `sys.monitoring`: tools, their callbacks and the events there are (PEP 669).
//!
//! Tools can be registered and hold callbacks. No event is delivered yet: asking for one raises
//! `NotImplementedError`. CPython's counterpart: `Python/instrumentation.c`.

use crate::object::{GilCell, Guarded, Obj};
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::module::Module;
use crate::objects::namespace::Namespace;
use crate::objects::str_::Str;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymodule;
use std::collections::HashMap;

const TOOLS: usize = 6;

/// Events in the order of their bits.
const EVENTS: [&str; 19] = [
    "PY_START",
    "PY_RESUME",
    "PY_RETURN",
    "PY_YIELD",
    "CALL",
    "LINE",
    "INSTRUCTION",
    "JUMP",
    "BRANCH_LEFT",
    "BRANCH_RIGHT",
    "STOP_ITERATION",
    "RAISE",
    "EXCEPTION_HANDLED",
    "PY_UNWIND",
    "PY_THROW",
    "RERAISE",
    "C_RETURN",
    "C_RAISE",
    "BRANCH",
];

#[derive(Default)]
struct Tools {
    names: [Option<Value>; TOOLS],
    callbacks: HashMap<(usize, u32), Value>,
}

static STATE: GilCell<Option<Guarded<Tools>>> = GilCell::new(None);

fn with_tools<R>(f: impl FnOnce(&mut Tools) -> R) -> R {
    STATE.with(|state| state.get_or_insert_default().with_mut(f))
}

fn tool(vm: &Vm, id: i64) -> PyResult<usize> {
    match usize::try_from(id) {
        Ok(id) if id < TOOLS => Ok(id),
        _ => Err(vm.value_error(format!("invalid tool {id} (must be between 0 and 5)"))),
    }
}

fn used_tool(vm: &Vm, id: i64) -> PyResult<usize> {
    let id = tool(vm, id)?;
    if with_tools(|tools| tools.names[id].is_none()) {
        return Err(vm.value_error(format!("tool {id} is not in use")));
    }
    Ok(id)
}

fn undelivered(vm: &Vm) -> Exc {
    vm.not_implemented_error("sys.monitoring: events are not delivered")
}

/// Monitoring by tools.
#[pymodule(name = "sys.monitoring")]
pub mod monitoring {
    use super::*;

    #[pyfunction]
    fn use_tool_id(vm: &Vm, tool_id: i64, name: &Value) -> PyResult<()> {
        let id = tool(vm, tool_id)?;
        if name.downcast::<Str>().is_none() {
            return Err(vm.value_error("tool name must be a str"));
        }
        let taken = with_tools(|tools| {
            let free = tools.names[id].is_none();
            if free {
                tools.names[id] = Some(name.clone());
            }
            !free
        });
        if taken {
            return Err(vm.value_error(format!("tool {id} is already in use")));
        }
        Ok(())
    }
    #[pyfunction]
    fn clear_tool_id(vm: &Vm, tool_id: i64) -> PyResult<()> {
        let id = tool(vm, tool_id)?;
        let old: Vec<Value> = with_tools(|tools| {
            let keys: Vec<_> = tools.callbacks.keys().filter(|key| key.0 == id).copied().collect();
            keys.into_iter().filter_map(|key| tools.callbacks.remove(&key)).collect()
        });
        drop(old);
        Ok(())
    }
    #[pyfunction]
    fn free_tool_id(vm: &Vm, tool_id: i64) -> PyResult<()> {
        clear_tool_id(vm, tool_id)?;
        let id = tool(vm, tool_id)?;
        drop(with_tools(|tools| tools.names[id].take()));
        Ok(())
    }
    #[pyfunction]
    fn get_tool(vm: &Vm, tool_id: i64) -> PyResult<Option<Value>> {
        let id = tool(vm, tool_id)?;
        Ok(with_tools(|tools| tools.names[id].clone()))
    }
    #[pyfunction]
    fn register_callback(vm: &Vm, tool_id: i64, event: u32, func: Value) -> PyResult {
        let id = tool(vm, tool_id)?;
        if event.count_ones() != 1 {
            return Err(vm.value_error("The callback can only be set for one event at a time"));
        }
        if event >= 1 << EVENTS.len() {
            return Err(vm.value_error(format!("invalid event {event}")));
        }
        let old = with_tools(|tools| match func.is_none() {
            true => tools.callbacks.remove(&(id, event)),
            false => tools.callbacks.insert((id, event), func),
        });
        Ok(old.unwrap_or(Value::NONE))
    }
    #[pyfunction]
    fn get_events(vm: &Vm, tool_id: i64) -> PyResult<i64> {
        used_tool(vm, tool_id).map(|_| 0)
    }
    #[pyfunction]
    fn set_events(vm: &Vm, tool_id: i64, event_set: i64) -> PyResult<()> {
        used_tool(vm, tool_id)?;
        if event_set < 0 || event_set >= 1 << EVENTS.len() {
            return Err(vm.value_error(format!("invalid event set 0x{event_set:x}")));
        }
        if event_set == 0 { Ok(()) } else { Err(undelivered(vm)) }
    }
    #[pyfunction]
    fn get_local_events(vm: &Vm, tool_id: i64, _code: &Obj<Code>) -> PyResult<i64> {
        used_tool(vm, tool_id).map(|_| 0)
    }
    #[pyfunction]
    fn set_local_events(vm: &Vm, tool_id: i64, _code: &Obj<Code>, event_set: i64) -> PyResult<()> {
        set_events(vm, tool_id, event_set)
    }
    #[pyfunction]
    fn restart_events(_vm: &Vm) {}
    #[pyfunction]
    fn _all_events(_vm: &Vm) -> crate::object::Ref<Dict> {
        Dict::new_ref()
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let events = EVENTS.iter().enumerate();
        let mut parts: Vec<(&str, Value)> =
            events.map(|(bit, name)| (*name, Value::int_unchecked(1 << bit))).collect();
        parts.push(("NO_EVENTS", Value::int_unchecked(0)));
        module.set(vm, "events", Namespace::with_items(vm, parts));
        for (name, id) in
            [("DEBUGGER_ID", 0), ("COVERAGE_ID", 1), ("PROFILER_ID", 2), ("OPTIMIZER_ID", 5)]
        {
            module.set(vm, name, Value::int_unchecked(id));
        }
        let object_type = vm.type_of::<crate::objects::object::Object>().to_value();
        for name in ["DISABLE", "MISSING"] {
            module.set(vm, name, crate::protocol::call::call(vm, &object_type, &[])?);
        }
        Ok(())
    }
}
