//! Classes.

use adder_bytecode::code::{CodeObject, Const};
use adder_bytecode::opcode::Op;
use adder_syntax::ast::*;

use super::Compiler;
use crate::error::Result;
use crate::symtable::Role;
use crate::unit::Kind;

impl<'a> Compiler<'a> {
    /// `name = __build_class__(function, name, *bases, **keywords)`, then the decorators.
    pub(super) fn class(&mut self, stmt: &'a Stmt, node: &'a ClassDef) -> Result<()> {
        self.exprs(&node.decorator_list)?;
        let first_line = match node.decorator_list.first() {
            Some(decorator) if self.modern => decorator.span.start.line,
            _ => stmt.lineno,
        };
        if node.type_params.is_empty() {
            let code = self.class_body(node, first_line)?;
            self.emit(Op::LOAD_BUILD_CLASS);
            let qualname = if self.modern { code.qualname.clone() } else { code.name.clone() };
            self.make_function_named(code, qualname, 0)?;
            self.load_symbol(node.name);
            self.arguments(2, &node.bases, None, &node.keywords)?;
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
    pub(super) fn class_body(&mut self, node: &'a ClassDef, first_line: u32) -> Result<CodeObject> {
        let known = self.names.known;
        let scope = self.lookup(node, Role::Body)?;
        self.enter(node.name, Kind::Class, scope, first_line);
        self.u.private = Some(node.name);
        self.load_name(known.dunder_name)?;
        self.store_name(known.dunder_module)?;
        let qualname = self.u.qualname.clone();
        self.load_const(Const::Str(qualname));
        self.store_name(known.qualname)?;
        if self.modern {
            self.load_int(first_line.into());
            self.store_name(known.firstlineno)?;
            if !node.type_params.is_empty() {
                self.load_name(known.dot_type_params)?;
                self.store_name(known.type_params)?;
            }
            if self.scope().needs_classdict {
                // The namespace itself goes into a cell, for annotation scopes.
                self.emit(Op::LOAD_LOCALS);
                let cell = self.own_cell(known.classdict)?;
                self.u.emit(Op::STORE_DEREF, cell);
            }
        }
        self.body(&node.body)?;
        if self.modern {
            let attributes = std::mem::take(&mut self.u.static_attributes.list);
            let attributes = self.names_tuple(&attributes);
            self.load_const(attributes);
            self.store_name(known.static_attributes)?;
            if self.scope().needs_classdict {
                let cell = self.own_cell(known.classdict)?;
                self.u.emit(Op::LOAD_CLOSURE, cell);
                self.store_name(known.classdictcell)?;
            }
        }
        if self.scope().needs_class_closure {
            let cell = self.own_cell(known.class_)?;
            self.u.emit(Op::LOAD_CLOSURE, cell);
            self.emit(Op::DUP_TOP);
            self.store_name(known.classcell)?;
        } else {
            self.load_none();
        }
        self.emit(Op::RETURN_VALUE);
        self.leave(true)
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
