//! `sys.monitoring` (PEP 669): who wants to know what, and telling them.
//!
//! Tools ask for events everywhere or in one code object; the main loop runs as for tracing while any
//! tool asks for any, and each event point looks here. A callback may switch its event off where it
//! was called (`DISABLE`) until `restart_events()`. CPython's counterpart: `Python/instrumentation.c`.

use crate::object::{GilCell, Guarded, ValueCell};
use crate::objects::code::Code;
use crate::protocol::call;
use crate::runtime::errors::PyResult;
use crate::runtime::machine::Machine;
use crate::runtime::vm::Vm;
use crate::value::Value;
use std::cell::Cell;
use std::collections::HashSet;

pub const TOOLS: usize = 6;

/// Events in the order of their bits.
pub const EVENTS: [&str; 19] = [
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

/// An event's number.
pub mod event {
    pub const PY_START: usize = 0;
    pub const PY_RESUME: usize = 1;
    pub const PY_RETURN: usize = 2;
    pub const PY_YIELD: usize = 3;
    pub const CALL: usize = 4;
    pub const LINE: usize = 5;
    pub const INSTRUCTION: usize = 6;
    pub const JUMP: usize = 7;
    pub const BRANCH_LEFT: usize = 8;
    pub const BRANCH_RIGHT: usize = 9;
    pub const STOP_ITERATION: usize = 10;
    pub const RAISE: usize = 11;
    pub const EXCEPTION_HANDLED: usize = 12;
    pub const PY_UNWIND: usize = 13;
    pub const PY_THROW: usize = 14;
    pub const RERAISE: usize = 15;
    pub const C_RETURN: usize = 16;
    pub const C_RAISE: usize = 17;
    pub const BRANCH: usize = 18;
}

/// Events that belong to a place in the code, where they can be switched off.
pub const LOCAL_EVENTS: u32 = (1 << (event::STOP_ITERATION + 1)) - 1;

/// What comes with `CALL`.
pub const CALL_EVENTS: u32 = 1 << event::CALL | 1 << event::C_RETURN | 1 << event::C_RAISE;

/// Who asked for what.
pub struct Tools {
    pub names: [ValueCell; TOOLS],
    pub events: [Cell<u32>; TOOLS],
    pub callbacks: [[ValueCell; EVENTS.len()]; TOOLS],
    /// `DISABLE` and `MISSING`.
    pub disable: ValueCell,
    pub missing: ValueCell,
    /// How many code objects have events of their own.
    local: Cell<usize>,
    /// Counts calls of `restart_events()`.
    restarts: Cell<u32>,
}

static STATE: GilCell<Option<&'static Tools>> = GilCell::new(None);

/// The state, made on first use; it stays.
pub fn tools() -> &'static Tools {
    if let Some(tools) = STATE.get() {
        return tools;
    }
    let made: &'static Tools = Box::leak(Box::new(Tools {
        names: std::array::from_fn(|_| ValueCell::default()),
        events: std::array::from_fn(|_| Cell::new(0)),
        callbacks: std::array::from_fn(|_| std::array::from_fn(|_| ValueCell::default())),
        disable: ValueCell::default(),
        missing: ValueCell::default(),
        local: Cell::new(0),
        restarts: Cell::new(0),
    }));
    STATE.with(|state| *state = Some(made));
    made
}

/// Does any tool ask for anything?
pub fn is_active() -> bool {
    STATE.get().is_some_and(|t| t.local.get() > 0 || t.events.iter().any(|e| e.get() != 0))
}

/// What tools ask for in one code object, and where they have switched it off.
pub struct CodeEvents {
    pub events: [Cell<u32>; TOOLS],
    /// (tool, event, byte offset), of the time since the last restart.
    disabled: Guarded<HashSet<(u8, u8, u32)>>,
    restarts: Cell<u32>,
}

impl Default for CodeEvents {
    fn default() -> Self {
        CodeEvents {
            events: std::array::from_fn(|_| Cell::new(0)),
            disabled: Guarded::default(),
            restarts: Cell::new(0),
        }
    }
}

impl CodeEvents {
    fn is_disabled(&self, tool: usize, event: usize, offset: u32) -> bool {
        if self.restarts.get() != tools().restarts.get() {
            self.restarts.set(tools().restarts.get());
            self.disabled.with_mut(HashSet::clear);
        }
        self.disabled.with(|places| places.contains(&(tool as u8, event as u8, offset)))
    }

    /// Sets a tool's events in one code object.
    pub fn set(&self, tool: usize, events: u32) {
        let used = || self.events.iter().any(|e| e.get() != 0);
        let before = used();
        self.events[tool].set(events);
        let local = &tools().local;
        match (before, used()) {
            (false, true) => local.set(local.get() + 1),
            (true, false) => local.set(local.get() - 1),
            _ => {}
        }
    }
}

/// Switched-off events are on again.
pub fn restart() {
    let restarts = &tools().restarts;
    restarts.set(restarts.get().wrapping_add(1));
}

/// The events that any tool asks for in a code object, as a set of bits.
pub fn wanted(code: &Code) -> u32 {
    let Some(tools) = STATE.get() else { return 0 };
    let mut all = 0;
    for tool in 0..TOOLS {
        all |= tools.events[tool].get() | code.monitoring().events[tool].get();
    }
    if all & 1 << event::CALL != 0 { all | CALL_EVENTS } else { all }
}

/// Tells every tool that asks for it of an event at a place. `rest` are the arguments behind the code.
pub fn fire(vm: &Vm, m: &Machine, event: usize, offset: u32, rest: &[Value]) -> PyResult<()> {
    let Some(tools) = STATE.get() else { return Ok(()) };
    if vm.tracing.get() {
        return Ok(());
    }
    let code = m.code().to_ref();
    // Events that come with a call are asked for by that.
    let bit = match event {
        event::C_RETURN | event::C_RAISE => 1 << event::CALL,
        event => 1 << event,
    };
    for tool in 0..TOOLS {
        let events = tools.events[tool].get() | code.monitoring().events[tool].get();
        if events & bit == 0 || code.monitoring().is_disabled(tool, event, offset) {
            continue;
        }
        let mut callback = tools.callbacks[tool][event].get();
        if callback.is_none() && matches!(event, event::BRANCH_LEFT | event::BRANCH_RIGHT) {
            callback = tools.callbacks[tool][event::BRANCH].get();
        }
        let Some(callback) = callback else { continue };
        let mut args = Vec::with_capacity(rest.len() + 1);
        args.push(code.to_value());
        args.extend_from_slice(rest);
        m.save();
        vm.tracing.set(true);
        let answer = call::call(vm, &callback, &args);
        vm.tracing.set(false);
        let answer = answer?;
        if !tools.disable.get().is_some_and(|disable| disable.is(&answer)) {
            continue;
        }
        if 1 << event & LOCAL_EVENTS == 0 && bit & LOCAL_EVENTS == 0 {
            tools.callbacks[tool][event].set(None);
            return Err(vm.value_error(format!(
                "Cannot disable {} events. Callback removed.",
                EVENTS[event]
            )));
        }
        let place = (tool as u8, event as u8, offset);
        code.monitoring().disabled.with_mut(|places| places.insert(place));
    }
    Ok(())
}
