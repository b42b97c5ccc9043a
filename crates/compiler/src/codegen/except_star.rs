//! `except*` (PEP 654).
//!
//! The handlers of a plain `try` run at most one; here each takes its part out of the exception,
//! and what the handlers raise is gathered. Between the handlers the value stack holds
//!
//! ```text
//! tb original list rest
//! ```
//!
//! above the three words of the exception that was handled before: the original exception, a list
//! of what handlers raised, and what is not yet handled (`None` once nothing is left). At the end
//! PREP_RERAISE_STAR makes of them what is to be raised, if anything.

use adder_bytecode::opcode::{Intrinsic2, Op, cmp};
use adder_syntax::Symbol;
use adder_syntax::ast::*;

use super::Compiler;
use crate::error::{Result, error};
use crate::unit::{FrameBlock, Label};

impl<'a> Compiler<'a> {
    pub(super) fn try_except_star(&mut self, node: &'a Try) -> Result<()> {
        let (except, orelse, end) = (self.label(), self.label(), self.label());
        self.jump(Op::SETUP_EXCEPT, except);
        self.push_block(FrameBlock::Except)?;
        self.conditional(&node.body)?;
        self.pop_block();
        self.nowhere(|c| -> Result<()> {
            c.emit(Op::POP_BLOCK);
            c.jump(Op::JUMP_FORWARD, orelse);
            c.place(except);
            c.emit(Op::POP_TOP);
            c.emit(Op::DUP_TOP);
            c.emit_arg(Op::BUILD_LIST, 0)?;
            c.emit(Op::ROT_TWO);
            Ok(())
        })?;
        self.push_block(FrameBlock::ExceptStar)?;
        for handler in node.handlers {
            self.u.span = handler.span;
            let Some(type_) = &handler.type_ else {
                return error("expected one or more exception types", handler.span);
            };
            let (no_match, next) = (self.label(), self.label());
            self.expr(type_)?;
            self.at(type_.span, |c| {
                c.emit(Op::CHECK_EG_MATCH);
                c.emit(Op::DUP_TOP);
                c.load_none();
                c.u.emit(Op::COMPARE_OP, cmp::IS);
                c.jump(Op::POP_JUMP_IF_TRUE, no_match);
            });
            match handler.name {
                Some(name) => self.store_name(name)?,
                None => self.emit(Op::POP_TOP),
            }
            self.star_handler(handler, next)?;
            self.place(no_match);
            self.nowhere(|c| c.emit(Op::POP_TOP));
            self.place(next);
        }
        self.pop_block();

        let done = self.label();
        self.nowhere(|c| -> Result<()> {
            c.emit_arg(Op::LIST_APPEND, 1)?;
            c.u.emit(Op::CALL_INTRINSIC_2, Intrinsic2::PrepReraiseStar as u32);
            c.emit(Op::DUP_TOP);
            c.load_none();
            c.u.emit(Op::COMPARE_OP, cmp::IS);
            c.jump(Op::POP_JUMP_IF_TRUE, done);
            c.emit(Op::RERAISE);
            c.place(done);
            c.emit(Op::POP_TOP);
            c.emit(Op::POP_TOP);
            c.emit(Op::POP_EXCEPT);
            c.jump(Op::JUMP_FORWARD, end);
            Ok(())
        })?;
        self.place(orelse);
        self.conditional(&node.orelse)?;
        self.place(end);
        Ok(())
    }

    /// A handler's body; what it raises goes to the list.
    fn star_handler(&mut self, handler: &'a ExceptHandler, next: Label) -> Result<()> {
        let raised = self.label();
        self.jump(Op::SETUP_EXCEPT, raised);
        self.push_block(FrameBlock::Except)?;
        self.conditional(&handler.body)?;
        self.pop_block();
        self.nowhere(|c| {
            c.emit(Op::POP_BLOCK);
            c.unbind(handler.name)?;
            c.jump(Op::JUMP_FORWARD, next);
            c.place(raised);
            // tb original list rest | previous tb value type
            c.emit(Op::POP_TOP);
            c.emit_arg(Op::LIST_APPEND, 4)?;
            c.emit(Op::POP_TOP);
            c.emit(Op::POP_EXCEPT);
            c.unbind(handler.name)?;
            c.jump(Op::JUMP_FORWARD, next);
            Ok(())
        })
    }

    fn unbind(&mut self, name: Option<Symbol>) -> Result<()> {
        if let Some(name) = name {
            self.load_none();
            self.store_name(name)?;
            self.name_op(name, ExprContext::Del)?;
        }
        Ok(())
    }
}
