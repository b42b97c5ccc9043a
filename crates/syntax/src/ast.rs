//! The abstract syntax tree: the node types of CPython 3.14's `Parser/Python.asdl`.
//!
//! Names of nodes and fields are those of Python's `ast` module. Both language levels use this one
//! tree: where 3.6 had other nodes (`Num`, `Str`, `Bytes`, `NameConstant`, `Ellipsis`, `Index`,
//! `ExtSlice`) the tree holds today's (`Constant`, the plain expression, a `Tuple` with slices).
//!
//! Shape and size: [`Expr`] and [`Stmt`] are 40 bytes: a place, a line, and a kind that is either a
//! small value or a box. A boxed node holds its children inline, so a leaf (a name, a constant)
//! costs no allocation and an inner node costs one. Texts live in the [`Pool`](crate::Pool) that
//! travels with the tree, so leaves are `Copy`-cheap and dropping them is free.
//!
//! Depth: the parser bounds nesting, save for the left-leaning chains of binary operators,
//! attributes, calls and subscripts, for prefix operators and for `elif`. These may be as long
//! as the source; the types that form them have a `Drop` that takes the chain apart in a loop.
//! Whoever walks a tree recursively must guard against their depth.

use std::mem;

use crate::pool::{Symbol, Text};

/// A list of nodes, exactly as long as it needs to be.
pub type List<T> = Box<[T]>;

/// A place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pos {
    /// Line, counted from 1.
    pub line: u32,
    /// Offset from the line's start in UTF-8 bytes, counted from 0, as `ast`'s `col_offset`.
    pub col: u32,
}

/// The stretch of source a node covers; the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// `lineno`, `col_offset` of 3.14's `ast`.
    pub start: Pos,
    /// `end_lineno`, `end_col_offset`.
    pub end: Pos,
}

/// What the parser was asked for (`mod`).
#[derive(Clone, Debug)]
pub enum Mod {
    /// A file: `compile(..., "exec")`.
    Module(List<Stmt>),
    /// One interactive statement: `compile(..., "single")`.
    Interactive(List<Stmt>),
    /// One expression: `compile(..., "eval")`.
    Expression(Box<Expr>),
    /// A type comment's signature: `ast.parse(mode="func_type")`.
    FunctionType(Box<FunctionType>),
}

/// `FunctionType(expr* argtypes, expr returns)`.
#[derive(Clone, Debug)]
pub struct FunctionType {
    pub argtypes: List<Expr>,
    pub returns: Expr,
}

// ---------------------------------------------------------------------------------------------
// Statements

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// The true place, at both levels (3.14's positions).
    pub span: Span,
    /// The line of the level's own `ast`: at level 3.14 it is `span.start.line`, at level 3.6 it
    /// is what 3.6's `lineno` said (a decorated function counts from its first decorator, for
    /// example). Line tables are made from this.
    pub lineno: u32,
    pub kind: StmtKind,
}

/// What a statement is.
#[derive(Clone, Debug)]
pub enum StmtKind {
    FunctionDef(Box<FunctionDef>),
    AsyncFunctionDef(Box<FunctionDef>),
    ClassDef(Box<ClassDef>),
    Return(Option<Box<Expr>>),
    Delete(Box<Delete>),
    Assign(Box<Assign>),
    TypeAlias(Box<TypeAlias>),
    AugAssign(Box<AugAssign>),
    AnnAssign(Box<AnnAssign>),
    For(Box<For>),
    AsyncFor(Box<For>),
    While(Box<While>),
    If(Box<If>),
    With(Box<With>),
    AsyncWith(Box<With>),
    Match(Box<Match>),
    Raise(Box<Raise>),
    Try(Box<Try>),
    TryStar(Box<Try>),
    Assert(Box<Assert>),
    Import(Box<Import>),
    ImportFrom(Box<ImportFrom>),
    Global(Box<Names>),
    Nonlocal(Box<Names>),
    Expr(Box<Expr>),
    Pass,
    Break,
    Continue,
}

/// `FunctionDef` and `AsyncFunctionDef`.
#[derive(Clone, Debug)]
pub struct FunctionDef {
    pub name: Symbol,
    pub args: Arguments,
    pub body: List<Stmt>,
    pub decorator_list: List<Expr>,
    pub returns: Option<Expr>,
    pub type_params: List<TypeParam>,
}

