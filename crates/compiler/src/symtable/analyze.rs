//! Second pass: what each name means. CPython carries sets of bound, global and free names down
//! and up the tree of scopes; here each name that a scope does not bind is looked for in the
//! scopes around it, which comes to the same and copies nothing.

use adder_syntax::Symbol;

use super::{Block, Entry, Meaning, ScopeId, SymbolTable, TOP, def};
use crate::error::{Result, error};
use crate::names::Names;

/// What the scopes around say of a name.
enum Outer {
    /// The scope that binds it.
    Bound(ScopeId),
    Global,
}

/// Decides the meaning of all names of all scopes; `listing` leaves out what only code is made of.
pub(crate) fn analyze(table: &mut SymbolTable, names: &Names, listing: bool) -> Result<()> {
    for id in 0..table.scopes.len() as ScopeId {
        let mut i = 0;
        while let Some(entry) = table.scopes[id as usize].symbols.entries.get(i) {
            let (name, flags) = (entry.name, entry.flags);
            let meaning = decide(table, names, id, name, flags)?;
            table.scopes[id as usize].symbols.entries[i].meaning = meaning;
            i += 1;
        }
    }
    if listing {
        return Ok(());
    }
    let inlined: Vec<ScopeId> =
        (0..table.scopes.len() as ScopeId).filter(|&id| table.scope(id).inlined).collect();
    // What an inner scope changes in an outer one concerns its other inner ones, too.
    for _ in 0..2 {
        inlined.iter().for_each(|&id| agree(table, id));
    }
    inlined.iter().for_each(|&id| find_cells(table, id));
    Ok(())
}

/// Where scopes of one code bind the same name, all do it in cells if one does: a name is either a
/// fast local of a code or a cell.
fn agree(table: &mut SymbolTable, id: ScopeId) {
    for i in 0..table.scope(id).symbols.entries.len() {
        let Entry { name, meaning, .. } = table.scope(id).symbols.entries[i];
        let other = match meaning {
            Meaning::Local => Meaning::Cell,
            Meaning::Cell => Meaning::Local,
            _ => continue,
        };
        if table.shadowed(id, name, other) == 0 {
            continue;
        }
        let mut at = id;
        loop {
            let scope = &mut table.scopes[at as usize];
            if scope.meaning(name) == Meaning::Local && scope.block.is_function_like() {
                scope.symbols.entry(name).meaning = Meaning::Cell;
            }
            if !scope.inlined {
                break;
            }
            at = scope.parent;
        }
    }
}

/// Tells the code around an inlined comprehension which cells it needs.
fn find_cells(table: &mut SymbolTable, id: ScopeId) {
    let host = table.host(id);
    for i in 0..table.scope(id).symbols.entries.len() {
        let Entry { name, meaning, .. } = table.scope(id).symbols.entries[i];
        if meaning != Meaning::Cell {
            continue;
        }
        let wanted = table.shadowed(id, name, Meaning::Cell) + 1;
        let around = table.scope(host);
        let own = around.block.is_function_like() && around.meaning(name) == Meaning::Cell;
        let has = usize::from(own) + around.inlined_cells.iter().filter(|&&n| n == name).count();
        let missing = wanted.saturating_sub(has);
        table.scopes[host as usize].inlined_cells.extend(std::iter::repeat_n(name, missing));
    }
}

