//! The `match` statement (PEP 634).
//!
//! A pattern consumes the subject on top of the stack. Values to be captured are not bound until
//! the whole pattern has matched: they sink to the bottom of what the pattern keeps on the stack,
//! the first captured on top of those captured later. Where a pattern fails, all that has to go:
//! there is a ladder of labels, and `fail[n]` drops `n` items.

use adder_bytecode::code::Const;
use adder_bytecode::opcode::{Intrinsic2, Op, cmp};
use adder_bytecode::repr::{const_repr, printable};
use adder_syntax::Symbol;
use adder_syntax::ast::*;

use super::Compiler;
use crate::error::{Result, error};
use crate::fold::{self, Distinct};
use crate::unit::Label;

/// The state of compiling one pattern (`pattern_context`).
#[derive(Default)]
struct Context {
    /// Names captured so far, the first on top.
    stores: Vec<Symbol>,
    /// A pattern that always matches may stand here.
    allow_irrefutable: bool,
    /// The ladder.
    fail: Vec<Label>,
    /// Items on the stack above the captured values that later parts still need.
    on_top: usize,
}

fn is_wildcard(pattern: &Pattern) -> bool {
    matches!(&pattern.kind, PatternKind::MatchAs(node) if node.name.is_none() && node.pattern.is_none())
}

impl<'a> Compiler<'a> {
    pub(super) fn match_(&mut self, node: &'a Match) -> Result<()> {
        self.expr(&node.subject)?;
        let end = self.label();
        let cases = &node.cases;
        // A last `case _` needs no test.
        let default = cases.last().filter(|case| cases.len() > 1 && is_wildcard(&case.pattern));
        let tested = cases.len() - usize::from(default.is_some());
        for (i, case) in cases[..tested].iter().enumerate() {
            let last = i + 1 == tested;
            self.u.span = case.pattern.span;
            if !last {
                self.emit(Op::DUP_TOP);
            }
            let mut context = Context {
                allow_irrefutable: case.guard.is_some() || i + 1 == cases.len(),
                ..Context::default()
            };
            self.pattern(&case.pattern, &mut context)?;
            for name in std::mem::take(&mut context.stores) {
                self.store_name(name)?;
            }
            if let Some(guard) = &case.guard {
                let fail = self.fail(&mut context, 0);
                self.expr(guard)?;
                self.jump(Op::POP_JUMP_IF_FALSE, fail);
            }
            if !last {
                self.emit(Op::POP_TOP);
            }
            self.conditional(&case.body)?;
            self.nowhere(|c| {
                c.jump(Op::JUMP_FORWARD, end);
                c.place_ladder(&mut context);
            });
        }
        if let Some(case) = default {
            self.at(case.pattern.span, Self::line_alone);
            if let Some(guard) = &case.guard {
                self.expr(guard)?;
                self.jump(Op::POP_JUMP_IF_FALSE, end);
            }
            self.conditional(&case.body)?;
        }
        self.place(end);
        Ok(())
    }

    /// The label that drops `n` items and fails.
    fn fail(&mut self, context: &mut Context, n: usize) -> Label {
        while context.fail.len() <= n {
            let label = self.label();
            context.fail.push(label);
        }
        context.fail[n]
    }

    fn jump_to_fail(&mut self, context: &mut Context, op: Op) {
        let label = self.fail(context, context.on_top + context.stores.len());
        self.jump(op, label);
    }

    /// Here control arrives after a failure, with nothing of the pattern on the stack.
    fn place_ladder(&mut self, context: &mut Context) {
        let mut rungs = std::mem::take(&mut context.fail).into_iter().rev().peekable();
        while let Some(label) = rungs.next() {
            self.place(label);
            if rungs.peek().is_some() {
                self.emit(Op::POP_TOP);
            }
        }
    }

    fn rotate(&mut self, n: usize) -> Result<()> {
        match n {
            0 | 1 => {}
            2 => self.emit(Op::ROT_TWO),
            3 => self.emit(Op::ROT_THREE),
            n => self.emit_arg(Op::ROT_N, n)?,
        }
        Ok(())
    }

    /// Keeps the top item for a name, or drops it.
    fn capture(&mut self, name: Option<Symbol>, context: &mut Context) -> Result<()> {
        let Some(name) = name else {
            self.emit(Op::POP_TOP);
            return Ok(());
        };
        self.rotate(context.on_top + context.stores.len() + 1)?;
        self.captured(name, context)
    }

