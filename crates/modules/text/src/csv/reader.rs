//! `reader`: a state machine over the characters of lines.

use super::dialect::Dialect;
use super::{Quoting, error, field_limit};
use crate::unit::Unit;
use adder_derive::{pyclass, pymethods};
use adder_numtext::float_parse::parse_float;
use adder_vm::object::Payload;
use adder_vm::objects::float::FloatObj;
use adder_vm::objects::list::List;
use adder_vm::objects::str_::{Chars, Str, StrBuilder, intern::character};
use adder_vm::protocol::{call, iter, number};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;

/// CSV reader
///
/// Reader objects are responsible for reading and parsing tabular data
/// in CSV format.
#[pyclass(name = "_csv.reader", no_new)]
pub struct Reader {
    lines: Value,
    dialect: Ref<Dialect>,
    line_num: Cell<u64>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    StartRecord,
    StartField,
    Escaped,
    InField,
    InQuoted,
    EscapedInQuoted,
    QuoteInQuoted,
    EatLineEnd,
    AfterEscapedLineEnd,
}

/// A row being read, which may take several lines.
struct Row<'a> {
    vm: &'a Vm,
    dialect: &'a Dialect,
    fields: Vec<Value>,
    field: StrBuilder,
    state: State,
    /// The field had no quote at its beginning.
    unquoted: bool,
    limit: i64,
}

const LINE_FEED: u32 = 0x0a;
const CARRIAGE_RETURN: u32 = 0x0d;

impl Row<'_> {
    /// The next `more` characters must not make the field too long.
    fn check(&self, more: usize) -> PyResult<()> {
        if (self.field.len() + more) as i64 > self.limit {
            let limit = self.limit;
            return Err(error(self.vm, format!("field larger than field limit ({limit})")));
        }
        Ok(())
    }

    fn push(&mut self, c: u32) -> PyResult<()> {
        self.check(1)?;
        self.field.push(c);
        Ok(())
    }

    fn push_run(&mut self, line: &Str, start: usize, end: usize) -> PyResult<()> {
        self.check(end - start)?;
        self.field.push_range(line, start, end);
        Ok(())
    }

    /// The field is complete.
    fn save(&mut self) -> PyResult<()> {
        let text = std::mem::take(&mut self.field).finish_in(self.vm)?;
        self.save_text(text)
    }

    fn save_text(&mut self, text: Ref<Str>) -> PyResult<()> {
        let quoting = self.dialect.quoting;
        let field = match quoting {
            Quoting::Strings | Quoting::NotNull if self.unquoted && text.is_empty() => Value::NONE,
            Quoting::Strings | Quoting::NonNumeric if self.unquoted && !text.is_empty() => {
                Value::float(self.number(text)?)
            }
            _ => text.into(),
        };
        self.fields.push(field);
        Ok(())
    }

    fn number(&self, text: Ref<Str>) -> PyResult<f64> {
        let ascii = text.as_ascii().and_then(|t| parse_float(t.as_bytes()));
        if let Some(number) = ascii {
            return Ok(number);
        }
        let float = FloatObj::cell().get().to_value();
        let made = call::call(self.vm, &float, &[text.into()])?;
        number::to_f64(self.vm, &made)
    }

    /// After a field that a line's end may follow.
    fn end_of_field(&mut self, at_end: bool) -> PyResult<()> {
        self.save()?;
        self.state = if at_end { State::StartRecord } else { State::EatLineEnd };
        Ok(())
    }

    /// The next character; `None` stands for the end of the line.
    fn step(&mut self, c: Option<u32>) -> PyResult<()> {
        let dialect = self.dialect;
        let is_line_end = matches!(c, None | Some(LINE_FEED | CARRIAGE_RETURN));
        let is_quote = c.is_some() && c == dialect.quotechar && dialect.quoting != Quoting::None;
        let is_escape = c.is_some() && c == dialect.escapechar;
        let is_delimiter = c == Some(dialect.delimiter);
        match self.state {
            State::StartRecord if c.is_none() => {}
            State::StartRecord if is_line_end => self.state = State::EatLineEnd,
            State::StartRecord | State::StartField => {
                self.unquoted = true;
                if is_line_end {
                    return self.end_of_field(c.is_none());
                }
                if is_quote {
                    self.unquoted = false;
                    self.state = State::InQuoted;
                } else if is_escape {
                    self.state = State::Escaped;
                } else if c == Some(0x20) && dialect.skipinitialspace {
                    self.state = State::StartField;
                } else if is_delimiter {
                    self.save()?;
                    self.state = State::StartField;
                } else if let Some(c) = c {
                    self.push(c)?;
                    self.state = State::InField;
                }
            }
            State::Escaped => {
                self.push(c.unwrap_or(LINE_FEED))?;
                self.state = match c {
                    Some(LINE_FEED | CARRIAGE_RETURN) => State::AfterEscapedLineEnd,
                    _ => State::InField,
                };
            }
            State::AfterEscapedLineEnd if c.is_none() => {}
            State::InField | State::AfterEscapedLineEnd => {
                if is_line_end {
                    return self.end_of_field(c.is_none());
                }
                self.state = State::InField;
                if is_escape {
                    self.state = State::Escaped;
                } else if is_delimiter {
                    self.save()?;
                    self.state = State::StartField;
                } else if let Some(c) = c {
                    self.push(c)?;
                }
            }
            State::InQuoted => {
                if is_escape {
                    self.state = State::EscapedInQuoted;
                } else if is_quote {
                    self.state =
                        if dialect.doublequote { State::QuoteInQuoted } else { State::InField };
                } else if let Some(c) = c {
                    self.push(c)?;
                }
            }
            State::EscapedInQuoted => {
                self.push(c.unwrap_or(LINE_FEED))?;
                self.state = State::InQuoted;
            }
            State::QuoteInQuoted => {
                if is_quote {
                    self.push(c.unwrap_or(0))?;
                    self.state = State::InQuoted;
                } else if is_delimiter {
                    self.save()?;
                    self.state = State::StartField;
                } else if is_line_end {
                    return self.end_of_field(c.is_none());
                } else if let Some(c) = c.filter(|_| !dialect.strict) {
                    self.push(c)?;
                    self.state = State::InField;
                } else {
                    let quote = dialect.quotechar.unwrap_or(0);
                    let message = format!(
                        "'{}' expected after '{}'",
                        character(dialect.delimiter),
                        character(quote)
                    );
                    return Err(error(self.vm, message));
                }
            }
            State::EatLineEnd if c.is_none() => self.state = State::StartRecord,
            State::EatLineEnd if is_line_end => {}
            State::EatLineEnd => {
                let message = "new-line character seen in unquoted field - \
                               do you need to open the file with newline=''?";
                return Err(error(self.vm, message));
            }
        }
        Ok(())
    }

    /// Where the characters end that just belong to the field.
    fn run_end<U: Unit>(&self, units: &[U], start: usize, stops: [u32; 4]) -> usize {
        let rest = units.get(start..).unwrap_or(&[]);
        let special = |u: &U| stops.contains(&u.code());
        start + rest.iter().position(special).unwrap_or(rest.len())
    }

    fn line<U: Unit>(&mut self, line: &Str, units: &[U]) -> PyResult<()> {
        /// No character.
        const NEVER: u32 = u32::MAX;
        let dialect = self.dialect;
        let escape = dialect.escapechar.unwrap_or(NEVER);
        let quote = match dialect.quoting {
            Quoting::None => NEVER,
            _ => dialect.quotechar.unwrap_or(NEVER),
        };
        let plain_stops = [dialect.delimiter, escape, LINE_FEED, CARRIAGE_RETURN];
        let quoted_stops = [quote, escape, NEVER, NEVER];
        let mut at = 0;
        while let Some(unit) = units.get(at) {
            let c = unit.code();
            match self.state {
                State::StartRecord | State::StartField
                    if c != quote
                        && !plain_stops.contains(&c)
                        && !(c == 0x20 && dialect.skipinitialspace) =>
                {
                    self.unquoted = true;
                    let end = self.run_end(units, at, plain_stops);
                    self.check(end - at)?;
                    if units.get(end).is_some_and(|u| u.code() == dialect.delimiter) {
                        // The usual field: it is a piece of the line.
                        self.save_text(line.substring(at, end))?;
                        self.state = State::StartField;
                        at = end + 1;
                    } else {
                        self.push_run(line, at, end)?;
                        self.state = State::InField;
                        at = end;
                    }
                }
                State::InField => {
                    let end = self.run_end(units, at, plain_stops);
                    self.push_run(line, at, end)?;
                    if let Some(unit) = units.get(end) {
                        self.step(Some(unit.code()))?;
                    }
                    at = end + 1;
                }
                State::InQuoted => {
                    let end = self.run_end(units, at, quoted_stops);
                    self.push_run(line, at, end)?;
                    if let Some(unit) = units.get(end) {
                        self.step(Some(unit.code()))?;
                    }
                    at = end + 1;
                }
                _ => {
                    self.step(Some(c))?;
                    at += 1;
                }
            }
        }
        self.step(None)
    }
}