fn decide(
    table: &mut SymbolTable,
    names: &Names,
    id: ScopeId,
    name: Symbol,
    flags: u16,
) -> Result<Meaning> {
    let scope = table.scope(id);
    let at = |table: &SymbolTable| table.scope(id).directive_span(name);
    let text = || names.name(name);
    if flags & def::GLOBAL != 0 {
        if flags & def::PARAM != 0 {
            return error(format!("name '{}' is parameter and global", text()), at(table));
        }
        if flags & def::NONLOCAL != 0 {
            return error(format!("name '{}' is nonlocal and global", text()), at(table));
        }
        return Ok(Meaning::GlobalExplicit);
    }
    if flags & def::NONLOCAL != 0 {
        if flags & def::PARAM != 0 {
            return error(format!("name '{}' is parameter and nonlocal", text()), at(table));
        }
        if scope.block == Block::Module {
            return error("nonlocal declaration not allowed at module level", at(table));
        }
        return match outer(table, names, id, name) {
            Outer::Bound(owner) => {
                if table
                    .scope(owner)
                    .symbols
                    .get(name)
                    .is_some_and(|e| e.flags & def::TYPE_PARAM != 0)
                {
                    let message =
                        format!("nonlocal binding not allowed for type parameter '{}'", text());
                    return error(message, at(table));
                }
                capture(table, names, id, owner, name);
                Ok(Meaning::Free)
            }
            Outer::Global => {
                error(format!("no binding for nonlocal '{}' found", text()), at(table))
            }
        };
    }
    if flags & def::BOUND != 0 {
        // `capture` makes a cell of it once a scope inside asks for it; those come later.
        return Ok(Meaning::Local);
    }
    if scope.can_see_class_scope && name != names.known.classdict {
        // PEP 695: the names of the class go first, then as if the class were not there.
        let class = enclosing_class(table, id);
        let in_class = class.and_then(|class| table.scope(class).symbols.get(name));
        if let Some(entry) = in_class {
            if entry.flags & def::GLOBAL != 0 {
                return Ok(Meaning::GlobalExplicit);
            }
            if entry.flags & def::BOUND != 0 && entry.flags & def::NONLOCAL == 0 {
                return Ok(Meaning::GlobalImplicit);
            }
        }
    }
    if scope.inlined
        && is_class_cell(names, name)
        && table.scope(table.host(id)).block == Block::Class
    {
        // As in CPython, the cells that come with a class are not to be had there.
        return Ok(Meaning::GlobalImplicit);
    }
    Ok(match outer(table, names, id, name) {
        Outer::Bound(owner) => {
            capture(table, names, id, owner, name);
            Meaning::Free
        }
        Outer::Global => Meaning::GlobalImplicit,
    })
}

fn is_class_cell(names: &Names, name: Symbol) -> bool {
    let known = &names.known;
    [known.class_, known.classdict, known.conditional_annotations].contains(&name)
}

/// The class directly around an annotation scope (the scope of type parameters may lie between).
fn enclosing_class(table: &SymbolTable, mut id: ScopeId) -> Option<ScopeId> {
    while id != TOP {
        id = table.scope(id).parent;
        match table.scope(id).block {
            Block::Class => return Some(id),
            Block::Module | Block::Function => return None,
            _ => {}
        }
    }
    None
}

/// Looks for a name in the scopes around `id`. Scopes around are decided already.
fn outer(table: &SymbolTable, names: &Names, mut id: ScopeId, name: Symbol) -> Outer {
    let known = &names.known;
    while id != TOP {
        id = table.scope(id).parent;
        let scope = table.scope(id);
        if scope.block == Block::Class {
            // The names of a class are not visible in the scopes inside, but for these cells.
            let own = name == known.class_
                || name == known.classdict
                || (name == known.conditional_annotations && scope.conditional_annotations);
            if own {
                return Outer::Bound(id);
            }
            continue;
        }
        match scope.meaning(name) {
            Meaning::Local | Meaning::Cell if scope.block.is_function_like() => {
                return Outer::Bound(id);
            }
            Meaning::GlobalExplicit => return Outer::Global,
            _ => {}
        }
    }
    Outer::Global
}

/// Makes a name free in the scopes between `inner` and its owner, and a cell in the owner, unless
/// all that is one code.
fn capture(table: &mut SymbolTable, names: &Names, inner: ScopeId, owner: ScopeId, name: Symbol) {
    let mut id = table.scope(inner).parent;
    while id != owner {
        let scope = &mut table.scopes[id as usize];
        let entry = scope.symbols.entry(name);
        match entry.meaning {
            Meaning::Free => {}
            Meaning::Unknown => entry.meaning = Meaning::Free,
            // A class that binds the name, or an annotation scope that sees such a class: to it
            // the name means something else, and yet it passes the cell on.
            _ => entry.flags |= def::FREE_CLASS,
        }
        id = scope.parent;
    }
    if table.host(inner) == table.host(owner) {
        return;
    }
    let scope = &mut table.scopes[owner as usize];
    if scope.block == Block::Class {
        if name == names.known.class_ {
            scope.needs_class_closure = true;
        } else if name == names.known.classdict {
            scope.needs_classdict = true;
        } else {
            scope.symbols.entry(name).meaning = Meaning::Cell;
        }
    } else {
        scope.symbols.entry(name).meaning = Meaning::Cell;
    }
}
