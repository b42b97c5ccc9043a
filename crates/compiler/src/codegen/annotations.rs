//! Annotations.
//!
//! At level 3.6 those of a function are a dict made when the function is, and those of variables
//! go to `__annotations__` where they stand. Today (PEP 649, 749) both are put off: a function
//! `__annotate__(format)` makes the dict when somebody asks. Under `from __future__ import
//! annotations` (PEP 563) they are strings; those of variables go where they went at level 3.6.

use adder_bytecode::code::{Const, flags};
use adder_bytecode::opcode::{CommonConstant, Op, cmp};
use adder_syntax::Symbol;
use adder_syntax::ast::*;

use super::Compiler;
use super::function::make;
use crate::error::Result;
use crate::symtable::{Role, ScopeId};
use crate::unit::{Kind, Label};

/// The format for values as such, and the one in which the globals are not the real ones: what
/// an annotate function made by the compiler understands.
const VALUE_WITH_FAKE_GLOBALS: i64 = 2;

/// An annotation of a variable, met on the way through a module or class.
pub(super) struct Variable<'a> {
    /// How many units lay around that of the module or class.
    depth: usize,
    node: &'a AnnAssign<'a>,
    name: Symbol,
    /// Its number, if its execution depends on control flow.
    conditional: Option<u32>,
}

impl<'a> Compiler<'a> {
    fn as_strings(&self) -> bool {
        self.modern && self.future.flags & flags::FUTURE_ANNOTATIONS != 0
    }

    // -- functions

