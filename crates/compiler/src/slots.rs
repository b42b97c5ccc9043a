//! A first look into a table: sixty-four slots, each with the place of the entry that came last with
//! these six bits. Symbols are numbered as they come up, so the names of one function seldom meet,
//! and nearly every question is answered here, with no search and no branch that depends on the name.

/// The slots of a table whose entries have keys and places.
#[derive(Debug)]
pub(crate) struct Slots([u8; COUNT]);

const COUNT: usize = 64;

/// Places from this on are not told apart.
const FAR: usize = u8::MAX as usize;

/// What a slot says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guess {
    /// No key with these bits is in the table.
    Absent,
    /// If the key is not here, it may be anywhere.
    At(usize),
}

impl Default for Slots {
    fn default() -> Self {
        Slots([0; COUNT])
    }
}

impl Slots {
    #[inline]
    pub(crate) fn guess(&self, key: u32) -> Guess {
        match self.0[key as usize % COUNT] {
            0 => Guess::Absent,
            place => Guess::At(usize::from(place) - 1),
        }
    }

    #[inline]
    pub(crate) fn set(&mut self, key: u32, place: usize) {
        self.0[key as usize % COUNT] = (place + 1).min(FAR) as u8;
    }

    pub(crate) fn clear(&mut self) {
        self.0 = [0; COUNT];
    }
}
