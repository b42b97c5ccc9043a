//! `cell`: a variable shared between a function and the functions inside it.

use crate::object::{Obj, Ref, ValueCell};
use crate::objects::type_::Type;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::object;
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Create a new cell object.
///
///   contents
///     the contents of the cell. If not specified, the cell will be empty,
///     and
///  further attempts to access its cell_contents attribute will
///     raise a ValueError.
#[pyclass(name = "cell", sig = "([contents])")]
pub struct CellObj {
    content: ValueCell,
}

impl CellObj {
    pub fn new_value(content: Option<Value>) -> Value {
        Ref::new(CellObj { content: content.into() }).into()
    }
    #[inline(always)]
    pub fn get(&self) -> Option<Value> {
        self.content.get()
    }
    #[inline(always)]
    pub fn set(&self, content: Option<Value>) {
        self.content.set(content);
    }
    /// The same; the content before.
    #[inline(always)]
    pub fn replace(&self, content: Option<Value>) -> Option<Value> {
        self.content.replace(content)
    }
}

#[pymethods]
impl CellObj {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        match args.all() {
            [] => Ok(CellObj::new_value(None)),
            [content] => Ok(CellObj::new_value(Some(content.clone()))),
            more => {
                Err(vm.type_error(format!("cell expected at most 1 argument, got {}", more.len())))
            }
        }
    }
    #[slot]
    fn repr(zelf: &Obj<CellObj>, vm: &Vm) -> PyResult {
        let address = zelf.head().address();
        Ok(vm.str(&match CellObj::get(zelf) {
            None => format!("<cell at {address:#x}: empty>"),
            Some(content) => format!(
                "<cell at {address:#x}: {} object at {:#x}>",
                content.ty().name(),
                object::address(&content)
            ),
        }))
    }
    #[slot]
    fn richcompare(zelf: &Obj<CellObj>, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let Some(other) = other.downcast::<CellObj>() else { return Ok(Value::NOT_IMPLEMENTED) };
        match (CellObj::get(zelf), other.content.get()) {
            (Some(a), Some(b)) => compare::rich_compare(vm, &a, &b, op),
            (a, b) => Ok(Value::bool(op.holds(a.is_some().cmp(&b.is_some())))),
        }
    }
    #[getter]
    fn cell_contents(zelf: &Obj<CellObj>, vm: &Vm) -> PyResult {
        CellObj::get(zelf).ok_or_else(|| vm.value_error("cell is empty"))
    }
    #[setter(name = "cell_contents")]
    fn set_contents(zelf: &Obj<CellObj>, _vm: &Vm, value: Option<Value>) -> PyResult<()> {
        CellObj::set(zelf, value);
        Ok(())
    }
}