    /// The annotations of a function, on the stack; the flag for MAKE_FUNCTION.
    pub(super) fn annotations(&mut self, node: &'a FunctionDef) -> Result<u32> {
        let parts: Vec<(Symbol, &'a Expr)> = parts(&node.args)
            .chain(node.returns.as_ref().map(|returns| (self.names.known.return_, returns)))
            .collect();
        if parts.is_empty() {
            return Ok(0);
        }
        if self.modern {
            self.annotate_function(node, &parts)?;
            return Ok(make::ANNOTATE);
        }
        let mut names = Vec::with_capacity(parts.len());
        for (name, annotation) in parts {
            self.expr(annotation)?;
            let name = self.mangle(name);
            names.push(name);
        }
        let n = names.len();
        let names = self.names_tuple(&names);
        self.load_const(names);
        self.emit_arg(Op::BUILD_CONST_KEY_MAP, n)?;
        Ok(make::ANNOTATIONS)
    }

    fn annotate_function(
        &mut self,
        node: &'a FunctionDef,
        parts: &[(Symbol, &'a Expr)],
    ) -> Result<()> {
        let scope = self.lookup(&node.args, Role::Annotations)?;
        let line = self.u.span.start.line;
        self.begin_annotate(scope, line)?;
        for &(name, annotation) in parts {
            let name = self.mangle(name);
            self.load_symbol(name);
            if self.as_strings() {
                let text = self.unparse(annotation)?;
                self.load_str(&text);
            } else {
                self.annotation(annotation)?;
            }
        }
        self.emit_arg(Op::BUILD_MAP, parts.len())?;
        self.end_annotate()
    }

    /// An annotation's value; `*args: *Ts` is the one item of what is unpacked (PEP 646).
    fn annotation(&mut self, annotation: &'a Expr) -> Result<()> {
        if let ExprKind::Starred(starred) = &annotation.kind {
            self.expr(&starred.value)?;
            return self.emit_arg(Op::UNPACK_SEQUENCE, 1);
        }
        self.expr(annotation)
    }

    /// Begins an annotate function: another format than plain values is not its business.
    fn begin_annotate(&mut self, scope: ScopeId, line: u32) -> Result<()> {
        let name = self.names.known.annotate;
        self.begin_evaluator(scope, name, line)
    }

    /// Begins a function with a parameter for the format, positional-only.
    pub(super) fn begin_evaluator(
        &mut self,
        scope: ScopeId,
        name: Symbol,
        line: u32,
    ) -> Result<()> {
        self.enter(name, Kind::Annotations, scope, line);
        self.no_docstring();
        self.u.argcount = 1;
        self.u.posonlyargcount = 1;
        let format = self.names.known.dot_format;
        let body = self.label();
        self.load_name(format)?;
        self.load_int(VALUE_WITH_FAKE_GLOBALS);
        self.u.emit(Op::COMPARE_OP, cmp::GT);
        self.jump(Op::POP_JUMP_IF_FALSE, body);
        self.u.emit(Op::LOAD_COMMON_CONSTANT, CommonConstant::NotImplementedError as u32);
        self.emit_arg(Op::RAISE_VARARGS, 1)?;
        self.place(body);
        Ok(())
    }

    /// Ends the function and leaves it on the stack.
    fn end_annotate(&mut self) -> Result<()> {
        self.end_evaluator(0)
    }

    /// Ends a function begun by [`Compiler::begin_evaluator`]; its value is on the stack.
    pub(super) fn end_evaluator(&mut self, make: u32) -> Result<()> {
        self.emit(Op::RETURN_VALUE);
        let written = self.leave(true);
        self.make_function(written, make)
    }

    /// A function of one expression, evaluated when somebody asks, by default for its value.
    pub(super) fn evaluator(
        &mut self,
        scope: ScopeId,
        name: Symbol,
        value: &'a Expr,
        unpack: bool,
    ) -> Result<()> {
        const VALUE: i64 = 1;
        self.load_const(Const::Tuple([Const::Int(VALUE.into())].into()));
        self.begin_evaluator(scope, name, value.span.start.line)?;
        if unpack {
            self.annotation(value)?
        } else {
            self.expr(value)?
        }
        self.end_evaluator(make::DEFAULTS)
    }

    // -- variables

    pub(super) fn ann_assign(&mut self, node: &'a AnnAssign) -> Result<()> {
        if let Some(value) = &node.value {
            self.expr(value)?;
            self.expr(&node.target)?;
        }
        let stores = matches!(self.u.kind, Kind::Module | Kind::Class);
        match &node.target.kind {
            ExprKind::Name { id, .. } if node.simple && stores => {
                self.name_annotation(node, *id)?
            }
            ExprKind::Attribute(attribute) if node.value.is_none() => {
                self.look_at(&attribute.value)?;
            }
            ExprKind::Subscript(subscript) if node.value.is_none() => {
                self.look_at(&subscript.value)?;
                self.look_at_slice(&subscript.slice)?;
            }
            _ => {}
        }
        // 3.6 evaluates the annotation of another target, and does not keep it.
        if !node.simple && stores && !self.modern {
            self.look_at(&node.annotation)?;
        }
        Ok(())
    }

    fn name_annotation(&mut self, node: &'a AnnAssign<'a>, id: Symbol) -> Result<()> {
        let name = self.mangle(id);
        if !self.modern {
            self.expr(&node.annotation)?;
            self.emit_plain_name(Op::STORE_ANNOTATION, name);
            return Ok(());
        }
        if self.as_strings() {
            let text = self.unparse(&node.annotation)?;
            self.load_str(&text);
            let annotations = self.names.known.annotations;
            self.load_name(annotations)?;
            self.load_symbol(name);
            self.emit(Op::STORE_SUBSCR);
            return Ok(());
        }
        let conditional = self.is_conditional().then_some(self.u.next_annotation);
        self.variables.push(Variable { depth: self.outer.len(), node, name, conditional });
        if let Some(number) = conditional {
            // Note that control came by here.
            let seen = self.names.known.conditional_annotations;
            self.u.next_annotation += 1;
            self.load_name(seen)?;
            self.load_int(number.into());
            self.emit_arg(Op::SET_ADD, 1)?;
            self.emit(Op::POP_TOP);
        }
        Ok(())
    }

    /// A module may be asked for its annotations while it still runs; so all of its count.
    fn is_conditional(&self) -> bool {
        self.u.kind == Kind::Module || self.u.conditional > 0
    }

    fn look_at(&mut self, expr: &'a Expr) -> Result<()> {
        self.expr(expr)?;
        self.emit(Op::POP_TOP);
        Ok(())
    }

    fn look_at_slice(&mut self, slice: &'a Expr) -> Result<()> {
        match &slice.kind {
            ExprKind::Slice(node) => {
                for part in [&node.lower, &node.upper, &node.step].into_iter().flatten() {
                    self.look_at(part)?;
                }
                Ok(())
            }
            ExprKind::Tuple(node)
                if node.elts.iter().any(|elt| matches!(elt.kind, ExprKind::Slice(_))) =>
            {
                node.elts.iter().try_for_each(|elt| self.look_at_slice(elt))
            }
            _ => self.look_at(slice),
        }
    }

    /// What a module or class does about its annotations before its first statement.
    pub(super) fn prepare_annotations(&mut self, body: &'a [Stmt]) -> Result<()> {
        if !self.modern || self.as_strings() {
            if any_annotation(body) {
                self.emit(Op::SETUP_ANNOTATIONS);
            }
            return Ok(());
        }
        if self.scope().conditional_annotations {
            self.emit_arg(Op::BUILD_SET, 0)?;
            let seen = self.names.known.conditional_annotations;
            self.store_name(seen)?;
        }
        self.u.body_start = self.u.instrs.len();
        Ok(())
    }

    /// What it does after the last one: makes the annotate function of its variables.
    pub(super) fn finish_annotations(&mut self) -> Result<()> {
        let Some(scope) = self.scope().annotation_block.filter(|_| self.modern) else {
            return Ok(());
        };
        let known = self.names.known;
        let class = self.u.kind == Kind::Class;
        let depth = self.outer.len();
        let first = self.variables.iter().rposition(|v| v.depth != depth).map_or(0, |i| i + 1);
        let variables = self.variables.split_off(first);
        // A module has it from the start, since it may be asked while it still runs.
        let start = self.u.instrs.len();
        if !class {
            self.u.span = Span::default();
        }
        let line = variables.first().map_or(1, |variable| variable.node.target.span.start.line);
        self.begin_annotate(scope, line)?;
        self.emit_arg(Op::BUILD_MAP, 0)?;
        for variable in variables {
            let skip: Label = self.label();
            if let Some(number) = variable.conditional {
                self.load_int(number.into());
                self.load_name(known.conditional_annotations)?;
                self.u.emit(Op::COMPARE_OP, cmp::IN);
                self.jump(Op::POP_JUMP_IF_FALSE, skip);
            }
            self.u.span = variable.node.annotation.span;
            self.annotation(&variable.node.annotation)?;
            self.load_symbol(variable.name);
            self.emit_arg(Op::MAP_ADD, 1)?;
            self.place(skip);
        }
        self.end_annotate()?;
        self.store_name(if class { known.annotate_func } else { known.annotate })?;
        if !class {
            self.u.move_back(start, self.u.body_start);
        }
        Ok(())
    }

    /// PEP 563: the text of an annotation.
    fn unparse(&self, annotation: &Expr) -> Result<String> {
        super::unparse::unparse(annotation, self.names)
    }
}

/// Parameters with their annotations, in 3.6's order of evaluation.
fn parts<'a>(args: &'a Arguments<'a>) -> impl Iterator<Item = (Symbol, &'a Expr<'a>)> {
    args.posonlyargs
        .iter()
        .chain(args.args)
        .chain(args.vararg)
        .chain(args.kwonlyargs)
        .chain(args.kwarg)
        .filter_map(|arg| arg.annotation.map(|annotation| (arg.arg, annotation)))
}

/// The bodies inside a statement that belong to the same scope, in the order of the source.
fn bodies<'a>(stmt: &Stmt<'a>) -> Vec<&'a [Stmt<'a>]> {
    match &stmt.kind {
        StmtKind::For(node) | StmtKind::AsyncFor(node) => vec![&node.body, &node.orelse],
        StmtKind::While(node) => vec![&node.body, &node.orelse],
        StmtKind::If(node) => {
            let mut all: Vec<&[Stmt]> = Vec::new();
            let mut node = node;
            loop {
                all.push(node.body);
                match node.orelse {
                    [Stmt { kind: StmtKind::If(inner), .. }] => node = inner,
                    orelse => {
                        all.push(orelse);
                        return all;
                    }
                }
            }
        }
        StmtKind::With(node) | StmtKind::AsyncWith(node) => vec![&node.body],
        StmtKind::Match(node) => node.cases.iter().map(|case| case.body).collect(),
        StmtKind::Try(node) | StmtKind::TryStar(node) => {
            let mut all: Vec<&[Stmt]> = vec![&node.body];
            all.extend(node.handlers.iter().map(|handler| handler.body));
            all.push(node.orelse);
            all.push(node.finalbody);
            all
        }
        _ => Vec::new(),
    }
}

/// True if a body has an annotated target in it, functions and classes aside.
fn any_annotation(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| {
        matches!(stmt.kind, StmtKind::AnnAssign(_)) || bodies(stmt).into_iter().any(any_annotation)
    })
}
