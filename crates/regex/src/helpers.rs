//! The case helpers that `_sre` offers to `re`'s compiler, and the engine's own.

/// `_sre.ascii_iscased`
pub fn ascii_iscased(c: u32) -> bool {
    u8::try_from(c).is_ok_and(|byte| byte.is_ascii_alphabetic())
}

/// `_sre.ascii_tolower`
pub fn ascii_tolower(c: u32) -> u32 {
    u8::try_from(c).map_or(c, |byte| u32::from(byte.to_ascii_lowercase()))
}

/// `_sre.unicode_iscased`
pub fn unicode_iscased(c: u32) -> bool {
    adder_unicode::sre_is_cased(c)
}

/// `_sre.unicode_tolower`
pub fn unicode_tolower(c: u32) -> u32 {
    adder_unicode::simple_lower(c)
}

pub(crate) fn unicode_toupper(c: u32) -> u32 {
    adder_unicode::simple_upper(c)
}
