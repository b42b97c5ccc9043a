//! `-X importtime`: a line on standard error for each module that was looked for, nested by who asked.
//!
//! CPython's counterpart: `import_find_and_load` in `Python/import.c`.

use crate::object::GilCell;
use crate::runtime::vm::Vm;
use std::io::Write;
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
struct State {
    is_first: bool,
    level: usize,
    /// Time that imports within the present one have taken.
    inner: Duration,
}

static STATE: GilCell<State> =
    GilCell::new(State { is_first: true, level: 0, inner: Duration::ZERO });

/// An import under way: when it began, and what its siblings had taken until then.
pub struct Started(Instant, Duration);

/// Begins to measure an import, if that was asked for.
pub fn start(vm: &Vm) -> Option<Started> {
    if !vm.config().x_options.iter().any(|(name, _)| name == "importtime") {
        return None;
    }
    STATE.with(|state| {
        if std::mem::take(&mut state.is_first) {
            let _ = writeln!(
                std::io::stderr(),
                "import time: self [us] | cumulative | imported package"
            );
        }
        state.level += 1;
        Some(Started(Instant::now(), std::mem::take(&mut state.inner)))
    })
}

/// Ends the measurement and writes its line, if a module was found.
pub fn finish(_vm: &Vm, name: &str, Started(begun, siblings): Started, found: bool) {
    let whole = begun.elapsed();
    STATE.with(|state| {
        state.level -= 1;
        if found {
            let _ = writeln!(
                std::io::stderr(),
                "import time: {:9} | {:10} | {:indent$}{name}",
                whole.saturating_sub(state.inner).as_micros(),
                whole.as_micros(),
                "",
                indent = state.level * 2
            );
        }
        state.inner = siblings + whole;
    });
}
