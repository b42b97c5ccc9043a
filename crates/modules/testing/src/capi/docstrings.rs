//! Native methods whose defaults a signature text cannot or can show.

use adder_derive::{pyclass, pymethods};
use adder_vm::objects::type_::Type;
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};

/// Methods with defaults that have no Python text.
#[pyclass(name = "_testcapi.DocStringUnrepresentableSignatureTest", no_gc)]
pub struct DocStringUnrepresentableSignatureTest {}

#[pymethods]
impl DocStringUnrepresentableSignatureTest {
    #[slot]
    fn new(_vm: &Vm, ty: &Obj<Type>, _args: CallArgs<'_>) -> PyResult {
        Ok(Ref::with_type(DocStringUnrepresentableSignatureTest {}, ty).into())
    }
    #[pymethod(sig = "($self, /, a, b=<x>)")]
    fn meth(_zelf: &Value, _vm: &Vm, _a: &Value, _b: Option<&Value>) {}
    #[classmethod(sig = "($type, /, a, b=<x>)")]
    fn classmeth(_cls: &Value, _vm: &Vm, _a: &Value, _b: Option<&Value>) {}
    #[staticmethod(sig = "(a, b=<x>)")]
    fn staticmeth(_vm: &Vm, _a: &Value, _b: Option<&Value>) {}
    #[pymethod(sig = "($self, /, x=1)")]
    fn with_default(_zelf: &Value, _vm: &Vm, _x: Option<&Value>) {}
}
