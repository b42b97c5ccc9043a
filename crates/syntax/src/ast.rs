//! The abstract syntax tree: the node types of CPython 3.14's `Parser/Python.asdl`.
//!
//! Names of nodes and fields are those of Python's `ast` module. Both language levels use this one
//! tree: where 3.6 had other nodes (`Num`, `Str`, `Bytes`, `NameConstant`, `Ellipsis`, `Index`,
//! `ExtSlice`) the tree holds today's (`Constant`, the plain expression, a `Tuple` with slices).
//!
//! Shape and size: [`Expr`] and [`Stmt`] are 40 bytes: a place, a line, and a kind that is either a
//! small value or a reference. What it refers to lies in the [`Arena`](crate::Arena) that the tree was
//! made in, with its children inline, so a leaf (a name, a constant) takes no room of its own. Texts
//! live in the [`Pool`](crate::Pool) that travels with the tree. So no node owns anything: all are
//! `Copy`, never change, and go with their arena.
//!
//! Depth: the parser bounds nesting, save for the left-leaning chains of binary operators,
//! attributes, calls and subscripts, for prefix operators and for `elif`. These may be as long
//! as the source. Whoever walks a tree recursively must guard against their depth.

use crate::pool::{Symbol, Text};

/// A list in the arena.
pub type List<'a, T> = &'a [T];

/// A place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pos {
    /// Line, counted from 1.
    pub line: u32,
    /// Offset from the line's start in UTF-8 bytes, counted from 0, as `ast`'s `col_offset`.
    pub col: u32,
}

/// The stretch of source a node covers; the end is exclusive.
#[derive(Clone, Copy, Debug, Eq, Hash, Default)]
pub struct Span {
    /// `lineno`, `col_offset` of 3.14's `ast`.
    pub start: Pos,
    /// `end_lineno`, `end_col_offset`.
    pub end: Pos,
}

impl PartialEq for Span {
    /// In one branch: which of the numbers differ, nobody can foresee.
    #[inline]
    fn eq(&self, other: &Span) -> bool {
        let differ = |a: Pos, b: Pos| (a.line ^ b.line) | (a.col ^ b.col);
        differ(self.start, other.start) | differ(self.end, other.end) == 0
    }
}

/// What the parser was asked for (`mod`).
#[derive(Clone, Copy, Debug)]
pub enum Mod<'a> {
    /// A file: `compile(..., "exec")`.
    Module(List<'a, Stmt<'a>>),
    /// One interactive statement: `compile(..., "single")`.
    Interactive(List<'a, Stmt<'a>>),
    /// One expression: `compile(..., "eval")`.
    Expression(&'a Expr<'a>),
    /// A type comment's signature: `ast.parse(mode="func_type")`.
    FunctionType(&'a FunctionType<'a>),
}

/// `FunctionType(expr* argtypes, expr returns)`.
#[derive(Clone, Copy, Debug)]
pub struct FunctionType<'a> {
    pub argtypes: List<'a, Expr<'a>>,
    pub returns: Expr<'a>,
}

// ---------------------------------------------------------------------------------------------
// Statements

/// A statement.
#[derive(Clone, Copy, Debug)]
pub struct Stmt<'a> {
    /// The true place, at both levels (3.14's positions).
    pub span: Span,
    /// The line of the level's own `ast`: at level 3.14 it is `span.start.line`, at level 3.6 it
    /// is what 3.6's `lineno` said (a decorated function counts from its first decorator, for
    /// example). Line tables are made from this.
    pub lineno: u32,
    pub kind: StmtKind<'a>,
}

