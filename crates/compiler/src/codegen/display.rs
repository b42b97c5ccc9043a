//! Displays (`[...]`, `(...)`, `{...}`) and the unpacking of assignment targets.

use adder_bytecode::code::Const;
use adder_bytecode::opcode::Op;
use adder_syntax::ast::*;

use super::Compiler;
use crate::error::Result;

/// `BUILD_CONST_KEY_MAP` and `BUILD_MAP` take at most so many pairs at a time.
const MOST_PAIRS: usize = 0xffff;

impl<'a> Compiler<'a> {
    /// A list, tuple or set. `ops`: without a star; for the items between two stars; for the
    /// whole with stars.
    pub(super) fn display(&mut self, elts: &'a [Expr], ops: [Op; 3]) -> Result<()> {
        let [single, inner, joined] = ops;
        let mut parts = 0;
        let mut items = 0;
        for (i, elt) in elts.iter().enumerate() {
            match &elt.kind {
                ExprKind::Starred(starred) => {
                    if items > 0 {
                        self.emit_arg(inner, items)?;
                        items = 0;
                        parts += 1;
                    }
                    self.expr(&starred.value)?;
                    self.take_now(&elts[i + 1..], Op::BUILD_TUPLE_UNPACK);
                    parts += 1;
                }
                _ => {
                    self.expr(elt)?;
                    items += 1;
                }
            }
        }
        if parts == 0 {
            return self.emit_arg(single, items);
        }
        if items > 0 {
            self.emit_arg(inner, items)?;
            parts += 1;
        }
        self.emit_arg(joined, parts)
    }

    /// Since 3.9 an iterable is unpacked before what stands after it is evaluated; 3.6 unpacks
    /// all at the end. Where that could be told apart, the items are taken out at once.
    pub(super) fn take_now(&mut self, rest: &[Expr], op: Op) {
        let idle = |expr: &Expr| {
            matches!(expr.kind, ExprKind::Constant(_) | ExprKind::Name { .. } | ExprKind::Lambda(_))
        };
        if self.modern && !rest.iter().all(idle) {
            self.u.emit(op, 1);
        }
    }

    pub(super) fn unpack(&mut self, elts: &'a [Expr]) -> Result<()> {
        let mut starred = None;
        for (i, elt) in elts.iter().enumerate() {
            if matches!(elt.kind, ExprKind::Starred(_)) {
                if starred.is_some() {
                    let message = if self.modern {
                        "multiple starred expressions in assignment"
                    } else {
                        "two starred expressions in assignment"
                    };
                    return self.error(message);
                }
                let after = elts.len() - i - 1;
                if i >= 1 << 8 || after >= (i32::MAX >> 8) as usize {
                    return self.error("too many expressions in star-unpacking assignment");
                }
                starred = Some(i | after << 8);
            }
        }
        match starred {
            Some(arg) => self.emit_arg(Op::UNPACK_EX, arg)?,
            None => self.emit_arg(Op::UNPACK_SEQUENCE, elts.len())?,
        }
        for elt in elts {
            match &elt.kind {
                ExprKind::Starred(starred) => self.expr(&starred.value)?,
                _ => self.expr(elt)?,
            }
        }
        Ok(())
    }

    pub(super) fn dict(&mut self, node: &'a Dict) -> Result<()> {
        let mut parts = 0;
        let mut pairs = 0;
        let n = node.values.len();
        let mut unpacks = false;
        for (i, (key, value)) in node.keys.iter().zip(node.values).enumerate() {
            unpacks = key.is_none();
            if pairs == MOST_PAIRS || (pairs > 0 && unpacks) {
                self.sub_dict(node, i - pairs, i)?;
                parts += 1;
                pairs = 0;
            }
            if unpacks {
                self.expr(value)?;
                self.take_now(&node.values[i + 1..], Op::BUILD_MAP_UNPACK);
                parts += 1;
            } else {
                pairs += 1;
            }
        }
        if pairs > 0 || parts == 0 {
            self.sub_dict(node, n - pairs, n)?;
            parts += 1;
        }
        // A mapping alone is copied.
        if parts > 1 || unpacks {
            self.emit_arg(Op::BUILD_MAP_UNPACK, parts)?;
        }
        Ok(())
    }

    fn sub_dict(&mut self, node: &'a Dict, begin: usize, end: usize) -> Result<()> {
        let keys = &node.keys[begin..end];
        let values = &node.values[begin..end];
        let constants: Option<Vec<Const>> = if keys.len() > 1 {
            keys.iter().map(|key| key.as_ref().and_then(|key| self.const_value(key))).collect()
        } else {
            None
        };
        match constants {
            Some(keys) => {
                self.exprs(values)?;
                self.load_const(Const::Tuple(keys.into()));
                self.emit_arg(Op::BUILD_CONST_KEY_MAP, values.len())
            }
            _ => {
                for (key, value) in keys.iter().zip(values) {
                    if let Some(key) = key {
                        self.expr(key)?;
                    }
                    self.expr(value)?;
                }
                self.emit_arg(Op::BUILD_MAP, values.len())
            }
        }
    }
}
