//! Items of a memoryview: bytes to values and back, by the native single-character formats of the
//! module `struct`.

use crate::objects::bytes::Bytes;
use crate::objects::int;
use crate::protocol::{number, object};
use crate::runtime::errors::PyResult;
use crate::runtime::vm::Vm;
use crate::value::Value;

/// The format character of a native single-character format (`@` in front is allowed).
pub fn native_code(format: &str) -> Option<u8> {
    let code = match format.as_bytes() {
        [code] | [b'@', code] => *code,
        _ => return None,
    };
    item_size(code).map(|_| code)
}

/// Bytes an item takes on this machine (64 bits).
pub fn item_size(code: u8) -> Option<usize> {
    Some(match code {
        b'c' | b'b' | b'B' | b'?' => 1,
        b'h' | b'H' | b'e' => 2,
        b'i' | b'I' | b'f' => 4,
        b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'd' | b'P' => 8,
        _ => return None,
    })
}

/// An integer format's sign and range.
fn integer_range(code: u8) -> Option<(i128, i128)> {
    let bits = 8 * item_size(code)? as u32;
    match code {
        b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => {
            Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1))
        }
        b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' | b'P' => Some((0, (1 << bits) - 1)),
        _ => None,
    }
}

/// The value of an item; `item` has the format's size.
pub fn unpack(code: u8, item: &[u8]) -> Value {
    let mut wide = [0u8; 8];
    let n = item.len().min(8);
    wide[..n].copy_from_slice(&item[..n]);
    let raw = u64::from_ne_bytes(wide);
    match code {
        b'c' => Bytes::from_slice(item).into(),
        b'?' => Value::bool(raw != 0),
        b'e' => Value::float(half_to_f64(raw as u16)),
        b'f' => Value::float(f32::from_bits(raw as u32).into()),
        b'd' => Value::float(f64::from_bits(raw)),
        b'b' => int::from_i64((raw as i8).into()),
        b'h' => int::from_i64((raw as i16).into()),
        b'i' => int::from_i64((raw as i32).into()),
        b'l' | b'q' | b'n' => int::from_i64(raw as i64),
        _ => int::from_i128(raw.into()),
    }
}

/// The bytes of a value as an item of a format.
pub fn pack(vm: &Vm, code: u8, format: &str, value: &Value) -> PyResult<Vec<u8>> {
    let wrong_type = || vm.type_error(format!("memoryview: invalid type for format '{format}'"));
    let wrong_value = || vm.value_error(format!("memoryview: invalid value for format '{format}'"));
    if let Some((low, high)) = integer_range(code) {
        let index = match number::index(vm, value) {
            Err(e) if e.is(&vm.exceptions().type_error) => return Err(wrong_type()),
            other => other?,
        };
        let fits = int::to_int(&index).to_i128().filter(|i| (low..=high).contains(i));
        let Some(i) = fits else { return Err(wrong_value()) };
        let size = item_size(code).unwrap_or(8);
        // The low bytes are the item's, in the machine's order.
        let all = (i as u64).to_ne_bytes();
        return Ok(if cfg!(target_endian = "big") {
            all[8 - size..].to_vec()
        } else {
            all[..size].to_vec()
        });
    }
    match code {
        b'?' => Ok(vec![object::is_true(vm, value)? as u8]),
        b'c' => match value.downcast::<Bytes>() {
            Some(bytes) if bytes.len() == 1 => Ok(bytes.as_slice().to_vec()),
            Some(_) => Err(wrong_value()),
            None => Err(wrong_type()),
        },
        _ => {
            let f = match number::to_f64(vm, value) {
                Err(e) if e.is(&vm.exceptions().type_error) => return Err(wrong_type()),
                other => other?,
            };
            match code {
                b'f' => Ok((f as f32).to_ne_bytes().to_vec()),
                b'd' => Ok(f.to_ne_bytes().to_vec()),
                _ => match f64_to_half(f) {
                    Some(half) => Ok(half.to_ne_bytes().to_vec()),
                    None => Err(vm.overflow_error("float too large to pack with e format")),
                },
            }
        }
    }
}

/// IEEE 754 binary16 to binary64, exactly.
pub fn half_to_f64(half: u16) -> f64 {
    let sign = if half & 0x8000 != 0 { -1.0 } else { 1.0 };
    let exponent = i32::from(half >> 10 & 0x1f);
    let fraction = f64::from(half & 0x3ff);
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// Binary64 to the nearest binary16, ties to even; `None` if a finite number is too large.
pub fn f64_to_half(f: f64) -> Option<u16> {
    let sign = if f.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = f.abs();
    if f.is_nan() {
        return Some(sign | 0x7e00);
    }
    if f.is_infinite() {
        return Some(sign | 0x7c00);
    }
    // In units of the last place of the result; below 2^-14 that is 2^-24 throughout.
    let exponent =
        if magnitude < 2f64.powi(-14) { -14 } else { ((magnitude.to_bits() >> 52) as i32) - 1023 };
    if exponent > 15 {
        return None;
    }
    let units = (magnitude * 2f64.powi(10 - exponent)).round_ties_even() as u32;
    // A carry into the exponent is what addition does by itself.
    let bits = units + (((exponent + 14) as u32) << 10);
    if bits >= 0x7c00 { None } else { Some(sign | bits as u16) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        for bits in 0..0x7c00u16 {
            assert_eq!(f64_to_half(half_to_f64(bits)), Some(bits), "{bits:#x}");
        }
        assert_eq!(f64_to_half(65519.0), Some(0x7bff));
        assert_eq!(f64_to_half(65520.0), None);
        assert_eq!(f64_to_half(2f64.powi(-25)), Some(0));
        assert_eq!(f64_to_half(-1.0), Some(0xbc00));
        assert_eq!(f64_to_half(f64::NEG_INFINITY), Some(0xfc00));
    }

    #[test]
    fn formats() {
        assert_eq!(native_code("@i"), Some(b'i'));
        assert_eq!(native_code("<i"), None);
        assert_eq!(native_code(""), None);
        assert_eq!(native_code("x"), None);
        assert_eq!(integer_range(b'b'), Some((-128, 127)));
        assert_eq!(integer_range(b'Q'), Some((0, u64::MAX as i128)));
    }
}
