//! Comprehensions and generator expressions.
//!
//! A generator expression is a function of its own, called at once with the outermost iterator. At
//! level 3.6 all comprehensions are that. Today the others run in the code they stand in (PEP 709):
//!
//! ```text
//!     SETUP_EXCEPT handler
//!     outermost iterator
//!     BUILD_LIST 0
//!     ROT_TWO
//!     loops, with LIST_APPEND at their core
//!     POP_BLOCK
//!     CLEAR_FAST or MAKE_CELL for each variable
//!     JUMP_FORWARD end
//! handler:
//!     CLEAR_FAST or MAKE_CELL for each variable
//!     END_FINALLY
//! end:
//! ```
//!
//! The variables are their own: where the code has another one of the same name, both are there
//! (CPython has one, and puts its value aside). So nothing is to be done before the loop, and
//! comprehensions inside this one leave the exceptional case to its handler.

use adder_bytecode::opcode::Op;
use adder_syntax::ast::*;

use super::Compiler;
use crate::error::Result;
use crate::symtable::{Meaning, Role, ScopeId};
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
    generators: &'a [Comprehension<'a>],
    elt: &'a Expr<'a>,
    /// The value, in a dict comprehension.
    value: Option<&'a Expr<'a>>,
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
        if self.table.scope(scope).inlined {
            return self.inlined(&parts, outermost, scope);
        }
        self.enter(name, Kind::Comprehension, scope, expr.lineno);
        self.empty(makes)?;
        self.u.argcount = 1;
        // The outermost iterator is the parameter.
        self.u.emit(Op::LOAD_FAST, 0);
        self.loop_over(&parts, 0, outermost)?;
        if makes != Makes::Generator {
            self.emit(Op::RETURN_VALUE);
        }
        let written = self.leave(true);
        self.make_function(written, 0)?;
        self.iterator(outermost)?;
        self.emit_arg(Op::CALL_FUNCTION, 1)?;
        if is_async && makes != Makes::Generator {
            self.await_top();
        }
        Ok(())
    }

    /// A comprehension that runs in the current code (PEP 709).
    fn inlined(
        &mut self,
        parts: &Parts<'a>,
        outermost: &'a Comprehension,
        scope: ScopeId,
    ) -> Result<()> {
        let (handler, end) = (self.label(), self.label());
        let is_outermost = self.u.clean_up.is_none();
        if is_outermost {
            self.u.clean_up = Some(Vec::new());
            self.at(outermost.iter.span, |c| c.jump(Op::SETUP_EXCEPT, handler));
        }
        self.iterator(outermost)?;
        self.empty(parts.makes)?;
        self.emit(Op::ROT_TWO);
        let around = std::mem::replace(&mut self.u.scope, scope);
        let clears = self.clears(scope)?;
        self.loop_over(parts, 0, outermost)?;
        self.u.scope = around;
        if is_outermost {
            self.emit(Op::POP_BLOCK);
        }
        clears.iter().for_each(|&(op, variable)| self.u.emit(op, variable));
        let mut clean_up = self.u.clean_up.take().unwrap_or_default();
        clean_up.extend(clears);
        if !is_outermost {
            self.u.clean_up = Some(clean_up);
            return Ok(());
        }
        clean_up.sort_unstable_by_key(|&(op, variable)| (op as u8, variable));
        clean_up.dedup();
        self.nowhere(|c| {
            c.jump(Op::JUMP_FORWARD, end);
            c.place(handler);
            clean_up.iter().for_each(|&(op, variable)| c.u.emit(op, variable));
            c.emit(Op::END_FINALLY);
        });
        self.place(end);
        Ok(())
    }

    /// What unbinds the variables of an inlined comprehension.
    fn clears(&mut self, scope: ScopeId) -> Result<Vec<(Op, u32)>> {
        let mut clears = Vec::new();
        for entry in self.table.scope(scope).symbols.iter() {
            match entry.meaning {
                Meaning::Local => {
                    clears.push((Op::CLEAR_FAST, self.fast_local(scope, entry.name)));
                }
                Meaning::Cell => {
                    let cell = self.cell_of(scope, Meaning::Cell, entry.name)?;
                    clears.push((Op::MAKE_CELL, cell));
                }
                _ => {}
            }
        }
        Ok(clears)
    }

    /// What the comprehension fills.
    fn empty(&mut self, makes: Makes) -> Result<()> {
        match makes {
            Makes::List => self.emit_arg(Op::BUILD_LIST, 0),
            Makes::Set => self.emit_arg(Op::BUILD_SET, 0),
            Makes::Dict => self.emit_arg(Op::BUILD_MAP, 0),
            Makes::Generator => Ok(()),
        }
    }

    fn iterator(&mut self, part: &'a Comprehension) -> Result<()> {
        self.expr(&part.iter)?;
        let span = part.iter.span;
        self.at(span, |c| if part.is_async { c.get_aiter() } else { c.emit(Op::GET_ITER) });
        Ok(())
    }

    fn scope_of<T>(&self, node: &T) -> Result<ScopeId> {
        self.lookup(node, Role::Body)
    }

    /// The loop number `depth` with all that is in it.
    fn loops(&mut self, parts: &Parts<'a>, depth: usize) -> Result<()> {
        let Some(part) = parts.generators.get(depth) else { return self.element(parts) };
        self.iterator(part)?;
        self.loop_over(parts, depth, part)
    }

    /// The same; its iterator is on the stack.
    fn loop_over(
        &mut self,
        parts: &Parts<'a>,
        depth: usize,
        part: &'a Comprehension,
    ) -> Result<()> {
        self.depth.enter()?;
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
        for condition in part.ifs {
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
        for condition in part.ifs {
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
        let end = parts.value.unwrap_or(parts.elt).span.end;
        let span = Span { end, ..parts.elt.span };
        match parts.makes {
            Makes::Generator => {
                self.expr(parts.elt)?;
                self.at(parts.elt.span, |c| c.emit(Op::YIELD_VALUE));
                self.emit(Op::POP_TOP);
                Ok(())
            }
            Makes::List => {
                self.expr(parts.elt)?;
                self.at(span, |c| c.emit_arg(Op::LIST_APPEND, distance))
            }
            Makes::Set => {
                self.expr(parts.elt)?;
                self.at(span, |c| c.emit_arg(Op::SET_ADD, distance))
            }
            Makes::Dict => {
                let (key, value) = (Some(parts.elt), parts.value);
                // PEP 572: the key first. The instruction wants it on top.
                let order = if self.modern { [key, value] } else { [value, key] };
                for part in order.into_iter().flatten() {
                    self.expr(part)?;
                }
                self.at(span, |c| {
                    if c.modern {
                        c.emit(Op::ROT_TWO);
                    }
                    c.emit_arg(Op::MAP_ADD, distance)
                })
            }
        }
    }
}
