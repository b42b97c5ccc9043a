//! Format strings of `struct`: from text to a list of fields, and one value at a time between
//! Python and bytes.

use adder_bigint::Int;
use adder_vm::objects::bytearray::ByteArray;
use adder_vm::objects::bytes::Bytes;
use adder_vm::objects::complex::{self, ComplexObj};
use adder_vm::objects::int;
use adder_vm::protocol::{number, object};
use adder_vm::runtime::memory;
use adder_vm::{Value, Vm};

/// A run of values of one kind.
pub struct Field {
    pub code: u8,
    /// Where the first one lies.
    pub offset: usize,
    /// Bytes of one value; of the whole for `s` and `p`.
    pub size: usize,
    pub count: usize,
}

/// A format, read.
pub struct Format {
    pub text: Vec<u8>,
    pub fields: Vec<Field>,
    pub size: usize,
    /// How many values it takes.
    pub items: usize,
    order: Order,
}

/// How bytes are laid out.
#[derive(Clone, Copy)]
struct Order {
    little: bool,
    /// As the C compiler does it: then a float too large for 4 bytes becomes infinite.
    native: bool,
}

/// Sizes and alignments as the C compiler has them, or without padding.
fn size_of(code: u8, native: bool) -> Option<(usize, usize)> {
    let size = match code {
        b'x' | b'b' | b'B' | b'c' | b's' | b'p' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' if !native => 4,
        b'q' | b'Q' | b'd' | b'l' | b'L' => 8,
        b'n' | b'N' | b'P' if native => 8,
        b'F' => return Some((8, if native { 4 } else { 1 })),
        b'D' => return Some((16, if native { 8 } else { 1 })),
        _ => return None,
    };
    Some((size, if native { size } else { 1 }))
}

impl Format {
    /// Reads a format; the error is the message of `struct.error`.
    pub fn parse(text: &[u8]) -> Result<Format, &'static str> {
        const TOO_LONG: &str = "total struct size too long";
        let native_little = cfg!(target_endian = "little");
        let (native, little, skip) = match text.first() {
            Some(b'@') => (true, native_little, 1),
            Some(b'=') => (false, native_little, 1),
            Some(b'<') => (false, true, 1),
            Some(b'>' | b'!') => (false, false, 1),
            _ => (true, native_little, 0),
        };
        let mut format = Format {
            text: text.to_vec(),
            fields: Vec::new(),
            size: 0,
            items: 0,
            order: Order { little, native },
        };
        let mut rest = text[skip..].iter().copied().peekable();
        while let Some(c) = rest.next() {
            let mut code = c;
            if code == 0 {
                return Err("embedded null character");
            }
            if matches!(code, b' ' | b'\t'..=b'\r') {
                continue;
            }
            let mut count = 1usize;
            if code.is_ascii_digit() {
                count = usize::from(code - b'0');
                while let Some(digit) = rest.next_if(u8::is_ascii_digit) {
                    count = count
                        .checked_mul(10)
                        .and_then(|n| n.checked_add(usize::from(digit - b'0')))
                        .filter(|n| *n <= isize::MAX as usize)
                        .ok_or(TOO_LONG)?;
                }
                code = rest.next().ok_or("repeat count given without format specifier")?;
                if code == 0 {
                    return Err("embedded null character");
                }
            }
            let (size, align) = size_of(code, native).ok_or("bad char in struct format")?;
            let offset = format.size.checked_next_multiple_of(align).ok_or(TOO_LONG)?;
            let end = count.checked_mul(size).and_then(|n| n.checked_add(offset));
            format.size = end.filter(|n| *n <= isize::MAX as usize).ok_or(TOO_LONG)?;
            let (size, count, items) = match code {
                b's' | b'p' => (count, 1, 1),
                b'x' => (count, 0, 0),
                _ => (size, count, count),
            };
            format.items += items;
            if count > 0 {
                format.fields.push(Field { code, offset, size, count });
            }
        }
        Ok(format)
    }

    /// The values in `bytes`, which are as long as the format.
    pub fn unpack(&self, bytes: &[u8], into: &mut Vec<Value>) {
        for field in &self.fields {
            for i in 0..field.count {
                let start = field.offset + i * field.size;
                if let Some(part) = bytes.get(start..start + field.size) {
                    // What finds no room is a `MemoryError` of the caller's.
                    memory::push(into, unpack_one(field.code, part, self.order.little));
                }
            }
        }
    }

    /// Writes values, as many as the format takes, into zeroed bytes of its size. An error is a
    /// message of `struct.error`, or an exception of its own.
    pub fn pack(&self, vm: &Vm, values: &[Value], bytes: &mut [u8]) -> Result<(), Failure> {
        let mut values = values.iter();
        for field in &self.fields {
            for i in 0..field.count {
                let start = field.offset + i * field.size;
                let (Some(value), Some(part)) =
                    (values.next(), bytes.get_mut(start..start + field.size))
                else {
                    return Ok(());
                };
                pack_one(vm, field.code, value, part, self.order)?;
            }
        }
        Ok(())
    }
}

