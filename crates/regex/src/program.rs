//! The program that a code is turned into.

use crate::charset::{Class, LocaleTable, is_ascii_word, is_unicode_word};
use crate::opcode::{At, Words};
use crate::unit::Needle;

/// An instruction's place.
pub(crate) type Pc = u32;
/// No alternative left.
pub(crate) const NO_PC: Pc = Pc::MAX;
/// Nothing known about what may follow.
pub(crate) const NO_HINT: u32 = u32::MAX;

/// How GROUPREF compares characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Compare {
    Exact,
    Ascii,
    Locale,
    Unicode,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// One character, repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RepeatOne {
    pub(crate) class: u32,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) greed: Greed,
    /// What the instruction after it may begin with.
    pub(crate) hint: u32,
    /// Nothing that the hint allows is in the class, for narrow or for any text: then only the
    /// longest repetition can be followed by it, and there is nothing to come back for.
    pub(crate) exclusive_narrow: bool,
    pub(crate) exclusive_wide: bool,
}

/// A block, repeated: its bounds and where its count and last position are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loop {
    /// The register of the number of rounds; the one after it holds where the last one began.
    pub(crate) slot: u32,
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) body: Pc,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Inst {
    Fail,
    /// The whole pattern has matched.
    Match,
    Literal(u32),
    /// A range of [`Program::strings`].
    Str {
        start: u32,
        len: u32,
    },
    Class(u32),
    At(At),
    Mark(u32),
    /// Tries what follows; if that fails, the alternative at `next`.
    Alt {
        hint: u32,
        next: Pc,
    },
    Jump(Pc),
    GroupRef {
        group: u32,
        compare: Compare,
    },
    /// Jumps to `no` unless the group has matched.
    GroupExists {
        group: u32,
        no: Pc,
    },
    /// The place of a [`RepeatOne`] in [`Program::repeats`].
    RepeatOne(u32),
    /// Begins a loop, at whose end (`until`) the first decision is made.
    LoopStart {
        slot: u32,
        until: Pc,
    },
    /// A loop's place in [`Program::loops`].
    MaxUntil(u32),
    MinUntil(u32),
    /// Matches what follows up to its end, `back` characters earlier.
    Assert {
        back: u32,
        negated: bool,
        end: Pc,
    },
    EndAssert,
    EndAssertNot,
    Atomic,
    EndAtomic,
    /// A possessive loop: decides on another round.
    PossessiveLoop {
        id: u32,
        end: Pc,
    },
    EndPossessive {
        id: u32,
        head: Pc,
    },
}

/// What a match may begin with.
#[derive(Clone, Debug)]
pub(crate) struct First {
    pub(crate) table: [bool; 256],
    /// Any character from 256 on may.
    pub(crate) wide: bool,
    /// Only this one character.
    pub(crate) literal: Option<u32>,
}

impl First {
    #[inline]
    pub(crate) fn allows(&self, c: u32) -> bool {
        match self.literal {
            Some(literal) => c == literal,
            None => self.table.get(c as usize).copied().unwrap_or(self.wide),
        }
    }
}

/// How starts of matches are found.
#[derive(Debug)]
pub(crate) enum Start {
    /// Anywhere.
    Any,
    /// At the beginning of the text only.
    Text,
    /// At the beginning of lines.
    Line,
    /// Where this string is.
    Needle(Box<Needle>),
    /// At one of these characters: at most three, all below 256.
    Bytes(Vec<u8>),
    /// Where this allows.
    First(Box<First>),
}

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) insts: Vec<Inst>,
    pub(crate) strings: Vec<u32>,
    pub(crate) classes: Vec<Class>,
    pub(crate) repeats: Vec<RepeatOne>,
    pub(crate) loops: Vec<Loop>,
    pub(crate) hints: Vec<First>,
    pub(crate) groups: usize,
    /// Marks, then two for each loop.
    pub(crate) registers: usize,
    /// No match is shorter.
    pub(crate) min_width: usize,
    pub(crate) start: Start,
    /// A string that every match contains, though not at its start.
    pub(crate) required: Option<Needle>,
    /// The repetition that a match begins with, if a failure after it rules out every other start
    /// within the same run.
    pub(crate) leading: Option<u32>,
    pub(crate) locale: LocaleTable,
    /// For each kind of [`Words`] that the program asks about, the answers below 256.
    pub(crate) word_tables: [Option<Box<[bool; 256]>>; 3],
}

impl Program {
    /// Makes the table that [`Program::is_word`] needs for `words`.
    pub(crate) fn prepare_words(&mut self, words: Words) {
        let locale = &self.locale;
        let is_word = |c: u32| match words {
            Words::Ascii => is_ascii_word(c),
            Words::Locale => locale.is_word(c),
            Words::Unicode => is_unicode_word(c),
        };
        let table = std::array::from_fn(|c| is_word(c as u32));
        self.word_tables[words as usize] = Some(Box::new(table));
    }

    #[inline]
    pub(crate) fn is_word(&self, words: Words, c: u32) -> bool {
        let table = self.word_tables[words as usize].as_ref();
        match table.and_then(|table| table.get(c as usize)) {
            Some(&is_word) => is_word,
            None => words == Words::Unicode && is_unicode_word(c),
        }
    }
}
