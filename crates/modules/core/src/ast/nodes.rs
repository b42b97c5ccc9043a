//! The node types one by one: which struct or variant belongs to which class.

use super::classes;
use super::convert::{Convert, Fields, FromFields, Place, Reader, Writer, fields};
use super::{constant, format};
use adder_syntax::TypeIgnore;
use adder_syntax::ast::*;
use adder_vm::Value;
use adder_vm::objects::str_::builder::from_wtf8;
use adder_vm::runtime::errors::PyResult;

fields! {
    FunctionType { argtypes = "argtypes", returns = "returns" }
    FunctionDef {
        name = "name", args = "args", body = "body", decorator_list = "decorator_list",
        returns = "returns", type_params = "type_params",
    }
    ClassDef {
        name = "name", bases = "bases", keywords = "keywords", body = "body",
        decorator_list = "decorator_list", type_params = "type_params",
    }
    Delete { targets = "targets" }
    Assign { targets = "targets", value = "value" }
    TypeAlias { name = "name", type_params = "type_params", value = "value" }
    AugAssign { target = "target", op = "op", value = "value" }
    AnnAssign { target = "target", annotation = "annotation", value = "value", simple = "simple" }
    For { target = "target", iter = "iter", body = "body", orelse = "orelse" }
    While { test = "test", body = "body", orelse = "orelse" }
    If { test = "test", body = "body", orelse = "orelse" }
    With { items = "items", body = "body" }
    WithItem { context_expr = "context_expr", optional_vars = "optional_vars" }
    Match { subject = "subject", cases = "cases" }
    MatchCase { pattern = "pattern", guard = "guard", body = "body" }
    Raise { exc = "exc", cause = "cause" }
    Try { body = "body", handlers = "handlers", orelse = "orelse", finalbody = "finalbody" }
    Assert { test = "test", msg = "msg" }
    Import { names = "names" }
    ImportFrom { module = "module", names = "names", level = "level" }
    Names { names = "names" }
    BoolOp { op = "op", values = "values" }
    NamedExpr { target = "target", value = "value" }
    BinOp { left = "left", op = "op", right = "right" }
    UnaryOp { op = "op", operand = "operand" }
    Lambda { args = "args", body = "body" }
    IfExp { test = "test", body = "body", orelse = "orelse" }
    Dict { keys = "keys", values = "values" }
    Set { elts = "elts" }
    Comp { elt = "elt", generators = "generators" }
    DictComp { key = "key", value = "value", generators = "generators" }
    Comprehension { target = "target", iter = "iter", ifs = "ifs", is_async = "is_async" }
    Compare { left = "left", ops = "ops", comparators = "comparators" }
    Call { func = "func", args = "args", keywords = "keywords" }
    FormattedValue { value = "value", conversion = "conversion", format_spec = "format_spec" }
    Interpolation {
        value = "value", text = "str", conversion = "conversion", format_spec = "format_spec",
    }
    JoinedStr { values = "values" }
    Attribute { value = "value", attr = "attr", ctx = "ctx" }
    Subscript { value = "value", slice = "slice", ctx = "ctx" }
    Starred { value = "value", ctx = "ctx" }
    Sequence { elts = "elts", ctx = "ctx" }
    Slice { lower = "lower", upper = "upper", step = "step" }
    Arguments {
        posonlyargs = "posonlyargs", args = "args", vararg = "vararg", kwonlyargs = "kwonlyargs",
        kw_defaults = "kw_defaults", kwarg = "kwarg", defaults = "defaults",
    }
    MatchMapping { keys = "keys", patterns = "patterns", rest = "rest" }
    MatchClass {
        cls = "cls", patterns = "patterns", kwd_attrs = "kwd_attrs",
        kwd_patterns = "kwd_patterns",
    }
    MatchAs { pattern = "pattern", name = "name" }
}

/// Struct types that are classes of their own, without a place.
macro_rules! products {
    ($($ty:ident = $class:literal),* $(,)?) => {$(
        impl<'a> Convert<'a> for $ty<'a> {
            fn to_python(&self, w: &Writer<'_>) -> PyResult {
                w.with_fields($class, None, self)
            }
            fn from_python(r: &mut Reader<'a>, value: &Value, place: Place) -> PyResult<Self> {
                if value.is_none() {
                    return Err(r.none_given(place));
                }
                r.vm.check_stack()?;
                <$ty<'a> as FromFields>::read(r, value, $class)
            }
        }
    )*};
}

products! {
    WithItem = "withitem", MatchCase = "match_case", Comprehension = "comprehension",
    Arguments = "arguments",
}

