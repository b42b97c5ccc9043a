//! Parameters of functions and lambdas, arguments of calls and class definitions.

use super::{Mark, Parse, Parser};
use crate::ast::{Arg, Arguments, Call, Expr, ExprKind, Keyword, List};
use crate::lexer::token::{Tok, prec};

/// The arguments of a call or class definition.
#[derive(Default)]
pub(super) struct CallArgs {
    pub(super) args: List<Expr>,
    pub(super) keywords: List<Keyword>,
}

impl Parser<'_> {
    /// The parameters up to `close`: the colon of a lambda, which has no annotations, or the
    /// bracket of a `def`.
    pub(super) fn parameters(&mut self, close: Tok) -> Parse<Arguments> {
        let mut arguments = Arguments::default();
        if self.at(close) {
            return Ok(arguments);
        }
        let annotated = close == Tok::RParen;
        let mut args = Vec::new();
        let mut kwonlyargs = Vec::new();
        let mut kw_defaults = Vec::new();
        let base = self.exprs.len();
        // After `*`, with or without a name, parameters are keyword-only.
        let mut star = None;
        let mut bare_star = false;
        let mut slash = false;
        loop {
            match self.tok.kind {
                Tok::Star => {
                    let at = self.tok;
                    if star.is_some() {
                        return self.fail_here("* argument may appear only once");
                    }
                    star = Some(at);
                    self.advance();
                    if self.at(Tok::Name) {
                        let arg = self.parameter(annotated, true)?;
                        if self.at(Tok::Equal) && self.level.is_modern() {
                            let message = "var-positional argument cannot have default value";
                            return self.fail_here(message);
                        }
                        arguments.vararg = Some(Box::new(arg));
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
                    arguments.kwarg = Some(Box::new(arg));
                    self.eat(Tok::Comma);
                    if !self.at(close) {
                        return self.after_kwarg_error();
                    }
                    break;
                }
                Tok::Slash if self.level.is_modern() => {
                    if slash {
                        return self.fail_here("/ may appear only once");
                    }
                    if star.is_some() {
                        return self.fail_here("/ must be ahead of *");
                    }
                    if args.is_empty() {
                        return self.fail_here("at least one argument must precede /");
                    }
                    slash = true;
                    self.advance();
                    arguments.posonlyargs = std::mem::take(&mut args).into_boxed_slice();
                }
                Tok::Name => {
                    let at = self.tok;
                    let arg = self.parameter(annotated, false)?;
                    let default = if self.eat(Tok::Equal) {
                        if self.level.is_modern() && (self.at(close) || self.at(Tok::Comma)) {
                            return self.default_missing();
                        }
                        Some(self.expression()?)
                    } else {
                        None
                    };
                    bare_star = false;
                    if star.is_some() {
                        kwonlyargs.push(arg);
                        kw_defaults.push(default);
                    } else {
                        if let Some(default) = default {
                            self.exprs.push(default);
                        } else if self.exprs.len() > base {
                            return self.default_order_error(at);
                        }
                        args.push(arg);
                    }
                }
                _ => return self.bad_parameter(close, &args),
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
        arguments.args = args.into_boxed_slice();
        arguments.kwonlyargs = kwonlyargs.into_boxed_slice();
        arguments.kw_defaults = kw_defaults.into_boxed_slice();
        arguments.defaults = self.take_exprs(base);
        Ok(arguments)
    }

    fn parameter(&mut self, annotated: bool, star: bool) -> Parse<Arg> {
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
            annotation = Some(Box::new(value));
        }
        Ok(Arg { span: self.span(start), arg, annotation })
    }

    #[cold]
    fn default_missing<T>(&mut self) -> Parse<T> {
        self.fail_here("expected default value expression")
    }

    #[cold]
    fn default_order_error<T>(&mut self, at: crate::lexer::token::Token) -> Parse<T> {
        let message = if self.level.is_modern() {
            "parameter without a default follows parameter with a default"
        } else {
            "non-default argument follows default argument"
        };
        self.fail_at(message, at.start, at.end)
    }

    #[cold]
    fn bare_star_error<T>(&mut self, at: crate::lexer::token::Token, close: Tok) -> Parse<T> {
        if self.at(close) || self.at(Tok::DoubleStar) || self.at(Tok::Comma) {
            return self.fail_at("named arguments must follow bare *", at.start, at.end);
        }
        self.unexpected()
    }

    #[cold]
    fn after_kwarg_error<T>(&mut self) -> Parse<T> {
        if matches!(self.tok.kind, Tok::Name | Tok::Star | Tok::DoubleStar | Tok::Slash) {
            return self.fail_here("arguments cannot follow var-keyword argument");
        }
        self.unexpected()
    }

    #[cold]
    fn bad_parameter<T>(&mut self, _close: Tok, _args: &[Arg]) -> Parse<T> {
        self.unexpected()
    }

    /// The call of `func`; the opening bracket is the current token.
    pub(super) fn call(&mut self, func: Expr) -> Parse<ExprKind> {
        let open = self.mark();
        self.advance();
        let CallArgs { args, keywords } = self.arguments(open, false)?;
        Ok(ExprKind::Call(Box::new(Call { func, args, keywords })))
    }

    /// Arguments up to and with the closing bracket. `open` is where the opening bracket stands: a
    /// generator expression that is the sole argument starts there.
    pub(super) fn arguments(&mut self, open: Mark, class: bool) -> Parse<CallArgs> {
        if self.eat(Tok::RParen) {
            return Ok(CallArgs::default());
        }
        let base = self.exprs.len();
        let mut keywords = Vec::new();
        let mut unpacked = false;
        let mut generators = 0;
        loop {
            let mark = self.mark();
            match self.tok.kind {
                Tok::Star => {
                    let start = self.exprs.len();
                    let value = self.starred(0)?;
                    if unpacked {
                        return self.fail_at(
                            "iterable argument unpacking follows keyword argument unpacking",
                            value.span.start,
                            value.span.end,
                        );
                    }
                    debug_assert!(start == self.exprs.len());
                    self.exprs.push(value);
                }
                Tok::DoubleStar => {
                    self.advance();
                    let value = self.expression()?;
                    unpacked = true;
                    keywords.push(Keyword { span: self.span(mark.pos), arg: None, value });
                }
                _ => {
                    let value = self.named_expression()?;
                    match self.tok.kind {
                        Tok::Equal => {
                            let keyword = self.keyword(mark, value, &keywords)?;
                            keywords.push(keyword);
                        }
                        Tok::For | Tok::Async => {
                            generators += 1;
                            let value = self.generator_argument(mark, open, value, class)?;
                            self.exprs.push(value);
                        }
                        _ => {
                            if !keywords.is_empty() {
                                return self.positional_error(unpacked, &value);
                            }
                            self.exprs.push(value);
                        }
                    }
                }
            }
            if !self.eat(Tok::Comma) || self.at(Tok::RParen) {
                break;
            }
        }
        self.close_arguments()?;
        let count = self.exprs.len() - base + keywords.len();
        if !self.level.is_modern() {
            self.check_arguments_36(open, count, generators)?;
        }
        Ok(CallArgs { args: self.take_exprs(base), keywords: keywords.into_boxed_slice() })
    }

    /// `name=value`; the `=` is the current token.
    fn keyword(&mut self, mark: Mark, name: Expr, before: &[Keyword]) -> Parse<Keyword> {
        let bare = name.span.start == mark.pos;
        let ExprKind::Name { id, .. } = name.kind else { return self.keyword_error(&name) };
        // 3.6 looks through brackets here, as it builds the tree before it asks.
        if !bare && self.level.is_modern() {
            return self.keyword_error(&name);
        }
        if !self.level.is_modern() && self.pool.name(id) == "__debug__" {
            return self.fail_expr("assignment to keyword", &name);
        }
        if !self.level.is_modern() && before.iter().any(|keyword| keyword.arg == Some(id)) {
            return self.fail_expr("keyword argument repeated", &name);
        }
        self.advance();
        let value = self.keyword_value()?;
        Ok(Keyword { span: self.span(mark.pos), arg: Some(id), value })
    }

    fn keyword_value(&mut self) -> Parse<Expr> {
        self.expression()
    }

    /// A generator expression without brackets of its own.
    fn generator_argument(
        &mut self,
        mark: Mark,
        open: Mark,
        elt: Expr,
        class: bool,
    ) -> Parse<Expr> {
        let comp = self.comprehension(elt)?;
        if !self.level.is_modern() {
            return Ok(self.expr(mark, ExprKind::GeneratorExp(comp)));
        }
        if class {
            return self.unexpected();
        }
        if self.at(Tok::Comma) {
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

    fn close_arguments(&mut self) -> Parse<()> {
        self.expect(Tok::RParen)
    }

    #[cold]
    fn keyword_error<T>(&mut self, name: &Expr) -> Parse<T> {
        if self.level.is_modern() {
            let message = "expression cannot contain assignment, perhaps you meant \"==\"?";
            return self.fail_at(message, name.span.start, self.tok.end);
        }
        self.fail_expr("keyword can't be an expression", name)
    }

    #[cold]
    fn positional_error<T>(&mut self, unpacked: bool, value: &Expr) -> Parse<T> {
        let message = if unpacked {
            "positional argument follows keyword argument unpacking"
        } else {
            "positional argument follows keyword argument"
        };
        self.fail_expr(message, value)
    }
}
