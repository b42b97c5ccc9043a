//! `marshal`: Python's constants and code objects as bytes, and back. CPython's
//! `Python/marshal.c`, versions 0 to 4; code objects in 3.6's layout.
//!
//! An object is a type byte and what follows from it. The type byte may carry [`FLAG_REF`]: the
//! object gets the next number, and `r` with that number stands for it later on.
//!
//! Code that 3.6's layout cannot hold (positional-only parameters, instructions of level 3.14) is
//! written under a type byte of our own, [`EXTENDED_CODE`], which CPython refuses; so is all code
//! if nothing may be lost ([`Writer::keep_all`]: qualified names and positions).
//!
//! [`Writer`] and [`Reader`] know values only through the caller: constants and code objects are
//! handled here, containers of the running machine come by [`Build`], so that a list that
//! contains itself keeps its shape.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use adder_bigint::Int;

use crate::code::{CodeObject, Const, Positions, PyStrBuf};

/// What `marshal.version` says.
pub const VERSION: i32 = 4;
/// Set in a type byte: this object gets a number.
pub const FLAG_REF: u8 = 0x80;
/// A code object with Adder's own fields.
pub const EXTENDED_CODE: u8 = b'C';
/// Nesting beyond this is an error, in both directions (`MAX_MARSHAL_STACK_DEPTH`).
pub const MAX_DEPTH: u32 = 2000;

/// Why there is no object, or no bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MarshalError {
    /// The bytes end too early: `EOFError`.
    Eof,
    /// The bytes mean nothing: `ValueError`, "bad marshal data (...)".
    Bad(&'static str),
    /// Nested too deep: `ValueError`.
    TooDeep,
    /// Too large for the format: `ValueError`.
    TooLarge,
}

impl fmt::Display for MarshalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MarshalError::Eof => f.write_str("EOF read where object expected"),
            MarshalError::Bad(why) => write!(f, "bad marshal data ({why})"),
            MarshalError::TooDeep => f.write_str("object too deeply nested to marshal"),
            MarshalError::TooLarge => f.write_str("unmarshallable object"),
        }
    }
}

impl std::error::Error for MarshalError {}

// -- writing

/// Writes objects one after the other.
pub struct Writer {
    out: Vec<u8>,
    version: i32,
    depth: u32,
    keep_all: bool,
    /// Numbers of strings written with [`FLAG_REF`], by content.
    strings: HashMap<PyStrBuf, u32>,
    /// Numbers of the caller's objects, by identity.
    objects: HashMap<usize, u32>,
    next: u32,
}

impl Writer {
    pub fn new(version: i32) -> Self {
        Writer {
            out: Vec::new(),
            version,
            depth: 0,
            keep_all: false,
            strings: HashMap::new(),
            objects: HashMap::new(),
            next: 0,
        }
    }

    /// Writes all code objects with all their fields, for Adder alone to read.
    #[must_use]
    pub fn keep_all(mut self) -> Self {
        self.keep_all = true;
        self
    }

    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// For a shared object of the caller's: writes a reference if it was written before (then
    /// true, and there is nothing more to do), else the next type byte gets a number.
    pub fn reference(&mut self, identity: usize) -> Option<u8> {
        if self.version < 3 {
            return Some(0);
        }
        if let Some(&number) = self.objects.get(&identity) {
            self.out.push(b'r');
            self.long(number);
            return None;
        }
        self.objects.insert(identity, self.next);
        self.next += 1;
        Some(FLAG_REF)
    }