/// Struct types with a place: the other fields are given.
macro_rules! placed {
    ($($ty:ident $(<$a:lifetime>)? = $class:literal of $sum:literal {
        $($field:ident = $name:literal),*
    })*) => {$(
        impl<'a> Convert<'a> for $ty $(<$a>)? {
            fn to_python(&self, w: &Writer<'_>) -> PyResult {
                w.node($class, Some(self.span), &mut |name| match name {
                    $($name => self.$field.to_python(w),)*
                    _ => Ok(Value::NONE),
                })
            }
            fn from_python(r: &mut Reader<'a>, value: &Value, place: Place) -> PyResult<Self> {
                if value.is_none() {
                    return Err(r.none_given(place));
                }
                r.vm.check_stack()?;
                let span = r.span(value, $sum)?;
                if $sum != $class {
                    r.constructor(value, $sum)?;
                }
                Ok($ty { span, $($field: r.field(value, $class, $name)?,)* })
            }
        }
    )*};
}

placed! {
    ExceptHandler<'a> = "ExceptHandler" of "excepthandler" {
        type_ = "type", name = "name", body = "body"
    }
    Alias = "alias" of "alias" { name = "name", asname = "asname" }
    Keyword<'a> = "keyword" of "keyword" { arg = "arg", value = "value" }
    Arg<'a> = "arg" of "arg" { arg = "arg", annotation = "annotation" }
}

/// Enums whose values are nodes without fields.
macro_rules! leaves {
    ($($ty:ident of $sum:literal { $($variant:ident),* })*) => {$(
        impl Convert<'_> for $ty {
            fn to_python(&self, w: &Writer<'_>) -> PyResult {
                classes::singleton(w.vm, match self { $($ty::$variant => stringify!($variant),)* })
            }
            fn from_python(r: &mut Reader<'_>, value: &Value, place: Place) -> PyResult<Self> {
                if value.is_none() {
                    return Err(r.none_given(place));
                }
                match r.constructor(value, $sum)? {
                    $(stringify!($variant) => Ok($ty::$variant),)*
                    other => Err(r.vm.system_error(format!("unexpected node {other}"))),
                }
            }
        }
    )*};
}

leaves! {
    ExprContext of "expr_context" { Load, Store, Del }
    BoolOperator of "boolop" { And, Or }
    Operator of "operator" {
        Add, Sub, Mult, MatMult, Div, Mod, Pow, LShift, RShift, BitOr, BitXor, BitAnd, FloorDiv
    }
    UnaryOperator of "unaryop" { Invert, Not, UAdd, USub }
    CmpOp of "cmpop" { Eq, NotEq, Lt, LtE, Gt, GtE, Is, IsNot, In, NotIn }
}

/// Variants that are a boxed struct: class name and fields of one, and the way back.
macro_rules! boxed {
    ($kind:ident, $of:ident, $read:ident: $($variant:ident)*) => {
        fn $of<'a>(kind: &$kind<'a>) -> Option<(&'static str, &'a dyn Fields)> {
            match kind {
                $($kind::$variant(node) => Some((stringify!($variant), *node)),)*
                _ => None,
            }
        }
        fn $read<'a>(
            r: &mut Reader<'a>,
            node: &Value,
            class: &'static str,
        ) -> PyResult<Option<$kind<'a>>> {
            Ok(Some(match class {
                $(stringify!($variant) => {
                    $kind::$variant(r.arena.node(FromFields::read(r, node, class)?))
                })*
                _ => return Ok(None),
            }))
        }
    };
}

boxed! {
    StmtKind, stmt_fields, read_stmt:
    FunctionDef AsyncFunctionDef ClassDef Delete Assign TypeAlias AugAssign AnnAssign For AsyncFor
    While If With AsyncWith Match Raise Try TryStar Assert Import ImportFrom Global Nonlocal
}

boxed! {
    ExprKind, expr_fields, read_expr:
    BoolOp NamedExpr BinOp UnaryOp Lambda IfExp Dict Set ListComp SetComp DictComp GeneratorExp
    Compare Call FormattedValue Interpolation JoinedStr TemplateStr Attribute Subscript Starred List
    Tuple Slice
}

boxed! { PatternKind, pattern_fields, read_pattern: MatchMapping MatchClass MatchAs }

