//! `format(value, spec)` for int, float, complex and str.

use std::borrow::Cow;

use crate::float_text::{FloatText, Form};
use crate::grouping::{group_fraction, group_whole};
use crate::spec::{Align, FormatSpec, Grouping, Locale};
use crate::{Error, IntRef};

/// A formatted number: fill, head (sign and prefix), fill, tail, fill.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Padded {
    pub fill: u32,
    pub left: usize,
    pub head: String,
    pub inner: usize,
    /// The character of the type `c`, before the (then empty) tail; it may be a surrogate.
    pub character: Option<u32>,
    pub tail: String,
    pub right: usize,
}

impl Padded {
    /// The number of characters in all.
    pub fn char_len(&self) -> usize {
        self.left
            .saturating_add(self.inner)
            .saturating_add(self.right)
            .saturating_add(self.head.chars().count() + self.tail.chars().count())
            .saturating_add(usize::from(self.character.is_some()))
    }

    /// Whether all of it is ASCII, for a caller that chooses a storage width.
    pub fn is_ascii(&self) -> bool {
        let padded = self.left + self.inner + self.right > 0;
        self.head.is_ascii()
            && self.tail.is_ascii()
            && (self.fill < 128 || !padded)
            && self.character.is_none_or(|c| c < 128)
    }

    /// The parts in order, each as a run of one code point or a piece of text.
    pub fn parts(&self) -> [Part<'_>; 6] {
        [
            Part::Fill(self.fill, self.left),
            Part::Text(&self.head),
            Part::Fill(self.fill, self.inner),
            Part::Fill(self.character.unwrap_or(0), usize::from(self.character.is_some())),
            Part::Text(&self.tail),
            Part::Fill(self.fill, self.right),
        ]
    }

    /// The whole text; a surrogate in it becomes U+FFFD.
    pub fn to_text(&self) -> Result<String, Error> {
        let mut out = String::new();
        let char_of = |code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        let size = self.char_len().saturating_mul(char_of(self.fill).len_utf8());
        out.try_reserve(size).map_err(|_| Error::memory())?;
        for part in self.parts() {
            match part {
                Part::Fill(code, count) => out.extend(std::iter::repeat_n(char_of(code), count)),
                Part::Text(text) => out.push_str(text),
            }
        }
        Ok(out)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part<'a> {
    Fill(u32, usize),
    Text(&'a str),
}

/// A formatted string: `left` fills, the first `take` characters of the value, `right` fills.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    pub fill: u32,
    pub left: usize,
    pub take: usize,
    pub right: usize,
}

fn padding(total: usize, spec: &FormatSpec) -> (usize, usize, usize) {
    let missing = spec.width.unwrap_or(0).saturating_sub(total);
    match spec.align {
        Align::Left => (0, 0, missing),
        Align::Right => (missing, 0, 0),
        Align::Center => (missing / 2, 0, missing - missing / 2),
        Align::AfterSign => (0, missing, 0),
    }
}

/// `format(text, spec)` for a `str` of `len` characters.
/// `type_name` is the value's type's, for errors, here and below.
pub fn format_str(len: usize, spec: &FormatSpec, type_name: &str) -> Result<Slice, Error> {
    if !matches!(spec.code_char(), None | Some('s')) {
        return Err(spec.unknown_code(type_name));
    }
    let not_allowed =
        |what| Err(Error::value(format!("{what} not allowed in string format specifier")));
    match spec.sign {
        Some(' ') => return not_allowed("Space"),
        Some(_) => return not_allowed("Sign"),
        None => {}
    }
    if spec.no_negative_zero {
        return not_allowed("Negative zero coercion (z)");
    }
    if spec.alternate {
        return not_allowed("Alternate form (#)");
    }
    if spec.align == Align::AfterSign {
        return not_allowed("'=' alignment");
    }
    let take = spec.precision.map_or(len, |most| most.min(len));
    let (left, _, right) = padding(take, spec);
    Ok(Slice { fill: spec.fill, left, take, right })
}

/// The pieces of a number before padding.
struct Number<'a> {
    negative: bool,
    /// `0x` and the like.
    prefix: &'a str,
    /// Digits before the point; letters, if it is no number.
    whole: &'a str,
    /// The point as written, and all that follows it.
    rest: &'a str,
    separator: &'a str,
    sizes: &'a [u8],
}

