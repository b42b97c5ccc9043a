//! The identifiers of one compilation: the parser's pool, what the compiler adds to it (`.0`,
//! mangled names, `__class__`), and for each the shared string that code objects hold.

use std::rc::Rc;

use adder_bytecode::code::PyStrBuf;
use adder_syntax::ast::TypeParam;
use adder_syntax::{Pool, Symbol, Text};

macro_rules! well_known {
    ($($name:ident = $text:literal;)*) => {
        /// Symbols of names that the compiler itself speaks of.
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct Known { $(pub(crate) $name: Symbol,)* }

        impl Known {
            fn new(pool: &mut Pool) -> Self {
                Known { $($name: pool.intern($text),)* }
            }
        }
    };
}

well_known! {
    empty = "";
    module = "<module>";
    lambda = "<lambda>";
    listcomp = "<listcomp>";
    setcomp = "<setcomp>";
    dictcomp = "<dictcomp>";
    genexpr = "<genexpr>";
    arg0 = ".0";
    format = "format";
    dot_format = ".format";
    class_ = "__class__";
    classcell = "__classcell__";
    classdict = "__classdict__";
    classdictcell = "__classdictcell__";
    annotate = "__annotate__";
    annotate_func = "__annotate_func__";
    annotations = "__annotations__";
    conditional_annotations = "__conditional_annotations__";
    dunder_name = "__name__";
    dunder_module = "__module__";
    qualname = "__qualname__";
    firstlineno = "__firstlineno__";
    static_attributes = "__static_attributes__";
    type_params = "__type_params__";
    dot_type_params = ".type_params";
    dot_generic_base = ".generic_base";
    dot_defaults = ".defaults";
    dot_kwdefaults = ".kwdefaults";
    doc = "__doc__";
    debug = "__debug__";
    super_ = "super";
    self_ = "self";
    future = "__future__";
    assertion_error = "AssertionError";
    stop_async_iteration = "StopAsyncIteration";
    return_ = "return";
}

/// The pool with the compiler's additions.
pub(crate) struct Names {
    pool: Pool,
    shared: Vec<Option<PyStrBuf>>,
    /// Whether a symbol is mangled in classes.
    private: Vec<bool>,
    pub(crate) known: Known,
}

impl Names {
    pub(crate) fn new(mut pool: Pool) -> Self {
        let known = Known::new(&mut pool);
        let shared = vec![None; pool.len()];
        let private =
            (0..pool.len() as u32).map(|i| is_private(pool.name_bytes(Symbol(i)))).collect();
        Names { pool, shared, private, known }
    }

    pub(crate) fn name(&self, symbol: Symbol) -> &str {
        self.pool.name(symbol)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.pool.len()
    }

    pub(crate) fn name_bytes(&self, symbol: Symbol) -> &[u8] {
        self.pool.name_bytes(symbol)
    }

    pub(crate) fn text(&self, text: Text) -> &[u8] {
        self.pool.text(text)
    }

    pub(crate) fn intern(&mut self, name: &str) -> Symbol {
        self.pool.intern(name)
    }

    /// The string of a symbol, one for the whole compilation.
    pub(crate) fn shared(&mut self, symbol: Symbol) -> PyStrBuf {
        let index = symbol.0 as usize;
        if index >= self.shared.len() {
            self.shared.resize(index + 1, None);
        }
        let make = || PyStrBuf::from_trusted(self.pool.name_bytes(symbol));
        self.shared[index].get_or_insert_with(make).clone()
    }

    /// A private name (`__x`) as it is known inside the class `private`; every other name as it
    /// is (`_Py_Mangle`).
    #[inline]
    pub(crate) fn mangle(&mut self, private: Option<&Private>, symbol: Symbol) -> Symbol {
        if self.private.get(symbol.0 as usize) == Some(&false) {
            return symbol;
        }
        self.mangle_private(private, symbol)
    }

    fn mangle_private(&mut self, private: Option<&Private>, symbol: Symbol) -> Symbol {
        let Some(Private { class, only }) = private else { return symbol };
        if only.as_ref().is_some_and(|only| !only.contains(&symbol)) {
            return symbol;
        }
        let name = self.pool.name(symbol);
        if !is_private(name.as_bytes()) {
            return symbol;
        }
        let class = self.pool.name(*class).trim_start_matches('_');
        if class.is_empty() {
            return symbol;
        }
        let mangled = format!("_{class}{name}");
        self.pool.intern(&mangled)
    }
}

fn is_private(name: &[u8]) -> bool {
    name.starts_with(b"__") && !name.ends_with(b"__") && !name.contains(&b'.')
}

/// Where private names are mangled.
#[derive(Clone)]
pub(crate) struct Private {
    /// The class.
    pub(crate) class: Symbol,
    /// In front of a generic class's body only its type parameters are (PEP 695).
    pub(crate) only: Option<Rc<[Symbol]>>,
}

impl Private {
    /// Inside a class.
    pub(crate) fn inside(class: Symbol) -> Option<Private> {
        Some(Private { class, only: None })
    }

    /// Among the type parameters and bases of a class.
    pub(crate) fn in_head(class: Symbol, params: &[TypeParam]) -> Option<Private> {
        Some(Private { class, only: Some(params.iter().map(|param| param.name).collect()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_names_are_mangled() {
        let mut names = Names::new(Pool::new());
        for (class, name, mangled) in [
            ("C", "__x", "_C__x"),
            ("__C", "__x", "_C__x"),
            ("___", "__x", "__x"),
            ("C", "__x__", "__x__"),
            ("C", "__a.b", "__a.b"),
            ("C", "_x", "_x"),
            ("C", "__", "__"),
        ] {
            let (class, name) = (names.intern(class), names.intern(name));
            let got = names.mangle(Some(&Private { class, only: None }), name);
            assert_eq!(names.name(got), mangled);
        }
    }
}
