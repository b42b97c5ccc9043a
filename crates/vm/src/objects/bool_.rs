//! `bool`: the subclass of `int` whose two instances live in the value word.
//!
//! All arithmetic but that of bits is inherited: `int`'s slots take the words `True` and `False`. CPython's
//! counterpart: `Objects/boolobject.c`.

use crate::object::{Obj, Payload};
use crate::objects::int::{self, IntObj};
use crate::objects::type_::Type;
use crate::objects::type_::slots::{Binary, Slots};
use crate::protocol::object;
use crate::runtime::args::CallArgs;
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_derive::{pyclass, pymethods};

/// Returns True when the argument is true, False otherwise.
/// The builtins True and False are the only two instances of the class bool.
/// The class bool is a subclass of the class int, and cannot be subclassed.
#[pyclass(name = "bool", base = IntObj, no_gc, sig = "(object=False, /)")]
pub struct BoolObj {}

/// Two bools make a bool; anything else is `int`'s.
fn bitwise(
    vm: &Vm,
    a: &Value,
    b: &Value,
    bools: fn(bool, bool) -> bool,
    slot: fn(&Slots) -> Option<Binary>,
) -> PyResult {
    if let (Some(a), Some(b)) = (a.as_bool(), b.as_bool()) {
        return Ok(Value::bool(bools(a, b)));
    }
    match slot(&IntObj::cell().get().slots) {
        Some(ints) => ints(vm, a, b),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

#[pymethods]
impl BoolObj {
    #[slot]
    fn new(vm: &Vm, _ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if args.keyword_count() > 0 {
            return Err(vm.type_error("bool() takes no keyword arguments"));
        }
        match args.args() {
            [] => Ok(Value::FALSE),
            [x] => object::is_true(vm, x).map(Value::bool),
            more => {
                Err(vm.type_error(format!("bool expected at most 1 argument, got {}", more.len())))
            }
        }
    }
    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(vm.intern(if zelf.is_true() { "True" } else { "False" }).into())
    }
    #[slot]
    fn and(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        bitwise(vm, a, b, |a, b| a & b, |slots| slots.and.get())
    }
    #[slot]
    fn or(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        bitwise(vm, a, b, |a, b| a | b, |slots| slots.or.get())
    }
    #[slot]
    fn xor(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        bitwise(vm, a, b, |a, b| a ^ b, |slots| slots.xor.get())
    }
    #[slot]
    fn invert(zelf: &Value, vm: &Vm) -> PyResult {
        vm.warn(
            &vm.exceptions().deprecation_warning,
            "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise inversion of the underlying int object and is usually not what you expect from negating a bool. Use the 'not' operator for boolean negation or ~int(x) if you really want the bitwise inversion of the underlying int.",
            1,
        )?;
        Ok(int::from_i64(!int::to_i64_exact(zelf).unwrap_or(0)))
    }
}