impl Number<'_> {
    fn pad(self, spec: &FormatSpec) -> Result<Padded, Error> {
        let mut head = String::new();
        match (self.negative, spec.sign) {
            (true, _) => head.push('-'),
            (false, Some(sign @ ('+' | ' '))) => head.push(sign),
            _ => {}
        }
        head.push_str(self.prefix);
        let rest_len = self.rest.chars().count();
        let fixed = head.chars().count() + rest_len;
        let zero_padded = spec.fill == u32::from('0') && spec.align == Align::AfterSign;
        let min_width = if zero_padded { spec.width.unwrap_or(0).saturating_sub(fixed) } else { 0 };
        let is_digits = self.whole.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut tail = if self.separator.is_empty() || !is_digits || self.whole.is_empty() {
            let mut plain = String::with_capacity(self.whole.len() + self.rest.len());
            plain.push_str(self.whole);
            plain
        } else {
            group_whole(self.whole, self.separator, self.sizes, min_width)?
        };
        tail.push_str(self.rest);
        let total = head.chars().count() + tail.chars().count();
        let (left, inner, right) = padding(total, spec);
        Ok(Padded { fill: spec.fill, left, head, inner, character: None, tail, right })
    }
}

const THOUSANDS: &[u8] = &[3];
const FOURS: &[u8] = &[4];

fn separator_of(grouping: Option<Grouping>) -> &'static str {
    match grouping {
        Some(Grouping::Comma) => ",",
        Some(Grouping::Underscore) => "_",
        None => "",
    }
}

/// `format(value, spec)` for an `int`. The caller has checked the limit on decimal digits.
pub fn format_int(
    value: IntRef<'_>,
    spec: &FormatSpec,
    type_name: &str,
    locale: &Locale,
) -> Result<Padded, Error> {
    let (radix, prefix, upper) = match spec.code_char() {
        None | Some('d' | 'n') => (10, "", false),
        Some('b') => (2, "0b", false),
        Some('o') => (8, "0o", false),
        Some('x') => (16, "0x", false),
        Some('X') => (16, "0X", true),
        Some('c') => return format_character(value, spec),
        Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
            let value = value
                .to_f64()
                .ok_or_else(|| Error::overflow("int too large to convert to float"))?;
            return format_float(value, spec, type_name, locale);
        }
        Some(_) => return Err(spec.unknown_code(type_name)),
    };
    check_whole(spec)?;
    let mut digits = value.magnitude_digits(radix);
    if upper {
        digits.make_ascii_uppercase();
    }
    let (separator, sizes) = match spec.code_char() {
        Some('n') => (locale.thousands_sep.as_str(), locale.grouping.as_slice()),
        _ if radix == 10 => (separator_of(spec.grouping), THOUSANDS),
        _ => (separator_of(spec.grouping), FOURS),
    };
    let prefix = if spec.alternate { prefix } else { "" };
    let separator = if sizes.is_empty() { "" } else { separator };
    Number { negative: value.is_negative(), prefix, whole: &digits, rest: "", separator, sizes }
        .pad(spec)
}

fn check_whole(spec: &FormatSpec) -> Result<(), Error> {
    if spec.precision.is_some() {
        return Err(Error::value("Precision not allowed in integer format specifier"));
    }
    if spec.no_negative_zero {
        return Err(Error::value(
            "Negative zero coercion (z) not allowed in integer format specifier",
        ));
    }
    Ok(())
}

fn format_character(value: IntRef<'_>, spec: &FormatSpec) -> Result<Padded, Error> {
    check_whole(spec)?;
    let not_allowed =
        |what| Err(Error::value(format!("{what} not allowed with integer format specifier 'c'")));
    if spec.sign.is_some() {
        return not_allowed("Sign");
    }
    if spec.alternate {
        return not_allowed("Alternate form (#)");
    }
    let small = match value {
        IntRef::Small(value) => Some(value),
        IntRef::Big(value) => value.to_i64(),
    };
    let Some(code) = small else {
        return Err(Error::overflow("Python int too large to convert to C long"));
    };
    let code = u32::try_from(code).ok().filter(|&code| code <= 0x10_ffff);
    let Some(code) = code else {
        return Err(Error::overflow("%c arg not in range(0x110000)"));
    };
    let (left, inner, right) = padding(1, spec);
    Ok(Padded { fill: spec.fill, left, inner, character: Some(code), right, ..Padded::default() })
}

