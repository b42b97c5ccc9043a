//! Classes.

use adder_bytecode::code::Const;
use adder_bytecode::opcode::Op;
use adder_syntax::ast::*;

use super::{Compiler, Written};
use crate::error::Result;
use crate::names::Private;
use crate::symtable::Role;
use crate::unit::Kind;

impl<'a> Compiler<'a> {
    /// `name = __build_class__(function, name, *bases, **keywords)`, then the decorators.
    pub(super) fn class(&mut self, stmt: &'a Stmt, node: &'a ClassDef) -> Result<()> {
        self.exprs(node.decorator_list)?;
        let first_line = match node.decorator_list.first() {
            Some(decorator) if self.modern => decorator.span.start.line,
            _ => stmt.lineno,
        };
        if node.type_params.is_empty() {
            let body = self.class_body(node, first_line)?;
            self.emit(Op::LOAD_BUILD_CLASS);
            let qualname =
                if self.modern { body.unit.qualname.clone() } else { self.names.shared(node.name) };
            self.make_function_named(body, qualname, 0)?;
            self.load_symbol(node.name);
            self.arguments(2, node.bases, None, node.keywords)?;
        } else {
            self.generic_class(node, first_line)?;
        }
        for decorator in node.decorator_list.iter().rev() {
            let span = if self.modern { decorator.span } else { stmt.span };
            self.at(span, |c| c.emit_arg(Op::CALL_FUNCTION, 1))?;
        }
        self.store_name(node.name)
    }

    /// The code of a class body: it runs in the class's namespace and returns the cell of
    /// `__class__`, if a method needs it.
    pub(super) fn class_body(&mut self, node: &'a ClassDef, first_line: u32) -> Result<Written> {
        let known = self.names.known;
        let scope = self.lookup(node, Role::Body)?;
        self.enter(node.name, Kind::Class, scope, first_line);
        self.u.private = Private::inside(node.name);
        // All this stands on the line of the head.
        let head = Pos { line: first_line, col: 0 };
        let head = if self.modern { Span { start: head, end: head } } else { self.u.span };
        self.at(head, |c| -> Result<()> {
            c.load_name(known.dunder_name)?;
            c.store_name(known.dunder_module)?;
            let qualname = c.u.qualname.clone();
            c.load_const(Const::Str(qualname));
            c.store_name(known.qualname)?;
            if c.modern {
                c.load_int(first_line.into());
                c.store_name(known.firstlineno)?;
                if !node.type_params.is_empty() {
                    c.load_name(known.dot_type_params)?;
                    c.store_name(known.type_params)?;
                }
                if c.scope().needs_classdict {
                    // The namespace itself goes into a cell, for annotation scopes.
                    c.emit(Op::LOAD_LOCALS);
                    let cell = c.own_cell(known.classdict)?;
                    c.u.emit(Op::STORE_DEREF, cell);
                }
            }
            Ok(())
        })?;
        self.body(node.body)?;
        self.nowhere(|c| -> Result<()> {
            if c.modern {
                let attributes = std::mem::take(&mut c.u.static_attributes.list);
                let attributes = c.names_tuple(&attributes);
                c.load_const(attributes);
                c.store_name(known.static_attributes)?;
                if c.scope().needs_classdict {
                    let cell = c.own_cell(known.classdict)?;
                    c.u.emit(Op::LOAD_CLOSURE, cell);
                    c.store_name(known.classdictcell)?;
                }
            }
            if c.scope().needs_class_closure {
                let cell = c.own_cell(known.class_)?;
                c.u.emit(Op::LOAD_CLOSURE, cell);
                c.emit(Op::DUP_TOP);
                c.store_name(known.classcell)?;
            } else {
                c.load_none();
            }
            c.emit(Op::RETURN_VALUE);
            Ok(())
        })?;
        Ok(self.leave(true))
    }

    /// `self.x = ...` in a method: the class tells such names in `__static_attributes__` (3.13).
    pub(super) fn note_static_attribute(&mut self, node: &Attribute) {
        let is_self =
            matches!(node.value.kind, ExprKind::Name { id, .. } if id == self.names.known.self_);
        if !self.modern || !is_self {
            return;
        }
        let attr = self.mangle(node.attr);
        if let Some(class) = self.outer.iter_mut().rev().find(|unit| unit.kind == Kind::Class) {
            class.static_attributes.add(attr);
        }
    }
}