    /// Goes one level down; to be followed by [`Writer::leave`].
    ///
    /// # Errors
    /// If that is too deep.
    pub fn enter(&mut self) -> Result<(), MarshalError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(MarshalError::TooDeep) } else { Ok(()) }
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    fn long(&mut self, value: u32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    fn size(&mut self, value: usize) -> Result<(), MarshalError> {
        let value = i32::try_from(value).map_err(|_| MarshalError::TooLarge)?;
        self.long(value as u32);
        Ok(())
    }

    /// The start of a list (`[`), set (`<`), frozenset (`>`); its items follow.
    ///
    /// # Errors
    /// If there are too many items for the format.
    pub fn sequence(&mut self, kind: u8, flag: u8, items: usize) -> Result<(), MarshalError> {
        self.out.push(kind | flag);
        self.size(items)
    }

    /// The start of a tuple; its items follow.
    ///
    /// # Errors
    /// If there are too many items for the format.
    pub fn tuple(&mut self, flag: u8, items: usize) -> Result<(), MarshalError> {
        match u8::try_from(items) {
            Ok(items) if self.version >= 4 => {
                self.out.extend_from_slice(&[b')' | flag, items]);
                Ok(())
            }
            _ => self.sequence(b'(', flag, items),
        }
    }

    /// The start of a dict; keys and values follow, then [`Writer::null`].
    pub fn dict(&mut self, flag: u8) {
        self.out.push(b'{' | flag);
    }

    /// The end of a dict.
    pub fn null(&mut self) {
        self.out.push(b'0');
    }

    pub fn stop_iteration(&mut self) {
        self.out.push(b'S');
    }

    /// What cannot be marshalled, as CPython marks it before it raises.
    pub fn unknown(&mut self) {
        self.out.push(b'?');
    }

    pub fn int(&mut self, flag: u8, value: &Int) -> Result<(), MarshalError> {
        if let Some(small) = value.to_i64().and_then(|value| i32::try_from(value).ok()) {
            self.out.push(b'i' | flag);
            self.long(small as u32);
            return Ok(());
        }
        // Digits of 15 bits, the least first; the sign is that of their number.
        self.out.push(b'l' | flag);
        let bits = value.bit_length();
        let digits = usize::try_from(bits.div_ceil(15)).map_err(|_| MarshalError::TooLarge)?;
        let count = i32::try_from(digits).map_err(|_| MarshalError::TooLarge)?;
        self.long(if value.is_negative() { -count } else { count } as u32);
        let magnitude = value.abs();
        let words = magnitude.words();
        for i in 0..digits as u64 {
            let (word, shift) = ((i * 15 / 64) as usize, i * 15 % 64);
            let low = words.get(word).copied().unwrap_or(0) >> shift;
            let high = match shift {
                0..50 => 0,
                _ => words.get(word + 1).copied().unwrap_or(0) << (64 - shift),
            };
            let digit = ((low | high) & 0x7fff) as u16;
            self.out.extend_from_slice(&digit.to_le_bytes());
        }
        Ok(())
    }

    pub fn float(&mut self, flag: u8, value: f64) {
        if self.version > 1 {
            self.out.push(b'g' | flag);
            self.out.extend_from_slice(&value.to_le_bytes());
        } else {
            self.out.push(b'f' | flag);
            self.float_text(value);
        }
    }

    pub fn complex(&mut self, flag: u8, real: f64, imag: f64) {
        if self.version > 1 {
            self.out.push(b'y' | flag);
            self.out.extend_from_slice(&real.to_le_bytes());
            self.out.extend_from_slice(&imag.to_le_bytes());
        } else {
            self.out.push(b'x' | flag);
            self.float_text(real);
            self.float_text(imag);
        }
    }

    /// 17 significant digits, as `%.17g` writes them.
    fn float_text(&mut self, value: f64) {
        use adder_numtext::float_text::{FloatText, Form};
        let text = FloatText::new(Form::General { precision: 17 }).text(value).unwrap_or_default();
        self.out.push(text.len() as u8);
        self.out.extend_from_slice(text.as_bytes());
    }

    pub fn bytes(&mut self, flag: u8, bytes: &[u8]) -> Result<(), MarshalError> {
        self.out.push(b's' | flag);
        self.size(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    pub fn str(&mut self, flag: u8, text: &PyStrBuf, interned: bool) -> Result<(), MarshalError> {
        let bytes = text.as_bytes();
        if self.version >= 4 && bytes.is_ascii() {
            match u8::try_from(bytes.len()) {
                Ok(len) => {
                    self.out.push(if interned { b'Z' } else { b'z' } | flag);
                    self.out.push(len);
                }
                Err(_) => {
                    self.out.push(if interned { b'A' } else { b'a' } | flag);
                    self.size(bytes.len())?;
                }
            }
        } else {
            self.out.push(if interned && self.version >= 3 { b't' } else { b'u' } | flag);
            self.size(bytes.len())?;
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    /// A name: interned, and written out only once.
    fn name(&mut self, text: &PyStrBuf) -> Result<(), MarshalError> {
        if self.version < 3 {
            return self.str(0, text, true);
        }
        if let Some(&number) = self.strings.get(text) {
            self.out.push(b'r');
            self.long(number);
            return Ok(());
        }
        self.strings.insert(text.clone(), self.next);
        self.next += 1;
        self.str(FLAG_REF, text, true)
    }

    /// A constant of a code object, or a code object.
    ///
    /// # Errors
    /// If it is nested too deep or too large.
    pub fn constant(&mut self, value: &Const) -> Result<(), MarshalError> {
        self.enter()?;
        match value {
            Const::None => self.out.push(b'N'),
            Const::True => self.out.push(b'T'),
            Const::False => self.out.push(b'F'),
            Const::Ellipsis => self.out.push(b'.'),
            Const::Int(value) => self.int(0, value)?,
            Const::Float(value) => self.float(0, *value),
            Const::Complex(real, imag) => self.complex(0, *real, *imag),
            Const::Str(text) if is_name(text) => self.name(text)?,
            Const::Str(text) => self.str(0, text, false)?,
            Const::Bytes(bytes) => self.bytes(0, bytes)?,
            Const::Tuple(items) => {
                self.tuple(0, items.len())?;
                items.iter().try_for_each(|item| self.constant(item))?;
            }
            Const::FrozenSet(items) => {
                self.sequence(b'>', 0, items.len())?;
                items.iter().try_for_each(|item| self.constant(item))?;
            }
            Const::Code(code) => self.code(0, code)?,
        }
        self.leave();
        Ok(())
    }

    /// A code object.
    ///
    /// # Errors
    /// If it is nested too deep or too large.
    pub fn code(&mut self, flag: u8, code: &CodeObject) -> Result<(), MarshalError> {
        let all = code.extended || self.keep_all;
        self.out.push(if all { EXTENDED_CODE } else { b'c' } | flag);
        for number in [code.argcount, code.kwonlyargcount, code.nlocals, code.stacksize, code.flags]
        {
            self.long(number);
        }
        self.bytes(0, &code.code)?;
        self.tuple(0, code.consts.len())?;
        code.consts.iter().try_for_each(|value| self.constant(value))?;
        for names in [&code.names, &code.varnames, &code.freevars, &code.cellvars] {
            self.tuple(0, names.len())?;
            names.iter().try_for_each(|name| self.name(name))?;
        }
        self.name(&code.filename)?;
        self.name(&code.name)?;
        self.long(code.firstlineno);
        self.bytes(0, &code.lnotab)?;
        if all {
            self.long(code.posonlyargcount << 1 | u32::from(code.extended));
            self.name(&code.qualname)?;
            self.bytes(0, code.positions.as_bytes())?;
        }
        Ok(())
    }
}

/// Looks like an identifier: such constants are interned.
fn is_name(text: &PyStrBuf) -> bool {
    text.as_bytes().iter().all(|&byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// A code object as bytes, nothing lost: for Adder alone to read.
///
/// # Errors
/// If it is nested too deep or too large.
pub fn write_all(code: &CodeObject) -> Result<Vec<u8>, MarshalError> {
    let mut writer = Writer::new(VERSION).keep_all();
    writer.code(0, code)?;
    Ok(writer.finish())
}

/// A code object as bytes.
///
/// # Errors
/// If it is nested too deep or too large.
pub fn write_code(code: &CodeObject) -> Result<Vec<u8>, MarshalError> {
    let mut writer = Writer::new(VERSION);
    writer.code(0, code)?;
    Ok(writer.finish())
}

// -- reading

/// Makes the values of the running machine out of what is read.
pub trait Build {
    type Value: Clone;
    type Error: From<MarshalError>;

    /// An atom or a code object.
    fn constant(&mut self, value: &Const) -> Result<Self::Value, Self::Error>;
    fn stop_iteration(&mut self) -> Result<Self::Value, Self::Error>;
    fn tuple(&mut self, items: Vec<Self::Value>) -> Result<Self::Value, Self::Error>;
    fn frozenset(&mut self, items: Vec<Self::Value>) -> Result<Self::Value, Self::Error>;
    fn list(&mut self) -> Result<Self::Value, Self::Error>;
    fn list_push(&mut self, list: &Self::Value, item: Self::Value) -> Result<(), Self::Error>;
    fn set(&mut self) -> Result<Self::Value, Self::Error>;
    fn set_add(&mut self, set: &Self::Value, item: Self::Value) -> Result<(), Self::Error>;
    fn dict(&mut self) -> Result<Self::Value, Self::Error>;
    fn dict_insert(
        &mut self,
        dict: &Self::Value,
        key: Self::Value,
        value: Self::Value,
    ) -> Result<(), Self::Error>;
}

/// What a number stands for.
#[derive(Clone)]
enum Shared<V> {
    /// Reserved by something that is still being read.
    Open,
    Const(Const),
    Value(V),
}

/// Reads objects one after the other.
pub struct Reader<'a, V> {
    bytes: &'a [u8],
    at: usize,
    shared: Vec<Shared<V>>,
    depth: u32,
}

/// A value, or the marker that ends a dict.
enum Item<V> {
    Value(V),
    Null,
}

impl<'a, V: Clone> Reader<'a, V> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0, shared: Vec::new(), depth: 0 }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next object.
    ///
    /// # Errors
    /// If the bytes are no object, or the caller's own.
    pub fn read<B: Build<Value = V>>(&mut self, build: &mut B) -> Result<V, B::Error> {
        match self.item(build)? {
            Item::Value(value) => Ok(value),
            Item::Null => Err(MarshalError::Bad("unknown type code").into()),
        }
    }

    fn enter(&mut self) -> Result<(), MarshalError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(MarshalError::Bad("recursion limit exceeded"));
        }
        Ok(())
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], MarshalError> {
        let end = self.at.checked_add(n).ok_or(MarshalError::Eof)?;
        let taken = self.bytes.get(self.at..end).ok_or(MarshalError::Eof)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, MarshalError> {
        self.take(1).map(|taken| taken[0])
    }

    fn long(&mut self) -> Result<i32, MarshalError> {
        let taken = self.take(4)?;
        Ok(i32::from_le_bytes([taken[0], taken[1], taken[2], taken[3]]))
    }

    fn size(&mut self, error: &'static str) -> Result<usize, MarshalError> {
        usize::try_from(self.long()?).map_err(|_| MarshalError::Bad(error))
    }

    fn count(&mut self, error: &'static str) -> Result<u32, MarshalError> {
        self.size(error).map(|n| n as u32)
    }

    /// Reserves a number, if the type byte says so.
    fn reserve(&mut self, flag: bool) -> Option<usize> {
        flag.then(|| {
            self.shared.push(Shared::Open);
            self.shared.len() - 1
        })
    }

    fn fill(&mut self, number: Option<usize>, value: Shared<V>) {
        if let Some(number) = number {
            self.shared[number] = value;
        }
    }

    /// How many items may be expected, to reserve room: never more than there are bytes.
    fn room(&self, items: usize) -> usize {
        items.min(self.bytes.len() - self.at)
    }

    fn item<B: Build<Value = V>>(&mut self, build: &mut B) -> Result<Item<V>, B::Error> {
        let kind = self.byte()?;
        let flag = kind & FLAG_REF != 0;
        let kind = kind & !FLAG_REF;
        self.enter()?;
        let value = match kind {
            b'0' => {
                self.depth -= 1;
                return Ok(Item::Null);
            }
            b'S' => build.stop_iteration()?,
            b'r' => match self.referred()? {
                Shared::Value(value) => value,
                Shared::Const(value) => build.constant(&value)?,
                Shared::Open => return Err(MarshalError::Bad("invalid reference").into()),
            },
            b'(' | b')' => {
                let number = self.reserve(flag);
                let n = self.tuple_size(kind)?;
                let items = self.items(n, build)?;
                let value = build.tuple(items)?;
                self.fill(number, Shared::Value(value.clone()));
                value
            }
            b'>' => {
                let number = self.reserve(flag);
                let n = self.size("set size out of range")?;
                let items = self.items(n, build)?;
                let value = build.frozenset(items)?;
                self.fill(number, Shared::Value(value.clone()));
                value
            }
            b'[' => {
                let list = build.list()?;
                let number = self.reserve(flag);
                self.fill(number, Shared::Value(list.clone()));
                for _ in 0..self.size("list size out of range")? {
                    let item = self.read(build)?;
                    build.list_push(&list, item)?;
                }
                list
            }
            b'<' => {
                let set = build.set()?;
                let number = self.reserve(flag);
                self.fill(number, Shared::Value(set.clone()));
                for _ in 0..self.size("set size out of range")? {
                    let item = self.read(build)?;
                    build.set_add(&set, item)?;
                }
                set
            }
            b'{' => {
                let dict = build.dict()?;
                let number = self.reserve(flag);
                self.fill(number, Shared::Value(dict.clone()));
                while let Item::Value(key) = self.item(build)? {
                    let Item::Value(value) = self.item(build)? else { break };
                    build.dict_insert(&dict, key, value)?;
                }
                dict
            }
            _ => {
                let number = self.reserve(flag);
                let atom = self.atom(kind)?;
                let value = build.constant(&atom)?;
                // The machine's own value is the one that is shared.
                self.fill(
                    number,
                    if matches!(atom, Const::Code(_)) {
                        Shared::Value(value.clone())
                    } else {
                        Shared::Const(atom)
                    },
                );
                value
            }
        };
        self.depth -= 1;
        Ok(Item::Value(value))
    }

    fn items<B: Build<Value = V>>(&mut self, n: usize, build: &mut B) -> Result<Vec<V>, B::Error> {
        let mut items = Vec::with_capacity(self.room(n));
        for _ in 0..n {
            items.push(self.read(build)?);
        }
        Ok(items)
    }

    fn tuple_size(&mut self, kind: u8) -> Result<usize, MarshalError> {
        match kind {
            b')' => self.byte().map(usize::from),
            _ => self.size("tuple size out of range"),
        }
    }

    fn referred(&mut self) -> Result<Shared<V>, MarshalError> {
        const INVALID: MarshalError = MarshalError::Bad("invalid reference");
        let number = self.size("invalid reference")?;
        self.shared.get(number).cloned().ok_or(INVALID)
    }

    /// The next object as a constant: inside a code object nothing else may stand.
    fn constant(&mut self) -> Result<Const, MarshalError> {
        let kind = self.byte()?;
        let flag = kind & FLAG_REF != 0;
        let kind = kind & !FLAG_REF;
        self.enter()?;
        let value = match kind {
            b'r' => match self.referred()? {
                Shared::Const(value) => value,
                _ => return Err(MarshalError::Bad("invalid reference")),
            },
            _ => {
                let number = self.reserve(flag);
                let value = match kind {
                    b'(' | b')' => {
                        let n = self.tuple_size(kind)?;
                        Const::Tuple(self.constants(n)?.into())
                    }
                    b'>' => {
                        let n = self.size("set size out of range")?;
                        Const::FrozenSet(self.constants(n)?.into())
                    }
                    _ => self.atom(kind)?,
                };
                self.fill(number, Shared::Const(value.clone()));
                value
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    fn constants(&mut self, n: usize) -> Result<Vec<Const>, MarshalError> {
        let mut items = Vec::with_capacity(self.room(n));
        for _ in 0..n {
            items.push(self.constant()?);
        }
        Ok(items)
    }

    fn atom(&mut self, kind: u8) -> Result<Const, MarshalError> {
        Ok(match kind {
            b'N' => Const::None,
            b'T' => Const::True,
            b'F' => Const::False,
            b'.' => Const::Ellipsis,
            b'i' => Const::Int(Int::from(i64::from(self.long()?))),
            b'l' => Const::Int(self.digits()?),
            b'f' => Const::Float(self.float_text()?),
            b'g' => Const::Float(self.float()?),
            b'x' => Const::Complex(self.float_text()?, self.float_text()?),
            b'y' => Const::Complex(self.float()?, self.float()?),
            b's' => {
                let n = self.size("bytes object size out of range")?;
                Const::Bytes(self.take(n)?.into())
            }
            b'u' | b't' => {
                let n = self.size("string size out of range")?;
                self.text(n, false)?
            }
            b'a' | b'A' => {
                let n = self.size("string size out of range")?;
                self.text(n, true)?
            }
            b'z' | b'Z' => {
                let n = self.byte()?;
                self.text(n.into(), true)?
            }
            b'c' | EXTENDED_CODE => Const::Code(self.code(kind == EXTENDED_CODE)?.into()),
            _ => return Err(MarshalError::Bad("unknown type code")),
        })
    }

    fn text(&mut self, n: usize, ascii: bool) -> Result<Const, MarshalError> {
        let bytes = self.take(n)?;
        if ascii && !bytes.is_ascii() {
            // What claims to be ASCII and is not, CPython reads as Latin-1.
            let points = bytes.iter().map(|&byte| u32::from(byte));
            return PyStrBuf::from_code_points(points)
                .map(Const::Str)
                .ok_or(MarshalError::Bad("invalid string"));
        }
        PyStrBuf::from_wtf8(bytes).map(Const::Str).ok_or(MarshalError::Bad("invalid UTF-8"))
    }

    fn float(&mut self) -> Result<f64, MarshalError> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(f64::from_le_bytes(bytes))
    }

    fn float_text(&mut self) -> Result<f64, MarshalError> {
        let n = self.byte()?;
        let text = self.take(n.into())?;
        adder_numtext::float_parse::parse_float(text).ok_or(MarshalError::Bad("invalid float"))
    }

    fn digits(&mut self) -> Result<Int, MarshalError> {
        let count = self.long()?;
        let n = count.unsigned_abs() as usize;
        let digits = self.take(n.checked_mul(2).ok_or(MarshalError::Eof)?)?;
        let mut words = vec![0u64; (n * 15).div_ceil(64)];
        let mut last = 1;
        for (i, pair) in digits.chunks_exact(2).enumerate() {
            let digit = u64::from(u16::from_le_bytes([pair[0], pair[1]]));
            if digit > 0x7fff {
                return Err(MarshalError::Bad("digit out of range in long"));
            }
            last = digit;
            let (word, shift) = (i * 15 / 64, i * 15 % 64);
            words[word] |= digit << shift;
            if shift > 49
                && let Some(next) = words.get_mut(word + 1)
            {
                *next |= digit >> (64 - shift);
            }
        }
        if last == 0 {
            return Err(MarshalError::Bad("unnormalized long data"));
        }
        Ok(Int::from_sign_words(count < 0, &words))
    }

    fn code(&mut self, all: bool) -> Result<CodeObject, MarshalError> {
        const NEGATIVE: &str = "negative number in code object";
        let argcount = self.count(NEGATIVE)?;
        let kwonlyargcount = self.count(NEGATIVE)?;
        let nlocals = self.count(NEGATIVE)?;
        let stacksize = self.count(NEGATIVE)?;
        let flags = self.long()? as u32;
        let code = self.expect_bytes()?;
        let consts = match self.constant()? {
            Const::Tuple(items) => items.to_vec().into(),
            _ => return Err(MarshalError::Bad("constants are not a tuple")),
        };
        let names = self.expect_names()?;
        let varnames = self.expect_names()?;
        let freevars = self.expect_names()?;
        let cellvars = self.expect_names()?;
        let filename = self.expect_str()?;
        let name = self.expect_str()?;
        let firstlineno = self.long()?.max(0) as u32;
        let lnotab = self.expect_bytes()?;
        let mut posonlyargcount = 0;
        let mut qualname = name.clone();
        let mut positions = Positions::default();
        let mut extended = false;
        if all {
            let number = self.count(NEGATIVE)?;
            (posonlyargcount, extended) = (number >> 1, number & 1 == 1);
            qualname = self.expect_str()?;
            positions = Positions::from_bytes(self.expect_bytes()?.to_vec());
        }
        Ok(CodeObject {
            argcount,
            kwonlyargcount,
            nlocals,
            stacksize,
            flags,
            code: code.to_vec().into(),
            consts,
            names,
            varnames,
            freevars,
            cellvars,
            filename,
            name,
            firstlineno,
            lnotab: lnotab.to_vec().into(),
            posonlyargcount,
            qualname,
            positions,
            extended,
        })
    }

    fn expect_bytes(&mut self) -> Result<Arc<[u8]>, MarshalError> {
        match self.constant()? {
            Const::Bytes(bytes) => Ok(bytes),
            _ => Err(MarshalError::Bad("code object without bytes")),
        }
    }

    fn expect_str(&mut self) -> Result<PyStrBuf, MarshalError> {
        match self.constant()? {
            Const::Str(text) => Ok(text),
            _ => Err(MarshalError::Bad("code object without a name")),
        }
    }

    fn expect_names(&mut self) -> Result<Box<[PyStrBuf]>, MarshalError> {
        const WRONG: MarshalError = MarshalError::Bad("names are not a tuple of strings");
        let Const::Tuple(items) = self.constant()? else { return Err(WRONG) };
        items
            .iter()
            .map(|item| match item {
                Const::Str(text) => Ok(text.clone()),
                _ => Err(WRONG),
            })
            .collect()
    }
}

/// A constant or code object from bytes; what follows it is not looked at.
///
/// # Errors
/// If the bytes are something else.
pub fn read_constant(bytes: &[u8]) -> Result<Const, MarshalError> {
    read_prefix(bytes).map(|(value, _)| value)
}

/// A constant or code object from the start of these bytes, and how many of them it takes.
///
/// # Errors
/// If the bytes are something else.
pub fn read_prefix(bytes: &[u8]) -> Result<(Const, usize), MarshalError> {
    let mut reader = Reader::<()>::new(bytes);
    let value = reader.constant()?;
    Ok((value, reader.position()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: &Const, version: i32) -> Const {
        let mut writer = Writer::new(version);
        writer.constant(value).expect("small");
        read_constant(&writer.finish()).expect("what was written")
    }

    #[test]
    fn constants_come_back() {
        let big = Int::from(3i64).pow(200).expect("small");
        let samples = [
            Const::None,
            Const::True,
            Const::Ellipsis,
            Const::Int(Int::from(-1i64)),
            Const::Int(Int::from(1i64 << 31)),
            Const::Int(Int::from(i64::MIN)),
            Const::Int(big.neg()),
            Const::Float(-0.0),
            Const::Float(0.1),
            Const::Complex(1e300, -0.0),
            Const::str("name"),
            Const::str("größer als 'das'"),
            Const::Str(PyStrBuf::from_code_points([0xdc80]).expect("in range")),
            Const::Bytes((*b"\0\xff").into()),
            Const::Tuple(vec![Const::Int(Int::from(7i64)); 300].into()),
            Const::FrozenSet([Const::str("a"), Const::None].into()),
        ];
        for version in 0..=VERSION {
            for value in &samples {
                assert!(round_trip(value, version).is_same(value), "{value:?} in {version}");
            }
        }
    }

    #[test]
    fn bytes_are_cpythons() {
        for (value, bytes) in [
            (Const::Int(Int::from(1u64 << 31)), &b"l\x03\0\0\0\0\0\0\0\x02\0"[..]),
            (Const::Tuple([Const::None].into()), b")\x01N"),
            (Const::Float(1.5), b"g\0\0\0\0\0\0\xf8?"),
            (Const::str("a b"), b"z\x03a b"),
            (Const::str("\u{e9}"), b"u\x02\0\0\0\xc3\xa9"),
        ] {
            let mut writer = Writer::new(VERSION);
            writer.constant(&value).expect("small");
            assert_eq!(writer.finish(), bytes);
        }
    }

    #[test]
    fn bad_bytes_are_errors() {
        let deep = [b")\x01".repeat(5000), b"N".to_vec()].concat();
        for bytes in [
            &b""[..],
            b"?",
            b"0",
            b"i\0",
            b"(\xff\xff\xff\x7f",
            b"(\xff\xff\xff\xff",
            b"r\0\0\0\0",
            b"l\x01\0\0\0\0\0",
            b"l\x01\0\0\0\xff\xff",
            b"u\x01\0\0\0\xff",
            b"\xa9\x01r\0\0\0\0",
            b"c\0\0\0\0",
            &deep,
        ] {
            assert!(read_constant(bytes).is_err(), "{bytes:?}");
        }
    }
}