/// What a statement is.
#[derive(Clone, Copy, Debug)]
pub enum StmtKind<'a> {
    FunctionDef(&'a FunctionDef<'a>),
    AsyncFunctionDef(&'a FunctionDef<'a>),
    ClassDef(&'a ClassDef<'a>),
    Return(Option<&'a Expr<'a>>),
    Delete(&'a Delete<'a>),
    Assign(&'a Assign<'a>),
    TypeAlias(&'a TypeAlias<'a>),
    AugAssign(&'a AugAssign<'a>),
    AnnAssign(&'a AnnAssign<'a>),
    For(&'a For<'a>),
    AsyncFor(&'a For<'a>),
    While(&'a While<'a>),
    If(&'a If<'a>),
    With(&'a With<'a>),
    AsyncWith(&'a With<'a>),
    Match(&'a Match<'a>),
    Raise(&'a Raise<'a>),
    Try(&'a Try<'a>),
    TryStar(&'a Try<'a>),
    Assert(&'a Assert<'a>),
    Import(&'a Import<'a>),
    ImportFrom(&'a ImportFrom<'a>),
    Global(&'a Names<'a>),
    Nonlocal(&'a Names<'a>),
    Expr(&'a Expr<'a>),
    Pass,
    Break,
    Continue,
}

/// `FunctionDef` and `AsyncFunctionDef`.
#[derive(Clone, Copy, Debug)]
pub struct FunctionDef<'a> {
    pub name: Symbol,
    pub args: Arguments<'a>,
    pub body: List<'a, Stmt<'a>>,
    pub decorator_list: List<'a, Expr<'a>>,
    pub returns: Option<Expr<'a>>,
    pub type_params: List<'a, TypeParam<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct ClassDef<'a> {
    pub name: Symbol,
    pub bases: List<'a, Expr<'a>>,
    pub keywords: List<'a, Keyword<'a>>,
    pub body: List<'a, Stmt<'a>>,
    pub decorator_list: List<'a, Expr<'a>>,
    pub type_params: List<'a, TypeParam<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Delete<'a> {
    pub targets: List<'a, Expr<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Assign<'a> {
    pub targets: List<'a, Expr<'a>>,
    pub value: Expr<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct TypeAlias<'a> {
    /// Always a `Name` in store context.
    pub name: Expr<'a>,
    pub type_params: List<'a, TypeParam<'a>>,
    pub value: Expr<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct AugAssign<'a> {
    pub target: Expr<'a>,
    pub op: Operator,
    pub value: Expr<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct AnnAssign<'a> {
    pub target: Expr<'a>,
    pub annotation: Expr<'a>,
    pub value: Option<Expr<'a>>,
    /// True for a bare name as the target: without brackets, not an attribute or subscript.
    pub simple: bool,
}

/// `For` and `AsyncFor`.
#[derive(Clone, Copy, Debug)]
pub struct For<'a> {
    pub target: Expr<'a>,
    pub iter: Expr<'a>,
    pub body: List<'a, Stmt<'a>>,
    pub orelse: List<'a, Stmt<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct While<'a> {
    pub test: Expr<'a>,
    pub body: List<'a, Stmt<'a>>,
    pub orelse: List<'a, Stmt<'a>>,
}

/// `If`. An `elif` is an `If` alone in `orelse`, and such chains can be long.
#[derive(Clone, Copy, Debug)]
pub struct If<'a> {
    pub test: Expr<'a>,
    pub body: List<'a, Stmt<'a>>,
    pub orelse: List<'a, Stmt<'a>>,
}

/// `With` and `AsyncWith`.
#[derive(Clone, Copy, Debug)]
pub struct With<'a> {
    pub items: List<'a, WithItem<'a>>,
    pub body: List<'a, Stmt<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct WithItem<'a> {
    pub context_expr: Expr<'a>,
    pub optional_vars: Option<Expr<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    pub subject: Expr<'a>,
    pub cases: List<'a, MatchCase<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct MatchCase<'a> {
    pub pattern: Pattern<'a>,
    pub guard: Option<Expr<'a>>,
    pub body: List<'a, Stmt<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Raise<'a> {
    pub exc: Option<Expr<'a>>,
    pub cause: Option<Expr<'a>>,
}

/// `Try` and `TryStar`.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    pub body: List<'a, Stmt<'a>>,
    pub handlers: List<'a, ExceptHandler<'a>>,
    pub orelse: List<'a, Stmt<'a>>,
    pub finalbody: List<'a, Stmt<'a>>,
}

/// `ExceptHandler`, one `except` clause.
#[derive(Clone, Copy, Debug)]
pub struct ExceptHandler<'a> {
    pub span: Span,
    /// `type` in the `ast` module.
    pub type_: Option<Expr<'a>>,
    pub name: Option<Symbol>,
    pub body: List<'a, Stmt<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Assert<'a> {
    pub test: Expr<'a>,
    pub msg: Option<Expr<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    pub names: List<'a, Alias>,
}

#[derive(Clone, Copy, Debug)]
pub struct ImportFrom<'a> {
    pub module: Option<Symbol>,
    pub names: List<'a, Alias>,
    pub level: u32,
}

/// `alias`: one imported name; a dotted name is one symbol with its dots, `*` is the symbol `*`.
#[derive(Clone, Copy, Debug)]
pub struct Alias {
    pub span: Span,
    pub name: Symbol,
    pub asname: Option<Symbol>,
}

/// The names of a `global` or `nonlocal` statement.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    pub names: List<'a, Symbol>,
}

