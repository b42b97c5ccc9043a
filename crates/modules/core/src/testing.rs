//! A running machine for the unit tests beside the code: the modules of this crate, without a library.
//! `adder-vm` has one of its own (`testing.rs`).

use crate::register;
use adder_vm::objects::dict::Dict;
use adder_vm::protocol::object;
use adder_vm::runtime::compile::{Mode, Request};
use adder_vm::runtime::config::Config;
use adder_vm::runtime::enter;
use adder_vm::{PyResult, Ref, Value, Vm};
use std::sync::{Mutex, PoisonError};

#[expect(dead_code, reason = "the machine's own tests use all of it")]
#[path = "../../../vm/src/testing/session.rs"]
mod session;
pub use session::Session;

/// Held by the test whose turn it is.
static TURN: Mutex<()> = Mutex::new(());

/// Runs a test in the machine, one at a time.
pub fn with_vm<R>(f: impl FnOnce(&Vm) -> R) -> R {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    Vm::enter(Config::default(), |vm| {
        if vm.starts() {
            register(vm);
        }
        f(vm)
    })
}
