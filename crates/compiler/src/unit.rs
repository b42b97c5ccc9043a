//! One code object in the making: instructions with symbolic jumps, and the tables of constants
//! and names. `compiler_unit` and `basicblock` of CPython's `Python/compile.c`.
//!
//! Blocks are not linked records here: instructions lie in one list in their final order, and a
//! [`Label`] is a place in it. (CPython sorts its blocks into exactly this order.)

use adder_bytecode::code::{CodeObject, Const, PyStrBuf};
use adder_bytecode::opcode::Op;
use adder_syntax::Symbol;
use adder_syntax::ast::Span;
use hashbrown::{HashMap, HashTable};

use crate::hash::Build;
use crate::names::Private;
use crate::slots::{Guess, Slots};
use crate::stack_depth::Depth;
use crate::symtable::ScopeId;

/// A place to jump to, or the start of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Label(u32);

/// One instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instr {
    pub(crate) op: Op,
    /// The argument; the label's number for a jump.
    pub(crate) arg: u32,
    /// The line that starts here for the line table; 0 if none does.
    pub(crate) line: u32,
    pub(crate) span: Span,
}

/// What a unit is the code of (`COMPILER_SCOPE_*`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Module,
    Class,
    Function,
    AsyncFunction,
    Lambda,
    Comprehension,
    /// Annotation scopes (PEP 649, 695).
    Annotations,
    TypeParams,
}

/// What a statement lies in, for `break` and `continue` (`fblocktype`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FrameBlock {
    /// A loop, with its start and what lies behind it.
    Loop(Label, Label),
    Except,
    FinallyTry,
    FinallyEnd,
    /// An `except*` clause (PEP 654), which nothing may jump out of.
    ExceptStar,
}

/// Constants, each once. Where the slots do not know, few are searched by their hashes, many indexed.
#[derive(Default)]
pub(crate) struct Consts {
    list: Vec<Const>,
    hashes: Vec<u64>,
    slots: Slots,
    index: HashTable<u32>,
}

impl Consts {
    pub(crate) fn add(&mut self, value: Const, same: fn(&Const, &Const) -> bool) -> u32 {
        let hash = hash_const(&value);
        match self.find(hash, |known| same(known, &value)) {
            Some(i) => i,
            None => self.push(value, hash),
        }
    }

    /// Adds a string without making one if it is there.
    pub(crate) fn add_str(&mut self, text: &[u8], make: impl FnOnce() -> PyStrBuf) -> u32 {
        let hash = hash_str(text);
        let same = |known: &Const| matches!(known, Const::Str(known) if known.as_bytes() == text);
        match self.find(hash, same) {
            Some(i) => i,
            None => self.push(Const::Str(make()), hash),
        }
    }

    fn find(&self, hash: u64, same: impl Fn(&Const) -> bool) -> Option<u32> {
        let is_it = |i: usize| self.hashes[i] == hash && same(&self.list[i]);
        match self.slots.guess(hash as u32) {
            Guess::Absent => return None,
            Guess::At(i) if i < self.hashes.len() && is_it(i) => return Some(i as u32),
            Guess::At(_) => {}
        }
        if self.hashes.len() <= SEARCHED {
            (0..self.hashes.len()).find(|&i| is_it(i)).map(|i| i as u32)
        } else {
            self.index.find(hash, |&i| is_it(i as usize)).copied()
        }
    }

    fn push(&mut self, value: Const, hash: u64) -> u32 {
        let i = self.list.len() as u32;
        self.list.push(value);
        self.hashes.push(hash);
        self.slots.set(hash as u32, i as usize);
        let hashes = &self.hashes;
        let again = |&i: &u32| hashes[i as usize];
        if hashes.len() == SEARCHED + 1 {
            for (&hash, i) in hashes.iter().zip(0..) {
                self.index.insert_unique(hash, i, again);
            }
        } else if hashes.len() > SEARCHED {
            self.index.insert_unique(hash, i, again);
        }
        i
    }

    /// Keeps the place of a constant that is not yet made, and is not looked up.
    pub(crate) fn keep_place(&mut self) -> u32 {
        self.push(Const::None, 0)
    }

