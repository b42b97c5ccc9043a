//! What the items of an `array` may be: type codes, and one item between Python and memory.

use adder_vm::objects::int;
use adder_vm::objects::str_::{Str, intern};
use adder_vm::protocol::{number, object};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Value, Vm};

/// The kind of an array's items.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(u8);

/// All type codes, in the order of `array.typecodes`.
pub const ALL: &str = "bBuwhHiIlLqQfd";

impl Code {
    pub fn from_char(c: u32) -> Option<Code> {
        let code = u8::try_from(c).ok()?;
        if ALL.as_bytes().contains(&code) { Some(Code(code)) } else { None }
    }
    pub fn as_char(self) -> char {
        char::from(self.0)
    }
    pub fn is_text(self) -> bool {
        matches!(self.0, b'u' | b'w')
    }
    pub fn is_float(self) -> bool {
        matches!(self.0, b'f' | b'd')
    }
    pub fn is_signed(self) -> bool {
        self.0.is_ascii_lowercase()
    }
    pub fn is_deprecated(self) -> bool {
        self.0 == b'u'
    }
    /// The format of its buffer.
    pub fn buffer_format(self) -> &'static str {
        match self.0 {
            b'b' => "b",
            b'B' => "B",
            b'u' | b'w' => "w",
            b'h' => "h",
            b'H' => "H",
            b'i' => "i",
            b'I' => "I",
            b'l' => "l",
            b'L' => "L",
            b'q' => "q",
            b'Q' => "Q",
            b'f' => "f",
            _ => "d",
        }
    }
    #[inline]
    pub fn size(self) -> usize {
        match self.0 {
            b'b' | b'B' => 1,
            b'h' | b'H' => 2,
            b'u' | b'w' | b'i' | b'I' | b'f' => 4,
            _ => 8,
        }
    }

    /// The item in `bytes`, which are as long as an item. `None` if it is no code point.
    #[inline]
    pub fn read(self, bytes: &[u8]) -> Option<Value> {
        Some(match self.0 {
            b'b' => Value::int_unchecked((*bytes.first()? as i8).into()),
            b'B' => Value::int_unchecked((*bytes.first()?).into()),
            b'h' => Value::int_unchecked(i16::from_ne_bytes(bytes.try_into().ok()?).into()),
            b'H' => Value::int_unchecked(u16::from_ne_bytes(bytes.try_into().ok()?).into()),
            b'i' => Value::int_unchecked(i32::from_ne_bytes(bytes.try_into().ok()?).into()),
            b'I' => Value::int_unchecked(u32::from_ne_bytes(bytes.try_into().ok()?).into()),
            b'l' | b'q' => int::from_i64(i64::from_ne_bytes(bytes.try_into().ok()?)),
            b'L' | b'Q' => int::from_i128(u64::from_ne_bytes(bytes.try_into().ok()?).into()),
            b'f' => Value::float(f32::from_ne_bytes(bytes.try_into().ok()?).into()),
            b'd' => Value::float(f64::from_ne_bytes(bytes.try_into().ok()?)),
            _ => {
                let c = u32::from_ne_bytes(bytes.try_into().ok()?);
                if c > 0x10_ffff {
                    return None;
                }
                intern::character(c).into()
            }
        })
    }

    /// A value as an item's bytes (the first `size` of the result).
    pub fn write(self, vm: &Vm, value: &Value) -> PyResult<[u8; 8]> {
        let mut out = [0; 8];
        match self.0 {
            b'u' | b'w' => out[..4].copy_from_slice(&character(vm, value)?.to_ne_bytes()),
            b'f' => {
                let narrow = number::to_f64(vm, value)? as f32;
                out[..4].copy_from_slice(&narrow.to_ne_bytes());
            }
            b'd' => out = number::to_f64(vm, value)?.to_ne_bytes(),
            _ => {
                let wide = self.int(vm, value)?;
                let bytes = (wide as u64).to_le_bytes();
                let size = self.size();
                out[..size].copy_from_slice(&bytes[..size]);
                if cfg!(target_endian = "big") {
                    out[..size].reverse();
                }
            }
        }
        Ok(out)
    }

    /// The least and the greatest int.
    fn limits(self) -> (i128, i128) {
        let bits = self.size() as u32 * 8;
        if self.is_signed() {
            (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        } else {
            (0, (1 << bits) - 1)
        }
    }

    fn int(self, vm: &Vm, value: &Value) -> PyResult<i128> {
        let (low, high) = self.limits();
        if let Some(i) = value.as_small_int()
            && (low..=high).contains(&i.into())
        {
            return Ok(i.into());
        }
        let index = number::index(vm, value)?;
        let wide = int::to_int(&index);
        match wide.to_i128() {
            Some(i) if (low..=high).contains(&i) => Ok(i),
            wide => Err(self.out_of_range(vm, wide, int::is_negative(&index))),
        }
    }

    /// The words of CPython's argument parser, which reads most kinds as C `long` first.
    #[cold]
    fn out_of_range(self, vm: &Vm, value: Option<i128>, negative: bool) -> Exc {
        let fits_long = value.is_some_and(|i| i64::try_from(i).is_ok());
        let side = if negative { "less than minimum" } else { "greater than maximum" };
        let named = |kind: &str| format!("{kind} is {side}");
        let to_long = || "Python int too large to convert to C long".to_string();
        let unsigned_negative = "can't convert negative value to unsigned int".to_string();
        vm.overflow_error(match self.0 {
            b'q' => "int too big to convert".to_string(),
            b'Q' if negative => "can't convert negative int to unsigned".to_string(),
            b'Q' => "int too big to convert".to_string(),
            b'I' | b'L' if negative => unsigned_negative,
            b'I' if value.is_some_and(|i| u64::try_from(i).is_ok()) => named("unsigned int"),
            b'I' | b'L' => "Python int too large to convert to C unsigned long".to_string(),
            _ if !fits_long => to_long(),
            b'b' if value.is_some_and(|i| i16::try_from(i).is_ok()) => named("signed char"),
            b'b' | b'h' => named("signed short integer"),
            b'B' => named("unsigned byte integer"),
            b'H' => named("unsigned short"),
            _ => named("signed integer"),
        })
    }
}

