//! `template % values`: the template's parser, and the text of numbers in it.
//!
//! The caller walks the pieces, fetches arguments and pads strings itself (with [`pad_text`]).
//! Answers to `PyUnicode_Format` and `PyBytes_Format`, which share the grammar
//! `%[(key)][flags][width][.precision][h|l|L]type`.

use std::ops::Range;

use crate::float_text::{FloatText, Form};
use crate::format::{Padded, Slice};
use crate::units::read_number;
use crate::{Error, IntRef, Units};

/// A width or precision as written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Amount {
    #[default]
    None,
    Given(usize),
    /// `*`: the next argument gives it.
    FromArgument,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// `-`
    pub left: bool,
    /// `+`
    pub plus: bool,
    /// space
    pub space: bool,
    /// `#`
    pub alternate: bool,
    /// `0`
    pub zero: bool,
}

/// One conversion in a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conversion {
    /// The mapping key's range in the template, without its parentheses.
    pub key: Option<Range<usize>>,
    pub flags: Flags,
    pub width: Amount,
    pub precision: Amount,
    /// The conversion type, not yet judged: see [`Conversion::unsupported`].
    pub code: u32,
    /// Where the type stands, for error messages.
    pub index: usize,
}

impl Conversion {
    /// `ValueError`'s text for an unknown conversion type.
    pub fn unsupported(&self) -> Error {
        let printable = |c: &char| (' '..='~').contains(c);
        let shown = char::from_u32(self.code).filter(printable).unwrap_or('?');
        Error::value(format!(
            "unsupported format character '{shown}' (0x{:x}) at index {}",
            self.code, self.index
        ))
    }
}

/// What comes next in a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// Text to copy as it is.
    Literal(Range<usize>),
    /// `%%`
    Percent,
    Conversion(Conversion),
}

/// Steps through a template's pieces; stops after an error.
pub struct Pieces<'a, T: Units + ?Sized> {
    text: &'a T,
    pos: usize,
}

impl<'a, T: Units + ?Sized> Pieces<'a, T> {
    pub fn new(text: &'a T) -> Self {
        Pieces { text, pos: 0 }
    }

    fn is(&self, c: char) -> bool {
        self.text.get(self.pos) == Some(u32::from(c))
    }

    fn accept(&mut self, c: char) -> bool {
        let found = self.is(c);
        self.pos += usize::from(found);
        found
    }

    fn amount(&mut self, limit: usize, error: &str) -> Result<Amount, Error> {
        if self.accept('*') {
            return Ok(Amount::FromArgument);
        }
        // Only ASCII digits count here, unlike in the mini-language.
        if self.text.get(self.pos).is_none_or(|c| c >= 128) {
            return Ok(Amount::None);
        }
        let (value, end) =
            read_number(self.text, self.pos, limit).map_err(|()| Error::value(error))?;
        self.pos = end;
        Ok(value.map_or(Amount::None, Amount::Given))
    }

    fn key(&mut self) -> Result<Range<usize>, Error> {
        let start = self.pos;
        let mut depth = 1;
        while let Some(c) = self.text.get(self.pos) {
            self.pos += 1;
            match char::from_u32(c) {
                Some('(') => depth += 1,
                Some(')') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(start..self.pos - 1);
            }
        }
        Err(Error::value("incomplete format key"))
    }

    fn conversion(&mut self) -> Result<Piece, Error> {
        if self.accept('%') {
            return Ok(Piece::Percent);
        }
        let index = self.pos;
        if let Some(code) = self.text.get(index)
            && ['s', 'd', 'r'].contains(&char::from_u32(code).unwrap_or_default())
        {
            // Most conversions have nothing but a type.
            self.pos += 1;
            let (width, precision) = (Amount::None, Amount::None);
            let flags = Flags::default();
            let plain = Conversion { key: None, flags, width, precision, code, index };
            return Ok(Piece::Conversion(plain));
        }
        let key = if self.accept('(') { Some(self.key()?) } else { None };
        let mut flags = Flags::default();
        loop {
            let flag = match self.text.get(self.pos).and_then(char::from_u32) {
                Some('-') => &mut flags.left,
                Some('+') => &mut flags.plus,
                Some(' ') => &mut flags.space,
                Some('#') => &mut flags.alternate,
                Some('0') => &mut flags.zero,
                _ => break,
            };
            *flag = true;
            self.pos += 1;
        }
        let width = self.amount(isize::MAX as usize, "width too big")?;
        let precision = if self.accept('.') {
            match self.amount(i32::MAX as usize, "precision too big")? {
                // A point alone means 0.
                Amount::None => Amount::Given(0),
                amount => amount,
            }
        } else {
            Amount::None
        };
        // C's length modifiers mean nothing.
        let _ = self.accept('h') || self.accept('l') || self.accept('L');
        let index = self.pos;
        let code = self.text.get(index).ok_or_else(|| Error::value("incomplete format"))?;
        self.pos += 1;
        Ok(Piece::Conversion(Conversion { key, flags, width, precision, code, index }))
    }
}

