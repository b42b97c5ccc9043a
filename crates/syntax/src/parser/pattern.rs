//! `match` and its patterns (PEP 634).

use super::suite::BlockOf;
use super::{Parse, Parser};
use crate::ast::{
    Attribute, BinOp, Constant, Expr, ExprContext, ExprKind, Match, MatchAs, MatchCase, MatchClass,
    MatchMapping, Operator, Pattern, PatternKind, Pos, Sequence, StmtKind, UnaryOp, UnaryOperator,
};
use crate::lexer::token::Tok;
use crate::pool::Symbol;

impl<'a> Parser<'_, 'a> {
    /// True if the name here is `match` and what follows could be a subject. It is cheap: names
    /// called `match` are common, `match` statements are not.
    pub(super) fn may_be_match(&self) -> bool {
        if !self.level.is_modern() || !self.at_word(b"match") {
            return false;
        }
        let rest = &self.lexer.text()[self.lexer.offset()..];
        let next = rest.iter().copied().find(|byte| !matches!(byte, b' ' | b'\t' | b'\x0c'));
        next.is_some_and(|byte| {
            byte.is_ascii_alphanumeric()
                || byte >= 0x80
                || matches!(
                    byte,
                    b'_' | b'('
                        | b'['
                        | b'{'
                        | b'-'
                        | b'+'
                        | b'~'
                        | b'*'
                        | b'\''
                        | b'"'
                        | b'.'
                        | b'\\'
                )
        })
    }

    /// A `match` statement, if that is what the `match` here begins.
    pub(super) fn match_stmt(&mut self) -> Parse<bool> {
        let mark = self.mark();
        let Some(subject) = self.attempt(true, Self::match_header)? else { return Ok(false) };
        if !self.at(Tok::Indent) {
            let message = format!(
                "expected an indented block after 'match' statement on line {}",
                mark.pos.line
            );
            return self.fail_indentation(message);
        }
        self.enter()?;
        self.skip_layout();
        let mut cases = Vec::new();
        while !self.at(Tok::Dedent) {
            if !self.at_word(b"case") {
                return self.unexpected();
            }
            cases.push(self.case()?);
        }
        self.skip_layout();
        self.leave();
        let node = Match { subject, cases: self.arena.list(&cases) };
        self.push_stmt(mark, StmtKind::Match(self.arena.node(node)));
        Ok(true)
    }

    /// `match subject:` and the NEWLINE.
    fn match_header(&mut self) -> Parse<Expr<'a>> {
        self.advance();
        let mark = self.mark();
        let first = self.star_named_expression()?;
        let subject = if self.at(Tok::Comma) {
            let base = self.exprs.len();
            self.exprs.push(first);
            while self.eat(Tok::Comma) {
                if self.at(Tok::Colon) {
                    break;
                }
                let item = self.star_named_expression()?;
                self.exprs.push(item);
            }
            let elts = self.take_exprs(base);
            let tuple = Sequence { elts, ctx: ExprContext::Load };
            self.expr(mark, ExprKind::Tuple(self.arena.node(tuple)))
        } else if matches!(first.kind, ExprKind::Starred(_)) {
            return self.unexpected();
        } else {
            first
        };
        if self.asks() && self.at(Tok::Newline) {
            return self.expected("':'");
        }
        self.expect(Tok::Colon)?;
        self.check_at(Tok::Newline)?;
        self.skip_layout();
        Ok(subject)
    }

    fn case(&mut self) -> Parse<MatchCase<'a>> {
        let of = BlockOf { what: "'case' statement", line: self.tok.start.line };
        self.advance();
        let pattern = self.patterns()?;
        let guard = if self.eat(Tok::If) { Some(self.named_expression()?) } else { None };
        let body = self.block(of)?;
        Ok(MatchCase { pattern, guard, body })
    }

    fn pattern_at(&self, start: Pos, kind: PatternKind<'a>) -> Pattern<'a> {
        Pattern { span: self.span(start), kind }
    }

    /// A pattern, or a sequence of them without brackets.
    fn patterns(&mut self) -> Parse<Pattern<'a>> {
        let start = self.tok.start;
        let first = self.maybe_star_pattern()?;
        if !self.at(Tok::Comma) {
            if matches!(first.kind, PatternKind::MatchStar(_)) {
                return self.unexpected();
            }
            return Ok(first);
        }
        let mut items = vec![first];
        while self.eat(Tok::Comma) {
            if matches!(self.tok.kind, Tok::Colon | Tok::If) {
                break;
            }
            items.push(self.maybe_star_pattern()?);
        }
        Ok(self.pattern_at(start, PatternKind::MatchSequence(self.arena.list(&items))))
    }

    fn maybe_star_pattern(&mut self) -> Parse<Pattern<'a>> {
        if !self.at(Tok::Star) {
            return self.pattern();
        }
        let start = self.tok.start;
        self.advance();
        let wild = self.at_word(b"_");
        let name = self.name()?;
        let name = if wild { None } else { Some(name) };
        Ok(self.pattern_at(start, PatternKind::MatchStar(name)))
    }

    /// A pattern with alternatives and `as`.
    fn pattern(&mut self) -> Parse<Pattern<'a>> {
        self.enter()?;
        let start = self.tok.start;
        let first = self.closed_pattern()?;
        let mut pattern = first;
        if self.at(Tok::Vbar) {
            let mut items = vec![pattern];
            while self.eat(Tok::Vbar) {
                items.push(self.closed_pattern()?);
            }
            pattern = self.pattern_at(start, PatternKind::MatchOr(self.arena.list(&items)));
        }
        if self.eat(Tok::As) {
            if self.asks() {
                self.check_as_target()?;
            }
            let name = self.capture_target()?;
            let node = MatchAs { pattern: Some(pattern), name: Some(name) };
            pattern = self.pattern_at(start, PatternKind::MatchAs(self.arena.node(node)));
        }
        self.leave();
        Ok(pattern)
    }

    /// A name that is bound: any but `_`.
    fn capture_target(&mut self) -> Parse<Symbol> {
        if self.at_word(b"_") {
            return self.unexpected();
        }
        let name = self.name()?;
        if matches!(self.tok.kind, Tok::Dot | Tok::LParen | Tok::Equal) {
            return self.unexpected();
        }
        Ok(name)
    }

    fn closed_pattern(&mut self) -> Parse<Pattern<'a>> {
        let start = self.tok.start;
        let kind = match self.tok.kind {
            Tok::Name => return self.name_pattern(),
            Tok::Number | Tok::Minus => {
                PatternKind::MatchValue(self.arena.node(self.number_expr()?))
            }
            Tok::String | Tok::FStringStart | Tok::TStringStart => {
                PatternKind::MatchValue(self.arena.node(self.strings()?))
            }
            Tok::None | Tok::True | Tok::False => PatternKind::MatchSingleton(self.singleton()),
            Tok::LParen | Tok::LBracket => return self.sequence_pattern(),
            Tok::LBrace => return self.mapping_pattern(),
            _ => return self.unexpected(),
        };
        Ok(self.pattern_at(start, kind))
    }

    fn singleton(&mut self) -> Constant {
        let value = match self.tok.kind {
            Tok::True => Constant::Bool(true),
            Tok::False => Constant::Bool(false),
            _ => Constant::None,
        };
        self.advance();
        value
    }

    /// A number, perhaps negative, perhaps complex.
    fn number_expr(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let left = self.signed_number()?;
        let op = match self.tok.kind {
            Tok::Plus => Operator::Add,
            Tok::Minus => Operator::Sub,
            _ => return Ok(left),
        };
        let real = match &left.kind {
            ExprKind::UnaryOp(node) => &node.operand,
            _ => &left,
        };
        if matches!(real.kind, ExprKind::Constant(Constant::Imaginary(_))) {
            return self.fail_expr("real number required in complex literal", real);
        }
        self.advance();
        let right_mark = self.mark();
        self.check_at(Tok::Number)?;
        let value = self.number()?;
        self.advance();
        let right = self.expr(right_mark, ExprKind::Constant(value));
        if !matches!(value, Constant::Imaginary(_)) {
            return self.fail_expr("imaginary number required in complex literal", &right);
        }
        Ok(self.expr(mark, ExprKind::BinOp(self.arena.node(BinOp { left, op, right }))))
    }

    fn signed_number(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let negative = self.eat(Tok::Minus);
        let inner = self.mark();
        self.check_at(Tok::Number)?;
        let value = self.number()?;
        self.advance();
        let operand = self.expr(inner, ExprKind::Constant(value));
        if !negative {
            return Ok(operand);
        }
        let node = UnaryOp { op: UnaryOperator::USub, operand };
        Ok(self.expr(mark, ExprKind::UnaryOp(self.arena.node(node))))
    }

    /// A capture, `_`, a dotted name, or a class pattern.
    fn name_pattern(&mut self) -> Parse<Pattern<'a>> {
        let mark = self.mark();
        let wild = self.at_word(b"_");
        let id = self.name()?;
        if !matches!(self.tok.kind, Tok::Dot | Tok::LParen) {
            let name = if wild { None } else { Some(id) };
            let node = MatchAs { pattern: None, name };
            return Ok(self.pattern_at(mark.pos, PatternKind::MatchAs(self.arena.node(node))));
        }
        let value = self.dotted_rest(mark, id)?;
        if self.at(Tok::LParen) {
            return self.class_pattern(mark.pos, value);
        }
        Ok(self.pattern_at(mark.pos, PatternKind::MatchValue(self.arena.node(value))))
    }

    /// The expression of a dotted name after its first part.
    fn dotted_rest(&mut self, mark: super::Mark, id: Symbol) -> Parse<Expr<'a>> {
        let mut value = self.expr(mark, ExprKind::Name { id, ctx: ExprContext::Load });
        while self.eat(Tok::Dot) {
            let attr = self.name()?;
            let node = Attribute { value, attr, ctx: ExprContext::Load };
            value = self.expr(mark, ExprKind::Attribute(self.arena.node(node)));
        }
        Ok(value)
    }

    /// `( ... )` and `[ ... ]`: a sequence, or a pattern in brackets.
    fn sequence_pattern(&mut self) -> Parse<Pattern<'a>> {
        let start = self.tok.start;
        let close = if self.at(Tok::LParen) { Tok::RParen } else { Tok::RBracket };
        self.advance();
        let mut items = Vec::new();
        let mut comma = false;
        while !self.at(close) {
            items.push(self.maybe_star_pattern()?);
            comma = self.eat(Tok::Comma);
            if !comma {
                break;
            }
        }
        if close == Tok::RParen
            && !comma
            && matches!(items.last(), Some(Pattern { kind: PatternKind::MatchStar(_), .. }))
            && items.len() == 1
        {
            self.expect(Tok::Comma)?;
        }
        self.expect(close)?;
        if close == Tok::RParen && items.len() == 1 && !comma {
            let Some(inner) = items.pop() else { return self.unexpected() };
            return Ok(inner);
        }
        Ok(self.pattern_at(start, PatternKind::MatchSequence(self.arena.list(&items))))
    }

    fn mapping_pattern(&mut self) -> Parse<Pattern<'a>> {
        let start = self.tok.start;
        self.advance();
        let base = self.exprs.len();
        let mut patterns = Vec::new();
        let mut rest = None;
        while !self.at(Tok::RBrace) {
            if self.eat(Tok::DoubleStar) {
                rest = Some(self.capture_target()?);
                self.eat(Tok::Comma);
                break;
            }
            let key = self.mapping_key()?;
            self.exprs.push(key);
            self.expect(Tok::Colon)?;
            patterns.push(self.pattern()?);
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        if rest.is_some() && !self.at(Tok::RBrace) {
            return self.rest_not_last();
        }
        self.expect(Tok::RBrace)?;
        let keys = self.take_exprs(base);
        let node = MatchMapping { keys, patterns: self.arena.list(&patterns), rest };
        Ok(self.pattern_at(start, PatternKind::MatchMapping(self.arena.node(node))))
    }

    fn mapping_key(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        match self.tok.kind {
            Tok::Number | Tok::Minus => self.number_expr(),
            Tok::String | Tok::FStringStart | Tok::TStringStart => self.strings(),
            Tok::None | Tok::True | Tok::False => {
                let value = self.singleton();
                Ok(self.expr(mark, ExprKind::Constant(value)))
            }
            Tok::Name => {
                let id = self.name()?;
                if !self.at(Tok::Dot) {
                    return self.unexpected();
                }
                self.dotted_rest(mark, id)
            }
            _ => self.unexpected(),
        }
    }

    /// The arguments of a class pattern; the bracket is the current token.
    fn class_pattern(&mut self, start: Pos, cls: Expr<'a>) -> Parse<Pattern<'a>> {
        self.advance();
        let mut patterns: Vec<Pattern<'a>> = Vec::new();
        let mut kwd_attrs = Vec::new();
        let mut kwd_patterns = Vec::new();
        let mut late: Option<(Pos, Pos)> = None;
        let late_error = "positional patterns follow keyword patterns";
        while !self.at(Tok::RParen) {
            let at = self.tok.start;
            if self.at(Tok::Name) && self.peek().kind == Tok::Equal {
                if let Some((first, end)) = late {
                    return self.fail_at(late_error, first, end);
                }
                kwd_attrs.push(self.name()?);
                self.advance();
                kwd_patterns.push(self.pattern()?);
            } else {
                let pattern = self.pattern()?;
                if !kwd_attrs.is_empty() {
                    let first = late.map_or(at, |(first, _)| first);
                    late = Some((first, pattern.span.end));
                }
                patterns.push(pattern);
            }
            if !self.eat(Tok::Comma) {
                break;
            }
        }
        if let Some((first, end)) = late {
            return self.fail_at(late_error, first, end);
        }
        self.expect(Tok::RParen)?;
        let node = MatchClass {
            cls,
            patterns: self.arena.list(&patterns),
            kwd_attrs: self.arena.list(&kwd_attrs),
            kwd_patterns: self.arena.list(&kwd_patterns),
        };
        Ok(self.pattern_at(start, PatternKind::MatchClass(self.arena.node(node))))
    }

    /// `invalid_as_pattern`: after `as`, `_` or what is no name.
    #[cold]
    fn check_as_target(&mut self) -> Parse<()> {
        let next = self.peek().kind;
        if self.at_word(b"_") {
            return self.fail_here("cannot use '_' as a target");
        }
        if self.at(Tok::Name) && !matches!(next, Tok::Dot | Tok::LParen | Tok::Equal) {
            return Ok(());
        }
        self.bad_as_target(|what| format!("cannot use {what} as pattern target"))
    }

    #[cold]
    fn rest_not_last<T>(&mut self) -> Parse<T> {
        self.unexpected()
    }
}
