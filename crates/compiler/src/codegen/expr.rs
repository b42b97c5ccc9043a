//! Expressions.

use adder_bytecode::code::Const;
use adder_bytecode::opcode::{Op, cmp};
use adder_syntax::ast::*;
use smallvec::SmallVec;

use super::Compiler;
use super::name::pick;
use crate::error::Result;
use crate::fold;
use crate::symtable::Block;
use crate::unit::Kind;

impl<'a> Compiler<'a> {
    pub(super) fn exprs(&mut self, list: &'a [Expr]) -> Result<()> {
        list.iter().try_for_each(|expr| self.expr(expr))
    }

    pub(super) fn expr(&mut self, expr: &'a Expr) -> Result<()> {
        self.depth.enter()?;
        self.start_line(expr.lineno);
        let outer = std::mem::replace(&mut self.u.span, expr.span);
        let result = self.expr_inner(expr);
        self.u.span = outer;
        self.depth.leave();
        result
    }

    fn expr_inner(&mut self, expr: &'a Expr) -> Result<()> {
        match &expr.kind {
            ExprKind::Name { id, ctx } => self.name_op(*id, *ctx),
            ExprKind::Constant(value) => {
                self.load_constant(value);
                Ok(())
            }
            ExprKind::Attribute(_)
            | ExprKind::Call(_)
            | ExprKind::Subscript(_)
            | ExprKind::BinOp(_)
            | ExprKind::UnaryOp(_) => self.chain(expr),
            ExprKind::BoolOp(node) => self.bool_op(node),
            ExprKind::NamedExpr(node) => {
                self.expr(&node.value)?;
                self.emit(Op::DUP_TOP);
                self.expr(&node.target)
            }
            ExprKind::Lambda(node) => self.lambda(expr, node),
            ExprKind::IfExp(node) => {
                let (end, next) = (self.label(), self.label());
                self.expr(&node.test)?;
                self.jump(Op::POP_JUMP_IF_FALSE, next);
                self.expr(&node.body)?;
                self.jump(Op::JUMP_FORWARD, end);
                self.place(next);
                self.expr(&node.orelse)?;
                self.place(end);
                Ok(())
            }
            ExprKind::Dict(node) => self.dict(node),
            ExprKind::FrozenSet(node) => {
                let items = node.elts.iter().filter_map(|elt| self.fixed(elt)).collect();
                self.load_const(Const::FrozenSet(fold::distinct(items).into()));
                Ok(())
            }
            ExprKind::Set(node) => {
                self.display(node.elts, [Op::BUILD_SET, Op::BUILD_SET, Op::BUILD_SET_UNPACK])
            }
            ExprKind::List(node) => match node.ctx {
                ExprContext::Store => self.unpack(node.elts),
                ExprContext::Load => {
                    let ops = [Op::BUILD_LIST, Op::BUILD_TUPLE, Op::BUILD_LIST_UNPACK];
                    self.display(node.elts, ops)
                }
                ExprContext::Del => self.exprs(node.elts),
            },
            ExprKind::Tuple(node) => match node.ctx {
                ExprContext::Store => self.unpack(node.elts),
                ExprContext::Load => {
                    let ops = [Op::BUILD_TUPLE, Op::BUILD_TUPLE, Op::BUILD_TUPLE_UNPACK];
                    self.display(node.elts, ops)
                }
                ExprContext::Del => self.exprs(node.elts),
            },
            ExprKind::ListComp(_)
            | ExprKind::SetComp(_)
            | ExprKind::DictComp(_)
            | ExprKind::GeneratorExp(_) => self.comprehension(expr),
            ExprKind::Await(value) => {
                self.check_await()?;
                self.expr(value)?;
                self.await_top();
                Ok(())
            }
            ExprKind::Yield(value) => {
                self.check_yield("'yield' outside function")?;
                match value {
                    Some(value) => self.expr(value)?,
                    None => self.load_none(),
                }
                self.emit(Op::YIELD_VALUE);
                Ok(())
            }
            ExprKind::YieldFrom(value) => {
                let modern = "'yield from' outside function";
                let text = if self.modern { modern } else { "'yield' outside function" };
                self.check_yield(text)?;
                if self.u.kind == Kind::AsyncFunction {
                    return self.error("'yield from' inside async function");
                }
                self.expr(value)?;
                self.emit(Op::GET_YIELD_FROM_ITER);
                self.load_none();
                self.emit(Op::YIELD_FROM);
                Ok(())
            }
            ExprKind::Compare(node) => self.compare(node),
            ExprKind::FormattedValue(node) => self.formatted_value(node),
            ExprKind::JoinedStr(node) => self.joined_str(node),
            ExprKind::Interpolation(node) => self.interpolation(node),
            ExprKind::TemplateStr(node) => self.template(node),
            ExprKind::Starred(node) => match node.ctx {
                ExprContext::Store => {
                    self.error("starred assignment target must be in a list or tuple")
                }
                _ => self.error("can't use starred expression here"),
            },
            ExprKind::Slice(node) => self.slice_parts(node),
        }
    }

