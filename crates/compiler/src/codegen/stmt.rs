//! Statements.

use adder_bytecode::code::Const;
use adder_bytecode::opcode::{CommonConstant, Op};
use adder_syntax::ast::*;
use smallvec::SmallVec;

use super::Compiler;
use crate::error::{Result, error};
use crate::symtable::Block;
use crate::unit::{FrameBlock, Kind, Label};

impl<'a> Compiler<'a> {
    pub(super) fn stmts(&mut self, body: &'a [Stmt]) -> Result<()> {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    /// Statements whose execution hangs on control flow: their annotations may not come to be.
    pub(super) fn conditional(&mut self, body: &'a [Stmt]) -> Result<()> {
        self.u.conditional += 1;
        let result = self.stmts(body);
        self.u.conditional -= 1;
        result
    }

    fn stmt(&mut self, stmt: &'a Stmt) -> Result<()> {
        self.depth.enter()?;
        self.u.line = stmt.lineno;
        self.u.line_set = false;
        self.u.span = stmt.span;
        let depth = self.u.depth.now();
        let result = self.stmt_inner(stmt);
        // By their nominal effects handlers leave something on the stack; a statement never does.
        self.u.depth.reset(depth);
        self.depth.leave();
        result
    }

    fn stmt_inner(&mut self, stmt: &'a Stmt) -> Result<()> {
        match &stmt.kind {
            StmtKind::FunctionDef(node) => self.function(stmt, node, Kind::Function),
            StmtKind::AsyncFunctionDef(node) => self.function(stmt, node, Kind::AsyncFunction),
            StmtKind::ClassDef(node) => self.class(stmt, node),
            StmtKind::Return(value) => self.return_(*value),
            StmtKind::Delete(node) => node.targets.iter().try_for_each(|target| self.expr(target)),
            StmtKind::Assign(node) => {
                self.expr(&node.value)?;
                let last = node.targets.len().saturating_sub(1);
                for (i, target) in node.targets.iter().enumerate() {
                    if i < last {
                        self.emit(Op::DUP_TOP);
                    }
                    self.expr(target)?;
                }
                Ok(())
            }
            StmtKind::AugAssign(node) => self.aug_assign(node),
            StmtKind::AnnAssign(node) => self.ann_assign(node),
            StmtKind::TypeAlias(node) => self.type_alias(node),
            StmtKind::For(node) => self.for_(node),
            StmtKind::AsyncFor(node) => self.async_for(node),
            StmtKind::While(node) => self.while_(node),
            StmtKind::If(node) => self.if_chain(node),
            StmtKind::With(node) => self.with(node.items, node.body),
            StmtKind::AsyncWith(node) => {
                self.require_async("'async with' outside async function")?;
                self.async_with(node.items, node.body)
            }
            StmtKind::Match(node) => self.match_(node),
            StmtKind::Raise(node) => {
                let mut n = 0;
                for value in [&node.exc, &node.cause].into_iter().flatten() {
                    self.expr(value)?;
                    n += 1;
                }
                self.emit_arg(Op::RAISE_VARARGS, n)
            }
            StmtKind::Try(node) if node.finalbody.is_empty() => self.try_except(node),
            StmtKind::Try(node) => self.try_finally(node, false),
            StmtKind::TryStar(node) if node.finalbody.is_empty() => self.try_except_star(node),
            StmtKind::TryStar(node) => self.try_finally(node, true),
            StmtKind::Assert(node) => self.assert(node),
            StmtKind::Import(node) => self.import(node),
            StmtKind::ImportFrom(node) => self.import_from(node, stmt.span),
            StmtKind::Expr(value) => self.expr_stmt(value),
            StmtKind::Break => self.break_(),
            StmtKind::Continue => self.continue_(),
            StmtKind::Pass => {
                self.line_alone();
                Ok(())
            }
            StmtKind::Global(_) | StmtKind::Nonlocal(_) => Ok(()),
        }
    }

    fn expr_stmt(&mut self, value: &'a Expr) -> Result<()> {
        if self.interactive && self.outer.is_empty() {
            self.expr(value)?;
            self.emit(Op::PRINT_EXPR);
            return Ok(());
        }
        // A constant by itself does nothing.
        if self.is_const(value) {
            self.line_alone();
            return Ok(());
        }
        self.expr(value)?;
        self.emit(Op::POP_TOP);
        Ok(())
    }

    fn return_(&mut self, value: Option<&'a Expr>) -> Result<()> {
        let scope = self.scope();
        if scope.block != Block::Function {
            return self.error("'return' outside function");
        }
        if value.is_some() && scope.coroutine && scope.generator {
            return self.error("'return' with value in async generator");
        }
        self.check_leaving("return", |_| false)?;
        match value {
            Some(value) => self.expr(value)?,
            None => self.load_none(),
        }
        self.emit(Op::RETURN_VALUE);
        Ok(())
    }

    /// What today's language says about jumping out of `finally` (PEP 765, a warning) and of
    /// `except*` (PEP 654, an error); `ends` tells the block where the jump arrives.
    fn check_leaving(&mut self, what: &str, ends: fn(FrameBlock) -> bool) -> Result<()> {
        if !self.modern {
            return Ok(());
        }
        let mut warned = false;
        for i in (0..self.u.frame_blocks.len()).rev() {
            let block = self.u.frame_blocks[i];
            if ends(block) {
                break;
            }
            match block {
                FrameBlock::ExceptStar => {
                    let message =
                        "'break', 'continue' and 'return' cannot appear in an except* block";
                    return self.error(message);
                }
                FrameBlock::FinallyEnd if !warned => {
                    warned = true;
                    self.warn(format!("'{what}' in a 'finally' block"), self.u.span);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn break_(&mut self) -> Result<()> {
        self.check_leaving("break", |block| matches!(block, FrameBlock::Loop(..)))?;
        for i in (0..self.u.frame_blocks.len()).rev() {
            if let FrameBlock::Loop(_, end) = self.u.frame_blocks[i] {
                self.u.break_to(end, self.modern);
                return Ok(());
            }
        }
        self.error("'break' outside loop")
    }

    fn continue_(&mut self) -> Result<()> {
        const OUTSIDE: &str = "'continue' not properly in loop";
        const IN_FINALLY: &str = "'continue' not supported inside 'finally' clause";
        self.check_leaving("continue", |block| matches!(block, FrameBlock::Loop(..)))?;
        for i in (0..self.u.frame_blocks.len()).rev() {
            match self.u.frame_blocks[i] {
                FrameBlock::Loop(start, _) => {
                    let innermost = i + 1 == self.u.frame_blocks.len();
                    let op = if innermost { Op::JUMP_ABSOLUTE } else { Op::CONTINUE_LOOP };
                    self.jump(op, start);
                    return Ok(());
                }
                // Since 3.8 it may leave a finally clause.
                FrameBlock::FinallyEnd if !self.modern => return self.error(IN_FINALLY),
                _ => {}
            }
        }
        self.error(OUTSIDE)
    }

    fn aug_assign(&mut self, node: &'a AugAssign) -> Result<()> {
        let op = inplace(node.op);
        let target = &node.target;
        match &target.kind {
            ExprKind::Name { id, .. } => {
                self.at(target.span, |c| c.load_name(*id))?;
                self.expr(&node.value)?;
                self.emit(op);
                self.at(target.span, |c| c.store_name(*id))
            }
            ExprKind::Attribute(attribute) => {
                self.start_line(target.lineno);
                self.at(target.span, |c| -> Result<()> {
                    c.expr(&attribute.value)?;
                    c.emit(Op::DUP_TOP);
                    c.at_attr(target, |c| c.emit_name(Op::LOAD_ATTR, attribute.attr));
                    Ok(())
                })?;
                self.expr(&node.value)?;
                self.emit(op);
                self.start_line(target.lineno);
                self.at(target.span, |c| {
                    c.emit(Op::ROT_TWO);
                    c.at_attr(target, |c| c.emit_name(Op::STORE_ATTR, attribute.attr));
                });
                Ok(())
            }
            ExprKind::Subscript(subscript) => {
                self.start_line(target.lineno);
                self.at(target.span, |c| -> Result<()> {
                    c.expr(&subscript.value)?;
                    c.slice(&subscript.slice)?;
                    c.emit(Op::DUP_TOP_TWO);
                    c.emit(Op::BINARY_SUBSCR);
                    Ok(())
                })?;
                self.expr(&node.value)?;
                self.emit(op);
                self.start_line(target.lineno);
                self.at(target.span, |c| {
                    c.emit(Op::ROT_THREE);
                    c.emit(Op::STORE_SUBSCR);
                });
                Ok(())
            }
            _ => error("illegal expression for augmented assignment", target.span),
        }
    }

    /// The truth of a condition that is known beforehand.
    fn known_truth(&self, expr: &Expr) -> Option<bool> {
        match &expr.kind {
            ExprKind::Constant(value) => match *value {
                Constant::None => Some(false),
                Constant::Bool(value) => Some(value),
                Constant::Ellipsis => Some(true),
                Constant::Str { value, .. } => Some(!value.is_empty()),
                Constant::Bytes(value) => Some(!value.is_empty()),
                Constant::Int(value) => Some(value != 0),
                Constant::BigInt { .. } => Some(true),
                Constant::Float(value) | Constant::Imaginary(value) => Some(value != 0.0),
            },
            ExprKind::Name { id, .. } if *id == self.names.known.debug => Some(self.optimize == 0),
            _ => None,
        }
    }

    /// What never runs is looked through for errors (since 3.8), and leaves nothing behind.
    fn dead(&mut self, run: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if !self.modern {
            return Ok(());
        }
        let (instrs, labels) = (self.u.instrs.len(), self.u.labels.len());
        let (returned, depth) = (self.u.returned, self.u.depth.now());
        run(self)?;
        self.u.truncate(instrs);
        self.u.labels[labels..].fill(u32::MAX);
        self.u.returned = returned;
        self.u.depth.reset(depth);
        Ok(())
    }

    /// An `if` with all its `elif`s, in a loop: such chains can be long.
    fn if_chain(&mut self, node: &'a If) -> Result<()> {
        let mut node = node;
        let mut ends: SmallVec<[Label; 4]> = SmallVec::new();
        loop {
            let end = self.label();
            ends.push(end);
            self.depth.chain(ends.len())?;
            let known = self.known_truth(&node.test);
            match known {
                Some(truth) => {
                    self.at(node.test.span, Self::line_alone);
                    if truth {
                        self.conditional(node.body)?;
                        self.dead(|c| c.conditional(node.orelse))?;
                    } else {
                        self.dead(|c| c.conditional(node.body))?;
                    }
                }
                None => {
                    let next = if node.orelse.is_empty() { end } else { self.label() };
                    self.expr(&node.test)?;
                    self.at(node.test.span, |c| c.jump(Op::POP_JUMP_IF_FALSE, next));
                    self.conditional(node.body)?;
                    if !node.orelse.is_empty() {
                        self.nowhere(|c| c.jump(Op::JUMP_FORWARD, end));
                        self.place(next);
                    }
                }
            }
            if known == Some(true) {
                break;
            }
            match node.orelse {
                [stmt @ Stmt { kind: StmtKind::If(inner), .. }] => {
                    self.u.line = stmt.lineno;
                    self.u.line_set = false;
                    self.u.span = stmt.span;
                    node = inner;
                }
                orelse => {
                    self.conditional(orelse)?;
                    break;
                }
            }
        }
        for end in ends.into_iter().rev() {
            self.place(end);
        }
        Ok(())
    }

    fn while_(&mut self, node: &'a While) -> Result<()> {
        let known = self.known_truth(&node.test);
        if known == Some(false) {
            self.at(node.test.span, Self::line_alone);
            self.dead(|c| {
                let label = c.label();
                c.push_block(FrameBlock::Loop(label, label))?;
                c.conditional(node.body)?;
                c.pop_block();
                Ok(())
            })?;
            return self.conditional(node.orelse);
        }
        let (start, end) = (self.label(), self.label());
        self.jump(Op::SETUP_LOOP, end);
        self.place(start);
        self.push_block(FrameBlock::Loop(start, end))?;
        let anchor = match known {
            None => {
                let anchor = self.label();
                self.expr(&node.test)?;
                self.at(node.test.span, |c| c.jump(Op::POP_JUMP_IF_FALSE, anchor));
                Some(anchor)
            }
            Some(_) => {
                self.at(node.test.span, Self::line_alone);
                None
            }
        };
        self.conditional(node.body)?;
        self.nowhere(|c| {
            c.jump(Op::JUMP_ABSOLUTE, start);
            if let Some(anchor) = anchor {
                c.place(anchor);
            }
            c.emit(Op::POP_BLOCK);
        });
        self.pop_block();
        self.conditional(node.orelse)?;
        self.place(end);
        Ok(())
    }

    fn for_(&mut self, node: &'a For) -> Result<()> {
        let (start, cleanup, end) = (self.label(), self.label(), self.label());
        self.jump(Op::SETUP_LOOP, end);
        self.push_block(FrameBlock::Loop(start, end))?;
        self.expr(&node.iter)?;
        let iter_span = node.iter.span;
        self.at(iter_span, |c| {
            c.emit(Op::GET_ITER);
            c.place(start);
            c.jump(Op::FOR_ITER, cleanup);
        });
        self.expr(&node.target)?;
        self.conditional(node.body)?;
        self.nowhere(|c| c.jump(Op::JUMP_ABSOLUTE, start));
        self.at(iter_span, |c| {
            c.place(cleanup);
            c.emit(Op::POP_BLOCK);
        });
        self.pop_block();
        self.conditional(node.orelse)?;
        self.place(end);
        Ok(())
    }

    fn async_for(&mut self, node: &'a For) -> Result<()> {
        self.require_async("'async for' outside async function")?;
        let (start, except, cleanup, after_try, end) =
            (self.label(), self.label(), self.label(), self.label(), self.label());
        self.jump(Op::SETUP_LOOP, end);
        self.push_block(FrameBlock::Loop(start, end))?;
        self.expr(&node.iter)?;
        let iter_span = node.iter.span;
        self.at(iter_span, |c| {
            c.get_aiter();
            c.place(start);
        });
        self.next_async(&node.target, iter_span, except, after_try, cleanup)?;
        self.conditional(node.body)?;
        self.nowhere(|c| c.jump(Op::JUMP_ABSOLUTE, start));
        self.at(iter_span, |c| {
            c.place(cleanup);
            c.end_async_iteration();
            c.emit(Op::POP_BLOCK);
        });
        self.pop_block();
        self.conditional(node.orelse)?;
        self.place(end);
        Ok(())
    }

    /// Asks for the asynchronous iterator of the top item. (3.6 awaited it.)
    pub(super) fn get_aiter(&mut self) {
        self.emit(Op::GET_AITER);
        if !self.modern {
            self.load_none();
            self.emit(Op::YIELD_FROM);
        }
    }

    /// One step of an asynchronous iteration: binds the target and goes on at `after_try`; at
    /// the end of the iterator goes to `cleanup`.
    pub(super) fn next_async(
        &mut self,
        target: &'a Expr,
        span: Span,
        except: Label,
        after_try: Label,
        cleanup: Label,
    ) -> Result<()> {
        self.at(span, |c| -> Result<()> {
            c.jump(Op::SETUP_EXCEPT, except);
            c.push_block(FrameBlock::Except)?;
            c.emit(Op::GET_ANEXT);
            c.load_none();
            c.emit(Op::YIELD_FROM);
            if c.modern {
                // Since 3.7 the target is not inside: a StopAsyncIteration out of it is not the
                // iterator's.
                c.emit(Op::POP_BLOCK);
                c.pop_block();
                c.jump(Op::JUMP_FORWARD, after_try);
            }
            Ok(())
        })?;
        if !self.modern {
            self.expr(target)?;
            self.emit(Op::POP_BLOCK);
            self.pop_block();
            self.jump(Op::JUMP_FORWARD, after_try);
        }
        self.at(span, |c| {
            c.place(except);
            c.emit(Op::DUP_TOP);
            if c.modern {
                c.u.emit(Op::LOAD_COMMON_CONSTANT, CommonConstant::StopAsyncIteration as u32);
            } else {
                let name = c.names.known.stop_async_iteration;
                c.emit_plain_name(Op::LOAD_GLOBAL, name);
            }
            c.u.emit(Op::COMPARE_OP, adder_bytecode::opcode::cmp::EXC_MATCH);
            c.jump(Op::POP_JUMP_IF_TRUE, cleanup);
            c.emit(Op::END_FINALLY);
            c.place(after_try);
        });
        if self.modern {
            self.expr(target)?;
        }
        Ok(())
    }

    /// Drops the exception that ended an asynchronous iteration, and the iterator.
    pub(super) fn end_async_iteration(&mut self) {
        for _ in 0..3 {
            self.emit(Op::POP_TOP);
        }
        self.emit(Op::POP_EXCEPT);
        self.emit(Op::POP_TOP);
    }

    pub(super) fn require_async(&mut self, message: &str) -> Result<()> {
        let top = self.top_level_await && self.u.kind == Kind::Module;
        if self.modern && self.u.kind != Kind::AsyncFunction && !top {
            return self.error(message);
        }
        Ok(())
    }

    fn assert(&mut self, node: &'a Assert) -> Result<()> {
        let always = matches!(&node.test.kind, ExprKind::Tuple(tuple) if !tuple.elts.is_empty());
        if always && (self.modern || self.optimize == 0) {
            self.warn("assertion is always true, perhaps remove parentheses?", self.u.span);
        }
        if self.optimize > 0 {
            return Ok(());
        }
        let end = self.label();
        self.expr(&node.test)?;
        self.at(node.test.span, |c| c.jump(Op::POP_JUMP_IF_TRUE, end));
        if self.modern {
            // Since 3.9 nothing can shadow it.
            self.u.emit(Op::LOAD_COMMON_CONSTANT, CommonConstant::AssertionError as u32);
        } else {
            let name = self.names.known.assertion_error;
            self.emit_plain_name(Op::LOAD_GLOBAL, name);
        }
        let test_span = node.test.span;
        if let Some(message) = &node.msg {
            self.expr(message)?;
            self.emit_arg(Op::CALL_FUNCTION, 1)?;
        }
        // Tracebacks mark the condition that failed.
        self.at(test_span, |c| c.emit_arg(Op::RAISE_VARARGS, 1))?;
        self.place(end);
        Ok(())
    }

    fn import(&mut self, node: &Import) -> Result<()> {
        for alias in node.names {
            self.load_int(0);
            self.load_none();
            self.emit_name(Op::IMPORT_NAME, alias.name);
            let name = self.names.name(alias.name).to_owned();
            match alias.asname {
                Some(asname) => {
                    for part in name.split('.').skip(1) {
                        let part = self.names.intern(part);
                        if self.modern {
                            // Since 3.7 also what is still being imported is found.
                            self.emit_plain_name(Op::IMPORT_FROM, part);
                            self.emit(Op::ROT_TWO);
                            self.emit(Op::POP_TOP);
                        } else {
                            self.emit_plain_name(Op::LOAD_ATTR, part);
                        }
                    }
                    self.store_name(asname)?;
                }
                None => {
                    let first = name.split('.').next().unwrap_or(&name);
                    let first = self.names.intern(first);
                    self.store_name(first)?;
                }
            }
        }
        Ok(())
    }

    fn import_from(&mut self, node: &ImportFrom, span: Span) -> Result<()> {
        let future = self.names.known.future;
        if node.level == 0 && node.module == Some(future) && span.start.line > self.future.line {
            return self.error(crate::future::LATE);
        }
        let list: Vec<_> = node.names.iter().map(|alias| alias.name).collect();
        let fromlist = self.names_tuple(&list);
        self.load_int(node.level.into());
        self.load_const(fromlist);
        let module = node.module.unwrap_or(self.names.known.empty);
        self.emit_name(Op::IMPORT_NAME, module);
        for alias in node.names {
            if self.names.name(alias.name) == "*" {
                self.emit(Op::IMPORT_STAR);
                return Ok(());
            }
            self.emit_name(Op::IMPORT_FROM, alias.name);
            self.store_name(alias.asname.unwrap_or(alias.name))?;
        }
        self.emit(Op::POP_TOP);
        Ok(())
    }

    /// Keeps a constant from being taken for the docstring: the first constant of a code object
    /// is one, or `None`.
    pub(super) fn no_docstring(&mut self) {
        self.add_const(Const::None);
    }
}

fn inplace(op: Operator) -> Op {
    match op {
        Operator::Add => Op::INPLACE_ADD,
        Operator::Sub => Op::INPLACE_SUBTRACT,
        Operator::Mult => Op::INPLACE_MULTIPLY,
        Operator::MatMult => Op::INPLACE_MATRIX_MULTIPLY,
        Operator::Div => Op::INPLACE_TRUE_DIVIDE,
        Operator::Mod => Op::INPLACE_MODULO,
        Operator::Pow => Op::INPLACE_POWER,
        Operator::LShift => Op::INPLACE_LSHIFT,
        Operator::RShift => Op::INPLACE_RSHIFT,
        Operator::BitOr => Op::INPLACE_OR,
        Operator::BitXor => Op::INPLACE_XOR,
        Operator::BitAnd => Op::INPLACE_AND,
        Operator::FloorDiv => Op::INPLACE_FLOOR_DIVIDE,
    }
}