#[derive(Clone, Debug)]
pub struct ClassDef {
    pub name: Symbol,
    pub bases: List<Expr>,
    pub keywords: List<Keyword>,
    pub body: List<Stmt>,
    pub decorator_list: List<Expr>,
    pub type_params: List<TypeParam>,
}

#[derive(Clone, Debug)]
pub struct Delete {
    pub targets: List<Expr>,
}

#[derive(Clone, Debug)]
pub struct Assign {
    pub targets: List<Expr>,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub struct TypeAlias {
    /// Always a `Name` in store context.
    pub name: Expr,
    pub type_params: List<TypeParam>,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub struct AugAssign {
    pub target: Expr,
    pub op: Operator,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub struct AnnAssign {
    pub target: Expr,
    pub annotation: Expr,
    pub value: Option<Expr>,
    /// True for a bare name as the target: without brackets, not an attribute or subscript.
    pub simple: bool,
}

/// `For` and `AsyncFor`.
#[derive(Clone, Debug)]
pub struct For {
    pub target: Expr,
    pub iter: Expr,
    pub body: List<Stmt>,
    pub orelse: List<Stmt>,
}

#[derive(Clone, Debug)]
pub struct While {
    pub test: Expr,
    pub body: List<Stmt>,
    pub orelse: List<Stmt>,
}

/// `If`. An `elif` is an `If` alone in `orelse`, and such chains can be long.
#[derive(Clone, Debug)]
pub struct If {
    pub test: Expr,
    pub body: List<Stmt>,
    pub orelse: List<Stmt>,
}

/// `With` and `AsyncWith`.
#[derive(Clone, Debug)]
pub struct With {
    pub items: List<WithItem>,
    pub body: List<Stmt>,
}

#[derive(Clone, Debug)]
pub struct WithItem {
    pub context_expr: Expr,
    pub optional_vars: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct Match {
    pub subject: Expr,
    pub cases: List<MatchCase>,
}

#[derive(Clone, Debug)]
pub struct MatchCase {
    pub pattern: Pattern,
    pub guard: Option<Expr>,
    pub body: List<Stmt>,
}

#[derive(Clone, Debug)]
pub struct Raise {
    pub exc: Option<Expr>,
    pub cause: Option<Expr>,
}

/// `Try` and `TryStar`.
#[derive(Clone, Debug)]
pub struct Try {
    pub body: List<Stmt>,
    pub handlers: List<ExceptHandler>,
    pub orelse: List<Stmt>,
    pub finalbody: List<Stmt>,
}

/// `ExceptHandler`, one `except` clause.
#[derive(Clone, Debug)]
pub struct ExceptHandler {
    pub span: Span,
    /// `type` in the `ast` module.
    pub type_: Option<Expr>,
    pub name: Option<Symbol>,
    pub body: List<Stmt>,
}

#[derive(Clone, Debug)]
pub struct Assert {
    pub test: Expr,
    pub msg: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct Import {
    pub names: List<Alias>,
}

#[derive(Clone, Debug)]
pub struct ImportFrom {
    pub module: Option<Symbol>,
    pub names: List<Alias>,
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
#[derive(Clone, Debug)]
pub struct Names {
    pub names: List<Symbol>,
}

/// `type_param`.
#[derive(Clone, Debug)]
pub struct TypeParam {
    pub span: Span,
    pub name: Symbol,
    pub kind: TypeParamKind,
    /// `default_value`.
    pub default: Option<Expr>,
}

#[derive(Clone, Debug)]
pub enum TypeParamKind {
    TypeVar { bound: Option<Box<Expr>> },
    TypeVarTuple,
    ParamSpec,
}

// ---------------------------------------------------------------------------------------------
// Expressions

/// An expression.
#[derive(Clone, Debug, Default)]
pub struct Expr {
    /// The true place, at both levels (3.14's positions).
    pub span: Span,
    /// The line of the level's own `ast`: at level 3.14 it is `span.start.line`; at level 3.6 it
    /// is what 3.6's `lineno` said (a multi-line string counts from its last line, the second of
    /// two chained operators from the operator). Line tables are made from this.
    pub lineno: u32,
    pub kind: ExprKind,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum ExprKind {
    BoolOp(Box<BoolOp>),
    NamedExpr(Box<NamedExpr>),
    BinOp(Box<BinOp>),
    UnaryOp(Box<UnaryOp>),
    Lambda(Box<Lambda>),
    IfExp(Box<IfExp>),
    Dict(Box<Dict>),
    Set(Box<Set>),
    ListComp(Box<Comp>),
    SetComp(Box<Comp>),
    DictComp(Box<DictComp>),
    GeneratorExp(Box<Comp>),
    Await(Box<Expr>),
    Yield(Option<Box<Expr>>),
    YieldFrom(Box<Expr>),
    Compare(Box<Compare>),
    Call(Box<Call>),
    FormattedValue(Box<FormattedValue>),
    Interpolation(Box<Interpolation>),
    JoinedStr(Box<JoinedStr>),
    TemplateStr(Box<JoinedStr>),
    Constant(Constant),
    /// A constant set, which only a tree made by a program can have: the items are constants, tuples
    /// and such sets, and numbers as they are written.
    FrozenSet(Box<Set>),
    Attribute(Box<Attribute>),
    Subscript(Box<Subscript>),
    Starred(Box<Starred>),
    Name {
        id: Symbol,
        ctx: ExprContext,
    },
    List(Box<Sequence>),
    Tuple(Box<Sequence>),
    Slice(Box<Slice>),
}

impl Default for ExprKind {
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

#[derive(Clone, Debug)]
pub struct BoolOp {
    pub op: BoolOperator,
    pub values: List<Expr>,
}

#[derive(Clone, Debug)]
pub struct NamedExpr {
    pub target: Expr,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub struct BinOp {
    pub left: Expr,
    pub op: Operator,
    pub right: Expr,
}

#[derive(Clone, Debug)]
pub struct UnaryOp {
    pub op: UnaryOperator,
    pub operand: Expr,
}

#[derive(Clone, Debug)]
pub struct Lambda {
    pub args: Arguments,
    pub body: Expr,
}

#[derive(Clone, Debug)]
pub struct IfExp {
    pub test: Expr,
    pub body: Expr,
    pub orelse: Expr,
}

/// `Dict`; a key of `None` is `**value`.
#[derive(Clone, Debug)]
pub struct Dict {
    pub keys: List<Option<Expr>>,
    pub values: List<Expr>,
}

#[derive(Clone, Debug)]
pub struct Set {
    pub elts: List<Expr>,
}

/// `ListComp`, `SetComp` and `GeneratorExp`.
#[derive(Clone, Debug)]
pub struct Comp {
    pub elt: Expr,
    pub generators: List<Comprehension>,
}

#[derive(Clone, Debug)]
pub struct DictComp {
    pub key: Expr,
    pub value: Expr,
    pub generators: List<Comprehension>,
}

/// `comprehension`: one `for ... in ... if ...` part.
#[derive(Clone, Debug)]
pub struct Comprehension {
    pub target: Expr,
    pub iter: Expr,
    pub ifs: List<Expr>,
    pub is_async: bool,
}

/// `Compare`; `ops` and `comparators` have the same length.
#[derive(Clone, Debug)]
pub struct Compare {
    pub left: Expr,
    pub ops: List<CmpOp>,
    pub comparators: List<Expr>,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub func: Expr,
    pub args: List<Expr>,
    pub keywords: List<Keyword>,
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
#[derive(Clone, Debug)]
pub struct FormattedValue {
    pub value: Expr,
    pub conversion: Conversion,
    /// A `JoinedStr`.
    pub format_spec: Option<Expr>,
}

/// `Interpolation`, a replacement field of a t-string (PEP 750).
#[derive(Clone, Debug)]
pub struct Interpolation {
    pub value: Expr,
    /// The expression's source text (`str` in the `ast` module).
    pub text: Text,
    pub conversion: Conversion,
    /// A `JoinedStr`.
    pub format_spec: Option<Expr>,
}

/// `JoinedStr` and `TemplateStr`: string constants and replacement fields.
#[derive(Clone, Debug)]
pub struct JoinedStr {
    pub values: List<Expr>,
}

#[derive(Clone, Debug)]
pub struct Attribute {
    pub value: Expr,
    pub attr: Symbol,
    pub ctx: ExprContext,
}

#[derive(Clone, Debug)]
pub struct Subscript {
    pub value: Expr,
    pub slice: Expr,
    pub ctx: ExprContext,
}

#[derive(Clone, Debug)]
pub struct Starred {
    pub value: Expr,
    pub ctx: ExprContext,
}

/// `List` and `Tuple`.
#[derive(Clone, Debug)]
pub struct Sequence {
    pub elts: List<Expr>,
    pub ctx: ExprContext,
}

/// `Slice`; occurs only as, or in the tuple that is, the `slice` of a subscript.
#[derive(Clone, Debug)]
pub struct Slice {
    pub lower: Option<Expr>,
    pub upper: Option<Expr>,
    pub step: Option<Expr>,
}

/// `keyword`: `name=value` in a call or class definition, `**value` if `arg` is `None`.
#[derive(Clone, Debug)]
pub struct Keyword {
    pub span: Span,
    pub arg: Option<Symbol>,
    pub value: Expr,
}

/// `arguments`, the parameters of a function.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    pub posonlyargs: List<Arg>,
    pub args: List<Arg>,
    pub vararg: Option<Box<Arg>>,
    pub kwonlyargs: List<Arg>,
    /// As long as `kwonlyargs`.
    pub kw_defaults: List<Option<Expr>>,
    pub kwarg: Option<Box<Arg>>,
    /// Of the last parameters in `posonlyargs` + `args`.
    pub defaults: List<Expr>,
}

/// `arg`, one parameter.
#[derive(Clone, Debug)]
pub struct Arg {
    pub span: Span,
    pub arg: Symbol,
    pub annotation: Option<Box<Expr>>,
}

// ---------------------------------------------------------------------------------------------
// Patterns

/// `pattern`, what stands after `case`.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub span: Span,
    pub kind: PatternKind,
}

#[derive(Clone, Debug)]
pub enum PatternKind {
    MatchValue(Box<Expr>),
    /// `None`, `True` or `False`.
    MatchSingleton(Constant),
    MatchSequence(List<Pattern>),
    MatchMapping(Box<MatchMapping>),
    MatchClass(Box<MatchClass>),
    MatchStar(Option<Symbol>),
    MatchAs(Box<MatchAs>),
    MatchOr(List<Pattern>),
}

/// `MatchMapping`; `keys` and `patterns` have the same length.
#[derive(Clone, Debug)]
pub struct MatchMapping {
    pub keys: List<Expr>,
    pub patterns: List<Pattern>,
    pub rest: Option<Symbol>,
}

/// `MatchClass`; `kwd_attrs` and `kwd_patterns` have the same length.
#[derive(Clone, Debug)]
pub struct MatchClass {
    pub cls: Expr,
    pub patterns: List<Pattern>,
    pub kwd_attrs: List<Symbol>,
    pub kwd_patterns: List<Pattern>,
}

/// `MatchAs`: no pattern is a capture, neither pattern nor name is the wildcard.
#[derive(Clone, Debug)]
pub struct MatchAs {
    pub pattern: Option<Pattern>,
    pub name: Option<Symbol>,
}

// ---------------------------------------------------------------------------------------------
// Taking long chains apart

/// Drops a chain of left operands in a loop: each link is emptied of its own left operand before
/// it is dropped, so no drop nests in another.
fn unchain(expr: &mut Expr) {
    loop {
        let next = match &mut expr.kind {
            ExprKind::BinOp(node) => mem::take(&mut node.left),
            ExprKind::Attribute(node) => mem::take(&mut node.value),
            ExprKind::Call(node) => mem::take(&mut node.func),
            ExprKind::Subscript(node) => mem::take(&mut node.value),
            ExprKind::UnaryOp(node) => mem::take(&mut node.operand),
            _ => return,
        };
        *expr = next;
    }
}

impl Drop for BinOp {
    fn drop(&mut self) {
        unchain(&mut self.left);
    }
}

impl Drop for Attribute {
    fn drop(&mut self) {
        unchain(&mut self.value);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        unchain(&mut self.func);
    }
}

impl Drop for Subscript {
    fn drop(&mut self) {
        unchain(&mut self.value);
    }
}

impl Drop for UnaryOp {
    fn drop(&mut self) {
        unchain(&mut self.operand);
    }
}

impl Drop for If {
    fn drop(&mut self) {
        let mut orelse = mem::take(&mut self.orelse);
        while let [Stmt { kind: StmtKind::If(inner), .. }] = &mut *orelse {
            orelse = mem::take(&mut inner.orelse);
        }
    }
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
