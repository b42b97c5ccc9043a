//! `template % args`, for `str` and for `bytes`.
//!
//! Both are built as text: what a bytes template produces are the code points 0 to 255. CPython's
//! counterpart: `PyUnicode_Format` and `_PyBytes_FormatEx`.

use super::format::{error, push_padded, push_slice};
use super::{Str, StrBuilder};
use crate::object::{Obj, Ref};
use crate::objects::bytearray::ByteArray;
use crate::objects::bytes::Bytes;
use crate::objects::tuple::Tuple;
use crate::objects::{float, int};
use crate::protocol::{buffer, number, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_numtext::Units;
use adder_numtext::percent::{self, Amount, Conversion, Flags, Piece, Pieces};
use std::ops::Range;

/// What is being built.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Text,
    Bytes,
}

/// A tuple's items, or one value.
enum Items<'a> {
    Tuple(&'a [Value]),
    One(Value),
}

impl Items<'_> {
    fn as_slice(&self) -> &[Value] {
        match self {
            Items::Tuple(items) => items,
            Items::One(value) => std::slice::from_ref(value),
        }
    }
}

/// The arguments, taken one after the other.
struct Args<'a> {
    items: Items<'a>,
    next: usize,
    mapping: Option<&'a Value>,
    mode: Mode,
}

impl<'a> Args<'a> {
    fn new(args: &'a Value, mode: Mode) -> Args<'a> {
        if let Some(tuple) = args.downcast::<Tuple>() {
            return Args { items: Items::Tuple(tuple.items()), next: 0, mapping: None, mode };
        }
        let text = args.downcast::<Str>().is_some();
        let bytes = args.downcast::<Bytes>().is_some() || args.downcast::<ByteArray>().is_some();
        let plain = text || (mode == Mode::Bytes && bytes);
        let mapping = !plain && args.ty().slots.getitem.get().is_some();
        Args { items: Items::One(args.clone()), next: 0, mapping: mapping.then_some(args), mode }
    }

    fn take(&mut self, vm: &Vm) -> PyResult {
        match self.items.as_slice().get(self.next) {
            Some(value) => {
                self.next += 1;
                Ok(value.clone())
            }
            None => Err(vm.type_error("not enough arguments for format string")),
        }
    }

    /// `%(key)`: from now on the value found is the only argument.
    fn select(&mut self, vm: &Vm, key: &Value) -> PyResult<()> {
        let Some(mapping) = self.mapping else {
            return Err(vm.type_error("format requires a mapping"));
        };
        self.items = Items::One(object::get_item(vm, mapping, key)?);
        self.next = 0;
        Ok(())
    }

    fn finish(&self, vm: &Vm) -> PyResult<()> {
        if self.next < self.items.as_slice().len() && self.mapping.is_none() {
            let what = if self.mode == Mode::Text { "string" } else { "bytes" };
            return Err(
                vm.type_error(format!("not all arguments converted during {what} formatting"))
            );
        }
        Ok(())
    }

    /// The number a `*` stands for.
    fn star(&mut self, vm: &Vm, limit: i64, c_type: &str) -> PyResult<i64> {
        let value = self.take(vm)?;
        if !int::is_int(&value) {
            return Err(vm.type_error("* wants int"));
        }
        match int::to_i64_exact(&value) {
            Some(i) if i.unsigned_abs() <= limit.unsigned_abs() => Ok(i),
            _ => Err(vm.overflow_error(format!("Python int too large to convert to C {c_type}"))),
        }
    }
}

/// `template % args` for text.
pub fn format_text(vm: &Vm, template: &Obj<Str>, args: &Value) -> PyResult<Ref<Str>> {
    let copy = |out: &mut StrBuilder, r: Range<usize>| out.push_range(template, r.start, r.end);
    let key = |r: Range<usize>| template.substring(r.start, r.end).into();
    let args = Args::new(args, Mode::Text);
    match template.as_ascii() {
        Some(text) => render(vm, text.as_bytes(), args, copy, key),
        None => render(vm, &**template, args, copy, key),
    }
}

/// `template % args` for bytes.
pub fn format_bytes(vm: &Vm, template: &[u8], args: &Value) -> PyResult<Vec<u8>> {
    let copy = |out: &mut StrBuilder, r: Range<usize>| {
        template[r].iter().for_each(|b| out.push(u32::from(*b)));
    };
    let key = |r: Range<usize>| Bytes::from_slice(&template[r]).into();
    let text = render(vm, template, Args::new(args, Mode::Bytes), copy, key)?;
    Ok(text.raw_bytes().to_vec())
}

fn render<T: Units + ?Sized>(
    vm: &Vm,
    template: &T,
    mut args: Args<'_>,
    copy: impl Fn(&mut StrBuilder, Range<usize>),
    key: impl Fn(Range<usize>) -> Value,
) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::with_capacity(template.len() + 32);
    for piece in Pieces::new(template) {
        match piece.map_err(|e| error(vm, e))? {
            Piece::Literal(range) => copy(&mut out, range),
            Piece::Percent => out.push_str("%"),
            Piece::Conversion(conversion) => {
                if let Some(range) = conversion.key.clone() {
                    args.select(vm, &key(range))?;
                }
                convert(vm, &mut out, &mut args, conversion)?;
            }
        }
    }
    args.finish(vm)?;
    out.finish_in(vm)
}

