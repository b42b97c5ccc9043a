//! Constants in nodes: the values of `Constant`, `MatchSingleton` and `Interpolation`, and the numbers
//! that stand for conversions.

use super::convert::{Convert, Place, Reader, Writer, integer};
use adder_bigint::Int;
use adder_syntax::Text;
use adder_syntax::ast::{
    BinOp, Constant, Conversion, Expr, ExprContext, ExprKind, Operator, Sequence, Span, UnaryOp,
    UnaryOperator,
};
use adder_vm::Value;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::complex::ComplexObj;
use adder_vm::objects::int;
use adder_vm::objects::set::{Set, frozenset_type};
use adder_vm::objects::str_::{Str, builder};
use adder_vm::objects::tuple::Tuple;
use adder_vm::protocol::{iter, number, object};
use adder_vm::runtime::errors::PyResult;

/// A constant's value.
pub fn to_python(w: &Writer<'_>, constant: &Constant) -> PyResult {
    Ok(match constant {
        Constant::None => Value::NONE,
        Constant::Bool(value) => Value::bool(*value),
        Constant::Ellipsis => Value::ELLIPSIS,
        Constant::Str { value, .. } => builder::from_wtf8(w.pool.text(*value)).into(),
        Constant::Bytes(value) => Bytes::from_slice(w.pool.text(*value)).into(),
        Constant::Int(value) => int::from_int(Int::from(*value)),
        Constant::BigInt { radix, digits } => {
            let digits = std::str::from_utf8(w.pool.text(*digits)).unwrap_or_default();
            match Int::from_str_radix(digits, u32::from(*radix)) {
                Some(value) => int::from_int(value),
                None => return Err(w.vm.system_error("bad digits in a tree")),
            }
        }
        Constant::Float(value) => Value::float(*value),
        Constant::Imaginary(value) => ComplexObj::new_value(0.0, *value),
    })
}

/// The value of a constant set, or of what may be in one.
pub fn fixed(w: &Writer<'_>, expr: &Expr) -> PyResult {
    let all = |elts: &[Expr]| elts.iter().map(|elt| fixed(w, elt)).collect::<PyResult<Vec<_>>>();
    Ok(match &expr.kind {
        ExprKind::Constant(value) => to_python(w, value)?,
        ExprKind::Tuple(node) => Tuple::from_vec(all(node.elts)?).into(),
        ExprKind::FrozenSet(node) => Set::frozen_from(w.vm, &all(node.elts)?),
        ExprKind::UnaryOp(node) => number::negative(w.vm, &fixed(w, &node.operand)?)?,
        ExprKind::BinOp(node) => {
            let (left, right) = (fixed(w, &node.left)?, fixed(w, &node.right)?);
            number::binary(w.vm, &left, &right, number::BinOp::Add)?
        }
        _ => return Err(w.vm.system_error("no constant in a constant set")),
    })
}

/// `kind`: 'u' for a string written with that prefix.
pub fn prefix(w: &Writer<'_>, constant: &Constant) -> PyResult {
    Ok(match constant {
        Constant::Str { u: true, .. } => w.vm.str("u"),
        _ => Value::NONE,
    })
}

/// A `Constant` node as an expression: most are constants of the tree; numbers below zero, complex
/// ones with a real part and tuples are the expressions that fold to them.
pub fn read<'a>(r: &mut Reader<'a>, node: &Value, span: Span) -> PyResult<ExprKind<'a>> {
    let vm = r.vm;
    let Some(value) = object::lookup_attr(vm, node, &vm.intern("value"))? else {
        return Err(vm.type_error("required field \"value\" missing from Constant"));
    };
    let kind = object::lookup_attr(vm, node, &vm.intern("kind"))?.unwrap_or(Value::NONE);
    let u = match kind.downcast::<Str>() {
        Some(text) => text.is_str("u"),
        None if kind.is_none() => false,
        None => return Err(vm.type_error("AST string must be of type str")),
    };
    value_expr(r, &value, u, span)
}

