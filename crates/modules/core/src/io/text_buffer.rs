//! Text that is read and written in the middle, at 1, 2 or 4 bytes a character as it needs.

use adder_vm::object::Ref;
use adder_vm::objects::str_::{Chars, Str, StrBuilder};

/// Characters; the width grows when one asks for it.
pub enum TextBuffer {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl Default for TextBuffer {
    fn default() -> Self {
        TextBuffer::One(Vec::new())
    }
}

/// Overwrites from `at` on, and appends what goes beyond the end; a gap is filled with NULs.
fn put<T: Copy + Default>(all: &mut Vec<T>, at: usize, len: usize, new: impl Iterator<Item = T>) {
    if all.len() < at {
        all.resize(at, T::default());
    }
    if at == all.len() {
        all.extend(new);
        return;
    }
    if all.len() < at + len {
        all.resize(at + len, T::default());
    }
    all[at..at + len].iter_mut().zip(new).for_each(|(place, c)| *place = c);
}

impl TextBuffer {
    pub fn len(&self) -> usize {
        match self {
            TextBuffer::One(v) => v.len(),
            TextBuffer::Two(v) => v.len(),
            TextBuffer::Four(v) => v.len(),
        }
    }

    /// Asks for room for `more` further characters.
    pub fn reserve(&mut self, more: usize) -> bool {
        match self {
            TextBuffer::One(v) => v.try_reserve(more).is_ok(),
            TextBuffer::Two(v) => v.try_reserve(more).is_ok(),
            TextBuffer::Four(v) => v.try_reserve(more).is_ok(),
        }
    }

    /// Makes the characters at least `width` bytes wide.
    fn widen(&mut self, width: usize) {
        let old = std::mem::take(self);
        *self = match (old, width) {
            (TextBuffer::One(v), 2) => TextBuffer::Two(v.into_iter().map(u16::from).collect()),
            (TextBuffer::One(v), 4) => TextBuffer::Four(v.into_iter().map(u32::from).collect()),
            (TextBuffer::Two(v), 4) => TextBuffer::Four(v.into_iter().map(u32::from).collect()),
            (wide, _) => wide,
        };
    }

    /// Puts a text at a position.
    pub fn write(&mut self, at: usize, text: &Str) {
        let len = text.len();
        self.widen(text.width());
        match (self, text.chars()) {
            (TextBuffer::One(v), Chars::Ascii(s)) => put(v, at, len, s.bytes()),
            (TextBuffer::One(v), Chars::One(s)) => put(v, at, len, s.iter().copied()),
            (TextBuffer::Two(v), Chars::Two(s)) => put(v, at, len, s.iter().copied()),
            (TextBuffer::Four(v), Chars::Four(s)) => put(v, at, len, s.iter().copied()),
            (TextBuffer::Two(v), _) => put(v, at, len, text.code_points().map(|c| c as u16)),
            (TextBuffer::Four(v), _) => put(v, at, len, text.code_points()),
            // A text as wide as this is not.
            (TextBuffer::One(_), _) => {}
        }
    }

    pub fn truncate(&mut self, len: usize) {
        match self {
            TextBuffer::One(v) => v.truncate(len),
            TextBuffer::Two(v) => v.truncate(len),
            TextBuffer::Four(v) => v.truncate(len),
        }
    }

    /// The characters from `start` to `end`, both within the length.
    pub fn text(&self, start: usize, end: usize) -> Ref<Str> {
        let build = |all: &mut dyn Iterator<Item = u32>| {
            let mut out = StrBuilder::with_capacity(end - start);
            all.for_each(|c| out.push(c));
            out.finish()
        };
        match self {
            TextBuffer::One(v) => Str::from_latin1(&v[start..end]),
            TextBuffer::Two(v) => build(&mut v[start..end].iter().map(|c| u32::from(*c))),
            TextBuffer::Four(v) => build(&mut v[start..end].iter().copied()),
        }
    }

    pub fn at(&self, index: usize) -> Option<u32> {
        match self {
            TextBuffer::One(v) => v.get(index).map(|c| u32::from(*c)),
            TextBuffer::Two(v) => v.get(index).map(|c| u32::from(*c)),
            TextBuffer::Four(v) => v.get(index).copied(),
        }
    }

    /// The first place from `start` to `end` with one of these characters.
    pub fn find(&self, start: usize, end: usize, wanted: &[u8]) -> Option<usize> {
        let found = match (self, wanted) {
            (TextBuffer::One(v), [a]) => memchr::memchr(*a, &v[start..end]),
            (TextBuffer::One(v), [a, b]) => memchr::memchr2(*a, *b, &v[start..end]),
            (TextBuffer::One(v), _) => v[start..end].iter().position(|c| wanted.contains(c)),
            (TextBuffer::Two(v), _) => {
                v[start..end].iter().position(|c| wanted.iter().any(|w| *c == u16::from(*w)))
            }
            (TextBuffer::Four(v), _) => {
                v[start..end].iter().position(|c| wanted.iter().any(|w| *c == u32::from(*w)))
            }
        };
        found.map(|at| start + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(buffer: &TextBuffer) -> Vec<u32> {
        (0..buffer.len()).filter_map(|i| buffer.at(i)).collect()
    }

    #[test]
    fn gaps_are_filled() {
        let mut units = vec![1u8, 2];
        put(&mut units, 4, 2, [7, 8].into_iter());
        assert_eq!(units, [1, 2, 0, 0, 7, 8]);
        put(&mut units, 1, 2, [9, 9].into_iter());
        assert_eq!(units, [1, 9, 9, 0, 7, 8]);
        put(&mut units, 5, 2, [3, 4].into_iter());
        assert_eq!(units, [1, 9, 9, 0, 7, 3, 4]);
    }

    #[test]
    fn widening_keeps_the_characters() {
        let mut buffer = TextBuffer::One(vec![65, 233]);
        buffer.widen(2);
        assert_eq!(codes(&buffer), [65, 233]);
        buffer.widen(4);
        assert_eq!(codes(&buffer), [65, 233]);
        buffer.widen(1);
        assert_eq!(codes(&buffer), [65, 233]);
        assert_eq!(buffer.find(0, 2, &[233]), Some(1));
    }
}
