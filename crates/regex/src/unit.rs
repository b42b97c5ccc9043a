//! The code units of a text, and what can be done faster on bytes.

use memchr::memmem;

/// One character of a text: a byte, or the 2 or 4 bytes that a `str` needs for its widest.
pub trait Unit: Copy + Eq + 'static {
    /// Whether every character is below 256, so that a table answers everything.
    const NARROW: bool;

    fn code(self) -> u32;

    /// The first place of `c`.
    fn find(text: &[Self], c: u32) -> Option<usize> {
        text.iter().position(|unit| unit.code() == c)
    }

    /// The last place of `c`.
    fn rfind(text: &[Self], c: u32) -> Option<usize> {
        text.iter().rposition(|unit| unit.code() == c)
    }

    /// The first place of any of one to three bytes.
    fn find_any(text: &[Self], bytes: &[u8]) -> Option<usize> {
        if let [only] = *bytes {
            return Self::find(text, u32::from(only));
        }
        text.iter().position(|unit| u8::try_from(unit.code()).is_ok_and(|c| bytes.contains(&c)))
    }

    /// The first place of `needle`, which is not empty.
    fn find_str(text: &[Self], needle: &Needle) -> Option<usize> {
        let (&first, rest) = needle.codes.split_first()?;
        let mut from = 0;
        while let Some(at) = Self::find(text.get(from..)?, first) {
            let start = from + at;
            let tail = text.get(start + 1..start + needle.codes.len())?;
            if tail.iter().zip(rest).all(|(unit, &c)| unit.code() == c) {
                return Some(start);
            }
            from = start + 1;
        }
        None
    }
}

impl Unit for u8 {
    const NARROW: bool = true;

    #[inline]
    fn code(self) -> u32 {
        u32::from(self)
    }

    fn find(text: &[u8], c: u32) -> Option<usize> {
        memchr::memchr(u8::try_from(c).ok()?, text)
    }

    fn rfind(text: &[u8], c: u32) -> Option<usize> {
        memchr::memrchr(u8::try_from(c).ok()?, text)
    }

    fn find_any(text: &[u8], bytes: &[u8]) -> Option<usize> {
        match *bytes {
            [a] => memchr::memchr(a, text),
            [a, b] => memchr::memchr2(a, b, text),
            [a, b, c] => memchr::memchr3(a, b, c, text),
            _ => text.iter().position(|byte| bytes.contains(byte)),
        }
    }

    fn find_str(text: &[u8], needle: &Needle) -> Option<usize> {
        needle.bytes.as_ref()?.find(text)
    }
}

impl Unit for u16 {
    const NARROW: bool = false;

    #[inline]
    fn code(self) -> u32 {
        u32::from(self)
    }
}

impl Unit for u32 {
    const NARROW: bool = false;

    #[inline]
    fn code(self) -> u32 {
        self
    }
}

/// A string to search for.
#[derive(Debug)]
pub struct Needle {
    codes: Box<[u32]>,
    /// The searcher for bytes; `None` if a code does not fit one, and then bytes never hold it.
    /// It is boxed: its vectors want more alignment than the objects that patterns lie in have.
    bytes: Option<Box<memmem::Finder<'static>>>,
}

impl Needle {
    pub(crate) fn new(codes: &[u32]) -> Needle {
        let bytes: Option<Vec<u8>> = codes.iter().map(|&c| u8::try_from(c).ok()).collect();
        let bytes = bytes.map(|bytes| Box::new(memmem::Finder::new(&bytes).into_owned()));
        Needle { codes: codes.into(), bytes }
    }

    pub(crate) fn codes(&self) -> &[u32] {
        &self.codes
    }
}
