//! First pass: walks the tree, opens a scope for each function, class, lambda, comprehension and
//! annotation scope, and notes how the names are used.

use adder_syntax::ast::*;
use adder_syntax::{Level, Symbol};
use smallvec::SmallVec;

use super::{Block, Role, Scope, ScopeId, SymbolTable, TOP, address, def};
use crate::error::{Result, error};
use crate::limits::Depth;
use crate::names::{Names, Private};

/// Builds the scopes of a tree; their names are not yet analysed.
///
/// `lazy_annotations` is false under `from __future__ import annotations` and at level 3.6.
/// `listing` keeps what has no code either, for `symtable`.
pub(crate) fn build(
    module: &Mod,
    names: &mut Names,
    level: Level,
    lazy_annotations: bool,
    listing: bool,
) -> Result<SymbolTable> {
    let top = Scope::new(Block::Module, TOP, names.known.module, Span::default());
    let mut table = SymbolTable { scopes: Vec::new(), by_node: Default::default() };
    // Where there are many names, there is about a scope for each six of them.
    let scopes = names.len().saturating_sub(64) / 6;
    table.scopes.reserve(scopes);
    table.by_node.reserve(scopes);
    table.scopes.push(top);
    let mut builder = Builder {
        table,
        names,
        modern: level == Level::Py314,
        lazy_annotations,
        listing,
        current: TOP,
        private: None,
        depth: Depth::default(),
    };
    match module {
        Mod::Module(body) | Mod::Interactive(body) => builder.stmts(body)?,
        Mod::Expression(expr) => builder.expr(expr)?,
        Mod::FunctionType(_) => {
            return error("this compiler does not handle function types", Span::default());
        }
    }
    Ok(builder.table)
}

const GENEXP: &str = "generator expression";

struct Builder<'n> {
    table: SymbolTable,
    names: &'n mut Names,
    modern: bool,
    lazy_annotations: bool,
    listing: bool,
    current: ScopeId,
    /// The class whose private names are mangled here.
    private: Option<Private>,
    depth: Depth,
}

