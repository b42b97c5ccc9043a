//! Symbol tables: which scopes a source has, and what each name means in each of them. CPython's
//! `Python/symtable.c` and `Include/symtable.h`.
//!
//! Two passes: `build` walks the tree and notes how each scope uses its names, `analyze` decides
//! from that which are local, global, free or cells. The code generator then asks by node.
//! Scopes are numbered as they are entered, so a parent comes before its children.

mod analyze;
mod build;
pub(crate) mod listing;

use std::cell::Cell;

use adder_syntax::Symbol;
use adder_syntax::ast::Span;
use hashbrown::HashMap;

use crate::slots::{Guess, Slots};

pub(crate) use analyze::analyze;
pub(crate) use build::build;

/// How a scope uses a name: bits of [`Entry::flags`], with CPython's numbers.
pub(crate) mod def {
    /// `global` statement.
    pub(crate) const GLOBAL: u16 = 1;
    /// Assigned in the scope.
    pub(crate) const LOCAL: u16 = 1 << 1;
    pub(crate) const PARAM: u16 = 1 << 2;
    pub(crate) const NONLOCAL: u16 = 1 << 3;
    /// Read in the scope.
    pub(crate) const USE: u16 = 1 << 4;
    /// In a class, bound or global there, and free for a scope inside as well.
    pub(crate) const FREE_CLASS: u16 = 1 << 6;
    pub(crate) const IMPORT: u16 = 1 << 7;
    pub(crate) const ANNOT: u16 = 1 << 8;
    /// Target of a comprehension's loop.
    pub(crate) const COMP_ITER: u16 = 1 << 9;
    pub(crate) const TYPE_PARAM: u16 = 1 << 10;
    /// A cell of a comprehension that runs in the scope's code (in listings only).
    pub(crate) const COMP_CELL: u16 = 1 << 11;
    pub(crate) const BOUND: u16 = LOCAL | PARAM | IMPORT | TYPE_PARAM;
}

/// What a name means in a scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Meaning {
    /// Not analysed, or a name the scope does not have.
    Unknown,
    Local,
    GlobalExplicit,
    GlobalImplicit,
    Free,
    Cell,
}

/// What a scope is (`ste_type`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Block {
    Module,
    Class,
    /// A function, lambda or comprehension.
    Function,
    /// The `__annotate__` function of a module, class or function (PEP 649).
    Annotation,
    /// The type parameters of a class, function or alias (PEP 695).
    TypeParams,
    /// The value of a `type` statement.
    TypeAlias,
    /// Bound, constraints or default of a type parameter.
    TypeVariable,
}

impl Block {
    /// Names bound in it are fast locals, and visible in the scopes inside.
    pub(crate) fn is_function_like(self) -> bool {
        !matches!(self, Block::Module | Block::Class)
    }
}

/// Which of the scopes that one node of the tree may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Role {
    /// Function, class, lambda, comprehension, value of an alias.
    Body,
    Annotations,
    TypeParams,
    Bound,
    Default,
}

/// Number of a scope.
pub(crate) type ScopeId = u32;

/// The module's scope.
pub(crate) const TOP: ScopeId = 0;

/// One name of a scope.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: Symbol,
    pub(crate) flags: u16,
    pub(crate) meaning: Meaning,
    /// Its number in the scope's code object, among `co_varnames` or `co_names` as its meaning is;
    /// [`UNNUMBERED`] before the code generator has come across it.
    pub(crate) number: Cell<u32>,
}

pub(crate) const UNNUMBERED: u32 = u32::MAX;

/// The names of a scope in the order they came up. Where the slots do not know, small ones are searched
/// and large ones indexed.
#[derive(Default, Debug)]
pub(crate) struct Symbols {
    entries: Vec<Entry>,
    slots: Slots,
    index: HashMap<Symbol, u32, crate::hash::Build>,
}

const SEARCHED: usize = 48;

impl Symbols {
    #[inline]
    fn position(&self, name: Symbol) -> Option<usize> {
        match self.slots.guess(name.0) {
            Guess::Absent => None,
            Guess::At(i) if self.entries.get(i).is_some_and(|entry| entry.name == name) => Some(i),
            Guess::At(_) => self.search(name),
        }
    }

    fn search(&self, name: Symbol) -> Option<usize> {
        if self.entries.len() <= SEARCHED {
            self.entries.iter().position(|entry| entry.name == name)
        } else {
            self.index.get(&name).map(|&i| i as usize)
        }
    }

    pub(crate) fn get(&self, name: Symbol) -> Option<&Entry> {
        self.position(name).map(|i| &self.entries[i])
    }

    /// The entry of a name, made if it is not there.
    #[inline]
    fn entry(&mut self, name: Symbol) -> &mut Entry {
        let i = match self.position(name) {
            Some(i) => i,
            None => self.push(name),
        };
        &mut self.entries[i]
    }

