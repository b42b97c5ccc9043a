//! Code objects as the library's image holds them: nothing lost, nothing copied, and what lies inside
//! is read only when it is needed ([`SharedCode`]). Not `marshal`, whose references bind a code object
//! to all that stands before it.
//!
//! | part of a module | what |
//! | --- | --- |
//! | number | how many strings |
//! | 4 bytes each | where each string ends, counted from the first one's start |
//! | the strings | generalised UTF-8 |
//! | code | the module's |
//!
//! What only tracebacks and tools ask for, the tables of lines and positions, lies in a place of its own:
//! the code of many modules, which a program reads, then takes half of the room.
//!
//! Among them is the code itself, which is run as its plan says (`prepared/stored.rs`).
//!
//! A *table* is two numbers, where it begins among the tables and its length. A *number* is of seven bits a byte, the low ones first, all bytes but the last with the high bit set.
//! A *string* is a number: its place in the table. *Bytes* are a number and so many bytes.
//!
//! | part of code | what |
//! | --- | --- |
//! | head | numbers: argcount, kwonlyargcount, nlocals, flags, cell variables, twice free variables and 1 more if it is *extended*; a string: the name |
//! | body | bytes: the rest, see [`Writer::body`] |
//!
//! The bytes are part of the binary and trusted: they hold what [`write`] wrote. Still, whatever they
//! hold, reading them is no fault.

use std::collections::HashMap;
use std::sync::Arc;

use crate::code::{Bytes, CodeObject, Const, Head, Positions, PyStrBuf, SharedCode};
use crate::marshal::{self, MarshalError};
use crate::prepared::{Plan, plan, stored as prepared};

/// What stands before a constant.
mod tag {
    pub const STR: u8 = b's';
    pub const BYTES: u8 = b'b';
    pub const TUPLE: u8 = b'(';
    pub const FROZENSET: u8 = b'>';
    pub const CODE: u8 = b'c';
    /// A number or a singleton, in marshal's form.
    pub const ATOM: u8 = b'a';
}

// -- writing

#[derive(Default)]
struct Writer {
    tables: Vec<u8>,
    strings: Vec<PyStrBuf>,
    places: HashMap<PyStrBuf, u32>,
}