    fn captured(&mut self, name: Symbol, context: &mut Context) -> Result<()> {
        if context.stores.contains(&name) {
            let text = self.names.name(name);
            return self.error(format!("multiple assignments to name '{text}' in pattern"));
        }
        context.stores.push(name);
        Ok(())
    }

    fn pattern(&mut self, pattern: &'a Pattern, context: &mut Context) -> Result<()> {
        self.depth.enter()?;
        let outer = std::mem::replace(&mut self.u.span, pattern.span);
        match &pattern.kind {
            PatternKind::MatchValue(value) => {
                if let ExprKind::JoinedStr(_) | ExprKind::TemplateStr(_) = value.kind {
                    let message = "patterns may only match literals and attribute lookups";
                    return self.error(message);
                }
                self.expr(value)?;
                self.u.emit(Op::COMPARE_OP, cmp::EQ);
                self.jump_to_fail(context, Op::POP_JUMP_IF_FALSE);
            }
            PatternKind::MatchSingleton(value) => {
                self.load_constant(value);
                self.u.emit(Op::COMPARE_OP, cmp::IS);
                self.jump_to_fail(context, Op::POP_JUMP_IF_FALSE);
            }
            PatternKind::MatchSequence(patterns) => self.sequence_pattern(patterns, context)?,
            PatternKind::MatchMapping(node) => self.mapping_pattern(node, context)?,
            PatternKind::MatchClass(node) => self.class_pattern(node, context)?,
            PatternKind::MatchStar(name) => self.capture(*name, context)?,
            PatternKind::MatchAs(node) => self.as_pattern(node, context)?,
            PatternKind::MatchOr(patterns) => self.or_pattern(patterns, context)?,
        }
        self.u.span = outer;
        self.depth.leave();
        Ok(())
    }

    /// A pattern inside another one may always match.
    fn sub_pattern(&mut self, pattern: &'a Pattern, context: &mut Context) -> Result<()> {
        let outer = std::mem::replace(&mut context.allow_irrefutable, true);
        self.pattern(pattern, context)?;
        context.allow_irrefutable = outer;
        Ok(())
    }

    fn as_pattern(&mut self, node: &'a MatchAs, context: &mut Context) -> Result<()> {
        let Some(pattern) = &node.pattern else {
            if !context.allow_irrefutable {
                return match node.name {
                    Some(name) => {
                        let text = self.names.name(name);
                        self.error(format!(
                            "name capture '{text}' makes remaining patterns unreachable"
                        ))
                    }
                    None => self.error("wildcard makes remaining patterns unreachable"),
                };
            }
            return self.capture(node.name, context);
        };
        context.on_top += 1;
        self.emit(Op::DUP_TOP);
        self.pattern(pattern, context)?;
        context.on_top -= 1;
        self.capture(node.name, context)
    }

    fn sequence_pattern(&mut self, patterns: &'a [Pattern], context: &mut Context) -> Result<()> {
        let star_at = |pattern: &Pattern| matches!(pattern.kind, PatternKind::MatchStar(_));
        let star = patterns.iter().position(star_at);
        if patterns.iter().filter(|pattern| star_at(pattern)).count() > 1 {
            return self.error("multiple starred names in sequence pattern");
        }
        let star_wild =
            patterns.iter().any(|pattern| matches!(pattern.kind, PatternKind::MatchStar(None)));
        let only_wild = patterns.iter().all(|pattern| {
            is_wildcard(pattern) || matches!(pattern.kind, PatternKind::MatchStar(None))
        });
        context.on_top += 1;
        self.emit(Op::MATCH_SEQUENCE);
        self.jump_to_fail(context, Op::POP_JUMP_IF_FALSE);
        let (least, compare) = match star {
            Some(_) => (patterns.len() - 1, cmp::GE),
            None => (patterns.len(), cmp::EQ),
        };
        if star.is_none() || least > 0 {
            self.check_length(least, compare, context);
        }
        context.on_top -= 1;
        match star {
            _ if only_wild => self.emit(Op::POP_TOP),
            Some(star) if star_wild => self.index_sequence(patterns, star, context)?,
            _ => self.unpack_sequence(patterns, star, context)?,
        }
        Ok(())
    }

