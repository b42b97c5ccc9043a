//! Sets of characters: what a single-character operator matches.
//!
//! Below 256 a set is a table, computed once with everything that case folding and locale do to
//! it. Above, its items are asked one by one, as CPython does for all characters.

use std::sync::LazyLock;

use adder_unicode::{is_alnum, is_decimal, is_linebreak, is_space};

use crate::CodeError;
use crate::helpers::{ascii_tolower, unicode_tolower, unicode_toupper};
use crate::opcode::{Category, CategoryKind, Op};

/// What C's `isalnum`, `tolower` and `toupper` say about bytes, for patterns with the LOCALE flag.
#[derive(Clone, Debug)]
pub struct LocaleTable {
    pub alnum: [bool; 256],
    pub lower: [u8; 256],
    pub upper: [u8; 256],
}

impl Default for LocaleTable {
    /// The C locale: ASCII.
    fn default() -> Self {
        LocaleTable {
            alnum: std::array::from_fn(|byte| (byte as u8).is_ascii_alphanumeric()),
            lower: std::array::from_fn(|byte| (byte as u8).to_ascii_lowercase()),
            upper: std::array::from_fn(|byte| (byte as u8).to_ascii_uppercase()),
        }
    }
}

impl LocaleTable {
    fn lower(&self, c: u32) -> u32 {
        self.lower.get(c as usize).map_or(c, |&lower| u32::from(lower))
    }

    fn upper(&self, c: u32) -> u32 {
        self.upper.get(c as usize).map_or(c, |&upper| u32::from(upper))
    }

    pub(crate) fn is_word(&self, c: u32) -> bool {
        c == u32::from('_') || self.alnum.get(c as usize).copied().unwrap_or(false)
    }
}

pub(crate) fn is_ascii_word(c: u32) -> bool {
    u8::try_from(c).is_ok_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(crate) fn is_unicode_word(c: u32) -> bool {
    is_alnum(c) || c == u32::from('_')
}

impl Category {
    fn contains(self, c: u32, locale: &LocaleTable) -> bool {
        let ascii = |test: fn(&u8) -> bool| u8::try_from(c).is_ok_and(|byte| test(&byte));
        let found = match self.kind {
            CategoryKind::Digit => ascii(u8::is_ascii_digit),
            CategoryKind::Space => ascii(|byte| matches!(byte, b' ' | b'\t'..=b'\r')),
            CategoryKind::Word => is_ascii_word(c),
            CategoryKind::Linebreak => c == u32::from('\n'),
            CategoryKind::LocaleWord => locale.is_word(c),
            CategoryKind::UnicodeDigit => is_decimal(c),
            CategoryKind::UnicodeSpace => is_space(c),
            CategoryKind::UnicodeWord => is_unicode_word(c),
            CategoryKind::UnicodeLinebreak => is_linebreak(c),
        };
        found != self.negated
    }
}

/// One item of a set.
#[derive(Clone, Debug)]
enum Item {
    Negate,
    Literal(u32),
    Range(u32, u32),
    /// Also asks for the upper case.
    RangeIgnore(u32, u32),
    Category(Category),
    Charset([u32; 8]),
    BigCharset(Box<BigCharset>),
}

/// A bit for each character of the basic plane: `map` names the block for each high byte.
#[derive(Clone, Debug)]
struct BigCharset {
    map: [u8; 256],
    blocks: Vec<[u32; 8]>,
}

fn has_bit(bits: &[u32; 8], c: u32) -> bool {
    bits[(c >> 5 & 7) as usize] >> (c & 31) & 1 == 1
}

/// The items of IN, asked in order.
#[derive(Clone, Debug)]
pub(crate) struct Items(Vec<Item>);

impl Items {
    /// Reads the items at the start of `code`, up to and with the closing FAILURE; tells how many
    /// words they take.
    pub(crate) fn parse(code: &[u32]) -> Result<(Items, usize), CodeError> {
        let mut items = Vec::new();
        let mut pos = 0;
        let bits = |words: &[u32]| words.try_into().map_err(|_| CodeError);
        loop {
            let op = code.get(pos).and_then(|&word| Op::from_code(word)).ok_or(CodeError)?;
            let args = &code[pos + 1..];
            let arg = |at: usize| args.get(at).copied().ok_or(CodeError);
            let (item, len) = match op {
                Op::FAILURE => return Ok((Items(items), pos + 1)),
                Op::NEGATE => (Item::Negate, 0),
                Op::LITERAL => (Item::Literal(arg(0)?), 1),
                Op::RANGE => (Item::Range(arg(0)?, arg(1)?), 2),
                Op::RANGE_UNI_IGNORE => (Item::RangeIgnore(arg(0)?, arg(1)?), 2),
                Op::CATEGORY => (Item::Category(Category::from_code(arg(0)?).ok_or(CodeError)?), 1),
                Op::CHARSET => (Item::Charset(bits(args.get(..8).ok_or(CodeError)?)?), 8),
                Op::BIGCHARSET => {
                    let count = arg(0)? as usize;
                    let map_words = args.get(1..65).ok_or(CodeError)?;
                    let map: [u8; 256] =
                        std::array::from_fn(|at| map_words[at / 4].to_le_bytes()[at % 4]);
                    if count > 256 || map.iter().any(|&block| usize::from(block) >= count) {
                        return Err(CodeError);
                    }
                    let words = args.get(65..65 + count * 8).ok_or(CodeError)?;
                    let blocks = words.chunks(8).map(bits).collect::<Result<_, _>>()?;
                    (Item::BigCharset(Box::new(BigCharset { map, blocks })), 65 + count * 8)
                }
                _ => return Err(CodeError),
            };
            items.push(item);
            pos += 1 + len;
        }
    }

    fn contains(&self, c: u32, locale: &LocaleTable) -> bool {
        let mut found = true;
        for item in &self.0 {
            let hit = match item {
                Item::Negate => {
                    found = !found;
                    false
                }
                Item::Literal(literal) => c == *literal,
                Item::Range(low, high) => (*low..=*high).contains(&c),
                Item::RangeIgnore(low, high) => {
                    (*low..=*high).contains(&c) || (*low..=*high).contains(&unicode_toupper(c))
                }
                Item::Category(category) => category.contains(c, locale),
                Item::Charset(bits) => c < 256 && has_bit(bits, c),
                Item::BigCharset(big) => {
                    c < 0x1_0000
                        && has_bit(&big.blocks[usize::from(big.map[(c >> 8) as usize])], c & 255)
                }
            };
            if hit {
                return found;
            }
        }
        !found
    }
}

/// How a character is folded before a set is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fold {
    None,
    Ascii,
    Unicode,
    /// Both cases are asked.
    Locale,
}

