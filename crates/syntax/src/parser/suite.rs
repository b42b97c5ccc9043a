//! Compound statements and the blocks in them.

use super::target::TargetOf;
use super::{Mark, Parse, Parser};
use crate::ast::{
    Arguments, ClassDef, ExceptHandler, Expr, ExprContext, ExprKind, For, FunctionDef,
    FunctionType, If, List, Mod, Sequence, Stmt, StmtKind, Try, TypeParam, TypeParamKind, While,
    With, WithItem,
};
use crate::lexer::token::{Tok, prec};

/// What a block belongs to: how the message names it, and its line.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockOf {
    pub(super) what: &'static str,
    pub(super) line: u32,
}

/// One `if` or `elif` with its block.
struct Branch<'a> {
    mark: Mark,
    lineno: u32,
    test: Expr<'a>,
    body: List<'a, Stmt<'a>>,
}

impl<'a> Parser<'_, 'a> {
    /// A colon and a block.
    pub(super) fn block(&mut self, of: BlockOf) -> Parse<List<'a, Stmt<'a>>> {
        if !self.at(Tok::Colon) {
            // Where the grammar forces the colon, and else if the line ends here.
            let forced = matches!(
                of.what,
                "'else' statement"
                    | "'try' statement"
                    | "'finally' statement"
                    | "function definition"
            );
            if forced || self.at(Tok::Newline) {
                return self.expected("':'");
            }
            return self.unexpected();
        }
        self.advance();
        self.block_body(of)
    }

    /// A block after its colon: a line of simple statements, or indented lines.
    pub(super) fn block_body(&mut self, of: BlockOf) -> Parse<List<'a, Stmt<'a>>> {
        let base = self.stmts.len();
        if !self.at(Tok::Newline) {
            self.simple_stmts()?;
            return Ok(self.take_stmts(base));
        }
        self.skip_layout();
        if !self.at(Tok::Indent) {
            let message =
                format!("expected an indented block after {} on line {}", of.what, of.line);
            return self.fail_indentation(message);
        }
        self.enter()?;
        self.skip_layout();
        while !matches!(self.tok.kind, Tok::Dedent) {
            self.statement()?;
        }
        self.skip_layout();
        self.leave();
        Ok(self.take_stmts(base))
    }

    /// What a block of the keyword at the current token belongs to.
    fn block_of(&self, what: &'static str) -> BlockOf {
        BlockOf { what, line: self.tok.start.line }
    }

    /// `if`, with its `elif`s in a loop, for there can be many.
    pub(super) fn if_stmt(&mut self) -> Parse<()> {
        let mut branches = Vec::new();
        let mut of = self.block_of("'if' statement");
        loop {
            let mark = self.mark();
            self.advance();
            // In 3.6 an `elif` has the line of its condition.
            let lineno = if branches.is_empty() { mark.lineno } else { self.mark().lineno };
            let test = self.named_expression()?;
            let body = self.block(of)?;
            let branch = Branch { mark, lineno, test, body };
            if self.at(Tok::Elif) {
                branches.push(branch);
                of = self.block_of("'elif' statement");
                continue;
            }
            let orelse = self.else_block()?;
            self.push_if(branch, orelse);
            break;
        }
        // The rest of the chain is what the one before does else.
        while let Some(branch) = branches.pop() {
            let Some(rest) = self.stmts.pop() else { break };
            self.push_if(branch, self.arena.node([rest]));
        }
        Ok(())
    }

    fn push_if(&mut self, branch: Branch<'a>, orelse: List<'a, Stmt<'a>>) {
        let Branch { mark, lineno, test, body } = branch;
        let node = self.arena.node(If { test, body, orelse });
        self.push_stmt_at(mark, lineno, StmtKind::If(node));
    }

    fn else_block(&mut self) -> Parse<List<'a, Stmt<'a>>> {
        if !self.at(Tok::Else) {
            return Ok(&[]);
        }
        let of = self.block_of("'else' statement");
        self.advance();
        self.block(of)
    }

    pub(super) fn while_stmt(&mut self) -> Parse<()> {
        let mark = self.mark();
        let of = self.block_of("'while' statement");
        self.advance();
        let test = self.named_expression()?;
        let body = self.block(of)?;
        let orelse = self.else_block()?;
        self.push_stmt(mark, StmtKind::While(self.arena.node(While { test, body, orelse })));
        Ok(())
    }

    /// `async` and the statement after it.
    pub(super) fn async_stmt(&mut self) -> Parse<()> {
        let mark = self.mark();
        self.advance();
        match self.tok.kind {
            Tok::Def => self.function_def(Some(mark), mark),
            Tok::For => self.for_stmt(Some(mark)),
            Tok::With => self.with_stmt(Some(mark)),
            _ => self.unexpected(),
        }
    }

    pub(super) fn for_stmt(&mut self, is_async: Option<Mark>) -> Parse<()> {
        let mark = is_async.unwrap_or_else(|| self.mark());
        let of = self.block_of("'for' statement");
        self.advance();
        let target = self.for_target(false)?;
        self.expect(Tok::In)?;
        let iter = self.value_list()?;
        let body = self.block(of)?;
        let orelse = self.else_block()?;
        let node = self.arena.node(For { target, iter, body, orelse });
        let kind = if is_async.is_some() { StmtKind::AsyncFor(node) } else { StmtKind::For(node) };
        self.push_stmt(mark, kind);
        Ok(())
    }

    pub(super) fn with_stmt(&mut self, is_async: Option<Mark>) -> Parse<()> {
        let mark = is_async.unwrap_or_else(|| self.mark());
        let of = self.block_of("'with' statement");
        self.advance();
        let items = self.with_items()?;
        let body = self.block(of)?;
        let node = self.arena.node(With { items, body });
        let kind =
            if is_async.is_some() { StmtKind::AsyncWith(node) } else { StmtKind::With(node) };
        self.push_stmt(mark, kind);
        Ok(())
    }

    /// The items after `with`: first, since 3.9 (bpo-12782), as a list in brackets; if that does
    /// not lead to the colon, without.
    fn with_items(&mut self) -> Parse<List<'a, WithItem<'a>>> {
        if self.at(Tok::LParen) && self.level.is_modern() {
            let checkpoint = self.checkpoint();
            if let Some(items) = self.attempt(true, Self::with_items_in_brackets)? {
                if self.at(Tok::Colon) || self.at(Tok::Newline) && self.asks() {
                    return Ok(items);
                }
                self.rewind(checkpoint);
            }
        }
        let mut items = Vec::with_capacity(1);
        loop {
            items.push(self.with_item()?);
            if !self.eat(Tok::Comma) {
                return Ok(self.arena.list(&items));
            }
        }
    }

    fn with_items_in_brackets(&mut self) -> Parse<List<'a, WithItem<'a>>> {
        self.advance();
        let mut items = Vec::new();
        loop {
            items.push(self.with_item()?);
            if !self.eat(Tok::Comma) || self.at(Tok::RParen) {
                break;
            }
        }
        self.expect(Tok::RParen)?;
        Ok(self.arena.list(&items))
    }

    fn with_item(&mut self) -> Parse<WithItem<'a>> {
        let context_expr = self.expression()?;
        let mut optional_vars = None;
        if self.eat(Tok::As) {
            let mut target = if self.at(Tok::Star) && self.level.is_modern() {
                self.starred(prec::BIT_OR)?
            } else {
                self.binary(prec::BIT_OR)?
            };
            self.make_target(&mut target, ExprContext::Store, TargetOf::Assignment)?;
            optional_vars = Some(target);
        }
        Ok(WithItem { context_expr, optional_vars })
    }

    pub(super) fn try_stmt(&mut self) -> Parse<()> {
        let mark = self.mark();
        let of = self.block_of("'try' statement");
        self.advance();
        let body = self.block(of)?;
        let mut handlers = Vec::new();
        let mut star = None;
        while self.at(Tok::Except) {
            let (handler, is_star) = self.except_clause(star)?;
            star = Some(is_star);
            handlers.push(handler);
        }
        let orelse = if handlers.is_empty() { &[] } else { self.else_block()? };
        let mut finalbody: List<_> = &[];
        if self.at(Tok::Finally) {
            let of = self.block_of("'finally' statement");
            self.advance();
            finalbody = self.block(of)?;
        } else if handlers.is_empty() {
            return self.missing_handler();
        }
        let node = Try { body, handlers: self.arena.list(&handlers), orelse, finalbody };
        let kind = if star == Some(true) { StmtKind::TryStar } else { StmtKind::Try };
        self.push_stmt(mark, kind(self.arena.node(node)));
        Ok(())
    }

    /// One `except` or `except*`; `star` says which the ones before were.
    fn except_clause(&mut self, star: Option<bool>) -> Parse<(ExceptHandler<'a>, bool)> {
        let mark = self.mark();
        let line = mark.pos.line;
        self.advance();
        let is_star = self.level.is_modern() && self.eat(Tok::Star);
        if is_star {
            self.since(11, "Exception groups are")?;
        }
        if star.is_some_and(|star| star != is_star) {
            let message = "cannot have both 'except' and 'except*' on the same 'try'";
            return self.mixed_handlers(message, mark);
        }
        let what = if is_star { "'except*' statement" } else { "'except' statement" };
        let of = BlockOf { what, line };
        let (mut type_, mut name) = (None, None);
        if self.asks() && !is_star && self.at(Tok::Newline) {
            return self.expected("':'");
        }
        if is_star || !self.at(Tok::Colon) {
            if is_star && matches!(self.tok.kind, Tok::Colon | Tok::Newline) {
                return self.fail_here("expected one or more exception types");
            }
            type_ = Some(self.except_type()?);
            if self.eat(Tok::As) {
                self.check_assignable_name()?;
                if !self.at(Tok::Name) || self.asks() && self.peek().kind != Tok::Colon {
                    self.except_as_target(is_star)?;
                }
                name = Some(self.name()?);
            }
        }
        let body = self.block(of)?;
        Ok((ExceptHandler { span: self.span(mark.pos), type_, name, body }, is_star))
    }

    /// The exception types: an expression, or since 3.14 (PEP 758) several without brackets.
    fn except_type(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let first = self.expression()?;
        if !self.at(Tok::Comma) || !self.level.is_modern() {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Tok::Comma) {
            if self.at(Tok::Colon) {
                break;
            }
            let next = self.expression()?;
            self.exprs.push(next);
        }
        let elts = self.take_exprs(base);
        let tuple = Sequence { elts, ctx: ExprContext::Load };
        let types = self.expr(mark, ExprKind::Tuple(self.arena.node(tuple)));
        if self.at(Tok::As) {
            let start = types.span.start;
            self.advance();
            self.name()?;
            self.check_at(Tok::Colon)?;
            let message = "multiple exception types must be parenthesized when using 'as'";
            return self.fail_from(message, start);
        }
        Ok(types)
    }

    /// Decorators and what they decorate.
    pub(super) fn decorated(&mut self) -> Parse<()> {
        let first = self.mark();
        let base = self.exprs.len();
        while self.at(Tok::At) {
            self.advance();
            let decorator =
                if self.level.is_modern() { self.named_expression()? } else { self.decorator36()? };
            self.exprs.push(decorator);
            if !self.at(Tok::Newline) {
                return self.unexpected();
            }
            self.skip_layout();
        }
        let decorators = self.take_exprs(base);
        match self.tok.kind {
            Tok::Class => self.class_def(first, decorators),
            Tok::Def => self.function_def_with(None, first, decorators),
            Tok::Async => {
                let mark = self.mark();
                self.advance();
                self.check_at(Tok::Def)?;
                self.function_def_with(Some(mark), first, decorators)
            }
            _ => self.unexpected(),
        }
    }

    /// 3.6's decorators: a dotted name and at most one call (relaxed by PEP 614).
    fn decorator36(&mut self) -> Parse<Expr<'a>> {
        let decorator = self.expression()?;
        let mut inner = match &decorator.kind {
            ExprKind::Call(call) => &call.func,
            _ => &decorator,
        };
        while let ExprKind::Attribute(node) = &inner.kind {
            inner = &node.value;
        }
        let start = inner.span.start;
        if matches!(inner.kind, ExprKind::Name { .. }) && start == decorator.span.start {
            return Ok(decorator);
        }
        self.fail_expr("invalid syntax", &decorator)
    }

    pub(super) fn function_def(&mut self, is_async: Option<Mark>, first: Mark) -> Parse<()> {
        self.function_def_with(is_async, first, &[])
    }

    /// A function; `def` is the current token. `first` is where it starts with its decorators,
    /// which is the line 3.6 gives it.
    fn function_def_with(
        &mut self,
        is_async: Option<Mark>,
        first: Mark,
        decorator_list: List<'a, Expr<'a>>,
    ) -> Parse<()> {
        let mark = is_async.unwrap_or_else(|| self.mark());
        let of = self.block_of("function definition");
        self.advance();
        self.check_assignable_name()?;
        let name = self.name()?;
        let type_params = if self.diagnose {
            self.attempt(true, Self::type_params)?.unwrap_or_default()
        } else {
            self.type_params()?
        };
        if !self.at(Tok::LParen) {
            return self.expected("'('");
        }
        self.advance();
        let args: Arguments = self.parameters(Tok::RParen)?;
        self.expect(Tok::RParen)?;
        let returns = if !self.at(Tok::Arrow) {
            None
        } else if self.diagnose {
            self.attempt(true, Self::returns)?
        } else {
            Some(self.returns()?)
        };
        let body = self.block(of)?;
        let node =
            self.arena.node(FunctionDef { name, args, body, decorator_list, returns, type_params });
        let kind = match is_async {
            Some(_) => StmtKind::AsyncFunctionDef(node),
            None => StmtKind::FunctionDef(node),
        };
        self.push_stmt_at(mark, first.lineno, kind);
        Ok(())
    }

    /// `-> expression`
    fn returns(&mut self) -> Parse<Expr<'a>> {
        self.advance();
        self.expression()
    }

    pub(super) fn class_def(
        &mut self,
        first: Mark,
        decorator_list: List<'a, Expr<'a>>,
    ) -> Parse<()> {
        let mark = self.mark();
        let of = self.block_of("class definition");
        self.advance();
        self.check_assignable_name()?;
        let name = self.name()?;
        let type_params = self.type_params()?;
        let open = self.mark();
        let arguments =
            if self.eat(Tok::LParen) { self.arguments(open, true)? } else { Default::default() };
        let body = self.block(of)?;
        let node = ClassDef {
            name,
            bases: arguments.args,
            keywords: arguments.keywords,
            body,
            decorator_list,
            type_params,
        };
        self.push_stmt_at(mark, first.lineno, StmtKind::ClassDef(self.arena.node(node)));
        Ok(())
    }

    /// `[T: bound = default, *Ts, **P]` (PEP 695, PEP 696), if it is there.
    pub(super) fn type_params(&mut self) -> Parse<List<'a, TypeParam<'a>>> {
        if !self.at(Tok::LBracket) || !self.level.is_modern() {
            return Ok(&[]);
        }
        self.since(12, "Type parameter lists are")?;
        self.advance();
        let mut params = Vec::new();
        if self.at(Tok::RBracket) {
            return self.fail_from("Type parameter list cannot be empty", self.tok.start);
        }
        loop {
            params.push(self.type_param()?);
            if !self.eat(Tok::Comma) || self.at(Tok::RBracket) {
                break;
            }
        }
        self.expect(Tok::RBracket)?;
        Ok(self.arena.list(&params))
    }

    fn type_param(&mut self) -> Parse<TypeParam<'a>> {
        let start = self.tok.start;
        let mut kind = match self.tok.kind {
            Tok::Star => TypeParamKind::TypeVarTuple,
            Tok::DoubleStar => TypeParamKind::ParamSpec,
            _ => TypeParamKind::TypeVar { bound: None },
        };
        if !matches!(kind, TypeParamKind::TypeVar { .. }) {
            self.advance();
        }
        let name = self.name()?;
        if self.at(Tok::Colon) {
            if !self.asks() && !matches!(kind, TypeParamKind::TypeVar { .. }) {
                return self.unexpected();
            }
            let colon = self.tok.start;
            self.advance();
            let value = self.expression()?;
            match &mut kind {
                TypeParamKind::TypeVar { bound } => *bound = Some(self.arena.node(value)),
                TypeParamKind::TypeVarTuple => {
                    return self.bound_error("TypeVarTuple", &value, colon);
                }
                TypeParamKind::ParamSpec => return self.bound_error("ParamSpec", &value, colon),
            }
        }
        let default = if self.eat(Tok::Equal) {
            self.since(13, "Type parameter defaults are")?;
            Some(match kind {
                TypeParamKind::TypeVarTuple if self.at(Tok::Star) => self.starred(prec::BIT_OR)?,
                _ => self.expression()?,
            })
        } else {
            None
        };
        Ok(TypeParam { span: self.span(start), name, kind, default })
    }

    /// `ast.parse(mode="func_type")`: `(int, *str, **Any) -> float`.
    pub(super) fn func_type(&mut self) -> Parse<Mod<'a>> {
        self.expect(Tok::LParen)?;
        let base = self.exprs.len();
        while !self.at(Tok::RParen) {
            if !self.eat(Tok::Star) {
                self.eat(Tok::DoubleStar);
            }
            let argument = self.expression()?;
            self.exprs.push(argument);
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        self.expect(Tok::RParen)?;
        let argtypes = self.take_exprs(base);
        self.expect(Tok::Arrow)?;
        let returns = self.expression()?;
        while self.at(Tok::Newline) {
            self.skip_layout();
        }
        self.check_at(Tok::EndMarker)?;
        Ok(Mod::FunctionType(self.arena.node(FunctionType { argtypes, returns })))
    }

    /// The error for a missing token that the grammar leaves no choice about.
    #[cold]
    pub(super) fn expected<T>(&mut self, what: &str) -> Parse<T> {
        if self.level.is_modern() {
            return self.fail_here(format!("expected {what}"));
        }
        self.unexpected()
    }

    #[cold]
    fn missing_handler(&mut self) -> Parse<()> {
        if self.level.is_modern() {
            return self.fail_here("expected 'except' or 'finally' block");
        }
        self.unexpected()
    }

    #[cold]
    fn mixed_handlers<T>(&mut self, message: &str, mark: Mark) -> Parse<T> {
        self.fail_at(message, mark.pos, self.prev_end)
    }

    #[cold]
    fn bound_error<T>(&mut self, what: &str, value: &Expr, colon: crate::ast::Pos) -> Parse<T> {
        let message = match value.kind {
            ExprKind::Tuple(_) => format!("cannot use constraints with {what}"),
            _ => format!("cannot use bound with {what}"),
        };
        self.fail_from(message, colon)
    }

    /// Only a name can follow `as`; CPython says so if another expression does.
    #[cold]
    fn except_as_target(&mut self, star: bool) -> Parse<()> {
        if !self.asks() {
            return if self.at(Tok::Name) { Ok(()) } else { self.unexpected() };
        }
        let found = self.attempt(false, |parser| {
            let target = parser.expression()?;
            parser.expect(Tok::Colon)?;
            Ok(target)
        })?;
        match found {
            Some(target) if !matches!(target.kind, ExprKind::Name { .. }) => {
                let what = if star { "except*" } else { "except" };
                let name = super::target::expr_name(&target);
                self.fail_expr(format!("cannot use {what} statement with {name}"), &target)
            }
            _ => Ok(()),
        }
    }
}
