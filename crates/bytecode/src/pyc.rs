//! `.pyc` files of CPython 3.6: a header of twelve bytes and a marshalled code object
//! (`importlib._bootstrap_external`).

use std::fmt;

use crate::code::{CodeObject, Const, SharedCode};
use crate::marshal::{self, MarshalError};

/// 3.6's magic number, 3379, and two bytes that text mode would spoil.
pub const MAGIC: [u8; 4] = [0x33, 0x0d, b'\r', b'\n'];

/// Length of the header.
pub const HEADER: usize = 12;

/// Of which source the file was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stamp {
    /// Modification time of the source in seconds, its low 32 bits.
    pub mtime: u32,
    /// Size of the source in bytes, its low 32 bits.
    pub size: u32,
}

/// Why a file is not a `.pyc` that can be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PycError {
    /// Shorter than its header: `EOFError`.
    Short,
    /// Of another version: `ImportError`.
    Magic,
    /// The rest is no code object.
    NotCode,
    Marshal(MarshalError),
}

impl fmt::Display for PycError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PycError::Short => f.write_str("reached EOF while reading the pyc header"),
            PycError::Magic => f.write_str("bad magic number"),
            PycError::NotCode => f.write_str("non-code object"),
            PycError::Marshal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PycError {}

impl From<MarshalError> for PycError {
    fn from(error: MarshalError) -> Self {
        PycError::Marshal(error)
    }
}

/// The bytes of a `.pyc`.
///
/// # Errors
/// If the code object is nested too deep or too large.
pub fn write(code: &CodeObject, stamp: Stamp) -> Result<Vec<u8>, MarshalError> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&stamp.mtime.to_le_bytes());
    bytes.extend_from_slice(&stamp.size.to_le_bytes());
    bytes.extend(marshal::write_code(code)?);
    Ok(bytes)
}

/// The stamp and the code object of a `.pyc`.
///
/// # Errors
/// If the file is of another version or damaged.
pub fn read(bytes: &[u8]) -> Result<(Stamp, SharedCode), PycError> {
    let word = |at: usize| -> Result<[u8; 4], PycError> {
        let part = bytes.get(at..at + 4).ok_or(PycError::Short)?;
        Ok([part[0], part[1], part[2], part[3]])
    };
    if word(0)? != MAGIC {
        return Err(PycError::Magic);
    }
    let stamp = Stamp { mtime: u32::from_le_bytes(word(4)?), size: u32::from_le_bytes(word(8)?) };
    match marshal::read_constant(&bytes[HEADER..])? {
        Const::Code(code) => Ok((stamp, code)),
        _ => Err(PycError::NotCode),
    }
}
