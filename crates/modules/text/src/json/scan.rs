//! `make_scanner`: reads one JSON value from a string.

use super::{DEPTH_MAX, decode_error, text};
use crate::unit::Unit;
use adder_derive::{pyclass, pymethods};
use adder_modules_core::support::Signature;
use adder_numtext::float_parse::parse_float;
use adder_vm::object::Payload;
use adder_vm::objects::dict::Dict;
use adder_vm::objects::float::FloatObj;
use adder_vm::objects::int::IntObj;
use adder_vm::objects::list::List;
use adder_vm::objects::str_::{Chars, Str};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::protocol::{call, number, object};
use adder_vm::runtime::args::CallArgs;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};

/// JSON scanner object
#[pyclass(name = "_json.Scanner")]
pub struct Scanner {
    strict: bool,
    object_hook: Value,
    object_pairs_hook: Value,
    parse_float: Value,
    parse_int: Value,
    parse_constant: Value,
}

/// Keys of objects, each made once a document.
type Memo<'a, U> = hashbrown::HashMap<&'a [U], Ref<Str>, rapidhash::fast::RandomState>;

/// A document being read.
struct Reader<'a, U> {
    vm: &'a Vm,
    scanner: &'a Scanner,
    document: &'a Obj<Str>,
    units: &'a [U],
    at: usize,
    depth: usize,
    keys: Memo<'a, U>,
    floats_are_plain: bool,
    ints_are_plain: bool,
}

/// The longest number that surely fits an `i64`.
const SHORT: usize = 18;

fn is_digit<U: Unit>(unit: Option<&U>) -> bool {
    unit.is_some_and(|u| matches!(u.code(), 0x30..=0x39))
}

impl<'a, U: Unit> Reader<'a, U> {
    #[inline]
    fn peek(&self) -> Option<u32> {
        self.units.get(self.at).map(|u| u.code())
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(0x20 | 0x09 | 0x0a | 0x0d) = self.peek() {
            self.at += 1;
        }
    }

    #[cold]
    fn error(&self, message: &str, position: usize) -> Exc {
        decode_error(self.vm, message, self.document, position)
    }

    /// No value begins at `position`; the caller of the scanner makes an error of it.
    #[cold]
    fn nothing(&self, position: usize) -> Exc {
        self.vm.stop_iteration(Some(Value::int_unchecked(position as i64)))
    }

    fn starts_with(&self, word: &str) -> bool {
        let rest = self.units.get(self.at..self.at + word.len());
        rest.is_some_and(|rest| rest.iter().map(|u| u.code()).eq(word.bytes().map(u32::from)))
    }