    fn check_length(&mut self, length: usize, compare: u32, context: &mut Context) {
        self.emit(Op::GET_LEN);
        self.load_int(length as i64);
        self.u.emit(Op::COMPARE_OP, compare);
        self.jump_to_fail(context, Op::POP_JUMP_IF_FALSE);
    }

    fn unpack_sequence(
        &mut self,
        patterns: &'a [Pattern],
        star: Option<usize>,
        context: &mut Context,
    ) -> Result<()> {
        match star {
            Some(star) => {
                let after = patterns.len() - star - 1;
                if star >= 1 << 8 || after >= (i32::MAX >> 8) as usize {
                    return self.error("too many expressions in star-unpacking sequence pattern");
                }
                self.emit_arg(Op::UNPACK_EX, star | after << 8)?;
            }
            None => self.emit_arg(Op::UNPACK_SEQUENCE, patterns.len())?,
        }
        context.on_top += patterns.len();
        for pattern in patterns {
            context.on_top -= 1;
            self.sub_pattern(pattern, context)?;
        }
        Ok(())
    }

    /// With `*_` the items that count are fetched one by one, and the rest is not touched.
    fn index_sequence(
        &mut self,
        patterns: &'a [Pattern],
        star: usize,
        context: &mut Context,
    ) -> Result<()> {
        context.on_top += 1;
        for (i, pattern) in patterns.iter().enumerate() {
            if i == star || is_wildcard(pattern) {
                continue;
            }
            self.emit(Op::DUP_TOP);
            if i < star {
                self.load_int(i as i64);
            } else {
                // A sequence need not know negative indices.
                self.emit(Op::GET_LEN);
                self.load_int((patterns.len() - i) as i64);
                self.emit(Op::BINARY_SUBTRACT);
            }
            self.emit(Op::BINARY_SUBSCR);
            self.sub_pattern(pattern, context)?;
        }
        context.on_top -= 1;
        self.emit(Op::POP_TOP);
        Ok(())
    }

    fn mapping_pattern(&mut self, node: &'a MatchMapping, context: &mut Context) -> Result<()> {
        let size = node.keys.len();
        context.on_top += 1;
        self.emit(Op::MATCH_MAPPING);
        self.jump_to_fail(context, Op::POP_JUMP_IF_FALSE);
        if size == 0 && node.rest.is_none() {
            context.on_top -= 1;
            self.emit(Op::POP_TOP);
            return Ok(());
        }
        if size > 0 {
            self.check_length(size, cmp::GE, context);
        }
        self.check_keys(&node.keys)?;
        self.exprs(&node.keys)?;
        self.emit_arg(Op::BUILD_TUPLE, size)?;
        self.emit(Op::MATCH_KEYS);
        // subject keys values
        context.on_top += 2;
        self.emit(Op::DUP_TOP);
        self.load_none();
        self.u.emit(Op::COMPARE_OP, cmp::IS_NOT);
        self.jump_to_fail(context, Op::POP_JUMP_IF_FALSE);
        self.emit_arg(Op::UNPACK_SEQUENCE, size)?;
        context.on_top -= 1;
        context.on_top += size;
        for pattern in node.patterns {
            context.on_top -= 1;
            self.sub_pattern(pattern, context)?;
        }
        context.on_top -= 2;
        match node.rest {
            Some(rest) => {
                self.u.emit(Op::CALL_INTRINSIC_2, Intrinsic2::MappingRest as u32);
                self.capture(Some(rest), context)
            }
            None => {
                self.emit(Op::POP_TOP);
                self.emit(Op::POP_TOP);
                Ok(())
            }
        }
    }

    /// A constant key may stand only once.
    fn check_keys(&mut self, keys: &[Expr]) -> Result<()> {
        let mut seen = Distinct::default();
        for key in keys {
            match &key.kind {
                ExprKind::Attribute(_) => {}
                ExprKind::Constant(_) | ExprKind::UnaryOp(_) | ExprKind::BinOp(_) => {
                    let Some(value) = self.number(key) else { continue };
                    if !seen.insert(value.clone()) {
                        let text = const_repr(&value, printable);
                        return self
                            .error(format!("mapping pattern checks duplicate key ({text})"));
                    }
                }
                _ => {
                    let message =
                        "mapping pattern keys may only match literals and attribute lookups";
                    return error(message, key.span);
                }
            }
        }
        Ok(())
    }

