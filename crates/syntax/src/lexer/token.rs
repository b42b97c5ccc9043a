//! Tokens: what the lexer hands to the parser, and the tables by which it recognises them.

use crate::ast::{Operator, Pos};

/// What a token is. Keywords are kinds of their own; soft keywords are names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tok {
    EndMarker,
    Newline,
    Indent,
    Dedent,
    Name,
    Number,
    /// A whole string or bytes literal; at level 3.6 an f-string too.
    String,
    /// Prefix and opening quotes of an f-string; the parser asks the lexer for its parts.
    FStringStart,
    /// The same of a t-string.
    TStringStart,
    /// A byte that begins no token.
    Unknown,
    /// The lexer has an error to tell.
    Error,
    // Punctuation
    LParen,
    RParen,
    LBracket,
    RBracket,
    LBrace,
    RBrace,
    Comma,
    Colon,
    ColonEqual,
    Semi,
    Dot,
    Ellipsis,
    Arrow,
    At,
    Equal,
    Exclamation,
    // Operators
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    DoubleSlash,
    DoubleStar,
    Vbar,
    Amper,
    Circumflex,
    Tilde,
    LeftShift,
    RightShift,
    Less,
    Greater,
    EqEqual,
    NotEqual,
    LessEqual,
    GreaterEqual,
    // Augmented assignment, in the order of `AUGMENTED`
    PlusEqual,
    MinusEqual,
    StarEqual,
    SlashEqual,
    PercentEqual,
    DoubleSlashEqual,
    DoubleStarEqual,
    VbarEqual,
    AmperEqual,
    CircumflexEqual,
    LeftShiftEqual,
    RightShiftEqual,
    AtEqual,
    // Keywords
    And,
    As,
    Assert,
    Async,
    Await,
    Break,
    Class,
    Continue,
    Def,
    Del,
    Elif,
    Else,
    Except,
    False,
    Finally,
    For,
    From,
    Global,
    If,
    Import,
    In,
    Is,
    Lambda,
    None,
    Nonlocal,
    Not,
    Or,
    Pass,
    Raise,
    Return,
    True,
    Try,
    While,
    With,
    Yield,
}

/// Binding strength of binary operators, loosest first; 0 is not an operator.
pub(crate) mod prec {
    pub(crate) const OR: u8 = 1;
    pub(crate) const AND: u8 = 2;
    pub(crate) const NOT: u8 = 3;
    pub(crate) const COMPARE: u8 = 4;
    pub(crate) const BIT_OR: u8 = 5;
    pub(crate) const BIT_XOR: u8 = 6;
    pub(crate) const BIT_AND: u8 = 7;
    pub(crate) const SHIFT: u8 = 8;
    pub(crate) const SUM: u8 = 9;
    pub(crate) const TERM: u8 = 10;
}

impl Tok {
    /// Binding strength as a binary operator, 0 if it is none.
    pub(crate) fn precedence(self) -> u8 {
        PRECEDENCE[self as usize]
    }

    /// True if it goes on the operand before it, as no binary operator does.
    #[inline]
    pub(crate) fn goes_on_operand(self) -> bool {
        matches!(self, Self::Dot | Self::LParen | Self::LBracket | Self::DoubleStar)
    }

    /// The operation of an arithmetic operator.
    pub(crate) fn operator(self) -> Option<Operator> {
        Some(match self {
            Self::Plus | Self::PlusEqual => Operator::Add,
            Self::Minus | Self::MinusEqual => Operator::Sub,
            Self::Star | Self::StarEqual => Operator::Mult,
            Self::Slash | Self::SlashEqual => Operator::Div,
            Self::Percent | Self::PercentEqual => Operator::Mod,
            Self::DoubleSlash | Self::DoubleSlashEqual => Operator::FloorDiv,
            Self::DoubleStar | Self::DoubleStarEqual => Operator::Pow,
            Self::Vbar | Self::VbarEqual => Operator::BitOr,
            Self::Amper | Self::AmperEqual => Operator::BitAnd,
            Self::Circumflex | Self::CircumflexEqual => Operator::BitXor,
            Self::LeftShift | Self::LeftShiftEqual => Operator::LShift,
            Self::RightShift | Self::RightShiftEqual => Operator::RShift,
            Self::At | Self::AtEqual => Operator::MatMult,
            _ => return None,
        })
    }

