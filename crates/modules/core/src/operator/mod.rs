//! `_operator`: the operators as functions; the callable getters are in `getters.rs`.
//!
//! CPython's counterpart: `Modules/_operator.c`.

mod getters;

use adder_derive::pymodule;
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::protocol::compare::{self, CmpOp};
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::protocol::{call, iter, object};
use adder_vm::runtime::args::{CallArgs, KwArgs, VarArgs};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Value, Vm};

/// `a + b` for sequences only.
fn concat_sequences(vm: &Vm, a: &Value, b: &Value, inplace: bool) -> PyResult {
    let slots = &a.ty().slots;
    let own = if inplace { slots.inplace_concat.get() } else { None };
    if let Some(concat) = own.or(slots.concat.get()) {
        return concat(vm, a, b);
    }
    // A class written in Python shows itself as a sequence by `__getitem__`, and adds by `__add__`.
    if object::is_sequence(a) && object::is_sequence(b) {
        return if inplace {
            number::inplace(vm, a, b, BinOp::Add)
        } else {
            number::binary(vm, a, b, BinOp::Add)
        };
    }
    Err(vm.type_error(format!("'{}' object can't be concatenated", a.ty().name())))
}

/// What `_compare_digest` may look at: ASCII text, or any flat buffer.
/// Operator interface.
///
/// This module exports a set of functions implemented in C corresponding
/// to the intrinsic operators of Python.  For example, operator.add(x, y)
/// is equivalent to the expression x+y.
#[pymodule(name = "_operator")]
pub mod operator {
    use super::*;

    /// Return True if a is true, False otherwise.
    #[pyfunction]
    fn truth(vm: &Vm, a: &Value) -> PyResult<bool> {
        object::is_true(vm, a)
    }
    /// Same as not a.
    #[pyfunction(name = "not_")]
    fn not_(vm: &Vm, a: &Value) -> PyResult<bool> {
        Ok(!object::is_true(vm, a)?)
    }
    /// Same as a is b.
    #[pyfunction(name = "is_")]
    fn is_(_vm: &Vm, a: &Value, b: &Value) -> bool {
        a.is(b)
    }
    /// Same as a is not b.
    #[pyfunction]
    fn is_not(_vm: &Vm, a: &Value, b: &Value) -> bool {
        !a.is(b)
    }
    /// Same as a is None.
    #[pyfunction]
    fn is_none(_vm: &Vm, a: &Value) -> bool {
        a.is_none()
    }
    /// Same as a is not None.
    #[pyfunction]
    fn is_not_none(_vm: &Vm, a: &Value) -> bool {
        !a.is_none()
    }

