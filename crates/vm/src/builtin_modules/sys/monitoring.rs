//! `sys.monitoring`: tools, their callbacks and the events they ask for (PEP 669).
//!
//! What happens to the events is in `runtime/monitoring.rs`. CPython's counterpart: the module in
//! `Python/instrumentation.c`.

use crate::object::Obj;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::module::Module;
use crate::objects::namespace::Namespace;
use crate::objects::str_::Str;
use crate::runtime::errors::PyResult;
use crate::runtime::monitoring::{self, CALL_EVENTS, EVENTS, LOCAL_EVENTS, TOOLS, event, tools};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::pymodule;

fn tool(vm: &Vm, id: i64) -> PyResult<usize> {
    match usize::try_from(id) {
        Ok(id) if id < TOOLS => Ok(id),
        _ => Err(vm.value_error(format!("invalid tool {id} (must be between 0 and 5)"))),
    }
}

fn used_tool(vm: &Vm, id: i64) -> PyResult<usize> {
    let id = tool(vm, id)?;
    if !tools().names[id].is_some() {
        return Err(vm.value_error(format!("tool {id} is not in use")));
    }
    Ok(id)
}

/// Checks a set of events; what comes with others is left out.
fn event_set(vm: &Vm, set: i64) -> PyResult<u32> {
    let Some(mut events) = u32::try_from(set).ok().filter(|set| *set < 1 << EVENTS.len()) else {
        return Err(vm.value_error(format!("invalid event set 0x{set:x}")));
    };
    let with_call = CALL_EVENTS & !(1 << event::CALL);
    if events & with_call != 0 {
        if events & CALL_EVENTS != CALL_EVENTS {
            return Err(vm.value_error("cannot set C_RETURN or C_RAISE events independently"));
        }
        events &= !with_call;
    }
    if events & 1 << event::BRANCH != 0 {
        events &= !(1 << event::BRANCH);
        events |= 1 << event::BRANCH_LEFT | 1 << event::BRANCH_RIGHT;
    }
    Ok(events)
}

fn changed(vm: &Vm) {
    vm.each_thread(&mut Vm::watch_again);
}

/// Monitoring by tools.
#[pymodule(name = "sys.monitoring")]
pub mod monitoring_module {
    use super::*;

    #[pyfunction]
    fn use_tool_id(vm: &Vm, tool_id: i64, name: &Value) -> PyResult<()> {
        let id = tool(vm, tool_id)?;
        if name.downcast::<Str>().is_none() {
            return Err(vm.value_error("tool name must be a str"));
        }
        if tools().names[id].is_some() {
            return Err(vm.value_error(format!("tool {id} is already in use")));
        }
        tools().names[id].set(Some(name.clone()));
        Ok(())
    }
    #[pyfunction]
    fn clear_tool_id(vm: &Vm, tool_id: i64) -> PyResult<()> {
        let id = tool(vm, tool_id)?;
        tools().events[id].set(0);
        for callback in &tools().callbacks[id] {
            callback.set(None);
        }
        changed(vm);
        Ok(())
    }
    #[pyfunction]
    fn free_tool_id(vm: &Vm, tool_id: i64) -> PyResult<()> {
        clear_tool_id(vm, tool_id)?;
        let id = tool(vm, tool_id)?;
        tools().names[id].set(None);
        Ok(())
    }
    #[pyfunction]
    fn get_tool(vm: &Vm, tool_id: i64) -> PyResult<Option<Value>> {
        let id = tool(vm, tool_id)?;
        Ok(tools().names[id].get())
    }
    #[pyfunction]
    fn register_callback(vm: &Vm, tool_id: i64, event: u32, func: Value) -> PyResult {
        let id = tool(vm, tool_id)?;
        if event.count_ones() != 1 {
            return Err(vm.value_error("The callback can only be set for one event at a time"));
        }
        let Some(place) = tools().callbacks[id].get(event.trailing_zeros() as usize) else {
            return Err(vm.value_error(format!("invalid event {event}")));
        };
        let old = place.get();
        place.set(Some(func).filter(|func| !func.is_none()));
        Ok(old.unwrap_or(Value::NONE))
    }
    #[pyfunction]
    fn get_events(vm: &Vm, tool_id: i64) -> PyResult<u32> {
        let id = used_tool(vm, tool_id)?;
        Ok(shown(tools().events[id].get()))
    }
    #[pyfunction]
    fn set_events(vm: &Vm, tool_id: i64, event_set: i64) -> PyResult<()> {
        let id = used_tool(vm, tool_id)?;
        let events = super::event_set(vm, event_set)?;
        tools().events[id].set(events);
        changed(vm);
        Ok(())
    }
    #[pyfunction]
    fn get_local_events(vm: &Vm, tool_id: i64, code: &Obj<Code>) -> PyResult<u32> {
        let id = used_tool(vm, tool_id)?;
        Ok(shown(code.monitoring().events[id].get()))
    }
    #[pyfunction]
    fn set_local_events(vm: &Vm, tool_id: i64, code: &Obj<Code>, event_set: i64) -> PyResult<()> {
        let id = used_tool(vm, tool_id)?;
        let events = super::event_set(vm, event_set)?;
        if events & !LOCAL_EVENTS != 0 {
            return Err(vm.value_error(format!("invalid local event set 0x{events:x}")));
        }
        code.monitoring().set(id, events);
        changed(vm);
        Ok(())
    }
    #[pyfunction]
    fn restart_events(_vm: &Vm) {
        monitoring::restart();
    }
    #[pyfunction]
    fn _all_events(vm: &Vm) -> PyResult<crate::object::Ref<Dict>> {
        let all = Dict::new_ref();
        for (bit, name) in EVENTS.iter().enumerate() {
            let asks = |id: &usize| tools().events[*id].get() & 1 << bit != 0;
            let set: i64 = (0..TOOLS).filter(asks).map(|id| 1 << id).sum();
            if set != 0 {
                all.insert(vm, &vm.str(name), Value::int_unchecked(set))?;
            }
        }
        Ok(all)
    }

    /// A set of events as programs know it.
    fn shown(events: u32) -> u32 {
        if events & 1 << event::CALL != 0 { events | CALL_EVENTS } else { events }
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
        for (name, place) in [("DISABLE", &tools().disable), ("MISSING", &tools().missing)] {
            let marker = crate::protocol::call::call(vm, &object_type, &[])?;
            place.set(Some(marker.clone()));
            module.set(vm, name, marker);
        }
        Ok(())
    }
}