impl Reader {
    pub fn make(vm: &Vm, lines: Value, dialect: Ref<Dialect>) -> Value {
        let payload = Reader { lines, dialect, line_num: Cell::new(0) };
        Ref::with_type(payload, vm.type_object::<Reader>()).into()
    }
}

#[pymethods]
impl Reader {
    #[slot]
    fn iter(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(zelf.clone())
    }
    #[slot]
    fn iternext(zelf: &Obj<Reader>, vm: &Vm) -> PyResult<Option<Value>> {
        let dialect = zelf.dialect.clone();
        let mut row = Row {
            vm,
            dialect: &dialect,
            fields: Vec::new(),
            field: StrBuilder::new(),
            state: State::StartRecord,
            unquoted: true,
            limit: field_limit(),
        };
        loop {
            let Some(line) = iter::next(vm, &zelf.lines)? else {
                if row.field.is_empty() && row.state != State::InQuoted {
                    return Ok(None);
                }
                if dialect.strict {
                    return Err(error(vm, "unexpected end of data"));
                }
                row.save()?;
                break;
            };
            let Some(line) = line.downcast::<Str>() else {
                let given = line.ty().name();
                return Err(error(
                    vm,
                    format!(
                        "iterator should return strings, not {given} \
                         (the file should be opened in text mode)"
                    ),
                ));
            };
            zelf.line_num.set(zelf.line_num.get() + 1);
            match line.chars() {
                Chars::Ascii(s) => row.line(line, s.as_bytes()),
                Chars::One(s) => row.line(line, s),
                Chars::Two(s) => row.line(line, s),
                Chars::Four(s) => row.line(line, s),
            }?;
            if row.state == State::StartRecord {
                break;
            }
        }
        Ok(Some(List::from_vec(row.fields).into()))
    }
    #[getter(member)]
    fn dialect(zelf: &Obj<Reader>, _vm: &Vm) -> Ref<Dialect> {
        zelf.dialect.clone()
    }
    #[getter(member)]
    fn line_num(zelf: &Obj<Reader>, _vm: &Vm) -> u64 {
        zelf.line_num.get()
    }
}