impl<'a> Convert<'a> for Stmt<'a> {
    const LIST: Option<&'static str> = Some("statement");

    fn to_python(&self, w: &Writer<'_>) -> PyResult {
        let span = Some(self.span);
        if let Some((class, fields)) = stmt_fields(&self.kind) {
            return w.with_fields(class, span, fields);
        }
        match &self.kind {
            StmtKind::Return(value) => w.node("Return", span, &mut |_| value.to_python(w)),
            StmtKind::Expr(value) => w.node("Expr", span, &mut |_| value.to_python(w)),
            StmtKind::Break => w.node("Break", span, &mut |_| Ok(Value::NONE)),
            StmtKind::Continue => w.node("Continue", span, &mut |_| Ok(Value::NONE)),
            _ => w.node("Pass", span, &mut |_| Ok(Value::NONE)),
        }
    }
    fn from_python(r: &mut Reader<'a>, value: &Value, _place: Place) -> PyResult<Self> {
        r.vm.check_stack()?;
        let span = r.span(value, "stmt")?;
        let class = r.constructor(value, "stmt")?;
        let kind = match class {
            "Return" => StmtKind::Return(r.field(value, class, "value")?),
            "Expr" => StmtKind::Expr(r.field(value, class, "value")?),
            "Pass" => StmtKind::Pass,
            "Break" => StmtKind::Break,
            "Continue" => StmtKind::Continue,
            _ => match read_stmt(r, value, class)? {
                Some(kind) => kind,
                None => return Err(r.vm.system_error(format!("unexpected node {class}"))),
            },
        };
        Ok(Stmt { span, lineno: span.start.line, kind })
    }
}

impl<'a> Convert<'a> for Expr<'a> {
    const LIST: Option<&'static str> = Some("expression");

    fn to_python(&self, w: &Writer<'_>) -> PyResult {
        let span = Some(self.span);
        if w.debug.is_some()
            && let Some(folded) = format::folded(w, self)?
        {
            return Ok(folded);
        }
        if let Some((class, fields)) = expr_fields(&self.kind) {
            return w.with_fields(class, span, fields);
        }
        match &self.kind {
            ExprKind::Await(value) => w.node("Await", span, &mut |_| value.to_python(w)),
            ExprKind::Yield(value) => w.node("Yield", span, &mut |_| value.to_python(w)),
            ExprKind::YieldFrom(value) => w.node("YieldFrom", span, &mut |_| value.to_python(w)),
            ExprKind::Name { id, ctx: ExprContext::Load }
                if w.debug.is_some() && w.pool.name(*id) == "__debug__" =>
            {
                let value = Value::bool(w.debug == Some(true));
                w.node("Constant", span, &mut |name| match name {
                    "value" => Ok(value.clone()),
                    _ => Ok(Value::NONE),
                })
            }
            ExprKind::Name { id, ctx } => w.node("Name", span, &mut |name| match name {
                "id" => id.to_python(w),
                _ => ctx.to_python(w),
            }),
            ExprKind::Constant(value) => w.node("Constant", span, &mut |name| match name {
                "value" => constant::to_python(w, value),
                _ => constant::prefix(w, value),
            }),
            ExprKind::FrozenSet(_) => w.node("Constant", span, &mut |name| match name {
                "value" => constant::fixed(w, self),
                _ => Ok(Value::NONE),
            }),
            _ => Err(w.vm.system_error("unexpected node")),
        }
    }
    fn from_python(r: &mut Reader<'a>, value: &Value, place: Place) -> PyResult<Self> {
        if value.is_none() {
            return Err(r.none_given(place));
        }
        r.vm.check_stack()?;
        let span = r.span(value, "expr")?;
        let class = r.constructor(value, "expr")?;
        let kind = match class {
            "Await" => ExprKind::Await(r.field(value, class, "value")?),
            "Yield" => ExprKind::Yield(r.field(value, class, "value")?),
            "YieldFrom" => ExprKind::YieldFrom(r.field(value, class, "value")?),
            "Name" => ExprKind::Name {
                id: r.field(value, class, "id")?,
                ctx: r.field(value, class, "ctx")?,
            },
            "Constant" => constant::read(r, value, span)?,
            _ => match read_expr(r, value, class)? {
                Some(kind) => kind,
                None => return Err(r.vm.system_error(format!("unexpected node {class}"))),
            },
        };
        Ok(Expr { span, lineno: span.start.line, kind })
    }
}