fn convert(
    vm: &Vm,
    out: &mut StrBuilder,
    args: &mut Args<'_>,
    conversion: Conversion,
) -> PyResult<()> {
    let mut flags = conversion.flags;
    let width = match conversion.width {
        Amount::None => 0,
        Amount::Given(n) => n,
        Amount::FromArgument => {
            let n = args.star(vm, i64::MAX, "ssize_t")?;
            flags.left |= n < 0;
            n.unsigned_abs() as usize
        }
    };
    let precision = match conversion.precision {
        Amount::None => None,
        Amount::Given(n) => Some(n),
        Amount::FromArgument => Some(args.star(vm, i64::from(i32::MAX), "int")?.max(0) as usize),
    };
    let value = args.take(vm)?;
    let code = char::from_u32(conversion.code).unwrap_or('\u{fffd}');
    let plain = conversion.width == Amount::None
        && conversion.precision == Amount::None
        && flags == Flags::default();
    if plain && matches!(code, 'd' | 'i' | 's') && (code != 's' || args.mode == Mode::Text) {
        if let Some(i) = value.as_small_int() {
            int::push_decimal(out, i);
            return Ok(());
        }
        if code == 's'
            && let Some(text) = value.downcast_exact::<Str>()
        {
            out.push_obj(text);
            return Ok(());
        }
    }
    let text = match code {
        's' | 'b' | 'r' | 'a' | 'c' => {
            let (text, precision) = match (code, args.mode) {
                ('c', Mode::Text) => (character(vm, &value)?, None),
                ('c', Mode::Bytes) => (byte(vm, &value)?, None),
                ('s', Mode::Text) => (object::str(vm, &value)?, precision),
                ('r', Mode::Text) => (object::repr(vm, &value)?, precision),
                ('a', Mode::Text) | ('a' | 'r', Mode::Bytes) => {
                    (object::ascii(vm, &value)?, precision)
                }
                ('b' | 's', Mode::Bytes) => (bytes_text(vm, &value)?, precision),
                _ => return Err(error(vm, conversion.unsupported())),
            };
            if width == 0 && precision.is_none() {
                out.push_obj(&text);
                return Ok(());
            }
            let slice = percent::pad_text(text.len(), flags, width, precision);
            return push_slice(vm, out, &text, slice);
        }
        'd' | 'i' | 'u' | 'o' | 'x' | 'X' => {
            let whole = whole_number(vm, &value, code)?;
            if !matches!(code, 'o' | 'x' | 'X') {
                int::check_digits(vm, &whole)?;
            }
            let padded = int::with_numtext(&whole, |n| {
                percent::percent_int(n, code, flags, width, precision)
            });
            padded.unwrap_or_else(|| Ok(Default::default()))
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let value = number::to_f64(vm, &value)?;
            percent::percent_float(value, code, flags, width, precision)
        }
        _ => return Err(error(vm, conversion.unsupported())),
    };
    push_padded(vm, out, &text.map_err(|e| error(vm, e))?)
}

