//! Tree to instructions: CPython's `Python/compile.c` from `compiler_mod` down.
//!
//! One generator for both levels. At level 3.6 every instruction, every constant and their order
//! are CPython 3.6.15's; where level 3.14 means something else, the place asks `self.modern` and
//! names the PEP. The parts: `stmt` and `expr`, `function` and `class`, `comprehension`,
//! `try_with`, and for today's language `annotations`, `type_params` and `match_`.

mod annotations;
mod call;
mod class;
mod comprehension;
mod display;
mod except_star;
mod expr;
mod function;
mod match_;
mod name;
mod stmt;
mod try_with;
mod type_params;
mod unparse;
mod warn;

use adder_bytecode::code::{CodeObject, Const, PyStrBuf, flags};
use adder_bytecode::opcode::Op;
use adder_syntax::Symbol;
use adder_syntax::Warning;
use adder_syntax::ast::{Constant, Expr, ExprKind, Mod, Span, Stmt, StmtKind};

use crate::assemble::{Frame, Room, assemble};
use crate::error::{Failure, Result, error};
use crate::fold;
use crate::future::Future;
use crate::limits::Depth;
use crate::names::Names;
use crate::symtable::{Block, Meaning, Scope, ScopeId, SymbolTable, TOP};
use crate::unit::{FrameBlock, Kind, Label, Unit};

/// CPython's limit on loops, `try` and `with` within each other (`CO_MAXBLOCKS`).
const MAX_BLOCKS: usize = 20;

/// The state of a compilation (`struct compiler`).
pub(crate) struct Compiler<'a> {
    names: &'a mut Names,
    table: &'a SymbolTable,
    modern: bool,
    optimize: u8,
    interactive: bool,
    top_level_await: bool,
    future: Future,
    filename: PyStrBuf,
    /// The unit being filled, and those around it.
    u: Box<Unit>,
    outer: Vec<Box<Unit>>,
    /// Written, and to be assembled together.
    waiting: Vec<Waiting>,
    /// How many units there were.
    units: u32,
    /// Done with, for their tables.
    spare: Vec<Box<Unit>>,
    room: Room,
    depth: Depth,
    /// A qualified name in the making.
    text: Vec<u8>,
    warnings: Vec<Warning>,
    /// Annotations of variables whose module or class is not yet at its end.
    variables: Vec<annotations::Variable<'a>>,
}

/// A unit that is written, with its flags; not yet a code object.
struct Written {
    unit: Box<Unit>,
    flags: u32,
}

/// The same, and whose constant it is to be: the unit by its number.
struct Waiting {
    written: Written,
    into: u32,
    index: u32,
}

/// So many units are assembled together: the assembler's code comes into the processor's cache once for all
/// of them, and they still fit in there, too.
const BATCH: usize = 8;

/// Room that compilations leave behind for the next one: what lies in it means nothing.
#[derive(Default)]
pub struct Workspace {
    units: Vec<Box<Unit>>,
    room: Room,
}

impl Workspace {
    /// Larger units (by number of instructions) are not kept, nor more than so many.
    const LONGEST: usize = 8 << 10;
    const MOST: usize = 2 * BATCH;

    fn give_back(&mut self, mut units: Vec<Box<Unit>>, room: Room) {
        units.retain(|unit| unit.instrs.capacity() <= Self::LONGEST);
        units.truncate(Self::MOST);
        self.units = units;
        // Of these lists one is filled by every unit, the other by some.
        if room.instrs.capacity().max(room.targets.capacity()) <= Self::LONGEST {
            self.room = room;
        }
    }
}

/// What the compiler is told; see `Options` in the crate's root.
pub(crate) struct Settings {
    pub(crate) modern: bool,
    pub(crate) optimize: u8,
    pub(crate) top_level_await: bool,
    pub(crate) future: Future,
    pub(crate) filename: PyStrBuf,
}

