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

/// A namespace in which source text runs.
pub struct Session<'a> {
    vm: &'a Vm,
    globals: Ref<Dict>,
}

impl<'a> Session<'a> {
    /// A namespace in which `source` has run.
    pub fn new(vm: &'a Vm, source: &str) -> Session<'a> {
        let session = Session { vm, globals: Dict::new_ref() };
        session.exec(source);
        session
    }

    fn run(&self, source: &str, mode: Mode) -> PyResult {
        let request = Request { is_text: true, mode, ..Request::file(self.vm, "<test>") };
        let code = self.vm.compile(source.as_bytes(), &request)?;
        enter::run_code(self.vm, &code, &self.globals, self.globals.to_value(), None)
    }

    /// Runs statements, which must not raise.
    pub fn exec(&self, source: &str) {
        if let Err(exc) = self.run(source, Mode::Exec) {
            panic!("{}", self.shown(&exc.value()));
        }
    }

    /// The `repr` of an expression's value, or of what it raises.
    pub fn show(&self, source: &str) -> String {
        match self.run(source, Mode::Eval) {
            Ok(value) => self.shown(&value),
            Err(exc) => self.shown(&exc.value()),
        }
    }

    fn shown(&self, value: &Value) -> String {
        object::repr(self.vm, value).map_or_else(|_| "?".into(), |text| text.to_string())
    }
}
