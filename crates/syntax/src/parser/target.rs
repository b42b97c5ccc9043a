//! Targets: expressions that stand where something is bound or deleted.

use super::{Parse, Parser};
use crate::ast::{Attribute, Constant, Expr, ExprContext, ExprKind, Sequence, Starred, Subscript};
use crate::lexer::token::{Tok, prec};

/// The construct a target belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetOf {
    /// `=`, `with ... as`
    Assignment,
    /// `for`
    For,
    /// `del`
    Del,
}

/// What CPython's messages call an expression.
pub(super) fn expr_name(expr: &Expr) -> &'static str {
    match &expr.kind {
        ExprKind::Attribute(_) => "attribute",
        ExprKind::Subscript(_) => "subscript",
        ExprKind::Starred(_) => "starred",
        ExprKind::Name { .. } => "name",
        ExprKind::List(_) => "list",
        ExprKind::Tuple(_) => "tuple",
        ExprKind::Lambda(_) => "lambda",
        ExprKind::Call(_) => "function call",
        ExprKind::BoolOp(_) | ExprKind::BinOp(_) | ExprKind::UnaryOp(_) => "expression",
        ExprKind::GeneratorExp(_) => "generator expression",
        ExprKind::Yield(_) | ExprKind::YieldFrom(_) => "yield expression",
        ExprKind::Await(_) => "await expression",
        ExprKind::ListComp(_) => "list comprehension",
        ExprKind::SetComp(_) => "set comprehension",
        ExprKind::DictComp(_) => "dict comprehension",
        ExprKind::Dict(_) => "dict literal",
        ExprKind::Set(_) => "set display",
        ExprKind::JoinedStr(_) | ExprKind::FormattedValue(_) => "f-string expression",
        ExprKind::TemplateStr(_) | ExprKind::Interpolation(_) => "t-string expression",
        ExprKind::Constant(Constant::None) => "None",
        ExprKind::Constant(Constant::Bool(true)) => "True",
        ExprKind::Constant(Constant::Bool(false)) => "False",
        ExprKind::Constant(Constant::Ellipsis) => "ellipsis",
        ExprKind::Constant(_) | ExprKind::FrozenSet(_) => "literal",
        ExprKind::Compare(_) => "comparison",
        ExprKind::IfExp(_) => "conditional expression",
        ExprKind::NamedExpr(_) => "named expression",
        ExprKind::Slice(_) => "slice",
    }
}

/// The innermost part of `expr` that cannot be a target, if there is one.
pub(super) fn invalid_target<'a>(expr: &'a Expr<'a>, of: TargetOf) -> Option<&'a Expr<'a>> {
    match &expr.kind {
        ExprKind::List(node) | ExprKind::Tuple(node) => {
            node.elts.iter().find_map(|item| invalid_target(item, of))
        }
        ExprKind::Starred(node) => {
            if of == TargetOf::Del {
                Some(expr)
            } else {
                invalid_target(&node.value, of)
            }
        }
        // `for (x in y)`: the comparison was read too far.
        ExprKind::Compare(node) if of == TargetOf::For => {
            if node.ops.first() == Some(&crate::ast::CmpOp::In) {
                invalid_target(&node.left, of)
            } else {
                None
            }
        }
        ExprKind::Name { .. } | ExprKind::Subscript(_) | ExprKind::Attribute(_) => None,
        _ => Some(expr),
    }
}