/// `type_param`.
#[derive(Clone, Copy, Debug)]
pub struct TypeParam<'a> {
    pub span: Span,
    pub name: Symbol,
    pub kind: TypeParamKind<'a>,
    /// `default_value`.
    pub default: Option<Expr<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub enum TypeParamKind<'a> {
    TypeVar { bound: Option<&'a Expr<'a>> },
    TypeVarTuple,
    ParamSpec,
}

// ---------------------------------------------------------------------------------------------
// Expressions

/// An expression.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expr<'a> {
    /// The true place, at both levels (3.14's positions).
    pub span: Span,
    /// The line of the level's own `ast`: at level 3.14 it is `span.start.line`; at level 3.6 it
    /// is what 3.6's `lineno` said (a multi-line string counts from its last line, the second of
    /// two chained operators from the operator). Line tables are made from this.
    pub lineno: u32,
    pub kind: ExprKind<'a>,
}

/// What an expression is.
#[derive(Clone, Copy, Debug)]
pub enum ExprKind<'a> {
    BoolOp(&'a BoolOp<'a>),
    NamedExpr(&'a NamedExpr<'a>),
    BinOp(&'a BinOp<'a>),
    UnaryOp(&'a UnaryOp<'a>),
    Lambda(&'a Lambda<'a>),
    IfExp(&'a IfExp<'a>),
    Dict(&'a Dict<'a>),
    Set(&'a Set<'a>),
    ListComp(&'a Comp<'a>),
    SetComp(&'a Comp<'a>),
    DictComp(&'a DictComp<'a>),
    GeneratorExp(&'a Comp<'a>),
    Await(&'a Expr<'a>),
    Yield(Option<&'a Expr<'a>>),
    YieldFrom(&'a Expr<'a>),
    Compare(&'a Compare<'a>),
    Call(&'a Call<'a>),
    FormattedValue(&'a FormattedValue<'a>),
    Interpolation(&'a Interpolation<'a>),
    JoinedStr(&'a JoinedStr<'a>),
    TemplateStr(&'a JoinedStr<'a>),
    Constant(Constant),
    /// A constant set, which only a tree made by a program can have: the items are constants, tuples
    /// and such sets, and numbers as they are written.
    FrozenSet(&'a Set<'a>),
    Attribute(&'a Attribute<'a>),
    Subscript(&'a Subscript<'a>),
    Starred(&'a Starred<'a>),
    Name {
        id: Symbol,
        ctx: ExprContext,
    },
    List(&'a Sequence<'a>),
    Tuple(&'a Sequence<'a>),
    Slice(&'a Slice<'a>),
}

impl Default for ExprKind<'_> {
    fn default() -> Self {
        Self::Constant(Constant::None)
    }
}

/// The value of a `Constant` node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    None,
    Bool(bool),
    Ellipsis,
    /// A string: generalised UTF-8 (lone surrogates allowed) in the pool. `u` tells that it was
    /// written with that prefix (`kind` in the `ast` module).
    Str {
        value: Text,
        u: bool,
    },
    /// Any bytes, in the pool.
    Bytes(Text),
    /// An integer that fits.
    Int(u64),
    /// A larger integer: its digits in the pool, ASCII, without underscores, prefix or leading
    /// zeros. `radix` is 2, 8, 10 or 16.
    BigInt {
        radix: u8,
        digits: Text,
    },
    Float(f64),
    /// The imaginary part of a complex number whose real part is 0.0.
    Imaginary(f64),
}