    /// The value of a literal: numbers may have a sign, and an imaginary part.
    fn number(&mut self, expr: &Expr) -> Option<Const> {
        match &expr.kind {
            ExprKind::Constant(value) => Some(self.constant(value)),
            ExprKind::UnaryOp(node) if matches!(node.op, UnaryOperator::USub) => {
                fold::unary(Op::UNARY_NEGATIVE, &self.number(&node.operand)?)
            }
            ExprKind::BinOp(node) => {
                let op = match node.op {
                    Operator::Add => Op::BINARY_ADD,
                    Operator::Sub => Op::BINARY_SUBTRACT,
                    _ => return None,
                };
                fold::binary(op, &self.number(&node.left)?, &self.number(&node.right)?, true)
            }
            _ => None,
        }
    }

    fn class_pattern(&mut self, node: &'a MatchClass, context: &mut Context) -> Result<()> {
        for (i, &name) in node.kwd_attrs.iter().enumerate() {
            if node.kwd_attrs[..i].contains(&name) {
                let text = self.names.name(name);
                let message = format!("attribute name repeated in class pattern: {text}");
                let span = node.kwd_patterns.get(i).map_or(self.u.span, |pattern| pattern.span);
                return error(message, span);
            }
        }
        self.expr(&node.cls)?;
        let names = self.names_tuple(&node.kwd_attrs);
        self.load_const(names);
        self.emit_arg(Op::MATCH_CLASS, node.patterns.len())?;
        context.on_top += 1;
        self.emit(Op::DUP_TOP);
        self.load_none();
        self.u.emit(Op::COMPARE_OP, cmp::IS_NOT);
        self.jump_to_fail(context, Op::POP_JUMP_IF_FALSE);
        let size = node.patterns.len() + node.kwd_patterns.len();
        self.emit_arg(Op::UNPACK_SEQUENCE, size)?;
        context.on_top -= 1;
        context.on_top += size;
        for pattern in node.patterns.iter().chain(node.kwd_patterns) {
            context.on_top -= 1;
            if is_wildcard(pattern) {
                self.emit(Op::POP_TOP);
            } else {
                self.sub_pattern(pattern, context)?;
            }
        }
        Ok(())
    }

    /// Alternatives each try a copy of the subject; all capture the same names, and bring them
    /// into the order of the first.
    fn or_pattern(&mut self, patterns: &'a [Pattern], context: &mut Context) -> Result<()> {
        let end = self.label();
        let span = self.u.span;
        let mut order: Option<Vec<Symbol>> = None;
        for (i, pattern) in patterns.iter().enumerate() {
            let mut own = Context {
                allow_irrefutable: context.allow_irrefutable && i + 1 == patterns.len(),
                ..Context::default()
            };
            self.u.span = pattern.span;
            self.emit(Op::DUP_TOP);
            self.pattern(pattern, &mut own)?;
            self.u.span = span;
            match &order {
                None => order = Some(own.stores.clone()),
                Some(order) => self.reorder(order, &mut own.stores)?,
            }
            self.jump(Op::JUMP_FORWARD, end);
            self.place_ladder(&mut own);
        }
        // None matched: the subject goes, too.
        self.emit(Op::POP_TOP);
        self.jump_to_fail(context, Op::JUMP_FORWARD);
        self.place(end);
        let order = order.unwrap_or_default();
        // The captured values lie on top of the subject; they sink to their place.
        let distance = order.len() + 1 + context.on_top + context.stores.len();
        for name in order {
            self.rotate(distance)?;
            self.captured(name, context)?;
        }
        self.emit(Op::POP_TOP);
        Ok(())
    }

    /// Brings the captured values, and the list of their names, into the given order.
    fn reorder(&mut self, order: &[Symbol], stores: &mut [Symbol]) -> Result<()> {
        const DIFFERENT: &str = "alternative patterns bind different names";
        if order.len() != stores.len() {
            return self.error(DIFFERENT);
        }
        for wanted in (0..order.len()).rev() {
            let Some(found) = stores.iter().position(|name| *name == order[wanted]) else {
                return self.error(DIFFERENT);
            };
            if found == wanted {
                continue;
            }
            // The first `found + 1` go below the others up to `wanted`.
            stores[..=wanted].rotate_left(found + 1);
            for _ in 0..=found {
                self.rotate(wanted + 1)?;
            }
        }
        Ok(())
    }
}
