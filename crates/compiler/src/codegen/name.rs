//! Names: which instruction reads, binds or unbinds one (`compiler_nameop`).

use adder_bytecode::code::Const;
use adder_bytecode::opcode::Op;
use adder_syntax::Symbol;
use adder_syntax::ast::ExprContext;

use super::Compiler;
use crate::error::Result;
use crate::symtable::{Block, Meaning};

/// Where a name lives at run time.
enum Place {
    Fast,
    Global,
    Deref,
    Name,
}

impl Compiler<'_> {
    pub(super) fn load_name(&mut self, name: Symbol) -> Result<()> {
        self.name_op(name, ExprContext::Load)
    }

    pub(super) fn store_name(&mut self, name: Symbol) -> Result<()> {
        self.name_op(name, ExprContext::Store)
    }

    pub(super) fn mangle(&mut self, name: Symbol) -> Symbol {
        self.names.mangle(self.u.private.as_ref(), name)
    }

    pub(super) fn name_op(&mut self, name: Symbol, ctx: ExprContext) -> Result<()> {
        if name == self.names.known.debug {
            if ctx == ExprContext::Load {
                let value = if self.optimize == 0 { Const::True } else { Const::False };
                self.load_const(value);
                return Ok(());
            }
            // In 3.6 it can be deleted, or rather: the attempt compiles.
            if self.modern {
                let verb = if ctx == ExprContext::Store { "assign to" } else { "delete" };
                return self.error(format!("cannot {verb} __debug__"));
            }
        }
        let name = self.mangle(name);
        let scope = self.scope();
        let meaning = scope.meaning(name);
        let fast = scope.block.is_function_like();
        let place = match meaning {
            Meaning::Free | Meaning::Cell => Place::Deref,
            Meaning::Local if fast => Place::Fast,
            Meaning::GlobalImplicit if fast => Place::Global,
            Meaning::GlobalExplicit => Place::Global,
            _ => Place::Name,
        };
        match place {
            Place::Fast => {
                let index = self.u.varnames.add(name);
                let op = pick(ctx, Op::LOAD_FAST, Op::STORE_FAST, Op::DELETE_FAST);
                self.u.emit(op, index);
            }
            Place::Deref => {
                let mut load = Op::LOAD_DEREF;
                if scope.block == Block::Class {
                    load = Op::LOAD_CLASSDEREF;
                } else if scope.can_see_class_scope && ctx == ExprContext::Load {
                    // PEP 649, 695: an annotation scope looks in the class first.
                    self.load_classdict_for(name);
                    if name != self.names.known.classdict {
                        load = Op::LOAD_FROM_DICT_OR_DEREF;
                    }
                }
                let index = self.cell(name)?;
                self.u.emit(pick(ctx, load, Op::STORE_DEREF, Op::DELETE_DEREF), index);
            }
            Place::Global => {
                let index = self.u.names.add(name);
                let mut load = Op::LOAD_GLOBAL;
                if scope.can_see_class_scope
                    && meaning == Meaning::GlobalImplicit
                    && ctx == ExprContext::Load
                {
                    self.load_classdict_for(name);
                    load = Op::LOAD_FROM_DICT_OR_GLOBALS;
                }
                self.u.emit(pick(ctx, load, Op::STORE_GLOBAL, Op::DELETE_GLOBAL), index);
            }
            Place::Name => {
                let index = self.u.names.add(name);
                self.u.emit(pick(ctx, Op::LOAD_NAME, Op::STORE_NAME, Op::DELETE_NAME), index);
            }
        }
        Ok(())
    }

    fn load_classdict_for(&mut self, name: Symbol) {
        let classdict = self.names.known.classdict;
        if name != classdict
            && let Some(index) = self.u.cells.iter().position(|&cell| cell == classdict)
        {
            self.u.emit(Op::LOAD_DEREF, index as u32);
        }
    }

    /// The number of a name among `co_cellvars + co_freevars`. A class can have `__class__` in
    /// both: its own, and that of the class around it, which is what the name means to it.
    pub(super) fn cell(&mut self, name: Symbol) -> Result<u32> {
        let cells = &self.u.cells;
        let free = self.scope().meaning(name) == Meaning::Free;
        let from = if free { self.u.cellvar_count as usize } else { 0 };
        match cells[from..].iter().position(|&cell| cell == name) {
            Some(index) => Ok((from + index) as u32),
            None => self.error(format!("no cell for name '{}'", self.names.name(name))),
        }
    }

    /// The number of a cell that a class itself makes.
    pub(super) fn own_cell(&mut self, name: Symbol) -> Result<u32> {
        match self.u.cells.iter().position(|&cell| cell == name) {
            Some(index) => Ok(index as u32),
            None => self.error(format!("no cell for name '{}'", self.names.name(name))),
        }
    }

    /// An instruction with a (mangled) name as its argument.
    pub(super) fn emit_name(&mut self, op: Op, name: Symbol) {
        let name = self.mangle(name);
        self.emit_plain_name(op, name);
    }

    /// An instruction with a name as it stands.
    pub(super) fn emit_plain_name(&mut self, op: Op, name: Symbol) {
        let index = self.u.names.add(name);
        self.u.emit(op, index);
    }
}

pub(super) fn pick(ctx: ExprContext, load: Op, store: Op, delete: Op) -> Op {
    match ctx {
        ExprContext::Load => load,
        ExprContext::Store => store,
        ExprContext::Del => delete,
    }
}