/// `expr_context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ExprContext {
    #[default]
    Load,
    Store,
    Del,
}

/// `boolop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoolOperator {
    And,
    Or,
}

/// `operator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Sub,
    Mult,
    MatMult,
    Div,
    Mod,
    Pow,
    LShift,
    RShift,
    BitOr,
    BitXor,
    BitAnd,
    FloorDiv,
}

/// `unaryop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    Invert,
    Not,
    UAdd,
    USub,
}

/// `cmpop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CmpOp {
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    Is,
    IsNot,
    In,
    NotIn,
}

#[derive(Clone, Copy, Debug)]
pub struct BoolOp<'a> {
    pub op: BoolOperator,
    pub values: List<'a, Expr<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct NamedExpr<'a> {
    pub target: Expr<'a>,
    pub value: Expr<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct BinOp<'a> {
    pub left: Expr<'a>,
    pub op: Operator,
    pub right: Expr<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct UnaryOp<'a> {
    pub op: UnaryOperator,
    pub operand: Expr<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct Lambda<'a> {
    pub args: Arguments<'a>,
    pub body: Expr<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct IfExp<'a> {
    pub test: Expr<'a>,
    pub body: Expr<'a>,
    pub orelse: Expr<'a>,
}

/// `Dict`; a key of `None` is `**value`.
#[derive(Clone, Copy, Debug)]
pub struct Dict<'a> {
    pub keys: List<'a, Option<Expr<'a>>>,
    pub values: List<'a, Expr<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Set<'a> {
    pub elts: List<'a, Expr<'a>>,
}

/// `ListComp`, `SetComp` and `GeneratorExp`.
#[derive(Clone, Copy, Debug)]
pub struct Comp<'a> {
    pub elt: Expr<'a>,
    pub generators: List<'a, Comprehension<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct DictComp<'a> {
    pub key: Expr<'a>,
    pub value: Expr<'a>,
    pub generators: List<'a, Comprehension<'a>>,
}

/// `comprehension`: one `for ... in ... if ...` part.
#[derive(Clone, Copy, Debug)]
pub struct Comprehension<'a> {
    pub target: Expr<'a>,
    pub iter: Expr<'a>,
    pub ifs: List<'a, Expr<'a>>,
    pub is_async: bool,
}

/// `Compare`; `ops` and `comparators` have the same length.
#[derive(Clone, Copy, Debug)]
pub struct Compare<'a> {
    pub left: Expr<'a>,
    pub ops: List<'a, CmpOp>,
    pub comparators: List<'a, Expr<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub func: Expr<'a>,
    pub args: List<'a, Expr<'a>>,
    pub keywords: List<'a, Keyword<'a>>,
}

/// `conversion` of a replacement field; the numbers in the `ast` module are -1, 's', 'r', 'a'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    None,
    Str,
    Repr,
    Ascii,
}

/// `FormattedValue`, a replacement field of an f-string. The text that `{x=}` adds is a constant
/// of the enclosing `JoinedStr`.
#[derive(Clone, Copy, Debug)]
pub struct FormattedValue<'a> {
    pub value: Expr<'a>,
    pub conversion: Conversion,
    /// A `JoinedStr`.
    pub format_spec: Option<Expr<'a>>,
}

/// `Interpolation`, a replacement field of a t-string (PEP 750).
#[derive(Clone, Copy, Debug)]
pub struct Interpolation<'a> {
    pub value: Expr<'a>,
    /// The expression's source text (`str` in the `ast` module).
    pub text: Text,
    pub conversion: Conversion,
    /// A `JoinedStr`.
    pub format_spec: Option<Expr<'a>>,
}

/// `JoinedStr` and `TemplateStr`: string constants and replacement fields.
#[derive(Clone, Copy, Debug)]
pub struct JoinedStr<'a> {
    pub values: List<'a, Expr<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    pub value: Expr<'a>,
    pub attr: Symbol,
    pub ctx: ExprContext,
}

