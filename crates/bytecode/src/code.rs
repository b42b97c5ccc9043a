//! Code objects and the constants in them: what the compiler makes, `marshal` carries and the
//! machine prepares. CPython's `Include/code.h` and `Objects/codeobject.c`, without behaviour.
//!
//! Everything here is plain data, `Send` and `Sync`, and knows nothing of the running machine.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use adder_bigint::Int;

pub use crate::positions::{Position, Positions, PositionsBuilder};
pub use crate::shared::{Head, SharedCode};

/// Bytes of a code object: its own, or a part of the library that lies in the binary.
pub type Bytes = Cow<'static, [u8]>;

/// Flags of `co_flags`.
pub mod flags {
    pub const OPTIMIZED: u32 = 0x1;
    pub const NEWLOCALS: u32 = 0x2;
    pub const VARARGS: u32 = 0x4;
    pub const VARKEYWORDS: u32 = 0x8;
    pub const NESTED: u32 = 0x10;
    pub const GENERATOR: u32 = 0x20;
    pub const NOFREE: u32 = 0x40;
    pub const COROUTINE: u32 = 0x80;
    pub const ITERABLE_COROUTINE: u32 = 0x100;
    pub const ASYNC_GENERATOR: u32 = 0x200;
    pub const FUTURE_DIVISION: u32 = 0x2000;
    pub const FUTURE_ABSOLUTE_IMPORT: u32 = 0x4000;
    pub const FUTURE_WITH_STATEMENT: u32 = 0x8000;
    pub const FUTURE_PRINT_FUNCTION: u32 = 0x10000;
    pub const FUTURE_UNICODE_LITERALS: u32 = 0x20000;
    pub const FUTURE_BARRY_AS_BDFL: u32 = 0x40000;
    pub const FUTURE_GENERATOR_STOP: u32 = 0x80000;
    /// PEP 563, level 3.14.
    pub const FUTURE_ANNOTATIONS: u32 = 0x100_0000;
    /// The first constant is the docstring (3.14).
    pub const HAS_DOCSTRING: u32 = 0x400_0000;
    /// The function is defined directly in a class body (3.14).
    pub const METHOD: u32 = 0x800_0000;
}

/// A Python string as it stands in a code object: UTF-8 in which lone surrogates are allowed as
/// three-byte sequences ("generalised UTF-8", also called WTF-8 when pairs are joined, as here
/// they are not told apart from what the source wrote). Immutable, cheap to clone: shared, or a part
/// of the binary.
#[derive(Clone)]
pub struct PyStrBuf(Repr);

#[derive(Clone)]
enum Repr {
    Shared(Arc<[u8]>),
    Static(&'static [u8]),
}

impl PyStrBuf {
    /// A string of these bytes, which must be UTF-8 with surrogates allowed.
    ///
    /// Returns `None` if they are not.
    pub fn from_wtf8(bytes: &[u8]) -> Option<Self> {
        is_generalized_utf8(bytes).then(|| PyStrBuf::shared(bytes))
    }

    /// A string of bytes that are known to be generalised UTF-8, and are not looked at again.
    pub fn from_trusted(bytes: &[u8]) -> Self {
        debug_assert!(is_generalized_utf8(bytes));
        PyStrBuf::shared(bytes)
    }

    /// The same of bytes that are part of the binary: nothing is allocated.
    pub fn from_static(bytes: &'static [u8]) -> Self {
        debug_assert!(is_generalized_utf8(bytes));
        PyStrBuf(Repr::Static(bytes))
    }

    fn shared(bytes: impl Into<Arc<[u8]>>) -> Self {
        PyStrBuf(Repr::Shared(bytes.into()))
    }

    /// A string of these code points; `None` if one lies beyond U+10FFFF.
    pub fn from_code_points(points: impl IntoIterator<Item = u32>) -> Option<Self> {
        let mut bytes = Vec::new();
        for point in points {
            push_code_point(&mut bytes, point)?;
        }
        Some(PyStrBuf::shared(bytes))
    }

