//! Type parameters and `type` statements (PEP 695, 696): what is generic is made by a function
//! that runs at once, in whose scope the parameters live. Bounds, constraints, defaults and the
//! values of aliases are functions that run when somebody asks.

use adder_bytecode::opcode::{Intrinsic1, Intrinsic2, Op};
use adder_syntax::Symbol;
use adder_syntax::ast::*;

use super::Compiler;
use super::function::make;
use crate::error::Result;
use crate::names::Private;
use crate::symtable::Role;
use crate::unit::Kind;

impl<'a> Compiler<'a> {
    /// Begins the scope of the type parameters of `name`, and leaves a tuple of them on the stack.
    fn begin_generic<T>(
        &mut self,
        node: &T,
        name: Symbol,
        params: &'a [TypeParam],
        line: u32,
        private: Option<Private>,
    ) -> Result<()> {
        let scope = self.lookup(node, Role::TypeParams)?;
        let text = format!("<generic parameters of {}>", self.names.name(name));
        let title = self.names.intern(&text);
        self.enter(title, Kind::TypeParams, scope, line);
        if private.is_some() {
            self.u.private = private;
        }
        self.no_docstring();
        self.type_params(params)
    }

    /// Ends that scope with the result on the stack; the function that runs it is then on the
    /// stack of the unit around, and to be called.
    fn end_generic(&mut self) -> Result<()> {
        self.emit(Op::RETURN_VALUE);
        let written = self.leave(true);
        self.make_function(written, 0)
    }

    pub(super) fn generic_function(
        &mut self,
        node: &'a FunctionDef,
        kind: Kind,
        first_line: u32,
    ) -> Result<()> {
        let known = self.names.known;
        // Default values belong to the scope around, and are handed in.
        let make = self.default_arguments(&node.args)?;
        let handed: Vec<Symbol> =
            [(make::DEFAULTS, known.dot_defaults), (make::KWDEFAULTS, known.dot_kwdefaults)]
                .into_iter()
                .filter(|(flag, _)| make & flag != 0)
                .map(|(_, name)| name)
                .collect();
        let line = self.u.span.start.line;
        self.begin_generic(node, node.name, node.type_params, line, None)?;
        self.u.argcount = handed.len() as u32;
        for &name in &handed {
            self.load_name(name)?;
        }
        self.function_object(node, kind, make, first_line)?;
        self.emit(Op::ROT_TWO);
        self.u.emit(Op::CALL_INTRINSIC_2, Intrinsic2::SetFunctionTypeParams as u32);
        self.end_generic()?;
        match handed.len() {
            0 => {}
            1 => self.emit(Op::ROT_TWO),
            _ => self.emit(Op::ROT_THREE),
        }
        self.emit_arg(Op::CALL_FUNCTION, handed.len())
    }

    pub(super) fn generic_class(&mut self, node: &'a ClassDef, first_line: u32) -> Result<()> {
        let known = self.names.known;
        let line = self.u.span.start.line;
        let private = Private::in_head(node.name, node.type_params);
        self.begin_generic(node, node.name, node.type_params, line, private)?;
        self.store_name(known.dot_type_params)?;
        let body = self.class_body(node, first_line)?;
        self.load_name(known.dot_type_params)?;
        self.u.emit(Op::CALL_INTRINSIC_1, Intrinsic1::SubscriptGeneric as u32);
        self.store_name(known.dot_generic_base)?;
        self.emit(Op::LOAD_BUILD_CLASS);
        self.make_function(body, 0)?;
        self.load_symbol(node.name);
        self.arguments(2, node.bases, Some(known.dot_generic_base), node.keywords)?;
        self.end_generic()?;
        self.emit_arg(Op::CALL_FUNCTION, 0)
    }

    pub(super) fn type_alias(&mut self, node: &'a TypeAlias) -> Result<()> {
        let ExprKind::Name { id, .. } = node.name.kind else {
            return self.error("invalid target of a type statement");
        };
        let generic = !node.type_params.is_empty();
        if generic {
            let line = self.u.span.start.line;
            self.begin_generic(node, id, node.type_params, line, None)?;
            self.load_symbol(id);
            self.emit(Op::ROT_TWO);
        } else {
            self.load_symbol(id);
            self.load_none();
        }
        let scope = self.lookup(node, Role::Body)?;
        self.evaluator(scope, id, &node.value, false)?;
        self.emit_arg(Op::BUILD_TUPLE, 3)?;
        self.u.emit(Op::CALL_INTRINSIC_1, Intrinsic1::TypeAlias as u32);
        if generic {
            self.end_generic()?;
            self.emit_arg(Op::CALL_FUNCTION, 0)?;
        }
        self.store_name(id)
    }

    /// Makes the parameters, binds them, and leaves a tuple of them.
    fn type_params(&mut self, params: &'a [TypeParam]) -> Result<()> {
        let mut defaults = false;
        for param in params {
            self.u.span = param.span;
            self.load_symbol(param.name);
            match &param.kind {
                TypeParamKind::TypeVar { bound: Some(bound) } => {
                    let scope = self.lookup(param, Role::Bound)?;
                    self.evaluator(scope, param.name, bound, false)?;
                    let with = match bound.kind {
                        ExprKind::Tuple(_) => Intrinsic2::TypeVarWithConstraints,
                        _ => Intrinsic2::TypeVarWithBound,
                    };
                    self.u.emit(Op::CALL_INTRINSIC_2, with as u32);
                }
                kind => {
                    let which = match kind {
                        TypeParamKind::TypeVar { .. } => Intrinsic1::TypeVar,
                        TypeParamKind::TypeVarTuple => Intrinsic1::TypeVarTuple,
                        TypeParamKind::ParamSpec => Intrinsic1::ParamSpec,
                    };
                    self.u.emit(Op::CALL_INTRINSIC_1, which as u32);
                }
            }
            if let Some(default) = &param.default {
                defaults = true;
                let scope = self.lookup(param, Role::Default)?;
                let unpack = matches!(param.kind, TypeParamKind::TypeVarTuple);
                self.evaluator(scope, param.name, default, unpack)?;
                self.u.emit(Op::CALL_INTRINSIC_2, Intrinsic2::SetTypeparamDefault as u32);
            } else if defaults {
                let name = self.names.name(param.name);
                let message =
                    format!("non-default type parameter '{name}' follows default type parameter");
                return self.error(message);
            }
            self.emit(Op::DUP_TOP);
            self.store_name(param.name)?;
        }
        self.emit_arg(Op::BUILD_TUPLE, params.len())
    }
}