#[cold]
fn wrong_type(vm: &Vm, value: &Value, code: char) -> Exc {
    let what = if matches!(code, 'o' | 'x' | 'X') { "an integer" } else { "a real number" };
    vm.type_error(format!("%{code} format: {what} is required, not {}", value.ty().name()))
}

/// The int of `%d` and its like.
fn whole_number(vm: &Vm, value: &Value, code: char) -> PyResult {
    if int::is_int(value) {
        return Ok(value.clone());
    }
    if matches!(code, 'o' | 'x' | 'X') {
        if !number::has_index(value) {
            return Err(wrong_type(vm, value, code));
        }
        return number::index(vm, value);
    }
    if let Some(f) = float::as_f64(value) {
        return float::to_int(vm, f);
    }
    let slots = &value.ty().slots;
    if slots.int.get().is_none() && slots.index.get().is_none() {
        return Err(wrong_type(vm, value, code));
    }
    int::exact_int(vm, value).map_err(|e| {
        if e.is(&vm.exceptions().type_error) { wrong_type(vm, value, code) } else { e }
    })
}

/// `%c` in text.
fn character(vm: &Vm, value: &Value) -> PyResult<Ref<Str>> {
    if let Some(text) = value.downcast::<Str>() {
        if text.len() == 1 {
            return Ok(super::plain(text));
        }
        return Err(vm.type_error(format!(
            "%c requires an int or a unicode character, not a string of length {}",
            text.len()
        )));
    }
    if !number::has_index(value) {
        return Err(vm.type_error(format!(
            "%c requires an int or a unicode character, not {}",
            value.ty().name()
        )));
    }
    match int::to_i64_exact(&number::index(vm, value)?) {
        Some(c @ 0..=0x10_ffff) => Ok(super::intern::character(c as u32)),
        _ => Err(vm.overflow_error("%c arg not in range(0x110000)")),
    }
}

/// `%c` in bytes.
fn byte(vm: &Vm, value: &Value) -> PyResult<Ref<Str>> {
    let one = |bytes: &[u8], name: &str| {
        match bytes {
        [byte] => Ok(super::intern::character(u32::from(*byte))),
        more => Err(vm.type_error(format!(
            "%c requires an integer in range(256) or a single byte, not a {name} object of length {}",
            more.len()
        ))),
    }
    };
    if let Some(bytes) = value.downcast::<Bytes>() {
        return one(bytes.as_slice(), "bytes");
    }
    if let Some(bytes) = value.downcast::<ByteArray>() {
        return one(&bytes.to_vec(), "bytearray");
    }
    if !number::has_index(value) {
        return Err(vm.type_error(format!(
            "%c requires an integer in range(256) or a single byte, not {}",
            value.ty().name()
        )));
    }
    match int::to_i64_exact(&number::index(vm, value)?) {
        Some(c @ 0..=255) => Ok(super::intern::character(c as u32)),
        _ => Err(vm.overflow_error("%c arg not in range(256)")),
    }
}

/// `%b` and `%s` in bytes.
fn bytes_text(vm: &Vm, value: &Value) -> PyResult<Ref<Str>> {
    if let Some(bytes) = value.downcast_exact::<Bytes>() {
        return Ok(Str::from_latin1(bytes.as_slice()));
    }
    if let Some(bytes) = crate::objects::bytes::by_method(vm, value)? {
        return Ok(Str::from_latin1(&bytes));
    }
    if buffer::has_buffer(value) {
        return Ok(Str::from_latin1(&buffer::to_vec(vm, value)?));
    }
    Err(vm.type_error(format!(
        "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
        value.ty().name()
    )))
}