    /// The bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Shared(bytes) => bytes,
            Repr::Static(bytes) => bytes,
        }
    }

    /// The bytes, if they are part of the binary: what lies there never changes.
    pub fn as_static(&self) -> Option<&'static [u8]> {
        match self.0 {
            Repr::Shared(_) => None,
            Repr::Static(bytes) => Some(bytes),
        }
    }

    /// The text, unless it holds a lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.as_bytes()).ok()
    }

    /// The text, with U+FFFD for lone surrogates.
    pub fn to_string_lossy(&self) -> String {
        match self.as_str() {
            Some(text) => text.to_owned(),
            None => self
                .code_points()
                .map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        }
    }

    /// The code points, surrogates among them.
    pub fn code_points(&self) -> CodePoints<'_> {
        CodePoints { bytes: self.as_bytes(), at: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

impl PartialEq for PyStrBuf {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for PyStrBuf {}

impl PartialOrd for PyStrBuf {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PyStrBuf {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for PyStrBuf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl Default for PyStrBuf {
    fn default() -> Self {
        PyStrBuf::from_static(b"")
    }
}

impl From<&str> for PyStrBuf {
    fn from(text: &str) -> Self {
        PyStrBuf::shared(text.as_bytes())
    }
}

impl From<String> for PyStrBuf {
    fn from(text: String) -> Self {
        PyStrBuf::shared(text.into_bytes())
    }
}

impl PartialEq<str> for PyStrBuf {
    fn eq(&self, other: &str) -> bool {
        *self.as_bytes() == *other.as_bytes()
    }
}

impl PartialEq<&str> for PyStrBuf {
    fn eq(&self, other: &&str) -> bool {
        *self.as_bytes() == *other.as_bytes()
    }
}

/// Lookups by bytes: hash and order are those of the bytes.
impl Borrow<[u8]> for PyStrBuf {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Display for PyStrBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl fmt::Debug for PyStrBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}

/// Appends a code point as generalised UTF-8; `None` beyond U+10FFFF.
pub fn push_code_point(bytes: &mut Vec<u8>, point: u32) -> Option<()> {
    match char::from_u32(point) {
        Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None if point <= 0x10ffff => bytes.extend_from_slice(&[
            0xe0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3f) as u8,
            0x80 | (point & 0x3f) as u8,
        ]),
        None => return None,
    }
    Some(())
}

/// True for UTF-8 that may hold surrogates (three bytes, ED A0..BF xx).
fn is_generalized_utf8(mut bytes: &[u8]) -> bool {
    loop {
        match std::str::from_utf8(bytes) {
            Ok(_) => return true,
            Err(error) => {
                bytes = &bytes[error.valid_up_to()..];
                match bytes {
                    [0xed, 0xa0..=0xbf, 0x80..=0xbf, rest @ ..] => bytes = rest,
                    _ => return false,
                }
            }
        }
    }
}

/// Iterator over the code points of a [`PyStrBuf`].
pub struct CodePoints<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for CodePoints<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let first = *self.bytes.get(self.at)?;
        let (len, head) = match first {
            0..0x80 => (1, u32::from(first)),
            0x80..0xe0 => (2, u32::from(first & 0x1f)),
            0xe0..0xf0 => (3, u32::from(first & 0x0f)),
            _ => (4, u32::from(first & 0x07)),
        };
        let tail = self.bytes.get(self.at + 1..self.at + len)?;
        self.at += len;
        Some(tail.iter().fold(head, |point, byte| point << 6 | u32::from(byte & 0x3f)))
    }
}

/// A constant of a code object.
#[derive(Clone, Debug)]
pub enum Const {
    None,
    True,
    False,
    Ellipsis,
    Int(Int),
    Float(f64),
    Complex(f64, f64),
    Str(PyStrBuf),
    Bytes(Arc<[u8]>),
    Tuple(Arc<[Const]>),
    /// The members in the order they were written; equal ones only once.
    FrozenSet(Arc<[Const]>),
    Code(SharedCode),
}

impl Const {
    pub fn str(text: &str) -> Self {
        Const::Str(text.into())
    }

    /// Truth as Python has it.
    pub fn is_true(&self) -> bool {
        match self {
            Const::None | Const::False => false,
            Const::True | Const::Ellipsis | Const::Code(_) => true,
            Const::Int(value) => *value != Int::from(0i64),
            Const::Float(value) => *value != 0.0,
            Const::Complex(real, imag) => *real != 0.0 || *imag != 0.0,
            Const::Str(text) => !text.is_empty(),
            Const::Bytes(bytes) => !bytes.is_empty(),
            Const::Tuple(items) | Const::FrozenSet(items) => !items.is_empty(),
        }
    }

    /// The same constant in type and value, bit for bit: `1`, `1.0` and `True` differ, so do
    /// `0.0` and `-0.0`; a NaN equals itself. Code objects are the same only if they are one.
    pub fn is_same(&self, other: &Const) -> bool {
        let bits = |a: &f64, b: &f64| a.to_bits() == b.to_bits();
        match (self, other) {
            (Const::None, Const::None)
            | (Const::True, Const::True)
            | (Const::False, Const::False)
            | (Const::Ellipsis, Const::Ellipsis) => true,
            (Const::Int(a), Const::Int(b)) => a == b,
            (Const::Float(a), Const::Float(b)) => bits(a, b),
            (Const::Complex(a, b), Const::Complex(c, d)) => bits(a, c) && bits(b, d),
            (Const::Str(a), Const::Str(b)) => a == b,
            (Const::Bytes(a), Const::Bytes(b)) => a == b,
            (Const::Tuple(a), Const::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.is_same(b))
            }
            (Const::FrozenSet(a), Const::FrozenSet(b)) => {
                a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| a.is_same(b)))
            }
            (Const::Code(a), Const::Code(b)) => a.is(b),
            _ => false,
        }
    }
}

