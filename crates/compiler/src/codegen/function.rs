//! Functions and lambdas.

use adder_bytecode::code::{Const, flags};
use adder_bytecode::opcode::Op;
use adder_syntax::Symbol;
use adder_syntax::ast::*;

use super::{Compiler, Written, docstring};
use crate::error::{Failure, Result};
use crate::symtable::{Block, Meaning, Resolved, Role, ScopeId};
use crate::unit::Kind;

/// Flags of `MAKE_FUNCTION`: what lies on the stack below the code.
pub(super) mod make {
    pub(crate) const DEFAULTS: u32 = 1;
    pub(crate) const KWDEFAULTS: u32 = 2;
    pub(crate) const ANNOTATIONS: u32 = 4;
    pub(crate) const CLOSURE: u32 = 8;
    /// PEP 649: a function that gives the annotations.
    pub(crate) const ANNOTATE: u32 = 16;
}

impl<'a> Compiler<'a> {
    /// The scope a node opens.
    pub(super) fn lookup<T>(&self, node: &T, role: Role) -> Result<ScopeId> {
        match self.table.of_node(node, role) {
            Some(scope) => Ok(scope),
            None => self.error("unknown symbol table entry"),
        }
    }

    pub(super) fn function(
        &mut self,
        stmt: &'a Stmt,
        node: &'a FunctionDef,
        kind: Kind,
    ) -> Result<()> {
        self.exprs(node.decorator_list)?;
        // At level 3.6 the statement's line is that of its first decorator already.
        let first_line = match node.decorator_list.first() {
            Some(decorator) if self.modern => decorator.span.start.line,
            _ => stmt.lineno,
        };
        if node.type_params.is_empty() {
            let make = self.default_arguments(&node.args)?;
            self.function_object(node, kind, make, first_line)?;
        } else {
            self.generic_function(node, kind, first_line)?;
        }
        for decorator in node.decorator_list.iter().rev() {
            let span = if self.modern { decorator.span } else { stmt.span };
            self.at(span, |c| c.emit_arg(Op::CALL_FUNCTION, 1))?;
        }
        self.store_name(node.name)
    }

    /// Annotations, code and the function itself; defaults are on the stack.
    pub(super) fn function_object(
        &mut self,
        node: &'a FunctionDef,
        kind: Kind,
        mut make: u32,
        first_line: u32,
    ) -> Result<()> {
        make |= self.annotations(node)?;
        let scope = self.lookup(node, Role::Body)?;
        let method = self.modern && self.scope().block == Block::Class;
        self.enter(node.name, kind, scope, first_line);
        if method {
            self.u.extra_flags |= flags::METHOD;
        }
        let mut body = node.body;
        let doc = body.first().and_then(docstring);
        if doc.is_some() {
            body = &body[1..];
        }
        match doc {
            Some(doc) if self.optimize < 2 => {
                let text = self.docstring(doc);
                self.add_const(Const::Str(text));
                if self.modern {
                    self.u.extra_flags |= flags::HAS_DOCSTRING;
                }
            }
            _ => self.no_docstring(),
        }
        self.set_parameters(&node.args)?;
        self.stmts(body)?;
        let written = self.leave(true);
        self.make_function(written, make)
    }

    pub(super) fn lambda(&mut self, expr: &'a Expr, node: &'a Lambda) -> Result<()> {
        let make = self.default_arguments(&node.args)?;
        let scope = self.lookup(node, Role::Body)?;
        let name = self.names.known.lambda;
        self.enter(name, Kind::Lambda, scope, expr.lineno);
        self.no_docstring();
        self.set_parameters(&node.args)?;
        self.expr(&node.body)?;
        let generator = self.scope().generator;
        if !generator {
            self.at(node.body.span, |c| c.emit(Op::RETURN_VALUE));
        }
        let written = self.leave(!generator);
        self.make_function(written, make)
    }

    fn set_parameters(&mut self, args: &Arguments) -> Result<()> {
        let count =
            |n: usize| u32::try_from(n).map_err(|_| Failure::Overflow("too many arguments"));
        self.u.posonlyargcount = count(args.posonlyargs.len())?;
        self.u.argcount = count(args.posonlyargs.len() + args.args.len())?;
        self.u.kwonlyargcount = count(args.kwonlyargs.len())?;
        Ok(())
    }

    /// Default values; the flags for MAKE_FUNCTION.
    pub(super) fn default_arguments(&mut self, args: &'a Arguments) -> Result<u32> {
        let mut make = 0;
        if !args.defaults.is_empty() {
            self.exprs(args.defaults)?;
            self.emit_arg(Op::BUILD_TUPLE, args.defaults.len())?;
            make |= make::DEFAULTS;
        }
        let mut names: Vec<Symbol> = Vec::new();
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            if let Some(default) = default {
                self.expr(default)?;
                let name = self.mangle(arg.arg);
                names.push(name);
            }
        }
        if !names.is_empty() {
            let n = names.len();
            let names = self.names_tuple(&names);
            self.load_const(names);
            self.emit_arg(Op::BUILD_CONST_KEY_MAP, n)?;
            make |= make::KWDEFAULTS;
        }
        Ok(make)
    }

    /// A function from code; what `make` says is on the stack, and cells are added
    /// (`compiler_make_closure`).
    pub(super) fn make_function(&mut self, written: Written, make: u32) -> Result<()> {
        let qualname = written.unit.qualname.clone();
        self.make_function_named(written, qualname, make)
    }

    pub(super) fn make_function_named(
        &mut self,
        written: Written,
        qualname: adder_bytecode::code::PyStrBuf,
        mut make: u32,
    ) -> Result<()> {
        let free = &written.unit.cells[written.unit.cellvar_count as usize..];
        if !free.is_empty() {
            for &name in free {
                let index = self.closure_cell(name)?;
                self.u.emit(Op::LOAD_CLOSURE, index);
            }
            self.emit_arg(Op::BUILD_TUPLE, free.len())?;
            make |= make::CLOSURE;
        }
        self.load_code(written)?;
        self.load_const(Const::Str(qualname));
        self.u.emit(Op::MAKE_FUNCTION, make);
        Ok(())
    }

    /// The cell of this unit that a function inside shares.
    fn closure_cell(&mut self, name: Symbol) -> Result<u32> {
        let known = self.names.known;
        let Resolved { scope: owner, meaning, .. } = self.table.resolve(self.u.scope, name);
        let in_class = self.table.scope(owner).block == Block::Class;
        let own = meaning == Meaning::Cell
            || (in_class && (name == known.class_ || name == known.classdict));
        self.cell_of(owner, if own { Meaning::Cell } else { Meaning::Free }, name)
    }
}
