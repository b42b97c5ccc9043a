//! `_opcode`: questions about instructions, answered from the one table
//! (`crates/bytecode/src/table.rs`). CPython's counterpart: `Modules/_opcode.c`.

use adder_bytecode::opcode::{self, Op};
use adder_bytecode::table::ArgKind;
use adder_derive::pymodule;
use adder_vm::protocol::number;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Value, Vm};

fn op(number: i64) -> Option<Op> {
    u8::try_from(number).ok().and_then(Op::from_u8)
}

/// Has the instruction's argument one of these kinds?
fn is_of(number: i64, kinds: &[ArgKind]) -> bool {
    op(number).is_some_and(|op| kinds.iter().any(|k| opcode::has_kind(*k).contains(&(op as u8))))
}

/// Opcode support module.
#[pymodule(name = "_opcode")]
pub mod opcode_ {
    use super::*;

    /// Compute the stack effect of the opcode.
    #[pyfunction(sig = "(opcode, oparg=None, /, *, jump=None)")]
    fn stack_effect(
        vm: &Vm,
        opcode: i64,
        oparg: Option<&Value>,
        jump: Option<&Value>,
    ) -> PyResult<i64> {
        if jump.is_some_and(|j| !j.is_none() && j.as_bool().is_none()) {
            return Err(vm.value_error("stack_effect: jump must be False, True or None"));
        }
        let Some(op) = op(opcode) else { return Err(vm.value_error("invalid opcode or oparg")) };
        let arg = match oparg.filter(|a| !a.is_none()) {
            Some(arg) => number::to_ssize(vm, arg)?,
            None => 0,
        };
        Ok(op.stack_effect(u32::try_from(arg).unwrap_or(0)))
    }
    /// Return True if opcode is valid, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn is_valid(_vm: &Vm, opcode: i64) -> bool {
        op(opcode).is_some()
    }
    /// Return True if the opcode uses its oparg, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_arg(_vm: &Vm, opcode: i64) -> bool {
        op(opcode).is_some_and(Op::has_arg)
    }
    /// Return True if the opcode accesses a constant, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_const(_vm: &Vm, opcode: i64) -> bool {
        is_of(opcode, &[ArgKind::Const])
    }
    /// Return True if the opcode accesses an attribute by name, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_name(_vm: &Vm, opcode: i64) -> bool {
        is_of(opcode, &[ArgKind::Name])
    }
    /// Return True if the opcode has a jump target, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_jump(_vm: &Vm, opcode: i64) -> bool {
        is_of(opcode, &[ArgKind::JRel, ArgKind::JAbs])
    }
    /// Return True if the opcode accesses a free variable, False otherwise.
    ///
    /// Note that 'free' in this context refers to names in the current scope
    /// that are referenced by inner scopes or names in outer scopes that are
    /// referenced from this scope. It does not include references to global
    /// or builtin scopes.
    #[pyfunction(sig = "(opcode)")]
    fn has_free(_vm: &Vm, opcode: i64) -> bool {
        is_of(opcode, &[ArgKind::Free])
    }
    /// Return True if the opcode accesses a local variable, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_local(_vm: &Vm, opcode: i64) -> bool {
        is_of(opcode, &[ArgKind::Local])
    }
    /// Return True if the opcode sets an exception handler, False otherwise.
    #[pyfunction(sig = "(opcode)")]
    fn has_exc(_vm: &Vm, opcode: i64) -> bool {
        matches!(
            op(opcode),
            Some(Op::SETUP_EXCEPT | Op::SETUP_FINALLY | Op::SETUP_WITH | Op::SETUP_ASYNC_WITH)
        )
    }
    /// Return the specialization stats
    #[pyfunction]
    fn get_specialization_stats(_vm: &Vm) {}
}
