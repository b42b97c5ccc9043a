//! What the lexer asks of Unicode; one place, so that the tables have one user here.

use std::borrow::Cow;

use adder_unicode::{Form, normalize};

/// `XID_Start` and the underscore, as PEP 3131 has it.
pub(crate) fn is_xid_start(c: char) -> bool {
    adder_unicode::is_xid_start(c)
}

/// `XID_Continue`.
pub(crate) fn is_xid_continue(c: char) -> bool {
    adder_unicode::is_xid_continue(c)
}

/// `str.isprintable` of one character.
pub(crate) fn is_printable(c: char) -> bool {
    adder_unicode::is_printable(c)
}

/// The normal form identifiers are compared in.
pub(crate) fn nfkc(text: &str) -> Cow<'_, str> {
    let codes = normalize(Form::Nfkc, text.chars().map(u32::from));
    Cow::Owned(codes.into_iter().filter_map(char::from_u32).collect())
}

/// The character a name stands for in `\N{...}`; named sequences are none.
pub(crate) fn lookup(name: &str) -> Option<u32> {
    adder_unicode::lookup(name)?.single()
}