/// Why a value cannot be packed.
pub enum Failure {
    Message(String),
    Raised(adder_vm::Exc),
}

impl From<adder_vm::Exc> for Failure {
    fn from(error: adder_vm::Exc) -> Failure {
        Failure::Raised(error)
    }
}

fn failure<T>(message: &str) -> Result<T, Failure> {
    Err(Failure::Message(message.into()))
}

fn read<const N: usize>(part: &[u8], little: bool) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(part);
    if little != cfg!(target_endian = "little") {
        bytes.reverse();
    }
    bytes
}

fn write<const N: usize>(part: &mut [u8], mut bytes: [u8; N], little: bool) {
    if little != cfg!(target_endian = "little") {
        bytes.reverse();
    }
    part.copy_from_slice(&bytes);
}

fn read_float(part: &[u8], little: bool) -> f64 {
    match part.len() {
        2 => half_to_f64(u16::from_ne_bytes(read(part, little))),
        4 => f64::from(f32::from_ne_bytes(read(part, little))),
        _ => f64::from_ne_bytes(read(part, little)),
    }
}

fn unpack_one(code: u8, part: &[u8], little: bool) -> Value {
    match code {
        b'c' | b's' => Bytes::from_slice(part).into(),
        b'p' => {
            let len = part.first().map_or(0, |n| usize::from(*n)).min(part.len().saturating_sub(1));
            Bytes::from_slice(part.get(1..1 + len).unwrap_or(&[])).into()
        }
        b'?' => Value::bool(part != [0]),
        b'e' | b'f' | b'd' => Value::float(read_float(part, little)),
        b'F' | b'D' => {
            let (real, imag) = part.split_at(part.len() / 2);
            ComplexObj::new_value(read_float(real, little), read_float(imag, little))
        }
        b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => int::from_i64(match part.len() {
            1 => i64::from(part[0] as i8),
            2 => i64::from(i16::from_ne_bytes(read(part, little))),
            4 => i64::from(i32::from_ne_bytes(read(part, little))),
            _ => i64::from_ne_bytes(read(part, little)),
        }),
        _ => int::from_i128(match part.len() {
            1 => i128::from(part[0]),
            2 => i128::from(u16::from_ne_bytes(read(part, little))),
            4 => i128::from(u32::from_ne_bytes(read(part, little))),
            _ => i128::from(u64::from_ne_bytes(read(part, little))),
        }),
    }
}

/// An int argument, `None` if it is beyond 64 bits on either side.
fn int_argument(vm: &Vm, value: &Value) -> Result<Option<i128>, Failure> {
    if let Some(i) = value.as_small_int() {
        return Ok(Some(i.into()));
    }
    if !number::has_index(value) {
        return failure("required argument is not an integer");
    }
    Ok(int::to_int(&number::index(vm, value)?).to_i128())
}

