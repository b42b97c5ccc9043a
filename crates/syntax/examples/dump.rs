//! Writes the tree of each file as text, one file for each, to compare with CPython's `ast`
//! (`tests/dump_ast.py` writes the same form).
//!
//! `dump LEVEL OUT_DIR LIST_FILE`: LEVEL is `3.6` or `3.14`; LIST_FILE holds one path a line; tree
//! number n goes to OUT_DIR/n.

use std::fmt::Write as _;
use std::process::ExitCode;

use adder_syntax::ast::*;
use adder_syntax::{Arena, Level, Options, Pool, Symbol, parse_module};

struct Dump<'p> {
    pool: &'p Pool,
    modern: bool,
    out: String,
}

/// Takes what is written up to the first byte that ends a variant's name.
struct Name(String);

impl std::fmt::Write for Name {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        match text.find(['(', ' ', '{']) {
            Some(at) => {
                self.0.push_str(&text[..at]);
                Err(std::fmt::Error)
            }
            None => {
                self.0.push_str(text);
                Ok(())
            }
        }
    }
}

/// The name of an enum's variant, from its `Debug` form.
fn name_of(debug: &impl std::fmt::Debug) -> String {
    let mut name = Name(String::new());
    let _ = write!(name, "{debug:?}");
    name.0
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// A number's digits in base 16, by schoolbook multiplication.
fn to_hex(radix: u8, digits: &[u8]) -> String {
    let mut words: Vec<u32> = Vec::new();
    for &digit in digits {
        let mut carry = u64::from((digit as char).to_digit(16).unwrap_or(0));
        for word in &mut words {
            carry += u64::from(*word) * u64::from(radix);
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            words.push(carry as u32);
        }
    }
    let mut out = String::new();
    for (n, word) in words.iter().rev().enumerate() {
        let _ = if n == 0 { write!(out, "{word:x}") } else { write!(out, "{word:08x}") };
    }
    out
}

impl Dump<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn node(&mut self, name: &str, span: Span, lineno: Option<u32>) {
        if self.modern {
            let (s, e) = (span.start, span.end);
            let _ = writeln!(self.out, "{name} {}:{}-{}:{}", s.line, s.col, e.line, e.col);
        } else {
            let line = lineno.map_or("-".into(), |line| line.to_string());
            let _ = writeln!(self.out, "{name} {line}");
        }
    }

    fn plain(&mut self, name: &str) {
        self.line(name);
    }

    fn symbol(&mut self, symbol: Symbol) {
        let text = format!("={}", self.pool.name(symbol));
        self.line(&text);
    }

    fn opt_symbol(&mut self, symbol: Option<Symbol>) {
        match symbol {
            Some(symbol) => self.symbol(symbol),
            None => self.line("None"),
        }
    }

    fn opt(&mut self, expr: Option<&Expr>) {
        match expr {
            Some(expr) => self.expr(expr),
            None => self.line("None"),
        }
    }

    fn exprs(&mut self, list: &[Expr]) {
        self.line(&format!("[{}", list.len()));
        for item in list {
            self.expr(item);
        }
    }

    fn symbols(&mut self, list: &[Symbol]) {
        self.line(&format!("[{}", list.len()));
        for &item in list {
            self.symbol(item);
        }
    }

    fn stmts(&mut self, list: &[Stmt]) {
        self.line(&format!("[{}", list.len()));
        for item in list {
            self.stmt(item);
        }
    }

    fn module(&mut self, module: &Mod) {
        match module {
            Mod::Module(body) => {
                self.plain("Module");
                self.stmts(body);
            }
            Mod::Interactive(body) => {
                self.plain("Interactive");
                self.stmts(body);
            }
            Mod::Expression(body) => {
                self.plain("Expression");
                self.expr(body);
            }
            Mod::FunctionType(node) => {
                self.plain("FunctionType");
                self.exprs(&node.argtypes);
                self.expr(&node.returns);
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let name = name_of(&stmt.kind);
        self.node(&name, stmt.span, Some(stmt.lineno));
        match &stmt.kind {
            StmtKind::FunctionDef(node) | StmtKind::AsyncFunctionDef(node) => {
                self.symbol(node.name);
                self.arguments(&node.args);
                self.stmts(&node.body);
                self.exprs(&node.decorator_list);
                self.opt(node.returns.as_ref());
                self.type_params(&node.type_params);
            }
            StmtKind::ClassDef(node) => {
                self.symbol(node.name);
                self.exprs(&node.bases);
                self.keywords(&node.keywords);
                self.stmts(&node.body);
                self.exprs(&node.decorator_list);
                self.type_params(&node.type_params);
            }
            StmtKind::Return(value) => self.opt(value.as_deref()),
            StmtKind::Delete(node) => self.exprs(&node.targets),
            StmtKind::Assign(node) => {
                self.exprs(&node.targets);
                self.expr(&node.value);
            }
            StmtKind::TypeAlias(node) => {
                self.expr(&node.name);
                self.type_params(&node.type_params);
                self.expr(&node.value);
            }
            StmtKind::AugAssign(node) => {
                self.expr(&node.target);
                self.plain(&name_of(&node.op));
                self.expr(&node.value);
            }
            StmtKind::AnnAssign(node) => {
                self.expr(&node.target);
                self.expr(&node.annotation);
                self.opt(node.value.as_ref());
                self.line(&format!("={}", u8::from(node.simple)));
            }
            StmtKind::For(node) | StmtKind::AsyncFor(node) => {
                self.expr(&node.target);
                self.expr(&node.iter);
                self.stmts(&node.body);
                self.stmts(&node.orelse);
            }
            StmtKind::While(node) => {
                self.expr(&node.test);
                self.stmts(&node.body);
                self.stmts(&node.orelse);
            }
            StmtKind::If(node) => {
                self.expr(&node.test);
                self.stmts(&node.body);
                self.stmts(&node.orelse);
            }
            StmtKind::With(node) | StmtKind::AsyncWith(node) => {
                self.line(&format!("[{}", node.items.len()));
                for item in node.items {
                    self.plain("withitem");
                    self.expr(&item.context_expr);
                    self.opt(item.optional_vars.as_ref());
                }
                self.stmts(&node.body);
            }
            StmtKind::Match(node) => {
                self.expr(&node.subject);
                self.line(&format!("[{}", node.cases.len()));
                for case in node.cases {
                    self.plain("match_case");
                    self.pattern(&case.pattern);
                    self.opt(case.guard.as_ref());
                    self.stmts(&case.body);
                }
            }
            StmtKind::Raise(node) => {
                self.opt(node.exc.as_ref());
                self.opt(node.cause.as_ref());
            }
            StmtKind::Try(node) | StmtKind::TryStar(node) => {
                self.stmts(&node.body);
                self.line(&format!("[{}", node.handlers.len()));
                for handler in node.handlers {
                    let line = Some(handler.span.start.line);
                    self.node("ExceptHandler", handler.span, line);
                    self.opt(handler.type_.as_ref());
                    self.opt_symbol(handler.name);
                    self.stmts(&handler.body);
                }
                self.stmts(&node.orelse);
                self.stmts(&node.finalbody);
            }
            StmtKind::Assert(node) => {
                self.expr(&node.test);
                self.opt(node.msg.as_ref());
            }
            StmtKind::Import(node) => self.aliases(&node.names),
            StmtKind::ImportFrom(node) => {
                self.opt_symbol(node.module);
                self.aliases(&node.names);
                self.line(&format!("={}", node.level));
            }
            StmtKind::Global(node) | StmtKind::Nonlocal(node) => self.symbols(&node.names),
            StmtKind::Expr(value) => self.expr(value),
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => {}
        }
    }

    fn aliases(&mut self, list: &[Alias]) {
        self.line(&format!("[{}", list.len()));
        for alias in list {
            self.node("alias", alias.span, None);
            self.symbol(alias.name);
            self.opt_symbol(alias.asname);
        }
    }

    fn type_params(&mut self, list: &[TypeParam]) {
        self.line(&format!("[{}", list.len()));
        for param in list {
            self.node(&name_of(&param.kind), param.span, None);
            self.symbol(param.name);
            if let TypeParamKind::TypeVar { bound } = &param.kind {
                self.opt(bound.as_deref());
            }
            self.opt(param.default.as_ref());
        }
    }

    fn keywords(&mut self, list: &[Keyword]) {
        self.line(&format!("[{}", list.len()));
        for keyword in list {
            self.node("keyword", keyword.span, None);
            self.opt_symbol(keyword.arg);
            self.expr(&keyword.value);
        }
    }

    fn args(&mut self, list: &[Arg]) {
        self.line(&format!("[{}", list.len()));
        for arg in list {
            self.arg(arg);
        }
    }

    fn arg(&mut self, arg: &Arg) {
        self.node("arg", arg.span, Some(arg.span.start.line));
        self.symbol(arg.arg);
        self.opt(arg.annotation.as_deref());
    }

    fn opt_arg(&mut self, arg: Option<&Arg>) {
        match arg {
            Some(arg) => self.arg(arg),
            None => self.line("None"),
        }
    }

    fn arguments(&mut self, arguments: &Arguments) {
        self.plain("arguments");
        self.args(&arguments.posonlyargs);
        self.args(&arguments.args);
        self.opt_arg(arguments.vararg.as_deref());
        self.args(&arguments.kwonlyargs);
        self.line(&format!("[{}", arguments.kw_defaults.len()));
        for default in arguments.kw_defaults {
            self.opt(default.as_ref());
        }
        self.opt_arg(arguments.kwarg.as_deref());
        self.exprs(&arguments.defaults);
    }

    fn comprehensions(&mut self, list: &[Comprehension]) {
        self.line(&format!("[{}", list.len()));
        for part in list {
            self.plain("comprehension");
            self.expr(&part.target);
            self.expr(&part.iter);
            self.exprs(&part.ifs);
            self.line(&format!("={}", u8::from(part.is_async)));
        }
    }

    fn conversion(&mut self, conversion: Conversion) {
        let number = match conversion {
            Conversion::None => -1,
            Conversion::Str => 115,
            Conversion::Repr => 114,
            Conversion::Ascii => 97,
        };
        self.line(&format!("={number}"));
    }

    fn expr(&mut self, expr: &Expr) {
        let name = name_of(&expr.kind);
        let lineno = match &expr.kind {
            ExprKind::Slice(_) => None,
            ExprKind::Tuple(node)
                if node.elts.iter().any(|item| matches!(item.kind, ExprKind::Slice(_))) =>
            {
                None
            }
            _ => Some(expr.lineno),
        };
        self.node(&name, expr.span, lineno);
        match &expr.kind {
            ExprKind::BoolOp(node) => {
                self.plain(&name_of(&node.op));
                self.exprs(&node.values);
            }
            ExprKind::NamedExpr(node) => {
                self.expr(&node.target);
                self.expr(&node.value);
            }
            ExprKind::BinOp(node) => {
                self.expr(&node.left);
                self.plain(&name_of(&node.op));
                self.expr(&node.right);
            }
            ExprKind::UnaryOp(node) => {
                self.plain(&name_of(&node.op));
                self.expr(&node.operand);
            }
            ExprKind::Lambda(node) => {
                self.arguments(&node.args);
                self.expr(&node.body);
            }
            ExprKind::IfExp(node) => {
                self.expr(&node.test);
                self.expr(&node.body);
                self.expr(&node.orelse);
            }
            ExprKind::Dict(node) => {
                self.line(&format!("[{}", node.keys.len()));
                for key in node.keys {
                    self.opt(key.as_ref());
                }
                self.exprs(&node.values);
            }
            ExprKind::Set(node) | ExprKind::FrozenSet(node) => self.exprs(&node.elts),
            ExprKind::ListComp(node) | ExprKind::SetComp(node) | ExprKind::GeneratorExp(node) => {
                self.expr(&node.elt);
                self.comprehensions(&node.generators);
            }
            ExprKind::DictComp(node) => {
                self.expr(&node.key);
                self.expr(&node.value);
                self.comprehensions(&node.generators);
            }
            ExprKind::Await(value) | ExprKind::YieldFrom(value) => self.expr(value),
            ExprKind::Yield(value) => self.opt(value.as_deref()),
            ExprKind::Compare(node) => {
                self.expr(&node.left);
                self.line(&format!("[{}", node.ops.len()));
                for op in node.ops {
                    self.plain(&name_of(op));
                }
                self.exprs(&node.comparators);
            }
            ExprKind::Call(node) => {
                self.expr(&node.func);
                self.exprs(&node.args);
                self.keywords(&node.keywords);
            }
            ExprKind::FormattedValue(node) => {
                self.expr(&node.value);
                self.conversion(node.conversion);
                self.opt(node.format_spec.as_ref());
            }
            ExprKind::Interpolation(node) => {
                self.expr(&node.value);
                let text = format!("s{}", hex(self.pool.text(node.text)));
                self.line(&text);
                self.conversion(node.conversion);
                self.opt(node.format_spec.as_ref());
            }
            ExprKind::JoinedStr(node) | ExprKind::TemplateStr(node) => self.exprs(&node.values),
            ExprKind::Constant(value) => {
                let (text, u) = match value {
                    Constant::None => ("None".into(), false),
                    Constant::Bool(true) => ("True".into(), false),
                    Constant::Bool(false) => ("False".into(), false),
                    Constant::Ellipsis => ("Ellipsis".into(), false),
                    Constant::Str { value, u } => (format!("s{}", hex(self.pool.text(*value))), *u),
                    Constant::Bytes(value) => (format!("b{}", hex(self.pool.text(*value))), false),
                    Constant::Int(value) => (format!("i{value:x}"), false),
                    Constant::BigInt { radix, digits } => {
                        (format!("i{}", to_hex(*radix, self.pool.text(*digits))), false)
                    }
                    Constant::Float(value) => (format!("f{:016x}", value.to_bits()), false),
                    Constant::Imaginary(value) => (format!("j{:016x}", value.to_bits()), false),
                };
                self.line(&text);
                self.line(if u && self.modern { "=u" } else { "None" });
            }
            ExprKind::Attribute(node) => {
                self.expr(&node.value);
                self.symbol(node.attr);
                self.plain(&name_of(&node.ctx));
            }
            ExprKind::Subscript(node) => {
                self.expr(&node.value);
                self.expr(&node.slice);
                self.plain(&name_of(&node.ctx));
            }
            ExprKind::Starred(node) => {
                self.expr(&node.value);
                self.plain(&name_of(&node.ctx));
            }
            ExprKind::Name { id, ctx } => {
                self.symbol(*id);
                self.plain(&name_of(ctx));
            }
            ExprKind::List(node) | ExprKind::Tuple(node) => {
                self.exprs(&node.elts);
                self.plain(&name_of(&node.ctx));
            }
            ExprKind::Slice(node) => {
                self.opt(node.lower.as_ref());
                self.opt(node.upper.as_ref());
                self.opt(node.step.as_ref());
            }
        }
    }

    fn patterns(&mut self, list: &[Pattern]) {
        self.line(&format!("[{}", list.len()));
        for item in list {
            self.pattern(item);
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        self.node(&name_of(&pattern.kind), pattern.span, None);
        match &pattern.kind {
            PatternKind::MatchValue(value) => self.expr(value),
            PatternKind::MatchSingleton(value) => self.line(match value {
                Constant::Bool(true) => "True",
                Constant::Bool(false) => "False",
                _ => "None",
            }),
            PatternKind::MatchSequence(list) | PatternKind::MatchOr(list) => self.patterns(list),
            PatternKind::MatchMapping(node) => {
                self.exprs(&node.keys);
                self.patterns(&node.patterns);
                self.opt_symbol(node.rest);
            }
            PatternKind::MatchClass(node) => {
                self.expr(&node.cls);
                self.patterns(&node.patterns);
                self.symbols(&node.kwd_attrs);
                self.patterns(&node.kwd_patterns);
            }
            PatternKind::MatchStar(name) => self.opt_symbol(*name),
            PatternKind::MatchAs(node) => {
                match &node.pattern {
                    Some(pattern) => self.pattern(pattern),
                    None => self.line("None"),
                }
                self.opt_symbol(node.name);
            }
        }
    }
}

/// The tree of a source file as text, or the error.
pub fn text_of(source: &[u8], level: Level) -> String {
    let arena = Arena::new();
    match parse_module(source, Options::new(level), &arena) {
        Ok(parsed) => {
            let modern = level.is_modern();
            let mut dump = Dump { pool: &parsed.pool, modern, out: String::new() };
            dump.module(&parsed.module);
            dump.out
        }
        Err(error) => format!("error\n{error:?}\n"),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let [_, level, out, list] = &args[..] else {
        eprintln!("usage: dump LEVEL OUT_DIR LIST_FILE");
        return ExitCode::from(2);
    };
    let level = if level == "3.6" { Level::Py36 } else { Level::Py314 };
    let paths = std::fs::read_to_string(list).unwrap_or_default();
    for (n, path) in paths.lines().enumerate() {
        let Ok(source) = std::fs::read(path) else { continue };
        let text = text_of(&source, level);
        if let Err(error) = std::fs::write(format!("{out}/{n}"), text) {
            eprintln!("{out}/{n}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
