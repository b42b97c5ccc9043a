//! Names: which instruction reads, binds or unbinds one (`compiler_nameop`).

use adder_bytecode::code::Const;
use adder_bytecode::opcode::Op;
use adder_syntax::Symbol;
use adder_syntax::ast::ExprContext;

use super::Compiler;
use crate::error::Result;
use crate::symtable::{Block, Entry, Meaning, Resolved, ScopeId, UNNUMBERED};
use crate::unit::Kind;

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
        let Resolved { scope: owner, meaning, entry } = self.table.resolve(self.u.scope, name);
        let fast = self.table.scope(owner).block.is_function_like();
        let place = match meaning {
            Meaning::Free | Meaning::Cell => Place::Deref,
            Meaning::Local if fast => Place::Fast,
            // In a module's comprehension names mean what they mean around it (PEP 709).
            Meaning::GlobalImplicit if scope.inlined && self.u.kind == Kind::Module => Place::Name,
            Meaning::GlobalImplicit if fast => Place::Global,
            Meaning::GlobalExplicit => Place::Global,
            _ => Place::Name,
        };
        match place {
            Place::Fast => {
                let index = numbered(entry, || self.fast_local(owner, name));
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
                let index = numbered(entry, || self.u.names.add(name));
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
                let index = numbered(entry, || self.u.names.add(name));
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

    /// The number of a local variable of a scope of this unit. Where an inlined comprehension has a
    /// variable of the same name as the function, or as a comprehension around it, both are there.
    pub(super) fn fast_local(&mut self, owner: ScopeId, name: Symbol) -> u32 {
        let shadowed = self.table.shadowed(owner, name, Meaning::Local);
        self.u.varnames.add_again(name, shadowed)
    }

    /// The number of a name among `co_cellvars + co_freevars`. A class can have `__class__` in
    /// both: its own, and that of the class around it, which is what the name means to it.
    pub(super) fn cell(&mut self, name: Symbol) -> Result<u32> {
        let Resolved { scope, meaning, .. } = self.table.resolve(self.u.scope, name);
        self.cell_of(scope, meaning, name)
    }

    /// The number of the cell for a name that means this in a scope of this unit.
    pub(super) fn cell_of(&self, owner: ScopeId, meaning: Meaning, name: Symbol) -> Result<u32> {
        let count = self.u.cellvar_count as usize;
        let (from, to, nth) = match meaning {
            Meaning::Free => (count, self.u.cells.len(), 0),
            _ => (0, count, self.table.shadowed(owner, name, Meaning::Cell)),
        };
        let mut places = (from..to).filter(|&at| self.u.cells[at] == name);
        match places.nth(nth) {
            Some(index) => Ok(index as u32),
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

/// The number of a name, looked for only once.
fn numbered(entry: Option<&Entry>, find: impl FnOnce() -> u32) -> u32 {
    let Some(entry) = entry else { return find() };
    if entry.number.get() == UNNUMBERED {
        entry.number.set(find());
    }
    entry.number.get()
}

pub(super) fn pick(ctx: ExprContext, load: Op, store: Op, delete: Op) -> Op {
    match ctx {
        ExprContext::Load => load,
        ExprContext::Store => store,
        ExprContext::Del => delete,
    }
}
