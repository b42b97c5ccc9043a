//! The instruction set, code objects, their text and byte forms: CPython's `Include/opcode.h`,
//! `Lib/opcode.py`, `Lib/dis.py` and `Python/marshal.c`. It knows nothing of source text and
//! nothing of the running machine.

#![forbid(unsafe_code)]

pub mod code;
pub mod dis;
pub mod lnotab;
pub mod marshal;
pub mod opcode;
pub mod positions;
pub mod prepared;
pub mod pyc;
pub mod repr;
pub mod shared;
pub mod stored;
pub mod table;
pub mod verify;