/// What a single-character operator matches.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) table: [bool; 256],
    pub(crate) kind: ClassKind,
}

/// Shapes that have faster loops than a set.
#[derive(Debug)]
pub(crate) enum ClassKind {
    /// Everything.
    All,
    /// Everything but a newline, or but another character.
    AllBut(u32),
    Literal(u32),
    Set {
        items: Items,
        fold: Fold,
    },
}

impl Class {
    fn new(kind: ClassKind, contains: impl Fn(u32) -> bool) -> Class {
        Class { table: std::array::from_fn(|c| contains(c as u32)), kind }
    }

    pub(crate) fn all() -> Class {
        Class::new(ClassKind::All, |_| true)
    }

    pub(crate) fn all_but(excluded: u32) -> Class {
        Class::new(ClassKind::AllBut(excluded), |c| c != excluded)
    }

    pub(crate) fn literal(literal: u32) -> Class {
        Class::new(ClassKind::Literal(literal), |c| c == literal)
    }

    /// A set; for [`Fold::Locale`] either case may be in it.
    pub(crate) fn set(items: Items, fold: Fold, locale: &LocaleTable) -> Class {
        let table = std::array::from_fn(|c| set_contains(&items, fold, c as u32, locale));
        Class { table, kind: ClassKind::Set { items, fold } }
    }

    /// A single character under folding, or anything else.
    pub(crate) fn literal_ignore(
        literal: u32,
        negated: bool,
        fold: Fold,
        locale: &LocaleTable,
    ) -> Class {
        let mut items = vec![Item::Literal(literal)];
        if negated {
            items.insert(0, Item::Negate);
        }
        let items = Items(items);
        if fold != Fold::Locale {
            return Class::set(items, fold, locale);
        }
        // Unlike in a set, the complement is of both cases together.
        let same =
            |c: u32| c == literal || locale.lower(c) == literal || locale.upper(c) == literal;
        Class::new(ClassKind::Set { items, fold: Fold::None }, |c| same(c) != negated)
    }

    pub(crate) fn category(category: Category, locale: &LocaleTable) -> Class {
        Class::set(Items(vec![Item::Category(category)]), Fold::None, locale)
    }

    #[inline]
    pub(crate) fn contains(&self, c: u32) -> bool {
        match self.table.get(c as usize) {
            Some(&found) => found,
            None => self.contains_wide(c),
        }
    }

    fn contains_wide(&self, c: u32) -> bool {
        match &self.kind {
            ClassKind::All => true,
            ClassKind::AllBut(excluded) => c != *excluded,
            ClassKind::Literal(literal) => c == *literal,
            ClassKind::Set { items, fold } => {
                let c = if *fold == Fold::Unicode { unicode_tolower(c) } else { c };
                // A locale has nothing to say about characters that are no bytes.
                items.contains(c, &C_LOCALE)
            }
        }
    }
}

static C_LOCALE: LazyLock<LocaleTable> = LazyLock::new(LocaleTable::default);

fn set_contains(items: &Items, fold: Fold, c: u32, locale: &LocaleTable) -> bool {
    match fold {
        Fold::None => items.contains(c, locale),
        Fold::Ascii => items.contains(ascii_tolower(c), locale),
        Fold::Unicode => items.contains(unicode_tolower(c), locale),
        Fold::Locale => {
            items.contains(locale.lower(c), locale) || items.contains(locale.upper(c), locale)
        }
    }
}
