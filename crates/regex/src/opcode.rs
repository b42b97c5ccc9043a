//! Numbers of the code: operators, positions, categories, the flags of INFO.
//!
//! The order is that of `Lib/re/_constants.py`.

/// The version of the code format.
pub const MAGIC: u32 = 20230612;
/// Bytes in a code word.
pub const CODESIZE: usize = 4;
/// Stands for "any number" as a repetition's upper bound.
pub const MAXREPEAT: u32 = u32::MAX;
/// The most capturing groups.
pub const MAXGROUPS: usize = 1_073_741_823;

macro_rules! numbered {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($item:ident)* }) => {
        $(#[$doc])*
        #[expect(clippy::upper_case_acronyms, reason = "CPython's names, as the constants are known")]
        #[expect(non_camel_case_types, reason = "CPython's names, as the constants are known")]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        $vis enum $name { $($item),* }

        impl $name {
            const ALL: &[$name] = &[$($name::$item),*];

            $vis fn from_code(code: u32) -> Option<$name> {
                $name::ALL.get(code as usize).copied()
            }
        }
    };
}

numbered! {
    /// An operator.
    pub(crate) enum Op {
        FAILURE SUCCESS ANY ANY_ALL ASSERT ASSERT_NOT AT BRANCH CATEGORY CHARSET BIGCHARSET
        GROUPREF GROUPREF_EXISTS IN INFO JUMP LITERAL MARK MAX_UNTIL MIN_UNTIL NOT_LITERAL NEGATE
        RANGE REPEAT REPEAT_ONE SUBPATTERN MIN_REPEAT_ONE ATOMIC_GROUP POSSESSIVE_REPEAT
        POSSESSIVE_REPEAT_ONE GROUPREF_IGNORE IN_IGNORE LITERAL_IGNORE NOT_LITERAL_IGNORE
        GROUPREF_LOC_IGNORE IN_LOC_IGNORE LITERAL_LOC_IGNORE NOT_LITERAL_LOC_IGNORE
        GROUPREF_UNI_IGNORE IN_UNI_IGNORE LITERAL_UNI_IGNORE NOT_LITERAL_UNI_IGNORE
        RANGE_UNI_IGNORE
    }
}

/// A position that AT tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum At {
    Beginning,
    BeginningLine,
    End,
    EndLine,
    EndString,
    Boundary(Words),
    NonBoundary(Words),
}

/// Which characters make words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Words {
    Ascii,
    Locale,
    Unicode,
}

impl At {
    pub(crate) fn from_code(code: u32) -> Option<At> {
        Some(match code {
            0 | 2 => At::Beginning,
            1 => At::BeginningLine,
            3 => At::Boundary(Words::Ascii),
            4 => At::NonBoundary(Words::Ascii),
            5 => At::End,
            6 => At::EndLine,
            7 => At::EndString,
            8 => At::Boundary(Words::Locale),
            9 => At::NonBoundary(Words::Locale),
            10 => At::Boundary(Words::Unicode),
            11 => At::NonBoundary(Words::Unicode),
            _ => return None,
        })
    }
}

/// A class of characters and whether it is meant or its complement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Category {
    pub(crate) kind: CategoryKind,
    pub(crate) negated: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CategoryKind {
    Digit,
    Space,
    Word,
    Linebreak,
    LocaleWord,
    UnicodeDigit,
    UnicodeSpace,
    UnicodeWord,
    UnicodeLinebreak,
}

impl Category {
    pub(crate) fn from_code(code: u32) -> Option<Category> {
        use CategoryKind::*;
        // Each class is followed by its complement.
        const KINDS: [CategoryKind; 9] = [
            Digit,
            Space,
            Word,
            Linebreak,
            LocaleWord,
            UnicodeDigit,
            UnicodeSpace,
            UnicodeWord,
            UnicodeLinebreak,
        ];
        let kind = *KINDS.get(code as usize / 2)?;
        Some(Category { kind, negated: code % 2 == 1 })
    }
}

/// INFO: there is a literal prefix.
pub(crate) const INFO_PREFIX: u32 = 1;
/// INFO: the prefix is all there is.
pub(crate) const INFO_LITERAL: u32 = 2;
/// INFO: there is a set for the first character.
pub(crate) const INFO_CHARSET: u32 = 4;
