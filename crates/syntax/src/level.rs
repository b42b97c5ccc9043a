//! The language level: which Python's grammar and positions the parser follows.
//!
//! Every place where the two levels differ asks one of the methods here or compares the value
//! itself, so `grep -n Level crates/syntax/src` is the list of differences.

/// A language level, chosen once for a compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Level {
    /// CPython 3.6.15: its grammar, its errors and its line numbers.
    Py36,
    /// CPython 3.14, today's language.
    #[default]
    Py314,
}

impl Level {
    /// True at the level of today's language.
    #[must_use]
    pub fn is_modern(self) -> bool {
        self == Self::Py314
    }
}
