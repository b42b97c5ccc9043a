//! Replacement templates: literals and groups in turn.

use adder_derive::{pyclass, pymethods};
use adder_vm::objects::list::List;
use adder_vm::objects::str_::Str;
use adder_vm::protocol::{number, object};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// A parsed replacement.
#[pyclass(name = "_sre.SRE_Template", no_new)]
pub struct Template {
    pub literal: Value,
    /// Group numbers, each with the literal behind it.
    #[notrace]
    groups: Vec<usize>,
    pub parts: Vec<Value>,
}

/// From `[literal, group, literal, ...]`.
pub fn make(vm: &Vm, template: &Obj<List>) -> PyResult {
    let items = template.to_vec();
    let mut items = items.into_iter();
    let Some(literal) = items.next() else { return Err(vm.type_error("invalid template")) };
    let (mut groups, mut parts) = (Vec::new(), Vec::new());
    while let Some(group) = items.next() {
        let Ok(group) = usize::try_from(number::to_ssize(vm, &group)?) else {
            return Err(vm.type_error("invalid template"));
        };
        let Some(part) = items.next() else { return Err(vm.type_error("invalid template")) };
        groups.push(group);
        parts.push(part);
    }
    Ok(Ref::new(Template { literal, groups, parts }).into())
}

impl Template {
    /// The text with each group's piece in its place; a group that took no part is empty. `empty`
    /// says of which kind the text is.
    pub fn expand(
        &self,
        vm: &Vm,
        empty: &Value,
        piece: impl Fn(usize) -> PyResult<Option<Value>>,
    ) -> PyResult {
        if self.groups.is_empty() {
            return Ok(self.literal.clone());
        }
        let is_empty = |v: &Value| v.downcast::<Str>().is_some_and(|s| s.is_empty());
        let mut pieces = Vec::with_capacity(1 + 2 * self.groups.len());
        pieces.push(self.literal.clone());
        for (group, part) in self.groups.iter().zip(&self.parts) {
            pieces.extend(piece(*group)?);
            pieces.push(part.clone());
        }
        pieces.retain(|p| !is_empty(p));
        let list = List::from_vec(pieces).into();
        object::call_method(vm, empty, &vm.intern("join"), &[list])
    }
}

#[pymethods]
impl Template {}