impl<'a> Convert<'a> for Pattern<'a> {
    const LIST: Option<&'static str> = Some("pattern");

    fn to_python(&self, w: &Writer<'_>) -> PyResult {
        let span = Some(self.span);
        if let Some((class, fields)) = pattern_fields(&self.kind) {
            return w.with_fields(class, span, fields);
        }
        match &self.kind {
            PatternKind::MatchValue(value) => {
                w.node("MatchValue", span, &mut |_| value.to_python(w))
            }
            PatternKind::MatchSingleton(value) => {
                w.node("MatchSingleton", span, &mut |_| constant::to_python(w, value))
            }
            PatternKind::MatchSequence(patterns) => {
                w.node("MatchSequence", span, &mut |_| patterns.to_python(w))
            }
            PatternKind::MatchStar(name) => w.node("MatchStar", span, &mut |_| name.to_python(w)),
            PatternKind::MatchOr(patterns) => {
                w.node("MatchOr", span, &mut |_| patterns.to_python(w))
            }
            _ => Err(w.vm.system_error("unexpected node")),
        }
    }
    fn from_python(r: &mut Reader<'a>, value: &Value, place: Place) -> PyResult<Self> {
        if value.is_none() {
            return Err(r.none_given(place));
        }
        r.vm.check_stack()?;
        let span = r.span(value, "pattern")?;
        let class = r.constructor(value, "pattern")?;
        let kind = match class {
            "MatchValue" => PatternKind::MatchValue(r.field(value, class, "value")?),
            "MatchSingleton" => PatternKind::MatchSingleton(constant::read_singleton(r, value)?),
            "MatchSequence" => PatternKind::MatchSequence(r.field(value, class, "patterns")?),
            "MatchStar" => PatternKind::MatchStar(r.field(value, class, "name")?),
            "MatchOr" => PatternKind::MatchOr(r.field(value, class, "patterns")?),
            _ => match read_pattern(r, value, class)? {
                Some(kind) => kind,
                None => return Err(r.vm.system_error(format!("unexpected node {class}"))),
            },
        };
        Ok(Pattern { span, kind })
    }
}

impl<'a> Convert<'a> for TypeParam<'a> {
    fn to_python(&self, w: &Writer<'_>) -> PyResult {
        let (class, bound) = match &self.kind {
            TypeParamKind::TypeVar { bound } => ("TypeVar", bound.as_ref()),
            TypeParamKind::TypeVarTuple => ("TypeVarTuple", None),
            TypeParamKind::ParamSpec => ("ParamSpec", None),
        };
        w.node(class, Some(self.span), &mut |name| match name {
            "name" => self.name.to_python(w),
            "bound" => bound.map_or(Ok(Value::NONE), |bound| bound.to_python(w)),
            _ => self.default.to_python(w),
        })
    }
    fn from_python(r: &mut Reader<'a>, value: &Value, place: Place) -> PyResult<Self> {
        if value.is_none() {
            return Err(r.none_given(place));
        }
        let span = r.span(value, "type_param")?;
        let class = r.constructor(value, "type_param")?;
        let kind = match class {
            "TypeVar" => TypeParamKind::TypeVar { bound: r.field(value, class, "bound")? },
            "TypeVarTuple" => TypeParamKind::TypeVarTuple,
            _ => TypeParamKind::ParamSpec,
        };
        let name = r.field(value, class, "name")?;
        Ok(TypeParam { span, name, kind, default: r.field(value, class, "default_value")? })
    }
}

/// A whole tree.
pub fn module(w: &Writer<'_>, module: &Mod, ignores: &[TypeIgnore]) -> PyResult {
    let ignores = || -> PyResult {
        let node = |ignore: &TypeIgnore| {
            w.node("TypeIgnore", None, &mut |name| match name {
                "lineno" => Ok(Value::int_unchecked(ignore.line.into())),
                _ => Ok(from_wtf8(&ignore.tag).into()),
            })
        };
        let all = ignores.iter().map(node).collect::<PyResult<Vec<_>>>()?;
        Ok(adder_vm::objects::list::List::from_vec(all).into())
    };
    match module {
        Mod::Module(body) => w.node("Module", None, &mut |name| match name {
            "body" => body.to_python(w),
            _ => ignores(),
        }),
        Mod::Interactive(body) => w.node("Interactive", None, &mut |_| body.to_python(w)),
        Mod::Expression(body) => w.node("Expression", None, &mut |_| body.to_python(w)),
        Mod::FunctionType(node) => w.with_fields("FunctionType", None, *node),
    }
}

/// A whole tree, back.
pub fn read_module<'a>(r: &mut Reader<'a>, node: &Value) -> PyResult<Mod<'a>> {
    let class = r.constructor(node, "mod")?;
    Ok(match class {
        "Module" => Mod::Module(r.field(node, class, "body")?),
        "Interactive" => Mod::Interactive(r.field(node, class, "body")?),
        "Expression" => Mod::Expression(r.field(node, class, "body")?),
        _ => Mod::FunctionType(r.arena.node(FromFields::read(r, node, class)?)),
    })
}