/// A str of one character.
fn character(vm: &Vm, value: &Value) -> PyResult<u32> {
    match value.downcast::<Str>() {
        Some(text) if text.len() == 1 => Ok(text.at(0)),
        Some(text) => Err(vm.type_error(format!(
            "array item must be a unicode character, not a string of length {}",
            text.len()
        ))),
        None => Err(vm.type_error(format!(
            "array item must be a unicode character, not {}",
            object::type_name_or_none(value)
        ))),
    }
}

/// The formats in which arrays are pickled: size, signedness and byte order of an item.
pub struct MachineFormat {
    pub size: usize,
    pub signed: bool,
    pub big: bool,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int,
    Float,
    /// UTF-16 or UTF-32.
    Text,
}

impl MachineFormat {
    pub fn from_number(number: i64) -> Option<MachineFormat> {
        let big = number % 2 == 1;
        let (size, signed, big, kind) = match number {
            0 | 1 => (1, big, false, Kind::Int),
            2..=13 => {
                let group = (number - 2) / 4;
                (2 << group, (number - 2) % 4 >= 2, big, Kind::Int)
            }
            14..=17 => (4 << ((number - 14) / 2), true, big, Kind::Float),
            18..=21 => (2 << ((number - 18) / 2), false, big, Kind::Text),
            _ => return None,
        };
        Some(MachineFormat { size, signed, big, kind })
    }

    /// The number of this machine's format of a type code.
    pub fn number_of(code: Code) -> i64 {
        let big = i64::from(cfg!(target_endian = "big"));
        let size = code.size();
        if code.is_text() {
            20 + big
        } else if code.is_float() {
            if size == 4 { 14 + big } else { 16 + big }
        } else if size == 1 {
            i64::from(code.is_signed())
        } else {
            let group = i64::from(size.trailing_zeros()) - 1;
            2 + group * 4 + i64::from(code.is_signed()) * 2 + big
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_formats_go_both_ways() {
        for c in ALL.chars() {
            let Some(code) = Code::from_char(c as u32) else { panic!("{c} is a type code") };
            let number = MachineFormat::number_of(code);
            let Some(format) = MachineFormat::from_number(number) else { panic!("{number}") };
            assert_eq!(format.size, code.size());
            assert!(code.is_text() || code.is_float() || format.signed == code.is_signed());
        }
        assert!(MachineFormat::from_number(22).is_none());
    }
}
