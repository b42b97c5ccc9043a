//! The format specification, parsed:
//! `[[fill]align][sign][z][#][0][width][grouping][.precision[grouping]][type]`.
//!
//! "Format Specification Mini-Language" in the library reference is the grammar; the checks and
//! their order are those of `Python/formatter_unicode.c`.

use crate::units::read_number;
use crate::{Error, Units};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    Left,
    Right,
    Center,
    /// Between sign and digits (`=`).
    AfterSign,
}

/// Digit grouping asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grouping {
    Comma,
    Underscore,
}

impl Grouping {
    pub(crate) fn char(self) -> char {
        match self {
            Grouping::Comma => ',',
            Grouping::Underscore => '_',
        }
    }
}

/// What `n` uses, from `localeconv()`. The default is the C locale.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Locale {
    pub decimal_point: String,
    pub thousands_sep: String,
    /// Group sizes from the right; see C's `lconv.grouping`.
    pub grouping: Vec<u8>,
}

impl Default for Locale {
    fn default() -> Self {
        Locale { decimal_point: ".".into(), thousands_sep: String::new(), grouping: Vec::new() }
    }
}

/// A parsed format specification. `None` for what was not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FormatSpec {
    pub fill: u32,
    pub align: Align,
    /// `+`, `-` or space.
    pub sign: Option<char>,
    /// `z`: what rounds to zero has no minus sign.
    pub no_negative_zero: bool,
    /// `#`
    pub alternate: bool,
    pub width: Option<usize>,
    pub grouping: Option<Grouping>,
    pub precision: Option<usize>,
    pub fraction_grouping: Option<Grouping>,
    /// The presentation type.
    pub code: Option<u32>,
}

/// No precision may be longer than a C `int` (as no width than `Py_ssize_t`).
const MAX_PRECISION: usize = i32::MAX as usize;
const MAX_WIDTH: usize = isize::MAX as usize;

fn align_of(c: u32) -> Option<Align> {
    match char::from_u32(c)? {
        '<' => Some(Align::Left),
        '>' => Some(Align::Right),
        '^' => Some(Align::Center),
        '=' => Some(Align::AfterSign),
        _ => None,
    }
}

/// A character as error messages show it: printable ASCII as itself.
fn shown(c: u32) -> String {
    match char::from_u32(c) {
        Some(c) if c > ' ' && c < '\u{80}' => c.to_string(),
        _ => format!("\\x{c:x}"),
    }
}

fn both_separators() -> Error {
    Error::value("Cannot specify both ',' and '_'.")
}

fn separator_with(separator: char, code: u32) -> Error {
    Error::value(format!("Cannot specify '{separator}' with '{}'.", shown(code)))
}