#[derive(Clone, Copy, Debug)]
pub struct Subscript<'a> {
    pub value: Expr<'a>,
    pub slice: Expr<'a>,
    pub ctx: ExprContext,
}

#[derive(Clone, Copy, Debug)]
pub struct Starred<'a> {
    pub value: Expr<'a>,
    pub ctx: ExprContext,
}

/// `List` and `Tuple`.
#[derive(Clone, Copy, Debug)]
pub struct Sequence<'a> {
    pub elts: List<'a, Expr<'a>>,
    pub ctx: ExprContext,
}

/// `Slice`; occurs only as, or in the tuple that is, the `slice` of a subscript.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    pub lower: Option<Expr<'a>>,
    pub upper: Option<Expr<'a>>,
    pub step: Option<Expr<'a>>,
}

/// `keyword`: `name=value` in a call or class definition, `**value` if `arg` is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Keyword<'a> {
    pub span: Span,
    pub arg: Option<Symbol>,
    pub value: Expr<'a>,
}

/// `arguments`, the parameters of a function.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arguments<'a> {
    pub posonlyargs: List<'a, Arg<'a>>,
    pub args: List<'a, Arg<'a>>,
    pub vararg: Option<&'a Arg<'a>>,
    pub kwonlyargs: List<'a, Arg<'a>>,
    /// As long as `kwonlyargs`.
    pub kw_defaults: List<'a, Option<Expr<'a>>>,
    pub kwarg: Option<&'a Arg<'a>>,
    /// Of the last parameters in `posonlyargs` + `args`.
    pub defaults: List<'a, Expr<'a>>,
}

/// `arg`, one parameter.
#[derive(Clone, Copy, Debug)]
pub struct Arg<'a> {
    pub span: Span,
    pub arg: Symbol,
    pub annotation: Option<&'a Expr<'a>>,
}

// ---------------------------------------------------------------------------------------------
// Patterns

/// `pattern`, what stands after `case`.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    pub span: Span,
    pub kind: PatternKind<'a>,
}

#[derive(Clone, Copy, Debug)]
pub enum PatternKind<'a> {
    MatchValue(&'a Expr<'a>),
    /// `None`, `True` or `False`.
    MatchSingleton(Constant),
    MatchSequence(List<'a, Pattern<'a>>),
    MatchMapping(&'a MatchMapping<'a>),
    MatchClass(&'a MatchClass<'a>),
    MatchStar(Option<Symbol>),
    MatchAs(&'a MatchAs<'a>),
    MatchOr(List<'a, Pattern<'a>>),
}

/// `MatchMapping`; `keys` and `patterns` have the same length.
#[derive(Clone, Copy, Debug)]
pub struct MatchMapping<'a> {
    pub keys: List<'a, Expr<'a>>,
    pub patterns: List<'a, Pattern<'a>>,
    pub rest: Option<Symbol>,
}

/// `MatchClass`; `kwd_attrs` and `kwd_patterns` have the same length.
#[derive(Clone, Copy, Debug)]
pub struct MatchClass<'a> {
    pub cls: Expr<'a>,
    pub patterns: List<'a, Pattern<'a>>,
    pub kwd_attrs: List<'a, Symbol>,
    pub kwd_patterns: List<'a, Pattern<'a>>,
}

/// `MatchAs`: no pattern is a capture, neither pattern nor name is the wildcard.
#[derive(Clone, Copy, Debug)]
pub struct MatchAs<'a> {
    pub pattern: Option<Pattern<'a>>,
    pub name: Option<Symbol>,
}

// The sizes the shape was chosen for; a field too many shows here before it shows in a profile.
const _: () = {
    assert!(size_of::<Span>() == 16);
    assert!(size_of::<Constant>() == 16);
    assert!(size_of::<ExprKind>() == 16);
    assert!(size_of::<Expr>() == 40);
    assert!(size_of::<Option<Expr>>() == 40);
    assert!(size_of::<StmtKind>() == 16);
    assert!(size_of::<Stmt>() == 40);
};