impl<'a> Parser<'_, 'a> {
    /// Makes a target of an expression: sets the context, or says what cannot be one.
    pub(super) fn make_target(
        &mut self,
        expr: &mut Expr<'a>,
        ctx: ExprContext,
        of: TargetOf,
    ) -> Parse<()> {
        if self.set_context(expr, ctx) {
            return Ok(());
        }
        self.target_error(expr, of)
    }

    /// Sets the context of a target and its parts, which are made anew; false if something in it
    /// cannot be one.
    fn set_context(&mut self, expr: &mut Expr<'a>, ctx: ExprContext) -> bool {
        let deletes = ctx == ExprContext::Del;
        let modern = self.level.is_modern();
        let arena = self.arena;
        match expr.kind {
            ExprKind::Name { id, .. } => {
                expr.kind = ExprKind::Name { id, ctx };
                modern || deletes || self.pool.name_bytes(id) != b"__debug__"
            }
            ExprKind::Attribute(node) => {
                expr.kind = ExprKind::Attribute(arena.node(Attribute { ctx, ..*node }));
                modern || deletes || self.pool.name_bytes(node.attr) != b"__debug__"
            }
            ExprKind::Subscript(node) => {
                expr.kind = ExprKind::Subscript(arena.node(Subscript { ctx, ..*node }));
                true
            }
            ExprKind::Starred(node) => {
                let mut value = node.value;
                let twice = modern && matches!(value.kind, ExprKind::Starred(_));
                let fine = !deletes && !twice && self.set_context(&mut value, ctx);
                expr.kind = ExprKind::Starred(arena.node(Starred { value, ctx }));
                fine
            }
            ExprKind::List(node) => {
                let (node, fine) = self.set_contexts(node, ctx);
                expr.kind = ExprKind::List(node);
                fine
            }
            ExprKind::Tuple(node) => {
                let (node, fine) = self.set_contexts(node, ctx);
                expr.kind = ExprKind::Tuple(node);
                fine
            }
            _ => false,
        }
    }

    fn set_contexts(&mut self, node: &Sequence<'a>, ctx: ExprContext) -> (&'a Sequence<'a>, bool) {
        let base = self.exprs.len();
        let mut fine = true;
        for mut item in node.elts.iter().copied() {
            fine = fine && self.set_context(&mut item, ctx);
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        (self.arena.node(Sequence { elts, ctx }), fine)
    }

    #[cold]
    fn target_error(&mut self, expr: &Expr, of: TargetOf) -> Parse<()> {
        if self.at(Tok::Error) {
            return self.unexpected();
        }
        let Some(bad) = invalid_target(expr, of) else {
            if self.level.is_modern() {
                return self.unexpected();
            }
            return self.fail_expr("assignment to keyword", expr);
        };
        let verb = if of == TargetOf::Del { "delete" } else { "assign to" };
        self.fail_expr(format!("cannot {verb} {}", expr_name(bad)), bad)
    }

    /// The target after `for`, up to `in`.
    pub(super) fn for_target(&mut self, comprehension: bool) -> Parse<Expr<'a>> {
        if self.asks() {
            self.check_for_target(comprehension)?;
        }
        let mark = self.mark();
        let first = self.for_target_item()?;
        let mut target = if self.at(Tok::Comma) {
            // In 3.6 the tuple has the line of its first element, whatever brackets that has.
            let lineno = if self.level.is_modern() { mark.lineno } else { first.lineno };
            let base = self.exprs.len();
            self.exprs.push(first);
            while self.eat(Tok::Comma) {
                if self.at(Tok::In) {
                    break;
                }
                let item = self.for_target_item()?;
                self.exprs.push(item);
            }
            let elts = self.take_exprs(base);
            let tuple = Sequence { elts, ctx: ExprContext::Store };
            let mark = super::Mark { lineno, ..mark };
            self.expr(mark, ExprKind::Tuple(self.arena.node(tuple)))
        } else {
            first
        };
        self.make_target(&mut target, ExprContext::Store, TargetOf::For)?;
        Ok(target)
    }

    fn for_target_item(&mut self) -> Parse<Expr<'a>> {
        if self.at(Tok::Star) { self.starred(prec::BIT_OR) } else { self.primary() }
    }

    /// What is wrong with the targets of a `for`: no `in` after them, or no targets.
    #[cold]
    fn check_for_target(&mut self, comprehension: bool) -> Parse<()> {
        let checkpoint = self.checkpoint();
        let quiet = std::mem::replace(&mut self.quiet, true);
        let target = self.for_target(comprehension);
        self.quiet = quiet;
        let found_in = self.at(Tok::In);
        if self.at(Tok::Error) {
            return self.unexpected();
        }
        self.rewind(checkpoint);
        if target.is_ok() && found_in {
            return Ok(());
        }
        let checkpoint = self.checkpoint();
        let items = self.attempt(true, |parser| {
            parser.binary(prec::BIT_OR)?;
            while parser.eat(Tok::Comma) && !parser.at(Tok::In) {
                parser.binary(prec::BIT_OR)?;
            }
            Ok(())
        })?;
        if items.is_some() && comprehension && !self.at(Tok::In) {
            return self.fail_here("'in' expected after for-loop variables");
        }
        self.rewind(checkpoint);
        self.check_targets(TargetOf::For)
    }

    /// Level 3.6 refuses to bind `__debug__` already here.
    pub(super) fn check_assignable_name(&mut self) -> Parse<()> {
        if !self.level.is_modern() && self.at_word(b"__debug__") {
            return self.fail_here("assignment to keyword");
        }
        Ok(())
    }
}
