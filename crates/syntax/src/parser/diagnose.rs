//! The second pass: what is wrong with source that does not parse.
//!
//! CPython's grammar has rules that match nothing valid and only serve to raise an error with a
//! message of its own; they are tried when the first pass has failed. The questions here are
//! those rules, asked at the places where the grammar asks them and in its order, for the first
//! answer is the error. None is asked in the first pass.

use super::target::{TargetOf, expr_name, invalid_target};
use super::{Mark, Parse, Parser};
use crate::ast::{Constant, Expr, ExprKind, Pos, UnaryOperator};
use crate::error::Rank;
use crate::lexer::token::{Tok, Token, prec};

/// The atom an expression begins with, if no brackets go before it.
fn leftmost<'a>(expr: &'a Expr<'a>) -> &'a Expr<'a> {
    let mut expr = expr;
    loop {
        let next = match &expr.kind {
            ExprKind::BinOp(node) => &node.left,
            ExprKind::Attribute(node) => &node.value,
            ExprKind::Call(node) => &node.func,
            ExprKind::Subscript(node) => &node.value,
            _ => return expr,
        };
        if next.span.start != expr.span.start {
            return expr;
        }
        expr = next;
    }
}

/// True for what the grammar calls `bitwise_or`, unless it stands in brackets.
fn is_bitwise_or(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::BoolOp(_)
        | ExprKind::Compare(_)
        | ExprKind::IfExp(_)
        | ExprKind::Lambda(_)
        | ExprKind::NamedExpr(_)
        | ExprKind::Starred(_)
        | ExprKind::Yield(_)
        | ExprKind::YieldFrom(_) => false,
        ExprKind::UnaryOp(node) => node.op != UnaryOperator::Not,
        _ => true,
    }
}

impl<'s, 'a> Parser<'s, 'a> {
    /// Tries one reading. Goes back if it leads to a syntax error without a message of its own;
    /// any other error stands. `stay` says whether to stay behind what was read.
    pub(super) fn attempt<T>(
        &mut self,
        stay: bool,
        read: impl FnOnce(&mut Self) -> Parse<T>,
    ) -> Parse<Option<T>> {
        if self.diagnose && self.budget == 0 {
            return Ok(None);
        }
        let checkpoint = self.checkpoint();
        let start = self.lexer.offset();
        let result = read(self);
        self.budget = self.budget.saturating_sub(self.lexer.offset().saturating_sub(start) + 1);
        if self.at(Tok::Error) {
            return self.unexpected();
        }
        match result {
            Ok(value) => {
                if !stay {
                    self.rewind(checkpoint);
                }
                Ok(Some(value))
            }
            Err(failed) => {
                if self.error.as_ref().is_some_and(|error| error.rank != Rank::Generic) {
                    return Err(failed);
                }
                self.rewind(checkpoint);
                Ok(None)
            }
        }
    }

