//! The text of an expression, for annotations that become strings (PEP 563); CPython's
//! `Python/ast_unparse.c`. What it writes is what `ast.unparse` would, not what the source says.

use adder_bytecode::code::{Const, PyStrBuf};
use adder_bytecode::repr::{bytes_repr, const_repr, printable, str_repr};
use adder_numtext::float_repr;
use adder_syntax::ast::*;

use crate::error::{Failure, Result};
use crate::names::Names;

/// How tightly an operator binds; what binds less than its surroundings gets brackets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    NamedExpr,
    Tuple,
    Test,
    Or,
    And,
    Not,
    Compare,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Arith,
    Term,
    Factor,
    Power,
    Await,
    Atom,
}

impl Level {
    fn next(self) -> Level {
        use Level::*;
        const ALL: [Level; 17] = [
            NamedExpr, Tuple, Test, Or, And, Not, Compare, BitOr, BitXor, BitAnd, Shift, Arith,
            Term, Factor, Power, Await, Atom,
        ];
        ALL.get(self as usize + 1).copied().unwrap_or(Atom)
    }
}

/// Deepest nesting; a chain of left operands counts, too.
const MOST_DEPTH: u32 = 1000;

pub(super) fn unparse(expr: &Expr, names: &Names) -> Result<String> {
    let mut writer = Writer { out: String::new(), names, depth: 0 };
    writer.expr(expr, Level::Test)?;
    Ok(writer.out)
}