/// The code of a module, class body, function, lambda or comprehension.
///
/// The first fifteen fields are CPython 3.6's, in its meaning; the rest is Adder's own and does
/// not travel in a 3.6 `.pyc`.
#[derive(Clone, Debug)]
pub struct CodeObject {
    /// Number of positional parameters, positional-only ones included.
    pub argcount: u32,
    pub kwonlyargcount: u32,
    pub nlocals: u32,
    pub stacksize: u32,
    /// See [`flags`].
    pub flags: u32,
    /// Wordcode: pairs of bytes, instruction and argument.
    pub code: Bytes,
    pub consts: Box<[Const]>,
    pub names: Box<[PyStrBuf]>,
    pub varnames: Box<[PyStrBuf]>,
    pub freevars: Box<[PyStrBuf]>,
    pub cellvars: Box<[PyStrBuf]>,
    pub filename: PyStrBuf,
    pub name: PyStrBuf,
    pub firstlineno: u32,
    /// Line numbers: pairs of bytes, step in the code and (signed) step in lines.
    pub lnotab: Bytes,

    /// Of the positional parameters, how many are positional-only (PEP 570).
    pub posonlyargcount: u32,
    pub qualname: PyStrBuf,
    /// Where in the source each instruction comes from; empty if nobody kept it.
    pub positions: Positions,
    /// True if the code may use instructions that CPython 3.6 does not have.
    pub extended: bool,
}

impl CodeObject {
    /// Code with this head and nothing in it, which the verifier refuses to run.
    pub fn empty(head: &Head) -> Self {
        CodeObject {
            argcount: head.argcount,
            kwonlyargcount: head.kwonlyargcount,
            nlocals: head.nlocals,
            stacksize: 0,
            flags: head.flags,
            code: Bytes::default(),
            consts: Box::default(),
            names: Box::default(),
            varnames: Box::default(),
            freevars: Box::default(),
            cellvars: Box::default(),
            filename: "".into(),
            name: head.name.clone(),
            firstlineno: 0,
            lnotab: Bytes::default(),
            posonlyargcount: 0,
            qualname: head.name.clone(),
            positions: Positions::default(),
            extended: head.extended,
        }
    }