    fn push(&mut self, name: Symbol) -> usize {
        let (flags, meaning, number) = (0, Meaning::Unknown, Cell::new(UNNUMBERED));
        let i = self.entries.len();
        if i == 0 {
            self.entries.reserve(8);
        }
        self.entries.push(Entry { name, flags, meaning, number });
        self.slots.set(name.0, i);
        if i == SEARCHED {
            for (i, entry) in self.entries.iter().enumerate() {
                self.index.insert(entry.name, i as u32);
            }
        } else if i > SEARCHED {
            self.index.insert(name, i as u32);
        }
        i
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The parameters, in their order: nothing of a function comes up before them.
    pub(crate) fn params(&self) -> impl Iterator<Item = Symbol> {
        self.iter().filter(|entry| entry.flags & def::PARAM != 0).map(|entry| entry.name)
    }
}

/// One scope (`PySTEntryObject`).
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) block: Block,
    pub(crate) parent: ScopeId,
    pub(crate) symbols: Symbols,
    /// The name of its code object.
    name: Symbol,
    /// Where its text is.
    span: Span,
    /// Where names were declared `global` or `nonlocal`, for errors found later.
    directives: Vec<(Symbol, Span)>,
    /// Inside a function, at whatever distance.
    pub(crate) nested: bool,
    pub(crate) generator: bool,
    pub(crate) coroutine: bool,
    pub(crate) varargs: bool,
    pub(crate) varkeywords: bool,
    /// What errors call it, if it is a comprehension.
    pub(crate) comprehension: Option<&'static str>,
    /// A comprehension that runs in the code around it (PEP 709). It is a scope nevertheless: its
    /// variables are its own.
    pub(crate) inlined: bool,
    /// Variables of comprehensions inlined here that need cells; a name comes as often as it is
    /// in use at the same time.
    pub(crate) inlined_cells: Vec<Symbol>,
    /// Visiting the iterable of a comprehension in this scope (no `:=` there).
    comp_iter_expr: u32,
    /// Visiting the target of a comprehension's loop.
    comp_iter_target: bool,
    /// A class whose methods refer to `__class__` or `super`.
    pub(crate) needs_class_closure: bool,
    /// A class whose annotation scopes look names up in its namespace.
    pub(crate) needs_classdict: bool,
    /// An annotation scope directly in a class: the names of the class are visible.
    pub(crate) can_see_class_scope: bool,
    /// Has an annotation whose execution depends on control flow, or is a module.
    pub(crate) conditional_annotations: bool,
    /// The scope of the annotations of variables, if there are any.
    pub(crate) annotation_block: Option<ScopeId>,
    /// Inside `if`, `for`, `try` and the like, directly in a class or module.
    in_conditional: bool,
    /// A return with a value, for "'return' with value in async generator".
    returns_value: Option<Span>,
    /// Visiting an annotation that is never evaluated: its names are not used.
    unevaluated: bool,
}

impl Scope {
    fn new(block: Block, parent: ScopeId, name: Symbol, span: Span) -> Self {
        Scope {
            block,
            parent,
            symbols: Symbols::default(),
            name,
            span,
            directives: Vec::new(),
            nested: false,
            generator: false,
            coroutine: false,
            varargs: false,
            varkeywords: false,
            comprehension: None,
            inlined: false,
            inlined_cells: Vec::new(),
            comp_iter_expr: 0,
            comp_iter_target: false,
            needs_class_closure: false,
            needs_classdict: false,
            can_see_class_scope: false,
            conditional_annotations: false,
            annotation_block: None,
            in_conditional: false,
            returns_value: None,
            unevaluated: false,
        }
    }

    /// What a (mangled) name means here.
    pub(crate) fn meaning(&self, name: Symbol) -> Meaning {
        self.symbols.get(name).map_or(Meaning::Unknown, |entry| entry.meaning)
    }

    fn directive_span(&self, name: Symbol) -> Span {
        self.directives.iter().find(|(n, _)| *n == name).map(|&(_, span)| span).unwrap_or_default()
    }
}

/// What a name means, and by which scope.
pub(crate) struct Resolved<'t> {
    pub(crate) scope: ScopeId,
    pub(crate) meaning: Meaning,
    pub(crate) entry: Option<&'t Entry>,
}

/// All scopes of a source.
#[derive(Debug)]
pub(crate) struct SymbolTable {
    scopes: Vec<Scope>,
    by_node: HashMap<(usize, Role), ScopeId, crate::hash::Build>,
}

impl SymbolTable {
    pub(crate) fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id as usize]
    }

    /// The scope in whose code a scope runs: itself, but for comprehensions that are inlined.
    pub(crate) fn host(&self, mut id: ScopeId) -> ScopeId {
        while self.scope(id).inlined {
            id = self.scope(id).parent;
        }
        id
    }

    /// How many scopes around an inlined one, in the same code, bind a name in the same way as it:
    /// as fast locals or as cells. Their variables are not in use by this one's name.
    pub(crate) fn shadowed(&self, mut id: ScopeId, name: Symbol, meaning: Meaning) -> usize {
        let mut count = 0;
        while self.scope(id).inlined {
            id = self.scope(id).parent;
            let around = self.scope(id);
            let binds = around.block.is_function_like() && around.meaning(name) == meaning;
            count += usize::from(binds);
        }
        count
    }

    /// The scope of a code that decides what a name in one of its scopes means, and what it means:
    /// inlined comprehensions leave free names to what is around them.
    pub(crate) fn resolve(&self, mut id: ScopeId, name: Symbol) -> Resolved<'_> {
        loop {
            let scope = self.scope(id);
            let entry = scope.symbols.get(name);
            let meaning = entry.map_or(Meaning::Unknown, |entry| entry.meaning);
            if !scope.inlined || meaning != Meaning::Free {
                return Resolved { scope: id, meaning, entry };
            }
            id = scope.parent;
            // The names of a class are not visible in it: it only passes the cell on.
            if !self.scope(id).block.is_function_like() {
                return Resolved { scope: id, meaning, entry };
            }
        }
    }

    /// The scope that a node of the tree opens. The node is known by its address: the tree does
    /// not move while it is compiled.
    pub(crate) fn of_node<T>(&self, node: &T, role: Role) -> Option<ScopeId> {
        self.by_node.get(&(address(node), role)).copied()
    }
}

fn address<T>(node: &T) -> usize {
    std::ptr::from_ref(node) as usize
}
