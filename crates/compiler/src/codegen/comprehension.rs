//! Comprehensions and generator expressions: a function of its own for each, called at once with
//! the outermost iterator.

use adder_bytecode::opcode::Op;
use adder_syntax::ast::*;

use super::Compiler;
use crate::error::Result;
use crate::symtable::Role;
use crate::unit::Kind;

/// What a comprehension makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Makes {
    List,
    Set,
    Dict,
    Generator,
}

/// The parts of a comprehension.
struct Parts<'a> {
    makes: Makes,
    generators: &'a [Comprehension],
    elt: &'a Expr,
    /// The value, in a dict comprehension.
    value: Option<&'a Expr>,
}

impl<'a> Compiler<'a> {
    pub(super) fn comprehension(&mut self, expr: &'a Expr) -> Result<()> {
        let known = self.names.known;
        let (makes, name, scope, generators, elt, value) = match &expr.kind {
            ExprKind::ListComp(node) => (
                Makes::List,
                known.listcomp,
                self.scope_of(&**node),
                &node.generators,
                &node.elt,
                None,
            ),
            ExprKind::SetComp(node) => (
                Makes::Set,
                known.setcomp,
                self.scope_of(&**node),
                &node.generators,
                &node.elt,
                None,
            ),
            ExprKind::GeneratorExp(node) => (
                Makes::Generator,
                known.genexpr,
                self.scope_of(&**node),
                &node.generators,
                &node.elt,
                None,
            ),
            ExprKind::DictComp(node) => (
                Makes::Dict,
                known.dictcomp,
                self.scope_of(&**node),
                &node.generators,
                &node.key,
                Some(&node.value),
            ),
            _ => return Ok(()),
        };
        let Some(outermost) = generators.first() else { return Ok(()) };
        let parts = Parts { makes, generators, elt, value };
        let scope = scope?;
        let inside_async = if self.modern {
            matches!(self.u.kind, Kind::AsyncFunction | Kind::Comprehension)
                || (self.top_level_await && self.u.kind == Kind::Module)
        } else {
            self.scope().coroutine
        };
        let is_async = self.table.scope(scope).coroutine;
        if is_async && !inside_async && makes != Makes::Generator {
            return self.error("asynchronous comprehension outside of an asynchronous function");
        }
        self.enter(name, Kind::Comprehension, scope, expr.lineno);
        match makes {
            Makes::List => self.emit_arg(Op::BUILD_LIST, 0)?,
            Makes::Set => self.emit_arg(Op::BUILD_SET, 0)?,
            Makes::Dict => self.emit_arg(Op::BUILD_MAP, 0)?,
            Makes::Generator => {}
        }
        self.u.argcount = 1;
        self.loops(&parts, 0)?;
        if makes != Makes::Generator {
            self.emit(Op::RETURN_VALUE);
        }
        let code = self.leave(true)?;
        self.make_function(code, 0)?;
        self.expr(&outermost.iter)?;
        let iter_span = outermost.iter.span;
        self.at(
            iter_span,
            |c| {
                if outermost.is_async { c.get_aiter() } else { c.emit(Op::GET_ITER) }
            },
        );
        self.emit_arg(Op::CALL_FUNCTION, 1)?;
        if is_async && makes != Makes::Generator {
            self.await_top();
        }
        Ok(())
    }

    fn scope_of<T>(&self, node: &T) -> Result<crate::symtable::ScopeId> {
        self.lookup(node, Role::Body)
    }

    /// The loop number `depth` with all that is in it.
    fn loops(&mut self, parts: &Parts<'a>, depth: usize) -> Result<()> {
        let Some(part) = parts.generators.get(depth) else { return self.element(parts) };
        self.depth.enter()?;
        if depth == 0 {
            // The outermost iterator is the parameter.
            self.u.emit(Op::LOAD_FAST, 0);
        } else {
            self.expr(&part.iter)?;
            let span = part.iter.span;
            self.at(span, |c| if part.is_async { c.get_aiter() } else { c.emit(Op::GET_ITER) });
        }
        if part.is_async {
            self.async_loop(parts, depth, part)?
        } else {
            self.loop_(parts, depth, part)?
        }
        self.depth.leave();
        Ok(())
    }

    fn loop_(&mut self, parts: &Parts<'a>, depth: usize, part: &'a Comprehension) -> Result<()> {
        let (start, skip, end) = (self.label(), self.label(), self.label());
        self.place(start);
        let span = part.iter.span;
        self.at(span, |c| c.jump(Op::FOR_ITER, end));
        self.expr(&part.target)?;
        for condition in &part.ifs {
            self.expr(condition)?;
            self.jump(Op::POP_JUMP_IF_FALSE, skip);
        }
        self.loops(parts, depth + 1)?;
        self.place(skip);
        self.nowhere(|c| c.jump(Op::JUMP_ABSOLUTE, start));
        self.place(end);
        Ok(())
    }

    fn async_loop(
        &mut self,
        parts: &Parts<'a>,
        depth: usize,
        part: &'a Comprehension,
    ) -> Result<()> {
        let (start, skip, end) = (self.label(), self.label(), self.label());
        let (except, after_try) = (self.label(), self.label());
        self.place(start);
        self.next_async(&part.target, part.iter.span, except, after_try, end)?;
        for condition in &part.ifs {
            self.expr(condition)?;
            self.jump(Op::POP_JUMP_IF_FALSE, skip);
        }
        self.loops(parts, depth + 1)?;
        self.place(skip);
        self.nowhere(|c| c.jump(Op::JUMP_ABSOLUTE, start));
        self.place(end);
        self.end_async_iteration();
        Ok(())
    }

    fn element(&mut self, parts: &Parts<'a>) -> Result<()> {
        // Above the result lie the iterators.
        let distance = parts.generators.len() + 1;
        match parts.makes {
            Makes::Generator => {
                self.expr(parts.elt)?;
                self.at(parts.elt.span, |c| c.emit(Op::YIELD_VALUE));
                self.emit(Op::POP_TOP);
                Ok(())
            }
            Makes::List => {
                self.expr(parts.elt)?;
                self.emit_arg(Op::LIST_APPEND, distance)
            }
            Makes::Set => {
                self.expr(parts.elt)?;
                self.emit_arg(Op::SET_ADD, distance)
            }
            Makes::Dict => {
                let (key, value) = (Some(parts.elt), parts.value);
                // PEP 572: the key first. The instruction wants it on top.
                let order = if self.modern { [key, value] } else { [value, key] };
                for part in order.into_iter().flatten() {
                    self.expr(part)?;
                }
                if self.modern {
                    self.emit(Op::ROT_TWO);
                }
                self.emit_arg(Op::MAP_ADD, distance)
            }
        }
    }
}
