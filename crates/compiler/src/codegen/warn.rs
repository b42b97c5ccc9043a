//! Warnings about code that is valid and surely not meant (3.8 and later).

use adder_syntax::ast::*;
use adder_syntax::{Warning, WarningKind};

use super::Compiler;

impl Compiler<'_> {
    pub(super) fn warn(&mut self, message: impl Into<String>, span: Span) {
        self.warnings.push(Warning { kind: WarningKind::Syntax, message: message.into(), span });
    }

    /// `x is 1`.
    pub(super) fn check_compare(&mut self, node: &Compare) {
        if !self.modern {
            return;
        }
        let mut left = &node.left;
        for (op, right) in node.ops.iter().zip(node.comparators) {
            let literal = literal_type(left).or_else(|| literal_type(right));
            if let (CmpOp::Is | CmpOp::IsNot, Some(name)) = (op, literal) {
                let (operator, other) = match op {
                    CmpOp::Is => ("is", "=="),
                    _ => ("is not", "!="),
                };
                let message =
                    format!("\"{operator}\" with '{name}' literal. Did you mean \"{other}\"?");
                self.warn(message, self.u.span);
            }
            left = right;
        }
    }

    /// `1()`, `None[0]`, `"abc"["d"]`.
    pub(super) fn check_operand(&mut self, expr: &Expr) {
        const COMMA: &str = "perhaps you missed a comma?";
        match &expr.kind {
            ExprKind::Call(node) => {
                if let Some(name) = uncallable(&node.func) {
                    self.warn(format!("'{name}' object is not callable; {COMMA}"), expr.span);
                }
            }
            ExprKind::Subscript(node) if node.ctx == ExprContext::Load => {
                if let Some(name) = unsubscriptable(&node.value) {
                    self.warn(format!("'{name}' object is not subscriptable; {COMMA}"), expr.span);
                } else if let (Some(value), Some(index)) =
                    (sequence(&node.value), not_an_index(&node.slice))
                {
                    let message =
                        format!("{value} indices must be integers or slices, not {index}; {COMMA}");
                    self.warn(message, expr.span);
                }
            }
            _ => {}
        }
    }
}

/// The type of a constant of which there may be several equal ones.
fn literal_type(expr: &Expr) -> Option<&'static str> {
    match &expr.kind {
        ExprKind::Constant(Constant::None | Constant::Bool(_) | Constant::Ellipsis) => None,
        ExprKind::Tuple(node)
            if node.elts.iter().all(|elt| matches!(elt.kind, ExprKind::Constant(_))) =>
        {
            Some("tuple")
        }
        ExprKind::Constant(value) => Some(type_name(value)),
        _ => None,
    }
}

fn type_name(value: &Constant) -> &'static str {
    match value {
        Constant::None => "NoneType",
        Constant::Bool(_) => "bool",
        Constant::Ellipsis => "ellipsis",
        Constant::Str { .. } => "str",
        Constant::Bytes(_) => "bytes",
        Constant::Int(_) | Constant::BigInt { .. } => "int",
        Constant::Float(_) => "float",
        Constant::Imaginary(_) => "complex",
    }
}

fn uncallable(expr: &Expr) -> Option<&'static str> {
    Some(match &expr.kind {
        ExprKind::Constant(value) => type_name(value),
        ExprKind::Tuple(_) => "tuple",
        ExprKind::List(_) | ExprKind::ListComp(_) => "list",
        ExprKind::Dict(_) | ExprKind::DictComp(_) => "dict",
        ExprKind::Set(_) | ExprKind::SetComp(_) => "set",
        ExprKind::GeneratorExp(_) => "generator",
        ExprKind::JoinedStr(_) | ExprKind::FormattedValue(_) => "str",
        ExprKind::TemplateStr(_) => "string.templatelib.Template",
        ExprKind::Interpolation(_) => "string.templatelib.Interpolation",
        _ => return None,
    })
}

fn unsubscriptable(expr: &Expr) -> Option<&'static str> {
    Some(match &expr.kind {
        ExprKind::Constant(Constant::Str { .. } | Constant::Bytes(_)) => return None,
        ExprKind::Constant(value) => type_name(value),
        ExprKind::Set(_) | ExprKind::SetComp(_) => "set",
        ExprKind::GeneratorExp(_) => "generator",
        ExprKind::Lambda(_) => "function",
        ExprKind::TemplateStr(_) => "string.templatelib.Template",
        ExprKind::Interpolation(_) => "string.templatelib.Interpolation",
        _ => return None,
    })
}

fn sequence(expr: &Expr) -> Option<&'static str> {
    Some(match &expr.kind {
        ExprKind::Constant(value @ (Constant::Str { .. } | Constant::Bytes(_))) => type_name(value),
        ExprKind::Tuple(_) => "tuple",
        ExprKind::List(_) | ExprKind::ListComp(_) => "list",
        ExprKind::JoinedStr(_) | ExprKind::FormattedValue(_) => "str",
        _ => return None,
    })
}

fn not_an_index(expr: &Expr) -> Option<&'static str> {
    match &expr.kind {
        ExprKind::Constant(Constant::Int(_) | Constant::BigInt { .. } | Constant::Bool(_)) => None,
        ExprKind::Lambda(_) => Some("function"),
        _ => uncallable(expr),
    }
}