    /// True for `+=` and its like.
    pub(crate) fn is_augmented(self) -> bool {
        (Self::PlusEqual as u8..=Self::AtEqual as u8).contains(&(self as u8))
    }

    /// True if an expression can begin with this token.
    pub(crate) fn starts_expression(self) -> bool {
        matches!(
            self,
            Self::Name
                | Self::Number
                | Self::String
                | Self::FStringStart
                | Self::TStringStart
                | Self::LParen
                | Self::LBracket
                | Self::LBrace
                | Self::Ellipsis
                | Self::Plus
                | Self::Minus
                | Self::Tilde
                | Self::Await
                | Self::False
                | Self::Lambda
                | Self::None
                | Self::Not
                | Self::True
        )
    }
}

const PRECEDENCE: [u8; 128] = {
    let mut table = [0; 128];
    table[Tok::Or as usize] = prec::OR;
    table[Tok::And as usize] = prec::AND;
    let compare = [
        Tok::Less,
        Tok::Greater,
        Tok::EqEqual,
        Tok::NotEqual,
        Tok::LessEqual,
        Tok::GreaterEqual,
        Tok::In,
        Tok::Is,
        Tok::Not,
    ];
    let mut i = 0;
    while i < compare.len() {
        table[compare[i] as usize] = prec::COMPARE;
        i += 1;
    }
    table[Tok::Vbar as usize] = prec::BIT_OR;
    table[Tok::Circumflex as usize] = prec::BIT_XOR;
    table[Tok::Amper as usize] = prec::BIT_AND;
    table[Tok::LeftShift as usize] = prec::SHIFT;
    table[Tok::RightShift as usize] = prec::SHIFT;
    table[Tok::Plus as usize] = prec::SUM;
    table[Tok::Minus as usize] = prec::SUM;
    table[Tok::Star as usize] = prec::TERM;
    table[Tok::Slash as usize] = prec::TERM;
    table[Tok::Percent as usize] = prec::TERM;
    table[Tok::DoubleSlash as usize] = prec::TERM;
    table[Tok::At as usize] = prec::TERM;
    table
};

/// A token and its place. `lo..hi` are byte offsets in the lexer's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Tok,
    pub(crate) start: Pos,
    pub(crate) end: Pos,
    pub(crate) lo: u32,
    pub(crate) hi: u32,
}

/// What a byte can begin, or continue.
pub(crate) mod class {
    pub(crate) const OTHER: u8 = 0;
    pub(crate) const NAME: u8 = 1;
    pub(crate) const DIGIT: u8 = 2;
    pub(crate) const QUOTE: u8 = 3;
    pub(crate) const OPERATOR: u8 = 4;
    pub(crate) const NEWLINE: u8 = 5;
    pub(crate) const COMMENT: u8 = 6;
    pub(crate) const BACKSLASH: u8 = 7;
    pub(crate) const NUL: u8 = 8;
    pub(crate) const NON_ASCII: u8 = 9;
    pub(crate) const DOT: u8 = 10;
    pub(crate) const BLANK: u8 = 11;
    pub(crate) const OPEN: u8 = 12;
    pub(crate) const CLOSE: u8 = 13;
    pub(crate) const COMMA: u8 = 14;
}

/// The class of each byte.
pub(crate) const CLASS: [u8; 256] = {
    let mut table = [class::OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => class::NAME,
            b'0'..=b'9' => class::DIGIT,
            b'\'' | b'"' => class::QUOTE,
            b'\n' => class::NEWLINE,
            b'#' => class::COMMENT,
            b'\\' => class::BACKSLASH,
            0 => class::NUL,
            0x80.. => class::NON_ASCII,
            b'.' => class::DOT,
            b' ' | b'\t' | b'\x0c' => class::BLANK,
            b'(' | b'[' | b'{' => class::OPEN,
            b')' | b']' | b'}' => class::CLOSE,
            b',' => class::COMMA,
            b':' | b';' | b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'=' | b'!' | b'<' | b'>'
            | b'|' | b'&' | b'^' | b'~' => class::OPERATOR,
            _ => class::OTHER,
        };
        byte += 1;
    }
    table
};

/// True for the bytes an ASCII identifier goes on with.
pub(crate) const NAME_BYTE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9');
        byte += 1;
    }
    table
};