    /// The constants themselves, for the optimiser to add some: nothing is looked up any more.
    pub(crate) fn list(&mut self) -> &mut Vec<Const> {
        &mut self.list
    }

    pub(crate) fn take(&mut self) -> Box<[Const]> {
        self.index.clear();
        self.slots.clear();
        self.hashes.clear();
        self.list.drain(..).collect()
    }
}

fn hash_str(text: &[u8]) -> u64 {
    adder_syntax::hash_bytes(text)
}

fn hash_const(value: &Const) -> u64 {
    let kind = |kind: u64, hash: u64| hash ^ kind << 56;
    match value {
        Const::None => 0x1000_0000_0000_0001,
        Const::True => 0x2000_0000_0000_0002,
        Const::False => 0x3000_0000_0000_0003,
        Const::Ellipsis => 0x4000_0000_0000_0004,
        Const::Str(text) => hash_str(text.as_bytes()),
        Const::Bytes(bytes) => kind(2, adder_syntax::hash_bytes(bytes)),
        Const::Int(int) => kind(3, hash_word(int.low_u64())),
        Const::Float(value) => kind(4, hash_word(value.to_bits())),
        Const::Complex(real, imag) => {
            kind(5, hash_word(real.to_bits() ^ imag.to_bits().rotate_left(1)))
        }
        Const::Tuple(items) => kind(
            6,
            items
                .iter()
                .fold(0, |hash: u64, item| hash_word(hash.rotate_left(5) ^ hash_const(item))),
        ),
        Const::FrozenSet(items) => kind(7, hash_word(items.len() as u64)),
        // Only code that begins on the same line can be the same.
        Const::Code(code) => {
            kind(8, hash_word(u64::from(code.firstlineno) << 32 | code.code.len() as u64))
        }
    }
}

fn hash_word(word: u64) -> u64 {
    adder_syntax::hash_bytes(&word.to_le_bytes())
}

/// CPython's comparison of constants within one code object: by type and value, and code objects
/// by what they do. At level 3.14 the positions count, too.
pub(crate) fn same_36(a: &Const, b: &Const) -> bool {
    same(a, b, false)
}

/// See [`same_36`].
pub(crate) fn same_314(a: &Const, b: &Const) -> bool {
    same(a, b, true)
}

fn same(a: &Const, b: &Const, positions: bool) -> bool {
    match (a, b) {
        (Const::Code(a), Const::Code(b)) => same_code(a, b, positions),
        (Const::Float(a), Const::Float(b)) => a.to_bits() == b.to_bits() && !a.is_nan(),
        (a, b) => a.is_same(b),
    }
}

fn same_code(a: &CodeObject, b: &CodeObject, positions: bool) -> bool {
    a.name == b.name
        && a.argcount == b.argcount
        && a.posonlyargcount == b.posonlyargcount
        && a.kwonlyargcount == b.kwonlyargcount
        && a.flags == b.flags
        && a.firstlineno == b.firstlineno
        && a.code == b.code
        && a.consts.len() == b.consts.len()
        && a.consts.iter().zip(b.consts.iter()).all(|(a, b)| same(a, b, positions))
        && a.names == b.names
        && a.varnames == b.varnames
        && a.freevars == b.freevars
        && a.cellvars == b.cellvars
        && (!positions || (a.positions == b.positions && a.qualname == b.qualname))
}

/// Names with numbers in the order in which they are asked for.
#[derive(Default)]
pub(crate) struct NameTable {
    pub(crate) list: Vec<Symbol>,
    slots: Slots,
    index: HashMap<Symbol, u32, Build>,
    /// Names that are there again, and how often before: name, how often, number.
    again: Vec<(Symbol, usize, u32)>,
}

/// How many entries are searched where the slots do not know.
const SEARCHED: usize = 48;

impl NameTable {
    #[inline]
    pub(crate) fn get(&self, name: Symbol) -> Option<u32> {
        match self.slots.guess(name.0) {
            Guess::Absent => None,
            Guess::At(i) if self.list.get(i) == Some(&name) => Some(i as u32),
            Guess::At(_) => self.search(name),
        }
    }