impl Builder<'_> {
    fn here(&mut self) -> &mut Scope {
        &mut self.table.scopes[self.current as usize]
    }

    /// Opens a scope; the one it lies in is to be restored by [`Builder::leave`].
    fn enter<T>(
        &mut self,
        node: &T,
        role: Role,
        block: Block,
        name: Symbol,
        span: Span,
    ) -> Result<ScopeId> {
        let parent = self.current;
        let outer = self.here();
        let mut scope = Scope::new(block, parent, name, span);
        scope.nested = outer.nested || outer.block.is_function_like();
        scope.comp_iter_expr = outer.comp_iter_expr;
        let sees_class = outer.block == Block::Class
            || (outer.can_see_class_scope && outer.block == Block::TypeParams);
        if sees_class && !matches!(block, Block::Class | Block::Function) {
            scope.can_see_class_scope = true;
        }
        let id = self.table.scopes.len() as ScopeId;
        self.table.scopes.push(scope);
        self.table.by_node.insert((address(node), role), id);
        self.current = id;
        let known = self.names.known;
        if matches!(block, Block::Annotation | Block::TypeAlias | Block::TypeVariable) {
            self.note(known.dot_format, def::PARAM | def::USE, Span::default())?;
        }
        if self.here().can_see_class_scope {
            self.here().symbols.entry(known.classdict).flags |= def::USE;
        }
        Ok(id)
    }

    fn leave(&mut self) {
        self.current = self.here().parent;
    }

    fn mangled(&mut self, name: Symbol) -> Symbol {
        self.names.mangle(self.private.as_ref(), name)
    }

    fn note(&mut self, name: Symbol, flag: u16, span: Span) -> Result<()> {
        if self.here().unevaluated {
            return Ok(());
        }
        let mangled = self.mangled(name);
        let entry = self.here().symbols.entry(mangled);
        let before = entry.flags;
        entry.flags |= flag;
        if flag & def::GLOBAL != 0 {
            // What is declared global anywhere is a global of the module, by name too.
            self.table.scopes[TOP as usize].symbols.entry(mangled).flags |= flag;
        }
        if flag & def::PARAM != 0 && before & def::PARAM != 0 {
            let message =
                format!("duplicate argument '{}' in function definition", self.names.name(name));
            // 3.6 points at the function.
            let span = if self.modern { span } else { self.here().span };
            return error(message, span);
        }
        if flag & def::TYPE_PARAM != 0 && before & def::TYPE_PARAM != 0 {
            let message = format!("duplicate type parameter '{}'", self.names.name(name));
            return error(message, span);
        }
        if flag & def::LOCAL != 0 && self.here().comp_iter_target {
            if before & (def::GLOBAL | def::NONLOCAL) != 0 {
                let message = format!(
                    "comprehension inner loop cannot rebind assignment expression target '{}'",
                    self.names.name(name)
                );
                return error(message, span);
            }
            self.here().symbols.entry(mangled).flags |= def::COMP_ITER;
        }
        Ok(())
    }

    fn rebinds<T>(&self, name: Symbol, span: Span) -> Result<T> {
        let message = format!(
            "assignment expression cannot rebind comprehension iteration variable '{}'",
            self.names.name(name)
        );
        error(message, span)
    }

    // -- statements

    fn stmts(&mut self, body: &[Stmt]) -> Result<()> {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    /// Statements whose execution hangs on control flow.
    fn conditional(&mut self, body: &[Stmt]) -> Result<()> {
        let outer = std::mem::replace(&mut self.here().in_conditional, true);
        let result = self.stmts(body);
        self.here().in_conditional = outer;
        result
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<()> {
        self.depth.enter()?;
        let result = self.stmt_inner(stmt);
        self.depth.leave();
        result
    }

    fn stmt_inner(&mut self, stmt: &Stmt) -> Result<()> {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::FunctionDef(node) => self.function(node, span, false),
            StmtKind::AsyncFunctionDef(node) => self.function(node, span, true),
            StmtKind::ClassDef(node) => self.class(node, span),
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.expr(value)?;
                    self.here().returns_value = Some(span);
                }
                Ok(())
            }
            StmtKind::Delete(node) => self.exprs(node.targets),
            StmtKind::Assign(node) => {
                self.exprs(node.targets)?;
                self.expr(&node.value)
            }
            StmtKind::AugAssign(node) => {
                self.expr(&node.target)?;
                self.expr(&node.value)
            }
            StmtKind::AnnAssign(node) => self.annotated(node),
            StmtKind::TypeAlias(node) => self.type_alias(node, span),
            StmtKind::For(node) | StmtKind::AsyncFor(node) => {
                self.awaits(matches!(stmt.kind, StmtKind::AsyncFor(_)));
                self.expr(&node.target)?;
                self.expr(&node.iter)?;
                self.conditional(node.body)?;
                self.conditional(node.orelse)
            }
            StmtKind::While(node) => {
                self.expr(&node.test)?;
                self.conditional(node.body)?;
                self.conditional(node.orelse)
            }
            StmtKind::If(node) => self.if_chain(node),
            StmtKind::With(node) | StmtKind::AsyncWith(node) => {
                self.awaits(matches!(stmt.kind, StmtKind::AsyncWith(_)));
                for item in node.items {
                    self.expr(&item.context_expr)?;
                    if let Some(target) = &item.optional_vars {
                        self.expr(target)?;
                    }
                }
                self.conditional(node.body)
            }
            StmtKind::Match(node) => {
                self.expr(&node.subject)?;
                for case in node.cases {
                    self.pattern(&case.pattern)?;
                    if let Some(guard) = &case.guard {
                        self.expr(guard)?;
                    }
                    self.conditional(case.body)?;
                }
                Ok(())
            }
            StmtKind::Raise(node) => {
                self.optional(&node.exc)?;
                self.optional(&node.cause)
            }
            StmtKind::Try(node) | StmtKind::TryStar(node) => {
                self.conditional(node.body)?;
                // 3.6 visits the else clause before the handlers.
                if !self.modern {
                    self.stmts(node.orelse)?;
                }
                for handler in node.handlers {
                    self.optional(&handler.type_)?;
                    if let Some(name) = handler.name {
                        self.note(name, def::LOCAL, handler.span)?;
                    }
                    self.conditional(handler.body)?;
                }
                if self.modern {
                    self.conditional(node.orelse)?;
                }
                self.conditional(node.finalbody)
            }
            StmtKind::Assert(node) => {
                self.expr(&node.test)?;
                self.optional(&node.msg)
            }
            StmtKind::Import(node) => {
                node.names.iter().try_for_each(|alias| self.alias(alias, span))
            }
            StmtKind::ImportFrom(node) => {
                node.names.iter().try_for_each(|alias| self.alias(alias, span))
            }
            StmtKind::Global(node) => self.directive(node.names, def::GLOBAL, span),
            StmtKind::Nonlocal(node) => self.directive(node.names, def::NONLOCAL, span),
            StmtKind::Expr(value) => self.expr(value),
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => Ok(()),
        }
    }

    /// An `if` with all its `elif`s, in a loop: such chains can be long.
    fn if_chain(&mut self, node: &If) -> Result<()> {
        let mut node = node;
        let mut links = 0;
        loop {
            self.expr(&node.test)?;
            self.conditional(node.body)?;
            links += 1;
            match node.orelse {
                [Stmt { kind: StmtKind::If(inner), .. }] => {
                    self.depth.chain(links)?;
                    node = inner;
                }
                orelse => return self.conditional(orelse),
            }
        }
    }

    fn function(&mut self, node: &FunctionDef, span: Span, is_async: bool) -> Result<()> {
        self.note(node.name, def::LOCAL, span)?;
        self.exprs(node.args.defaults)?;
        self.optionals(node.args.kw_defaults)?;
        let has_kwdefaults = node.args.kw_defaults.iter().any(Option::is_some);
        if self.modern {
            self.exprs(node.decorator_list)?;
        }
        let generic = !node.type_params.is_empty();
        if generic {
            self.enter(node, Role::TypeParams, Block::TypeParams, node.name, span)?;
            let known = self.names.known;
            if !node.args.defaults.is_empty() || self.listing {
                self.note(known.dot_defaults, def::PARAM, span)?;
            }
            if has_kwdefaults {
                self.note(known.dot_kwdefaults, def::PARAM, span)?;
            }
            self.type_params(node.type_params)?;
        }
        self.annotations(&node.args, node.returns.as_ref(), span)?;
        if !self.modern {
            self.exprs(node.decorator_list)?;
        }
        self.enter(node, Role::Body, Block::Function, node.name, span)?;
        self.here().coroutine = is_async;
        self.parameters(&node.args)?;
        self.stmts(node.body)?;
        self.check_async_generator()?;
        self.leave();
        if generic {
            self.leave();
        }
        Ok(())
    }

    fn check_async_generator(&mut self) -> Result<()> {
        let modern = self.modern;
        let scope = self.here();
        match scope.returns_value {
            // 3.6 finds this while it generates code.
            Some(span) if modern && scope.coroutine && scope.generator => {
                error("'return' with value in async generator", span)
            }
            _ => Ok(()),
        }
    }

    fn annotations(&mut self, args: &Arguments, returns: Option<&Expr>, span: Span) -> Result<()> {
        let all = || {
            let of_args = annotated_args(args).filter_map(|arg| arg.annotation);
            of_args.chain(returns)
        };
        if !self.modern {
            return all().try_for_each(|annotation| self.expr(annotation));
        }
        let listed = self.listing && self.lazy_annotations;
        if all().next().is_none() && !listed {
            return Ok(());
        }
        if !self.lazy_annotations {
            all().try_for_each(|annotation| self.unevaluated(annotation))?;
            if self.listing {
                return Ok(());
            }
        }
        let name = self.names.known.annotate;
        self.enter(args, Role::Annotations, Block::Annotation, name, span)?;
        if self.lazy_annotations {
            all().try_for_each(|annotation| self.expr(annotation))?;
        }
        self.leave();
        Ok(())
    }

    /// An annotation that never runs: it becomes a string (PEP 563), or is that of a local
    /// variable. It is looked through for errors; what scopes it has are forgotten, since its
    /// names are not used.
    fn unevaluated(&mut self, annotation: &Expr) -> Result<()> {
        let scopes = self.table.scopes.len();
        let name = self.names.known.annotate;
        self.enter(annotation, Role::Annotations, Block::Annotation, name, annotation.span)?;
        self.expr(annotation)?;
        self.leave();
        self.table.scopes.truncate(scopes);
        Ok(())
    }

    fn parameters(&mut self, args: &Arguments) -> Result<()> {
        for arg in args.posonlyargs.iter().chain(args.args).chain(args.kwonlyargs) {
            self.note(arg.arg, def::PARAM, arg.span)?;
        }
        if let Some(arg) = &args.vararg {
            self.note(arg.arg, def::PARAM, arg.span)?;
            self.here().varargs = true;
        }
        if let Some(arg) = &args.kwarg {
            self.note(arg.arg, def::PARAM, arg.span)?;
            self.here().varkeywords = true;
        }
        Ok(())
    }

    fn class(&mut self, node: &ClassDef, span: Span) -> Result<()> {
        self.note(node.name, def::LOCAL, span)?;
        let known = self.names.known;
        let outer_private = self.private.clone();
        if self.modern {
            self.exprs(node.decorator_list)?;
        }
        let generic = !node.type_params.is_empty();
        if generic {
            self.enter(node, Role::TypeParams, Block::TypeParams, node.name, span)?;
            self.private = Private::in_head(node.name, node.type_params);
            self.note(known.dot_type_params, def::LOCAL | def::USE, span)?;
            self.note(known.dot_generic_base, def::LOCAL | def::USE, span)?;
            self.type_params(node.type_params)?;
        }
        self.exprs(node.bases)?;
        for keyword in node.keywords {
            self.expr(&keyword.value)?;
        }
        if !self.modern {
            self.exprs(node.decorator_list)?;
        }
        self.enter(node, Role::Body, Block::Class, node.name, span)?;
        self.private = Private::inside(node.name);
        if generic {
            self.note(known.type_params, def::LOCAL, span)?;
            self.note(known.dot_type_params, def::USE, span)?;
        }
        self.stmts(node.body)?;
        self.leave();
        if generic {
            self.leave();
        }
        self.private = outer_private;
        Ok(())
    }

    fn type_alias(&mut self, node: &TypeAlias, span: Span) -> Result<()> {
        self.expr(&node.name)?;
        let name = match node.name.kind {
            ExprKind::Name { id, .. } => id,
            _ => self.names.known.empty,
        };
        let generic = !node.type_params.is_empty();
        if generic {
            self.enter(node, Role::TypeParams, Block::TypeParams, name, span)?;
            self.type_params(node.type_params)?;
        }
        self.enter(node, Role::Body, Block::TypeAlias, name, span)?;
        self.expr(&node.value)?;
        self.leave();
        if generic {
            self.leave();
        }
        Ok(())
    }

    /// A scope of one expression, evaluated when somebody asks (PEP 695).
    fn type_variable(&mut self, param: &TypeParam, role: Role, value: &Expr) -> Result<()> {
        self.enter(param, role, Block::TypeVariable, param.name, value.span)?;
        self.expr(value)?;
        self.leave();
        Ok(())
    }

    fn type_params(&mut self, params: &[TypeParam]) -> Result<()> {
        for param in params {
            self.note(param.name, def::TYPE_PARAM | def::LOCAL, param.span)?;
            if let TypeParamKind::TypeVar { bound: Some(bound) } = &param.kind {
                self.type_variable(param, Role::Bound, bound)?;
            }
            if let Some(default) = &param.default {
                self.type_variable(param, Role::Default, default)?;
            }
        }
        Ok(())
    }

    fn annotated(&mut self, node: &AnnAssign) -> Result<()> {
        if let ExprKind::Name { id, .. } = node.target.kind {
            let name = self.mangled(id);
            let modern = self.modern;
            let current = self.current;
            let before = self.here().symbols.get(name).map_or(0, |entry| entry.flags);
            let declared = before & (def::GLOBAL | def::NONLOCAL) != 0;
            if declared && node.simple && (!modern || current != TOP) {
                let kind = if before & def::GLOBAL != 0 { "global" } else { "nonlocal" };
                let text = self.names.name(id);
                return error(format!("annotated name '{text}' can't be {kind}"), node.target.span);
            }
            if node.simple {
                self.note(id, def::ANNOT | def::LOCAL, node.target.span)?;
            } else if node.value.is_some() {
                self.note(id, def::LOCAL, node.target.span)?;
            }
        } else {
            self.expr(&node.target)?;
        }
        let stores = !self.here().block.is_function_like();
        if !self.modern {
            self.expr(&node.annotation)?;
        } else if self.lazy_annotations && ((stores && node.simple) || self.listing) {
            self.variable_annotation(node, !stores)?;
        } else {
            if self.listing && stores {
                self.annotation_condition();
            }
            self.unevaluated(&node.annotation)?;
        }
        self.optional(&node.value)
    }

    /// PEP 649: the annotations of the variables of a module or class share one scope; so do those
    /// of a function, where they are listed.
    fn variable_annotation(&mut self, node: &AnnAssign, unevaluated: bool) -> Result<()> {
        let known = self.names.known;
        let parent = self.current;
        self.annotation_condition();
        match self.here().annotation_block {
            Some(block) => self.current = block,
            None => {
                let (name, span) = (known.annotate, node.annotation.span);
                let block = self.enter(node, Role::Annotations, Block::Annotation, name, span)?;
                self.table.scopes[parent as usize].annotation_block = Some(block);
            }
        }
        if self.table.scope(parent).conditional_annotations && !self.listing {
            self.here().symbols.entry(known.conditional_annotations).flags |= def::USE;
        }
        self.here().unevaluated = unevaluated;
        self.expr(&node.annotation)?;
        self.current = parent;
        Ok(())
    }

    /// Notes an annotation whose execution depends on control flow.
    fn annotation_condition(&mut self) {
        let name = self.names.known.conditional_annotations;
        // The code binds it; the listing, as CPython's, knows only of a use.
        let flags = if self.listing { def::USE } else { def::USE | def::LOCAL };
        let scope = self.here();
        if scope.block == Block::Module || (scope.block == Block::Class && scope.in_conditional) {
            scope.conditional_annotations = true;
            scope.symbols.entry(name).flags |= flags;
        }
    }

    fn alias(&mut self, alias: &Alias, span: Span) -> Result<()> {
        if let Some(name) = alias.asname {
            return self.note(name, def::IMPORT, span);
        }
        let name = self.names.name(alias.name);
        if name == "*" {
            if self.here().block != Block::Module {
                let span = if self.modern { alias.span } else { self.here().span };
                return error("import * only allowed at module level", span);
            }
            return Ok(());
        }
        let name = match name.split_once('.') {
            Some((first, _)) => {
                let first = first.to_owned();
                self.names.intern(&first)
            }
            None => alias.name,
        };
        self.note(name, def::IMPORT, span)
    }

    fn directive(&mut self, list: &[Symbol], flag: u16, span: Span) -> Result<()> {
        let kind = if flag == def::GLOBAL { "global" } else { "nonlocal" };
        for &name in list {
            let mangled = self.mangled(name);
            let before = self.here().symbols.get(mangled).map_or(0, |entry| entry.flags);
            let text = self.names.name(name);
            let complaint = if before & def::PARAM != 0 {
                Some(format!("name '{text}' is parameter and {kind}"))
            } else if before & def::USE != 0 {
                Some(format!("name '{text}' is used prior to {kind} declaration"))
            } else if before & def::ANNOT != 0 {
                Some(format!("annotated name '{text}' can't be {kind}"))
            } else if before & def::LOCAL != 0 {
                Some(format!("name '{text}' is assigned to before {kind} declaration"))
            } else {
                None
            };
            if let Some(message) = complaint {
                return error(message, span);
            }
            self.note(name, flag, span)?;
            self.here().directives.push((mangled, span));
        }
        Ok(())
    }

    fn pattern(&mut self, pattern: &Pattern) -> Result<()> {
        self.depth.enter()?;
        let span = pattern.span;
        let result = match &pattern.kind {
            PatternKind::MatchValue(value) => self.expr(value),
            PatternKind::MatchSingleton(_) | PatternKind::MatchStar(None) => Ok(()),
            PatternKind::MatchSequence(patterns) | PatternKind::MatchOr(patterns) => {
                patterns.iter().try_for_each(|pattern| self.pattern(pattern))
            }
            PatternKind::MatchMapping(node) => self.exprs(node.keys).and_then(|()| {
                node.patterns.iter().try_for_each(|pattern| self.pattern(pattern))?;
                node.rest.map_or(Ok(()), |rest| self.note(rest, def::LOCAL, span))
            }),
            PatternKind::MatchClass(node) => self.expr(&node.cls).and_then(|()| {
                let mut all = node.patterns.iter().chain(node.kwd_patterns);
                all.try_for_each(|pattern| self.pattern(pattern))
            }),
            PatternKind::MatchStar(Some(name)) => self.note(*name, def::LOCAL, span),
            PatternKind::MatchAs(node) => {
                let inner = node.pattern.as_ref().map_or(Ok(()), |pattern| self.pattern(pattern));
                inner.and_then(|()| node.name.map_or(Ok(()), |n| self.note(n, def::LOCAL, span)))
            }
        };
        self.depth.leave();
        result
    }

    // -- expressions

    fn exprs(&mut self, list: &[Expr]) -> Result<()> {
        list.iter().try_for_each(|expr| self.expr(expr))
    }

    fn optional(&mut self, expr: &Option<Expr>) -> Result<()> {
        expr.as_ref().map_or(Ok(()), |expr| self.expr(expr))
    }

    fn optionals(&mut self, list: &[Option<Expr>]) -> Result<()> {
        list.iter().try_for_each(|expr| self.optional(expr))
    }

    fn expr(&mut self, expr: &Expr) -> Result<()> {
        self.depth.enter()?;
        let result = self.expr_inner(expr);
        self.depth.leave();
        result
    }

    fn expr_inner(&mut self, expr: &Expr) -> Result<()> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Name { id, ctx } => {
                let flag = if *ctx == ExprContext::Load { def::USE } else { def::LOCAL };
                self.note(*id, flag, span)?;
                let known = self.names.known;
                // A call of super() finds its class in this cell.
                if *id == known.super_
                    && *ctx == ExprContext::Load
                    && self.here().block == Block::Function
                {
                    self.note(known.class_, def::USE, span)?;
                }
                Ok(())
            }
            ExprKind::Constant(_) => Ok(()),
            ExprKind::Attribute(_)
            | ExprKind::Call(_)
            | ExprKind::Subscript(_)
            | ExprKind::BinOp(_)
            | ExprKind::UnaryOp(_) => self.chain(expr),
            ExprKind::BoolOp(node) => self.exprs(node.values),
            ExprKind::NamedExpr(node) => self.named_expr(node, span),
            ExprKind::Lambda(node) => {
                self.exprs(node.args.defaults)?;
                self.optionals(node.args.kw_defaults)?;
                let name = self.names.known.lambda;
                self.enter(&**node, Role::Body, Block::Function, name, span)?;
                self.parameters(&node.args)?;
                self.expr(&node.body)?;
                self.leave();
                Ok(())
            }
            ExprKind::IfExp(node) => {
                self.expr(&node.test)?;
                self.expr(&node.body)?;
                self.expr(&node.orelse)
            }
            ExprKind::Dict(node) => {
                self.optionals(node.keys)?;
                self.exprs(node.values)
            }
            ExprKind::Set(node) | ExprKind::FrozenSet(node) => self.exprs(node.elts),
            ExprKind::ListComp(node) => {
                let kind = "list comprehension";
                self.comprehension(&**node, node.generators, &node.elt, None, kind, span)
            }
            ExprKind::SetComp(node) => {
                let kind = "set comprehension";
                self.comprehension(&**node, node.generators, &node.elt, None, kind, span)
            }
            ExprKind::GeneratorExp(node) => {
                self.comprehension(&**node, node.generators, &node.elt, None, GENEXP, span)
            }
            ExprKind::DictComp(node) => {
                let (key, value) = (&node.key, Some(&node.value));
                let kind = "dict comprehension";
                self.comprehension(&**node, node.generators, key, value, kind, span)
            }
            ExprKind::Await(value) => {
                self.forbid("await expression", span)?;
                self.expr(value)?;
                self.here().coroutine = true;
                Ok(())
            }
            ExprKind::Yield(value) => {
                self.forbid("yield expression", span)?;
                if let Some(value) = value {
                    self.expr(value)?;
                }
                self.yields(span)
            }
            ExprKind::YieldFrom(value) => {
                self.forbid("yield expression", span)?;
                self.expr(value)?;
                self.yields(span)
            }
            ExprKind::Compare(node) => {
                self.expr(&node.left)?;
                self.exprs(node.comparators)
            }
            ExprKind::FormattedValue(node) => {
                self.expr(&node.value)?;
                self.optional(&node.format_spec)
            }
            ExprKind::Interpolation(node) => {
                self.expr(&node.value)?;
                self.optional(&node.format_spec)
            }
            ExprKind::JoinedStr(node) | ExprKind::TemplateStr(node) => self.exprs(node.values),
            ExprKind::Starred(node) => self.expr(&node.value),
            ExprKind::List(node) | ExprKind::Tuple(node) => self.exprs(node.elts),
            ExprKind::Slice(node) => {
                self.optional(&node.lower)?;
                self.optional(&node.upper)?;
                self.optional(&node.step)
            }
        }
    }

    /// An expression that may be the end of a long chain of left operands: the chain is walked
    /// down in a loop, and its other operands are visited from the innermost on.
    fn chain(&mut self, expr: &Expr) -> Result<()> {
        let mut links: SmallVec<[&Expr; 8]> = SmallVec::new();
        let mut expr = expr;
        loop {
            let left = match &expr.kind {
                ExprKind::Attribute(node) => &node.value,
                ExprKind::Call(node) => &node.func,
                ExprKind::Subscript(node) => &node.value,
                ExprKind::BinOp(node) => &node.left,
                ExprKind::UnaryOp(node) => &node.operand,
                _ => break,
            };
            links.push(expr);
            self.depth.chain(links.len())?;
            expr = left;
        }
        self.expr(expr)?;
        for link in links.iter().rev() {
            match &link.kind {
                ExprKind::Call(node) => {
                    self.exprs(node.args)?;
                    for keyword in node.keywords {
                        self.expr(&keyword.value)?;
                    }
                }
                ExprKind::Subscript(node) => self.expr(&node.slice)?,
                ExprKind::BinOp(node) => self.expr(&node.right)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// `await`, `yield` and `:=` may not stand in annotations and the like (3.14).
    fn forbid(&mut self, what: &str, span: Span) -> Result<()> {
        let place = match self.here().block {
            Block::Annotation => "an annotation",
            Block::TypeVariable => "a TypeVar bound",
            Block::TypeAlias => "a type alias",
            Block::TypeParams => "the definition of a generic",
            _ => return Ok(()),
        };
        error(format!("{what} cannot be used within {place}"), span)
    }

    fn yields(&mut self, span: Span) -> Result<()> {
        if let Some(kind) = self.here().comprehension.filter(|_| self.modern) {
            return error(format!("'yield' inside {kind}"), span);
        }
        self.here().generator = true;
        Ok(())
    }

    fn comprehension<T>(
        &mut self,
        node: &T,
        generators: &[Comprehension],
        elt: &Expr,
        value: Option<&Expr>,
        kind: &'static str,
        span: Span,
    ) -> Result<()> {
        let generator = kind == GENEXP;
        let Some((outermost, rest)) = generators.split_first() else { return Ok(()) };
        // The outermost iterable is evaluated in the scope around and handed in.
        self.iterable(&outermost.iter)?;
        // PEP 709. An annotation scope in a class has its own way of looking names up.
        let inlined = self.modern && !generator && !self.here().can_see_class_scope;
        let known = self.names.known;
        let name = match kind {
            GENEXP => known.genexpr,
            "list comprehension" => known.listcomp,
            "set comprehension" => known.setcomp,
            _ => known.dictcomp,
        };
        self.enter(node, Role::Body, Block::Function, name, span)?;
        let scope = self.here();
        scope.coroutine = outermost.is_async;
        scope.generator = generator;
        scope.comprehension = Some(kind);
        scope.inlined = inlined;
        if !inlined {
            let arg0 = self.names.known.arg0;
            self.note(arg0, def::PARAM, Span::default())?;
        }
        self.target(&outermost.target)?;
        self.exprs(outermost.ifs)?;
        for part in rest {
            self.target(&part.target)?;
            self.iterable(&part.iter)?;
            self.exprs(part.ifs)?;
            if part.is_async {
                self.here().coroutine = true;
            }
        }
        // Today the key of a dict comprehension goes before the value (PEP 572).
        let (first, second) = if self.modern { (Some(elt), value) } else { (value, Some(elt)) };
        for part in [first, second].into_iter().flatten() {
            self.expr(part)?;
        }
        let is_async = self.here().coroutine;
        self.leave();
        // Awaiting an asynchronous comprehension makes a coroutine of what is around it (3.8).
        if self.modern && is_async && !generator && self.here().block == Block::Function {
            self.here().coroutine = true;
        }
        self.awaits(is_async);
        Ok(())
    }

    /// Something asynchronous at the top level makes a coroutine of a module
    /// (`PyCF_ALLOW_TOP_LEVEL_AWAIT`; without it, it is an error).
    fn awaits(&mut self, is_async: bool) {
        if is_async && self.modern && self.here().block == Block::Module {
            self.here().coroutine = true;
        }
    }

    fn iterable(&mut self, expr: &Expr) -> Result<()> {
        self.here().comp_iter_expr += 1;
        let result = self.expr(expr);
        self.here().comp_iter_expr -= 1;
        result
    }

    fn target(&mut self, target: &Expr) -> Result<()> {
        self.here().comp_iter_target = self.modern;
        let result = self.expr(target);
        self.here().comp_iter_target = false;
        result
    }

    /// `:=` binds in the scope around all comprehensions it stands in (PEP 572).
    fn named_expr(&mut self, node: &NamedExpr, span: Span) -> Result<()> {
        self.forbid("named expression", span)?;
        if self.here().comp_iter_expr > 0 {
            return error(
                "assignment expression cannot be used in a comprehension iterable expression",
                span,
            );
        }
        if self.here().comprehension.is_some()
            && let ExprKind::Name { id, .. } = node.target.kind
        {
            self.bind_around_comprehensions(id, span)?;
        }
        self.expr(&node.value)?;
        self.expr(&node.target)
    }

    fn bind_around_comprehensions(&mut self, id: Symbol, span: Span) -> Result<()> {
        let name = self.mangled(id);
        let inner = self.current;
        let mut at = inner;
        loop {
            let scope = &self.table.scopes[at as usize];
            match scope.block {
                Block::Function if scope.comprehension.is_some() => {
                    if scope.symbols.get(name).is_some_and(|e| e.flags & def::COMP_ITER != 0) {
                        return self.rebinds(id, span);
                    }
                    at = scope.parent;
                    continue;
                }
                Block::Function => {
                    let global =
                        scope.symbols.get(name).is_some_and(|e| e.flags & def::GLOBAL != 0);
                    let flag = if global { def::GLOBAL } else { def::NONLOCAL };
                    self.here().symbols.entry(name).flags |= flag;
                    self.here().directives.push((name, span));
                    self.table.scopes[at as usize].symbols.entry(name).flags |= def::LOCAL;
                    return Ok(());
                }
                Block::Module => {
                    self.here().symbols.entry(name).flags |= def::GLOBAL;
                    self.here().directives.push((name, span));
                    self.table.scopes[at as usize].symbols.entry(name).flags |= def::GLOBAL;
                    return Ok(());
                }
                Block::Class => {
                    return error(
                        "assignment expression within a comprehension cannot be used in a class body",
                        span,
                    );
                }
                Block::Annotation | Block::TypeParams | Block::TypeAlias | Block::TypeVariable => {
                    let place = match scope.block {
                        Block::TypeParams => "the definition of a generic",
                        Block::TypeAlias => "a type alias",
                        Block::TypeVariable => "a TypeVar bound",
                        _ => "an annotation",
                    };
                    return error(
                        format!(
                            "assignment expression within a comprehension cannot be used within {place}"
                        ),
                        span,
                    );
                }
            }
        }
    }
}

/// All parameters that can have an annotation, in the order in which they are evaluated.
pub(crate) fn annotated_args<'a>(args: &'a Arguments<'a>) -> impl Iterator<Item = &'a Arg<'a>> {
    args.posonlyargs
        .iter()
        .chain(args.args)
        .chain(args.vararg)
        .chain(args.kwonlyargs)
        .chain(args.kwarg)
}