/// Compiles a tree whose names are analysed.
pub(crate) fn generate<'a>(
    module: &'a Mod,
    names: &'a mut Names,
    table: &'a SymbolTable,
    settings: Settings,
    workspace: &mut Workspace,
) -> Result<(CodeObject, Vec<Warning>)> {
    let name = names.known.module;
    let qualname = names.shared(name);
    let Workspace { mut units, room } = std::mem::take(workspace);
    let u = new_unit(&mut units, Kind::Module, TOP, name, qualname, 0);
    let mut c = Compiler {
        names,
        table,
        modern: settings.modern,
        optimize: settings.optimize,
        interactive: matches!(module, Mod::Interactive(_)),
        top_level_await: settings.top_level_await,
        future: settings.future,
        filename: settings.filename,
        u,
        outer: Vec::new(),
        waiting: Vec::new(),
        units: 0,
        spare: units,
        room,
        depth: Depth::default(),
        text: Vec::new(),
        warnings: Vec::new(),
        variables: Vec::new(),
    };
    if c.modern {
        c.u.first_line = 1;
    }
    c.init_cells();
    let code = match module {
        Mod::Module(body) => {
            c.body(body)?;
            c.finish(true)?
        }
        Mod::Interactive(body) => {
            c.prepare_annotations(body)?;
            c.stmts(body)?;
            c.finish_annotations()?;
            c.finish(true)?
        }
        Mod::Expression(expr) => {
            c.expr(expr)?;
            c.finish(false)?
        }
        Mod::FunctionType(_) => {
            return error("this compiler does not handle function types", Span::default());
        }
    };
    c.spare.push(c.u);
    workspace.give_back(c.spare, c.room);
    Ok((code, c.warnings))
}

/// A unit to be filled, in the place of one that is done with, if there is one.
fn new_unit(
    spare: &mut Vec<Box<Unit>>,
    kind: Kind,
    scope: ScopeId,
    name: Symbol,
    qualname: PyStrBuf,
    line: u32,
) -> Box<Unit> {
    let mut unit = spare.pop().unwrap_or_default();
    unit.renew(kind, scope, name, qualname, line);
    unit
}

impl<'a> Compiler<'a> {
    // -- units

