//! The templates of `str.format`: literal text and replacement fields, and a field's name taken
//! apart.
//!
//! Answers to `Objects/stringlib/unicode_format.h` (`MarkupIterator`, `FieldNameIterator`), which
//! `str.format`, `_string.formatter_parser` and `_string.formatter_field_name_split` share.
//! Nested fields in a specification are the caller's recursion, with CPython's limit of two
//! levels ([`MAX_DEPTH`], error text "Max string recursion exceeded").

use std::ops::Range;

use crate::units::{digit_value, read_number};
use crate::{Error, Units};

/// How deep fields may nest: a template, and the specifications in it.
pub const MAX_DEPTH: usize = 2;

/// Literal text and the field after it, all as ranges in the template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chunk {
    /// Doubled braces are already single: the range holds one of the two.
    pub literal: Range<usize>,
    pub field: Option<Field>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    pub name: Range<usize>,
    /// Empty if there is none.
    pub spec: Range<usize>,
    /// What follows `!`.
    pub conversion: Option<u32>,
    /// Whether `spec` has fields of its own.
    pub spec_is_nested: bool,
}

/// Steps through a template; stops after an error.
pub struct Chunks<'a, T: Units + ?Sized> {
    text: &'a T,
    pos: usize,
    end: usize,
}

impl<'a, T: Units + ?Sized> Chunks<'a, T> {
    pub fn new(text: &'a T) -> Self {
        Chunks { text, pos: 0, end: text.len() }
    }

    /// The template is `range` of `text` (a nested specification).
    pub fn within(text: &'a T, range: Range<usize>) -> Self {
        let end = range.end.min(text.len());
        Chunks { text, pos: range.start.min(end), end }
    }

    fn peek(&self) -> Option<char> {
        // A surrogate has no meaning here; any character without one stands in for it.
        (self.pos < self.end)
            .then(|| char::from_u32(self.text.at(self.pos)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += 1;
        Some(c)
    }

    fn chunk(&mut self) -> Result<Chunk, Error> {
        let start = self.pos;
        self.pos = self.text.find_either(start..self.end, '{', '}');
        while let Some(c) = self.take() {
            let brace = match c {
                '{' | '}' => c,
                _ => continue,
            };
            if self.peek() == Some(brace) {
                let literal = start..self.pos;
                self.pos += 1;
                return Ok(Chunk { literal, field: None });
            }
            if brace == '}' {
                return Err(Error::value("Single '}' encountered in format string"));
            }
            if self.pos == self.end {
                return Err(Error::value("Single '{' encountered in format string"));
            }
            let literal = start..self.pos - 1;
            return Ok(Chunk { literal, field: Some(self.field()?) });
        }
        Ok(Chunk { literal: start..self.pos, field: None })
    }

    fn field(&mut self) -> Result<Field, Error> {
        let start = self.pos;
        let stop = loop {
            match self.take() {
                None => return Err(Error::value("expected '}' before end of string")),
                Some('{') => return Err(Error::value("unexpected '{' in field name")),
                Some('[') => {
                    while self.peek().is_some_and(|c| c != ']') {
                        self.pos += 1;
                    }
                }
                Some(c @ ('}' | ':' | '!')) => break c,
                Some(_) => {}
            }
        };
        let name = start..self.pos - 1;
        let mut field =
            Field { name, spec: self.pos..self.pos, conversion: None, spec_is_nested: false };
        if stop == '}' {
            return Ok(field);
        }
        if stop == '!' {
            if self.pos == self.end {
                return Err(Error::value("end of string while looking for conversion specifier"));
            }
            field.conversion = Some(self.text.at(self.pos));
            self.pos += 1;
            match self.take() {
                Some('}') => {
                    field.spec = self.pos..self.pos;
                    return Ok(field);
                }
                Some(':') | None => {}
                Some(_) => return Err(Error::value("expected ':' after conversion specifier")),
            }
        }
        let start = self.pos;
        let mut depth = 1;
        while let Some(c) = self.take() {
            match c {
                '{' => {
                    field.spec_is_nested = true;
                    depth += 1;
                }
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                field.spec = start..self.pos - 1;
                return Ok(field);
            }
        }
        Err(Error::value("unmatched '{' in format spec"))
    }
}

impl<T: Units + ?Sized> Iterator for Chunks<'_, T> {
    type Item = Result<Chunk, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pos >= self.end {
            return None;
        }
        let chunk = self.chunk();
        if chunk.is_err() {
            self.pos = self.end;
        }
        Some(chunk)
    }
}

/// A name that is a number where it is all digits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Key {
    Index(usize),
    Name(Range<usize>),
}

/// One step of a field's name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// `.name`
    Attribute(Range<usize>),
    /// `[key]`
    Item(Key),
}

/// The first part of a field's name (an empty one asks for automatic numbering), and its steps.
pub fn split_field_name<T: Units + ?Sized>(
    text: &T,
    name: Range<usize>,
) -> Result<(Key, Steps<'_, T>), Error> {
    let end = name.end.min(text.len());
    if name.start >= end {
        return Ok((Key::Name(end..end), Steps { text, pos: end, end }));
    }
    let is_step = |c: u32| c == u32::from('.') || c == u32::from('[');
    let first_end = (name.start..end).find(|&at| is_step(text.at(at))).unwrap_or(end);
    let first = key(text, name.start..first_end)?;
    Ok((first, Steps { text, pos: first_end, end }))
}

fn key<T: Units + ?Sized>(text: &T, range: Range<usize>) -> Result<Key, Error> {
    let all_digits = range.clone().all(|at| digit_value(text.at(at)).is_some());
    if range.is_empty() || !all_digits {
        return Ok(Key::Name(range));
    }
    let (value, _) = read_number(text, range.start, isize::MAX as usize)
        .map_err(|()| Error::value("Too many decimal digits in format string"))?;
    Ok(value.map_or(Key::Name(range), Key::Index))
}

/// Steps through `.name` and `[key]`; stops after an error.
pub struct Steps<'a, T: Units + ?Sized> {
    text: &'a T,
    pos: usize,
    end: usize,
}

impl<T: Units + ?Sized> Steps<'_, T> {
    fn at(&self, at: usize) -> char {
        char::from_u32(self.text.at(at)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn step(&mut self) -> Result<Step, Error> {
        let start = self.pos + 1;
        let empty = || Error::value("Empty attribute in format string");
        match self.at(self.pos) {
            '.' => {
                let stop = (start..self.end).find(|&at| matches!(self.at(at), '.' | '['));
                self.pos = stop.unwrap_or(self.end);
                let name = start..self.pos;
                if name.is_empty() { Err(empty()) } else { Ok(Step::Attribute(name)) }
            }
            '[' => {
                let Some(stop) = (start..self.end).find(|&at| self.at(at) == ']') else {
                    return Err(Error::value("Missing ']' in format string"));
                };
                self.pos = stop + 1;
                if start == stop {
                    return Err(empty());
                }
                key(self.text, start..stop).map(Step::Item)
            }
            _ => Err(Error::value("Only '.' or '[' may follow ']' in format field specifier")),
        }
    }
}

impl<T: Units + ?Sized> Iterator for Steps<'_, T> {
    type Item = Result<Step, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pos >= self.end {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            self.pos = self.end;
        }
        Some(step)
    }
}