    fn search(&self, name: Symbol) -> Option<u32> {
        if self.list.len() <= SEARCHED {
            self.list.iter().position(|&n| n == name).map(|i| i as u32)
        } else {
            self.index.get(&name).copied()
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.slots.clear();
        self.index.clear();
        self.again.clear();
    }

    #[inline]
    pub(crate) fn add(&mut self, name: Symbol) -> u32 {
        match self.get(name) {
            Some(i) => i,
            None => {
                let i = self.push(name);
                self.slots.set(name.0, i as usize);
                i
            }
        }
    }

    /// The number of a name that stands in the table `before` times already.
    pub(crate) fn add_again(&mut self, name: Symbol, before: usize) -> u32 {
        // The first one goes first: it is what a search by name finds.
        let first = self.add(name);
        if before == 0 {
            return first;
        }
        if let Some(known) = self.again.iter().find(|known| (known.0, known.1) == (name, before)) {
            return known.2;
        }
        let i = self.push(name);
        self.again.push((name, before, i));
        i
    }

    fn push(&mut self, name: Symbol) -> u32 {
        let i = self.list.len() as u32;
        self.list.push(name);
        if self.list.len() == SEARCHED + 1 {
            for (&name, i) in self.list.iter().zip(0..) {
                self.index.entry(name).or_insert(i);
            }
        } else if self.list.len() > SEARCHED {
            self.index.entry(name).or_insert(i);
        }
        i
    }
}

/// A code object in the making.
pub(crate) struct Unit {
    /// Which of a compilation's units it is.
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    /// The scope that names are looked up in: the unit's own, or an inlined comprehension's.
    pub(crate) scope: ScopeId,
    pub(crate) name: Symbol,
    pub(crate) qualname: PyStrBuf,
    /// The class whose private names are mangled here.
    pub(crate) private: Option<Private>,
    pub(crate) argcount: u32,
    pub(crate) posonlyargcount: u32,
    pub(crate) kwonlyargcount: u32,
    pub(crate) first_line: u32,
    pub(crate) extra_flags: u32,

    pub(crate) instrs: Vec<Instr>,
    /// Which of them jump or leave a loop, by their numbers, ascending.
    pub(crate) jumps: Vec<u32>,
    /// Where each label is, as an index into `instrs`; `u32::MAX` until it is placed.
    pub(crate) labels: Vec<u32>,
    pub(crate) depth: Depth,
    /// The current block holds a RETURN_VALUE (`b_return`).
    pub(crate) returned: bool,
    pub(crate) consts: Consts,
    pub(crate) names: NameTable,
    pub(crate) varnames: NameTable,
    /// `co_cellvars + co_freevars`.
    pub(crate) cells: Vec<Symbol>,
    pub(crate) cellvar_count: u32,
    pub(crate) frame_blocks: Vec<FrameBlock>,
    /// While an inlined comprehension is written: what unbinds its variables, and those of
    /// comprehensions inside it, if it fails.
    pub(crate) clean_up: Option<Vec<(Op, u32)>>,

    /// The line for the line table, and whether an instruction has taken it (level 3.6).
    pub(crate) line: u32,
    pub(crate) line_set: bool,
    /// The place in the source that instructions come from.
    pub(crate) span: Span,

