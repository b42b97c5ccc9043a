//! What a tree made by a program must fulfil before it is compiled, beyond what its types say.
//!
//! CPython's counterpart: `Python/ast.c`.

use adder_syntax::Pool;
use adder_syntax::Symbol;
use adder_syntax::ast::*;
use adder_vm::Vm;
use adder_vm::runtime::errors::PyResult;

/// Checks a whole tree.
///
/// # Errors
/// `ValueError` for the first thing that is wrong, in CPython's words.
pub fn module(vm: &Vm, pool: &Pool, module: &Mod) -> PyResult<()> {
    let v = Validator { vm, pool };
    match module {
        Mod::Module(body) | Mod::Interactive(body) => v.stmts(body),
        Mod::Expression(body) => v.expr(body, ExprContext::Load),
        Mod::FunctionType(node) => {
            v.exprs(&node.argtypes, ExprContext::Load)?;
            v.expr(&node.returns, ExprContext::Load)
        }
    }
}

struct Validator<'a> {
    vm: &'a Vm,
    pool: &'a Pool,
}

use ExprContext::{Del, Load, Store};

impl Validator<'_> {
    fn fail(&self, message: impl Into<String>) -> PyResult<()> {
        Err(self.vm.value_error(message))
    }

    fn filled<T>(&self, list: &[T], what: &str, owner: &str) -> PyResult<()> {
        if list.is_empty() { self.fail(format!("empty {what} on {owner}")) } else { Ok(()) }
    }

    fn name(&self, name: Symbol) -> PyResult<()> {
        let text = self.pool.name(name);
        if matches!(text, "None" | "True" | "False") {
            return self.fail(format!("identifier field can't represent '{text}' constant"));
        }
        Ok(())
    }

    fn names(&self, names: impl IntoIterator<Item = Symbol>) -> PyResult<()> {
        names.into_iter().try_for_each(|name| self.name(name))
    }

    fn body(&self, body: &[Stmt], owner: &str) -> PyResult<()> {
        self.filled(body, "body", owner)?;
        self.stmts(body)
    }

    fn stmts(&self, list: &[Stmt]) -> PyResult<()> {
        list.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    fn exprs(&self, list: &[Expr], ctx: ExprContext) -> PyResult<()> {
        list.iter().try_for_each(|expr| self.expr(expr, ctx))
    }

    fn opt(&self, expr: Option<&Expr>) -> PyResult<()> {
        expr.map_or(Ok(()), |expr| self.expr(expr, Load))
    }

    fn load(&self, expr: &Expr) -> PyResult<()> {
        self.expr(expr, Load)
    }

    fn keywords(&self, list: &[Keyword]) -> PyResult<()> {
        list.iter().try_for_each(|keyword| self.load(&keyword.value))
    }

    fn type_params(&self, list: &[TypeParam]) -> PyResult<()> {
        for param in list {
            self.name(param.name)?;
            if let TypeParamKind::TypeVar { bound: Some(bound) } = &param.kind {
                self.load(bound)?;
            }
            self.opt(param.default.as_ref())?;
        }
        Ok(())
    }

    fn arguments(&self, args: &Arguments) -> PyResult<()> {
        let all = args.posonlyargs.iter().chain(args.args).chain(args.vararg);
        for arg in all.chain(args.kwonlyargs).chain(args.kwarg) {
            self.opt(arg.annotation)?;
        }
        if args.defaults.len() > args.posonlyargs.len() + args.args.len() {
            return self.fail("more positional defaults than args on arguments");
        }
        if args.kw_defaults.len() != args.kwonlyargs.len() {
            return self.fail("length of kwonlyargs is not the same as kw_defaults on arguments");
        }
        self.exprs(&args.defaults, Load)?;
        args.kw_defaults.iter().try_for_each(|default| self.opt(default.as_ref()))
    }

    fn generators(&self, list: &[Comprehension]) -> PyResult<()> {
        if list.is_empty() {
            return self.fail("comprehension with no generators");
        }
        for part in list {
            self.expr(&part.target, Store)?;
            self.load(&part.iter)?;
            self.exprs(&part.ifs, Load)?;
        }
        Ok(())
    }

    fn stmt(&self, stmt: &Stmt) -> PyResult<()> {
        self.vm.check_stack()?;
        match &stmt.kind {
            StmtKind::FunctionDef(node) => self.function(node, "FunctionDef"),
            StmtKind::AsyncFunctionDef(node) => self.function(node, "AsyncFunctionDef"),
            StmtKind::ClassDef(node) => {
                self.body(&node.body, "ClassDef")?;
                self.type_params(&node.type_params)?;
                self.exprs(&node.bases, Load)?;
                self.keywords(&node.keywords)?;
                self.exprs(&node.decorator_list, Load)
            }
            StmtKind::Return(value) => self.opt(*value),
            StmtKind::Delete(node) => {
                self.filled(&node.targets, "targets", "Delete")?;
                self.exprs(&node.targets, Del)
            }
            StmtKind::Assign(node) => {
                self.filled(&node.targets, "targets", "Assign")?;
                self.exprs(&node.targets, Store)?;
                self.load(&node.value)
            }
            StmtKind::TypeAlias(node) => {
                if !matches!(node.name.kind, ExprKind::Name { .. }) {
                    return Err(self.vm.type_error("TypeAlias with non-Name name"));
                }
                self.expr(&node.name, Store)?;
                self.type_params(&node.type_params)?;
                self.load(&node.value)
            }
            StmtKind::AugAssign(node) => {
                self.expr(&node.target, Store)?;
                self.load(&node.value)
            }
            StmtKind::AnnAssign(node) => {
                if node.simple && !matches!(node.target.kind, ExprKind::Name { .. }) {
                    return Err(self.vm.type_error("AnnAssign with simple non-Name target"));
                }
                self.expr(&node.target, Store)?;
                self.opt(node.value.as_ref())?;
                self.load(&node.annotation)
            }
            StmtKind::For(node) => self.for_(node, "For"),
            StmtKind::AsyncFor(node) => self.for_(node, "AsyncFor"),
            StmtKind::While(node) => {
                self.load(&node.test)?;
                self.body(&node.body, "While")?;
                self.stmts(&node.orelse)
            }
            StmtKind::If(node) => {
                self.load(&node.test)?;
                self.body(&node.body, "If")?;
                self.stmts(&node.orelse)
            }
            StmtKind::With(node) => self.with(node, "With"),
            StmtKind::AsyncWith(node) => self.with(node, "AsyncWith"),
            StmtKind::Match(node) => {
                self.load(&node.subject)?;
                self.filled(&node.cases, "cases", "Match")?;
                for case in node.cases {
                    self.pattern(&case.pattern, false)?;
                    self.opt(case.guard.as_ref())?;
                    self.body(&case.body, "match_case")?;
                }
                Ok(())
            }
            StmtKind::Raise(node) => match (&node.exc, &node.cause) {
                (None, Some(_)) => self.fail("Raise with cause but no exception"),
                (exc, cause) => {
                    self.opt(exc.as_ref())?;
                    self.opt(cause.as_ref())
                }
            },
            StmtKind::Try(node) => self.try_(node, "Try"),
            StmtKind::TryStar(node) => self.try_(node, "TryStar"),
            StmtKind::Assert(node) => {
                self.load(&node.test)?;
                self.opt(node.msg.as_ref())
            }
            StmtKind::Import(node) => self.filled(&node.names, "names", "Import"),
            StmtKind::ImportFrom(node) => self.filled(&node.names, "names", "ImportFrom"),
            StmtKind::Global(node) => self.filled(&node.names, "names", "Global"),
            StmtKind::Nonlocal(node) => self.filled(&node.names, "names", "Nonlocal"),
            StmtKind::Expr(value) => self.load(value),
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => Ok(()),
        }
    }

    fn function(&self, node: &FunctionDef, owner: &str) -> PyResult<()> {
        self.body(&node.body, owner)?;
        self.type_params(&node.type_params)?;
        self.arguments(&node.args)?;
        self.exprs(&node.decorator_list, Load)?;
        self.opt(node.returns.as_ref())
    }

    fn for_(&self, node: &For, owner: &str) -> PyResult<()> {
        self.expr(&node.target, Store)?;
        self.load(&node.iter)?;
        self.body(&node.body, owner)?;
        self.stmts(&node.orelse)
    }

    fn with(&self, node: &With, owner: &str) -> PyResult<()> {
        self.filled(&node.items, "items", owner)?;
        for item in node.items {
            self.load(&item.context_expr)?;
            if let Some(vars) = &item.optional_vars {
                self.expr(vars, Store)?;
            }
        }
        self.body(&node.body, owner)
    }

    fn try_(&self, node: &Try, owner: &str) -> PyResult<()> {
        self.body(&node.body, owner)?;
        if node.handlers.is_empty() && node.finalbody.is_empty() {
            return self.fail(format!("{owner} has neither except handlers nor finalbody"));
        }
        if node.handlers.is_empty() && !node.orelse.is_empty() {
            return self.fail(format!("{owner} has orelse but no except handlers"));
        }
        for handler in node.handlers {
            self.opt(handler.type_.as_ref())?;
            self.body(&handler.body, "ExceptHandler")?;
        }
        self.stmts(&node.finalbody)?;
        self.stmts(&node.orelse)
    }

    fn expr(&self, expr: &Expr, ctx: ExprContext) -> PyResult<()> {
        self.vm.check_stack()?;
        let actual = match &expr.kind {
            ExprKind::Attribute(node) => Some(node.ctx),
            ExprKind::Subscript(node) => Some(node.ctx),
            ExprKind::Starred(node) => Some(node.ctx),
            ExprKind::Name { id, ctx } => {
                self.name(*id)?;
                Some(*ctx)
            }
            ExprKind::List(node) | ExprKind::Tuple(node) => Some(node.ctx),
            _ => None,
        };
        match actual {
            None if ctx != Load => {
                return self
                    .fail(format!("expression which can't be assigned to in {ctx:?} context"));
            }
            Some(actual) if actual != ctx => {
                return self.fail(format!(
                    "expression must have {ctx:?} context but has {actual:?} instead"
                ));
            }
            _ => {}
        }
        match &expr.kind {
            ExprKind::BoolOp(node) => {
                if node.values.len() < 2 {
                    return self.fail("BoolOp with less than 2 values");
                }
                self.exprs(&node.values, Load)
            }
            ExprKind::NamedExpr(node) => {
                if !matches!(node.target.kind, ExprKind::Name { .. }) {
                    return Err(self.vm.type_error("NamedExpr target must be a Name"));
                }
                self.load(&node.value)
            }
            ExprKind::BinOp(node) => {
                self.load(&node.left)?;
                self.load(&node.right)
            }
            ExprKind::UnaryOp(node) => self.load(&node.operand),
            ExprKind::Lambda(node) => {
                self.arguments(&node.args)?;
                self.load(&node.body)
            }
            ExprKind::IfExp(node) => {
                self.load(&node.test)?;
                self.load(&node.body)?;
                self.load(&node.orelse)
            }
            ExprKind::Dict(node) => {
                if node.keys.len() != node.values.len() {
                    return self.fail("Dict doesn't have the same number of keys as values");
                }
                node.keys.iter().try_for_each(|key| self.opt(key.as_ref()))?;
                self.exprs(&node.values, Load)
            }
            ExprKind::Set(node) | ExprKind::FrozenSet(node) => self.exprs(&node.elts, Load),
            ExprKind::ListComp(node) | ExprKind::SetComp(node) | ExprKind::GeneratorExp(node) => {
                self.generators(&node.generators)?;
                self.load(&node.elt)
            }
            ExprKind::DictComp(node) => {
                self.generators(&node.generators)?;
                self.load(&node.key)?;
                self.load(&node.value)
            }
            ExprKind::Await(value) | ExprKind::YieldFrom(value) => self.load(value),
            ExprKind::Yield(value) => self.opt(*value),
            ExprKind::Compare(node) => {
                if node.comparators.is_empty() {
                    return self.fail("Compare has no comparators");
                }
                if node.comparators.len() != node.ops.len() {
                    return self.fail("Compare has a different number of comparators and operands");
                }
                self.exprs(&node.comparators, Load)?;
                self.load(&node.left)
            }
            ExprKind::Call(node) => {
                self.load(&node.func)?;
                self.exprs(&node.args, Load)?;
                self.keywords(&node.keywords)
            }
            ExprKind::FormattedValue(node) => {
                self.load(&node.value)?;
                self.opt(node.format_spec.as_ref())
            }
            ExprKind::Interpolation(node) => {
                self.load(&node.value)?;
                self.opt(node.format_spec.as_ref())
            }
            ExprKind::JoinedStr(node) | ExprKind::TemplateStr(node) => {
                self.exprs(&node.values, Load)
            }
            ExprKind::Attribute(node) => self.load(&node.value),
            ExprKind::Subscript(node) => {
                self.load(&node.slice)?;
                self.load(&node.value)
            }
            ExprKind::Starred(node) => self.expr(&node.value, ctx),
            ExprKind::List(node) | ExprKind::Tuple(node) => self.exprs(&node.elts, ctx),
            ExprKind::Slice(node) => {
                self.opt(node.lower.as_ref())?;
                self.opt(node.upper.as_ref())?;
                self.opt(node.step.as_ref())
            }
            ExprKind::Constant(_) | ExprKind::Name { .. } => Ok(()),
        }
    }

    /// A value that a pattern compares with: a literal, a dotted name, or a number with a sign.
    fn match_value(&self, expr: &Expr) -> PyResult<()> {
        self.load(expr)?;
        match &expr.kind {
            ExprKind::Constant(constant) => match constant {
                Constant::None | Constant::Bool(_) | Constant::Ellipsis => {
                    self.fail("unexpected constant inside of a literal pattern")
                }
                _ => Ok(()),
            },
            ExprKind::Attribute(node) => self.dotted(&node.value),
            ExprKind::UnaryOp(node)
                if node.op == UnaryOperator::USub
                    && matches!(&node.operand.kind, ExprKind::Constant(c) if is_number(c)) =>
            {
                Ok(())
            }
            ExprKind::BinOp(node)
                if matches!(node.op, Operator::Add | Operator::Sub)
                    && matches!(&node.right.kind, ExprKind::Constant(Constant::Imaginary(_))) =>
            {
                Ok(())
            }
            ExprKind::JoinedStr(_) => Ok(()),
            _ => self.fail("patterns may only match literals and attribute lookups"),
        }
    }

    fn dotted(&self, expr: &Expr) -> PyResult<()> {
        match &expr.kind {
            ExprKind::Name { .. } => Ok(()),
            ExprKind::Attribute(node) => self.dotted(&node.value),
            _ => self.fail("patterns may only match literals and attribute lookups"),
        }
    }

    fn capture(&self, name: Symbol) -> PyResult<()> {
        if self.pool.name(name) == "_" {
            return self.fail("can't capture name '_' in patterns");
        }
        self.name(name)
    }

    fn patterns(&self, list: &[Pattern], star: bool) -> PyResult<()> {
        list.iter().try_for_each(|pattern| self.pattern(pattern, star))
    }

    fn pattern(&self, pattern: &Pattern, star: bool) -> PyResult<()> {
        self.vm.check_stack()?;
        match &pattern.kind {
            PatternKind::MatchValue(value) => self.match_value(value),
            PatternKind::MatchSingleton(_) => Ok(()),
            PatternKind::MatchSequence(patterns) => self.patterns(patterns, true),
            PatternKind::MatchMapping(node) => {
                if node.keys.len() != node.patterns.len() {
                    return self
                        .fail("MatchMapping doesn't have the same number of keys as patterns");
                }
                if let Some(rest) = node.rest {
                    self.capture(rest)?;
                }
                for key in node.keys {
                    if matches!(key.kind, ExprKind::Constant(Constant::None | Constant::Bool(_))) {
                        continue;
                    }
                    self.match_value(key)?;
                }
                self.patterns(&node.patterns, false)
            }
            PatternKind::MatchClass(node) => {
                if node.kwd_attrs.len() != node.kwd_patterns.len() {
                    return self.fail(
                        "MatchClass doesn't have the same number of keyword attributes as patterns",
                    );
                }
                self.load(&node.cls)?;
                if self.dotted(&node.cls).is_err() {
                    return self
                        .fail("MatchClass cls field can only contain Name or Attribute nodes.");
                }
                self.names(node.kwd_attrs.iter().copied())?;
                self.patterns(&node.patterns, false)?;
                self.patterns(&node.kwd_patterns, false)
            }
            PatternKind::MatchStar(name) => {
                if !star {
                    return self.fail("can't use MatchStar here");
                }
                name.map_or(Ok(()), |name| self.capture(name))
            }
            PatternKind::MatchAs(node) => {
                if let Some(name) = node.name {
                    self.capture(name)?;
                }
                match &node.pattern {
                    None => Ok(()),
                    Some(_) if node.name.is_none() => {
                        self.fail("MatchAs must specify a target name if a pattern is given")
                    }
                    Some(pattern) => self.pattern(pattern, false),
                }
            }
            PatternKind::MatchOr(patterns) => {
                if patterns.len() < 2 {
                    return self.fail("MatchOr requires at least 2 patterns");
                }
                self.patterns(patterns, false)
            }
        }
    }
}

fn is_number(constant: &Constant) -> bool {
    matches!(
        constant,
        Constant::Int(_) | Constant::BigInt { .. } | Constant::Float(_) | Constant::Imaginary(_)
    )
}
