//! `'...%s...' % (a, b)` as the f-string that means the same, in trees that are optimised.
//!
//! Only `%s`, `%r` and `%a` with a width and a precision mean the same in both. CPython's counterpart:
//! `optimize_format` of `Python/ast_preprocess.c`.

use super::convert::{Convert, Writer};
use adder_syntax::ast::{Constant, Expr, ExprKind, Operator, Span};
use adder_vm::Value;
use adder_vm::objects::list::List;
use adder_vm::objects::str_::builder::from_wtf8;
use adder_vm::runtime::errors::PyResult;

/// CPython reads so many digits of a width or precision.
const MAX_DIGITS: usize = 3;

enum Piece {
    Text(Vec<u8>),
    Field { conversion: u8, spec: String },
}

/// Digits at the front, and what follows; `None` if they are too many.
fn number(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    (digits <= MAX_DIGITS).then(|| text.split_at(digits))
}

fn decimal(digits: &[u8]) -> usize {
    digits.iter().fold(0, |n, digit| n * 10 + usize::from(digit - b'0'))
}

/// The pieces of a format; `None` if it has something that f-strings cannot say alike.
fn pieces(mut text: &[u8]) -> Option<Vec<Piece>> {
    let mut all = Vec::new();
    let mut literal = Vec::new();
    while let Some((&first, rest)) = text.split_first() {
        text = rest;
        if first != b'%' {
            literal.push(first);
            continue;
        }
        if let [b'%', rest @ ..] = text {
            literal.push(b'%');
            text = rest;
            continue;
        }
        let flags = text.iter().take_while(|b| b"-+ #0".contains(b)).count();
        let left = text[..flags].contains(&b'-');
        let (width, rest) = number(&text[flags..])?;
        let (precision, rest) = match rest {
            [b'.', rest @ ..] => number(rest).map(|(digits, rest)| (Some(digits), rest))?,
            _ => (None, rest),
        };
        let [conversion @ (b's' | b'r' | b'a'), rest @ ..] = rest else { return None };
        text = rest;
        let mut spec = String::new();
        if !width.is_empty() {
            let width = decimal(width);
            spec += if left || width == 0 { "" } else { ">" };
            spec += &width.to_string();
        }
        if let Some(digits) = precision {
            spec += &format!(".{}", decimal(digits));
        }
        if !literal.is_empty() {
            all.push(Piece::Text(std::mem::take(&mut literal)));
        }
        all.push(Piece::Field { conversion: *conversion, spec });
    }
    if !literal.is_empty() {
        all.push(Piece::Text(literal));
    }
    Some(all)
}

/// The node of the f-string, if the expression is such an operation.
pub fn folded(w: &Writer<'_>, expr: &Expr) -> PyResult<Option<Value>> {
    let ExprKind::BinOp(node) = &expr.kind else { return Ok(None) };
    let (ExprKind::Constant(Constant::Str { value, .. }), Operator::Mod, ExprKind::Tuple(tuple)) =
        (&node.left.kind, node.op, &node.right.kind)
    else {
        return Ok(None);
    };
    let starred = tuple.elts.iter().any(|elt| matches!(elt.kind, ExprKind::Starred(_)));
    let Some(pieces) = pieces(w.pool.text(*value)).filter(|_| !starred) else { return Ok(None) };
    let fields = pieces.iter().filter(|piece| matches!(piece, Piece::Field { .. })).count();
    if fields != tuple.elts.len() {
        return Ok(None);
    }
    let mut elts = tuple.elts.iter();
    let mut values = Vec::with_capacity(pieces.len());
    for piece in &pieces {
        values.push(match (piece, elts.as_slice()) {
            (Piece::Field { conversion, spec }, [elt, ..]) => {
                elts.next();
                w.node("FormattedValue", Some(elt.span), &mut |name| match name {
                    "value" => elt.to_python(w),
                    "conversion" => Ok(Value::int_unchecked(i64::from(*conversion))),
                    _ if spec.is_empty() => Ok(Value::NONE),
                    _ => text(w, elt.span, spec.as_bytes()),
                })?
            }
            (Piece::Text(literal), _) => text(w, node.left.span, literal)?,
            (Piece::Field { .. }, []) => return Ok(None),
        });
    }
    let values: Value = List::from_vec(values).into();
    w.node("JoinedStr", Some(expr.span), &mut |_| Ok(values.clone())).map(Some)
}

fn text(w: &Writer<'_>, span: Span, literal: &[u8]) -> PyResult {
    w.node("Constant", Some(span), &mut |name| match name {
        "value" => Ok(from_wtf8(literal).into()),
        _ => Ok(Value::NONE),
    })
}
