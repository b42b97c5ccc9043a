//! `binascii`: between bytes and their ASCII forms. Quoted-printable is in `qp.rs`.
//!
//! CPython's counterpart: `Modules/binascii.c`.

mod qp;

use crate::support::bytes_of;
use adder_derive::pymodule;
use adder_vm::object::GilCell;
use adder_vm::objects::bytes::{Bytes, Lent, hex_separator, ops};
use adder_vm::objects::int;
use adder_vm::objects::module::Module;
use adder_vm::objects::str_::Str;
use adder_vm::objects::type_::{Type, declare};
use adder_vm::protocol::buffer;
use adder_vm::protocol::number;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};

static ERRORS: GilCell<Option<(Value, Value)>> = GilCell::new(None);

/// `binascii.Error` and `binascii.Incomplete`.
fn error_types(vm: &Vm) -> (Value, Value) {
    if let Some(known) = ERRORS.with(|e| e.clone()) {
        return known;
    }
    let e = vm.exceptions();
    let made = (
        declare::exception_subclass(vm, "Error", "binascii", &[&e.value_error]),
        declare::exception_subclass(vm, "Incomplete", "binascii", &[&e.exception]),
    );
    ERRORS.with(|e| e.get_or_insert(made).clone())
}

#[cold]
fn error(vm: &Vm, message: impl Into<String>) -> Exc {
    match error_types(vm).0.downcast::<Type>() {
        Some(ty) => vm.exception(ty, message.into()),
        None => vm.value_error(message),
    }
}

/// Bytes, or a str of ASCII characters.
fn ascii_or_bytes<'a>(vm: &Vm, value: &'a Value) -> PyResult<Lent<'a>> {
    if let Some(text) = value.downcast::<Str>() {
        return match text.as_ascii() {
            Some(text) => Ok(Lent::Slice(text.as_bytes())),
            None => Err(vm.value_error("string argument should contain only ASCII characters")),
        };
    }
    if !buffer::has_buffer(value) {
        return Err(vm.type_error(format!(
            "argument should be bytes, buffer or ASCII string, not '{}'",
            value.ty().name()
        )));
    }
    bytes_of(vm, value)
}

const PAD: u8 = b'=';
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of each base64 character, or 64.
const BASE64_VALUE: [u8; 256] = {
    let mut table = [64; 256];
    let mut i = 0;
    while i < 64 {
        table[BASE64[i] as usize] = i as u8;
        i += 1;
    }
    table
};

fn decode_base64(vm: &Vm, data: &[u8], strict: bool) -> PyResult<Vec<u8>> {
    if strict && data.first() == Some(&PAD) {
        return Err(error(vm, "Leading padding not allowed"));
    }
    let mut out = Vec::with_capacity(data.len().div_ceil(4) * 3);
    // Characters of the present group of four, and the bits of the last one that are left.
    let (mut position, mut left, mut pads, mut padding_started) = (0, 0u8, 0, false);
    for (at, &byte) in data.iter().enumerate() {
        if byte == PAD {
            padding_started = true;
            if strict && position == 0 {
                return Err(error(vm, "Excess padding not allowed"));
            }
            pads += 1;
            if position >= 2 && position + pads >= 4 {
                // A full group: in strict mode it must be the end.
                if strict && at + 1 < data.len() {
                    return Err(error(vm, "Excess data after padding"));
                }
                return Ok(out);
            }
            continue;
        }
        let value = BASE64_VALUE[byte as usize];
        if value >= 64 {
            if strict {
                return Err(error(vm, "Only base64 data is allowed"));
            }
            continue;
        }
        if strict && padding_started {
            return Err(error(vm, "Discontinuous padding not allowed"));
        }
        pads = 0;
        match position {
            0 => left = value,
            1 => {
                out.push(left << 2 | value >> 4);
                left = value & 0x0f;
            }
            2 => {
                out.push(left << 4 | value >> 2);
                left = value & 0x03;
            }
            _ => out.push(left << 6 | value),
        }
        position = (position + 1) % 4;
    }
    match position {
        0 => Ok(out),
        1 => Err(error(
            vm,
            format!(
                "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more \
                 than a multiple of 4",
                out.len() / 3 * 4 + 1
            ),
        )),
        _ => Err(error(vm, "Incorrect padding")),
    }
}

fn encode_base64(data: &[u8], newline: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len().div_ceil(3) * 4 + 1);
    let digit = |bits: u32| BASE64[(bits & 0x3f) as usize];
    for group in data.chunks(3) {
        let at = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let third = if group.len() > 1 { digit(bits >> 6) } else { PAD };
        let fourth = if group.len() > 2 { digit(bits) } else { PAD };
        out.extend([digit(bits >> 18), digit(bits >> 12), third, fourth]);
    }
    if newline {
        out.push(b'\n');
    }
    out
}