    /// Annotations of variables met so far: number and text (level 3.14).
    pub(crate) static_attributes: NameTable,
    /// Number of the next conditional annotation.
    pub(crate) next_annotation: u32,
    /// Where the first statement of a module begins.
    pub(crate) body_start: usize,
    /// Inside control flow, directly in this class or module.
    pub(crate) conditional: u32,
}

impl Default for Unit {
    fn default() -> Self {
        Unit {
            number: 0,
            kind: Kind::Module,
            scope: 0,
            name: Symbol(0),
            qualname: PyStrBuf::default(),
            private: None,
            argcount: 0,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            first_line: 0,
            extra_flags: 0,
            instrs: Vec::new(),
            jumps: Vec::new(),
            labels: Vec::new(),
            depth: Depth::new(),
            returned: false,
            consts: Consts::default(),
            names: NameTable::default(),
            varnames: NameTable::default(),
            cells: Vec::new(),
            cellvar_count: 0,
            frame_blocks: Vec::new(),
            clean_up: None,
            line: 0,
            line_set: false,
            span: Span::default(),
            static_attributes: NameTable::default(),
            next_annotation: 0,
            body_start: 0,
            conditional: 0,
        }
    }
}

impl Unit {
    /// Begins this unit anew, whose constants were taken: it keeps only the room of its tables.
    pub(crate) fn renew(
        &mut self,
        kind: Kind,
        scope: ScopeId,
        name: Symbol,
        qualname: PyStrBuf,
        line: u32,
    ) {
        self.number = 0;
        self.kind = kind;
        self.scope = scope;
        self.name = name;
        self.qualname = qualname;
        self.private = None;
        (self.argcount, self.posonlyargcount, self.kwonlyargcount) = (0, 0, 0);
        self.first_line = line;
        self.extra_flags = 0;
        self.instrs.clear();
        self.jumps.clear();
        self.labels.clear();
        self.depth.renew();
        self.returned = false;
        self.names.clear();
        self.varnames.clear();
        self.cells.clear();
        self.cellvar_count = 0;
        self.frame_blocks.clear();
        self.clean_up = None;
        (self.line, self.line_set) = (0, false);
        self.span = Span::default();
        self.static_attributes.clear();
        self.next_annotation = 0;
        self.body_start = 0;
        self.conditional = 0;
    }

    pub(crate) fn label(&mut self) -> Label {
        self.labels.push(u32::MAX);
        self.depth.label();
        Label(self.labels.len() as u32 - 1)
    }

    /// Starts a block here (`compiler_use_next_block`).
    pub(crate) fn place(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.instrs.len() as u32;
        self.depth.place(label.0 as usize);
        self.returned = false;
    }

    /// Moves the instructions from `from` on (to which no label belongs, and none of which jumps) back
    /// to `to`.
    pub(crate) fn move_back(&mut self, from: usize, to: usize) {
        let moved = self.instrs.len() - from;
        self.instrs[to..].rotate_right(moved);
        let labels = self.labels.iter_mut().filter(|place| **place != u32::MAX);
        for place in labels.chain(&mut self.jumps) {
            if *place as usize >= to {
                *place += moved as u32;
            }
        }
    }

    /// Forgets the instructions from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.instrs.truncate(len);
        let kept = self.jumps.partition_point(|&at| (at as usize) < len);
        self.jumps.truncate(kept);
    }

    /// `break` out of a loop that ends at a label; level 3.14 still needs to know where that is.
    pub(crate) fn break_to(&mut self, end: Label, modern: bool) {
        self.jumps.push(self.instrs.len() as u32);
        self.emit(Op::BREAK_LOOP, if modern { end.0 } else { 0 });
    }

    /// Where a BREAK_LOOP goes to: an index.
    pub(crate) fn break_target(&self, instr: &Instr) -> Option<usize> {
        self.labels.get(instr.arg as usize).map(|&place| place as usize)
    }

    /// Not inlined: it is called in hundreds of places, and their code is to be small.
    #[inline(never)]
    pub(crate) fn emit(&mut self, op: Op, arg: u32) {
        match self.depth.effect(op, arg) {
            Some(effect) if self.instrs.len() < self.instrs.capacity() => {
                self.push(op, arg, effect);
            }
            _ => self.emit_rare(op, arg),
        }
    }

    /// The same where a table has to grow, or an effect to be reckoned.
    #[cold]
    #[inline(never)]
    fn emit_rare(&mut self, op: Op, arg: u32) {
        self.instrs.reserve(1);
        self.push(op, arg, op.stack_effect(arg) as i32);
    }

    #[inline(always)]
    fn push(&mut self, op: Op, arg: u32, effect: i32) {
        // At level 3.6 a line goes to the first instruction after it was set; at 3.14 every
        // instruction has the line of its place, and the line table shows where that changes.
        let line = if self.line_set { 0 } else { self.line };
        self.line_set = true;
        self.returned |= op == Op::RETURN_VALUE;
        self.depth.pass(effect);
        self.instrs.push(Instr { op, arg, line, span: self.span });
    }

    #[inline(never)]
    pub(crate) fn jump(&mut self, op: Op, to: Label) {
        self.jumps.push(self.instrs.len() as u32);
        self.emit(op, to.0);
        self.depth.jump(op, to.0 as usize);
    }
}
