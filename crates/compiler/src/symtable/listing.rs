//! Symbol tables as the module `symtable` shows them: what CPython's `Modules/symtablemodule.c` and the
//! `PySTEntryObject`s it hands out tell. A comprehension that runs in the code around it is not among the
//! scopes: its names and the scopes inside it are those of the scope around.

use adder_syntax::Symbol;

use super::{Block, Entry, Meaning, Scope, ScopeId, SymbolTable, TOP, def};
use crate::names::Names;

/// A scope and its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedScope {
    pub name: String,
    pub kind: ListedKind,
    pub line: u32,
    pub nested: bool,
    /// Names with how they are used (`DEF_*`) and what they mean, in CPython's bits.
    pub symbols: Vec<(String, u32)>,
    pub parameters: Vec<String>,
    /// The scopes in it, by their place in the list.
    pub children: Vec<usize>,
}

/// What a scope is, with CPython's numbers (`TYPE_*`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListedKind {
    Function,
    Class,
    Module,
    Annotation,
    TypeAlias,
    TypeParameters,
    TypeVariable,
}

/// Where the meaning of a name stands among its bits.
const SCOPE_OFFSET: u32 = 12;

/// The scopes of an analysed table; one that lies in another comes after it.
pub(crate) fn list(mut table: SymbolTable, names: &Names) -> Vec<ListedScope> {
    let children = children(&table);
    for id in (TOP..table.scopes.len() as ScopeId).rev() {
        take_in(&mut table, id, &children[id as usize]);
        mark_passed(&mut table, names, id, &children[id as usize]);
    }
    let mut places = vec![0; table.scopes.len()];
    let mut next = 0;
    for (place, scope) in places.iter_mut().zip(&table.scopes) {
        *place = next;
        next += usize::from(!scope.inlined);
    }
    let shown = (TOP..).zip(&table.scopes).filter(|(_, scope)| !scope.inlined);
    shown
        .map(|(id, scope)| {
            let inside = visible(&table, &children, id);
            let children = inside.into_iter().map(|child| places[child as usize]).collect();
            show(scope, names, children)
        })
        .collect()
}

/// For each scope those directly in it. The scope of annotations that came up one after the other is
/// entered once, so what lies in a scope need not follow it at once.
fn children(table: &SymbolTable) -> Vec<Vec<ScopeId>> {
    let mut children = vec![Vec::new(); table.scopes.len()];
    for (id, scope) in (TOP..).zip(&table.scopes).skip(1) {
        children[scope.parent as usize].push(id);
    }
    children
}

/// The scopes in a scope, with those of comprehensions that run in its code instead of these.
fn visible(table: &SymbolTable, children: &[Vec<ScopeId>], id: ScopeId) -> Vec<ScopeId> {
    let mut out = Vec::new();
    let mut waiting: Vec<ScopeId> = children[id as usize].iter().rev().copied().collect();
    while let Some(child) = waiting.pop() {
        if table.scope(child).inlined {
            waiting.extend(children[child as usize].iter().rev());
        } else {
            out.push(child);
        }
    }
    out
}

/// Takes the names of comprehensions that run in a scope's code into the scope. A name it uses itself
/// stays what it is, but for the cells.
fn take_in(table: &mut SymbolTable, id: ScopeId, children: &[ScopeId]) {
    let mut cells = Vec::new();
    for &child in children {
        if !table.scope(child).inlined {
            continue;
        }
        let inner = &table.scopes[child as usize].symbols.entries;
        let inner: Vec<_> = inner.iter().map(|e| (e.name, e.flags, e.meaning)).collect();
        for (name, mut flags, meaning) in inner {
            if flags & def::PARAM != 0 {
                continue;
            }
            if meaning == Meaning::Cell {
                flags |= def::COMP_CELL;
                cells.push(name);
            }
            let entry = table.scopes[id as usize].symbols.entry(name);
            if entry.flags == 0 {
                (entry.flags, entry.meaning) = (flags, meaning);
            }
        }
    }
    let scope = &mut table.scopes[id as usize];
    let fast = scope.block.is_function_like();
    for name in cells {
        let entry = scope.symbols.entry(name);
        entry.flags |= def::COMP_CELL;
        if fast && entry.meaning == Meaning::Local {
            entry.meaning = Meaning::Cell;
        }
    }
}