fn value_expr<'a>(
    r: &mut Reader<'a>,
    value: &Value,
    u: bool,
    span: Span,
) -> PyResult<ExprKind<'a>> {
    r.vm.check_stack()?;
    let expr = |kind: ExprKind<'a>| Expr { span, lineno: span.start.line, kind };
    if let Some(constant) = plain(r, value, u) {
        return Ok(ExprKind::Constant(constant));
    }
    if value.is_exact_int() {
        let positive = number::negative(r.vm, value)?;
        let operand = expr(value_expr(r, &positive, false, span)?);
        return Ok(ExprKind::UnaryOp(r.arena.node(UnaryOp { op: UnaryOperator::USub, operand })));
    }
    if let Some(complex) = value.downcast_exact::<ComplexObj>() {
        return Ok(ExprKind::BinOp(r.arena.node(BinOp {
            left: expr(ExprKind::Constant(Constant::Float(complex.real))),
            op: Operator::Add,
            right: expr(ExprKind::Constant(Constant::Imaginary(complex.imag))),
        })));
    }
    if let Some(tuple) = value.downcast_exact::<Tuple>() {
        let mut elts = Vec::new();
        for item in tuple.items() {
            elts.push(expr(value_expr(r, item, false, span)?));
        }
        return Ok(ExprKind::Tuple(
            r.arena.node(Sequence { elts: r.arena.list(&elts), ctx: ExprContext::Load }),
        ));
    }
    if value.ty().same(frozenset_type()) {
        let mut elts = Vec::new();
        for item in iter::collect(r.vm, value)? {
            elts.push(expr(value_expr(r, &item, false, span)?));
        }
        return Ok(ExprKind::FrozenSet(
            r.arena.node(adder_syntax::ast::Set { elts: r.arena.list(&elts) }),
        ));
    }
    Err(r.vm.type_error(format!("got an invalid type in Constant: {}", value.ty().name())))
}

/// A value that the tree has a constant for.
fn plain(r: &mut Reader<'_>, value: &Value, u: bool) -> Option<Constant> {
    if value.is_none() {
        return Some(Constant::None);
    }
    if let Some(value) = value.as_bool() {
        return Some(Constant::Bool(value));
    }
    if value.is_ellipsis() {
        return Some(Constant::Ellipsis);
    }
    if let Some(value) = value.as_float_word() {
        return Some(Constant::Float(value));
    }
    if let Some(text) = value.downcast_exact::<Str>() {
        return Some(Constant::Str { value: r.pool.store(&text.to_wtf8()), u });
    }
    if let Some(bytes) = value.downcast_exact::<Bytes>() {
        return Some(Constant::Bytes(r.pool.store(bytes.as_slice())));
    }
    if let Some(complex) = value.downcast_exact::<ComplexObj>() {
        let is_imaginary = complex.real == 0.0 && complex.real.is_sign_positive();
        return is_imaginary.then_some(Constant::Imaginary(complex.imag));
    }
    if !int::is_int(value) || int::is_negative(value) || !value.is_exact_int() {
        return None;
    }
    let number = int::to_int(value);
    Some(match number.words() {
        [] => Constant::Int(0),
        [small] => Constant::Int(*small),
        _ => {
            let digits = number.to_string_radix(16);
            Constant::BigInt { radix: 16, digits: r.pool.store(digits.as_bytes()) }
        }
    })
}

/// The value of a `MatchSingleton`.
pub fn read_singleton(r: &mut Reader<'_>, node: &Value) -> PyResult<Constant> {
    let vm = r.vm;
    match object::lookup_attr(vm, node, &vm.intern("value"))? {
        None => Err(vm.type_error("required field \"value\" missing from MatchSingleton")),
        Some(value) if value.is_none() => Ok(Constant::None),
        Some(value) => match value.as_bool() {
            Some(value) => Ok(Constant::Bool(value)),
            None => Err(vm.value_error("MatchSingleton can only contain True, False and None")),
        },
    }
}

impl Convert<'_> for Text {
    fn to_python(&self, w: &Writer<'_>) -> PyResult {
        Ok(builder::from_wtf8(w.pool.text(*self)).into())
    }
    fn from_python(r: &mut Reader<'_>, value: &Value, _place: Place) -> PyResult<Self> {
        match value.downcast::<Str>() {
            Some(text) => Ok(r.pool.store(&text.to_wtf8())),
            None => Err(r.vm.type_error("AST string must be of type str")),
        }
    }
}

impl Convert<'_> for Conversion {
    fn to_python(&self, _w: &Writer<'_>) -> PyResult {
        Ok(Value::int_unchecked(match self {
            Conversion::None => -1,
            Conversion::Str => i64::from(b's'),
            Conversion::Repr => i64::from(b'r'),
            Conversion::Ascii => i64::from(b'a'),
        }))
    }
    fn from_python(r: &mut Reader<'_>, value: &Value, _place: Place) -> PyResult<Self> {
        match integer(r.vm, value)? {
            -1 => Ok(Conversion::None),
            115 => Ok(Conversion::Str),
            114 => Ok(Conversion::Repr),
            97 => Ok(Conversion::Ascii),
            other => Err(r.vm.system_error(format!("Unrecognized conversion character {other}"))),
        }
    }
}