    fn scope(&self) -> &'a Scope {
        self.table.scope(self.u.scope)
    }

    /// Begins a code object for a scope.
    fn enter(&mut self, name: Symbol, kind: Kind, scope: ScopeId, line: u32) {
        let qualname = self.qualname(name, kind);
        let unit = new_unit(&mut self.spare, kind, scope, name, qualname, line);
        self.units += 1;
        let outer = std::mem::replace(&mut self.u, unit);
        self.u.number = self.units;
        self.u.private.clone_from(&outer.private);
        self.u.span = outer.span;
        self.outer.push(outer);
        self.init_cells();
        if self.modern {
            crate::lines::begin(&mut self.u);
        }
    }

    fn init_cells(&mut self) {
        let scope = self.scope();
        for name in scope.symbols.params() {
            self.u.varnames.add(name);
        }
        let known = self.names.known;
        let mut cells: Vec<Symbol> = scope.inlined_cells.clone();
        let mut free: Vec<Symbol> = Vec::new();
        for entry in scope.symbols.iter() {
            if entry.meaning == Meaning::Cell {
                cells.push(entry.name);
            } else if entry.meaning == Meaning::Free
                || entry.flags & crate::symtable::def::FREE_CLASS != 0
            {
                free.push(entry.name);
            }
        }
        cells.sort_unstable_by(|&a, &b| self.names.name_bytes(a).cmp(self.names.name_bytes(b)));
        free.sort_unstable_by(|&a, &b| self.names.name_bytes(a).cmp(self.names.name_bytes(b)));
        if scope.needs_class_closure {
            self.u.cells.push(known.class_);
        }
        if scope.needs_classdict {
            self.u.cells.push(known.classdict);
        }
        self.u.cells.extend(cells);
        self.u.cellvar_count = self.u.cells.len() as u32;
        self.u.cells.extend(free);
    }

    /// Ends the unit begun last, and takes up the one around it. Its last block returns: `None`, if `add_none`,
    /// else the top.
    fn leave(&mut self, add_none: bool) -> Written {
        self.end(add_none);
        let flags = self.code_flags();
        // Units are left as often as they are entered.
        let outer = self.outer.pop();
        let unit = outer.map(|outer| std::mem::replace(&mut self.u, outer));
        Written { unit: unit.unwrap_or_default(), flags }
    }

    /// Loads the code of a unit. At level 3.14 it is made later: no two are equal, since they lie in different
    /// places of the source, so it gets a constant of its own.
    fn load_code(&mut self, mut written: Written) -> Result<()> {
        if !self.modern {
            let frame = self.frame(written.flags);
            let code = assemble(&mut written.unit, self.names, frame, &mut self.room)?;
            self.spare.push(written.unit);
            self.load_const(Const::Code(code.into()));
            return Ok(());
        }
        let index = self.u.consts.keep_place();
        self.u.emit(Op::LOAD_CONST, index);
        self.waiting.push(Waiting { written, into: self.u.number, index });
        if self.waiting.len() >= BATCH { self.assemble_waiting() } else { Ok(()) }
    }

    /// Assembles what waits, in the order in which it was left: what lies inside goes first.
    fn assemble_waiting(&mut self) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        for i in 0..waiting.len() {
            let (done, later) = waiting.split_at_mut(i + 1);
            let Some(Waiting { written, into, index }) = done.last_mut() else { break };
            let frame = self.frame(written.flags);
            let code = assemble(&mut written.unit, self.names, frame, &mut self.room)?;
            let around = if self.u.number == *into {
                Some(&mut self.u)
            } else {
                let later = later.iter_mut().map(|later| &mut later.written.unit);
                later.chain(&mut self.outer).find(|unit| unit.number == *into)
            };
            let place = around.and_then(|unit| unit.consts.list().get_mut(*index as usize));
            if let Some(place) = place {
                *place = Const::Code(code.into());
            }
        }
        self.spare.extend(waiting.drain(..).map(|done| done.written.unit));
        self.waiting = waiting;
        Ok(())
    }

    fn frame(&self, flags: u32) -> Frame {
        Frame { flags, filename: self.filename.clone(), modern: self.modern }
    }

    /// Ends the outermost unit, and with it all.
    fn finish(&mut self, add_none: bool) -> Result<CodeObject> {
        self.end(add_none);
        self.assemble_waiting()?;
        let frame = self.frame(self.code_flags());
        assemble(&mut self.u, self.names, frame, &mut self.room)
    }

    fn end(&mut self, add_none: bool) {
        if !self.u.returned {
            let label = self.u.label();
            self.u.place(label);
            self.nowhere(|c| {
                if add_none {
                    c.load_none();
                }
                c.emit(Op::RETURN_VALUE);
            });
        }
    }

    fn code_flags(&self) -> u32 {
        let scope = self.scope();
        let mut all = self.future.flags;
        if scope.block.is_function_like() {
            all |= flags::NEWLOCALS | flags::OPTIMIZED;
            let set = |condition: bool, flag: u32| if condition { flag } else { 0 };
            all |= set(scope.nested, flags::NESTED);
            all |= match (scope.generator, scope.coroutine) {
                (true, false) => flags::GENERATOR,
                (false, true) => flags::COROUTINE,
                (true, true) => flags::ASYNC_GENERATOR,
                (false, false) => 0,
            };
            all |= set(scope.varargs, flags::VARARGS);
            all |= set(scope.varkeywords, flags::VARKEYWORDS);
        } else if self.top_level_await && scope.block == Block::Module && scope.coroutine {
            all |= flags::COROUTINE;
        }
        if self.u.cells.is_empty() {
            all |= flags::NOFREE;
        }
        all
    }

    /// The qualified name of a unit about to begin; the one around is still the current one.
    fn qualname(&mut self, name: Symbol, kind: Kind) -> PyStrBuf {
        let parent = match (self.outer.len(), self.u.kind) {
            (0, _) => None,
            // PEP 649, 695: the scopes of annotations and of type parameters do not show.
            (1, Kind::TypeParams | Kind::Annotations) => None,
            (_, Kind::TypeParams | Kind::Annotations) => self.outer.last(),
            _ => Some(&self.u),
        };
        let Some(parent) = parent else { return self.names.shared(name) };
        let (private, scope, around) = (parent.private.clone(), parent.scope, parent.kind);
        let qualname = parent.qualname.clone();
        if matches!(kind, Kind::Function | Kind::AsyncFunction | Kind::Class) {
            let mangled = self.names.mangle(private.as_ref(), name);
            if self.table.scope(scope).meaning(mangled) == Meaning::GlobalExplicit {
                return self.names.shared(name);
            }
        }
        let text = &mut self.text;
        text.clear();
        text.extend_from_slice(qualname.as_bytes());
        if matches!(around, Kind::Function | Kind::AsyncFunction | Kind::Lambda) {
            text.extend_from_slice(b".<locals>");
        }
        text.push(b'.');
        text.extend_from_slice(self.names.name_bytes(name));
        PyStrBuf::from_trusted(text)
    }

    // -- errors and places

    fn error<T>(&self, message: impl Into<String>) -> Result<T> {
        error(message, self.u.span)
    }

    /// Runs with another place for the instructions (they go back to the one before).
    fn at<T>(&mut self, span: Span, run: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.u.span, span);
        let result = run(self);
        self.u.span = outer;
        result
    }

    /// Runs for instructions that nothing in the source stands for; see `lines.rs`.
    fn nowhere<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        self.at(Span::default(), run)
    }

    /// Something that does nothing, but is a line that runs (PEP 626).
    fn line_alone(&mut self) {
        if self.modern {
            self.emit(Op::NOP);
        }
    }

    // -- constants

    fn add_const(&mut self, value: Const) -> u32 {
        let same = if self.modern { crate::unit::same_314 } else { crate::unit::same_36 };
        self.u.consts.add(value, same)
    }

    fn load_const(&mut self, value: Const) {
        let index = self.add_const(value);
        self.u.emit(Op::LOAD_CONST, index);
    }

    fn load_none(&mut self) {
        self.load_const(Const::None);
    }

    fn load_str(&mut self, text: &str) {
        let index = self.u.consts.add_str(text.as_bytes(), || text.into());
        self.u.emit(Op::LOAD_CONST, index);
    }

    fn load_symbol(&mut self, name: Symbol) {
        let text = self.names.shared(name);
        self.load_const(Const::Str(text));
    }

    fn load_int(&mut self, value: i64) {
        self.load_const(Const::Int(value.into()));
    }

    fn names_tuple(&mut self, list: &[Symbol]) -> Const {
        Const::Tuple(list.iter().map(|&name| Const::Str(self.names.shared(name))).collect())
    }

    /// The value of a literal.
    fn constant(&mut self, value: &Constant) -> Const {
        use adder_bigint::Int;
        match *value {
            Constant::None => Const::None,
            Constant::Bool(true) => Const::True,
            Constant::Bool(false) => Const::False,
            Constant::Ellipsis => Const::Ellipsis,
            Constant::Str { value, .. } => Const::Str(self.str_const(value)),
            Constant::Bytes(text) => Const::Bytes(self.names.text(text).into()),
            Constant::Int(value) => Const::Int(value.into()),
            Constant::BigInt { radix, digits } => {
                let digits = String::from_utf8_lossy(self.names.text(digits));
                Const::Int(Int::from_str_radix(&digits, radix.into()).unwrap_or_default())
            }
            Constant::Float(value) => Const::Float(value),
            Constant::Imaginary(value) => Const::Complex(0.0, value),
        }
    }

    /// The value of an item of a constant set; `None` if it is not one.
    fn fixed(&mut self, expr: &Expr) -> Option<Const> {
        let all = |this: &mut Self, elts: &[Expr]| -> Option<Vec<Const>> {
            elts.iter().map(|elt| this.fixed(elt)).collect()
        };
        Some(match &expr.kind {
            ExprKind::Constant(value) => self.constant(value),
            ExprKind::Tuple(node) => Const::Tuple(all(self, node.elts)?.into()),
            ExprKind::FrozenSet(node) => {
                Const::FrozenSet(fold::distinct(all(self, node.elts)?).into())
            }
            ExprKind::UnaryOp(node) => match self.fixed(&node.operand)? {
                Const::Int(value) => Const::Int(value.neg()),
                Const::Float(value) => Const::Float(-value),
                _ => return None,
            },
            ExprKind::BinOp(node) => match (self.fixed(&node.left)?, self.fixed(&node.right)?) {
                (Const::Float(real), Const::Complex(_, imag)) => Const::Complex(real, imag),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn str_const(&self, text: adder_syntax::Text) -> PyStrBuf {
        PyStrBuf::from_trusted(self.names.text(text))
    }

    fn load_constant(&mut self, value: &Constant) {
        if let Constant::Str { value, .. } = *value {
            let Compiler { u, names, .. } = self;
            let bytes = names.text(value);
            let index = u.consts.add_str(bytes, || PyStrBuf::from_trusted(bytes));
            return self.u.emit(Op::LOAD_CONST, index);
        }
        let value = self.constant(value);
        self.load_const(value);
    }

    // -- blocks

    fn push_block(&mut self, block: FrameBlock) -> Result<()> {
        if self.u.frame_blocks.len() >= MAX_BLOCKS {
            return self.error("too many statically nested blocks");
        }
        self.u.frame_blocks.push(block);
        Ok(())
    }

    fn pop_block(&mut self) {
        self.u.frame_blocks.pop();
    }

    fn emit(&mut self, op: Op) {
        self.u.emit(op, 0);
    }

    fn emit_arg(&mut self, op: Op, arg: usize) -> Result<()> {
        let arg = u32::try_from(arg).map_err(|_| Failure::Overflow("argument too large"))?;
        self.u.emit(op, arg);
        Ok(())
    }

    fn jump(&mut self, op: Op, to: Label) {
        self.u.jump(op, to);
    }

    fn label(&mut self) -> Label {
        self.u.label()
    }

    fn place(&mut self, label: Label) {
        self.u.place(label);
    }

    // -- bodies

    /// The body of a module or class (`compiler_body`).
    fn body(&mut self, body: &'a [Stmt]) -> Result<()> {
        if self.u.kind == Kind::Module
            && self.u.line == 0
            && let Some(first) = body.first()
        {
            self.u.line = first.lineno;
            self.u.span = if self.modern { Span::default() } else { first.span };
        }
        self.prepare_annotations(body)?;
        let mut rest = body;
        if let Some((first, others)) = body.split_first()
            && let Some(doc) = docstring(first)
            && self.optimize < 2
        {
            rest = others;
            let text = self.docstring(doc);
            // The place is the expression's, as for any other.
            if let StmtKind::Expr(value) = &first.kind {
                self.start_line(value.lineno);
                self.at(value.span, |c| c.load_const(Const::Str(text)));
            }
            let doc = self.names.known.doc;
            self.at(first.span, |c| c.store_name(doc))?;
        }
        self.stmts(rest)?;
        self.finish_annotations()
    }

    /// Level 3.6's rule for expressions: a line counts only if it is further down.
    #[inline]
    fn start_line(&mut self, line: u32) {
        if line > self.u.line {
            self.u.line = line;
            self.u.line_set = false;
        }
    }

    /// A literal, or `__debug__`.
    fn is_const(&self, expr: &Expr) -> bool {
        match expr.kind {
            ExprKind::Constant(_) => true,
            ExprKind::Name { id, .. } => id == self.names.known.debug,
            _ => false,
        }
    }

    /// The value of what [`Compiler::is_const`] is true for.
    fn const_value(&mut self, expr: &Expr) -> Option<Const> {
        match &expr.kind {
            ExprKind::Constant(value) => Some(self.constant(value)),
            _ if !self.is_const(expr) => None,
            _ if self.optimize == 0 => Some(Const::True),
            _ => Some(Const::False),
        }
    }

    /// The text of a docstring; since 3.13 without the indentation it was written with.
    fn docstring(&self, text: adder_syntax::Text) -> PyStrBuf {
        if !self.modern {
            return self.str_const(text);
        }
        let clean = crate::docstring::clean(self.names.text(text));
        PyStrBuf::from_trusted(&clean)
    }
}

/// The text of a statement that is a docstring in the first place of a body.
fn docstring(stmt: &Stmt) -> Option<adder_syntax::Text> {
    match &stmt.kind {
        StmtKind::Expr(value) => match value.kind {
            ExprKind::Constant(Constant::Str { value, .. }) => Some(value),
            _ => None,
        },
        _ => None,
    }
}