/// uuencoding: a line's length, then groups of four characters.
fn decode_uu(vm: &Vm, data: &[u8]) -> PyResult<Vec<u8>> {
    let mut rest = data.iter().copied();
    let len = usize::from((rest.next().unwrap_or(0).wrapping_sub(b' ')) & 0x3f);
    let mut out = Vec::with_capacity(len);
    let (mut bits, mut count) = (0u32, 0);
    while out.len() < len {
        // A line may have lost its trailing blanks.
        let byte = rest.next().unwrap_or(b'\n');
        let value = match byte {
            b'\n' | b'\r' => 0,
            b' '..=b'`' => (byte - b' ') & 0x3f,
            _ => return Err(error(vm, "Illegal char")),
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    // What follows may be blanks only, in either form.
    if rest.any(|byte| !matches!(byte, b' ' | b'`' | b'\n' | b'\r')) {
        return Err(error(vm, "Trailing garbage"));
    }
    Ok(out)
}

fn encode_uu(data: &[u8], backtick: bool) -> Vec<u8> {
    let character = |bits: u32| match (bits & 0x3f) as u8 {
        0 if backtick => b'`',
        value => value + b' ',
    };
    let mut out = Vec::with_capacity(data.len().div_ceil(3) * 4 + 2);
    out.push(character(data.len() as u32));
    for group in data.chunks(3) {
        let at = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        out.extend([18, 12, 6, 0].map(|shift| character(bits >> shift)));
    }
    out.push(b'\n');
    out
}

fn decode_hex(vm: &Vm, value: &Value) -> PyResult {
    let data = ascii_or_bytes(vm, value)?;
    if data.len() % 2 == 1 {
        return Err(error(vm, "Odd-length string"));
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|d| d as u8);
    let mut out = Vec::with_capacity(data.len() / 2);
    for pair in data.chunks_exact(2) {
        match (digit(pair[0]), digit(pair[1])) {
            (Some(high), Some(low)) => out.push(high << 4 | low),
            _ => return Err(error(vm, "Non-hexadecimal digit found")),
        }
    }
    Ok(Bytes::copied(vm, &out)?.into())
}

fn encode_hex(vm: &Vm, data: &Value, sep: Option<&Value>, group: Option<i32>) -> PyResult {
    let data = bytes_of(vm, data)?;
    let sep = hex_separator(vm, sep)?;
    let text = ops::hex(&data, sep, group.unwrap_or(1).into()).finish_in(vm)?;
    vm.need(text.len())?;
    Ok(Bytes::copied(vm, text.as_ascii().unwrap_or_default().as_bytes())?.into())
}

/// CRC-32 as in zlib: the polynomial 0x04c11db7, its bits reversed.
const CRC32: [[u32; 256]; 8] = {
    let mut tables = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        tables[0][i] = crc;
        i += 1;
    }
    let mut k = 1;
    while k < 8 {
        let mut i = 0;
        while i < 256 {
            let before = tables[k - 1][i];
            tables[k][i] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            i += 1;
        }
        k += 1;
    }
    tables
};

fn crc32_of(data: &[u8], start: u32) -> u32 {
    let mut crc = !start;
    let mut blocks = data.chunks_exact(8);
    for block in &mut blocks {
        let low = u32::from_le_bytes([block[0], block[1], block[2], block[3]]) ^ crc;
        let high = u32::from_le_bytes([block[4], block[5], block[6], block[7]]);
        crc = 0;
        for (k, word) in [(4, low), (0, high)] {
            for (i, byte) in word.to_le_bytes().into_iter().enumerate() {
                crc ^= CRC32[k + 3 - i][usize::from(byte)];
            }
        }
    }
    for byte in blocks.remainder() {
        crc = crc >> 8 ^ CRC32[0][usize::from(crc as u8 ^ byte)];
    }
    !crc
}

/// An int argument taken modulo 2^32.
fn wrapping_u32(vm: &Vm, value: &Value) -> PyResult<u32> {
    let index = number::index(vm, value)?;
    let wide = int::to_int(&index);
    Ok(match wide.to_i128() {
        Some(i) => i as u32,
        None if wide.is_negative() => wide.low_u64().wrapping_neg() as u32,
        None => wide.low_u64() as u32,
    })
}

/// Conversion between binary data and ASCII
#[pymodule(name = "binascii")]
pub mod binascii {
    use super::*;

    /// Decode a line of uuencoded data.
    #[pyfunction]
    fn a2b_uu(vm: &Vm, data: &Value) -> PyResult {
        let data = ascii_or_bytes(vm, data)?;
        Ok(Bytes::copied(vm, &decode_uu(vm, &data)?)?.into())
    }
    /// Uuencode line of data.
    #[pyfunction(sig = "(data, /, *, backtick=False)")]
    fn b2a_uu(vm: &Vm, data: &Value, backtick: Option<bool>) -> PyResult {
        let data = bytes_of(vm, data)?;
        if data.len() > 45 {
            return Err(error(vm, "At most 45 bytes at once"));
        }
        Ok(Bytes::copied(vm, &encode_uu(&data, backtick.unwrap_or(false)))?.into())
    }
    /// Decode a line of base64 data.
    ///
    ///   strict_mode
    ///     When set to True, bytes that are not in the base64 standard are not allowed.
    ///     The same applies to excess data after padding (= / ==).
    #[pyfunction(sig = "(data, /, *, strict_mode=False)")]
    fn a2b_base64(vm: &Vm, data: &Value, strict_mode: Option<bool>) -> PyResult {
        let data = ascii_or_bytes(vm, data)?;
        Ok(Bytes::copied(vm, &decode_base64(vm, &data, strict_mode.unwrap_or(false))?)?.into())
    }
    /// Base64-code line of data.
    #[pyfunction(sig = "(data, /, *, newline=True)")]
    fn b2a_base64(vm: &Vm, data: &Value, newline: Option<bool>) -> PyResult {
        let data = bytes_of(vm, data)?;
        Ok(Bytes::copied(vm, &encode_base64(&data, newline.unwrap_or(true)))?.into())
    }
    /// Compute CRC-CCITT incrementally.
    #[pyfunction]
    fn crc_hqx(vm: &Vm, data: &Value, crc: &Value) -> PyResult<u32> {
        let data = bytes_of(vm, data)?;
        let mut crc = wrapping_u32(vm, crc)? & 0xffff;
        for byte in data.iter() {
            crc ^= u32::from(*byte) << 8;
            for _ in 0..8 {
                crc = (crc << 1 ^ if crc & 0x8000 != 0 { 0x1021 } else { 0 }) & 0xffff;
            }
        }
        Ok(crc)
    }
    /// Compute CRC-32 incrementally.
    #[pyfunction(sig = "(data, crc=0, /)")]
    fn crc32(vm: &Vm, data: &Value, crc: Option<&Value>) -> PyResult<u32> {
        let data = bytes_of(vm, data)?;
        let start = crc.map_or(Ok(0), |crc| wrapping_u32(vm, crc))?;
        Ok(crc32_of(&data, start))
    }
    /// Hexadecimal representation of binary data.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// The return value is a bytes object.  This function is also
    /// available as "hexlify()".
    #[pyfunction(sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn b2a_hex(vm: &Vm, data: &Value, sep: Option<&Value>, bytes_per_sep: Option<i32>) -> PyResult {
        encode_hex(vm, data, sep, bytes_per_sep)
    }
    /// Hexadecimal representation of binary data.
    ///
    ///   sep
    ///     An optional single character or byte to separate hex bytes.
    ///   bytes_per_sep
    ///     How many bytes between separators.  Positive values count from the
    ///     right, negative values count from the left.
    ///
    /// The return value is a bytes object.
    #[pyfunction(sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)")]
    fn hexlify(vm: &Vm, data: &Value, sep: Option<&Value>, bytes_per_sep: Option<i32>) -> PyResult {
        encode_hex(vm, data, sep, bytes_per_sep)
    }
    /// Binary data of hexadecimal representation.
    ///
    /// hexstr must contain an even number of hex digits (upper or lower case).
    /// This function is also available as "unhexlify()".
    #[pyfunction]
    fn a2b_hex(vm: &Vm, hexstr: &Value) -> PyResult {
        decode_hex(vm, hexstr)
    }
    /// Binary data of hexadecimal representation.
    ///
    /// hexstr must contain an even number of hex digits (upper or lower case).
    #[pyfunction]
    fn unhexlify(vm: &Vm, hexstr: &Value) -> PyResult {
        decode_hex(vm, hexstr)
    }
    /// Decode a string of qp-encoded data.
    #[pyfunction(sig = "(data, header=False)")]
    fn a2b_qp(vm: &Vm, data: &Value, header: Option<bool>) -> PyResult<Ref<Bytes>> {
        let data = ascii_or_bytes(vm, data)?;
        Bytes::copied(vm, &qp::decode(&data, header.unwrap_or(false)))
    }
    /// Encode a string using quoted-printable encoding.
    ///
    /// On encoding, when istext is set, newlines are not encoded, and white
    /// space at end of lines is.  When istext is not set, \r and \n (CR/LF)
    /// are both encoded.  When quotetabs is set, space and tabs are encoded.
    #[pyfunction(sig = "(data, quotetabs=False, istext=True, header=False)")]
    fn b2a_qp(
        vm: &Vm,
        data: &Value,
        quotetabs: Option<bool>,
        istext: Option<bool>,
        header: Option<bool>,
    ) -> PyResult<Ref<Bytes>> {
        let data = bytes_of(vm, data)?;
        let options = qp::Options {
            quote_tabs: quotetabs.unwrap_or(false),
            text: istext.unwrap_or(true),
            header: header.unwrap_or(false),
        };
        Bytes::copied(vm, &qp::encode(vm, &data, &options)?)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        let (error, incomplete) = error_types(vm);
        module.set(vm, "Error", error);
        module.set(vm, "Incomplete", incomplete);
        Ok(())
    }
}
