//! The targets by name.

mod code;
mod driver;
mod marshal;
mod regex;
mod source;

use crate::Target;
use adder_vm::Vm;

pub const NAMES: [&str; 10] = [
    "source",
    "marshal",
    "code",
    "regex",
    "format",
    "struct",
    "json",
    "numbers",
    "memoryview",
    "calls",
];

/// The target of that name, one of [`NAMES`].
pub fn by_name(vm: &Vm, name: &str) -> Box<dyn Target> {
    match name {
        "source" => Box::new(source::Source::new()),
        "marshal" => Box::new(marshal::Marshal::new(vm)),
        "code" => Box::new(code::Mutated::new(vm)),
        "regex" => Box::new(regex::Regex::new(vm)),
        _ => Box::new(driver::Driver::new(vm, name)),
    }
}

/// Makes the machine quiet: what cases print goes nowhere.
pub fn prepare(vm: &Vm) {
    let quiet = "import sys, warnings\n\
                 sys.stdout = sys.stderr = None\n\
                 sys.displayhook = sys.unraisablehook = repr\n\
                 warnings.simplefilter('ignore')\n";
    if let Err(error) = adder::exec(vm, quiet) {
        panic!("the machine does not start: {error:?}");
    }
}
