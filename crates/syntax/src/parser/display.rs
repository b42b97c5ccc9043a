//! Brackets as atoms: groups, tuples, lists, sets, dictionaries, and their comprehensions.

use super::{Mark, Parse, Parser};
use crate::ast::{
    Comp, Comprehension, Dict, DictComp, Expr, ExprContext, ExprKind, List, Pos, Sequence, Set,
};
use crate::error::End;
use crate::lexer::token::{Tok, Token, prec};

impl<'a> Parser<'_, 'a> {
    /// In 3.6 a tuple or comprehension in brackets has the line of its first element.
    fn inner_mark(&self, outer: Mark, inner: Mark) -> Mark {
        if self.level.is_modern() { outer } else { Mark { lineno: inner.lineno, ..outer } }
    }

    /// `( ... )`: a tuple, a generator expression, or an expression in brackets.
    pub(super) fn group(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        self.advance();
        if self.eat(Tok::RParen) {
            return Ok(self.sequence(mark, 0, ExprKind::Tuple, true));
        }
        self.group_rest(mark, Tok::RParen)
    }

    /// What stands in round brackets; `close` is passed too.
    pub(super) fn group_contents(&mut self, close: Tok) -> Parse<Expr<'a>> {
        let mark = self.mark();
        self.group_rest(mark, close)
    }

    fn group_rest(&mut self, mark: Mark, close: Tok) -> Parse<Expr<'a>> {
        let inner = self.mark();
        if self.at(Tok::Yield) {
            let value = self.yield_expr()?;
            self.close(close)?;
            return Ok(value);
        }
        if self.asks() && self.at(Tok::Star) {
            self.attempt(false, |parser| parser.starred(0))?;
        }
        if self.asks() && self.at(Tok::DoubleStar) {
            self.double_starred_group()?;
        }
        let first = self.star_named_expression()?;
        match self.tok.kind {
            Tok::Comma => {
                let base = self.exprs.len();
                self.items(first, close)?;
                self.close(close)?;
                let mark = self.inner_mark(mark, inner);
                Ok(self.sequence(mark, base, ExprKind::Tuple, false))
            }
            Tok::For | Tok::Async => {
                let comp = self.comprehension(first)?;
                self.close(close)?;
                let mark = self.inner_mark(mark, inner);
                Ok(self.expr(mark, ExprKind::GeneratorExp(comp)))
            }
            kind if kind == close => {
                if matches!(first.kind, ExprKind::Starred(_)) {
                    return self.fail_expr(self.starred_message(), &first);
                }
                self.advance();
                Ok(first)
            }
            _ => self.unexpected(),
        }
    }

    fn starred_message(&self) -> &'static str {
        if self.level.is_modern() {
            "cannot use starred expression here"
        } else {
            "can't use starred expression here"
        }
    }

    /// `[ ... ]`.
    pub(super) fn list(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        self.advance();
        let base = self.exprs.len();
        if !self.at(Tok::RBracket) {
            let inner = self.mark();
            let first = self.star_named_expression()?;
            match self.tok.kind {
                Tok::For | Tok::Async => {
                    let comp = self.comprehension(first)?;
                    self.close(Tok::RBracket)?;
                    let mark = self.inner_mark(mark, inner);
                    return Ok(self.expr(mark, ExprKind::ListComp(comp)));
                }
                Tok::RBracket | Tok::Comma => self.items(first, Tok::RBracket)?,
                _ => return self.unexpected(),
            }
        }
        self.close(Tok::RBracket)?;
        Ok(self.sequence(mark, base, ExprKind::List, false))
    }

    /// Collects items separated by commas up to the closing bracket.
    fn items(&mut self, first: Expr<'a>, close: Tok) -> Parse<()> {
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.at(Tok::Comma) {
            let comma = self.tok;
            self.advance();
            if self.at(close) {
                break;
            }
            if self.asks() && close != Tok::RParen && self.at_for() {
                self.unbracketed_element(base, comma)?;
            }
            let item = self.star_named_expression()?;
            self.exprs.push(item);
            if self.asks() && close != Tok::RParen && self.at_for() {
                self.unbracketed_element(base, comma)?;
            }
        }
        Ok(())
    }

    fn sequence(
        &mut self,
        mark: Mark,
        base: usize,
        kind: fn(&'a Sequence<'a>) -> ExprKind<'a>,
        empty: bool,
    ) -> Expr<'a> {
        let elts = if empty { &[] } else { self.take_exprs(base) };
        self.expr(mark, kind(self.arena.node(Sequence { elts, ctx: ExprContext::Load })))
    }

    /// `{ ... }`.
    pub(super) fn dict_or_set(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        self.advance();
        if self.eat(Tok::RBrace) {
            let dict = Dict { keys: &[], values: &[] };
            return Ok(self.expr(mark, ExprKind::Dict(self.arena.node(dict))));
        }
        if self.at(Tok::DoubleStar) {
            return self.dict(mark, None);
        }
        let first = self.star_named_expression()?;
        match self.tok.kind {
            Tok::Colon => self.dict(mark, Some(first)),
            Tok::For | Tok::Async => {
                let comp = self.comprehension(first)?;
                self.close(Tok::RBrace)?;
                Ok(self.expr(mark, ExprKind::SetComp(comp)))
            }
            Tok::Comma | Tok::RBrace => {
                let base = self.exprs.len();
                self.items(first, Tok::RBrace)?;
                self.close(Tok::RBrace)?;
                let elts = self.take_exprs(base);
                Ok(self.expr(mark, ExprKind::Set(self.arena.node(Set { elts }))))
            }
            _ => self.unexpected(),
        }
    }

    /// A dictionary after its first key, or before its first `**`.
    fn dict(&mut self, mark: Mark, first: Option<Expr<'a>>) -> Parse<Expr<'a>> {
        if first.as_ref().is_some_and(|key| matches!(key.kind, ExprKind::Starred(_))) {
            return self.unexpected();
        }
        let mut keys = Vec::new();
        let base = self.exprs.len();
        let mut key = first;
        loop {
            let star = self.tok;
            let value = if key.is_some() {
                self.dict_value()?
            } else if self.eat(Tok::DoubleStar) {
                self.binary(prec::BIT_OR)?
            } else {
                if self.asks() {
                    // In CPython no questions are asked inside the later keys.
                    if let Some(next) = self.attempt_quietly(Self::expression_end)? {
                        self.check_colon(next)?;
                    }
                }
                let next = self.expression()?;
                self.check_at(Tok::Colon)?;
                key = Some(next);
                self.dict_value()?
            };
            if keys.is_empty() && matches!(self.tok.kind, Tok::For | Tok::Async) {
                return self.dict_comprehension(mark, star, key, value);
            }
            keys.push(key.take());
            self.exprs.push(value);
            if !self.eat(Tok::Comma) || self.at(Tok::RBrace) {
                break;
            }
        }
        self.close(Tok::RBrace)?;
        let values = self.take_exprs(base);
        let dict = Dict { keys: self.arena.list(&keys), values };
        Ok(self.expr(mark, ExprKind::Dict(self.arena.node(dict))))
    }

    /// The value after a key; the colon is the current token.
    fn dict_value(&mut self) -> Parse<Expr<'a>> {
        let colon = self.tok;
        self.advance();
        if self.asks() && self.at(Tok::Star) {
            let start = self.tok.start;
            if self.attempt(true, |parser| parser.starred(prec::BIT_OR))?.is_some() {
                let message = "cannot use a starred expression in a dictionary value";
                return self.fail_from(message, start);
            }
        }
        if self.asks() && matches!(self.tok.kind, Tok::RBrace | Tok::Comma) {
            let message = "expression expected after dictionary key and ':'";
            return self.fail_at(message, colon.start, colon.end);
        }
        self.expression()
    }

    /// `invalid_group`: `(**x)`.
    #[cold]
    fn double_starred_group(&mut self) -> Parse<()> {
        let star = self.tok;
        let found = self.attempt(false, |parser| {
            parser.advance();
            parser.expression()?;
            parser.check_at(Tok::RParen)
        })?;
        match found {
            Some(()) => {
                let message = "cannot use double starred expression here";
                self.fail_at(message, star.start, star.end)
            }
            None => Ok(()),
        }
    }

    fn at_for(&self) -> bool {
        matches!(self.tok.kind, Tok::For | Tok::Async)
    }

    fn dict_comprehension(
        &mut self,
        mark: Mark,
        star: Token,
        key: Option<Expr<'a>>,
        value: Expr<'a>,
    ) -> Parse<Expr<'a>> {
        let Some(key) = key else {
            let message = "dict unpacking cannot be used in dict comprehension";
            return self.fail_at(message, star.start, star.end);
        };
        let generators = self.for_if_clauses()?;
        self.close(Tok::RBrace)?;
        let comp = DictComp { key, value, generators };
        Ok(self.expr(mark, ExprKind::DictComp(self.arena.node(comp))))
    }

    /// A comprehension after its element.
    pub(super) fn comprehension(&mut self, elt: Expr<'a>) -> Parse<&'a Comp<'a>> {
        if matches!(elt.kind, ExprKind::Starred(_)) {
            let message = "iterable unpacking cannot be used in comprehension";
            return self.fail_expr(message, &elt);
        }
        let generators = self.for_if_clauses()?;
        Ok(self.arena.node(Comp { elt, generators }))
    }

    pub(super) fn for_if_clauses(&mut self) -> Parse<List<'a, Comprehension<'a>>> {
        let mut clauses = Vec::with_capacity(1);
        while matches!(self.tok.kind, Tok::For | Tok::Async) {
            let is_async = self.eat(Tok::Async);
            self.expect(Tok::For)?;
            let target = self.for_target(true)?;
            self.expect(Tok::In)?;
            let iter = self.disjunction()?;
            let base = self.exprs.len();
            while self.eat(Tok::If) {
                let test = if !self.level.is_modern() && self.at(Tok::Lambda) {
                    self.lambda(false)?
                } else {
                    self.disjunction()?
                };
                self.exprs.push(test);
            }
            let ifs = self.take_exprs(base);
            clauses.push(Comprehension { target, iter, ifs, is_async });
        }
        Ok(self.arena.list(&clauses))
    }

    /// Passes a closing bracket.
    fn close(&mut self, close: Tok) -> Parse<()> {
        self.expect(close)
    }

    /// An expression's end, and whether a colon follows.
    fn expression_end(&mut self) -> Parse<(Pos, bool)> {
        let key = self.expression()?;
        Ok((key.span.end, self.at(Tok::Colon)))
    }

    /// `invalid_kvpair`: no colon after a key.
    #[cold]
    fn check_colon(&mut self, (mut end, colon): (Pos, bool)) -> Parse<()> {
        if colon {
            return Ok(());
        }
        end.col = end.col.saturating_sub(1);
        let result = self.fail_at("':' expected after dictionary key", end, end);
        if let Some(error) = &mut self.error {
            error.end = End::Unknown(0);
        }
        result
    }
}
