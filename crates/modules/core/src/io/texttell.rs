//! Positions in text files: what `tell` returns and `seek` takes.
//!
//! A position is a number that holds where to start reading bytes, the decoder's state there, and
//! how many bytes to feed and characters to skip from there. The start is the last place before the
//! program's where nothing was left undecoded, found by decoding the current chunk again.
//!
//! ```text
//!   bits 0..64 start of the bytes | 64..96 decoder's flags | 96..128 bytes to feed
//!   128..160 characters to skip | 160 feed the end of the file
//! ```
//!
//! CPython's counterpart: `textiowrapper_tell` in `Modules/_io/textio.c`, whose numbers these are.

use super::textio::TextIoWrapper;
use adder_bigint::Int;
use adder_vm::object::Obj;
use adder_vm::objects::int;
use adder_vm::{PyResult, Value, Vm};

#[derive(Default, Debug, PartialEq, Eq)]
pub struct Cookie {
    pub start: u64,
    pub flags: u32,
    pub feed: u32,
    pub skip: u32,
    pub at_end: bool,
}

impl Cookie {
    const LEN: usize = 21;

    fn to_bytes(&self) -> [u8; Cookie::LEN] {
        let mut bytes = [0; Cookie::LEN];
        bytes[..8].copy_from_slice(&self.start.to_le_bytes());
        for (i, part) in [self.flags, self.feed, self.skip].iter().enumerate() {
            bytes[8 + 4 * i..12 + 4 * i].copy_from_slice(&part.to_le_bytes());
        }
        bytes[20] = self.at_end.into();
        bytes
    }

    fn from_bytes(bytes: &[u8; Cookie::LEN]) -> Cookie {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Cookie {
            start: u64::from(word(0)) | u64::from(word(4)) << 32,
            flags: word(8),
            feed: word(12),
            skip: word(16),
            at_end: bytes[20] != 0,
        }
    }

    pub fn to_value(&self) -> Value {
        int::from_int(Int::from_le_bytes(&self.to_bytes(), false))
    }

    pub fn from_value(vm: &Vm, value: &Value) -> PyResult<Cookie> {
        let bytes = int::to_int(value).to_le_bytes(Cookie::LEN, false);
        match bytes.ok().and_then(|b| <[u8; Cookie::LEN]>::try_from(b).ok()) {
            Some(bytes) => Ok(Cookie::from_bytes(&bytes)),
            None => Err(vm.overflow_error("int too big to convert")),
        }
    }
}

/// Completes the position of a file whose chunk began at `chunk_start`: the decoder decodes the
/// chunk again, in steps, and gets its state back afterwards.
pub fn locate(
    zelf: &Obj<TextIoWrapper>,
    vm: &Vm,
    chunk_start: u64,
    flags: u64,
    chunk: &[u8],
    skip: usize,
) -> PyResult<Cookie> {
    let (pending, saved) = zelf.decoder.state(vm)?;
    let found = search(zelf, vm, chunk_start, flags, chunk, skip);
    zelf.decoder.set_state(vm, &pending, saved)?;
    found
}

fn search(
    zelf: &Obj<TextIoWrapper>,
    vm: &Vm,
    chunk_start: u64,
    flags: u64,
    chunk: &[u8],
    skip: usize,
) -> PyResult<Cookie> {
    let decoder = &zelf.decoder;
    let errors = zelf.errors_name();
    let (mut safe, mut safe_flags, mut safe_chars) = (0, flags, 0);
    // The usual number of bytes a character gives a first guess, lowered until it is safe.
    let mut guess = ((skip as f64 * zelf.bytes_a_char()) as usize).min(chunk.len());
    let mut step = 1;
    while guess > 0 {
        decoder.set_state(vm, b"", flags)?;
        let chars = decoder.decode(vm, &chunk[..guess], &errors, false)?.len();
        if chars <= skip {
            let (pending, state) = decoder.state(vm)?;
            if pending.is_empty() {
                (safe, safe_flags, safe_chars) = (guess, state, chars);
                break;
            }
            guess -= pending.len().min(guess);
            step = 1;
        } else {
            guess = guess.saturating_sub(step);
            step *= 2;
        }
    }
    // From there byte by byte.
    decoder.set_state(vm, b"", safe_flags)?;
    let mut chars = safe_chars;
    let mut fed = safe;
    while chars < skip && fed < chunk.len() {
        chars += decoder.decode(vm, &chunk[fed..=fed], &errors, false)?.len();
        fed += 1;
        let (pending, state) = decoder.state(vm)?;
        if pending.is_empty() && chars <= skip {
            (safe, safe_flags, safe_chars) = (fed, state, chars);
        }
    }
    let mut at_end = false;
    if chars < skip {
        // What is missing comes at the end of the file only.
        chars += decoder.decode(vm, b"", &errors, true)?.len();
        at_end = true;
        if chars < skip {
            return Err(super::os_error_text(
                vm,
                "can't reconstruct logical file position".to_string(),
            ));
        }
    }
    let exact = safe_chars == skip && !at_end;
    Ok(Cookie {
        start: chunk_start + safe as u64,
        flags: safe_flags as u32,
        feed: if exact { 0 } else { (fed - safe) as u32 },
        skip: (skip - safe_chars) as u32,
        at_end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_packing() {
        let cookie = Cookie { start: 1 << 40, flags: 3, feed: 70_000, skip: 9, at_end: true };
        assert_eq!(Cookie::from_bytes(&cookie.to_bytes()), cookie);
        assert_eq!(Cookie::from_bytes(&Cookie::default().to_bytes()), Cookie::default());
    }
}