    /// Same as a + b.
    #[pyfunction]
    fn add(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::Add)
    }
    /// Same as a - b.
    #[pyfunction]
    fn sub(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::Sub)
    }
    /// Same as a * b.
    #[pyfunction]
    fn mul(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::Mul)
    }
    /// Same as a @ b.
    #[pyfunction]
    fn matmul(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::MatMul)
    }
    /// Same as a // b.
    #[pyfunction]
    fn floordiv(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::FloorDiv)
    }
    /// Same as a / b.
    #[pyfunction]
    fn truediv(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::TrueDiv)
    }
    /// Same as a % b.
    #[pyfunction(name = "mod")]
    fn mod_(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::Rem)
    }
    /// Same as a << b.
    #[pyfunction]
    fn lshift(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::LShift)
    }
    /// Same as a >> b.
    #[pyfunction]
    fn rshift(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::RShift)
    }
    /// Same as a & b.
    #[pyfunction(name = "and_")]
    fn and_(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::And)
    }
    /// Same as a ^ b.
    #[pyfunction]
    fn xor(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::Xor)
    }
    /// Same as a | b.
    #[pyfunction(name = "or_")]
    fn or_(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::binary(vm, a, b, BinOp::Or)
    }
    /// Same as a ** b.
    #[pyfunction]
    fn pow(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::power(vm, a, b, None)
    }
    /// Same as -a.
    #[pyfunction]
    fn neg(vm: &Vm, a: &Value) -> PyResult {
        number::negative(vm, a)
    }
    /// Same as +a.
    #[pyfunction]
    fn pos(vm: &Vm, a: &Value) -> PyResult {
        number::positive(vm, a)
    }
    /// Same as abs(a).
    #[pyfunction]
    fn abs(vm: &Vm, a: &Value) -> PyResult {
        number::absolute(vm, a)
    }
    /// Same as ~a.
    #[pyfunction]
    fn inv(vm: &Vm, a: &Value) -> PyResult {
        number::invert(vm, a)
    }
    /// Same as ~a.
    #[pyfunction]
    fn invert(vm: &Vm, a: &Value) -> PyResult {
        number::invert(vm, a)
    }
    /// Same as a.__index__()
    #[pyfunction]
    fn index(vm: &Vm, a: &Value) -> PyResult {
        Ok(int::to_exact(&number::index(vm, a)?))
    }

    /// Same as a += b.
    #[pyfunction]
    fn iadd(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::Add)
    }
    /// Same as a -= b.
    #[pyfunction]
    fn isub(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::Sub)
    }
    /// Same as a *= b.
    #[pyfunction]
    fn imul(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::Mul)
    }
    /// Same as a @= b.
    #[pyfunction]
    fn imatmul(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::MatMul)
    }
    /// Same as a //= b.
    #[pyfunction]
    fn ifloordiv(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::FloorDiv)
    }
    /// Same as a /= b.
    #[pyfunction]
    fn itruediv(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::TrueDiv)
    }
    /// Same as a %= b.
    #[pyfunction]
    fn imod(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::Rem)
    }
    /// Same as a <<= b.
    #[pyfunction]
    fn ilshift(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::LShift)
    }
    /// Same as a >>= b.
    #[pyfunction]
    fn irshift(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::RShift)
    }
    /// Same as a &= b.
    #[pyfunction]
    fn iand(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::And)
    }
    /// Same as a ^= b.
    #[pyfunction]
    fn ixor(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::Xor)
    }
    /// Same as a |= b.
    #[pyfunction]
    fn ior(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace(vm, a, b, BinOp::Or)
    }
    /// Same as a **= b.
    #[pyfunction]
    fn ipow(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        number::inplace_power(vm, a, b)
    }

    /// Same as a == b.
    #[pyfunction]
    fn eq(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        compare::rich_compare(vm, a, b, CmpOp::Eq)
    }
    /// Same as a != b.
    #[pyfunction]
    fn ne(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        compare::rich_compare(vm, a, b, CmpOp::Ne)
    }
    /// Same as a < b.
    #[pyfunction]
    fn lt(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        compare::rich_compare(vm, a, b, CmpOp::Lt)
    }
    /// Same as a <= b.
    #[pyfunction]
    fn le(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        compare::rich_compare(vm, a, b, CmpOp::Le)
    }
    /// Same as a > b.
    #[pyfunction]
    fn gt(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        compare::rich_compare(vm, a, b, CmpOp::Gt)
    }
    /// Same as a >= b.
    #[pyfunction]
    fn ge(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        compare::rich_compare(vm, a, b, CmpOp::Ge)
    }

    /// Same as a + b, for a and b sequences.
    #[pyfunction]
    fn concat(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        concat_sequences(vm, a, b, false)
    }
    /// Same as a += b, for a and b sequences.
    #[pyfunction]
    fn iconcat(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        concat_sequences(vm, a, b, true)
    }
    /// Same as b in a (note reversed operands).
    #[pyfunction]
    fn contains(vm: &Vm, a: &Value, b: &Value) -> PyResult<bool> {
        object::contains(vm, a, b)
    }
    /// Return the number of items in a which are, or which equal, b.
    #[pyfunction(name = "countOf")]
    fn count_of(vm: &Vm, a: &Value, b: &Value) -> PyResult<usize> {
        let mut count = 0;
        iter::for_each(vm, a, |item| {
            count += compare::equal(vm, &item, b)? as usize;
            Ok(true)
        })?;
        Ok(count)
    }
    /// Return the first index of b in a.
    #[pyfunction(name = "indexOf")]
    fn index_of(vm: &Vm, a: &Value, b: &Value) -> PyResult<usize> {
        let (mut at, mut found) = (0, false);
        iter::for_each(vm, a, |item| {
            found = compare::equal(vm, &item, b)?;
            at += !found as usize;
            Ok(!found)
        })?;
        if found {
            return Ok(at);
        }
        Err(vm.value_error("sequence.index(x): x not in sequence"))
    }
    /// Same as a[b].
    #[pyfunction]
    fn getitem(vm: &Vm, a: &Value, b: &Value) -> PyResult {
        object::get_item(vm, a, b)
    }
    /// Same as a[b] = c.
    #[pyfunction]
    fn setitem(vm: &Vm, a: &Value, b: &Value, c: Value) -> PyResult<()> {
        object::set_item(vm, a, b, c)
    }
    /// Same as del a[b].
    #[pyfunction]
    fn delitem(vm: &Vm, a: &Value, b: &Value) -> PyResult<()> {
        object::del_item(vm, a, b)
    }
    /// Return an estimate of the number of items in obj.
    ///
    /// This is useful for presizing containers when building from an iterable.
    ///
    /// If the object supports len(), the result will be exact.
    /// Otherwise, it may over- or under-estimate by an arbitrary amount.
    #[pyfunction(sig = "(obj, default=0, /)")]
    fn length_hint(vm: &Vm, obj: &Value, default: Option<isize>) -> PyResult<isize> {
        // No object has this many items.
        const NO_ANSWER: usize = usize::MAX;
        Ok(match object::length_hint(vm, obj, NO_ANSWER)? {
            NO_ANSWER => default.unwrap_or(0),
            hint => hint as isize,
        })
    }
    /// Same as obj(*args, **kwargs).
    #[pyfunction(sig = "(obj, /, *args, **kwargs)")]
    fn call(vm: &Vm, obj: &Value, args: VarArgs, kwargs: KwArgs) -> PyResult {
        super::call::call_with_dict(vm, obj, args.0.items(), Some(&kwargs.0))
    }
    /// Return 'a == b'.
    ///
    /// This function uses an approach designed to prevent
    /// timing analysis, making it appropriate for cryptography.
    ///
    /// a and b must both be of the same type: either str (ASCII only),
    /// or any bytes-like object.
    ///
    /// Note: If a and b are of different lengths, or if an error occurs,
    /// a timing attack could theoretically reveal information about the
    /// types and lengths of a and b--but not their values.
    #[pyfunction]
    fn _compare_digest(vm: &Vm, a: &Value, b: &Value) -> PyResult<bool> {
        crate::support::compare_digest(vm, a, b)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        module.add_type(vm, vm.type_object::<getters::ItemGetter>());
        module.add_type(vm, vm.type_object::<getters::AttrGetter>());
        module.add_type(vm, vm.type_object::<getters::MethodCaller>());
        Ok(())
    }
}

/// The one positional argument of a getter's call.
fn only_argument<'a>(vm: &Vm, args: CallArgs<'a>, name: &str) -> PyResult<&'a Value> {
    if args.keyword_count() > 0 {
        return Err(vm.type_error(format!("{name}() takes no keyword arguments")));
    }
    match args.args() {
        [one] => Ok(one),
        other => Err(vm.type_error(format!("{name} expected 1 argument, got {}", other.len()))),
    }
}
