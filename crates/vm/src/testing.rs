//! A running machine for the unit tests beside the code.
//!
//! The process has one machine, made by the first test that wants it: the types and modules of this crate,
//! without a library. Each test runs in a thread of its own and gets a state for it. One runs at a time: the
//! interpreter lock would do for the objects, but it is handed on while Python code runs, and what tests
//! look at (interned text, the collector's lists, requests) is everybody's. Tests of what objects stand on
//! (memory, the reserve) take their turn without a machine.

use crate::object::Ref;
use crate::objects::dict::Dict;
use crate::protocol::object;
use crate::runtime::compile::{Mode, Request};
use crate::runtime::config::Config;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::runtime::{enter, gil};
use crate::value::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};

mod session;
pub(crate) use session::{Session, shown};

/// Held by the test whose turn it is.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a test in the machine, in its main thread.
pub(crate) fn with_vm<R>(f: impl FnOnce(&Vm) -> R) -> R {
    let _turn = turn();
    Vm::enter(Config::default(), |vm| {
        gil::become_main_thread(vm);
        f(vm)
    })
}

/// The interpreter lock, for a test that touches what it guards, but no object.
pub(crate) fn lock() -> impl Sized {
    let turn = turn();
    (gil::hold(), turn)
}

/// How many references to an object there are.
pub(crate) fn owners(value: &Value) -> usize {
    value.head().map_or(0, |head| head.refcount())
}

/// A new object that nobody else refers to.
pub(crate) fn token() -> Value {
    crate::objects::list::List::from_vec(Vec::new()).into()
}

mod tests {
    use super::*;

    #[test]
    fn source_runs_and_its_errors_are_told() {
        with_vm(|vm| {
            let session = Session::new(vm, "def double(x):\n    return x * 2\nclass A: pass");
            assert_eq!(session.show("double('ab'), A().__class__.__name__"), "('abab', 'A')");
            assert_eq!(
                session.raises("double()[0] = 1"),
                "TypeError(\"double() missing 1 required positional argument: 'x'\")"
            );
        });
    }

    #[test]
    fn a_test_that_panics_leaves_the_machine_to_the_others() {
        let (tell, told) = std::sync::mpsc::channel();
        let failed = std::thread::spawn(move || {
            with_vm(|vm| {
                let _ = tell.send(vm.thread_ident());
                panic!("on purpose");
            })
        });
        assert!(failed.join().is_err());
        let failed = told.recv().expect("it began");
        with_vm(|vm| {
            assert!(vm.is_main_thread() && vm.native_thread(failed).is_none());
        });
    }
}