/// The text form for a float's presentation type; `None` if there is no such type.
/// The flag says that the value is a percentage.
fn float_text(spec: &FormatSpec, dot_zero: bool) -> Option<(FloatText, bool)> {
    let precision = spec.precision.unwrap_or(6);
    let code = spec.code_char();
    let form = match code {
        None if spec.precision.is_none() => Form::Repr,
        None | Some('g' | 'G' | 'n') => Form::General { precision },
        Some('e' | 'E') => Form::Exponent { precision },
        Some('f' | 'F' | '%') => Form::Fixed { precision },
        Some(_) => return None,
    };
    let text = FloatText {
        form,
        upper: matches!(code, Some('E' | 'F' | 'G')),
        alternate: spec.alternate,
        dot_zero: dot_zero && code.is_none(),
        no_negative_zero: spec.no_negative_zero,
    };
    Some((text, code == Some('%')))
}

/// Splits a float's text into sign, whole digits and the rest, and applies `n`'s decimal point
/// and the grouping of the fraction.
fn split_float<'a>(
    text: &'a str,
    spec: &FormatSpec,
    locale: &Locale,
) -> (bool, &'a str, Cow<'a, str>) {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at(whole);
    let localized = spec.code_char() == Some('n');
    let Some(after) =
        rest.strip_prefix('.').filter(|_| localized || spec.fraction_grouping.is_some())
    else {
        return (negative, whole, rest.into());
    };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, exponent) = after.split_at(digits);
    let point = if localized { locale.decimal_point.as_str() } else { "." };
    let digits: Cow<'_, str> = match spec.fraction_grouping {
        Some(grouping) => group_fraction(digits, separator_of(Some(grouping))).into(),
        None => digits.into(),
    };
    (negative, whole, format!("{point}{digits}{exponent}").into())
}

fn float_grouping<'a>(spec: &FormatSpec, locale: &'a Locale) -> (&'a str, &'a [u8]) {
    if spec.code_char() != Some('n') {
        return (separator_of(spec.grouping), THOUSANDS);
    }
    if locale.grouping.is_empty() {
        return ("", THOUSANDS);
    }
    (&locale.thousands_sep, &locale.grouping)
}

/// `format(value, spec)` for a `float`.
pub fn format_float(
    value: f64,
    spec: &FormatSpec,
    type_name: &str,
    locale: &Locale,
) -> Result<Padded, Error> {
    let spec = &spec.without_nul();
    let Some((form, percent)) = float_text(spec, true) else {
        return Err(spec.unknown_code(type_name));
    };
    let mut text = form.text(if percent { value * 100.0 } else { value })?;
    if percent {
        text.push('%');
    }
    let (negative, whole, rest) = split_float(&text, spec, locale);
    let (separator, sizes) = float_grouping(spec, locale);
    Number { negative, prefix: "", whole, rest: &rest, separator, sizes }.pad(spec)
}

/// `format(complex(real, imag), spec)`.
pub fn format_complex(
    real: f64,
    imag: f64,
    spec: &FormatSpec,
    type_name: &str,
    locale: &Locale,
) -> Result<Padded, Error> {
    let spec = &spec.without_nul();
    let known = spec.code_char() != Some('%');
    let Some((form, _)) = float_text(spec, false).filter(|_| known) else {
        return Err(spec.unknown_code(type_name));
    };
    if spec.fill == u32::from('0') {
        return Err(Error::value("Zero padding is not allowed in complex format specifier"));
    }
    if spec.align == Align::AfterSign {
        return Err(Error::value("'=' alignment flag is not allowed in complex format specifier"));
    }
    // Without a type the text is like str(): no real part that is +0, else parentheses.
    let like_str = spec.code.is_none();
    let skip_real = like_str && real == 0.0 && real.is_sign_positive();
    let plain = FormatSpec { width: None, align: Align::Left, ..*spec };
    let part = |value: f64, spec: &FormatSpec| -> Result<String, Error> {
        let text = form.text(value)?;
        let (negative, whole, rest) = split_float(&text, spec, locale);
        let (separator, sizes) = float_grouping(spec, locale);
        Number { negative, prefix: "", whole, rest: &rest, separator, sizes }.pad(spec)?.to_text()
    };
    let mut text = String::new();
    if skip_real {
        text.push_str(&part(imag, &plain)?);
    } else {
        text.push_str(if like_str { "(" } else { "" });
        text.push_str(&part(real, &plain)?);
        text.push_str(&part(imag, &FormatSpec { sign: Some('+'), ..plain })?);
    }
    text.push_str(if like_str && !skip_real { "j)" } else { "j" });
    let (left, _, right) = padding(text.chars().count(), spec);
    Ok(Padded { fill: spec.fill, left, tail: text, right, ..Padded::default() })
}