    fn check_yield(&self, text: &'static str) -> Result<()> {
        if self.scope().block != Block::Function {
            return self.error(text);
        }
        Ok(())
    }

    fn check_await(&self) -> Result<()> {
        if self.top_level_await && self.u.kind == Kind::Module {
            return Ok(());
        }
        if !self.scope().block.is_function_like() {
            return self.error("'await' outside function");
        }
        if !matches!(self.u.kind, Kind::AsyncFunction | Kind::Comprehension) {
            return self.error("'await' outside async function");
        }
        Ok(())
    }

    /// Awaits the top item.
    pub(super) fn await_top(&mut self) {
        self.emit(Op::GET_AWAITABLE);
        self.load_none();
        self.emit(Op::YIELD_FROM);
    }

    /// A chain of attributes, calls, subscripts, binary and prefix operators, which may be as
    /// long as the source: down to its innermost operand in a loop, and back up, link by link.
    fn chain(&mut self, expr: &'a Expr) -> Result<()> {
        let mut links: SmallVec<[&'a Expr; 8]> = SmallVec::new();
        let mut at = expr;
        loop {
            let inner = match &at.kind {
                ExprKind::Attribute(node) => &node.value,
                ExprKind::Call(node) => &node.func,
                ExprKind::Subscript(node) => &node.value,
                ExprKind::BinOp(node) => &node.left,
                ExprKind::UnaryOp(node) => &node.operand,
                _ => break,
            };
            links.push(at);
            self.depth.chain(links.len())?;
            if self.modern {
                self.check_operand(at);
            }
            at = inner;
            self.start_line(at.lineno);
        }
        self.expr(at)?;
        let outer = self.u.span;
        for &link in links.iter().rev() {
            self.u.span = link.span;
            self.link(link)?;
        }
        self.u.span = outer;
        Ok(())
    }

    /// One link of a chain; its left operand is on the stack.
    fn link(&mut self, expr: &'a Expr) -> Result<()> {
        match &expr.kind {
            ExprKind::Attribute(node) => {
                let op = pick(node.ctx, Op::LOAD_ATTR, Op::STORE_ATTR, Op::DELETE_ATTR);
                if node.ctx == ExprContext::Store {
                    self.note_static_attribute(node);
                }
                self.at_attr(expr, |c| c.emit_name(op, node.attr));
                Ok(())
            }
            ExprKind::Call(node) => self.call(expr, node),
            ExprKind::Subscript(node) => {
                self.slice(&node.slice)?;
                self.emit(pick(node.ctx, Op::BINARY_SUBSCR, Op::STORE_SUBSCR, Op::DELETE_SUBSCR));
                Ok(())
            }
            ExprKind::BinOp(node) => {
                self.expr(&node.right)?;
                self.emit(binary(node.op));
                Ok(())
            }
            ExprKind::UnaryOp(node) => {
                self.emit(match node.op {
                    UnaryOperator::Invert => Op::UNARY_INVERT,
                    UnaryOperator::Not => Op::UNARY_NOT,
                    UnaryOperator::UAdd => Op::UNARY_POSITIVE,
                    UnaryOperator::USub => Op::UNARY_NEGATIVE,
                });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Runs with the place of an attribute access: where the chain of calls spans lines, today's
    /// tracebacks point at the line of the attribute's name.
    pub(super) fn at_attr(&mut self, expr: &Expr, run: impl FnOnce(&mut Self)) {
        let mut span = expr.span;
        if let ExprKind::Attribute(node) = &expr.kind
            && span.start.line != span.end.line
        {
            let len = self.names.name_bytes(node.attr).len() as u32;
            span.start.line = span.end.line;
            span.start.col = span.end.col.saturating_sub(len);
        }
        self.at(span, run);
    }

    /// What stands between the brackets of a subscript.
    pub(super) fn slice(&mut self, slice: &'a Expr) -> Result<()> {
        match &slice.kind {
            // 3.6 has no lines for slices of their own.
            ExprKind::Slice(node) => self.at(slice.span, |c| c.slice_parts(node)),
            ExprKind::Tuple(node)
                if !self.modern
                    && node.elts.iter().any(|elt| matches!(elt.kind, ExprKind::Slice(_))) =>
            {
                for elt in node.elts {
                    self.slice(elt)?;
                }
                self.emit_arg(Op::BUILD_TUPLE, node.elts.len())
            }
            _ => self.expr(slice),
        }
    }

    fn slice_parts(&mut self, node: &'a Slice) -> Result<()> {
        for part in [&node.lower, &node.upper] {
            match part {
                Some(part) => self.expr(part)?,
                None => self.load_none(),
            }
        }
        let mut n = 2;
        if let Some(step) = &node.step {
            self.expr(step)?;
            n = 3;
        }
        self.emit_arg(Op::BUILD_SLICE, n)
    }

    fn bool_op(&mut self, node: &'a BoolOp) -> Result<()> {
        let op = match node.op {
            BoolOperator::And => Op::JUMP_IF_FALSE_OR_POP,
            BoolOperator::Or => Op::JUMP_IF_TRUE_OR_POP,
        };
        let end = self.label();
        if let Some((last, others)) = node.values.split_last() {
            for value in others {
                self.expr(value)?;
                self.jump(op, end);
            }
            self.expr(last)?;
        }
        self.place(end);
        Ok(())
    }

    fn compare(&mut self, node: &'a Compare) -> Result<()> {
        self.check_compare(node);
        self.expr(&node.left)?;
        let pairs = || node.ops.iter().zip(node.comparators);
        let last = node.ops.len().saturating_sub(1);
        if last == 0 {
            for (op, right) in pairs() {
                self.expr(right)?;
                self.u.emit(Op::COMPARE_OP, comparison(*op));
            }
            return Ok(());
        }
        let cleanup = self.label();
        for (i, (op, right)) in pairs().enumerate() {
            self.expr(right)?;
            if i < last {
                self.emit(Op::DUP_TOP);
                self.emit(Op::ROT_THREE);
            }
            self.u.emit(Op::COMPARE_OP, comparison(*op));
            if i < last {
                self.jump(Op::JUMP_IF_FALSE_OR_POP, cleanup);
            }
        }
        let end = self.label();
        self.jump(Op::JUMP_FORWARD, end);
        self.place(cleanup);
        self.emit(Op::ROT_TWO);
        self.emit(Op::POP_TOP);
        self.place(end);
        Ok(())
    }

    fn formatted_value(&mut self, node: &'a FormattedValue) -> Result<()> {
        self.expr(&node.value)?;
        let mut flags = match node.conversion {
            Conversion::None => 0,
            Conversion::Str => 1,
            Conversion::Repr => 2,
            Conversion::Ascii => 3,
        };
        if let Some(spec) = &node.format_spec {
            self.expr(spec)?;
            flags |= 4;
        }
        self.u.emit(Op::FORMAT_VALUE, flags);
        Ok(())
    }

    fn joined_str(&mut self, node: &'a JoinedStr) -> Result<()> {
        if self.modern && node.values.is_empty() {
            self.load_str("");
            return Ok(());
        }
        self.exprs(node.values)?;
        if node.values.len() != 1 {
            self.emit_arg(Op::BUILD_STRING, node.values.len())?;
        }
        Ok(())
    }

    /// PEP 750: the strings between the interpolations are constants, one more of them.
    fn template(&mut self, node: &'a JoinedStr) -> Result<()> {
        use adder_bytecode::code::{Const, PyStrBuf};
        let mut strings = Vec::new();
        let mut text: Vec<u8> = Vec::new();
        let finish = |text: &mut Vec<u8>| {
            let done = PyStrBuf::from_wtf8(text).unwrap_or_else(|| PyStrBuf::from(""));
            text.clear();
            Const::Str(done)
        };
        for value in node.values {
            match &value.kind {
                ExprKind::Constant(Constant::Str { value, .. }) => {
                    text.extend_from_slice(self.names.text(*value));
                }
                _ => strings.push(finish(&mut text)),
            }
        }
        strings.push(finish(&mut text));
        let interpolations = strings.len() - 1;
        self.load_const(Const::Tuple(strings.into()));
        for value in node.values {
            if !matches!(value.kind, ExprKind::Constant(_)) {
                self.expr(value)?;
            }
        }
        self.emit_arg(Op::BUILD_TUPLE, interpolations)?;
        self.emit(Op::BUILD_TEMPLATE);
        Ok(())
    }

    fn interpolation(&mut self, node: &'a Interpolation) -> Result<()> {
        use adder_bytecode::code::Const;
        self.expr(&node.value)?;
        let text = self.str_const(node.text);
        self.load_const(Const::Str(text));
        let mut flags = match node.conversion {
            Conversion::None => 0,
            Conversion::Str => 2,
            Conversion::Repr => 4,
            Conversion::Ascii => 6,
        };
        if let Some(spec) = &node.format_spec {
            self.expr(spec)?;
            flags |= 1;
        }
        self.u.emit(Op::BUILD_INTERPOLATION, flags);
        Ok(())
    }
}

fn binary(op: Operator) -> Op {
    match op {
        Operator::Add => Op::BINARY_ADD,
        Operator::Sub => Op::BINARY_SUBTRACT,
        Operator::Mult => Op::BINARY_MULTIPLY,
        Operator::MatMult => Op::BINARY_MATRIX_MULTIPLY,
        Operator::Div => Op::BINARY_TRUE_DIVIDE,
        Operator::Mod => Op::BINARY_MODULO,
        Operator::Pow => Op::BINARY_POWER,
        Operator::LShift => Op::BINARY_LSHIFT,
        Operator::RShift => Op::BINARY_RSHIFT,
        Operator::BitOr => Op::BINARY_OR,
        Operator::BitXor => Op::BINARY_XOR,
        Operator::BitAnd => Op::BINARY_AND,
        Operator::FloorDiv => Op::BINARY_FLOOR_DIVIDE,
    }
}

fn comparison(op: CmpOp) -> u32 {
    match op {
        CmpOp::Eq => cmp::EQ,
        CmpOp::NotEq => cmp::NE,
        CmpOp::Lt => cmp::LT,
        CmpOp::LtE => cmp::LE,
        CmpOp::Gt => cmp::GT,
        CmpOp::GtE => cmp::GE,
        CmpOp::Is => cmp::IS,
        CmpOp::IsNot => cmp::IS_NOT,
        CmpOp::In => cmp::IN,
        CmpOp::NotIn => cmp::NOT_IN,
    }
}