pub(crate) fn put_number(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn size(out: &mut Vec<u8>, value: usize) -> Result<(), MarshalError> {
    put_number(out, u32::try_from(value).map_err(|_| MarshalError::TooLarge)?);
    Ok(())
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), MarshalError> {
    size(out, bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

impl Writer {
    fn string(&mut self, out: &mut Vec<u8>, text: &PyStrBuf) {
        let next = self.strings.len() as u32;
        let place = *self.places.entry(text.clone()).or_insert(next);
        if place == next {
            self.strings.push(text.clone());
        }
        put_number(out, place);
    }

    fn table(&mut self, out: &mut Vec<u8>, table: &[u8]) -> Result<(), MarshalError> {
        size(out, self.tables.len())?;
        size(out, table.len())?;
        self.tables.extend_from_slice(table);
        Ok(())
    }

    fn code(&mut self, out: &mut Vec<u8>, code: &SharedCode) -> Result<(), MarshalError> {
        let head = code.head();
        let extended = u32::from(head.extended);
        let numbers = [head.argcount, head.kwonlyargcount, head.nlocals, head.flags];
        let numbers = numbers.into_iter().chain([head.cells, head.frees << 1 | extended]);
        numbers.for_each(|n| put_number(out, n));
        self.string(out, &head.name);
        let mut body = Vec::new();
        self.body(&mut body, code)?;
        bytes(out, &body)
    }

    /// The plan, which is empty if there is none: code that is refused is so when it runs.
    fn plan(out: &mut Vec<u8>, code: &CodeObject) -> Result<(), MarshalError> {
        let made = plan::plan(code);
        bytes(out, &made.map(|plan| prepared::write(&plan)).unwrap_or_default())
    }

    fn body(&mut self, out: &mut Vec<u8>, code: &CodeObject) -> Result<(), MarshalError> {
        Self::plan(out, code)?;
        self.names(out, &code.names)?;
        self.constants(out, &code.consts)?;
        for n in [code.stacksize, code.firstlineno, code.posonlyargcount] {
            put_number(out, n);
        }
        self.string(out, &code.qualname);
        self.table(out, &code.code)?;
        self.table(out, &code.lnotab)?;
        self.table(out, code.positions.as_bytes())?;
        self.names(out, &code.varnames)?;
        self.names(out, &code.cellvars)?;
        self.names(out, &code.freevars)
    }

    fn names(&mut self, out: &mut Vec<u8>, names: &[PyStrBuf]) -> Result<(), MarshalError> {
        size(out, names.len())?;
        names.iter().for_each(|name| self.string(out, name));
        Ok(())
    }

    fn constants(&mut self, out: &mut Vec<u8>, items: &[Const]) -> Result<(), MarshalError> {
        size(out, items.len())?;
        items.iter().try_for_each(|item| self.constant(out, item))
    }

    fn constant(&mut self, out: &mut Vec<u8>, value: &Const) -> Result<(), MarshalError> {
        match value {
            Const::Str(text) => {
                out.push(tag::STR);
                self.string(out, text);
                Ok(())
            }
            Const::Bytes(part) => {
                out.push(tag::BYTES);
                bytes(out, part)
            }
            Const::Tuple(items) => {
                out.push(tag::TUPLE);
                self.constants(out, items)
            }
            Const::FrozenSet(items) => {
                out.push(tag::FROZENSET);
                self.constants(out, items)
            }
            Const::Code(code) => {
                out.push(tag::CODE);
                self.code(out, code)
            }
            _ => {
                out.push(tag::ATOM);
                let mut writer = marshal::Writer::new(marshal::VERSION);
                writer.constant(value)?;
                out.extend(writer.finish());
                Ok(())
            }
        }
    }
}

/// A module's code in this form.
#[derive(Clone, Copy, Debug)]
pub struct StoredModule<'a> {
    pub code: &'a [u8],
    pub tables: &'a [u8],
}

/// A module's code in this form, and its tables. File names are left out: the reader knows them.
///
/// # Errors
/// If something in it is too large.
pub fn write(code: &SharedCode) -> Result<(Vec<u8>, Vec<u8>), MarshalError> {
    let mut writer = Writer::default();
    let mut body = Vec::new();
    writer.code(&mut body, code)?;
    let mut out = Vec::new();
    size(&mut out, writer.strings.len())?;
    let mut end = 0usize;
    for text in &writer.strings {
        end += text.as_bytes().len();
        out.extend(u32::try_from(end).map_err(|_| MarshalError::TooLarge)?.to_le_bytes());
    }
    for text in &writer.strings {
        out.extend_from_slice(text.as_bytes());
    }
    out.extend(body);
    Ok((out, writer.tables))
}

// -- reading

/// Where a code object's body lies, and what it shares with the others of its module.
#[derive(Clone)]
pub(crate) struct Stored {
    body: &'static [u8],
    module: Arc<Module>,
}

/// What of a code object the machine runs.
pub struct Ready {
    pub plan: Plan,
    pub names: Box<[PyStrBuf]>,
    pub consts: Vec<Const>,
}

struct Module {
    tables: &'static [u8],
    strings: Strings,
    filename: PyStrBuf,
}

#[derive(Clone, Copy)]
struct Strings {
    ends: &'static [u8],
    text: &'static [u8],
}

impl Strings {
    fn end(&self, place: usize) -> Option<usize> {
        let bytes = self.ends.get(place * 4..place * 4 + 4)?;
        bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize)
    }

    fn get(&self, place: u32) -> Option<PyStrBuf> {
        let place = place as usize;
        let start = match place {
            0 => 0,
            _ => self.end(place - 1)?,
        };
        self.text.get(start..self.end(place)?).map(PyStrBuf::from_static)
    }
}

/// A number, and what is behind it.
#[inline]
pub(crate) fn number(bytes: &'static [u8]) -> Option<(u32, &'static [u8])> {
    let (&byte, mut rest) = bytes.split_first()?;
    let mut value = u32::from(byte & 0x7f);
    let mut last = byte;
    for shift in [7, 14, 21, 28] {
        if last < 0x80 {
            break;
        }
        let (&byte, behind) = rest.split_first()?;
        (last, rest) = (byte, behind);
        value |= u32::from(byte & 0x7f) << shift;
    }
    (last < 0x80).then_some((value, rest))
}

struct Reader<'a> {
    bytes: &'static [u8],
    module: &'a Arc<Module>,
}