struct Writer<'n> {
    out: String,
    names: &'n Names,
    depth: u32,
}

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn name(&mut self, symbol: adder_syntax::Symbol) {
        self.out.push_str(self.names.name(symbol));
    }

    fn bracketed(
        &mut self,
        brackets: bool,
        write: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        if brackets {
            self.put("(");
        }
        write(self)?;
        if brackets {
            self.put(")");
        }
        Ok(())
    }

    fn list<T>(
        &mut self,
        items: &[T],
        mut each: impl FnMut(&mut Self, &T) -> Result<()>,
    ) -> Result<()> {
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.put(", ");
            }
            each(self, item)?;
        }
        Ok(())
    }

    fn expr(&mut self, expr: &Expr, level: Level) -> Result<()> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(Failure::Recursion);
        }
        self.expr_inner(expr, level)?;
        self.depth -= 1;
        Ok(())
    }

    fn expr_inner(&mut self, expr: &Expr, level: Level) -> Result<()> {
        match &expr.kind {
            ExprKind::BoolOp(node) => {
                let (own, word) = match node.op {
                    BoolOperator::And => (Level::And, " and "),
                    BoolOperator::Or => (Level::Or, " or "),
                };
                self.bracketed(level > own, |w| {
                    for (i, value) in node.values.iter().enumerate() {
                        if i > 0 {
                            w.put(word);
                        }
                        w.expr(value, own.next())?;
                    }
                    Ok(())
                })
            }
            ExprKind::BinOp(node) => {
                let (own, word) = operator(node.op);
                let power = node.op == Operator::Pow;
                self.bracketed(level > own, |w| {
                    w.expr(&node.left, if power { own.next() } else { own })?;
                    w.put(word);
                    w.expr(&node.right, if power { own } else { own.next() })
                })
            }
            ExprKind::UnaryOp(node) => {
                let (own, word) = match node.op {
                    UnaryOperator::Invert => (Level::Factor, "~"),
                    UnaryOperator::Not => (Level::Not, "not "),
                    UnaryOperator::UAdd => (Level::Factor, "+"),
                    UnaryOperator::USub => (Level::Factor, "-"),
                };
                self.bracketed(level > own, |w| {
                    w.put(word);
                    w.expr(&node.operand, own)
                })
            }
            ExprKind::Lambda(node) => self.bracketed(level > Level::Test, |w| {
                w.put("lambda");
                let before = w.out.len();
                w.put(" ");
                let start = w.out.len();
                w.arguments(&node.args)?;
                if w.out.len() == start {
                    w.out.truncate(before);
                }
                w.put(": ");
                w.expr(&node.body, Level::Test)
            }),
            ExprKind::IfExp(node) => self.bracketed(level > Level::Test, |w| {
                w.expr(&node.body, Level::Test.next())?;
                w.put(" if ");
                w.expr(&node.test, Level::Test.next())?;
                w.put(" else ");
                w.expr(&node.orelse, Level::Test)
            }),
            ExprKind::Dict(node) => {
                self.put("{");
                for (i, (key, value)) in node.keys.iter().zip(node.values).enumerate() {
                    if i > 0 {
                        self.put(", ");
                    }
                    match key {
                        Some(key) => {
                            self.expr(key, Level::Test)?;
                            self.put(": ");
                            self.expr(value, Level::Test)?;
                        }
                        None => {
                            self.put("**");
                            self.expr(value, Level::BitOr)?;
                        }
                    }
                }
                self.put("}");
                Ok(())
            }
            ExprKind::FrozenSet(node) => {
                self.put("frozenset({");
                self.list(&node.elts, |w, elt| w.expr(elt, Level::Test))?;
                self.put("})");
                Ok(())
            }
            ExprKind::Set(node) => {
                self.put("{");
                self.list(&node.elts, |w, elt| w.expr(elt, Level::Test))?;
                self.put("}");
                Ok(())
            }
            ExprKind::ListComp(node) => self.comprehension("[", node, "]"),
            ExprKind::SetComp(node) => self.comprehension("{", node, "}"),
            ExprKind::GeneratorExp(node) => self.comprehension("(", node, ")"),
            ExprKind::DictComp(node) => {
                self.put("{");
                self.expr(&node.key, Level::Test)?;
                self.put(": ");
                self.expr(&node.value, Level::Test)?;
                self.generators(&node.generators)?;
                self.put("}");
                Ok(())
            }
            ExprKind::Yield(None) => {
                self.put("(yield)");
                Ok(())
            }
            ExprKind::Yield(Some(value)) => {
                self.put("(yield ");
                self.expr(value, Level::Test)?;
                self.put(")");
                Ok(())
            }
            ExprKind::YieldFrom(value) => {
                self.put("(yield from ");
                self.expr(value, Level::Test)?;
                self.put(")");
                Ok(())
            }
            ExprKind::Await(value) => self.bracketed(level > Level::Await, |w| {
                w.put("await ");
                w.expr(value, Level::Atom)
            }),
            ExprKind::Compare(node) => self.bracketed(level > Level::Compare, |w| {
                w.expr(&node.left, Level::Compare.next())?;
                for (op, right) in node.ops.iter().zip(node.comparators) {
                    w.put(comparison(*op));
                    w.expr(right, Level::Compare.next())?;
                }
                Ok(())
            }),
            ExprKind::Call(node) => self.call(node),
            ExprKind::Constant(value) => self.constant(value),
            ExprKind::JoinedStr(_) | ExprKind::FormattedValue(_) => self.string("f", expr),
            ExprKind::TemplateStr(_) | ExprKind::Interpolation(_) => self.string("t", expr),
            ExprKind::Attribute(node) => {
                self.expr(&node.value, Level::Atom)?;
                // A point after digits would belong to the number.
                let int = matches!(
                    node.value.kind,
                    ExprKind::Constant(Constant::Int(_) | Constant::BigInt { .. })
                );
                self.put(if int { " ." } else { "." });
                self.name(node.attr);
                Ok(())
            }
            ExprKind::Starred(node) => {
                self.put("*");
                self.expr(&node.value, Level::BitOr)
            }
            ExprKind::Name { id, .. } => {
                self.name(*id);
                Ok(())
            }
            ExprKind::List(node) => {
                self.put("[");
                self.list(&node.elts, |w, elt| w.expr(elt, Level::Test))?;
                self.put("]");
                Ok(())
            }
            ExprKind::Tuple(node) if node.elts.is_empty() => {
                self.put("()");
                Ok(())
            }
            ExprKind::Tuple(node) => self.bracketed(level > Level::Tuple, |w| {
                w.list(&node.elts, |w, elt| w.expr(elt, Level::Test))?;
                if node.elts.len() == 1 {
                    w.put(",");
                }
                Ok(())
            }),
            ExprKind::Subscript(node) => {
                self.expr(&node.value, Level::Atom)?;
                self.put("[");
                self.expr(&node.slice, Level::Tuple)?;
                self.put("]");
                Ok(())
            }
            ExprKind::Slice(node) => {
                if let Some(lower) = &node.lower {
                    self.expr(lower, Level::Test)?;
                }
                self.put(":");
                if let Some(upper) = &node.upper {
                    self.expr(upper, Level::Test)?;
                }
                if let Some(step) = &node.step {
                    self.put(":");
                    self.expr(step, Level::Test)?;
                }
                Ok(())
            }
            ExprKind::NamedExpr(node) => self.bracketed(level > Level::NamedExpr, |w| {
                w.expr(&node.target, Level::Atom)?;
                w.put(" := ");
                w.expr(&node.value, Level::Atom)
            }),
        }
    }

    fn call(&mut self, node: &Call) -> Result<()> {
        self.expr(&node.func, Level::Atom)?;
        if let ([arg], true) = (&*node.args, node.keywords.is_empty())
            && matches!(arg.kind, ExprKind::GeneratorExp(_))
        {
            return self.expr(arg, Level::Atom);
        }
        self.put("(");
        self.list(&node.args, |w, arg| w.expr(arg, Level::Test))?;
        for (i, keyword) in node.keywords.iter().enumerate() {
            if i > 0 || !node.args.is_empty() {
                self.put(", ");
            }
            match keyword.arg {
                Some(name) => {
                    self.name(name);
                    self.put("=");
                }
                None => self.put("**"),
            }
            self.expr(&keyword.value, Level::Test)?;
        }
        self.put(")");
        Ok(())
    }

    fn comprehension(&mut self, open: &str, node: &Comp, close: &str) -> Result<()> {
        self.put(open);
        self.expr(&node.elt, Level::Test)?;
        self.generators(&node.generators)?;
        self.put(close);
        Ok(())
    }

    fn generators(&mut self, generators: &[Comprehension]) -> Result<()> {
        for part in generators {
            self.put(if part.is_async { " async for " } else { " for " });
            self.expr(&part.target, Level::Tuple)?;
            self.put(" in ");
            self.expr(&part.iter, Level::Test.next())?;
            for condition in part.ifs {
                self.put(" if ");
                self.expr(condition, Level::Test.next())?;
            }
        }
        Ok(())
    }

    fn arguments(&mut self, args: &Arguments) -> Result<()> {
        let mut first = true;
        let positional = args.posonlyargs.iter().chain(args.args);
        let without =
            (args.posonlyargs.len() + args.args.len()).saturating_sub(args.defaults.len());
        for (i, arg) in positional.enumerate() {
            self.separate(&mut first);
            self.name(arg.arg);
            if let Some(default) = i.checked_sub(without).and_then(|i| args.defaults.get(i)) {
                self.put("=");
                self.expr(default, Level::Test)?;
            }
            if i + 1 == args.posonlyargs.len() {
                self.put(", /");
            }
        }
        if args.vararg.is_some() || !args.kwonlyargs.is_empty() {
            self.separate(&mut first);
            self.put("*");
            if let Some(arg) = &args.vararg {
                self.name(arg.arg);
            }
        }
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            self.separate(&mut first);
            self.name(arg.arg);
            if let Some(default) = default {
                self.put("=");
                self.expr(default, Level::Test)?;
            }
        }
        if let Some(arg) = &args.kwarg {
            self.separate(&mut first);
            self.put("**");
            self.name(arg.arg);
        }
        Ok(())
    }

    fn separate(&mut self, first: &mut bool) {
        if !std::mem::take(first) {
            self.put(", ");
        }
    }

    fn constant(&mut self, value: &Constant) -> Result<()> {
        let text = match *value {
            Constant::None => "None".to_owned(),
            Constant::Bool(true) => "True".to_owned(),
            Constant::Bool(false) => "False".to_owned(),
            Constant::Ellipsis => "...".to_owned(),
            Constant::Str { value, u } => {
                let prefix = if u { "u" } else { "" };
                format!("{prefix}{}", str_repr(&self.text(self.names.text(value)), printable))
            }
            Constant::Bytes(value) => bytes_repr(self.names.text(value)),
            Constant::Int(value) => value.to_string(),
            Constant::BigInt { radix, digits } => {
                let digits = String::from_utf8_lossy(self.names.text(digits));
                adder_bigint::Int::from_str_radix(&digits, radix.into())
                    .unwrap_or_default()
                    .to_string_radix(10)
            }
            // An infinity has no literal but one that overflows.
            Constant::Float(value) => float_repr(value).replace("inf", "1e309"),
            Constant::Imaginary(value) => {
                const_repr(&Const::Complex(0.0, value), printable).replace("inf", "1e309")
            }
        };
        self.put(&text);
        Ok(())
    }

    fn text(&self, bytes: &[u8]) -> PyStrBuf {
        PyStrBuf::from_wtf8(bytes)
            .unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned().into())
    }

    /// An f-string or t-string: its text is put together and quoted as a whole.
    fn string(&mut self, prefix: &str, expr: &Expr) -> Result<()> {
        let mut inner = Writer { out: String::new(), names: self.names, depth: self.depth };
        inner.string_part(expr, false)?;
        let text = str_repr(&inner.out.into(), printable);
        self.put(prefix);
        self.put(&text);
        Ok(())
    }

    fn string_part(&mut self, expr: &Expr, in_spec: bool) -> Result<()> {
        let field = |w: &mut Self, value: &Expr, conversion, spec: &Option<Expr>| {
            let mut inner = Writer { out: String::new(), names: w.names, depth: w.depth };
            inner.expr(value, Level::Test.next())?;
            w.put(if inner.out.starts_with('{') { "{ " } else { "{" });
            w.put(&inner.out);
            w.put(match conversion {
                Conversion::None => "",
                Conversion::Str => "!s",
                Conversion::Repr => "!r",
                Conversion::Ascii => "!a",
            });
            if let Some(spec) = spec {
                w.put(":");
                w.string_part(spec, true)?;
            }
            w.put("}");
            Ok(())
        };
        match &expr.kind {
            ExprKind::Constant(Constant::Str { value, .. }) => {
                let text = self.text(self.names.text(*value)).to_string_lossy();
                let text = if in_spec { text } else { text.replace('{', "{{").replace('}', "}}") };
                self.put(&text);
                Ok(())
            }
            ExprKind::JoinedStr(node) | ExprKind::TemplateStr(node) => {
                node.values.iter().try_for_each(|value| self.string_part(value, in_spec))
            }
            ExprKind::FormattedValue(node) => {
                field(self, &node.value, node.conversion, &node.format_spec)
            }
            ExprKind::Interpolation(node) => {
                field(self, &node.value, node.conversion, &node.format_spec)
            }
            _ => self.expr(expr, Level::Test),
        }
    }
}

fn operator(op: Operator) -> (Level, &'static str) {
    match op {
        Operator::Add => (Level::Arith, " + "),
        Operator::Sub => (Level::Arith, " - "),
        Operator::Mult => (Level::Term, " * "),
        Operator::MatMult => (Level::Term, " @ "),
        Operator::Div => (Level::Term, " / "),
        Operator::Mod => (Level::Term, " % "),
        Operator::FloorDiv => (Level::Term, " // "),
        Operator::Pow => (Level::Power, " ** "),
        Operator::LShift => (Level::Shift, " << "),
        Operator::RShift => (Level::Shift, " >> "),
        Operator::BitOr => (Level::BitOr, " | "),
        Operator::BitXor => (Level::BitXor, " ^ "),
        Operator::BitAnd => (Level::BitAnd, " & "),
    }
}

fn comparison(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Eq => " == ",
        CmpOp::NotEq => " != ",
        CmpOp::Lt => " < ",
        CmpOp::LtE => " <= ",
        CmpOp::Gt => " > ",
        CmpOp::GtE => " >= ",
        CmpOp::Is => " is ",
        CmpOp::IsNot => " is not ",
        CmpOp::In => " in ",
        CmpOp::NotIn => " not in ",
    }
}
