//! `try` and `with`. The frame blocks pushed here are what `break` and `continue` look through;
//! the blocks of the machine (SETUP_*, POP_BLOCK) run beside them.

use adder_bytecode::opcode::{Op, cmp};
use adder_syntax::ast::*;

use super::Compiler;
use crate::error::{Result, error};
use crate::unit::FrameBlock;

impl<'a> Compiler<'a> {
    /// `try` with `finally`; `star` for handlers with `except*`.
    pub(super) fn try_finally(&mut self, node: &'a Try, star: bool) -> Result<()> {
        let (body, end) = (self.label(), self.label());
        self.jump(Op::SETUP_FINALLY, end);
        self.place(body);
        self.push_block(FrameBlock::FinallyTry)?;
        if node.handlers.is_empty() {
            self.conditional(node.body)?;
            self.conditional(node.orelse)?;
        } else if star {
            self.try_except_star(node)?;
        } else {
            self.try_except(node)?;
        }
        self.pop_block();
        self.nowhere(|c| {
            c.emit(Op::POP_BLOCK);
            c.load_none();
        });
        self.place(end);
        self.push_block(FrameBlock::FinallyEnd)?;
        self.conditional(node.finalbody)?;
        self.nowhere(|c| c.emit(Op::END_FINALLY));
        self.pop_block();
        Ok(())
    }

    pub(super) fn try_except(&mut self, node: &'a Try) -> Result<()> {
        let (body, mut except) = (self.label(), self.label());
        let (orelse, end) = (self.label(), self.label());
        self.jump(Op::SETUP_EXCEPT, except);
        self.place(body);
        self.push_block(FrameBlock::Except)?;
        self.conditional(node.body)?;
        self.pop_block();
        self.nowhere(|c| {
            c.emit(Op::POP_BLOCK);
            c.jump(Op::JUMP_FORWARD, orelse);
        });
        self.place(except);
        let last = node.handlers.len().saturating_sub(1);
        for (i, handler) in node.handlers.iter().enumerate() {
            if handler.type_.is_none() && i < last {
                // 3.6 has not come to the handler yet.
                let span = if self.modern { handler.span } else { self.u.span };
                return error("default 'except:' must be last", span);
            }
            self.u.line = handler.span.start.line;
            self.u.line_set = false;
            self.u.span = handler.span;
            except = self.label();
            if let Some(type_) = &handler.type_ {
                self.emit(Op::DUP_TOP);
                self.expr(type_)?;
                self.at(type_.span, |c| {
                    c.u.emit(Op::COMPARE_OP, cmp::EXC_MATCH);
                    c.jump(Op::POP_JUMP_IF_FALSE, except);
                });
            }
            self.emit(Op::POP_TOP);
            match handler.name {
                Some(name) => self.named_handler(handler, name)?,
                None => {
                    self.emit(Op::POP_TOP);
                    self.emit(Op::POP_TOP);
                    self.push_block(FrameBlock::FinallyTry)?;
                    self.conditional(handler.body)?;
                    self.nowhere(|c| c.emit(Op::POP_EXCEPT));
                    self.pop_block();
                }
            }
            self.nowhere(|c| c.jump(Op::JUMP_FORWARD, end));
            self.place(except);
        }
        self.nowhere(|c| c.emit(Op::END_FINALLY));
        self.place(orelse);
        self.conditional(node.orelse)?;
        self.place(end);
        Ok(())
    }

    /// The body of a handler that binds the exception: the name is unbound at its end, whatever
    /// way that is reached, so that the traceback does not keep the frame alive.
    fn named_handler(
        &mut self,
        handler: &'a ExceptHandler,
        name: adder_syntax::Symbol,
    ) -> Result<()> {
        let end = self.label();
        self.store_name(name)?;
        self.emit(Op::POP_TOP);
        self.jump(Op::SETUP_FINALLY, end);
        self.push_block(FrameBlock::FinallyTry)?;
        self.conditional(handler.body)?;
        self.nowhere(|c| {
            c.emit(Op::POP_BLOCK);
            if !c.modern {
                // 3.6 leaves the handler before the clause and so comes into it by two ways with
                // different blocks around.
                c.emit(Op::POP_EXCEPT);
            }
            c.pop_block();
            c.load_none();
            c.place(end);
            c.push_block(FrameBlock::FinallyEnd)?;
            c.load_none();
            c.store_name(name)?;
            c.name_op(name, ExprContext::Del)?;
            c.emit(Op::END_FINALLY);
            c.pop_block();
            if c.modern {
                c.emit(Op::POP_EXCEPT);
            }
            Ok(())
        })
    }

    pub(super) fn with(&mut self, items: &'a [WithItem], body: &'a [Stmt]) -> Result<()> {
        let Some((item, rest)) = items.split_first() else { return self.conditional(body) };
        self.depth.enter()?;
        let finally = self.label();
        self.expr(&item.context_expr)?;
        let span = item.context_expr.span;
        self.at(span, |c| c.jump(Op::SETUP_WITH, finally));
        self.push_block(FrameBlock::FinallyTry)?;
        self.with_target(item, span)?;
        self.with(rest, body)?;
        self.pop_block();
        self.at(span, |c| -> Result<()> {
            c.emit(Op::POP_BLOCK);
            c.load_none();
            c.place(finally);
            c.push_block(FrameBlock::FinallyEnd)?;
            c.emit(Op::WITH_CLEANUP_START);
            c.emit(Op::WITH_CLEANUP_FINISH);
            c.emit(Op::END_FINALLY);
            Ok(())
        })?;
        self.pop_block();
        self.depth.leave();
        Ok(())
    }

    fn with_target(&mut self, item: &'a WithItem, span: Span) -> Result<()> {
        match &item.optional_vars {
            Some(target) => self.expr(target),
            None => {
                self.at(span, |c| c.emit(Op::POP_TOP));
                Ok(())
            }
        }
    }

    pub(super) fn async_with(&mut self, items: &'a [WithItem], body: &'a [Stmt]) -> Result<()> {
        let Some((item, rest)) = items.split_first() else { return self.conditional(body) };
        self.depth.enter()?;
        let finally = self.label();
        self.expr(&item.context_expr)?;
        let span = item.context_expr.span;
        self.at(span, |c| {
            c.emit(Op::BEFORE_ASYNC_WITH);
            c.await_top();
            c.jump(Op::SETUP_ASYNC_WITH, finally);
        });
        self.push_block(FrameBlock::FinallyTry)?;
        self.with_target(item, span)?;
        self.async_with(rest, body)?;
        self.pop_block();
        self.at(span, |c| -> Result<()> {
            c.emit(Op::POP_BLOCK);
            c.load_none();
            c.place(finally);
            c.push_block(FrameBlock::FinallyEnd)?;
            c.emit(Op::WITH_CLEANUP_START);
            c.await_top();
            c.emit(Op::WITH_CLEANUP_FINISH);
            c.emit(Op::END_FINALLY);
            Ok(())
        })?;
        self.pop_block();
        self.depth.leave();
        Ok(())
    }
}
