//! `_sre`: the objects of regular expressions over the engine in `crates/regex`.
//!
//! | file | what |
//! | --- | --- |
//! | `subject.rs` | the text that is searched: str or bytes-like, by width |
//! | `pattern.rs` | `re.Pattern` and the loops behind its methods |
//! | `matched.rs` | `re.Match` |
//! | `scanner.rs` | the scanner and the iterator of `finditer` |
//! | `template.rs` | replacement templates |
//!
//! CPython's counterpart: `Modules/_sre/sre.c`.

mod matched;
mod pattern;
mod scanner;
mod subject;
mod template;

use adder_derive::pymodule;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::list::List;
use adder_vm::objects::module::Module;
use adder_vm::objects::tuple::Tuple;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// The engine behind `re`.
#[pymodule(name = "_sre")]
pub mod sre {
    use super::*;

    /// Compiles the code of a pattern.
    #[pyfunction(sig = "(pattern, flags, code, groups, groupindex, indexgroup)")]
    fn compile(
        vm: &Vm,
        pattern: Value,
        flags: i32,
        code: &Obj<List>,
        groups: usize,
        groupindex: Ref<Dict>,
        indexgroup: Ref<Tuple>,
    ) -> PyResult {
        pattern::compile(vm, pattern, flags, code, groups, groupindex, indexgroup)
    }

    /// Makes a replacement template from its parsed parts.
    #[pyfunction(sig = "(pattern, template, /)")]
    fn template(vm: &Vm, pattern: &Value, template: &Obj<List>) -> PyResult {
        let _ = pattern;
        template::make(vm, template)
    }

    #[pyfunction]
    fn getcodesize(_vm: &Vm) -> u32 {
        adder_regex::CODESIZE as u32
    }
    #[pyfunction]
    fn ascii_iscased(_vm: &Vm, character: u32) -> bool {
        adder_regex::ascii_iscased(character)
    }
    #[pyfunction]
    fn unicode_iscased(_vm: &Vm, character: u32) -> bool {
        adder_regex::unicode_iscased(character)
    }
    #[pyfunction]
    fn ascii_tolower(_vm: &Vm, character: u32) -> u32 {
        adder_regex::ascii_tolower(character)
    }
    #[pyfunction]
    fn unicode_tolower(_vm: &Vm, character: u32) -> u32 {
        adder_regex::unicode_tolower(character)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        crate::support::add_ints(
            vm,
            module,
            &[
                ("MAGIC", adder_regex::MAGIC as i64),
                ("CODESIZE", adder_regex::CODESIZE as i64),
                ("MAXREPEAT", adder_regex::MAXREPEAT as i64),
                ("MAXGROUPS", adder_regex::MAXGROUPS as i64),
            ],
        );
        vm.type_object::<pattern::Pattern>();
        vm.type_object::<matched::Match>();
        vm.type_object::<scanner::Scanner>();
        vm.type_object::<scanner::FindIter>();
        vm.type_object::<template::Template>();
        Ok(())
    }
}