    /// Reads a container, one level deeper.
    fn deeper(&mut self, what: &str, read: impl FnOnce(&mut Self) -> PyResult) -> PyResult {
        if self.depth >= DEPTH_MAX || self.vm.check_stack().is_err() {
            return Err(self.vm.recursion_error(format!(
                "maximum recursion depth exceeded while decoding a JSON {what} from a unicode string"
            )));
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn value(&mut self) -> PyResult {
        let Some(first) = self.peek() else { return Err(self.nothing(self.at)) };
        match u8::try_from(first).unwrap_or(0) {
            b'"' => {
                let start = self.at + 1;
                let strict = self.scanner.strict;
                let (text, end) = text::scan(self.vm, self.document, self.units, start, strict)?;
                self.at = end;
                Ok(text.into())
            }
            b'{' => self.deeper("object", Self::object),
            b'[' => self.deeper("array", Self::array),
            b'n' if self.starts_with("null") => self.word(4, Value::NONE),
            b't' if self.starts_with("true") => self.word(4, Value::bool(true)),
            b'f' if self.starts_with("false") => self.word(5, Value::bool(false)),
            b'N' if self.starts_with("NaN") => self.constant("NaN"),
            b'I' if self.starts_with("Infinity") => self.constant("Infinity"),
            b'-' if self.starts_with("-Infinity") => self.constant("-Infinity"),
            _ => self.number(),
        }
    }

    fn word(&mut self, len: usize, value: Value) -> PyResult {
        self.at += len;
        Ok(value)
    }

    fn constant(&mut self, name: &str) -> PyResult {
        let made = call::call(self.vm, &self.scanner.parse_constant, &[self.vm.str(name)])?;
        self.at += name.len();
        Ok(made)
    }

    fn skip_digits(&self, mut at: usize) -> usize {
        while is_digit(self.units.get(at)) {
            at += 1;
        }
        at
    }

    fn number(&mut self) -> PyResult {
        let start = self.at;
        let is = |at: usize, c: u8| self.units.get(at).is_some_and(|u| u.code() == u32::from(c));
        let digits = if is(start, b'-') { start + 1 } else { start };
        let whole = if is(digits, b'0') { digits + 1 } else { self.skip_digits(digits) };
        if whole == digits {
            return Err(self.nothing(start));
        }
        let mut end = whole;
        if is(end, b'.') && is_digit(self.units.get(end + 1)) {
            end = self.skip_digits(end + 1);
        }
        if is(end, b'e') || is(end, b'E') {
            let sign = usize::from(is(end + 1, b'-') || is(end + 1, b'+'));
            let first = end + 1 + sign;
            let last = self.skip_digits(first);
            if last > first {
                end = last;
            }
        }
        self.at = end;
        let characters = &self.units[start..end];
        if end > whole {
            if self.floats_are_plain {
                let mut room = [0; 32];
                let long: Vec<u8>;
                let ascii = match room.get_mut(..characters.len()) {
                    Some(room) => {
                        room.iter_mut().zip(characters).for_each(|(b, u)| *b = u.code() as u8);
                        &*room
                    }
                    None => {
                        long = characters.iter().map(|u| u.code() as u8).collect();
                        &long[..]
                    }
                };
                if let Some(f) = parse_float(ascii) {
                    return Ok(Value::float(f));
                }
            }
            let text = self.document.substring(start, end);
            return call::call(self.vm, &self.scanner.parse_float, &[text.into()]);
        }
        if self.ints_are_plain && whole - digits <= SHORT {
            let magnitude = self.units[digits..whole]
                .iter()
                .fold(0, |n, u| n * 10 + i64::from(u.code()) - 0x30);
            let value = if digits > start { -magnitude } else { magnitude };
            return Ok(adder_vm::objects::int::from_i64(value));
        }
        let text = self.document.substring(start, end);
        call::call(self.vm, &self.scanner.parse_int, &[text.into()])
    }

    fn array(&mut self) -> PyResult {
        self.at += 1;
        self.skip_space();
        let mut items = Vec::new();
        if self.peek() == Some(u32::from(b']')) {
            self.at += 1;
            return Ok(List::from_vec(items).into());
        }
        loop {
            let value = self.value()?;
            self.vm.check_memory()?;
            self.vm.room_for_one(&mut items)?;
            items.push(value);
            if self.is_last(b']', "Illegal trailing comma before end of array")? {
                return Ok(List::from_vec(items).into());
            }
        }
    }

    /// After a value: is it the last one? Otherwise goes on to where the next begins.
    fn is_last(&mut self, close: u8, trailing: &str) -> PyResult<bool> {
        self.skip_space();
        match self.peek() {
            Some(c) if c == u32::from(close) => {
                self.at += 1;
                return Ok(true);
            }
            Some(0x2c) => {}
            _ => return Err(self.error("Expecting ',' delimiter", self.at)),
        }
        let comma = self.at;
        self.at += 1;
        self.skip_space();
        match self.peek() {
            Some(c) if c == u32::from(close) => Err(self.error(trailing, comma)),
            _ => Ok(false),
        }
    }

    fn key(&mut self) -> PyResult<Ref<Str>> {
        if self.peek() != Some(u32::from(b'"')) {
            let message = "Expecting property name enclosed in double quotes";
            return Err(self.error(message, self.at));
        }
        let start = self.at + 1;
        let end = text::plain_end(self.units, start);
        let key = if self.units.get(end).is_some_and(|u| u.code() == u32::from(b'"')) {
            self.at = end + 1;
            let document = self.document;
            let make = || document.substring(start, end);
            self.keys.entry(&self.units[start..end]).or_insert_with(make).clone()
        } else {
            let strict = self.scanner.strict;
            let (key, end) = text::scan(self.vm, self.document, self.units, start, strict)?;
            self.at = end;
            key
        };
        self.skip_space();
        if self.peek() != Some(u32::from(b':')) {
            return Err(self.error("Expecting ':' delimiter", self.at));
        }
        self.at += 1;
        self.skip_space();
        Ok(key)
    }

    fn object(&mut self) -> PyResult {
        self.at += 1;
        self.skip_space();
        let scanner = self.scanner;
        let wants_pairs = !scanner.object_pairs_hook.is_none();
        let mut pairs = Vec::new();
        let dict = Dict::new_ref();
        if self.peek() == Some(u32::from(b'}')) {
            self.at += 1;
        } else {
            loop {
                let key = self.key()?;
                let value = self.value()?;
                self.vm.check_memory()?;
                if wants_pairs {
                    self.vm.room_for_one(&mut pairs)?;
                    pairs.push(Tuple::pair(key.into(), value).into());
                } else {
                    drop(dict.insert_str(&key, value));
                }
                if self.is_last(b'}', "Illegal trailing comma before end of object")? {
                    break;
                }
            }
        }
        if wants_pairs {
            let pairs = List::from_vec(pairs).into();
            return call::call(self.vm, &scanner.object_pairs_hook, &[pairs]);
        }
        if scanner.object_hook.is_none() {
            return Ok(dict.into());
        }
        call::call(self.vm, &scanner.object_hook, &[dict.into()])
    }
}

/// Reads the value at `start`; gives it and where it ends.
fn read<U: Unit>(
    vm: &Vm,
    scanner: &Scanner,
    document: &Obj<Str>,
    units: &[U],
    start: usize,
) -> PyResult<(Value, usize)> {
    let mut reader = Reader {
        vm,
        scanner,
        document,
        units,
        at: start,
        depth: 0,
        keys: Memo::default(),
        floats_are_plain: FloatObj::cell().get().is(&scanner.parse_float),
        ints_are_plain: IntObj::cell().get().is(&scanner.parse_int),
    };
    let value = reader.value()?;
    Ok((value, reader.at))
}

#[pymethods]
impl Scanner {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<1> =
            Signature { function: "make_scanner", names: ["context"], required: 1, positional: 1 };
        let [context] = SIGNATURE.bind(vm, args)?;
        let context = context.unwrap_or(Value::NONE);
        let get = |name: &str| object::get_attr_str(vm, &context, name);
        let payload = Scanner {
            strict: object::is_true(vm, &get("strict")?)?,
            object_hook: get("object_hook")?,
            object_pairs_hook: get("object_pairs_hook")?,
            parse_float: get("parse_float")?,
            parse_int: get("parse_int")?,
            parse_constant: get("parse_constant")?,
        };
        Ok(Ref::with_type(payload, ty).into())
    }
    #[slot]
    fn call(zelf: &Obj<Scanner>, vm: &Vm, args: CallArgs<'_>) -> PyResult {
        const SIGNATURE: Signature<2> = Signature {
            function: "scan_once",
            names: ["string", "idx"],
            required: 2,
            positional: 2,
        };
        let [document, start] = SIGNATURE.bind(vm, args)?;
        let (document, start) = (document.unwrap_or(Value::NONE), start.unwrap_or(Value::NONE));
        let start = number::to_ssize(vm, &start)?;
        let document = super::string_argument(vm, &document)?;
        let Ok(start) = usize::try_from(start) else {
            return Err(vm.value_error("idx cannot be negative"));
        };
        let (value, end) = match document.chars() {
            Chars::Ascii(s) => read(vm, zelf, document, s.as_bytes(), start),
            Chars::One(s) => read(vm, zelf, document, s, start),
            Chars::Two(s) => read(vm, zelf, document, s, start),
            Chars::Four(s) => read(vm, zelf, document, s, start),
        }?;
        Ok(Tuple::pair(value, Value::int_unchecked(end as i64)).into())
    }
    /// strict
    #[getter(member)]
    fn strict(zelf: &Obj<Scanner>, _vm: &Vm) -> bool {
        zelf.strict
    }
    #[getter(member)]
    fn object_hook(zelf: &Obj<Scanner>, _vm: &Vm) -> Value {
        zelf.object_hook.clone()
    }
    #[getter(member)]
    fn object_pairs_hook(zelf: &Obj<Scanner>, _vm: &Vm) -> Value {
        zelf.object_pairs_hook.clone()
    }
    #[getter(member)]
    fn parse_float(zelf: &Obj<Scanner>, _vm: &Vm) -> Value {
        zelf.parse_float.clone()
    }
    #[getter(member)]
    fn parse_int(zelf: &Obj<Scanner>, _vm: &Vm) -> Value {
        zelf.parse_int.clone()
    }
    #[getter(member)]
    fn parse_constant(zelf: &Obj<Scanner>, _vm: &Vm) -> Value {
        zelf.parse_constant.clone()
    }
}