fn pack_int(
    vm: &Vm,
    code: u8,
    value: &Value,
    part: &mut [u8],
    little: bool,
) -> Result<(), Failure> {
    let bits = part.len() as u32 * 8;
    let signed = code.is_ascii_lowercase();
    let (low, high) = if signed {
        (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
    } else {
        (0, (1i128 << bits) - 1)
    };
    match int_argument(vm, value)?.filter(|i| (low..=high).contains(i)) {
        Some(i) => {
            let bytes = (i as u64).to_le_bytes();
            for (at, byte) in bytes.iter().take(part.len()).enumerate() {
                let at = if little { at } else { part.len() - 1 - at };
                part[at] = *byte;
            }
            Ok(())
        }
        None => Err(Failure::Message(format!(
            "'{}' format requires {low} <= number <= {high}",
            char::from(code)
        ))),
    }
}

fn pack_float(vm: &Vm, x: f64, part: &mut [u8], order: Order) -> Result<(), Failure> {
    let Order { little, native } = order;
    let too_large =
        |code| Err(vm.overflow_error(format!("float too large to pack with {code} format")).into());
    match part.len() {
        2 => match f64_to_half(x) {
            Some(half) => write(part, half.to_ne_bytes(), little),
            None => return too_large('e'),
        },
        4 => {
            let narrow = x as f32;
            if !native && narrow.is_infinite() && x.is_finite() {
                return too_large('f');
            }
            write(part, narrow.to_ne_bytes(), little);
        }
        _ => write(part, x.to_ne_bytes(), little),
    }
    Ok(())
}

fn pack_one(
    vm: &Vm,
    code: u8,
    value: &Value,
    part: &mut [u8],
    order: Order,
) -> Result<(), Failure> {
    match code {
        b'?' => part[0] = u8::from(object::is_true(vm, value)?),
        b'c' => match value.downcast::<Bytes>().map(|b| b.as_slice()) {
            Some([byte]) => part[0] = *byte,
            _ => return failure("char format requires a bytes object of length 1"),
        },
        b's' | b'p' => {
            let bytes = if let Some(bytes) = value.downcast::<Bytes>() {
                bytes.as_slice().to_vec()
            } else if let Some(array) = value.downcast::<ByteArray>() {
                array.to_vec()
            } else {
                let code = char::from(code);
                return failure(&format!("argument for '{code}' must be a bytes object"));
            };
            let room = if code == b'p' {
                let Some((first, rest)) = part.split_first_mut() else { return Ok(()) };
                *first = bytes.len().min(rest.len()).min(255) as u8;
                rest
            } else {
                part
            };
            let len = bytes.len().min(room.len());
            room[..len].copy_from_slice(&bytes[..len]);
        }
        b'e' | b'f' | b'd' => {
            let Ok(x) = number::to_f64(vm, value) else {
                return failure("required argument is not a float");
            };
            pack_float(vm, x, part, order)?;
        }
        b'F' | b'D' => {
            let Some((real, imag)) = complex::convert(vm, value)? else {
                return failure("required argument is not a complex");
            };
            let (first, second) = part.split_at_mut(part.len() / 2);
            pack_float(vm, real, first, order)?;
            pack_float(vm, imag, second, order)?;
        }
        b'P' => {
            if !number::has_index(value) {
                return failure("required argument is not an integer");
            }
            let wide: Int = int::to_int(&number::index(vm, value)?);
            let word = wide.to_u64().or_else(|| wide.to_i64().map(|i| i as u64));
            let Some(word) = word else {
                return Err(vm.overflow_error("int too large to convert to pointer").into());
            };
            write(part, word.to_ne_bytes(), order.little);
        }
        _ => pack_int(vm, code, value, part, order.little)?,
    }
    Ok(())
}

/// IEEE 754 binary16 to a float.
fn half_to_f64(half: u16) -> f64 {
    let sign = if half >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(half >> 10 & 0x1f), f64::from(half & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        e => (1024.0 + fraction) * 2f64.powi(e - 25),
    }
}

/// A float to IEEE 754 binary16, rounded to even; `None` if it is too large.
fn f64_to_half(x: f64) -> Option<u16> {
    let sign = u16::from(x.is_sign_negative()) << 15;
    if x.is_nan() {
        return Some(sign | 0x7e00);
    }
    if x.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let magnitude = x.abs();
    // The last place of the result: 2^-24 for subnormals, else 10 bits below the leading one.
    let exponent = ((magnitude.to_bits() >> 52) as i32 - 1023).max(-14);
    let scaled = magnitude * 2f64.powi(10 - exponent);
    let rounded = scaled.round_ties_even() as u32;
    // A carry out of the fraction moves into the exponent by itself.
    let bits = if rounded < 1024 { rounded } else { ((exponent + 14) as u32) * 1024 + rounded };
    if bits >= 0x7c00 { None } else { Some(sign | bits as u16) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_both_ways() {
        for half in 0..0x7c00u16 {
            assert_eq!(f64_to_half(half_to_f64(half)), Some(half));
        }
        assert_eq!(f64_to_half(65519.9), Some(0x7bff));
        assert_eq!(f64_to_half(65520.0), None);
        assert_eq!(f64_to_half(2f64.powi(-25)), Some(0));
        assert_eq!(f64_to_half(2f64.powi(-25) * 1.1), Some(1));
    }

    #[test]
    fn native_formats_are_padded() {
        let size = |text: &str| Format::parse(text.as_bytes()).map(|f| f.size);
        assert_eq!(size("bi"), Ok(8));
        assert_eq!(size("=bi"), Ok(5));
        assert_eq!(size("b0q"), Ok(8));
        assert_eq!(size("2"), Err("repeat count given without format specifier"));
    }
}