/// Marks the names of a class, or of a scope that sees a class, that scopes inside take from farther out.
fn mark_passed(table: &mut SymbolTable, names: &Names, id: ScopeId, children: &[ScopeId]) {
    let scope = table.scope(id);
    if scope.block != Block::Class && !scope.can_see_class_scope {
        return;
    }
    let known = &names.known;
    let own = [known.class_, known.classdict, known.conditional_annotations];
    let class = scope.block == Block::Class;
    let free = |e: &&Entry| e.meaning == Meaning::Free || e.flags & def::FREE_CLASS != 0;
    let passed: Vec<Symbol> = children
        .iter()
        .flat_map(|&child| table.scope(child).symbols.iter().filter(free))
        .map(|entry| entry.name)
        .filter(|name| !(class && own.contains(name)))
        .collect();
    let symbols = &mut table.scopes[id as usize].symbols;
    for name in passed {
        // What the scope owns does not go farther out; a class owns nothing here.
        let passes = |entry: &Entry| entry.flags != 0 && (class || entry.meaning != Meaning::Cell);
        if symbols.get(name).is_some_and(passes) {
            symbols.entry(name).flags |= def::FREE_CLASS;
        }
    }
}

fn show(scope: &Scope, names: &Names, children: Vec<usize>) -> ListedScope {
    let text = names.name(scope.name);
    let name = match scope.block {
        Block::Module => "top",
        _ => text.trim_start_matches('<').trim_end_matches('>'),
    };
    // What scopes inside only pass through it came last.
    let (own, passed): (Vec<&Entry>, Vec<&Entry>) =
        scope.symbols.iter().partition(|e| e.flags != 0);
    let symbol = |entry: &Entry| {
        let bits = u32::from(entry.flags) | number(entry.meaning) << SCOPE_OFFSET;
        (names.name(entry.name).to_owned(), bits)
    };
    ListedScope {
        name: name.to_owned(),
        kind: kind(scope.block),
        line: scope.span.start.line,
        nested: scope.nested,
        symbols: own.into_iter().chain(passed).map(symbol).collect(),
        parameters: scope.symbols.params().map(|name| names.name(name).to_owned()).collect(),
        children,
    }
}

fn kind(block: Block) -> ListedKind {
    match block {
        Block::Module => ListedKind::Module,
        Block::Class => ListedKind::Class,
        Block::Function => ListedKind::Function,
        Block::Annotation => ListedKind::Annotation,
        Block::TypeParams => ListedKind::TypeParameters,
        Block::TypeAlias => ListedKind::TypeAlias,
        Block::TypeVariable => ListedKind::TypeVariable,
    }
}

/// CPython's number of a meaning.
fn number(meaning: Meaning) -> u32 {
    match meaning {
        Meaning::Unknown => 0,
        Meaning::Local => 1,
        Meaning::GlobalExplicit => 2,
        Meaning::GlobalImplicit => 3,
        Meaning::Free => 4,
        Meaning::Cell => 5,
    }
}

#[cfg(test)]
mod tests {
    use adder_syntax::{Level, Options as Parsing, parse_module};

    use super::*;

    fn listed(source: &str) -> Vec<ListedScope> {
        let arena = adder_syntax::Arena::new();
        let parsed = parse_module(source.as_bytes(), Parsing::new(Level::Py314), &arena).unwrap();
        crate::symbol_table(parsed, &crate::Options::new(Level::Py314, "f")).unwrap()
    }

    fn bits(scope: &ListedScope, name: &str) -> u32 {
        scope.symbols.iter().find(|(n, _)| n == name).map_or(0, |&(_, bits)| bits)
    }

    #[test]
    fn names_of_inlined_comprehensions_are_those_around() {
        let all = listed("def f():\n return [lambda: i for i in x]");
        let names: Vec<&str> = all.iter().map(|scope| &*scope.name).collect();
        assert_eq!(names, ["top", "__annotate__", "f", "lambda"]);
        assert_eq!((bits(&all[2], "i"), bits(&all[2], "x")), (0x5A02, 0x3010));
        assert_eq!((&*all[0].children, &*all[2].children), (&[1, 2][..], &[3][..]));
    }

    #[test]
    fn a_class_marks_what_it_only_passes_on() {
        let all = listed("def f(x):\n class C:\n  x = 1\n  def m(self): return x");
        let class = all.iter().find(|scope| scope.kind == ListedKind::Class).unwrap();
        assert_eq!(bits(class, "x"), 0x1042);
    }
}