impl<T: Units + ?Sized> Iterator for Pieces<'_, T> {
    type Item = Result<Piece, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.pos;
        self.pos = self.text.find_either(start..self.text.len(), '%', '%');
        if self.pos > start {
            return Some(Ok(Piece::Literal(start..self.pos)));
        }
        if !self.accept('%') {
            return None;
        }
        let piece = self.conversion();
        if piece.is_err() {
            self.pos = self.text.len();
        }
        Some(piece)
    }
}

/// The text of an integer for `d i u o x X` (others count as `d`).
/// `width` and `precision` are the conversion's, `*` resolved.
pub fn percent_int(
    value: IntRef<'_>,
    code: char,
    flags: Flags,
    width: usize,
    precision: Option<usize>,
) -> Result<Padded, Error> {
    let (radix, prefix) = match code {
        'o' => (8, "0o"),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => (10, ""),
    };
    let digits = value.magnitude_digits(radix);
    let mut tail = String::new();
    crate::push_zeros(&mut tail, precision.unwrap_or(0).saturating_sub(digits.len()))?;
    tail.push_str(&digits);
    if code == 'X' {
        tail.make_ascii_uppercase();
    }
    let prefix = if flags.alternate { prefix } else { "" };
    Ok(pad_number(value.is_negative(), prefix, tail, flags, width))
}

/// The text of a float for `e E f F g G` (others count as `g`).
pub fn percent_float(
    value: f64,
    code: char,
    flags: Flags,
    width: usize,
    precision: Option<usize>,
) -> Result<Padded, Error> {
    let precision = precision.unwrap_or(6);
    let form = match code {
        'e' | 'E' => Form::Exponent { precision },
        'f' | 'F' => Form::Fixed { precision },
        _ => Form::General { precision },
    };
    let text = FloatText {
        upper: code.is_ascii_uppercase(),
        alternate: flags.alternate,
        ..FloatText::new(form)
    }
    .text(value)?;
    let (negative, tail) = match text.strip_prefix('-') {
        Some(tail) => (true, tail.to_owned()),
        None => (false, text),
    };
    Ok(pad_number(negative, "", tail, flags, width))
}

fn pad_number(negative: bool, prefix: &str, tail: String, flags: Flags, width: usize) -> Padded {
    let sign = match () {
        () if negative => "-",
        () if flags.plus => "+",
        () if flags.space => " ",
        () => "",
    };
    let head = format!("{sign}{prefix}");
    let missing = width.saturating_sub(head.len() + tail.len());
    let (left, inner, right) = match () {
        // A minus flag wins over zeros as to the place, and the fill is blank.
        () if flags.left => (0, 0, missing),
        () if flags.zero => (0, missing, 0),
        () => (missing, 0, 0),
    };
    let fill = u32::from(if inner > 0 { '0' } else { ' ' });
    Padded { fill, left, head, inner, character: None, tail, right }
}

/// The layout of text of `len` characters for `s r a c` (`c` has no precision).
pub fn pad_text(len: usize, flags: Flags, width: usize, precision: Option<usize>) -> Slice {
    let take = precision.map_or(len, |most| most.min(len));
    let missing = width.saturating_sub(take);
    let (left, right) = if flags.left { (0, missing) } else { (missing, 0) };
    Slice { fill: u32::from(' '), left, take, right }
}