impl Reader<'_> {
    fn take(&mut self, n: usize) -> Option<&'static [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(n)?;
        self.bytes = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        let (value, rest) = number(self.bytes)?;
        self.bytes = rest;
        Some(value)
    }

    fn part(&mut self) -> Option<&'static [u8]> {
        let n = self.number()? as usize;
        self.take(n)
    }

    fn table(&mut self) -> Option<&'static [u8]> {
        let (at, n) = (self.number()? as usize, self.number()? as usize);
        self.module.tables.get(at..at.checked_add(n)?)
    }

    fn string(&mut self) -> Option<PyStrBuf> {
        let place = self.number()?;
        self.module.strings.get(place)
    }

    /// As many as a number says of what `read` reads, each of which takes a byte at least.
    fn list<T>(&mut self, read: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()? as usize;
        let mut list = Vec::with_capacity(count.min(self.bytes.len()));
        for _ in 0..count {
            list.push(read(self)?);
        }
        Some(list)
    }

    fn names(&mut self) -> Option<Box<[PyStrBuf]>> {
        self.list(Self::string).map(Vec::into_boxed_slice)
    }

    fn code(&mut self) -> Option<SharedCode> {
        let (argcount, kwonlyargcount) = (self.number()?, self.number()?);
        let (nlocals, flags, cells) = (self.number()?, self.number()?, self.number()?);
        let frees = self.number()?;
        let (frees, extended) = (frees >> 1, frees & 1 == 1);
        let name = self.string()?;
        let head = Head { argcount, kwonlyargcount, nlocals, flags, cells, frees, extended, name };
        let body = self.part()?;
        let stored = Stored { body, module: self.module.clone() };
        Some(SharedCode::from_stored(head, stored))
    }

    fn body(&mut self, head: &Head) -> Option<CodeObject> {
        self.part()?;
        let (names, consts) = (self.names()?, self.constants()?.into());
        let (stacksize, firstlineno, posonly) = (self.number()?, self.number()?, self.number()?);
        Some(CodeObject {
            argcount: head.argcount,
            kwonlyargcount: head.kwonlyargcount,
            nlocals: head.nlocals,
            stacksize,
            flags: head.flags,
            filename: self.module.filename.clone(),
            name: head.name.clone(),
            firstlineno,
            posonlyargcount: posonly,
            extended: head.extended,
            qualname: self.string()?,
            code: Bytes::Borrowed(self.table()?),
            lnotab: Bytes::Borrowed(self.table()?),
            positions: Positions::from_bytes(self.table()?),
            names,
            varnames: self.names()?,
            cellvars: self.names()?,
            freevars: self.names()?,
            consts,
        })
    }

    fn constants(&mut self) -> Option<Vec<Const>> {
        self.list(Self::constant)
    }

    fn constant(&mut self) -> Option<Const> {
        let [kind] = *self.take(1)? else { return None };
        Some(match kind {
            tag::STR => Const::Str(self.string()?),
            tag::BYTES => Const::Bytes(self.part()?.into()),
            tag::TUPLE => Const::Tuple(self.constants()?.into()),
            tag::FROZENSET => Const::FrozenSet(self.constants()?.into()),
            tag::CODE => Const::Code(self.code()?),
            _ => {
                let (value, length) = marshal::read_prefix(self.bytes).ok()?;
                self.take(length)?;
                value
            }
        })
    }
}

impl Stored {
    /// What the machine runs, if the code is such that it runs.
    pub(crate) fn ready(&self) -> Option<Ready> {
        let mut reader = Reader { bytes: self.body, module: &self.module };
        let plan = prepared::read(reader.part()?)?;
        Some(Ready { plan, names: reader.names()?, consts: reader.constants()? })
    }

