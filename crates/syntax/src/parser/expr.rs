//! Expressions: conditional, boolean, comparison and arithmetic operators, primaries.

use super::args::CallArgs;
use super::{Failed, Mark, Parse, Parser, take};
use crate::ast::{
    Attribute, BinOp, BoolOp, BoolOperator, Call, CmpOp, Compare, Constant, Expr, ExprContext,
    ExprKind, IfExp, Lambda, NamedExpr, Pos, Sequence, Slice, Starred, Subscript, UnaryOp,
    UnaryOperator,
};
use crate::lexer::token::{Tok, prec};
use crate::pool::Symbol;

/// What follows an atom in a primary.
enum Trailer<'a> {
    Attribute(Symbol),
    Call(CallArgs<'a>),
    Subscript(Expr<'a>),
}

impl<'a> Parser<'_, 'a> {
    /// `expressions`: one expression or a tuple without brackets (level 3.6: `testlist`).
    pub(super) fn expressions(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let first = self.expression()?;
        if self.at(Tok::Comma) { self.tuple_rest(mark, first, Self::expression) } else { Ok(first) }
    }

    /// `star_expressions`: the same with `*x` among them.
    #[inline]
    pub(super) fn star_expressions(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let first = self.star_expression()?;
        if self.at(Tok::Comma) {
            self.tuple_rest(mark, first, Self::star_expression)
        } else {
            Ok(first)
        }
    }

    /// What stands after `return`, `yield` and `in`: with `*x` since 3.8 (bpo-32117) and 3.9.
    pub(super) fn value_list(&mut self) -> Parse<Expr<'a>> {
        if self.level.is_modern() { self.star_expressions() } else { self.expressions() }
    }

    /// The rest of a tuple without brackets; the comma after `first` is the current token.
    fn tuple_rest(
        &mut self,
        mark: Mark,
        first: Expr<'a>,
        item: fn(&mut Self) -> Parse<Expr<'a>>,
    ) -> Parse<Expr<'a>> {
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Tok::Comma) {
            if !self.at_list_item() {
                break;
            }
            let next = if self.diagnose {
                match self.attempt(true, item)? {
                    Some(next) => next,
                    None => break,
                }
            } else {
                item(self)?
            };
            self.exprs.push(next);
        }
        let elts = self.take_exprs(base);
        let tuple = Sequence { elts, ctx: ExprContext::Load };
        Ok(self.expr(mark, ExprKind::Tuple(self.arena.node(tuple))))
    }

    /// True if the current token goes on a list after a comma.
    fn at_list_item(&self) -> bool {
        self.tok.kind.starts_expression() || matches!(self.tok.kind, Tok::Star | Tok::Error)
    }

    fn star_expression(&mut self) -> Parse<Expr<'a>> {
        if self.at(Tok::Star) { self.starred(prec::BIT_OR) } else { self.expression() }
    }

    /// `*x`; `min` is how strongly the operand's operators must bind, 0 for any expression.
    pub(super) fn starred(&mut self, min: u8) -> Parse<Expr<'a>> {
        let mark = self.mark();
        self.advance();
        let value = if min == 0 { self.expression()? } else { self.binary(min)? };
        let starred = Starred { value, ctx: ExprContext::Load };
        Ok(self.expr(mark, ExprKind::Starred(self.arena.node(starred))))
    }

    /// `*x` as an argument or in a subscript.
    pub(super) fn starred_argument(&mut self) -> Parse<Expr<'a>> {
        let starred = self.starred(0);
        self.explain(starred, "Invalid star expression")
    }

    /// `star_named_expression`, an item of a display.
    pub(super) fn star_named_expression(&mut self) -> Parse<Expr<'a>> {
        if self.at(Tok::Star) { self.starred(prec::BIT_OR) } else { self.named_expression() }
    }

    /// `named_expression`: an expression or `name := value` (PEP 572).
    #[inline]
    pub(super) fn named_expression(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let left = self.expression()?;
        if self.at(Tok::ColonEqual) {
            return self.walrus(mark, left);
        }
        if self.asks() && self.at(Tok::Equal) {
            self.misplaced_equal(mark.pos, &left)?;
        }
        Ok(left)
    }

    pub(super) fn walrus(&mut self, mark: Mark, mut left: Expr<'a>) -> Parse<Expr<'a>> {
        let bare = left.span.start == mark.pos;
        match &mut left.kind {
            ExprKind::Name { ctx, .. } if bare => *ctx = ExprContext::Store,
            _ => return self.walrus_target_error(&left),
        }
        self.since(8, "Assignment expressions are")?;
        self.advance();
        let value = self.expression()?;
        let named = NamedExpr { target: left, value };
        Ok(self.expr(mark, ExprKind::NamedExpr(self.arena.node(named))))
    }

    /// `expression`: a conditional expression or a lambda.
    pub(super) fn expression(&mut self) -> Parse<Expr<'a>> {
        if self.at(Tok::Lambda) {
            return self.lambda(true);
        }
        self.enter()?;
        let mark = self.mark();
        let body = if self.asks() { self.diagnosed_disjunction()? } else { self.binary(prec::OR)? };
        let expr = if self.at(Tok::If) { self.conditional(mark, body)? } else { body };
        self.leave();
        Ok(expr)
    }

    #[cold]
    fn diagnosed_disjunction(&mut self) -> Parse<Expr<'a>> {
        if self.at(Tok::String) {
            self.quotes_in_string()?;
        }
        if matches!(self.tok.kind, Tok::Pass | Tok::Break | Tok::Continue) {
            self.statement_before_if()?;
        }
        let (first, start) = (self.tok, self.checkpoint());
        let body = self.binary(prec::OR)?;
        self.after_disjunction(first, start, &body)?;
        Ok(body)
    }

    fn conditional(&mut self, mark: Mark, body: Expr<'a>) -> Parse<Expr<'a>> {
        let start = body.span.start;
        let parts = if self.diagnose {
            self.attempt(true, |parser| parser.conditional_rest(start))?
        } else {
            self.conditional_rest(start).map(Some)?
        };
        let Some((test, orelse)) = parts else { return Ok(body) };
        Ok(self.expr(mark, ExprKind::IfExp(self.arena.node(IfExp { test, body, orelse }))))
    }

    /// `if ... else ...` of a conditional expression that begins at `start`.
    fn conditional_rest(&mut self, start: Pos) -> Parse<(Expr<'a>, Expr<'a>)> {
        self.advance();
        let test = self.binary(prec::OR)?;
        if !self.at(Tok::Else) {
            if self.asks() && !self.at(Tok::Colon) && !self.at(Tok::Error) {
                let message = "expected 'else' after 'if' expression";
                return self.fail_at(message, start, test.span.end);
            }
            return self.unexpected();
        }
        self.advance();
        let next = self.tok;
        let orelse = self.expression();
        let message = "expected expression after 'else', but statement is given";
        let orelse = self.explain_at(orelse, message, &next)?;
        Ok((test, orelse))
    }

    /// `lambda`. `conditional` is false in the one place of level 3.6's grammar (the condition of
    /// a comprehension) where its body is no conditional expression.
    pub(super) fn lambda(&mut self, conditional: bool) -> Parse<Expr<'a>> {
        self.enter()?;
        let mark = self.mark();
        self.advance();
        let args = self.parameters(Tok::Colon)?;
        if !self.at(Tok::Colon) {
            return self.unexpected();
        }
        if self.lexer.in_field() {
            // There the colon begins the format specification (PEP 701).
            return self.lambda_in_field(mark);
        }
        self.advance();
        let body = if conditional {
            self.expression()?
        } else if self.at(Tok::Lambda) {
            self.lambda(false)?
        } else {
            self.binary(prec::OR)?
        };
        self.leave();
        Ok(self.expr(mark, ExprKind::Lambda(self.arena.node(Lambda { args, body }))))
    }

    /// `disjunction`.
    pub(super) fn disjunction(&mut self) -> Parse<Expr<'a>> {
        self.binary(prec::OR)
    }

    /// An expression of binary operators that bind at least as strongly as `min`.
    pub(super) fn binary(&mut self, min: u8) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let left = if self.at(Tok::Name) {
            // By far the most frequent beginning, often all there is.
            let name = self.atom()?;
            if self.tok.kind.goes_on_operand() { self.operand_rest(mark, name)? } else { name }
        } else if self.at(Tok::Not) && min <= prec::NOT {
            self.negations(mark)?
        } else {
            self.unary()?
        };
        if self.tok.kind.precedence() < min.max(1) {
            return Ok(left);
        }
        self.binary_rest(mark, left, min)
    }

    fn binary_rest(&mut self, mark: Mark, mut left: Expr<'a>, min: u8) -> Parse<Expr<'a>> {
        // The strength of the chain `left` is: `not x` takes no stronger operator after it.
        let mut last = 0;
        loop {
            let op = self.tok.kind;
            let strength = op.precedence();
            if strength < min || strength == 0 {
                return Ok(left);
            }
            match strength {
                prec::OR | prec::AND => {
                    let found = self.boolean(mark, left, strength)?;
                    let Some(joined) = found else { return self.unexpected() };
                    left = joined;
                    if self.tok.kind == op {
                        return Ok(left);
                    }
                }
                prec::COMPARE => {
                    let Some(compared) = self.comparison(mark, &mut left)? else {
                        return Ok(left);
                    };
                    left = compared;
                }
                _ => {
                    let Some(operator) = op.operator() else { return self.unexpected() };
                    // In 3.6 the second operator of a chain gives its own line to the node.
                    let lineno = if !self.level.is_modern() && strength == last {
                        self.line36(self.tok.start.line)
                    } else {
                        mark.lineno
                    };
                    let Some(right) = self.operand(strength + 1)? else { return Ok(left) };
                    let node = BinOp { left, op: operator, right };
                    let mark = Mark { lineno, ..mark };
                    left = self.expr(mark, ExprKind::BinOp(self.arena.node(node)));
                }
            }
            last = strength;
        }
    }

    /// The operand after an operator, which is the current token. In the second pass an operator
    /// without an operand is none of the expression's, and the answer is `None`.
    #[inline]
    fn operand(&mut self, min: u8) -> Parse<Option<Expr<'a>>> {
        if self.diagnose {
            return self.attempt(true, |parser| {
                let arithmetic = parser.tok.kind.precedence() >= prec::SUM;
                parser.advance();
                if parser.asks() && parser.at(Tok::Not) && arithmetic {
                    parser.not_after_operator(prec::NOT)?;
                }
                parser.binary(min)
            });
        }
        self.advance();
        self.binary(min).map(Some)
    }

    fn boolean(&mut self, mark: Mark, left: Expr<'a>, strength: u8) -> Parse<Option<Expr<'a>>> {
        let word = self.tok.kind;
        let op = if word == Tok::Or { BoolOperator::Or } else { BoolOperator::And };
        let base = self.exprs.len();
        self.exprs.push(left);
        while self.at(word) {
            let Some(value) = self.operand(strength + 1)? else { break };
            self.exprs.push(value);
        }
        if self.exprs.len() == base + 1 {
            return Ok(self.exprs.pop());
        }
        let values = self.take_exprs(base);
        Ok(Some(self.expr(mark, ExprKind::BoolOp(self.arena.node(BoolOp { op, values })))))
    }

    /// A chain of comparisons after `left`, or `None` if a `not` is no `not in`.
    fn comparison(&mut self, mark: Mark, left: &mut Expr<'a>) -> Parse<Option<Expr<'a>>> {
        let (base, first_op) = (self.exprs.len(), self.ops.len());
        while self.tok.kind.precedence() == prec::COMPARE {
            let found = if self.diagnose {
                self.attempt(true, Self::comparator)?
            } else {
                self.comparator().map(Some)?
            };
            let Some(Some((op, right))) = found else { break };
            self.ops.push(op);
            self.exprs.push(right);
        }
        if self.exprs.len() == base {
            return Ok(None);
        }
        let ops = take(self.arena, &mut self.ops, first_op);
        let comparators = self.take_exprs(base);
        let left = std::mem::take(left);
        let node = Compare { left, ops, comparators };
        Ok(Some(self.expr(mark, ExprKind::Compare(self.arena.node(node)))))
    }

    /// A comparison operator and its right side, or `None` if a `not` is no `not in`.
    fn comparator(&mut self) -> Parse<Option<(CmpOp, Expr<'a>)>> {
        let op = match self.tok.kind {
            Tok::Less => CmpOp::Lt,
            Tok::Greater => CmpOp::Gt,
            Tok::EqEqual => CmpOp::Eq,
            Tok::LessEqual => CmpOp::LtE,
            Tok::GreaterEqual => CmpOp::GtE,
            Tok::In => CmpOp::In,
            Tok::Is => CmpOp::Is,
            Tok::NotEqual => {
                self.check_not_equal()?;
                CmpOp::NotEq
            }
            _ => {
                let next = self.peek();
                if next.kind != Tok::In {
                    self.note_furthest(next);
                    return Ok(None);
                }
                self.advance();
                CmpOp::NotIn
            }
        };
        self.advance();
        let op = if op == CmpOp::Is && self.eat(Tok::Not) { CmpOp::IsNot } else { op };
        let right = self.binary(prec::BIT_OR)?;
        Ok(Some((op, right)))
    }

    /// `<>` is an operator only after `from __future__ import barry_as_FLUFL` (PEP 401), and then
    /// `!=` is none.
    fn check_not_equal(&mut self) -> Parse<()> {
        let old = self.lexer.slice(&self.tok) == b"<>";
        if old == self.lexer.flufl {
            return Ok(());
        }
        if !old && self.level.is_modern() {
            return self.fail_here("with Barry as BDFL, use '<>' instead of '!='");
        }
        self.unexpected()
    }

    /// `not not ... x`, in a loop.
    fn negations(&mut self, mark: Mark) -> Parse<Expr<'a>> {
        let mut marks = Vec::new();
        while self.at(Tok::Not) {
            marks.push((self.mark(), UnaryOperator::Not));
            self.advance();
        }
        let _ = mark;
        let operand = self.binary(prec::COMPARE)?;
        self.prefixed(marks, operand)
    }

    /// Puts prefix operators before an operand, the innermost first.
    fn prefixed(
        &mut self,
        marks: Vec<(Mark, UnaryOperator)>,
        operand: Expr<'a>,
    ) -> Parse<Expr<'a>> {
        if marks.len() > super::MAX_PREFIXES {
            return self.too_deep();
        }
        let mut expr = operand;
        for (mark, op) in marks.into_iter().rev() {
            let node = UnaryOp { op, operand: expr };
            expr = self.expr(mark, ExprKind::UnaryOp(self.arena.node(node)));
        }
        Ok(expr)
    }

    /// `factor`: prefix operators, then a power.
    #[inline]
    pub(super) fn unary(&mut self) -> Parse<Expr<'a>> {
        if matches!(self.tok.kind, Tok::Plus | Tok::Minus | Tok::Tilde) {
            return self.signed();
        }
        self.power()
    }

    fn signed(&mut self) -> Parse<Expr<'a>> {
        let mut marks = Vec::new();
        loop {
            let op = match self.tok.kind {
                Tok::Plus => UnaryOperator::UAdd,
                Tok::Minus => UnaryOperator::USub,
                Tok::Tilde => UnaryOperator::Invert,
                _ => break,
            };
            marks.push((self.mark(), op));
            self.advance();
        }
        if self.asks() && self.at(Tok::Not) {
            self.not_after_operator(0)?;
        }
        let operand = self.power()?;
        self.prefixed(marks, operand)
    }

    #[inline]
    fn power(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let left = self.await_primary()?;
        if self.at(Tok::DoubleStar) { self.power_rest(mark, left) } else { Ok(left) }
    }

    /// What follows the name that an operand begins with: trailers, a power.
    fn operand_rest(&mut self, mark: Mark, name: Expr<'a>) -> Parse<Expr<'a>> {
        let left = self.trailers(mark, name)?;
        if self.at(Tok::DoubleStar) { self.power_rest(mark, left) } else { Ok(left) }
    }

    fn power_rest(&mut self, mark: Mark, left: Expr<'a>) -> Parse<Expr<'a>> {
        self.enter()?;
        let right = if self.diagnose {
            self.attempt(true, |parser| {
                parser.advance();
                parser.unary()
            })?
        } else {
            self.advance();
            self.unary().map(Some)?
        };
        self.leave();
        let Some(right) = right else { return Ok(left) };
        let node = BinOp { left, op: crate::ast::Operator::Pow, right };
        Ok(self.expr(mark, ExprKind::BinOp(self.arena.node(node))))
    }

    #[inline]
    fn await_primary(&mut self) -> Parse<Expr<'a>> {
        if !self.at(Tok::Await) {
            return self.primary();
        }
        let mark = self.mark();
        self.advance();
        let value = self.primary()?;
        Ok(self.expr(mark, ExprKind::Await(self.arena.node(value))))
    }

    /// `primary`: an atom with attributes, calls and subscripts.
    pub(super) fn primary(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let atom = self.atom()?;
        self.trailers(mark, atom)
    }

    fn trailers(&mut self, mark: Mark, mut expr: Expr<'a>) -> Parse<Expr<'a>> {
        while matches!(self.tok.kind, Tok::Dot | Tok::LParen | Tok::LBracket) {
            let trailer = if self.diagnose {
                // A trailer that cannot be read is none of the expression's.
                match self.attempt(true, Self::trailer)? {
                    Some(trailer) => trailer,
                    None => break,
                }
            } else {
                self.trailer()?
            };
            let lineno = self.trailer_line(mark, &expr);
            let ctx = ExprContext::Load;
            let kind = match trailer {
                Trailer::Attribute(attr) => {
                    ExprKind::Attribute(self.arena.node(Attribute { value: expr, attr, ctx }))
                }
                Trailer::Call(CallArgs { args, keywords }) => {
                    ExprKind::Call(self.arena.node(Call { func: expr, args, keywords }))
                }
                Trailer::Subscript(slice) => {
                    ExprKind::Subscript(self.arena.node(Subscript { value: expr, slice, ctx }))
                }
            };
            expr = self.expr(Mark { lineno, ..mark }, kind);
        }
        Ok(expr)
    }

    #[inline]
    fn trailer(&mut self) -> Parse<Trailer<'a>> {
        let open = self.mark();
        let kind = self.tok.kind;
        self.advance();
        match kind {
            Tok::Dot => self.name().map(Trailer::Attribute),
            Tok::LParen => self.arguments(open, false).map(Trailer::Call),
            _ => {
                let slice = self.slices()?;
                self.expect(Tok::RBracket)?;
                Ok(Trailer::Subscript(slice))
            }
        }
    }

    /// In 3.6 a call, attribute or subscript takes the line of what it applies to, which brackets
    /// do not change.
    #[inline]
    fn trailer_line(&self, mark: Mark, value: &Expr) -> u32 {
        if self.level.is_modern() { mark.lineno } else { value.lineno }
    }

    fn atom(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let kind = match self.tok.kind {
            Tok::Name => {
                let id = self.symbol(&self.tok.clone());
                ExprKind::Name { id, ctx: ExprContext::Load }
            }
            Tok::Number => ExprKind::Constant(self.number()?),
            Tok::String | Tok::FStringStart | Tok::TStringStart => return self.strings(),
            Tok::LParen => return self.group(),
            Tok::LBracket => return self.list(),
            Tok::LBrace => return self.dict_or_set(),
            Tok::None => ExprKind::Constant(Constant::None),
            Tok::True => ExprKind::Constant(Constant::Bool(true)),
            Tok::False => ExprKind::Constant(Constant::Bool(false)),
            Tok::Ellipsis => ExprKind::Constant(Constant::Ellipsis),
            _ => return self.unexpected(),
        };
        self.advance();
        Ok(self.expr(mark, kind))
    }

    /// What stands in the brackets of a subscript.
    fn slices(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let first = self.slice_item()?;
        let starred = matches!(first.kind, ExprKind::Starred(_));
        if !self.at(Tok::Comma) && !starred {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Tok::Comma) {
            if self.at(Tok::RBracket) {
                break;
            }
            let item = self.slice_item()?;
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        let tuple = Sequence { elts, ctx: ExprContext::Load };
        Ok(self.expr(mark, ExprKind::Tuple(self.arena.node(tuple))))
    }

    fn slice_item(&mut self) -> Parse<Expr<'a>> {
        if self.at(Tok::Star) && self.level.is_modern() {
            return self.starred_argument();
        }
        let mark = self.mark();
        let lower = if self.at(Tok::Colon) {
            None
        } else {
            let first = self.named_expression()?;
            if !self.at(Tok::Colon) || matches!(first.kind, ExprKind::NamedExpr(_)) {
                return Ok(first);
            }
            Some(first)
        };
        self.advance();
        let upper = self.slice_part()?;
        let step = if self.eat(Tok::Colon) { self.slice_part()? } else { None };
        Ok(self.expr(mark, ExprKind::Slice(self.arena.node(Slice { lower, upper, step }))))
    }

    fn slice_part(&mut self) -> Parse<Option<Expr<'a>>> {
        if matches!(self.tok.kind, Tok::Colon | Tok::Comma | Tok::RBracket) {
            return Ok(None);
        }
        self.expression().map(Some)
    }

    /// `yield_expr`.
    pub(super) fn yield_expr(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        self.advance();
        let kind = if self.eat(Tok::From) {
            ExprKind::YieldFrom(self.arena.node(self.expression()?))
        } else if self.at_list_item() {
            ExprKind::Yield(Some(self.arena.node(self.value_list()?)))
        } else {
            ExprKind::Yield(None)
        };
        Ok(self.expr(mark, kind))
    }

    /// A yield expression or what else may stand on the right of `=`.
    pub(super) fn yield_or(&mut self, other: fn(&mut Self) -> Parse<Expr<'a>>) -> Parse<Expr<'a>> {
        if self.at(Tok::Yield) { self.yield_expr() } else { other(self) }
    }

    #[cold]
    fn walrus_target_error(&mut self, left: &Expr) -> Parse<Expr<'a>> {
        if !self.asks() {
            return self.unexpected();
        }
        let value = self.attempt(false, |parser| {
            parser.advance();
            parser.expression()
        })?;
        if value.is_some() {
            let what = super::target::expr_name(left);
            let message = format!("cannot use assignment expressions with {what}");
            return self.fail_expr(message, left);
        }
        self.unexpected()
    }

    #[cold]
    fn lambda_in_field(&mut self, mark: Mark) -> Parse<Expr<'a>> {
        let message = "f-string: lambda expressions are not allowed without parentheses";
        self.fail_at::<Failed>(message, mark.pos, self.tok.end)?;
        Err(Failed)
    }
}
