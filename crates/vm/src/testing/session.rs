//! Source text for unit tests to run. The crates of native modules include this file in their own tests: what it
//! needs of the machine is what the module around it has imported.

use super::{Dict, Mode, PyResult, Ref, Request, Value, Vm, enter, object};

/// A namespace in which source text runs.
pub struct Session<'a> {
    pub vm: &'a Vm,
    pub globals: Ref<Dict>,
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

    /// The value of an expression, which must not raise.
    pub fn eval(&self, source: &str) -> Value {
        match self.run(source, Mode::Eval) {
            Ok(value) => value,
            Err(exc) => panic!("{source}: {}", self.shown(&exc.value())),
        }
    }

    /// The `repr` of an expression's value, or of what it raises.
    pub fn show(&self, source: &str) -> String {
        match self.run(source, Mode::Eval) {
            Ok(value) => self.shown(&value),
            Err(exc) => self.shown(&exc.value()),
        }
    }

    /// The exception that statements raise, as `repr` shows it.
    pub fn raises(&self, source: &str) -> String {
        match self.run(source, Mode::Exec) {
            Ok(_) => panic!("{source}: raised nothing"),
            Err(exc) => self.shown(&exc.value()),
        }
    }

    pub fn get(&self, name: &str) -> Value {
        match self.globals.get_str(&self.vm.intern(name)) {
            Some(value) => value,
            None => panic!("{name} is not set"),
        }
    }

    pub fn set(&self, name: &str, value: Value) {
        drop(self.globals.insert_str(&self.vm.intern(name), value));
    }

    /// `repr(value)`
    pub fn shown(&self, value: &Value) -> String {
        shown(self.vm, value)
    }
}

/// `repr(value)`
pub fn shown(vm: &Vm, value: &Value) -> String {
    match object::repr(vm, value) {
        Ok(text) => text.to_string(),
        Err(exc) => format!("repr raised {}", exc.ty().name()),
    }
}