    /// The whole code object. What cannot be read is code without instructions, which does not run.
    pub(crate) fn read(&self, head: &Head) -> CodeObject {
        let mut reader = Reader { bytes: self.body, module: &self.module };
        reader.body(head).unwrap_or_else(|| CodeObject::empty(head))
    }
}

/// A module's code out of what [`write`] wrote, with this file name in it and all within it; `None` if
/// the bytes are something else.
pub fn read(stored: StoredModule<'static>, filename: &str) -> Option<SharedCode> {
    let (count, bytes) = number(stored.code)?;
    let (ends, bytes) = bytes.split_at_checked((count as usize).checked_mul(4)?)?;
    let strings = Strings { ends, text: &[] };
    let size = if count == 0 { 0 } else { strings.end(count as usize - 1)? };
    let (text, bytes) = bytes.split_at_checked(size)?;
    let module = Arc::new(Module {
        tables: stored.tables,
        strings: Strings { ends, text },
        filename: filename.into(),
    });
    Reader { bytes, module: &module }.code()
}

#[cfg(test)]
mod tests {
    use super::*;
    use adder_bigint::Int;

    fn sample() -> SharedCode {
        let text = |t: &str| PyStrBuf::from(t);
        let inner = CodeObject {
            argcount: 1,
            nlocals: 300,
            flags: 0x43,
            code: vec![100, 0, 83, 0].into(),
            consts: vec![Const::None, Const::Int(Int::from(7i64)), Const::Float(-0.0)].into(),
            varnames: (0..300).map(|n| text(&format!("v{n}"))).collect(),
            qualname: text("f.<locals>.größer"),
            posonlyargcount: 1,
            extended: true,
            positions: Positions::from_bytes(vec![3, 1, 0, 0, 0]),
            ..CodeObject::empty(&Head {
                argcount: 1,
                kwonlyargcount: 0,
                nlocals: 300,
                flags: 0x43,
                cells: 0,
                frees: 0,
                extended: true,
                name: text("größer"),
            })
        };
        let tuple = Const::Tuple(vec![Const::str("v1"), Const::Bytes((*b"\0x").into())].into());
        let outer = CodeObject {
            code: vec![100, 1, 83, 0].into(),
            consts: vec![Const::Code(inner.clone().into()), tuple, Const::FrozenSet([].into())]
                .into(),
            lnotab: vec![2, 1].into(),
            ..inner
        };
        outer.into()
    }

    fn written() -> StoredModule<'static> {
        let (code, tables) = write(&sample()).expect("small");
        StoredModule { code: code.leak(), tables: tables.leak() }
    }

    #[test]
    fn what_is_written_comes_back_under_the_file_name() {
        let read = read(written(), "there.py").expect("what was written");
        let shown = format!("{:?}", *sample()).replace("filename: \"\"", "filename: \"there.py\"");
        assert_eq!(format!("{:?}", *read), shown);
        let Const::Code(inner) = &read.consts[0] else { panic!("{:?}", read.consts) };
        assert_eq!(inner.head().name, "größer");
    }

    #[test]
    fn plans_come_back() {
        let read = read(written(), "there.py").expect("what was written");
        let Const::Code(inner) = &read.consts[0] else { panic!("{:?}", read.consts) };
        for code in [&read, inner] {
            let ready = code.ready().expect("code that runs");
            assert_eq!(ready.plan, plan::plan(code).expect("code that runs"));
            assert_eq!(ready.names, code.names);
            assert_eq!(format!("{:?}", ready.consts), format!("{:?}", code.consts));
        }
        assert!(sample().ready().is_none());
    }

    #[test]
    fn any_bytes_are_read_without_fault() {
        let whole = written();
        let with = |code| StoredModule { code, ..whole };
        for end in 0..whole.code.len() {
            if let Some(code) = read(with(&whole.code[..end]), "x") {
                let _ = format!("{:?}", *code);
            }
        }
        // The last 600 bytes are code: numbers, tags and lengths.
        for at in whole.code.len() - 600..whole.code.len() {
            let mut bytes = whole.code.to_vec();
            bytes[at] ^= 0x11;
            if let Some(code) = read(with(bytes.leak()), "x") {
                let _ = code.consts.len();
            }
        }
    }
}
