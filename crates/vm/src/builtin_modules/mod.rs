//! The modules without which the machine does not boot, and those that look into it.

pub mod builtins;
pub mod codecs;
pub mod dis;
pub mod imp;
pub mod marshal;
pub mod signal;
pub mod stdlib_names;
pub mod sys;
pub mod warnings;

use crate::objects::module::Module;
use crate::runtime::import_;
use crate::runtime::vm::Vm;

/// Makes `builtins` and `sys`, and registers the rest for import.
pub(crate) fn register(vm: &Vm) {
    for def in [
        &builtins::builtins::MODULE,
        &sys::sys::MODULE,
        &warnings::warnings::MODULE,
        &dis::dis::MODULE,
        &dis::opcode_module::MODULE,
        &imp::imp::MODULE,
        &marshal::marshal::MODULE,
    ] {
        import_::add_native(vm, def);
    }
    builtins::make(vm);
    sys::make(vm);
}

/// Gives up what programs have set: hooks and handlers of these modules.
pub(crate) fn forget() {
    signal::forget();
    sys::forget();
    warnings::forget();
}

/// Enters a module made at start-up into `sys.modules`.
fn enter(vm: &Vm, name: &str, module: &crate::object::Ref<Module>) {
    drop(vm.modules().insert_str(&vm.intern(name), module.to_value()));
}