impl FormatSpec {
    /// Parses `text` for a value of the type called `type_name`, which names itself in errors.
    /// `default_align` is left for `str`, right for numbers.
    pub fn parse<T: Units + ?Sized>(
        text: &T,
        type_name: &str,
        default_align: Align,
    ) -> Result<FormatSpec, Error> {
        let mut spec = FormatSpec {
            fill: u32::from(' '),
            align: default_align,
            sign: None,
            no_negative_zero: false,
            alternate: false,
            width: None,
            grouping: None,
            precision: None,
            fraction_grouping: None,
            code: None,
        };
        let mut pos = 0;
        let is = |pos: usize, c: char| text.get(pos) == Some(u32::from(c));
        let mut fill_given = false;
        let mut align_given = false;
        if let Some(align) = text.get(1).and_then(align_of) {
            spec.fill = text.at(0);
            spec.align = align;
            (fill_given, align_given) = (true, true);
            pos = 2;
        } else if let Some(align) = text.get(0).and_then(align_of) {
            spec.align = align;
            align_given = true;
            pos = 1;
        }
        if let Some(sign) = ['+', '-', ' '].into_iter().find(|&sign| is(pos, sign)) {
            spec.sign = Some(sign);
            pos += 1;
        }
        if is(pos, 'z') {
            spec.no_negative_zero = true;
            pos += 1;
        }
        if is(pos, '#') {
            spec.alternate = true;
            pos += 1;
        }
        if !fill_given && is(pos, '0') {
            spec.fill = u32::from('0');
            if !align_given && default_align == Align::Right {
                spec.align = Align::AfterSign;
            }
            pos += 1;
        }
        let too_many = |()| Error::value("Too many decimal digits in format string");
        (spec.width, pos) = read_number(text, pos, MAX_WIDTH).map_err(too_many)?;
        (spec.grouping, pos) = read_grouping(text, pos)?;
        if is(pos, '.') {
            let (precision, after) = read_number(text, pos + 1, MAX_PRECISION).map_err(too_many)?;
            spec.precision = precision;
            (spec.fraction_grouping, pos) = read_grouping(text, after)?;
            if spec.precision.is_none() && spec.fraction_grouping.is_none() {
                return Err(Error::value("Format specifier missing precision"));
            }
        }
        match text.len() - pos {
            0 => {}
            1 => spec.code = Some(text.at(pos)),
            _ => return Err(invalid(text, type_name)),
        }
        spec.check_grouping(if default_align == Align::Left { 's' } else { 'd' })?;
        Ok(spec)
    }

    fn check_grouping(&self, default_code: char) -> Result<(), Error> {
        let code = self.code.unwrap_or(u32::from(default_code));
        let known = char::from_u32(code).unwrap_or('\u{fffd}');
        if let Some(grouping) = self.grouping {
            let allowed = match known {
                'd' | 'e' | 'f' | 'g' | 'E' | 'G' | '%' | 'F' | '\0' => true,
                'b' | 'o' | 'x' | 'X' => grouping == Grouping::Underscore,
                _ => false,
            };
            if !allowed {
                return Err(separator_with(grouping.char(), code));
            }
        }
        // Elsewhere a grouping of the fraction means nothing, but is allowed.
        if let Some(grouping) = self.fraction_grouping
            && known == 'n'
        {
            return Err(separator_with(grouping.char(), code));
        }
        Ok(())
    }

    /// For floats, where CPython's mark for "no type" is a NUL, and so a NUL means none.
    pub(crate) fn without_nul(&self) -> FormatSpec {
        FormatSpec { code: self.code.filter(|&code| code != 0), ..*self }
    }

    /// The presentation type as a character; one that is none (a surrogate) fits no type.
    pub(crate) fn code_char(&self) -> Option<char> {
        self.code.map(|code| char::from_u32(code).unwrap_or('\u{fffd}'))
    }

    /// The error for a presentation type that values of `type_name` do not have.
    pub fn unknown_code(&self, type_name: &str) -> Error {
        let code = self.code.unwrap_or(0);
        Error::value(format!(
            "Unknown format code '{}' for object of type '{type_name}'",
            shown(code)
        ))
    }
}

fn read_grouping<T: Units + ?Sized>(
    text: &T,
    mut pos: usize,
) -> Result<(Option<Grouping>, usize), Error> {
    let is = |pos: usize, c: char| text.get(pos) == Some(u32::from(c));
    let mut grouping = None;
    if is(pos, ',') {
        grouping = Some(Grouping::Comma);
        pos += 1;
    }
    if is(pos, '_') {
        if grouping.is_some() {
            return Err(both_separators());
        }
        grouping = Some(Grouping::Underscore);
        pos += 1;
    }
    if is(pos, ',') && grouping == Some(Grouping::Underscore) {
        return Err(both_separators());
    }
    Ok((grouping, pos))
}

fn invalid<T: Units + ?Sized>(text: &T, type_name: &str) -> Error {
    let shown: String = (0..text.len())
        .map(|index| char::from_u32(text.at(index)).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Error::value(format!("Invalid format specifier '{shown}' for object of type '{type_name}'"))
}