    /// Tries one reading without asking what is wrong with it: of the errors only the lexer's
    /// stand. Goes back.
    pub(super) fn attempt_quietly<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Parse<T>,
    ) -> Parse<Option<T>> {
        if self.budget == 0 {
            return Ok(None);
        }
        let checkpoint = self.checkpoint();
        let start = self.lexer.offset();
        let quiet = std::mem::replace(&mut self.quiet, true);
        let result = read(self);
        self.quiet = quiet;
        self.budget = self.budget.saturating_sub(self.lexer.offset().saturating_sub(start) + 1);
        if self.at(Tok::Error) {
            return self.unexpected();
        }
        self.rewind(checkpoint);
        Ok(result.ok())
    }

    /// True where the questions of the second pass are asked.
    #[inline]
    pub(super) fn asks(&self) -> bool {
        self.diagnose && !self.quiet
    }

    /// True if the error so far is none with a message of its own.
    fn has_generic_error(&self) -> bool {
        self.error.as_ref().is_none_or(|error| error.rank == Rank::Generic)
    }

    /// Gives a failed part a message of its own if it has none: the text stands for the token the
    /// parser failed at.
    pub(super) fn explain<T>(&mut self, result: Parse<T>, message: &str) -> Parse<T> {
        if result.is_err() && self.asks() && self.has_generic_error() {
            self.error = None;
            return self.fail_here(message);
        }
        result
    }

    /// The same, with a place of its own.
    pub(super) fn explain_at<T>(
        &mut self,
        result: Parse<T>,
        message: impl Into<String>,
        token: &Token,
    ) -> Parse<T> {
        if result.is_err() && self.asks() && self.has_generic_error() {
            self.error = None;
            return self.fail_at(message, token.start, token.end);
        }
        result
    }

    /// An error from `start` to where the lexer stands, as CPython's `..._STARTING_FROM` has it:
    /// the end is not counted from 1.
    #[cold]
    pub(super) fn fail_from<T>(&mut self, message: impl Into<String>, start: Pos) -> Parse<T> {
        let furthest = self.furthest.map_or(self.tok.end, |furthest| furthest.end);
        let mut end = furthest.max(self.tok.end);
        end.col = end.col.saturating_sub(1);
        self.fail_at(message, start, end)
    }

    /// `invalid_expression` and `invalid_legacy_expression`, after a disjunction that began with
    /// `first` at `start`.
    #[cold]
    pub(super) fn after_disjunction(
        &mut self,
        first: Token,
        start: super::Checkpoint<'s>,
        left: &Expr,
    ) -> Parse<()> {
        let name = if first.kind == Tok::Name { self.lexer.slice(&first) } else { b"" };
        let soft = matches!(name, b"match" | b"case" | b"type" | b"_");
        let bare = first.kind == Tok::Name && left.span.end == first.end;
        let prefixed = bare && self.at(Tok::String);
        let legacy = matches!(name, b"print" | b"exec");
        let mut readable = true;
        if !soft && !prefixed && self.tok.kind.starts_expression() {
            let right = self.attempt_quietly(|parser| {
                let right = parser.expression()?;
                // The depth of brackets behind the last token read, not the one looked at.
                let depth = parser.lexer.bracket_depth() as i32
                    + match parser.tok.kind {
                        Tok::LParen | Tok::LBracket | Tok::LBrace => -1,
                        Tok::RParen | Tok::RBracket | Tok::RBrace => 1,
                        _ => 0,
                    };
                Ok((right, depth))
            })?;
            readable = right.is_some();
            if let Some((right, depth)) = right
                && depth > 0
                && !(legacy && bare)
            {
                let message = "invalid syntax. Perhaps you forgot a comma?";
                return self.fail_at(message, left.span.start, right.span.end);
            }
        }
        if first.kind == Tok::Name && readable {
            let here = self.checkpoint();
            self.rewind(start);
            self.advance();
            if !self.at(Tok::LParen) {
                self.legacy_statement(first, name, legacy)?;
            }
            self.rewind(here);
        }
        Ok(())
    }

    /// `print x`: the name `first` is behind the parser. Any name is asked what is wrong with the
    /// expression after it; CPython looks at the name last. What is inside that expression has been
    /// read before, so no questions are asked there.
    fn legacy_statement(&mut self, first: Token, name: &[u8], legacy: bool) -> Parse<()> {
        let found = self.attempt(false, |parser| {
            let (next, start) = (parser.tok, parser.checkpoint());
            let quiet = std::mem::replace(&mut parser.quiet, true);
            let left = parser.binary(prec::OR);
            parser.quiet = quiet;
            let left = left?;
            parser.after_disjunction(next, start, &left)
        })?;
        if found.is_none() || !legacy {
            return Ok(());
        }
        let Some(value) = self.attempt_quietly(Self::star_expressions)? else { return Ok(()) };
        let name = String::from_utf8_lossy(name).into_owned();
        let message = format!("Missing parentheses in call to '{name}'. Did you mean {name}(...)?");
        self.fail_at(message, first.start, value.span.end)
    }

    /// `"a "quoted" word"`: an expression between strings; the first of them is the current token.
    #[cold]
    pub(super) fn quotes_in_string(&mut self) -> Parse<()> {
        let span = self.attempt_quietly(|parser| {
            parser.advance();
            let start = parser.tok.start;
            let mut count = 0;
            while !parser.at(Tok::String) {
                parser.expression()?;
                count += 1;
            }
            if count == 0 { parser.unexpected() } else { Ok((start, parser.prev_end)) }
        })?;
        match span {
            Some((start, end)) => {
                let message = "invalid syntax. Is this intended to be part of the string?";
                self.fail_at(message, start, end)
            }
            None => Ok(()),
        }
    }

    /// `pass if x else y`: a statement where an expression stands; it is the current token.
    #[cold]
    pub(super) fn statement_before_if(&mut self) -> Parse<()> {
        let (start, end) = (self.tok.start, self.tok.end);
        let found = self.attempt(false, |parser| {
            parser.advance();
            parser.expect(Tok::If)?;
            parser.binary(prec::OR)?;
            parser.expect(Tok::Else)?;
            parser.simple_stmt()
        })?;
        match found {
            Some(()) => {
                let message = "expected expression before 'if', but statement is given";
                self.fail_at(message, start, end)
            }
            None => Ok(()),
        }
    }

    /// `invalid_named_expression`: `=` after an expression where none can stand.
    #[cold]
    pub(super) fn misplaced_equal(&mut self, start: Pos, left: &Expr) -> Parse<()> {
        let bare = left.span.start == start;
        if bare && !is_bitwise_or(left) {
            return Ok(());
        }
        let first = leftmost(left);
        let excluded = match &first.kind {
            ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::GeneratorExp(_) => {
                first.span.start == start
            }
            ExprKind::Constant(Constant::None | Constant::Bool(_)) => first.span.start == start,
            _ => false,
        };
        if excluded {
            return Ok(());
        }
        let right = self.attempt_quietly(|parser| {
            parser.advance();
            let right = parser.binary(prec::BIT_OR)?;
            if matches!(parser.tok.kind, Tok::Equal | Tok::ColonEqual) {
                return parser.unexpected();
            }
            Ok(right.span.end)
        })?;
        let Some(end) = right else { return Ok(()) };
        if bare && matches!(left.kind, ExprKind::Name { .. }) {
            let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
            return self.fail_at(message, left.span.start, end);
        }
        let name = expr_name(left);
        let message = format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?");
        self.fail_expr(message, left)
    }

    /// `invalid_assignment` for a target before `=`; `first` says it is the statement's first.
    #[cold]
    pub(super) fn bad_assignment(&mut self, mark: Mark, target: &Expr, first: bool) -> Parse<()> {
        let bare = target.span.start == mark.pos;
        if first {
            // In a tuple without brackets it is the last item that stands before the `=`.
            match &target.kind {
                ExprKind::Tuple(node)
                    if node.elts.first().is_some_and(|item| item.span.start == mark.pos) =>
                {
                    if let Some(last) = node.elts.last() {
                        self.misplaced_equal(last.span.start, last)?;
                    }
                }
                _ => self.misplaced_equal(mark.pos, target)?,
            }
        }
        if bare && matches!(target.kind, ExprKind::Yield(_) | ExprKind::YieldFrom(_)) {
            return self.fail_expr("assignment to yield expression not possible", target);
        }
        if let Some(bad) = invalid_target(target, TargetOf::Assignment) {
            return self.fail_expr(format!("cannot assign to {}", expr_name(bad)), bad);
        }
        self.unexpected()
    }

    /// `invalid_del_stmt` and `invalid_for_target`: an expression where targets stand.
    #[cold]
    pub(super) fn check_targets(&mut self, of: TargetOf) -> Parse<()> {
        let Some(targets) = self.attempt(false, Self::star_expressions)? else { return Ok(()) };
        let Some(bad) = invalid_target(&targets, of) else { return Ok(()) };
        let verb = if of == TargetOf::Del { "delete" } else { "assign to" };
        self.fail_expr(format!("cannot {verb} {}", expr_name(bad)), bad)
    }

    /// `invalid_arithmetic` and `invalid_factor`: `not` after an operator; it is the current
    /// token.
    #[cold]
    pub(super) fn not_after_operator(&mut self, min: u8) -> Parse<()> {
        let start = self.tok.start;
        let operand = self.attempt(false, |parser| {
            if min == prec::NOT {
                return parser.binary(prec::NOT);
            }
            parser.advance();
            parser.unary()
        })?;
        match operand {
            Some(operand) => {
                let message = "'not' after an operator must be parenthesized";
                self.fail_at(message, start, operand.span.end)
            }
            None => Ok(()),
        }
    }

    /// `invalid_comprehension`: `[x, y for x, y in z]`; the `for` is the current token.
    #[cold]
    pub(super) fn unbracketed_element(&mut self, base: usize, comma: Token) -> Parse<()> {
        let (Some(first), Some(last)) = (self.exprs.get(base), self.exprs.last()) else {
            return Ok(());
        };
        let start = first.span.start;
        let end = if self.exprs.len() > base + 1 { last.span.end } else { comma.end };
        if self.attempt(false, Self::for_if_clauses)?.is_some() {
            let message = "did you forget parentheses around the comprehension target?";
            return self.fail_at(message, start, end);
        }
        Ok(())
    }

    /// A bad parameter: one in brackets, or a slash or star out of place.
    #[cold]
    pub(super) fn bad_parameter<T>(&mut self, close: Tok, plain: bool) -> Parse<T> {
        if !self.asks() {
            return self.unexpected();
        }
        let lambda = close == Tok::Colon;
        if self.at(Tok::LParen) && plain {
            let start = self.tok.start;
            let end = self.attempt(false, |parser| {
                parser.advance();
                while parser.at(Tok::Name) {
                    parser.advance();
                    if !parser.eat(Tok::Comma) {
                        break;
                    }
                }
                let end = parser.tok.end;
                parser.expect(Tok::RParen)?;
                Ok(end)
            })?;
            if let Some(end) = end
                && self.peek().kind == Tok::Name
            {
                let what = if lambda { "Lambda expression" } else { "Function" };
                let message = format!("{what} parameters cannot be parenthesized");
                return self.fail_at(message, start, end);
            }
        }
        self.unexpected()
    }

    /// After `as` in a pattern, import or `except`: something that is no name.
    #[cold]
    pub(super) fn bad_as_target<T>(&mut self, message: fn(&str) -> String) -> Parse<T> {
        if self.asks()
            && let Some(target) = self.attempt(false, Self::expression)?
        {
            return self.fail_expr(message(expr_name(&target)), &target);
        }
        self.unexpected()
    }
}
