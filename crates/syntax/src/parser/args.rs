//! Parameters of functions and lambdas, arguments of calls and class definitions.

use super::{Mark, Parse, Parser, take};
use crate::ast::{Arg, Arguments, Expr, ExprKind, Keyword, List};
use crate::lexer::token::{Tok, Token, prec};

/// The arguments of a call or class definition.
#[derive(Default)]
pub(super) struct CallArgs<'a> {
    pub(super) args: List<'a, Expr<'a>>,
    pub(super) keywords: List<'a, Keyword<'a>>,
}

impl<'a> Parser<'_, 'a> {
    /// The parameters up to `close`: the colon of a lambda, which has no annotations, or the
    /// bracket of a `def`.
    pub(super) fn parameters(&mut self, close: Tok) -> Parse<Arguments<'a>> {
        let mut arguments = Arguments::default();
        if self.at(close) {
            return Ok(arguments);
        }
        let annotated = close == Tok::RParen;
        let first = self.args.len();
        let mut kw_defaults = Vec::new();
        let base = self.exprs.len();
        // After `*`, with or without a name, parameters are keyword-only: from here on.
        let mut first_kwonly = None;
        let mut star = None;
        let mut bare_star = false;
        let mut slash = false;
        loop {
            match self.tok.kind {
                Tok::Star => {
                    let at = self.tok;
                    if star.is_some() {
                        if !matches!(self.peek().kind, Tok::Name | Tok::Comma) {
                            return self.unexpected();
                        }
                        return self.fail_here("* argument may appear only once");
                    }
                    star = Some(at);
                    first_kwonly = Some(self.args.len());
                    self.advance();
                    if self.at(Tok::Name) {
                        let arg = self.parameter(annotated, true)?;
                        if self.at(Tok::Equal) && self.level.is_modern() {
                            let message = "var-positional argument cannot have default value";
                            return self.fail_here(message);
                        }
                        arguments.vararg = Some(self.arena.node(arg));
                        bare_star = false;
                    } else {
                        bare_star = true;
                        if !self.at(Tok::Comma) {
                            return self.bare_star_error(at, close);
                        }
                    }
                }
                Tok::DoubleStar => {
                    if bare_star {
                        let Some(at) = star else { return self.unexpected() };
                        return self.bare_star_error(at, close);
                    }
                    self.advance();
                    let arg = self.parameter(annotated, false)?;
                    if self.at(Tok::Equal) && self.level.is_modern() {
                        let message = "var-keyword argument cannot have default value";
                        return self.fail_here(message);
                    }
                    arguments.kwarg = Some(self.arena.node(arg));
                    let comma = self.eat(Tok::Comma);
                    if !self.at(close) {
                        return self.after_kwarg_error(comma);
                    }
                    break;
                }
                Tok::Slash if self.level.is_modern() => {
                    self.since(8, "Positional-only parameters are")?;
                    if slash {
                        return self.fail_here("/ may appear only once");
                    }
                    if star.is_some() {
                        return self.fail_here("/ must be ahead of *");
                    }
                    if self.args.len() == first {
                        if self.peek().kind == Tok::Comma {
                            return self.fail_here("at least one argument must precede /");
                        }
                        return self.unexpected();
                    }
                    slash = true;
                    self.advance();
                    if self.at(Tok::Star) {
                        return self.fail_here("expected comma between / and *");
                    }
                    arguments.posonlyargs = take(self.arena, &mut self.args, first);
                }
                Tok::Name => {
                    let at = self.tok;
                    let arg = self.parameter(annotated, false)?;
                    let equal = self.tok;
                    let default = if self.eat(Tok::Equal) {
                        if self.asks() && matches!(self.tok.kind, Tok::RParen | Tok::Comma) {
                            let message = "expected default value expression";
                            return self.fail_at(message, equal.start, equal.end);
                        }
                        Some(self.expression()?)
                    } else {
                        None
                    };
                    bare_star = false;
                    if star.is_some() {
                        kw_defaults.push(default);
                    } else {
                        if let Some(default) = default {
                            self.exprs.push(default);
                        } else if self.exprs.len() > base {
                            return self.default_order_error(at);
                        }
                    }
                    self.args.push(arg);
                }
                _ => {
                    let plain = star.is_none() && self.exprs.len() == base;
                    return self.bad_parameter(close, plain);
                }
            }
            if !self.eat(Tok::Comma) {
                break;
            }
            if self.at(close) {
                if bare_star {
                    let Some(at) = star else { return self.unexpected() };
                    return self.bare_star_error(at, close);
                }
                break;
            }
        }
        if self.args.len() - first > 255 && !self.level.is_modern() {
            return self.fail_here("more than 255 arguments");
        }
        let first_kwonly = first_kwonly.unwrap_or(self.args.len());
        arguments.kwonlyargs = take(self.arena, &mut self.args, first_kwonly);
        arguments.args = take(self.arena, &mut self.args, first);
        arguments.kw_defaults = self.arena.list(&kw_defaults);
        arguments.defaults = self.take_exprs(base);
        Ok(arguments)
    }

    fn parameter(&mut self, annotated: bool, star: bool) -> Parse<Arg<'a>> {
        let start = self.tok.start;
        self.check_assignable_name()?;
        let arg = self.name()?;
        let mut annotation = None;
        if annotated && self.eat(Tok::Colon) {
            // `*args: *Ts` is PEP 646's.
            let value = if star && self.at(Tok::Star) && self.level.is_modern() {
                self.starred(prec::BIT_OR)?
            } else {
                self.expression()?
            };
            annotation = Some(self.arena.node(value));
        }
        Ok(Arg { span: self.span(start), arg, annotation })
    }

    #[cold]
    fn default_order_error<T>(&mut self, at: Token) -> Parse<T> {
        let message = if self.level.is_modern() {
            "parameter without a default follows parameter with a default"
        } else {
            "non-default argument follows default argument"
        };
        self.fail_at(message, at.start, at.end)
    }

    #[cold]
    fn bare_star_error<T>(&mut self, at: Token, close: Tok) -> Parse<T> {
        if self.at(close) || self.at(Tok::DoubleStar) || self.at(Tok::Comma) {
            let message = "named arguments must follow bare *";
            if close == Tok::Colon {
                return self.fail_here(message);
            }
            return self.fail_at(message, at.start, at.end);
        }
        self.unexpected()
    }

    #[cold]
    fn after_kwarg_error<T>(&mut self, comma: bool) -> Parse<T> {
        if comma && matches!(self.tok.kind, Tok::Name | Tok::Star | Tok::DoubleStar | Tok::Slash) {
            return self.fail_here("arguments cannot follow var-keyword argument");
        }
        self.unexpected()
    }

    /// Arguments up to and with the closing bracket; the opening one is behind the parser. `open` is where the opening bracket stands: a
    /// generator expression that is the sole argument starts there.
    pub(super) fn arguments(&mut self, open: Mark, class: bool) -> Parse<CallArgs<'a>> {
        if self.eat(Tok::RParen) {
            return Ok(CallArgs::default());
        }
        let (base, first_keyword) = (self.exprs.len(), self.keywords.len());
        let mut unpacked = false;
        // A positional argument has come after a keyword.
        let mut late = false;
        let mut comma = self.tok;
        let mut generators = 0;
        loop {
            let mark = self.mark();
            match self.tok.kind {
                Tok::Star => {
                    if unpacked && self.level.is_modern() && !self.asks() {
                        return self.unexpected();
                    }
                    let value = self.starred_argument()?;
                    if unpacked {
                        let message =
                            "iterable argument unpacking follows keyword argument unpacking";
                        return self.fail_from(message, comma.start);
                    }
                    if self.asks() && self.at(Tok::Equal) {
                        self.unpacking_assigned("iterable", mark)?;
                    }
                    if self.asks() && matches!(self.tok.kind, Tok::For | Tok::Async) {
                        let generators = self.attempt(false, Self::for_if_clauses)?;
                        if generators.is_some() {
                            let message = "iterable unpacking cannot be used in comprehension";
                            return self.fail_expr(message, &value);
                        }
                    }
                    self.exprs.push(value);
                }
                Tok::DoubleStar => {
                    self.advance();
                    let value = self.expression()?;
                    if self.asks() && self.at(Tok::Equal) {
                        self.unpacking_assigned("keyword", mark)?;
                    }
                    unpacked = true;
                    let keyword = Keyword { span: self.span(mark.pos), arg: None, value };
                    self.keywords.push(keyword);
                }
                _ => {
                    let first = self.tok;
                    let keywords_only =
                        self.keywords.len() > first_keyword && self.level.is_modern();
                    if keywords_only && !self.asks() && !self.at(Tok::Name) {
                        return self.unexpected();
                    }
                    let value = self.argument()?;
                    match self.tok.kind {
                        Tok::Equal => {
                            let keyword = self.keyword(mark, first, value, first_keyword)?;
                            self.keywords.push(keyword);
                        }
                        Tok::For | Tok::Async => {
                            generators += 1;
                            let sole =
                                self.exprs.len() == base && self.keywords.len() == first_keyword;
                            let value = self.generator_argument(mark, open, value, class, sole)?;
                            self.exprs.push(value);
                        }
                        _ => {
                            late |= self.keywords.len() > first_keyword;
                            self.exprs.push(value);
                        }
                    }
                }
            }
            comma = self.tok;
            if !self.eat(Tok::Comma) || self.at(Tok::RParen) {
                break;
            }
        }
        if late {
            return self.positional_error(unpacked);
        }
        self.expect(Tok::RParen)?;
        let count = self.exprs.len() - base + self.keywords.len() - first_keyword;
        if !self.level.is_modern() {
            self.check_arguments_36(open, count, generators)?;
        }
        let keywords = take(self.arena, &mut self.keywords, first_keyword);
        Ok(CallArgs { args: self.take_exprs(base), keywords })
    }

    /// `name=value`; the `=` is the current token.
    fn keyword(
        &mut self,
        mark: Mark,
        first: Token,
        name: Expr<'a>,
        first_keyword: usize,
    ) -> Parse<Keyword<'a>> {
        let bare = name.span.start == mark.pos;
        let equal = self.tok;
        let ExprKind::Name { id, .. } = name.kind else {
            return self.keyword_error(first, &name);
        };
        // 3.6 looks through brackets here, as it builds the tree before it asks.
        if !bare && self.level.is_modern() {
            return self.keyword_error(first, &name);
        }
        if !self.level.is_modern() && self.pool.name_bytes(id) == b"__debug__" {
            return self.fail_expr("assignment to keyword", &name);
        }
        if !self.level.is_modern()
            && self.keywords[first_keyword..].iter().any(|keyword| keyword.arg == Some(id))
        {
            return self.fail_expr("keyword argument repeated", &name);
        }
        self.advance();
        if self.asks() && matches!(self.tok.kind, Tok::Comma | Tok::RParen) {
            let message = "expected argument value expression";
            return self.fail_at(message, name.span.start, equal.end);
        }
        let value = self.expression()?;
        if self.asks()
            && matches!(self.tok.kind, Tok::For | Tok::Async)
            && self.attempt(false, Self::for_if_clauses)?.is_some()
        {
            let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
            return self.fail_at(message, name.span.start, equal.end);
        }
        Ok(Keyword { span: self.span(mark.pos), arg: Some(id), value })
    }

    /// A positional argument or the name of a keyword.
    fn argument(&mut self) -> Parse<Expr<'a>> {
        let mark = self.mark();
        let left = self.expression()?;
        if self.at(Tok::ColonEqual) { self.walrus(mark, left) } else { Ok(left) }
    }

    /// `f(*a=b)`, `f(**a=b)`.
    #[cold]
    fn unpacking_assigned(&mut self, what: &str, star: Mark) -> Parse<()> {
        let value = self.attempt(false, |parser| {
            parser.advance();
            parser.expression()
        })?;
        match value {
            Some(value) => {
                let message = format!("cannot assign to {what} argument unpacking");
                self.fail_at(message, star.pos, value.span.end)
            }
            None => Ok(()),
        }
    }

    /// A generator expression without brackets of its own.
    fn generator_argument(
        &mut self,
        mark: Mark,
        open: Mark,
        elt: Expr<'a>,
        class: bool,
        sole: bool,
    ) -> Parse<Expr<'a>> {
        if self.level.is_modern() && (class || !sole && !self.asks()) {
            return self.unexpected();
        }
        let comp = self.comprehension(elt)?;
        if !self.level.is_modern() {
            return Ok(self.expr(mark, ExprKind::GeneratorExp(comp)));
        }
        if !sole || self.at(Tok::Comma) {
            // CPython reads what follows first, and may find a bracket that is never closed.
            self.attempt_quietly(|parser| {
                while parser.at(Tok::Comma) {
                    parser.advance();
                    parser.argument()?;
                    if parser.at(Tok::Equal) {
                        parser.advance();
                        parser.expression()?;
                    }
                }
                Ok(())
            })?;
            let end = comp.generators.last().map_or(self.prev_end, |last| {
                last.ifs.last().map_or(last.iter.span.end, |test| test.span.end)
            });
            let start = comp.elt.span.start;
            return self.fail_at("Generator expression must be parenthesized", start, end);
        }
        self.check_at(Tok::RParen)?;
        let mut expr = self.expr(open, ExprKind::GeneratorExp(comp));
        expr.span.end = self.tok.end;
        Ok(expr)
    }

    /// What 3.6 checks once it has all arguments.
    fn check_arguments_36(&mut self, open: Mark, count: usize, generators: usize) -> Parse<()> {
        if generators > 1 || (generators == 1 && count > 1) {
            let message = "Generator expression must be parenthesized if not sole argument";
            return self.fail_at(message, open.pos, self.prev_end);
        }
        if count > 255 {
            return self.fail_at("more than 255 arguments", open.pos, self.prev_end);
        }
        Ok(())
    }

    #[cold]
    fn keyword_error<T>(&mut self, first: Token, name: &Expr) -> Parse<T> {
        if matches!(first.kind, Tok::True | Tok::False | Tok::None)
            && first.end == name.span.end
            && self.level.is_modern()
        {
            let message = format!("cannot assign to {}", super::target::expr_name(name));
            return self.fail_at(message, first.start, self.tok.end);
        }
        if matches!(name.kind, ExprKind::NamedExpr(_)) {
            return self.unexpected();
        }
        if self.level.is_modern() {
            let message = "expression cannot contain assignment, perhaps you meant \"==\"?";
            return self.fail_at(message, name.span.start, self.tok.end);
        }
        self.fail_expr("keyword can't be an expression", name)
    }

    #[cold]
    fn positional_error<T>(&mut self, unpacked: bool) -> Parse<T> {
        let message = if unpacked {
            "positional argument follows keyword argument unpacking"
        } else {
            "positional argument follows keyword argument"
        };
        self.fail_here(message)
    }
}
