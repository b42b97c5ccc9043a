//! Simple statements, and which statement begins with which token.

use super::target::TargetOf;
use super::{Mark, Parse, Parser};
use crate::ast::{
    AnnAssign, Assert, Assign, AugAssign, Delete, Expr, ExprContext, ExprKind, Names, Raise, Stmt,
    StmtKind, TypeAlias,
};
use crate::lexer::token::{Tok, prec};
use crate::pool::Symbol;

impl<'a> Parser<'_, 'a> {
    /// One compound statement, or one line of simple statements; they go to the scratch stack.
    /// Tells whether it was a compound one.
    pub(super) fn statement(&mut self) -> Parse<bool> {
        match self.tok.kind {
            Tok::If => self.if_stmt()?,
            Tok::Def => self.function_def(None, self.mark())?,
            Tok::For => self.for_stmt(None)?,
            Tok::With => self.with_stmt(None)?,
            Tok::Try => self.try_stmt()?,
            Tok::Class => self.class_def(self.mark(), &[])?,
            Tok::At => self.decorated()?,
            Tok::While => self.while_stmt()?,
            Tok::Async => self.async_stmt()?,
            Tok::Name if self.may_be_match() => {
                if !self.match_stmt()? {
                    self.simple_stmts()?;
                    return Ok(false);
                }
            }
            _ => {
                self.simple_stmts()?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn push_stmt(&mut self, mark: Mark, kind: StmtKind<'a>) {
        self.push_stmt_at(mark, mark.lineno, kind);
    }

    /// A statement whose level 3.6 line is not that of its first token.
    pub(super) fn push_stmt_at(&mut self, mark: Mark, lineno: u32, kind: StmtKind<'a>) {
        let lineno = if self.level.is_modern() { mark.pos.line } else { lineno };
        let span = self.span(mark.pos);
        self.stmts.push(Stmt { span, lineno, kind });
    }

    /// A line of simple statements, its NEWLINE included.
    pub(super) fn simple_stmts(&mut self) -> Parse<()> {
        loop {
            self.simple_stmt()?;
            if self.at(Tok::Newline) {
                break;
            }
            if !self.at(Tok::Semi) {
                return self.after_statement();
            }
            self.advance();
            if self.at(Tok::Newline) {
                break;
            }
        }
        self.skip_layout();
        Ok(())
    }

    pub(super) fn simple_stmt(&mut self) -> Parse<()> {
        let mark = self.mark();
        if self.asks() && matches!(self.tok.kind, Tok::Pass | Tok::Break | Tok::Continue) {
            self.statement_before_if()?;
        }
        let alias = self.at(Tok::Name) && self.at_type_alias();
        let kind = match self.tok.kind {
            Tok::Return => {
                self.advance();
                let value = if self.at_statement_end() {
                    None
                } else {
                    Some(self.arena.node(self.value_list()?))
                };
                StmtKind::Return(value)
            }
            Tok::Import => self.import_stmt()?,
            Tok::From => self.import_from_stmt()?,
            Tok::Raise => self.raise_stmt()?,
            Tok::Pass => self.word(StmtKind::Pass),
            Tok::Break => self.word(StmtKind::Break),
            Tok::Continue => self.word(StmtKind::Continue),
            Tok::Del => self.del_stmt()?,
            Tok::Assert => self.assert_stmt()?,
            Tok::Global => StmtKind::Global(self.names()?),
            Tok::Nonlocal => StmtKind::Nonlocal(self.names()?),
            Tok::Name if alias => self.type_alias()?,
            _ => self.expr_stmt(mark)?,
        };
        self.push_stmt(mark, kind);
        Ok(())
    }

    fn word(&mut self, kind: StmtKind<'a>) -> StmtKind<'a> {
        self.advance();
        kind
    }

    fn at_statement_end(&self) -> bool {
        matches!(self.tok.kind, Tok::Newline | Tok::Semi | Tok::EndMarker)
    }

    fn raise_stmt(&mut self) -> Parse<StmtKind<'a>> {
        self.advance();
        let (mut exc, mut cause) = (None, None);
        if !self.at_statement_end() {
            exc = Some(self.expression()?);
            if self.eat(Tok::From) {
                cause = Some(self.expression()?);
            }
        }
        Ok(StmtKind::Raise(self.arena.node(Raise { exc, cause })))
    }

    fn assert_stmt(&mut self) -> Parse<StmtKind<'a>> {
        self.advance();
        let test = self.expression()?;
        let msg = if self.eat(Tok::Comma) { Some(self.expression()?) } else { None };
        Ok(StmtKind::Assert(self.arena.node(Assert { test, msg })))
    }

    fn names(&mut self) -> Parse<&'a Names<'a>> {
        self.advance();
        let mut names: Vec<Symbol> = Vec::with_capacity(1);
        loop {
            names.push(self.name()?);
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        Ok(self.arena.node(Names { names: self.arena.list(&names) }))
    }

    fn del_stmt(&mut self) -> Parse<StmtKind<'a>> {
        self.advance();
        if self.asks() {
            self.check_targets(TargetOf::Del)?;
        }
        let base = self.exprs.len();
        loop {
            let mut target =
                if self.at(Tok::Star) { self.starred(prec::BIT_OR)? } else { self.primary()? };
            self.make_target(&mut target, ExprContext::Del, TargetOf::Del)?;
            self.exprs.push(target);
            if !self.eat(Tok::Comma) || self.at_statement_end() {
                break;
            }
        }
        let targets = self.take_exprs(base);
        Ok(StmtKind::Delete(self.arena.node(Delete { targets })))
    }

    /// True if the name here is the soft keyword `type` before a name (PEP 695).
    fn at_type_alias(&mut self) -> bool {
        self.level.is_modern() && self.at_word(b"type") && self.peek().kind == Tok::Name
    }

    fn type_alias(&mut self) -> Parse<StmtKind<'a>> {
        if self.asks() {
            self.attempt(false, Self::star_expressions)?;
        }
        self.since(12, "Type statement is")?;
        self.advance();
        let mark = self.mark();
        let id = self.name()?;
        let name = self.expr(mark, ExprKind::Name { id, ctx: ExprContext::Store });
        let type_params = self.type_params()?;
        self.expect(Tok::Equal)?;
        let value = self.expression()?;
        Ok(StmtKind::TypeAlias(self.arena.node(TypeAlias { name, type_params, value })))
    }

    /// An expression, an assignment of any kind, or an annotation.
    fn expr_stmt(&mut self, mark: Mark) -> Parse<StmtKind<'a>> {
        let first = self.yield_or(Self::star_expressions)?;
        match self.tok.kind {
            Tok::Newline | Tok::Semi => Ok(StmtKind::Expr(self.arena.node(first))),
            Tok::Equal => self.assignment(mark, first),
            Tok::Colon => self.annotated(mark, first),
            kind if kind.is_augmented() => self.augmented(first),
            Tok::ColonEqual if self.asks() => self.statement_walrus(mark, first),
            _ => Ok(StmtKind::Expr(self.arena.node(first))),
        }
    }

    fn assignment(&mut self, mark: Mark, first: Expr<'a>) -> Parse<StmtKind<'a>> {
        let base = self.exprs.len();
        let mut value = first;
        let mut value_mark = mark;
        while self.at(Tok::Equal) {
            if self.asks() {
                self.check_assignment(value_mark, &value, self.exprs.len() == base)?;
            }
            self.make_target(&mut value, ExprContext::Store, TargetOf::Assignment)?;
            self.exprs.push(value);
            self.advance();
            value_mark = self.mark();
            value = self.yield_or(Self::star_expressions)?;
        }
        let targets = self.take_exprs(base);
        Ok(StmtKind::Assign(self.arena.node(Assign { targets, value })))
    }

    fn augmented(&mut self, mut target: Expr<'a>) -> Parse<StmtKind<'a>> {
        match &target.kind {
            ExprKind::Name { .. } | ExprKind::Attribute(_) | ExprKind::Subscript(_) => {}
            _ => return self.augmented_target_error(&target),
        }
        self.make_target(&mut target, ExprContext::Store, TargetOf::Assignment)?;
        let Some(op) = self.tok.kind.operator() else { return self.unexpected() };
        self.advance();
        let value = self.yield_or(Self::value_list)?;
        Ok(StmtKind::AugAssign(self.arena.node(AugAssign { target, op, value })))
    }

    fn annotated(&mut self, mark: Mark, mut target: Expr<'a>) -> Parse<StmtKind<'a>> {
        let bare = target.span.start == mark.pos;
        let simple = bare && matches!(target.kind, ExprKind::Name { .. });
        match &target.kind {
            ExprKind::Name { .. } | ExprKind::Attribute(_) | ExprKind::Subscript(_) => {}
            _ => return self.annotation_target_error(mark, &target),
        }
        self.make_target(&mut target, ExprContext::Store, TargetOf::Assignment)?;
        self.advance();
        let annotation = self.expression()?;
        let value = if self.eat(Tok::Equal) {
            // Tuples without brackets and `yield` came with 3.8 (bpo-32117).
            Some(if self.level.is_modern() {
                self.yield_or(Self::star_expressions)?
            } else {
                self.expression()?
            })
        } else {
            None
        };
        let node = AnnAssign { target, annotation, value, simple };
        Ok(StmtKind::AnnAssign(self.arena.node(node)))
    }

    #[cold]
    fn check_assignment(&mut self, mark: Mark, target: &Expr, first: bool) -> Parse<()> {
        if super::target::invalid_target(target, TargetOf::Assignment).is_some() {
            return self.bad_assignment(mark, target, first);
        }
        Ok(())
    }

    #[cold]
    fn augmented_target_error<T>(&mut self, target: &Expr) -> Parse<T> {
        if !self.asks() && self.level.is_modern() {
            return self.unexpected();
        }
        let value = self.attempt(false, |parser| {
            parser.advance();
            parser.yield_or(Self::value_list)
        })?;
        if value.is_none() {
            return self.unexpected();
        }
        let name = super::target::expr_name(target);
        let message = format!("'{name}' is an illegal expression for augmented assignment");
        self.fail_expr(message, target)
    }

    #[cold]
    fn annotation_target_error<T>(&mut self, mark: Mark, target: &Expr) -> Parse<T> {
        if !self.asks() && self.level.is_modern() {
            return self.unexpected();
        }
        let annotation = self.attempt(false, |parser| {
            parser.advance();
            parser.expression()
        })?;
        if annotation.is_none() {
            return self.unexpected();
        }
        let mut target = target;
        let message = match &target.kind {
            ExprKind::Yield(_) | ExprKind::YieldFrom(_) if target.span.start == mark.pos => {
                return self.unexpected();
            }
            ExprKind::Tuple(node) => {
                // Of a tuple without brackets the first item is blamed.
                if let Some(first) = node.elts.first()
                    && first.span.start == mark.pos
                {
                    target = first;
                }
                "only single target (not tuple) can be annotated"
            }
            ExprKind::List(_) => "only single target (not list) can be annotated",
            _ => "illegal target for annotation",
        };
        self.fail_expr(message, target)
    }

    /// `x.y := z` as a statement.
    #[cold]
    fn statement_walrus(&mut self, mark: Mark, target: Expr<'a>) -> Parse<StmtKind<'a>> {
        let bare = target.span.start == mark.pos;
        let tuple = matches!(&target.kind, ExprKind::Tuple(node)
            if node.elts.first().is_some_and(|item| item.span.start == mark.pos));
        if tuple || bare && matches!(target.kind, ExprKind::Name { .. } | ExprKind::Yield(_)) {
            return self.unexpected();
        }
        self.walrus(mark, target).map(|expr| StmtKind::Expr(self.arena.node(expr)))
    }

    #[cold]
    fn after_statement(&mut self) -> Parse<()> {
        self.unexpected()
    }
}