    /// Code points below this are in `cellvars`, those from it on in `freevars`.
    pub fn free_name(&self, index: u32) -> Option<&PyStrBuf> {
        let index = index as usize;
        self.cellvars
            .get(index)
            .or_else(|| self.freevars.get(index.checked_sub(self.cellvars.len())?))
    }

    /// Number of parameters, `*args` and `**kwargs` included: the first so many of `varnames`.
    pub fn parameter_count(&self) -> u32 {
        self.argcount
            + self.kwonlyargcount
            + u32::from(self.flags & flags::VARARGS != 0)
            + u32::from(self.flags & flags::VARKEYWORDS != 0)
    }

    /// The instructions, `EXTENDED_ARG` folded into the instruction it belongs to.
    pub fn instructions(&self) -> Instructions<'_> {
        Instructions { code: &self.code, at: 0 }
    }
}

/// One instruction as decoded from wordcode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// Offset in bytes of the instruction itself (its `EXTENDED_ARG`s lie before).
    pub offset: u32,
    /// The number; it may belong to no instruction.
    pub opcode: u8,
    /// The whole argument.
    pub arg: u32,
}

/// Iterator over the instructions of wordcode; yields `EXTENDED_ARG` too, as `dis` shows it.
pub struct Instructions<'a> {
    code: &'a [u8],
    at: usize,
}

impl<'a> Instructions<'a> {
    pub fn new(code: &'a [u8]) -> Self {
        Instructions { code, at: 0 }
    }
}

impl Iterator for Instructions<'_> {
    type Item = Instruction;

    fn next(&mut self) -> Option<Instruction> {
        let mut arg = 0u32;
        let mut at = self.at;
        loop {
            let [opcode, low] = *self.code.get(at..at + 2)? else { return None };
            arg = arg << 8 | u32::from(low);
            at += 2;
            if opcode != crate::opcode::EXTENDED_ARG || at >= self.code.len() {
                self.at = at;
                return Some(Instruction { offset: at as u32 - 2, opcode, arg });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_may_hold_lone_surrogates() {
        let text = PyStrBuf::from_code_points([0x61, 0xd800, 0x1f600]).expect("in range");
        assert_eq!(text.as_bytes(), b"a\xed\xa0\x80\xf0\x9f\x98\x80");
        assert_eq!(text.code_points().collect::<Vec<_>>(), [0x61, 0xd800, 0x1f600]);
        assert_eq!(text.as_str(), None);
        assert_eq!(text.to_string_lossy(), "a\u{fffd}\u{1f600}");
        assert_eq!(PyStrBuf::from_wtf8(text.as_bytes()), Some(text));
        assert_eq!(PyStrBuf::from_wtf8(b"\xed\xa0"), None);
        assert_eq!(PyStrBuf::from_wtf8(b"\xc0\x80"), None);
        assert_eq!(PyStrBuf::from_code_points([0x110000]), None);
    }

    #[test]
    fn sameness_is_of_type_and_bits() {
        let int = |n: i64| Const::Int(Int::from(n));
        assert!(!int(1).is_same(&Const::True) && !int(1).is_same(&Const::Float(1.0)));
        assert!(!Const::Float(0.0).is_same(&Const::Float(-0.0)));
        assert!(Const::Float(f64::NAN).is_same(&Const::Float(f64::NAN)));
        let set = |items: &[Const]| Const::FrozenSet(items.into());
        assert!(set(&[int(1), int(2)]).is_same(&set(&[int(2), int(1)])));
    }

    #[test]
    fn extended_arguments_are_folded() {
        let all: Vec<_> = Instructions::new(&[144, 1, 144, 2, 100, 3, 83, 0]).collect();
        assert_eq!(all[0], Instruction { offset: 4, opcode: 100, arg: 0x10203 });
        assert_eq!(all[1], Instruction { offset: 6, opcode: 83, arg: 0 });
    }
}
